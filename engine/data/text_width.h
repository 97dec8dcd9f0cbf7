/* How wide text is on a terminal. Pure. */
#pragma once
#include "engine/base/base.h"

/* Columns that valid UTF-8 takes: East Asian wide characters 2, combining ones 0. Control characters
 * count 0: whoever shows text to a terminal has to replace them first. */
uint32_t weir_text_width(weir_sv s);
