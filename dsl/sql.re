/* The lexer: the next token of a text, as a slice. White space and comments are skipped. No state
 * but the position; the text must be NUL-terminated at text.p[text.n]. */
#include "dsl/parser.h"
#include "dsl/sql.h"

/* A word is a keyword only with its company: `ORDER` before BY, `UNNEST` before a parenthesis.
 * Only white space may stand between. */
static uint32_t weir__skip_blanks(weir_sv text, uint32_t at)
{
    while (at < text.n && (text.p[at] == ' ' || text.p[at] == '\t' || text.p[at] == '\r' ||
                           text.p[at] == '\n')) {
        at++;
    }
    return at;
}

static bool weir__next_is(weir_sv text, uint32_t at, char first, char last)
{
    at = weir__skip_blanks(text, at);
    return at < text.n && text.p[at] >= first && text.p[at] <= last;
}

static bool weir__next_is_word(weir_sv text, uint32_t at, weir_sv word)
{
    at = weir__skip_blanks(text, at);
    uint32_t end = at;
    while (end < text.n && end - at <= word.n && (text.p[end] | 32) >= 'a' &&
           (text.p[end] | 32) <= 'z') {
        end++;
    }
    return weir_sv_ieq(weir_sv_of(text.p + at, end - at), word);
}

static int weir__word_kind(weir_sv text, weir_token t)
{
    uint32_t end = t.span.at + t.span.n;
    int kind = weir__word_token(t.text);
    switch (kind) {
    case 0:
        return WEIR_TK_NAME;
    case WEIR_TK_ORDER:
        return weir__next_is_word(text, end, WEIR_SV("BY")) ? kind : WEIR_TK_NAME;
    case WEIR_TK_UNION:
        return weir__next_is_word(text, end, WEIR_SV("ALL")) ? kind : WEIR_TK_NAME;
    case WEIR_TK_CROSS:
        return weir__next_is_word(text, end, WEIR_SV("JOIN")) ? kind : WEIR_TK_NAME;
    case WEIR_TK_OFFSET:
        return weir__next_is(text, end, '0', '9') ? kind : WEIR_TK_NAME;
    case WEIR_TK_MATCH_RECOGNIZE:
    case WEIR_TK_OVER:
    case WEIR_TK_UNNEST:
        return weir__next_is(text, end, '(', '(') ? kind : WEIR_TK_NAME;
    default:
        return kind;
    }
}

/*!re2c
    re2c:define:YYCTYPE  = "unsigned char";
    re2c:define:YYCURSOR = at_p;
    re2c:define:YYMARKER = marker;
    re2c:define:YYLIMIT  = limit;
    re2c:yyfill:enable   = 0;
    re2c:eof             = 0;

    digit    = [0-9];
    letter   = [A-Za-z_];
    wordchar = [A-Za-z0-9_@];
    exponent = [eE] [+-]? digit+;
    utf8tail = [\x80-\xbf];
*/

weir_token weir__lex(weir_sv text, uint32_t *at)
{
    const unsigned char *base = (const unsigned char *)text.p;
    const unsigned char *at_p = base + *at;
    const unsigned char *limit = base + text.n;
    const unsigned char *marker = at_p;
    const unsigned char *start;
    int kind;
    for (;;) {
        start = at_p;
        /*!re2c
            $                                   { kind = 0; break; }
            [ \t\r\n]+                          { continue; }
            "--" ([^@\r\n] [^\r\n]*)?           { continue; }
            "--@" [^\r\n]*                      { kind = WEIR_LEX_DIRECTIVE; break; }
            "/*" ([^*] | [*]+ [^*/])* [*]+ "/"  { continue; }
            "/*"                                { kind = WEIR_LEX_COMMENT; break; }

            letter wordchar*                    { kind = WEIR_TK_NAME; break; }
            ["] ([^"] | ["]["])* ["]            { kind = WEIR_TK_QUOTED; break; }
            [`] ([^`] | [`][`])* [`]            { kind = WEIR_TK_QUOTED; break; }
            "${" letter wordchar* "}"           { kind = WEIR_TK_VARIABLE; break; }
            ['] ([^'] | ['][']) * [']           { kind = WEIR_TK_STRING; break; }
            ['"`]                               { kind = WEIR_LEX_QUOTE; break; }

            digit+                              { kind = WEIR_TK_INTEGER; break; }
            digit+ "." digit*                   { kind = WEIR_TK_DECIMAL; break; }
            "." digit+                          { kind = WEIR_TK_DECIMAL; break; }
            digit+ ("." digit*)? exponent       { kind = WEIR_TK_DOUBLE; break; }
            "." digit+ exponent                 { kind = WEIR_TK_DOUBLE; break; }
            /* After the numbers: `1E3` is one, `1R` is a name. */
            digit+ wordchar+                    { kind = WEIR_TK_DIGIT_NAME; break; }

            ";"                                 { kind = WEIR_TK_SEMI; break; }
            "("                                 { kind = WEIR_TK_LP; break; }
            ")"                                 { kind = WEIR_TK_RP; break; }
            "["                                 { kind = WEIR_TK_LBRACKET; break; }
            "]"                                 { kind = WEIR_TK_RBRACKET; break; }
            "{"                                 { kind = WEIR_TK_LBRACE; break; }
            "}"                                 { kind = WEIR_TK_RBRACE; break; }
            ","                                 { kind = WEIR_TK_COMMA; break; }
            "."                                 { kind = WEIR_TK_DOT; break; }
            "="                                 { kind = WEIR_TK_EQ; break; }
            "<>" | "!="                         { kind = WEIR_TK_NE; break; }
            "<"                                 { kind = WEIR_TK_LT; break; }
            "<="                                { kind = WEIR_TK_LE; break; }
            ">"                                 { kind = WEIR_TK_GT; break; }
            ">="                                { kind = WEIR_TK_GE; break; }
            "+"                                 { kind = WEIR_TK_PLUS; break; }
            "-"                                 { kind = WEIR_TK_MINUS; break; }
            "*"                                 { kind = WEIR_TK_STAR; break; }
            "/"                                 { kind = WEIR_TK_SLASH; break; }
            "%"                                 { kind = WEIR_TK_PERCENT; break; }
            "||"                                { kind = WEIR_TK_CONCAT; break; }
            "|"                                 { kind = WEIR_TK_PIPE; break; }
            "?"                                 { kind = WEIR_TK_QUESTION; break; }
            ":="                                { kind = WEIR_TK_ASSIGN; break; }
            "->"                                { kind = WEIR_TK_ARROW; break; }
            "=>"                                { kind = WEIR_TK_LAMBDA; break; }
            [\xc0-\xff] utf8tail*               { kind = WEIR_LEX_CHAR; break; }
            *                                   { kind = WEIR_LEX_CHAR; break; }
        */
    }
    weir_token t = {
        .kind = kind,
        .span = {(uint32_t)(start - base), (uint32_t)(at_p - start)},
        .text = weir_sv_of((const char *)start, (size_t)(at_p - start)),
    };
    if (kind == WEIR_TK_NAME) {
        t.kind = weir__word_kind(text, t);
    }
    *at = t.span.at + t.span.n;
    return t;
}
