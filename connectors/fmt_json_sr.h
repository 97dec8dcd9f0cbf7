/* Between the files of the JSON_SR format. */
#pragma once
#include "engine/run/format.h"

/* The JSON schema of columns. */
weir_rc weir__json_sr_schema(weir_arena *a, const weir_codec_spec *spec, weir_sv *text,
                             weir_status *st);
/* The columns of a JSON schema. */
weir_rc weir__json_sr_columns(weir_arena *a, const weir_codec_spec *spec, weir_sv text, bool unwrap,
                              const weir_column **cols, uint32_t *n, weir_status *st);
