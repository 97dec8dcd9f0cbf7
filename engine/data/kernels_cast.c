/* Casts of whole registers: typed loops for the pairs that matter, weir_cast_value for the rest. A
 * NULL stays NULL, a failed operand stays failed; whether a failure becomes NULL is decided by the
 * isolation step behind the cast. */
#include "engine/data/kernels.h"

#include "engine/data/datetime.h"
#include "engine/data/text.h"

/* Conversions that cannot fail. Garbage in rows without a value does no harm. */
#define CAST_LOOP(name, from, to, EXPR)                                                            \
    static void name(weir_program *p, const weir_step *s, const weir_rows *r)                      \
    {                                                                                              \
        const weir_vec *v = weir__arg(p, s, 0);                                                    \
        const from *restrict x = v->data;                                                          \
        to *restrict out = weir__out(p, s)->data;                                                  \
        weir__spread(p, s, false);                                                                 \
        if (!r->sel && v->mask) {                                                                  \
            for (uint32_t i = 0; i < r->n; i++) {                                                  \
                from a = x[i];                                                                     \
                out[i] = EXPR;                                                                     \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        WEIR_EACH (r, k, i) {                                                                      \
            from a = x[i & v->mask];                                                               \
            out[i] = EXPR;                                                                         \
        }                                                                                          \
    }
CAST_LOOP(i32_i64, int32_t, int64_t, a)
CAST_LOOP(i32_f64, int32_t, double, a)
CAST_LOOP(i64_f64, int64_t, double, (double)a)
CAST_LOOP(i64_i32, int64_t, int32_t, (int32_t)(uint32_t)(uint64_t)a)
CAST_LOOP(f64_i32, double, int32_t, weir_double_to_i32(a))
CAST_LOOP(f64_i64, double, int64_t, weir_double_to_i64(a))
CAST_LOOP(date_timestamp, int32_t, int64_t, a *WEIR_MS_PER_DAY)

/* Without the value: reasons go to the processing log, which holds no row data. */
static void fail_cast(weir_program *p, const weir_step *s, uint32_t row)
{
    weir_buf b = {0};
    weir_buf_str(&b, "the value cannot be cast from ");
    weir_type_print(&b, weir__arg(p, s, 0)->type, false);
    weir_buf_str(&b, " to ");
    weir_type_print(&b, p->regs[s->dst].type, false);
    weir__fail_row(p, s->dst, row, weir_arena_sv(p->step_arena, weir_buf_view(&b)));
    weir_buf_deinit(&b);
}

#define PARSE_LOOP(name, to, FN)                                                                   \
    static void name(weir_program *p, const weir_step *s, const weir_rows *r)                      \
    {                                                                                              \
        const weir_vec *v = weir__arg(p, s, 0);                                                    \
        const weir_sv *x = v->data;                                                                \
        weir_vec *out = weir__out(p, s);                                                           \
        to *data = out->data;                                                                      \
        weir__spread(p, s, false);                                                                 \
        WEIR_EACH (r, k, row) {                                                                    \
            if (weir_vec_is_valid(v, row) &&                                                       \
                !FN(weir_text_trim(x[row & v->mask]), &data[row])) {                               \
                fail_cast(p, s, row);                                                              \
            }                                                                                      \
        }                                                                                          \
    }
PARSE_LOOP(text_i32, int32_t, weir_i32_parse)
PARSE_LOOP(text_i64, int64_t, weir_i64_parse)
PARSE_LOOP(text_f64, double, weir_double_parse_finite)

#define PRINT_LOOP(name, from, room, FN)                                                           \
    static void name(weir_program *p, const weir_step *s, const weir_rows *r)                      \
    {                                                                                              \
        const weir_vec *v = weir__arg(p, s, 0);                                                    \
        const from *x = v->data;                                                                   \
        weir_sv *out = weir__out(p, s)->data;                                                      \
        weir__spread(p, s, false);                                                                 \
        WEIR_EACH (r, k, row) {                                                                    \
            if (weir_vec_is_valid(v, row)) {                                                       \
                char *text = weir_arena_bytes_alloc(p->step_arena, room);                          \
                uint32_t n = FN(text, x[row & v->mask]);                                           \
                weir_arena_shrink(p->step_arena, text, room, n);                                   \
                out[row] = weir_sv_of(text, n);                                                    \
            }                                                                                      \
        }                                                                                          \
    }
PRINT_LOOP(i32_text, int32_t, WEIR_I64_TEXT_MAX, weir_i64_text)
PRINT_LOOP(i64_text, int64_t, WEIR_I64_TEXT_MAX, weir_i64_text)
PRINT_LOOP(f64_text, double, WEIR_DOUBLE_TEXT_MAX, weir_double_text)

/* Conversions to DECIMAL. */
#define DECIMAL_LOOP(name, from, CALL)                                                             \
    static void name(weir_program *p, const weir_step *s, const weir_rows *r)                      \
    {                                                                                              \
        const weir_vec *v = weir__arg(p, s, 0);                                                    \
        const from *x = v->data;                                                                   \
        weir_vec *out = weir__out(p, s);                                                           \
        weir_dec *data = out->data;                                                                \
        weir_dec_type type = {out->type->precision, out->type->scale};                             \
        weir__spread(p, s, false);                                                                 \
        WEIR_EACH (r, k, row) {                                                                    \
            if (weir_vec_is_valid(v, row)) {                                                       \
                from a = x[row & v->mask];                                                         \
                if (CALL != WEIR_DEC_OK) {                                                         \
                    fail_cast(p, s, row);                                                          \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
DECIMAL_LOOP(i32_dec, int32_t, weir_dec_from_i64(p->step_arena, a, type, &data[row]))
DECIMAL_LOOP(i64_dec, int64_t, weir_dec_from_i64(p->step_arena, a, type, &data[row]))
DECIMAL_LOOP(text_dec, weir_sv,
             weir_dec_parse(p->step_arena, weir_text_trim(a), type, WEIR_ROUND_HALF_UP, &data[row]))

static void dec_f64(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *v = weir__arg(p, s, 0);
    double *out = weir__out(p, s)->data;
    weir_dec_type type = {v->type->precision, v->type->scale};
    weir__spread(p, s, false);
    WEIR_EACH (r, k, row) {
        if (weir_vec_is_valid(v, row)) {
            out[row] = weir_dec_to_double(WEIR_AT(weir_dec, v, row), type);
        }
    }
}

/* Any pair, boxed. The boxes of nested results must outlive the loop: they come from the arena. */
static void cast_boxed(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *v = weir__arg(p, s, 0);
    weir_vec *out = weir__out(p, s);
    bool nested = weir_type_is_nested(out->type);
    weir__spread(p, s, false);
    weir_value scratch;
    WEIR_EACH (r, k, row) {
        if (!weir_vec_is_valid(v, row)) {
            continue;
        }
        weir_value value = weir_vec_get(v, row);
        weir_value *result = nested ? WEIR_NEW(p->step_arena, weir_value) : &scratch;
        if (weir_cast_value(p->step_arena, v->type, &value, out->type, result)) {
            weir__store(p, s->dst, row, result);
        } else {
            fail_cast(p, s, row);
        }
    }
}

void weir__pick_cast(weir_step *s, const weir_type *from, const weir_type *to)
{
    static const weir_step_fn table[WEIR_T_KINDS][WEIR_T_KINDS] = {
        [WEIR_T_INTEGER] = {[WEIR_T_BIGINT] = i32_i64,
                            [WEIR_T_DOUBLE] = i32_f64,
                            [WEIR_T_DECIMAL] = i32_dec,
                            [WEIR_T_STRING] = i32_text},
        [WEIR_T_BIGINT] = {[WEIR_T_INTEGER] = i64_i32,
                           [WEIR_T_DOUBLE] = i64_f64,
                           [WEIR_T_DECIMAL] = i64_dec,
                           [WEIR_T_STRING] = i64_text},
        [WEIR_T_DOUBLE] = {[WEIR_T_INTEGER] = f64_i32,
                           [WEIR_T_BIGINT] = f64_i64,
                           [WEIR_T_STRING] = f64_text},
        [WEIR_T_STRING] = {[WEIR_T_INTEGER] = text_i32,
                           [WEIR_T_BIGINT] = text_i64,
                           [WEIR_T_DOUBLE] = text_f64,
                           [WEIR_T_DECIMAL] = text_dec},
        [WEIR_T_DECIMAL] = {[WEIR_T_DOUBLE] = dec_f64},
        [WEIR_T_DATE] = {[WEIR_T_TIMESTAMP] = date_timestamp},
    };
    WEIR_ASSERT(weir_cast_exists(from, to));
    s->run = table[from->kind][to->kind] ? table[from->kind][to->kind] : cast_boxed;
}
