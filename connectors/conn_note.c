/* Notes: what a sink must know after a restart besides its positions. Put down on the loop before the
 * deliveries they belong to are settled, so no commit has those without them.
 *
 *   "Mnote" ‖ 0 ‖ connector ‖ 0 ‖ key → value */
#include "connectors/conn_impl.h"

static void note_key(weir_buf *out, const weir_conn *c)
{
    weir_buf_add(out, "Mnote", 6);
    weir_buf_sv(out, c->name);
    weir_buf_byte(out, 0);
}

void weir__note_add(weir_buf *notes, weir_sv key, weir_sv value)
{
    weir_buf_varint(notes, key.n);
    weir_buf_sv(notes, key);
    weir_buf_byte(notes, value.p != NULL);
    weir_buf_varint(notes, value.n);
    weir_buf_sv(notes, value);
}

void weir_conn_note(weir_conn *c, weir_sv key, weir_sv value)
{
    weir_lock_enter(c->shared.lock);
    weir__note_add(&c->shared.notes, key, value);
    weir_lock_leave(c->shared.lock);
}

void weir__notes_save(weir_conn *c, weir_store_batch *batch)
{
    weir_reader r = weir_reader_of(weir_buf_view(&c->shared.notes));
    weir_buf key = {0};
    while (batch && r.p < r.end) {
        uint64_t n = weir_read_varint(&r);
        weir_buf_reset(&key);
        note_key(&key, c);
        weir_buf_sv(&key, weir_read_bytes(&r, n));
        bool there = weir_read_u8(&r);
        n = weir_read_varint(&r);
        weir_sv value = weir_read_bytes(&r, n);
        WEIR_ASSERT(!r.bad);
        if (there) {
            weir_store_put(batch, weir_buf_view(&key), value);
        } else {
            weir_store_delete(batch, weir_buf_view(&key));
        }
    }
    weir_buf_reset(&c->shared.notes);
    weir_buf_deinit(&key);
}

typedef struct reading {
    void (*each)(void *ctx, weir_sv key, weir_sv value);
    void *ctx;
    size_t prefix_n;
} reading;

static weir_rc on_note(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    const reading *r = ctx;
    (void)st;
    r->each(r->ctx, weir_sv_of(key.p + r->prefix_n, key.n - r->prefix_n), value);
    return WEIR_OK;
}

weir_rc weir_conn_notes(weir_conn *c, void (*each)(void *ctx, weir_sv key, weir_sv value), void *ctx,
                        weir_status *st)
{
    weir_buf prefix = {0};
    note_key(&prefix, c);
    reading r = {each, ctx, prefix.n};
    weir_rc rc = c->owner->config.store && !weir__conn_forgotten(c->owner, c->name)
                     ? weir_store_scan(c->owner->config.store, weir_buf_view(&prefix), on_note, &r, st)
                     : WEIR_OK;
    weir_buf_deinit(&prefix);
    return rc;
}
