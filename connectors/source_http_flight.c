/* Chunks on their way to being durable, and the requests that wait for them.
 *
 *   turn of the loop: requests board ─► its end: one chunk departs ─ durable ─► all are answered
 *
 * Requests of one turn are committed together anyway. Chunks are few and are used again, with their
 * lists of who waits. */
#include "connectors/source_http.h"

#include "engine/data/datetime.h"

#define RETRY_AFTER_S 1

struct weir__http_flight {
    weir__http_flight *next, **link; /* link NULL: it has not departed */
    weir__http_source *owner;
    weir__http_waiting *items;
    size_t n, cap;
};

/* ---- answers ---- */

/* ${count} and ${timestamp} (ISO, UTC) in a body that the operator has written. */
static void fill_in(weir_buf *out, weir_sv body, const weir__http_answer *a)
{
    static const weir_sv names[] = {{"${count}", 8}, {"${timestamp}", 12}};
    for (uint32_t i = 0; i < body.n;) {
        const char *mark = memchr(body.p + i, '$', body.n - i);
        uint32_t at = mark ? (uint32_t)(mark - body.p) : body.n;
        weir_buf_add(out, body.p + i, at - i);
        weir_sv rest = weir_sv_of(body.p + at, body.n - at);
        i = at;
        if (weir_sv_starts(rest, names[0])) {
            weir_buf_printf(out, "%u", a->records);
            i += names[0].n;
        } else if (weir_sv_starts(rest, names[1])) {
            weir_timestamp_print(out, a->at_ms);
            i += names[1].n;
        } else if (rest.n) {
            weir_buf_byte(out, body.p[i++]);
        }
    }
}

void weir__http_reply_invalid(weir_http_req *req, weir_sv errors, uint32_t accepted)
{
    weir_buf body = {0};
    weir_buf_printf(&body, "{\"status\":400,\"message\":\"invalid\",\"accepted\":%u,\"errors\":[", accepted);
    weir_buf_sv(&body, errors);
    weir_buf_str(&body, "]}");
    weir_http_reply(req, 400, "application/json", weir_buf_view(&body), NULL, 0);
    weir_buf_deinit(&body);
}

void weir__http_reply_taken(weir__http_source *s, weir_http_req *req, const weir__http_answer *a)
{
    if (a->errors.n) {
        weir__http_reply_invalid(req, a->errors, a->records);
        return;
    }
    if (s->status == 204) {
        weir_http_reply(req, s->status, NULL, (weir_sv){0}, NULL, 0);
        return;
    }
    weir_buf_reset(&s->answer);
    fill_in(&s->answer, a->batch ? s->batch_body : s->body, a);
    weir_http_reply(req, s->status, s->content_type, weir_buf_view(&s->answer), NULL, 0);
}

/* ---- flights ---- */

static void flight_free(weir__http_flight *f)
{
    for (size_t i = 0; i < f->n; i++) {
        weir_free((void *)(uintptr_t)f->items[i].answer.errors.p);
    }
    weir_free(f->items);
    weir_free(f);
}

static void depart(weir__http_source *s, weir__http_flight *f)
{
    f->next = s->flights;
    f->link = &s->flights;
    if (f->next) {
        f->next->link = &f->next;
    }
    s->flights = f;
}

/* It has arrived, or never left. */
static void park(weir__http_flight *f)
{
    weir__http_source *s = f->owner;
    WEIR_ASSERT(f->n == 0);
    if (f->link) {
        *f->link = f->next;
        if (f->next) {
            f->next->link = f->link;
        }
    }
    f->link = NULL;
    f->next = s->spare;
    s->spare = f;
}

/* status 0: they were taken. */
static void answer_all(weir__http_flight *f, int32_t status, const char *message)
{
    weir__http_source *s = f->owner;
    for (size_t i = 0; i < f->n; i++) {
        weir__http_waiting *w = &f->items[i];
        if (status == 0) {
            weir__http_reply_taken(s, w->req, &w->answer);
        } else {
            weir_http_reply_busy(w->req, status, RETRY_AFTER_S, message);
        }
        weir__http_once_settle(s, w->first, status == 0);
        weir_free((void *)(uintptr_t)w->answer.errors.p);
    }
    f->n = 0;
}

/* ok false: the source has stopped and has answered them; see conn.h. */
static void on_durable(void *ctx, bool ok)
{
    weir__http_flight *f = ctx;
    if (ok) {
        answer_all(f, 0, NULL);
        park(f);
    }
}

void weir__http_board(weir__http_source *s, const weir__http_waiting *w)
{
    if (!s->open) {
        s->open = s->spare ? s->spare : weir_zalloc(sizeof *s->open);
        s->spare = s->open->next;
        s->open->next = NULL;
        s->open->owner = s;
    }
    WEIR_GROW(s->open->items, s->open->cap, s->open->n + 1);
    s->open->items[s->open->n++] = *w;
}

static void remember(weir__http_source *s, const weir__http_flight *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->items[i].first) {
            weir__http_once_taken(s->once, f->items[i].first, &f->items[i].answer);
        }
    }
}

void weir__http_depart(weir__http_source *s)
{
    weir__http_judge_singles(s);
    weir__http_flight *f = s->open;
    weir_chunk *chunk = weir_chunk_builder_take(&s->records);
    s->open = NULL;
    if (!f) {
        return;
    }
    remember(s, f);
    if (!chunk) {
        answer_all(f, 0, NULL);
        park(f);
        return;
    }
    depart(s, f);
    if (!weir_source_put(s->conn, s->to, chunk, (weir_sv){0}, on_durable, f)) {
        weir_chunk_unref(chunk);
        answer_all(f, 429, "there is no room for it now");
        park(f);
    } else if (!s->durable) {
        answer_all(f, 0, NULL);
    }
}

void weir__http_ground(weir__http_source *s)
{
    for (weir__http_flight *f = s->flights; f; f = f->next) {
        answer_all(f, 503, "stopping");
    }
}

static void free_list(weir__http_flight *f)
{
    while (f) {
        weir__http_flight *next = f->next;
        flight_free(f);
        f = next;
    }
}

void weir__http_flights_free(weir__http_source *s)
{
    free_list(s->flights);
    free_list(s->spare);
    free_list(s->open);
}
