/* Ryu and fast_float come with the C++ library; nothing else of C++ is used here. */
#include "engine/data/number_shim.h"

#include <charconv>

extern "C" uint32_t weir__double_shortest(char *out, double v)
{
    std::to_chars_result r = std::to_chars(out, out + 32, v, std::chars_format::scientific);
    /* Java never prints one digit alone and picks the nearest of two: 4.9E-324, not 5.0E-324. It
     * matters only where a double has less than two digits of precision. */
    if (v < 1e-320 && v > -1e-320 && out[1] != '.') {
        r = std::to_chars(out, out + 32, v, std::chars_format::scientific, 1);
    }
    return static_cast<uint32_t>(r.ptr - out);
}

extern "C" int weir__double_read(const char *p, uint32_t n, bool hex, double *out)
{
    std::chars_format format = hex ? std::chars_format::hex : std::chars_format::general;
    std::from_chars_result r = std::from_chars(p, p + n, *out, format);
    if (r.ec == std::errc::result_out_of_range) {
        return 1;
    }
    return r.ec == std::errc() && r.ptr == p + n ? 0 : -1;
}
