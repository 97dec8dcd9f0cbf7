/* Records from answers of an HTTP server that is asked again and again.
 *
 *   timer ─► request ─► records of the page ─ new ones ─► intake ─► put_all with the place ─┬► next page
 *     ▲                                                                                    │
 *     └───────────── interval, or back-off after a failure ◄───────────────────────────────┘
 *
 * The position is what is asked for next, and what was there: after a crash a poll goes on with the page
 * whose records are not in the topic. */
#include "connectors/source_poll.h"

#include "connectors/http_options.h"

/* ---- opening: control thread ---- */

static void add_header(weir__poll *s, weir_sv name, weir_sv value)
{
    weir_arena *a = weir_conn_arena(s->conn);
    weir_http_field f = {name, value};
    WEIR_PUSH(a, s->headers, s->n_headers, s->cap_headers, f);
}

static void on_header(void *ctx, weir_sv rest, weir_sv value)
{
    add_header(ctx, rest, value);
}

static weir_rc check_pointer(const weir__poll *s, const char *option, weir_sv *out, weir_status *st)
{
    *out = weir_conn_text(s->conn, option);
    return out->n == 0 || out->p[0] == '/'
               ? WEIR_OK
               : weir_conn_refuse(s->conn, option, 0, 1, st, "a JSON pointer begins with /");
}

static weir_rc open_parts(weir__poll *s, weir_sv position, weir_status *st)
{
    const weir_conn *c = s->conn;
    s->interval_ms = weir_conn_int(c, "interval");
    s->polls_max = weir_conn_int(c, "polls");
    s->begun_ms = -1;
    WEIR_TRY(weir_http_options_guard(c, &s->guard, st));
    WEIR_TRY(weir_http_options_url(c, "url", &s->guard, weir_conn_text(c, "url"), st));
    WEIR_TRY(check_pointer(s, "record.pointer", &s->pointer, st));
    WEIR_TRY(check_pointer(s, "change.key", &s->change_key, st));
    weir_conn_each(c, "header.", on_header, s);
    if (weir_conn_text(c, "body").n) {
        add_header(s, WEIR_SV("Content-Type"), weir_conn_text(c, "body.content.type"));
    }
    weir_http_login_spec login = {.conn = s->conn, .guard = &s->guard, .resume = weir__poll_on_token, .ctx = s};
    WEIR_TRY(weir_http_login_new(&login, &s->login, st));
    WEIR_TRY(weir__poll_pages_open(c, &s->pages, st));
    weir_buf_sv(&s->position, position);
    WEIR_TRY(weir__poll_read_position(s, position, st));
    WEIR_TRY(weir_source_to(s->conn, weir_conn_text(c, "topic"), &s->to, st));
    WEIR_TRY(weir_intake_bad_new(s->conn, &s->bad, st));
    return weir_intake_new(s->conn, s->to, &s->intake, st);
}

static void close_source(void *self)
{
    weir__poll *s = self;
    for (uint32_t i = 0; i < s->n_parts; i++) {
        weir_chunk_unref(s->parts[i].chunk);
    }
    weir_http_login_free(s->login);
    weir__poll_pages_close(&s->pages);
    weir__poll_known_free(s->known);
    weir_intake_free(s->intake);
    weir_intake_bad_free(s->bad);
    weir_chunk_builder_deinit(&s->records);
    weir_arena_deinit(&s->step);
    weir_buf *const all[] = {&s->tag, &s->modified, &s->url, &s->texts, &s->position};
    for (size_t i = 0; i < WEIR_COUNT(all); i++) {
        weir_buf_deinit(all[i]);
    }
    weir_free(s->docs);
    weir_free(s);
}

static weir_rc open_source(weir_conn *c, weir_sv position, void **self, weir_status *st)
{
    weir__poll *s = weir_zalloc(sizeof *s);
    s->conn = c;
    weir_arena_init(&s->step);
    weir_chunk_builder_init(&s->records);
    weir_rc rc = open_parts(s, position, st);
    if (rc != WEIR_OK) {
        close_source(s);
        return rc;
    }
    *self = s;
    return WEIR_OK;
}

/* ---- the frame's calls: loop ---- */

static weir_rc start(void *self, weir_status *st)
{
    weir__poll *s = self;
    weir_http_pool_settings set = {
        .answer_max = (uint32_t)weir_conn_int(s->conn, "max.body.bytes"),
        .in_flight_max = 2, /* one asks for a token */
        .accept_gzip = true,
        .guard = &s->guard,
    };
    weir_http_options_pool(s->conn, &set);
    weir_http_login_pool(s->login, &set);
    WEIR_TRY(weir_http_pool_new(weir_conn_loop(s->conn), &set, &s->pool, st));
    weir_http_login_use(s->login, s->pool);
    weir_http_options_warn(s->conn);
    s->timer = weir_timer_once(weir_conn_loop(s->conn), 0, weir__poll_on_timer, s);
    s->over = false;
    s->waits = false;
    weir__poll_go_on(s);
    return WEIR_OK;
}

static void on_room(void *self)
{
    weir__poll *s = self;
    if (s->unput && s->timer) {
        weir__poll_go_on(s);
    }
}

static void pause_source(void *self, bool paused)
{
    weir__poll *s = self;
    s->paused = paused;
    if (!paused && s->timer && !s->call && !s->waits && !s->unput) {
        s->over = false; /* it had failed, or has seen its end */
        weir__poll_go_on(s);
    }
}

static void stop(void *self)
{
    weir__poll *s = self;
    weir_timer_stop(s->timer);
    weir_http_pool_free(s->pool); /* with what is under way */
    weir_http_login_use(s->login, NULL);
    s->timer = NULL;
    s->pool = NULL;
    s->call = NULL;
}

static bool bounded(const weir_conn *c)
{
    return weir_conn_int(c, "polls") > 0;
}

static const weir_source_calls calls = {.open = open_source, .start = start, .room = on_room,
                                        .pause = pause_source, .stop = stop, .close = close_source};

#define DAY_MS INT64_C(86400000)

static const weir_conn_option options[] = {
    WEIR_INTAKE_OPTIONS,
    {"url", "http.url|http.request.url|connect.url", WEIR_CONN_TEXT, NULL, true, 0, 0, NULL, "Where to ask."},
    {"method", "http.method|http.request.method", WEIR_CONN_CHOICE, "GET", false, 0, 0, "GET|POST|PUT",
     "The method of a request."},
    {"header.*", NULL, WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,
     "header.NAME: a header of each request."},
    {"body", "http.request.body", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "The body of each request."},
    {"body.content.type", NULL, WEIR_CONN_TEXT, "application/json", false, 0, 0, NULL, "Its Content-Type."},
    {"interval", "poll.interval|poll.interval.ms|http.timer.interval.millis|http.timer.catchup.interval.millis",
     WEIR_CONN_MS, "60s", false, 1, 366 * DAY_MS, NULL, "From the beginning of a poll to that of the next."},
    {"polls", NULL, WEIR_CONN_INTEGER, "0", false, 0, INT64_C(1) << 40, NULL,
     "Ends after so many polls; 0: it does not end."},
    {"record.pointer", "http.response.list.pointer|response.pointer", WEIR_CONN_TEXT, "", false, 0, 0, NULL,
     "A JSON pointer to the records in an answer: /data/items; an array of them, or one. Without it the whole."},
    {"emit", "emit_behavior|emit.behavior", WEIR_CONN_CHOICE, "all", false, 0, 0, "all|changed",
     "changed: only records that were not in the poll before, or were different there."},
    {"change.key", "http.response.record.key.pointer", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "A JSON pointer within a record to what tells it from others; without it by the whole record."},
    {"max.known.records", NULL, WEIR_CONN_INTEGER, "100000", false, 1, 1000000, NULL,
     "changed: of so many records is known whether they have changed."},
    {"paging", "pagination", WEIR_CONN_CHOICE, "none", false, 0, 0, "none|link|field|cursor|page|offset",
     "How there are more pages: a Link header, a URL or a cursor in the answer, a number of pages or of records "
     "that is counted up until a page is empty."},
    {"paging.field", "http.response.next.page.pointer", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "field, cursor: the JSON pointer to it."},
    {"paging.param", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "cursor, page, offset: the parameter of the URL; without it called so."},
    {"paging.start", "http.offset.initial", WEIR_CONN_INTEGER, NULL, false, 0, INT64_C(1) << 50, NULL,
     "page, offset: the first number; without it 1, or 0."},
    {"paging.size", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "How many records a page is to have."},
    {"paging.size.param", NULL, WEIR_CONN_TEXT, "limit", false, 0, 0, NULL, "The parameter that says it."},
    {"paging.max", NULL, WEIR_CONN_INTEGER, "10000", false, 1, 1000000, NULL, "Most pages of one poll."},
    {"paging.from", NULL, WEIR_CONN_CHOICE, "start", false, 0, 0, "start|last",
     "Where the next poll begins: with the first page again, or where the last one ended."},
    {"max.body.bytes", NULL, WEIR_CONN_BYTES, "16mb", false, 1, 256 << 20, NULL, "A longer answer is a failure."},
    {"retry.backoff.ms", "retry.backoff", WEIR_CONN_MS, "1s", false, 1, DAY_MS, NULL,
     "Pause after a failure; it doubles, with full jitter."},
    {"retry.backoff.max.ms", "max.retry.backoff.ms", WEIR_CONN_MS, "5m", false, 1, DAY_MS, NULL,
     "The longest pause after failures."},
    WEIR_HTTP_LOGIN_OPTIONS("none|basic|bearer|apikey|static|oauth2|aws", "execute-api"),
    WEIR_HTTP_TOKEN_OPTIONS,
    WEIR_HTTP_GUARD_OPTIONS,
    WEIR_HTTP_OPTIONS("auto"),
    WEIR_INTAKE_BAD_OPTIONS,
};

const weir_conn_kind weir_conn_kind_source_poll = {
    .name = "http-poll",
    .classes = "HttpSource|HttpSourceConnector|http-source",
    .line = "asks an HTTP server again and again, and takes the records of its answers",
    .guarantee = "exactly once for each page that was read; with emit=changed for each state of a record that was seen",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_source = &calls,
    .bounded = bounded,
};
