/* Compiling templates, see template.h: a list of parts, each literal text, or what is put in and how. */
#include "connectors/template_impl.h"

#include "engine/base/nearest.h"

/* ---- compiling ---- */

static weir_rc fail_at(uint32_t *at, uint32_t *n, uint32_t from, uint32_t len)
{
    *at = from;
    *n = len;
    return WEIR_EUSAGE;
}

static int32_t column_of(const weir_schema *s, weir_sv name)
{
    int32_t col = weir_schema_find(s, name);
    for (uint32_t i = 0; col < 0 && i < s->n; i++) {
        col = weir_sv_ieq(s->cols[i].name, name) ? (int32_t)i : -1;
    }
    return col;
}

static bool word_of(weir_sv name, weir__tpl_what *out)
{
    static const struct {
        const char *name;
        weir__tpl_what what;
    } words[] = {{"key", WEIR__TPL_KEY},
                 {"value", WEIR__TPL_VALUE},
                 {"topic", WEIR__TPL_TOPIC},
                 {"partition", WEIR__TPL_PARTITION},
                 {"offset", WEIR__TPL_OFFSET},
                 {"timestamp", WEIR__TPL_TIMESTAMP},
                 {"connector", WEIR__TPL_CONNECTOR}};
    for (size_t i = 0; i < WEIR_COUNT(words); i++) {
        if (weir_sv_eq(name, weir_sv_cstr(words[i].name))) {
            *out = words[i].what;
            return true;
        }
    }
    return false;
}

static bool is_time(const weir_type *t)
{
    return t->kind == WEIR_T_TIMESTAMP || t->kind == WEIR_T_BIGINT || t->kind == WEIR_T_DATE;
}

static weir_rc how_of(const weir_template *t, weir__tpl_part *p, weir_sv word, weir_status *st)
{
    static const struct {
        const char *name;
        weir__tpl_how how;
    } hows[] = {{"json", WEIR__TPL_AS_JSON}, {"url", WEIR__TPL_AS_URL}, {"raw", WEIR__TPL_AS_RAW}};
    for (size_t i = 0; i < WEIR_COUNT(hows); i++) {
        if (weir_sv_eq(word, weir_sv_cstr(hows[i].name))) {
            p->how = hows[i].how;
            return WEIR_OK;
        }
    }
    weir_buf probe = {0};
    bool time = word.n && memchr(word.p, '%', word.n) && weir_template_time(&probe, word, 0);
    weir_buf_deinit(&probe);
    if (!time) {
        return weir_fail(st, WEIR_EUSAGE, "`" WEIR_SV_FMT "` is neither json, url, raw nor a time as "
                         "%%Y.%%m.%%d", WEIR_SV_ARG(word));
    }
    if (p->what != WEIR__TPL_TIMESTAMP &&
        (p->what != WEIR__TPL_COLUMN || !is_time(t->in->schema->cols[p->col].type))) {
        return weir_fail(st, WEIR_EUSAGE, "this is no time");
    }
    p->how = WEIR__TPL_AS_TIME;
    p->text = word;
    return WEIR_OK;
}

/* The names there are, for the message. */
static void add_names(weir_status *st, const weir_schema *s, weir_sv name)
{
    weir_sv names[256];
    uint32_t n = s->n < WEIR_COUNT(names) ? s->n : (uint32_t)WEIR_COUNT(names);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = s->cols[i].name;
    }
    int64_t near = weir_nearest(name, names, n);
    if (near >= 0) {
        weir_hint(st, "did you mean ${" WEIR_SV_FMT "}?", WEIR_SV_ARG(names[near]));
    }
}

/* What stands between ${ and }. */
static weir_rc compile_one(const weir_template *t, weir_sv inner, weir__tpl_part *p, weir_status *st)
{
    const char *colon = inner.n ? memchr(inner.p, ':', inner.n) : NULL;
    weir_sv name = colon ? weir_sv_of(inner.p, (size_t)(colon - inner.p)) : inner;
    weir_sv rest = colon ? weir_sv_of(colon + 1, inner.n - name.n - 1) : (weir_sv){0};
    int32_t col = column_of(t->in->schema, name);
    if (col >= 0) {
        p->what = WEIR__TPL_COLUMN;
        p->col = (uint32_t)col;
    } else if (weir_sv_eq(name, WEIR_SV("header")) && rest.n) {
        p->what = WEIR__TPL_HEADER;
        p->text = rest;
        return WEIR_OK;
    } else if (!word_of(name, &p->what)) {
        weir_fail(st, WEIR_EUSAGE, WEIR_SV_FMT " is no column of topic " WEIR_SV_FMT,
                  WEIR_SV_ARG(name), WEIR_SV_ARG(t->in->topic));
        add_names(st, t->in->schema, name);
        return WEIR_EUSAGE;
    }
    return colon ? how_of(t, p, rest, st) : WEIR_OK;
}

/* Whether a string is open behind this text. */
static bool open_string(weir_sv text, bool open)
{
    for (uint32_t i = 0; i < text.n; i++) {
        if (open && text.p[i] == '\\') {
            i++;
        } else if (text.p[i] == '"') {
            open = !open;
        }
    }
    return open;
}

static void add_literal(weir_arena *a, weir_template *t, weir_sv text)
{
    if (text.n) {
        weir__tpl_part p = {.what = WEIR__TPL_LITERAL, .text = text};
        WEIR_PUSH(a, t->parts, t->n, t->cap, p);
    }
}

weir_rc weir_template_compile(weir_arena *a, const weir_sink_input *in, weir_sv text,
                              weir_template_place place, weir_template **out, uint32_t *at, uint32_t *n,
                              weir_status *st)
{
    weir_template *t = WEIR_NEW(a, weir_template);
    *t = (weir_template){.place = place, .in = in};
    text = weir_arena_sv(a, text);
    bool quoted = false;
    uint32_t from = 0;
    for (uint32_t i = 0; i + 1 < text.n; i++) {
        if (text.p[i] != '$' || (text.p[i + 1] != '{' && text.p[i + 1] != '$')) {
            continue;
        }
        if (text.p[i + 1] == '$') { /* $${: the second one stands for itself */
            if (i + 2 < text.n && text.p[i + 2] == '{') {
                add_literal(a, t, weir_sv_of(text.p + from, i - from));
                from = i + 1;
                i += 2;
            }
            continue;
        }
        const char *end = memchr(text.p + i, '}', text.n - i);
        if (!end) {
            weir_fail(st, WEIR_EUSAGE, "${ without }; $${ stands for the characters ${");
            return fail_at(at, n, i, 2);
        }
        weir_sv before = weir_sv_of(text.p + from, i - from);
        add_literal(a, t, before);
        quoted = open_string(before, quoted);
        weir__tpl_part p = {.quoted = quoted, .at = i + 2};
        weir_sv inner = weir_sv_of(text.p + i + 2, (size_t)(end - text.p) - i - 2);
        if (compile_one(t, inner, &p, st) != WEIR_OK) {
            return fail_at(at, n, i + 2, inner.n ? inner.n : 1);
        }
        WEIR_PUSH(a, t->parts, t->n, t->cap, p);
        i = (uint32_t)(end - text.p);
        from = i + 1;
    }
    add_literal(a, t, weir_sv_of(text.p + from, text.n - from));
    *out = t;
    return WEIR_OK;
}

weir_rc weir_template_option(const weir_sink_input *in, const char *option, weir_template_place place,
                             weir_template **out, weir_status *st)
{
    uint32_t at = 0;
    uint32_t n = 0;
    weir_status why;
    weir_status_reset(&why);
    if (weir_template_compile(weir_conn_arena(in->conn), in, weir_conn_text(in->conn, option), place,
                              out, &at, &n, &why) == WEIR_OK) {
        return WEIR_OK;
    }
    weir_rc rc = weir_conn_refuse(in->conn, option, at, n, st, "%s", why.msg);
    return why.hint[0] ? weir_hint(st, "%s", why.hint) : rc;
}

bool weir_template_constant(const weir_template *t, weir_sv *text)
{
    if (t->n > 1 || (t->n == 1 && t->parts[0].what != WEIR__TPL_LITERAL)) {
        return false;
    }
    *text = t->n ? t->parts[0].text : (weir_sv){0};
    return true;
}

bool weir_template_needs_value(const weir_template *t, weir_sv *name, uint32_t *at)
{
    for (uint32_t i = 0; i < t->n; i++) {
        const weir__tpl_part *p = &t->parts[i];
        const weir_column *c = p->what == WEIR__TPL_COLUMN ? &t->in->schema->cols[p->col] : NULL;
        if (p->what == WEIR__TPL_VALUE || (c && c->role == WEIR_COL_VALUE)) {
            *name = c ? c->name : WEIR_SV("value");
            *at = p->at;
            return true;
        }
    }
    return false;
}
