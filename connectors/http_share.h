/* HTTP listeners that several sources share: one for each address, open while somebody has a path on it.
 * Loop thread. */
#pragma once
#include "connectors/http_server.h"

/* What all sources on one address must agree on, or leave empty. */
typedef struct weir_http_share_spec {
    const char *listen;
    const char *tls_cert, *tls_key, *tls_ca; /* NULL: plain; no certificates asked for */
    bool insecure;
    bool authenticates;
    uint32_t connections_max;
    const char *const *origins; /* borrowed while it is open */
    size_t n_origins;
} weir_http_share_spec;

weir_rc weir_http_share_open(weir_loop *l, const weir_http_share_spec *spec, weir_http_server **out,
                             weir_status *st);
void weir_http_share_close(weir_http_server *s); /* the last one closes it; NULL is fine */
