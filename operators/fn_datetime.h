/* What the date and time functions share: patterns and zones compiled once per call site. */
#pragma once
#include "engine/data/datetime.h"
#include "operators/fn_values.h"

/* By text: what it was compiled to, or why it was not. Lives in an arena; full, it learns nothing
 * more. */
typedef struct weir__memo_slot {
    weir_sv key;
    const void *value; /* NULL: `error` */
    weir_sv error;
    bool used;
} weir__memo_slot;
typedef struct weir__memo {
    weir__memo_slot *slots;
    const weir__memo_slot *last;
    uint32_t n, room;
} weir__memo;

/* One call site: patterns and zones, whether literals or data. */
typedef struct weir__dt_site {
    weir__memo patterns, zones;
    weir_tz_cache *text_zones; /* named in texts; NULL until needed */
} weir__dt_site;
void weir__dt_prepare(weir_call *c);
/* NULL: `error` says why. */
const weir_dtf *weir__dt_pattern(weir_call *c, weir_sv pattern, weir_locale locale, weir_sv *error);
const weir_tz *weir__dt_zone(weir_call *c, weir_sv id, weir_sv *error);
