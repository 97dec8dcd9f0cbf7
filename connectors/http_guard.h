/* Where a request that others describe may go. Decided on the resolved address, at the moment a
 * socket is opened for it: names that change their address, odd spellings of it and addresses
 * inside other addresses (IPv4-mapped, NAT64, 6to4) all end there.
 *
 * Refused unless an operator's list allows them: loopback, private, link-local, shared (carrier
 * NAT), multicast, unspecified and reserved addresses. The addresses at which clouds hand out their
 * machines' credentials are refused always. Pure; any thread. */
#pragma once
#include "engine/base/status.h"

struct sockaddr;

/* A range of addresses, IPv4 as ::ffff:a.b.c.d. */
typedef struct weir_cidr {
    uint8_t net[16];
    uint8_t bits; /* 0 … 128 that count */
} weir_cidr;

/* "10.0.0.0/8", "127.0.0.1", "fd00::/8", "::1". Bits behind the prefix must be 0: a range is not to
 * be wider than it looks. */
weir_rc weir_cidr_parse(weir_sv text, weir_cidr *out, weir_status *st);
/* Whether the address (IPv4 or IPv6) is in the range. */
bool weir_cidr_has(const weir_cidr *c, const struct sockaddr *address);

/* ORDER weir_address_kind: names in http_guard.c */
typedef enum weir_address_kind {
    WEIR_ADDRESS_PUBLIC,
    WEIR_ADDRESS_LOOPBACK,
    WEIR_ADDRESS_PRIVATE,
    WEIR_ADDRESS_LINK_LOCAL,
    WEIR_ADDRESS_SHARED, /* 100.64.0.0/10 */
    WEIR_ADDRESS_MULTICAST,
    WEIR_ADDRESS_UNSPECIFIED,
    WEIR_ADDRESS_RESERVED, /* documentation, benchmarks, the future, neither IPv4 nor IPv6 */
    WEIR_ADDRESS_METADATA, /* a cloud's credentials */
} weir_address_kind;
weir_address_kind weir_address_kind_of(const struct sockaddr *address);
const char *weir_address_kind_name(weir_address_kind kind); /* "loopback" … */

#define WEIR_GUARD_ALLOW_MAX 64 /* ranges of one guard: each new connection walks over them */

/* http.allow.addresses, http.allow.insecure. All zero: https to public addresses only. */
typedef struct weir_http_guard {
    weir_cidr allow[WEIR_GUARD_ALLOW_MAX];
    uint32_t n_allow;
    bool insecure; /* plain http, too */
} weir_http_guard;

/* `addresses`: ranges with commas or blanks between; may be empty. */
weir_rc weir_http_guard_parse(weir_sv addresses, bool insecure, weir_http_guard *out,
                              weir_status *st);
/* A public address has port 443 or 8443 (insecure: 80, too), one on the list has any. NULL: it may
 * be connected to; otherwise why not: "loopback address", "port". */
const char *weir_http_guard_refuses(const weir_http_guard *g, const struct sockaddr *address);
/* What can be told without the address: scheme, no user or password in it. WEIR_EUSAGE: refused.
 * `g` NULL: only that it is an http or https URL. */
weir_rc weir_http_guard_url(const weir_http_guard *g, weir_sv url, weir_status *st);
