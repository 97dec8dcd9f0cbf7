/* See redis_target.h. */
#include "connectors/redis_target.h"

typedef struct target {
    weir_conn *conn;
    const char *timeout;
    weir_redis_target *target;
    weir_redis_slots *slots;
    weir_tls **tls;
} target;

/* 'redis.uri' may name several nodes of a cluster: the first says all but host and port. */
static weir_rc read_uris(target *s, bool *tls, weir_status *st)
{
    weir_conn *c = s->conn;
    const weir_sv *uris = NULL;
    uint32_t n = weir_conn_list(c, "redis.uri", &uris);
    weir_status why;
    for (uint32_t i = 0; i < n; i++) {
        weir_redis_target other = {0};
        weir_redis_target *t = i ? &other : s->target;
        bool other_tls = false;
        weir_status_reset(&why);
        if (weir_redis_uri(weir_conn_arena(c), uris[i], t, i ? &other_tls : tls, &why) != WEIR_OK) {
            weir_rc rc = weir_conn_refuse(c, "redis.uri", 0, 0, st, "%s", why.msg);
            return why.hint[0] ? weir_hint(st, "%s", why.hint) : rc;
        }
        weir_redis_slots_node(s->slots, weir_sv_cstr(t->host ? t->host : "127.0.0.1"), t->port);
    }
    return n ? WEIR_OK : weir_conn_refuse(c, "redis.uri", 0, 0, st, "names no Redis");
}

static weir_rc read_tls(target *s, weir_status *st)
{
    weir_conn *c = s->conn;
    weir_tls_spec spec = {
        .cert_file = weir_conn_text(c, "tls.cert.file").n ? weir_conn_cstr(c, "tls.cert.file") : NULL,
        .key_file = weir_conn_text(c, "tls.key.file").n ? weir_conn_cstr(c, "tls.key.file") : NULL,
        .ca_file = weir_conn_text(c, "tls.ca.file").n ? weir_conn_cstr(c, "tls.ca.file") : NULL,
        .insecure = !weir_conn_bool(c, "tls.verify")};
    WEIR_TRY(weir_tls_client(&spec, s->tls, st));
    s->target->tls = *s->tls;
    if (weir_conn_text(c, "tls.server.name").n) {
        s->target->server_name = weir_conn_cstr(c, "tls.server.name");
    }
    return WEIR_OK;
}

weir_rc weir_redis_target_read(weir_conn *c, const char *timeout, weir_redis_target *out,
                               weir_redis_slots *slots, weir_tls **tls_made, weir_status *st)
{
    target made = {c, timeout, out, slots, tls_made};
    target *s = &made;
    bool tls = false;
    WEIR_TRY(read_uris(s, &tls, st));
    if (weir_conn_text(c, "redis.username").n) {
        s->target->user = weir_conn_cstr(c, "redis.username");
    }
    if (weir_conn_text(c, "redis.password").n) {
        s->target->password = weir_conn_cstr(c, "redis.password");
    }
    if (weir_conn_given(c, "redis.database")) {
        s->target->db = (int32_t)weir_conn_int(c, "redis.database");
    }
    if (s->target->user && !s->target->password) {
        return weir_conn_refuse(c, "redis.username", 0, 0, st, "a user needs 'redis.password'");
    }
    s->target->client_name = weir_arena_printf(weir_conn_arena(c), "weir-" WEIR_SV_FMT,
                                              WEIR_SV_ARG(weir_conn_name(c))).p;
    s->target->connect_ms = (uint32_t)weir_conn_int(c, "connect.timeout.ms");
    s->target->reply_ms = (uint32_t)weir_conn_int(c, s->timeout);
    return tls || weir_conn_bool(c, "tls.enabled") ? read_tls(s, st) : WEIR_OK;
}
