/* Tables behind the exchange inside of the engine: the updates of a group come from several partitions,
 * in an order that is open. So of each group the changes are known, and what is there in the end.
 * See sim_model.h. */
#include "tests/simulation/sim_model_impl.h"

#include "engine/base/hash.h"

#include <stdlib.h>

/* What an update adds to a count and a sum. */
typedef struct change {
    int c, s;
} change;

/* Of one group. */
typedef struct changes {
    change *items;
    size_t n, cap;
} changes;

static int compare_changes(const void *a, const void *b)
{
    const change *x = a;
    const change *y = b;
    int c = (x->c > y->c) - (x->c < y->c);
    return c ? c : (x->s > y->s) - (x->s < y->s);
}

static void add(changes *to, int c, int s)
{
    WEIR_GROW(to->items, to->cap, to->n + 1);
    to->items[to->n++] = (change){c, s};
}

static void sort_changes(changes *c)
{
    if (c->n) {
        qsort(c->items, c->n, sizeof *c->items, compare_changes);
    }
}

static change sum(const changes *c)
{
    change all = {0, 0};
    for (size_t i = 0; i < c->n; i++) {
        all.c += c->items[i].c;
        all.s += c->items[i].s;
    }
    return all;
}

/* The rows of one group, from the first. `grows`: counts only ascend. The steps between them are the
 * changes, in any order, unless some rows are held back or come again. */
static bool check_group(sim_model *m, const char *name, const sim_item *is, size_t n, changes *want,
                        bool grows)
{
    changes steps = {0};
    change before = {0, 0};
    change last = sum(want);
    uint32_t rewinds = m->checks->rewinds;
    bool good = true;
    for (size_t i = 0; i < n && good; i++) {
        int at[2] = {0, 0};
        good = sim_numbers(is[i].value, at, 2) == 2;
        change now = {at[0], at[1]};
        if (grows && now.c <= before.c && rewinds > 0) {
            rewinds--;
        } else {
            good = good && now.c >= 0 && (!grows || now.c > before.c);
            add(&steps, now.c - before.c, now.s - before.s);
        }
        before = now;
        good = good || sim_wrong(m, name, &is[i], "does not follow:");
    }
    if (good && (before.c != last.c || before.s != last.s)) {
        good = sim_wrong(m, name, &is[n - 1], "not the final value:");
    }
    bool all = m->checks->rewinds == 0 && !m->checks->coalesce;
    if (good && (all || steps.n > want->n) && m->checks->rewinds == 0) {
        sort_changes(&steps);
        sort_changes(want);
        good = (steps.n == want->n &&
                memcmp(steps.items, want->items, sizeof *steps.items * want->n) == 0) ||
               sim_wrong(m, name, &is[0], "its updates are not those of the input:");
    }
    weir_free(steps.items);
    return good;
}

/* All groups of an output; `want` has n of them. */
static bool check_all(sim_model *m, const char *name, changes *want, int n, bool grows)
{
    sim_series is = sim_read_output(m, name, SIM_BY_KEY, false);
    sim_sort(&is);
    bool good = true;
    int seen = 0;
    int known = 0;
    for (size_t i = 0; i < is.n && good;) {
        size_t end = sim_group_end(&is, i);
        int g = (int)strtol(is.items[i].key.p + 1, NULL, 10);
        char key[4];
        char group[SIM_TEXT_MAX];
        uint32_t p = weir_partition_of(sim_group_key(key, g), (uint32_t)sim_partitions(m));
        bool there = g >= 0 && g < n && want[g].n > 0 &&
                     weir_sv_eq(sim_text(group, "%u:#%d", p, g), is.items[i].group);
        good = there ? check_group(m, name, &is.items[i], end - i, &want[g], grows)
                     : sim_wrong(m, name, &is.items[i], "not in the model:");
        seen++;
        i = end;
    }
    for (int g = 0; g < n; g++) {
        known += want[g].n > 0;
        weir_free(want[g].items);
    }
    weir_free(is.items);
    sim_item none = {.group = WEIR_SV("-"), .key = WEIR_SV("?"), .value = WEIR_SV("?")};
    return good && (seen == known || sim_wrong(m, name, &none, "a group is lost:"));
}

bool sim_check_groups(sim_model *m)
{
    changes want[SIM_GROUPS_MAX] = {{0}};
    sim_orders in = sim_read_orders(m, "orders");
    for (size_t i = 0; i < in.n; i++) {
        const sim_order *o = &in.items[i];
        WEIR_ASSERT(o->g >= 0 && o->g < SIM_GROUPS_MAX);
        add(&want[o->g], 1, o->v);
    }
    weir_free(in.items);
    return check_all(m, "GROUPS", want, SIM_GROUPS_MAX, true);
}

typedef struct undoing {
    changes want[SIM_UN_GROUPS];
    weir_hmap *rows; /* the value of each key; 0: none */
} undoing;

static void take_user(void *ctx, int32_t partition, int64_t offset, const sim_record *r)
{
    (void)partition;
    (void)offset;
    undoing *u = ctx;
    bool fresh;
    int *row = weir_hmap_insert(u->rows, r->key, &fresh);
    int before = fresh ? 0 : *row;
    int now = 0;
    (void)sim_numbers(r->value, &now, r->value.p ? 1 : 0);
    *row = now;
    if (before && now && before % SIM_UN_GROUPS == now % SIM_UN_GROUPS) {
        add(&u->want[now % SIM_UN_GROUPS], 0, now - before);
        return;
    }
    if (before) {
        add(&u->want[before % SIM_UN_GROUPS], -1, -before);
    }
    if (now) {
        add(&u->want[now % SIM_UN_GROUPS], 1, now);
    }
}

/* Each row counts in the group of its newest value only. */
bool sim_check_by_un(sim_model *m)
{
    undoing u = {.rows = weir_hmap_new(sizeof(int))};
    weir_hmap_track(u.rows, false);
    sim_each(m, "users", take_user, &u);
    weir_hmap_free(u.rows, NULL, NULL);
    return check_all(m, "BY_UN", u.want, SIM_UN_GROUPS, false);
}
