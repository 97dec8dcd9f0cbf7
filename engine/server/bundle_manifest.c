/* The manifest of a bundle: which keys there are and what they mean. Every map is read against a list of
 * its keys; variables come first, because topics and data may use them. */
#include "engine/base/limits.h"
#include "engine/data/number.h"
#include "engine/server/bundle_impl.h"

#include "dsl/diag.h"

typedef struct manifest {
    weir_bundle *b;
    const char *file;
    weir_arena *a;
    weir_yaml *root;
    weir_status *st;
} manifest;

/* ---- names and versions ---- */

bool weir_bundle_name_ok(weir_sv name)
{
    if (name.n < 1 || name.n > 128 || name.p[0] == '.') {
        return false;
    }
    for (uint32_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-')) {
            return false;
        }
    }
    return true;
}

static bool is_variable_name(weir_sv name)
{
    for (uint32_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9')) {
            return false;
        }
    }
    return name.n > 0 && name.n <= 128;
}

bool weir_bundle_version_parse(weir_sv text, weir_bundle_version *out)
{
    uint32_t at = 0;
    for (int i = 0; i < 3; i++) {
        uint32_t from = at;
        out->part[i] = 0;
        for (; at < text.n && text.p[at] >= '0' && text.p[at] <= '9' && at - from < 9; at++) {
            out->part[i] = out->part[i] * 10 + (uint32_t)(text.p[at] - '0');
        }
        if (at == from || (i < 2 && (at == text.n || text.p[at++] != '.'))) {
            return false;
        }
    }
    return at == text.n;
}

int weir_bundle_version_cmp(weir_bundle_version a, weir_bundle_version b)
{
    for (int i = 0; i < 3; i++) {
        if (a.part[i] != b.part[i]) {
            return a.part[i] < b.part[i] ? -1 : 1;
        }
    }
    return 0;
}

weir_sv weir_engine_version(void)
{
    return WEIR_SV(WEIR_VERSION);
}

/* ---- nodes ---- */

static const char *kind_name(weir_yaml_kind kind)
{
    static const char *const names[] = {"nothing", "text", "a list", "a map"};
    return names[kind];
}

static weir_rc expect(manifest *m, const weir_yaml *node, weir_yaml_kind kind, const char *what)
{
    return node->kind == kind ? WEIR_OK
                              : weir_yaml_fail(node, m->file, m->st, "%s must be %s, not %s", what,
                                               kind_name(kind), kind_name(node->kind));
}

static weir_yaml *find(const weir_yaml *map, weir_sv key)
{
    for (uint32_t i = 0; i < map->n; i += 2) {
        if (weir_sv_eq(map->items[i]->text, key)) {
            return map->items[i + 1];
        }
    }
    return NULL;
}

static weir_rc unknown(manifest *m, const weir_yaml *at, const char *what, const weir_sv *names,
                       uint32_t n)
{
    int64_t near = weir_nearest(at->text, names, n);
    if (near >= 0) {
        return weir_yaml_fail(at, m->file, m->st,
                              "unknown %s \"" WEIR_SV_FMT "\"; did you mean " WEIR_SV_FMT "?", what,
                              WEIR_SV_ARG(at->text), WEIR_SV_ARG(names[near]));
    }
    return weir_yaml_fail(at, m->file, m->st, "unknown %s \"" WEIR_SV_FMT "\"", what,
                          WEIR_SV_ARG(at->text));
}

/* Refuses keys that are not in the list. */
static weir_rc check_keys(manifest *m, const weir_yaml *map, const char *const *keys, uint32_t n)
{
    weir_sv names[16];
    WEIR_ASSERT(n <= WEIR_COUNT(names));
    for (uint32_t k = 0; k < n; k++) {
        names[k] = weir_sv_cstr(keys[k]);
    }
    for (uint32_t i = 0; i < map->n; i += 2) {
        bool known = false;
        for (uint32_t k = 0; k < n; k++) {
            known |= weir_sv_eq(map->items[i]->text, names[k]);
        }
        if (!known) {
            return unknown(m, map->items[i], "key", names, n);
        }
    }
    return WEIR_OK;
}

/* The text of a key; an optional one that is not there stays empty. */
static weir_rc text_of(manifest *m, const weir_yaml *map, const char *key, bool required, weir_sv *out)
{
    const weir_yaml *node = find(map, weir_sv_cstr(key));
    *out = (weir_sv){0};
    if (!node || node->kind == WEIR_YAML_NONE) {
        return required ? weir_yaml_fail(node ? node : map, m->file, m->st, "\"%s\" is missing", key)
                        : WEIR_OK;
    }
    WEIR_TRY(expect(m, node, WEIR_YAML_TEXT, key));
    *out = node->text;
    return required && out->n == 0
               ? weir_yaml_fail(node, m->file, m->st, "\"%s\" is missing", key)
               : WEIR_OK;
}

static weir_rc version_of(manifest *m, const weir_yaml *map, const char *key, bool required,
                          weir_sv *out)
{
    weir_bundle_version v;
    WEIR_TRY(text_of(m, map, key, required, out));
    if (out->n && !weir_bundle_version_parse(*out, &v)) {
        return weir_yaml_fail(find(map, weir_sv_cstr(key)), m->file, m->st,
                              "%s is three numbers as 1.0.0, not \"" WEIR_SV_FMT "\"", key,
                              WEIR_SV_ARG(*out));
    }
    return WEIR_OK;
}

/* A key whose value is a map or a list; *out is NULL when there is nothing. */
static weir_rc part_of(manifest *m, const char *key, weir_yaml_kind kind, weir_yaml **out)
{
    *out = find(m->root, weir_sv_cstr(key));
    if (!*out || (*out)->kind == WEIR_YAML_NONE) {
        *out = NULL;
        return WEIR_OK;
    }
    return expect(m, *out, kind, key);
}

/* ---- the head ---- */

static weir_rc check_engine(manifest *m)
{
    weir_sv wanted;
    weir_bundle_version least;
    weir_bundle_version ours;
    WEIR_TRY(version_of(m, m->root, "engine", false, &wanted));
    if (!wanted.n || !weir_bundle_version_parse(wanted, &least) ||
        !weir_bundle_version_parse(weir_engine_version(), &ours) ||
        weir_bundle_version_cmp(least, ours) <= 0) {
        return WEIR_OK;
    }
    return weir_yaml_fail(find(m->root, WEIR_SV("engine")), m->file, m->st,
                          "wants weir " WEIR_SV_FMT ", this is " WEIR_SV_FMT, WEIR_SV_ARG(wanted),
                          WEIR_SV_ARG(weir_engine_version()));
}

static weir_rc head(manifest *m)
{
    static const char *const keys[] = {"name",      "version",      "description", "engine", "depends",
                                       "variables", "environments", "topics",      "data"};
    WEIR_TRY(expect(m, m->root, WEIR_YAML_MAP, "a manifest"));
    WEIR_TRY(check_keys(m, m->root, keys, WEIR_COUNT(keys)));
    WEIR_TRY(text_of(m, m->root, "name", true, &m->b->name));
    if (!weir_bundle_name_ok(m->b->name)) {
        return weir_yaml_fail(find(m->root, WEIR_SV("name")), m->file, m->st,
                              "a name is 1 to 128 of A-Z a-z 0-9 . _ -, with no dot in front");
    }
    WEIR_TRY(version_of(m, m->root, "version", true, &m->b->version));
    WEIR_TRY(text_of(m, m->root, "description", false, &m->b->description));
    return check_engine(m);
}

static weir_rc depends(manifest *m)
{
    static const char *const keys[] = {"name", "version"};
    weir_yaml *list;
    WEIR_TRY(part_of(m, "depends", WEIR_YAML_LIST, &list));
    m->b->depends = WEIR_NEW_N(m->a, weir_bundle_need, list ? list->n : 0);
    for (uint32_t i = 0; list && i < list->n; i++) {
        const weir_yaml *one = list->items[i];
        weir_bundle_need *need = &m->b->depends[m->b->n_depends++];
        WEIR_TRY(expect(m, one, WEIR_YAML_MAP, "a dependency"));
        WEIR_TRY(check_keys(m, one, keys, WEIR_COUNT(keys)));
        WEIR_TRY(text_of(m, one, "name", true, &need->name));
        if (!weir_bundle_name_ok(need->name)) {
            return weir_yaml_fail(find(one, WEIR_SV("name")), m->file, m->st,
                                  "\"" WEIR_SV_FMT "\" is not the name of a bundle",
                                  WEIR_SV_ARG(need->name));
        }
        WEIR_TRY(version_of(m, one, "version", false, &need->version));
    }
    return WEIR_OK;
}

/* ---- variables ---- */

static weir_bundle_variable *variable(const weir_bundle *b, weir_sv name)
{
    for (uint32_t i = 0; i < b->n_variables; i++) {
        if (weir_sv_ieq(b->variables[i].name, name)) { /* as DEFINE */
            return &b->variables[i];
        }
    }
    return NULL;
}

bool weir_bundle_lookup(void *bundle, weir_sv name, weir_sv *value)
{
    const weir_bundle_variable *v = variable(bundle, name);
    if (v) {
        *value = v->value;
    }
    return v != NULL;
}

static weir_rc set_value(manifest *m, weir_bundle_variable *v, const weir_yaml *node)
{
    if (node->kind != WEIR_YAML_NONE) {
        WEIR_TRY(expect(m, node, WEIR_YAML_TEXT, "the value of a variable"));
        v->value = node->text;
        v->given = true;
    }
    return WEIR_OK;
}

static weir_rc declare(manifest *m)
{
    weir_yaml *map;
    WEIR_TRY(part_of(m, "variables", WEIR_YAML_MAP, &map));
    m->b->variables = WEIR_NEW_N(m->a, weir_bundle_variable, map ? map->n / 2 : 0);
    for (uint32_t i = 0; map && i < map->n; i += 2) {
        if (variable(m->b, map->items[i]->text)) {
            return weir_yaml_fail(map->items[i], m->file, m->st,
                                  "there is another variable \"" WEIR_SV_FMT "\": case does not count",
                                  WEIR_SV_ARG(map->items[i]->text));
        }
        weir_bundle_variable *v = &m->b->variables[m->b->n_variables++];
        v->name = map->items[i]->text;
        if (!is_variable_name(v->name)) {
            return weir_yaml_fail(map->items[i], m->file, m->st,
                                  "the name of a variable is letters, digits and _");
        }
        WEIR_TRY(set_value(m, v, map->items[i + 1]));
    }
    return WEIR_OK;
}

/* Values of an environment; all of them are checked, those of `take` count. */
static weir_rc environment(manifest *m, const weir_yaml *values, bool take)
{
    weir_sv *names = WEIR_NEW_N(m->a, weir_sv, m->b->n_variables);
    for (uint32_t i = 0; i < m->b->n_variables; i++) {
        names[i] = m->b->variables[i].name;
    }
    if (values->kind == WEIR_YAML_NONE) {
        return WEIR_OK;
    }
    WEIR_TRY(expect(m, values, WEIR_YAML_MAP, "an environment"));
    for (uint32_t i = 0; i < values->n; i += 2) {
        weir_bundle_variable ignored = {0};
        weir_bundle_variable *v = variable(m->b, values->items[i]->text);
        if (!v) {
            return unknown(m, values->items[i], "variable", names, m->b->n_variables);
        }
        WEIR_TRY(set_value(m, take ? v : &ignored, values->items[i + 1]));
    }
    return WEIR_OK;
}

static weir_rc environments(manifest *m, const char *env, bool lenient)
{
    weir_yaml *map;
    WEIR_TRY(part_of(m, "environments", WEIR_YAML_MAP, &map));
    bool found = !env || lenient;
    weir_sv *names = WEIR_NEW_N(m->a, weir_sv, map ? map->n / 2 : 0);
    for (uint32_t i = 0; map && i < map->n; i += 2) {
        names[i / 2] = map->items[i]->text;
        bool take = env && weir_sv_eq(names[i / 2], weir_sv_cstr(env));
        WEIR_TRY(environment(m, map->items[i + 1], take));
        found |= take;
    }
    if (!found) {
        int64_t near = weir_nearest(weir_sv_cstr(env), names, map ? map->n / 2 : 0);
        weir_sv hint = near < 0 ? (weir_sv){0} : names[near];
        return weir_fail(m->st, WEIR_EUSAGE, "%s: no environment \"%s\"%s" WEIR_SV_FMT "%s", m->file,
                         env, near < 0 ? "" : "; did you mean ", WEIR_SV_ARG(hint),
                         near < 0 ? "" : "?");
    }
    return WEIR_OK;
}

static weir_rc variables(manifest *m, const weir_bundle_config *config, bool lenient)
{
    weir_bundle *b = m->b;
    WEIR_TRY(declare(m));
    WEIR_TRY(environments(m, config->env, lenient));
    for (uint32_t i = 0; i < config->n_defines; i++) {
        weir_bundle_variable *v = variable(b, config->defines[i].name);
        if (v) {
            v->value = weir_arena_sv(m->a, config->defines[i].value);
            v->given = true;
        }
    }
    for (uint32_t i = 0; i < b->n_variables; i++) {
        if (!b->variables[i].given) {
            return weir_fail(m->st, WEIR_EUSAGE,
                             "%s: variable \"" WEIR_SV_FMT "\" has no value%s%s: use --define "
                             WEIR_SV_FMT "=…", m->file, WEIR_SV_ARG(b->variables[i].name),
                             config->env ? " in environment " : "", config->env ? config->env : "",
                             WEIR_SV_ARG(b->variables[i].name));
        }
    }
    return WEIR_OK;
}

/* The node's text with its variables. */
static weir_rc filled(manifest *m, const weir_yaml *node, weir_sv *out)
{
    weir_buf text = {0};
    weir_sv s = node->text;
    for (uint32_t i = 0; i < s.n;) {
        int64_t end = -1;
        if (s.p[i] == '$' && i + 1 < s.n && s.p[i + 1] == '{') {
            end = weir_sv_find(s, WEIR_SV("}"), i);
        }
        if (end < 0) {
            weir_buf_byte(&text, s.p[i++]);
            continue;
        }
        weir_sv name = weir_sv_of(s.p + i + 2, (size_t)end - i - 2);
        const weir_bundle_variable *v = variable(m->b, name);
        if (!v) {
            weir_buf_deinit(&text);
            return weir_yaml_fail(node, m->file, m->st, "there is no variable \"" WEIR_SV_FMT "\"",
                                  WEIR_SV_ARG(name));
        }
        weir_buf_sv(&text, v->value);
        i = (uint32_t)end + 1;
    }
    *out = weir_arena_sv(m->a, weir_buf_view(&text));
    weir_buf_deinit(&text);
    return WEIR_OK;
}

/* ---- topics, data ---- */

static weir_rc check_topic_name(manifest *m, const weir_yaml *node)
{
    weir_sv name = node->text;
    for (uint32_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-')) {
            name.n = 0;
        }
    }
    return name.n > 0 && name.n < 250
               ? WEIR_OK
               : weir_yaml_fail(node, m->file, m->st, "not the name of a topic");
}

static weir_rc topic(manifest *m, const weir_yaml *name, const weir_yaml *node, weir_bundle_topic *t)
{
    static const char *const keys[] = {"partitions", "format"};
    weir_sv text;
    int64_t n = 0;
    t->name = name->text;
    WEIR_TRY(check_topic_name(m, name));
    if (node->kind == WEIR_YAML_NONE) {
        return WEIR_OK;
    }
    WEIR_TRY(expect(m, node, WEIR_YAML_MAP, "a topic"));
    WEIR_TRY(check_keys(m, node, keys, WEIR_COUNT(keys)));
    WEIR_TRY(text_of(m, node, "partitions", false, &text));
    const weir_yaml *at = find(node, WEIR_SV("partitions"));
    if (text.n) {
        WEIR_TRY(filled(m, at, &text));
        if (!weir_i64_parse(text, &n) || n < 1 || n > WEIR_PARTITIONS_MAX) {
            return weir_yaml_fail(at, m->file, m->st, "partitions are a number from 1 to %d, not \""
                                  WEIR_SV_FMT "\"", WEIR_PARTITIONS_MAX, WEIR_SV_ARG(text));
        }
        t->partitions = (int32_t)n;
    }
    WEIR_TRY(text_of(m, node, "format", false, &t->format));
    return t->format.n ? filled(m, find(node, WEIR_SV("format")), &t->format) : WEIR_OK;
}

static weir_rc topics(manifest *m)
{
    weir_yaml *map;
    WEIR_TRY(part_of(m, "topics", WEIR_YAML_MAP, &map));
    m->b->topics = WEIR_NEW_N(m->a, weir_bundle_topic, map ? map->n / 2 : 0);
    for (uint32_t i = 0; map && i < map->n; i += 2) {
        WEIR_TRY(topic(m, map->items[i], map->items[i + 1], &m->b->topics[m->b->n_topics++]));
    }
    return WEIR_OK;
}

static weir_rc data(manifest *m)
{
    static const char *const keys[] = {"datagen"};
    weir_yaml *map;
    WEIR_TRY(part_of(m, "data", WEIR_YAML_MAP, &map));
    m->b->data = WEIR_NEW_N(m->a, weir_bundle_data, map ? map->n / 2 : 0);
    for (uint32_t i = 0; map && i < map->n; i += 2) {
        weir_bundle_data *d = &m->b->data[m->b->n_data++];
        const weir_yaml *node = map->items[i + 1];
        d->topic = map->items[i]->text;
        WEIR_TRY(check_topic_name(m, map->items[i]));
        if (node->kind == WEIR_YAML_TEXT) {
            WEIR_TRY(filled(m, node, &d->file));
            continue;
        }
        WEIR_TRY(expect(m, node, WEIR_YAML_MAP, "data"));
        WEIR_TRY(check_keys(m, node, keys, WEIR_COUNT(keys)));
        WEIR_TRY(text_of(m, node, "datagen", true, &d->datagen));
        WEIR_TRY(filled(m, find(node, WEIR_SV("datagen")), &d->datagen));
    }
    return WEIR_OK;
}

weir_rc weir__bundle_manifest(weir_bundle *b, weir_sv text, const char *file,
                              const weir_bundle_config *config, bool lenient, weir_arena *a,
                              weir_status *st)
{
    manifest m = {.b = b, .file = file, .a = a, .st = st};
    WEIR_TRY(weir_yaml_parse(text, file, a, &m.root, st));
    WEIR_TRY(head(&m));
    WEIR_TRY(depends(&m));
    WEIR_TRY(variables(&m, config, lenient));
    WEIR_TRY(topics(&m));
    return data(&m);
}
