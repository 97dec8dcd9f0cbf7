/* Inputs and outputs of `weir run`: files of record lines, merged by timestamp into topics, and
 * topics written back as lines. */
#pragma once
#include "engine/server/lines.h"

typedef struct weir_input weir_input;   /* one --input TOPIC=FILE */
typedef struct weir_inputs weir_inputs; /* all of them */

weir_inputs *weir_inputs_new(void);
void weir_inputs_free(weir_inputs *in);
/* Opens the file ("-": standard input). `spec` is TOPIC=FILE. */
weir_rc weir_inputs_open(weir_inputs *in, const char *spec, weir_status *st);
/* After the statements have run: finds topics and formats. */
weir_rc weir_inputs_bind(weir_inputs *in, weir_session *s, weir_status *st);
/* Takes up to `most` records in order (smallest timestamp first, ties by option order) and appends
 * them to their topics. *taken 0: all files are at their end. */
weir_rc weir_inputs_take(weir_inputs *in, weir_session *s, uint32_t most, uint32_t *taken,
                         weir_status *st);
uint32_t weir_inputs_count(const weir_inputs *in);
weir_sv weir_inputs_topic(const weir_inputs *in, uint32_t i);
uint64_t weir_inputs_records(const weir_inputs *in, uint32_t i);

/* Writes all records of a topic, oldest first, to FILE ("-": standard output); *records counts. */
weir_rc weir_output_write(weir_session *s, weir_sv topic, const char *file, uint64_t *records,
                          weir_status *st);
/* Splits TOPIC=FILE. */
weir_rc weir_split_spec(const char *option, const char *spec, weir_sv *topic, const char **file,
                        weir_status *st);
/* The first source that was declared over a topic, or NULL. */
const weir_source *weir_source_of_topic(const weir_catalog *c, weir_sv topic);
