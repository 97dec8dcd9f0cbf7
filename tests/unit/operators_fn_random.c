/* Every overload of every scalar and table function, but for those with lambdas, on random
 * arguments of all types that fit: nothing crashes, whole batches, selections and literals give
 * the same results. */
#include "engine/base/limits.h"
#include "engine/base/rng.h"
#include "engine/data/func_sig.h"
#include "operators/functions.h"
#include "tests/support/random_value.h"

#include <stdlib.h>

#include "tests/support/fn_test.h"

#define ROWS 40

static fn_test t;
static weir_rng rng;

/* ---- arguments ---- */

static const weir_type *concrete(const weir_sig_type *p, const weir_type **generics)
{
    switch (p->sig) {
    case WEIR_SIG_SCALAR:
        if (p->kind == WEIR_T_DECIMAL) {
            int32_t precision = 2 + (int32_t)weir_rng_below(&rng, 50);
            return weir_type_decimal(&t.arena, precision,
                                     (int32_t)weir_rng_below(&rng, (uint64_t)precision));
        }
        return weir_type_of(p->kind);
    case WEIR_SIG_DECIMAL:
        return weir_type_decimal(&t.arena, p->precision, p->scale);
    case WEIR_SIG_ARRAY:
        return weir_type_array(&t.arena, concrete(p->kids[0], generics));
    case WEIR_SIG_MAP:
        return weir_type_map(&t.arena, concrete(p->kids[0], generics),
                             concrete(p->kids[1], generics));
    case WEIR_SIG_STRUCT: {
        weir_field fields[8];
        assert_true(p->n <= WEIR_COUNT(fields));
        for (uint32_t i = 0; i < p->n; i++) {
            fields[i] = (weir_field){p->names[i], concrete(p->kids[i], generics)};
        }
        return weir_type_struct(&t.arena, fields, p->n);
    }
    case WEIR_SIG_GENERIC:
        if (!generics[p->letter - 'A']) {
            generics[p->letter - 'A'] = random_type(&rng, &t.arena, 2);
        }
        return generics[p->letter - 'A'];
    case WEIR_SIG_ANY:
        return random_type(&rng, &t.arena, 2);
    case WEIR_SIG_LAMBDA:
        break;
    }
    fail_msg("no arguments for lambdas");
    return NULL;
}

/* Mostly something that some function understands. */
static weir_value text_value(weir_kind kind)
{
    static const char *const texts[] = {
        "yyyy-MM-dd", "HH:mm:ss", "2020-02-30", "13:05:09", "UTC", "Europe/Paris", "BIG_ENDIAN",
        "{\"a\":[1,{\"b\":null}],\"c\":\"x\"}", "[1,2,3]", "$.a[1].b", "$", "(a|b)*c", "aabac", "",
        "http://user@example.com:80/p/a?q=1&r=%20#f", "q", "hex", "utf8", "a%20b+c", "DESC", "1e5",
        "\\u0041", "12345678", "[", "é€𝄞",
    };
    weir_value v = {.kind = (uint8_t)kind};
    v.sv = weir_rng_below(&rng, 3)
               ? weir_sv_cstr(texts[weir_rng_below(&rng, WEIR_COUNT(texts))])
               : random_text(&rng, &t.arena);
    return v;
}

/* Small or extreme: what lies between makes arrays of millions of items. */
static int64_t whole(int64_t low, int64_t high)
{
    uint64_t pick = weir_rng_below(&rng, 12);
    return pick == 0 ? low : pick == 1 ? high : (int64_t)weir_rng_below(&rng, 61) - 30;
}

static weir_value argument(const weir_type *type)
{
    static const int32_t units[] = {1, 1000, 60000, 3600000, 86400000};
    if (type->kind == WEIR_T_UNIT) {
        weir_value v = weir_int(units[weir_rng_below(&rng, WEIR_COUNT(units))]);
        v.kind = WEIR_T_UNIT;
        return v;
    }
    weir_value v = random_value(&rng, &t.arena, type);
    if (v.null) {
        return v;
    }
    if (type->kind == WEIR_T_INTEGER || type->kind == WEIR_T_DATE) {
        v.i32 = (int32_t)whole(INT32_MIN, INT32_MAX);
    } else if (type->kind == WEIR_T_BIGINT || type->kind == WEIR_T_TIMESTAMP) {
        v.i64 = whole(INT64_MIN, INT64_MAX);
    } else if (type->kind == WEIR_T_STRING || type->kind == WEIR_T_BYTES) {
        v = text_value(type->kind);
    }
    return v;
}

/* ---- one overload ---- */

typedef struct trial {
    const weir_function *fn;
    uint32_t n;
    const weir_type *types[FN_ARGS_MAX];
    weir_value rows[ROWS][FN_ARGS_MAX];
} trial;

static bool choose_types(trial *r, const weir_sig *sig)
{
    const weir_type *generics[26] = {NULL};
    for (uint32_t i = 0; i < sig->n; i++) {
        uint32_t times = (int32_t)i == sig->variadic ? 1 + (uint32_t)weir_rng_below(&rng, 3) : 1;
        for (uint32_t k = 0; k < times && r->n < FN_ARGS_MAX; k++) {
            if (sig->params[i]->sig == WEIR_SIG_LAMBDA) {
                return false;
            }
            r->types[r->n++] = concrete(sig->params[i], generics);
        }
    }
    return true;
}

static void choose_rows(trial *r)
{
    for (uint32_t row = 0; row < ROWS; row++) {
        for (uint32_t i = 0; i < r->n; i++) {
            /* units are literals: the same in all rows */
            bool unit = r->types[i]->kind == WEIR_T_UNIT;
            r->rows[row][i] = unit && row ? r->rows[0][i] : argument(r->types[i]);
        }
    }
}

static weir_sv by_literals(const trial *r, uint32_t row)
{
    return fn_by_literals(&t, r->fn->name, r->types, r->rows[row], r->n);
}

static void run_columns(const trial *r, const weir_sv *expected, const uint16_t *sel, uint16_t nsel)
{
    weir_column columns[FN_ARGS_MAX];
    const weir_expr *kids[FN_ARGS_MAX];
    uint16_t n = 0;
    uint32_t source[FN_ARGS_MAX];
    weir_schema schema = {.cols = columns};
    for (uint32_t i = 0; i < r->n; i++) {
        if (r->types[i]->kind != WEIR_T_UNIT) {
            columns[n] = (weir_column){.name = WEIR_SV("C"), .type = r->types[i],
                                       .role = WEIR_COL_VALUE};
            source[n++] = i;
        }
    }
    schema.n = n;
    weir_batch *b = weir_batch_new(&t.arena, &schema);
    for (uint32_t i = 0, column = 0; i < r->n; i++) {
        kids[i] = r->types[i]->kind == WEIR_T_UNIT
                      ? weir_expr_literal(&t.arena, r->types[i], r->rows[0][i])
                      : weir_expr_column(&t.arena, &schema, column++);
    }
    for (uint32_t row = 0; row < ROWS; row++) {
        for (uint32_t i = 0; i < n; i++) {
            weir_vec_put(&b->cols[i], &t.arena, row, &r->rows[row][source[i]]);
        }
    }
    const weir_expr *e = fn_call(&t, r->fn->name, r->types, kids, r->n);
    weir_program *p = weir_program_new(&t.arena, &schema, &e, 1, &t.settings);
    b->arena = &t.arena;
    b->rows = ROWS;
    b->sel = sel;
    b->nsel = nsel;
    weir_vec out;
    weir_program_eval(p, b, &out, NULL);
    WEIR_EACH_ROW (b, k, row) {
        weir_value v = weir_vec_get(&out, row);
        weir_sv got = weir_vec_is_err(&out, row) ? WEIR_SV(FN_FAILED) : fn_show(&t, out.type, &v);
        if (!weir_sv_eq(got, expected[row])) {
            fail_msg("%s, row %u: " WEIR_SV_FMT " by columns, " WEIR_SV_FMT " by literals",
                     r->fn->name, row, WEIR_SV_ARG(got), WEIR_SV_ARG(expected[row]));
        }
    }
}

static void try_overload(const weir_function *fn, const weir_sig *sig, bool pure)
{
    trial r = {.fn = fn};
    if (!choose_types(&r, sig)) {
        return;
    }
    choose_rows(&r);
    weir_status st = {0};
    weir_resolved resolved = {0};
    const uint32_t arity[FN_ARGS_MAX] = {0};
    if (weir_functions_resolve(t.functions, fn, r.types, arity, r.n, &t.arena, &resolved, &st) !=
        WEIR_OK) {
        return; /* DECIMAL(2, 2) has no ROUND */
    }
    weir_sv expected[ROWS];
    for (uint32_t row = 0; row < ROWS; row++) {
        expected[row] = by_literals(&r, row);
    }
    if (!pure) {
        return;
    }
    uint16_t sel[ROWS];
    uint16_t n = 0;
    for (uint16_t row = 0; row < ROWS; row++) {
        if (weir_rng_below(&rng, 2)) {
            sel[n++] = row;
        }
    }
    run_columns(&r, expected, NULL, ROWS);
    run_columns(&r, expected, sel, n);
}

static int64_t a_time(void *clock)
{
    (void)clock;
    return 1234567890123;
}

static void all(void **state)
{
    (void)state;
    const char *seed = getenv("WEIR_SEED");
    weir_rng_seed(&rng, seed ? strtoull(seed, NULL, 10) : 1);
    const char *turns = getenv("WEIR_TURNS");
    uint32_t n_turns = turns ? (uint32_t)strtoul(turns, NULL, 10) : 2;
    for (uint32_t turn = 0; turn < n_turns; turn++) {
        weir_arena_init(&t.arena);
        t.functions = weir_functions_builtin();
        t.settings = (weir_settings){.now_ms = a_time};
        for (uint32_t i = 0; i < weir_functions_count(t.functions); i++) {
            const weir_function *fn = weir_functions_at(t.functions, i);
            uint32_t n;
            const weir_sig *const *sigs = weir__functions_sigs(t.functions, fn, &n);
            for (uint32_t k = 0; !fn->n_aggs && k < n; k++) {
                try_overload(fn, sigs[k], !(fn->overloads[k].flags & WEIR_FN_IMPURE));
            }
        }
        fn_test_deinit(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
