/* Boxed values: order and equality as in Java, three printed forms, the binary form. */
#include "engine/data/json_text.h"
#include "engine/data/text.h"
#include "tests/support/random_value.h"
#include "tests/support/test.h"

static weir_arena arena;

static const weir_type *struct_ab(const weir_type *a, const weir_type *b)
{
    weir_field fields[] = {{WEIR_SV("A"), a}, {WEIR_SV("b"), b}};
    return weir_type_struct(&arena, fields, 2);
}

static weir_value tree(const weir_type *t, const weir_value *items, const weir_value *keys,
                       uint32_t n)
{
    weir_value v = {.kind = (uint8_t)t->kind, .n = n};
    v.items = items;
    v.keys = keys;
    return v;
}

static weir_value decimal(const weir_type *t, const char *text)
{
    weir_value v = {.kind = WEIR_T_DECIMAL};
    weir_dec_type dt = {t->precision, t->scale};
    assert_int_equal(weir_dec_parse(&arena, weir_sv_cstr(text), dt, WEIR_ROUND_EXACT, &v.dec),
                     WEIR_DEC_OK);
    return v;
}

static weir_value of_i32(weir_kind kind, int32_t i)
{
    weir_value v = {.kind = (uint8_t)kind};
    v.i32 = i;
    return v;
}

static weir_value of_i64(weir_kind kind, int64_t i)
{
    weir_value v = {.kind = (uint8_t)kind};
    v.i64 = i;
    return v;
}

typedef void (*printer)(weir_buf *out, const weir_type *t, const weir_value *v);

static void expect(printer print, const weir_type *t, weir_value v, const char *want)
{
    weir_buf out = {0};
    print(&out, t, &v);
    assert_sv_equal(weir_buf_view(&out), want);
    weir_buf_deinit(&out);
}

static void test_print_scalars(void **state)
{
    (void)state;
    const weir_type *dec = weir_type_decimal(&arena, 12, 8);
    expect(weir_value_print, weir_type_of(WEIR_T_BOOLEAN), weir_bool(true), "true");
    expect(weir_value_print, weir_type_of(WEIR_T_INTEGER), weir_int(-5), "-5");
    expect(weir_value_print, weir_type_of(WEIR_T_DOUBLE), weir_double(1e10), "1.0E10");
    expect(weir_value_print, weir_type_of(WEIR_T_DOUBLE), weir_double(5e-4), "5.0E-4");
    expect(weir_value_print, weir_type_of(WEIR_T_STRING), weir_string(WEIR_SV("a'b")), "a'b");
    expect(weir_value_print, dec, decimal(dec, "0.00000012"), "0.00000012");
    expect(weir_value_print, weir_type_of(WEIR_T_STRING), weir_null(WEIR_T_STRING), "null");
}

static void test_print_nested(void **state)
{
    (void)state;
    const weir_type *text = weir_type_of(WEIR_T_STRING);
    const weir_type *integer = weir_type_of(WEIR_T_INTEGER);
    weir_value items[] = {weir_string(WEIR_SV("a")), weir_null(WEIR_T_STRING)};
    expect(weir_value_print, weir_type_array(&arena, text), weir_array(items, 2), "[a, null]");
    expect(weir_value_print, weir_type_array(&arena, text), weir_array(items, 0), "[]");
    const weir_type *map = weir_type_map(&arena, text, integer);
    weir_value keys[] = {weir_string(WEIR_SV("x")), weir_string(WEIR_SV("y"))};
    weir_value numbers[] = {weir_int(1), weir_null(WEIR_T_INTEGER)};
    expect(weir_value_print, map, tree(map, numbers, keys, 2), "{x=1, y=null}");
    const weir_type *pair = struct_ab(integer, text);
    weir_value fields[] = {weir_int(1), weir_string(WEIR_SV("t"))};
    expect(weir_value_print, pair, tree(pair, fields, NULL, 2), "Struct{A=1,b=t}");
    weir_value half[] = {weir_null(WEIR_T_INTEGER), weir_string(WEIR_SV("t"))};
    expect(weir_value_print, pair, tree(pair, half, NULL, 2), "Struct{b=t}");
    const weir_type *empty = weir_type_struct(&arena, NULL, 0);
    expect(weir_value_print, empty, tree(empty, NULL, NULL, 0), "Struct{}");
}

/* Inside an array Java's own toString shows. */
static void test_print_java_objects(void **state)
{
    (void)state;
    const weir_type *dec = weir_type_decimal(&arena, 12, 8);
    weir_value decimals[] = {decimal(dec, "0.00000012"), decimal(dec, "-0.00000012"),
                             decimal(dec, "0"),          decimal(dec, "0.00000001"),
                             decimal(dec, "0.00000123"), decimal(dec, "12.5")};
    expect(weir_value_print, weir_type_array(&arena, dec), weir_array(decimals, 6),
           "[1.2E-7, -1.2E-7, 0E-8, 1E-8, 0.00000123, 12.50000000]");
    const weir_type *ts = weir_type_of(WEIR_T_TIMESTAMP);
    weir_value stamps[] = {of_i64(WEIR_T_TIMESTAMP, 0), of_i64(WEIR_T_TIMESTAMP, 1625055519450),
                           of_i64(WEIR_T_TIMESTAMP, -1)};
    expect(weir_value_print, weir_type_array(&arena, ts), weir_array(stamps, 3),
           "[1970-01-01 00:00:00.0, 2021-06-30 12:18:39.45, 1969-12-31 23:59:59.999]");
    const weir_type *time = weir_type_of(WEIR_T_TIME);
    weir_value times[] = {of_i32(WEIR_T_TIME, 3600000)};
    expect(weir_value_print, weir_type_array(&arena, time), weir_array(times, 1), "[01:00:00]");
    const weir_type *date = weir_type_of(WEIR_T_DATE);
    weir_value dates[] = {of_i32(WEIR_T_DATE, 18911)};
    expect(weir_value_print, weir_type_array(&arena, date), weir_array(dates, 1), "[2021-10-11]");
    expect(weir_value_print, ts, stamps[1], "2021-06-30T12:18:39.450");
}

static void test_print_sql(void **state)
{
    (void)state;
    const weir_type *text = weir_type_of(WEIR_T_STRING);
    const weir_type *integer = weir_type_of(WEIR_T_INTEGER);
    expect(weir_value_print_sql, text, weir_string(WEIR_SV("it's")), "'it''s'");
    expect(weir_value_print_sql, text, weir_null(WEIR_T_STRING), "NULL");
    expect(weir_value_print_sql, weir_type_of(WEIR_T_BOOLEAN), weir_bool(false), "FALSE");
    weir_value items[] = {weir_int(1), weir_int(2)};
    expect(weir_value_print_sql, weir_type_array(&arena, integer), weir_array(items, 2),
           "ARRAY[1, 2]");
    const weir_type *pair = struct_ab(integer, integer);
    expect(weir_value_print_sql, pair, tree(pair, items, NULL, 2), "STRUCT(A := 1, `b` := 2)");
    expect(weir_value_print_sql, weir_type_of(WEIR_T_DATE), of_i32(WEIR_T_DATE, 0), "'1970-01-01'");
}

static void test_print_json(void **state)
{
    (void)state;
    const weir_type *text = weir_type_of(WEIR_T_STRING);
    const weir_type *integer = weir_type_of(WEIR_T_INTEGER);
    const weir_type *dec = weir_type_decimal(&arena, 5, 2);
    weir_value bytes = {.kind = WEIR_T_BYTES};
    bytes.sv = WEIR_SV("\x01\x02\xff");
    expect(weir_value_print_json, weir_type_of(WEIR_T_BYTES), bytes, "\"AQL/\"");
    expect(weir_value_print_json, dec, decimal(dec, "10.50"), "10.50");
    expect(weir_value_print_json, weir_type_of(WEIR_T_DATE), of_i32(WEIR_T_DATE, 7), "7");
    expect(weir_value_print_json, weir_type_of(WEIR_T_DOUBLE), weir_double(1), "1.0");
    expect(weir_value_print_json, weir_type_of(WEIR_T_DOUBLE), weir_double(__builtin_nan("")),
           "\"NaN\"");
    const weir_type *pair = struct_ab(integer, text);
    weir_value fields[] = {weir_null(WEIR_T_INTEGER), weir_string(WEIR_SV("a\"b"))};
    expect(weir_value_print_json, pair, tree(pair, fields, NULL, 2),
           "{\"A\":null,\"b\":\"a\\\"b\"}");
    const weir_type *map = weir_type_map(&arena, integer, text);
    weir_value keys[] = {weir_int(1)};
    weir_value values[] = {weir_string(WEIR_SV("x"))};
    expect(weir_value_print_json, map, tree(map, values, keys, 1), "{\"1\":\"x\"}");
}

static void expect_json(weir_sv s, const char *want)
{
    weir_buf out = {0};
    weir_json_string(&out, s);
    assert_sv_equal(weir_buf_view(&out), want);
    weir_buf_deinit(&out);
}

static void test_json_escapes(void **state)
{
    (void)state;
    expect_json((weir_sv){0}, "\"\"");
    expect_json(WEIR_SV("plain, longer than one word; \x7f stays, ü€𝄞 too"),
                "\"plain, longer than one word; \x7f stays, ü€𝄞 too\"");
    expect_json(WEIR_SV("\b\t\n\f\r\x01\x1f\"\\/"), "\"\\b\\t\\n\\f\\r\\u0001\\u001F\\\"\\\\/\"");
    expect_json(weir_sv_of("a\0b", 3), "\"a\\u0000b\"");
    for (uint32_t at = 0; at < 40; at++) { /* at each place of a word */
        char text[41];
        char want[50];
        memset(text, 'x', 40);
        text[at] = '"';
        size_t n = 0;
        want[n++] = '"';
        for (uint32_t i = 0; i < 40; i++) {
            if (i == at) {
                want[n++] = '\\';
            }
            want[n++] = text[i];
        }
        want[n++] = '"';
        want[n] = '\0';
        expect_json(weir_sv_of(text, 40), want);
    }
}

static void plain_json(weir_buf *out, weir_sv s)
{
    weir_buf_byte(out, '"');
    for (uint32_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\') {
            weir_buf_printf(out, "\\%c", c);
        } else if (c == '\n') {
            weir_buf_str(out, "\\n");
        } else if (c < 0x20) {
            weir_buf_printf(out, "\\u%04X", c);
        } else {
            weir_buf_byte(out, (char)c);
        }
    }
    weir_buf_byte(out, '"');
}

/* Neighbours of escaped bytes, so that borrows between the bytes of a word would show. */
static void test_json_escapes_at_random(void **state)
{
    (void)state;
    static const char bytes[] = {'"', '#', '!', '\\', ']', '[', ' ', 0x1f, '\n', 'a', 'b', 'c'};
    weir_rng r;
    weir_rng_seed(&r, 1);
    for (int round = 0; round < 20000; round++) {
        char text[40];
        uint32_t n = (uint32_t)weir_rng_below(&r, sizeof text);
        for (uint32_t i = 0; i < n; i++) {
            text[i] = bytes[weir_rng_below(&r, sizeof bytes)];
        }
        weir_buf fast = {0};
        weir_buf plain = {0};
        weir_json_string(&fast, weir_sv_of(text, n));
        plain_json(&plain, weir_sv_of(text, n));
        assert_true(weir_sv_eq(weir_buf_view(&fast), weir_buf_view(&plain)));
        weir_buf_deinit(&fast);
        weir_buf_deinit(&plain);
    }
}

static int cmp_doubles(double x, double y)
{
    weir_value a = weir_double(x);
    weir_value b = weir_double(y);
    return weir_value_cmp(weir_type_of(WEIR_T_DOUBLE), &a, &b);
}

static int cmp_texts(weir_kind kind, weir_sv x, weir_sv y)
{
    weir_value a = {.kind = (uint8_t)kind};
    weir_value b = {.kind = (uint8_t)kind};
    a.sv = x;
    b.sv = y;
    return weir_value_cmp(weir_type_of(kind), &a, &b);
}

static void test_order(void **state)
{
    (void)state;
    double nan = __builtin_nan("");
    assert_true(cmp_doubles(-0.0, 0.0) < 0);
    assert_true(cmp_doubles(nan, -nan) == 0);
    assert_true(cmp_doubles(nan, __builtin_inf()) > 0);
    assert_true(cmp_doubles(1, 2) < 0);
    assert_true(cmp_texts(WEIR_T_STRING, WEIR_SV("a"), WEIR_SV("ab")) < 0);
    /* A surrogate pair (D834…) comes before U+FF5E, though its bytes do not. */
    assert_true(cmp_texts(WEIR_T_STRING, WEIR_SV("𝄞"), WEIR_SV("\xef\xbd\x9e")) < 0);
    assert_true(cmp_texts(WEIR_T_BYTES, WEIR_SV("a\xff"), WEIR_SV("a\x01")) < 0); /* signed */
    weir_value null = weir_null(WEIR_T_INTEGER);
    weir_value one = weir_int(1);
    assert_true(weir_value_cmp(weir_type_of(WEIR_T_INTEGER), &null, &one) < 0);
    assert_true(weir_value_cmp(weir_type_of(WEIR_T_INTEGER), &null, &null) == 0);
    assert_false(weir_value_eq(weir_type_of(WEIR_T_INTEGER), &null, &one));
}

static void test_maps_are_sets(void **state)
{
    (void)state;
    enum { N = 500 };
    const weir_type *integer = weir_type_of(WEIR_T_INTEGER);
    const weir_type *t = weir_type_map(&arena, integer, integer);
    static weir_value keys[N], values[N], keys_back[N], values_back[N];
    for (int32_t i = 0; i < N; i++) {
        keys[i] = weir_int(i * 7919 % N);
        values[i] = weir_int(i);
        keys_back[N - 1 - i] = keys[i];
        values_back[N - 1 - i] = values[i];
    }
    weir_value a = tree(t, values, keys, N);
    weir_value b = tree(t, values_back, keys_back, N);
    assert_true(weir_value_eq(t, &a, &b));
    assert_true(weir_value_hash(t, &a) == weir_value_hash(t, &b));
    assert_int_equal(weir_value_map_get(t, &a, &keys[123])->i32, 123);
    values_back[77] = weir_int(-1);
    assert_false(weir_value_eq(t, &a, &b));
    assert_true(weir_value_cmp(t, &a, &b) * weir_value_cmp(t, &b, &a) < 0);
    weir_value absent = weir_int(N + 1);
    assert_null(weir_value_map_get(t, &a, &absent));
}

static void test_copy_and_binary_form(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        weir_rng r;
        weir_rng_seed(&r, seed);
        const weir_type *t = random_type(&r, &arena, 4);
        weir_value v = random_value(&r, &arena, t);
        weir_buf out = {0};
        weir_value_encode(&out, t, &v);
        weir_reader in = weir_reader_of(weir_buf_view(&out));
        weir_value back;
        assert_int_equal(weir_value_decode(&arena, t, &in, &back), WEIR_OK);
        assert_true(in.p == in.end && !in.bad);
        weir_value copy = weir_value_copy(&arena, t, &back);
        assert_true(weir_value_eq(t, &v, &back));
        assert_true(weir_value_eq(t, &v, &copy));
        assert_int_equal(weir_value_cmp(t, &v, &copy), 0);
        assert_true(weir_value_hash(t, &v) == weir_value_hash(t, &copy));
        weir_buf_reset(&out);
        weir_value_print(&out, t, &copy);
        weir_value_print_sql(&out, t, &copy);
        weir_value_print_json(&out, t, &copy);
        assert_true(weir_utf8_valid(weir_buf_view(&out)));
        weir_buf_deinit(&out);
        weir_arena_reset(&arena);
    }
}

static void test_hostile_binary_form(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5000; seed++) {
        weir_rng r;
        weir_rng_seed(&r, seed);
        const weir_type *t = random_type(&r, &arena, 4);
        weir_value v = random_value(&r, &arena, t);
        weir_buf out = {0};
        weir_value_encode(&out, t, &v);
        for (uint64_t i = weir_rng_below(&r, 4); i > 0; i--) {
            out.p[weir_rng_below(&r, out.n)] = (char)weir_rng_next(&r);
        }
        char *bytes = weir_arena_alloc(&arena, out.n);
        size_t n = weir_rng_below(&r, 3) ? out.n : weir_rng_below(&r, out.n + 1);
        memcpy(bytes, out.p, n);
        weir_reader in = weir_reader_of(weir_sv_of(bytes, n));
        weir_value back;
        if (weir_value_decode(&arena, t, &in, &back) == WEIR_OK) {
            (void)weir_value_hash(t, &back);
            (void)weir_value_cmp(t, &back, &v);
        } else {
            assert_true(back.null);
        }
        weir_buf_deinit(&out);
        weir_arena_reset(&arena);
    }
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
        cmocka_unit_test(test_print_scalars),
        cmocka_unit_test(test_print_nested),
        cmocka_unit_test(test_print_java_objects),
        cmocka_unit_test(test_print_sql),
        cmocka_unit_test(test_print_json),
        cmocka_unit_test(test_json_escapes),
        cmocka_unit_test(test_json_escapes_at_random),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_maps_are_sets),
        cmocka_unit_test(test_copy_and_binary_form),
        cmocka_unit_test(test_hostile_binary_form),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
