/* CSV to JSON objects: RFC 4180, any delimiter, any line end. What is between quotes is text; what is not
 * is what its column's type makes of it, and nothing is null. */
#include "connectors/source_file.h"

#include "engine/data/json_text.h"
#include "engine/data/schema.h"

uint32_t weir__csv_end(weir_sv text)
{
    bool quoted = false;
    for (uint32_t i = 0; i < text.n; i++) {
        quoted ^= text.p[i] == '"';
        if (!quoted && text.p[i] == '\n') {
            return i + 1;
        }
    }
    return 0;
}

/* Between quotes, from behind the first one. NULL, or what is wrong. */
static const char *quoted_field(weir_arena *a, weir_sv record, uint32_t *at, weir_sv *out)
{
    char *text = weir_arena_bytes_alloc(a, record.n - *at + 1);
    uint32_t n = 0;
    for (; *at < record.n; ++*at) {
        if (record.p[*at] == '"') {
            ++*at;
            if (*at >= record.n || record.p[*at] != '"') {
                *out = weir_sv_of(text, n);
                return NULL;
            }
        }
        text[n++] = record.p[*at];
    }
    return "a quote is not closed";
}

const char *weir__csv_split(weir_arena *a, weir_sv record, char delimiter, weir__csv_field **fields,
                            uint32_t *n)
{
    uint32_t cap = 0;
    *fields = NULL;
    *n = 0;
    for (uint32_t at = 0;;) {
        weir__csv_field f = {.quoted = at < record.n && record.p[at] == '"'};
        if (f.quoted) {
            at++;
            const char *why = quoted_field(a, record, &at, &f.text);
            if (why) {
                return why;
            }
            if (at < record.n && record.p[at] != delimiter) {
                return "something is between a closing quote and the delimiter";
            }
        } else {
            const char *end = memchr(record.p + at, delimiter, record.n - at);
            uint32_t to = end ? (uint32_t)(end - record.p) : record.n;
            f.text = weir_sv_of(record.p + at, to - at);
            at = to;
        }
        WEIR_PUSH(a, *fields, *n, cap, f);
        if (at >= record.n) {
            return NULL;
        }
        at++;
    }
}

/* As JSON writes numbers: no leading zeros, no plus. */
static bool is_number(weir_sv t)
{
    uint32_t i = t.n && t.p[0] == '-';
    uint32_t from = i;
    while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9') {
        i++;
    }
    bool ok = i > from && (t.p[from] != '0' || i == from + 1);
    if (ok && i < t.n && t.p[i] == '.') {
        from = ++i;
        while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9') {
            i++;
        }
        ok = i > from;
    }
    if (ok && i < t.n && (t.p[i] == 'e' || t.p[i] == 'E')) {
        i += i + 1 < t.n && (t.p[i + 1] == '-' || t.p[i + 1] == '+') ? 2 : 1;
        from = i;
        while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9') {
            i++;
        }
        ok = i > from;
    }
    return ok && i == t.n;
}

static const weir_type *type_of(const weir_schema *s, weir_sv name)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (weir_sv_ieq(s->cols[i].name, name)) {
            return s->cols[i].type;
        }
    }
    return NULL;
}

static void add_value(const weir__csv_field *f, const weir_type *type, weir_buf *out)
{
    weir_kind kind = type ? type->kind : WEIR_T_STRING;
    weir_sv text = f->text;
    bool nested = kind == WEIR_T_ARRAY || kind == WEIR_T_MAP || kind == WEIR_T_STRUCT;
    if (text.n == 0 && !f->quoted) {
        weir_buf_str(out, "null");
    } else if (kind == WEIR_T_BOOLEAN && weir_sv_ieq(text, WEIR_SV("true"))) {
        weir_buf_str(out, "true");
    } else if (kind == WEIR_T_BOOLEAN && weir_sv_ieq(text, WEIR_SV("false"))) {
        weir_buf_str(out, "false");
    } else if ((kind != WEIR_T_STRING && kind != WEIR_T_BYTES && is_number(text)) || nested) {
        weir_buf_sv(out, text);
    } else {
        weir_json_string(out, text);
    }
}

const char *weir__csv_object(const weir__csv_field *fields, uint32_t n, const weir_sv *names, uint32_t n_names,
                             const weir_schema *schema, weir_buf *out)
{
    if (n != n_names) {
        return n < n_names ? "has fewer values than there are columns" : "has more values than there are columns";
    }
    weir_buf_byte(out, '{');
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_str(out, i ? "," : "");
        weir_json_string(out, names[i]);
        weir_buf_byte(out, ':');
        add_value(&fields[i], type_of(schema, names[i]), out);
    }
    weir_buf_byte(out, '}');
    return NULL;
}
