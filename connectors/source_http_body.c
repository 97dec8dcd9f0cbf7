/* What is in the body of a request: one object, an array of them, or one on each line. */
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

const char *weir__http_split(weir_sv body, bool batch, weir_sv **docs, size_t *n, size_t *cap)
{
    body = weir_sv_trim(body);
    if (body.n == 0) {
        return "the body is empty";
    }
    if (!batch) {
        add(docs, n, cap, body);
        return NULL;
    }
    if (body.p[0] == '[') {
        return split_array(body, docs, n, cap);
    }
    split_lines(body, docs, n, cap);
    return NULL;
}
