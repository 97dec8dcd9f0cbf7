/* See demo_sinks.h. The statements are what one would write into a query file; the port and the secrets
 * of a run come from outside. Names of connectors stay: with them their positions and the alerts' ids. */
#include "tools/demo_sinks.h"

#include "connectors/redis_link.h"
#include "engine/io/stream.h"
#include "tools/demo_hook.h"

#include <stdlib.h>

#define REDIS_VARIABLE "WEIR_DEMO_REDIS"
#define LOOK_MS 500

void weir_demo_webhook_statement(weir_buf *out, uint16_t port)
{
    weir_buf_printf(out,
                    "CREATE SINK CONNECTOR demo_alerts WITH ('connector'='http', "
                    "'topics'='FRAUD_VELOCITY', 'http.url'='http://127.0.0.1:%u/alerts', "
                    "'body'='{\"card\":\"${CARD:json}\",\"at\":${ROWTIME},\"from\":${WINDOWSTART},"
                    "\"attempts\":${ATTEMPTS},\"total\":${TOTAL},\"declined\":${DECLINED}}', "
                    "'signing.secret'='${env:" WEIR_DEMO_SECRET "}', "
                    "'http.allow.addresses'='127.0.0.1/32', 'http.allow.insecure'='true');\n",
                    port);
}

/* Values that can be written again, so that Redis agrees with the topics after a kill. Each window of a
 * product has a key of its own; a user's visits follow one another in one key. Keys live for an hour after
 * their last write. */
void weir_demo_redis_statements(weir_buf *out, const char *uri)
{
    setenv(REDIS_VARIABLE, uri, 1);
    weir_buf_str(out, "CREATE SINK CONNECTOR demo_products WITH ('connector'='redis', "
                      "'topics'='TRENDING_PRODUCTS', 'redis.uri'='${env:" REDIS_VARIABLE "}', "
                      "'redis.type'='hash', 'redis.key'='" WEIR_DEMO_REDIS_PREFIX
                      "product:${PRODUCT_ID}:${WINDOWSTART:%Y%m%dT%H%M}', 'ttl'='1h');\n"
                      "CREATE SINK CONNECTOR demo_users WITH ('connector'='redis', "
                      "'topics'='SESSION_FUNNEL', 'redis.uri'='${env:" REDIS_VARIABLE "}', "
                      "'redis.type'='hash', 'redis.key'='" WEIR_DEMO_REDIS_PREFIX
                      "user:${USER_ID}', 'ttl'='1h');\n");
}

/* ---- looking for one ---- */

typedef struct look {
    weir_loop *loop;
    weir_stream *stream;
    bool answers;
} look;

static void end_look(void *ctx)
{
    weir_loop_stop(((look *)ctx)->loop);
}

/* +PONG; or an error, which only Redis words so: -NOAUTH …, then the sink tells what is wrong. */
static void on_data(void *ctx, weir_stream *s, const char *p, size_t n)
{
    look *at = ctx;
    (void)s;
    at->answers = n > 0 && (p[0] == '+' || p[0] == '-');
    end_look(at);
}

static void on_closed(void *ctx, weir_stream *s, const weir_status *why)
{
    look *at = ctx;
    (void)s;
    (void)why;
    at->stream = NULL;
    end_look(at);
}

bool weir_demo_redis_answers(weir_loop *l)
{
    static const weir_stream_events events = {.data = on_data, .closed = on_closed};
    static const char ping[] = "PING\r\n";
    weir_stream_spec spec = {
        .host = "127.0.0.1", .port = WEIR_DEMO_REDIS_PORT, .open_ms = LOOK_MS};
    look at = {.loop = l};
    at.stream = weir_stream_connect(l, &spec, &events, &at);
    weir_stream_write(at.stream, ping, sizeof ping - 1);
    weir_timer *timer = weir_timer_once(l, LOOK_MS, end_look, &at);
    weir_loop_run(l);
    weir_timer_stop(timer);
    weir_stream_close(at.stream);
    return at.answers;
}

weir_rc weir_demo_redis_place(const char *uri, weir_buf *out, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_redis_target to = {0};
    bool tls = false;
    weir_rc rc = weir_redis_uri(&a, weir_sv_cstr(uri), &to, &tls, st);
    if (rc == WEIR_OK && to.unix_path) {
        weir_buf_str(out, to.unix_path);
    } else if (rc == WEIR_OK) {
        weir_buf_printf(out, "%s:%u", to.host, to.port);
    }
    weir_arena_deinit(&a);
    return rc;
}
