/* MIN and MAX: the order of Java's compareTo (NaN above all, -0.0 below 0.0, texts by UTF-16, bytes
 * as signed). Numbers and times are typed loops; what may own memory is a kept value. Not usable on
 * tables: the state cannot forget. */
#include "operators/agg.h"

/* The state of numbers and times; `set` is false until a value was seen. */
#define STATE(name, ctype)                                                                         \
    typedef struct name##_best {                                                                   \
        ctype value;                                                                               \
        bool set;                                                                                  \
    } name##_best;
STATE(i32, int32_t)
STATE(i64, int64_t)
STATE(f64, double)

static bool i32_above(int32_t a, int32_t b)
{
    return a > b;
}

static bool i64_above(int64_t a, int64_t b)
{
    return a > b;
}

/* Double.compareTo(a, b) > 0. */
static bool f64_above(double a, double b)
{
    if (a > b || a < b) {
        return a > b;
    }
    if (a != a || b != b) {
        return a != a && b == b;
    }
    return __builtin_signbit(b) && !__builtin_signbit(a);
}

/* better(new, old): whether the new value takes the old one's place. */
#define UPDATE(fn, name, ctype, better)                                                            \
    static bool fn(weir_call *c, void *const *states, const weir_vec *args, const uint16_t *sel,   \
                   uint32_t n, weir_vec *emit)                                                     \
    {                                                                                              \
        WEIR__EACH(i, row, sel, n) {                                                               \
            name##_best *s = states[i];                                                            \
            if (weir_vec_is_valid(&args[0], row)) {                                                \
                ctype now = WEIR_AT(ctype, &args[0], row);                                         \
                if (!s->set || (better)) {                                                         \
                    s->value = now;                                                                \
                    s->set = true;                                                                 \
                }                                                                                  \
            }                                                                                      \
            if (emit && s->set) {                                                                  \
                WEIR__EMIT(ctype, emit, row, s->value);                                            \
            } else if (emit) {                                                                     \
                WEIR__EMIT_NULL(c, emit, row);                                                     \
            }                                                                                      \
        }                                                                                          \
        return true;                                                                               \
    }                                                                                              \
    static void fn##_merge(weir_call *c, void *into, const void *from)                             \
    {                                                                                              \
        (void)c;                                                                                   \
        name##_best *s = into;                                                                     \
        const name##_best *other = from;                                                           \
        ctype now = other->value;                                                                  \
        if (other->set && (!s->set || (better))) {                                                 \
            *s = *other;                                                                           \
        }                                                                                          \
    }
UPDATE(min_i32, i32, int32_t, i32_above(s->value, now))
UPDATE(max_i32, i32, int32_t, i32_above(now, s->value))
UPDATE(min_i64, i64, int64_t, i64_above(s->value, now))
UPDATE(max_i64, i64, int64_t, i64_above(now, s->value))
UPDATE(min_f64, f64, double, f64_above(s->value, now))
UPDATE(max_f64, f64, double, f64_above(now, s->value))

#define BOX(name, member)                                                                          \
    static weir_value name##_result(weir_call *c, const void *state)                               \
    {                                                                                              \
        const name##_best *s = state;                                                              \
        weir_value v = weir_null(c->type->kind);                                                   \
        v.null = !s->set;                                                                          \
        v.member = s->value;                                                                       \
        return v;                                                                                  \
    }                                                                                              \
    static void name##_save(weir_call *c, const void *state, weir_buf *out)                        \
    {                                                                                              \
        weir_value v = name##_result(c, state);                                                    \
        weir_value_encode(out, c->type, &v);                                                       \
    }                                                                                              \
    static bool name##_load(weir_call *c, void *state, weir_reader *in)                            \
    {                                                                                              \
        name##_best *s = state;                                                                    \
        weir_value v;                                                                              \
        if (weir_value_decode(c->arena, c->type, in, &v) != WEIR_OK) {                             \
            return false;                                                                          \
        }                                                                                          \
        s->set = !v.null;                                                                          \
        s->value = v.null ? 0 : v.member;                                                          \
        return true;                                                                               \
    }
BOX(i32, i32)
BOX(i64, i64)
BOX(f64, f64)

/* ---- DECIMAL, STRING, BYTES: the state is a kept value, NULL until one was seen ---- */

static void kept_init(weir_call *c, void *state)
{
    *(weir_value *)state = weir_null(c->type->kind);
}

static void kept_free(weir_call *c, void *state)
{
    weir__keep_drop(c->type, state);
}

/* sign: 1 for MAX, -1 for MIN. */
static bool take_best(weir_call *c, weir_value *best, const weir_value *v, int sign)
{
    if (v->null || (!best->null && sign * weir_value_cmp(c->type, v, best) <= 0)) {
        return false;
    }
    weir__keep_over(c->type, best, v);
    return true;
}

static bool kept_update(weir_call *c, void *const *states, const weir_vec *arg,
                        const uint16_t *sel, uint32_t n, weir_vec *emit, int sign)
{
    WEIR__EACH(i, row, sel, n) {
        weir_value v = weir_vec_get(arg, row);
        if (!take_best(c, states[i], &v, sign) && emit) {
            v = weir_value_copy(c->arena, c->type, states[i]);
        }
        if (emit) {
            weir__emit(c, emit, row, &v);
        }
    }
    return true;
}

static bool kept_min(weir_call *c, void *const *states, const weir_vec *args, const uint16_t *sel,
                     uint32_t n, weir_vec *emit)
{
    return kept_update(c, states, args, sel, n, emit, -1);
}

static bool kept_max(weir_call *c, void *const *states, const weir_vec *args, const uint16_t *sel,
                     uint32_t n, weir_vec *emit)
{
    return kept_update(c, states, args, sel, n, emit, 1);
}

static void kept_min_merge(weir_call *c, void *into, const void *from)
{
    take_best(c, into, from, -1);
}

static void kept_max_merge(weir_call *c, void *into, const void *from)
{
    take_best(c, into, from, 1);
}

static weir_value kept_result(weir_call *c, const void *state)
{
    return weir_value_copy(c->arena, c->type, state);
}

static void kept_save(weir_call *c, const void *state, weir_buf *out)
{
    weir_value_encode(out, c->type, state);
}

static bool kept_load(weir_call *c, void *state, weir_reader *in)
{
    weir_value v;
    if (weir_value_decode(c->arena, c->type, in, &v) != WEIR_OK) {
        return false;
    }
    weir__keep_over(c->type, state, &v);
    return true;
}

#define FIXED(signature, which, name)                                                              \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(name##_best), .update = which##_##name,            \
        .result = name##_result, .merge = which##_##name##_merge, .save = name##_save,             \
        .load = name##_load                                                                        \
    }
#define KEPT(signature, which, ...)                                                                \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(weir_value), .init = kept_init,                    \
        .free = kept_free, .update = kept_##which, .result = kept_result,                          \
        .merge = kept_##which##_merge, .save = kept_save, .load = kept_load, __VA_ARGS__           \
    }
#define ALL(which)                                                                                 \
    {                                                                                              \
        FIXED("INT -> INT", which, i32), FIXED("BIGINT -> BIGINT", which, i64),                    \
            FIXED("DOUBLE -> DOUBLE", which, f64),                                                 \
            KEPT("DECIMAL -> *", which, .ret = weir__agg_same_type),                               \
            FIXED("DATE -> DATE", which, i32), FIXED("TIME -> TIME", which, i32),                  \
            FIXED("TIMESTAMP -> TIMESTAMP", which, i64),                                           \
            KEPT("STRING -> STRING", which, .ret = NULL),                                          \
            KEPT("BYTES -> BYTES", which, .ret = NULL)                                             \
    }
static const weir_agg min_aggs[] = ALL(min);
static const weir_agg max_aggs[] = ALL(max);

const weir_function weir_fn_agg_minmax[] = {
    {.name = "MIN", .category = WEIR_CAT_AGGREGATE,
     .doc = "The smallest value that is not NULL; NULL when there is none.",
     .example = "MIN(price) → 4.5", .aggs = min_aggs, .n_aggs = WEIR_COUNT(min_aggs)},
    {.name = "MAX", .category = WEIR_CAT_AGGREGATE,
     .doc = "The greatest value that is not NULL; NULL when there is none.",
     .example = "MAX(price) → 9.5", .aggs = max_aggs, .n_aggs = WEIR_COUNT(max_aggs)},
};
const uint32_t weir_fn_agg_minmax_n = WEIR_COUNT(weir_fn_agg_minmax);
