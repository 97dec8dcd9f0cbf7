/* Rules of numbers. All that can be counted is a pick of the n-th value of a range, in whole units
 * of the column's scale, so that decimals are exact and zipf and hot keys work for all of them
 * alike. */
#include "connectors/datagen_impl.h"

static bool needs_escapes(weir_sv s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        if ((uint8_t)s.p[i] < 0x20 || s.p[i] == '"' || s.p[i] == '\\') {
            return true;
        }
    }
    return false;
}

weir_rc weir__dg_affixes(weir__dg_compiler *c, weir_sv path, weir__dg_cell *out)
{
    uint64_t width = 0;
    out->prefix = weir__dg_text(c->f, path, "prefix", (weir_sv){0});
    out->suffix = weir__dg_text(c->f, path, "suffix", (weir_sv){0});
    WEIR_TRY(weir__dg_count(c->f, path, "width", 0, 18, &width, c->st));
    out->width = (uint32_t)width;
    out->most += ((uint64_t)out->prefix.n + out->suffix.n) * 6;
    out->safe = !needs_escapes(out->prefix) && !needs_escapes(out->suffix);
    if ((out->prefix.n || out->suffix.n || width) && !out->quoted) {
        return weir_fail(c->st, WEIR_EUSAGE, "prefix, suffix and width are for texts");
    }
    return WEIR_OK;
}

/* distribution, s, hot.share, hot.size: which of `n` things. */
weir_rc weir__dg_pick_rule(weir__dg_compiler *c, weir_sv path, uint64_t n, bool zipf,
                           weir__dg_pick *out)
{
    double s = 1;
    weir_sv d = weir__dg_text(c->f, path, "distribution", (weir_sv){0});
    zipf = zipf || weir_sv_ieq(d, WEIR_SV("zipf"));
    out->n = n;
    if (d.n && !zipf && !weir_sv_ieq(d, WEIR_SV("uniform"))) {
        return weir_fail(c->st, WEIR_EUSAGE,
                         "distribution is uniform or zipf, not \"" WEIR_SV_FMT "\"",
                         WEIR_SV_ARG(d));
    }
    WEIR_TRY(weir__dg_number(c->f, path, "s", 0, 100, &s, c->st));
    if (zipf) {
        WEIR_TRY(weir__dg_zipf_for(c->m, s, n, &out->alias, c->st));
    }
    WEIR_TRY(weir__dg_number(c->f, path, "hot.share", 0, 1, &out->hot_share, c->st));
    out->hot_n = out->hot_share > 0 ? 1 : 0;
    WEIR_TRY(weir__dg_count(c->f, path, "hot.size", 1, n ? n : UINT64_MAX, &out->hot_n, c->st));
    return WEIR_OK;
}

/* ---- numbers ---- */

weir_rc weir__dg_number_scale(weir__dg_compiler *c, weir_sv path, const weir_type *type,
                              weir__dg_cell *out, bool *real)
{
    uint64_t decimals = UINT64_MAX;
    WEIR_TRY(weir__dg_count(c->f, path, "decimals", 0, 9, &decimals, c->st));
    *real = false;
    switch (type->kind) {
    case WEIR_T_DECIMAL:
        if (type->scale > 18) {
            return weir_fail(c->st, WEIR_ELIMIT,
                             "decimals have at most 18 digits behind the point here");
        }
        out->scale = (uint32_t)type->scale;
        return WEIR_OK;
    case WEIR_T_DOUBLE:
        *real = decimals == UINT64_MAX;
        out->scale = *real ? 0 : (uint32_t)decimals;
        return WEIR_OK;
    case WEIR_T_STRING:
        out->scale = decimals == UINT64_MAX ? 0 : (uint32_t)decimals;
        return WEIR_OK;
    case WEIR_T_INTEGER:
    case WEIR_T_BIGINT:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP:
        return WEIR_OK;
    case WEIR_T_BOOLEAN:
    case WEIR_T_BYTES:
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    return weir_fail(c->st, WEIR_EUSAGE, "numbers do not fit the column's type");
}

/* The largest number of the type, in units of its scale. */
static int64_t largest(const weir_type *type)
{
    int64_t v = 1;
    if (type->kind == WEIR_T_INTEGER) {
        return INT32_MAX;
    }
    for (int32_t i = 0; type->kind == WEIR_T_DECIMAL && i < type->precision && i < 18; i++) {
        v *= 10;
    }
    return type->kind == WEIR_T_DECIMAL ? v - 1 : INT64_MAX;
}

static weir_rc compile_range(weir__dg_compiler *c, weir_sv path, const weir_type *type, bool zipf,
                             weir__dg_cell *out)
{
    uint64_t keys = 0;
    int64_t most = largest(type);
    bool counted = zipf || weir__dg_find(c->f, path, "keys");
    WEIR_TRY(weir__dg_count(c->f, path, zipf && !weir__dg_find(c->f, path, "keys") ? "n" : "keys",
                            1, (uint64_t)most, &keys, c->st));
    keys = keys ? keys : 1000;
    out->first = counted ? 1 : 0;
    out->step = 1;
    WEIR_TRY(weir__dg_scaled(c->f, path, "min", out->scale, &out->first, c->st));
    WEIR_TRY(weir__dg_scaled(c->f, path, "step", out->scale, &out->step, c->st));
    int64_t last = type->kind == WEIR_T_DECIMAL ? most : 999999;
    WEIR_TRY(weir__dg_scaled(c->f, path, "max", out->scale, &last, c->st));
    out->first = weir_max64(out->first, -most);
    last = weir_min64(last, most);
    if (out->step < 1 || (!counted && last < out->first)) {
        return weir_fail(c->st, WEIR_EUSAGE, "max is less than min, or step is not positive");
    }
    uint64_t span =
        counted ? keys : ((uint64_t)last - (uint64_t)out->first) / (uint64_t)out->step + 1;
    __int128 end = (__int128)out->first + (__int128)(span - 1) * out->step;
    if (span == 0 || end > most) {
        return weir_fail(c->st, WEIR_EUSAGE, "so many values do not fit the column's type");
    }
    return weir__dg_pick_rule(c, path, span, zipf, &out->pick);
}

static weir_rc compile_sequence(weir__dg_compiler *c, weir_sv path, const weir_type *type,
                                weir__dg_cell *out)
{
    int64_t last = largest(type);
    int64_t most = last;
    out->step = 1;
    for (uint32_t i = 0; type->kind == WEIR_T_DOUBLE && i < out->scale; i++) {
        out->step *= 10;
    }
    WEIR_TRY(weir__dg_scaled(c->f, path, "start", out->scale, &out->first, c->st));
    WEIR_TRY(weir__dg_scaled(c->f, path, "step", out->scale, &out->step, c->st));
    last = out->step < 0 ? -most : most;
    WEIR_TRY(weir__dg_scaled(c->f, path, "end", out->scale, &last, c->st));
    last = weir_max64(weir_min64(last, most), -most);
    bool away = out->step < 0 ? last > out->first : last < out->first;
    if (out->step == 0 || out->step == INT64_MIN || away) {
        return weir_fail(c->st, WEIR_EUSAGE, "a sequence cannot go from its start to its end");
    }
    uint64_t way = out->step < 0 ? (uint64_t)out->first - (uint64_t)last
                                 : (uint64_t)last - (uint64_t)out->first;
    uint64_t step = (uint64_t)(out->step < 0 ? -out->step : out->step);
    out->pick.n = way / step == UINT64_MAX ? UINT64_MAX : way / step + 1;
    return WEIR_OK;
}

static weir_rc compile_real(weir__dg_compiler *c, weir_sv path, weir__dg_cell *out)
{
    out->kind = WEIR__DG_REAL;
    out->high = 1;
    WEIR_TRY(weir__dg_number(c->f, path, "min", -1e300, 1e300, &out->low, c->st));
    WEIR_TRY(weir__dg_number(c->f, path, "max", -1e300, 1e300, &out->high, c->st));
    return out->low <= out->high ? WEIR_OK : weir_fail(c->st, WEIR_EUSAGE, "max is less than min");
}

static weir_rc compile_normal(weir__dg_compiler *c, weir_sv path, const weir_type *type,
                              weir__dg_cell *out)
{
    out->high = 1;
    WEIR_TRY(weir__dg_number(c->f, path, "mean", -1e15, 1e15, &out->low, c->st));
    WEIR_TRY(weir__dg_number(c->f, path, "stddev", 0, 1e15, &out->high, c->st));
    int64_t most = largest(type);
    out->first = -most;
    out->step = most;
    out->bounded = true;
    uint32_t scale =
        type->kind == WEIR_T_DOUBLE && !weir__dg_find(c->f, path, "decimals") ? 6 : out->scale;
    out->scale = scale;
    WEIR_TRY(weir__dg_scaled(c->f, path, "min", scale, &out->first, c->st));
    WEIR_TRY(weir__dg_scaled(c->f, path, "max", scale, &out->step, c->st));
    return out->first <= out->step ? WEIR_OK
                                   : weir_fail(c->st, WEIR_EUSAGE, "max is less than min");
}

weir_rc weir__dg_number_rule(weir__dg_compiler *c, weir_sv path, bool zipf, const weir_type *type,
                             weir__dg_cell *out)
{
    bool real;
    WEIR_TRY(weir__dg_affixes(c, path, out));
    WEIR_TRY(weir__dg_number_scale(c, path, type, out, &real));
    if (out->kind == WEIR__DG_SEQUENCE || out->kind == WEIR__DG_SESSION) {
        return compile_sequence(c, path, type, out);
    }
    if (out->kind == WEIR__DG_NORMAL) {
        return compile_normal(c, path, type, out);
    }
    if (out->kind == WEIR__DG_HASH) {
        return compile_range(c, path, type, weir__dg_find(c->f, path, "n") != NULL, out);
    }
    bool distributed =
        zipf || weir__dg_find(c->f, path, "keys") || weir__dg_find(c->f, path, "distribution");
    return real && !distributed ? compile_real(c, path, out)
                                : compile_range(c, path, type, zipf, out);
}
