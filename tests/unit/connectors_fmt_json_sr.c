/* JSON_SR: the prefix, bad records between good ones, schemas of columns and back. */
#include "tests/support/codec.h"

static const weir_type *type(weir_kind kind)
{
    return weir_type_of(kind);
}

static void test_records(void **state)
{
    (void)state;
    codec_test c;
    codec_init(&c);
    weir_registry *r = weir_registry_in_memory();
    codec_column columns[] = {{"A", type(WEIR_T_INTEGER)}, {"B", type(WEIR_T_STRING)}};
    assert_int_equal(codec_start(&c, WEIR_FMT_JSON_SR, false, columns, 2), WEIR_EUSAGE);
    assert_non_null(strstr(c.st.msg, "ksql.schema.registry.url"));
    c.codec.registry = r;
    assert_ok(codec_start(&c, WEIR_FMT_JSON_SR, false, columns, 2), &c.st);
    assert_string_equal(codec_decode(&c, WEIR_SV("\0\0\0\0\7{\"a\":1,\"B\":\"x\"}")), "1|\"x\"");
    assert_non_null(codec_encode(&c));
    assert_int_equal(c.text.n, 1 + 5 + 15);
    assert_memory_equal(c.text.p + 1, "\0\0\0\0\1{\"A\":1,\"B\":\"x\"}", 20);
    assert_string_equal(codec_decode(&c, WEIR_SV("{\"A\":1}")),
                        "!Failed to deserialize value from topic: t. Unknown magic byte!");
    assert_non_null(strstr(codec_decode(&c, WEIR_SV("\0\0\0\0\1[1]")), "ArrayNode"));
    assert_non_null(strstr(codec_decode(&c, WEIR_SV("\0\0")), "Unknown magic byte!"));
    codec_end(&c);
    weir_registry_close(r);
}

/* Rows that cannot be read do not move the others. */
static void test_batch(void **state)
{
    (void)state;
    codec_test c;
    codec_init(&c);
    weir_registry *r = weir_registry_in_memory();
    c.codec.registry = r;
    codec_column column = {"K", type(WEIR_T_BIGINT)};
    assert_ok(codec_start(&c, WEIR_FMT_JSON_SR, true, &column, 1), &c.st);
    static const char bytes[5][80] = {"\0\0\0\0\1"
                                      "10",
                                      "9",
                                      "\0\0\0\0\1"
                                      "11",
                                      "",
                                      "\0\0\0\0\1"
                                      "x"};
    const weir_sv in[] = {
        {bytes[0], 7}, {bytes[1], 1}, {bytes[2], 7}, {NULL, WEIR_NULL_BYTES}, {bytes[4], 6}};
    c.batch = weir_batch_new(&c.step, &c.schema);
    c.format->decode(c.decoder, in, 1, 5, c.batch->cols, &c.step, &c.bad);
    assert_int_equal(c.bad.n, 2);
    assert_true(weir_bit(c.bad.bits, 2));
    assert_true(weir_bit(c.bad.bits, 5));
    assert_int_equal(weir_vec_get(&c.batch->cols[0], 1).i64, 10);
    assert_true(weir_vec_get(&c.batch->cols[0], 2).null);
    assert_int_equal(weir_vec_get(&c.batch->cols[0], 3).i64, 11);
    assert_true(weir_vec_get(&c.batch->cols[0], 4).null);
    /* NULL has no bytes, not even the prefix. */
    const uint16_t rows[] = {1, 4, 3};
    uint32_t ends[3];
    uint64_t null[WEIR_BITS_WORDS] = {0};
    c.format->encode(c.encoder, c.batch->cols, rows, 3, &c.text, ends, null);
    assert_int_equal(null[0], 2);
    assert_int_equal(ends[0], 7);
    assert_int_equal(ends[1], 7);
    assert_int_equal(ends[2], 14);
    codec_end(&c);
    weir_registry_close(r);
}

static const char *columns_of(codec_test *c, const char *schema, bool unwrap)
{
    const weir_column *cols = NULL;
    uint32_t n = 0;
    weir_codec_spec spec = {.format = &c->spec};
    weir_buf_reset(&c->text);
    if (weir_format_json_sr.columns(&c->arena, &spec, weir_sv_cstr(schema), unwrap, &cols, &n,
                                    &c->st) != WEIR_OK) {
        weir_buf_printf(&c->text, "!%s", c->st.msg);
    }
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_printf(&c->text, "%s" WEIR_SV_FMT " ", i ? ", " : "", WEIR_SV_ARG(cols[i].name));
        weir_type_print(&c->text, cols[i].type, false);
    }
    return weir_buf_cstr(&c->text);
}

/* Columns to a schema and back. */
static void test_own_schema(void **state)
{
    (void)state;
    codec_test c;
    codec_init(&c);
    weir_arena *a = &c.arena;
    weir_field inner[] = {{WEIR_SV("X"), type(WEIR_T_BYTES)}};
    weir_column cols[] = {
        {.name = WEIR_SV("B"), .type = type(WEIR_T_BOOLEAN)},
        {.name = WEIR_SV("I"), .type = type(WEIR_T_INTEGER)},
        {.name = WEIR_SV("L"), .type = type(WEIR_T_BIGINT)},
        {.name = WEIR_SV("F"), .type = type(WEIR_T_DOUBLE)},
        {.name = WEIR_SV("S"), .type = type(WEIR_T_STRING)},
        {.name = WEIR_SV("D"), .type = weir_type_decimal(a, 4, 2)},
        {.name = WEIR_SV("DA"), .type = type(WEIR_T_DATE)},
        {.name = WEIR_SV("T"), .type = type(WEIR_T_TIME)},
        {.name = WEIR_SV("TS"), .type = type(WEIR_T_TIMESTAMP)},
        {.name = WEIR_SV("A"), .type = weir_type_array(a, weir_type_struct(a, inner, 1))},
        {.name = WEIR_SV("M"), .type = weir_type_map(a, type(WEIR_T_STRING), type(WEIR_T_INTEGER))},
    };
    c.spec.kind = WEIR_FMT_JSON_SR;
    weir_codec_spec spec = {.format = &c.spec, .n = WEIR_COUNT(cols), .cols = cols};
    weir_sv text;
    assert_ok(weir_format_json_sr.schema(a, &spec, &text, &c.st), &c.st);
    assert_string_equal(columns_of(&c, text.p, false),
                        "B BOOLEAN, I INTEGER, L BIGINT, F DOUBLE, S STRING, D DECIMAL(4, 2), "
                        "DA DATE, T TIME, TS TIMESTAMP, A ARRAY<STRUCT<X BYTES>>, "
                        "M MAP<STRING, INTEGER>");
    spec.n = 1;
    assert_ok(weir_format_json_sr.schema(a, &spec, &text, &c.st), &c.st);
    assert_string_equal(text.p, "{\"type\":\"object\",\"properties\":{\"B\":{\"connect.index\":0,"
                                "\"oneOf\":[{\"type\":\"null\"},{\"type\":\"boolean\"}]}}}");
    c.spec.wrap = WEIR_WRAP_NO;
    assert_ok(weir_format_json_sr.schema(a, &spec, &text, &c.st), &c.st);
    assert_string_equal(text.p, "{\"oneOf\":[{\"type\":\"null\"},{\"type\":\"boolean\"}]}");
    codec_end(&c);
}

#define OBJECT(properties) "{\"type\":\"object\",\"properties\":{" properties "}}"

static void test_foreign_schemas(void **state)
{
    (void)state;
    codec_test c;
    codec_init(&c);
    assert_string_equal(
        columns_of(&c,
                   OBJECT("\"b\":{\"connect.index\":1,\"type\":\"integer\"},"
                          "\"a\":{\"connect.index\":0,\"type\":[\"null\",\"number\"]},"
                          "\"x\":{\"type\":\"null\"},"
                          "\"e\":{\"enum\":[\"p\",\"q\"]}"),
                   false),
        "A DOUBLE, B BIGINT, E STRING");
    assert_string_equal(
        columns_of(&c,
                   "{\"$ref\":\"#/definitions/r\",\"definitions\":{\"r\":" OBJECT(
                       "\"i\":{\"$ref\":\"#/definitions/s\"}") ",\"s\":{\"type\":\"string\"}}}",
                   false),
        "I STRING");
    assert_string_equal(columns_of(&c, "{\"type\":\"integer\",\"connect.type\":\"int8\"}", true),
                        "ROWVAL INTEGER");
    static const char *const bad[] = {
        "",
        "1",
        "{}",
        "{\"type\":\"integer\"}",
        "{\"$ref\":\"#\"}",
        "{\"$ref\":\"#/a/b\"}",
        "{\"oneOf\":1}",
        OBJECT(""),
        OBJECT("\"a\":1,\"b\":{\"type\":7}"),
        OBJECT("\"a\":{\"$ref\":\"#\"},\"b\":{\"$ref\":\"#\"}"), /* without end */
    };
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        assert_int_equal(columns_of(&c, bad[i], false)[0], '!');
    }
    codec_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_own_schema),
        cmocka_unit_test(test_foreign_schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
