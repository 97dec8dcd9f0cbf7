/* The catalog: what statements have made so far. dsl/bind reads a snapshot and never changes it;
 * engine/server applies bound statements to it. Single-threaded (control thread). */
#pragma once
#include "engine/data/format.h"
#include "engine/data/schema.h"
#include "engine/data/window.h"

typedef struct weir_source {
    weir_sv name;
    bool table;
    bool read_only;            /* CREATE SOURCE … */
    bool created_by_query;     /* CSAS/CTAS */
    const weir_schema *schema; /* keys, values, header columns; no pseudo columns */
    weir_sv topic;
    weir_format_spec key_format, value_format;
    weir_window window;        /* of the key; kind NONE: not windowed */
    weir_sv lookup;            /* a table that is looked up: the kind of its connector, and there is no
                                  topic; else empty */
    weir_sv timestamp_column;  /* WITH (TIMESTAMP='…'), or empty */
    weir_sv timestamp_format;  /* java.time pattern, or empty */
    int32_t partitions;        /* of the topic; 0 = not known */
    int32_t replicas;
    int64_t retention_ms;      /* -1 = not given */
    weir_sv sql;               /* the statement that made it */
    uint64_t version;          /* counts replacements */
} weir_source;

weir_source *weir_source_copy(weir_arena *a, const weir_source *s); /* deep: for plans */

typedef struct weir_custom_type {
    weir_sv name;
    const weir_type *type;
} weir_custom_type;

typedef struct weir_query_info {
    weir_sv id;                /* CSAS_OUT_0 */
    weir_sv sink;              /* source written, or empty */
    const weir_sv *sources;    /* sources read, in statement order */
    uint32_t n_sources;
    weir_sv sql;
    const struct weir_plan *plan;
    bool paused;
} weir_query_info;

typedef struct weir_catalog weir_catalog;

weir_catalog *weir_catalog_new(void);
void weir_catalog_free(weir_catalog *c);
/* Lookups: exact names. NULL when absent. Pointers are valid until the entry is dropped. */
const weir_source *weir_catalog_source(const weir_catalog *c, weir_sv name);
const weir_custom_type *weir_catalog_type(const weir_catalog *c, weir_sv name);
const weir_query_info *weir_catalog_query(const weir_catalog *c, weir_sv id);
uint32_t weir_catalog_sources(const weir_catalog *c); /* in creation order */
const weir_source *weir_catalog_source_at(const weir_catalog *c, uint32_t i);
uint32_t weir_catalog_types(const weir_catalog *c);
const weir_custom_type *weir_catalog_type_at(const weir_catalog *c, uint32_t i);
uint32_t weir_catalog_queries(const weir_catalog *c); /* in creation order */
const weir_query_info *weir_catalog_query_at(const weir_catalog *c, uint32_t i);
/* Partition count of a topic, or 0 when the topic does not exist. */
int32_t weir_catalog_topic_partitions(const weir_catalog *c, weir_sv topic);

/* Changes; everything is copied in, except query plans (borrowed; must outlive the entry). */
void weir_catalog_put_source(weir_catalog *c, const weir_source *s); /* adds or replaces in place */
bool weir_catalog_drop_source(weir_catalog *c, weir_sv name);
void weir_catalog_put_type(weir_catalog *c, weir_sv name, const weir_type *type);
bool weir_catalog_drop_type(weir_catalog *c, weir_sv name);
void weir_catalog_put_query(weir_catalog *c, const weir_query_info *q); /* adds or replaces in place */
bool weir_catalog_drop_query(weir_catalog *c, weir_sv id);
void weir_catalog_put_topic(weir_catalog *c, weir_sv topic, int32_t partitions);
bool weir_catalog_drop_topic(weir_catalog *c, weir_sv topic);

/* Numbers query ids: CSAS_X_<n>. */
uint64_t weir_catalog_next_query(weir_catalog *c);
uint64_t weir_catalog_peek_query(const weir_catalog *c);
void weir_catalog_query_from(weir_catalog *c, uint64_t n); /* the next number; it must be free */
