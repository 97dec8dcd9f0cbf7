/* A lane's connections to nodes, and the questions that come before or between items: what the server is, who
 * has which slots (CLUSTER SLOTS), which node is the master now (SENTINEL), the script.
 *
 *   sentinels, in turn ─ GET-MASTER-ADDR-BY-NAME ─► the node to write to, until its connection is lost or it
 *   says that it is a replica; then they are asked again */
#include "connectors/sink_redis_lane.h"

#include <stdio.h>

/* ---- connections ---- */

weir__redis_peer *weir__redis_peer_of(weir__redis_lane *l, uint16_t node)
{
    weir__redis_peer *p = l->peers;
    while (p && p->node != node) {
        p = p->next;
    }
    if (!p) {
        p = weir_zalloc(sizeof *p);
        *p = (weir__redis_peer){.next = l->peers, .lane = l, .node = node};
        l->peers = p;
    }
    return p;
}

static bool is_sentinel(const weir__redis_sink *s, uint16_t node)
{
    return node < s->n_sentinels;
}

static weir_redis_target target_of(const weir__redis_sink *s, uint16_t node)
{
    weir_redis_target t = s->target;
    if (is_sentinel(s, node)) {
        t.user = s->sentinel_user;
        t.password = s->sentinel_password;
        t.db = 0;
    }
    if (!t.unix_path || node) {
        t.host = s->slots.nodes[node].host;
        t.port = s->slots.nodes[node].port;
        t.unix_path = NULL;
    }
    return t;
}

static void open_link(weir__redis_peer *p)
{
    static const weir_redis_events events = {.reply = weir__redis_on_reply, .closed = weir__redis_on_closed};
    weir__redis_sink *s = p->lane->sink;
    if (!p->link) {
        weir_redis_target t = target_of(s, p->node);
        p->n_own = 0;
        p->has_script = false;
        p->link = weir_redis_open(weir_conn_loop(s->conn), &t, &events, p);
    }
}

static void add_own(weir__redis_peer *p, weir__redis_own what)
{
    weir_buf *out = &p->bytes;
    const weir__redis_sink *s = p->lane->sink;
    const weir_sv words[WEIR__REDIS_OWN_KINDS][3] = {
        [WEIR__REDIS_OWN_SCRIPT] = {WEIR_SV("SCRIPT"), WEIR_SV("LOAD"), weir__redis_fence_script()},
        [WEIR__REDIS_OWN_SLOTS] = {WEIR_SV("CLUSTER"), WEIR_SV("SLOTS")},
        [WEIR__REDIS_OWN_MASTER] = {WEIR_SV("SENTINEL"), WEIR_SV("GET-MASTER-ADDR-BY-NAME"), s->master},
    };
    uint32_t n = words[what][2].n ? 3 : 2;
    p->own[p->n_own++] = what;
    p->replies++;
    p->has_script |= what == WEIR__REDIS_OWN_SCRIPT;
    weir_redis_args(out, n);
    for (uint32_t i = 0; i < n; i++) {
        weir_redis_arg(out, words[what][i]);
    }
}

void weir__redis_peers_close(weir__redis_lane *l)
{
    while (l->peers) {
        weir__redis_peer *p = l->peers;
        l->peers = p->next;
        weir_redis_close(p->link);
        weir_buf_deinit(&p->bytes);
        weir_free(p->items);
        weir_free(p);
    }
}

void weir__redis_push(weir__redis_peer *p)
{
    if (p->replies && !weir_redis_send(p->link, &p->bytes, p->replies)) {
        weir_redis_close(p->link); /* it would have said so a moment later */
        weir__redis_on_closed(p, "the connection to Redis has failed", false);
    }
    p->replies = 0;
}

weir__redis_peer *weir__redis_peer_ready(weir__redis_lane *l, uint16_t node, bool fenced)
{
    weir__redis_sink *s = l->sink;
    weir__redis_peer *p = weir__redis_peer_of(l, node);
    open_link(p);
    if (s->stale && s->mode == WEIR__REDIS_CLUSTER) {
        s->stale = false; /* the answer will be for later batches */
        add_own(p, WEIR__REDIS_OWN_SLOTS);
    }
    if (fenced && !p->has_script) {
        add_own(p, WEIR__REDIS_OWN_SCRIPT);
    }
    return p;
}

/* ---- what the server is, and where ---- */

bool weir__redis_ask(weir__redis_lane *l)
{
    weir__redis_sink *s = l->sink;
    if (s->n_sentinels ? s->found : s->mode != WEIR__REDIS_UNKNOWN) {
        return false;
    }
    weir__redis_peer *p = weir__redis_peer_of(l, s->seed);
    weir_buf_reset(&p->bytes);
    p->n = p->at = p->replies = 0;
    l->asks = true;
    open_link(p);
    add_own(p, s->n_sentinels ? WEIR__REDIS_OWN_MASTER : WEIR__REDIS_OWN_SLOTS);
    weir__redis_push(p);
    return true;
}

static void next_seed(weir__redis_sink *s)
{
    uint32_t n = s->n_sentinels ? s->n_sentinels : s->slots.n;
    s->seed = (uint16_t)((s->seed + 1u) % n);
}

/* What the server is, and who has which slots. */
static void on_slots(weir__redis_peer *p, const weir_redis_reply *r)
{
    weir__redis_lane *l = p->lane;
    weir__redis_sink *s = l->sink;
    weir_redis_fault fault = r->kind == WEIR_REDIS_ERROR ? weir_redis_fault_of(r->text) : WEIR_REDIS_WRONG;
    bool read = weir_redis_slots_read(&s->slots, p->node, r);
    if (fault != WEIR_REDIS_AGAIN) {
        s->stale = false;
        if (!s->mode_given && s->mode == WEIR__REDIS_UNKNOWN) { /* who may not ask learns by MOVED */
            s->mode = read ? WEIR__REDIS_CLUSTER : WEIR__REDIS_SINGLE;
        }
    }
    if (l->asks) {
        l->asks = false;
        if (s->mode == WEIR__REDIS_UNKNOWN) {
            char why[256];
            snprintf(why, sizeof why, WEIR_SV_FMT, WEIR_SV_ARG(r->text));
            weir__redis_fail_all(l, WEIR_SINK_RETRY, why);
        } else {
            weir__redis_round(l);
        }
    }
}

static bool read_master(weir__redis_sink *s, const weir_redis_reply *r)
{
    uint32_t port = 0;
    if (r->kind != WEIR_REDIS_ARRAY || r->integer != 2) {
        return false;
    }
    weir_sv host = weir_redis_item(r, 0).text;
    weir_sv digits = weir_redis_item(r, 1).text;
    for (uint32_t i = 0; i < digits.n && i < 6; i++) {
        port = digits.p[i] >= '0' && digits.p[i] <= '9' ? port * 10 + (uint32_t)(digits.p[i] - '0') : UINT16_MAX + 1u;
    }
    uint16_t node = port > 0 && port <= UINT16_MAX ? weir_redis_slots_node(&s->slots, host, (uint16_t)port)
                                                   : WEIR_REDIS_NO_NODE;
    s->home = node == WEIR_REDIS_NO_NODE ? s->home : node;
    return node != WEIR_REDIS_NO_NODE && !is_sentinel(s, node);
}

/* Which node is the master. */
static void on_master(weir__redis_peer *p, const weir_redis_reply *r)
{
    weir__redis_lane *l = p->lane;
    weir__redis_sink *s = l->sink;
    char why[512];
    if (!l->asks) {
        return;
    }
    l->asks = false;
    if (read_master(s, r)) {
        s->found = true;
        weir__redis_round(l);
        return;
    }
    bool refused = r->kind == WEIR_REDIS_ERROR && weir_redis_fault_of(r->text) == WEIR_REDIS_DENIED;
    const weir_redis_node *node = &s->slots.nodes[p->node];
    if (r->kind == WEIR_REDIS_ERROR) {
        snprintf(why, sizeof why, "the sentinel at %s:%u says: " WEIR_SV_FMT, node->host, node->port,
                 WEIR_SV_ARG(r->text));
    } else {
        snprintf(why, sizeof why, "the sentinel at %s:%u knows no master \"" WEIR_SV_FMT
                 "\": see 'redis.sentinel.master'", node->host, node->port, WEIR_SV_ARG(s->master));
    }
    next_seed(s);
    weir__redis_fail_all(l, refused ? WEIR_SINK_FATAL : WEIR_SINK_RETRY, why);
}

void weir__redis_on_own(weir__redis_peer *p, const weir_redis_reply *r)
{
    weir__redis_own what = p->own[0];
    p->n_own--;
    memmove(p->own, p->own + 1, sizeof *p->own * p->n_own);
    if (what == WEIR__REDIS_OWN_SLOTS) {
        on_slots(p, r);
    } else if (what == WEIR__REDIS_OWN_MASTER) {
        on_master(p, r);
    } /* that the script is not taken will be told by its calls */
}

bool weir__redis_asker_closed(weir__redis_peer *p, const char *why, bool fatal)
{
    weir__redis_lane *l = p->lane;
    weir__redis_sink *s = l->sink;
    s->found &= p->node != s->home; /* another one may be the master by now */
    if (s->mode == WEIR__REDIS_CLUSTER) { /* … or have its slots */
        s->stale = true;
        next_seed(s);
    }
    if (!l->items || !l->asks) {
        return !l->items;
    }
    l->asks = false;
    if (s->n_sentinels || s->mode == WEIR__REDIS_UNKNOWN || fatal) {
        next_seed(s);
        weir__redis_fail_all(l, fatal ? WEIR_SINK_FATAL : WEIR_SINK_RETRY, why);
    } else {
        weir__redis_round(l); /* with the slots as they were */
    }
    return true;
}
