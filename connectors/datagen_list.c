/* Values of a list: `a, b, c`, a JSON array, or the lines of a file. Each is kept as it will be
 * written. */
#include "connectors/datagen_impl.h"

#include "engine/base/limits.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"
#include "engine/data/text.h"

typedef struct list {
    weir_arena *a;
    weir__dg_cell *cell;
    weir__dg_item *items;
    uint32_t n, cap;
} list;

static bool fits(const weir_type *type, weir_sv text, bool json)
{
    double number;
    switch (type->kind) {
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return true;
    case WEIR_T_BOOLEAN:
        return weir_sv_eq(text, WEIR_SV("true")) || weir_sv_eq(text, WEIR_SV("false"));
    case WEIR_T_INTEGER:
    case WEIR_T_BIGINT:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP:
        return weir__dg_parse_double(text, &number) && weir_sv_find(text, WEIR_SV("."), 0) < 0 &&
               weir_sv_find(text, WEIR_SV("e"), 0) < 0 && text.p[0] != '+';
    case WEIR_T_DOUBLE:
    case WEIR_T_DECIMAL:
        return weir__dg_parse_double(text, &number) && text.p[0] != '+' && text.p[0] != '.' &&
               text.p[text.n - 1] != '.';
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        return json;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    return false;
}

static weir_rc add(list *l, weir_sv text, bool json, weir_status *st)
{
    weir__dg_cell *c = l->cell;
    if (l->n == WEIR_DATAGEN_RANKS_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "more than %d values (WEIR_DATAGEN_RANKS_MAX)",
                         WEIR_DATAGEN_RANKS_MAX);
    }
    if (!fits(c->type, text, json) || !weir_utf8_valid(text)) {
        return weir_fail(st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\" does not fit the column's type",
                         WEIR_SV_ARG(text));
    }
    weir__dg_item item;
    item.plain = c->quoted ? weir_arena_printf(l->a, WEIR_SV_FMT WEIR_SV_FMT WEIR_SV_FMT,
                                               WEIR_SV_ARG(c->prefix), WEIR_SV_ARG(text),
                                               WEIR_SV_ARG(c->suffix))
                           : weir_arena_sv(l->a, text);
    item.json = item.plain;
    if (c->quoted) {
        weir_buf b = {0};
        weir_json_string(&b, item.plain);
        item.json = weir_arena_sv(l->a, weir_buf_view(&b));
        weir_buf_deinit(&b);
    }
    c->most = item.json.n > c->most ? item.json.n : c->most;
    WEIR_PUSH(l->a, l->items, l->n, l->cap, item);
    return WEIR_OK;
}

static weir_rc add_json(list *l, const weir_json_node *node, weir_status *st)
{
    for (uint32_t i = 0; i < node->n; i++) {
        const weir_json_node *v = &node->items[i];
        bool nested = v->kind == WEIR_JSON_ARRAY || v->kind == WEIR_JSON_OBJECT;
        weir_sv text = v->text;
        if (nested) {
            weir_buf b = {0};
            weir_json_print(&b, v, true);
            text = weir_arena_sv(l->a, weir_buf_view(&b));
            weir_buf_deinit(&b);
        }
        WEIR_TRY(add(l, text, nested, st));
    }
    return WEIR_OK;
}

static weir_rc read_values(list *l, weir_sv text, weir_status *st)
{
    weir_sv part;
    text = weir_sv_trim(text);
    if (text.n && text.p[0] == '[') {
        const weir_json_node *node;
        if (weir_json_parse(l->a, text, NULL, &node, st) != WEIR_OK ||
            node->kind != WEIR_JSON_ARRAY) {
            return weir_fail(st, WEIR_EUSAGE, "values that begin with [ are a JSON array");
        }
        return add_json(l, node, st);
    }
    while (weir__dg_split(&text, ',', &part)) {
        WEIR_TRY(add(l, part, false, st));
    }
    return WEIR_OK;
}

static weir_rc read_lines(list *l, weir__dg_maker *m, weir_sv path, weir_status *st)
{
    weir_sv text;
    weir_sv line;
    if (!m->request->read_file) {
        return weir_fail(st, WEIR_EUSAGE, "values from a file are not possible here");
    }
    WEIR_TRY(m->request->read_file(m->request->read_ctx, path, m->a, &text, st));
    while (weir__dg_split(&text, '\n', &line)) {
        if (line.n) {
            WEIR_TRY(add(l, line, false, st));
        }
    }
    return WEIR_OK;
}

static weir_rc read_weights(list *l, weir_sv text, weir_status *st)
{
    double *weights = weir_zalloc(sizeof *weights * l->n);
    double sum = 0;
    uint32_t n = 0;
    weir_sv part;
    bool good = true;
    while (good && weir__dg_split(&text, ',', &part)) {
        good = n < l->n && weir__dg_parse_double(part, &weights[n]) && weights[n] >= 0 &&
               weights[n] <= 1e12;
        sum += good ? weights[n] : 0;
        n++;
    }
    good = good && n == l->n && sum > 0;
    l->cell->pick.alias = good ? weir__dg_weighted(l->a, weights, n) : NULL;
    weir_free(weights);
    return good ? WEIR_OK
                : weir_fail(st, WEIR_EUSAGE, "weights wants one number for each of the %u values",
                            l->n);
}

weir_rc weir__dg_list(weir__dg_maker *m, weir__dg_field *f, weir_sv path, weir__dg_cell *out,
                      uint32_t *n, weir_status *st)
{
    list l = {.a = m->a, .cell = out};
    weir_sv file = weir__dg_text(f, path, "path", (weir_sv){0});
    weir_sv one = weir__dg_text(f, path, "value", (weir_sv){0});
    weir_sv values = weir__dg_text(f, path, "values", (weir_sv){0});
    weir_sv weights = weir__dg_text(f, path, "weights", (weir_sv){0});
    if (one.p && one.n && one.p[0] == '[') {
        WEIR_TRY(read_values(&l, one, st));
    } else if (one.p) {
        WEIR_TRY(add(&l, one, false, st));
    } else if (file.p) {
        WEIR_TRY(read_lines(&l, m, file, st));
    } else {
        WEIR_TRY(read_values(&l, values, st));
    }
    if (l.n == 0) {
        return weir_fail(st, WEIR_EUSAGE, "a list wants values");
    }
    if (weights.p) {
        WEIR_TRY(read_weights(&l, weights, st));
    }
    out->items = l.items;
    *n = l.n;
    return WEIR_OK;
}
