/* Roots, powers, logarithms, angles: over the numbers as doubles. The C library and Java agree but
 * for the last bit of a few results, and the cases of power(). */
#include "operators/fn_values.h"

#include "engine/base/hash.h"
#include "engine/base/rng.h"
#include <math.h>

static double number(const weir_value *v)
{
    WEIR_ASSERT(v->kind <= WEIR_T_DOUBLE);
    return v->kind == WEIR_T_INTEGER ? v->i32 : v->kind == WEIR_T_BIGINT ? (double)v->i64 : v->f64;
}

/* Math.pow: where C says 1, Java says that nobody knows. */
static double power(double x, double y)
{
    return isnan(y) || (fabs(x) == 1 && isinf(y)) ? (double)NAN : pow(x, y);
}

/* One kernel for all types of number. */
#define OF_ONE(name, expr)                                                                         \
    static weir_value name(weir_call *c, const weir_value *args, uint32_t n)                       \
    {                                                                                              \
        (void)c;                                                                                   \
        (void)n;                                                                                   \
        double x = number(&args[0]);                                                               \
        return weir_double(expr);                                                                  \
    }                                                                                              \
    static const weir_overload name##_rows[] = {                                                   \
        {.sig = "INT -> DOUBLE", .row = name},                                                     \
        {.sig = "BIGINT -> DOUBLE", .row = name},                                                  \
        {.sig = "DOUBLE -> DOUBLE", .row = name},                                                  \
    };
#define OF_TWO(name, expr)                                                                         \
    static weir_value name(weir_call *c, const weir_value *args, uint32_t n)                       \
    {                                                                                              \
        (void)c;                                                                                   \
        (void)n;                                                                                   \
        double x = number(&args[0]);                                                               \
        double y = number(&args[1]);                                                               \
        return weir_double(expr);                                                                  \
    }

OF_ONE(fn_sqrt, sqrt(x))
OF_ONE(fn_cbrt, (double)cbrtl(x))
OF_ONE(fn_exp, exp(x))
OF_ONE(fn_ln, log(x))
OF_ONE(fn_sin, sin(x))
OF_ONE(fn_cos, cos(x))
OF_ONE(fn_tan, tan(x))
OF_ONE(fn_cot, 1 / tan(x))
OF_ONE(fn_asin, asin(x))
OF_ONE(fn_acos, acos(x))
OF_ONE(fn_atan, atan(x))
OF_ONE(fn_sinh, sinh(x))
OF_ONE(fn_cosh, cosh(x))
OF_ONE(fn_tanh, tanh(x))
OF_ONE(fn_degrees, x * 57.29577951308232)
OF_ONE(fn_radians, x * 0.017453292519943295)
OF_TWO(fn_power, power(x, y))
OF_TWO(fn_atan2, atan2(x, y))
OF_TWO(log_base, x <= 0 || x == 1 ? (double)NAN : log(y) / log(x))

static const weir_overload power_rows[] = {
    {.sig = "INT, INT -> DOUBLE", .row = fn_power},
    {.sig = "BIGINT, BIGINT -> DOUBLE", .row = fn_power},
    {.sig = "DOUBLE, DOUBLE -> DOUBLE", .row = fn_power},
};
static const weir_overload atan2_rows[] = {
    {.sig = "INT, INT -> DOUBLE", .row = fn_atan2},
    {.sig = "BIGINT, BIGINT -> DOUBLE", .row = fn_atan2},
    {.sig = "DOUBLE, DOUBLE -> DOUBLE", .row = fn_atan2},
};
/* One argument: the natural logarithm, as ksqlDB computes it. */
static const weir_overload log_rows[] = {
    {.sig = "INT -> DOUBLE", .row = fn_ln},
    {.sig = "BIGINT -> DOUBLE", .row = fn_ln},
    {.sig = "DOUBLE -> DOUBLE", .row = fn_ln},
    {.sig = "INT, INT -> DOUBLE", .row = log_base},
    {.sig = "BIGINT, BIGINT -> DOUBLE", .row = log_base},
    {.sig = "DOUBLE, DOUBLE -> DOUBLE", .row = log_base},
};

static weir_value sign(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)c;
    (void)n;
    double x = number(&args[0]); /* the sign survives rounding */
    return weir_int((x > 0) - (x < 0));
}
static const weir_overload sign_rows[] = {
    {.sig = "INT -> INT", .row = sign},
    {.sig = "BIGINT -> INT", .row = sign},
    {.sig = "DOUBLE -> INT", .row = sign},
};

static weir_value pi(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)c;
    (void)args;
    (void)n;
    return weir_double(3.141592653589793);
}
static const weir_overload pi_rows[] = {{.sig = "-> DOUBLE", .row = pi}};

static void seed_random(weir_call *c)
{
    weir_rng *rng = WEIR_NEW(c->plan_arena, weir_rng);
    weir_rng_seed(rng, (uint64_t)(uintptr_t)rng ^ weir_hash_u64((uint64_t)weir__fn_now_ms(c)));
    c->prepared = rng;
}

static weir_value random_unit(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)args;
    (void)n;
    return weir_double(weir_rng_unit(c->prepared));
}
static const weir_overload random_rows[] = {
    {.sig = "-> DOUBLE", .row = random_unit, .flags = WEIR_FN_IMPURE, .prepare = seed_random},
};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_MATH, .doc = words, .example = sample, .overloads = rows,  \
     .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_math[] = {
    ROW("ACOS", fn_acos_rows, "The inverse cosine, in radians; NaN outside [-1, 1].",
        "ACOS(1) → 0.0"),
    ROW("ASIN", fn_asin_rows, "The inverse sine, in radians; NaN outside [-1, 1].",
        "ASIN(0) → 0.0"),
    ROW("ATAN", fn_atan_rows, "The inverse tangent, in radians.", "ATAN(0) → 0.0"),
    ROW("ATAN2", atan2_rows, "The angle, in radians, of the point with coordinates y and x.",
        "ATAN2(0, 1) → 0.0"),
    ROW("CBRT", fn_cbrt_rows, "The cube root.", "CBRT(27) → 3.0"),
    ROW("COS", fn_cos_rows, "The cosine of an angle in radians.", "COS(0) → 1.0"),
    ROW("COSH", fn_cosh_rows, "The hyperbolic cosine.", "COSH(0) → 1.0"),
    ROW("COT", fn_cot_rows, "The cotangent of an angle in radians.", "COT(0) → Infinity"),
    ROW("DEGREES", fn_degrees_rows, "Radians as degrees.", "DEGREES(0) → 0.0"),
    ROW("EXP", fn_exp_rows, "e raised to a power.", "EXP(0) → 1.0"),
    ROW("LN", fn_ln_rows, "The natural logarithm.", "LN(1) → 0.0"),
    ROW("LOG", log_rows,
        "The logarithm of a value, to a base (first argument) or, without one, natural; NaN for a "
        "base that is 1 or not positive.",
        "LOG(2, 8) → 3.0"),
    ROW("PI", pi_rows, "The ratio of a circle's circumference to its diameter.",
        "PI() → 3.141592653589793"),
    ROW("POWER", power_rows, "A base raised to an exponent.", "POWER(2, 10) → 1024.0"),
    ROW("RADIANS", fn_radians_rows, "Degrees as radians.", "RADIANS(0) → 0.0"),
    ROW("RANDOM", random_rows, "A random number that is at least 0 and less than 1.",
        "RANDOM() gives 0.7231742029971469, say"),
    ROW("SIGN", sign_rows, "-1, 0 or 1: the sign of a number.", "SIGN(-5) → -1"),
    ROW("SIN", fn_sin_rows, "The sine of an angle in radians.", "SIN(0) → 0.0"),
    ROW("SINH", fn_sinh_rows, "The hyperbolic sine.", "SINH(0) → 0.0"),
    ROW("SQRT", fn_sqrt_rows, "The square root; NaN for a negative number.", "SQRT(16) → 4.0"),
    ROW("TAN", fn_tan_rows, "The tangent of an angle in radians.", "TAN(0) → 0.0"),
    ROW("TANH", fn_tanh_rows, "The hyperbolic tangent.", "TANH(0) → 0.0"),
};
const uint32_t weir_fn_math_n = WEIR_COUNT(weir_fn_math);
