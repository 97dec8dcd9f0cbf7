/* What must be there against what is. See sim_model.h. */
#include "tests/simulation/sim_model_impl.h"

#include <stdio.h>
#include <stdlib.h>

bool sim_wrong(sim_model *m, const char *name, const sim_item *i, const char *what)
{
    snprintf(m->problem, m->problem_n,
             "%s, group " WEIR_SV_FMT ": %s " WEIR_SV_FMT " -> " WEIR_SV_FMT, name,
             WEIR_SV_ARG(i->group), what, WEIR_SV_ARG(i->key), WEIR_SV_ARG(i->value));
    return false;
}

static sim_item *add(sim_model *m, sim_series *s, weir_sv group, weir_sv key, weir_sv value)
{
    WEIR_GROW(s->items, s->cap, s->n + 1);
    sim_item *i = &s->items[s->n];
    *i = (sim_item){.group = weir_arena_sv(&m->arena, group),
                .key = weir_arena_sv(&m->arena, key),
                .value = weir_arena_sv(&m->arena, value),
                .timestamp = -1,
                .at = s->n++};
    return i;
}

void sim_put(sim_model *m, sim_series *s, sim_grouping how, int32_t partition, weir_sv key,
             weir_sv value, int64_t timestamp, int origin)
{
    char group[SIM_TEXT_MAX];
    char name[SIM_TEXT_MAX];
    weir_sv k = sim_shown(name, key);
    weir_sv g = how == SIM_BY_PARTITION ? sim_text(group, "%d", partition)
                : how == SIM_BY_ORIGIN  ? sim_text(group, "%d<%d", partition, origin)
                : how == SIM_BY_ITEM    ? sim_text(group, "%d:%.*s:%.*s", partition, (int)k.n, k.p,
                                                   (int)value.n, value.p)
                                        : sim_text(group, "%d:%.*s", partition, (int)k.n, k.p);
    add(m, s, g, k, value)->timestamp = timestamp;
}

/* ---- comparing ---- */

static int by_group(const void *a, const void *b)
{
    const sim_item *x = a;
    const sim_item *y = b;
    int c = weir_sv_cmp(x->group, y->group);
    return c ? c : (x->at > y->at) - (x->at < y->at);
}

void sim_sort(sim_series *s)
{
    if (s->n) {
        qsort(s->items, s->n, sizeof *s->items, by_group);
    }
}

static bool same(const sim_item *a, const sim_item *b)
{
    return weir_sv_eq(a->key, b->key) && weir_sv_eq(a->value, b->value) &&
           (a->timestamp < 0 || b->timestamp < 0 || a->timestamp == b->timestamp);
}

static size_t find(const sim_item *items, size_t from, size_t to, const sim_item *i)
{
    while (from < to && !same(&items[from], i)) {
        from++;
    }
    return from;
}

#define NEVER UINT32_MAX
#define REPEATED_MAX 2000 /* items of a group */

/* From cost[i], how often at least one has gone back to stand before want[i], to the same behind `is`. */
static void move(const sim_item *want, size_t n, const sim_item *is, uint32_t *cost, uint32_t *next)
{
    uint32_t back = NEVER; /* the least cost behind j */
    for (size_t j = n + 1; j-- > 0;) {
        next[j] = back == NEVER ? NEVER : back + 1;
        back = cost[j] < back ? cost[j] : back;
    }
    uint32_t ahead = NEVER; /* … from where j is next, or all before it are optional */
    for (size_t j = 0; j < n; j++) {
        ahead = cost[j] < ahead ? cost[j] : ahead;
        uint32_t least = ahead < next[j] ? ahead : next[j];
        cost[j] = same(&want[j], is) ? least : NEVER;
        ahead = want[j].optional ? ahead : NEVER;
    }
    memcpy(next + 1, cost, sizeof *cost * n);
    next[0] = NEVER;
    memcpy(cost, next, sizeof *cost * (n + 1));
}

/* The same with repetitions. Items need not be unique (repetitions that another query has read), so
 * every way to read the output is followed. */
static bool compare_repeated(sim_model *m, const char *name, const sim_item *want, size_t n,
                             const sim_item *is, size_t n_is)
{
    uint32_t *cost = weir_alloc(sizeof *cost * (n + 1));
    uint32_t *next = weir_alloc(sizeof *next * (n + 1));
    for (size_t i = 0; i <= n; i++) {
        cost[i] = i ? NEVER : 0;
    }
    for (size_t i = 0; i < n_is; i++) {
        move(want, n, &is[i], cost, next);
    }
    uint32_t least = cost[n];
    for (size_t i = n; i-- > 0 && want[i].optional;) {
        least = cost[i] < least ? cost[i] : least;
    }
    weir_free(cost);
    weir_free(next);
    if (least > m->checks->rewinds) {
        sim_item none = {.group = n ? want[0].group : is[0].group, .key = WEIR_SV("?")};
        return sim_wrong(m, name, &none, least == NEVER ? "lost or wrong:" : "repeated too often:");
    }
    return true;
}

/* The items of one group: what must be there, and what is. */
static bool compare_group(sim_model *m, const char *name, const sim_item *want, size_t n,
                          const sim_item *is, size_t n_is)
{
    size_t next = 0;
    if (m->checks->rewinds > 0 && n < REPEATED_MAX) {
        return compare_repeated(m, name, want, n, is, n_is);
    }
    for (size_t i = 0; i < n_is; i++) {
        size_t at = next;
        while (at < n && want[at].optional && !same(&want[at], &is[i])) {
            at++;
        }
        if (at == n || !same(&want[at], &is[i])) {
            bool twice = find(want, 0, next, &is[i]) < next;
            bool later = find(want, next, n, &is[i]) < n;
            return sim_wrong(m, name, later && !twice ? &want[at] : &is[i],
                             twice ? "twice:" : later ? "lost:" : "not in the model:");
        }
        next = at + 1;
    }
    while (next < n && want[next].optional) {
        next++;
    }
    return next == n || sim_wrong(m, name, &want[next], "lost at the end:");
}

size_t sim_group_end(const sim_series *s, size_t from)
{
    size_t to = from;
    while (to < s->n && weir_sv_eq(s->items[to].group, s->items[from].group)) {
        to++;
    }
    return to;
}

bool sim_compare(sim_model *m, const char *name, sim_series *want, sim_series *is)
{
    sim_sort(want);
    sim_sort(is);
    size_t w = 0;
    size_t i = 0;
    bool good = true;
    while (good && (w < want->n || i < is->n)) {
        int c = w == want->n ? 1
                : i == is->n ? -1
                             : weir_sv_cmp(want->items[w].group, is->items[i].group);
        size_t w_end = c <= 0 ? sim_group_end(want, w) : w;
        size_t i_end = c >= 0 ? sim_group_end(is, i) : i;
        good = compare_group(m, name, want->items + w, w_end - w, is->items + i, i_end - i);
        w = w_end;
        i = i_end;
    }
    weir_free(want->items);
    weir_free(is->items);
    return good;
}
