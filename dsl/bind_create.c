/* CREATE STREAM and TABLE over a topic, ALTER, DROP, CREATE TYPE and DROP TYPE. */
#include "dsl/binder.h"

#include "engine/base/limits.h"
#include "engine/data/text.h"

#include <string.h>

static const char *kind_word(bool table)
{
    return table ? "table" : "stream";
}

/* ---------------------------------------------------------------- columns */

static weir_rc header_type(weir__binder *b, const weir_ast_column *c, const weir_type *t)
{
    if (c->role == WEIR_COLUMN_HEADER) {
        if (t->kind == WEIR_T_BYTES) {
            return WEIR_OK;
        }
        weir_sv type = weir__type_text(b, t);
        return weir__fail(b, c->type->span,
                          "Invalid type for HEADER('" WEIR_SV_FMT
                          "') column: expected BYTES, got " WEIR_SV_FMT,
                          WEIR_SV_ARG(c->header), WEIR_SV_ARG(type));
    }
    weir_field fields[2] = {{WEIR_SV("KEY"), weir_type_of(WEIR_T_STRING)},
                            {WEIR_SV("VALUE"), weir_type_of(WEIR_T_BYTES)}};
    const weir_type *want = weir_type_array(b->a, weir_type_struct(b->a, fields, 2));
    if (weir_type_eq(t, want)) {
        return WEIR_OK;
    }
    weir_sv type = weir__type_text(b, t);
    weir_sv wanted = weir__type_text(b, want);
    return weir__fail(b, c->type->span,
                      "Invalid type for HEADERS column: expected " WEIR_SV_FMT ", got " WEIR_SV_FMT,
                      WEIR_SV_ARG(wanted), WEIR_SV_ARG(type));
}

static weir_rc wrong_key(weir__binder *b, const weir_ast_column *c, bool table)
{
    weir_sv where = weir__where(b, c->span);
    weir_sv name = weir__quoted(b, c->name.name);
    return weir__fail(b, c->span,
                      WEIR_SV_FMT
                      "Column " WEIR_SV_FMT " is a '%s' column: please use '%s' for "
                      "%ss.\nTables have PRIMARY KEYs, which are unique and NON NULL.\n"
                      "Streams have KEYs, which have no uniqueness or NON NULL constraints.",
                      WEIR_SV_ARG(where), WEIR_SV_ARG(name), table ? "KEY" : "PRIMARY KEY",
                      table ? "PRIMARY KEY" : "KEY", kind_word(table));
}

static weir_rc duplicates(weir__binder *b, const weir_ast_columns *cols)
{
    for (uint32_t i = 0; i < cols->n; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (weir_sv_eq(cols->items[i].name.name, cols->items[j].name.name)) {
                weir_sv name = weir__quoted(b, cols->items[i].name.name);
                return weir__fail(b, cols->items[i].span, "Duplicate column names: " WEIR_SV_FMT,
                                  WEIR_SV_ARG(name));
            }
        }
    }
    return WEIR_OK;
}

static weir_rc header_clash(weir__binder *b, const weir_ast_columns *cols)
{
    const weir_ast_column *all = NULL;
    for (uint32_t i = 0; i < cols->n; i++) {
        const weir_ast_column *c = &cols->items[i];
        if (c->role != WEIR_COLUMN_HEADERS && c->role != WEIR_COLUMN_HEADER) {
            continue;
        }
        if (all) {
            return weir__fail(b, c->span, "Schema already contains a HEADERS column.");
        }
        for (uint32_t j = 0; j < i; j++) {
            const weir_ast_column *o = &cols->items[j];
            if (c->role == WEIR_COLUMN_HEADER && o->role == WEIR_COLUMN_HEADER &&
                weir_sv_eq(o->header, c->header)) {
                return weir__fail(b, c->span,
                                  "Schema already contains a HEADER('" WEIR_SV_FMT "') column.",
                                  WEIR_SV_ARG(c->header));
            }
        }
        all = c->role == WEIR_COLUMN_HEADERS ? c : NULL;
    }
    return WEIR_OK;
}

static weir_role role_of(weir_ast_column_role r)
{
    switch (r) {
    case WEIR_COLUMN_KEY:
    case WEIR_COLUMN_PRIMARY_KEY:
        return WEIR_COL_KEY;
    case WEIR_COLUMN_HEADERS:
        return WEIR_COL_HEADERS;
    case WEIR_COLUMN_HEADER:
        return WEIR_COL_HEADER;
    case WEIR_COLUMN_VALUE:
        return WEIR_COL_VALUE;
    }
    WEIR_UNREACHABLE();
}

/* Keys first, then values, then headers, each in the order of the statement. */
static weir_rc columns(weir__binder *b, const weir_ast_create *c, const weir_schema **out)
{
    static const weir_role order[] = {WEIR_COL_KEY, WEIR_COL_VALUE, WEIR_COL_HEADERS};
    weir_column *cols = WEIR_NEW_N(b->a, weir_column, c->columns.n);
    uint32_t n = 0;
    uint32_t n_keys = 0;
    b->prefix = WEIR__PARSING;
    for (size_t pass = 0; pass < WEIR_COUNT(order); pass++) {
        for (uint32_t i = 0; i < c->columns.n; i++) {
            const weir_ast_column *from = &c->columns.items[i];
            weir_role role = role_of(from->role);
            if ((role == WEIR_COL_HEADER ? WEIR_COL_HEADERS : role) != order[pass]) {
                continue;
            }
            weir_column *to = &cols[n++];
            n_keys += role == WEIR_COL_KEY;
            *to = (weir_column){.name = weir_arena_sv(b->a, from->name.name), .role = role};
            to->header = weir_arena_sv(b->a, from->header);
            WEIR_TRY(weir__type(b, from->type, &to->type));
            if (order[pass] == WEIR_COL_HEADERS) {
                WEIR_TRY(header_type(b, from, to->type));
            }
        }
    }
    WEIR_TRY(duplicates(b, &c->columns));
    for (uint32_t i = 0; i < c->columns.n; i++) {
        const weir_ast_column *col = &c->columns.items[i];
        if (col->role == (c->table ? WEIR_COLUMN_KEY : WEIR_COLUMN_PRIMARY_KEY)) {
            return wrong_key(b, col, c->table);
        }
    }
    b->prefix = NULL;
    weir_schema *s = WEIR_NEW(b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)n, .n_keys = (uint16_t)n_keys, .cols = cols};
    *out = s;
    return WEIR_OK;
}

static weir_rc reserved_names(weir__binder *b, const weir_ast_columns *cols)
{
    for (uint32_t i = 0; i < cols->n; i++) {
        if (weir__is_system(cols->items[i].name.name)) {
            return weir__fail(b, cols->items[i].name.span,
                              "'" WEIR_SV_FMT "' is a reserved column name. You cannot use it as a "
                              "name for a column.",
                              WEIR_SV_ARG(cols->items[i].name.name));
        }
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- formats */

static weir_rc source_formats(weir__binder *b, const weir_ast_create *c, const weir__with *w,
                              weir_source *s)
{
    weir_format_kind key;
    weir_format_kind value = WEIR_FMT_JSON;
    weir_sv name;
    if (w->has_key_format) {
        WEIR_TRY(weir__format_kind(b, w->key_format, w->key_format_span, &key));
    } else {
        WEIR_TRY(weir__default_key_format(b, &key));
    }
    if (w->has_value_format) {
        WEIR_TRY(weir__format_kind(b, w->value_format, w->value_format_span, &value));
    } else if (weir__prop(b, "ksql.persistence.default.format.value", &name) && name.n) {
        WEIR_TRY(weir__format_kind(b, name, (weir_span){0}, &value));
    } else {
        weir__fail(b, c->props_span,
                   "Statement is missing the 'VALUE_FORMAT' property from the WITH "
                   "clause. Either provide one or set a default via the "
                   "'ksql.persistence.default.format.value' config.");
        return weir_hint(b->st, "VALUE_FORMAT = 'JSON'");
    }
    WEIR_TRY(weir__format_spec(b, w, true, key, s->name, NULL, &s->key_format));
    return weir__format_spec(b, w, false, value, s->name, NULL, &s->value_format);
}

/* Columns from the schema registry. */
static weir_rc inferred(weir__binder *b, const weir_ast_create *c, const weir__with *w,
                        weir_source *s)
{
    bool keys = s->schema->n_keys > 0;
    bool values = false;
    for (uint32_t i = s->schema->n_keys; i < s->schema->n; i++) {
        values = values || s->schema->cols[i].role == WEIR_COL_VALUE;
    }
    if ((w->key_schema_id && keys) || (w->value_schema_id && values)) {
        return weir__fail(b, c->props_span,
                          "Table elements and %s_SCHEMA_ID cannot both exist for create statement.",
                          w->key_schema_id && keys ? "KEY" : "VALUE");
    }
    bool infer_key = !keys && weir__format_infers(s->key_format.kind);
    bool infer_value = !values && weir__format_infers(s->value_format.kind);
    if (c->table && !keys && !infer_key) {
        return WEIR_OK; /* the missing PRIMARY KEY is what matters */
    }
    weir__infer key = {.is_key = true,
                       .unwrap = weir__format_unwraps(s->key_format.kind),
                       .topic = s->topic,
                       .format = &s->key_format,
                       .span = c->name.span};
    weir__infer value = {.unwrap = w->wrap == WEIR_WRAP_NO,
                         .topic = s->topic,
                         .format = &s->value_format,
                         .span = c->name.span};
    if ((infer_key || infer_value) && b->props->infer) {
        return weir__infer_columns(b, infer_key ? &key : NULL, infer_value ? &value : NULL,
                                   &s->schema);
    }
    if (infer_key || infer_value) {
        weir_fail_at(b->st, WEIR_ENOTIMPL, c->name.span,
                     "the %s columns would have to come from a schema registry, which is not "
                     "available",
                     infer_key ? "key" : "value");
        return weir_hint(b->st, "list the columns: CREATE %s " WEIR_SV_FMT " (id INT %s, …)",
                         c->table ? "TABLE" : "STREAM", WEIR_SV_ARG(c->name.name),
                         c->table ? "PRIMARY KEY" : "KEY");
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- replacing */

static bool spec_eq(const weir_format_spec *x, const weir_format_spec *y)
{
    return x->kind == y->kind && x->wrap == y->wrap && x->delimiter == y->delimiter &&
           weir_sv_eq(x->full_name, y->full_name) && weir_sv_eq(x->nullable, y->nullable);
}

static weir_sv topic_text(weir__binder *b, const weir_source *s)
{
    return weir__str(b, "KsqlTopic{topic=" WEIR_SV_FMT ", keyFormat=%s, valueFormat=%s}",
                     WEIR_SV_ARG(s->topic), weir_format_name(s->key_format.kind),
                     weir_format_name(s->value_format.kind));
}

/* Columns of `from` that `to` does not have at the same place; `keys`: of the key, else all. */
static weir_sv changed_columns(weir__binder *b, const weir_schema *from, const weir_schema *to,
                               bool keys)
{
    weir_sv list = {0};
    uint32_t n = keys ? from->n_keys : from->n;
    for (uint32_t i = 0; i < n; i++) {
        const weir_column *c = &from->cols[i];
        bool key = i < from->n_keys;
        /* The place counts inside the key or inside the value. */
        uint32_t at = key ? i : i - from->n_keys + to->n_keys;
        const weir_column *o = at < to->n && (at < to->n_keys) == key ? &to->cols[at] : NULL;
        if (o && weir_sv_eq(o->name, c->name) && weir_type_eq(o->type, c->type) &&
            o->role == c->role) {
            continue;
        }
        weir_sv text = weir__column_text(b, c);
        list = weir__str(b, WEIR_SV_FMT "%s" WEIR_SV_FMT, WEIR_SV_ARG(list), list.n ? ", " : "",
                         WEIR_SV_ARG(text));
    }
    return list;
}

weir_rc weir__can_upgrade(weir__binder *b, const weir_source *from, const weir_source *to,
                          weir_span span)
{
    weir_sv name = weir__quoted(b, from->name);
    weir_sv what = {0};
    weir_sv old = {0};
    weir_sv new = {0};
    weir_sv more = {0};
    if (from->lookup.n || to->lookup.n) {
        what = WEIR_SV("connector");
        old = from->lookup;
        new = to->lookup;
    } else if (from->table != to->table) {
        what = WEIR_SV("type");
        old = from->table ? WEIR_SV("KTABLE") : WEIR_SV("KSTREAM");
        new = to->table ? WEIR_SV("KTABLE") : WEIR_SV("KSTREAM");
    } else if (!weir_sv_eq(from->topic, to->topic) ||
               !spec_eq(&from->key_format, &to->key_format) ||
               !spec_eq(&from->value_format, &to->value_format) ||
               from->window.kind != to->window.kind || from->window.size_ms != to->window.size_ms) {
        what = WEIR_SV("topic");
        old = topic_text(b, from);
        new = topic_text(b, to);
    } else if (!weir_sv_eq(from->timestamp_column, to->timestamp_column) ||
               !weir_sv_eq(from->timestamp_format, to->timestamp_format)) {
        what = WEIR_SV("timestampColumn");
        old = from->timestamp_column;
        new = to->timestamp_column;
    } else {
        weir_sv keys = changed_columns(b, from->schema, to->schema, true);
        weir_sv all = changed_columns(b, from->schema, to->schema, false);
        if (!keys.n && !all.n) {
            return WEIR_OK;
        }
        what = WEIR_SV("schema");
        old = weir__schema_text(b, from->schema);
        new = weir__schema_text(b, to->schema);
        more = keys.n
                   ? weir__str(b,
                               ". (Key columns must be identical. The following key columns "
                               "are changed, missing or reordered: [" WEIR_SV_FMT "])",
                               WEIR_SV_ARG(keys))
                   : weir__str(
                         b,
                         ". (The following columns are changed, missing or reordered: [" WEIR_SV_FMT
                         "])",
                         WEIR_SV_ARG(all));
    }
    return weir__fail(b, span,
                      "Cannot upgrade data source: DataSource '" WEIR_SV_FMT "' has " WEIR_SV_FMT
                      " = " WEIR_SV_FMT " which is not upgradeable to " WEIR_SV_FMT WEIR_SV_FMT,
                      WEIR_SV_ARG(name), WEIR_SV_ARG(what), WEIR_SV_ARG(old), WEIR_SV_ARG(new),
                      WEIR_SV_ARG(more));
}

static weir_rc existing(weir__binder *b, const weir_ast_create *c, const weir_source *old)
{
    if (old && !c->or_replace && !c->if_not_exists) {
        return weir__fail(b, c->name.span,
                          "Cannot add %s '" WEIR_SV_FMT "': A %s with the same name already exists",
                          kind_word(c->table), WEIR_SV_ARG(c->name.name), kind_word(old->table));
    }
    return WEIR_OK;
}

static weir_rc replaceable(weir__binder *b, const weir_ast_create *c, const weir_source *old)
{
    if (c->or_replace && (c->source || (old && old->read_only))) {
        return weir__fail(b, c->name.span,
                          "Cannot add %s '" WEIR_SV_FMT "': CREATE OR REPLACE is not supported on "
                          "source %ss.",
                          kind_word(c->table), WEIR_SV_ARG(c->name.name), kind_word(c->table));
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- CREATE */

static weir_rc primary_key(weir__binder *b, const weir_ast_create *c, const weir__with *w)
{
    weir_sv more = {0};
    if (w->value_schema_id) {
        more = weir__str(
            b,
            "\nUse a partial schema to define the primary key and still load the "
            "value columns from the Schema Registry, for example:\n\tCREATE TABLE " WEIR_SV_FMT
            " (ID INT PRIMARY KEY) WITH (...);",
            WEIR_SV_ARG(c->name.name));
    }
    weir__fail(b, c->name.span,
               "Tables require a PRIMARY KEY. Please define the PRIMARY KEY." WEIR_SV_FMT,
               WEIR_SV_ARG(more));
    return weir_hint(b->st, "(id INT PRIMARY KEY, …)");
}

static weir_rc check_source(weir__binder *b, const weir_ast_create *c, const weir__with *w,
                            weir_source *s)
{
    WEIR_TRY(inferred(b, c, w, s));
    if (c->table && w->retention_ms >= 0) {
        return weir__fail(b, w->retention_span,
                          "Invalid config variable in the WITH clause: "
                          "RETENTION_MS. Non-windowed tables do not support retention.");
    }
    if (s->schema->n == 0) {
        return c->table ? primary_key(b, c, w)
                        : weir__fail(b, c->name.span, "No columns supplied.");
    }
    WEIR_TRY(reserved_names(b, &c->columns));
    WEIR_TRY(header_clash(b, &c->columns));
    const weir_source *old = weir_catalog_source(b->catalog, s->name);
    bool asserting = b->stmt->kind == WEIR_S_ASSERT_SOURCE;
    WEIR_TRY(asserting ? WEIR_OK : existing(b, c, old));
    if (c->table && s->schema->n_keys == 0) {
        return primary_key(b, c, w);
    }
    WEIR_TRY(asserting ? WEIR_OK : replaceable(b, c, old));
    if (s->window.kind != WEIR_WINDOW_NONE && s->schema->n_keys == 0) {
        return weir__fail(b, c->name.span, "Windowed sources require a key column.");
    }
    WEIR_TRY(weir__check_timestamp(b, s->schema, s->timestamp_column, s->timestamp_format,
                                   w->timestamp_span));
    WEIR_TRY(weir__check_formats(b, s->schema, &s->key_format, &s->value_format, w->wrap,
                                 w->wrap == WEIR_WRAP_DEFAULT ? c->name.span : w->wrap_span));
    if (old && c->or_replace) {
        WEIR_TRY(weir__can_upgrade(b, old, s, c->name.span));
    }
    return WEIR_OK;
}

weir_rc weir__bind_create(weir__binder *b, const weir_ast_create *c, weir_bound *out)
{
    weir_bound_create *bound = &out->as.create;
    weir_source *s = &bound->source;
    weir__with w;
    out->kind = WEIR_B_CREATE_SOURCE;
    s->name = weir_arena_sv(b->a, c->name.name);
    WEIR_TRY(columns(b, c, &s->schema));
    WEIR_TRY(weir__bind_with(b, &c->props, c->name.span, false, &w));
    if (w.n_options && c->source) {
        return weir__fail(b, c->name.span, "A SOURCE %s is only read: it has no connector.",
                          c->table ? "TABLE" : "STREAM");
    }
    s->table = c->table;
    s->read_only = c->source;
    s->topic = w.topic;
    s->window = w.window;
    s->timestamp_column = w.timestamp;
    s->timestamp_format = w.timestamp_format;
    s->partitions =
        w.partitions ? w.partitions : weir_catalog_topic_partitions(b->catalog, w.topic);
    s->replicas = w.replicas;
    s->retention_ms = w.retention_ms;
    s->sql = out->sql;
    s->lookup = w.lookup;
    WEIR_TRY(w.lookup.n ? weir__lookup_table(b, c, s) : source_formats(b, c, &w, s));
    WEIR_TRY(check_source(b, c, &w, s));
    const weir_source *old = weir_catalog_source(b->catalog, s->name);
    bound->or_replace = c->or_replace;
    bound->if_not_exists = c->if_not_exists;
    bound->options = w.options;
    bound->n_options = w.n_options;
    bound->exists = old != NULL;
    s->version = old ? old->version + 1 : 0;
    if (c->table && c->source && !(old && c->if_not_exists)) {
        WEIR_TRY(weir__source_table_plan(b, bound));
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- ALTER */

weir_rc weir__bind_alter(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    const weir_ast_ident *name = &stmt->as.alter.name;
    const weir_ast_columns *add = &stmt->as.alter.columns;
    const weir_source *old = weir_catalog_source(b->catalog, name->name);
    bool table = stmt->as.alter.table;
    out->kind = WEIR_B_ALTER;
    if (!old) {
        weir_sv more = weir__alternatives(b, name->name);
        return weir__fail(b, name->span, "Source " WEIR_SV_FMT " does not exist." WEIR_SV_FMT,
                          WEIR_SV_ARG(name->name), WEIR_SV_ARG(more));
    }
    if (old->lookup.n) {
        return weir__lookup_fail(b, old, name->span, "Cannot alter it; DROP it and make it anew");
    }
    if (old->read_only) {
        return weir__fail(b, name->span,
                          "Cannot alter %s '" WEIR_SV_FMT "': ALTER operations are "
                          "not supported on source %ss.",
                          kind_word(table), WEIR_SV_ARG(name->name), kind_word(table));
    }
    if (old->table != table) {
        return weir__fail(b, name->span,
                          "Incompatible data source type is %s, but statement was ALTER %s",
                          old->table ? "TABLE" : "STREAM", table ? "TABLE" : "STREAM");
    }
    if (old->created_by_query) {
        return weir__fail(b, name->span,
                          "ALTER command is not supported for CREATE ... AS statements.");
    }
    WEIR_TRY(reserved_names(b, add));
    weir_column *cols = WEIR_NEW_N(b->a, weir_column, old->schema->n + add->n);
    uint32_t n = 0;
    uint32_t headers = 0;
    for (uint32_t i = 0; i < old->schema->n; i++) {
        weir_role r = old->schema->cols[i].role;
        headers += r == WEIR_COL_HEADER || r == WEIR_COL_HEADERS;
    }
    for (uint32_t i = 0; i + headers < old->schema->n; i++) {
        cols[n++] = old->schema->cols[i];
    }
    for (uint32_t i = 0; i < add->n; i++) {
        const weir_ast_column *c = &add->items[i];
        weir_schema sofar = {.n = (uint16_t)n, .n_keys = old->schema->n_keys, .cols = cols};
        if (weir_schema_find(&sofar, c->name.name) >= 0 ||
            weir_schema_find(old->schema, c->name.name) >= 0) {
            weir_sv quoted = weir__quoted(b, c->name.name);
            return weir__fail(b, c->span,
                              "Cannot add column " WEIR_SV_FMT " to schema. A column "
                              "with the same name already exists.",
                              WEIR_SV_ARG(quoted));
        }
        cols[n].name = weir_arena_sv(b->a, c->name.name);
        cols[n].role = WEIR_COL_VALUE;
        WEIR_TRY(weir__type(b, c->type, &cols[n].type));
        n++;
    }
    for (uint32_t i = old->schema->n - headers; i < old->schema->n; i++) {
        cols[n++] = old->schema->cols[i];
    }
    if (n > WEIR_COLUMNS_MAX) {
        return weir_fail_at(b->st, WEIR_ELIMIT, name->span, "more than %d columns",
                            WEIR_COLUMNS_MAX);
    }
    weir_schema *s = WEIR_NEW(b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)n, .n_keys = old->schema->n_keys, .cols = cols};
    weir_bound_create *bound = &out->as.create;
    bound->source = *weir_source_copy(b->a, old);
    bound->source.schema = weir_schema_copy(b->a, s);
    bound->source.sql =
        weir__str(b, WEIR_SV_FMT "\n" WEIR_SV_FMT, WEIR_SV_ARG(old->sql), WEIR_SV_ARG(stmt->text));
    bound->source.version = old->version + 1;
    bound->or_replace = true;
    bound->exists = true;
    return weir__check_formats(b, bound->source.schema, &bound->source.key_format,
                               &bound->source.value_format, WEIR_WRAP_DEFAULT, name->span);
}

/* ---------------------------------------------------------------- DROP */

typedef struct names {
    weir_sv *items;
    uint32_t n, cap;
} names;

static void add_name(weir__binder *b, names *list, weir_sv name)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (weir_sv_eq(list->items[i], name)) {
            return;
        }
    }
    WEIR_PUSH(b->a, list->items, list->n, list->cap, weir_arena_sv(b->a, name));
}

static weir_sv sorted(weir__binder *b, names *list)
{
    for (uint32_t i = 1; i < list->n; i++) {
        for (uint32_t j = i; j > 0 && weir_sv_cmp(list->items[j], list->items[j - 1]) < 0; j--) {
            weir_sv t = list->items[j];
            list->items[j] = list->items[j - 1];
            list->items[j - 1] = t;
        }
    }
    return weir__join_words(b, list->items, list->n, ", ");
}

/* CSAS_, CTAS_: made together with their sink; CST_: made with its own source. */
static bool makes_its_sink(const weir_query_info *q)
{
    return weir_sv_starts(q->id, WEIR_SV("CSAS_")) || weir_sv_starts(q->id, WEIR_SV("CTAS_"));
}

static bool keeps_source_table(const weir_query_info *q)
{
    return weir_sv_starts(q->id, WEIR_SV("CST_"));
}

static bool reads(const weir_query_info *q, weir_sv source)
{
    for (uint32_t i = 0; i < q->n_sources; i++) {
        if (weir_sv_eq(q->sources[i], source)) {
            return true;
        }
    }
    return false;
}

/* Who else uses a source: INSERT queries that read or write it, sources that are made from it. */
static void users(weir__binder *b, weir_sv source, names *readers, names *writers, names *sources)
{
    for (uint32_t i = 0; i < weir_catalog_queries(b->catalog); i++) {
        const weir_query_info *q = weir_catalog_query_at(b->catalog, i);
        if (keeps_source_table(q)) {
            continue;
        }
        if (makes_its_sink(q)) {
            if (reads(q, source)) {
                add_name(b, sources, q->sink);
            }
            continue;
        }
        if (reads(q, source)) {
            add_name(b, readers, q->id);
        }
        if (weir_sv_eq(q->sink, source)) {
            add_name(b, writers, q->id);
        }
    }
}

static weir_rc in_use(weir__binder *b, const weir_ast_ident *name)
{
    names readers = {0};
    names writers = {0};
    names sources = {0};
    users(b, name->name, &readers, &writers, &sources);
    if (readers.n || writers.n) {
        weir_sv r = sorted(b, &readers);
        weir_sv w = sorted(b, &writers);
        weir__fail(b, name->span,
                   "Cannot drop " WEIR_SV_FMT
                   ".\nThe following queries read from this source: [" WEIR_SV_FMT
                   "].\nThe following queries write into this source: [" WEIR_SV_FMT
                   "].\nYou need to terminate them before dropping " WEIR_SV_FMT ".",
                   WEIR_SV_ARG(name->name), WEIR_SV_ARG(r), WEIR_SV_ARG(w),
                   WEIR_SV_ARG(name->name));
    } else if (sources.n) {
        weir_sv s = sorted(b, &sources);
        weir__fail(b, name->span,
                   "Cannot drop " WEIR_SV_FMT ".\nThe following streams and/or tables read from "
                   "this source: [" WEIR_SV_FMT
                   "].\nYou need to drop them before dropping " WEIR_SV_FMT ".",
                   WEIR_SV_ARG(name->name), WEIR_SV_ARG(s), WEIR_SV_ARG(name->name));
    } else {
        return WEIR_OK;
    }
    return weir_hint(b->st, "DROP … CASCADE drops them too");
}

/* Whether one of the first `n` of `list` is made from its member `at`. */
static bool has_user(weir__binder *b, const names *list, uint32_t n, uint32_t at)
{
    names readers = {0};
    names writers = {0};
    names made = {0};
    users(b, list->items[at], &readers, &writers, &made);
    for (uint32_t m = 0; m < made.n; m++) {
        for (uint32_t i = 0; i < n; i++) {
            if (i != at && weir_sv_eq(list->items[i], made.items[m])) {
                return true;
            }
        }
    }
    return false;
}

/* Orders `list`, which comes with its first user level first, so that each stands behind all that
 * is made from it. */
static void users_first(weir__binder *b, names *list)
{
    names out = {0};
    for (uint32_t left = list->n; left > 0; left--) {
        uint32_t at = left - 1;
        while (at > 0 && has_user(b, list, left, at)) {
            at--;
        }
        add_name(b, &out, list->items[at]);
        memmove(&list->items[at], &list->items[at + 1], (left - 1 - at) * sizeof(*list->items));
    }
    *list = out;
}

/* Everything that is made from `name`, the furthest first, and the queries to stop. */
static void collect_drops(weir__binder *b, weir_sv name, bool cascade, names *queries,
                          names *sources)
{
    /* Breadth first: `sources` grows while it is walked, users behind what they use. */
    add_name(b, sources, name);
    for (uint32_t s = 0; s < sources->n; s++) {
        names readers = {0};
        names writers = {0};
        names made = {0};
        users(b, sources->items[s], &readers, &writers, &made);
        for (uint32_t i = 0; cascade && i < readers.n; i++) {
            add_name(b, queries, readers.items[i]);
        }
        for (uint32_t i = 0; cascade && i < writers.n; i++) {
            add_name(b, queries, writers.items[i]);
        }
        for (uint32_t i = 0; cascade && i < made.n; i++) {
            add_name(b, sources, made.items[i]);
        }
        for (uint32_t i = 0; i < weir_catalog_queries(b->catalog); i++) {
            const weir_query_info *q = weir_catalog_query_at(b->catalog, i);
            bool own = makes_its_sink(q) ? weir_sv_eq(q->sink, sources->items[s])
                                         : keeps_source_table(q) && reads(q, sources->items[s]);
            if (own) {
                add_name(b, queries, q->id);
            }
        }
    }
    users_first(b, sources);
}

/* Who else reads or writes a topic would be left without it. */
static weir_rc check_topic(weir__binder *b, const weir_ast_ident *name, weir_sv topic,
                           const names *dropped)
{
    names using = {0};
    for (uint32_t i = 0; i < weir_catalog_sources(b->catalog); i++) {
        const weir_source *s = weir_catalog_source_at(b->catalog, i);
        bool goes = !weir_sv_eq(s->topic, topic);
        for (uint32_t k = 0; k < dropped->n; k++) {
            goes = goes || weir_sv_eq(dropped->items[k], s->name);
        }
        if (!goes) {
            add_name(b, &using, s->name);
        }
    }
    weir_sv others = sorted(b, &using);
    return using.n == 0 ? WEIR_OK
                        : weir__fail(b, name->span,
                                     "Refusing to delete topic. Found other data sources (" WEIR_SV_FMT
                                     ") using topic " WEIR_SV_FMT, WEIR_SV_ARG(others),
                                     WEIR_SV_ARG(topic));
}

weir_rc weir__bind_drop(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    const weir_ast_ident *name = &stmt->as.drop.name;
    bool table = stmt->as.drop.table;
    const weir_source *s = weir_catalog_source(b->catalog, name->name);
    weir_bound_drop *d = &out->as.drop;
    out->kind = WEIR_B_DROP;
    d->name = weir_arena_sv(b->a, name->name);
    d->delete_topic = stmt->as.drop.delete_topic;
    d->cascade = stmt->as.drop.cascade;
    if (!s) {
        if (stmt->as.drop.if_exists) {
            return WEIR_OK;
        }
        weir_sv more = weir__alternatives_of(b, name->name, false, table);
        return weir__fail(b, name->span, "%s " WEIR_SV_FMT " does not exist." WEIR_SV_FMT,
                          table ? "Table" : "Stream", WEIR_SV_ARG(name->name), WEIR_SV_ARG(more));
    }
    if (s->table != table) {
        return weir__fail(b, name->span,
                          "Incompatible data source type is %s, but statement was DROP %s",
                          kind_word(s->table), kind_word(table));
    }
    if (s->lookup.n && d->delete_topic) {
        return weir__lookup_fail(b, s, name->span, "There is no topic to delete");
    }
    if (s->read_only && d->delete_topic) {
        return weir__fail(b, name->span, "Cannot delete topic for read-only source: " WEIR_SV_FMT,
                          WEIR_SV_ARG(name->name));
    }
    names queries = {0};
    names sources = {0};
    collect_drops(b, name->name, d->cascade, &queries, &sources);
    if (d->delete_topic) {
        WEIR_TRY(check_topic(b, name, s->topic, &sources));
    }
    if (!d->cascade) {
        WEIR_TRY(in_use(b, name));
    }
    d->exists = true;
    d->topic = weir_arena_sv(b->a, s->topic);
    d->queries = queries.items;
    d->n_queries = queries.n;
    d->sources = sources.items;
    d->n_sources = sources.n;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- types */

weir_rc weir__bind_type(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    bool create = stmt->kind == WEIR_S_CREATE_TYPE;
    const weir_ast_ident *name = create ? &stmt->as.create_type.name : &stmt->as.drop.name;
    const weir_custom_type *old = weir_catalog_type(b->catalog, name->name);
    out->kind = create ? WEIR_B_CREATE_TYPE : WEIR_B_DROP_TYPE;
    out->as.type.name = weir_arena_sv(b->a, name->name);
    out->as.type.exists = old != NULL;
    out->as.type.if_exists = create ? stmt->as.create_type.if_not_exists : stmt->as.drop.if_exists;
    if (create) {
        WEIR_TRY(weir__type(b, stmt->as.create_type.type, &out->as.type.type));
        if (old && !out->as.type.if_exists) {
            weir_sv type = weir__type_text(b, old->type);
            return weir__fail(b, name->span,
                              "Cannot register custom type '" WEIR_SV_FMT
                              "' since it is already registered with type: " WEIR_SV_FMT,
                              WEIR_SV_ARG(name->name), WEIR_SV_ARG(type));
        }
    } else if (!old && !out->as.type.if_exists) {
        return weir__fail(b, name->span, "Type " WEIR_SV_FMT " does not exist.",
                          WEIR_SV_ARG(name->name));
    }
    return WEIR_OK;
}
