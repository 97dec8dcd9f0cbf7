/* Records of a sink's topic as rows: the columns a sink sees, and values as JSON. */
#include "connectors/conn_impl.h"
#include "connectors/formats.h"

/* The columns of the stream, then what a record has besides. */
static const weir_schema *with_pseudo(weir_arena *a, const weir_source *src, int32_t **read)
{
    static const struct {
        const char *name;
        weir_kind kind;
        weir_role role;
        bool windowed;
    } more[] = {{"ROWTIME", WEIR_T_BIGINT, WEIR_COL_ROWTIME, false},
                {"ROWPARTITION", WEIR_T_INTEGER, WEIR_COL_ROWPARTITION, false},
                {"ROWOFFSET", WEIR_T_BIGINT, WEIR_COL_ROWOFFSET, false},
                {"WINDOWSTART", WEIR_T_BIGINT, WEIR_COL_WINDOWSTART, true},
                {"WINDOWEND", WEIR_T_BIGINT, WEIR_COL_WINDOWEND, true}};
    uint16_t n = src->schema->n;
    weir_column *cols = WEIR_NEW_N(a, weir_column, n + WEIR_COUNT(more));
    *read = WEIR_NEW_N(a, int32_t, n + WEIR_COUNT(more));
    for (uint16_t i = 0; i < n; i++) {
        cols[i] = src->schema->cols[i];
        (*read)[i] = i;
    }
    bool windowed = src->window.kind != WEIR_WINDOW_NONE;
    for (size_t i = 0; i < WEIR_COUNT(more); i++) {
        if (more[i].windowed && !windowed) {
            continue;
        }
        cols[n] = (weir_column){.name = weir_sv_cstr(more[i].name),
                                .type = weir_type_of(more[i].kind),
                                .role = more[i].role};
        (*read)[n++] = -1;
    }
    weir_schema *s = WEIR_NEW(a, weir_schema);
    *s = (weir_schema){.n = n, .n_keys = src->schema->n_keys, .cols = cols};
    return s;
}

/* Without a stream over it a topic has keys and values, and no columns. */
const weir_source *weir__conn_bare_source(weir_arena *a, weir_sv topic)
{
    weir_source *s = WEIR_NEW(a, weir_source);
    *s = (weir_source){.name = topic,
                       .schema = WEIR_NEW(a, weir_schema),
                       .topic = topic,
                       .key_format = {.kind = WEIR_FMT_NONE},
                       .value_format = {.kind = WEIR_FMT_NONE}};
    return s;
}

const weir_source *weir__conn_source_of(const weir_catalog *catalog, weir_arena *a, weir_sv name)
{
    const weir_source *found = NULL;
    for (uint32_t i = weir_catalog_sources(catalog); i-- > 0;) { /* the latest knows most */
        const weir_source *s = weir_catalog_source_at(catalog, i);
        if (weir_sv_eq(s->topic, name)) {
            found = s;
        }
    }
    found = found ? found : weir_catalog_source(catalog, name);
    return found ? weir_source_copy(a, found) : NULL;
}

weir_rc weir__sink_columns(weir_conn *c, weir__sink_topic *t, weir_sv name, weir_status *st)
{
    const weir_source *src = weir__conn_source_of(c->owner->config.catalog, &c->arena, name);
    src = src ? src : weir__conn_bare_source(&c->arena, name);
    int32_t *read = NULL;
    t->in = (weir_sink_input){.conn = c, .topic = src->topic, .source = src};
    t->in.schema = with_pseudo(&c->arena, src, &read);
    weir_decoder_spec spec = {.source = src,
                              .schema = t->in.schema,
                              .read = read,
                              .formats = c->owner->config.formats,
                              .zones = c->sink.zones};
    return weir_decoder_new(&spec, &t->decoder, st);
}

/* ---- JSON ---- */

/* The columns of the value, or of key and value. */
static uint32_t json_columns(const weir_sink_rows *r, bool keys, weir_column *cols, weir_vec *vecs)
{
    const weir_schema *s = r->in->schema;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->cols[i].role == WEIR_COL_VALUE || (keys && s->cols[i].role == WEIR_COL_KEY)) {
            cols[n] = s->cols[i];
            vecs[n++] = r->batch->cols[i];
        }
    }
    return n;
}

static void encode_json(const weir_sink_rows *r, bool keys, weir_sink_json *out)
{
    weir_arena *a = r->batch->arena;
    const weir_schema *s = r->in->schema;
    weir_column *cols = WEIR_NEW_N(a, weir_column, s->n);
    weir_vec *vecs = WEIR_NEW_N(a, weir_vec, s->n);
    weir_format_spec format = {.kind = WEIR_FMT_JSON};
    weir_codec_spec codec = {.format = &format, .n = json_columns(r, keys, cols, vecs), .cols = cols};
    void *encoder = NULL;
    uint16_t rows[WEIR_BATCH_ROWS];
    uint32_t ends[WEIR_BATCH_ROWS];
    uint64_t nulls[WEIR_BITS_WORDS] = {0};
    weir_buf text = {0};
    uint32_t n = 0;
    WEIR_EACH_ROW(r->batch, i, row) {
        rows[n] = (uint16_t)row;
        n += !weir_sink_tombstone(r, row);
    }
    const weir_format *json = &weir_format_json;
    if (json->encoder_new(a, &codec, &encoder, NULL) != WEIR_OK) {
        return; /* a type JSON cannot hold: rows stay empty */
    }
    json->encode(encoder, vecs, rows, n, &text, ends, nulls);
    if (json->close) {
        json->close(encoder);
    }
    weir_sv all = weir_arena_sv(a, weir_buf_view(&text));
    uint32_t from = 0;
    for (uint32_t i = 0; i < n; i++) {
        out->rows[rows[i]] = weir_sv_of(all.p + from, ends[i] - from);
        from = ends[i];
    }
    weir_buf_deinit(&text);
}

void weir_sink_rows_json(const weir_sink_rows *r, bool keys, weir_sink_json *out)
{
    const weir_format_spec *f = &r->in->source->value_format;
    bool bare = r->in->source->schema->n == 0;
    out->rows = weir_arena_zalloc(r->batch->arena, sizeof *out->rows * (r->batch->rows + 1u));
    if (!keys && ((f->kind == WEIR_FMT_JSON && f->wrap != WEIR_WRAP_NO) || bare)) {
        WEIR_EACH_ROW(r->batch, i, row) {
            out->rows[row] = weir_rec_value(r->chunk, weir_sink_rec(r, row));
        }
        return;
    }
    encode_json(r, keys, out);
}
