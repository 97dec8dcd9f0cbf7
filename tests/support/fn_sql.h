/* Evaluates SQL expressions without columns, in tests of functions: parsed, bound and run as the
 * engine does. */
#pragma once
#include <stdio.h>

#include "dsl/binder.h"
#include "dsl/parse.h"
#include "operators/functions.h"
#include "tests/support/test.h"

typedef struct fn_sql {
    weir_arena arena;
    weir_functions *functions;
    weir_catalog *catalog;
    weir_settings settings;
    weir_status st; /* of the last expression */
    const weir_type *type;
} fn_sql;

static inline int64_t fn_sql_clock(void *clock)
{
    (void)clock;
    return INT64_C(1600000000123); /* 2020-09-13T12:26:40.123Z */
}

static inline void fn_sql_init(fn_sql *t)
{
    *t = (fn_sql){.settings = {.now_ms = fn_sql_clock}};
    weir_arena_init(&t->arena);
    t->functions = weir_functions_builtin();
    t->catalog = weir_catalog_new();
}

static inline void fn_sql_deinit(fn_sql *t)
{
    weir_catalog_free(t->catalog);
    weir_functions_free(t->functions);
    weir_arena_deinit(&t->arena);
}

/* Fixture of a group: the tests find it in *state, callbacks without a context by its name. */
static fn_sql fn_sql_group;

static inline int fn_sql_setup(void **state)
{
    fn_sql_init(&fn_sql_group);
    *state = &fn_sql_group;
    return 0;
}

static inline int fn_sql_teardown(void **state)
{
    fn_sql_deinit(*state);
    return 0;
}

static inline bool fn_sql_no_prop(void *ctx, weir_sv name, weir_sv *value)
{
    (void)ctx;
    (void)name;
    (void)value;
    return false;
}

/* NULL: refused, see t->st. */
static inline const weir_expr *fn_sql_bind(fn_sql *t, weir_sv text)
{
    static const weir_schema none = {0};
    static const weir_props props = {.get = fn_sql_no_prop};
    weir_diags diags;
    memset(&diags, 0, sizeof diags);
    weir_ast_expr *ast = NULL;
    weir_status_reset(&t->st);
    if (weir_parse_expression(text, &t->arena, &ast, &diags) != WEIR_OK) {
        weir_fail(&t->st, WEIR_ESQL, "does not parse");
        return NULL;
    }
    weir__binder b = {.text = text, .catalog = t->catalog, .functions = t->functions,
                      .props = &props, .settings = &t->settings, .a = &t->arena, .st = &t->st,
                      .prefix = ""};
    weir__env env = {.b = &b, .schema = &none, .type_error = "", .code_error = "", .root = ast};
    const weir_expr *e = NULL;
    return weir__expr(&env, ast, &e) == WEIR_OK ? e : NULL;
}

/* Java's toString of the result; `!` and the message of an error. */
static inline weir_sv fn_sql_eval(fn_sql *t, weir_sv text)
{
    const weir_expr *e = fn_sql_bind(t, text);
    weir_value v;
    if (!e || !weir_expr_eval_const(&t->arena, e, &t->settings, &v, &t->st)) {
        return weir_arena_printf(&t->arena, "!%s", t->st.msg);
    }
    t->type = e->type;
    if (v.null) {
        return WEIR_SV("null");
    }
    weir_buf b = {0};
    weir_value_print(&b, e->type, &v);
    weir_sv result = weir_arena_sv(&t->arena, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return result;
}

/* Each case: an expression and its result; `!TEXT` is an error whose message contains TEXT. */
typedef struct fn_case {
    const char *sql, *expected;
} fn_case;

static inline void fn_sql_check(fn_sql *t, const fn_case *cases, size_t n)
{
    uint32_t failed = 0;
    for (size_t i = 0; i < n; i++) {
        weir_sv r = fn_sql_eval(t, weir_sv_cstr(cases[i].sql));
        weir_sv expected = weir_sv_cstr(cases[i].expected);
        bool error = expected.n && expected.p[0] == '!';
        bool ok = error ? r.n && r.p[0] == '!' &&
                              weir_sv_find(r, weir_sv_of(expected.p + 1, expected.n - 1), 0) >= 0
                        : weir_sv_eq(r, expected);
        if (!ok) {
            print_error("%s: got " WEIR_SV_FMT ", not %s\n", cases[i].sql, WEIR_SV_ARG(r),
                        cases[i].expected);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}
#define FN_CHECK(t, cases) fn_sql_check((t), (cases), WEIR_COUNT(cases))
