/* Drives one operator without an engine: a made-up task, batches of any size with gaps between the
 * selected rows, a collector that prints what comes out, and a store in memory, so that the operator
 * can be killed and restored between any two rows.
 *
 * Rows have a key (made from a number, in one of several shapes) and a BIGINT value. Output lines:
 *
 *   seq @time key v1 v2 … [<- o1 o2 …]     "-" a missing value or row, "null" a NULL column */
#pragma once
#include "engine/base/alloc.h"
#include "engine/base/rng.h"
#include "engine/data/row.h"
#include "engine/run/store_batch.h"
#include "engine/run/task.h"
#include "operators/operators.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- a format for keys: rows as they are stored, except that one STRING is its bytes ---- */

typedef struct plain_codec {
    weir_row_codec codec;
    bool text;
} plain_codec;

static inline weir_rc plain_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                                weir_status *st)
{
    (void)st;
    plain_codec *c = WEIR_NEW(a, plain_codec);
    const weir_type **types = WEIR_NEW_N(a, const weir_type *, spec->n);
    for (uint32_t i = 0; i < spec->n; i++) {
        types[i] = spec->cols[i].type;
    }
    c->text = spec->n == 1 && types[0]->kind == WEIR_T_STRING;
    weir_row_codec_init(&c->codec, a, types, spec->n);
    *out = c;
    return WEIR_OK;
}

static inline void plain_encode(void *codec, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                                weir_buf *out, uint32_t *ends, uint64_t *null)
{
    plain_codec *c = codec;
    for (uint32_t i = 0; i < n; i++) {
        if (c->text && !weir_vec_is_valid(&cols[0], rows[i])) {
            weir_bit_set(null, i);
        } else if (c->text) {
            weir_buf_sv(out, WEIR_AT(weir_sv, &cols[0], rows[i]));
        } else {
            weir_row_encode(&c->codec, out, cols, rows[i]);
        }
        ends[i] = (uint32_t)out->n;
    }
}

/* ---- aggregates: one of each form ---- */

static inline bool test_count_update(weir_call *c, void *const *states, const weir_vec *args,
                                     const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    (void)c;
    (void)args;
    for (uint32_t i = 0; i < n; i++) {
        int64_t *state = states[i];
        ++*state;
        if (emit) {
            ((int64_t *)emit->data)[sel ? sel[i] : i] = *state;
        }
    }
    return true;
}

static inline bool test_count_undo(weir_call *c, void *state, const weir_value *args)
{
    (void)c;
    (void)args;
    --*(int64_t *)state;
    return true;
}

static inline weir_value test_bigint_result(weir_call *c, const void *state)
{
    (void)c;
    return weir_bigint(*(const int64_t *)state);
}

static inline void test_bigint_merge(weir_call *c, void *into, const void *from)
{
    (void)c;
    *(int64_t *)into += *(const int64_t *)from;
}

static inline void test_bigint_save(weir_call *c, const void *state, weir_buf *out)
{
    (void)c;
    weir_buf_be64(out, (uint64_t) * (const int64_t *)state);
}

static inline bool test_bigint_load(weir_call *c, void *state, weir_reader *in)
{
    (void)c;
    *(int64_t *)state = (int64_t)weir_read_be64(in);
    return !in->bad;
}

/* Texts of the values in order, on the heap: order, merging and freeing are visible. */
typedef struct test_list {
    char *text;
} test_list;

/* Appends to a text on the heap. */
static inline void text_add(char **text, const char *more)
{
    size_t n = *text ? strlen(*text) : 0;
    *text = weir_realloc(*text, n + strlen(more) + 1);
    memcpy(*text + n, more, strlen(more) + 1);
}

static inline void list_add(test_list *l, const char *more)
{
    text_add(&l->text, more);
}

static inline bool test_list_step(weir_call *c, void *state, const weir_value *args)
{
    (void)c;
    char text[32];
    snprintf(text, sizeof text, "+%lld", args[0].null ? -1LL : (long long)args[0].i64);
    list_add(state, text);
    return true;
}

static inline bool test_list_undo(weir_call *c, void *state, const weir_value *args)
{
    (void)c;
    char text[32];
    snprintf(text, sizeof text, "-%lld", args[0].null ? -1LL : (long long)args[0].i64);
    list_add(state, text);
    return true;
}

static inline weir_value test_list_result(weir_call *c, const void *state)
{
    const test_list *l = state;
    return weir_string(weir_arena_sv(c->arena, weir_sv_cstr(l->text ? l->text : "")));
}

static inline void test_list_merge(weir_call *c, void *into, const void *from)
{
    (void)c;
    const test_list *l = from;
    if (l->text) {
        list_add(into, l->text);
    }
}

static inline void test_list_free(weir_call *c, void *state)
{
    (void)c;
    weir_free(((test_list *)state)->text);
}

static inline void test_list_save(weir_call *c, const void *state, weir_buf *out)
{
    (void)c;
    const test_list *l = state;
    weir_buf_varint(out, l->text ? strlen(l->text) + 1 : 0);
    weir_buf_str(out, l->text ? l->text : "");
}

static inline bool test_list_load(weir_call *c, void *state, weir_reader *in)
{
    (void)c;
    uint64_t n = weir_read_varint(in);
    weir_sv text = n ? weir_read_bytes(in, n - 1) : (weir_sv){NULL, 0};
    if (n && !in->bad) {
        test_list *l = state;
        l->text = weir_zalloc(n);
        memcpy(l->text, text.p, text.n);
    }
    return !in->bad;
}

static const weir_agg test_aggs[] = {
    {.sig = "-> BIGINT", .state_bytes = 8, .update = test_count_update, .undo = test_count_undo,
     .result = test_bigint_result, .merge = test_bigint_merge, .save = test_bigint_save,
     .load = test_bigint_load},
    {.sig = "BIGINT -> STRING", .state_bytes = sizeof(test_list), .step = test_list_step,
     .undo = test_list_undo, .result = test_list_result, .merge = test_list_merge,
     .free = test_list_free, .save = test_list_save, .load = test_list_load},
};
static const weir_function test_function = {.name = "TEST"};

/* ---- the rig ---- */

typedef enum key_shape { KEY_TEXT, KEY_BIGINT, KEY_TWO, KEY_SHAPES } key_shape;

typedef struct test_row {
    uint32_t port;
    int64_t time;
    int64_t key;       /* < 0: a null key */
    int64_t value;     /* < 0: no value */
    int64_t old;       /* tables: the value before; < 0: none */
    int64_t old_key;   /* for re-keying */
} test_row;

typedef struct rig {
    weir_engine engine;
    weir_query query;
    weir_stage stage;
    weir_plan plan;
    weir_settings settings;
    weir_task *task;
    weir_arena arena, step;
    weir_node node, inputs[2];
    weir_formats formats;
    weir_format format;
    const weir_op_kind *kind;
    weir_op *op;
    weir_op collector;
    key_shape shape;
    bool with_old;     /* input batches carry the old side */
    weir_buf out;      /* printed rows */
    weir_buf store;    /* [key n 4][key][value n 4][value] … */
    bool durable;
    int64_t seq;
    uint32_t batch_rows;
    uint64_t gaps;     /* one in `gaps` physical rows is not selected; 0: none */
    weir_rng rng;
} rig;

static inline weir_sv key_text(weir_arena *a, int64_t key)
{
    return weir_arena_printf(a, "k%02lld", (long long)key);
}

static inline void print_value(weir_buf *out, const weir_vec *v, uint32_t row)
{
    weir_value x = weir_vec_get(v, row);
    if (x.null) {
        weir_buf_str(out, "null");
    } else {
        weir_value_print(out, v->type, &x);
    }
}

static inline void print_columns(weir_buf *out, const weir_batch *b, uint32_t row)
{
    if (weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE) {
        weir_buf_str(out, " -");
        for (uint32_t c = b->schema->n_keys; c < b->schema->n; c++) {
            if (b->schema->cols[c].role >= WEIR_COL_WINDOWSTART) {
                weir_buf_byte(out, ' ');
                print_value(out, &b->cols[c], row);
            }
        }
        return;
    }
    for (uint32_t c = b->schema->n_keys; c < b->schema->n; c++) {
        weir_buf_byte(out, ' ');
        print_value(out, &b->cols[c], row);
    }
}

static inline void collector_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    rig *r = *(rig **)(op + 1);
    (void)port;
    weir_batch_verify(b);
    WEIR_EACH_ROW(b, i, row)
    {
        weir_buf_printf(&r->out, "%lld @%lld ", (long long)(b->seq ? b->seq[row] : -1),
                        (long long)b->rowtime[row]);
        if (weir_batch_flags(b, row) & WEIR_ROW_NULL_KEY) {
            weir_buf_str(&r->out, "nokey");
        } else {
            for (uint32_t c = 0; c < b->schema->n_keys; c++) {
                print_value(&r->out, &b->cols[c], row);
            }
        }
        print_columns(&r->out, b, row);
        if (b->old) {
            weir_buf_str(&r->out, " <-");
            print_columns(&r->out, b->old, row);
        }
        weir_buf_byte(&r->out, '\n');
    }
}

static const weir_op_kind collector_kind = {.name = "collector", .push = collector_push};

/* Columns of the key in this shape, then V BIGINT. */
static inline const weir_schema *rig_schema(rig *r)
{
    weir_schema *s = WEIR_NEW(&r->arena, weir_schema);
    weir_column *cols = WEIR_NEW_N(&r->arena, weir_column, 3);
    uint16_t n = 0;
    if (r->shape != KEY_BIGINT) {
        cols[n++] = (weir_column){.name = WEIR_SV("K"), .type = weir_type_of(WEIR_T_STRING)};
    }
    if (r->shape != KEY_TEXT) {
        cols[n++] = (weir_column){.name = WEIR_SV("K2"), .type = weir_type_of(WEIR_T_BIGINT)};
    }
    s->n_keys = n;
    cols[n++] = (weir_column){
        .name = WEIR_SV("V"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE};
    s->n = n;
    s->cols = cols;
    return s;
}

static inline void rig_init(rig *r, const weir_op_kind *kind, key_shape shape)
{
    memset(r, 0, sizeof *r);
    weir_arena_init(&r->arena);
    weir_arena_init(&r->step);
    r->kind = kind;
    r->shape = shape;
    r->batch_rows = 1024;
    weir_rng_seed(&r->rng, 7);
    r->format = (weir_format){.kind = WEIR_FMT_KAFKA, .encoder_new = plain_new,
                              .decoder_new = plain_new, .encode = plain_encode};
    r->formats.by_kind[WEIR_FMT_KAFKA] = &r->format;
    r->engine.config.formats = &r->formats;
    r->plan = (weir_plan){.query_id = WEIR_SV("Q"), .persistent = true, .settings = &r->settings};
    r->query.plan = &r->plan;
    r->query.engine = &r->engine;
    r->stage.query = &r->query;
    weir_source *source = WEIR_NEW(&r->arena, weir_source);
    source->key_format.kind = WEIR_FMT_KAFKA;
    for (int i = 0; i < 2; i++) {
        r->inputs[i] = (weir_node){.kind = WEIR_N_SOURCE, .schema = rig_schema(r)};
        r->inputs[i].scan.source = source;
        r->node.in[i] = &r->inputs[i];
    }
    r->node.n_inputs = 1;
    r->node.schema = r->inputs[0].schema;
}

static inline void rig_load(rig *r)
{
    weir_reader in = weir_reader_of(weir_buf_view(&r->store));
    weir_buf prefix = {0};
    weir_op_state_prefix(r->op, &prefix);
    while (in.p < in.end) {
        weir_sv key = weir_read_bytes(&in, weir_read_be32(&in));
        weir_sv value = weir_read_bytes(&in, weir_read_be32(&in));
        assert_false(in.bad);
        assert_true(weir_sv_starts(key, weir_buf_view(&prefix)));
        key.p += prefix.n;
        key.n -= (uint32_t)prefix.n;
        weir_status st;
        weir_status_reset(&st);
        assert_ok(r->kind->load(r->op, key, value, &st), &st);
    }
    weir_buf_deinit(&prefix);
    if (r->kind->loaded) {
        r->kind->loaded(r->op);
    }
}

/* Makes the operator, and loads what the store has. */
static inline void rig_open(rig *r)
{
    r->task = weir_zalloc(sizeof *r->task);
    weir_arena_init(&r->task->arena);
    weir_arena_init(&r->task->problem_arena);
    r->task->stage = &r->stage;
    r->task->engine = &r->engine;
    r->task->step = &r->step;
    r->engine.config.store = r->durable ? (weir_store *)(void *)r : NULL;
    r->op = weir_arena_zalloc(&r->task->arena, r->kind->size);
    weir_op *next = weir_arena_zalloc(&r->task->arena, sizeof *next + sizeof(rig *));
    *next = (weir_op){.kind = &collector_kind, .task = r->task};
    *(rig **)(next + 1) = r;
    *r->op = (weir_op){.kind = r->kind, .node = &r->node, .task = r->task, .next = next};
    weir_status st;
    weir_status_reset(&st);
    assert_ok(r->kind->open(r->op, &st), &st);
    rig_load(r);
}

static inline void rig_close(rig *r)
{
    assert_false(r->task->failed);
    if (r->kind->close) {
        r->kind->close(r->op);
    }
    weir_arena_deinit(&r->task->arena);
    weir_arena_deinit(&r->task->problem_arena);
    weir_free(r->task);
    r->task = NULL;
}

static inline void rig_deinit(rig *r)
{
    if (r->task) {
        rig_close(r);
    }
    weir_buf_deinit(&r->out);
    weir_buf_deinit(&r->store);
    weir_arena_deinit(&r->arena);
    weir_arena_deinit(&r->step);
}

static inline void store_write(weir_buf *to, weir_sv key, weir_sv value)
{
    weir_buf_be32(to, key.n);
    weir_buf_sv(to, key);
    weir_buf_be32(to, value.n);
    weir_buf_sv(to, value);
}

/* Applies one operation by rewriting everything: small and plainly right. */
static inline void store_apply(rig *r, const weir_store_batch *b, const store_op *op)
{
    weir_sv key = store_op_key(b, op);
    weir_sv value = store_op_value(b, op);
    weir_buf to = {0};
    weir_reader in = weir_reader_of(weir_buf_view(&r->store));
    while (in.p < in.end) {
        weir_sv k = weir_read_bytes(&in, weir_read_be32(&in));
        weir_sv v = weir_read_bytes(&in, weir_read_be32(&in));
        bool gone = op->kind == STORE_DELETE_RANGE
                        ? weir_sv_cmp(k, key) >= 0 && weir_sv_cmp(k, value) < 0
                        : weir_sv_eq(k, key);
        if (!gone) {
            store_write(&to, k, v);
        }
    }
    if (op->kind == STORE_PUT) {
        store_write(&to, key, (weir_sv){value.p + WEIR_STORE_CRC_BYTES,
                                        value.n - WEIR_STORE_CRC_BYTES});
    }
    weir_buf_deinit(&r->store);
    r->store = to;
}

static inline void rig_flush(rig *r)
{
    if (r->kind->flush) {
        r->kind->flush(r->op, &r->step);
        weir_arena_reset(&r->step);
    }
}

/* Commits, kills, restores. */
static inline void rig_restart(rig *r)
{
    assert_true(r->durable);
    rig_flush(r);
    weir_store_batch *batch = weir_store_batch_new();
    r->kind->save(r->op, batch);
    for (size_t i = 0; i < batch->n; i++) {
        store_apply(r, batch, &batch->ops[i]);
    }
    weir_store_batch_free(batch);
    rig_close(r);
    rig_open(r);
}

static inline void put_key(rig *r, weir_batch *b, uint32_t row, int64_t key)
{
    uint32_t c = 0;
    weir_value text = key < 0 ? weir_null(WEIR_T_STRING) : weir_string(key_text(b->arena, key));
    weir_value number = key < 0 ? weir_null(WEIR_T_BIGINT) : weir_bigint(key);
    if (r->shape != KEY_BIGINT) {
        weir_vec_put(&b->cols[c++], b->arena, row, &text);
    }
    if (r->shape != KEY_TEXT) {
        weir_vec_put(&b->cols[c++], b->arena, row, &number);
    }
    if (key < 0) {
        weir_batch_need_flags(b)[row] |= WEIR_ROW_NULL_KEY;
    }
}

static inline void put_side(rig *r, weir_batch *b, uint32_t row, int64_t key, int64_t value)
{
    put_key(r, b, row, key);
    if (value < 0) {
        weir_batch_need_flags(b)[row] |= WEIR_ROW_NULL_VALUE;
    } else {
        weir_value v = weir_bigint(value);
        weir_vec_put(&b->cols[b->schema->n_keys], b->arena, row, &v);
    }
}

/* Pushes rows [0, n), all of one port, n ≤ WEIR_BATCH_ROWS, as one batch. */
static inline void rig_push(rig *r, const test_row *rows, uint32_t n)
{
    weir_batch *b = weir_batch_new(&r->step, r->inputs[rows[0].port].schema);
    b->seq = weir_arena_alloc(&r->step, WEIR_BATCH_ROWS * sizeof *b->seq);
    b->old = r->with_old ? weir_batch_new(&r->step, b->schema) : NULL;
    uint16_t *sel = weir_arena_alloc(&r->step, WEIR_BATCH_ROWS * sizeof *sel);
    uint16_t done = 0;
    for (uint32_t i = 0; i < n; i++) {
        while (r->gaps && b->rows + (n - i) < WEIR_BATCH_ROWS &&
               weir_rng_below(&r->rng, r->gaps) == 0) {
            b->rows++;
        }
        uint16_t row = b->rows++;
        b->rowtime[row] = rows[i].time;
        b->seq[row] = r->seq++;
        put_side(r, b, row, rows[i].key, rows[i].value);
        if (b->old) {
            put_side(r, b->old, row, rows[i].key, rows[i].old);
        }
        sel[done++] = row;
    }
    b->nsel = n == b->rows ? b->rows : done;
    b->sel = n == b->rows ? NULL : sel;
    if (b->old) {
        memcpy(b->old->cols, b->cols, b->schema->n_keys * sizeof *b->cols);
        b->old->rowtime = b->rowtime;
        b->old->rows = b->rows;
        b->old->nsel = b->nsel;
        b->old->sel = b->sel;
    }
    r->op->kind->push(r->op, rows[0].port, b);
    weir_arena_reset(&r->step);
}

/* Pushes all rows, in batches of at most r->batch_rows; `restarts`: one in so many batches is
 * followed by a kill. */
static inline void rig_run(rig *r, const test_row *rows, uint32_t n, uint64_t restarts)
{
    for (uint32_t at = 0; at < n;) {
        uint32_t m = 1;
        while (at + m < n && m < r->batch_rows && rows[at + m].port == rows[at].port) {
            m++;
        }
        rig_push(r, rows + at, m);
        at += m;
        if (restarts && weir_rng_below(&r->rng, restarts) == 0) {
            rig_restart(r);
        }
    }
}

static inline const char *rig_text(rig *r)
{
    return weir_buf_cstr(&r->out);
}

/* Compares what came out, line by line. */
static inline void rig_expect(rig *r, const char *expected)
{
    assert_string_equal(r->task->error, "");
    const char *actual = rig_text(r);
    const char *line = actual;
    const char *want = expected;
    while (*line && *want) {
        size_t n = strcspn(line, "\n") + 1;
        size_t m = strcspn(want, "\n") + 1;
        if (n != m || memcmp(line, want, n) != 0) {
            break;
        }
        line += n;
        want += m;
    }
    if (*line || *want) {
        fail_msg("at line %.*s\nexpected %.*s", (int)strcspn(line, "\n"), line,
                 (int)strcspn(want, "\n"), want);
    }
}

/* Makes a plan node's schema: the input's keys, then the named columns. */
static inline const weir_schema *rig_output(rig *r, const weir_column *cols, uint32_t n)
{
    const weir_schema *in = r->inputs[0].schema;
    weir_schema *s = WEIR_NEW(&r->arena, weir_schema);
    weir_column *all = WEIR_NEW_N(&r->arena, weir_column, in->n_keys + n);
    memcpy(all, in->cols, in->n_keys * sizeof *all);
    memcpy(all + in->n_keys, cols, n * sizeof *all);
    *s = (weir_schema){.n = (uint16_t)(in->n_keys + n), .n_keys = in->n_keys, .cols = all};
    return s;
}

/* COUNT() and the list of V, with window bounds when there is a window. */
static inline void rig_aggregate(rig *r, weir_window window, bool emit_final)
{
    weir_column cols[] = {
        {.name = WEIR_SV("C"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("L"), .type = weir_type_of(WEIR_T_STRING), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("WS"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_WINDOWSTART},
        {.name = WEIR_SV("WE"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_WINDOWEND},
    };
    r->node.kind = WEIR_N_AGGREGATE;
    r->node.table = true;
    r->node.window = window;
    r->node.schema = rig_output(r, cols, window.kind == WEIR_WINDOW_NONE ? 2 : 4);
    weir_call **calls = WEIR_NEW_N(&r->arena, weir_call *, 2);
    const uint32_t **args = WEIR_NEW_N(&r->arena, const uint32_t *, 2);
    uint32_t *value = WEIR_NEW(&r->arena, uint32_t);
    *value = r->inputs[0].schema->n_keys;
    for (uint32_t i = 0; i < 2; i++) {
        calls[i] = WEIR_NEW(&r->arena, weir_call);
        *calls[i] = (weir_call){.function = &test_function, .agg = &test_aggs[i], .nargs = i,
                                .type = cols[i].type, .settings = &r->settings};
        args[i] = i ? value : NULL;
    }
    r->node.aggregate.n = 2;
    r->node.aggregate.calls = calls;
    r->node.aggregate.args = args;
    r->node.aggregate.emit_final = emit_final;
    r->node.aggregate.key_format.kind = WEIR_FMT_KAFKA;
}

/* Output of a join: keys, then all columns of both sides. */
static inline void rig_join(rig *r, weir_node_kind kind, weir_join type)
{
    const weir_schema *in = r->inputs[0].schema;
    weir_schema *s = WEIR_NEW(&r->arena, weir_schema);
    weir_column *all = WEIR_NEW_N(&r->arena, weir_column, in->n_keys + 2 * in->n);
    memcpy(all, in->cols, in->n_keys * sizeof *all);
    for (uint32_t i = 0; i < 2u * in->n; i++) {
        all[in->n_keys + i] = in->cols[i % in->n];
        all[in->n_keys + i].role = WEIR_COL_VALUE;
    }
    *s = (weir_schema){
        .n = (uint16_t)(in->n_keys + 2 * in->n), .n_keys = in->n_keys, .cols = all};
    r->node.kind = kind;
    r->node.n_inputs = 2;
    r->node.schema = s;
    r->node.join.type = type;
}
