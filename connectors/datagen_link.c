/* What cells say of other tables and columns: references, values that follow from others. A column
 * never depends on itself, so that writing it ends. */
#include "connectors/datagen_impl.h"

weir__dg_table *weir__dg_table_named(weir_datagen_spec *s, weir_sv name)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (weir_sv_ieq(s->tables[i].told.name, name)) {
            return &s->tables[i];
        }
    }
    return NULL;
}

int32_t weir__dg_field_named(const weir__dg_table *t, weir_sv name)
{
    for (uint32_t i = 0; i < t->n; i++) {
        if (weir_sv_ieq(t->fields[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}

#define DEPTH (2 * WEIR_DATAGEN_DEPTH_MAX) /* nested types count, too */

typedef struct linker {
    weir__dg_maker *m;
    weir_datagen_spec *s;
    weir__dg_table *t;
    weir__dg_field *f;
    weir__dg_cell *c;
    weir_status *st;
} linker;

static weir_rc column(linker *l, weir_sv name, int32_t *out)
{
    *out = weir__dg_field_named(l->t, name);
    return *out >= 0 ? WEIR_OK
                     : weir_fail(l->st, WEIR_EUSAGE, "there is no column " WEIR_SV_FMT,
                                 WEIR_SV_ARG(name));
}

/* ---- references ---- */

/* What is drawn is a row of the other table, of those that are there by then. */
static weir_rc link_draw(linker *l, const weir__dg_table *target)
{
    double s = 1;
    weir__dg_pick *p = &l->c->pick;
    weir_sv d = weir__dg_text(l->f, (weir_sv){0}, "distribution", WEIR_SV("uniform"));
    bool zipf = weir_sv_ieq(d, WEIR_SV("zipf"));
    p->n = target->told.rows;
    WEIR_TRY(weir__dg_number(l->f, (weir_sv){0}, "s", 0, 100, &s, l->st));
    WEIR_TRY(weir__dg_number(l->f, (weir_sv){0}, "hot.share", 0, 1, &p->hot_share, l->st));
    p->hot_n = p->hot_share > 0 ? 1 : 0;
    WEIR_TRY(weir__dg_count(l->f, (weir_sv){0}, "hot.size", 1, p->n ? p->n : 1, &p->hot_n, l->st));
    if ((zipf || p->hot_n) && (p->n == 0 || p->n > WEIR_DATAGEN_RANKS_MAX)) {
        return weir_fail(l->st, WEIR_EUSAGE, "zipf and hot rows are for tables with 1 to %d rows",
                         WEIR_DATAGEN_RANKS_MAX);
    }
    if (!zipf && !weir_sv_ieq(d, WEIR_SV("uniform"))) {
        return weir_fail(l->st, WEIR_EUSAGE, "distribution is uniform or zipf");
    }
    return zipf ? weir__dg_zipf_for(l->m, s, p->n, &p->alias, l->st) : WEIR_OK;
}

static weir_rc link_ref(linker *l)
{
    weir_sv name = weir__dg_text(l->f, (weir_sv){0}, "table", (weir_sv){0});
    weir_sv with = weir__dg_text(l->f, (weir_sv){0}, "with", (weir_sv){0});
    weir_sv col = weir__dg_text(l->f, (weir_sv){0}, "column", l->f->name);
    if (with.n) {
        WEIR_TRY(column(l, with, &l->c->with));
        weir__dg_field *other = &l->t->fields[l->c->with];
        if (l->t->cells[l->c->with].kind != WEIR__DG_REF ||
            weir__dg_find(other, (weir_sv){0}, "with")) {
            return weir_fail(l->st, WEIR_EUSAGE,
                             "with=" WEIR_SV_FMT ": that column refers to no row by itself",
                             WEIR_SV_ARG(with));
        }
        name = name.n ? name : weir__dg_text(other, (weir_sv){0}, "table", name);
        l->c->base = l->t->cells[l->c->with].base;
        l->c->scope = l->t->cells[l->c->with].scope;
    }
    weir__dg_table *target = weir__dg_table_named(l->s, name);
    if (!target) {
        return weir_fail(l->st, WEIR_EUSAGE, "there is no table \"" WEIR_SV_FMT "\"",
                         WEIR_SV_ARG(name));
    }
    l->c->table = (uint32_t)(target - l->s->tables);
    l->c->column = weir__dg_field_named(target, col);
    if (l->c->column < 0) {
        return weir_fail(l->st, WEIR_EUSAGE, "table " WEIR_SV_FMT " has no column " WEIR_SV_FMT,
                         WEIR_SV_ARG(name), WEIR_SV_ARG(col));
    }
    const weir__dg_cell *to = &target->cells[l->c->column];
    if (to->scope != WEIR__DG_ROW || to->kind == WEIR__DG_WALK || to->kind == WEIR__DG_SESSION ||
        to->when) {
        return weir_fail(l->st, WEIR_EUSAGE,
                         "columns that depend on sessions cannot be referred to");
    }
    if (!weir_type_eq(to->type, l->c->type)) {
        return weir_fail(l->st, WEIR_EUSAGE, "the type is not that of " WEIR_SV_FMT "." WEIR_SV_FMT,
                         WEIR_SV_ARG(name), WEIR_SV_ARG(col));
    }
    if (with.n) {
        l->c->pick = l->t->cells[l->c->with].pick;
        return WEIR_OK;
    }
    return link_draw(l, target);
}

/* A reference that others go with has its draw before they have it. */
static weir_rc link_of(linker *l)
{
    weir_sv of = weir__dg_text(l->f, (weir_sv){0}, "of", (weir_sv){0});
    weir_sv name;
    weir__dg_split(&of, ',', &name);
    WEIR_TRY(column(l, name, &l->c->column));
    if (l->c->kind == WEIR__DG_TIMES) {
        weir__dg_split(&of, ',', &name);
        WEIR_TRY(column(l, name, &l->c->with));
    }
    return WEIR_OK;
}

static weir_rc link_cell(linker *l)
{
    switch (l->c->kind) {
    case WEIR__DG_REF:
        return link_ref(l);
    case WEIR__DG_HASH:
    case WEIR__DG_TIMES:
        return link_of(l);
    case WEIR__DG_SESSION:
    case WEIR__DG_WALK:
        return l->t->walk ? WEIR_OK
                          : weir_fail(l->st, WEIR_EUSAGE, "sessions want a walk in the same table");
    case WEIR__DG_SEQUENCE:
    case WEIR__DG_UNIFORM:
    case WEIR__DG_REAL:
    case WEIR__DG_NORMAL:
    case WEIR__DG_LIST:
    case WEIR__DG_REGEX:
    case WEIR__DG_TEMPLATE:
    case WEIR__DG_UUID:
    case WEIR__DG_BOOL:
    case WEIR__DG_TIME:
    case WEIR__DG_TEXT:
    case WEIR__DG_NULL:
    case WEIR__DG_ARRAY:
    case WEIR__DG_MAP:
    case WEIR__DG_STRUCT:
        break;
    }
    return WEIR_OK;
}

/* How many bytes a cell writes at most, with all it depends on. Fails for one that depends on
 * itself, or on too many others, or gets too large: so writing it ends. */
static weir_rc measure(const weir_datagen_spec *s, uint32_t table, const weir__dg_cell *c, int left,
                       uint32_t *fuel, uint64_t *bytes, weir_status *st)
{
    const weir__dg_cell *cells = s->tables[table].cells;
    const weir__dg_cell *others[2] = {NULL, NULL};
    uint64_t more = 0;
    if (left == 0 || *fuel == 0) {
        return weir_fail(st, WEIR_EUSAGE,
                         "columns depend on themselves, or on too many others in a row");
    }
    --*fuel;
    *bytes = c->most;
    for (uint32_t i = 0; c->kind == WEIR__DG_STRUCT && i < c->type->n_fields; i++) {
        WEIR_TRY(measure(s, table, &c->children[i], left - 1, fuel, &more, st));
        *bytes += c->labels[i].n + more;
    }
    if (c->kind == WEIR__DG_ARRAY || c->kind == WEIR__DG_MAP) {
        WEIR_TRY(measure(s, table, c->children, left - 1, fuel, &more, st));
        *bytes += (more + 32) * ((uint64_t)c->first + c->pick.n);
    }
    for (uint32_t i = 0; i < c->n_parts; i++) {
        if (c->parts[i].column >= 0) {
            WEIR_TRY(measure(s, table, &cells[c->parts[i].column], left - 1, fuel, &more, st));
            *bytes += more;
        }
    }
    if (c->kind == WEIR__DG_REF) {
        table = c->table;
        others[0] = &s->tables[table].cells[c->column];
    } else if (c->kind == WEIR__DG_HASH || c->kind == WEIR__DG_TIMES) {
        others[0] = &cells[c->column];
        others[1] = c->with >= 0 ? &cells[c->with] : NULL;
    }
    for (int i = 0; i < 2 && others[i]; i++) {
        WEIR_TRY(measure(s, table, others[i], left - 1, fuel, &more, st));
        *bytes += more;
    }
    return *bytes <= WEIR_DATAGEN_CELL_MAX
               ? WEIR_OK
               : weir_fail(st, WEIR_ELIMIT,
                           "values may get larger than %d bytes (WEIR_DATAGEN_CELL_MAX)",
                           WEIR_DATAGEN_CELL_MAX);
}

weir_rc weir__dg_link(weir__dg_maker *m, weir_status *st)
{
    weir_datagen_spec *s = m->spec;
    for (int round = 0; round < 2; round++) { /* first those that others go with */
        for (uint32_t t = 0; t < s->n; t++) {
            for (uint32_t i = 0; i < s->tables[t].n; i++) {
                linker l = {.m = m,
                            .s = s,
                            .t = &s->tables[t],
                            .f = &s->tables[t].fields[i],
                            .c = &s->tables[t].cells[i],
                            .st = st};
                bool second = weir__dg_find(l.f, (weir_sv){0}, "with") != NULL;
                if (second == (round == 1) && link_cell(&l) != WEIR_OK) {
                    return weir_wrap(st, "column " WEIR_SV_FMT, WEIR_SV_ARG(l.f->name));
                }
            }
        }
    }
    for (uint32_t t = 0; t < s->n; t++) {
        for (uint32_t i = 0; i < s->tables[t].n; i++) {
            const weir__dg_field *f = &s->tables[t].fields[i];
            uint32_t fuel = 10000;
            uint64_t bytes;
            if (measure(s, t, &s->tables[t].cells[i], DEPTH, &fuel, &bytes, st) != WEIR_OK ||
                weir__dg_check_used(f, s->tables[t].cells[i].kind, st) != WEIR_OK) {
                return weir_wrap(st, "column " WEIR_SV_FMT, WEIR_SV_ARG(f->name));
            }
        }
    }
    return WEIR_OK;
}
