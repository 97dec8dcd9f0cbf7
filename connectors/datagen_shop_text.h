/* The shop's catalogue and the JSON of its records. Inside of the generator. */
#pragma once
#include "connectors/datagen_shop.h"
#include "engine/base/rng.h"

typedef struct weir__shop_product {
    uint8_t category, brand, kind;
    uint16_t model;
    uint32_t price, cost; /* cents */
    uint32_t stock;
} weir__shop_product;

/* ORDER weir__shop_step: names in datagen_shop_text.c */
typedef enum weir__shop_step {
    WEIR__SHOP_SEARCH,
    WEIR__SHOP_VIEW,
    WEIR__SHOP_ADD,
    WEIR__SHOP_REMOVE,
    WEIR__SHOP_CHECKOUT,
    WEIR__SHOP_PURCHASE,
} weir__shop_step;

typedef struct weir__shop_click {
    uint64_t id, session;
    uint32_t user, product; /* product UINT32_MAX: none */
    uint8_t step;           /* weir__shop_step */
    uint8_t quantity, query, referrer;
} weir__shop_click;

typedef struct weir__shop_payment {
    uint64_t id, session;
    uint32_t user, card;
    uint32_t amount; /* cents */
    uint8_t country, method;
    bool declined;
} weir__shop_payment;

void weir__shop_make(weir__shop_product *products, uint32_t n, weir_rng *r);
uint8_t weir__shop_pick_query(weir_rng *r);
uint8_t weir__shop_pick_referrer(weir_rng *r);
uint8_t weir__shop_pick_country(weir_rng *r, uint32_t user); /* mostly the user's own */
uint8_t weir__shop_pick_method(weir_rng *r);

/* Append key and value. */
void weir__shop_click_text(weir_buf *key, weir_buf *value, const weir__shop_click *c,
                           const weir__shop_product *p);
void weir__shop_payment_text(weir_buf *key, weir_buf *value, const weir__shop_payment *p);
void weir__shop_product_text(weir_buf *key, weir_buf *value, uint32_t i,
                             const weir__shop_product *p);
