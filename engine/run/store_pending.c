/* Pending epochs of the two-phase commit.
 *
 *   "Pepoch" → epoch (8) ‖ IN_VALUE ‖ operations, or epoch (8) ‖ IN_FILE
 *   a large batch lies in the file epoch.pending of the data directory, written before the entry
 *   operation: kind (1), key, [value or end of the range] each with its length as varint
 *
 * Settling a small one is one write of its operations and the removal of the entry. A file is moved
 * into the store first: as the batch itself carries the number of its epoch, a crash in between is
 * seen when the entry's epoch is not above the stored one. */
#include "engine/io/fault.h"
#include "engine/run/store_batch.h"

#include <stdio.h>
#include <unistd.h>

#define PENDING_KEY WEIR_SV("Pepoch")
#define PENDING_FILE "epoch.pending"
#define PENDING_BYTES_MAX ((size_t)1 << 30)
#define IN_VALUE 'V'
#define IN_FILE 'F'

static void file_path(const weir_store *s, weir_buf *path)
{
    weir_buf_printf(path, "%s/" PENDING_FILE, weir_store_dir(s));
}

static void put_part(weir_buf *out, weir_sv part)
{
    weir_buf_varint(out, part.n);
    weir_buf_sv(out, part);
}

static void encode(const weir_store_batch *b, weir_buf *out)
{
    for (size_t i = 0; i < b->n; i++) {
        const store_op *op = &b->ops[i];
        weir_buf_byte(out, (char)op->kind);
        put_part(out, store_op_key(b, op));
        if (op->kind != STORE_DELETE) {
            put_part(out, store_op_value(b, op));
        }
    }
}

static bool decode(weir_reader *r, weir_store_batch *b)
{
    while (r->p < r->end && !r->bad) {
        uint8_t kind = weir_read_u8(r);
        weir_sv key = weir_read_bytes(r, weir_read_varint(r));
        weir_sv value = {0};
        if (kind != STORE_DELETE) {
            value = weir_read_bytes(r, weir_read_varint(r));
        }
        if (r->bad || kind > STORE_DELETE_RANGE ||
            (kind == STORE_PUT && value.n < WEIR_STORE_CRC_BYTES)) {
            return false;
        }
        if (kind == STORE_PUT) {
            weir_store_put(b, key, weir_sv_of(value.p + WEIR_STORE_CRC_BYTES,
                                              value.n - WEIR_STORE_CRC_BYTES));
        } else if (kind == STORE_DELETE) {
            weir_store_delete(b, key);
        } else {
            weir_store_delete_range(b, key, value);
        }
    }
    return !r->bad;
}

weir_rc weir_store_prepare(weir_store *s, weir_store_batch *b, uint64_t epoch, weir_status *st)
{
    weir_buf value = {0};
    weir_buf path = {0};
    weir_rc rc = WEIR_OK;
    weir_buf_init(&value, PENDING_BYTES_MAX);
    weir_buf_be64(&value, epoch);
    b->filed = weir__store_is_large(b);
    if (b->filed) {
        file_path(s, &path);
        /* Of a process that was killed while RocksDB moved the file: it may still be a second name of
         * one of RocksDB's own, which writing would destroy. */
        (void)unlink(weir_buf_cstr(&path));
        rc = weir__store_write_table(s, b, weir_buf_cstr(&path), st);
        weir_buf_byte(&value, IN_FILE);
    } else {
        weir_buf_byte(&value, IN_VALUE);
        encode(b, &value);
    }
    weir_store_batch *entry = weir_store_batch_new();
    weir_store_put(entry, PENDING_KEY, weir_buf_view(&value));
    rc = rc ? rc : weir_store_commit(s, entry, st);
    weir_store_batch_free(entry);
    weir_buf_deinit(&value);
    weir_buf_deinit(&path);
    return rc ? rc : WEIR_FAULT(PENDING_WRITTEN, st);
}

static weir_rc settle_file(weir_store *s, weir_status *st)
{
    weir_buf path = {0};
    file_path(s, &path);
    weir_rc rc = WEIR_FAULT(STORE_WRITE, st);
    rc = rc ? rc : weir__store_ingest(s, weir_buf_cstr(&path), st);
    weir_buf_deinit(&path);
    return rc;
}

weir_rc weir_store_settle(weir_store *s, weir_store_batch *b, weir_status *st)
{
    if (b->filed) {
        WEIR_TRY(settle_file(s, st));
        weir__store_batch_reset(b);
    }
    weir_store_delete(b, PENDING_KEY);
    return weir_store_commit(s, b, st);
}

/* The entry; *found false: there is none, or it is settled already. */
static weir_rc entry_of(weir_store *s, weir_buf *value, uint64_t *epoch, bool *found,
                        weir_status *st)
{
    WEIR_TRY(weir_store_get(s, PENDING_KEY, value, found, st));
    if (!*found) {
        return WEIR_OK;
    }
    weir_reader r = weir_reader_of(weir_buf_view(value));
    *epoch = weir_read_be64(&r);
    uint8_t where = weir_read_u8(&r);
    if (r.bad || (where != IN_VALUE && where != IN_FILE)) {
        return weir_fail(st, WEIR_ECORRUPT, "data directory \"%s\": the pending epoch is damaged",
                         weir_store_dir(s));
    }
    weir_buf stored = {0};
    bool any = false;
    weir_rc rc = weir_store_get(s, WEIR_SV("Mepoch"), &stored, &any, st);
    weir_reader e = weir_reader_of(weir_buf_view(&stored));
    if (rc == WEIR_OK && any && weir_read_be64(&e) >= *epoch) {
        *found = false;
    }
    weir_buf_deinit(&stored);
    return rc;
}

weir_rc weir_store_prepared(weir_store *s, uint64_t *epoch, bool *found, weir_status *st)
{
    weir_buf value = {0};
    weir_buf_init(&value, PENDING_BYTES_MAX);
    weir_rc rc = entry_of(s, &value, epoch, found, st);
    weir_buf_deinit(&value);
    return rc;
}

/* The batch that settles the entry. */
static weir_rc settling(weir_store *s, weir_sv value, bool counts, weir_store_batch *b,
                        weir_status *st)
{
    weir_reader r = weir_reader_of(value);
    (void)weir_read_be64(&r);
    bool file = weir_read_u8(&r) == IN_FILE;
    if (counts && file) {
        return settle_file(s, st);
    }
    if (counts && !decode(&r, b)) {
        return weir_fail(st, WEIR_ECORRUPT, "data directory \"%s\": the pending epoch is damaged",
                         weir_store_dir(s));
    }
    return WEIR_OK;
}

weir_rc weir_store_resolve(weir_store *s, bool counts, weir_status *st)
{
    weir_buf value = {0};
    weir_buf path = {0};
    bool found = false;
    uint64_t epoch = 0;
    weir_buf_init(&value, PENDING_BYTES_MAX);
    weir_store_batch *b = weir_store_batch_new();
    weir_rc rc = entry_of(s, &value, &epoch, &found, st);
    if (rc == WEIR_OK && found) {
        rc = settling(s, weir_buf_view(&value), counts, b, st);
    }
    weir_store_delete(b, PENDING_KEY);
    rc = rc ? rc : weir_store_commit(s, b, st);
    if (rc == WEIR_OK) {
        file_path(s, &path);
        (void)unlink(weir_buf_cstr(&path)); /* moved, or of no use */
    }
    weir_store_batch_free(b);
    weir_buf_deinit(&value);
    weir_buf_deinit(&path);
    return rc ? rc : WEIR_FAULT(RECOVER_DECIDED, st);
}
