/* Options of connectors: what a statement gives, against the tables of the kind and of the frame.
 *
 *   name ─► the kind's rows, the frame's rows, their aliases ─► row ─► value checked by its type
 *
 * ${env:NAME}, ${file:PATH} and ${file:PATH:KEY} are put in here; what is shown keeps the reference. */
#include "connectors/conn_impl.h"

#include "engine/base/nearest.h"
#include "engine/io/file.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SECRET_BYTES_MAX ((size_t)64 << 10)
#define HIDDEN "[hidden]"
#define SECRET_SHORTEST 3

/* ---- rows ---- */

typedef struct rows {
    const weir_conn_option *of[2]; /* the kind's, the frame's */
    uint32_t n[2];
} rows;

static rows rows_of(const weir_conn_kind *k)
{
    rows r = {.of = {k->options, NULL}, .n = {k->n_options, 0}};
    r.of[1] = weir_conn_common(k->sink, &r.n[1]);
    return r;
}

/* True when `name` is one of the names with | between. */
static bool among(const char *names, weir_sv name)
{
    while (names && *names) {
        const char *end = strchr(names, '|');
        size_t n = end ? (size_t)(end - names) : strlen(names);
        if (weir_sv_ieq(weir_sv_of(names, n), name)) {
            return true;
        }
        names = end ? end + 1 : NULL;
    }
    return false;
}

static bool is_prefix(const weir_conn_option *o, weir_sv name)
{
    size_t n = strlen(o->name);
    return n > 1 && o->name[n - 1] == '*' && weir_sv_istarts(name, weir_sv_of(o->name, n - 1));
}

static const weir_conn_option *row_of(const weir_conn_kind *k, weir_sv name)
{
    rows r = rows_of(k);
    for (uint32_t pass = 0; pass < 3; pass++) {
        for (uint32_t t = 0; t < 2; t++) {
            for (uint32_t i = 0; i < r.n[t]; i++) {
                const weir_conn_option *o = &r.of[t][i];
                if (pass == 0   ? weir_sv_ieq(weir_sv_cstr(o->name), name)
                    : pass == 1 ? among(o->aliases, name)
                                : is_prefix(o, name)) {
                    return o;
                }
            }
        }
    }
    return NULL;
}

static weir_rc unknown(const weir_conn_kind *k, const weir_conn_given_option *g, weir_status *st)
{
    rows r = rows_of(k);
    weir_sv names[256];
    size_t n = 0;
    for (uint32_t t = 0; t < 2; t++) {
        for (uint32_t i = 0; i < r.n[t] && n < WEIR_COUNT(names); i++) {
            names[n++] = weir_sv_cstr(r.of[t][i].name);
        }
    }
    int64_t near = weir_nearest(g->name, names, (uint32_t)n);
    for (size_t i = 0; near < 0 && i < n; i++) {
        near = weir_sv_istarts(names[i], g->name) ? (int64_t)i : -1;
    }
    weir_fail_at(st, WEIR_EUSAGE, g->value_span, "connector %s has no option '" WEIR_SV_FMT "'",
                 k->name, WEIR_SV_ARG(g->name));
    return near < 0 ? weir_hint(st, "`weir docs connector %s` lists its options", k->name)
                    : weir_hint(st, "did you mean '" WEIR_SV_FMT "'?", WEIR_SV_ARG(names[near]));
}

/* ---- kinds ---- */

static weir_sv given_of(const weir_connect_spec *spec, const char *name, weir_span *span)
{
    for (uint32_t i = 0; i < spec->n_options; i++) {
        if (weir_sv_ieq(spec->options[i].name, weir_sv_cstr(name))) {
            *span = spec->options[i].value_span;
            return spec->options[i].value;
        }
    }
    return (weir_sv){0};
}

/* 'io.confluent.connect.elasticsearch.ElasticsearchSinkConnector' ends with ElasticsearchSinkConnector;
 * ksqlDB's managed names leave out "Connector". */
static bool class_is(const weir_conn_kind *k, weir_sv class)
{
    weir_sv last = class;
    for (uint32_t i = 0; i < class.n; i++) {
        if (class.p[i] == '.') {
            last = weir_sv_of(class.p + i + 1, class.n - i - 1);
        }
    }
    weir_sv tail = WEIR_SV("Connector");
    weir_sv shorter = last;
    if (last.n > tail.n && weir_sv_ieq(weir_sv_of(last.p + last.n - tail.n, tail.n), tail)) {
        shorter.n -= tail.n;
    }
    return among(k->classes, class) || among(k->classes, last) || among(k->classes, shorter);
}

const weir_conn_kind *weir__conn_kind_of(const weir_connect_spec *spec, weir_status *st)
{
    weir_span span = {0};
    weir_sv name = given_of(spec, "connector", &span);
    bool by_name = name.n > 0;
    name = by_name ? name : given_of(spec, "connector.class", &span);
    weir_sv names[64];
    size_t n = 0;
    for (uint32_t i = 0; i < weir_conn_kinds(); i++) {
        const weir_conn_kind *k = weir_conn_kind_at(i);
        if (k->sink != spec->sink || (k->as_table != NULL) != spec->lookup) {
            continue;
        }
        if (weir_sv_ieq(weir_sv_cstr(k->name), name) || (name.n && class_is(k, name))) {
            return k;
        }
        names[n++] = weir_sv_cstr(k->name);
    }
    const char *what = spec->sink ? "sink" : "source";
    if (name.n == 0) {
        weir_fail(st, WEIR_EUSAGE, "which %s connector? WITH ('connector'='…') says it", what);
    } else {
        weir_fail_at(st, WEIR_EUSAGE, span, "there is no %s connector '" WEIR_SV_FMT "'", what,
                     WEIR_SV_ARG(name));
    }
    int64_t near = name.n ? weir_nearest(name, names, (uint32_t)n) : -1;
    return near < 0 ? (weir_hint(st, "SHOW CONNECTOR PLUGINS lists them"), NULL)
                    : (weir_hint(st, "did you mean '" WEIR_SV_FMT "'?", WEIR_SV_ARG(names[near])), NULL);
}

/* ---- secrets ---- */

static weir_rc secret_file(weir_arena *a, weir_sv what, weir_sv *out, weir_status *st)
{
    weir_buf bytes = {0};
    const char *colon = what.n ? memrchr(what.p, ':', what.n) : NULL;
    weir_sv path = colon ? weir_sv_of(what.p, (size_t)(colon - what.p)) : what;
    weir_sv key = colon ? weir_sv_of(colon + 1, (size_t)(what.p + what.n - colon - 1)) : (weir_sv){0};
    weir_rc rc = weir_file_read(weir_arena_cstr(a, path), SECRET_BYTES_MAX, &bytes, st);
    weir_sv text = weir_sv_trim(weir_buf_view(&bytes));
    bool found = key.n == 0;
    for (uint32_t at = 0; rc == WEIR_OK && key.n && !found && at < text.n;) {
        const char *nl = memchr(text.p + at, '\n', text.n - at);
        weir_sv line = weir_sv_of(text.p + at, nl ? (size_t)(nl - text.p) - at : text.n - at);
        const char *eq = memchr(line.p, '=', line.n);
        at += line.n + 1;
        found = eq && weir_sv_eq(weir_sv_trim(weir_sv_of(line.p, (size_t)(eq - line.p))), key);
        if (found) {
            text = weir_sv_trim(weir_sv_of(eq + 1, (size_t)(line.p + line.n - eq - 1)));
        }
    }
    if (rc == WEIR_OK && !found) {
        rc = weir_fail(st, WEIR_ENOTFOUND, WEIR_SV_FMT " has no key " WEIR_SV_FMT, WEIR_SV_ARG(path),
                       WEIR_SV_ARG(key));
    }
    *out = rc == WEIR_OK ? weir_arena_sv(a, text) : (weir_sv){0};
    weir_buf_deinit(&bytes);
    return rc;
}

static weir_rc secret_of(weir_arena *a, weir_sv ref, weir_sv *out, weir_status *st)
{
    if (weir_sv_starts(ref, WEIR_SV("file:"))) {
        return secret_file(a, weir_sv_of(ref.p + 5, ref.n - 5), out, st);
    }
    const char *name = weir_arena_cstr(a, weir_sv_of(ref.p + 4, ref.n - 4));
    const char *value = getenv(name);
    *out = weir_sv_cstr(value);
    if (!value) {
        weir_fail(st, WEIR_ENOTFOUND, "environment variable %s is not set", name);
        return weir_hint(st, "set it before weir is started");
    }
    return WEIR_OK;
}

static bool is_reference(weir_sv s)
{
    return weir_sv_starts(s, WEIR_SV("${env:")) || weir_sv_starts(s, WEIR_SV("${file:"));
}

/* What comes out of a secret is no template: its ${ are kept from being read as one. */
static void add_secret(weir_buf *out, weir_sv secret, bool template)
{
    for (uint32_t i = 0; i < secret.n; i++) {
        if (template && secret.p[i] == '$' && i + 1 < secret.n && secret.p[i + 1] == '{') {
            weir_buf_byte(out, '$');
        }
        weir_buf_byte(out, secret.p[i]);
    }
}

/* One or two characters are found everywhere: hiding them would hide nothing and spoil the rest. */
static void keep_secret(weir_conn *c, weir_sv secret)
{
    if (secret.n >= SECRET_SHORTEST) {
        WEIR_PUSH(&c->arena, c->secrets, c->n_secrets, c->cap_secrets, secret);
    }
}

weir_sv weir__conn_masked(const weir_conn *c, weir_arena *a, weir_sv text)
{
    weir_buf out = {0};
    for (uint32_t i = 0; i < text.n;) {
        weir_sv longest = {0};
        weir_sv rest = weir_sv_of(text.p + i, text.n - i);
        for (uint32_t k = 0; k < c->n_secrets; k++) {
            if (c->secrets[k].n > longest.n && weir_sv_starts(rest, c->secrets[k])) {
                longest = c->secrets[k];
            }
        }
        if (longest.n) {
            weir_buf_str(&out, HIDDEN);
            i += longest.n;
        } else {
            weir_buf_byte(&out, text.p[i++]);
        }
    }
    weir_sv masked = weir_arena_sv(a, weir_buf_view(&out));
    weir_buf_deinit(&out);
    return masked;
}

static weir_rc resolve(weir_conn *c, weir__conn_value *v, weir_status *st)
{
    weir_sv in = v->shown;
    if (weir_sv_find(in, WEIR_SV("${env:"), 0) < 0 && weir_sv_find(in, WEIR_SV("${file:"), 0) < 0) {
        v->text = in;
        return WEIR_OK;
    }
    weir_buf out = {0};
    weir_rc rc = WEIR_OK;
    for (uint32_t i = 0; i < in.n && rc == WEIR_OK;) {
        weir_sv rest = weir_sv_of(in.p + i, in.n - i);
        if (!is_reference(rest)) {
            weir_buf_byte(&out, in.p[i++]);
            continue;
        }
        const char *end = memchr(rest.p, '}', rest.n);
        if (!end) {
            rc = weir_fail(st, WEIR_EUSAGE, "${env: or ${file: without }");
            break;
        }
        weir_sv ref = weir_sv_of(rest.p + 2, (size_t)(end - rest.p) - 2);
        weir_sv secret = {0};
        rc = secret_of(&c->arena, ref, &secret, st);
        keep_secret(c, secret);
        add_secret(&out, secret, v->row->type == WEIR_CONN_TEMPLATE);
        i += (uint32_t)(end - rest.p) + 1;
    }
    v->text = weir_arena_sv(&c->arena, weir_buf_view(&out));
    weir_buf_deinit(&out);
    if (rc != WEIR_OK) {
        weir_wrap(st, "option '" WEIR_SV_FMT "'", WEIR_SV_ARG(v->name));
        st->span = v->span;
    }
    return rc;
}

/* ---- values ---- */

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

static const unit bytes_units[] = {{"", 1},
                                   {"b", 1},
                                   {"kb", 1024},
                                   {"k", 1024},
                                   {"mb", 1024 * 1024},
                                   {"m", 1024 * 1024},
                                   {"gb", 1024 * 1024 * 1024},
                                   {"g", 1024 * 1024 * 1024}};
static const unit time_units[] = {{"ms", 1},       {"s", 1000},       {"m", 60000},
                                  {"min", 60000},  {"h", 3600000},    {"d", 86400000},
                                  {"w", 604800000}};

/* A number and one of the units; without a unit times `bare`. False: no such thing. */
static bool number_of(weir_sv text, const unit *units, size_t n_units, int64_t bare, int64_t *out)
{
    uint32_t i = text.n && (text.p[0] == '-' || text.p[0] == '+');
    uint32_t from = i;
    int64_t v = 0;
    for (; i < text.n && isdigit((unsigned char)text.p[i]); i++) {
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, text.p[i] - '0', &v)) {
            return false;
        }
    }
    if (i == from) {
        return false;
    }
    v = text.p[0] == '-' ? -v : v;
    weir_sv rest = weir_sv_trim(weir_sv_of(text.p + i, text.n - i));
    if (rest.n == 0) {
        return !__builtin_mul_overflow(v, bare, out);
    }
    for (size_t k = 0; k < n_units; k++) {
        if (weir_sv_ieq(rest, weir_sv_cstr(units[k].name))) {
            return !__builtin_mul_overflow(v, units[k].factor, out);
        }
    }
    return false;
}

static weir_rc wrong(const weir__conn_value *v, weir_status *st, const char *what)
{
    return weir_fail_at(st, WEIR_EUSAGE, v->span, "option '" WEIR_SV_FMT "': '" WEIR_SV_FMT "' is not %s",
                        WEIR_SV_ARG(v->name), WEIR_SV_ARG(v->shown), what);
}

static weir_rc check_range(const weir__conn_value *v, weir_status *st)
{
    int64_t min = v->row->min;
    int64_t max = v->row->min || v->row->max ? v->row->max : INT64_MAX;
    return v->number >= min && v->number <= max
               ? WEIR_OK
               : weir_fail_at(st, WEIR_EUSAGE, v->span,
                              "option '" WEIR_SV_FMT "' must be from %lld to %lld", WEIR_SV_ARG(v->name),
                              (long long)min, (long long)max);
}

static weir_rc check_value(weir__conn_value *v, weir_status *st)
{
    weir_sv text = weir_sv_trim(v->text);
    switch (v->row->type) {
    case WEIR_CONN_TEXT:
    case WEIR_CONN_SECRET:
    case WEIR_CONN_TEMPLATE:
    case WEIR_CONN_LIST:
    case WEIR_CONN_CONDITION:
        return WEIR_OK;
    case WEIR_CONN_INTEGER:
        return number_of(text, NULL, 0, 1, &v->number) ? check_range(v, st)
                                                       : wrong(v, st, "a whole number");
    case WEIR_CONN_BYTES:
        return number_of(text, bytes_units, WEIR_COUNT(bytes_units), 1, &v->number)
                   ? check_range(v, st)
                   : wrong(v, st, "a size, as 5mb or 1048576");
    case WEIR_CONN_MS:
    case WEIR_CONN_SECONDS:
        return number_of(text, time_units, WEIR_COUNT(time_units),
                         v->row->type == WEIR_CONN_MS ? 1 : 1000, &v->number)
                   ? check_range(v, st)
                   : wrong(v, st, "a time, as 500ms, 30s or 5m");
    case WEIR_CONN_BOOLEAN:
        v->number = weir_sv_ieq(text, WEIR_SV("true"));
        return v->number || weir_sv_ieq(text, WEIR_SV("false")) ? WEIR_OK
                                                                : wrong(v, st, "true or false");
    case WEIR_CONN_CHOICE:
        if (among(v->row->choices, text)) {
            return WEIR_OK;
        }
        wrong(v, st, "one of its values");
        return weir_hint(st, "it can be %s", v->row->choices);
    }
    return WEIR_OK;
}

static weir_rc put(weir_conn *c, const weir_conn_option *row, const weir_conn_given_option *g,
                   weir_status *st)
{
    size_t n = strlen(row->name);
    bool prefix = row->name[n - 1] == '*';
    weir__conn_value v = {.row = row,
                          .name = prefix ? weir_arena_sv(&c->arena, g->name) : weir_sv_cstr(row->name),
                          .given = g != NULL};
    v.shown = g ? weir_arena_sv(&c->arena, g->value) : weir_sv_cstr(row->standard);
    v.span = g ? g->value_span : (weir_span){0};
    WEIR_TRY(resolve(c, &v, st));
    if (row->type == WEIR_CONN_SECRET) {
        keep_secret(c, v.text);
    }
    WEIR_TRY(check_value(&v, st));
    WEIR_PUSH(&c->arena, c->values, c->n_values, c->cap_values, v);
    return WEIR_OK;
}

/* Names of Connect's own machinery, which mean nothing here unless they are in a row. */
static bool ignored(weir_sv name)
{
    static const char *const prefixes[] = {"key.converter", "value.converter", "header.converter",
                                           "consumer.override.", "producer.override.", "admin.override.",
                                           "config.action.reload"};
    for (size_t i = 0; i < WEIR_COUNT(prefixes); i++) {
        if (weir_sv_istarts(name, weir_sv_cstr(prefixes[i]))) {
            return true;
        }
    }
    return weir_sv_ieq(name, WEIR_SV("connector")) || weir_sv_ieq(name, WEIR_SV("connector.class")) ||
           weir_sv_ieq(name, WEIR_SV("name"));
}

static weir_rc put_given(weir_conn *c, const weir_conn_given_option *g, weir_status *st)
{
    const weir_conn_option *row = row_of(c->kind, g->name);
    bool named = row && row->name[strlen(row->name) - 1] != '*';
    if (!named && ignored(g->name)) {
        return WEIR_OK;
    }
    if (weir_sv_istarts(g->name, WEIR_SV("transforms")) ||
        weir_sv_istarts(g->name, WEIR_SV("predicates"))) {
        weir_fail_at(st, WEIR_EUSAGE, g->value_span, "connectors have no '" WEIR_SV_FMT "'",
                     WEIR_SV_ARG(g->name));
        return weir_hint(st, "do it in SQL: CREATE STREAM … AS SELECT … in front of the connector");
    }
    if (!row) {
        return unknown(c->kind, g, st);
    }
    if (named && weir__conn_value_of(c, row->name)) {
        return weir_fail_at(st, WEIR_EUSAGE, g->value_span, "option '%s' is given twice", row->name);
    }
    return put(c, row, g, st);
}

weir_rc weir__conn_options(weir_conn *c, const weir_connect_spec *spec, weir_status *st)
{
    for (uint32_t i = 0; i < spec->n_options; i++) {
        WEIR_TRY(put_given(c, &spec->options[i], st));
    }
    rows r = rows_of(c->kind);
    for (uint32_t t = 0; t < 2; t++) {
        for (uint32_t i = 0; i < r.n[t]; i++) {
            const weir_conn_option *o = &r.of[t][i];
            if (o->name[strlen(o->name) - 1] == '*' || weir__conn_value_of(c, o->name)) {
                continue;
            }
            if (o->required) {
                return weir_fail(st, WEIR_EUSAGE, "connector %s needs option '%s': %s", c->kind->name,
                                 o->name, o->doc);
            }
            if (o->standard) {
                WEIR_TRY(put(c, o, NULL, st));
            }
        }
    }
    return WEIR_OK;
}

/* ---- access ---- */

const weir__conn_value *weir__conn_value_of(const weir_conn *c, const char *name)
{
    for (uint32_t i = 0; i < c->n_values; i++) {
        if (weir_sv_eq(c->values[i].name, weir_sv_cstr(name))) {
            return &c->values[i];
        }
    }
    return NULL;
}

/* A value that has neither been given nor has a standard: its row must exist. */
static const weir__conn_value *value_of(const weir_conn *c, const char *name)
{
    const weir__conn_value *v = weir__conn_value_of(c, name);
    WEIR_ASSERT(v || row_of(c->kind, weir_sv_cstr(name)));
    return v;
}

bool weir_conn_given(const weir_conn *c, const char *name)
{
    const weir__conn_value *v = value_of(c, name);
    return v && v->given;
}

weir_sv weir_conn_text(const weir_conn *c, const char *name)
{
    const weir__conn_value *v = value_of(c, name);
    return v ? v->text : (weir_sv){0};
}

const char *weir_conn_cstr(const weir_conn *c, const char *name)
{
    return weir_arena_cstr((weir_arena *)(uintptr_t)&c->arena, weir_conn_text(c, name));
}

int64_t weir_conn_int(const weir_conn *c, const char *name)
{
    const weir__conn_value *v = value_of(c, name);
    return v ? v->number : 0;
}

bool weir_conn_bool(const weir_conn *c, const char *name)
{
    return weir_conn_int(c, name) != 0;
}

bool weir_conn_is(const weir_conn *c, const char *name, const char *choice)
{
    return weir_sv_ieq(weir_sv_trim(weir_conn_text(c, name)), weir_sv_cstr(choice));
}

uint32_t weir_conn_list(const weir_conn *c, const char *name, const weir_sv **items)
{
    weir_arena *a = (weir_arena *)(uintptr_t)&c->arena;
    weir_sv text = weir_conn_text(c, name);
    weir_sv *all = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    for (uint32_t at = 0; at < text.n;) {
        const char *comma = memchr(text.p + at, ',', text.n - at);
        uint32_t end = comma ? (uint32_t)(comma - text.p) : text.n;
        weir_sv item = weir_sv_trim(weir_sv_of(text.p + at, end - at));
        if (item.n) {
            WEIR_PUSH(a, all, n, cap, item);
        }
        at = end + 1;
    }
    *items = all;
    return n;
}

void weir_conn_each(const weir_conn *c, const char *prefix,
                    void (*each)(void *ctx, weir_sv rest, weir_sv value), void *ctx)
{
    weir_sv p = weir_sv_cstr(prefix);
    for (uint32_t i = 0; i < c->n_values; i++) {
        weir_sv name = c->values[i].name;
        if (weir_sv_istarts(name, p) && name.n > p.n) {
            each(ctx, weir_sv_of(name.p + p.n, name.n - p.n), c->values[i].text);
        }
    }
}

/* Byte `at` of a text literal, in the statement: a quote inside stands there twice. */
static weir_span span_in(const weir_conn *c, const weir__conn_value *v, uint32_t at, uint32_t n)
{
    weir_span span = v->span;
    if (n == 0 || span.n < 2 || span.at + span.n > c->statement.n) {
        return span;
    }
    const char *p = c->statement.p + span.at;
    uint32_t raw = *p == '\'' ? 1 : 0;
    for (uint32_t i = 0; i < at && raw < span.n; i++) {
        raw += p[raw] == '\'' ? 2 : 1;
    }
    return (weir_span){span.at + raw, n};
}

weir_rc weir_conn_refuse(const weir_conn *c, const char *name, uint32_t at, uint32_t n,
                         weir_status *st, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const weir__conn_value *v = weir__conn_value_of(c, name);
    weir_fail(st, WEIR_ESQL, "option '%s': %s", name, text);
    if (v && v->given) {
        st->span = span_in(c, v, at, n);
    }
    return st->rc;
}

/* ---- for people ---- */

/* Nothing but one reference: it says where the secret is. */
static bool only_refers(weir_sv s)
{
    return is_reference(s) && memchr(s.p, '}', s.n) == s.p + s.n - 1;
}

static weir_sv shown_value(weir_arena *a, const weir__conn_value *v)
{
    bool hide = v->row->type == WEIR_CONN_SECRET && v->shown.n && !only_refers(v->shown);
    return hide ? WEIR_SV(HIDDEN) : weir_arena_sv(a, v->shown);
}

void weir_connect_options(weir_connect *c, weir_sv name, weir_arena *a,
                          void (*each)(void *ctx, const weir_conn_option *o, weir_sv value, bool given),
                          void *ctx)
{
    for (uint32_t i = 0; i < c->n; i++) {
        const weir_conn *k = c->conns[i];
        for (uint32_t v = 0; weir_sv_eq(k->name, name) && v < k->n_values; v++) {
            each(ctx, k->values[v].row, shown_value(a, &k->values[v]), k->values[v].given);
        }
    }
}
