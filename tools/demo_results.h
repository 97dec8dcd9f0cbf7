/* What the queries of queries/ecommerce have found out, read from their result topics: the latest
 * value of every row that the screen shows. Nothing here counts events; all numbers are the
 * queries'. */
#pragma once
#include "engine/run/hmap.h"
#include "engine/server/session.h"

#define WEIR_DEMO_NAME_BYTES 48
#define WEIR_DEMO_CATEGORIES 12
#define WEIR_DEMO_MINUTES 128 /* of revenue that are kept */
#define WEIR_DEMO_STEPS 4     /* view, cart, checkout, purchase */
#define WEIR_DEMO_WINDOWS 4   /* of trending products that are kept */
#define WEIR_DEMO_ALERTS 16
#define WEIR_DEMO_MINUTE_MS 60000

typedef struct weir_demo_category {
    char name[WEIR_DEMO_NAME_BYTES];
    int64_t minute[WEIR_DEMO_MINUTES]; /* start of the window in this place: minute % MINUTES */
    int64_t cents[WEIR_DEMO_MINUTES];
} weir_demo_category;

typedef struct weir_demo_trend {
    int64_t start;
    int64_t page_views, cart_adds, purchases, score;
} weir_demo_trend;

typedef struct weir_demo_product {
    char name[WEIR_DEMO_NAME_BYTES], category[WEIR_DEMO_NAME_BYTES];
    weir_demo_trend windows[WEIR_DEMO_WINDOWS];
} weir_demo_product;

typedef struct weir_demo_alert {
    char card[WEIR_DEMO_NAME_BYTES];
    int64_t at; /* the last payment */
    int64_t attempts, cents, countries, declined;
} weir_demo_alert;

typedef struct weir_demo_reader weir_demo_reader;

typedef struct weir_demo_results {
    weir_demo_category categories[WEIR_DEMO_CATEGORIES];
    uint32_t n_categories;
    int64_t newest_minute;
    weir_hmap *visits;                        /* user and window → deepest step */
    uint64_t reached[WEIR_DEMO_STEPS + 1];    /* visits whose deepest step this is */
    weir_hmap *products;                      /* id → weir_demo_product */
    int64_t newest_trend;                     /* start of the newest window */
    weir_demo_alert alerts[WEIR_DEMO_ALERTS]; /* newest first */
    uint32_t n_alerts;
    weir_hmap *cards; /* that were in an alert */
    uint64_t sales;
    int64_t sold_cents, margin_cents;
    char last_product[WEIR_DEMO_NAME_BYTES];
    int64_t last_quantity;
    uint64_t records; /* read so far */
    weir_demo_reader *readers;
    uint32_t n_readers;
    weir_arena arena, step;
} weir_demo_results;

/* After the statements have run. WEIR_ENOTFOUND, naming it, when a source or column is missing. */
weir_rc weir_demo_results_open(weir_session *s, weir_demo_results **out, weir_status *st);
void weir_demo_results_close(weir_demo_results *r);
/* Reads what is new, and tells the topics that it has been read. */
weir_rc weir_demo_results_read(weir_demo_results *r, weir_status *st);
/* The products of the window that shows most: the newest but one. Returns how many. */
uint32_t weir_demo_results_trending(const weir_demo_results *r, const weir_demo_product **out,
                                    const weir_demo_trend **trends, uint32_t max);
