/* CHECK CONNECTOR: the exact request for the last record of each topic, without sending it. */
#include "connectors/conn_impl.h"

/* The last record there is, of any partition. */
static weir_rc last_of(weir__sink_topic *t, weir_chunk **chunk, uint32_t *at, int32_t *partition,
                       weir_status *st)
{
    int64_t newest = INT64_MIN;
    *chunk = NULL;
    for (int32_t p = 0; p < weir_topic_partitions(t->topic); p++) {
        int64_t end = weir_topic_end(t->topic, p);
        weir_chunk *c = NULL;
        if (end <= weir_topic_begin(t->topic, p)) {
            continue;
        }
        WEIR_TRY(weir_topic_read(t->topic, p, end - 1, &c, st));
        if (c && c->recs[c->n - 1].timestamp > newest) {
            weir_chunk_unref(*chunk);
            *chunk = c;
            *at = c->n - 1;
            *partition = p;
            newest = c->recs[c->n - 1].timestamp;
        } else {
            weir_chunk_unref(c);
        }
    }
    return WEIR_OK;
}

/* What on_loop carries: rendering is the loop's. */
typedef struct showing {
    weir__sink_topic *topic;
    weir_chunk *chunk;
    uint32_t at;
    int32_t partition;
    weir_buf *out;
} showing;

static void show_one(weir_conn *c, void *ctx)
{
    const showing *w = ctx;
    weir_decoded *d = &c->sink.decoded;
    weir_sink_item item;
    weir_sink_item *const one = &item;
    char poison[256] = "";
    weir_sink_parcel p = {.in = &w->topic->in, .chunk = w->chunk, .partition = w->partition,
                          .items = &item, .told_poison = poison};
    weir_buf_printf(w->out, "-- topic " WEIR_SV_FMT ", partition %d, offset %lld\n",
                    WEIR_SV_ARG(w->topic->in.topic), w->partition,
                    (long long)weir_chunk_offset(w->chunk, w->at));
    weir_decoder_chunk(w->topic->decoder, w->chunk, w->at, 1, w->partition, d);
    if (d->n_bad) {
        weir_buf_printf(w->out, "cannot be read: " WEIR_SV_FMT "\n", WEIR_SV_ARG(d->bad[0].reason));
    } else {
        weir_sink_rows rows = {&w->topic->in, w->chunk, w->at, w->partition, d->batch};
        c->kind->as_sink->render(c->self, &rows, &p);
        if (p.n) {
            weir_buf text = {0};
            c->kind->as_sink->show(c->self, &one, 1, &text);
            weir_buf_sv(w->out, weir__conn_masked(c, d->batch->arena, weir_buf_view(&text)));
            weir_buf_deinit(&text);
        } else {
            weir_buf_printf(w->out, "%s%s\n",
                            poison[0] ? "cannot be rendered: " : "nothing is sent for it", poison);
        }
    }
    weir_buf_deinit(&p.bytes);
    weir_decoded_reset(d);
}

weir_rc weir_connect_show(weir_connect *owner, weir_sv name, weir_buf *out, weir_status *st)
{
    weir_conn *c = NULL;
    WEIR_TRY(weir__conn_find(owner, name, &c, st));
    if (!c->kind->sink || !c->kind->as_sink->show) {
        return weir_fail(st, WEIR_EUSAGE, "connector " WEIR_SV_FMT " sends nothing that could be shown",
                         WEIR_SV_ARG(name));
    }
    bool any = false;
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        showing w = {.topic = &c->sink.topics[i], .out = out};
        WEIR_TRY(last_of(w.topic, &w.chunk, &w.at, &w.partition, st));
        if (w.chunk) {
            any = true;
            weir__conn_on_loop(c, show_one, &w);
            weir_chunk_unref(w.chunk);
        }
    }
    if (!any) {
        weir_buf_str(out, "its topics have no record yet that could be shown\n");
    }
    return WEIR_OK;
}
