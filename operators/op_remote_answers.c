/* Answers in a hash map by key. An answer lives for the lookup's ttl, and longer for the rows that have asked
 * for it: those may be held back by another key for any time, and must not ask in circles.
 *
 * When there are too many, those go first that are too old or were not used since the last time; if that
 * does not do, any that no row waits for. A quarter goes at once, so an answer costs a look now and then. */
#include "operators/op_remote.h"

#include "engine/base/alloc.h"

#define ANSWERS_LEAST 16384 /* are looked through for what can go */

void weir__answers_init(weir__answers *s, weir_lookup *lookup)
{
    *s = (weir__answers){.lookup = lookup, .map = weir_hmap_new(sizeof(weir__answer)), .bytes = weir_slab_new()};
    weir_hmap_track(s->map, false);
}

void weir__answers_deinit(weir__answers *s)
{
    if (s->map) {
        s->lookup->calls->close(s->lookup);
        weir_hmap_free(s->map, NULL, NULL);
        weir_slab_free(s->bytes);
    }
}

/* What was allocated: the reason may have been told since. */
static uint32_t bytes_of(const weir__answer *a)
{
    uint32_t n;
    memcpy(&n, a->row - sizeof n, sizeof n);
    return n;
}

static void drop_row(weir__answers *s, weir__answer *a)
{
    if (a->row) {
        weir_slab_release(s->bytes, a->row - sizeof(uint32_t), bytes_of(a));
    }
    a->row = NULL;
    a->n = a->n_reason = 0;
}

static void keep_row(weir__answers *s, weir__answer *a, weir_sv row, weir_sv reason)
{
    uint32_t all = (uint32_t)sizeof(uint32_t) + row.n + reason.n;
    if (row.n + reason.n == 0) {
        return;
    }
    char *p = weir_slab_alloc(s->bytes, all);
    memcpy(p, &all, sizeof all);
    a->row = p + sizeof all;
    memcpy(a->row, row.n ? row.p : "", row.n);
    memcpy(a->row + row.n, reason.n ? reason.p : "", reason.n);
    a->n = row.n;
    a->n_reason = reason.n;
}

static void on_answer(void *ctx, const weir_lookup_answer *got)
{
    weir__answers *s = ctx;
    weir__answer *a = got->tag;
    WEIR_ASSERT(a->state == WEIR__ANSWER_ASKED && s->asked > 0);
    s->asked--;
    a->state = got->found ? WEIR__ANSWER_FOUND : WEIR__ANSWER_ABSENT;
    a->until_ms = s->lookup->calls->now_ms(s->lookup) + s->lookup->ttl_ms;
    a->used = true;
    keep_row(s, a, got->row, got->reason);
}

/* Forgets answers until at most `most` are left, if that many are not needed. `any`: also such as are young
 * and in use. */
static void forget(weir__answers *s, uint64_t most, int64_t emitted, bool any)
{
    int64_t now = s->lookup->calls->now_ms(s->lookup);
    uint64_t all = weir_hmap_count(s->map);
    weir__answer **gone = weir_alloc(all * sizeof *gone);
    uint64_t n = 0;
    uint64_t cursor = 0;
    void *payload;
    while (all - n > most && weir_hmap_next(s->map, &cursor, &payload)) {
        weir__answer *a = payload;
        bool old = !a->used || a->until_ms <= now;
        if (a->state != WEIR__ANSWER_ASKED && a->needed <= emitted && (old || any)) {
            gone[n++] = a;
        }
        a->used = false;
    }
    for (uint64_t i = 0; i < n; i++) {
        drop_row(s, gone[i]);
        weir_hmap_remove(s->map, weir_hmap_key(s->map, gone[i]));
    }
    weir_free(gone);
}

void weir__answers_take(weir__answers *s, int64_t emitted)
{
    s->lookup->calls->take(s->lookup, on_answer, s);
    uint64_t max = s->lookup->ttl_ms > 0 ? s->lookup->entries_max : 0;
    uint64_t limit = max > ANSWERS_LEAST ? max : ANSWERS_LEAST;
    /* What is needed may be more than that: then not at each batch. */
    if (weir_hmap_count(s->map) > limit && weir_hmap_count(s->map) > s->kept + ANSWERS_LEAST / 4) {
        forget(s, max / 4 * 3, emitted, false);
        forget(s, max / 4 * 3, emitted, true);
        s->kept = weir_hmap_count(s->map);
    }
}

uint32_t weir__answers_find(weir__answers *s, const weir_sv *keys, uint32_t n, int64_t emitted,
                            int64_t needed, weir__answer **out, uint16_t *ask)
{
    bool added[WEIR_BATCH_ROWS];
    uint32_t asks = 0;
    int64_t now = s->lookup->calls->now_ms(s->lookup);
    weir_hmap_insert_batch(s->map, keys, n, (void **)out, added);
    for (uint32_t i = 0; i < n; i++) {
        weir__answer *a = out[i];
        bool old = a->state != WEIR__ANSWER_ASKED && a->needed <= emitted && a->until_ms <= now;
        if (a->state == WEIR__ANSWER_NEW || old) {
            drop_row(s, a);
            a->state = WEIR__ANSWER_ASKED;
            s->asked++;
            ask[asks++] = (uint16_t)i;
        }
        a->used = true;
        a->needed = weir_max64(a->needed, needed);
    }
    return asks;
}
