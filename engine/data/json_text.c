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

/* Copies up to the first byte that must be escaped; `to` has room for all of s. Words overlap, so
 * that the last one needs no tail. */
static uint32_t copy_clean(char *to, weir_sv s)
{
    uint32_t at = 0;
    while (s.n - at > 8) {
        uint64_t w;
        memcpy(&w, s.p + at, sizeof w);
        memcpy(to + at, &w, sizeof w);
        uint64_t found = escapes(w);
        if (WEIR_UNLIKELY(found)) {
            return at + (uint32_t)__builtin_ctzll(found) / 8;
        }
        at += 8;
    }
    if (s.n >= 8) {
        uint64_t w;
        memcpy(&w, s.p + s.n - 8, sizeof w);
        memcpy(to + s.n - 8, &w, sizeof w);
        if (WEIR_LIKELY(!escapes(w))) {
            return s.n;
        }
    }
    for (; at < s.n && !must_escape(s.p[at]); at++) {
        to[at] = s.p[at];
    }
    return at;
}

void weir_json_string(weir_buf *out, weir_sv s)
{
    char *to = weir_buf_reserve(out, (size_t)s.n + 2);
    if (!to) {
        return;
    }
    uint32_t end = copy_clean(to + 1, s);
    if (WEIR_LIKELY(end == s.n)) {
        to[0] = '"';
        to[s.n + 1] = '"';
        out->n += (size_t)s.n + 2;
        return;
    }
    weir_buf_byte(out, '"');
    uint32_t at = 0;
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
