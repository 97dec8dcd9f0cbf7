/* What the files of this folder share about a loop: libuv's loop in it, and the list of what lives on
 * it and has more to do at its end than to be freed. */
#pragma once
#include "engine/io/loop.h"

#include <uv.h>

/* Part of a larger struct; linked in by weir__loop_enter. When the loop ends, it is unlinked and told to
 * close its handles. */
typedef struct weir__lodger {
    struct weir__lodger *next, **link;
    void (*evict)(struct weir__lodger *self);
} weir__lodger;

uv_loop_t *weir__loop_uv(weir_loop *l);
void weir__loop_enter(weir_loop *l, weir__lodger *lodger);
void weir__loop_leave(weir__lodger *lodger);
