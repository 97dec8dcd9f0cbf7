/* The registry in memory: lists, because a process has tens of schemas, not thousands. */
#include "engine/run/registry.h"

#include "engine/base/alloc.h"

typedef struct version {
    weir_sv subject;
    uint32_t at; /* index into schemas; the id is one more */
} version;

typedef struct memory {
    weir_registry base;
    weir_arena arena; /* texts and names */
    weir_registered *schemas;
    size_t n_schemas, cap_schemas;
    version *versions; /* oldest first */
    size_t n_versions, cap_versions;
} memory;

static uint32_t schema_of(memory *m, weir_schema_kind kind, weir_sv text)
{
    for (uint32_t i = 0; i < m->n_schemas; i++) {
        if (m->schemas[i].kind == kind && weir_sv_eq(m->schemas[i].text, text)) {
            return i;
        }
    }
    WEIR_GROW(m->schemas, m->cap_schemas, m->n_schemas + 1);
    m->schemas[m->n_schemas] =
        (weir_registered){(int32_t)m->n_schemas + 1, kind, weir_arena_sv(&m->arena, text)};
    return (uint32_t)m->n_schemas++;
}

static weir_rc memory_put(weir_registry *r, weir_sv subject, weir_schema_kind kind, weir_sv text,
                          int32_t *id, weir_status *st)
{
    memory *m = (memory *)r;
    uint32_t at = schema_of(m, kind, text);
    (void)st;
    *id = m->schemas[at].id;
    for (size_t i = 0; i < m->n_versions; i++) {
        if (m->versions[i].at == at && weir_sv_eq(m->versions[i].subject, subject)) {
            return WEIR_OK;
        }
    }
    WEIR_GROW(m->versions, m->cap_versions, m->n_versions + 1);
    m->versions[m->n_versions++] = (version){weir_arena_sv(&m->arena, subject), at};
    return WEIR_OK;
}

static weir_rc memory_latest(weir_registry *r, weir_sv subject, weir_registered *out,
                             weir_status *st)
{
    memory *m = (memory *)r;
    for (size_t i = m->n_versions; i-- > 0;) {
        if (weir_sv_eq(m->versions[i].subject, subject)) {
            *out = m->schemas[m->versions[i].at];
            return WEIR_OK;
        }
    }
    return weir_fail(st, WEIR_ENOTFOUND, "Subject '" WEIR_SV_FMT "' not found.",
                     WEIR_SV_ARG(subject));
}

static weir_rc memory_by_id(weir_registry *r, int32_t id, weir_registered *out, weir_status *st)
{
    memory *m = (memory *)r;
    if (id < 1 || (size_t)id > m->n_schemas) {
        return weir_fail(st, WEIR_ENOTFOUND, "Schema %d not found", id);
    }
    *out = m->schemas[id - 1];
    return WEIR_OK;
}

static weir_rc memory_drop(weir_registry *r, weir_sv subject, weir_status *st)
{
    memory *m = (memory *)r;
    size_t kept = 0;
    (void)st;
    for (size_t i = 0; i < m->n_versions; i++) {
        if (!weir_sv_eq(m->versions[i].subject, subject)) {
            m->versions[kept++] = m->versions[i];
        }
    }
    m->n_versions = kept;
    return WEIR_OK;
}

static void memory_close(weir_registry *r)
{
    memory *m = (memory *)r;
    weir_arena_deinit(&m->arena);
    weir_free(m->schemas);
    weir_free(m->versions);
    weir_free(m);
}

weir_registry *weir_registry_in_memory(void)
{
    static const weir_registry_calls calls = {
        .put = memory_put,
        .latest = memory_latest,
        .by_id = memory_by_id,
        .drop = memory_drop,
        .close = memory_close,
    };
    memory *m = weir_zalloc(sizeof *m);
    m->base.calls = &calls;
    weir_arena_init(&m->arena);
    return &m->base;
}

void weir_registry_close(weir_registry *r)
{
    if (r) {
        r->calls->close(r);
    }
}

const char *weir_schema_kind_name(weir_schema_kind kind)
{
    /* ORDER weir_schema_kind */
    static const char *const names[WEIR_SCHEMA_KINDS] = {"AVRO", "JSON", "PROTOBUF"};
    WEIR_ASSERT((unsigned)kind < WEIR_SCHEMA_KINDS);
    return names[kind];
}

weir_sv weir_registry_subject(weir_arena *a, weir_sv topic, bool is_key)
{
    return weir_arena_printf(a, WEIR_SV_FMT "-%s", WEIR_SV_ARG(topic), is_key ? "key" : "value");
}
