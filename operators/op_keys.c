/* Keys as bytes. The fast forms copy nothing: they point into the columns. */
#include "operators/op.h"

enum { KEYS_TEXT, KEYS_FIXED, KEYS_ROW };

#define KEYS_BYTES_MAX ((size_t)1 << 31)

int32_t weir__column_of_role(const weir_schema *s, weir_role role)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->cols[i].role == role) {
            return (int32_t)i;
        }
    }
    return -1;
}

static uint8_t form_of(const weir_type *t)
{
    if (t->kind == WEIR_T_STRING || t->kind == WEIR_T_BYTES) {
        return KEYS_TEXT;
    }
    return weir_type_is_nested(t) || t->kind == WEIR_T_DECIMAL ? KEYS_ROW : KEYS_FIXED;
}

void weir__keys_init(weir__keys *k, weir_arena *a, const weir_schema *schema, bool windowed)
{
    uint32_t *cols = WEIR_NEW_N(a, uint32_t, schema->n_keys + 2);
    uint32_t n = 0;
    for (; n < schema->n_keys; n++) {
        cols[n] = n;
    }
    k->n_keys = n;
    static const weir_role bounds[] = {WEIR_COL_WINDOWSTART, WEIR_COL_WINDOWEND};
    for (uint32_t i = 0; windowed && i < WEIR_COUNT(bounds); i++) {
        int32_t at = weir__column_of_role(schema, bounds[i]);
        if (at >= 0) {
            cols[n++] = (uint32_t)at;
        }
    }
    const weir_type **types = WEIR_NEW_N(a, const weir_type *, n);
    for (uint32_t i = 0; i < n; i++) {
        types[i] = schema->cols[cols[i]].type;
    }
    k->n = n;
    k->cols = cols;
    k->vecs = WEIR_NEW_N(a, weir_vec, n);
    k->form = n == 1 ? form_of(types[0]) : KEYS_ROW;
    k->width = n == 1 ? weir_type_width(types[0]) : 0;
    weir_row_codec_init(&k->codec, a, types, n);
    weir_buf_init(&k->buf, KEYS_BYTES_MAX);
}

void weir__keys_deinit(weir__keys *k)
{
    weir_buf_deinit(&k->buf);
}

bool weir__keys_of(weir__keys *k, weir_task *t, const weir_batch *b, const uint16_t *rows,
                   uint32_t n, weir_sv *out)
{
    if (n == 0) {
        return true;
    }
    const weir_vec *v = k->n ? &b->cols[k->cols[0]] : NULL;
    if (k->form == KEYS_TEXT) {
        for (uint32_t i = 0; i < n; i++) {
            out[i] = WEIR_AT(weir_sv, v, rows[i]);
        }
        return true;
    }
    if (k->form == KEYS_FIXED) {
        for (uint32_t i = 0; i < n; i++) {
            out[i] = (weir_sv){(const char *)v->data + (size_t)(rows[i] & v->mask) * k->width,
                               k->width};
        }
        return true;
    }
    for (uint32_t i = 0; i < k->n; i++) {
        k->vecs[i] = b->cols[k->cols[i]];
    }
    weir_buf_reset(&k->buf);
    if (!weir_row_encode_batch(&k->codec, &k->buf, k->vecs, rows, n, k->starts)) {
        weir_task_fail(t, "the keys of one batch take more than %zu bytes", KEYS_BYTES_MAX);
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        out[i] = (weir_sv){k->buf.p + k->starts[i], k->starts[i + 1] - k->starts[i]};
    }
    return true;
}

/* A missing key is an empty row to the codec: all columns NULL. */
static void row_columns(const weir__keys *k, const weir_sv *svs, uint32_t n, weir_vec *cols,
                        weir_arena *a)
{
    weir_sv rows[WEIR_BATCH_ROWS];
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = svs[i].n == WEIR_NULL_BYTES ? (weir_sv){NULL, 0} : svs[i];
    }
    for (uint32_t c = 0; c < k->n_keys; c++) {
        weir_row_gather(&k->codec, rows, n, c, &cols[c], a, NULL);
    }
}

void weir__keys_columns(const weir__keys *k, const weir_sv *svs, uint32_t n, weir_vec *cols,
                        weir_arena *a)
{
    WEIR_ASSERT(n <= WEIR_BATCH_ROWS);
    if (k->form == KEYS_ROW) {
        row_columns(k, svs, n, cols, a);
        return;
    }
    weir_vec *v = &cols[0];
    for (uint32_t i = 0; i < n; i++) {
        bool null = svs[i].n == WEIR_NULL_BYTES;
        if (null || v->valid) {
            weir_bit_put(weir_vec_need_valid(v, a), i, !null);
        }
        if (k->form == KEYS_TEXT) {
            ((weir_sv *)v->data)[i] = null ? (weir_sv){NULL, 0} : svs[i];
        } else if (!null) {
            WEIR_ASSERT(svs[i].n == k->width);
            memcpy((char *)v->data + (size_t)i * k->width, svs[i].p, k->width);
        }
    }
}

bool weir__null_key(const weir_batch *b, uint32_t row, bool any)
{
    uint32_t n = b->schema->n_keys;
    if (n == 0 || (weir_batch_flags(b, row) & WEIR_ROW_NULL_KEY)) {
        return true;
    }
    if (n == 1) {
        return !weir_vec_is_valid(&b->cols[0], row);
    }
    for (uint32_t i = 0; any && i < n; i++) {
        if (!weir_vec_is_valid(&b->cols[i], row)) {
            return true;
        }
    }
    return false;
}

const uint16_t *weir__rows(const weir_batch *b)
{
    if (b->sel) {
        return b->sel;
    }
    uint16_t *rows = weir_arena_alloc(b->arena, b->nsel * sizeof *rows);
    for (uint32_t i = 0; i < b->nsel; i++) {
        rows[i] = (uint16_t)i;
    }
    return rows;
}

uint32_t weir__rows_with_value(const weir_batch *b, bool keyed, uint16_t *out)
{
    uint32_t n = 0;
    bool plain = !b->flags && (!keyed || (b->schema->n_keys == 1 && !b->cols[0].valid));
    WEIR_EACH_ROW(b, i, row)
    {
        if (plain || (!(weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE) &&
                      !(keyed && weir__null_key(b, row, false)))) {
            out[n++] = (uint16_t)row;
        }
    }
    return n;
}

int64_t *weir__times(const weir_batch *b)
{
    return weir_arena_alloc(b->arena, WEIR_BATCH_ROWS * sizeof(int64_t));
}

weir_format_spec weir__key_format(const weir_node *n)
{
    for (;; n = n->in[0]) {
        switch (n->kind) {
        case WEIR_N_SOURCE:
            return n->scan.source->key_format;
        case WEIR_N_REKEY:
            return n->rekey.key_format;
        case WEIR_N_AGGREGATE:
            return n->aggregate.key_format;
        case WEIR_N_FILTER:
        case WEIR_N_PROJECT:
        case WEIR_N_FLATMAP:
        case WEIR_N_JOIN_STREAM:
        case WEIR_N_JOIN_LOOKUP:
        case WEIR_N_JOIN_TABLE:
        case WEIR_N_JOIN_FOREIGN:
        case WEIR_N_SINK:
            break;
        }
    }
}

weir_rc weir__wire_keys_init(weir__wire_keys *w, weir_task *t, const weir_format_spec *format,
                             const weir_node *node, weir_sv topic, weir_status *st)
{
    weir_arena *a = weir_task_arena(t);
    w->node = node;
    weir_buf_init(&w->buf, KEYS_BYTES_MAX);
    if (node->schema->n_keys == 0) {
        return WEIR_OK;
    }
    w->format = weir_task_formats(t)->by_kind[format->kind];
    if (!w->format) {
        return weir_fail(st, WEIR_ENOTIMPL, "format %s is not available in this build",
                         weir_format_name(format->kind));
    }
    weir_format_spec *kept = WEIR_NEW(a, weir_format_spec);
    *kept = *format;
    weir_codec_spec spec = {.format = kept,
                            .is_key = true,
                            .n = node->schema->n_keys,
                            .cols = node->schema->cols,
                            .topic = topic,
                            .registry = weir_task_formats(t)->registry};
    return w->format->encoder_new(a, &spec, &w->encoder, st);
}

void weir__wire_keys_deinit(weir__wire_keys *w)
{
    if (w->format && w->format->close && w->encoder) {
        w->format->close(w->encoder);
    }
    weir_buf_deinit(&w->buf);
}

void weir__wire_keys_of(weir__wire_keys *w, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                        weir_sv *out)
{
    if (!w->format) {
        for (uint32_t i = 0; i < n; i++) {
            out[i] = WEIR__NO_KEY;
        }
        return;
    }
    memset(w->null, 0, sizeof w->null);
    weir_buf_reset(&w->buf);
    w->format->encode(w->encoder, cols, rows, n, &w->buf, w->ends, w->null);
    uint32_t from = 0;
    for (uint32_t i = 0; i < n; i++) {
        out[i] = weir_bit(w->null, i) ? WEIR__NO_KEY
                                      : (weir_sv){w->buf.p + from, w->ends[i] - from};
        from = w->ends[i];
    }
}
