/* What random sequences do not reach: Java's corners, limits, errors, merges as ksqlDB does them,
 * and sketches that have become dense. */
#include "tests/support/agg_test.h"

#include <math.h>
#include <stdio.h>

static agg_test t;

static int start(void **state)
{
    (void)state;
    agg_test_init(&t);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    agg_test_deinit(&t);
    return 0;
}

/* One column, then up to two literals (NULL: none). */
static weir_rc open(const char *name, const weir_type *type, const weir_value *first,
                    const weir_value *second)
{
    const weir_value *literals[] = {NULL, first, second};
    const weir_type *types[] = {type, first ? weir_type_of(first->kind) : NULL,
                                second ? weir_type_of(second->kind) : NULL};
    return agg_test_resolve(&t, name, types, literals, 1u + (first != NULL) + (second != NULL));
}

static bool add(void *state, weir_value v)
{
    weir_value args[AGG_ARGS_MAX] = {v};
    return agg_test_add(&t, state, args);
}

static void undo(void *state, weir_value v)
{
    assert_true(t.agg->undo(&t.call, state, &v));
}

static weir_value text(const char *s)
{
    return weir_string(weir_sv_cstr(s));
}

static void expect(const void *state, const char *json)
{
    weir_value v = agg_test_result(&t, state);
    assert_string_equal(agg_test_text(&t, &v), json);
}

static const weir_type *kind(weir_kind k)
{
    return weir_type_of(k);
}

static void empty_groups(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        weir_kind type;
        const char *json;
    } cases[] = {
        {"COUNT", WEIR_T_STRING, "0"},           {"SUM", WEIR_T_DOUBLE, "0.0"},
        {"AVG", WEIR_T_INTEGER, "0.0"},          {"MIN", WEIR_T_STRING, "null"},
        {"MAX", WEIR_T_BIGINT, "null"},          {"COLLECT_LIST", WEIR_T_BIGINT, "[null]"},
        {"COLLECT_SET", WEIR_T_BYTES, "[null]"}, {"HISTOGRAM", WEIR_T_STRING, "{\"null\":1}"},
        {"ATTR", WEIR_T_TIME, "null"},           {"COUNT_DISTINCT", WEIR_T_STRING, "0"},
        {"STDDEV_SAMP", WEIR_T_INTEGER, "0.0"},  {"STDDEV_SAMPLE", WEIR_T_DOUBLE, "0.0"},
        {"LATEST_BY_OFFSET", WEIR_T_INTEGER, "null"},
        {"EARLIEST_BY_OFFSET", WEIR_T_INTEGER, "null"},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        assert_ok(open(cases[i].name, kind(cases[i].type), NULL, NULL), &t.st);
        void *s = agg_test_new(&t);
        assert_true(add(s, weir_null(cases[i].type)));
        expect(s, cases[i].json);
        agg_test_free(&t, s);
    }
}

static void sums_wrap(void **state)
{
    (void)state;
    assert_ok(open("SUM", kind(WEIR_T_INTEGER), NULL, NULL), &t.st);
    void *s = agg_test_new(&t);
    assert_true(add(s, weir_int(INT32_MAX)) && add(s, weir_int(1)));
    expect(s, "-2147483648");
    agg_test_free(&t, s);
    assert_ok(open("AVG", kind(WEIR_T_INTEGER), NULL, NULL), &t.st);
    s = agg_test_new(&t);
    assert_true(add(s, weir_int(INT32_MAX)) && add(s, weir_int(1)));
    expect(s, "-1.073741824E9");
    undo(s, weir_int(1));
    expect(s, "2.147483647E9");
    agg_test_free(&t, s);
    assert_ok(open("SUM", kind(WEIR_T_BIGINT), NULL, NULL), &t.st);
    s = agg_test_new(&t);
    assert_true(add(s, weir_bigint(INT64_MAX)) && add(s, weir_bigint(1)));
    expect(s, "-9223372036854775808");
    undo(s, weir_bigint(INT64_MIN));
    expect(s, "0");
    agg_test_free(&t, s);
}

static weir_value dec(const weir_type *type, const char *digits)
{
    weir_value v = {.kind = WEIR_T_DECIMAL};
    assert_int_equal(weir_dec_parse(&t.plan, weir_sv_cstr(digits),
                                    (weir_dec_type){type->precision, type->scale},
                                    WEIR_ROUND_EXACT, &v.dec),
                     WEIR_DEC_OK);
    return v;
}

static void decimal_sum_overflows(void **state)
{
    (void)state;
    static const struct {
        int32_t precision, scale;
        const char *value, *error;
    } cases[] = {
        {4, 2, "99.99", "precision 4 and scale 2 must round to an absolute value less than 10^2. "
                        "Got 200.0"},
        {2, 0, "-55", "precision 2 and scale 0 must round to an absolute value less than 10^2. "
                      "Got -110"},
        {3, 3, "0.5", "precision 3 and scale 3 must round to an absolute value less than 10^0. "
                      "Got 1.00"},
        {40, 0, "9999999999999999999999999999999999999999",
         "precision 40 and scale 0 must round to an absolute value less than 10^40. "
         "Got 20000000000000000000000000000000000000000"},
        {38, 0, "99999999999999999999999999999999999999",
         "precision 38 and scale 0 must round to an absolute value less than 10^38."},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        const weir_type *type = weir_type_decimal(&t.plan, cases[i].precision, cases[i].scale);
        assert_ok(open("SUM", type, NULL, NULL), &t.st);
        void *s = agg_test_new(&t);
        assert_true(add(s, dec(type, cases[i].value)));
        assert_false(add(s, dec(type, cases[i].value)));
        const char *error = weir_arena_cstr(&t.step, t.call.error);
        if (!strstr(error, "Numeric field overflow: A field with ") ||
            !strstr(error, cases[i].error)) {
            fail_msg("%s", error);
        }
        agg_test_free(&t, s);
    }
}

/* A change of a table takes the old value out first; only adding checks. */
static void decimal_sum_may_overflow_between(void **state)
{
    (void)state;
    const weir_type *type = weir_type_decimal(&t.plan, 4, 2);
    assert_ok(open("SUM", type, NULL, NULL), &t.st);
    void *s = agg_test_new(&t);
    assert_true(add(s, dec(type, "60.00")) && add(s, dec(type, "-60.00")) &&
                add(s, dec(type, "50.25")));
    undo(s, dec(type, "-60.00"));
    expect(s, "null");
    assert_true(add(s, dec(type, "-50.00")));
    expect(s, "60.25");
    agg_test_free(&t, s);
}

static void doubles_compare_as_java(void **state)
{
    (void)state;
    const weir_value nan = weir_double(NAN);
    assert_ok(open("MAX", kind(WEIR_T_DOUBLE), NULL, NULL), &t.st);
    void *s = agg_test_new(&t);
    assert_true(add(s, weir_double(-0.0)) && add(s, weir_double(0.0)));
    assert_false(signbit(agg_test_result(&t, s).f64));
    assert_true(add(s, nan) && add(s, weir_double(1e308)));
    assert_true(isnan(agg_test_result(&t, s).f64));
    agg_test_free(&t, s);
    assert_ok(open("MIN", kind(WEIR_T_DOUBLE), NULL, NULL), &t.st);
    s = agg_test_new(&t);
    assert_true(add(s, nan) && add(s, weir_double(0.0)) && add(s, weir_double(-0.0)) &&
                add(s, nan));
    assert_true(agg_test_result(&t, s).f64 == 0 && signbit(agg_test_result(&t, s).f64));
    agg_test_free(&t, s);
    assert_ok(open("COLLECT_SET", kind(WEIR_T_DOUBLE), NULL, NULL), &t.st);
    s = agg_test_new(&t);
    assert_true(add(s, nan) && add(s, nan) && add(s, weir_double(0.0)) &&
                add(s, weir_double(-0.0)));
    assert_int_equal(agg_test_result(&t, s).n, 3);
    agg_test_free(&t, s);
}

/* "\xef\xbf\xbd" is U+FFFD, above the surrogates of U+1F600. */
static void texts_compare_as_utf16(void **state)
{
    (void)state;
    assert_ok(open("MAX", kind(WEIR_T_STRING), NULL, NULL), &t.st);
    void *s = agg_test_new(&t);
    assert_true(add(s, text("\xf0\x9f\x98\x80")) && add(s, text("\xef\xbf\xbd")) &&
                add(s, text("")));
    expect(s, "\"\xef\xbf\xbd\"");
    agg_test_free(&t, s);
    assert_ok(open("MAX", kind(WEIR_T_BYTES), NULL, NULL), &t.st);
    s = agg_test_new(&t);
    weir_value high = {.kind = WEIR_T_BYTES};
    high.sv = WEIR_SV("\xff");
    weir_value low = {.kind = WEIR_T_BYTES};
    low.sv = WEIR_SV("\x01");
    assert_true(add(s, low) && add(s, high));
    assert_true(weir_sv_eq(agg_test_result(&t, s).sv, low.sv));
    agg_test_free(&t, s);
}

static void collecting_stops_at_the_limit(void **state)
{
    (void)state;
    t.settings.collect_list_limit = 2;
    t.settings.collect_set_limit = 1;
    assert_ok(open("COLLECT_LIST", kind(WEIR_T_INTEGER), NULL, NULL), &t.st);
    void *a = agg_test_new(&t);
    void *b = agg_test_new(&t);
    assert_true(add(a, weir_int(1)) && add(b, weir_int(2)) && add(b, weir_int(3)) &&
                add(b, weir_int(4)));
    t.agg->merge(&t.call, a, b);
    expect(a, "[1,2]");
    undo(b, weir_int(4)); /* never got in */
    expect(b, "[2,3]");
    agg_test_free(&t, a);
    agg_test_free(&t, b);
    assert_ok(open("COLLECT_SET", kind(WEIR_T_INTEGER), NULL, NULL), &t.st);
    a = agg_test_new(&t);
    assert_true(add(a, weir_int(1)) && add(a, weir_int(2)) && add(a, weir_int(1)));
    expect(a, "[1]");
    agg_test_free(&t, a);
    t.settings.collect_list_limit = 0;
    assert_ok(open("COLLECT_LIST", kind(WEIR_T_INTEGER), NULL, NULL), &t.st);
    a = agg_test_new(&t);
    assert_true(add(a, weir_int(1)));
    expect(a, "[]");
    agg_test_free(&t, a);
    t.settings.collect_list_limit = -1;
    t.settings.collect_set_limit = -1;
}

static void histogram_is_bounded(void **state)
{
    (void)state;
    assert_ok(open("HISTOGRAM", kind(WEIR_T_STRING), NULL, NULL), &t.st);
    void *s = agg_test_new(&t);
    for (int i = 0; i < WEIR_HISTOGRAM_ENTRIES_MAX + 50; i++) {
        assert_true(add(s, weir_string(weir_arena_printf(&t.step, "key %d", i))));
    }
    assert_true(add(s, text("key 7")));
    assert_int_equal(agg_test_result(&t, s).n, WEIR_HISTOGRAM_ENTRIES_MAX);
    weir_value v = agg_test_result(&t, s);
    weir_value key = text("key 7");
    assert_int_equal(weir_value_map_get(t.call.type, &v, &key)->i64, 2);
    undo(s, text("key 1020")); /* was never counted */
    undo(s, text("key 8"));
    assert_int_equal(agg_test_result(&t, s).n, WEIR_HISTOGRAM_ENTRIES_MAX - 1);
    agg_test_free(&t, s);
}

static void latest_merges_as_ksqldb(void **state)
{
    (void)state;
    const weir_value two = weir_int(2);
    assert_ok(open("LATEST_BY_OFFSET", kind(WEIR_T_INTEGER), &two, NULL), &t.st);
    void *a = agg_test_new(&t);
    void *b = agg_test_new(&t);
    assert_true(add(a, weir_int(1)) && add(b, weir_int(2)) && add(a, weir_int(3)) &&
                add(b, weir_int(4)));
    t.agg->merge(&t.call, b, a);
    expect(b, "[1,2]"); /* the first two */
    assert_true(add(b, weir_int(5)));
    expect(b, "[2,5]");
    agg_test_free(&t, a);
    agg_test_free(&t, b);
}

/* What is seen after a restart is later than what was saved. */
static void numbers_go_on_after_a_restart(void **state)
{
    (void)state;
    assert_ok(open("LATEST_BY_OFFSET", kind(WEIR_T_INTEGER), NULL, NULL), &t.st);
    void *a = agg_test_new(&t);
    for (int i = 0; i < 5; i++) {
        assert_true(add(a, weir_int(i)));
    }
    weir_buf saved = {0};
    t.agg->save(&t.call, a, &saved);
    agg_test_free(&t, a);
    assert_ok(open("LATEST_BY_OFFSET", kind(WEIR_T_INTEGER), NULL, NULL), &t.st);
    a = agg_test_new(&t);
    weir_reader in = weir_reader_of(weir_buf_view(&saved));
    assert_true(t.agg->load(&t.call, a, &in));
    void *b = agg_test_new(&t);
    assert_true(add(b, weir_int(9)));
    t.agg->merge(&t.call, a, b);
    expect(a, "9");
    weir_buf_deinit(&saved);
    agg_test_free(&t, a);
    agg_test_free(&t, b);
}

static void bad_numbers_are_refused(void **state)
{
    (void)state;
    const weir_value bad[] = {weir_int(0), weir_int(-1), weir_int(INT32_MAX)};
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        assert_int_equal(open("LATEST_BY_OFFSET", kind(WEIR_T_INTEGER), &bad[i], NULL), WEIR_ESQL);
        assert_string_equal(t.st.msg, "latestN must be 1 or greater");
        t.agg->prepare(&t.call);
        void *s = agg_test_new(&t);
        assert_false(add(s, weir_int(1)));
        agg_test_free(&t, s);
        assert_int_equal(open("TOPK", kind(WEIR_T_INTEGER), &bad[i], NULL), WEIR_ESQL);
        s = agg_test_new(&t);
        assert_false(add(s, weir_int(1)));
        agg_test_free(&t, s);
    }
}

static void topk_names_its_fields(void **state)
{
    (void)state;
    const weir_value k = weir_int(1);
    const weir_value *literals[] = {NULL, NULL, NULL, &k};
    const weir_type *types[] = {kind(WEIR_T_DOUBLE), kind(WEIR_T_STRING), kind(WEIR_T_BOOLEAN),
                                kind(WEIR_T_INTEGER)};
    assert_ok(agg_test_resolve(&t, "TOPK", types, literals, 4), &t.st);
    assert_sv_equal(weir_type_name(&t.plan, t.call.type),
                    "ARRAY<STRUCT<`sort_col` DOUBLE, `col0` STRING, `col1` BOOLEAN>>");
    types[1] = kind(WEIR_T_NULL);
    assert_int_equal(agg_test_resolve(&t, "TOPK", types, literals, 4), WEIR_ESQL);
}

/* The integer divisions of STDDEV_SAMP's merge are ksqlDB's. */
static void deviations(void **state)
{
    (void)state;
    static const struct {
        const char *name, *merged;
    } cases[] = {{"STDDEV_SAMP", "3.25"}, /* (0.5 + 2·1·(1 − 4)² / 3) / 2 */
                 {"STDDEV_SAMPLE", "1.5275252316519468"}};
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        assert_ok(open(cases[i].name, kind(WEIR_T_INTEGER), NULL, NULL), &t.st);
        void *a = agg_test_new(&t);
        void *b = agg_test_new(&t);
        assert_true(add(a, weir_int(1)) && add(a, weir_int(2)) && add(b, weir_int(4)));
        t.agg->merge(&t.call, a, b);
        expect(a, cases[i].merged);
        agg_test_free(&t, a);
        agg_test_free(&t, b);
    }
}

static void sketch_estimates(void **state)
{
    (void)state;
    weir_rng rng;
    weir_rng_seed(&rng, 5);
    assert_ok(open("COUNT_DISTINCT", kind(WEIR_T_BIGINT), NULL, NULL), &t.st);
    static const int64_t sizes[] = {1024, 1025, 3000, 20000, 70000, 300000};
    for (size_t i = 0; i < WEIR_COUNT(sizes); i++) {
        void *a = agg_test_new(&t);
        void *b = agg_test_new(&t);
        for (int64_t k = 0; k < sizes[i]; k++) {
            weir_value v = weir_bigint(k * 7);
            assert_true(t.agg->step(&t.call, k % 3 ? a : b, &v));
            assert_true(t.agg->step(&t.call, a, &v) || k % 5);
        }
        t.agg->merge(&t.call, b, a);
        double got = (double)agg_test_result(&t, b).i64;
        double error = fabs(got - (double)sizes[i]) / (double)sizes[i];
        assert_true(sizes[i] <= 1024 ? error == 0 : error < 0.03);
        b = agg_test_reload(&t, b, &rng);
        assert_true((double)agg_test_result(&t, b).i64 == got);
        agg_test_free(&t, a);
        agg_test_free(&t, b);
    }
}

static void exact_count_of_many(void **state)
{
    (void)state;
    weir_rng rng;
    weir_rng_seed(&rng, 6);
    assert_ok(open("COUNT_DISTINCT_EXACT", kind(WEIR_T_BIGINT), NULL, NULL), &t.st);
    void *s = agg_test_new(&t);
    for (int64_t k = 0; k < 5000; k++) {
        assert_true(add(s, weir_bigint(k)) && add(s, weir_bigint(k / 2)));
    }
    expect(s, "5000");
    for (int64_t k = 0; k < 5000; k += 2) {
        undo(s, weir_bigint(k));
        undo(s, weir_bigint(k / 2));
        undo(s, weir_bigint(k / 2));
    }
    s = agg_test_reload(&t, s, &rng);
    expect(s, "2500"); /* the odd ones: of each even one the last was taken out */
    agg_test_free(&t, s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_groups),
        cmocka_unit_test(sums_wrap),
        cmocka_unit_test(decimal_sum_overflows),
        cmocka_unit_test(decimal_sum_may_overflow_between),
        cmocka_unit_test(doubles_compare_as_java),
        cmocka_unit_test(texts_compare_as_utf16),
        cmocka_unit_test(collecting_stops_at_the_limit),
        cmocka_unit_test(histogram_is_bounded),
        cmocka_unit_test(latest_merges_as_ksqldb),
        cmocka_unit_test(numbers_go_on_after_a_restart),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(topk_names_its_fields),
        cmocka_unit_test(deviations),
        cmocka_unit_test(sketch_estimates),
        cmocka_unit_test(exact_count_of_many),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
