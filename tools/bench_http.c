/* What tools/bench needs to measure a source that listens: a client that posts click events as fast as
 * they are answered, on connections that are kept. For that script, so `weir bench --help` leaves it out:
 *
 *   weir bench http PORT PATH CONNECTIONS SECONDS PIPELINED EVENTS
 *
 * EVENTS 1 is an object a request, more are an array of so many. So many PIPELINED requests are sent
 * before the first answer. Requests are made before the clock runs. Prints one JSON object. */
#include "tools/bench.h"
#include "tools/cmd.h"

#include "engine/base/alloc.h"
#include "engine/io/stream.h"

#include <stdio.h>
#include <stdlib.h>

#define REQUESTS 64      /* distinct ones */
#define PIPELINED_MAX 256
#define START_MS 1700000000000LL
#define SLOT_NS 50000    /* of the table of latencies */
#define SLOTS 200000     /* up to 10 s */

typedef struct client {
    weir_loop *loop;
    weir_buf requests[REQUESTS];
    uint32_t pipelined, events;
    uint64_t sent, taken, refused, broken;
    uint32_t *latencies; /* [SLOTS] */
    bool over;
} client;

typedef struct caller {
    client *l;
    int64_t sent_ns[PIPELINED_MAX]; /* a ring */
    uint32_t first, n;
    char line[256];
    uint32_t line_n;
    int32_t status;
    size_t body; /* of the answer, still to come */
    bool in_body;
} caller;

static void ask(caller *c, weir_stream *s)
{
    const weir_buf *r = &c->l->requests[c->l->sent++ % REQUESTS];
    if (c->n < PIPELINED_MAX && weir_stream_write(s, r->p, r->n)) {
        c->sent_ns[(c->first + c->n++) % PIPELINED_MAX] = weir_mono_ns();
    }
}

static void opened(void *ctx, weir_stream *s)
{
    caller *c = ctx;
    for (uint32_t i = 0; i < c->l->pipelined; i++) {
        ask(c, s);
    }
}

static void answered(caller *c, weir_stream *s)
{
    client *l = c->l;
    int64_t took = (weir_mono_ns() - c->sent_ns[c->first]) / SLOT_NS;
    c->first = (c->first + 1) % PIPELINED_MAX;
    c->n--;
    l->latencies[took < SLOTS ? took : SLOTS - 1]++;
    l->taken += c->status / 100 == 2;
    l->refused += c->status / 100 != 2;
    c->in_body = false;
    if (!l->over) {
        ask(c, s);
    }
}

/* A line of an answer's head, without its end. */
static void head_line(caller *c, weir_stream *s)
{
    c->line[c->line_n] = 0;
    if (strncmp(c->line, "HTTP/1.1 ", 9) == 0) {
        c->status = (int32_t)strtol(c->line + 9, NULL, 10);
        c->body = 0;
    } else if (strncmp(c->line, "Content-Length: ", 16) == 0) {
        c->body = strtoul(c->line + 16, NULL, 10);
    } else if (c->line_n == 0 && c->body) {
        c->in_body = true;
    } else if (c->line_n == 0) {
        answered(c, s);
    }
    c->line_n = 0;
}

static void data(void *ctx, weir_stream *s, const char *p, size_t n)
{
    caller *c = ctx;
    for (const char *end = p + n; p < end;) {
        size_t left = (size_t)(end - p);
        if (c->in_body) {
            size_t some = left < c->body ? left : c->body;
            p += some;
            c->body -= some;
            if (c->body == 0) {
                answered(c, s);
            }
            continue;
        }
        const char *nl = memchr(p, '\n', left);
        size_t some = nl ? (size_t)(nl - p) : left;
        size_t room = sizeof c->line - 1 - c->line_n;
        size_t kept = some < room ? some : room;
        memcpy(c->line + c->line_n, p, kept);
        c->line_n += (uint32_t)kept;
        p += some + (nl != NULL);
        if (nl) {
            c->line_n -= c->line_n && c->line[c->line_n - 1] == '\r';
            head_line(c, s);
        }
    }
}

static void closed(void *ctx, weir_stream *s, const weir_status *why)
{
    (void)s;
    ((caller *)ctx)->l->broken++;
    fprintf(stderr, "weir bench http: %s\n", why->msg);
}

static void stop(void *ctx)
{
    client *l = ctx;
    l->over = true;
    weir_loop_stop(l->loop);
}

static void make_requests(client *l, const char *path)
{
    weir_events e = {.n = (uint64_t)REQUESTS * l->events, .users = 100000, .products = 50000,
                     .start_ms = START_MS, .step_us = 60, .seed = 42};
    uint32_t n_chunks = 0;
    weir_chunk **chunks = weir_events_make(&e, &n_chunks);
    weir_buf body = {0};
    for (uint64_t i = 0, at = 0; i < REQUESTS; i++) {
        weir_buf_reset(&body);
        for (uint32_t k = 0; k < l->events; k++, at++) {
            const weir_chunk *c = chunks[at / WEIR_BATCH_ROWS];
            weir_buf_str(&body, l->events == 1 ? "" : k ? "," : "[");
            weir_buf_sv(&body, weir_rec_value(c, &c->recs[at % WEIR_BATCH_ROWS]));
        }
        weir_buf_str(&body, l->events == 1 ? "" : "]");
        weir_buf_printf(&l->requests[i],
                        "POST %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: weir-bench\r\nAccept: */*\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                        path, body.n);
        weir_buf_sv(&l->requests[i], weir_buf_view(&body));
    }
    weir_buf_deinit(&body);
    weir_events_free(chunks, n_chunks);
}

static double quantile_ms(const client *l, double q)
{
    uint64_t left = (uint64_t)((double)(l->taken + l->refused) * q);
    uint32_t i = 0;
    while (i + 1 < SLOTS && left >= l->latencies[i]) {
        left -= l->latencies[i++];
    }
    return (double)(i + 1) * SLOT_NS / 1e6;
}

static void run_client(client *l, uint16_t port, uint32_t connections, uint64_t seconds)
{
    static const weir_stream_events events = {.opened = opened, .data = data, .closed = closed};
    weir_stream_spec spec = {.host = "127.0.0.1", .port = port};
    caller *callers = weir_zalloc(connections * sizeof *callers);
    for (uint32_t i = 0; i < connections; i++) {
        callers[i].l = l;
        weir_stream_connect(l->loop, &spec, &events, &callers[i]);
    }
    weir_timer_once(l->loop, seconds * 1000, stop, l);
    int64_t from = weir_mono_ns();
    int64_t cpu = weir_cpu_ns();
    weir_loop_run(l->loop);
    printf("{\"requests\":%llu,\"events\":%llu,\"refused\":%llu,\"broken\":%llu,\"seconds\":%.3f,"
           "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"own_cpu\":%.3f}\n",
           (unsigned long long)l->taken, (unsigned long long)(l->taken * l->events),
           (unsigned long long)l->refused, (unsigned long long)l->broken,
           (double)(weir_mono_ns() - from) / 1e9, quantile_ms(l, 0.5), quantile_ms(l, 0.99),
           (double)(weir_cpu_ns() - cpu) / 1e9);
    weir_loop_free(l->loop);
    weir_free(callers);
}

int weir_bench_http(int argc, char **argv)
{
    uint64_t numbers[5] = {0};
    for (int i = 0; i < 5 && argc == 6; i++) {
        numbers[i] = strtoull(argv[i + (i > 0)], NULL, 10);
    }
    uint64_t connections = numbers[1];
    if (argc != 6 || numbers[0] > UINT16_MAX || connections < 1 || connections > 10000 || numbers[2] < 1 ||
        numbers[3] < 1 || numbers[3] > PIPELINED_MAX || numbers[4] < 1 || numbers[4] > 100000) {
        fprintf(stderr, "weir bench http: see tools/bench_http.c\n");
        return WEIR_EXIT_USAGE;
    }
    client l = {.loop = weir_loop_new(), .pipelined = (uint32_t)numbers[3], .events = (uint32_t)numbers[4],
                .latencies = weir_zalloc(sizeof(uint32_t) * SLOTS)};
    make_requests(&l, argv[1]);
    run_client(&l, (uint16_t)numbers[0], (uint32_t)connections, numbers[2]);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        weir_buf_deinit(&l.requests[i]);
    }
    weir_free(l.latencies);
    return l.taken == 0 || l.broken ? WEIR_EXIT_FAILED : WEIR_EXIT_OK;
}
