/* A recursive-descent parser over the few words of a signature. The texts are part of the program,
 * so an error carries no position: the registry names the row and stops. */
#include "engine/data/func_sig.h"

typedef struct parser {
    weir_arena *a;
    const char *at;
    uint32_t depth;
} parser;

/* Names of scalar types, first the one that is printed. */
static const struct {
    const char *name;
    weir_kind kind;
} words[] = {
    {"BOOLEAN", WEIR_T_BOOLEAN}, {"INT", WEIR_T_INTEGER},     {"BIGINT", WEIR_T_BIGINT},
    {"DOUBLE", WEIR_T_DOUBLE},   {"DECIMAL", WEIR_T_DECIMAL}, {"VARCHAR", WEIR_T_STRING},
    {"BYTES", WEIR_T_BYTES},     {"DATE", WEIR_T_DATE},       {"TIME", WEIR_T_TIME},
    {"INTEGER", WEIR_T_INTEGER}, {"STRING", WEIR_T_STRING},   {"TIMESTAMP", WEIR_T_TIMESTAMP},
    {"UNIT", WEIR_T_UNIT},
};

static void skip_space(parser *p)
{
    while (*p->at == ' ') {
        p->at++;
    }
}

static bool take(parser *p, const char *token)
{
    skip_space(p);
    size_t n = strlen(token);
    if (strncmp(p->at, token, n) != 0) {
        return false;
    }
    p->at += n;
    return true;
}

static weir_sv take_word(parser *p)
{
    skip_space(p);
    const char *from = p->at;
    while ((*p->at >= 'A' && *p->at <= 'Z') || (*p->at >= 'a' && *p->at <= 'z') ||
           (*p->at >= '0' && *p->at <= '9') || *p->at == '_') {
        p->at++;
    }
    return weir_sv_of(from, (size_t)(p->at - from));
}

static bool take_number(parser *p, int32_t *out)
{
    weir_sv digits = take_word(p);
    int32_t v = 0;
    for (uint32_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || i > 3) {
            return false;
        }
        v = v * 10 + (digits.p[i] - '0');
    }
    *out = v;
    return digits.n > 0;
}

static const weir_sig_type *parse_type(parser *p);

static bool add_kid(parser *p, weir_sig_type *t, const weir_sig_type *kid)
{
    if (!kid || t->n == WEIR_SIG_PARAMS_MAX) {
        return false;
    }
    if (!t->kids) {
        t->kids = WEIR_NEW_N(p->a, const weir_sig_type *, WEIR_SIG_PARAMS_MAX);
    }
    t->kids[t->n++] = kid;
    return true;
}

/* (T, S) => R, with "(" already taken. */
static const weir_sig_type *parse_lambda(parser *p, weir_sig_type *t)
{
    t->sig = WEIR_SIG_LAMBDA;
    do {
        if (!add_kid(p, t, parse_type(p))) {
            return NULL;
        }
    } while (take(p, ","));
    bool ok = take(p, ")") && take(p, "=>") && add_kid(p, t, parse_type(p));
    return ok ? t : NULL;
}

static const weir_sig_type *parse_struct(parser *p, weir_sig_type *t)
{
    t->sig = WEIR_SIG_STRUCT;
    t->kind = WEIR_T_STRUCT;
    t->names = WEIR_NEW_N(p->a, weir_sv, WEIR_SIG_PARAMS_MAX);
    if (!take(p, "<")) {
        return NULL;
    }
    if (take(p, ">")) {
        return t;
    }
    do {
        weir_sv name = take_word(p);
        if (name.n == 0 || !add_kid(p, t, parse_type(p))) {
            return NULL;
        }
        t->names[t->n - 1] = name;
    } while (take(p, ","));
    return take(p, ">") ? t : NULL;
}

static const weir_sig_type *parse_container(parser *p, weir_sig_type *t, weir_sig_kind sig,
                                            weir_kind kind)
{
    t->sig = sig;
    t->kind = kind;
    bool ok = take(p, "<") && add_kid(p, t, parse_type(p)) &&
              (sig != WEIR_SIG_MAP || (take(p, ",") && add_kid(p, t, parse_type(p)))) &&
              take(p, ">");
    return ok ? t : NULL;
}

static const weir_sig_type *parse_scalar(parser *p, weir_sig_type *t, weir_sv word)
{
    if (word.n == 1) {
        t->sig = WEIR_SIG_GENERIC;
        t->letter = word.p[0];
        return t->letter >= 'A' && t->letter <= 'Z' ? t : NULL;
    }
    for (size_t i = 0; i < WEIR_COUNT(words); i++) {
        if (!weir_sv_eq(word, weir_sv_cstr(words[i].name))) {
            continue;
        }
        t->sig = WEIR_SIG_SCALAR;
        t->kind = words[i].kind;
        if (t->kind == WEIR_T_DECIMAL && take(p, "(")) {
            t->sig = WEIR_SIG_DECIMAL;
            bool ok = take_number(p, &t->precision) && take(p, ",") &&
                      take_number(p, &t->scale) && take(p, ")") &&
                      weir_dec_type_valid(t->precision, t->scale);
            return ok ? t : NULL;
        }
        return t;
    }
    return NULL;
}

static const weir_sig_type *parse_type(parser *p)
{
    if (p->depth == WEIR_TYPE_DEPTH_MAX) {
        return NULL;
    }
    p->depth++;
    weir_sig_type *t = WEIR_NEW(p->a, weir_sig_type);
    const weir_sig_type *result = NULL;
    if (take(p, "(")) {
        result = parse_lambda(p, t);
    } else {
        weir_sv word = take_word(p);
        if (weir_sv_eq(word, WEIR_SV("ARRAY"))) {
            result = parse_container(p, t, WEIR_SIG_ARRAY, WEIR_T_ARRAY);
        } else if (weir_sv_eq(word, WEIR_SV("MAP"))) {
            result = parse_container(p, t, WEIR_SIG_MAP, WEIR_T_MAP);
        } else if (weir_sv_eq(word, WEIR_SV("STRUCT"))) {
            result = parse_struct(p, t);
        } else if (weir_sv_eq(word, WEIR_SV("ANY"))) {
            t->sig = WEIR_SIG_ANY;
            result = t;
        } else {
            result = parse_scalar(p, t, word);
        }
    }
    p->depth--;
    return result;
}

static bool parse_params(parser *p, weir_sig *s)
{
    do {
        if (s->n == WEIR_SIG_PARAMS_MAX) {
            return false;
        }
        bool init = take(p, "init ");
        const weir_sig_type *t = parse_type(p);
        if (!t) {
            return false;
        }
        if (take(p, "...")) {
            if (s->variadic >= 0) {
                return false;
            }
            s->variadic = (int32_t)s->n;
        }
        s->is_init[s->n] = init;
        s->params[s->n++] = t;
    } while (take(p, ","));
    return true;
}

const weir_sig *weir__sig_parse(weir_arena *a, const char *text)
{
    parser p = {.a = a, .at = text};
    weir_sig *s = WEIR_NEW(a, weir_sig);
    s->variadic = -1;
    s->params = WEIR_NEW_N(a, const weir_sig_type *, WEIR_SIG_PARAMS_MAX);
    s->is_init = WEIR_NEW_N(a, bool, WEIR_SIG_PARAMS_MAX);
    if (!take(&p, "->")) {
        if (!parse_params(&p, s) || !take(&p, "->")) {
            return NULL;
        }
    }
    if (!take(&p, "*")) {
        s->result = parse_type(&p);
        if (!s->result) {
            return NULL;
        }
    }
    skip_space(&p);
    return *p.at == '\0' ? s : NULL;
}

static void print_list(weir_buf *out, const weir_sig_type *t, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_str(out, i ? ", " : "");
        if (t->names) {
            weir_buf_sv(out, t->names[i]);
            weir_buf_byte(out, ' ');
        }
        weir__sig_type_print(out, t->kids[i]);
    }
}

static void print_scalar(weir_buf *out, weir_kind kind)
{
    if (kind == WEIR_T_UNIT) {
        weir_buf_str(out, "INTERVAL UNIT");
        return;
    }
    for (size_t i = 0; i < WEIR_COUNT(words); i++) {
        if (words[i].kind == kind) {
            weir_buf_str(out, words[i].name);
            return;
        }
    }
    WEIR_UNREACHABLE();
}

void weir__sig_type_print(weir_buf *out, const weir_sig_type *t)
{
    switch (t->sig) {
    case WEIR_SIG_SCALAR:
        print_scalar(out, t->kind);
        break;
    case WEIR_SIG_DECIMAL:
        weir_buf_printf(out, "DECIMAL(%d, %d)", t->precision, t->scale);
        break;
    case WEIR_SIG_ARRAY:
    case WEIR_SIG_MAP:
    case WEIR_SIG_STRUCT:
        weir_buf_str(out, t->kind == WEIR_T_ARRAY ? "ARRAY<"
                          : t->kind == WEIR_T_MAP ? "MAP<"
                                                  : "STRUCT<");
        print_list(out, t, t->n);
        weir_buf_byte(out, '>');
        break;
    case WEIR_SIG_GENERIC:
        weir_buf_byte(out, t->letter);
        break;
    case WEIR_SIG_ANY:
        weir_buf_str(out, "ANY");
        break;
    case WEIR_SIG_LAMBDA:
        weir_buf_str(out, "LAMBDA (");
        print_list(out, t, t->n - 1);
        weir_buf_str(out, ") => ");
        weir__sig_type_print(out, t->kids[t->n - 1]);
        break;
    }
}

void weir__sig_print(weir_buf *out, const char *name, const weir_sig *s)
{
    weir_buf_str(out, name);
    weir_buf_byte(out, '(');
    for (uint32_t i = 0; i < s->n; i++) {
        weir_buf_str(out, i ? ", " : "");
        weir__sig_type_print(out, s->params[i]);
        weir_buf_str(out, (int32_t)i == s->variadic ? "..." : "");
    }
    weir_buf_byte(out, ')');
}
