/* Inside of a session. For the files of engine/server that execute statements. */
#pragma once
#include "engine/run/lookup.h"
#include "engine/server/grid.h"
#include "engine/server/session.h"

typedef struct weir_setting {
    weir_sv name, value; /* owned */
} weir_setting;

typedef struct weir_setting_list {
    weir_setting *items;
    size_t n, cap;
} weir_setting_list;

/* INSERT INTO … VALUES that this run has come by: how often each text. */
typedef struct weir_journal_text {
    uint64_t hash;
    uint32_t seen;
} weir_journal_text;

/* How far ASSERT VALUES has read a partition. */
typedef struct weir_asserted {
    weir_sv topic; /* owned */
    int32_t partition;
    int64_t next;
} weir_asserted;

/* A query and the arena its plan lives in. */
typedef struct weir_held_query {
    weir_query *query;
    weir_arena *arena;
} weir_held_query;

struct weir_session {
    weir_session_config config;
    weir_store *store;
    weir_topics *topics;
    weir_engine *engine;
    weir_catalog *catalog;
    weir_functions *functions;
    weir_formats formats; /* the built-in ones, with the session's registry */
    weir_registry **registries; /* all that were in use: codecs keep theirs */
    size_t n_registries, cap_registries;
    weir_setting_list props, vars;
    const weir_bundle_schema **wanted; /* schemas for the registry */
    size_t n_wanted, cap_wanted;
    weir_held_query *queries;
    size_t n_queries, cap_queries;
    int64_t next_seq;
    uint64_t transient;        /* numbers transient queries */
    uint32_t line, col;        /* of the statement being executed, in its script; 0: none */
    uint32_t script_depth;     /* RUN SCRIPT inside RUN SCRIPT */
    weir_store_batch *journal; /* entries of the next commit; NULL without a store */
    weir_journal_text *inserts;
    size_t n_inserts, cap_inserts;
    weir_asserted *asserted;
    size_t n_asserted, cap_asserted;
    struct weir_connect *connect; /* NULL: no connector yet */
    weir_lookups lookups;         /* the engine's way to tables that are looked up */
};

bool weir_settings_get(const weir_setting_list *l, weir_sv name, bool any_case, weir_sv *value);
void weir_settings_put(weir_setting_list *l, weir_sv name, bool any_case, weir_sv value);
void weir_settings_drop(weir_setting_list *l, weir_sv name, bool any_case);
void weir_settings_deinit(weir_setting_list *l);

/* statement.c. `a` is the statement's arena; sets *keep when something now lives in it. */
weir_rc weir_statement_execute(weir_session *s, const weir_ast_stmt *stmt, weir_arena *a, bool *keep,
                               weir_status *st);
/* show.c: statements that only look. */
weir_rc weir_statement_show(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                            weir_status *st);
/* describe.c: DESCRIBE, EXPLAIN. show.c hands them on. */
weir_rc weir_statement_describe(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                                weir_status *st);
weir_rc weir_statement_explain(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                               weir_status *st);
weir_rc weir_statement_describe_function(weir_session *s, weir_sv name, weir_arena *a,
                                         weir_result *r, weir_status *st);
/* connectors.c: CREATE, DROP, PAUSE, RESUME, CHECK CONNECTOR; and what is shown of them. */
weir_rc weir_statement_connector(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                                 weir_status *st);
weir_rc weir_statement_describe_connector(weir_session *s, weir_sv name, weir_arena *a,
                                          weir_result *r, weir_status *st);
void weir__show_connectors(weir_session *s, weir_ast_show what, weir_grid *g);
/* The connector that CREATE STREAM or TABLE asks for, or none any more. The stream is in the catalog. */
weir_rc weir__stream_connector(weir_session *s, const weir_bound *b, weir_arena *a, weir_status *st);
/* For weir_lookups and weir_props; the context is the session. */
struct weir_lookup;
struct weir_lookup_spec;
weir_rc weir__open_lookup(void *ctx, const struct weir_lookup_spec *spec, struct weir_lookup **out,
                          weir_status *st);
bool weir__looks_up(void *ctx, weir_sv connector);
void weir__drop_stream_connector(weir_session *s, weir_sv stream);
/* Fails when a connector reads or writes the topic, but those of these streams. */
weir_rc weir__topic_unused(weir_session *s, weir_sv topic, const weir_sv *streams, uint32_t n,
                           weir_status *st);
/* print.c: PRINT. */
weir_rc weir_statement_print(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                             weir_status *st);
/* assert.c: WEIR_EDATA with ksqlDB's message when the assertion does not hold. */
weir_rc weir_statement_assert(weir_session *s, const weir_bound *b, weir_arena *a, weir_status *st);
void weir__asserted_deinit(weir_session *s);
/* schemas.c. The registry of ksql.schema.registry.url; an empty one: the session's own, or none. */
void weir__use_registry(weir_session *s, weir_sv url);
/* Registers the schemas of key and value where their formats have one; unless `always`,
 * a subject that has a schema is left alone. */
weir_rc weir__register_schemas(weir_session *s, const weir_source *src, bool always, weir_arena *a,
                               weir_status *st);
/* For weir_props.infer; the context is the session. */
weir_rc weir__infer_schema(void *ctx, const weir_inference *what, weir_arena *a,
                           const weir_column **cols, uint32_t *n, weir_status *st);
/* Puts the wanted ones into the registry that is in use now. */
weir_rc weir__put_wanted_schemas(weir_session *s, weir_status *st);
weir_rc weir__drop_schemas(weir_session *s, weir_sv topic, weir_arena *a, weir_status *st);
/* script.c: RUN SCRIPT. */
weir_rc weir_statement_run_script(weir_session *s, weir_sv file, weir_status *st);
/* journal.c. True: this INSERT was committed in an earlier run. Else it is noted for the commit. */
weir_rc weir__journal_insert(weir_session *s, weir_sv text, bool *done, weir_status *st);
/* The INSERT with this text, after `seen` others, was committed. */
weir_rc weir__journal_has(weir_store *store, weir_sv text, uint32_t seen, bool *has,
                          weir_status *st);
/* start.c: where new queries begin to read, by the properties. `a` lives as long as the start. */
weir_rc weir__start_position(weir_session *s, weir_arena *a, weir_start *out, weir_status *st);
/* result.c: "CREATE_STREAM_AS_SELECT", … */
const char *weir_bound_name(const weir_bound *b);
/* The properties as the binder reads them. */
weir_props weir_session_props(weir_session *s);
