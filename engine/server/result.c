/* Names of statements as ksqlDB's answers carry them. */
#include "engine/server/session_impl.h"

const char *weir_bound_name(const weir_bound *b)
{
    bool table = (b->kind == WEIR_B_CREATE_SOURCE || b->kind == WEIR_B_CREATE_AS ||
                  b->kind == WEIR_B_ALTER) &&
                 b->as.create.source.table;
    /* ORDER weir_bound_kind */
    static const char *const names[][2] = {
        {"CREATE_STREAM", "CREATE_TABLE"},
        {"CREATE_STREAM_AS_SELECT", "CREATE_TABLE_AS_SELECT"},
        {"INSERT_INTO", NULL},
        {"INSERT_VALUES", NULL},
        {"SELECT", NULL},
        {"DROP_SOURCE", NULL},
        {"ALTER_STREAM", "ALTER_TABLE"},
        {"REGISTER_TYPE", NULL},
        {"DROP_TYPE", NULL},
        {"CREATE_CONNECTOR", NULL},
        {"DROP_CONNECTOR", NULL},
        {"TERMINATE_QUERY", NULL},
        {"PAUSE_QUERY", NULL},
        {"RESUME_QUERY", NULL},
        {"EXPLAIN", NULL},
        {"DESCRIBE", NULL},
        {"DESCRIBE_STREAMS", NULL},
        {"DESCRIBE_TABLES", NULL},
        {"DESCRIBE_FUNCTION", NULL},
        {"DESCRIBE_CONNECTOR", NULL},
        {"PAUSE_CONNECTOR", NULL},
        {"RESUME_CONNECTOR", NULL},
        {"CHECK_CONNECTOR", NULL},
        {"SHOW", NULL},
        {"PRINT", NULL},
        {"SET", NULL},
        {"UNSET", NULL},
        {"ALTER_SYSTEM", NULL},
        {"DEFINE", NULL},
        {"UNDEFINE", NULL},
        {"ASSERT_TOPIC", NULL},
        {"ASSERT_SCHEMA", NULL},
        {"ASSERT_VALUES", NULL},
        {"ASSERT_NULL_VALUES", NULL},
        {"ASSERT_SOURCE", NULL},
        {"RUN_SCRIPT", NULL},
    };
    WEIR_ASSERT((size_t)b->kind < WEIR_COUNT(names));
    return names[b->kind][table];
}
