/* Syntax errors in words: what came, what could have come, and what was probably meant.
 *
 * The parser keeps its stack of states from before the last two tokens. Running a token over such a
 * copy, without values, tells exactly whether it would have been taken: that gives the expected
 * tokens, and decides whether a near-by keyword in place of the last word would have helped. */
#include "dsl/parse.h"
#include "dsl/parser.h"
#include "dsl/sql.h"

#define LISTED_MAX 10
#define TOKENS_MAX 256

/* ---- what came */

static weir_sv token_text(weir__parser *p, const weir_token *t)
{
    if (t->kind == 0) {
        return WEIR_SV("the end of the text");
    }
    if (t->kind == WEIR_TK_STRING) {
        if (t->text.n > 32) {
            return weir_arena_printf(p->a, "the string " WEIR_SV_FMT "…'", 30, t->text.p);
        }
        return weir_arena_printf(p->a, "the string " WEIR_SV_FMT, WEIR_SV_ARG(t->text));
    }
    weir_sv cut = t->text;
    if (cut.n > 64) {
        cut.n = 64;
        while (cut.n > 0 && ((unsigned char)cut.p[cut.n] & 0xc0) == 0x80) {
            cut.n--;
        }
    }
    return weir_arena_printf(p->a, "'" WEIR_SV_FMT "'", WEIR_SV_ARG(cut));
}

/* ---- what could have come */

static bool is_internal(int kind)
{
    return kind == WEIR_TK_BEGIN_EXPR || kind == WEIR_TK_BEGIN_TYPE ||
           kind == WEIR_TK_BEGIN_COLUMNS || kind == WEIR_TK_DIGIT_NAME || kind == WEIR_TK_QUOTED ||
           kind == WEIR_TK_VARIABLE;
}

static bool is_operator(int kind)
{
    switch (kind) {
    case WEIR_TK_PLUS:
    case WEIR_TK_MINUS:
    case WEIR_TK_STAR:
    case WEIR_TK_SLASH:
    case WEIR_TK_PERCENT:
    case WEIR_TK_CONCAT:
    case WEIR_TK_EQ:
    case WEIR_TK_NE:
    case WEIR_TK_LT:
    case WEIR_TK_LE:
    case WEIR_TK_GT:
    case WEIR_TK_GE:
    case WEIR_TK_ARROW:
    case WEIR_TK_LBRACKET:
    case WEIR_TK_DOT:
    case WEIR_TK_AT:
    case WEIR_TK_IN:
    case WEIR_TK_IS:
    case WEIR_TK_LIKE:
    case WEIR_TK_BETWEEN:
    case WEIR_TK_NOT:
    case WEIR_TK_AND:
    case WEIR_TK_OR:
    case WEIR_TK_LAMBDA:
        return true;
    default:
        return false;
    }
}

/* The words and signs an expression can start with; one phrase stands for them all. */
static bool starts_expression(int kind)
{
    switch (kind) {
    case WEIR_TK_NAME:
    case WEIR_TK_STRING:
    case WEIR_TK_INTEGER:
    case WEIR_TK_DECIMAL:
    case WEIR_TK_DOUBLE:
    case WEIR_TK_LP:
    case WEIR_TK_MINUS:
    case WEIR_TK_PLUS:
    case WEIR_TK_CASE:
    case WEIR_TK_CAST:
    case WEIR_TK_NULL:
    case WEIR_TK_TRUE:
    case WEIR_TK_FALSE:
    case WEIR_TK_NOT:
    case WEIR_TK_MAP:
    case WEIR_TK_ARRAY:
    case WEIR_TK_STRUCT:
    case WEIR_TK_DISTINCT:
        return true;
    default:
        return false;
    }
}

static void add_expected(weir_buf *out, const char *name, bool sign, uint32_t *n)
{
    if (*n < LISTED_MAX) {
        const char *quote = sign ? "'" : "";
        weir_buf_printf(out, "%s%s%s%s", *n ? ", " : "", quote, name, quote);
    } else if (*n == LISTED_MAX) {
        weir_buf_str(out, ", …");
    }
    (*n)++;
}

static bool is_phrase(const char *name)
{
    return name[0] == 'a' && name[1] != 0; /* "a name", "an integer" */
}

static weir_sv expected_tokens(weir__parser *p, const bool *can)
{
    weir_buf out;
    weir_buf_init(&out, 4096);
    uint32_t n = 0;
    int tokens = weir__lemon_tokens();
    bool expression = can[WEIR_TK_CAST];
    bool operators = can[WEIR_TK_PLUS] && can[WEIR_TK_CONCAT];
    if (expression) {
        add_expected(&out, can[WEIR_TK_STAR] && !operators ? "an expression, '*'" : "an expression",
                     false, &n);
    }
    /* Signs first, then the words that can be nothing else: the likely mistakes come first. */
    for (int pass = 0; pass < 3; pass++) {
        for (int k = 1; k < tokens; k++) {
            int class = weir__token_is_hard(k) ? 1 : weir__token_is_word(k) ? 2 : 0;
            if (!can[k] || class != pass || (expression && starts_expression(k)) ||
                (expression && k == WEIR_TK_STAR) ||
                (operators && (is_operator(k) || k == WEIR_TK_LP || k == WEIR_TK_STRING))) {
                continue;
            }
            const char *name = weir__token_name(k);
            add_expected(&out, name, class == 0 && !is_phrase(name), &n);
        }
        if (pass == 0 && operators) {
            add_expected(&out, "an operator", false, &n);
        }
    }
    weir_sv text = weir_arena_sv(p->a, weir_buf_view(&out));
    weir_buf_deinit(&out);
    return text;
}

static void expected_set(const weir__stack *s, bool *can)
{
    int tokens = weir__lemon_tokens();
    WEIR_ASSERT(tokens <= TOKENS_MAX);
    memset(can, 0, TOKENS_MAX * sizeof *can);
    for (int k = 1; k < tokens; k++) {
        can[k] = !is_internal(k) && weir__lemon_accepts(s, k, false, NULL);
    }
}

/* ---- what was meant */

static bool starts_statement(int kind)
{
    switch (kind) {
    case WEIR_TK_SELECT:
    case WEIR_TK_CREATE:
    case WEIR_TK_INSERT:
    case WEIR_TK_DROP:
    case WEIR_TK_DESCRIBE:
    case WEIR_TK_SHOW:
    case WEIR_TK_LIST:
    case WEIR_TK_PRINT:
    case WEIR_TK_EXPLAIN:
    case WEIR_TK_TERMINATE:
    case WEIR_TK_ASSERT:
    case WEIR_TK_SET:
    case WEIR_TK_UNSET:
    case WEIR_TK_DEFINE:
    case WEIR_TK_UNDEFINE:
    case WEIR_TK_ALTER:
    case WEIR_TK_RUN:
        return true;
    default:
        return false;
    }
}

/* The keyword nearest to a word among those that `can` come, or 0. */
static int nearest_keyword(weir_sv word, const bool *can)
{
    uint32_t best = word.n <= 3 ? 2 : 3; /* one past the distance that is near enough */
    int found = 0;
    for (int k = 1; k < weir__lemon_tokens(); k++) {
        if (!can[k] || !weir__token_is_word(k)) {
            continue;
        }
        weir_sv name = weir_sv_cstr(weir__token_name(k));
        uint32_t d = weir_edit_distance(word, name, best - 1);
        if (d < best && d > 0 && d * 2 < name.n) {
            best = d;
            found = k;
        }
    }
    return found;
}

static bool is_plain_word(const weir_token *t)
{
    return t->kind == WEIR_TK_NAME || weir__token_is_word(t->kind);
}

/* A misspelt keyword is either the offending word, or the word before it that passed for a name. */
static bool hint_keyword(weir__parser *p, weir_diag *d, const bool *can)
{
    if (is_plain_word(&p->tok)) {
        int k = nearest_keyword(p->tok.text, can);
        if (k) {
            weir__hint(p, d, "did you mean %s instead of " WEIR_SV_FMT "?", weir__token_name(k),
                       WEIR_SV_ARG(p->tok.text));
            return true;
        }
    }
    if (p->prev.span.n && p->prev.kind == WEIR_TK_NAME) {
        bool before[TOKENS_MAX];
        expected_set(&p->before_prev, before);
        int k = nearest_keyword(p->prev.text, before);
        weir__stack after;
        if (k && weir__lemon_accepts(&p->before_prev, k, false, &after) &&
            weir__lemon_accepts(&after, p->tok.kind, true, NULL)) {
            d->span = p->prev.span; /* the word before is the mistake */
            d->expected = (weir_sv){0};
            d->message = weir_arena_printf(p->a, "unexpected " WEIR_SV_FMT,
                                           WEIR_SV_ARG(token_text(p, &p->prev)));
            weir__hint(p, d, "did you mean %s instead of " WEIR_SV_FMT "?", weir__token_name(k),
                       WEIR_SV_ARG(p->prev.text));
            return true;
        }
    }
    return false;
}

/* The last bracket that is still open before the error. */
static bool open_bracket(weir__parser *p, weir_span *out, char *closing)
{
    weir_span open[WEIR_PARSE_DEPTH_MAX];
    char close[WEIR_PARSE_DEPTH_MAX];
    uint32_t n = 0;
    uint32_t at = p->start;
    while (at < p->tok.span.at) {
        weir_token t = weir__lex(p->text, &at);
        if (t.kind == 0) {
            break;
        }
        bool opens = t.kind == WEIR_TK_LP || t.kind == WEIR_TK_LBRACKET;
        if (opens && n < WEIR_PARSE_DEPTH_MAX) {
            close[n] = t.kind == WEIR_TK_LP ? ')' : ']';
            open[n++] = t.span;
        } else if ((t.kind == WEIR_TK_RP || t.kind == WEIR_TK_RBRACKET) && n > 0) {
            n--;
        }
    }
    if (n > 0) {
        *out = open[n - 1];
        *closing = close[n - 1];
    }
    return n > 0;
}

static bool first_on_line(weir__parser *p, uint32_t at)
{
    while (at > 0 && (p->text.p[at - 1] == ' ' || p->text.p[at - 1] == '\t')) {
        at--;
    }
    return at == 0 || p->text.p[at - 1] == '\n';
}

/* ---- the cases */

/* `KEY_FORMAT = JSON'`: the word that should have been quoted carries the quote. */
static bool error_quote(weir__parser *p)
{
    const weir_token *t = &p->tok;
    uint32_t end = t->span.at + t->span.n;
    if (!is_plain_word(t) || end >= p->text.n || p->text.p[end] != '\'') {
        return false;
    }
    weir_diag *d =
        weir__error(p, WEIR_ESQL, (weir_span){end, 1}, "Syntax Error: a quote without its partner");
    weir__hint(p, d, "did you mean '" WEIR_SV_FMT "'?", WEIR_SV_ARG(t->text));
    p->quote_error = true;
    p->recover_from = t->span.at;
    return true;
}

static bool error_comma(weir__parser *p, const bool *can)
{
    bool after_list = p->tok.kind == WEIR_TK_RP || p->tok.kind == WEIR_TK_RBRACKET ||
                      p->tok.kind == WEIR_TK_GT || p->tok.kind == WEIR_TK_SEMI ||
                      p->tok.kind == 0 || weir__token_is_hard(p->tok.kind);
    if (p->prev.kind != WEIR_TK_COMMA || !after_list ||
        !(p->tok.kind == 0 || weir__lemon_accepts(&p->before_prev, p->tok.kind, false, NULL))) {
        return false;
    }
    weir_diag *d = weir__error(p, WEIR_ESQL, p->prev.span,
                               "Syntax Error: nothing follows the comma before " WEIR_SV_FMT,
                               WEIR_SV_ARG(token_text(p, &p->tok)));
    if (d) {
        d->expected = expected_tokens(p, can);
        weir__hint(p, d, "remove the comma");
    }
    return true;
}

static bool error_semicolon(weir__parser *p, const bool *can)
{
    bool next_statement = starts_statement(p->tok.kind) && first_on_line(p, p->tok.span.at);
    if (!can[WEIR_TK_SEMI] || (p->tok.kind != 0 && !next_statement)) {
        return false;
    }
    weir_span end = p->prev.span.n ? p->prev.span : p->tok.span;
    weir__error(p, WEIR_ESQL, (weir_span){end.at + end.n, 0},
                "Syntax Error: ';' is missing before " WEIR_SV_FMT,
                WEIR_SV_ARG(token_text(p, &p->tok)));
    p->at_missing_semi = next_statement;
    return true;
}

/* A string over several lines just before the error: its closing quote is probably further on than
 * was meant. Everything behind the string's first line is looked at again. */
static bool hint_long_string(weir__parser *p, weir_diag *d)
{
    if (p->prev.kind != WEIR_TK_STRING || !memchr(p->prev.text.p, '\n', p->prev.text.n)) {
        return false;
    }
    weir_text_pos at = weir_text_pos_of(p->text, p->prev.span.at);
    weir__hint(p, d,
               "the string that starts at line %u:%u goes over several lines: is its closing "
               "quote missing?",
               at.line, at.col);
    p->quote_error = true;
    p->recover_from = p->prev.span.at;
    return true;
}

static void hint_unexpected(weir__parser *p, weir_diag *d, const bool *can)
{
    weir_span open;
    char closing;
    if (hint_long_string(p, d)) {
        return;
    }
    if (p->start == p->tok.span.at && p->tok.kind != 0) {
        d->message = weir_arena_printf(p->a, "Unknown statement " WEIR_SV_FMT,
                                       WEIR_SV_ARG(token_text(p, &p->tok)));
        int k = nearest_keyword(p->tok.text, can);
        if (k && is_plain_word(&p->tok)) {
            weir__hint(p, d, "Did you mean '%s'?", weir__token_name(k));
        }
        return;
    }
    if (hint_keyword(p, d, can)) {
        return;
    }
    bool name_fits = can[WEIR_TK_NAME];
    if (weir__token_is_hard(p->tok.kind) && name_fits) {
        weir__hint(p, d,
                   "\"" WEIR_SV_FMT "\" is a reserved keyword and it can't be used as an "
                   "identifier. You can use it as an identifier by escaping it as "
                   "`%s`",
                   WEIR_SV_ARG(p->tok.text), weir__token_name(p->tok.kind));
    } else if ((p->tok.kind == WEIR_TK_SEMI || p->tok.kind == 0) &&
               open_bracket(p, &open, &closing)) {
        weir_text_pos at = weir_text_pos_of(p->text, open.at);
        weir__hint(p, d, "'%c' is missing: the '%c' at line %u:%u is still open", closing,
                   p->text.p[open.at], at.line, at.col);
    } else if (p->tok.kind == WEIR_TK_QUOTED && p->tok.text.p[0] == '"' && can[WEIR_TK_STRING]) {
        weir__hint(p, d, "strings are written in single quotes; double quotes make a name");
    }
}

void weir__syntax_error(weir__parser *p)
{
    if (p->failed) {
        return;
    }
    if (p->diags->n >= WEIR_DIAGNOSTICS_MAX) {
        weir__error(p, WEIR_ESQL, p->tok.span, "Syntax Error"); /* only counted */
        return;
    }
    bool can[TOKENS_MAX];
    expected_set(&p->before_tok, can);
    if (error_quote(p) || error_comma(p, can) || error_semicolon(p, can)) {
        return;
    }
    weir_diag *d = weir__error(p, WEIR_ESQL, p->tok.span, "Syntax Error: unexpected " WEIR_SV_FMT,
                               WEIR_SV_ARG(token_text(p, &p->tok)));
    if (d) {
        d->expected = expected_tokens(p, can);
        hint_unexpected(p, d, can);
    }
}

void weir__lexical_error(weir__parser *p)
{
    const weir_token *t = &p->tok;
    weir_diag *d;
    switch (t->kind) {
    case WEIR_LEX_QUOTE:
        d = weir__error(p, WEIR_ESQL, t->span, "Syntax Error: %s is never closed",
                        t->text.p[0] == '\'' ? "the string" : "the quoted name");
        weir__hint(p, d,
                   t->text.p[0] == '"'
                       ? "strings are written in single quotes; double quotes make a name"
                       : "a quote inside quotes is written twice");
        p->quote_error = true;
        p->recover_from = t->span.at;
        return;
    case WEIR_LEX_COMMENT:
        weir__error(p, WEIR_ESQL, t->span, "Syntax Error: the comment is never closed");
        p->at = p->text.n;
        return;
    default:
        break;
    }
    unsigned char c = (unsigned char)t->text.p[0];
    if (c < 0x20 || (c >= 0x7f && t->text.n == 1)) {
        weir__error(p, WEIR_ESQL, t->span, "Syntax Error: byte 0x%02x is not part of SQL", c);
        return;
    }
    d = weir__error(p, WEIR_ESQL, t->span, "Syntax Error: unexpected character '" WEIR_SV_FMT "'",
                    WEIR_SV_ARG(t->text));
    if (c >= 0x80) {
        weir__hint(p, d, "names with letters outside of A-Z must be written in back-quotes");
    }
}

void weir__stack_overflow(weir__parser *p)
{
    weir__error(p, WEIR_ELIMIT, p->tok.span,
                "the statement is nested deeper than %d levels of the parser",
                WEIR_PARSE_DEPTH_MAX);
}
