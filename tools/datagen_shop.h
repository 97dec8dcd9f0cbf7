/* The shop's catalogue and the JSON of its records. Inside of the generator. */
#pragma once
#include "engine/base/rng.h"
#include "tools/datagen.h"

typedef struct weir_shop_product {
    uint8_t category, brand, kind;
    uint16_t model;
    uint32_t price, cost; /* cents */
    uint32_t stock;
} weir_shop_product;

/* ORDER weir_shop_step: names in datagen_shop.c */
typedef enum weir_shop_step {
    WEIR_SHOP_SEARCH,
    WEIR_SHOP_VIEW,
    WEIR_SHOP_ADD,
    WEIR_SHOP_REMOVE,
    WEIR_SHOP_CHECKOUT,
    WEIR_SHOP_PURCHASE,
} weir_shop_step;

typedef struct weir_shop_click {
    uint64_t id, session;
    uint32_t user, product; /* product UINT32_MAX: none */
    uint8_t step;           /* weir_shop_step */
    uint8_t quantity, query, referrer;
} weir_shop_click;

typedef struct weir_shop_payment {
    uint64_t id, session;
    uint32_t user, card;
    uint32_t amount; /* cents */
    uint8_t country, method;
    bool declined;
} weir_shop_payment;

void weir_shop_make(weir_shop_product *products, uint32_t n, weir_rng *r);
uint8_t weir_shop_pick_query(weir_rng *r);
uint8_t weir_shop_pick_referrer(weir_rng *r);
uint8_t weir_shop_pick_country(weir_rng *r, uint32_t user); /* mostly the user's own */
uint8_t weir_shop_pick_method(weir_rng *r);

/* Append key and value. */
void weir_shop_click_text(weir_buf *key, weir_buf *value, const weir_shop_click *c,
                          const weir_shop_product *p);
void weir_shop_payment_text(weir_buf *key, weir_buf *value, const weir_shop_payment *p);
void weir_shop_product_text(weir_buf *key, weir_buf *value, uint32_t i, const weir_shop_product *p);
