/* See demo_screen.h. Every cell is cut or filled to its width in terminal columns before colours
 * are added, so that wide and combining characters do not shift what comes after. */
#include "tools/demo_screen.h"

#include "engine/data/text.h"
#include "engine/data/text_width.h"

#include <math.h>

#define COLUMNS_LEAST 60
#define COLUMNS_MOST 160
#define ROWS_LEAST 24

static const char BOLD[] = "1";
static const char DIM[] = "2";
static const char GREEN[] = "32";
static const char RED[] = "31";
static const char CYAN[] = "36";

/* Eighths of a character: from the left, from below. */
static const char *const bar_parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
static const char *const spark_parts[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

typedef struct canvas {
    weir_buf *out;
    weir_demo_size size;
    uint32_t lines;
    weir_buf cell; /* scratch */
} canvas;

/* ---- cells ---- */

static void spaces(weir_buf *b, uint32_t n)
{
    while (n--) {
        weir_buf_byte(b, ' ');
    }
}

/* Text in exactly `width` columns. Control characters cannot come out of here. */
static void put(canvas *c, const char *colour, weir_sv text, uint32_t width, bool right)
{
    uint32_t used = 0;
    uint32_t end = 0;
    for (uint32_t at = 0; at < text.n; end = at) {
        uint32_t ch = weir_utf8_next(text, &at);
        uint32_t w = weir_text_width(weir_sv_of(text.p + end, at - end));
        if (used + w > width || ch < ' ' || ch == 0x7f) {
            break;
        }
        used += w;
    }
    bool coloured = colour && c->size.colours;
    if (right) {
        spaces(c->out, width - used);
    }
    if (coloured) {
        weir_buf_printf(c->out, "\x1b[%sm", colour);
    }
    weir_buf_add(c->out, text.p, end);
    if (coloured) {
        weir_buf_str(c->out, "\x1b[0m");
    }
    if (!right) {
        spaces(c->out, width - used);
    }
}

static void left(canvas *c, const char *colour, const char *text, uint32_t width)
{
    put(c, colour, weir_sv_cstr(text), width, false);
}

static void right(canvas *c, const char *colour, weir_buf *text, uint32_t width)
{
    put(c, colour, weir_buf_view(text), width, true);
    weir_buf_reset(text);
}

static void line(canvas *c)
{
    while (c->out->n > 0 && c->out->p[c->out->n - 1] == ' ') {
        c->out->n--;
    }
    weir_buf_byte(c->out, '\n');
    c->lines++;
}

static void bar(canvas *c, const char *colour, double share, uint32_t width)
{
    share = share < 0 || !(share == share) ? 0 : share > 1 ? 1 : share;
    uint32_t eighths = (uint32_t)lround(share * width * 8);
    weir_buf b = {0};
    for (uint32_t i = 0; i < eighths / 8; i++) {
        weir_buf_str(&b, "█");
    }
    weir_buf_str(&b, bar_parts[eighths % 8]);
    put(c, colour, weir_buf_view(&b), width, false);
    weir_buf_deinit(&b);
}

/* ---- numbers ---- */

static void grouped(weir_buf *out, uint64_t n)
{
    char digits[24];
    uint32_t k = 0;
    do {
        digits[k++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    while (k--) {
        weir_buf_byte(out, digits[k]);
        if (k && k % 3 == 0) {
            weir_buf_byte(out, ' ');
        }
    }
}

void weir_demo_count(weir_buf *out, int64_t n)
{
    if (n < 0) {
        weir_buf_byte(out, '-');
    }
    grouped(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void weir_demo_bytes(weir_buf *out, uint64_t n)
{
    if (n < 10000) {
        weir_buf_printf(out, "%llu B", (unsigned long long)n);
    } else {
        weir_buf_printf(out, "%.*f MB", n < 10000000, (double)n / 1e6);
    }
}

static void money(weir_buf *out, int64_t cents)
{
    weir_demo_count(out, cents / 100);
    weir_buf_printf(out, ".%02d", (int)(cents < 0 ? -(cents % 100) : cents % 100));
}

static void clock_text(weir_buf *out, int64_t ms, bool seconds)
{
    int64_t s = ms / 1000 % 86400;
    weir_buf_printf(out, "%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60));
    if (seconds) {
        weir_buf_printf(out, ":%02d", (int)(s % 60));
    }
}

/* ---- panels ---- */

static void draw_head(canvas *c, const weir_demo_status *s)
{
    left(c, BOLD, "weir demo: an invented shop", 28);
    weir_buf_str(&c->cell, "event time ");
    clock_text(&c->cell, s->event_ms, true);
    weir_buf_printf(&c->cell, " · epoch %llu · %.0f of %.0f s", (unsigned long long)s->epoch,
                    s->elapsed_s, s->duration_s);
    right(c, DIM, &c->cell, c->size.columns - 28);
    line(c);
}

static int64_t revenue_at(const weir_demo_category *cat, int64_t minute)
{
    uint32_t place = (uint32_t)(minute / WEIR_DEMO_MINUTE_MS % WEIR_DEMO_MINUTES);
    return minute >= 0 && cat->minute[place] == minute ? cat->cents[place] : 0;
}

/* `cat` NULL: all of them. */
static int64_t revenue_of(const weir_demo_results *r, const weir_demo_category *cat, int64_t minute)
{
    int64_t sum = cat ? revenue_at(cat, minute) : 0;
    for (uint32_t i = 0; !cat && i < r->n_categories; i++) {
        sum += revenue_at(&r->categories[i], minute);
    }
    return sum;
}

static void draw_revenue_row(canvas *c, const weir_demo_results *r, const weir_demo_category *cat,
                             double share, uint32_t width, uint32_t bar_width)
{
    int64_t last = r->newest_minute - WEIR_DEMO_MINUTE_MS; /* the newest is not over yet */
    int64_t most = 1;
    for (uint32_t i = 0; i < width; i++) {
        most = weir_max64(most, revenue_of(r, cat, last - i * WEIR_DEMO_MINUTE_MS));
    }
    left(c, NULL, cat ? cat->name : "all", 11);
    weir_buf b = {0};
    for (uint32_t i = width; i-- > 0;) {
        int64_t cents = revenue_of(r, cat, last - i * WEIR_DEMO_MINUTE_MS);
        weir_buf_str(&b, spark_parts[cents ? 1 + (cents * 7 + most / 2) / most : 0]);
    }
    put(c, GREEN, weir_buf_view(&b), width, false);
    weir_buf_deinit(&b);
    money(&c->cell, revenue_of(r, cat, last));
    right(c, BOLD, &c->cell, 13);
    spaces(c->out, 2);
    bar(c, GREEN, share, bar_width);
    line(c);
}

static void draw_revenue(canvas *c, const weir_demo_results *r)
{
    uint32_t bar_width = c->size.columns / 5;
    uint32_t width = c->size.columns - 11 - 13 - 2 - bar_width;
    width = width < WEIR_DEMO_MINUTES - 4 ? width : WEIR_DEMO_MINUTES - 4;
    int64_t last = r->newest_minute - WEIR_DEMO_MINUTE_MS;
    left(c, CYAN, "REVENUE PER MINUTE AND CATEGORY", 11 + width);
    clock_text(&c->cell, last < 0 ? 0 : last, false);
    right(c, DIM, &c->cell, 13);
    line(c);
    int64_t most = 1;
    for (uint32_t i = 0; i < r->n_categories; i++) {
        most = weir_max64(most, revenue_of(r, &r->categories[i], last));
    }
    for (uint32_t i = 0; i < 6; i++) {
        if (i < r->n_categories) {
            const weir_demo_category *cat = &r->categories[i];
            double share = (double)revenue_of(r, cat, last) / (double)most;
            draw_revenue_row(c, r, cat, share, width, bar_width);
        } else {
            line(c);
        }
    }
    draw_revenue_row(c, r, NULL, 0, width, bar_width);
}

static void draw_step(canvas *c, const weir_demo_results *r, uint32_t step, uint32_t width)
{
    static const char *const names[WEIR_DEMO_STEPS + 1] = {"", "view", "cart", "checkout",
                                                           "purchase"};
    uint64_t here = 0;
    uint64_t all = 0;
    for (uint32_t i = 1; i <= WEIR_DEMO_STEPS; i++) {
        all += r->reached[i];
        here += i >= step ? r->reached[i] : 0;
    }
    double share = all ? (double)here / (double)all : 0;
    left(c, NULL, names[step], 9);
    bar(c, CYAN, share, width - 9 - 9 - 7 - 2);
    weir_demo_count(&c->cell, (int64_t)here);
    right(c, NULL, &c->cell, 9);
    weir_buf_printf(&c->cell, "%.1f %%", share * 100);
    right(c, BOLD, &c->cell, 7 + 1);
    spaces(c->out, 1);
}

static void draw_alert(canvas *c, const weir_demo_alert *a, uint32_t width)
{
    clock_text(&c->cell, a->at, false);
    weir_buf_printf(&c->cell, " %s %2lld× ", a->card, (long long)a->attempts);
    weir_demo_count(&c->cell, a->cents / 100);
    weir_buf_printf(&c->cell, " %lld declined", (long long)a->declined);
    put(c, RED, weir_buf_view(&c->cell), width, false);
    weir_buf_reset(&c->cell);
}

/* The funnel on the left, suspicious cards on the right. */
static void draw_funnel_and_fraud(canvas *c, const weir_demo_results *r)
{
    uint32_t width = c->size.columns / 2;
    left(c, CYAN, "FUNNEL: VISITS THAT CAME SO FAR", width);
    weir_buf_printf(&c->cell, "FRAUD: MANY PAYMENTS IN A MINUTE (%llu)",
                    (unsigned long long)weir_hmap_count(r->cards));
    put(c, CYAN, weir_buf_view(&c->cell), c->size.columns - width, false);
    weir_buf_reset(&c->cell);
    line(c);
    for (uint32_t i = 0; i < WEIR_DEMO_STEPS; i++) {
        draw_step(c, r, i + 1, width);
        if (i < r->n_alerts) {
            draw_alert(c, &r->alerts[i], c->size.columns - width);
        }
        line(c);
    }
}

static void draw_trending(canvas *c, const weir_demo_results *r, uint32_t rows)
{
    const weir_demo_product *products[32];
    const weir_demo_trend *trends[32];
    uint32_t n = weir_demo_results_trending(r, products, trends, rows < 32 ? rows : 32);
    uint32_t names = c->size.columns - 11 - 4 * 9;
    left(c, CYAN, "TRENDING PRODUCTS, TEN MINUTES", names + 11);
    static const char *const heads[] = {"views", "carts", "bought", "score"};
    for (size_t i = 0; i < WEIR_COUNT(heads); i++) {
        put(c, DIM, weir_sv_cstr(heads[i]), 9, true);
    }
    line(c);
    for (uint32_t i = 0; i < rows; i++) {
        if (i < n) {
            left(c, NULL, products[i]->name, names);
            left(c, DIM, products[i]->category, 11);
            const int64_t numbers[] = {trends[i]->page_views, trends[i]->cart_adds,
                                       trends[i]->purchases, trends[i]->score};
            for (size_t k = 0; k < WEIR_COUNT(numbers); k++) {
                weir_demo_count(&c->cell, numbers[k]);
                right(c, k == 3 ? BOLD : NULL, &c->cell, 9);
            }
        }
        line(c);
    }
}

static void draw_sales(canvas *c, const weir_demo_results *r)
{
    left(c, CYAN, "SOLD ", 5);
    weir_demo_count(&c->cell, (int64_t)r->sales);
    weir_buf_str(&c->cell, " for ");
    money(&c->cell, r->sold_cents);
    weir_buf_str(&c->cell, ", margin ");
    money(&c->cell, r->margin_cents);
    if (r->sales) {
        weir_buf_printf(&c->cell, ", last %lld × %s", (long long)r->last_quantity, r->last_product);
    }
    put(c, NULL, weir_buf_view(&c->cell), c->size.columns - 5, false);
    weir_buf_reset(&c->cell);
    line(c);
}

/* What has left: the receiver's count of alerts, the connectors' count of writes. */
static void draw_outside(canvas *c, const weir_demo_status *s)
{
    const weir_demo_received *a = &s->alerts;
    left(c, CYAN, "WEBHOOK ", 8);
    weir_buf_str(&c->cell, "signed alerts received: ");
    weir_demo_count(&c->cell, (int64_t)a->alerts);
    if (a->repeats) {
        weir_buf_printf(&c->cell, " (and %llu again)", (unsigned long long)a->repeats);
    }
    for (uint32_t i = 0; i < a->n_last && (i == 0 || c->size.columns > 75 + 35 * i); i++) {
        weir_buf_str(&c->cell, i ? " · " : ", last: ");
        clock_text(&c->cell, a->last[i].at, false);
        weir_buf_printf(&c->cell, " %s %lld× %s", a->last[i].card, (long long)a->last[i].attempts,
                        a->last[i].total);
    }
    put(c, NULL, weir_buf_view(&c->cell), c->size.columns - 8, false);
    weir_buf_reset(&c->cell);
    line(c);
    left(c, CYAN, "REDIS ", 6);
    if (!s->redis) {
        weir_buf_str(&c->cell, "none at 127.0.0.1:6379 (apt install redis-server): rows would go there");
    } else if (s->redis_trouble[0]) {
        weir_buf_printf(&c->cell, "%s: %s", s->redis, s->redis_trouble);
    } else {
        weir_buf_printf(&c->cell, "%s: ", s->redis);
        weir_demo_count(&c->cell, (int64_t)s->redis_writes);
        weir_buf_str(&c->cell, " hashes written, ");
        weir_demo_count(&c->cell, (int64_t)s->redis_lag);
        weir_buf_str(&c->cell, " to come");
    }
    put(c, NULL, weir_buf_view(&c->cell), c->size.columns - 6, false);
    weir_buf_reset(&c->cell);
    line(c);
}

static void draw_status(canvas *c, const weir_demo_status *s)
{
    weir_demo_count(&c->cell, (int64_t)s->events);
    weir_buf_str(&c->cell, " events, ");
    weir_demo_count(&c->cell, (int64_t)s->per_second);
    weir_buf_str(&c->cell, "/s, lag ");
    weir_demo_count(&c->cell, (int64_t)s->lag);
    weir_buf_printf(&c->cell, ", late %llu, bad %llu, state ", (unsigned long long)s->late,
                    (unsigned long long)s->skipped);
    weir_demo_bytes(&c->cell, s->state_bytes);
    weir_buf_str(&c->cell, ", RSS ");
    weir_demo_bytes(&c->cell, s->rss_bytes);
    put(c, DIM, weir_buf_view(&c->cell), c->size.columns, false);
    line(c);
}

void weir_demo_draw(weir_buf *out, const weir_demo_results *r, const weir_demo_status *s,
                    weir_demo_size size)
{
    size.columns = size.columns < COLUMNS_LEAST  ? COLUMNS_LEAST
                   : size.columns > COLUMNS_MOST ? COLUMNS_MOST
                                                 : size.columns;
    size.rows = size.rows < ROWS_LEAST ? ROWS_LEAST : size.rows;
    canvas c = {.out = out, .size = size};
    draw_head(&c, s);
    draw_revenue(&c, r);
    line(&c);
    draw_funnel_and_fraud(&c, r);
    line(&c);
    /* The rest is five lines and the products: as many as there is room for. */
    uint32_t left_over = size.rows - 1 - c.lines - 5;
    draw_trending(&c, r, left_over < 10 ? left_over : 10);
    draw_sales(&c, r);
    draw_outside(&c, s);
    draw_status(&c, s);
    WEIR_ASSERT(c.lines < size.rows);
    weir_buf_deinit(&c.cell);
}
