/* Settings: what they are called, and those that concern whole records: pace, time, faults. */
#include "connectors/datagen_impl.h"

#include "engine/base/nearest.h"
#include "engine/data/number.h"

#define START_MS INT64_C(1769414400000) /* 2026-01-26T08:00:00Z */

const weir_datagen_setting weir_datagen_settings[] = {
#define WEIR_DATAGEN_SETTING(name, aliases, doc) {name, aliases, doc},
#include "connectors/datagen_settings.def"
#undef WEIR_DATAGEN_SETTING
};
const uint32_t weir_datagen_n_settings = WEIR_COUNT(weir_datagen_settings);
_Static_assert(WEIR_COUNT(weir_datagen_settings) == WEIR__DG_SET_SETTINGS,
               "ORDER weir__dg_setting");

static const weir_sv none = {0};

const char *weir__dg_setting_name(int i)
{
    return weir_datagen_settings[i].name;
}

bool weir__dg_is_set(const weir__dg_describer *d, int i)
{
    return weir__dg_find(&d->given, none, weir__dg_setting_name(i)) != NULL;
}

weir_sv weir__dg_setting_text(weir__dg_describer *d, int i)
{
    return weir__dg_text(&d->given, none, weir__dg_setting_name(i), none);
}

static weir_rc number(weir__dg_describer *d, int i, double least, double most, double *io)
{
    return weir__dg_number(&d->given, none, weir__dg_setting_name(i), least, most, io, d->st);
}

static weir_rc ms(weir__dg_describer *d, int i, int64_t *io)
{
    weir_sv text = weir__dg_setting_text(d, i);
    return !text.p || weir__dg_parse_ms(text, io)
               ? WEIR_OK
               : weir_fail(d->st, WEIR_EUSAGE,
                           "%s wants a time as 500ms, 30s or 5m, not \"" WEIR_SV_FMT "\"",
                           weir__dg_setting_name(i), WEIR_SV_ARG(text));
}

int weir__dg_setting_named(weir_sv name)
{
    for (int i = 0; i < WEIR__DG_SET_SETTINGS; i++) {
        weir_sv all = weir_sv_cstr(weir_datagen_settings[i].aliases);
        weir_sv alias;
        if (weir_sv_ieq(name, weir_sv_cstr(weir__dg_setting_name(i)))) {
            return i;
        }
        while (weir__dg_split(&all, '|', &alias)) {
            if (weir_sv_ieq(name, alias)) {
                return i;
            }
        }
    }
    return -1;
}

static weir_rc unknown(weir_sv name, weir_status *st)
{
    weir_sv names[WEIR__DG_SET_SETTINGS];
    for (int i = 0; i < WEIR__DG_SET_SETTINGS; i++) {
        names[i] = weir_sv_cstr(weir__dg_setting_name(i));
    }
    int64_t near = weir_nearest(name, names, WEIR__DG_SET_SETTINGS);
    weir_fail(st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\" is no option of the generator",
              WEIR_SV_ARG(name));
    return near >= 0
               ? weir_hint(st, "did you mean " WEIR_SV_FMT "?", WEIR_SV_ARG(names[near]))
               : weir_hint(st, "rules of columns are fields.COLUMN.kind, fields.COLUMN.min …");
}

weir_rc weir__dg_settings_read(weir__dg_describer *d)
{
    const weir_datagen_request *r = d->m.request;
    for (uint32_t i = 0; i < r->n_options; i++) {
        weir_sv name = r->options[i].name;
        int at = weir__dg_setting_named(name);
        if (at >= 0) {
            weir__dg_set(d->s->a, &d->given, none, weir__dg_setting_name(at),
                         weir_arena_sv(d->s->a, r->options[i].value));
        } else if (!weir_sv_istarts(name, WEIR_SV("fields."))) {
            return unknown(name, d->st);
        }
    }
    return WEIR_OK;
}

/* ---- faults and pace ---- */

weir_rc weir__dg_settings_pace(weir__dg_describer *d)
{
    weir_datagen_spec *s = d->s;
    double rate = 0;
    double interval = 0;
    weir_sv rows = weir__dg_setting_text(d, WEIR__DG_SET_MAX_ROWS);
    WEIR_TRY(number(d, WEIR__DG_SET_RATE, 0, 1e9, &rate));
    WEIR_TRY(number(d, WEIR__DG_SET_MAX_INTERVAL, 0, 1e9, &interval));
    rate = interval > 0 && !weir__dg_is_set(d, WEIR__DG_SET_RATE) ? 2000 / interval : rate;
    if (!weir_sv_eq(rows, WEIR_SV("-1"))) {
        WEIR_TRY(weir__dg_count(&d->given, none, weir__dg_setting_name(WEIR__DG_SET_MAX_ROWS), 0,
                                INT64_MAX, &s->max_rows, d->st));
    }
    int64_t duration = 0;
    WEIR_TRY(ms(d, WEIR__DG_SET_DURATION, &duration));
    s->duration = (double)duration / 1000;
    int shapes = weir__dg_is_set(d, WEIR__DG_SET_BURST) + weir__dg_is_set(d, WEIR__DG_SET_SINE) +
                 weir__dg_is_set(d, WEIR__DG_SET_RAMP) + weir__dg_is_set(d, WEIR__DG_SET_STEPS);
    if (shapes > 1) {
        return weir_fail(d->st, WEIR_EUSAGE, "burst, sine, ramp and steps exclude one another");
    }
    if (shapes && s->shop) {
        return weir_fail(
            d->st, WEIR_EUSAGE,
            "the shop is busy and less busy as it likes: no burst, sine, ramp or steps");
    }
    if ((shapes && !weir__dg_is_set(d, WEIR__DG_SET_STEPS)) && rate <= 0) {
        return weir_fail(d->st, WEIR_EUSAGE, "burst, sine and ramp want a rate");
    }
    s->paced = rate > 0 || weir__dg_is_set(d, WEIR__DG_SET_STEPS);
    if (s->duration > 0 && !s->paced) {
        return weir_fail(d->st, WEIR_EUSAGE, "duration wants a rate");
    }
    rate = rate > 0 ? rate : WEIR__DG_EVENT_RATE;
    s->shop_config.per_second = rate / s->speed;
    if (weir__dg_is_set(d, WEIR__DG_SET_BURST)) {
        return weir__dg_clock_burst(s->a, rate, weir__dg_setting_text(d, WEIR__DG_SET_BURST),
                                    &s->clock, d->st);
    }
    if (weir__dg_is_set(d, WEIR__DG_SET_SINE)) {
        return weir__dg_clock_sine(s->a, rate, weir__dg_setting_text(d, WEIR__DG_SET_SINE),
                                   &s->clock, d->st);
    }
    if (weir__dg_is_set(d, WEIR__DG_SET_RAMP)) {
        return weir__dg_clock_ramp(s->a, rate, weir__dg_setting_text(d, WEIR__DG_SET_RAMP),
                                   &s->clock, d->st);
    }
    if (weir__dg_is_set(d, WEIR__DG_SET_STEPS)) {
        return weir__dg_clock_steps(s->a, weir__dg_setting_text(d, WEIR__DG_SET_STEPS), &s->clock,
                                    d->st);
    }
    s->clock = weir__dg_clock_steady(s->a, rate);
    return WEIR_OK;
}

weir_rc weir__dg_settings_faults(weir__dg_describer *d)
{
    weir_datagen_spec *s = d->s;
    weir_sv start = weir__dg_setting_text(d, WEIR__DG_SET_START);
    weir_status st;
    weir_status_reset(&st);
    uint64_t bytes = 0;
    s->start_ms = START_MS;
    s->late_ms = 60000;
    s->speed = 1;
    if (start.p && !weir_i64_parse(start, &s->start_ms) &&
        weir_timestamp_parse(start, &s->start_ms, &st) != WEIR_OK) {
        s->start_ms = -1;
    }
    if (s->start_ms < 0 || s->start_ms > INT64_C(32503680000000)) {
        return weir_fail(
            d->st, WEIR_EUSAGE,
            "%s wants a time as 2026-01-26T08:00:00 or milliseconds, not \"" WEIR_SV_FMT "\"",
            weir__dg_setting_name(WEIR__DG_SET_START), WEIR_SV_ARG(start));
    }
    WEIR_TRY(number(d, WEIR__DG_SET_SPEED, 0.001, 1e6, &s->speed));
    WEIR_TRY(ms(d, WEIR__DG_SET_DISORDER, &s->disorder_ms));
    WEIR_TRY(ms(d, WEIR__DG_SET_LATE_MAX, &s->late_ms));
    WEIR_TRY(number(d, WEIR__DG_SET_LATE, 0, 1, &s->late));
    WEIR_TRY(number(d, WEIR__DG_SET_DUPLICATES, 0, 1, &s->duplicates));
    WEIR_TRY(number(d, WEIR__DG_SET_MALFORMED, 0, 1, &s->malformed));
    WEIR_TRY(number(d, WEIR__DG_SET_TOMBSTONES, 0, 1, &s->tombstones));
    WEIR_TRY(weir__dg_count(&d->given, none, weir__dg_setting_name(WEIR__DG_SET_RECORD_SIZE), 0,
                            WEIR_DATAGEN_TEXT_MAX, &bytes, d->st));
    s->record_bytes = (uint32_t)bytes;
    if (s->malformed + s->tombstones > 1) {
        return weir_fail(d->st, WEIR_EUSAGE, "malformed and tombstones are more than all records");
    }
    static const int not_shop[] = {WEIR__DG_SET_DISORDER,   WEIR__DG_SET_LATE_MAX,
                                   WEIR__DG_SET_TOMBSTONES, WEIR__DG_SET_KEY,
                                   WEIR__DG_SET_KEYS,       WEIR__DG_SET_HOT,
                                   WEIR__DG_SET_TENANTS,    WEIR__DG_SET_RECORD_SIZE};
    for (size_t i = 0; s->shop && i < WEIR_COUNT(not_shop); i++) {
        if (weir__dg_is_set(d, not_shop[i])) {
            return weir_fail(d->st, WEIR_EUSAGE, "the model shop has no %s",
                             weir__dg_setting_name(not_shop[i]));
        }
    }
    s->shop_config.start_ms = s->start_ms;
    s->shop_config.late = s->late;
    s->shop_config.duplicates = s->duplicates;
    s->shop_config.malformed = s->malformed;
    s->shop_config.seed = s->seed;
    return WEIR_OK;
}
