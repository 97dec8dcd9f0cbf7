/* Inputs and outputs of `weir run`: files of record lines, merged by timestamp into topics, and
 * topics written as lines while they grow. */
#pragma once
#include "engine/io/loop.h"
#include "engine/server/lines.h"

/* ---- run_inputs.c ---- */

typedef struct weir_inputs weir_inputs; /* all --input TOPIC=FILE */

weir_inputs *weir_inputs_new(void);
void weir_inputs_free(weir_inputs *in);
/* Opens the file ("-": standard input). `spec` is TOPIC=FILE. */
weir_rc weir_inputs_open(weir_inputs *in, const char *spec, weir_status *st);
/* After the statements have run: finds topics and formats. What is no ordinary file is read by a
 * thread of its own; the loop is made busy when there is more. */
weir_rc weir_inputs_bind(weir_inputs *in, weir_session *s, weir_loop *loop, weir_status *st);
/* Takes up to `most` records in order (smallest timestamp first, ties by option order) and appends
 * them to their topics. `patient`: an input that has to be waited for holds the others up, so that the
 * order does not depend on time; else it is passed over. *waiting: some input may still get more. */
weir_rc weir_inputs_take(weir_inputs *in, weir_session *s, uint32_t most, bool patient,
                         uint32_t *taken, bool *waiting, weir_status *st);
uint32_t weir_inputs_count(const weir_inputs *in);
weir_sv weir_inputs_topic(const weir_inputs *in, uint32_t i);
uint64_t weir_inputs_records(const weir_inputs *in, uint32_t i);

/* ---- run_outputs.c ---- */

typedef struct weir_outputs weir_outputs; /* all --output TOPIC=FILE */

weir_outputs *weir_outputs_new(void);
void weir_outputs_free(weir_outputs *o);
/* After the statements have run: the topic must exist; the file ("-": standard output) is emptied. */
weir_rc weir_outputs_open(weir_outputs *o, weir_session *s, const char *spec, weir_status *st);
/* Writes what the topics have got since the last call, each partition in its order, and flushes. */
weir_rc weir_outputs_pump(weir_outputs *o, weir_status *st);
/* Everything that the topics have now is written. */
weir_rc weir_outputs_idle(weir_outputs *o, bool *idle, weir_status *st);
uint32_t weir_outputs_count(const weir_outputs *o);
weir_sv weir_outputs_topic(const weir_outputs *o, uint32_t i);
uint64_t weir_outputs_records(const weir_outputs *o, uint32_t i);

/* Splits TOPIC=FILE. */
weir_rc weir_split_spec(const char *option, const char *spec, weir_sv *topic, const char **file,
                        weir_status *st);
/* The first source that was declared over a topic, or NULL. */
const weir_source *weir_source_of_topic(const weir_catalog *c, weir_sv topic);
