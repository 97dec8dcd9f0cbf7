/* Records to items: which form, the head (what decides whether two records fit into one request), the
 * body. */
#include "connectors/sink_http.h"

#include <inttypes.h>

void weir__hook_id(weir_buf *out, const weir_sink_item *item)
{
    const weir_sink_parcel *p = item->parcel;
    const weir__hook_topic *t = p->in->bound;
    weir_buf_sv(out, weir_conn_text(p->in->conn, "id.prefix"));
    uint64_t seed = t->id_seed + p->in->generation; /* what a topic said before it was made again is not meant */
    weir_buf_printf(out, "%016" PRIx64 "_%d_%" PRId64, seed, p->partition, weir_sink_item_offset(item));
}

/* ---- the head ---- */

/* Length, then what the template gives. */
static bool put_piece(const weir_template *t, const weir_sink_rows *r, uint32_t row, weir_buf *out,
                      const char **why)
{
    size_t from = out->n;
    weir_buf_be32(out, 0);
    if (!weir_template_render(t, r, row, out, why) || out->over) {
        return false;
    }
    uint32_t n = (uint32_t)(out->n - from - 4);
    for (uint32_t i = 0; i < 4; i++) {
        out->p[from + i] = (char)(n >> (24 - 8 * i));
    }
    return true;
}

/* "." and ".." as a segment would be walked by whoever takes the URL: the record would choose the path. */
static bool is_confined(weir_sv url)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i <= url.n; i++) {
        bool ends = i == url.n || strchr("/?#", url.p[i]);
        uint32_t n = i - from;
        if (ends && n >= 1 && n <= 2 && url.p[from] == '.' && url.p[i - 1] == '.') {
            return false;
        }
        if (i < url.n && (url.p[i] == '?' || url.p[i] == '#')) {
            return true;
        }
        from = ends ? i + 1 : from;
    }
    return true;
}

static bool put_head(const weir__hook_topic *t, uint32_t which, const weir_sink_rows *r, uint32_t row,
                     weir_buf *out, const char **why)
{
    const weir__hook_form *form = &t->forms[which];
    weir_buf_byte(out, (char)which);
    size_t url_at = out->n + 4;
    if (!put_piece(form->url, r, row, out, why)) {
        return false;
    }
    if (form->url_varies && !is_confined(weir_sv_of(out->p + url_at, out->n - url_at))) {
        *why = "the URL would leave its path";
        return false;
    }
    for (uint32_t i = 0; i < t->n_headers; i++) {
        if (t->headers[i].varies && !put_piece(t->headers[i].value, r, row, out, why)) {
            return false;
        }
    }
    return true;
}

/* ---- bodies ---- */

static bool put_json_template(const char *name, const weir_template *t, const weir_sink_rows *r, uint32_t row,
                              weir_buf *out, const char **why)
{
    weir_buf text = {0};
    bool ok = weir_template_render(t, r, row, &text, why);
    if (ok) {
        weir_buf_printf(out, ",\"%s\":\"", name);
        weir_template_json(out, weir_buf_view(&text));
        weir_buf_byte(out, '"');
    }
    weir_buf_deinit(&text);
    return ok;
}

/* Structured mode of CloudEvents 1.0. */
static bool put_event(const weir__hook_topic *t, const weir_sink_rows *r, uint32_t row,
                      const weir_sink_item *item, weir_sv json, weir_buf *out, const char **why)
{
    const weir_rec *rec = weir_sink_rec(r, row);
    weir_buf_str(out, "{\"specversion\":\"1.0\",\"id\":\"");
    weir__hook_id(out, item);
    weir_buf_byte(out, '"');
    if (!put_json_template("source", t->event_source, r, row, out, why) ||
        !put_json_template("type", t->event_type, r, row, out, why)) {
        return false;
    }
    if (rec->key_n != WEIR_NULL_BYTES && rec->key_n) {
        const char *none = NULL;
        put_json_template("subject", t->event_key, r, row, out, &none);
    }
    weir_buf_str(out, ",\"time\":\"");
    weir_template_time(out, WEIR_SV("%Y-%m-%dT%H:%M:%S.%LZ"), rec->timestamp);
    weir_buf_str(out, "\",\"datacontenttype\":\"application/json\",\"data\":");
    weir_buf_sv(out, json.n ? json : WEIR_SV("null"));
    weir_buf_byte(out, '}');
    return true;
}

static bool put_body(const weir__hook_topic *t, uint32_t which, const weir_sink_rows *r, uint32_t row,
                     const weir_sink_item *item, const weir_sink_json *json, weir_buf *out,
                     const char **why)
{
    switch (t->forms[which].body) {
    case WEIR__HOOK_TEMPLATE:
        return weir_template_render(t->forms[which].text, r, row, out, why);
    case WEIR__HOOK_JSON:
        *why = "its columns have no form in JSON";
        weir_buf_sv(out, json->rows[row]);
        return json->rows[row].n > 0;
    case WEIR__HOOK_TEXT:
        weir_buf_sv(out, weir_rec_value(r->chunk, weir_sink_rec(r, row)));
        return true;
    case WEIR__HOOK_EVENT:
        return put_event(t, r, row, item, json->rows[row], out, why);
    }
    return false;
}

/* ---- rows ---- */

static void render_row(weir__hook *h, const weir_sink_rows *r, uint32_t row, const weir_sink_json *json,
                       weir_sink_parcel *out)
{
    const weir__hook_topic *t = r->in->bound;
    uint32_t which = weir_sink_tombstone(r, row);
    const char *why = "";
    weir_sink_item *item = weir_sink_begin(out, r, row);
    if (which && h->nulls == WEIR__HOOK_FAIL) {
        weir_sink_poison(out, item, "a deleted row, and 'behavior.on.null.values' is 'fail'");
        return;
    }
    bool ok = put_head(t, which, r, row, &out->bytes, &why);
    item->aux = (uint32_t)out->bytes.n - item->at;
    ok = ok && put_body(t, which, r, row, item, json, &out->bytes, &why);
    if (!ok) {
        weir_sink_poison(out, item, "%s", why);
        return;
    }
    uint64_t body_n = out->bytes.n - item->at - item->aux;
    if (body_n > h->body_max) {
        weir_sink_poison(out, item, "a body of %llu bytes; 'body.bytes.max' is %llu",
                         (unsigned long long)body_n, (unsigned long long)h->body_max);
        return;
    }
    if (h->shape && !out->told_poison && !weir__hook_shape_passes(h->shape, r, row)) {
        out->bytes.n = item->at;
        weir_sink_skip(out);
        return;
    }
    weir_sink_end(out, item);
}

void weir__hook_render(void *self, const weir_sink_rows *rows, weir_sink_parcel *out)
{
    weir__hook *h = self;
    const weir__hook_topic *t = rows->in->bound;
    weir_sink_json json = {0};
    if (t->forms[0].body == WEIR__HOOK_JSON || t->forms[0].body == WEIR__HOOK_EVENT) {
        weir_sink_rows_json(rows, weir_conn_bool(h->conn, "body.keys"), &json);
    }
    WEIR_EACH_ROW(rows->batch, i, row) {
        if (h->nulls != WEIR__HOOK_IGNORE || !weir_sink_tombstone(rows, row)) {
            render_row(h, rows, row, &json, out);
        }
    }
}
