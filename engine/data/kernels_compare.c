/* Comparisons. NULL makes FALSE (DISTINCT: NULL differs from everything but NULL), a failed operand
 * fails the row.
 *
 * Numbers, booleans and times compare in typed loops over all rows; rows with NULLs are cleared
 * afterwards, 64 at a time. Everything with pointers looks at validity first. Texts are compared in
 * UTF-16 order, BYTES as Java's signed bytes, DOUBLE by IEEE except that NaN is never <> either. */
#include "engine/data/kernels.h"
#include "engine/data/text.h"

#include <math.h>

#define COMPARE_TYPE(suffix, ctype)                                                                \
    WEIR__LOOP2(eq_##suffix, ctype, uint8_t, a == b)                                               \
    WEIR__LOOP2(ne_##suffix, ctype, uint8_t, (a < b) | (a > b))                                    \
    WEIR__LOOP2(lt_##suffix, ctype, uint8_t, a < b)                                                \
    WEIR__LOOP2(le_##suffix, ctype, uint8_t, a <= b)                                               \
    WEIR__LOOP2(gt_##suffix, ctype, uint8_t, a > b)                                                \
    WEIR__LOOP2(ge_##suffix, ctype, uint8_t, a >= b)
COMPARE_TYPE(u8, uint8_t)
COMPARE_TYPE(i32, int32_t)
COMPARE_TYPE(i64, int64_t)
COMPARE_TYPE(f64, double)
#define LOOPS(suffix) {eq_##suffix, ne_##suffix, lt_##suffix, le_##suffix, gt_##suffix, ge_##suffix}

/* Rows where an operand is NULL; and the failures of both. */
typedef struct nulls {
    uint64_t a[WEIR_BITS_WORDS], b[WEIR_BITS_WORDS]; /* 1 = valid */
} nulls;

/* false: there are no NULLs and no failures at all. */
static bool gather_nulls(weir_program *p, const weir_step *s, nulls *out)
{
    const weir_vec *a = weir__arg(p, s, 0);
    const weir_vec *b = weir__arg(p, s, 1);
    if (!a->valid && !b->valid) {
        return false;
    }
    uint64_t failed = 0;
    for (uint32_t w = 0; w < weir__words(p); w++) {
        out->a[w] = weir__word(a->valid, a->mask, w, ~(uint64_t)0);
        out->b[w] = weir__word(b->valid, b->mask, w, ~(uint64_t)0);
        failed |= weir__word(a->err, a->mask, w, 0) | weir__word(b->err, b->mask, w, 0);
    }
    if (failed) {
        uint64_t *valid = weir__out_valid(p, s->dst);
        uint64_t *err = weir__out_err(p, s->dst);
        for (uint32_t w = 0; w < weir__words(p); w++) {
            err[w] = weir__word(a->err, a->mask, w, 0) | weir__word(b->err, b->mask, w, 0);
            valid[w] = ~err[w];
        }
    }
    return true;
}

/* Gives rows with a NULL their answer. */
static void settle_nulls(weir_program *p, const weir_step *s, const nulls *n)
{
    uint8_t *out = p->regs[s->dst].data;
    weir_ex op = s->expr->ex;
    for (uint32_t w = 0; w < weir__words(p); w++) {
        uint64_t todo = ~(n->a[w] & n->b[w]);
        if (w == weir__words(p) - 1 && p->rows % 64) {
            todo &= ((uint64_t)1 << (p->rows % 64)) - 1;
        }
        while (todo) {
            uint32_t bit = (uint32_t)__builtin_ctzll(todo);
            todo &= todo - 1;
            bool differ = ((n->a[w] ^ n->b[w]) >> bit) & 1;
            out[w * 64 + bit] = op == WEIR_EX_DISTINCT       ? differ
                                : op == WEIR_EX_NOT_DISTINCT ? !differ
                                                             : 0;
        }
    }
}

static void run_loop(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *a = weir__arg(p, s, 0);
    const weir_vec *b = weir__arg(p, s, 1);
    uint8_t *out = weir__out(p, s)->data;
    ((weir__loop2)s->loop)(a->data, a->mask, b->data, b->mask, r, out);
    nulls n;
    if (gather_nulls(p, s, &n)) {
        settle_nulls(p, s, &n);
    }
}

/* Texts: equality. */
static void eq_text(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *a = weir__arg(p, s, 0);
    const weir_vec *b = weir__arg(p, s, 1);
    uint8_t *restrict out = weir__out(p, s)->data;
    const weir_sv *x = a->data;
    const weir_sv *y = b->data;
    uint8_t same = s->expr->ex == WEIR_EX_EQ || s->expr->ex == WEIR_EX_NOT_DISTINCT;
    nulls n;
    bool has_nulls = gather_nulls(p, s, &n);
    if (!has_nulls && !b->mask) {
        weir_sv lit = y[0];
        WEIR_EACH (r, k, row) {
            const weir_sv *t = &x[row & a->mask];
            out[row] = (uint8_t)((t->n == lit.n && weir__same_bytes(t->p, lit.p, lit.n)) == same);
        }
        return;
    }
    WEIR_EACH (r, k, row) {
        if (!has_nulls || ((n.a[row / 64] & n.b[row / 64]) >> (row % 64) & 1)) {
            const weir_sv *t = &x[row & a->mask];
            const weir_sv *u = &y[row & b->mask];
            out[row] = (uint8_t)((t->n == u->n && weir__same_bytes(t->p, u->p, u->n)) == same);
        }
    }
    if (has_nulls) {
        settle_nulls(p, s, &n);
    }
}

/* Everything else compares two values of a row; the operator reads the sign. */
static bool answer(weir_ex op, int c)
{
    return op == WEIR_EX_EQ || op == WEIR_EX_NOT_DISTINCT ? c == 0
           : op == WEIR_EX_NE || op == WEIR_EX_DISTINCT   ? c != 0
           : op == WEIR_EX_LT                             ? c < 0
           : op == WEIR_EX_LE                             ? c <= 0
           : op == WEIR_EX_GT                             ? c > 0
                                                          : c >= 0;
}

static weir_dec_type dec_type(const weir_type *t)
{
    return (weir_dec_type){t->precision, t->scale};
}

/* Byte.compare is signed. */
static int bytes_cmp(weir_sv a, weir_sv b)
{
    uint32_t n = a.n < b.n ? a.n : b.n;
    for (uint32_t i = 0; i < n; i++) {
        if (a.p[i] != b.p[i]) {
            return (int8_t)a.p[i] < (int8_t)b.p[i] ? -1 : 1;
        }
    }
    return (a.n > b.n) - (a.n < b.n);
}

#define COMPARE_ROWS(name, VALUE)                                                                  \
    static void name(weir_program *p, const weir_step *s, const weir_rows *r)                      \
    {                                                                                              \
        const weir_vec *a = weir__arg(p, s, 0);                                                    \
        const weir_vec *b = weir__arg(p, s, 1);                                                    \
        uint8_t *out = weir__out(p, s)->data;                                                      \
        weir_ex op = s->expr->ex;                                                                  \
        nulls n;                                                                                   \
        bool has_nulls = gather_nulls(p, s, &n);                                                   \
        WEIR_EACH (r, k, row) {                                                                    \
            if (!has_nulls || ((n.a[row / 64] & n.b[row / 64]) >> (row % 64) & 1)) {               \
                out[row] = answer(op, VALUE);                                                      \
            }                                                                                      \
        }                                                                                          \
        if (has_nulls) {                                                                           \
            settle_nulls(p, s, &n);                                                                \
        }                                                                                          \
    }
COMPARE_ROWS(cmp_text, weir_utf16_cmp(WEIR_AT(weir_sv, a, row), WEIR_AT(weir_sv, b, row)))
COMPARE_ROWS(cmp_bytes, bytes_cmp(WEIR_AT(weir_sv, a, row), WEIR_AT(weir_sv, b, row)))
COMPARE_ROWS(cmp_dec, weir_dec_cmp(WEIR_AT(weir_dec, a, row), dec_type(a->type),
                                   WEIR_AT(weir_dec, b, row), dec_type(b->type)))
COMPARE_ROWS(cmp_nested, !weir_value_eq(a->type, WEIR_AT(weir_tree, a, row),
                                        WEIR_AT(weir_tree, b, row)))

/* By the shortest digits of the double. False: it has none (NaN, infinity). */
static bool cmp_dec_digits(weir_program *p, weir_dec a, weir_dec_type type, double b, int *c)
{
    char text[WEIR_DOUBLE_TEXT_MAX];
    weir_sv digits = weir_sv_of(text, weir_double_text(text, b));
    /* 17 digits and an exponent of up to 324 on either side. */
    weir_dec_type wide = {680, 345};
    weir_dec d;
    if (weir_dec_parse(p->step_arena, digits, wide, WEIR_ROUND_EXACT, &d) != WEIR_DEC_OK) {
        return false;
    }
    *c = weir_dec_cmp(a, type, d, wide);
    return true;
}

/* DECIMAL against DOUBLE as Java compares with BigDecimal.valueOf. Rounding to double is monotone, so
 * where the decimal's nearest double differs from the other side, the order of the two is the order of
 * the doubles; only where they are equal the digits decide. */
static void cmp_dec_double(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *a = weir__arg(p, s, 0);
    const weir_vec *b = weir__arg(p, s, 1);
    bool swapped = a->type->kind == WEIR_T_DOUBLE;
    const weir_vec *decs = swapped ? b : a;
    const weir_vec *doubles = swapped ? a : b;
    weir_dec_type type = dec_type(decs->type);
    uint8_t *out = weir__out(p, s)->data;
    const weir_dec *last = NULL; /* the decimal that `near` is of: often there is only one */
    double near = 0;
    nulls n;
    bool has_nulls = gather_nulls(p, s, &n);
    WEIR_EACH (r, k, row) {
        if (has_nulls && !((n.a[row / 64] & n.b[row / 64]) >> (row % 64) & 1)) {
            continue;
        }
        const weir_dec *d = &WEIR_AT(weir_dec, decs, row);
        double x = WEIR_AT(double, doubles, row);
        near = d == last ? near : weir_dec_to_double(*d, type);
        last = d;
        int c = near < x ? -1 : 1;
        if (!isfinite(x) || near == x) {
            if (!cmp_dec_digits(p, *d, type, x, &c)) {
                weir__fail_row(p, s->dst, row, WEIR_SV("DOUBLE is not a number"));
                continue;
            }
        }
        out[row] = answer(s->expr->ex, swapped ? -c : c);
    }
    if (has_nulls) {
        settle_nulls(p, s, &n);
    }
}

static weir__loop2 typed_loop(weir_ex op, weir_kind kind)
{
    /* ORDER weir_ex, from EQ */
    static const weir__loop2 u8[] = LOOPS(u8);
    static const weir__loop2 i32[] = LOOPS(i32);
    static const weir__loop2 i64[] = LOOPS(i64);
    static const weir__loop2 f64[] = LOOPS(f64);
    uint32_t at = op == WEIR_EX_NOT_DISTINCT ? 0
                  : op == WEIR_EX_DISTINCT   ? 1
                                             : (uint32_t)(op - WEIR_EX_EQ);
    switch (weir_type_width(weir_type_of(kind))) {
    case 1:
        return u8[at];
    case 4:
        return i32[at];
    default:
        return kind == WEIR_T_DOUBLE ? f64[at] : i64[at];
    }
}

void weir__pick_compare(weir_step *s, weir_ex op, const weir_type *a, const weir_type *b)
{
    bool equality = op == WEIR_EX_EQ || op == WEIR_EX_NE || op == WEIR_EX_DISTINCT ||
                    op == WEIR_EX_NOT_DISTINCT;
    if (a->kind == WEIR_T_DECIMAL || b->kind == WEIR_T_DECIMAL) {
        s->run = a->kind == b->kind ? cmp_dec : cmp_dec_double;
    } else if (a->kind == WEIR_T_STRING || a->kind == WEIR_T_BYTES) {
        s->run = equality ? eq_text : a->kind == WEIR_T_STRING ? cmp_text : cmp_bytes;
    } else if (weir_type_is_nested(a)) {
        WEIR_ASSERT(equality);
        s->run = cmp_nested;
    } else {
        WEIR_ASSERT(a->kind == b->kind);
        s->run = run_loop;
        s->loop = (void (*)(void))typed_loop(op, a->kind);
    }
}

/* CASE WHEN c THEN a ELSE b END with a condition that cannot fail and branches that cost nothing. */
#define SELECT_LOOP(name, ctype)                                                                   \
    static void name(weir_program *p, const weir_step *s, const weir_rows *r)                      \
    {                                                                                              \
        const weir_vec *c = weir__arg(p, s, 0);                                                    \
        const weir_vec *a = weir__arg(p, s, 1);                                                    \
        const weir_vec *b = weir__arg(p, s, 2);                                                    \
        const uint8_t *restrict test = c->data;                                                    \
        const ctype *restrict x = a->data;                                                         \
        const ctype *restrict y = b->data;                                                         \
        ctype *restrict out = weir__out(p, s)->data;                                               \
        if (!r->sel && c->mask && !a->mask && !b->mask) {                                          \
            ctype yes = x[0];                                                                      \
            ctype no = y[0];                                                                       \
            for (uint32_t i = 0; i < r->n; i++) {                                                  \
                out[i] = test[i] ? yes : no;                                                       \
            }                                                                                      \
        } else {                                                                                   \
            WEIR_EACH (r, k, i) {                                                                  \
                out[i] = test[i & c->mask] ? x[i & a->mask] : y[i & b->mask];                      \
            }                                                                                      \
        }                                                                                          \
        if (!a->valid && !b->valid) {                                                              \
            return;                                                                                \
        }                                                                                          \
        WEIR_EACH (r, k, i) { /* branches are simple: no failures */                               \
            if (!weir_vec_is_valid(test[i & c->mask] ? a : b, i)) {                                \
                weir__set_null(p, s->dst, i);                                                      \
            }                                                                                      \
        }                                                                                          \
    }
SELECT_LOOP(select_1, uint8_t)
SELECT_LOOP(select_4, uint32_t)
SELECT_LOOP(select_8, uint64_t)
SELECT_LOOP(select_16, weir_dec)

void weir__pick_select(weir_step *s, const weir_type *type)
{
    uint32_t width = weir_type_width(type);
    s->run = width == 1 ? select_1 : width == 4 ? select_4 : width == 8 ? select_8 : select_16;
    WEIR_ASSERT(width == 1 || width == 4 || width == 8 || width == 16);
}
