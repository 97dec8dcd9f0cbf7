/* Scans: where the rows of a task come from. A scan reads one topic partition through a decoder.
 *
 * Scans of one worker that read the same stream share a decoder: it decodes the columns that any of
 * them needs, once, and keeps the last batches; each scan sees its own columns of them. They need not
 * be at the same position: who comes to where another has been finds the batch still there, who is
 * elsewhere has one decoded of its own. So a hundred queries over one topic cost one decode while they
 * keep up with one another. */
#include "engine/run/task.h"

#define SHARED_BATCHES 16 /* decoded ones that are kept: two rounds of a live run */

struct weir_share {
    weir_share *next;
    weir_scan *scans;       /* list by next_shared */
    weir_decoder *decoder;  /* NULL: to be made with the next fill */
    weir_schema schema;     /* columns that some scan needs; in `arena` with the rest */
    weir_arena arena;
    weir_decoded batches[SHARED_BATCHES];
    uint32_t last;          /* the batch that was filled last */
};

static const weir_source *source_of(const weir_scan *s)
{
    return s->node->scan.source;
}

static bool throws(const weir_scan *s)
{
    return weir_task_settings(s->task)->timestamp_throw_on_invalid;
}

/* The same declaration of the same stream, decoded by the same thread. */
static bool alike(const weir_scan *a, const weir_scan *b)
{
    const weir_source *x = source_of(a);
    const weir_source *y = source_of(b);
    return a->topic == b->topic && a->partition == b->partition &&
           a->task->worker == b->task->worker && throws(a) == throws(b) && x->version == y->version &&
           weir_sv_eq(x->name, y->name) && weir_sv_eq(x->sql, y->sql);
}

/* The same column of the source, or the same pseudo column. */
static bool same_column(const weir_schema *a, const int32_t *read_a, uint32_t i, const weir_schema *b,
                        const int32_t *read_b, uint32_t k)
{
    return read_a[i] == read_b[k] && (read_a[i] >= 0 || a->cols[i].role == b->cols[k].role);
}

/* Schema and reading list of the columns that some scan of the share needs. */
static const int32_t *unite(weir_share *sh)
{
    uint32_t most = 0;
    for (const weir_scan *s = sh->scans; s; s = s->next_shared) {
        most += s->node->schema->n;
    }
    weir_column *cols = WEIR_NEW_N(&sh->arena, weir_column, most);
    int32_t *read = WEIR_NEW_N(&sh->arena, int32_t, most);
    sh->schema = (weir_schema){.cols = cols};
    for (weir_scan *s = sh->scans; s; s = s->next_shared) {
        s->columns = WEIR_NEW_N(&sh->arena, uint32_t, s->node->schema->n);
        for (uint32_t i = 0; i < s->node->schema->n; i++) {
            uint32_t k = 0;
            while (k < sh->schema.n &&
                   !same_column(s->node->schema, s->node->scan.read, i, &sh->schema, read, k)) {
                k++;
            }
            if (k == sh->schema.n) {
                cols[k] = s->node->schema->cols[i];
                read[k] = s->node->scan.read[i];
                sh->schema.n++;
            }
            s->columns[i] = k;
        }
    }
    return read;
}

static void drop_decoder(weir_share *sh)
{
    for (uint32_t i = 0; i < SHARED_BATCHES; i++) {
        WEIR_ASSERT(sh->batches[i].users == 0);
        weir_decoded_reset(&sh->batches[i]);
    }
    weir_decoder_free(sh->decoder);
    sh->decoder = NULL;
    weir_arena_reset(&sh->arena);
}

static weir_decoder_spec spec_of(const weir_scan *s)
{
    const weir_engine *e = s->task->engine;
    return (weir_decoder_spec){
        .source = source_of(s),
        .schema = s->node->schema,
        .read = s->node->scan.read,
        .topic = s->topic,
        .partition = s->partition,
        .formats = e->config.formats,
        .zones = s->task->zones,
        .seq = e->config.order == WEIR_ORDER_SEQ,
        .throw_on_bad_time = throws(s),
    };
}

static weir_rc make_decoder(weir_share *sh, weir_status *st)
{
    weir_decoder_spec spec = spec_of(sh->scans);
    if (sh->scans->next_shared) {
        spec.read = unite(sh);
        spec.schema = &sh->schema;
    } else {
        sh->scans->columns = NULL; /* alone: the batch as it is */
    }
    return weir_decoder_new(&spec, &sh->decoder, st);
}

weir_rc weir_scan_open(weir_scan *s, weir_status *st)
{
    weir_engine *e = s->task->engine;
    weir_share *sh = e->shares;
    while (sh && !alike(sh->scans, s)) {
        sh = sh->next;
    }
    if (!sh) {
        sh = weir_zalloc(sizeof *sh);
        weir_arena_init(&sh->arena);
        for (uint32_t i = 0; i < SHARED_BATCHES; i++) {
            weir_decoded_init(&sh->batches[i]);
        }
        sh->next = e->shares;
        e->shares = sh;
    }
    s->share = sh;
    s->next_shared = sh->scans;
    sh->scans = s;
    drop_decoder(sh);
    return make_decoder(sh, st); /* now, to learn whether it can be made */
}

void weir_scan_release(weir_scan *s)
{
    if (s->decoded) {
        s->decoded->users--;
    }
    s->decoded = NULL;
    s->batch = NULL;
}

void weir_scan_close(weir_scan *s)
{
    weir_share *sh = s->share;
    if (!sh) {
        return;
    }
    weir_scan_release(s);
    weir_scan **at = &sh->scans;
    while (*at != s) {
        at = &(*at)->next_shared;
    }
    *at = s->next_shared;
    drop_decoder(sh);
    if (!sh->scans) {
        weir_share **link = &s->task->engine->shares;
        while (*link != sh) {
            link = &(*link)->next;
        }
        *link = sh->next;
        for (uint32_t i = 0; i < SHARED_BATCHES; i++) {
            weir_decoded_deinit(&sh->batches[i]);
        }
        weir_arena_deinit(&sh->arena);
        weir_free(sh);
    }
}

weir_rc weir_scan_peek(const weir_scan *s, uint32_t most, int64_t until, uint32_t *n, int64_t *newest,
                       weir_status *st)
{
    int64_t at = s->next;
    *n = 0;
    *newest = INT64_MIN;
    while (*n < most && at < weir_topic_readable(s->topic, s->partition, at)) {
        weir_chunk *c = NULL;
        WEIR_TRY(weir_topic_read(s->topic, s->partition, at, &c, st));
        if (!c) {
            return WEIR_OK;
        }
        uint32_t i = weir_chunk_seek(c, at);
        for (; i < c->n && *n < most && c->recs[i].timestamp <= until; i++) {
            *newest = weir_max64(*newest, c->recs[i].timestamp);
            ++*n;
        }
        at = weir_chunk_end(c);
        bool ended = i < c->n;
        weir_chunk_unref(c);
        if (ended) {
            return WEIR_OK;
        }
    }
    return WEIR_OK;
}

/* The batch of these records, decoded before or now. */
static weir_decoded *obtain(weir_scan *s, uint32_t want)
{
    weir_share *sh = s->share;
    weir_status st;
    weir_status_reset(&st);
    if (!sh->decoder && make_decoder(sh, &st) != WEIR_OK) {
        weir_task_fail(s->task, "%s", st.msg);
        return NULL;
    }
    for (uint32_t i = 0; i < SHARED_BATCHES && s->columns; i++) {
        weir_decoded *d = &sh->batches[i];
        if (d->batch && d->from == s->next && d->batch->rows <= want &&
            (d->want == want || d->batch->rows == want)) {
            return d;
        }
    }
    /* Alone, the same memory serves each time and stays in the cache. */
    do {
        sh->last = s->columns ? (sh->last + 1) % SHARED_BATCHES : 0;
    } while (sh->batches[sh->last].users > 0);
    weir_decoded *d = &sh->batches[sh->last];
    if (!weir_decoder_fill(sh->decoder, s->next, want, d) && !d->error[0]) {
        s->next = d->next; /* markers of transactions, if anything */
        return NULL;
    }
    return d;
}

/* The scan's own columns of a shared batch. */
static void view(weir_scan *s, const weir_decoded *d)
{
    s->offsets = d->offsets;
    if (!s->columns) {
        s->batch = d->batch;
        return;
    }
    s->own = *d->batch;
    s->own.schema = s->node->schema;
    s->own.cols = s->own_cols;
    for (uint32_t i = 0; i < s->node->schema->n; i++) {
        s->own_cols[i] = d->batch->cols[s->columns[i]];
    }
    s->batch = &s->own;
}

bool weir_scan_fill(weir_scan *s, uint32_t want)
{
    weir_scan_release(s);
    if (s->held || s->next >= weir_topic_readable(s->topic, s->partition, s->next)) {
        return false;
    }
    weir_decoded *d = obtain(s, want < WEIR_BATCH_ROWS ? want : WEIR_BATCH_ROWS);
    if (!d) {
        return false;
    }
    if (d->error[0]) {
        weir_task_fail(s->task, "%s", d->error);
    }
    if (!d->batch) {
        return false;
    }
    s->next = d->next;
    for (uint32_t i = 0; i < d->n_bad; i++) {
        weir_task_problem(s->task, true, d->offsets[d->bad[i].row], source_of(s)->topic,
                          d->bad[i].reason);
    }
    s->read += d->batch->rows;
    s->bad += (uint64_t)(d->batch->rows - d->batch->nsel);
    d->users++;
    s->decoded = d;
    view(s, d);
    return true;
}
