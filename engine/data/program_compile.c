/* From trees to steps, in one walk; then buffers for the registers.
 *
 * Each node becomes a step that writes a register of its own. A register is known by its expression
 * as long as the selection it was computed under is a superset of the current one: the list of
 * known expressions is cut back when a narrowed scope ends, so that only enclosing scopes count.
 *
 * Scopes are slots of selections, used like a stack. CASE takes two: matched rows, and the rest,
 * which narrows in place from WHEN to WHEN.
 *
 * Registers whose last use has passed give their buffer to later ones (a linear scan; jumps only go
 * forward and only skip, so the order of steps is the order of lives). */
#include "engine/data/kernels.h"

#define KNOWN_HEADS 256
#define CHEAP_WHENS_MAX 4 /* beyond, narrowing from WHEN to WHEN pays */

typedef struct known {
    const weir_expr *expr;
    uint64_t hash;
    uint32_t reg;
    uint32_t next; /* 1-based, same head */
} known;

typedef struct import {
    const weir_expr *expr; /* COLUMN or PARAM of an enclosing program */
    uint32_t reg;
} import;

typedef struct compiler compiler;
struct compiler {
    weir_program *p;
    weir_arena *a;
    uint32_t cap_steps, cap_regs, cap_info, cap_inputs, cap_scopes;
    known *known;
    uint32_t n_known, cap_known;
    uint32_t heads[KNOWN_HEADS];
    uint32_t depth; /* scope slots in use */
    compiler *outer; /* of a lambda's body */
    weir_lambda_def own;
    uint32_t own_reg; /* of the first parameter */
    import *imports;
    uint32_t n_imports, cap_imports;
};

static uint32_t compile(compiler *c, const weir_expr *e, uint32_t scope);

static uint32_t new_reg(compiler *c, weir_reg_kind kind, const weir_type *type)
{
    weir_program *p = c->p;
    weir_vec v = {.type = type, .mask = WEIR_VEC_FLAT};
    weir_reg info = {.kind = kind};
    uint32_t n = p->n_regs;
    WEIR_PUSH(c->a, p->regs, n, c->cap_regs, v);
    WEIR_PUSH(c->a, p->info, p->n_regs, c->cap_info, info);
    return p->n_regs - 1;
}

/* Adds a step; the caller fills in what is special and must not keep the pointer. */
static weir_step *emit(compiler *c, const char *name, weir_step_fn run, const weir_expr *e,
                       uint32_t scope, uint32_t dst, const uint32_t *args, uint32_t n)
{
    weir_step s = {.run = run, .name = name, .scope = scope, .dst = dst, .n_args = n, .expr = e};
    if (n) {
        uint32_t *copy = WEIR_NEW_N(c->a, uint32_t, n);
        memcpy(copy, args, n * sizeof *copy);
        s.args = copy;
    }
    WEIR_PUSH(c->a, c->p->steps, c->p->n_steps, c->cap_steps, s);
    return &c->p->steps[c->p->n_steps - 1];
}

static uint32_t push_scope(compiler *c)
{
    c->depth++;
    if (c->depth == c->p->n_scopes) {
        weir_rows r = {.room = WEIR_NEW_N(c->a, uint16_t, c->p->capacity)};
        WEIR_PUSH(c->a, c->p->scopes, c->p->n_scopes, c->cap_scopes, r);
    }
    return c->depth;
}

/* Known expressions. */

static uint32_t find_known(const compiler *c, const weir_expr *e, uint64_t hash)
{
    for (uint32_t i = c->heads[hash % KNOWN_HEADS]; i; i = c->known[i - 1].next) {
        const known *k = &c->known[i - 1];
        if (k->hash == hash && weir_expr_eq(k->expr, e)) {
            return k->reg;
        }
    }
    return WEIR_NO_REG;
}

static void remember(compiler *c, const weir_expr *e, uint64_t hash, uint32_t reg)
{
    known k = {e, hash, reg, c->heads[hash % KNOWN_HEADS]};
    WEIR_PUSH(c->a, c->known, c->n_known, c->cap_known, k);
    c->heads[hash % KNOWN_HEADS] = c->n_known;
}

static void forget(compiler *c, uint32_t keep)
{
    while (c->n_known > keep) {
        const known *k = &c->known[--c->n_known];
        c->heads[k->hash % KNOWN_HEADS] = k->next;
    }
}

/* Leaves. */

static uint32_t constant(compiler *c, const weir_type *type, const weir_value *value)
{
    uint32_t reg = new_reg(c, WEIR_REG_CONST, type);
    if (type->kind == WEIR_T_NULL) { /* has no width; a reader may copy up to 16 bytes */
        weir_vec *v = &c->p->regs[reg];
        v->data = weir_arena_zalloc(c->a, sizeof(weir_dec));
        v->mask = WEIR_VEC_CONST;
        v->valid = weir_arena_zalloc(c->a, WEIR_BITS_WORDS * sizeof *v->valid);
    } else {
        weir_vec_const(&c->p->regs[reg], c->a, type, value);
    }
    return reg;
}

static uint32_t import_outer(compiler *c, const weir_expr *e)
{
    uint32_t reg = new_reg(c, WEIR_REG_INPUT, e->type);
    import i = {e, reg};
    WEIR_PUSH(c->a, c->imports, c->n_imports, c->cap_imports, i);
    return reg;
}

static uint32_t leaf(compiler *c, const weir_expr *e)
{
    if (e->ex == WEIR_EX_LITERAL) {
        return constant(c, e->type, e->value);
    }
    if (e->ex == WEIR_EX_PARAM && c->outer && e->param >= c->own.first_param &&
        e->param < c->own.first_param + c->own.n_params) {
        return c->own_reg + (e->param - c->own.first_param);
    }
    if (c->outer) {
        return import_outer(c, e);
    }
    WEIR_ASSERT(e->ex == WEIR_EX_COLUMN && e->column < c->p->schema->n);
    weir_input in = {new_reg(c, WEIR_REG_INPUT, e->type), e->column};
    WEIR_PUSH(c->a, c->p->inputs, c->p->n_inputs, c->cap_inputs, in);
    return in.reg;
}

/* Operators. */

static uint32_t isolate(compiler *c, const weir_expr *e, uint32_t reg, uint32_t scope)
{
    if (!weir__can_fail(e)) {
        return reg;
    }
    uint32_t dst = new_reg(c, WEIR_REG_ALIAS, e->type);
    emit(c, "isolate", weir__run_isolate, e, scope, dst, &reg, 1);
    return dst;
}

static uint32_t logic(compiler *c, const weir_expr *e, uint32_t scope)
{
    bool is_and = e->ex == WEIR_EX_AND;
    uint32_t left = compile(c, e->kids[0], scope);
    if (weir__is_total(e->kids[1])) {
        uint32_t args[] = {left, compile(c, e->kids[1], scope)};
        uint32_t dst = new_reg(c, WEIR_REG_TEMP, e->type);
        emit(c, is_and ? "and" : "or", is_and ? weir__run_and : weir__run_or, e, scope, dst, args, 2);
        return dst;
    }
    uint32_t dst = new_reg(c, WEIR_REG_TEMP, e->type);
    uint32_t depth = c->depth;
    uint32_t yes = push_scope(c);
    weir_step *s = emit(c, is_and ? "and-split" : "or-split",
                        is_and ? weir__run_and_split : weir__run_or_split, e, scope, dst, &left, 1);
    s->yes = yes;
    s->test = yes;
    uint32_t at = c->p->n_steps - 1;
    uint32_t mark = c->n_known;
    uint32_t right = compile(c, e->kids[1], yes);
    emit(c, "join", weir__run_join, NULL, yes, dst, &right, 1);
    forget(c, mark);
    c->p->steps[at].skip = c->p->n_steps;
    c->depth = depth;
    return dst;
}

/* Conditions that cannot fail and branches that cost nothing: chosen without narrowing, from the
 * last WHEN to the first. */
static uint32_t select_case(compiler *c, const weir_expr *e, uint32_t scope)
{
    uint32_t acc;
    if (e->n & 1) {
        acc = compile(c, e->kids[e->n - 1], scope);
    } else {
        weir_value *none = WEIR_NEW(c->a, weir_value);
        *none = weir_null(e->type->kind);
        acc = constant(c, e->type, none);
    }
    for (uint32_t i = e->n / 2; i-- > 0;) {
        uint32_t args[] = {
            compile(c, e->kids[2 * i], scope),
            compile(c, e->kids[2 * i + 1], scope),
            acc,
        };
        acc = new_reg(c, WEIR_REG_TEMP, e->type);
        weir__pick_select(emit(c, "select", NULL, i ? NULL : e, scope, acc, args, 3), e->type);
    }
    return acc;
}

static void branch(compiler *c, const weir_expr *e, uint32_t scope, uint32_t dst)
{
    uint32_t mark = c->n_known;
    uint32_t reg = compile(c, e, scope);
    emit(c, "blend", weir__run_blend, NULL, scope, dst, &reg, 1);
    forget(c, mark);
}

static uint32_t full_case(compiler *c, const weir_expr *e, uint32_t scope)
{
    uint32_t depth = c->depth;
    uint32_t dst = new_reg(c, WEIR_REG_TEMP, e->type);
    uint32_t whens = e->n / 2;
    uint32_t *tests = WEIR_NEW_N(c->a, uint32_t, whens);
    emit(c, "case", weir__run_case, e, scope, dst, NULL, 0);
    uint32_t cond = compile(c, e->kids[0], scope);
    uint32_t mark = c->n_known; /* what the first condition computed stays known after the CASE */
    uint32_t yes = push_scope(c);
    uint32_t rest = push_scope(c);
    for (uint32_t i = 0; i < whens; i++) {
        if (i) {
            cond = compile(c, e->kids[2 * i], rest);
        }
        weir_step *s = emit(c, "when", weir__run_when, NULL, i ? rest : scope, dst, &cond, 1);
        s->yes = yes;
        s->no = rest;
        s->test = yes;
        uint32_t at = c->p->n_steps - 1;
        branch(c, e->kids[2 * i + 1], yes, dst);
        c->p->steps[at].skip = c->p->n_steps;
        emit(c, "rest", NULL, NULL, rest, WEIR_NO_REG, NULL, 0)->test = rest;
        tests[i] = c->p->n_steps - 1;
    }
    if (e->n & 1) {
        branch(c, e->kids[e->n - 1], rest, dst);
    }
    for (uint32_t i = 0; i < whens; i++) {
        c->p->steps[tests[i]].skip = c->p->n_steps;
    }
    forget(c, mark);
    c->depth = depth;
    emit(c, "tidy", weir__run_tidy, NULL, scope, dst, NULL, 0);
    return dst;
}

static uint32_t compile_case(compiler *c, const weir_expr *e, uint32_t scope)
{
    WEIR_ASSERT(e->n >= 2);
    bool cheap = e->n / 2 <= CHEAP_WHENS_MAX && e->type->kind != WEIR_T_NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        const weir_expr *kid = e->kids[i];
        bool is_when = !(i & 1) && i + 1 < e->n;
        WEIR_ASSERT(is_when || kid->type->kind == WEIR_T_NULL || weir_type_eq(kid->type, e->type));
        cheap = cheap && (is_when ? weir__is_total(kid) : weir__is_simple(kid));
    }
    return cheap ? select_case(c, e, scope) : full_case(c, e, scope);
}

static uint32_t compile_in(compiler *c, const weir_expr *e, uint32_t scope)
{
    uint32_t *args = WEIR_NEW_N(c->a, uint32_t, e->n);
    const weir_value **literals = WEIR_NEW_N(c->a, const weir_value *, e->n);
    uint32_t n_args = 0;
    uint32_t n_literals = 0;
    args[n_args++] = compile(c, e->kids[0], scope);
    for (uint32_t i = 1; i < e->n; i++) {
        if (e->kids[i]->ex == WEIR_EX_LITERAL) {
            literals[n_literals++] = e->kids[i]->value;
        } else {
            args[n_args++] = compile(c, e->kids[i], scope);
        }
    }
    uint32_t dst = new_reg(c, WEIR_REG_TEMP, e->type);
    weir_step *s = emit(c, "in", NULL, e, scope, dst, args, n_args);
    weir__pick_in(s, c->a, e->kids[0]->type, literals, n_literals);
    return dst;
}

static uint32_t compile_cast(compiler *c, const weir_expr *e, uint32_t scope)
{
    uint32_t dst;
    if (e->kids[0]->type->kind == WEIR_T_NULL) {
        weir_value *null = WEIR_NEW(c->a, weir_value);
        *null = weir_null(e->type->kind);
        return constant(c, e->type, null);
    }
    uint32_t arg = compile(c, e->kids[0], scope);
    if (weir_type_eq(e->type, e->kids[0]->type)) {
        dst = arg;
    } else {
        dst = new_reg(c, WEIR_REG_TEMP, e->type);
        weir_step *s = emit(c, "cast", NULL, e, scope, dst, &arg, 1);
        weir__pick_cast(s, e->kids[0]->type, e->type);
    }
    return e->widen ? dst : isolate(c, e, dst, scope);
}

static uint32_t construct(compiler *c, const weir_expr *e, uint32_t scope, const char *name,
                          weir_step_fn run)
{
    uint32_t *args = WEIR_NEW_N(c->a, uint32_t, e->n + 1);
    for (uint32_t i = 0; i < e->n; i++) {
        args[i] = isolate(c, e->kids[i], compile(c, e->kids[i], scope), scope);
    }
    uint32_t dst = new_reg(c, WEIR_REG_TEMP, e->type);
    emit(c, name, run, e, scope, dst, args, e->n);
    return dst;
}

/* Calls and lambdas. */

static void finish(compiler *c);

static weir_lambda *compile_lambda(compiler *c, const weir_expr *e, uint32_t scope,
                                   uint32_t **imports, uint32_t *n_imports, uint32_t *cap)
{
    weir_program *body = WEIR_NEW(c->a, weir_program);
    *body = (weir_program){.arena = c->a, .schema = c->p->schema, .settings = c->p->settings,
                           .capacity = WEIR_BATCH_ROWS};
    compiler sub = {.p = body, .a = c->a, .outer = c, .own = e->lambda};
    WEIR_PUSH(c->a, body->scopes, body->n_scopes, sub.cap_scopes, (weir_rows){0});
    uint32_t *params = WEIR_NEW_N(c->a, uint32_t, e->lambda.n_params + 1);
    sub.own_reg = 0;
    for (uint32_t i = 0; i < e->lambda.n_params; i++) {
        params[i] = new_reg(&sub, WEIR_REG_INPUT, e->lambda.param_types[i]);
    }
    body->roots = WEIR_NEW_N(c->a, uint32_t, 1);
    body->n_roots = 1;
    body->exprs = e->kids;
    body->roots[0] = compile(&sub, e->kids[0], 0);
    finish(&sub);

    weir_lambda *l = WEIR_NEW(c->a, weir_lambda);
    *l = (weir_lambda){.outer = c->p, .body = body, .n_params = e->lambda.n_params,
                       .params = params, .n_imports = sub.n_imports};
    l->single = WEIR_NEW_N(c->a, weir_vec, l->n_params + 1);
    weir_input *list = WEIR_NEW_N(c->a, weir_input, sub.n_imports + 1);
    for (uint32_t i = 0; i < sub.n_imports; i++) {
        list[i] = (weir_input){sub.imports[i].reg, compile(c, sub.imports[i].expr, scope)};
        WEIR_PUSH(c->a, *imports, *n_imports, *cap, list[i].column);
    }
    l->imports = list;
    return l;
}

static weir_call_site *new_site(compiler *c, const weir_expr *e)
{
    weir_call_site *site = WEIR_NEW(c->a, weir_call_site);
    uint32_t room = e->n + 1;
    site->call = *e->call;
    site->call.nargs = e->n;
    site->call.plan_arena = c->a;
    site->call.prepared = NULL;
    site->call.failed = false;
    if (!site->call.settings) {
        site->call.settings = c->p->settings;
    }
    site->sel = WEIR_NEW_N(c->a, uint16_t, c->p->capacity);
    site->args = WEIR_NEW_N(c->a, weir_vec, room);
    site->values = WEIR_NEW_N(c->a, weir_value, room);
    const weir_value **literals = WEIR_NEW_N(c->a, const weir_value *, room);
    bool *is_constant = WEIR_NEW_N(c->a, bool, room);
    for (uint32_t i = 0; i < e->n; i++) {
        if (e->kids[i]->ex == WEIR_EX_LITERAL) {
            literals[i] = e->kids[i]->value;
            site->values[i] = *literals[i];
            is_constant[i] = true;
        } else if (e->call->literals) {
            literals[i] = e->call->literals[i];
        }
    }
    site->call.literals = literals;
    site->constant = is_constant;
    return site;
}

static uint32_t compile_call(compiler *c, const weir_expr *e, uint32_t scope)
{
    weir_call_site *site = new_site(c, e);
    weir_lambda **lambdas = WEIR_NEW_N(c->a, weir_lambda *, e->n + 1);
    uint32_t *args = WEIR_NEW_N(c->a, uint32_t, e->n + 1);
    uint32_t *imports = NULL;
    uint32_t n_imports = 0;
    uint32_t cap = 0;
    bool has_lambda = false;
    for (uint32_t i = 0; i < e->n; i++) {
        const weir_expr *kid = e->kids[i];
        if (kid->ex == WEIR_EX_LAMBDA) {
            has_lambda = true;
            lambdas[i] = compile_lambda(c, kid, scope, &imports, &n_imports, &cap);
            args[i] = constant(c, weir_type_of(WEIR_T_NULL), NULL);
            continue;
        }
        args[i] = compile(c, kid, scope);
        if (kid->ex == WEIR_EX_CALL || kid->ex == WEIR_EX_FIELD) {
            args[i] = isolate(c, kid, args[i], scope);
        }
    }
    site->call.lambdas = has_lambda ? lambdas : NULL;
    if (site->call.overload->prepare) {
        site->call.overload->prepare(&site->call);
    }
    uint32_t *all = WEIR_NEW_N(c->a, uint32_t, e->n + n_imports + 1);
    memcpy(all, args, e->n * sizeof *all);
    if (n_imports) {
        memcpy(all + e->n, imports, n_imports * sizeof *all);
    }
    uint32_t dst = new_reg(c, WEIR_REG_TEMP, e->type);
    weir_step *s = emit(c, "call", weir__run_call, e, scope, dst, all, e->n + n_imports);
    s->site = site;
    return dst;
}

/* Steps with plain operands: compile them, then pick the loop. */
static uint32_t operator(compiler *c, const weir_expr *e, uint32_t scope)
{
    uint32_t args[2] = {0};
    WEIR_ASSERT(e->n >= 1 && e->n <= 2);
    for (uint32_t i = 0; i < e->n; i++) {
        args[i] = compile(c, e->kids[i], scope);
    }
    uint32_t dst = new_reg(c, WEIR_REG_TEMP, e->type);
    weir_step *s = emit(c, "", NULL, e, scope, dst, args, e->n);
    if (e->ex >= WEIR_EX_ADD && e->ex <= WEIR_EX_MOD) {
        s->name = "arithmetic";
        weir__pick_arithmetic(s, e->ex, e->type);
    } else if (e->ex >= WEIR_EX_EQ && e->ex <= WEIR_EX_NOT_DISTINCT) {
        s->name = "compare";
        weir__pick_compare(s, e->ex, e->kids[0]->type, e->kids[1]->type);
    } else if (e->ex == WEIR_EX_NEG) {
        s->name = "negate";
        weir__pick_negate(s, e->type);
    } else if (e->ex == WEIR_EX_NOT) {
        s->name = "not";
        s->run = weir__run_not;
    } else if (e->ex == WEIR_EX_IS_NULL || e->ex == WEIR_EX_IS_NOT_NULL) {
        s->name = e->ex == WEIR_EX_IS_NULL ? "is-null" : "is-not-null";
        s->run = e->ex == WEIR_EX_IS_NULL ? weir__run_is_null : weir__run_is_not_null;
    } else if (e->ex == WEIR_EX_LIKE) {
        const weir_value *pattern = e->kids[1]->ex == WEIR_EX_LITERAL ? e->kids[1]->value : NULL;
        s->name = "like";
        weir__pick_like(s, c->a, pattern, e->escape);
    } else if (e->ex == WEIR_EX_INDEX) {
        s->name = "index";
        weir__pick_index(s, e->kids[0]->type, e->kids[1]->type);
    } else {
        WEIR_ASSERT(e->ex == WEIR_EX_FIELD);
        s->name = "field";
        s->run = weir__run_field;
    }
    return dst;
}

static uint32_t node(compiler *c, const weir_expr *e, uint32_t scope)
{
    switch ((int)e->ex) {
    case WEIR_EX_COLUMN:
    case WEIR_EX_LITERAL:
    case WEIR_EX_PARAM:
        return leaf(c, e);
    case WEIR_EX_CALL:
        return compile_call(c, e, scope);
    case WEIR_EX_CAST:
        return compile_cast(c, e, scope);
    case WEIR_EX_AND:
    case WEIR_EX_OR:
        return logic(c, e, scope);
    case WEIR_EX_IN:
        return compile_in(c, e, scope);
    case WEIR_EX_CASE:
        return compile_case(c, e, scope);
    case WEIR_EX_ARRAY:
        return construct(c, e, scope, "array", weir__run_array);
    case WEIR_EX_MAP:
        return construct(c, e, scope, "map", weir__run_map);
    case WEIR_EX_STRUCT:
        return construct(c, e, scope, "struct", weir__run_struct);
    case WEIR_EX_LAMBDA:
        WEIR_UNREACHABLE(); /* only as an argument of CALL */
    default:
        return operator(c, e, scope);
    }
}

static uint32_t compile(compiler *c, const weir_expr *e, uint32_t scope)
{
    uint64_t hash = weir_expr_hash(e);
    uint32_t reg = find_known(c, e, hash);
    if (reg == WEIR_NO_REG) {
        reg = node(c, e, scope);
        remember(c, e, hash, reg);
    }
    return reg;
}

/* Buffers. */

typedef struct buffer {
    struct buffer *next;
    void *data;
    uint64_t *valid, *err;
} buffer;

static uint32_t width_class(const weir_type *t)
{
    uint32_t width = weir_type_width(t);
    return width == 1 ? 0 : width == 4 ? 1 : width == 8 ? 2 : 3;
}

static buffer *take_buffer(compiler *c, buffer **pools, uint32_t cls)
{
    static const uint32_t widths[] = {1, 4, 8, 16};
    buffer *b = pools[cls];
    if (b) {
        pools[cls] = b->next;
        return b;
    }
    b = WEIR_NEW(c->a, buffer);
    b->data = weir_arena_zalloc(c->a, (size_t)c->p->capacity * widths[cls]);
    b->valid = weir_arena_zalloc(c->a, WEIR_BITS_WORDS * sizeof *b->valid);
    b->err = weir_arena_zalloc(c->a, WEIR_BITS_WORDS * sizeof *b->err);
    return b;
}

static void find_last_uses(weir_program *p)
{
    for (uint32_t i = 0; i < p->n_steps; i++) {
        const weir_step *s = &p->steps[i];
        for (uint32_t k = 0; k < s->n_args; k++) {
            p->info[s->args[k]].last_use = i;
        }
        if (s->dst != WEIR_NO_REG) {
            p->info[s->dst].last_use = i;
        }
    }
    for (uint32_t i = 0; i < p->n_roots; i++) {
        p->info[p->roots[i]].last_use = UINT32_MAX;
    }
    for (uint32_t i = p->n_steps; i-- > 0;) { /* an alias keeps what it points at */
        const weir_step *s = &p->steps[i];
        if (s->dst != WEIR_NO_REG && p->info[s->dst].kind == WEIR_REG_ALIAS &&
            p->info[s->args[0]].last_use < p->info[s->dst].last_use) {
            p->info[s->args[0]].last_use = p->info[s->dst].last_use;
        }
    }
}

static void finish(compiler *c)
{
    weir_program *p = c->p;
    find_last_uses(p);
    buffer **held = WEIR_NEW_N(c->a, buffer *, p->n_regs + 1);
    buffer *pools[4] = {0};
    for (uint32_t i = 0; i < p->n_steps; i++) {
        const weir_step *s = &p->steps[i];
        uint32_t d = s->dst;
        if (d != WEIR_NO_REG && p->info[d].kind == WEIR_REG_TEMP && !p->info[d].defined) {
            buffer *b = take_buffer(c, pools, width_class(p->regs[d].type));
            held[d] = b;
            p->info[d].defined = true;
            p->info[d].valid = b->valid;
            p->info[d].err = b->err;
            p->regs[d].data = b->data;
        }
        for (uint32_t k = 0; k <= s->n_args; k++) {
            uint32_t r = k < s->n_args ? s->args[k] : d;
            if (r != WEIR_NO_REG && held[r] && p->info[r].last_use == i) {
                uint32_t cls = width_class(p->regs[r].type);
                held[r]->next = pools[cls];
                pools[cls] = held[r];
                held[r] = NULL;
            }
        }
    }
}

weir_program *weir__program_new(weir_arena *a, const weir_schema *input,
                                const weir_expr *const *exprs, uint32_t n,
                                const weir_settings *settings, uint32_t capacity)
{
    weir_program *p = WEIR_NEW(a, weir_program);
    *p = (weir_program){.arena = a, .schema = input, .settings = settings, .capacity = capacity,
                        .n_roots = n, .exprs = exprs};
    compiler c = {.p = p, .a = a};
    WEIR_PUSH(a, p->scopes, p->n_scopes, c.cap_scopes, (weir_rows){0});
    p->roots = WEIR_NEW_N(a, uint32_t, n + 1);
    const weir_expr **copy = WEIR_NEW_N(a, const weir_expr *, n + 1);
    memcpy(copy, exprs, n * sizeof *copy);
    p->exprs = copy;
    for (uint32_t i = 0; i < n; i++) {
        /* A constant is evaluated by a program of one row, which must not fold it again. */
        const weir_expr *e =
            capacity == 1 ? weir__normalise(a, exprs[i]) : weir__fold(a, exprs[i], settings);
        p->roots[i] = compile(&c, e, 0);
    }
    finish(&c);
    return p;
}
