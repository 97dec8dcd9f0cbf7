/* Names of kinds, units, and the two questions everybody asks of an expression: what is below it,
 * and is it the same as that one. */
#include "dsl/ast.h"

/* ORDER weir_ast_stmt_kind */
static const char *const stmt_names[] = {
    "SELECT",
    "CREATE",
    "INSERT INTO",
    "INSERT VALUES",
    "DROP",
    "ALTER",
    "CREATE TYPE",
    "DROP TYPE",
    "CREATE CONNECTOR",
    "DROP CONNECTOR",
    "TERMINATE",
    "PAUSE",
    "RESUME",
    "EXPLAIN",
    "DESCRIBE",
    "DESCRIBE STREAMS",
    "DESCRIBE TABLES",
    "DESCRIBE FUNCTION",
    "DESCRIBE CONNECTOR",
    "PAUSE CONNECTOR",
    "RESUME CONNECTOR",
    "CHECK CONNECTOR",
    "SHOW",
    "PRINT",
    "SET",
    "UNSET",
    "ALTER SYSTEM",
    "DEFINE",
    "UNDEFINE",
    "ASSERT TOPIC",
    "ASSERT SCHEMA",
    "ASSERT VALUES",
    "ASSERT NULL VALUES",
    "ASSERT",
    "RUN SCRIPT",
};
_Static_assert(WEIR_COUNT(stmt_names) == WEIR_S_RUN_SCRIPT + 1, "one name per kind");

/* ORDER weir_ast_type_kind */
static const char *const type_names[] = {
    "BOOLEAN", "INTEGER", "BIGINT",    "DOUBLE", "DECIMAL", "STRING", "BYTES",
    "DATE",    "TIME",    "TIMESTAMP", "ARRAY",  "MAP",     "STRUCT", "",
};
_Static_assert(WEIR_COUNT(type_names) == WEIR_TY_CUSTOM + 1, "one name per kind");

/* ORDER weir_ast_join_kind */
static const char *const join_names[] = {"", "INNER", "LEFT OUTER", "RIGHT OUTER", "FULL OUTER"};
_Static_assert(WEIR_COUNT(join_names) == WEIR_AST_JOIN_FULL + 1, "one name per kind");

/* ORDER weir_ast_op */
static const char *const op_texts[] = {
    "",    "+",  "-", "*", "/", "%", "||", "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM",
    "AND", "OR",
};
_Static_assert(WEIR_COUNT(op_texts) == WEIR_OP_OR + 1, "one text per operator");

/* ORDER weir_unit */
static const char *const unit_names[] = {"MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"};
static const int64_t unit_ms[] = {1, 1000, 60000, 3600000, 86400000};
_Static_assert(WEIR_COUNT(unit_names) == WEIR_UNIT_DAYS + 1, "one name per unit");

const char *weir_ast_stmt_name(weir_ast_stmt_kind kind)
{
    WEIR_ASSERT((size_t)kind < WEIR_COUNT(stmt_names));
    return stmt_names[kind];
}

const char *weir_ast_type_name(weir_ast_type_kind kind)
{
    WEIR_ASSERT((size_t)kind < WEIR_COUNT(type_names));
    return type_names[kind];
}

const char *weir_ast_join_name(weir_ast_join_kind kind)
{
    WEIR_ASSERT((size_t)kind < WEIR_COUNT(join_names));
    return join_names[kind];
}

const char *weir_ast_op_text(weir_ast_op op)
{
    WEIR_ASSERT((size_t)op < WEIR_COUNT(op_texts));
    return op_texts[op];
}

const char *weir_unit_name(weir_unit unit)
{
    WEIR_ASSERT((size_t)unit < WEIR_COUNT(unit_names));
    return unit_names[unit];
}

int64_t weir_unit_ms(weir_unit unit)
{
    WEIR_ASSERT((size_t)unit < WEIR_COUNT(unit_ms));
    return unit_ms[unit];
}

bool weir_unit_of(weir_sv word, weir_unit *out)
{
    for (size_t i = 0; i < WEIR_COUNT(unit_names); i++) {
        weir_sv plural = weir_sv_cstr(unit_names[i]);
        weir_sv singular = {plural.p, plural.n - 1};
        if (weir_sv_ieq(word, plural) || weir_sv_ieq(word, singular)) {
            *out = (weir_unit)i;
            return true;
        }
    }
    return false;
}

bool weir_ast_expr_as_unit(const weir_ast_expr *e, weir_unit *out)
{
    return e->kind == WEIR_X_COLUMN && !weir_ast_has(&e->as.column.qualifier) &&
           !e->as.column.name.quoted && weir_unit_of(e->as.column.name.name, out);
}

bool weir_ast_is_literal(const weir_ast_expr *e)
{
    return e->kind <= WEIR_X_STRING;
}

void weir_ast_walk(const weir_ast_expr *e, weir_ast_visit *visit, void *user)
{
    if (!visit(user, e)) {
        return;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        weir_ast_walk(e->args[i], visit, user);
    }
    if (e->kind == WEIR_X_CALL && e->as.call.over) {
        const weir_ast_over *over = e->as.call.over;
        for (uint32_t i = 0; i < over->partition_by.n; i++) {
            weir_ast_walk(over->partition_by.items[i], visit, user);
        }
        for (uint32_t i = 0; i < over->order_by.n; i++) {
            weir_ast_walk(over->order_by.items[i].expr, visit, user);
        }
    }
}

/* ---- equality */

static bool ident_eq(const weir_ast_ident *a, const weir_ast_ident *b)
{
    return weir_sv_eq(a->name, b->name);
}

static bool idents_eq(const weir_ast_idents *a, const weir_ast_idents *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (uint32_t i = 0; i < a->n; i++) {
        if (!ident_eq(&a->items[i], &b->items[i])) {
            return false;
        }
    }
    return true;
}

bool weir_ast_type_eq(const weir_ast_type *a, const weir_ast_type *b)
{
    if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale ||
        a->fields.n != b->fields.n || !ident_eq(&a->name, &b->name)) {
        return false;
    }
    if ((a->key && !weir_ast_type_eq(a->key, b->key)) ||
        (a->item && !weir_ast_type_eq(a->item, b->item))) {
        return false;
    }
    for (uint32_t i = 0; i < a->fields.n; i++) {
        if (!ident_eq(&a->fields.items[i].name, &b->fields.items[i].name) ||
            !weir_ast_type_eq(a->fields.items[i].type, b->fields.items[i].type)) {
            return false;
        }
    }
    return true;
}

static bool over_eq(const weir_ast_over *a, const weir_ast_over *b)
{
    if (!a || !b) {
        return a == b;
    }
    if (a->partition_by.n != b->partition_by.n || a->order_by.n != b->order_by.n) {
        return false;
    }
    for (uint32_t i = 0; i < a->partition_by.n; i++) {
        if (!weir_ast_expr_eq(a->partition_by.items[i], b->partition_by.items[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < a->order_by.n; i++) {
        if (a->order_by.items[i].desc != b->order_by.items[i].desc ||
            !weir_ast_expr_eq(a->order_by.items[i].expr, b->order_by.items[i].expr)) {
            return false;
        }
    }
    return true;
}

/* What a node says beside its children. Kind, op and the number of children are equal already. */
static bool payload_eq(const weir_ast_expr *a, const weir_ast_expr *b)
{
    switch (a->kind) {
    case WEIR_X_BOOLEAN:
        return a->as.boolean == b->as.boolean;
    case WEIR_X_IS_NULL:
        return a->as.negated == b->as.negated;
    case WEIR_X_INTEGER:
    case WEIR_X_BIGINT:
        return a->as.integer == b->as.integer;
    case WEIR_X_DOUBLE:
        return memcmp(&a->as.real, &b->as.real, sizeof a->as.real) == 0;
    case WEIR_X_DECIMAL:
    case WEIR_X_STRING:
    case WEIR_X_VARIABLE:
    case WEIR_X_LIKE:
    case WEIR_X_AT_ZONE:
        return weir_sv_eq(a->as.text, b->as.text);
    case WEIR_X_COLUMN:
        return ident_eq(&a->as.column.qualifier, &b->as.column.qualifier) &&
               ident_eq(&a->as.column.name, &b->as.column.name);
    case WEIR_X_FIELD:
        return ident_eq(&a->as.name, &b->as.name);
    case WEIR_X_CASE:
        return a->as.kase.has_operand == b->as.kase.has_operand &&
               a->as.kase.has_else == b->as.kase.has_else;
    case WEIR_X_CAST:
        return weir_ast_type_eq(a->as.type, b->as.type);
    case WEIR_X_STRUCT:
    case WEIR_X_LAMBDA:
        return idents_eq(&a->as.names, &b->as.names);
    case WEIR_X_CALL:
        return weir_sv_ieq(a->as.call.name.name, b->as.call.name.name) &&
               a->as.call.star == b->as.call.star && a->as.call.distinct == b->as.call.distinct &&
               over_eq(a->as.call.over, b->as.call.over);
    case WEIR_X_NULL:
    case WEIR_X_INDEX:
    case WEIR_X_UNARY:
    case WEIR_X_BINARY:
    case WEIR_X_COMPARE:
    case WEIR_X_LOGIC:
    case WEIR_X_NOT:
    case WEIR_X_BETWEEN:
    case WEIR_X_IN:
    case WEIR_X_ARRAY:
    case WEIR_X_MAP:
        return true;
    }
    WEIR_UNREACHABLE();
}

bool weir_ast_expr_eq(const weir_ast_expr *a, const weir_ast_expr *b)
{
    if (a->kind != b->kind || a->op != b->op || a->n != b->n || !payload_eq(a, b)) {
        return false;
    }
    for (uint32_t i = 0; i < a->n; i++) {
        if (!weir_ast_expr_eq(a->args[i], b->args[i])) {
            return false;
        }
    }
    return true;
}
