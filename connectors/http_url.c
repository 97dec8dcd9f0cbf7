/* URLs are read by the library that will use them, so that what is judged is what is asked for. */
#include "connectors/http_guard.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "engine/base/limits.h"

/* An address where a name could be: it is known now already. */
static weir_rc check_literal(const weir_http_guard *g, const char *host, const char *port,
                             weir_status *st)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    memset(&address, 0, sizeof address);
    char bare[INET6_ADDRSTRLEN + 1] = "";
    size_t n = strlen(host);
    uint16_t number = htons((uint16_t)strtoul(port, NULL, 10));
    if (host[0] == '[' && n > 2 && n - 2 < sizeof bare) {
        memcpy(bare, host + 1, n - 2);
    }
    if (inet_pton(AF_INET, host, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = number;
    } else if (inet_pton(AF_INET6, bare, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = number;
    } else {
        return WEIR_OK;
    }
    const char *why = weir_http_guard_refuses(g, &address.any);
    if (!why) {
        return WEIR_OK;
    }
    if (st) {
        weir_fail(st, WEIR_EUSAGE, "the URL's address %s:%s is refused: %s", host, port, why);
        weir_hint(st, "http.allow.addresses lists what may be connected to besides public "
                      "addresses on ports 443 and 8443");
    }
    return WEIR_EUSAGE;
}

static weir_rc check_parts(const weir_http_guard *g, CURLU *u, weir_status *st)
{
    char *scheme = NULL;
    char *host = NULL;
    char *port = NULL;
    weir_rc rc = WEIR_OK;
    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
    curl_url_get(u, CURLUPART_HOST, &host, 0);
    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    bool https = scheme && strcmp(scheme, "https") == 0;
    if (!https && !(scheme && strcmp(scheme, "http") == 0)) {
        rc = weir_fail(st, WEIR_EUSAGE, "the URL is neither https nor http");
    } else if (!host || !host[0] || !port) {
        rc = weir_fail(st, WEIR_EUSAGE, "the URL names no host");
    } else if (g && !https && !g->insecure) {
        rc = weir_fail(st, WEIR_EUSAGE, "the URL is not https");
        if (st) {
            weir_hint(st, "http.allow.insecure = 'true' allows plain http");
        }
    } else if (g) {
        rc = check_literal(g, host, port, st);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    return rc;
}

weir_rc weir_http_guard_url(const weir_http_guard *g, weir_sv url, weir_status *st)
{
    if (!url.n || url.n > WEIR_HTTP_URL_MAX) {
        return weir_fail(st, url.n ? WEIR_ELIMIT : WEIR_EUSAGE, "a URL has 1 to %d bytes",
                         WEIR_HTTP_URL_MAX);
    }
    char text[WEIR_HTTP_URL_MAX + 1];
    for (uint32_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];
        if (c <= ' ' || c == 0x7f || c == '\\') {
            return weir_fail(st, WEIR_EUSAGE,
                             "a URL has no blanks, control characters, backslashes");
        }
        text[i] = url.p[i];
    }
    text[url.n] = 0;
    CURLU *u = curl_url();
    WEIR_ASSERT(u != NULL);
    CURLUcode code = curl_url_set(u, CURLUPART_URL, text, g ? CURLU_DISALLOW_USER : 0);
    weir_rc rc =
        code ? weir_fail(st, WEIR_EUSAGE, "the URL cannot be read: %s", curl_url_strerror(code))
             : check_parts(g, u, st);
    curl_url_cleanup(u);
    return rc;
}
