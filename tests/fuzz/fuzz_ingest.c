/* Bodies of the HTTP source: arbitrary bytes are cut into objects that lie in them in order; an object stays
 * one in another case and with more members; what is no JSON stays as it is. */
#include "connectors/source_http.h"
#include "engine/data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DOCS_MAX 64u

static bool is_object(weir_arena *a, weir_sv text)
{
    const weir_json_node *node = NULL;
    weir_status st;
    weir_status_reset(&st);
    return weir_json_parse(a, text, NULL, &node, &st) == WEIR_OK && node->kind == WEIR_JSON_OBJECT;
}

/* A copy with the readable bytes behind it. */
static weir_sv padded(weir_arena *a, weir_sv text)
{
    char *copy = weir_arena_zalloc(a, text.n + WEIR_CHUNK_PADDING);
    memcpy(copy, text.p, text.n);
    return weir_sv_of(copy, text.n);
}

static void shape(weir_arena *a, weir_sv doc, weir__http_case to)
{
    weir_field field = {WEIR_SV("PRODUCT_ID"), weir_type_of(WEIR_T_STRING)};
    const weir_type *item = weir_type_struct(a, &field, 1);
    weir_column cols[] = {{.name = WEIR_SV("ITEM"), .type = item},
                          {.name = WEIR_SV("ITEMS"), .type = weir_type_array(a, item)}};
    weir_schema schema = {.n = WEIR_COUNT(cols), .cols = cols};
    weir_buf out = {0};
    weir_buf again = {0};
    bool object = is_object(a, doc);
    weir__http_shape(&out, doc, to, &schema, (weir_sv){0});
    weir_sv once = padded(a, weir_buf_view(&out));
    WEIR_ASSERT(!object || is_object(a, once));
    weir__http_shape(&again, once, to, &schema, (weir_sv){0});
    WEIR_ASSERT(to == WEIR__HTTP_CAMEL || weir_sv_eq(weir_buf_view(&again), once)); /* a_b_c: aBC: aBc */
    weir_buf_reset(&out);
    weir__http_shape(&out, doc, to, &schema, WEIR_SV(",\"ip\":\"::1\""));
    WEIR_ASSERT(!object || is_object(a, padded(a, weir_buf_view(&out))));
    weir_buf_deinit(&out);
    weir_buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_arena a;
    weir_sv *docs = NULL;
    size_t n = 0;
    size_t cap = 0;
    if (size > UINT32_MAX) {
        return 0;
    }
    weir_arena_init(&a);
    weir_sv body = padded(&a, weir_sv_of((const char *)data, size));
    const char *from = body.p;
    if (!weir__http_split(body, &docs, &n, &cap)) {
        for (size_t i = 0; i < n && i < DOCS_MAX; i++) {
            WEIR_ASSERT(docs[i].p >= from && docs[i].p + docs[i].n <= body.p + body.n);
            from = docs[i].p + docs[i].n;
            for (int to = WEIR__HTTP_AS_IS; to <= WEIR__HTTP_CAMEL; to++) {
                shape(&a, docs[i], (weir__http_case)to);
                weir__http_told_name(&a, docs[i], (weir__http_case)to, docs[0]);
                weir__http_told_name(&a, docs[i], (weir__http_case)to, WEIR_SV("ITEMS[1].PRODUCT_ID"));
            }
        }
    }
    weir_free(docs);
    weir_arena_deinit(&a);
    return 0;
}
