/* One record by hand: INSERT VALUES and hosts that produce. */
#include "engine/base/hash.h"
#include "engine/server/session_impl.h"

static weir_rc encode_side(weir_session *s, const weir_source *src, const weir_batch *b, bool key,
                           weir_arena *a, weir_buf *out, bool *null, weir_status *st)
{
    const weir_format_spec *spec = key ? &src->key_format : &src->value_format;
    const weir_format *format = s->formats.by_kind[spec->kind];
    if (!format) {
        return weir_fail(st, WEIR_ENOTIMPL, "format %s is not available in this build",
                         weir_format_name(spec->kind));
    }
    weir_column *cols = WEIR_NEW_N(a, weir_column, src->schema->n);
    weir_vec *vecs = WEIR_NEW_N(a, weir_vec, src->schema->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < src->schema->n; i++) {
        if (src->schema->cols[i].role == (key ? WEIR_COL_KEY : WEIR_COL_VALUE)) {
            cols[n] = src->schema->cols[i];
            vecs[n++] = b->cols[i];
        }
    }
    if (n == 0) {
        *null = key;
        if (key) {
            return WEIR_OK;
        }
    }
    weir_codec_spec codec = {
        .format = spec, .is_key = key, .n = n, .cols = cols, .topic = src->topic,
        .registry = s->formats.registry};
    void *encoder = NULL;
    WEIR_TRY(format->encoder_new(a, &codec, &encoder, st));
    uint16_t row = 0;
    uint32_t end = 0;
    uint64_t nulls[WEIR_BITS_WORDS] = {0};
    format->encode(encoder, vecs, &row, 1, out, &end, nulls);
    *null = weir_bit(nulls, 0);
    const char *why = format->refused ? format->refused(encoder) : NULL;
    weir_rc rc = why ? weir_fail(st, WEIR_EDATA, "%s", why) : WEIR_OK;
    if (format->close) {
        format->close(encoder);
    }
    return rc;
}

weir_rc weir_session_encode(weir_session *s, const weir_source *source, const weir_value *values,
                            bool null_value, weir_buf *key, bool *key_null, weir_buf *value,
                            bool *value_null, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_batch *b = weir_batch_new(&a, source->schema);
    b->rows = b->nsel = 1;
    for (uint32_t i = 0; i < source->schema->n; i++) {
        weir_vec_put(&b->cols[i], &a, 0, &values[i]);
    }
    weir_rc rc = encode_side(s, source, b, true, &a, key, key_null, st);
    *value_null = null_value;
    if (rc == WEIR_OK && !null_value) {
        rc = encode_side(s, source, b, false, &a, value, value_null, st);
    }
    weir_arena_deinit(&a);
    return rc;
}

weir_rc weir_session_append(weir_session *s, weir_topic *t, int32_t partition, weir_sv key,
                            weir_sv value, weir_sv headers, int64_t timestamp, int64_t *offset)
{
    if (s->config.single_log) {
        partition = 0;
    } else if (partition < 0) {
        partition = key.n == WEIR_NULL_BYTES
                        ? -1
                        : (int32_t)weir_partition_of(key, (uint32_t)weir_topic_partitions(t));
    }
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    weir_chunk_builder_add(&b, key, value, headers, timestamp, weir_session_take_seq(s, 1));
    if (offset) {
        *offset = weir_topic_end(t, partition < 0 ? 0 : partition);
    }
    weir_topic_append(t, partition, weir_chunk_builder_take(&b));
    weir_chunk_builder_deinit(&b);
    return WEIR_OK;
}
