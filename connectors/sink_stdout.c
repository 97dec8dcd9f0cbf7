/* Records as lines on standard output: as JSON, or by a template. */
#include "connectors/template.h"

#include "engine/data/json_text.h"
#include "engine/io/file.h"

typedef struct sink {
    weir_conn *conn;
    weir_buf lines;
} sink;

static weir_rc open_sink(weir_conn *c, void **self, weir_status *st)
{
    (void)st;
    sink *s = weir_zalloc(sizeof *s);
    s->conn = c;
    *self = s;
    return WEIR_OK;
}

static weir_rc bind_topic(void *self, weir_sink_input *in, weir_status *st)
{
    const sink *s = self;
    weir_template *t = NULL;
    if (weir_conn_given(s->conn, "template")) {
        WEIR_TRY(weir_template_option(in, "template", WEIR_TEMPLATE_BODY, &t, st));
    }
    in->bound = t;
    return WEIR_OK;
}

static void render(void *self, const weir_sink_rows *rows, weir_sink_parcel *out)
{
    (void)self;
    weir_sink_json json = {0};
    const weir_template *t = rows->in->bound;
    if (!t) {
        weir_sink_rows_json(rows, true, &json);
    }
    WEIR_EACH_ROW(rows->batch, i, row) {
        const char *why = NULL;
        weir_sink_item *item = weir_sink_begin(out, rows, row);
        if (t && !weir_template_render(t, rows, row, &out->bytes, &why)) {
            weir_sink_poison(out, item, "%s", why);
            continue;
        }
        if (!t && weir_sink_tombstone(rows, row)) {
            weir_buf_str(&out->bytes, "null");
        } else if (!t) {
            weir_buf_sv(&out->bytes, json.rows[row]);
        }
        weir_buf_byte(&out->bytes, '\n');
        weir_sink_end(out, item);
    }
}

static void send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n)
{
    sink *s = self;
    weir_buf_reset(&s->lines);
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_sv(&s->lines, weir_sink_bytes(items[i]));
    }
    weir_status st;
    weir_status_reset(&st);
    if (weir_write_stdout(weir_buf_view(&s->lines), &st) != WEIR_OK) {
        weir_sink_finish_all(lane, WEIR_SINK_FATAL, 0, "%s", st.msg);
        return;
    }
    weir_sink_finish(lane, NULL);
}

static void close_sink(void *self)
{
    sink *s = self;
    weir_buf_deinit(&s->lines);
    weir_free(s);
}

static void show(void *self, weir_sink_item *const *items, uint32_t n, weir_buf *out)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_sv(out, weir_sink_bytes(items[i]));
    }
}

static const weir_sink_calls calls = {.open = open_sink,
                                      .bind = bind_topic,
                                      .render = render,
                                      .send = send,
                                      .close = close_sink,
                                      .show = show};

static const weir_conn_option options[] = {
    {"template", "format.template", WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "The line of a record; without it a JSON object of all columns."},
    {"max.in.flight.requests", NULL, WEIR_CONN_INTEGER, "1", false, 1, 1, NULL,
     "Lines are written in the order of the partitions."},
};

const weir_conn_kind weir_conn_kind_sink_stdout = {
    .name = "stdout",
    .sink = true,
    .classes = "console|print",
    .line = "writes records as lines to standard output",
    .guarantee = "at least once: after a crash lines may come again",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_sink = &calls,
};
