/* From a request to a spec: where the tables come from, what the settings change in them, then
 * cells. */
#include "connectors/datagen_impl.h"

#include "engine/base/nearest.h"
#include "engine/data/number.h"
#include "engine/data/text.h"

#define USERS_MAX 1000000000

static const weir_sv none = {0};

/* ---- options ---- */

/* What other generators call the arguments. */
static const char *argument(weir_arena *a, weir_sv name)
{
    static const char *const others[][2] = {{"null-rate", "null.share"},
                                            {"null.rate", "null.share"},
                                            {"null-share", "null.share"},
                                            {"max-past", "max.past"},
                                            {"max_past", "max.past"},
                                            {"probability", "odds"},
                                            {"mu", "mean"},
                                            {"sigma", "stddev"},
                                            {"restart", "end"},
                                            {"initial", "start"},
                                            {"foreign.table", "table"},
                                            {"foreign.column", "column"}};
    for (size_t i = 0; i < WEIR_COUNT(others); i++) {
        if (weir_sv_ieq(name, weir_sv_cstr(others[i][0]))) {
            return others[i][1];
        }
    }
    return weir_arena_cstr(a, name);
}

/* The column that `rest` begins with, and behind which a point follows; the longest. */
static weir__dg_field *field_at(const weir__dg_table *t, weir_sv rest, weir_sv *argument_name)
{
    weir__dg_field *best = NULL;
    for (uint32_t i = 0; i < t->n; i++) {
        weir_sv name = t->fields[i].name;
        bool fits = rest.n > name.n + 1 && weir_sv_istarts(rest, name) && rest.p[name.n] == '.';
        if (fits && (!best || name.n > best->name.n)) {
            best = &t->fields[i];
            *argument_name = weir_sv_of(rest.p + name.n + 1, rest.n - name.n - 1);
        }
    }
    return best;
}

/* fields.COLUMN.ARGUMENT or fields.TABLE.COLUMN.ARGUMENT. NULL: names no column. */
static weir__dg_field *field_of_option(const weir_datagen_spec *s, weir_sv name, weir_sv *arg)
{
    weir__dg_field *f = NULL;
    weir_sv rest = weir_sv_of(name.p + 7, name.n - 7);
    for (uint32_t t = 0; t < s->n && !f; t++) {
        weir_sv table = s->tables[t].told.name;
        if (rest.n > table.n && rest.p[table.n] == '.' && weir_sv_istarts(rest, table)) {
            f = field_at(&s->tables[t], weir_sv_of(rest.p + table.n + 1, rest.n - table.n - 1),
                         arg);
        }
    }
    for (uint32_t t = 0; t < s->n && !f; t++) {
        f = s->tables[t].told.wanted ? field_at(&s->tables[t], rest, arg) : NULL;
    }
    return f;
}

/* First the kinds: another rule takes the place of the whole old one. */
static weir_rc read_field_options(weir__dg_describer *d)
{
    const weir_datagen_request *r = d->m.request;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < r->n_options; i++) {
            weir_sv name = r->options[i].name;
            weir_sv arg = none;
            if (weir__dg_setting_named(name) >= 0) {
                continue;
            }
            weir__dg_field *f = field_of_option(d->s, name, &arg);
            if (!f) {
                return weir_fail(d->st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\" names no column",
                                 WEIR_SV_ARG(name));
            }
            bool kind = weir_sv_ieq(arg, WEIR_SV("kind"));
            if (kind && round == 0) {
                f->n = 0;
            }
            if (kind == (round == 0)) {
                weir__dg_set(d->s->a, f, none, argument(d->s->a, arg),
                             weir_arena_sv(d->s->a, r->options[i].value));
            }
        }
    }
    return WEIR_OK;
}

/* ---- tables ---- */

static weir_rc open_shop(weir__dg_describer *d)
{
    static const weir_shop_topic topics[] = {WEIR_SHOP_CLICKSTREAM, WEIR_SHOP_PAYMENTS,
                                             WEIR_SHOP_PRODUCTS};
    uint64_t users = 100000;
    uint64_t products = 200;
    d->s->shop = true;
    d->s->late = 0.02;
    d->s->duplicates = 0.001;
    WEIR_TRY(weir__dg_count(&d->given, none, weir__dg_setting_name(WEIR__DG_SET_USERS), 1,
                            USERS_MAX, &users, d->st));
    WEIR_TRY(weir__dg_count(&d->given, none, weir__dg_setting_name(WEIR__DG_SET_PRODUCTS), 1,
                            WEIR_SHOP_PRODUCTS_MAX, &products, d->st));
    d->s->shop_config.users = (uint32_t)users;
    d->s->shop_config.products = (uint32_t)products;
    for (size_t i = 0; i < WEIR_COUNT(topics); i++) {
        weir__dg_table *t =
            weir__dg_add_table(&d->m, weir_sv_cstr(weir_shop_topic_names[topics[i]]));
        t->told.rows = topics[i] == WEIR_SHOP_PRODUCTS ? products : 0;
    }
    return WEIR_OK;
}

static weir_sv model_name(weir__dg_describer *d)
{
    weir_sv option = weir__dg_setting_text(d, WEIR__DG_SET_MODEL);
    return d->m.request->model.n ? d->m.request->model : option;
}

static weir_rc no_model(weir_sv name, weir_status *st)
{
    weir_sv *names = weir_alloc(sizeof *names * weir_datagen_n_models);
    for (uint32_t i = 0; i < weir_datagen_n_models; i++) {
        names[i] = weir_sv_cstr(weir_datagen_models[i].name);
    }
    int64_t near = weir_nearest(name, names, weir_datagen_n_models);
    weir_fail(st, WEIR_ENOTFOUND, "there is no model \"" WEIR_SV_FMT "\"", WEIR_SV_ARG(name));
    if (near >= 0) {
        weir_hint(st, "did you mean " WEIR_SV_FMT "?", WEIR_SV_ARG(names[near]));
    } else {
        weir_hint(st, "`weir datagen --list` names them");
    }
    weir_free(names);
    return st->rc;
}

static weir_rc open_model(weir__dg_describer *d)
{
    const weir_datagen_request *r = d->m.request;
    weir_sv name = model_name(d);
    if ((name.n != 0) + (r->model_text.n != 0) + (r->avro.n != 0) > 1) {
        return weir_fail(d->st, WEIR_EUSAGE,
                         "a model by name, a description and a schema exclude one another");
    }
    if (r->avro.n) {
        return weir__dg_avro_read(&d->m, r->avro, d->st);
    }
    if (r->model_text.n) {
        return weir__dg_model_read(&d->m, r->model_text, d->st);
    }
    if (name.n == 0) {
        if (r->n_columns == 0) {
            return weir_fail(d->st, WEIR_EUSAGE,
                             "nothing says what to generate: a model, a schema, or columns");
        }
        weir__dg_add_table(&d->m, WEIR_SV("rows"));
        return WEIR_OK;
    }
    const weir_datagen_model *model = weir_datagen_find_model(name);
    if (!model) {
        return no_model(name, d->st);
    }
    return model->text ? weir__dg_model_read(&d->m, weir_sv_cstr(model->text), d->st)
                       : open_shop(d);
}

static weir_rc choose_tables(weir__dg_describer *d)
{
    weir_sv names = weir__dg_setting_text(d, WEIR__DG_SET_TABLES);
    weir_sv name;
    bool one = d->m.request->n_columns > 0;
    weir__dg_table *own =
        weir__dg_table_named(d->s, model_name(d)); /* the others are for its references */
    for (uint32_t i = 0; !names.n && i < d->s->n; i++) {
        d->s->tables[i].told.wanted = own ? &d->s->tables[i] == own : i == 0 || !one;
    }
    while (weir__dg_split(&names, ',', &name)) {
        weir__dg_table *t = weir__dg_table_named(d->s, name);
        if (!t) {
            weir_buf all = {0};
            for (uint32_t i = 0; i < d->s->n; i++) {
                weir_buf_str(&all, i ? ", " : "");
                weir_buf_sv(&all, d->s->tables[i].told.name);
            }
            weir_fail(d->st, WEIR_ENOTFOUND, "no table " WEIR_SV_FMT " in the model",
                      WEIR_SV_ARG(name));
            weir_hint(d->st, "there are " WEIR_SV_FMT, WEIR_SV_ARG(weir_buf_view(&all)));
            weir_buf_deinit(&all);
            return d->st->rc;
        }
        t->told.wanted = true;
        if (one && names.n) {
            return weir_fail(d->st, WEIR_EUSAGE, "columns are of one table");
        }
    }
    return WEIR_OK;
}

/* The declared columns with the model's rules. What is not declared is still there for templates.
 */
static void declare(weir__dg_describer *d)
{
    const weir_datagen_request *r = d->m.request;
    weir__dg_table *t = d->s->tables;
    while (!t->told.wanted) {
        t++;
    }
    weir__dg_table old = *t;
    t->fields = NULL;
    t->n = t->cap = 0;
    t->key = none;
    for (uint32_t i = 0; i < r->n_columns; i++) {
        const weir_datagen_column *c = &r->columns[i];
        weir__dg_field *f =
            weir__dg_add_field(d->s->a, t, c->name, weir_type_copy(d->s->a, c->type));
        int32_t like = weir__dg_field_named(&old, c->name);
        if (like >= 0) {
            f->args = old.fields[like].args;
            f->n = f->cap = old.fields[like].n;
        }
        f->key = c->key;
        f->hidden = c->key;
    }
    for (uint32_t i = 0; i < old.n; i++) {
        if (weir__dg_field_named(t, old.fields[i].name) < 0) {
            WEIR_PUSH(d->s->a, t->fields, t->n, t->cap, old.fields[i]);
            t->fields[t->n - 1].hidden = true;
        }
    }
}

static weir_rc mark_keys(weir__dg_describer *d)
{
    weir_sv given = weir__dg_setting_text(d, WEIR__DG_SET_KEY);
    for (uint32_t i = 0; i < d->s->n; i++) {
        weir__dg_table *t = &d->s->tables[i];
        weir_sv names = given.n && t->told.wanted ? given : t->key;
        weir_sv name;
        while (weir__dg_split(&names, ',', &name)) {
            int32_t at = weir__dg_field_named(t, name);
            if (at < 0) {
                return weir_fail(d->st, WEIR_EUSAGE,
                                 "key: table " WEIR_SV_FMT " has no column " WEIR_SV_FMT,
                                 WEIR_SV_ARG(t->told.name), WEIR_SV_ARG(name));
            }
            t->fields[at].key = true;
        }
    }
    return WEIR_OK;
}

/* ---- keys ---- */

static weir__dg_field *key_field(weir__dg_table *t)
{
    for (uint32_t i = 0; i < t->n; i++) {
        if (t->fields[i].key) {
            return &t->fields[i];
        }
    }
    return NULL;
}

/* `keys`, `hot` and `tenants` change the rule of the key. */
static weir_rc adjust_key(weir__dg_describer *d, weir__dg_table *t)
{
    weir_arena *a = d->s->a;
    weir__dg_field *f = key_field(t);
    weir_sv keys = weir__dg_setting_text(d, WEIR__DG_SET_KEYS);
    weir_sv hot = weir__dg_setting_text(d, WEIR__DG_SET_HOT);
    weir_sv tenants = weir__dg_setting_text(d, WEIR__DG_SET_TENANTS);
    if (!f) {
        return weir_fail(d->st, WEIR_EUSAGE, "keys, hot and tenants want a table with a key");
    }
    if (f->n == 0) {
        WEIR_TRY(weir__dg_guess(a, f, none, f->name, f->type, d->st));
    }
    weir__dg_arg *said = weir__dg_find(f, none, "kind");
    weir_sv kind = said ? said->value : WEIR_SV("uniform");
    bool counted = weir_sv_ieq(kind, WEIR_SV("uniform")) || weir_sv_ieq(kind, WEIR_SV("zipf"));
    bool chosen = weir_sv_ieq(kind, WEIR_SV("list")) || weir_sv_ieq(kind, WEIR_SV("ref"));
    if ((keys.p && !counted) || (hot.p && !counted && !chosen)) {
        return weir_fail(d->st, WEIR_EUSAGE, "%s: the key of " WEIR_SV_FMT " is a " WEIR_SV_FMT,
                         keys.p ? "keys" : "hot", WEIR_SV_ARG(t->told.name), WEIR_SV_ARG(kind));
    }
    if (keys.p) {
        weir__dg_set(a, f, none, "keys", keys);
    }
    if (hot.p) {
        weir_sv share;
        weir__dg_split(&hot, ':', &share);
        weir__dg_set(a, f, none, "hot.share", share);
        weir__dg_set(a, f, none, "hot.size", hot.n ? hot : WEIR_SV("1"));
    }
    if (tenants.p) {
        int32_t at = weir__dg_field_named(t, WEIR_SV("tenant"));
        weir_sv of = f->name;
        f = at >= 0 ? &t->fields[at]
                    : weir__dg_add_field(a, t, WEIR_SV("tenant"), weir_type_of(WEIR_T_STRING));
        f->n = 0;
        weir__dg_set(a, f, none, "kind", WEIR_SV("hash"));
        weir__dg_set(a, f, none, "of", of);
        weir__dg_set(a, f, none, "n", tenants);
        weir__dg_set(a, f, none, "prefix", WEIR_SV("tenant_"));
    }
    return WEIR_OK;
}

static weir_rc adjust_keys(weir__dg_describer *d)
{
    if (d->s->shop ||
        (!weir__dg_is_set(d, WEIR__DG_SET_KEYS) && !weir__dg_is_set(d, WEIR__DG_SET_HOT) &&
         !weir__dg_is_set(d, WEIR__DG_SET_TENANTS))) {
        return WEIR_OK;
    }
    for (uint32_t i = 0; i < d->s->n; i++) {
        weir__dg_table *t = &d->s->tables[i];
        if (t->told.wanted && !t->told.rows) {
            WEIR_TRY(adjust_key(d, t));
        }
    }
    return WEIR_OK;
}

/* ---- all of it ---- */

static weir_rc check_settings(weir__dg_describer *d)
{
    for (uint32_t i = 0; i < d->given.n; i++) {
        if (!d->given.args[i].used) {
            return weir_fail(d->st, WEIR_EUSAGE, WEIR_SV_FMT " is for the model shop",
                             WEIR_SV_ARG(d->given.args[i].name));
        }
    }
    return WEIR_OK;
}

static bool is_text(weir_sv s)
{
    return s.n == 0 || weir_utf8_valid(s);
}

static weir_rc check_texts(const weir__dg_describer *d)
{
    const weir_datagen_request *r = d->m.request;
    bool good = is_text(r->model_text) && is_text(r->avro);
    for (uint32_t i = 0; i < r->n_options && good; i++) {
        good = is_text(r->options[i].name) && is_text(r->options[i].value);
    }
    return good ? WEIR_OK : weir_fail(d->st, WEIR_EUSAGE, "a description that is not UTF-8");
}

static weir_rc describe(weir__dg_describer *d)
{
    int64_t seed = 1;
    WEIR_TRY(check_texts(d));
    WEIR_TRY(weir__dg_settings_read(d));
    weir_sv text = weir__dg_setting_text(d, WEIR__DG_SET_SEED);
    if (text.p && !weir_i64_parse(text, &seed)) {
        return weir_fail(d->st, WEIR_EUSAGE, "seed wants a whole number, not \"" WEIR_SV_FMT "\"",
                         WEIR_SV_ARG(text));
    }
    d->s->seed = (uint64_t)seed;
    WEIR_TRY(open_model(d));
    WEIR_TRY(choose_tables(d));
    if (d->m.request->n_columns && !d->s->shop) {
        declare(d);
    }
    WEIR_TRY(mark_keys(d));
    WEIR_TRY(read_field_options(d));
    WEIR_TRY(adjust_keys(d));
    WEIR_TRY(weir__dg_settings_faults(d));
    WEIR_TRY(weir__dg_settings_pace(d));
    WEIR_TRY(check_settings(d));
    return weir__dg_tables_compile(&d->m, d->st);
}

weir_rc weir_datagen_describe(weir_arena *a, const weir_datagen_request *r, weir_datagen_spec **out,
                              weir_status *st)
{
    weir_datagen_spec *s = WEIR_NEW(a, weir_datagen_spec);
    s->a = a;
    weir__dg_describer d = {.m = {.a = a, .spec = s, .request = r}, .s = s, .st = st};
    *out = s;
    return describe(&d);
}
