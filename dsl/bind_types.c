/* Types: written types to types, results of arithmetic, what can be compared. */
#include "dsl/binder.h"

/* ORDER weir_kind */
static const char *const kind_names[] = {
    "BOOLEAN", "INTEGER",   "BIGINT", "DOUBLE", "DECIMAL", "STRING", "BYTES",  "DATE",
    "TIME",    "TIMESTAMP", "ARRAY",  "MAP",    "STRUCT",  "NULL",   "LAMBDA", "INTERVALUNIT",
};
_Static_assert(WEIR_COUNT(kind_names) == WEIR_T_KINDS, "one name per weir_kind");

const char *weir__kind_name(weir_kind k)
{
    WEIR_ASSERT((size_t)k < WEIR_COUNT(kind_names));
    return kind_names[k];
}

static weir_rc custom_type(weir__binder *b, const weir_ast_type *t, const weir_type **out)
{
    const weir_custom_type *c = weir_catalog_type(b->catalog, t->name.name);
    if (!c) {
        weir__fail(b, t->span, "Cannot resolve unknown type: " WEIR_SV_FMT,
                   WEIR_SV_ARG(t->name.name));
        static const weir_sv known[] = {
            {"BOOLEAN", 7},   {"INTEGER", 7}, {"BIGINT", 6}, {"DOUBLE", 6}, {"DECIMAL", 7},
            {"STRING", 6},    {"VARCHAR", 7}, {"BYTES", 5},  {"DATE", 4},   {"TIME", 4},
            {"TIMESTAMP", 9}, {"ARRAY", 5},   {"MAP", 3},    {"STRUCT", 6},
        };
        weir__hint_nearest(b, t->name.name, known, WEIR_COUNT(known));
        return WEIR_ESQL;
    }
    *out = weir_type_copy(b->a, c->type);
    return WEIR_OK;
}

static weir_rc struct_type(weir__binder *b, const weir_ast_type *t, const weir_type **out)
{
    weir_field *fields = WEIR_NEW_N(b->a, weir_field, t->fields.n);
    for (uint32_t i = 0; i < t->fields.n; i++) {
        fields[i].name = weir_arena_sv(b->a, t->fields.items[i].name.name);
        WEIR_TRY(weir__type(b, t->fields.items[i].type, &fields[i].type));
        for (uint32_t j = 0; j < i; j++) {
            if (weir_sv_eq(fields[i].name, fields[j].name)) {
                weir_sv name = weir__quoted(b, fields[i].name);
                weir_sv one = weir__type_text(b, fields[j].type);
                weir_sv two = weir__type_text(b, fields[i].type);
                return weir__fail(b, t->fields.items[i].name.span,
                                  "Duplicate field names found in STRUCT: '" WEIR_SV_FMT
                                  " " WEIR_SV_FMT "' and '" WEIR_SV_FMT " " WEIR_SV_FMT "'",
                                  WEIR_SV_ARG(name), WEIR_SV_ARG(one), WEIR_SV_ARG(name),
                                  WEIR_SV_ARG(two));
            }
        }
    }
    *out = weir_type_struct(b->a, fields, t->fields.n);
    return WEIR_OK;
}

weir_rc weir__type(weir__binder *b, const weir_ast_type *t, const weir_type **out)
{
    const weir_type *key = NULL;
    const weir_type *item = NULL;
    switch (t->kind) {
    case WEIR_TY_BOOLEAN:
        *out = weir_type_of(WEIR_T_BOOLEAN);
        return WEIR_OK;
    case WEIR_TY_INTEGER:
        *out = weir_type_of(WEIR_T_INTEGER);
        return WEIR_OK;
    case WEIR_TY_BIGINT:
        *out = weir_type_of(WEIR_T_BIGINT);
        return WEIR_OK;
    case WEIR_TY_DOUBLE:
        *out = weir_type_of(WEIR_T_DOUBLE);
        return WEIR_OK;
    case WEIR_TY_DECIMAL:
        *out = weir_type_decimal(b->a, t->precision, t->scale);
        return WEIR_OK;
    case WEIR_TY_STRING:
        *out = weir_type_of(WEIR_T_STRING);
        return WEIR_OK;
    case WEIR_TY_BYTES:
        *out = weir_type_of(WEIR_T_BYTES);
        return WEIR_OK;
    case WEIR_TY_DATE:
        *out = weir_type_of(WEIR_T_DATE);
        return WEIR_OK;
    case WEIR_TY_TIME:
        *out = weir_type_of(WEIR_T_TIME);
        return WEIR_OK;
    case WEIR_TY_TIMESTAMP:
        *out = weir_type_of(WEIR_T_TIMESTAMP);
        return WEIR_OK;
    case WEIR_TY_ARRAY:
        WEIR_TRY(weir__type(b, t->item, &item));
        *out = weir_type_array(b->a, item);
        return WEIR_OK;
    case WEIR_TY_MAP:
        WEIR_TRY(weir__type(b, t->key, &key));
        WEIR_TRY(weir__type(b, t->item, &item));
        *out = weir_type_map(b->a, key, item);
        return WEIR_OK;
    case WEIR_TY_STRUCT:
        return struct_type(b, t, out);
    case WEIR_TY_CUSTOM:
        return custom_type(b, t, out);
    }
    WEIR_UNREACHABLE();
}

/* INTEGER → BIGINT → DECIMAL → DOUBLE; 0: not a number. */
static int number_rank(weir_kind k)
{
    return k == WEIR_T_INTEGER   ? 1
           : k == WEIR_T_BIGINT  ? 2
           : k == WEIR_T_DECIMAL ? 3
           : k == WEIR_T_DOUBLE  ? 4
                                 : 0;
}

static bool is_time(weir_kind k)
{
    return k == WEIR_T_DATE || k == WEIR_T_TIME || k == WEIR_T_TIMESTAMP;
}

bool weir__implicit(weir_kind from, weir_kind to)
{
    if (from == to) {
        return true;
    }
    if (number_rank(from) && number_rank(to)) {
        return number_rank(from) <= number_rank(to);
    }
    return from == WEIR_T_STRING && (is_time(to) || to == WEIR_T_BYTES);
}

const weir_type *weir__arith_type(weir_arena *a, weir_ast_op op, const weir_type *l,
                                  const weir_type *r)
{
    int lr = number_rank(l->kind);
    int rr = number_rank(r->kind);
    if (!lr || !rr) {
        return NULL;
    }
    const weir_type *wide = lr <= rr ? r : l;
    if (wide->kind != WEIR_T_DECIMAL) {
        return wide;
    }
    weir_dec_type x = weir__dec_type(l);
    weir_dec_type y = weir__dec_type(r);
    weir_dec_type t = op == WEIR_OP_MUL   ? weir_dec_type_mul(x, y)
                      : op == WEIR_OP_DIV ? weir_dec_type_div(x, y)
                      : op == WEIR_OP_MOD ? weir_dec_type_mod(x, y)
                                          : weir_dec_type_add(x, y);
    return weir_dec_type_valid(t.precision, t.scale) ? weir_type_decimal(a, t.precision, t.scale)
                                                     : NULL;
}

bool weir__comparable(const weir_type *l, weir_ast_op op, const weir_type *r)
{
    bool equality = op == WEIR_OP_EQ || op == WEIR_OP_NE || op == WEIR_OP_DISTINCT;
    switch (l->kind) {
    case WEIR_T_INTEGER:
    case WEIR_T_BIGINT:
    case WEIR_T_DOUBLE:
    case WEIR_T_DECIMAL:
        return number_rank(r->kind) != 0;
    case WEIR_T_STRING:
        return r->kind == WEIR_T_STRING || is_time(r->kind);
    case WEIR_T_BOOLEAN:
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        return r->kind == l->kind && equality;
    case WEIR_T_DATE:
    case WEIR_T_TIMESTAMP:
        return r->kind == WEIR_T_DATE || r->kind == WEIR_T_TIMESTAMP || r->kind == WEIR_T_STRING;
    case WEIR_T_TIME:
        return r->kind == WEIR_T_TIME || r->kind == WEIR_T_STRING;
    case WEIR_T_BYTES:
        return r->kind == WEIR_T_BYTES;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        return false;
    }
    WEIR_UNREACHABLE();
}

const char *weir__op_name(weir_ast_op op)
{
    switch (op) {
    case WEIR_OP_EQ:
        return "EQUAL";
    case WEIR_OP_NE:
        return "NOT_EQUAL";
    case WEIR_OP_LT:
        return "LESS_THAN";
    case WEIR_OP_LE:
        return "LESS_THAN_OR_EQUAL";
    case WEIR_OP_GT:
        return "GREATER_THAN";
    case WEIR_OP_GE:
        return "GREATER_THAN_OR_EQUAL";
    case WEIR_OP_DISTINCT:
        return "IS_DISTINCT_FROM";
    case WEIR_OP_NONE:
    case WEIR_OP_ADD:
    case WEIR_OP_SUB:
    case WEIR_OP_MUL:
    case WEIR_OP_DIV:
    case WEIR_OP_MOD:
    case WEIR_OP_CONCAT:
    case WEIR_OP_AND:
    case WEIR_OP_OR:
        break;
    }
    WEIR_UNREACHABLE();
}
