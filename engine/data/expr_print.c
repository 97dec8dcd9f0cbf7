/* Bound expressions as text for EXPLAIN: close to the SQL they came from, but fully bracketed and
 * with the casts the binder added. */
#include "engine/data/expr.h"

#include "engine/data/text.h"

/* ORDER weir_ex: what stands between two operands, or before one */
static const char *const operators[] = {
    [WEIR_EX_ADD] = " + ",
    [WEIR_EX_SUB] = " - ",
    [WEIR_EX_MUL] = " * ",
    [WEIR_EX_DIV] = " / ",
    [WEIR_EX_MOD] = " % ",
    [WEIR_EX_EQ] = " = ",
    [WEIR_EX_NE] = " <> ",
    [WEIR_EX_LT] = " < ",
    [WEIR_EX_LE] = " <= ",
    [WEIR_EX_GT] = " > ",
    [WEIR_EX_GE] = " >= ",
    [WEIR_EX_DISTINCT] = " IS DISTINCT FROM ",
    [WEIR_EX_NOT_DISTINCT] = " IS NOT DISTINCT FROM ",
    [WEIR_EX_AND] = " AND ",
    [WEIR_EX_OR] = " OR ",
    [WEIR_EX_LIKE] = " LIKE ",
};

static void print_list(weir_buf *out, const weir_expr *e, uint32_t from, const weir_schema *s)
{
    for (uint32_t i = from; i < e->n; i++) {
        weir_buf_str(out, i > from ? ", " : "");
        weir_expr_print(out, e->kids[i], s);
    }
}

static void print_binary(weir_buf *out, const weir_expr *e, const weir_schema *s)
{
    weir_buf_byte(out, '(');
    weir_expr_print(out, e->kids[0], s);
    weir_buf_str(out, operators[e->ex]);
    weir_expr_print(out, e->kids[1], s);
    if (e->ex == WEIR_EX_LIKE && e->escape) {
        weir_value c = weir_string(WEIR_SV(""));
        char utf8[4];
        c.sv = weir_sv_of(utf8, weir_utf8_put(utf8, e->escape));
        weir_buf_str(out, " ESCAPE ");
        weir_value_print_sql(out, weir_type_of(WEIR_T_STRING), &c);
    }
    weir_buf_byte(out, ')');
}

static void print_case(weir_buf *out, const weir_expr *e, const weir_schema *s)
{
    weir_buf_str(out, "CASE");
    for (uint32_t i = 0; i + 1 < e->n; i += 2) {
        weir_buf_str(out, " WHEN ");
        weir_expr_print(out, e->kids[i], s);
        weir_buf_str(out, " THEN ");
        weir_expr_print(out, e->kids[i + 1], s);
    }
    if (e->n & 1) {
        weir_buf_str(out, " ELSE ");
        weir_expr_print(out, e->kids[e->n - 1], s);
    }
    weir_buf_str(out, " END");
}

static void print_pairs(weir_buf *out, const weir_expr *e, const weir_schema *s)
{
    weir_buf_str(out, "MAP(");
    for (uint32_t i = 0; i + 1 < e->n; i += 2) {
        weir_buf_str(out, i ? ", " : "");
        weir_expr_print(out, e->kids[i], s);
        weir_buf_str(out, " := ");
        weir_expr_print(out, e->kids[i + 1], s);
    }
    weir_buf_byte(out, ')');
}

static void print_struct(weir_buf *out, const weir_expr *e, const weir_schema *s)
{
    weir_buf_str(out, "STRUCT(");
    for (uint32_t i = 0; i < e->n; i++) {
        weir_buf_str(out, i ? ", " : "");
        weir_name_print(out, e->type->fields[i].name, false);
        weir_buf_str(out, " := ");
        weir_expr_print(out, e->kids[i], s);
    }
    weir_buf_byte(out, ')');
}

static void print_lambda(weir_buf *out, const weir_expr *e, const weir_schema *s)
{
    weir_buf_byte(out, '(');
    for (uint32_t i = 0; i < e->lambda.n_params; i++) {
        weir_buf_printf(out, "%sp%u", i ? ", " : "", e->lambda.first_param + i);
    }
    weir_buf_str(out, ") => ");
    weir_expr_print(out, e->kids[0], s);
}

static void print_unary(weir_buf *out, const char *before, const weir_expr *e, const char *after,
                        const weir_schema *s)
{
    weir_buf_str(out, before);
    weir_expr_print(out, e->kids[0], s);
    weir_buf_str(out, after);
}

void weir_expr_print(weir_buf *out, const weir_expr *e, const weir_schema *s)
{
    if (e->ex < WEIR_COUNT(operators) && operators[e->ex]) {
        print_binary(out, e, s);
        return;
    }
    switch ((int)e->ex) {
    case WEIR_EX_COLUMN:
        weir_name_print(out, s->cols[e->column].name, false);
        break;
    case WEIR_EX_LITERAL:
        if (e->type->kind == WEIR_T_UNIT) {
            weir_buf_printf(out, "%d ms", e->value->i32);
        } else {
            weir_value_print_sql(out, e->type, e->value);
        }
        break;
    case WEIR_EX_CALL:
        weir_buf_printf(out, "%s(", e->call->function->name);
        print_list(out, e, 0, s);
        weir_buf_byte(out, ')');
        break;
    case WEIR_EX_CAST:
        print_unary(out, "CAST(", e, " AS ", s);
        weir_type_print(out, e->type, false);
        weir_buf_byte(out, ')');
        break;
    case WEIR_EX_NEG:
        print_unary(out, "(- ", e, ")", s);
        break;
    case WEIR_EX_NOT:
        print_unary(out, "(NOT ", e, ")", s);
        break;
    case WEIR_EX_IS_NULL:
        print_unary(out, "(", e, " IS NULL)", s);
        break;
    case WEIR_EX_IS_NOT_NULL:
        print_unary(out, "(", e, " IS NOT NULL)", s);
        break;
    case WEIR_EX_IN:
        print_unary(out, "(", e, " IN (", s);
        print_list(out, e, 1, s);
        weir_buf_str(out, "))");
        break;
    case WEIR_EX_CASE:
        print_case(out, e, s);
        break;
    case WEIR_EX_INDEX:
        print_unary(out, "", e, "[", s);
        weir_expr_print(out, e->kids[1], s);
        weir_buf_byte(out, ']');
        break;
    case WEIR_EX_FIELD:
        print_unary(out, "", e, "->", s);
        weir_name_print(out, e->kids[0]->type->fields[e->field].name, false);
        break;
    case WEIR_EX_ARRAY:
        weir_buf_str(out, "ARRAY[");
        print_list(out, e, 0, s);
        weir_buf_byte(out, ']');
        break;
    case WEIR_EX_MAP:
        print_pairs(out, e, s);
        break;
    case WEIR_EX_STRUCT:
        print_struct(out, e, s);
        break;
    case WEIR_EX_LAMBDA:
        print_lambda(out, e, s);
        break;
    case WEIR_EX_PARAM:
        weir_buf_printf(out, "p%u", e->param);
        break;
    default:
        WEIR_UNREACHABLE();
    }
}
