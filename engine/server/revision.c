/* See revision.h. A stored revision:
 *
 *   form (1) ‖ time ‖ origin ‖ hash ‖ next query ‖ action ‖ bundle ‖ version ‖ environment ‖ who
 *   ‖ number of statements ‖ (query number + 1, or 0 ‖ text)…
 *
 * Numbers are varints, texts a length and bytes. */
#include "engine/server/revision.h"

#define FORM 1
#define KEY "Mrevision"

/* ---- bytes ---- */

static void put_text(weir_buf *b, weir_sv text)
{
    weir_buf_varint(b, text.n);
    weir_buf_sv(b, text);
}

static weir_sv read_text(weir_reader *r, weir_arena *a)
{
    uint64_t n = weir_read_varint(r);
    weir_sv text = weir_read_bytes(r, (size_t)n);
    return r->bad ? (weir_sv){0} : weir_arena_sv(a, text);
}

void weir_revision_put(weir_store_batch *batch, const weir_revision *r)
{
    weir_buf key = {0};
    weir_buf b = {0};
    weir_buf_add(&key, KEY, sizeof KEY); /* with its NUL */
    weir_buf_be32(&key, r->number);
    weir_buf_byte(&b, FORM);
    weir_buf_varint(&b, (uint64_t)r->time_ms);
    weir_buf_varint(&b, r->origin);
    weir_buf_varint(&b, r->hash);
    weir_buf_varint(&b, r->next_query);
    put_text(&b, r->action);
    put_text(&b, r->bundle);
    put_text(&b, r->version);
    put_text(&b, r->env);
    put_text(&b, r->who);
    weir_buf_varint(&b, r->n_statements);
    for (uint32_t i = 0; i < r->n_statements; i++) {
        uint64_t query = r->statements[i].query;
        weir_buf_varint(&b, query == WEIR_NO_QUERY ? 0 : query + 1);
        put_text(&b, r->statements[i].text);
    }
    weir_store_put(batch, weir_buf_view(&key), weir_buf_view(&b));
    weir_buf_deinit(&key);
    weir_buf_deinit(&b);
}

static weir_rc read_one(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    weir_revisions *all = ctx;
    weir_arena *a = &all->arena;
    weir_reader k = {key.p + sizeof KEY, key.p + key.n, false};
    weir_reader b = weir_reader_of(value);
    weir_revision r = {.number = weir_read_be32(&k)};
    uint8_t form = weir_read_u8(&b);
    r.time_ms = (int64_t)weir_read_varint(&b);
    r.origin = (uint32_t)weir_read_varint(&b);
    r.hash = weir_read_varint(&b);
    r.next_query = weir_read_varint(&b);
    r.action = read_text(&b, a);
    r.bundle = read_text(&b, a);
    r.version = read_text(&b, a);
    r.env = read_text(&b, a);
    r.who = read_text(&b, a);
    uint64_t n = weir_read_varint(&b);
    uint32_t cap = 0;
    for (uint64_t i = 0; i < n && !b.bad; i++) {
        uint64_t query = weir_read_varint(&b);
        weir_applied one = {.query = query ? query - 1 : WEIR_NO_QUERY};
        one.text = read_text(&b, a);
        WEIR_PUSH(a, r.statements, r.n_statements, cap, one);
    }
    if (form != FORM || k.bad || b.bad) {
        return weir_fail(st, WEIR_ECORRUPT, "the history of what was applied is damaged, or of a newer "
                                            "version");
    }
    WEIR_PUSH(a, all->items, all->n, all->cap, r);
    return WEIR_OK;
}

weir_rc weir_revisions_read(weir_store *store, weir_revisions *out, weir_status *st)
{
    *out = (weir_revisions){0};
    weir_arena_init(&out->arena);
    return store ? weir_store_scan(store, (weir_sv){KEY, sizeof KEY}, read_one, out, st) : WEIR_OK;
}

void weir_revisions_deinit(weir_revisions *r)
{
    weir_arena_deinit(&r->arena);
}

/* ---- looking ---- */

const weir_revision *weir_revision_find(const weir_revisions *r, uint32_t number)
{
    for (uint32_t i = 0; i < r->n; i++) {
        if (r->items[i].number == number) {
            return &r->items[i];
        }
    }
    return NULL;
}

const weir_revision *weir_revision_of(const weir_revisions *r, weir_sv bundle)
{
    for (uint32_t i = r->n; i-- > 0;) {
        if (weir_sv_eq(r->items[i].bundle, bundle)) {
            return &r->items[i];
        }
    }
    return NULL;
}

/* The bundle came with this revision and has not gone since. */
static bool came_with(const weir_revisions *r, uint32_t at)
{
    bool came = r->items[at].n_statements > 0;
    for (uint32_t i = 0; i < r->n && r->items[at].n_statements > 0; i++) {
        if (i == at || !weir_sv_eq(r->items[i].bundle, r->items[at].bundle)) {
            continue;
        }
        bool there = r->items[i].n_statements > 0;
        came = i < at ? !there : came && there; /* before: the last one counts; later: all */
    }
    return came;
}

const weir_revision *weir_revision_in_force(const weir_revisions *r, uint32_t i)
{
    for (uint32_t k = 0; k < r->n; k++) {
        if (came_with(r, k) && i-- == 0) {
            return weir_revision_of(r, r->items[k].bundle);
        }
    }
    return NULL;
}

uint64_t weir_revisions_next_query(const weir_revisions *r)
{
    return r->n ? r->items[r->n - 1].next_query : 0;
}

/* ---- executing ---- */

weir_rc weir_revisions_execute(const weir_revisions *r, weir_session *s,
                               const weir_revision **failed, weir_sv *statement, weir_status *st)
{
    const weir_revision *one;
    for (uint32_t i = 0; (one = weir_revision_in_force(r, i)) != NULL; i++) {
        for (uint32_t k = 0; k < one->n_statements; k++) {
            *failed = one;
            *statement = one->statements[k].text;
            WEIR_TRY(weir_session_execute_as(s, one->statements[k].text, one->statements[k].query, st));
        }
    }
    weir_catalog_query_from(weir_session_catalog(s), weir_revisions_next_query(r));
    *failed = NULL;
    return WEIR_OK;
}
