/* See intake.h. */
#include "connectors/intake.h"
#include "connectors/formats.h"
#include "connectors/intake_time.h"

#include "engine/data/json.h"

#include <stdio.h>

/* Key or value of the records, encoded from columns; raw: copied. */
typedef struct side {
    const weir_format *format;
    void *encoder;
    uint32_t n;
    uint32_t *cols; /* in `schema` */
} side;

struct weir_intake {
    weir_conn *conn;
    weir_source_output *to;
    const weir_schema *schema;  /* all columns, as members of one object */
    void *decoder;
    weir_conn_condition condition;
    int32_t key_from;           /* column whose text or value is the key; -1: the key columns, or none */
    bool key_is_text;           /* the key's bytes are that column's text */
    bool bare;                  /* no options */
    bool value_raw;
    side key, value;
    weir_sv time_field;         /* empty: the time is that of the arrival */
    weir__intake_time *time;
    int64_t *times;             /* of the documents; NULL: that of the arrival */
    weir_arena arena, step;
    const weir_sv *docs;
    uint32_t n_docs;
    weir_batch *batch;
    uint64_t bad[WEIR_BITS_WORDS];
    weir_intake_bad *told;
    uint32_t n_told, cap_told;
};

/* ---- making ---- */

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

static weir_rc open_side(weir_intake *in, bool key, side *out, weir_status *st)
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

static void close_side(side *s)
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

/* ---- judging ---- */

static void tell(weir_intake *in, uint32_t doc, weir_sv field, weir_sv reason)
{
    weir_intake_bad bad = {doc, field, weir_arena_sv(&in->step, reason)};
    weir_bit_set(in->bad, doc);
    WEIR_PUSH(&in->step, in->told, in->n_told, in->cap_told, bad);
}

/* The decoder ends with where it was: ", path: $.ITEM.PRICE". */
static void on_bad(void *ctx, uint32_t row, weir_sv reason)
{
    int64_t at = weir_sv_find(reason, WEIR_SV(", path: $."), 0);
    uint32_t from = at < 0 ? reason.n : (uint32_t)at + 10;
    weir_intake *in = ctx;
    tell(in, row, weir_arena_sv(&in->step, weir_sv_of(reason.p + from, reason.n - from)), reason);
}

/* Without columns nothing has looked at the text yet. */
static void check_json(weir_intake *in)
{
    for (uint32_t i = 0; i < in->n_docs; i++) {
        const weir_json_node *node = NULL;
        weir_status st;
        weir_status_reset(&st);
        if (weir_json_parse(&in->step, in->docs[i], NULL, &node, &st) != WEIR_OK) {
            tell(in, i, (weir_sv){0}, weir_sv_cstr(st.msg));
        } else if (node->kind != WEIR_JSON_OBJECT) {
            tell(in, i, (weir_sv){0}, WEIR_SV("not a JSON object"));
        }
    }
}

/* Whether the object that a text begins with ends where the text does. */
static bool is_one_object(weir_sv doc)
{
    uint32_t depth = 0;
    bool quoted = false;
    for (uint32_t i = 0; i < doc.n; i++) {
        char c = doc.p[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            return i + 1 == doc.n;
        }
    }
    return false;
}

/* The decoder takes null for a record without a value, and text behind the object for nothing. */
static void check_objects(weir_intake *in)
{
    for (uint32_t i = 0; i < in->n_docs; i++) {
        weir_sv doc = weir_sv_trim(in->docs[i]);
        if (!weir_bit(in->bad, i) && (doc.n < 2 || doc.p[0] != '{' || !is_one_object(doc))) {
            tell(in, i, (weir_sv){0}, WEIR_SV("not a JSON object"));
        }
    }
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* A column as the operator has written it in a condition. */
static weir_sv as_written(weir_sv text, weir_sv column)
{
    for (uint32_t i = 0; i + column.n <= text.n; i++) {
        weir_sv here = weir_sv_of(text.p + i, column.n);
        bool begins = i == 0 || !is_word(text.p[i - 1]);
        bool ends = i + column.n == text.n || !is_word(text.p[i + column.n]);
        if (begins && ends && weir_sv_ieq(here, column)) {
            return here;
        }
    }
    return column;
}

static void check_conditions(weir_intake *in)
{
    weir_vec *results = WEIR_NEW_N(&in->step, weir_vec, in->condition.n);
    weir_program_eval(in->condition.program, in->batch, results, NULL);
    WEIR_EACH_ROW(in->batch, i, row) {
        for (uint32_t k = 0; k < in->condition.n; k++) {
            const weir_vec *v = &results[k];
            if (!weir_vec_is_valid(v, row) || weir_vec_is_err(v, row) || !WEIR_AT(bool, v, row)) {
                char text[512];
                snprintf(text, sizeof text, "must fulfil " WEIR_SV_FMT,
                         WEIR_SV_ARG(in->condition.texts[k]));
                tell(in, row, as_written(in->condition.texts[k], in->condition.columns[k]),
                     weir_sv_cstr(text));
            }
        }
    }
}

static void select_good(weir_intake *in)
{
    uint16_t *sel = weir_arena_alloc(&in->step, sizeof *sel * (in->n_docs + 1));
    uint16_t n = 0;
    for (uint32_t i = 0; i < in->n_docs; i++) {
        if (!weir_bit(in->bad, i)) {
            sel[n++] = (uint16_t)i;
        }
    }
    in->batch->sel = sel;
    in->batch->nsel = n;
}

static void read_times(weir_intake *in)
{
    in->times = weir_arena_alloc(&in->step, sizeof *in->times * (in->n_docs + 1));
    WEIR_EACH_ROW(in->batch, i, row) {
        const char *why = weir__intake_time_of(in->time, in->batch, row, &in->times[row]);
        if (why) {
            tell(in, row, in->time_field, weir_sv_cstr(why));
        }
    }
}

/* What is told comes in the order of the documents; most are in it already. */
static void sort_told(weir_intake *in)
{
    for (uint32_t i = 1; i < in->n_told; i++) {
        weir_intake_bad bad = in->told[i];
        uint32_t at = i;
        for (; at > 0 && in->told[at - 1].doc > bad.doc; at--) {
            in->told[at] = in->told[at - 1];
        }
        in->told[at] = bad;
    }
}

uint32_t weir_intake_judge(weir_intake *in, const weir_sv *docs, uint32_t n)
{
    WEIR_ASSERT(n <= WEIR_BATCH_ROWS);
    weir_arena_reset(&in->step);
    in->docs = docs;
    in->n_docs = n;
    in->told = NULL;
    in->n_told = in->cap_told = 0;
    memset(in->bad, 0, sizeof in->bad);
    in->batch = weir_batch_new(&in->step, in->schema);
    in->batch->rows = in->batch->nsel = (uint16_t)n;
    if (in->decoder) {
        weir_bad_rows bad = {.report = on_bad, .ctx = in};
        weir_format_json.decode(in->decoder, docs, 0, n, in->batch->cols, &in->step, &bad);
        check_objects(in);
    } else {
        check_json(in);
    }
    select_good(in);
    if (in->condition.n && in->batch->nsel) {
        check_conditions(in);
        select_good(in);
    }
    if (in->time && in->batch->nsel) {
        read_times(in);
        select_good(in);
    }
    sort_told(in);
    return in->batch->nsel;
}

const weir_intake_bad *weir_intake_bad_docs(const weir_intake *in, uint32_t *n)
{
    *n = in->n_told;
    return in->told;
}

bool weir_intake_is_good(const weir_intake *in, uint32_t doc)
{
    return !weir_bit(in->bad, doc);
}

/* ---- records ---- */

typedef struct encoded {
    weir_buf bytes;
    uint32_t ends[WEIR_BATCH_ROWS];
    uint64_t nulls[WEIR_BITS_WORDS];
} encoded;

static void encode(weir_intake *in, const side *s, encoded *e)
{
    weir_vec *cols = WEIR_NEW_N(&in->step, weir_vec, s->n + 1);
    for (uint32_t i = 0; i < s->n; i++) {
        cols[i] = in->batch->cols[s->cols[i]];
    }
    s->format->encode(s->encoder, cols, in->batch->sel, in->batch->nsel, &e->bytes, e->ends, e->nulls);
}

/* Part i of the encoded. */
static weir_sv part(const encoded *e, uint32_t i)
{
    uint32_t from = i ? e->ends[i - 1] : 0;
    return weir_bit(e->nulls, i) ? (weir_sv){NULL, WEIR_NULL_BYTES}
                                 : weir_sv_of(e->bytes.p + from, e->ends[i] - from);
}

static weir_sv text_key(weir_intake *in, uint32_t row, weir_buf *text)
{
    const weir_vec *v = &in->batch->cols[in->key_from];
    weir_buf_reset(text);
    if (!weir_vec_is_valid(v, row)) {
        return (weir_sv){NULL, WEIR_NULL_BYTES};
    }
    weir_value value = weir_vec_get(v, row);
    weir_value_print(text, v->type, &value);
    return weir_buf_view(text);
}

void weir_intake_add_each(weir_intake *in, weir_chunk_builder *to, weir_sv headers,
                          const weir_intake_own *own)
{
    encoded *keys = in->key.n ? weir_arena_zalloc(&in->step, sizeof *keys) : NULL;
    encoded *values = in->value_raw ? NULL : weir_arena_zalloc(&in->step, sizeof *values);
    weir_buf text = {0};
    if (in->batch->nsel == 0) {
        return;
    }
    if (keys) {
        encode(in, &in->key, keys);
    }
    if (values) {
        encode(in, &in->value, values);
    }
    WEIR_EACH_ROW(in->batch, i, row) {
        weir_sv key = keys              ? part(keys, i)
                      : in->key_is_text ? text_key(in, row, &text)
                                        : own[row].key;
        weir_sv value = own[row].raw || in->value_raw ? own[row].value : part(values, i);
        weir_chunk_builder_add(to, key, value, headers, own[row].timestamp, 0);
    }
    if (keys) {
        weir_buf_deinit(&keys->bytes);
    }
    if (values) {
        weir_buf_deinit(&values->bytes);
    }
    weir_buf_deinit(&text);
}

void weir_intake_add(weir_intake *in, weir_chunk_builder *to, weir_sv headers, int64_t timestamp)
{
    weir_intake_own *own = WEIR_NEW_N(&in->step, weir_intake_own, in->n_docs + 1);
    for (uint32_t i = 0; i < in->n_docs; i++) {
        bool timed = in->time && weir_intake_is_good(in, i) && in->times[i] != WEIR__INTAKE_ARRIVAL;
        own[i] = (weir_intake_own){.key = {NULL, WEIR_NULL_BYTES}, .value = in->docs[i],
                                   .timestamp = timed ? in->times[i] : timestamp};
    }
    weir_intake_add_each(in, to, headers, own);
}
