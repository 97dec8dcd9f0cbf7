/* What connectors tell about themselves: to kinds (names, loops), and to people. */
#include "connectors/conn_impl.h"

weir_sv weir_conn_name(const weir_conn *c)
{
    return c->name;
}

weir_loop *weir_conn_loop(const weir_conn *c)
{
    return c->loop;
}

weir_arena *weir_conn_arena(const weir_conn *c)
{
    return (weir_arena *)(uintptr_t)&c->arena;
}

const weir_formats *weir_conn_formats(const weir_conn *c)
{
    return c->owner->config.formats;
}

const char *weir_conn_dir(const weir_conn *c)
{
    return c->owner->config.data_dir;
}

weir_rng *weir_conn_rng(weir_conn *c)
{
    return &c->rng;
}

void *weir_conn_self(const weir_conn *c)
{
    return c->self;
}

weir_rc weir_conn_compile(const weir_conn *c, const char *option, const weir_schema *schema,
                          weir_conn_condition *out, weir_status *st)
{
    const weir_connect_config *f = &c->owner->config;
    weir_status why;
    weir_status_reset(&why);
    weir_sv text = weir_conn_text(c, option);
    if (f->condition(f->ctx, text, schema, weir_conn_arena(c), out, &why) == WEIR_OK) {
        return WEIR_OK;
    }
    weir_rc rc = weir_conn_refuse(c, option, why.span.at, why.span.n, st, "%s", why.msg);
    return why.hint[0] ? weir_hint(st, "%s", why.hint) : rc;
}

uint32_t weir_connect_count(const weir_connect *c)
{
    return (uint32_t)c->n;
}

static weir_sv topics_of(const weir_conn *k, weir_arena *a)
{
    weir_buf text = {0};
    for (uint32_t i = 0; i < (k->kind->sink ? k->sink.n_topics : k->source.n); i++) {
        weir_buf_str(&text, i ? ", " : "");
        weir_buf_sv(&text, k->kind->sink ? k->sink.topics[i].in.topic : k->source.outputs[i]->topic);
    }
    weir_sv all = weir_arena_sv(a, weir_buf_view(&text));
    weir_buf_deinit(&text);
    return all;
}

void weir_connect_at(weir_connect *c, uint32_t i, weir_arena *a, weir_connect_info *out)
{
    weir_conn *k = c->conns[i];
    *out = (weir_connect_info){.name = k->name, .kind = k->kind, .topics = topics_of(k, a),
                               .statement = k->statement};
    weir_lock_enter(k->shared.lock);
    out->state = k->shared.ended && k->shared.state == WEIR_CONNECT_RUNNING ? WEIR_CONNECT_ENDED
                                                                            : k->shared.state;
    out->trouble = weir_arena_sv(a, weir_sv_cstr(k->shared.trouble));
    out->counts = k->shared.counts;
    out->counts.waiting = k->shared.in_records;
    out->counts.lag = k->kind->sink ? weir__sink_lag(k) : 0;
    weir_lock_leave(k->shared.lock);
}

bool weir_connect_find(weir_connect *c, weir_sv name, weir_arena *a, weir_connect_info *out)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (weir_sv_ieq(c->conns[i]->name, name)) {
            weir_connect_at(c, i, a, out);
            return true;
        }
    }
    return false;
}

static bool is_name(const weir_topic *t, weir_sv topic)
{
    return t && weir_sv_eq(weir_topic_name(t), topic);
}

static bool uses(const weir_conn *k, weir_sv topic)
{
    bool any = false;
    for (uint32_t i = 0; k->kind->sink && i < k->sink.n_topics; i++) {
        any |= is_name(k->sink.topics[i].topic, topic);
    }
    for (uint32_t i = 0; !k->kind->sink && i < k->source.n; i++) {
        any |= is_name(k->source.topics[i], topic);
    }
    return any || is_name(k->sink.dead, topic) || is_name(k->sink.report_ok, topic) ||
           is_name(k->sink.report_bad, topic);
}

weir_sv weir_connect_user(const weir_connect *c, weir_sv topic, const weir_sv *streams, uint32_t n)
{
    for (uint32_t i = 0; c && i < c->n; i++) {
        const weir_conn *k = c->conns[i];
        bool excepted = false;
        for (uint32_t s = 0; s < n; s++) {
            excepted |= k->stream.n && weir_sv_eq(k->stream, streams[s]);
        }
        if (!excepted && uses(k, topic)) {
            return k->name;
        }
    }
    return (weir_sv){0};
}
