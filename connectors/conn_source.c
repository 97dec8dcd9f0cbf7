/* A source's records on their way into topics.
 *
 *   loop: put ─► posts ─► control: append ─► owed ─ save ─► saved ─ committed ─► loop: durable
 *
 * The position goes into the same commit as the records it stands for. */
#include "connectors/conn_impl.h"

/* "Msource" ‖ 0 ‖ connector → position */
static void position_key(weir_buf *key, const weir_conn *c)
{
    weir_buf_add(key, "Msource", 8);
    weir_buf_sv(key, c->name);
}

weir_rc weir_source_to(weir_conn *c, weir_sv topic, weir_source_output **out, weir_status *st)
{
    weir__source *s = &c->source;
    for (uint32_t i = 0; i < s->n; i++) {
        if (weir_sv_eq(s->outputs[i]->topic, topic)) {
            *out = s->outputs[i];
            return WEIR_OK;
        }
    }
    weir_source_output *o = WEIR_NEW(&c->arena, weir_source_output);
    const weir_source *src = weir__conn_source_of(c->owner->config.catalog, &c->arena, topic);
    o->conn = c;
    o->source = src ? src : weir__conn_bare_source(&c->arena, weir_arena_sv(&c->arena, topic));
    o->topic = o->source->topic;
    o->index = s->n;
    weir_topic *t = NULL;
    if (c->owner->config.make_topic) {
        WEIR_TRY(c->owner->config.make_topic(c->owner->config.ctx, o->topic, &t, st));
    }
    uint32_t n = s->n;
    WEIR_PUSH(&c->arena, s->topics, n, s->cap_topics, t);
    WEIR_PUSH(&c->arena, s->outputs, s->n, s->cap, o);
    *out = o;
    return WEIR_OK;
}

weir_rc weir__source_open(weir_conn *c, weir_conn *before, weir_status *st)
{
    weir_store *store = c->owner->config.store;
    weir_buf key = {0};
    weir_buf position = {0};
    bool found = false;
    weir_rc rc = WEIR_OK;
    c->source.room_bytes = (uint64_t)weir_conn_int(c, "max.buffered.bytes");
    position_key(&key, c);
    if (before && before->source.position.p) {
        weir_buf_sv(&position, before->source.position);
    } else if (store && !weir__conn_forgotten(c->owner, c->name)) {
        rc = weir_store_get(store, weir_buf_view(&key), &position, &found, st);
    }
    rc = rc ? rc : c->kind->as_source->open(c, weir_buf_view(&position), &c->self, st);
    weir_buf_deinit(&key);
    weir_buf_deinit(&position);
    return rc;
}

/* What is not saved yet is saved with the new one's. */
void weir__source_inherit(weir_conn *c, weir_conn *before)
{
    c->source.position = before->source.position;
    c->source.moved = before->source.moved;
    before->source.position = (weir_sv){0};
    weir_buf notes = c->shared.notes;
    c->shared.notes = before->shared.notes;
    before->shared.notes = notes;
}

/* What the control thread sees last of a call: the position, and who waits. */
static weir__conn_post *last_post(weir_conn *c, weir_sv position, void (*durable)(void *ctx, bool ok), void *ctx)
{
    weir__conn_post *p = weir_zalloc(sizeof *p);
    p->durable = durable;
    p->ctx = ctx;
    p->notes = c->source.notes;
    c->source.notes = (weir_buf){0};
    if (position.n) {
        char *copy = weir_alloc(position.n);
        memcpy(copy, position.p, position.n);
        p->position = weir_sv_of(copy, position.n);
    }
    return p;
}

bool weir_source_put_all(weir_conn *c, const weir_source_part *parts, uint32_t n, weir_sv position,
                         void (*durable)(void *ctx, bool ok), void *ctx)
{
    uint64_t bytes = 0;
    uint64_t records = 0;
    for (uint32_t i = 0; i < n; i++) {
        bytes += parts[i].chunk->n_bytes;
        records += parts[i].chunk->n;
    }
    weir_lock_enter(c->shared.lock);
    uint64_t held = c->shared.in_bytes;
    bool room = held == 0 || held + bytes <= c->source.room_bytes;
    c->source.starved |= !room;
    if (room) {
        weir__conn_post *last = last_post(c, position, durable, ctx);
        c->shared.in_bytes += bytes;
        c->shared.in_records += records;
        for (uint32_t i = 0; i < n; i++) {
            weir__conn_post *p = i + 1 < n ? weir_zalloc(sizeof *p) : last;
            p->topic = c->source.topics[parts[i].to->index];
            p->chunk = parts[i].chunk;
            p->bytes = parts[i].chunk->n_bytes;
            weir__conn_posts_add(&c->shared.posts, p);
        }
        if (n == 0) {
            weir__conn_posts_add(&c->shared.posts, last);
        }
    }
    weir_lock_leave(c->shared.lock);
    if (room) {
        c->owner->config.wake(c->owner->config.ctx);
    } else {
        weir_buf_reset(&c->source.notes);
    }
    return room;
}

void weir_source_note(weir_conn *c, weir_sv key, weir_sv value)
{
    weir__note_add(&c->source.notes, key, value);
}

bool weir_source_put(weir_conn *c, weir_source_output *to, weir_chunk *chunk, weir_sv position,
                     void (*durable)(void *ctx, bool ok), void *ctx)
{
    weir_source_part part = {to, chunk};
    return weir_source_put_all(c, &part, 1, position, durable, ctx);
}

void weir_source_lost(weir_conn *c, uint64_t dead, uint64_t skipped)
{
    weir_lock_enter(c->shared.lock);
    c->shared.counts.dead += dead;
    c->shared.counts.skipped += skipped;
    weir_lock_leave(c->shared.lock);
}

void weir_source_end(weir_conn *c)
{
    weir_lock_enter(c->shared.lock);
    c->shared.ended = true;
    weir_lock_leave(c->shared.lock);
    c->owner->config.wake(c->owner->config.ctx);
}

/* ---- control thread ---- */

/* On the loop: what a source waits for. */
typedef struct answer {
    void (*durable)(void *ctx, bool ok);
    void *ctx;
} answer;

static void on_answer(void *ctx)
{
    answer a = *(answer *)ctx;
    weir_free(ctx);
    a.durable(a.ctx, true);
}

static void on_room(void *ctx)
{
    weir_conn *c = ctx;
    c->kind->as_source->room(c->self);
}

/* They are durable, and leave room for others. */
static void answer_all(weir_conn *c, weir__conn_posts *posts)
{
    uint64_t bytes = 0;
    if (!posts->first) {
        return;
    }
    for (weir__conn_post *p = NULL; (p = weir__conn_posts_take(posts)) != NULL;) {
        bytes += p->bytes;
        if (p->durable && !c->running) { /* nobody is there to be answered */
            p->durable(p->ctx, false);
        } else if (p->durable) {
            answer *a = weir_alloc(sizeof *a);
            *a = (answer){p->durable, p->ctx};
            weir_loop_post(c->loop, on_answer, a);
        }
        weir__conn_post_free(p);
    }
    weir_lock_enter(c->shared.lock);
    c->shared.in_bytes -= bytes;
    bool starved = c->source.starved;
    c->source.starved = false;
    weir_lock_leave(c->shared.lock);
    if (starved && c->kind->as_source->room && c->running) {
        weir_loop_post(c->loop, on_room, c);
    }
}

static void take_position(weir_conn *c, weir__conn_post *p)
{
    if (p->position.p) {
        weir_free((void *)(uintptr_t)c->source.position.p);
        c->source.position = p->position;
        p->position = (weir_sv){0};
        c->source.moved = true;
    }
}

static void take_notes(weir_conn *c, weir__conn_post *p)
{
    if (p->notes.n) {
        weir_lock_enter(c->shared.lock);
        weir_buf_sv(&c->shared.notes, weir_buf_view(&p->notes));
        weir_lock_leave(c->shared.lock);
        weir_buf_deinit(&p->notes);
    }
}

/* A topic that is in memory only is as durable as it will be. */
static bool at_once(const weir_conn *c)
{
    return !c->owner->config.store && !weir_topics_cluster(c->owner->config.topics);
}

weir_rc weir__source_pump(weir_conn *c, bool *moved, weir_status *st)
{
    (void)st;
    weir_lock_enter(c->shared.lock);
    weir__conn_posts posts = c->shared.posts;
    c->shared.posts = (weir__conn_posts){0};
    c->shared.counts.records += c->shared.in_records;
    c->shared.counts.bytes += posts.bytes;
    c->shared.in_records = 0;
    weir_lock_leave(c->shared.lock);
    for (weir__conn_post *p = NULL; (p = weir__conn_posts_take(&posts)) != NULL;) {
        if (p->chunk) {
            *moved = true;
            weir__conn_append(c, p->topic, p->chunk);
            p->chunk = NULL;
        }
        take_position(c, p);
        take_notes(c, p);
        weir__conn_posts_add(&c->source.owed, p);
    }
    if (at_once(c)) {
        answer_all(c, &c->source.owed);
    }
    return WEIR_OK;
}

void weir__source_save(weir_conn *c, weir_store_batch *batch)
{
    for (weir__conn_post *p = NULL; (p = weir__conn_posts_take(&c->source.owed)) != NULL;) {
        weir__conn_posts_add(&c->source.saved, p);
    }
    weir_lock_enter(c->shared.lock);
    weir__notes_save(c, batch);
    weir_lock_leave(c->shared.lock);
    if (batch && c->source.moved) {
        weir_buf key = {0};
        position_key(&key, c);
        weir_store_put(batch, weir_buf_view(&key), c->source.position);
        weir_buf_deinit(&key);
        c->source.moved = false;
    }
}

void weir__source_committed(weir_conn *c)
{
    answer_all(c, &c->source.saved);
}

bool weir__source_waits(weir_conn *c)
{
    for (const weir__conn_post *p = c->source.owed.first; p; p = p->later) {
        if (p->durable) {
            return true;
        }
    }
    weir_lock_enter(c->shared.lock);
    bool starved = c->source.starved;
    weir_lock_leave(c->shared.lock);
    return starved && c->source.owed.first;
}

/* A source without an end is not waited for. */
bool weir__source_idle(weir_conn *c)
{
    weir_lock_enter(c->shared.lock);
    bool idle = !c->shared.posts.first && (c->shared.ended || !c->kind->bounded ||
                                           !c->kind->bounded(c) ||
                                           c->shared.state != WEIR_CONNECT_RUNNING);
    weir_lock_leave(c->shared.lock);
    return idle;
}

/* What is not durable now never will be. */
static void refuse_all(weir__conn_posts *posts)
{
    for (weir__conn_post *p = NULL; (p = weir__conn_posts_take(posts)) != NULL;) {
        if (p->durable) {
            p->durable(p->ctx, false);
        }
        weir__conn_post_free(p);
    }
}

void weir__source_close(weir_conn *c)
{
    refuse_all(&c->shared.posts);
    refuse_all(&c->source.owed);
    refuse_all(&c->source.saved);
    weir_buf_deinit(&c->source.notes);
    weir_free((void *)(uintptr_t)c->source.position.p);
}
