/* What the linker puts between the engine and its store (--wrap). Three uses: a store may stay open
 * between two lives of the process, which saves most of a restart's time; the process can die where
 * the library has no fault point; and rules of the commit protocol can be broken. */
#include "engine/run/store_batch.h"
#include "tests/simulation/sim_run.h"

#include <stdio.h>
#include <unistd.h>

sim_break sim_broken;
bool sim_keep_store;
uint64_t sim_stores_opened;
bool (*sim_ingest_torn)(void *ctx);
void *sim_ingest_ctx;

static weir_store *kept;
static unsigned n_puts;

/* Names that the linker asks for. */
weir_rc __real_weir_store_open(const char *dir, weir_store **out, weir_status *st);
weir_rc __wrap_weir_store_open(const char *dir, weir_store **out, weir_status *st);
void __real_weir_store_close(weir_store *s);
void __wrap_weir_store_close(weir_store *s);
weir_rc __real_weir_store_prepare(weir_store *s, weir_store_batch *b, uint64_t epoch,
                                  weir_status *st);
weir_rc __wrap_weir_store_prepare(weir_store *s, weir_store_batch *b, uint64_t epoch,
                                  weir_status *st);
weir_rc __real_weir_store_settle(weir_store *s, weir_store_batch *b, weir_status *st);
weir_rc __wrap_weir_store_settle(weir_store *s, weir_store_batch *b, weir_status *st);
weir_rc __real_weir__store_ingest(weir_store *s, const char *path, weir_status *st);
weir_rc __wrap_weir__store_ingest(weir_store *s, const char *path, weir_status *st);
void __real_weir_store_put(weir_store_batch *b, weir_sv key, weir_sv value);
void __wrap_weir_store_put(weir_store_batch *b, weir_sv key, weir_sv value);

weir_rc __wrap_weir_store_open(const char *dir, weir_store **out, weir_status *st)
{
    if (kept) {
        *out = kept;
        kept = NULL;
        return WEIR_OK;
    }
    sim_stores_opened++;
    return __real_weir_store_open(dir, out, st);
}

void __wrap_weir_store_close(weir_store *s)
{
    if (s && sim_keep_store) {
        kept = s;
    } else {
        __real_weir_store_close(s);
    }
}

weir_rc __wrap_weir_store_prepare(weir_store *s, weir_store_batch *b, uint64_t epoch,
                                  weir_status *st)
{
    return sim_broken == SIM_STATE_FIRST ? weir_store_commit(s, b, st)
                                         : __real_weir_store_prepare(s, b, epoch, st);
}

weir_rc __wrap_weir_store_settle(weir_store *s, weir_store_batch *b, weir_status *st)
{
    if (sim_broken == SIM_STATE_FIRST) {
        return WEIR_OK;
    }
    if (sim_broken != SIM_NEVER_SETTLED || ++n_puts % 8) {
        return __real_weir_store_settle(s, b, st);
    }
    weir_store_batch *gone = weir_store_batch_new();
    weir_store_batch_append(gone, b);
    weir_store_batch_free(gone);
    return WEIR_OK;
}

/* RocksDB links the file into its own, then removes the old name. */
weir_rc __wrap_weir__store_ingest(weir_store *s, const char *path, weir_status *st)
{
    char other[512];
    int n = snprintf(other, sizeof other, "%s.kept", path);
    WEIR_ASSERT(n > 0 && (size_t)n < sizeof other && link(path, other) == 0);
    weir_rc rc = __real_weir__store_ingest(s, path, st);
    if (rc == WEIR_OK && sim_ingest_torn && sim_ingest_torn(sim_ingest_ctx)) {
        WEIR_ASSERT(rename(other, path) == 0);
        return weir_fail(st, WEIR_EIO, "simulated: killed");
    }
    WEIR_ASSERT(unlink(other) == 0);
    return rc;
}

/* A position that is off by one record, now and then. */
static void put_position(weir_store_batch *b, weir_sv key, weir_sv value)
{
    weir_reader r = weir_reader_of(value);
    uint64_t at = weir_read_be64(&r);
    weir_buf moved = {0};
    at = sim_broken == SIM_EARLY_POSITIONS ? at + 1 : at > 0 ? at - 1 : 0;
    weir_buf_be64(&moved, at);
    __real_weir_store_put(b, key, weir_buf_view(&moved));
    weir_buf_deinit(&moved);
}

void __wrap_weir_store_put(weir_store_batch *b, weir_sv key, weir_sv value)
{
    bool position = weir_sv_starts(key, WEIR_SV("Mposition")) && value.n == 8;
    bool moved = sim_broken == SIM_EARLY_POSITIONS || sim_broken == SIM_OLD_POSITIONS;
    if (position && moved && ++n_puts % 16 == 0) {
        put_position(b, key, value);
    } else if (sim_broken != SIM_STATE_LOST || !weir_sv_starts(key, WEIR_SV("S")) || ++n_puts % 16) {
        __real_weir_store_put(b, key, value);
    }
}
