/* See http_share.h. The list is short, and belongs to the one loop that connectors run on.
 *
 * Certificates have a short life and are replaced in place: files that have changed are read again. */
#include "connectors/http_share.h"

#include "engine/base/hash.h"
#include "engine/base/log.h"
#include "engine/io/file.h"

#define LOOK_MS 10000
#define PEM_BYTES_MAX (1u << 20)

typedef struct share {
    struct share *next;
    weir_loop *loop;
    char *listen;
    char *cert, *key, *ca;   /* NULL: none */
    uint64_t read, refused;  /* hashes of the files in use, and of those that could not be */
    weir_timer *look;
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

static uint64_t hash_of(const share *s)
{
    const char *const files[] = {s->cert, s->key, s->ca};
    weir_buf all = {0};
    for (size_t i = 0; i < WEIR_COUNT(files); i++) {
        weir_status st;
        if (files[i] && weir_file_read(files[i], PEM_BYTES_MAX, &all, &st) != WEIR_OK) {
            weir_buf_byte(&all, 0); /* as others, which cannot be used */
        }
    }
    uint64_t hash = weir_hash(all.p, all.n);
    weir_buf_deinit(&all);
    return hash;
}

static weir_rc read_tls(const share *s, weir_tls **out, weir_status *st)
{
    weir_tls_spec tls = {.cert_file = s->cert, .key_file = s->key, .ca_file = s->ca, .alpn = "http/1.1"};
    return weir_tls_server(&tls, out, st);
}

/* New connections get what the files say now. While they do not fit together, what they said before. */
static void look(void *ctx)
{
    share *s = ctx;
    weir_tls *tls = NULL;
    weir_status st;
    uint64_t hash = hash_of(s);
    if (hash == s->read || hash == s->refused) {
        return;
    }
    weir_status_reset(&st);
    if (read_tls(s, &tls, &st) != WEIR_OK) {
        s->refused = hash;
        WEIR_LOG(WEIR_WARN, "%s goes on with its old certificate: %s", s->listen, st.msg);
        return;
    }
    weir_http_server_renew(s->server, tls);
    weir_tls_free(s->tls);
    s->tls = tls;
    s->read = hash;
    s->refused = 0;
    WEIR_LOG(WEIR_INFO, "%s has another certificate", s->listen);
}

static weir_rc open_share(share *s, const weir_http_share_spec *spec, weir_status *st)
{
    weir_http_server_spec server = {.listen = spec->listen,
                                    .insecure = spec->insecure,
                                    .authenticates = spec->authenticates,
                                    .connections_max = spec->connections_max,
                                    .origins = s->origins,
                                    .n_origins = s->n_origins};
    if (s->cert) {
        s->read = hash_of(s);
        WEIR_TRY(read_tls(s, &s->tls, st));
        s->look = weir_timer_start(s->loop, LOOK_MS, look, s);
        server.tls = s->tls;
    }
    return weir_http_server_open(s->loop, &server, &s->server, st);
}

static void share_free(share *s)
{
    weir_timer_stop(s->look);
    weir_http_server_close(s->server);
    weir_tls_free(s->tls);
    for (size_t i = 0; i < s->n_origins; i++) {
        weir_free((void *)(uintptr_t)s->origins[i]);
    }
    weir_free(s->origins);
    weir_free(s->listen);
    weir_free(s->cert);
    weir_free(s->key);
    weir_free(s->ca);
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
        s->key = spec->tls_cert && spec->tls_key ? weir_strdup(spec->tls_key) : NULL;
        s->ca = spec->tls_cert && spec->tls_ca ? weir_strdup(spec->tls_ca) : NULL;
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
