/* JSON records to columns and back: ksqlDB's coercions, names, bad records. */
#include "tests/support/codec.h"

#include "engine/base/rng.h"

static const weir_type *type(weir_kind kind)
{
    return weir_type_of(kind);
}

typedef struct pair {
    const char *in, *out;
} pair;

/* A single unwrapped column of one type over many texts. */
static void check_type(const weir_type *t, const pair *cases, size_t n)
{
    codec_test c;
    codec_init(&c);
    c.spec.wrap = WEIR_WRAP_NO;
    codec_column column = {"V", t};
    assert_ok(codec_start(&c, WEIR_FMT_JSON, false, &column, 1), &c.st);
    for (size_t i = 0; i < n; i++) {
        const char *got = codec_decode(&c, weir_sv_cstr(cases[i].in));
        bool bad = cases[i].out[0] == '!';
        const char *expected = bad ? cases[i].out + 1 : cases[i].out;
        if (bad ? got[0] != '!' || !strstr(got, expected) : strcmp(got, expected) != 0) {
            fail_msg("%s: got %s, expected %s", cases[i].in, got, cases[i].out);
        }
    }
    codec_end(&c);
}

static void test_numbers(void **state)
{
    (void)state;
    const pair integers[] = {
        {"1", "1"},
        {" -7 ", "-7"},
        {"1.9", "1"},
        {"-1.9", "-1"},
        {"1e2", "100"},
        {"12e-1", "1"},
        {"2147483648", "-2147483648"},
        {"9223372036854775808", "0"},
        {"1e30", "1073741824"},
        {"1e400", "0"},
        {"0.0001e4", "1"},
        {"\"12\"", "12"},
        {"\"+12\"", "12"},
        {"-0", "0"},
        {"\" 12\"", "!Can't coerce string to type. targetType: INTEGER, path: $"},
        {"\"1.5\"", "!Can't coerce string"},
        {"true", "!sourceType: BooleanNode, requiredType: INTEGER"},
        {"[1]", "!ArrayNode"},
        {"{}", "!ObjectNode"},
        {"null", "null"},
        {"", "!MissingNode"},
        {"01", "!malformed JSON"},
        {"1.", "!malformed"},
        {".5", "!malformed"},
        {"-", "!malformed"},
        {"+1", "!malformed"},
        {"1e", "!malformed"},
        {"1e99999999999", "!malformed"},
        {"NaN", "!malformed"},
        {"1 2", "1"},
        {"1,2", "!malformed"},
        {"1\"", "!malformed"},
    };
    check_type(type(WEIR_T_INTEGER), integers, WEIR_COUNT(integers));
    const pair bigints[] = {
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775808", "-9223372036854775808"},
        {"1.0", "1"},
        {"\"-5\"", "-5"},
        {"18446744073709551617", "1"},
        {"1e19", "-8446744073709551616"},
        {"123456.789e3", "123456789"},
    };
    check_type(type(WEIR_T_BIGINT), bigints, WEIR_COUNT(bigints));
    const pair doubles[] = {
        {"1", "1.0"},
        {"1.5", "1.5"},
        {"-0.0", "0.0"},
        {"-0", "0.0"},
        {"\"-0.0\"", "-0.0"},
        {"1e400", "\"Infinity\""},
        {"-1e-400", "-0.0"},
        {"\"NaN\"", "\"NaN\""},
        {"\" 2.5 \"", "2.5"},
        {"123.45", "123.45"},
        {"0.1", "0.1"},
        {"1e10", "1.0E10"},
        {"\"x\"", "!Can't coerce"},
        {"9007199254740993", "9.007199254740992E15"},
        {"false", "!BooleanNode"},
    };
    check_type(type(WEIR_T_DOUBLE), doubles, WEIR_COUNT(doubles));
    weir_type decimal = {.kind = WEIR_T_DECIMAL, .precision = 4, .scale = 2};
    const pair decimals[] = {
        {"1", "1.00"},
        {"1.5", "1.50"},
        {"\"-12.25\"", "-12.25"},
        {"1.500", "1.50"},
        {"1e1", "10.00"},
        {"100", "!Numeric field overflow"},
        {"1.234", "!without rounding"},
        {"\"x\"", "!Can't coerce"},
        {"true", "!BooleanNode, requiredType: DECIMAL(4, 2)"},
        {"null", "null"},
    };
    check_type(&decimal, decimals, WEIR_COUNT(decimals));
}

static void test_scalars(void **state)
{
    (void)state;
    const pair booleans[] = {
        {"true", "true"},
        {"false ", "false"},
        {"\"true\"", "!TextNode"},
        {"1", "!IntNode"},
        {"3000000000", "!LongNode"},
        {"9223372036854775808", "!BigIntegerNode"},
        {"1.0", "!DecimalNode"},
        {"tru", "!malformed"},
        {"truex", "!malformed"},
        {"null", "null"},
    };
    check_type(type(WEIR_T_BOOLEAN), booleans, WEIR_COUNT(booleans));
    const pair strings[] = {
        {"\"a\"", "\"a\""},
        {"\"\"", "\"\""},
        {"\"\\u00e9\\n\\\"\\/\"", "\"é\\n\\\"/\""},
        {"\"\\ud83d\\ude00\"", "\"😀\""},
        {"\"\\ud83d\"", "\"?\""},
        {"\"\\ude00x\"", "\"?x\""},
        {"\"\\x\"", "!escape"},
        {"\"\\u12g4\"", "!escape"},
        {"\"\\u12\"", "!escape"},
        {"true", "\"true\""},
        {"12", "\"12\""},
        {"-0", "\"0\""},
        {"1.10", "\"1.10\""},
        {"1e5", "\"1E+5\""},
        {"-0.00", "\"0.00\""},
        {"0.0000001", "\"1E-7\""},
        {"1.5e-9", "\"1.5E-9\""},
        {"0.000001", "\"0.000001\""},
        {"12.5e1", "\"125\""},
        {"0e-8", "\"0E-8\""},
        {"123456789012345678901234567890", "\"123456789012345678901234567890\""},
        {"[1, \"b\", null, [2, {\"c\": 1.0}], true]",
         "\"[1, b, null, [2, {\\\"c\\\":1.0}], true]\""},
        {"{\"a\": [1, 2], \"b\" :\"x\", \"a\": 3}", "\"{\\\"a\\\":3,\\\"b\\\":\\\"x\\\"}\""},
        {"[]", "\"[]\""},
        {"", "\"\""},
        {"  ", "\"\""},
        {"null", "null"},
        {"\"abc", "!does not end"},
        {"\"a\" trailing", "\"a\""},
        {"\"a\"\"", "!does not end"},
        {"\"\xff\"", "!not UTF-8"},
        {"\"a\nb\"", "!control character"},
        {"\xef\xbb\xbf\"bom\"", "\"bom\""},
    };
    check_type(type(WEIR_T_STRING), strings, WEIR_COUNT(strings));
    const pair bytes[] = {
        {"\"YWI=\"", "\"YWI=\""},
        {"\"\"", "\"\""},
        {"\"YWJj ZGVm\"", "\"YWJjZGVm\""},
        {"\"YWI\"", "!not a valid Base64"},
        {"\"!\"", "!Base64"},
        {"1", "!IntNode, requiredType: BYTES"},
    };
    check_type(type(WEIR_T_BYTES), bytes, WEIR_COUNT(bytes));
}

static void test_times(void **state)
{
    (void)state;
    const pair dates[] = {
        {"18000", "18000"}, {"\"-1\"", "-1"}, {"1.9", "1"}, {"\"2020-01-01\"", "!coerce"}};
    check_type(type(WEIR_T_DATE), dates, WEIR_COUNT(dates));
    const pair times[] = {
        {"0", "0"},
        {"86400000", "86400000"},
        {"\"5\"", "5"},
        {"-1", "!Time values must"},
        {"86400001", "!Time values must"},
        {"4294967296", "!Time values must"},
        {"true", "!BooleanNode"},
    };
    check_type(type(WEIR_T_TIME), times, WEIR_COUNT(times));
    const pair stamps[] = {{"-5", "-5"}, {"\"17\"", "17"}, {"\"x\"", "!targetType: TIMESTAMP"}};
    check_type(type(WEIR_T_TIMESTAMP), stamps, WEIR_COUNT(stamps));
}

static void test_nested(void **state)
{
    (void)state;
    weir_field fields[] = {{WEIR_SV("A"), type(WEIR_T_INTEGER)},
                           {WEIR_SV("b"), type(WEIR_T_STRING)}};
    weir_type row = {.kind = WEIR_T_STRUCT, .n_fields = 2, .fields = fields};
    weir_type rows = {.kind = WEIR_T_ARRAY, .item = &row};
    weir_type map = {.kind = WEIR_T_MAP, .key = type(WEIR_T_STRING), .item = &rows};
    const pair structs[] = {
        {"{\"a\":1,\"b\":\"x\"}", "{\"A\":1,\"b\":\"x\"}"},
        {"{\"B\":1}", "{\"A\":null,\"b\":null}"},
        {"{\"A\":1,\"a\":2}", "{\"A\":1,\"b\":null}"},
        {"{\"a\":1,\"A\":null}", "{\"A\":null,\"b\":null}"},
        {"{}", "{\"A\":null,\"b\":null}"},
        {"[]", "!requiredType: STRUCT<A INTEGER, `b` STRING>"},
        {"{\"A\":\"x\"}", "!path: $.A"},
    };
    check_type(&row, structs, WEIR_COUNT(structs));
    const pair maps[] = {
        {"{\"k\":[{\"a\":1},null],\"l\":null}", "{\"k\":[{\"A\":1,\"b\":null},null],\"l\":null}"},
        {"{\"k\":[],\"j\":[],\"k\":null}", "{\"k\":null,\"j\":[]}"},
        {"{}", "{}"},
        {"{\"k\":[{},{\"a\":\"x\"}]}", "!path: $.value[1].A"},
        {"{\"k\":{}}", "!ObjectNode"},
        {"{\"k\":[1,]}", "!malformed"},
        {"{\"k\":[,1]}", "!malformed"},
        {"{\"k\":[1 2]}", "!malformed"},
        {"{\"k\":[}", "!malformed"},
        {"{\"k\"}", "!malformed"},
        {"{,}", "!malformed"},
        {"{\"k\":1", "!malformed"},
        {"{\"k\":[]]", "!malformed"},
        {"{k:1}", "!malformed"},
        {"{\"k\":}", "!malformed"},
    };
    check_type(&map, maps, WEIR_COUNT(maps));
    /* More names than are compared one by one. */
    weir_buf many = {0};
    weir_buf_byte(&many, '{');
    for (int i = 0; i < 100; i++) {
        weir_buf_printf(&many, "%s\"k%d\":[]", i ? "," : "", i % 60);
    }
    weir_buf_byte(&many, '}');
    codec_test c;
    codec_init(&c);
    codec_column column = {"V", &map};
    c.spec.wrap = WEIR_WRAP_NO;
    assert_ok(codec_start(&c, WEIR_FMT_JSON, false, &column, 1), &c.st);
    codec_decode(&c, weir_buf_view(&many));
    assert_int_equal(weir_vec_get(&c.batch->cols[0], 0).n, 60);
    codec_end(&c);
    weir_buf_deinit(&many);
}

static const codec_column row_columns[] = {{"ID", NULL}, {"NAME", NULL}, {"price", NULL}};

static void start_row(codec_test *c, bool is_key)
{
    codec_column columns[3];
    memcpy(columns, row_columns, sizeof columns);
    columns[0].type = type(WEIR_T_BIGINT);
    columns[1].type = type(WEIR_T_STRING);
    columns[2].type = type(WEIR_T_DOUBLE);
    codec_init(c);
    assert_ok(codec_start(c, WEIR_FMT_JSON, is_key, columns, 3), &c->st);
}

static void test_rows(void **state)
{
    (void)state;
    codec_test c;
    start_row(&c, false);
    const pair cases[] = {
        {"{\"id\":1,\"name\":\"x\",\"price\":2.5}", "1|\"x\"|2.5"},
        {"{\"ID\":1,\"Name\":\"x\",\"PRICE\":2.5}", "1|\"x\"|null"},
        {"{\"other\":[1,{\"a\":\"}\"}],\"iD\":7}", "7|null|null"},
        {"{\"\\u0069d\":8}", "8|null|null"},
        {"{}", "null|null|null"},
        {" {\"id\" : 1 , \"name\" : \"x y\" , \"price\" : 1 } x", "1|\"x y\"|1.0"},
        {"null",
         "!Failed to deserialize value from topic: t. Can't convert type. sourceType: NullNode, "
         "requiredType: STRUCT<ID BIGINT, NAME STRING, `price` DOUBLE>, path: $"},
        {"[1]", "!sourceType: ArrayNode"},
        {"\"x\"", "!sourceType: TextNode"},
        {"", "!MissingNode"},
        {"{\"id\":true}", "!sourceType: BooleanNode, requiredType: BIGINT, path: $.ID"},
        {"{\"skipped\":tru,\"id\":1}", "!malformed"},
        {"{\"skipped\":01}", "!malformed"},
        {"{\"skipped\":\"\\q\"}", "!malformed"},
        {"{\"id\":1,}", "!malformed"},
        {"{\"id\":1 \"name\":2}", "!malformed"},
        {"{\"id\" 1}", "!malformed"},
        {"{\"id\":1}}", "1|null|null"},
    };
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
            const char *got = codec_decode(&c, weir_sv_cstr(cases[i].in));
            bool bad = cases[i].out[0] == '!';
            if (bad ? got[0] != '!' || !strstr(got, cases[i].out + 1) : strcmp(got, cases[i].out)) {
                fail_msg("%s: got %s", cases[i].in, got);
            }
        }
    }
    codec_end(&c);
}

/* Names are data: however many different ones come, the wanted ones are still found. */
static void test_many_names(void **state)
{
    (void)state;
    codec_test c;
    start_row(&c, false);
    for (int i = 0; i < 3000; i++) {
        char text[512];
        snprintf(text, sizeof text, "{\"other%d\":1,\"%s%d\":2,\"%s\":%d}", i,
                 i % 7 ? "x" : "a name that is longer than all the others, whatever it may mean; ",
                 i, i % 2 ? "id" : "Id", i);
        char expected[64];
        snprintf(expected, sizeof expected, "%d|null|null", i);
        assert_string_equal(codec_decode(&c, weir_sv_cstr(text)), expected);
    }
    codec_end(&c);
}

static void test_depth(void **state)
{
    (void)state;
    codec_test c;
    start_row(&c, false);
    for (size_t depth = 100; depth < 200000; depth *= 40) {
        weir_buf text = {0};
        weir_buf_str(&text, "{\"id\":1,\"x\":");
        for (size_t i = 0; i < depth; i++) {
            weir_buf_byte(&text, '[');
        }
        for (size_t i = 0; i < depth; i++) {
            weir_buf_byte(&text, ']');
        }
        weir_buf_byte(&text, '}');
        const char *got = codec_decode(&c, weir_buf_view(&text));
        assert_true(depth == 100 ? !strcmp(got, "1|null|null") : strstr(got, "too deeply") != NULL);
        weir_buf_deinit(&text);
    }
    codec_end(&c);
}

/* Only the needed columns are written, at their place; the others are still checked. */
static void test_needed(void **state)
{
    (void)state;
    codec_test c;
    start_row(&c, false);
    const int32_t out[] = {-1, -1, 0};
    weir_column price = c.schema.cols[2];
    c.codec.out = out;
    assert_ok(c.format->decoder_new(&c.arena, &c.codec, &c.decoder, &c.st), &c.st);
    c.schema = (weir_schema){1, 0, &price};
    assert_string_equal(codec_decode(&c, WEIR_SV("{\"id\":1,\"name\":[],\"price\":2}")), "2.0");
    assert_string_equal(codec_decode(&c, WEIR_SV("{\"id\":\"1\"}")), "null");
    assert_non_null(strstr(codec_decode(&c, WEIR_SV("{\"id\":\"x\",\"price\":2}")), "$.ID"));
    codec_end(&c);
}

/* Rows of a batch: null records, bad ones in between, an offset. */
static void test_batch(void **state)
{
    (void)state;
    codec_test c;
    start_row(&c, false);
    codec_decode(&c, WEIR_SV("{}"));
    static const char first[128] = "{\"id\":1}"; /* padded as a chunk's bytes are */
    static const char third[128] = "{";
    static const char fourth[128] = "{\"id\":4,\"name\":\"d\"}";
    const weir_sv in[] = {
        weir_sv_cstr(first), {NULL, WEIR_NULL_BYTES}, weir_sv_cstr(third), weir_sv_cstr(fourth)};
    c.batch = weir_batch_new(&c.step, &c.schema);
    c.format->decode(c.decoder, in, 10, 4, c.batch->cols, &c.step, &c.bad);
    const weir_vec *id = &c.batch->cols[0];
    assert_int_equal(c.bad.n, 1);
    assert_true(weir_bit(c.bad.bits, 12));
    assert_true(weir_vec_is_valid(id, 10) && WEIR_AT(int64_t, id, 10) == 1);
    assert_false(weir_vec_is_valid(id, 11));
    assert_false(weir_vec_is_valid(id, 12));
    assert_true(weir_vec_is_valid(id, 13) && WEIR_AT(int64_t, id, 13) == 4);
    assert_false(weir_vec_is_valid(&c.batch->cols[1], 10));
    codec_end(&c);
}

/* Row `at` of the last batch as codec_decode gives it. */
static const char *row_text(codec_test *c, uint32_t at)
{
    static char text[256];
    weir_buf row = {0};
    if (weir_bit(c->bad.bits, at)) {
        return "bad";
    }
    for (uint32_t i = 0; i < c->schema.n; i++) {
        weir_value v = weir_vec_get(&c->batch->cols[i], at);
        weir_buf_str(&row, i ? "|" : "");
        weir_value_print_json(&row, c->schema.cols[i].type, &v);
    }
    snprintf(text, sizeof text, "%s", weir_buf_cstr(&row));
    weir_buf_deinit(&row);
    return text;
}

/* Records that lie close together are read as if each were alone, whatever their neighbours and the
 * bytes between them are. */
static void test_neighbours(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{\"id\":1,\"name\":\"x\",\"price\":2.5}", "{\"name\":\"\\\\\"}",   "{}",
        "{\"id\":-12345678,\"price\":-0.25}",      "{\"name\":\"}{\\\"\"}", "{\"id\":\"7\"}}",
        "{\"name\":[\"\\u00e9\",{\"a\":null}]}",   "{\"id\":1} {}",
    };
    static const char *const odd[] = {
        "{",
        "}",
        "{\"id\":1",
        "{\"name\":\"x",
        "{\"name\":\"}",
        "{\"name\":\"\\\"}",
        "\\",
        "\"",
        "\"x\"",
        "12",
        "",
        "{\"id\":4} ",
        " {\"id\":3}",
        "{\"name\":\"\xff\"}",
        "{\"name\":\"\x01\"}",
        "\xe2\x82",
        "{\"id\":1}\\",
        "null",
        "{\"id\":01}",
        "{\"id\":1}\"}",
        "{\"id\":}",
        "{\"id\"}",
    };
    static const char *const gaps[] = {
        "",
        "",
        "",
        "",
        "key",
        "\"",
        "\\",
        "{",
        "\xff",
        "\"key\"",
        "sixty-four bytes of a key that stands between two of the values ",
        "sixty-five bytes of a key that stands between two of the values  ",
    };
    codec_test c;
    start_row(&c, false);
    weir_rng rng;
    weir_rng_seed(&rng, 5);
    for (int round = 0; round < 400; round++) {
        weir_sv in[100];
        char expected[100][256];
        uint32_t n = 2 + (uint32_t)weir_rng_below(&rng, WEIR_COUNT(in) - 2);
        uint32_t starts[100];
        weir_buf bytes = {0};
        for (uint32_t i = 0; i < n; i++) {
            const char *text = weir_rng_below(&rng, 50) < (uint64_t)(round % 4)
                                   ? odd[weir_rng_below(&rng, WEIR_COUNT(odd))]
                                   : good[weir_rng_below(&rng, WEIR_COUNT(good))];
            const char *row = codec_decode(&c, weir_sv_cstr(text));
            snprintf(expected[i], sizeof expected[i], "%s", row[0] == '!' ? "bad" : row);
            in[i].n = (uint32_t)strlen(text);
            starts[i] = (uint32_t)bytes.n;
            weir_buf_str(&bytes, text);
            weir_buf_str(&bytes, gaps[weir_rng_below(&rng, round % 3 ? WEIR_COUNT(gaps) : 4)]);
        }
        weir_arena_reset(&c.step);
        memset(&c.bad, 0, sizeof c.bad);
        c.batch = weir_batch_new(&c.step, &c.schema);
        char *copy = weir_arena_zalloc(&c.step, bytes.n + WEIR_CHUNK_PADDING);
        memcpy(copy, bytes.p, bytes.n);
        weir_buf_deinit(&bytes);
        for (uint32_t i = 0; i < n; i++) {
            in[i].p = copy + starts[i];
        }
        c.format->decode(c.decoder, in, 0, n, c.batch->cols, &c.step, &c.bad);
        for (uint32_t i = 0; i < n; i++) {
            if (strcmp(row_text(&c, i), expected[i]) != 0) {
                fail_msg("round %d, record %u, " WEIR_SV_FMT ": got %s, alone %s", round, i,
                         WEIR_SV_ARG(in[i]), row_text(&c, i), expected[i]);
            }
        }
    }
    codec_end(&c);
}

static void test_encode(void **state)
{
    (void)state;
    codec_test c;
    start_row(&c, false);
    codec_decode(&c, WEIR_SV("{\"id\":-5,\"name\":\"a\\\"\\u0001é\\t/\",\"price\":1e10}"));
    assert_string_equal(codec_encode(&c),
                        "{\"ID\":-5,\"NAME\":\"a\\\"\\u0001é\\t/\",\"price\":1.0E10}");
    codec_decode(&c, WEIR_SV("{\"price\":\"NaN\"}"));
    assert_string_equal(codec_encode(&c), "{\"ID\":null,\"NAME\":null,\"price\":\"NaN\"}");
    codec_end(&c);

    /* Several key columns are an object, NULLs and all; a single one is bare, and NULL no key. */
    start_row(&c, true);
    codec_decode(&c, WEIR_SV("{}"));
    assert_string_equal(codec_encode(&c), "{\"ID\":null,\"NAME\":null,\"price\":null}");
    codec_end(&c);
    codec_init(&c);
    codec_column key = {"a \"quoted\" name", type(WEIR_T_STRING)};
    assert_ok(codec_start(&c, WEIR_FMT_JSON, true, &key, 1), &c.st);
    assert_string_equal(codec_decode(&c, WEIR_SV("\"k\"")), "\"k\"");
    assert_string_equal(codec_encode(&c), "\"k\"");
    codec_decode(&c, WEIR_SV("null"));
    assert_null(codec_encode(&c));
    codec_end(&c);
    codec_init(&c);
    assert_ok(codec_start(&c, WEIR_FMT_JSON, false, &key, 1), &c.st);
    assert_string_equal(codec_decode(&c, WEIR_SV("{\"a \\\"quoted\\\" name\":1}")), "\"1\"");
    assert_string_equal(codec_encode(&c), "{\"a \\\"quoted\\\" name\":\"1\"}");
    codec_end(&c);
}

static void test_encode_types(void **state)
{
    (void)state;
    weir_type small = {.kind = WEIR_T_DECIMAL, .precision = 10, .scale = 8};
    weir_type array = {.kind = WEIR_T_ARRAY, .item = &small};
    const codec_column columns[] = {
        {"A", &small},
        {"B", type(WEIR_T_BYTES)},
        {"C", type(WEIR_T_BOOLEAN)},
        {"D", type(WEIR_T_DATE)},
        {"E", type(WEIR_T_TIME)},
        {"F", type(WEIR_T_TIMESTAMP)},
        {"G", &array},
        {"H", type(WEIR_T_INTEGER)},
    };
    codec_test c;
    codec_init(&c);
    assert_ok(codec_start(&c, WEIR_FMT_JSON, false, columns, WEIR_COUNT(columns)), &c.st);
    codec_decode(&c, WEIR_SV("{\"a\":0.00000012,\"b\":\"YQ==\",\"c\":false,\"d\":3,\"e\":4,\"f\":5,"
                             "\"g\":[1,null],\"h\":6}"));
    assert_string_equal(codec_encode(&c),
                        "{\"A\":1.2E-7,\"B\":\"YQ==\",\"C\":false,\"D\":3,\"E\":4,\"F\":5,"
                        "\"G\":[1.00000000,null],\"H\":6}");
    codec_end(&c);
}

static void test_refused(void **state)
{
    (void)state;
    weir_type map = {.kind = WEIR_T_MAP, .key = type(WEIR_T_INTEGER), .item = type(WEIR_T_INTEGER)};
    weir_type array = {.kind = WEIR_T_ARRAY, .item = &map};
    codec_column column = {"V", &array};
    codec_test c;
    codec_init(&c);
    assert_int_equal(codec_start(&c, WEIR_FMT_JSON, false, &column, 1), WEIR_EUSAGE);
    assert_non_null(strstr(c.st.msg, "JSON only supports MAP types with STRING keys"));
    codec_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_times),   cmocka_unit_test(test_nested),
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_depth),   cmocka_unit_test(test_needed),
        cmocka_unit_test(test_batch),   cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_encode),  cmocka_unit_test(test_encode_types),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
