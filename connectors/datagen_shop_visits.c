/* The simulation behind datagen_shop.h. Who is in the shop is kept in a heap by the time of the
 * next step; a step gives one record and decides what the visitor does next. Late and repeated
 * records wait in the same heap.
 *
 *   arrive ─► search ─► view ─► add_to_cart ─► checkout ─► payment ─► purchase … ─► gone
 *                ▲       │ ▲        │
 *                └───────┘ └────────┴── (remove_from_cart)          at every arrow some leave
 *
 * Only whole-number arithmetic and exactly rounded operations on doubles, so that no C library can
 * change a record. */
#include "connectors/datagen_shop_text.h"

#include "engine/base/hash.h"

#define CART_MAX 4
#define CLICKS_PER_VISIT 4.7   /* on average; decides how many arrive */
#define HOT_MS (5 * 60 * 1000) /* so long is one product in everybody's mouth */
#define WAVE_MS (20 * 60 * 1000)
#define NO_PRODUCT UINT32_MAX

/* ORDER stage */
typedef enum stage { LOOK, ADD, REMOVE, CHECKOUT, PAY, BUY, STEAL } stage;

typedef struct visitor {
    uint64_t session;
    uint32_t user, product;
    uint32_t cart[CART_MAX];
    uint8_t quantity[CART_MAX];
    uint8_t n_cart, bought, looks, stage, referrer;
} visitor;

/* A record before it is text. */
typedef struct happening {
    int64_t at;
    bool payment;
    union {
        weir__shop_click click;
        weir__shop_payment paid;
    };
} happening;

typedef struct entry {
    int64_t due;
    uint64_t order; /* of pushing: equal times keep it */
    uint32_t slot;
    bool held; /* slot of `held`, else of `visitors` */
} entry;

struct weir_shop {
    weir_shop_config config;
    weir_rng rng;
    weir__shop_product *products;
    visitor *visitors;
    happening *held;
    uint32_t *free_visitors, *free_held; /* stacks of unused slots */
    size_t n_free_visitors, n_free_held;
    size_t cap_visitors, cap_held, cap_free_visitors, cap_free_held;
    uint32_t n_visitors, n_held;
    entry *heap;
    size_t n_heap, cap_heap;
    uint64_t order, id;
    int64_t now, arrival_us; /* ms of event time; when the next visitor comes */
    weir_buf key, value;
};

weir_shop *weir_shop_new(const weir_shop_config *config)
{
    WEIR_ASSERT(config->users > 0 && config->products > 0 && config->per_second > 0);
    WEIR_ASSERT(config->products <= WEIR_SHOP_PRODUCTS_MAX);
    weir_shop *g = weir_zalloc(sizeof *g);
    g->config = *config;
    g->products = weir_zalloc(sizeof *g->products * config->products);
    weir_rng_seed(&g->rng, config->seed);
    weir__shop_make(g->products, config->products, &g->rng);
    weir_rng_seed(&g->rng, config->seed ^ weir_hash_u64(config->first_id + 1));
    g->id = config->first_id;
    g->now = config->start_ms;
    g->arrival_us = config->start_ms * 1000;
    return g;
}

void weir_shop_free(weir_shop *g)
{
    if (!g) {
        return;
    }
    weir_free(g->products);
    weir_free(g->visitors);
    weir_free(g->held);
    weir_free(g->free_visitors);
    weir_free(g->free_held);
    weir_free(g->heap);
    weir_buf_deinit(&g->key);
    weir_buf_deinit(&g->value);
    weir_free(g);
}

uint64_t weir_shop_id(const weir_shop *g)
{
    return g->id;
}

int64_t weir_shop_now(const weir_shop *g)
{
    return g->now;
}

/* ---- chance ---- */

static bool chance(weir_shop *g, double share)
{
    return weir_rng_unit(&g->rng) < share;
}

static int64_t between(weir_shop *g, int64_t least, int64_t most)
{
    return least + (int64_t)weir_rng_below(&g->rng, (uint64_t)(most - least + 1));
}

/* Small numbers much more often: the density falls with the root of the rank. */
static uint32_t skewed(weir_shop *g, uint32_t n)
{
    double u = weir_rng_unit(&g->rng);
    uint32_t i = (uint32_t)(u * u * (double)n);
    return i < n ? i : n - 1;
}

static uint32_t pick_product(weir_shop *g)
{
    if (chance(g, 0.06)) {
        uint64_t turn = (uint64_t)(g->now / HOT_MS);
        return (uint32_t)(weir_hash_u64(g->config.seed + turn) % g->config.products);
    }
    return skewed(g, g->config.products);
}

/* ---- heap ---- */

static bool earlier(const entry *a, const entry *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void push(weir_shop *g, int64_t due, uint32_t slot, bool held)
{
    WEIR_GROW(g->heap, g->cap_heap, g->n_heap + 1);
    entry e = {.due = due, .order = g->order++, .slot = slot, .held = held};
    size_t i = g->n_heap++;
    for (; i > 0 && earlier(&e, &g->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        g->heap[i] = g->heap[(i - 1) / 2];
    }
    g->heap[i] = e;
}

static entry pop(weir_shop *g)
{
    entry first = g->heap[0];
    entry e = g->heap[--g->n_heap];
    size_t i = 0;
    for (size_t k = 1; k < g->n_heap; k = 2 * i + 1) {
        k += k + 1 < g->n_heap && earlier(&g->heap[k + 1], &g->heap[k]);
        if (!earlier(&g->heap[k], &e)) {
            break;
        }
        g->heap[i] = g->heap[k];
        i = k;
    }
    g->heap[i] = e;
    return first;
}

/* ---- visitors ---- */

static void arrive(weir_shop *g)
{
    int64_t phase = g->now % WAVE_MS * 2 - WAVE_MS; /* the shop fills and empties */
    double busy = 0.6 + 0.8 * (double)(phase < 0 ? -phase : phase) / WAVE_MS;
    double gap_us = 1e6 * CLICKS_PER_VISIT / (g->config.per_second * busy);
    g->arrival_us += 1 + (int64_t)(2 * gap_us * weir_rng_unit(&g->rng));
    uint32_t slot;
    if (g->n_free_visitors) {
        slot = g->free_visitors[--g->n_free_visitors];
    } else if (g->n_visitors < WEIR_SHOP_VISITORS_MAX) {
        WEIR_GROW(g->visitors, g->cap_visitors, g->n_visitors + 1);
        slot = g->n_visitors++;
    } else {
        return; /* a full shop: nobody gets in */
    }
    bool thief = chance(g, 0.0015);
    g->visitors[slot] = (visitor){
        .session = ++g->id,
        .user = 1 + skewed(g, g->config.users),
        .product = thief ? (uint32_t)between(g, 0, 999999) : NO_PRODUCT,
        .looks = (uint8_t)(thief ? between(g, 4, 12) : between(g, 1, 6)),
        .stage = thief ? STEAL : LOOK,
        .referrer = weir__shop_pick_referrer(&g->rng),
    };
    push(g, g->now, slot, false);
}

static void click(weir_shop *g, const visitor *v, weir__shop_step step, uint32_t product,
                  uint32_t quantity, happening *out)
{
    *out = (happening){.at = g->now};
    out->click = (weir__shop_click){
        .id = ++g->id,
        .session = v->session,
        .user = v->user,
        .product = product,
        .step = (uint8_t)step,
        .quantity = (uint8_t)quantity,
        .query = weir__shop_pick_query(&g->rng),
        .referrer = v->referrer,
    };
}

static void look(weir_shop *g, visitor *v, happening *out)
{
    if (v->product == NO_PRODUCT && chance(g, 0.22)) {
        v->product = pick_product(g); /* what the search finds is viewed next */
        click(g, v, WEIR__SHOP_SEARCH, NO_PRODUCT, 0, out);
        return;
    }
    if (v->product == NO_PRODUCT) {
        v->product = pick_product(g);
    }
    click(g, v, WEIR__SHOP_VIEW, v->product, 1, out);
    v->looks--;
    if (v->n_cart < CART_MAX && chance(g, 0.3)) {
        v->stage = ADD;
    } else if (v->looks == 0) {
        v->stage = CHECKOUT;
    } else {
        v->product = NO_PRODUCT;
    }
}

static void fill(weir_shop *g, visitor *v, happening *out)
{
    uint32_t quantity = chance(g, 0.15) ? 2 : 1;
    v->cart[v->n_cart] = v->product;
    v->quantity[v->n_cart++] = (uint8_t)quantity;
    click(g, v, WEIR__SHOP_ADD, v->product, quantity, out);
    v->stage = chance(g, 0.1) ? REMOVE : v->looks ? LOOK : CHECKOUT;
    v->product = v->stage == LOOK ? NO_PRODUCT : v->product;
}

static void take_out(weir_shop *g, visitor *v, happening *out)
{
    v->n_cart--;
    click(g, v, WEIR__SHOP_REMOVE, v->cart[v->n_cart], v->quantity[v->n_cart], out);
    v->stage = v->looks ? LOOK : CHECKOUT;
    v->product = NO_PRODUCT;
}

static void pay(weir_shop *g, visitor *v, happening *out)
{
    uint32_t amount = 0;
    for (uint32_t i = 0; i < v->n_cart; i++) {
        amount += g->products[v->cart[i]].price * v->quantity[i];
    }
    *out = (happening){.at = g->now, .payment = true};
    out->paid = (weir__shop_payment){
        .id = ++g->id,
        .session = v->session,
        .user = v->user,
        .card = (uint32_t)(weir_hash_u64(v->user) % 1000000),
        .amount = amount,
        .country = weir__shop_pick_country(&g->rng, v->user),
        .method = weir__shop_pick_method(&g->rng),
        .declined = chance(g, 0.03),
    };
    v->n_cart = out->paid.declined ? 0 : v->n_cart;
    v->stage = BUY;
}

/* A stolen card: many small amounts in short order, from many accounts and countries. */
static void steal(weir_shop *g, visitor *v, happening *out)
{
    *out = (happening){.at = g->now, .payment = true};
    uint32_t user = 1 + skewed(g, g->config.users);
    out->paid = (weir__shop_payment){
        .id = ++g->id,
        .session = v->session,
        .user = user,
        .card = v->product,
        .amount = (uint32_t)between(g, 100, 60000),
        .country = weir__shop_pick_country(&g->rng, user),
        .declined = chance(g, 0.5),
    };
    v->looks--;
}

/* One step of a visitor. Returns the milliseconds to the next; 0: gone. */
static int64_t walk(weir_shop *g, visitor *v, happening *out)
{
    switch ((stage)v->stage) {
    case LOOK:
        look(g, v, out);
        break;
    case ADD:
        fill(g, v, out);
        break;
    case REMOVE:
        take_out(g, v, out);
        break;
    case CHECKOUT:
        click(g, v, WEIR__SHOP_CHECKOUT, NO_PRODUCT, 0, out);
        v->stage = PAY;
        return chance(g, 0.72) ? between(g, 5000, 60000) : 0;
    case PAY:
        pay(g, v, out);
        return v->n_cart ? between(g, 200, 2000) : 0;
    case BUY:
        click(g, v, WEIR__SHOP_PURCHASE, v->cart[v->bought], v->quantity[v->bought], out);
        return ++v->bought < v->n_cart ? between(g, 1, 50) : 0;
    case STEAL:
        steal(g, v, out);
        return v->looks ? between(g, 1000, 7000) : 0;
    }
    /* Everybody may lose interest; without a cart nobody checks out. */
    double leave = v->stage == CHECKOUT ? (v->n_cart ? 0.4 : 1.0) : 0.08;
    return chance(g, leave) ? 0 : between(g, 1000, 40000);
}

/* ---- records ---- */

static bool hold(weir_shop *g, const happening *h, int64_t due)
{
    uint32_t slot;
    if (g->n_free_held) {
        slot = g->free_held[--g->n_free_held];
    } else if (g->n_held < WEIR_SHOP_HELD_MAX) {
        WEIR_GROW(g->held, g->cap_held, g->n_held + 1);
        slot = g->n_held++;
    } else {
        return false;
    }
    g->held[slot] = *h;
    push(g, due, slot, true);
    return true;
}

/* The next happening that arrives: steps of visitors, unless they are late, and what was held. */
static void happen(weir_shop *g, happening *out)
{
    for (;;) {
        if (g->n_heap == 0 || g->arrival_us / 1000 <= g->heap[0].due) {
            g->now = weir_max64(g->now, g->arrival_us / 1000);
            arrive(g);
            continue;
        }
        entry e = pop(g);
        g->now = weir_max64(g->now, e.due);
        if (e.held) {
            *out = g->held[e.slot];
            WEIR_GROW(g->free_held, g->cap_free_held, g->n_free_held + 1);
            g->free_held[g->n_free_held++] = e.slot;
            return;
        }
        int64_t wait = walk(g, &g->visitors[e.slot], out);
        if (wait) {
            push(g, g->now + wait, e.slot, false);
        } else {
            WEIR_GROW(g->free_visitors, g->cap_free_visitors, g->n_free_visitors + 1);
            g->free_visitors[g->n_free_visitors++] = e.slot;
        }
        if (chance(g, g->config.duplicates)) {
            hold(g, out, g->now + between(g, 1, 5000));
        }
        if (chance(g, g->config.late)) {
            /* Mostly a minute, sometimes longer than anybody waits. */
            int64_t most = chance(g, 0.1) ? 300000 : 60000;
            if (hold(g, out, g->now + between(g, 1000, most))) {
                continue;
            }
        }
        return;
    }
}

void weir_shop_next(weir_shop *g, weir_shop_record *out)
{
    happening h;
    happen(g, &h);
    weir_buf_reset(&g->key);
    weir_buf_reset(&g->value);
    if (h.payment) {
        weir__shop_payment_text(&g->key, &g->value, &h.paid);
    } else {
        const weir__shop_product *p =
            h.click.product == NO_PRODUCT ? NULL : &g->products[h.click.product];
        weir__shop_click_text(&g->key, &g->value, &h.click, p);
    }
    bool broken = chance(g, g->config.malformed);
    if (broken) { /* ASCII up to there, so the cut is between characters */
        g->value.n = (size_t)between(g, 5, 25);
    }
    *out = (weir_shop_record){
        .topic = h.payment ? WEIR_SHOP_PAYMENTS : WEIR_SHOP_CLICKSTREAM,
        .key = weir_buf_view(&g->key),
        .value = weir_buf_view(&g->value),
        .timestamp = h.at,
        .malformed = broken,
    };
}

void weir_shop_product(weir_shop *g, uint32_t i, weir_shop_record *out)
{
    WEIR_ASSERT(i < g->config.products);
    weir_buf_reset(&g->key);
    weir_buf_reset(&g->value);
    weir__shop_product_text(&g->key, &g->value, i, &g->products[i]);
    *out = (weir_shop_record){
        .topic = WEIR_SHOP_PRODUCTS,
        .key = weir_buf_view(&g->key),
        .value = weir_buf_view(&g->value),
        .timestamp = g->config.start_ms - 60000,
    };
}
