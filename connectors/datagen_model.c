/* Models as text, one line per table and per column:
 *
 *   # people and what they looked at
 *   table users key=userid rows=1000
 *   userid    STRING             sequence start=1 prefix=User_
 *   address   STRUCT<city STRING, zip BIGINT>  city.kind=list city.values='Ulm, Köln'
 *   table views key=userid weight=10
 *   userid    STRING             ref table=users distribution=zipf
 *   viewtime  BIGINT             timestamp
 *
 * `rows`: so many and no more, at the beginning. `weight`: how many records of this stream come on
 * those of others. A value with blanks is in quotes. A rule without arguments suits the column's
 * name. */
#include "connectors/datagen_impl.h"

#include "engine/base/limits.h"
#include "engine/data/number.h"

/* ---- words ---- */

static void skip(weir_sv *s)
{
    while (s->n && (s->p[0] == ' ' || s->p[0] == '\t')) {
        *s = weir_sv_of(s->p + 1, s->n - 1);
    }
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || (unsigned char)c >= 0x80;
}

static weir_sv word(weir_sv *s)
{
    skip(s);
    uint32_t n = 0;
    while (n < s->n && is_name(s->p[n])) {
        n++;
    }
    weir_sv out = weir_sv_of(s->p, n);
    *s = weir_sv_of(s->p + n, s->n - n);
    return out;
}

static bool eat(weir_sv *s, char c)
{
    skip(s);
    if (!s->n || s->p[0] != c) {
        return false;
    }
    *s = weir_sv_of(s->p + 1, s->n - 1);
    return true;
}

/* Up to the next blank, or what is between quotes ('' is one). */
static weir_rc value(weir_arena *a, weir_sv *s, weir_sv *out, weir_status *st)
{
    uint32_t n = 0;
    if (s->n && s->p[0] != '\'') {
        while (n < s->n && s->p[n] != ' ' && s->p[n] != '\t') {
            n++;
        }
        *out = weir_sv_of(s->p, n);
        *s = weir_sv_of(s->p + n, s->n - n);
        return WEIR_OK;
    }
    weir_buf text = {0};
    bool closed = false;
    for (n = 1; n < s->n && !closed; n++) {
        bool quote = s->p[n] == '\'';
        bool twice = quote && n + 1 < s->n && s->p[n + 1] == '\'';
        closed = quote && !twice;
        n += twice;
        if (!closed) {
            weir_buf_byte(&text, s->p[n]);
        }
    }
    *out = weir_arena_sv(a, weir_buf_view(&text));
    weir_buf_deinit(&text);
    if (!closed) {
        return weir_fail(st, WEIR_EUSAGE, "a quote is not closed");
    }
    *s = weir_sv_of(s->p + n, s->n - n);
    return WEIR_OK;
}

/* ---- types ---- */

static weir_rc read_type(weir_arena *a, weir_sv *s, int depth, const weir_type **out,
                         weir_status *st);

static weir_rc read_struct(weir_arena *a, weir_sv *s, int depth, const weir_type **out,
                           weir_status *st)
{
    weir_field *fields = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    do {
        weir_field f = {.name = word(s)};
        if (f.name.n == 0 || n == WEIR_COLUMNS_MAX) {
            return weir_fail(st, WEIR_EUSAGE, "a field of a STRUCT wants a name");
        }
        eat(s, ':');
        WEIR_TRY(read_type(a, s, depth + 1, &f.type, st));
        WEIR_PUSH(a, fields, n, cap, f);
    } while (eat(s, ','));
    *out = weir_type_struct(a, fields, n);
    return WEIR_OK;
}

static weir_rc read_decimal(weir_arena *a, weir_sv *s, const weir_type **out, weir_status *st)
{
    int64_t precision = 18;
    int64_t scale = 2;
    if (eat(s, '(')) {
        bool good = weir_i64_parse(word(s), &precision) && eat(s, ',') &&
                    weir_i64_parse(word(s), &scale) && eat(s, ')') && precision >= 1 &&
                    precision <= WEIR_DECIMAL_DIGITS_MAX && scale >= 0 && scale <= precision;
        if (!good) {
            return weir_fail(st, WEIR_EUSAGE, "DECIMAL wants (precision, scale)");
        }
    }
    *out = weir_type_decimal(a, (int32_t)precision, (int32_t)scale);
    return WEIR_OK;
}

static weir_rc read_type(weir_arena *a, weir_sv *s, int depth, const weir_type **out,
                         weir_status *st)
{
    static const struct {
        const char *name;
        weir_kind kind;
    } names[] = {
        {"BOOLEAN", WEIR_T_BOOLEAN}, {"INT", WEIR_T_INTEGER},    {"INTEGER", WEIR_T_INTEGER},
        {"BIGINT", WEIR_T_BIGINT},   {"DOUBLE", WEIR_T_DOUBLE},  {"DECIMAL", WEIR_T_DECIMAL},
        {"STRING", WEIR_T_STRING},   {"VARCHAR", WEIR_T_STRING}, {"BYTES", WEIR_T_BYTES},
        {"DATE", WEIR_T_DATE},       {"TIME", WEIR_T_TIME},      {"TIMESTAMP", WEIR_T_TIMESTAMP},
        {"ARRAY", WEIR_T_ARRAY},     {"MAP", WEIR_T_MAP},        {"STRUCT", WEIR_T_STRUCT}};
    weir_sv name = word(s);
    size_t i = 0;
    while (i < WEIR_COUNT(names) && !weir_sv_ieq(name, weir_sv_cstr(names[i].name))) {
        i++;
    }
    if (i == WEIR_COUNT(names)) {
        return weir_fail(st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\" is no type", WEIR_SV_ARG(name));
    }
    if (depth > WEIR_DATAGEN_DEPTH_MAX) {
        return weir_fail(st, WEIR_ELIMIT,
                         "types are nested deeper than %d (WEIR_DATAGEN_DEPTH_MAX)",
                         WEIR_DATAGEN_DEPTH_MAX);
    }
    weir_kind kind = names[i].kind;
    if (kind == WEIR_T_DECIMAL) {
        return read_decimal(a, s, out, st);
    }
    if (kind != WEIR_T_ARRAY && kind != WEIR_T_MAP && kind != WEIR_T_STRUCT) {
        *out = weir_type_of(kind);
        return WEIR_OK;
    }
    const weir_type *item = NULL;
    bool good = eat(s, '<');
    if (good && kind == WEIR_T_STRUCT) {
        WEIR_TRY(read_struct(a, s, depth, out, st));
    } else if (good) {
        WEIR_TRY(read_type(a, s, depth + 1, &item, st));
        if (kind == WEIR_T_MAP) {
            good = item->kind == WEIR_T_STRING && eat(s, ',');
            if (good) {
                WEIR_TRY(read_type(a, s, depth + 1, &item, st));
                *out = weir_type_map(a, weir_type_of(WEIR_T_STRING), item);
            }
        } else {
            *out = weir_type_array(a, item);
        }
    }
    return good && eat(s, '>') ? WEIR_OK
                               : weir_fail(st, WEIR_EUSAGE,
                                           "types are nested as ARRAY<…>, MAP<STRING, …>, "
                                           "STRUCT<name TYPE, …>");
}

weir_rc weir__dg_type_read(weir_arena *a, weir_sv *text, const weir_type **out, weir_status *st)
{
    return read_type(a, text, 0, out, st);
}

/* ---- tables and columns ---- */

weir__dg_table *weir__dg_add_table(weir__dg_maker *m, weir_sv name)
{
    weir_datagen_spec *s = m->spec;
    weir__dg_table t = {.told.name = weir_arena_sv(m->a, name), .weight = 1};
    WEIR_PUSH(m->a, s->tables, s->n, s->cap, t);
    return &s->tables[s->n - 1];
}

weir__dg_field *weir__dg_add_field(weir_arena *a, weir__dg_table *t, weir_sv name,
                                   const weir_type *type)
{
    weir__dg_field f = {.name = weir_arena_sv(a, name), .type = type};
    WEIR_PUSH(a, t->fields, t->n, t->cap, f);
    return &t->fields[t->n - 1];
}

weir_rc weir__dg_rule_read(weir_arena *a, weir_sv text, weir_sv path, weir__dg_field *f,
                           weir_status *st)
{
    for (bool first = true; skip(&text), text.n; first = false) {
        weir_sv name = word(&text);
        weir_sv v;
        if (name.n && first && (text.n == 0 || text.p[0] != '=')) {
            weir__dg_set(a, f, path, "kind", name);
            continue;
        }
        if (name.n == 0 || text.n == 0 || text.p[0] != '=') {
            return weir_fail(st, WEIR_EUSAGE,
                             "a rule is KIND name=value …, not \"" WEIR_SV_FMT "…\"",
                             WEIR_SV_ARG(name.n ? name : text));
        }
        text = weir_sv_of(text.p + 1, text.n - 1);
        WEIR_TRY(value(a, &text, &v, st));
        weir__dg_set(a, f, path, weir_arena_cstr(a, name), v);
    }
    return WEIR_OK;
}

static weir_rc read_table(weir__dg_maker *m, weir_sv line, weir_status *st)
{
    weir_sv name = word(&line);
    if (name.n == 0) {
        return weir_fail(st, WEIR_EUSAGE, "a table wants a name");
    }
    if (m->spec->n == WEIR_DATAGEN_TABLES_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "more than %d tables (WEIR_DATAGEN_TABLES_MAX)",
                         WEIR_DATAGEN_TABLES_MAX);
    }
    if (weir__dg_table_named(m->spec, name)) {
        return weir_fail(st, WEIR_EUSAGE, "a second table " WEIR_SV_FMT, WEIR_SV_ARG(name));
    }
    weir__dg_table *t = weir__dg_add_table(m, name);
    weir__dg_field args = {0};
    WEIR_TRY(weir__dg_rule_read(m->a, line, (weir_sv){0}, &args, st));
    t->key = weir__dg_text(&args, (weir_sv){0}, "key", (weir_sv){0});
    WEIR_TRY(weir__dg_count(&args, (weir_sv){0}, "rows", 1, INT64_MAX, &t->told.rows, st));
    WEIR_TRY(
        weir__dg_count(&args, (weir_sv){0}, "weight", 1, WEIR_DATAGEN_CYCLE_MAX, &t->weight, st));
    for (uint32_t i = 0; i < args.n; i++) {
        if (!args.args[i].used) {
            return weir_fail(st, WEIR_EUSAGE,
                             "a table has key, rows and weight, not \"" WEIR_SV_FMT "\"",
                             WEIR_SV_ARG(args.args[i].name));
        }
    }
    return WEIR_OK;
}

static weir_rc read_column(weir__dg_maker *m, weir_sv line, weir_status *st)
{
    weir_datagen_spec *s = m->spec;
    weir_sv name = word(&line);
    const weir_type *type;
    if (s->n == 0 || name.n == 0) {
        return weir_fail(st, WEIR_EUSAGE, "a model begins with `table NAME`");
    }
    weir__dg_table *t = &s->tables[s->n - 1];
    WEIR_TRY(weir__dg_type_read(m->a, &line, &type, st));
    if (t->n == WEIR_COLUMNS_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "more than %d columns (WEIR_COLUMNS_MAX)",
                         WEIR_COLUMNS_MAX);
    }
    if (weir__dg_field_named(t, name) >= 0) {
        return weir_fail(st, WEIR_EUSAGE, "a second column " WEIR_SV_FMT, WEIR_SV_ARG(name));
    }
    weir__dg_field *f = weir__dg_add_field(m->a, t, name, type);
    return weir__dg_rule_read(m->a, line, (weir_sv){0}, f, st);
}

weir_rc weir__dg_model_read(weir__dg_maker *m, weir_sv text, weir_status *st)
{
    text = weir_arena_sv(m->a, text);
    weir_sv rest = text;
    weir_sv line;
    for (int number = 1; weir__dg_split(&rest, '\n', &line); number++) {
        weir_sv at = line;
        if (line.n == 0 || line.p[0] == '#') {
            continue;
        }
        bool table = weir_sv_eq(word(&at), WEIR_SV("table"));
        weir_rc rc = table ? read_table(m, at, st) : read_column(m, line, st);
        if (rc != WEIR_OK) {
            return weir_wrap(st, "line %d", number);
        }
    }
    return m->spec->n ? WEIR_OK : weir_fail(st, WEIR_EUSAGE, "a model without tables");
}
