/* The parser against arbitrary bytes: no crash, no leak of control bytes, every span inside the
 * text, and what parses prints to something that parses to the same print. */
#include "dsl/parse.h"
#include "dsl/print.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool check_expr(void *user, const weir_ast_expr *e)
{
    const weir_sv *text = user;
    WEIR_ASSERT(e->span.at + e->span.n <= text->n);
    WEIR_ASSERT(e->at.at + e->at.n <= text->n);
    WEIR_ASSERT(e->depth <= WEIR_EXPR_DEPTH_MAX);
    return true;
}

static void print_all(weir_buf *out, const weir_script *script)
{
    for (uint32_t i = 0; i < script->n_stmts; i++) {
        const weir_ast_stmt *s = script->stmts[i];
        WEIR_ASSERT(s->span.at + s->span.n <= script->text.n);
        WEIR_ASSERT(s->text.n > 1 && s->text.p[s->text.n - 1] == ';');
        if (s->kind == WEIR_S_QUERY) {
            weir_sv text = script->text;
            for (uint32_t k = 0; k < s->as.query->select.n; k++) {
                if (s->as.query->select.items[k].expr) {
                    weir_ast_walk(s->as.query->select.items[k].expr, check_expr, &text);
                }
            }
        }
        weir_print_stmt(out, s);
        weir_buf_byte(out, '\n');
    }
}

static void check_diags(const weir_script *script, const weir_diags *diags)
{
    weir_buf out;
    weir_buf_init(&out, 0);
    weir_buf_reserve(&out, 4096);
    for (uint32_t i = 0; i < diags->n; i++) {
        const weir_diag *d = &diags->items[i];
        WEIR_ASSERT(d->span.at + d->span.n <= script->text.n);
        WEIR_ASSERT(d->stmt.at + d->stmt.n <= script->text.n);
        weir_diag_render(&out, WEIR_SV("fuzz"), script->text, d);
        weir_diag_json(&out, WEIR_SV("fuzz"), script->text, d);
        weir_diag_message(&out, script->text, d);
    }
    weir_buf_deinit(&out);
}

static bool look_up(void *user, weir_sv name, weir_sv *value)
{
    *value = *(weir_sv *)user;
    return name.n > 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16) {
        return 0;
    }
    weir_sv text = weir_sv_of((const char *)data, size);
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_script script;
    weir_parse_script(text, &a, &script, &diags);
    check_diags(&script, &diags);

    weir_buf once;
    weir_buf twice;
    weir_buf_init(&once, WEIR_STATEMENT_BYTES_MAX);
    weir_buf_init(&twice, WEIR_STATEMENT_BYTES_MAX);
    weir_buf_reserve(&once, 4096);
    weir_buf_reserve(&twice, 4096);
    print_all(&once, &script);
    if (!once.over) {
        weir_script again;
        weir_diags none;
        weir_diags_init(&none, &a);
        weir_rc rc = weir_parse_script(weir_buf_view(&once), &a, &again, &none);
        /* Printing adds parentheses, so only a depth limit may be hit the second time. */
        WEIR_ASSERT(rc == WEIR_OK || rc == WEIR_ELIMIT);
        if (rc == WEIR_OK) {
            print_all(&twice, &again);
            WEIR_ASSERT(weir_sv_eq(weir_buf_view(&once), weir_buf_view(&twice)));
        }
    }
    weir_buf_deinit(&once);
    weir_buf_deinit(&twice);

    weir_ast_expr *e;
    weir_ast_type *t;
    weir_ast_columns c;
    weir_ast_stmt *s;
    weir_parse_expression(text, &a, &e, &diags);
    weir_parse_type(text, &a, &t, &diags);
    weir_parse_columns(text, &a, &c, &diags);
    weir_parse_statement(text, &a, &s, &diags);
    weir_sv out;
    weir_substitute(text, look_up, &text, &a, &out, NULL);
    weir_arena_deinit(&a);
    return 0;
}
