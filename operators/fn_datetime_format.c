/* Dates and times from text and to text, by patterns. The names without underscores are the old
 * ones, over numbers; what Java takes as a primitive cannot be NULL there. */
#include "engine/base/limits.h"
#include "operators/fn_datetime.h"

/* ---- to text ---- */

/* What is formatted, as error messages show it. */
static weir_sv shown(weir_call *c, const weir_value *v)
{
    weir_buf b;
    weir_buf_init(&b, 64);
    weir_value_print(&b, c->arg_types[0], v);
    weir_sv text = weir_arena_sv(c->arena, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return text;
}

static weir_value format(weir_call *c, const weir_value *v, const weir_datetime *t, weir_sv pattern,
                         weir_sv zone, const char *what)
{
    weir_sv error;
    const weir_dtf *f = weir__dt_pattern(c, pattern, WEIR_LOCALE_EN, &error);
    if (f) {
        weir_status st;
        weir_status_reset(&st);
        weir_buf b;
        weir_buf_init(&b, WEIR_STRING_BYTES_MAX);
        if (weir_dtf_format(f, t, &b, &st) == WEIR_OK) {
            return weir__taken(c, &b);
        }
        weir_buf_deinit(&b);
        error = weir_arena_sv(c->arena, weir_sv_cstr(st.msg));
    }
    return weir_row_error(c,
                          "Failed to format %s " WEIR_SV_FMT "%s" WEIR_SV_FMT "%s with formatter "
                          "'" WEIR_SV_FMT "': " WEIR_SV_FMT,
                          what, WEIR_SV_ARG(shown(c, v)), zone.n ? " at timeZone '" : "",
                          WEIR_SV_ARG(zone), zone.n ? "'" : "", WEIR_SV_ARG(pattern),
                          WEIR_SV_ARG(error));
}

static weir_value format_date(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    if (args[0].null) { /* only DATETOSTRING sees it */
        return weir__null_argument(c, 0);
    }
    if (args[1].null) {
        return weir__none(c);
    }
    weir_datetime t = weir_datetime_of_date(args[0].i32);
    return format(c, &args[0], &t, args[1].sv, WEIR_SV(""), "date");
}

static weir_value format_time(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    weir_datetime t = weir_datetime_of_time(args[0].i32);
    return format(c, &args[0], &t, args[1].sv, WEIR_SV(""), "time");
}

static weir_value timestamp_text(weir_call *c, const weir_value *args, uint32_t n, weir_sv zone)
{
    weir_sv id = n > 2 ? args[2].sv : zone;
    weir_sv error;
    const weir_tz *z = weir__dt_zone(c, id, &error);
    if (!z) {
        return weir_row_error(c,
                              "Failed to format timestamp " WEIR_SV_FMT " at timeZone "
                              "'" WEIR_SV_FMT "' with formatter '" WEIR_SV_FMT "': " WEIR_SV_FMT,
                              WEIR_SV_ARG(shown(c, &args[0])), WEIR_SV_ARG(id),
                              WEIR_SV_ARG(args[1].sv), WEIR_SV_ARG(error));
    }
    weir_datetime t = weir_datetime_of_timestamp(args[0].i64, z);
    return format(c, &args[0], &t, args[1].sv, id, "timestamp");
}

static weir_value format_timestamp(weir_call *c, const weir_value *args, uint32_t n)
{
    return timestamp_text(c, args, n, WEIR_SV("GMT"));
}

static weir_value timestamp_to_string(weir_call *c, const weir_value *args, uint32_t n)
{
    if (args[0].null) {
        return weir__null_argument(c, 0);
    }
    if (args[1].null || (n > 2 && args[2].null)) {
        return weir__none(c);
    }
    return timestamp_text(c, args, n, WEIR_SV("UTC"));
}

/* ---- from text ---- */

static weir_value parse_failed(weir_call *c, const weir_value *args, weir_sv zone,
                               const char *what, weir_sv error)
{
    weir_sv text = args[0].null ? WEIR_SV("null") : args[0].sv;
    weir_sv pattern = args[1].null ? WEIR_SV("null") : args[1].sv;
    return weir_row_error(c,
                          "Failed to parse %s '" WEIR_SV_FMT "'%s" WEIR_SV_FMT "%s with formatter "
                          "'" WEIR_SV_FMT "': " WEIR_SV_FMT,
                          what, WEIR_SV_ARG(text), zone.n ? " at timezone '" : "",
                          WEIR_SV_ARG(zone), zone.n ? "'" : "", WEIR_SV_ARG(pattern),
                          WEIR_SV_ARG(error));
}

/* The old functions do not test for NULL. */
static bool any_null(const weir_value *args, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (args[i].null) {
            return true;
        }
    }
    return false;
}

static weir_value parse_date(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    weir_status st;
    weir_status_reset(&st);
    weir_value v = {.kind = WEIR_T_DATE};
    if (weir_date_parse_lenient(args[1].sv, args[0].sv, &v.i32, &st) != WEIR_OK) {
        return parse_failed(c, args, WEIR_SV(""), "date", weir_sv_cstr(st.msg));
    }
    return v;
}

static weir_value string_to_date(weir_call *c, const weir_value *args, uint32_t n)
{
    weir_sv error = WEIR_SV("an argument is NULL");
    const weir_dtf *f =
        any_null(args, n) ? NULL : weir__dt_pattern(c, args[1].sv, WEIR_LOCALE_EN, &error);
    weir_status st;
    weir_status_reset(&st);
    int32_t days = 0;
    if (f && weir_dtf_parse_date(f, args[0].sv, &days, &st) != WEIR_OK) {
        error = weir_sv_cstr(st.msg);
        f = NULL;
    }
    return f ? weir_int(days) : parse_failed(c, args, WEIR_SV(""), "date", error);
}

static weir_value parse_time(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    weir_sv error;
    const weir_dtf *f = weir__dt_pattern(c, args[1].sv, WEIR_LOCALE_EN, &error);
    weir_status st;
    weir_status_reset(&st);
    weir_value v = {.kind = WEIR_T_TIME};
    if (f && weir_dtf_parse_time(f, args[0].sv, &v.i32, &st) != WEIR_OK) {
        error = weir_sv_cstr(st.msg);
        f = NULL;
    }
    return f ? v : parse_failed(c, args, WEIR_SV(""), "time", error);
}

/* Zones in texts are rare: their cache is made for patterns that may read one. */
static weir_tz_cache *text_zones(weir_call *c, weir_sv pattern)
{
    weir__dt_site *site = c->prepared;
    for (uint32_t i = 0; !site->text_zones && i < pattern.n; i++) {
        if (strchr("Vvz", pattern.p[i])) {
            site->text_zones = weir_tz_cache_in(c->plan_arena);
        }
    }
    return site->text_zones;
}

static bool timestamp_ms(weir_call *c, const weir_value *args, weir_sv zone, int64_t *ms,
                         weir_sv *error)
{
    const weir_dtf *f = weir__dt_pattern(c, args[1].sv, WEIR_LOCALE_ROOT, error);
    const weir_tz *z = f ? weir__dt_zone(c, zone, error) : NULL;
    if (!z) {
        return false;
    }
    weir_status st;
    weir_status_reset(&st);
    if (weir_dtf_parse_timestamp(f, args[0].sv, z, text_zones(c, args[1].sv), ms, &st) !=
        WEIR_OK) {
        *error = weir_arena_sv(c->arena, weir_sv_cstr(st.msg));
        return false;
    }
    return true;
}

static weir_value parse_timestamp(weir_call *c, const weir_value *args, uint32_t n)
{
    weir_sv zone = n > 2 ? args[2].sv : WEIR_SV("GMT");
    weir_sv error;
    weir_value v = {.kind = WEIR_T_TIMESTAMP};
    return timestamp_ms(c, args, zone, &v.i64, &error)
               ? v
               : parse_failed(c, args, zone, "timestamp", error);
}

static weir_value string_to_timestamp(weir_call *c, const weir_value *args, uint32_t n)
{
    weir_sv zone = n < 3 ? (weir_sv){0} : args[2].null ? WEIR_SV("null") : args[2].sv;
    weir_sv error = WEIR_SV("an argument is NULL");
    int64_t ms;
    if (any_null(args, n) ||
        !timestamp_ms(c, args, zone.n || n > 2 ? zone : WEIR_SV("UTC"), &ms, &error)) {
        return parse_failed(c, args, zone, "timestamp", error);
    }
    return weir_bigint(ms);
}

#define PREPARED(text, kernel, bits)                                                               \
    {.sig = text, .row = kernel, .flags = bits, .prepare = weir__dt_prepare}
static const weir_overload date_to_string_rows[] = {
    PREPARED("INT, STRING -> STRING", format_date, WEIR_FN_NULLS),
};
static const weir_overload format_date_rows[] = {
    PREPARED("DATE, STRING -> STRING", format_date, 0),
};
static const weir_overload format_time_rows[] = {
    PREPARED("TIME, STRING -> STRING", format_time, 0),
};
static const weir_overload format_timestamp_rows[] = {
    PREPARED("TIMESTAMP, STRING -> STRING", format_timestamp, 0),
    PREPARED("TIMESTAMP, STRING, STRING -> STRING", format_timestamp, 0),
};
static const weir_overload parse_date_rows[] = {
    {.sig = "STRING, STRING -> DATE", .row = parse_date},
};
static const weir_overload parse_time_rows[] = {
    PREPARED("STRING, STRING -> TIME", parse_time, 0),
};
static const weir_overload parse_timestamp_rows[] = {
    PREPARED("STRING, STRING -> TIMESTAMP", parse_timestamp, 0),
    PREPARED("STRING, STRING, STRING -> TIMESTAMP", parse_timestamp, 0),
};
static const weir_overload string_to_date_rows[] = {
    PREPARED("STRING, STRING -> INT", string_to_date, WEIR_FN_NULLS),
};
static const weir_overload string_to_timestamp_rows[] = {
    PREPARED("STRING, STRING -> BIGINT", string_to_timestamp, WEIR_FN_NULLS),
    PREPARED("STRING, STRING, STRING -> BIGINT", string_to_timestamp, WEIR_FN_NULLS),
};
static const weir_overload timestamp_to_string_rows[] = {
    PREPARED("BIGINT, STRING -> STRING", timestamp_to_string, WEIR_FN_NULLS),
    PREPARED("BIGINT, STRING, STRING -> STRING", timestamp_to_string, WEIR_FN_NULLS),
};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_DATE_TIME, .doc = words, .example = sample,                \
     .overloads = rows, .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_datetime_format[] = {
    ROW("DATETOSTRING", date_to_string_rows,
        "Days since 1970-01-01 as text, by a pattern. FORMAT_DATE is its successor.",
        "DATETOSTRING(18262, 'yyyy-MM-dd') → 2020-01-01"),
    ROW("FORMAT_DATE", format_date_rows, "A date as text, by a pattern of DateTimeFormatter.",
        "FORMAT_DATE(CAST('2020-01-31' AS DATE), 'd MMM yyyy') → 31 Jan 2020"),
    ROW("FORMAT_TIME", format_time_rows, "A time as text, by a pattern of DateTimeFormatter.",
        "FORMAT_TIME(CAST('13:05' AS TIME), 'h:mm a') → 1:05 PM"),
    ROW("FORMAT_TIMESTAMP", format_timestamp_rows,
        "A timestamp as text, by a pattern of DateTimeFormatter, in a time zone, by default UTC.",
        "FORMAT_TIMESTAMP(FROM_UNIXTIME(0), 'yyyy-MM-dd HH:mm', 'Asia/Tokyo') → 1970-01-01 09:00"),
    ROW("PARSE_DATE", parse_date_rows, "The date in a text, by a pattern of SimpleDateFormat.",
        "PARSE_DATE('31/01/2020', 'dd/MM/yyyy') → 2020-01-31"),
    ROW("PARSE_TIME", parse_time_rows, "The time in a text, by a pattern of DateTimeFormatter.",
        "PARSE_TIME('1:05 PM', 'h:mm a') → 13:05"),
    ROW("PARSE_TIMESTAMP", parse_timestamp_rows,
        "The timestamp in a text, by a pattern of DateTimeFormatter, in a time zone, by default "
        "UTC.",
        "PARSE_TIMESTAMP('2020-01-31 12', 'yyyy-MM-dd HH') → 2020-01-31T12:00:00.000"),
    ROW("STRINGTODATE", string_to_date_rows,
        "Days from 1970-01-01 to the date in a text, by a pattern. PARSE_DATE is its successor.",
        "STRINGTODATE('2020-01-01', 'yyyy-MM-dd') → 18262"),
    ROW("STRINGTOTIMESTAMP", string_to_timestamp_rows,
        "Milliseconds from 1970-01-01 00:00 UTC to the timestamp in a text, by a pattern. "
        "PARSE_TIMESTAMP is its successor.",
        "STRINGTOTIMESTAMP('2020-01-01', 'yyyy-MM-dd') → 1577836800000"),
    ROW("TIMESTAMPTOSTRING", timestamp_to_string_rows,
        "Milliseconds since 1970-01-01 00:00 UTC as text, by a pattern. FORMAT_TIMESTAMP is its "
        "successor.",
        "TIMESTAMPTOSTRING(0, 'yyyy-MM-dd') → 1970-01-01"),
};
const uint32_t weir_fn_datetime_format_n = WEIR_COUNT(weir_fn_datetime_format);
