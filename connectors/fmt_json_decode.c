/* JSON records to columns, as ksqlDB reads them: members are found by exact name, then in upper
 * case; missing and null are NULL. A column that nobody needs is checked all the same, because one
 * bad column makes the record bad.
 *
 * Scalars go straight into the vector, nested values are built in the step arena. */
#include "connectors/codec.h"
#include "connectors/fmt_json.h"
#include "connectors/fmt_json_read.h"
#include "engine/data/text.h"

#define PAUSE_MAX 256 /* records */
#define AHEAD_BYTES 1024
#define CACHE_LINE 64

_Static_assert(WEIR_JSON_RUN_GAP <= WEIR_CHUNK_PADDING, "readable behind any record");
_Static_assert(WEIR_JSON_READABLE <= WEIR_CHUNK_PADDING, "readable behind any record");

/* A column of the record. */
typedef struct column {
    weir__json_reader reader;
    weir_sv name;
    int32_t out;      /* index of the vector, -1: only checked */
    uint32_t ignored; /* bit per weir_json_kind with which there is nothing to do */
    bool text;        /* a STRING that is written */
} column;

typedef struct decoder {
    const weir_codec_spec *spec;
    bool unwrapped;
    column *columns; /* that are needed or can go wrong */
    uint32_t n;
    weir_json_keys *keys;
    weir_json_layout *layout; /* of the records */
    bool learned;             /* it is known */
    uint32_t misses;          /* records in a row that did not have it */
    uint32_t pause;           /* records for which it is not tried */
    weir_json_token *tokens;
    weir__json_input in;
} decoder;

weir_rc weir__json_decoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st)
{
    decoder *d = WEIR_NEW(a, decoder);
    weir_sv *names = WEIR_NEW_N(a, weir_sv, spec->n);
    d->spec = weir__codec_spec_copy(a, spec);
    d->unwrapped = weir__codec_unwrapped(spec);
    d->columns = WEIR_NEW_N(a, column, spec->n);
    d->tokens = WEIR_NEW_N(a, weir_json_token, spec->n);
    for (uint32_t i = 0; i < spec->n; i++) {
        const weir_column *from = &d->spec->cols[i];
        column *c = &d->columns[d->n];
        WEIR_TRY(weir__json_check_type(spec, &spec->cols[i], st));
        weir__json_reader_init(a, &c->reader, from->type);
        c->name = from->name;
        c->out = weir__codec_out(spec, i);
        c->text = c->out >= 0 && from->type->kind == WEIR_T_STRING;
        c->ignored = c->out >= 0 ? 0 : c->reader.always | 1u << WEIR_JSON_NULL;
        if (c->out < 0 && !d->unwrapped) {
            c->ignored |= 1u << WEIR_JSON_ABSENT;
        }
        if (c->out >= 0 || c->reader.always != WEIR__JSON_EVERYTHING) {
            names[d->n++] = c->name;
        }
    }
    d->keys = weir_json_keys_new(a, names, d->n);
    d->layout = weir_json_layout_new(a, d->keys);
    *out = d;
    return WEIR_OK;
}

/* The row as a whole cannot be a STRUCT. */
static bool fail_row(decoder *d, const weir_json_token *t)
{
    weir_buf type = {0};
    for (uint32_t i = 0; i < d->spec->n; i++) {
        weir_buf_str(&type, i ? ", " : "");
        weir_name_print(&type, d->spec->cols[i].name, false);
        weir_buf_byte(&type, ' ');
        weir_type_print(&type, d->spec->cols[i].type, false);
    }
    weir__json_refuse(&d->in, "Can't convert type. sourceType: %s, requiredType: STRUCT<%.150s>",
                      weir_json_jackson_name(t), weir_buf_cstr(&type));
    weir_buf_deinit(&type);
    return false;
}

/* The records of one call. */
typedef struct records {
    const weir_sv *in;
    uint32_t n;
    weir_json_run run;
    uint32_t run_end; /* first record behind the run */
    bool alone;       /* no more runs: one of them could not be used */
} records;

static bool open_record(decoder *d, records *r, uint32_t i)
{
    if (i >= r->run_end && !r->alone) {
        uint32_t n = r->n - i < d->pause + 1 ? r->n - i : d->pause + 1;
        r->run_end = i + weir_json_run_open(&r->run, r->in + i, n);
    }
    if (i < r->run_end) {
        if (weir_json_run_next(&r->run, &d->in.doc, d->in.arena, r->in[i])) {
            return true;
        }
        r->run_end = i;
        r->alone = true;
    }
    return weir_json_open(&d->in.doc, d->in.arena, r->in[i]);
}

/* Records lie behind one another. The processor fetches ahead by itself, but only to the end of a
 * page. */
static void fetch_ahead(weir_sv text)
{
    for (uint32_t i = 0; i < text.n && i < AHEAD_BYTES; i += CACHE_LINE) {
        __builtin_prefetch(text.p + AHEAD_BYTES + i);
    }
}

/* As the records before it were. */
static bool read_alike(decoder *d, weir_sv text)
{
    if (d->pause > 0) {
        d->pause--;
        return false;
    }
    if (WEIR_LIKELY(weir_json_layout_read(d->layout, text, d->tokens))) {
        d->in.doc.error = NULL;
        d->misses = 0;
        return true;
    }
    d->misses++;
    return false;
}

/* From a record that was not. A single one is let pass; when none is like the one before, they are
 * read the long way for a while. */
static void learn(decoder *d, weir_sv text)
{
    if (d->pause > 0 || (d->learned && d->misses == 1)) {
        return;
    }
    d->learned = weir_json_layout_learn(d->layout, &d->in.doc, text);
    d->pause = d->learned && d->misses < 3 ? 0 : PAUSE_MAX;
}

/* One record into d->tokens. */
static bool read_record(decoder *d, records *r, uint32_t i)
{
    weir_json_token root;
    if (!d->unwrapped && read_alike(d, r->in[i])) {
        return true;
    }
    if (!open_record(d, r, i)) {
        return weir__json_refuse(&d->in, "malformed JSON: %s", d->in.doc.error);
    }
    if (!d->unwrapped && weir_json_starts_object(&d->in.doc)) {
        if (!weir_json_members(&d->in.doc, 0, d->keys, d->tokens)) {
            return weir__json_refuse(&d->in, "malformed JSON: %s", d->in.doc.error);
        }
        learn(d, r->in[i]);
        return true;
    }
    if (!weir_json_root(&d->in.doc, &root)) {
        return weir__json_refuse(&d->in, "malformed JSON: %s", d->in.doc.error);
    }
    if (d->unwrapped) {
        d->tokens[0] = root;
        return true;
    }
    return fail_row(d, &root);
}

/* An empty document is a MissingNode, which a STRING takes as empty text and nothing else takes. */
static bool is_null(const decoder *d, const weir_json_token *t)
{
    return t->kind == WEIR_JSON_NULL || (t->kind == WEIR_JSON_ABSENT && !d->unwrapped);
}

static bool write_column(decoder *d, const weir__json_reader *r, const weir_json_token *t,
                         weir_vec *v, uint32_t row)
{
    if (is_null(d, t)) {
        weir__codec_null(v, d->in.arena, row);
        return true;
    }
    if (v->valid) {
        weir_bit_set(v->valid, row);
    }
    void *to = (char *)v->data + (size_t)row * r->width;
    if (WEIR_UNLIKELY(r->nested)) {
        weir_value *value = weir_arena_alloc(d->in.arena, sizeof *value);
        *(const weir_value **)to = value;
        to = value;
    }
    return r->read(&d->in, r, t, to);
}

/* A column that nobody needs. */
static bool check_column(decoder *d, const weir__json_reader *r, const weir_json_token *t)
{
    weir_value ignored;
    return r->read(&d->in, r, t, r->nested ? (void *)&ignored : (void *)&ignored.i64);
}

static bool write_row(decoder *d, weir_vec *cols, uint32_t row)
{
    for (uint32_t i = 0; i < d->n; i++) {
        const column *c = &d->columns[i];
        const weir_json_token *t = &d->tokens[i];
        if (c->ignored >> t->kind & 1) {
            continue;
        }
        if (c->text && t->kind == WEIR_JSON_STRING && !t->escaped) { /* most columns */
            weir_vec *v = &cols[c->out];
            if (v->valid) {
                weir_bit_set(v->valid, row);
            }
            ((weir_sv *)v->data)[row] = t->text;
            continue;
        }
        bool ok = c->out >= 0 ? write_column(d, &c->reader, t, &cols[c->out], row)
                              : check_column(d, &c->reader, t);
        if (WEIR_UNLIKELY(!ok)) {
            return d->unwrapped ? false : weir__json_refuse_in(&d->in, c->name, 0);
        }
    }
    return true;
}

static weir_sv reason_of(decoder *d)
{
    weir_buf text = {0};
    weir_buf_printf(&text, "Failed to deserialize %s from topic: " WEIR_SV_FMT ". %s",
                    d->spec->is_key ? "key" : "value", WEIR_SV_ARG(d->spec->topic), d->in.why);
    if (!d->in.doc.error) {
        weir_buf_str(&text, ", path: $");
        for (uint32_t i = d->in.n_path; i-- > 0;) {
            if (d->in.path[i].name.n) {
                weir_buf_printf(&text, "." WEIR_SV_FMT, WEIR_SV_ARG(d->in.path[i].name));
            } else {
                weir_buf_printf(&text, "[%u]", d->in.path[i].item);
            }
        }
    }
    weir_sv reason = weir_arena_sv(d->in.arena, weir_buf_view(&text));
    weir_buf_deinit(&text);
    return weir_utf8_repair(d->in.arena, reason); /* a type's name may have been cut */
}

void weir__json_decode(void *self, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                       weir_arena *step, weir_bad_rows *bad)
{
    decoder *d = self;
    WEIR_ASSERT(at + n <= WEIR_BATCH_ROWS);
    d->in.arena = step;
    records r = {.in = in, .n = n};
    for (uint32_t i = 0; i < n; i++) {
        if (in[i].n == WEIR_NULL_BYTES) {
            weir__codec_null_row(d->spec, cols, step, at + i);
            continue;
        }
        fetch_ahead(in[i]);
        if (WEIR_UNLIKELY(!read_record(d, &r, i) || !write_row(d, cols, at + i))) {
            weir__codec_bad_row(d->spec, cols, step, at + i, bad, reason_of(d));
            d->in.n_path = 0;
        }
    }
}
