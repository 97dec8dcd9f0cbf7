/* What a source does with what is no record: a dead letter with its cause, or it is skipped and told, or
 * the connector stops. Loop thread, after new. */
#pragma once
#include "connectors/conn.h"

/* The rows of the table of options for who uses this. */
#define WEIR_INTAKE_BAD_OPTIONS                                                                          \
    {"errors.tolerance", NULL, WEIR_CONN_CHOICE, "all", false, 0, 0, "none|all",                          \
     "What happens to what is no record, without a topic for it: all: it is skipped and told; none: the "   \
     "connector stops."},                                                                                \
    {                                                                                                    \
        "errors.deadletterqueue.topic.name", "dead.letter.topic", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,  \
            "Where it goes instead, as it came; made when it is not there."                              \
    }

typedef struct weir_intake_bad_end weir_intake_bad_end;
weir_rc weir_intake_bad_new(weir_conn *c, weir_intake_bad_end **out, weir_status *st); /* control thread */
void weir_intake_bad_free(weir_intake_bad_end *b);
/* One that is no record; `where` names its place. False: the connector has stopped. */
bool weir_intake_bad_add(weir_intake_bad_end *b, weir_sv text, weir_sv where, weir_sv why);
/* The dead letters so far, for weir_source_put_all. False: there are none. */
bool weir_intake_bad_take(weir_intake_bad_end *b, weir_source_part *out);
