/* AVRO records to columns and back: schemas, round trips, schemas of other writers, hostile bytes.
 */
#include "tests/support/codec.h"

typedef struct avro_test {
    codec_test c;
    weir_registry *registry;
} avro_test;

static const weir_type *type(weir_kind kind)
{
    return weir_type_of(kind);
}

static void start(avro_test *t, bool is_key, const codec_column *columns, uint32_t n)
{
    t->registry = t->registry ? t->registry : weir_registry_in_memory();
    t->c.codec.registry = t->registry;
    assert_ok(codec_start(&t->c, WEIR_FMT_AVRO, is_key, columns, n), &t->c.st);
}

static void init(avro_test *t)
{
    memset(t, 0, sizeof *t);
    codec_init(&t->c);
}

static void end(avro_test *t)
{
    codec_end(&t->c);
    weir_registry_close(t->registry);
}

/* The schema that the columns get; they become the test's codec. */
static const char *schema_of(avro_test *t)
{
    weir_registered found;
    const char *subject = t->c.codec.is_key ? "t-key" : "t-value";
    assert_ok(t->registry->calls->latest(t->registry, weir_sv_cstr(subject), &found, &t->c.st),
              &t->c.st);
    return weir_arena_cstr(&t->c.arena, found.text);
}

/* Registers a writer's schema and decodes a record of it. */
static const char *decode_as(avro_test *t, const char *schema, const char *bytes, size_t n)
{
    int32_t id = 0;
    assert_ok(t->registry->calls->put(t->registry, WEIR_SV("t-value"), WEIR_SCHEMA_AVRO,
                                      weir_sv_cstr(schema), &id, &t->c.st),
              &t->c.st);
    weir_buf record = {0};
    weir_buf_byte(&record, 0);
    weir_buf_be32(&record, (uint32_t)id);
    weir_buf_add(&record, bytes, n);
    const char *got = codec_decode(&t->c, weir_buf_view(&record));
    weir_buf_deinit(&record);
    return got;
}
#define DECODE_AS(t, schema, bytes) decode_as(t, schema, bytes, sizeof(bytes) - 1)

#define CONNECT "org.apache.kafka.connect.data."
#define SPACE "io.confluent.ksql.avro_schemas"
#define NAME "KsqlDataSourceSchema"

static void test_schema(void **state)
{
    (void)state;
    avro_test t;
    init(&t);
    weir_field inner[] = {{WEIR_SV("X"), type(WEIR_T_INTEGER)}};
    weir_arena *a = &t.c.arena;
    codec_column columns[] = {
        {"I", type(WEIR_T_INTEGER)},
        {"a.b", type(WEIR_T_BYTES)},
        {"D", weir_type_decimal(a, 4, 2)},
        {"TS", type(WEIR_T_TIMESTAMP)},
        {"M", weir_type_map(a, type(WEIR_T_STRING), type(WEIR_T_DOUBLE))},
        {"S", weir_type_array(a, weir_type_struct(a, inner, 1))},
    };
    start(&t, false, columns, WEIR_COUNT(columns));
    assert_string_equal(
        schema_of(&t),
        "{\"type\":\"record\",\"name\":\"" NAME "\",\"namespace\":\"" SPACE "\",\"fields\":["
        "{\"name\":\"I\",\"type\":[\"null\",\"int\"],\"default\":null},"
        "{\"name\":\"a_b\",\"type\":[\"null\",\"bytes\"],\"default\":null},"
        "{\"name\":\"D\",\"type\":[\"null\",{\"type\":\"bytes\",\"scale\":2,\"precision\":4,"
        "\"connect.version\":1,\"connect.parameters\":{\"scale\":\"2\","
        "\"connect.decimal.precision\":\"4\"},\"connect.name\":\"" CONNECT "Decimal\","
        "\"logicalType\":\"decimal\"}],\"default\":null},"
        "{\"name\":\"TS\",\"type\":[\"null\",{\"type\":\"long\",\"connect.version\":1,"
        "\"connect.name\":\"" CONNECT "Timestamp\",\"logicalType\":\"timestamp-millis\"}],"
        "\"default\":null},"
        "{\"name\":\"M\",\"type\":[\"null\",{\"type\":\"array\",\"items\":{\"type\":\"record\","
        "\"name\":\"" NAME "_M\",\"fields\":["
        "{\"name\":\"key\",\"type\":[\"null\",\"string\"],\"default\":null},"
        "{\"name\":\"value\",\"type\":[\"null\",\"double\"],\"default\":null}],"
        "\"connect.internal.type\":\"MapEntry\"},\"connect.name\":\"" SPACE "." NAME "_M\"}],"
        "\"default\":null},"
        "{\"name\":\"S\",\"type\":[\"null\",{\"type\":\"array\",\"items\":[\"null\","
        "{\"type\":\"record\",\"name\":\"" NAME "_S\",\"fields\":["
        "{\"name\":\"X\",\"type\":[\"null\",\"int\"],\"default\":null}],"
        "\"connect.name\":\"" SPACE "." NAME "_S\"}]}],\"default\":null}],"
        "\"connect.name\":\"" SPACE "." NAME "\"}");
    end(&t);
}

static void test_bare_schemas(void **state)
{
    (void)state;
    avro_test t;
    init(&t);
    codec_column number = {"K", type(WEIR_T_BIGINT)};
    start(&t, true, &number, 1);
    assert_string_equal(schema_of(&t), "\"long\"");
    codec_column date = {"K", type(WEIR_T_DATE)};
    start(&t, true, &date, 1);
    assert_string_equal(schema_of(&t), "{\"type\":\"int\",\"connect.name\":\"" CONNECT
                                       "Date\",\"logicalType\":\"date\"}");
    t.c.spec.full_name = WEIR_SV("a.b.Key");
    codec_column two[] = {{"K", type(WEIR_T_STRING)}, {"L", type(WEIR_T_BOOLEAN)}};
    start(&t, true, two, 2);
    assert_string_equal(schema_of(&t),
                        "{\"type\":\"record\",\"name\":\"Key\",\"namespace\":\"a.b\",\"fields\":["
                        "{\"name\":\"K\",\"type\":[\"null\",\"string\"],\"default\":null},"
                        "{\"name\":\"L\",\"type\":[\"null\",\"boolean\"],\"default\":null}],"
                        "\"connect.name\":\"a.b.Key\"}");
    end(&t);
}

static void test_refused(void **state)
{
    (void)state;
    avro_test t;
    init(&t);
    codec_column column = {"1X", type(WEIR_T_INTEGER)};
    assert_int_equal(codec_start(&t.c, WEIR_FMT_AVRO, false, &column, 1), WEIR_EUSAGE);
    assert_non_null(strstr(t.c.st.msg, "ksql.schema.registry.url"));
    t.registry = weir_registry_in_memory();
    t.c.codec.registry = t.registry;
    assert_int_equal(codec_start(&t.c, WEIR_FMT_AVRO, false, &column, 1), WEIR_EUSAGE);
    assert_string_equal(t.c.st.msg,
                        "Schema is not compatible with Avro: Illegal initial character: 1X");
    column.type = weir_type_map(&t.c.arena, type(WEIR_T_INTEGER), type(WEIR_T_INTEGER));
    assert_int_equal(codec_start(&t.c, WEIR_FMT_AVRO, false, &column, 1), WEIR_EUSAGE);
    assert_string_equal(t.c.st.msg, "Avro only supports MAPs with STRING keys");
    end(&t);
}

/* Every type, with values and with NULLs: JSON in, AVRO out and back. */
static void test_round_trip(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"B\":true,\"I\":-2147483648,\"L\":9223372036854775807,\"F\":-1.5,\"S\":\"h\\u00e9\","
        "\"Y\":\"aGk=\",\"D\":-12.34,\"G\":123456789012345678901234567890123456789012.5,"
        "\"DA\":-3,\"T\":86399999,\"TS\":-1,\"A\":[1,null,3],\"M\":{\"a\":[1.0],\"b\":null},"
        "\"ST\":{\"P\":{\"Q\":\"x\"},\"R\":[{\"Q\":null},null]}}",
        "{\"B\":false,\"I\":0,\"S\":\"\",\"Y\":\"\",\"A\":[],\"M\":{},\"ST\":{},\"D\":0.00}",
        "{}",
    };
    avro_test t;
    codec_test json;
    init(&t);
    codec_init(&json);
    weir_arena *a = &t.c.arena;
    weir_field q[] = {{WEIR_SV("Q"), type(WEIR_T_STRING)}};
    const weir_type *inner = weir_type_struct(a, q, 1);
    weir_field pr[] = {{WEIR_SV("P"), inner}, {WEIR_SV("R"), weir_type_array(a, inner)}};
    codec_column columns[] = {
        {"B", type(WEIR_T_BOOLEAN)},
        {"I", type(WEIR_T_INTEGER)},
        {"L", type(WEIR_T_BIGINT)},
        {"F", type(WEIR_T_DOUBLE)},
        {"S", type(WEIR_T_STRING)},
        {"Y", type(WEIR_T_BYTES)},
        {"D", weir_type_decimal(a, 4, 2)},
        {"G", weir_type_decimal(a, 43, 1)},
        {"DA", type(WEIR_T_DATE)},
        {"T", type(WEIR_T_TIME)},
        {"TS", type(WEIR_T_TIMESTAMP)},
        {"A", weir_type_array(a, type(WEIR_T_BIGINT))},
        {"M", weir_type_map(a, type(WEIR_T_STRING), weir_type_array(a, type(WEIR_T_DOUBLE)))},
        {"ST", weir_type_struct(a, pr, 2)},
    };
    start(&t, false, columns, WEIR_COUNT(columns));
    assert_ok(codec_start(&json, WEIR_FMT_JSON, false, columns, WEIR_COUNT(columns)), &json.st);
    for (size_t i = 0; i < WEIR_COUNT(rows); i++) {
        const char *given = codec_decode(&json, weir_sv_cstr(rows[i]));
        assert_int_not_equal(given[0], '!');
        char *expected = weir_arena_cstr(a, weir_sv_cstr(given));
        t.c.batch = json.batch;
        assert_non_null(codec_encode(&t.c));
        weir_sv record = weir_arena_sv(a, weir_sv_of(t.c.text.p + 1, t.c.text.n - 1));
        assert_memory_equal(record.p, "\0\0\0\0\1", 5);
        assert_string_equal(codec_decode(&t.c, record), expected);
        /* Cut anywhere, it is a bad record and nothing worse. */
        for (uint32_t n = 0; n < record.n; n++) {
            assert_int_equal(codec_decode(&t.c, weir_sv_of(record.p, n))[0], '!');
        }
    }
    codec_end(&json);
    end(&t);
}

static void test_bytes(void **state)
{
    (void)state;
    avro_test t;
    init(&t);
    codec_column columns[] = {{"I", type(WEIR_T_INTEGER)}, {"D", type(WEIR_T_DOUBLE)}};
    start(&t, false, columns, 2);
    codec_decode(&t.c, WEIR_SV("\0\0\0\0\1\2\2\2\0\0\0\0\0\0\xf0\x3f"));
    assert_string_equal(t.c.text.p, "1|1.0");
    codec_encode(&t.c);
    assert_int_equal(t.c.text.n, 17);
    assert_memory_equal(t.c.text.p + 1, "\0\0\0\0\1\2\2\2\0\0\0\0\0\0\xf0\x3f", 16);
    assert_non_null(strstr(codec_decode(&t.c, WEIR_SV("")), "Unknown magic byte!"));
    assert_non_null(strstr(codec_decode(&t.c, WEIR_SV("\1\0\0\0\1\0\0")), "Unknown magic byte!"));
    assert_string_equal(codec_decode(&t.c, WEIR_SV("\0\0\0\0\7\0\0")),
                        "!Error deserializing value from topic: t. Error retrieving Avro schema "
                        "for id 7: Schema 7 not found");
    end(&t);
}

/* A single column, unwrapped, from a schema of somebody else. */
typedef struct foreign {
    const char *schema, *bytes, *out;
    size_t n;
} foreign;
#define FOREIGN(schema, bytes, out)                                                                \
    {                                                                                              \
        schema, bytes, out, sizeof(bytes) - 1                                                      \
    }

static void check_foreign(const weir_type *to, const foreign *cases, size_t n)
{
    avro_test t;
    init(&t);
    t.c.spec.wrap = WEIR_WRAP_NO;
    codec_column column = {"V", to};
    start(&t, false, &column, 1);
    for (size_t i = 0; i < n; i++) {
        const char *got = decode_as(&t, cases[i].schema, cases[i].bytes, cases[i].n);
        bool bad = cases[i].out[0] == '!';
        if (bad ? got[0] != '!' || !strstr(got, cases[i].out + 1)
                : strcmp(got, cases[i].out) != 0) {
            fail_msg("%s: got %s, expected %s", cases[i].schema, got, cases[i].out);
        }
    }
    end(&t);
}

static void test_numbers(void **state)
{
    (void)state;
    const foreign integers[] = {
        FOREIGN("\"int\"", "\x03", "-2"),
        FOREIGN("[\"int\",\"null\"]", "\x00\x02", "1"),
        FOREIGN("[\"int\",\"null\"]", "\x02", "null"),
        FOREIGN("[\"int\",\"null\"]", "\x04", "!no such branch"),
        FOREIGN("[\"int\",\"null\"]", "\x01", "!no such branch"),
        FOREIGN("{\"type\":\"int\",\"logicalType\":\"date\"}", "\x02", "1"),
        FOREIGN("\"int\"", "\xfe\xff\xff\xff\x1f", "!Invalid int encoding"),
        FOREIGN("\"int\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "!ends inside"),
        FOREIGN("\"long\"", "\x02", "!Cannot deserialize type int64 as type int32 for path: "),
        FOREIGN("[\"null\",\"long\"]", "\x00", "!type int64 as type int32"),
    };
    check_foreign(type(WEIR_T_INTEGER), integers, WEIR_COUNT(integers));
    const foreign longs[] = {
        FOREIGN("\"int\"", "\x03", "-2"),
        FOREIGN("\"long\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "-9223372036854775808"),
        FOREIGN("\"float\"", "\0\0\0\0", "!float32 as type int64"),
    };
    check_foreign(type(WEIR_T_BIGINT), longs, WEIR_COUNT(longs));
    const foreign doubles[] = {
        FOREIGN("\"float\"", "\0\0\xc0\x3f", "1.5"),
        FOREIGN("\"double\"", "\0\0\0\0\0\0\xf8\x3f", "1.5"),
        FOREIGN("\"int\"", "\2", "!int32 as type float64"),
    };
    check_foreign(type(WEIR_T_DOUBLE), doubles, WEIR_COUNT(doubles));
}

static void test_text(void **state)
{
    (void)state;
    const foreign cases[] = {
        FOREIGN("\"string\"", "\x04hi", "\"hi\""),
        FOREIGN("\"string\"", "\x04\xc3(", "\"\xef\xbf\xbd(\""),
        FOREIGN("\"string\"", "\x03", "!ends inside"),
        FOREIGN("\"string\"", "\x06hi", "!ends inside"),
        FOREIGN("\"int\"", "\x03", "\"-2\""),
        FOREIGN("\"boolean\"", "\x01", "\"true\""),
        FOREIGN("\"double\"", "\0\0\0\0\0\0\xf8\x3f", "\"1.5\""),
        FOREIGN("\"float\"", "\xcd\xcc\xcc\x3d", "\"0.1\""),
        FOREIGN("\"float\"", "\0\0\x80\x7f", "\"Infinity\""),
        FOREIGN("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\"]}", "\x02", "\"B\""),
        FOREIGN("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\"]}", "\x04", "!symbol"),
        FOREIGN("\"bytes\"", "\x02h", "!bytes as type string"),
    };
    check_foreign(type(WEIR_T_STRING), cases, WEIR_COUNT(cases));
    const foreign bytes[] = {
        FOREIGN("\"bytes\"", "\x04hi", "\"aGk=\""),
        FOREIGN("{\"type\":\"fixed\",\"name\":\"f\",\"size\":2}", "hi", "\"aGk=\""),
        FOREIGN("{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}", "hi", "!ends inside"),
        FOREIGN("{\"type\":\"fixed\",\"name\":\"f\",\"size\":-3}", "hi", "!wrong size"),
    };
    check_foreign(type(WEIR_T_BYTES), bytes, WEIR_COUNT(bytes));
}

static void test_decimals(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    const foreign cases[] = {
        FOREIGN("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,\"scale\":2}",
                "\x04\x04\xd2", "12.34"),
        FOREIGN("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":1}",
                "\x02\xff", "-0.10"),
        FOREIGN("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":3}",
                "\x02\x01", "!DECIMAL(4, 2)"),
        FOREIGN("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":0}",
                "\x02\x64", "!DECIMAL(4, 2)"),
        FOREIGN("{\"type\":\"fixed\",\"name\":\"f\",\"size\":2,\"logicalType\":\"decimal\","
                "\"precision\":4,\"scale\":2}",
                "\x04\xd2", "12.34"),
        FOREIGN("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,\"scale\":2}",
                "\x00", "!DECIMAL(4, 2)"),
        FOREIGN("\"bytes\"", "\x02\x01", "!bytes as type bytes"),
    };
    check_foreign(weir_type_decimal(&a, 4, 2), cases, WEIR_COUNT(cases));
    weir_arena_deinit(&a);
}

static void test_maps_and_arrays(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    const foreign maps[] = {
        FOREIGN("{\"type\":\"map\",\"values\":\"int\"}",
                "\x04\x02"
                "a\x02\x02"
                "b\x04\x02\x02"
                "a\x06\x00",
                "{\"a\":3,\"b\":2}"),
        FOREIGN("{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"MapEntry\","
                "\"namespace\":\"io.confluent.connect.avro\",\"fields\":[{\"name\":\"key\","
                "\"type\":\"int\"},{\"name\":\"value\",\"type\":\"int\"}]}}",
                "\x02\x02\x04\x00", "{\"1\":2}"),
        FOREIGN("{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"M\","
                "\"connect.internal.type\":\"MapEntry\",\"fields\":[{\"name\":\"key\","
                "\"type\":[\"null\",\"string\"]},{\"name\":\"value\",\"type\":\"int\"}]}}",
                "\x02\x00\x04\x00", "!null key"),
        FOREIGN("{\"type\":\"array\",\"items\":\"int\"}", "\x02\x02\x00", "!array as type map"),
    };
    check_foreign(weir_type_map(&a, type(WEIR_T_STRING), type(WEIR_T_INTEGER)), maps,
                  WEIR_COUNT(maps));
    const foreign arrays[] = {
        FOREIGN("{\"type\":\"array\",\"items\":\"int\"}", "\x03\x04\x02\x04\x02\x06\x00",
                "[1,2,3]"), /* a block with its length in bytes, and one without */
        FOREIGN("{\"type\":\"array\",\"items\":\"string\"}", "\x00", "[]"),
        FOREIGN("{\"type\":\"array\",\"items\":\"string\"}", "\x02\x02x\x00", "!path: ->ARRAY"),
        FOREIGN("{\"type\":\"array\",\"items\":\"int\"}", "\xfe\xff\xff\xff\x0f\x02\x00",
                "!more items"),
        FOREIGN("{\"type\":\"array\",\"items\":\"int\"}",
                "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x02\x00", "!more items"),
    };
    check_foreign(weir_type_array(&a, type(WEIR_T_INTEGER)), arrays, WEIR_COUNT(arrays));
    weir_arena_deinit(&a);
}

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"

static void test_names(void **state)
{
    (void)state;
    avro_test t;
    init(&t);
    weir_field choice[] = {{WEIR_SV("INT"), type(WEIR_T_INTEGER)},
                           {WEIR_SV("E"), type(WEIR_T_STRING)}};
    codec_column columns[] = {{"A", type(WEIR_T_INTEGER)},
                              {"b", type(WEIR_T_INTEGER)},
                              {"U", weir_type_struct(&t.c.arena, choice, 2)}};
    start(&t, false, columns, 3);
    /* Exactly or in upper case; what is missing is NULL, what nobody knows is skipped. */
    assert_string_equal(DECODE_AS(&t,
                                  RECORD("{\"name\":\"z\",\"type\":{\"type\":\"map\",\"values\":"
                                         "[\"null\",\"R\"]}},{\"name\":\"a\",\"type\":\"int\"},"
                                         "{\"name\":\"B\",\"type\":\"int\"}"),
                                  "\x02\x02k\x02\x00\x02\x02\x00\x02\x04"),
                        "1|null|null");
    assert_string_equal(DECODE_AS(&t, RECORD("{\"name\":\"b\",\"type\":\"int\"}"), "\x02"),
                        "null|1|null");
    /* A union of several types is a STRUCT. */
    const char *several = RECORD("{\"name\":\"u\",\"type\":[\"null\",\"int\",{\"type\":\"enum\","
                                 "\"name\":\"n.E\",\"symbols\":[\"X\"]},\"string\"]}");
    assert_string_equal(DECODE_AS(&t, several, "\x02\x06"), "null|null|{\"INT\":3,\"E\":null}");
    assert_string_equal(DECODE_AS(&t, several, "\x04\x00"), "null|null|{\"INT\":null,\"E\":\"X\"}");
    assert_string_equal(DECODE_AS(&t, several, "\x06\x02s"), "null|null|{\"INT\":null,\"E\":null}");
    assert_string_equal(DECODE_AS(&t, several, "\x00"), "null|null|null");
    /* The row itself. */
    const char *row = "[\"null\"," RECORD("{\"name\":\"a\",\"type\":\"int\"}") "]";
    assert_string_equal(DECODE_AS(&t, row, "\x00"), "null|null|null");
    assert_string_equal(DECODE_AS(&t, row, "\x02\x02"), "1|null|null");
    assert_string_equal(DECODE_AS(&t, "\"int\"", "\x02"),
                        "!Error deserializing value from topic: t. Cannot deserialize type int32 "
                        "as type struct for path: ");
    assert_non_null(strstr(DECODE_AS(&t, RECORD("{\"name\":\"a\",\"type\":\"string\"}"), "\x00"),
                           "type string as type int32 for path: ->A"));
    end(&t);
}

/* A schema that the statement names: its order, its defaults, what it requires. */
static void test_schema_id(void **state)
{
    (void)state;
    avro_test t;
    init(&t);
    t.registry = weir_registry_in_memory();
    weir_registry *r = t.registry;
    const char *schema =
        RECORD("{\"name\":\"S\",\"type\":\"string\",\"default\":\"hi\"},"
               "{\"name\":\"N\",\"type\":[\"null\",\"double\"]},"
               "{\"name\":\"D\",\"type\":[\"int\",\"null\"],\"default\":-1},"
               "{\"name\":\"M\",\"type\":{\"type\":\"map\",\"values\":\"int\"},\"default\":{}},"
               "{\"name\":\"B\",\"type\":\"int\"},"
               "{\"name\":\"A\",\"type\":[\"int\",\"null\"]}");
    static const struct {
        const char *schema, *why;
    } bad[] = {
        {RECORD("{\"name\":\"A\",\"type\":\"int\"}"), "misses field with name: B"},
        {RECORD("{\"name\":\"A\",\"type\":\"int\"},{\"name\":\"B\",\"type\":\"long\"}"),
         "has long where the statement has INTEGER"},
        {RECORD("{\"name\":\"A\",\"type\":\"int\"},{\"name\":\"B\",\"type\":\"int\"},"
                "{\"name\":\"C\",\"type\":\"int\"}"),
         "Missing default value for required Avro field: [C]"},
        {RECORD("{\"name\":\"A\",\"type\":\"int\"},{\"name\":\"B\",\"type\":\"int\"},"
                "{\"name\":\"C\",\"type\":\"int\",\"default\":\"x\"}"),
         "not supported"},
        {"\"int\"", "no record"},
    };
    codec_column columns[] = {{"A", type(WEIR_T_INTEGER)}, {"B", type(WEIR_T_INTEGER)}};
    assert_ok(r->calls->put(r, WEIR_SV("t-value"), WEIR_SCHEMA_AVRO, weir_sv_cstr(schema),
                            &t.c.spec.schema_id, &t.c.st),
              &t.c.st);
    start(&t, false, columns, 2);
    assert_string_equal(codec_decode(&t.c, WEIR_SV("\0\0\0\0\1\0\0\2\0\4\0\2")), "1|2");
    codec_encode(&t.c);
    assert_int_equal(t.c.text.n, 1 + 5 + 10);
    assert_memory_equal(t.c.text.p + 1, "\0\0\0\0\1\4hi\0\0\1\0\4\0\2", 15);
    assert_null(t.c.format->refused(t.c.encoder));
    assert_string_equal(DECODE_AS(&t, RECORD("{\"name\":\"A\",\"type\":\"int\"}"), "\2"),
                        "1|null");
    codec_encode(&t.c);
    assert_non_null(strstr(t.c.format->refused(t.c.encoder), "requires"));
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        assert_ok(r->calls->put(r, WEIR_SV("x"), WEIR_SCHEMA_AVRO, weir_sv_cstr(bad[i].schema),
                                &t.c.spec.schema_id, &t.c.st),
                  &t.c.st);
        assert_int_equal(codec_start(&t.c, WEIR_FMT_AVRO, false, columns, 2), WEIR_EUSAGE);
        assert_non_null(strstr(t.c.st.msg, bad[i].why));
    }
    t.c.spec.schema_id = 99;
    assert_int_equal(codec_start(&t.c, WEIR_FMT_AVRO, false, columns, 2), WEIR_ENOTFOUND);
    end(&t);
}

static void test_hostile_schemas(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "1",
        "null",
        "{}",
        "[]",
        "\"unknown\"",
        "[\"int\",[\"null\",\"int\"]]",
        "{\"type\":\"record\",\"name\":\"R\"}",
        "{\"type\":\"record\",\"fields\":[]}",
        "{\"type\":\"array\"}",
        "{\"type\":\"map\"}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[1]}",
        RECORD("{\"name\":\"A\"}"),
        RECORD("1"),
        RECORD("{\"name\":\"A\",\"type\":{\"type\":\"fixed\",\"name\":\"R\",\"size\":1}}"),
    };
    avro_test t;
    init(&t);
    codec_column columns[] = {{"A", type(WEIR_T_INTEGER)}, {"B", type(WEIR_T_INTEGER)}};
    start(&t, false, columns, 2);
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        assert_non_null(strstr(DECODE_AS(&t, bad[i], "\2\2\2\2"), "Error retrieving Avro schema"));
    }
    /* Without end, and without a byte. */
    assert_non_null(
        strstr(DECODE_AS(&t, RECORD("{\"name\":\"r\",\"type\":\"R\"}"), "\2"), "nested deeper"));
    assert_non_null(strstr(
        DECODE_AS(&t, RECORD("{\"name\":\"r\",\"type\":\"R\"},{\"name\":\"s\",\"type\":\"R\"}"),
                  "\2"),
        "nested deeper"));
    weir_buf wide = {0}; /* 2^40 empty records */
    for (int i = 0; i < 40; i++) {
        weir_buf_printf(&wide,
                        "{\"type\":\"record\",\"name\":\"R%d\",\"fields\":["
                        "{\"name\":\"x\",\"type\":",
                        i);
    }
    weir_buf_str(&wide, "{\"type\":\"record\",\"name\":\"R40\",\"fields\":[]}");
    for (int i = 40; i > 0; i--) {
        weir_buf_printf(&wide, "},{\"name\":\"y\",\"type\":\"R%d\"}]}", i);
    }
    assert_non_null(strstr(DECODE_AS(&t, weir_buf_cstr(&wide), ""), "more values than"));
    weir_buf_deinit(&wide);
    end(&t);
}

/* The columns of a schema as text; "!" and the reason when there are none. */
static const char *columns_of(avro_test *t, const char *schema, bool is_key, bool unwrap)
{
    const weir_column *cols = NULL;
    uint32_t n = 0;
    weir_codec_spec spec = {.format = &t->c.spec, .is_key = is_key};
    weir_buf_reset(&t->c.text);
    if (weir_format_avro.columns(&t->c.arena, &spec, weir_sv_cstr(schema), unwrap, &cols, &n,
                                 &t->c.st) != WEIR_OK) {
        weir_buf_printf(&t->c.text, "!%s", t->c.st.msg);
    }
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_printf(&t->c.text, "%s" WEIR_SV_FMT " ", i ? ", " : "", WEIR_SV_ARG(cols[i].name));
        weir_type_print(&t->c.text, cols[i].type, false);
    }
    return weir_buf_cstr(&t->c.text);
}

static void test_columns(void **state)
{
    (void)state;
    avro_test t;
    init(&t);
    const char *all = RECORD(
        "{\"name\":\"a\",\"type\":[\"null\",\"int\"]},{\"name\":\"f\",\"type\":\"float\"},"
        "{\"name\":\"d\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}},"
        "{\"name\":\"t\",\"type\":{\"type\":\"int\",\"logicalType\":\"time-millis\"}},"
        "{\"name\":\"ts\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},"
        "{\"name\":\"us\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
        "{\"name\":\"x\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\","
        "\"precision\":5,\"scale\":2}},{\"name\":\"y\",\"type\":\"bytes\"},"
        "{\"name\":\"n\",\"type\":\"null\"},"
        "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":{\"type\":\"array\","
        "\"items\":\"boolean\"}}},{\"name\":\"u\",\"type\":[\"string\",\"long\"]}");
    assert_string_equal(columns_of(&t, all, false, false),
                        "A INTEGER, F DOUBLE, D DATE, T TIME, TS TIMESTAMP, US BIGINT, "
                        "X DECIMAL(5, 2), Y BYTES, M MAP<STRING, ARRAY<BOOLEAN>>, "
                        "U STRUCT<STRING STRING, LONG BIGINT>");
    assert_string_equal(columns_of(&t, "\"long\"", true, true), "ROWKEY BIGINT");
    assert_string_equal(columns_of(&t, "\"long\"", false, true), "ROWVAL BIGINT");
    assert_non_null(strstr(columns_of(&t, "\"long\"", false, false), "!Schema returned"));
    assert_non_null(strstr(columns_of(&t, "\"null\"", false, true), "!Schema does not include"));
    const char *one = RECORD("{\"name\":\"a\",\"type\":\"int\"}");
    assert_string_equal(columns_of(&t, one, true, true), "ROWKEY STRUCT<A INTEGER>");
    t.c.spec.schema_id = 7; /* names as they are */
    assert_string_equal(columns_of(&t, one, false, false), "a INTEGER");
    /* A record in itself ends at the depth of types. */
    const char *endless =
        RECORD("{\"name\":\"r\",\"type\":\"R\"},{\"name\":\"i\",\"type\":\"int\"}");
    assert_non_null(strstr(columns_of(&t, endless, false, false), "INTEGER"));
    const char *vast = RECORD("{\"name\":\"r\",\"type\":\"R\"},{\"name\":\"s\",\"type\":\"R\"}");
    assert_int_equal(columns_of(&t, vast, false, false)[0], '!');
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_bare_schemas),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_maps_and_arrays),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hostile_schemas),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_schema_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
