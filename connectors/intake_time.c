/* Times as clients write them: milliseconds, ISO 8601 with or without a zone and with any fraction of a
 * second, or a pattern of the operator's. */
#include "connectors/intake_time.h"

#include "engine/data/datetime.h"

#define LATEST_MS INT64_C(253402300799999) /* of the year 9999 */

static const char iso[] = "yyyy-MM-dd['T'][' '][HH:mm[:ss][.SSSSSSSSS][.SSSSSSSS][.SSSSSSS][.SSSSSS][.SSSSS][.SSSS]"
                          "[.SSS][.SS][.S]][XX" "X][XX][X]";

struct weir__intake_time {
    uint32_t column;
    bool text;           /* the column is; else milliseconds */
    bool refuses;        /* records without a time */
    bool numbers;        /* a text of digits is milliseconds */
    weir_dtf *format;
    const weir_tz *zone; /* of texts that name none */
    weir_tz_cache *zones;
};

weir_rc weir__intake_time_new(weir_conn *c, weir_arena *a, const weir_schema *schema, uint32_t column,
                              weir__intake_time **out, weir_status *st)
{
    weir__intake_time *t = WEIR_NEW(a, weir__intake_time);
    weir_kind kind = schema->cols[column].type->kind;
    weir_sv format = weir_conn_text(c, "timestamp.format");
    weir_status why;
    weir_status_reset(&why);
    t->column = column;
    t->text = kind == WEIR_T_STRING;
    t->numbers = format.n == 0;
    t->refuses = weir_conn_is(c, "timestamp.missing", "refuse");
    t->zones = weir_tz_cache_in(a);
    if (!t->text && kind != WEIR_T_BIGINT && kind != WEIR_T_TIMESTAMP) {
        return weir_conn_refuse(c, "timestamp.field", 0, 0, st,
                                "a time is a STRING, a BIGINT or a TIMESTAMP, and this column is neither");
    }
    if (!t->text && format.n) {
        return weir_conn_refuse(c, "timestamp.format", 0, 0, st,
                                "the column is no STRING: its milliseconds need no format, leave it out");
    }
    if (weir_tz_get(t->zones, weir_conn_text(c, "timestamp.zone"), &t->zone, &why) != WEIR_OK) {
        return weir_conn_refuse(c, "timestamp.zone", 0, 0, st, "%s", why.msg);
    }
    format = format.n ? format : WEIR_SV(iso);
    if (weir_dtf_compile(a, format, WEIR_LOCALE_EN, &t->format, &why) != WEIR_OK) {
        return weir_conn_refuse(c, "timestamp.format", 0, 0, st, "%s", why.msg);
    }
    *out = t;
    return WEIR_OK;
}

/* False: it has other characters than digits, or too many. */
static bool read_digits(weir_sv text, int64_t *ms)
{
    *ms = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *ms > LATEST_MS) {
            return false;
        }
        *ms = *ms * 10 + (text.p[i] - '0');
    }
    return text.n > 0;
}

static bool read_text(const weir__intake_time *t, weir_sv text, int64_t *ms)
{
    weir_status st;
    weir_status_reset(&st);
    text = weir_sv_trim(text);
    return (t->numbers && read_digits(text, ms)) ||
           weir_dtf_parse_timestamp(t->format, text, t->zone, t->zones, ms, &st) == WEIR_OK;
}

const char *weir__intake_time_of(weir__intake_time *t, const weir_batch *b, uint32_t row, int64_t *ms)
{
    const weir_vec *v = &b->cols[t->column];
    bool there = weir_vec_is_valid(v, row);
    bool ok = there && (!t->text || read_text(t, WEIR_AT(weir_sv, v, row), ms));
    if (ok && !t->text) {
        *ms = WEIR_AT(int64_t, v, row);
    }
    if (ok && *ms >= 0 && *ms <= LATEST_MS) {
        return NULL;
    }
    *ms = WEIR__INTAKE_ARRIVAL;
    return !t->refuses ? NULL
           : !there    ? "must be there: it is the time of the record"
           : ok        ? "must be a time from 1970 to 9999"
           : t->numbers ? "must be a time: milliseconds, or as 2026-01-26T10:30:00.123+01:00"
                        : "must be a time as timestamp.format says";
}
