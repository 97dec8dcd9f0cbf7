/* Items to requests, and answers to outcomes.
 *
 * A request takes the first items of a lane's batch that have the same head; the others come again. When
 * the other side refuses a batch, halves of it are sent until the one record is found that it will never
 * take: the others are not to pay for it. */
#include "connectors/sink_http.h"

#include <stdio.h>

struct weir__hook_lane {
    weir__hook *hook;
    weir_sink_lane *lane;
    weir_sink_item *const *items;
    uint32_t n;            /* of the request under way */
    weir_http_call *call;
    bool waits;            /* for the token that is asked for with request `token` */
    uint32_t token;        /* … or the number of the one that is sent */
    weir_buf body, id, signature;
    weir_http_field *fields;
    uint32_t n_fields;
    size_t cap_fields;
};

void weir__hook_lanes_open(weir__hook *h)
{
    h->lanes = weir_zalloc(sizeof *h->lanes * h->n_lanes);
    for (uint32_t i = 0; i < h->n_lanes; i++) {
        h->lanes[i].hook = h;
    }
}

void weir__hook_lanes_close(weir__hook *h)
{
    for (uint32_t i = 0; h->lanes && i < h->n_lanes; i++) {
        weir__hook_lane *l = &h->lanes[i];
        weir_buf_deinit(&l->body);
        weir_buf_deinit(&l->id);
        weir_buf_deinit(&l->signature);
        weir_free(l->fields);
    }
    weir_free(h->lanes);
    h->lanes = NULL;
}

/* ---- a request ---- */

/* The head of an item, piece by piece. */
typedef struct head {
    const weir__hook_topic *topic;
    uint32_t form;
    weir_reader rest;
} head;

static head head_of(const weir_sink_item *item)
{
    weir_sv bytes = weir_sink_bytes(item);
    head h = {.topic = item->parcel->in->bound, .form = (uint32_t)bytes.p[0]};
    h.rest = weir_reader_of(weir_sv_of(bytes.p + 1, item->aux - 1));
    return h;
}

static weir_sv next_piece(head *h)
{
    uint32_t n = weir_read_be32(&h->rest);
    return weir_read_bytes(&h->rest, n);
}

static weir_sv body_of(const weir_sink_item *item)
{
    weir_sv bytes = weir_sink_bytes(item);
    return weir_sv_of(bytes.p + item->aux, bytes.n - item->aux);
}

static bool same_head(const weir_sink_item *a, const weir_sink_item *b)
{
    return a->parcel->in == b->parcel->in && a->aux == b->aux &&
           memcmp(weir_sink_bytes(a).p, weir_sink_bytes(b).p, a->aux) == 0;
}

/* One record goes out from where it lies; the bodies of several are put together. */
static weir_sv join_bodies(const weir__hook *h, weir_sink_item *const *items, uint32_t n, weir_buf *out)
{
    weir_sv one = body_of(items[0]);
    if (n == 1 && (!h->wrapped || one.n == 0)) {
        return one;
    }
    weir_buf_reset(out);
    weir_buf_sv(out, h->prefix);
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_sv(out, i ? h->join : (weir_sv){0});
        weir_buf_sv(out, body_of(items[i]));
    }
    weir_buf_sv(out, h->suffix);
    return weir_buf_view(out);
}

static void add_field(weir__hook_lane *l, weir_sv name, weir_sv value)
{
    WEIR_GROW(l->fields, l->cap_fields, l->n_fields + 1u);
    l->fields[l->n_fields++] = (weir_http_field){name, value};
}

/* What does not depend on the time of sending. */
static void add_fields(weir__hook_lane *l, const weir_sink_item *first, head *from, weir_sv body)
{
    const weir__hook_topic *t = from->topic;
    l->n_fields = 0;
    if (!t->typed && body.n) {
        add_field(l, WEIR_SV("Content-Type"), t->type);
    }
    for (uint32_t i = 0; i < t->n_headers; i++) {
        const weir__hook_header *h = &t->headers[i];
        add_field(l, h->name, h->varies ? next_piece(from) : h->constant);
    }
    weir_buf_reset(&l->id);
    weir__hook_id(&l->id, first);
    if (l->hook->id_header.n) {
        add_field(l, l->hook->id_header, weir_buf_view(&l->id));
    }
}

/* The time is that of this try: receivers refuse old ones. */
static weir_rc sign(weir__hook_lane *l, weir_sv body, char stamp[24], weir_status *st)
{
    int64_t now_s = weir_wall_ms() / 1000;
    weir_buf_reset(&l->signature);
    WEIR_TRY(weir_webhook_sign(l->hook->signer, weir_buf_view(&l->id), now_s, body, &l->signature, st));
    snprintf(stamp, 24, "%lld", (long long)now_s);
    add_field(l, WEIR_SV("webhook-id"), weir_buf_view(&l->id));
    add_field(l, WEIR_SV("webhook-timestamp"), weir_sv_cstr(stamp));
    add_field(l, WEIR_SV("webhook-signature"), weir_buf_view(&l->signature));
    return WEIR_OK;
}

static void on_answer(void *ctx, const weir_http_result *r);

static void begin(weir__hook_lane *l)
{
    weir__hook *h = l->hook;
    head from = head_of(l->items[0]);
    weir_sv url = next_piece(&from);
    weir_http_field auth = {0};
    char stamp[24];
    weir_status st;
    weir_status_reset(&st);
    weir_http_login_answer may = weir_http_login_ask(h->login, &auth, &l->token);
    l->waits = may == WEIR_HTTP_LOGIN_WAIT;
    if (may == WEIR_HTTP_LOGIN_FAILED) {
        weir_sink_finish_all(l->lane, WEIR_SINK_FATAL, 0, "no token can be asked for: oauth2.client.id, "
                             "oauth2.client.secret or oauth2.client.scope cannot be sent");
        return;
    }
    if (l->waits) {
        return;
    }
    weir_sv body = join_bodies(h, l->items, l->n, &l->body);
    add_fields(l, l->items[0], &from, body);
    if (may == WEIR_HTTP_LOGIN_READY) {
        add_field(l, auth.name, auth.value);
    }
    weir_rc rc = h->signer ? sign(l, body, stamp, &st) : WEIR_OK;
    weir_http_outgoing out = {.method = from.topic->forms[from.form].method,
                              .url = url,
                              .headers = l->fields,
                              .n_headers = l->n_fields,
                              .body = body,
                              .gzip = h->gzip,
                              .done = on_answer,
                              .ctx = l};
    rc = rc ? rc : weir_http_pool_send(h->pool, &out, &l->call, &st);
    if (rc != WEIR_OK) {
        weir_sink_finish_all(l->lane, st.retriable ? WEIR_SINK_RETRY : WEIR_SINK_POISON, 0, "%s", st.msg);
    }
}

void weir__hook_send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n)
{
    weir__hook *h = self;
    weir__hook_lane *l = &h->lanes[lane->index];
    l->lane = lane;
    l->items = items;
    l->n = 1;
    while (l->n < n && same_head(items[0], items[l->n])) {
        l->n++;
    }
    weir_sink_sent(lane, l->n);
    begin(l);
}

void weir__hook_resume(void *self, uint32_t number, const char *why)
{
    weir__hook *h = self;
    for (uint32_t i = 0; i < h->n_lanes; i++) {
        weir__hook_lane *l = &h->lanes[i];
        if (!l->waits || l->token != number) {
            continue;
        }
        l->waits = false;
        if (why) {
            weir_sink_finish_all(l->lane, WEIR_SINK_RETRY, 0, "no token: %s", why);
        } else {
            begin(l);
        }
    }
}

/* ---- its answer ---- */

typedef struct verdict {
    weir_sink_outcome_kind kind;
    char why[320];
} verdict;

static verdict judge_status(weir__hook_lane *l, int32_t status)
{
    const weir__hook *h = l->hook;
    verdict v = {WEIR_SINK_POISON, ""};
    snprintf(v.why, sizeof v.why, "the endpoint answered %d", status);
    if (weir__hook_codes_have(&h->success, status)) {
        v.kind = WEIR_SINK_DONE;
    } else if (weir__hook_codes_have(&h->drop, status)) {
        v.kind = WEIR_SINK_SKIPPED;
    } else if (status == 401 && weir_http_login_refused(h->login, l->token)) {
        v.kind = WEIR_SINK_RETRY;
    } else if (weir__hook_codes_have(&h->retry, status)) {
        v.kind = WEIR_SINK_RETRY;
    } else if (status == 410) {
        v.kind = WEIR_SINK_FATAL;
        snprintf(v.why, sizeof v.why, "the endpoint answered 410: it is gone for good; RESUME CONNECTOR "
                                      "tries again");
    } else if (status >= 300 && status < 400) {
        snprintf(v.why, sizeof v.why, "the endpoint answered %d: redirects are not followed", status);
    }
    return v;
}

static verdict judge(weir__hook_lane *l, const weir_http_result *r)
{
    bool answered = r->failure == WEIR_HTTP_ANSWERED || (r->failure == WEIR_HTTP_TOO_LARGE && r->status);
    if (answered) {
        if (r->status != 401) {
            weir_http_login_accepted(l->hook->login, l->token);
        }
        return judge_status(l, r->status);
    }
    verdict v = {r->failure == WEIR_HTTP_BLOCKED ? WEIR_SINK_POISON : WEIR_SINK_RETRY, ""};
    snprintf(v.why, sizeof v.why, "%s: %s", weir_http_failure_name(r->failure), r->why);
    return v;
}

static void settle(weir__hook_lane *l, bool delivered)
{
    for (uint32_t i = 0; l->hook->shape && i < l->n; i++) {
        weir__hook_shape_settled(l->hook->shape, l->items[i], delivered);
    }
}

static void on_answer(void *ctx, const weir_http_result *r)
{
    weir__hook_lane *l = ctx;
    verdict v = judge(l, r);
    l->call = NULL;
    if (v.kind == WEIR_SINK_DONE || v.kind == WEIR_SINK_SKIPPED ||
        (v.kind == WEIR_SINK_POISON && l->n == 1)) {
        settle(l, v.kind == WEIR_SINK_DONE);
    }
    if (v.kind == WEIR_SINK_DONE) {
        weir_sink_finish(l->lane, NULL);
    } else if (v.kind == WEIR_SINK_POISON && l->n > 1) {
        l->n = (l->n + 1) / 2;
        weir_sink_sent(l->lane, l->n);
        begin(l);
    } else {
        weir_sink_finish_all(l->lane, v.kind, weir_max64(r->retry_after_ms, 0), "%s", v.why);
    }
}

/* ---- for people ---- */

void weir__hook_show(void *self, weir_sink_item *const *items, uint32_t n, weir_buf *out)
{
    const weir__hook *h = self;
    head from = head_of(items[0]);
    const weir__hook_topic *t = from.topic;
    weir_buf text = {0};
    weir_sv url = next_piece(&from);
    weir_sv body = join_bodies(h, items, n, &text);
    weir_buf_printf(out, "%s " WEIR_SV_FMT "\n", t->forms[from.form].method, WEIR_SV_ARG(url));
    if (!t->typed && body.n) {
        weir_buf_printf(out, "Content-Type: " WEIR_SV_FMT "\n", WEIR_SV_ARG(t->type));
    }
    for (uint32_t i = 0; i < t->n_headers; i++) {
        weir_sv value = t->headers[i].varies ? next_piece(&from) : t->headers[i].constant;
        value = t->headers[i].hidden ? WEIR_SV("[hidden]") : value;
        weir_buf_printf(out, WEIR_SV_FMT ": " WEIR_SV_FMT "\n", WEIR_SV_ARG(t->headers[i].name),
                        WEIR_SV_ARG(value));
    }
    if (h->id_header.n) {
        weir_buf_printf(out, WEIR_SV_FMT ": ", WEIR_SV_ARG(h->id_header));
        weir__hook_id(out, items[0]);
        weir_buf_byte(out, '\n');
    }
    weir_http_login_show(h->login, out);
    if (h->signer) {
        weir_buf_str(out, "webhook-id: ");
        weir__hook_id(out, items[0]);
        weir_buf_str(out, "\nwebhook-timestamp: [when it is sent]\nwebhook-signature: [hidden]\n");
    }
    weir_buf_byte(out, '\n');
    weir_buf_sv(out, body);
    weir_buf_byte(out, '\n');
    weir_buf_deinit(&text);
}
