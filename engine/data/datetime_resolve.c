/* From fields to dates and times: java.time.format.Parsed with ResolverStyle.SMART, then what ksqlDB
 * makes of the result. Fields that have been used are taken out of `set`; what is left must agree with
 * the date and time found. */
#include "engine/data/datetime_ops.h"

typedef struct resolver {
    weir_datetime_fields *f;
    weir_status *st;
} resolver;

static bool has(const resolver *r, weir_chrono f)
{
    return r->f->set >> f & 1;
}

static bool has_all(const resolver *r, uint32_t mask)
{
    return (r->f->set & mask) == mask;
}

#define BIT(field) (1u << (field))

/* The value of a field, which is used up. */
static int64_t take(resolver *r, weir_chrono f)
{
    r->f->set &= ~BIT(f);
    return r->f->value[f];
}

static weir_rc take_checked(resolver *r, weir_chrono f, int64_t *value)
{
    *value = take(r, f);
    return weir__check_range(f, *value, r->st);
}

/* Gives a field the value that follows from another one. */
static weir_rc derive(resolver *r, weir_chrono from, weir_chrono f, int64_t value)
{
    if (has(r, f) && r->f->value[f] != value) {
        return weir_fail(r->st, WEIR_EDATA,
                         "Conflict found: %s %lld differs from %s %lld while resolving  %s",
                         weir__field_name(f), (long long)r->f->value[f], weir__field_name(f),
                         (long long)value, weir__field_name(from));
    }
    r->f->set |= BIT(f);
    r->f->value[f] = value;
    return WEIR_OK;
}

/* -- dates ---------------------------------------------------------------------------------- */

static weir_rc set_date(resolver *r, int64_t day)
{
    if (r->f->has_date && r->f->day != day) {
        return weir_fail(r->st, WEIR_EDATA,
                         "Conflict found: Fields resolved to two different dates");
    }
    r->f->has_date = true;
    r->f->day = day;
    return WEIR_OK;
}

static weir_rc year_of_era(resolver *r)
{
    if (!has(r, WEIR_F_YEAR_OF_ERA)) {
        return has(r, WEIR_F_ERA)
                   ? weir__check_range(WEIR_F_ERA, r->f->value[WEIR_F_ERA], r->st)
                   : WEIR_OK;
    }
    int64_t year;
    WEIR_TRY(take_checked(r, WEIR_F_YEAR_OF_ERA, &year));
    bool common = !has(r, WEIR_F_YEAR) || r->f->value[WEIR_F_YEAR] > 0;
    if (has(r, WEIR_F_ERA)) {
        common = take(r, WEIR_F_ERA) == 1;
    }
    return derive(r, WEIR_F_YEAR_OF_ERA, WEIR_F_YEAR, common ? year : 1 - year);
}

static weir_rc year_month_day(resolver *r)
{
    int64_t year;
    int64_t month;
    int64_t day;
    WEIR_TRY(take_checked(r, WEIR_F_YEAR, &year));
    WEIR_TRY(take_checked(r, WEIR_F_MONTH, &month));
    WEIR_TRY(take_checked(r, WEIR_F_DAY_OF_MONTH, &day));
    day = weir_min64(day, weir_month_days(year, (int32_t)month)); /* smart: April 31 is the 30th */
    return set_date(r, weir_days_from_civil(year, (int32_t)month, (int32_t)day));
}

static weir_rc year_day(resolver *r)
{
    int64_t year;
    int64_t day;
    WEIR_TRY(take_checked(r, WEIR_F_YEAR, &year));
    WEIR_TRY(take_checked(r, WEIR_F_DAY_OF_YEAR, &day));
    if (day == 366 && !weir_leap_year(year)) {
        return weir_fail(r->st, WEIR_EDATA,
                         "Invalid date 'DayOfYear 366' as '%lld' is not a leap year",
                         (long long)year);
    }
    return set_date(r, weir_days_from_civil(year, 1, 1) + day - 1);
}

static weir_rc dates(resolver *r)
{
    WEIR_TRY(year_of_era(r));
    if (has_all(r, BIT(WEIR_F_YEAR) | BIT(WEIR_F_MONTH) | BIT(WEIR_F_DAY_OF_MONTH))) {
        return year_month_day(r);
    }
    return has_all(r, BIT(WEIR_F_YEAR) | BIT(WEIR_F_DAY_OF_YEAR)) ? year_day(r) : WEIR_OK;
}

/* -- times ---------------------------------------------------------------------------------- */

static weir_rc set_time(resolver *r, int64_t h, int64_t m, int64_t s, int64_t nano)
{
    int32_t excess = h == 24 && m == 0 && s == 0 && nano == 0;
    h = excess ? 0 : h;
    WEIR_TRY(weir__check_range(WEIR_F_HOUR_OF_DAY, h, r->st));
    WEIR_TRY(weir__check_range(WEIR_F_MINUTE, m, r->st));
    WEIR_TRY(weir__check_range(WEIR_F_SECOND, s, r->st));
    WEIR_TRY(weir__check_range(WEIR_F_NANO, nano, r->st));
    int64_t nano_of_day = ((h * 60 + m) * 60 + s) * 1000000000 + nano;
    if (r->f->has_time && r->f->nano_of_day != nano_of_day) {
        return weir_fail(r->st, WEIR_EDATA,
                         "Conflict found: Fields resolved to different times");
    }
    r->f->has_time = true;
    r->f->nano_of_day = nano_of_day;
    r->f->excess_days = excess;
    return WEIR_OK;
}

static weir_rc split_time(resolver *r, weir_chrono from, int64_t nano_of_day)
{
    int64_t second = nano_of_day / 1000000000;
    WEIR_TRY(derive(r, from, WEIR_F_HOUR_OF_DAY, second / 3600));
    WEIR_TRY(derive(r, from, WEIR_F_MINUTE, second / 60 % 60));
    WEIR_TRY(derive(r, from, WEIR_F_SECOND, second % 60));
    int64_t nano = nano_of_day % 1000000000;
    if (from == WEIR_F_MILLI_OF_DAY && has(r, WEIR_F_NANO)) {
        nano += r->f->value[WEIR_F_NANO] % 1000000; /* the digits that milliseconds leave open */
    }
    return derive(r, from, WEIR_F_NANO, nano);
}

static weir_rc clock_hours(resolver *r)
{
    int64_t h;
    if (has(r, WEIR_F_CLOCK_HOUR_OF_DAY)) {
        h = take(r, WEIR_F_CLOCK_HOUR_OF_DAY);
        WEIR_TRY(h ? weir__check_range(WEIR_F_CLOCK_HOUR_OF_DAY, h, r->st) : WEIR_OK);
        WEIR_TRY(derive(r, WEIR_F_CLOCK_HOUR_OF_DAY, WEIR_F_HOUR_OF_DAY, h == 24 ? 0 : h));
    }
    if (has(r, WEIR_F_CLOCK_HOUR_OF_AMPM)) {
        h = take(r, WEIR_F_CLOCK_HOUR_OF_AMPM);
        WEIR_TRY(h ? weir__check_range(WEIR_F_CLOCK_HOUR_OF_AMPM, h, r->st) : WEIR_OK);
        WEIR_TRY(derive(r, WEIR_F_CLOCK_HOUR_OF_AMPM, WEIR_F_HOUR_OF_AMPM, h == 12 ? 0 : h));
    }
    if (has_all(r, BIT(WEIR_F_AMPM) | BIT(WEIR_F_HOUR_OF_AMPM))) {
        int64_t half;
        WEIR_TRY(take_checked(r, WEIR_F_AMPM, &half));
        WEIR_TRY(take_checked(r, WEIR_F_HOUR_OF_AMPM, &h));
        WEIR_TRY(derive(r, WEIR_F_AMPM, WEIR_F_HOUR_OF_DAY, half * 12 + h));
    }
    return WEIR_OK;
}

static weir_rc times(resolver *r)
{
    const uint32_t parts = BIT(WEIR_F_HOUR_OF_DAY) | BIT(WEIR_F_MINUTE) | BIT(WEIR_F_SECOND) |
                           BIT(WEIR_F_NANO);
    int64_t v;
    WEIR_TRY(clock_hours(r));
    if (has(r, WEIR_F_NANO_OF_DAY)) {
        WEIR_TRY(take_checked(r, WEIR_F_NANO_OF_DAY, &v));
        WEIR_TRY(split_time(r, WEIR_F_NANO_OF_DAY, v));
    }
    if (has(r, WEIR_F_MILLI_OF_DAY)) {
        WEIR_TRY(take_checked(r, WEIR_F_MILLI_OF_DAY, &v));
        WEIR_TRY(split_time(r, WEIR_F_MILLI_OF_DAY, v * 1000000));
    }
    if (has(r, WEIR_F_NANO)) {
        WEIR_TRY(weir__check_range(WEIR_F_NANO, r->f->value[WEIR_F_NANO], r->st));
    }
    if (!has_all(r, parts)) {
        return WEIR_OK;
    }
    r->f->set &= ~parts;
    return set_time(r, r->f->value[WEIR_F_HOUR_OF_DAY], r->f->value[WEIR_F_MINUTE],
                    r->f->value[WEIR_F_SECOND], r->f->value[WEIR_F_NANO]);
}

/* An hour without minutes, minutes without seconds: what is missing at the end is zero. */
static weir_rc partial_time(resolver *r)
{
    const uint32_t parts = BIT(WEIR_F_HOUR_OF_DAY) | BIT(WEIR_F_MINUTE) | BIT(WEIR_F_SECOND) |
                           BIT(WEIR_F_NANO);
    if (!r->f->has_time && (r->f->set & parts) == 0 && has(r, WEIR_F_AMPM)) {
        WEIR_TRY(set_time(r, take(r, WEIR_F_AMPM) * 12 + 6, 0, 0, 0)); /* the middle of it */
    }
    bool m = has(r, WEIR_F_MINUTE);
    bool s = has(r, WEIR_F_SECOND);
    bool n = has(r, WEIR_F_NANO);
    bool gap = (!m && (s || n)) || (m && !s && n);
    if (!r->f->has_time && has(r, WEIR_F_HOUR_OF_DAY) && !gap) {
        r->f->set &= ~parts;
        WEIR_TRY(set_time(r, r->f->value[WEIR_F_HOUR_OF_DAY],
                          m ? r->f->value[WEIR_F_MINUTE] : 0, s ? r->f->value[WEIR_F_SECOND] : 0,
                          n ? r->f->value[WEIR_F_NANO] : 0));
    }
    for (weir_chrono f = WEIR_F_AMPM; f <= WEIR_F_NANO_OF_DAY; f++) {
        WEIR_TRY(has(r, f) ? weir__check_range(f, r->f->value[f], r->st) : WEIR_OK);
    }
    return WEIR_OK;
}

/* -- weeks and day counts -------------------------------------------------------------------- */

static weir_rc week_of_week_year(resolver *r)
{
    int64_t year;
    int64_t week;
    int64_t day;
    WEIR_TRY(take_checked(r, WEIR_F_WEEK_YEAR, &year));
    WEIR_TRY(take_checked(r, WEIR_F_WEEK_OF_WEEK_YEAR, &week));
    WEIR_TRY(take_checked(r, WEIR_F_DAY_OF_WEEK, &day));
    int64_t first = weir_days_from_civil(year, 1, 1);
    int64_t next = weir_days_from_civil(year + 1, 1, 1);
    int64_t sunday = first - (weir__local_day_of_week(first) - 1);
    int64_t next_sunday = next - (weir__local_day_of_week(next) - 1);
    week = weir_min64(week, (next_sunday - sunday) / 7);
    return set_date(r, sunday + (week - 1) * 7 + day % 7);
}

static weir_rc week_of_month(resolver *r)
{
    int64_t year;
    int64_t month;
    int64_t week;
    int64_t day;
    WEIR_TRY(take_checked(r, WEIR_F_YEAR, &year));
    WEIR_TRY(take_checked(r, WEIR_F_MONTH, &month));
    WEIR_TRY(take_checked(r, WEIR_F_WEEK_OF_MONTH, &week));
    WEIR_TRY(take_checked(r, WEIR_F_DAY_OF_WEEK, &day));
    int64_t first = weir_days_from_civil(year, (int32_t)month, 1);
    int64_t sunday = first - (weir__local_day_of_week(first) - 1);
    return set_date(r, sunday + (week - 1) * 7 + day % 7);
}

static weir_rc other_dates(resolver *r)
{
    int64_t v;
    if (has(r, WEIR_F_MODIFIED_JULIAN_DAY)) {
        WEIR_TRY(take_checked(r, WEIR_F_MODIFIED_JULIAN_DAY, &v));
        WEIR_TRY(set_date(r, v - 40587));
    }
    if (has(r, WEIR_F_LOCAL_DAY_OF_WEEK)) { /* 1 is Sunday, which is 7 */
        WEIR_TRY(take_checked(r, WEIR_F_LOCAL_DAY_OF_WEEK, &v));
        r->f->set |= BIT(WEIR_F_DAY_OF_WEEK);
        r->f->value[WEIR_F_DAY_OF_WEEK] = v == 1 ? 7 : v - 1;
    }
    if (!has(r, WEIR_F_DAY_OF_WEEK)) {
        return WEIR_OK;
    }
    if (has_all(r, BIT(WEIR_F_WEEK_YEAR) | BIT(WEIR_F_WEEK_OF_WEEK_YEAR))) {
        return week_of_week_year(r);
    }
    if (has_all(r, BIT(WEIR_F_YEAR) | BIT(WEIR_F_MONTH) | BIT(WEIR_F_WEEK_OF_MONTH))) {
        return week_of_month(r);
    }
    return WEIR_OK;
}

/* -- the whole ------------------------------------------------------------------------------- */

static weir_rc cross_check(resolver *r)
{
    for (weir_chrono f = 0; f < WEIR_F_OFFSET; f++) {
        int64_t v;
        bool known = has(r, f) && ((r->f->has_date && weir__date_field(f, r->f->day, &v)) ||
                                   (r->f->has_time && weir__time_field(f, r->f->nano_of_day, &v)));
        if (known && v != r->f->value[f]) {
            return weir_fail(r->st, WEIR_EDATA,
                             "Conflict found: Field %s %lld differs from %s %lld derived from the "
                             "rest",
                             weir__field_name(f), (long long)v, weir__field_name(f),
                             (long long)r->f->value[f]);
        }
        r->f->set &= known ? ~BIT(f) : ~0u;
    }
    return WEIR_OK;
}

static weir_rc resolve(resolver *r)
{
    WEIR_TRY(dates(r));
    WEIR_TRY(times(r));
    WEIR_TRY(other_dates(r));
    WEIR_TRY(partial_time(r));
    WEIR_TRY(cross_check(r));
    if (r->f->has_date && r->f->has_time) {
        r->f->day += r->f->excess_days;
        r->f->excess_days = 0;
    }
    return has(r, WEIR_F_OFFSET)
               ? weir__check_range(WEIR_F_OFFSET, r->f->value[WEIR_F_OFFSET], r->st)
               : WEIR_OK;
}

weir_rc weir__dtf_resolve(weir_datetime_fields *f, weir_sv text, weir_status *st)
{
    weir_status why;
    resolver r = {.f = f, .st = &why};
    weir_rc rc = resolve(&r);
    if (rc != WEIR_OK) {
        weir_sv shown = weir__dtf_shown(text);
        return weir_fail(st, rc, "Text '" WEIR_SV_FMT "' could not be parsed: %s",
                         WEIR_SV_ARG(shown), why.msg);
    }
    return WEIR_OK;
}

/* -- what functions want ---------------------------------------------------------------------- */

/* 1970-01-01T00:00 with what is known put in, longest unit first, as ZonedDateTime.with does. */
static weir_rc default_date(const weir_datetime_fields *f, int64_t *day, weir_status *st)
{
    weir_civil c = {1970, 1, 1};
    const uint32_t used = BIT(WEIR_F_ERA) | BIT(WEIR_F_YEAR) | BIT(WEIR_F_MONTH) |
                          BIT(WEIR_F_DAY_OF_WEEK) | BIT(WEIR_F_ALIGNED_DAY_OF_WEEK) |
                          BIT(WEIR_F_DAY_OF_MONTH) | BIT(WEIR_F_DAY_OF_YEAR);
    for (weir_chrono i = 0; i <= WEIR_F_DAY_OF_YEAR; i++) {
        bool check = f->set & used & BIT(i);
        WEIR_TRY(check ? weir__check_range(i, f->value[i], st) : WEIR_OK);
    }
    if ((f->set & BIT(WEIR_F_ERA)) && f->value[WEIR_F_ERA] == 0) {
        c.year = 1 - c.year;
    }
    if (f->set & BIT(WEIR_F_YEAR)) {
        c.year = f->value[WEIR_F_YEAR];
    }
    if (f->set & BIT(WEIR_F_MONTH)) {
        c.month = (int32_t)f->value[WEIR_F_MONTH];
    }
    *day = weir_days_from_civil(c.year, c.month, 1);
    if (f->set & BIT(WEIR_F_DAY_OF_WEEK)) {
        *day += f->value[WEIR_F_DAY_OF_WEEK] - weir__iso_day_of_week(*day);
    }
    if (f->set & BIT(WEIR_F_ALIGNED_DAY_OF_WEEK)) {
        int64_t now;
        weir__date_field(WEIR_F_ALIGNED_DAY_OF_WEEK, *day, &now);
        *day += f->value[WEIR_F_ALIGNED_DAY_OF_WEEK] - now;
    }
    c = weir_civil_from_days(*day);
    if (f->set & BIT(WEIR_F_DAY_OF_MONTH)) {
        int64_t d = f->value[WEIR_F_DAY_OF_MONTH];
        if (d > weir_month_days(c.year, c.month)) {
            return weir_fail(st, WEIR_EDATA, "Invalid date: day %lld of month %d", (long long)d,
                             c.month);
        }
        *day = weir_days_from_civil(c.year, c.month, (int32_t)d);
    }
    if (f->set & BIT(WEIR_F_DAY_OF_YEAR)) {
        if (f->value[WEIR_F_DAY_OF_YEAR] == 366) {
            return weir_fail(st, WEIR_EDATA,
                             "Leap day cannot be parsed without supplying the year field");
        }
        *day = weir_days_from_civil(c.year, 1, 1) + f->value[WEIR_F_DAY_OF_YEAR] - 1;
    }
    return WEIR_OK;
}

static int64_t default_time(const weir_datetime_fields *f)
{
    int64_t v[WEIR_FIELDS] = {0};
    for (weir_chrono i = WEIR_F_AMPM; i <= WEIR_F_NANO; i++) {
        v[i] = f->set >> i & 1 ? f->value[i] : 0;
    }
    int64_t hour = v[WEIR_F_AMPM] * 12 + v[WEIR_F_HOUR_OF_AMPM];
    if (f->set & BIT(WEIR_F_HOUR_OF_DAY)) {
        hour = v[WEIR_F_HOUR_OF_DAY];
    }
    return ((hour * 60 + v[WEIR_F_MINUTE]) * 60 + v[WEIR_F_SECOND]) * 1000000000 +
           v[WEIR_F_NANO];
}

weir_rc weir_dtf_parse_timestamp(const weir_dtf *f, weir_sv text, const weir_tz *zone,
                                 weir_tz_cache *zones, int64_t *ms, weir_status *st)
{
    weir_datetime_fields p;
    WEIR_TRY(weir_dtf_parse(f, text, &p, st));
    int64_t day = p.day;
    if (!p.has_date) {
        WEIR_TRY(default_date(&p, &day, st));
    }
    int64_t nano = p.has_time ? p.nano_of_day : default_time(&p);
    int64_t local_s = day * 86400 + nano / 1000000000;
    bool offset = p.set & BIT(WEIR_F_OFFSET);
    int64_t epoch_s;
    if (p.has_zone && p.zone_id.n) {
        WEIR_TRY(weir_tz_get(zones, p.zone_id, &zone, st));
    }
    if (offset && p.has_zone && p.zone_id.n && p.has_date && p.has_time) {
        /* The instant comes from the offset, then the time of day is set again, in the zone. */
        int64_t instant = local_s - p.value[WEIR_F_OFFSET];
        int32_t now = weir_tz_offset(zone, instant);
        int64_t zone_day = weir_floor_div(instant + now, 86400);
        epoch_s = weir_tz_from_local(zone, zone_day * 86400 + nano / 1000000000, &now);
    } else if (p.has_zone && !p.zone_id.n) {
        epoch_s = local_s - p.zone_offset_s;
    } else if (p.has_zone || !offset) {
        epoch_s = weir_tz_from_local(zone, local_s, NULL);
    } else {
        epoch_s = local_s - p.value[WEIR_F_OFFSET];
    }
    if (epoch_s > INT64_MAX / 1000 - 1 || epoch_s < INT64_MIN / 1000 + 1) {
        return weir_fail(st, WEIR_EDATA, "long overflow");
    }
    *ms = epoch_s * 1000 + nano / 1000000 % 1000;
    return WEIR_OK;
}

weir_rc weir_dtf_parse_date(const weir_dtf *f, weir_sv text, int32_t *days, weir_status *st)
{
    weir_datetime_fields p;
    WEIR_TRY(weir_dtf_parse(f, text, &p, st));
    if (!p.has_date || p.day < INT32_MIN || p.day > INT32_MAX) {
        weir_sv shown = weir__dtf_shown(text);
        return weir_fail(st, WEIR_EDATA,
                         "Text '" WEIR_SV_FMT
                         "' could not be parsed: Unable to obtain LocalDate from TemporalAccessor",
                         WEIR_SV_ARG(shown));
    }
    *days = (int32_t)p.day;
    return WEIR_OK;
}

weir_rc weir_dtf_parse_time(const weir_dtf *f, weir_sv text, int32_t *ms_of_day, weir_status *st)
{
    const uint32_t date_fields = BIT(WEIR_F_ERA) | BIT(WEIR_F_YEAR) | BIT(WEIR_F_MONTH) |
                                 BIT(WEIR_F_DAY_OF_WEEK) | BIT(WEIR_F_ALIGNED_DAY_OF_WEEK) |
                                 BIT(WEIR_F_DAY_OF_MONTH) | BIT(WEIR_F_DAY_OF_YEAR);
    weir_datetime_fields p;
    WEIR_TRY(weir_dtf_parse(f, text, &p, st));
    if (p.has_date || (p.set & date_fields)) {
        return weir_fail(st, WEIR_EDATA, "Time format contains date field.");
    }
    if (!p.has_time) {
        return weir_fail(st, WEIR_EDATA, "Unable to obtain LocalTime from TemporalAccessor");
    }
    *ms_of_day = (int32_t)(p.nano_of_day / 1000000);
    return WEIR_OK;
}
