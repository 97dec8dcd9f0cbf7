/* What the joins share: rows of both sides as bytes, and the joined rows on their way out.
 *
 * Joined rows are collected as bytes (what they are made from may change before they leave), then a
 * whole batch is decoded column by column. */
#pragma once
#include "operators/op_state.h"

/* One side of a change of a joined row: no row at all, or a pair with a side that may be missing. */
typedef struct weir__pair {
    bool present;
    weir_sv left, right; /* n == 0: all columns NULL */
} weir__pair;

typedef struct weir__joined {
    weir_sv key;                 /* n == WEIR_NULL_BYTES: null key */
    weir_sv rows[2];             /* left, right */
    uint8_t flags;
} weir__joined;

typedef struct weir__join {
    weir_op *op;
    uint32_t n_keys, n_left, n_right;
    weir_row_codec codec[2];     /* rows of in[0], in[1] */
    weir__keys keys[2];
    weir_program *residual;      /* NULL: none; over [in[0] columns, in[1] columns] */
    const weir_schema *both;
    weir_row_errors *errors;
    /* Rows of the batch being read, per side. */
    weir_buf rows[2];
    uint32_t starts[2][WEIR_BATCH_ROWS + 1];
    /* Joined rows. */
    weir_arena *arena;
    bool seq;
    weir_batch *out;
    uint32_t n;
    weir__joined *at;            /* [WEIR_BATCH_ROWS] */
    weir__joined *before;        /* the same, when somebody reads what was before; no keys */
    int64_t *times, *seqs;
} weir__join;

void weir__join_open(weir__join *j, weir_op *op);
void weir__join_close(weir__join *j);
/* Starts the work on a batch; results live in `a`. */
void weir__join_begin(weir__join *j, weir_arena *a, bool seq);
/* Encodes rows[0..n) of side `side`; out[i] is valid until the next call for that side. False: task
 * failed. */
bool weir__join_encode(weir__join *j, int side, const weir_batch *b, const uint16_t *rows,
                       uint32_t n, weir_sv *out);
/* Adds a joined row; the caller sets its rows[]. The key's and the rows' bytes stay until
 * weir__join_emit. */
weir__joined *weir__join_new(weir__join *j, weir_sv key, int64_t time, int64_t seq);
/* Adds a change of a joined row; bytes are copied. `before` NULL: nobody reads it. */
void weir__join_add(weir__join *j, weir_sv key, int64_t time, int64_t seq, weir__pair now,
                    const weir__pair *before);
void weir__join_emit(weir__join *j);
/* Which of the candidates meet the residual condition: sides[side] is the fixed row, the others come
 * from `rows`. Writes the positions that do to `pass` and returns how many; n ≤ WEIR_BATCH_ROWS. */
uint32_t weir__join_filter(weir__join *j, int side, weir_sv fixed, const weir_sv *rows, uint32_t n,
                           uint16_t *pass);
