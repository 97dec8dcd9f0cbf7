/* EXTRACTJSONFIELD. A path is a list of names, tokenized once when it is a literal:
 *
 *   $.a.b[0]["c d"]   ─►  a, b, 0, c d
 *
 * A name selects a member of an object; in an array it must be an index. The document is walked token
 * by token: only what the path selects becomes a tree. */
#include "engine/data/json.h"

#include "engine/base/limits.h"
#include "engine/data/number.h"
#include "operators/fn_json.h"
#include "operators/fn_text.h"

typedef struct path {
    weir_sv *names;
    uint32_t n, cap;
} path;

static bool is_name_char(uint32_t c, bool subscript)
{
    return c == '_' || (!subscript && (c == ':' || c == '@')) ||
           (c < 0x10000 && weir_char_is_letter_or_digit(c));
}

static bool read_plain(weir_sv s, uint32_t *at, bool subscript, weir_sv *name)
{
    uint32_t start = *at;
    uint32_t next = *at;
    while (next < s.n && is_name_char(weir_utf8_next(s, &next), subscript)) {
        *at = next;
    }
    *name = weir_sv_of(s.p + start, *at - start);
    return name->n > 0;
}

/* Behind the opening quote; `\"` and `\\` are the only escapes. */
static bool read_quoted(weir_arena *a, weir_sv s, uint32_t *at, weir_sv *name)
{
    char *p = weir_arena_bytes_alloc(a, s.n);
    uint32_t n = 0;
    for (; *at < s.n && s.p[*at] != '"'; ++*at) {
        if (s.p[*at] == '\\') {
            ++*at;
            if (*at == s.n || (s.p[*at] != '"' && s.p[*at] != '\\')) {
                return false;
            }
        }
        p[n++] = s.p[*at];
    }
    *name = weir_sv_of(p, n);
    return (*at)++ < s.n;
}

/* Names borrow from `s`. */
static bool tokenize(weir_arena *a, weir_sv s, path *out)
{
    *out = (path){0};
    if (s.n == 0 || s.p[0] != '$') {
        return false;
    }
    for (uint32_t at = 1; at < s.n;) {
        char c = s.p[at++];
        weir_sv name;
        if (c == '.') {
            if (!read_plain(s, &at, false, &name)) {
                return false;
            }
        } else if (c == '[') {
            bool quoted = at < s.n && s.p[at] == '"';
            at += quoted;
            if (!(quoted ? read_quoted(a, s, &at, &name) : read_plain(s, &at, true, &name)) ||
                at == s.n || s.p[at++] != ']') {
                return false;
            }
        } else {
            return false;
        }
        WEIR_PUSH(a, out->names, out->n, out->cap, name);
    }
    return true;
}

static void prepare(weir_call *c)
{
    const weir_value *literal = c->literals[1];
    path *p = WEIR_NEW(c->plan_arena, path);
    if (literal && !literal->null &&
        tokenize(c->plan_arena, weir_arena_sv(c->plan_arena, literal->sv), p)) {
        c->prepared = p;
    }
}

/* The last member of this name, as a tree would have it. */
static bool find_member(weir_json_doc *d, weir_json_token *at, weir_sv wanted)
{
    weir_json_iter it = weir_json_first(at);
    weir_json_token name;
    weir_json_token value;
    bool found = false;
    while (weir_json_next(d, &it, &name, &value)) {
        weir_sv text = name.escaped ? weir_json_string_of(d->arena, &name) : name.text;
        if (weir_sv_eq(text, wanted)) {
            *at = value;
            found = true;
        }
    }
    return found;
}

static bool find_item(weir_json_doc *d, weir_json_token *at, weir_sv wanted)
{
    int32_t index;
    if (!weir_i32_parse(wanted, &index) || index < 0) {
        return false;
    }
    weir_json_iter it = weir_json_first(at);
    weir_json_token name;
    weir_json_token value;
    while (weir_json_next(d, &it, &name, &value)) {
        if (index-- == 0) {
            *at = value;
            return true;
        }
    }
    return false;
}

static bool follow(weir_json_doc *d, const path *p, weir_json_token *at)
{
    for (uint32_t i = 0; i < p->n; i++) {
        bool found = (at->kind == WEIR_JSON_OBJECT && find_member(d, at, p->names[i])) ||
                     (at->kind == WEIR_JSON_ARRAY && find_item(d, at, p->names[i]));
        if (!found) {
            return false;
        }
    }
    return true;
}

static weir_value extract(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_sv text = args[0].sv;
    path fresh;
    const path *p = c->prepared;
    if (!p) {
        if (!tokenize(c->arena, args[1].sv, &fresh)) {
            return weir_row_error(c, "Invalid JSON path: '" WEIR_SV_FMT "'",
                                  WEIR_SV_ARG(weir__shown(args[1].sv)));
        }
        p = &fresh;
    }
    weir_json_doc d;
    weir_json_token at;
    if (!weir__json_text(text) || !weir_json_open(&d, c->arena, text) ||
        !weir_json_root(&d, &at)) {
        return weir__bad_json(c, text);
    }
    if (!follow(&d, p, &at)) {
        return weir__none(c);
    }
    switch ((weir_json_kind)at.kind) {
    case WEIR_JSON_ABSENT: /* of an empty text, `$` is an empty text */
    case WEIR_JSON_NULL:
    case WEIR_JSON_FALSE:
    case WEIR_JSON_TRUE:
        return weir__text(c, at.text);
    case WEIR_JSON_STRING:
        return weir__text(c, at.escaped ? weir_json_string_of(c->arena, &at) : at.text);
    case WEIR_JSON_INT:
    case WEIR_JSON_DECIMAL:
    case WEIR_JSON_ARRAY:
    case WEIR_JSON_OBJECT:
        break;
    case WEIR_JSON_KINDS:
        WEIR_UNREACHABLE();
    }
    weir_json_node node;
    weir_json_build(&d, &at, &node);
    weir_buf out;
    weir_buf_init(&out, WEIR_STRING_BYTES_MAX);
    weir_json_print(&out, &node, false);
    return weir__taken(c, &out);
}

static const weir_overload extract_rows[] = {
    {.sig = "STRING, STRING -> STRING", .row = extract, .prepare = prepare},
};

const weir_function weir_fn_json_extract[] = {
    {.name = "EXTRACTJSONFIELD", .category = WEIR_CAT_JSON,
     .doc = "The value at a JSON path: strings as they are, all else as JSON text; NULL when there "
            "is nothing.",
     .example = "EXTRACTJSONFIELD('{\"a\": [{\"b\": \"x\"}]}', '$.a[0].b') → x",
     .overloads = extract_rows, .n_overloads = WEIR_COUNT(extract_rows)},
};
const uint32_t weir_fn_json_extract_n = WEIR_COUNT(weir_fn_json_extract);
