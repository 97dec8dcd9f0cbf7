/* The list of topics, in creation order, with a map from names. The memory store is the embedded
 * one without a store behind it. Of a cluster's topics only those in use have partitions here.
 *
 * Stored: "Mtopic" ‖ id → partitions, retention, name; ids ascend with creation and are not names,
 * so that a topic dropped and made again does not meet its old records. */
#include "engine/base/limits.h"
#include "engine/io/loop.h"
#include "engine/run/topics_impl.h"

#define TOPIC_META "Mtopic"
#define TOPIC_HELD_BYTES_MAX ((uint64_t)64 << 20) /* above, durable chunks leave memory unread */
#define POLL_BYTES ((uint64_t)8 << 20)     /* of a cluster, taken in at a time */
#define LISTED_MS 10000                    /* until all brokers of a cluster tell of a new topic */
#define LISTED_SLEEP_MS 50

static weir_topic *topic_add(weir_topics *t, uint32_t id, weir_sv name, int32_t partitions,
                             int64_t retention_ms)
{
    WEIR_ASSERT(partitions > 0 && partitions <= WEIR_PARTITIONS_MAX);
    weir_topic *topic = weir_zalloc(sizeof *topic);
    *topic = (weir_topic){
        .owner = t, .id = id, .n = partitions, .retention_ms = retention_ms, .replicas = 1};
    char *copy = weir_alloc(name.n);
    if (name.n) {
        memcpy(copy, name.p, name.n);
    }
    topic->name = (weir_sv){copy, name.n};
    topic->partitions =
        t->cluster ? NULL : weir_alloc((size_t)partitions * sizeof *topic->partitions);
    for (int32_t i = 0; i < partitions && topic->partitions; i++) {
        weir__partition_init(&topic->partitions[i], t->store, &t->held_bytes, id, (uint32_t)i);
        topic->partitions[i].retains = retention_ms >= 0;
    }
    WEIR_GROW(t->topics, t->cap, t->n + 1);
    t->topics[t->n++] = topic;
    bool added;
    weir_topic **entry = weir_hmap_insert(t->by_name, name, &added);
    WEIR_ASSERT(added);
    *entry = topic;
    return topic;
}

static void topic_free(weir_topic *topic)
{
    for (int32_t i = 0; i < topic->n && topic->partitions; i++) {
        weir__partition_deinit(&topic->partitions[i]);
    }
    for (int32_t i = 0; i < topic->n_remotes; i++) {
        weir__remote_deinit(&topic->remotes[i]);
    }
    if (topic->remote) {
        topic->owner->cluster->calls->close_topic(topic->owner->cluster, topic->remote);
    }
    weir_free(topic->remotes);
    weir_free(topic->kept);
    for (size_t i = 0; i < topic->n_keepers; i++) {
        weir_free(topic->keepers[i].from);
    }
    weir_free(topic->keepers);
    weir_free(topic->partitions);
    weir_free((char *)topic->name.p);
    weir_free(topic);
}

static weir_rc damaged(const weir_topics *t, weir_status *st)
{
    return weir_fail(st, WEIR_ECORRUPT, "data directory \"%s\": the list of topics is damaged",
                     weir_store_dir(t->store));
}

/* An entry of the list. */
typedef struct topic_entry {
    uint32_t id;
    int32_t partitions;
    int64_t retention_ms;
    weir_sv name;
} topic_entry;

static bool read_entry(weir_sv key, weir_sv value, topic_entry *e)
{
    weir_reader k = weir_reader_of(key);
    weir_read_bytes(&k, sizeof TOPIC_META - 1);
    e->id = weir_read_be32(&k);
    weir_reader r = weir_reader_of(value);
    uint64_t partitions = weir_read_varint(&r);
    e->retention_ms = weir_unzigzag(weir_read_varint(&r));
    e->name = weir_sv_of(r.p, (size_t)(r.end - r.p));
    e->partitions = (int32_t)weir_min64((int64_t)partitions, INT32_MAX);
    return !k.bad && !r.bad && e->id != UINT32_MAX && partitions > 0 &&
           partitions <= WEIR_PARTITIONS_MAX;
}

static weir_rc load_topic(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    weir_topics *t = ctx;
    topic_entry e;
    if (!read_entry(key, value, &e) || weir_topics_find(t, e.name)) {
        return damaged(t, st);
    }
    topic_add(t, e.id, e.name, e.partitions, e.retention_ms)->stored = true;
    t->next_id = e.id + 1;
    return WEIR_OK;
}

typedef struct listing {
    void (*each)(void *ctx, weir_sv name, int32_t partitions);
    void *ctx;
    weir_store *store;
} listing;

static weir_rc list_topic(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    const listing *l = ctx;
    topic_entry e;
    if (!read_entry(key, value, &e)) {
        return damaged(&(weir_topics){.store = l->store}, st);
    }
    l->each(l->ctx, e.name, e.partitions);
    return WEIR_OK;
}

weir_rc weir_topics_stored(weir_store *store,
                           void (*each)(void *ctx, weir_sv name, int32_t partitions), void *ctx,
                           weir_status *st)
{
    listing l = {each, ctx, store};
    return weir_store_scan(store, WEIR_SV(TOPIC_META), list_topic, &l, st);
}

/* Ids ascend in the list, so the topic is found by halving. */
static weir_topic *topic_of_id(const weir_topics *t, uint32_t id)
{
    size_t low = 0;
    size_t high = t->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->topics[middle]->id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < t->n && t->topics[low]->id == id ? t->topics[low] : NULL;
}

static weir_rc load_partition(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    weir_topics *t = ctx;
    weir_reader k = weir_reader_of(key);
    weir_read_bytes(&k, sizeof WEIR__PARTITION_META - 1);
    weir_topic *topic = topic_of_id(t, weir_read_be32(&k));
    uint32_t number = weir_read_be32(&k);
    if (k.bad || !topic || number >= (uint32_t)topic->n) {
        return damaged(t, st);
    }
    return weir__partition_load(&topic->partitions[number], value, st);
}

static bool is_known(void *ctx, uint32_t topic, uint32_t partition)
{
    const weir_topic *t = topic_of_id(ctx, topic);
    return t && partition < (uint32_t)t->n;
}

weir_rc weir_topics_open(weir_store *store, weir_cluster *cluster, weir_topics **out,
                         weir_status *st)
{
    *out = NULL;
    weir_topics *t = weir_zalloc(sizeof *t);
    store = cluster ? NULL : store;
    t->store = store;
    t->cluster = cluster;
    t->by_name = weir_hmap_new(sizeof(weir_topic *));
    weir_hmap_track(t->by_name, false);
    weir_rc rc = WEIR_OK;
    if (cluster) {
        cluster->sink = &weir__remote_sink;
        rc = weir_topics_refresh(t, st);
    } else if (store) {
        rc = weir_store_scan(store, WEIR_SV(TOPIC_META), load_topic, t, st);
        if (rc == WEIR_OK) {
            rc = weir_store_scan(store, WEIR_SV(WEIR__PARTITION_META), load_partition, t, st);
        }
    }
    if (rc != WEIR_OK) {
        weir_topics_close(t);
        return rc;
    }
    if (store) {
        weir__segment_sweep(weir_store_dir(store), is_known, t);
    }
    *out = t;
    return WEIR_OK;
}

void weir_topics_close(weir_topics *t)
{
    if (!t) {
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        topic_free(t->topics[i]);
    }
    for (size_t i = 0; i < t->n_absent; i++) {
        topic_free(t->absent[i]);
    }
    WEIR_ASSERT(t->held_bytes == 0);
    weir_hmap_free(t->by_name, NULL, NULL);
    weir_free(t->topics);
    weir_free(t->absent);
    weir_free(t->dropped);
    weir_free(t->gone);
    weir_free(t);
}

static void take_off(weir_topic **list, size_t *n, const weir_topic *topic)
{
    size_t at = 0;
    while (list[at] != topic) {
        at++;
    }
    memmove(list + at, list + at + 1, (*n - at - 1) * sizeof *list);
    --*n;
}

static void forget_topic(weir_topics *t, weir_topic *topic)
{
    weir_hmap_remove(t->by_name, topic->name);
    take_off(t->topics, &t->n, topic);
    topic_free(topic);
}

/* Others have deleted it. A query may be about to write there: it will be refused. */
static void put_away(weir_topics *t, weir_topic *topic)
{
    take_off(t->topics, &t->n, topic);
    WEIR_GROW(t->absent, t->absent_cap, t->n_absent + 1);
    t->absent[t->n_absent++] = topic;
    topic->absent = true;
}

static void bring_back(weir_topics *t, weir_topic *topic)
{
    take_off(t->absent, &t->n_absent, topic);
    WEIR_GROW(t->topics, t->cap, t->n + 1);
    t->topics[t->n++] = topic;
    topic->absent = false;
}

static void refreshed(void *ctx, weir_sv name, int32_t partitions, int32_t replicas)
{
    weir_topics *t = ctx;
    weir_topic **known = weir_hmap_find(t->by_name, name);
    weir_topic *topic = known ? *known : NULL;
    if (topic && topic->absent) {
        bring_back(t, topic);
    }
    if (!topic && partitions > 0 && partitions <= WEIR_PARTITIONS_MAX) {
        topic = topic_add(t, t->next_id++, name, partitions, -1);
    }
    if (!topic) {
        return;
    }
    topic->seen = true;
    topic->replicas = replicas;
    if (!topic->remotes && partitions > 0 && partitions <= WEIR_PARTITIONS_MAX) {
        topic->n = partitions;
    }
}

weir_rc weir_topics_refresh(weir_topics *t, weir_status *st)
{
    if (!t->cluster) {
        return WEIR_OK;
    }
    for (size_t i = 0; i < t->n; i++) {
        t->topics[i]->seen = false;
    }
    WEIR_TRY(t->cluster->calls->list(t->cluster, refreshed, t, st));
    for (size_t i = t->n; i-- > 0;) {
        if (!t->topics[i]->seen && !t->topics[i]->remotes) {
            put_away(t, t->topics[i]);
        }
    }
    return WEIR_OK;
}

void weir_topics_forget_consumed(weir_topics *t, bool on)
{
    t->forget = on;
}

weir_topic *weir_topics_find(weir_topics *t, weir_sv name)
{
    weir_topic **entry = weir_hmap_find(t->by_name, name);
    return entry && !(*entry)->absent ? *entry : NULL;
}

weir_rc weir_topics_create(weir_topics *t, const weir_topic_spec *spec, weir_topic **out,
                           weir_status *st)
{
    *out = weir_topics_find(t, spec->name);
    if (*out) {
        return WEIR_OK;
    }
    WEIR_ASSERT(t->next_id < UINT32_MAX);
    if (!t->cluster) {
        *out = topic_add(t, t->next_id++, spec->name, spec->partitions, spec->retention_ms);
        return WEIR_OK;
    }
    weir_rc rc = t->cluster->calls->create(t->cluster, spec, st);
    WEIR_TRY(rc == WEIR_EEXISTS ? WEIR_OK : rc);
    WEIR_TRY(weir_topics_refresh(t, st));
    *out = weir_topics_find(t, spec->name);
    for (int ms = 0; !*out && ms < LISTED_MS; ms += LISTED_SLEEP_MS) {
        weir_sleep_ms(LISTED_SLEEP_MS); /* one broker may know it, and the next one asked not yet */
        WEIR_TRY(weir_topics_refresh(t, st));
        *out = weir_topics_find(t, spec->name);
    }
    return *out ? WEIR_OK
                : weir_fail(st, WEIR_EIO, "topic " WEIR_SV_FMT " was created, but is not listed",
                            WEIR_SV_ARG(spec->name));
}

weir_rc weir_topics_drop(weir_topics *t, weir_sv name, weir_status *st)
{
    weir_topic *topic = weir_topics_find(t, name);
    if (!topic) {
        return WEIR_OK;
    }
    if (t->cluster) {
        WEIR_TRY(t->cluster->calls->drop(t->cluster, name, st));
    }
    if (topic->stored) {
        WEIR_GROW(t->dropped, t->dropped_cap, t->n_dropped + 1);
        t->dropped[t->n_dropped++] = (removed_topic){topic->id, (uint32_t)topic->n};
    }
    forget_topic(t, topic);
    return WEIR_OK;
}

uint32_t weir_topics_count(const weir_topics *t)
{
    return (uint32_t)t->n;
}

weir_topic *weir_topics_at(weir_topics *t, uint32_t i)
{
    WEIR_ASSERT(i < t->n);
    return t->topics[i];
}

weir_rc weir_topics_poll(weir_topics *t, weir_status *st)
{
    if (!t->cluster) {
        return WEIR_OK;
    }
    return t->cluster->calls->poll(t->cluster, weir_topics_full(t) ? 0 : POLL_BYTES, st);
}

weir_rc weir_topics_send(weir_topics *t, weir_status *st)
{
    return t->cluster ? t->cluster->calls->poll(t->cluster, 0, st) : WEIR_OK;
}

bool weir_topics_full(const weir_topics *t)
{
    return t->cluster && t->cluster->calls->full(t->cluster);
}

weir_cluster *weir_topics_cluster(const weir_topics *t)
{
    return t->cluster;
}

/* [prefix ‖ id, prefix ‖ id + 1) */
static void delete_id(weir_store_batch *batch, const char *prefix, uint32_t id)
{
    weir_buf from = {0};
    weir_buf to = {0};
    weir_buf_str(&from, prefix);
    weir_buf_be32(&from, id);
    weir_buf_str(&to, prefix);
    weir_buf_be32(&to, id + 1);
    weir_store_delete_range(batch, weir_buf_view(&from), weir_buf_view(&to));
    weir_buf_deinit(&from);
    weir_buf_deinit(&to);
}

static void save_topic(weir_topic *t, weir_store_batch *batch)
{
    weir_buf key = {0};
    weir_buf value = {0};
    weir_buf_str(&key, TOPIC_META);
    weir_buf_be32(&key, t->id);
    weir_buf_varint(&value, (uint64_t)t->n);
    weir_buf_varint(&value, weir_zigzag(t->retention_ms));
    weir_buf_sv(&value, t->name);
    weir_store_put(batch, weir_buf_view(&key), weir_buf_view(&value));
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    t->stored = true;
}

static void remove_files(weir_topics *t)
{
    for (size_t i = 0; i < t->n_gone; i++) {
        weir__segment_remove(weir_store_dir(t->store), t->gone[i].id, t->gone[i].partitions);
    }
    t->n_gone = 0;
}

weir_rc weir_topics_save(weir_topics *t, weir_store_batch *batch, weir_status *st)
{
    if (!t->store) {
        return WEIR_OK;
    }
    remove_files(t); /* of topics whose removal the last batch committed */
    for (size_t i = 0; i < t->n_dropped; i++) {
        delete_id(batch, TOPIC_META, t->dropped[i].id);
        delete_id(batch, WEIR__PARTITION_META, t->dropped[i].id);
        delete_id(batch, "T", t->dropped[i].id);
        WEIR_GROW(t->gone, t->gone_cap, t->n_gone + 1);
        t->gone[t->n_gone++] = t->dropped[i];
    }
    t->n_dropped = 0;
    bool full = t->held_bytes > TOPIC_HELD_BYTES_MAX;
    for (size_t i = 0; i < t->n; i++) {
        weir_topic *topic = t->topics[i];
        if (!topic->stored) {
            save_topic(topic, batch);
        }
        for (int32_t k = 0; k < topic->n; k++) {
            WEIR_TRY(weir__partition_save(&topic->partitions[k], batch, st));
            if (full) {
                weir__partition_evict(&topic->partitions[k], INT64_MAX);
            }
        }
    }
    return WEIR_OK;
}

void weir_topics_expire(weir_topics *t, weir_store_batch *batch)
{
    for (size_t i = 0; i < t->n && !t->cluster; i++) {
        weir_topic *topic = t->topics[i];
        int64_t newest = INT64_MIN;
        for (int32_t k = 0; k < topic->n; k++) {
            newest = weir_max64(newest, topic->partitions[k].newest);
        }
        int64_t time;
        if (topic->retention_ms < 0 || __builtin_sub_overflow(newest, topic->retention_ms, &time)) {
            continue;
        }
        for (int32_t k = 0; k < topic->n; k++) {
            weir__partition_expire(&topic->partitions[k], time, batch);
        }
    }
}

uint64_t weir_topics_bytes(const weir_topics *t)
{
    uint64_t bytes = t->held_bytes;
    for (size_t i = 0; i < t->n; i++) {
        for (int32_t k = 0; k < t->topics[i]->n && t->topics[i]->partitions; k++) {
            const weir_chunk *c =
                __atomic_load_n(&t->topics[i]->partitions[k].decoded, __ATOMIC_ACQUIRE);
            bytes += c ? c->n_bytes + c->n * sizeof *c->recs : 0;
        }
    }
    return bytes;
}
