/* Sessions: many are under way at the same time, each row is the next event of one of them. A
 * session goes from state to state by its odds and ends with what is left of them; another one
 * takes its place.
 *
 *   'view>add_to_cart:0.3 view>view:0.5 add_to_cart>purchase:0.4'
 *
 * The first state named is the one that sessions begin with. Whenever a session comes (back) to it,
 * its next item begins: a column of that scope keeps its value until then, so that what is viewed
 * is what is put into the cart and bought. */
#include "connectors/datagen_impl.h"

#define STEPS                                                                                      \
    "view>view:0.5 view>add_to_cart:0.3 add_to_cart>view:0.35 add_to_cart>purchase:0.4 "           \
    "purchase>view:0.1"

static bool state(weir__dg_walk_rule *r, weir_sv name, uint32_t *out)
{
    for (*out = 0; *out < r->n; ++*out) {
        if (weir_sv_eq(r->states[*out], name)) {
            return true;
        }
    }
    if (r->n == WEIR__DG_STATES_MAX || name.n == 0) {
        return false;
    }
    r->states[r->n++] = name;
    return true;
}

static weir_rc add_step(weir__dg_walk_rule *r, weir_arena *a, weir_sv step, weir_status *st)
{
    weir_sv rest = step;
    weir_sv from;
    weir_sv to;
    double odds = 0;
    uint32_t i;
    uint32_t k;
    bool good = weir__dg_split(&rest, '>', &from) && weir__dg_split(&rest, ':', &to) &&
                weir__dg_parse_double(weir_sv_trim(rest), &odds) && odds >= 0 && odds <= 1;
    if (!good) {
        return weir_fail(st, WEIR_EUSAGE,
                         "a step is FROM>TO:ODDS, as view>add_to_cart:0.3, not \"" WEIR_SV_FMT "\"",
                         WEIR_SV_ARG(step));
    }
    if (!state(r, weir_arena_sv(a, from), &i) || !state(r, weir_arena_sv(a, to), &k)) {
        return weir_fail(st, WEIR_EUSAGE, "steps have at most %d states, all with names",
                         WEIR__DG_STATES_MAX);
    }
    r->odds[i][k] = odds;
    double sum = 0;
    for (k = 0; k < r->n; k++) {
        sum += r->odds[i][k];
    }
    return sum <= 1 + 1e-9 ? WEIR_OK
                           : weir_fail(st, WEIR_EUSAGE, "the odds of what follows %s add up to %g",
                                       weir_arena_cstr(a, from), sum);
}

weir_rc weir__dg_walk_compile(weir__dg_maker *m, weir__dg_field *f, weir__dg_table *t,
                              weir_status *st)
{
    if (t->walk) {
        return weir_fail(st, WEIR_EUSAGE, "a table has one walk");
    }
    uint64_t sessions = 100;
    WEIR_TRY(
        weir__dg_count(f, (weir_sv){0}, "sessions", 1, WEIR_DATAGEN_SESSIONS_MAX, &sessions, st));
    weir__dg_walk_rule *r = WEIR_NEW(m->a, weir__dg_walk_rule);
    r->sessions = (uint32_t)sessions;
    r->base = weir_hash_u64(t->base ^ weir_hash_sv(WEIR_SV("walk")));
    weir_sv rest = weir__dg_text(f, (weir_sv){0}, "steps", WEIR_SV(STEPS));
    weir_sv step;
    while (weir__dg_split(&rest, ' ', &step)) {
        if (step.n) {
            WEIR_TRY(add_step(r, m->a, step, st));
        }
    }
    if (r->n == 0) {
        return weir_fail(st, WEIR_EUSAGE, "steps are missing");
    }
    t->walk = r;
    return WEIR_OK;
}

void weir__dg_walk_next(const weir__dg_walk_rule *rule, weir__dg_walk *w, weir__dg_moment *m)
{
    weir_rng r;
    weir_rng_seed(&r, weir__dg_seed(rule->base, m->row, 0));
    weir__dg_session *s = &w->slots[weir_rng_below(&r, rule->sessions)];
    uint32_t next = rule->n;
    if (s->open) {
        double u = weir_rng_unit(&r);
        for (next = 0; next < rule->n && u >= rule->odds[s->state][next]; next++) {
            u -= rule->odds[s->state][next];
        }
    }
    if (next == rule->n) {
        *s = (weir__dg_session){.session = w->begun++, .open = true};
    } else {
        s->state = next;
        s->item += next == 0;
    }
    m->session = s->session;
    m->item = s->item;
    m->state = s->state;
}
