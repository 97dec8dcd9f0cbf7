/* The schema registry in memory: ids, versions, subjects. */
#include "engine/run/registry.h"
#include "tests/support/test.h"

static int32_t put(weir_registry *r, const char *subject, const char *text)
{
    int32_t id = 0;
    assert_int_equal(
        r->calls->put(r, weir_sv_cstr(subject), WEIR_SCHEMA_AVRO, weir_sv_cstr(text), &id, NULL),
        WEIR_OK);
    return id;
}

static void test_registry(void **state)
{
    (void)state;
    weir_status st;
    weir_registered found;
    weir_registry *r = weir_registry_in_memory();
    weir_status_reset(&st);
    assert_int_equal(r->calls->latest(r, WEIR_SV("a-key"), &found, &st), WEIR_ENOTFOUND);
    assert_string_equal(st.msg, "Subject 'a-key' not found.");
    assert_int_equal(r->calls->by_id(r, 0, &found, &st), WEIR_ENOTFOUND);
    assert_int_equal(r->calls->by_id(r, 1, &found, &st), WEIR_ENOTFOUND);
    assert_int_equal(put(r, "a-key", "\"int\""), 1);
    assert_int_equal(put(r, "a-key", "\"long\""), 2);
    assert_int_equal(put(r, "b-value", "\"int\""), 1); /* one text, one id */
    assert_int_equal(put(r, "a-key", "\"int\""), 1);   /* no new version */
    assert_int_equal(r->calls->latest(r, WEIR_SV("a-key"), &found, &st), WEIR_OK);
    assert_int_equal(found.id, 2);
    assert_true(weir_sv_eq(found.text, WEIR_SV("\"long\"")));
    assert_int_equal(r->calls->latest(r, WEIR_SV("b-value"), &found, &st), WEIR_OK);
    assert_int_equal(found.id, 1);
    assert_int_equal(r->calls->drop(r, WEIR_SV("a-key"), &st), WEIR_OK);
    assert_int_equal(r->calls->latest(r, WEIR_SV("a-key"), &found, &st), WEIR_ENOTFOUND);
    assert_int_equal(r->calls->by_id(r, 2, &found, &st), WEIR_OK);
    assert_int_equal(put(r, "a-key", "\"long\""), 2);
    assert_int_equal(r->calls->by_id(r, -1, &found, &st), WEIR_ENOTFOUND);
    weir_registry_close(r);
    weir_registry_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
