/* See remote.h. */
#include "engine/run/remote.h"

#define REMOTE_NEAR 65536 /* records: readers so close to one another share a fetch at once */

void weir__remote_init(weir__remote *r, weir_cluster *c, weir_cluster_topic *topic, int32_t number,
                       uint64_t *held_bytes)
{
    *r = (weir__remote){.cluster = c, .topic = topic, .number = number};
    for (int i = 0; i < WEIR_FETCHES; i++) {
        r->windows[i].chunks.held_bytes = held_bytes;
    }
}

static void stop(weir__remote *r, weir_fetch fetch)
{
    weir__remote_window *w = &r->windows[fetch];
    if (w->fetching && !w->resting) {
        r->cluster->calls->fetch_stop(r->cluster, r->topic, r->number, fetch);
    }
    w->fetching = w->resting = w->at_end = false;
    weir__window_evict(&w->chunks, INT64_MAX);
}

static void start(weir__remote *r, weir_fetch fetch, int64_t offset)
{
    weir__remote_window *w = &r->windows[fetch];
    weir__window_evict(&w->chunks, INT64_MAX);
    w->held = w->end = offset;
    w->gap_from = w->gap_to = 0;
    w->fetching = true;
    w->resting = w->at_end = false;
    r->cluster->calls->fetch(r->cluster, r->topic, r->number, fetch, offset);
}

void weir__remote_renew(weir__remote *r)
{
    for (int i = 0; i < WEIR_FETCHES; i++) {
        stop(r, (weir_fetch)i);
    }
    weir_free(r->failed);
    r->failed = NULL;
    r->begin = 0;
}

void weir__remote_deinit(weir__remote *r)
{
    for (int i = 0; i < WEIR_FETCHES; i++) {
        stop(r, (weir_fetch)i);
        weir__window_deinit(&r->windows[i].chunks);
    }
    weir_free(r->positions);
    weir_free(r->failed);
}

void weir__remote_reader(weir__remote *r, int64_t position, bool stands)
{
    WEIR_GROW(r->positions, r->cap_positions, r->n_positions + 1);
    r->positions[r->n_positions++] = (weir__remote_position){position, stands};
}

/* Keeps one window where its readers are. A window that lies elsewhere starts again. */
static void place(weir__remote *r, weir_fetch fetch, int64_t least)
{
    weir__remote_window *w = &r->windows[fetch];
    if (!w->fetching || least < w->held || least > w->end) {
        start(r, fetch, least);
        return;
    }
    weir__window_evict(&w->chunks, least);
    w->held = least;
    if (w->resting && w->chunks.bytes < r->limit / 4) {
        w->resting = false;
        r->cluster->calls->fetch(r->cluster, r->topic, r->number, fetch, w->end);
    }
}

/* Where the main window begins: readers before it are behind. Before it has begun, at the readers
 * that are farthest. */
static int64_t main_from(const weir__remote *r)
{
    const weir__remote_window *main = &r->windows[WEIR_FETCH_MAIN];
    int64_t most = 0;
    for (size_t i = 0; i < r->n_positions; i++) {
        most = weir_max64(most, r->positions[i].at);
    }
    return main->fetching && most >= main->held ? main->held : most - REMOTE_NEAR;
}

/* Who reads on would have to wait for those who stand: the main window is full. */
static bool leaves_standing(const weir__remote *r)
{
    bool moves = false;
    for (size_t i = 0; i < r->n_positions; i++) {
        moves |= !r->positions[i].stands;
    }
    return moves && r->windows[WEIR_FETCH_MAIN].resting;
}

void weir__remote_place(weir__remote *r, uint64_t limit)
{
    r->limit = limit;
    int64_t from = main_from(r);
    bool leaves = leaves_standing(r);
    int64_t ahead = INT64_MAX;  /* least position in the main window */
    int64_t behind = INT64_MAX; /* least position before it */
    for (size_t i = 0; i < r->n_positions; i++) {
        const weir__remote_position *p = &r->positions[i];
        int64_t *least = p->at < from || (leaves && p->stands) ? &behind : &ahead;
        *least = weir_min64(*least, p->at);
    }
    if (r->n_positions == 0) { /* who comes next may find it again */
        weir_free(r->failed);
        r->failed = NULL;
    }
    if (r->failed || r->n_positions == 0) {
        stop(r, WEIR_FETCH_MAIN);
    } else {
        place(r, WEIR_FETCH_MAIN, ahead);
    }
    if (r->failed || behind == INT64_MAX) {
        stop(r, WEIR_FETCH_BEHIND);
    } else {
        place(r, WEIR_FETCH_BEHIND, behind);
    }
    r->n_positions = 0;
}

/* The window that serves a reader at `offset`. */
static const weir__remote_window *window_of(const weir__remote *r, int64_t offset)
{
    const weir__remote_window *main = &r->windows[WEIR_FETCH_MAIN];
    return offset >= main->held ? main : &r->windows[WEIR_FETCH_BEHIND];
}

static bool serves(const weir__remote_window *w, int64_t offset)
{
    return w->fetching && offset >= w->held && offset <= w->end;
}

int64_t weir__remote_readable(const weir__remote *r, int64_t offset)
{
    const weir__remote_window *w = window_of(r, offset);
    if (r->failed) {
        return INT64_MAX; /* whoever reads is told */
    }
    bool before_gap = offset <= w->gap_from && w->gap_from < w->gap_to;
    return !serves(w, offset) ? offset : before_gap ? w->gap_from : w->end;
}

int64_t weir__remote_resume(const weir__remote *r, int64_t offset)
{
    const weir__remote_window *w = window_of(r, offset);
    bool in_gap = offset >= w->gap_from && offset < w->gap_to;
    return in_gap && serves(w, offset) ? w->gap_to : offset;
}

bool weir__remote_at_end(const weir__remote *r, int64_t offset)
{
    const weir__remote_window *w = window_of(r, offset);
    return serves(w, offset) && w->at_end && offset >= w->end;
}

weir_rc weir__remote_read(weir__remote *r, int64_t offset, weir_chunk **out, weir_status *st)
{
    *out = NULL;
    if (r->failed) {
        return weir_fail(st, WEIR_EIO, "%s", r->failed);
    }
    const weir__remote_window *w = window_of(r, offset);
    size_t i = serves(w, offset) ? weir__window_find(&w->chunks, offset) : w->chunks.n;
    if (i < w->chunks.n) {
        *out = w->chunks.chunks[i];
        weir_chunk_ref(*out);
    }
    return WEIR_OK;
}

int64_t weir__remote_known_end(const weir__remote *r)
{
    int64_t end = r->cluster->calls->known_end(r->cluster, r->topic, r->number);
    return weir_max64(end, r->windows[WEIR_FETCH_MAIN].end);
}

/* ---- from the cluster ---- */

static weir__remote *remote_of(void *owner, int32_t partition)
{
    return *(weir__remote **)owner + partition;
}

static void arrived(void *owner, int32_t partition, weir_fetch fetch, weir_chunk *chunk)
{
    weir__remote *r = remote_of(owner, partition);
    weir__remote_window *w = &r->windows[fetch];
    WEIR_ASSERT(w->fetching && chunk->base >= w->end);
    w->end = weir_chunk_end(chunk);
    w->at_end = false;
    weir__window_append(&w->chunks, chunk);
    if (w->chunks.bytes > r->limit && !w->resting) {
        w->resting = true;
        r->cluster->calls->fetch_stop(r->cluster, r->topic, partition, fetch);
    }
}

static void reached_end(void *owner, int32_t partition, weir_fetch fetch, int64_t offset)
{
    weir__remote_window *w = &remote_of(owner, partition)->windows[fetch];
    WEIR_ASSERT(w->fetching);
    w->end = weir_max64(w->end, offset); /* markers of transactions have offsets, too */
    w->at_end = true;
}

static void overtaken(void *owner, int32_t partition, weir_fetch fetch, int64_t begin)
{
    weir__remote *r = remote_of(owner, partition);
    weir__remote_window *w = &r->windows[fetch];
    WEIR_ASSERT(w->fetching);
    r->begin = weir_max64(r->begin, begin);
    if (begin > w->end) {
        w->gap_from = w->end;
        w->gap_to = w->end = begin;
    }
}

static void failed(void *owner, int32_t partition, const char *reason)
{
    weir__remote *r = remote_of(owner, partition);
    if (!r->failed) {
        r->failed = weir_strdup(reason);
    }
}

const weir_cluster_sink weir__remote_sink = {
    .arrived = arrived, .reached_end = reached_end, .overtaken = overtaken, .failed = failed};
