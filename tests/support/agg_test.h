/* Drives one aggregate in tests through the contract of func.h: a call site resolved by name,
 * states one at a time, rows as boxed values. */
#pragma once
#include "engine/base/alloc.h"
#include "engine/base/rng.h"
#include "engine/data/vec.h"
#include "operators/functions.h"
#include "tests/support/test.h"

#define AGG_ARGS_MAX 4

typedef struct agg_test {
    weir_arena plan, step;
    weir_functions *functions;
    weir_settings settings;
    weir_call call;
    const weir_agg *agg;
    const weir_type *types[AGG_ARGS_MAX];
    const weir_value *literals[AGG_ARGS_MAX];
    weir_status st;
} agg_test;

static inline void agg_test_init(agg_test *t)
{
    *t = (agg_test){0};
    weir_arena_init(&t->plan);
    weir_arena_init(&t->step);
    t->functions = weir_functions_builtin();
    t->settings.collect_list_limit = -1;
    t->settings.collect_set_limit = -1;
}

static inline void agg_test_deinit(agg_test *t)
{
    weir_functions_free(t->functions);
    weir_arena_deinit(&t->plan);
    weir_arena_deinit(&t->step);
}

/* Resolves the function; literals[i] non-NULL where the argument is one. */
static inline weir_rc agg_test_resolve(agg_test *t, const char *name, const weir_type *const *types,
                                       const weir_value *const *literals, uint32_t n)
{
    const weir_function *fn = weir_functions_find(t->functions, weir_sv_cstr(name));
    assert_non_null(fn);
    weir_resolved r = {0};
    const uint32_t arity[AGG_ARGS_MAX] = {0};
    WEIR_TRY(weir_functions_resolve(t->functions, fn, types, arity, n, &t->plan, &r, &t->st));
    WEIR_TRY(weir_resolved_finish(&r, fn, &t->plan, &t->st));
    t->agg = &fn->aggs[r.index];
    for (uint32_t i = 0; i < n; i++) {
        t->types[i] = r.args[i];
        t->literals[i] = literals ? literals[i] : NULL;
        assert_int_equal(r.is_init[i], t->literals[i] != NULL);
    }
    t->call = (weir_call){.function = fn,
                          .agg = t->agg,
                          .nargs = n,
                          .arg_types = t->types,
                          .literals = t->literals,
                          .type = r.result,
                          .plan_arena = &t->plan,
                          .arena = &t->step,
                          .settings = &t->settings};
    if (t->agg->check) {
        WEIR_TRY(t->agg->check(&t->call, &t->st));
    }
    if (t->agg->prepare) {
        t->agg->prepare(&t->call);
    }
    return WEIR_OK;
}

static inline void *agg_test_new(agg_test *t)
{
    void *state = weir_alloc_aligned(16, t->agg->state_bytes);
    memset(state, 0, t->agg->state_bytes);
    if (t->agg->init) {
        t->agg->init(&t->call, state);
    }
    return state;
}

static inline void agg_test_free(agg_test *t, void *state)
{
    if (t->agg->free) {
        t->agg->free(&t->call, state);
    }
    weir_free(state);
}

static inline weir_value agg_test_result(agg_test *t, const void *state)
{
    return t->agg->result(&t->call, state);
}

/* One row; where there is a vector form, also checks that it emits what result() says. */
static inline bool agg_test_add(agg_test *t, void *state, const weir_value *args)
{
    if (!t->agg->update) {
        return t->agg->step(&t->call, state, args);
    }
    weir_vec vecs[AGG_ARGS_MAX];
    for (uint32_t i = 0; i < t->call.nargs; i++) {
        weir_vec_init(&vecs[i], &t->step, t->types[i]);
        weir_vec_put(&vecs[i], &t->step, 0, &args[i]);
    }
    weir_vec emit;
    weir_vec_init(&emit, &t->step, t->call.type);
    if (!t->agg->update(&t->call, &state, vecs, NULL, 1, &emit)) {
        return false;
    }
    weir_value emitted = weir_vec_get(&emit, 0);
    weir_value v = agg_test_result(t, state);
    assert_true(weir_value_eq(t->call.type, &emitted, &v));
    return true;
}

static inline const char *agg_test_text(agg_test *t, const weir_value *v)
{
    weir_buf b = {0};
    weir_value_print_json(&b, t->call.type, v);
    const char *text = weir_arena_cstr(&t->step, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return text;
}

/* Saves `state`, frees it and returns what is loaded in its place. Cut or changed bytes must be
 * refused or give some other state, never more than that. */
static inline void *agg_test_reload(agg_test *t, void *state, weir_rng *rng)
{
    weir_buf saved = {0};
    t->agg->save(&t->call, state, &saved);
    weir_value before = agg_test_result(t, state);
    for (int i = 0; i < 4 && saved.n; i++) {
        char *bytes = weir_alloc(saved.n);
        memcpy(bytes, saved.p, saved.n);
        size_t n = saved.n;
        if (i % 2) {
            n = (size_t)weir_rng_below(rng, n);
        } else {
            bytes[weir_rng_below(rng, n)] ^= (char)(1 << weir_rng_below(rng, 8));
        }
        weir_reader in = weir_reader_of(weir_sv_of(bytes, n));
        void *bad = agg_test_new(t);
        void *prepared = t->call.prepared;
        if (t->agg->prepare) {
            t->agg->prepare(&t->call); /* hostile numbers must not move the real numbering */
        }
        bool loaded = t->agg->load(&t->call, bad, &in);
        assert_false(loaded && i % 2);
        if (loaded) {
            agg_test_result(t, bad);
        }
        t->call.prepared = prepared;
        agg_test_free(t, bad);
        weir_free(bytes);
    }
    void *copy = agg_test_new(t);
    weir_reader in = weir_reader_of(weir_buf_view(&saved));
    assert_true(t->agg->load(&t->call, copy, &in));
    assert_true(in.p == in.end && !in.bad);
    weir_value after = agg_test_result(t, copy);
    assert_true(weir_value_eq(t->call.type, &before, &after));
    weir_buf_deinit(&saved);
    agg_test_free(t, state);
    return copy;
}
