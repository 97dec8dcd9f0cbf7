/* The sink: records of all partitions, with null keys, tombstones, windows and timestamps. */
#include "tests/support/op_test.h"

#include "engine/base/hash.h"

static const uint32_t batch_sizes[] = {1, 3, 1024};

static const test_row rows[] = {
    {.time = 1, .key = 1, .value = 100}, {.time = 2, .key = 2, .value = 7},
    {.time = 3, .key = 1, .value = -1},  {.time = 4, .key = -1, .value = 9},
    {.time = 5, .key = 3, .value = 8},   {.time = 6, .key = -1, .value = -1},
};

/* A value format for tests: the number as text. */
static void text_encode(void *codec, const weir_vec *cols, const uint16_t *sel, uint32_t n,
                        weir_buf *out, uint32_t *ends, uint64_t *null)
{
    (void)codec;
    (void)null;
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_printf(out, "v%lld", (long long)WEIR_AT(int64_t, &cols[0], sel[i]));
        ends[i] = (uint32_t)out->n;
    }
}

static void print_bytes(weir_buf *out, const char *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (p[i] >= ' ' && p[i] <= '~') {
            weir_buf_byte(out, p[i]);
        } else {
            weir_buf_printf(out, "\\%02x", (unsigned char)p[i]);
        }
    }
}

static void print_record(weir_buf *out, const weir_chunk_builder *b, const weir_rec *r)
{
    weir_buf_printf(out, "%lld @%lld ", (long long)r->seq, (long long)r->timestamp);
    if (r->key_n == WEIR_NULL_BYTES) {
        weir_buf_str(out, "null");
    } else {
        print_bytes(out, b->bytes.p + r->key_at, r->key_n);
    }
    weir_buf_byte(out, ' ');
    if (r->value_n == WEIR_NULL_BYTES) {
        weir_buf_str(out, "null");
    } else {
        print_bytes(out, b->bytes.p + r->value_at, r->value_n);
    }
    weir_buf_byte(out, '\n');
}

typedef struct sink_rig {
    rig r;
    weir_format values;
    weir_source sink;
} sink_rig;

static void sink_init(sink_rig *s, int32_t partitions, int32_t timestamp_column)
{
    rig_init(&s->r, weir_ops_builtin()->sink, KEY_TEXT);
    s->values = (weir_format){.kind = WEIR_FMT_JSON, .encoder_new = plain_new,
                              .encode = text_encode};
    s->r.formats.by_kind[WEIR_FMT_JSON] = &s->values;
    s->sink = (weir_source){.topic = WEIR_SV("T")};
    s->sink.key_format.kind = WEIR_FMT_KAFKA;
    s->sink.value_format.kind = WEIR_FMT_JSON;
    s->r.node.kind = WEIR_N_SINK;
    s->r.node.sink.sink = &s->sink;
    s->r.node.sink.limit = -1;
    s->r.node.sink.timestamp_column = timestamp_column;
    rig_open(&s->r);
    s->r.task->n_outputs = partitions;
    s->r.task->outputs = WEIR_NEW_N(&s->r.arena, weir_chunk_builder, partitions);
    for (int32_t i = 0; i < partitions; i++) {
        weir_chunk_builder_init(&s->r.task->outputs[i]);
    }
}

static void sink_expect(sink_rig *s, int32_t partition, const char *expected)
{
    const weir_chunk_builder *b = &s->r.task->outputs[partition];
    weir_buf_reset(&s->r.out);
    for (size_t i = 0; i < b->n; i++) {
        print_record(&s->r.out, b, &b->recs[i]);
    }
    rig_expect(&s->r, expected);
}

static void sink_deinit(sink_rig *s)
{
    for (int32_t i = 0; i < s->r.task->n_outputs; i++) {
        weir_chunk_builder_deinit(&s->r.task->outputs[i]);
    }
    rig_deinit(&s->r);
}

static void test_one_partition(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
        sink_rig s;
        sink_init(&s, 1, -1);
        s.r.batch_rows = batch_sizes[k];
        s.r.gaps = 3;
        rig_run(&s.r, rows, WEIR_COUNT(rows), 0);
        sink_expect(&s, 0, "0 @1 k01 v100\n1 @2 k02 v7\n2 @3 k01 null\n3 @4 null v9\n"
                           "4 @5 k03 v8\n5 @6 null null\n");
        sink_deinit(&s);
    }
}

static void test_partitions(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
        sink_rig s;
        sink_init(&s, 5, -1);
        s.r.batch_rows = batch_sizes[k];
        rig_run(&s.r, rows, WEIR_COUNT(rows), 0);
        weir_buf expected[5] = {{0}};
        static const char *const records[] = {"0 @1 k01 v100\n", "1 @2 k02 v7\n",
                                              "2 @3 k01 null\n", "3 @4 null v9\n",
                                              "4 @5 k03 v8\n",   "5 @6 null null\n"};
        static const char *const keys[] = {"k01", "k02", "k01", NULL, "k03", NULL};
        for (uint32_t i = 0; i < WEIR_COUNT(records); i++) {
            uint32_t p = keys[i] ? weir_partition_of(weir_sv_cstr(keys[i]), 5) : 0;
            weir_buf_str(&expected[p], records[i]);
        }
        for (int32_t p = 0; p < 5; p++) {
            sink_expect(&s, p, weir_buf_cstr(&expected[p]));
            weir_buf_deinit(&expected[p]);
        }
        sink_deinit(&s);
    }
}

/* A column gives the time; a tombstone takes the newest time seen. */
static void test_timestamp(void **state)
{
    (void)state;
    sink_rig s;
    sink_init(&s, 1, 1);
    rig_run(&s.r, rows, 3, 0);
    sink_expect(&s, 0, "0 @100 k01 v100\n1 @7 k02 v7\n2 @3 k01 null\n");
    sink_deinit(&s);
}

static void check_window(weir_window_kind kind, const char *expected)
{
    sink_rig s;
    sink_init(&s, 1, -1);
    weir_column cols[] = {
        {.name = WEIR_SV("V"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("S"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_WINDOWSTART},
        {.name = WEIR_SV("E"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_WINDOWEND}};
    weir_chunk_builder outputs = s.r.task->outputs[0];
    rig_close(&s.r);
    s.r.inputs[0].schema = s.r.node.schema = rig_output(&s.r, cols, 3);
    s.r.node.window.kind = kind;
    rig_open(&s.r);
    s.r.task->n_outputs = 1;
    s.r.task->outputs = &outputs;
    weir_batch *b = weir_batch_new(&s.r.step, s.r.node.schema);
    b->rows = b->nsel = 1;
    b->rowtime[0] = 9;
    put_side(&s.r, b, 0, 1, 5);
    ((int64_t *)b->cols[2].data)[0] = 258;
    ((int64_t *)b->cols[3].data)[0] = 259;
    s.r.op->kind->push(s.r.op, 0, b);
    sink_expect(&s, 0, expected);
    sink_deinit(&s);
}

static void test_windows(void **state)
{
    (void)state;
    check_window(WEIR_WINDOW_TUMBLING, "0 @9 k01\\00\\00\\00\\00\\00\\00\\01\\02 v5\n");
    check_window(WEIR_WINDOW_SESSION, "0 @9 k01\\00\\00\\00\\00\\00\\00\\01\\03"
                                      "\\00\\00\\00\\00\\00\\00\\01\\02 v5\n");
}

/* ---- clients ---- */

static bool count_rows(void *ctx, const weir_batch *b)
{
    *(uint32_t *)ctx += b->nsel;
    return true;
}

static void test_limit(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
        sink_rig s;
        uint32_t seen = 0;
        sink_init(&s, 0, -1);
        rig_close(&s.r);
        s.r.node.sink.sink = NULL;
        s.r.node.sink.limit = 4;
        rig_open(&s.r);
        s.r.task->client = count_rows;
        s.r.task->client_ctx = &seen;
        s.r.batch_rows = batch_sizes[k];
        rig_run(&s.r, rows, WEIR_COUNT(rows), 0);
        assert_int_equal(seen, 4);
        rig_deinit(&s.r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_partition), cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_timestamp),     cmocka_unit_test(test_windows),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
