/* What addresses are, ranges of them, and which URLs and addresses may be asked. */
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "connectors/http_guard.h"
#include "engine/base/limits.h"

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
} address;

static address address_of(const char *text, uint16_t port)
{
    address a;
    memset(&a, 0, sizeof a);
    if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
        a.v4.sin_family = AF_INET;
        a.v4.sin_port = htons(port);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &a.v6.sin6_addr), 1);
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = htons(port);
    }
    return a;
}

typedef struct kind_case {
    const char *text;
    weir_address_kind kind;
} kind_case;

static const kind_case kind_cases[] = {
    {"0.0.0.0", WEIR_ADDRESS_UNSPECIFIED},
    {"0.0.0.1", WEIR_ADDRESS_RESERVED},
    {"0.255.255.255", WEIR_ADDRESS_RESERVED},
    {"1.0.0.0", WEIR_ADDRESS_PUBLIC},
    {"9.255.255.255", WEIR_ADDRESS_PUBLIC},
    {"10.0.0.0", WEIR_ADDRESS_PRIVATE},
    {"10.255.255.255", WEIR_ADDRESS_PRIVATE},
    {"11.0.0.0", WEIR_ADDRESS_PUBLIC},
    {"100.63.255.255", WEIR_ADDRESS_PUBLIC},
    {"100.64.0.0", WEIR_ADDRESS_SHARED},
    {"100.100.100.199", WEIR_ADDRESS_SHARED},
    {"100.100.100.200", WEIR_ADDRESS_METADATA},
    {"100.127.255.255", WEIR_ADDRESS_SHARED},
    {"100.128.0.0", WEIR_ADDRESS_PUBLIC},
    {"126.255.255.255", WEIR_ADDRESS_PUBLIC},
    {"127.0.0.0", WEIR_ADDRESS_LOOPBACK},
    {"127.0.0.1", WEIR_ADDRESS_LOOPBACK},
    {"127.255.255.255", WEIR_ADDRESS_LOOPBACK},
    {"128.0.0.0", WEIR_ADDRESS_PUBLIC},
    {"168.63.129.15", WEIR_ADDRESS_PUBLIC},
    {"168.63.129.16", WEIR_ADDRESS_METADATA},
    {"169.253.255.255", WEIR_ADDRESS_PUBLIC},
    {"169.254.0.0", WEIR_ADDRESS_LINK_LOCAL},
    {"169.254.169.253", WEIR_ADDRESS_LINK_LOCAL},
    {"169.254.169.254", WEIR_ADDRESS_METADATA},
    {"169.254.169.255", WEIR_ADDRESS_LINK_LOCAL},
    {"169.254.170.2", WEIR_ADDRESS_METADATA},
    {"169.254.170.23", WEIR_ADDRESS_METADATA},
    {"169.254.255.255", WEIR_ADDRESS_LINK_LOCAL},
    {"169.255.0.0", WEIR_ADDRESS_PUBLIC},
    {"172.15.255.255", WEIR_ADDRESS_PUBLIC},
    {"172.16.0.0", WEIR_ADDRESS_PRIVATE},
    {"172.31.255.255", WEIR_ADDRESS_PRIVATE},
    {"172.32.0.0", WEIR_ADDRESS_PUBLIC},
    {"191.255.255.255", WEIR_ADDRESS_PUBLIC},
    {"192.0.0.8", WEIR_ADDRESS_RESERVED},
    {"192.0.1.0", WEIR_ADDRESS_PUBLIC},
    {"192.0.2.1", WEIR_ADDRESS_RESERVED},
    {"192.88.99.1", WEIR_ADDRESS_RESERVED},
    {"192.167.255.255", WEIR_ADDRESS_PUBLIC},
    {"192.168.0.0", WEIR_ADDRESS_PRIVATE},
    {"192.168.255.255", WEIR_ADDRESS_PRIVATE},
    {"192.169.0.0", WEIR_ADDRESS_PUBLIC},
    {"198.17.255.255", WEIR_ADDRESS_PUBLIC},
    {"198.18.0.0", WEIR_ADDRESS_RESERVED},
    {"198.19.255.255", WEIR_ADDRESS_RESERVED},
    {"198.20.0.0", WEIR_ADDRESS_PUBLIC},
    {"198.51.100.7", WEIR_ADDRESS_RESERVED},
    {"203.0.113.7", WEIR_ADDRESS_RESERVED},
    {"223.255.255.255", WEIR_ADDRESS_PUBLIC},
    {"224.0.0.0", WEIR_ADDRESS_MULTICAST},
    {"239.255.255.255", WEIR_ADDRESS_MULTICAST},
    {"240.0.0.0", WEIR_ADDRESS_RESERVED},
    {"255.255.255.255", WEIR_ADDRESS_RESERVED},
    {"8.8.8.8", WEIR_ADDRESS_PUBLIC},
    {"::", WEIR_ADDRESS_UNSPECIFIED},
    {"::1", WEIR_ADDRESS_LOOPBACK},
    {"::2", WEIR_ADDRESS_RESERVED},
    {"::127.0.0.1", WEIR_ADDRESS_RESERVED},
    {"::169.254.169.254", WEIR_ADDRESS_METADATA},
    {"::ffff:0.0.0.0", WEIR_ADDRESS_UNSPECIFIED},
    {"::ffff:8.8.8.8", WEIR_ADDRESS_PUBLIC},
    {"::ffff:127.0.0.1", WEIR_ADDRESS_LOOPBACK},
    {"::ffff:7f00:1", WEIR_ADDRESS_LOOPBACK},
    {"::ffff:10.1.2.3", WEIR_ADDRESS_PRIVATE},
    {"::ffff:169.254.169.254", WEIR_ADDRESS_METADATA},
    {"::ffff:0:127.0.0.1", WEIR_ADDRESS_RESERVED},
    {"64:ff9b::8.8.8.8", WEIR_ADDRESS_PUBLIC},
    {"64:ff9b::127.0.0.1", WEIR_ADDRESS_LOOPBACK},
    {"64:ff9b::10.0.0.1", WEIR_ADDRESS_PRIVATE},
    {"64:ff9b::169.254.169.254", WEIR_ADDRESS_METADATA},
    {"64:ff9b::224.0.0.1", WEIR_ADDRESS_MULTICAST},
    {"64:ff9b:0:0:0:1::", WEIR_ADDRESS_RESERVED},
    {"64:ff9b:1::8.8.8.8", WEIR_ADDRESS_PRIVATE},
    {"64:ff9b:1::169.254.169.254", WEIR_ADDRESS_METADATA},
    {"64:ff9b:2::1", WEIR_ADDRESS_RESERVED},
    {"100::1", WEIR_ADDRESS_RESERVED},
    {"1fff:ffff::1", WEIR_ADDRESS_RESERVED},
    {"2001:0:4136:e378:8000:63bf:3fff:fdd2", WEIR_ADDRESS_RESERVED},
    {"2001:1ff:ffff::1", WEIR_ADDRESS_RESERVED},
    {"2001:200::1", WEIR_ADDRESS_PUBLIC},
    {"2001:4860:4860::8888", WEIR_ADDRESS_PUBLIC},
    {"2001:db7:ffff::1", WEIR_ADDRESS_PUBLIC},
    {"2001:db8::1", WEIR_ADDRESS_RESERVED},
    {"2001:db9::1", WEIR_ADDRESS_PUBLIC},
    {"2002:808:808::1", WEIR_ADDRESS_PUBLIC},
    {"2002:7f00:1::1", WEIR_ADDRESS_LOOPBACK},
    {"2002:a00:1::", WEIR_ADDRESS_PRIVATE},
    {"2002:a9fe:a9fe::1", WEIR_ADDRESS_METADATA},
    {"2600::5efe:10.0.0.1", WEIR_ADDRESS_PRIVATE},
    {"2600::200:5efe:127.0.0.1", WEIR_ADDRESS_LOOPBACK},
    {"2600::200:5efe:8.8.8.8", WEIR_ADDRESS_PUBLIC},
    {"3fff::1", WEIR_ADDRESS_RESERVED},
    {"3fff:1000::1", WEIR_ADDRESS_PUBLIC},
    {"4000::1", WEIR_ADDRESS_RESERVED},
    {"fbff::1", WEIR_ADDRESS_RESERVED},
    {"fc00::", WEIR_ADDRESS_PRIVATE},
    {"fd00:ec2::253", WEIR_ADDRESS_PRIVATE},
    {"fd00:ec2::254", WEIR_ADDRESS_METADATA},
    {"fd00:ec2::23", WEIR_ADDRESS_METADATA},
    {"fd20:ce::254", WEIR_ADDRESS_METADATA},
    {"fdff:ffff::1", WEIR_ADDRESS_PRIVATE},
    {"fe00::1", WEIR_ADDRESS_RESERVED},
    {"fe80::1", WEIR_ADDRESS_LINK_LOCAL},
    {"febf:ffff::1", WEIR_ADDRESS_LINK_LOCAL},
    {"fec0::1", WEIR_ADDRESS_PRIVATE},
    {"ff02::1", WEIR_ADDRESS_MULTICAST},
    {"ffff::1", WEIR_ADDRESS_MULTICAST},
};

static void every_address_has_a_kind(void **state)
{
    (void)state;
    weir_http_guard g = {0};
    for (size_t i = 0; i < WEIR_COUNT(kind_cases); i++) {
        const kind_case *c = &kind_cases[i];
        address a = address_of(c->text, 443);
        weir_address_kind kind = weir_address_kind_of(&a.any);
        const char *why = weir_http_guard_refuses(&g, &a.any);
        if (kind != c->kind || (why != NULL) != (kind != WEIR_ADDRESS_PUBLIC)) {
            fail_msg("%s: %s", c->text, weir_address_kind_name(kind));
        }
    }
    address local = {.local = {.sun_family = AF_UNIX, .sun_path = "/tmp/x"}};
    assert_non_null(weir_http_guard_refuses(&g, &local.any));
}

static void ranges_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *in, *out;
    } good[] = {
        {"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
        {"127.0.0.1", "127.0.0.1", "127.0.0.2"},
        {"127.0.0.1/32", "::ffff:127.0.0.1", "::1"},
        {"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
        {"192.168.4.0/31", "192.168.4.1", "192.168.4.2"},
        {"0.0.0.0/0", "1.2.3.4", "::1"},
        {"::/0", "fd00::1", "10.0.0.1"},
        {"::1", "::1", "::2"},
        {"fd00::/8", "fdff::1", "fc00::1"},
        {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
        {"::ffff:10.0.0.0/104", "10.1.1.1", "11.1.1.1"},
    };
    static const char *const bad[] = {
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "10.0.0.0/ 8",
        "10.0.0.0/4294967304",
        "10.1.0.0/8",
        "10.0.0.1/31",
        "::1/127",
        "::/129",
        "10.0.0",
        "0x7f.1",
        "2130706433",
        "localhost",
        "[::1]",
        "10.0.0.0/8x",
        "fe80::1%eth0",
        "1.2.3.4.5",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222",
    };
    weir_status st = {0};
    weir_cidr c;
    for (size_t i = 0; i < WEIR_COUNT(good); i++) {
        address in = address_of(good[i].in, 1);
        address out = address_of(good[i].out, 1);
        assert_ok(weir_cidr_parse(weir_sv_cstr(good[i].text), &c, &st), &st);
        if (!weir_cidr_has(&c, &in.any) || weir_cidr_has(&c, &out.any)) {
            fail_msg("%s", good[i].text);
        }
    }
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        if (weir_cidr_parse(weir_sv_cstr(bad[i]), &c, &st) != WEIR_EUSAGE) {
            fail_msg("%s is taken", bad[i]);
        }
    }
    assert_int_equal(weir_cidr_parse(WEIR_SV("::1\0x"), &c, &st), WEIR_EUSAGE);
    assert_int_equal(weir_cidr_parse((weir_sv){0}, &c, &st), WEIR_EUSAGE);
}

static const char *verdict(const weir_http_guard *g, const char *text, uint16_t port)
{
    address a = address_of(text, port);
    const char *why = weir_http_guard_refuses(g, &a.any);
    return why ? why : "";
}

static void a_list_allows_what_it_names_but_never_credentials(void **state)
{
    (void)state;
    weir_status st = {0};
    weir_http_guard g;
    weir_sv list = WEIR_SV(" 127.0.0.1/32,10.0.0.0/8 169.254.0.0/16,, fd00::/8,0.0.0.0/0 ");
    assert_ok(weir_http_guard_parse(list, false, &g, &st), &st);
    assert_int_equal(g.n_allow, 5);
    assert_string_equal(verdict(&g, "127.0.0.1", 9000), "");
    assert_string_equal(verdict(&g, "10.9.8.7", 1), "");
    assert_string_equal(verdict(&g, "169.254.1.1", 80), "");
    assert_string_equal(verdict(&g, "fd00::1", 80), "");
    assert_string_equal(verdict(&g, "::1", 443), "loopback address");
    assert_string_equal(verdict(&g, "64:ff9b::10.0.0.1", 443), "private address");
    assert_string_equal(verdict(&g, "169.254.169.254", 80), "address of a cloud's credentials");
    assert_string_equal(verdict(&g, "fd00:ec2::254", 80), "address of a cloud's credentials");
    assert_string_equal(verdict(&g, "::ffff:169.254.169.254", 80),
                        "address of a cloud's credentials");
    assert_int_equal(weir_http_guard_parse(WEIR_SV("127.0.0.1, lan"), false, &g, &st), WEIR_EUSAGE);
}

static void only_the_ports_of_https_unless_listed(void **state)
{
    (void)state;
    weir_http_guard g = {0};
    assert_string_equal(verdict(&g, "8.8.8.8", 443), "");
    assert_string_equal(verdict(&g, "8.8.8.8", 8443), "");
    assert_string_equal(verdict(&g, "8.8.8.8", 80), "port");
    assert_string_equal(verdict(&g, "8.8.8.8", 22), "port");
    assert_string_equal(verdict(&g, "8.8.8.8", 0), "port");
    g.insecure = true;
    assert_string_equal(verdict(&g, "8.8.8.8", 80), "");
    assert_string_equal(verdict(&g, "8.8.8.8", 8080), "port");
    assert_string_equal(verdict(&g, "127.0.0.1", 80), "loopback address");
}

static void there_are_only_so_many_ranges(void **state)
{
    (void)state;
    char text[WEIR_GUARD_ALLOW_MAX * 4 + 8] = "";
    for (int i = 0; i <= WEIR_GUARD_ALLOW_MAX; i++) {
        memcpy(text + i * 4, "::1,", 4);
    }
    weir_http_guard g;
    weir_status st = {0};
    weir_sv most = weir_sv_of(text, WEIR_GUARD_ALLOW_MAX * 4);
    assert_ok(weir_http_guard_parse(most, false, &g, &st), &st);
    assert_int_equal(weir_http_guard_parse(weir_sv_of(text, most.n + 4), false, &g, &st),
                     WEIR_ELIMIT);
}

static void urls_are_judged(void **state)
{
    (void)state;
    static const char *const good[] = {
        "https://example.com", "HTTPS://example.com/a?b=c#d",     "https://example.com:8443/x",
        "https://8.8.8.8/",    "https://[2001:4860:4860::8888]/", "https://example.com:9/later",
    };
    static const char *const bad[] = {
        "",
        "example.com",
        "//example.com",
        "https:",
        "https://",

        "https://:443/",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://:@example.com/",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://example.com\\@127.0.0.1/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/",
        "https://10.0.0.1/",
        "https://8.8.8.8:22/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1%25eth0]/",
    };
    weir_status st = {0};
    weir_http_guard g = {0};
    for (size_t i = 0; i < WEIR_COUNT(good); i++) {
        assert_ok(weir_http_guard_url(&g, weir_sv_cstr(good[i]), &st), &st);
    }
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        if (weir_http_guard_url(&g, weir_sv_cstr(bad[i]), &st) != WEIR_EUSAGE) {
            fail_msg("%s is taken", bad[i]);
        }
    }
    assert_int_equal(weir_http_guard_url(&g, WEIR_SV("https://example.com/\0"), &st), WEIR_EUSAGE);
    assert_ok(weir_http_guard_url(NULL, WEIR_SV("http://user:word@127.0.0.1:9200/"), &st), &st);
    assert_int_equal(weir_http_guard_url(NULL, WEIR_SV("ftp://127.0.0.1/"), &st), WEIR_EUSAGE);
    assert_ok(weir_http_guard_parse(WEIR_SV("127.0.0.1"), true, &g, &st), &st);
    assert_ok(weir_http_guard_url(&g, WEIR_SV("http://127.0.0.1:9000/hook"), &st), &st);
    assert_ok(weir_http_guard_url(&g, WEIR_SV("http://example.com/"), &st), &st);
    assert_int_equal(weir_http_guard_url(&g, WEIR_SV("http://127.0.0.2:9000/"), &st), WEIR_EUSAGE);
    assert_string_equal(st.msg, "the URL's address 127.0.0.2:9000 is refused: loopback address");
    char text[WEIR_HTTP_URL_MAX + 1];
    memset(text, 'a', sizeof text);
    memcpy(text, "https://example.com/", 20);
    assert_ok(weir_http_guard_url(&g, weir_sv_of(text, WEIR_HTTP_URL_MAX), &st), &st);
    assert_int_equal(weir_http_guard_url(&g, weir_sv_of(text, sizeof text), &st), WEIR_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_has_a_kind),
        cmocka_unit_test(ranges_are_read),
        cmocka_unit_test(a_list_allows_what_it_names_but_never_credentials),
        cmocka_unit_test(only_the_ports_of_https_unless_listed),
        cmocka_unit_test(there_are_only_so_many_ranges),
        cmocka_unit_test(urls_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
