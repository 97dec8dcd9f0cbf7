/* Expressions: typed trees over the columns of a plan node.
 *
 * The rules are ksqlDB's: comparisons and arithmetic convert implicitly, branches of CASE do not,
 * lists (IN, ARRAY, MAP) are brought to one type. Two kinds of message prefix exist because ksqlDB
 * finds errors in two places: its type checker and its code generator. */
#include "dsl/binder.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/base/limits.h"
#include "engine/data/datetime.h"

/* ---------------------------------------------------------------- errors */

weir_rc weir__type_fail(weir__env *env, weir_span span, const char *fmt, ...)
{
    char text[sizeof env->b->st->msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return weir__fail(env->b, span, "%s%s", env->type_error ? env->type_error : "", text);
}

weir_rc weir__code_fail(weir__env *env, weir_span span, const char *fmt, ...)
{
    char text[sizeof env->b->st->msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!env->code_error || !env->root) {
        return weir__fail(env->b, span, "%s", text);
    }
    weir_sv root = weir__text(env->b, env->root);
    return weir__fail(env->b, span, "%s%s. expression: " WEIR_SV_FMT, env->code_error, text,
                      WEIR_SV_ARG(root));
}

weir_rc weir__not_null(weir__env *env, const weir_ast_expr *e, const weir_expr *x)
{
    if (x->type->kind != WEIR_T_NULL) {
        return WEIR_OK;
    }
    return weir__type_fail(env, e->span,
                           "Can't infer a type of null. Please explicitly cast it to a required "
                           "type, e.g. CAST(null AS VARCHAR).");
}

/* ---------------------------------------------------------------- makers */

static const weir_expr *make(weir__env *env, const weir_ast_expr *e, weir_ex ex,
                             const weir_type *type, const weir_expr *const *kids, uint32_t n)
{
    weir_expr *x = weir_expr_new(env->b->a, ex, type, kids, n);
    x->span = e->span;
    return x;
}

static const weir_expr *literal(weir__env *env, const weir_ast_expr *e, const weir_type *type,
                                weir_value v)
{
    weir_expr *x = weir_expr_new(env->b->a, WEIR_EX_LITERAL, type, NULL, 0);
    weir_value *value = WEIR_NEW(env->b->a, weir_value);
    *value = v;
    x->value = value;
    x->span = e->span;
    return x;
}

const weir_expr *weir__literal_null(weir__binder *b, const weir_type *t)
{
    return weir_expr_literal(b->a, t, weir_null(t->kind));
}

const weir_expr *weir__to_type(weir__env *env, const weir_expr *x, const weir_type *t)
{
    if (x->type->kind == WEIR_T_NULL) {
        return weir__literal_null(env->b, t);
    }
    if (weir_type_eq(x->type, t)) {
        return x;
    }
    return weir_expr_cast(env->b->a, x, t);
}

/* The same for an operand of an operator: errors are not isolated. */
static const weir_expr *widen(weir__env *env, const weir_expr *x, const weir_type *t)
{
    return weir_expr_widen(env->b->a, x, t);
}

static const weir_type *boolean(void)
{
    return weir_type_of(WEIR_T_BOOLEAN);
}

/* ---------------------------------------------------------------- leaves */

int32_t weir__find_column(const weir_schema *s, weir_sv name)
{
    for (int32_t i = (int32_t)s->n - 1; i >= 0; i--) {
        if (weir_sv_eq(s->cols[i].name, name)) {
            return i;
        }
    }
    return -1;
}

static weir_rc decimal_literal(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    weir_dec_type t;
    weir_dec d;
    if (!weir_dec_literal_type(e->as.text, &t) || !weir_dec_type_valid(t.precision, t.scale) ||
        weir_dec_parse(env->b->a, e->as.text, t, WEIR_ROUND_EXACT, &d) != WEIR_DEC_OK) {
        return weir__type_fail(env, e->span, "Invalid numeric literal: " WEIR_SV_FMT,
                               WEIR_SV_ARG(e->as.text));
    }
    weir_value v = {.kind = WEIR_T_DECIMAL};
    v.dec = d;
    *out = literal(env, e, weir_type_decimal(env->b->a, t.precision, t.scale), v);
    return WEIR_OK;
}

static weir_rc bind_literal(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    weir_kind kind = WEIR_T_NULL;
    weir_value v = weir_null(WEIR_T_NULL);
    if (e->kind == WEIR_X_DECIMAL) {
        return decimal_literal(env, e, out);
    }
    if (e->kind == WEIR_X_BOOLEAN) {
        kind = WEIR_T_BOOLEAN;
        v = weir_bool(e->as.boolean);
    } else if (e->kind == WEIR_X_INTEGER) {
        kind = WEIR_T_INTEGER;
        v = weir_int((int32_t)e->as.integer);
    } else if (e->kind == WEIR_X_BIGINT) {
        kind = WEIR_T_BIGINT;
        v = weir_bigint(e->as.integer);
    } else if (e->kind == WEIR_X_DOUBLE) {
        kind = WEIR_T_DOUBLE;
        v = weir_double(e->as.real);
    } else if (e->kind == WEIR_X_STRING) {
        kind = WEIR_T_STRING;
        v = weir_string(weir_arena_sv(env->b->a, e->as.text));
    } else {
        WEIR_ASSERT(e->kind == WEIR_X_NULL);
    }
    *out = literal(env, e, weir_type_of(kind), v);
    return WEIR_OK;
}

static bool bind_parameter(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    if (weir_ast_has(&e->as.column.qualifier)) {
        return false;
    }
    for (const weir__lambda *l = env->lambda; l; l = l->outer) {
        for (uint32_t i = 0; i < l->names->n; i++) {
            if (weir_sv_eq(l->names->items[i].name, e->as.column.name.name)) {
                weir_expr *x = weir_expr_new(env->b->a, WEIR_EX_PARAM, l->types[i], NULL, 0);
                x->param = l->first + i;
                x->span = e->span;
                *out = x;
                return true;
            }
        }
    }
    return false;
}

static weir_rc bind_column(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    if (bind_parameter(env, e, out)) {
        return WEIR_OK;
    }
    int32_t i = env->schema ? weir__find_column(env->schema, e->as.column.name.name) : -1;
    if (i < 0) {
        weir_sv text = weir__text(env->b, e);
        return weir__type_fail(env, e->span, "Unknown column " WEIR_SV_FMT ".", WEIR_SV_ARG(text));
    }
    weir_expr *x = weir_expr_new(env->b->a, WEIR_EX_COLUMN, env->schema->cols[i].type, NULL, 0);
    x->column = (uint32_t)i;
    x->span = e->span;
    *out = x;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- operators */

static weir_rc bind_kids(weir__env *env, const weir_ast_expr *e, const weir_expr ***out)
{
    const weir_expr **kids = WEIR_NEW_N(env->b->a, const weir_expr *, e->n);
    for (uint32_t i = 0; i < e->n; i++) {
        WEIR_TRY(weir__expr(env, e->args[i], &kids[i]));
    }
    *out = kids;
    return WEIR_OK;
}

static weir_rc bind_arithmetic(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr **k;
    WEIR_TRY(bind_kids(env, e, &k));
    if (e->op == WEIR_OP_CONCAT) {
        return weir__call_named(env, e, WEIR_SV("CONCAT"), k, 2, out);
    }
    const weir_type *l = k[0]->type;
    const weir_type *r = k[1]->type;
    weir_sv text = weir__text(env->b, e);
    if (l->kind == WEIR_T_NULL || r->kind == WEIR_T_NULL) {
        weir_sv lt = l->kind == WEIR_T_NULL ? WEIR_SV("null") : weir__type_text(env->b, l);
        weir_sv rt = r->kind == WEIR_T_NULL ? WEIR_SV("null") : weir__type_text(env->b, r);
        return weir__type_fail(env, e->span,
                               "Error processing expression: " WEIR_SV_FMT
                               ". Arithmetic on types " WEIR_SV_FMT " and " WEIR_SV_FMT
                               " are not supported.",
                               WEIR_SV_ARG(text), WEIR_SV_ARG(lt), WEIR_SV_ARG(rt));
    }
    if (e->op == WEIR_OP_ADD && l->kind == WEIR_T_STRING && r->kind == WEIR_T_STRING) {
        return weir__call_named(env, e, WEIR_SV("CONCAT"), k, 2, out);
    }
    const weir_type *type = weir__arith_type(env->b->a, e->op, l, r);
    if (!type) {
        return weir__type_fail(
            env, e->span,
            "Error processing expression: " WEIR_SV_FMT ". Unsupported arithmetic types. %s %s",
            WEIR_SV_ARG(text), weir__kind_name(l->kind), weir__kind_name(r->kind));
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (type->kind == WEIR_T_DECIMAL) { /* keeps its own precision and scale */
            weir_dec_type t = weir__dec_type(k[i]->type);
            k[i] = widen(env, k[i], weir_type_decimal(env->b->a, t.precision, t.scale));
        } else {
            k[i] = widen(env, k[i], type);
        }
    }
    static const weir_ex ops[] = {
        [WEIR_OP_ADD] = WEIR_EX_ADD, [WEIR_OP_SUB] = WEIR_EX_SUB, [WEIR_OP_MUL] = WEIR_EX_MUL,
        [WEIR_OP_DIV] = WEIR_EX_DIV, [WEIR_OP_MOD] = WEIR_EX_MOD,
    };
    *out = make(env, e, ops[e->op], type, k, 2);
    return WEIR_OK;
}

static weir_rc bind_unary(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr *k;
    WEIR_TRY(weir__expr(env, e->args[0], &k));
    if (!weir_type_is_numeric(k->type)) {
        weir_sv text = weir__text(env->b, e);
        weir_sv type = weir__type_text(env->b, k->type);
        return weir__type_fail(env, e->span,
                               "Error processing expression: " WEIR_SV_FMT
                               ". Unsupported arithmetic types. " WEIR_SV_FMT,
                               WEIR_SV_ARG(text), WEIR_SV_ARG(type));
    }
    *out = e->op == WEIR_OP_SUB ? make(env, e, WEIR_EX_NEG, k->type, &k, 1) : k;
    return WEIR_OK;
}

/* The type that one side of a comparison takes beside the other. DECIMAL keeps its precision and
 * scale, and is compared with DOUBLE as it is. */
static const weir_type *comparison_type(weir_arena *a, const weir_type *l, const weir_type *r)
{
    if (weir_type_eq(l, r)) {
        return l;
    }
    if (weir_type_is_numeric(l)) {
        if (l->kind == WEIR_T_DECIMAL || l->kind == WEIR_T_DOUBLE) {
            return l;
        }
        if (r->kind == WEIR_T_DECIMAL) {
            weir_dec_type t = weir__dec_type(l);
            return weir_type_decimal(a, t.precision, t.scale);
        }
        return r->kind == WEIR_T_DOUBLE ? r : weir_type_of(WEIR_T_BIGINT);
    }
    if (l->kind == WEIR_T_TIMESTAMP || r->kind == WEIR_T_TIMESTAMP) {
        return weir_type_of(WEIR_T_TIMESTAMP);
    }
    return l->kind == WEIR_T_STRING ? r : l;
}

static weir_rc compare(weir__env *env, const weir_ast_expr *e, weir_ast_op op,
                       const weir_ast_expr *la, const weir_expr *l, const weir_ast_expr *ra,
                       const weir_expr *r, const weir_expr **out)
{
    if (l->type->kind == WEIR_T_NULL || r->type->kind == WEIR_T_NULL) {
        return weir__type_fail(env, e->span,
                               "Comparison with NULL not supported: %s %s %s\n"
                               "Use 'IS NULL' or 'IS NOT NULL' instead.",
                               weir__kind_name(l->type->kind), weir_ast_op_text(op),
                               weir__kind_name(r->type->kind));
    }
    if (!weir__comparable(l->type, op, r->type)) {
        weir_sv lt = weir__text(env->b, la);
        weir_sv rt = weir__text(env->b, ra);
        weir_sv ltype = weir__type_text(env->b, l->type);
        weir_sv rtype = weir__type_text(env->b, r->type);
        return weir__type_fail(env, e->span,
                               "Cannot compare " WEIR_SV_FMT " (" WEIR_SV_FMT ") to " WEIR_SV_FMT
                               " (" WEIR_SV_FMT ") with %s.",
                               WEIR_SV_ARG(lt), WEIR_SV_ARG(ltype), WEIR_SV_ARG(rt),
                               WEIR_SV_ARG(rtype), weir__op_name(op));
    }
    const weir_expr *k[2] = {l, r};
    for (uint32_t i = 0; i < 2; i++) {
        const weir_type *t = weir_type_is_nested(l->type)
                                 ? l->type
                                 : comparison_type(env->b->a, k[i]->type, i ? l->type : r->type);
        if (!weir_type_eq(k[i]->type, t) && !weir_cast_exists(k[i]->type, t)) {
            weir_sv from = weir__type_text(env->b, k[i]->type);
            weir_sv to = weir__type_text(env->b, t);
            return weir__code_fail(env, e->span,
                                   "Cast of " WEIR_SV_FMT " to " WEIR_SV_FMT " is not supported",
                                   WEIR_SV_ARG(from), WEIR_SV_ARG(to));
        }
        k[i] = widen(env, k[i], t);
    }
    static const weir_ex ops[] = {
        [WEIR_OP_EQ] = WEIR_EX_EQ,
        [WEIR_OP_NE] = WEIR_EX_NE,
        [WEIR_OP_LT] = WEIR_EX_LT,
        [WEIR_OP_LE] = WEIR_EX_LE,
        [WEIR_OP_GT] = WEIR_EX_GT,
        [WEIR_OP_GE] = WEIR_EX_GE,
        [WEIR_OP_DISTINCT] = WEIR_EX_DISTINCT,
    };
    *out = make(env, e, ops[op], boolean(), k, 2);
    return WEIR_OK;
}

/* In filters, ROWTIME and window bounds compare with text as with a time. */
static bool is_time_column(const weir__env *env, const weir_ast_expr *e)
{
    if (!env->filter || e->kind != WEIR_X_COLUMN) {
        return false;
    }
    weir__pseudo p = weir__pseudo_of(e->as.column.name.name);
    return p == WEIR__ROWTIME || p == WEIR__WINDOWSTART || p == WEIR__WINDOWEND;
}

static weir_rc bind_side(weir__env *env, const weir_ast_expr *e, bool time, const weir_expr **out)
{
    if (!time || e->kind != WEIR_X_STRING) {
        return weir__expr(env, e, out);
    }
    int64_t ms;
    weir_status why;
    if (weir_timestamp_parse(e->as.text, &ms, &why) != WEIR_OK) {
        return weir__fail(env->b, e->span, "Failed to parse timestamp '" WEIR_SV_FMT "': %s",
                          WEIR_SV_ARG(e->as.text), why.msg);
    }
    *out = literal(env, e, weir_type_of(WEIR_T_BIGINT), weir_bigint(ms));
    return WEIR_OK;
}

static weir_rc bind_compare(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr *l;
    const weir_expr *r;
    WEIR_TRY(bind_side(env, e->args[0], is_time_column(env, e->args[1]), &l));
    WEIR_TRY(bind_side(env, e->args[1], is_time_column(env, e->args[0]), &r));
    return compare(env, e, e->op, e->args[0], l, e->args[1], r, out);
}

static weir_rc bind_between(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr *x;
    const weir_expr *lo;
    const weir_expr *hi;
    bool time = is_time_column(env, e->args[0]);
    WEIR_TRY(weir__expr(env, e->args[0], &x));
    WEIR_TRY(bind_side(env, e->args[1], time, &lo));
    WEIR_TRY(bind_side(env, e->args[2], time, &hi));
    const weir_expr *k[2];
    WEIR_TRY(compare(env, e, WEIR_OP_GE, e->args[0], x, e->args[1], lo, &k[0]));
    WEIR_TRY(compare(env, e, WEIR_OP_LE, e->args[0], x, e->args[2], hi, &k[1]));
    *out = make(env, e, WEIR_EX_AND, boolean(), k, 2);
    return WEIR_OK;
}

static weir_rc need_boolean(weir__env *env, const weir_ast_expr *e, const weir_expr **x,
                            const char *what)
{
    if ((*x)->type->kind == WEIR_T_NULL) {
        *x = weir__literal_null(env->b, boolean());
    }
    if ((*x)->type->kind != WEIR_T_BOOLEAN) {
        weir_sv text = weir__text(env->b, e);
        weir_sv type = weir__type_text(env->b, (*x)->type);
        return weir__type_fail(env, e->span,
                               "%s needs a BOOLEAN, but " WEIR_SV_FMT " is " WEIR_SV_FMT ".", what,
                               WEIR_SV_ARG(text), WEIR_SV_ARG(type));
    }
    return WEIR_OK;
}

static weir_rc bind_logic(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr **k;
    WEIR_TRY(bind_kids(env, e, &k));
    for (uint32_t i = 0; i < e->n; i++) {
        WEIR_TRY(need_boolean(env, e->args[i], &k[i], weir_ast_op_text(e->op)));
    }
    /* A balanced tree: the run may be long, recursion over the result must not be deep. */
    weir_ex ex = e->op == WEIR_OP_AND ? WEIR_EX_AND : WEIR_EX_OR;
    uint32_t n = e->n;
    while (n > 1) {
        uint32_t half = 0;
        for (uint32_t i = 0; i < n; i += 2) {
            k[half++] = i + 1 < n ? make(env, e, ex, boolean(), &k[i], 2) : k[i];
        }
        n = half;
    }
    *out = k[0];
    return WEIR_OK;
}

static weir_rc bind_in(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr **k;
    const weir_type *common;
    WEIR_TRY(bind_kids(env, e, &k));
    WEIR_TRY(weir__coerce(env, (const weir_ast_expr *const *)e->args, k, e->n, true, &common));
    if (!common) { /* nothing but NULLs: never a match */
        *out = literal(env, e, boolean(), weir_bool(false));
        return WEIR_OK;
    }
    *out = make(env, e, WEIR_EX_IN, boolean(), k, e->n);
    return WEIR_OK;
}

static weir_rc bind_like(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr **k;
    WEIR_TRY(bind_kids(env, e, &k));
    for (uint32_t i = 0; i < 2; i++) {
        if (k[i]->type->kind == WEIR_T_NULL) {
            k[i] = weir__literal_null(env->b, weir_type_of(WEIR_T_STRING));
        }
        if (k[i]->type->kind != WEIR_T_STRING) {
            weir_sv text = weir__text(env->b, e->args[i]);
            weir_sv type = weir__type_text(env->b, k[i]->type);
            return weir__type_fail(env, e->args[i]->span,
                                   "LIKE needs a STRING, but " WEIR_SV_FMT " is " WEIR_SV_FMT ".",
                                   WEIR_SV_ARG(text), WEIR_SV_ARG(type));
        }
    }
    weir_expr *x = weir_expr_new(env->b->a, WEIR_EX_LIKE, boolean(), k, 2);
    x->span = e->span;
    if (e->as.text.n) {
        uint32_t at = 0;
        unsigned char c = (unsigned char)e->as.text.p[0];
        uint32_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        uint32_t point = more == 0 ? c : c & (0x3fu >> more);
        for (at = 1; at <= more && at < e->as.text.n; at++) {
            point = point << 6 | ((unsigned char)e->as.text.p[at] & 0x3f);
        }
        x->escape = point;
    }
    *out = x;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- CASE */

static weir_rc same_branch(weir__env *env, const weir_ast_expr *e, uint32_t when, uint32_t then,
                           const weir_type **common, const weir_expr *x)
{
    if (x->type->kind == WEIR_T_NULL) {
        return WEIR_OK;
    }
    if (!*common) {
        *common = x->type;
    }
    if (weir_type_eq(*common, x->type)) {
        return WEIR_OK;
    }
    weir_sv mine = weir__type_text(env->b, x->type);
    weir_sv theirs = weir__type_text(env->b, *common);
    if (e->as.kase.has_else && then == e->n - 1) {
        return weir__type_fail(env, e->args[then]->span,
                               "Invalid Case expression. Type for the default clause should be the "
                               "same as for 'THEN' clauses.\nTHEN type: " WEIR_SV_FMT
                               ".\nDEFAULT type: " WEIR_SV_FMT ".",
                               WEIR_SV_ARG(theirs), WEIR_SV_ARG(mine));
    }
    weir_sv w = weir__text(env->b, e->args[when]);
    weir_sv t = weir__text(env->b, e->args[then]);
    return weir__type_fail(env, e->args[then]->span,
                           "Invalid Case expression. Type for all 'THEN' clauses should be the "
                           "same.\nTHEN expression 'WHEN " WEIR_SV_FMT " THEN " WEIR_SV_FMT
                           "' has type: " WEIR_SV_FMT
                           ".\nPrevious THEN expression(s) type: " WEIR_SV_FMT ".",
                           WEIR_SV_ARG(w), WEIR_SV_ARG(t), WEIR_SV_ARG(mine), WEIR_SV_ARG(theirs));
}

static weir_rc bind_when(weir__env *env, const weir_ast_expr *e, const weir_expr *operand,
                         uint32_t i, const weir_expr **out)
{
    const weir_expr *w;
    WEIR_TRY(weir__expr(env, e->args[i], &w));
    if (operand) { /* CASE x WHEN y: an extension, x = y */
        return compare(env, e->args[i], WEIR_OP_EQ, e->args[0], operand, e->args[i], w, out);
    }
    if (w->type->kind != WEIR_T_BOOLEAN) {
        weir_sv text = weir__text(env->b, e->args[i]);
        weir_sv type = weir__type_text(env->b, w->type);
        return weir__type_fail(env, e->args[i]->span,
                               "WHEN operand type should be boolean.\nType for '" WEIR_SV_FMT
                               "' is " WEIR_SV_FMT,
                               WEIR_SV_ARG(text), WEIR_SV_ARG(type));
    }
    *out = w;
    return WEIR_OK;
}

static weir_rc bind_case(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr **k = WEIR_NEW_N(env->b->a, const weir_expr *, e->n);
    const weir_expr *operand = NULL;
    const weir_type *common = NULL;
    uint32_t n = 0;
    uint32_t i = 0;
    uint32_t end = e->n - (e->as.kase.has_else ? 1 : 0);
    if (e->as.kase.has_operand) {
        WEIR_TRY(weir__expr(env, e->args[i++], &operand));
    }
    for (; i + 1 < end; i += 2) {
        WEIR_TRY(bind_when(env, e, operand, i, &k[n]));
        WEIR_TRY(weir__expr(env, e->args[i + 1], &k[n + 1]));
        WEIR_TRY(same_branch(env, e, i, i + 1, &common, k[n + 1]));
        n += 2;
    }
    if (e->as.kase.has_else) {
        WEIR_TRY(weir__expr(env, e->args[end], &k[n]));
        WEIR_TRY(same_branch(env, e, end, end, &common, k[n]));
        n++;
    }
    if (!common) {
        return weir__type_fail(env, e->span,
                               "Invalid Case expression. All case branches have NULL type");
    }
    for (uint32_t b = 0; b < n; b++) {
        if (b % 2 == 1 || b + 1 == n) {
            k[b] = weir__to_type(env, k[b], common);
        }
    }
    *out = make(env, e, WEIR_EX_CASE, common, k, n);
    return WEIR_OK;
}

/* ---------------------------------------------------------------- casts and nested data */

static weir_rc bind_cast(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr *x;
    const weir_type *to;
    WEIR_TRY(weir__expr(env, e->args[0], &x));
    WEIR_TRY(weir__type(env->b, e->as.type, &to));
    if (x->type->kind != WEIR_T_NULL && !weir_cast_exists(x->type, to)) {
        weir_sv from = weir__type_text(env->b, x->type);
        weir_sv type = weir__type_text(env->b, to);
        return weir__code_fail(env, e->span,
                               "Cast of " WEIR_SV_FMT " to " WEIR_SV_FMT " is not supported",
                               WEIR_SV_ARG(from), WEIR_SV_ARG(type));
    }
    *out = weir__to_type(env, x, to);
    return WEIR_OK;
}

static weir_rc bind_field(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr *x;
    WEIR_TRY(weir__expr(env, e->args[0], &x));
    if (x->type->kind != WEIR_T_STRUCT) {
        weir_sv type = weir__type_text(env->b, x->type);
        return weir__type_fail(env, e->span, "Expected STRUCT type, got: " WEIR_SV_FMT,
                               WEIR_SV_ARG(type));
    }
    weir_sv name = e->as.name.name;
    int32_t i = weir_type_field(x->type, name);
    if (i < 0) {
        weir_sv base = weir__text(env->b, e->args[0]);
        weir__type_fail(env, e->as.name.span,
                        "Could not find field '" WEIR_SV_FMT "' in '" WEIR_SV_FMT "'.",
                        WEIR_SV_ARG(name), WEIR_SV_ARG(base));
        weir_sv *names = WEIR_NEW_N(env->b->a, weir_sv, x->type->n_fields);
        for (uint32_t f = 0; f < x->type->n_fields; f++) {
            names[f] = x->type->fields[f].name;
        }
        weir__hint_nearest(env->b, name, names, x->type->n_fields);
        return WEIR_ESQL;
    }
    weir_expr *f = weir_expr_new(env->b->a, WEIR_EX_FIELD, x->type->fields[i].type, &x, 1);
    f->field = (uint32_t)i;
    f->span = e->span;
    *out = f;
    return WEIR_OK;
}

static weir_rc bind_index(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr **k;
    WEIR_TRY(bind_kids(env, e, &k));
    const weir_type *base = k[0]->type;
    if (base->kind != WEIR_T_ARRAY && base->kind != WEIR_T_MAP) {
        weir_sv text = weir__text(env->b, e);
        weir_sv type = weir__type_text(env->b, base);
        weir_sv more = {0};
        if (base->kind == WEIR_T_STRUCT) {
            weir_sv b = weir__text(env->b, e->args[0]);
            weir_sv f = weir__text(env->b, e->args[1]);
            more = weir__str(
                env->b, " Use the dereference operator for STRUCTS: " WEIR_SV_FMT "->" WEIR_SV_FMT,
                WEIR_SV_ARG(b), WEIR_SV_ARG(f));
        }
        return weir__type_fail(env, e->span,
                               "Subscript expression (" WEIR_SV_FMT ") do not apply to " WEIR_SV_FMT
                               "." WEIR_SV_FMT,
                               WEIR_SV_ARG(text), WEIR_SV_ARG(type), WEIR_SV_ARG(more));
    }
    const weir_type *want = base->kind == WEIR_T_MAP ? base->key : weir_type_of(WEIR_T_INTEGER);
    bool fits = k[1]->type->kind == WEIR_T_NULL || weir_type_eq(k[1]->type, want) ||
                (base->kind == WEIR_T_ARRAY ? weir_type_is_numeric(k[1]->type)
                                            : weir__implicit(k[1]->type->kind, want->kind));
    if (!fits) {
        weir_sv text = weir__text(env->b, e->args[1]);
        weir_sv type = weir__type_text(env->b, k[1]->type);
        weir_sv wanted = weir__type_text(env->b, want);
        return weir__type_fail(env, e->args[1]->span,
                               "The index of %s must be " WEIR_SV_FMT ", but " WEIR_SV_FMT
                               " is " WEIR_SV_FMT ".",
                               base->kind == WEIR_T_MAP ? "a MAP" : "an ARRAY", WEIR_SV_ARG(wanted),
                               WEIR_SV_ARG(text), WEIR_SV_ARG(type));
    }
    k[1] = weir__to_type(env, k[1], want);
    *out = make(env, e, WEIR_EX_INDEX, base->item, k, 2);
    return WEIR_OK;
}

static uint32_t type_depth(const weir_type *t)
{
    uint32_t below = 0;
    if (t->kind == WEIR_T_ARRAY || t->kind == WEIR_T_MAP) {
        below = type_depth(t->item);
    }
    for (uint32_t i = 0; i < t->n_fields; i++) {
        uint32_t d = type_depth(t->fields[i].type);
        below = d > below ? d : below;
    }
    return below + 1;
}

static weir_rc constructed(weir__env *env, const weir_ast_expr *e, weir_ex ex,
                           const weir_type *type, const weir_expr **k, const weir_expr **out)
{
    if (type_depth(type) > WEIR_TYPE_DEPTH_MAX) {
        return weir_fail_at(env->b->st, WEIR_ELIMIT, e->span, "a type more than %d levels deep",
                            WEIR_TYPE_DEPTH_MAX);
    }
    *out = make(env, e, ex, type, k, e->n);
    return WEIR_OK;
}

#define SEE_4239 "(see https://github.com/confluentinc/ksql/issues/4239)"

static weir_rc bind_array(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr **k;
    const weir_type *item;
    if (e->n == 0) {
        return weir__type_fail(env, e->span,
                               "Array constructor cannot be empty. Please supply at "
                               "least one element " SEE_4239 ".");
    }
    WEIR_TRY(bind_kids(env, e, &k));
    WEIR_TRY(weir__coerce(env, (const weir_ast_expr *const *)e->args, k, e->n, false, &item));
    if (!item) {
        return weir__type_fail(env, e->span,
                               "Cannot construct an array with all NULL elements " SEE_4239
                               ". As a workaround, you may cast a NULL value to the "
                               "desired type.");
    }
    return constructed(env, e, WEIR_EX_ARRAY, weir_type_array(env->b->a, item), k, out);
}

static weir_rc bind_map(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    if (e->n == 0) {
        return weir__type_fail(env, e->span,
                               "Map constructor cannot be empty. Please supply at "
                               "least one key value pair " SEE_4239 ".");
    }
    uint32_t n = e->n / 2;
    const weir_expr **k;
    WEIR_TRY(bind_kids(env, e, &k));
    const weir_ast_expr **asts = WEIR_NEW_N(env->b->a, const weir_ast_expr *, n);
    const weir_expr **half = WEIR_NEW_N(env->b->a, const weir_expr *, n);
    const weir_type *types[2];
    for (uint32_t side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < n; i++) {
            asts[i] = e->args[2 * i + side];
            half[i] = k[2 * i + side];
        }
        WEIR_TRY(weir__coerce(env, asts, half, n, false, &types[side]));
        if (!types[side]) {
            return weir__type_fail(env, e->span,
                                   "Cannot construct a map with all NULL %s " SEE_4239
                                   ". As a workaround, you may cast a NULL %s to the "
                                   "desired type.",
                                   side ? "values" : "keys", side ? "value" : "key");
        }
        for (uint32_t i = 0; i < n; i++) {
            k[2 * i + side] = half[i];
        }
    }
    return constructed(env, e, WEIR_EX_MAP, weir_type_map(env->b->a, types[0], types[1]), k, out);
}

static weir_rc bind_struct(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr **k;
    WEIR_TRY(bind_kids(env, e, &k));
    weir_field *fields = WEIR_NEW_N(env->b->a, weir_field, e->n);
    for (uint32_t i = 0; i < e->n; i++) {
        WEIR_TRY(weir__not_null(env, e->args[i], k[i]));
        fields[i] = (weir_field){weir_arena_sv(env->b->a, e->as.names.items[i].name), k[i]->type};
        for (uint32_t j = 0; j < i; j++) {
            if (weir_sv_eq(fields[j].name, fields[i].name)) {
                weir_sv name = weir__quoted(env->b, fields[i].name);
                weir_sv one = weir__type_text(env->b, fields[j].type);
                weir_sv two = weir__type_text(env->b, fields[i].type);
                return weir__type_fail(env, e->as.names.items[i].span,
                                       "Duplicate field names found in STRUCT: '" WEIR_SV_FMT
                                       " " WEIR_SV_FMT "' and '" WEIR_SV_FMT " " WEIR_SV_FMT "'",
                                       WEIR_SV_ARG(name), WEIR_SV_ARG(one), WEIR_SV_ARG(name),
                                       WEIR_SV_ARG(two));
            }
        }
    }
    return constructed(env, e, WEIR_EX_STRUCT, weir_type_struct(env->b->a, fields, e->n), k, out);
}

/* ---------------------------------------------------------------- the switch */

static const weir_expr *matched(const weir__env *env, const weir_ast_expr *e)
{
    for (uint32_t i = 0; env->matches && i < env->matches->n; i++) {
        if (weir_ast_expr_eq(env->matches->items[i].ast, e)) {
            return env->matches->items[i].expr;
        }
    }
    return NULL;
}

weir_rc weir__expr(weir__env *env, const weir_ast_expr *e, const weir_expr **out)
{
    const weir_expr *known = matched(env, e);
    if (known) {
        *out = known;
        return WEIR_OK;
    }
    const weir_expr *x;
    switch (e->kind) {
    case WEIR_X_NULL:
    case WEIR_X_BOOLEAN:
    case WEIR_X_INTEGER:
    case WEIR_X_BIGINT:
    case WEIR_X_DECIMAL:
    case WEIR_X_DOUBLE:
    case WEIR_X_STRING:
        return bind_literal(env, e, out);
    case WEIR_X_VARIABLE:
        return weir__fail(env->b, e->span, "variable ${" WEIR_SV_FMT "} is not defined",
                          WEIR_SV_ARG(e->as.text));
    case WEIR_X_COLUMN:
        return bind_column(env, e, out);
    case WEIR_X_FIELD:
        return bind_field(env, e, out);
    case WEIR_X_INDEX:
        return bind_index(env, e, out);
    case WEIR_X_UNARY:
        return bind_unary(env, e, out);
    case WEIR_X_BINARY:
        return bind_arithmetic(env, e, out);
    case WEIR_X_COMPARE:
        return bind_compare(env, e, out);
    case WEIR_X_LOGIC:
        return bind_logic(env, e, out);
    case WEIR_X_NOT:
        WEIR_TRY(weir__expr(env, e->args[0], &x));
        WEIR_TRY(need_boolean(env, e->args[0], &x, "NOT"));
        *out = make(env, e, WEIR_EX_NOT, boolean(), &x, 1);
        return WEIR_OK;
    case WEIR_X_IS_NULL:
        WEIR_TRY(weir__expr(env, e->args[0], &x));
        if (x->type->kind == WEIR_T_NULL) {
            *out = literal(env, e, boolean(), weir_bool(!e->as.negated));
        } else {
            *out = make(env, e, e->as.negated ? WEIR_EX_IS_NOT_NULL : WEIR_EX_IS_NULL, boolean(),
                        &x, 1);
        }
        return WEIR_OK;
    case WEIR_X_BETWEEN:
        return bind_between(env, e, out);
    case WEIR_X_IN:
        return bind_in(env, e, out);
    case WEIR_X_LIKE:
        return bind_like(env, e, out);
    case WEIR_X_CASE:
        return bind_case(env, e, out);
    case WEIR_X_CAST:
        return bind_cast(env, e, out);
    case WEIR_X_ARRAY:
        return bind_array(env, e, out);
    case WEIR_X_MAP:
        return bind_map(env, e, out);
    case WEIR_X_STRUCT:
        return bind_struct(env, e, out);
    case WEIR_X_CALL:
        return weir__call(env, e, out);
    case WEIR_X_LAMBDA:
        return weir__fail(env->b, e->span, "A lambda can only be an argument of a function.");
    case WEIR_X_AT_ZONE:
        weir__fail(env->b, e->span, "AT TIME ZONE is not supported");
        return weir_hint(env->b->st, "use CONVERT_TZ(timestamp, from_zone, to_zone)");
    }
    WEIR_UNREACHABLE();
}
