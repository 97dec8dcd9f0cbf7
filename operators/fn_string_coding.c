/* Texts and bytes in other clothes: ENCODE, FROM_BYTES, TO_BYTES, UUID. ENCODE is Apache's codec,
 * lenient with base64; TO_BYTES is the JDK's, strict. */
#include "operators/fn_text.h"

#include <stdatomic.h>

#include "engine/base/hash.h"
#include "engine/base/limits.h"
#include "engine/base/rng.h"

typedef enum encoding { HEX, UTF8, ASCII, BASE64, ENCODINGS } encoding;
static const char *const encoding_names[ENCODINGS] = {"hex", "utf8", "ascii", "base64"};

/* ---- ASCII as a charset of Java ---- */

/* Bytes that are no ASCII become U+FFFD. */
static void ascii_decode(weir_buf *out, weir_sv bytes)
{
    for (uint32_t i = 0; i < bytes.n; i++) {
        if ((unsigned char)bytes.p[i] < 0x80) {
            weir_buf_byte(out, bytes.p[i]);
        } else {
            weir_buf_str(out, "\xef\xbf\xbd");
        }
    }
}

/* Characters that are no ASCII become `?`. */
static weir_sv ascii_encode(weir_arena *a, weir_sv s)
{
    if (weir_is_ascii(s)) {
        return s;
    }
    char *p = weir_arena_bytes_alloc(a, s.n);
    uint32_t n = 0;
    for (uint32_t at = 0; at < s.n;) {
        uint32_t c = weir_utf8_next(s, &at);
        p[n++] = c < 0x80 ? (char)c : '?';
    }
    return weir_sv_of(p, n);
}

static void write_as(weir_call *c, weir_buf *out, weir_sv bytes, encoding to, bool upper)
{
    switch (to) {
    case HEX:
        weir_hex_encode(out, bytes, upper);
        break;
    case UTF8:
        weir_buf_sv(out, weir_utf8_repair(c->arena, bytes));
        break;
    case ASCII:
        ascii_decode(out, bytes);
        break;
    case BASE64:
        weir_base64_encode(out, bytes);
        break;
    case ENCODINGS:
        WEIR_UNREACHABLE();
    }
}

/* ---- ENCODE ---- */

static const char *hex_fault(weir_arena *a, weir_sv s)
{
    if (weir_utf16_len(s) % 2) {
        return "Odd number of characters.";
    }
    for (uint32_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool hex = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
        if (!hex) {
            uint32_t at = i;
            weir_utf8_next(s, &at);
            weir_sv message = weir_arena_printf(a, "Illegal hexadecimal character %.*s at index %u",
                                                (int)(at - i), s.p + i, weir_byte_to_utf16(s, i));
            return message.p;
        }
    }
    return NULL;
}

/* `0xAB79` and `X'AB79'` are AB79; after 0x a digit may be missing. */
static weir_sv hex_strip(weir_arena *a, weir_sv s)
{
    if (weir_sv_starts(s, WEIR_SV("0x"))) {
        weir_sv digits = weir_sv_of(s.p + 2, s.n - 2);
        return digits.n % 2 ? weir_arena_printf(a, "0" WEIR_SV_FMT, WEIR_SV_ARG(digits)) : digits;
    }
    if (s.n >= 3 && (s.p[0] | 0x20) == 'x' && s.p[1] == '\'' && s.p[s.n - 1] == '\'') {
        return weir_sv_of(s.p + 2, s.n - 3);
    }
    return s;
}

/* Both alphabets, anything else is skipped, up to the first `=`. */
static void base64_lenient(weir_buf *out, weir_sv s)
{
    uint32_t bits = 0;
    uint32_t have = 0;
    for (uint32_t i = 0; i < s.n && s.p[i] != '='; i++) {
        static const char digits[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        char c = s.p[i] == '-' ? '+' : (s.p[i] == '_' ? '/' : s.p[i]);
        const char *digit = c ? strchr(digits, c) : NULL;
        if (!digit) {
            continue;
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        if (++have == 4) {
            char three[] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
            weir_buf_add(out, three, sizeof three);
            bits = 0;
            have = 0;
        }
    }
    if (have == 2) {
        weir_buf_byte(out, (char)(bits >> 4));
    } else if (have == 3) {
        weir_buf_byte(out, (char)(bits >> 10));
        weir_buf_byte(out, (char)(bits >> 2));
    }
}

/* ENCODE looks the two names up as one word, whatever part of it came from which. */
static bool find_pair(weir_call *c, weir_sv in, weir_sv out, encoding *from, encoding *to)
{
    weir_sv both = weir_text_lower(c->arena, weir_arena_printf(c->arena, WEIR_SV_FMT WEIR_SV_FMT,
                                                               WEIR_SV_ARG(in), WEIR_SV_ARG(out)));
    for (uint32_t i = 0; i < ENCODINGS; i++) {
        weir_sv first = weir_sv_cstr(encoding_names[i]);
        if (!weir_sv_starts(both, first)) {
            continue;
        }
        weir_sv second = weir_sv_of(both.p + first.n, both.n - first.n);
        for (uint32_t k = 0; k < ENCODINGS; k++) {
            if (k != i && weir_sv_eq(second, weir_sv_cstr(encoding_names[k]))) {
                *from = (encoding)i;
                *to = (encoding)k;
                return true;
            }
        }
    }
    return false;
}

static weir_value encode(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    encoding from;
    encoding to;
    bool short_names = args[1].sv.n + (uint64_t)args[2].sv.n < 32;
    if (!short_names || !find_pair(c, args[1].sv, args[2].sv, &from, &to)) {
        return weir_row_error(c, "Supported input and output encodings are: "
                                 "hex, utf8, ascii and base64");
    }
    weir_buf bytes;
    weir_buf_init(&bytes, WEIR_STRING_BYTES_MAX);
    if (from == HEX) {
        weir_sv digits = hex_strip(c->arena, args[0].sv);
        const char *fault = hex_fault(c->arena, digits);
        if (fault) {
            weir_buf_deinit(&bytes);
            return weir_row_error(c, "%s", fault);
        }
        weir_hex_decode(&bytes, digits);
    } else if (from == BASE64) {
        base64_lenient(&bytes, args[0].sv);
    } else {
        weir_buf_sv(&bytes, from == ASCII ? ascii_encode(c->arena, args[0].sv) : args[0].sv);
    }
    weir_buf out;
    weir_buf_init(&out, WEIR_STRING_BYTES_MAX);
    write_as(c, &out, weir_buf_view(&bytes), to, false);
    weir_buf_deinit(&bytes);
    return weir__taken(c, &out);
}

/* ---- FROM_BYTES, TO_BYTES ---- */

static bool find_encoding(weir_call *c, weir_sv name, encoding *out)
{
    for (uint32_t i = 0; i < ENCODINGS; i++) {
        if (weir_text_ieq(name, weir_sv_cstr(encoding_names[i]))) {
            *out = (encoding)i;
            return true;
        }
    }
    weir_row_error(c, "Unknown encoding type '" WEIR_SV_FMT "'. Supported formats are 'hex', "
                   "'utf8', 'ascii', and 'base64'.", WEIR_SV_ARG(weir__shown(name)));
    return false;
}

static weir_value from_bytes(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    encoding to;
    if (!find_encoding(c, args[1].sv, &to)) {
        return weir__none(c);
    }
    weir_buf out;
    weir_buf_init(&out, WEIR_STRING_BYTES_MAX);
    write_as(c, &out, args[0].sv, to, true);
    return weir__taken(c, &out);
}

static weir_value to_bytes(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    encoding from;
    if (!find_encoding(c, args[1].sv, &from)) {
        return weir__none(c);
    }
    weir_sv s = args[0].sv;
    if (from == UTF8 || from == ASCII) {
        return weir__text(c, from == UTF8 ? s : ascii_encode(c->arena, s));
    }
    weir_buf out;
    weir_buf_init(&out, WEIR_STRING_BYTES_MAX);
    if (!(from == HEX ? weir_hex_decode(&out, s) : weir_base64_decode(&out, s))) {
        weir_buf_deinit(&out);
        return weir_row_error(c, "not valid %s: '" WEIR_SV_FMT "'", encoding_names[from],
                              WEIR_SV_ARG(weir__shown(s)));
    }
    return weir__taken(c, &out);
}

/* ---- UUID ---- */

static weir_value uuid_text(weir_call *c, const unsigned char bytes[16])
{
    static const char digits[] = "0123456789abcdef";
    char *p = weir_arena_bytes_alloc(c->arena, 36);
    uint32_t n = 0;
    for (uint32_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            p[n++] = '-';
        }
        p[n++] = digits[bytes[i] >> 4];
        p[n++] = digits[bytes[i] & 15];
    }
    WEIR_ASSERT(n == 36);
    return weir__text(c, weir_sv_of(p, n));
}

/* Each call site of each task has a generator of its own. Those that start within one millisecond
 * differ by their number, those of two processes by where they lie in memory. */
static void uuid_prepare(weir_call *c)
{
    static atomic_uint_fast64_t sites;
    weir_rng *rng = WEIR_NEW(c->plan_arena, weir_rng);
    const weir_settings *s = c->settings;
    uint64_t seed[] = {s && s->now_ms ? (uint64_t)s->now_ms(s->clock) : 0, (uintptr_t)rng,
                       atomic_fetch_add(&sites, 1)};
    weir_rng_seed(rng, weir_hash(seed, sizeof seed));
    c->prepared = rng;
}

static weir_value uuid_random(weir_call *c, WEIR_UNUSED const weir_value *args,
                              WEIR_UNUSED uint32_t n)
{
    unsigned char bytes[16];
    uint64_t words[] = {weir_rng_next(c->prepared), weir_rng_next(c->prepared)};
    memcpy(bytes, words, sizeof bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80); /* RFC 4122's variant */
    return uuid_text(c, bytes);
}

static weir_value uuid_of_bytes(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    return args[0].sv.n == 16 ? uuid_text(c, (const unsigned char *)args[0].sv.p) : weir__none(c);
}

/* ---- rows ---- */

static const weir_overload encode_rows[] = {
    {.sig = "STRING, STRING, STRING -> STRING", .row = encode},
};
static const weir_overload from_bytes_rows[] = {
    {.sig = "BYTES, STRING -> STRING", .row = from_bytes},
};
static const weir_overload to_bytes_rows[] = {
    {.sig = "STRING, STRING -> BYTES", .row = to_bytes},
};
static const weir_overload uuid_rows[] = {
    {.sig = "-> STRING", .row = uuid_random, .flags = WEIR_FN_IMPURE, .prepare = uuid_prepare},
    {.sig = "BYTES -> STRING", .row = uuid_of_bytes},
};

#define ROWS(rows) .overloads = (rows), .n_overloads = WEIR_COUNT(rows)

const weir_function weir_fn_string_coding[] = {
    {.name = "ENCODE", .category = WEIR_CAT_STRING,
     .doc = "Writes a string in another encoding: hex, utf8, ascii or base64.",
     .example = "ENCODE('abc', 'utf8', 'hex') → 616263", ROWS(encode_rows)},
    {.name = "FROM_BYTES", .category = WEIR_CAT_STRING,
     .doc = "Bytes as a string in an encoding: hex, utf8, ascii or base64.",
     .example = "FROM_BYTES(bytes, 'hex') → 616263", ROWS(from_bytes_rows)},
    {.name = "TO_BYTES", .category = WEIR_CAT_STRING,
     .doc = "The bytes that a string in an encoding stands for: hex, utf8, ascii or base64.",
     .example = "FROM_BYTES(TO_BYTES('616263', 'hex'), 'utf8') → abc", ROWS(to_bytes_rows)},
    {.name = "UUID", .category = WEIR_CAT_STRING,
     .doc = "A random UUID (version 4), or the one that 16 bytes stand for.",
     .example = "UUID() → 9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d", ROWS(uuid_rows)},
};
const uint32_t weir_fn_string_coding_n = WEIR_COUNT(weir_fn_string_coding);
