/* See template.h. A template is a list of parts: literal text, or what is put in and how. */
#include "connectors/template.h"

#include "engine/base/nearest.h"
#include "engine/data/datetime.h"
#include "engine/data/json_text.h"
#include "engine/data/text.h"

#include <ctype.h>

#define INDEX_BYTES_MAX 255 /* of Elasticsearch */
#define SEGMENT_BYTES_MAX 255 /* of file systems */

typedef enum what {
    LITERAL,
    COLUMN,
    KEY,
    VALUE,
    TOPIC,
    PARTITION,
    OFFSET,
    TIMESTAMP,
    CONNECTOR,
    HEADER,
} what;

typedef enum how { BY_PLACE, AS_JSON, AS_URL, AS_RAW, AS_TIME } how;

typedef struct part {
    what what;
    how how;
    bool quoted;   /* JSON: inside of a string */
    uint32_t col;  /* COLUMN */
    uint32_t at;   /* of its name in the text */
    weir_sv text;  /* LITERAL: text · HEADER: name · AS_TIME: format */
} part;

struct weir_template {
    weir_template_place place;
    const weir_sink_input *in;
    part *parts;
    uint32_t n, cap;
};

/* ---- compiling ---- */

static weir_rc fail_at(uint32_t *at, uint32_t *n, uint32_t from, uint32_t len)
{
    *at = from;
    *n = len;
    return WEIR_EUSAGE;
}

static int32_t column_of(const weir_schema *s, weir_sv name)
{
    int32_t col = weir_schema_find(s, name);
    for (uint32_t i = 0; col < 0 && i < s->n; i++) {
        col = weir_sv_ieq(s->cols[i].name, name) ? (int32_t)i : -1;
    }
    return col;
}

static bool word_of(weir_sv name, what *out)
{
    static const struct {
        const char *name;
        what what;
    } words[] = {{"key", KEY},           {"value", VALUE},         {"topic", TOPIC},
                 {"partition", PARTITION}, {"offset", OFFSET},     {"timestamp", TIMESTAMP},
                 {"connector", CONNECTOR}};
    for (size_t i = 0; i < WEIR_COUNT(words); i++) {
        if (weir_sv_eq(name, weir_sv_cstr(words[i].name))) {
            *out = words[i].what;
            return true;
        }
    }
    return false;
}

static bool is_time(const weir_type *t)
{
    return t->kind == WEIR_T_TIMESTAMP || t->kind == WEIR_T_BIGINT || t->kind == WEIR_T_DATE;
}

static weir_rc how_of(const weir_template *t, part *p, weir_sv word, weir_status *st)
{
    static const struct {
        const char *name;
        enum how how;
    } hows[] = {{"json", AS_JSON}, {"url", AS_URL}, {"raw", AS_RAW}};
    for (size_t i = 0; i < WEIR_COUNT(hows); i++) {
        if (weir_sv_eq(word, weir_sv_cstr(hows[i].name))) {
            p->how = hows[i].how;
            return WEIR_OK;
        }
    }
    weir_buf probe = {0};
    bool time = word.n && memchr(word.p, '%', word.n) && weir_template_time(&probe, word, 0);
    weir_buf_deinit(&probe);
    if (!time) {
        return weir_fail(st, WEIR_EUSAGE, "`" WEIR_SV_FMT "` is neither json, url, raw nor a time as "
                         "%%Y.%%m.%%d", WEIR_SV_ARG(word));
    }
    if (p->what != TIMESTAMP &&
        (p->what != COLUMN || !is_time(t->in->schema->cols[p->col].type))) {
        return weir_fail(st, WEIR_EUSAGE, "this is no time");
    }
    p->how = AS_TIME;
    p->text = word;
    return WEIR_OK;
}

/* The names there are, for the message. */
static void add_names(weir_status *st, const weir_schema *s, weir_sv name)
{
    weir_sv names[256];
    uint32_t n = s->n < WEIR_COUNT(names) ? s->n : (uint32_t)WEIR_COUNT(names);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = s->cols[i].name;
    }
    int64_t near = weir_nearest(name, names, n);
    if (near >= 0) {
        weir_hint(st, "did you mean ${" WEIR_SV_FMT "}?", WEIR_SV_ARG(names[near]));
    }
}

/* What stands between ${ and }. */
static weir_rc compile_one(const weir_template *t, weir_sv inner, part *p, weir_status *st)
{
    const char *colon = inner.n ? memchr(inner.p, ':', inner.n) : NULL;
    weir_sv name = colon ? weir_sv_of(inner.p, (size_t)(colon - inner.p)) : inner;
    weir_sv rest = colon ? weir_sv_of(colon + 1, inner.n - name.n - 1) : (weir_sv){0};
    int32_t col = column_of(t->in->schema, name);
    if (col >= 0) {
        p->what = COLUMN;
        p->col = (uint32_t)col;
    } else if (weir_sv_eq(name, WEIR_SV("header")) && rest.n) {
        p->what = HEADER;
        p->text = rest;
        return WEIR_OK;
    } else if (!word_of(name, &p->what)) {
        weir_fail(st, WEIR_EUSAGE, WEIR_SV_FMT " is no column of topic " WEIR_SV_FMT,
                  WEIR_SV_ARG(name), WEIR_SV_ARG(t->in->topic));
        add_names(st, t->in->schema, name);
        return WEIR_EUSAGE;
    }
    return colon ? how_of(t, p, rest, st) : WEIR_OK;
}

/* Whether a string is open behind this text. */
static bool open_string(weir_sv text, bool open)
{
    for (uint32_t i = 0; i < text.n; i++) {
        if (open && text.p[i] == '\\') {
            i++;
        } else if (text.p[i] == '"') {
            open = !open;
        }
    }
    return open;
}

static void add_literal(weir_arena *a, weir_template *t, weir_sv text)
{
    if (text.n) {
        part p = {.what = LITERAL, .text = text};
        WEIR_PUSH(a, t->parts, t->n, t->cap, p);
    }
}

weir_rc weir_template_compile(weir_arena *a, const weir_sink_input *in, weir_sv text,
                              weir_template_place place, weir_template **out, uint32_t *at, uint32_t *n,
                              weir_status *st)
{
    weir_template *t = WEIR_NEW(a, weir_template);
    *t = (weir_template){.place = place, .in = in};
    text = weir_arena_sv(a, text);
    bool quoted = false;
    uint32_t from = 0;
    for (uint32_t i = 0; i + 1 < text.n; i++) {
        if (text.p[i] != '$' || (text.p[i + 1] != '{' && text.p[i + 1] != '$')) {
            continue;
        }
        if (text.p[i + 1] == '$') { /* $${: the second one stands for itself */
            if (i + 2 < text.n && text.p[i + 2] == '{') {
                add_literal(a, t, weir_sv_of(text.p + from, i - from));
                from = i + 1;
                i += 2;
            }
            continue;
        }
        const char *end = memchr(text.p + i, '}', text.n - i);
        if (!end) {
            weir_fail(st, WEIR_EUSAGE, "${ without }; $${ stands for the characters ${");
            return fail_at(at, n, i, 2);
        }
        weir_sv before = weir_sv_of(text.p + from, i - from);
        add_literal(a, t, before);
        quoted = open_string(before, quoted);
        part p = {.quoted = quoted, .at = i + 2};
        weir_sv inner = weir_sv_of(text.p + i + 2, (size_t)(end - text.p) - i - 2);
        if (compile_one(t, inner, &p, st) != WEIR_OK) {
            return fail_at(at, n, i + 2, inner.n ? inner.n : 1);
        }
        WEIR_PUSH(a, t->parts, t->n, t->cap, p);
        i = (uint32_t)(end - text.p);
        from = i + 1;
    }
    add_literal(a, t, weir_sv_of(text.p + from, text.n - from));
    *out = t;
    return WEIR_OK;
}

weir_rc weir_template_option(const weir_sink_input *in, const char *option, weir_template_place place,
                             weir_template **out, weir_status *st)
{
    uint32_t at = 0;
    uint32_t n = 0;
    weir_status why;
    weir_status_reset(&why);
    if (weir_template_compile(weir_conn_arena(in->conn), in, weir_conn_text(in->conn, option), place,
                              out, &at, &n, &why) == WEIR_OK) {
        return WEIR_OK;
    }
    weir_rc rc = weir_conn_refuse(in->conn, option, at, n, st, "%s", why.msg);
    return why.hint[0] ? weir_hint(st, "%s", why.hint) : rc;
}

bool weir_template_constant(const weir_template *t, weir_sv *text)
{
    if (t->n > 1 || (t->n == 1 && t->parts[0].what != LITERAL)) {
        return false;
    }
    *text = t->n ? t->parts[0].text : (weir_sv){0};
    return true;
}

bool weir_template_needs_value(const weir_template *t, weir_sv *name, uint32_t *at)
{
    for (uint32_t i = 0; i < t->n; i++) {
        const part *p = &t->parts[i];
        const weir_column *c = p->what == COLUMN ? &t->in->schema->cols[p->col] : NULL;
        if (p->what == VALUE || (c && c->role == WEIR_COL_VALUE)) {
            *name = c ? c->name : WEIR_SV("value");
            *at = p->at;
            return true;
        }
    }
    return false;
}

/* ---- rendering ---- */

static void put_json_string(weir_buf *out, weir_sv text)
{
    weir_arena a;
    if (weir_utf8_valid(text)) {
        weir_json_string(out, text);
        return;
    }
    weir_arena_init(&a);
    weir_json_string(out, weir_utf8_repair(&a, text));
    weir_arena_deinit(&a);
}

void weir_template_json(weir_buf *out, weir_sv text)
{
    size_t from = out->n;
    put_json_string(out, text);
    if (out->over || out->n < from + 2) {
        return;
    }
    memmove(out->p + from, out->p + from + 1, out->n - from - 2); /* without its quotes */
    out->n -= 2;
}

void weir_template_url(weir_buf *out, weir_sv text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c < 0x80 && isalnum(c)) || c == '-' || c == '.' || c == '_' || c == '~') {
            weir_buf_byte(out, (char)c);
        } else {
            const char coded[3] = {'%', hex[c >> 4], hex[c & 15]};
            weir_buf_add(out, coded, 3);
        }
    }
}

bool weir_template_time(weir_buf *out, weir_sv format, int64_t ms)
{
    int64_t day = weir_floor_div(ms, WEIR_MS_PER_DAY);
    int64_t in_day = weir_floor_mod(ms, WEIR_MS_PER_DAY);
    weir_civil d = weir_civil_from_days(day);
    for (uint32_t i = 0; i < format.n; i++) {
        if (format.p[i] != '%') {
            weir_buf_byte(out, format.p[i]);
            continue;
        }
        switch (++i < format.n ? format.p[i] : 0) {
        case 'Y': weir_buf_printf(out, "%04lld", (long long)d.year); break;
        case 'y': weir_buf_printf(out, "%02d", (int)weir_floor_mod(d.year, 100)); break;
        case 'm': weir_buf_printf(out, "%02d", d.month); break;
        case 'd': weir_buf_printf(out, "%02d", d.day); break;
        case 'H': weir_buf_printf(out, "%02d", (int)(in_day / 3600000)); break;
        case 'M': weir_buf_printf(out, "%02d", (int)(in_day / 60000 % 60)); break;
        case 'S': weir_buf_printf(out, "%02d", (int)(in_day / 1000 % 60)); break;
        case 'L': weir_buf_printf(out, "%03d", (int)(in_day % 1000)); break;
        case 'j':
            weir_buf_printf(out, "%03d", (int)(day - weir_days_from_civil(d.year, 1, 1)) + 1);
            break;
        case 's': weir_buf_printf(out, "%lld", (long long)weir_floor_div(ms, 1000)); break;
        case 'Q': weir_buf_printf(out, "%lld", (long long)ms); break;
        case '%': weir_buf_byte(out, '%'); break;
        default: return false;
        }
    }
    return true;
}

/* Where there is room for a value's text before it is escaped. */
static bool put_null(const weir_template *t, const part *p, weir_buf *out, const char **why)
{
    if (t->place == WEIR_TEMPLATE_JSON && !p->quoted && p->how != AS_URL) {
        weir_buf_str(out, "null");
        return true;
    }
    if (t->place == WEIR_TEMPLATE_JSON || t->place == WEIR_TEMPLATE_BODY) {
        return true;
    }
    *why = p->what == COLUMN ? "a column of its template is NULL" : "a part of its template is null";
    return false;
}

/* An index name: what Elasticsearch refuses is refused here, once for each record. */
static bool put_index(weir_buf *out, weir_sv text, const char **why)
{
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if ((unsigned char)c < ' ' || strchr("\\/*?\"<>| ,#:", c)) {
            *why = "the index name would hold a character that is not allowed there";
            return false;
        }
        weir_buf_byte(out, (char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
    return true;
}

/* Part of a path segment: whatever would leave it becomes %XX. */
static void put_segment(weir_buf *out, weir_sv text, bool begins)
{
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < ' ' || c == '/' || c == '\\' || c == 0x7f || c == '%' || (begins && i == 0 && c == '.')) {
            weir_buf_printf(out, "%%%02X", c);
        } else {
            weir_buf_byte(out, (char)c);
        }
    }
}

static bool put_header(weir_buf *out, weir_sv text, const char **why)
{
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            *why = "a header's value would hold a control character";
            return false;
        }
    }
    weir_buf_sv(out, text);
    return true;
}

/* `json`: the text is JSON already (a number, a boolean, nested data). */
static bool put_text(const weir_template *t, const part *p, weir_sv text, bool json, weir_buf *out,
                     const char **why)
{
    switch (p->how) {
    case AS_URL: weir_template_url(out, text); return true;
    case AS_JSON: weir_template_json(out, text); return true;
    case AS_RAW: weir_buf_sv(out, text); return true;
    case AS_TIME:
    case BY_PLACE: break;
    }
    switch (t->place) {
    case WEIR_TEMPLATE_PLAIN:
    case WEIR_TEMPLATE_BODY: weir_buf_sv(out, text); return true;
    case WEIR_TEMPLATE_JSON:
        if (p->quoted) {
            weir_template_json(out, text);
        } else if (json) {
            weir_buf_sv(out, text);
        } else {
            put_json_string(out, text);
        }
        return true;
    case WEIR_TEMPLATE_URL: weir_template_url(out, text); return true;
    case WEIR_TEMPLATE_INDEX: return put_index(out, text, why);
    case WEIR_TEMPLATE_PATH:
        put_segment(out, text, out->n == 0 || out->p[out->n - 1] == '/');
        return true;
    case WEIR_TEMPLATE_HEADER: return put_header(out, text, why);
    }
    return true;
}

/* A value that is no text: printed as CAST(x AS STRING) does; nested ones, and all JSON wants, as JSON. */
static bool put_value(const weir_template *t, const part *p, const weir_sink_rows *r,
                      const weir_value *v, weir_buf *out, const char **why)
{
    const weir_type *type = t->in->schema->cols[p->col].type;
    bool nested = type->kind == WEIR_T_ARRAY || type->kind == WEIR_T_MAP || type->kind == WEIR_T_STRUCT;
    bool json = nested || (t->place == WEIR_TEMPLATE_JSON && !p->quoted && p->how == BY_PLACE);
    weir_buf text = {0};
    if (p->how == AS_TIME) {
        int64_t ms = type->kind == WEIR_T_DATE ? v->i32 * WEIR_MS_PER_DAY : v->i64;
        weir_template_time(&text, p->text, ms);
        json = false;
    } else if (json) {
        weir_value_print_json(&text, type, v);
    } else if (type->kind == WEIR_T_BYTES) {
        weir_base64_encode(&text, v->sv);
    } else {
        weir_value_print(&text, type, v);
    }
    bool ok = put_text(t, p, weir_buf_view(&text), json, out, why);
    weir_buf_deinit(&text);
    (void)r;
    return ok;
}

static bool put_int(const weir_template *t, const part *p, int64_t v, weir_buf *out, const char **why)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t left = v < 0 ? (uint64_t)-v : (uint64_t)v;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0) {
        *--at = '-';
    }
    return put_text(t, p, weir_sv_of(at, (size_t)(digits + sizeof digits - at)), true, out, why);
}

static bool put_column(const weir_template *t, const part *p, const weir_sink_rows *r, uint32_t row,
                       weir_buf *out, const char **why)
{
    const weir_vec *v = &r->batch->cols[p->col];
    if (!weir_vec_is_valid(v, row)) {
        return put_null(t, p, out, why);
    }
    if (p->how != AS_TIME) { /* what is frequent goes without a value and a buffer */
        if (v->type->kind == WEIR_T_STRING) {
            return put_text(t, p, WEIR_AT(weir_sv, v, row), false, out, why);
        }
        if (v->type->kind == WEIR_T_BIGINT) {
            return put_int(t, p, WEIR_AT(int64_t, v, row), out, why);
        }
        if (v->type->kind == WEIR_T_INTEGER) {
            return put_int(t, p, WEIR_AT(int32_t, v, row), out, why);
        }
    }
    weir_value value = weir_vec_get(v, row);
    return put_value(t, p, r, &value, out, why);
}

/* Header bytes of the record, the last one of the name. */
static bool header_of(const weir_sink_rows *r, uint32_t row, weir_sv name, weir_sv *out)
{
    const weir_rec *rec = weir_sink_rec(r, row);
    weir_reader in = weir_reader_of(weir_sv_of(r->chunk->bytes + rec->headers_at, rec->headers_n));
    weir_header h;
    bool found = false;
    while (weir_headers_next(&in, &h)) {
        if (weir_sv_eq(h.name, name) && !h.null) {
            *out = h.value;
            found = true;
        }
    }
    return found;
}

/* The key as text: that of a single key column, else its bytes. */
static bool put_key(const weir_template *t, const part *p, const weir_sink_rows *r, uint32_t row,
                    weir_buf *out, const char **why)
{
    const weir_schema *s = t->in->source->schema;
    if (s->n_keys == 1 && weir_sink_rec(r, row)->key_n != WEIR_NULL_BYTES) {
        part col = *p;
        col.what = COLUMN;
        col.col = 0;
        return put_column(t, &col, r, row, out, why);
    }
    const weir_rec *rec = weir_sink_rec(r, row);
    return rec->key_n == WEIR_NULL_BYTES ? put_null(t, p, out, why)
                                         : put_text(t, p, weir_rec_key(r->chunk, rec), false, out, why);
}

static bool put_part(const weir_template *t, const part *p, const weir_sink_rows *r, uint32_t row,
                     weir_buf *out, const char **why)
{
    const weir_rec *rec = weir_sink_rec(r, row);
    weir_sv text = {0};
    switch (p->what) {
    case LITERAL: weir_buf_sv(out, p->text); return true;
    case COLUMN: return put_column(t, p, r, row, out, why);
    case KEY: return put_key(t, p, r, row, out, why);
    case VALUE:
        return rec->value_n == WEIR_NULL_BYTES
                   ? put_null(t, p, out, why)
                   : put_text(t, p, weir_rec_value(r->chunk, rec),
                              t->in->source->value_format.kind == WEIR_FMT_JSON, out, why);
    case TOPIC: return put_text(t, p, t->in->topic, false, out, why);
    case PARTITION: return put_int(t, p, r->partition, out, why);
    case OFFSET: return put_int(t, p, weir_sink_offset(r, row), out, why);
    case TIMESTAMP:
        if (p->how == AS_TIME) {
            return weir_template_time(out, p->text, rec->timestamp);
        }
        return put_int(t, p, rec->timestamp, out, why);
    case CONNECTOR: return put_text(t, p, weir_conn_name(t->in->conn), false, out, why);
    case HEADER:
        return header_of(r, row, p->text, &text) ? put_text(t, p, text, false, out, why)
                                                 : put_null(t, p, out, why);
    }
    return true;
}

bool weir_template_render(const weir_template *t, const weir_sink_rows *r, uint32_t row, weir_buf *out,
                          const char **why)
{
    size_t from = out->n;
    for (uint32_t i = 0; i < t->n; i++) {
        if (!put_part(t, &t->parts[i], r, row, out, why)) {
            return false;
        }
    }
    if (out->over) {
        *why = "the text is too long";
        return false;
    }
    size_t n = out->n - from;
    if (t->place == WEIR_TEMPLATE_INDEX &&
        (n == 0 || n > INDEX_BYTES_MAX || strchr("-_+.", out->p[from]))) {
        *why = "the index name would be empty, too long, or begin with -, _, + or .";
        return false;
    }
    return true;
}
