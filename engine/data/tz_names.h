/* Tables of zone names. For tz.c only. */
#pragma once
#include "engine/base/base.h"

typedef struct weir__tz_zone {
    const char *id;
    uint16_t set; /* index into weir__tz_name_sets */
} weir__tz_zone;

extern const char *const weir__tz_name_sets[];
extern const uint32_t weir__tz_n_name_sets;
extern const weir__tz_zone weir__tz_zones[];
extern const uint32_t weir__tz_n_zones;
