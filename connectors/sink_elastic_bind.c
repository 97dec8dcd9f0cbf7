/* What depends on the columns of a topic: names, ids, versions, what a tombstone does, the index template. */
#include "connectors/sink_elastic.h"

#include "engine/data/json_text.h"

static bool has_item(const weir_conn *c, const char *option, weir_sv topic)
{
    const weir_sv *items = NULL;
    uint32_t n = weir_conn_list(c, option, &items);
    for (uint32_t i = 0; i < n; i++) {
        if (weir_sv_ieq(items[i], topic)) {
            return true;
        }
    }
    return false;
}

/* 'topic.to.external.resource.mapping'='ORDERS:shop-orders,CLICKS:clicks' */
static weir_rc mapped_name(const weir_sink_input *in, weir_sv *out, weir_status *st)
{
    static const char option[] = "topic.to.external.resource.mapping";
    const weir_sv *items = NULL;
    uint32_t n = weir_conn_list(in->conn, option, &items);
    for (uint32_t i = 0; i < n; i++) {
        const char *colon = memchr(items[i].p, ':', items[i].n);
        if (!colon) {
            return weir_conn_refuse(in->conn, option, 0, 0, st, "it is a list of TOPIC:index");
        }
        weir_sv topic = weir_sv_trim(weir_sv_of(items[i].p, (size_t)(colon - items[i].p)));
        if (weir_sv_ieq(topic, in->topic)) {
            *out = weir_sv_trim(weir_sv_of(colon + 1, items[i].n - (size_t)(colon + 1 - items[i].p)));
        }
    }
    return WEIR_OK;
}

/* ---- the index ---- */

/* What the author has written is told at once, not for each record. */
static weir_rc check_index_text(const weir_sink_input *in, const char *option, weir_sv text, weir_status *st)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '$' && i + 1 < text.n && text.p[i + 1] == '{') {
            depth++;
        }
        if (depth == 0 && c >= 'A' && c <= 'Z') {
            return weir_conn_refuse(in->conn, option, i, 1, st, "names of indices are in lower case");
        }
        if (depth == 0 && ((unsigned char)c <= ' ' || strchr("\\/*?\"<>|,#:", c))) {
            return weir_conn_refuse(in->conn, option, i, 1, st, "no name of an index has this character");
        }
        if (c == '}' && depth) {
            depth--;
        }
    }
    return WEIR_OK;
}

static weir_rc compile_text(const weir_sink_input *in, const char *option, weir_sv text,
                            weir_template_place place, weir_template **out, weir_status *st)
{
    uint32_t at = 0;
    uint32_t n = 0;
    weir_status why;
    weir_status_reset(&why);
    if (weir_template_compile(weir_conn_arena(in->conn), in, text, place, out, &at, &n, &why) == WEIR_OK) {
        return WEIR_OK;
    }
    weir_rc rc = weir_conn_refuse(in->conn, option, at, n, st, "%s", why.msg);
    return why.hint[0] ? weir_hint(st, "%s", why.hint) : rc;
}

/* "logs" of 'LOGS'; NULL: documents do not go to a stream whose name is made of parts. */
static const char *stream_type(const weir_conn *c)
{
    static const char *const types[] = {"logs", "metrics", "traces", "synthetics"};
    for (size_t i = 0; i < WEIR_COUNT(types); i++) {
        if (weir_conn_is(c, "data.stream.type", types[i])) {
            return types[i];
        }
    }
    return NULL;
}

static bool is_stream(const weir_conn *c)
{
    return stream_type(c) || weir_conn_is(c, "external.resource.usage", "datastream") ||
           weir_conn_is(c, "external.resource.usage", "alias_datastream");
}

/* The text of the index, with the option that a mistake in it is told for. */
static weir_rc bind_index(weir__es_topic *t, const weir_sink_input *in, weir_sv *text, weir_status *st)
{
    weir_conn *c = in->conn;
    const char *option = "index";
    const char *type = stream_type(c);
    *text = weir_conn_text(c, "index");
    if (type) {
        option = "data.stream.dataset";
        *text = weir_arena_printf(weir_conn_arena(c), "%s-" WEIR_SV_FMT "-" WEIR_SV_FMT, type,
                                  WEIR_SV_ARG(weir_conn_text(c, "data.stream.dataset")),
                                  WEIR_SV_ARG(weir_conn_text(c, "data.stream.namespace")));
    }
    weir_sv mapped = {0};
    WEIR_TRY(mapped_name(in, &mapped, st));
    if (mapped.n) {
        option = "topic.to.external.resource.mapping";
        *text = mapped;
    }
    WEIR_TRY(check_index_text(in, option, *text, st));
    return compile_text(in, option, *text, WEIR_TEMPLATE_INDEX, &t->index, st);
}

/* ---- ids and versions ---- */

static bool wants_keys(const weir_sink_input *in)
{
    weir_conn *c = in->conn;
    bool ignored = has_item(c, "topic.key.ignore", in->topic);
    if (weir_conn_given(c, "key.ignore") || ignored) {
        return !ignored && !weir_conn_bool(c, "key.ignore");
    }
    return in->source->table || weir_conn_is(c, "write.method", "upsert") ||
           weir_conn_is(c, "behavior.on.null.values", "delete");
}

static weir_rc bind_id(weir__es_topic *t, const weir_sink_input *in, weir_status *st)
{
    weir_conn *c = in->conn;
    t->delimiter = weir_conn_text(c, "document-id.key-delimiter");
    if (weir_conn_given(c, "id")) {
        t->id_kind = WEIR__ES_ID_TEMPLATE;
        return weir_template_option(in, "id", WEIR_TEMPLATE_PLAIN, &t->id, st);
    }
    if (weir_conn_bool(c, "use.autogenerated.ids")) {
        t->id_kind = WEIR__ES_ID_SERVER;
        return t->write == WEIR__ES_UPDATE
                   ? weir_conn_refuse(c, "use.autogenerated.ids", 0, 0, st,
                                      "an upsert needs to know the document: it goes by the key, or 'id'")
                   : WEIR_OK;
    }
    t->id_kind = wants_keys(in) && !t->data_stream ? WEIR__ES_ID_KEY : WEIR__ES_ID_OFFSET;
    if (t->data_stream && weir_conn_given(c, "key.ignore") && !weir_conn_bool(c, "key.ignore")) {
        return weir_conn_refuse(c, "key.ignore", 0, 0, st, "a data stream takes each id once: of a key only "
                                "the first record would be kept; leave this out");
    }
    return WEIR_OK;
}

static weir_rc bind_version(weir__es_topic *t, const weir_sink_input *in, weir_status *st)
{
    weir_conn *c = in->conn;
    const char *own = weir_conn_given(c, "version.column")           ? "version.column"
                      : weir_conn_given(c, "external.version.header") ? "external.version.header"
                                                                      : NULL;
    bool wanted = weir_conn_given(c, "version.type") ? !weir_conn_is(c, "version.type", "none")
                                                     : own || t->id_kind == WEIR__ES_ID_KEY;
    bool possible = t->write == WEIR__ES_INDEX && t->id_kind != WEIR__ES_ID_SERVER;
    if (!possible && (own || weir_conn_given(c, "version.type")) && wanted) {
        return weir_conn_refuse(c, own ? own : "version.type", 0, 0, st,
                                "versions are for 'write.method'='insert' with ids that are known: updates, "
                                "data streams and ids of the server have none of their own");
    }
    if (!wanted || !possible) {
        return WEIR_OK;
    }
    t->version_type = weir_conn_is(c, "version.type", "external") ? WEIR_SV("external")
                                                                  : WEIR_SV("external_gte");
    if (!own) {
        return WEIR_OK;
    }
    weir_sv name = weir_sv_trim(weir_conn_text(c, own));
    bool header = strcmp(own, "version.column") != 0;
    weir_sv text = weir_arena_printf(weir_conn_arena(c), "${%s" WEIR_SV_FMT "}", header ? "header:" : "",
                                     WEIR_SV_ARG(name));
    return compile_text(in, own, text, WEIR_TEMPLATE_PLAIN, &t->version, st);
}

/* A template, or the name of a column. */
static weir_rc bind_routing(weir__es_topic *t, const weir_sink_input *in, weir_status *st)
{
    weir_sv text = weir_sv_trim(weir_conn_text(in->conn, "routing"));
    if (text.n == 0) {
        return WEIR_OK;
    }
    for (uint32_t i = 0; i < in->schema->n; i++) {
        if (weir_sv_ieq(in->schema->cols[i].name, text)) {
            text = weir_arena_printf(weir_conn_arena(in->conn), "${" WEIR_SV_FMT "}", WEIR_SV_ARG(text));
            break;
        }
    }
    return compile_text(in, "routing", text, WEIR_TEMPLATE_PLAIN, &t->routing, st);
}

/* ---- tombstones ---- */

static weir_rc deletable(const weir_sink_input *in, const weir_template *t, const char *option,
                         weir_status *st)
{
    weir_sv name = {0};
    uint32_t at = 0;
    if (!t || !weir_template_needs_value(t, &name, &at)) {
        return WEIR_OK;
    }
    weir_conn_refuse(in->conn, option, 0, 0, st, "it needs " WEIR_SV_FMT ", which a tombstone does not have: "
                     "its document could not be found", WEIR_SV_ARG(name));
    return weir_hint(st, "'behavior.on.null.values'='ignore' keeps documents; or use columns of the key");
}

static weir_rc bind_nulls(weir__es_topic *t, const weir_sink_input *in, weir_status *st)
{
    weir_conn *c = in->conn;
    bool given = weir_conn_given(c, "behavior.on.null.values");
    bool known = t->id_kind == WEIR__ES_ID_KEY || t->id_kind == WEIR__ES_ID_TEMPLATE;
    bool wanted = given ? weir_conn_is(c, "behavior.on.null.values", "delete")
                        : in->source->table && known && !t->data_stream;
    t->nulls = wanted ? WEIR__ES_NULLS_DELETE
               : weir_conn_is(c, "behavior.on.null.values", "fail") ? WEIR__ES_NULLS_FAIL
                                                                    : WEIR__ES_NULLS_IGNORE;
    if (!wanted) {
        return WEIR_OK;
    }
    if (t->data_stream || !known) {
        return weir_conn_refuse(c, "behavior.on.null.values", 0, 0, st, "%s", t->data_stream
                                ? "nothing can be deleted from a data stream"
                                : "a tombstone does not tell which document is meant when ids are no keys");
    }
    WEIR_TRY(deletable(in, t->index, "index", st));
    WEIR_TRY(deletable(in, t->id, "id", st));
    return deletable(in, t->routing, "routing", st);
}

/* ---- the document ---- */

static weir_rc bind_time(weir__es_topic *t, const weir_sink_input *in, weir_status *st)
{
    weir_conn *c = in->conn;
    const weir_sv *names = NULL;
    uint32_t n = weir_conn_list(c, "data.stream.timestamp.field", &names);
    uint32_t *cols = WEIR_NEW_N(weir_conn_arena(c), uint32_t, n + 1);
    t->time_name = weir_sv_trim(weir_conn_text(c, "timestamp.field"));
    t->time_name = t->time_name.n || !t->data_stream ? t->time_name : WEIR_SV("@timestamp");
    for (uint32_t i = 0; i < n; i++) {
        int32_t found = -1;
        for (uint32_t k = 0; k < in->schema->n; k++) {
            found = weir_sv_ieq(in->schema->cols[k].name, names[i]) ? (int32_t)k : found;
        }
        if (found < 0) {
            return weir_conn_refuse(c, "data.stream.timestamp.field", 0, 0, st, WEIR_SV_FMT " is no column "
                                    "of topic " WEIR_SV_FMT, WEIR_SV_ARG(names[i]), WEIR_SV_ARG(in->topic));
        }
        cols[i] = (uint32_t)found;
    }
    t->times = cols;
    t->n_times = n;
    return WEIR_OK;
}

/* ---- the index template ---- */

static void template_name(weir_buf *out, const weir_sink_input *in)
{
    weir_sv given = weir_conn_text(in->conn, "index.template.name");
    if (given.n) {
        weir_buf_sv(out, given);
        return;
    }
    const weir_sv parts[] = {weir_conn_name(in->conn), in->topic};
    weir_buf_str(out, "weir");
    for (size_t k = 0; k < WEIR_COUNT(parts); k++) {
        weir_buf_byte(out, '-');
        for (uint32_t i = 0; i < parts[k].n; i++) {
            char c = parts[k].p[i];
            bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
            weir_buf_byte(out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : plain ? c : '-');
        }
    }
}

static weir_rc bind_mapping(weir__es *s, weir__es_topic *t, const weir_sink_input *in, weir_sv index,
                            weir_status *st)
{
    weir_conn *c = in->conn;
    weir_arena *a = weir_conn_arena(c);
    if (!weir_conn_bool(c, "index.template.create")) {
        return WEIR_OK;
    }
    weir_buf text = {0};
    weir_buf name = {0};
    weir_sv pattern = weir_conn_text(c, "index.template.pattern");
    if (pattern.n == 0) {
        weir__es_pattern(&text, index, in->topic);
        pattern = weir_arena_sv(a, weir_buf_view(&text));
    }
    weir__es_mapping m = {.pattern = pattern,
                          .decimals = weir_conn_text(c, "index.template.decimal"),
                          .strings = weir_conn_text(c, "index.template.string"),
                          .time_name = t->time_name,
                          .keys = t->keys,
                          .data_stream = t->data_stream};
    weir_buf_reset(&text);
    weir__es_mapping_print(&text, in->schema, &m);
    t->mapping = weir_arena_sv(a, weir_buf_view(&text));
    template_name(&name, in);
    weir_buf_reset(&text);
    weir_buf_str(&text, "/_index_template/");
    weir_template_url(&text, weir_buf_view(&name));
    t->mapping_url = weir_arena_sv(a, weir_buf_view(&text));
    weir_buf_deinit(&text);
    weir_buf_deinit(&name);
    WEIR_PUSH(a, s->mapped, s->n_mapped, s->cap_mapped, t);
    return pattern.p[0] != '*' ? WEIR_OK
                               : weir_conn_refuse(c, "index.template.create", 0, 0, st,
                                                  "the template would be for all indices; "
                                                  "'index.template.pattern' says for which it is");
}

weir_rc weir__es_bind(void *self, weir_sink_input *in, weir_status *st)
{
    weir__es *s = self;
    weir_conn *c = in->conn;
    weir__es_topic *t = WEIR_NEW(weir_conn_arena(c), weir__es_topic);
    weir_sv index = {0};
    in->bound = t;
    t->data_stream = is_stream(c);
    t->write = t->data_stream                              ? WEIR__ES_CREATE
               : weir_conn_is(c, "write.method", "upsert") ? WEIR__ES_UPDATE
                                                           : WEIR__ES_INDEX;
    if (t->data_stream && weir_conn_is(c, "write.method", "upsert")) {
        return weir_conn_refuse(c, "write.method", 0, 0, st, "documents of a data stream are never changed");
    }
    t->keys = weir_conn_bool(c, "include.key");
    WEIR_TRY(bind_index(t, in, &index, st));
    WEIR_TRY(bind_id(t, in, st));
    WEIR_TRY(bind_version(t, in, st));
    WEIR_TRY(bind_routing(t, in, st));
    WEIR_TRY(bind_nulls(t, in, st));
    WEIR_TRY(bind_time(t, in, st));
    return bind_mapping(s, t, in, index, st);
}
