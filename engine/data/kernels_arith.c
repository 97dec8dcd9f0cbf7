/* Arithmetic. Java's: integers wrap, / truncates, % has the dividend's sign, division of integers
 * by zero fails; doubles are IEEE with fmod. A NULL operand fails the row. */
#include "engine/data/kernels.h"

#include <math.h>

WEIR__LOOP2(add_i32, int32_t, int32_t, (int32_t)((uint32_t)a + (uint32_t)b))
WEIR__LOOP2(sub_i32, int32_t, int32_t, (int32_t)((uint32_t)a - (uint32_t)b))
WEIR__LOOP2(mul_i32, int32_t, int32_t, (int32_t)((uint32_t)a * (uint32_t)b))
WEIR__LOOP2(add_i64, int64_t, int64_t, (int64_t)((uint64_t)a + (uint64_t)b))
WEIR__LOOP2(sub_i64, int64_t, int64_t, (int64_t)((uint64_t)a - (uint64_t)b))
WEIR__LOOP2(mul_i64, int64_t, int64_t, (int64_t)((uint64_t)a * (uint64_t)b))
WEIR__LOOP2(add_f64, double, double, a + b)
WEIR__LOOP2(sub_f64, double, double, a - b)
WEIR__LOOP2(mul_f64, double, double, a * b)
WEIR__LOOP2(mod_f64, double, double, fmod(a, b))
WEIR__LOOP2(div_f64, double, double, a / b)

static void run_loop(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *a = weir__arg(p, s, 0);
    const weir_vec *b = weir__arg(p, s, 1);
    weir_vec *out = weir__out(p, s);
    weir__spread(p, s, true);
    ((weir__loop2)s->loop)(a->data, a->mask, b->data, b->mask, r, out->data);
}

/* Integer division looks at each row: a zero, and the one quotient that overflows. -x is computed
 * unsigned, so that it wraps. */
#define DIVISION(name, ctype, utype, OP, WHEN_MINUS_ONE)                                           \
    static void name(weir_program *p, const weir_step *s, const weir_rows *r)                      \
    {                                                                                              \
        const weir_vec *x = weir__arg(p, s, 0);                                                    \
        const weir_vec *y = weir__arg(p, s, 1);                                                    \
        weir_vec *v = weir__out(p, s);                                                             \
        ctype *out = v->data;                                                                      \
        weir__spread(p, s, true);                                                                  \
        WEIR_EACH (r, k, row) {                                                                    \
            if (!weir_vec_is_valid(v, row)) {                                                      \
                continue;                                                                          \
            }                                                                                      \
            ctype a = WEIR_AT(ctype, x, row);                                                      \
            ctype b = WEIR_AT(ctype, y, row);                                                      \
            if (b == 0) {                                                                          \
                weir__fail_row(p, s->dst, row, WEIR_SV("/ by zero"));                              \
            } else {                                                                               \
                out[row] = b == -1 ? (ctype)((utype)0 - (utype)WHEN_MINUS_ONE) : a OP b;           \
            }                                                                                      \
        }                                                                                          \
    }
DIVISION(div_i32, int32_t, uint32_t, /, a)
DIVISION(div_i64, int64_t, uint64_t, /, a)
DIVISION(mod_i32, int32_t, uint32_t, %, 0)
DIVISION(mod_i64, int64_t, uint64_t, %, 0)

static weir_dec_type dec_type(const weir_type *t)
{
    return (weir_dec_type){t->precision, t->scale};
}

#define DECIMAL(name, FN)                                                                          \
    static void name(weir_program *p, const weir_step *s, const weir_rows *r)                      \
    {                                                                                              \
        const weir_vec *x = weir__arg(p, s, 0);                                                    \
        const weir_vec *y = weir__arg(p, s, 1);                                                    \
        weir_vec *v = weir__out(p, s);                                                             \
        weir_dec *out = v->data;                                                                   \
        weir_dec_type xt = dec_type(x->type);                                                      \
        weir_dec_type yt = dec_type(y->type);                                                      \
        weir_dec_type rt = dec_type(v->type);                                                      \
        weir__spread(p, s, true);                                                                  \
        WEIR_EACH (r, k, row) {                                                                    \
            if (!weir_vec_is_valid(v, row)) {                                                      \
                continue;                                                                          \
            }                                                                                      \
            weir_dec_fault fault = FN(p->step_arena, WEIR_AT(weir_dec, x, row), xt,                \
                                      WEIR_AT(weir_dec, y, row), yt, rt, &out[row]);               \
            if (fault != WEIR_DEC_OK) {                                                            \
                weir__fail_row(p, s->dst, row, weir_sv_cstr(weir_dec_fault_text(fault)));          \
            }                                                                                      \
        }                                                                                          \
    }
DECIMAL(add_dec, weir_dec_add)
DECIMAL(sub_dec, weir_dec_sub)
DECIMAL(mul_dec, weir_dec_mul)
DECIMAL(div_dec, weir_dec_div)
DECIMAL(mod_dec, weir_dec_mod)

#define LOOP(fn) {.run = run_loop, .loop = fn}
#define STEP(fn) {.run = fn}

void weir__pick_arithmetic(weir_step *s, weir_ex op, const weir_type *type)
{
    /* ORDER weir_ex, from ADD */
    static const struct {
        weir_step_fn run;
        weir__loop2 loop;
    } table[][5] = {
        {LOOP(add_i32), LOOP(sub_i32), LOOP(mul_i32), STEP(div_i32), STEP(mod_i32)},
        {LOOP(add_i64), LOOP(sub_i64), LOOP(mul_i64), STEP(div_i64), STEP(mod_i64)},
        {LOOP(add_f64), LOOP(sub_f64), LOOP(mul_f64), LOOP(div_f64), LOOP(mod_f64)},
        {STEP(add_dec), STEP(sub_dec), STEP(mul_dec), STEP(div_dec), STEP(mod_dec)},
    };
    WEIR_ASSERT(op >= WEIR_EX_ADD && op <= WEIR_EX_MOD && weir_type_is_numeric(type));
    uint32_t row = type->kind == WEIR_T_INTEGER  ? 0
                   : type->kind == WEIR_T_BIGINT ? 1
                   : type->kind == WEIR_T_DOUBLE ? 2
                                                 : 3;
    s->run = table[row][op - WEIR_EX_ADD].run;
    s->loop = (void (*)(void))table[row][op - WEIR_EX_ADD].loop;
}

#define NEGATION(name, ctype, EXPR)                                                                \
    static void name(weir_program *p, const weir_step *s, const weir_rows *r)                      \
    {                                                                                              \
        const weir_vec *x = weir__arg(p, s, 0);                                                    \
        ctype *restrict out = weir__out(p, s)->data;                                               \
        weir__spread(p, s, true);                                                                  \
        WEIR_EACH (r, k, row) {                                                                    \
            ctype a = WEIR_AT(ctype, x, row);                                                      \
            out[row] = EXPR;                                                                       \
        }                                                                                          \
    }
NEGATION(neg_i32, int32_t, (int32_t)(0 - (uint32_t)a))
NEGATION(neg_i64, int64_t, (int64_t)(0 - (uint64_t)a))
NEGATION(neg_f64, double, -a)

static void neg_dec(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *x = weir__arg(p, s, 0);
    weir_vec *v = weir__out(p, s);
    weir_dec *out = v->data;
    weir__spread(p, s, true);
    WEIR_EACH (r, k, row) {
        if (weir_vec_is_valid(v, row)) {
            out[row] = weir_dec_neg(WEIR_AT(weir_dec, x, row), dec_type(v->type));
        }
    }
}

void weir__pick_negate(weir_step *s, const weir_type *type)
{
    WEIR_ASSERT(weir_type_is_numeric(type));
    s->run = type->kind == WEIR_T_INTEGER  ? neg_i32
             : type->kind == WEIR_T_BIGINT ? neg_i64
             : type->kind == WEIR_T_DOUBLE ? neg_f64
                                           : neg_dec;
}
