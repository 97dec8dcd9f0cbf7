/* What comes back from a lookup, as rows: a text for each column, or a JSON object. A value that is no value of
 * its column makes the column NULL, and is told once. */
#include "connectors/conn_lookup.h"

#include "engine/base/alloc.h"
#include "engine/data/text.h"

#include <stdio.h>

/* For the loop thread; in the asker's arena. */
typedef struct reading {
    weir_format_spec json;
    const weir_format *format;
    void *whole;        /* decoder of all columns; NULL: texts come */
    void **nested;      /* per column: decoder of it alone, where it is nested */
    weir_vec *vecs;
    weir_value *values;
    weir_arena step;
    weir_buf padded;    /* a text with readable bytes behind it */
    char reason[256];
} reading;

static void end_reading(void *p)
{
    reading *r = p;
    weir_arena_deinit(&r->step);
    weir_buf_deinit(&r->padded);
}

weir_rc weir__asker_reads(weir__asker *a, const weir_formats *formats, bool json, weir_status *st)
{
    reading *r = WEIR_NEW(&a->arena, reading);
    r->format = formats->by_kind[WEIR_FMT_JSON];
    r->json = (weir_format_spec){.kind = WEIR_FMT_JSON};
    r->vecs = WEIR_NEW_N(&a->arena, weir_vec, a->n + 1);
    r->values = WEIR_NEW_N(&a->arena, weir_value, a->n + 1);
    r->nested = WEIR_NEW_N(&a->arena, void *, a->n + 1);
    weir_format_spec *bare = WEIR_NEW(&a->arena, weir_format_spec);
    *bare = (weir_format_spec){.kind = WEIR_FMT_JSON, .wrap = WEIR_WRAP_NO};
    weir_arena_init(&r->step);
    weir_arena_on_end(&a->arena, end_reading, r);
    for (uint32_t i = 0; i < a->n; i++) {
        weir_vec_init(&r->vecs[i], &a->arena, a->columns[i].type);
        weir_codec_spec one = {.format = bare, .n = 1, .cols = &a->columns[i]};
        if (!json && weir_type_is_nested(a->columns[i].type)) {
            WEIR_TRY(r->format->decoder_new(&a->arena, &one, &r->nested[i], st));
        }
    }
    weir_codec_spec all = {.format = &r->json, .n = a->n, .cols = a->columns};
    if (json && a->n) {
        WEIR_TRY(r->format->decoder_new(&a->arena, &all, &r->whole, st));
    }
    a->reading = r;
    return WEIR_OK;
}

/* ---- JSON ---- */

static void on_bad(void *ctx, uint32_t row, weir_sv reason)
{
    reading *r = ctx;
    (void)row;
    snprintf(r->reason, sizeof r->reason, WEIR_SV_FMT, WEIR_SV_ARG(reason));
}

/* False: it is not what the columns are; r->reason says why. */
static bool decode(reading *r, void *decoder, weir_sv text, weir_vec *cols, uint32_t n)
{
    weir_bad_rows bad = {.report = on_bad, .ctx = r};
    weir_buf_reset(&r->padded);
    weir_buf_sv(&r->padded, text);
    char *behind = weir_buf_reserve(&r->padded, WEIR_CHUNK_PADDING);
    memset(behind, 0, WEIR_CHUNK_PADDING);
    for (uint32_t i = 0; i < n; i++) {
        cols[i].valid = NULL;
    }
    weir_sv in = {r->padded.p, text.n};
    r->format->decode(decoder, &in, 0, 1, cols, &r->step, &bad);
    return bad.n == 0;
}

/* Nobody looks up whole files: the key has a row, and nothing of it is read. */
static bool too_long(reading *r, size_t bytes, weir__question *q, uint32_t i)
{
    if (bytes <= WEIR__LOOKUP_ROW_BYTES_MAX) {
        return false;
    }
    snprintf(r->reason, sizeof r->reason, "what was found has %zu bytes, more than %u", bytes,
             WEIR__LOOKUP_ROW_BYTES_MAX);
    weir__question_found(q, i, q->rows.n, weir_sv_cstr(r->reason));
    return true;
}

void weir__asker_json(weir__asker *a, weir_sv text, weir__question *q, uint32_t i)
{
    reading *r = a->reading;
    size_t at = q->rows.n;
    if (too_long(r, text.n, q, i)) {
        return;
    }
    bool good = a->n == 0 || decode(r, r->whole, text, r->vecs, a->n);
    if (good && a->n) {
        weir_row_encode(&a->codec, &q->rows, r->vecs, 0);
    }
    weir__question_found(q, i, at, good ? (weir_sv){0} : weir_sv_cstr(r->reason));
    weir_arena_reset(&r->step);
}

/* ---- texts ---- */

static bool word_of(weir_sv text, bool *out)
{
    *out = weir_sv_ieq(text, WEIR_SV("true")) || weir_sv_eq(text, WEIR_SV("1"));
    return *out || weir_sv_ieq(text, WEIR_SV("false")) || weir_sv_eq(text, WEIR_SV("0"));
}

/* A value of a column that is not nested. */
static bool scalar(reading *r, const weir_type *type, weir_sv text, weir_value *out)
{
    weir_value v = weir_string(text);
    int64_t number;
    bool word;
    switch ((int)type->kind) {
    case WEIR_T_STRING:
        *out = v;
        return weir_utf8_valid(text);
    case WEIR_T_BYTES:
        *out = v;
        out->kind = WEIR_T_BYTES;
        return true;
    case WEIR_T_BOOLEAN:
        if (word_of(weir_sv_trim(text), &word)) {
            *out = weir_bool(word);
            return true;
        }
        return false;
    case WEIR_T_TIMESTAMP:
        if (weir_i64_parse(weir_sv_trim(text), &number)) {
            *out = weir_bigint(number);
            out->kind = WEIR_T_TIMESTAMP;
            return true;
        }
        break;
    default:
        break;
    }
    return weir_utf8_valid(text) &&
           weir_cast_value(&r->step, weir_type_of(WEIR_T_STRING), &v, type, out);
}

static bool value_of(weir__asker *a, uint32_t c, weir_sv text, weir_value *out)
{
    reading *r = a->reading;
    if (!r->nested[c]) {
        return scalar(r, a->columns[c].type, text, out);
    }
    if (!decode(r, r->nested[c], text, &r->vecs[c], 1)) {
        return false;
    }
    *out = weir_vec_get(&r->vecs[c], 0);
    return true;
}

void weir__asker_texts(weir__asker *a, const weir_sv *texts, weir__question *q, uint32_t i)
{
    reading *r = a->reading;
    size_t at = q->rows.n;
    weir_sv reason = {0};
    size_t bytes = 0;
    for (uint32_t c = 0; c < a->n; c++) {
        bytes += texts[a->places[c]].n == WEIR_NULL_BYTES ? 0 : texts[a->places[c]].n;
    }
    if (too_long(r, bytes, q, i)) {
        return;
    }
    for (uint32_t c = 0; c < a->n; c++) {
        weir_sv text = texts[a->places[c]];
        r->values[c] = weir_null(a->columns[c].type->kind);
        if (text.n == WEIR_NULL_BYTES || value_of(a, c, text, &r->values[c])) {
            continue;
        }
        r->values[c] = weir_null(a->columns[c].type->kind);
        if (!reason.n) {
            weir_sv type = weir_type_name(&r->step, a->columns[c].type);
            snprintf(r->reason, sizeof r->reason, "column " WEIR_SV_FMT ": what was found is no " WEIR_SV_FMT,
                     WEIR_SV_ARG(a->columns[c].name), WEIR_SV_ARG(type));
            reason = weir_sv_cstr(r->reason);
        }
    }
    if (a->n) {
        weir_row_encode_values(&a->codec, &q->rows, r->values);
    }
    weir__question_found(q, i, at, reason);
    weir_arena_reset(&r->step);
}
