/* What happens to a record that will not be delivered: a dead letter with its cause in headers (the names
 * of Kafka Connect, so its tools can read them), or it is skipped (errors.tolerance=all), or the
 * connector stops. And the reports of what was delivered. Loop thread. */
#include "connectors/conn_impl.h"

#include "engine/data/json_text.h"

static void header(weir_buf *out, const char *name, weir_sv value)
{
    weir_headers_add(out, weir_sv_cstr(name), value, false);
}

static void header_int(weir_buf *out, const char *name, int64_t value)
{
    weir_buf text = {0};
    weir_buf_printf(&text, "%lld", (long long)value);
    header(out, name, weir_buf_view(&text));
    weir_buf_deinit(&text);
}

static weir_sv bytes_of(const weir_chunk *c, uint32_t at, uint32_t n)
{
    return n == WEIR_NULL_BYTES ? (weir_sv){NULL, WEIR_NULL_BYTES} : weir_sv_of(c->bytes + at, n);
}

static void add_context(weir_buf *out, const weir_conn *c, const weir_sink_item *item,
                        const char *stage, weir_sv reason)
{
    const weir_sink_parcel *p = item->parcel;
    header(out, "__connect.errors.topic", p->in->topic);
    header_int(out, "__connect.errors.partition", p->partition);
    header_int(out, "__connect.errors.offset", weir_sink_item_offset(item));
    header(out, "__connect.errors.connector.name", c->name);
    header_int(out, "__connect.errors.task.id", 0);
    header(out, "__connect.errors.stage", weir_sv_cstr(stage));
    header(out, "__connect.errors.class.name", weir_sv_cstr(c->kind->name));
    header(out, "__connect.errors.exception.message", reason);
    header_int(out, "__connect.errors.attempts", item->attempts);
}

static void post(weir_conn *c, weir_topic *t, weir_sv key, weir_sv value, weir_sv headers)
{
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    weir_chunk_builder_add(&b, key, value, headers, weir_wall_ms(), 0);
    weir__conn_post *p = weir_zalloc(sizeof *p);
    *p = (weir__conn_post){.topic = t, .chunk = weir_chunk_builder_take(&b)};
    weir_chunk_builder_deinit(&b);
    weir__conn_post_to_control(c, p);
}

static void bury(weir_conn *c, const weir_sink_item *item, const char *stage, weir_sv reason)
{
    const weir_chunk *chunk = item->parcel->chunk;
    const weir_rec *rec = weir_sink_item_rec(item);
    weir_buf headers = {0};
    weir_buf_add(&headers, chunk->bytes + rec->headers_at, rec->headers_n);
    if (weir_conn_bool(c, "errors.deadletterqueue.context.headers.enable")) {
        add_context(&headers, c, item, stage, reason);
    }
    post(c, c->sink.dead, bytes_of(chunk, rec->key_at, rec->key_n),
         bytes_of(chunk, rec->value_at, rec->value_n), weir_buf_view(&headers));
    weir_buf_deinit(&headers);
}

bool weir__sink_bury(weir_conn *c, const weir_sink_item *item, const char *stage, weir_sv reason)
{
    long long offset = (long long)weir_sink_item_offset(item);
    const weir_sink_parcel *p = item->parcel;
    if (!c->sink.dead && !c->sink.tolerant) {
        weir__sink_stick(item->parcel, offset);
        weir_conn_fail(c, "topic " WEIR_SV_FMT ", partition %d, offset %lld: " WEIR_SV_FMT
                       "; 'errors.deadletterqueue.topic.name' or 'errors.tolerance'='all' would go on",
                       WEIR_SV_ARG(p->in->topic), p->partition, offset, WEIR_SV_ARG(reason));
        return false;
    }
    if (c->sink.dead) {
        bury(c, item, stage, reason);
    }
    weir_conn_trouble(c, "topic " WEIR_SV_FMT ", partition %d, offset %lld %s: " WEIR_SV_FMT,
                      WEIR_SV_ARG(p->in->topic), p->partition, offset,
                      c->sink.dead ? "went to the dead letters" : "was skipped", WEIR_SV_ARG(reason));
    weir_lock_enter(c->shared.lock);
    c->shared.counts.dead += c->sink.dead != NULL;
    c->shared.counts.skipped += c->sink.dead == NULL;
    weir_lock_leave(c->shared.lock);
    return true;
}

void weir__sink_report(weir_conn *c, const weir_sink_item *item, bool ok, weir_sv reason)
{
    weir_topic *t = ok ? c->sink.report_ok : c->sink.report_bad;
    if (!t) {
        return;
    }
    const weir_sink_parcel *p = item->parcel;
    const weir_rec *rec = weir_sink_item_rec(item);
    weir_buf v = {0};
    weir_buf_str(&v, "{\"connector\":");
    weir_json_string(&v, c->name);
    weir_buf_str(&v, ",\"topic\":");
    weir_json_string(&v, p->in->topic);
    weir_buf_printf(&v, ",\"partition\":%d,\"offset\":%lld,\"delivered\":%s,\"attempts\":%u", p->partition,
                    (long long)weir_sink_item_offset(item), ok ? "true" : "false", item->attempts);
    if (reason.n) {
        weir_buf_str(&v, ",\"reason\":");
        weir_json_string(&v, reason);
    }
    weir_buf_byte(&v, '}');
    post(c, t, bytes_of(p->chunk, rec->key_at, rec->key_n), weir_buf_view(&v), (weir_sv){0});
    weir_buf_deinit(&v);
}
