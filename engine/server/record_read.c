/* See record_read.h. */
#include "engine/server/record_read.h"

typedef struct side {
    const weir_format *format;
    void *decoder;
    weir_column *cols;
    uint32_t n;
    uint32_t *at; /* column of the schema */
} side;

struct weir_record_reader {
    weir_arena arena;
    weir_source source; /* borrowed parts */
    side key, value;
};

static weir_rc open_side(weir_record_reader *r, weir_session *s, bool key, side *out,
                         weir_status *st)
{
    const weir_schema *schema = r->source.schema;
    const weir_format_spec *spec = key ? &r->source.key_format : &r->source.value_format;
    out->cols = WEIR_NEW_N(&r->arena, weir_column, schema->n + 1u);
    out->at = WEIR_NEW_N(&r->arena, uint32_t, schema->n + 1u);
    for (uint32_t i = 0; i < schema->n; i++) {
        if (schema->cols[i].role == (key ? WEIR_COL_KEY : WEIR_COL_VALUE)) {
            out->at[out->n] = i;
            out->cols[out->n++] = schema->cols[i];
        }
    }
    out->format = weir_session_formats(s)->by_kind[spec->kind];
    if (!out->format) {
        return weir_fail(st, WEIR_ENOTIMPL, "format %s is not available in this build",
                         weir_format_name(spec->kind));
    }
    weir_codec_spec codec = {.format = spec, .is_key = key, .n = out->n, .cols = out->cols,
                             .topic = r->source.topic,
                             .registry = weir_session_formats(s)->registry};
    return out->n ? out->format->decoder_new(&r->arena, &codec, &out->decoder, st) : WEIR_OK;
}

weir_rc weir_record_reader_new(weir_session *s, const weir_source *source, weir_record_reader **out,
                               weir_status *st)
{
    weir_record_reader *r = weir_zalloc(sizeof *r);
    weir_arena_init(&r->arena);
    r->source = *source;
    weir_rc rc = open_side(r, s, true, &r->key, st);
    rc = rc ? rc : open_side(r, s, false, &r->value, st);
    if (rc != WEIR_OK) {
        weir_record_reader_free(r);
        return rc;
    }
    *out = r;
    return WEIR_OK;
}

void weir_record_reader_free(weir_record_reader *r)
{
    if (!r) {
        return;
    }
    side *sides[] = {&r->key, &r->value};
    for (size_t i = 0; i < WEIR_COUNT(sides); i++) {
        if (sides[i]->decoder && sides[i]->format->close) {
            sides[i]->format->close(sides[i]->decoder);
        }
    }
    weir_arena_deinit(&r->arena);
    weir_free(r);
}

typedef struct bad {
    weir_arena *a;
    weir_sv reason;
} bad;

static void note_bad(void *ctx, uint32_t row, weir_sv reason)
{
    (void)row;
    bad *b = ctx;
    b->reason = weir_arena_sv(b->a, reason);
}

/* Decodes one side into values[]. The bytes get the padding that decoders want. */
static weir_rc read_side(const side *s, weir_sv bytes, weir_value *values, weir_arena *a,
                         weir_status *st)
{
    if (!s->decoder) {
        return WEIR_OK;
    }
    weir_sv in = bytes;
    if (bytes.n != WEIR_NULL_BYTES) {
        char *p = weir_arena_zalloc(a, (size_t)bytes.n + WEIR_CHUNK_PADDING);
        memcpy(p, bytes.n ? bytes.p : "", bytes.n);
        in.p = p;
    }
    weir_vec *cols = WEIR_NEW_N(a, weir_vec, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        weir_vec_init(&cols[i], a, s->cols[i].type);
    }
    bad why = {.a = a};
    weir_bad_rows rows = {.report = note_bad, .ctx = &why};
    s->format->decode(s->decoder, &in, 0, 1, cols, a, &rows);
    if (rows.n) {
        return weir_fail(st, WEIR_EDATA, WEIR_SV_FMT, WEIR_SV_ARG(why.reason));
    }
    for (uint32_t i = 0; i < s->n; i++) {
        values[s->at[i]] = weir_vec_get(&cols[i], 0);
    }
    return WEIR_OK;
}

static int64_t read_be64(const char *p)
{
    weir_reader r = weir_reader_of(weir_sv_of(p, 8));
    return (int64_t)weir_read_be64(&r);
}

bool weir_window_of_key(const weir_window *w, weir_sv *key, int64_t *start, int64_t *end)
{
    bool session = w->kind == WEIR_WINDOW_SESSION;
    uint32_t n = session ? 16 : 8;
    if (key->n < n) {
        return false;
    }
    key->n -= n;
    const char *p = key->p + key->n;
    *start = read_be64(session ? p + 8 : p);
    *end = session ? read_be64(p) : *start + w->size_ms;
    return true;
}

weir_rc weir_record_read(weir_record_reader *r, const weir_chunk *c, const weir_rec *rec,
                         weir_arena *a, weir_record_values *out, weir_status *st)
{
    const weir_schema *schema = r->source.schema;
    weir_value *values = WEIR_NEW_N(a, weir_value, schema->n + 1u);
    for (uint32_t i = 0; i < schema->n; i++) {
        values[i] = weir_null(schema->cols[i].type->kind);
    }
    *out = (weir_record_values){.values = values, .rowtime = rec->timestamp,
                                .null_value = rec->value_n == WEIR_NULL_BYTES};
    weir_sv key = {c->bytes + rec->key_at, rec->key_n};
    if (r->source.window.kind != WEIR_WINDOW_NONE && key.n != WEIR_NULL_BYTES) {
        out->windowed =
            weir_window_of_key(&r->source.window, &key, &out->window_start, &out->window_end);
        if (!out->windowed) {
            return weir_fail(st, WEIR_EDATA, "the key is too short for its window");
        }
    }
    WEIR_TRY(read_side(&r->key, key, values, a, st));
    weir_sv value = {c->bytes + rec->value_at, rec->value_n};
    return out->null_value ? WEIR_OK : read_side(&r->value, value, values, a, st);
}
