/* Nodes of the syntax tree, made by the grammar's actions: literals, expressions and the checks
 * that need more than the grammar. Types, queries and statements are in build_stmt.c.
 *
 * An error marks the statement as failed; the node is returned all the same, so that the actions
 * still to come on the parser's stack need no checks. The tree of a failed statement is dropped. */
#include "dsl/parser.h"
#include "dsl/sql.h"
#include "engine/data/number.h"

#include <stdio.h>

weir_diag *weir__verror(weir__parser *p, weir_rc rc, weir_span span, const char *fmt, va_list ap)
{
    if (p->failed) {
        return NULL; /* one error per statement: the first */
    }
    p->failed = true;
    char text[512];
    vsnprintf(text, sizeof text, fmt, ap);
    weir_diag *d = weir_diag_add(p->diags, rc, span, "%s", text);
    if (d) {
        d->stmt = weir__to((weir_span){p->start, 0}, p->tok.span);
    }
    return d;
}

weir_diag *weir__error(weir__parser *p, weir_rc rc, weir_span span, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    weir_diag *d = weir__verror(p, rc, span, fmt, ap);
    va_end(ap);
    if (d) {
        /* The grammar's own words start so; what follows is for people. */
        static const weir_sv prefix = {"Syntax Error: ", 14};
        d->syntax = weir_sv_starts(d->message, prefix);
        if (d->syntax) {
            d->message.p += prefix.n;
            d->message.n -= prefix.n;
        }
    }
    return d;
}

void weir__hint(weir__parser *p, weir_diag *d, const char *fmt, ...)
{
    if (!d) {
        return;
    }
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->hint = weir_arena_sv(p->a, weir_sv_cstr(text));
}

weir_span weir__until_now(weir__parser *p, uint32_t from)
{
    return (weir_span){from, p->last_end > from ? p->last_end - from : 0};
}

/* ---- names and texts */

/* 'it''s' → it's; the same for the quotes of identifiers. */
weir_sv weir__unquote(weir__parser *p, weir_sv quoted)
{
    if (quoted.n < 2) {
        return (weir_sv){0}; /* an optional token that was not there */
    }
    char quote = quoted.p[0];
    weir_sv inner = {quoted.p + 1, quoted.n - 2};
    if (!inner.n || !memchr(inner.p, quote, inner.n)) {
        return inner;
    }
    char *out = weir_arena_bytes_alloc(p->a, inner.n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < inner.n; i++) {
        out[n++] = inner.p[i];
        if (inner.p[i] == quote) {
            i++; /* the second of a pair */
        }
    }
    return weir_sv_of(out, n);
}

static weir_sv upper(weir__parser *p, weir_sv s)
{
    char *out = weir_arena_bytes_alloc(p->a, s.n + 1);
    for (uint32_t i = 0; i < s.n; i++) {
        out[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 32) : s.p[i];
    }
    out[s.n] = 0;
    return weir_sv_of(out, s.n);
}

weir_ast_ident weir__ident(weir__parser *p, weir_token t)
{
    weir_ast_ident id = {.span = t.span};
    char first = t.text.p[0];
    if (first == '`' || first == '"') {
        id.quoted = true;
        id.name = weir__unquote(p, t.text);
        if (id.name.n == 0) {
            weir__error(p, WEIR_ESQL, t.span, "Syntax Error: a name cannot be empty");
        }
        return id;
    }
    if (first == '$') {
        id.variable = true;
        id.name = weir_sv_of(t.text.p + 2, t.text.n - 3);
        return id;
    }
    id.name = upper(p, t.text);
    return id;
}

/* The name in the case it was written in: topics and subjects. */
weir_sv weir__as_written(weir__parser *p, weir_ast_ident id)
{
    if (id.quoted) {
        return id.name;
    }
    return weir_sv_of(p->text.p + id.span.at, id.span.n);
}

weir_ast_ident weir__dotted(weir__parser *p, weir_ast_ident before, weir_ast_ident id)
{
    weir_sv last = weir__as_written(p, id);
    weir_sv name = weir_arena_printf(p->a, WEIR_SV_FMT "." WEIR_SV_FMT, WEIR_SV_ARG(before.name),
                                     WEIR_SV_ARG(last));
    return (weir_ast_ident){.name = name, .span = weir__to(before.span, id.span)};
}

weir_ast_ident weir__source_name(weir__parser *p, weir_ast_ident id)
{
    if (id.variable) {
        return id;
    }
    for (uint32_t i = 0; i < id.name.n; i++) {
        char c = id.name.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-')) {
            weir_text_pos at = weir_text_pos_of(p->text, id.span.at);
            weir__error(p, WEIR_ESQL, id.span,
                        "Illegal argument at Line: %u, Col: %u. Source names may only contain "
                        "alphanumeric values, '_' or '-'. Got: '" WEIR_SV_FMT "'",
                        at.line, at.col, WEIR_SV_ARG(id.name));
            break;
        }
    }
    return id;
}

/* ---- nodes */

weir_ast_expr *weir__x(weir__parser *p, weir_ast_expr_kind kind, weir_span span)
{
    weir_ast_expr *e = WEIR_NEW(p->a, weir_ast_expr);
    e->kind = kind;
    e->depth = 1;
    e->span = span;
    e->at = span;
    if (++p->nodes > WEIR_EXPR_NODES_MAX) {
        weir__error(p, WEIR_ELIMIT, span, "the statement has more than %d expression nodes",
                    WEIR_EXPR_NODES_MAX);
    }
    return e;
}

static void deepen(weir__parser *p, weir_ast_expr *e, uint32_t below)
{
    if (e->depth <= below) {
        e->depth = (uint16_t)(below + 1);
    }
    if (e->depth > WEIR_EXPR_DEPTH_MAX && !p->failed) {
        weir__error(p, WEIR_ELIMIT, e->at, "expressions are nested deeper than %d levels",
                    WEIR_EXPR_DEPTH_MAX);
        weir__hint(p, &p->diags->items[p->diags->n - 1],
                   "split the expression into several columns");
    }
}

void weir__x_arg(weir__parser *p, weir_ast_expr *e, weir_ast_expr *arg)
{
    WEIR_PUSH(p->a, e->args, e->n, e->cap, arg);
    deepen(p, e, arg->depth);
}

void weir__x_args(weir__parser *p, weir_ast_expr *e, const weir_ast_exprs *args)
{
    for (uint32_t i = 0; i < args->n; i++) {
        weir__x_arg(p, e, args->items[i]);
    }
}

weir_ast_expr *weir__x_node(weir__parser *p, weir_ast_expr_kind kind, weir_span span,
                            weir_ast_expr *a, weir_ast_expr *b, weir_ast_expr *c)
{
    weir_ast_expr *e = weir__x(p, kind, span);
    weir_ast_expr *args[] = {a, b, c};
    for (size_t i = 0; i < WEIR_COUNT(args) && args[i]; i++) {
        weir__x_arg(p, e, args[i]);
    }
    return e;
}

/* ---- literals */

/* A number out of range may still be legal, or get its sign into the message. */
static void pending_fail(weir__parser *p, const weir_ast_expr *e, const char *sign)
{
    weir_diag *d = weir__error(p, WEIR_ESQL, e->span, "%s: %s" WEIR_SV_FMT,
                               e->kind == WEIR_X_DOUBLE ? "Number overflows DOUBLE"
                                                        : "Invalid numeric literal",
                               sign, WEIR_SV_ARG(e->as.text));
    if (d) {
        d->number = true;
    }
}

weir_ast_expr *weir__x_number(weir__parser *p, weir_token t)
{
    if (p->pending) {
        pending_fail(p, p->pending, "");
        p->pending = NULL;
    }
    weir_ast_expr *e = weir__x(p, WEIR_X_DECIMAL, t.span);
    if (t.kind == WEIR_TK_INTEGER) {
        e->kind = WEIR_X_BIGINT;
        if (!weir_i64_parse(t.text, &e->as.integer)) {
            e->as.text = t.text;
            p->pending = e;
        } else if (e->as.integer <= INT32_MAX) {
            e->kind = WEIR_X_INTEGER;
        }
    } else if (t.kind == WEIR_TK_DOUBLE) {
        e->kind = WEIR_X_DOUBLE;
        if (!weir_double_parse_finite(t.text, &e->as.real)) {
            e->as.text = t.text;
            p->pending = e;
        }
    } else {
        e->as.text = t.text;
        if (t.text.n > WEIR_DECIMAL_DIGITS_MAX) {
            weir__error(p, WEIR_ELIMIT, t.span, "a DECIMAL has at most %d digits",
                        WEIR_DECIMAL_DIGITS_MAX);
        }
    }
    return e;
}

weir_ast_expr *weir__x_text(weir__parser *p, weir_ast_expr_kind kind, weir_span span, weir_sv text)
{
    weir_ast_expr *e = weir__x(p, kind, span);
    e->as.text = text;
    return e;
}

weir_ast_expr *weir__x_boolean(weir__parser *p, weir_span span, bool value)
{
    weir_ast_expr *e = weir__x(p, WEIR_X_BOOLEAN, span);
    e->as.boolean = value;
    return e;
}

static bool decimal_text(weir_sv s)
{
    uint32_t digits = 0;
    uint32_t dots = 0;
    for (uint32_t i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'); i < s.n; i++) {
        digits += s.p[i] >= '0' && s.p[i] <= '9';
        dots += s.p[i] == '.';
        if (s.p[i] != '.' && (s.p[i] < '0' || s.p[i] > '9')) {
            return false;
        }
    }
    return digits > 0 && digits <= WEIR_DECIMAL_DIGITS_MAX && dots <= 1;
}

/* DECIMAL '1.50' is the only one there is. */
weir_ast_expr *weir__x_typed(weir__parser *p, weir_ast_ident type, weir_token text)
{
    weir_span span = weir__to(type.span, text.span);
    weir_sv value = weir__unquote(p, text.text);
    if (!weir_sv_eq(type.name, WEIR_SV("DECIMAL"))) {
        weir_diag *d =
            weir__error(p, WEIR_ESQL, span, "Unknown type: " WEIR_SV_FMT, WEIR_SV_ARG(type.name));
        weir__hint(p, d, "only DECIMAL '…' has this form; write times and dates as plain strings");
    } else if (!decimal_text(value)) {
        weir__error(p, WEIR_ESQL, span, "Invalid numeric literal: " WEIR_SV_FMT,
                    WEIR_SV_ARG(value));
    }
    if (value.n && value.p[0] == '+') {
        value = weir_sv_of(value.p + 1, value.n - 1);
    }
    return weir__x_text(p, WEIR_X_DECIMAL, span, value);
}

/* A minus sign in front of an unsigned number becomes part of it. */
static bool fold_sign(weir__parser *p, weir_ast_expr *e)
{
    if (e == p->pending) {
        p->pending = NULL;
        if (e->kind == WEIR_X_BIGINT && weir_sv_eq(e->as.text, WEIR_SV("9223372036854775808"))) {
            e->as.integer = INT64_MIN;
        } else {
            pending_fail(p, e, "-");
        }
        return true;
    }
    switch ((int)e->kind) {
    case WEIR_X_INTEGER:
    case WEIR_X_BIGINT:
        if (e->as.integer < 0) {
            return false;
        }
        e->as.integer = -e->as.integer;
        if (e->as.integer >= INT32_MIN) {
            e->kind = WEIR_X_INTEGER;
        }
        return true;
    case WEIR_X_DOUBLE:
        if (__builtin_signbit(e->as.real)) {
            return false;
        }
        e->as.real = -e->as.real;
        return true;
    case WEIR_X_DECIMAL:
        if (e->as.text.p[0] == '-') {
            return false;
        }
        e->as.text = weir_arena_printf(p->a, "-" WEIR_SV_FMT, WEIR_SV_ARG(e->as.text));
        return true;
    default:
        return false;
    }
}

weir_ast_expr *weir__x_unary(weir__parser *p, weir_token op, weir_ast_op code, weir_ast_expr *e)
{
    weir_span span = weir__to(op.span, e->span);
    if (code == WEIR_OP_SUB) {
        if (e == p->pending) {
            e->span = span;
        }
        if (fold_sign(p, e)) {
            e->span = span;
            e->at = span;
            return e;
        }
    }
    weir_ast_expr *u = weir__x_node(p, WEIR_X_UNARY, span, e, NULL, NULL);
    u->op = code;
    return u;
}

/* ---- operators */

weir_ast_expr *weir__x_binary(weir__parser *p, weir_ast_expr_kind kind, weir_ast_op code,
                              weir_ast_expr *l, weir_token op, weir_ast_expr *r)
{
    weir_ast_expr *e = weir__x(p, kind, weir__to(l->span, r->span));
    e->op = code;
    e->at = op.span;
    weir__x_arg(p, e, l);
    weir__x_arg(p, e, r);
    return e;
}

/* A run of AND or OR is one node, so that hundreds of alternatives are not hundreds of levels. */
weir_ast_expr *weir__x_logic(weir__parser *p, weir_ast_op code, weir_ast_expr *l, weir_token op,
                             weir_ast_expr *r)
{
    if (l->kind != WEIR_X_LOGIC || l->op != code) {
        return weir__x_binary(p, WEIR_X_LOGIC, code, l, op, r);
    }
    l->span = weir__to(l->span, r->span);
    l->at = op.span;
    weir__x_arg(p, l, r);
    return l;
}

weir_ast_expr *weir__x_not(weir__parser *p, weir_span span, weir_ast_expr *e)
{
    return weir__x_node(p, WEIR_X_NOT, span, e, NULL, NULL);
}

/* One UTF-16 unit, as ksqlDB counts: one sequence of at most three bytes. */
static bool one_character(weir_sv s)
{
    unsigned char first = s.n ? (unsigned char)s.p[0] : 0;
    uint32_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3;
    return s.n == size && first != 0 && first < 0xf0;
}

weir_ast_expr *weir__x_like(weir__parser *p, weir_ast_expr *l, weir_ast_expr *r, weir_token escape)
{
    weir_ast_expr *e = weir__x_node(p, WEIR_X_LIKE, weir__to(l->span, r->span), l, r, NULL);
    if (escape.span.n) {
        e->span = e->at = weir__to(l->span, escape.span);
        e->as.text = weir__unquote(p, escape.text);
        if (!one_character(e->as.text)) {
            weir_text_pos at = weir_text_pos_of(p->text, escape.span.at);
            weir__error(p, WEIR_ESQL, escape.span,
                        "Line: %u, Col: %u: Expected single character escape but got: " WEIR_SV_FMT,
                        at.line, at.col, WEIR_SV_ARG(e->as.text));
        }
    }
    return e;
}

/* ---- names, calls, lambdas */

weir_ast_expr *weir__x_column(weir__parser *p, weir_ast_ident qualifier, weir_ast_ident name)
{
    bool qualified = weir_ast_has(&qualifier);
    weir_span span = qualified ? weir__to(qualifier.span, name.span) : name.span;
    weir_ast_expr *e = weir__x(p, WEIR_X_COLUMN, span);
    e->as.column.qualifier = qualifier;
    e->as.column.name = name;
    return e;
}

weir_ast_expr *weir__x_field(weir__parser *p, weir_ast_expr *base, weir_ast_ident name)
{
    weir_ast_expr *e =
        weir__x_node(p, WEIR_X_FIELD, weir__to(base->span, name.span), base, NULL, NULL);
    e->as.name = name;
    return e;
}

weir_ast_expr *weir__x_call(weir__parser *p, weir_ast_ident name, const weir_ast_exprs *args,
                            weir_token end)
{
    weir_ast_expr *e = weir__x(p, WEIR_X_CALL, weir__to(name.span, end.span));
    e->as.call.name = name;
    if (args) {
        weir__x_args(p, e, args);
    }
    return e;
}

void weir__x_over(weir__parser *p, weir_ast_expr *call, weir_ast_over *over)
{
    call->as.call.over = over;
    call->span = weir__to(call->span, over->span);
    call->at = call->span;
    for (uint32_t i = 0; i < over->partition_by.n; i++) {
        deepen(p, call, over->partition_by.items[i]->depth);
    }
    for (uint32_t i = 0; i < over->order_by.n; i++) {
        deepen(p, call, over->order_by.items[i].expr->depth);
    }
}

weir_ast_expr *weir__x_lambda(weir__parser *p, weir_span span, const weir_ast_exprs *params,
                              weir_ast_expr *body)
{
    weir_ast_expr *e = weir__x_node(p, WEIR_X_LAMBDA, span, body, NULL, NULL);
    weir_ast_idents names = {0};
    for (uint32_t i = 0; i < params->n; i++) {
        const weir_ast_expr *name = params->items[i];
        if (name->kind != WEIR_X_COLUMN || weir_ast_has(&name->as.column.qualifier)) {
            weir__error(p, WEIR_ESQL, name->span,
                        "Syntax Error: a lambda parameter must be a plain name");
            break;
        }
        WEIR_PUSH(p->a, names.items, names.n, names.cap, name->as.column.name);
    }
    e->as.names = names;
    return e;
}

void weir__x_struct_field(weir__parser *p, weir_ast_expr *e, weir_ast_ident name, weir_ast_expr *v)
{
    weir_ast_idents *names = &e->as.names;
    WEIR_PUSH(p->a, names->items, names->n, names->cap, name);
    weir__x_arg(p, e, v);
}

/* ---- counts and durations */

/* A whole number where only a count can stand: LIMIT 5. */
int64_t weir__integer(weir__parser *p, weir_token t, bool negative)
{
    uint64_t magnitude = 0;
    for (uint32_t i = 0; i < t.text.n; i++) {
        uint64_t digit = (uint64_t)(t.text.p[i] - '0');
        if (magnitude > ((uint64_t)INT64_MAX - digit) / 10) {
            weir__error(p, WEIR_ESQL, t.span, "Invalid numeric literal: %s" WEIR_SV_FMT,
                        negative ? "-" : "", WEIR_SV_ARG(t.text));
            return 0;
        }
        magnitude = magnitude * 10 + digit;
    }
    return negative ? -(int64_t)magnitude : (int64_t)magnitude;
}

weir_ast_duration weir__duration(weir__parser *p, weir_span span, int64_t count,
                                 weir_ast_ident unit)
{
    weir_ast_duration d = {.count = count, .span = span};
    if (unit.quoted || !weir_unit_of(unit.name, &d.unit)) {
        static const weir_sv units[] = {
            {"DAYS", 4}, {"HOURS", 5}, {"MINUTES", 7}, {"SECONDS", 7}, {"MILLISECONDS", 12}};
        weir_diag *e =
            weir__error(p, WEIR_ESQL, unit.span, "Syntax Error: unknown time unit " WEIR_SV_FMT,
                        WEIR_SV_ARG(unit.name));
        int64_t near = weir_nearest(unit.name, units, WEIR_COUNT(units));
        if (e) {
            e->expected = WEIR_SV("DAYS, HOURS, MINUTES, SECONDS, MILLISECONDS");
        }
        if (near >= 0) {
            weir__hint(p, e, "did you mean %s?", units[near].p);
        }
    }
    return d;
}

/* INTERVAL '10' MINUTE */
weir_ast_duration weir__interval(weir__parser *p, weir_token first, weir_token text,
                                 weir_ast_ident unit)
{
    weir_token digits = text;
    digits.text = weir__unquote(p, text.text);
    bool number = digits.text.n > 0;
    for (uint32_t i = 0; i < digits.text.n; i++) {
        number = number && digits.text.p[i] >= '0' && digits.text.p[i] <= '9';
    }
    if (!number) {
        weir__error(p, WEIR_ESQL, text.span,
                    "Syntax Error: an INTERVAL is a whole number in quotes");
    }
    int64_t count = number ? weir__integer(p, digits, false) : 0;
    return weir__duration(p, weir__to(first.span, unit.span), count, unit);
}
