/* Lanes: items of one key follow one another in one lane, and a lane has one batch under way.
 *
 *   put ─► queue ─ batch.size, batch.bytes, linger.ms, rate, breaker ─► send ─► finish ─┬► over
 *            ▲                                                                          ├► dead letter
 *            └──────────────── what is to be retried, after the pause ──────────────────┘
 *
 * Loop thread only. */
#include "connectors/conn_impl.h"

#include <stdarg.h>
#include <stdio.h>

static int64_t now_ms(void)
{
    return weir_mono_ns() / 1000000;
}

void weir__lanes_open(weir_conn *c)
{
    weir__sink *s = &c->sink;
    s->lanes = weir_zalloc(sizeof *s->lanes * s->n_lanes);
    for (uint32_t i = 0; i < s->n_lanes; i++) {
        s->lanes[i].lane = (weir_sink_lane){.conn = c, .index = i};
    }
}

void weir__lanes_close(weir_conn *c)
{
    weir__sink *s = &c->sink;
    for (uint32_t i = 0; s->lanes && i < s->n_lanes; i++) {
        weir_timer_stop(s->lanes[i].timer);
        weir_free(s->lanes[i].queue);
        weir_free(s->lanes[i].batch);
    }
    weir_free(s->lanes);
    s->lanes = NULL;
}

static weir_sink_item **slot(const weir__lane *l, uint32_t i)
{
    return &l->queue[(l->head + i) & (l->cap - 1)];
}

static void grow(weir__lane *l)
{
    uint32_t cap = l->cap ? l->cap * 2 : 64;
    weir_sink_item **queue = weir_alloc(sizeof *queue * cap);
    for (uint32_t i = 0; i < l->n; i++) {
        queue[i] = *slot(l, i);
    }
    weir_free(l->queue);
    l->queue = queue;
    l->cap = cap;
    l->head = 0;
}

void weir__lane_put(weir_conn *c, weir_sink_item *item)
{
    weir__lane *l = &c->sink.lanes[item->lane_hash % WEIR_SINK_PARTS % c->sink.n_lanes];
    if (l->n == l->cap) {
        grow(l);
    }
    if (l->n == l->sent) {
        l->since_ms = now_ms();
    }
    *slot(l, l->n++) = item;
    l->bytes += item->n;
}

/* ---- sending ---- */

static void on_timer(void *ctx)
{
    weir__lane *l = ctx;
    l->armed = l->waiting = false;
    weir__lanes_run(l->lane.conn);
}

/* Looks at the lane again in `ms`; `blocks`: and sends nothing before. */
static void wait(weir__lane *l, int64_t ms, bool blocks)
{
    if (l->armed && (!blocks || l->waiting)) {
        return;
    }
    l->armed = true;
    l->waiting = blocks;
    if (!l->timer) {
        l->timer = weir_timer_once(l->lane.conn->loop, (uint64_t)weir_max64(ms, 1), on_timer, l);
        return;
    }
    weir_timer_arm(l->timer, (uint64_t)weir_max64(ms, 1));
}

/* How many items make the next batch; 0: it is not due yet. */
static uint32_t due(weir_conn *c, weir__lane *l)
{
    weir__sink *s = &c->sink;
    if (l->n == 0 || l->busy || l->waiting) {
        return 0;
    }
    int64_t age = now_ms() - l->since_ms;
    if (l->n < s->batch_max && l->bytes < s->batch_bytes && age < s->linger_ms &&
        (*slot(l, 0))->attempts == 0) {
        wait(l, s->linger_ms - age, false);
        return 0;
    }
    uint64_t bytes = 0;
    uint32_t n = 0;
    while (n < l->n && n < s->batch_max && (n == 0 || bytes + (*slot(l, n))->n <= s->batch_bytes)) {
        bytes += (*slot(l, n++))->n;
    }
    return n;
}

/* 0: now. Else how long the limits say to wait. */
static int64_t held_back(weir__sink *s, uint32_t n)
{
    int64_t now = now_ms();
    int64_t ms = weir_breaker_ask(&s->breaker, now);
    if (ms == 0 && s->rate.rate > 0) {
        ms = weir_bucket_take(&s->rate, n, now);
        if (ms > 0) {
            weir_breaker_abandoned(&s->breaker, now);
        }
    }
    return ms;
}

static bool send_next(weir_conn *c, weir__lane *l)
{
    uint32_t n = due(c, l);
    int64_t ms = n ? held_back(&c->sink, n) : 0;
    if (ms > 0) {
        wait(l, ms, true);
    }
    if (n == 0 || ms > 0) {
        return false;
    }
    if (!l->batch) {
        l->batch = weir_alloc(sizeof *l->batch * c->sink.batch_max);
    }
    for (uint32_t i = 0; i < n; i++) {
        l->batch[i] = *slot(l, i);
        if (l->batch[i]->attempts++ == 0) {
            l->batch[i]->first_ms = now_ms();
        }
        l->bytes -= l->batch[i]->n;
    }
    l->sent = n;
    l->busy = true;
    if (l->retry.first_ms == 0) {
        weir_retry_begin(&l->retry, now_ms());
    }
    c->kind->as_sink->send(c->self, &l->lane, l->batch, n);
    return true;
}

void weir__lanes_run(weir_conn *c)
{
    weir__sink *s = &c->sink;
    if (s->running) { /* a send that was over at once: the loop below sees it */
        s->again = true;
        return;
    }
    s->running = true;
    do {
        s->again = false;
        for (uint32_t i = 0; i < s->n_lanes && !s->halted; i++) {
            s->again |= send_next(c, &s->lanes[i]);
        }
    } while (s->again && !s->halted);
    s->running = false;
}

/* ---- what became of a batch ---- */

typedef struct tally {
    uint64_t delivered, bytes;
    uint32_t skipped;
    uint32_t kept;         /* to be retried: the first of l->batch */
    int64_t retry_after_ms;
    bool retries;          /* something is to be retried, */
    weir_sv reason;        /* for this reason */
} tally;

/* An item that will not be sent again. False: the connector has stopped because of it. */
static bool give_up(weir_conn *c, weir_sink_item *item, weir_sv reason)
{
    if (!weir__sink_bury(c, item, "PUT", reason)) {
        return false;
    }
    weir__sink_report(c, item, false, reason);
    item->over = true;
    return true;
}

static void judge(weir_conn *c, weir__lane *l, weir_sink_item *item, const weir_sink_outcome *o,
                  tally *t)
{
    switch (o ? o->kind : WEIR_SINK_DONE) {
    case WEIR_SINK_DONE:
        item->over = true;
        t->delivered++;
        t->bytes += item->n;
        weir__sink_report(c, item, true, (weir_sv){0});
        return;
    case WEIR_SINK_RETRY:
        t->retries = true;
        t->reason = o->reason;
        t->retry_after_ms = weir_max64(t->retry_after_ms, o->retry_after_ms);
        if (c->sink.policy.max_retries == WEIR_RETRY_FOREVER ||
            item->attempts <= c->sink.policy.max_retries) {
            l->batch[t->kept++] = item;
        } else if (!give_up(c, item, o->reason)) {
            l->batch[t->kept++] = item;
        }
        return;
    case WEIR_SINK_POISON:
        if (!give_up(c, item, o->reason)) {
            l->batch[t->kept++] = item;
        }
        return;
    case WEIR_SINK_FATAL:
        l->batch[t->kept++] = item;
        weir_conn_fail(c, WEIR_SV_FMT, WEIR_SV_ARG(o->reason));
        return;
    case WEIR_SINK_SKIPPED:
        item->over = true;
        t->skipped++;
        return;
    }
}

/* What is kept goes back to the front of the queue, in its order. */
static void put_back(weir__lane *l, uint32_t kept)
{
    uint32_t gone = l->sent - kept;
    l->head = (l->head + gone) & (l->cap - 1);
    l->n -= gone;
    for (uint32_t i = 0; i < kept; i++) {
        *slot(l, i) = l->batch[i];
        l->bytes += l->batch[i]->n;
    }
    l->sent = 0;
    l->busy = false;
    l->since_ms = l->cut ? 0 : now_ms(); /* what was held back has waited already */
    l->cut = false;
}

static void note(weir_conn *c, uint32_t retries, uint32_t skipped)
{
    weir_lock_enter(c->shared.lock);
    c->shared.counts.retries += retries;
    c->shared.counts.skipped += skipped;
    weir_lock_leave(c->shared.lock);
}

void weir_sink_skip(weir_sink_parcel *out)
{
    if (!out->told_poison) {
        note(out->in->conn, 0, 1);
    }
}

void weir_sink_sent(weir_sink_lane *lane, uint32_t n)
{
    weir__lane *l = (weir__lane *)lane;
    WEIR_ASSERT(l->busy && n > 0 && n <= l->sent);
    l->cut |= n < l->sent;
    for (uint32_t i = n; i < l->sent; i++) {
        l->batch[i]->attempts--;
        l->bytes += l->batch[i]->n;
    }
    l->sent = n;
}

/* Gives up what has no time left; the pause ends before that of any other is over. */
static int64_t meet_deadline(weir_conn *c, weir__lane *l, tally *t, int64_t ms)
{
    int64_t deadline = c->sink.policy.deadline_ms;
    int64_t now = now_ms();
    uint32_t kept = 0;
    for (uint32_t i = 0; deadline > 0 && i < t->kept; i++) {
        weir_sink_item *item = l->batch[i];
        int64_t left = deadline - (now - item->first_ms);
        bool late = left <= 0 || t->retry_after_ms > left;
        if (!late || !give_up(c, item, t->reason)) {
            l->batch[kept++] = item;
        }
        ms = late ? ms : weir_min64(ms, left);
    }
    t->kept = deadline > 0 ? kept : t->kept;
    return ms;
}

/* The pause before the rest is tried again. Tries and time are each item's: the lane has only the pauses. */
static void pause_lane(weir_conn *c, weir__lane *l, tally *t)
{
    weir_retry_policy policy = c->sink.policy;
    policy.max_retries = WEIR_RETRY_FOREVER;
    policy.deadline_ms = 0;
    int64_t ms = weir_retry_pause(&l->retry, &policy, &c->rng, now_ms(),
                                  t->retry_after_ms > 0 ? t->retry_after_ms : -1);
    weir_conn_trouble(c, WEIR_SV_FMT, WEIR_SV_ARG(t->reason));
    ms = meet_deadline(c, l, t, ms);
    if (t->kept && !c->sink.halted) {
        note(c, t->kept, 0);
        wait(l, ms, true);
    }
}

void weir_sink_finish(weir_sink_lane *lane, const weir_sink_outcome *outcomes)
{
    weir__lane *l = (weir__lane *)lane;
    weir_conn *c = lane->conn;
    weir_status why; /* holds a reason that is the kind's, while things move */
    tally t = {0};
    WEIR_ASSERT(l->busy);
    for (uint32_t i = 0; i < l->sent; i++) {
        judge(c, l, l->batch[i], outcomes ? &outcomes[i] : NULL, &t);
    }
    if (t.reason.n) {
        weir_fail(&why, WEIR_EIO, WEIR_SV_FMT, WEIR_SV_ARG(t.reason));
        t.reason = weir_sv_cstr(why.msg);
    }
    if (t.kept && !c->sink.halted && t.retries) {
        weir_breaker_failed(&c->sink.breaker, now_ms());
        pause_lane(c, l, &t);
    } else {
        weir_breaker_succeeded(&c->sink.breaker);
        l->retry = (weir_retry){0};
    }
    put_back(l, t.kept);
    if (t.skipped) {
        note(c, 0, t.skipped);
    }
    if (t.delivered) {
        weir_conn_well(c);
    }
    weir__sink_settle(c, t.delivered, t.bytes);
    weir__lanes_run(c);
}

void weir_sink_finish_all(weir_sink_lane *lane, weir_sink_outcome_kind kind, int64_t retry_after_ms,
                          const char *fmt, ...)
{
    weir__lane *l = (weir__lane *)lane;
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    weir_sink_outcome *all = weir_alloc(sizeof *all * (l->sent + 1u));
    for (uint32_t i = 0; i < l->sent; i++) {
        all[i] = (weir_sink_outcome){kind, retry_after_ms, weir_sv_cstr(text)};
    }
    weir_sink_finish(lane, all);
    weir_free(all);
}
