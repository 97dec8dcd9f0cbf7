/* Steps that narrow selections: AND, OR, CASE, and the isolation of failures.
 *
 *   a AND b      d = and-split a → rows where a is TRUE; none: skip
 *                    … b over those rows
 *                d = join b
 *
 *   CASE         d = case                       all NULL
 *                when c1 → matched, rest; none matched: skip the branch
 *                    … then over matched; d = blend
 *                (test rest; none: skip to the end)
 *                …                              the next WHEN runs over rest
 *                    … else over rest; d = blend
 *                d = tidy                       drops an all-ones validity bitmap */
#include "engine/data/kernels.h"

static void split(weir_program *p, const weir_step *s, const weir_rows *r, bool go_on)
{
    const weir_vec *a = weir__arg(p, s, 0);
    const uint8_t *x = a->data;
    uint8_t *out = weir__out(p, s)->data;
    weir_rows *yes = &p->scopes[s->yes];
    uint32_t n = 0;
    if (!a->valid && a->mask && !r->sel) {
        for (uint32_t i = 0; i < r->n; i++) {
            out[i] = x[i];
            yes->room[n] = (uint16_t)i;
            n += x[i] == go_on;
        }
    } else {
        WEIR_EACH (r, k, row) {
            if (!weir_vec_is_valid(a, row)) {
                weir__set_err(p, s->dst, row);
                continue;
            }
            bool value = x[row & a->mask];
            out[row] = value;
            yes->room[n] = (uint16_t)row;
            n += value == go_on;
        }
    }
    yes->sel = yes->room;
    yes->n = n;
}

void weir__run_and_split(weir_program *p, const weir_step *s, const weir_rows *r)
{
    split(p, s, r, true);
}

void weir__run_or_split(weir_program *p, const weir_step *s, const weir_rows *r)
{
    split(p, s, r, false);
}

void weir__run_join(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *b = weir__arg(p, s, 0);
    const uint8_t *y = b->data;
    uint8_t *out = p->regs[s->dst].data;
    WEIR_EACH (r, k, row) {
        out[row] = y[row & b->mask];
        if (!weir_vec_is_valid(b, row)) {
            weir__set_err(p, s->dst, row);
        }
    }
}

void weir__run_case(weir_program *p, const weir_step *s, WEIR_UNUSED const weir_rows *r)
{
    weir__out(p, s);
    weir_bits_fill(weir__out_valid(p, s->dst), false);
}

void weir__run_when(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *c = weir__arg(p, s, 0);
    const uint8_t *x = c->data;
    uint16_t *yes = p->scopes[s->yes].room;
    uint16_t *no = p->scopes[s->no].room; /* may be the selection that is read: never ahead of it */
    uint32_t n_yes = 0;
    uint32_t n_no = 0;
    WEIR_EACH (r, k, row) {
        if (!weir_vec_is_valid(c, row)) {
            weir__set_err(p, s->dst, row);
            continue;
        }
        bool hit = x[row & c->mask];
        yes[n_yes] = (uint16_t)row;
        n_yes += hit;
        no[n_no] = (uint16_t)row;
        n_no += !hit;
    }
    p->scopes[s->yes] = (weir_rows){.sel = yes, .n = n_yes, .room = yes};
    p->scopes[s->no] = (weir_rows){.sel = no, .n = n_no, .room = no};
}

#define BLEND(ctype)                                                                               \
    do {                                                                                           \
        const ctype *from = v->data;                                                               \
        ctype *to = out->data;                                                                     \
        WEIR_EACH (r, k, row) {                                                                    \
            to[row] = from[row & v->mask];                                                         \
        }                                                                                          \
    } while (0)

void weir__run_blend(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *v = weir__arg(p, s, 0);
    weir_vec *out = &p->regs[s->dst];
    switch (weir_type_width(out->type)) {
    case 1:
        BLEND(uint8_t);
        break;
    case 4:
        BLEND(uint32_t);
        break;
    case 8:
        BLEND(uint64_t);
        break;
    case 16:
        BLEND(weir_dec);
        break;
    default:
        WEIR_ASSERT(out->type->kind == WEIR_T_NULL); /* CASE … THEN NULL END */
    }
    WEIR_EACH (r, k, row) {
        weir_bit_put(out->valid, row, weir_vec_is_valid(v, row));
        if (weir_vec_is_err(v, row)) {
            weir__set_err(p, s->dst, row);
        }
    }
}

void weir__run_tidy(weir_program *p, const weir_step *s, const weir_rows *r)
{
    weir_vec *out = &p->regs[s->dst];
    if (out->err) {
        return;
    }
    WEIR_EACH (r, k, row) {
        if (!weir_bit(out->valid, row)) {
            return;
        }
    }
    out->valid = NULL;
}

void weir__run_isolate(weir_program *p, const weir_step *s, const weir_rows *r)
{
    weir_vec *out = &p->regs[s->dst];
    *out = *weir__arg(p, s, 0);
    if (out->err && !p->strict) {
        weir__report(p, out, r, s->expr);
        out->err = NULL; /* failed rows are not valid: they are NULL now */
    }
}
