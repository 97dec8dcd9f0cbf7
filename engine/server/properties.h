/* The properties that SET and --set know: rows of properties.def, and whole families by prefix. */
#pragma once
#include "engine/base/status.h"

typedef struct weir_property {
    const char *name;
    const char *standard; /* default value; may be empty */
    const char *doc;
} weir_property;

extern const weir_property weir_properties[];
extern const uint32_t weir_properties_n;

/* A name as the session keeps it: without `ksql.streams.`. */
weir_sv weir_property_plain(weir_sv name);
/* WEIR_EUSAGE with ksqlDB's words and the nearest name when nobody knows it. */
weir_rc weir_property_check(weir_sv name, weir_status *st);
#define WEIR_STATE_MEMORY "weir.state.memory.bytes"
/* A number of bytes: digits, then nothing, KB, MB, GB or TB (of 1024). */
weir_rc weir_property_bytes(weir_sv name, weir_sv value, uint64_t *bytes, weir_status *st);
