/* Options of connectors that ask over HTTP: the rows they share, and what is made of them. */
#pragma once
#include "connectors/conn.h"
#include "connectors/http_pool.h"

/* TLS, proxy, version, times. `version`: the standard one. */
#define WEIR_HTTP_OPTIONS(version)                                                                       \
    {"tls.ca.file", "https.ssl.ca.file", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                        \
     "Authorities that are trusted, PEM; otherwise the system's."},                                      \
        {"tls.cert.file", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "Our certificate, PEM."},       \
        {"tls.key.file", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "Its key, PEM."},                \
        {"tls.key.password", NULL, WEIR_CONN_SECRET, NULL, false, 0, 0, NULL, "What opens the key."},    \
        {"tls.server.name", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                               \
         "The name that the server's certificate must have; otherwise the URL's host."},                 \
        {"tls.verify", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,                               \
         "Certificates are checked; without that anybody in between can read and change what is said."}, \
        {"http.proxy", "proxy.url", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,                           \
         "http://host:port, or http://name:password@host:port, of a proxy that connects for us, and "    \
         "decides where to; those that the environment names are never used."},                          \
        {"http.version", NULL, WEIR_CONN_CHOICE, version, false, 0, 0, "auto|1.1|2",                     \
         "auto: HTTP/2 where the server agrees to it in TLS; 1.1: never; 2: as auto, but plain http is " \
         "refused."},                                                                                    \
        {"http.connect.timeout.ms",                                                                      \
         "connect.timeout.ms|connection.timeout.ms|connect.http.connection.timeout.ms", WEIR_CONN_MS,    \
         "5s", false, 1, 3600000, NULL, "How long a connection may take, with name and TLS."},           \
    {                                                                                                    \
        "http.request.timeout.ms", "request.timeout.ms|read.timeout.ms|connect.http.request.timeout.ms", \
            WEIR_CONN_MS, "30s", false, 1, 3600000, NULL, "How long a request may take in all."          \
    }

/* Where requests may go. */
#define WEIR_HTTP_GUARD_OPTIONS                                                                          \
    {"http.allow.addresses", NULL, WEIR_CONN_TEXT, "", false, 0, 0, NULL,                                \
     "Ranges that may be connected to besides public addresses on ports 443 and 8443: 10.0.0.0/8, ::1."},\
    {                                                                                                    \
        "http.allow.insecure", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,                      \
            "Plain http is allowed, too."                                                                \
    }

/* Fills in what the rows of WEIR_HTTP_OPTIONS say. */
void weir_http_options_pool(const weir_conn *c, weir_http_pool_settings *out);
/* Tells what is dangerous in them; once it has started. */
void weir_http_options_warn(weir_conn *c);
weir_rc weir_http_options_guard(const weir_conn *c, weir_http_guard *out, weir_status *st);
/* Whether requests may go to `url`, which `option` tells. */
weir_rc weir_http_options_url(const weir_conn *c, const char *option, const weir_http_guard *g, weir_sv url,
                              weir_status *st);
