/* See redis_slots.h. */
#include "connectors/redis_slots.h"

#include "engine/base/alloc.h"

#include <stdio.h>

/* XMODEM (polynomial 0x1021, from 0), as the specification of Redis Cluster says. */
static uint16_t crc16(weir_sv text)
{
    static const uint16_t table[256] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad,
        0xe1ce, 0xf1ef, 0x1231, 0x0210, 0x3273, 0x2252, 0x52b5, 0x4294, 0x72f7, 0x62d6, 0x9339, 0x8318, 0xb37b, 0xa35a,
        0xd3bd, 0xc39c, 0xf3ff, 0xe3de, 0x2462, 0x3443, 0x0420, 0x1401, 0x64e6, 0x74c7, 0x44a4, 0x5485, 0xa56a, 0xb54b,
        0x8528, 0x9509, 0xe5ee, 0xf5cf, 0xc5ac, 0xd58d, 0x3653, 0x2672, 0x1611, 0x0630, 0x76d7, 0x66f6, 0x5695, 0x46b4,
        0xb75b, 0xa77a, 0x9719, 0x8738, 0xf7df, 0xe7fe, 0xd79d, 0xc7bc, 0x48c4, 0x58e5, 0x6886, 0x78a7, 0x0840, 0x1861,
        0x2802, 0x3823, 0xc9cc, 0xd9ed, 0xe98e, 0xf9af, 0x8948, 0x9969, 0xa90a, 0xb92b, 0x5af5, 0x4ad4, 0x7ab7, 0x6a96,
        0x1a71, 0x0a50, 0x3a33, 0x2a12, 0xdbfd, 0xcbdc, 0xfbbf, 0xeb9e, 0x9b79, 0x8b58, 0xbb3b, 0xab1a, 0x6ca6, 0x7c87,
        0x4ce4, 0x5cc5, 0x2c22, 0x3c03, 0x0c60, 0x1c41, 0xedae, 0xfd8f, 0xcdec, 0xddcd, 0xad2a, 0xbd0b, 0x8d68, 0x9d49,
        0x7e97, 0x6eb6, 0x5ed5, 0x4ef4, 0x3e13, 0x2e32, 0x1e51, 0x0e70, 0xff9f, 0xefbe, 0xdfdd, 0xcffc, 0xbf1b, 0xaf3a,
        0x9f59, 0x8f78, 0x9188, 0x81a9, 0xb1ca, 0xa1eb, 0xd10c, 0xc12d, 0xf14e, 0xe16f, 0x1080, 0x00a1, 0x30c2, 0x20e3,
        0x5004, 0x4025, 0x7046, 0x6067, 0x83b9, 0x9398, 0xa3fb, 0xb3da, 0xc33d, 0xd31c, 0xe37f, 0xf35e, 0x02b1, 0x1290,
        0x22f3, 0x32d2, 0x4235, 0x5214, 0x6277, 0x7256, 0xb5ea, 0xa5cb, 0x95a8, 0x8589, 0xf56e, 0xe54f, 0xd52c, 0xc50d,
        0x34e2, 0x24c3, 0x14a0, 0x0481, 0x7466, 0x6447, 0x5424, 0x4405, 0xa7db, 0xb7fa, 0x8799, 0x97b8, 0xe75f, 0xf77e,
        0xc71d, 0xd73c, 0x26d3, 0x36f2, 0x0691, 0x16b0, 0x6657, 0x7676, 0x4615, 0x5634, 0xd94c, 0xc96d, 0xf90e, 0xe92f,
        0x99c8, 0x89e9, 0xb98a, 0xa9ab, 0x5844, 0x4865, 0x7806, 0x6827, 0x18c0, 0x08e1, 0x3882, 0x28a3, 0xcb7d, 0xdb5c,
        0xeb3f, 0xfb1e, 0x8bf9, 0x9bd8, 0xabbb, 0xbb9a, 0x4a75, 0x5a54, 0x6a37, 0x7a16, 0x0af1, 0x1ad0, 0x2ab3, 0x3a92,
        0xfd2e, 0xed0f, 0xdd6c, 0xcd4d, 0xbdaa, 0xad8b, 0x9de8, 0x8dc9, 0x7c26, 0x6c07, 0x5c64, 0x4c45, 0x3ca2, 0x2c83,
        0x1ce0, 0x0cc1, 0xef1f, 0xff3e, 0xcf5d, 0xdf7c, 0xaf9b, 0xbfba, 0x8fd9, 0x9ff8, 0x6e17, 0x7e36, 0x4e55, 0x5e74,
        0x2e93, 0x3eb2, 0x0ed1, 0x1ef0,
    };
    uint16_t crc = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        crc = (uint16_t)((crc << 8) ^ table[(crc >> 8) ^ (uint8_t)text.p[i]]);
    }
    return crc;
}

uint32_t weir_redis_slot(weir_sv key)
{
    const char *open = key.n ? memchr(key.p, '{', key.n) : NULL;
    if (open) {
        size_t rest = (size_t)(key.p + key.n - open - 1);
        const char *close = rest ? memchr(open + 1, '}', rest) : NULL;
        if (close && close > open + 1) {
            key = weir_sv_of(open + 1, (size_t)(close - open - 1));
        }
    }
    return crc16(key) % WEIR_REDIS_SLOTS;
}

void weir_redis_slots_init(weir_redis_slots *s)
{
    memset(s, 0, sizeof *s);
}

void weir_redis_slots_deinit(weir_redis_slots *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        weir_free(s->nodes[i].host);
    }
    weir_free(s->nodes);
    weir_free(s->tags);
    weir_redis_slots_init(s);
}

uint16_t weir_redis_slots_node(weir_redis_slots *s, weir_sv host, uint16_t port)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->nodes[i].port == port && weir_sv_eq(weir_sv_cstr(s->nodes[i].host), host)) {
            return (uint16_t)i;
        }
    }
    if (s->n == WEIR_REDIS_NODES_MAX || host.n == 0) {
        return WEIR_REDIS_NO_NODE;
    }
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        s->nodes = weir_realloc(s->nodes, sizeof *s->nodes * s->cap);
    }
    char *copy = weir_alloc((size_t)host.n + 1);
    memcpy(copy, host.p, host.n);
    copy[host.n] = 0;
    s->nodes[s->n] = (weir_redis_node){copy, port};
    return (uint16_t)s->n++;
}

/* Nodes that know no name for themselves are meant to be where the answer came from. */
static weir_sv named(const weir_redis_slots *s, uint16_t from, weir_sv host)
{
    bool none = host.n == 0 || weir_sv_eq(host, WEIR_SV("?"));
    return none && from < s->n ? weir_sv_cstr(s->nodes[from].host) : host;
}

/* [first, last, [host, port, …] of the master, …] */
static bool read_range(weir_redis_slots *s, uint16_t from, const weir_redis_reply *range)
{
    if (range->kind != WEIR_REDIS_ARRAY || range->integer < 3) {
        return false;
    }
    weir_redis_reply first = weir_redis_item(range, 0);
    weir_redis_reply last = weir_redis_item(range, 1);
    weir_redis_reply master = weir_redis_item(range, 2);
    if (first.kind != WEIR_REDIS_INTEGER || last.kind != WEIR_REDIS_INTEGER || first.integer < 0 ||
        last.integer >= WEIR_REDIS_SLOTS || master.kind != WEIR_REDIS_ARRAY || master.integer < 2) {
        return false;
    }
    weir_redis_reply port = weir_redis_item(&master, 1);
    if (port.kind != WEIR_REDIS_INTEGER || port.integer <= 0 || port.integer > UINT16_MAX) {
        return false;
    }
    weir_sv host = named(s, from, weir_redis_item(&master, 0).text);
    uint16_t node = weir_redis_slots_node(s, host, (uint16_t)port.integer);
    for (int64_t i = first.integer; i <= last.integer && node != WEIR_REDIS_NO_NODE; i++) {
        s->node_of[i] = node;
    }
    return true;
}

bool weir_redis_slots_read(weir_redis_slots *s, uint16_t from, const weir_redis_reply *r)
{
    for (int64_t i = 0; r->kind == WEIR_REDIS_ARRAY && i < r->integer; i++) {
        weir_redis_reply range = weir_redis_item(r, (uint32_t)i);
        if (!read_range(s, from, &range)) {
            return false;
        }
    }
    return r->kind == WEIR_REDIS_ARRAY;
}

/* Digits from *at on. */
static bool number(weir_sv text, uint32_t *at, uint32_t most, uint32_t *out)
{
    uint32_t from = *at;
    *out = 0;
    while (*at < text.n && text.p[*at] >= '0' && text.p[*at] <= '9' && *out <= most) {
        *out = *out * 10 + (uint32_t)(text.p[(*at)++] - '0');
    }
    return *at > from && *out <= most;
}

uint16_t weir_redis_slots_redirect(weir_redis_slots *s, uint16_t from, weir_sv error, bool *ask)
{
    bool moved = weir_sv_starts(error, WEIR_SV("MOVED "));
    uint32_t at = moved ? 6 : 4;
    uint32_t slot = 0;
    uint32_t port = 0;
    *ask = weir_sv_starts(error, WEIR_SV("ASK "));
    if ((!moved && !*ask) || !number(error, &at, WEIR_REDIS_SLOTS - 1, &slot) || at == error.n ||
        error.p[at] != ' ') {
        return WEIR_REDIS_NO_NODE;
    }
    weir_sv where = weir_sv_of(error.p + at + 1, error.n - at - 1);
    const char *colon = where.n ? memrchr(where.p, ':', where.n) : NULL; /* IPv6 has some of its own */
    uint32_t digits = colon ? (uint32_t)(colon - where.p) + 1 : 0;
    if (!colon || !number(where, &digits, UINT16_MAX, &port) || port == 0) {
        return WEIR_REDIS_NO_NODE;
    }
    weir_sv host = named(s, from, weir_sv_of(where.p, (size_t)(colon - where.p)));
    uint16_t node = weir_redis_slots_node(s, host, (uint16_t)port);
    if (moved && node != WEIR_REDIS_NO_NODE) {
        s->node_of[slot] = node;
    }
    return node;
}

/* Texts are tried until each slot has one: some 37 000. */
static void make_tags(weir_redis_slots *s)
{
    uint32_t missing = WEIR_REDIS_SLOTS;
    s->tags = weir_zalloc(sizeof *s->tags * WEIR_REDIS_SLOTS);
    for (uint32_t n = 0; missing; n++) {
        char text[4] = {0};
        uint32_t at = 0;
        for (uint32_t rest = n; at == 0 || rest; rest /= 64) {
            text[at++] = (char)('0' + rest % 64); /* 0 to o: no braces are among them */
        }
        uint32_t slot = crc16(weir_sv_of(text, at)) % WEIR_REDIS_SLOTS;
        WEIR_ASSERT(n < 64 * 64 * 64);
        if (s->tags[slot][0] == 0) {
            memcpy(s->tags[slot], text, sizeof text);
            missing--;
        }
    }
}

const char *weir_redis_slots_tag(weir_redis_slots *s, uint32_t slot)
{
    WEIR_ASSERT(slot < WEIR_REDIS_SLOTS);
    if (!s->tags) {
        make_tags(s);
    }
    return s->tags[slot];
}
