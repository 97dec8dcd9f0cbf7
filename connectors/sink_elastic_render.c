/* Records to the two lines that a _bulk request has for each: the action, and the document. */
#include "connectors/sink_elastic.h"

#include "engine/base/hash.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"
#include "engine/data/text.h"

#define ID_BYTES_MAX 512 /* of Elasticsearch */

/* ---- ids ---- */

static void put_cell(weir_buf *out, const weir_vec *v, uint32_t row)
{
    if (!weir_vec_is_valid(v, row)) {
        return; /* of several columns; a key that is NULL as a whole has no id */
    }
    weir_value value = weir_vec_get(v, row);
    if (v->type->kind == WEIR_T_STRING) {
        weir_buf_sv(out, value.sv);
    } else if (v->type->kind == WEIR_T_BYTES) {
        weir_base64_encode(out, value.sv);
    } else if (weir_type_is_nested(v->type)) {
        weir_value_print_json(out, v->type, &value);
    } else {
        weir_value_print(out, v->type, &value);
    }
}

/* Session windows of a key come and go by both their ends, others by where they begin. */
static bool in_key(const weir_sink_rows *r, weir_role role)
{
    return role == WEIR_COL_KEY || role == WEIR_COL_WINDOWSTART ||
           (role == WEIR_COL_WINDOWEND && r->in->source->window.kind == WEIR_WINDOW_SESSION);
}

static bool put_key(const weir__es_topic *t, const weir_sink_rows *r, uint32_t row, weir_buf *out,
                    const char **why)
{
    const weir_rec *rec = weir_sink_rec(r, row);
    const weir_schema *s = r->in->schema;
    size_t from = out->n;
    if (rec->key_n == WEIR_NULL_BYTES) {
        *why = "the record has no key, so its document has no id; 'key.ignore'='true' takes the offset";
        return false;
    }
    if (s->n_keys == 0) {
        weir_sv key = weir_rec_key(r->chunk, rec);
        if (!weir_utf8_valid(key)) {
            *why = "the key is no text, so it is no id";
            return false;
        }
        weir_buf_sv(out, key);
        return true;
    }
    for (uint32_t i = 0; i < s->n; i++) {
        if (in_key(r, s->cols[i].role)) {
            weir_buf_sv(out, out->n > from ? t->delimiter : (weir_sv){0});
            put_cell(out, &r->batch->cols[i], row);
        }
    }
    return true;
}

static bool put_id(const weir__es_topic *t, const weir_sink_rows *r, uint32_t row, weir_buf *out,
                   const char **why)
{
    bool ok = true;
    switch (t->id_kind) {
    case WEIR__ES_ID_KEY: ok = put_key(t, r, row, out, why); break;
    case WEIR__ES_ID_TEMPLATE: ok = weir_template_render(t->id, r, row, out, why); break;
    case WEIR__ES_ID_OFFSET:
        weir_buf_printf(out, WEIR_SV_FMT "+%d+%lld", WEIR_SV_ARG(r->in->topic), r->partition,
                        (long long)weir_sink_offset(r, row));
        if (r->in->generation) {
            weir_buf_printf(out, "+%u", r->in->generation);
        }
        break;
    case WEIR__ES_ID_SERVER: return true;
    }
    if (ok && (out->n == 0 || out->n > ID_BYTES_MAX)) {
        *why = out->n ? "the document's id would have more than 512 bytes" : "the document's id is empty";
        return false;
    }
    return ok;
}

/* ---- the action ---- */

static bool put_version(const weir__es_topic *t, const weir_sink_rows *r, uint32_t row, weir_buf *out,
                        const char **why)
{
    size_t from = out->n;
    weir_buf_str(out, ",\"version\":");
    size_t digits = out->n;
    if (!t->version) {
        weir_buf_printf(out, "%lld", (long long)weir__es_version(r->in, weir_sink_offset(r, row)));
    } else if (weir_sink_tombstone(r, row) &&
               weir_template_needs_value(t->version, &(weir_sv){0}, &(uint32_t){0})) {
        out->n = from; /* a delete without: what comes after it has a higher one */
        return true;
    } else if (!weir_template_render(t->version, r, row, out, why)) {
        return false;
    }
    for (size_t i = digits; i < out->n; i++) {
        if (out->p[i] < '0' || out->p[i] > '9' || out->n - digits > 18) {
            *why = "the version is no whole number from 0 to 999999999999999999";
            return false;
        }
    }
    weir_buf_printf(out, ",\"version_type\":\"" WEIR_SV_FMT "\"", WEIR_SV_ARG(t->version_type));
    return true;
}

static bool put_member(const weir_template *t, const char *name, const weir_sink_rows *r, uint32_t row,
                       weir_buf *scratch, weir_buf *out, const char **why)
{
    weir_buf_reset(scratch);
    if (!weir_template_render(t, r, row, scratch, why)) {
        return false;
    }
    weir_buf_printf(out, "\"%s\":\"", name);
    weir_template_json(out, weir_buf_view(scratch));
    weir_buf_byte(out, '"');
    return true;
}

static bool put_action(const weir__es *s, const weir__es_topic *t, const weir_sink_rows *r, uint32_t row,
                       weir__es_action action, weir_buf *scratch, weir_sink_item *item, weir_buf *out,
                       const char **why)
{
    weir_buf_printf(out, "{\"%s\":{", weir__es_action_name((uint32_t)action));
    if (!put_member(t->index, "_index", r, row, scratch, out, why)) {
        return false;
    }
    weir_buf_reset(scratch);
    if (!put_id(t, r, row, scratch, why)) {
        return false;
    }
    if (scratch->n) {
        weir_buf_str(out, ",\"_id\":\"");
        weir_template_json(out, weir_buf_view(scratch));
        weir_buf_byte(out, '"');
    }
    if (t->id_kind == WEIR__ES_ID_TEMPLATE) { /* a document's records are to stay in order */
        item->lane_hash = weir_hash_sv(weir_buf_view(scratch));
    }
    if (t->version_type.n && !put_version(t, r, row, out, why)) {
        return false;
    }
    if (t->routing) {
        weir_buf_byte(out, ',');
        if (!put_member(t->routing, "routing", r, row, scratch, out, why)) {
            return false;
        }
    }
    if (action == WEIR__ES_UPDATE && s->retry_on_conflict) {
        weir_buf_printf(out, ",\"retry_on_conflict\":%u", s->retry_on_conflict);
    }
    weir_buf_str(out, "}}\n");
    return true;
}

static uint32_t aux_of(const weir__es_topic *t, weir__es_action action)
{
    uint32_t aux = (uint32_t)action;
    if (t->version_type.n) {
        return aux | WEIR__ES_VERSIONED | (t->version ? 0 : WEIR__ES_BY_OFFSET);
    }
    bool recurs = t->id_kind == WEIR__ES_ID_KEY || t->id_kind == WEIR__ES_ID_TEMPLATE;
    return recurs && action != WEIR__ES_CREATE ? aux | WEIR__ES_ORDERED : aux;
}

/* ---- the document ---- */

bool weir__es_object(weir_arena *a, weir_sv text, weir_sv *out)
{
    weir_json_doc d;
    weir_json_token root;
    if (!weir_json_open(&d, a, text) || !weir_json_root(&d, &root) || root.kind != WEIR_JSON_OBJECT) {
        return false;
    }
    *out = root.text;
    if (memchr(out->p, '\n', out->n) || memchr(out->p, '\r', out->n)) { /* not inside of strings */
        char *line = weir_arena_cstr(a, *out);
        for (uint32_t i = 0; i < out->n; i++) {
            line[i] = line[i] == '\n' || line[i] == '\r' ? ' ' : line[i];
        }
        out->p = line;
    }
    return true;
}

bool weir__es_has_member(weir_arena *a, weir_sv object, const char *name)
{
    weir_json_doc d;
    weir_json_token root;
    weir_json_token key;
    weir_json_token value;
    if (weir_sv_find(object, weir_sv_cstr(name), 0) < 0 || !weir_json_open(&d, a, object) ||
        !weir_json_root(&d, &root)) {
        return false;
    }
    for (weir_json_iter it = weir_json_first(&root); weir_json_next(&d, &it, &key, &value);) {
        if (weir_sv_eq(weir_json_string_of(a, &key), weir_sv_cstr(name))) {
            return true;
        }
    }
    return false;
}

static void put_time(const weir__es_topic *t, const weir_sink_rows *r, uint32_t row, weir_buf *out)
{
    weir_json_string(out, t->time_name);
    weir_buf_byte(out, ':');
    for (uint32_t i = 0; i < t->n_times; i++) {
        const weir_vec *v = &r->batch->cols[t->times[i]];
        if (weir_vec_is_valid(v, row)) {
            weir_value value = weir_vec_get(v, row);
            weir_value_print_json(out, v->type, &value);
            return;
        }
    }
    weir_buf_printf(out, "%lld", (long long)weir_sink_rec(r, row)->timestamp);
}

static bool put_document(const weir__es_topic *t, const weir_sink_rows *r, uint32_t row, weir_sv json,
                         weir__es_action action, weir_buf *out, const char **why)
{
    weir_sv object = {0};
    if (!weir__es_object(r->batch->arena, json, &object)) {
        *why = "its value is no JSON object";
        return false;
    }
    weir_buf_str(out, action == WEIR__ES_UPDATE ? "{\"doc\":" : "");
    if (t->time_name.n &&
        !weir__es_has_member(r->batch->arena, object, weir_arena_cstr(r->batch->arena, t->time_name))) {
        weir_sv rest = weir_sv_trim(weir_sv_of(object.p + 1, object.n - 1));
        weir_buf_byte(out, '{');
        put_time(t, r, row, out);
        weir_buf_str(out, rest.n > 1 ? "," : "");
        weir_buf_sv(out, rest);
    } else {
        weir_buf_sv(out, object);
    }
    weir_buf_str(out, action == WEIR__ES_UPDATE ? ",\"doc_as_upsert\":true}\n" : "\n");
    return true;
}

/* ---- records ---- */

static void spoil(const weir__es *s, weir_sink_parcel *out, weir_sink_item *item, const char *why)
{
    if (s->spoiled == WEIR__ES_SPOILED_FAIL || out->told_poison) {
        weir_sink_poison(out, item, "%s", why);
        return;
    }
    out->bytes.n = item->at;
    out->bytes.over = false;
    weir_sink_skip(out);
    if (s->spoiled == WEIR__ES_SPOILED_WARN) {
        weir_conn_trouble(s->conn, "topic " WEIR_SV_FMT ", partition %d, offset %lld was skipped: %s",
                          WEIR_SV_ARG(out->in->topic), out->partition,
                          (long long)weir_sink_item_offset(item), why);
    }
}

void weir__es_render(void *self, const weir_sink_rows *rows, weir_sink_parcel *out)
{
    const weir__es *s = self;
    const weir__es_topic *t = rows->in->bound;
    weir_sink_json json;
    weir_buf scratch = {0};
    weir_sink_rows_json(rows, t->keys, &json);
    WEIR_EACH_ROW(rows->batch, i, row) {
        const char *why = NULL;
        bool gone = weir_sink_tombstone(rows, row);
        if (gone && t->nulls == WEIR__ES_NULLS_IGNORE) {
            continue;
        }
        weir__es_action action = gone ? WEIR__ES_DELETE : t->write;
        weir_sink_item *item = weir_sink_begin(out, rows, row);
        if (gone && t->nulls == WEIR__ES_NULLS_FAIL) {
            spoil(s, out, item, "it has no value ('behavior.on.null.values' is fail)");
        } else if (!put_action(s, t, rows, row, action, &scratch, item, &out->bytes, &why) ||
                   (!gone && !put_document(t, rows, row, json.rows[row], action, &out->bytes, &why))) {
            spoil(s, out, item, why);
        } else {
            item->aux = aux_of(t, action);
            weir_sink_end(out, item);
        }
    }
    weir_buf_deinit(&scratch);
}
