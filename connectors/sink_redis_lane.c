/* Lanes of a Redis sink: each has a connection to each node it needs, and each batch is a pipeline.
 *
 *   batch ─► round: items to their nodes ─► replies ─┬─ all known ─► finish
 *              ▲                                     │
 *              └── MOVED, ASK, NOSCRIPT: only these ─┘
 *
 * What must not be mixed up: where an item is to be tried again, all later ones of its part (slots modulo
 * 64, which share a fence) are, too, even those that succeeded. An absolute value is then written again, in
 * order; of what adds up the fence knows what was done. */
#include "connectors/sink_redis.h"

#include <stdio.h>

#define ROUNDS_MAX 8 /* redirections within a batch; then it goes the way of retries */
#define GROUP_MAX 32 /* records of a fence that one call of its script does: Redis does nothing else then */
#define GROUP_BYTES_MAX (64u << 10)
#define NONE UINT32_MAX

typedef enum own { OWN_SCRIPT, OWN_SLOTS, OWN_WAIT } own;

/* A lane's connection to a node. */
typedef struct peer {
    struct peer *next;
    struct weir__redis_lane *lane;
    uint16_t node;
    weir_redis_link *link;
    bool has_script;
    own own[3];               /* replies to commands that are the lane's own come before those of items, */
    uint32_t n_own;
    bool waits;               /* but that to WAIT, which comes last */
    weir_buf bytes;
    uint32_t *items;          /* of this round, in the order of their replies */
    uint32_t n, at, cap;
    uint32_t replies;
} peer;

typedef struct attempt {
    uint32_t left;            /* replies that are owed; of a group, to its first */
    uint32_t group;           /* how many items it is the first of, and which follows it */
    uint32_t next;
    uint16_t ask;             /* the node to ask once; WEIR_REDIS_NO_NODE: that of the slot */
    bool again;               /* in the next round */
} attempt;

/* Items of one fence that are done by one command. */
typedef struct group {
    uint32_t first, last;     /* items */
    uint32_t n, bytes;
    int64_t before;           /* the offset of the group before it; -1: none in this round */
    uint16_t node;
    bool ask;
} group;

/* A fence's latest group in this round. */
typedef struct mark {
    uint64_t fence;
    uint32_t round, group;
} mark;

typedef struct weir__redis_lane {
    struct weir__redis_lane *next;
    weir__redis_sink *sink;
    weir_sink_lane *lane;
    peer *peers;
    weir_sink_item *const *items; /* under way; NULL: none */
    uint32_t n, cap;
    attempt *attempts;
    weir_sink_outcome *outcomes;
    uint32_t bad;             /* outcomes that are not DONE */
    uint32_t open;            /* items of the round without an answer, and 1 while it is being sent */
    uint32_t rounds;          /* of the batch */
    bool asks;                /* the batch waits for what the server is */
    group *groups;            /* of the round */
    uint32_t n_groups;
    mark *marks;
    uint32_t marks_cap, round; /* round: never the same */
    weir_arena reasons;       /* of the batch */
} weir__redis_lane;

static void begin_round(weir__redis_lane *l);
static void round_over(weir__redis_lane *l);

/* ---- connections ---- */

static void on_reply(void *ctx, const weir_redis_reply *r);
static void on_closed(void *ctx, const char *why, bool fatal);

static peer *peer_of(weir__redis_lane *l, uint16_t node)
{
    peer *p = l->peers;
    while (p && p->node != node) {
        p = p->next;
    }
    if (!p) {
        p = weir_zalloc(sizeof *p);
        *p = (peer){.next = l->peers, .lane = l, .node = node};
        l->peers = p;
    }
    return p;
}

static void open_link(peer *p)
{
    static const weir_redis_events events = {.reply = on_reply, .closed = on_closed};
    weir__redis_sink *s = p->lane->sink;
    weir_redis_target t = s->target;
    if (!p->link) {
        if (!t.unix_path || p->node) {
            t.host = s->slots.nodes[p->node].host;
            t.port = s->slots.nodes[p->node].port;
            t.unix_path = NULL;
        }
        p->n_own = 0;
        p->has_script = false;
        p->link = weir_redis_open(weir_conn_loop(s->conn), &t, &events, p);
    }
}

static void add_own(peer *p, own what)
{
    weir_buf *out = &p->bytes;
    p->own[p->n_own++] = what;
    p->replies++;
    if (what == OWN_SCRIPT) {
        weir_redis_args(out, 3);
        weir_redis_arg(out, WEIR_SV("SCRIPT"));
        weir_redis_arg(out, WEIR_SV("LOAD"));
        weir_redis_arg(out, weir__redis_fence_script());
        p->has_script = true;
    } else if (what == OWN_SLOTS) {
        weir_redis_args(out, 2);
        weir_redis_arg(out, WEIR_SV("CLUSTER"));
        weir_redis_arg(out, WEIR_SV("SLOTS"));
    }
}

static void close_peers(weir__redis_lane *l)
{
    while (l->peers) {
        peer *p = l->peers;
        l->peers = p->next;
        weir_redis_close(p->link);
        weir_buf_deinit(&p->bytes);
        weir_free(p->items);
        weir_free(p);
    }
}

/* ---- outcomes ---- */

static void judge(weir__redis_lane *l, uint32_t i, weir_sink_outcome_kind kind, weir_sv reason)
{
    weir_sink_outcome *o = &l->outcomes[i];
    if (kind > o->kind) {
        l->bad += o->kind == WEIR_SINK_DONE;
        o->kind = kind;
        o->reason = weir_arena_sv(&l->reasons, reason);
    }
}

/* Somebody else has the slot, or this was no cluster as far as was known. */
static bool redirected(peer *p, uint32_t i, weir_sv error)
{
    weir__redis_lane *l = p->lane;
    weir__redis_sink *s = l->sink;
    bool ask = false;
    bool crossed = s->mode == WEIR__REDIS_SINGLE && weir_sv_starts(error, WEIR_SV("CROSSSLOT")) &&
                   weir__redis_is_fenced(l->items[i]); /* its fence is elsewhere */
    uint16_t node = weir_redis_slots_redirect(&s->slots, p->node, error, &ask);
    if ((node == WEIR_REDIS_NO_NODE && !crossed) || (s->mode_given && s->mode == WEIR__REDIS_SINGLE)) {
        return false;
    }
    s->mode = WEIR__REDIS_CLUSTER;
    s->stale |= !ask;
    l->attempts[i].again = true;
    l->attempts[i].ask = ask ? node : WEIR_REDIS_NO_NODE;
    return true;
}

static void note_error(peer *p, uint32_t i, weir_sv error)
{
    static const weir_sink_outcome_kind kinds[] = {[WEIR_REDIS_AGAIN] = WEIR_SINK_RETRY,
                                                   [WEIR_REDIS_WRONG] = WEIR_SINK_POISON,
                                                   [WEIR_REDIS_DENIED] = WEIR_SINK_FATAL,
                                                   [WEIR_REDIS_MOVED] = WEIR_SINK_RETRY,
                                                   [WEIR_REDIS_NOSCRIPT] = WEIR_SINK_RETRY};
    weir__redis_lane *l = p->lane;
    weir_redis_fault fault = weir_redis_fault_of(error);
    if (fault == WEIR_REDIS_NOSCRIPT && weir__redis_is_fenced(l->items[i])) {
        p->has_script = false; /* Redis was emptied, or is another one */
        l->attempts[i].again = true;
    } else if (!redirected(p, i, error)) {
        judge(l, i, kinds[fault], error);
    }
}

/* An item between two rounds. */
static void settle_item(weir__redis_lane *l, uint32_t i)
{
    attempt *a = &l->attempts[i];
    weir_sink_outcome *o = &l->outcomes[i];
    if (a->again && o->kind == WEIR_SINK_RETRY) { /* of a MULTI: the redirection is its reason */
        *o = (weir_sink_outcome){0};
        l->bad--;
    }
    a->again &= o->kind == WEIR_SINK_DONE;
    if (a->again && l->rounds >= ROUNDS_MAX) {
        a->again = false;
        judge(l, i, WEIR_SINK_RETRY, WEIR_SV("Redis sends from node to node"));
    }
}

/* The outcomes of a round: what is behind a failed item of its part fails with it, and for its reason.
 * False: all are final. */
static bool settle(weir__redis_lane *l)
{
    weir_sv reason = {0};
    uint64_t failed = 0;
    bool again = false;
    for (uint32_t i = 0; i < l->n; i++) {
        weir_sink_outcome *o = &l->outcomes[i];
        uint64_t part = 1ull << l->items[i]->lane_hash % WEIR_SINK_PARTS;
        settle_item(l, i);
        if (failed & part && o->kind <= WEIR_SINK_RETRY) {
            l->attempts[i].again = false;
            judge(l, i, WEIR_SINK_RETRY, reason);
            o->reason = reason; /* and not that it would have been out of order */
        } else if (o->kind == WEIR_SINK_RETRY) {
            failed |= part;
            reason = o->reason;
        }
        again |= l->attempts[i].again;
    }
    return again;
}

static void finish(weir__redis_lane *l)
{
    weir_sink_lane *lane = l->lane;
    const weir_sink_outcome *outcomes = l->bad ? l->outcomes : NULL;
    l->items = NULL;
    weir_sink_finish(lane, outcomes); /* the next batch may begin in it */
}

static void fail_all(weir__redis_lane *l, weir_sink_outcome_kind kind, const char *why)
{
    for (uint32_t i = 0; i < l->n; i++) {
        judge(l, i, kind, weir_sv_cstr(why));
    }
    finish(l);
}

static void round_over(weir__redis_lane *l)
{
    if (l->bad == 0 && l->rounds == 1) { /* nearly always */
        bool again = false;
        for (uint32_t i = 0; i < l->n && !again; i++) {
            again = l->attempts[i].again;
        }
        if (!again) {
            finish(l);
            return;
        }
    }
    if (settle(l)) {
        begin_round(l);
    } else {
        finish(l);
    }
}

static void answered(weir__redis_lane *l, uint32_t items)
{
    WEIR_ASSERT(l->open >= items);
    l->open -= items;
    if (l->open == 0) {
        round_over(l);
    }
}

/* ---- replies ---- */

/* What the server is, and who has which slots. */
static void on_slots(peer *p, const weir_redis_reply *r)
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
            fail_all(l, WEIR_SINK_RETRY, why);
        } else {
            begin_round(l);
        }
    }
}

/* Too few replicas have it: written again, until they do. */
static void on_wait(peer *p, const weir_redis_reply *r)
{
    weir__redis_lane *l = p->lane;
    bool enough = r->kind == WEIR_REDIS_INTEGER && r->integer >= l->sink->wait_replicas;
    for (uint32_t i = 0; !enough && i < p->n; i++) {
        judge(l, p->items[i], WEIR_SINK_RETRY,
              r->kind == WEIR_REDIS_ERROR ? r->text : WEIR_SV("too few replicas have written it"));
    }
    answered(l, 1);
}

static void on_own(peer *p, const weir_redis_reply *r)
{
    own what = p->own[0];
    p->n_own--;
    memmove(p->own, p->own + 1, sizeof *p->own * p->n_own);
    if (what == OWN_SLOTS) {
        on_slots(p, r);
    } /* that the script is not taken will be told by its calls */
}

static void on_reply(void *ctx, const weir_redis_reply *r)
{
    peer *p = ctx;
    weir__redis_lane *l = p->lane;
    if (p->n_own) {
        on_own(p, r);
        return;
    }
    if (p->at == p->n && p->waits) {
        p->waits = false;
        on_wait(p, r);
        return;
    }
    WEIR_ASSERT(l->items && p->at < p->n);
    const uint32_t *items = &p->items[p->at];
    attempt *a = &l->attempts[items[0]];
    uint32_t n = a->group;
    if (r->kind == WEIR_REDIS_ERROR) {
        for (uint32_t k = 0; k < n; k++) {
            note_error(p, items[k], r->text);
        }
    }
    for (int64_t k = 0; r->kind == WEIR_REDIS_ARRAY && k < r->integer; k++) { /* of EXEC, or of a group */
        weir_redis_reply inner = weir_redis_item(r, (uint32_t)k);
        if (inner.kind == WEIR_REDIS_ERROR) {
            note_error(p, items[k < n ? k : 0], inner.text);
        }
    }
    if (--a->left == 0) {
        p->at += n;
        answered(l, n);
    }
}

static void on_closed(void *ctx, const char *why, bool fatal)
{
    peer *p = ctx;
    weir__redis_lane *l = p->lane;
    weir__redis_sink *s = l->sink;
    weir_sink_outcome_kind kind = fatal ? WEIR_SINK_FATAL : WEIR_SINK_RETRY;
    p->link = NULL;
    p->n_own = 0;
    if (s->mode == WEIR__REDIS_CLUSTER) { /* another one may have its slots by now */
        s->stale = true;
        s->seed = (uint16_t)((s->seed + 1u) % s->slots.n);
    }
    if (!l->items) {
        return;
    }
    if (l->asks) {
        l->asks = false;
        if (s->mode == WEIR__REDIS_UNKNOWN || fatal) {
            s->seed = (uint16_t)((s->seed + 1u) % s->slots.n);
            fail_all(l, kind, why);
        } else {
            begin_round(l); /* with the slots as they were */
        }
        return;
    }
    uint32_t lost = p->n - p->at + p->waits;
    for (uint32_t i = p->waits ? 0 : p->at; i < p->n; i++) {
        l->attempts[p->items[i]].again = false;
        judge(l, p->items[i], kind, weir_sv_cstr(why));
    }
    p->at = p->n;
    p->waits = false;
    if (lost) {
        answered(l, lost);
    }
}

/* ---- sending ---- */

static void add_reply_of(peer *p, uint32_t i)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 256;
        p->items = weir_realloc(p->items, sizeof *p->items * p->cap);
    }
    p->items[p->n++] = i;
    p->lane->open++;
}

static void add_asking(peer *p)
{
    weir_redis_args(&p->bytes, 1);
    weir_redis_arg(&p->bytes, WEIR_SV("ASKING"));
}

static void add_item(peer *p, uint32_t i, bool ask)
{
    const weir_sink_item *item = p->lane->items[i];
    attempt *a = &p->lane->attempts[i];
    a->left = item->aux + ask;
    a->group = 1;
    p->replies += a->left;
    if (ask) {
        add_asking(p);
    }
    add_reply_of(p, i);
    weir_buf_sv(&p->bytes, weir_sink_bytes(item));
}

/* The place of a fence in the table: its mark of this round, or one to be made. */
static mark *mark_of(weir__redis_lane *l, uint64_t fence)
{
    uint64_t at = fence * 0x9e3779b97f4a7c15u >> 32;
    mark *m = &l->marks[at & (l->marks_cap - 1)];
    while (m->round == l->round && m->fence != fence) {
        m = &l->marks[++at & (l->marks_cap - 1)];
    }
    return m;
}

/* To the group of its fence, or to another one behind that. */
static void add_to_group(weir__redis_lane *l, uint32_t i, uint16_t node, bool ask)
{
    const weir_sink_item *item = l->items[i];
    uint64_t fence = weir__redis_fence_of(l->sink, item);
    mark *m = mark_of(l, fence);
    group *g = m->round == l->round ? &l->groups[m->group] : NULL;
    l->attempts[i].next = NONE;
    if (g && g->node == node && g->ask == ask && g->n < GROUP_MAX && g->bytes + item->n <= GROUP_BYTES_MAX) {
        l->attempts[g->last].next = i;
        g->last = i;
        g->n++;
        g->bytes += item->n;
        return;
    }
    int64_t before = g ? weir_sink_item_offset(l->items[g->last]) : -1;
    *m = (mark){fence, l->round, l->n_groups};
    l->groups[l->n_groups++] = (group){i, i, 1, item->n, before, node, ask};
}

static void send_group(weir__redis_lane *l, const group *g)
{
    peer *p = peer_of(l, g->node);
    const weir_sink_item *items[GROUP_MAX];
    attempt *a = &l->attempts[g->first];
    uint32_t n = 0;
    a->left = 1 + g->ask;
    a->group = g->n;
    p->replies += a->left;
    for (uint32_t i = g->first; i != NONE; i = l->attempts[i].next) {
        items[n++] = l->items[i];
        add_reply_of(p, i);
    }
    WEIR_ASSERT(n == g->n);
    if (g->ask) {
        add_asking(p);
    }
    weir__redis_fenced(l->sink, items, n, g->before, &p->bytes);
}

static void add_wait(peer *p)
{
    const weir__redis_sink *s = p->lane->sink;
    weir_redis_args(&p->bytes, 3);
    weir_redis_arg(&p->bytes, WEIR_SV("WAIT"));
    weir_redis_arg_int(&p->bytes, s->wait_replicas);
    weir_redis_arg_int(&p->bytes, s->wait_ms);
    p->waits = true;
    p->replies++;
    p->lane->open++;
}

static void push(peer *p)
{
    if (p->replies && !weir_redis_send(p->link, &p->bytes, p->replies)) {
        weir_redis_close(p->link); /* it would have said so a moment later */
        on_closed(p, "the connection to Redis has failed", false);
    }
    p->replies = 0;
}

/* The peer of a node, ready for items of this round. */
static peer *peer_for(weir__redis_lane *l, uint16_t node, bool fenced)
{
    weir__redis_sink *s = l->sink;
    peer *p = peer_of(l, node);
    open_link(p);
    if (s->stale && s->mode == WEIR__REDIS_CLUSTER) {
        s->stale = false; /* the answer will be for later batches */
        add_own(p, OWN_SLOTS);
    }
    if (fenced && !p->has_script) {
        add_own(p, OWN_SCRIPT);
    }
    return p;
}

/* Sends all items that are to be sent (again) to where they belong. */
static void begin_round(weir__redis_lane *l)
{
    weir__redis_sink *s = l->sink;
    l->rounds++;
    l->round++;
    l->open++;
    l->n_groups = 0;
    for (peer *p = l->peers; p; p = p->next) {
        p->n = p->at = p->replies = 0;
        weir_buf_reset(&p->bytes);
    }
    peer *p = NULL;
    for (uint32_t i = 0; i < l->n; i++) {
        attempt *a = &l->attempts[i];
        if (!a->again) {
            continue;
        }
        bool ask = a->ask != WEIR_REDIS_NO_NODE;
        bool fenced = weir__redis_is_fenced(l->items[i]);
        uint16_t node = ask                            ? a->ask
                        : s->mode == WEIR__REDIS_CLUSTER ? s->slots.node_of[l->items[i]->lane_hash]
                                                         : 0;
        a->again = false;
        a->ask = WEIR_REDIS_NO_NODE;
        if (!p || p->node != node || !p->link || (fenced && !p->has_script)) {
            p = peer_for(l, node, fenced);
        }
        if (fenced) {
            add_to_group(l, i, node, ask);
        } else {
            add_item(p, i, ask);
        }
    }
    for (uint32_t i = 0; i < l->n_groups; i++) {
        send_group(l, &l->groups[i]);
    }
    for (p = l->peers; p; p = p->next) {
        if (p->n && s->wait_replicas) {
            add_wait(p);
        }
        if (p->n) {
            push(p);
        }
    }
    answered(l, 1);
}

static weir__redis_lane *lane_of(weir__redis_sink *s, weir_sink_lane *lane)
{
    weir__redis_lane *l = lane->own;
    if (!l) {
        l = weir_zalloc(sizeof *l);
        *l = (weir__redis_lane){.next = s->lanes, .sink = s, .lane = lane};
        s->lanes = l;
        weir_arena_init(&l->reasons);
        lane->own = l;
    }
    return l;
}

static void make_room(weir__redis_lane *l, uint32_t n)
{
    if (l->cap < n) {
        l->cap = n;
        l->outcomes = weir_realloc(l->outcomes, sizeof *l->outcomes * n);
        l->attempts = weir_realloc(l->attempts, sizeof *l->attempts * n);
        l->groups = weir_realloc(l->groups, sizeof *l->groups * n);
        for (l->marks_cap = 64; l->marks_cap < 2 * n;) {
            l->marks_cap *= 2;
        }
        weir_free(l->marks);
        l->marks = weir_zalloc(sizeof *l->marks * l->marks_cap);
    }
}

void weir__redis_send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n)
{
    weir__redis_sink *s = self;
    weir__redis_lane *l = lane_of(s, lane);
    make_room(l, n);
    memset(l->outcomes, 0, sizeof *l->outcomes * n);
    weir_arena_reset(&l->reasons);
    for (uint32_t i = 0; i < n; i++) {
        l->attempts[i] = (attempt){.ask = WEIR_REDIS_NO_NODE, .again = true};
    }
    l->items = items;
    l->n = n;
    l->rounds = l->bad = l->open = 0;
    if (s->mode != WEIR__REDIS_UNKNOWN) {
        begin_round(l);
        return;
    }
    peer *p = peer_of(l, s->seed);
    weir_buf_reset(&p->bytes);
    p->n = p->at = p->replies = 0;
    l->asks = true;
    open_link(p);
    add_own(p, OWN_SLOTS);
    push(p);
}

void weir__redis_stop(void *self)
{
    weir__redis_sink *s = self;
    while (s->lanes) {
        weir__redis_lane *l = s->lanes;
        s->lanes = l->next;
        close_peers(l);
        weir_free(l->outcomes);
        weir_free(l->attempts);
        weir_free(l->marks);
        weir_free(l->groups);
        weir_arena_deinit(&l->reasons);
        weir_free(l);
    }
}
