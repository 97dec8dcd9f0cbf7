/* The two conversions the C library does not have: shortest digits of a double and its exact inverse.
 * For number.c only. C++ reads this too, so it includes nothing of the engine. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
/* Scientific notation of a finite double (`1.25e+02`) into `out`, at least 32 bytes; returns length. */
uint32_t weir__double_shortest(char *out, double v);
/* Reads all n bytes: decimal, or hexadecimal without `0x`. 0 read, 1 beyond the range, -1 not a
 * number. */
int weir__double_read(const char *p, uint32_t n, bool hex, double *out);
#ifdef __cplusplus
}
#endif
