/* See bundle_yaml.h. libyaml's events become nodes; a stack holds the collections that are open. Its
 * own document loader is not used: it resolves aliases, and so multiplies what it reads. */
#include "engine/server/bundle_yaml.h"

#include "engine/base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

typedef struct reader {
    const char *file;
    weir_arena *a;
    weir_yaml *open[WEIR_BUNDLE_YAML_DEPTH_MAX];
    uint32_t depth, nodes, documents;
    weir_yaml *root;
} reader;

weir_rc weir_yaml_fail(const weir_yaml *at, const char *file, weir_status *st, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return weir_fail(st, WEIR_EDATA, "%s:%u:%u: %s", file, at->line, at->col, text);
}

static bool is_nothing(const yaml_event_t *e, weir_sv text)
{
    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.n == 0 || weir_sv_eq(text, WEIR_SV("~")) || weir_sv_eq(text, WEIR_SV("null")));
}

/* The value of a map's last key is still missing. */
static bool wants_value(const weir_yaml *map)
{
    return map->n % 2 == 1;
}

static weir_rc check_key(const reader *r, const weir_yaml *map, const weir_yaml *key, weir_status *st)
{
    if (key->kind != WEIR_YAML_TEXT) {
        return weir_yaml_fail(key, r->file, st, "a key must be text");
    }
    for (uint32_t i = 0; i < map->n; i += 2) {
        if (weir_sv_eq(map->items[i]->text, key->text)) {
            return weir_yaml_fail(key, r->file, st, "\"" WEIR_SV_FMT "\" is there already, in line %u",
                                  WEIR_SV_ARG(key->text), map->items[i]->line);
        }
    }
    return WEIR_OK;
}

/* Puts a node where it belongs. */
static weir_rc place(reader *r, weir_yaml *node, weir_status *st)
{
    if (++r->nodes > WEIR_BUNDLE_YAML_NODES_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "%s has more than %d values (WEIR_BUNDLE_YAML_NODES_MAX)",
                         r->file, WEIR_BUNDLE_YAML_NODES_MAX);
    }
    weir_yaml *into = r->depth ? r->open[r->depth - 1] : NULL;
    if (!into) {
        r->root = node;
        return WEIR_OK;
    }
    if (into->kind == WEIR_YAML_MAP && !wants_value(into)) {
        WEIR_TRY(check_key(r, into, node, st));
    }
    WEIR_PUSH(r->a, into->items, into->n, into->cap, node);
    return WEIR_OK;
}

static weir_rc scalar(reader *r, const yaml_event_t *e, weir_yaml *node, weir_status *st)
{
    weir_sv text = weir_sv_of((const char *)e->data.scalar.value, e->data.scalar.length);
    if (e->data.scalar.anchor || e->data.scalar.tag) {
        return weir_yaml_fail(node, r->file, st, "anchors and tags are not for a manifest");
    }
    if (memchr(text.n ? text.p : "", 0, text.n)) {
        return weir_yaml_fail(node, r->file, st, "a text with a NUL character");
    }
    node->kind = is_nothing(e, text) ? WEIR_YAML_NONE : WEIR_YAML_TEXT;
    node->text = weir_arena_sv(r->a, text);
    return place(r, node, st);
}

static weir_rc begin(reader *r, weir_yaml *node, bool marked, weir_status *st)
{
    if (marked) {
        return weir_yaml_fail(node, r->file, st, "anchors and tags are not for a manifest");
    }
    WEIR_TRY(place(r, node, st));
    if (r->depth == WEIR_BUNDLE_YAML_DEPTH_MAX) {
        return weir_yaml_fail(node, r->file, st, "nested more than %d deep "
                                                 "(WEIR_BUNDLE_YAML_DEPTH_MAX)",
                              WEIR_BUNDLE_YAML_DEPTH_MAX);
    }
    r->open[r->depth++] = node;
    return WEIR_OK;
}

static weir_rc event(reader *r, const yaml_event_t *e, weir_status *st)
{
    weir_yaml *node = WEIR_NEW(r->a, weir_yaml);
    node->line = (uint32_t)e->start_mark.line + 1;
    node->col = (uint32_t)e->start_mark.column + 1;
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return scalar(r, e, node, st);
    case YAML_MAPPING_START_EVENT:
        node->kind = WEIR_YAML_MAP;
        return begin(r, node, e->data.mapping_start.anchor || e->data.mapping_start.tag, st);
    case YAML_SEQUENCE_START_EVENT:
        node->kind = WEIR_YAML_LIST;
        return begin(r, node, e->data.sequence_start.anchor || e->data.sequence_start.tag, st);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        return WEIR_OK;
    case YAML_ALIAS_EVENT:
        return weir_yaml_fail(node, r->file, st, "aliases are not for a manifest");
    case YAML_DOCUMENT_START_EVENT:
        return r->documents++ == 0 ? WEIR_OK
                                   : weir_yaml_fail(node, r->file, st, "a second document");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return WEIR_OK;
    }
    WEIR_UNREACHABLE();
}

static weir_rc syntax_error(const yaml_parser_t *p, const char *file, weir_status *st)
{
    weir_yaml at = {.line = (uint32_t)p->problem_mark.line + 1,
                    .col = (uint32_t)p->problem_mark.column + 1};
    return weir_yaml_fail(&at, file, st, "not YAML: %s", p->problem ? p->problem : "unreadable");
}

weir_rc weir_yaml_parse(weir_sv text, const char *file, weir_arena *a, weir_yaml **out,
                        weir_status *st)
{
    reader r = {.file = file, .a = a};
    yaml_parser_t p;
    if (text.n > WEIR_BUNDLE_YAML_BYTES_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "%s has more than %d bytes (WEIR_BUNDLE_YAML_BYTES_MAX)",
                         file, WEIR_BUNDLE_YAML_BYTES_MAX);
    }
    r.root = WEIR_NEW(a, weir_yaml);
    r.root->line = r.root->col = 1;
    WEIR_ASSERT(yaml_parser_initialize(&p));
    yaml_parser_set_input_string(&p, (const unsigned char *)(text.n ? text.p : ""), text.n);
    weir_rc rc = WEIR_OK;
    bool more = true;
    while (rc == WEIR_OK && more) {
        yaml_event_t e;
        if (!yaml_parser_parse(&p, &e)) {
            rc = syntax_error(&p, file, st);
            break;
        }
        more = e.type != YAML_STREAM_END_EVENT;
        rc = event(&r, &e, st);
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&p);
    *out = r.root;
    return rc;
}
