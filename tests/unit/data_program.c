/* Expression programs against a naive interpreter that walks the tree row by row with boxed values:
 * random trees over random rows, in batches of 1, 3 and 1024 rows, with random selections. Then what
 * randomness does not reach: lambdas, folding, reports. */
#include "engine/data/program.h"

#include "engine/base/rng.h"
#include "engine/data/text.h"
#include "tests/support/test.h"

#include <math.h>

#define T(kind) weir_type_of(WEIR_T_##kind)

/* Columns of the input: two of each type, one with NULLs and one without. */
enum { C_INT, C_INT2, C_BIG, C_BIG2, C_DBL, C_DBL2, C_STR, C_STR2, C_BOOL, C_BOOL2, C_DEC, C_DEC2,
       C_ARR, C_DATE, COLUMNS };

static weir_arena arena; /* of a test */
static weir_column columns[COLUMNS];
static weir_schema schema;
static weir_rng rng;
static const weir_type *dec_type;  /* DECIMAL(6, 2) */
static const weir_type *dec2_type; /* DECIMAL(4, 1) */
static const weir_type *ints_type;

static uint32_t below(uint32_t n)
{
    return (uint32_t)weir_rng_below(&rng, n);
}

/* Functions under test. */

static void twice_vec(weir_call *c, const weir_vec *args, uint32_t nargs, const uint16_t *sel,
                      uint32_t n, weir_vec *out)
{
    (void)c;
    (void)nargs;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t row = sel ? sel[k] : k;
        ((int64_t *)out->data)[row] =
            (int64_t)(2 * (uint64_t)WEIR_AT(int64_t, &args[0], row));
    }
}

static weir_value odd_fails(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return args[0].i32 & 1 ? weir_row_error(c, "odd: %d", args[0].i32) : weir_int(args[0].i32 / 2);
}

static weir_value coalesce(weir_call *c, const weir_value *args, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!args[i].null) {
            return args[i];
        }
    }
    return weir_null(c->type->kind);
}

static weir_value transform(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    uint32_t items = args[0].n;
    weir_value *out = WEIR_NEW_N(c->arena, weir_value, items + 1);
    weir_vec param;
    weir_vec_init(&param, c->arena, T(INTEGER));
    for (uint32_t i = 0; i < items; i++) {
        weir_vec_put(&param, c->arena, i, &args[0].items[i]);
    }
    weir_vec result;
    weir_lambda_eval_many(c, 1, &param, items, &result);
    for (uint32_t i = 0; i < items; i++) {
        if (weir_vec_is_err(&result, i)) {
            return weir_row_error(c, WEIR_SV_FMT, WEIR_SV_ARG(c->error));
        }
        out[i] = weir_vec_get(&result, i);
    }
    return weir_array(out, items);
}

static weir_value reduce(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    weir_value state = args[1];
    for (uint32_t i = 0; i < args[0].n; i++) {
        weir_value params[] = {state, args[0].items[i]};
        if (!weir_lambda_eval(c, 2, params, 2, &state)) {
            return weir_row_error(c, WEIR_SV_FMT, WEIR_SV_ARG(c->error));
        }
    }
    return state;
}

static uint64_t ticks;
static weir_value tick(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)c;
    (void)args;
    (void)n;
    return weir_bigint((int64_t)++ticks);
}

static const weir_overload twice_row = {.sig = "BIGINT -> BIGINT", .vec = twice_vec};
static const weir_overload odd_row = {.sig = "INT -> INT", .row = odd_fails};
static const weir_overload coalesce_row = {.sig = "T... -> T", .row = coalesce,
                                           .flags = WEIR_FN_NULLS};
static const weir_overload transform_row = {.sig = "ARRAY<T>, (T) => R -> ARRAY<R>",
                                            .row = transform};
static const weir_overload reduce_row = {.sig = "ARRAY<T>, S, (S, T) => S -> S", .row = reduce,
                                         .flags = WEIR_FN_NULLS};
static const weir_overload tick_row = {.sig = "-> BIGINT", .row = tick, .flags = WEIR_FN_IMPURE};
static const weir_function function = {.name = "F", .doc = "d", .example = "e"};

static const weir_expr *call(const weir_overload *o, const weir_type *type,
                             const weir_expr *const *kids, uint32_t n)
{
    weir_call *c = WEIR_NEW(&arena, weir_call);
    c->function = &function;
    c->overload = o;
    c->nargs = n;
    c->type = type;
    weir_expr *e = weir_expr_new(&arena, WEIR_EX_CALL, type, kids, n);
    e->call = c;
    return e;
}
#define CALL(o, type, ...)                                                                         \
    call((o), (type), (const weir_expr *const[]){__VA_ARGS__},                                     \
         (uint32_t)WEIR_COUNT(((const weir_expr *const[]){__VA_ARGS__})))
#define EX(ex, type, ...)                                                                          \
    weir_expr_new(&arena, (ex), (type), (const weir_expr *const[]){__VA_ARGS__},                   \
                  (uint32_t)WEIR_COUNT(((const weir_expr *const[]){__VA_ARGS__})))

static const weir_expr *col(uint32_t c)
{
    return weir_expr_column(&arena, &schema, c);
}

static const weir_expr *lit(const weir_type *t, weir_value v)
{
    return weir_expr_literal(&arena, t, v);
}

/* The interpreter. */

typedef struct result {
    weir_value v; /* NULL when failed */
    bool err;
} result;

static const result failed = {{.null = true}, true};

static result ok(weir_value v)
{
    return (result){v, false};
}

static result interpret(const weir_expr *e, const weir_batch *b, uint32_t row, bool strict);

/* What becomes of a failure behind something that isolates. */
static result isolated(result r, bool strict)
{
    if (r.err && !strict) {
        r.err = false;
    }
    return r;
}

static weir_dec_type dt(const weir_type *t)
{
    return (weir_dec_type){t->precision, t->scale};
}

static result decimal_op(const weir_expr *e, const weir_value *x, const weir_value *y)
{
    weir_dec_fault (*const ops[])(weir_arena *, weir_dec, weir_dec_type, weir_dec, weir_dec_type,
                                  weir_dec_type, weir_dec *) = {
        weir_dec_add, weir_dec_sub, weir_dec_mul, weir_dec_div, weir_dec_mod};
    weir_value v = {.kind = WEIR_T_DECIMAL};
    weir_dec_fault f = ops[e->ex - WEIR_EX_ADD](&arena, x->dec, dt(e->kids[0]->type), y->dec,
                                                dt(e->kids[1]->type), dt(e->type), &v.dec);
    return f == WEIR_DEC_OK ? ok(v) : failed;
}

static result integer_op(weir_ex ex, int64_t x, int64_t y, bool big)
{
    __int128 r;
    if ((ex == WEIR_EX_DIV || ex == WEIR_EX_MOD) && y == 0) {
        return failed;
    }
    switch ((int)ex) {
    case WEIR_EX_ADD:
        r = (__int128)x + y;
        break;
    case WEIR_EX_SUB:
        r = (__int128)x - y;
        break;
    case WEIR_EX_MUL:
        r = (__int128)x * y;
        break;
    case WEIR_EX_DIV:
        r = (__int128)x / y;
        break;
    default:
        r = (__int128)x % y;
    }
    return ok(big ? weir_bigint((int64_t)(uint64_t)r) : weir_int((int32_t)(uint32_t)r));
}

static result arithmetic(const weir_expr *e, const result *k)
{
    const weir_value *x = &k[0].v;
    const weir_value *y = &k[1].v;
    if (k[0].err || k[1].err || x->null || y->null) {
        return failed;
    }
    switch ((int)e->type->kind) {
    case WEIR_T_INTEGER:
        return integer_op(e->ex, x->i32, y->i32, false);
    case WEIR_T_BIGINT:
        return integer_op(e->ex, x->i64, y->i64, true);
    case WEIR_T_DECIMAL:
        return decimal_op(e, x, y);
    default:
        return ok(weir_double(e->ex == WEIR_EX_ADD   ? x->f64 + y->f64
                              : e->ex == WEIR_EX_SUB ? x->f64 - y->f64
                              : e->ex == WEIR_EX_MUL ? x->f64 * y->f64
                              : e->ex == WEIR_EX_DIV ? x->f64 / y->f64
                                                     : fmod(x->f64, y->f64)));
    }
}

static result comparison(const weir_expr *e, const result *k)
{
    const weir_value *x = &k[0].v;
    const weir_value *y = &k[1].v;
    weir_kind kind = e->kids[0]->type->kind;
    if (k[0].err || k[1].err) {
        return failed;
    }
    if (x->null || y->null) {
        return ok(weir_bool(e->ex == WEIR_EX_DISTINCT       ? x->null != y->null
                            : e->ex == WEIR_EX_NOT_DISTINCT ? x->null == y->null
                                                            : false));
    }
    if (kind == WEIR_T_DOUBLE && (isnan(x->f64) || isnan(y->f64))) {
        return ok(weir_bool(false));
    }
    int c;
    if (kind == WEIR_T_DOUBLE) {
        c = (x->f64 > y->f64) - (x->f64 < y->f64);
    } else if (kind == WEIR_T_DECIMAL) {
        c = weir_dec_cmp(x->dec, dt(e->kids[0]->type), y->dec, dt(e->kids[1]->type));
    } else {
        c = weir_value_cmp(e->kids[0]->type, x, y);
    }
    switch ((int)e->ex) {
    case WEIR_EX_EQ:
    case WEIR_EX_NOT_DISTINCT:
        return ok(weir_bool(c == 0));
    case WEIR_EX_NE:
    case WEIR_EX_DISTINCT:
        return ok(weir_bool(c != 0));
    case WEIR_EX_LT:
        return ok(weir_bool(c < 0));
    case WEIR_EX_LE:
        return ok(weir_bool(c <= 0));
    case WEIR_EX_GT:
        return ok(weir_bool(c > 0));
    default:
        return ok(weir_bool(c >= 0));
    }
}

static result logic(const weir_expr *e, const weir_batch *b, uint32_t row, bool strict)
{
    result x = interpret(e->kids[0], b, row, strict);
    if (x.err || x.v.null) {
        return failed;
    }
    if (x.v.b == (e->ex == WEIR_EX_OR)) {
        return x;
    }
    result y = interpret(e->kids[1], b, row, strict);
    return y.err || y.v.null ? failed : y;
}

static result cases(const weir_expr *e, const weir_batch *b, uint32_t row, bool strict)
{
    for (uint32_t i = 0; i + 1 < e->n; i += 2) {
        result c = interpret(e->kids[i], b, row, strict);
        if (c.err || c.v.null) {
            return failed;
        }
        if (c.v.b) {
            return interpret(e->kids[i + 1], b, row, strict);
        }
    }
    return e->n & 1 ? interpret(e->kids[e->n - 1], b, row, strict) : ok(weir_null(e->type->kind));
}

static result in_list(const weir_expr *e, const result *k)
{
    bool found = false;
    for (uint32_t i = 0; i < e->n; i++) {
        if (k[i].err) {
            return failed;
        }
    }
    for (uint32_t i = 1; i < e->n; i++) {
        found |= !k[0].v.null && !k[i].v.null &&
                 weir_value_eq(e->kids[0]->type, &k[0].v, &k[i].v);
    }
    return ok(weir_bool(found));
}

static result function_call(const weir_expr *e, result *k, bool strict)
{
    bool null = false;
    for (uint32_t i = 0; i < e->n; i++) {
        if (e->kids[i]->ex == WEIR_EX_CALL || e->kids[i]->ex == WEIR_EX_FIELD) {
            k[i] = isolated(k[i], strict);
        }
        if (k[i].err) {
            return failed;
        }
        null |= k[i].v.null;
    }
    const weir_overload *o = e->call->overload;
    if (o == &coalesce_row) {
        for (uint32_t i = 0; i < e->n; i++) {
            if (!k[i].v.null) {
                return k[i];
            }
        }
        return ok(weir_null(e->type->kind));
    }
    if (null) {
        return ok(weir_null(e->type->kind));
    }
    if (o == &twice_row) {
        return ok(weir_bigint((int64_t)(2 * (uint64_t)k[0].v.i64)));
    }
    return k[0].v.i32 & 1 ? failed : ok(weir_int(k[0].v.i32 / 2));
}

static result index_of(const result *k)
{
    if (k[0].err || k[1].err) {
        return failed;
    }
    if (k[0].v.null) {
        return ok(weir_null(WEIR_T_INTEGER));
    }
    if (k[1].v.null) {
        return failed;
    }
    int64_t i = k[1].v.i32;
    i = i >= 0 ? i - 1 : i + k[0].v.n;
    return ok(i < 0 || i >= k[0].v.n ? weir_null(WEIR_T_INTEGER) : k[0].v.items[i]);
}

static result like(const weir_expr *e, const result *k)
{
    weir_like *l;
    if (k[0].err || k[1].err || k[0].v.null || k[1].v.null ||
        weir_like_compile(&arena, k[1].v.sv, e->escape, &l, NULL) != WEIR_OK) {
        return failed;
    }
    return ok(weir_bool(weir_like_match(l, k[0].v.sv)));
}

static result construct(const weir_expr *e, result *k, bool strict)
{
    weir_value *items = WEIR_NEW_N(&arena, weir_value, e->n + 1);
    for (uint32_t i = 0; i < e->n; i++) {
        k[i] = isolated(k[i], strict);
        if (k[i].err) {
            return failed;
        }
        items[i] = k[i].v;
    }
    return ok(weir_array(items, e->n));
}

static result negate(const weir_expr *e, const weir_value *x)
{
    weir_value v = {.kind = (uint8_t)e->type->kind};
    if (v.kind == WEIR_T_INTEGER) {
        v.i32 = (int32_t)(0 - (uint32_t)x->i32);
    } else if (v.kind == WEIR_T_BIGINT) {
        v.i64 = (int64_t)(0 - (uint64_t)x->i64);
    } else if (v.kind == WEIR_T_DOUBLE) {
        v.f64 = -x->f64;
    } else {
        v.dec = weir_dec_neg(x->dec, dt(e->type));
    }
    return ok(v);
}

static result interpret(const weir_expr *e, const weir_batch *b, uint32_t row, bool strict)
{
    if (e->ex == WEIR_EX_AND || e->ex == WEIR_EX_OR) {
        return logic(e, b, row, strict);
    }
    if (e->ex == WEIR_EX_CASE) {
        return cases(e, b, row, strict);
    }
    result k[16];
    for (uint32_t i = 0; i < e->n; i++) {
        k[i] = interpret(e->kids[i], b, row, strict);
    }
    if (e->ex >= WEIR_EX_ADD && e->ex <= WEIR_EX_MOD) {
        return arithmetic(e, k);
    }
    if (e->ex >= WEIR_EX_EQ && e->ex <= WEIR_EX_NOT_DISTINCT) {
        return comparison(e, k);
    }
    switch ((int)e->ex) {
    case WEIR_EX_COLUMN:
        return ok(weir_vec_get(&b->cols[e->column], row));
    case WEIR_EX_LITERAL:
        return ok(*e->value);
    case WEIR_EX_NEG:
        return k[0].err || k[0].v.null ? failed : negate(e, &k[0].v);
    case WEIR_EX_NOT:
        return k[0].err || k[0].v.null ? failed : ok(weir_bool(!k[0].v.b));
    case WEIR_EX_IS_NULL:
        return k[0].err ? failed : ok(weir_bool(k[0].v.null));
    case WEIR_EX_IS_NOT_NULL:
        return k[0].err ? failed : ok(weir_bool(!k[0].v.null));
    case WEIR_EX_IN:
        return in_list(e, k);
    case WEIR_EX_LIKE:
        return like(e, k);
    case WEIR_EX_INDEX:
        return index_of(k);
    case WEIR_EX_ARRAY:
        return construct(e, k, strict);
    case WEIR_EX_CALL:
        return function_call(e, k, strict);
    case WEIR_EX_CAST: {
        result r = k[0];
        weir_value out;
        if (!r.err) {
            bool good = weir_cast_value(&arena, e->kids[0]->type, &r.v, e->type, &out);
            r = good ? ok(out) : failed;
        }
        return e->widen ? r : isolated(r, strict);
    }
    default:
        fail();
        return failed;
    }
}

/* Random trees. */

static weir_value random_value(const weir_type *t)
{
    static const char *const words[] = {"", "a", "ab", "abc", "axc", "12", " 7 ", "-3", "x%", "abcdefgh",
                                        "abcdefghi", "abcdxfgh", "\xc3\xa9", "1.5", "true"};
    static const double doubles[] = {0.0, -0.0, 1.5, -2.0, 1e18, 3.0, NAN, INFINITY};
    switch ((int)t->kind) {
    case WEIR_T_INTEGER:
        return weir_int(below(8) ? (int32_t)below(7) - 3 : below(2) ? INT32_MIN : INT32_MAX);
    case WEIR_T_BIGINT:
        return weir_bigint(below(8) ? (int64_t)below(7) - 3 : below(2) ? INT64_MIN : INT64_MAX);
    case WEIR_T_DOUBLE:
        return weir_double(doubles[below(WEIR_COUNT(doubles))]);
    case WEIR_T_STRING:
        return weir_string(weir_sv_cstr(words[below(WEIR_COUNT(words))]));
    case WEIR_T_BOOLEAN:
        return weir_bool(below(2));
    case WEIR_T_DATE: {
        weir_value v = {.kind = WEIR_T_DATE};
        v.i32 = (int32_t)below(4);
        return v;
    }
    case WEIR_T_DECIMAL: {
        weir_value v = {.kind = WEIR_T_DECIMAL};
        v.dec.i = (int)below(400) - 200;
        return v;
    }
    default: {
        uint32_t n = below(4);
        weir_value *items = WEIR_NEW_N(&arena, weir_value, n + 1);
        for (uint32_t i = 0; i < n; i++) {
            items[i] = below(6) ? random_value(t->item) : weir_null(WEIR_T_INTEGER);
        }
        return weir_array(items, n);
    }
    }
}

static const weir_expr *gen(const weir_type *t, uint32_t depth);

static const weir_type *random_scalar(void)
{
    const weir_type *const types[] = {T(INTEGER), T(BIGINT), T(DOUBLE), T(STRING), T(BOOLEAN),
                                      T(DATE), dec_type};
    return types[below(WEIR_COUNT(types))];
}

static const weir_expr *gen_leaf(const weir_type *t)
{
    if (below(3) == 0) {
        return lit(t, below(8) ? random_value(t) : weir_null(t->kind));
    }
    uint32_t found[COLUMNS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < COLUMNS; i++) {
        if (weir_type_eq(columns[i].type, t)) {
            found[n++] = i;
        }
    }
    return n ? col(found[below(n)]) : lit(t, random_value(t));
}

static const weir_expr *gen_case(const weir_type *t, uint32_t depth)
{
    const weir_expr *kids[7];
    uint32_t n = 2 + below(5);
    for (uint32_t i = 0; i < n; i++) {
        bool when = !(i & 1) && i + 1 < n;
        kids[i] = when ? gen(T(BOOLEAN), depth) : gen(t, below(2) ? 0 : depth);
    }
    return weir_expr_new(&arena, WEIR_EX_CASE, t, kids, n);
}

static const weir_expr *gen_in(uint32_t depth)
{
    const weir_type *t = random_scalar();
    const weir_expr *kids[16];
    uint32_t n = 2 + below(14);
    for (uint32_t i = 0; i < n; i++) {
        kids[i] = i == 0 || below(10) == 0 ? gen(t, depth) : lit(t, random_value(t));
    }
    return weir_expr_new(&arena, WEIR_EX_IN, T(BOOLEAN), kids, n);
}

static const weir_expr *gen_bool(uint32_t depth)
{
    const weir_type *t = below(6) ? random_scalar() : ints_type;
    bool equality = t->kind == WEIR_T_BOOLEAN || t->kind == WEIR_T_ARRAY;
    static const weir_ex equal[] = {WEIR_EX_EQ, WEIR_EX_NE, WEIR_EX_DISTINCT,
                                    WEIR_EX_NOT_DISTINCT};
    switch (below(9)) {
    case 0:
        return EX(WEIR_EX_AND, T(BOOLEAN), gen(T(BOOLEAN), depth), gen(T(BOOLEAN), depth));
    case 1:
        return EX(WEIR_EX_OR, T(BOOLEAN), gen(T(BOOLEAN), depth), gen(T(BOOLEAN), depth));
    case 2:
        return EX(WEIR_EX_NOT, T(BOOLEAN), gen(T(BOOLEAN), depth));
    case 3:
        return EX(below(2) ? WEIR_EX_IS_NULL : WEIR_EX_IS_NOT_NULL, T(BOOLEAN), gen(t, depth));
    case 4:
        return gen_in(depth);
    case 5: {
        weir_expr *e = EX(WEIR_EX_LIKE, T(BOOLEAN), gen(T(STRING), depth),
                          below(3) ? lit(T(STRING), weir_string(WEIR_SV("a%c"))) : gen(T(STRING), 0));
        e->escape = below(2) ? '%' : 0;
        return e;
    }
    default: {
        weir_ex ex = equality ? equal[below(4)] : (weir_ex)(WEIR_EX_EQ + (int)below(8));
        const weir_type *other = t == dec_type && below(2) ? dec2_type : t;
        return EX(ex, T(BOOLEAN), gen(t, depth), gen(other, depth));
    }
    }
}

static const weir_expr *gen_number(const weir_type *t, uint32_t depth)
{
    if (below(5) == 0) {
        return EX(WEIR_EX_NEG, t, gen(t, depth));
    }
    weir_ex ex = (weir_ex)(WEIR_EX_ADD + (int)below(5));
    return EX(ex, t, gen(t, depth), gen(t, depth));
}

static const weir_expr *gen(const weir_type *t, uint32_t depth)
{
    if (depth == 0) {
        return gen_leaf(t);
    }
    depth--;
    if (below(8) == 0) {
        return gen_case(t, depth);
    }
    if (below(8) == 0) {
        return CALL(&coalesce_row, t, gen(t, depth), gen(t, depth));
    }
    if (below(5) == 0 && t->kind != WEIR_T_ARRAY) {
        const weir_type *from = random_scalar();
        if (weir_cast_exists(from, t) && !weir_type_eq(from, t) && from->kind != WEIR_T_DATE &&
            t->kind != WEIR_T_DATE) {
            const weir_expr *kid = gen(from, depth);
            return below(4) ? weir_expr_cast(&arena, kid, t) : weir_expr_widen(&arena, kid, t);
        }
    }
    switch ((int)t->kind) {
    case WEIR_T_BOOLEAN:
        return gen_bool(depth);
    case WEIR_T_INTEGER:
        if (below(4) == 0) {
            return CALL(&odd_row, t, gen(t, depth));
        }
        if (below(4) == 0) {
            return EX(WEIR_EX_INDEX, t, gen(ints_type, depth), gen(t, 0));
        }
        return gen_number(t, depth);
    case WEIR_T_BIGINT:
        return below(4) ? gen_number(t, depth) : CALL(&twice_row, t, gen(t, depth));
    case WEIR_T_DOUBLE:
    case WEIR_T_DECIMAL:
        return gen_number(t, depth);
    case WEIR_T_ARRAY:
        return below(2) ? gen_leaf(t)
                        : EX(WEIR_EX_ARRAY, t, gen(t->item, depth), gen(t->item, depth));
    default:
        return gen_leaf(t);
    }
}

/* Batches. */

static int setup(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    weir_rng_seed(&rng, 20240607);
    dec_type = weir_type_decimal(&arena, 6, 2);
    dec2_type = weir_type_decimal(&arena, 4, 1);
    ints_type = weir_type_array(&arena, T(INTEGER));
    const weir_type *const types[COLUMNS] = {
        T(INTEGER), T(INTEGER), T(BIGINT),  T(BIGINT), T(DOUBLE), T(DOUBLE), T(STRING),
        T(STRING),  T(BOOLEAN), T(BOOLEAN), dec_type,  dec2_type, ints_type, T(DATE),
    };
    for (uint32_t i = 0; i < COLUMNS; i++) {
        columns[i] = (weir_column){.name = weir_arena_printf(&arena, "C%u", i), .type = types[i],
                                   .role = WEIR_COL_VALUE};
    }
    schema = (weir_schema){.n = COLUMNS, .cols = columns};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weir_arena_deinit(&arena);
    return 0;
}

static weir_batch *random_batch(uint32_t rows, bool select)
{
    weir_batch *b = weir_batch_new(&arena, &schema);
    b->rows = (uint16_t)rows;
    b->nsel = (uint16_t)rows;
    for (uint32_t c = 0; c < COLUMNS; c++) {
        bool constant = below(12) == 0;
        if (constant) {
            weir_value *v = WEIR_NEW(&arena, weir_value);
            *v = below(4) ? random_value(columns[c].type) : weir_null(columns[c].type->kind);
            weir_vec_const(&b->cols[c], &arena, columns[c].type, v);
            continue;
        }
        for (uint32_t row = 0; row < rows; row++) {
            bool null = (c & 1) == 0 && below(5) == 0;
            weir_value v = null ? weir_null(columns[c].type->kind) : random_value(columns[c].type);
            weir_vec_put(&b->cols[c], &arena, row, &v);
        }
    }
    if (select) {
        uint16_t *sel = WEIR_NEW_N(&arena, uint16_t, rows + 1);
        uint32_t n = 0;
        for (uint32_t row = 0; row < rows; row++) {
            sel[n] = (uint16_t)row;
            n += below(3) != 0;
        }
        b->sel = sel;
        b->nsel = (uint16_t)n;
    }
    return b;
}

static void assert_same(const weir_expr *e, const weir_batch *b, uint32_t row, const weir_vec *out,
                        result want)
{
    weir_value got = weir_vec_get(out, row);
    bool same_err = weir_vec_is_err(out, row) == want.err;
    bool nan = e->type->kind == WEIR_T_DOUBLE && !got.null && !want.v.null && isnan(got.f64) &&
               isnan(want.v.f64);
    if (same_err && (nan || weir_value_eq(e->type, &got, &want.v))) {
        return;
    }
    weir_buf text;
    weir_buf_init(&text, 0);
    weir_expr_print(&text, e, &schema);
    weir_buf_printf(&text, "\nrow %u of %u: got %s", row, b->rows,
                    weir_vec_is_err(out, row) ? "failure " : "");
    weir_value_print(&text, e->type, &got);
    weir_buf_printf(&text, ", want %s", want.err ? "failure " : "");
    weir_value_print(&text, e->type, &want.v);
    print_error("%s\n", weir_buf_cstr(&text));
    weir_buf_deinit(&text);
    fail();
}

/* One filter and a few roots over one program. */
static void check_round(uint32_t rows)
{
    const weir_expr *roots[4];
    for (uint32_t i = 0; i < WEIR_COUNT(roots); i++) {
        const weir_type *t = i ? below(6) ? random_scalar() : ints_type : T(BOOLEAN);
        roots[i] = gen(t, below(5));
    }
    bool strict = below(4) == 0;
    weir_program *p = weir_program_new(&arena, &schema, roots, WEIR_COUNT(roots), NULL);
    weir_program *filter = weir_program_new(&arena, &schema, roots, 1, NULL);
    if (strict) {
        weir_program_strict(p);
    }
    for (uint32_t again = 0; again < 2; again++) {
        weir_batch *b = random_batch(rows, below(2));
        weir_vec out[WEIR_COUNT(roots)];
        weir_row_errors errors = {0};
        weir_program_eval(p, b, out, &errors);
        uint16_t pass[WEIR_BATCH_ROWS];
        uint32_t n_pass = weir_program_filter(filter, b, pass, NULL);
        uint32_t at = 0;
        uint64_t bad = 0;
        WEIR_EACH_ROW (b, i, row) {
            for (uint32_t k = 0; k < WEIR_COUNT(roots); k++) {
                result want = interpret(roots[k], b, row, strict);
                assert_same(roots[k], b, row, &out[k], want);
                bad += want.err;
            }
            result keep = interpret(roots[0], b, row, true);
            if (!keep.err && !keep.v.null && keep.v.b) {
                assert_true(at < n_pass);
                assert_int_equal(pass[at], row);
                at++;
            }
        }
        assert_int_equal(at, n_pass);
        assert_true(errors.count >= bad); /* isolated ones are counted, too */
    }
}

static void differential(uint32_t rows, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        check_round(rows);
        if (i % 16 == 0) { /* keep the arena small; the schema is made anew */
            weir_rng keep = rng;
            teardown(NULL);
            setup(NULL);
            rng = keep;
        }
    }
}

static void random_one(void **state)
{
    (void)state;
    differential(1, 1500);
}

static void random_three(void **state)
{
    (void)state;
    differential(3, 1500);
}

static void random_full(void **state)
{
    (void)state;
    differential(WEIR_BATCH_ROWS, 60);
    differential(100, 300);
}

/* Named cases. */

static weir_value eval_one(const weir_expr *e, bool *err)
{
    weir_batch *b = random_batch(1, false);
    weir_value *items = WEIR_NEW_N(&arena, weir_value, 3);
    for (uint32_t i = 0; i < 3; i++) {
        items[i] = weir_int(1 << i);
    }
    weir_value three = weir_array(items, 3);
    weir_value five = weir_int(5);
    weir_vec_init(&b->cols[C_ARR], &arena, ints_type);
    weir_vec_put(&b->cols[C_ARR], &arena, 0, &three);
    weir_vec_init(&b->cols[C_INT], &arena, T(INTEGER));
    weir_vec_put(&b->cols[C_INT], &arena, 0, &five);
    weir_program *p = weir_program_new(&arena, &schema, &e, 1, NULL);
    weir_vec out;
    weir_program_eval(p, b, &out, NULL);
    *err = weir_vec_is_err(&out, 0);
    return weir_vec_get(&out, 0);
}

static const weir_expr *param(uint32_t n, const weir_type *t)
{
    weir_expr *e = weir_expr_new(&arena, WEIR_EX_PARAM, t, NULL, 0);
    e->param = n;
    return e;
}

static const weir_expr *lambda(uint32_t first, uint32_t n, const weir_expr *body)
{
    static const weir_type *types[2];
    types[0] = types[1] = T(INTEGER);
    weir_expr *e = weir_expr_new(&arena, WEIR_EX_LAMBDA, T(LAMBDA), &body, 1);
    e->lambda = (weir_lambda_def){first, n, types};
    return e;
}

static void assert_prints(const weir_expr *e, const char *want)
{
    bool err;
    weir_value v = eval_one(e, &err);
    weir_buf b;
    weir_buf_init(&b, 0);
    if (err) {
        weir_buf_str(&b, "failure");
    } else {
        weir_value_print(&b, e->type, &v);
    }
    assert_string_equal(weir_buf_cstr(&b), want);
    weir_buf_deinit(&b);
}

static void lambdas(void **state)
{
    (void)state;
    const weir_type *t = T(INTEGER);
    /* TRANSFORM(arr, x => x * c) */
    const weir_expr *scale =
        CALL(&transform_row, ints_type, col(C_ARR),
             lambda(0, 1, EX(WEIR_EX_MUL, t, param(0, t), col(C_INT))));
    assert_prints(scale, "[5, 10, 20]");
    /* REDUCE(arr, 1, (s, x) => s * x + c) */
    const weir_expr *fold = CALL(
        &reduce_row, t, col(C_ARR), lit(t, weir_int(1)),
        lambda(1, 2,
               EX(WEIR_EX_ADD, t, EX(WEIR_EX_MUL, t, param(1, t), param(2, t)), col(C_INT))));
    assert_prints(fold, "73"); /* ((1*1+5)*2+5)*4+5 */
    /* Nested: TRANSFORM(arr, x => REDUCE(arr, x, (s, y) => s + y * x + c)) */
    const weir_expr *inner = CALL(
        &reduce_row, t, col(C_ARR), param(3, t),
        lambda(4, 2,
               EX(WEIR_EX_ADD, t,
                  EX(WEIR_EX_ADD, t, param(4, t), EX(WEIR_EX_MUL, t, param(5, t), param(3, t))),
                  col(C_INT))));
    assert_prints(CALL(&transform_row, ints_type, col(C_ARR), lambda(3, 1, inner)),
                  "[23, 31, 47]");
    /* A failing body fails the call; a constructor isolates it. */
    const weir_expr *bad =
        CALL(&transform_row, ints_type, col(C_ARR),
             lambda(6, 1, EX(WEIR_EX_DIV, t, param(6, t), lit(t, weir_int(0)))));
    assert_prints(bad, "failure");
    const weir_type *nested = weir_type_array(&arena, ints_type);
    assert_prints(EX(WEIR_EX_ARRAY, nested, bad), "[null]");
    assert_prints(CALL(&coalesce_row, ints_type, bad, col(C_ARR)), "[1, 2, 4]");
    /* COALESCE(1 / 0, 5): arithmetic is not isolated. */
    const weir_expr *zero = EX(WEIR_EX_DIV, t, col(C_INT), lit(t, weir_int(0)));
    assert_prints(CALL(&coalesce_row, t, zero, col(C_INT)), "failure");
    assert_prints(CALL(&coalesce_row, T(BIGINT), weir_expr_cast(&arena, zero, T(BIGINT)),
                       lit(T(BIGINT), weir_bigint(7))), "7");
}

static uint32_t reports;
static weir_sv last_message;

static void on_error(void *ctx, weir_sv where, weir_sv message, const weir_batch *b, uint32_t row)
{
    (void)b;
    (void)row;
    (void)ctx;
    assert_true(where.n > 0);
    last_message = message;
    reports++;
}

static void reports_errors(void **state)
{
    (void)state;
    weir_batch *b = random_batch(4, false);
    weir_vec_init(&b->cols[C_INT], &arena, T(INTEGER));
    for (uint32_t i = 0; i < 4; i++) {
        weir_value v = i == 3 ? weir_null(WEIR_T_INTEGER) : weir_int((int32_t)i);
        weir_vec_put(&b->cols[C_INT], &arena, i, &v);
    }
    const weir_expr *roots[] = {CALL(&odd_row, T(INTEGER), col(C_INT)),
                                EX(WEIR_EX_NEG, T(INTEGER), col(C_INT))};
    weir_program *p = weir_program_new(&arena, &schema, roots, 2, NULL);
    weir_row_errors errors = {.report = on_error};
    weir_vec out[2];
    reports = 0;
    weir_program_eval(p, b, out, &errors);
    assert_int_equal(errors.count, 2);
    assert_int_equal(reports, 2);
    assert_sv_equal(last_message, "NULL operand");
    b->cols[C_INT2] = out[0]; /* a failure is a NULL to the next program */
    const weir_expr *next = EX(WEIR_EX_IS_NULL, T(BOOLEAN), col(C_INT2));
    weir_vec is_null;
    weir_program_eval(weir_program_new(&arena, &schema, &next, 1, NULL), b, &is_null, &errors);
    assert_false(weir_vec_is_err(&is_null, 1));
    assert_true(WEIR_AT(uint8_t, &is_null, 1) == 1 && WEIR_AT(uint8_t, &is_null, 0) == 0);
    assert_int_equal(errors.count, 2);
    weir_program *first = weir_program_new(&arena, &schema, roots, 1, NULL);
    weir_program_eval(first, b, out, &errors);
    assert_sv_equal(last_message, "odd: 1");
}

static void folds_and_shares(void **state)
{
    (void)state;
    const weir_type *t = T(BIGINT);
    const weir_expr *sum = EX(WEIR_EX_ADD, t, col(C_BIG), col(C_BIG2));
    const weir_expr *five =
        EX(WEIR_EX_ADD, t, lit(t, weir_bigint(2)), lit(t, weir_bigint(3)));
    const weir_expr *roots[] = {EX(WEIR_EX_MUL, t, sum, five), EX(WEIR_EX_SUB, t, sum, five),
                                call(&tick_row, t, NULL, 0), call(&tick_row, t, NULL, 0)};
    weir_program *p = weir_program_new(&arena, &schema, roots, 4, NULL);
    weir_buf b;
    weir_buf_init(&b, 0);
    weir_program_print(p, &b);
    uint32_t steps = 0;
    for (uint32_t i = 0; i < b.n; i++) {
        steps += b.p[i] == '\n';
    }
    assert_int_equal(steps, 3 + 2 + 4); /* +, *, -, two impure calls; four results */
    weir_buf_deinit(&b);

    weir_value v;
    weir_status st;
    weir_status_reset(&st);
    assert_true(weir_expr_eval_const(&arena, five, NULL, &v, &st));
    assert_int_equal(v.i64, 5);
    const weir_expr *bad = EX(WEIR_EX_DIV, t, five, lit(t, weir_bigint(0)));
    assert_false(weir_expr_eval_const(&arena, bad, NULL, &v, &st));
    assert_string_equal(st.msg, "/ by zero");
}

static void assert_text(const weir_expr *e, const char *want)
{
    weir_buf b;
    weir_buf_init(&b, 0);
    weir_expr_print(&b, e, &schema);
    assert_string_equal(weir_buf_cstr(&b), want);
    weir_buf_deinit(&b);
}

static void prints(void **state)
{
    (void)state;
    const weir_type *t = T(INTEGER);
    const weir_expr *when[] = {EX(WEIR_EX_GT, T(BOOLEAN), col(C_INT), lit(t, weir_int(1))),
                               col(C_INT2), EX(WEIR_EX_NEG, t, lit(t, weir_int(3)))};
    assert_text(weir_expr_new(&arena, WEIR_EX_CASE, t, when, 3),
                "CASE WHEN (C0 > 1) THEN C1 ELSE (- 3) END");
    weir_expr *matches = EX(WEIR_EX_LIKE, T(BOOLEAN), col(C_STR),
                            lit(T(STRING), weir_string(WEIR_SV("a%"))));
    matches->escape = '!';
    assert_text(EX(WEIR_EX_AND, T(BOOLEAN), matches, EX(WEIR_EX_IS_NULL, T(BOOLEAN), col(C_ARR))),
                "((C6 LIKE 'a%' ESCAPE '!') AND (C12 IS NULL))");
    assert_text(CALL(&transform_row, ints_type, col(C_ARR),
                     lambda(0, 1, EX(WEIR_EX_ADD, t, param(0, t), col(C_INT)))),
                "F(C12, (p0) => (p0 + C0))");
    assert_text(weir_expr_cast(&arena, col(C_INT), T(BIGINT)), "CAST(C0 AS BIGINT)");
    assert_text(EX(WEIR_EX_INDEX, t, col(C_ARR), lit(t, weir_int(-1))), "C12[-1]");
    assert_text(EX(WEIR_EX_IN, T(BOOLEAN), col(C_INT), lit(t, weir_int(1)), col(C_INT2)),
                "(C0 IN (1, C1))");
}

static void mixed_operands(void **state)
{
    (void)state;
    /* INTEGER = BIGINT and DECIMAL against INTEGER and DOUBLE meet without casts of the binder's. */
    weir_value d = {.kind = WEIR_T_DECIMAL};
    d.dec.i = 150;
    const weir_expr *dec = lit(dec_type, d);
    assert_prints(EX(WEIR_EX_EQ, T(BOOLEAN), col(C_INT), lit(T(BIGINT), weir_bigint(5))), "true");
    assert_prints(EX(WEIR_EX_EQ, T(BOOLEAN), dec, lit(T(DOUBLE), weir_double(1.5))), "true");
    assert_prints(EX(WEIR_EX_LT, T(BOOLEAN), lit(T(DOUBLE), weir_double(1e-300)), dec), "true");
    assert_prints(EX(WEIR_EX_GT, T(BOOLEAN), col(C_INT), dec), "true");
    assert_prints(EX(WEIR_EX_LT, T(BOOLEAN), dec, lit(T(DOUBLE), weir_double(NAN))), "failure");
}

static void trees(void **state)
{
    (void)state;
    const weir_expr *e = EX(WEIR_EX_ADD, T(BIGINT), col(C_BIG),
                            EX(WEIR_EX_NEG, T(BIGINT), lit(T(BIGINT), weir_bigint(1))));
    int32_t map[COLUMNS];
    for (int32_t i = 0; i < COLUMNS; i++) {
        map[i] = i;
    }
    assert_ptr_equal(weir_expr_remap(&arena, e, map), e);
    map[C_BIG] = C_BIG2;
    const weir_expr *moved = weir_expr_remap(&arena, e, map);
    assert_int_equal(moved->kids[0]->column, C_BIG2);
    assert_ptr_equal(moved->kids[1], e->kids[1]);
    assert_false(weir_expr_eq(e, moved));
    bool used[COLUMNS] = {0};
    weir_expr_columns(moved, used);
    assert_true(used[C_BIG2] && !used[C_BIG]);
    const weir_expr *impure = call(&tick_row, T(BIGINT), NULL, 0);
    assert_false(weir_expr_is_pure(EX(WEIR_EX_NEG, T(BIGINT), impure)));
    assert_false(weir_expr_eq(impure, impure));
    assert_true(weir_expr_is_pure(e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_one, setup, teardown),
        cmocka_unit_test_setup_teardown(random_three, setup, teardown),
        cmocka_unit_test_setup_teardown(random_full, setup, teardown),
        cmocka_unit_test_setup_teardown(lambdas, setup, teardown),
        cmocka_unit_test_setup_teardown(reports_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(folds_and_shares, setup, teardown),
        cmocka_unit_test_setup_teardown(mixed_operands, setup, teardown),
        cmocka_unit_test_setup_teardown(trees, setup, teardown),
        cmocka_unit_test_setup_teardown(prints, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
