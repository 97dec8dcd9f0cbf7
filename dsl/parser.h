/* What lexer, grammar, builder and driver share. Private to dsl/: sql.re, sql.y, parse.c, build.c,
 * expect.c. */
#pragma once
#include "dsl/ast.h"
#include "dsl/diag.h"
#include "engine/base/arena.h"
#include "engine/base/limits.h"

#include <stdarg.h>

typedef struct weir_token {
    int kind; /* WEIR_TK_…, 0 at the end, negative: a lexical error (below) */
    weir_span span;
    weir_sv text; /* slice of the script */
} weir_token;

/* Kinds of token that no grammar knows. */
enum {
    WEIR_LEX_QUOTE = -1,     /* string or quoted identifier without end */
    WEIR_LEX_COMMENT = -2,   /* comment without end */
    WEIR_LEX_CHAR = -3,      /* a character that means nothing */
    WEIR_LEX_DIRECTIVE = -4, /* --@name: value; the parser never sees it */
};

/* The parser's stack of states without values: enough to ask "what if this token came next?". */
typedef struct weir__stack {
    uint32_t n;
    uint16_t state[WEIR_PARSE_DEPTH_MAX + 2];
} weir__stack;

typedef struct weir__parser {
    weir_arena *a;
    weir_sv text;
    uint32_t at; /* the lexer's place */
    weir_diags *diags;
    void *lemon;
    bool failed; /* the statement has an error: the first one is recorded, nothing more is fed */
    bool quote_error; /* recover line by line: quotes cannot be trusted */
    uint32_t recover_from; /* then: from here */
    bool at_missing_semi; /* recover at the current token: it starts the next statement */
    uint32_t nodes;
    weir_token tok; /* being fed: the lookahead of every action */
    weir_token prev;
    uint32_t start;    /* first token of the statement */
    uint32_t last_end; /* end of the token before tok */
    uint32_t stmt_end;
    weir__stack before_tok;
    weir__stack before_prev;
    weir_ast_expr *pending; /* a number that only a minus sign can make legal */
    /* results, by entry */
    weir_ast_stmt *stmt;
    weir_ast_expr *expr;
    weir_ast_type *type;
    weir_ast_columns columns;
} weir__parser;

/* ---- sql.re */
weir_token weir__lex(weir_sv text, uint32_t *at);

/* ---- words (words.c) */
int weir__word_token(weir_sv word);        /* WEIR_TK_… or 0; case does not matter */
const char *weir__token_name(int token);   /* "GROUP", "`(`", "a name" */
bool weir__token_is_word(int token);
bool weir__token_is_hard(int token);

/* ---- sql.y */
size_t weir__lemon_size(void);
void weir__lemon_init(void *lemon, weir__parser *p);
void weir__lemon_feed(void *lemon, int kind, weir_token token);
void weir__lemon_deinit(void *lemon);
int weir__lemon_tokens(void); /* kinds are 1 … this - 1 */
void weir__lemon_stack(const void *lemon, weir__stack *out);
/* Would `kind` be shifted? If `next` is given it becomes the stack after it. `soft`: a soft keyword
 * may count as a name. */
bool weir__lemon_accepts(const weir__stack *s, int kind, bool soft, weir__stack *next);

/* ---- expect.c: called by the grammar */
void weir__syntax_error(weir__parser *p);
void weir__lexical_error(weir__parser *p);
void weir__stack_overflow(weir__parser *p);

/* ---- build.c. None returns NULL: after an error the tree is thrown away as a whole. */
weir_diag *weir__error(weir__parser *p, weir_rc rc, weir_span span, const char *fmt, ...)
    WEIR_PRINTF(4, 5);
weir_diag *weir__verror(weir__parser *p, weir_rc rc, weir_span span, const char *fmt, va_list ap);
void weir__hint(weir__parser *p, weir_diag *d, const char *fmt, ...) WEIR_PRINTF(3, 4);
static inline weir_span weir__to(weir_span from, weir_span to)
{
    return (weir_span){from.at, to.at + to.n - from.at};
}
weir_span weir__until_now(weir__parser *p, uint32_t from); /* up to the end of the last token */

weir_ast_ident weir__ident(weir__parser *p, weir_token t);
weir_ast_ident weir__source_name(weir__parser *p, weir_ast_ident id);
weir_sv weir__unquote(weir__parser *p, weir_sv quoted);
weir_sv weir__as_written(weir__parser *p, weir_ast_ident id);
weir_ast_ident weir__dotted(weir__parser *p, weir_ast_ident before, weir_ast_ident id);

weir_ast_expr *weir__x(weir__parser *p, weir_ast_expr_kind kind, weir_span span);
void weir__x_arg(weir__parser *p, weir_ast_expr *e, weir_ast_expr *arg);
void weir__x_args(weir__parser *p, weir_ast_expr *e, const weir_ast_exprs *args);
weir_ast_expr *weir__x_number(weir__parser *p, weir_token t);
weir_ast_expr *weir__x_text(weir__parser *p, weir_ast_expr_kind kind, weir_span span, weir_sv text);
weir_ast_expr *weir__x_boolean(weir__parser *p, weir_span span, bool value);
weir_ast_expr *weir__x_typed(weir__parser *p, weir_ast_ident type, weir_token text);
weir_ast_expr *weir__x_column(weir__parser *p, weir_ast_ident qualifier, weir_ast_ident name);
weir_ast_expr *weir__x_field(weir__parser *p, weir_ast_expr *base, weir_ast_ident name);
weir_ast_expr *weir__x_unary(weir__parser *p, weir_token op, weir_ast_op code, weir_ast_expr *e);
weir_ast_expr *weir__x_binary(weir__parser *p, weir_ast_expr_kind kind, weir_ast_op code,
                              weir_ast_expr *l, weir_token op, weir_ast_expr *r);
weir_ast_expr *weir__x_logic(weir__parser *p, weir_ast_op code, weir_ast_expr *l, weir_token op,
                             weir_ast_expr *r);
weir_ast_expr *weir__x_not(weir__parser *p, weir_span span, weir_ast_expr *e);
weir_ast_expr *weir__x_like(weir__parser *p, weir_ast_expr *l, weir_ast_expr *r, weir_token escape);
weir_ast_expr *weir__x_call(weir__parser *p, weir_ast_ident name, const weir_ast_exprs *args,
                            weir_token end);
weir_ast_expr *weir__x_lambda(weir__parser *p, weir_span span, const weir_ast_exprs *params,
                              weir_ast_expr *body);
void weir__x_over(weir__parser *p, weir_ast_expr *call, weir_ast_over *over);
void weir__x_struct_field(weir__parser *p, weir_ast_expr *e, weir_ast_ident name, weir_ast_expr *v);
/* A node with one to three children whose span covers them. */
weir_ast_expr *weir__x_node(weir__parser *p, weir_ast_expr_kind kind, weir_span span,
                            weir_ast_expr *a, weir_ast_expr *b, weir_ast_expr *c);
int64_t weir__integer(weir__parser *p, weir_token t, bool negative);
weir_ast_duration weir__duration(weir__parser *p, weir_span span, int64_t count, weir_ast_ident unit);
weir_ast_duration weir__interval(weir__parser *p, weir_token first, weir_token text,
                                 weir_ast_ident unit);

weir_ast_type *weir__type_named(weir__parser *p, weir_ast_ident name, const weir_ast_exprs *params,
                                weir_span span);
weir_ast_type *weir__type_nested(weir__parser *p, weir_ast_type_kind kind, weir_span span,
                                 weir_ast_type *key, weir_ast_type *item);
weir_ast_type *weir__type_struct(weir__parser *p, weir_span span, weir_ast_fields fields);

weir_ast_query *weir__query(weir__parser *p);
/* Notes that a clause was given; complains about the second and about one behind the tail. */
void weir__clause(weir__parser *p, weir_ast_query *q, weir_span *slot, uint32_t from,
                  const char *name);
void weir__union(weir__parser *p, weir_ast_query *first, weir_ast_query *more);
void weir__join(weir__parser *p, weir_ast_rels *from, weir_ast_rel *r);
void weir__window_option(weir__parser *p, weir_ast_duration *slot, weir_ast_duration d,
                         const char *name);
weir_ast_pattern *weir__pattern(weir__parser *p, weir_ast_pattern_kind kind, weir_span span);
weir_ast_pattern *weir__pattern_join(weir__parser *p, weir_ast_pattern_kind kind,
                                     weir_ast_pattern *l, weir_ast_pattern *r);
weir_ast_pattern *weir__pattern_group(weir__parser *p, weir_span span, weir_ast_pattern *t);

weir_ast_stmt *weir__stmt(weir__parser *p, weir_ast_stmt_kind kind);
weir_ast_stmt *weir__stmt_set(weir__parser *p, weir_ast_stmt_kind kind, weir_token name,
                              weir_token value);
void weir__column(weir__parser *p, weir_ast_columns *to, weir_ast_column c);
void weir__finish(weir__parser *p, weir_ast_stmt *s);
