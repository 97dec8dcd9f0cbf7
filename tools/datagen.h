/* An invented shop: visitors who look around, fill carts, pay and leave; a product catalogue; now
 * and then somebody who tries a stolen card. The same configuration gives the same records, in the
 * same order, on every machine.
 *
 *   catalogue ─┐
 *   visits ────┴─► record {topic, key, value, timestamp}      (`weir datagen`, `weir demo`)
 *
 * Time is event time and only moves with the records: who wants a pace asks for records at that
 * pace. Memory is bounded by WEIR_DATAGEN_VISITORS_MAX. One thread. */
#pragma once
#include "engine/base/buf.h"

#define WEIR_DATAGEN_VISITORS_MAX 200000 /* in the shop at the same time */
#define WEIR_DATAGEN_HELD_MAX 20000      /* late and repeated records on their way */
#define WEIR_DATAGEN_PRODUCTS_MAX 100000

/* ORDER weir_datagen_topic: names in datagen_shop.c */
typedef enum weir_datagen_topic {
    WEIR_DATAGEN_CLICKSTREAM, /* key: user */
    WEIR_DATAGEN_PAYMENTS,    /* key: payment */
    WEIR_DATAGEN_PRODUCTS,    /* key: product */
    WEIR_DATAGEN_TOPICS
} weir_datagen_topic;
extern const char *const weir_datagen_topic_names[WEIR_DATAGEN_TOPICS];

typedef struct weir_datagen_config {
    uint64_t seed;
    uint64_t first_id; /* ids and randomness go on from here; 0 at the beginning */
    uint32_t users, products;
    int64_t start_ms;
    double per_second;                  /* clicks per second of event time, on average */
    double late, duplicates, malformed; /* shares of the records, 0 to 1 */
} weir_datagen_config;

typedef struct weir_datagen_record {
    weir_datagen_topic topic;
    weir_sv key, value; /* borrowed until the next call */
    int64_t timestamp;
    bool malformed; /* `value` is a broken text */
} weir_datagen_record;

typedef struct weir_datagen weir_datagen;

weir_datagen *weir_datagen_new(const weir_datagen_config *config);
void weir_datagen_free(weir_datagen *g);
/* The next click or payment, in order of arrival. There is always one. */
void weir_datagen_next(weir_datagen *g, weir_datagen_record *out);
/* The catalogue: product `i` < products. */
void weir_datagen_product(weir_datagen *g, uint32_t i, weir_datagen_record *out);
/* Where a later generator goes on: its first_id, and its start_ms. */
uint64_t weir_datagen_id(const weir_datagen *g);
int64_t weir_datagen_now(const weir_datagen *g);
