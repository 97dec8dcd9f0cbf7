/* Requests as fast as they are answered, on connections that are kept; for measuring a server.
 *
 * usage: http_load HOST PORT PATH [CONNECTIONS [SECONDS [PIPELINED]]]
 *
 * Posts one event of 200 bytes a request and prints how many answers came in a second. PIPELINED
 * requests are sent before the first answer. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/io/stream.h"

typedef struct load {
    weir_loop *loop;
    char request[1024];
    size_t request_n;
    uint64_t answers, failed;
    uint32_t pipelined;
    bool over;
} load;

typedef struct caller {
    load *l;
    uint32_t ends; /* of the empty line seen so far: bytes */
} caller;

static void opened(void *ctx, weir_stream *s)
{
    load *l = ((caller *)ctx)->l;
    for (uint32_t i = 0; i < l->pipelined; i++) {
        weir_stream_write(s, l->request, l->request_n);
    }
}

/* Answers have no body: each ends with its empty line. */
static void data(void *ctx, weir_stream *s, const char *p, size_t n)
{
    static const char end[] = "\r\n\r\n";
    caller *c = ctx;
    load *l = c->l;
    for (size_t i = 0; i < n; i++) {
        c->ends = p[i] == end[c->ends] ? c->ends + 1 : p[i] == '\r';
        if (c->ends == 4) {
            c->ends = 0;
            l->answers++;
            if (!l->over) {
                weir_stream_write(s, l->request, l->request_n);
            }
        }
    }
}

static void closed(void *ctx, weir_stream *s, const weir_status *why)
{
    (void)s;
    ((caller *)ctx)->l->failed++;
    fprintf(stderr, "closed: %s\n", why->msg);
}

static void stop(void *ctx)
{
    load *l = ctx;
    l->over = true;
    weir_loop_stop(l->loop);
}

int main(int argc, char **argv)
{
    static const weir_stream_events events = {.opened = opened, .data = data, .closed = closed};
    if (argc < 4) {
        fprintf(stderr, "usage: http_load HOST PORT PATH [CONNECTIONS [SECONDS [PIPELINED]]]\n");
        return 2;
    }
    load l = {.loop = weir_loop_new()};
    uint32_t connections = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 32;
    uint64_t seconds = argc > 5 ? strtoul(argv[5], NULL, 10) : 5;
    l.pipelined = argc > 6 ? (uint32_t)strtoul(argv[6], NULL, 10) : 1;
    char event[201];
    int n = snprintf(event, sizeof event,
                     "{\"userId\":\"user-000042\",\"eventType\":\"add_to_cart\",\"productId\":\"p-1234567\","
                     "\"quantity\":2,\"price\":19.99,\"sessionId\":\"5f0c7a1e-6c1d-4e55-9a55-d3c1a0f5b7aa\","
                     "\"timestamp\":1700000000000,\"page\":\"/a\"}");
    l.request_n = (size_t)snprintf(l.request, sizeof l.request,
                                   "POST %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: http_load\r\n"
                                   "Accept: */*\r\nContent-Type: application/json\r\n"
                                   "Content-Length: %d\r\n\r\n%s",
                                   argv[3], argv[1], argv[2], n, event);
    weir_stream_spec spec = {.host = argv[1], .port = (uint16_t)strtoul(argv[2], NULL, 10)};
    caller *callers = weir_zalloc(connections * sizeof *callers);
    for (uint32_t i = 0; i < connections; i++) {
        callers[i].l = &l;
        weir_stream_connect(l.loop, &spec, &events, &callers[i]);
    }
    weir_timer_once(l.loop, seconds * 1000, stop, &l);
    int64_t from = weir_mono_ns();
    weir_loop_run(l.loop);
    double s = (double)(weir_mono_ns() - from) / 1e9;
    printf("%llu answers in %.2f s, %.0f a second; %llu connections failed\n",
           (unsigned long long)l.answers, s, (double)l.answers / s, (unsigned long long)l.failed);
    weir_loop_free(l.loop);
    weir_free(callers);
    return l.answers == 0 || l.failed;
}
