/* Rendering templates, see template.h: each part is put in as its place asks for. */
#include "connectors/template_impl.h"

#include "engine/data/datetime.h"
#include "engine/data/json_text.h"
#include "engine/data/text.h"

#include <ctype.h>

#define INDEX_BYTES_MAX 255 /* of Elasticsearch */
#define SEGMENT_BYTES_MAX 255 /* of file systems */

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

/* One text that is being rendered. */
typedef struct rendering {
    const weir_template *t;
    const weir_sink_rows *r;
    uint32_t row;
    weir_buf *out;
    size_t from; /* where the text begins in out */
    const char *why;
} rendering;

static bool refuse(rendering *g, const char *why)
{
    g->why = why;
    return false;
}

static bool put_null(rendering *g, const weir__tpl_part *p)
{
    if (g->t->place == WEIR_TEMPLATE_JSON && !p->quoted && p->how != WEIR__TPL_AS_URL) {
        weir_buf_str(g->out, "null");
        return true;
    }
    if (g->t->place == WEIR_TEMPLATE_JSON || g->t->place == WEIR_TEMPLATE_BODY) {
        return true;
    }
    return refuse(g, p->what == WEIR__TPL_COLUMN ? "a column of its template is NULL"
                                                 : "a part of its template is null");
}

/* An index name: what Elasticsearch refuses is refused here, once for each record. */
static bool put_index(rendering *g, weir_sv text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if ((unsigned char)c < ' ' || strchr("\\/*?\"<>| ,#:", c)) {
            return refuse(g, "the index name would hold a character that is not allowed there");
        }
        weir_buf_byte(g->out, (char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
    return true;
}

/* Part of a path segment: whatever would leave it becomes %XX. */
static void put_segment(rendering *g, weir_sv text)
{
    bool begins = g->out->n == g->from || g->out->p[g->out->n - 1] == '/';
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < ' ' || c == '/' || c == '\\' || c == 0x7f || c == '%' || (begins && i == 0 && c == '.')) {
            weir_buf_printf(g->out, "%%%02X", c);
        } else {
            weir_buf_byte(g->out, (char)c);
        }
    }
}

static bool put_header(rendering *g, weir_sv text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return refuse(g, "a header's value would hold a control character");
        }
    }
    weir_buf_sv(g->out, text);
    return true;
}

/* `json`: the text is JSON already (a number, a boolean, nested data). */
static bool put_by_place(rendering *g, const weir__tpl_part *p, weir_sv text, bool json)
{
    switch (g->t->place) {
    case WEIR_TEMPLATE_PLAIN:
    case WEIR_TEMPLATE_BODY: weir_buf_sv(g->out, text); return true;
    case WEIR_TEMPLATE_JSON:
        if (p->quoted) {
            weir_template_json(g->out, text);
        } else if (json) {
            weir_buf_sv(g->out, text);
        } else {
            put_json_string(g->out, text);
        }
        return true;
    case WEIR_TEMPLATE_URL: weir_template_url(g->out, text); return true;
    case WEIR_TEMPLATE_INDEX: return put_index(g, text);
    case WEIR_TEMPLATE_PATH: put_segment(g, text); return true;
    case WEIR_TEMPLATE_HEADER: return put_header(g, text);
    }
    return true;
}

/* What must not leave its place does not, however it is put in. */
static bool is_confined(const weir_template *t)
{
    return t->place == WEIR_TEMPLATE_INDEX || t->place == WEIR_TEMPLATE_PATH ||
           t->place == WEIR_TEMPLATE_HEADER;
}

static bool put_escaped(rendering *g, const weir__tpl_part *p, weir_sv text)
{
    weir_buf escaped = {0};
    if (p->how == WEIR__TPL_AS_URL) {
        weir_template_url(&escaped, text);
    } else {
        weir_template_json(&escaped, text);
    }
    bool ok = true;
    if (g->t->place == WEIR_TEMPLATE_PATH && p->how == WEIR__TPL_AS_URL) {
        bool begins = g->out->n == g->from || g->out->p[g->out->n - 1] == '/';
        bool dot = begins && escaped.n && escaped.p[0] == '.'; /* nothing else of it leaves a segment */
        weir_buf_str(g->out, dot ? "%2E" : "");
        weir_buf_add(g->out, escaped.p + dot, escaped.n - dot);
    } else if (is_confined(g->t)) {
        ok = put_by_place(g, p, weir_buf_view(&escaped), false);
    } else {
        weir_buf_sv(g->out, weir_buf_view(&escaped));
    }
    weir_buf_deinit(&escaped);
    return ok;
}

static bool put_text(rendering *g, const weir__tpl_part *p, weir_sv text, bool json)
{
    switch (p->how) {
    case WEIR__TPL_AS_URL:
    case WEIR__TPL_AS_JSON: return put_escaped(g, p, text);
    case WEIR__TPL_AS_RAW:
        if (!is_confined(g->t)) {
            weir_buf_sv(g->out, text);
            return true;
        }
        break;
    case WEIR__TPL_AS_TIME:
    case WEIR__TPL_BY_PLACE: break;
    }
    return put_by_place(g, p, text, json);
}

/* A value that is no text: printed as CAST(x AS STRING) does; nested ones, and all JSON wants, as JSON. */
static bool put_value(rendering *g, const weir__tpl_part *p, const weir_value *v)
{
    const weir_type *type = g->t->in->schema->cols[p->col].type;
    bool nested = type->kind == WEIR_T_ARRAY || type->kind == WEIR_T_MAP || type->kind == WEIR_T_STRUCT;
    bool bare = g->t->place == WEIR_TEMPLATE_JSON && !p->quoted && p->how == WEIR__TPL_BY_PLACE;
    bool json = nested || bare;
    weir_buf text = {0};
    if (p->how == WEIR__TPL_AS_TIME) {
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
    bool ok = put_text(g, p, weir_buf_view(&text), json);
    weir_buf_deinit(&text);
    return ok;
}

static bool put_int(rendering *g, const weir__tpl_part *p, int64_t v)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0) {
        *--at = '-';
    }
    return put_text(g, p, weir_sv_of(at, (size_t)(digits + sizeof digits - at)), true);
}

static bool put_time(rendering *g, const weir__tpl_part *p, int64_t ms)
{
    weir_buf text = {0};
    weir_template_time(&text, p->text, ms);
    bool ok = put_text(g, p, weir_buf_view(&text), false);
    weir_buf_deinit(&text);
    return ok;
}

static bool put_column(rendering *g, const weir__tpl_part *p)
{
    const weir_vec *v = &g->r->batch->cols[p->col];
    if (!weir_vec_is_valid(v, g->row)) {
        return put_null(g, p);
    }
    if (p->how != WEIR__TPL_AS_TIME) { /* what is frequent goes without a value and a buffer */
        if (v->type->kind == WEIR_T_STRING) {
            return put_text(g, p, WEIR_AT(weir_sv, v, g->row), false);
        }
        if (v->type->kind == WEIR_T_BIGINT) {
            return put_int(g, p, WEIR_AT(int64_t, v, g->row));
        }
        if (v->type->kind == WEIR_T_INTEGER) {
            return put_int(g, p, WEIR_AT(int32_t, v, g->row));
        }
    }
    weir_value value = weir_vec_get(v, g->row);
    return put_value(g, p, &value);
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
static bool put_key(rendering *g, const weir__tpl_part *p)
{
    const weir_schema *s = g->t->in->source->schema;
    const weir_rec *rec = weir_sink_rec(g->r, g->row);
    if (s->n_keys == 1 && rec->key_n != WEIR_NULL_BYTES) {
        weir__tpl_part col = *p;
        col.what = WEIR__TPL_COLUMN;
        col.col = 0;
        return put_column(g, &col);
    }
    return rec->key_n == WEIR_NULL_BYTES ? put_null(g, p)
                                         : put_text(g, p, weir_rec_key(g->r->chunk, rec), false);
}

static bool put_record_value(rendering *g, const weir__tpl_part *p)
{
    const weir_rec *rec = weir_sink_rec(g->r, g->row);
    bool json = g->t->in->source->value_format.kind == WEIR_FMT_JSON;
    return rec->value_n == WEIR_NULL_BYTES
               ? put_null(g, p)
               : put_text(g, p, weir_rec_value(g->r->chunk, rec), json);
}

static bool put_part(rendering *g, const weir__tpl_part *p)
{
    const weir_rec *rec = weir_sink_rec(g->r, g->row);
    weir_sv text = {0};
    switch (p->what) {
    case WEIR__TPL_LITERAL:
        if (g->t->place == WEIR_TEMPLATE_INDEX) {
            return put_index(g, p->text);
        }
        weir_buf_sv(g->out, p->text);
        return true;
    case WEIR__TPL_COLUMN: return put_column(g, p);
    case WEIR__TPL_KEY: return put_key(g, p);
    case WEIR__TPL_VALUE: return put_record_value(g, p);
    case WEIR__TPL_TOPIC: return put_text(g, p, g->t->in->topic, false);
    case WEIR__TPL_PARTITION: return put_int(g, p, g->r->partition);
    case WEIR__TPL_OFFSET: return put_int(g, p, weir_sink_offset(g->r, g->row));
    case WEIR__TPL_TIMESTAMP:
        return p->how == WEIR__TPL_AS_TIME ? put_time(g, p, rec->timestamp)
                                           : put_int(g, p, rec->timestamp);
    case WEIR__TPL_CONNECTOR: return put_text(g, p, weir_conn_name(g->t->in->conn), false);
    case WEIR__TPL_HEADER:
        return header_of(g->r, g->row, p->text, &text) ? put_text(g, p, text, false) : put_null(g, p);
    }
    return true;
}

/* No segment is longer than a file's name may be. */
static bool segments_fit(const char *p, size_t n)
{
    size_t from = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i == n || p[i] == '/') {
            if (i - from > SEGMENT_BYTES_MAX) {
                return false;
            }
            from = i + 1;
        }
    }
    return true;
}

bool weir_template_render(const weir_template *t, const weir_sink_rows *r, uint32_t row, weir_buf *out,
                          const char **why)
{
    rendering g = {t, r, row, out, out->n, NULL};
    for (uint32_t i = 0; i < t->n; i++) {
        if (!put_part(&g, &t->parts[i])) {
            *why = g.why;
            return false;
        }
    }
    if (out->over) {
        *why = "the text is too long";
        return false;
    }
    const char *text = out->p + g.from;
    size_t n = out->n - g.from;
    if (t->place == WEIR_TEMPLATE_INDEX &&
        (n == 0 || n > INDEX_BYTES_MAX || memchr("-_+.", text[0], 4))) {
        *why = "the index name would be empty, too long, or begin with -, _, + or .";
        return false;
    }
    if (t->place == WEIR_TEMPLATE_PATH && !segments_fit(text, n)) {
        *why = "a name in the path would be longer than 255 bytes";
        return false;
    }
    return true;
}
