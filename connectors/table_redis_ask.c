/* Questions to Redis and its answers, on the loop. Keys wait in one line, go out to their nodes as pipelines, and
 * come back in order. What Redis does not answer (it is away, loading, moving slots) goes back into the
 * line; after a failure the line stands for a while. */
#include "connectors/table_redis.h"

#include "engine/base/alloc.h"

#include <stdio.h>

#define TRIES_MAX 8 /* from node to node; then it is a failure as any other */

/* A connection to a node. Replies come for `sent`, in its order; an entry without a question is our own. */
struct weir__redis_peer {
    weir__redis_peer *next;
    weir__redis_table *table;
    uint16_t node;
    weir_redis_link *link;
    weir_buf bytes;
    uint32_t replies; /* of `bytes` */
    weir__redis_wants sent;
};

enum { OWN_ASKING, OWN_SLOTS }; /* `i` of an entry without a question */

static void send_waiting(weir__redis_table *t);

/* ---- lines ---- */

static void add(weir__redis_wants *w, weir__redis_want x)
{
    if (w->head == w->n) {
        w->head = w->n = 0;
    }
    WEIR_GROW(w->items, w->cap, w->n + 1);
    w->items[w->n++] = x;
}

static void add_again(weir__redis_table *t, weir__redis_want x, uint16_t ask)
{
    x.ask = ask;
    x.tries++;
    add(&t->waiting, x);
}

static void abandon(weir__redis_wants *w)
{
    for (size_t i = w->head; i < w->n; i++) {
        weir__question *q = w->items[i].q;
        if (q && --q->open == 0) { /* the last of its keys that nobody has answered */
            weir__question_abandon(q);
        }
    }
    w->head = w->n = 0;
}

/* ---- failures ---- */

static void on_pause_over(void *ctx)
{
    weir__redis_table *t = ctx;
    t->pausing = false;
    send_waiting(t);
}

static void pause_line(weir__redis_table *t, const char *why)
{
    int64_t now = weir_mono_ns() / 1000000;
    weir_conn_trouble(t->conn, "%s; the queries that look it up wait", why);
    if (t->pausing) {
        return;
    }
    int64_t ms = weir_retry_pause(&t->retry, &t->policy, weir_conn_rng(t->conn), now, -1);
    t->pausing = true;
    weir_timer_arm(t->timer, (uint64_t)weir_max64(ms, 1));
}

static void on_closed(void *ctx, const char *why, bool fatal)
{
    weir__redis_peer *p = ctx;
    weir__redis_table *t = p->table;
    (void)fatal; /* a password may be put right */
    p->link = NULL;
    p->replies = 0;
    weir_buf_reset(&p->bytes);
    t->stale = t->cluster;
    for (; p->sent.head < p->sent.n; p->sent.head++) {
        weir__redis_want x = p->sent.items[p->sent.head];
        x.ask = WEIR_REDIS_NO_NODE;
        if (x.q) {
            add(&t->waiting, x);
        }
    }
    pause_line(t, why);
}

/* ---- answers ---- */

static void put_hash(weir__redis_table *t, const weir_redis_reply *r, weir__redis_want x)
{
    bool any = false;
    for (uint32_t k = 0; k < t->n_fields; k++) {
        weir_redis_reply item = {.kind = WEIR_REDIS_NIL};
        if (r->kind == WEIR_REDIS_ARRAY && k < r->integer) {
            item = weir_redis_item(r, k);
        }
        t->texts[k] = item.kind == WEIR_REDIS_STRING ? item.text : (weir_sv){NULL, WEIR_NULL_BYTES};
        any |= item.kind == WEIR_REDIS_STRING;
    }
    if (any) {
        weir__asker_texts(x.q->asker, t->texts, x.q, x.i);
    } else {
        weir__question_absent(x.q, x.i);
    }
}

static void put_text(weir__redis_table *t, const weir_redis_reply *r, weir__redis_want x)
{
    if (r->kind != WEIR_REDIS_STRING) {
        weir__question_absent(x.q, x.i);
    } else if (t->json) {
        weir__asker_json(x.q->asker, r->text, x.q, x.i);
    } else {
        t->texts[0] = r->text;
        weir__asker_texts(x.q->asker, t->texts, x.q, x.i);
    }
}

/* MOVED, ASK: learnt. False: it is no redirection, or one too many. */
static bool redirected(weir__redis_peer *p, weir__redis_want x, weir_sv error)
{
    weir__redis_table *t = p->table;
    bool ask = false;
    if (x.tries >= TRIES_MAX || weir_conn_is(t->conn, "redis.mode", "standalone")) {
        return false;
    }
    uint16_t node = weir_redis_slots_redirect(&t->slots, p->node, error, &ask);
    if (node == WEIR_REDIS_NO_NODE) {
        return false;
    }
    t->stale |= !ask && !t->cluster;
    t->cluster = true;
    add_again(t, x, ask ? node : WEIR_REDIS_NO_NODE);
    return true;
}

static void on_error(weir__redis_peer *p, weir__redis_want x, weir_sv error)
{
    char why[256];
    if (weir_redis_fault_of(error) == WEIR_REDIS_WRONG) { /* of another type: a row without columns */
        weir__question_found(x.q, x.i, x.q->rows.n, error);
    } else if (!redirected(p, x, error)) {
        snprintf(why, sizeof why, "Redis: " WEIR_SV_FMT, WEIR_SV_ARG(error));
        x.tries = 0;
        x.ask = WEIR_REDIS_NO_NODE;
        add(&p->table->waiting, x);
        pause_line(p->table, why);
    }
}

static void on_reply(void *ctx, const weir_redis_reply *r)
{
    weir__redis_peer *p = ctx;
    weir__redis_table *t = p->table;
    WEIR_ASSERT(p->sent.head < p->sent.n);
    weir__redis_want x = p->sent.items[p->sent.head++];
    if (!x.q) {
        if (x.i == OWN_SLOTS) {
            (void)weir_redis_slots_read(&t->slots, p->node, r); /* who may not ask learns by MOVED */
        }
        return;
    }
    if (r->kind == WEIR_REDIS_ERROR) {
        on_error(p, x, r->text);
    } else {
        if (t->retry.failures) {
            t->retry = (weir_retry){0};
            weir_conn_well(t->conn);
        }
        if (t->hash) {
            put_hash(t, r, x);
        } else {
            put_text(t, r, x);
        }
    }
    if (p->sent.head == p->sent.n && t->waiting.head < t->waiting.n) {
        send_waiting(t); /* redirections */
    }
}

/* ---- sending ---- */

static weir__redis_peer *peer_of(weir__redis_table *t, uint16_t node)
{
    static const weir_redis_events events = {.reply = on_reply, .closed = on_closed};
    weir__redis_peer *p = t->peers;
    while (p && p->node != node) {
        p = p->next;
    }
    if (!p) {
        p = weir_zalloc(sizeof *p);
        *p = (weir__redis_peer){.next = t->peers, .table = t, .node = node};
        t->peers = p;
    }
    if (!p->link) {
        weir_redis_target to = t->target;
        if (!to.unix_path || node) {
            to.host = t->slots.nodes[node].host;
            to.port = t->slots.nodes[node].port;
            to.unix_path = NULL;
        }
        p->link = weir_redis_open(weir_conn_loop(t->conn), &to, &events, p);
    }
    return p;
}

static void add_own(weir__redis_peer *p, uint32_t what)
{
    weir_redis_args(&p->bytes, what == OWN_SLOTS ? 2 : 1);
    weir_redis_arg(&p->bytes, what == OWN_SLOTS ? WEIR_SV("CLUSTER") : WEIR_SV("ASKING"));
    if (what == OWN_SLOTS) {
        weir_redis_arg(&p->bytes, WEIR_SV("SLOTS"));
    }
    p->replies++;
    add(&p->sent, (weir__redis_want){.i = what});
}

static void add_want(weir__redis_table *t, weir__redis_want x)
{
    bool ask = x.ask != WEIR_REDIS_NO_NODE;
    uint16_t node = ask          ? x.ask
                    : t->cluster ? t->slots.node_of[x.q->keys[x.i].aux]
                                 : 0;
    weir__redis_peer *p = peer_of(t, node);
    if (t->stale) {
        t->stale = false; /* the answer is for later ones */
        add_own(p, OWN_SLOTS);
    }
    if (ask) {
        add_own(p, OWN_ASKING);
    }
    weir_buf_sv(&p->bytes, weir__question_bytes(x.q, x.i));
    p->replies++;
    add(&p->sent, x);
}

static void send_waiting(weir__redis_table *t)
{
    if (t->pausing || !t->running) {
        return;
    }
    while (t->waiting.head < t->waiting.n) {
        add_want(t, t->waiting.items[t->waiting.head++]);
    }
    for (weir__redis_peer *p = t->peers; p; p = p->next) {
        uint32_t replies = p->replies;
        p->replies = 0;
        if (replies && !weir_redis_send(p->link, &p->bytes, replies)) {
            weir_redis_close(p->link); /* it would have said so a moment later */
            on_closed(p, "the connection to Redis has failed", false);
        }
    }
}

void weir__redis_table_ask(void *self, weir__question *q)
{
    weir__redis_table *t = self;
    if (!t->running) {
        weir__question_abandon(q);
        return;
    }
    for (uint32_t i = 0; i < q->n; i++) {
        add(&t->waiting, (weir__redis_want){.q = q, .i = i, .ask = WEIR_REDIS_NO_NODE});
    }
    send_waiting(t);
}

/* ---- beginning and end ---- */

weir_rc weir__redis_table_start(void *self, weir_status *st)
{
    weir__redis_table *t = self;
    (void)st;
    t->timer = weir_timer_once(weir_conn_loop(t->conn), 0, on_pause_over, t);
    t->pausing = false;
    t->running = true;
    return WEIR_OK;
}

void weir__redis_table_stop(void *self)
{
    weir__redis_table *t = self;
    t->running = false;
    weir_timer_stop(t->timer);
    t->timer = NULL;
    while (t->peers) {
        weir__redis_peer *p = t->peers;
        t->peers = p->next;
        weir_redis_close(p->link);
        abandon(&p->sent);
        weir_buf_deinit(&p->bytes);
        weir_free(p->sent.items);
        weir_free(p);
    }
    abandon(&t->waiting);
}
