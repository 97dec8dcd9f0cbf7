/* A batch into files.
 *
 *   items ─► parts ─► manifest (who is new) ─► write, sync ─► manifest (lengths, positions) ─► done
 *
 * What fails before the last step is cut off again and the batch comes again; a crash does the same. */
#include "connectors/sink_file.h"

#include "engine/io/fault.h"

/* Sorts the items into parts. *n: how many, when there are more files than may be open, or one is full. */
static weir_rc sort_items(weir__file_sink *s, weir_sink_item *const *items, uint32_t *n, weir_status *st)
{
    weir__file_part *p = NULL;
    for (uint32_t i = 0; i < *n; i++) {
        const weir__file_bound *b = items[i]->parcel->in->bound;
        weir_sv bytes = weir_sink_bytes(items[i]);
        weir_sv path = b->constant.n ? b->constant : weir_sv_of(bytes.p, items[i]->aux);
        if (!p || !weir_sv_eq(weir_sv_cstr(p->path), path)) {
            WEIR_TRY(weir__file_part_for(s, path, &p, st));
        }
        bool full = p && i > 0 && s->roll_records && p->records + p->n_text >= s->roll_records;
        if (!p || full) {
            *n = i;
            return WEIR_OK;
        }
        weir_buf_add(&p->text, bytes.p + items[i]->aux, bytes.n - items[i]->aux);
        p->n_text++;
        p->header = b->header;
        s->of_item[i] = p;
    }
    return WEIR_OK;
}

/* The manifest names them before they are touched. */
static weir_rc announce(weir__file_sink *s, weir_status *st)
{
    uint32_t news = 0;
    uint32_t used = 0;
    for (weir__file_part *p = s->newest; p; p = p->older) {
        weir_file_info info;
        used += p->n_text > 0;
        if (p->listed || p->n_text == 0) {
            continue;
        }
        news++;
        if (!s->rolls && weir_folder_info(s->folder, p->open_name, &info, st) == WEIR_OK) {
            p->bytes = info.size;
        }
        weir_status_reset(st);
    }
    weir__file_many(s, used > WEIR__FILE_FEW);
    return news ? weir__file_save(s, false, st) : WEIR_OK;
}

static weir_rc open_part(weir__file_sink *s, weir__file_part *p, weir_status *st)
{
    weir_rc rc = weir_folder_file(s->folder, p->open_name, s->rolls ? WEIR_OPEN_NEW : WEIR_OPEN_APPEND,
                                  &p->handle, st);
    if (rc == WEIR_EEXISTS) { /* of somebody else: the next try has another name */
        weir__file_new_names(s, p);
        p->listed = false;
    } else if (rc == WEIR_EUSAGE) {
        size_t n = strlen(st->msg) + 1;
        p->refused = weir_alloc(n);
        memcpy(p->refused, st->msg, n);
        weir_status_reset(st);
        return WEIR_OK;
    }
    return rc;
}

static weir_rc write_part(weir__file_sink *s, weir__file_part *p, weir_status *st)
{
    WEIR_TRY(p->handle ? WEIR_OK : open_part(s, p, st));
    if (p->refused) {
        return WEIR_OK;
    }
    if (p->torn) {
        WEIR_TRY(weir_handle_cut(p->handle, p->bytes, st));
    }
    weir_sv text = weir_buf_view(&p->text);
    weir_buf *b = &s->scratch;
    if ((p->bytes == 0 && p->header.n) || s->compression != WEIR_COMPRESSION_NONE) {
        weir_buf plain = {0};
        weir_buf_reset(b);
        weir_buf_sv(&plain, p->bytes == 0 ? p->header : (weir_sv){0});
        weir_buf_sv(&plain, text);
        if (s->compression != WEIR_COMPRESSION_NONE) {
            weir_compress(s->compression, weir_buf_view(&plain), b);
        } else {
            weir_buf_sv(b, weir_buf_view(&plain));
        }
        weir_buf_deinit(&plain);
        text = weir_buf_view(b);
    }
    p->torn = true;
    WEIR_TRY(weir_handle_add(p->handle, text, st));
    p->written = p->bytes + text.n;
    s->unsynced |= s->lazy;
    return s->lazy ? WEIR_OK : weir_handle_sync(p->handle, st);
}

/* Where the partitions are behind these items. */
static void move_positions(weir__file_sink *s, weir_sink_item *const *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const weir_sink_parcel *p = items[i]->parcel;
        if (!s->of_item[i]->refused) {
            *weir__file_next(s, p->in, p->partition) = weir_sink_item_offset(items[i]) + 1;
        }
    }
}

static weir_rc write_all(weir__file_sink *s, weir_sink_item *const *items, uint32_t n, weir_status *st)
{
    WEIR_TRY(announce(s, st));
    for (weir__file_part *p = s->newest; p; p = p->older) {
        p->written = p->bytes;
        if (p->n_text) {
            WEIR_TRY(write_part(s, p, st));
        }
    }
    WEIR_TRY(WEIR_FAULT(FILES_WRITTEN, st));
    move_positions(s, items, n);
    weir_rc rc = weir__file_save(s, true, st);
    return rc ? rc : WEIR_FAULT(FILES_TOLD, st);
}

/* As if nothing of the batch had been. */
static void take_back(weir__file_sink *s, weir_sink_item *const *items, uint32_t n)
{
    for (uint32_t i = n; i-- > 0;) {
        const weir_sink_parcel *p = items[i]->parcel;
        int64_t *next = weir__file_next(s, p->in, p->partition);
        *next = weir_min64(*next, weir_sink_item_offset(items[i]));
    }
    for (weir__file_part *p = s->newest; p; p = p->older) {
        weir_status st;
        weir_status_reset(&st);
        p->torn = p->torn && p->handle && weir_handle_cut(p->handle, p->bytes, &st) != WEIR_OK;
        weir_buf_reset(&p->text);
        p->n_text = 0;
    }
}

static void keep(weir__file_sink *s)
{
    int64_t now = weir_mono_ns() / 1000000;
    for (weir__file_part *p = s->newest; p; p = p->older) {
        if (p->n_text && !p->refused) {
            p->bytes = p->written;
            p->records += p->n_text;
            p->touched_ms = now;
        }
        p->torn = p->torn && p->n_text == 0;
        weir_buf_reset(&p->text);
        p->n_text = 0;
    }
}

/* Files that are large enough, and those that cannot be. */
static void roll(weir__file_sink *s)
{
    weir__file_part *p = s->oldest;
    while (p) {
        weir__file_part *newer = p->newer;
        weir_status st;
        weir_status_reset(&st);
        bool full = (s->roll_bytes && p->bytes >= s->roll_bytes) ||
                    (s->roll_records && p->records >= s->roll_records);
        if (p->refused) {
            weir__file_drop_part(s, p);
        } else if (full && weir__file_complete(s, p, &st) != WEIR_OK) {
            weir_conn_trouble(s->conn, "%s", st.msg);
        }
        p = newer;
    }
}

static void finish(weir__file_sink *s, weir_sink_lane *lane, uint32_t n)
{
    weir_sink_outcome *all = NULL;
    for (uint32_t i = 0; i < n; i++) {
        const char *why = s->of_item[i]->refused;
        if (why && !all) {
            all = weir_zalloc(sizeof *all * n);
        }
        if (why) {
            all[i] = (weir_sink_outcome){.kind = WEIR_SINK_POISON, .reason = weir_sv_cstr(why)};
        }
    }
    if (!all) {
        roll(s);
        weir_sink_finish(lane, NULL);
        return;
    }
    /* reasons live in the parts: those go when they have been told */
    weir_buf reasons = {0};
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_sv(&reasons, all[i].reason);
    }
    for (uint32_t i = 0, at = 0; i < n; i++) {
        all[i].reason.p = reasons.p + at;
        at += all[i].reason.n;
    }
    roll(s);
    weir_sink_finish(lane, all);
    weir_buf_deinit(&reasons);
    weir_free(all);
}

void weir__file_send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n)
{
    weir__file_sink *s = self;
    weir_status st;
    weir_status_reset(&st);
    if (n > s->cap_of_item) {
        s->cap_of_item = n;
        s->of_item = weir_realloc(s->of_item, sizeof *s->of_item * n);
    }
    uint32_t fit = n;
    weir_rc rc = sort_items(s, items, &fit, &st);
    if (rc == WEIR_OK && fit < n) {
        weir_sink_sent(lane, fit);
    }
    rc = rc ? rc : write_all(s, items, fit, &st);
    if (rc != WEIR_OK) {
        take_back(s, items, fit);
        weir_sink_finish_all(lane, WEIR_SINK_RETRY, 0, "%s", st.msg);
        return;
    }
    keep(s);
    finish(s, lane, fit);
}
