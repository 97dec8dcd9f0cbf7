/* Scans: records of one topic partition become decoded batches.
 *
 * A batch may span several chunks; they stay referenced until it is released, because strings point
 * into them. Every declared column is checked by the decoder, also those no query reads, so that a
 * record is skipped exactly when ksqlDB would skip it. A skipped record is reported with its offset
 * and never with its data. */
#include "engine/data/datetime.h"
#include "engine/run/task.h"

#define WINDOW_BYTES_TIME 8     /* key ‖ start */
#define WINDOW_BYTES_SESSION 16 /* key ‖ end ‖ start */

static const weir_source *source_of(const weir_scan *s)
{
    return s->node->scan.source;
}

/* Output vector of source column `col`, or -1. */
static int32_t output_of(const weir_scan *s, uint32_t col)
{
    for (uint32_t i = 0; i < s->node->schema->n; i++) {
        if (s->node->scan.read[i] == (int32_t)col) {
            return (int32_t)i;
        }
    }
    return -1;
}

static weir_rc open_side(weir_scan *s, bool key, weir_status *st)
{
    const weir_source *src = source_of(s);
    const weir_schema *schema = src->schema;
    weir_arena *a = &s->task->arena;
    weir_column *cols = WEIR_NEW_N(a, weir_column, schema->n);
    int32_t *out = WEIR_NEW_N(a, int32_t, schema->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < schema->n; i++) {
        if (schema->cols[i].role != (key ? WEIR_COL_KEY : WEIR_COL_VALUE)) {
            continue;
        }
        cols[n] = schema->cols[i];
        out[n] = output_of(s, i);
        if (src->timestamp_column.n && weir_sv_eq(cols[n].name, src->timestamp_column)) {
            if (out[n] < 0) {
                out[n] = s->node->schema->n; /* an extra vector behind the schema's */
            }
            s->timestamp_col = out[n];
        }
        n++;
    }
    const weir_format_spec *spec = key ? &src->key_format : &src->value_format;
    const weir_format *format = weir_task_formats(s->task)->by_kind[spec->kind];
    if (!format) {
        return weir_fail(st, WEIR_ENOTIMPL, "format %s is not available in this build",
                         weir_format_name(spec->kind));
    }
    if (n == 0) {
        return WEIR_OK;
    }
    weir_codec_spec codec = {
        .format = spec, .is_key = key, .n = n, .cols = cols, .out = out, .topic = src->topic,
        .registry = weir_task_formats(s->task)->registry};
    *(key ? &s->key_format : &s->value_format) = format;
    return format->decoder_new(a, &codec, key ? &s->key_decoder : &s->value_decoder, st);
}

weir_rc weir_scan_open(weir_scan *s, weir_status *st)
{
    const weir_source *src = source_of(s);
    weir_arena_init(&s->arena);
    s->timestamp_col = -1;
    WEIR_TRY(open_side(s, true, st));
    WEIR_TRY(open_side(s, false, st));
    if (src->timestamp_format.n) {
        WEIR_TRY(weir_dtf_compile(&s->task->arena, src->timestamp_format, WEIR_LOCALE_ROOT,
                                  &s->timestamp_format, st));
    }
    return WEIR_OK;
}

void weir_scan_release(weir_scan *s)
{
    for (size_t i = 0; i < s->n_chunks; i++) {
        weir_chunk_unref(s->chunks[i]);
    }
    s->n_chunks = 0;
    s->batch = NULL;
    weir_arena_reset(&s->arena);
}

void weir_scan_close(weir_scan *s)
{
    weir_scan_release(s);
    if (s->key_format && s->key_format->close && s->key_decoder) {
        s->key_format->close(s->key_decoder);
    }
    if (s->value_format && s->value_format->close && s->value_decoder) {
        s->value_format->close(s->value_decoder);
    }
    weir_free(s->chunks);
    weir_arena_deinit(&s->arena);
}

/* The rows of one fill, before and while they are decoded. */
typedef struct rows {
    uint32_t n;
    weir_sv *values;
    weir_sv *keys;    /* NULL: nobody asks for them */
    weir_sv *headers; /* NULL: no record has any */
    bool odd;         /* among them is a null key or value, or a negative time */
    weir_bad_rows bad;
} rows;

static void report_bad(void *ctx, uint32_t row, weir_sv reason)
{
    weir_scan *s = ctx;
    weir_task_problem(s->task, true, s->offsets[row], source_of(s)->topic, reason);
}

static void drop_row(weir_scan *s, rows *r, uint32_t row, const char *reason)
{
    if (weir_bit(r->bad.bits, row)) {
        return;
    }
    weir_bit_set(r->bad.bits, row);
    r->bad.n++;
    if (reason) {
        report_bad(s, row, weir_sv_cstr(reason));
    }
}

/* Takes n records of a chunk over, one kind of thing after the other. */
static void take_records(weir_scan *s, weir_batch *b, rows *r, const weir_chunk *c,
                         uint32_t from, uint32_t n)
{
    const weir_rec *recs = c->recs + from;
    uint32_t at = r->n;
    bool headers = false;
    bool odd = false;
    for (uint32_t i = 0; i < n; i++) {
        const weir_rec *rec = &recs[i];
        r->values[at + i] = (weir_sv){c->bytes + rec->value_at, rec->value_n};
        b->rowtime[at + i] = rec->timestamp;
        s->offsets[at + i] = weir_chunk_offset(c, from + i);
        headers |= rec->headers_n > 0;
        odd |= (rec->value_n == WEIR_NULL_BYTES) | (rec->timestamp < 0);
    }
    for (uint32_t i = 0; r->keys && i < n; i++) {
        r->keys[at + i] = (weir_sv){c->bytes + recs[i].key_at, recs[i].key_n};
        odd |= recs[i].key_n == WEIR_NULL_BYTES;
    }
    for (uint32_t i = 0; b->seq && i < n; i++) {
        b->seq[at + i] = recs[i].seq;
    }
    if (headers && !r->headers) {
        r->headers = weir_arena_zalloc(&s->arena, sizeof *r->headers * WEIR_BATCH_ROWS);
    }
    for (uint32_t i = 0; headers && i < n; i++) {
        r->headers[at + i] = (weir_sv){c->bytes + recs[i].headers_at, recs[i].headers_n};
    }
    r->odd |= odd;
    r->n += n;
    s->next = weir_chunk_offset(c, from + n - 1) + 1;
}

/* Collects records from as many chunks as it takes. */
static void collect(weir_scan *s, weir_batch *b, rows *r, uint32_t want)
{
    while (r->n < want) {
        weir_chunk *c = NULL;
        weir_status st;
        weir_status_reset(&st);
        if (weir_topic_read(s->topic, s->partition, s->next, &c, &st) != WEIR_OK) {
            weir_task_fail(s->task, "%s", st.msg);
            return;
        }
        if (!c) { /* what lies up to here is no records (markers of transactions) */
            s->next = weir_max64(s->next, weir_topic_readable(s->topic, s->partition, s->next));
            return;
        }
        WEIR_GROW(s->chunks, s->cap_chunks, s->n_chunks + 1);
        s->chunks[s->n_chunks++] = c;
        uint32_t first = weir_chunk_seek(c, s->next);
        WEIR_ASSERT(first < c->n);
        uint32_t n = c->n - first < want - r->n ? c->n - first : want - r->n;
        take_records(s, b, r, c, first, n);
    }
}

weir_rc weir_scan_peek(const weir_scan *s, uint32_t most, int64_t until, uint32_t *n, int64_t *newest,
                       weir_status *st)
{
    int64_t at = s->next;
    *n = 0;
    *newest = INT64_MIN;
    while (*n < most && at < weir_topic_readable(s->topic, s->partition, at)) {
        weir_chunk *c = NULL;
        WEIR_TRY(weir_topic_read(s->topic, s->partition, at, &c, st));
        if (!c) {
            return WEIR_OK;
        }
        uint32_t i = weir_chunk_seek(c, at);
        for (; i < c->n && *n < most && c->recs[i].timestamp <= until; i++) {
            *newest = weir_max64(*newest, c->recs[i].timestamp);
            ++*n;
        }
        at = weir_chunk_end(c);
        bool ended = i < c->n;
        weir_chunk_unref(c);
        if (ended) {
            return WEIR_OK;
        }
    }
    return WEIR_OK;
}

static int64_t read_be64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return (int64_t)__builtin_bswap64(v);
}

/* Windowed keys: takes the bounds off the end of the key bytes. */
static void strip_windows(weir_scan *s, weir_batch *b, rows *r)
{
    const weir_source *src = source_of(s);
    bool session = src->window.kind == WEIR_WINDOW_SESSION;
    uint32_t suffix = session ? WINDOW_BYTES_SESSION : WINDOW_BYTES_TIME;
    weir_vec *start = NULL;
    weir_vec *end = NULL;
    for (uint32_t i = 0; i < b->schema->n; i++) {
        if (b->schema->cols[i].role == WEIR_COL_WINDOWSTART) {
            start = &b->cols[i];
        } else if (b->schema->cols[i].role == WEIR_COL_WINDOWEND) {
            end = &b->cols[i];
        }
    }
    for (uint32_t i = 0; i < r->n; i++) {
        weir_sv *key = &r->keys[i];
        if (key->n == WEIR_NULL_BYTES) {
            drop_row(s, r, i, "null key in a windowed topic");
            continue;
        }
        if (key->n < suffix) {
            drop_row(s, r, i, "key is too short to hold its window");
            continue;
        }
        key->n -= suffix;
        const char *p = key->p + key->n;
        int64_t from = read_be64(session ? p + 8 : p);
        /* A time window without a declared size is known by its start only. */
        int64_t to = session                                  ? read_be64(p)
                     : src->window.size_ms > INT64_MAX - from ? INT64_MAX
                                                              : from + src->window.size_ms;
        if (start) {
            ((int64_t *)start->data)[i] = from;
        }
        if (end) {
            ((int64_t *)end->data)[i] = to;
        }
    }
}

/* WITH (TIMESTAMP=…): row time from a column. */
static void extract_timestamps(weir_scan *s, weir_batch *b, rows *r)
{
    const weir_vec *v = &b->cols[s->timestamp_col];
    for (uint32_t i = 0; i < r->n; i++) {
        if (weir_bit(r->bad.bits, i)) {
            continue;
        }
        int64_t ms = -1;
        const char *why = "timestamp column is NULL";
        if (weir_vec_is_valid(v, i)) {
            why = "timestamp column is negative";
            if (v->type->kind != WEIR_T_STRING) {
                ms = WEIR_AT(int64_t, v, i);
            } else if (weir_dtf_parse_timestamp(s->timestamp_format, WEIR_AT(weir_sv, v, i), NULL,
                                                s->task->zones, &ms, NULL) != WEIR_OK) {
                why = "timestamp column cannot be parsed with TIMESTAMP_FORMAT";
                ms = -1;
            }
        }
        if (ms >= 0) {
            b->rowtime[i] = ms;
            continue;
        }
        if (weir_task_settings(s->task)->timestamp_throw_on_invalid) {
            weir_task_fail(s->task, "topic " WEIR_SV_FMT ", partition %d, offset %lld: %s",
                           WEIR_SV_ARG(source_of(s)->topic), s->partition, (long long)s->offsets[i],
                           why);
        }
        drop_row(s, r, i, why);
    }
}

static weir_value header_struct(weir_arena *a, const weir_header *h)
{
    weir_value *f = WEIR_NEW_N(a, weir_value, 2);
    f[0] = weir_string(h->name);
    f[1] = h->null ? weir_null(WEIR_T_BYTES) : weir_string(h->value);
    f[1].kind = WEIR_T_BYTES;
    weir_value v = {.kind = WEIR_T_STRUCT, .n = 2};
    v.items = f;
    return v;
}

static void fill_headers(weir_batch *b, rows *r, uint32_t col)
{
    const weir_column *c = &b->schema->cols[col];
    weir_arena *a = b->arena;
    for (uint32_t i = 0; i < r->n; i++) {
        weir_reader in = weir_reader_of(r->headers ? r->headers[i] : WEIR_SV(""));
        weir_value found = weir_null(c->type->kind);
        weir_value *items = NULL;
        uint32_t n = 0;
        uint32_t cap = 0;
        weir_header h;
        while (weir_headers_next(&in, &h)) {
            if (c->role == WEIR_COL_HEADERS) {
                WEIR_PUSH(a, items, n, cap, header_struct(a, &h));
            } else if (weir_sv_eq(h.name, c->header)) {
                found = h.null ? weir_null(WEIR_T_BYTES) : weir_string(h.value);
                found.kind = WEIR_T_BYTES; /* the last one wins */
            }
        }
        if (c->role == WEIR_COL_HEADERS) {
            found = weir_array(items, n);
        }
        weir_vec_put(&b->cols[col], a, i, &found);
    }
}

static void fill_pseudo(weir_scan *s, weir_batch *b, rows *r)
{
    for (uint32_t i = 0; i < b->schema->n; i++) {
        weir_vec *v = &b->cols[i];
        switch (b->schema->cols[i].role) {
        case WEIR_COL_ROWTIME:
            v->data = b->rowtime;
            break;
        case WEIR_COL_ROWPARTITION:
            for (uint32_t k = 0; k < r->n; k++) {
                ((int32_t *)v->data)[k] = s->partition;
            }
            break;
        case WEIR_COL_ROWOFFSET:
            v->data = s->offsets;
            break;
        case WEIR_COL_HEADERS:
        case WEIR_COL_HEADER:
            fill_headers(b, r, i);
            break;
        case WEIR_COL_KEY:
        case WEIR_COL_VALUE:
        case WEIR_COL_WINDOWSTART: /* strip_windows */
        case WEIR_COL_WINDOWEND:
            break;
        }
    }
}

static void set_flags(weir_scan *s, weir_batch *b, rows *r)
{
    bool keyed = source_of(s)->schema->n_keys > 0;
    bool table = source_of(s)->table;
    if (!r->odd) {
        return;
    }
    for (uint32_t i = 0; i < r->n; i++) {
        uint8_t f = r->values[i].n == WEIR_NULL_BYTES ? WEIR_ROW_NULL_VALUE : 0;
        if (keyed && r->keys[i].n == WEIR_NULL_BYTES) {
            f |= WEIR_ROW_NULL_KEY;
            if (table) {
                drop_row(s, r, i, NULL); /* a table ignores records without a key */
            }
        }
        if (f) {
            weir_batch_need_flags(b)[i] = f;
        }
        if (b->rowtime[i] < 0) {
            drop_row(s, r, i, "record timestamp is negative");
        }
    }
}

/* Headers travel with what a record causes. They are found by seq, so a batch that has some gets
 * one, if only for itself. */
static void keep_headers(weir_scan *s, weir_batch *b, rows *r)
{
    if (!r->headers) {
        return;
    }
    b->headers = r->headers;
    if (!b->seq) {
        b->seq = weir_arena_alloc(&s->arena, sizeof *b->seq * WEIR_BATCH_ROWS);
        for (uint32_t i = 0; i < r->n; i++) {
            b->seq[i] = i;
        }
    }
}

static void select_good(weir_batch *b, const rows *r)
{
    b->rows = (uint16_t)r->n;
    b->nsel = (uint16_t)r->n;
    if (r->bad.n == 0) {
        return;
    }
    uint16_t *sel = weir_arena_alloc(b->arena, sizeof *sel * WEIR_BATCH_ROWS);
    uint16_t n = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        if (!weir_bit(r->bad.bits, i)) {
            sel[n++] = (uint16_t)i;
        }
    }
    b->sel = sel;
    b->nsel = n;
}

/* A batch with one vector more than the schema has, for a timestamp column that nobody reads. */
static weir_batch *new_batch(weir_scan *s)
{
    weir_arena *a = &s->arena;
    const weir_schema *schema = s->node->schema;
    weir_batch *b = weir_batch_new(a, schema);
    if (s->timestamp_col >= (int32_t)schema->n) {
        weir_vec *cols = WEIR_NEW_N(a, weir_vec, schema->n + 1);
        memcpy(cols, b->cols, sizeof *cols * schema->n);
        const weir_source *src = source_of(s);
        int32_t at = weir_schema_find(src->schema, src->timestamp_column);
        weir_vec_init(&cols[schema->n], a, src->schema->cols[at].type);
        b->cols = cols;
    }
    if (s->task->engine->config.order == WEIR_ORDER_SEQ) {
        b->seq = weir_arena_alloc(a, sizeof *b->seq * WEIR_BATCH_ROWS);
    }
    return b;
}

bool weir_scan_fill(weir_scan *s, uint32_t want)
{
    weir_scan_release(s);
    if (s->held || s->next >= weir_topic_readable(s->topic, s->partition, s->next)) {
        return false;
    }
    weir_arena *a = &s->arena;
    weir_batch *b = new_batch(s);
    s->offsets = weir_arena_alloc(a, sizeof *s->offsets * WEIR_BATCH_ROWS);
    rows r = {
        .values = weir_arena_alloc(a, sizeof(weir_sv) * WEIR_BATCH_ROWS),
        .bad = {.report = report_bad, .ctx = s},
    };
    if (source_of(s)->schema->n_keys > 0 || source_of(s)->window.kind != WEIR_WINDOW_NONE) {
        r.keys = weir_arena_alloc(a, sizeof(weir_sv) * WEIR_BATCH_ROWS);
    }
    collect(s, b, &r, want < WEIR_BATCH_ROWS ? want : WEIR_BATCH_ROWS);
    if (r.n == 0) {
        weir_scan_release(s);
        return false;
    }
    if (source_of(s)->window.kind != WEIR_WINDOW_NONE) {
        strip_windows(s, b, &r);
    }
    if (s->key_decoder) {
        s->key_format->decode(s->key_decoder, r.keys, 0, r.n, b->cols, a, &r.bad);
    }
    if (s->value_decoder) {
        s->value_format->decode(s->value_decoder, r.values, 0, r.n, b->cols, a, &r.bad);
    }
    if (s->timestamp_col >= 0) {
        extract_timestamps(s, b, &r);
    }
    fill_pseudo(s, b, &r);
    set_flags(s, b, &r);
    keep_headers(s, b, &r);
    select_good(b, &r);
    s->read += r.n;
    s->bad += r.bad.n;
    s->batch = b;
    return true;
}
