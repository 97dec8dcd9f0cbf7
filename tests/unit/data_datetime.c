/* Patterns and casts against java.time. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/data/datetime.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

static weir_arena arena;
static weir_tz_cache *zones;
static char where[48];

static const weir_tz *zone_of(const char *id)
{
    const weir_tz *z = NULL;
    weir_status st;
    assert_ok(weir_tz_get(zones, weir_sv_cstr(id), &z, &st), &st);
    return z;
}

static void expect(weir_rc rc, const weir_status *st, int64_t got, const char *expected)
{
    bool fails = expected[0] == '!';
    if ((rc != WEIR_OK) != fails || (!fails && got != strtoll(expected, NULL, 10))) {
        fail_msg("%s: got %lld (%s), not %s", where, (long long)got, rc ? st->msg : "ok",
                 expected);
    }
}

static void expect_text(weir_rc rc, const weir_status *st, weir_buf *b, const char *expected)
{
    const char *got = rc ? "!" : weir_buf_cstr(b);
    if (strcmp(got, expected[0] == '=' ? expected + 1 : expected) != 0) {
        fail_msg("%s: got '%s' (%s), not '%s'", where, got, rc ? st->msg : "ok", expected);
    }
    weir_buf_deinit(b);
}

static void check_cast(char **f)
{
    weir_status st;
    int32_t v = 0;
    int64_t ms = 0;
    weir_buf b = {0};
    weir_sv s = weir_sv_cstr(f[1]);
    if (strcmp(f[0], "cdate") == 0) {
        weir_rc rc = weir_date_parse(s, &v, &st);
        if (f[2][0] != '-' || f[2][1]) { /* partials have their own test */
            expect(rc, &st, v, f[2]);
        }
    } else if (strcmp(f[0], "ctime") == 0) {
        weir_rc rc = weir_time_parse(s, &v, &st);
        expect(rc, &st, v, f[2]);
    } else if (strcmp(f[0], "cstamp") == 0) {
        weir_rc rc = weir_timestamp_parse(s, &ms, &st);
        expect(rc, &st, ms, f[2]);
    } else if (strcmp(f[0], "date") == 0) {
        weir_date_print(&b, (int32_t)strtol(f[1], NULL, 10));
        expect_text(WEIR_OK, NULL, &b, f[2]);
    } else {
        weir_timestamp_print(&b, strtoll(f[1], NULL, 10));
        expect_text(WEIR_OK, NULL, &b, f[2]);
    }
}

static void check_format(char **f, const weir_dtf *dtf)
{
    weir_status st;
    weir_buf b = {0};
    int64_t v = strtoll(f[3], NULL, 10);
    weir_datetime t;
    const char *expected = f[4];
    if (f[0][1] == 'd') {
        t = weir_datetime_of_date((int32_t)v);
    } else if (f[0][1] == 't') {
        t = weir_datetime_of_time((int32_t)v);
    } else {
        t = weir_datetime_of_timestamp(v, zone_of(f[4]));
        expected = f[5];
    }
    expect_text(weir_dtf_format(dtf, &t, &b, &st), &st, &b, expected);
}

static void check_parse(char **f, const weir_dtf *dtf)
{
    weir_status st;
    int32_t v = 0;
    int64_t ms = 0;
    weir_sv text = weir_sv_cstr(f[3]);
    if (f[0][1] == 'd') {
        weir_rc rc = weir_dtf_parse_date(dtf, text, &v, &st);
        expect(rc, &st, v, f[4]);
    } else if (f[0][1] == 't') {
        weir_rc rc = weir_dtf_parse_time(dtf, text, &v, &st);
        expect(rc, &st, v, f[4]);
    } else {
        weir_rc rc = weir_dtf_parse_timestamp(dtf, text, zone_of(f[4]), zones, &ms, &st);
        expect(rc, &st, ms, f[5]);
    }
}

static void check_line(char **f, uint32_t n, uint32_t line)
{
    snprintf(where, sizeof where, "datetime.txt:%u", line);
    static const char *const casts[] = {"cdate", "ctime", "cstamp", "date", "stamp"};
    for (size_t i = 0; i < WEIR_COUNT(casts); i++) {
        if (strcmp(f[0], casts[i]) == 0) {
            check_cast(f);
            return;
        }
    }
    weir_status st;
    weir_dtf *dtf = NULL;
    bool bad = strcmp(f[0], "bad") == 0;
    weir_locale locale = !bad && f[1][0] == '1' ? WEIR_LOCALE_EN : WEIR_LOCALE_ROOT;
    weir_rc rc = weir_dtf_compile(&arena, weir_sv_cstr(f[bad ? 1 : 2]), locale, &dtf, &st);
    if ((rc != WEIR_OK) != bad) {
        fail_msg("%s: '%s' compiled: %s", where, f[bad ? 1 : 2], rc ? st.msg : "ok");
    }
    if (!bad) {
        assert_true(n >= 5);
        if (f[0][0] == 'f') {
            check_format(f, dtf);
        } else {
            check_parse(f, dtf);
        }
    }
    weir_arena_reset(&arena);
}

static void test_vectors(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    zones = weir_tz_cache_new();
    assert_true(weir_vectors_each("datetime", '\t', check_line) > 600);
    weir_tz_cache_free(zones);
    weir_arena_deinit(&arena);
}

static void test_partials(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"2020", 1577836800000},
        {"2020-05", 1588291200000},
        {"2020-05-26", 1590451200000},
        {"2020-05-26T23", 1590534000000},
        {"2020-05-26T23:59", 1590537540000},
        {"2020-05-26T23:59:58", 1590537598000},
        {"2020-05-26T23:59:58.1", 1590537598100},
        {"2020-05-26T23:59:58.123Z", 1590537598123},
        {"2020-05-26T23:59:58.123+0200", 1590530398123},
        {"2020-05-26T23:59-01:00", 1590541140000},
        {"2020-05-26T24:00", 1590537600000},
        {"2020-02-31", 1582934400000},
        {"2020-05T10:00", -1},
        {"2020-05-26 10:00:00", -1},
        {"2020-05-26T10:00:00.1234", -1},
        {"", -1},
        {"T", -1},
        {"2020-13", -1},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        int64_t ms = -1;
        weir_rc rc = weir_timestamp_parse(weir_sv_cstr(cases[i].text), &ms, NULL);
        if (ms != cases[i].ms || (rc == WEIR_OK) != (cases[i].ms != -1)) {
            fail_msg("'%s' is %lld", cases[i].text, (long long)ms);
        }
    }
    int32_t days;
    assert_int_equal(weir_date_parse(WEIR_SV("2020"), &days, NULL), WEIR_OK);
    assert_int_equal(days, 18262);
    assert_int_equal(weir_date_parse(WEIR_SV("2020-02-30"), &days, NULL), WEIR_EDATA);
    weir_buf b = {0};
    weir_time_print(&b, 48300000);
    weir_buf_byte(&b, ' ');
    weir_time_print(&b, 48310123);
    assert_sv_equal(weir_buf_view(&b), "13:25 13:25:10");
    weir_buf_deinit(&b);
}

/* What commons-lang 3.12 gives. */
static void test_lenient(void **state)
{
    (void)state;
    enum { BAD = INT32_MIN };
    static const struct {
        const char *pattern, *text;
        int32_t days;
    } cases[] = {
        {"yyyy-MM-dd", "2021-1-5", 18632},
        {"yyyy-MM-dd", "2021-05-05T10", 18752},
        {"yyyy-MM-dd", "2021-13-45", 19037},
        {"yyyyMMdd", "20210505", 18752},
        {"yyyyMMdd", "2021055", 18752},
        {"dd MMM yyyy", "5 jan 2021", 18632},
        {"dd MMMM yyyy", "05 JANUARY 2021", 18632},
        {"dd MMM yyyy", "05 January 2021", 18632},
        {"E, d MMM yyyy", "Tue, 5 Jan 2021", 18632},
        {"yy-MM-dd", "21-01-05", 18632},
        {"yy-MM-dd", "60-01-05", -3649},
        {"yyyy-MM-dd HH:mm", "2021-01-05 00:00", 18632},
        {"yyyy-MM-dd HH:mm", "2021-01-05 24:00", 18633},
        {"yyyy-MM-dd HH:mm", "2021-01-05 12:00", BAD},
        {"yyyy-DDD", "2021-100", 18727},
        {"yyyy", "2021", 18628},
        {"MM/yyyy", "  3/2021", 18687},
        {"d", "5", 4},
        {"yyyy-MM-dd", "-2021-01-05", BAD},
        {"yyyy-MM-dd G", "0005-01-05 BC", -720987},
        {"yyyy-MM-dd", "0005-01-05", -717699},
        {"yyyy-MM-dd", "1582-10-10", -141422},
        {"yyyy-MM-dd", "1582-10-15", -141427},
        {"yyyy-MM-dd X", "2021-01-05 Z", 18632},
        {"yyyy-MM-dd Z", "2021-01-05 +0000", 18632},
        {"yyyy-MM-dd z", "2021-01-05 GMT", 18632},
        {"yyyy-MM-dd'T'", "2021-01-05T", 18632},
        {"yyyy-MM-dd b", "2021-01-05 1", BAD},
        {"yyyy-MM-dd", "x2021-01-05", BAD},
        {"yyyy-MM-dd", "2021 -01-05", BAD},
        {"yyyy-MM-dd", "2021- 01-05", 18632},
        {"yyyyMMddHHmmss", "20210105000000", 18632},
        {"hh a yyyy", "12 am 2021", 18628},
        {"yyyy-MM-dd''", "2021-01-05'", 18632},
        {"yyyy-MM-dd'T", "2021-01-05T", BAD},
        {"yyyy-MM-dd", "99999999999-01-01", BAD},
        {"yyyy-MM-dd", "21-01-05", -711855},
        {"[yyyy]", "[2021]", 18628},
        {"yyyy-MM-dd", "", BAD},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        int32_t days = BAD;
        weir_date_parse_lenient(weir_sv_cstr(cases[i].pattern), weir_sv_cstr(cases[i].text), &days,
                                NULL);
        if (days != cases[i].days) {
            fail_msg("'%s' by '%s' is %d, not %d", cases[i].text, cases[i].pattern, days,
                     cases[i].days);
        }
    }
}

static void test_messages(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    weir_status st;
    weir_dtf *f = NULL;
    assert_int_equal(weir_dtf_compile(&arena, WEIR_SV("yyyy-bb"), WEIR_LOCALE_EN, &f, &st),
                     WEIR_EUSAGE);
    assert_string_equal(st.msg, "Unknown pattern letter: b");
    assert_ok(weir_dtf_compile(&arena, WEIR_SV("yyyy-MM-dd"), WEIR_LOCALE_EN, &f, &st), &st);
    int32_t days;
    assert_int_equal(weir_dtf_parse_date(f, WEIR_SV("2021-1-01"), &days, &st), WEIR_EDATA);
    assert_string_equal(st.msg, "Text '2021-1-01' could not be parsed at index 5");
    assert_int_equal(weir_dtf_parse_date(f, WEIR_SV("2021-13-01"), &days, &st), WEIR_EDATA);
    assert_string_equal(st.msg, "Text '2021-13-01' could not be parsed: Invalid value for "
                                "MonthOfYear (valid values 1 - 12): 13");
    char deep[80];
    memset(deep, '[', sizeof deep);
    assert_int_equal(weir_dtf_compile(&arena, weir_sv_of(deep, 80), WEIR_LOCALE_EN, &f, &st),
                     WEIR_ELIMIT);
    weir_arena_deinit(&arena);
}

static void test_calendar(void **state)
{
    (void)state;
    for (int64_t day = -1000000; day < 1000000; day += 37) {
        weir_civil c = weir_civil_from_days(day);
        assert_int_equal(weir_days_from_civil(c.year, c.month, c.day), day);
        assert_true(c.day >= 1 && c.day <= weir_month_days(c.year, c.month));
    }
    assert_int_equal(weir_ts_to_date(-1), -1);
    assert_int_equal(weir_ts_to_time(-1), 86399999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),  cmocka_unit_test(test_partials),
        cmocka_unit_test(test_lenient),  cmocka_unit_test(test_messages),
        cmocka_unit_test(test_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
