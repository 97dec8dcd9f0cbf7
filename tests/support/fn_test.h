/* Calls a scalar function by name on boxed values, in tests, through an expression program: once
 * with literals (pattern prepared, folded) and once with columns, in rows that are surrounded by
 * others. Both must say the same. */
#pragma once
#include <stdio.h>

#include "engine/data/program.h"
#include "tests/support/test.h"

#define FN_ARGS_MAX 8
#define FN_FAILED "!"

typedef struct fn_test {
    weir_arena arena;
    weir_functions *functions;
    weir_settings settings;
    char error[1024]; /* of the last call that failed */
} fn_test;

typedef struct fn_family {
    const weir_function *rows;
    uint32_t n;
} fn_family;

/* The functions of these families, and no others. */
static inline void fn_test_init(fn_test *t, const fn_family *families, uint32_t n_families)
{
    *t = (fn_test){0};
    weir_arena_init(&t->arena);
    const weir_function **rows = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    for (uint32_t i = 0; i < n_families; i++) {
        for (uint32_t k = 0; k < families[i].n; k++) {
            WEIR_PUSH(&t->arena, rows, n, cap, &families[i].rows[k]);
        }
    }
    t->functions = weir_functions_new(rows, n);
}

static inline void fn_test_deinit(fn_test *t)
{
    weir_functions_free(t->functions);
    weir_arena_deinit(&t->arena);
}

static inline weir_value fn_s(const char *s)
{
    return weir_string(weir_sv_cstr(s));
}
static inline weir_value fn_b(const char *s)
{
    weir_value v = fn_s(s);
    v.kind = WEIR_T_BYTES;
    return v;
}
static inline weir_value fn_i(int32_t i)
{
    return weir_int(i);
}
static inline weir_value fn_null(weir_kind kind)
{
    return weir_null(kind);
}

static inline const weir_expr *fn_call(fn_test *t, const char *name, const weir_type *const *types,
                                       const weir_expr *const *args, uint32_t n)
{
    const weir_function *fn = weir_functions_find(t->functions, weir_sv_cstr(name));
    assert_non_null(fn);
    weir_resolved r = {0};
    weir_status st = {0};
    const uint32_t arity[FN_ARGS_MAX] = {0};
    assert_ok(weir_functions_resolve(t->functions, fn, types, arity, n, &t->arena, &r, &st), &st);
    assert_ok(weir_resolved_finish(&r, fn, &t->arena, &st), &st);
    weir_call *call = WEIR_NEW(&t->arena, weir_call);
    *call = (weir_call){.function = fn, .overload = &fn->overloads[r.index], .nargs = n,
                        .arg_types = r.args, .type = r.result, .plan_arena = &t->arena,
                        .settings = &t->settings};
    weir_expr *e = weir_expr_new(&t->arena, WEIR_EX_CALL, r.result, args, n);
    e->call = call;
    return e;
}

static inline weir_sv fn_show(fn_test *t, const weir_type *type, const weir_value *v)
{
    if (v->null) {
        return WEIR_SV("NULL");
    }
    if (type->kind == WEIR_T_BYTES) {
        return v->sv;
    }
    weir_buf b = {0};
    weir_value_print(&b, type, v);
    weir_sv text = weir_arena_sv(&t->arena, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return text;
}


/* The result as text (Java's toString; BYTES as they are), `NULL`, or FN_FAILED. */
static inline weir_sv fn_by_columns(fn_test *t, const char *name, const weir_type *const *types,
                                    const weir_value *args, uint32_t n)
{
    weir_column *columns = WEIR_NEW_N(&t->arena, weir_column, n);
    for (uint32_t i = 0; i < n; i++) {
        columns[i] = (weir_column){.name = WEIR_SV("C"), .type = types[i], .role = WEIR_COL_VALUE};
    }
    weir_schema schema = {.n = (uint16_t)n, .cols = columns};
    const weir_expr *kids[FN_ARGS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        kids[i] = weir_expr_column(&t->arena, &schema, i);
    }
    const weir_expr *e = fn_call(t, name, types, kids, n);
    weir_program *p = weir_program_new(&t->arena, &schema, &e, 1, &t->settings);
    weir_batch *b = weir_batch_new(&t->arena, &schema);
    b->arena = &t->arena;
    b->rows = 3;
    for (uint32_t row = 0; row < 3; row++) {
        for (uint32_t i = 0; i < n; i++) {
            weir_value null = weir_null(types[i]->kind);
            weir_vec_put(&b->cols[i], &t->arena, row, row == 1 ? &args[i] : &null);
        }
    }
    static const uint16_t sel[] = {1, 2};
    b->sel = sel;
    b->nsel = 2;
    weir_vec out;
    weir_program_eval(p, b, &out, NULL);
    if (weir_vec_is_err(&out, 1)) {
        return WEIR_SV(FN_FAILED);
    }
    weir_value v = weir_vec_get(&out, 1);
    return fn_show(t, out.type, &v);
}

static inline weir_sv fn_by_literals(fn_test *t, const char *name, const weir_type *const *types,
                                     const weir_value *args, uint32_t n)
{
    const weir_expr *kids[FN_ARGS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        kids[i] = weir_expr_literal(&t->arena, types[i], args[i]);
    }
    const weir_expr *e = fn_call(t, name, types, kids, n);
    weir_value v;
    weir_status st = {0};
    if (!weir_expr_eval_const(&t->arena, e, &t->settings, &v, &st)) {
        snprintf(t->error, sizeof t->error, "%s", st.msg);
        return WEIR_SV(FN_FAILED);
    }
    return fn_show(t, e->type, &v);
}

static inline weir_sv fn_eval(fn_test *t, const char *name, const weir_value *args, uint32_t n)
{
    assert_true(n <= FN_ARGS_MAX);
    const weir_type *types[FN_ARGS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        types[i] = weir_type_of(args[i].kind);
    }
    weir_sv by_literals = fn_by_literals(t, name, types, args, n);
    weir_sv by_columns = fn_by_columns(t, name, types, args, n);
    assert_int_equal(by_literals.n, by_columns.n);
    assert_memory_equal(by_literals.p, by_columns.p, by_literals.n);
    return by_literals;
}

#define FN_ARGS(...)                                                                               \
    (const weir_value[]){__VA_ARGS__},                                                             \
        (uint32_t)(sizeof((const weir_value[]){__VA_ARGS__}) / sizeof(weir_value))
/* fn_is(&t, "expected", "LCASE", fn_s("Abc")) */
#define fn_is(t, expected, name, ...)                                                              \
    assert_sv_equal(fn_eval((t), (name), FN_ARGS(__VA_ARGS__)), (expected))
