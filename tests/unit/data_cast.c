/* The cast matrix, value by value. */
#include "engine/data/expr.h"
#include "tests/support/test.h"

static weir_arena arena;

static int setup(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weir_arena_deinit(&arena);
    return 0;
}

#define T(kind) weir_type_of(WEIR_T_##kind)

/* The result as CAST(… AS STRING) would print it; "!" for a failure. */
static const char *cast(const weir_type *from, weir_value v, const weir_type *to)
{
    weir_value out;
    assert_true(weir_cast_exists(from, to));
    if (!weir_cast_value(&arena, from, &v, to, &out)) {
        assert_true(out.null);
        return "!";
    }
    assert_int_equal(out.kind, to->kind);
    weir_value text;
    assert_true(weir_cast_value(&arena, to, &out, T(STRING), &text));
    return text.null ? "NULL" : weir_arena_cstr(&arena, text.sv);
}

static const char *of_text(const char *s, const weir_type *to)
{
    return cast(T(STRING), weir_string(weir_sv_cstr(s)), to);
}

static void from_text(void **state)
{
    (void)state;
    assert_string_equal(of_text(" 12 ", T(INTEGER)), "12");
    assert_string_equal(of_text("+7", T(INTEGER)), "7");
    assert_string_equal(of_text("2147483648", T(INTEGER)), "!");
    assert_string_equal(of_text("12.0", T(INTEGER)), "!");
    assert_string_equal(of_text("", T(BIGINT)), "!");
    assert_string_equal(of_text("-9223372036854775808", T(BIGINT)), "-9223372036854775808");
    assert_string_equal(of_text("1e10", T(DOUBLE)), "1.0E10");
    assert_string_equal(of_text("NaN", T(DOUBLE)), "!");
    assert_string_equal(of_text("1e999", T(DOUBLE)), "!");
    assert_string_equal(of_text("9.995", weir_type_decimal(&arena, 4, 2)), "10.00");
    assert_string_equal(of_text("100", weir_type_decimal(&arena, 4, 2)), "!");
    assert_string_equal(of_text("Ye", T(BOOLEAN)), "true");
    assert_string_equal(of_text(" t ", T(BOOLEAN)), "true");
    assert_string_equal(of_text("yesss", T(BOOLEAN)), "false");
    assert_string_equal(of_text("", T(BOOLEAN)), "false");
    assert_string_equal(of_text("2021-10-11", T(DATE)), "2021-10-11");
    assert_string_equal(of_text("x", T(DATE)), "!");
}

static void numbers(void **state)
{
    (void)state;
    const weir_type *dec = weir_type_decimal(&arena, 5, 2);
    assert_string_equal(cast(T(BIGINT), weir_bigint(INT64_C(4294967297)), T(INTEGER)), "1");
    assert_string_equal(cast(T(DOUBLE), weir_double(1e20), T(BIGINT)), "9223372036854775807");
    assert_string_equal(cast(T(DOUBLE), weir_double(-2.9), T(INTEGER)), "-2");
    assert_string_equal(cast(T(INTEGER), weir_int(5), dec), "5.00");
    assert_string_equal(cast(T(INTEGER), weir_int(1000), dec), "!");
    assert_string_equal(cast(T(DOUBLE), weir_double(1.005), dec), "1.01"); /* 5 digits first */
    assert_string_equal(cast(T(INTEGER), weir_int(3), T(DOUBLE)), "3.0");
    weir_value d;
    weir_value text = weir_string(WEIR_SV("-12.5"));
    assert_true(weir_cast_value(&arena, T(STRING), &text, dec, &d));
    assert_string_equal(cast(dec, d, T(INTEGER)), "-12");
    assert_string_equal(cast(dec, d, T(DOUBLE)), "-12.5");
    assert_string_equal(cast(dec, d, weir_type_decimal(&arena, 3, 0)), "-13");
    assert_string_equal(cast(dec, weir_null(WEIR_T_DECIMAL), T(INTEGER)), "NULL");
}

static void times(void **state)
{
    (void)state;
    weir_value ts = {.kind = WEIR_T_TIMESTAMP};
    ts.i64 = -1;
    assert_string_equal(cast(T(TIMESTAMP), ts, T(STRING)), "1969-12-31T23:59:59.999");
    assert_string_equal(cast(T(TIMESTAMP), ts, T(DATE)), "1969-12-31");
    assert_string_equal(cast(T(TIMESTAMP), ts, T(TIME)), "23:59:59");
    weir_value date = {.kind = WEIR_T_DATE};
    date.i32 = 1;
    assert_string_equal(cast(T(DATE), date, T(TIMESTAMP)), "1970-01-02T00:00:00.000");
}

static void nested(void **state)
{
    (void)state;
    const weir_type *texts = weir_type_array(&arena, T(STRING));
    const weir_type *ints = weir_type_array(&arena, T(INTEGER));
    weir_value items[] = {weir_string(WEIR_SV("1")), weir_null(WEIR_T_STRING),
                          weir_string(WEIR_SV("3"))};
    assert_string_equal(cast(texts, weir_array(items, 3), ints), "[1, null, 3]");
    items[1] = weir_string(WEIR_SV("x"));
    assert_string_equal(cast(texts, weir_array(items, 3), ints), "!");

    const weir_type *by_text = weir_type_map(&arena, T(STRING), T(BIGINT));
    const weir_type *by_int = weir_type_map(&arena, T(INTEGER), T(DOUBLE));
    weir_value keys[] = {weir_string(WEIR_SV("1")), weir_string(WEIR_SV("2")),
                         weir_string(WEIR_SV("+1"))};
    weir_value values[] = {weir_bigint(10), weir_bigint(20), weir_bigint(30)};
    weir_value map = {.kind = WEIR_T_MAP, .n = 3};
    map.keys = keys;
    map.items = values;
    assert_string_equal(cast(by_text, map, by_int), "{1=30.0, 2=20.0}");

    const weir_field from[] = {{WEIR_SV("A"), T(INTEGER)}, {WEIR_SV("B"), T(STRING)}};
    const weir_field to[] = {{WEIR_SV("C"), T(STRING)}, {WEIR_SV("A"), T(BIGINT)}};
    weir_value fields[] = {weir_int(4), weir_string(WEIR_SV("b"))};
    weir_value s = {.kind = WEIR_T_STRUCT, .n = 2};
    s.items = fields;
    const weir_type *from_type = weir_type_struct(&arena, from, 2);
    const weir_type *to_type = weir_type_struct(&arena, to, 2);
    weir_value out;
    assert_true(weir_cast_value(&arena, from_type, &s, to_type, &out));
    assert_true(out.items[0].null);
    assert_int_equal(out.items[1].i64, 4);
}

static void existence(void **state)
{
    (void)state;
    assert_false(weir_cast_exists(T(BOOLEAN), T(INTEGER)));
    assert_false(weir_cast_exists(T(INTEGER), T(BOOLEAN)));
    assert_false(weir_cast_exists(T(BYTES), T(STRING)));
    assert_false(weir_cast_exists(T(DATE), T(TIME)));
    assert_false(weir_cast_exists(T(BIGINT), T(TIMESTAMP)));
    assert_true(weir_cast_exists(T(BYTES), T(BYTES)));
    assert_true(weir_cast_exists(T(NULL), T(DATE)));
    const weir_type *dates = weir_type_array(&arena, T(DATE));
    const weir_type *times_of = weir_type_array(&arena, T(TIME));
    assert_false(weir_cast_exists(dates, times_of));
    assert_true(weir_cast_exists(dates, weir_type_array(&arena, T(STRING))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_text), cmocka_unit_test(numbers),   cmocka_unit_test(times),
        cmocka_unit_test(nested),    cmocka_unit_test(existence),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
