/* Pauses between tries, rates and circuit breakers, at times that are made up. */
#include "tests/support/test.h"

#include "connectors/retry.h"

static void pauses_double_up_to_the_cap(void **state)
{
    (void)state;
    weir_rng rng;
    weir_rng_seed(&rng, 1);
    weir_retry_policy p = {.max_retries = WEIR_RETRY_FOREVER, .base_ms = 100, .cap_ms = 1000};
    int64_t most[8] = {0};
    for (int round = 0; round < 2000; round++) {
        weir_retry r;
        weir_retry_begin(&r, 0);
        for (int i = 0; i < 8; i++) {
            int64_t pause = weir_retry_pause(&r, &p, &rng, 0, -1);
            assert_in_range(pause, 0, 1000);
            most[i] = weir_max64(most[i], pause);
        }
    }
    static const int64_t limits[8] = {100, 200, 400, 800, 1000, 1000, 1000, 1000};
    for (int i = 0; i < 8; i++) { /* the whole range is used, and no more */
        assert_in_range(most[i], limits[i] * 95 / 100, limits[i]);
    }
}

static void the_same_seed_gives_the_same_pauses(void **state)
{
    (void)state;
    weir_rng a;
    weir_rng b;
    weir_rng_seed(&a, 7);
    weir_rng_seed(&b, 7);
    weir_retry_policy p = {.max_retries = WEIR_RETRY_FOREVER};
    weir_retry r = {0};
    weir_retry s = {0};
    for (int i = 0; i < 100; i++) {
        assert_int_equal(weir_retry_pause(&r, &p, &a, i, -1), weir_retry_pause(&s, &p, &b, i, -1));
    }
    r.failures = UINT32_MAX;
    assert_in_range(weir_retry_pause(&r, &p, &a, 0, -1), 0, 60000);
    assert_int_equal(r.failures, UINT32_MAX);
}

static void retries_and_deadlines_end(void **state)
{
    (void)state;
    weir_rng rng;
    weir_rng_seed(&rng, 1);
    weir_retry_policy none = {.max_retries = 0};
    weir_retry r;
    weir_retry_begin(&r, 5);
    assert_int_equal(weir_retry_pause(&r, &none, &rng, 5, -1), -1);
    weir_retry_policy two = {.max_retries = 2};
    assert_true(weir_retry_pause(&r, &two, &rng, 5, -1) >= 0);
    assert_true(weir_retry_pause(&r, &two, &rng, 5, -1) >= 0);
    assert_int_equal(weir_retry_pause(&r, &two, &rng, 5, -1), -1);
    weir_retry_policy timed = {
        .max_retries = WEIR_RETRY_FOREVER, .base_ms = 1000, .cap_ms = 1000, .deadline_ms = 10000};
    for (int i = 0; i < 1000; i++) { /* the last try is at the deadline, not behind it */
        weir_retry_begin(&r, 1000);
        assert_in_range(weir_retry_pause(&r, &timed, &rng, 10990, -1), 0, 10);
    }
    assert_int_equal(weir_retry_pause(&r, &timed, &rng, 11000, -1), -1);
    assert_int_equal(weir_retry_pause(&r, &timed, &rng, 10000, 1001), -1);
    assert_in_range(weir_retry_pause(&r, &timed, &rng, 10000, 1000), 1000, 1000);
}

static void the_other_side_may_ask_for_time(void **state)
{
    (void)state;
    weir_rng rng;
    weir_rng_seed(&rng, 1);
    weir_retry_policy p = {.max_retries = WEIR_RETRY_FOREVER, .retry_after_max_ms = 20000};
    weir_retry r = {0};
    assert_int_equal(weir_retry_pause(&r, &p, &rng, 0, 5000), 5000);
    assert_int_equal(weir_retry_pause(&r, &p, &rng, 0, INT64_MAX), 20000);
    assert_in_range(weir_retry_pause(&r, &p, &rng, 0, 0), 0, 400);
}

static void the_schedule_of_webhooks(void **state)
{
    (void)state;
    static const int64_t pauses_s[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
    weir_rng rng;
    weir_rng_seed(&rng, 3);
    weir_retry_policy p = {0};
    assert_false(weir_retry_schedule(WEIR_SV("never"), &p));
    assert_true(weir_retry_schedule(WEIR_SV("webhook"), &p));
    weir_retry r = {0};
    for (size_t i = 0; i < WEIR_COUNT(pauses_s); i++) {
        int64_t pause = weir_retry_pause(&r, &p, &rng, 0, -1);
        assert_in_range(pause, pauses_s[i] * 1000, pauses_s[i] * 1100);
    }
    assert_int_equal(weir_retry_pause(&r, &p, &rng, 0, -1), -1);
    p.max_retries = WEIR_RETRY_FOREVER; /* the last pause stays */
    assert_in_range(weir_retry_pause(&r, &p, &rng, 0, -1), 86400000, 95040000);
}

static void a_bucket_fills_at_its_rate(void **state)
{
    (void)state;
    weir_bucket b;
    weir_bucket_init(&b, 10, 1000, 5, 100); /* one in 100 ms */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(weir_bucket_take(&b, 1, 100), 0);
    }
    assert_int_equal(weir_bucket_take(&b, 1, 100), 100);
    assert_int_equal(weir_bucket_take(&b, 1, 150), 50);
    assert_int_equal(weir_bucket_take(&b, 2, 150), 150);
    assert_int_equal(weir_bucket_take(&b, 1, 200), 0);
    assert_int_equal(weir_bucket_take(&b, 1, 199),
                     100); /* a clock that goes back changes nothing */
    assert_int_equal(weir_bucket_take(&b, 5, INT64_MAX / 2), 0);
    assert_int_equal(weir_bucket_take(&b, 1, INT64_MAX / 2), 100);
}

static void more_than_a_bucketful_is_lent(void **state)
{
    (void)state;
    weir_bucket b;
    weir_bucket_init(&b, 1, 1000, 2, 0);
    assert_int_equal(weir_bucket_take(&b, 10, 0), 0);
    assert_int_equal(weir_bucket_take(&b, 1, 0), 9000);
    assert_int_equal(weir_bucket_take(&b, 10, 9000), 1000);
    assert_int_equal(weir_bucket_take(&b, 1, 9000), 0);
}

static void odd_rates_do_not_drift(void **state)
{
    (void)state;
    weir_bucket b;
    weir_bucket_init(&b, 7, 60000, 1, 0);
    int64_t now = 0;
    int taken = 0;
    while (now < 600000) {
        int64_t wait = weir_bucket_take(&b, 1, now);
        taken += wait == 0;
        now += wait;
    }
    assert_int_equal(taken, 70);
}

static void a_breaker_opens_probes_and_closes(void **state)
{
    (void)state;
    weir_breaker b;
    weir_breaker_init(&b, 3, 1000, 5000);
    weir_breaker_failed(&b, 0);
    weir_breaker_failed(&b, 0);
    weir_breaker_succeeded(&b); /* not in a row */
    weir_breaker_failed(&b, 0);
    weir_breaker_failed(&b, 0);
    assert_int_equal(weir_breaker_ask(&b, 0), 0);
    weir_breaker_failed(&b, 10);
    assert_int_equal(b.state, WEIR_BREAKER_OPEN);
    assert_int_equal(weir_breaker_ask(&b, 20), 990);
    weir_breaker_succeeded(&b); /* from before */
    assert_int_equal(b.state, WEIR_BREAKER_OPEN);
    static const int64_t pauses[] = {2000, 4000, 5000, 5000};
    int64_t now = 1010;
    for (size_t i = 0; i < WEIR_COUNT(pauses); i++) {
        assert_int_equal(weir_breaker_ask(&b, now), 0);
        assert_int_equal(b.state, WEIR_BREAKER_HALF_OPEN);
        assert_int_equal(weir_breaker_ask(&b, now), 1000); /* one probe at a time */
        weir_breaker_failed(&b, now);
        assert_int_equal(weir_breaker_ask(&b, now), pauses[i]);
        now += pauses[i];
    }
    assert_int_equal(weir_breaker_ask(&b, now), 0);
    weir_breaker_abandoned(&b, now);
    assert_int_equal(weir_breaker_ask(&b, now), 0);
    weir_breaker_succeeded(&b);
    assert_string_equal(weir_breaker_name(b.state), "closed");
    assert_int_equal(b.failures, 0);
    weir_breaker_abandoned(&b, now);
    assert_int_equal(weir_breaker_ask(&b, now), 0);
}

static void a_breaker_without_a_limit_never_opens(void **state)
{
    (void)state;
    weir_breaker b;
    weir_breaker_init(&b, 0, 1, 1);
    for (int i = 0; i < 1000; i++) {
        weir_breaker_failed(&b, i);
        assert_int_equal(weir_breaker_ask(&b, i), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_the_cap),
        cmocka_unit_test(the_same_seed_gives_the_same_pauses),
        cmocka_unit_test(retries_and_deadlines_end),
        cmocka_unit_test(the_other_side_may_ask_for_time),
        cmocka_unit_test(the_schedule_of_webhooks),
        cmocka_unit_test(a_bucket_fills_at_its_rate),
        cmocka_unit_test(more_than_a_bucketful_is_lent),
        cmocka_unit_test(odd_rates_do_not_drift),
        cmocka_unit_test(a_breaker_opens_probes_and_closes),
        cmocka_unit_test(a_breaker_without_a_limit_never_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
