/* Where generated records go: lines on standard output or in files, or topics of Kafka or a data
 * directory. Records of the generator come in, nothing is kept beyond a flush. */
#pragma once
#include "connectors/datagen.h"
#include "tools/topic_home.h"

typedef struct weir_datagen_target {
    weir_home home;     /* names a place for topics, or nothing */
    const char *output; /* a file, a folder (it is there, or ends with a slash), - or NULL */
    const char *topic;  /* instead of the name of the one table */
    uint32_t
        partitions; /* of topics that are made; 0: as the cluster likes, 1 in a data directory */
} weir_datagen_target;

typedef struct weir_datagen_output weir_datagen_output;
/* Opens files and topics; topics that are not there are made. */
weir_rc weir_datagen_output_open(const weir_datagen_spec *spec, weir_datagen_target *target,
                                 weir_datagen_output **out, weir_status *st);
weir_rc weir_datagen_output_add(weir_datagen_output *o, const weir_datagen_record *r,
                                weir_status *st);
/* Others see what was added; `end`: it is durable, too. */
weir_rc weir_datagen_output_flush(weir_datagen_output *o, bool end, weir_status *st);
bool weir_datagen_output_wanted(const weir_datagen_output *o); /* false: the reader has gone away */
bool weir_datagen_output_is_terminal(const weir_datagen_output *o); /* lines are on the screen */
void weir_datagen_output_close(weir_datagen_output *o);
/* The record as a line of `weir run --input`, without a newline. */
void weir_datagen_line(weir_buf *out, const weir_datagen_record *r);
