/* See http_share.h. The list is short, and belongs to the one loop that connectors run on. */
#include "connectors/http_share.h"

#include "engine/base/alloc.h"

typedef struct share {
    struct share *next;
    weir_loop *loop;
    char *listen;
    char *cert;
    const char **origins;    /* copied: who was first may go first */
    size_t n_origins;
    bool authenticates;
    weir_http_server *server;
    weir_tls *tls;
    uint32_t users;
} share;

static _Thread_local share *shares; /* of this thread's loop */

static share *find(const weir_loop *l, const char *listen)
{
    for (share *s = shares; s; s = s->next) {
        if (s->loop == l && strcmp(s->listen, listen) == 0) {
            return s;
        }
    }
    return NULL;
}

static bool same_origins(const share *s, const weir_http_share_spec *spec)
{
    bool same = s->n_origins == spec->n_origins;
    for (size_t i = 0; same && i < spec->n_origins; i++) {
        same = strcmp(s->origins[i], spec->origins[i]) == 0;
    }
    return same;
}

static bool agrees(const share *s, const weir_http_share_spec *spec)
{
    bool cert = !spec->tls_cert || (s->cert && strcmp(s->cert, spec->tls_cert) == 0);
    bool origins = spec->n_origins == 0 || same_origins(s, spec);
    return cert && origins && (spec->authenticates || !s->authenticates || spec->insecure);
}

static weir_rc open_share(share *s, const weir_http_share_spec *spec, weir_status *st)
{
    weir_http_server_spec server = {.listen = spec->listen,
                                    .insecure = spec->insecure,
                                    .authenticates = spec->authenticates,
                                    .connections_max = spec->connections_max,
                                    .origins = s->origins,
                                    .n_origins = s->n_origins};
    if (spec->tls_cert) {
        weir_tls_spec tls = {.cert_file = spec->tls_cert, .key_file = spec->tls_key,
                             .ca_file = spec->tls_ca, .alpn = "http/1.1"};
        WEIR_TRY(weir_tls_server(&tls, &s->tls, st));
        server.tls = s->tls;
    }
    return weir_http_server_open(s->loop, &server, &s->server, st);
}

static void share_free(share *s)
{
    weir_http_server_close(s->server);
    weir_tls_free(s->tls);
    for (size_t i = 0; i < s->n_origins; i++) {
        weir_free((void *)(uintptr_t)s->origins[i]);
    }
    weir_free(s->origins);
    weir_free(s->listen);
    weir_free(s->cert);
    weir_free(s);
}

weir_rc weir_http_share_open(weir_loop *l, const weir_http_share_spec *spec, weir_http_server **out,
                             weir_status *st)
{
    share *s = find(l, spec->listen);
    if (s && !agrees(s, spec)) {
        return weir_fail(st, WEIR_EUSAGE, "%s is open already with another certificate, other origins or "
                         "less authentication", spec->listen);
    }
    if (!s) {
        s = weir_zalloc(sizeof *s);
        s->loop = l;
        s->listen = weir_strdup(spec->listen);
        s->cert = spec->tls_cert ? weir_strdup(spec->tls_cert) : NULL;
        s->origins = weir_alloc(sizeof *s->origins * (spec->n_origins + 1));
        for (; s->n_origins < spec->n_origins; s->n_origins++) {
            s->origins[s->n_origins] = weir_strdup(spec->origins[s->n_origins]);
        }
        s->authenticates = spec->authenticates;
        weir_rc rc = open_share(s, spec, st);
        if (rc != WEIR_OK) {
            share_free(s);
            return rc;
        }
        s->next = shares;
        shares = s;
    }
    s->users++;
    *out = s->server;
    return WEIR_OK;
}

void weir_http_share_close(weir_http_server *server)
{
    for (share **at = &shares; server && *at; at = &(*at)->next) {
        share *s = *at;
        if (s->server == server && --s->users == 0) {
            *at = s->next;
            share_free(s);
            return;
        }
        if (s->server == server) {
            return;
        }
    }
}
