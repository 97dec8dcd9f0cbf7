/* Before compiling: operands of operators get one type, and what depends on literals only is
 * computed once. A constant that fails is left for the rows to fail. Folding is done as strictly as
 * a filter evaluates, so that a folded value is right in either mode. */
#include "engine/data/kernels.h"

bool weir__is_simple(const weir_expr *e)
{
    return e->ex == WEIR_EX_COLUMN || e->ex == WEIR_EX_LITERAL || e->ex == WEIR_EX_PARAM;
}

static bool is_compare(weir_ex ex)
{
    return ex >= WEIR_EX_EQ && ex <= WEIR_EX_NOT_DISTINCT;
}

static bool is_arithmetic(weir_ex ex)
{
    return ex >= WEIR_EX_ADD && ex <= WEIR_EX_MOD;
}

/* DECIMAL = DOUBLE: NaN fails. */
static bool mixed_decimal(const weir_expr *e)
{
    return (e->kids[0]->type->kind == WEIR_T_DECIMAL) != (e->kids[1]->type->kind == WEIR_T_DECIMAL);
}

bool weir__is_total(const weir_expr *e)
{
    if (is_compare(e->ex)) {
        return weir__is_simple(e->kids[0]) && weir__is_simple(e->kids[1]) && !mixed_decimal(e) &&
               !weir_type_is_nested(e->kids[0]->type);
    }
    switch ((int)e->ex) {
    case WEIR_EX_LITERAL:
        return e->type->kind == WEIR_T_BOOLEAN && !e->value->null;
    case WEIR_EX_IS_NULL:
    case WEIR_EX_IS_NOT_NULL:
        return weir__is_simple(e->kids[0]);
    case WEIR_EX_NOT:
        return weir__is_total(e->kids[0]);
    case WEIR_EX_AND:
    case WEIR_EX_OR:
        return weir__is_total(e->kids[0]) && weir__is_total(e->kids[1]);
    case WEIR_EX_IN:
        for (uint32_t i = 1; i < e->n; i++) {
            if (e->kids[i]->ex != WEIR_EX_LITERAL) {
                return false;
            }
        }
        return weir__is_simple(e->kids[0]) && !weir_type_is_nested(e->kids[0]->type);
    default:
        return false;
    }
}

static bool any_kid_fails(const weir_expr *e)
{
    for (uint32_t i = 0; i < e->n; i++) {
        if (weir__can_fail(e->kids[i])) {
            return true;
        }
    }
    return false;
}

static bool cast_can_fail(const weir_type *from, const weir_type *to)
{
    if (from->kind == WEIR_T_STRING) {
        return to->kind != WEIR_T_STRING && to->kind != WEIR_T_BOOLEAN;
    }
    return to->kind == WEIR_T_DECIMAL || weir_type_is_nested(from);
}

bool weir__can_fail(const weir_expr *e)
{
    if (is_compare(e->ex)) {
        return any_kid_fails(e) || mixed_decimal(e);
    }
    switch ((int)e->ex) {
    case WEIR_EX_COLUMN:
    case WEIR_EX_LITERAL:
    case WEIR_EX_PARAM:
    case WEIR_EX_LAMBDA:
        return false;
    case WEIR_EX_CAST:
        return cast_can_fail(e->kids[0]->type, e->type) || any_kid_fails(e);
    case WEIR_EX_IS_NULL:
    case WEIR_EX_IS_NOT_NULL:
    case WEIR_EX_IN:
    case WEIR_EX_FIELD:
    case WEIR_EX_ARRAY:
    case WEIR_EX_MAP:
    case WEIR_EX_STRUCT:
        return any_kid_fails(e);
    case WEIR_EX_INDEX:
        return any_kid_fails(e) || (e->kids[0]->type->kind == WEIR_T_ARRAY &&
                                    (e->kids[1]->ex != WEIR_EX_LITERAL || e->kids[1]->value->null));
    case WEIR_EX_AND:
    case WEIR_EX_OR:
    case WEIR_EX_NOT:
        return !weir__is_total(e);
    case WEIR_EX_CASE:
        for (uint32_t i = 0; i + 1 < e->n; i += 2) {
            if (!weir__is_total(e->kids[i])) {
                return true;
            }
        }
        return any_kid_fails(e);
    default:
        return true;
    }
}

static int number_rank(weir_kind k)
{
    return k == WEIR_T_INTEGER ? 1 : k == WEIR_T_BIGINT ? 2 : k == WEIR_T_DECIMAL ? 3
           : k == WEIR_T_DOUBLE                         ? 4
                                                        : 0;
}

static const weir_expr *to_decimal(weir_arena *a, const weir_expr *e)
{
    weir_dec_type t = e->type->kind == WEIR_T_INTEGER ? WEIR_DEC_INT : WEIR_DEC_BIGINT;
    return weir_expr_widen(a, e, weir_type_decimal(a, t.precision, t.scale));
}

/* `e` as an operand that meets a value of type `other`. */
static const weir_expr *meet(weir_arena *a, const weir_expr *e, const weir_type *other)
{
    weir_kind from = e->type->kind;
    weir_kind to = other->kind;
    if (from == to || from == WEIR_T_NULL) {
        return from == to ? e : weir_expr_widen(a, e, other);
    }
    if (number_rank(from) && number_rank(to)) {
        if (number_rank(from) > number_rank(to) || from == WEIR_T_DECIMAL) {
            return e;
        }
        return to == WEIR_T_DECIMAL ? to_decimal(a, e) : weir_expr_widen(a, e, other);
    }
    bool parse = from == WEIR_T_STRING && (to == WEIR_T_DATE || to == WEIR_T_TIME ||
                                           to == WEIR_T_TIMESTAMP || to == WEIR_T_BYTES);
    bool day = from == WEIR_T_DATE && to == WEIR_T_TIMESTAMP;
    return parse || day ? weir_expr_widen(a, e, other) : e;
}

/* Arithmetic: the operand's type follows from the result's. */
static const weir_expr *operand(weir_arena *a, const weir_expr *e, const weir_type *result)
{
    if (e->type->kind == result->kind) {
        return e;
    }
    if (result->kind != WEIR_T_DECIMAL || e->type->kind == WEIR_T_NULL) {
        return weir_expr_widen(a, e, result);
    }
    return to_decimal(a, e);
}

static bool normalise(weir_arena *a, const weir_expr *e, const weir_expr **kids)
{
    const weir_expr *x = kids[0];
    const weir_expr *y = e->n > 1 ? kids[1] : NULL;
    if (is_arithmetic(e->ex)) {
        kids[0] = operand(a, x, e->type);
        kids[1] = operand(a, y, e->type);
    } else if (is_compare(e->ex)) {
        kids[0] = meet(a, x, y->type);
        kids[1] = meet(a, y, kids[0]->type);
    }
    return kids[0] != x || (y && kids[1] != y);
}

static bool is_constant(const weir_expr *e)
{
    if (weir__is_simple(e) || e->ex == WEIR_EX_LAMBDA || e->type->kind == WEIR_T_NULL ||
        (e->ex == WEIR_EX_CALL && !weir_expr_is_pure(e))) {
        return false;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        if (e->kids[i]->ex != WEIR_EX_LITERAL) {
            return false;
        }
    }
    return true;
}

static const weir_expr *fold(weir_arena *a, const weir_expr *e, const weir_settings *settings,
                             bool compute)
{
    if (e->n) {
        const weir_expr **kids = WEIR_NEW_N(a, const weir_expr *, e->n);
        bool changed = false;
        for (uint32_t i = 0; i < e->n; i++) {
            kids[i] = fold(a, e->kids[i], settings, compute);
            changed |= kids[i] != e->kids[i];
        }
        if (normalise(a, e, kids)) {
            changed = true;
            for (uint32_t i = 0; i < e->n; i++) {
                kids[i] = kids[i]->ex == WEIR_EX_CAST ? fold(a, kids[i], settings, compute)
                                                      : kids[i];
            }
        }
        if (changed) {
            weir_expr *copy = WEIR_NEW(a, weir_expr);
            *copy = *e;
            copy->kids = kids;
            e = copy;
        }
    }
    weir_value value;
    if (compute && is_constant(e) && weir__eval_strict(a, e, settings, &value)) {
        return weir_expr_literal(a, e->type, value);
    }
    return e;
}

const weir_expr *weir__fold(weir_arena *a, const weir_expr *e, const weir_settings *settings)
{
    return fold(a, e, settings, true);
}

const weir_expr *weir__normalise(weir_arena *a, const weir_expr *e)
{
    return fold(a, e, NULL, false);
}
