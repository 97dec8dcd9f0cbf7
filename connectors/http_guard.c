/* Addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d, so that one table and one comparison do. An
 * address that carries an IPv4 one inside (NAT64, 6to4, ISATAP) is judged as the worse of the two.
 */
#include "connectors/http_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define V4_BITS 96 /* of the prefix ::ffff:0:0/96 */
#define V4(a, b, c, d)                                                                             \
    {                                                                                              \
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d                                       \
    }

typedef struct range {
    weir_cidr cidr;
    weir_address_kind kind;
} range;

/* The first match tells. */
static const range ranges[] = {
    /* where clouds hand out credentials */
    {{V4(169, 254, 169, 254), 128}, WEIR_ADDRESS_METADATA},
    {{V4(169, 254, 170, 2), 128}, WEIR_ADDRESS_METADATA},
    {{V4(169, 254, 170, 23), 128}, WEIR_ADDRESS_METADATA},
    {{V4(168, 63, 129, 16), 128}, WEIR_ADDRESS_METADATA},
    {{V4(100, 100, 100, 200), 128}, WEIR_ADDRESS_METADATA},
    {{{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54}, 128}, WEIR_ADDRESS_METADATA},
    {{{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x00, 0x23}, 128}, WEIR_ADDRESS_METADATA},
    {{{0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54}, 128}, WEIR_ADDRESS_METADATA},
    /* IPv4 */
    {{V4(0, 0, 0, 0), 96 + 32}, WEIR_ADDRESS_UNSPECIFIED},
    {{V4(0, 0, 0, 0), 96 + 8}, WEIR_ADDRESS_RESERVED},
    {{V4(10, 0, 0, 0), 96 + 8}, WEIR_ADDRESS_PRIVATE},
    {{V4(100, 64, 0, 0), 96 + 10}, WEIR_ADDRESS_SHARED},
    {{V4(127, 0, 0, 0), 96 + 8}, WEIR_ADDRESS_LOOPBACK},
    {{V4(169, 254, 0, 0), 96 + 16}, WEIR_ADDRESS_LINK_LOCAL},
    {{V4(172, 16, 0, 0), 96 + 12}, WEIR_ADDRESS_PRIVATE},
    {{V4(192, 0, 0, 0), 96 + 24}, WEIR_ADDRESS_RESERVED},
    {{V4(192, 0, 2, 0), 96 + 24}, WEIR_ADDRESS_RESERVED},
    {{V4(192, 88, 99, 0), 96 + 24}, WEIR_ADDRESS_RESERVED},
    {{V4(192, 168, 0, 0), 96 + 16}, WEIR_ADDRESS_PRIVATE},
    {{V4(198, 18, 0, 0), 96 + 15}, WEIR_ADDRESS_RESERVED},
    {{V4(198, 51, 100, 0), 96 + 24}, WEIR_ADDRESS_RESERVED},
    {{V4(203, 0, 113, 0), 96 + 24}, WEIR_ADDRESS_RESERVED},
    {{V4(224, 0, 0, 0), 96 + 4}, WEIR_ADDRESS_MULTICAST},
    {{V4(240, 0, 0, 0), 96 + 4}, WEIR_ADDRESS_RESERVED},
    {{V4(0, 0, 0, 0), 96}, WEIR_ADDRESS_PUBLIC},
    /* IPv6 */
    {{{0}, 128}, WEIR_ADDRESS_UNSPECIFIED},
    {{{[15] = 1}, 128}, WEIR_ADDRESS_LOOPBACK},
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, WEIR_ADDRESS_PUBLIC},              /* NAT64 */
    {{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, WEIR_ADDRESS_PRIVATE}, /* a network's own NAT64 */
    {{{0x20, 0x01}, 23}, WEIR_ADDRESS_RESERVED}, /* Teredo and other protocols' */
    {{{0x20, 0x01, 0x0d, 0xb8}, 32}, WEIR_ADDRESS_RESERVED},
    {{{0x3f, 0xff}, 20}, WEIR_ADDRESS_RESERVED},
    {{{0x20}, 3}, WEIR_ADDRESS_PUBLIC},
    {{{0xfc}, 7}, WEIR_ADDRESS_PRIVATE},
    {{{0xfe, 0x80}, 10}, WEIR_ADDRESS_LINK_LOCAL},
    {{{0xfe, 0xc0}, 10}, WEIR_ADDRESS_PRIVATE}, /* site-local, of old */
    {{{0xff}, 8}, WEIR_ADDRESS_MULTICAST},
    {{{0}, 0}, WEIR_ADDRESS_RESERVED},
};

static const char *const kind_names[] = {
    "public address",      "loopback address", "private address",
    "link-local address",  "shared address",   "multicast address",
    "unspecified address", "reserved address", "address of a cloud's credentials",
}; /* ORDER weir_address_kind */

const char *weir_address_kind_name(weir_address_kind kind)
{
    WEIR_ASSERT((size_t)kind < WEIR_COUNT(kind_names));
    return kind_names[kind];
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, uint8_t bits)
{
    uint32_t whole = bits / 8;
    uint8_t rest = (uint8_t)(0xff00 >> bits % 8);
    return memcmp(a, b, whole) == 0 && (bits % 8 == 0 || ((a[whole] ^ b[whole]) & rest) == 0);
}

/* False when it is neither IPv4 nor IPv6. */
static bool read_address(const struct sockaddr *address, uint8_t out[16], uint16_t *port)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        static const uint8_t mapped[16] = V4(0, 0, 0, 0);
        memcpy(&v4, address, sizeof v4);
        memcpy(out, mapped, 12);
        memcpy(out + 12, &v4.sin_addr, 4);
        *port = ntohs(v4.sin_port);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(out, &v6.sin6_addr, 16);
        *port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

static weir_address_kind kind_in_table(const uint8_t a[16])
{
    uint32_t i = 0;
    while (!same_prefix(a, ranges[i].cidr.net, ranges[i].cidr.bits)) {
        i++; /* the last one matches everything */
    }
    return ranges[i].kind;
}

/* Where the IPv4 address inside begins, or 0. */
static uint32_t inner_v4(const uint8_t a[16])
{
    static const uint8_t nat64[16] = {0x00, 0x64, 0xff, 0x9b};
    static const uint8_t isatap[4] = {0x00, 0x00, 0x5e, 0xfe};
    if (a[0] == 0x20 && a[1] == 0x02) { /* 6to4 */
        return 2;
    }
    bool local_nat64 = same_prefix(a, nat64, 32) && a[4] == 0 && a[5] == 1;
    bool is_isatap = (a[8] & ~2) == isatap[0] && memcmp(a + 9, isatap + 1, 3) == 0;
    bool compatible = same_prefix(a, (const uint8_t[16]){0}, 96) && (a[12] || a[13]);
    return same_prefix(a, nat64, 96) || local_nat64 || is_isatap || compatible ? 12 : 0;
}

static weir_address_kind kind_of(const uint8_t a[16])
{
    weir_address_kind kind = kind_in_table(a);
    uint32_t at = inner_v4(a);
    if (at) {
        uint8_t inner[16] = V4(0, 0, 0, 0);
        memcpy(inner + 12, a + at, 4);
        weir_address_kind other = kind_in_table(inner);
        kind = kind == WEIR_ADDRESS_PUBLIC || other == WEIR_ADDRESS_METADATA ? other : kind;
    }
    return kind;
}

weir_address_kind weir_address_kind_of(const struct sockaddr *address)
{
    uint8_t a[16];
    uint16_t port;
    return read_address(address, a, &port) ? kind_of(a) : WEIR_ADDRESS_RESERVED;
}

static bool cidr_has(const weir_cidr *c, const uint8_t a[16])
{
    static const uint8_t v4[16] = V4(0, 0, 0, 0);
    bool is_v4 = same_prefix(a, v4, V4_BITS); /* ::/0 is all of IPv6 only */
    return (!is_v4 || c->bits >= V4_BITS) && same_prefix(a, c->net, c->bits);
}

bool weir_cidr_has(const weir_cidr *c, const struct sockaddr *address)
{
    uint8_t a[16];
    uint16_t port;
    return read_address(address, a, &port) && cidr_has(c, a);
}

/* Decimal digits, at most `max`; -1: it is not that. */
static int32_t read_bits(weir_sv text, int32_t max)
{
    int32_t v = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || v > max) {
            return -1;
        }
        v = v * 10 + (text.p[i] - '0');
    }
    return text.n && v <= max ? v : -1;
}

weir_rc weir_cidr_parse(weir_sv text, weir_cidr *out, weir_status *st)
{
    char host[INET6_ADDRSTRLEN + 1];
    int64_t slash = weir_sv_find(text, WEIR_SV("/"), 0);
    uint32_t n = slash < 0 ? text.n : (uint32_t)slash;
    memset(out, 0, sizeof *out);
    bool fits = n < sizeof host && !memchr(text.p ? text.p : "", 0, n);
    memcpy(host, text.p ? text.p : "", fits ? n : 0);
    host[fits ? n : 0] = 0;
    uint8_t v4[4];
    bool is_v4 = inet_pton(AF_INET, host, v4) == 1;
    if (is_v4) {
        memcpy(out->net, (const uint8_t[16])V4(0, 0, 0, 0), 16);
        memcpy(out->net + 12, v4, 4);
    } else if (inet_pton(AF_INET6, host, out->net) != 1) {
        return weir_fail(st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\" is not an address range such as %s",
                         WEIR_SV_ARG(text), "10.0.0.0/8 or fd00::/8");
    }
    int32_t most = is_v4 ? 32 : 128;
    int32_t bits = slash < 0 ? most : read_bits(weir_sv_of(text.p + n + 1, text.n - n - 1), most);
    if (bits < 0) {
        return weir_fail(st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\": %d bits at most behind the slash",
                         WEIR_SV_ARG(text), most);
    }
    out->bits = (uint8_t)(bits + (is_v4 ? V4_BITS : 0));
    for (uint32_t bit = out->bits; bit < 128; bit++) {
        if (out->net[bit / 8] & 0x80 >> bit % 8) {
            return weir_fail(st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\": bits behind the prefix are set",
                             WEIR_SV_ARG(text));
        }
    }
    return WEIR_OK;
}

static bool is_between(char c)
{
    return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

weir_rc weir_http_guard_parse(weir_sv addresses, bool insecure, weir_http_guard *out,
                              weir_status *st)
{
    memset(out, 0, sizeof *out);
    out->insecure = insecure;
    for (uint32_t i = 0; i < addresses.n;) {
        uint32_t from = i;
        while (i < addresses.n && !is_between(addresses.p[i])) {
            i++;
        }
        if (i == from) {
            i++;
            continue;
        }
        if (out->n_allow == WEIR_GUARD_ALLOW_MAX) {
            return weir_fail(st, WEIR_ELIMIT, "more than %d address ranges", WEIR_GUARD_ALLOW_MAX);
        }
        weir_sv text = weir_sv_of(addresses.p + from, i - from);
        WEIR_TRY(weir_cidr_parse(text, &out->allow[out->n_allow], st));
        out->n_allow++;
    }
    return WEIR_OK;
}

const char *weir_http_guard_refuses(const weir_http_guard *g, const struct sockaddr *address)
{
    uint8_t a[16];
    uint16_t port = 0;
    if (!read_address(address, a, &port)) {
        return weir_address_kind_name(WEIR_ADDRESS_RESERVED);
    }
    weir_address_kind kind = kind_of(a);
    if (kind == WEIR_ADDRESS_METADATA) {
        return weir_address_kind_name(kind);
    }
    for (uint32_t i = 0; i < g->n_allow; i++) {
        if (cidr_has(&g->allow[i], a)) {
            return NULL;
        }
    }
    if (kind != WEIR_ADDRESS_PUBLIC) {
        return weir_address_kind_name(kind);
    }
    return port == 443 || port == 8443 || (g->insecure && port == 80) ? NULL : "port";
}
