/* See decoder.h. A batch may span several chunks; they stay referenced until it is reset. */
#include "engine/run/decoder.h"

#include <stdio.h>

#define WINDOW_BYTES_TIME 8     /* key ‖ start */
#define WINDOW_BYTES_SESSION 16 /* key ‖ end ‖ start */

struct weir_decoder {
    weir_decoder_spec spec;
    weir_arena arena;
    void *key_decoder, *value_decoder; /* NULL: nothing to decode */
    const weir_format *key_format, *value_format;
    int32_t timestamp_col; /* vector that gives the row time; -1: the record's own */
    weir_dtf *timestamp_format;
    weir_decoded *out;     /* being filled */
};

/* Output vector of source column `col`, or -1. */
static int32_t output_of(const weir_decoder *d, uint32_t col)
{
    for (uint32_t i = 0; i < d->spec.schema->n; i++) {
        if (d->spec.read[i] == (int32_t)col) {
            return (int32_t)i;
        }
    }
    return -1;
}

static weir_rc open_side(weir_decoder *d, bool key, weir_status *st)
{
    const weir_source *src = d->spec.source;
    const weir_schema *schema = src->schema;
    weir_column *cols = WEIR_NEW_N(&d->arena, weir_column, schema->n);
    int32_t *out = WEIR_NEW_N(&d->arena, int32_t, schema->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < schema->n; i++) {
        if (schema->cols[i].role != (key ? WEIR_COL_KEY : WEIR_COL_VALUE)) {
            continue;
        }
        cols[n] = schema->cols[i];
        out[n] = output_of(d, i);
        if (src->timestamp_column.n && weir_sv_eq(cols[n].name, src->timestamp_column)) {
            if (out[n] < 0) {
                out[n] = d->spec.schema->n; /* an extra vector behind the schema's */
            }
            d->timestamp_col = out[n];
        }
        n++;
    }
    const weir_format_spec *spec = key ? &src->key_format : &src->value_format;
    const weir_format *format = d->spec.formats->by_kind[spec->kind];
    if (!format) {
        return weir_fail(st, WEIR_ENOTIMPL, "format %s is not available in this build",
                         weir_format_name(spec->kind));
    }
    if (n == 0) {
        return WEIR_OK;
    }
    weir_codec_spec codec = {
        .format = spec, .is_key = key, .n = n, .cols = cols, .out = out, .topic = src->topic,
        .registry = d->spec.formats->registry};
    *(key ? &d->key_format : &d->value_format) = format;
    return format->decoder_new(&d->arena, &codec, key ? &d->key_decoder : &d->value_decoder, st);
}

weir_rc weir_decoder_new(const weir_decoder_spec *spec, weir_decoder **out, weir_status *st)
{
    weir_decoder *d = weir_zalloc(sizeof *d);
    *out = d; /* also a failed one is freed by its owner */
    d->spec = *spec;
    weir_arena_init(&d->arena);
    d->timestamp_col = -1;
    WEIR_TRY(open_side(d, true, st));
    WEIR_TRY(open_side(d, false, st));
    if (spec->source->timestamp_format.n) {
        WEIR_TRY(weir_dtf_compile(&d->arena, spec->source->timestamp_format, WEIR_LOCALE_ROOT,
                                  &d->timestamp_format, st));
    }
    return WEIR_OK;
}

void weir_decoder_free(weir_decoder *d)
{
    if (!d) {
        return;
    }
    if (d->key_format && d->key_format->close && d->key_decoder) {
        d->key_format->close(d->key_decoder);
    }
    if (d->value_format && d->value_format->close && d->value_decoder) {
        d->value_format->close(d->value_decoder);
    }
    weir_arena_deinit(&d->arena);
    weir_free(d);
}

void weir_decoded_init(weir_decoded *d)
{
    *d = (weir_decoded){0};
    weir_arena_init(&d->arena);
}

void weir_decoded_reset(weir_decoded *d)
{
    for (size_t i = 0; i < d->n_chunks; i++) {
        weir_chunk_unref(d->chunks[i]);
    }
    d->n_chunks = 0;
    d->batch = NULL;
    d->bad = NULL;
    d->n_bad = d->cap_bad = 0;
    d->error[0] = 0;
    weir_arena_reset(&d->arena);
}

void weir_decoded_deinit(weir_decoded *d)
{
    weir_decoded_reset(d);
    weir_free(d->chunks);
    weir_arena_deinit(&d->arena);
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

static void note_bad(void *ctx, uint32_t row, weir_sv reason)
{
    weir_decoded *d = ((weir_decoder *)ctx)->out;
    weir_bad_record bad = {row, weir_arena_sv(&d->arena, reason)};
    WEIR_PUSH(&d->arena, d->bad, d->n_bad, d->cap_bad, bad);
}

static void drop_row(weir_decoder *d, rows *r, uint32_t row, const char *reason)
{
    if (weir_bit(r->bad.bits, row)) {
        return;
    }
    weir_bit_set(r->bad.bits, row);
    r->bad.n++;
    if (reason) {
        note_bad(d, row, weir_sv_cstr(reason));
    }
}

/* What was in a topic when the process began has no ordinal, because none is stored. Its time stands in
 * for one: before all that is new, among several topics as the times say, ascending in a batch. */
static int64_t ordinal(const weir_rec *rec, int64_t before)
{
    const int64_t most = INT64_MAX / 4;
    int64_t time = weir_min64(weir_max64(rec->timestamp, 0), most);
    return rec->seq ? rec->seq : weir_max64(time - 2 * most, before + 1);
}

/* Takes n records of a chunk over, one kind of thing after the other. */
static void take_records(weir_decoder *d, weir_batch *b, rows *r, const weir_chunk *c,
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
        d->out->offsets[at + i] = weir_chunk_offset(c, from + i);
        headers |= rec->headers_n > 0;
        odd |= (rec->value_n == WEIR_NULL_BYTES) | (rec->timestamp < 0);
    }
    for (uint32_t i = 0; r->keys && i < n; i++) {
        r->keys[at + i] = (weir_sv){c->bytes + recs[i].key_at, recs[i].key_n};
        odd |= recs[i].key_n == WEIR_NULL_BYTES;
    }
    for (uint32_t i = 0; b->seq && i < n; i++) {
        b->seq[at + i] = ordinal(&recs[i], at + i ? b->seq[at + i - 1] : INT64_MIN);
    }
    if (headers && !r->headers) {
        r->headers = weir_arena_zalloc(&d->out->arena, sizeof *r->headers * WEIR_BATCH_ROWS);
    }
    for (uint32_t i = 0; headers && i < n; i++) {
        r->headers[at + i] = (weir_sv){c->bytes + recs[i].headers_at, recs[i].headers_n};
    }
    r->odd |= odd;
    r->n += n;
    d->out->next = weir_chunk_offset(c, from + n - 1) + 1;
}

/* Collects records from as many chunks as it takes. */
static void collect(weir_decoder *d, weir_batch *b, rows *r, uint32_t want)
{
    weir_decoded *out = d->out;
    weir_topic *topic = d->spec.topic;
    int32_t p = d->spec.partition;
    while (r->n < want) {
        weir_chunk *c = NULL;
        weir_status st;
        weir_status_reset(&st);
        if (weir_topic_read(topic, p, out->next, &c, &st) != WEIR_OK) {
            snprintf(out->error, sizeof out->error, "%.*s", (int)sizeof out->error - 1, st.msg);
            return;
        }
        if (!c) { /* what lies up to here is no records (markers of transactions) */
            out->next = weir_max64(out->next, weir_topic_readable(topic, p, out->next));
            return;
        }
        WEIR_GROW(out->chunks, out->cap_chunks, out->n_chunks + 1);
        out->chunks[out->n_chunks++] = c;
        uint32_t first = weir_chunk_seek(c, out->next);
        WEIR_ASSERT(first < c->n);
        uint32_t n = c->n - first < want - r->n ? c->n - first : want - r->n;
        take_records(d, b, r, c, first, n);
    }
}

static int64_t read_be64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return (int64_t)__builtin_bswap64(v);
}

/* Windowed keys: takes the bounds off the end of the key bytes. */
static void strip_windows(weir_decoder *d, weir_batch *b, rows *r)
{
    const weir_source *src = d->spec.source;
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
            drop_row(d, r, i, "null key in a windowed topic");
            continue;
        }
        if (key->n < suffix) {
            drop_row(d, r, i, "key is too short to hold its window");
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
static void extract_timestamps(weir_decoder *d, weir_batch *b, rows *r)
{
    const weir_vec *v = &b->cols[d->timestamp_col];
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
            } else if (weir_dtf_parse_timestamp(d->timestamp_format, WEIR_AT(weir_sv, v, i), NULL,
                                                d->spec.zones, &ms, NULL) != WEIR_OK) {
                why = "timestamp column cannot be parsed with TIMESTAMP_FORMAT";
                ms = -1;
            }
        }
        if (ms >= 0) {
            b->rowtime[i] = ms;
            continue;
        }
        if (d->spec.throw_on_bad_time) {
            snprintf(d->out->error, sizeof d->out->error, "topic " WEIR_SV_FMT ", partition %d, offset %lld: %s",
                           WEIR_SV_ARG(d->spec.source->topic), d->spec.partition, (long long)d->out->offsets[i],
                           why);
        }
        drop_row(d, r, i, why);
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

static void fill_pseudo(weir_decoder *d, weir_batch *b, rows *r)
{
    for (uint32_t i = 0; i < b->schema->n; i++) {
        weir_vec *v = &b->cols[i];
        switch (b->schema->cols[i].role) {
        case WEIR_COL_ROWTIME:
            v->data = b->rowtime;
            break;
        case WEIR_COL_ROWPARTITION:
            for (uint32_t k = 0; k < r->n; k++) {
                ((int32_t *)v->data)[k] = d->spec.partition;
            }
            break;
        case WEIR_COL_ROWOFFSET:
            v->data = d->out->offsets;
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

static void set_flags(weir_decoder *d, weir_batch *b, rows *r)
{
    bool keyed = d->spec.source->schema->n_keys > 0;
    bool table = d->spec.source->table;
    if (!r->odd) {
        return;
    }
    for (uint32_t i = 0; i < r->n; i++) {
        uint8_t f = r->values[i].n == WEIR_NULL_BYTES ? WEIR_ROW_NULL_VALUE : 0;
        if (keyed && r->keys[i].n == WEIR_NULL_BYTES) {
            f |= WEIR_ROW_NULL_KEY;
            if (table) {
                drop_row(d, r, i, NULL); /* a table ignores records without a key */
            }
        }
        if (f) {
            weir_batch_need_flags(b)[i] = f;
        }
        if (b->rowtime[i] < 0) {
            drop_row(d, r, i, "record timestamp is negative");
        }
    }
}

/* Headers travel with what a record causes. They are found by seq, so a batch that has some gets
 * one, if only for itself. */
static void keep_headers(weir_decoder *d, weir_batch *b, rows *r)
{
    if (!r->headers) {
        return;
    }
    b->headers = r->headers;
    if (!b->seq) {
        b->seq = weir_arena_alloc(&d->out->arena, sizeof *b->seq * WEIR_BATCH_ROWS);
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
static weir_batch *new_batch(weir_decoder *d)
{
    weir_arena *a = &d->out->arena;
    const weir_schema *schema = d->spec.schema;
    weir_batch *b = weir_batch_new(a, schema);
    if (d->timestamp_col >= (int32_t)schema->n) {
        weir_vec *cols = WEIR_NEW_N(a, weir_vec, schema->n + 1);
        memcpy(cols, b->cols, sizeof *cols * schema->n);
        const weir_source *src = d->spec.source;
        int32_t at = weir_schema_find(src->schema, src->timestamp_column);
        weir_vec_init(&cols[schema->n], a, src->schema->cols[at].type);
        b->cols = cols;
    }
    if (d->spec.seq) {
        b->seq = weir_arena_alloc(a, sizeof *b->seq * WEIR_BATCH_ROWS);
    }
    return b;
}

/* Makes the batch from the rows that were taken. */
static bool decode_rows(weir_decoder *d, weir_batch *b, rows *r)
{
    weir_decoded *out = d->out;
    weir_arena *a = &out->arena;
    if (r->n == 0) {
        return false;
    }
    if (d->spec.source->window.kind != WEIR_WINDOW_NONE) {
        strip_windows(d, b, r);
    }
    if (d->key_decoder) {
        d->key_format->decode(d->key_decoder, r->keys, 0, r->n, b->cols, a, &r->bad);
    }
    if (d->value_decoder) {
        d->value_format->decode(d->value_decoder, r->values, 0, r->n, b->cols, a, &r->bad);
    }
    if (d->timestamp_col >= 0) {
        extract_timestamps(d, b, r);
    }
    fill_pseudo(d, b, r);
    set_flags(d, b, r);
    keep_headers(d, b, r);
    select_good(b, r);
    out->batch = b;
    return true;
}

static rows begin_rows(weir_decoder *d, int64_t from, uint32_t want, weir_decoded *out,
                       weir_batch **batch)
{
    weir_decoded_reset(out);
    d->out = out;
    out->from = out->next = from;
    out->want = want;
    weir_arena *a = &out->arena;
    *batch = new_batch(d);
    out->offsets = weir_arena_alloc(a, sizeof *out->offsets * WEIR_BATCH_ROWS);
    rows r = {
        .values = weir_arena_alloc(a, sizeof(weir_sv) * WEIR_BATCH_ROWS),
        .bad = {.report = note_bad, .ctx = d},
    };
    const weir_source *src = d->spec.source;
    if (src->schema->n_keys > 0 || src->window.kind != WEIR_WINDOW_NONE) {
        r.keys = weir_arena_alloc(a, sizeof(weir_sv) * WEIR_BATCH_ROWS);
    }
    return r;
}

bool weir_decoder_fill(weir_decoder *d, int64_t from, uint32_t want, weir_decoded *out)
{
    weir_batch *b = NULL;
    rows r = begin_rows(d, from, want, out, &b);
    collect(d, b, &r, want < WEIR_BATCH_ROWS ? want : WEIR_BATCH_ROWS);
    return decode_rows(d, b, &r);
}

void weir_decoder_chunk(weir_decoder *d, weir_chunk *chunk, uint32_t first, uint32_t n,
                        int32_t partition, weir_decoded *out)
{
    weir_batch *b = NULL;
    WEIR_ASSERT(n > 0 && n <= WEIR_BATCH_ROWS && first + n <= chunk->n);
    d->spec.partition = partition;
    rows r = begin_rows(d, weir_chunk_offset(chunk, first), n, out, &b);
    weir_chunk_ref(chunk);
    WEIR_GROW(out->chunks, out->cap_chunks, out->n_chunks + 1);
    out->chunks[out->n_chunks++] = chunk;
    take_records(d, b, &r, chunk, first, n);
    decode_rows(d, b, &r);
}
