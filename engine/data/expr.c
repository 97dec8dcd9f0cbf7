/* Walks over bound trees: making, comparing, re-numbering. Trees share parts and are never changed
 * after binding, so every rewrite copies the path it changes and nothing else. Depth is bounded by
 * the binder (WEIR_EXPR_DEPTH_MAX), hence plain recursion. */
#include "engine/data/expr.h"

#include "engine/base/hash.h"

weir_expr *weir_expr_new(weir_arena *a, weir_ex ex, const weir_type *type,
                         const weir_expr *const *kids, uint32_t n)
{
    WEIR_ASSERT(type != NULL);
    weir_expr *e = WEIR_NEW(a, weir_expr);
    e->ex = ex;
    e->type = type;
    e->n = n;
    if (n) {
        const weir_expr **copy = WEIR_NEW_N(a, const weir_expr *, n);
        memcpy(copy, kids, n * sizeof *copy);
        e->kids = copy;
    }
    return e;
}

const weir_expr *weir_expr_column(weir_arena *a, const weir_schema *s, uint32_t column)
{
    WEIR_ASSERT(column < s->n);
    weir_expr *e = weir_expr_new(a, WEIR_EX_COLUMN, s->cols[column].type, NULL, 0);
    e->column = column;
    return e;
}

const weir_expr *weir_expr_literal(weir_arena *a, const weir_type *type, weir_value v)
{
    weir_value *value = WEIR_NEW(a, weir_value);
    *value = v;
    weir_expr *e = weir_expr_new(a, WEIR_EX_LITERAL, type, NULL, 0);
    e->value = value;
    return e;
}

static const weir_expr *cast_to(weir_arena *a, const weir_expr *e, const weir_type *to, bool widen)
{
    if (weir_type_eq(e->type, to)) {
        return e;
    }
    WEIR_ASSERT(weir_cast_exists(e->type, to));
    weir_expr *cast = weir_expr_new(a, WEIR_EX_CAST, to, &e, 1);
    cast->span = e->span;
    cast->widen = widen;
    return cast;
}

const weir_expr *weir_expr_cast(weir_arena *a, const weir_expr *e, const weir_type *to)
{
    return cast_to(a, e, to, false);
}

const weir_expr *weir_expr_widen(weir_arena *a, const weir_expr *e, const weir_type *to)
{
    return cast_to(a, e, to, true);
}

const weir_expr *weir_expr_remap(weir_arena *a, const weir_expr *e, const int32_t *map)
{
    if (e->ex == WEIR_EX_COLUMN) {
        WEIR_ASSERT(map[e->column] >= 0);
        if ((uint32_t)map[e->column] == e->column) {
            return e;
        }
        weir_expr *copy = WEIR_NEW(a, weir_expr);
        *copy = *e;
        copy->column = (uint32_t)map[e->column];
        return copy;
    }
    const weir_expr **kids = NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        const weir_expr *kid = weir_expr_remap(a, e->kids[i], map);
        if (kid != e->kids[i] && !kids) {
            kids = WEIR_NEW_N(a, const weir_expr *, e->n);
            memcpy(kids, e->kids, e->n * sizeof *kids);
        }
        if (kids) {
            kids[i] = kid;
        }
    }
    if (!kids) {
        return e;
    }
    weir_expr *copy = WEIR_NEW(a, weir_expr);
    *copy = *e;
    copy->kids = kids;
    return copy;
}

void weir_expr_columns(const weir_expr *e, bool *used)
{
    if (e->ex == WEIR_EX_COLUMN) {
        used[e->column] = true;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        weir_expr_columns(e->kids[i], used);
    }
}

static bool impure_call(const weir_expr *e)
{
    return e->ex == WEIR_EX_CALL && e->call->overload &&
           (e->call->overload->flags & WEIR_FN_IMPURE);
}

bool weir_expr_is_pure(const weir_expr *e)
{
    if (impure_call(e)) {
        return false;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        if (!weir_expr_is_pure(e->kids[i])) {
            return false;
        }
    }
    return true;
}

static bool same_payload(const weir_expr *a, const weir_expr *b)
{
    switch (a->ex) {
    case WEIR_EX_COLUMN:
        return a->column == b->column;
    case WEIR_EX_LITERAL:
        return a->type->kind == WEIR_T_UNIT ? a->value->i32 == b->value->i32
                                            : weir_value_eq(a->type, a->value, b->value);
    case WEIR_EX_CALL:
        return !impure_call(a) && a->call->function == b->call->function &&
               a->call->overload == b->call->overload && a->call->agg == b->call->agg &&
               a->call->settings == b->call->settings;
    case WEIR_EX_CAST:
        return a->widen == b->widen;
    case WEIR_EX_LIKE:
        return a->escape == b->escape;
    case WEIR_EX_FIELD:
        return a->field == b->field;
    case WEIR_EX_PARAM:
        return a->param == b->param;
    case WEIR_EX_LAMBDA:
        return a->lambda.first_param == b->lambda.first_param &&
               a->lambda.n_params == b->lambda.n_params;
    case WEIR_EX_ADD:
    case WEIR_EX_SUB:
    case WEIR_EX_MUL:
    case WEIR_EX_DIV:
    case WEIR_EX_MOD:
    case WEIR_EX_NEG:
    case WEIR_EX_EQ:
    case WEIR_EX_NE:
    case WEIR_EX_LT:
    case WEIR_EX_LE:
    case WEIR_EX_GT:
    case WEIR_EX_GE:
    case WEIR_EX_DISTINCT:
    case WEIR_EX_NOT_DISTINCT:
    case WEIR_EX_AND:
    case WEIR_EX_OR:
    case WEIR_EX_NOT:
    case WEIR_EX_IS_NULL:
    case WEIR_EX_IS_NOT_NULL:
    case WEIR_EX_IN:
    case WEIR_EX_CASE:
    case WEIR_EX_INDEX:
    case WEIR_EX_ARRAY:
    case WEIR_EX_MAP:
    case WEIR_EX_STRUCT:
        return true;
    }
    WEIR_UNREACHABLE();
}

bool weir_expr_eq(const weir_expr *a, const weir_expr *b)
{
    if (a->ex != b->ex || a->n != b->n || !weir_type_eq(a->type, b->type) || !same_payload(a, b)) {
        return false;
    }
    for (uint32_t i = 0; i < a->n; i++) {
        if (!weir_expr_eq(a->kids[i], b->kids[i])) {
            return false;
        }
    }
    return true;
}

uint64_t weir_expr_hash(const weir_expr *e)
{
    uint64_t h = weir_hash_u64((uint64_t)e->ex << 32 | (uint64_t)e->type->kind << 24 | e->n);
    if (e->ex == WEIR_EX_LITERAL && e->type->kind != WEIR_T_UNIT) {
        h ^= weir_value_hash(e->type, e->value);
    } else if (e->ex == WEIR_EX_COLUMN || e->ex == WEIR_EX_PARAM || e->ex == WEIR_EX_FIELD) {
        h ^= weir_hash_u64(e->column); /* one union: column, param, field */
    } else if (e->ex == WEIR_EX_CALL) {
        h ^= weir_hash_u64((uint64_t)(uintptr_t)e->call->function);
    }
    for (uint32_t i = 0; i < e->n; i++) {
        h = weir_hash_u64(h + 0x9e3779b97f4a7c15u + weir_expr_hash(e->kids[i]));
    }
    return h;
}
