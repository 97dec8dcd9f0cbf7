/* TLS settings: which certificate is shown, which are believed. One is made for many streams; it may
 * be freed while they live. TLS 1.2 at least; no renegotiation, no compression, no early data.
 *
 * Home of OpenSSL, together with tls_session.h. Any thread may make settings. */
#pragma once
#include "engine/base/status.h"

typedef struct weir_tls weir_tls;

/* Files are PEM. A key must be readable by its owner only. */
typedef struct weir_tls_spec {
    const char *cert_file; /* own certificate and chain; a client may have none (NULL) */
    const char *key_file;  /* of cert_file; NULL: it is in cert_file */
    const char *ca_file;   /* a client's peer must be signed by these; NULL: those of the system.
                              A server asks for a certificate signed by these; NULL: asks for none */
    bool insecure;         /* a client that believes everybody */
    const char *alpn;      /* "h2,http/1.1" in order of preference; NULL: not spoken */
} weir_tls_spec;

weir_rc weir_tls_client(const weir_tls_spec *spec, weir_tls **out, weir_status *st);
weir_rc weir_tls_server(const weir_tls_spec *spec, weir_tls **out, weir_status *st);
void weir_tls_free(weir_tls *t); /* NULL is fine */
