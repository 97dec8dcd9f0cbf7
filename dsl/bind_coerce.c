/* Lists of expressions of one type, and values that change their type: what IN, ARRAY[], MAP() and
 * INSERT VALUES do.
 *
 * The first element that is not NULL sets the kind of type; every other must be convertible to it
 * or the other way round. Literals convert more (lax): '10' is a number beside numbers.
 * Constructors are looked into, so that ARRAY['1'] fits ARRAY[2]. */
#include "dsl/binder.h"

#include "engine/data/datetime.h"
#include "engine/data/text.h"

/* ---------------------------------------------------------------- types */

static const weir_type *coerce_struct(weir_arena *a, const weir_type *from, const weir_type *to,
                                      bool lax)
{
    uint32_t n = 0;
    weir_field *fields = WEIR_NEW_N(a, weir_field, from->n_fields + to->n_fields);
    for (uint32_t i = 0; i < from->n_fields; i++) {
        int32_t at = weir_type_field(to, from->fields[i].name);
        const weir_type *t = from->fields[i].type;
        if (at >= 0) {
            t = weir__can_coerce(a, t, to->fields[at].type, lax);
            if (!t) {
                return NULL;
            }
        }
        fields[n++] = (weir_field){from->fields[i].name, t};
    }
    for (uint32_t i = 0; i < to->n_fields; i++) {
        if (weir_type_field(from, to->fields[i].name) < 0) {
            fields[n++] = to->fields[i];
        }
    }
    return weir_type_struct(a, fields, n);
}

static bool lax_pair(weir_kind from, weir_kind to)
{
    if (to == WEIR_T_STRING) {
        return from == WEIR_T_BOOLEAN || from == WEIR_T_INTEGER || from == WEIR_T_BIGINT ||
               from == WEIR_T_DECIMAL || from == WEIR_T_DOUBLE || from == WEIR_T_TIMESTAMP ||
               from == WEIR_T_TIME || from == WEIR_T_DATE;
    }
    return from == WEIR_T_STRING &&
           (to == WEIR_T_BOOLEAN || to == WEIR_T_INTEGER || to == WEIR_T_BIGINT ||
            to == WEIR_T_DECIMAL || to == WEIR_T_DOUBLE);
}

const weir_type *weir__can_coerce(weir_arena *a, const weir_type *from, const weir_type *to,
                                  bool lax)
{
    if (from->kind == to->kind && from->kind == WEIR_T_ARRAY) {
        const weir_type *item = weir__can_coerce(a, from->item, to->item, lax);
        return item ? weir_type_array(a, item) : NULL;
    }
    if (from->kind == to->kind && from->kind == WEIR_T_MAP) {
        const weir_type *key = weir__can_coerce(a, from->key, to->key, lax);
        const weir_type *item = key ? weir__can_coerce(a, from->item, to->item, lax) : NULL;
        return item ? weir_type_map(a, key, item) : NULL;
    }
    if (from->kind == to->kind && from->kind == WEIR_T_STRUCT) {
        return coerce_struct(a, from, to, lax);
    }
    if (to->kind == WEIR_T_DECIMAL && weir_type_is_numeric(from) && from->kind != WEIR_T_DOUBLE) {
        weir_dec_type t = weir_dec_type_widen(weir__dec_type(from), weir__dec_type(to));
        return weir_dec_type_valid(t.precision, t.scale)
                   ? weir_type_decimal(a, t.precision, t.scale)
                   : NULL;
    }
    if (weir__implicit(from->kind, to->kind) || (lax && lax_pair(from->kind, to->kind))) {
        return to;
    }
    return NULL;
}

/* ---------------------------------------------------------------- values */

static bool string_value(weir_arena *a, weir_sv s, const weir_type *to, bool lax, weir_value *out)
{
    weir_sv t = weir_text_trim(s);
    weir_status ignored;
    *out = (weir_value){.kind = (uint8_t)to->kind};
    if (to->kind == WEIR_T_DATE) {
        return weir_date_parse(t, &out->i32, &ignored) == WEIR_OK;
    }
    if (to->kind == WEIR_T_TIME) {
        return weir_time_parse(t, &out->i32, &ignored) == WEIR_OK;
    }
    if (to->kind == WEIR_T_TIMESTAMP) {
        return weir_timestamp_parse(t, &out->i64, &ignored) == WEIR_OK;
    }
    if (to->kind == WEIR_T_BYTES) {
        weir_buf buf;
        weir_buf_init(&buf, 0);
        bool ok = weir_base64_decode(&buf, t);
        out->sv = weir_arena_sv(a, weir_buf_view(&buf));
        weir_buf_deinit(&buf);
        return ok;
    }
    if (!lax) {
        return false;
    }
    if (to->kind == WEIR_T_BOOLEAN) {
        bool yes =
            t.n && (weir_sv_istarts(WEIR_SV("true"), t) || weir_sv_istarts(WEIR_SV("yes"), t));
        bool no =
            t.n && (weir_sv_istarts(WEIR_SV("false"), t) || weir_sv_istarts(WEIR_SV("no"), t));
        out->b = yes;
        return yes || no;
    }
    if (to->kind == WEIR_T_INTEGER) {
        return weir_i32_parse(t, &out->i32);
    }
    if (to->kind == WEIR_T_BIGINT) {
        return weir_i64_parse(t, &out->i64);
    }
    if (to->kind == WEIR_T_DECIMAL) {
        return weir_dec_parse(a, t, weir__dec_type(to), WEIR_ROUND_EXACT, &out->dec) == WEIR_DEC_OK;
    }
    return to->kind == WEIR_T_DOUBLE && weir_double_parse_finite(t, &out->f64);
}

static bool number_value(weir_arena *a, const weir_type *from, const weir_value *v,
                         const weir_type *to, weir_value *out)
{
    *out = (weir_value){.kind = (uint8_t)to->kind};
    int64_t i = from->kind == WEIR_T_INTEGER ? v->i32 : v->i64;
    if (to->kind == WEIR_T_BIGINT) {
        out->i64 = i;
        return true;
    }
    if (to->kind == WEIR_T_DOUBLE) {
        out->f64 = from->kind == WEIR_T_DECIMAL ? weir_dec_to_double(v->dec, weir__dec_type(from))
                                                : (double)i;
        return true;
    }
    WEIR_ASSERT(to->kind == WEIR_T_DECIMAL);
    weir_dec_type t = weir__dec_type(to);
    if (from->kind == WEIR_T_DECIMAL) {
        return weir_dec_rescale(a, v->dec, weir__dec_type(from), t, WEIR_ROUND_EXACT, &out->dec) ==
                   WEIR_DEC_OK &&
               weir_dec_fits(out->dec, t);
    }
    return weir_dec_from_i64(a, i, t, &out->dec) == WEIR_DEC_OK;
}

static bool nested_value(weir_arena *a, const weir_type *from, const weir_value *v,
                         const weir_type *to, bool lax, weir_value *out)
{
    uint32_t n = to->kind == WEIR_T_STRUCT ? to->n_fields : v->n;
    weir_value *items = WEIR_NEW_N(a, weir_value, n);
    weir_value *keys = to->kind == WEIR_T_MAP ? WEIR_NEW_N(a, weir_value, n) : NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (to->kind == WEIR_T_STRUCT) {
            int32_t at = weir_type_field(from, to->fields[i].name);
            items[i] = weir_null(to->fields[i].type->kind);
            if (at >= 0 && !weir__coerce_value(a, from->fields[at].type, &v->items[at],
                                               to->fields[i].type, lax, &items[i])) {
                return false;
            }
            continue;
        }
        if (!weir__coerce_value(a, from->item, &v->items[i], to->item, lax, &items[i]) ||
            (keys && !weir__coerce_value(a, from->key, &v->keys[i], to->key, lax, &keys[i]))) {
            return false;
        }
    }
    *out = weir_array(items, n);
    out->kind = (uint8_t)to->kind;
    out->keys = keys;
    return true;
}

bool weir__coerce_value(weir_arena *a, const weir_type *from, const weir_value *v,
                        const weir_type *to, bool lax, weir_value *out)
{
    if (v->null || from->kind == WEIR_T_NULL) {
        *out = weir_null(to->kind);
        return true;
    }
    if (weir_type_eq(from, to)) {
        *out = *v;
        return true;
    }
    if (weir_type_is_nested(from)) {
        return from->kind == to->kind && nested_value(a, from, v, to, lax, out);
    }
    if (weir_type_is_numeric(from) && weir__implicit(from->kind, to->kind)) {
        return number_value(a, from, v, to, out);
    }
    if (from->kind == WEIR_T_STRING) {
        return string_value(a, v->sv, to, lax, out);
    }
    return lax && lax_pair(from->kind, to->kind) && weir_cast_value(a, from, v, to, out);
}

/* ---------------------------------------------------------------- the common type of a list */

typedef struct lister {
    weir__env *env;
    bool code;
} lister;

#define LIST_FAIL(l, span, ...)                                                                    \
    ((l)->code ? weir__code_fail((l)->env, (span), __VA_ARGS__)                                    \
               : weir__type_fail((l)->env, (span), __VA_ARGS__))

static weir_rc no_operator(lister *l, const weir_ast_expr *e, const weir_type *source,
                           const weir_type *target)
{
    weir__binder *b = l->env->b;
    weir_sv t = weir__type_text(b, target);
    weir_sv s = weir__type_text(b, source);
    weir_sv text = weir__text(b, e);
    return LIST_FAIL(l, e->span,
                     "operator does not exist: " WEIR_SV_FMT " = " WEIR_SV_FMT " (" WEIR_SV_FMT
                     ")\nHint: You might need to add explicit type casts.",
                     WEIR_SV_ARG(t), WEIR_SV_ARG(s), WEIR_SV_ARG(text));
}

static weir_rc bad_syntax(lister *l, const weir_ast_expr *e, const weir_type *target)
{
    return LIST_FAIL(l, e->span, "invalid input syntax for type %s: \"" WEIR_SV_FMT "\".",
                     weir__kind_name(target->kind), WEIR_SV_ARG(e->as.text));
}

static weir_rc common_of(lister *l, const weir_ast_expr *e, const weir_type *source,
                         const weir_type *target, const weir_type **out);

/* A string among numbers. */
static weir_rc numeric_string(lister *l, const weir_ast_expr *e, const weir_type *target,
                              const weir_type **out)
{
    weir_arena *a = l->env->b->a;
    weir_sv s = weir_text_trim(e->as.text);
    weir_dec_type dec;
    int64_t i;
    const weir_type *source;
    if (weir_i64_parse(s, &i)) {
        source = weir_type_of(i > INT32_MIN && i < INT32_MAX ? WEIR_T_INTEGER : WEIR_T_BIGINT);
    } else if (weir_dec_literal_type(s, &dec) && weir_dec_type_valid(dec.precision, dec.scale)) {
        source = weir_type_decimal(a, dec.precision, dec.scale);
    } else {
        return bad_syntax(l, e, target);
    }
    if (target->kind == WEIR_T_DOUBLE) {
        *out = target;
    } else if (source->kind == WEIR_T_DECIMAL || target->kind == WEIR_T_DECIMAL) {
        weir_dec_type t = weir_dec_type_widen(weir__dec_type(source), weir__dec_type(target));
        *out = weir_type_decimal(a, t.precision, t.scale);
    } else {
        *out = source->kind == WEIR_T_INTEGER ? target : source;
    }
    return WEIR_OK;
}

/* The elements of a constructor against the item type that is there already. */
static weir_rc common_of_all(lister *l, const weir_ast_expr *e, uint32_t from, uint32_t step,
                             const weir_type *target, const weir_type **out)
{
    *out = target;
    for (uint32_t i = from; i < e->n; i += step) {
        const weir_expr *x;
        WEIR_TRY(weir__expr(l->env, e->args[i], &x));
        WEIR_TRY(common_of(l, e->args[i], x->type, *out, out));
    }
    return WEIR_OK;
}

static weir_rc common_struct(lister *l, const weir_ast_expr *e, const weir_type *source,
                             const weir_type *target, const weir_type **out)
{
    weir_arena *a = l->env->b->a;
    uint32_t n = 0;
    weir_field *fields = WEIR_NEW_N(a, weir_field, source->n_fields + target->n_fields);
    for (uint32_t i = 0; i < source->n_fields; i++) {
        int32_t at = weir_type_field(target, source->fields[i].name);
        fields[n] = source->fields[i];
        if (at >= 0) {
            WEIR_TRY(common_of(l, e->args[i], source->fields[i].type, target->fields[at].type,
                               &fields[n].type));
        }
        n++;
    }
    for (uint32_t i = 0; i < target->n_fields; i++) {
        if (weir_type_field(source, target->fields[i].name) < 0) {
            fields[n++] = target->fields[i];
        }
    }
    *out = weir_type_struct(a, fields, n);
    return WEIR_OK;
}

/* A constructor whose parts have no common type: the message is about the whole. */
static weir_rc constructor(lister *l, const weir_ast_expr *e, const weir_type *source,
                           const weir_type *target, const weir_type **out)
{
    weir_arena *a = l->env->b->a;
    if (source->kind != target->kind) {
        return no_operator(l, e, source, target);
    }
    weir_rc rc;
    const weir_type *key = NULL;
    const weir_type *item = NULL;
    if (e->kind == WEIR_X_STRUCT) {
        rc = common_struct(l, e, source, target, out);
    } else if (e->kind == WEIR_X_ARRAY) {
        rc = common_of_all(l, e, 0, 1, target->item, &item);
        *out = rc == WEIR_OK ? weir_type_array(a, item) : NULL;
    } else {
        rc = common_of_all(l, e, 0, 2, target->key, &key);
        if (rc == WEIR_OK) {
            rc = common_of_all(l, e, 1, 2, target->item, &item);
        }
        *out = rc == WEIR_OK ? weir_type_map(a, key, item) : NULL;
    }
    if (rc != WEIR_OK && strstr(l->env->b->st->msg, "operator does not exist")) {
        return no_operator(l, e, source, target);
    }
    return rc;
}

static weir_rc common_of(lister *l, const weir_ast_expr *e, const weir_type *source,
                         const weir_type *target, const weir_type **out)
{
    weir_arena *a = l->env->b->a;
    if (source->kind == WEIR_T_NULL) {
        *out = target;
        return WEIR_OK;
    }
    if (e->kind == WEIR_X_ARRAY || e->kind == WEIR_X_MAP || e->kind == WEIR_X_STRUCT) {
        return constructor(l, e, source, target, out);
    }
    if (e->kind == WEIR_X_STRING && weir_type_is_numeric(target)) {
        return numeric_string(l, e, target, out);
    }
    if (e->kind == WEIR_X_STRING && target->kind == WEIR_T_BOOLEAN) {
        weir_value ignored;
        *out = target;
        return string_value(a, e->as.text, target, true, &ignored) ? WEIR_OK
                                                                   : bad_syntax(l, e, target);
    }
    bool lax = weir_ast_is_literal(e);
    const weir_type *t = weir__can_coerce(a, source, target, lax);
    if (!t) {
        t = weir__can_coerce(a, target, source, lax);
    }
    if (!t) {
        return no_operator(l, e, source, target);
    }
    *out = t;
    return WEIR_OK;
}

static weir_rc convert(lister *l, const weir_ast_expr *e, const weir_type *to, const weir_expr **x)
{
    weir__env *env = l->env;
    if ((*x)->type->kind != WEIR_T_NULL && !weir_type_eq((*x)->type, to)) {
        if ((*x)->ex == WEIR_EX_LITERAL) {
            weir_value v;
            if (!weir__coerce_value(env->b->a, (*x)->type, (*x)->value, to, true, &v)) {
                weir_sv text = weir__text(env->b, e);
                return LIST_FAIL(l, e->span, "invalid input syntax for type %s: " WEIR_SV_FMT ".",
                                 weir__kind_name(to->kind), WEIR_SV_ARG(text));
            }
            *x = weir_expr_literal(env->b->a, to, v);
            return WEIR_OK;
        }
        if (!weir_cast_exists((*x)->type, to)) {
            return no_operator(l, e, (*x)->type, to);
        }
    }
    *x = weir__to_type(env, *x, to);
    return WEIR_OK;
}

weir_rc weir__coerce(weir__env *env, const weir_ast_expr *const *asts, const weir_expr **exprs,
                     uint32_t n, bool code, const weir_type **common)
{
    lister l = {.env = env, .code = code};
    const weir_type *type = NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (!type) {
            type = exprs[i]->type->kind == WEIR_T_NULL ? NULL : exprs[i]->type;
        } else {
            WEIR_TRY(common_of(&l, asts[i], exprs[i]->type, type, &type));
        }
    }
    *common = type;
    for (uint32_t i = 0; type && i < n; i++) {
        WEIR_TRY(convert(&l, asts[i], type, &exprs[i]));
    }
    return WEIR_OK;
}
