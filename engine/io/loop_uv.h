/* What the files of this folder share about a loop: libuv's loop in it, what lives on it and has more to
 * do at its end than to be freed, and what is put off to the end of the turn. */
#pragma once
#include "engine/io/loop.h"

#include <uv.h>

/* Part of a larger struct; linked in by weir__loop_enter. When the loop ends, it is unlinked and told to
 * close and free itself. */
typedef struct weir__lodger {
    struct weir__lodger *next, **link;
    void (*evict)(struct weir__lodger *self);
} weir__lodger;

/* Part of a larger struct, zeroed: something to be done once, before the loop waits again. */
typedef struct weir__chore {
    struct weir__chore *next, **link; /* link NULL: not asked for */
    void (*run)(struct weir__chore *self);
} weir__chore;

#define WEIR__SCRATCH_BYTES 65536

uv_loop_t *weir__loop_uv(weir_loop *l);
void weir__loop_enter(weir_loop *l, weir__lodger *lodger);
void weir__loop_leave(weir__lodger *lodger);
/* Runs at the end of this turn, or of the next when chores are being run. Twice is once. */
void weir__loop_later(weir_loop *l, weir__chore *chore);
void weir__loop_cancel(weir__chore *chore); /* fine when it was not asked for */
/* Memory for bytes that are used up before the callback returns: WEIR__SCRATCH_BYTES of them. */
char *weir__loop_scratch(weir_loop *l);
