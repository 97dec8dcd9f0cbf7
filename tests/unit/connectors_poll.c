/* What polling needs besides a network: pointers, links, URLs, and what was there before. */
#include "connectors/http_url.h"
#include "connectors/source_poll.h"
#include "tests/support/test.h"

static void check_pointer(const char *json, const char *pointer, const char *wanted)
{
    weir_arena a;
    const weir_json_node *node = NULL;
    weir_status st;
    weir_buf out = {0};
    weir_status_reset(&st);
    weir_arena_init(&a);
    weir_sv text = weir_arena_printf(&a, "%s%64s", json, "");
    text.n -= 64;
    assert_ok(weir_json_parse(&a, text, NULL, &node, &st), &st);
    node = weir__poll_pointer(node, weir_sv_cstr(pointer));
    if (node) {
        weir_json_print(&out, node, true);
    }
    assert_sv_equal(weir_buf_view(&out), wanted);
    weir_buf_deinit(&out);
    weir_arena_deinit(&a);
}

static void pointers_lead(void **state)
{
    (void)state;
    static const char doc[] = "{\"a\":[10,{\"b\":true}],\"m/n\":1,\"~\":2,\"\":3,\"x\":null}";
    check_pointer(doc, "/a/0", "10");
    check_pointer(doc, "/a/1/b", "true");
    check_pointer(doc, "/m~1n", "1");
    check_pointer(doc, "/~0", "2");
    check_pointer(doc, "/", "3");
    check_pointer(doc, "/x", "null");
    check_pointer(doc, "/a/2", "");
    check_pointer(doc, "/a/-1", "");
    check_pointer(doc, "/a/b", "");
    check_pointer(doc, "/x/y", "");
    check_pointer("[1]", "", "[1]");
}

static void check_link(const char *header, const char *wanted)
{
    assert_sv_equal(weir_http_link_next(weir_sv_cstr(header)), wanted);
}

static void links_are_read(void **state)
{
    (void)state;
    check_link("<https://x/2>; rel=\"next\"", "https://x/2");
    check_link("</1>; rel=prev, </3>; title=\"a, b; rel=next\"; rel=\"last next\"", "/3");
    check_link("</1>;REL=Next", "/1");
    check_link("</1>; rel=nextone", "");
    check_link("</1>; rel=\"next", "");
    check_link("</1", "");
    check_link("", "");
    check_link(">,<>;rel=next", "");
}

static void check_follow(const char *base, const char *ref, const char *wanted)
{
    weir_status st;
    weir_buf out = {0};
    weir_status_reset(&st);
    weir_rc rc = weir_http_url_follow(weir_sv_cstr(base), weir_sv_cstr(ref), &out, &st);
    assert_int_equal(rc, wanted ? WEIR_OK : WEIR_EUSAGE);
    assert_sv_equal(weir_buf_view(&out), wanted ? wanted : "");
    weir_buf_deinit(&out);
}

static void urls_are_followed_to_the_same_server(void **state)
{
    (void)state;
    check_follow("https://h/a/b?c=1", "?c=2", "https://h/a/b?c=2");
    check_follow("https://h/a/b?c=1", "/x", "https://h/x");
    check_follow("https://h/a/b", "d", "https://h/a/d");
    check_follow("https://h/a", "https://h:443/x", "https://h:443/x");
    check_follow("https://h/a", "https://H/x", "https://H/x");
    check_follow("https://h/a", "http://h/x", NULL);
    check_follow("https://h/a", "https://h:8443/x", NULL);
    check_follow("https://h/a", "//other/x", NULL);
    check_follow("https://h/a", "https://h.evil/x", NULL);
    weir_status st;
    weir_buf out = {0};
    weir_status_reset(&st);
    assert_ok(weir_http_url_with(WEIR_SV("https://h/a?x=1"), WEIR_SV("c"), WEIR_SV("a&b=c d"), &out, &st), &st);
    assert_sv_equal(weir_buf_view(&out), "https://h/a?x=1&c=a%26b%3dc+d");
    weir_buf_deinit(&out);
}

static void changes_are_seen(void **state)
{
    (void)state;
    weir__poll_known *k = weir__poll_known_new(1000);
    for (uint64_t i = 0; i < 500; i++) {
        assert_true(weir__poll_known_add(k, i, i));
        assert_false(weir__poll_known_add(k, i, i));
    }
    weir__poll_known_turn(k);
    assert_false(weir__poll_known_add(k, 7, 7));
    assert_true(weir__poll_known_add(k, 8, 80));
    assert_true(weir__poll_known_add(k, 8, 8)); /* back again: as it was is a change, too */
    weir_buf text = {0};
    weir__poll_known_write(k, &text);
    weir__poll_known *again = weir__poll_known_new(1000);
    weir_reader r = weir_reader_of(weir_buf_view(&text));
    assert_true(weir__poll_known_read(again, &r));
    assert_false(weir__poll_known_add(again, 7, 7));
    assert_false(weir__poll_known_add(again, 9, 9));
    weir__poll_known_turn(again);
    assert_true(weir__poll_known_add(again, 10, 10)); /* it was not in the last poll */
    r = weir_reader_of(weir_sv_of(text.p, text.n - 1));
    weir__poll_known *cut = weir__poll_known_new(1000);
    assert_false(weir__poll_known_read(cut, &r));
    weir__poll_known_free(cut);
    weir__poll_known_free(again);
    weir__poll_known_free(k);
    weir_buf_deinit(&text);
    k = weir__poll_known_new(2);
    for (uint64_t i = 1; i < 4; i++) {
        assert_true(weir__poll_known_add(k, i, i));
    }
    assert_true(weir__poll_known_full(k));
    weir__poll_known_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointers_lead),
        cmocka_unit_test(links_are_read),
        cmocka_unit_test(urls_are_followed_to_the_same_server),
        cmocka_unit_test(changes_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
