/* Lanes of a Redis sink: each has a connection to each node it needs, and each batch is a pipeline.
 *
 *   batch ─► round: items to their nodes ─► replies ─┬─ all known ─► finish
 *              ▲                                     │
 *              └── MOVED, ASK, NOSCRIPT: only these ─┘ */
#include "connectors/sink_redis_lane.h"

#define GROUP_MAX 32 /* records of a fence that one call of its script does: Redis does nothing else then */
#define GROUP_BYTES_MAX (64u << 10)
#define NONE UINT32_MAX

/* ---- items ---- */

static void add_reply_of(weir__redis_peer *p, uint32_t i)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 256;
        p->items = weir_realloc(p->items, sizeof *p->items * p->cap);
    }
    p->items[p->n++] = i;
    p->lane->open++;
}

static void add_asking(weir__redis_peer *p)
{
    weir_redis_args(&p->bytes, 1);
    weir_redis_arg(&p->bytes, WEIR_SV("ASKING"));
}

static void add_item(weir__redis_peer *p, uint32_t i, bool ask)
{
    const weir_sink_item *item = p->lane->items[i];
    weir__redis_attempt *a = &p->lane->attempts[i];
    a->left = item->aux + ask;
    a->group = 1;
    p->replies += a->left;
    if (ask) {
        add_asking(p);
    }
    add_reply_of(p, i);
    weir_buf_sv(&p->bytes, weir_sink_bytes(item));
}

/* ---- groups ---- */

/* The place of a fence in the table: its mark of this round, or one to be made. */
static weir__redis_mark *mark_of(weir__redis_lane *l, uint64_t fence)
{
    uint64_t at = fence * 0x9e3779b97f4a7c15u >> 32;
    weir__redis_mark *m = &l->marks[at & (l->marks_cap - 1)];
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
    weir__redis_mark *m = mark_of(l, fence);
    weir__redis_group *g = m->round == l->round ? &l->groups[m->group] : NULL;
    l->attempts[i].next = NONE;
    if (g && g->node == node && g->ask == ask && g->n < GROUP_MAX && g->bytes + item->n <= GROUP_BYTES_MAX) {
        l->attempts[g->last].next = i;
        g->last = i;
        g->n++;
        g->bytes += item->n;
        return;
    }
    int64_t before = g ? weir_sink_item_offset(l->items[g->last]) : -1;
    *m = (weir__redis_mark){fence, l->round, l->n_groups};
    l->groups[l->n_groups++] = (weir__redis_group){i, i, 1, item->n, before, node, ask};
}

static void send_group(weir__redis_lane *l, const weir__redis_group *g)
{
    weir__redis_peer *p = weir__redis_peer_of(l, g->node);
    const weir_sink_item *items[GROUP_MAX];
    weir__redis_attempt *a = &l->attempts[g->first];
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

/* ---- rounds ---- */

static void add_wait(weir__redis_peer *p)
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

void weir__redis_round(weir__redis_lane *l)
{
    weir__redis_sink *s = l->sink;
    l->rounds++;
    l->round++;
    l->open++;
    l->n_groups = 0;
    for (weir__redis_peer *p = l->peers; p; p = p->next) {
        p->n = p->at = p->replies = 0;
        weir_buf_reset(&p->bytes);
    }
    weir__redis_peer *p = NULL;
    for (uint32_t i = 0; i < l->n; i++) {
        weir__redis_attempt *a = &l->attempts[i];
        if (!a->again) {
            continue;
        }
        bool ask = a->ask != WEIR_REDIS_NO_NODE;
        bool fenced = weir__redis_is_fenced(l->items[i]);
        uint16_t node = ask                              ? a->ask
                        : s->mode == WEIR__REDIS_CLUSTER ? s->slots.node_of[l->items[i]->lane_hash]
                                                         : s->home;
        a->again = false;
        a->ask = WEIR_REDIS_NO_NODE;
        if (!p || p->node != node || !p->link || (fenced && !p->has_script)) {
            p = weir__redis_peer_ready(l, node, fenced);
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
            weir__redis_push(p);
        }
    }
    weir__redis_answered(l, 1);
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
        l->attempts[i] = (weir__redis_attempt){.ask = WEIR_REDIS_NO_NODE, .again = true};
    }
    l->items = items;
    l->n = n;
    l->rounds = l->bad = l->open = 0;
    if (!weir__redis_ask(l)) {
        weir__redis_round(l);
    }
}

void weir__redis_stop(void *self)
{
    weir__redis_sink *s = self;
    while (s->lanes) {
        weir__redis_lane *l = s->lanes;
        s->lanes = l->next;
        weir__redis_peers_close(l);
        weir_free(l->outcomes);
        weir_free(l->attempts);
        weir_free(l->marks);
        weir_free(l->groups);
        weir_arena_deinit(&l->reasons);
        weir_free(l);
    }
}
