/* Names, literals, types and expressions as SQL. Statements are in print_stmt.c. */
#include "dsl/print.h"
#include "dsl/parse.h"
#include "dsl/printer.h"
#include "engine/data/number.h"

static void quoted(weir_buf *out, weir_sv text, char quote)
{
    weir_buf_byte(out, quote);
    for (uint32_t i = 0; i < text.n; i++) {
        weir_buf_byte(out, text.p[i]);
        if (text.p[i] == quote) {
            weir_buf_byte(out, quote);
        }
    }
    weir_buf_byte(out, quote);
}

void weir_print_name(weir_buf *out, weir_sv name, weir_print_style style)
{
    if (style == WEIR_PRINT_SQL && weir_needs_quotes(name)) {
        quoted(out, name, '`');
    } else {
        weir_buf_sv(out, name);
    }
}

void weir_print_string(weir_buf *out, weir_sv text)
{
    quoted(out, text, '\'');
}

void weir__print_ident(weir_buf *out, const weir_ast_ident *id, weir_print_style style)
{
    if (id->variable) {
        weir_buf_printf(out, "${" WEIR_SV_FMT "}", WEIR_SV_ARG(id->name));
    } else {
        weir_print_name(out, id->name, style);
    }
}

/* ---- types */

void weir_print_type(weir_buf *out, const weir_ast_type *t, weir_print_style style)
{
    weir_buf_str(out, weir_ast_type_name(t->kind));
    switch ((int)t->kind) {
    case WEIR_TY_DECIMAL:
        weir_buf_printf(out, "(%d, %d)", t->precision, t->scale);
        break;
    case WEIR_TY_ARRAY:
        weir_buf_byte(out, '<');
        weir_print_type(out, t->item, style);
        weir_buf_byte(out, '>');
        break;
    case WEIR_TY_MAP:
        weir_buf_byte(out, '<');
        weir_print_type(out, t->key, style);
        weir_buf_str(out, ", ");
        weir_print_type(out, t->item, style);
        weir_buf_byte(out, '>');
        break;
    case WEIR_TY_STRUCT:
        weir_buf_str(out, t->fields.n ? "<" : "< ");
        for (uint32_t i = 0; i < t->fields.n; i++) {
            weir_buf_str(out, i ? ", " : "");
            weir__print_ident(out, &t->fields.items[i].name, style);
            weir_buf_byte(out, ' ');
            weir_print_type(out, t->fields.items[i].type, style);
        }
        weir_buf_byte(out, '>');
        break;
    case WEIR_TY_CUSTOM:
        weir__print_ident(out, &t->name, style);
        break;
    default:
        break;
    }
}

/* ---- literals */

/* BigDecimal.toString: the digits with their scale, scientific below 1E-6. */
static void big_decimal(weir_buf *out, weir_sv s)
{
    bool negative = s.n && s.p[0] == '-';
    uint32_t scale = 0;
    bool fraction = false;
    weir_buf digits;
    weir_buf_init(&digits, 0);
    for (uint32_t i = negative; i < s.n; i++) {
        if (s.p[i] == '.') {
            fraction = true;
        } else {
            scale += fraction;
            if (digits.n || s.p[i] != '0') {
                weir_buf_byte(&digits, s.p[i]);
            }
        }
    }
    negative = negative && digits.n;
    if (!digits.n) {
        weir_buf_byte(&digits, '0');
    }
    weir_buf_str(out, negative ? "-" : "");
    uint32_t n = (uint32_t)digits.n;
    int64_t adjusted = (int64_t)n - 1 - scale;
    if (adjusted < -6) {
        weir_buf_byte(out, digits.p[0]);
        if (n > 1) {
            weir_buf_byte(out, '.');
            weir_buf_add(out, digits.p + 1, n - 1);
        }
        weir_buf_printf(out, "E%lld", (long long)adjusted);
    } else if (n <= scale) {
        weir_buf_str(out, "0.");
        for (uint32_t i = n; i < scale; i++) {
            weir_buf_byte(out, '0');
        }
        weir_buf_add(out, digits.p, n);
    } else {
        weir_buf_add(out, digits.p, n - scale);
        if (scale) {
            weir_buf_byte(out, '.');
            weir_buf_add(out, digits.p + n - scale, scale);
        }
    }
    weir_buf_deinit(&digits);
}

static void decimal(weir_buf *out, weir_sv text, weir_print_style style)
{
    if (style == WEIR_PRINT_MESSAGE) {
        big_decimal(out, text);
    } else if (!text.n || !memchr(text.p, '.', text.n)) {
        weir_buf_str(out, "DECIMAL ");
        weir_print_string(out, text);
    } else {
        weir_buf_sv(out, text);
    }
}

/* 1.25E2: one digit, the others, the exponent. */
static void real(weir_buf *out, double v)
{
    char digits[24];
    int32_t point = 1;
    uint32_t n = 1;
    digits[0] = '0';
    if (v != 0) {
        n = weir_double_digits(v < 0 ? -v : v, digits, &point);
    }
    while (n > 1 && digits[n - 1] == '0') {
        n--;
    }
    weir_buf_str(out, __builtin_signbit(v) ? "-" : "");
    weir_buf_byte(out, digits[0]);
    if (n > 1) {
        weir_buf_byte(out, '.');
        weir_buf_add(out, digits + 1, n - 1);
    }
    weir_buf_printf(out, "E%d", point - 1);
}

/* ---- expressions */

void weir__print_exprs(weir_buf *out, weir_ast_expr *const *items, uint32_t n,
                       weir_print_style style)
{
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_str(out, i ? ", " : "");
        weir_print_expr(out, items[i], style);
    }
}

static void unary(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    weir_buf_str(out, weir_ast_op_text(e->op));
    size_t from = out->n;
    weir_print_expr(out, e->args[0], style);
    /* Two minus signs would start a comment. */
    if (e->op == WEIR_OP_SUB && out->n > from && out->p[from] == '-') {
        weir_buf_byte(out, ' ');
        if (!out->over) {
            memmove(out->p + from + 1, out->p + from, out->n - from - 1);
            out->p[from] = ' ';
        }
    }
}

static void infix(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    const char *op = weir_ast_op_text(e->op);
    if (e->op == WEIR_OP_CONCAT && style == WEIR_PRINT_MESSAGE) {
        weir_buf_str(out, "concat(");
        weir__print_exprs(out, e->args, e->n, style);
        weir_buf_byte(out, ')');
        return;
    }
    for (uint32_t i = 1; i < e->n; i++) {
        weir_buf_byte(out, '(');
    }
    weir_print_expr(out, e->args[0], style);
    for (uint32_t i = 1; i < e->n; i++) {
        weir_buf_printf(out, " %s ", op);
        weir_print_expr(out, e->args[i], style);
        weir_buf_byte(out, ')');
    }
}

static void kase(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    uint32_t i = 0;
    weir_buf_str(out, "(CASE");
    if (e->as.kase.has_operand) {
        weir_buf_byte(out, ' ');
        weir_print_expr(out, e->args[i++], style);
    }
    for (; i + 1 < e->n; i += 2) {
        weir_buf_str(out, " WHEN ");
        weir_print_expr(out, e->args[i], style);
        weir_buf_str(out, " THEN ");
        weir_print_expr(out, e->args[i + 1], style);
    }
    if (e->as.kase.has_else) {
        weir_buf_str(out, " ELSE ");
        weir_print_expr(out, e->args[i], style);
    }
    weir_buf_str(out, " END)");
}

void weir__print_orders(weir_buf *out, const weir_ast_orders *orders, weir_print_style style)
{
    for (uint32_t i = 0; i < orders->n; i++) {
        weir_buf_str(out, i ? ", " : "");
        weir_print_expr(out, orders->items[i].expr, style);
        weir_buf_str(out, orders->items[i].desc ? " DESC" : "");
    }
}

static void call(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    const weir_ast_call *c = &e->as.call;
    bool count = e->n == 0 && weir_sv_eq(c->name.name, WEIR_SV("COUNT"));
    weir__print_ident(out, &c->name, style);
    weir_buf_str(out, c->distinct ? "(DISTINCT " : "(");
    if (c->star || count) {
        weir_buf_byte(out, '*');
    }
    weir__print_exprs(out, e->args, e->n, style);
    weir_buf_byte(out, ')');
    if (c->over) {
        bool partition = c->over->partition_by.n > 0;
        weir_buf_str(out, partition ? " OVER (PARTITION BY " : " OVER (");
        weir__print_exprs(out, c->over->partition_by.items, c->over->partition_by.n, style);
        if (c->over->order_by.n) {
            weir_buf_str(out, partition ? " ORDER BY " : "ORDER BY ");
            weir__print_orders(out, &c->over->order_by, style);
        }
        weir_buf_byte(out, ')');
    }
}

static void lambda(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    weir_buf_byte(out, '(');
    for (uint32_t i = 0; i < e->as.names.n; i++) {
        weir_buf_str(out, i ? ", " : "");
        weir__print_ident(out, &e->as.names.items[i], style);
    }
    weir_buf_str(out, ") => ");
    weir_print_expr(out, e->args[0], style);
}

static void constructor(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    bool map = e->kind == WEIR_X_MAP;
    weir_buf_str(out, map ? "MAP(" : "STRUCT(");
    for (uint32_t i = 0; i < e->n; i++) {
        bool value = map && i % 2 == 1;
        weir_buf_str(out, value ? ":=" : i ? ", " : "");
        if (!map) {
            weir__print_ident(out, &e->as.names.items[i], style);
            weir_buf_str(out, ":=");
        }
        weir_print_expr(out, e->args[i], style);
    }
    weir_buf_byte(out, ')');
}

/* IN, LIKE, BETWEEN, IS NULL, AT TIME ZONE: something behind the first operand. */
static void predicate(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    weir_buf_byte(out, '(');
    weir_print_expr(out, e->args[0], style);
    switch ((int)e->kind) {
    case WEIR_X_IS_NULL:
        weir_buf_str(out, e->as.negated ? " IS NOT NULL" : " IS NULL");
        break;
    case WEIR_X_BETWEEN:
        weir_buf_str(out, " BETWEEN ");
        weir_print_expr(out, e->args[1], style);
        weir_buf_str(out, " AND ");
        weir_print_expr(out, e->args[2], style);
        break;
    case WEIR_X_IN:
        weir_buf_str(out, " IN (");
        weir__print_exprs(out, e->args + 1, e->n - 1, style);
        weir_buf_byte(out, ')');
        break;
    case WEIR_X_LIKE:
        weir_buf_str(out, " LIKE ");
        weir_print_expr(out, e->args[1], style);
        if (e->as.text.n) {
            weir_buf_str(out, " ESCAPE ");
            weir_print_string(out, e->as.text);
        }
        break;
    case WEIR_X_AT_ZONE:
        weir_buf_str(out, " AT TIME ZONE ");
        weir_print_string(out, e->as.text);
        break;
    default:
        WEIR_UNREACHABLE();
    }
    weir_buf_byte(out, ')');
}

static void literal(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    switch ((int)e->kind) {
    case WEIR_X_NULL:
        weir_buf_str(out, "null");
        break;
    case WEIR_X_BOOLEAN:
        weir_buf_str(out, e->as.boolean ? "true" : "false");
        break;
    case WEIR_X_INTEGER:
    case WEIR_X_BIGINT:
        weir_buf_printf(out, "%lld", (long long)e->as.integer);
        break;
    case WEIR_X_DECIMAL:
        decimal(out, e->as.text, style);
        break;
    case WEIR_X_DOUBLE:
        real(out, e->as.real);
        break;
    case WEIR_X_STRING:
        weir_print_string(out, e->as.text);
        break;
    default:
        weir_buf_printf(out, "${" WEIR_SV_FMT "}", WEIR_SV_ARG(e->as.text));
        break;
    }
}

static void reference(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    if (e->kind == WEIR_X_COLUMN) {
        if (weir_ast_has(&e->as.column.qualifier)) {
            weir__print_ident(out, &e->as.column.qualifier, style);
            weir_buf_byte(out, '.');
        }
        weir__print_ident(out, &e->as.column.name, style);
        return;
    }
    weir_print_expr(out, e->args[0], style);
    if (e->kind == WEIR_X_FIELD) {
        weir_buf_str(out, "->");
        weir__print_ident(out, &e->as.name, style);
    } else {
        weir_buf_byte(out, '[');
        weir_print_expr(out, e->args[1], style);
        weir_buf_byte(out, ']');
    }
}

void weir_print_expr(weir_buf *out, const weir_ast_expr *e, weir_print_style style)
{
    switch (e->kind) {
    case WEIR_X_NULL:
    case WEIR_X_BOOLEAN:
    case WEIR_X_INTEGER:
    case WEIR_X_BIGINT:
    case WEIR_X_DECIMAL:
    case WEIR_X_DOUBLE:
    case WEIR_X_STRING:
    case WEIR_X_VARIABLE:
        literal(out, e, style);
        break;
    case WEIR_X_COLUMN:
    case WEIR_X_FIELD:
    case WEIR_X_INDEX:
        reference(out, e, style);
        break;
    case WEIR_X_UNARY:
        unary(out, e, style);
        break;
    case WEIR_X_BINARY:
    case WEIR_X_COMPARE:
    case WEIR_X_LOGIC:
        infix(out, e, style);
        break;
    case WEIR_X_NOT:
        weir_buf_str(out, "(NOT ");
        weir_print_expr(out, e->args[0], style);
        weir_buf_byte(out, ')');
        break;
    case WEIR_X_IS_NULL:
    case WEIR_X_BETWEEN:
    case WEIR_X_IN:
    case WEIR_X_LIKE:
    case WEIR_X_AT_ZONE:
        predicate(out, e, style);
        break;
    case WEIR_X_CASE:
        kase(out, e, style);
        break;
    case WEIR_X_CAST:
        weir_buf_str(out, "CAST(");
        weir_print_expr(out, e->args[0], style);
        weir_buf_str(out, " AS ");
        weir_print_type(out, e->as.type, style);
        weir_buf_byte(out, ')');
        break;
    case WEIR_X_ARRAY:
        weir_buf_str(out, "ARRAY[");
        weir__print_exprs(out, e->args, e->n, style);
        weir_buf_byte(out, ']');
        break;
    case WEIR_X_MAP:
    case WEIR_X_STRUCT:
        constructor(out, e, style);
        break;
    case WEIR_X_CALL:
        call(out, e, style);
        break;
    case WEIR_X_LAMBDA:
        lambda(out, e, style);
        break;
    }
}
