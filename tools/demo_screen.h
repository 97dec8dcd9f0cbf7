/* The demo's picture: lines of text, for a terminal of some width, with or without colours. Pure.
 */
#pragma once
#include "tools/demo_hook.h"
#include "tools/demo_results.h"

typedef struct weir_demo_status {
    int64_t event_ms;       /* how far event time has come */
    uint64_t epoch, events; /* in all runs */
    double per_second;      /* just now */
    uint64_t lag, late, skipped;
    uint64_t state_rows, state_bytes, rss_bytes;
    double elapsed_s, duration_s;
    weir_demo_received alerts;   /* by the webhook's receiver */
    const char *redis;           /* its place; NULL: none */
    uint64_t redis_writes, redis_lag;
    char redis_trouble[96];      /* empty: none */
} weir_demo_status;

typedef struct weir_demo_size {
    uint32_t columns, rows;
    bool colours;
} weir_demo_size;

/* Appends at most size.rows - 1 lines, each with its line feed. */
void weir_demo_draw(weir_buf *out, const weir_demo_results *r, const weir_demo_status *s,
                    weir_demo_size size);
/* 1 234 567 · 12.3 MB */
void weir_demo_count(weir_buf *out, int64_t n);
void weir_demo_bytes(weir_buf *out, uint64_t n);
