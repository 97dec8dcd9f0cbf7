/* A condition on its own: 'validate'='price > 0 AND userId IS NOT NULL'. */
#include "dsl/binder.h"
#include "dsl/parse.h"

weir_rc weir_bind_condition(weir_sv text, const weir_schema *schema, const weir_functions *functions,
                            const weir_props *props, weir_arena *a, const weir_expr **out,
                            const weir_settings **settings, weir_status *st)
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
    weir__env env = {.b = &b, .schema = schema, .type_error = "", .code_error = "", .root = ast,
                     .filter = true, .no_aggregates = "conditions"};
    WEIR_TRY(weir__expr(&env, ast, out));
    *settings = b.settings;
    return (*out)->type && (*out)->type->kind == WEIR_T_BOOLEAN
               ? WEIR_OK
               : weir__fail(&b, ast->span, "a condition is BOOLEAN");
}
