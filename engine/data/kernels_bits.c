/* Validity and failures of whole registers, a word of 64 rows at a time; and the boolean loops. */
#include "engine/data/kernels.h"

void weir__spread(weir_program *p, const weir_step *s, bool nulls_fail)
{
    bool any = false;
    for (uint32_t i = 0; i < s->n_args; i++) {
        const weir_vec *v = weir__arg(p, s, i);
        any |= v->valid != NULL || v->err != NULL;
    }
    if (!any) {
        return;
    }
    uint64_t *valid = weir__out_valid(p, s->dst);
    uint64_t *err = weir__out_err(p, s->dst);
    uint64_t failed = 0;
    for (uint32_t w = 0; w < weir__words(p); w++) {
        uint64_t ok = ~(uint64_t)0;
        uint64_t bad = 0;
        for (uint32_t i = 0; i < s->n_args; i++) {
            const weir_vec *v = weir__arg(p, s, i);
            ok &= weir__word(v->valid, v->mask, w, ~(uint64_t)0);
            bad |= weir__word(v->err, v->mask, w, 0);
        }
        bad |= nulls_fail ? ~ok : 0;
        valid[w] = ok & ~bad;
        err[w] = bad;
        failed |= bad;
    }
    if (!failed) {
        p->regs[s->dst].err = NULL;
    }
}

#define LOGIC_LOOP(name, OP)                                                                       \
    void name(weir_program *p, const weir_step *s, const weir_rows *r)                             \
    {                                                                                              \
        const weir_vec *a = weir__arg(p, s, 0);                                                    \
        const weir_vec *b = weir__arg(p, s, 1);                                                    \
        const uint8_t *restrict x = a->data;                                                       \
        const uint8_t *restrict y = b->data;                                                       \
        uint8_t *restrict out = weir__out(p, s)->data;                                             \
        weir__spread(p, s, true);                                                                  \
        if (!r->sel && a->mask && b->mask) {                                                       \
            for (uint32_t i = 0; i < r->n; i++) {                                                  \
                out[i] = x[i] OP y[i];                                                             \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        WEIR_EACH (r, k, row) {                                                                    \
            out[row] = x[row & a->mask] OP y[row & b->mask];                                       \
        }                                                                                          \
    }
LOGIC_LOOP(weir__run_and, &)
LOGIC_LOOP(weir__run_or, |)

void weir__run_not(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *a = weir__arg(p, s, 0);
    const uint8_t *restrict x = a->data;
    uint8_t *restrict out = weir__out(p, s)->data;
    weir__spread(p, s, true);
    if (!r->sel && a->mask) {
        for (uint32_t i = 0; i < r->n; i++) {
            out[i] = x[i] ^ 1;
        }
        return;
    }
    WEIR_EACH (r, k, row) {
        out[row] = x[row & a->mask] ^ 1;
    }
}

static void null_test(weir_program *p, const weir_step *s, const weir_rows *r, bool when_null)
{
    const weir_vec *a = weir__arg(p, s, 0);
    weir_vec *out = weir__out(p, s);
    uint8_t *data = out->data;
    if (!a->valid) {
        memset(data, !when_null, p->rows);
        return;
    }
    WEIR_EACH (r, k, row) {
        data[row] = (uint8_t)(weir_bit(a->valid, row & a->mask) != when_null);
        if (weir_vec_is_err(a, row)) {
            weir__set_err(p, s->dst, row);
        }
    }
}

void weir__run_is_null(weir_program *p, const weir_step *s, const weir_rows *r)
{
    null_test(p, s, r, true);
}

void weir__run_is_not_null(weir_program *p, const weir_step *s, const weir_rows *r)
{
    null_test(p, s, r, false);
}
