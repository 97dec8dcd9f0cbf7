/* Joins with tables against models: stream–table, table–table, foreign key. */
#include "tests/support/op_test.h"

#define ROWS 1500
#define KEYS 12

typedef struct cell {
    bool there;
    int64_t value, time;
} cell;

static const uint32_t batch_sizes[] = {1, 3, 1024};

static test_row *random_rows(uint64_t seed, uint32_t n, bool table)
{
    weir_rng rng;
    weir_rng_seed(&rng, seed);
    test_row *rows = weir_zalloc(n * sizeof *rows);
    uint32_t port = 0;
    for (uint32_t i = 0; i < n; i++) {
        port = weir_rng_below(&rng, 3) ? port : (uint32_t)weir_rng_below(&rng, 2);
        rows[i] = (test_row){.port = port,
                             .time = (int64_t)(i + weir_rng_below(&rng, 50)),
                             .key = (int64_t)weir_rng_below(&rng, KEYS) - (i % 60 == 0),
                             .value = (int64_t)weir_rng_below(&rng, 6)};
        if (weir_rng_below(&rng, table ? 4 : 20) == 0) {
            rows[i].value = -1;
        }
    }
    return rows;
}

static void print_cell(weir_buf *out, int64_t key, bool there, int64_t value)
{
    if (there && key >= 0) {
        weir_buf_printf(out, " k%02lld %lld", (long long)key, (long long)value);
    } else if (there) {
        weir_buf_printf(out, " null %lld", (long long)value);
    } else {
        weir_buf_str(out, " null null");
    }
}

static void print_pair(weir_buf *out, int64_t key, const cell *left, const cell *right,
                       int64_t right_key, bool there)
{
    if (!there) {
        weir_buf_str(out, " -");
        return;
    }
    print_cell(out, key, left->there, left->value);
    print_cell(out, right_key, right->there, right->value);
}

static void print_head(weir_buf *out, int64_t seq, int64_t time, int64_t key)
{
    weir_buf_printf(out, key < 0 ? "%lld @%lld nokey" : "%lld @%lld k%02lld", (long long)seq,
                    (long long)time, (long long)key);
}

/* Runs the operator in all ways and compares. */
static void compare(const weir_op_kind *kind, weir_node_kind node, weir_join type, bool old,
                    const test_row *rows, const char *expected,
                    const weir_expr *(*foreign)(rig *r))
{
    for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
        for (int restarts = 0; restarts < 2; restarts++) {
            rig r;
            rig_init(&r, kind, KEY_TEXT);
            rig_join(&r, node, type);
            r.node.need_old = old;
            r.node.join.foreign = foreign ? foreign(&r) : NULL;
            r.batch_rows = batch_sizes[k];
            r.gaps = k == 1 ? 0 : 4;
            r.durable = restarts;
            rig_open(&r);
            rig_run(&r, rows, ROWS, restarts ? 30 : 0);
            rig_expect(&r, expected);
            rig_deinit(&r);
        }
    }
}

/* ---- stream–table ---- */

static void check_lookup(weir_join type, uint64_t seed)
{
    test_row *rows = random_rows(seed, ROWS, false);
    weir_buf out = {0};
    cell table[KEYS] = {0};
    for (uint32_t i = 0; i < ROWS; i++) {
        const test_row *r = &rows[i];
        if (r->port == 1) {
            if (r->key >= 0) {
                table[r->key] = (cell){r->value >= 0, r->value, r->time};
            }
            continue;
        }
        static const cell none;
        const cell *found = r->key >= 0 ? &table[r->key] : &none;
        cell left = {true, r->value, r->time};
        if (r->value < 0 || (!found->there && type == WEIR_JOIN_INNER)) {
            continue;
        }
        print_head(&out, i, r->time, r->key);
        print_pair(&out, r->key, &left, found, r->key, true);
        weir_buf_byte(&out, '\n');
    }
    assert_true(out.n > 1000);
    compare(weir_ops_builtin()->join_lookup, WEIR_N_JOIN_LOOKUP, type, false, rows,
            weir_buf_cstr(&out), NULL);
    weir_buf_deinit(&out);
    weir_free(rows);
}

static void test_lookup(void **state)
{
    (void)state;
    check_lookup(WEIR_JOIN_INNER, 1);
    check_lookup(WEIR_JOIN_LEFT, 2);
}

/* ---- table–table ---- */

static void check_table(weir_join type, bool old, uint64_t seed)
{
    test_row *rows = random_rows(seed, ROWS, true);
    weir_buf out = {0};
    cell sides[2][KEYS] = {{{0}}};
    bool outer[2] = {type == WEIR_JOIN_LEFT || type == WEIR_JOIN_FULL,
                     type == WEIR_JOIN_RIGHT || type == WEIR_JOIN_FULL};
    for (uint32_t i = 0; i < ROWS; i++) {
        const test_row *r = &rows[i];
        if (r->key < 0) {
            continue;
        }
        cell before = sides[r->port][r->key];
        cell now = {r->value >= 0, r->value, r->time};
        sides[r->port][r->key] = now;
        const cell *other = &sides[1 - r->port][r->key];
        bool mine_outer = outer[r->port];
        bool other_outer = outer[1 - r->port];
        if (!other->there && (!mine_outer || (!now.there && !before.there))) {
            continue;
        }
        int64_t time = other->there ? weir_max64(r->time, other->time) : r->time;
        print_head(&out, i, time, r->key);
        for (int side = 0; side < 1 + old; side++) {
            const cell *mine = side ? &before : &now;
            bool there = other->there ? mine->there || other_outer : mine->there && mine_outer;
            weir_buf_str(&out, side ? " <-" : "");
            print_pair(&out, r->key, r->port ? other : mine, r->port ? mine : other, r->key,
                       there);
        }
        weir_buf_byte(&out, '\n');
    }
    assert_true(out.n > 1000);
    compare(weir_ops_builtin()->join_table, WEIR_N_JOIN_TABLE, type, old, rows,
            weir_buf_cstr(&out), NULL);
    weir_buf_deinit(&out);
    weir_free(rows);
}

static void test_table(void **state)
{
    (void)state;
    check_table(WEIR_JOIN_INNER, false, 3);
    check_table(WEIR_JOIN_LEFT, true, 4);
    check_table(WEIR_JOIN_RIGHT, true, 5);
    check_table(WEIR_JOIN_FULL, true, 6);
}

/* ---- foreign key: the left value v names right key k0v, except that 0 names none ---- */

static weir_value name_right(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return args[0].i64 == 0 ? weir_null(WEIR_T_STRING)
                            : weir_string(key_text(c->arena, args[0].i64));
}

static const weir_overload name_overload = {.sig = "BIGINT -> STRING", .row = name_right};
static const weir_function name_function = {.name = "NAME", .overloads = &name_overload,
                                            .n_overloads = 1};

static const weir_expr *foreign_of(rig *r)
{
    weir_arena *a = &r->arena;
    const weir_type *bigint = weir_type_of(WEIR_T_BIGINT);
    weir_expr *value = weir_expr_new(a, WEIR_EX_COLUMN, bigint, NULL, 0);
    value->column = 1;
    const weir_expr *kids[] = {value};
    weir_expr *call = weir_expr_new(a, WEIR_EX_CALL, weir_type_of(WEIR_T_STRING), kids, 1);
    const weir_type **types = WEIR_NEW_N(a, const weir_type *, 1);
    types[0] = bigint;
    call->call = WEIR_NEW(a, weir_call);
    *call->call = (weir_call){.function = &name_function, .overload = &name_overload, .nargs = 1,
                              .arg_types = types, .type = call->type, .plan_arena = a,
                              .settings = &r->settings};
    return call;
}

typedef struct fk_model {
    weir_buf out;
    bool outer, old;
    cell left[KEYS], right[KEYS];
    bool subscribed[KEYS][KEYS];   /* [right][left] */
    int64_t made_for[KEYS][KEYS];  /* the left value of the subscription */
    struct {
        bool there;
        cell left, right;
        int64_t right_key;
    } result[KEYS];
} fk_model;

static void fk_answer(fk_model *m, int64_t seq, int64_t time, int64_t key, bool there,
                      int64_t right_key)
{
    static const cell none;
    const cell *right = right_key > 0 ? &m->right[right_key] : &none;
    print_head(&m->out, seq, time, key);
    print_pair(&m->out, key, &m->left[key], right, right_key, there);
    if (m->old) {
        weir_buf_str(&m->out, " <-");
        print_pair(&m->out, key, &m->result[key].left, &m->result[key].right,
                   m->result[key].right_key, m->result[key].there);
        m->result[key].there = there;
        m->result[key].left = m->left[key];
        m->result[key].right = *right;
        m->result[key].right_key = right_key;
    }
    weir_buf_byte(&m->out, '\n');
}

static void fk_left(fk_model *m, const test_row *r, int64_t seq)
{
    cell before = m->left[r->key];
    cell now = {r->value >= 0, r->value, r->time};
    m->left[r->key] = now;
    int64_t old_fk = before.there ? before.value : 0;
    int64_t fk = now.there ? now.value : 0;
    if (!before.there && !now.there) {
        return;
    }
    if (!m->outer && ((before.there && old_fk == 0) || (now.there && fk == 0))) {
        return;
    }
    if (old_fk && old_fk != fk) {
        m->subscribed[old_fk][r->key] = false;
    }
    if (!now.there) {
        int64_t time = old_fk && m->right[old_fk].there
                           ? weir_max64(r->time, m->right[old_fk].time) : r->time;
        fk_answer(m, seq, time, r->key, false, 0);
        return;
    }
    bool found = fk && m->right[fk].there;
    if (fk) {
        m->subscribed[fk][r->key] = true;
        m->made_for[fk][r->key] = now.value;
    }
    if (found || m->outer || before.there) {
        fk_answer(m, seq, found ? weir_max64(r->time, m->right[fk].time) : r->time, r->key,
                  found || m->outer, fk);
    }
}

static void fk_right(fk_model *m, const test_row *r, int64_t seq)
{
    m->right[r->key] = (cell){r->value >= 0, r->value, r->time};
    for (int64_t left = 0; left < KEYS; left++) {
        if (m->subscribed[r->key][left] && m->left[left].there &&
            m->left[left].value == m->made_for[r->key][left]) {
            fk_answer(m, seq, r->time, left, r->value >= 0 || m->outer, r->key);
        }
    }
}

static void check_foreign(weir_join type, bool old, uint64_t seed)
{
    test_row *rows = random_rows(seed, ROWS, true);
    fk_model m = {.outer = type == WEIR_JOIN_LEFT, .old = old};
    for (uint32_t i = 0; i < ROWS; i++) {
        if (rows[i].key >= 0 && rows[i].port == 0) {
            fk_left(&m, &rows[i], i);
        } else if (rows[i].key >= 0) {
            fk_right(&m, &rows[i], i);
        }
    }
    assert_true(m.out.n > 1000);
    compare(weir_ops_builtin()->join_foreign, WEIR_N_JOIN_FOREIGN, type, old, rows,
            weir_buf_cstr(&m.out), foreign_of);
    weir_buf_deinit(&m.out);
    weir_free(rows);
}

static void test_foreign(void **state)
{
    (void)state;
    check_foreign(WEIR_JOIN_INNER, false, 7);
    check_foreign(WEIR_JOIN_INNER, true, 8);
    check_foreign(WEIR_JOIN_LEFT, true, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
