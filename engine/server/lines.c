/* Lines of JSON ↔ records. See lines.h. */
#include "engine/server/lines.h"

#include "engine/data/json.h"
#include "engine/data/json_text.h"
#include "engine/data/text.h"

/* One side (key or value) that is neither JSON nor text: goes through its column's type. */
typedef struct side {
    weir_format_kind kind;
    const weir_type *type;   /* of the single column; NULL: text */
    const weir_format *json, *own;
    void *from_json, *to_own, *from_own;
    weir_buf text, bytes;
} side;

struct weir_lines {
    weir_arena arena; /* codecs */
    weir_arena step;  /* one line */
    side key, value;
    weir_window window;
    bool has_window;
    bool wary, base64;
    weir_buf headers;
};

static weir_rc open_side(weir_lines *l, weir_session *s, const weir_source *src, bool key,
                         side *out, weir_status *st)
{
    static const weir_format_spec json = {
        .kind = WEIR_FMT_JSON, .wrap = WEIR_WRAP_NO, .delimiter = ','};
    const weir_format_spec *spec = key ? &src->key_format : &src->value_format;
    out->kind = spec->kind;
    if (spec->kind != WEIR_FMT_KAFKA) {
        return WEIR_OK;
    }
    const weir_column *col = NULL;
    for (uint32_t i = 0; i < src->schema->n && !col; i++) {
        if (src->schema->cols[i].role == (key ? WEIR_COL_KEY : WEIR_COL_VALUE)) {
            col = &src->schema->cols[i];
        }
    }
    if (!col) {
        return WEIR_OK;
    }
    out->type = col->type;
    const weir_formats *formats = weir_session_formats(s);
    out->json = formats->by_kind[WEIR_FMT_JSON];
    out->own = formats->by_kind[WEIR_FMT_KAFKA];
    weir_codec_spec as_json = {.format = &json, .is_key = key, .n = 1, .cols = col};
    weir_codec_spec as_own = {.format = spec, .is_key = key, .n = 1, .cols = col};
    WEIR_TRY(out->json->decoder_new(&l->arena, &as_json, &out->from_json, st));
    WEIR_TRY(out->own->encoder_new(&l->arena, &as_own, &out->to_own, st));
    return out->own->decoder_new(&l->arena, &as_own, &out->from_own, st);
}

weir_rc weir_lines_new(weir_session *s, const weir_source *source, weir_lines **out,
                       weir_status *st)
{
    weir_lines *l = weir_zalloc(sizeof *l);
    weir_arena_init(&l->arena);
    weir_arena_init(&l->step);
    l->key.kind = WEIR_FMT_KAFKA;
    l->value.kind = WEIR_FMT_JSON;
    l->wary = !source;
    weir_rc rc = WEIR_OK;
    if (source) {
        l->has_window = source->window.kind != WEIR_WINDOW_NONE;
        l->window = source->window;
        rc = open_side(l, s, source, true, &l->key, st);
        rc = rc ? rc : open_side(l, s, source, false, &l->value, st);
    }
    if (rc != WEIR_OK) {
        weir_lines_free(l);
        return rc;
    }
    *out = l;
    return WEIR_OK;
}

void weir_lines_free(weir_lines *l)
{
    if (!l) {
        return;
    }
    weir_buf_deinit(&l->key.text);
    weir_buf_deinit(&l->key.bytes);
    weir_buf_deinit(&l->value.text);
    weir_buf_deinit(&l->value.bytes);
    weir_buf_deinit(&l->headers);
    weir_arena_deinit(&l->arena);
    weir_arena_deinit(&l->step);
    weir_free(l);
}

void weir_lines_trust_nothing(weir_lines *l)
{
    l->wary = true;
}

void weir_lines_base64(weir_lines *l)
{
    l->base64 = true;
}

/* ---- reading ---- */

/* The text of a value as it stands in the line. */
static weir_sv raw_text(const weir_json_token *t)
{
    switch ((weir_json_kind)t->kind) {
    case WEIR_JSON_STRING:
        return weir_sv_of(t->text.p - 1, t->text.n + 2);
    case WEIR_JSON_ARRAY:
    case WEIR_JSON_OBJECT:
    case WEIR_JSON_INT:
    case WEIR_JSON_DECIMAL:
        return t->text;
    case WEIR_JSON_TRUE:
        return WEIR_SV("true");
    case WEIR_JSON_FALSE:
        return WEIR_SV("false");
    case WEIR_JSON_ABSENT:
    case WEIR_JSON_NULL:
    case WEIR_JSON_KINDS:
        break;
    }
    return WEIR_SV("null");
}

static weir_rc through_type(weir_lines *l, side *s, weir_sv text, weir_sv *out, weir_status *st)
{
    weir_vec v;
    weir_bad_rows bad = {0};
    weir_vec_init(&v, &l->step, s->type);
    weir_buf_reset(&s->text);
    weir_buf_sv(&s->text, text);
    weir_buf_reserve(&s->text, WEIR_CHUNK_PADDING);
    weir_sv in = weir_buf_view(&s->text);
    s->json->decode(s->from_json, &in, 0, 1, &v, &l->step, &bad);
    if (bad.n) {
        weir_sv type = weir_type_name(&l->step, s->type);
        return weir_fail(st, WEIR_EDATA, WEIR_SV_FMT " does not fit " WEIR_SV_FMT,
                         WEIR_SV_ARG(text), WEIR_SV_ARG(type));
    }
    uint16_t row = 0;
    uint32_t end = 0;
    uint64_t null[WEIR_BITS_WORDS] = {0};
    weir_buf_reset(&s->bytes);
    s->own->encode(s->to_own, &v, &row, 1, &s->bytes, &end, null);
    *out = weir_bit(null, 0) ? (weir_sv){NULL, WEIR_NULL_BYTES} : weir_buf_view(&s->bytes);
    return WEIR_OK;
}

static weir_rc from_base64(weir_lines *l, const weir_json_token *t, weir_sv *out, weir_status *st)
{
    weir_buf bytes = {0};
    bool good = t->kind == WEIR_JSON_STRING &&
                weir_base64_decode(&bytes, weir_json_string_of(&l->step, t));
    *out = weir_arena_sv(&l->step, weir_buf_view(&bytes));
    weir_buf_deinit(&bytes);
    return good ? WEIR_OK : weir_fail(st, WEIR_EDATA, "a key or value that is no base64 string");
}

static weir_rc side_bytes(weir_lines *l, side *s, const weir_json_token *t, weir_sv *out,
                          weir_status *st)
{
    if (t->kind == WEIR_JSON_ABSENT || t->kind == WEIR_JSON_NULL) {
        *out = (weir_sv){NULL, WEIR_NULL_BYTES};
        return WEIR_OK;
    }
    if (l->base64) {
        return from_base64(l, t, out, st);
    }
    weir_sv text = raw_text(t);
    if (s->kind == WEIR_FMT_KAFKA && s->type && s->type->kind != WEIR_T_STRING) {
        return through_type(l, s, text, out, st);
    }
    if (s->kind != WEIR_FMT_JSON && t->kind == WEIR_JSON_STRING) {
        text = weir_json_string_of(&l->step, t);
    }
    *out = text;
    return WEIR_OK;
}

static weir_rc add_header(weir_lines *l, weir_sv name, const weir_json_token *v, weir_status *st)
{
    if (v->kind != WEIR_JSON_STRING && v->kind != WEIR_JSON_NULL) {
        return weir_fail(st, WEIR_EDATA, "the value of header " WEIR_SV_FMT " must be a string or "
                                         "null", WEIR_SV_ARG(name));
    }
    bool null = v->kind == WEIR_JSON_NULL;
    weir_sv value = {0};
    if (!null && l->base64) {
        WEIR_TRY(from_base64(l, v, &value, st));
    } else if (!null) {
        value = weir_json_string_of(&l->step, v);
    }
    weir_headers_add(&l->headers, name, value, null);
    return WEIR_OK;
}

/* {"name":"text"} or [["name","text"], …]. */
static weir_rc read_headers(weir_lines *l, weir_json_doc *d, const weir_json_token *t,
                            weir_status *st)
{
    weir_buf_reset(&l->headers);
    if (t->kind == WEIR_JSON_NULL) {
        return WEIR_OK;
    }
    if (t->kind != WEIR_JSON_OBJECT && t->kind != WEIR_JSON_ARRAY) {
        return weir_fail(st, WEIR_EDATA, "headers must be an object, or an array of pairs");
    }
    weir_json_iter it = weir_json_first(t);
    weir_json_token name;
    weir_json_token v;
    while (weir_json_next(d, &it, &name, &v)) {
        if (t->kind == WEIR_JSON_OBJECT) {
            WEIR_TRY(add_header(l, weir_json_string_of(&l->step, &name), &v, st));
            continue;
        }
        weir_json_token pair[2];
        uint32_t n = 0;
        if (v.kind == WEIR_JSON_ARRAY) {
            weir_json_iter in = weir_json_first(&v);
            weir_json_token item;
            while (weir_json_next(d, &in, NULL, &item)) {
                if (n < 2) {
                    pair[n] = item;
                }
                n++;
            }
        }
        if (n != 2 || pair[0].kind != WEIR_JSON_STRING) {
            return weir_fail(st, WEIR_EDATA, "headers must be an object, or an array of pairs");
        }
        WEIR_TRY(add_header(l, weir_json_string_of(&l->step, &pair[0]), &pair[1], st));
    }
    return WEIR_OK;
}

static weir_rc read_number(const weir_json_token *v, const char *what, int64_t most, int64_t *out,
                           weir_status *st)
{
    if (v->kind != WEIR_JSON_INT || v->text.n > 18) {
        return weir_fail(st, WEIR_EDATA, "%s must be a whole number", what);
    }
    *out = weir_json_to_i64(v);
    return *out >= 0 && *out <= most
               ? WEIR_OK
               : weir_fail(st, WEIR_EDATA, "%s %lld is out of range", what, (long long)*out);
}

weir_rc weir_lines_parse(weir_lines *l, weir_sv line, weir_line_record *out, weir_status *st)
{
    static const weir_sv null = {NULL, WEIR_NULL_BYTES};
    weir_arena_reset(&l->step);
    *out = (weir_line_record){.key = null, .value = null, .partition = -1};
    weir_json_doc d;
    weir_json_token root;
    if (!weir_json_open(&d, &l->step, line) || !weir_json_root(&d, &root) ||
        root.kind != WEIR_JSON_OBJECT) {
        return weir_fail(st, WEIR_EDATA, "not a JSON object%s%s", d.error ? ": " : "",
                         d.error ? d.error : "");
    }
    weir_json_iter it = weir_json_first(&root);
    weir_json_token name;
    weir_json_token v;
    weir_json_token key = {.kind = WEIR_JSON_ABSENT};
    weir_json_token value = {.kind = WEIR_JSON_ABSENT};
    bool has_value = false;
    bool has_raw = false;
    while (weir_json_next(&d, &it, &name, &v)) {
        weir_sv field = weir_json_string_of(&l->step, &name);
        int64_t number = 0;
        if (weir_sv_eq(field, WEIR_SV("key"))) {
            key = v;
        } else if (weir_sv_eq(field, WEIR_SV("value"))) {
            has_value = true;
            value = v;
        } else if (weir_sv_eq(field, WEIR_SV("raw"))) {
            if (v.kind != WEIR_JSON_STRING) {
                return weir_fail(st, WEIR_EDATA, "raw must be a string");
            }
            has_raw = true;
            out->value = weir_json_string_of(&l->step, &v);
        } else if (weir_sv_eq(field, WEIR_SV("timestamp"))) {
            WEIR_TRY(read_number(&v, "timestamp", INT64_MAX, &out->timestamp, st));
            out->has_timestamp = true;
        } else if (weir_sv_eq(field, WEIR_SV("partition"))) {
            WEIR_TRY(read_number(&v, "partition", WEIR_PARTITIONS_MAX, &number, st));
            out->partition = (int32_t)number;
        } else if (weir_sv_eq(field, WEIR_SV("headers"))) {
            WEIR_TRY(read_headers(l, &d, &v, st));
            out->headers = weir_buf_view(&l->headers);
        } else if (!weir_sv_eq(field, WEIR_SV("offset")) && !weir_sv_eq(field, WEIR_SV("window"))) {
            return weir_fail(st, WEIR_EDATA, "unknown field \"" WEIR_SV_FMT "\": known are key, "
                             "value, raw, timestamp, headers, partition", WEIR_SV_ARG(field));
        }
    }
    if (d.error) {
        return weir_fail(st, WEIR_EDATA, "not JSON: %s", d.error);
    }
    if (has_value && has_raw) {
        return weir_fail(st, WEIR_EDATA, "both value and raw are given");
    }
    /* Only now: a codec may open a document of its own, which ends this one. */
    WEIR_TRY(side_bytes(l, &l->key, &key, &out->key, st));
    return has_raw ? WEIR_OK : side_bytes(l, &l->value, &value, &out->value, st);
}

/* ---- writing ---- */

/* Bytes as a JSON string. */
static void print_text(weir_lines *l, weir_buf *out, weir_sv bytes)
{
    if (l->base64) {
        weir_buf_byte(out, '"');
        weir_base64_encode(out, bytes);
        weir_buf_byte(out, '"');
        return;
    }
    bool repair = l->wary && !weir_utf8_valid(bytes);
    weir_json_string(out, repair ? weir_utf8_repair(&l->step, bytes) : bytes);
}

static bool is_json(weir_lines *l, weir_sv bytes)
{
    const weir_json_node *v;
    weir_status st;
    return weir_json_parse(&l->step, bytes, NULL, &v, &st) == WEIR_OK;
}

static void print_side(weir_lines *l, side *s, weir_buf *out, weir_sv bytes)
{
    if (s->kind == WEIR_FMT_JSON && !l->base64) {
        size_t from = out->n;
        weir_buf_sv(out, bytes.n ? bytes : WEIR_SV("null"));
        for (size_t i = from; l->wary && i < out->n; i++) { /* white space: strings have none */
            out->p[i] = out->p[i] == '\n' || out->p[i] == '\r' ? ' ' : out->p[i];
        }
        return;
    }
    if (s->kind == WEIR_FMT_KAFKA && s->type && s->type->kind != WEIR_T_STRING && !l->base64) {
        weir_vec v;
        weir_bad_rows bad = {0};
        weir_vec_init(&v, &l->step, s->type);
        s->own->decode(s->from_own, &bytes, 0, 1, &v, &l->step, &bad);
        weir_value boxed = weir_vec_get(&v, 0);
        if (!bad.n) {
            weir_value_print_json(out, s->type, &boxed);
            return;
        }
    }
    print_text(l, out, bytes);
}

static int64_t read_be64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return (int64_t)__builtin_bswap64(v);
}

/* Takes the window off the key bytes. */
static void print_window(const weir_lines *l, weir_buf *out, weir_sv *key)
{
    bool session = l->window.kind == WEIR_WINDOW_SESSION;
    uint32_t n = session ? 16 : 8;
    if (!l->has_window || l->base64 || key->n < n) {
        return;
    }
    key->n -= n;
    const char *p = key->p + key->n;
    int64_t start = read_be64(session ? p + 8 : p);
    int64_t end = session ? read_be64(p) : start + l->window.size_ms;
    weir_buf_printf(out, ",\"window\":{\"start\":%lld,\"end\":%lld}", (long long)start,
                    (long long)end);
}

static void print_headers(weir_lines *l, weir_buf *out, weir_sv bytes)
{
    if (bytes.n == 0) {
        return;
    }
    weir_reader in = weir_reader_of(bytes);
    weir_header h;
    weir_buf_str(out, ",\"headers\":[");
    for (bool first = true; weir_headers_next(&in, &h); first = false) {
        weir_buf_str(out, first ? "[" : ",[");
        weir_json_string(out, h.name);
        weir_buf_byte(out, ',');
        if (h.null) {
            weir_buf_str(out, "null");
        } else {
            print_text(l, out, h.value);
        }
        weir_buf_byte(out, ']');
    }
    weir_buf_byte(out, ']');
}

void weir_lines_print(weir_lines *l, weir_buf *out, const weir_chunk *c, const weir_rec *r,
                      int32_t partition)
{
    weir_arena_reset(&l->step);
    weir_sv key = {c->bytes + r->key_at, r->key_n};
    weir_buf window = {0};
    weir_buf_str(out, "{\"key\":");
    if (key.n == WEIR_NULL_BYTES) {
        weir_buf_str(out, "null");
    } else {
        print_window(l, &window, &key);
        if (l->wary && l->key.kind == WEIR_FMT_JSON && !is_json(l, key)) {
            print_text(l, out, key);
        } else {
            print_side(l, &l->key, out, key);
        }
    }
    weir_sv value = weir_rec_value(c, r);
    bool raw = l->wary && !l->base64 && l->value.kind == WEIR_FMT_JSON &&
               r->value_n != WEIR_NULL_BYTES && !is_json(l, value);
    weir_buf_str(out, raw ? ",\"raw\":" : ",\"value\":");
    if (r->value_n == WEIR_NULL_BYTES) {
        weir_buf_str(out, "null");
    } else if (raw) {
        print_text(l, out, value);
    } else {
        print_side(l, &l->value, out, value);
    }
    weir_buf_printf(out, ",\"timestamp\":%lld,\"partition\":%d", (long long)r->timestamp,
                    partition);
    weir_buf_sv(out, weir_buf_view(&window));
    print_headers(l, out, weir_sv_of(c->bytes + r->headers_at, r->headers_n));
    weir_buf_byte(out, '}');
    weir_buf_deinit(&window);
}
