/* Everything in engine/data that reads a little language of its own: date patterns, regular
 * expressions, LIKE, numbers.
 *
 *   byte 0: what   byte 1: length of the pattern   then pattern, then text */
#include <stdlib.h>

#include "engine/data/datetime.h"
#include "engine/data/decimal.h"
#include "engine/data/regex.h"
#include "engine/data/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static weir_arena arena;
static weir_tz_cache *zones;

static void date_pattern(weir_sv pattern, weir_sv text)
{
    weir_dtf *f = NULL;
    int32_t days;
    int64_t ms;
    weir_date_parse_lenient(pattern, text, &days, NULL);
    if (weir_dtf_compile(&arena, pattern, WEIR_LOCALE_EN, &f, NULL) != WEIR_OK) {
        return;
    }
    weir_dtf_parse_date(f, text, &days, NULL);
    weir_dtf_parse_time(f, text, &days, NULL);
    weir_dtf_parse_timestamp(f, text, &weir_tz_utc, zones, &ms, NULL);
    weir_buf b = {0};
    ms = (int64_t)weir_utf16_len(text) * 12345678901;
    weir_datetime t = weir_datetime_of_timestamp(ms, &weir_tz_utc);
    if (weir_dtf_format(f, &t, &b, NULL) == WEIR_OK) {
        weir_dtf_parse_timestamp(f, weir_buf_view(&b), &weir_tz_utc, zones, &ms, NULL);
    }
    weir_buf_deinit(&b);
}

static void regex(weir_sv pattern, weir_sv text)
{
    weir_regex *r = NULL;
    bool found;
    if (!weir_utf8_valid(text) || weir_regex_new(pattern, &r, NULL) != WEIR_OK) {
        return;
    }
    weir_buf b;
    weir_buf_init(&b, 100000);
    if (weir_regex_matches(r, text, &found, NULL) != WEIR_ELIMIT) { /* those take long */
        weir_regex_replace_all(r, text, WEIR_SV("<$0>"), &b, NULL);
    }
    weir_buf_deinit(&b);
    weir_regex_free(r);
}

static void like(weir_sv pattern, weir_sv text)
{
    weir_like *l = NULL;
    if (weir_utf8_valid(pattern) && weir_utf8_valid(text) &&
        weir_like_compile(&arena, pattern, '\\', &l, NULL) == WEIR_OK) {
        weir_like_match(l, text);
    }
}

static void strings(weir_sv a, weir_sv b)
{
    a = weir_utf8_repair(&arena, a);
    b = weir_utf8_repair(&arena, b);
    if (!weir_utf8_valid(a) || weir_utf16_cmp(a, b) != -weir_utf16_cmp(b, a)) {
        abort();
    }
    weir_text_upper(&arena, a);
    weir_text_lower(&arena, a);
    weir_text_initcap(&arena, b);
    uint32_t n = weir_utf16_len(b);
    uint32_t cut = n ? a.n % n : 0;
    if (!weir_utf8_valid(weir_utf16_sub(&arena, b, cut / 2, cut))) {
        abort();
    }
    weir_buf out = {0};
    weir_base64_decode(&out, a);
    weir_hex_decode(&out, b);
    weir_buf_deinit(&out);
}

static void numbers(weir_sv type, weir_sv text)
{
    double d;
    int64_t i;
    weir_dec v;
    const weir_tz *z;
    int32_t p = type.n ? 1 + (uint8_t)type.p[0] : 38;
    weir_dec_type t = {p, type.n > 1 ? (uint8_t)type.p[1] % (p + 1) : 0};
    weir_double_parse(text, &d);
    weir_i64_parse(text, &i);
    weir_timestamp_parse(text, &i, NULL);
    weir_tz_load(&arena, text, &z, NULL);
    if (weir_dec_parse(&arena, text, t, WEIR_ROUND_HALF_UP, &v) == WEIR_DEC_OK) {
        weir_buf b = {0};
        weir_dec back;
        weir_dec_print(&b, v, t);
        weir_dec_fault f = weir_dec_parse(&arena, weir_buf_view(&b), t, WEIR_ROUND_EXACT, &back);
        if (weir_dec_fits(v, t) && (f != WEIR_DEC_OK || !weir_dec_eq(v, back, t))) {
            abort();
        }
        weir_buf_deinit(&b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4096 || data[1] > size - 2) {
        return 0;
    }
    weir_sv pattern = weir_sv_of((const char *)data + 2, data[1]);
    weir_sv text = weir_sv_of((const char *)data + 2 + data[1], size - 2 - data[1]);
    static void (*const targets[])(weir_sv, weir_sv) = {date_pattern, regex, like, strings,
                                                        numbers};
    weir_arena_init(&arena);
    zones = weir_tz_cache_new();
    targets[data[0] % WEIR_COUNT(targets)](pattern, text);
    weir_tz_cache_free(zones);
    weir_arena_deinit(&arena);
    return 0;
}
