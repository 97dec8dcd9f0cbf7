/* Names as SQL writes them. A name goes without quotes only where reading it back gives the same
 * name: an upper-case word that is not one of ksqlDB's reserved words. */
#include "engine/data/type.h"

/* Sorted by bytes: looked up by halving. */
static const char *const reserved[] = {
    "ADVANCE",    "ALL",          "AND",         "AS",           "AT",      "BEGINNING",
    "BETWEEN",    "BY",           "CASE",        "CAST",         "CATALOG", "CONNECTOR",
    "CONNECTORS", "CREATE",       "DAYS",        "DECIMAL",      "DELETE",  "DESCRIBE",
    "DISTINCT",   "DROP",         "ELSE",        "END",          "EXISTS",  "EXPORT",
    "EXTENDED",   "FALSE",        "FROM",        "FULL",         "GROUP",   "HAVING",
    "HOPPING",    "HOURS",        "IN",          "INNER",        "INSERT",  "INTO",
    "IS",         "JOIN",         "LEFT",        "LIKE",         "LIMIT",   "LIST",
    "LOAD",       "MATERIALIZED", "MILLISECOND", "MILLISECONDS", "MINUTES", "MONTHS",
    "NAMESPACE",  "NOT",          "NULL",        "ON",           "OR",      "OUTER",
    "PAUSE",      "PRINT",        "PROPERTIES",  "QUERIES",      "QUERY",   "RENAME",
    "RESUME",     "RETENTION",    "RIGHT",       "RUN",          "SAMPLE",  "SCRIPT",
    "SECONDS",    "SELECT",       "SIZE",        "STREAM",       "STREAMS", "TABLE",
    "TERMINATE",  "THEN",         "TO",          "TOPIC",        "TOPICS",  "TRUE",
    "TUMBLING",   "UNSET",        "VALUES",      "VIEW",         "WHEN",    "WHERE",
    "WINDOW",     "WITH",         "WITHIN",      "YEARS",
};

static bool is_reserved(weir_sv name)
{
    size_t from = 0;
    size_t to = WEIR_COUNT(reserved);
    while (from < to) {
        size_t mid = (from + to) / 2;
        int c = weir_sv_cmp(name, weir_sv_cstr(reserved[mid]));
        if (c == 0) {
            return true;
        }
        if (c < 0) {
            to = mid;
        } else {
            from = mid + 1;
        }
    }
    return false;
}

static bool is_plain_word(weir_sv name)
{
    for (uint32_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || c == '_';
        bool later = (c >= '0' && c <= '9') || c == '@';
        if (!letter && !(later && i > 0)) {
            return false;
        }
    }
    return name.n > 0;
}

void weir_name_print(weir_buf *out, weir_sv name, bool quote_all)
{
    if (!quote_all && is_plain_word(name) && !is_reserved(name)) {
        weir_buf_sv(out, name);
        return;
    }
    weir_buf_byte(out, '`');
    for (uint32_t i = 0; i < name.n; i++) {
        if (name.p[i] == '`') {
            weir_buf_byte(out, '`');
        }
        weir_buf_byte(out, name.p[i]);
    }
    weir_buf_byte(out, '`');
}
