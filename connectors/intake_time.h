/* The time of a record from a field of its object. For intake.c. */
#pragma once
#include "connectors/conn.h"

typedef struct weir__intake_time weir__intake_time;

/* Control thread. Memory from `a`. `column` of `schema` is the field of option timestamp.field. */
weir_rc weir__intake_time_new(weir_conn *c, weir_arena *a, const weir_schema *schema, uint32_t column,
                              weir__intake_time **out, weir_status *st);
#define WEIR__INTAKE_ARRIVAL INT64_MIN /* it has none: that of its arrival */
/* The time of a row, in ms. Not NULL: why it is to be refused. */
const char *weir__intake_time_of(weir__intake_time *t, const weir_batch *b, uint32_t row, int64_t *ms);
