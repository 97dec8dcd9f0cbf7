/* Avro schemas with arg.properties, as Confluent's generators read them: options, iteration, range,
 * length, regex, prefix, suffix, keys, odds. What says nothing about its values gets some that fit.
 *
 * Deviations: a union takes its first branch that is not null, and null every second time where it
 * may be; lines that begin with // are comments. */
#include "connectors/datagen_impl.h"

#include "engine/base/limits.h"
#include "engine/data/json.h"

#define NAMED_MAX 1000

typedef struct avro {
    weir__dg_maker *m;
    weir__dg_field *f; /* whose type is read */
    const weir_json_node *named[NAMED_MAX];
    uint32_t n_named;
    uint32_t nodes; /* read so far: a type that is named twice is read twice */
    weir_status *st;
} avro;

static weir_sv member(const weir_json_node *o, const char *name)
{
    return weir_json_get_text(o, weir_sv_cstr(name), (weir_sv){0});
}

static weir_sv printed(weir_arena *a, const weir_json_node *v)
{
    weir_buf b = {0};
    weir_json_print(&b, v, true);
    weir_sv out = weir_arena_sv(a, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return out;
}

static void set(avro *v, weir_sv path, const char *name, weir_sv text)
{
    if (text.p) {
        weir__dg_set(v->m->a, v->f, path, name, text);
    }
}

/* ---- arg.properties ---- */

static weir_rc read_options(avro *v, weir_sv path, const weir_json_node *o)
{
    set(v, path, "kind", WEIR_SV("list"));
    if (o->kind == WEIR_JSON_ARRAY) {
        set(v, path, "values", printed(v->m->a, o));
        return WEIR_OK;
    }
    weir_sv file = member(o, "file");
    set(v, path, "path", file);
    return file.n ? WEIR_OK : weir_fail(v->st, WEIR_EUSAGE, "options wants an array, or a file");
}

static weir_rc read_iteration(avro *v, weir_sv path, const weir_type *type, const weir_json_node *o)
{
    if (type->kind == WEIR_T_BOOLEAN) {
        set(v, path, "kind", WEIR_SV("bool"));
        return WEIR_OK;
    }
    weir_sv restart = member(o, "restart");
    weir_sv initial = member(o, "initial");
    set(v, path, "kind", WEIR_SV("sequence"));
    set(v, path, "start", initial.p ? initial : member(o, "start"));
    set(v, path, "step", member(o, "step"));
    if (restart.p && initial.p) {
        return weir_fail(v->st, WEIR_EUSAGE,
                         "iteration: initial and restart together are not possible");
    }
    double end;
    double step = 1;
    if (restart.p &&
        weir__dg_parse_double(restart, &end)) { /* the first value that does not come */
        weir__dg_parse_double(member(o, "step"), &step);
        set(v, path, "end", weir_arena_printf(v->m->a, "%.17g", end - (step < 0 ? -1 : 1)));
    }
    return WEIR_OK;
}

static weir_rc read_args(avro *v, weir_sv path, const weir_type *type, const weir_json_node *args)
{
    for (uint32_t i = 0; args && i < args->n; i++) {
        weir_sv name = args->names[i];
        const weir_json_node *value = &args->items[i];
        bool object = value->kind == WEIR_JSON_OBJECT;
        if (weir_sv_eq(name, WEIR_SV("options"))) {
            WEIR_TRY(read_options(v, path, value));
        } else if (weir_sv_eq(name, WEIR_SV("iteration"))) {
            WEIR_TRY(read_iteration(v, path, type, value));
        } else if (weir_sv_eq(name, WEIR_SV("range"))) {
            set(v, path, "kind", WEIR_SV("uniform"));
            set(v, path, "min", member(value, "min"));
            set(v, path, "max", member(value, "max"));
        } else if (weir_sv_eq(name, WEIR_SV("length"))) {
            set(v, path, object ? "length.min" : "length",
                object ? member(value, "min") : value->text);
            set(v, path, "length.max", object ? member(value, "max") : (weir_sv){0});
        } else if (weir_sv_eq(name, WEIR_SV("regex"))) {
            set(v, path, "kind", WEIR_SV("regex"));
            set(v, path, "pattern", value->text);
        } else if (weir_sv_eq(name, WEIR_SV("odds"))) {
            set(v, path, "odds", value->text);
        } else if (weir_sv_eq(name, WEIR_SV("prefix")) || weir_sv_eq(name, WEIR_SV("suffix"))) {
            set(v, path, weir_arena_cstr(v->m->a, name), value->text);
        } else if (weir_sv_eq(name, WEIR_SV("keys")) && object) {
            const weir_json_node *names = weir_json_get(value, WEIR_SV("options"));
            weir_buf all = {0};
            for (uint32_t k = 0; names && k < names->n; k++) {
                weir_buf_str(&all, k ? "," : "");
                weir_buf_sv(&all, names->items[k].text);
            }
            set(v, path, "names", weir_arena_sv(v->m->a, weir_buf_view(&all)));
            weir_buf_deinit(&all);
        } else {
            return weir_fail(v->st, WEIR_EUSAGE, "arg.properties: \"" WEIR_SV_FMT "\" is not known",
                             WEIR_SV_ARG(name));
        }
    }
    /* A text with a length and nothing else, a prefix and nothing else … */
    if (args && args->n && !weir__dg_find(v->f, path, "kind") &&
        !weir__dg_find(v->f, path, "odds")) {
        set(v, path, "kind", WEIR_SV("random"));
    }
    return WEIR_OK;
}

/* ---- types ---- */

static weir_rc read_type(avro *v, weir_sv path, const weir_json_node *t, int depth,
                         const weir_type **out);

static const weir_type *logical(avro *v, const weir_json_node *t, const weir_type *type)
{
    weir_sv name = member(t, "logicalType");
    int64_t precision = weir_json_get_i64(t, WEIR_SV("precision"), 18);
    int64_t scale = weir_json_get_i64(t, WEIR_SV("scale"), 0);
    if (weir_sv_eq(name, WEIR_SV("decimal")) && precision >= 1 &&
        precision <= WEIR_DECIMAL_DIGITS_MAX && scale >= 0 && scale <= precision) {
        return weir_type_decimal(v->m->a, (int32_t)precision, (int32_t)scale);
    }
    return weir_sv_eq(name, WEIR_SV("date"))               ? weir_type_of(WEIR_T_DATE)
           : weir_sv_eq(name, WEIR_SV("time-millis"))      ? weir_type_of(WEIR_T_TIME)
           : weir_sv_eq(name, WEIR_SV("timestamp-millis")) ? weir_type_of(WEIR_T_TIMESTAMP)
                                                           : type;
}

static weir_rc read_record(avro *v, weir_sv path, const weir_json_node *t, int depth,
                           const weir_type **out)
{
    const weir_json_node *fields = weir_json_get(t, WEIR_SV("fields"));
    uint32_t n = fields && fields->kind == WEIR_JSON_ARRAY ? fields->n : 0;
    if (n == 0 || n > WEIR_COLUMNS_MAX) {
        return weir_fail(v->st, WEIR_EUSAGE, "a record wants 1 to %d fields", WEIR_COLUMNS_MAX);
    }
    weir_field *list = WEIR_NEW_N(v->m->a, weir_field, n);
    for (uint32_t i = 0; i < n; i++) {
        const weir_json_node *type = weir_json_get(&fields->items[i], WEIR_SV("type"));
        list[i].name = member(&fields->items[i], "name");
        if (!list[i].name.n || !type) {
            return weir_fail(v->st, WEIR_EUSAGE, "a field wants name and type");
        }
        WEIR_TRY(read_type(v, weir__dg_path(v->m->a, path, list[i].name), type, depth + 1,
                           &list[i].type));
    }
    *out = weir_type_struct(v->m->a, list, n);
    return WEIR_OK;
}

static weir_rc read_union(avro *v, weir_sv path, const weir_json_node *t, int depth,
                          const weir_type **out)
{
    const weir_json_node *chosen = NULL;
    bool null = false;
    for (uint32_t i = 0; i < t->n; i++) {
        bool is_null =
            weir_sv_eq(t->items[i].text, WEIR_SV("null")) && t->items[i].kind == WEIR_JSON_STRING;
        null = null || is_null;
        chosen = chosen || is_null ? chosen : &t->items[i];
    }
    if (!chosen) {
        return weir_fail(v->st, WEIR_EUSAGE, "a union of nothing but null");
    }
    WEIR_TRY(read_type(v, path, chosen, depth + 1, out));
    if (null) {
        set(v, path, "null.share", WEIR_SV("0.5"));
    }
    return WEIR_OK;
}

static weir_rc read_named(avro *v, weir_sv path, weir_sv name, int depth, const weir_type **out)
{
    static const struct {
        const char *name;
        weir_kind kind;
    } primitives[] = {{"boolean", WEIR_T_BOOLEAN}, {"int", WEIR_T_INTEGER},
                      {"long", WEIR_T_BIGINT},     {"float", WEIR_T_DOUBLE},
                      {"double", WEIR_T_DOUBLE},   {"bytes", WEIR_T_BYTES},
                      {"string", WEIR_T_STRING}};
    for (size_t i = 0; i < WEIR_COUNT(primitives); i++) {
        if (weir_sv_eq(name, weir_sv_cstr(primitives[i].name))) {
            *out = weir_type_of(primitives[i].kind);
            return WEIR_OK;
        }
    }
    for (uint32_t i = 0; i < v->n_named; i++) {
        weir_sv known = member(v->named[i], "name");
        if (weir_sv_eq(known, name) ||
            (name.n > known.n && name.p[name.n - known.n - 1] == '.' &&
             weir_sv_eq(known, weir_sv_of(name.p + name.n - known.n, known.n)))) {
            return read_type(v, path, v->named[i], depth + 1, out);
        }
    }
    return weir_fail(v->st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\" is no Avro type", WEIR_SV_ARG(name));
}

static void remember(avro *v, const weir_json_node *t)
{
    bool known = v->n_named == NAMED_MAX || !member(t, "name").n;
    for (uint32_t i = 0; i < v->n_named && !known; i++) {
        known = v->named[i] == t;
    }
    if (!known) {
        v->named[v->n_named++] = t;
    }
}

static weir_rc read_object(avro *v, weir_sv path, const weir_json_node *t, int depth,
                           const weir_type **out)
{
    const weir_json_node *type = weir_json_get(t, WEIR_SV("type"));
    const weir_json_node *items = weir_json_get(t, WEIR_SV("items"));
    const weir_json_node *values = weir_json_get(t, WEIR_SV("values"));
    const weir_json_node *symbols = weir_json_get(t, WEIR_SV("symbols"));
    weir_sv name = type && type->kind == WEIR_JSON_STRING ? type->text : (weir_sv){0};
    remember(v, t);
    if (weir_sv_eq(name, WEIR_SV("record"))) {
        WEIR_TRY(read_record(v, path, t, depth, out));
    } else if (weir_sv_eq(name, WEIR_SV("array")) && items) {
        WEIR_TRY(
            read_type(v, weir__dg_path(v->m->a, path, WEIR_SV("item")), items, depth + 1, out));
        *out = weir_type_array(v->m->a, *out);
    } else if (weir_sv_eq(name, WEIR_SV("map")) && values) {
        WEIR_TRY(
            read_type(v, weir__dg_path(v->m->a, path, WEIR_SV("value")), values, depth + 1, out));
        *out = weir_type_map(v->m->a, weir_type_of(WEIR_T_STRING), *out);
    } else if (weir_sv_eq(name, WEIR_SV("enum")) && symbols) {
        *out = weir_type_of(WEIR_T_STRING);
        WEIR_TRY(read_options(v, path, symbols));
    } else if (weir_sv_eq(name, WEIR_SV("fixed"))) {
        *out = weir_type_of(WEIR_T_BYTES);
        set(v, path, "kind", WEIR_SV("text"));
        set(v, path, "length", member(t, "size"));
        *out = logical(v, t, *out);
    } else if (type) {
        WEIR_TRY(read_type(v, path, type, depth + 1, out));
        *out = logical(v, t, *out);
    } else {
        return weir_fail(v->st, WEIR_EUSAGE, "a type that says nothing");
    }
    return read_args(v, path, *out, weir_json_get(t, WEIR_SV("arg.properties")));
}

static weir_rc read_type(avro *v, weir_sv path, const weir_json_node *t, int depth,
                         const weir_type **out)
{
    if (depth > 2 * WEIR_DATAGEN_DEPTH_MAX) {
        return weir_fail(v->st, WEIR_ELIMIT, "types are nested too deeply");
    }
    if (++v->nodes > WEIR_AVRO_NODES_MAX) {
        return weir_fail(v->st, WEIR_ELIMIT, "more than %d types (WEIR_AVRO_NODES_MAX)",
                         WEIR_AVRO_NODES_MAX);
    }
    if (t->kind == WEIR_JSON_STRING) {
        return read_named(v, path, t->text, depth, out);
    }
    if (t->kind == WEIR_JSON_ARRAY) {
        return read_union(v, path, t, depth, out);
    }
    return t->kind == WEIR_JSON_OBJECT ? read_object(v, path, t, depth, out)
                                       : weir_fail(v->st, WEIR_EUSAGE, "a type that is none");
}

/* ---- the schema ---- */

/* Options of the whole record: each field takes its part of the same one. */
static weir_rc read_rows(avro *v, const weir_json_node *rows)
{
    weir_buf values = {0};
    weir_buf_byte(&values, '[');
    weir_rc rc = rows->kind == WEIR_JSON_ARRAY && rows->n ? WEIR_OK : WEIR_EUSAGE;
    for (uint32_t i = 0; rc == WEIR_OK && i < rows->n; i++) {
        const weir_json_node *value = weir_json_get(&rows->items[i], v->f->name);
        rc = value && value->kind != WEIR_JSON_NULL ? WEIR_OK : WEIR_EUSAGE;
        if (rc == WEIR_OK) {
            weir_buf_str(&values, i ? "," : "");
            weir_json_print(&values, value, true);
        }
    }
    weir_buf_byte(&values, ']');
    v->f->n = 0;
    set(v, (weir_sv){0}, "kind", WEIR_SV("list"));
    set(v, (weir_sv){0}, "draw", WEIR_SV("options"));
    set(v, (weir_sv){0}, "values", weir_arena_sv(v->m->a, weir_buf_view(&values)));
    weir_buf_deinit(&values);
    return rc ? weir_fail(v->st, rc, "options of a record are objects with all of its fields")
              : WEIR_OK;
}

static weir_rc read_root(avro *v, const weir_json_node *root)
{
    const weir_json_node *fields = weir_json_get(root, WEIR_SV("fields"));
    const weir_json_node *rows =
        weir_json_get(weir_json_get(root, WEIR_SV("arg.properties")), WEIR_SV("options"));
    if (!fields || fields->kind != WEIR_JSON_ARRAY || !fields->n || fields->n > WEIR_COLUMNS_MAX) {
        return weir_fail(v->st, WEIR_EUSAGE, "the schema is no record with fields");
    }
    weir_sv name = member(root, "name");
    weir__dg_table *t = weir__dg_add_table(v->m, name.n ? name : WEIR_SV("rows"));
    remember(v, root);
    for (uint32_t i = 0; i < fields->n; i++) {
        const weir_json_node *type = weir_json_get(&fields->items[i], WEIR_SV("type"));
        weir_sv field = member(&fields->items[i], "name");
        if (!field.n || !type || weir__dg_field_named(t, field) >= 0) {
            return weir_fail(v->st, WEIR_EUSAGE, "a field wants type and a name of its own");
        }
        v->f = weir__dg_add_field(v->m->a, t, field, NULL);
        weir_rc rc = read_type(v, (weir_sv){0}, type, 0, &v->f->type);
        rc = rc ? rc : rows ? read_rows(v, rows) : WEIR_OK;
        if (rc != WEIR_OK) {
            return weir_wrap(v->st, "field " WEIR_SV_FMT, WEIR_SV_ARG(field));
        }
        if (!v->f->n) {
            set(v, (weir_sv){0}, "kind", WEIR_SV("random"));
        }
    }
    return WEIR_OK;
}

weir_rc weir__dg_avro_read(weir__dg_maker *m, weir_sv text, weir_status *st)
{
    weir_buf clean = {0};
    weir_sv line;
    weir_sv rest = text;
    while (weir__dg_split(&rest, '\n', &line)) {
        weir_buf_sv(&clean, weir_sv_starts(line, WEIR_SV("//")) ? (weir_sv){0} : line);
        weir_buf_byte(&clean, '\n');
    }
    const weir_json_node *root;
    weir_rc rc = weir_json_parse(m->a, weir_arena_sv(m->a, weir_buf_view(&clean)), NULL, &root, st);
    weir_buf_deinit(&clean);
    if (rc != WEIR_OK) {
        return weir_wrap(st, "schema");
    }
    avro *v = WEIR_NEW(m->a, avro);
    v->m = m;
    v->st = st;
    return read_root(v, root) == WEIR_OK ? WEIR_OK : weir_wrap(st, "schema");
}
