/* Making an intake: the columns that objects are read into, how keys and times come about, what encodes
 * the records. Control thread. */
#include "connectors/formats.h"
#include "connectors/intake_impl.h"

static int32_t column_of(const weir_schema *s, weir_sv name)
{
    int32_t at = weir_schema_find(s, name);
    for (uint32_t i = 0; at < 0 && i < s->n; i++) {
        at = weir_sv_ieq(s->cols[i].name, name) ? (int32_t)i : -1;
    }
    return at;
}

static bool is_declared(const weir_intake *in)
{
    return in->to->source->schema->n > 0;
}

/* The column of a field that nobody has declared is a text. Names are found in any case. */
static uint32_t need_column(weir_intake *in, weir_schema *s, weir_column *cols, weir_sv name)
{
    int32_t at = column_of(s, name);
    if (at >= 0) {
        return (uint32_t)at;
    }
    char *upper = weir_arena_cstr(&in->arena, name);
    for (uint32_t i = 0; i < name.n; i++) {
        upper[i] = (char)(upper[i] >= 'a' && upper[i] <= 'z' ? upper[i] - 32 : upper[i]);
    }
    cols[s->n] = (weir_column){.name = weir_sv_of(upper, name.n), .type = weir_type_of(WEIR_T_STRING),
                               .role = WEIR_COL_VALUE};
    return s->n++;
}

/* The columns that a record has; for a topic that nobody has declared: those of condition, key and time. */
static weir_rc make_schema(weir_intake *in, weir_status *st)
{
    weir_arena *a = &in->arena;
    weir_sv key = in->bare ? (weir_sv){0} : weir_conn_text(in->conn, "key");
    bool checks = !in->bare && weir_conn_given(in->conn, "validate");
    const weir_schema *declared = in->to->source->schema;
    if (!is_declared(in) && checks) {
        WEIR_TRY(weir_conn_compile(in->conn, "validate", NULL, &in->condition, st));
        declared = in->condition.schema;
    }
    weir_column *cols = WEIR_NEW_N(a, weir_column, declared->n + 2u);
    weir_schema *s = WEIR_NEW(a, weir_schema);
    for (uint32_t i = 0; i < declared->n; i++) {
        if (declared->cols[i].role == WEIR_COL_KEY || declared->cols[i].role == WEIR_COL_VALUE) {
            cols[s->n++] = declared->cols[i];
        }
    }
    s->cols = cols;
    s->n_keys = declared->n_keys;
    in->key_from = key.n ? (int32_t)need_column(in, s, cols, key) : -1;
    in->time_field = in->bare ? (weir_sv){0} : weir_conn_text(in->conn, "timestamp.field");
    if (in->time_field.n) {
        uint32_t at = need_column(in, s, cols, in->time_field);
        WEIR_TRY(weir__intake_time_new(in->conn, a, s, at, &in->time, st));
    }
    in->schema = s;
    return is_declared(in) && checks ? weir_conn_compile(in->conn, "validate", s, &in->condition, st)
                                     : WEIR_OK;
}

static weir_rc open_side(weir_intake *in, bool key, weir__intake_side *out, weir_status *st)
{
    const weir_source *src = in->to->source;
    const weir_format_spec *spec = key ? &src->key_format : &src->value_format;
    const weir_formats *formats = weir_conn_formats(in->conn);
    weir_column *cols = WEIR_NEW_N(&in->arena, weir_column, src->schema->n + 1u);
    out->cols = WEIR_NEW_N(&in->arena, uint32_t, src->schema->n + 1u);
    for (uint32_t i = 0; i < src->schema->n; i++) {
        if (src->schema->cols[i].role == (key ? WEIR_COL_KEY : WEIR_COL_VALUE)) {
            cols[out->n] = src->schema->cols[i];
            out->cols[out->n++] = (uint32_t)column_of(in->schema, src->schema->cols[i].name);
        }
    }
    out->format = formats->by_kind[spec->kind];
    if (!out->format) {
        return weir_fail(st, WEIR_ENOTIMPL, "format %s is not available in this build",
                         weir_format_name(spec->kind));
    }
    weir_codec_spec codec = {.format = spec, .is_key = key, .n = out->n, .cols = cols, .topic = src->topic,
                             .registry = formats->registry};
    return out->n ? out->format->encoder_new(&in->arena, &codec, &out->encoder, st) : WEIR_OK;
}

/* How keys come about. */
static weir_rc settle_key(weir_intake *in, weir_status *st)
{
    const weir_source *src = in->to->source;
    if (in->key_from < 0 && in->key.n == 0) {
        return WEIR_OK; /* no key */
    }
    if (in->key.n == 0) {
        in->key_is_text = true;
        return WEIR_OK;
    }
    if (in->key_from < 0 || (in->key.n == 1 && (int32_t)in->key.cols[0] == in->key_from)) {
        in->key_from = -1; /* the key columns are what they are called */
        return WEIR_OK;
    }
    if (in->key.n > 1 ||
        !weir_type_eq(in->schema->cols[in->key_from].type, src->schema->cols[0].type)) {
        return weir_conn_refuse(in->conn, "key", 0, 0, st,
                                "the key of " WEIR_SV_FMT " is not one column of the type of this field",
                                WEIR_SV_ARG(src->name));
    }
    in->key.cols[0] = (uint32_t)in->key_from;
    in->key_from = -1;
    return WEIR_OK;
}

static weir_rc make(weir_intake *in, weir_status *st)
{
    static const weir_format_spec json = {.kind = WEIR_FMT_JSON, .wrap = WEIR_WRAP_YES};
    const weir_format_spec *value = &in->to->source->value_format;
    WEIR_TRY(make_schema(in, st));
    in->value_raw = !is_declared(in) || (value->kind == WEIR_FMT_JSON && value->wrap != WEIR_WRAP_NO);
    weir_codec_spec codec = {.format = &json, .n = in->schema->n, .cols = in->schema->cols,
                             .topic = in->to->topic};
    if (in->schema->n) {
        WEIR_TRY(weir_format_json.decoder_new(&in->arena, &codec, &in->decoder, st));
    }
    WEIR_TRY(open_side(in, true, &in->key, st));
    if (!in->value_raw) {
        WEIR_TRY(open_side(in, false, &in->value, st));
    }
    return settle_key(in, st);
}

static weir_rc open_intake(weir_conn *c, weir_source_output *to, bool bare, weir_intake **out,
                           weir_status *st)
{
    weir_intake *in = weir_zalloc(sizeof *in);
    in->conn = c;
    in->bare = bare;
    in->to = to;
    weir_arena_init(&in->arena);
    weir_arena_init(&in->step);
    weir_rc rc = make(in, st);
    if (rc != WEIR_OK) {
        weir_intake_free(in);
        return rc;
    }
    *out = in;
    return WEIR_OK;
}

weir_rc weir_intake_new(weir_conn *c, weir_source_output *to, weir_intake **out, weir_status *st)
{
    return open_intake(c, to, false, out, st);
}

weir_rc weir_intake_new_bare(weir_conn *c, weir_source_output *to, weir_intake **out, weir_status *st)
{
    return open_intake(c, to, true, out, st);
}

static void close_side(weir__intake_side *s)
{
    if (s->encoder && s->format->close) {
        s->format->close(s->encoder);
    }
}

void weir_intake_free(weir_intake *in)
{
    if (!in) {
        return;
    }
    close_side(&in->key);
    close_side(&in->value);
    if (in->decoder && weir_format_json.close) {
        weir_format_json.close(in->decoder);
    }
    weir_arena_deinit(&in->arena);
    weir_arena_deinit(&in->step);
    weir_free(in);
}
