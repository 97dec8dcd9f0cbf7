/* WITH (…) of CREATE, CREATE AS and INSERT INTO: names, types of values, combinations. The texts of
 * errors are those of Kafka's ConfigDef, which ksqlDB shows. */
#include "dsl/binder.h"

#include "engine/base/limits.h"
#include "engine/data/datetime.h"
#include "engine/data/text.h"

typedef enum prop_type { STRING, INT, SHORT, LONG, BOOLEAN } prop_type;
enum { CREATE = 1, CREATE_AS = 2 };

/* ORDER prop_id */
typedef enum prop_id {
    KAFKA_TOPIC,
    PARTITIONS,
    REPLICAS,
    RETENTION_MS,
    CLEANUP_POLICY,
    TIMESTAMP,
    TIMESTAMP_FORMAT,
    FORMAT,
    KEY_FORMAT,
    VALUE_FORMAT,
    WRAP_SINGLE_VALUE,
    KEY_DELIMITER,
    VALUE_DELIMITER,
    KEY_SCHEMA_ID,
    VALUE_SCHEMA_ID,
    KEY_SCHEMA_FULL_NAME,
    VALUE_SCHEMA_FULL_NAME,
    VALUE_AVRO_SCHEMA_FULL_NAME,
    KEY_NULLABLE,
    VALUE_NULLABLE,
    WINDOW_TYPE,
    WINDOW_SIZE,
    SOURCE_CONNECTOR,
    SOURCED_BY_CONNECTOR,
    PROPS
} prop_id;

static const struct {
    const char *name;
    prop_type type;
    int where;
} props[PROPS] = {
    [KAFKA_TOPIC] = {"KAFKA_TOPIC", STRING, CREATE | CREATE_AS},
    [PARTITIONS] = {"PARTITIONS", INT, CREATE | CREATE_AS},
    [REPLICAS] = {"REPLICAS", SHORT, CREATE | CREATE_AS},
    [RETENTION_MS] = {"RETENTION_MS", LONG, CREATE | CREATE_AS},
    [CLEANUP_POLICY] = {"CLEANUP_POLICY", STRING, CREATE | CREATE_AS},
    [TIMESTAMP] = {"TIMESTAMP", STRING, CREATE | CREATE_AS},
    [TIMESTAMP_FORMAT] = {"TIMESTAMP_FORMAT", STRING, CREATE | CREATE_AS},
    [FORMAT] = {"FORMAT", STRING, CREATE | CREATE_AS},
    [KEY_FORMAT] = {"KEY_FORMAT", STRING, CREATE | CREATE_AS},
    [VALUE_FORMAT] = {"VALUE_FORMAT", STRING, CREATE | CREATE_AS},
    [WRAP_SINGLE_VALUE] = {"WRAP_SINGLE_VALUE", BOOLEAN, CREATE | CREATE_AS},
    [KEY_DELIMITER] = {"KEY_DELIMITER", STRING, CREATE | CREATE_AS},
    [VALUE_DELIMITER] = {"VALUE_DELIMITER", STRING, CREATE | CREATE_AS},
    [KEY_SCHEMA_ID] = {"KEY_SCHEMA_ID", INT, CREATE | CREATE_AS},
    [VALUE_SCHEMA_ID] = {"VALUE_SCHEMA_ID", INT, CREATE | CREATE_AS},
    [KEY_SCHEMA_FULL_NAME] = {"KEY_SCHEMA_FULL_NAME", STRING, CREATE | CREATE_AS},
    [VALUE_SCHEMA_FULL_NAME] = {"VALUE_SCHEMA_FULL_NAME", STRING, CREATE | CREATE_AS},
    [VALUE_AVRO_SCHEMA_FULL_NAME] = {"VALUE_AVRO_SCHEMA_FULL_NAME", STRING, CREATE | CREATE_AS},
    [KEY_NULLABLE] = {"KEY_PROTOBUF_NULLABLE_REPRESENTATION", STRING, CREATE | CREATE_AS},
    [VALUE_NULLABLE] = {"VALUE_PROTOBUF_NULLABLE_REPRESENTATION", STRING, CREATE | CREATE_AS},
    [WINDOW_TYPE] = {"WINDOW_TYPE", STRING, CREATE},
    [WINDOW_SIZE] = {"WINDOW_SIZE", STRING, CREATE},
    [SOURCE_CONNECTOR] = {"SOURCE_CONNECTOR", STRING, CREATE},
    [SOURCED_BY_CONNECTOR] = {"SOURCED_BY_CONNECTOR", STRING, CREATE},
};

typedef struct value {
    bool given;
    weir_span span; /* of the value */
    weir_sv text;
    int64_t number;
} value;

typedef struct with {
    weir__binder *b;
    value v[PROPS];
    weir_option *options; /* of a connector */
    uint32_t n_options;
} with;

/* ---------------------------------------------------------------- single values */

weir_rc weir__option_text(weir__binder *b, const weir_ast_expr *e, weir_sv *out)
{
    switch (e->kind) {
    case WEIR_X_STRING:
    case WEIR_X_DECIMAL:
        *out = weir_arena_sv(b->a, e->as.text);
        return WEIR_OK;
    case WEIR_X_BOOLEAN:
        *out = e->as.boolean ? WEIR_SV("true") : WEIR_SV("false");
        return WEIR_OK;
    case WEIR_X_INTEGER:
    case WEIR_X_BIGINT:
    case WEIR_X_DOUBLE:
        *out = weir__text(b, e);
        return WEIR_OK;
    case WEIR_X_VARIABLE:
        return weir__fail(b, e->span, "variable ${" WEIR_SV_FMT "} is not defined",
                          WEIR_SV_ARG(e->as.text));
    case WEIR_X_NULL:
    case WEIR_X_COLUMN:
    case WEIR_X_FIELD:
    case WEIR_X_INDEX:
    case WEIR_X_UNARY:
    case WEIR_X_BINARY:
    case WEIR_X_COMPARE:
    case WEIR_X_LOGIC:
    case WEIR_X_NOT:
    case WEIR_X_IS_NULL:
    case WEIR_X_BETWEEN:
    case WEIR_X_IN:
    case WEIR_X_LIKE:
    case WEIR_X_CASE:
    case WEIR_X_CAST:
    case WEIR_X_ARRAY:
    case WEIR_X_MAP:
    case WEIR_X_STRUCT:
    case WEIR_X_CALL:
    case WEIR_X_LAMBDA:
    case WEIR_X_AT_ZONE:
        break;
    }
    return weir__fail(b, e->span, "a property needs a literal value");
}

static weir_rc invalid(with *w, prop_id id, const char *why)
{
    return weir__fail(w->b, w->v[id].span, "Invalid value " WEIR_SV_FMT " for property %s: %s",
                      WEIR_SV_ARG(w->v[id].text), props[id].name, why);
}

static weir_rc check_value(with *w, prop_id id, const weir_ast_expr *e)
{
    static const char *const java[] = {"a 32-bit integer", "a 16-bit integer", "a 64-bit integer"};
    value *v = &w->v[id];
    if (props[id].type == STRING) {
        if (e->kind == WEIR_X_STRING) {
            return WEIR_OK;
        }
        const char *class = e->kind == WEIR_X_BOOLEAN  ? "Boolean"
                            : e->kind == WEIR_X_DOUBLE ? "Double"
                            : e->kind == WEIR_X_BIGINT ? "Long"
                                                       : "Integer";
        weir_sv why =
            weir__str(w->b, "Expected value to be a string, but it was a java.lang.%s", class);
        return invalid(w, id, why.p);
    }
    if (props[id].type == BOOLEAN) {
        v->number = weir_sv_ieq(weir_sv_trim(v->text), WEIR_SV("true"));
        if (v->number || weir_sv_ieq(weir_sv_trim(v->text), WEIR_SV("false"))) {
            return WEIR_OK;
        }
        return invalid(w, id, "Expected value to be either true or false");
    }
    bool number = e->kind == WEIR_X_STRING || e->kind == WEIR_X_INTEGER || e->kind == WEIR_X_BIGINT;
    int64_t max = props[id].type == INT     ? INT32_MAX
                  : props[id].type == SHORT ? INT16_MAX
                                            : INT64_MAX;
    if (!number || !weir_i64_parse(weir_sv_trim(v->text), &v->number) || v->number > max ||
        v->number < -max - 1) {
        if (e->kind == WEIR_X_STRING) {
            static const char *const names[] = {"INT", "SHORT", "LONG"};
            weir_sv why = weir__str(w->b, "Not a number of type %s", names[props[id].type - INT]);
            return invalid(w, id, why.p);
        }
        weir_sv why = weir__str(w->b, "Expected value to be %s", java[props[id].type - INT]);
        return invalid(w, id, why.p);
    }
    return WEIR_OK;
}

static weir_rc unknown(weir__binder *b, const weir_ast_prop *p, int where)
{
    weir__fail(b, p->span, "Invalid config variable(s) in the WITH clause: " WEIR_SV_FMT,
               WEIR_SV_ARG(p->name));
    weir_sv names[PROPS];
    uint32_t n = 0;
    for (size_t i = 0; i < PROPS; i++) {
        if (props[i].where & where) {
            names[n++] = weir_sv_cstr(props[i].name);
        }
    }
    weir__hint_nearest(b, p->name, names, n);
    return WEIR_ESQL;
}

/* CREATE … WITH (connector='…'): the records come from there. */
static bool names_connector(const weir_ast_props *ast, int where)
{
    for (uint32_t i = 0; i < ast->n && where == CREATE; i++) {
        if (weir_sv_ieq(ast->items[i].name, WEIR_SV("connector")) ||
            weir_sv_ieq(ast->items[i].name, WEIR_SV("connector.class"))) {
            return true;
        }
    }
    return false;
}

static weir_rc add_option(with *w, const weir_ast_prop *p)
{
    weir_option *o = &w->options[w->n_options++];
    *o = (weir_option){.name = weir_arena_sv(w->b->a, p->name), .value_span = p->value->span};
    for (uint32_t i = 0; i + 1 < w->n_options; i++) {
        if (weir_sv_ieq(w->options[i].name, o->name)) {
            return weir__fail(w->b, p->span, "Duplicate property in the WITH clause: " WEIR_SV_FMT,
                              WEIR_SV_ARG(o->name));
        }
    }
    return weir__option_text(w->b, p->value, &o->value);
}

static weir_rc collect(with *w, const weir_ast_props *ast, int where)
{
    bool connector = names_connector(ast, where);
    w->options = WEIR_NEW_N(w->b->a, weir_option, ast->n + 1);
    for (uint32_t i = 0; i < ast->n; i++) {
        const weir_ast_prop *p = &ast->items[i];
        size_t id = 0;
        while (id < PROPS &&
               !(weir_sv_ieq(p->name, weir_sv_cstr(props[id].name)) && (props[id].where & where))) {
            id++;
        }
        if (id == PROPS && connector) {
            WEIR_TRY(add_option(w, p));
            continue;
        }
        if (id == PROPS) {
            return unknown(w->b, p, where);
        }
        value *v = &w->v[id];
        if (v->given) {
            return weir__fail(w->b, p->span, "Duplicate property in the WITH clause: %s",
                              props[id].name);
        }
        v->given = true;
        v->span = p->value->span;
        WEIR_TRY(weir__option_text(w->b, p->value, &v->text));
        WEIR_TRY(check_value(w, (prop_id)id, p->value));
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- values with a meaning */

static weir_rc delimiter(with *w, prop_id id, char *out)
{
    const value *v = &w->v[id];
    *out = 0;
    if (!v->given) {
        return WEIR_OK;
    }
    if (weir_sv_trim(v->text).n == 0) {
        return weir__fail(w->b, v->span,
                          "Configuration %s is invalid: Delimiter cannot be empty, if you meant to "
                          "have a tab or space for delimiter, please use the special values 'TAB' "
                          "or 'SPACE'\nExample valid value: ';'",
                          props[id].name);
    }
    if (weir_sv_eq(v->text, WEIR_SV("TAB"))) {
        *out = '\t';
    } else if (weir_sv_eq(v->text, WEIR_SV("SPACE"))) {
        *out = ' ';
    } else if (v->text.n == 1) {
        *out = v->text.p[0];
    } else {
        return weir__fail(w->b, v->span,
                          "Configuration %s is invalid: Invalid delimiter value: '" WEIR_SV_FMT
                          "'. Delimiter must be a single character or TAB,SPACE\n"
                          "Example valid value: ';'",
                          props[id].name, WEIR_SV_ARG(v->text));
    }
    return WEIR_OK;
}

/* "30 SECONDS" */
static weir_rc duration(with *w, prop_id id, int64_t *ms)
{
    const value *v = &w->v[id];
    weir_sv s = v->text;
    uint32_t at = 0;
    while (at < s.n && s.p[at] != ' ' && s.p[at] != '\t') {
        at++;
    }
    weir_sv count = weir_sv_of(s.p, at);
    weir_sv word = at < s.n ? weir_sv_of(s.p + at + 1, s.n - at - 1) : (weir_sv){0};
    weir_unit unit;
    int64_t n;
    const char *why = NULL;
    weir_sv upper = weir_text_upper(w->b->a, word);
    if (word.n == 0 || weir_sv_find(word, WEIR_SV(" "), 0) >= 0) {
        why = word.n == 0 ? "Expected 2 tokens, got: 1" : "Expected 2 tokens, got: 3";
    } else if (!weir_i64_parse(count, &n)) {
        why = weir__str(w->b, "Not numeric: '" WEIR_SV_FMT "'", WEIR_SV_ARG(count)).p;
    } else if (!weir_unit_of(word, &unit)) {
        why = weir__str(w->b,
                        "Unknown time unit: '" WEIR_SV_FMT "'\nSupported time units are: "
                        "NANOSECONDS, MICROSECONDS, MILLISECONDS, SECONDS, MINUTES, HOURS, DAYS",
                        WEIR_SV_ARG(upper))
                  .p;
    } else if (__builtin_mul_overflow(n, weir_unit_ms(unit), ms) || *ms <= 0) {
        why = "Out of range";
    }
    if (why) {
        return weir__fail(w->b, v->span,
                          "Configuration %s is invalid: Invalid duration: '" WEIR_SV_FMT
                          "'. %s\nExample valid value: '10 SECONDS'",
                          props[id].name, WEIR_SV_ARG(s), why);
    }
    return WEIR_OK;
}

static weir_rc window(with *w, weir_window *out)
{
    const value *type = &w->v[WINDOW_TYPE];
    const value *size = &w->v[WINDOW_SIZE];
    static const struct {
        weir_sv name;
        weir_window_kind kind;
    } kinds[] = {{{"SESSION", 7}, WEIR_WINDOW_SESSION},
                 {{"HOPPING", 7}, WEIR_WINDOW_HOPPING},
                 {{"TUMBLING", 8}, WEIR_WINDOW_TUMBLING}};
    *out = (weir_window){0};
    for (size_t i = 0; type->given && i < WEIR_COUNT(kinds); i++) {
        if (weir_sv_ieq(type->text, kinds[i].name)) {
            out->kind = kinds[i].kind;
        }
    }
    if (type->given && out->kind == WEIR_WINDOW_NONE) {
        return invalid(w, WINDOW_TYPE, "String must be one of: SESSION, HOPPING, TUMBLING, null");
    }
    bool sized = type->given && out->kind != WEIR_WINDOW_SESSION;
    if (size->given) {
        WEIR_TRY(duration(w, WINDOW_SIZE, &out->size_ms));
    }
    if (sized && !size->given) {
        weir_sv upper = weir_text_upper(w->b->a, type->text);
        return weir__fail(w->b, type->span,
                          WEIR_SV_FMT
                          " windows require 'WINDOW_SIZE' to be "
                          "provided in the WITH clause. For example: 'WINDOW_SIZE'='10 SECONDS'",
                          WEIR_SV_ARG(upper));
    }
    if (!sized && size->given) {
        return weir__fail(w->b, size->span, "'WINDOW_SIZE' should not be set for SESSION windows.");
    }
    out->advance_ms = out->size_ms;
    return WEIR_OK;
}

static weir_rc both(with *w, prop_id id)
{
    return weir__fail(w->b, w->v[id].span,
                      "Cannot supply both '%s' and 'FORMAT' properties, as 'FORMAT' sets both key "
                      "and value formats. Either use just 'FORMAT', or use 'KEY_FORMAT' and "
                      "'VALUE_FORMAT'.",
                      props[id].name);
}

static weir_rc nullable(with *w, prop_id id, weir_sv *out)
{
    const value *v = &w->v[id];
    *out = (weir_sv){0};
    if (!v->given) {
        return WEIR_OK;
    }
    if (!weir_sv_ieq(v->text, WEIR_SV("OPTIONAL")) && !weir_sv_ieq(v->text, WEIR_SV("WRAPPER"))) {
        return invalid(w, id, "String must be one of: OPTIONAL, WRAPPER, null");
    }
    *out = weir_text_upper(w->b->a, v->text);
    return WEIR_OK;
}

/* A column's name in a string: `ts`, ts (upper-cased), "ts". */
static weir_sv column_name(weir__binder *b, weir_sv s)
{
    s = weir_sv_trim(s);
    if (s.n >= 2 && (s.p[0] == '`' || s.p[0] == '"') && s.p[s.n - 1] == s.p[0]) {
        return weir_sv_of(s.p + 1, s.n - 2);
    }
    return weir_text_upper(b->a, s);
}

/* ---------------------------------------------------------------- the whole */

static weir_rc checks(with *w)
{
    value *v = w->v;
    if (v[KAFKA_TOPIC].given && v[KAFKA_TOPIC].text.n == 0) {
        return invalid(w, KAFKA_TOPIC, "String must be non-empty");
    }
    if (v[FORMAT].given && v[KEY_FORMAT].given) {
        return both(w, KEY_FORMAT);
    }
    if (v[FORMAT].given && v[VALUE_FORMAT].given) {
        return both(w, VALUE_FORMAT);
    }
    if (v[VALUE_AVRO_SCHEMA_FULL_NAME].given && v[VALUE_SCHEMA_FULL_NAME].given) {
        return weir__fail(w->b, v[VALUE_AVRO_SCHEMA_FULL_NAME].span,
                          "Cannot supply both 'VALUE_AVRO_SCHEMA_FULL_NAME' and "
                          "'VALUE_SCHEMA_FULL_NAME' properties. Please only set "
                          "'VALUE_SCHEMA_FULL_NAME'.");
    }
    weir_dtf *pattern;
    weir_status why;
    if (v[TIMESTAMP_FORMAT].given &&
        weir_dtf_compile(w->b->a, v[TIMESTAMP_FORMAT].text, WEIR_LOCALE_ROOT, &pattern, &why) !=
            WEIR_OK) {
        return weir__fail(w->b, v[TIMESTAMP_FORMAT].span,
                          "Invalid datetime format for config:TIMESTAMP_FORMAT, reason:%s",
                          why.msg);
    }
    if (v[PARTITIONS].given &&
        (v[PARTITIONS].number < 1 || v[PARTITIONS].number > WEIR_PARTITIONS_MAX)) {
        return invalid(w, PARTITIONS, "Must be at least 1 and at most 10000");
    }
    if (v[REPLICAS].given && v[REPLICAS].number < 1 && v[REPLICAS].number != -1) {
        return invalid(w, REPLICAS, "Must be at least 1");
    }
    if (v[CLEANUP_POLICY].given) {
        w->b->prefix = NULL;
        return weir__fail(
            w->b, v[CLEANUP_POLICY].span,
            "Invalid config variable in the WITH clause: CLEANUP_POLICY.\n"
            "The CLEANUP_POLICY config is automatically inferred based on the type of "
            "source (STREAM or TABLE).\n"
            "Users can't set the CLEANUP_POLICY config manually.");
    }
    return WEIR_OK;
}

weir_rc weir__bind_with(weir__binder *b, const weir_ast_props *ast, weir_span span, bool create_as,
                        weir__with *out)
{
    with w = {.b = b};
    const char *outer = b->prefix;
    b->prefix = WEIR__PARSING;
    *out = (weir__with){.ast = ast};
    WEIR_TRY(collect(&w, ast, create_as ? CREATE_AS : CREATE));
    const value *v = w.v;
    out->lookup = create_as ? (weir_sv){0} : weir__lookup_kind(b, ast);
    for (size_t i = 0; i < PROPS && out->lookup.n; i++) {
        if (v[i].given) {
            weir__fail(b, v[i].span, "%s: a table that is looked up in " WEIR_SV_FMT " has no topic.",
                       props[i].name, WEIR_SV_ARG(out->lookup));
            return weir_hint(b->st, "leave it out");
        }
    }
    if (!create_as && !out->lookup.n && !v[KAFKA_TOPIC].given) {
        weir__fail(b, span,
                   "Missing required property \"KAFKA_TOPIC\" which has no default value.");
        return weir_hint(b->st, "WITH (KAFKA_TOPIC = 'name', VALUE_FORMAT = 'JSON')");
    }
    WEIR_TRY(checks(&w));
    WEIR_TRY(delimiter(&w, KEY_DELIMITER, &out->key_delimiter));
    WEIR_TRY(delimiter(&w, VALUE_DELIMITER, &out->value_delimiter));
    WEIR_TRY(nullable(&w, KEY_NULLABLE, &out->key_nullable));
    WEIR_TRY(nullable(&w, VALUE_NULLABLE, &out->value_nullable));
    WEIR_TRY(window(&w, &out->window));
    b->prefix = outer;

    const value *key_format = v[FORMAT].given ? &v[FORMAT] : &v[KEY_FORMAT];
    const value *value_format = v[FORMAT].given ? &v[FORMAT] : &v[VALUE_FORMAT];
    const value *value_name = v[VALUE_AVRO_SCHEMA_FULL_NAME].given ? &v[VALUE_AVRO_SCHEMA_FULL_NAME]
                                                                   : &v[VALUE_SCHEMA_FULL_NAME];
    out->options = w.options;
    out->n_options = w.n_options;
    out->topic = v[KAFKA_TOPIC].text;
    out->topic_span = v[KAFKA_TOPIC].span;
    out->has_key_format = key_format->given;
    out->key_format = key_format->text;
    out->key_format_span = key_format->span;
    out->has_value_format = value_format->given;
    out->value_format = value_format->text;
    out->value_format_span = value_format->span;
    out->partitions = (int32_t)v[PARTITIONS].number;
    out->replicas = (int32_t)v[REPLICAS].number;
    out->retention_ms = v[RETENTION_MS].given ? v[RETENTION_MS].number : -1;
    out->retention_span = v[RETENTION_MS].span;
    out->timestamp = v[TIMESTAMP].given ? column_name(b, v[TIMESTAMP].text) : (weir_sv){0};
    out->timestamp_span = v[TIMESTAMP].span;
    out->timestamp_format = v[TIMESTAMP_FORMAT].text;
    out->wrap = !v[WRAP_SINGLE_VALUE].given   ? WEIR_WRAP_DEFAULT
                : v[WRAP_SINGLE_VALUE].number ? WEIR_WRAP_YES
                                              : WEIR_WRAP_NO;
    out->wrap_span = v[WRAP_SINGLE_VALUE].span;
    out->key_schema_id = (int32_t)v[KEY_SCHEMA_ID].number;
    out->value_schema_id = (int32_t)v[VALUE_SCHEMA_ID].number;
    out->has_key_schema_name = v[KEY_SCHEMA_FULL_NAME].given;
    out->key_schema_name = v[KEY_SCHEMA_FULL_NAME].text;
    out->has_value_schema_name = value_name->given;
    out->value_schema_name = value_name->text;
    return WEIR_OK;
}

weir_rc weir__with_query_id(weir__binder *b, const weir_ast_props *ast, weir_sv *id)
{
    *id = (weir_sv){0};
    for (uint32_t i = 0; i < ast->n; i++) {
        const weir_ast_prop *p = &ast->items[i];
        if (!weir_sv_ieq(p->name, WEIR_SV("QUERY_ID"))) {
            b->prefix = WEIR__PARSING;
            weir__fail(b, p->span, "Invalid config variable(s) in the WITH clause: " WEIR_SV_FMT,
                       WEIR_SV_ARG(p->name));
            return weir_hint(b->st, "INSERT INTO takes QUERY_ID only");
        }
        weir_sv text;
        WEIR_TRY(weir__option_text(b, p->value, &text));
        *id = weir_text_upper(b->a, text);
        static const char *const reserved[] = {"INSERTQUERY_", "CTAS_", "CSAS_", "CST_"};
        for (size_t r = 0; r < WEIR_COUNT(reserved); r++) {
            if (weir_sv_starts(*id, weir_sv_cstr(reserved[r]))) {
                return weir__fail(b, p->value->span,
                                  "Query IDs must not start with a reserved query ID prefix "
                                  "(INSERTQUERY_, CTAS_, CSAS_, CST_). Got '" WEIR_SV_FMT "'.",
                                  WEIR_SV_ARG(*id));
            }
        }
        bool valid = id->n > 0;
        for (uint32_t c = 0; c < id->n; c++) {
            char ch = id->p[c];
            valid = valid && ((ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_');
        }
        if (!valid) {
            return weir__fail(
                b, p->value->span,
                "Query IDs may contain only alphanumeric characters and '_'. Got: '" WEIR_SV_FMT
                "'",
                WEIR_SV_ARG(*id));
        }
    }
    return WEIR_OK;
}
