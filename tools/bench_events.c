/* Click events as an online shop sends them: nine fields, about 237 bytes of JSON, 1 % with escapes
 * and 1 % with accents, time advancing by 0 to twice the step. The same seed gives the same bytes. */
#include "tools/bench.h"

#include "engine/base/rng.h"
#include "engine/data/datetime.h"

#include <stdio.h>

static const char *const types[] = {"page_view", "page_view", "page_view", "product_view",
                                    "product_view", "add_to_cart", "remove_from_cart", "checkout",
                                    "purchase", "search"};
static const char *const categories[] = {"audio", "books", "cameras", "computers", "fashion",
                                         "garden", "kitchen", "phones", "sports", "toys"};
static const char *const adjectives[] = {"Compact", "Deluxe", "Ergonomic", "Foldable", "Premium",
                                         "Rugged", "Smart", "Wireless"};
static const char *const nouns[] = {"Backpack", "Camera", "Headphones", "Keyboard", "Lamp",
                                    "Speaker", "Tablet", "Watch"};

#define PICK(rng, list) ((list)[weir_rng_below((rng), WEIR_COUNT(list))])

static int event_text(char *out, size_t cap, weir_rng *r, const weir_events *e, int64_t ms)
{
    weir_civil day = weir_civil_from_days(weir_ts_to_date(ms));
    int32_t t = weir_ts_to_time(ms);
    uint64_t odd = weir_rng_below(r, 100);
    const char *extra = odd == 0 ? " 7\\\" \\u2122" : odd == 1 ? " Caf\xc3\xa9" : "";
    uint64_t id = weir_rng_next(r);
    uint64_t cents = 100 + weir_rng_below(r, 99800);
    return snprintf(
        out, cap,
        "{\"userId\":\"user_%05u\",\"sessionId\":\"%08x-%04x-%04x\",\"eventType\":\"%s\","
        "\"productId\":\"prod_%05u\",\"productName\":\"%s %s%s\",\"category\":\"%s\","
        "\"price\":%u.%02u,\"quantity\":%u,"
        "\"timestamp\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"}",
        (unsigned)weir_rng_below(r, e->users), (unsigned)(id & 0xffffffff),
        (unsigned)(id >> 32 & 0xffff), (unsigned)(id >> 48), PICK(r, types),
        (unsigned)weir_rng_below(r, e->products), PICK(r, adjectives), PICK(r, nouns), extra,
        PICK(r, categories), (unsigned)(cents / 100), (unsigned)(cents % 100),
        (unsigned)(1 + weir_rng_below(r, 5)), (int)day.year, day.month, day.day, t / 3600000,
        t / 60000 % 60, t / 1000 % 60, t % 1000);
}

weir_chunk **weir_events_make(const weir_events *e, uint32_t *n_chunks)
{
    *n_chunks = (uint32_t)((e->n + WEIR_BATCH_ROWS - 1) / WEIR_BATCH_ROWS);
    weir_chunk **chunks = weir_alloc(sizeof *chunks * (*n_chunks + 1));
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    weir_rng r;
    weir_rng_seed(&r, e->seed);
    int64_t ms = e->start_ms;
    uint64_t left = e->n;
    for (uint32_t c = 0; c < *n_chunks; c++) {
        for (uint32_t i = 0; i < WEIR_BATCH_ROWS && left; i++, left--) {
            char text[512];
            int n = event_text(text, sizeof text, &r, e, ms);
            WEIR_ASSERT(n > 0 && (size_t)n < sizeof text);
            weir_chunk_builder_add(&b, weir_sv_of(NULL, WEIR_NULL_BYTES),
                                   weir_sv_of(text, (size_t)n), (weir_sv){0}, ms, 0);
            ms += (int64_t)weir_rng_below(&r, (uint64_t)(2 * e->step_ms + 1));
        }
        chunks[c] = weir_chunk_builder_take(&b);
    }
    weir_chunk_builder_deinit(&b);
    return chunks;
}

void weir_events_free(weir_chunk **chunks, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        weir_chunk_unref(chunks[i]);
    }
    weir_free(chunks);
}
