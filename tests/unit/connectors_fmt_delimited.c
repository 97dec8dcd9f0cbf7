/* DELIMITED as Apache Commons CSV 1.4 reads and writes it, KAFKA and NONE. */
#include "tests/support/codec.h"

#include <stdlib.h>

typedef struct pair {
    const char *in, *out;
} pair;

static void check(codec_test *c, const pair *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *got = codec_decode(c, weir_sv_cstr(cases[i].in));
        bool bad = cases[i].out[0] == '!';
        if (bad ? got[0] != '!' || !strstr(got, cases[i].out + 1) : strcmp(got, cases[i].out)) {
            fail_msg("%s: got %s, expected %s", cases[i].in, got, cases[i].out);
        }
    }
}

static void start(codec_test *c, char delimiter, const codec_column *columns, uint32_t n)
{
    codec_init(c);
    c->spec.delimiter = delimiter;
    assert_ok(codec_start(c, WEIR_FMT_DELIMITED, false, columns, n), &c->st);
}

static void test_lines(void **state)
{
    (void)state;
    codec_test c;
    const codec_column two[] = {{"A", weir_type_of(WEIR_T_STRING)},
                                {"B", weir_type_of(WEIR_T_STRING)}};
    start(&c, ',', two, 2);
    const pair cases[] = {
        {"a,b", "\"a\"|\"b\""},
        {" a ,b ", "\" a \"|\"b \""},
        {",", "null|null"},
        {"a,", "\"a\"|null"},
        {"\"\",b", "null|\"b\""},
        {"\"a,\"\"x\"\"\n\",b", "\"a,\\\"x\\\"\\n\"|\"b\""},
        {"\"a\"  ,\"b\"\t", "\"a\"|\"b\""},
        {"\"a\"\xe2\x80\x83,b", "\"a\"|\"b\""},
        {"a\"b\",c", "\"a\\\"b\\\"\"|\"c\""},
        {"\n\r\n\ra,b", "\"a\"|\"b\""},
        {"a,b\r\nc", "\"a\"|\"b\""},
        {"a,b\n", "\"a\"|\"b\""},
        {"a\xff,b", "\"a\xef\xbf\xbd\"|\"b\""},
        {"", "!No fields in record"},
        {"\n", "!No fields in record"},
        {"a", "!Column count mismatch on deserialization. topic: t, expected: 2, got: 1"},
        {"a,b,c,d", "!expected: 2, got: 4"},
        {"a\nb,c", "!got: 1"},
        {"\"a,b", "!EOF reached"},
        {"\"a\"x,b", "!invalid char"},
        {"a,b\n\"c", "!EOF reached"},
        {"a,b\n\"c\"d", "!invalid char"},
    };
    check(&c, cases, WEIR_COUNT(cases));
    codec_end(&c);
    start(&c, '\t', two, 2);
    const pair tabs[] = {{"a,\tb", "\"a,\"|\"b\""}, {"\"a\" \tb", "\"a\"|\"b\""}};
    check(&c, tabs, WEIR_COUNT(tabs));
    assert_string_equal(codec_encode(&c), "a\tb");
    codec_end(&c);
}

static void test_types(void **state)
{
    (void)state;
    codec_test c;
    weir_type decimal = {.kind = WEIR_T_DECIMAL, .precision = 10, .scale = 8};
    const codec_column columns[] = {
        {"A", weir_type_of(WEIR_T_INTEGER)},
        {"B", weir_type_of(WEIR_T_BIGINT)},
        {"C", weir_type_of(WEIR_T_DOUBLE)},
        {"D", weir_type_of(WEIR_T_BOOLEAN)},
        {"E", &decimal},
        {"F", weir_type_of(WEIR_T_BYTES)},
        {"G", weir_type_of(WEIR_T_DATE)},
        {"H", weir_type_of(WEIR_T_TIME)},
        {"I", weir_type_of(WEIR_T_TIMESTAMP)},
    };
    start(&c, ',', columns, WEIR_COUNT(columns));
    const pair cases[] = {
        {"+1,-2, 3 ,TRUE,0.5,YQ==,4,5,6", "1|-2|3.0|true|0.50000000|\"YQ==\"|4|5|6"},
        {",,,,,,,,", "null|null|null|null|null|null|null|null|null"},
        {",,1e3,yes,,,,86400000,", "null|null|1000.0|false|null|null|null|86400000|null"},
        {" 1,,,,,,,,", "!column `A` is not a valid INTEGER"},
        {"2147483648,,,,,,,,", "!`A`"},
        {",1.5,,,,,,,", "!`B`"},
        {",,x,,,,,,", "!`C`"},
        {",,,,100,,,,", "!`E` is not a valid DECIMAL(10, 8)"},
        {",,,,1.123456789,,,,", "!`E`"},
        {",,,,,!,,,", "!`F`"},
        {",,,,,,2020-01-01,,", "!`G`"},
        {",,,,,,,86400001,", "!`H`"},
        {",,,,,,,-1,", "!`H`"},
        {",,,,,,,,x", "!`I`"},
    };
    check(&c, cases, WEIR_COUNT(cases));
    codec_decode(&c, WEIR_SV("-1,-2,1e10,true,0.00000001,YQ==,-4,5,-6"));
    assert_string_equal(codec_encode(&c), "\"-1\",-2,1.0E10,true,0.00000001,YQ==,-4,5,-6");
    codec_decode(&c, WEIR_SV(",,,,,,,,"));
    assert_string_equal(codec_encode(&c), ",,,,,,,,");
    codec_end(&c);
}

/* JSON reads the strings, so that the test can hold anything; DELIMITED writes them. */
static void test_quotes(void **state)
{
    (void)state;
    codec_test json;
    codec_test c;
    const codec_column two[] = {{"A", weir_type_of(WEIR_T_STRING)},
                                {"B", weir_type_of(WEIR_T_STRING)}};
    codec_init(&json);
    assert_ok(codec_start(&json, WEIR_FMT_JSON, false, two, 2), &json.st);
    start(&c, ',', two, 2);
    const pair cases[] = {
        {"a|b", "a,b"},
        {"|", "\"\","},
        {"a,|,", "\"a,\",\",\""},
        {"-|-", "\"-\",-"},
        {"#|#", "\"#\",\"#\""},
        {"a |b ", "\"a \",\"b \""},
        {" a|  b", "\" a\",\"  b\""},
        {"a'|b\\\"c\\\"", "a',\"b\"\"c\"\"\""},
        {"\\\"|x\\ny", "\"\"\"\",\"x\ny\""},
        {"é|é", "\"é\",é"},
        {"_|$", "\"_\",$"},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        const char *bar = strchr(cases[i].in, '|');
        char text[64];
        snprintf(text, sizeof text, "{\"a\":\"%.*s\",\"b\":\"%s\"}", (int)(bar - cases[i].in),
                 cases[i].in, bar + 1);
        assert_int_not_equal(codec_decode(&json, weir_sv_cstr(text))[0], '!');
        c.batch = json.batch;
        const char *got = codec_encode(&c);
        assert_string_equal(got, cases[i].out);
        char *line = strdup(got);
        char *before = strdup(codec_decode(&json, weir_sv_cstr(text)));
        const char *after = codec_decode(&c, weir_sv_cstr(line));
        if (!strstr(before, "\"\"")) { /* an empty string comes back as NULL */
            assert_string_equal(before, after);
        }
        free(before);
        free(line);
    }
    codec_end(&c);
    codec_end(&json);
}

static void test_one_column(void **state)
{
    (void)state;
    codec_test c;
    const codec_column one = {"A", weir_type_of(WEIR_T_STRING)};
    start(&c, ',', &one, 1);
    assert_string_equal(codec_decode(&c, WEIR_SV("\"\"")), "null");
    assert_string_equal(codec_encode(&c), ""); /* bytes, not a null value */
    codec_end(&c);
}

static void test_refused(void **state)
{
    (void)state;
    codec_test c;
    weir_type array = {.kind = WEIR_T_ARRAY, .item = weir_type_of(WEIR_T_INTEGER)};
    const codec_column column = {"A", &array};
    codec_init(&c);
    assert_int_equal(codec_start(&c, WEIR_FMT_DELIMITED, false, &column, 1), WEIR_EUSAGE);
    assert_non_null(strstr(c.st.msg, "'DELIMITED' format does not support type 'ARRAY"));
    assert_int_equal(codec_start(&c, WEIR_FMT_KAFKA, false, &column, 1), WEIR_EUSAGE);
    assert_non_null(strstr(c.st.msg, "'KAFKA' format does not support type 'ARRAY"));
    const codec_column two[] = {{"A", weir_type_of(WEIR_T_STRING)},
                                {"B", weir_type_of(WEIR_T_STRING)}};
    assert_int_equal(codec_start(&c, WEIR_FMT_KAFKA, true, two, 2), WEIR_EUSAGE);
    assert_non_null(strstr(c.st.msg, "only supports a single field"));
    assert_int_equal(codec_start(&c, WEIR_FMT_NONE, true, two, 2), WEIR_EUSAGE);
    codec_end(&c);
}

typedef struct kafka_case {
    weir_kind kind;
    weir_sv in;
    const char *out;
} kafka_case;

static void test_kafka(void **state)
{
    (void)state;
    const kafka_case cases[] = {
        {WEIR_T_INTEGER, WEIR_SV("\xff\xff\xff\xfe"), "-2"},
        {WEIR_T_INTEGER, WEIR_SV("123"), "!Size of data received by IntegerDeserializer is not 4"},
        {WEIR_T_BIGINT, WEIR_SV("\0\0\0\1\0\0\0\2"), "4294967298"},
        {WEIR_T_BIGINT, WEIR_SV(""), "!Size of data received by LongDeserializer is not 8"},
        {WEIR_T_DOUBLE, WEIR_SV("\x3f\xf8\0\0\0\0\0\0"), "1.5"},
        {WEIR_T_DOUBLE, WEIR_SV("\x3f\xf8\0\0\0\0\0\0\0"),
         "!Size of data received by Deserializer is not 8"},
        {WEIR_T_STRING, WEIR_SV("h\xc3\xa9"), "\"h\xc3\xa9\""},
        {WEIR_T_STRING, WEIR_SV(""), "\"\""},
        {WEIR_T_STRING, WEIR_SV("a\xff"), "\"a\xef\xbf\xbd\""},
        {WEIR_T_BYTES, WEIR_SV("\xff"), "\"/w==\""},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        codec_test c;
        const codec_column column = {"K", weir_type_of(cases[i].kind)};
        codec_init(&c);
        assert_ok(codec_start(&c, WEIR_FMT_KAFKA, true, &column, 1), &c.st);
        const char *got = codec_decode(&c, cases[i].in);
        if (cases[i].out[0] == '!') {
            assert_non_null(strstr(got, cases[i].out + 1));
        } else {
            assert_string_equal(got, cases[i].out);
            codec_encode(&c);
            if (cases[i].in.n != 2) { /* not the repaired one */
                assert_int_equal(c.text.n, cases[i].in.n + 1);
                assert_memory_equal(c.text.p + 1, cases[i].in.p, cases[i].in.n);
            }
        }
        weir_sv null = {NULL, WEIR_NULL_BYTES};
        memset(&c.bad, 0, sizeof c.bad);
        c.format->decode(c.decoder, &null, 0, 1, c.batch->cols, &c.step, &c.bad);
        assert_int_equal(c.bad.n, 0);
        assert_null(codec_encode(&c));
        codec_end(&c);
    }
}

static void test_none(void **state)
{
    (void)state;
    codec_test c;
    codec_init(&c);
    assert_ok(codec_start(&c, WEIR_FMT_NONE, true, NULL, 0), &c.st);
    assert_string_equal(codec_decode(&c, WEIR_SV("whatever")), "");
    assert_null(codec_encode(&c));
    codec_end(&c);
}

static void test_registry(void **state)
{
    (void)state;
    const weir_formats *formats = weir_formats_builtin();
    for (int i = 0; i < WEIR_FMT_KINDS; i++) {
        const weir_format *f = formats->by_kind[i];
        if (f) {
            assert_int_equal(f->kind, i);
            assert_true(strlen(f->doc) > 10);
        }
    }
    assert_null(formats->by_kind[WEIR_FMT_PROTOBUF]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_types),
        cmocka_unit_test(test_quotes),  cmocka_unit_test(test_one_column),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_kafka),
        cmocka_unit_test(test_none),    cmocka_unit_test(test_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
