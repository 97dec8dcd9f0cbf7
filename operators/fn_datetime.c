/* Dates and times as numbers: units added, epochs, zones. Text is in fn_datetime_format.c. */
#include "operators/fn_datetime.h"

static weir_value date_of(int64_t days, weir_call *c)
{
    if (days < INT32_MIN || days > INT32_MAX) {
        return weir_row_error(c, "%s: the date is out of range", c->function->name);
    }
    weir_value v = {.kind = WEIR_T_DATE};
    v.i32 = (int32_t)days;
    return v;
}

static weir_value timestamp_of(int64_t ms)
{
    weir_value v = weir_bigint(ms);
    v.kind = WEIR_T_TIMESTAMP;
    return v;
}

/* ---- units: argument 0 is one in milliseconds, argument 1 how many ---- */

static int64_t interval(const weir_value *args)
{
    return (int64_t)args[0].i32 * args[1].i32;
}

/* TimeUnit.toDays cuts towards zero: an hour before 1970 is still day 0. */
static weir_value date_add(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return date_of((args[2].i32 * WEIR_MS_PER_DAY + interval(args)) / WEIR_MS_PER_DAY, c);
}

static weir_value date_sub(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return date_of((args[2].i32 * WEIR_MS_PER_DAY - interval(args)) / WEIR_MS_PER_DAY, c);
}

/* TimeUnit.toNanos stops at the ends of a long. */
static weir_value time_plus(const weir_value *args, int sign)
{
    int64_t nanos;
    if (__builtin_mul_overflow(interval(args), INT64_C(1000000), &nanos)) {
        nanos = interval(args) < 0 ? INT64_MIN : INT64_MAX;
    }
    int64_t day = WEIR_MS_PER_DAY * 1000000;
    int64_t at = args[2].i32 * INT64_C(1000000) + sign * (nanos % day);
    weir_value v = {.kind = WEIR_T_TIME};
    v.i32 = (int32_t)(weir_floor_mod(at, day) / 1000000);
    return v;
}

static weir_value time_add(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)c;
    (void)n;
    return time_plus(args, 1);
}

static weir_value time_sub(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)c;
    (void)n;
    return time_plus(args, -1);
}

static weir_value timestamp_add(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)c;
    (void)n;
    return timestamp_of((int64_t)((uint64_t)args[2].i64 + (uint64_t)interval(args)));
}

static weir_value timestamp_sub(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)c;
    (void)n;
    return timestamp_of((int64_t)((uint64_t)args[2].i64 - (uint64_t)interval(args)));
}

/* ---- epochs ---- */

static weir_value from_days(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return args[0].null ? weir__null_argument(c, 0) : date_of(args[0].i32, c);
}

static weir_value from_unixtime(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)c;
    (void)n;
    return timestamp_of(args[0].i64);
}

static weir_value unix_date(weir_call *c, const weir_value *args, uint32_t n)
{
    return weir_int(n ? args[0].i32 : weir_ts_to_date(weir__fn_now_ms(c)));
}

static weir_value unix_timestamp(weir_call *c, const weir_value *args, uint32_t n)
{
    return weir_bigint(n ? args[0].i64 : weir__fn_now_ms(c));
}

static weir_value convert_tz(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    weir_sv error;
    const weir_tz *to = weir__dt_zone(c, args[2].sv, &error);
    const weir_tz *from = to ? weir__dt_zone(c, args[1].sv, &error) : NULL;
    if (!from) {
        return weir_row_error(c, "Invalid time zone: " WEIR_SV_FMT, WEIR_SV_ARG(error));
    }
    int64_t s = weir_floor_div(args[0].i64, 1000);
    int64_t shift = ((int64_t)weir_tz_offset(to, s) - weir_tz_offset(from, s)) * 1000;
    return timestamp_of((int64_t)((uint64_t)args[0].i64 + (uint64_t)shift));
}

static const weir_overload convert_rows[] = {
    {.sig = "TIMESTAMP, STRING, STRING -> TIMESTAMP", .row = convert_tz,
     .prepare = weir__dt_prepare},
};
static const weir_overload date_add_rows[] = {{.sig = "UNIT, INT, DATE -> DATE", .row = date_add}};
static const weir_overload date_sub_rows[] = {{.sig = "UNIT, INT, DATE -> DATE", .row = date_sub}};
static const weir_overload time_add_rows[] = {{.sig = "UNIT, INT, TIME -> TIME", .row = time_add}};
static const weir_overload time_sub_rows[] = {{.sig = "UNIT, INT, TIME -> TIME", .row = time_sub}};
static const weir_overload ts_add_rows[] = {
    {.sig = "UNIT, INT, TIMESTAMP -> TIMESTAMP", .row = timestamp_add},
};
static const weir_overload ts_sub_rows[] = {
    {.sig = "UNIT, INT, TIMESTAMP -> TIMESTAMP", .row = timestamp_sub},
};
static const weir_overload from_days_rows[] = {
    {.sig = "INT -> DATE", .row = from_days, .flags = WEIR_FN_NULLS},
};
static const weir_overload from_unixtime_rows[] = {
    {.sig = "BIGINT -> TIMESTAMP", .row = from_unixtime},
};
static const weir_overload unix_date_rows[] = {
    {.sig = "-> INT", .row = unix_date, .flags = WEIR_FN_IMPURE},
    {.sig = "DATE -> INT", .row = unix_date},
};
static const weir_overload unix_timestamp_rows[] = {
    {.sig = "-> BIGINT", .row = unix_timestamp, .flags = WEIR_FN_IMPURE},
    {.sig = "TIMESTAMP -> BIGINT", .row = unix_timestamp},
};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_DATE_TIME, .doc = words, .example = sample,                \
     .overloads = rows, .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_datetime[] = {
    ROW("CONVERT_TZ", convert_rows, "A timestamp moved from one time zone to another.",
        "CONVERT_TZ(CAST('2020-01-01T12:00:00' AS TIMESTAMP), 'UTC', 'Asia/Tokyo') → "
        "2020-01-01T21:00:00.000"),
    ROW("DATEADD", date_add_rows, "A date with a number of units of time added.",
        "DATEADD(DAYS, 1, CAST('2020-02-28' AS DATE)) → 2020-02-29"),
    ROW("DATESUB", date_sub_rows, "A date with a number of units of time taken away.",
        "DATESUB(DAYS, 1, CAST('2020-03-01' AS DATE)) → 2020-02-29"),
    ROW("FROM_DAYS", from_days_rows, "The date a number of days after 1970-01-01.",
        "FROM_DAYS(18262) → 2020-01-01"),
    ROW("FROM_UNIXTIME", from_unixtime_rows,
        "The timestamp a number of milliseconds after 1970-01-01 00:00 UTC.",
        "FROM_UNIXTIME(1577836800000) → 2020-01-01T00:00:00.000"),
    ROW("TIMEADD", time_add_rows, "A time with a number of units added; it wraps at midnight.",
        "TIMEADD(HOURS, 2, CAST('23:00' AS TIME)) → 01:00"),
    ROW("TIMESTAMPADD", ts_add_rows, "A timestamp with a number of units of time added.",
        "TIMESTAMPADD(MINUTES, 5, CAST('2020-01-01' AS TIMESTAMP)) → 2020-01-01T00:05:00.000"),
    ROW("TIMESTAMPSUB", ts_sub_rows, "A timestamp with a number of units of time taken away.",
        "TIMESTAMPSUB(DAYS, 1, CAST('2020-01-01' AS TIMESTAMP)) → 2019-12-31T00:00:00.000"),
    ROW("TIMESUB", time_sub_rows, "A time with a number of units taken away; it wraps at midnight.",
        "TIMESUB(HOURS, 2, CAST('01:00' AS TIME)) → 23:00"),
    ROW("UNIX_DATE", unix_date_rows, "Days from 1970-01-01 to a date or, without one, to today.",
        "UNIX_DATE(CAST('2020-01-01' AS DATE)) → 18262"),
    ROW("UNIX_TIMESTAMP", unix_timestamp_rows,
        "Milliseconds from 1970-01-01 00:00 UTC to a timestamp or, without one, to now.",
        "UNIX_TIMESTAMP(CAST('2020-01-01' AS TIMESTAMP)) → 1577836800000"),
};
const uint32_t weir_fn_datetime_n = WEIR_COUNT(weir_fn_datetime);
