/* Between the files of the JSON format. */
#pragma once
#include "engine/run/format.h"

weir_rc weir__json_decoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st);
void weir__json_decode(void *decoder, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                       weir_arena *step, weir_bad_rows *bad);
weir_rc weir__json_encoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st);
void weir__json_encode(void *encoder, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                       weir_buf *out, uint32_t *ends, uint64_t *null);

/* Refuses what JSON cannot hold: maps whose keys are not strings. */
weir_rc weir__json_check_type(const weir_codec_spec *spec, const weir_column *c, weir_status *st);
