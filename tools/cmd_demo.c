/* `weir demo`: the bundle queries/ecommerce on the events of an invented shop, in one process.
 * Events come at a steady rate, the queries work on what has come, everything is committed each
 * second, and the results are drawn as they change. What is committed goes on to a webhook and into
 * Redis. Ends by itself. */
#include "tools/cmd.h"
#include "tools/demo_feed.h"
#include "tools/demo_screen.h"
#include "tools/demo_sinks.h"
#include "tools/options.h"

#include "connectors/connect.h"
#include "engine/base/hash.h"
#include "engine/base/limits.h"
#include "engine/io/file.h"
#include "engine/io/loop.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TICK_MS 50
#define COMMIT_NS 1000000000LL
#define DRAW_NS 250000000LL      /* on a terminal */
#define SNAPSHOT_NS 5000000000LL /* otherwise */
#define EVENTS_PER_TICK_MAX 10000
#define DELIVERY_NS 10000000000LL /* at the end: for what is still to be delivered */

typedef struct demo {
    const char *data_dir, *queries, *redis;
    uint32_t rate, speed, seconds, seed, workers;
    weir_session *session;
    weir_demo_feed *feed;
    weir_demo_results *results;
    weir_demo_hook *hook;
    weir_buf alerts_file, redis_place; /* place empty: no Redis */
    weir_loop *loop;
    weir_hmap *skipped; /* topic and offset of malformed records: each counts once */
    bool live;          /* standard output is a terminal of some size */
    weir_demo_size size;
    weir_buf picture;
    uint32_t drawn_lines;
    int64_t start_ns, committed_ns, drawn_ns;
    int64_t start_cpu_ns, rate_ns; /* when the rate was measured, */
    uint64_t rate_events;          /* and the events until then */
    double per_second;
    uint64_t before, commits;
    uint64_t behind; /* events that were due and not taken */
    int64_t ended_ns; /* since when only deliveries are waited for; 0: not yet */
    bool undelivered; /* at the end */
    weir_status *st;
    weir_rc rc;
    int signum;
} demo;

static int64_t wall(void *clock)
{
    (void)clock;
    return weir_wall_ms();
}

static double seconds_since(int64_t ns)
{
    return (double)(weir_mono_ns() - ns) / 1e9;
}

/* Of the events; waiting for deliveries at the end does not count. */
static double elapsed(const demo *d)
{
    return d->ended_ns ? (double)(d->ended_ns - d->start_ns) / 1e9 : seconds_since(d->start_ns);
}

static void on_problem(void *ctx, const weir_problem *p)
{
    demo *d = ctx;
    if (p->record) {
        int64_t id[] = {(int64_t)weir_hash_sv(p->topic), p->partition, p->offset};
        bool added;
        weir_hmap_insert(d->skipped, weir_sv_of((const char *)id, sizeof id), &added);
    }
}

/* ---- picture ---- */

static void measure_rate(demo *d)
{
    double s = seconds_since(d->rate_ns);
    if (s >= 1 && !d->ended_ns) {
        uint64_t events = weir_demo_feed_events(d->feed);
        d->per_second = (double)(events - d->rate_events) / s;
        d->rate_events = events;
        d->rate_ns = weir_mono_ns();
    }
}

static void look_at_redis(demo *d, weir_demo_status *s)
{
    static const char *const names[] = {"DEMO_PRODUCTS", "DEMO_USERS"};
    weir_arena a;
    weir_arena_init(&a);
    s->redis = d->redis_place.n ? weir_buf_cstr(&d->redis_place) : NULL;
    for (size_t i = 0; s->redis && i < WEIR_COUNT(names); i++) {
        weir_connect_info c;
        if (weir_session_connector(d->session, weir_sv_cstr(names[i]), &a, &c)) {
            s->redis_writes += c.counts.records;
            s->redis_lag += (uint64_t)weir_max64(c.counts.lag, 0) + c.counts.waiting;
            snprintf(s->redis_trouble, sizeof s->redis_trouble, WEIR_SV_FMT, WEIR_SV_ARG(c.trouble));
        }
    }
    weir_arena_deinit(&a);
}

static weir_demo_status status_of(demo *d)
{
    weir_demo_status s = {
        .event_ms = weir_demo_feed_now(d->feed),
        .epoch = weir_demo_feed_epoch(d->feed),
        .events = weir_demo_feed_events(d->feed),
        .lag = d->behind,
        .skipped = weir_hmap_count(d->skipped),
        .rss_bytes = weir_rss_bytes(),
        .elapsed_s = elapsed(d),
        .duration_s = d->seconds,
        .alerts = weir_demo_hook_received(d->hook),
    };
    look_at_redis(d, &s);
    weir_engine *e = weir_session_engine(d->session);
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        weir_query_stats q;
        weir_query_stats_of(weir_engine_query_at(e, i), &q);
        s.late += q.late;
        s.lag += q.lag > 0 ? (uint64_t)q.lag : 0;
        s.state_rows += q.state_entries;
        s.state_bytes += q.state_bytes;
    }
    measure_rate(d);
    s.per_second =
        d->per_second > 0 ? d->per_second : (double)(s.events - d->before) / (s.elapsed_s + 0.001);
    return s;
}

/* On a terminal the new picture goes over the old one, line by line, so that nothing flickers. */
static void draw(demo *d)
{
    weir_buf_reset(&d->picture);
    weir_demo_status s = status_of(d);
    weir_demo_draw(&d->picture, d->results, &s, d->size);
    if (!d->live) {
        printf("\n");
    } else if (d->drawn_lines) {
        printf("\x1b[%uA", d->drawn_lines);
    }
    d->drawn_lines = 0;
    for (size_t at = 0; at < d->picture.n; d->drawn_lines++) {
        const char *end = memchr(d->picture.p + at, '\n', d->picture.n - at);
        size_t n = (size_t)(end - d->picture.p) - at;
        fwrite(d->picture.p + at, 1, n, stdout);
        fputs(d->live ? "\x1b[K\n" : "\n", stdout);
        at += n + 1;
    }
    fflush(stdout);
    d->drawn_ns = weir_mono_ns();
}

static void look_at_terminal(demo *d)
{
    struct winsize w;
    d->size = (weir_demo_size){.columns = 80, .rows = 24};
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 60 &&
        w.ws_row >= 24) {
        d->live = true;
        d->size = (weir_demo_size){.columns = w.ws_col, .rows = w.ws_row, .colours = true};
    }
}

/* ---- work ---- */

static weir_rc check_queries(demo *d, weir_status *st)
{
    weir_engine *e = weir_session_engine(d->session);
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        const weir_query *q = weir_engine_query_at(e, i);
        if (weir_query_error(q)) {
            return weir_fail(st, WEIR_EFATAL, "query " WEIR_SV_FMT " stopped: %s",
                             WEIR_SV_ARG(weir_query_plan(q)->query_id), weir_query_error(q));
        }
    }
    return WEIR_OK;
}

static weir_rc check_connectors(demo *d, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_sv name;
    weir_sv why;
    weir_rc rc = WEIR_OK;
    if (weir_session_failed_connector(d->session, &a, &name, &why)) {
        rc = weir_fail(st, WEIR_EFATAL, "connector " WEIR_SV_FMT " stopped: " WEIR_SV_FMT,
                       WEIR_SV_ARG(name), WEIR_SV_ARG(why));
    }
    weir_arena_deinit(&a);
    return rc;
}

/* What was committed goes to the sinks. */
static weir_rc pump(demo *d, weir_status *st)
{
    bool moved = false;
    WEIR_TRY(weir_session_pump(d->session, &moved, st));
    return check_connectors(d, st);
}

/* Everything up to here becomes durable at once: events, results, state, what sinks have delivered,
 * and where the generator is. */
static weir_rc commit(demo *d, weir_status *st)
{
    weir_demo_feed_save(d->feed, d->session);
    WEIR_TRY(weir_session_commit(d->session, st));
    d->committed_ns = weir_mono_ns();
    d->commits++;
    WEIR_TRY(pump(d, st));
    return weir_demo_results_read(d->results, st);
}

static weir_rc work(demo *d, weir_status *st)
{
    double due = seconds_since(d->start_ns) * d->rate;
    uint64_t sent = weir_demo_feed_events(d->feed) - d->before;
    uint64_t n = due > (double)sent ? (uint64_t)due - sent : 0;
    uint64_t taken = n < EVENTS_PER_TICK_MAX ? n : EVENTS_PER_TICK_MAX;
    weir_demo_feed_take(d->feed, d->session, taken);
    d->behind = n - taken;
    WEIR_TRY(weir_engine_drain(weir_session_engine(d->session), st));
    WEIR_TRY(check_queries(d, st));
    WEIR_TRY(weir_demo_results_read(d->results, st));
    if (weir_mono_ns() - d->committed_ns >= COMMIT_NS || weir_session_wants_commit(d->session)) {
        return commit(d, st);
    }
    return pump(d, st);
}

/* No more events: what is committed is delivered. */
static weir_rc deliver(demo *d, bool *done, weir_status *st)
{
    if (!d->ended_ns) {
        WEIR_TRY(commit(d, st));
        d->ended_ns = weir_mono_ns();
    }
    WEIR_TRY(pump(d, st));
    d->undelivered = !weir_session_connectors_idle(d->session);
    *done = !d->undelivered || weir_mono_ns() - d->ended_ns > DELIVERY_NS;
    return WEIR_OK;
}

static void on_tick(void *ctx)
{
    demo *d = ctx;
    if (d->rc != WEIR_OK || d->signum) {
        return;
    }
    bool done = false;
    d->rc = seconds_since(d->start_ns) < d->seconds ? work(d, d->st) : deliver(d, &done, d->st);
    if (weir_mono_ns() - d->drawn_ns >= (d->live ? DRAW_NS : SNAPSHOT_NS)) {
        draw(d);
    }
    if (d->rc != WEIR_OK || done) {
        weir_loop_stop(d->loop);
    }
}

static void on_wake(void *ctx)
{
    demo *d = ctx;
    d->rc = d->rc ? d->rc : pump(d, d->st);
    if (d->rc != WEIR_OK) {
        weir_loop_stop(d->loop);
    }
}

/* A thread of the connectors: there is something to do. */
static void wake(void *ctx)
{
    demo *d = ctx;
    weir_loop_post(d->loop, on_wake, d);
}

/* The first signal ends the demo in order; the second one ends the process at once. */
static void on_signal(void *ctx, int signum)
{
    demo *d = ctx;
    d->signum = signum;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    weir_loop_stop(d->loop);
}

static weir_rc run_loop(demo *d, weir_status *st)
{
    weir_loop_on_signal(d->loop, on_signal, d);
    d->start_ns = d->committed_ns = d->rate_ns = weir_mono_ns();
    d->drawn_ns = d->start_ns - (d->live ? DRAW_NS : 0);
    d->rate_events = d->before;
    if (d->live) {
        fputs("\x1b[?25l", stdout); /* no cursor */
    }
    weir_timer *timer = weir_timer_start(d->loop, TICK_MS, on_tick, d);
    weir_loop_run(d->loop);
    weir_timer_stop(timer);
    d->undelivered |= d->signum != 0;
    weir_session_stop_connectors(d->session);
    if (d->rc == WEIR_OK) {
        d->rc = commit(d, st);
    }
    draw(d);
    if (d->live) {
        fputs("\x1b[?25h", stdout);
    }
    return d->rc;
}

/* ---- beginning and end ---- */

static weir_rc execute(demo *d, const char *path, weir_sv text, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_script_outcome done;
    weir_rc rc = weir_session_execute(d->session, text, &done, &diags, st);
    weir_buf out = {0};
    for (uint32_t i = 0; i < diags.n; i++) {
        weir_diag_render(&out, weir_sv_cstr(path), text, &diags.items[i]);
    }
    fputs(weir_buf_cstr(&out), stderr);
    weir_buf_deinit(&out);
    weir_arena_deinit(&a);
    return rc;
}

static weir_rc run_file(demo *d, const char *path, weir_status *st)
{
    weir_buf text = {0};
    weir_rc rc = weir_file_read(path, WEIR_STATEMENT_BYTES_MAX, &text, st);
    rc = rc ? rc : execute(d, path, weir_buf_view(&text), st);
    weir_buf_deinit(&text);
    return rc;
}

static weir_rc run_files(demo *d, weir_status *st)
{
    weir_option_list folder = {.items = &d->queries, .n = 1};
    weir_option_list files = {0};
    weir_rc rc = weir_query_files(&folder, &files, st);
    for (size_t i = 0; rc == WEIR_OK && i < files.n; i++) {
        rc = run_file(d, files.items[i], st);
    }
    weir_query_files_free(&files);
    return rc;
}

/* A Redis that is named is there, or will be; else the usual place is looked at. */
static weir_rc find_redis(demo *d, weir_status *st)
{
    bool there = true;
    if (!d->redis) {
        d->redis = WEIR_DEMO_REDIS;
        there = weir_demo_redis_answers(d->loop);
    } else if (strcmp(d->redis, "none") == 0) {
        there = false;
    }
    return there ? weir_demo_redis_place(d->redis, &d->redis_place, st) : WEIR_OK;
}

/* The queries' results leave the process, too. */
static weir_rc connect_outside(demo *d, weir_status *st)
{
    weir_buf_printf(&d->alerts_file, "%s/alerts.jsonl", d->data_dir);
    WEIR_TRY(weir_demo_hook_open(weir_buf_cstr(&d->alerts_file), &d->hook, st));
    WEIR_TRY(find_redis(d, st));
    weir_buf text = {0};
    weir_demo_webhook_statement(&text, weir_demo_hook_port(d->hook));
    if (d->redis_place.n) {
        weir_demo_redis_statements(&text, d->redis);
    }
    weir_rc rc = execute(d, "demo", weir_buf_view(&text), st);
    weir_buf_deinit(&text);
    return rc;
}

static weir_rc begin(demo *d, weir_status *st)
{
    weir_session_config config = {
        .workers = d->workers,
        .order = WEIR_ORDER_TIME,
        .coalesce = true,
        .default_partitions = 1,
        .data_dir = d->data_dir,
        .now_ms = wall,
        .on_problem = on_problem,
        .ctx = d,
        .wake = wake,
        .wake_ctx = d,
    };
    d->st = st;
    WEIR_TRY(weir_session_open(&config, &d->session, st));
    WEIR_TRY(run_files(d, st));
    WEIR_TRY(connect_outside(d, st));
    double per_second = (double)d->rate / d->speed;
    WEIR_TRY(weir_demo_feed_open(d->session, d->seed, per_second, &d->feed, st));
    WEIR_TRY(weir_demo_results_open(d->session, &d->results, st));
    d->before = weir_demo_feed_events(d->feed);
    weir_buf n = {0};
    weir_demo_count(&n, (int64_t)d->before);
    if (weir_demo_feed_runs(d->feed) == 1) {
        printf("weir demo: %u events/s for %u s, a new shop in %s\n", d->rate, d->seconds,
               d->data_dir);
    } else {
        printf("weir demo: continuing from epoch %llu, %s events so far, in %s\n",
               (unsigned long long)weir_demo_feed_epoch(d->feed), weir_buf_cstr(&n), d->data_dir);
    }
    weir_buf_deinit(&n);
    fflush(stdout);
    return WEIR_OK;
}

static void summarise_outside(demo *d, const weir_demo_status *now, weir_buf *b)
{
    weir_buf_str(b, "alerts   ");
    weir_demo_count(b, (int64_t)now->alerts.alerts);
    weir_buf_printf(b, " received in all runs, in %s", weir_buf_cstr(&d->alerts_file));
    weir_buf_printf(b, "; %llu came again, %llu refused\n", (unsigned long long)now->alerts.repeats,
                    (unsigned long long)now->alerts.refused);
    if (now->redis) {
        weir_buf_printf(b, "redis    %s: ", now->redis);
        weir_demo_count(b, (int64_t)now->redis_writes);
        weir_buf_str(b, " hashes written, " WEIR_DEMO_REDIS_PREFIX "product:* and user:*\n");
    }
    if (d->undelivered) {
        weir_buf_str(b, "what is not delivered yet goes out in the next run\n");
    }
}

static void summary(demo *d)
{
    double s = elapsed(d);
    double cpu = (double)(weir_cpu_ns() - d->start_cpu_ns) / 1e9;
    weir_demo_status now = status_of(d);
    weir_buf b = {0};
    weir_buf_str(&b, "\nevents   ");
    weir_demo_count(&b, (int64_t)(now.events - d->before));
    weir_buf_printf(&b, " in %.1f s (", s);
    weir_demo_count(&b, (int64_t)((double)(now.events - d->before) / s));
    weir_buf_str(&b, "/s), ");
    weir_demo_count(&b, (int64_t)now.events);
    weir_buf_printf(&b, " in all runs\ncpu      %.1f s, %.0f %% of one core\nmemory   ", cpu,
                    cpu / s * 100);
    weir_demo_bytes(&b, weir_rss_peak_bytes());
    weir_buf_str(&b, " at most; state of the queries: ");
    weir_demo_bytes(&b, now.state_bytes);
    weir_buf_str(&b, " in ");
    weir_demo_count(&b, (int64_t)now.state_rows);
    weir_buf_printf(&b, " rows\ndata     %s (", d->data_dir);
    weir_demo_bytes(&b, weir_store_disk_bytes(weir_session_store(d->session)));
    weir_buf_printf(&b, " on disk), %llu commits, epoch %llu\n", (unsigned long long)d->commits,
                    (unsigned long long)now.epoch);
    weir_buf_printf(&b,
                    "skipped  %llu malformed records, %llu that came too late for their window\n",
                    (unsigned long long)now.skipped, (unsigned long long)now.late);
    summarise_outside(d, &now, &b);
    weir_buf_printf(&b,
                    "\nWhat to try next:\n"
                    "  tools/demo                   again: it goes on from here\n"
                    "  build/release/weir run --until-idle --data-dir %s \\\n"
                    "      --output FRAUD_VELOCITY=- %s    results as JSON lines\n"
                    "  build/release/weir datagen --count 3 --topic payments    the events\n",
                    d->data_dir, d->queries);
    fwrite(b.p, 1, b.n, stdout);
    weir_buf_deinit(&b);
}

static void end(demo *d)
{
    weir_demo_results_close(d->results);
    weir_demo_feed_close(d->feed);
    weir_session_close(d->session);
    weir_demo_hook_close(d->hook);
    weir_loop_free(d->loop); /* connectors post to it */
    weir_hmap_free(d->skipped, NULL, NULL);
    weir_buf_deinit(&d->alerts_file);
    weir_buf_deinit(&d->redis_place);
    weir_buf_deinit(&d->picture);
}

static int run(const weir_command *self, int argc, char **argv)
{
    demo d = {.data_dir = "weir-demo-data",
              .queries = "queries/ecommerce",
              .rate = 10000,
              .speed = 60,
              .seconds = 28,
              .seed = 1,
              .workers = 1};
    weir_option_row rows[] = {
        {"--data-dir", WEIR_OPT_TEXT, &d.data_dir, 0, 0},
        {"--queries", WEIR_OPT_TEXT, &d.queries, 0, 0},
        {"--rate", WEIR_OPT_COUNT, &d.rate, 1, 1000000},
        {"--speed", WEIR_OPT_COUNT, &d.speed, 1, 86400},
        {"--seconds", WEIR_OPT_COUNT, &d.seconds, 1, 86400},
        {"--seed", WEIR_OPT_COUNT, &d.seed, 0, UINT32_MAX},
        {"--workers", WEIR_OPT_COUNT, &d.workers, 1, WEIR_WORKERS_MAX},
        {"--redis", WEIR_OPT_TEXT, &d.redis, 0, 0},
    };
    weir_option_list operands = {0};
    bool ok = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &operands);
    if (ok && operands.n) {
        fprintf(stderr, "weir demo: \"%s\" is not an option\n", operands.items[0]);
        ok = false;
    }
    weir_option_list_deinit(&operands);
    if (!ok) {
        return WEIR_EXIT_USAGE;
    }
    weir_status st;
    weir_status_reset(&st);
    d.start_cpu_ns = weir_cpu_ns();
    d.skipped = weir_hmap_new(1);
    weir_hmap_track(d.skipped, false);
    d.loop = weir_loop_new();
    look_at_terminal(&d);
    weir_rc rc = begin(&d, &st);
    rc = rc ? rc : run_loop(&d, &st);
    if (rc == WEIR_OK) {
        summary(&d);
    } else {
        fprintf(stderr, "weir demo: %s\n", st.msg);
    }
    end(&d);
    return rc != WEIR_OK ? WEIR_EXIT_FAILED : d.signum ? weir_exit_of_signal(d.signum) : WEIR_EXIT_OK;
}

const weir_command weir_cmd_demo = {
    .name = "demo",
    .line = "watch queries/ecommerce work on the events of an invented shop",
    .help =
        "usage: weir demo [options]\n"
        "\n"
        "Runs the query files on generated events and draws their results, on a terminal four\n"
        "times a second, else as a text every five seconds. Everything is committed each second;\n"
        "the next run goes on from there, also after kill -9. Alerts go out as signed webhooks to a\n"
        "receiver on this machine, which writes them to DIR/alerts.jsonl and knows repeats by their\n"
        "id. With a Redis at 127.0.0.1:6379 products and users are written there as hashes, for an\n"
        "hour: weir:demo:product:*, weir:demo:user:*.\n"
        "\n"
        "  --data-dir DIR   where topics and state live (weir-demo-data)\n"
        "  --queries DIR    the query files (queries/ecommerce)\n"
        "  --rate R         events per second (10000)\n"
        "  --speed X        event time runs X times as fast as the clock (60)\n"
        "  --seconds N      how long (28)\n"
        "  --seed S         of the generator, for an empty data directory (1)\n"
        "  --workers N      threads (1)\n"
        "  --redis URI      a Redis somewhere else: redis://user:password@host:port/0; none: no\n"
        "                   Redis\n"
        "\n"
        "Examples:\n"
        "  tools/demo\n"
        "  weir demo --rate 50000 --seconds 10 --data-dir /tmp/shop\n",
    .run = run,
};
