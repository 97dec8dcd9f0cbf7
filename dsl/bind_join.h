/* What FROM (bind_from.c), ON (bind_on.c) and the joins (bind_join.c) share. */
#pragma once
#include "dsl/binder.h"

#define WEIR__SOURCES_MAX 64 /* of one query */

/* One equality of ON: `old` belongs to what is joined already, `new` to the source being joined. */
typedef struct weir__criterion {
    const weir_ast_expr *old, *new; /* qualified */
    const weir_ast_expr *ast;       /* the comparison, qualified */
    const weir__rel *old_rel;
    bool flipped; /* written new = old */
} weir__criterion;

typedef struct weir__join {
    weir__query *q;
    uint32_t at; /* index of the joined source */
    const weir__rel *rel;
    weir__criterion *criteria;
    uint32_t n;
    const weir_ast_expr **residual; /* qualified */
    uint32_t n_residual;
    const weir_node *right; /* its source node */
    bool foreign;
} weir__join;

/* bind_from.c */
weir_schema *weir__new_schema(weir__query *q, uint32_t room, weir_column **cols);
weir_node *weir__source_node(weir__query *q, const weir__rel *r);
weir_rc weir__unnest(weir__query *q, const weir__rel *r);
/* bind_on.c: splits ON into equalities and the rest. */
weir_rc weir__criteria(weir__join *j);
weir_rc weir__check_kinds(weir__join *j, const weir_expr *const *old_keys);
/* bind_lookup.c: tables that are looked up. The join itself; *out has the key of the stream. */
weir_rc weir__lookup_join(weir__join *j, const weir_expr *key, weir_node **out);
void weir__lookup_unkey(weir__query *q);
bool weir__has_lookup(const weir_node *n);
weir_rc weir__bad_pair(weir__join *j, const char *why);
