/* What the shop sells, and how its systems write it down. Texts have accents, other scripts, quotes
 * and spaces on purpose: the terminal and every format must live with them. */
#include "connectors/datagen_shop_text.h"

#include "engine/data/json_text.h"

const char *const weir_shop_topic_names[WEIR_SHOP_TOPICS] = {"clickstream", "payments", "products"};

static const char *const step_names[] = {"search",           "view",     "add_to_cart",
                                         "remove_from_cart", "checkout", "purchase"};

typedef struct category {
    const char *name;
    uint32_t price; /* cents, of a middling product */
    const char *kinds[4];
} category;

static const category categories[] = {
    {"audio", 12000, {"Headphones", "Speaker", "Turntable", "Earbuds"}},
    {"cameras", 52000, {"Camera", "Zoom Lens", "Tripod", "Action Cam"}},
    {"computers", 95000, {"Laptop", "Tablet 11\"", "Monitor 27\"", "Keyboard"}},
    {"kitchen", 9000, {"Espresso Maker", "Café Grinder", "Blender", "Kettle"}},
    {"phones", 60000, {"Phone", "Phone Mini", "Phone Pro", "Folding Phone"}},
    {"sports", 16000, {"Running Watch", "Rower", "Bike Light", "Rucksack"}},
};
static const char *const brands[] = {"Aurora", "Borealis", "Cobalt", "Dünen",
                                     "Écho",   "Fjord",    "Granit", "光 Hikari"};
static const char *const queries[] = {"usb-c kabel",    "noise cancelling", "running watch",
                                      "écouteurs",      "ノートパソコン",   "gaming laptop",
                                      "phone \"mini\"", "tripod light"};
static const char *const referrers[] = {NULL, "google", "newsletter", "instagram", "affiliate"};
static const char *const countries[] = {"DE", "FR", "NL", "IT", "ES", "PL", "JP", "US"};
static const char *const methods[] = {"card", "card", "card", "wallet"};

void weir__shop_make(weir__shop_product *products, uint32_t n, weir_rng *r)
{
    for (uint32_t i = 0; i < n; i++) {
        weir__shop_product *p = &products[i];
        p->category = (uint8_t)weir_rng_below(r, WEIR_COUNT(categories));
        p->kind = (uint8_t)weir_rng_below(r, WEIR_COUNT(categories[0].kinds));
        p->brand = (uint8_t)weir_rng_below(r, WEIR_COUNT(brands));
        p->model = (uint16_t)(1 + weir_rng_below(r, 99));
        uint64_t price = categories[p->category].price * (40 + weir_rng_below(r, 161)) / 100;
        p->price = (uint32_t)(price / 100 * 100 + (weir_rng_below(r, 3) ? 99 : 50));
        p->cost = (uint32_t)(p->price * (55 + weir_rng_below(r, 31)) / 100);
        p->stock = (uint32_t)weir_rng_below(r, 500);
    }
}

uint8_t weir__shop_pick_query(weir_rng *r)
{
    return (uint8_t)weir_rng_below(r, WEIR_COUNT(queries));
}

uint8_t weir__shop_pick_referrer(weir_rng *r)
{
    return (uint8_t)weir_rng_below(r, WEIR_COUNT(referrers));
}

uint8_t weir__shop_pick_country(weir_rng *r, uint32_t user)
{
    return (uint8_t)(weir_rng_below(r, 50) ? user % WEIR_COUNT(countries)
                                           : weir_rng_below(r, WEIR_COUNT(countries)));
}

uint8_t weir__shop_pick_method(weir_rng *r)
{
    return (uint8_t)weir_rng_below(r, WEIR_COUNT(methods));
}

static void text(weir_buf *b, const char *name, const char *value)
{
    weir_buf_printf(b, ",\"%s\":", name);
    if (value) {
        weir_json_string(b, weir_sv_cstr(value));
    } else {
        weir_buf_str(b, "null");
    }
}

static void money(weir_buf *b, const char *name, uint32_t cents)
{
    weir_buf_printf(b, ",\"%s\":%u.%02u", name, cents / 100, cents % 100);
}

void weir__shop_click_text(weir_buf *key, weir_buf *value, const weir__shop_click *c,
                           const weir__shop_product *p)
{
    weir_buf_printf(key, "USER_%06u", c->user);
    weir_buf_printf(value, "{\"event_id\":\"E%09llu\",\"session_id\":\"S%09llu\"",
                    (unsigned long long)c->id, (unsigned long long)c->session);
    text(value, "event_type", step_names[c->step]);
    if (p) {
        weir_buf_printf(value, ",\"product_id\":\"P%05u\"", c->product + 1);
        text(value, "category", categories[p->category].name);
        money(value, "price", p->price);
        weir_buf_printf(value, ",\"quantity\":%u", c->quantity);
    } else {
        weir_buf_str(value,
                     ",\"product_id\":null,\"category\":null,\"price\":null,\"quantity\":null");
    }
    text(value, "search_query", c->step == WEIR__SHOP_SEARCH ? queries[c->query] : NULL);
    text(value, "referrer", referrers[c->referrer]);
    weir_buf_byte(value, '}');
}

void weir__shop_payment_text(weir_buf *key, weir_buf *value, const weir__shop_payment *p)
{
    weir_buf_printf(key, "PAY_%09llu", (unsigned long long)p->id);
    weir_buf_printf(value,
                    "{\"order_id\":\"O%09llu\",\"user_id\":\"USER_%06u\",\"card\":\"CARD_%06u\"",
                    (unsigned long long)p->session, p->user, p->card);
    money(value, "amount", p->amount);
    text(value, "method", methods[p->method]);
    text(value, "country", countries[p->country]);
    text(value, "status", p->declined ? "declined" : "ok");
    weir_buf_byte(value, '}');
}

void weir__shop_product_text(weir_buf *key, weir_buf *value, uint32_t i,
                             const weir__shop_product *p)
{
    weir_buf name = {0};
    weir_buf_printf(key, "P%05u", i + 1);
    weir_buf_printf(&name, "%s %s %u", brands[p->brand], categories[p->category].kinds[p->kind],
                    p->model);
    weir_buf_str(value, "{\"name\":");
    weir_json_string(value, weir_buf_view(&name));
    text(value, "category", categories[p->category].name);
    text(value, "brand", brands[p->brand]);
    money(value, "price", p->price);
    money(value, "cost", p->cost);
    weir_buf_printf(value, ",\"stock\":%u}", p->stock);
    weir_buf_deinit(&name);
}
