/* Calling functions: which rows are called at all, boxing for row kernels, and lambdas.
 *
 * A lambda's body is a program of its own. Its inputs are its parameters, one register each with
 * one row per tuple, and what it uses from outside, which is constant during one call: a view of
 * one row of an outer register, without a copy. */
#include "engine/data/kernels.h"

/* Takes out rows with a failed argument (failed) and, unless the function wants to see them, with a
 * NULL argument (NULL). Returns what is left. */
static weir_rows callable_rows(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_call_site *site = s->site;
    const weir_call *call = &site->call;
    bool nulls = call->overload->flags & WEIR_FN_NULLS;
    bool all = true;
    for (uint32_t i = 0; i < call->nargs; i++) {
        const weir_vec *v = weir__arg(p, s, i);
        bool lambda = call->lambdas && call->lambdas[i];
        all &= lambda || (!v->err && (nulls || !v->valid));
    }
    if (all) {
        return *r;
    }
    uint32_t n = 0;
    WEIR_EACH (r, k, row) {
        bool failed = false;
        bool null = false;
        for (uint32_t i = 0; i < call->nargs; i++) {
            if (!call->lambdas || !call->lambdas[i]) {
                const weir_vec *v = weir__arg(p, s, i);
                failed |= weir_vec_is_err(v, row);
                null |= !weir_vec_is_valid(v, row);
            }
        }
        if (failed) {
            weir__set_err(p, s->dst, row);
        } else if (null && !nulls) {
            weir__set_null(p, s->dst, row);
        } else {
            site->sel[n++] = (uint16_t)row;
        }
    }
    return (weir_rows){.sel = site->sel, .n = n};
}

static void call_vec(weir_program *p, const weir_step *s, const weir_rows *r)
{
    weir_call_site *site = s->site;
    weir_call *call = &site->call;
    weir_vec *out = &p->regs[s->dst];
    for (uint32_t i = 0; i < call->nargs; i++) {
        site->args[i] = *weir__arg(p, s, i);
    }
    call->overload->vec(call, site->args, call->nargs, r->sel, r->n, out);
    if (!out->err) {
        return;
    }
    WEIR_EACH (r, k, row) {
        if (weir_bit(out->err, row)) {
            weir__fail_row(p, s->dst, row,
                           call->failed ? call->error : WEIR_SV("the function failed"));
        }
    }
}

static void call_rows(weir_program *p, const weir_step *s, const weir_rows *r)
{
    weir_call_site *site = s->site;
    weir_call *call = &site->call;
    bool nested = weir_type_is_nested(p->regs[s->dst].type);
    weir_value scratch;
    WEIR_EACH (r, k, row) {
        for (uint32_t i = 0; i < call->nargs; i++) {
            if (!site->constant[i]) {
                site->values[i] = weir_vec_get(weir__arg(p, s, i), row);
            }
        }
        call->row = row;
        call->failed = false;
        scratch = call->overload->row(call, site->values, call->nargs);
        if (call->failed) {
            weir__fail_row(p, s->dst, row, call->error);
            continue;
        }
        const weir_value *result = &scratch;
        if (nested && !scratch.null) {
            weir_value *kept = WEIR_NEW(p->step_arena, weir_value);
            *kept = scratch;
            result = kept;
        }
        weir__store(p, s->dst, row, result);
    }
}

void weir__run_call(weir_program *p, const weir_step *s, const weir_rows *r)
{
    weir_call *call = &s->site->call;
    call->arena = p->step_arena;
    call->failed = false;
    weir__out(p, s);
    weir_rows callable = callable_rows(p, s, r);
    if (callable.n == 0) {
        return;
    }
    if (call->overload->vec) {
        call_vec(p, s, &callable);
    } else {
        call_rows(p, s, &callable);
    }
}

/* Lambdas. */

/* One row of a register as a constant. */
static weir_vec one_row(const weir_vec *v, uint32_t row)
{
    static const uint64_t never[WEIR_BITS_WORDS] = {0};
    weir_vec view = {.type = v->type, .mask = WEIR_VEC_CONST};
    size_t width = weir_type_width(v->type);
    view.data = (char *)v->data + width * (row & v->mask);
    if (!weir_vec_is_valid(v, row)) {
        view.valid = (uint64_t *)(uintptr_t)never; /* inputs are never written */
    }
    return view;
}

static const weir_vec *run_lambda(weir_call *c, const weir_lambda *l, const weir_vec *params,
                                  uint32_t rows)
{
    WEIR_ASSERT(rows <= WEIR_BATCH_ROWS);
    weir_program *body = l->body;
    const weir_program *outer = l->outer;
    for (uint32_t i = 0; i < l->n_params; i++) {
        body->regs[l->params[i]] = params[i];
    }
    for (uint32_t i = 0; i < l->n_imports; i++) {
        body->regs[l->imports[i].reg] = one_row(&outer->regs[l->imports[i].column], c->row);
    }
    body->strict = outer->strict;
    body->step_arena = outer->step_arena;
    body->batch = outer->batch;
    body->errors = outer->errors;
    body->outer_row = outer->outer_row < 0 ? (int32_t)c->row : outer->outer_row;
    body->rows = rows;
    body->scopes[0] = (weir_rows){.n = rows};
    weir__program_run(body);
    return &body->regs[body->roots[0]];
}

static const weir_lambda *lambda_of(const weir_call *c, uint32_t at)
{
    WEIR_ASSERT(c->lambdas && at < c->nargs && c->lambdas[at]);
    return c->lambdas[at];
}

/* Why a row of a body failed. */
static void keep_error(weir_call *c, const weir_program *body, uint32_t row)
{
    c->error = weir_bit(body->has_message, row) ? body->messages[row] : WEIR_SV("NULL operand");
}

bool weir_lambda_eval(weir_call *c, uint32_t at, const weir_value *params, uint32_t n,
                      weir_value *out)
{
    const weir_lambda *l = lambda_of(c, at);
    WEIR_ASSERT(n == l->n_params);
    for (uint32_t i = 0; i < n; i++) {
        weir_vec *v = &l->single[i];
        if (!v->type) {
            const weir_type *type = l->body->regs[l->params[i]].type;
            *v = (weir_vec){.type = type, .mask = WEIR_VEC_FLAT};
            v->data = weir_arena_zalloc(l->body->arena, sizeof(weir_dec));
        }
        v->valid = NULL;
        weir_vec_put(v, c->arena, 0, &params[i]);
    }
    const weir_vec *result = run_lambda(c, l, l->single, 1);
    if (weir_vec_is_err(result, 0)) {
        keep_error(c, l->body, 0);
        *out = weir_null(result->type->kind);
        return false;
    }
    *out = weir_vec_get(result, 0);
    return true;
}

void weir_lambda_eval_many(weir_call *c, uint32_t at, const weir_vec *params, uint32_t rows,
                           weir_vec *out)
{
    const weir_lambda *l = lambda_of(c, at);
    const weir_vec *result = run_lambda(c, l, params, rows);
    size_t width = weir_type_width(result->type);
    *out = (weir_vec){.type = result->type, .mask = WEIR_VEC_FLAT};
    out->data = weir_arena_alloc(c->arena, rows * (width ? width : 1));
    if (result->mask) {
        memcpy(out->data, result->data, rows * width);
    } else {
        for (uint32_t i = 0; i < rows; i++) {
            memcpy((char *)out->data + i * width, result->data, width);
        }
    }
    if (!result->valid && !result->err) {
        return;
    }
    for (uint32_t i = 0; i < rows; i++) {
        if (!weir_vec_is_valid(result, i)) {
            weir_bit_clear(weir_vec_need_valid(out, c->arena), i);
        }
        if (weir_vec_is_err(result, i)) {
            weir_bit_set(weir_vec_need_err(out, c->arena), i);
            keep_error(c, l->body, i);
        }
    }
}
