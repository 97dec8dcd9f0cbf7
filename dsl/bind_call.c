/* Calls: scalar functions with their lambdas, table functions, aggregates. The registry resolves
 * overloads; here arguments are converted to what it chose and lambda bodies are bound in between.
 */
#include "dsl/binder.h"

const weir_function *weir__function(const weir__binder *b, const weir_ast_expr *call)
{
    WEIR_ASSERT(call->kind == WEIR_X_CALL);
    return weir_functions_find(b->functions, call->as.call.name.name);
}

bool weir__is_aggregate(const weir__binder *b, const weir_ast_expr *e)
{
    const weir_function *fn = e->kind == WEIR_X_CALL ? weir__function(b, e) : NULL;
    return fn && fn->n_aggs > 0;
}

bool weir__is_table_function(const weir__binder *b, const weir_ast_expr *e)
{
    const weir_function *fn = e->kind == WEIR_X_CALL ? weir__function(b, e) : NULL;
    return fn && fn->table_function;
}

static weir_rc no_function(weir__env *env, const weir_ast_expr *e, weir_sv name)
{
    weir_span span = e->kind == WEIR_X_CALL ? e->as.call.name.span : e->span;
    weir__type_fail(env, span, "Can't find any functions with the name '" WEIR_SV_FMT "'",
                    WEIR_SV_ARG(name));
    const weir_function *near = weir_functions_nearest(env->b->functions, name);
    if (near) {
        weir_hint(env->b->st, "did you mean %s?", near->name);
    }
    return WEIR_ESQL;
}

/* What the registry complained about, at the call and with the clause's prefix. */
static weir_rc resolve_failed(weir__env *env, const weir_ast_expr *e, weir_rc rc)
{
    weir_status *st = env->b->st;
    weir_sv msg = weir_arena_sv(env->b->a, weir_sv_cstr(st->msg));
    weir_sv hint = weir_arena_sv(env->b->a, weir_sv_cstr(st->hint));
    weir__type_fail(env, e->span, WEIR_SV_FMT, WEIR_SV_ARG(msg));
    st->rc = rc;
    if (hint.n) {
        weir_hint(st, WEIR_SV_FMT, WEIR_SV_ARG(hint));
    }
    return rc;
}

/* ---------------------------------------------------------------- arguments */

static weir_rc bind_argument(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    weir_unit unit;
    if (e->kind == WEIR_X_LAMBDA) {
        *out = NULL; /* bound when its parameters' types are known */
        return WEIR_OK;
    }
    bool is_unit = weir_ast_expr_as_unit(e, &unit) &&
                   (!env->schema || weir__find_column(env->schema, e->as.column.name.name) < 0);
    for (const weir__lambda *l = env->lambda; is_unit && l; l = l->outer) {
        for (uint32_t i = 0; i < l->names->n; i++) {
            is_unit = is_unit && !weir_sv_eq(l->names->items[i].name, e->as.column.name.name);
        }
    }
    if (is_unit) {
        weir_value v = {.kind = WEIR_T_UNIT};
        v.i32 = (int32_t)weir_unit_ms(unit);
        *out = weir_expr_literal(env->b->a, weir_type_of(WEIR_T_UNIT), v);
        return WEIR_OK;
    }
    return weir__expr(env, e, out);
}

static const weir_type **types_of(weir__env *env, const weir_expr *const *args, uint32_t n)
{
    const weir_type **types = WEIR_NEW_N(env->b->a, const weir_type *, n);
    for (uint32_t i = 0; i < n; i++) {
        types[i] = args[i] ? args[i]->type : weir_type_of(WEIR_T_LAMBDA);
    }
    return types;
}

static const uint32_t *arities(weir__env *env, const weir_ast_expr *e, uint32_t n)
{
    uint32_t *arity = WEIR_NEW_N(env->b->a, uint32_t, n);
    for (uint32_t i = 0; i < n && i < e->n; i++) {
        if (e->args[i]->kind == WEIR_X_LAMBDA) {
            arity[i] = e->args[i]->as.names.n;
        }
    }
    return arity;
}

static weir_rc bind_lambda(weir__env *env, const weir_ast_expr *e, weir_resolved *r, uint32_t at,
                           const weir_expr **out)
{
    weir__lambda frame = {
        .outer = env->lambda,
        .names = &e->as.names,
        .types = r->lambdas[at].params,
        .first = env->n_params,
    };
    if (r->lambdas[at].n != e->as.names.n) {
        return weir__type_fail(env, e->span,
                               "Was expecting %u arguments but found %u. Check your lambda "
                               "statement.",
                               r->lambdas[at].n, e->as.names.n);
    }
    env->n_params += e->as.names.n;
    env->lambda = &frame;
    const weir_expr *body;
    weir_rc rc = weir__expr(env, e->args[0], &body);
    env->lambda = frame.outer;
    WEIR_TRY(rc);
    WEIR_TRY(weir__not_null(env, e->args[0], body));
    rc = weir_resolved_lambda(r, at, body->type, env->b->a, env->b->st);
    if (rc != WEIR_OK) {
        return resolve_failed(env, e, rc);
    }
    weir_expr *x = weir_expr_new(env->b->a, WEIR_EX_LAMBDA, weir_type_of(WEIR_T_LAMBDA), &body, 1);
    x->span = e->span;
    x->lambda = (weir_lambda_def){frame.first, e->as.names.n, frame.types};
    *out = x;
    return WEIR_OK;
}

/* Conversions that the registry asked for; literals are noted in the call site. */
static void convert_arguments(weir__env *env, const weir_resolved *r, const weir_expr **args,
                              uint32_t n, weir_call *call)
{
    const weir_type **types = WEIR_NEW_N(env->b->a, const weir_type *, n);
    const weir_value **literals = WEIR_NEW_N(env->b->a, const weir_value *, n);
    for (uint32_t i = 0; i < n; i++) {
        if (args[i]->ex == WEIR_EX_LAMBDA || args[i]->type->kind == WEIR_T_UNIT) {
            types[i] = args[i]->type;
        } else {
            types[i] = r->args[i] && r->args[i]->kind != WEIR_T_NULL ? r->args[i] : args[i]->type;
            if (types[i]->kind == WEIR_T_NULL) { /* any type will do */
                types[i] = weir_type_of(WEIR_T_STRING);
            }
            args[i] = weir__to_type(env, args[i], types[i]);
        }
        weir_value v;
        if (args[i]->ex == WEIR_EX_LITERAL) {
            literals[i] = args[i]->value;
        } else if (args[i]->ex == WEIR_EX_CAST && args[i]->kids[0]->ex == WEIR_EX_LITERAL &&
                   weir_cast_value(env->b->a, args[i]->kids[0]->type, args[i]->kids[0]->value,
                                   types[i], &v)) {
            args[i] = weir_expr_literal(env->b->a, types[i], v);
            literals[i] = args[i]->value;
        }
    }
    call->nargs = n;
    call->arg_types = types;
    call->literals = literals;
    call->plan_arena = env->b->a;
    call->settings = env->b->settings;
}

/* ---------------------------------------------------------------- scalar and table functions */

weir_rc weir__call_bound(weir__env *env, const weir_ast_expr *e, const weir_function *fn,
                         const weir_expr **args, uint32_t n, const weir_expr **out)
{
    weir__binder *b = env->b;
    weir_resolved r = {0};
    weir_rc rc = weir_functions_resolve(b->functions, fn, types_of(env, args, n),
                                        arities(env, e, n), n, b->a, &r, b->st);
    if (rc != WEIR_OK) {
        return resolve_failed(env, e, rc);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!args[i]) {
            WEIR_TRY(bind_lambda(env, e->args[i], &r, i, &args[i]));
        }
    }
    rc = weir_resolved_finish(&r, fn, b->a, b->st);
    if (rc != WEIR_OK) {
        return resolve_failed(env, e, rc);
    }
    weir_call *call = WEIR_NEW(b->a, weir_call);
    call->function = fn;
    call->overload = &fn->overloads[r.index];
    call->type = r.result;
    convert_arguments(env, &r, args, n, call);
    weir_expr *x = weir_expr_new(b->a, WEIR_EX_CALL, r.result, args, n);
    x->call = call;
    x->span = e->span;
    *out = x;
    return WEIR_OK;
}

weir_rc weir__call_named(weir__env *env, const weir_ast_expr *e, weir_sv name,
                         const weir_expr *const *args, uint32_t n, const weir_expr **out)
{
    const weir_function *fn = weir_functions_find(env->b->functions, name);
    if (!fn) {
        return no_function(env, e, name);
    }
    const weir_expr **mine = WEIR_NEW_N(env->b->a, const weir_expr *, n);
    memcpy(mine, args, n * sizeof *mine);
    return weir__call_bound(env, e, fn, mine, n, out);
}

weir_rc weir__call(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    weir__binder *b = env->b;
    const weir_ast_call *c = &e->as.call;
    if (c->over) {
        return weir__unsupported(b, c->over->span, "OVER (…)");
    }
    const weir_function *fn = weir__function(b, e);
    if (!fn) {
        return no_function(env, e, c->name.name);
    }
    const weir_expr **args = WEIR_NEW_N(b->a, const weir_expr *, e->n);
    for (uint32_t i = 0; i < e->n; i++) {
        WEIR_TRY(bind_argument(env, e->args[i], &args[i]));
    }
    if (fn->n_aggs > 0) {
        return weir__fail(b, e->span,
                          "%s does not support aggregate functions: %s is an aggregate "
                          "function.",
                          env->no_aggregates ? env->no_aggregates : "The expression", fn->name);
    }
    if (fn->table_function) {
        return weir__fail(b, e->span,
                          "%s does not support table functions: %s is a table "
                          "function.",
                          env->no_aggregates ? env->no_aggregates : "The expression", fn->name);
    }
    if (c->distinct) {
        return weir__fail(b, e->span,
                          "DISTINCT can only be used in aggregate functions: %s is not "
                          "one.",
                          fn->name);
    }
    return weir__call_bound(env, e, fn, args, e->n, out);
}

/* ---------------------------------------------------------------- aggregates */

/* COUNT(DISTINCT x) counts exactly; other aggregates see every value once in no overload yet. */
static weir_rc aggregate_function(weir__env *env, const weir_ast_expr *e, const weir_function **fn)
{
    *fn = weir__function(env->b, e);
    WEIR_ASSERT(*fn);
    if (!e->as.call.distinct) {
        return WEIR_OK;
    }
    const weir_function *exact =
        weir_functions_find(env->b->functions, WEIR_SV("COUNT_DISTINCT_EXACT"));
    if (strcmp((*fn)->name, "COUNT") != 0 || !exact) {
        return weir__unsupported(env->b, e->span, "DISTINCT inside this aggregate function");
    }
    *fn = exact;
    return WEIR_OK;
}

static weir_rc aggregate_arguments(weir__env *env, const weir_ast_expr *e, const weir_function *fn,
                                   const weir_expr ***args, uint32_t *n)
{
    weir__binder *b = env->b;
    *n = e->n;
    *args = WEIR_NEW_N(b->a, const weir_expr *, e->n + 1);
    for (uint32_t i = 0; i < e->n; i++) {
        WEIR_TRY(bind_argument(env, e->args[i], &(*args)[i]));
    }
    if (e->n > 0) {
        return WEIR_OK;
    }
    weir_resolved r = {0};
    weir_status ignored;
    const weir_type *none[1] = {NULL};
    const uint32_t no_arity[1] = {0};
    if (weir_functions_resolve(b->functions, fn, none, no_arity, 0, b->a, &r, &ignored) ==
        WEIR_OK) {
        return WEIR_OK;
    }
    /* COUNT(*) without an overload of its own: ksqlDB passes ROWTIME, which is never NULL. */
    for (uint32_t i = 0; i < env->schema->n; i++) {
        if (env->schema->cols[i].role == WEIR_COL_ROWTIME ||
            weir__pseudo_of(env->schema->cols[i].name) == WEIR__ROWTIME) {
            (*args)[0] = weir_expr_column(b->a, env->schema, i);
            *n = 1;
            break;
        }
    }
    if (*n == 0) { /* behind a join or a re-key: any constant */
        (*args)[0] = weir_expr_literal(b->a, weir_type_of(WEIR_T_BIGINT), weir_bigint(0));
        *n = 1;
    }
    return WEIR_OK;
}

weir_rc weir__aggregate(weir__env *env, const weir_ast_expr *e, weir_call **out,
                        const weir_expr ***out_args, uint32_t *n_out)
{
    weir__binder *b = env->b;
    const weir_function *fn;
    const weir_expr **args;
    uint32_t n;
    if (e->as.call.over) {
        return weir__unsupported(b, e->as.call.over->span, "OVER (…)");
    }
    WEIR_TRY(aggregate_function(env, e, &fn));
    WEIR_TRY(aggregate_arguments(env, e, fn, &args, &n));
    weir_resolved r = {0};
    weir_rc rc = weir_functions_resolve(b->functions, fn, types_of(env, args, n),
                                        arities(env, e, n), n, b->a, &r, b->st);
    if (rc == WEIR_OK) {
        rc = weir_resolved_finish(&r, fn, b->a, b->st);
    }
    if (rc != WEIR_OK) {
        return resolve_failed(env, e, rc);
    }
    weir_call *call = WEIR_NEW(b->a, weir_call);
    call->function = fn;
    call->agg = &fn->aggs[r.index];
    call->type = r.result;
    for (uint32_t i = 0; i < n; i++) {
        if (!args[i]) {
            return weir__type_fail(env, e->args[i]->span, "Aggregate functions take no lambdas.");
        }
    }
    convert_arguments(env, &r, args, n, call);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool init = r.is_init && r.is_init[i];
        if (init && (i >= e->n || !weir_ast_is_literal(e->args[i]) || !call->literals[i])) {
            weir_sv text = i < e->n ? weir__text(b, e->args[i]) : (weir_sv){0};
            return weir__type_fail(env, e->span,
                                   "Parameter %u passed to function %s must be a literal constant, "
                                   "but was expression: '" WEIR_SV_FMT "'",
                                   i + 1, fn->name, WEIR_SV_ARG(text));
        }
        if (!init) {
            args[kept++] = args[i];
        }
    }
    *out = call;
    *out_args = args;
    *n_out = kept;
    weir_status why;
    weir_status_reset(&why);
    if (call->agg->check && call->agg->check(call, &why) != WEIR_OK) {
        return weir__type_fail(env, e->span, "%s", why.msg);
    }
    return WEIR_OK;
}
