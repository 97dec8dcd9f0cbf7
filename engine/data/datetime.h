/* Dates and times: civil arithmetic, ISO text, and java.time's DateTimeFormatter.
 *
 * Owns: the proleptic Gregorian calendar, ksqlDB's casts between text and DATE, TIME, TIMESTAMP, and
 * patterns: compiled once (immutable, any thread), then used to format and parse.
 *
 *   weir_dtf_compile(pattern) ─► weir_dtf ─┬─► weir_dtf_format(datetime) ─► text
 *                                          └─► weir_dtf_parse(text) ─► fields ─► resolve ─► ms, days
 *
 * Years run from -999999999 to 999999999 as in java.time; beyond them is an error, not a wrap. */
#pragma once
#include "engine/base/buf.h"
#include "engine/data/tz.h"

#define WEIR_MS_PER_DAY INT64_C(86400000)
#define WEIR_DTF_PATTERN_MAX 1024 /* bytes of a pattern */
#define WEIR_DTF_NESTING_MAX 32   /* optional sections inside one another */

typedef struct weir_civil {
    int64_t year;
    int32_t month, day; /* from 1 */
} weir_civil;

/* Floor division: -1 ms is the last millisecond of day -1. */
static inline int64_t weir_floor_div(int64_t x, int64_t y)
{
    return x / y - ((x % y != 0) & ((x < 0) != (y < 0)));
}
static inline int64_t weir_floor_mod(int64_t x, int64_t y)
{
    int64_t r = x % y;
    return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
int64_t weir_days_from_civil(int64_t year, int32_t month, int32_t day);
weir_civil weir_civil_from_days(int64_t days);
bool weir_leap_year(int64_t year);
int32_t weir_month_days(int64_t year, int32_t month);
static inline int32_t weir_ts_to_date(int64_t ms)
{
    return (int32_t)weir_floor_div(ms, WEIR_MS_PER_DAY);
}
static inline int32_t weir_ts_to_time(int64_t ms)
{
    return (int32_t)weir_floor_mod(ms, WEIR_MS_PER_DAY);
}

/* CAST: text that ksqlDB accepts, partials completed (`2020-05`, `2020-05-26T23`); a time may carry
 * an offset. The caller trims. */
weir_rc weir_date_parse(weir_sv s, int32_t *days, weir_status *st);
weir_rc weir_time_parse(weir_sv s, int32_t *ms_of_day, weir_status *st);
weir_rc weir_timestamp_parse(weir_sv s, int64_t *ms, weir_status *st);
/* `2021-10-11` · `13:25` or `13:25:10` (whole seconds, as CAST) · `2021-06-30T12:18:39.446`. */
void weir_date_print(weir_buf *out, int32_t days);
void weir_time_print(weir_buf *out, int32_t ms_of_day);
void weir_timestamp_print(weir_buf *out, int64_t ms);

/* Whose words: ROOT prints MMMM as `Jan`, EN as `January`. */
typedef enum weir_locale { WEIR_LOCALE_ROOT, WEIR_LOCALE_EN } weir_locale;

typedef struct weir_dtf weir_dtf;
/* WEIR_EUSAGE with Java's message for a pattern DateTimeFormatter refuses. */
weir_rc weir_dtf_compile(weir_arena *a, weir_sv pattern, weir_locale locale, weir_dtf **out,
                         weir_status *st);

/* What is being formatted. A letter that needs an absent part is an error, as in Java. */
typedef struct weir_datetime {
    bool has_date, has_time;
    int64_t day;           /* since 1970-01-01, local */
    int64_t nano_of_day;   /* local */
    int32_t offset_s;      /* of `zone` at this instant */
    const weir_tz *zone;   /* NULL: no zone and no offset */
    int64_t epoch_s;       /* with a zone */
} weir_datetime;
weir_datetime weir_datetime_of_date(int32_t days);
weir_datetime weir_datetime_of_time(int32_t ms_of_day);
weir_datetime weir_datetime_of_timestamp(int64_t ms, const weir_tz *zone);

weir_rc weir_dtf_format(const weir_dtf *f, const weir_datetime *t, weir_buf *out, weir_status *st);

/* ORDER weir_chrono: names and ranges in datetime_resolve.c */
typedef enum weir_chrono {
    WEIR_F_ERA,
    WEIR_F_YEAR_OF_ERA,
    WEIR_F_YEAR,
    WEIR_F_MONTH,
    WEIR_F_QUARTER,
    WEIR_F_WEEK_YEAR,
    WEIR_F_WEEK_OF_WEEK_YEAR,
    WEIR_F_WEEK_OF_MONTH,
    WEIR_F_LOCAL_DAY_OF_WEEK,
    WEIR_F_DAY_OF_WEEK,
    WEIR_F_ALIGNED_DAY_OF_WEEK,
    WEIR_F_DAY_OF_MONTH,
    WEIR_F_DAY_OF_YEAR,
    WEIR_F_MODIFIED_JULIAN_DAY,
    WEIR_F_AMPM,
    WEIR_F_HOUR_OF_AMPM,
    WEIR_F_CLOCK_HOUR_OF_AMPM,
    WEIR_F_HOUR_OF_DAY,
    WEIR_F_CLOCK_HOUR_OF_DAY,
    WEIR_F_MINUTE,
    WEIR_F_SECOND,
    WEIR_F_NANO,
    WEIR_F_MILLI_OF_DAY,
    WEIR_F_NANO_OF_DAY,
    WEIR_F_OFFSET,
    WEIR_FIELDS
} weir_chrono;

/* What a text said, after resolving (ResolverStyle.SMART): a complete date and time are in `day` and
 * `nano_of_day`, fields that were not used up are left in `set` and `value`. */
typedef struct weir_datetime_fields {
    uint32_t set; /* bit per weir_chrono */
    int64_t value[WEIR_FIELDS];
    bool has_date, has_time, has_zone;
    int32_t excess_days;   /* 24:00 without a date */
    int64_t day;
    int64_t nano_of_day;
    weir_sv zone_id;       /* region, static; empty: the zone is `zone_offset_s` */
    int32_t zone_offset_s;
} weir_datetime_fields;

/* Case-insensitive, the whole text. WEIR_EDATA with Java's message when it does not match. */
weir_rc weir_dtf_parse(const weir_dtf *f, weir_sv text, weir_datetime_fields *out,
                       weir_status *st);
/* PARSE_TIMESTAMP, STRINGTOTIMESTAMP: missing fields are those of 1970-01-01T00:00 in `zone`, a zone
 * in the text wins (`zones` loads it). */
weir_rc weir_dtf_parse_timestamp(const weir_dtf *f, weir_sv text, const weir_tz *zone,
                                 weir_tz_cache *zones, int64_t *ms, weir_status *st);
/* STRINGTODATE: the text must give a whole date. */
weir_rc weir_dtf_parse_date(const weir_dtf *f, weir_sv text, int32_t *days, weir_status *st);
/* PARSE_DATE, which is another dialect: java.text.SimpleDateFormat's letters (G y Y M d D E u a H k K h
 * m s S X Z z), read leniently as commons-lang does. Digits may be fewer, days roll over into the next
 * month, text behind the pattern is ignored; a time of day other than midnight UTC is refused. */
weir_rc weir_date_parse_lenient(weir_sv pattern, weir_sv text, int32_t *days, weir_status *st);
/* PARSE_TIME: the text must give a time and nothing of a date. */
weir_rc weir_dtf_parse_time(const weir_dtf *f, weir_sv text, int32_t *ms_of_day, weir_status *st);
