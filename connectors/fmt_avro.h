/* Between the files of the AVRO format.
 *
 *   columns ─► schema text (fmt_avro_schema.c) ─► registry ─► id
 *   schema text ─► weir__avro (fmt_avro_parse.c) ─► readers for the columns (fmt_avro_decode.c)
 *                                                └► writers for the columns (fmt_avro_encode.c)
 *
 * A record is 00, the id as 4 bytes big-endian, and the value in Avro's binary encoding. */
#pragma once
#include "engine/base/limits.h"
#include "engine/data/json.h"
#include "engine/run/format.h"

/* ORDER weir__avro_kind: names in fmt_avro_parse.c, those without parameters first */
typedef enum weir__avro_kind {
    WEIR__AVRO_NULL,
    WEIR__AVRO_BOOLEAN,
    WEIR__AVRO_INT,
    WEIR__AVRO_LONG,
    WEIR__AVRO_FLOAT,
    WEIR__AVRO_DOUBLE,
    WEIR__AVRO_BYTES,
    WEIR__AVRO_STRING,
    WEIR__AVRO_RECORD,
    WEIR__AVRO_ENUM,
    WEIR__AVRO_FIXED,
    WEIR__AVRO_ARRAY,
    WEIR__AVRO_MAP,
    WEIR__AVRO_UNION,
    WEIR__AVRO_KINDS
} weir__avro_kind;

/* ORDER weir__avro_logical: names in fmt_avro_parse.c. Others say nothing about the bytes. */
typedef enum weir__avro_logical {
    WEIR__AVRO_PLAIN,
    WEIR__AVRO_DECIMAL,
    WEIR__AVRO_DATE,
    WEIR__AVRO_TIME,
    WEIR__AVRO_TIMESTAMP,
    WEIR__AVRO_LOGICALS
} weir__avro_logical;

/* A node of a parsed schema. Records may contain themselves: whoever walks needs a depth. */
typedef struct weir__avro weir__avro;
typedef struct weir__avro_field {
    weir_sv name;
    const weir__avro *type;
    const weir_json_node *standard; /* value of writers that do not have the field; NULL: none */
} weir__avro_field;

struct weir__avro {
    weir__avro_kind kind;
    weir__avro_logical logical;
    int32_t precision, scale; /* DECIMAL */
    uint32_t size;            /* FIXED */
    weir_sv name;             /* RECORD, ENUM, FIXED: with its namespace */
    bool map_entries;         /* ARRAY: Connect's way to write a map, as records of key and value */
    uint32_t n;               /* RECORD: fields · UNION: branches · ENUM: symbols */
    const weir__avro_field *fields;
    const weir__avro **branches;
    const weir_sv *symbols;
    const weir__avro *item; /* ARRAY, MAP: of a value */
};

/* WEIR_EDATA when it is no Avro schema. Everything lives in `a`. */
weir_rc weir__avro_parse(weir_arena *a, weir_sv text, const weir__avro **out, weir_status *st);
/* The other branch of a union of null and one other type; else NULL. */
const weir__avro *weir__avro_optional(const weir__avro *t, uint32_t *null_branch);
const char *weir__avro_kind_name(weir__avro_kind kind);

/* The name of a column or field as Avro allows it. */
weir_sv weir__avro_field_name(weir_arena *a, weir_sv name);
weir_rc weir__avro_schema(weir_arena *a, const weir_codec_spec *spec, weir_sv *text,
                          weir_status *st);
weir_rc weir__avro_columns(weir_arena *a, const weir_codec_spec *spec, weir_sv text, bool unwrap,
                           const weir_column **cols, uint32_t *n, weir_status *st);
/* The name of a branch when a union of several types becomes a STRUCT. */
weir_sv weir__avro_branch_name(const weir__avro *t);

weir_rc weir__avro_decoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st);
void weir__avro_decode(void *decoder, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                       weir_arena *step, weir_bad_rows *bad);
weir_rc weir__avro_encoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st);
void weir__avro_encode(void *encoder, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                       weir_buf *out, uint32_t *ends, uint64_t *null);
