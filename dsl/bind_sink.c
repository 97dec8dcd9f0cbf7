/* Queries that write: CREATE … AS and INSERT INTO … SELECT, and the query behind a SOURCE TABLE. */
#include "dsl/binder.h"

#include "engine/data/text.h"

static const char *kind_word(bool table)
{
    return table ? "table" : "stream";
}

const weir_schema *weir__result_schema(const weir__query *q)
{
    const weir_schema *in = q->at->schema;
    weir_column *cols = WEIR_NEW_N(q->b->a, weir_column, in->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < in->n; i++) {
        if (in->cols[i].role == WEIR_COL_KEY || in->cols[i].role == WEIR_COL_VALUE) {
            cols[n++] = in->cols[i];
        }
    }
    weir_schema *s = WEIR_NEW(q->b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)n, .n_keys = in->n_keys, .cols = cols};
    return s;
}

typedef struct reads {
    weir_sv *names;
    uint32_t n, cap;
} reads;

static void add_reads(const weir__query *q, reads *r)
{
    for (uint32_t i = 0; i < q->n_sources; i++) {
        if (q->rels[i].query) {
            add_reads(q->rels[i].query, r);
            continue;
        }
        bool seen = false;
        for (uint32_t k = 0; k < r->n; k++) {
            seen = seen || weir_sv_eq(r->names[k], q->rels[i].source->name);
        }
        if (!seen) {
            weir_sv name = weir_arena_sv(q->b->a, q->rels[i].source->name);
            WEIR_PUSH(q->b->a, r->names, r->n, r->cap, name);
        }
    }
}

static void note_reads(const weir__query *q, weir_bound_create *c)
{
    reads r = {0};
    add_reads(q, &r);
    c->reads = r.names;
    c->n_reads = r.n;
}

static weir_node *sink_node(weir__query *q, const weir_source *to, weir_sv timestamp)
{
    weir_node *sink = weir__node(q, WEIR_N_SINK, q->at->schema, q->at);
    sink->sink.sink = to ? weir_source_copy(q->b->a, to) : NULL;
    sink->sink.limit = -1;
    sink->sink.timestamp_column = timestamp.n ? weir_schema_find(q->at->schema, timestamp) : -1;
    return sink;
}

/* ---------------------------------------------------------------- formats of a new sink */

static weir_rc sink_formats(weir__query *q, const weir__with *w, weir_source *sink)
{
    weir__binder *b = q->b;
    const weir_source *from = q->rels[0].source;
    weir_format_kind key = from->key_format.kind;
    weir_format_kind value = from->value_format.kind;
    if (w->has_key_format) {
        WEIR_TRY(weir__format_kind(b, w->key_format, w->key_format_span, &key));
    }
    if (w->has_value_format) {
        WEIR_TRY(weir__format_kind(b, w->value_format, w->value_format_span, &value));
    }
    bool no_key = q->partition_null;
    for (uint32_t i = 0; i < q->ast->partition_by.n; i++) {
        no_key = no_key || q->ast->partition_by.items[i]->kind == WEIR_X_NULL;
    }
    if (no_key && w->has_key_format && key != WEIR_FMT_NONE) {
        return weir__fail(b, w->key_format_span,
                          "Key format specified for stream without key columns.");
    }
    bool several = q->join && !q->grouped && sink->schema->n_keys > 1;
    if (no_key) {
        key = WEIR_FMT_NONE;
    } else if (several && !w->has_key_format && key == WEIR_FMT_KAFKA) {
        key = WEIR_FMT_JSON; /* joined on several columns: KAFKA holds one */
    } else if (!w->has_key_format && key == WEIR_FMT_NONE && sink->schema->n_keys) {
        WEIR_TRY(weir__default_key_format(b, &key));
    }
    WEIR_TRY(weir__format_spec(b, w, true, key, sink->name, &from->key_format, &sink->key_format));
    return weir__format_spec(b, w, false, value, sink->name, &from->value_format,
                             &sink->value_format);
}

/* ---------------------------------------------------------------- replacing a query */

static const weir_query_info *query_of(const weir__binder *b, weir_sv sink, uint32_t *n)
{
    const weir_query_info *found = NULL;
    *n = 0;
    for (uint32_t i = 0; i < weir_catalog_queries(b->catalog); i++) {
        const weir_query_info *q = weir_catalog_query_at(b->catalog, i);
        if (weir_sv_eq(q->sink, sink)) {
            found = found ? found : q;
            (*n)++;
        }
    }
    return found;
}

/* Name of the step in ksqlDB's messages. */
static const char *step_name(const weir_node *n)
{
    bool windowed = n->window.kind != WEIR_WINDOW_NONE;
    switch (n->kind) {
    case WEIR_N_JOIN_STREAM:
        return "StreamStreamJoin";
    case WEIR_N_JOIN_LOOKUP:
        return "StreamTableJoin";
    case WEIR_N_JOIN_TABLE:
        return "TableTableJoin";
    case WEIR_N_JOIN_FOREIGN:
        return "ForeignKeyTableTableJoin";
    case WEIR_N_AGGREGATE:
        return windowed          ? "StreamWindowedAggregate"
               : n->in[0]->table ? "TableAggregate"
                                 : "StreamAggregate";
    case WEIR_N_FLATMAP:
        return "StreamFlatMap";
    case WEIR_N_SOURCE:
        return n->table ? (windowed ? "WindowedTableSource" : "TableSource")
                        : (windowed ? "WindowedStreamSource" : "StreamSource");
    case WEIR_N_REKEY:
        return n->rekey.stays       ? "StreamGroupByKey"
               : n->rekey.skip_null ? "StreamGroupBy"
                                    : "StreamSelectKey";
    case WEIR_N_SINK:
        return n->table ? "TableSink" : "StreamSink";
    case WEIR_N_FILTER:
    case WEIR_N_PROJECT:
        return weir_node_name(n->kind);
    }
    WEIR_UNREACHABLE();
}

/* Steps whose state or order a changed query could not take over. */
static bool fixed_step(const weir_node *n)
{
    bool windowed = n->window.kind != WEIR_WINDOW_NONE;
    return n->kind == WEIR_N_JOIN_STREAM || n->kind == WEIR_N_JOIN_LOOKUP ||
           n->kind == WEIR_N_JOIN_TABLE || n->kind == WEIR_N_JOIN_FOREIGN ||
           n->kind == WEIR_N_FLATMAP ||
           (n->kind == WEIR_N_AGGREGATE && (windowed || n->in[0]->table)) ||
           (n->kind == WEIR_N_SOURCE && windowed);
}

/* Everything but filters and projections has to stay: the state is kept by its shape. */
static const weir_node *next_step(const weir_plan *p, uint32_t *at)
{
    while (*at < p->n) {
        const weir_node *n = p->nodes[(*at)++];
        if (n->kind != WEIR_N_FILTER && n->kind != WEIR_N_PROJECT) {
            return n;
        }
    }
    return NULL;
}

static bool same_call(const weir_call *c, const weir_call *d)
{
    bool same = c->agg == d->agg && c->nargs == d->nargs && weir_type_eq(c->type, d->type);
    for (uint32_t k = 0; same && k < c->nargs; k++) {
        const weir_value *x = c->literals[k];
        const weir_value *y = d->literals[k];
        same = (x == NULL) == (y == NULL) && (!x || weir_value_eq(c->arg_types[k], x, y));
    }
    return same;
}

/* "[A, (B + 1)]" */
static weir_sv keys_text(weir__binder *b, const weir_node *n)
{
    weir_buf buf;
    weir_buf_init(&buf, 0);
    for (uint32_t i = 0; i < n->schema->n_keys; i++) {
        weir_buf_str(&buf, i ? ", " : "[");
        weir_expr_print(&buf, n->rekey.exprs[i], n->in[0]->schema);
    }
    weir_buf_byte(&buf, ']');
    weir_sv text = weir_arena_sv(b->a, weir_buf_view(&buf));
    weir_buf_deinit(&buf);
    return text;
}

static weir_sv calls_text(weir__binder *b, const weir_node *n)
{
    weir_sv *names = WEIR_NEW_N(b->a, weir_sv, n->aggregate.n);
    for (uint32_t i = 0; i < n->aggregate.n; i++) {
        names[i] = weir_sv_cstr(n->aggregate.calls[i]->function->name);
    }
    weir_sv list = weir__join_words(b, names, n->aggregate.n, ", ");
    return weir__str(b, "[" WEIR_SV_FMT "]", WEIR_SV_ARG(list));
}

/* What of a step has changed, as ksqlDB calls it; NULL: nothing that matters. */
static const char *changed_property(weir__binder *b, const weir_node *x, const weir_node *y,
                                    weir_sv *old, weir_sv *new)
{
    *old = weir_sv_cstr(step_name(x));
    *new = weir_sv_cstr(step_name(y));
    if (!weir_sv_eq(*old, *new)) {
        return "class";
    }
    if (x->kind == WEIR_N_SOURCE) {
        const weir_source *s = x->scan.source;
        const weir_source *t = y->scan.source;
        *old = s->topic;
        *new = t->topic;
        return !weir_sv_eq(*old, *new) ? "topicName"
               : s->key_format.kind != t->key_format.kind ||
                       s->value_format.kind != t->value_format.kind
                   ? "formats"
                   : NULL;
    }
    if (x->kind == WEIR_N_REKEY) {
        *old = keys_text(b, x);
        *new = keys_text(b, y);
        return weir_sv_eq(*old, *new) ? NULL
               : x->rekey.skip_null   ? "group by clause"
                                      : "keyExpressions";
    }
    if (x->kind != WEIR_N_AGGREGATE) {
        return NULL;
    }
    *old = calls_text(b, x);
    *new = calls_text(b, y);
    bool same = x->aggregate.n == y->aggregate.n;
    for (uint32_t i = 0; same && i < x->aggregate.n; i++) {
        same = same_call(x->aggregate.calls[i], y->aggregate.calls[i]);
    }
    return same ? NULL : "aggregate functions";
}

static weir_rc check_new_plan(weir__binder *b, const weir_query_info *before, const weir_plan *plan,
                              weir_span span)
{
    if (!before->plan) {
        return WEIR_OK;
    }
    for (uint32_t i = 0; i < before->plan->n; i++) {
        if (fixed_step(before->plan->nodes[i])) {
            return weir__fail(b, span, "Upgrades not yet supported for %s",
                              step_name(before->plan->nodes[i]));
        }
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        if (plan->nodes[i]->n_inputs > 1) {
            return weir__fail(b, span,
                              "Query is not upgradeable. Cannot change a non-join source "
                              "into a join source.");
        }
    }
    uint32_t o = 0;
    uint32_t n = 0;
    for (;;) {
        const weir_node *x = next_step(before->plan, &o);
        const weir_node *y = next_step(plan, &n);
        weir_sv old;
        weir_sv new;
        const char *what = NULL;
        if (!x && !y) {
            return WEIR_OK;
        }
        if (!x || !y) {
            return weir__fail(b, span,
                              "Query is not upgradeable. Cannot add a step that is not in "
                              "the original query plan.");
        }
        what = changed_property(b, x, y, &old, &new);
        if (what) {
            weir__fail(b, span,
                       "Query is not upgradeable. Plan step of type %s must have matching %s. "
                       "Values differ: " WEIR_SV_FMT " vs. " WEIR_SV_FMT,
                       step_name(x), what, WEIR_SV_ARG(old), WEIR_SV_ARG(new));
            return weir_hint(b->st, "only filters and projections may change; DROP it and create "
                                    "it again");
        }
    }
}

weir_rc weir_bind_replaces(const weir_source *old_sink, const weir_plan *old, const weir_source *sink,
                           const weir_plan *plan, weir_arena *a, weir_status *st)
{
    weir__binder b = {.a = a, .st = st};
    weir_query_info before = {.plan = old};
    WEIR_TRY(weir__can_upgrade(&b, old_sink, sink, (weir_span){0}));
    return check_new_plan(&b, &before, plan, (weir_span){0});
}

/* ---------------------------------------------------------------- CREATE AS */

static weir_rc check_existing(weir__binder *b, const weir_ast_create *c, const weir_source *old,
                              const weir_bound_create *bound)
{
    bool table = bound->source.table;
    if (old && !c->or_replace && !c->if_not_exists) {
        return weir__fail(b, c->name.span,
                          "Cannot add %s '" WEIR_SV_FMT "': A %s with the same name already exists",
                          kind_word(table), WEIR_SV_ARG(c->name.name), kind_word(old->table));
    }
    if (c->table != table) {
        return weir__fail(b, c->name.span,
                          "Invalid result type. Your SELECT query produces a %s. "
                          "Please use CREATE %s AS SELECT statement instead.",
                          table ? "TABLE" : "STREAM", table ? "TABLE" : "STREAM");
    }
    for (uint32_t i = 0; i < bound->n_reads; i++) {
        if (weir_sv_eq(bound->reads[i], bound->source.name)) {
            return weir__fail(b, c->name.span,
                              "Source name '" WEIR_SV_FMT "' should not be "
                              "referenced itself.",
                              WEIR_SV_ARG(bound->source.name));
        }
    }
    if (!old || !c->or_replace) {
        return WEIR_OK;
    }
    if (old->read_only) {
        return weir__fail(b, c->name.span, "Cannot insert into read-only %s: " WEIR_SV_FMT,
                          kind_word(old->table), WEIR_SV_ARG(old->name));
    }
    return weir__can_upgrade(b, old, &bound->source, c->name.span);
}

static weir_rc check_retention(weir__binder *b, const weir_ast_create *c, const weir__with *w)
{
    if (c->table && !c->query->window && w->retention_ms >= 0) {
        return weir__fail(b, w->retention_span,
                          "Invalid config variable in the WITH clause: "
                          "RETENTION_MS. Non-windowed tables do not support retention.");
    }
    return WEIR_OK;
}

static void describe_sink(weir__query *q, const weir_ast_create *c, const weir__with *w,
                          weir_source *s)
{
    weir__binder *b = q->b;
    const weir_source *from = q->rels[0].source;
    weir_sv prefix = {0};
    (void)weir__prop(b, "ksql.output.topic.name.prefix", &prefix);
    s->table = q->at->table;
    s->created_by_query = true;
    s->schema = weir__result_schema(q);
    s->topic = w->topic.n ? w->topic
                          : weir__str(b, WEIR_SV_FMT WEIR_SV_FMT, WEIR_SV_ARG(prefix),
                                      WEIR_SV_ARG(c->name.name));
    s->window = q->at->window;
    s->timestamp_column = w->timestamp;
    s->timestamp_format = w->timestamp_format;
    int32_t there = weir_catalog_topic_partitions(b->catalog, s->topic); /* of an earlier run */
    s->partitions = w->partitions ? w->partitions : there ? there : q->partitions;
    s->replicas = w->replicas ? w->replicas : from->replicas;
    s->retention_ms = w->retention_ms >= 0 ? w->retention_ms : from->retention_ms;
}

static weir_rc query_id(weir__binder *b, const weir_ast_create *c, weir_bound_create *bound,
                        const weir_query_info **old)
{
    uint32_t n;
    *old = query_of(b, bound->source.name, &n);
    if (n > 1 && c->or_replace) {
        weir_sv name = weir__quoted(b, bound->source.name);
        return weir__fail(b, c->name.span,
                          "REPLACE for sink " WEIR_SV_FMT " is not supported because "
                          "there are multiple queries writing into it",
                          WEIR_SV_ARG(name));
    }
    bool keep = *old && c->or_replace;
    bound->new_query_id = !keep;
    if (keep) {
        bound->query_id = weir_arena_sv(b->a, (*old)->id);
        return WEIR_OK;
    }
    *old = NULL;
    weir_sv upper = weir_text_upper(b->a, bound->source.name);
    bound->query_id =
        weir__str(b, "%s_" WEIR_SV_FMT "_%llu", bound->source.table ? "CTAS" : "CSAS",
                  WEIR_SV_ARG(upper), (unsigned long long)weir_catalog_peek_query(b->catalog));
    return WEIR_OK;
}

weir_rc weir__bind_create_as(weir__binder *b, const weir_ast_create *c, weir_bound *out)
{
    weir_bound_create *bound = &out->as.create;
    weir_source *s = &bound->source;
    weir__query q = {.b = b, .ast = c->query, .persistent = true, .sink_name = c->name.name};
    weir__with w;
    out->kind = WEIR_B_CREATE_AS;
    s->name = weir_arena_sv(b->a, c->name.name);
    s->sql = out->sql;
    WEIR_TRY(weir__bind_with(b, &c->props, c->name.span, true, &w));
    if (c->query->has_limit) {
        b->prefix = WEIR__PARSING;
        return weir__fail(b, c->query->limit_span,
                          "CREATE %s AS SELECT statements don't support LIMIT clause.",
                          c->table ? "TABLE" : "STREAM");
    }
    WEIR_TRY(check_retention(b, c, &w));
    q.with = &w;
    WEIR_TRY(weir__query_plan(&q));
    describe_sink(&q, c, &w, s);
    WEIR_TRY(sink_formats(&q, &w, s));
    WEIR_TRY(weir__check_formats(b, s->schema, &s->key_format, &s->value_format, w.wrap,
                                 w.wrap == WEIR_WRAP_DEFAULT ? c->name.span : w.wrap_span));
    note_reads(&q, bound);
    const weir_source *old = weir_catalog_source(b->catalog, s->name);
    const weir_query_info *replaced;
    WEIR_TRY(check_existing(b, c, old, bound));
    bound->or_replace = c->or_replace;
    bound->if_not_exists = c->if_not_exists;
    bound->exists = old != NULL;
    s->version = old ? old->version + 1 : 0;
    WEIR_TRY(query_id(b, c, bound, &replaced));
    weir_node *sink = sink_node(&q, s, s->timestamp_column);
    bound->plan =
        weir__finish_plan(&q, sink, bound->query_id, out->sql, c->query->emit == WEIR_EMIT_FINAL);
    return replaced ? check_new_plan(b, replaced, bound->plan, c->name.span) : WEIR_OK;
}

/* ---------------------------------------------------------------- INSERT INTO */

static weir_rc check_target(weir__binder *b, const weir_ast_ident *name, const weir_source **out)
{
    const weir_source *t = weir_catalog_source(b->catalog, name->name);
    b->prefix = WEIR__PREPARING;
    if (!t) {
        weir_sv where = weir__where(b, name->span);
        weir_sv quoted = weir__quoted(b, name->name);
        weir__fail(b, name->span, WEIR_SV_FMT "Source " WEIR_SV_FMT " does not exist.",
                   WEIR_SV_ARG(where), WEIR_SV_ARG(quoted));
        return weir_hint(b->st, "INSERT INTO writes into a stream that exists");
    }
    if (t->table) {
        return weir__fail(b, name->span,
                          "INSERT INTO can only be used to insert into a stream. " WEIR_SV_FMT
                          " is a table.",
                          WEIR_SV_ARG(t->name));
    }
    for (uint32_t i = 0; i < t->schema->n; i++) {
        weir_role r = t->schema->cols[i].role;
        if (r == WEIR_COL_HEADER || r == WEIR_COL_HEADERS) {
            return weir__fail(b, name->span,
                              "Cannot insert into " WEIR_SV_FMT " because it has header "
                              "columns",
                              WEIR_SV_ARG(t->name));
        }
    }
    b->prefix = NULL;
    *out = t;
    return WEIR_OK;
}

static bool fits(const weir_type *from, const weir_type *to)
{
    if (from->kind == WEIR_T_DECIMAL && to->kind == WEIR_T_DECIMAL) {
        return weir_dec_type_holds(weir__dec_type(to), weir__dec_type(from));
    }
    return weir_type_eq(from, to);
}

/* Same columns in the same order; narrower decimals are widened. */
static weir_rc check_result(weir__query *q, const weir_source *t, weir_span span)
{
    weir__binder *b = q->b;
    const weir_schema *r = weir__result_schema(q);
    if (q->at->table) {
        return weir__fail(b, span,
                          "Incompatible data sink and query result. Data sink (" WEIR_SV_FMT
                          ") type is KSTREAM but select query result is KTABLE.",
                          WEIR_SV_ARG(t->name));
    }
    bool same = r->n == t->schema->n && r->n_keys == t->schema->n_keys;
    for (uint32_t i = 0; same && i < r->n; i++) {
        same = weir_sv_eq(r->cols[i].name, t->schema->cols[i].name) &&
               fits(r->cols[i].type, t->schema->cols[i].type);
    }
    if (!same) {
        weir_sv mine = weir__schema_text(b, r);
        weir_sv theirs = weir__schema_text(b, t->schema);
        return weir__fail(
            b, span,
            "Incompatible schema between results and sink.\nResult schema is " WEIR_SV_FMT
            "\nSink schema is " WEIR_SV_FMT,
            WEIR_SV_ARG(mine), WEIR_SV_ARG(theirs));
    }
    if (q->at->window.kind != t->window.kind) {
        return weir__fail(b, span, "Into can't change windowing");
    }
    /* The projection is the last node: let it make the sink's own types. */
    WEIR_ASSERT(q->at->kind == WEIR_N_PROJECT);
    const weir_schema *in = q->at->schema;
    weir_column *cols = WEIR_NEW_N(b->a, weir_column, in->n);
    const weir_expr **exprs = WEIR_NEW_N(b->a, const weir_expr *, in->n);
    for (uint32_t i = 0; i < in->n; i++) {
        cols[i] = in->cols[i];
        exprs[i] = q->at->project.exprs[i];
        if (i >= in->n_keys && i < t->schema->n) {
            cols[i].type = t->schema->cols[i].type;
            exprs[i] = weir_expr_cast(b->a, exprs[i], cols[i].type);
        }
    }
    weir_schema *s = WEIR_NEW(b->a, weir_schema);
    *s = (weir_schema){.n = in->n, .n_keys = in->n_keys, .cols = cols};
    q->at->schema = s;
    q->at->project.exprs = exprs;
    return WEIR_OK;
}

weir_rc weir__bind_insert_query(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    const weir_ast_ident *name = &stmt->as.insert.name;
    weir_bound_create *bound = &out->as.create;
    const weir_source *target;
    weir_sv id;
    out->kind = WEIR_B_INSERT_SELECT;
    WEIR_TRY(weir__with_query_id(b, &stmt->as.insert.props, &id));
    WEIR_TRY(check_target(b, name, &target));
    weir__query q = {.b = b,
                     .ast = stmt->as.insert.query,
                     .persistent = true,
                     .sink_name = target->name,
                     .target = target};
    if (q.ast->has_limit) {
        return weir__fail(b, q.ast->limit_span,
                          "INSERT INTO statements don't support LIMIT clause.");
    }
    WEIR_TRY(weir__query_plan(&q));
    WEIR_TRY(check_result(&q, target, name->span));
    if (target->read_only) {
        return weir__fail(b, name->span, "Cannot insert into read-only %s: " WEIR_SV_FMT,
                          kind_word(target->table), WEIR_SV_ARG(target->name));
    }
    if (id.n && weir_catalog_query(b->catalog, id)) {
        return weir__fail(b, stmt->as.insert.props_span,
                          "Query ID '" WEIR_SV_FMT "' already exists.", WEIR_SV_ARG(id));
    }
    bound->source = *weir_source_copy(b->a, target);
    bound->exists = true;
    bound->new_query_id = !id.n;
    bound->query_id = id.n ? id
                           : weir__str(b, "INSERTQUERY_%llu",
                                       (unsigned long long)weir_catalog_peek_query(b->catalog));
    note_reads(&q, bound);
    weir_node *sink = sink_node(&q, target, (weir_sv){0});
    bound->plan =
        weir__finish_plan(&q, sink, bound->query_id, out->sql, q.ast->emit == WEIR_EMIT_FINAL);
    return WEIR_OK;
}

/* ---------------------------------------------------------------- SOURCE TABLE */

/* SELECT * FROM the table itself, to nowhere: the state is what pull queries read. */
weir_rc weir__source_table_plan(weir__binder *b, weir_bound_create *c)
{
    static const weir_ast_query no_query;
    weir__rel rel = {.alias = c->source.name, .source = &c->source};
    weir__query q = {.b = b,
                     .ast = &no_query,
                     .persistent = true,
                     .rels = &rel,
                     .n_rels = 1,
                     .n_sources = 1,
                     .sink_name = c->source.name};
    WEIR_TRY(weir__joins(&q));
    q.nodes[0]->scan.materialize = true;
    const weir_schema *s = c->source.schema;
    const weir_expr **exprs = WEIR_NEW_N(b->a, const weir_expr *, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        exprs[i] = weir_expr_column(b->a, q.at->schema, i);
    }
    WEIR_TRY(weir__make_project(&q, s->cols, exprs, s->n, s->n_keys));
    weir_sv upper = weir_text_upper(b->a, c->source.name);
    c->query_id = weir__str(b, "CST_" WEIR_SV_FMT "_%llu", WEIR_SV_ARG(upper),
                            (unsigned long long)weir_catalog_peek_query(b->catalog));
    c->new_query_id = true;
    note_reads(&q, c);
    c->plan =
        weir__finish_plan(&q, sink_node(&q, NULL, (weir_sv){0}), c->query_id, c->source.sql, false);
    return WEIR_OK;
}
