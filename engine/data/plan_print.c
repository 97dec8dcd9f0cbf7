/* A node is described once, as a list of named facts; four renderers write the same facts as a
 * tree of lines, JSON, Graphviz and Mermaid. The text names state tables and is compared after a
 * restart: it says everything that changes what a query computes, and nothing else. */
#include "engine/base/alloc.h"
#include "engine/data/json_text.h"
#include "engine/data/plan.h"

#define FACTS_MAX 16

typedef struct fact {
    const char *name;
    weir_sv text;
} fact;

typedef struct facts {
    weir_arena *a;
    weir_buf text; /* of the fact being written */
    fact items[FACTS_MAX];
    uint32_t n;
} facts;

/* What was written to f->text becomes a fact. */
static void add(facts *f, const char *name)
{
    WEIR_ASSERT(f->n < FACTS_MAX);
    f->items[f->n++] = (fact){name, weir_arena_sv(f->a, weir_buf_view(&f->text))};
    weir_buf_reset(&f->text);
}

static void add_sv(facts *f, const char *name, weir_sv text)
{
    if (text.n) {
        weir_buf_sv(&f->text, text);
        add(f, name);
    }
}

static void add_ms(facts *f, const char *name, int64_t ms)
{
    weir_buf_printf(&f->text, "%lld ms", (long long)ms);
    add(f, name);
}

static void add_expr(facts *f, const char *name, const weir_expr *e, const weir_schema *s)
{
    if (e) {
        weir_expr_print(&f->text, e, s);
        add(f, name);
    }
}

static void add_format(facts *f, const char *name, const weir_format_spec *spec)
{
    weir_buf_str(&f->text, weir_format_name(spec->kind));
    if (spec->kind == WEIR_FMT_DELIMITED) {
        weir_buf_printf(&f->text, " delimiter %d", spec->delimiter);
    }
    if (spec->wrap != WEIR_WRAP_DEFAULT) {
        weir_buf_str(&f->text, spec->wrap == WEIR_WRAP_YES ? " wrapped" : " unwrapped");
    }
    if (spec->schema_id) {
        weir_buf_printf(&f->text, " schema %d", (int)spec->schema_id);
    }
    if (spec->full_name.n) {
        weir_buf_printf(&f->text, " name " WEIR_SV_FMT, WEIR_SV_ARG(spec->full_name));
    }
    if (spec->nullable.n) {
        weir_buf_printf(&f->text, " nullable " WEIR_SV_FMT, WEIR_SV_ARG(spec->nullable));
    }
    add(f, name);
}

static void add_window(facts *f, const weir_window *w)
{
    static const char *const names[] = {"", "TUMBLING", "HOPPING", "SESSION"};
    if (w->kind == WEIR_WINDOW_NONE) {
        return;
    }
    weir_buf_printf(&f->text, "%s %lld ms", names[w->kind], (long long)w->size_ms);
    if (w->kind == WEIR_WINDOW_HOPPING) {
        weir_buf_printf(&f->text, " advance %lld ms", (long long)w->advance_ms);
    }
    weir_buf_printf(&f->text, " grace %lld ms retention %lld ms", (long long)w->grace_ms,
                    (long long)w->retention_ms);
    add(f, "window");
}

/* `A, B := (C + 1)`: plain columns under their own name need no expression. */
static void add_columns(facts *f, const weir_node *node, const weir_expr *const *exprs,
                        uint32_t first, uint32_t n)
{
    const weir_schema *in = node->in[0]->schema;
    for (uint32_t i = 0; i < n; i++) {
        weir_sv name = node->schema->cols[first + i].name;
        weir_buf_str(&f->text, i ? ", " : "");
        weir_name_print(&f->text, name, false);
        if (exprs[i]->ex != WEIR_EX_COLUMN || !weir_sv_eq(in->cols[exprs[i]->column].name, name)) {
            weir_buf_str(&f->text, " := ");
            weir_expr_print(&f->text, exprs[i], in);
        }
    }
    add(f, "columns");
}

static void add_calls(facts *f, const weir_node *node)
{
    const weir_schema *in = node->in[0]->schema;
    for (uint32_t i = 0; i < node->aggregate.n; i++) {
        const weir_call *call = node->aggregate.calls[i];
        weir_buf_str(&f->text, i ? ", " : "");
        weir_name_print(&f->text, node->schema->cols[node->schema->n_keys + i].name, false);
        weir_buf_printf(&f->text, " := %s(", call->function->name);
        for (uint32_t k = 0; k < call->nargs; k++) {
            weir_buf_str(&f->text, k ? ", " : "");
            if (call->literals && call->literals[k]) {
                weir_value_print_sql(&f->text, call->arg_types[k], call->literals[k]);
            } else {
                weir_name_print(&f->text, in->cols[node->aggregate.args[i][k]].name, false);
            }
        }
        weir_buf_byte(&f->text, ')');
    }
    add(f, "aggregates");
}

static void describe_topic(facts *f, const weir_source *s)
{
    add_sv(f, "name", s->name);
    if (s->lookup.n) {
        add_sv(f, "looked up in", s->lookup);
        return;
    }
    add_sv(f, "topic", s->topic);
    add_format(f, "key", &s->key_format);
    add_format(f, "value", &s->value_format);
    add_sv(f, "timestamp", s->timestamp_column);
    add_sv(f, "timestamp format", s->timestamp_format);
}

static void describe_join(facts *f, const weir_node *node)
{
    static const char *const types[] = {"INNER", "LEFT", "RIGHT", "FULL"}; /* ORDER weir_join */
    static const char *const sides[] = {"left", "right", "either"};
    const weir_schema *left = node->in[0]->schema;
    const weir_schema *right = node->in[1]->schema;
    weir_buf_str(&f->text, types[node->join.type]);
    add(f, "join");
    if (node->kind == WEIR_N_JOIN_STREAM) {
        add_ms(f, "before", node->join.before_ms);
        add_ms(f, "after", node->join.after_ms);
    }
    if (node->join.has_grace) {
        add_ms(f, "grace", node->join.grace_ms);
    }
    weir_buf_str(&f->text, sides[node->join.key_side]);
    add(f, "key from");
    add_expr(f, weir_node_looks_up(node) ? "looked up by" : "foreign key", node->join.foreign, left);
    if (node->join.residual) {
        weir_column *cols = WEIR_NEW_N(f->a, weir_column, left->n + (uint32_t)right->n);
        memcpy(cols, left->cols, left->n * sizeof *cols);
        memcpy(cols + left->n, right->cols, right->n * sizeof *cols);
        weir_schema both = {.n = (uint16_t)(left->n + right->n), .cols = cols};
        add_expr(f, "and", node->join.residual, &both);
    }
}

static void describe_sink(facts *f, const weir_node *node)
{
    if (node->sink.sink) {
        describe_topic(f, node->sink.sink);
    }
    if (node->sink.timestamp_column >= 0) {
        add_sv(f, "rowtime", node->schema->cols[node->sink.timestamp_column].name);
    }
    if (node->sink.limit >= 0) {
        weir_buf_printf(&f->text, "%lld", (long long)node->sink.limit);
        add(f, "limit");
    }
}

static void describe_kind(facts *f, const weir_node *node)
{
    switch (node->kind) {
    case WEIR_N_SOURCE:
        describe_topic(f, node->scan.source);
        if (node->scan.materialize) {
            add_sv(f, "state", WEIR_SV("materialized"));
        }
        return;
    case WEIR_N_FILTER:
        add_expr(f, "where", node->filter.where, node->in[0]->schema);
        return;
    case WEIR_N_PROJECT:
        add_columns(f, node, node->project.exprs, 0, node->schema->n);
        return;
    case WEIR_N_REKEY:
        add_columns(f, node, node->rekey.exprs, 0, node->schema->n);
        add_sv(f, "null keys", node->rekey.skip_null ? WEIR_SV("skipped") : WEIR_SV("kept"));
        if (node->rekey.stays) {
            add_sv(f, "partition", WEIR_SV("kept"));
        }
        add_format(f, "key", &node->rekey.key_format);
        return;
    case WEIR_N_AGGREGATE:
        add_calls(f, node);
        add_sv(f, "emit", node->aggregate.emit_final ? WEIR_SV("FINAL") : WEIR_SV("CHANGES"));
        add_format(f, "key", &node->aggregate.key_format);
        return;
    case WEIR_N_FLATMAP:
        add_columns(f, node, node->flatmap.exprs, node->in[0]->schema->n, node->flatmap.n);
        return;
    case WEIR_N_JOIN_STREAM:
    case WEIR_N_JOIN_LOOKUP:
    case WEIR_N_JOIN_TABLE:
    case WEIR_N_JOIN_FOREIGN:
        describe_join(f, node);
        return;
    case WEIR_N_SINK:
        describe_sink(f, node);
        return;
    }
    WEIR_UNREACHABLE();
}

static void describe(facts *f, const weir_node *node)
{
    f->n = 0;
    describe_kind(f, node);
    add_window(f, &node->window);
    if (node->need_old) {
        add_sv(f, "reads", WEIR_SV("old and new"));
    }
    weir_schema_print(&f->text, node->schema);
    add(f, "schema");
}

static void print_head(weir_buf *out, const weir_node *node)
{
    weir_buf_printf(out, "%s #%u %s", weir_node_name(node->kind), node->id,
                    node->table ? "table" : "stream");
}

/* One line per node, whatever is in its literals. */
static void print_line(weir_buf *out, weir_sv s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20) {
            weir_buf_printf(out, "\\x%02X", c);
        } else {
            weir_buf_byte(out, (char)c);
        }
    }
}

/* Walks from the sink with a stack of its own: a plan may be deep. A node with several users is
 * printed where it is met first. */
static void print_tree(weir_buf *out, facts *f, const weir_plan *p)
{
    typedef struct item {
        const weir_node *node;
        uint32_t depth;
    } item;
    bool *seen = WEIR_NEW_N(f->a, bool, p->n);
    item *stack = WEIR_NEW_N(f->a, item, 2 * (size_t)p->n + 1);
    uint32_t n = 0;
    stack[n++] = (item){p->sink, 0};
    while (n) {
        item at = stack[--n];
        weir_buf_printf(out, "%*s", (int)at.depth * 2, "");
        print_head(out, at.node);
        if (seen[at.node->id]) {
            weir_buf_str(out, ", see above\n");
            continue;
        }
        seen[at.node->id] = true;
        describe(f, at.node);
        for (uint32_t i = 0; i < f->n; i++) {
            weir_buf_printf(out, "; %s: ", f->items[i].name);
            print_line(out, f->items[i].text);
        }
        weir_buf_byte(out, '\n');
        for (uint32_t i = at.node->n_inputs; i-- > 0;) {
            stack[n++] = (item){at.node->in[i], at.depth + 1};
        }
    }
}

static void print_json(weir_buf *out, facts *f, const weir_plan *p)
{
    weir_buf_str(out, "{\"queryId\":");
    weir_json_string(out, p->query_id);
    weir_buf_str(out, ",\"nodes\":[");
    for (uint32_t i = 0; i < p->n; i++) {
        const weir_node *node = p->nodes[i];
        weir_buf_printf(out, "%s{\"id\":%u,\"kind\":\"%s\",\"table\":%s,\"inputs\":[", i ? "," : "",
                        node->id, weir_node_name(node->kind), node->table ? "true" : "false");
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            weir_buf_printf(out, "%s%u", k ? "," : "", node->in[k]->id);
        }
        weir_buf_str(out, "],\"facts\":{");
        describe(f, node);
        for (uint32_t k = 0; k < f->n; k++) {
            weir_buf_str(out, k ? "," : "");
            weir_json_string(out, weir_sv_cstr(f->items[k].name));
            weir_buf_byte(out, ':');
            weir_json_string(out, f->items[k].text);
        }
        weir_buf_str(out, "}}");
    }
    weir_buf_str(out, "]}");
}

/* Inside "…" of Graphviz. */
static void print_dot_text(weir_buf *out, weir_sv s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"' || c == '\\') {
            weir_buf_byte(out, '\\');
        }
        weir_buf_byte(out, (unsigned char)c < 0x20 ? ' ' : c);
    }
}

static void print_dot(weir_buf *out, facts *f, const weir_plan *p)
{
    weir_buf_str(out, "digraph plan {\n  rankdir=BT;\n  node [shape=box];\n");
    for (uint32_t i = 0; i < p->n; i++) {
        const weir_node *node = p->nodes[i];
        weir_buf_printf(out, "  n%u [label=\"", node->id);
        print_head(out, node);
        describe(f, node);
        for (uint32_t k = 0; k < f->n; k++) {
            weir_buf_printf(out, "\\l%s: ", f->items[k].name);
            print_dot_text(out, f->items[k].text);
        }
        weir_buf_str(out, "\\l\"];\n");
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            weir_buf_printf(out, "  n%u -> n%u;\n", node->in[k]->id, node->id);
        }
    }
    weir_buf_str(out, "}\n");
}

/* Inside "…" of Mermaid, which has entities instead of escapes. */
static void print_mermaid_text(weir_buf *out, weir_sv s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || strchr("\"#<>&`\\", c)) {
            weir_buf_printf(out, "#%u;", c < 0x20 ? ' ' : c);
        } else {
            weir_buf_byte(out, (char)c);
        }
    }
}

static void print_mermaid(weir_buf *out, facts *f, const weir_plan *p)
{
    weir_buf_str(out, "flowchart BT\n");
    for (uint32_t i = 0; i < p->n; i++) {
        const weir_node *node = p->nodes[i];
        weir_buf_printf(out, "  n%u[\"%s %s", node->id, weir_node_name(node->kind),
                        node->table ? "table" : "stream");
        describe(f, node);
        for (uint32_t k = 0; k < f->n; k++) {
            weir_buf_printf(out, "<br/>%s: ", f->items[k].name);
            print_mermaid_text(out, f->items[k].text);
        }
        weir_buf_str(out, "\"]\n");
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            weir_buf_printf(out, "  n%u --> n%u\n", node->in[k]->id, node->id);
        }
    }
}

static void render(weir_buf *out, const weir_plan *p,
                   void (*renderer)(weir_buf *, facts *, const weir_plan *))
{
    weir_arena a;
    weir_arena_init(&a);
    facts f = {.a = &a};
    renderer(out, &f, p);
    weir_buf_deinit(&f.text);
    weir_arena_deinit(&a);
}

void weir_plan_print(weir_buf *out, const weir_plan *p)
{
    render(out, p, print_tree);
}

void weir_plan_print_json(weir_buf *out, const weir_plan *p)
{
    render(out, p, print_json);
}

void weir_plan_print_dot(weir_buf *out, const weir_plan *p)
{
    render(out, p, print_dot);
}

void weir_plan_print_mermaid(weir_buf *out, const weir_plan *p)
{
    render(out, p, print_mermaid);
}
