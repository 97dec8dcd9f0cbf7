/* Click events as an online shop sends them: nine fields, about 237 bytes of JSON, 1 % with escapes
 * and 1 % with accents, time advancing by 0 to twice the step. The same seed gives the same bytes. */
#include "tools/bench.h"

#include "engine/base/rng.h"
#include "engine/data/datetime.h"

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

static void put(weir_buf *b, const char *s)
{
    weir_buf_str(b, s);
}

/* Zero-padded to `width` digits of `base` (10 or 16). */
static void put_digits(weir_buf *b, uint64_t v, uint32_t base, uint32_t width)
{
    char text[24];
    uint32_t n = 0;
    while (n < width || v) {
        text[sizeof text - ++n] = "0123456789abcdef"[v % base];
        v /= base;
    }
    weir_buf_add(b, text + sizeof text - n, n);
}

static void put_time(weir_buf *b, int64_t ms)
{
    weir_civil day = weir_civil_from_days(weir_ts_to_date(ms));
    uint32_t t = (uint32_t)weir_ts_to_time(ms);
    const uint32_t parts[] = {(uint32_t)day.month, (uint32_t)day.day, t / 3600000, t / 60000 % 60,
                              t / 1000 % 60};
    put_digits(b, (uint64_t)day.year, 10, 4);
    for (size_t i = 0; i < WEIR_COUNT(parts); i++) {
        weir_buf_byte(b, "--T::"[i]);
        put_digits(b, parts[i], 10, 2);
    }
    weir_buf_byte(b, '.');
    put_digits(b, t % 1000, 10, 3);
    weir_buf_byte(b, 'Z');
}

static void put_event(weir_buf *b, weir_rng *r, const weir_events *e, int64_t ms)
{
    uint64_t odd = weir_rng_below(r, 100);
    uint64_t id = weir_rng_next(r);
    uint64_t cents = 100 + weir_rng_below(r, 99800);
    put(b, "{\"userId\":\"user_");
    put_digits(b, weir_rng_below(r, e->users), 10, 5);
    put(b, "\",\"sessionId\":\"");
    put_digits(b, id & 0xffffffff, 16, 8);
    weir_buf_byte(b, '-');
    put_digits(b, id >> 32 & 0xffff, 16, 4);
    weir_buf_byte(b, '-');
    put_digits(b, id >> 48, 16, 4);
    put(b, "\",\"eventType\":\"");
    put(b, PICK(r, types));
    put(b, "\",\"productId\":\"prod_");
    put_digits(b, weir_rng_below(r, e->products), 10, 5);
    put(b, "\",\"productName\":\"");
    put(b, PICK(r, adjectives));
    weir_buf_byte(b, ' ');
    put(b, PICK(r, nouns));
    put(b, odd == 0 ? " 7\\\" \\u2122" : odd == 1 ? " Caf\xc3\xa9" : "");
    put(b, "\",\"category\":\"");
    put(b, PICK(r, categories));
    put(b, "\",\"price\":");
    put_digits(b, cents / 100, 10, 1);
    weir_buf_byte(b, '.');
    put_digits(b, cents % 100, 10, 2);
    put(b, ",\"quantity\":");
    put_digits(b, 1 + weir_rng_below(r, 5), 10, 1);
    put(b, ",\"timestamp\":\"");
    put_time(b, ms);
    put(b, "\"}");
}

weir_chunk **weir_events_make(const weir_events *e, uint32_t *n_chunks)
{
    *n_chunks = (uint32_t)((e->n + WEIR_BATCH_ROWS - 1) / WEIR_BATCH_ROWS);
    weir_chunk **chunks = weir_alloc(sizeof *chunks * (*n_chunks + 1));
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    weir_rng r;
    weir_rng_seed(&r, e->seed);
    int64_t us = e->start_ms * 1000;
    uint64_t left = e->n;
    for (uint32_t c = 0; c < *n_chunks; c++) {
        for (uint32_t i = 0; i < WEIR_BATCH_ROWS && left; i++, left--) {
            uint32_t at = (uint32_t)b.bytes.n;
            int64_t ms = us / 1000;
            put_event(&b.bytes, &r, e, ms);
            weir_rec *rec = weir_chunk_builder_rec(&b);
            *rec = (weir_rec){.key_n = WEIR_NULL_BYTES,
                              .value_at = at,
                              .value_n = (uint32_t)b.bytes.n - at,
                              .timestamp = ms};
            us += (int64_t)weir_rng_below(&r, (uint64_t)(2 * e->step_us + 1));
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
