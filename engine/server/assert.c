/* ASSERT: what tests say must be true. ASSERT VALUES and ASSERT NULL VALUES take the next record of
 * the source's topic that no ASSERT has taken yet. Failures have ksqlDB's texts. */
#include "engine/server/record_read.h"
#include "engine/server/session_impl.h"
#include "engine/server/table_text.h"

void weir__asserted_deinit(weir_session *s)
{
    for (size_t i = 0; i < s->n_asserted; i++) {
        weir_free((void *)(uintptr_t)s->asserted[i].topic.p);
    }
    weir_free(s->asserted);
}

/* ---- ASSERT TOPIC ---- */

static weir_rc assert_topic(weir_session *s, const weir_bound *b, weir_status *st)
{
    weir_sv name = b->as.assert_topic.topic;
    weir_topic *t = weir_topics_find(s->topics, name);
    if (b->as.assert_topic.not_exists) {
        return t ? weir_fail(st, WEIR_EDATA, "Topic " WEIR_SV_FMT " exists", WEIR_SV_ARG(name))
                 : WEIR_OK;
    }
    if (!t) {
        return weir_fail(st, WEIR_EDATA, "Topic " WEIR_SV_FMT " does not exist", WEIR_SV_ARG(name));
    }
    int32_t wanted = b->as.assert_topic.partitions;
    int32_t replicas = b->as.assert_topic.replicas;
    if (wanted && wanted != weir_topic_partitions(t)) {
        return weir_fail(st, WEIR_EDATA, "Mismatched configuration for topic " WEIR_SV_FMT
                                         ": For config partitions, expected %d got %d",
                         WEIR_SV_ARG(name), wanted, weir_topic_partitions(t));
    }
    if (replicas && replicas != 1) {
        return weir_fail(st, WEIR_EDATA, "Mismatched configuration for topic " WEIR_SV_FMT
                                         ": For config replicas, expected %d got 1",
                         WEIR_SV_ARG(name), replicas);
    }
    return WEIR_OK;
}

/* ---- ASSERT STREAM, ASSERT TABLE ---- */

static weir_sv schema_text(weir_arena *a, const weir_schema *s)
{
    weir_buf b = {0};
    weir_schema_print(&b, s);
    weir_sv text = weir_arena_sv(a, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return text;
}

static weir_sv optional_text(weir_arena *a, weir_sv s)
{
    return s.n ? weir_arena_printf(a, "Optional[" WEIR_SV_FMT "]", WEIR_SV_ARG(s))
               : WEIR_SV("Optional.empty");
}

static weir_sv format_properties(weir_arena *a, const weir_format_spec *f)
{
    weir_sv delimiter = f->kind == WEIR_FMT_DELIMITED && f->delimiter != ','
                            ? weir_arena_printf(a, "delimiter=%c", f->delimiter)
                            : (weir_sv){0};
    weir_sv name = f->full_name.n ? weir_arena_printf(a, "fullSchemaName=" WEIR_SV_FMT,
                                                      WEIR_SV_ARG(f->full_name))
                                  : (weir_sv){0};
    return weir_arena_printf(a, "{" WEIR_SV_FMT WEIR_SV_FMT WEIR_SV_FMT "}", WEIR_SV_ARG(delimiter),
                             WEIR_SV_ARG(name), WEIR_SV_ARG(f->nullable));
}

static weir_sv id_text(weir_arena *a, int32_t id)
{
    return id ? weir_arena_printf(a, "%d", id) : WEIR_SV("null");
}

static weir_sv features_text(const weir_format_spec *f)
{
    return f->wrap == WEIR_WRAP_YES  ? WEIR_SV("[WRAP_SINGLES]")
           : f->wrap == WEIR_WRAP_NO ? WEIR_SV("[UNWRAP_SINGLES]")
                                     : WEIR_SV("[]");
}

/* One compared property of a source. */
typedef struct property {
    const char *name;
    weir_sv expected, actual;
} property;

#define PROPERTIES 11

static void properties(weir_arena *a, const weir_source *e, const weir_source *c, property *out)
{
    weir_sv table = WEIR_SV("KTABLE");
    weir_sv stream = WEIR_SV("KSTREAM");
    const weir_format_spec *ek = &e->key_format;
    const weir_format_spec *ck = &c->key_format;
    const weir_format_spec *ev = &e->value_format;
    const weir_format_spec *cv = &c->value_format;
    property all[PROPERTIES] = {
        {"schema", schema_text(a, e->schema), schema_text(a, c->schema)},
        {"type", e->table ? table : stream, c->table ? table : stream},
        {"kafka topic", e->topic, c->topic},
        {"key format", weir_sv_cstr(weir_format_name(ek->kind)),
         weir_sv_cstr(weir_format_name(ck->kind))},
        {"key format properties", format_properties(a, ek), format_properties(a, ck)},
        {"value format", weir_sv_cstr(weir_format_name(ev->kind)),
         weir_sv_cstr(weir_format_name(cv->kind))},
        {"value format properties", format_properties(a, ev), format_properties(a, cv)},
        {"value schema id", id_text(a, ev->schema_id), id_text(a, cv->schema_id)},
        {"value serde features", features_text(ev), features_text(cv)},
        {"timestamp column", optional_text(a, e->timestamp_column),
         optional_text(a, c->timestamp_column)},
        {"timestamp format", optional_text(a, e->timestamp_format),
         optional_text(a, c->timestamp_format)},
    };
    memcpy(out, all, sizeof all);
}

static weir_rc assert_source(weir_session *s, const weir_bound *b, weir_arena *a, weir_status *st)
{
    const weir_source *expected = &b->as.create.source;
    const weir_source *actual = weir_catalog_source(s->catalog, expected->name);
    if (!actual) {
        return weir_fail(st, WEIR_EDATA, WEIR_SV_FMT " does not exist.", WEIR_SV_ARG(expected->name));
    }
    property all[PROPERTIES];
    properties(a, expected, actual, all);
    for (size_t i = 0; i < PROPERTIES; i++) {
        if (!weir_sv_eq(all[i].expected, all[i].actual)) {
            return weir_fail(st, WEIR_EDATA, "Expected %s does not match actual for source "
                                             WEIR_SV_FMT ".\n\tExpected: " WEIR_SV_FMT
                                             "\n\tActual: " WEIR_SV_FMT,
                             all[i].name, WEIR_SV_ARG(expected->name),
                             WEIR_SV_ARG(all[i].expected), WEIR_SV_ARG(all[i].actual));
        }
    }
    return WEIR_OK;
}

/* ---- ASSERT VALUES, ASSERT NULL VALUES ---- */

static weir_asserted *position(weir_session *s, weir_sv topic, int32_t partition)
{
    for (size_t i = 0; i < s->n_asserted; i++) {
        if (s->asserted[i].partition == partition && weir_sv_eq(s->asserted[i].topic, topic)) {
            return &s->asserted[i];
        }
    }
    char *name = weir_alloc((size_t)topic.n + 1);
    memcpy(name, topic.p, topic.n);
    WEIR_GROW(s->asserted, s->cap_asserted, s->n_asserted + 1);
    s->asserted[s->n_asserted] = (weir_asserted){.topic = {name, topic.n}, .partition = partition};
    return &s->asserted[s->n_asserted++];
}

/* The partition whose next record comes, or NULL at the end of all. */
static weir_asserted *next_record(weir_session *s, weir_topic *t)
{
    for (int32_t p = 0; t && p < weir_topic_partitions(t); p++) {
        weir_asserted *at = position(s, weir_topic_name(t), p);
        if (at->next > weir_topic_end(t, p)) {
            at->next = 0; /* the topic was dropped and made again */
        }
        at->next = weir_max64(at->next, weir_topic_begin(t, p));
        if (at->next < weir_topic_end(t, p)) {
            return at;
        }
    }
    return NULL;
}

static weir_sv cell(weir_arena *a, const weir_column *col, const weir_value *v)
{
    weir_buf b = {0};
    weir_value_print(&b, col->type, v);
    weir_sv text = weir_arena_sv(a, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return text;
}

static weir_sv time_cell(weir_arena *a, bool given, int64_t ms)
{
    return given ? weir_arena_printf(a, "%lld", (long long)ms) : WEIR_SV("<any>");
}

/* ROWTIME, and the window of a windowed source; returns how many cells there are. */
static uint32_t time_cells(const weir_bound_insert *in, const weir_record_values *actual,
                           weir_arena *a, weir_sv *names, weir_sv *expected, weir_sv *got)
{
    bool windowed = in->source.window.kind != WEIR_WINDOW_NONE;
    const struct {
        weir_sv name;
        bool given;
        int64_t wanted, found;
    } all[] = {
        {WEIR_SV("ROWTIME"), in->has_rowtime, in->rowtime, actual ? actual->rowtime : 0},
        {WEIR_SV("WINDOWSTART"), in->has_window_start, in->window_start,
         actual ? actual->window_start : 0},
        {WEIR_SV("WINDOWEND"), in->has_window_end, in->window_end, actual ? actual->window_end : 0},
    };
    uint32_t n = windowed ? WEIR_COUNT(all) : 1;
    for (uint32_t i = 0; i < n; i++) {
        names[i] = all[i].name;
        expected[i] = time_cell(a, all[i].given, all[i].wanted);
        got[i] = time_cell(a, true, all[i].found);
    }
    return n;
}

/* The expected row above the actual one (NULL: there is none). */
static weir_rc mismatch(const weir_bound_insert *in, bool tombstone, const weir_record_values *actual,
                        const char *message, weir_arena *a, weir_status *st)
{
    const weir_schema *schema = in->source.schema;
    uint32_t times = in->source.window.kind == WEIR_WINDOW_NONE ? 1 : 3;
    uint32_t n = schema->n + 1u + times;
    weir_sv *names = WEIR_NEW_N(a, weir_sv, n);
    weir_sv *cells = WEIR_NEW_N(a, weir_sv, n * 2);
    weir_sv *got = cells + n;
    names[0] = WEIR_SV(".");
    cells[0] = WEIR_SV("EXPECTED");
    got[0] = WEIR_SV("ACTUAL");
    uint32_t at = 1 + time_cells(in, actual, a, names + 1, cells + 1, got + 1);
    for (uint32_t i = 0; i < schema->n; i++, at++) {
        const weir_column *col = &schema->cols[i];
        bool dead = col->role != WEIR_COL_KEY;
        names[at] = col->name;
        cells[at] = dead && tombstone ? WEIR_SV("<TOMBSTONE>")
                    : in->given[i]    ? cell(a, col, &in->values[i])
                                      : WEIR_SV("<any>");
        if (actual) {
            got[at] = dead && actual->null_value ? WEIR_SV("<TOMBSTONE>")
                                                 : cell(a, col, &actual->values[i]);
        }
    }
    weir_buf out = {0};
    weir_rows rows = {n, actual ? 2 : 1, names, cells};
    weir_rows_print(&out, &rows);
    weir_rc rc = weir_fail(st, WEIR_EDATA, "%s\n" WEIR_SV_FMT, message,
                           WEIR_SV_ARG(weir_sv_trim(weir_buf_view(&out))));
    weir_buf_deinit(&out);
    return rc;
}

static bool matches(const weir_bound_insert *in, bool tombstone, const weir_record_values *actual)
{
    const weir_schema *schema = in->source.schema;
    if (tombstone != actual->null_value) {
        return false;
    }
    if (!tombstone && in->has_rowtime && in->rowtime != actual->rowtime) {
        return false;
    }
    if ((in->has_window_start && in->window_start != actual->window_start) ||
        (in->has_window_end && in->window_end != actual->window_end)) {
        return false;
    }
    for (uint32_t i = 0; i < schema->n; i++) {
        weir_role role = schema->cols[i].role;
        bool compared = role == WEIR_COL_KEY ? in->given[i] || tombstone
                                             : in->given[i] && !tombstone && role == WEIR_COL_VALUE;
        if (compared &&
            !weir_value_eq(schema->cols[i].type, &in->values[i], &actual->values[i])) {
            return false;
        }
    }
    return true;
}

static weir_rc compare(weir_session *s, const weir_bound_insert *in, bool tombstone,
                       const weir_chunk *c, const weir_rec *rec, weir_arena *a, weir_status *st)
{
    weir_record_reader *reader = NULL;
    WEIR_TRY(weir_record_reader_new(s, &in->source, &reader, st));
    weir_record_values actual;
    weir_rc rc = weir_record_read(reader, c, rec, a, &actual, st);
    if (rc == WEIR_OK && !matches(in, tombstone, &actual)) {
        rc = mismatch(in, tombstone, &actual, "Expected record does not match actual.", a, st);
    }
    weir_record_reader_free(reader);
    return rc;
}

static weir_rc assert_values(weir_session *s, const weir_bound *b, weir_arena *a, weir_status *st)
{
    const weir_bound_insert *in = &b->as.insert;
    bool tombstone = b->kind == WEIR_B_ASSERT_NULL_VALUES;
    for (uint32_t i = 0; tombstone && i < in->source.schema->n; i++) {
        if (in->given[i] && in->source.schema->cols[i].role != WEIR_COL_KEY) {
            return weir_fail(st, WEIR_EDATA,
                             "Unexpected value columns specified in ASSERT NULL VALUES.");
        }
    }
    weir_topic *t = weir_topics_find(s->topics, in->source.topic);
    weir_asserted *at = next_record(s, t);
    if (!at) {
        return mismatch(in, tombstone, NULL,
                        "Expected another record, but all records have already been read:", a, st);
    }
    weir_chunk *c = NULL;
    WEIR_TRY(weir_topic_read(t, at->partition, at->next, &c, st));
    weir_rc rc = compare(s, in, tombstone, c, &c->recs[at->next - c->base], a, st);
    at->next++;
    weir_chunk_unref(c);
    return rc;
}

weir_rc weir_statement_assert(weir_session *s, const weir_bound *b, weir_arena *a, weir_status *st)
{
    if (s->config.check_only) {
        return WEIR_OK;
    }
    if (b->kind == WEIR_B_ASSERT_TOPIC) {
        return assert_topic(s, b, st);
    }
    return b->kind == WEIR_B_ASSERT_SOURCE ? assert_source(s, b, a, st) : assert_values(s, b, a, st);
}
