/* Home of rocksdb/c.h: the store of a data directory.
 *
 * RocksDB is tuned to be small while idle (memory is taken as it is written to, few files are held
 * open, no statistics) because it is never on the path of a row: it takes one batch per epoch and
 * is scanned at start. The log is always written and synced. Recovery forgives a torn tail, which
 * is a commit that never returned, and nothing else.
 *
 * A commit is one WriteBatch, or, when it is large, one sorted table file that is ingested: as
 * atomic (one edit of the manifest), and the data is written once instead of three times. What
 * commits are made of, and which epochs are in front of RocksDB: store_epochs.c.
 *
 * Values are stored as crc32c (of key and value), then the value. */
#include "engine/run/rocks_shim.h"
#include "engine/run/store_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_FORMAT "1"
#define STORE_FORMAT_KEY WEIR_SV("Mformat")
#define STORE_MEMTABLE_BYTES ((size_t)8 << 20)
#define STORE_CACHE_BYTES ((size_t)8 << 20)
#define STORE_FILTER_BITS 10 /* a key: 1 in 100 look-ups of what is not there reads a block */
#define STORE_BLOCK_BYTES ((size_t)4 << 10)
#define STORE_FILES_OPEN_MAX 256
#define STORE_GET_MANY 256
#define STORE_SCAN_READAHEAD ((size_t)2 << 20)
#define STORE_LEVELS 7
#define STORE_FRESH_FILES 8 /* table files of commits before they are compacted; twice the usual */

struct weir_store {
    rocksdb_t *db;
    rocksdb_column_family_handle_t *family; /* the only one */
    rocksdb_cache_t *cache;
    rocksdb_options_t *options;
    rocksdb_writeoptions_t *write;
    rocksdb_readoptions_t *read;
    weir__epochs *epochs;
    char *dir;
};

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void hint(weir_status *st, const char *text)
{
    if (st) {
        weir_hint(st, "%s", text);
    }
}

/* Translates and frees RocksDB's message. */
static weir_rc failed(const char *dir, char *err, weir_status *st)
{
    for (char *p = err; *p; p++) {
        if (*p == '\n') {
            *p = ' ';
        }
    }
    weir_rc rc;
    if (has(err, "lock hold by current process")) {
        rc = weir_fail(st, WEIR_EBUSY, "data directory \"%s\" is in use by this process", dir);
    } else if (has(err, "/LOCK") && has(err, "temporarily unavailable")) {
        rc = weir__store_in_use(dir, st);
    } else if (has(err, "No space left")) {
        rc = weir_fail(st, WEIR_EIO, "data directory \"%s\": no space left on device", dir);
        hint(st, "free some space and start again: what was committed is safe");
    } else if (has(err, "Permission denied") || has(err, "Read-only file system")) {
        rc = weir_fail(st, WEIR_EIO, "data directory \"%s\" cannot be written: no permission", dir);
    } else if (strncmp(err, "Corruption", 10) == 0 ||
               (has(err, "No such file") && has(err, ".sst"))) {
        rc = weir_fail(st, WEIR_ECORRUPT, "data directory \"%s\" is damaged: %s", dir, err);
        hint(st, WEIR__STORE_DAMAGE_HINT);
    } else {
        rc = weir_fail(st, WEIR_EIO, "data directory \"%s\": %s", dir, err);
    }
    rocksdb_free(err);
    return rc;
}

static weir_rc damaged(const weir_store *s, weir_sv key, weir_status *st)
{
    char shown[64];
    size_t n = 0;
    for (uint32_t i = 0; i < key.n && n + 5 < sizeof shown; i++) {
        unsigned char c = (unsigned char)key.p[i];
        n += (size_t)snprintf(shown + n, sizeof shown - n, c > 32 && c < 127 ? "%c" : "\\%02x", c);
    }
    shown[n] = '\0';
    weir_rc rc = weir_fail(st, WEIR_ECORRUPT, "data directory \"%s\": wrong checksum of entry %s",
                           s->dir, shown);
    hint(st, WEIR__STORE_DAMAGE_HINT);
    return rc;
}

static weir_rc dir_ready(const char *dir, weir_status *st)
{
    struct stat info;
    if (mkdir(dir, 0777) == 0) {
        return WEIR_OK;
    }
    int why = errno;
    if (why == ENOENT) {
        return weir_fail(st, WEIR_ENOTFOUND,
                         "data directory \"%s\": the directory above it does not exist", dir);
    }
    if (why != EEXIST) {
        return weir_fail(st, WEIR_EIO, "data directory \"%s\" cannot be created: %s", dir,
                         strerror(why));
    }
    if (stat(dir, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return weir_fail(st, WEIR_EUSAGE, "data directory \"%s\" is not a directory", dir);
    }
    if (access(dir, R_OK | W_OK | X_OK) != 0) {
        return weir_fail(st, WEIR_EIO, "data directory \"%s\" cannot be written: %s", dir,
                         strerror(errno));
    }
    return WEIR_OK;
}

static rocksdb_options_t *options_new(rocksdb_cache_t *cache)
{
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_filter_policy(
        table, rocksdb_filterpolicy_create_bloom_full(STORE_FILTER_BITS));
    /* In small parts: the filter of a whole file would fill the cache. */
    rocksdb_block_based_options_set_index_type(
        table, rocksdb_block_based_table_index_type_two_level_index_search);
    rocksdb_block_based_options_set_partition_filters(table, 1);
    rocksdb_block_based_options_set_block_size(table, STORE_BLOCK_BYTES);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_options_t *o = rocksdb_options_create();
    rocksdb_options_set_block_based_table_factory(o, table);
    rocksdb_options_set_write_buffer_size(o, STORE_MEMTABLE_BYTES);
    rocksdb_options_set_max_write_buffer_number(o, 3);
    rocksdb_options_set_max_background_jobs(o, 2);
    rocksdb_options_set_max_open_files(o, STORE_FILES_OPEN_MAX);
    rocksdb_options_set_max_file_opening_threads(o, 1);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(o, 1);
    rocksdb_options_set_level0_file_num_compaction_trigger(o, STORE_FRESH_FILES);
    /* Chunks come compressed; state gains from it once it has settled. */
    int packing[STORE_LEVELS] = {rocksdb_no_compression, rocksdb_no_compression};
    for (int level = 2; level < STORE_LEVELS; level++) {
        packing[level] = rocksdb_lz4_compression;
    }
    rocksdb_options_set_compression_per_level(o, packing, STORE_LEVELS);
    rocksdb_options_set_wal_recovery_mode(o, rocksdb_tolerate_corrupted_tail_records_recovery);
    rocksdb_options_set_allow_concurrent_memtable_write(o, 0);
    rocksdb_options_set_skip_stats_update_on_db_open(o, 1);
    rocksdb_options_set_stats_dump_period_sec(o, 0);
    rocksdb_options_set_stats_persist_period_sec(o, 0);
    weir__rocks_no_log(o);
    rocksdb_block_based_options_destroy(table);
    return o;
}

/* The first key says whose directory it is. An empty store becomes ours. */
static weir_rc format_check(weir_store *s, bool read_only, weir_status *st)
{
    weir_buf format = {0};
    bool found;
    weir_rc rc = weir_store_get(s, STORE_FORMAT_KEY, &format, &found, st);
    if (rc == WEIR_OK && found && !weir_sv_eq(weir_buf_view(&format), WEIR_SV(STORE_FORMAT))) {
        rc = weir_fail(st, WEIR_ECORRUPT,
                       "data directory \"%s\" has format " WEIR_SV_FMT
                       ", this version reads format " STORE_FORMAT,
                       s->dir, WEIR_SV_ARG(weir_buf_view(&format)));
        hint(st, "use the version that wrote it, or another data directory");
    }
    weir_buf_deinit(&format);
    if (rc != WEIR_OK || found) {
        return rc;
    }
    rocksdb_iterator_t *it = rocksdb_create_iterator(s->db, s->read);
    rocksdb_iter_seek_to_first(it);
    bool empty = !rocksdb_iter_valid(it);
    rocksdb_iter_destroy(it);
    if (!empty) {
        weir_fail(st, WEIR_ECORRUPT,
                  "data directory \"%s\" is damaged, or holds the data of another program", s->dir);
        return weir_hint(st, WEIR__STORE_DAMAGE_HINT);
    }
    if (read_only) {
        return WEIR_OK;
    }
    weir_store_batch *b = weir_store_batch_new();
    weir_store_put(b, STORE_FORMAT_KEY, WEIR_SV(STORE_FORMAT));
    rc = weir_store_commit(s, b, st);
    weir_store_batch_free(b);
    return rc;
}

typedef enum open_mode { OPEN_MAKE, OPEN_EXISTING, OPEN_READ_ONLY } open_mode;

static weir_rc open_store(const char *dir, open_mode mode, weir_store **out, weir_status *st)
{
    bool read_only = mode == OPEN_READ_ONLY;
    weir_store *s = weir_zalloc(sizeof *s);
    s->dir = weir_strdup(dir);
    s->epochs = weir__epochs_new();
    weir_rc rc = read_only ? weir__epochs_copy(s, st) : WEIR_OK;
    s->cache = rocksdb_cache_create_lru(STORE_CACHE_BYTES);
    s->options = options_new(s->cache);
    rocksdb_options_set_create_if_missing(s->options, mode == OPEN_MAKE);
    if (read_only) {
        rocksdb_options_set_max_open_files(s->options, -1); /* they may be deleted meanwhile */
    }
    s->read = rocksdb_readoptions_create();
    s->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(s->write, 1);
    char *err = NULL;
    const char *family = "default";
    const rocksdb_options_t *same = s->options;
    s->db = read_only
                ? rocksdb_open_for_read_only_column_families(s->options, dir, 1, &family, &same,
                                                             &s->family, false, &err)
                : rocksdb_open_column_families(s->options, dir, 1, &family, &same, &s->family, &err);
    rc = err ? failed(dir, err, st) : rc;
    rc = rc ? rc : format_check(s, read_only, st);
    rc = rc ? rc : weir__epochs_open(s, read_only, st);
    if (rc != WEIR_OK) {
        weir_store_close(s);
        return rc;
    }
    *out = s;
    return WEIR_OK;
}

weir_rc weir_store_open(const char *dir, weir_store **out, weir_status *st)
{
    *out = NULL;
    WEIR_TRY(dir_ready(dir, st));
    return open_store(dir, OPEN_MAKE, out, st);
}

weir_rc weir__store_there(const char *dir, weir_status *st)
{
    struct stat info;
    if (stat(dir, &info) != 0) {
        return weir_fail(st, errno == ENOENT ? WEIR_ENOTFOUND : WEIR_EIO,
                         "data directory \"%s\": %s", dir, strerror(errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        return weir_fail(st, WEIR_EUSAGE, "data directory \"%s\" is not a directory", dir);
    }
    weir_buf path = {0};
    weir_buf_printf(&path, "%s/CURRENT", dir);
    bool any = access(weir_buf_cstr(&path), F_OK) == 0;
    weir_buf_deinit(&path);
    if (!any) {
        weir_fail(st, WEIR_ENOTFOUND, "\"%s\" is no data directory: nothing is stored there", dir);
        hint(st, "name the --data-dir of a `weir run`");
        return WEIR_ENOTFOUND;
    }
    return WEIR_OK;
}

weir_rc weir_store_open_existing(const char *dir, weir_store **out, weir_status *st)
{
    *out = NULL;
    WEIR_TRY(weir__store_there(dir, st));
    WEIR_TRY(dir_ready(dir, st));
    return open_store(dir, OPEN_EXISTING, out, st);
}

weir_rc weir__store_open_view(const char *dir, weir_store **out, weir_status *st)
{
    return open_store(dir, OPEN_READ_ONLY, out, st);
}

void weir_store_close(weir_store *s)
{
    if (!s) {
        return;
    }
    if (s->db) {
        rocksdb_column_family_handle_destroy(s->family);
        rocksdb_close(s->db);
    }
    rocksdb_readoptions_destroy(s->read);
    rocksdb_writeoptions_destroy(s->write);
    rocksdb_options_destroy(s->options);
    rocksdb_cache_destroy(s->cache);
    weir__epochs_free(s->epochs);
    weir_free(s->dir);
    weir_free(s);
}

const char *weir_store_dir(const weir_store *s)
{
    return s->dir;
}

weir__epochs *weir__store_epochs(const weir_store *s)
{
    return s->epochs;
}

weir_rc weir__store_write(weir_store *s, const weir_store_batch *b, weir_status *st)
{
    rocksdb_writebatch_t *write = rocksdb_writebatch_create();
    for (size_t i = 0; i < b->n; i++) {
        weir_sv key = store_op_key(b, &b->ops[i]);
        weir_sv value = store_op_value(b, &b->ops[i]);
        switch (b->ops[i].kind) {
        case STORE_PUT:
            rocksdb_writebatch_put(write, key.p, key.n, value.p, value.n);
            break;
        case STORE_DELETE:
            rocksdb_writebatch_delete(write, key.p, key.n);
            break;
        case STORE_DELETE_RANGE:
            rocksdb_writebatch_delete_range(write, key.p, key.n, value.p, value.n);
            break;
        }
    }
    char *err = NULL;
    rocksdb_write(s->db, s->write, write, &err);
    rocksdb_writebatch_destroy(write);
    return err ? failed(s->dir, err, st) : WEIR_OK;
}

/* Writes the sorted operations as a table file; of equal keys the last one counts. */
static char *ingest_write(weir_store *s, const weir_store_batch *b, const char *path)
{
    rocksdb_envoptions_t *env = rocksdb_envoptions_create();
    rocksdb_sstfilewriter_t *file = rocksdb_sstfilewriter_create(env, s->options);
    char *err = NULL;
    rocksdb_sstfilewriter_open(file, path, &err);
    for (size_t i = 0; i < b->n && !err; i++) {
        const store_op *op = &b->ops[i];
        weir_sv key = store_op_key(b, op);
        if (op->kind == STORE_DELETE_RANGE) {
            weir_sv to = store_op_value(b, op);
            rocksdb_sstfilewriter_delete_range(file, key.p, key.n, to.p, to.n, &err);
            continue;
        }
        if (i + 1 < b->n && weir_sv_eq(key, store_op_key(b, op + 1))) {
            continue;
        }
        if (op->kind == STORE_PUT) {
            weir_sv value = store_op_value(b, op);
            rocksdb_sstfilewriter_put(file, key.p, key.n, value.p, value.n, &err);
        } else {
            rocksdb_sstfilewriter_delete(file, key.p, key.n, &err);
        }
    }
    if (!err) {
        rocksdb_sstfilewriter_finish(file, &err);
    }
    rocksdb_sstfilewriter_destroy(file);
    rocksdb_envoptions_destroy(env);
    return err;
}

weir_rc weir__store_write_table(weir_store *s, weir_store_batch *b, const char *path,
                                weir_status *st)
{
    weir__store_batch_flatten(b);
    char *err = ingest_write(s, b, path);
    if (err) {
        (void)unlink(path);
    }
    return err ? failed(s->dir, err, st) : WEIR_OK;
}

weir_rc weir__store_ingest(weir_store *s, const char *path, weir_status *st)
{
    char *err = NULL;
    rocksdb_ingestexternalfileoptions_t *how = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(how, 1);
    rocksdb_ingest_external_file(s->db, &path, 1, how, &err);
    rocksdb_ingestexternalfileoptions_destroy(how);
    return err ? failed(s->dir, err, st) : WEIR_OK;
}

/* Checks and takes off the checksum. */
static weir_rc unwrap(const weir_store *s, weir_sv key, weir_sv stored, weir_sv *out,
                      weir_status *st)
{
    weir_reader r = weir_reader_of(stored);
    uint32_t crc = weir_read_be32(&r);
    *out = (weir_sv){r.p, (uint32_t)(r.end - r.p)};
    if (r.bad || crc != weir__store_crc(key, *out)) {
        return damaged(s, key, st);
    }
    return WEIR_OK;
}

static weir_rc add_value(const weir_store *s, weir_sv key, weir_sv stored, weir_buf *out,
                         weir_status *st)
{
    weir_sv value;
    WEIR_TRY(unwrap(s, key, stored, &value, st));
    weir_buf_sv(out, value);
    return WEIR_OK;
}

weir_rc weir_store_get(weir_store *s, weir_sv key, weir_buf *out, bool *found, weir_status *st)
{
    weir_sv value;
    *found = false;
    weir__recent_look look = weir__recent_find(weir__epochs_recent(s->epochs), key, &value);
    if (look != RECENT_UNKNOWN) {
        *found = look == RECENT_PUT;
        return *found ? add_value(s, key, value, out, st) : WEIR_OK;
    }
    char *err = NULL;
    rocksdb_pinnableslice_t *pinned = rocksdb_get_pinned(s->db, s->read, key.p, key.n, &err);
    if (err) {
        return failed(s->dir, err, st);
    }
    if (!pinned) {
        return WEIR_OK;
    }
    size_t n;
    const char *p = rocksdb_pinnableslice_value(pinned, &n);
    weir_rc rc = add_value(s, key, weir_sv_of(p, n), out, st);
    *found = rc == WEIR_OK;
    rocksdb_pinnableslice_destroy(pinned);
    return rc;
}

/* Keys of a call that are asked for together. */
typedef struct many {
    const char *at[STORE_GET_MANY];
    size_t sizes[STORE_GET_MANY];
    uint32_t of[STORE_GET_MANY]; /* of the caller's keys */
    uint32_t n;
} many;

static weir_rc one_of_many(weir_store *s, weir_sv key, uint32_t i, weir_sv stored,
                           weir_store_each_of *found, void *ctx, weir_status *st)
{
    weir_sv value;
    weir_rc rc = unwrap(s, key, stored, &value, st);
    return rc ? rc : found(ctx, i, value, st);
}

static weir_rc get_together(weir_store *s, const many *m, weir_store_each_of *found, void *ctx,
                            weir_status *st)
{
    rocksdb_pinnableslice_t *values[STORE_GET_MANY];
    char *errors[STORE_GET_MANY];
    weir_rc rc = WEIR_OK;
    rocksdb_batched_multi_get_cf(s->db, s->read, s->family, m->n, m->at, m->sizes, values, errors,
                                 false);
    for (uint32_t i = 0; i < m->n; i++) {
        if (errors[i] && rc == WEIR_OK) {
            rc = failed(s->dir, errors[i], st);
        } else if (errors[i]) {
            rocksdb_free(errors[i]);
        } else if (values[i] && rc == WEIR_OK) {
            size_t n;
            const char *p = rocksdb_pinnableslice_value(values[i], &n);
            rc = one_of_many(s, weir_sv_of(m->at[i], m->sizes[i]), m->of[i], weir_sv_of(p, n), found,
                             ctx, st);
        }
        rocksdb_pinnableslice_destroy(values[i]);
    }
    return rc;
}

weir_rc weir_store_get_many(weir_store *s, const weir_sv *keys, uint32_t n,
                            weir_store_each_of *found, void *ctx, weir_status *st)
{
    many m = {.n = 0};
    weir_rc rc = WEIR_OK;
    for (uint32_t i = 0; i < n && rc == WEIR_OK; i++) {
        weir_sv recent;
        switch (weir__recent_find(weir__epochs_recent(s->epochs), keys[i], &recent)) {
        case RECENT_PUT:
            rc = one_of_many(s, keys[i], i, recent, found, ctx, st);
            break;
        case RECENT_GONE:
            break;
        case RECENT_UNKNOWN:
            m.at[m.n] = keys[i].p;
            m.sizes[m.n] = keys[i].n;
            m.of[m.n++] = i;
            break;
        }
        if (m.n == STORE_GET_MANY && rc == WEIR_OK) {
            rc = get_together(s, &m, found, ctx, st);
            m.n = 0;
        }
    }
    return rc || m.n == 0 ? rc : get_together(s, &m, found, ctx, st);
}

static weir_sv iter_key(const rocksdb_iterator_t *it)
{
    size_t n;
    const char *p = rocksdb_iter_key(it, &n);
    return weir_sv_of(p, n);
}

static weir_sv iter_value(const rocksdb_iterator_t *it)
{
    size_t n;
    const char *p = rocksdb_iter_value(it, &n);
    return weir_sv_of(p, n);
}

/* An iterator that ended: at the end, or by an error. */
static weir_rc iter_status(const weir_store *s, const rocksdb_iterator_t *it, weir_status *st)
{
    char *err = NULL;
    rocksdb_iter_get_error(it, &err);
    return err ? failed(s->dir, err, st) : WEIR_OK;
}

/* Among what is recent. */
static const store_op *recent_floor(const weir__recent *recent, weir_sv prefix, weir_sv key)
{
    const store_op *best = NULL;
    for (size_t i = 0; i < recent->points->n; i++) {
        const store_op *op = &recent->points->ops[i];
        weir_sv k = store_op_key(recent->points, op);
        if (op->kind == STORE_PUT && weir_sv_starts(k, prefix) && weir_sv_cmp(k, key) <= 0 &&
            (!best || weir_sv_cmp(k, store_op_key(recent->points, best)) > 0)) {
            best = op;
        }
    }
    return best;
}

weir_rc weir_store_floor(weir_store *s, weir_sv prefix, weir_sv key, weir_buf *found_key,
                         weir_buf *out, bool *found, weir_status *st)
{
    const weir__recent *recent = weir__epochs_recent(s->epochs);
    const store_op *op = recent_floor(recent, prefix, key);
    weir_sv at = op ? store_op_key(recent->points, op) : (weir_sv){0};
    weir_sv stored = op ? store_op_value(recent->points, op) : (weir_sv){0};
    weir_sv ignored;
    *found = op != NULL;
    rocksdb_readoptions_t *read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_iterate_lower_bound(read, prefix.p, prefix.n);
    rocksdb_iterator_t *it = rocksdb_create_iterator(s->db, read);
    rocksdb_iter_seek_for_prev(it, key.p, key.n);
    while (rocksdb_iter_valid(it) &&
           weir__recent_find(recent, iter_key(it), &ignored) != RECENT_UNKNOWN) {
        rocksdb_iter_prev(it);
    }
    weir_rc rc = WEIR_OK;
    if (!rocksdb_iter_valid(it)) {
        rc = iter_status(s, it, st);
    } else if (weir_sv_starts(iter_key(it), prefix) && (!op || weir_sv_cmp(iter_key(it), at) > 0)) {
        at = iter_key(it);
        stored = iter_value(it);
        *found = true;
    }
    if (rc == WEIR_OK && *found) {
        weir_buf_sv(found_key, at);
        rc = add_value(s, at, stored, out, st);
    }
    rocksdb_iter_destroy(it);
    rocksdb_readoptions_destroy(read);
    return rc;
}

/* The first key behind all keys with the prefix; empty when there is none. */
static void prefix_end(weir_sv prefix, weir_buf *end)
{
    weir_buf_sv(end, prefix);
    while (end->n > 0 && (unsigned char)end->p[end->n - 1] == 0xff) {
        end->n--;
    }
    if (end->n > 0) {
        end->p[end->n - 1]++;
    }
}

typedef weir_rc scan_each(void *ctx, weir_sv key, weir_sv value, weir_status *st);

/* Both are in order; what is recent hides what RocksDB has. */
static weir_rc scan_both(const weir_store *s, rocksdb_iterator_t *it, const store_op *const *ops,
                         size_t n, scan_each *each, void *ctx, weir_status *st)
{
    const weir__recent *recent = weir__epochs_recent(s->epochs);
    weir_rc rc = WEIR_OK;
    size_t i = 0;
    while (rc == WEIR_OK && (i < n || rocksdb_iter_valid(it))) {
        bool stored = rocksdb_iter_valid(it);
        weir_sv key = stored ? iter_key(it) : (weir_sv){0};
        weir_sv own = i < n ? store_op_key(recent->points, ops[i]) : (weir_sv){0};
        weir_sv raw;
        weir_sv value;
        if (i < n && (!stored || weir_sv_cmp(own, key) < 0)) {
            rc = unwrap(s, own, store_op_value(recent->points, ops[i++]), &value, st);
            rc = rc ? rc : each(ctx, own, value, st);
            continue;
        }
        if (weir__recent_find(recent, key, &raw) == RECENT_UNKNOWN) {
            rc = unwrap(s, key, iter_value(it), &value, st);
            rc = rc ? rc : each(ctx, key, value, st);
        }
        rocksdb_iter_next(it);
    }
    return rc ? rc : iter_status(s, it, st);
}

weir_rc weir_store_scan(weir_store *s, weir_sv prefix, scan_each *each, void *ctx, weir_status *st)
{
    size_t n = 0;
    const store_op **ops = weir__recent_sorted(weir__epochs_recent(s->epochs), prefix, &n);
    weir_buf end = {0};
    prefix_end(prefix, &end);
    rocksdb_readoptions_t *read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_readahead_size(read, STORE_SCAN_READAHEAD);
    rocksdb_readoptions_set_fill_cache(read, 0);
    if (end.n > 0) {
        rocksdb_readoptions_set_iterate_upper_bound(read, end.p, end.n);
    }
    rocksdb_iterator_t *it = rocksdb_create_iterator(s->db, read);
    rocksdb_iter_seek(it, prefix.p, prefix.n);
    weir_rc rc = scan_both(s, it, ops, n, each, ctx, st);
    rocksdb_iter_destroy(it);
    rocksdb_readoptions_destroy(read);
    weir_buf_deinit(&end);
    weir_free(ops);
    return rc;
}

void weir_store_cache(weir_store *s, uint64_t bytes)
{
    rocksdb_cache_set_capacity(s->cache, bytes < STORE_CACHE_BYTES ? STORE_CACHE_BYTES : bytes);
}

/* Of all files, so that the log counts, too. */
uint64_t weir_store_disk_bytes(weir_store *s)
{
    uint64_t bytes = 0;
    DIR *dir = opendir(s->dir);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        struct stat info;
        if (fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(info.st_mode)) {
            bytes += (uint64_t)info.st_blocks * 512;
        }
    }
    if (dir) {
        closedir(dir);
    }
    return bytes;
}
