/* Replies to outcomes.
 *
 * What must not be mixed up: where an item is to be tried again, all later ones of its part (slots modulo
 * 64, which share a fence) are, too, even those that succeeded. An absolute value is then written again, in
 * order; of what adds up the fence knows what was done. */
#include "connectors/sink_redis_lane.h"

#define ROUNDS_MAX 8 /* redirections within a batch; then it goes the way of retries */

/* ---- outcomes ---- */

void weir__redis_judge(weir__redis_lane *l, uint32_t i, weir_sink_outcome_kind kind, weir_sv reason)
{
    weir_sink_outcome *o = &l->outcomes[i];
    if (kind > o->kind) {
        l->bad += o->kind == WEIR_SINK_DONE;
        o->kind = kind;
        o->reason = weir_arena_sv(&l->reasons, reason);
    }
}

/* Somebody else has the slot, or this was no cluster as far as was known. */
static bool redirected(weir__redis_peer *p, uint32_t i, weir_sv error)
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

static void note_error(weir__redis_peer *p, uint32_t i, weir_sv error)
{
    static const weir_sink_outcome_kind kinds[] = {[WEIR_REDIS_AGAIN] = WEIR_SINK_RETRY,
                                                   [WEIR_REDIS_WRONG] = WEIR_SINK_POISON,
                                                   [WEIR_REDIS_DENIED] = WEIR_SINK_FATAL,
                                                   [WEIR_REDIS_MOVED] = WEIR_SINK_RETRY,
                                                   [WEIR_REDIS_NOSCRIPT] = WEIR_SINK_RETRY};
    weir__redis_lane *l = p->lane;
    weir_redis_fault fault = weir_redis_fault_of(error);
    l->sink->found &= !weir_sv_starts(error, WEIR_SV("READONLY")); /* no master any more */
    if (fault == WEIR_REDIS_NOSCRIPT && weir__redis_is_fenced(l->items[i])) {
        p->has_script = false; /* Redis was emptied, or is another one */
        l->attempts[i].again = true;
    } else if (!redirected(p, i, error)) {
        weir__redis_judge(l, i, kinds[fault], error);
    }
}

/* An item between two rounds. */
static void settle_item(weir__redis_lane *l, uint32_t i)
{
    weir__redis_attempt *a = &l->attempts[i];
    weir_sink_outcome *o = &l->outcomes[i];
    if (a->again && o->kind == WEIR_SINK_RETRY) { /* of a MULTI: the redirection is its reason */
        *o = (weir_sink_outcome){0};
        l->bad--;
    }
    a->again &= o->kind == WEIR_SINK_DONE;
    if (a->again && l->rounds >= ROUNDS_MAX) {
        a->again = false;
        weir__redis_judge(l, i, WEIR_SINK_RETRY, WEIR_SV("Redis sends from node to node"));
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
            weir__redis_judge(l, i, WEIR_SINK_RETRY, reason);
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

void weir__redis_fail_all(weir__redis_lane *l, weir_sink_outcome_kind kind, const char *why)
{
    for (uint32_t i = 0; i < l->n; i++) {
        weir__redis_judge(l, i, kind, weir_sv_cstr(why));
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
        weir__redis_round(l);
    } else {
        finish(l);
    }
}

void weir__redis_answered(weir__redis_lane *l, uint32_t items)
{
    WEIR_ASSERT(l->open >= items);
    l->open -= items;
    if (l->open == 0) {
        round_over(l);
    }
}

/* ---- replies ---- */

/* Too few replicas have it: written again, until they do. */
static void on_wait(weir__redis_peer *p, const weir_redis_reply *r)
{
    weir__redis_lane *l = p->lane;
    bool enough = r->kind == WEIR_REDIS_INTEGER && r->integer >= l->sink->wait_replicas;
    for (uint32_t i = 0; !enough && i < p->n; i++) {
        weir__redis_judge(l, p->items[i], WEIR_SINK_RETRY,
              r->kind == WEIR_REDIS_ERROR ? r->text : WEIR_SV("too few replicas have written it"));
    }
    weir__redis_answered(l, 1);
}

void weir__redis_on_reply(void *ctx, const weir_redis_reply *r)
{
    weir__redis_peer *p = ctx;
    weir__redis_lane *l = p->lane;
    if (p->n_own) {
        weir__redis_on_own(p, r);
        return;
    }
    if (p->at == p->n && p->waits) {
        p->waits = false;
        on_wait(p, r);
        return;
    }
    WEIR_ASSERT(l->items && p->at < p->n);
    const uint32_t *items = &p->items[p->at];
    weir__redis_attempt *a = &l->attempts[items[0]];
    uint32_t n = a->group;
    if (r->kind == WEIR_REDIS_ERROR) {
        for (uint32_t k = 0; k < n; k++) {
            note_error(p, items[k], r->text);
        }
    }
    for (int64_t k = 0; r->kind == WEIR_REDIS_ARRAY && k < r->integer; k++) { /* of EXEC, or of a weir__redis_group */
        weir_redis_reply inner = weir_redis_item(r, (uint32_t)k);
        if (inner.kind == WEIR_REDIS_ERROR) {
            note_error(p, items[k < n ? k : 0], inner.text);
        }
    }
    if (--a->left == 0) {
        p->at += n;
        weir__redis_answered(l, n);
    }
}

void weir__redis_on_closed(void *ctx, const char *why, bool fatal)
{
    weir__redis_peer *p = ctx;
    weir__redis_lane *l = p->lane;
    weir_sink_outcome_kind kind = fatal ? WEIR_SINK_FATAL : WEIR_SINK_RETRY;
    p->link = NULL;
    p->n_own = 0;
    if (weir__redis_asker_closed(p, why, fatal)) {
        return;
    }
    uint32_t lost = p->n - p->at + p->waits;
    for (uint32_t i = p->waits ? 0 : p->at; i < p->n; i++) {
        l->attempts[p->items[i]].again = false;
        weir__redis_judge(l, p->items[i], kind, weir_sv_cstr(why));
    }
    p->at = p->n;
    p->waits = false;
    if (lost) {
        weir__redis_answered(l, lost);
    }
}

