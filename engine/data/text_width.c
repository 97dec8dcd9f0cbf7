/* See text_width.h. */
#include "engine/data/text_width.h"

#include "engine/data/text.h"

#include <utf8proc.h>

uint32_t weir_text_width(weir_sv s)
{
    if (weir_is_ascii(s)) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < s.n; i++) {
            n += s.p[i] >= ' ' && s.p[i] != 0x7f;
        }
        return n;
    }
    uint32_t width = 0;
    for (uint32_t at = 0; at < s.n;) {
        int w = utf8proc_charwidth((utf8proc_int32_t)weir_utf8_next(s, &at));
        width += w > 0 ? (uint32_t)w : 0;
    }
    return width;
}
