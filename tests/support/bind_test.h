/* A small world to bind statements in: a catalog, a few function rows of which only the signatures
 * matter, and the changes that executed statements would make. */
#pragma once
#include "dsl/bind.h"
#include "dsl/parse.h"
#include "engine/base/alloc.h"
#include "tests/support/test.h"

#include <stdio.h>

typedef struct bind_world {
    weir_arena a;
    weir_catalog *catalog;
    weir_functions *functions;
    weir_bound last;
    weir_status st;
    const char *props[8][2];
    uint32_t n_props;
} bind_world;

static weir_value bind_no_row(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)args;
    (void)n;
    return weir_row_error(c, "a test's function");
}
static bool bind_no_step(weir_call *c, void *state, const weir_value *args)
{
    (void)c;
    (void)state;
    (void)args;
    return true;
}
static weir_value bind_no_result(weir_call *c, const void *state)
{
    (void)state;
    return weir_null(c->type->kind);
}
static void bind_no_merge(weir_call *c, void *into, const void *from)
{
    (void)c;
    (void)into;
    (void)from;
}
static void bind_no_save(weir_call *c, const void *state, weir_buf *out)
{
    (void)c;
    (void)state;
    (void)out;
}
static bool bind_no_load(weir_call *c, void *state, weir_reader *in)
{
    (void)c;
    (void)state;
    (void)in;
    return true;
}

#define BIND_ROW(text)                                                                             \
    {                                                                                              \
        .sig = text, .row = bind_no_row                                                            \
    }
#define BIND_AGG(text, table)                                                                      \
    {                                                                                              \
        .sig = text, .state_bytes = 16, .step = bind_no_step,                                      \
        .undo = (table) ? bind_no_step : NULL, .result = bind_no_result, .merge = bind_no_merge,   \
        .save = bind_no_save, .load = bind_no_load                                                 \
    }
#define BIND_FN(fn_name, list, is_table)                                                           \
    {                                                                                              \
        .name = fn_name, .category = WEIR_CAT_OTHER, .doc = "d", .example = "e",                   \
        .overloads = list, .n_overloads = WEIR_COUNT(list), .table_function = is_table             \
    }
#define BIND_AGGS(fn_name, list)                                                                   \
    {                                                                                              \
        .name = fn_name, .category = WEIR_CAT_AGGREGATE, .doc = "d", .example = "e", .aggs = list, \
        .n_aggs = WEIR_COUNT(list)                                                                 \
    }

static const weir_overload bind_concat[] = {BIND_ROW("STRING... -> STRING")};
static const weir_overload bind_ucase[] = {BIND_ROW("STRING -> STRING")};
static const weir_overload bind_same[] = {BIND_ROW("T -> T")};
static const weir_overload bind_explode[] = {BIND_ROW("ARRAY<T> -> ARRAY<T>")};
static const weir_overload bind_transform[] = {BIND_ROW("ARRAY<T>, (T) => R -> ARRAY<R>")};
static const weir_overload bind_add[] = {BIND_ROW("UNIT, INT, TIMESTAMP -> TIMESTAMP")};
static const weir_agg bind_count[] = {BIND_AGG(" -> BIGINT", true), BIND_AGG("T -> BIGINT", true)};
static const weir_agg bind_sum[] = {BIND_AGG("INT -> INT", true),
                                    BIND_AGG("BIGINT -> BIGINT", true)};
static const weir_agg bind_max[] = {BIND_AGG("INT -> INT", false)};
static const weir_agg bind_topk[] = {BIND_AGG("INT, init INT -> ARRAY<INT>", false)};
static const weir_function bind_rows[] = {
    BIND_FN("CONCAT", bind_concat, false),
    BIND_FN("UCASE", bind_ucase, false),
    BIND_FN("AS_VALUE", bind_same, false),
    BIND_FN("EXPLODE", bind_explode, true),
    BIND_FN("TRANSFORM", bind_transform, false),
    BIND_FN("TIMESTAMPADD", bind_add, false),
    BIND_AGGS("COUNT", bind_count),
    BIND_AGGS("SUM", bind_sum),
    BIND_AGGS("MAX", bind_max),
    BIND_AGGS("TOPK", bind_topk),
};

static bool bind_get(void *ctx, weir_sv name, weir_sv *value)
{
    const bind_world *w = ctx;
    for (uint32_t i = 0; i < w->n_props; i++) {
        if (weir_sv_eq(name, weir_sv_cstr(w->props[i][0]))) {
            *value = weir_sv_cstr(w->props[i][1]);
            return true;
        }
    }
    return false;
}

/* What the server would do with a bound statement. */
static void bind_apply(bind_world *w, const weir_bound *b)
{
    if (b->kind == WEIR_B_DROP) {
        for (uint32_t i = 0; i < b->as.drop.n_queries; i++) {
            weir_catalog_drop_query(w->catalog, b->as.drop.queries[i]);
        }
        for (uint32_t i = 0; i < b->as.drop.n_sources; i++) {
            weir_catalog_drop_source(w->catalog, b->as.drop.sources[i]);
        }
        return;
    }
    if (b->kind == WEIR_B_CREATE_TYPE) {
        weir_catalog_put_type(w->catalog, b->as.type.name, b->as.type.type);
        return;
    }
    const weir_bound_create *c = &b->as.create;
    bool makes = b->kind == WEIR_B_CREATE_SOURCE || b->kind == WEIR_B_CREATE_AS;
    if ((!makes && b->kind != WEIR_B_ALTER && b->kind != WEIR_B_INSERT_SELECT) ||
        (makes && c->exists && !c->or_replace)) {
        return;
    }
    if (b->kind != WEIR_B_INSERT_SELECT) {
        weir_catalog_put_source(w->catalog, &c->source);
    }
    if (c->plan) {
        weir_query_info q = {
            .id = c->query_id,
            .sources = c->reads,
            .n_sources = c->n_reads,
            .plan = c->plan,
            .sink = b->kind == WEIR_B_CREATE_SOURCE ? (weir_sv){0} : c->source.name,
        };
        weir_catalog_put_query(w->catalog, &q);
        if (c->new_query_id) {
            (void)weir_catalog_next_query(w->catalog);
        }
    }
}

/* Parses, binds and applies statements; stops at the first that is refused. */
static weir_rc bind_script(bind_world *w, const char *sql)
{
    weir_script script;
    weir_diags diags;
    weir_props props = {.get = bind_get, .ctx = w};
    weir_diags_init(&diags, &w->a);
    weir_rc rc = weir_parse_script(weir_sv_cstr(sql), &w->a, &script, &diags);
    if (rc != WEIR_OK) {
        fail_msg("does not parse: %s", sql);
    }
    for (uint32_t i = 0; i < script.n_stmts; i++) {
        rc = weir_bind(script.stmts[i], w->catalog, w->functions, &props, &w->a, &w->last, &w->st);
        if (rc != WEIR_OK) {
            return rc;
        }
        bind_apply(w, &w->last);
    }
    return WEIR_OK;
}

static int bind_setup(void **state)
{
    const weir_function *rows[WEIR_COUNT(bind_rows)];
    for (size_t i = 0; i < WEIR_COUNT(bind_rows); i++) {
        rows[i] = &bind_rows[i];
    }
    bind_world *w = weir_zalloc(sizeof *w);
    weir_arena_init(&w->a);
    w->catalog = weir_catalog_new();
    w->functions = weir_functions_new(rows, WEIR_COUNT(bind_rows));
    *state = w;
    assert_ok(bind_script(w, "CREATE STREAM orders (id INT KEY, user_id INT, amount BIGINT, note "
                             "STRING, price DECIMAL(6, 2),"
                             " tags ARRAY<STRUCT<k STRING, n INT>>, made TIMESTAMP, day DATE)"
                             " WITH (kafka_topic = 'orders', value_format = 'JSON');"
                             "CREATE STREAM clicks (id INT KEY, user_id INT, page STRING)"
                             " WITH (kafka_topic = 'clicks', value_format = 'JSON');"
                             "CREATE TABLE users (id INT PRIMARY KEY, name STRING, city INT)"
                             " WITH (kafka_topic = 'users', value_format = 'JSON');"
                             "CREATE TABLE cities (id INT PRIMARY KEY, name STRING)"
                             " WITH (kafka_topic = 'cities', value_format = 'JSON');"),
              &w->st);
    return 0;
}

static int bind_teardown(void **state)
{
    bind_world *w = *state;
    weir_catalog_free(w->catalog);
    weir_functions_free(w->functions);
    weir_arena_deinit(&w->a);
    weir_free(w);
    return 0;
}

static inline void must_bind(bind_world *w, const char *sql)
{
    weir_rc rc = bind_script(w, sql);
    if (rc != WEIR_OK) {
        fail_msg("%s\n  refused: %s", sql, w->st.msg);
    }
}

/* Refused with a message that contains `text`, pointing at `at` (NULL: anywhere). */
static inline void must_refuse(bind_world *w, const char *sql, const char *text, const char *at)
{
    weir_rc rc = bind_script(w, sql);
    if (rc == WEIR_OK) {
        fail_msg("%s\n  was accepted; expected: %s", sql, text);
    }
    if (!strstr(w->st.msg, text)) {
        fail_msg("%s\n  says: %s\n  expected: %s", sql, w->st.msg, text);
    }
    assert_true(w->st.span.at + w->st.span.n <= strlen(sql));
    if (at && strncmp(sql + w->st.span.at, at, strlen(at)) != 0) {
        fail_msg("%s\n  points at: %.*s\n  expected: %s", sql, (int)w->st.span.n,
                 sql + w->st.span.at, at);
    }
}

static inline void schema_is(bind_world *w, const char *source, const char *text)
{
    const weir_source *s = weir_catalog_source(w->catalog, weir_sv_cstr(source));
    if (!s) {
        fail_msg("no source %s", source);
    }
    weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_schema_print(&buf, s->schema);
    assert_string_equal(weir_buf_cstr(&buf), text);
    weir_buf_deinit(&buf);
}
