/* Templates: texts with the values of other columns and numbers of a range in them. */
#include "connectors/datagen_impl.h"

#include "engine/data/number.h"

/* What is between the braces: COLUMN, COLUMN:0W, FIRST..LAST, FIRST..LAST:0W. */
static weir_rc placeholder(const weir__dg_table *t, weir_sv text, weir__dg_part *out,
                           weir_status *st)
{
    weir_sv rest = text;
    weir_sv name;
    int64_t width = 0;
    weir__dg_split(&rest, ':', &name);
    if (rest.n && (!weir_i64_parse(rest, &width) || width < 0 || width > 18)) {
        return weir_fail(st, WEIR_EUSAGE, "${" WEIR_SV_FMT "}: behind the colon is a width, as :06",
                         WEIR_SV_ARG(text));
    }
    out->width = (uint32_t)width;
    int64_t dots = weir_sv_find(name, WEIR_SV(".."), 0);
    if (dots < 0) {
        out->column = weir__dg_field_named(t, name);
        return out->column >= 0 ? WEIR_OK
                                : weir_fail(st, WEIR_EUSAGE, "there is no column " WEIR_SV_FMT,
                                            WEIR_SV_ARG(name));
    }
    int64_t last;
    uint32_t at = (uint32_t)dots;
    bool good = weir_i64_parse(weir_sv_of(name.p, at), &out->first) &&
                weir_i64_parse(weir_sv_of(name.p + at + 2, name.n - at - 2), &last) &&
                last >= out->first && last - INT64_C(1000000000000000000) < out->first;
    if (!good) {
        return weir_fail(st, WEIR_EUSAGE, "${" WEIR_SV_FMT "} is no range of numbers",
                         WEIR_SV_ARG(text));
    }
    out->pick.n = (uint64_t)(last - out->first) + 1;
    return WEIR_OK;
}

weir_rc weir__dg_template(weir_arena *a, const weir__dg_table *t, weir_sv text, weir__dg_cell *out,
                          weir_status *st)
{
    weir__dg_part *parts = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    while (text.n) {
        weir__dg_part part = {.column = -1};
        int64_t open = weir_sv_find(text, WEIR_SV("${"), 0);
        uint32_t end = open < 0 ? text.n : (uint32_t)open;
        if (open == 0) {
            int64_t close = weir_sv_find(text, WEIR_SV("}"), 0);
            if (close < 0) {
                return weir_fail(st, WEIR_EUSAGE, "a ${ of the template is not closed");
            }
            end = (uint32_t)close + 1;
            WEIR_TRY(placeholder(t, weir_sv_of(text.p + 2, end - 3), &part, st));
        } else {
            part.text = weir_arena_sv(a, weir_sv_of(text.p, end));
        }
        out->most += (uint64_t)part.text.n * 6 + 20;
        WEIR_PUSH(a, parts, n, cap, part);
        text = weir_sv_of(text.p + end, text.n - end);
    }
    out->parts = parts;
    out->n_parts = n;
    return WEIR_OK;
}
