/* Assertion failure and the byte-slice helpers that are too long to inline. */
#include "engine/base/base.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void weir_assert_failed(const char *cond, const char *file, int line)
{
    /* Nothing here may allocate or depend on engine state: that state is what just proved wrong. */
    fflush(stdout);
    fprintf(stderr, "weir: internal error: %s (%s:%d)\n", cond, file, line);
    abort();
}

static inline unsigned char ascii_lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

static bool ieq_bytes(const char *a, const char *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (ascii_lower(a[i]) != ascii_lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool weir_sv_ieq(weir_sv a, weir_sv b)
{
    return a.n == b.n && ieq_bytes(a.p, b.p, a.n);
}

bool weir_sv_starts(weir_sv s, weir_sv prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool weir_sv_istarts(weir_sv s, weir_sv prefix)
{
    return s.n >= prefix.n && ieq_bytes(s.p, prefix.p, prefix.n);
}

int64_t weir_sv_find(weir_sv s, weir_sv needle, uint32_t from)
{
    if (from > s.n || needle.n > s.n - from) {
        return -1;
    }
    if (needle.n == 0) {
        return from;
    }
    const char *hit = memmem(s.p + from, s.n - from, needle.p, needle.n);
    return hit ? hit - s.p : -1;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

weir_sv weir_sv_trim(weir_sv s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}
