/* `weir datagen`: records of the invented shop (datagen_shop.h) as lines for `weir run --input`. Runs on
 * a loop, at full speed while idle or by a timer, so that an interrupt ends between two lines. */
#include "connectors/datagen_shop.h"
#include "tools/cmd.h"
#include "tools/options.h"

#include "engine/data/datetime.h"
#include "engine/data/json_text.h"
#include "engine/io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TICK_MS 20
#define LINES_PER_STEP 1000
#define DEFAULT_PER_SECOND 100.0

typedef struct printer {
    weir_shop *gen;
    weir_loop *loop;
    weir_shop_topic topic;
    uint64_t count, printed; /* count 0: no end */
    uint32_t products;
    double rate;
    int64_t start_ns;
    weir_buf line;
    int error, signum;
} printer;

static void next_record(printer *p, weir_shop_record *r)
{
    if (p->topic == WEIR_SHOP_PRODUCTS) {
        weir_shop_product(p->gen, (uint32_t)p->printed, r);
        return;
    }
    do {
        weir_shop_next(p->gen, r);
    } while (r->topic != p->topic);
}

static void print_record(printer *p)
{
    weir_shop_record r;
    next_record(p, &r);
    weir_buf_reset(&p->line);
    weir_buf_str(&p->line, "{\"key\":");
    weir_json_string(&p->line, r.key);
    weir_buf_str(&p->line, r.malformed ? ",\"raw\":" : ",\"value\":");
    if (r.malformed) {
        weir_json_string(&p->line, r.value);
    } else {
        weir_buf_sv(&p->line, r.value);
    }
    weir_buf_printf(&p->line, ",\"timestamp\":%lld}\n", (long long)r.timestamp);
    if (fwrite(p->line.p, 1, p->line.n, stdout) != p->line.n) {
        p->error = errno;
    }
    p->printed++;
}

/* Prints up to `n` more; false at the end. */
static bool print_some(printer *p, uint64_t n)
{
    for (uint64_t i = 0; i < n && !p->error && (!p->count || p->printed < p->count); i++) {
        print_record(p);
    }
    return !p->error && (!p->count || p->printed < p->count);
}

static bool on_idle(void *ctx)
{
    printer *p = ctx;
    bool more = !p->signum && print_some(p, LINES_PER_STEP);
    if (!more) {
        weir_loop_stop(p->loop);
    }
    return more;
}

static void on_tick(void *ctx)
{
    printer *p = ctx;
    double due = (double)(weir_mono_ns() - p->start_ns) / 1e9 * p->rate;
    bool more = print_some(p, due > (double)p->printed ? (uint64_t)due - p->printed : 0);
    if (fflush(stdout) != 0) {
        p->error = errno;
    }
    if (!more || p->error) {
        weir_loop_stop(p->loop);
    }
}

static void on_signal(void *ctx, int signum)
{
    printer *p = ctx;
    p->signum = signum;
    weir_loop_stop(p->loop);
}

static int print_all(printer *p)
{
    p->loop = weir_loop_new();
    p->start_ns = weir_mono_ns();
    weir_loop_on_signal(p->loop, on_signal, p);
    weir_timer *timer = NULL;
    if (p->rate > 0) {
        timer = weir_timer_start(p->loop, TICK_MS, on_tick, p);
    } else {
        weir_loop_on_idle(p->loop, on_idle, p);
    }
    weir_loop_run(p->loop);
    if (timer) {
        weir_timer_stop(timer);
    }
    weir_loop_free(p->loop);
    if (fflush(stdout) != 0 && !p->error) {
        p->error = errno;
    }
    if (p->error == EPIPE) { /* the reader has seen enough */
        return WEIR_EXIT_OK;
    }
    if (p->error) {
        fprintf(stderr, "weir datagen: cannot write: %s\n", strerror(p->error));
        return WEIR_EXIT_FAILED;
    }
    return p->signum == 0 ? WEIR_EXIT_OK : weir_exit_of_signal(p->signum);
}

/* ---- options ---- */

/* A number from `least` to `most`; NULL text leaves *out. */
static bool number(const weir_command *self, const char *name, const char *text, double least,
                   double most, double *out)
{
    if (!text) {
        return true;
    }
    char *end = NULL;
    double d = strtod(text, &end);
    if (end == text || *end || !(d >= least && d <= most)) {
        fprintf(stderr, "weir %s: %s wants a number from %g to %g, not \"%s\"\n", self->name, name,
                least, most, text);
        return false;
    }
    *out = d;
    return true;
}

static bool start_time(const weir_command *self, const char *text, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    long long ms = strtoll(text, &end, 10);
    if (end != text && !*end && errno == 0 && ms >= 0) {
        *out = ms;
        return true;
    }
    weir_status st;
    weir_status_reset(&st);
    if (weir_timestamp_parse(weir_sv_cstr(text), out, &st) == WEIR_OK && *out >= 0) {
        return true;
    }
    fprintf(stderr,
            "weir %s: --start wants a time as 2026-01-26T08:00:00 or milliseconds, not "
            "\"%s\"\n",
            self->name, text);
    return false;
}

static bool find_topic(const weir_command *self, const char *name, weir_shop_topic *out)
{
    for (size_t i = 0; i < WEIR_SHOP_TOPICS; i++) {
        if (strcmp(weir_shop_topic_names[i], name) == 0) {
            *out = (weir_shop_topic)i;
            return true;
        }
    }
    const char *near = weir_option_nearest(name, weir_shop_topic_names, WEIR_SHOP_TOPICS);
    fprintf(stderr, "weir %s: no topic %s%s%s%s; there are clickstream, payments, products\n",
            self->name, name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return false;
}

static int run(const weir_command *self, int argc, char **argv)
{
    weir_shop_config c = {.users = 100000, .products = 200, .late = 0.02, .duplicates = 0.001};
    printer p = {0};
    double speed = 1;
    uint32_t count = 100000;
    uint32_t seed = 1;
    const char *rate_text = NULL;
    const char *speed_text = NULL;
    const char *late = NULL;
    const char *duplicates = NULL;
    const char *malformed = NULL;
    const char *topic = "clickstream";
    const char *start = "2026-01-26T08:00:00";
    weir_option_row rows[] = {
        {"--count", WEIR_OPT_COUNT, &count, 0, UINT32_MAX},
        {"--rate", WEIR_OPT_TEXT, &rate_text, 0, 0},
        {"--seed", WEIR_OPT_COUNT, &seed, 0, UINT32_MAX},
        {"--users", WEIR_OPT_COUNT, &c.users, 1, 1000000000},
        {"--products", WEIR_OPT_COUNT, &c.products, 1, WEIR_SHOP_PRODUCTS_MAX},
        {"--start", WEIR_OPT_TEXT, &start, 0, 0},
        {"--speed", WEIR_OPT_TEXT, &speed_text, 0, 0},
        {"--late", WEIR_OPT_TEXT, &late, 0, 0},
        {"--duplicates", WEIR_OPT_TEXT, &duplicates, 0, 0},
        {"--malformed", WEIR_OPT_TEXT, &malformed, 0, 0},
        {"--topic", WEIR_OPT_TEXT, &topic, 0, 0},
    };
    weir_option_list operands = {0};
    bool ok = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &operands);
    if (ok && operands.n) {
        fprintf(stderr, "weir %s: \"%s\" is not an option\n", self->name, operands.items[0]);
        ok = false;
    }
    weir_option_list_deinit(&operands);
    ok = ok && number(self, "--rate", rate_text, 0, 1e7, &p.rate) &&
         number(self, "--speed", speed_text, 0.001, 1e6, &speed) &&
         number(self, "--late", late, 0, 1, &c.late) &&
         number(self, "--duplicates", duplicates, 0, 1, &c.duplicates) &&
         number(self, "--malformed", malformed, 0, 1, &c.malformed) &&
         find_topic(self, topic, &p.topic) && start_time(self, start, &c.start_ms);
    if (!ok) {
        return WEIR_EXIT_USAGE;
    }
    c.seed = seed;
    c.per_second = (p.rate > 0 ? p.rate : DEFAULT_PER_SECOND) / speed;
    p.count = count;
    if (p.topic == WEIR_SHOP_PRODUCTS && (count == 0 || count > c.products)) {
        p.count = c.products;
    }
    p.gen = weir_shop_new(&c);
    int status = print_all(&p);
    weir_shop_free(p.gen);
    weir_buf_deinit(&p.line);
    return status;
}

const weir_command weir_cmd_datagen = {
    .name = "datagen",
    .line = "print invented shop events: clicks, payments, products",
    .help =
        "usage: weir datagen [options]\n"
        "\n"
        "Prints records of an invented shop, one JSON line each, as `weir run --input` reads "
        "them.\n"
        "The same options print the same bytes; topics of one seed fit together.\n"
        "\n"
        "  --topic NAME        clickstream (default), payments or products\n"
        "  --count N           so many records (100000); 0: no end, except for products\n"
        "  --rate R            records per second; 0 (default): as fast as possible\n"
        "  --seed S            another seed, another shop (1)\n"
        "  --users N           accounts, some much busier than others (100000)\n"
        "  --products N        products, some much more popular than others (200)\n"
        "  --start TIME        event time of the first record: ISO in UTC, or milliseconds\n"
        "                      (2026-01-26T08:00:00)\n"
        "  --speed X           event time runs X times as fast as --rate's seconds (1)\n"
        "  --late SHARE        records that arrive late and out of order (0.02)\n"
        "  --duplicates SHARE  records that arrive twice (0.001)\n"
        "  --malformed SHARE   records whose JSON is cut off (0)\n"
        "\n"
        "Examples:\n"
        "  weir datagen --topic products > products.jsonl\n"
        "  weir datagen --count 10000 | weir run --input clickstream=- --output PURCHASES=- \\\n"
        "      --until-idle purchases.sql\n"
        "  weir datagen --rate 500 --count 0 | weir run --input clickstream=- live.sql\n",
    .run = run,
};
