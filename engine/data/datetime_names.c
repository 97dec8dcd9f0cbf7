/* Names of months, days and so on, in JDK 17's root and English locales; names and values of fields. */
#include "engine/data/datetime_ops.h"

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                   "Friday", "Saturday", "Sunday"};
static const char *const quarters[] = {"1st quarter", "2nd quarter", "3rd quarter",
                                       "4th quarter"};
static const char *const numbers[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11",
                                      "12"};
/* by locale, style */
static const char *const eras[2][3][2] = {{{"BC", "AD"}, {"BCE", "CE"}, {"BCE", "CE"}},
                                          {{"BC", "AD"}, {"Before Christ", "Anno Domini"},
                                           {"B", "A"}}};
static const char *const quarters_short[] = {"Q1", "Q2", "Q3", "Q4"};

static weir_sv cut(const char *name, uint32_t n)
{
    weir_sv s = weir_sv_cstr(name);
    s.n = s.n > n ? n : s.n;
    return s;
}

bool weir__dtf_text_range(weir_chrono field, int64_t *low, int64_t *high)
{
    *low = 1;
    switch ((int)field) {
    case WEIR_F_ERA:
    case WEIR_F_AMPM:
        *low = 0;
        *high = 1;
        return true;
    case WEIR_F_MONTH:
        *high = 12;
        return true;
    case WEIR_F_QUARTER:
        *high = 4;
        return true;
    case WEIR_F_DAY_OF_WEEK:
        *high = 7;
        return true;
    default:
        return false;
    }
}

weir_sv weir__dtf_text(weir_locale locale, weir_chrono field, weir__dtf_style style, int64_t value)
{
    int64_t low;
    int64_t high;
    if (!weir__dtf_text_range(field, &low, &high) || value < low || value > high) {
        return (weir_sv){0};
    }
    bool english = locale == WEIR_LOCALE_EN;
    bool full = english && style == WEIR__STYLE_FULL;
    bool narrow = style == WEIR__STYLE_NARROW;
    size_t i = (size_t)(value - low);
    switch ((int)field) {
    case WEIR_F_ERA:
        return weir_sv_cstr(eras[english][style][i]);
    case WEIR_F_AMPM:
        return weir_sv_cstr(i ? "PM" : "AM");
    case WEIR_F_MONTH:
        if (narrow && !english) {
            return weir_sv_cstr(numbers[i]);
        }
        return cut(months[i], narrow ? 1 : (full ? 9 : 3));
    case WEIR_F_QUARTER:
        if (narrow) {
            return weir_sv_cstr(numbers[i]);
        }
        return weir_sv_cstr(full ? quarters[i] : quarters_short[i]);
    default: /* DAY_OF_WEEK */
        return cut(days[i], narrow ? 1 : (full ? 9 : 3));
    }
}

/* ORDER weir_chrono */
static const struct {
    const char *name;
    int64_t min, max;
    const char *range; /* as Java prints it */
} fields[WEIR_FIELDS] = {
    {"Era", 0, 1, "0 - 1"},
    {"YearOfEra", 1, 1000000000, "1 - 999999999/1000000000"},
    {"Year", -999999999, 999999999, "-999999999 - 999999999"},
    {"MonthOfYear", 1, 12, "1 - 12"},
    {"QuarterOfYear", 1, 4, "1 - 4"},
    {"WeekBasedYear[WeekFields[SUNDAY,1]]", -999999999, 999999999, "-999999999 - 999999999"},
    {"WeekOfWeekBasedYear[WeekFields[SUNDAY,1]]", 1, 54, "1 - 52/54"},
    {"WeekOfMonth[WeekFields[SUNDAY,1]]", 0, 6, "0 - 1 - 4 - 6"},
    {"DayOfWeek[WeekFields[SUNDAY,1]]", 1, 7, "1 - 7"},
    {"DayOfWeek", 1, 7, "1 - 7"},
    {"AlignedDayOfWeekInMonth", 1, 7, "1 - 7"},
    {"DayOfMonth", 1, 31, "1 - 28/31"},
    {"DayOfYear", 1, 366, "1 - 365/366"},
    {"ModifiedJulianDay", -365243219162, 365241780471, "-365243219162 - 365241780471"},
    {"AmPmOfDay", 0, 1, "0 - 1"},
    {"HourOfAmPm", 0, 11, "0 - 11"},
    {"ClockHourOfAmPm", 1, 12, "1 - 12"},
    {"HourOfDay", 0, 23, "0 - 23"},
    {"ClockHourOfDay", 1, 24, "1 - 24"},
    {"MinuteOfHour", 0, 59, "0 - 59"},
    {"SecondOfMinute", 0, 59, "0 - 59"},
    {"NanoOfSecond", 0, 999999999, "0 - 999999999"},
    {"MilliOfDay", 0, 86399999, "0 - 86399999"},
    {"NanoOfDay", 0, INT64_C(86399999999999), "0 - 86399999999999"},
    {"OffsetSeconds", -64800, 64800, "-64800 - 64800"},
};

const char *weir__field_name(weir_chrono f)
{
    return fields[f].name;
}

weir_rc weir__check_range(weir_chrono f, int64_t value, weir_status *st)
{
    if (value >= fields[f].min && value <= fields[f].max) {
        return WEIR_OK;
    }
    return weir_fail(st, WEIR_EDATA, "Invalid value for %s (valid values %s): %lld",
                     fields[f].name, fields[f].range, (long long)value);
}

/* Week of the year whose January 1st lies in week 1; the last days may belong to the next year. */
static int64_t week_of(int64_t day, int64_t *week_year)
{
    weir_civil c = weir_civil_from_days(day);
    int64_t sunday = day - (weir__local_day_of_week(day) - 1);
    int64_t next = weir_days_from_civil(c.year + 1, 1, 1);
    *week_year = c.year + (sunday + 6 >= next);
    int64_t first = weir_days_from_civil(*week_year, 1, 1);
    int64_t first_sunday = first - (weir__local_day_of_week(first) - 1);
    return (sunday - first_sunday) / 7 + 1;
}

bool weir__date_field(weir_chrono f, int64_t day, int64_t *value)
{
    weir_civil c = weir_civil_from_days(day);
    int64_t week_year;
    int64_t first = weir_days_from_civil(c.year, c.month, 1);
    switch ((int)f) {
    case WEIR_F_ERA:
        *value = c.year >= 1;
        return true;
    case WEIR_F_YEAR_OF_ERA:
        *value = c.year >= 1 ? c.year : 1 - c.year;
        return true;
    case WEIR_F_YEAR:
        *value = c.year;
        return true;
    case WEIR_F_MONTH:
        *value = c.month;
        return true;
    case WEIR_F_QUARTER:
        *value = (c.month + 2) / 3;
        return true;
    case WEIR_F_WEEK_YEAR:
        week_of(day, value);
        return true;
    case WEIR_F_WEEK_OF_WEEK_YEAR:
        *value = week_of(day, &week_year);
        return true;
    case WEIR_F_WEEK_OF_MONTH:
        *value = (weir__local_day_of_week(first) - 1 + c.day - 1) / 7 + 1;
        return true;
    case WEIR_F_LOCAL_DAY_OF_WEEK:
        *value = weir__local_day_of_week(day);
        return true;
    case WEIR_F_DAY_OF_WEEK:
        *value = weir__iso_day_of_week(day);
        return true;
    case WEIR_F_ALIGNED_DAY_OF_WEEK:
        *value = (c.day - 1) % 7 + 1;
        return true;
    case WEIR_F_DAY_OF_MONTH:
        *value = c.day;
        return true;
    case WEIR_F_DAY_OF_YEAR:
        *value = day - weir_days_from_civil(c.year, 1, 1) + 1;
        return true;
    case WEIR_F_MODIFIED_JULIAN_DAY:
        *value = day + 40587;
        return true;
    default:
        return false;
    }
}

bool weir__time_field(weir_chrono f, int64_t nano_of_day, int64_t *value)
{
    int64_t second_of_day = nano_of_day / 1000000000;
    int64_t hour = second_of_day / 3600;
    switch ((int)f) {
    case WEIR_F_AMPM:
        *value = hour / 12;
        return true;
    case WEIR_F_HOUR_OF_AMPM:
        *value = hour % 12;
        return true;
    case WEIR_F_CLOCK_HOUR_OF_AMPM:
        *value = hour % 12 ? hour % 12 : 12;
        return true;
    case WEIR_F_HOUR_OF_DAY:
        *value = hour;
        return true;
    case WEIR_F_CLOCK_HOUR_OF_DAY:
        *value = hour ? hour : 24;
        return true;
    case WEIR_F_MINUTE:
        *value = second_of_day / 60 % 60;
        return true;
    case WEIR_F_SECOND:
        *value = second_of_day % 60;
        return true;
    case WEIR_F_NANO:
        *value = nano_of_day % 1000000000;
        return true;
    case WEIR_F_MILLI_OF_DAY:
        *value = nano_of_day / 1000000;
        return true;
    case WEIR_F_NANO_OF_DAY:
        *value = nano_of_day;
        return true;
    default:
        return false;
    }
}
