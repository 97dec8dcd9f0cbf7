/* Date and time functions: units, epochs, patterns from literals and from data, errors, and the
 * lenient calendar of PARSE_DATE. */
#include "tests/support/fn_sql.h"

#include "tests/support/fn_test.h"
#include "tests/support/vectors.h"
#include "engine/base/limits.h"

extern const weir_function weir_fn_datetime_format[];
extern const uint32_t weir_fn_datetime_format_n;

#define DATE(text) "CAST('" text "' AS DATE)"
#define TIME(text) "CAST('" text "' AS TIME)"
#define TS(text) "CAST('" text "' AS TIMESTAMP)"
#define NO_S "CAST(NULL AS STRING)"

static void units(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"DATEADD(DAYS, -1, " DATE("2020-03-01") ")", "2020-02-29"},
        {"DATEADD(HOURS, 23, " DATE("2020-03-01") ")", "2020-03-01"},
        {"DATEADD(HOURS, 25, " DATE("2020-03-01") ")", "2020-03-02"},
        {"DATESUB(HOURS, 1, " DATE("2020-03-01") ")", "2020-02-29"},
        {"DATESUB(HOURS, 1, " DATE("1970-01-01") ")", "1970-01-01"}, /* towards zero */
        {"DATESUB(HOURS, 25, " DATE("1970-01-01") ")", "1969-12-31"},
        {"DATEADD(DAY, 2147483647, " DATE("2020-03-01") ")", "!the date is out of range"},
        {"DATEADD(DAY, CAST(NULL AS INT), " DATE("2020-03-01") ")", "null"},
        {"TIMEADD(HOURS, 2, " TIME("23:30") ")", "01:30"},
        {"TIMEADD(MILLISECONDS, 1000, " TIME("23:59:59") ")", "00:00"},
        {"TIMESUB(SECONDS, 1, " TIME("00:00") ")", "23:59:59"},
        {"TIMEADD(MINUTES, -1, " TIME("00:00") ")", "23:59"},
        /* nanoseconds stop at the end of a long, 23:47:16.854775807 past midnight */
        {"TIMEADD(DAYS, 2147483647, " TIME("00:00") ")", "23:47:16"},
        {"TIMESTAMPADD(DAYS, 2, " TS("2020-02-28T01:02:03.004") ")", "2020-03-01T01:02:03.004"},
        {"TIMESTAMPSUB(MILLISECOND, 5, " TS("1970-01-01T00:00:00.004") ")",
         "1969-12-31T23:59:59.999"},
        {"TIMESTAMPADD(DAYS, 2, CAST(NULL AS TIMESTAMP))", "null"},
    };
    FN_CHECK(t, cases);
}

static void epochs(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"FROM_DAYS(-1)", "1969-12-31"},
        {"FROM_DAYS(CAST(NULL AS INT))", "!argument 1 of FROM_DAYS"},
        {"FROM_UNIXTIME(-1)", "1969-12-31T23:59:59.999"},
        {"UNIX_DATE(" DATE("1969-12-31") ")", "-1"},
        {"UNIX_DATE()", "18518"},
        {"UNIX_TIMESTAMP()", "1600000000123"},
        {"UNIX_TIMESTAMP(" TS("1970-01-01T00:00:00.005") ")", "5"},
        {"UNIX_TIMESTAMP(CAST(NULL AS TIMESTAMP))", "null"},
        {"CONVERT_TZ(" TS("2020-07-01T12:00:00") ", 'America/New_York', 'Europe/London')",
         "2020-07-01T17:00:00.000"},
        {"CONVERT_TZ(" TS("2020-07-01T12:00:00") ", '+01:00', '-03:30')",
         "2020-07-01T07:30:00.000"},
        {"CONVERT_TZ(" TS("2020-07-01T12:00:00") ", 'UTC', 'Mars/Base')", "!Invalid time zone: "},
        {"CONVERT_TZ(" TS("2020-07-01T12:00:00") ", " NO_S ", 'UTC')", "null"},
    };
    FN_CHECK(t, cases);
}

static void to_text(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"FORMAT_DATE(" DATE("2020-01-31") ", 'EEEE, d MMMM yyyy')", "Friday, 31 January 2020"},
        {"FORMAT_DATE(" DATE("2020-01-31") ", 'HH')",
         "!Failed to format date 2020-01-31 with formatter 'HH': "},
        {"FORMAT_DATE(" DATE("2020-01-31") ", 'freedom')", "!with formatter 'freedom': "},
        {"FORMAT_DATE(CAST(NULL AS DATE), 'yyyy')", "null"},
        {"FORMAT_DATE(" DATE("2020-01-31") ", " NO_S ")", "null"},
        {"FORMAT_TIME(" TIME("13:05:09") ", 'hh/mm/ss a')", "01/05/09 PM"},
        {"FORMAT_TIME(" TIME("13:05:09") ", 'yyyy')", "!Failed to format time 13:05:09"},
        {"FORMAT_TIMESTAMP(" TS("2020-01-31T01:02:03.004") ", 'yyyy-MM-dd''T''HH:mm:ss.SSSX')",
         "2020-01-31T01:02:03.004Z"},
        {"FORMAT_TIMESTAMP(" TS("2020-07-01T00:00") ", 'HH:mm zzz', 'America/Los_Angeles')",
         "17:00 PDT"},
        {"FORMAT_TIMESTAMP(" TS("2020-07-01T00:00") ", 'HH', 'nowhere')",
         "!Failed to format timestamp 2020-07-01T00:00:00.000 at timeZone 'nowhere'"},
        {"FORMAT_TIMESTAMP(" TS("2020-07-01T00:00") ", 'HH', " NO_S ")", "null"},
        {"DATETOSTRING(0, 'yyyyMMdd')", "19700101"},
        {"DATETOSTRING(CAST(NULL AS INT), 'yyyyMMdd')", "!argument 1 of DATETOSTRING"},
        {"DATETOSTRING(0, " NO_S ")", "null"},
        {"TIMESTAMPTOSTRING(1000, 'HH:mm:ss')", "00:00:01"},
        {"TIMESTAMPTOSTRING(1000, 'HH:mm:ss', 'Asia/Kolkata')", "05:30:01"},
        {"TIMESTAMPTOSTRING(CAST(NULL AS BIGINT), 'HH')", "!argument 1 of TIMESTAMPTOSTRING"},
        {"TIMESTAMPTOSTRING(0, 'HH', " NO_S ")", "null"},
    };
    FN_CHECK(t, cases);
}

static void from_text(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"PARSE_TIME('13:05', 'HH:mm')", "13:05"},
        {"PARSE_TIME('01:00:00 Pm', 'hh:mm:ss a')", "13:00"},
        {"PARSE_TIME('2020 13', 'yyyy HH')", "!Failed to parse time '2020 13' with formatter"},
        {"PARSE_TIME(" NO_S ", 'HH')", "null"},
        {"STRINGTODATE('31-Jan-2020', 'dd-MMM-yyyy')", "18292"},
        {"STRINGTODATE('2020', 'yyyy')", "!Failed to parse date '2020' with formatter 'yyyy': "},
        {"STRINGTODATE(" NO_S ", 'yyyy')", "!Failed to parse date 'null' with formatter 'yyyy'"},
        {"PARSE_TIMESTAMP('2020-01-31 12:30', 'yyyy-MM-dd HH:mm')", "2020-01-31T12:30:00.000"},
        {"PARSE_TIMESTAMP('2020-01-31 12:30', 'yyyy-MM-dd HH:mm', 'Asia/Tokyo')",
         "2020-01-31T03:30:00.000"},
        {"PARSE_TIMESTAMP('2020-07-01 12:30 PDT', 'yyyy-MM-dd HH:mm z', 'Asia/Tokyo')",
         "2020-07-01T19:30:00.000"},
        {"PARSE_TIMESTAMP('2020-07-01 Europe/Paris', 'yyyy-MM-dd VV')",
         "2020-06-30T22:00:00.000"},
        {"PARSE_TIMESTAMP('12', 'HH')", "1970-01-01T12:00:00.000"},
        {"PARSE_TIMESTAMP('x', 'HH')",
         "!Failed to parse timestamp 'x' at timezone 'GMT' with formatter 'HH': "},
        {"PARSE_TIMESTAMP('12', 'HH', 'nowhere')", "!at timezone 'nowhere'"},
        {"PARSE_TIMESTAMP('12', 'HH', " NO_S ")", "null"},
        {"STRINGTOTIMESTAMP('1970-01-01 00:00:01', 'yyyy-MM-dd HH:mm:ss')", "1000"},
        {"STRINGTOTIMESTAMP('1970-01-01', 'yyyy-MM-dd', '+01:00')", "-3600000"},
        {"STRINGTOTIMESTAMP('12', 'bad pattern')",
         "!Failed to parse timestamp '12' with formatter 'bad pattern': "},
        {"STRINGTOTIMESTAMP(" NO_S ", 'yyyy')",
         "!Failed to parse timestamp 'null' with formatter 'yyyy'"},
    };
    FN_CHECK(t, cases);
}

static void simple_patterns(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"PARSE_DATE('2020-02-30', 'yyyy-MM-dd')", "2020-03-01"},
        {"PARSE_DATE('2020-13-01', 'yyyy-MM-dd')", "2021-01-01"},
        {"PARSE_DATE('20200131', 'yyyyMMdd')", "2020-01-31"},
        {"PARSE_DATE('2020-1-5 and more', 'yyyy-MM-dd')", "2020-01-05"},
        {"PARSE_DATE('5 FEBRUARY 2020', 'd MMM yyyy')", "2020-02-05"},
        {"PARSE_DATE('Feb 2020', 'MMMM yyyy')", "2020-02-01"},
        {"PARSE_DATE('05/02/40', 'dd/MM/yy')", "2040-02-05"},
        {"PARSE_DATE('05/02/46', 'dd/MM/yy')", "1946-02-05"},
        {"PARSE_DATE('2020', 'yyyy')", "2020-01-01"},
        {"PARSE_DATE('2020-060', 'yyyy-DDD')", "2020-02-29"},
        {"PARSE_DATE('day ''5'' of 2020', '''day '''''' d '''''' of ''yyyy')",
         "!Unparseable date"},
        {"PARSE_DATE('the 5''th 2020', '''the ''d''''''th ''yyyy')", "2020-01-05"},
        {"PARSE_DATE('2020-01-31 00:00', 'yyyy-MM-dd HH:mm')", "2020-01-31"},
        {"PARSE_DATE('2020-01-31 24:00', 'yyyy-MM-dd kk:mm')", "2020-01-31"},
        {"PARSE_DATE('2020-01-31 01:00', 'yyyy-MM-dd HH:mm')",
         "!Date format contains time field."},
        {"PARSE_DATE('2020-01-31 01:00+0100', 'yyyy-MM-dd HH:mmXX')", "2020-01-31"},
        {"PARSE_DATE('2020-01-31 GMT', 'yyyy-MM-dd z')", "2020-01-31"},
        {"PARSE_DATE('1582-10-15', 'yyyy-MM-dd')", "1582-10-15"},
        {"PARSE_DATE('1582-10-04', 'yyyy-MM-dd')", "1582-10-14"},
        {"PARSE_DATE('0001-01-01', 'yyyy-MM-dd')", "0000-12-30"},
        {"PARSE_DATE('2147483647-01-01', 'yyyy-MM-dd')", "!Unparseable date"},
        {"PARSE_DATE('2147483648', 'yyyy')", "!Unparseable date: \"2147483648\""},
        {"PARSE_DATE('2020', 'yyyyQ')", "!Illegal pattern component: Q"},
        {"PARSE_DATE('2020', 'yyyy''')", "!Unterminated quote"},
        {"PARSE_DATE('x', 'yyyy')",
         "!Failed to parse date 'x' with formatter 'yyyy': Unparseable date: \"x\""},
        {"PARSE_DATE(" NO_S ", 'yyyy')", "null"},
    };
    FN_CHECK(t, cases);
}

/* text, pattern, days. */
static void check_simple(char **f, uint32_t n, uint32_t line)
{
    assert_int_equal(n, 3);
    char sql[512];
    snprintf(sql, sizeof sql, "UNIX_DATE(PARSE_DATE('%s', '%s'))", f[0], f[1]);
    weir_sv r = fn_sql_eval(&fn_sql_group, weir_sv_cstr(sql));
    if (!weir_sv_eq(r, weir_sv_cstr(f[2]))) {
        fail_msg("line %u: %s: got " WEIR_SV_FMT ", not %s", line, sql, WEIR_SV_ARG(r), f[2]);
    }
}

static void lenient_calendar(void **state)
{
    (void)state;
    assert_true(weir_vectors_each("calendar", '\t', check_simple) > 300);
}

/* More patterns than a call site keeps, twice. */
static void patterns_from_data(void **state)
{
    (void)state;
    static fn_test f;
    const fn_family family = {weir_fn_datetime_format, weir_fn_datetime_format_n};
    fn_test_init(&f, &family, 1);
    weir_column columns[2] = {
        {.name = WEIR_SV("TS"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("P"), .type = weir_type_of(WEIR_T_STRING), .role = WEIR_COL_VALUE},
    };
    weir_schema schema = {.n = 2, .cols = columns};
    const weir_type *types[2] = {columns[0].type, columns[1].type};
    const weir_expr *kids[2] = {weir_expr_column(&f.arena, &schema, 0),
                                weir_expr_column(&f.arena, &schema, 1)};
    const weir_expr *e = fn_call(&f, "TIMESTAMPTOSTRING", types, kids, 2);
    weir_program *p = weir_program_new(&f.arena, &schema, &e, 1, &f.settings);
    weir_batch *b = weir_batch_new(&f.arena, &schema);
    b->arena = &f.arena;
    b->rows = WEIR_BATCH_ROWS;
    b->nsel = WEIR_BATCH_ROWS;
    for (uint32_t row = 0; row < WEIR_BATCH_ROWS; row++) {
        weir_value ts = weir_bigint((int64_t)row * 1000);
        weir_value pattern = weir_string(
            row % 3 == 0 ? WEIR_SV("ss")
                         : weir_arena_printf(&f.arena, "''''%u''''ss", row % 500));
        weir_vec_put(&b->cols[0], &f.arena, row, &ts);
        weir_vec_put(&b->cols[1], &f.arena, row, &pattern);
    }
    for (int round = 0; round < 2; round++) {
        weir_vec out;
        weir_program_eval(p, b, &out, NULL);
        for (uint32_t row = 0; row < WEIR_BATCH_ROWS; row++) {
            char expected[32];
            if (row % 3 == 0) {
                snprintf(expected, sizeof expected, "%02u", row % 60);
            } else {
                snprintf(expected, sizeof expected, "'%u'%02u", row % 500, row % 60);
            }
            assert_false(weir_vec_is_err(&out, row));
            assert_sv_equal(weir_vec_get(&out, row).sv, expected);
        }
    }
    fn_test_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units),           cmocka_unit_test(epochs),
        cmocka_unit_test(to_text),         cmocka_unit_test(from_text),
        cmocka_unit_test(simple_patterns), cmocka_unit_test(lenient_calendar),
        cmocka_unit_test(patterns_from_data),
    };
    return cmocka_run_group_tests(tests, fn_sql_setup, fn_sql_teardown);
}
