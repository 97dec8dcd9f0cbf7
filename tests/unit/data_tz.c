/* Time zones against a JDK's rules. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/data/tz.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

static weir_tz_cache *zones;

static void check_id(char **f, uint32_t n, uint32_t line)
{
    const weir_tz *z = NULL;
    weir_rc rc = weir_tz_get(zones, weir_sv_cstr(f[1]), &z, NULL);
    assert_true(n >= 4);
    if ((rc == WEIR_OK) != (f[2][0] != '!')) {
        fail_msg("tz.txt:%u: '%s' found: %d", line, f[1], rc);
    }
    if (rc == WEIR_OK) {
        assert_sv_equal(weir_tz_id(z), f[2]);
        assert_int_equal(weir_tz_offset(z, 1600000000), strtol(f[3], NULL, 10));
    }
}

static void check_line(char **f, uint32_t n, uint32_t line)
{
    if (strcmp(f[0], "id") == 0) {
        check_id(f, n, line);
        return;
    }
    assert_true(n >= 4);
    const weir_tz *z = NULL;
    weir_status st;
    assert_ok(weir_tz_get(zones, weir_sv_cstr(f[1]), &z, &st), &st);
    int64_t s = strtoll(f[2], NULL, 10);
    int64_t expected = strtoll(f[3], NULL, 10);
    int64_t got = strcmp(f[0], "offset") == 0 ? weir_tz_offset(z, s)
                                              : weir_tz_from_local(z, s, NULL);
    if (got != expected) {
        fail_msg("tz.txt:%u: %s %s of %s is %lld, not %s", line, f[0], f[2], f[1],
                 (long long)got, f[3]);
    }
    if (strcmp(f[0], "offset") == 0 && f[4][0] != '-' && weir_tz_is_dst(z, s) != (f[4][0] == '1')) {
        fail_msg("tz.txt:%u: daylight saving of %s at %s", line, f[1], f[2]);
    }
}

static void test_vectors(void **state)
{
    (void)state;
    zones = weir_tz_cache_new();
    assert_true(weir_vectors_each("tz", '\t', check_line) > 300);
    weir_tz_cache_free(zones);
}

static weir_sv name(const weir_tz *z, int64_t at, bool full)
{
    return weir_tz_name(z, weir_tz_is_dst(z, at) ? WEIR_TZ_DAYLIGHT : WEIR_TZ_STANDARD, full);
}

static void test_names(void **state)
{
    (void)state;
    zones = weir_tz_cache_new();
    const weir_tz *z = NULL;
    assert_int_equal(weir_tz_get(zones, WEIR_SV("America/Los_Angeles"), &z, NULL), WEIR_OK);
    assert_sv_equal(name(z, 1609459200, false), "PST");
    assert_sv_equal(name(z, 1625097600, false), "PDT");
    assert_sv_equal(name(z, 1625097600, true), "Pacific Daylight Time");
    assert_sv_equal(weir_tz_name(z, WEIR_TZ_GENERIC, false), "PT");
    const weir_tz *again = NULL;
    assert_int_equal(weir_tz_get(zones, WEIR_SV("America/Los_Angeles"), &again, NULL), WEIR_OK);
    assert_ptr_equal(z, again);
    assert_int_equal(weir_tz_get(zones, WEIR_SV("+05:45"), &z, NULL), WEIR_OK);
    assert_true(weir_tz_is_offset(z));
    assert_sv_equal(name(z, 0, true), "+05:45");
    weir_sv id;
    assert_int_equal(weir_tz_match(WEIR_SV("pst8 and more"), true, false, &id), 3);
    assert_sv_equal(id, "America/Los_Angeles");
    assert_int_equal(weir_tz_match(WEIR_SV("europe/parisx"), false, false, &id), 12);
    assert_sv_equal(id, "Europe/Paris");
    assert_int_equal(weir_tz_match(WEIR_SV("nowhere"), true, true, &id), 0);
    weir_tz_cache_free(zones);
}

static void test_overlap(void **state)
{
    (void)state;
    zones = weir_tz_cache_new();
    const weir_tz *z = NULL;
    assert_int_equal(weir_tz_get(zones, WEIR_SV("America/New_York"), &z, NULL), WEIR_OK);
    int64_t local = 1636248600; /* 2021-11-07T01:30, twice */
    int32_t late = -5 * 3600;
    int32_t wrong = 3600;
    assert_int_equal(weir_tz_from_local(z, local, NULL), local + 4 * 3600);
    assert_int_equal(weir_tz_from_local(z, local, &late), local + 5 * 3600);
    assert_int_equal(weir_tz_from_local(z, local, &wrong), local + 4 * 3600);
    weir_tz_cache_free(zones);
}

static void test_cache_is_bounded(void **state)
{
    (void)state;
    zones = weir_tz_cache_new();
    const weir_tz *z = NULL;
    weir_rc rc = WEIR_OK;
    int n = 0;
    for (int i = 0; i < 7200 && rc == WEIR_OK; i++) {
        char id[40];
        snprintf(id, sizeof id, "+%02d:%02d:%02d", i / 3600, i / 60 % 60, i % 60);
        rc = weir_tz_get(zones, weir_sv_cstr(id), &z, NULL);
        n++;
    }
    assert_int_equal(rc, WEIR_ELIMIT);
    assert_int_equal(n, WEIR_TZ_CACHE_MAX + 1);
    weir_tz_cache_free(zones);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_cache_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
