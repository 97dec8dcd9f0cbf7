/* The table of formats.def. */
#include "connectors/formats.h"

const weir_formats *weir_formats_builtin(void)
{
    static const weir_formats table = {.by_kind = {
#define WEIR_FORMAT(kind, name) [WEIR_FMT_##kind] = &weir_format_##name,
#include "connectors/formats.def"
#undef WEIR_FORMAT
    }};
    return &table;
}
