/* The end of a query: rows become records of the sink topic, or go to the client. Keys and values of
 * a batch are encoded with one call each. With one partition and plain keys the bytes are written
 * where the chunk keeps them; otherwise a record is copied to the partition of its key. */
#include "engine/base/hash.h"
#include "engine/data/datetime.h"
#include "operators/op_kinds.h"
#include "operators/op_state.h"

typedef struct op_sink {
    weir_op op;
    weir__wire_keys keys;
    const weir_format *value_format; /* NULL: no value columns */
    void *value_encoder;
    uint16_t *value_cols; /* columns of the schema with role VALUE */
    uint32_t n_values;
    weir_vec *vecs;       /* [n_values] */
    weir_buf values;
    uint32_t ends[WEIR_BATCH_ROWS];
    uint64_t null[WEIR_BITS_WORDS];
    weir_buf key;         /* one key with its window */
    uint16_t *starts, *windows_ends; /* window columns: the first that has a value counts */
    uint32_t n_starts, n_ends;
    weir_dtf *timestamp_format;
    weir_row_errors *errors;
    int64_t stream_time;  /* of what was written: the time of tombstones with a timestamp column */
    int64_t sent;         /* rows to the client */
} op_sink;

#define VALUES_BYTES_MAX ((size_t)1 << 31)

static void find_columns(op_sink *s)
{
    const weir_schema *schema = s->op.node->schema;
    weir_arena *a = weir_task_arena(s->op.task);
    s->value_cols = WEIR_NEW_N(a, uint16_t, schema->n);
    s->starts = WEIR_NEW_N(a, uint16_t, schema->n);
    s->windows_ends = WEIR_NEW_N(a, uint16_t, schema->n);
    for (uint32_t i = 0; i < schema->n; i++) {
        if (schema->cols[i].role == WEIR_COL_VALUE) {
            s->value_cols[s->n_values++] = (uint16_t)i;
        } else if (schema->cols[i].role == WEIR_COL_WINDOWSTART) {
            s->starts[s->n_starts++] = (uint16_t)i;
        } else if (schema->cols[i].role == WEIR_COL_WINDOWEND) {
            s->windows_ends[s->n_ends++] = (uint16_t)i;
        }
    }
    s->vecs = WEIR_NEW_N(a, weir_vec, s->n_values);
}

static weir_rc open_values(op_sink *s, weir_status *st)
{
    const weir_schema *schema = s->op.node->schema;
    const weir_source *to = s->op.node->sink.sink;
    weir_arena *a = weir_task_arena(s->op.task);
    if (s->n_values == 0) {
        return WEIR_OK;
    }
    s->value_format = weir_task_formats(s->op.task)->by_kind[to->value_format.kind];
    if (!s->value_format) {
        return weir_fail(st, WEIR_ENOTIMPL, "format %s is not available in this build",
                         weir_format_name(to->value_format.kind));
    }
    weir_column *cols = WEIR_NEW_N(a, weir_column, s->n_values);
    for (uint32_t i = 0; i < s->n_values; i++) {
        cols[i] = schema->cols[s->value_cols[i]];
    }
    weir_codec_spec spec = {
        .format = &to->value_format, .n = s->n_values, .cols = cols, .topic = to->topic,
        .registry = weir_task_formats(s->op.task)->registry};
    return s->value_format->encoder_new(a, &spec, &s->value_encoder, st);
}

static weir_rc sink_open(weir_op *op, weir_status *st)
{
    op_sink *s = (op_sink *)op;
    const weir_source *to = op->node->sink.sink;
    s->stream_time = -1;
    if (!to) {
        return WEIR_OK;
    }
    find_columns(s);
    weir_buf_init(&s->values, VALUES_BYTES_MAX);
    weir_buf_init(&s->key, WEIR_RECORD_BYTES_MAX);
    s->errors = weir_op_errors(op, WEIR_SV("TIMESTAMP"));
    if (to->timestamp_format.n) {
        WEIR_TRY(weir_dtf_compile(weir_task_arena(op->task), to->timestamp_format,
                                  WEIR_LOCALE_ROOT, &s->timestamp_format, st));
    }
    WEIR_TRY(weir__wire_keys_init(&s->keys, op->task, &to->key_format, op->node, to->topic, st));
    return open_values(s, st);
}

static void sink_close(weir_op *op)
{
    op_sink *s = (op_sink *)op;
    weir__wire_keys_deinit(&s->keys);
    if (s->value_format && s->value_format->close && s->value_encoder) {
        s->value_format->close(s->value_encoder);
    }
    weir_buf_deinit(&s->values);
    weir_buf_deinit(&s->key);
}

static void to_client(op_sink *s, const weir_batch *b)
{
    weir_batch view = *b;
    int64_t limit = s->op.node->sink.limit;
    if (limit >= 0 && b->nsel > limit - s->sent) {
        view.sel = weir__rows(b);
        view.nsel = (uint16_t)(limit - s->sent);
        view.old = NULL;
    }
    s->sent += view.nsel;
    if (view.nsel) {
        weir_task_client_rows(s->op.task, &view);
    }
}

/* ---- record times ---- */

/* False: there is none, the row is skipped. */
static bool timestamp_of(op_sink *s, const weir_batch *b, uint32_t row, int64_t *out)
{
    const weir_vec *v = &b->cols[s->op.node->sink.timestamp_column];
    if (weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE) {
        *out = s->stream_time;
        return s->stream_time >= 0;
    }
    if (!weir_vec_is_valid(v, row)) {
        return false;
    }
    if (v->type->kind != WEIR_T_STRING) {
        *out = WEIR_AT(int64_t, v, row);
    } else if (weir_dtf_parse_timestamp(s->timestamp_format, WEIR_AT(weir_sv, v, row), NULL, NULL,
                                        out, NULL) != WEIR_OK) {
        return false;
    }
    return *out >= 0;
}

/* Rows to write, with their times. */
static uint32_t stamp_rows(op_sink *s, const weir_batch *b, uint16_t *rows, int64_t *times)
{
    uint32_t n = 0;
    bool column = s->op.node->sink.timestamp_column >= 0;
    WEIR_EACH_ROW(b, i, row)
    {
        times[n] = b->rowtime[row];
        s->stream_time = weir_max64(s->stream_time, b->rowtime[row]);
        if (column && !timestamp_of(s, b, row, &times[n])) {
            s->errors->count++;
            s->errors->report(s->errors->ctx, WEIR_SV("TIMESTAMP"),
                              WEIR_SV("the row has no valid timestamp and is not written"), b, row);
            continue;
        }
        rows[n++] = (uint16_t)row;
    }
    return n;
}

/* ---- encoding ---- */

/* Encodes the values of rows[0..n) into `to`; rows without one are left out, in order. */
static void encode_values(op_sink *s, const weir_batch *b, const uint16_t *rows, uint32_t n,
                          weir_buf *to)
{
    memset(s->null, 0, sizeof s->null);
    for (uint32_t i = 0; i < s->n_values; i++) {
        s->vecs[i] = b->cols[s->value_cols[i]];
    }
    if (!b->flags) {
        s->value_format->encode(s->value_encoder, s->vecs, rows, n, to, s->ends, s->null);
        return;
    }
    uint16_t some[WEIR_BATCH_ROWS];
    uint32_t ends[WEIR_BATCH_ROWS];
    uint64_t null[WEIR_BITS_WORDS] = {0};
    uint32_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!(b->flags[rows[i]] & WEIR_ROW_NULL_VALUE)) {
            some[m++] = rows[i];
        }
    }
    uint32_t end = (uint32_t)to->n;
    if (m) {
        s->value_format->encode(s->value_encoder, s->vecs, some, m, to, ends, null);
    }
    m = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool none = (b->flags[rows[i]] & WEIR_ROW_NULL_VALUE) != 0;
        end = none ? end : ends[m];
        weir_bit_put(s->null, i, none || weir_bit(null, m));
        m += !none;
        s->ends[i] = end;
    }
}

static const weir_vec *bound_of(const weir_batch *b, const uint16_t *cols, uint32_t n, uint32_t row)
{
    for (uint32_t i = 0; i < n; i++) {
        if (weir_vec_is_valid(&b->cols[cols[i]], row)) {
            return &b->cols[cols[i]];
        }
    }
    return NULL;
}

/* Appends the window to the key: start of a time window; end, then start of a session. */
static weir_sv windowed_key(op_sink *s, const weir_batch *b, uint32_t row, weir_sv key)
{
    const weir_vec *start = bound_of(b, s->starts, s->n_starts, row);
    const weir_vec *end = bound_of(b, s->windows_ends, s->n_ends, row);
    weir_buf_reset(&s->key);
    weir_buf_sv(&s->key, key);
    if (s->op.node->window.kind == WEIR_WINDOW_SESSION) {
        weir_buf_be64(&s->key, end ? (uint64_t)WEIR_AT(int64_t, end, row) : 0);
    }
    weir_buf_be64(&s->key, start ? (uint64_t)WEIR_AT(int64_t, start, row) : 0);
    return weir_buf_view(&s->key);
}

static const char *refusal(const weir_format *f, const void *encoder)
{
    return f && f->refused ? f->refused(encoder) : NULL;
}

/* What was encoded cannot become records: the query stops. */
static bool unwritable(op_sink *s, const weir_buf *buf)
{
    const char *why = refusal(s->value_format, s->value_encoder);
    why = why ? why : refusal(s->keys.format, s->keys.encoder);
    if (why) {
        weir_task_fail(s->op.task, "%s", why);
        return true;
    }
    if (buf->over) {
        weir_task_fail(s->op.task, "the records of one batch take more than %zu bytes",
                       VALUES_BYTES_MAX);
    }
    return buf->over;
}

/* Behind the keys and values of the batch. */
static void write_headers(op_sink *s, weir_chunk_builder *to, weir_rec *rec)
{
    weir_sv headers = weir_task_headers(s->op.task, rec->seq);
    rec->headers_at = (uint32_t)to->bytes.n;
    rec->headers_n = headers.n;
    weir_buf_sv(&to->bytes, headers);
}

/* One partition, no windows: bytes go straight into the chunk. */
static void write_direct(op_sink *s, const weir_batch *b, const uint16_t *rows, uint32_t n,
                         const int64_t *times)
{
    weir_chunk_builder *to = weir_task_output(s->op.task, 0);
    memset(s->keys.null, 0, sizeof s->keys.null);
    uint32_t key_at = (uint32_t)to->bytes.n;
    bool keyed = s->keys.format != NULL;
    if (keyed) {
        s->keys.format->encode(s->keys.encoder, b->cols, rows, n, &to->bytes, s->keys.ends,
                               s->keys.null);
    }
    uint32_t value_at = (uint32_t)to->bytes.n;
    if (s->value_format) {
        encode_values(s, b, rows, n, &to->bytes);
    }
    if (unwritable(s, &to->bytes)) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint8_t flags = weir_batch_flags(b, rows[i]);
        weir_rec *rec = weir_chunk_builder_rec(to);
        bool no_key = !keyed || (flags & WEIR_ROW_NULL_KEY) || weir_bit(s->keys.null, i);
        bool no_value = (flags & WEIR_ROW_NULL_VALUE) ||
                        (s->value_format && weir_bit(s->null, i));
        rec->key_at = key_at;
        rec->key_n = no_key ? WEIR_NULL_BYTES : s->keys.ends[i] - key_at;
        rec->value_at = value_at;
        rec->value_n = no_value ? WEIR_NULL_BYTES : s->value_format ? s->ends[i] - value_at : 0;
        rec->timestamp = times[i];
        rec->seq = b->seq ? b->seq[rows[i]] : 0;
        if (weir_task_has_headers(s->op.task)) {
            write_headers(s, to, rec);
        }
        key_at = keyed ? s->keys.ends[i] : key_at;
        value_at = s->value_format ? s->ends[i] : value_at;
    }
}

static void write_copied(op_sink *s, const weir_batch *b, const uint16_t *rows, uint32_t n,
                         const int64_t *times)
{
    weir_sv keys[WEIR_BATCH_ROWS];
    weir__wire_keys_of(&s->keys, b->cols, rows, n, keys);
    weir_buf_reset(&s->values);
    if (s->value_format) {
        encode_values(s, b, rows, n, &s->values);
    }
    if (unwritable(s, &s->values) || unwritable(s, &s->keys.buf)) {
        return;
    }
    uint32_t partitions = (uint32_t)weir_task_output_partitions(s->op.task);
    bool windowed = s->op.node->window.kind != WEIR_WINDOW_NONE;
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t flags = weir_batch_flags(b, rows[i]);
        weir_sv key = flags & WEIR_ROW_NULL_KEY ? WEIR__NO_KEY : keys[i];
        weir_sv value = {s->values.p + at, s->value_format ? s->ends[i] - at : 0};
        at += value.n;
        if ((flags & WEIR_ROW_NULL_VALUE) || (s->value_format && weir_bit(s->null, i))) {
            value = (weir_sv){NULL, WEIR_NULL_BYTES};
        }
        bool null = key.n == WEIR_NULL_BYTES;
        uint32_t partition = null || partitions == 1 ? 0 : weir_partition_of(key, partitions);
        if (windowed && !null) {
            key = windowed_key(s, b, rows[i], key);
        }
        weir_chunk_builder *to = weir_task_output(s->op.task, (int32_t)partition);
        int64_t seq = b->seq ? b->seq[rows[i]] : 0;
        weir_chunk_builder_add(to, key, value, weir_task_headers(s->op.task, seq), times[i], seq);
        if (unwritable(s, &to->bytes)) {
            return;
        }
    }
}

static void sink_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)port;
    op_sink *s = (op_sink *)op;
    if (!op->node->sink.sink) {
        to_client(s, b);
        return;
    }
    uint16_t rows[WEIR_BATCH_ROWS];
    int64_t times[WEIR_BATCH_ROWS];
    uint32_t n = stamp_rows(s, b, rows, times);
    op->rows_out += n;
    if (weir_task_output_partitions(op->task) == 1 && op->node->window.kind == WEIR_WINDOW_NONE) {
        write_direct(s, b, rows, n, times);
    } else {
        write_copied(s, b, rows, n, times);
    }
}

/* ---- state: only the time of tombstones ---- */

#define TAG_CLOCK 'T'

static void sink_save(weir_op *op, weir_store_batch *batch)
{
    op_sink *s = (op_sink *)op;
    if (op->node->sink.timestamp_column < 0) {
        return;
    }
    weir__saver saver;
    weir__saver_init(&saver, op, batch);
    weir_buf_be64(&saver.value, (uint64_t)s->stream_time);
    weir__saver_put(&saver, TAG_CLOCK, NULL, (weir_sv){NULL, 0}, weir_buf_view(&saver.value));
    weir__saver_deinit(&saver);
}

static weir_rc sink_load(weir_op *op, weir_sv key, weir_sv value, weir_status *st)
{
    weir_reader r = weir_reader_of(value);
    char tag = 0;
    ((op_sink *)op)->stream_time = (int64_t)weir_read_be64(&r);
    return weir__load_tag(&key, &tag) && tag == TAG_CLOCK && !r.bad ? WEIR_OK
                                                                    : weir__load_bad(op, st);
}

const weir_op_kind weir__op_sink = {
    .name = "sink",
    .size = sizeof(op_sink),
    .open = sink_open,
    .push = sink_push,
    .save = sink_save,
    .load = sink_load,
    .close = sink_close,
};
