/* Overload resolution with ksqlDB's rules.
 *
 * Every overload that accepts the arguments is a candidate; first without, then (not for
 * aggregates) with implicit casts. A variadic overload accepts in two ways, item by item or by one
 * array, and counts as a candidate for each: f(NULL) of a variadic function is ambiguous. The best
 * candidate wins if it is strictly better than the next:
 *
 *   not variadic > more parameters > fewer generic parameters > no ANY... > variadic further right
 *
 * Implicit casts: INTEGER → BIGINT → DECIMAL → DOUBLE, STRING → DATE, TIME, TIMESTAMP, BYTES. A
 * generic type binds to exactly one type: no casts there. A NULL literal fits everywhere.
 *
 * Lambdas take part by the number of their parameters; their types follow from the generics bound
 * by the other arguments, and the body binds what is left (see weir_resolved_lambda). */
#include "engine/data/func_sig.h"

typedef struct binding {
    const weir_type *types[26]; /* by letter; NULL = not bound */
} binding;

typedef struct open_call {
    const weir_sig *sig;
    const weir_overload *overload; /* or agg */
    const weir_agg *agg;
    binding bound;
} open_call;

typedef struct candidate {
    uint32_t index;
    const weir_sig *sig;
    bool by_array; /* the variadic parameter is given as one array */
    binding bound;
} candidate;

static bool has_generics(const weir_sig_type *p)
{
    if (p->sig == WEIR_SIG_GENERIC) {
        return true;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        if (has_generics(p->kids[i])) {
            return true;
        }
    }
    return false;
}

/* Binds the generics of `p` to the parts of `t`; the shape must be the same. */
static bool bind_generics(binding *b, const weir_sig_type *p, const weir_type *t)
{
    if (t->kind == WEIR_T_NULL) {
        return true;
    }
    if (p->sig == WEIR_SIG_GENERIC) {
        const weir_type **slot = &b->types[p->letter - 'A'];
        if (t->kind == WEIR_T_LAMBDA || t->kind == WEIR_T_UNIT ||
            (*slot && !weir_type_eq(*slot, t))) {
            return false;
        }
        *slot = t;
        return true;
    }
    if (p->sig == WEIR_SIG_ANY || p->sig == WEIR_SIG_LAMBDA || p->kind != t->kind) {
        return false;
    }
    if (p->sig == WEIR_SIG_ARRAY) {
        return bind_generics(b, p->kids[0], t->item);
    }
    if (p->sig == WEIR_SIG_MAP) {
        return bind_generics(b, p->kids[0], t->key) && bind_generics(b, p->kids[1], t->item);
    }
    return true;
}

/* ORDER: the implicit widening of numbers. */
static int number_rank(weir_kind k)
{
    return k == WEIR_T_INTEGER ? 1 : k == WEIR_T_BIGINT ? 2 : k == WEIR_T_DECIMAL ? 3
           : k == WEIR_T_DOUBLE                         ? 4
                                                        : 0;
}

static bool implicit_cast(weir_kind from, weir_kind to)
{
    if (number_rank(from) && number_rank(to)) {
        return number_rank(from) <= number_rank(to);
    }
    return from == WEIR_T_STRING && (to == WEIR_T_DATE || to == WEIR_T_TIME ||
                                     to == WEIR_T_TIMESTAMP || to == WEIR_T_BYTES);
}

static bool compatible(const weir_sig_type *p, const weir_type *t, bool casts);

static bool struct_compatible(const weir_sig_type *p, const weir_type *t)
{
    if (p->n == 0 || t->n_fields == 0) {
        return true;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        int32_t at = weir_type_field(t, p->names[i]);
        if (at < 0 || !compatible(p->kids[i], t->fields[at].type, false)) {
            return false;
        }
    }
    return p->n == t->n_fields;
}

static bool compatible(const weir_sig_type *p, const weir_type *t, bool casts)
{
    if (p->sig == WEIR_SIG_ANY) {
        return t->kind != WEIR_T_LAMBDA && t->kind != WEIR_T_UNIT;
    }
    if (p->sig == WEIR_SIG_LAMBDA) {
        return false;
    }
    if (p->kind != t->kind) {
        return casts && implicit_cast(t->kind, p->kind);
    }
    if (p->sig == WEIR_SIG_ARRAY) {
        return compatible(p->kids[0], t->item, casts);
    }
    if (p->sig == WEIR_SIG_MAP) {
        return compatible(p->kids[0], t->key, casts) && compatible(p->kids[1], t->item, casts);
    }
    if (p->sig == WEIR_SIG_STRUCT) {
        return struct_compatible(p, t);
    }
    return true;
}

static bool accepts(const weir_sig_type *p, const weir_type *t, uint32_t arity, bool casts,
                    binding *b)
{
    if (t->kind == WEIR_T_NULL) {
        return true;
    }
    if (t->kind == WEIR_T_LAMBDA) {
        return p->sig == WEIR_SIG_LAMBDA && p->n - 1 == arity;
    }
    if (has_generics(p)) {
        return bind_generics(b, p, t);
    }
    return compatible(p, t, casts);
}

/* Parameter that takes argument `i` of `n`. */
static uint32_t param_of(const weir_sig *s, uint32_t i, uint32_t n)
{
    if (s->variadic < 0 || i < (uint32_t)s->variadic) {
        return i;
    }
    uint32_t after = s->n - 1 - (uint32_t)s->variadic;
    return i < n - after ? (uint32_t)s->variadic : i - (n - after) + (uint32_t)s->variadic + 1;
}

static bool accepts_all(candidate *c, const weir_type *const *args, const uint32_t *arity,
                        uint32_t n, bool casts)
{
    const weir_sig *s = c->sig;
    bool exact = s->variadic < 0 || c->by_array;
    if (exact ? n != s->n : n + 1 < s->n) {
        return false;
    }
    c->bound = (binding){0};
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = exact ? i : param_of(s, i, n);
        const weir_sig_type *p = s->params[at];
        const weir_sig_type array = {.sig = WEIR_SIG_ARRAY, .kind = WEIR_T_ARRAY, .n = 1,
                                     .kids = &p};
        bool packed = c->by_array && (int32_t)at == s->variadic;
        if (!accepts(packed ? &array : p, args[i], arity ? arity[i] : 0, casts, &c->bound)) {
            return false;
        }
    }
    return true;
}

static bool any_variadic(const weir_sig *s)
{
    return s->variadic >= 0 && s->params[s->variadic]->sig == WEIR_SIG_ANY;
}

static int generic_count(const weir_sig *s)
{
    int n = any_variadic(s);
    for (uint32_t i = 0; i < s->n; i++) {
        n += has_generics(s->params[i]);
    }
    return n;
}

/* > 0: `a` is the better match. */
static int compare(const weir_sig *a, const weir_sig *b)
{
    int c = (b->variadic >= 0) - (a->variadic >= 0);
    c = c ? c : (int)a->n - (int)b->n;
    c = c ? c : generic_count(b) - generic_count(a);
    c = c ? c : any_variadic(b) - any_variadic(a);
    return c ? c : a->variadic - b->variadic;
}

/* Number of candidates seen (2 means "ambiguous at the top"); the best one in `best`. */
static uint32_t find_best(const weir_sig *const *sigs, uint32_t n_sigs,
                          const weir_type *const *args, const uint32_t *arity, uint32_t n,
                          bool casts, candidate *best)
{
    uint32_t at_top = 0;
    for (uint32_t i = 0; i < n_sigs; i++) {
        for (int by_array = 0; by_array <= (sigs[i]->variadic >= 0); by_array++) {
            candidate c = {.index = i, .sig = sigs[i], .by_array = by_array != 0};
            if (!accepts_all(&c, args, arity, n, casts)) {
                continue;
            }
            int order = at_top ? compare(c.sig, best->sig) : 1;
            if (order > 0) {
                *best = c;
                at_top = 1;
            } else if (order == 0) {
                at_top++;
            }
        }
    }
    return at_top;
}

/* ksqlDB's messages spell a function as its author did: most in lower case, aggregates and these
 * otherwise. */
static weir_sv spelling(weir_arena *a, const weir_function *fn)
{
    static const char *const odd[] = {
        "ARRAY_CONTAINS", "ARRAY_JOIN", "ARRAY_LENGTH", "AS_MAP", "AS_VALUE", "Abs", "COALESCE",
        "Ceil", "Chr", "ENTRIES", "Floor", "GENERATE_SERIES", "IFNULL", "IS_JSON_STRING",
        "JSON_ARRAY_CONTAINS", "JSON_ARRAY_LENGTH", "JSON_CONCAT", "JSON_ITEMS", "JSON_KEYS",
        "JSON_RECORDS", "LPad", "NULLIF", "RPad", "Round", "TO_JSON_STRING", "UUID",
    };
    weir_sv name = weir_sv_cstr(fn->name);
    for (size_t i = 0; i < WEIR_COUNT(odd); i++) {
        if (weir_sv_ieq(name, weir_sv_cstr(odd[i]))) {
            return weir_sv_cstr(odd[i]);
        }
    }
    if (fn->n_aggs) {
        return name;
    }
    char *lower = weir_arena_cstr(a, name);
    for (char *c = lower; *c; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
    return weir_sv_of(lower, name.n);
}

static weir_rc no_match(const weir_function *fn, const weir_sig *const *sigs, uint32_t n_sigs,
                        const weir_type *const *args, uint32_t n, bool ambiguous, weir_arena *a,
                        weir_status *st)
{
    weir_buf b;
    weir_buf_init(&b, sizeof ((weir_status *)0)->msg);
    weir_sv name = spelling(a, fn);
    weir_buf_printf(&b, "Function '" WEIR_SV_FMT "' %s (", WEIR_SV_ARG(name),
                    ambiguous ? "cannot be resolved due to ambiguous method parameters"
                              : "does not accept parameters");
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_str(&b, i ? ", " : "");
        if (args[i]->kind == WEIR_T_NULL || args[i]->kind == WEIR_T_UNIT) {
            weir_buf_str(&b, "null");
        } else {
            weir_type_print(&b, args[i], false);
        }
    }
    weir_buf_str(&b, ambiguous ? ").\nUse CAST() to explicitly cast your parameters to one of the "
                                 "supported function calls.\nValid function calls are:\n"
                               : ").\nValid alternatives are:\n");
    for (uint32_t i = 0; i < n_sigs; i++) {
        weir__sig_print(&b, fn->name, sigs[i]);
        weir_buf_byte(&b, '\n');
    }
    weir_buf_str(&b, "For detailed information on a function run: DESCRIBE FUNCTION "
                     "<Function-Name>;");
    weir_rc rc = weir_fail(st, WEIR_ESQL, WEIR_SV_FMT, WEIR_SV_ARG(weir_buf_view(&b)));
    weir_buf_deinit(&b);
    return rc;
}

/* The concrete type of `p`, or NULL when a generic in it is not bound. */
static const weir_type *instantiate(weir_arena *a, const binding *b, const weir_sig_type *p)
{
    switch (p->sig) {
    case WEIR_SIG_SCALAR:
        return p->kind == WEIR_T_DECIMAL ? NULL : weir_type_of(p->kind);
    case WEIR_SIG_DECIMAL:
        return weir_type_decimal(a, p->precision, p->scale);
    case WEIR_SIG_ARRAY: {
        const weir_type *item = instantiate(a, b, p->kids[0]);
        return item ? weir_type_array(a, item) : NULL;
    }
    case WEIR_SIG_MAP: {
        const weir_type *key = instantiate(a, b, p->kids[0]);
        const weir_type *item = instantiate(a, b, p->kids[1]);
        return key && item ? weir_type_map(a, key, item) : NULL;
    }
    case WEIR_SIG_STRUCT: {
        weir_field *fields = WEIR_NEW_N(a, weir_field, p->n ? p->n : 1);
        for (uint32_t i = 0; i < p->n; i++) {
            fields[i] = (weir_field){p->names[i], instantiate(a, b, p->kids[i])};
            if (!fields[i].type) {
                return NULL;
            }
        }
        return weir_type_struct(a, fields, p->n);
    }
    case WEIR_SIG_GENERIC:
        return b->types[p->letter - 'A'];
    case WEIR_SIG_ANY:
    case WEIR_SIG_LAMBDA:
        return NULL;
    }
    WEIR_UNREACHABLE();
}

/* The type an argument is cast to; itself where no cast is needed. */
static const weir_type *coerce(weir_arena *a, const binding *b, const weir_sig_type *p,
                               const weir_type *t)
{
    if (t->kind == WEIR_T_NULL) {
        const weir_type *known = instantiate(a, b, p);
        return known && known->kind != WEIR_T_UNIT ? known : t;
    }
    if (has_generics(p) || p->sig == WEIR_SIG_ANY || p->sig == WEIR_SIG_STRUCT) {
        return t;
    }
    if (p->sig == WEIR_SIG_ARRAY) {
        const weir_type *item = coerce(a, b, p->kids[0], t->item);
        return item == t->item ? t : weir_type_array(a, item);
    }
    if (p->sig == WEIR_SIG_MAP) {
        const weir_type *key = coerce(a, b, p->kids[0], t->key);
        const weir_type *item = coerce(a, b, p->kids[1], t->item);
        return key == t->key && item == t->item ? t : weir_type_map(a, key, item);
    }
    if (p->kind == t->kind) {
        return t;
    }
    if (p->kind == WEIR_T_DECIMAL) {
        weir_dec_type d = t->kind == WEIR_T_INTEGER ? WEIR_DEC_INT : WEIR_DEC_BIGINT;
        return weir_type_decimal(a, d.precision, d.scale);
    }
    return weir_type_of(p->kind);
}

static weir_rc set_result(weir_resolved *r, weir_arena *a, weir_status *st)
{
    const open_call *open = r->generics;
    if (!open->sig->result) {
        const weir_type *(*ret)(weir_arena *, const weir_type *const *, uint32_t, weir_status *) =
            open->agg ? open->agg->ret : open->overload->ret;
        r->result = ret(a, r->args, r->n, st);
        return r->result ? WEIR_OK : st ? st->rc : WEIR_ESQL;
    }
    r->result = instantiate(a, &open->bound, open->sig->result);
    if (!r->result) {
        weir_buf b;
        weir_buf_init(&b, sizeof st->msg);
        weir__sig_type_print(&b, open->sig->result);
        weir_fail(st, WEIR_ESQL, "Could not find mapping for generic type: " WEIR_SV_FMT,
                  WEIR_SV_ARG(weir_buf_view(&b)));
        weir_buf_deinit(&b);
        return WEIR_ESQL;
    }
    return WEIR_OK;
}

static weir_rc set_lambda(weir_resolved *r, uint32_t at, const weir_sig_type *p, weir_arena *a,
                          weir_status *st)
{
    const open_call *open = r->generics;
    uint32_t n = p->n - 1;
    r->lambdas[at].n = n;
    r->lambdas[at].params = WEIR_NEW_N(a, const weir_type *, n ? n : 1);
    for (uint32_t i = 0; i < n; i++) {
        r->lambdas[at].params[i] = instantiate(a, &open->bound, p->kids[i]);
        if (!r->lambdas[at].params[i]) {
            return weir_fail(st, WEIR_ESQL, "Could not resolve type for generic %c.",
                             p->kids[i]->letter ? p->kids[i]->letter : '?');
        }
    }
    if (!has_generics(p->kids[n])) {
        r->lambdas[at].result = instantiate(a, &open->bound, p->kids[n]);
    }
    return WEIR_OK;
}

static weir_rc fill(weir_resolved *out, const candidate *c, const weir_function *fn,
                    const weir_type *const *args, uint32_t n, weir_arena *a, weir_status *st)
{
    open_call *open = WEIR_NEW(a, open_call);
    open->sig = c->sig;
    open->bound = c->bound;
    open->overload = fn->n_aggs ? NULL : &fn->overloads[c->index];
    open->agg = fn->n_aggs ? &fn->aggs[c->index] : NULL;
    uint32_t room = n ? n : 1;
    *out = (weir_resolved){.index = c->index, .n = n, .generics = open};
    out->args = WEIR_NEW_N(a, const weir_type *, room);
    out->lambdas = weir_arena_zalloc(a, sizeof *out->lambdas * room);
    bool *is_init = WEIR_NEW_N(a, bool, room);
    out->is_init = is_init;
    bool has_lambda = false;
    for (uint32_t i = 0; i < n; i++) {
        bool exact = c->sig->variadic < 0 || c->by_array;
        uint32_t at = exact ? i : param_of(c->sig, i, n);
        const weir_sig_type *p = c->sig->params[at];
        is_init[i] = c->sig->is_init[at];
        if (args[i]->kind == WEIR_T_LAMBDA) {
            has_lambda = true;
            WEIR_TRY(set_lambda(out, i, p, a, st));
        } else if (c->by_array && (int32_t)at == c->sig->variadic) {
            out->args[i] = args[i];
        } else {
            out->args[i] = coerce(a, &c->bound, p, args[i]);
        }
    }
    return has_lambda ? WEIR_OK : set_result(out, a, st);
}

weir_rc weir_functions_resolve(const weir_functions *f, const weir_function *fn,
                               const weir_type *const *args, const uint32_t *lambda_arity,
                               uint32_t n, weir_arena *a, weir_resolved *out, weir_status *st)
{
    uint32_t n_sigs;
    const weir_sig *const *sigs = weir__functions_sigs(f, fn, &n_sigs);
    candidate best;
    uint32_t found = find_best(sigs, n_sigs, args, lambda_arity, n, false, &best);
    if (!found && !fn->n_aggs) {
        found = find_best(sigs, n_sigs, args, lambda_arity, n, true, &best);
    }
    if (found != 1) {
        return no_match(fn, sigs, n_sigs, args, n, found > 1, a, st);
    }
    return fill(out, &best, fn, args, n, a, st);
}

static const weir_sig_type *lambda_param(const weir_resolved *r, uint32_t at)
{
    const open_call *open = r->generics;
    WEIR_ASSERT(at < r->n && r->lambdas[at].params);
    const weir_sig_type *p =
        open->sig->params[open->sig->variadic < 0 ? at : param_of(open->sig, at, r->n)];
    WEIR_ASSERT(p->sig == WEIR_SIG_LAMBDA);
    return p;
}

weir_rc weir_resolved_lambda(weir_resolved *r, uint32_t at, const weir_type *body, weir_arena *a,
                             weir_status *st)
{
    open_call *open = r->generics;
    const weir_sig_type *p = lambda_param(r, at);
    const weir_sig_type *ret = p->kids[p->n - 1];
    bool ok = has_generics(ret) ? bind_generics(&open->bound, ret, body)
                                : body->kind == WEIR_T_NULL || compatible(ret, body, false);
    if (!ok) {
        weir_buf b;
        weir_buf_init(&b, sizeof st->msg);
        weir_buf_str(&b, "Cannot infer generics for ");
        weir__sig_type_print(&b, p);
        weir_buf_str(&b, " from LAMBDA (");
        for (uint32_t i = 0; i < r->lambdas[at].n; i++) {
            weir_buf_str(&b, i ? ", " : "");
            weir_type_print(&b, r->lambdas[at].params[i], false);
        }
        weir_buf_str(&b, ") => ");
        weir_type_print(&b, body, false);
        weir_fail(st, WEIR_ESQL, WEIR_SV_FMT " because they do not have the same schema structure.",
                  WEIR_SV_ARG(weir_buf_view(&b)));
        weir_buf_deinit(&b);
        return WEIR_ESQL;
    }
    const weir_type *known = instantiate(a, &open->bound, ret);
    r->lambdas[at].result = known ? known : body;
    return WEIR_OK;
}

weir_rc weir_resolved_finish(weir_resolved *r, const weir_function *fn, weir_arena *a,
                             weir_status *st)
{
    WEIR_ASSERT(fn != NULL && r->generics);
    return r->result ? WEIR_OK : set_result(r, a, st);
}
