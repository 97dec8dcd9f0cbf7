/* Answers to records, and the position behind them. */
#include "connectors/source_poll.h"

#include "engine/base/hash.h"
#include "engine/data/json_text.h"

#define FORMAT 1u
#define FIELD_BYTES_MAX 4096u

/* ---- positions ---- */

static weir_sv read_text(weir_reader *r)
{
    return weir_read_bytes(r, weir_read_varint(r));
}

weir_rc weir__poll_read_position(weir__poll *s, weir_sv position, weir_status *st)
{
    weir_reader r = weir_reader_of(position);
    weir_buf_reset(&s->pages.place);
    weir_buf_reset(&s->tag);
    weir_buf_reset(&s->modified);
    weir__poll_known_free(s->known);
    s->known = NULL;
    if (weir_conn_is(s->conn, "emit", "changed")) {
        s->known = weir__poll_known_new((uint32_t)weir_conn_int(s->conn, "max.known.records"));
    }
    if (position.n == 0) {
        weir__poll_pages_begin(&s->pages);
        return WEIR_OK;
    }
    bool ours = weir_read_u8(&r) == FORMAT;
    s->polls = (int64_t)weir_read_varint(&r);
    s->begun_wall_ms = (int64_t)weir_read_varint(&r);
    s->pages.under_way = weir_read_u8(&r);
    s->pages.number = (int64_t)weir_read_varint(&r);
    s->pages.n = (uint32_t)weir_read_varint(&r);
    weir_buf_sv(&s->pages.place, read_text(&r));
    weir_buf_sv(&s->tag, read_text(&r));
    weir_buf_sv(&s->modified, read_text(&r));
    bool knows = weir_read_u8(&r);
    weir__poll_known *told = weir__poll_known_new((uint32_t)weir_conn_int(s->conn, "max.known.records"));
    bool ok = ours && (!knows || weir__poll_known_read(told, &r)) && !r.bad;
    if (s->known && knows) {
        weir__poll_known_free(s->known);
        s->known = told;
    } else {
        weir__poll_known_free(told);
    }
    return ok ? WEIR_OK : weir_fail(st, WEIR_ECORRUPT, "the position of a polling source cannot be read");
}

static void put_text(weir_buf *out, weir_sv text)
{
    weir_buf_varint(out, text.n);
    weir_buf_sv(out, text);
}

void weir__poll_remember(weir__poll *s)
{
    weir_buf *p = &s->position;
    weir_buf_reset(p);
    weir_buf_byte(p, FORMAT);
    weir_buf_varint(p, (uint64_t)s->polls);
    weir_buf_varint(p, (uint64_t)s->begun_wall_ms);
    weir_buf_byte(p, s->pages.under_way);
    weir_buf_varint(p, (uint64_t)s->pages.number);
    weir_buf_varint(p, s->pages.n);
    put_text(p, weir_buf_view(&s->pages.place));
    put_text(p, weir_buf_view(&s->tag));
    put_text(p, weir_buf_view(&s->modified));
    weir_buf_byte(p, s->known != NULL);
    if (s->known) {
        weir__poll_known_write(s->known, p);
    }
    s->unput = true;
}

/* ---- records ---- */

static bool is_new(weir__poll *s, const weir_json_node *record, weir_sv text)
{
    uint64_t hash = weir_hash_sv(text);
    const weir_json_node *key = s->change_key.n ? weir__poll_pointer(record, s->change_key) : NULL;
    if (!s->known) {
        return true;
    }
    if (key) {
        weir_buf k = {0};
        weir_json_print(&k, key, true);
        bool news = weir__poll_known_add(s->known, weir_hash_sv(weir_buf_view(&k)), hash);
        weir_buf_deinit(&k);
        return news;
    }
    return weir__poll_known_add(s->known, hash, hash);
}

/* The new ones among the records, as texts. */
static size_t collect(weir__poll *s, const weir_json_node *at, uint32_t *records)
{
    bool many = at && at->kind == WEIR_JSON_ARRAY;
    size_t n = 0;
    *records = many ? at->n : at && at->kind != WEIR_JSON_NULL;
    size_t *ends = WEIR_NEW_N(&s->step, size_t, *records + 1u);
    weir_buf_reset(&s->texts);
    for (uint32_t i = 0; i < *records; i++) {
        const weir_json_node *record = many ? &at->items[i] : at;
        size_t from = s->texts.n;
        weir_json_print(&s->texts, record, true);
        if (is_new(s, record, weir_sv_of(s->texts.p + from, s->texts.n - from))) {
            ends[n++] = s->texts.n;
        } else {
            s->texts.n = from;
        }
    }
    weir_buf_reserve(&s->texts, WEIR_CHUNK_PADDING);
    WEIR_GROW(s->docs, s->cap_docs, n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t from = i ? ends[i - 1] : 0;
        s->docs[i] = weir_sv_of(s->texts.p + from, ends[i] - from);
    }
    return n;
}

static bool take(weir__poll *s, size_t n)
{
    for (size_t at = 0; at < n; at += WEIR_BATCH_ROWS) {
        uint32_t part = n - at < WEIR_BATCH_ROWS ? (uint32_t)(n - at) : WEIR_BATCH_ROWS;
        weir_intake_judge(s->intake, s->docs + at, part);
        uint32_t n_bad = 0;
        const weir_intake_bad *bad = weir_intake_bad_docs(s->intake, &n_bad);
        for (uint32_t i = 0; i < n_bad; i++) {
            bool again = i > 0 && bad[i].doc == bad[i - 1].doc;
            if (!again && !weir_intake_bad_add(s->bad, s->docs[at + bad[i].doc], weir_buf_view(&s->url),
                                               bad[i].reason)) {
                return false;
            }
        }
        weir_intake_add(s->intake, &s->records, (weir_sv){0}, weir_wall_ms());
    }
    return true;
}

/* A poll is over: the next one is to be told from it. */
static void end_poll(weir__poll *s)
{
    s->polls++;
    weir__poll_pages_begin(&s->pages);
    if (s->known && weir__poll_known_full(s->known)) {
        weir_conn_trouble(s->conn, "more records than max.known.records: whether the others have changed cannot "
                          "be told");
    }
    if (s->known) {
        weir__poll_known_turn(s->known);
    }
}

static void take_field(weir_buf *to, weir_sv field)
{
    weir_buf_reset(to);
    weir_buf_sv(to, field.n < FIELD_BYTES_MAX ? field : (weir_sv){0});
}

void weir__poll_take_page(weir__poll *s, const weir_http_result *r)
{
    const weir_json_node *body = NULL;
    weir_status st;
    weir_status_reset(&st);
    weir_arena_reset(&s->step);
    weir_sv text = weir_sv_trim(r->body);
    if (text.n && weir_json_parse(&s->step, text, NULL, &body, &st) != WEIR_OK) {
        weir__poll_failed(s, -1, "the answer is not JSON");
        return;
    }
    uint32_t records = 0;
    bool more = false;
    size_t n = collect(s, weir__poll_pointer(body, s->pointer), &records);
    if (!take(s, n)) { /* the connector has stopped; resumed, it asks for this page again */
        weir_chunk_builder_deinit(&s->records);
        weir_chunk_builder_init(&s->records);
        s->over = true;
        (void)weir__poll_read_position(s, weir_buf_view(&s->position), &st);
        return;
    }
    if (!s->pages.under_way) {
        take_field(&s->tag, weir_http_result_field(r, "ETag"));
        take_field(&s->modified, weir_http_result_field(r, "Last-Modified"));
    }
    if (weir__poll_pages_next(&s->pages, r, body, records, &more, &st) != WEIR_OK) {
        weir_conn_trouble(s->conn, "%s", st.msg);
    }
    if (!more) {
        end_poll(s);
    }
    weir_chunk *c = weir_chunk_builder_take(&s->records);
    if (c) {
        s->parts[s->n_parts++] = (weir_source_part){s->to, c};
    }
    s->n_parts += weir_intake_bad_take(s->bad, &s->parts[s->n_parts]);
    weir__poll_remember(s);
}
