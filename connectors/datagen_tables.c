/* The last step to a spec: cells of all columns, and the cycle in which the rows of streams come.
 * Tables with an end come first, whole. Then all streams take turns by their weights, spread
 * evenly:
 *
 *   weights 3, 1, 1:   a b a c a   a b a c a   …
 *
 * so that row n of any stream, and what was there before it, is known without making the others. */
#include "connectors/datagen_impl.h"

#include "engine/data/json_text.h"

static weir_rc compile_table(weir__dg_maker *m, weir__dg_table *t, weir_status *st)
{
    weir_arena *a = m->a;
    t->cells = WEIR_NEW_N(a, weir__dg_cell, t->n + 1);
    t->labels = WEIR_NEW_N(a, weir_sv, t->n + 1);
    weir_datagen_column *told = WEIR_NEW_N(a, weir_datagen_column, t->n + 1);
    for (uint32_t i = 0; i < t->n; i++) {
        weir__dg_arg *kind = weir__dg_find(&t->fields[i], (weir_sv){0}, "kind");
        bool walks = kind ? weir_sv_ieq(kind->value, WEIR_SV("walk"))
                          : weir__dg_find(&t->fields[i], (weir_sv){0}, "steps") != NULL;
        if (walks && weir__dg_walk_compile(m, &t->fields[i], t, st) != WEIR_OK) {
            return weir_wrap(st, "column " WEIR_SV_FMT, WEIR_SV_ARG(t->fields[i].name));
        }
    }
    for (uint32_t i = 0; i < t->n; i++) {
        weir__dg_field *f = &t->fields[i];
        if (weir__dg_compile(m, t, f, &t->cells[i], st) != WEIR_OK) {
            return weir_wrap(st, "column " WEIR_SV_FMT, WEIR_SV_ARG(f->name));
        }
        weir_buf label = {0};
        weir_json_string(&label, f->name);
        t->labels[i] =
            weir_arena_printf(a, "," WEIR_SV_FMT ":", WEIR_SV_ARG(weir_buf_view(&label)));
        weir_buf_deinit(&label);
        t->n_keys += f->key;
        if (f->key || !f->hidden) {
            told[t->told.n_columns++] =
                (weir_datagen_column){.name = f->name, .type = f->type, .key = f->key};
        }
    }
    t->told.columns = told;
    return WEIR_OK;
}

/* Streams by weight, each as evenly as it goes: the one that is furthest behind has the next turn.
 */
static weir_rc make_cycle(weir_datagen_spec *s, bool wanted, weir__dg_slot **out, uint32_t *n_out,
                          weir_status *st)
{
    uint64_t sum = 0;
    int64_t behind[WEIR_DATAGEN_TABLES_MAX] = {0};
    uint32_t nth[WEIR_DATAGEN_TABLES_MAX] = {0};
    for (uint32_t t = 0; t < s->n; t++) {
        sum += s->tables[t].told.rows || (wanted && !s->tables[t].told.wanted)
                   ? 0
                   : s->tables[t].weight;
    }
    if (sum > WEIR_DATAGEN_CYCLE_MAX) {
        return weir_fail(st, WEIR_ELIMIT,
                         "the weights of all tables are more than %d (WEIR_DATAGEN_CYCLE_MAX)",
                         WEIR_DATAGEN_CYCLE_MAX);
    }
    weir__dg_slot *slots = WEIR_NEW_N(s->a, weir__dg_slot, sum + 1);
    for (uint32_t i = 0; i < sum; i++) {
        uint32_t best = UINT32_MAX;
        for (uint32_t t = 0; t < s->n; t++) {
            if (s->tables[t].told.rows || (wanted && !s->tables[t].told.wanted)) {
                continue;
            }
            behind[t] += (int64_t)s->tables[t].weight;
            best = best == UINT32_MAX || behind[t] > behind[best] ? t : best;
        }
        behind[best] -= (int64_t)sum;
        slots[i] = (weir__dg_slot){.table = best, .nth = nth[best]++};
    }
    *out = slots;
    *n_out = (uint32_t)sum;
    return WEIR_OK;
}

weir_rc weir__dg_tables_compile(weir__dg_maker *m, weir_status *st)
{
    weir_datagen_spec *s = m->spec;
    s->pure = s->duplicates <= 0 && !s->shop;
    for (uint32_t i = 0; i < s->n; i++) {
        weir__dg_table *t = &s->tables[i];
        t->base = weir_hash_u64(s->seed ^ weir_hash_sv(t->told.name));
        if (!s->shop && compile_table(m, t, st) != WEIR_OK) {
            return weir_wrap(st, "table " WEIR_SV_FMT, WEIR_SV_ARG(t->told.name));
        }
        s->pure = s->pure && !(t->walk && t->told.wanted);
        s->fixed_rows += t->told.wanted ? t->told.rows : 0;
    }
    WEIR_TRY(make_cycle(s, false, &s->cycle, &s->n_cycle, st));
    WEIR_TRY(make_cycle(s, true, &s->wanted, &s->n_wanted, st));
    for (uint32_t t = 0; t < s->n; t++) {
        s->tables[t].slots = WEIR_NEW_N(s->a, uint32_t, s->tables[t].weight + 1);
    }
    for (uint32_t i = 0; i < s->n_cycle; i++) {
        s->tables[s->cycle[i].table].slots[s->cycle[i].nth] = i;
    }
    return s->shop ? WEIR_OK : weir__dg_link(m, st);
}

uint64_t weir__dg_rows_before(const weir_datagen_spec *s, uint32_t table, const weir__dg_moment *m)
{
    const weir__dg_table *from = &s->tables[m->table];
    const weir__dg_table *to = &s->tables[table];
    if (from->told.rows || to->told.rows) {
        return to->told.rows;
    }
    uint32_t slot = from->slots[m->row % from->weight];
    uint32_t low = 0;
    uint32_t high = (uint32_t)to->weight;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (to->slots[middle] < slot) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return m->row / from->weight * to->weight + low;
}
