/* Running a program.
 *
 * What isolates a failure was read off ksqlDB's code generator, which wraps exactly these in
 * try/catch and gives NULL instead: the operand and work of a CAST, written or made for a function
 * argument or a list item; a call or a struct dereference that is directly an argument of a call;
 * each item of ARRAY, MAP and STRUCT constructors. Everything else lets the failure through:
 *
 *   x / 0 < 2            fails           LEN(f(x)), f fails     LEN(NULL)
 *   f(x) = 1, f fails    fails           CAST('a' AS INT) = 1   FALSE
 *   a AND b, a NULL      fails           ARRAY[1 / 0]           [NULL]
 *   a AND b, a FALSE     FALSE           s LIKE p, either NULL  fails
 *   CASE WHEN NULL …     fails           m[k], arr[NULL]        NULL, fails
 *
 * In WHERE and GROUP BY the value used for "NULL instead" is not NULL but a marker that fails as
 * soon as it is touched, so there nothing isolates: `strict`.
 *
 * Failed rows carry a message where the cause has one; a missing message means "NULL operand". The
 * failure is reported where it stops: where it is isolated, or at the root. */
#include "engine/data/program.h"

#include "engine/data/kernels.h"

static weir_sv text_of(weir_program *p, const weir_expr *e)
{
    weir_buf b;
    weir_buf_init(&b, 4096);
    if (p->schema) {
        weir_expr_print(&b, e, p->schema);
    }
    weir_sv text = weir_arena_sv(p->step_arena, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return text;
}

void weir__report(weir_program *p, const weir_vec *v, const weir_rows *r, const weir_expr *where)
{
    weir_row_errors *errors = p->errors;
    if (!v->err || !errors) {
        return;
    }
    weir_sv text = {0};
    WEIR_EACH (r, k, row) {
        if (!weir_vec_is_err(v, row)) {
            continue;
        }
        errors->count++;
        if (!errors->report) {
            continue;
        }
        if (!text.p) {
            text = text_of(p, where);
        }
        bool known = !v->mask ? false : weir_bit(p->has_message, row);
        weir_sv message = known ? p->messages[row] : WEIR_SV("NULL operand");
        errors->report(errors->ctx, text, message, p->batch,
                       p->outer_row < 0 ? row : (uint32_t)p->outer_row);
    }
}

void weir__fail_row(weir_program *p, uint32_t dst, uint32_t row, weir_sv message)
{
    weir__set_err(p, dst, row);
    if (!p->messages) {
        p->messages = WEIR_NEW_N(p->arena, weir_sv, p->capacity);
    }
    p->messages[row] = message;
    weir_bit_set(p->has_message, row);
}

void weir__store(weir_program *p, uint32_t dst, uint32_t row, const weir_value *v)
{
    if (v->null) {
        weir__set_null(p, dst, row);
        return;
    }
    void *data = p->regs[dst].data;
    switch (p->regs[dst].type->kind) {
    case WEIR_T_BOOLEAN:
        ((uint8_t *)data)[row] = v->b;
        return;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
        ((int32_t *)data)[row] = v->i32;
        return;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        ((int64_t *)data)[row] = v->i64;
        return;
    case WEIR_T_DOUBLE:
        ((double *)data)[row] = v->f64;
        return;
    case WEIR_T_DECIMAL:
        ((weir_dec *)data)[row] = v->dec;
        return;
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        ((weir_sv *)data)[row] = v->sv;
        return;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        ((const weir_value **)data)[row] = v;
        return;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

void weir__program_run(weir_program *p)
{
    memset(p->has_message, 0, sizeof p->has_message);
    if (p->scopes[0].n == 0) {
        return;
    }
    for (uint32_t i = 0; i < p->n_steps;) {
        const weir_step *s = &p->steps[i];
        if (s->run) {
            s->run(p, s, &p->scopes[s->scope]);
        }
        i = s->test && p->scopes[s->test].n == 0 ? s->skip : i + 1;
    }
}

static void run_batch(weir_program *p, const weir_batch *b, weir_row_errors *errors)
{
    WEIR_ASSERT(b->rows <= p->capacity && b->nsel <= b->rows);
    WEIR_ASSERT(b->sel || b->nsel == b->rows);
    p->step_arena = b->arena;
    p->batch = b;
    p->errors = errors;
    p->rows = b->rows;
    p->outer_row = -1;
    for (uint32_t i = 0; i < p->n_inputs; i++) {
        weir_vec *reg = &p->regs[p->inputs[i].reg];
        *reg = b->cols[p->inputs[i].column];
        reg->err = NULL; /* what failed in the program that made the column is NULL here */
    }
    p->scopes[0] = (weir_rows){.sel = b->sel, .n = b->nsel};
    weir__program_run(p);
    for (uint32_t i = 0; i < p->n_roots; i++) {
        weir__report(p, &p->regs[p->roots[i]], &p->scopes[0], p->exprs[i]);
    }
}

weir_program *weir_program_new(weir_arena *a, const weir_schema *input,
                               const weir_expr *const *exprs, uint32_t n,
                               const weir_settings *settings)
{
    return weir__program_new(a, input, exprs, n, settings, WEIR_BATCH_ROWS);
}

void weir_program_strict(weir_program *p)
{
    p->strict = true;
}

void weir_program_eval(weir_program *p, const weir_batch *b, weir_vec *out,
                       weir_row_errors *errors)
{
    run_batch(p, b, errors);
    for (uint32_t i = 0; i < p->n_roots; i++) {
        out[i] = p->regs[p->roots[i]];
    }
}

uint32_t weir_program_filter(weir_program *p, const weir_batch *b, uint16_t *sel_out,
                             weir_row_errors *errors)
{
    WEIR_ASSERT(p->n_roots == 1);
    p->strict = true;
    run_batch(p, b, errors);
    const weir_rows *r = &p->scopes[0];
    const weir_vec *v = &p->regs[p->roots[0]];
    WEIR_ASSERT(v->type->kind == WEIR_T_BOOLEAN);
    const uint8_t *pass = v->data;
    uint32_t n = 0;
    if (!v->valid && v->mask && !r->sel) {
        for (uint32_t row = 0; row < r->n; row++) {
            sel_out[n] = (uint16_t)row;
            n += pass[row];
        }
        return n;
    }
    WEIR_EACH (r, k, row) {
        if (weir_vec_is_valid(v, row)) {
            sel_out[n] = (uint16_t)row;
            n += pass[row & v->mask];
        }
    }
    return n;
}

void weir_program_print(const weir_program *p, weir_buf *out)
{
    for (uint32_t i = 0; i < p->n_steps; i++) {
        const weir_step *s = &p->steps[i];
        weir_buf_printf(out, "%3u  ", i);
        for (uint32_t depth = 0; depth < s->scope; depth++) {
            weir_buf_str(out, "  ");
        }
        if (s->dst != WEIR_NO_REG) {
            weir_buf_printf(out, "r%u = ", s->dst);
        }
        weir_buf_str(out, s->name);
        for (uint32_t k = 0; k < s->n_args; k++) {
            weir_buf_printf(out, " r%u", s->args[k]);
        }
        if (s->test) {
            weir_buf_printf(out, ", none: go to %u", s->skip);
        }
        if (s->expr && p->schema) {
            weir_buf_str(out, "  -- ");
            weir_expr_print(out, s->expr, p->schema);
        }
        weir_buf_byte(out, '\n');
    }
    for (uint32_t i = 0; i < p->n_roots; i++) {
        weir_buf_printf(out, "result %u: r%u\n", i, p->roots[i]);
    }
}

typedef struct const_error {
    weir_status *st;
} const_error;

static void keep_message(void *ctx, WEIR_UNUSED weir_sv where, weir_sv message,
                         WEIR_UNUSED const weir_batch *b, WEIR_UNUSED uint32_t row)
{
    weir_fail(((const_error *)ctx)->st, WEIR_EDATA, WEIR_SV_FMT, WEIR_SV_ARG(message));
}

/* A folded value lives as long as the program: big ones are better computed when needed. */
static bool worth_keeping(const weir_value *v)
{
    switch ((int)v->kind) {
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return v->null || v->sv.n <= 65536;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
        return v->null || v->n <= 1024;
    default:
        return true;
    }
}

/* Strict is folding: what is too big is refused as well. */
static bool eval_const(weir_arena *a, const weir_expr *e, const weir_settings *settings,
                       bool strict, weir_value *out, weir_status *st)
{
    weir_arena scratch;
    weir_arena_init(&scratch);
    weir_schema none = {0};
    weir_program *p = weir__program_new(&scratch, &none, &e, 1, settings, 1);
    p->strict = strict;
    weir_batch b = {.schema = &none, .rows = 1, .nsel = 1, .arena = &scratch};
    weir_vec v;
    const_error ctx = {st};
    weir_row_errors errors = {.report = keep_message, .ctx = &ctx};
    weir_program_eval(p, &b, &v, &errors);
    bool ok = !weir_vec_is_err(&v, 0);
    if (ok) {
        weir_value boxed = weir_vec_get(&v, 0);
        ok = !strict || worth_keeping(&boxed);
        *out = !ok || boxed.null ? weir_null(e->type->kind) : weir_value_copy(a, e->type, &boxed);
    }
    weir_arena_deinit(&scratch);
    return ok;
}

bool weir_expr_eval_const(weir_arena *a, const weir_expr *e, const weir_settings *settings,
                          weir_value *out, weir_status *st)
{
    return eval_const(a, e, settings, false, out, st);
}

bool weir__eval_strict(weir_arena *a, const weir_expr *e, const weir_settings *settings,
                       weir_value *out)
{
    return eval_const(a, e, settings, true, out, NULL);
}
