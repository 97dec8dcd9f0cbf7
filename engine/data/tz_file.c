/* TZif (RFC 8536): a header and a block of 32-bit data, which is skipped, then the same with 64 bits
 * and a line of text with the rule for the future. Every count is checked against the file's size. */
#include <stdio.h>

#include "engine/base/buf.h"
#include "engine/data/datetime.h"
#include "engine/data/tz_rules.h"

#define FILE_BYTES_MAX 65536
#define TRANSITIONS_MAX 4096
#define OFFSET_MAX (18 * 3600)

static const char folder[] = "/usr/share/zoneinfo/";

typedef struct tzif_header {
    uint8_t version;
    uint32_t n_ut, n_std, n_leap, n_times, n_types, n_chars;
} tzif_header;

static bool read_header(weir_reader *in, tzif_header *h)
{
    weir_sv magic = weir_read_bytes(in, 4);
    h->version = weir_read_u8(in);
    weir_read_bytes(in, 15);
    h->n_ut = weir_read_be32(in);
    h->n_std = weir_read_be32(in);
    h->n_leap = weir_read_be32(in);
    h->n_times = weir_read_be32(in);
    h->n_types = weir_read_be32(in);
    h->n_chars = weir_read_be32(in);
    return !in->bad && weir_sv_eq(magic, WEIR_SV("TZif")) && h->n_times <= TRANSITIONS_MAX &&
           h->n_types >= 1 && h->n_types <= 256 && h->n_chars <= 4096 && h->n_leap <= 4096 &&
           h->n_ut <= 256 && h->n_std <= 256;
}

/* -- the rule: `EST5EDT,M3.2.0,M11.1.0` ------------------------------------------------------- */

typedef struct rule_text {
    const char *p, *end;
    bool ok;
} rule_text;

static bool accept(rule_text *t, char c)
{
    if (t->p < t->end && *t->p == c) {
        t->p++;
        return true;
    }
    return false;
}

static int32_t digits(rule_text *t)
{
    const char *start = t->p;
    int32_t v = 0;
    while (t->p < t->end && *t->p >= '0' && *t->p <= '9' && v < 10000) {
        v = v * 10 + (*t->p++ - '0');
    }
    t->ok &= t->p > start;
    return v;
}

static int32_t hms(rule_text *t)
{
    bool negative = accept(t, '-');
    if (!negative) {
        accept(t, '+');
    }
    int32_t s = digits(t) * 3600;
    if (accept(t, ':')) {
        s += digits(t) * 60;
        if (accept(t, ':')) {
            s += digits(t);
        }
    }
    return negative ? -s : s;
}

static void skip_name(rule_text *t)
{
    const char *start = t->p;
    if (accept(t, '<')) {
        while (t->p < t->end && *t->p != '>') {
            t->p++;
        }
        t->ok &= accept(t, '>');
        return;
    }
    while (t->p < t->end && ((*t->p | 32) >= 'a' && (*t->p | 32) <= 'z')) {
        t->p++;
    }
    t->ok &= t->p > start;
}

static weir__tz_change change(rule_text *t)
{
    weir__tz_change c = {.time_s = 7200};
    t->ok &= accept(t, ',');
    if (accept(t, 'M')) {
        c.form = WEIR__TZ_MONTH_WEEK_DAY;
        c.month = digits(t);
        t->ok &= accept(t, '.');
        c.week = digits(t);
        t->ok &= accept(t, '.');
        c.day = digits(t);
        t->ok &= c.month >= 1 && c.month <= 12 && c.week >= 1 && c.week <= 5 && c.day <= 6;
    } else {
        c.form = accept(t, 'J') ? WEIR__TZ_JULIAN : WEIR__TZ_DAY;
        c.day = digits(t);
        t->ok &= c.day <= 365;
    }
    if (accept(t, '/')) {
        c.time_s = hms(t);
    }
    return c;
}

static bool parse_rule(weir_sv text, weir_tz *z)
{
    rule_text t = {text.p, text.p + text.n, true};
    skip_name(&t);
    z->standard_s = -hms(&t);
    if (t.p == t.end) {
        return t.ok; /* no daylight saving: the last transition says all */
    }
    skip_name(&t);
    z->daylight_s = z->standard_s + 3600;
    if (t.p < t.end && *t.p != ',') {
        z->daylight_s = -hms(&t);
    }
    z->to_daylight = change(&t);
    z->to_standard = change(&t);
    z->has_rule = t.ok && t.p == t.end;
    return z->has_rule;
}

/* Local seconds of a change in a year, without offset. */
static int64_t change_local(const weir__tz_change *c, int64_t year)
{
    int64_t day;
    if (c->form == WEIR__TZ_MONTH_WEEK_DAY) {
        int64_t first = weir_days_from_civil(year, c->month, 1);
        int64_t weekday = weir_floor_mod(first + 4, 7); /* 1970-01-01 was a Thursday; 0 is Sunday */
        day = first + weir_floor_mod(c->day - weekday, 7) + (c->week - 1) * 7;
        if (day >= first + weir_month_days(year, c->month)) {
            day -= 7; /* week 5 means the last */
        }
    } else {
        bool leap_counts = c->form == WEIR__TZ_DAY || (weir_leap_year(year) && c->day >= 60);
        day = weir_days_from_civil(year, 1, 1) + c->day - (c->form == WEIR__TZ_JULIAN);
        day += c->form == WEIR__TZ_JULIAN && leap_counts;
    }
    return day * 86400 + c->time_s;
}

int32_t weir__tz_rule_offset(const weir_tz *z, int64_t epoch_s)
{
    weir_civil civil = weir_civil_from_days(weir_floor_div(epoch_s + z->standard_s, 86400));
    int64_t start = change_local(&z->to_daylight, civil.year) - z->standard_s;
    int64_t end = change_local(&z->to_standard, civil.year) - z->daylight_s;
    bool daylight = start < end ? epoch_s >= start && epoch_s < end
                                : epoch_s >= start || epoch_s < end;
    return daylight ? z->daylight_s : z->standard_s;
}

/* -- the file --------------------------------------------------------------------------------- */

static void fill(weir_arena *a, weir_tz *z, const tzif_header *h, weir_reader *in)
{
    int64_t *at = WEIR_NEW_N(a, int64_t, h->n_times);
    int32_t *offset_s = WEIR_NEW_N(a, int32_t, h->n_times + 1);
    bool *dst = WEIR_NEW_N(a, bool, h->n_times + 1);
    for (uint32_t i = 0; i < h->n_times; i++) {
        at[i] = (int64_t)weir_read_be64(in);
        in->bad |= i > 0 && at[i] <= at[i - 1];
    }
    weir_sv types = weir_read_bytes(in, h->n_times);
    weir_sv kinds = weir_read_bytes(in, (size_t)h->n_types * 6);
    if (in->bad) {
        return;
    }
    for (uint32_t i = 0; i <= h->n_times; i++) {
        uint32_t type = i ? (uint8_t)types.p[i - 1] : 0; /* the first type holds before all */
        if (type >= h->n_types) {
            in->bad = true;
            return;
        }
        weir_reader kind = weir_reader_of(weir_sv_of(kinds.p + type * 6, 6));
        offset_s[i] = (int32_t)weir_read_be32(&kind);
        dst[i] = weir_read_u8(&kind) != 0;
        in->bad |= offset_s[i] < -OFFSET_MAX || offset_s[i] > OFFSET_MAX;
    }
    z->n = h->n_times;
    z->at = at;
    z->offset_s = offset_s;
    z->dst = dst;
}

static bool parse_file(weir_arena *a, weir_sv bytes, weir_tz *z)
{
    weir_reader in = weir_reader_of(bytes);
    tzif_header h;
    if (!read_header(&in, &h) || h.version < '2') {
        return false;
    }
    weir_read_bytes(&in, (size_t)h.n_times * 5 + (size_t)h.n_types * 6 + h.n_chars +
                             (size_t)h.n_leap * 8 + h.n_std + h.n_ut);
    if (!read_header(&in, &h)) {
        return false;
    }
    fill(a, z, &h, &in);
    weir_read_bytes(&in, h.n_chars + (size_t)h.n_leap * 12 + h.n_std + h.n_ut);
    if (in.bad || weir_read_u8(&in) != '\n') {
        return false;
    }
    const char *end = memchr(in.p, '\n', (size_t)(in.end - in.p));
    if (!end) {
        return false;
    }
    weir_sv rule = weir_sv_of(in.p, (size_t)(end - in.p));
    return rule.n == 0 || parse_rule(rule, z);
}

weir_rc weir__tz_read(weir_arena *a, const char *id, weir_tz *z, weir_status *st)
{
    char path[sizeof folder + WEIR_TZ_ID_MAX];
    snprintf(path, sizeof path, "%s%s", folder, id);
    FILE *file = fopen(path, "rb");
    if (!file) {
        return weir_fail(st, WEIR_ENOTFOUND, "Unknown time-zone ID: %s", id);
    }
    char *bytes = weir_alloc(FILE_BYTES_MAX);
    size_t n = fread(bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    bool zone = n >= 4 && memcmp(bytes, "TZif", 4) == 0; /* not a folder or a table of zones */
    bool ok = zone && parse_file(a, weir_sv_of(bytes, n), z);
    weir_free(bytes);
    if (!zone) {
        return weir_fail(st, WEIR_ENOTFOUND, "Unknown time-zone ID: %s", id);
    }
    return ok ? WEIR_OK : weir_fail(st, WEIR_ECORRUPT, "%s is not a time zone file", path);
}
