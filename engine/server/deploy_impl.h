/* Inside of deploying: deploy_units.c (statements), deploy.c (the two models and what differs),
 * deploy_words.c (consequences in words), deploy_apply.c, deploy_print.c. */
#pragma once
#include "dsl/parse.h"
#include "engine/server/deploy.h"
#include "engine/server/session_impl.h"

typedef enum weir__unit_kind {
    WEIR__UNIT_SOURCE,    /* CREATE STREAM, TABLE */
    WEIR__UNIT_QUERY,     /* INSERT INTO … SELECT */
    WEIR__UNIT_ROWS,      /* INSERT INTO … VALUES */
    WEIR__UNIT_TYPE,
    WEIR__UNIT_CONNECTOR,
    WEIR__UNIT_SETTING,   /* SET, UNSET */
} weir__unit_kind;

/* One statement of what is, or of what should be. */
typedef struct weir__unit weir__unit;
struct weir__unit {
    weir_sv bundle, text, canonical;
    const char *file;      /* where it stands; NULL: in a revision */
    weir_sv file_text;
    uint32_t at;           /* byte in it */
    weir__unit_kind kind;
    bool table;
    weir_sv name;
    bool names_query;      /* WITH (QUERY_ID=…) */
    uint64_t number;       /* of its query, or WEIR_NO_QUERY */
    weir__unit *other;     /* the same thing in the other model */
    /* after it was executed */
    weir_sv query_id;      /* empty: it makes none */
    const weir_plan *plan;
    weir_sv plan_text;
    const weir_source *source; /* what it makes or writes */
    weir_start_kind start;
    /* of what should be, after the comparison */
    weir_change_action action;
    weir_state_fate state;
    bool takes_over;       /* a query that was here before goes on with another plan */
    bool adopted;          /* … that query files had started */
    weir_sv reason;
};

typedef struct weir__model {
    weir_session *session;
    weir__unit **units;
    uint32_t n, cap;
} weir__model;

/* A query that the store knows. */
typedef struct weir__stored_plan {
    weir_sv id, text;
    bool claimed; /* by a unit of what should be */
} weir__stored_plan;

struct weir_deploy {
    weir_arena arena;
    weir_deploy_config config;
    weir__model is, should;
    weir__stored_plan *stored;
    uint32_t n_stored, cap_stored;
    uint64_t next; /* free number of a query */
    const weir_revision *before; /* of the bundle; NULL: not in force */
    weir_revision revision;
    weir__unit *executing;
    weir_change *changes;
    uint32_t n_changes, cap_changes;
    bool differs;
};

/* deploy_units.c: the statements of a revision, of a bundle; in the arena of `d`. */
weir_rc weir__units_of_revision(weir_deploy *d, weir__model *m, const weir_revision *r, weir_status *st);
weir_rc weir__units_of_bundle(weir_deploy *d, weir__model *m, const weir_bundle *b, weir_buf *told,
                              weir_status *st);
bool weir__keeps_state(const weir_plan *p); /* deploy.c */
/* deploy_words.c: fills in `changes`. */
void weir__deploy_words(weir_deploy *d);
