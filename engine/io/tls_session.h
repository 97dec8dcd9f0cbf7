/* One side of one TLS connection, without a socket: received bytes go in with weir__tls_feed, bytes to
 * be sent come out with weir__tls_drain. For engine/io. */
#pragma once
#include "engine/base/buf.h"
#include "engine/io/tls.h"

typedef struct weir__tls_session weir__tls_session;

weir_tls *weir__tls_share(const weir_tls *t); /* one more owner; each calls weir_tls_free */

/* `name` is what the certificate of a client's peer must be for, a name or an address. */
weir__tls_session *weir__tls_start(const weir_tls *t, const char *name);
void weir__tls_free(weir__tls_session *s);
void weir__tls_feed(weir__tls_session *s, const char *p, size_t n);
bool weir__tls_has_output(const weir__tls_session *s);
void weir__tls_drain(weir__tls_session *s, weir_buf *out);

/* As far as it goes with what was fed. */
weir_rc weir__tls_shake(weir__tls_session *s, bool *done, weir_status *st);
typedef enum weir__tls_got {
    WEIR__TLS_DATA,
    WEIR__TLS_NONE, /* until more is fed */
    WEIR__TLS_END,  /* the peer has said that it sends no more */
    WEIR__TLS_BROKEN,
} weir__tls_got;
weir__tls_got weir__tls_read(weir__tls_session *s, char *to, size_t room, size_t *n, weir_status *st);
/* After the handshake. */
weir_rc weir__tls_write(weir__tls_session *s, const char *p, size_t n, weir_status *st);
void weir__tls_say_end(weir__tls_session *s);
weir_sv weir__tls_alpn(const weir__tls_session *s);
/* Of the peer's certificate; empty: it has shown none. */
const char *weir__tls_subject(weir__tls_session *s);
