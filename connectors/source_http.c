/* Events that come in by HTTP: POST to a path becomes records of a topic, answered when they are durable.
 *
 *   request ─► source_http_take.c ─┬─► refused: 400 with what is wrong
 *                                  └─► the turn's chunk ─ durable ─► 201    source_http_flight.c
 *
 * Here: options, opening, starting, stopping. */
#include "connectors/source_http.h"
#include "connectors/http_share.h"

#include "engine/base/limits.h"

#define LEAVE_NS (100 * INT64_C(1000000)) /* for peers that were told that this is the end */

/* ---- opening: control thread ---- */

static void read_origins(weir__http_source *s)
{
    const weir_sv *items = NULL;
    s->n_origins = weir_conn_list(s->conn, "cors.allowed.origins", &items);
    weir_arena *a = weir_conn_arena(s->conn);
    s->origins = WEIR_NEW_N(a, const char *, s->n_origins + 1);
    for (uint32_t i = 0; i < s->n_origins; i++) {
        s->origins[i] = weir_arena_cstr(a, items[i]);
    }
}

static const char *text_of(const weir__http_source *s, const char *option)
{
    return weir_conn_text(s->conn, option).n ? weir_conn_cstr(s->conn, option) : NULL;
}

static weir_rc read_paths(weir__http_source *s, weir_status *st)
{
    s->path = text_of(s, "path");
    s->batch_path = text_of(s, "batch.path");
    s->health_path = text_of(s, "health.path");
    const char *const paths[] = {"path", "batch.path", "health.path"};
    for (size_t i = 0; i < WEIR_COUNT(paths); i++) {
        weir_sv p = weir_conn_text(s->conn, paths[i]);
        if (p.n && p.p[0] != '/') {
            return weir_conn_refuse(s->conn, paths[i], 0, 1, st, "a path begins with /");
        }
    }
    return WEIR_OK;
}

static weir_rc open_parts(weir__http_source *s, weir_status *st)
{
    s->body = weir_conn_text(s->conn, "response.body");
    s->batch_body = weir_conn_text(s->conn, "batch.response.body");
    s->address_field = weir_conn_text(s->conn, "remote.address.field");
    s->content_type = weir_conn_cstr(s->conn, "response.content.type");
    s->status = (int32_t)weir_conn_int(s->conn, "response.status");
    s->durable = weir_conn_is(s->conn, "ack", "durable");
    s->partial = weir_conn_is(s->conn, "batch.mode", "partial");
    s->key_case = weir_conn_is(s->conn, "key.case", "snake")   ? WEIR__HTTP_SNAKE
                  : weir_conn_is(s->conn, "key.case", "camel") ? WEIR__HTTP_CAMEL
                                                               : WEIR__HTTP_AS_IS;
    read_origins(s);
    WEIR_TRY(read_paths(s, st));
    WEIR_TRY(weir__http_auth_new(s->conn, &s->auth, st));
    WEIR_TRY(weir__http_once_new(s->conn, &s->once, st));
    WEIR_TRY(weir_source_to(s->conn, weir_conn_text(s->conn, "topic"), &s->to, st));
    return weir_intake_new(s->conn, s->to, &s->intake, st);
}

static void close_source(void *self)
{
    weir__http_source *s = self;
    weir__http_flights_free(s);
    weir__http_once_free(s->once);
    weir_intake_free(s->intake);
    weir__http_auth_free(s->auth);
    weir_chunk_builder_deinit(&s->records);
    weir_arena_deinit(&s->turn_arena);
    weir_free(s->singles);
    weir_free(s->given);
    weir_free(s->docs);
    weir_buf_deinit(&s->text);
    weir_buf_deinit(&s->members);
    weir_buf_deinit(&s->errors);
    weir_buf_deinit(&s->answer);
    weir_free(s);
}

static weir_rc open_source(weir_conn *c, weir_sv position, void **self, weir_status *st)
{
    (void)position; /* what was answered is in the topic, the rest comes again */
    weir__http_source *s = weir_zalloc(sizeof *s);
    s->conn = c;
    weir_chunk_builder_init(&s->records);
    weir_arena_init(&s->turn_arena);
    weir_rc rc = open_parts(s, st);
    if (rc != WEIR_OK) {
        close_source(s);
        return rc;
    }
    *self = s;
    return WEIR_OK;
}

/* ---- starting and stopping: loop ---- */

static void on_turn(void *ctx)
{
    weir__http_source *s = ctx;
    s->armed = false;
    weir__http_depart(s);
}

typedef struct route {
    const char *method, *path; /* NULL: there is none */
    void (*call)(void *ctx, weir_http_req *req);
} route;

#define ROUTES 3
static void routes_of(const weir__http_source *s, route out[ROUTES])
{
    out[0] = (route){"POST", s->path, weir__http_on_single};
    out[1] = (route){"POST", s->batch_path, weir__http_on_batch};
    out[2] = (route){"GET", s->health_path, weir__http_on_health};
}

static void remove_routes(weir__http_source *s, uint32_t n)
{
    route routes[ROUTES];
    routes_of(s, routes);
    for (uint32_t i = 0; i < n; i++) {
        if (routes[i].path) {
            weir_http_route_remove(s->server, routes[i].method, routes[i].path);
        }
    }
}

static weir_rc add_routes(weir__http_source *s, weir_status *st)
{
    route routes[ROUTES];
    routes_of(s, routes);
    for (uint32_t i = 0; i < ROUTES; i++) {
        weir_http_route r = {.method = routes[i].method, .path = routes[i].path, .call = routes[i].call,
                             .ctx = s, .body_max = (size_t)weir_conn_int(s->conn, "max.body.bytes")};
        weir_rc rc = r.path ? weir_http_route_add(s->server, &r, st) : WEIR_OK;
        if (rc != WEIR_OK) {
            remove_routes(s, i);
            return rc;
        }
    }
    s->turn = weir_timer_once(weir_conn_loop(s->conn), 0, on_turn, s);
    return WEIR_OK;
}

static weir_rc start(void *self, weir_status *st)
{
    weir__http_source *s = self;
    weir_http_share_spec spec = {
        .listen = weir_conn_cstr(s->conn, "listen"),
        .tls_cert = text_of(s, "tls.cert.file"),
        .tls_key = text_of(s, "tls.key.file"),
        .tls_ca = text_of(s, "tls.client.ca.file"),
        .insecure = weir_conn_bool(s->conn, "insecure.listen"),
        .authenticates = weir__http_auth_needed(s->auth),
        .connections_max = (uint32_t)weir_conn_int(s->conn, "max.connections"),
        .origins = s->origins,
        .n_origins = s->n_origins,
    };
    uint32_t rate = (uint32_t)weir_conn_int(s->conn, "rate.limit");
    if (rate) {
        weir_bucket_init(&s->rate, rate, 1000, rate, weir_mono_ns() / 1000000);
    }
    WEIR_TRY(weir_http_share_open(weir_conn_loop(s->conn), &spec, &s->server, st));
    weir_rc rc = add_routes(s, st);
    if (rc != WEIR_OK) {
        weir_http_share_close(s->server);
        s->server = NULL;
    }
    return rc;
}

/* What came before this is still answered as what becomes of it. */
static bool finish(void *self)
{
    weir__http_source *s = self;
    if (!s->stopping) {
        s->stopping = true;
        weir__http_depart(s);
        weir_http_server_drain(s->server);
    }
    return !s->server || weir_http_server_is_quiet(s->server, LEAVE_NS);
}

static void stop(void *self)
{
    weir__http_source *s = self;
    if (!s->server) {
        return;
    }
    remove_routes(s, ROUTES);
    s->stopping = true;
    weir__http_depart(s);
    weir__http_ground(s);
    weir_timer_stop(s->turn);
    s->turn = NULL;
    weir_http_share_close(s->server);
    s->server = NULL;
}

static void pause_source(void *self, bool paused)
{
    ((weir__http_source *)self)->paused = paused;
}

static const weir_source_calls calls = {.open = open_source, .start = start, .pause = pause_source,
                                        .finish = finish, .stop = stop, .close = close_source};

static const weir_conn_option options[] = {
    WEIR_INTAKE_OPTIONS,
    {"listen", "address", WEIR_CONN_TEXT, "127.0.0.1:8090", false, 0, 0, NULL,
     "Where to listen: host:port or unix:path. Sources with the same address share it."},
    {"path", "url.path", WEIR_CONN_TEXT, NULL, true, 0, 0, NULL, "POST of one event goes here."},
    {"batch.path", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "POST of many goes here: a JSON array, or an object on each line."},
    {"health.path", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "GET says whether events are taken."},
    {"response.status", "success.status", WEIR_CONN_INTEGER, "200", false, 200, 299, NULL,
     "Status of an answer when events were taken; 204 has no body."},
    {"response.body", NULL, WEIR_CONN_TEXT, "{\"accepted\":${count}}", false, 0, 0, NULL,
     "Its body, with ${count} and ${timestamp}."},
    {"batch.response.body", NULL, WEIR_CONN_TEXT, "{\"accepted\":${count}}", false, 0, 0, NULL,
     "The same for a batch."},
    {"response.content.type", NULL, WEIR_CONN_TEXT, "application/json", false, 0, 0, NULL,
     "Content-Type of those bodies."},
    {"batch.mode", NULL, WEIR_CONN_CHOICE, "atomic", false, 0, 0, "atomic|partial",
     "A batch with wrong events: nothing is taken, or the good ones are. Both are answered 400."},
    {"ack", NULL, WEIR_CONN_CHOICE, "durable", false, 0, 0, "durable|accepted",
     "When to answer: when the events cannot be lost any more, or at once."},
    {"key.case", "json.key.case", WEIR_CONN_CHOICE, "as-is", false, 0, 0, "as-is|snake|camel",
     "Case of the names in the records: userId, user-id and USER_ID become user_id or userId."},
    {"idempotency.header", NULL, WEIR_CONN_TEXT, "Idempotency-Key", false, 0, 0, NULL,
     "Header with a client's key: a request whose key came before gets the first answer again, and writes "
     "nothing; with another body it is answered 422. Keys outlive a restart over the same data directory."},
    {"idempotency.window", NULL, WEIR_CONN_MS, "24h", false, 0, 0, NULL, "How long keys are remembered."},
    {"idempotency.entries", NULL, WEIR_CONN_INTEGER, "100000", false, 0, 10000000, NULL,
     "Most keys that are remembered, the oldest go first; 0: keys mean nothing."},
    {"max.body.bytes", "max.request.size", WEIR_CONN_BYTES, "1mb", false, 1, 1 << 28, NULL,
     "Longer bodies (decompressed) are answered 413."},
    {"max.connections", NULL, WEIR_CONN_INTEGER, "1000", false, 1, 100000, NULL,
     "Connections open at once; counted for the address."},
    {"rate.limit", "requests.per.second", WEIR_CONN_INTEGER, "0", false, 0, 100000000, NULL,
     "Most events a second, then 429 with Retry-After; 0: no such limit."},
    {"remote.address.field", "remote.addr.key", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "A member that is added to each event: the client's address."},
    {"header.fields", NULL, WEIR_CONN_LIST, NULL, false, 0, 0, NULL,
     "Members from headers: userAgent=user-agent, referrer=referer."},
    {"trusted.proxies", NULL, WEIR_CONN_LIST, NULL, false, 0, 0, NULL,
     "Address ranges whose X-Forwarded-For is believed."},
    {"cors.allowed.origins", "access.control.allow.origin", WEIR_CONN_LIST, NULL, false, 0, 0, NULL,
     "Web pages that may call: https://shop.example, or * for all."},
    {"auth", "auth.type", WEIR_CONN_CHOICE, "none", false, 0, 0, "none|bearer|basic|signature",
     "Who may send."},
    {"auth.tokens", "auth.token", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,
     "bearer: the tokens, with commas between."},
    {"auth.users", "auth.user", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,
     "basic: name:password, with commas between."},
    {"signing.secret", "hmac.secret", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,
     "signature: the secrets of the sender, with commas between."},
    {"signing.scheme", NULL, WEIR_CONN_CHOICE, "standard", false, 0, 0,
     "standard|github|shopify|segment", "signature: how bodies are signed."},
    {"tls.cert.file", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "PEM file: https instead of http. When it is replaced, new connections get the new one."},
    {"tls.key.file", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "PEM file of its key."},
    {"tls.client.ca.file", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "PEM file: clients must show a certificate of these."},
    {"insecure.listen", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "May listen beyond this machine without TLS and authentication."},
};

const weir_conn_kind weir_conn_kind_source_http = {
    .name = "http-server",
    .classes = "http|webhook|HttpServerSource",
    .line = "takes events over HTTP",
    .guarantee = "what was answered with success is in the topic, exactly once for each answer; a client that "
                 "heard no answer sends again",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_source = &calls,
};
