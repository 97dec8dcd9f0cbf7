/* Records from answers of an HTTP server that is asked again and again.
 *
 *   timer ─► request ─► records of the page ─ new ones ─► intake ─► put_all with the place ─┬► next page
 *     ▲                                                                                    │
 *     └───────────── interval, or back-off after a failure ◄───────────────────────────────┘
 *
 * The position is what is asked for next, and what was there: after a crash a poll goes on with the page
 * whose records are not in the topic. */
#include "connectors/source_poll.h"

#include "connectors/http_login.h"
#include "connectors/http_options.h"
#include "connectors/intake_bad.h"
#include "connectors/retry.h"
#include "engine/base/hash.h"
#include "engine/data/text.h"

#include <stdio.h>

#define FORMAT 1u
#define FIELD_BYTES_MAX 4096u

typedef struct source {
    weir_conn *conn;
    weir_source_output *to;
    weir_intake *intake;
    weir_intake_bad_end *bad;
    weir_http_guard guard;
    weir_http_login *login;
    uint32_t token;           /* number of the one that is sent, or waited for */
    weir_http_field *headers; /* with room for three more */
    uint32_t n_headers, cap_headers;
    weir_sv pointer, change_key;
    int64_t interval_ms, polls_max;
    weir__poll_pages pages;
    weir__poll_known *known;  /* NULL: everything is new */
    weir_buf tag, modified;   /* of the first page */
    int64_t begun_wall_ms;    /* the last poll */
    int64_t begun_ms;         /* the same by the steady clock; -1: by another process */
    int64_t polls;
    weir_http_pool *pool;
    weir_http_call *call;
    weir_timer *timer;
    weir_retry retry;
    weir_arena step;
    weir_buf url, texts;
    weir_sv *docs;
    size_t cap_docs;
    weir_chunk_builder records;
    weir_source_part parts[2]; /* made, and not yet put */
    uint32_t n_parts;
    bool unput, paused, over, waits; /* for a token */
    weir_buf position;
} source;

static int64_t now_ms(void)
{
    return weir_mono_ns() / 1000000;
}

/* ---- opening: control thread ---- */

static void on_token(void *ctx, uint32_t number, const char *why);

static void add_header(source *s, weir_sv name, weir_sv value)
{
    weir_arena *a = weir_conn_arena(s->conn);
    weir_http_field f = {name, value};
    WEIR_PUSH(a, s->headers, s->n_headers, s->cap_headers, f);
}

static void on_header(void *ctx, weir_sv rest, weir_sv value)
{
    add_header(ctx, rest, value);
}

static weir_rc check_pointer(const source *s, const char *option, weir_sv *out, weir_status *st)
{
    *out = weir_conn_text(s->conn, option);
    return out->n == 0 || out->p[0] == '/'
               ? WEIR_OK
               : weir_conn_refuse(s->conn, option, 0, 1, st, "a JSON pointer begins with /");
}

static weir_sv read_text(weir_reader *r)
{
    return weir_read_bytes(r, weir_read_varint(r));
}

static weir_rc read_position(source *s, weir_sv position, weir_status *st)
{
    weir_reader r = weir_reader_of(position);
    weir_buf_reset(&s->pages.place);
    weir_buf_reset(&s->tag);
    weir_buf_reset(&s->modified);
    weir__poll_known_free(s->known);
    s->known = NULL;
    if (weir_conn_is(s->conn, "emit", "changed")) {
        s->known = weir__poll_known_new((uint32_t)weir_conn_int(s->conn, "max.known.records"));
    }
    if (position.n == 0) {
        weir__poll_pages_begin(&s->pages);
        return WEIR_OK;
    }
    bool ours = weir_read_u8(&r) == FORMAT;
    s->polls = (int64_t)weir_read_varint(&r);
    s->begun_wall_ms = (int64_t)weir_read_varint(&r);
    s->pages.under_way = weir_read_u8(&r);
    s->pages.number = (int64_t)weir_read_varint(&r);
    s->pages.n = (uint32_t)weir_read_varint(&r);
    weir_buf_sv(&s->pages.place, read_text(&r));
    weir_buf_sv(&s->tag, read_text(&r));
    weir_buf_sv(&s->modified, read_text(&r));
    bool knows = weir_read_u8(&r);
    weir__poll_known *told = weir__poll_known_new((uint32_t)weir_conn_int(s->conn, "max.known.records"));
    bool ok = ours && (!knows || weir__poll_known_read(told, &r)) && !r.bad;
    if (s->known && knows) {
        weir__poll_known_free(s->known);
        s->known = told;
    } else {
        weir__poll_known_free(told);
    }
    return ok ? WEIR_OK : weir_fail(st, WEIR_ECORRUPT, "the position of a polling source cannot be read");
}

static weir_rc open_parts(source *s, weir_sv position, weir_status *st)
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
    weir_http_login_spec login = {.conn = s->conn, .guard = &s->guard, .resume = on_token, .ctx = s};
    WEIR_TRY(weir_http_login_new(&login, &s->login, st));
    WEIR_TRY(weir__poll_pages_open(c, &s->pages, st));
    weir_buf_sv(&s->position, position);
    WEIR_TRY(read_position(s, position, st));
    WEIR_TRY(weir_source_to(s->conn, weir_conn_text(c, "topic"), &s->to, st));
    WEIR_TRY(weir_intake_bad_new(s->conn, &s->bad, st));
    return weir_intake_new(s->conn, s->to, &s->intake, st);
}

static void close_source(void *self)
{
    source *s = self;
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
    source *s = weir_zalloc(sizeof *s);
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

/* ---- positions ---- */

static void put_text(weir_buf *out, weir_sv text)
{
    weir_buf_varint(out, text.n);
    weir_buf_sv(out, text);
}

static void remember_position(source *s)
{
    weir_buf *p = &s->position;
    weir_buf_reset(p);
    weir_buf_byte(p, FORMAT);
    weir_buf_varint(p, (uint64_t)s->polls);
    weir_buf_varint(p, (uint64_t)s->begun_wall_ms);
    weir_buf_byte(p, s->pages.under_way);
    weir_buf_varint(p, (uint64_t)s->pages.number);
    weir_buf_varint(p, s->pages.n);
    put_text(p, weir_buf_view(&s->pages.place));
    put_text(p, weir_buf_view(&s->tag));
    put_text(p, weir_buf_view(&s->modified));
    weir_buf_byte(p, s->known != NULL);
    if (s->known) {
        weir__poll_known_write(s->known, p);
    }
    s->unput = true;
}

/* ---- asking ---- */

static void ask(source *s);

/* When the next request is due, counted from now. */
static int64_t pause_ms(const source *s)
{
    int64_t since = s->begun_ms >= 0 ? now_ms() - s->begun_ms : weir_wall_ms() - s->begun_wall_ms;
    if (s->pages.under_way || (s->begun_ms < 0 && s->begun_wall_ms == 0)) {
        return 0;
    }
    return since < 0 ? s->interval_ms : weir_max64(s->interval_ms - since, 0);
}

/* What was made goes to the topics; then it goes on. */
static void go_on(source *s)
{
    if (s->unput && !weir_source_put_all(s->conn, s->parts, s->n_parts, weir_buf_view(&s->position), NULL, NULL)) {
        return; /* called when there is room */
    }
    s->n_parts = 0;
    s->unput = false;
    if (s->polls_max && s->polls >= s->polls_max && !s->pages.under_way) {
        s->over = true;
        weir_source_end(s->conn);
        return;
    }
    if (!s->paused && s->timer) {
        weir_timer_arm(s->timer, (uint64_t)pause_ms(s));
    }
}

static void on_timer(void *ctx)
{
    source *s = ctx;
    if (!s->paused && !s->over && !s->call && !s->waits) {
        ask(s);
    }
}

static void failed(source *s, int64_t retry_after_ms, const char *why)
{
    weir_retry_policy policy = {.max_retries = WEIR_RETRY_FOREVER,
                                .base_ms = weir_conn_int(s->conn, "retry.backoff.ms"),
                                .cap_ms = weir_conn_int(s->conn, "retry.backoff.max.ms")};
    if (s->retry.failures == 0) {
        weir_retry_begin(&s->retry, now_ms());
    }
    int64_t ms = weir_retry_pause(&s->retry, &policy, weir_conn_rng(s->conn), now_ms(), retry_after_ms);
    weir_conn_trouble(s->conn, "%s", why);
    weir_timer_arm(s->timer, (uint64_t)weir_max64(ms, 1));
}

/* ---- records ---- */

static bool is_new(source *s, const weir_json_node *record, weir_sv text)
{
    uint64_t hash = weir_hash_sv(text);
    const weir_json_node *key = s->change_key.n ? weir__poll_pointer(record, s->change_key) : NULL;
    if (!s->known) {
        return true;
    }
    if (key) {
        weir_buf k = {0};
        weir_json_print(&k, key, true);
        bool news = weir__poll_known_add(s->known, weir_hash_sv(weir_buf_view(&k)), hash);
        weir_buf_deinit(&k);
        return news;
    }
    return weir__poll_known_add(s->known, hash, hash);
}

/* The new ones among the records, as texts. */
static size_t collect(source *s, const weir_json_node *at, uint32_t *records)
{
    bool many = at && at->kind == WEIR_JSON_ARRAY;
    size_t n = 0;
    *records = many ? at->n : at && at->kind != WEIR_JSON_NULL;
    size_t *ends = WEIR_NEW_N(&s->step, size_t, *records + 1u);
    weir_buf_reset(&s->texts);
    for (uint32_t i = 0; i < *records; i++) {
        const weir_json_node *record = many ? &at->items[i] : at;
        size_t from = s->texts.n;
        weir_json_print(&s->texts, record, true);
        if (is_new(s, record, weir_sv_of(s->texts.p + from, s->texts.n - from))) {
            ends[n++] = s->texts.n;
        } else {
            s->texts.n = from;
        }
    }
    weir_buf_reserve(&s->texts, WEIR_CHUNK_PADDING);
    WEIR_GROW(s->docs, s->cap_docs, n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t from = i ? ends[i - 1] : 0;
        s->docs[i] = weir_sv_of(s->texts.p + from, ends[i] - from);
    }
    return n;
}

static bool take(source *s, size_t n)
{
    for (size_t at = 0; at < n; at += WEIR_BATCH_ROWS) {
        uint32_t part = n - at < WEIR_BATCH_ROWS ? (uint32_t)(n - at) : WEIR_BATCH_ROWS;
        weir_intake_judge(s->intake, s->docs + at, part);
        uint32_t n_bad = 0;
        const weir_intake_bad *bad = weir_intake_bad_docs(s->intake, &n_bad);
        for (uint32_t i = 0; i < n_bad; i++) {
            bool again = i > 0 && bad[i].doc == bad[i - 1].doc;
            if (!again && !weir_intake_bad_add(s->bad, s->docs[at + bad[i].doc], weir_buf_view(&s->url),
                                               bad[i].reason)) {
                return false;
            }
        }
        weir_intake_add(s->intake, &s->records, (weir_sv){0}, weir_wall_ms());
    }
    return true;
}

/* A poll is over: the next one is to be told from it. */
static void end_poll(source *s)
{
    s->polls++;
    weir__poll_pages_begin(&s->pages);
    if (s->known && weir__poll_known_full(s->known)) {
        weir_conn_trouble(s->conn, "more records than max.known.records: whether the others have changed cannot "
                          "be told");
    }
    if (s->known) {
        weir__poll_known_turn(s->known);
    }
}

static void take_field(weir_buf *to, weir_sv field)
{
    weir_buf_reset(to);
    weir_buf_sv(to, field.n < FIELD_BYTES_MAX ? field : (weir_sv){0});
}

static void take_page(source *s, const weir_http_result *r)
{
    const weir_json_node *body = NULL;
    weir_status st;
    weir_status_reset(&st);
    weir_arena_reset(&s->step);
    weir_sv text = weir_sv_trim(r->body);
    if (text.n && weir_json_parse(&s->step, text, NULL, &body, &st) != WEIR_OK) {
        failed(s, -1, "the answer is not JSON");
        return;
    }
    uint32_t records = 0;
    bool more = false;
    size_t n = collect(s, weir__poll_pointer(body, s->pointer), &records);
    if (!take(s, n)) { /* the connector has stopped; resumed, it asks for this page again */
        weir_chunk_builder_deinit(&s->records);
        weir_chunk_builder_init(&s->records);
        s->over = true;
        (void)read_position(s, weir_buf_view(&s->position), &st);
        return;
    }
    if (!s->pages.under_way) {
        take_field(&s->tag, weir_http_result_field(r, "ETag"));
        take_field(&s->modified, weir_http_result_field(r, "Last-Modified"));
    }
    if (weir__poll_pages_next(&s->pages, r, body, records, &more, &st) != WEIR_OK) {
        weir_conn_trouble(s->conn, "%s", st.msg);
    }
    if (!more) {
        end_poll(s);
    }
    weir_chunk *c = weir_chunk_builder_take(&s->records);
    if (c) {
        s->parts[s->n_parts++] = (weir_source_part){s->to, c};
    }
    s->n_parts += weir_intake_bad_take(s->bad, &s->parts[s->n_parts]);
    remember_position(s);
}

static void on_answer(void *ctx, const weir_http_result *r)
{
    source *s = ctx;
    char why[256];
    s->call = NULL;
    if (r->failure != WEIR_HTTP_ANSWERED) {
        snprintf(why, sizeof why, "%s: %s", weir_http_failure_name(r->failure), r->why ? r->why : "");
        failed(s, -1, why);
        return;
    }
    if (r->status == 304) {
        s->retry = (weir_retry){0};
        s->polls++;
        remember_position(s);
        go_on(s);
        return;
    }
    if (r->status == 401) {
        weir_http_login_refused(s->login, s->token); /* the next one may do */
    } else {
        weir_http_login_accepted(s->login, s->token);
    }
    if (r->status < 200 || r->status > 299) {
        snprintf(why, sizeof why, "answered %d%s", r->status,
                 r->status < 400 ? ": redirects are not followed" : "");
        failed(s, r->retry_after_ms, why);
        return;
    }
    take_page(s, r);
    if (s->unput) {
        s->retry = (weir_retry){0};
        weir_conn_well(s->conn);
        go_on(s);
    }
}

static void ask(source *s)
{
    weir_status st;
    weir_status_reset(&st);
    bool first = !s->pages.under_way;
    uint32_t n = s->n_headers;
    weir_http_field login = {0};
    weir_http_login_answer may = weir_http_login_ask(s->login, &login, &s->token);
    if (may == WEIR_HTTP_LOGIN_FAILED || may == WEIR_HTTP_LOGIN_WAIT) {
        s->waits = may == WEIR_HTTP_LOGIN_WAIT;
        if (!s->waits) {
            failed(s, -1, "no token can be asked for");
        }
        return;
    }
    weir_http_field *headers = weir_alloc(sizeof *headers * (n + 3u));
    if (n) {
        memcpy(headers, s->headers, sizeof *headers * n);
    }
    if (may == WEIR_HTTP_LOGIN_READY) {
        headers[n++] = login;
    }
    if (first && s->tag.n) {
        headers[n++] = (weir_http_field){WEIR_SV("If-None-Match"), weir_buf_view(&s->tag)};
    }
    if (first && s->modified.n) {
        headers[n++] = (weir_http_field){WEIR_SV("If-Modified-Since"), weir_buf_view(&s->modified)};
    }
    if (first && s->retry.failures == 0) {
        s->begun_ms = now_ms();
        s->begun_wall_ms = weir_wall_ms();
    }
    weir_buf_reset(&s->url);
    weir_rc rc = weir__poll_pages_url(&s->pages, &s->url, &st);
    weir_http_outgoing o = {.method = weir_conn_cstr(s->conn, "method"),
                            .url = weir_buf_view(&s->url),
                            .headers = headers,
                            .n_headers = n,
                            .body = weir_conn_text(s->conn, "body"),
                            .done = on_answer,
                            .ctx = s};
    rc = rc ? rc : weir_http_pool_send(s->pool, &o, &s->call, &st);
    weir_free(headers);
    if (rc != WEIR_OK) {
        s->call = NULL;
        failed(s, -1, st.msg);
    }
}

static void on_token(void *ctx, uint32_t number, const char *why)
{
    source *s = ctx;
    if (!s->waits || number != s->token) {
        return;
    }
    s->waits = false;
    if (why) {
        failed(s, -1, why);
    } else {
        on_timer(s);
    }
}

/* ---- the frame's calls: loop ---- */

static weir_rc start(void *self, weir_status *st)
{
    source *s = self;
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
    s->timer = weir_timer_once(weir_conn_loop(s->conn), 0, on_timer, s);
    s->over = false;
    s->waits = false;
    go_on(s);
    return WEIR_OK;
}

static void on_room(void *self)
{
    source *s = self;
    if (s->unput && s->timer) {
        go_on(s);
    }
}

static void pause_source(void *self, bool paused)
{
    source *s = self;
    s->paused = paused;
    if (!paused && s->timer && !s->call && !s->waits && !s->unput) {
        s->over = false; /* it had failed, or has seen its end */
        go_on(s);
    }
}

static void stop(void *self)
{
    source *s = self;
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
