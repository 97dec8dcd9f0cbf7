/* Options of connectors: what a statement gives, against the tables of the kind and of the frame.
 *
 *   name ─► the kind's rows, the frame's rows, their aliases ─► row ─► secrets put in, checked by its type */
#include "connectors/conn_impl.h"

#include "engine/base/nearest.h"

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

bool weir__conn_among(const char *names, weir_sv name)
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

const weir_conn_option *weir__conn_row_of(const weir_conn_kind *k, weir_sv name)
{
    rows r = rows_of(k);
    for (uint32_t pass = 0; pass < 3; pass++) {
        for (uint32_t t = 0; t < 2; t++) {
            for (uint32_t i = 0; i < r.n[t]; i++) {
                const weir_conn_option *o = &r.of[t][i];
                if (pass == 0   ? weir_sv_ieq(weir_sv_cstr(o->name), name)
                    : pass == 1 ? weir__conn_among(o->aliases, name)
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

/* ---- what is given ---- */

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
    WEIR_TRY(weir__conn_resolve(c, &v, st));
    if (row->type == WEIR_CONN_SECRET) {
        weir__conn_keep_secret(c, v.text);
    }
    WEIR_TRY(weir__conn_check_value(&v, st));
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
    const weir_conn_option *row = weir__conn_row_of(c->kind, g->name);
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
