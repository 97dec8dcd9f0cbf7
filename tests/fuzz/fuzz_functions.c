/* Scalar functions on any arguments, through an expression program: texts in the result must be
 * UTF-8, and one row says what it says alone.
 *
 *   NAME 0x1f argument 0x1f argument …    an argument is a letter for its kind, then its text
 *
 * What is no name picks some function. */
#include <stdlib.h>

#include "engine/base/hash.h"
#include "engine/data/number.h"
#include "engine/data/program.h"
#include "engine/data/text.h"
#include "operators/functions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARGS_MAX 6

/* Letters of the kinds; any other is a text. */
static weir_kind kind_of(char letter)
{
    static const weir_kind kinds[] = {WEIR_T_BYTES, WEIR_T_INTEGER, WEIR_T_BIGINT, WEIR_T_DOUBLE,
                                      WEIR_T_BOOLEAN, WEIR_T_DATE, WEIR_T_TIME, WEIR_T_TIMESTAMP};
    static const char letters[] = "bilfxdtm";
    const char *at = letter ? strchr(letters, letter) : NULL;
    return at ? kinds[at - letters] : WEIR_T_STRING;
}

/* Numbers are small, or the extremes; a lone `~` is NULL. */
static weir_value argument(weir_arena *a, weir_kind kind, weir_sv text)
{
    weir_value v = weir_null(kind);
    int64_t number = text.n;
    if (weir_sv_eq(text, WEIR_SV("~"))) {
        return v;
    }
    v.null = false;
    if (weir_i64_parse(text, &number) && number != INT32_MIN && number != INT64_MIN) {
        number %= 10000;
    }
    switch ((int)kind) {
    case WEIR_T_STRING:
        v.sv = weir_utf8_repair(a, text);
        break;
    case WEIR_T_BYTES:
        v.sv = text;
        break;
    case WEIR_T_DOUBLE:
        v.f64 = (double)number;
        weir_double_parse(text, &v.f64);
        break;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        v.i64 = number;
        break;
    case WEIR_T_TIME:
        v.i32 = (int32_t)(number < 0 ? 0 : number * 8000);
        break;
    case WEIR_T_BOOLEAN:
        v.b = number & 1;
        break;
    default:
        v.i32 = (int32_t)number;
        break;
    }
    return v;
}

static void check_texts(const weir_type *t, const weir_value *v)
{
    if (v->null) {
        return;
    }
    if (t->kind == WEIR_T_STRING && !weir_utf8_valid(v->sv)) {
        abort();
    }
    bool list = t->kind == WEIR_T_ARRAY || t->kind == WEIR_T_MAP;
    for (uint32_t i = 0; list && i < v->n; i++) {
        check_texts(t->item, &v->items[i]);
        if (t->kind == WEIR_T_MAP) {
            check_texts(t->key, &v->keys[i]);
        }
    }
}

/* Row `row` of a batch of three, the others being NULL. */
static weir_value run(weir_arena *a, const weir_schema *schema, weir_program *p,
                      const weir_value *args, uint16_t row, bool *failed)
{
    weir_batch *b = weir_batch_new(a, schema);
    b->arena = a;
    b->rows = 3;
    b->nsel = 3;
    for (uint32_t i = 0; i < schema->n; i++) {
        for (uint16_t k = 0; k < 3; k++) {
            weir_value null = weir_null(args[i].kind);
            weir_vec_put(&b->cols[i], a, k, k == row ? &args[i] : &null);
        }
    }
    weir_vec out;
    weir_program_eval(p, b, &out, NULL);
    *failed = weir_vec_is_err(&out, row);
    return weir_vec_get(&out, row);
}

static void check(weir_arena *a, const weir_functions *f, const weir_function *fn,
                  const weir_value *args, uint32_t n)
{
    weir_column columns[ARGS_MAX] = {0};
    const weir_type *types[ARGS_MAX];
    const weir_expr *kids[ARGS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        types[i] = weir_type_of(args[i].kind);
        columns[i] = (weir_column){.name = WEIR_SV("C"), .type = types[i], .role = WEIR_COL_VALUE};
    }
    const uint32_t arity[ARGS_MAX] = {0};
    weir_schema schema = {.n = (uint16_t)n, .cols = columns};
    weir_resolved r = {0};
    weir_status st = {0};
    if (weir_functions_resolve(f, fn, types, arity, n, a, &r, &st) != WEIR_OK ||
        weir_resolved_finish(&r, fn, a, &st) != WEIR_OK) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        kids[i] = weir_expr_cast(a, weir_expr_column(a, &schema, i), r.args[i]);
    }
    weir_settings settings = {0};
    weir_call *call = WEIR_NEW(a, weir_call);
    *call = (weir_call){.function = fn, .overload = &fn->overloads[r.index], .nargs = n,
                        .arg_types = r.args, .type = r.result, .plan_arena = a,
                        .settings = &settings};
    weir_expr *e = weir_expr_new(a, WEIR_EX_CALL, r.result, kids, n);
    e->call = call;
    const weir_expr *root = e;
    weir_program *p = weir_program_new(a, &schema, &root, 1, &settings);
    bool failed[2];
    weir_value v[2];
    for (uint16_t i = 0; i < 2; i++) {
        v[i] = run(a, &schema, p, args, i, &failed[i]);
        v[i] = weir_value_copy(a, r.result, &v[i]);
        check_texts(r.result, &v[i]);
    }
    bool pure = !(call->overload->flags & WEIR_FN_IMPURE);
    if (failed[0] != failed[1] || (pure && !weir_value_eq(r.result, &v[0], &v[1]))) {
        abort();
    }
}

static weir_sv next_field(weir_sv *rest)
{
    int64_t end = weir_sv_find(*rest, WEIR_SV("\x1f"), 0);
    uint32_t n = end < 0 ? rest->n : (uint32_t)end;
    uint32_t behind = end < 0 ? n : n + 1;
    weir_sv field = weir_sv_of(rest->p, n);
    *rest = weir_sv_of(rest->n ? rest->p + behind : rest->p, rest->n - behind);
    return field;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static weir_functions *functions;
    if (!functions) {
        functions = weir_functions_builtin();
    }
    weir_sv rest = weir_sv_of((const char *)data, size);
    weir_sv name = next_field(&rest);
    const weir_function *fn = weir_functions_find(functions, name);
    if (!fn) {
        uint64_t any = weir_hash_sv(name) % weir_functions_count(functions);
        fn = weir_functions_at(functions, (uint32_t)any);
    }
    if (fn->n_aggs || fn->table_function) {
        return 0;
    }
    weir_arena a;
    weir_arena_init(&a);
    weir_value args[ARGS_MAX];
    uint32_t n = 0;
    while (rest.n > 0 && n < ARGS_MAX) {
        weir_sv text = next_field(&rest);
        char letter = text.n ? text.p[0] : 's';
        weir_sv value = text.n ? weir_sv_of(text.p + 1, text.n - 1) : text;
        args[n++] = argument(&a, kind_of(letter), value);
    }
    check(&a, functions, fn, args, n);
    weir_arena_deinit(&a);
    return 0;
}
