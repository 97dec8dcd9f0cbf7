/* TLS on OpenSSL with memory BIOs: OpenSSL never sees a socket. Its error queue belongs to the thread
 * and outlives the call that filled it, so that it is emptied before each call and read after it. */
#include "engine/io/tls.h"

#include "engine/base/alloc.h"
#include "engine/io/tls_session.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20"
#define ALPN_BYTES_MAX 64

struct weir_tls {
    SSL_CTX *ctx;
    _Atomic uint32_t owners; /* settings and sessions: ALPN is read during handshakes */
    bool server;
    unsigned char alpn[ALPN_BYTES_MAX]; /* as on the wire: length, name, length, name … */
    unsigned alpn_n;
};

struct weir__tls_session {
    SSL *ssl;
    BIO *in, *out; /* belong to ssl */
    weir_tls *tls;
    char subject[256];
};

static const char *reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return text ? text : "unknown reason";
}

static weir_rc read_alpn(weir_tls *t, const char *list, weir_status *st)
{
    for (const char *p = list; p && *p;) {
        size_t n = strcspn(p, ",");
        if (n == 0 || n > 32 || t->alpn_n + 1 + n > sizeof t->alpn) {
            return weir_fail(st, WEIR_EUSAGE, "\"%s\" is no list of protocols", list);
        }
        t->alpn[t->alpn_n] = (unsigned char)n;
        memcpy(t->alpn + t->alpn_n + 1, p, n);
        t->alpn_n += (unsigned)n + 1;
        p += n + (p[n] == ',');
    }
    return WEIR_OK;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned in_n, void *arg)
{
    const weir_tls *t = arg;
    unsigned char *found;
    (void)ssl;
    if (SSL_select_next_proto(&found, out_n, t->alpn, t->alpn_n, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

static weir_rc load_own(weir_tls *t, const weir_tls_spec *spec, weir_status *st)
{
    const char *key_file = spec->key_file ? spec->key_file : spec->cert_file;
    struct stat info;
    if (!spec->cert_file) {
        return spec->key_file ? weir_fail(st, WEIR_EUSAGE, "key \"%s\" has no certificate", key_file)
                              : WEIR_OK;
    }
    if (SSL_CTX_use_certificate_chain_file(t->ctx, spec->cert_file) != 1) {
        return weir_fail(st, WEIR_EUSAGE, "certificate \"%s\": %s", spec->cert_file, reason());
    }
    if (stat(key_file, &info) == 0 && (info.st_mode & 077)) {
        weir_fail(st, WEIR_EUSAGE, "key \"%s\" is not the owner's alone (mode %03o)", key_file,
                  info.st_mode & 0777);
        return weir_hint(st, "chmod 600 %s", key_file);
    }
    if (SSL_CTX_use_PrivateKey_file(t->ctx, key_file, SSL_FILETYPE_PEM) != 1) {
        return weir_fail(st, WEIR_EUSAGE, "key \"%s\": %s", key_file, reason());
    }
    if (SSL_CTX_check_private_key(t->ctx) != 1) {
        return weir_fail(st, WEIR_EUSAGE, "key \"%s\" is not that of certificate \"%s\"", key_file,
                         spec->cert_file);
    }
    return WEIR_OK;
}

static weir_rc load_believed(weir_tls *t, const weir_tls_spec *spec, weir_status *st)
{
    if (spec->ca_file && SSL_CTX_load_verify_locations(t->ctx, spec->ca_file, NULL) != 1) {
        return weir_fail(st, WEIR_EUSAGE, "CA file \"%s\": %s", spec->ca_file, reason());
    }
    if (t->server && spec->ca_file) {
        SSL_CTX_set_client_CA_list(t->ctx, SSL_load_client_CA_file(spec->ca_file));
        SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    } else if (!t->server && !spec->insecure) {
        if (!spec->ca_file && SSL_CTX_set_default_verify_paths(t->ctx) != 1) {
            return weir_fail(st, WEIR_EUSAGE, "no CA certificates of the system: %s", reason());
        }
        SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    }
    return WEIR_OK;
}

static weir_rc set_up(weir_tls *t, const weir_tls_spec *spec, weir_status *st)
{
    ERR_clear_error();
    WEIR_TRY(read_alpn(t, spec->alpn, st));
    t->ctx = SSL_CTX_new(t->server ? TLS_server_method() : TLS_client_method());
    WEIR_ASSERT(t->ctx != NULL);
    SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(t->ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_RELEASE_BUFFERS);
    WEIR_ASSERT(SSL_CTX_set_cipher_list(t->ctx, CIPHERS_TLS12) == 1);
    /* A session is only taken up again by the settings it comes from. */
    WEIR_ASSERT(SSL_CTX_set_session_id_context(t->ctx, (const unsigned char *)"weir", 4) == 1);
    if (t->alpn_n && t->server) {
        SSL_CTX_set_alpn_select_cb(t->ctx, choose_alpn, t);
    } else if (t->alpn_n) {
        SSL_CTX_set_alpn_protos(t->ctx, t->alpn, t->alpn_n);
    }
    WEIR_TRY(load_own(t, spec, st));
    return load_believed(t, spec, st);
}

static weir_rc tls_new(const weir_tls_spec *spec, bool server, weir_tls **out, weir_status *st)
{
    weir_tls *t = weir_zalloc(sizeof *t);
    t->owners = 1;
    t->server = server;
    weir_rc rc = set_up(t, spec, st);
    if (rc != WEIR_OK) {
        weir_tls_free(t);
        return rc;
    }
    *out = t;
    return WEIR_OK;
}

weir_rc weir_tls_client(const weir_tls_spec *spec, weir_tls **out, weir_status *st)
{
    return tls_new(spec, false, out, st);
}

weir_rc weir_tls_server(const weir_tls_spec *spec, weir_tls **out, weir_status *st)
{
    if (!spec->cert_file) {
        return weir_fail(st, WEIR_EUSAGE, "a TLS server needs a certificate");
    }
    return tls_new(spec, true, out, st);
}

weir_tls *weir__tls_share(const weir_tls *t)
{
    weir_tls *shared = (weir_tls *)(uintptr_t)t; /* counting owners changes nothing they see */
    atomic_fetch_add(&shared->owners, 1);
    return shared;
}

void weir_tls_free(weir_tls *t)
{
    if (t && atomic_fetch_sub(&t->owners, 1) == 1) {
        SSL_CTX_free(t->ctx);
        weir_free(t);
    }
}

/* The name is asked for (SNI) and must be the certificate's. */
static void expect_name(SSL *ssl, const char *name)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
        return;
    }
    SSL_set_tlsext_host_name(ssl, name);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    WEIR_ASSERT(SSL_set1_host(ssl, name) == 1);
}

weir__tls_session *weir__tls_start(const weir_tls *t, const char *name)
{
    weir__tls_session *s = weir_zalloc(sizeof *s);
    ERR_clear_error();
    s->tls = weir__tls_share(t);
    s->ssl = SSL_new(t->ctx);
    s->in = BIO_new(BIO_s_mem());
    s->out = BIO_new(BIO_s_mem());
    WEIR_ASSERT(s->ssl && s->in && s->out);
    SSL_set_bio(s->ssl, s->in, s->out);
    if (t->server) {
        SSL_set_accept_state(s->ssl);
    } else {
        SSL_set_connect_state(s->ssl);
        if (name && name[0]) {
            expect_name(s->ssl, name);
        }
    }
    return s;
}

void weir__tls_free(weir__tls_session *s)
{
    if (s) {
        SSL_free(s->ssl);
        weir_tls_free(s->tls);
        weir_free(s);
    }
}

void weir__tls_feed(weir__tls_session *s, const char *p, size_t n)
{
    WEIR_ASSERT(n <= INT32_MAX && BIO_write(s->in, p, (int)n) == (int)n);
}

bool weir__tls_has_output(const weir__tls_session *s)
{
    return BIO_ctrl_pending(s->out) > 0;
}

void weir__tls_drain(weir__tls_session *s, weir_buf *out)
{
    size_t n = BIO_ctrl_pending(s->out);
    char *to = n ? weir_buf_reserve(out, n) : NULL;
    if (to) {
        WEIR_ASSERT(n <= INT32_MAX && BIO_read(s->out, to, (int)n) == (int)n);
        out->n += n;
    }
}

/* Fills in why a call has failed. */
static weir_rc broken(const weir__tls_session *s, weir_rc rc, weir_status *st)
{
    long verdict = SSL_get_verify_result(s->ssl);
    if (SSL_get_verify_mode(s->ssl) != SSL_VERIFY_NONE && verdict != X509_V_OK) {
        ERR_clear_error();
        return weir_fail(st, rc, "TLS: certificate: %s", X509_verify_cert_error_string(verdict));
    }
    return weir_fail(st, rc, "TLS: %s", reason());
}

weir_rc weir__tls_shake(weir__tls_session *s, bool *done, weir_status *st)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(s->ssl);
    *done = rc == 1;
    if (rc == 1 || SSL_get_error(s->ssl, rc) == SSL_ERROR_WANT_READ) {
        return WEIR_OK;
    }
    return broken(s, WEIR_ECONNECT, st);
}

weir__tls_got weir__tls_read(weir__tls_session *s, char *to, size_t room, size_t *n, weir_status *st)
{
    ERR_clear_error();
    int rc = SSL_read_ex(s->ssl, to, room, n);
    if (rc == 1) {
        return WEIR__TLS_DATA;
    }
    switch (SSL_get_error(s->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return WEIR__TLS_NONE;
    case SSL_ERROR_ZERO_RETURN:
        return WEIR__TLS_END;
    default:
        broken(s, WEIR_EIO, st);
        return WEIR__TLS_BROKEN;
    }
}

weir_rc weir__tls_write(weir__tls_session *s, const char *p, size_t n, weir_status *st)
{
    size_t done = 0;
    ERR_clear_error();
    if (SSL_write_ex(s->ssl, p, n, &done) != 1) {
        return broken(s, WEIR_EIO, st);
    }
    WEIR_ASSERT(done == n); /* a memory BIO takes everything */
    return WEIR_OK;
}

void weir__tls_say_end(weir__tls_session *s)
{
    ERR_clear_error();
    SSL_shutdown(s->ssl);
    ERR_clear_error();
}

weir_sv weir__tls_alpn(const weir__tls_session *s)
{
    const unsigned char *p;
    unsigned n;
    SSL_get0_alpn_selected(s->ssl, &p, &n);
    return weir_sv_of((const char *)p, n);
}

const char *weir__tls_subject(weir__tls_session *s)
{
    bool verified = SSL_get_verify_mode(s->ssl) != SSL_VERIFY_NONE;
    X509 *cert = s->subject[0] || !verified ? NULL : SSL_get0_peer_certificate(s->ssl);
    if (cert) {
        BIO *text = BIO_new(BIO_s_mem());
        WEIR_ASSERT(text != NULL);
        X509_NAME_print_ex(text, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253);
        /* Half a name could be somebody else's: one that does not fit is none. */
        bool fits = BIO_ctrl_pending(text) < sizeof s->subject;
        int n = fits ? BIO_read(text, s->subject, sizeof s->subject - 1) : 0;
        s->subject[n > 0 ? n : 0] = '\0';
        BIO_free(text);
    }
    return s->subject;
}
