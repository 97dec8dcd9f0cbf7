/* Texts inside messages: expressions, types, columns, the way ksqlDB prints them. */
#include "dsl/binder.h"
#include "dsl/print.h"

/* Copies a buffer into the arena and frees it. */
static weir_sv taken(weir__binder *b, weir_buf *buf)
{
    weir_sv s = weir_arena_sv(b->a, weir_buf_view(buf));
    weir_buf_deinit(buf);
    return s;
}

weir_sv weir__text(weir__binder *b, const weir_ast_expr *e)
{
    weir_buf buf;
    weir_buf_init(&buf, sizeof b->st->msg);
    weir_print_expr(&buf, e, WEIR_PRINT_MESSAGE);
    return taken(b, &buf);
}

weir_sv weir__type_text(weir__binder *b, const weir_type *t)
{
    if (t->kind >= WEIR_T_NULL) {
        return weir_sv_cstr(weir__kind_name(t->kind));
    }
    return weir_type_name(b->a, t);
}

weir_sv weir__quoted(weir__binder *b, weir_sv name)
{
    weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_name_print(&buf, name, true);
    return taken(b, &buf);
}

weir_sv weir__column_text(weir__binder *b, const weir_column *c)
{
    weir_schema one = {.n = 1, .n_keys = c->role == WEIR_COL_KEY, .cols = c};
    return weir__schema_text(b, &one);
}

weir_sv weir__schema_text(weir__binder *b, const weir_schema *s)
{
    weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_schema_print(&buf, s);
    return taken(b, &buf);
}
