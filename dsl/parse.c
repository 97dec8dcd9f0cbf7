/* The driver: one loop that takes tokens from the lexer and feeds them to the grammar, statement by
 * statement. After an error nothing more of the statement is fed, so every statement has at most
 * one error and every later statement is still checked. */
#include "dsl/parse.h"
#include "dsl/parser.h"
#include "dsl/sql.h"

static void parser_init(weir__parser *p, weir_sv text, weir_arena *a, weir_diags *diags)
{
    memset(p, 0, sizeof *p);
    p->a = a;
    p->text = weir_arena_sv(a, text); /* the lexer needs the NUL behind it */
    p->diags = diags;
    p->lemon = weir_arena_alloc(a, weir__lemon_size());
    if (weir_sv_starts(p->text, WEIR_SV("\xef\xbb\xbf"))) {
        p->at = 3; /* a byte order mark, as some editors write */
    }
}

static bool too_long(weir__parser *p)
{
    if (p->text.n <= WEIR_STATEMENT_BYTES_MAX) {
        return false;
    }
    weir__error(p, WEIR_ELIMIT, (weir_span){0, 0}, "the text is longer than %d bytes",
                WEIR_STATEMENT_BYTES_MAX);
    return true;
}

/* ---- feeding */

static void begin(weir__parser *p)
{
    weir__lemon_init(p->lemon, p);
    p->failed = false;
    p->quote_error = false;
    p->at_missing_semi = false;
    p->nodes = 0;
    p->prev = (weir_token){0};
    p->pending = NULL;
    p->stmt = NULL;
    p->expr = NULL;
    p->type = NULL;
    p->columns = (weir_ast_columns){0};
    p->before_prev.n = 0;
    weir__lemon_stack(p->lemon, &p->before_tok);
}

static void feed(weir__parser *p, weir_token t)
{
    p->last_end = p->prev.span.n ? p->prev.span.at + p->prev.span.n : t.span.at;
    p->tok = t;
    if (t.kind < 0) {
        weir__lexical_error(p);
        return;
    }
    weir__lemon_stack(p->lemon, &p->before_tok);
    weir__lemon_feed(p->lemon, t.kind, t);
    if (!p->failed) {
        p->before_prev = p->before_tok;
        p->prev = t;
    }
}

static void check_pending(weir__parser *p)
{
    if (p->pending && !p->failed) {
        weir_token zero = {.kind = WEIR_TK_INTEGER, .text = WEIR_SV("0")};
        weir__x_number(p, zero); /* the next number reports the one before it */
    }
}

/* ---- scripts */

static void add_directive(weir__parser *p, weir_script *s, weir_token t)
{
    if (s->n_directives && s->directives[s->n_directives - 1].span.at >= t.span.at) {
        return; /* seen before the parser went back */
    }
    weir_sv body = {t.text.p + 3, t.text.n - 3}; /* behind --@ */
    const char *colon = body.n ? memchr(body.p, ':', body.n) : NULL;
    weir_ast_directive d = {.span = t.span};
    d.name = weir_sv_trim(colon ? weir_sv_of(body.p, (size_t)(colon - body.p)) : body);
    if (colon) {
        d.value = weir_sv_trim(weir_sv_of(colon + 1, (size_t)(body.p + body.n - colon - 1)));
    }
    WEIR_PUSH(p->a, s->directives, s->n_directives, s->cap_directives, d);
}

static weir_token next_token(weir__parser *p, weir_script *s)
{
    for (;;) {
        weir_token t = weir__lex(p->text, &p->at);
        if (t.kind != WEIR_LEX_DIRECTIVE) {
            return t;
        }
        if (s) {
            add_directive(p, s, t);
        }
    }
}

/* Quotes are out of step: the next `;` at the end of a line ends the statement. */
static void recover_by_line(weir__parser *p, uint32_t from)
{
    uint32_t at = from;
    while (at < p->text.n) {
        if (p->text.p[at] == ';') {
            uint32_t next = at + 1;
            while (next < p->text.n && (p->text.p[next] == ' ' || p->text.p[next] == '\r')) {
                next++;
            }
            if (next >= p->text.n || p->text.p[next] == '\n') {
                p->at = at + 1;
                return;
            }
        }
        at++;
    }
    p->at = p->text.n;
}

/* To behind the `;` of a failed statement. */
static void recover(weir__parser *p, weir_script *s)
{
    weir_token t = p->tok;
    if (p->quote_error) {
        recover_by_line(p, p->recover_from);
        return;
    }
    if (p->at_missing_semi) {
        p->at = t.span.at;
        return;
    }
    while (t.kind != WEIR_TK_SEMI && t.kind != 0) {
        t = next_token(p, s);
        if (t.kind == WEIR_LEX_QUOTE) {
            recover_by_line(p, t.span.at);
            return;
        }
        if (t.kind == WEIR_LEX_COMMENT) {
            p->at = p->text.n;
            return;
        }
    }
}

static void complete(weir__parser *p, weir_ast_stmt *stmt, uint32_t end)
{
    stmt->span = (weir_span){p->start, end - p->start};
    stmt->text = weir_sv_of(p->text.p + p->start, stmt->span.n);
    stmt->has_variables = weir_sv_find(stmt->text, WEIR_SV("${"), 0) >= 0;
}

static bool semicolon_fits(weir__parser *p)
{
    weir__stack now;
    weir__lemon_stack(p->lemon, &now);
    return weir__lemon_accepts(&now, WEIR_TK_SEMI, false, NULL);
}

/* From the first token to the `;`. With `optional`, the end of the text will do. */
static void parse_one(weir__parser *p, weir_script *s, weir_token t, bool optional)
{
    begin(p);
    p->start = t.span.at;
    for (;;) {
        if (t.kind == 0 && optional && semicolon_fits(p)) {
            t.kind = WEIR_TK_SEMI;
        }
        feed(p, t);
        check_pending(p);
        if (p->failed || t.kind == WEIR_TK_SEMI || t.kind == 0) {
            break;
        }
        t = next_token(p, s);
    }
    if (!p->failed) {
        /* Without its `;`, the statement ends where its last token does. */
        p->stmt_end = p->prev.span.n ? p->prev.span.at + p->prev.span.n : p->last_end;
        feed(p, (weir_token){.kind = 0, .span = {p->at, 0}});
    }
    weir__lemon_deinit(p->lemon);
}

weir_rc weir_parse_script(weir_sv text, weir_arena *a, weir_script *out, weir_diags *diags)
{
    weir__parser *p = WEIR_NEW(a, weir__parser);
    parser_init(p, text, a, diags);
    *out = (weir_script){.text = p->text};
    uint32_t errors = diags->n;
    weir_token t = too_long(p) ? (weir_token){0} : next_token(p, out);
    while (t.kind != 0) {
        if (t.kind == WEIR_TK_SEMI) {
            t = next_token(p, out); /* an empty statement */
            continue;
        }
        uint32_t before = diags->n;
        parse_one(p, out, t, false);
        if (p->failed) {
            recover(p, out);
            out->n_failed++;
            if (diags->n > before) {
                diags->items[before].stmt = (weir_span){p->start, p->at - p->start};
            }
        } else {
            WEIR_ASSERT(p->stmt != NULL);
            complete(p, p->stmt, p->stmt_end);
            WEIR_PUSH(a, out->stmts, out->n_stmts, out->cap_stmts, p->stmt);
        }
        t = next_token(p, out);
    }
    return diags->n > errors ? diags->items[errors].rc : WEIR_OK;
}

/* ---- single things */

static void start_text(weir__parser *p, weir_sv text, weir_arena *a, weir_diags *diags)
{
    parser_init(p, text, a, diags);
    begin(p);
    too_long(p);
}

static weir_rc result(const weir__parser *p, uint32_t errors)
{
    if (!p->failed) {
        return WEIR_OK;
    }
    return p->diags->n > errors ? p->diags->items[errors].rc : WEIR_ESQL;
}

weir_rc weir_parse_statement(weir_sv text, weir_arena *a, weir_ast_stmt **out, weir_diags *diags)
{
    weir__parser *p = WEIR_NEW(a, weir__parser);
    uint32_t errors = diags->n;
    *out = NULL;
    start_text(p, text, a, diags);
    if (p->failed) {
        return result(p, errors);
    }
    parse_one(p, NULL, next_token(p, NULL), true);
    if (p->failed) {
        return result(p, errors);
    }
    weir_ast_stmt *stmt = p->stmt;
    complete(p, stmt, p->stmt_end);
    weir_token more = next_token(p, NULL);
    if (more.kind != 0) {
        p->tok = more;
        weir__error(p, WEIR_ESQL, more.span, "Syntax Error: only one statement is expected here");
        return result(p, errors);
    }
    *out = stmt;
    return WEIR_OK;
}

/* The grammar has one entry; a token that no text contains chooses the part of it. */
static weir_rc parse_part(weir__parser *p, weir_sv text, int entry, weir_arena *a,
                          weir_diags *diags)
{
    uint32_t errors = diags->n;
    start_text(p, text, a, diags);
    weir_token t = {.kind = entry};
    p->start = p->at;
    while (!p->failed) {
        feed(p, t);
        check_pending(p);
        if (t.kind == 0) {
            break;
        }
        t = next_token(p, NULL);
    }
    weir__lemon_deinit(p->lemon);
    return result(p, errors);
}

weir_rc weir_parse_expression(weir_sv text, weir_arena *a, weir_ast_expr **out, weir_diags *diags)
{
    weir__parser *p = WEIR_NEW(a, weir__parser);
    weir_rc rc = parse_part(p, text, WEIR_TK_BEGIN_EXPR, a, diags);
    *out = rc == WEIR_OK ? p->expr : NULL;
    return rc;
}

weir_rc weir_parse_type(weir_sv text, weir_arena *a, weir_ast_type **out, weir_diags *diags)
{
    weir__parser *p = WEIR_NEW(a, weir__parser);
    weir_rc rc = parse_part(p, text, WEIR_TK_BEGIN_TYPE, a, diags);
    *out = rc == WEIR_OK ? p->type : NULL;
    return rc;
}

weir_rc weir_parse_columns(weir_sv text, weir_arena *a, weir_ast_columns *out, weir_diags *diags)
{
    weir__parser *p = WEIR_NEW(a, weir__parser);
    weir_rc rc = parse_part(p, text, WEIR_TK_BEGIN_COLUMNS, a, diags);
    *out = rc == WEIR_OK ? p->columns : (weir_ast_columns){0};
    return rc;
}
