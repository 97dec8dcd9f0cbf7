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

/* ---- those of a bundle ---- */

static weir_schema_kind kind_of(const weir_bundle_schema *b)
{
    return b->json ? WEIR_SCHEMA_JSON : WEIR_SCHEMA_AVRO;
}

static weir_rc put_wanted(weir_session *s, const weir_bundle_schema *b, weir_status *st)
{
    weir_registry *r = s->formats.registry;
    int32_t id;
    if (!r || s->config.dry || r->calls->put(r, b->subject, kind_of(b), b->text, &id, st) == WEIR_OK) {
        return WEIR_OK;
    }
    return weir_wrap(st, WEIR_SV_FMT, WEIR_SV_ARG(b->path));
}

weir_rc weir__put_wanted_schemas(weir_session *s, weir_status *st)
{
    for (size_t i = 0; i < s->n_wanted; i++) {
        WEIR_TRY(put_wanted(s, s->wanted[i], st));
    }
    return WEIR_OK;
}

weir_rc weir_session_schema(weir_session *s, const weir_bundle_schema *schema, weir_status *st)
{
    WEIR_GROW(s->wanted, s->cap_wanted, s->n_wanted + 1);
    s->wanted[s->n_wanted++] = schema;
    return put_wanted(s, schema, st);
}

/* What will be registered counts as if it were. */
static bool find_wanted(const weir_session *s, weir_sv subject, weir_registered *found)
{
    for (size_t i = s->n_wanted; s->config.dry && i-- > 0;) {
        if (weir_sv_eq(s->wanted[i]->subject, subject)) {
            *found = (weir_registered){.kind = kind_of(s->wanted[i]), .text = s->wanted[i]->text};
            return true;
        }
    }
    return false;
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
    weir_sv text;
    weir_registered there;
    int32_t id;
    weir_sv subject = weir_registry_subject(a, src->topic, key);
    if (spec->schema_id) {
        WEIR_TRY(r->calls->by_id(r, spec->schema_id, &there, st));
        text = there.text;
    } else {
        WEIR_TRY(format->schema(a, &codec, &text, st));
    }
    weir_rc rc = always ? WEIR_ENOTFOUND : r->calls->latest(r, subject, &there, st);
    if (rc == WEIR_ENOTFOUND) {
        weir_status_reset(st);
        rc = r->calls->put(r, subject, format->schema_kind, text, &id, st);
    }
    return rc;
}

weir_rc weir__register_schemas(weir_session *s, const weir_source *src, bool always, weir_arena *a,
                               weir_status *st)
{
    if (s->config.dry) {
        return WEIR_OK;
    }
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

/* ---- the other way: columns of a schema ---- */

static weir_rc no_schema(const weir_inference *what, weir_sv subject, weir_arena *a,
                         weir_status *st)
{
    int32_t schema = what->format->schema_id;
    weir_sv id = schema ? weir_arena_printf(a, "Schema Id: %d\n", schema) : (weir_sv){0};
    weir_fail(st, WEIR_ENOTFOUND,
              "Schema for message %s on topic '" WEIR_SV_FMT
              "' does not exist in the Schema Registry.\nSubject: " WEIR_SV_FMT "\n" WEIR_SV_FMT
              "Possible causes include:\n- The topic itself does not exist\n- Messages on the "
              "topic are not serialized using a format Schema Registry supports\n- The schema is "
              "registered on a different instance of the Schema Registry\n- You do not have "
              "permissions to access the Schema Registry.",
              what->is_key ? "keys" : "values", WEIR_SV_ARG(what->topic), WEIR_SV_ARG(subject),
              WEIR_SV_ARG(id));
    return weir_hint(st, "list the columns in the statement");
}

static weir_rc other_kind(const weir_inference *what, weir_schema_kind expected,
                          weir_schema_kind found, weir_status *st)
{
    const char *actual = weir_schema_kind_name(found);
    return weir_fail(st, WEIR_EUSAGE,
                     "%s schema is not in the expected format. You may want to set %s_FORMAT to "
                     "'%s'.\ntopic: " WEIR_SV_FMT
                     "\nexpected format: %s\nactual format from Schema Registry: %s",
                     what->is_key ? "Key" : "Value", what->is_key ? "KEY" : "VALUE", actual,
                     WEIR_SV_ARG(what->topic), weir_schema_kind_name(expected), actual);
}

weir_rc weir__infer_schema(void *ctx, const weir_inference *what, weir_arena *a,
                           const weir_column **cols, uint32_t *n, weir_status *st)
{
    weir_session *s = ctx;
    weir_registry *r = s->formats.registry;
    const weir_format *format = s->formats.by_kind[what->format->kind];
    int32_t id = what->format->schema_id;
    const char *side = what->is_key ? "key" : "value";
    weir_sv subject = weir_registry_subject(a, what->topic, what->is_key);
    weir_registered found;
    if (!format || !format->columns) {
        return weir_fail(st, WEIR_ENOTIMPL, "format %s is not available in this build",
                         weir_format_name(what->format->kind));
    }
    weir_rc rc = id ? r->calls->by_id(r, id, &found, st)
                 : find_wanted(s, subject, &found) ? WEIR_OK
                                                   : r->calls->latest(r, subject, &found, st);
    if (rc == WEIR_ENOTFOUND) {
        return no_schema(what, subject, a, st);
    }
    WEIR_TRY(rc);
    if (found.kind != format->schema_kind) {
        return other_kind(what, format->schema_kind, found.kind, st);
    }
    weir_codec_spec spec = {.format = what->format, .is_key = what->is_key, .topic = what->topic};
    if (format->columns(a, &spec, found.text, what->unwrap, cols, n, st) != WEIR_OK) {
        return weir_wrap(st,
                         "Unable to verify if the %s schema for topic: " WEIR_SV_FMT
                         " is compatible with ksqlDB.\nReason",
                         side, WEIR_SV_ARG(what->topic));
    }
    if (what->is_key && *n > 1) {
        return weir_fail(st, WEIR_EUSAGE,
                         "The key schema for topic: " WEIR_SV_FMT " contains multiple columns, "
                         "which is not supported by ksqlDB at this time.\nSchema:" WEIR_SV_FMT,
                         WEIR_SV_ARG(what->topic), WEIR_SV_ARG(found.text));
    }
    return WEIR_OK;
}
