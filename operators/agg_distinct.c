/* COUNT_DISTINCT: an estimate in bounded memory, and COUNT_DISTINCT_EXACT, which COUNT(DISTINCT x)
 * becomes.
 *
 * COUNT_DISTINCT keeps the 64-bit hashes themselves while there are at most SPARSE_MAX (so small
 * groups are exact), then turns into a HyperLogLog of 2^14 registers: a hash's first 14 bits choose
 * the register, which remembers the longest run of zeros in front of the others' first one:
 *
 *   sparse   uint64_t[n_slots]  hashes, 0 = free, load ≤ 1/2
 *   dense    how many registers have each rank · the registers
 *
 * The estimate is Ertl's ("New cardinality estimation algorithms for HyperLogLog sketches", 2017):
 * it needs only the ranks' counts and no tables to correct its bias. Standard error 0.8 %. */
#include "operators/agg.h"

#include <math.h>

#define INDEX_BITS 14
#define REGISTERS (1u << INDEX_BITS)
#define RANK_MAX (64 - INDEX_BITS + 1)
#define SPARSE_MAX 1024
#define SPARSE_SLOTS_MIN 8

typedef struct dense {
    uint32_t of_rank[RANK_MAX + 1];
    uint8_t rank[REGISTERS];
} dense;

typedef struct sketch {
    uint64_t *sparse;
    dense *dense; /* then `sparse` is NULL */
    uint32_t n;   /* hashes in sparse */
    uint32_t n_slots;
} sketch;

static void dense_raise(dense *d, uint32_t at, uint8_t rank)
{
    if (rank > d->rank[at]) {
        d->of_rank[d->rank[at]]--;
        d->of_rank[rank]++;
        d->rank[at] = rank;
    }
}

static void dense_add(dense *d, uint64_t hash)
{
    uint64_t rest = hash << INDEX_BITS;
    uint8_t rank = rest ? (uint8_t)(__builtin_clzll(rest) + 1) : RANK_MAX;
    dense_raise(d, (uint32_t)(hash >> (64 - INDEX_BITS)), rank);
}

static dense *dense_new(void)
{
    dense *d = weir_zalloc(sizeof *d);
    d->of_rank[0] = REGISTERS;
    return d;
}

/* False: it is there already. */
static bool sparse_put(uint64_t *slots, uint32_t n_slots, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (n_slots - 1);
    while (slots[at]) {
        if (slots[at] == hash) {
            return false;
        }
        at = (at + 1) & (n_slots - 1);
    }
    slots[at] = hash;
    return true;
}

static void sparse_widen(sketch *s)
{
    uint32_t n_slots = s->n_slots ? s->n_slots * 2 : SPARSE_SLOTS_MIN;
    uint64_t *slots = weir_zalloc(n_slots * sizeof *slots);
    for (uint32_t i = 0; i < s->n_slots; i++) {
        if (s->sparse[i]) {
            sparse_put(slots, n_slots, s->sparse[i]);
        }
    }
    weir_free(s->sparse);
    s->sparse = slots;
    s->n_slots = n_slots;
}

static void make_dense(sketch *s)
{
    s->dense = dense_new();
    for (uint32_t i = 0; i < s->n_slots; i++) {
        if (s->sparse[i]) {
            dense_add(s->dense, s->sparse[i]);
        }
    }
    weir_free(s->sparse);
    s->sparse = NULL;
    s->n = 0;
    s->n_slots = 0;
}

static void sketch_add(sketch *s, uint64_t hash)
{
    if (s->dense) {
        dense_add(s->dense, hash);
        return;
    }
    if (s->n * 2 >= s->n_slots) {
        sparse_widen(s);
    }
    s->n += sparse_put(s->sparse, s->n_slots, hash);
    if (s->n > SPARSE_MAX) {
        make_dense(s);
    }
}

static bool sketch_step(weir_call *c, void *state, const weir_value *args)
{
    if (!args[0].null) {
        uint64_t hash = weir_value_hash(c->arg_types[0], &args[0]);
        sketch_add(state, hash ? hash : 1);
    }
    return true;
}

/* Ertl's σ: registers that are still at rank 0. */
static double sigma(double x)
{
    if (x == 1.0) {
        return INFINITY;
    }
    double z = x;
    double before;
    double y = 1;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z > before);
    return z;
}

/* Ertl's τ: registers that can rise no more. */
static double tau(double x)
{
    if (x == 0.0 || x == 1.0) {
        return 0.0;
    }
    double z = 1 - x;
    double before;
    double y = 1;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z < before);
    return z / 3;
}

static weir_value sketch_result(weir_call *c, const void *state)
{
    (void)c;
    const sketch *s = state;
    if (!s->dense) {
        return weir_bigint(s->n);
    }
    const double m = REGISTERS;
    double z = m * tau(1 - s->dense->of_rank[RANK_MAX] / m);
    for (uint32_t k = RANK_MAX - 1; k >= 1; k--) {
        z = 0.5 * (z + s->dense->of_rank[k]);
    }
    z += m * sigma(s->dense->of_rank[0] / m);
    double estimate = m * m / (2 * log(2.0) * z);
    return weir_bigint(estimate < 9e18 ? (int64_t)llround(estimate) : INT64_MAX);
}

static void sketch_merge(weir_call *c, void *into, const void *from)
{
    (void)c;
    sketch *s = into;
    const sketch *other = from;
    for (uint32_t i = 0; i < other->n_slots; i++) {
        if (other->sparse[i]) {
            sketch_add(s, other->sparse[i]);
        }
    }
    if (other->dense && !s->dense) {
        make_dense(s);
    }
    for (uint32_t i = 0; other->dense && i < REGISTERS; i++) {
        dense_raise(s->dense, i, other->dense->rank[i]);
    }
}

static void sketch_free(weir_call *c, void *state)
{
    (void)c;
    sketch *s = state;
    weir_free(s->sparse);
    weir_free(s->dense);
    *s = (sketch){0};
}

static void sketch_save(weir_call *c, const void *state, weir_buf *out)
{
    (void)c;
    const sketch *s = state;
    weir_buf_byte(out, s->dense != NULL);
    if (s->dense) {
        weir_buf_add(out, s->dense->rank, REGISTERS);
        return;
    }
    weir_buf_varint(out, s->n);
    for (uint32_t i = 0; i < s->n_slots; i++) {
        if (s->sparse[i]) {
            weir_buf_be64(out, s->sparse[i]);
        }
    }
}

static bool dense_load(sketch *s, weir_reader *in)
{
    weir_sv bytes = weir_read_bytes(in, REGISTERS);
    if (in->bad) {
        return false;
    }
    make_dense(s);
    for (uint32_t i = 0; i < REGISTERS; i++) {
        uint8_t rank = (uint8_t)bytes.p[i];
        if (rank > RANK_MAX) {
            return false;
        }
        dense_raise(s->dense, i, rank);
    }
    return true;
}

static bool sketch_load(weir_call *c, void *state, weir_reader *in)
{
    (void)c;
    sketch *s = state;
    uint8_t form = weir_read_u8(in);
    if (in->bad || form > 1) {
        return false;
    }
    if (form == 1) {
        return dense_load(s, in);
    }
    uint32_t n;
    if (!weir__read_count(in, SPARSE_MAX, &n)) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint64_t hash = weir_read_be64(in);
        if (hash == 0) {
            return false;
        }
        sketch_add(s, hash);
    }
    return !in->bad && s->n == n; /* no hash twice */
}

/* ---- COUNT_DISTINCT_EXACT ---- */

static bool exact_step(weir_call *c, void *state, const weir_value *args)
{
    return args[0].null || weir__bag_add(c, c->arg_types[0], state, &args[0], 1);
}

static bool exact_undo(weir_call *c, void *state, const weir_value *args)
{
    if (!args[0].null) {
        weir__bag_take(c->arg_types[0], state, &args[0]);
    }
    return true;
}

static weir_value exact_result(weir_call *c, const void *state)
{
    (void)c;
    return weir_bigint(((const weir__bag *)state)->n);
}

static void exact_merge(weir_call *c, void *into, const void *from)
{
    weir__bag_merge(c, c->arg_types[0], into, from);
}

static void exact_free(weir_call *c, void *state)
{
    weir__bag_free(c->arg_types[0], state);
}

static void exact_save(weir_call *c, const void *state, weir_buf *out)
{
    weir__bag_save(c->arg_types[0], state, out);
}

static bool exact_load(weir_call *c, void *state, weir_reader *in)
{
    weir__bag *b = state;
    if (!weir__bag_load(c, c->arg_types[0], b, in)) {
        return false;
    }
    weir_value null = weir_null(c->arg_types[0]->kind);
    return weir__bag_find(c->arg_types[0], b, &null) < 0;
}

static const weir_agg count_distinct_aggs[] = {
    {.sig = "T -> BIGINT", .state_bytes = sizeof(sketch), .free = sketch_free,
     .step = sketch_step, .result = sketch_result, .merge = sketch_merge, .save = sketch_save,
     .load = sketch_load}};
static const weir_agg count_distinct_exact_aggs[] = {
    {.sig = "T -> BIGINT", .state_bytes = sizeof(weir__bag), .free = exact_free,
     .step = exact_step, .undo = exact_undo, .result = exact_result, .merge = exact_merge,
     .save = exact_save, .load = exact_load}};

const weir_function weir_fn_agg_distinct[] = {
    {.name = "COUNT_DISTINCT", .category = WEIR_CAT_AGGREGATE,
     .doc = "About how many distinct values that are not NULL there are; exact for small groups.",
     .example = "COUNT_DISTINCT(user_id) → 1017", .aggs = count_distinct_aggs,
     .n_aggs = WEIR_COUNT(count_distinct_aggs)},
    {.name = "COUNT_DISTINCT_EXACT", .category = WEIR_CAT_AGGREGATE,
     .doc = "How many distinct values that are not NULL there are, exactly: COUNT(DISTINCT x).",
     .example = "COUNT_DISTINCT_EXACT(user_id) → 1024", .aggs = count_distinct_exact_aggs,
     .n_aggs = WEIR_COUNT(count_distinct_exact_aggs)},
};
const uint32_t weir_fn_agg_distinct_n = WEIR_COUNT(weir_fn_agg_distinct);
