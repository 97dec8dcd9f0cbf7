/* An invented shop: visitors who look around, fill carts, pay and leave; a product catalogue; now
 * and then somebody who tries a stolen card. The same configuration gives the same records, in the
 * same order, on every machine.
 *
 *   catalogue ─┐
 *   visits ────┴─► record {topic, key, value, timestamp}      (`weir datagen`, `weir demo`)
 *
 * Time is event time and only moves with the records: who wants a pace asks for records at that
 * pace. Memory is bounded by WEIR_SHOP_VISITORS_MAX. One thread. */
#pragma once
#include "engine/base/buf.h"

#define WEIR_SHOP_VISITORS_MAX 200000 /* in the shop at the same time */
#define WEIR_SHOP_HELD_MAX 20000      /* late and repeated records on their way */
#define WEIR_SHOP_PRODUCTS_MAX 100000

/* ORDER weir_shop_topic: names in datagen_shop_text.c */
typedef enum weir_shop_topic {
    WEIR_SHOP_CLICKSTREAM, /* key: user */
    WEIR_SHOP_PAYMENTS,    /* key: payment */
    WEIR_SHOP_PRODUCTS,    /* key: product */
    WEIR_SHOP_TOPICS
} weir_shop_topic;
extern const char *const weir_shop_topic_names[WEIR_SHOP_TOPICS];

typedef struct weir_shop_config {
    uint64_t seed;
    uint64_t first_id; /* ids and randomness go on from here; 0 at the beginning */
    uint32_t users, products;
    int64_t start_ms;
    double per_second;                  /* clicks per second of event time, on average */
    double late, duplicates, malformed; /* shares of the records, 0 to 1 */
} weir_shop_config;

typedef struct weir_shop_record {
    weir_shop_topic topic;
    weir_sv key, value; /* borrowed until the next call */
    int64_t timestamp;
    bool malformed; /* `value` is a broken text */
} weir_shop_record;

typedef struct weir_shop weir_shop;

weir_shop *weir_shop_new(const weir_shop_config *config);
void weir_shop_free(weir_shop *g);
/* The next click or payment, in order of arrival. There is always one. */
void weir_shop_next(weir_shop *g, weir_shop_record *out);
/* The catalogue: product `i` < products. */
void weir_shop_product(weir_shop *g, uint32_t i, weir_shop_record *out);
/* Where a later generator goes on: its first_id, and its start_ms. */
uint64_t weir_shop_id(const weir_shop *g);
int64_t weir_shop_now(const weir_shop *g);
