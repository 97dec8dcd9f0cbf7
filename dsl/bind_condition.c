/* A condition on its own: 'validate'='price > 0 AND userId IS NOT NULL'. */
#include "dsl/binder.h"
#include "dsl/parse.h"

/* ---- columns that nobody has declared ---- */

typedef struct guess {
    weir_arena *a;
    weir_column *cols;
    uint32_t n, cap;
} guess;

static void note(guess *g, const weir_ast_expr *e, weir_kind kind)
{
    weir_sv name = e->as.column.name.name;
    for (uint32_t i = 0; i < g->n; i++) {
        if (weir_sv_eq(g->cols[i].name, name)) {
            if (g->cols[i].type->kind == WEIR_T_STRING) { /* elsewhere its use said more */
                g->cols[i].type = weir_type_of(kind);
            }
            return;
        }
    }
    weir_column c = {.name = weir_arena_sv(g->a, name), .type = weir_type_of(kind), .role = WEIR_COL_VALUE};
    WEIR_PUSH(g->a, g->cols, g->n, g->cap, c);
}

static bool is_number(const weir_ast_expr *e)
{
    return e->kind == WEIR_X_INTEGER || e->kind == WEIR_X_BIGINT || e->kind == WEIR_X_DECIMAL ||
           e->kind == WEIR_X_DOUBLE || e->kind == WEIR_X_UNARY ||
           (e->kind == WEIR_X_BINARY && e->op != WEIR_OP_CONCAT);
}

/* What the operands of an operator are, by what one of them is. */
static weir_kind kind_among(const weir_ast_expr *e)
{
    for (uint32_t i = 0; i < e->n; i++) {
        if (is_number(e->args[i])) {
            return WEIR_T_DOUBLE;
        }
        if (e->args[i]->kind == WEIR_X_BOOLEAN) {
            return WEIR_T_BOOLEAN;
        }
    }
    return WEIR_T_STRING;
}

static void look(guess *g, const weir_ast_expr *e, weir_kind wanted)
{
    weir_kind below = WEIR_T_STRING;
    switch ((int)e->kind) {
    case WEIR_X_COLUMN:
        note(g, e, wanted);
        return;
    case WEIR_X_COMPARE:
    case WEIR_X_BETWEEN:
    case WEIR_X_IN:
        below = kind_among(e);
        break;
    case WEIR_X_LOGIC:
    case WEIR_X_NOT:
        below = WEIR_T_BOOLEAN;
        break;
    case WEIR_X_UNARY:
    case WEIR_X_BINARY:
        below = e->op == WEIR_OP_CONCAT ? WEIR_T_STRING : WEIR_T_DOUBLE;
        break;
    default:
        break;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        look(g, e->args[i], below);
    }
}

static const weir_schema *guessed(const weir_ast_expr *e, weir_arena *a)
{
    guess g = {.a = a};
    weir_schema *s = WEIR_NEW(a, weir_schema);
    look(&g, e, WEIR_T_BOOLEAN);
    *s = (weir_schema){.n = (uint16_t)g.n, .cols = g.cols};
    return s;
}

/* ---- parts ---- */

typedef struct parts {
    weir__env *env;
    weir_sv text;
    const weir_expr **exprs;
    weir_sv *texts, *columns;
    uint32_t n, cap, cap_texts, cap_columns;
} parts;

static void first_column(const weir_ast_expr *e, weir_sv *out)
{
    if (e->kind == WEIR_X_COLUMN && out->n == 0) {
        *out = e->as.column.name.name;
    }
    for (uint32_t i = 0; i < e->n && out->n == 0; i++) {
        first_column(e->args[i], out);
    }
}

static weir_rc add_part(parts *p, const weir_ast_expr *e)
{
    weir_arena *a = p->env->b->a;
    for (uint32_t i = 0; e->kind == WEIR_X_LOGIC && e->op == WEIR_OP_AND && i < e->n; i++) {
        WEIR_TRY(add_part(p, e->args[i]));
    }
    if (e->kind == WEIR_X_LOGIC && e->op == WEIR_OP_AND) {
        return WEIR_OK;
    }
    const weir_expr *x = NULL;
    p->env->root = e;
    WEIR_TRY(weir__expr(p->env, e, &x));
    if (!x->type || x->type->kind != WEIR_T_BOOLEAN) {
        return weir__fail(p->env->b, e->span, "a condition is BOOLEAN");
    }
    weir_sv column = {0};
    first_column(e, &column);
    column = weir_arena_sv(a, column);
    uint32_t n = p->n;
    WEIR_PUSH(a, p->texts, n, p->cap_texts, weir_sv_of(p->text.p + e->span.at, e->span.n));
    n = p->n;
    WEIR_PUSH(a, p->columns, n, p->cap_columns, column);
    WEIR_PUSH(a, p->exprs, p->n, p->cap, x);
    return WEIR_OK;
}

weir_rc weir_bind_condition(weir_sv text, const weir_schema *schema, const weir_functions *functions,
                            const weir_props *props, weir_arena *a, weir_bound_condition *out,
                            weir_status *st)
{
    weir_ast_expr *ast = NULL;
    weir_diags diags;
    weir_diags_init(&diags, a);
    text = weir_arena_sv(a, text);
    if (weir_parse_expression(text, a, &ast, &diags) != WEIR_OK) {
        return weir_diags_status(&diags, text, st);
    }
    weir__binder b = {.text = text, .functions = functions, .props = props, .a = a, .st = st};
    b.settings = weir__settings(&b);
    schema = schema ? schema : guessed(ast, a);
    weir__env env = {.b = &b, .schema = schema, .type_error = "", .code_error = "",
                     .filter = true, .no_aggregates = "conditions"};
    parts p = {.env = &env, .text = text};
    WEIR_TRY(add_part(&p, ast));
    *out = (weir_bound_condition){schema, b.settings, p.n, p.exprs, p.texts, p.columns};
    return WEIR_OK;
}
