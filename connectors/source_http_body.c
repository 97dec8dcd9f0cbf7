/* What is in the body of a request: one object, an array of them, or one on each line; and what is made
 * of an object before it is judged. */
#include "connectors/source_http.h"

#include "engine/data/json.h"

static void add(weir_sv **docs, size_t *n, size_t *cap, weir_sv doc)
{
    WEIR_GROW(*docs, *cap, *n + 1);
    (*docs)[(*n)++] = doc;
}

/* Where each item begins is known; it ends in front of the comma before the next one. */
static weir_sv item_between(const char *from, const char *to)
{
    weir_sv item = weir_sv_trim(weir_sv_of(from, (size_t)(to - from)));
    if (item.n && (item.p[item.n - 1] == ',' || item.p[item.n - 1] == ']')) {
        item.n--;
    }
    return weir_sv_trim(item);
}

static const char *split_array(weir_sv body, weir_sv **docs, size_t *n, size_t *cap)
{
    weir_arena a;
    weir_json_doc d;
    weir_json_token root;
    weir_json_token item;
    const char *from = NULL;
    weir_arena_init(&a);
    bool ok = weir_json_open(&d, &a, body) && weir_json_root(&d, &root) && root.kind == WEIR_JSON_ARRAY;
    weir_json_iter it = {0};
    if (ok) {
        it = weir_json_first(&root);
    }
    while (ok && weir_json_next(&d, &it, NULL, &item)) {
        const char *begin = d.p + d.at[item.at];
        if (from) {
            add(docs, n, cap, item_between(from, begin));
        }
        from = begin;
    }
    ok = ok && !d.error;
    weir_arena_deinit(&a);
    if (!ok) {
        return "the body is not a JSON array";
    }
    if (from) {
        add(docs, n, cap, item_between(from, body.p + body.n));
    }
    return NULL;
}

static void split_lines(weir_sv body, weir_sv **docs, size_t *n, size_t *cap)
{
    for (uint32_t at = 0; at < body.n;) {
        const char *nl = memchr(body.p + at, '\n', body.n - at);
        uint32_t end = nl ? (uint32_t)(nl - body.p) : body.n;
        weir_sv line = weir_sv_trim(weir_sv_of(body.p + at, end - at));
        if (line.n) {
            add(docs, n, cap, line);
        }
        at = end + 1;
    }
}

const char *weir__http_split(weir_sv body, weir_sv **docs, size_t *n, size_t *cap)
{
    body = weir_sv_trim(body);
    if (body.n == 0) {
        return "the body is empty";
    }
    if (body.p[0] == '[') {
        return split_array(body, docs, n, cap);
    }
    split_lines(body, docs, n, cap);
    return NULL;
}

/* ---- names in another case ---- */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char lower(char c)
{
    return is_upper(c) ? (char)(c + 32) : c;
}

static bool has_lower(weir_sv name)
{
    for (uint32_t i = 0; i < name.n; i++) {
        if (name.p[i] >= 'a' && name.p[i] <= 'z') {
            return true;
        }
    }
    return false;
}

/* Whether a word begins at byte i: behind _ or -, at the N of userName, at the S of HTTPServer. */
static bool begins_word(weir_sv name, uint32_t i, bool humps)
{
    if (name.p[i - 1] == '_' || name.p[i - 1] == '-') {
        return true;
    }
    bool hump = is_upper(name.p[i]) && (!is_upper(name.p[i - 1]) ||
                                        (i + 1 < name.n && name.p[i + 1] >= 'a' && name.p[i + 1] <= 'z'));
    return humps && hump;
}

void weir__http_name(weir_buf *out, weir_sv name, weir__http_case to)
{
    if (to == WEIR__HTTP_AS_IS || memchr(name.p, '\\', name.n)) {
        weir_buf_sv(out, name);
        return;
    }
    bool humps = has_lower(name); /* USER_ID has none */
    bool inside = false;          /* of the name: what it begins with is no mark between words */
    for (uint32_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool begins = inside && begins_word(name, i, humps);
        if ((c == '_' || c == '-') && inside && i + 1 < name.n) {
            continue;
        }
        if (begins && to == WEIR__HTTP_SNAKE) {
            weir_buf_byte(out, '_');
        }
        bool raised = begins && to == WEIR__HTTP_CAMEL && c >= 'a' && c <= 'z';
        bool kept = begins && to == WEIR__HTTP_CAMEL;
        weir_buf_byte(out, raised ? (char)(c - 32) : kept ? c : lower(c));
        inside |= c != '_' && c != '-';
    }
}

static bool same_name(weir_sv given, weir__http_case to, weir_sv wanted)
{
    weir_buf name = {0};
    weir__http_name(&name, given, to);
    bool same = weir_sv_ieq(weir_buf_view(&name), wanted);
    weir_buf_deinit(&name);
    return same;
}

/* A text that is copied with changes: everything before `from` is in `out`. */
typedef struct shaping {
    weir_buf *out;
    weir_json_doc doc;
    const char *from;
    weir__http_case to;
} shaping;

static void copy_to(shaping *x, const char *end)
{
    weir_buf_add(x->out, x->from, (size_t)(end - x->from));
    x->from = end;
}

static void shape_object(shaping *x, const weir_json_token *t, const weir_field *fields, uint32_t n);

static void shape_value(shaping *x, const weir_json_token *t, const weir_type *type)
{
    if (type->kind == WEIR_T_STRUCT && t->kind == WEIR_JSON_OBJECT) {
        shape_object(x, t, type->fields, type->n_fields);
    } else if (type->kind == WEIR_T_ARRAY && t->kind == WEIR_JSON_ARRAY) {
        weir_json_iter it = weir_json_first(t);
        weir_json_token item;
        while (weir_json_next(&x->doc, &it, NULL, &item)) {
            shape_value(x, &item, type->item);
        }
    }
}

/* As deep as types are. */
static void shape_object(shaping *x, const weir_json_token *t, const weir_field *fields, uint32_t n)
{
    weir_json_iter it = weir_json_first(t);
    weir_json_token name;
    weir_json_token value;
    while (weir_json_next(&x->doc, &it, &name, &value)) {
        copy_to(x, name.text.p);
        size_t at = x->out->n;
        weir__http_name(x->out, name.text, x->to);
        x->from = name.text.p + name.text.n;
        weir_sv now = weir_sv_of(x->out->p + at, x->out->n - at);
        for (uint32_t i = 0; i < n; i++) {
            if (weir_sv_ieq(fields[i].name, now)) {
                shape_value(x, &value, fields[i].type);
                break;
            }
        }
    }
}

/* False: it is no object, and nothing was appended. */
static bool rename_all(weir_buf *out, weir_sv doc, weir__http_case to, const weir_schema *schema)
{
    weir_arena a;
    weir_json_token root;
    size_t before = out->n;
    shaping x = {.out = out, .from = doc.p, .to = to};
    weir_arena_init(&a);
    bool ok = weir_json_open(&x.doc, &a, doc) && weir_json_root(&x.doc, &root) &&
              root.kind == WEIR_JSON_OBJECT;
    if (ok) {
        weir_field *fields = WEIR_NEW_N(&a, weir_field, schema->n + 1u);
        for (uint32_t i = 0; i < schema->n; i++) {
            fields[i] = (weir_field){schema->cols[i].name, schema->cols[i].type};
        }
        shape_object(&x, &root, fields, schema->n);
        copy_to(&x, doc.p + doc.n);
        ok = !x.doc.error;
    }
    out->n = ok ? out->n : before;
    weir_arena_deinit(&a);
    return ok;
}

void weir__http_shape(weir_buf *out, weir_sv doc, weir__http_case to, const weir_schema *schema,
                      weir_sv members)
{
    doc = weir_sv_trim(doc);
    bool object = doc.n >= 2 && doc.p[0] == '{' && doc.p[doc.n - 1] == '}';
    if (!object || to == WEIR__HTTP_AS_IS || !rename_all(out, doc, to, schema)) {
        weir_buf_sv(out, doc);
    }
    if (object && members.n) {
        weir_sv inside = weir_sv_trim(weir_sv_of(doc.p + 1, doc.n - 2));
        uint32_t comma = inside.n == 0;
        out->n--; /* its brace */
        weir_buf_add(out, members.p + comma, members.n - comma);
        weir_buf_byte(out, '}');
    }
}

/* ---- names as the client has them ---- */

/* The member of this name, and what it is called. */
static bool find_member(weir_json_doc *d, weir_json_token object, weir__http_case to, weir_sv wanted,
                        weir_json_token *name, weir_json_token *value)
{
    if (object.kind != WEIR_JSON_OBJECT) {
        return false;
    }
    weir_json_iter it = weir_json_first(&object);
    while (weir_json_next(d, &it, name, value)) {
        if (same_name(name->text, to, wanted)) {
            return true;
        }
    }
    return false;
}

static bool find_item(weir_json_doc *d, weir_json_token array, weir_sv number, weir_json_token *value)
{
    uint64_t left = 0;
    for (uint32_t i = 1; i + 1 < number.n && number.p[i] >= '0' && number.p[i] <= '9' && left < UINT32_MAX; i++) {
        left = left * 10 + (uint64_t)(number.p[i] - '0');
    }
    if (array.kind != WEIR_JSON_ARRAY) {
        return false;
    }
    weir_json_iter it = weir_json_first(&array);
    while (weir_json_next(d, &it, NULL, value)) {
        if (left-- == 0) {
            return true;
        }
    }
    return false;
}

/* NAME, .NAME or [3] at the beginning of a path: its length. */
static uint32_t step_of(weir_sv path)
{
    uint32_t n = 1;
    while (n < path.n && path.p[n] != '.' && path.p[n] != '[') {
        n++;
    }
    return n;
}

weir_sv weir__http_told_name(weir_arena *a, weir_sv doc, weir__http_case to, weir_sv path)
{
    weir_json_doc d;
    weir_json_token at;
    weir_json_token name;
    weir_buf told = {0};
    bool found = path.n > 0 && weir_json_open(&d, a, doc) && weir_json_root(&d, &at);
    while (found && path.n) {
        uint32_t n = step_of(path);
        weir_sv step = weir_sv_of(path.p, n);
        weir_sv bare = path.p[0] == '.' ? weir_sv_of(path.p + 1, n - 1) : step;
        found = path.p[0] == '[' ? find_item(&d, at, step, &at) : find_member(&d, at, to, bare, &name, &at);
        if (found) {
            weir_buf_add(&told, step.p, path.p[0] == '.');
            weir_buf_sv(&told, path.p[0] == '[' ? step : name.text);
            path = weir_sv_of(path.p + n, path.n - n);
        }
    }
    weir_buf_sv(&told, path); /* what it does not have is called as it should be */
    weir_sv kept = weir_arena_sv(a, weir_buf_view(&told));
    weir_buf_deinit(&told);
    return kept;
}
