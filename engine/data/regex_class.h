/* Named character classes of java.util.regex. For regex_translate.c only. */
#pragma once
#include "engine/base/buf.h"

/* The inside of a PCRE2 class for `\p{name}`; empty when the name is not known. */
bool weir__regex_property(weir_sv name, weir_buf *out);
