/* Reading the logs. See sim_model.h. */
#include "tests/simulation/sim_model_impl.h"

#include "engine/base/hash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

weir_sv sim_text(char *to, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(to, SIM_TEXT_MAX, fmt, ap);
    va_end(ap);
    WEIR_ASSERT(n >= 0 && n < SIM_TEXT_MAX);
    return weir_sv_of(to, (size_t)n);
}

int sim_numbers(weir_sv value, int *out, int most)
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

weir_sv sim_cut(weir_sv value, weir_sv *behind)
{
    uint32_t at = value.n;
    while (at > 0 && value.p[at - 1] != ',') {
        at--;
    }
    *behind = weir_sv_of(value.p + at, value.n - at);
    return weir_sv_of(value.p, at ? at - 1 : 0);
}

void sim_each_of(const sim_model *m, const sim_topic *t, sim_visit f, void *ctx)
{
    for (int32_t p = 0; t && p < t->partitions; p++) {
        for (size_t i = 0; i < t->logs[p].n; i++) {
            if (sim_record_counts(m->checks->broker, &t->logs[p].records[i])) {
                f(ctx, p, (int64_t)i, &t->logs[p].records[i]);
            }
        }
    }
}

void sim_each(const sim_model *m, const char *topic, sim_visit f, void *ctx)
{
    sim_each_of(m, sim_broker_topic(m->checks->broker, weir_sv_cstr(topic)), f, ctx);
}

int32_t sim_partitions(const sim_model *m)
{
    return sim_broker_topic(m->checks->broker, WEIR_SV("orders"))->partitions;
}

weir_sv sim_group_key(char *to, int g)
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

typedef struct reading {
    sim_model *m;
    sim_series *s;
    sim_grouping how;
    bool timed;
} reading;

weir_sv sim_shown(char *to, weir_sv key)
{
    if (key.n == 4 && (unsigned char)key.p[0] < ' ') {
        return sim_text(to, "#%d", group_of(key));
    }
    uint32_t n = key.n < SIM_TEXT_MAX / 2 ? key.n : SIM_TEXT_MAX / 2;
    uint32_t plain = 0;
    while (plain < n && key.p[plain] >= ' ') {
        plain++;
    }
    if (key.n == plain + 8) { /* a window's start follows */
        uint64_t start;
        memcpy(&start, key.p + plain, sizeof start);
        return sim_text(to, "%.*s@%llu", (int)plain, key.p,
                    (unsigned long long)__builtin_bswap64(start));
    }
    return sim_text(to, "%.*s", (int)n, key.p);
}

static void read_one(void *ctx, int32_t partition, int64_t offset, const sim_record *r)
{
    (void)offset;
    reading *in = ctx;
    int at[2] = {0, 0};
    if (in->how == SIM_BY_ORIGIN) {
        const char *comma = r->value.n ? memchr(r->value.p, ',', r->value.n) : NULL;
        weir_sv rest = comma ? weir_sv_of(comma + 1, (size_t)(r->value.p + r->value.n - comma - 1))
                             : WEIR_SV("");
        (void)sim_numbers(rest, at, 1);
    }
    sim_put(in->m, in->s, in->how, partition, r->key, r->value.p ? r->value : WEIR_SV("(null)"),
            in->timed ? r->timestamp : -1, at[0]);
}

sim_series sim_read_output(sim_model *m, const char *topic, sim_grouping how, bool timed)
{
    sim_series s = {0};
    reading in = {m, &s, how, timed};
    sim_each(m, topic, read_one, &in);
    return s;
}

static void take_order(void *ctx, int32_t partition, int64_t offset, const sim_record *r)
{
    sim_orders *o = ctx;
    int at[4] = {0, 0, 0, 0};
    WEIR_GROW(o->items, o->cap, o->n + 1);
    (void)sim_numbers(r->value, at, 4);
    o->items[o->n++] = (sim_order){.partition = partition,
                                   .offset = offset,
                                   .key = r->key,
                                   .timestamp = r->timestamp,
                                   .p = at[0],
                                   .n = at[1],
                                   .v = at[2],
                                   .g = at[3]};
}

sim_orders sim_read_orders_of(sim_model *m, const sim_topic *t)
{
    sim_orders o = {.m = m};
    sim_each_of(m, t, take_order, &o);
    return o;
}

sim_orders sim_read_orders(sim_model *m, const char *topic)
{
    return sim_read_orders_of(m, sim_broker_topic(m->checks->broker, weir_sv_cstr(topic)));
}

