/* See demo_feed.h.
 *
 *   "Mdemo"  →  layout, seed, next id, event time, runs, epoch, records per topic (8 each)
 *
 * The visitors who are in the shop at a stop are not stored: the next run opens with others, who
 * came in a few minutes before the last event time. What they did before it is not told to anybody.
 */
#include "tools/demo_feed.h"

#include "engine/base/hash.h"

#define LAYOUT 1
#define POSITION_KEY WEIR_SV("Mdemo")
#define START_MS INT64_C(1769414400000) /* 2026-01-26T08:00:00Z */
#define USERS 100000
#define PRODUCTS 200
#define WARM_UP_MS 300000

typedef struct position {
    uint64_t seed, id, runs, epoch;
    int64_t now;
    uint64_t records[WEIR_SHOP_TOPICS];
} position;

struct weir_demo_feed {
    weir_shop *gen;
    position at;
    weir_topic *topics[WEIR_SHOP_TOPICS];
    weir_chunk_builder *builders[WEIR_SHOP_TOPICS]; /* per partition */
};

/* ---- position ---- */

static weir_rc load(weir_session *s, position *at, bool *found, weir_status *st)
{
    weir_buf value = {0};
    weir_rc rc = weir_store_get(weir_session_store(s), POSITION_KEY, &value, found, st);
    if (rc == WEIR_OK && *found) {
        weir_reader in = weir_reader_of(weir_buf_view(&value));
        uint64_t layout = weir_read_be64(&in);
        at->seed = weir_read_be64(&in);
        at->id = weir_read_be64(&in);
        at->now = (int64_t)weir_read_be64(&in);
        at->runs = weir_read_be64(&in);
        at->epoch = weir_read_be64(&in);
        for (size_t i = 0; i < WEIR_SHOP_TOPICS; i++) {
            at->records[i] = weir_read_be64(&in);
        }
        if (in.bad || layout != LAYOUT) {
            rc = weir_fail(st, WEIR_ECORRUPT, "the demo's position in %s is of another version",
                           weir_store_dir(weir_session_store(s)));
        }
    }
    weir_buf_deinit(&value);
    return rc;
}

void weir_demo_feed_save(weir_demo_feed *f, weir_session *s)
{
    weir_buf value = {0};
    weir_buf_be64(&value, LAYOUT);
    weir_buf_be64(&value, f->at.seed);
    weir_buf_be64(&value, weir_shop_id(f->gen));
    weir_buf_be64(&value, (uint64_t)weir_shop_now(f->gen));
    weir_buf_be64(&value, f->at.runs);
    weir_buf_be64(&value, ++f->at.epoch);
    for (size_t i = 0; i < WEIR_SHOP_TOPICS; i++) {
        weir_buf_be64(&value, f->at.records[i]);
    }
    weir_store_put(weir_session_extra(s), POSITION_KEY, weir_buf_view(&value));
    weir_buf_deinit(&value);
}

/* Position and topics were written together; anything else is somebody else's directory. */
static weir_rc check(const weir_demo_feed *f, weir_session *s, weir_status *st)
{
    for (size_t i = 0; i < WEIR_SHOP_TOPICS; i++) {
        uint64_t n = 0;
        for (int32_t p = 0; p < weir_topic_partitions(f->topics[i]); p++) {
            n += (uint64_t)weir_topic_end(f->topics[i], p);
        }
        if (n != f->at.records[i]) {
            return weir_fail(
                st, WEIR_EEXISTS,
                "topic %s in %s has %llu records, the demo wrote %llu: the directory is "
                "used by others, name another with --data-dir",
                weir_shop_topic_names[i], weir_store_dir(weir_session_store(s)),
                (unsigned long long)n, (unsigned long long)f->at.records[i]);
        }
    }
    return WEIR_OK;
}

/* ---- records ---- */

static void add(weir_demo_feed *f, weir_session *s, const weir_shop_record *r)
{
    uint32_t partitions = (uint32_t)weir_topic_partitions(f->topics[r->topic]);
    weir_chunk_builder_add(&f->builders[r->topic][weir_partition_of(r->key, partitions)], r->key,
                           r->value, (weir_sv){0}, r->timestamp, weir_session_take_seq(s, 1));
    f->at.records[r->topic]++;
}

static void hand_over(weir_demo_feed *f)
{
    for (size_t i = 0; i < WEIR_SHOP_TOPICS; i++) {
        for (int32_t p = 0; p < weir_topic_partitions(f->topics[i]); p++) {
            weir_chunk *c = weir_chunk_builder_take(&f->builders[i][p]);
            if (c) {
                weir_topic_append(f->topics[i], p, c);
            }
        }
    }
}

void weir_demo_feed_take(weir_demo_feed *f, weir_session *s, uint64_t n)
{
    while (n--) {
        weir_shop_record r;
        weir_shop_next(f->gen, &r);
        add(f, s, &r);
    }
    hand_over(f);
}

/* ---- opening ---- */

static weir_rc open_topics(weir_demo_feed *f, weir_session *s, weir_status *st)
{
    for (size_t i = 0; i < WEIR_SHOP_TOPICS; i++) {
        weir_topic_spec spec = {.name = weir_sv_cstr(weir_shop_topic_names[i]),
                                .retention_ms = -1};
        WEIR_TRY(weir_session_topic(s, &spec, &f->topics[i], st));
        size_t partitions = (size_t)weir_topic_partitions(f->topics[i]);
        f->builders[i] = weir_zalloc(sizeof *f->builders[i] * partitions);
        for (size_t p = 0; p < partitions; p++) {
            weir_chunk_builder_init(&f->builders[i][p]);
        }
    }
    return WEIR_OK;
}

weir_rc weir_demo_feed_open(weir_session *s, uint64_t seed, double per_second, weir_demo_feed **out,
                            weir_status *st)
{
    bool found = false;
    weir_demo_feed *f = weir_zalloc(sizeof *f);
    f->at = (position){.seed = seed, .now = START_MS};
    weir_rc rc = open_topics(f, s, st);
    rc = rc ? rc : load(s, &f->at, &found, st);
    rc = rc ? rc : check(f, s, st);
    if (rc != WEIR_OK) {
        weir_demo_feed_close(f);
        return rc;
    }
    f->at.runs++;
    weir_shop_config config = {
        .seed = f->at.seed,
        .first_id = f->at.id,
        .users = USERS,
        .products = PRODUCTS,
        .start_ms = f->at.now - WARM_UP_MS,
        .per_second = per_second,
        .late = 0.02,
        .duplicates = 0.001,
        .malformed = 0.0005,
    };
    f->gen = weir_shop_new(&config);
    while (weir_shop_now(f->gen) < f->at.now) {
        weir_shop_record unseen;
        weir_shop_next(f->gen, &unseen);
    }
    for (uint32_t i = 0; !found && i < PRODUCTS; i++) {
        weir_shop_record r;
        weir_shop_product(f->gen, i, &r);
        add(f, s, &r);
    }
    hand_over(f);
    *out = f;
    return WEIR_OK;
}

void weir_demo_feed_close(weir_demo_feed *f)
{
    if (!f) {
        return;
    }
    for (size_t i = 0; i < WEIR_SHOP_TOPICS; i++) {
        for (int32_t p = 0; p < weir_topic_partitions(f->topics[i]); p++) {
            weir_chunk_builder_deinit(&f->builders[i][p]);
        }
        weir_free(f->builders[i]);
    }
    weir_shop_free(f->gen);
    weir_free(f);
}

uint64_t weir_demo_feed_events(const weir_demo_feed *f)
{
    return f->at.records[WEIR_SHOP_CLICKSTREAM] + f->at.records[WEIR_SHOP_PAYMENTS];
}

uint32_t weir_demo_feed_runs(const weir_demo_feed *f)
{
    return (uint32_t)f->at.runs;
}

int64_t weir_demo_feed_now(const weir_demo_feed *f)
{
    return weir_shop_now(f->gen);
}

uint64_t weir_demo_feed_epoch(const weir_demo_feed *f)
{
    return f->at.epoch;
}
