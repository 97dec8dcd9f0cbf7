/* Which Redis the sink writes to: what redis_target.c reads, or the master that sentinels know. */
#include "connectors/redis_target.h"
#include "connectors/sink_redis.h"

#define SENTINEL_PORT 26379

static weir_rc add_sentinel(weir__redis_sink *s, weir_sv text, weir_status *st)
{
    weir_redis_target t = {0};
    weir_status why;
    bool tls = false;
    weir_status_reset(&why);
    if (weir_redis_uri(weir_conn_arena(s->conn), text, &t, &tls, &why) != WEIR_OK || t.unix_path || tls) {
        return weir_conn_refuse(s->conn, "redis.sentinel.nodes", 0, 0, st, "'" WEIR_SV_FMT "' is no host:port",
                                WEIR_SV_ARG(text));
    }
    bool has_port = text.n && text.p[text.n - 1] != ']' && memrchr(text.p, ':', text.n);
    weir_redis_slots_node(&s->slots, weir_sv_cstr(t.host), has_port ? t.port : SENTINEL_PORT);
    s->n_sentinels = s->slots.n; /* the first nodes */
    return WEIR_OK;
}

static weir_rc read_sentinels(weir__redis_sink *s, weir_status *st)
{
    weir_conn *c = s->conn;
    const weir_sv *nodes = NULL;
    uint32_t n = weir_conn_list(c, "redis.sentinel.nodes", &nodes);
    s->master = weir_sv_trim(weir_conn_text(c, "redis.sentinel.master"));
    bool asked = weir_conn_is(c, "redis.mode", "sentinel");
    if (s->master.n == 0 && (asked || n)) {
        return weir_conn_refuse(c, asked ? "redis.mode" : "redis.sentinel.nodes", 0, 0, st,
                                "needs 'redis.sentinel.master', the name of the master");
    }
    if (s->master.n && n == 0) {
        return weir_conn_refuse(c, "redis.sentinel.master", 0, 0, st,
                                "needs 'redis.sentinel.nodes', where the sentinels are");
    }
    if (s->master.n && !asked && !weir_conn_is(c, "redis.mode", "auto")) {
        return weir_conn_refuse(c, "redis.mode", 0, 0, st, "is not what 'redis.sentinel.master' asks for: sentinel");
    }
    for (uint32_t i = 0; i < n; i++) {
        WEIR_TRY(add_sentinel(s, nodes[i], st));
    }
    s->sentinel_user = weir_conn_text(c, "redis.sentinel.username").n ? weir_conn_cstr(c, "redis.sentinel.username")
                                                                      : NULL;
    s->sentinel_password = weir_conn_text(c, "redis.sentinel.password").n
                               ? weir_conn_cstr(c, "redis.sentinel.password")
                               : NULL;
    return s->sentinel_user && !s->sentinel_password
               ? weir_conn_refuse(c, "redis.sentinel.username", 0, 0, st, "a user needs 'redis.sentinel.password'")
               : WEIR_OK;
}

static weir_rc read_mode(weir__redis_sink *s, weir_status *st)
{
    weir_conn *c = s->conn;
    s->mode_given = !weir_conn_is(c, "redis.mode", "auto") || s->n_sentinels;
    if (weir_conn_is(c, "redis.mode", "standalone") || s->n_sentinels) {
        s->mode = WEIR__REDIS_SINGLE;
    } else if (s->mode_given) {
        s->mode = WEIR__REDIS_CLUSTER;
        s->stale = true;
    }
    if (s->n_sentinels && s->target.unix_path) {
        return weir_conn_refuse(c, "redis.uri", 0, 0, st, "is a socket: sentinels tell hosts");
    }
    return s->mode == WEIR__REDIS_CLUSTER && s->target.db
               ? weir_conn_refuse(c, "redis.mode", 0, 0, st, "a cluster has database 0 only")
               : WEIR_OK;
}

weir_rc weir__redis_where(weir__redis_sink *s, weir_status *st)
{
    WEIR_TRY(read_sentinels(s, st)); /* the first nodes are theirs */
    WEIR_TRY(weir_redis_target_read(s->conn, "redis.timeout", &s->target, &s->slots, &s->tls, st));
    return read_mode(s, st);
}
