/* Cold entries: what the memory budget has no room for is in the store only. Every entry is clean and
 * stored when it is evicted, so eviction writes nothing, and a read puts back exactly what was there.
 *
 * A key that is not in memory is cold, or was removed since the last commit (then what is stored of it
 * is out of date), or is nowhere. Maps without cold entries never ask. */
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "operators/op_state.h"

void weir__cold_deinit(weir__cold *c)
{
    weir_buf_deinit(&c->keys);
    weir_free(c->wanted);
    weir_free(c->ends);
}

void weir__cold_want(weir__cold *c, weir_hmap *map, const int64_t *bucket, const weir_sv *keys,
                     uint32_t n)
{
    if (weir_hmap_cold(map) == 0) {
        return;
    }
    void *payloads[WEIR_BATCH_ROWS];
    weir_hmap_find_batch(map, keys, n, payloads);
    for (uint32_t i = 0; i < n; i++) {
        if (payloads[i] || weir_hmap_removed(map, keys[i])) {
            continue;
        }
        weir_op_state_prefix(c->op, &c->keys);
        weir__state_key(&c->keys, c->tag, bucket, keys[i]);
        WEIR_GROW(c->wanted, c->cap, c->n + 1);
        WEIR_GROW(c->ends, c->ends_cap, c->n + 1);
        c->wanted[c->n] = (weir__cold_key){map, keys[i]};
        c->ends[c->n++] = (uint32_t)c->keys.n;
    }
}

static weir_rc put_back(weir__cold *c, weir_hmap *map, weir_sv key, weir_sv value, weir_status *st)
{
    if (weir_hmap_find(map, key)) { /* wanted twice */
        return WEIR_OK;
    }
    weir_reader r = weir_reader_of(value);
    if (!c->load(c->ctx, map, key, &r)) {
        return weir__load_bad(c->op, st);
    }
    weir_hmap_cool(map, -1);
    return WEIR_OK;
}

static weir_rc found_cold(void *ctx, uint32_t i, weir_sv value, weir_status *st)
{
    weir__cold *c = ctx;
    return put_back(c, c->wanted[i].map, c->wanted[i].key, value, st);
}

bool weir__cold_read(weir__cold *c)
{
    if (c->n == 0) {
        return true;
    }
    weir_status st;
    weir_status_reset(&st);
    weir_sv *keys = weir_alloc(c->n * sizeof *keys);
    for (size_t i = 0; i < c->n; i++) {
        uint32_t from = i ? c->ends[i - 1] : 0;
        keys[i] = (weir_sv){c->keys.p + from, c->ends[i] - from};
    }
    weir_rc rc = weir_store_get_many(weir_task_store(c->op->task), keys, (uint32_t)c->n, found_cold,
                                     c, &st);
    weir_free(keys);
    c->n = 0;
    weir_buf_reset(&c->keys);
    if (rc != WEIR_OK) {
        weir_task_fail(c->op->task, "%s", st.msg);
    }
    return rc == WEIR_OK;
}

typedef struct cold_scan {
    weir__cold *c;
    weir_hmap *map;
    size_t prefix;
} cold_scan;

static weir_rc scan_cold(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    cold_scan *s = ctx;
    weir_sv own = {key.p + s->prefix, key.n - (uint32_t)s->prefix};
    return weir_hmap_removed(s->map, own) ? WEIR_OK : put_back(s->c, s->map, own, value, st);
}

bool weir__cold_read_all(weir__cold *c, weir_hmap *map, const int64_t *bucket)
{
    if (weir_hmap_cold(map) == 0) {
        return true;
    }
    weir_status st;
    weir_status_reset(&st);
    weir_buf prefix = {0};
    weir_op_state_prefix(c->op, &prefix);
    weir__state_key(&prefix, c->tag, bucket, (weir_sv){NULL, 0});
    cold_scan scan = {c, map, prefix.n};
    weir_rc rc = weir_store_scan(weir_task_store(c->op->task), weir_buf_view(&prefix), scan_cold,
                                 &scan, &st);
    weir_buf_deinit(&prefix);
    if (rc == WEIR_OK && weir_hmap_cold(map)) {
        rc = weir_fail(&st, WEIR_ECORRUPT, "%llu entries of operator %s are not in the store",
                       (unsigned long long)weir_hmap_cold(map), c->op->kind->name);
    }
    if (rc != WEIR_OK) {
        weir_task_fail(c->op->task, "%s", st.msg);
    }
    return rc == WEIR_OK;
}

uint64_t weir__evict(weir_hmap *map, uint64_t n, void (*drop)(void *ctx, void *payload), void *ctx)
{
    uint64_t done = weir_hmap_evict(map, n, drop, ctx);
    return done < n ? done + weir_hmap_evict(map, n - done, drop, ctx) : done;
}

uint64_t weir__part(uint64_t n, uint64_t bytes, uint64_t all)
{
    return bytes >= all ? n : (uint64_t)((double)n * (double)bytes / (double)all) + 1;
}
