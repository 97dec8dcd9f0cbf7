/* Lanes: what feeds a task. One lane is pushed batch by batch; several are merged by order, by
 * pushing slices of their batches: a slice is the rows of one lane that come before the head of
 * every other. The batches stay as large as they were decoded; only selections get shorter. */
#include "engine/run/task.h"

typedef struct lane {
    weir_scan *scan;   /* or */
    weir_inbox *inbox;
    weir_batch *batch; /* being walked; NULL: empty */
    uint32_t at;       /* next selected row */
    uint32_t taken;    /* batches of the inbox */
    uint32_t budget;   /* records a scan may still read */
    int64_t from;      /* where the scan began */
    weir_op *to;
    uint32_t to_port;
} lane;

static const uint16_t *identity(void)
{
    static uint16_t rows[WEIR_BATCH_ROWS];
    static bool made;
    if (!made) { /* idempotent: every thread writes the same */
        for (uint32_t i = 0; i < WEIR_BATCH_ROWS; i++) {
            rows[i] = (uint16_t)i;
        }
        made = true;
    }
    return rows;
}

/* Headers are found by seq, which must ascend: rows of several senders in TIME order get new ones. */
static void number_rows(const weir_task *t, weir_batch *b)
{
    for (uint32_t i = 0; b->headers && t->engine->config.order == WEIR_ORDER_TIME && i < b->rows; i++) {
        b->seq[i] = i;
    }
}

/* Makes lane->batch the next one with selected rows. */
static bool lane_fill(weir_task *t, lane *l)
{
    while (!l->batch || l->at >= l->batch->nsel) {
        l->batch = NULL;
        l->at = 0;
        if (t->failed) {
            return false;
        }
        if (l->inbox) {
            if (l->taken == l->inbox->n_batches) {
                return false;
            }
            l->batch = l->inbox->batches[l->taken++];
            number_rows(t, l->batch);
            continue;
        }
        uint32_t want = t->engine->config.batch_rows ? t->engine->config.batch_rows
                                                     : WEIR_BATCH_ROWS;
        want = want < l->budget ? want : l->budget;
        if (want == 0 || !weir_scan_fill(l->scan, want)) {
            return false;
        }
        l->budget -= l->scan->batch->rows < l->budget ? l->scan->batch->rows : l->budget;
        l->batch = l->scan->batch;
    }
    return true;
}

static const int64_t *order_of(const weir_task *t, const weir_batch *b)
{
    return t->engine->config.order == WEIR_ORDER_SEQ ? b->seq : b->rowtime;
}

static int64_t head_key(const weir_task *t, const lane *l)
{
    return order_of(t, l->batch)[weir_batch_row(l->batch, l->at)];
}

/* Pushes `n` selected rows of the lane's batch. */
static void push_slice(weir_task *t, lane *l, uint32_t n)
{
    weir_batch *b = l->batch;
    weir_batch view = *b;
    weir_batch old;
    if (n < b->nsel) {
        view.sel = (b->sel ? b->sel : identity()) + l->at;
        view.nsel = (uint16_t)n;
    }
    view.arena = t->step;
    if (b->old) {
        old = *b->old;
        old.sel = view.sel;
        old.nsel = view.nsel;
        old.arena = t->step;
        view.old = &old;
    }
    t->current = l->scan;
    t->current_batch = &view;
    l->to->kind->push(l->to, l->to_port, &view);
    l->to->rows_in += n;
    l->at += n;
    t->current = NULL;
    t->current_batch = NULL;
    weir_arena_reset(t->step);
}

/* Selected rows of `l` from its head on that come before every other lane's head. */
static uint32_t slice_length(const weir_task *t, const lane *lanes, uint32_t n, uint32_t at)
{
    const lane *l = &lanes[at];
    const int64_t *key = order_of(t, l->batch);
    uint32_t left = l->batch->nsel - l->at;
    int64_t bound = INT64_MAX;
    bool ties = true;
    bool alone = true;
    for (uint32_t i = 0; i < n; i++) {
        if (i == at || !lanes[i].batch) {
            continue;
        }
        int64_t k = head_key(t, &lanes[i]);
        alone = false;
        if (k < bound) {
            bound = k;
            ties = at < i;
        } else if (k == bound && i < at) {
            ties = false;
        }
    }
    if (alone) {
        return left;
    }
    uint32_t run = 0;
    while (run < left) {
        int64_t k = key[weir_batch_row(l->batch, l->at + run)];
        if (k > bound || (k == bound && !ties)) {
            break;
        }
        run++;
    }
    return run;
}

/* Which side of the meeting operator a lane feeds. */
static uint32_t side_of(const lane *l, const weir_op *meeting)
{
    const weir_op *op = l->to;
    uint32_t port = l->to_port;
    while (op != meeting) {
        port = op->next_port;
        op = op->next;
    }
    return port;
}

/* Two lanes that meet in one operator: whole batches, merged in there. Row by row the same order as
 * slices would give. Records with headers go in slices, since headers are found by the batch. */
static bool push_held(weir_task *t, lane *lanes)
{
    weir_op *meeting = t->meeting;
    bool progress = false;
    bool headers = false;
    t->holds = true;
    while (!t->failed && !headers) {
        bool open[2] = {false, false};
        for (uint32_t i = 0; i < 2 && !t->failed; i++) {
            uint32_t side = side_of(&lanes[i], meeting);
            while (meeting->kind->held(meeting, side) == 0 && lane_fill(t, &lanes[i])) {
                progress = true;
                headers = lanes[i].batch->headers != NULL;
                if (headers) {
                    break;
                }
                push_slice(t, &lanes[i], lanes[i].batch->nsel - lanes[i].at);
            }
            open[side] = meeting->kind->held(meeting, side) > 0;
        }
        if ((!open[0] && !open[1]) || t->failed) {
            break;
        }
        if (headers) {
            open[0] = open[1] = false;
        }
        meeting->kind->walk(meeting, open, t->step);
        weir_arena_reset(t->step);
    }
    t->holds = false;
    return progress;
}

/* Gives back what was decoded and not pushed: the scan reads it again. */
static void rewind_lane(lane *l)
{
    if (l->scan && l->batch && l->at < l->batch->nsel) {
        uint32_t row = weir_batch_row(l->batch, l->at);
        l->scan->next = l->scan->offsets[row];
        l->scan->read -= l->batch->rows - row;
    }
    if (l->scan) {
        weir_scan_release(l->scan);
    }
}

/* What the scan can read now: records, and the largest time among them. False: nothing yet, and what
 * comes is not known. */
static weir_rc look_ahead(weir_scan *s, uint32_t rows, bool *settled, int64_t *newest,
                          weir_status *st)
{
    uint32_t n = 0;
    if (s->held) { /* reads nothing in this round: the table that it waits for must not wait for it */
        *settled = true;
        *newest = INT64_MAX;
        return WEIR_OK;
    }
    WEIR_TRY(weir_scan_peek(s, rows, INT64_MAX, &n, newest, st));
    if (n == 0) { /* markers of transactions, if anything */
        s->next = weir_max64(s->next, weir_topic_readable(s->topic, s->partition, s->next));
    }
    *settled = n > 0 || weir_topic_at_end(s->topic, s->partition, s->next);
    *newest = n > 0 ? *newest : INT64_MAX;
    return WEIR_OK;
}

/* A scan whose future is not known must not be overtaken by the others: all of them read up to the
 * time that it reaches in this round. While one may get something and has nothing, none reads. */
static void limit_budgets(weir_task *t, lane *lanes, uint32_t rows)
{
    int64_t until = INT64_MAX;
    bool settled = true;
    weir_status st;
    weir_status_reset(&st);
    weir_rc rc = WEIR_OK;
    for (uint32_t i = 0; i < t->n_scans && rc == WEIR_OK && settled; i++) {
        int64_t newest = INT64_MAX;
        rc = look_ahead(&t->scans[i], rows, &settled, &newest, &st);
        until = weir_min64(until, newest);
    }
    for (uint32_t i = 0; i < t->n_scans && rc == WEIR_OK; i++) {
        int64_t newest;
        lanes[i].budget = 0;
        rc = settled ? weir_scan_peek(&t->scans[i], rows, until, &lanes[i].budget, &newest, &st) : rc;
    }
    if (rc != WEIR_OK) {
        weir_task_fail(t, "%s", st.msg);
    }
}

static void open_lanes(weir_task *t, lane *lanes, uint32_t rows)
{
    for (uint32_t i = 0; i < t->n_scans; i++) {
        weir_scan *s = &t->scans[i];
        lanes[i] = (lane){
            .scan = s, .budget = rows, .from = s->next, .to = s->to, .to_port = s->to_port};
    }
    for (uint32_t i = 0; i < t->n_inboxes; i++) {
        weir_inbox *in = &t->inboxes[i];
        weir_parcel **got = weir_arena_alloc(&in->arena, sizeof *got * in->n_lanes);
        uint32_t n = 0;
        for (uint32_t k = 0; k < in->n_lanes; k++) {
            if (in->lanes[k]) {
                got[n++] = in->lanes[k];
            }
        }
        in->n_batches = n ? weir_parcels_merge(got, n, t->engine->config.order, &in->arena,
                                               &in->batches)
                          : 0;
        lanes[t->n_scans + i] = (lane){.inbox = in, .to = in->to, .to_port = in->to_port};
    }
}

bool weir_task_push_lanes(weir_task *t, uint32_t rows)
{
    uint32_t n = t->n_scans + t->n_inboxes;
    lane *lanes = weir_alloc(sizeof *lanes * n);
    open_lanes(t, lanes, rows);
    if (t->n_scans > 1 && t->engine->config.order == WEIR_ORDER_TIME) {
        limit_budgets(t, lanes, rows);
    }
    bool progress = t->meeting && push_held(t, lanes);
    while (!t->failed && !t->client_done) {
        uint32_t at = UINT32_MAX;
        int64_t least = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (!lane_fill(t, &lanes[i])) {
                continue;
            }
            int64_t k = n > 1 ? head_key(t, &lanes[i]) : 0;
            if (at == UINT32_MAX || k < least) {
                least = k;
                at = i;
            }
        }
        if (at == UINT32_MAX) {
            break;
        }
        progress = true;
        push_slice(t, &lanes[at], slice_length(t, lanes, n, at));
    }
    for (uint32_t i = 0; i < n; i++) {
        rewind_lane(&lanes[i]);
        progress |= lanes[i].scan && lanes[i].scan->next != lanes[i].from;
    }
    weir_free(lanes);
    return progress;
}
