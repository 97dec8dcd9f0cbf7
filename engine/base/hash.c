/* Home of xxhash.h, inlined so that short keys do not pay for a call into the library. */
#include "engine/base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t weir_hash(const void *p, size_t n)
{
    return XXH3_64bits(n ? p : "", n);
}

/* Four bits at a time: small, and only met on machines without the instruction. */
uint32_t weir__crc32c_scalar(uint32_t crc, const void *p, size_t n)
{
    static const uint32_t nibble[16] = {
        0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u, 0x417b1dbcu, 0x5125dad3u,
        0x61c69362u, 0x7198540du, 0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u,
        0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u,
    };
    const unsigned char *at = p;
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= at[i];
        crc = (crc >> 4) ^ nibble[crc & 15];
        crc = (crc >> 4) ^ nibble[crc & 15];
    }
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *p,
                                                               size_t n)
{
    const char *at = p;
    uint64_t c = ~crc;
    for (; n >= 8; n -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        c = __builtin_ia32_crc32di(c, word);
    }
    uint32_t c32 = (uint32_t)c;
    for (; n > 0; n--, at++) {
        c32 = __builtin_ia32_crc32qi(c32, (unsigned char)*at);
    }
    return ~c32;
}
#endif

uint32_t weir_crc32c(uint32_t crc, const void *p, size_t n)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        return crc32c_sse42(crc, p, n);
    }
#endif
    return weir__crc32c_scalar(crc, p, n);
}
