/* Changes in words: what happens to each thing, why, and what becomes of its state and its topic. */
#include "engine/server/deploy_impl.h"

static const char *kind_of(const weir__unit *u)
{
    switch (u->kind) {
    case WEIR__UNIT_SOURCE:
        return u->table ? "table" : "stream";
    case WEIR__UNIT_QUERY:
        return "query";
    case WEIR__UNIT_ROWS:
        return "rows";
    case WEIR__UNIT_TYPE:
        return "type";
    case WEIR__UNIT_CONNECTOR:
        return "connector";
    case WEIR__UNIT_SETTING:
        return "setting";
    }
    WEIR_UNREACHABLE();
}

static void push(weir_deploy *d, weir_change c)
{
    WEIR_PUSH(&d->arena, d->changes, d->n_changes, d->cap_changes, c);
}

static void list_word(weir_buf *out, weir_sv word)
{
    weir_buf_str(out, out->n ? ", " : "");
    weir_buf_sv(out, word);
}

static weir_sv finish(weir_deploy *d, weir_buf *text)
{
    weir_sv kept = weir_arena_sv(&d->arena, weir_buf_view(text));
    weir_buf_deinit(text);
    return kept;
}

static weir_sv topics_read(weir_deploy *d, const weir_plan *p)
{
    weir_buf text = {0};
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->nodes[i]->kind == WEIR_N_SOURCE && !p->nodes[i]->scan.source->lookup.n) {
            list_word(&text, p->nodes[i]->scan.source->topic);
        }
    }
    return finish(d, &text);
}

/* Queries of what should be that read the result. */
static weir_sv readers(weir_deploy *d, weir_sv source)
{
    weir_buf text = {0};
    for (uint32_t i = 0; i < d->should.n; i++) {
        const weir__unit *u = d->should.units[i];
        bool reads = false;
        for (uint32_t k = 0; u->plan && k < u->plan->n; k++) {
            const weir_node *n = u->plan->nodes[k];
            reads |= n->kind == WEIR_N_SOURCE && weir_sv_eq(n->scan.source->name, source);
        }
        if (reads) {
            list_word(&text, u->name);
        }
    }
    return finish(d, &text);
}

/* Where a query begins that has no position. */
static weir_sv beginning(weir_deploy *d, const weir__unit *u)
{
    weir_sv topics = topics_read(d, u->plan);
    return u->start == WEIR_START_EARLIEST
               ? weir_arena_printf(&d->arena, "reads " WEIR_SV_FMT " from the beginning",
                                   WEIR_SV_ARG(topics))
           : u->start == WEIR_START_TIME
               ? weir_arena_printf(&d->arena, "reads " WEIR_SV_FMT " from weir.start.timestamp on",
                                   WEIR_SV_ARG(topics))
               : weir_arena_printf(&d->arena, "reads what comes into " WEIR_SV_FMT
                                   " from now on (auto.offset.reset is latest)", WEIR_SV_ARG(topics));
}

static weir_sv state_text(weir_deploy *d, const weir__unit *u)
{
    if (u->action == WEIR_REPLACE && u->other->connector) {
        return weir__loses_position(u->other) ? WEIR_SV("its connector's position is forgotten")
                                              : WEIR_SV("its connector's position is kept");
    }
    bool state = u->plan && weir__keeps_state(u->plan);
    weir_sv from = u->plan ? beginning(d, u) : (weir_sv){0};
    const char *goes_on = u->adopted ? "kept: query files that ran here have started it"
                                     : "kept: it goes on where it is";
    switch (u->state) {
    case WEIR_STATE_NONE:
        return u->takes_over ? WEIR_SV("it goes on where it is") : (weir_sv){0};
    case WEIR_STATE_KEPT:
        return u->takes_over || u->adopted ? weir_sv_cstr(goes_on) : (weir_sv){0};
    case WEIR_STATE_NEW:
        return from;
    case WEIR_STATE_REBUILT:
    case WEIR_STATE_LOST:
        return weir_arena_printf(&d->arena, "%s" WEIR_SV_FMT,
                                 !state                             ? "begins again: "
                                 : u->state == WEIR_STATE_REBUILT ? "lost and built again: "
                                                                  : "lost: ", WEIR_SV_ARG(from));
    }
    WEIR_UNREACHABLE();
}

static bool topic_was_there(const weir_deploy *d, weir_sv topic)
{
    return weir_catalog_topic_partitions(weir_session_catalog(d->is.session), topic) > 0;
}

static weir_sv topic_text(weir_deploy *d, const weir__unit *u)
{
    weir_arena *a = &d->arena;
    weir_sv topic = u->source ? u->source->topic : (weir_sv){0};
    if (u->source && u->source->lookup.n) {
        return weir_arena_printf(a, "looked up in " WEIR_SV_FMT, WEIR_SV_ARG(u->source->lookup));
    }
    if (u->kind == WEIR__UNIT_SOURCE && u->action == WEIR_CREATE) {
        return topic_was_there(d, topic)
                   ? weir_arena_printf(a, WEIR_SV_FMT " is there", WEIR_SV_ARG(topic))
                   : weir_arena_printf(a, WEIR_SV_FMT " is made", WEIR_SV_ARG(topic));
    }
    bool again = u->state == WEIR_STATE_REBUILT || u->state == WEIR_STATE_LOST;
    if (u->action != WEIR_REPLACE || !again) {
        return (weir_sv){0};
    }
    weir_sv who = readers(d, u->name);
    return weir_arena_printf(a, WEIR_SV_FMT " stays: results come behind the old ones%s" WEIR_SV_FMT,
                             WEIR_SV_ARG(topic), who.n ? ", also for " : "", WEIR_SV_ARG(who));
}

static weir_rc row_is_there(const weir_deploy *d, uint32_t at, bool *there)
{
    weir_status ignored;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < at; i++) {
        seen += weir_sv_eq(d->should.units[i]->text, d->should.units[at]->text);
    }
    *there = false;
    return d->config.store ? weir__journal_has(d->config.store, d->should.units[at]->text, seen, there,
                                               &ignored)
                           : WEIR_OK;
}

static weir_sv reason_of_new(const weir_deploy *d, uint32_t at)
{
    const weir__unit *u = d->should.units[at];
    bool there = false;
    if (u->kind == WEIR__UNIT_ROWS && row_is_there(d, at, &there) == WEIR_OK && there) {
        return WEIR_SV("has been inserted before: not again");
    }
    return u->kind == WEIR__UNIT_ROWS      ? WEIR_SV("to be inserted")
           : u->kind == WEIR__UNIT_SETTING ? WEIR_SV("new")
                                           : WEIR_SV("not there yet");
}

static void add_wanted(weir_deploy *d, uint32_t at)
{
    const weir__unit *u = d->should.units[at];
    weir_change c = {.action = u->action, .bundle = u->bundle, .kind = kind_of(u), .name = u->name,
                     .query = u->query_id, .state = u->state};
    if (u->other && u->other->connector) {
        c.state = weir__loses_position(u->other) ? WEIR_STATE_LOST : WEIR_STATE_KEPT;
    }
    c.reason = u->action == WEIR_CREATE ? reason_of_new(d, at) : u->reason;
    c.state_text = state_text(d, u);
    c.topic_text = topic_text(d, u);
    push(d, c);
}

static void add_dropped(weir_deploy *d, const weir__unit *u)
{
    bool state = u->plan && weir__keeps_state(u->plan);
    weir_change c = {.action = WEIR_DROP, .bundle = u->bundle, .kind = kind_of(u), .name = u->name,
                     .query = u->query_id, .reason = WEIR_SV("no longer in the bundle"),
                     .state = state ? WEIR_STATE_LOST : WEIR_STATE_NONE};
    c.state_text = state ? WEIR_SV("lost") : (weir_sv){0};
    if (u->connector) {
        c.state = WEIR_STATE_LOST;
        c.state_text = WEIR_SV("its connector's position is forgotten");
    }
    if (u->kind == WEIR__UNIT_ROWS) {
        c.topic_text = WEIR_SV("what was inserted stays");
    } else if (u->source && u->kind == WEIR__UNIT_SOURCE && !u->source->lookup.n) {
        c.topic_text = weir_arena_printf(&d->arena, WEIR_SV_FMT " stays", WEIR_SV_ARG(u->source->topic));
    }
    push(d, c);
}

/* Queries of files that were run here, which nobody wants now. */
static void add_orphans(weir_deploy *d)
{
    for (uint32_t i = 0; i < d->n_stored; i++) {
        bool known = d->stored[i].claimed;
        for (uint32_t k = 0; k < d->is.n; k++) {
            known |= weir_sv_eq(d->is.units[k]->query_id, d->stored[i].id);
        }
        if (!known) {
            d->differs = true;
            push(d, (weir_change){.action = WEIR_DROP, .kind = "query", .name = d->stored[i].id,
                                  .query = d->stored[i].id, .state = WEIR_STATE_LOST,
                                  .reason = WEIR_SV("of query files that ran here, not of a bundle"),
                                  .state_text = WEIR_SV("lost")});
        }
    }
}

void weir__deploy_words(weir_deploy *d)
{
    for (uint32_t i = 0; i < d->should.n; i++) {
        add_wanted(d, i);
    }
    for (uint32_t i = d->is.n; i-- > 0;) { /* who reads goes before what is read */
        if (!d->is.units[i]->other) {
            add_dropped(d, d->is.units[i]);
        }
    }
    add_orphans(d);
}
