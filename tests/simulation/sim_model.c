/* See sim_model.h. */
#include "tests/simulation/sim_model.h"

#include "engine/base/buf.h"
#include "engine/base/hash.h"
#include "engine/run/hmap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct item {
    weir_sv group, key, value;
    int64_t timestamp; /* -1: any */
    size_t at;         /* in its series */
    bool optional;
} item;

typedef struct series {
    item *items;
    size_t n, cap;
} series;

typedef struct order {
    int32_t partition;
    int64_t offset;
    weir_sv key;
    int64_t timestamp;
    int p, n, v, g;
} order;

typedef struct model {
    const sim_checks *checks;
    weir_arena arena;
    char *problem;
    size_t problem_n;
} model;

static bool wrong(model *m, const char *name, const item *i, const char *what)
{
    snprintf(m->problem, m->problem_n,
             "%s, group " WEIR_SV_FMT ": %s " WEIR_SV_FMT " -> " WEIR_SV_FMT, name,
             WEIR_SV_ARG(i->group), what, WEIR_SV_ARG(i->key), WEIR_SV_ARG(i->value));
    return false;
}

static item *add(model *m, series *s, weir_sv group, weir_sv key, weir_sv value)
{
    WEIR_GROW(s->items, s->cap, s->n + 1);
    item *i = &s->items[s->n];
    *i = (item){.group = weir_arena_sv(&m->arena, group),
                .key = weir_arena_sv(&m->arena, key),
                .value = weir_arena_sv(&m->arena, value),
                .timestamp = -1,
                .at = s->n++};
    return i;
}

/* ---- comparing ---- */

static int by_group(const void *a, const void *b)
{
    const item *x = a;
    const item *y = b;
    int c = weir_sv_cmp(x->group, y->group);
    return c ? c : (x->at > y->at) - (x->at < y->at);
}

static void sort(series *s)
{
    if (s->n) {
        qsort(s->items, s->n, sizeof *s->items, by_group);
    }
}

static bool same(const item *a, const item *b)
{
    return weir_sv_eq(a->key, b->key) && weir_sv_eq(a->value, b->value) &&
           (a->timestamp < 0 || b->timestamp < 0 || a->timestamp == b->timestamp);
}

static size_t find(const item *items, size_t from, size_t to, const item *i)
{
    while (from < to && !same(&items[from], i)) {
        from++;
    }
    return from;
}

#define NEVER UINT32_MAX
#define REPEATED_MAX 2000 /* items of a group */

/* From cost[i], how often at least one has gone back to stand before want[i], to the same behind `is`. */
static void move(const item *want, size_t n, const item *is, uint32_t *cost, uint32_t *next)
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
static bool compare_repeated(model *m, const char *name, const item *want, size_t n, const item *is,
                             size_t n_is)
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
        item none = {.group = n ? want[0].group : is[0].group, .key = WEIR_SV("?")};
        return wrong(m, name, &none, least == NEVER ? "lost or wrong:" : "repeated too often:");
    }
    return true;
}

/* The items of one group: what must be there, and what is. */
static bool compare_group(model *m, const char *name, const item *want, size_t n, const item *is,
                          size_t n_is)
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
            return find(want, 0, next, &is[i]) < next ? wrong(m, name, &is[i], "twice:")
                   : find(want, next, n, &is[i]) < n  ? wrong(m, name, &want[at], "lost:")
                                                      : wrong(m, name, &is[i], "not in the model:");
        }
        next = at + 1;
    }
    while (next < n && want[next].optional) {
        next++;
    }
    return next == n || wrong(m, name, &want[next], "lost at the end:");
}

static size_t group_end(const series *s, size_t from)
{
    size_t to = from;
    while (to < s->n && weir_sv_eq(s->items[to].group, s->items[from].group)) {
        to++;
    }
    return to;
}

static bool compare(model *m, const char *name, series *want, series *is)
{
    sort(want);
    sort(is);
    size_t w = 0;
    size_t i = 0;
    bool good = true;
    while (good && (w < want->n || i < is->n)) {
        int c = w == want->n ? 1 : i == is->n ? -1 : weir_sv_cmp(want->items[w].group, is->items[i].group);
        size_t w_end = c <= 0 ? group_end(want, w) : w;
        size_t i_end = c >= 0 ? group_end(is, i) : i;
        good = compare_group(m, name, want->items + w, w_end - w, is->items + i, i_end - i);
        w = w_end;
        i = i_end;
    }
    weir_free(want->items);
    weir_free(is->items);
    return good;
}

/* ---- reading ---- */

static weir_sv text(char *to, const char *fmt, ...) WEIR_PRINTF(2, 3);
static weir_sv text(char *to, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(to, SIM_TEXT_MAX, fmt, ap);
    va_end(ap);
    WEIR_ASSERT(n >= 0 && n < SIM_TEXT_MAX);
    return weir_sv_of(to, (size_t)n);
}

/* The numbers of a record's value; how many there are. */
static int numbers(weir_sv value, int *out, int most)
{
    char copy[SIM_TEXT_MAX];
    char *at = copy;
    snprintf(copy, sizeof copy, WEIR_SV_FMT, WEIR_SV_ARG(value));
    int n = 0;
    while (n < most && *at) {
        char *end = at;
        out[n++] = (int)strtol(at, &end, 10);
        if (end == at) {
            return n - 1;
        }
        at = *end == ',' ? end + 1 : end;
    }
    return n;
}

typedef void (*visit)(void *ctx, int32_t partition, int64_t offset, const sim_record *r);

/* Every record of a topic that counts. */
static void each(const model *m, const char *topic, visit f, void *ctx)
{
    const sim_topic *t = sim_broker_topic(m->checks->broker, weir_sv_cstr(topic));
    for (int32_t p = 0; t && p < t->partitions; p++) {
        for (size_t i = 0; i < t->logs[p].n; i++) {
            if (sim_record_counts(m->checks->broker, &t->logs[p].records[i])) {
                f(ctx, p, (int64_t)i, &t->logs[p].records[i]);
            }
        }
    }
}

static int32_t partitions(const model *m)
{
    return sim_broker_topic(m->checks->broker, WEIR_SV("orders"))->partitions;
}

static weir_sv group_key(char *to, int g)
{
    uint32_t v = __builtin_bswap32((uint32_t)g);
    memcpy(to, &v, sizeof v);
    return weir_sv_of(to, sizeof v);
}

static int group_of(weir_sv key)
{
    uint32_t v = 0;
    memcpy(&v, key.p, key.n == sizeof v ? sizeof v : 0);
    return (int)__builtin_bswap32(v);
}

/* How the items of an output are grouped. */
typedef enum grouping {
    BY_PARTITION, /* their order in the partition is determined */
    BY_KEY,
    BY_ORIGIN,    /* by partition, and the partition that the record came from (2nd number) */
} grouping;

typedef struct reading {
    model *m;
    series *s;
    grouping how;
    bool timed;
} reading;

/* A key that can be printed. */
static weir_sv shown(char *to, weir_sv key)
{
    if (key.n == 4 && (unsigned char)key.p[0] < ' ') {
        return text(to, "#%d", group_of(key));
    }
    uint32_t n = key.n < SIM_TEXT_MAX / 2 ? key.n : SIM_TEXT_MAX / 2;
    uint32_t plain = 0;
    while (plain < n && key.p[plain] >= ' ') {
        plain++;
    }
    if (key.n == plain + 8) { /* a window's start follows */
        uint64_t start;
        memcpy(&start, key.p + plain, sizeof start);
        return text(to, "%.*s@%llu", (int)plain, key.p,
                    (unsigned long long)__builtin_bswap64(start));
    }
    return text(to, "%.*s", (int)n, key.p);
}

static void put(model *m, series *s, grouping how, int32_t partition, weir_sv key, weir_sv value,
                int64_t timestamp, int origin)
{
    char group[SIM_TEXT_MAX];
    char name[SIM_TEXT_MAX];
    weir_sv k = shown(name, key);
    weir_sv g = how == BY_PARTITION ? text(group, "%d", partition)
                : how == BY_ORIGIN  ? text(group, "%d<%d", partition, origin)
                                    : text(group, "%d:%.*s", partition, (int)k.n, k.p);
    add(m, s, g, k, value)->timestamp = timestamp;
}

static void read_one(void *ctx, int32_t partition, int64_t offset, const sim_record *r)
{
    (void)offset;
    reading *in = ctx;
    int at[2] = {0, 0};
    if (in->how == BY_ORIGIN) {
        const char *comma = r->value.n ? memchr(r->value.p, ',', r->value.n) : NULL;
        weir_sv rest = comma ? weir_sv_of(comma + 1, (size_t)(r->value.p + r->value.n - comma - 1))
                             : WEIR_SV("");
        (void)numbers(rest, at, 1);
    }
    put(in->m, in->s, in->how, partition, r->key, r->value.p ? r->value : WEIR_SV("(null)"),
        in->timed ? r->timestamp : -1, at[0]);
}

static series read_output(model *m, const char *topic, grouping how, bool timed)
{
    series s = {0};
    reading in = {m, &s, how, timed};
    each(m, topic, read_one, &in);
    return s;
}

typedef struct orders {
    model *m;
    order *items;
    size_t n, cap;
} orders;

static void take_order(void *ctx, int32_t partition, int64_t offset, const sim_record *r)
{
    orders *o = ctx;
    int at[4] = {0, 0, 0, 0};
    WEIR_GROW(o->items, o->cap, o->n + 1);
    (void)numbers(r->value, at, 4);
    o->items[o->n++] = (order){.partition = partition,
                               .offset = offset,
                               .key = r->key,
                               .timestamp = r->timestamp,
                               .p = at[0],
                               .n = at[1],
                               .v = at[2],
                               .g = at[3]};
}

/* Records of a topic with the columns p, n, v[, g]. */
static orders read_orders(model *m, const char *topic)
{
    orders o = {.m = m};
    each(m, topic, take_order, &o);
    return o;
}

static bool in_gap(const model *m, const order *o)
{
    for (size_t i = 0; i < m->checks->n_gaps; i++) {
        const sim_gap *g = &m->checks->gaps[i];
        if (g->partition == o->partition && o->offset >= g->from && o->offset < g->to) {
            return true;
        }
    }
    return false;
}

/* ---- the queries ---- */

static bool check_filter(model *m, const char *name, bool thirds)
{
    orders in = read_orders(m, "orders");
    series want = {0};
    char value[SIM_TEXT_MAX];
    for (size_t i = 0; i < in.n; i++) {
        const order *o = &in.items[i];
        if ((o->v % 3 == 0) == thirds) {
            put(m, &want, BY_PARTITION, o->partition, o->key,
                text(value, "%d,%d,%d", o->p, o->n, o->v), o->timestamp, 0);
            want.items[want.n - 1].optional = in_gap(m, o);
        }
    }
    weir_free(in.items);
    series is = read_output(m, name, BY_PARTITION, true);
    return compare(m, name, &want, &is);
}

static bool check_big_even(model *m)
{
    orders in = read_orders(m, "BIG");
    series want = {0};
    char value[SIM_TEXT_MAX];
    for (size_t i = 0; i < in.n; i++) {
        const order *o = &in.items[i];
        if (o->v % 2 == 0) {
            put(m, &want, BY_PARTITION, o->partition, o->key,
                text(value, "%d,%d,%d", o->p, o->n, 2 * o->v), o->timestamp, 0);
        }
    }
    weir_free(in.items);
    series is = read_output(m, "BIG_EVEN", BY_PARTITION, true);
    return compare(m, "BIG_EVEN", &want, &is);
}

static bool check_by_g(model *m)
{
    orders in = read_orders(m, "orders");
    series want = {0};
    char value[SIM_TEXT_MAX];
    char key[4];
    for (size_t i = 0; i < in.n; i++) {
        const order *o = &in.items[i];
        weir_sv k = group_key(key, o->g);
        put(m, &want, BY_ORIGIN, (int32_t)weir_partition_of(k, (uint32_t)partitions(m)), k,
            text(value, WEIR_SV_FMT ",%d,%d,%d", WEIR_SV_ARG(o->key), o->p, o->n, o->v), o->timestamp,
            o->p);
    }
    weir_free(in.items);
    series is = read_output(m, "BY_G", BY_ORIGIN, true);
    return compare(m, "BY_G", &want, &is);
}

typedef struct total {
    int64_t c, s;
    size_t last; /* item */
} total;

/* The table's next update of a key. One that is held back may be replaced by the next. */
static void count(model *m, series *want, weir_hmap *totals, int32_t partition, weir_sv key, int v)
{
    char value[SIM_TEXT_MAX];
    bool added;
    weir_buf id = {0};
    weir_buf_be32(&id, (uint32_t)partition);
    weir_buf_sv(&id, key);
    total *t = weir_hmap_insert(totals, weir_buf_view(&id), &added);
    weir_buf_deinit(&id);
    if (added) {
        *t = (total){0};
    } else if (m->checks->coalesce) {
        want->items[t->last].optional = true;
    }
    t->c++;
    t->s += v;
    t->last = want->n;
    put(m, want, m->checks->coalesce ? BY_KEY : BY_PARTITION, partition, key,
        text(value, "%lld,%lld", (long long)t->c, (long long)t->s), -1, 0);
}

static weir_hmap *totals_new(void)
{
    weir_hmap *totals = weir_hmap_new(sizeof(total));
    weir_hmap_track(totals, false);
    return totals;
}

static bool end_totals(model *m, const char *name, orders *in, series *want, weir_hmap *totals)
{
    weir_free(in->items);
    weir_hmap_free(totals, NULL, NULL);
    series is = read_output(m, name, m->checks->coalesce ? BY_KEY : BY_PARTITION, false);
    return compare(m, name, want, &is);
}

/* COUNT and SUM of what stands in `topic`, by its key. */
static bool check_totals(model *m, const char *name, const char *topic)
{
    orders in = read_orders(m, topic);
    series want = {0};
    weir_hmap *totals = totals_new();
    for (size_t i = 0; i < in.n; i++) {
        count(m, &want, totals, in.items[i].partition, in.items[i].key, in.items[i].v);
    }
    return end_totals(m, name, &in, &want, totals);
}

/* The same of BY_G, whose value begins with a text. */
static bool check_g_totals(model *m)
{
    orders in = read_orders(m, "BY_G");
    series want = {0};
    weir_hmap *totals = totals_new();
    const sim_topic *t = sim_broker_topic(m->checks->broker, WEIR_SV("BY_G"));
    for (size_t i = 0; i < in.n; i++) {
        const order *o = &in.items[i];
        weir_sv value = t->logs[o->partition].records[o->offset].value;
        uint32_t at = value.n;
        while (at > 0 && value.p[at - 1] != ',') {
            at--;
        }
        int v = 0;
        (void)numbers(weir_sv_of(value.p + at, value.n - at), &v, 1);
        count(m, &want, totals, o->partition, o->key, v);
    }
    return end_totals(m, "G_TOTALS", &in, &want, totals);
}

static bool check_windows(model *m)
{
    orders in = read_orders(m, "orders");
    series want = {0};
    weir_hmap *totals = totals_new();
    int64_t time = -1;
    for (size_t i = 0; i < in.n; i++) {
        const order *o = &in.items[i];
        time = i > 0 && in.items[i - 1].partition == o->partition ? time : -1;
        time = weir_max64(time, o->timestamp);
        int64_t start = o->timestamp / SIM_WINDOW_MS * SIM_WINDOW_MS;
        if (start + SIM_WINDOW_MS > time - SIM_GRACE_MS) {
            weir_buf key = {0};
            weir_buf_sv(&key, o->key);
            weir_buf_be64(&key, (uint64_t)start);
            count(m, &want, totals, o->partition, weir_buf_view(&key), o->v);
            weir_buf_deinit(&key);
        }
    }
    return end_totals(m, "WINDOWS", &in, &want, totals);
}

/* ---- what depends on how partitions or topics were merged ---- */

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;
    return (x > y) - (x < y);
}

/* One group of GROUPS: counts ascend by one, each update adds one order's v, each order once. */
static bool check_group(model *m, const item *is, size_t n, int *vs, size_t n_vs)
{
    int *added = weir_alloc(sizeof *added * (n + 1));
    int before[2] = {0, 0};
    uint32_t rewinds = m->checks->rewinds;
    bool good = true;
    int64_t sum = 0;
    size_t steps = 0;
    for (size_t i = 0; i < n && good; i++) {
        int now[2] = {0, 0};
        good = numbers(is[i].value, now, 2) == 2;
        if (now[0] <= before[0] && rewinds > 0) {
            rewinds--;
        } else if (m->checks->coalesce ? now[0] <= before[0] : now[0] != before[0] + 1) {
            good = false;
        } else {
            added[steps++] = now[1] - before[1];
        }
        memcpy(before, now, sizeof now);
        good = good || wrong(m, "GROUPS", &is[i], "does not follow:");
    }
    for (size_t i = 0; i < n_vs; i++) {
        sum += vs[i];
    }
    if (good && (before[0] != (int)n_vs || before[1] != sum)) {
        good = wrong(m, "GROUPS", &is[n - 1], "not the final value:");
    }
    if (good && steps == n && steps == n_vs) {
        qsort(added, steps, sizeof *added, compare_ints);
        qsort(vs, n_vs, sizeof *vs, compare_ints);
        good = memcmp(added, vs, sizeof *vs * n_vs) == 0 ||
               wrong(m, "GROUPS", &is[0], "an update is not of one order:");
    }
    weir_free(added);
    return good;
}

static bool check_groups(model *m)
{
    orders in = read_orders(m, "orders");
    series is = read_output(m, "GROUPS", BY_KEY, false);
    sort(&is);
    int *vs = weir_alloc(sizeof *vs * (in.n + 1));
    bool good = true;
    size_t seen = 0;
    for (size_t i = 0; i < is.n && good;) {
        size_t end = group_end(&is, i);
        int g = (int)strtol(is.items[i].key.p + 1, NULL, 10);
        char key[4];
        char group[SIM_TEXT_MAX];
        size_t n = 0;
        for (size_t k = 0; k < in.n; k++) {
            if (in.items[k].g == g) {
                vs[n++] = in.items[k].v;
            }
        }
        seen += n;
        weir_sv where = text(group, "%u:#%d", weir_partition_of(group_key(key, g), (uint32_t)partitions(m)), g);
        good = n > 0 && weir_sv_eq(where, is.items[i].group)
                   ? check_group(m, &is.items[i], end - i, vs, n)
                   : wrong(m, "GROUPS", &is.items[i], "not in the model:");
        i = end;
    }
    if (good && seen != in.n) {
        item none = {.group = WEIR_SV("-"), .key = WEIR_SV("?"), .value = WEIR_SV("?")};
        good = wrong(m, "GROUPS", &none, "a group is lost:");
    }
    weir_free(vs);
    weir_free(in.items);
    weir_free(is.items);
    return good;
}

/* The records of a key in users, up to `to`: the next version at or after *from with this value. */
static bool find_version(const model *m, int32_t partition, weir_sv key, weir_sv value, int64_t *from)
{
    const sim_topic *t = sim_broker_topic(m->checks->broker, WEIR_SV("users"));
    const sim_log *log = &t->logs[partition];
    /* *from: offset + 1 of the newest record known; 0: none. Its own version first. */
    for (int64_t at = *from; at <= (int64_t)log->n; at++) {
        weir_sv is = WEIR_SV("");
        int64_t last = at;
        while (last > 0 && !(sim_record_counts(m->checks->broker, &log->records[last - 1]) &&
                             weir_sv_eq(log->records[last - 1].key, key))) {
            last--;
        }
        if (last > 0 && log->records[last - 1].value.p) {
            is = log->records[last - 1].value;
        }
        if (weir_sv_eq(is, value)) {
            *from = at;
            return true;
        }
    }
    return false;
}

/* Each order once and in order, with a version of the table's row that is not older than the one before
 * of the same partition and than what was there at the start. */
static bool check_looked(model *m)
{
    orders in = read_orders(m, "orders");
    series is = read_output(m, "LOOKED", BY_PARTITION, true);
    series want = {0};
    char value[SIM_TEXT_MAX];
    for (size_t i = 0; i < in.n; i++) {
        const order *o = &in.items[i];
        put(m, &want, BY_PARTITION, o->partition, o->key, text(value, "%d,%d,%d", o->p, o->n, o->v),
            -1, 0);
    }
    int32_t partition = -1;
    int64_t known = 0;
    uint32_t rewinds = 0;
    bool good = true;
    for (size_t i = 0; i < is.n && good; i++) {
        item *o = &is.items[i];
        int32_t p = (int32_t)strtol(o->group.p, NULL, 10);
        uint32_t cut = o->value.n;
        while (cut > 0 && o->value.p[cut - 1] != ',') {
            cut--;
        }
        weir_sv un = weir_sv_of(o->value.p + cut, o->value.n - cut);
        o->value.n = cut ? cut - 1 : 0;
        o->timestamp = -1;
        if (p != partition) {
            known = m->checks->known_users;
            rewinds = m->checks->rewinds;
        }
        partition = p;
        good = find_version(m, p, o->key, un, &known);
        if (!good && rewinds > 0) { /* whether it went back there is judged below */
            rewinds--;
            known = m->checks->known_users;
            good = find_version(m, p, o->key, un, &known);
        }
        good = good || wrong(m, "LOOKED", o, "joined with a row that was not there:");
    }
    weir_free(in.items);
    if (!good) {
        weir_free(want.items);
        weir_free(is.items);
        return false;
    }
    return compare(m, "LOOKED", &want, &is);
}

/* A statement that is executed again after each restart inserts its record once. */
static bool check_inserts(model *m)
{
    orders in = read_orders(m, "orders");
    bool good = true;
    for (uint32_t i = 0; i < m->checks->inserts && good; i++) {
        uint32_t n = 0;
        for (size_t k = 0; k < in.n; k++) {
            n += in.items[k].n == (int)(SIM_INSERTED + i);
        }
        item none = {.group = WEIR_SV("k0"), .key = WEIR_SV("INSERT")};
        good = n == 1 || (n > 1 && m->checks->rewinds > 0) ||
               wrong(m, "orders", &none, n ? "twice:" : "lost:");
    }
    weir_free(in.items);
    return good;
}

static bool check_shape(model *m, sim_shape shape)
{
    switch (shape) {
    case SIM_BIG: return check_filter(m, "BIG", false);
    case SIM_BIG_EVEN: return check_big_even(m);
    case SIM_BIG_TOTALS: return check_totals(m, "BIG_TOTALS", "BIG");
    case SIM_BY_G: return check_by_g(m);
    case SIM_G_TOTALS: return check_g_totals(m);
    case SIM_TOTALS: return check_totals(m, "TOTALS", "orders");
    case SIM_WINDOWS: return check_windows(m);
    case SIM_GROUPS: return check_groups(m);
    case SIM_LOOKED: return check_looked(m);
    case SIM_REST: return check_filter(m, "REST", true);
    case SIM_SHAPES: break;
    }
    WEIR_UNREACHABLE();
}

bool sim_check(const sim_checks *c, char *problem, size_t n)
{
    model m = {.checks = c, .problem = problem, .problem_n = n};
    weir_arena_init(&m.arena);
    bool good = check_inserts(&m);
    for (int i = 0; i < SIM_SHAPES && good; i++) {
        good = !(c->shapes & 1u << i) || check_shape(&m, (sim_shape)i);
    }
    weir_arena_deinit(&m.arena);
    return good;
}
