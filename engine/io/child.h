/* Another process of this program, whose standard output is read. */
#pragma once
#include "engine/base/status.h"

typedef struct weir_child weir_child;

/* Starts this program again with other arguments (the last one NULL, its own name not among them).
 * Standard input is empty, standard error is shared. */
weir_rc weir_child_start(const char *const *argv, weir_child **out, weir_status *st);
/* Where its output is read, as a file to open. */
const char *weir_child_path(const weir_child *c);
/* Ends it, if it has not ended. NULL is fine. */
void weir_child_end(weir_child *c);
