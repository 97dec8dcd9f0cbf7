/* See bundle_session.h. */
#include "engine/server/bundle_session.h"

#include "engine/server/session_impl.h"

static weir_rc check_topic(const weir_bundle *b, const weir_bundle_topic *wanted, weir_topic *t,
                           weir_status *st)
{
    if (!t) {
        return weir_fail(st, WEIR_ENOTFOUND, "bundle " WEIR_SV_FMT " reads topic " WEIR_SV_FMT
                         ", and there is none", WEIR_SV_ARG(b->name), WEIR_SV_ARG(wanted->name));
    }
    if (wanted->partitions && wanted->partitions != weir_topic_partitions(t)) {
        return weir_fail(st, WEIR_EUSAGE, "bundle " WEIR_SV_FMT " wants %d partitions of topic "
                         WEIR_SV_FMT ", which has %d", WEIR_SV_ARG(b->name), wanted->partitions,
                         WEIR_SV_ARG(wanted->name), weir_topic_partitions(t));
    }
    return WEIR_OK;
}

static weir_rc enter_topic(const weir_bundle *b, const weir_bundle_topic *wanted, weir_session *s,
                           weir_status *st)
{
    weir_topics *topics = weir_session_topics(s);
    weir_topic *t = weir_topics_find(topics, wanted->name);
    if (!t && !weir_topics_cluster(topics) && !s->config.topics_as_asked) {
        weir_topic_spec spec = {
            .name = wanted->name, .partitions = wanted->partitions, .retention_ms = -1};
        return weir_session_topic(s, &spec, &t, st);
    }
    return check_topic(b, wanted, t, st);
}

weir_rc weir_bundle_provide(const weir_bundle *b, weir_session *s, weir_status *st)
{
    for (uint32_t i = 0; i < b->n_schemas; i++) {
        WEIR_TRY(weir_session_schema(s, &b->schemas[i], st));
    }
    if (weir_topics_cluster(weir_session_topics(s)) && b->n_topics) {
        WEIR_TRY(weir_topics_refresh(weir_session_topics(s), st));
    }
    for (uint32_t i = 0; i < b->n_topics; i++) {
        WEIR_TRY(enter_topic(b, &b->topics[i], s, st));
    }
    return WEIR_OK;
}

weir_rc weir_bundle_enter(const weir_bundle *b, weir_session *s, weir_status *st)
{
    for (uint32_t i = 0; i < b->n_variables; i++) {
        weir_session_define(s, b->variables[i].name, b->variables[i].value);
    }
    return weir_bundle_provide(b, s, st);
}

static weir_rc check_format(const weir_bundle *b, const weir_bundle_topic *wanted,
                            const weir_catalog *c, weir_status *st)
{
    for (uint32_t i = 0; i < weir_catalog_sources(c); i++) {
        const weir_source *s = weir_catalog_source_at(c, i);
        weir_sv format = weir_sv_cstr(weir_format_name(s->value_format.kind));
        if (weir_sv_eq(s->topic, wanted->name) && !weir_sv_ieq(format, wanted->format)) {
            return weir_fail(st, WEIR_EDATA, "bundle " WEIR_SV_FMT ": topic " WEIR_SV_FMT " is "
                             WEIR_SV_FMT ", and " WEIR_SV_FMT " reads it as " WEIR_SV_FMT,
                             WEIR_SV_ARG(b->name), WEIR_SV_ARG(wanted->name),
                             WEIR_SV_ARG(wanted->format), WEIR_SV_ARG(s->name), WEIR_SV_ARG(format));
        }
    }
    return WEIR_OK;
}

weir_rc weir_bundle_leave(const weir_bundle *b, weir_session *s, weir_status *st)
{
    for (uint32_t i = 0; i < b->n_variables; i++) {
        weir_session_undefine(s, b->variables[i].name);
    }
    for (uint32_t i = 0; i < b->n_topics; i++) {
        if (b->topics[i].format.n) {
            WEIR_TRY(check_format(b, &b->topics[i], weir_session_catalog(s), st));
        }
    }
    return WEIR_OK;
}
