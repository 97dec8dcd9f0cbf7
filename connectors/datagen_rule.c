/* Rules become cells. What a rule says about other columns is read here and looked up in
 * datagen_link.c, when all columns are known. */
#include "connectors/datagen_impl.h"

#include "engine/data/json_text.h"

#define COMMON "null.share, scope, when, draw, hidden"
#define ESCAPED 6 /* bytes of a character in JSON at most */
#define NUMERIC "prefix, suffix, width, decimals"

typedef struct rule_name {
    const char *name, *aliases;
    weir__dg_kind kind;
    const char *args;
} rule_name;

static const rule_name rules[] = {
    {"sequence", "iteration|serial", WEIR__DG_SEQUENCE, "start, end, step, " NUMERIC},
    {"uniform", "range", WEIR__DG_UNIFORM,
     "min, max, step, keys, distribution, s, hot.share, hot.size, " NUMERIC},
    {"zipf", NULL, WEIR__DG_UNIFORM, "n, s, min, step, hot.share, hot.size, " NUMERIC},
    {"normal", "gauss", WEIR__DG_NORMAL, "mean, stddev, min, max, " NUMERIC},
    {"list", "options|weighted|oneof|file", WEIR__DG_LIST,
     "values, weights, path, distribution, s, hot.share, hot.size, prefix, suffix"},
    {"const", "constant", WEIR__DG_LIST, "value"},
    {"regex", NULL, WEIR__DG_REGEX, "pattern, prefix, suffix"},
    {"template", NULL, WEIR__DG_TEMPLATE, "template"},
    {"uuid", NULL, WEIR__DG_UUID, "prefix, suffix"},
    {"bool", "boolean", WEIR__DG_BOOL, "odds"},
    {"timestamp", "time|now", WEIR__DG_TIME, "max.past, format"},
    {"text", NULL, WEIR__DG_TEXT, "length, length.min, length.max, prefix, suffix"},
    {"ref", "lookup|fk", WEIR__DG_REF, "table, column, with, distribution, s, hot.share, hot.size"},
    {"walk", NULL, WEIR__DG_WALK, "steps, sessions"},
    {"session", NULL, WEIR__DG_SESSION, NUMERIC},
    {"hash", NULL, WEIR__DG_HASH, "of, min, max, n, " NUMERIC},
    {"times", "product", WEIR__DG_TIMES, "of, decimals"},
    {"null", NULL, WEIR__DG_NULL, ""},
    {"array", NULL, WEIR__DG_ARRAY, "length, length.min, length.max, item.…"},
    {"map", NULL, WEIR__DG_MAP, "length, length.min, length.max, names, value.…"},
    {"struct", NULL, WEIR__DG_STRUCT, "FIELD.…"},
};

/* What a rule without a kind is, by what it has. The first row that fits. */
static const char *const inferred[][2] = {
    {"values", "list"},       {"path", "list"},    {"pattern", "regex"},
    {"template", "template"}, {"value", "const"},  {"odds", "bool"},
    {"table", "ref"},         {"steps", "walk"},   {"mean", "normal"},
    {"stddev", "normal"},     {"s", "zipf"},       {"n", "zipf"},
    {"start", "sequence"},    {"of", "hash"},      {"max.past", "timestamp"},
    {"format", "timestamp"},  {"keys", "uniform"}, {"min", "uniform"},
    {"max", "uniform"}};

const char weir_datagen_rules_help[] =
    "  sequence   start=0 step=1 end=…: goes on from row to row, and begins again behind the end\n"
    "  uniform    min=… max=…, or keys=N: any of them. Numbers, or texts with prefix= and width=\n"
    "  zipf       n=1000 s=1: the first of n values most often, the second half as often …\n"
    "  normal     mean=0 stddev=1 min=… max=…\n"
    "  list       values=a,b,c weights=5,3,1, or path=FILE with a value per line\n"
    "  const      value=…\n"
    "  regex      pattern='[A-Z]{2}[0-9]+'\n"
    "  template   template='user_${id} ${1..9}': columns of the same row, ${id:06} with zeros in "
    "front\n"
    "  uuid       a version 4 UUID\n"
    "  bool       odds=0.5\n"
    "  timestamp  the record's event time; max.past=1d: at most so much earlier; "
    "format='dd.MM.yyyy'\n"
    "  text       length=8, or length.min= and length.max=\n"
    "  ref        table=T column=C: the column of a row of T that exists; with=OTHER: of the row "
    "that the\n"
    "             column OTHER refers to\n"
    "  walk       steps='view>cart:0.3 cart>purchase:0.5' sessions=100: states of sessions\n"
    "  session    the number of the walk's session\n"
    "  hash       of=COLUMN n=10: always the same for the same value of the other column\n"
    "  times      of=price,quantity: the product of two columns\n"
    "For each: null.share=0.1; scope=row|session|item: how long the value stays in a walk;\n"
    "when=purchase: NULL in other states; draw=NAME: columns with the same draw choose alike;\n"
    "hidden=true: only for templates and the key. For list, ref and uniform: distribution=zipf "
    "s=1.1,\n"
    "hot.share=0.3 hot.size=5. For numbers: decimals=2. Inside of arrays item.min=…, of maps "
    "value.min=…\n"
    "and names=a,b, of structs FIELD.min=….\n";

static const rule_name *find_rule(weir_sv name)
{
    for (size_t i = 0; i < WEIR_COUNT(rules); i++) {
        weir_sv all = weir_sv_cstr(rules[i].aliases);
        weir_sv alias;
        if (weir_sv_ieq(name, weir_sv_cstr(rules[i].name))) {
            return &rules[i];
        }
        while (weir__dg_split(&all, '|', &alias)) {
            if (weir_sv_ieq(name, alias)) {
                return &rules[i];
            }
        }
    }
    return NULL;
}

static bool is_nested(const weir_type *type)
{
    return type->kind == WEIR_T_ARRAY || type->kind == WEIR_T_MAP || type->kind == WEIR_T_STRUCT;
}

static const char *random_kind(const weir_type *type)
{
    switch (type->kind) {
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return "text";
    case WEIR_T_BOOLEAN:
        return "bool";
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP:
        return "timestamp";
    case WEIR_T_INTEGER:
    case WEIR_T_BIGINT:
    case WEIR_T_DOUBLE:
    case WEIR_T_DECIMAL:
        return "uniform";
    case WEIR_T_ARRAY:
        return "array";
    case WEIR_T_MAP:
        return "map";
    case WEIR_T_STRUCT:
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    return "struct";
}

static weir_rc choose_rule(weir__dg_compiler *c, weir_sv path, weir_sv name, const weir_type *type,
                           const rule_name **out)
{
    weir_sv kind = weir__dg_text(c->f, path, "kind", (weir_sv){0});
    for (size_t i = 0; !kind.p && i < WEIR_COUNT(inferred); i++) {
        bool has = weir__dg_find(c->f, path, inferred[i][0]) != NULL;
        kind = has ? weir_sv_cstr(inferred[i][1]) : kind;
    }
    bool text_length = !is_nested(type) && (weir__dg_find(c->f, path, "length") ||
                                            weir__dg_find(c->f, path, "length.max"));
    if ((!kind.p && text_length) || weir_sv_ieq(kind, WEIR_SV("random"))) {
        kind = weir_sv_cstr(random_kind(type));
    }
    if (!kind.p) {
        WEIR_TRY(weir__dg_guess(c->m->a, c->f, path, name, type, c->st));
        kind = weir__dg_text(c->f, path, "kind", weir_sv_cstr(random_kind(type)));
    }
    *out = find_rule(kind);
    if (!*out) {
        weir_fail(c->st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\" is no kind of rule", WEIR_SV_ARG(kind));
        return weir_hint(
            c->st, "there are sequence, uniform, zipf, normal, list, const, regex, template, uuid, "
                   "bool, timestamp, text, ref, walk, session, hash, times, null");
    }
    return WEIR_OK;
}

static uint64_t lower_hash(uint64_t base, weir_sv s)
{
    uint64_t h = base;
    for (uint32_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        h = (h ^ (uint8_t)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch)) * 0x100000001b3u;
    }
    return weir_hash_u64(h);
}

/* ---- what most rules have ---- */

static weir_rc read_when(weir__dg_compiler *c, weir_sv path, weir__dg_cell *out)
{
    weir_sv when = weir__dg_text(c->f, path, "when", (weir_sv){0});
    weir_sv state;
    while (weir__dg_split(&when, ',', &state)) {
        const weir__dg_walk_rule *w = c->t->walk;
        uint32_t i = 0;
        while (w && i < w->n && !weir_sv_eq(w->states[i], state)) {
            i++;
        }
        if (!w || i == w->n) {
            return weir_fail(c->st, WEIR_EUSAGE,
                             "when=" WEIR_SV_FMT ": no walk of this table has this state",
                             WEIR_SV_ARG(state));
        }
        out->when |= 1u << i;
    }
    return WEIR_OK;
}

static weir_rc read_common(weir__dg_compiler *c, weir_sv path, weir__dg_cell *out)
{
    WEIR_TRY(weir__dg_number(c->f, path, "null.share", 0, 1, &out->null_share, c->st));
    weir_sv scope = weir__dg_text(c->f, path, "scope", WEIR_SV("row"));
    out->scope = weir_sv_ieq(scope, WEIR_SV("session")) ? WEIR__DG_OF_SESSION
                 : weir_sv_ieq(scope, WEIR_SV("item"))  ? WEIR__DG_OF_ITEM
                                                        : WEIR__DG_ROW;
    if (out->scope == WEIR__DG_ROW && !weir_sv_ieq(scope, WEIR_SV("row"))) {
        return weir_fail(c->st, WEIR_EUSAGE,
                         "scope is row, session or item, not \"" WEIR_SV_FMT "\"",
                         WEIR_SV_ARG(scope));
    }
    if (out->scope != WEIR__DG_ROW && !c->t->walk) {
        return weir_fail(c->st, WEIR_EUSAGE, "scope=" WEIR_SV_FMT " wants a walk in the same table",
                         WEIR_SV_ARG(scope));
    }
    return read_when(c, path, out);
}

/* ---- texts, times, nested ---- */

static weir_rc read_length(weir__dg_compiler *c, weir_sv path, uint64_t least, uint64_t most,
                           uint64_t limit, weir__dg_cell *out)
{
    uint64_t exact = UINT64_MAX;
    WEIR_TRY(weir__dg_count(c->f, path, "length", 0, limit, &exact, c->st));
    least = exact == UINT64_MAX ? least : exact;
    most = exact == UINT64_MAX ? most : exact;
    WEIR_TRY(weir__dg_count(c->f, path, "length.min", 0, limit, &least, c->st));
    most = most < least ? least : most;
    WEIR_TRY(weir__dg_count(c->f, path, "length.max", 0, limit, &most, c->st));
    out->first = (int64_t)least;
    out->pick.n = most - least + 1;
    return least <= most ? WEIR_OK
                         : weir_fail(c->st, WEIR_EUSAGE, "length.max is less than length.min");
}

static weir_rc compile_time(weir__dg_compiler *c, weir_sv path, const weir_type *type,
                            weir__dg_cell *out)
{
    weir_sv past = weir__dg_text(c->f, path, "max.past", (weir_sv){0});
    weir_sv format = weir__dg_text(c->f, path, "format", (weir_sv){0});
    bool numbers = type->kind == WEIR_T_INTEGER || type->kind == WEIR_T_BIGINT ||
                   type->kind == WEIR_T_DATE || type->kind == WEIR_T_TIME ||
                   type->kind == WEIR_T_TIMESTAMP;
    if (!numbers && type->kind != WEIR_T_STRING) {
        return weir_fail(c->st, WEIR_EUSAGE, "a timestamp does not fit the column's type");
    }
    if (past.p && !weir__dg_parse_ms(past, &out->past_ms)) {
        return weir_fail(c->st, WEIR_EUSAGE,
                         "max.past wants a time as 30s or 1d, not \"" WEIR_SV_FMT "\"",
                         WEIR_SV_ARG(past));
    }
    if (format.p && numbers) {
        return weir_fail(c->st, WEIR_EUSAGE, "format is for texts");
    }
    if (!format.p) {
        out->safe = true;
        return WEIR_OK;
    }
    weir_dtf *f;
    WEIR_TRY(weir_dtf_compile(c->m->a, format, WEIR_LOCALE_ROOT, &f, c->st));
    out->format = f;
    weir_datetime sample = weir_datetime_of_timestamp(0, &weir_tz_utc);
    weir_buf text = {0};
    weir_rc rc = weir_dtf_format(f, &sample, &text, c->st);
    weir_buf_deinit(&text);
    return rc;
}

static weir_rc compile_cell(weir__dg_compiler *c, weir_sv path, weir_sv name, const weir_type *type,
                            int depth, weir__dg_cell *out);

static weir_rc compile_map(weir__dg_compiler *c, weir_sv path, weir__dg_cell *out)
{
    weir_sv names = weir__dg_text(c->f, path, "names", (weir_sv){0});
    weir_sv name;
    weir_sv *labels = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    while (weir__dg_split(&names, ',', &name)) {
        WEIR_PUSH(c->m->a, labels, n, cap, name);
    }
    if (n > WEIR_DATAGEN_ITEMS_MAX) {
        return weir_fail(c->st, WEIR_ELIMIT, "more than %d names (WEIR_DATAGEN_ITEMS_MAX)",
                         WEIR_DATAGEN_ITEMS_MAX);
    }
    out->labels = labels;
    uint64_t limit = n ? n : WEIR_DATAGEN_ITEMS_MAX;
    return read_length(c, path, n ? n : 1, n ? n : 3, limit, out);
}

static weir_rc compile_nested(weir__dg_compiler *c, weir_sv path, const weir_type *type, int depth,
                              weir__dg_cell *out)
{
    weir_arena *a = c->m->a;
    if (depth >= WEIR_DATAGEN_DEPTH_MAX) {
        return weir_fail(c->st, WEIR_ELIMIT,
                         "types are nested deeper than %d (WEIR_DATAGEN_DEPTH_MAX)",
                         WEIR_DATAGEN_DEPTH_MAX);
    }
    uint32_t n = type->kind == WEIR_T_STRUCT ? type->n_fields : 1;
    weir__dg_cell *children = WEIR_NEW_N(a, weir__dg_cell, n);
    out->children = children;
    if (type->kind == WEIR_T_ARRAY) {
        WEIR_TRY(read_length(c, path, 1, 3, WEIR_DATAGEN_ITEMS_MAX, out));
        return compile_cell(c, weir__dg_path(a, path, WEIR_SV("item")), WEIR_SV("item"), type->item,
                            depth + 1, children);
    }
    if (type->kind == WEIR_T_MAP) {
        WEIR_TRY(compile_map(c, path, out));
        return compile_cell(c, weir__dg_path(a, path, WEIR_SV("value")), WEIR_SV("value"),
                            type->item, depth + 1, children);
    }
    weir_sv *labels = WEIR_NEW_N(a, weir_sv, n);
    for (uint32_t i = 0; i < n; i++) {
        const weir_field *field = &type->fields[i];
        weir_buf label = {0};
        weir_json_string(&label, field->name);
        labels[i] = weir_arena_printf(a, "%c" WEIR_SV_FMT ":", i ? ',' : '{',
                                      WEIR_SV_ARG(weir_buf_view(&label)));
        weir_buf_deinit(&label);
        WEIR_TRY(compile_cell(c, weir__dg_path(a, path, field->name), field->name, field->type,
                              depth + 1, &children[i]));
    }
    out->labels = labels;
    return WEIR_OK;
}

static weir_rc compile_text(weir__dg_compiler *c, weir_sv path, const weir_type *type,
                            weir__dg_cell *out)
{
    weir__dg_regex *regex = NULL;
    uint64_t longest = 0;
    if (type->kind != WEIR_T_STRING && (type->kind != WEIR_T_BYTES || out->kind != WEIR__DG_TEXT)) {
        return weir_fail(c->st, WEIR_EUSAGE, "a text does not fit the column's type");
    }
    if (out->kind == WEIR__DG_TEMPLATE) {
        weir_sv template = weir__dg_text(c->f, path, "template", (weir_sv){0});
        return weir__dg_template(c->m->a, c->t, template, out, c->st);
    }
    WEIR_TRY(weir__dg_affixes(c, path, out));
    if (out->kind == WEIR__DG_TEXT) {
        WEIR_TRY(read_length(c, path, 8, 8, WEIR_DATAGEN_TEXT_MAX, out));
        out->most += 2 * ((uint64_t)out->first + out->pick.n); /* bytes are in base64 */
        return WEIR_OK;
    }
    if (out->kind == WEIR__DG_REGEX) {
        weir_sv pattern = weir__dg_text(c->f, path, "pattern", (weir_sv){0});
        out->safe = false;
        WEIR_TRY(weir__dg_regex_compile(c->m->a, pattern, &regex, &longest, c->st));
        out->most += longest * ESCAPED;
        out->regex = regex;
    }
    return WEIR_OK;
}

static weir_rc compile_kind(weir__dg_compiler *c, weir_sv path, const rule_name *rule,
                            const weir_type *type, int depth, weir__dg_cell *out)
{
    switch (rule->kind) {
    case WEIR__DG_SEQUENCE:
    case WEIR__DG_SESSION:
    case WEIR__DG_UNIFORM:
    case WEIR__DG_NORMAL:
    case WEIR__DG_HASH:
        return weir__dg_number_rule(c, path, strcmp(rule->name, "zipf") == 0, type, out);
    case WEIR__DG_TIMES: {
        bool real;
        return weir__dg_number_scale(c, path, type, out, &real);
    }
    case WEIR__DG_LIST: {
        out->prefix = weir__dg_text(c->f, path, "prefix", (weir_sv){0});
        out->suffix = weir__dg_text(c->f, path, "suffix", (weir_sv){0});
        uint32_t n = 0;
        WEIR_TRY(weir__dg_list(c->m, c->f, path, out, &n, c->st));
        const weir__dg_alias *weighted = out->pick.alias;
        WEIR_TRY(weir__dg_pick_rule(c, path, n, false, &out->pick));
        out->pick.alias = out->pick.alias ? out->pick.alias : weighted;
        return WEIR_OK;
    }
    case WEIR__DG_UUID:
    case WEIR__DG_TEXT:
    case WEIR__DG_REGEX:
    case WEIR__DG_TEMPLATE:
        return compile_text(c, path, type, out);
    case WEIR__DG_BOOL:
        out->high = 0.5;
        return type->kind == WEIR_T_BOOLEAN
                   ? weir__dg_number(c->f, path, "odds", 0, 1, &out->high, c->st)
                   : weir_fail(c->st, WEIR_EUSAGE, "bool is for BOOLEAN columns");
    case WEIR__DG_TIME:
        return compile_time(c, path, type, out);
    case WEIR__DG_WALK:
        return type->kind == WEIR_T_STRING
                   ? WEIR_OK
                   : weir_fail(c->st, WEIR_EUSAGE, "a walk is for STRING columns");
    case WEIR__DG_REF:
    case WEIR__DG_NULL:
        return WEIR_OK;
    case WEIR__DG_ARRAY:
    case WEIR__DG_MAP:
    case WEIR__DG_STRUCT:
        return strcmp(random_kind(type), rule->name) == 0
                   ? compile_nested(c, path, type, depth, out)
                   : weir_fail(c->st, WEIR_EUSAGE, "%s does not fit the column's type", rule->name);
    case WEIR__DG_REAL:
        break;
    }
    WEIR_UNREACHABLE();
}

static weir_rc compile_cell(weir__dg_compiler *c, weir_sv path, weir_sv name, const weir_type *type,
                            int depth, weir__dg_cell *out)
{
    const rule_name *rule;
    WEIR_TRY(choose_rule(c, path, name, type, &rule));
    weir_sv draw = weir__dg_text(c->f, path, "draw", (weir_sv){0});
    *out = (weir__dg_cell){.kind = rule->kind, .type = type, .column = -1, .with = -1};
    out->quoted = type->kind == WEIR_T_STRING || type->kind == WEIR_T_BYTES;
    out->most = 64;
    out->base = draw.n ? lower_hash(c->t->base + 1, draw)
                       : lower_hash(lower_hash(c->t->base, c->f->name), path);
    bool inside = depth > 0 && (rule->kind == WEIR__DG_WALK || rule->kind == WEIR__DG_REF ||
                                rule->kind == WEIR__DG_HASH || rule->kind == WEIR__DG_TIMES);
    if (inside) {
        return weir_fail(c->st, WEIR_EUSAGE, "%s is for columns, not for what is inside of them",
                         rule->name);
    }
    WEIR_TRY(read_common(c, path, out));
    weir_rc rc = compile_kind(c, path, rule, type, depth, out);
    if (rc != WEIR_OK && path.n) {
        return weir_wrap(c->st, WEIR_SV_FMT, path.n - 1, path.p);
    }
    return rc;
}

weir_rc weir__dg_compile(weir__dg_maker *m, weir__dg_table *t, weir__dg_field *f,
                         weir__dg_cell *out, weir_status *st)
{
    weir__dg_compiler c = {.m = m, .t = t, .f = f, .st = st};
    weir_sv hidden = weir__dg_text(f, (weir_sv){0}, "hidden", (weir_sv){0});
    f->hidden = f->hidden || weir_sv_ieq(hidden, WEIR_SV("true"));
    return compile_cell(&c, (weir_sv){0}, f->name, f->type, 0, out);
}

weir_rc weir__dg_check_used(const weir__dg_field *f, weir__dg_kind kind, weir_status *st)
{
    for (uint32_t i = 0; i < f->n; i++) {
        if (f->args[i].used) {
            continue;
        }
        weir_fail(st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\" says nothing here",
                  WEIR_SV_ARG(f->args[i].name));
        for (size_t k = 0; k < WEIR_COUNT(rules); k++) {
            if (rules[k].kind == kind) {
                return weir_hint(st, "%s has %s; all have " COMMON, rules[k].name, rules[k].args);
            }
        }
        return st->rc;
    }
    return WEIR_OK;
}
