/* Where a new query begins to read its streams:
 *
 *   auto.offset.reset      earliest, latest
 *   weir.start.timestamp   the first record that is not older: milliseconds, or 2026-01-31T12:00:00Z
 *   weir.start.offsets     topic:partition:offset,… for partitions that begin elsewhere */
#include "engine/data/datetime.h"
#include "engine/data/number.h"
#include "engine/server/session_impl.h"

#define TIME_PATTERN WEIR_SV("yyyy-MM-dd'T'HH:mm:ss[.SSS]X")

static weir_rc read_time(weir_arena *a, weir_sv text, int64_t *ms, weir_status *st)
{
    weir_dtf *format = NULL;
    if (weir_i64_parse(text, ms)) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_dtf_compile(a, TIME_PATTERN, WEIR_LOCALE_ROOT, &format, st));
    if (weir_dtf_parse_timestamp(format, text, NULL, NULL, ms, NULL) == WEIR_OK) {
        return WEIR_OK;
    }
    return weir_fail(st, WEIR_EUSAGE, "weir.start.timestamp is milliseconds or 2026-01-31T12:00:00Z, "
                     "not '" WEIR_SV_FMT "'", WEIR_SV_ARG(text));
}

/* Cuts the text behind the last `:` off. */
static bool cut_number(weir_sv *text, int64_t *v)
{
    uint32_t at = text->n;
    while (at > 0 && text->p[at - 1] != ':') {
        at--;
    }
    bool ok = at > 1 && weir_i64_parse(weir_sv_of(text->p + at, text->n - at), v) && *v >= 0;
    text->n = at ? at - 1 : 0;
    return ok;
}

static weir_rc read_offsets(weir_arena *a, weir_sv text, weir_start *out, weir_status *st)
{
    weir_position *items = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    weir_sv rest = weir_arena_sv(a, text);
    while (rest.n > 0) {
        const char *comma = memchr(rest.p, ',', rest.n);
        weir_sv one = {rest.p, comma ? (uint32_t)(comma - rest.p) : rest.n};
        rest = weir_sv_of(rest.p + one.n + (comma != NULL), rest.n - one.n - (comma != NULL));
        one = weir_sv_trim(one);
        weir_position p = {0};
        int64_t partition = 0;
        if (!cut_number(&one, &p.next) || !cut_number(&one, &partition) || partition > INT32_MAX) {
            return weir_fail(st, WEIR_EUSAGE, "weir.start.offsets is topic:partition:offset,…, not '"
                             WEIR_SV_FMT "'", WEIR_SV_ARG(text));
        }
        p.topic = one;
        p.partition = (int32_t)partition;
        WEIR_PUSH(a, items, n, cap, p);
    }
    out->at = items;
    out->n_at = n;
    return WEIR_OK;
}

weir_rc weir__start_position(weir_session *s, weir_arena *a, weir_start *out, weir_status *st)
{
    weir_sv v;
    bool earliest = weir_session_get(s, WEIR_SV("auto.offset.reset"), &v) &&
                    weir_sv_ieq(v, WEIR_SV("earliest"));
    *out = (weir_start){.kind = earliest ? WEIR_START_EARLIEST : WEIR_START_LATEST};
    if (weir_session_get(s, WEIR_SV("weir.start.timestamp"), &v) && v.n) {
        out->kind = WEIR_START_TIME;
        WEIR_TRY(read_time(a, v, &out->ms, st));
    }
    return weir_session_get(s, WEIR_SV("weir.start.offsets"), &v) && v.n
               ? read_offsets(a, v, out, st)
               : WEIR_OK;
}
