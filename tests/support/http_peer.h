/* tests/support/http_peer.py from C: a scripted HTTP server on loopback. Tests run in the root of
 * the repository. */
#pragma once
#include <stdint.h>

typedef struct http_peer http_peer;
/* `options` as on its command line, e.g. "--tls FOLDER"; NULL: none. Fails the test when it does
 * not start. */
http_peer *http_peer_start(const char *options);
void http_peer_stop(http_peer *p);
/* "http://127.0.0.1:12345" + path; until the next call. */
const char *http_peer_url(http_peer *p, const char *path);
uint16_t http_peer_port(const http_peer *p);
/* `answers`: JSON, separated by commas. */
void http_peer_on(http_peer *p, const char *pattern, const char *answers);
/* The answer to a command, a JSON text: {"requests": "*", "wait": 1}; until the next call. */
const char *http_peer_ask(http_peer *p, const char *command);
