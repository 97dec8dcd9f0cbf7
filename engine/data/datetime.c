/* The calendar in constant time (days are counted from a March, so that the leap day comes last), and
 * the fixed ISO forms of ksqlDB's casts. */
#include "engine/data/datetime.h"

#include "engine/data/number.h"

int64_t weir_days_from_civil(int64_t year, int32_t month, int32_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = weir_floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

weir_civil weir_civil_from_days(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = weir_floor_div(z, 146097);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t mp = (5 * day_of_year + 2) / 153;
    weir_civil c = {.year = year_of_era + era * 400,
                    .month = (int32_t)(mp < 10 ? mp + 3 : mp - 9),
                    .day = (int32_t)(day_of_year - (153 * mp + 2) / 5 + 1)};
    c.year += c.month <= 2;
    return c;
}

bool weir_leap_year(int64_t year)
{
    return (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t weir_month_days(int64_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    WEIR_ASSERT(month >= 1 && month <= 12);
    return month == 2 && weir_leap_year(year) ? 29 : days[month - 1];
}

weir_datetime weir_datetime_of_date(int32_t days)
{
    return (weir_datetime){.has_date = true, .day = days};
}

weir_datetime weir_datetime_of_time(int32_t ms_of_day)
{
    return (weir_datetime){.has_time = true, .nano_of_day = (int64_t)ms_of_day * 1000000};
}

weir_datetime weir_datetime_of_timestamp(int64_t ms, const weir_tz *zone)
{
    weir_datetime t = {.has_date = true, .has_time = true, .zone = zone};
    t.epoch_s = weir_floor_div(ms, 1000);
    t.offset_s = weir_tz_offset(zone, t.epoch_s);
    int64_t local_s = t.epoch_s + t.offset_s;
    t.day = weir_floor_div(local_s, 86400);
    t.nano_of_day = weir_floor_mod(local_s, 86400) * 1000000000 + weir_floor_mod(ms, 1000) * 1000000;
    return t;
}

/* -- reading -------------------------------------------------------------------------------- */

typedef struct iso_text {
    const char *p, *end;
    bool ok;
} iso_text;

static void iso_char(iso_text *t, char c)
{
    t->ok = t->ok && t->p < t->end && *t->p == c;
    t->p += t->ok;
}

/* Exactly n digits. */
static int32_t iso_digits(iso_text *t, uint32_t n)
{
    int32_t v = 0;
    t->ok = t->ok && (size_t)(t->end - t->p) >= n;
    for (uint32_t i = 0; t->ok && i < n; i++) {
        uint32_t digit = (uint32_t)(unsigned char)*t->p++ - '0';
        t->ok = digit <= 9;
        v = v * 10 + (int32_t)digit;
    }
    return t->ok ? v : 0;
}

/* Four digits; more need a plus sign in front, a minus takes at least four. */
static int64_t iso_year(iso_text *t)
{
    bool plus = t->p < t->end && *t->p == '+';
    bool minus = t->p < t->end && *t->p == '-';
    if (!plus && !minus) {
        return iso_digits(t, 4);
    }
    t->p++;
    int64_t year = 0;
    int32_t n = 0;
    while (t->p < t->end && *t->p >= '0' && *t->p <= '9' && n < 10) {
        year = year * 10 + (*t->p++ - '0');
        n++;
    }
    t->ok = t->ok && n >= (plus ? 5 : 4) && year <= 999999999 && (plus || year > 0);
    return minus ? -year : year;
}

static weir_civil iso_date(iso_text *t)
{
    weir_civil c;
    c.year = iso_year(t);
    iso_char(t, '-');
    c.month = iso_digits(t, 2);
    iso_char(t, '-');
    c.day = iso_digits(t, 2);
    t->ok = t->ok && c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31;
    return c;
}

/* Parts between `-`, trailing empty ones not counted, as String.split has them. */
static uint32_t date_parts(weir_sv s)
{
    while (s.n && s.p[s.n - 1] == '-') {
        s.n--;
    }
    uint32_t n = 1;
    for (uint32_t i = 0; i < s.n; i++) {
        n += s.p[i] == '-';
    }
    return n;
}

/* `2020` and `2020-05` are completed by `-01`s; false when the text cannot be a date. */
static bool complete_date(weir_sv s, char buffer[40], weir_sv *out)
{
    static const char missing[] = "-01-01";
    uint32_t parts = date_parts(s);
    if (s.n == 0 || s.n > 30) {
        return false;
    }
    uint32_t n_missing = parts == 1 ? 6 : (parts == 2 ? 3 : 0);
    memcpy(buffer, s.p, s.n);
    memcpy(buffer + s.n, missing, n_missing);
    *out = weir_sv_of(buffer, s.n + n_missing);
    return true;
}

weir_rc weir_date_parse(weir_sv s, int32_t *days, weir_status *st)
{
    char buffer[40];
    weir_sv full;
    if (s.n && complete_date(s, buffer, &full)) {
        iso_text t = {full.p, full.p + full.n, true};
        weir_civil c = iso_date(&t);
        if (t.ok && t.p == t.end && c.day <= weir_month_days(c.year, c.month)) {
            int64_t day = weir_days_from_civil(c.year, c.month, c.day);
            if (day >= INT32_MIN && day <= INT32_MAX) {
                *days = (int32_t)day;
                return WEIR_OK;
            }
        }
    }
    return weir_fail(st, WEIR_EDATA,
                     "Failed to parse date '" WEIR_SV_FMT "'\nRequired format is: \"yyyy-MM-dd\", "
                     "for example '2020-05-26'. Partials are also supported, for example '2020-05'",
                     WEIR_SV_ARG(s));
}

weir_rc weir_time_parse(weir_sv s, int32_t *ms_of_day, weir_status *st)
{
    iso_text t = {s.p, s.p + s.n, true};
    int32_t h = iso_digits(&t, 2);
    iso_char(&t, ':');
    int32_t m = iso_digits(&t, 2);
    int32_t sec = 0;
    int32_t ms = 0;
    if (t.ok && t.p < t.end) {
        iso_char(&t, ':');
        sec = iso_digits(&t, 2);
        if (t.ok && t.p < t.end) {
            iso_char(&t, '.');
            t.ok = t.ok && t.end - t.p <= 9;
            for (int32_t unit = 100; t.ok && t.p < t.end; unit /= 10) {
                ms += iso_digits(&t, 1) * unit;
            }
        }
    }
    if (!t.ok || h > 23 || m > 59 || sec > 59) {
        return weir_fail(st, WEIR_EDATA,
                         "Failed to parse time '" WEIR_SV_FMT
                         "'\nRequired format is: \"HH:mm:ss.SSS\", for example: '01:34:20.123' or "
                         "'01:34:20'. Partials are also supported, for example '01:34'",
                         WEIR_SV_ARG(s));
    }
    *ms_of_day = ((h * 60 + m) * 60 + sec) * 1000 + ms;
    return WEIR_OK;
}

/* `HH:mm:ss.SSS`, what is missing at the end being zeros; 24:00 is the next day's midnight. */
static bool partial_time(weir_sv s, int64_t *ms)
{
    static const char zeros[] = "00:00:00.000";
    char buffer[sizeof zeros];
    if (s.n > sizeof zeros - 1) {
        return false;
    }
    memcpy(buffer, zeros, sizeof zeros);
    if (s.n) {
        memcpy(buffer, s.p, s.n);
    }
    iso_text t = {buffer, buffer + sizeof zeros - 1, true};
    int32_t h = iso_digits(&t, 2);
    iso_char(&t, ':');
    int32_t m = iso_digits(&t, 2);
    iso_char(&t, ':');
    int32_t sec = iso_digits(&t, 2);
    iso_char(&t, '.');
    int32_t milli = iso_digits(&t, 3);
    *ms = ((h * 60 + m) * 60 + sec) * INT64_C(1000) + milli;
    return t.ok && m <= 59 && sec <= 59 && (h <= 23 || *ms == WEIR_MS_PER_DAY);
}

static bool timestamp_parts(weir_sv s, weir_sv *date, weir_sv *time, int32_t *offset_s)
{
    const char *t = s.n ? memchr(s.p, 'T', s.n) : NULL;
    *offset_s = 0;
    if (!t) {
        *date = s;
        *time = (weir_sv){0};
        return true;
    }
    *date = weir_sv_of(s.p, (size_t)(t - s.p));
    *time = weir_sv_of(t + 1, s.n - date->n - 1);
    int64_t zone = weir_sv_find(*time, WEIR_SV("+"), 0);
    zone = zone >= 0 ? zone : weir_sv_find(*time, WEIR_SV("-"), 0);
    bool ok = true;
    if (zone >= 0) {
        weir_sv id = weir_sv_of(time->p + zone, time->n - (size_t)zone);
        ok = weir_tz_parse_offset(id, offset_s);
        time->n = (uint32_t)zone;
    }
    if (time->n && time->p[time->n - 1] == 'Z') {
        time->n--;
    }
    return ok;
}

weir_rc weir_timestamp_parse(weir_sv s, int64_t *ms, weir_status *st)
{
    char buffer[40];
    weir_sv date;
    weir_sv time;
    int32_t offset_s;
    int64_t time_ms;
    bool ok = timestamp_parts(s, &date, &time, &offset_s) && partial_time(time, &time_ms);
    /* Only a text without time has its date completed. */
    ok = ok && (date.n != s.n || complete_date(s, buffer, &date));
    if (ok) {
        iso_text t = {date.p, date.p + date.n, true};
        weir_civil c = iso_date(&t);
        if (t.ok && t.p == t.end && c.year >= 1 && c.year <= 200000000) {
            int32_t last = weir_month_days(c.year, c.month);
            int64_t day = weir_days_from_civil(c.year, c.month, c.day < last ? c.day : last);
            *ms = day * WEIR_MS_PER_DAY + time_ms - (int64_t)offset_s * 1000;
            return WEIR_OK;
        }
    }
    return weir_fail(st, WEIR_EDATA,
                     "Failed to parse timestamp '" WEIR_SV_FMT
                     "'\nRequired format is: \"yyyy-MM-dd'T'HH:mm:ss.SSS\", with an optional "
                     "numeric 4-digit timezone, for example: '2020-05-26T23:59:58.000' or with tz: "
                     "'2020-05-26T23:59:58.000+0200'. A trailing 'Z' instead of tz indicates the "
                     "zero UTC offset. Partials are also supported, for example \"2020-05-26\"",
                     WEIR_SV_ARG(s));
}

/* -- writing -------------------------------------------------------------------------------- */

static char *put2(char *to, int32_t v)
{
    to[0] = (char)('0' + v / 10);
    to[1] = (char)('0' + v % 10);
    return to + 2;
}

static char *put_year(char *to, int64_t year)
{
    if (year < 0) {
        *to++ = '-';
        year = -year;
    } else if (year > 9999) {
        *to++ = '+';
    }
    if (year > 9999) {
        return to + weir_i64_text(to, year);
    }
    to = put2(to, (int32_t)(year / 100));
    return put2(to, (int32_t)(year % 100));
}

static char *put_date(char *to, int64_t days, bool of_era)
{
    weir_civil c = weir_civil_from_days(days);
    to = put_year(to, of_era && c.year <= 0 ? 1 - c.year : c.year);
    *to++ = '-';
    to = put2(to, c.month);
    *to++ = '-';
    return put2(to, c.day);
}

void weir_date_print(weir_buf *out, int32_t days)
{
    char text[48];
    weir_buf_add(out, text, (size_t)(put_date(text, days, false) - text));
}

void weir_time_print(weir_buf *out, int32_t ms_of_day)
{
    char text[16];
    int32_t s = (int32_t)(weir_floor_mod(ms_of_day, WEIR_MS_PER_DAY) / 1000);
    char *to = put2(text, s / 3600);
    *to++ = ':';
    to = put2(to, s / 60 % 60);
    if (s % 60) {
        *to++ = ':';
        to = put2(to, s % 60);
    }
    weir_buf_add(out, text, (size_t)(to - text));
}

void weir_timestamp_print(weir_buf *out, int64_t ms)
{
    char text[64];
    int32_t time = (int32_t)weir_floor_mod(ms, WEIR_MS_PER_DAY);
    char *to = put_date(text, weir_floor_div(ms, WEIR_MS_PER_DAY), true);
    *to++ = 'T';
    to = put2(to, time / 3600000);
    *to++ = ':';
    to = put2(to, time / 60000 % 60);
    *to++ = ':';
    to = put2(to, time / 1000 % 60);
    *to++ = '.';
    *to++ = (char)('0' + time / 100 % 10);
    to = put2(to, time % 100);
    weir_buf_add(out, text, (size_t)(to - text));
}
