/* See grid.h. */
#include "engine/server/grid.h"

void weir_grid_add(weir_grid *g, const weir_sv *cells)
{
    for (uint32_t i = 0; i < g->n_cols; i++) {
        WEIR_PUSH(g->a, g->cells, g->n, g->cap, cells[i]);
    }
    g->n_rows++;
}

void weir_grid_finish(const weir_grid *g, weir_result *r)
{
    weir_rows *rows = WEIR_NEW(g->a, weir_rows);
    *rows = (weir_rows){g->n_cols, g->n_rows, g->names, g->cells};
    r->rows = rows;
}

static int by_first_cell(const weir_sv *x, const weir_sv *y)
{
    return weir_sv_cmp(x[0], y[0]);
}

/* Insertion sort: lists are short. */
void weir_grid_sort(weir_grid *g)
{
    for (uint32_t i = 1; i < g->n_rows; i++) {
        for (uint32_t k = i; k > 0; k--) {
            weir_sv *x = g->cells + (size_t)(k - 1) * g->n_cols;
            weir_sv *y = x + g->n_cols;
            if (by_first_cell(x, y) <= 0) {
                break;
            }
            for (uint32_t c = 0; c < g->n_cols; c++) {
                weir_sv t = x[c];
                x[c] = y[c];
                y[c] = t;
            }
        }
    }
}
