/* Records of connectors on their way into topics: from the loop to the control thread, and appended by
 * key. */
#include "connectors/conn_impl.h"

#include "engine/base/hash.h"

void weir__conn_posts_add(weir__conn_posts *to, weir__conn_post *p)
{
    p->later = NULL;
    if (!to->first) {
        to->last = &to->first;
    }
    *to->last = p;
    to->last = &p->later;
    to->bytes += p->chunk ? p->chunk->n_bytes : 0;
}

weir__conn_post *weir__conn_posts_take(weir__conn_posts *from)
{
    weir__conn_post *p = from->first;
    if (p) {
        from->first = p->later;
        p->later = NULL;
    }
    return p;
}

void weir__conn_post_free(weir__conn_post *p)
{
    weir_chunk_unref(p->chunk);
    weir_buf_deinit(&p->notes);
    weir_free((void *)(uintptr_t)p->position.p);
    weir_free(p);
}

void weir__conn_post_to_control(weir_conn *c, weir__conn_post *p)
{
    weir_lock_enter(c->shared.lock);
    weir__conn_posts_add(&c->shared.posts, p);
    weir_lock_leave(c->shared.lock);
    c->owner->config.wake(c->owner->config.ctx);
}

/* ---- control thread ---- */

static void number_records(weir_conn *c, weir_chunk *chunk)
{
    int64_t seq = c->owner->config.take_seq(c->owner->config.ctx, chunk->n);
    for (uint32_t i = 0; i < chunk->n; i++) {
        chunk->recs[i].seq = seq + i;
    }
    chunk->sorted_seq = true;
}

void weir__conn_append(weir_conn *c, weir_topic *t, weir_chunk *chunk)
{
    int32_t n = weir_topic_partitions(t);
    if (n == 1) {
        number_records(c, chunk);
        weir_topic_append(t, 0, chunk);
        return;
    }
    weir_chunk_builder *parts = weir_alloc(sizeof *parts * ((size_t)n + 1));
    for (int32_t p = 0; p <= n; p++) { /* the last one: without a key, any */
        weir_chunk_builder_init(&parts[p]);
    }
    int64_t seq = c->owner->config.take_seq(c->owner->config.ctx, chunk->n);
    for (uint32_t i = 0; i < chunk->n; i++) {
        const weir_rec *r = &chunk->recs[i];
        bool keyed = r->key_n != WEIR_NULL_BYTES;
        weir_sv key = {chunk->bytes + r->key_at, r->key_n};
        weir_sv value = {chunk->bytes + r->value_at, r->value_n};
        uint32_t p = keyed ? weir_partition_of(key, (uint32_t)n) : (uint32_t)n;
        weir_chunk_builder_add(&parts[p], key, value,
                               weir_sv_of(chunk->bytes + r->headers_at, r->headers_n), r->timestamp,
                               seq + i);
    }
    weir_chunk_unref(chunk);
    for (int32_t p = 0; p <= n; p++) {
        weir_chunk *part = weir_chunk_builder_take(&parts[p]);
        if (part) {
            part->sorted_seq = true;
            weir_topic_append(t, p == n ? -1 : p, part);
        }
        weir_chunk_builder_deinit(&parts[p]);
    }
    weir_free(parts);
}

void weir__conn_posts_append(weir_conn *c, weir__conn_posts *posts, bool *moved)
{
    for (weir__conn_post *p = NULL; (p = weir__conn_posts_take(posts)) != NULL;) {
        weir__conn_append(c, p->topic, p->chunk);
        p->chunk = NULL;
        weir__conn_post_free(p);
        *moved = true;
    }
}
