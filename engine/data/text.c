/* UTF-8 and UTF-16 positions. Everything looks for ASCII first, eight bytes at a time, because then
 * bytes, characters and UTF-16 units are the same thing. */
#include "engine/data/text.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes before the first one that is not ASCII. */
static uint32_t ascii_prefix(weir_sv s)
{
    uint32_t at = 0;
    for (; at + 8 <= s.n; at += 8) {
        uint64_t word;
        memcpy(&word, s.p + at, 8);
        if (word & HIGH_BITS) {
            break;
        }
    }
    while (at < s.n && !((unsigned char)s.p[at] & 0x80)) {
        at++;
    }
    return at;
}

bool weir_is_ascii(weir_sv s)
{
    return ascii_prefix(s) == s.n;
}

/* Bytes of the sequence at p if it is right, else the negative number of bytes that Java replaces by
 * one U+FFFD: those that could have begun a sequence. */
static int32_t sequence(const unsigned char *p, const unsigned char *end)
{
    uint32_t lead = p[0];
    ptrdiff_t left = end - p;
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return -1;
    }
    bool second = left > 1 && (p[1] & 0xc0) == 0x80;
    if (lead < 0xe0) {
        return second ? 2 : -1;
    }
    if (!second || (lead == 0xe0 && p[1] < 0xa0) || (lead == 0xf0 && p[1] < 0x90) ||
        (lead == 0xf4 && p[1] > 0x8f)) {
        return -1;
    }
    if (left < 3 || (p[2] & 0xc0) != 0x80) {
        return -2;
    }
    if (lead < 0xf0) {
        return lead == 0xed && p[1] > 0x9f ? -3 : 3; /* surrogates */
    }
    return left < 4 || (p[3] & 0xc0) != 0x80 ? -3 : 4;
}

bool weir_utf8_valid(weir_sv s)
{
    if (s.n == 0) { /* of nothing there may be no address */
        return true;
    }
    const unsigned char *p = (const unsigned char *)s.p;
    const unsigned char *end = p + s.n;
    while (p < end) {
        uint64_t word;
        if (end - p >= 8 && (memcpy(&word, p, 8), !(word & HIGH_BITS))) {
            p += 8;
            continue;
        }
        int32_t n = sequence(p, end);
        if (n < 0) {
            return false;
        }
        p += n;
    }
    return true;
}

weir_sv weir_utf8_repair(weir_arena *a, weir_sv s)
{
    if (weir_utf8_valid(s)) {
        return s;
    }
    WEIR_ASSERT(s.n <= UINT32_MAX / 3);
    char *out = weir_arena_bytes_alloc(a, (size_t)s.n * 3);
    uint32_t n_out = 0;
    const unsigned char *p = (const unsigned char *)s.p;
    const unsigned char *end = p + s.n;
    while (p < end) {
        int32_t n = sequence(p, end);
        if (n > 0) {
            memcpy(out + n_out, p, (size_t)n);
            n_out += (uint32_t)n;
        } else {
            n_out += weir_utf8_put(out + n_out, 0xfffd);
        }
        p += n > 0 ? n : -n;
    }
    return weir_sv_of(out, n_out);
}

uint32_t weir_utf8_next(weir_sv s, uint32_t *at)
{
    const unsigned char *p = (const unsigned char *)s.p + *at;
    uint32_t n = p[0] < 0x80 ? 1 : (p[0] < 0xe0 ? 2 : (p[0] < 0xf0 ? 3 : 4));
    WEIR_ASSERT(*at < s.n && n <= s.n - *at);
    *at += n;
    switch (n) {
    case 1:
        return p[0];
    case 2:
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    case 3:
        return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    default:
        return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
    }
}

uint32_t weir_utf8_put(char out[4], uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
        out[0] = '?';
        return 1;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* One unit per character, two for those of four bytes. */
uint32_t weir_utf16_len(weir_sv s)
{
    uint32_t at = ascii_prefix(s);
    uint32_t units = at;
    for (; at < s.n; at++) {
        units += !is_continuation(s.p[at]);
        units += (unsigned char)s.p[at] >= 0xf0;
    }
    return units;
}

/* Walks to a position; `*half` when it lies inside a pair, whose offset is returned then. */
static uint32_t walk(weir_sv s, uint32_t at, uint32_t units, bool *half)
{
    *half = false;
    while (units > 0 && at < s.n) {
        unsigned char lead = (unsigned char)s.p[at];
        if (lead >= 0xf0 && units == 1) {
            *half = true;
            return at;
        }
        units -= lead >= 0xf0 ? 2 : 1;
        at += lead < 0x80 ? 1 : (lead < 0xe0 ? 2 : (lead < 0xf0 ? 3 : 4));
    }
    return at;
}

uint32_t weir_utf16_to_byte(weir_sv s, uint32_t units)
{
    uint32_t ascii = ascii_prefix(s);
    bool half;
    return units <= ascii ? units : walk(s, ascii, units - ascii, &half);
}

uint32_t weir_byte_to_utf16(weir_sv s, uint32_t byte)
{
    WEIR_ASSERT(byte <= s.n);
    return weir_utf16_len(weir_sv_of(s.p, byte));
}

weir_sv weir_utf16_sub(weir_arena *a, weir_sv s, uint32_t from, uint32_t to)
{
    WEIR_ASSERT(from <= to);
    uint32_t ascii = ascii_prefix(s);
    if (to <= ascii) {
        return weir_sv_of(s.p + from, to - from);
    }
    if (from == to) {
        return (weir_sv){s.p, 0};
    }
    bool half_from;
    bool half_to;
    uint32_t start = from <= ascii ? from : ascii;
    uint32_t first = walk(s, start, from - start, &half_from);
    uint32_t last = walk(s, first, to - from + half_from, &half_to);
    first += half_from ? 4 : 0;
    if (!half_from && !half_to) {
        return weir_sv_of(s.p + first, last - first);
    }
    uint32_t whole = last > first ? last - first : 0;
    char *out = weir_arena_bytes_alloc(a, (size_t)whole + 2);
    uint32_t n = 0;
    if (half_from) {
        out[n++] = '?';
    }
    memcpy(out + n, s.p + first, whole);
    n += whole;
    if (half_to) {
        out[n++] = '?';
    }
    return weir_sv_of(out, n);
}

int weir_utf16_cmp(weir_sv a, weir_sv b)
{
    uint32_t n = a.n < b.n ? a.n : b.n;
    uint32_t at = 0;
    for (; at + 8 <= n && memcmp(a.p + at, b.p + at, 8) == 0; at += 8) {
    }
    while (at < n && a.p[at] == b.p[at]) {
        at++;
    }
    if (at == n) {
        return (a.n > b.n) - (a.n < b.n);
    }
    unsigned char x = (unsigned char)a.p[at];
    unsigned char y = (unsigned char)b.p[at];
    /* Surrogates, written as four bytes, come before U+E000 … U+FFFF. */
    if (x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0)) {
        return x >= 0xf0 ? -1 : 1;
    }
    return x < y ? -1 : 1;
}

weir_sv weir_text_trim(weir_sv s)
{
    while (s.n && (unsigned char)s.p[0] <= ' ') {
        s.p++;
        s.n--;
    }
    while (s.n && (unsigned char)s.p[s.n - 1] <= ' ') {
        s.n--;
    }
    return s;
}
