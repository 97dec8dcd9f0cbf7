/* The three-file form of a test, as ksqlDB's older runner takes it: statements, input records and
 * the records that must come out. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

typedef struct weir_test_files {
    const char *statements, *input, *output;
} weir_test_files;

/* *passed tells; `message` why not. An error: the files cannot be used, there is no result. */
weir_rc weir_test_files_run(const weir_test_files *f, bool *passed, weir_buf *message,
                            weir_status *st);
