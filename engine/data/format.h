/* How keys and values are written in a topic: named formats with options. The codecs themselves
 * are rows in connectors/formats.def (see engine/run/format.h). */
#pragma once
#include "engine/data/type.h"

typedef enum weir_wrapping { WEIR_WRAP_DEFAULT, WEIR_WRAP_YES, WEIR_WRAP_NO } weir_wrapping;

/* ORDER weir_format_kind: names in format.c */
typedef enum weir_format_kind {
    WEIR_FMT_JSON, WEIR_FMT_DELIMITED, WEIR_FMT_KAFKA, WEIR_FMT_NONE,
    WEIR_FMT_AVRO, WEIR_FMT_JSON_SR, WEIR_FMT_PROTOBUF, WEIR_FMT_PROTOBUF_NOSR,
    WEIR_FMT_KINDS
} weir_format_kind;

typedef struct weir_format_spec {
    weir_format_kind kind;
    weir_wrapping wrap;    /* single columns; resolved by the binder for SerdeFeatures */
    char delimiter;        /* DELIMITED; ',' */
    int32_t schema_id;     /* KEY_SCHEMA_ID / VALUE_SCHEMA_ID; 0 = none */
    weir_sv full_name;     /* *_SCHEMA_FULL_NAME */
    weir_sv nullable;      /* PROTOBUF: "OPTIONAL" or "WRAPPER", or empty */
} weir_format_spec;

const char *weir_format_name(weir_format_kind kind);
bool weir_format_by_name(weir_sv name, weir_format_kind *out); /* any case */
