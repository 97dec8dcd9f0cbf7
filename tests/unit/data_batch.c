/* Vectors and batches: boxing, constants, gathering, views, and the check that guards them. */
#include "engine/data/batch.h"
#include "tests/support/random_value.h"
#include "tests/support/test.h"

static void fill(weir_vec *v, weir_arena *a, weir_rng *r, weir_value *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        values[i] = random_value(r, a, v->type);
        weir_vec_put(v, a, i, &values[i]);
    }
}

static void expect(const weir_vec *v, uint32_t row, const weir_value *want)
{
    weir_value got = weir_vec_get(v, row);
    assert_true(weir_value_eq(v->type, &got, want));
}

static void test_put_get_gather(void **state)
{
    (void)state;
    enum { ROWS = 50 };
    for (uint64_t seed = 1; seed <= 300; seed++) {
        weir_rng r;
        weir_rng_seed(&r, seed);
        weir_arena a;
        weir_arena_init(&a);
        const weir_type *t = random_type(&r, &a, 2);
        weir_vec v;
        weir_value values[ROWS];
        weir_vec_init(&v, &a, t);
        fill(&v, &a, &r, values, ROWS);
        uint16_t rows[ROWS];
        for (uint32_t i = 0; i < ROWS; i++) {
            expect(&v, i, &values[i]);
            rows[i] = (uint16_t)weir_rng_below(&r, ROWS);
        }
        weir_vec to;
        weir_vec_init(&to, &a, t);
        weir_vec_gather(&to, &a, 0, &v, NULL, ROWS);
        weir_vec_gather(&to, &a, ROWS, &v, rows, ROWS);
        weir_vec constant;
        weir_vec_const(&constant, &a, t, &values[0]);
        weir_vec_gather(&to, &a, 2 * ROWS, &constant, rows, ROWS);
        for (uint32_t i = 0; i < ROWS; i++) {
            expect(&to, i, &values[i]);
            expect(&to, ROWS + i, &values[rows[i]]);
            expect(&to, 2 * ROWS + i, &values[0]);
            expect(&constant, 1000 + i % 20, &values[0]);
        }
        weir_arena_deinit(&a);
    }
}

static void test_null_then_value(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    weir_vec v;
    weir_vec_init(&v, &a, weir_type_of(WEIR_T_BIGINT));
    weir_value null = weir_null(WEIR_T_BIGINT);
    weir_value four = weir_bigint(4);
    weir_vec_put(&v, &a, 3, &four);
    assert_null(v.valid); /* made only for a NULL */
    weir_vec_put(&v, &a, 3, &null);
    assert_true(weir_vec_get(&v, 3).null);
    weir_vec_put(&v, &a, 3, &four);
    assert_int_equal(weir_vec_get(&v, 3).i64, 4);
    weir_bit_set(weir_vec_need_err(&v, &a), 3);
    assert_true(weir_vec_get(&v, 3).null);
    weir_vec to;
    weir_vec_init(&to, &a, v.type);
    weir_vec_gather(&to, &a, 0, &v, (uint16_t[]){3}, 1);
    assert_false(weir_vec_is_valid(&to, 0));
    assert_null(to.err);
    weir_arena_deinit(&a);
}

static const weir_column cols[] = {
    {{"K", 1}, NULL, WEIR_COL_KEY, {0}},
    {{"V", 1}, NULL, WEIR_COL_VALUE, {0}},
};

static weir_batch *make(weir_arena *a, uint16_t rows)
{
    weir_column *typed = WEIR_NEW_N(a, weir_column, 2);
    memcpy(typed, cols, sizeof cols);
    typed[0].type = weir_type_of(WEIR_T_BIGINT);
    typed[1].type = weir_type_of(WEIR_T_STRING);
    weir_schema *schema = WEIR_NEW(a, weir_schema);
    *schema = (weir_schema){.n = 2, .n_keys = 1, .cols = typed};
    weir_batch *b = weir_batch_new(a, schema);
    b->rows = rows;
    b->nsel = rows;
    return b;
}

static void test_batch(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    weir_batch *b = make(&a, 10);
    b->old = make(&a, 10);
    weir_batch_verify(b);
    assert_int_equal(weir_batch_flags(b, 9), 0);
    weir_batch_need_flags(b)[9] = WEIR_ROW_NULL_VALUE;
    assert_ptr_equal(weir_batch_need_flags(b), b->flags);
    assert_int_equal(weir_batch_flags(b, 9), WEIR_ROW_NULL_VALUE);
    uint16_t sel[] = {1, 4, 9};
    weir_batch view = weir_batch_select(b, sel, 3);
    weir_batch_verify(&view);
    assert_int_equal(view.old->nsel, 3);
    assert_int_equal(b->old->nsel, 10);
    uint32_t sum = 0;
    WEIR_EACH_ROW(&view, i, row)
    {
        sum += row;
    }
    assert_int_equal(sum, 14);
    weir_arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get_gather),
        cmocka_unit_test(test_null_then_value),
        cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
