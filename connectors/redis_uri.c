/* redis://user:password@host:port/db and its relatives. */
#include "connectors/redis_link.h"

#include "engine/base/arena.h"
#include "connectors/http_server.h"

#include <stdlib.h>

#define PORT 6379

static weir_rc wrong(weir_status *st, const char *what)
{
    weir_fail(st, WEIR_EUSAGE, "%s", what);
    return weir_hint(st, "redis://user:password@host:6379/0, rediss:// with TLS, unix:///path?db=0");
}

/* A part in which %XX may stand. */
static const char *decoded(weir_arena *a, weir_sv part)
{
    char *text = weir_arena_bytes_alloc(a, (size_t)part.n + 1);
    int64_t n = weir_http_unescape(part, false, text);
    if (n < 0) {
        return NULL;
    }
    text[n] = 0;
    return text;
}

static bool number(weir_sv text, long most, long *out)
{
    *out = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *out > most) {
            return false;
        }
        *out = *out * 10 + (text.p[i] - '0');
    }
    return text.n > 0 && *out <= most;
}

static weir_rc read_user(weir_arena *a, weir_sv user, weir_redis_target *out, weir_status *st)
{
    const char *colon = user.n ? memchr(user.p, ':', user.n) : NULL;
    if (user.n == 0) {
        return WEIR_OK;
    }
    weir_sv name = colon ? weir_sv_of(user.p, (size_t)(colon - user.p)) : (weir_sv){0};
    weir_sv word = colon ? weir_sv_of(colon + 1, user.n - name.n - 1) : user;
    out->user = name.n ? decoded(a, name) : NULL;
    out->password = decoded(a, word);
    return out->password && (name.n == 0 || out->user) ? WEIR_OK
                                                       : wrong(st, "wrong %XX in user or password");
}

static weir_rc read_host(weir_arena *a, weir_sv host, weir_redis_target *out, weir_status *st)
{
    long port = PORT;
    weir_sv name = host;
    const char *colon = host.n ? memrchr(host.p, ':', host.n) : NULL;
    const char *bracket = host.n ? memchr(host.p, ']', host.n) : NULL;
    if (colon && (!bracket || colon > bracket)) {
        name.n = (uint32_t)(colon - host.p);
        if (!number(weir_sv_of(colon + 1, host.n - name.n - 1), 65535, &port)) {
            return wrong(st, "wrong port of Redis");
        }
    }
    if (bracket && name.n >= 2) {
        name = weir_sv_of(name.p + 1, name.n - 2);
    }
    out->host = name.n ? weir_arena_cstr(a, name) : "127.0.0.1";
    out->port = (uint16_t)port;
    return WEIR_OK;
}

static weir_rc read_unix(weir_arena *a, weir_sv rest, weir_redis_target *out, weir_status *st)
{
    int64_t query = weir_sv_find(rest, WEIR_SV("?db="), 0);
    long db = 0;
    if (query >= 0 && !number(weir_sv_of(rest.p + query + 4, rest.n - (uint32_t)query - 4), 1000000, &db)) {
        return wrong(st, "wrong number of Redis's database");
    }
    out->unix_path = weir_arena_cstr(a, weir_sv_of(rest.p, query >= 0 ? (size_t)query : rest.n));
    out->db = (int32_t)db;
    return WEIR_OK;
}

weir_rc weir_redis_uri(weir_arena *a, weir_sv uri, weir_redis_target *out, bool *tls, weir_status *st)
{
    weir_sv rest = weir_sv_trim(uri);
    *tls = weir_sv_istarts(rest, WEIR_SV("rediss://"));
    if (weir_sv_istarts(rest, WEIR_SV("unix://"))) {
        return read_unix(a, weir_sv_of(rest.p + 7, rest.n - 7), out, st);
    }
    uint32_t scheme = *tls ? 9 : weir_sv_istarts(rest, WEIR_SV("redis://")) ? 8 : 0;
    if (!scheme && weir_sv_find(rest, WEIR_SV("://"), 0) >= 0) {
        return wrong(st, "Redis has no such scheme");
    }
    rest = weir_sv_of(rest.p + scheme, rest.n - scheme);
    const char *at = rest.n ? memrchr(rest.p, '@', rest.n) : NULL;
    if (at) {
        WEIR_TRY(read_user(a, weir_sv_of(rest.p, (size_t)(at - rest.p)), out, st));
        rest = weir_sv_of(at + 1, (size_t)(rest.p + rest.n - at - 1));
    }
    const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
    if (slash) {
        long db = 0;
        weir_sv text = weir_sv_of(slash + 1, (size_t)(rest.p + rest.n - slash - 1));
        if (text.n && !number(text, 1000000, &db)) {
            return wrong(st, "wrong number of Redis's database");
        }
        out->db = (int32_t)db;
        rest.n = (uint32_t)(slash - rest.p);
    }
    return read_host(a, rest, out, st);
}
