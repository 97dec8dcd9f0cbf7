/* The words every file uses: borrowed bytes, assertions that stay on in release, small arithmetic.
 *
 * Owns nothing. Included by everything, includes only libc. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WEIR_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WEIR_LIKELY(x) __builtin_expect(!!(x), 1)
#define WEIR_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WEIR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define WEIR_UNUSED __attribute__((unused))
#define WEIR_NODISCARD __attribute__((warn_unused_result))

/* Programmer errors abort, also in release: a wrong state must never be committed. */
#define WEIR_ASSERT(cond)                                                                          \
    (WEIR_LIKELY(cond) ? (void)0 : weir_assert_failed(#cond, __FILE__, __LINE__))
#define WEIR_UNREACHABLE() weir_assert_failed("unreachable", __FILE__, __LINE__)
_Noreturn void weir_assert_failed(const char *cond, const char *file, int line);

/* Borrowed bytes, not NUL-terminated. `p` may be NULL when `n` is 0. */
typedef struct weir_sv {
    const char *p;
    uint32_t n;
} weir_sv;

#define WEIR_SV(literal) ((weir_sv){(literal), (uint32_t)(sizeof(literal) - 1)})
#define WEIR_SV_FMT "%.*s"
#define WEIR_SV_ARG(sv) (int)(sv).n, (sv).n ? (sv).p : ""

static inline weir_sv weir_sv_of(const char *p, size_t n)
{
    return (weir_sv){p, (uint32_t)n};
}
static inline weir_sv weir_sv_cstr(const char *s)
{
    return (weir_sv){s, s ? (uint32_t)strlen(s) : 0};
}
static inline bool weir_sv_eq(weir_sv a, weir_sv b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
/* Byte order, shorter first on a tie: the order of Java's String.compareTo for ASCII only. */
static inline int weir_sv_cmp(weir_sv a, weir_sv b)
{
    uint32_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}
/* ASCII case only. */
bool weir_sv_ieq(weir_sv a, weir_sv b);
bool weir_sv_starts(weir_sv s, weir_sv prefix);
bool weir_sv_istarts(weir_sv s, weir_sv prefix);
/* Index of the first occurrence at or after `from`, or -1. */
int64_t weir_sv_find(weir_sv s, weir_sv needle, uint32_t from);
weir_sv weir_sv_trim(weir_sv s); /* ASCII white space at both ends */

/* memcpy for what is mostly short (keys, words): no call up to 32 bytes. */
__attribute__((always_inline)) static inline void weir_copy_short(char *to, const char *from,
                                                                  size_t n)
{
    if (WEIR_UNLIKELY(n > 32)) {
        memcpy(to, from, n);
    } else if (n >= 16) {
        memcpy(to, from, 16);
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else if (n) {
        to[0] = from[0];
        to[n / 2] = from[n / 2];
        to[n - 1] = from[n - 1];
    }
}

static inline int64_t weir_min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t weir_max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
