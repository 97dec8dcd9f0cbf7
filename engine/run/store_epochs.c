/* Commits of a store, in one phase and in two.
 *
 * In one phase: one atomic write of RocksDB. In two, where somebody else decides whether an epoch counts
 * and an epoch comes every tenth of a second: it is appended to the log of epochs (epoch_log.h), and when
 * it counts it is kept in memory (store_recent.h), where it replaces what earlier ones had of the same
 * keys. RocksDB gets them together when they are many: written once, sorted once, compacted once. Reads
 * see both, and at the next start the log is read again.
 *
 *   'P' "stored"  →  the last epoch that RocksDB has (8), in the same write */
#include "engine/io/fault.h"
#include "engine/run/epoch_log.h"
#include "engine/run/store_impl.h"

#include <stdio.h>
#include <unistd.h>

#define STORED_KEY WEIR_SV("Pstored")
#define INGEST_FILE "ingest.pending"
#define SORT_OPS_MIN 512 /* below, sorting gains nothing */
#define INGEST_BYTES_MIN ((size_t)8 << 20)
#define INGEST_RANGES_MAX 64 /* each is compared with every operation before it */
#define INGEST_OPS_MIN 10000 /* from here a table file is cheaper than RocksDB's log */
#define RECENT_BYTES_MAX ((uint64_t)12 << 20) /* memory of epochs that RocksDB does not have yet */
#define LOG_BYTES_MAX ((uint64_t)64 << 20)    /* to be read at the next start */

struct weir__epochs {
    weir__epoch_log log;
    weir__recent recent;
    uint64_t newest; /* epoch in `recent` */
    uint64_t stored; /* the last one in RocksDB */
};

/* ---- one phase ---- */

static bool is_large(const weir_store_batch *b)
{
    return b->n_ranges <= INGEST_RANGES_MAX &&
           (b->n >= INGEST_OPS_MIN || b->bytes.n >= INGEST_BYTES_MIN);
}

static weir_rc write_large(weir_store *s, weir_store_batch *b, weir_status *st)
{
    weir_buf path = {0};
    weir_buf_printf(&path, "%s/" INGEST_FILE, weir_store_dir(s));
    const char *file = weir_buf_cstr(&path);
    /* Of a process that was killed while RocksDB moved the file: it may still be a second name of one
     * of RocksDB's own, which writing would destroy. */
    (void)unlink(file);
    weir_rc rc = weir__store_write_table(s, b, file, st);
    rc = rc ? rc : weir__store_ingest(s, file, st);
    (void)unlink(file); /* it has moved, or it is of no use */
    weir_buf_deinit(&path);
    return rc;
}

/* Behind WEIR_FAULT(STORE_WRITE): an error of that has changed nothing. */
static weir_rc write_batch(weir_store *s, weir_store_batch *b, weir_status *st)
{
    weir_rc rc = WEIR_OK;
    if (is_large(b)) {
        rc = write_large(s, b, st);
    } else if (b->n > 0) {
        if (b->n >= SORT_OPS_MIN) {
            weir__store_batch_sort(b);
        }
        rc = weir__store_write(s, b, st);
    }
    return rc ? rc : WEIR_FAULT(STORE_WRITTEN, st);
}

/* … of epochs up to this one. */
static weir_rc write_epochs(weir_store *s, weir_store_batch *b, uint64_t epoch, weir_status *st)
{
    weir__epochs *e = weir__store_epochs(s);
    weir_buf number = {0};
    weir_buf_be64(&number, epoch);
    weir_store_put(b, STORED_KEY, weir_buf_view(&number));
    weir_buf_deinit(&number);
    WEIR_TRY(write_batch(s, b, st));
    e->stored = epoch;
    return WEIR_OK;
}

/* RocksDB gets what is recent. */
static weir_rc flush(weir_store *s, weir_status *st)
{
    weir__epochs *e = weir__store_epochs(s);
    if (weir__recent_empty(&e->recent)) {
        return WEIR_OK;
    }
    WEIR_TRY(WEIR_FAULT(STORE_WRITE, st));
    weir_rc rc = write_epochs(s, weir__recent_all(&e->recent), e->newest, st);
    weir__recent_clear(&e->recent);
    return rc ? rc : weir__epoch_log_clear(&e->log, st);
}

weir_rc weir_store_commit(weir_store *s, weir_store_batch *b, weir_status *st)
{
    weir_rc rc = flush(s, st);
    rc = rc ? rc : WEIR_FAULT(STORE_WRITE, st);
    rc = rc ? rc : write_batch(s, b, st);
    weir__store_batch_reset(b);
    return rc;
}

/* ---- two phases ---- */

weir_rc weir_store_prepare(weir_store *s, weir_store_batch *b, uint64_t epoch, weir_status *st)
{
    weir__epochs *e = weir__store_epochs(s);
    WEIR_TRY(weir__epoch_log_prepare(&e->log, b, epoch, e->stored, st));
    return WEIR_FAULT(PENDING_WRITTEN, st);
}

/* An epoch that counts. */
static weir_rc take(weir_store *s, weir_store_batch *b, uint64_t epoch, weir_status *st)
{
    weir__epochs *e = weir__store_epochs(s);
    if (b->bytes.n > RECENT_BYTES_MAX) { /* not twice in memory */
        weir_rc rc = flush(s, st);
        rc = rc ? rc : WEIR_FAULT(STORE_WRITE, st);
        rc = rc ? rc : write_epochs(s, b, epoch, st);
        weir__store_batch_reset(b);
        return rc ? rc : weir__epoch_log_clear(&e->log, st);
    }
    weir__recent_add(&e->recent, b);
    weir__store_batch_reset(b);
    e->newest = epoch;
    bool many = weir__recent_bytes(&e->recent) > RECENT_BYTES_MAX ||
                e->recent.ranges->n > INGEST_RANGES_MAX || e->log.end > LOG_BYTES_MAX;
    return many ? flush(s, st) : WEIR_OK;
}

weir_rc weir_store_settle(weir_store *s, weir_store_batch *b, weir_status *st)
{
    weir__epochs *e = weir__store_epochs(s);
    uint64_t epoch = e->log.pending;
    WEIR_TRY(WEIR_FAULT(STORE_WRITE, st));
    WEIR_TRY(weir__epoch_log_settle(&e->log, st));
    WEIR_TRY(take(s, b, epoch, st));
    return WEIR_FAULT(STORE_WRITTEN, st);
}

weir_rc weir_store_prepared(weir_store *s, uint64_t *epoch, bool *found, weir_status *st)
{
    (void)st;
    *epoch = weir__store_epochs(s)->log.pending;
    *found = *epoch != 0;
    return WEIR_OK;
}

weir_rc weir_store_resolve(weir_store *s, bool counts, weir_status *st)
{
    weir__epochs *e = weir__store_epochs(s);
    weir_store_batch *b = weir_store_batch_new();
    weir_rc rc = WEIR_OK;
    if (e->log.pending && counts) {
        rc = weir__epoch_log_read(&e->log, b, st);
        rc = rc ? rc : weir_store_settle(s, b, st);
    } else if (e->log.pending) {
        rc = weir__epoch_log_forget(&e->log, st);
    }
    weir_store_batch_free(b);
    return rc ? rc : WEIR_FAULT(RECOVER_DECIDED, st);
}

/* ---- at start ---- */

static weir_rc replayed(void *ctx, uint64_t epoch, weir_store_batch *b, weir_status *st)
{
    weir__epochs *e = ctx;
    (void)st;
    weir__recent_add(&e->recent, b);
    e->newest = epoch;
    return WEIR_OK;
}

weir__epochs *weir__epochs_new(void)
{
    weir__epochs *e = weir_zalloc(sizeof *e);
    e->log.fd = -1;
    weir__recent_init(&e->recent);
    return e;
}

void weir__epochs_free(weir__epochs *e)
{
    weir__epoch_log_close(&e->log);
    weir__recent_deinit(&e->recent);
    weir_free(e);
}

const weir__recent *weir__epochs_recent(const weir__epochs *e)
{
    return &e->recent;
}

weir_rc weir__epochs_copy(weir_store *s, weir_status *st)
{
    return weir__epoch_log_copy(&weir__store_epochs(s)->log, weir_store_dir(s), st);
}

weir_rc weir__epochs_open(weir_store *s, bool read_only, weir_status *st)
{
    weir__epochs *e = weir__store_epochs(s);
    weir_buf text = {0};
    bool found = false;
    weir_rc rc = weir_store_get(s, STORED_KEY, &text, &found, st);
    if (rc == WEIR_OK && found) {
        weir_reader r = weir_reader_of(weir_buf_view(&text));
        e->stored = weir_read_be64(&r);
    }
    weir_buf_deinit(&text);
    if (!read_only) {
        weir_buf path = {0};
        weir_buf_printf(&path, "%s/" INGEST_FILE, weir_store_dir(s));
        (void)unlink(weir_buf_cstr(&path)); /* of a commit that did not happen */
        weir_buf_deinit(&path);
    }
    return rc ? rc
              : weir__epoch_log_open(&e->log, weir_store_dir(s), read_only, e->stored, replayed, e, st);
}
