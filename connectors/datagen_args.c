/* Arguments of rules: named texts, read as what a rule wants. Each that is read is marked as used,
 * so that what is left over is an error and not a surprise. */
#include "connectors/datagen_impl.h"

#include "engine/data/number.h"

#include <stdio.h>

bool weir__dg_split(weir_sv *rest, char by, weir_sv *out)
{
    if (rest->n == 0) {
        *out = (weir_sv){0};
        return false;
    }
    uint32_t n = 0;
    while (n < rest->n && rest->p[n] != by) {
        n++;
    }
    *out = weir_sv_trim(weir_sv_of(rest->p, n));
    n += n < rest->n;
    *rest = weir_sv_of(rest->p + n, rest->n - n);
    return true;
}

weir_sv weir__dg_path(weir_arena *a, weir_sv path, weir_sv name)
{
    return weir_arena_printf(a, WEIR_SV_FMT WEIR_SV_FMT ".", WEIR_SV_ARG(path), WEIR_SV_ARG(name));
}

weir__dg_arg *weir__dg_find(const weir__dg_field *f, weir_sv path, const char *name)
{
    size_t n = strlen(name);
    for (uint32_t i = f->n; i-- > 0;) {
        weir_sv full = f->args[i].name;
        if (full.n == path.n + n && weir_sv_istarts(full, path) &&
            weir_sv_eq(weir_sv_of(full.p + path.n, n), weir_sv_of(name, n))) {
            return &f->args[i];
        }
    }
    return NULL;
}

void weir__dg_set(weir_arena *a, weir__dg_field *f, weir_sv path, const char *name, weir_sv value)
{
    weir__dg_arg *old = weir__dg_find(f, path, name);
    if (old) {
        old->value = value;
        return;
    }
    weir__dg_arg arg = {.name = weir_arena_printf(a, WEIR_SV_FMT "%s", WEIR_SV_ARG(path), name),
                        .value = value};
    WEIR_PUSH(a, f->args, f->n, f->cap, arg);
}

weir_sv weir__dg_text(weir__dg_field *f, weir_sv path, const char *name, weir_sv otherwise)
{
    weir__dg_arg *arg = weir__dg_find(f, path, name);
    if (!arg) {
        return otherwise;
    }
    arg->used = true;
    return arg->value;
}

bool weir__dg_parse_double(weir_sv text, double *out)
{
    text = weir_sv_trim(text);
    bool digits = text.n > 0 && strchr("0123456789.-+", text.p[0]);
    return digits && weir_double_parse_finite(text, out);
}

bool weir__dg_parse_ms(weir_sv text, int64_t *out)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
    text = weir_sv_trim(text);
    uint32_t n = text.n;
    while (n > 0 && text.p[n - 1] >= 'a' && text.p[n - 1] <= 'z') {
        n--;
    }
    weir_sv unit = weir_sv_of(text.p + n, text.n - n);
    double v;
    if (!weir__dg_parse_double(weir_sv_of(text.p, n), &v) || v < 0) {
        return false;
    }
    for (size_t i = 0; i < WEIR_COUNT(units); i++) {
        if (unit.n == 0 || weir_sv_eq(unit, weir_sv_cstr(units[i].name))) {
            v *= unit.n ? units[i].ms : 1;
            *out = v < 9e15 ? (int64_t)(v + 0.5) : -1;
            return *out >= 0;
        }
    }
    return false;
}

static weir_rc wrong(weir_sv path, const char *name, const char *what, weir_sv text,
                     weir_status *st)
{
    return weir_fail(st, WEIR_EUSAGE, WEIR_SV_FMT "%s wants %s, not \"" WEIR_SV_FMT "\"",
                     WEIR_SV_ARG(path), name, what, WEIR_SV_ARG(text));
}

weir_rc weir__dg_number(weir__dg_field *f, weir_sv path, const char *name, double least,
                        double most, double *io, weir_status *st)
{
    weir_sv text = weir__dg_text(f, path, name, (weir_sv){0});
    if (!text.p) {
        return WEIR_OK;
    }
    double v;
    if (!weir__dg_parse_double(text, &v) || v < least || v > most) {
        char range[96];
        snprintf(range, sizeof range, "a number from %g to %g", least, most);
        return wrong(path, name, range, text, st);
    }
    *io = v;
    return WEIR_OK;
}

weir_rc weir__dg_count(weir__dg_field *f, weir_sv path, const char *name, uint64_t least,
                       uint64_t most, uint64_t *io, weir_status *st)
{
    weir_sv text = weir__dg_text(f, path, name, (weir_sv){0});
    if (!text.p) {
        return WEIR_OK;
    }
    int64_t v;
    if (!weir_i64_parse(text, &v) || v < 0 || (uint64_t)v < least || (uint64_t)v > most) {
        char range[96];
        snprintf(range, sizeof range, "a whole number from %llu to %llu", (unsigned long long)least,
                 (unsigned long long)most);
        return wrong(path, name, range, text, st);
    }
    *io = (uint64_t)v;
    return WEIR_OK;
}

weir_rc weir__dg_scaled(weir__dg_field *f, weir_sv path, const char *name, uint32_t scale,
                        int64_t *io, weir_status *st)
{
    weir_sv text = weir__dg_text(f, path, name, (weir_sv){0});
    if (!text.p) {
        return WEIR_OK;
    }
    if (scale == 0 && weir_i64_parse(text, io)) {
        return WEIR_OK;
    }
    weir_status unused;
    weir_status_reset(&unused);
    if (scale == 0 && weir_timestamp_parse(text, io, &unused) == WEIR_OK &&
        weir_sv_find(text, WEIR_SV("-"), 1) > 0) {
        return WEIR_OK;
    }
    double v;
    if (!weir__dg_parse_double(text, &v)) {
        return wrong(path, name, "a number", text, st);
    }
    for (uint32_t i = 0; i < scale; i++) {
        v *= 10;
    }
    if (v < -9.2e18 || v > 9.2e18) {
        return wrong(path, name, "a number of at most 18 digits", text, st);
    }
    *io = (int64_t)(v < 0 ? v - 0.5 : v + 0.5);
    return WEIR_OK;
}
