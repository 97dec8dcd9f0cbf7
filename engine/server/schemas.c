/* Schemas of sources in the registry, before records come. */
#include "connectors/registry_http.h"
#include "engine/server/session_impl.h"

void weir__use_registry(weir_session *s, weir_sv url)
{
    const weir_session_config *c = &s->config;
    if (url.n && c->check_only) {
        return; /* nothing outside is asked */
    }
    s->formats.registry = NULL;
    if (url.n || c->schemas_in_memory) {
        WEIR_GROW(s->registries, s->cap_registries, s->n_registries + 1);
        s->formats.registry = url.n ? weir_registry_http(url) : weir_registry_in_memory();
        s->registries[s->n_registries++] = s->formats.registry;
    }
}

static weir_rc register_side(weir_session *s, const weir_source *src, bool key, bool always,
                             weir_arena *a, weir_status *st)
{
    const weir_format_spec *spec = key ? &src->key_format : &src->value_format;
    const weir_format *format = s->formats.by_kind[spec->kind];
    weir_registry *r = s->formats.registry;
    if (!format || !format->schema) {
        return WEIR_OK;
    }
    weir_codec_spec codec = {.format = spec, .is_key = key, .topic = src->topic, .registry = r};
    weir_column *cols = WEIR_NEW_N(a, weir_column, src->schema->n);
    for (uint32_t i = 0; i < src->schema->n; i++) {
        if (src->schema->cols[i].role == (key ? WEIR_COL_KEY : WEIR_COL_VALUE)) {
            cols[codec.n++] = src->schema->cols[i];
        }
    }
    codec.cols = cols;
    if (codec.n == 0) {
        return WEIR_OK;
    }
    if (!r) {
        return weir_fail(st, WEIR_EUSAGE,
                         "the %s format needs a schema registry: set ksql.schema.registry.url",
                         weir_format_name(spec->kind));
    }
    weir_schema_kind kind;
    weir_sv text;
    weir_registered there;
    int32_t id;
    weir_sv subject = weir_registry_subject(a, src->topic, key);
    WEIR_TRY(format->schema(a, &codec, &kind, &text, st));
    weir_rc rc = always ? WEIR_ENOTFOUND : r->calls->latest(r, subject, &there, st);
    if (rc == WEIR_ENOTFOUND) {
        weir_status_reset(st);
        rc = r->calls->put(r, subject, kind, text, &id, st);
    }
    return rc;
}

weir_rc weir__register_schemas(weir_session *s, const weir_source *src, bool always, weir_arena *a,
                               weir_status *st)
{
    WEIR_TRY(register_side(s, src, true, always, a, st));
    return register_side(s, src, false, always, a, st);
}

weir_rc weir__drop_schemas(weir_session *s, weir_sv topic, weir_arena *a, weir_status *st)
{
    weir_registry *r = s->formats.registry;
    if (!r) {
        return WEIR_OK;
    }
    WEIR_TRY(r->calls->drop(r, weir_registry_subject(a, topic, true), st));
    return r->calls->drop(r, weir_registry_subject(a, topic, false), st);
}
