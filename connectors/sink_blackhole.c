/* A sink that takes everything and keeps nothing: for measuring, and for reading a topic to its end. */
#include "connectors/conn.h"

static weir_rc open_sink(weir_conn *c, void **self, weir_status *st)
{
    (void)st;
    *self = c;
    return WEIR_OK;
}

/* Decoded, and that is all: no items. */
static void render(void *self, const weir_sink_rows *rows, weir_sink_parcel *out)
{
    (void)self;
    (void)rows;
    (void)out;
}

static void send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n)
{
    (void)self;
    (void)items;
    (void)n;
    weir_sink_finish(lane, NULL);
}

static const weir_sink_calls calls = {.open = open_sink, .render = render, .send = send};

const weir_conn_kind weir_conn_kind_sink_blackhole = {
    .name = "blackhole",
    .sink = true,
    .line = "takes records and keeps nothing",
    .guarantee = "nothing is kept",
    .as_sink = &calls,
};
