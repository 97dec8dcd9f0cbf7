/* Rows of SHOW and DESCRIBE, as they grow; cells live in the statement's arena. */
#pragma once
#include "engine/server/session.h"

typedef struct weir_grid {
    weir_arena *a;
    const weir_sv *names;
    uint32_t n_cols, n_rows;
    weir_sv *cells;
    uint32_t n, cap;
} weir_grid;

void weir_grid_add(weir_grid *g, const weir_sv *cells); /* n_cols cells */
void weir_grid_sort(weir_grid *g);                      /* by the first column */
void weir_grid_finish(const weir_grid *g, weir_result *r);
