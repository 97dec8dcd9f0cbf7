/* Requests, one after the other: when the next one is due, and what becomes of its answer. */
#include "connectors/source_poll.h"

#include <stdio.h>

static int64_t now_ms(void)
{
    return weir_mono_ns() / 1000000;
}

static void ask(weir__poll *s);

/* When the next request is due, counted from now. */
static int64_t pause_ms(const weir__poll *s)
{
    int64_t since = s->begun_ms >= 0 ? now_ms() - s->begun_ms : weir_wall_ms() - s->begun_wall_ms;
    if (s->pages.under_way || (s->begun_ms < 0 && s->begun_wall_ms == 0)) {
        return 0;
    }
    return since < 0 ? s->interval_ms : weir_max64(s->interval_ms - since, 0);
}

/* What was made goes to the topics; then it goes on. */
void weir__poll_go_on(weir__poll *s)
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

void weir__poll_on_timer(void *ctx)
{
    weir__poll *s = ctx;
    if (!s->paused && !s->over && !s->call && !s->waits) {
        ask(s);
    }
}

void weir__poll_failed(weir__poll *s, int64_t retry_after_ms, const char *why)
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

static void on_answer(void *ctx, const weir_http_result *r)
{
    weir__poll *s = ctx;
    char why[256];
    s->call = NULL;
    if (r->failure != WEIR_HTTP_ANSWERED) {
        snprintf(why, sizeof why, "%s: %s", weir_http_failure_name(r->failure), r->why ? r->why : "");
        weir__poll_failed(s, -1, why);
        return;
    }
    if (r->status == 304) {
        s->retry = (weir_retry){0};
        s->polls++;
        weir__poll_remember(s);
        weir__poll_go_on(s);
        return;
    }
    if (r->status == 401) {
        weir_http_login_refused(s->login, s->token); /* the next one may do */
    } else {
        weir_http_login_accepted(s->login, s->token);
    }
    bool part = r->status == 206; /* which nobody has asked for */
    if (r->status < 200 || r->status > 299 || part) {
        snprintf(why, sizeof why, "answered %d%s", r->status,
                 part ? ": it is not the whole" : r->status < 400 ? ": redirects are not followed" : "");
        weir__poll_failed(s, r->retry_after_ms, why);
        return;
    }
    weir__poll_take_page(s, r);
    if (s->unput) {
        s->retry = (weir_retry){0};
        weir_conn_well(s->conn);
        weir__poll_go_on(s);
    }
}

static void ask(weir__poll *s)
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
            weir__poll_failed(s, -1, "no token can be asked for");
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
        weir__poll_failed(s, -1, st.msg);
    }
}

void weir__poll_on_token(void *ctx, uint32_t number, const char *why)
{
    weir__poll *s = ctx;
    if (!s->waits || number != s->token) {
        return;
    }
    s->waits = false;
    if (why) {
        weir__poll_failed(s, -1, why);
    } else {
        weir__poll_on_timer(s);
    }
}
