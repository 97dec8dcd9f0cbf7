/* Values of options: read and checked by their type, and asked for by kinds. */
#include "connectors/conn_impl.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- by their type ---- */

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

weir_rc weir__conn_check_value(weir__conn_value *v, weir_status *st)
{
    weir_sv text = weir_sv_trim(v->text);
    if (v->text.n && memchr(v->text.p, 0, v->text.n)) { /* files and hosts would end there */
        return weir_fail_at(st, WEIR_EUSAGE, v->span, "option '" WEIR_SV_FMT "' has a NUL byte in it",
                            WEIR_SV_ARG(v->name));
    }
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
        if (weir__conn_among(v->row->choices, text)) {
            return WEIR_OK;
        }
        wrong(v, st, "one of its values");
        return weir_hint(st, "it can be %s", v->row->choices);
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
    WEIR_ASSERT(v || weir__conn_row_of(c->kind, weir_sv_cstr(name)));
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
