/* The pace: every shape is a list of rates that hold for a while, so that the moment of any row is
 * found by one search, without going through those before it. */
#include "connectors/datagen_impl.h"

#define RATE_MAX 1e9
#define SECONDS_MAX 1e9
#define SLICES 64 /* of a curve */

/* Sine at the middles of 64 slices of a turn. Written down, because C libraries differ in the last
 * bit. */
static const double sine_16[SLICES / 4] = {
    0.0490676743274180, 0.1467304744553617, 0.2429801799032639, 0.3368898533922201,
    0.4275550934302821, 0.5141027441932217, 0.5956993044924334, 0.6715589548470183,
    0.7409511253549591, 0.8032075314806448, 0.8577286100002721, 0.9039892931234433,
    0.9415440651830208, 0.9700312531945440, 0.9891765099647810, 0.9987954562051724};

static double sine(uint32_t i)
{
    uint32_t q = i / (SLICES / 4);
    uint32_t at = i % (SLICES / 4);
    double v = q % 2 ? sine_16[SLICES / 4 - 1 - at] : sine_16[at];
    return q < 2 ? v : -v;
}

static void finish(weir__dg_clock *c, weir__dg_step *steps)
{
    for (uint32_t i = 0; i < c->n; i++) {
        steps[i].rows = c->rows;
        steps[i].at = c->seconds;
        c->rows += steps[i].rate * steps[i].seconds;
        c->seconds += steps[i].seconds;
    }
    c->steps = steps;
}

weir__dg_clock weir__dg_clock_steady(weir_arena *a, double rate)
{
    weir__dg_clock c = {.n = 1};
    weir__dg_step *steps = WEIR_NEW_N(a, weir__dg_step, 1);
    steps[0] = (weir__dg_step){.rate = rate, .seconds = 1};
    finish(&c, steps);
    return c;
}

/* `n` numbers with colons between them; those after the first are times, if `times`. */
static bool numbers(weir_sv text, uint32_t n, double *out)
{
    for (uint32_t i = 0; i < n; i++) {
        weir_sv part;
        int64_t ms = 0;
        if (!weir__dg_split(&text, ':', &part)) {
            return false;
        }
        if (i == 0) {
            if (!weir__dg_parse_double(part, &out[i]) || out[i] < 0 || out[i] > RATE_MAX) {
                return false;
            }
        } else if (!weir__dg_parse_ms(part, &ms) || ms <= 0 || ms > (int64_t)(SECONDS_MAX * 1000)) {
            return false;
        } else {
            out[i] = (double)ms / 1000;
        }
    }
    return text.n == 0;
}

weir_rc weir__dg_clock_burst(weir_arena *a, double rate, weir_sv text, weir__dg_clock *out,
                             weir_status *st)
{
    double v[3];
    if (!numbers(text, 3, v) || v[0] <= 0 || v[2] >= v[1] || v[0] * rate > RATE_MAX) {
        return weir_fail(st, WEIR_EUSAGE,
                         "burst wants FACTOR:EVERY:FOR, as 10:60s:5s, not \"" WEIR_SV_FMT "\"",
                         WEIR_SV_ARG(text));
    }
    weir__dg_step *steps = WEIR_NEW_N(a, weir__dg_step, 2);
    steps[0] = (weir__dg_step){.rate = rate, .seconds = v[1] - v[2]};
    steps[1] = (weir__dg_step){.rate = rate * v[0], .seconds = v[2]};
    *out = (weir__dg_clock){.n = 2, .again = true};
    finish(out, steps);
    return WEIR_OK;
}

weir_rc weir__dg_clock_sine(weir_arena *a, double rate, weir_sv text, weir__dg_clock *out,
                            weir_status *st)
{
    double v[2];
    if (!numbers(text, 2, v) || v[0] > 1) {
        return weir_fail(st, WEIR_EUSAGE,
                         "sine wants SHARE:PERIOD, as 0.5:10m, not \"" WEIR_SV_FMT "\"",
                         WEIR_SV_ARG(text));
    }
    weir__dg_step *steps = WEIR_NEW_N(a, weir__dg_step, SLICES);
    for (uint32_t i = 0; i < SLICES; i++) {
        steps[i] = (weir__dg_step){.rate = rate * (1 + v[0] * sine(i)), .seconds = v[1] / SLICES};
    }
    *out = (weir__dg_clock){.n = SLICES, .again = true};
    finish(out, steps);
    return WEIR_OK;
}

weir_rc weir__dg_clock_ramp(weir_arena *a, double rate, weir_sv text, weir__dg_clock *out,
                            weir_status *st)
{
    double v[2];
    if (!numbers(text, 2, v) || v[0] <= 0) {
        return weir_fail(st, WEIR_EUSAGE,
                         "ramp wants RATE:OVER, as 500:10m, not \"" WEIR_SV_FMT "\"",
                         WEIR_SV_ARG(text));
    }
    weir__dg_step *steps = WEIR_NEW_N(a, weir__dg_step, SLICES + 1);
    for (uint32_t i = 0; i < SLICES; i++) {
        double share = (i + 0.5) / SLICES;
        steps[i] = (weir__dg_step){.rate = rate + (v[0] - rate) * share, .seconds = v[1] / SLICES};
    }
    steps[SLICES] = (weir__dg_step){.rate = v[0], .seconds = 1};
    *out = (weir__dg_clock){.n = SLICES + 1};
    finish(out, steps);
    return WEIR_OK;
}

weir_rc weir__dg_clock_steps(weir_arena *a, weir_sv text, weir__dg_clock *out, weir_status *st)
{
    weir__dg_step *steps = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    weir_sv rest = text;
    weir_sv part;
    double rows = 0;
    while (weir__dg_split(&rest, ',', &part)) {
        double v[2];
        if (n == WEIR_DATAGEN_STEPS_MAX) {
            return weir_fail(st, WEIR_ELIMIT, "more than %d steps (WEIR_DATAGEN_STEPS_MAX)", n);
        }
        if (!numbers(part, 2, v)) {
            n = 0;
            break;
        }
        weir__dg_step s = {.rate = v[0], .seconds = v[1]};
        WEIR_PUSH(a, steps, n, cap, s);
        rows += v[0] * v[1];
    }
    if (n == 0 || rows <= 0) {
        return weir_fail(st, WEIR_EUSAGE,
                         "steps wants RATE:FOR,RATE:FOR…, as 50:1m,200:10s, not \"" WEIR_SV_FMT
                         "\"",
                         WEIR_SV_ARG(text));
    }
    *out = (weir__dg_clock){.n = n, .again = true};
    finish(out, steps);
    return WEIR_OK;
}

double weir__dg_clock_due(const weir__dg_clock *c, uint64_t row)
{
    double at = (double)row;
    double base = 0;
    if (c->again) {
        double turns = (double)(uint64_t)(at / c->rows);
        turns -= turns * c->rows > at ? 1 : 0; /* rounded up */
        base = turns * c->seconds;
        at -= turns * c->rows;
    }
    uint32_t low = 0;
    uint32_t high = c->n;
    while (high - low > 1) { /* the last step that begins at or before `at` */
        uint32_t middle = (low + high) / 2;
        if (c->steps[middle].rows <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const weir__dg_step *s = &c->steps[low];
    return base + s->at + (s->rate > 0 ? (at - s->rows) / s->rate : 0);
}
