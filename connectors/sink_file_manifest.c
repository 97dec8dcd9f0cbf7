/* The manifest: up to where each partition is in files, and how long the files are that are not complete.
 * It is replaced as a whole when a batch is in its files; until then it tells of the state before, so a
 * batch counts wholly or not at all. A file is named in it before its first byte is written.
 *
 *   "weir files 1" · stamp · sequence · {topic, partition, next} · {open name, name, bytes}
 *
 * In the place of a partition also stands the topic's generation (times 2^31). Numbers are varints, texts have
 * their length in front. */
#include "connectors/sink_file.h"

#define MANIFEST_MAX (64u << 20)

static const weir_sv magic = {"weir files 1\n", 13};

static void put_text(weir_buf *out, weir_sv text)
{
    weir_buf_varint(out, text.n);
    weir_buf_sv(out, text);
}

static weir_sv get_text(weir_reader *r)
{
    return weir_read_bytes(r, weir_read_varint(r));
}

static char *heap_text(weir_sv text)
{
    char *copy = weir_alloc(text.n + 1);
    memcpy(copy, text.n ? text.p : "", text.n);
    copy[text.n] = 0;
    return copy;
}

int64_t *weir__file_next(weir__file_sink *s, const weir_sink_input *of, int32_t partition)
{
    weir__file_input *in = &s->inputs[of->index];
    if (in->generation != of->generation) {
        in->generation = of->generation;
        in->n = 0;
    }
    if (partition >= in->n) {
        in->next = weir_realloc(in->next, sizeof *in->next * ((size_t)partition + 1));
        while (in->n <= partition) {
            in->next[in->n++] = -1;
        }
    }
    return &in->next[partition];
}

/* ---- reading ---- */

static bool parse(weir__file_sink *s, weir_sv text)
{
    weir_reader r = weir_reader_of(text);
    if (!weir_sv_eq(weir_read_bytes(&r, magic.n), magic)) {
        return false;
    }
    s->stamp_s = (int64_t)weir_read_varint(&r);
    s->sequence = weir_read_varint(&r);
    for (uint64_t n = weir_read_varint(&r); n > 0 && !r.bad; n--) {
        weir__file_told t = {.topic = weir_arena_sv(weir_conn_arena(s->conn), get_text(&r))};
        uint64_t which = weir_read_varint(&r);
        t.partition = (int32_t)(which & INT32_MAX);
        t.generation = (uint32_t)(which >> 31);
        t.next = (int64_t)weir_read_varint(&r);
        WEIR_PUSH(weir_conn_arena(s->conn), s->told, s->n_told, s->cap_told, t);
    }
    for (uint64_t n = weir_read_varint(&r); n > 0 && !r.bad; n--) {
        weir_sv open_name = get_text(&r);
        weir_sv name = get_text(&r);
        weir__file_left left = {heap_text(open_name), heap_text(name), (int64_t)weir_read_varint(&r)};
        WEIR_PUSH(weir_conn_arena(s->conn), s->left, s->n_left, s->cap_left, left);
    }
    return !r.bad && r.p == r.end;
}

weir_rc weir__file_load(weir__file_sink *s, weir_status *st)
{
    const char *dir = weir_conn_dir(s->conn);
    if (s->loaded || !dir) {
        return WEIR_OK;
    }
    if (!s->data_dir) {
        WEIR_TRY(weir_folder_open(dir, &s->data_dir, st));
        weir_folder_lazy(s->data_dir, !s->sync);
    }
    weir_buf text = {0};
    weir_rc rc = weir_folder_read(s->data_dir, s->manifest, MANIFEST_MAX, &text, st);
    if (rc == WEIR_ENOTFOUND) {
        weir_status_reset(st);
        rc = WEIR_OK;
    } else if (rc == WEIR_OK && !parse(s, weir_buf_view(&text))) {
        rc = weir_fail(st, WEIR_ECORRUPT, "%s/%s is not what was written there", dir, s->manifest);
    }
    s->loaded = rc == WEIR_OK;
    weir_buf_deinit(&text);
    return rc;
}

void weir__file_forget_told(weir__file_sink *s)
{
    for (uint32_t i = 0; i < s->n_left; i++) {
        weir_free(s->left[i].open_name);
        weir_free(s->left[i].name);
    }
    s->n_left = s->n_told = 0;
}

/* ---- after a crash ---- */

/* Not there any more: it was completed, and the manifest does not know yet. */
static weir_rc recover_one(weir__file_sink *s, const weir__file_left *left, weir_status *st)
{
    weir_file_info info;
    weir_handle *h = NULL;
    weir_rc rc = weir_folder_info(s->folder, left->open_name, &info, st);
    if (rc == WEIR_ENOTFOUND || rc == WEIR_EUSAGE) { /* or it never could be opened */
        weir_status_reset(st);
        return WEIR_OK;
    }
    bool in_place = strcmp(left->open_name, left->name) == 0;
    if (rc == WEIR_OK && info.size > left->bytes) {
        WEIR_TRY(weir_folder_file(s->folder, left->open_name, WEIR_OPEN_APPEND, &h, st));
        rc = weir_handle_cut(h, left->bytes, st);
        rc = rc ? rc : weir_handle_sync(h, st);
        weir_handle_close(h);
    } else if (rc == WEIR_OK && info.size < left->bytes) {
        weir_conn_trouble(s->conn, "%s is shorter than it was left: somebody else has changed it",
                          left->open_name);
    }
    if (rc != WEIR_OK || in_place) {
        return rc;
    }
    return left->bytes == 0 ? weir_folder_remove(s->folder, left->open_name, st)
                            : weir__file_finish(s, left->open_name, left->name, st);
}

weir_rc weir__file_recover(weir__file_sink *s, weir_status *st)
{
    WEIR_TRY(weir__file_load(s, st));
    for (uint32_t i = 0; i < s->n_left; i++) {
        WEIR_TRY(recover_one(s, &s->left[i], st));
    }
    weir__file_forget_told(s);
    return weir__file_save(s, false, st);
}

/* ---- writing ---- */

weir_rc weir__file_save(weir__file_sink *s, bool after, weir_status *st)
{
    weir_buf *b = &s->scratch;
    uint64_t known = 0;
    if (s->unsynced && s->sync) {
        WEIR_TRY(weir_folder_sync(s->folder, st));
    }
    s->unsynced = false;
    if (!s->data_dir) {
        return WEIR_OK;
    }
    weir_buf_reset(b);
    weir_buf_sv(b, magic);
    weir_buf_varint(b, (uint64_t)s->stamp_s);
    weir_buf_varint(b, s->sequence);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        for (int32_t p = 0; p < s->inputs[i].n; p++) {
            known += s->inputs[i].next[p] >= 0;
        }
    }
    weir_buf_varint(b, known);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        for (int32_t p = 0; p < s->inputs[i].n; p++) {
            if (s->inputs[i].next[p] >= 0) {
                put_text(b, s->inputs[i].topic);
                weir_buf_varint(b, (uint64_t)s->inputs[i].generation << 31 | (uint64_t)p);
                weir_buf_varint(b, (uint64_t)s->inputs[i].next[p]);
            }
        }
    }
    weir_buf_varint(b, s->n_parts);
    for (const weir__file_part *p = s->oldest; p; p = p->newer) {
        put_text(b, weir_sv_cstr(p->open_name));
        put_text(b, weir_sv_cstr(p->name));
        weir_buf_varint(b, (uint64_t)(after ? p->written : p->bytes));
    }
    WEIR_TRY(weir_folder_write(s->data_dir, s->manifest, weir_buf_view(b), st));
    for (weir__file_part *p = s->oldest; p; p = p->newer) {
        p->listed = true;
    }
    return WEIR_OK;
}
