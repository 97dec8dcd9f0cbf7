/* What the JSON functions share. Private to fn_json*.c. */
#pragma once
#include "engine/data/func.h"

/* The row error for a text that is not JSON. */
weir_value weir__bad_json(weir_call *c, weir_sv text);
/* Whether a text may be given to json.h, which also reads bytes that begin with a byte order mark. */
bool weir__json_text(weir_sv text);
