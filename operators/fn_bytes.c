/* Numbers from their bytes. */
#include "operators/fn_values.h"

/* Reads `width` bytes in the order named by the second argument; false: a row error. */
static bool read_bytes(weir_call *c, const weir_value *args, uint32_t n, uint32_t width,
                       uint64_t *out)
{
    weir_sv order = n > 1 ? args[1].sv : WEIR_SV("BIG_ENDIAN");
    bool big = weir_sv_ieq(order, WEIR_SV("BIG_ENDIAN"));
    if (!big && !weir_sv_ieq(order, WEIR_SV("LITTLE_ENDIAN"))) {
        weir_row_error(c,
                       "Byte order must be BIG_ENDIAN or LITTLE_ENDIAN. Unknown byte order "
                       "'" WEIR_SV_FMT "'.",
                       WEIR_SV_ARG(order));
        return false;
    }
    weir_sv bytes = args[0].sv;
    if (bytes.n != width) {
        weir_row_error(c, "Number of bytes must be equal to %u, but found %u", width, bytes.n);
        return false;
    }
    uint64_t v = 0;
    for (uint32_t i = 0; i < width; i++) {
        v = v << 8 | (uint8_t)bytes.p[big ? i : width - 1 - i];
    }
    *out = v;
    return true;
}

static weir_value int_from_bytes(weir_call *c, const weir_value *args, uint32_t n)
{
    uint64_t v;
    return read_bytes(c, args, n, 4, &v) ? weir_int((int32_t)(uint32_t)v) : weir__none(c);
}

static weir_value bigint_from_bytes(weir_call *c, const weir_value *args, uint32_t n)
{
    uint64_t v;
    return read_bytes(c, args, n, 8, &v) ? weir_bigint((int64_t)v) : weir__none(c);
}

static weir_value double_from_bytes(weir_call *c, const weir_value *args, uint32_t n)
{
    uint64_t v;
    if (!read_bytes(c, args, n, 8, &v)) {
        return weir__none(c);
    }
    double d;
    memcpy(&d, &v, sizeof d);
    return weir_double(d);
}

static const weir_overload int_rows[] = {
    {.sig = "BYTES -> INT", .row = int_from_bytes},
    {.sig = "BYTES, STRING -> INT", .row = int_from_bytes},
};
static const weir_overload bigint_rows[] = {
    {.sig = "BYTES -> BIGINT", .row = bigint_from_bytes},
    {.sig = "BYTES, STRING -> BIGINT", .row = bigint_from_bytes},
};
static const weir_overload double_rows[] = {
    {.sig = "BYTES -> DOUBLE", .row = double_from_bytes},
    {.sig = "BYTES, STRING -> DOUBLE", .row = double_from_bytes},
};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_CONVERSIONS, .doc = words, .example = sample,              \
     .overloads = rows, .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_bytes[] = {
    ROW("BIGINT_FROM_BYTES", bigint_rows,
        "The BIGINT in 8 bytes, in the order BIG_ENDIAN (default) or LITTLE_ENDIAN.",
        "BIGINT_FROM_BYTES('AAAAAAAAASw=') → 300"),
    ROW("DOUBLE_FROM_BYTES", double_rows,
        "The DOUBLE in 8 bytes, in the order BIG_ENDIAN (default) or LITTLE_ENDIAN.",
        "DOUBLE_FROM_BYTES('P/AAAAAAAAA=') → 1.0"),
    ROW("INT_FROM_BYTES", int_rows,
        "The INT in 4 bytes, in the order BIG_ENDIAN (default) or LITTLE_ENDIAN.",
        "INT_FROM_BYTES('AAABLA==') → 300"),
};
const uint32_t weir_fn_bytes_n = WEIR_COUNT(weir_fn_bytes);
