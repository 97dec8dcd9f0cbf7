/* Names of formats, as ksqlDB's WITH clause writes them. */
#include "engine/data/format.h"

/* ORDER weir_format_kind */
static const char *const names[WEIR_FMT_KINDS] = {
    [WEIR_FMT_JSON] = "JSON",         [WEIR_FMT_DELIMITED] = "DELIMITED",
    [WEIR_FMT_KAFKA] = "KAFKA",       [WEIR_FMT_NONE] = "NONE",
    [WEIR_FMT_AVRO] = "AVRO",         [WEIR_FMT_JSON_SR] = "JSON_SR",
    [WEIR_FMT_PROTOBUF] = "PROTOBUF", [WEIR_FMT_PROTOBUF_NOSR] = "PROTOBUF_NOSR",
};

const char *weir_format_name(weir_format_kind kind)
{
    WEIR_ASSERT((unsigned)kind < WEIR_FMT_KINDS);
    return names[kind];
}

bool weir_format_by_name(weir_sv name, weir_format_kind *out)
{
    for (unsigned i = 0; i < WEIR_FMT_KINDS; i++) {
        if (weir_sv_ieq(name, weir_sv_cstr(names[i]))) {
            *out = (weir_format_kind)i;
            return true;
        }
    }
    return false;
}
