/* Statements → units. A bundle's statements get their variables here, DEFINE included, so that what is
 * stored needs none. */
#include "engine/server/deploy_impl.h"

#include "dsl/print.h"

static weir_sv canonical(weir_arena *a, const weir_ast_stmt *s)
{
    weir_buf text = {0};
    weir_print_stmt(&text, s);
    weir_sv kept = weir_arena_sv(a, weir_buf_view(&text));
    weir_buf_deinit(&text);
    return kept;
}

/* The kind that the properties name; NULL: none. */
static const weir_conn_kind *connector_of(const weir_ast_props *props, bool sink)
{
    weir_conn_given_option options[2];
    weir_connect_spec spec = {.sink = sink, .options = options};
    for (uint32_t i = 0; i < props->n && spec.n_options < WEIR_COUNT(options); i++) {
        const weir_ast_prop *p = &props->items[i];
        if (p->value->kind == WEIR_X_STRING && (weir_sv_ieq(p->name, WEIR_SV("connector")) ||
                                                weir_sv_ieq(p->name, WEIR_SV("connector.class")))) {
            options[spec.n_options++] = (weir_conn_given_option){p->name, p->value->as.text, {0}};
        }
    }
    return spec.n_options ? weir_connect_kind(&spec) : NULL;
}

/* False: it does not say what there is. */
static bool classify(const weir_ast_stmt *s, weir__unit *u)
{
    switch ((int)s->kind) {
    case WEIR_S_CREATE:
        u->kind = WEIR__UNIT_SOURCE;
        u->table = s->as.create.table;
        u->name = s->as.create.name.name;
        u->connector = connector_of(&s->as.create.props, false);
        return true;
    case WEIR_S_INSERT_QUERY:
        u->kind = WEIR__UNIT_QUERY;
        u->name = s->as.insert.name.name;
        u->names_query = s->as.insert.props.n > 0;
        return true;
    case WEIR_S_INSERT_VALUES:
        u->kind = WEIR__UNIT_ROWS;
        u->name = s->as.values.name.name;
        return true;
    case WEIR_S_CREATE_TYPE:
        u->kind = WEIR__UNIT_TYPE;
        u->name = s->as.create_type.name.name;
        return true;
    case WEIR_S_CREATE_CONNECTOR:
        u->kind = WEIR__UNIT_CONNECTOR;
        u->name = s->as.create_connector.name.name;
        u->connector = connector_of(&s->as.create_connector.props, s->as.create_connector.sink);
        return true;
    case WEIR_S_SET:
    case WEIR_S_UNSET:
        u->kind = WEIR__UNIT_SETTING;
        u->name = s->as.set.name;
        return true;
    default:
        return false;
    }
}

static weir_rc add(weir_deploy *d, weir__model *m, const weir_ast_stmt *s, weir__unit u,
                   weir_status *st)
{
    u.number = WEIR_NO_QUERY;
    if (!classify(s, &u)) {
        weir_fail(st, WEIR_ESQL, "a bundle says what there is: only CREATE, INSERT INTO, SET, UNSET, "
                                 "DEFINE and UNDEFINE can be applied");
        return weir_hint(st, "take out or change the statement that made it, and apply the bundle again");
    }
    u.text = weir_arena_sv(&d->arena, s->text);
    u.name = weir_arena_sv(&d->arena, u.name);
    u.canonical = canonical(&d->arena, s);
    weir__unit *kept = WEIR_NEW(&d->arena, weir__unit);
    *kept = u;
    WEIR_PUSH(&d->arena, m->units, m->n, m->cap, kept);
    return WEIR_OK;
}

weir_rc weir__units_of_revision(weir_deploy *d, weir__model *m, const weir_revision *r, weir_status *st)
{
    for (uint32_t i = 0; i < r->n_statements; i++) {
        weir_ast_stmt *s = NULL;
        weir_diags diags;
        weir_diags_init(&diags, &d->arena);
        if (weir_parse_statement(r->statements[i].text, &d->arena, &s, &diags) != WEIR_OK) {
            weir_diags_status(&diags, r->statements[i].text, st);
            return weir_wrap(st, "revision %u", r->number);
        }
        WEIR_TRY(add(d, m, s, (weir__unit){.bundle = r->bundle}, st));
        m->units[m->n - 1]->number = r->statements[i].query;
    }
    return WEIR_OK;
}

/* ---- bundles ---- */

typedef struct scope {
    weir_setting_list vars;
} scope;

static bool lookup(void *ctx, weir_sv name, weir_sv *value)
{
    return weir_settings_get(&((scope *)ctx)->vars, name, true, value);
}

static void tell(weir_deploy *d, const weir_bundle_file *f, weir_sv text, weir_span at, weir_buf *told,
                 const weir_status *st)
{
    weir_diags diags;
    weir_diags_init(&diags, &d->arena);
    weir_diag *one = weir_diag_add_status(&diags, st);
    one->span = one->stmt = at;
    weir_diag_render(told, f->path, text, one);
}

/* Fills in the variables of one statement, and makes it a unit. */
static weir_rc unit(weir_deploy *d, weir__model *m, const weir_bundle *b, scope *vars,
                    const weir_ast_stmt *s, weir__unit u, weir_status *st)
{
    weir_sv text = s->text;
    weir_ast_stmt *own = NULL;
    weir_diags diags;
    weir_diags_init(&diags, &d->arena);
    u.bundle = b->name;
    if (s->has_variables) {
        WEIR_TRY(weir_substitute(text, lookup, vars, &d->arena, &text, st));
    }
    if (weir_parse_statement(text, &d->arena, &own, &diags) != WEIR_OK) {
        return weir_diags_status(&diags, text, st);
    }
    if (own->kind == WEIR_S_DEFINE) {
        weir_settings_put(&vars->vars, own->as.set.name, true, own->as.set.value);
        return WEIR_OK;
    }
    if (own->kind == WEIR_S_UNDEFINE) {
        weir_settings_drop(&vars->vars, own->as.set.name, true);
        return WEIR_OK;
    }
    return add(d, m, own, u, st);
}

static weir_rc file_units(weir_deploy *d, weir__model *m, const weir_bundle *b, scope *vars,
                          const weir_bundle_file *f, weir_buf *told, weir_status *st)
{
    weir_arena *a = &d->arena;
    weir_script script = {0};
    weir_diags diags;
    weir_sv text = f->text;
    weir_diags_init(&diags, a);
    if (weir_parse_script(text, a, &script, &diags) != WEIR_OK &&
        weir_substitute(text, lookup, vars, a, &text, NULL) == WEIR_OK) {
        weir_diags_init(&diags, a); /* as weir_session_fill */
        weir_parse_script(text, a, &script, &diags);
    }
    for (uint32_t i = 0; i < diags.n; i++) {
        weir_diag_render(told, f->path, text, &diags.items[i]);
    }
    weir_rc rc = diags.n ? weir_fail(st, WEIR_ESQL, "syntax errors") : WEIR_OK;
    for (uint32_t i = 0; i < script.n_stmts && rc == WEIR_OK; i++) {
        weir__unit u = {.file = f->path.p, .file_text = text, .at = script.stmts[i]->span.at};
        rc = unit(d, m, b, vars, script.stmts[i], u, st);
        if (rc != WEIR_OK) {
            tell(d, f, text, script.stmts[i]->span, told, st);
            rc = WEIR_ESQL;
        }
    }
    return rc;
}

weir_rc weir__units_of_bundle(weir_deploy *d, weir__model *m, const weir_bundle *b, weir_buf *told,
                              weir_status *st)
{
    scope vars = {0};
    weir_rc rc = WEIR_OK;
    for (uint32_t i = 0; i < b->n_variables; i++) {
        weir_settings_put(&vars.vars, b->variables[i].name, true, b->variables[i].value);
    }
    for (uint32_t i = 0; i < b->n_files && rc == WEIR_OK; i++) {
        rc = file_units(d, m, b, &vars, &b->files[i], told, st);
    }
    weir_settings_deinit(&vars.vars);
    return rc;
}
