/* Answers to _bulk requests, and records on their way into one: arbitrary bytes are refused, or read within
 * their limits; what becomes a document is one object in one line. */
#include "connectors/sink_elastic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITEMS 8u

static void judge_all(weir_arena *a, weir_sv body)
{
    weir__es_result r[ITEMS];
    for (uint32_t n = 1; n <= ITEMS; n++) {
        if (!weir__es_answer(a, body, n, r)) {
            continue;
        }
        for (uint32_t i = 0; i < n; i++) {
            WEIR_ASSERT(r[i].status >= 100 && r[i].status < 600);
            WEIR_ASSERT(weir__es_conflicting_version(r[i].reason) >= -1);
            for (uint32_t action = WEIR__ES_INDEX; action <= WEIR__ES_DELETE; action++) {
                weir_sink_outcome o = weir__es_judge(a, action, 1, &r[i]);
                WEIR_ASSERT(r[i].status >= 300 || o.kind == WEIR_SINK_DONE);
            }
        }
    }
    weir__es_error(a, body);
}

static void make_document(weir_arena *a, weir_sv text)
{
    weir_sv object = {0};
    weir_sv again = {0};
    if (!weir__es_object(a, text, &object)) {
        return;
    }
    WEIR_ASSERT(object.n >= 2 && object.p[0] == '{' && object.p[object.n - 1] == '}');
    WEIR_ASSERT(!memchr(object.p, '\n', object.n) && !memchr(object.p, '\r', object.n));
    WEIR_ASSERT(weir__es_object(a, object, &again) && again.n == object.n);
    weir__es_has_member(a, object, "@timestamp");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_arena a;
    if (size > UINT32_MAX) {
        return 0;
    }
    weir_arena_init(&a);
    judge_all(&a, weir_sv_of((const char *)data, size));
    make_document(&a, weir_sv_of((const char *)data, size));
    weir_arena_deinit(&a);
    return 0;
}
