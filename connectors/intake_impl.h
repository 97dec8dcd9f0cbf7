/* Between intake_open.c, which makes it, and intake.c, which uses it. */
#pragma once
#include "connectors/intake.h"
#include "connectors/intake_time.h"

/* Key or value of the records, encoded from columns; raw: copied. */
typedef struct weir__intake_side {
    const weir_format *format;
    void *encoder;
    uint32_t n;
    uint32_t *cols; /* in `schema` */
} weir__intake_side;

struct weir_intake {
    weir_conn *conn;
    weir_source_output *to;
    const weir_schema *schema;  /* all columns, as members of one object */
    void *decoder;
    weir_conn_condition condition;
    int32_t key_from;           /* column whose text or value is the key; -1: the key columns, or none */
    bool key_is_text;           /* the key's bytes are that column's text */
    bool bare;                  /* no options */
    bool value_raw;
    weir__intake_side key, value;
    weir_sv time_field;         /* empty: the time is that of the arrival */
    weir__intake_time *time;
    int64_t *times;             /* of the documents; NULL: that of the arrival */
    weir_arena arena, step;
    const weir_sv *docs;
    uint32_t n_docs;
    weir_batch *batch;
    uint64_t bad[WEIR_BITS_WORDS];
    weir_intake_bad *told;
    uint32_t n_told, cap_told;
};
