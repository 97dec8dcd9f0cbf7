/* The formats that are built in. */
#pragma once
#include "engine/run/format.h"

#define WEIR_FORMAT(kind, name) extern const weir_format weir_format_##name;
#include "connectors/formats.def"
#undef WEIR_FORMAT

const weir_formats *weir_formats_builtin(void);
