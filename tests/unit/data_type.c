/* Types, names, schemas, formats and windows: texts are ksqlDB's, arithmetic is Kafka Streams'. */
#include "engine/data/format.h"
#include "engine/data/schema.h"
#include "engine/data/window.h"
#include "tests/support/random_value.h"
#include "tests/support/test.h"

static weir_arena arena;

static const weir_type *record_type(void)
{
    weir_field fields[] = {
        {WEIR_SV("A"), weir_type_of(WEIR_T_INTEGER)},
        {WEIR_SV("b c"), weir_type_decimal(&arena, 4, 2)},
    };
    return weir_type_struct(&arena, fields, 2);
}

static void expect_name(const weir_type *t, bool quote_all, const char *want)
{
    weir_buf out = {0};
    weir_type_print(&out, t, quote_all);
    assert_sv_equal(weir_buf_view(&out), want);
    weir_buf_deinit(&out);
}

static void test_type_text(void **state)
{
    (void)state;
    const weir_type *record = record_type();
    expect_name(weir_type_of(WEIR_T_BIGINT), true, "BIGINT");
    expect_name(weir_type_decimal(&arena, 4, 2), true, "DECIMAL(4, 2)");
    expect_name(record, true, "STRUCT<`A` INTEGER, `b c` DECIMAL(4, 2)>");
    expect_name(record, false, "STRUCT<A INTEGER, `b c` DECIMAL(4, 2)>");
    expect_name(weir_type_struct(&arena, NULL, 0), true, "STRUCT< >");
    expect_name(weir_type_map(&arena, weir_type_of(WEIR_T_STRING),
                              weir_type_array(&arena, weir_type_of(WEIR_T_DOUBLE))),
                true, "MAP<STRING, ARRAY<DOUBLE>>");
    assert_sv_equal(weir_type_name(&arena, record), "STRUCT<`A` INTEGER, `b c` DECIMAL(4, 2)>");
}

static void test_type_equality(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        weir_rng r;
        weir_rng_seed(&r, seed);
        const weir_type *t = random_type(&r, &arena, 4);
        const weir_type *other = random_type(&r, &arena, 4);
        assert_true(weir_type_eq(t, weir_type_copy(&arena, t)));
        weir_sv x = weir_type_name(&arena, t);
        weir_sv y = weir_type_name(&arena, other);
        assert_int_equal(weir_type_eq(t, other), weir_sv_eq(x, y));
    }
    const weir_type *record = record_type();
    assert_int_equal(weir_type_field(record, WEIR_SV("b c")), 1);
    assert_int_equal(weir_type_field(record, WEIR_SV("a")), -1);
    assert_true(weir_type_has_map(
        weir_type_array(&arena, weir_type_map(&arena, weir_type_of(WEIR_T_STRING), record))));
    assert_false(weir_type_has_map(record));
}

static void expect_quoted(const char *name, const char *want)
{
    weir_buf out = {0};
    weir_name_print(&out, weir_sv_cstr(name), false);
    assert_sv_equal(weir_buf_view(&out), want);
    weir_buf_deinit(&out);
}

static void test_names(void **state)
{
    (void)state;
    expect_quoted("ID", "ID");
    expect_quoted("_A1@", "_A1@");
    expect_quoted("id", "`id`");
    expect_quoted("1R", "`1R`");
    expect_quoted("A`B", "`A``B`");
    expect_quoted("", "``");
    expect_quoted("ADVANCE", "`ADVANCE`");
    expect_quoted("FROM", "`FROM`");
    expect_quoted("MINUTES", "`MINUTES`");
    expect_quoted("YEARS", "`YEARS`");
    expect_quoted("KEY", "KEY"); /* a key word, but free */
}

static void test_schema(void **state)
{
    (void)state;
    weir_field header[] = {{WEIR_SV("KEY"), weir_type_of(WEIR_T_STRING)},
                           {WEIR_SV("VALUE"), weir_type_of(WEIR_T_BYTES)}};
    weir_column cols[] = {
        {WEIR_SV("ID"), weir_type_of(WEIR_T_BIGINT), WEIR_COL_KEY, {0}},
        {WEIR_SV("V"), weir_type_array(&arena, record_type()), WEIR_COL_VALUE, {0}},
        {WEIR_SV("H"), weir_type_of(WEIR_T_BYTES), WEIR_COL_HEADER, WEIR_SV("h")},
        {WEIR_SV("HS"),
         weir_type_array(&arena, weir_type_struct(&arena, header, 2)),
         WEIR_COL_HEADERS,
         {0}},
    };
    weir_schema s = {.n = 4, .n_keys = 1, .cols = cols};
    const weir_schema *copy = weir_schema_copy(&arena, &s);
    assert_true(weir_schema_eq(&s, copy));
    weir_buf out = {0};
    weir_schema_print(&out, copy);
    assert_sv_equal(weir_buf_view(&out),
                    "`ID` BIGINT KEY, `V` ARRAY<STRUCT<`A` INTEGER, `b c` DECIMAL(4, 2)>>, "
                    "`H` BYTES HEADER('h'), "
                    "`HS` ARRAY<STRUCT<`KEY` STRING, `VALUE` BYTES>> HEADERS");
    weir_buf_deinit(&out);
    assert_int_equal(weir_schema_find(copy, WEIR_SV("V")), 1);
    assert_int_equal(weir_schema_find(copy, WEIR_SV("v")), -1);
    cols[1].role = WEIR_COL_KEY;
    assert_false(weir_schema_eq(&s, copy));
}

static void test_formats(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WEIR_FMT_KINDS; i++) {
        weir_format_kind back;
        const char *name = weir_format_name((weir_format_kind)i);
        assert_true(weir_format_by_name(weir_sv_cstr(name), &back));
        assert_int_equal(back, i);
    }
    weir_format_kind kind;
    assert_true(weir_format_by_name(WEIR_SV("Json_Sr"), &kind) && kind == WEIR_FMT_JSON_SR);
    assert_false(weir_format_by_name(WEIR_SV("XML"), &kind));
}

static void test_windows(void **state)
{
    (void)state;
    weir_window hop = {.kind = WEIR_WINDOW_HOPPING, .size_ms = 10, .advance_ms = 3, .grace_ms = 5};
    for (int64_t ts = 0; ts < 100; ts++) {
        int64_t first = 0; /* by walking */
        while (first + hop.size_ms <= ts) {
            first += hop.advance_ms;
        }
        assert_int_equal(weir_window_first_start(&hop, ts), first);
    }
    weir_window day = {.kind = WEIR_WINDOW_TUMBLING, .size_ms = 10, .advance_ms = 10};
    assert_int_equal(weir_window_first_start(&day, 19), 10);
    assert_int_equal(weir_window_first_start(&day, 20), 20);
    assert_int_equal(weir_window_first_start(&day, -7), 0);
    assert_int_equal(weir_window_first_start(&day, INT64_MIN), 0);
    assert_int_equal(weir_window_first_start(&day, INT64_MAX), INT64_MAX / 10 * 10);
    assert_false(weir_window_closed(&hop, 10, 14));
    assert_true(weir_window_closed(&hop, 10, 15));
    assert_false(weir_window_closed(&hop, 10, INT64_MIN));
    weir_window session = {.kind = WEIR_WINDOW_SESSION, .size_ms = 10, .grace_ms = 5};
    assert_false(weir_window_closed(&session, 100, 115));
    assert_true(weir_window_closed(&session, 100, 116));
}

static int set_up(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    weir_arena_deinit(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_type_text), cmocka_unit_test(test_type_equality),
        cmocka_unit_test(test_names),     cmocka_unit_test(test_schema),
        cmocka_unit_test(test_formats),   cmocka_unit_test(test_windows),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
