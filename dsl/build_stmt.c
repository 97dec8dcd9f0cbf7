/* Types, clauses and statements of the syntax tree, made by the grammar's actions. */
#include "dsl/parser.h"
#include "dsl/sql.h"
#include "engine/data/number.h"

/* ---- types */

static weir_ast_type *new_type(weir__parser *p, weir_ast_type_kind kind, weir_span span)
{
    weir_ast_type *t = WEIR_NEW(p->a, weir_ast_type);
    t->kind = kind;
    t->depth = 1;
    t->span = span;
    return t;
}

static void deepen(weir__parser *p, weir_ast_type *t, const weir_ast_type *below)
{
    if (t->depth <= below->depth) {
        t->depth = (uint16_t)(below->depth + 1);
    }
    if (t->depth > WEIR_TYPE_DEPTH_MAX) {
        weir__error(p, WEIR_ELIMIT, t->span, "types are nested deeper than %d levels",
                    WEIR_TYPE_DEPTH_MAX);
    }
}

typedef struct scalar_name {
    weir_sv name;
    weir_ast_type_kind kind;
} scalar_name;

static const scalar_name scalars[] = {
    {{"BOOLEAN", 7}, WEIR_TY_BOOLEAN},     {{"INTEGER", 7}, WEIR_TY_INTEGER},
    {{"INT", 3}, WEIR_TY_INTEGER},         {{"BIGINT", 6}, WEIR_TY_BIGINT},
    {{"DOUBLE", 6}, WEIR_TY_DOUBLE},       {{"STRING", 6}, WEIR_TY_STRING},
    {{"VARCHAR", 7}, WEIR_TY_STRING},      {{"BYTES", 5}, WEIR_TY_BYTES},
    {{"DATE", 4}, WEIR_TY_DATE},           {{"TIME", 4}, WEIR_TY_TIME},
    {{"TIMESTAMP", 9}, WEIR_TY_TIMESTAMP},
};

static int32_t decimal_param(weir__parser *p, const weir_ast_expr *e, const char *name)
{
    if (e->kind != WEIR_X_INTEGER) {
        weir__error(p, WEIR_ESQL, e->span, "Value must be integer for command: DECIMAL(%s)", name);
        return 0;
    }
    return (int32_t)e->as.integer;
}

static weir_ast_type *decimal_type(weir__parser *p, const weir_ast_exprs *params, weir_span span)
{
    weir_ast_type *t = new_type(p, WEIR_TY_DECIMAL, span);
    if (!params || params->n != 2) {
        weir_diag *d =
            weir__error(p, WEIR_ESQL, span, "Syntax Error: DECIMAL needs a precision and a scale");
        weir__hint(p, d, "for example DECIMAL(10, 2)");
        return t;
    }
    t->precision = decimal_param(p, params->items[0], "PRECISION");
    t->scale = decimal_param(p, params->items[1], "SCALE");
    if (t->precision < 1) {
        weir__error(p, WEIR_ESQL, span, "DECIMAL precision must be >= 1: DECIMAL(%d,%d)",
                    t->precision, t->scale);
    } else if (t->scale < 0) {
        weir__error(p, WEIR_ESQL, span, "DECIMAL scale must be >= 0: DECIMAL(%d,%d)", t->precision,
                    t->scale);
    } else if (t->scale > t->precision) {
        weir__error(p, WEIR_ESQL, span, "DECIMAL precision must be >= scale: DECIMAL(%d,%d)",
                    t->precision, t->scale);
    } else if (t->precision > WEIR_DECIMAL_DIGITS_MAX) {
        weir__error(p, WEIR_ELIMIT, span, "a DECIMAL has at most %d digits",
                    WEIR_DECIMAL_DIGITS_MAX);
    }
    return t;
}

/* Parameters of other types (VARCHAR(10), VARCHAR(STRING)) mean nothing, as in ksqlDB. */
weir_ast_type *weir__type_named(weir__parser *p, weir_ast_ident name, const weir_ast_exprs *params,
                                weir_span span)
{
    if (!name.quoted && weir_sv_eq(name.name, WEIR_SV("DECIMAL"))) {
        return decimal_type(p, params, span);
    }
    for (uint32_t i = 0; params && i < params->n; i++) {
        const weir_ast_expr *e = params->items[i];
        bool is_string =
            e->kind == WEIR_X_COLUMN && weir_sv_eq(e->as.column.name.name, WEIR_SV("STRING"));
        if (!is_string &&
            !((e->kind == WEIR_X_INTEGER || e->kind == WEIR_X_BIGINT) && e->as.integer >= 0)) {
            weir_diag *d = weir__error(p, WEIR_ESQL, e->span, "Syntax Error: ");
            if (d) {
                d->expected = WEIR_SV("{'STRING', INTEGER_VALUE}");
            }
        }
    }
    for (size_t i = 0; i < WEIR_COUNT(scalars); i++) {
        if (weir_sv_ieq(name.name, scalars[i].name)) {
            return new_type(p, scalars[i].kind, span);
        }
    }
    weir_ast_type *t = new_type(p, WEIR_TY_CUSTOM, span);
    t->name = name;
    return t;
}

weir_ast_type *weir__type_nested(weir__parser *p, weir_ast_type_kind kind, weir_span span,
                                 weir_ast_type *key, weir_ast_type *item)
{
    weir_ast_type *t = new_type(p, kind, span);
    t->key = key;
    t->item = item;
    if (key) {
        deepen(p, t, key);
    }
    deepen(p, t, item);
    return t;
}

weir_ast_type *weir__type_struct(weir__parser *p, weir_span span, weir_ast_fields fields)
{
    weir_ast_type *t = new_type(p, WEIR_TY_STRUCT, span);
    t->fields = fields;
    for (uint32_t i = 0; i < fields.n; i++) {
        deepen(p, t, fields.items[i].type);
    }
    return t;
}

/* ---- queries */

weir_ast_query *weir__query(weir__parser *p)
{
    return WEIR_NEW(p->a, weir_ast_query);
}

static bool is_tail(const weir_ast_query *q, const weir_span *slot)
{
    return slot == &q->emit_span || slot == &q->limit_span || slot == &q->offset_span ||
           slot == &q->order_by_span;
}

void weir__clause(weir__parser *p, weir_ast_query *q, weir_span *slot, uint32_t from,
                  const char *name)
{
    weir_span span = weir__until_now(p, from);
    const struct {
        const weir_span *span;
        const char *name;
    } tail[] = {
        {&q->order_by_span, "ORDER BY"},
        {&q->emit_span, "EMIT"},
        {&q->limit_span, "LIMIT"},
        {&q->offset_span, "OFFSET"},
    };
    if (slot->n) {
        weir_text_pos first = weir_text_pos_of(p->text, slot->at);
        weir_diag *d = weir__error(p, WEIR_ESQL, span, "Syntax Error: a second %s clause", name);
        weir__hint(p, d, "the first one is at line %u:%u", first.line, first.col);
    }
    for (size_t i = 0; i < WEIR_COUNT(tail) && !is_tail(q, slot); i++) {
        if (tail[i].span->n) {
            weir__error(p, WEIR_ESQL, span, "Syntax Error: %s must stand before %s", name,
                        tail[i].name);
        }
    }
    *slot = span;
}

/* What stands behind the last branch belongs to the whole; the first query carries it. */
void weir__union(weir__parser *p, weir_ast_query *first, weir_ast_query *more)
{
    weir_span span = first->emit_span.n       ? first->emit_span
                     : first->order_by_span.n ? first->order_by_span
                     : first->limit_span.n    ? first->limit_span
                                              : first->offset_span;
    if (span.n) {
        weir__error(p, WEIR_ESQL, span,
                    "Syntax Error: ORDER BY, EMIT, LIMIT and OFFSET belong behind the last SELECT "
                    "of a UNION ALL");
    }
    first->emit = more->emit;
    first->emit_span = more->emit_span;
    first->order_by = more->order_by;
    first->order_by_span = more->order_by_span;
    first->has_limit = more->has_limit;
    first->limit = more->limit;
    first->limit_span = more->limit_span;
    first->has_offset = more->has_offset;
    first->offset = more->offset;
    first->offset_span = more->offset_span;
    more->emit = WEIR_EMIT_NONE;
    more->order_by = (weir_ast_orders){0};
    more->has_limit = more->has_offset = false;
    more->emit_span = more->order_by_span = more->limit_span = more->offset_span = (weir_span){0};
    first->span = weir__to(first->span, more->span);
    WEIR_PUSH(p->a, first->unions, first->n_unions, first->cap_unions, more);
}

void weir__join(weir__parser *p, weir_ast_rels *from, weir_ast_rel *r)
{
    if (r->kind == WEIR_REL_UNNEST && from->n == 0) {
        weir_diag *d =
            weir__error(p, WEIR_ESQL, r->span, "Syntax Error: UNNEST must be joined to a stream");
        weir__hint(p, d, "FROM orders o JOIN UNNEST(o.items) AS item");
    } else if (from->n > 0 && r->kind != WEIR_REL_UNNEST && !r->on) {
        weir_diag *d = weir__error(p, WEIR_ESQL, r->span, "Syntax Error: JOIN without ON");
        weir__hint(p, d, "say which columns must be equal: ON a.id = b.id");
    }
    WEIR_PUSH(p->a, from->items, from->n, from->cap, *r);
}

void weir__window_option(weir__parser *p, weir_ast_duration *slot, weir_ast_duration d,
                         const char *name)
{
    if (weir_ast_given(slot)) {
        weir__error(p, WEIR_ESQL, d.span, "Syntax Error: a second %s", name);
    }
    *slot = d;
}

weir_ast_pattern *weir__pattern(weir__parser *p, weir_ast_pattern_kind kind, weir_span span)
{
    weir_ast_pattern *t = WEIR_NEW(p->a, weir_ast_pattern);
    t->kind = kind;
    t->span = span;
    t->depth = 1;
    t->min = 1;
    t->max = 1;
    return t;
}

static void pattern_add(weir__parser *p, weir_ast_pattern *to, weir_ast_pattern *item)
{
    WEIR_PUSH(p->a, to->items, to->n, to->cap, item);
    if (to->depth <= item->depth) {
        to->depth = (uint16_t)(item->depth + 1);
    }
    if (++p->nodes > WEIR_EXPR_NODES_MAX) {
        weir__error(p, WEIR_ELIMIT, item->span, "the statement has more than %d expression nodes",
                    WEIR_EXPR_NODES_MAX);
    }
}

/* `a b c` and `a | b | c` are one node each. */
weir_ast_pattern *weir__pattern_join(weir__parser *p, weir_ast_pattern_kind kind,
                                     weir_ast_pattern *l, weir_ast_pattern *r)
{
    weir_ast_pattern *t = l;
    if (l->kind != kind || l->grouped) {
        t = weir__pattern(p, kind, l->span);
        pattern_add(p, t, l);
    }
    pattern_add(p, t, r);
    t->span = weir__to(l->span, r->span);
    return t;
}

/* Parentheses need a node of their own only around something that has a quantifier already. */
weir_ast_pattern *weir__pattern_group(weir__parser *p, weir_span span, weir_ast_pattern *t)
{
    if (t->min != 1 || t->max != 1 || t->reluctant) {
        weir_ast_pattern *inner = t;
        t = weir__pattern(p, WEIR_PATTERN_SEQ, span);
        pattern_add(p, t, inner);
    }
    t->grouped = true;
    t->span = span;
    return t;
}

/* ---- statements */

weir_ast_stmt *weir__stmt(weir__parser *p, weir_ast_stmt_kind kind)
{
    weir_ast_stmt *s = WEIR_NEW(p->a, weir_ast_stmt);
    s->kind = kind;
    return s;
}

weir_ast_stmt *weir__stmt_set(weir__parser *p, weir_ast_stmt_kind kind, weir_token name,
                              weir_token value)
{
    weir_ast_stmt *s = weir__stmt(p, kind);
    s->as.set.name = name.kind == WEIR_TK_STRING ? weir__unquote(p, name.text) : name.text;
    s->as.set.name_span = name.span;
    s->as.set.value = weir__unquote(p, value.text);
    s->as.set.value_span = value.span;
    return s;
}

void weir__column(weir__parser *p, weir_ast_columns *to, weir_ast_column c)
{
    if (to->n == WEIR_COLUMNS_MAX) {
        weir__error(p, WEIR_ELIMIT, c.span, "a source has at most %d columns", WEIR_COLUMNS_MAX);
        return;
    }
    WEIR_PUSH(p->a, to->items, to->n, to->cap, c);
}

/* The whole statement was reduced: its `;` is the last token that was fed. */
void weir__finish(weir__parser *p, weir_ast_stmt *s)
{
    p->stmt = s;
}
