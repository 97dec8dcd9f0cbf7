/* Events that come in by HTTP: POST to a path becomes records of a topic, answered when they are durable.
 *
 *   request ─► may it? ─► objects of the body ─► intake ─┬─► refused: 400 with what is wrong
 *                                                        └─► the turn's chunk ─ durable ─► 201
 *
 * Requests of one turn of the loop go into one chunk: they are committed together anyway. */
#include "connectors/http_share.h"
#include "connectors/intake.h"
#include "connectors/retry.h"
#include "connectors/source_http.h"

#include "engine/data/json_text.h"
#include "engine/base/limits.h"

#include <stdio.h>

#define RETRY_AFTER_S 1
#define ERRORS_TOLD_MAX 100
#define TURN_BYTES_MAX ((size_t)4 << 20) /* then the turn is over */

/* Requests that wait for one chunk to be durable. */
typedef struct waiting {
    weir_http_req *req;
    uint32_t records;
    bool batch;
    char *errors;            /* of the others of its batch, which were refused; NULL: none */
} waiting;

typedef struct flight {
    struct flight *next, **link;
    struct source *owner;
    waiting *items;
    size_t n, cap;
} flight;

typedef struct source {
    weir_conn *conn;
    weir_source_output *to;
    weir_intake *intake;
    weir__http_auth *auth;
    const char *path, *batch_path, *health_path;
    weir_http_server *server;
    const char **origins;
    uint32_t n_origins;
    weir_sv body, batch_body, address_field;
    const char *content_type;
    int32_t status;
    bool paused, durable, partial;
    weir_bucket rate;
    weir_timer *turn;        /* its end */
    bool armed;
    flight *open, *flights;  /* being filled; on their way */
    weir_chunk_builder records;
    weir_sv *docs;           /* of one request */
    size_t n_docs, cap_docs;
    weir_buf text, errors;
} source;

static int64_t now_ms(void)
{
    return weir_mono_ns() / 1000000;
}

/* ---- opening: control thread ---- */

static weir_rc read_origins(source *s)
{
    const weir_sv *items = NULL;
    s->n_origins = weir_conn_list(s->conn, "cors.allowed.origins", &items);
    weir_arena *a = weir_conn_arena(s->conn);
    s->origins = WEIR_NEW_N(a, const char *, s->n_origins + 1);
    for (uint32_t i = 0; i < s->n_origins; i++) {
        s->origins[i] = weir_arena_cstr(a, items[i]);
    }
    return WEIR_OK;
}

static const char *text_of(const source *s, const char *option)
{
    return weir_conn_text(s->conn, option).n ? weir_conn_cstr(s->conn, option) : NULL;
}

static weir_rc open_parts(source *s, weir_status *st)
{
    s->path = text_of(s, "path");
    s->batch_path = text_of(s, "batch.path");
    s->health_path = text_of(s, "health.path");
    s->body = weir_conn_text(s->conn, "response.body");
    s->batch_body = weir_conn_text(s->conn, "batch.response.body");
    s->address_field = weir_conn_text(s->conn, "remote.address.field");
    s->content_type = weir_conn_cstr(s->conn, "response.content.type");
    s->status = (int32_t)weir_conn_int(s->conn, "response.status");
    s->durable = weir_conn_is(s->conn, "ack", "durable");
    s->partial = weir_conn_is(s->conn, "batch.mode", "partial");
    const char *const paths[] = {"path", "batch.path", "health.path"};
    for (size_t i = 0; i < WEIR_COUNT(paths); i++) {
        weir_sv p = weir_conn_text(s->conn, paths[i]);
        if (p.n && p.p[0] != '/') {
            return weir_conn_refuse(s->conn, paths[i], 0, 1, st, "a path begins with /");
        }
    }
    WEIR_TRY(read_origins(s));
    WEIR_TRY(weir__http_auth_new(s->conn, &s->auth, st));
    WEIR_TRY(weir_source_to(s->conn, weir_conn_text(s->conn, "topic"), &s->to, st));
    return weir_intake_new(s->conn, s->to, &s->intake, st);
}

static void close_source(void *self)
{
    source *s = self;
    weir_intake_free(s->intake);
    weir__http_auth_free(s->auth);
    weir_chunk_builder_deinit(&s->records);
    weir_free(s->docs);
    weir_buf_deinit(&s->text);
    weir_buf_deinit(&s->errors);
    weir_free(s);
}

static weir_rc open_source(weir_conn *c, weir_sv position, void **self, weir_status *st)
{
    (void)position; /* what was answered is in the topic, the rest comes again */
    source *s = weir_zalloc(sizeof *s);
    s->conn = c;
    weir_chunk_builder_init(&s->records);
    weir_rc rc = open_parts(s, st);
    if (rc != WEIR_OK) {
        close_source(s);
        return rc;
    }
    *self = s;
    return WEIR_OK;
}

/* ---- answers ---- */

/* ${count} and ${timestamp} (ISO, UTC) in a body that the operator has written. */
static void fill_in(weir_buf *out, weir_sv body, uint32_t count)
{
    static const weir_sv names[] = {{"${count}", 8}, {"${timestamp}", 12}};
    for (uint32_t i = 0; i < body.n;) {
        weir_sv rest = weir_sv_of(body.p + i, body.n - i);
        if (weir_sv_starts(rest, names[0])) {
            weir_buf_printf(out, "%u", count);
            i += names[0].n;
        } else if (weir_sv_starts(rest, names[1])) {
            weir_timestamp_print(out, weir_wall_ms());
            i += names[1].n;
        } else {
            weir_buf_byte(out, body.p[i++]);
        }
    }
}

static void reply_invalid(weir_http_req *req, weir_sv errors, uint32_t accepted)
{
    weir_buf body = {0};
    weir_buf_printf(&body, "{\"status\":400,\"message\":\"invalid\",\"accepted\":%u,\"errors\":[", accepted);
    weir_buf_sv(&body, errors);
    weir_buf_str(&body, "]}");
    weir_http_reply(req, 400, "application/json", weir_buf_view(&body), NULL, 0);
    weir_buf_deinit(&body);
}

static void reply_taken(source *s, const waiting *w)
{
    if (w->errors) {
        reply_invalid(w->req, weir_sv_cstr(w->errors), w->records);
        return;
    }
    if (s->status == 204) {
        weir_http_reply(w->req, s->status, NULL, (weir_sv){0}, NULL, 0);
        return;
    }
    weir_buf text = {0};
    fill_in(&text, w->batch ? s->batch_body : s->body, w->records);
    weir_http_reply(w->req, s->status, s->content_type, weir_buf_view(&text), NULL, 0);
    weir_buf_deinit(&text);
}

static void add_error(source *s, const weir_intake_bad *bad, size_t doc)
{
    weir_buf_printf(&s->errors, "%s{\"record\":%zu,", s->errors.n ? "," : "", doc);
    if (bad->field.n) {
        weir_buf_str(&s->errors, "\"field\":");
        weir_json_string(&s->errors, bad->field);
        weir_buf_byte(&s->errors, ',');
    }
    weir_buf_str(&s->errors, "\"reason\":");
    weir_json_string(&s->errors, bad->reason);
    weir_buf_byte(&s->errors, '}');
}

/* ---- flights ---- */

static void flight_free(flight *f)
{
    if (f->link) {
        *f->link = f->next;
        if (f->next) {
            f->next->link = f->link;
        }
    }
    for (size_t i = 0; i < f->n; i++) {
        weir_free(f->items[i].errors);
    }
    weir_free(f->items);
    weir_free(f);
}

static void fly(source *s, flight *f)
{
    f->next = s->flights;
    f->link = &s->flights;
    if (f->next) {
        f->next->link = &f->next;
    }
    s->flights = f;
}

static void reply_all(flight *f, bool ok)
{
    for (size_t i = 0; i < f->n; i++) {
        if (ok) {
            reply_taken(f->owner, &f->items[i]);
        } else {
            weir_http_reply_busy(f->items[i].req, 503, RETRY_AFTER_S, "stopping");
        }
        weir_free(f->items[i].errors);
    }
    f->n = 0;
}

/* ok false: the source has stopped and has answered them; see conn.h. */
static void on_durable(void *ctx, bool ok)
{
    flight *f = ctx;
    if (ok) {
        reply_all(f, true);
    }
    flight_free(f);
}

/* The end of the turn: what came in it goes to the topic. */
static void on_turn(void *ctx)
{
    source *s = ctx;
    flight *f = s->open;
    s->armed = false;
    s->open = NULL;
    weir_chunk *chunk = weir_chunk_builder_take(&s->records);
    if (!chunk) {
        if (f) {
            reply_all(f, true);
            flight_free(f);
        }
        return;
    }
    fly(s, f);
    if (!weir_source_put(s->conn, s->to, chunk, (weir_sv){0}, on_durable, f)) {
        for (size_t i = 0; i < f->n; i++) {
            weir_http_reply_busy(f->items[i].req, 429, RETRY_AFTER_S, "too much at once");
        }
        weir_chunk_unref(chunk);
        flight_free(f);
        return;
    }
    if (!s->durable) {
        reply_all(f, true);
    }
}

static void board(source *s, waiting w)
{
    if (!s->open) {
        s->open = weir_zalloc(sizeof *s->open);
        s->open->owner = s;
    }
    WEIR_GROW(s->open->items, s->open->cap, s->open->n + 1);
    s->open->items[s->open->n++] = w;
    if (s->records.bytes.n >= TURN_BYTES_MAX) {
        on_turn(s);
    } else if (!s->armed) {
        s->armed = true;
        weir_timer_arm(s->turn, 0);
    }
}

/* ---- bodies ---- */

/* Members that the request gives: ,"ip":"10.0.0.1","agent":"…" */
static void add_members(const source *s, const weir_http_req *req, weir_buf *out)
{
    if (s->address_field.n) {
        weir_buf_byte(out, ',');
        weir_json_string(out, s->address_field);
        weir_buf_byte(out, ':');
        weir_json_string(out, weir__http_client(s->auth, req));
    }
    weir__http_header_members(s->auth, req, out);
}

/* Puts members behind those of each object; docs then point into s->text. */
static void enrich(source *s, weir_sv members)
{
    weir_buf_reset(&s->text);
    size_t *ends = weir_alloc(sizeof *ends * (s->n_docs + 1));
    for (size_t i = 0; i < s->n_docs; i++) {
        weir_sv doc = weir_sv_trim(s->docs[i]);
        bool object = doc.n >= 2 && doc.p[0] == '{' && doc.p[doc.n - 1] == '}';
        weir_sv inside = object ? weir_sv_trim(weir_sv_of(doc.p + 1, doc.n - 2)) : doc;
        weir_buf_str(&s->text, object ? "{" : "");
        weir_buf_sv(&s->text, inside);
        if (object) {
            bool empty = inside.n == 0;
            weir_buf_add(&s->text, members.p + empty, members.n - empty);
            weir_buf_byte(&s->text, '}');
        }
        ends[i] = s->text.n;
    }
    weir_buf_reserve(&s->text, WEIR_CHUNK_PADDING);
    for (size_t i = 0; i < s->n_docs; i++) {
        size_t from = i ? ends[i - 1] : 0;
        s->docs[i] = weir_sv_of(s->text.p + from, ends[i] - from);
    }
    weir_free(ends);
}

/* Judges the objects of one request; the good ones are in s->records if `good` says so. */
static size_t judge(source *s, bool all_or_none, size_t *n_bad)
{
    size_t records = s->records.n;
    size_t bytes = s->records.bytes.n;
    size_t good = 0;
    int64_t now = weir_wall_ms();
    weir_buf_reset(&s->errors);
    *n_bad = 0;
    for (size_t at = 0; at < s->n_docs; at += WEIR_BATCH_ROWS) {
        size_t left = s->n_docs - at;
        uint32_t n = left < WEIR_BATCH_ROWS ? (uint32_t)left : WEIR_BATCH_ROWS;
        good += weir_intake_judge(s->intake, s->docs + at, n);
        uint32_t n_told = 0;
        const weir_intake_bad *told = weir_intake_bad_docs(s->intake, &n_told);
        for (uint32_t i = 0; i < n_told && *n_bad < ERRORS_TOLD_MAX; i++) {
            add_error(s, &told[i], at + told[i].doc);
            ++*n_bad;
        }
        weir_intake_add(s->intake, &s->records, (weir_sv){0}, now);
    }
    if (*n_bad && all_or_none) {
        s->records.n = records;
        s->records.bytes.n = bytes;
        good = 0;
    }
    return good;
}

static void take(source *s, weir_http_req *req, bool batch)
{
    weir_buf members = {0};
    add_members(s, req, &members);
    if (members.n) {
        enrich(s, weir_buf_view(&members));
    }
    weir_buf_deinit(&members);
    int64_t wait = s->rate.rate ? weir_bucket_take(&s->rate, (uint32_t)s->n_docs, now_ms()) : 0;
    if (wait > 0) {
        weir_http_reply_busy(req, 429, (uint32_t)(wait / 1000 + 1), "over the rate limit");
        return;
    }
    size_t n_bad = 0;
    size_t good = judge(s, !s->partial, &n_bad);
    if (n_bad && (good == 0 || !s->partial)) {
        reply_invalid(req, weir_buf_view(&s->errors), 0);
        return;
    }
    weir_buf_byte(&s->errors, 0);
    board(s, (waiting){req, (uint32_t)good, batch, n_bad ? weir_strdup(s->errors.p) : NULL});
}

static void on_request(source *s, weir_http_req *req, bool batch)
{
    const char *why = NULL;
    if (s->paused) {
        weir_http_reply_busy(req, 503, RETRY_AFTER_S, "paused");
        return;
    }
    if (!weir__http_auth_allows(s->auth, req, &why)) {
        weir__http_auth_refuse(s->auth, req, why);
        return;
    }
    s->n_docs = 0;
    why = weir__http_split(weir_http_body(req), batch, &s->docs, &s->n_docs, &s->cap_docs);
    if (why) {
        weir_http_reply_error(req, 400, why);
        return;
    }
    take(s, req, batch);
}

static void on_single(void *ctx, weir_http_req *req)
{
    on_request(ctx, req, false);
}

static void on_batch(void *ctx, weir_http_req *req)
{
    on_request(ctx, req, true);
}

static void on_health(void *ctx, weir_http_req *req)
{
    const source *s = ctx;
    weir_sv up = s->paused ? WEIR_SV("{\"status\":\"PAUSED\"}") : WEIR_SV("{\"status\":\"UP\"}");
    weir_http_reply(req, s->paused ? 503 : 200, "application/json", up, NULL, 0);
}

/* ---- starting and stopping: loop ---- */

static weir_rc add_routes(source *s, weir_status *st)
{
    const struct {
        const char *method, *path;
        void (*call)(void *ctx, weir_http_req *req);
    } routes[] = {{"POST", s->path, on_single}, {"POST", s->batch_path, on_batch},
                  {"GET", s->health_path, on_health}};
    for (size_t i = 0; i < WEIR_COUNT(routes); i++) {
        if (routes[i].path) {
            weir_http_route r = {.method = routes[i].method, .path = routes[i].path,
                                 .call = routes[i].call, .ctx = s,
                                 .body_max = (size_t)weir_conn_int(s->conn, "max.body.bytes")};
            weir_rc rc = weir_http_route_add(s->server, &r, st);
            for (size_t k = 0; rc != WEIR_OK && k < i; k++) {
                if (routes[k].path) {
                    weir_http_route_remove(s->server, routes[k].method, routes[k].path);
                }
            }
            WEIR_TRY(rc);
        }
    }
    s->turn = weir_timer_once(weir_conn_loop(s->conn), 0, on_turn, s);
    return WEIR_OK;
}

static weir_rc start(void *self, weir_status *st)
{
    source *s = self;
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
        weir_bucket_init(&s->rate, rate, 1000, rate, now_ms());
    }
    WEIR_TRY(weir_http_share_open(weir_conn_loop(s->conn), &spec, &s->server, st));
    weir_rc rc = add_routes(s, st);
    if (rc != WEIR_OK) {
        weir_http_share_close(s->server);
        s->server = NULL;
    }
    return rc;
}

static void stop(void *self)
{
    source *s = self;
    if (!s->server) {
        return;
    }
    weir_http_route_remove(s->server, "POST", s->path);
    if (s->batch_path) {
        weir_http_route_remove(s->server, "POST", s->batch_path);
    }
    if (s->health_path) {
        weir_http_route_remove(s->server, "GET", s->health_path);
    }
    if (s->open) {
        reply_all(s->open, false);
        flight_free(s->open);
        s->open = NULL;
    }
    for (flight *f = s->flights; f; f = f->next) {
        reply_all(f, false);
    }
    weir_timer_stop(s->turn);
    s->turn = NULL;
    weir_http_share_close(s->server);
    s->server = NULL;
}

static void pause_source(void *self, bool paused)
{
    ((source *)self)->paused = paused;
}

static const weir_source_calls calls = {.open = open_source, .start = start, .pause = pause_source,
                                        .stop = stop, .close = close_source};

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
    {"tls.cert.file", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "PEM file: https instead of http."},
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
