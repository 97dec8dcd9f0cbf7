/* See stored_queries.h. Keys are those of engine/run/epoch.c and operators/op_state.h, plans are the
 * text of weir_plan_print: one line per node, `Name #id …; topic: name; …`. */
#include "tools/stored_queries.h"

bool weir_stored_is_sink(const weir_stored_node *n)
{
    return weir_sv_eq(n->name, WEIR_SV("Sink"));
}

bool weir_stored_is_source(const weir_stored_node *n)
{
    return weir_sv_eq(n->name, WEIR_SV("Source"));
}

/* ---- plans ---- */

static weir_sv fact(weir_sv line, const char *name)
{
    weir_sv wanted = weir_sv_cstr(name);
    int64_t at = weir_sv_find(line, wanted, 0);
    if (at < 0) {
        return (weir_sv){0};
    }
    uint32_t from = (uint32_t)at + wanted.n;
    int64_t end = weir_sv_find(line, WEIR_SV("; "), from);
    return weir_sv_of(line.p + from, (end < 0 ? line.n : (uint32_t)end) - from);
}

static void add_node(weir_stored *s, weir_stored_query *q, weir_sv line)
{
    int64_t mark = weir_sv_find(line, WEIR_SV(" #"), 0);
    if (mark <= 0) {
        return;
    }
    weir_stored_node n = {.name = weir_arena_sv(&s->arena, weir_sv_of(line.p, (size_t)mark))};
    for (uint32_t i = (uint32_t)mark + 2; i < line.n && line.p[i] >= '0' && line.p[i] <= '9'; i++) {
        n.id = n.id * 10 + (uint32_t)(line.p[i] - '0');
    }
    if (weir_stored_is_sink(&n) || weir_stored_is_source(&n)) {
        n.topic = weir_arena_sv(&s->arena, fact(line, "; topic: "));
    }
    WEIR_PUSH(&s->arena, q->nodes, q->n_nodes, q->cap_nodes, n);
}

static weir_rc add_query(void *ctx, weir_sv key, weir_sv plan, weir_status *st)
{
    (void)st;
    weir_stored *s = ctx;
    weir_stored_query q = {.id = weir_arena_sv(&s->arena, weir_sv_of(key.p + 6, key.n - 6))};
    while (plan.n) {
        int64_t end = weir_sv_find(plan, WEIR_SV("\n"), 0);
        uint32_t n = end < 0 ? plan.n : (uint32_t)end;
        add_node(s, &q, weir_sv_trim(weir_sv_of(plan.p, n)));
        n += end >= 0;
        plan = weir_sv_of(plan.p + n, plan.n - n);
    }
    WEIR_PUSH(&s->arena, s->queries, s->n, s->cap, q);
    return WEIR_OK;
}

/* ---- positions and state ---- */

/* The node that a key speaks of: `head` bytes, query, 0, node (4), partition (4), more. */
static weir_stored_node *node_of(weir_stored *s, weir_sv key, uint32_t head, int32_t *partition)
{
    const char *id = key.p + head;
    const char *end = key.n > head ? memchr(id, 0, key.n - head) : NULL;
    if (!end) {
        return NULL;
    }
    weir_sv name = weir_sv_of(id, (size_t)(end - id));
    weir_reader r = {end + 1, key.p + key.n, false};
    uint32_t node = weir_read_be32(&r);
    *partition = (int32_t)weir_read_be32(&r);
    for (uint32_t i = 0; i < s->n && !r.bad; i++) {
        for (uint32_t k = 0; k < s->queries[i].n_nodes && weir_sv_eq(s->queries[i].id, name); k++) {
            if (s->queries[i].nodes[k].id == node) {
                return &s->queries[i].nodes[k];
            }
        }
    }
    return NULL;
}

static weir_rc add_position(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    (void)st;
    weir_stored *s = ctx;
    weir_stored_position p = {0};
    weir_stored_node *n = node_of(s, key, sizeof "Mposition", &p.partition);
    weir_reader r = weir_reader_of(value);
    p.next = (int64_t)weir_read_be64(&r);
    if (n && !r.bad) {
        WEIR_PUSH(&s->arena, n->positions, n->n_positions, n->cap_positions, p);
    }
    return WEIR_OK;
}

static weir_rc add_state(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    (void)st;
    int32_t partition;
    weir_stored_node *n = node_of(ctx, key, 1, &partition);
    if (n) {
        n->entries++;
        n->bytes += key.n + value.n;
    }
    return WEIR_OK;
}

static weir_rc add_journal(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    (void)key;
    (void)value;
    (void)st;
    ((weir_stored *)ctx)->journal++;
    return WEIR_OK;
}

/* ---- the whole ---- */

static weir_rc read_epochs(weir_store *store, weir_stored *s, weir_status *st)
{
    weir_buf value = {0};
    bool found = false;
    weir_rc rc = weir_store_get(store, WEIR_SV("Mepoch"), &value, &found, st);
    if (rc == WEIR_OK && found) {
        weir_reader r = weir_reader_of(weir_buf_view(&value));
        s->epoch = weir_read_be64(&r);
    }
    weir_buf_deinit(&value);
    WEIR_TRY(rc);
    WEIR_TRY(weir_store_prepared(store, &s->pending, &found, st));
    s->pending = found ? s->pending : 0;
    return WEIR_OK;
}

weir_rc weir_stored_read(weir_store *store, weir_stored *s, weir_status *st)
{
    *s = (weir_stored){0};
    weir_arena_init(&s->arena);
    WEIR_TRY(read_epochs(store, s, st));
    WEIR_TRY(weir_store_scan(store, (weir_sv){"Mplan", 6}, add_query, s, st));
    WEIR_TRY(weir_store_scan(store, (weir_sv){"Mposition", 10}, add_position, s, st));
    return weir_store_scan(store, WEIR_SV("J"), add_journal, s, st);
}

weir_rc weir_stored_count(weir_store *store, weir_stored *s, weir_status *st)
{
    return weir_store_scan(store, WEIR_SV("S"), add_state, s, st);
}

void weir_stored_deinit(weir_stored *s)
{
    weir_arena_deinit(&s->arena);
}
