/* Cutting a plan into stages. A stage runs on as many partitions as the topics it reads have; rows
 * that must change partition leave through an exchange:
 *
 *   - at a REKEY, unless both sides have one partition or the key is the same
 *   - into a foreign-key join, whose two inputs have different keys: it runs on one partition
 *
 * A re-keyed side of a join takes the partition count of the side that is read as it is stored. */
#include "engine/run/task.h"

static int32_t topic_partitions(const weir_query *q, const weir_node *source)
{
    weir_topic *t = weir_topics_find(q->engine->config.topics, source->scan.source->topic);
    return t && !q->engine->config.single_log ? weir_topic_partitions(t) : 1;
}

/* Whether the rows of `n` stand where their topic put them. */
static bool is_fixed(const weir_node *n)
{
    while (n->kind != WEIR_N_SOURCE) {
        if ((n->kind == WEIR_N_REKEY && !n->rekey.stays) || n->kind == WEIR_N_JOIN_FOREIGN) {
            return false;
        }
        if (n->n_inputs == 2 && !weir_node_looks_up(n)) {
            return is_fixed(n->in[0]) || is_fixed(n->in[1]);
        }
        n = n->in[0];
    }
    return true;
}

/* Partitions of the stage that `n` belongs to. */
static int32_t partitions_of(const weir_query *q, const weir_node *n)
{
    if (n->kind == WEIR_N_SOURCE) {
        return topic_partitions(q, n);
    }
    if (n->kind == WEIR_N_JOIN_FOREIGN) {
        return 1;
    }
    if (n->n_inputs == 1 || weir_node_looks_up(n)) {
        return partitions_of(q, n->in[0]);
    }
    int32_t left = partitions_of(q, n->in[0]);
    int32_t right = partitions_of(q, n->in[1]);
    if (is_fixed(n->in[0]) != is_fixed(n->in[1])) {
        return is_fixed(n->in[0]) ? left : right;
    }
    return left > right ? left : right;
}

typedef struct cutter {
    weir_query *q;
    weir_stage **stages; /* senders before receivers */
    uint32_t n, cap;
} cutter;

static void visit(cutter *c, weir_stage *stage, const weir_node *n);

static void add_input(cutter *c, weir_stage *stage, const weir_node *n, weir_stage *from)
{
    uint32_t cap = stage->cap_inputs;
    WEIR_PUSH(&c->q->arena, stage->inputs, stage->n_inputs, cap,
              ((weir_stage_input){.node = n, .from = from}));
    stage->cap_inputs = cap;
}

static weir_stage *new_stage(cutter *c, const weir_node *root, int32_t partitions)
{
    weir_stage *s = WEIR_NEW(&c->q->arena, weir_stage);
    s->query = c->q;
    s->root = root;
    s->partitions = partitions;
    return s;
}

static void visit_input(cutter *c, weir_stage *stage, const weir_node *n)
{
    int32_t partitions = partitions_of(c->q, n);
    bool moves = n->kind == WEIR_N_REKEY && !n->rekey.stays
                     ? partitions != 1 || stage->partitions != 1
                     : partitions != stage->partitions;
    if (!moves) {
        visit(c, stage, n);
        return;
    }
    weir_stage *from = new_stage(c, n, partitions);
    from->to = stage;
    visit(c, from, n);
    WEIR_PUSH(&c->q->arena, c->stages, c->n, c->cap, from);
    add_input(c, stage, n, from);
}

static void visit(cutter *c, weir_stage *stage, const weir_node *n)
{
    if (n->kind == WEIR_N_SOURCE) {
        add_input(c, stage, n, NULL);
        return;
    }
    uint32_t read = weir_node_looks_up(n) ? 1 : n->n_inputs;
    for (uint32_t i = 0; i < read; i++) {
        visit_input(c, stage, n->in[i]);
    }
}

weir_rc weir_query_cut(weir_query *q, weir_status *st)
{
    cutter c = {.q = q};
    const weir_node *sink = q->plan->sink;
    weir_stage *last = new_stage(&c, sink, partitions_of(q, sink));
    visit(&c, last, sink);
    WEIR_PUSH(&q->arena, c.stages, c.n, c.cap, last);
    q->stages = c.stages;
    q->n_stages = c.n;
    for (uint32_t i = 0; i < c.n; i++) {
        weir_stage *s = c.stages[i];
        s->index = i;
        if (s->partitions > WEIR_PARTITIONS_MAX) {
            return weir_fail(st, WEIR_ELIMIT, "%d partitions: at most %d (WEIR_PARTITIONS_MAX)",
                             s->partitions, WEIR_PARTITIONS_MAX);
        }
        for (uint32_t k = 0; k < s->n_inputs; k++) {
            const weir_stage_input *in = &s->inputs[k];
            if (!in->from && topic_partitions(q, in->node) != s->partitions) {
                return weir_fail(st, WEIR_ESQL,
                                 "topic " WEIR_SV_FMT " has %d partitions where %d are needed: "
                                 "the inputs of a join must have the same number of partitions",
                                 WEIR_SV_ARG(in->node->scan.source->topic),
                                 topic_partitions(q, in->node), s->partitions);
            }
        }
        s->tasks = WEIR_NEW_N(&q->arena, weir_task *, s->partitions);
    }
    return WEIR_OK;
}
