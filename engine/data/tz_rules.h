/* The inside of a zone: transitions read from a TZif file and the rule for the time after them. For
 * tz*.c only. */
#pragma once
#include "engine/data/tz.h"

/* When daylight saving time begins or ends in a year: the text of POSIX TZ, taken apart. */
typedef struct weir__tz_change {
    enum { WEIR__TZ_JULIAN, WEIR__TZ_DAY, WEIR__TZ_MONTH_WEEK_DAY } form;
    int32_t month, week, day;
    int32_t time_s; /* local seconds after midnight, may be negative or beyond a day */
} weir__tz_change;

struct weir_tz {
    weir_sv id;
    bool fixed_offset; /* Z, +01:00 */
    const char *names; /* set of tz_names.c, or NULL */
    /* offset_s[i] holds from at[i - 1] on; offset_s[0] before at[0] */
    uint32_t n;
    const int64_t *at;
    const int32_t *offset_s;
    const bool *dst;
    /* After the last transition. Without daylight saving: offset_s[n]. */
    bool has_rule;
    int32_t standard_s, daylight_s;
    weir__tz_change to_daylight, to_standard;
};

/* Reads the zone's file into `a`. WEIR_ENOTFOUND without a file, WEIR_ECORRUPT when it is no TZif. */
weir_rc weir__tz_read(weir_arena *a, const char *id, weir_tz *z, weir_status *st);
/* Offset by the rule. */
int32_t weir__tz_rule_offset(const weir_tz *z, int64_t epoch_s);
