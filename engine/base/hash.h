/* Hashes. XXH3 for tables in memory; murmur2 because Kafka's default partitioner is defined by it. */
#pragma once
#include "engine/base/base.h"

uint64_t weir_hash(const void *p, size_t n);
static inline uint64_t weir_hash_sv(weir_sv s)
{
    return weir_hash(s.p, s.n);
}
static inline uint64_t weir_hash_u64(uint64_t x) /* splitmix64 finaliser */
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}
/* Kafka's Utils.murmur2. */
uint32_t weir_murmur2(const void *p, size_t n);
/* Kafka's default partitioner for a non-null key: toPositive(murmur2(key)) % partitions. */
static inline uint32_t weir_partition_of(weir_sv key, uint32_t partitions)
{
    return (weir_murmur2(key.p, key.n) & 0x7fffffffu) % partitions;
}
/* The same of n keys to out[n]. */
void weir_partitions_of(const weir_sv *keys, uint32_t n, uint32_t partitions, uint32_t *out);
/* CRC-32C (Castagnoli). Start with 0; the result of one part is the start of the next. */
uint32_t weir_crc32c(uint32_t crc, const void *p, size_t n);
uint32_t weir__crc32c_scalar(uint32_t crc, const void *p, size_t n); /* internal, for tests */
