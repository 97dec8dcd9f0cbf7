/* Inside of deploying: deploy_units.c (statements), deploy_model.c (the two models), deploy_compare.c (what
 * differs), deploy_words.c (consequences in words), deploy.c (the plan), deploy_apply.c, deploy_print.c. */
#pragma once
#include "connectors/connect.h"
#include "dsl/parse.h"
#include "engine/server/deploy.h"
#include "engine/server/session_impl.h"

/* ORDER weir_change_action: names in deploy_print.c */
typedef enum weir_change_action { WEIR_KEEP, WEIR_CREATE, WEIR_REPLACE, WEIR_DROP } weir_change_action;

/* ORDER weir_state_fate: names in deploy_print.c */
typedef enum weir_state_fate {
    WEIR_STATE_NONE,    /* there is none */
    WEIR_STATE_KEPT,
    WEIR_STATE_NEW,     /* a new query */
    WEIR_STATE_REBUILT, /* lost, and made again from the beginning of what is read */
    WEIR_STATE_LOST,
} weir_state_fate;

typedef struct weir_change {
    weir_change_action action;
    weir_sv bundle;
    const char *kind; /* stream, table, type, connector, query, rows, setting */
    weir_sv name;
    weir_sv query;    /* its id; may be empty */
    weir_sv reason;
    weir_state_fate state;
    weir_sv state_text, topic_text; /* consequences, in words; may be empty */
} weir_change;

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
    const weir_conn_kind *connector; /* what it is, or what a stream or table has; NULL: none */
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
/* deploy_model.c. Statements that are wrong are told, as weir_deploy_plan says. */
weir_rc weir__model_is(weir_deploy *d, weir_buf *told, weir_status *st);
weir_rc weir__model_should(weir_deploy *d, weir_buf *told, weir_status *st);
/* deploy_compare.c: sets action, state and reason of what should be, and `differs`. */
weir_rc weir__compare(weir_deploy *d, weir_status *st);
bool weir__keeps_state(const weir_plan *p);
/* Of what is: it has a connector's position, and what should be has none, or of another kind. */
bool weir__loses_position(const weir__unit *was);
/* The number at the end of CTAS_X_12; -1: there is none. `stem` is what stands in front of it. */
int64_t weir__number_of(weir_sv id, weir_sv *stem);
/* deploy_words.c: fills in `changes`. */
void weir__deploy_words(weir_deploy *d);
