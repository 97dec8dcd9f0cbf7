/* How each works is told in the header; here is only arithmetic that must not overflow. */
#include "connectors/retry.h"

#define BASE_MS 100
#define CAP_MS 60000
#define RETRY_AFTER_MAX_MS 3600000
#define TIME_MAX_MS (INT64_C(1) << 48) /* 8900 years: sums of a few of them fit */

#define DAY_MS 86400000
#define MINUTE 60
#define HOUR 3600

static const uint32_t webhook_s[] = {
    5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
};

bool weir_retry_schedule(weir_sv name, weir_retry_policy *out)
{
    if (!weir_sv_ieq(name, WEIR_SV("webhook"))) {
        return false;
    }
    out->schedule_s = webhook_s;
    out->n_schedule = WEIR_COUNT(webhook_s);
    out->max_retries = WEIR_COUNT(webhook_s);
    return true;
}

void weir_retry_begin(weir_retry *r, int64_t now_ms)
{
    *r = (weir_retry){.first_ms = now_ms};
}

/* Of `value`, a time; 0 stands for `otherwise`. */
static int64_t or_else(int64_t value, int64_t otherwise)
{
    WEIR_ASSERT(value >= 0);
    return value ? weir_min64(value, TIME_MAX_MS) : otherwise;
}

static int64_t drawn_pause(const weir_retry_policy *p, uint32_t retry, weir_rng *rng)
{
    if (p->n_schedule) {
        uint32_t at = retry < p->n_schedule ? retry : p->n_schedule - 1;
        uint64_t ms = p->schedule_s[at] * UINT64_C(1000);
        return (int64_t)(ms + weir_rng_below(rng, ms / 10 + 1));
    }
    int64_t cap = or_else(p->cap_ms, CAP_MS);
    int64_t pause = weir_min64(or_else(p->base_ms, BASE_MS), cap);
    for (uint32_t i = 0; i < retry && pause < cap; i++) {
        pause = weir_min64(pause * 2, cap);
    }
    return (int64_t)weir_rng_below(rng, (uint64_t)pause + 1);
}

int64_t weir_retry_pause(weir_retry *r, const weir_retry_policy *p, weir_rng *rng, int64_t now_ms,
                         int64_t retry_after_ms)
{
    uint32_t retry = r->failures;
    if (p->max_retries != WEIR_RETRY_FOREVER && retry >= p->max_retries) {
        return -1;
    }
    r->failures += r->failures != UINT32_MAX;
    int64_t told = -1;
    if (retry_after_ms >= 0) {
        told = weir_min64(retry_after_ms, or_else(p->retry_after_max_ms, RETRY_AFTER_MAX_MS));
    }
    int64_t pause = weir_max64(drawn_pause(p, retry, rng), told);
    if (p->deadline_ms > 0) {
        int64_t left = p->deadline_ms - (now_ms - r->first_ms);
        if (left <= 0 || told > left) {
            return -1;
        }
        pause = weir_min64(pause, left);
    }
    return pause;
}

void weir_bucket_init(weir_bucket *b, uint32_t rate, uint32_t per_ms, uint32_t burst,
                      int64_t now_ms)
{
    WEIR_ASSERT(rate > 0 && per_ms > 0 && per_ms <= DAY_MS && burst > 0);
    *b = (weir_bucket){rate, per_ms, burst, (int64_t)burst * per_ms, now_ms};
}

int64_t weir_bucket_take(weir_bucket *b, uint32_t n, int64_t now_ms)
{
    int64_t full = b->burst * b->per_ms;
    int64_t until_full_ms = (full - b->level) / b->rate + 1;
    int64_t passed = weir_max64(now_ms - b->at_ms, 0);
    b->level = passed >= until_full_ms ? full : weir_min64(b->level + passed * b->rate, full);
    b->at_ms = weir_max64(b->at_ms, now_ms);
    int64_t cost = n * b->per_ms;
    int64_t wanted = weir_min64(cost, full);
    if (b->level >= wanted) {
        b->level -= cost;
        return 0;
    }
    return (wanted - b->level + b->rate - 1) / b->rate;
}

static const char *const breaker_names[] = {"closed", "open",
                                            "half open"}; /* ORDER weir_breaker_state */

const char *weir_breaker_name(weir_breaker_state s)
{
    WEIR_ASSERT((size_t)s < WEIR_COUNT(breaker_names));
    return breaker_names[s];
}

void weir_breaker_init(weir_breaker *b, uint32_t failures_max, int64_t pause_ms,
                       int64_t pause_max_ms)
{
    WEIR_ASSERT(pause_ms > 0 && pause_max_ms >= pause_ms && pause_max_ms <= TIME_MAX_MS);
    *b = (weir_breaker){
        .failures_max = failures_max, .pause_ms = pause_ms, .pause_max_ms = pause_max_ms};
}

int64_t weir_breaker_ask(weir_breaker *b, int64_t now_ms)
{
    switch (b->state) {
    case WEIR_BREAKER_CLOSED:
        return 0;
    case WEIR_BREAKER_OPEN:
        if (now_ms < b->until_ms) {
            return b->until_ms - now_ms;
        }
        b->state = WEIR_BREAKER_HALF_OPEN;
        return 0;
    case WEIR_BREAKER_HALF_OPEN:
        return b->pause_ms;
    }
    WEIR_UNREACHABLE();
}

static void open_breaker(weir_breaker *b, int64_t now_ms)
{
    int64_t pause = b->pause_ms;
    for (uint32_t i = 0; i < b->opened && pause < b->pause_max_ms; i++) {
        pause = weir_min64(pause * 2, b->pause_max_ms);
    }
    b->opened += b->opened != UINT32_MAX;
    b->state = WEIR_BREAKER_OPEN;
    b->until_ms = now_ms + pause;
}

/* Answers that come while it is open belong to requests from before: they change nothing. */
void weir_breaker_succeeded(weir_breaker *b)
{
    if (b->state != WEIR_BREAKER_OPEN) {
        b->state = WEIR_BREAKER_CLOSED;
        b->failures = 0;
        b->opened = 0;
    }
}

void weir_breaker_failed(weir_breaker *b, int64_t now_ms)
{
    if (b->state == WEIR_BREAKER_OPEN) {
        return;
    }
    b->failures += b->failures != UINT32_MAX;
    bool enough = b->failures_max && b->failures >= b->failures_max;
    if (b->state == WEIR_BREAKER_HALF_OPEN || enough) {
        open_breaker(b, now_ms);
    }
}

void weir_breaker_abandoned(weir_breaker *b, int64_t now_ms)
{
    if (b->state == WEIR_BREAKER_HALF_OPEN) {
        b->state = WEIR_BREAKER_OPEN;
        b->until_ms = now_ms;
    }
}
