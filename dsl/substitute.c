/* ${name} in statement text, before parsing. */
#include "dsl/parse.h"
#include "dsl/parser.h"
#include "dsl/sql.h"
#include "engine/base/buf.h"
#include "engine/base/limits.h"

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '@';
}

/* At `${`: the length of the whole reference, or 0. */
static uint32_t reference(weir_sv text, uint32_t at)
{
    uint32_t end = at + 2;
    if (end >= text.n || text.p[at] != '$' || text.p[at + 1] != '{' || text.p[end] == '@' ||
        (text.p[end] >= '0' && text.p[end] <= '9')) {
        return 0;
    }
    while (end < text.n && is_word(text.p[end])) {
        end++;
    }
    return end < text.n && text.p[end] == '}' && end > at + 2 ? end + 1 - at : 0;
}

/* What may stand where code stands: exactly one name or literal, with an optional sign, and nothing
 * around it (a comment would swallow what follows). */
static bool is_safe(weir_sv value, weir_arena *a)
{
    weir_sv text = weir_arena_sv(a, value);
    uint32_t at = 0;
    weir_token t = weir__lex(text, &at);
    if (t.kind == WEIR_TK_MINUS && at < text.n && text.p[at] != '-' && text.p[at] != '/') {
        t = weir__lex(text, &at);
        if (t.kind != WEIR_TK_INTEGER && t.kind != WEIR_TK_DECIMAL && t.kind != WEIR_TK_DOUBLE) {
            return false;
        }
    }
    bool kind = t.kind == WEIR_TK_NAME || t.kind == WEIR_TK_QUOTED || t.kind == WEIR_TK_STRING ||
                t.kind == WEIR_TK_INTEGER || t.kind == WEIR_TK_DECIMAL ||
                t.kind == WEIR_TK_DOUBLE || t.kind == WEIR_TK_TRUE || t.kind == WEIR_TK_FALSE ||
                (t.kind > 0 && weir__token_is_word(t.kind) && !weir__token_is_hard(t.kind));
    return kind && at == text.n && text.p[0] > ' ' && !weir_sv_starts(text, WEIR_SV("--")) &&
           !weir_sv_starts(text, WEIR_SV("/*"));
}

static void put_in_string(weir_buf *out, weir_sv value)
{
    for (uint32_t i = 0; i < value.n; i++) {
        weir_buf_byte(out, value.p[i]);
        if (value.p[i] == '\'') {
            weir_buf_byte(out, '\'');
        }
    }
}

typedef struct substitution {
    weir_variable_lookup *lookup;
    void *user;
    weir_arena *a;
    weir_buf out;
    bool changed;
} substitution;

static void in_string(substitution *s, weir_sv text)
{
    uint32_t at = 0;
    while (at < text.n) {
        uint32_t n = reference(text, at);
        weir_sv value;
        if (n && s->lookup(s->user, weir_sv_of(text.p + at + 2, n - 3), &value)) {
            put_in_string(&s->out, value);
            s->changed = true;
            at += n;
        } else {
            weir_buf_byte(&s->out, text.p[at++]);
        }
    }
}

static weir_rc in_code(substitution *s, weir_token t, weir_status *st)
{
    weir_sv value;
    if (!s->lookup(s->user, weir_sv_of(t.text.p + 2, t.text.n - 3), &value)) {
        weir_buf_sv(&s->out, t.text);
        return WEIR_OK;
    }
    if (!is_safe(value, s->a)) {
        weir_fail_at(st, WEIR_ESQL, t.span,
                     "the value of " WEIR_SV_FMT " is neither a name nor a literal: " WEIR_SV_FMT,
                     WEIR_SV_ARG(t.text), WEIR_SV_ARG(value));
        if (st) {
            weir_hint(st, "put the variable in quotes, '" WEIR_SV_FMT "', to use its value as text",
                      WEIR_SV_ARG(t.text));
        }
        return WEIR_ESQL;
    }
    weir_buf_sv(&s->out, value);
    s->changed = true;
    return WEIR_OK;
}

weir_rc weir_substitute(weir_sv text, weir_variable_lookup *lookup, void *user, weir_arena *a,
                        weir_sv *out, weir_status *st)
{
    *out = text;
    if (weir_sv_find(text, WEIR_SV("${"), 0) < 0) {
        return WEIR_OK;
    }
    text = weir_arena_sv(a, text);
    substitution s = {.lookup = lookup, .user = user, .a = a};
    weir_buf_init(&s.out, WEIR_STATEMENT_BYTES_MAX);
    weir_buf_reserve(&s.out, text.n + 1);
    uint32_t at = 0;
    weir_rc rc = WEIR_OK;
    for (;;) {
        uint32_t from = at;
        weir_token t = weir__lex(text, &at);
        weir_buf_add(&s.out, text.p + from, t.span.at - from); /* white space and comments */
        if (t.kind == 0) {
            break;
        }
        if (t.kind == WEIR_TK_VARIABLE) {
            rc = in_code(&s, t, st);
        } else if (t.kind == WEIR_TK_STRING) {
            in_string(&s, t.text);
        } else {
            weir_buf_sv(&s.out, t.text);
        }
        if (s.out.over) {
            rc = weir_fail(st, WEIR_ELIMIT, "the text is longer than %d bytes after substitution",
                           WEIR_STATEMENT_BYTES_MAX);
        }
        if (rc != WEIR_OK) {
            break;
        }
    }
    if (rc == WEIR_OK && s.changed) {
        *out = weir_arena_sv(a, weir_buf_view(&s.out));
    }
    weir_buf_deinit(&s.out);
    return rc;
}
