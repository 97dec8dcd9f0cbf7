/* Batches to _bulk requests, answers to outcomes.
 *
 *   send ─► [index templates] ─► a node ─► answer ─┬► the whole request: again, in halves, or the end
 *                                                  └► item by item
 *
 * What is too large for the server (413) goes in halves; what is refused as a whole (400) too, until the
 * record is found that is to blame. */
#include "connectors/sink_elastic.h"

#include "engine/base/hash.h"

#include <stdio.h>

#define AFTER_BITS 65536u

struct weir__es_lane {
    weir__es *sink;
    weir_sink_lane *lane;
    weir_sink_item *const *items;
    uint32_t n;              /* of the request under way */
    weir__es_node *node;
    bool waits;              /* for the index templates */
    weir_buf body;
    uint64_t bytes;          /* of it */
    weir_arena arena;        /* of one answer */
    uint64_t *after;         /* AFTER_BITS: keys with a record that is to be sent again */
};

void weir__es_lanes_open(weir__es *s)
{
    s->lanes = weir_zalloc(sizeof *s->lanes * s->n_lanes);
    for (uint32_t i = 0; i < s->n_lanes; i++) {
        s->lanes[i].sink = s;
        weir_arena_init(&s->lanes[i].arena);
    }
}

void weir__es_lanes_close(weir__es *s)
{
    for (uint32_t i = 0; s->lanes && i < s->n_lanes; i++) {
        weir_buf_deinit(&s->lanes[i].body);
        weir_arena_deinit(&s->lanes[i].arena);
        weir_free(s->lanes[i].after);
    }
    weir_free(s->lanes);
    s->lanes = NULL;
}

/* ---- a request for items ---- */

static void on_answer(void *ctx, const weir_http_result *r);

static void post(weir__es_lane *l)
{
    weir__es *s = l->sink;
    weir_status st;
    weir_buf_reset(&l->body);
    for (uint32_t i = 0; i < l->n; i++) {
        weir_buf_sv(&l->body, weir_sink_bytes(l->items[i]));
    }
    l->bytes = l->body.n;
    l->node = weir__es_pick(s);
    if (weir__es_request(s, l->node, "POST", s->path, weir_buf_view(&l->body), "application/x-ndjson",
                         on_answer, l, &st) != WEIR_OK) {
        weir_sink_finish_all(l->lane, st.retriable ? WEIR_SINK_RETRY : WEIR_SINK_FATAL, 0, "%s", st.msg);
    }
}

static void halve(weir__es_lane *l)
{
    l->n = l->n / 2;
    weir_sink_sent(l->lane, l->n);
    post(l);
}

/* An older version of a document cannot be the newer one of this topic when the topic does not even reach
 * so far: it was made anew, and all that it says would be lost without a word. */
static bool is_ahead(const weir_sink_item *item, const weir__es_result *r)
{
    return item->aux & WEIR__ES_BY_OFFSET &&
           weir__es_conflicting_version(r->reason) >= weir__es_version(item->parcel->in, item->parcel->end);
}

/* A record that will never be taken, where such records are passed over. */
static void pass_over(const weir__es *s, const weir_sink_item *item, weir_sink_outcome *o)
{
    if (o->kind != WEIR_SINK_POISON || s->spoiled == WEIR__ES_SPOILED_FAIL) {
        return;
    }
    o->kind = WEIR_SINK_SKIPPED;
    if (s->spoiled == WEIR__ES_SPOILED_WARN) {
        weir_conn_trouble(s->conn, "topic " WEIR_SV_FMT ", partition %d, offset %lld was skipped: "
                          WEIR_SV_FMT, WEIR_SV_ARG(item->parcel->in->topic), item->parcel->partition,
                          (long long)weir_sink_item_offset(item), WEIR_SV_ARG(o->reason));
    }
}

static void judge_item(weir__es_lane *l, const weir_sink_item *item, const weir__es_result *r,
                       weir_sink_outcome *o)
{
    *o = weir__es_judge(&l->arena, item->aux, item->attempts, r);
    if (o->kind == WEIR_SINK_SKIPPED && is_ahead(item, r)) {
        o->kind = WEIR_SINK_FATAL;
        o->reason = weir_arena_printf(
            &l->arena, "a document has version %lld, but topic " WEIR_SV_FMT ", partition %d, ends at %lld: "
            "the topic was made anew, or its keys are in other partitions now; write to another index, or "
            "without 'version.type'",
            (long long)weir__es_conflicting_version(r->reason), WEIR_SV_ARG(item->parcel->in->topic),
            item->parcel->partition, (long long)item->parcel->end);
    }
    pass_over(l->sink, item, o);
}

/* Without versions what comes last stays: behind a record that is sent again, all others of its key are
 * sent again. That changes nothing but their order; so does the rare key that shares its bit. */
static void keep_order(weir__es_lane *l, weir_sink_outcome *all)
{
    bool any = false;
    for (uint32_t i = 0; i < l->n; i++) {
        any |= all[i].kind == WEIR_SINK_RETRY && l->items[i]->aux & WEIR__ES_ORDERED;
    }
    if (!any) {
        return;
    }
    if (!l->after) {
        l->after = weir_alloc(AFTER_BITS / 8);
    }
    memset(l->after, 0, AFTER_BITS / 8);
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t bit = l->items[i]->lane_hash % AFTER_BITS;
        uint64_t mask = UINT64_C(1) << bit % 64;
        if (!(l->items[i]->aux & WEIR__ES_ORDERED)) {
            continue;
        }
        if (all[i].kind == WEIR_SINK_RETRY) {
            l->after[bit / 64] |= mask;
        } else if (l->after[bit / 64] & mask && all[i].kind == WEIR_SINK_DONE) {
            all[i].kind = WEIR_SINK_RETRY;
            all[i].reason = WEIR_SV("a record before it was not taken yet");
        }
    }
}

/* The answer to these items, in their order, as far as that can be told. */
static bool read_results(weir__es_lane *l, weir_sv body, weir__es_result *out)
{
    bool ours = weir__es_answer(&l->arena, body, l->n, out);
    for (uint32_t i = 0; ours && i < l->n; i++) {
        ours = weir_sv_eq(out[i].action, weir_sv_cstr(weir__es_action_name(l->items[i]->aux)));
    }
    return ours;
}

static void judge_items(weir__es_lane *l, const weir_http_result *r)
{
    weir__es_result *results = WEIR_NEW_N(&l->arena, weir__es_result, l->n);
    weir_sink_outcome *all = WEIR_NEW_N(&l->arena, weir_sink_outcome, l->n);
    if (!read_results(l, r->body, results)) {
        weir_sink_finish_all(l->lane, WEIR_SINK_RETRY, 0, WEIR_SV_FMT " answered what is no answer to a bulk "
                             "request of %u items", WEIR_SV_ARG(l->node->url), l->n);
        return;
    }
    bool good = true;
    for (uint32_t i = 0; i < l->n; i++) {
        judge_item(l, l->items[i], &results[i], &all[i]);
        all[i].retry_after_ms = weir_max64(r->retry_after_ms, 0);
        good &= all[i].kind == WEIR_SINK_DONE;
    }
    if (!good) {
        keep_order(l, all);
    }
    weir_sink_finish(l->lane, good ? NULL : all);
}

static void on_answer(void *ctx, const weir_http_result *r)
{
    weir__es_lane *l = ctx;
    weir_arena_reset(&l->arena);
    weir__es_verdict v = weir__es_verdict_of(&l->arena, l->node, r);
    if (r->failure == WEIR_HTTP_ANSWERED && r->status == 413) {
        l->sink->request_max = l->n > 1 ? l->bytes / 2 : l->sink->request_max;
    }
    if (v.kind == WEIR_SINK_DONE) {
        judge_items(l, r);
    } else if (v.halve && l->n > 1) {
        halve(l);
    } else if (v.halve) {
        weir_sink_outcome one = {v.kind, 0, weir_sv_cstr(v.why)};
        pass_over(l->sink, l->items[0], &one);
        weir_sink_finish(l->lane, &one);
    } else {
        weir_sink_finish_all(l->lane, v.kind, weir_max64(r->retry_after_ms, 0), "%s", v.why);
    }
}

/* ---- index templates ---- */

static void on_put(void *ctx, const weir_http_result *r);

/* Puts them one after the other; lanes wait meanwhile. */
static void put_next(weir__es *s)
{
    const weir__es_topic *t = s->mapped[s->n_put];
    weir_status st;
    s->put_node = weir__es_pick(s);
    s->putting = weir__es_request(s, s->put_node, "PUT", t->mapping_url, t->mapping, "application/json",
                                  on_put, s, &st) == WEIR_OK;
    for (uint32_t i = 0; i < s->n_lanes && !s->putting; i++) {
        if (s->lanes[i].waits) {
            s->lanes[i].waits = false;
            weir_sink_finish_all(s->lanes[i].lane, WEIR_SINK_FATAL, 0, "%s", st.msg);
        }
    }
}

static void on_put(void *ctx, const weir_http_result *r)
{
    weir__es *s = ctx;
    weir_arena a;
    weir_arena_init(&a);
    weir__es_verdict v = weir__es_verdict_of(&a, s->put_node, r);
    if (v.kind == WEIR_SINK_DONE && !weir__es_acknowledged(&a, r->body)) {
        v.kind = WEIR_SINK_RETRY;
        snprintf(v.why, sizeof v.why, WEIR_SV_FMT " answered %d, but not that it is there",
                 WEIR_SV_ARG(s->put_node->url), r->status);
    }
    weir_arena_deinit(&a);
    s->putting = false;
    s->n_put += v.kind == WEIR_SINK_DONE;
    if (v.kind == WEIR_SINK_DONE && s->n_put < s->n_mapped) {
        put_next(s);
        return;
    }
    for (uint32_t i = 0; i < s->n_lanes; i++) {
        weir__es_lane *l = &s->lanes[i];
        if (!l->waits) {
            continue;
        }
        l->waits = false;
        if (v.kind == WEIR_SINK_DONE) {
            post(l);
        } else {
            weir_sink_finish_all(l->lane, v.kind == WEIR_SINK_RETRY ? WEIR_SINK_RETRY : WEIR_SINK_FATAL, 0,
                                 "the index template: %s", v.why);
        }
    }
}

/* ---- */

void weir__es_send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n)
{
    weir__es *s = self;
    weir__es_lane *l = &s->lanes[lane->index];
    uint64_t bytes = items[0]->n;
    l->lane = lane;
    l->items = items;
    l->n = 1;
    while (l->n < n && bytes + items[l->n]->n <= s->request_max) {
        bytes += items[l->n++]->n;
    }
    if (l->n < n) {
        weir_sink_sent(lane, l->n);
    }
    if (s->n_put == s->n_mapped) {
        post(l);
        return;
    }
    l->waits = true;
    if (!s->putting) {
        put_next(s);
    }
}

/* ---- for people ---- */

static void show_head(const weir__es *s, weir_buf *out, const char *method, weir_sv path, const char *type)
{
    weir_buf_printf(out, "%s " WEIR_SV_FMT WEIR_SV_FMT "\nContent-Type: %s\n", method,
                    WEIR_SV_ARG(s->nodes[0].url), WEIR_SV_ARG(path), type);
    weir_http_login_show(s->login, out);
    if (s->gzip) {
        weir_buf_str(out, "Content-Encoding: gzip\n");
    }
    weir_buf_byte(out, '\n');
}

void weir__es_show(void *self, weir_sink_item *const *items, uint32_t n, weir_buf *out)
{
    const weir__es *s = self;
    const weir__es_topic *t = items[0]->parcel->in->bound;
    if (t->mapping.n) {
        show_head(s, out, "PUT", t->mapping_url, "application/json");
        weir_buf_sv(out, t->mapping);
        weir_buf_str(out, "\n\n");
    }
    show_head(s, out, "POST", s->path, "application/x-ndjson");
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_sv(out, weir_sink_bytes(items[i]));
    }
}
