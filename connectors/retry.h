/* When to try again, how often to send, when to leave the other side alone. Arithmetic only: time
 * and chance are passed in. `now_ms` is of any clock that does not go back. */
#pragma once
#include "engine/base/rng.h"

#define WEIR_RETRY_FOREVER UINT32_MAX

/* Either pauses that double from base_ms, each drawn from [0, pause] (full jitter), or a schedule
 * of pauses, each up to a tenth longer. */
typedef struct weir_retry_policy {
    const uint32_t *schedule_s; /* before the first, second … retry; NULL: doubling */
    uint32_t n_schedule;
    uint32_t max_retries;       /* WEIR_RETRY_FOREVER: no such limit */
    int64_t base_ms;            /* 0: 100 */
    int64_t cap_ms;             /* of one pause; 0: 60 s */
    int64_t deadline_ms;        /* from the first try to the last; 0: no such limit */
    int64_t retry_after_max_ms; /* a longer Retry-After is cut to this; 0: an hour */
} weir_retry_policy;
/* "webhook": at once, then 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. Fills in schedule
 * and max_retries. */
bool weir_retry_schedule(weir_sv name, weir_retry_policy *out);

/* Of one thing that is tried; zeroed at its first try. */
typedef struct weir_retry {
    int64_t first_ms;
    uint32_t failures;
} weir_retry;
void weir_retry_begin(weir_retry *r, int64_t now_ms);
/* After a failure: the pause until the next try, or -1: give up. `retry_after_ms` < 0: the other
 * side did not say; otherwise the pause is at least that. */
int64_t weir_retry_pause(weir_retry *r, const weir_retry_policy *p, weir_rng *rng, int64_t now_ms,
                         int64_t retry_after_ms);

/* Token bucket: `rate` in each `per_ms` (a day at most), and at most `burst` at once; none is 0. */
typedef struct weir_bucket {
    int64_t rate, per_ms, burst;
    int64_t level; /* in 1/per_ms tokens */
    int64_t at_ms;
} weir_bucket;
void weir_bucket_init(weir_bucket *b, uint32_t rate, uint32_t per_ms, uint32_t burst,
                      int64_t now_ms);
/* Takes n tokens and returns 0, or takes none and returns the time until they would be there. More
 * than fit into the bucket are lent once it is full. */
int64_t weir_bucket_take(weir_bucket *b, uint32_t n, int64_t now_ms);

/* ORDER weir_breaker_state: names in retry.c */
typedef enum weir_breaker_state {
    WEIR_BREAKER_CLOSED,    /* all is well */
    WEIR_BREAKER_OPEN,      /* nothing is sent until a pause is over */
    WEIR_BREAKER_HALF_OPEN, /* one try is under way: it decides */
} weir_breaker_state;
const char *weir_breaker_name(weir_breaker_state s);
typedef struct weir_breaker {
    uint32_t failures_max;          /* in a row, until it opens; 0: never */
    int64_t pause_ms, pause_max_ms; /* doubles with each probe that fails */
    weir_breaker_state state;
    uint32_t failures; /* in a row */
    uint32_t opened;   /* times in a row */
    int64_t until_ms;  /* open: no try before */
} weir_breaker;
void weir_breaker_init(weir_breaker *b, uint32_t failures_max, int64_t pause_ms,
                       int64_t pause_max_ms);
/* 0: go on, and tell how it went. Otherwise the time to wait before asking again; while the one try
 * is under way that is at most pause_ms. */
int64_t weir_breaker_ask(weir_breaker *b, int64_t now_ms);
void weir_breaker_succeeded(weir_breaker *b);
void weir_breaker_failed(weir_breaker *b, int64_t now_ms);
void weir_breaker_abandoned(weir_breaker *b, int64_t now_ms); /* the try ended without a verdict */
