/* From java.util.regex's dialect to PCRE2's. For regex.c only. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

/* Writes the PCRE2 pattern (UTF mode, no options) to `out`. WEIR_EUSAGE for what Java refuses and for
 * the little that has no translation; the rest of Java's errors are found by PCRE2. */
weir_rc weir__regex_translate(weir_sv pattern, weir_buf *out, weir_status *st);
