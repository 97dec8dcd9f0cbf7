/* Words and tokens by name: the table of keywords.def, and what diagnostics call each token. */
#include "dsl/parse.h"
#include "dsl/parser.h"
#include "dsl/sql.h"

enum { WORD_SOFT, WORD_HARD };
#define WEIR_CLASS_SOFT WORD_SOFT
#define WEIR_CLASS_HARD WORD_HARD

typedef struct word {
    const char *text;
    int16_t token;
    int8_t hard;
} word;

/* Sorted, as keywords.def is. */
static const word words[] = {
#define WEIR_WORD(name, class, next) {#name, WEIR_TK_##name, WEIR_CLASS_##class},
#include "dsl/keywords.def"
#undef WEIR_WORD
};

typedef struct sign {
    int token;
    const char *text;
} sign;

static const sign signs[] = {
    {WEIR_TK_SEMI, ";"},
    {WEIR_TK_LP, "("},
    {WEIR_TK_RP, ")"},
    {WEIR_TK_LBRACKET, "["},
    {WEIR_TK_RBRACKET, "]"},
    {WEIR_TK_LBRACE, "{"},
    {WEIR_TK_RBRACE, "}"},
    {WEIR_TK_COMMA, ","},
    {WEIR_TK_DOT, "."},
    {WEIR_TK_EQ, "="},
    {WEIR_TK_NE, "<>"},
    {WEIR_TK_LT, "<"},
    {WEIR_TK_LE, "<="},
    {WEIR_TK_GT, ">"},
    {WEIR_TK_GE, ">="},
    {WEIR_TK_PLUS, "+"},
    {WEIR_TK_MINUS, "-"},
    {WEIR_TK_STAR, "*"},
    {WEIR_TK_SLASH, "/"},
    {WEIR_TK_PERCENT, "%"},
    {WEIR_TK_CONCAT, "||"},
    {WEIR_TK_PIPE, "|"},
    {WEIR_TK_QUESTION, "?"},
    {WEIR_TK_ASSIGN, ":="},
    {WEIR_TK_ARROW, "->"},
    {WEIR_TK_LAMBDA, "=>"},
    {WEIR_TK_NAME, "a name"},
    {WEIR_TK_DIGIT_NAME, "a name"},
    {WEIR_TK_QUOTED, "a name"},
    {WEIR_TK_VARIABLE, "a variable"},
    {WEIR_TK_STRING, "a string"},
    {WEIR_TK_INTEGER, "an integer"},
    {WEIR_TK_DECIMAL, "a number"},
    {WEIR_TK_DOUBLE, "a number"},
};

static const word *word_find(weir_sv text)
{
    char upper[24];
    if (text.n == 0 || text.n >= sizeof upper) {
        return NULL;
    }
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    weir_sv key = weir_sv_of(upper, text.n);
    size_t low = 0;
    size_t high = WEIR_COUNT(words);
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = weir_sv_cmp(key, weir_sv_cstr(words[mid].text));
        if (c == 0) {
            return &words[mid];
        }
        if (c < 0) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return NULL;
}

int weir__word_token(weir_sv text)
{
    const word *w = word_find(text);
    return w ? w->token : 0;
}

bool weir_is_reserved(weir_sv text)
{
    const word *w = word_find(text);
    return w && w->hard;
}

static const word *word_of_token(int token)
{
    for (size_t i = 0; i < WEIR_COUNT(words); i++) {
        if (words[i].token == token) {
            return &words[i];
        }
    }
    return NULL;
}

bool weir__token_is_word(int token)
{
    return word_of_token(token) != NULL;
}

bool weir__token_is_hard(int token)
{
    const word *w = word_of_token(token);
    return w && w->hard;
}

const char *weir__token_name(int token)
{
    for (size_t i = 0; i < WEIR_COUNT(signs); i++) {
        if (signs[i].token == token) {
            return signs[i].text;
        }
    }
    const word *w = word_of_token(token);
    return w ? w->text : "";
}

bool weir_needs_quotes(weir_sv name)
{
    if (name.n == 0) {
        return true;
    }
    bool digits = true; /* `1R` is a name, `12` a number, `1E5` too */
    for (uint32_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool digit = c >= '0' && c <= '9';
        if (!((c >= 'A' && c <= 'Z') || c == '_' || digit || (c == '@' && i > 0))) {
            return true;
        }
        digits = digits && (digit || (c == 'E' && i > 0));
    }
    return digits || weir_is_reserved(name);
}
