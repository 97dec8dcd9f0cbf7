/* Trees: for the JSON functions and everything that reads a request. Building recurses no deeper
 * than WEIR_JSON_DEPTH_MAX, because the document was checked when its token was read. */
#include "engine/data/json_walk.h"

#include "engine/data/json_text.h"
#include "engine/data/number.h"

static void build(weir_json_doc *d, uint32_t *at, weir_json_node *out);

/* Whether another item follows at token *at; steps over the comma or the closing bracket. */
static bool more(const weir_json_doc *d, uint32_t *at, uint32_t n, char close)
{
    bool end = weir__json_char(d, *at) == close;
    *at += end || n > 0;
    return !end;
}

static void build_array(weir_json_doc *d, uint32_t *at, weir_json_node *out)
{
    weir_json_node *items = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    while (more(d, at, n, ']')) {
        weir_json_node node;
        build(d, at, &node);
        WEIR_PUSH(d->arena, items, n, cap, node);
    }
    out->n = n;
    out->items = items;
    out->names = NULL;
}

static void build_object(weir_json_doc *d, uint32_t *at, weir_json_node *out)
{
    weir_json_names names = {0};
    weir_json_node *items = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    for (uint32_t nth = 0; more(d, at, nth, '}'); nth++) {
        weir_json_token name;
        weir_json_node node;
        bool ok = weir__json_read_string(d, *at, &name);
        WEIR_ASSERT(ok);
        weir_sv text = weir_json_string_of(d->arena, &name);
        uint32_t slot = weir_json_names_add(&names, d->arena, text);
        *at += 2;
        build(d, at, &node);
        if (slot < n) {
            items[slot] = node;
        } else {
            names.names[slot] = name.escaped ? text : weir_arena_sv(d->arena, text);
            WEIR_PUSH(d->arena, items, n, cap, node);
        }
    }
    out->n = n;
    out->items = items;
    out->names = names.names;
}

/* The value at token *at, which was checked before; *at is behind it then. */
static void build(weir_json_doc *d, uint32_t *at, weir_json_node *out)
{
    char c = weir__json_char(d, *at);
    if (c == '[' || c == '{') {
        *out = (weir_json_node){.kind = c == '[' ? WEIR_JSON_ARRAY : WEIR_JSON_OBJECT};
        ++*at;
        (c == '[' ? build_array : build_object)(d, at, out);
        return;
    }
    weir_json_token t;
    bool ok = weir__json_read_scalar(d, (*at)++, &t);
    WEIR_ASSERT(ok);
    *out = (weir_json_node){.kind = t.kind};
    out->text = t.escaped ? weir_json_string_of(d->arena, &t) : weir_arena_sv(d->arena, t.text);
}

void weir_json_build(weir_json_doc *d, const weir_json_token *t, weir_json_node *out)
{
    WEIR_ASSERT(t->kind != WEIR_JSON_ABSENT);
    uint32_t at = t->at;
    build(d, &at, out);
}

weir_rc weir_json_parse(weir_arena *a, weir_sv text, uint32_t *used, const weir_json_node **out,
                        weir_status *st)
{
    weir_json_doc d;
    weir_json_token root;
    uint32_t end = 0;
    *out = NULL;
    bool ok = weir_json_open(&d, a, text) && weir_json_root(&d, &root);
    if (ok && root.kind != WEIR_JSON_ABSENT) {
        weir_json_node *node = WEIR_NEW(a, weir_json_node);
        weir_json_build(&d, &root, node);
        *out = node;
        end = (uint32_t)(root.text.p + root.text.n - d.p) + (root.kind == WEIR_JSON_STRING);
    }
    if (ok && !used) {
        while (end < d.at[d.n] && weir__json_is_space(d.p[end])) {
            end++;
        }
        if (root.kind == WEIR_JSON_ABSENT || end < d.at[d.n]) {
            ok = false;
            d.error = *out ? "text behind the value" : "no value";
            d.error_at = end;
        }
    }
    if (!ok) {
        *out = NULL;
        return weir_fail(st, WEIR_EDATA, "malformed JSON: %s at byte %u", d.error, d.error_at);
    }
    if (used) {
        *used = end + (uint32_t)(d.p - text.p);
    }
    return WEIR_OK;
}

const weir_json_node *weir_json_get(const weir_json_node *o, weir_sv name)
{
    if (!o || o->kind != WEIR_JSON_OBJECT) {
        return NULL;
    }
    for (uint32_t i = 0; i < o->n; i++) {
        if (weir_sv_eq(o->names[i], name)) {
            return &o->items[i];
        }
    }
    return NULL;
}

weir_sv weir_json_get_text(const weir_json_node *o, weir_sv name, weir_sv otherwise)
{
    const weir_json_node *v = weir_json_get(o, name);
    bool has = v && (v->kind == WEIR_JSON_STRING || v->kind == WEIR_JSON_INT ||
                     v->kind == WEIR_JSON_DECIMAL);
    return has ? v->text : otherwise;
}

int64_t weir_json_get_i64(const weir_json_node *o, weir_sv name, int64_t otherwise)
{
    const weir_json_node *v = weir_json_get(o, name);
    int64_t i;
    return v && v->kind == WEIR_JSON_INT && weir_i64_parse(v->text, &i) ? i : otherwise;
}

bool weir_json_get_bool(const weir_json_node *o, weir_sv name, bool otherwise)
{
    const weir_json_node *v = weir_json_get(o, name);
    bool has = v && (v->kind == WEIR_JSON_TRUE || v->kind == WEIR_JSON_FALSE);
    return has ? v->kind == WEIR_JSON_TRUE : otherwise;
}

/* toPlainString where toString would give an exponent. */
static bool print_plain(weir_buf *out, weir_sv number)
{
    const char *e = memchr(number.p, 'E', number.n);
    int64_t exponent;
    if (!e ||
        !weir_i64_parse(weir_sv_of(e + 1, (size_t)(number.p + number.n - e - 1)), &exponent)) {
        return false;
    }
    if ((exponent < 0 ? -exponent : exponent) + number.n > WEIR_JSON_NUMBER_MAX) {
        return false; /* it could not be read back */
    }
    uint32_t sign = number.p[0] == '-';
    weir_buf_str(out, sign ? "-" : "");
    if (number.p[sign] == '0' && exponent > 0) {
        weir_buf_byte(out, '0');
        return true;
    }
    if (exponent < 0) {
        weir_buf_str(out, "0.");
    }
    for (int64_t i = exponent; i < -1; i++) {
        weir_buf_byte(out, '0');
    }
    int64_t left = exponent + 1; /* digits and zeros up to the point; exponents are never small */
    for (const char *p = number.p + sign; p < e; p++) {
        if (*p != '.') {
            weir_buf_byte(out, *p);
            left--;
        }
    }
    for (; left > 0 && exponent > 0; left--) {
        weir_buf_byte(out, '0');
    }
    return true;
}

static void print_number(weir_buf *out, weir_sv number, bool plain)
{
    char text[WEIR_JSON_NUMBER_MAX + WEIR_JSON_NUMBER_ROOM];
    WEIR_ASSERT(number.n <= WEIR_JSON_NUMBER_MAX);
    weir_sv s = weir_sv_of(text, weir_json_number_text(text, number));
    if (!plain || !print_plain(out, s)) {
        weir_buf_sv(out, s);
    }
}

void weir_json_print(weir_buf *out, const weir_json_node *v, bool plain)
{
    switch ((weir_json_kind)v->kind) {
    case WEIR_JSON_NULL:
    case WEIR_JSON_FALSE:
    case WEIR_JSON_TRUE:
        weir_buf_sv(out, v->text);
        return;
    case WEIR_JSON_INT:
    case WEIR_JSON_DECIMAL:
        print_number(out, v->text, plain);
        return;
    case WEIR_JSON_STRING:
        weir_json_string(out, v->text);
        return;
    case WEIR_JSON_ARRAY:
    case WEIR_JSON_OBJECT:
        weir_buf_byte(out, v->kind == WEIR_JSON_ARRAY ? '[' : '{');
        for (uint32_t i = 0; i < v->n && !out->over; i++) {
            weir_buf_str(out, i ? "," : "");
            if (v->names) {
                weir_json_string(out, v->names[i]);
                weir_buf_byte(out, ':');
            }
            weir_json_print(out, &v->items[i], plain);
        }
        weir_buf_byte(out, v->kind == WEIR_JSON_ARRAY ? ']' : '}');
        return;
    case WEIR_JSON_ABSENT:
    case WEIR_JSON_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}
