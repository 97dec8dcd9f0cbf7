/* The text of an Avro schema as a graph of nodes. Names are resolved while reading, as Avro asks:
 * a name must be defined before it is used, and a record's own name is known inside of it. */
#include "connectors/fmt_avro.h"

/* ORDER weir__avro_kind */
static const char *const kind_names[WEIR__AVRO_KINDS] = {
    "null",   "boolean", "int",  "long",  "float", "double", "bytes",
    "string", "record",  "enum", "fixed", "array", "map",    "union",
};

/* ORDER weir__avro_logical */
static const char *const logical_names[WEIR__AVRO_LOGICALS] = {
    "", "decimal", "date", "time-millis", "timestamp-millis",
};

typedef struct parser {
    weir_arena *a;
    weir_status *st;
    uint32_t nodes;
    const weir__avro **named;
    uint32_t n_named, cap_named;
} parser;

static weir_rc parse_node(parser *p, const weir_json_node *json, weir_sv space,
                          const weir__avro **out);

const char *weir__avro_kind_name(weir__avro_kind kind)
{
    WEIR_ASSERT((unsigned)kind < WEIR__AVRO_KINDS);
    return kind_names[kind];
}

const weir__avro *weir__avro_optional(const weir__avro *t, uint32_t *null_branch)
{
    if (t->kind != WEIR__AVRO_UNION || t->n != 2) {
        return NULL;
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (t->branches[i]->kind == WEIR__AVRO_NULL) {
            *null_branch = i;
            return t->branches[1 - i];
        }
    }
    return NULL;
}

/* Connect names a branch after its type, a named type without its namespace. */
weir_sv weir__avro_branch_name(const weir__avro *t)
{
    weir_sv name = t->name.n ? t->name : weir_sv_cstr(weir__avro_kind_name(t->kind));
    uint32_t at = name.n;
    while (at > 0 && name.p[at - 1] != '.') {
        at--;
    }
    return weir_sv_of(name.p + at, name.n - at);
}

static weir_rc fail(parser *p, const char *what, weir_sv which)
{
    return weir_fail(p->st, WEIR_EDATA, "not an Avro schema: %s " WEIR_SV_FMT, what,
                     WEIR_SV_ARG(which));
}

static weir_rc new_node(parser *p, weir__avro_kind kind, weir__avro **out)
{
    if (++p->nodes > WEIR_AVRO_NODES_MAX) {
        return weir_fail(p->st, WEIR_ELIMIT, "Avro schema with more than %d types",
                         WEIR_AVRO_NODES_MAX);
    }
    *out = WEIR_NEW(p->a, weir__avro);
    (*out)->kind = kind;
    return WEIR_OK;
}

static bool find_kind(weir_sv name, weir__avro_kind *out)
{
    for (uint32_t i = 0; i < WEIR__AVRO_UNION; i++) {
        if (weir_sv_eq(name, weir_sv_cstr(kind_names[i]))) {
            *out = (weir__avro_kind)i;
            return true;
        }
    }
    return false;
}

/* ---- names ---- */

static int64_t last_dot(weir_sv name)
{
    for (uint32_t i = name.n; i-- > 0;) {
        if (name.p[i] == '.') {
            return i;
        }
    }
    return -1;
}

static weir_sv full_name(parser *p, weir_sv name, weir_sv space)
{
    if (last_dot(name) >= 0 || space.n == 0) {
        return weir_arena_sv(p->a, name);
    }
    return weir_arena_printf(p->a, WEIR_SV_FMT "." WEIR_SV_FMT, WEIR_SV_ARG(space),
                             WEIR_SV_ARG(name));
}

static weir_sv space_of(weir_sv full)
{
    int64_t dot = last_dot(full);
    return weir_sv_of(full.p, dot > 0 ? (size_t)dot : 0);
}

static const weir__avro *find_named(const parser *p, weir_sv full)
{
    for (uint32_t i = 0; i < p->n_named; i++) {
        if (weir_sv_eq(p->named[i]->name, full)) {
            return p->named[i];
        }
    }
    return NULL;
}

/* A primitive type's name, or one defined before. */
static weir_rc parse_name(parser *p, weir_sv name, weir_sv space, const weir__avro **out)
{
    weir__avro_kind kind;
    if (find_kind(name, &kind) && kind < WEIR__AVRO_RECORD) {
        weir__avro *t;
        WEIR_TRY(new_node(p, kind, &t));
        *out = t;
        return WEIR_OK;
    }
    *out = find_named(p, full_name(p, name, space));
    *out = *out ? *out : find_named(p, name);
    return *out ? WEIR_OK : fail(p, "unknown type", name);
}

/* ---- types with parameters ---- */

static weir_rc parse_fields(parser *p, const weir_json_node *json, weir__avro *t)
{
    const weir_json_node *list = weir_json_get(json, WEIR_SV("fields"));
    if (!list || list->kind != WEIR_JSON_ARRAY || list->n > WEIR_COLUMNS_MAX) {
        return fail(p, "no list of fields, or too many, in", t->name);
    }
    weir__avro_field *fields = WEIR_NEW_N(p->a, weir__avro_field, list->n);
    for (uint32_t i = 0; i < list->n; i++) {
        const weir_json_node *type = weir_json_get(&list->items[i], WEIR_SV("type"));
        weir_sv name = weir_json_get_text(&list->items[i], WEIR_SV("name"), WEIR_SV(""));
        if (!type || name.n == 0) {
            return fail(p, "a field without name or type in", t->name);
        }
        fields[i].name = weir_arena_sv(p->a, name);
        fields[i].standard = weir_json_get(&list->items[i], WEIR_SV("default"));
        WEIR_TRY(parse_node(p, type, space_of(t->name), &fields[i].type));
    }
    t->n = list->n;
    t->fields = fields;
    return WEIR_OK;
}

static weir_rc parse_symbols(parser *p, const weir_json_node *json, weir__avro *t)
{
    const weir_json_node *list = weir_json_get(json, WEIR_SV("symbols"));
    if (!list || list->kind != WEIR_JSON_ARRAY) {
        return fail(p, "no symbols in", t->name);
    }
    weir_sv *symbols = WEIR_NEW_N(p->a, weir_sv, list->n);
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->items[i].kind != WEIR_JSON_STRING) {
            return fail(p, "a symbol that is no string in", t->name);
        }
        symbols[i] = weir_arena_sv(p->a, list->items[i].text);
    }
    t->n = list->n;
    t->symbols = symbols;
    return WEIR_OK;
}

static weir_rc parse_named(parser *p, const weir_json_node *json, weir__avro *t, weir_sv space)
{
    weir_sv name = weir_json_get_text(json, WEIR_SV("name"), WEIR_SV(""));
    if (name.n == 0) {
        return fail(p, "no name of", weir_sv_cstr(kind_names[t->kind]));
    }
    t->name = full_name(p, name, weir_json_get_text(json, WEIR_SV("namespace"), space));
    if (find_named(p, t->name)) {
        return fail(p, "Can't redefine:", t->name);
    }
    WEIR_PUSH(p->a, p->named, p->n_named, p->cap_named, t);
    if (t->kind == WEIR__AVRO_RECORD) {
        return parse_fields(p, json, t);
    }
    if (t->kind == WEIR__AVRO_ENUM) {
        return parse_symbols(p, json, t);
    }
    int64_t size = weir_json_get_i64(json, WEIR_SV("size"), -1);
    if (size < 0 || size > WEIR_RECORD_BYTES_MAX) {
        return fail(p, "wrong size of", t->name);
    }
    t->size = (uint32_t)size;
    return WEIR_OK;
}

/* Connect marks the records it writes a map as, in one of two ways. */
static bool is_map_entry(const weir_json_node *items, const weir__avro *t)
{
    if (t->kind != WEIR__AVRO_RECORD || t->n != 2 ||
        !weir_sv_eq(t->fields[0].name, WEIR_SV("key")) ||
        !weir_sv_eq(t->fields[1].name, WEIR_SV("value"))) {
        return false;
    }
    weir_sv mark = weir_json_get_text(items, WEIR_SV("connect.internal.type"), WEIR_SV(""));
    return weir_sv_eq(mark, WEIR_SV("MapEntry")) ||
           weir_sv_eq(t->name, WEIR_SV("io.confluent.connect.avro.MapEntry"));
}

static void parse_logical(const weir_json_node *json, weir__avro *t)
{
    weir_sv name = weir_json_get_text(json, WEIR_SV("logicalType"), WEIR_SV(""));
    uint32_t found = WEIR__AVRO_PLAIN;
    for (uint32_t i = 1; i < WEIR__AVRO_LOGICALS; i++) {
        found = weir_sv_eq(name, weir_sv_cstr(logical_names[i])) ? i : found;
    }
    bool bytes = t->kind == WEIR__AVRO_BYTES || t->kind == WEIR__AVRO_FIXED;
    bool fits =
        (found == WEIR__AVRO_DECIMAL && bytes) ||
        ((found == WEIR__AVRO_DATE || found == WEIR__AVRO_TIME) && t->kind == WEIR__AVRO_INT) ||
        (found == WEIR__AVRO_TIMESTAMP && t->kind == WEIR__AVRO_LONG);
    if (!fits) {
        return;
    }
    int64_t precision = weir_json_get_i64(json, WEIR_SV("precision"), 64); /* Connect's default */
    int64_t scale = weir_json_get_i64(json, WEIR_SV("scale"), 0);
    if (found == WEIR__AVRO_DECIMAL && !weir_dec_type_valid(precision, scale)) {
        return; /* plain bytes, as Avro does with a logical type that is wrong */
    }
    t->logical = (weir__avro_logical)found;
    t->precision = found == WEIR__AVRO_DECIMAL ? (int32_t)precision : 0;
    t->scale = found == WEIR__AVRO_DECIMAL ? (int32_t)scale : 0;
}

static weir_rc parse_object(parser *p, const weir_json_node *json, weir_sv space,
                            const weir__avro **out)
{
    const weir_json_node *type = weir_json_get(json, WEIR_SV("type"));
    weir__avro_kind kind;
    if (!type) {
        return fail(p, "a type without", WEIR_SV("type"));
    }
    if (type->kind != WEIR_JSON_STRING) {
        return parse_node(p, type, space, out);
    }
    weir_sv name = weir_sv_eq(type->text, WEIR_SV("error")) ? WEIR_SV("record") : type->text;
    if (!find_kind(name, &kind)) {
        return parse_name(p, name, space, out);
    }
    weir__avro *t;
    WEIR_TRY(new_node(p, kind, &t));
    *out = t;
    if (kind == WEIR__AVRO_RECORD || kind == WEIR__AVRO_ENUM || kind == WEIR__AVRO_FIXED) {
        WEIR_TRY(parse_named(p, json, t, space));
    } else if (kind == WEIR__AVRO_ARRAY || kind == WEIR__AVRO_MAP) {
        const weir_json_node *item =
            weir_json_get(json, kind == WEIR__AVRO_MAP ? WEIR_SV("values") : WEIR_SV("items"));
        if (!item) {
            return fail(p, "no item type of", name);
        }
        WEIR_TRY(parse_node(p, item, space, &t->item));
        t->map_entries = kind == WEIR__AVRO_ARRAY && is_map_entry(item, t->item);
    }
    parse_logical(json, t);
    return WEIR_OK;
}

static weir_rc parse_union(parser *p, const weir_json_node *json, weir_sv space,
                           const weir__avro **out)
{
    weir__avro *t;
    WEIR_TRY(new_node(p, WEIR__AVRO_UNION, &t));
    t->n = json->n;
    t->branches = WEIR_NEW_N(p->a, const weir__avro *, json->n);
    for (uint32_t i = 0; i < json->n; i++) {
        WEIR_TRY(parse_node(p, &json->items[i], space, &t->branches[i]));
        if (t->branches[i]->kind == WEIR__AVRO_UNION) {
            return fail(p, "a union inside a", WEIR_SV("union"));
        }
    }
    *out = t;
    return t->n ? WEIR_OK : fail(p, "an empty", WEIR_SV("union"));
}

static weir_rc parse_node(parser *p, const weir_json_node *json, weir_sv space,
                          const weir__avro **out)
{
    if (json->kind == WEIR_JSON_STRING) {
        return parse_name(p, json->text, space, out);
    }
    if (json->kind == WEIR_JSON_ARRAY) {
        return parse_union(p, json, space, out);
    }
    if (json->kind == WEIR_JSON_OBJECT) {
        return parse_object(p, json, space, out);
    }
    return fail(p, "a type must be a string, list or object, not",
                json->kind <= WEIR_JSON_DECIMAL ? json->text : WEIR_SV(""));
}

weir_rc weir__avro_parse(weir_arena *a, weir_sv text, const weir__avro **out, weir_status *st)
{
    const weir_json_node *json = NULL;
    WEIR_TRY(weir_json_parse(a, text, NULL, &json, st));
    parser p = {.a = a, .st = st};
    return parse_node(&p, json, (weir_sv){0}, out);
}
