/* What differs between the two models of a deployment, and what becomes of the queries. */
#include "engine/server/deploy_impl.h"

int64_t weir__number_of(weir_sv id, weir_sv *stem)
{
    uint32_t at = id.n;
    int64_t n = 0;
    while (at > 0 && id.p[at - 1] >= '0' && id.p[at - 1] <= '9') {
        at--;
    }
    *stem = weir_sv_of(id.p, at);
    for (uint32_t i = at; i < id.n && id.n - at < 18; i++) {
        n = n * 10 + (id.p[i] - '0');
    }
    return at < id.n && id.n - at < 18 && at > 0 && id.p[at - 1] == '_' ? n : -1;
}

static weir__stored_plan *stored_plan(const weir_deploy *d, weir_sv id)
{
    for (uint32_t i = 0; i < d->n_stored; i++) {
        if (weir_sv_eq(d->stored[i].id, id)) {
            return &d->stored[i];
        }
    }
    return NULL;
}

static void renumber(weir_deploy *d, weir__unit *u, uint64_t number)
{
    weir_sv stem;
    (void)weir__number_of(u->query_id, &stem);
    u->number = number;
    u->query_id = weir_arena_printf(&d->arena, WEIR_SV_FMT "%llu", WEIR_SV_ARG(stem),
                                    (unsigned long long)number);
}

bool weir__keeps_state(const weir_plan *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        weir_node_kind kind = p->nodes[i]->kind;
        if (kind == WEIR_N_AGGREGATE || kind == WEIR_N_JOIN_STREAM || kind == WEIR_N_JOIN_TABLE ||
            (kind == WEIR_N_JOIN_LOOKUP && !weir_node_looks_up(p->nodes[i])) || kind == WEIR_N_JOIN_FOREIGN ||
            (kind == WEIR_N_SOURCE && p->nodes[i]->scan.materialize)) {
            return true;
        }
    }
    return false;
}

bool weir__loses_position(const weir__unit *was)
{
    return was->connector && !(was->other && was->other->connector == was->connector);
}

/* A new query, which may be one that query files have started in this directory. */
static void new_query(weir_deploy *d, weir__unit *u)
{
    weir_sv stem;
    weir_sv other;
    (void)weir__number_of(u->query_id, &stem);
    u->state = WEIR_STATE_NEW;
    for (uint32_t i = 0; i < d->n_stored; i++) {
        weir__stored_plan *p = &d->stored[i];
        int64_t number = weir__number_of(p->id, &other);
        if (!p->claimed && weir_sv_eq(p->text, u->plan_text) &&
            (u->number == WEIR_NO_QUERY ? weir_sv_eq(p->id, u->query_id)
                                        : number >= 0 && weir_sv_eq(stem, other))) {
            if (u->number != WEIR_NO_QUERY) {
                renumber(d, u, (uint64_t)number);
            }
            u->adopted = true;
            u->state = WEIR_STATE_KEPT;
            return;
        }
    }
}

static weir_rc begin_again(weir_deploy *d, weir__unit *u, weir_status *st)
{
    u->state = u->start == WEIR_START_EARLIEST ? WEIR_STATE_REBUILT : WEIR_STATE_LOST;
    if (u->number == WEIR_NO_QUERY) {
        return weir_fail(st, WEIR_EUSAGE, "query " WEIR_SV_FMT " changes so much that it begins again; "
                         "give it another QUERY_ID", WEIR_SV_ARG(u->query_id));
    }
    renumber(d, u, d->next++);
    return WEIR_OK;
}

static weir_rc compare_query(weir_deploy *d, weir__unit *u, weir_status *st)
{
    const weir__unit *was = u->other;
    const weir__stored_plan *stored = stored_plan(d, was->query_id);
    weir_sv made_by = stored ? stored->text : was->plan_text;
    weir_status why;
    weir_status_reset(&why);
    bool same_id = weir_sv_eq(u->query_id, was->query_id);
    if (same_id && weir_sv_eq(u->plan_text, made_by)) {
        u->state = weir__keeps_state(u->plan) ? WEIR_STATE_KEPT : WEIR_STATE_NONE;
        return WEIR_OK;
    }
    u->action = WEIR_REPLACE;
    if (!weir_sv_eq(was->plan_text, made_by)) {
        u->reason = WEIR_SV("this version of weir plans it in another way");
    } else if (!same_id) {
        u->reason = WEIR_SV("it makes a table now, or no longer");
    } else if (weir_bind_replaces(was->source, was->plan, u->source, u->plan, &d->arena, &why) ==
               WEIR_OK) {
        u->reason = WEIR_SV("filters or columns change");
        u->state = weir__keeps_state(u->plan) ? WEIR_STATE_KEPT : WEIR_STATE_NONE;
        u->takes_over = true;
        return WEIR_OK;
    } else {
        u->reason = weir_arena_sv(&d->arena, weir_sv_cstr(why.msg));
    }
    return begin_again(d, u, st);
}

static weir_rc compare(weir_deploy *d, weir__unit *u, weir_status *st)
{
    const weir__unit *was = u->other;
    u->action = was ? WEIR_KEEP : WEIR_CREATE;
    if (was && was->plan && u->plan) {
        WEIR_TRY(compare_query(d, u, st));
    } else if (u->plan) {
        new_query(d, u);
    }
    if (was && u->action == WEIR_KEEP && !weir_sv_eq(u->canonical, was->canonical)) {
        u->action = WEIR_REPLACE;
        u->reason = was->plan && u->plan ? WEIR_SV("the statement changes, the query does not")
                                         : WEIR_SV("the statement changes");
    }
    weir__stored_plan *p = u->query_id.n ? stored_plan(d, u->query_id) : NULL;
    if (p) {
        p->claimed = true;
    }
    return WEIR_OK;
}

/* Queries that stay are nobody else's to take. */
static void claim_known(weir_deploy *d, bool claimed)
{
    for (uint32_t i = 0; i < d->is.n; i++) {
        weir__stored_plan *p =
            d->is.units[i]->query_id.n ? stored_plan(d, d->is.units[i]->query_id) : NULL;
        if (p) {
            p->claimed = claimed;
        }
    }
}

weir_rc weir__compare(weir_deploy *d, weir_status *st)
{
    claim_known(d, true);
    for (uint32_t i = 0; i < d->should.n; i++) {
        WEIR_TRY(compare(d, d->should.units[i], st));
    }
    claim_known(d, false);
    for (uint32_t i = 0; i < d->should.n; i++) {
        const weir__unit *u = d->should.units[i];
        weir__stored_plan *p = u->query_id.n ? stored_plan(d, u->query_id) : NULL;
        if (p) {
            p->claimed = true;
        }
        d->differs |= u->action != WEIR_KEEP;
    }
    return WEIR_OK;
}
