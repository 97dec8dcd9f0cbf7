/* Words and tokens by name: the table of keywords.def, and what diagnostics call each token. */
#include "dsl/parse.h"
#include "dsl/parser.h"
#include "dsl/sql.h"

typedef struct word {
    const char *text;
    int16_t token;
} word;

/* Sorted, as keywords.def is. */
static const word words[] = {
#define WEIR_WORD(name, class, next) {#name, WEIR_TK_##name},
#include "dsl/keywords.def"
#undef WEIR_WORD
};

enum { KIND_SIGN, KIND_SOFT, KIND_HARD };
#define WEIR_KIND_SOFT KIND_SOFT
#define WEIR_KIND_HARD KIND_HARD

typedef struct token_name {
    const char *text;
    int8_t kind;
} token_name;

/* By token; tokens that no text contains have no name. */
static const token_name token_names[] = {
#define WEIR_WORD(name, class, next) [WEIR_TK_##name] = {#name, WEIR_KIND_##class},
#include "dsl/keywords.def"
#undef WEIR_WORD
    [WEIR_TK_SEMI] = {";", KIND_SIGN},
    [WEIR_TK_LP] = {"(", KIND_SIGN},
    [WEIR_TK_RP] = {")", KIND_SIGN},
    [WEIR_TK_LBRACKET] = {"[", KIND_SIGN},
    [WEIR_TK_RBRACKET] = {"]", KIND_SIGN},
    [WEIR_TK_LBRACE] = {"{", KIND_SIGN},
    [WEIR_TK_RBRACE] = {"}", KIND_SIGN},
    [WEIR_TK_COMMA] = {",", KIND_SIGN},
    [WEIR_TK_DOT] = {".", KIND_SIGN},
    [WEIR_TK_EQ] = {"=", KIND_SIGN},
    [WEIR_TK_NE] = {"<>", KIND_SIGN},
    [WEIR_TK_LT] = {"<", KIND_SIGN},
    [WEIR_TK_LE] = {"<=", KIND_SIGN},
    [WEIR_TK_GT] = {">", KIND_SIGN},
    [WEIR_TK_GE] = {">=", KIND_SIGN},
    [WEIR_TK_PLUS] = {"+", KIND_SIGN},
    [WEIR_TK_MINUS] = {"-", KIND_SIGN},
    [WEIR_TK_STAR] = {"*", KIND_SIGN},
    [WEIR_TK_SLASH] = {"/", KIND_SIGN},
    [WEIR_TK_PERCENT] = {"%", KIND_SIGN},
    [WEIR_TK_CONCAT] = {"||", KIND_SIGN},
    [WEIR_TK_PIPE] = {"|", KIND_SIGN},
    [WEIR_TK_QUESTION] = {"?", KIND_SIGN},
    [WEIR_TK_ASSIGN] = {":=", KIND_SIGN},
    [WEIR_TK_ARROW] = {"->", KIND_SIGN},
    [WEIR_TK_LAMBDA] = {"=>", KIND_SIGN},
    [WEIR_TK_NAME] = {"a name", KIND_SIGN},
    [WEIR_TK_DIGIT_NAME] = {"a name", KIND_SIGN},
    [WEIR_TK_QUOTED] = {"a name", KIND_SIGN},
    [WEIR_TK_VARIABLE] = {"a variable", KIND_SIGN},
    [WEIR_TK_STRING] = {"a string", KIND_SIGN},
    [WEIR_TK_INTEGER] = {"an integer", KIND_SIGN},
    [WEIR_TK_DECIMAL] = {"a number", KIND_SIGN},
    [WEIR_TK_DOUBLE] = {"a number", KIND_SIGN},
};

static const token_name *name_of(int token)
{
    static const token_name none = {"", KIND_SIGN};
    bool known = token > 0 && (size_t)token < WEIR_COUNT(token_names) && token_names[token].text;
    return known ? &token_names[token] : &none;
}

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
    return weir__token_is_hard(weir__word_token(text));
}

bool weir__token_is_word(int token)
{
    return name_of(token)->kind != KIND_SIGN;
}

bool weir__token_is_hard(int token)
{
    return name_of(token)->kind == KIND_HARD;
}

const char *weir__token_name(int token)
{
    return name_of(token)->text;
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
