/* Most strings need no escape at all: eight bytes are looked at in one step, and what is clean is
 * copied in one piece. */
#include "engine/data/json_text.h"

#include "engine/data/number.h"

#define EVERY_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest byte of a word comes first");

/* High bit of each byte that must be escaped. Bytes above a flagged one may be flagged wrongly
 * (borrows run upwards), the lowest flag is always right. */
static uint64_t escapes(uint64_t w)
{
    uint64_t quote = w ^ EVERY_BYTE('"');
    uint64_t backslash = w ^ EVERY_BYTE('\\');
    uint64_t found = ((w - EVERY_BYTE(0x20)) & ~w) | ((quote - EVERY_BYTE(1)) & ~quote) |
                     ((backslash - EVERY_BYTE(1)) & ~backslash);
    return found & EVERY_BYTE(0x80);
}

static bool must_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

/* Index of the first byte at or after `at` that must be escaped, or n. */
static uint32_t clean_until(weir_sv s, uint32_t at)
{
    while (at < s.n) {
        if (s.n < 8) {
            if (must_escape(s.p[at])) {
                return at;
            }
            at++;
            continue;
        }
        /* The last word overlaps the one before. Bytes before `at` are shifted out; the zeros that
         * come in above count as escapes just behind the end. */
        uint32_t from = s.n - at >= 8 ? at : s.n - 8;
        uint64_t w;
        memcpy(&w, s.p + from, sizeof w);
        uint64_t found = escapes(w >> ((at - from) * 8));
        if (found) {
            return at + (uint32_t)__builtin_ctzll(found) / 8;
        }
        at = from + 8;
    }
    return s.n;
}

static void write_escape(weir_buf *out, char c)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char shorts[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };
    if (c == '"' || c == '\\') {
        weir_buf_add(out, (char[]){'\\', c}, 2);
    } else if (shorts[(int)c]) {
        weir_buf_add(out, (char[]){'\\', shorts[(int)c]}, 2);
    } else {
        weir_buf_add(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
    }
}

typedef uint8_t block __attribute__((vector_size(16)));

/* Whether one of sixteen bytes must be escaped. */
static bool any_escape(block b)
{
    block found = (block)(b < 0x20) | (block)(b == '"') | (block)(b == '\\');
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* Copies s; false when something in it must be escaped. Pieces overlap, so that the last one needs
 * no tail. */
static bool copy_clean(char *to, weir_sv s)
{
    if (s.n >= 16) {
        block b;
        memcpy(&b, s.p + s.n - 16, 16);
        memcpy(to + s.n - 16, &b, 16);
        bool found = any_escape(b);
        for (uint32_t at = 0; s.n - at > 16 && !found; at += 16) {
            memcpy(&b, s.p + at, 16);
            memcpy(to + at, &b, 16);
            found = any_escape(b);
        }
        return !found;
    }
    if (s.n >= 8) {
        uint64_t w[2];
        memcpy(&w[0], s.p, 8);
        memcpy(&w[1], s.p + s.n - 8, 8);
        memcpy(to, &w[0], 8);
        memcpy(to + s.n - 8, &w[1], 8);
        block b;
        memcpy(&b, w, 16);
        return !any_escape(b);
    }
    bool clean = true;
    for (uint32_t at = 0; at < s.n; at++) {
        to[at] = s.p[at];
        clean &= !must_escape(s.p[at]);
    }
    return clean;
}

char *weir_json_string_put(char *to, weir_sv s)
{
    if (WEIR_UNLIKELY(!copy_clean(to + 1, s))) {
        return NULL;
    }
    to[0] = '"';
    to[s.n + 1] = '"';
    return to + s.n + 2;
}

void weir_json_string(weir_buf *out, weir_sv s)
{
    char *to = weir_buf_reserve(out, (size_t)s.n + 2);
    if (!to) {
        return;
    }
    if (WEIR_LIKELY(weir_json_string_put(to, s) != NULL)) {
        out->n += (size_t)s.n + 2;
        return;
    }
    weir_buf_byte(out, '"');
    uint32_t at = 0;
    uint32_t end = clean_until(s, 0);
    while (end < s.n && !out->over) {
        weir_buf_add(out, s.p + at, end - at);
        write_escape(out, s.p[end]);
        at = end + 1;
        end = clean_until(s, at);
    }
    weir_buf_add(out, s.p + at, s.n - at);
    weir_buf_byte(out, '"');
}

void weir_json_double(weir_buf *out, double d)
{
    bool finite = d - d == 0.0;
    if (!finite) {
        weir_buf_byte(out, '"');
    }
    weir_buf_double(out, d);
    if (!finite) {
        weir_buf_byte(out, '"');
    }
}
