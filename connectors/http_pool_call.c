/* One request: what is asked of the library for it. */
#include "connectors/http_pool_impl.h"

#include <stdio.h>

#include "engine/base/compress.h"
#include "engine/base/limits.h"

#define KEPT_MAX (256 << 10) /* bytes of a buffer that stay with a call for the next request */
#define GZIP_FROM 512        /* a smaller body is one packet either way */
#define HEADER_MAX 16384     /* bytes of one header: servers refuse longer ones */

weir_http_call *weir__http_call_new(weir_http_pool *p)
{
    weir_http_call *c = weir_zalloc(sizeof *c);
    c->pool = p;
    c->easy = curl_easy_init();
    WEIR_ASSERT(c->easy != NULL);
    return c;
}

void weir__http_call_free(weir_http_call *c)
{
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    curl_slist_free_all(c->connect_to);
    weir_buf_deinit(&c->answer);
    weir_buf_deinit(&c->packed);
    weir_free(c);
}

static void keep_small(weir_buf *b)
{
    if (b->cap > KEPT_MAX) {
        weir_buf_deinit(b);
    }
    weir_buf_reset(b);
}

void weir__http_call_reset(weir_http_call *c)
{
    curl_easy_reset(c->easy); /* its connection is the pool's, and stays */
    curl_slist_free_all(c->headers);
    curl_slist_free_all(c->connect_to);
    c->headers = NULL;
    c->connect_to = NULL;
    keep_small(&c->answer);
    keep_small(&c->packed);
    c->head_bytes = 0;
    c->headed = false;
    c->odd = NULL;
    c->over = false;
    c->opened = false;
    c->why[0] = 0;
    c->refused[0] = 0;
}

/* --- the request --- */

static bool is_token(weir_sv s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    (c && strchr("!#$%&'*+-.^_`|~", c));
        if (!good) {
            return false;
        }
    }
    return s.n > 0;
}

/* What frames a message is not the caller's. */
static bool frames(weir_sv name)
{
    static const char *const own[] = {
        "content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade"};
    for (size_t i = 0; i < WEIR_COUNT(own); i++) {
        if (weir_sv_ieq(name, weir_sv_cstr(own[i]))) {
            return true;
        }
    }
    return false;
}

weir_rc weir_http_field_check(const weir_http_field *h, weir_status *st)
{
    if (!is_token(h->name) || frames(h->name)) {
        return weir_fail(st, WEIR_EUSAGE, "header \"" WEIR_SV_FMT "\" cannot be sent",
                         WEIR_SV_ARG(h->name));
    }
    for (uint32_t i = 0; i < h->value.n; i++) {
        unsigned char c = (unsigned char)h->value.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return weir_fail(st, WEIR_EUSAGE,
                             "header \"" WEIR_SV_FMT "\": its value has a control character",
                             WEIR_SV_ARG(h->name));
        }
    }
    if (h->name.n + (uint64_t)h->value.n > HEADER_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "header \"" WEIR_SV_FMT "\": more than %d bytes",
                         WEIR_SV_ARG(h->name), HEADER_MAX);
    }
    return WEIR_OK;
}

void weir__http_call_header(weir_http_call *c, const char *line)
{
    c->headers = curl_slist_append(c->headers, line);
    WEIR_ASSERT(c->headers != NULL);
}

static weir_rc set_headers(weir_http_call *c, const weir_http_outgoing *r, bool packed,
                           weir_status *st)
{
    weir_buf line = {0};
    bool has_type = false;
    for (uint32_t i = 0; i < r->n_headers; i++) {
        const weir_http_field *h = &r->headers[i];
        weir_rc rc = weir_http_field_check(h, st);
        if (rc != WEIR_OK) {
            weir_buf_deinit(&line);
            return rc;
        }
        weir_buf_reset(&line);
        weir_buf_sv(&line, h->name);
        weir_buf_str(&line, h->value.n ? ": " : ";"); /* ';' is how the library takes empty ones */
        weir_buf_sv(&line, h->value);
        weir__http_call_header(c, weir_buf_cstr(&line));
        has_type |= weir_sv_ieq(h->name, WEIR_SV("content-type"));
    }
    weir_buf_deinit(&line);
    if (packed) {
        weir__http_call_header(c, "Content-Encoding: gzip");
    }
    if (!has_type) {
        weir__http_call_header(c, "Content-Type:"); /* not a form */
    }
    weir__http_call_header(c, "Expect:"); /* a body is sent at once */
    return WEIR_OK;
}

/* The URL gets the name that TLS is to check; the connection still goes to the URL's own host. */
static weir_rc set_server_name(weir_http_call *c, const char *url, weir_status *st)
{
    CURLU *u = curl_url();
    char *host = NULL;
    char *port = NULL;
    char *plain_port = NULL;
    char *renamed = NULL;
    weir_buf line = {0};
    bool good = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_set(u, CURLUPART_HOST, c->pool->set.tls_server_name, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_URL, &renamed, 0) == CURLUE_OK;
    if (good) {
        curl_url_get(u, CURLUPART_PORT, &plain_port, 0); /* fails where the URL names none */
        weir_buf_printf(&line, "::%s:%s", host, port);
        c->connect_to = curl_slist_append(NULL, weir_buf_cstr(&line));
        weir_buf_reset(&line);
        weir_buf_printf(&line, "Host: %s%s%s", host, plain_port ? ":" : "",
                        plain_port ? plain_port : "");
        if (!c->pool->set.aws) { /* which signs it */
            weir__http_call_header(c, weir_buf_cstr(&line));
        }
        curl_easy_setopt(c->easy, CURLOPT_URL, renamed);
        curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, c->connect_to);
    }
    weir_buf_deinit(&line);
    curl_free(host);
    curl_free(port);
    curl_free(plain_port);
    curl_free(renamed);
    curl_url_cleanup(u);
    return good ? WEIR_OK : weir_fail(st, WEIR_EUSAGE, "the TLS server name is no host name");
}

static weir_rc set_url(weir_http_call *c, weir_sv url, weir_status *st)
{
    WEIR_TRY(weir_http_guard_url(c->pool->set.guard, url, st));
    char text[WEIR_HTTP_URL_MAX + 1];
    memcpy(text, url.p, url.n);
    text[url.n] = 0;
    curl_easy_setopt(c->easy, CURLOPT_URL, text);
    if (c->pool->set.tls_server_name && weir_sv_istarts(url, WEIR_SV("https:"))) {
        return set_server_name(c, text, st);
    }
    return WEIR_OK;
}

static void set_transfer(weir_http_call *c)
{
    const weir_http_pool_settings *s = &c->pool->set;
    CURL *e = c->easy;
    bool insecure = !s->guard || s->guard->insecure;
    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, insecure ? "http,https" : "https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_ms);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)s->total_ms);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)s->slow_bytes);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)s->slow_s);
    curl_easy_setopt(e, CURLOPT_PROXY, s->proxy ? s->proxy : ""); /* "": not the environment's */
    curl_easy_setopt(e, CURLOPT_NOPROXY, s->proxy ? "" : "*");
    curl_easy_setopt(e, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                     s->http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_PIPEWAIT, s->http2 ? 1L : 0L);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, s->accept_gzip ? "gzip" : NULL);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, weir__http_take_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, weir__http_take_head);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->why);
    if (s->guard && !s->proxy) {
        curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, weir__http_open_socket);
        curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
    }
}

static void set_tls(weir_http_call *c)
{
    const weir_http_pool_settings *s = &c->pool->set;
    CURL *e = c->easy;
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, s->tls_unverified ? 0L : 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, s->tls_unverified ? 0L : 2L);
    if (s->tls_ca) {
        curl_easy_setopt(e, CURLOPT_CAINFO, s->tls_ca);
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL); /* these and no others */
    }
    if (s->tls_cert) {
        curl_easy_setopt(e, CURLOPT_SSLCERT, s->tls_cert);
        curl_easy_setopt(e, CURLOPT_SSLKEY, s->tls_key ? s->tls_key : s->tls_cert);
        curl_easy_setopt(e, CURLOPT_KEYPASSWD, s->tls_key_password);
    }
}

/* Whether the body is compressed. */
static bool set_body(weir_http_call *c, const weir_http_outgoing *r)
{
    weir_sv body = r->body;
    bool packed = false;
    if (r->gzip && body.n >= GZIP_FROM) {
        weir_compress(WEIR_COMPRESSION_GZIP, body, &c->packed);
        packed = c->packed.n < body.n;
        body = packed ? weir_buf_view(&c->packed) : body;
    }
    bool may_be_empty = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0 ||
                        strcmp(r->method, "DELETE") == 0 || strcmp(r->method, "OPTIONS") == 0;
    if (body.n || !may_be_empty) {
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, body.n ? body.p : "");
    } else if (strcmp(r->method, "HEAD") == 0) {
        curl_easy_setopt(c->easy, CURLOPT_NOBODY, 1L);
    }
    curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, r->method);
    return packed;
}

weir_rc weir__http_call_begin(weir_http_call *c, const weir_http_outgoing *r, weir_status *st)
{
    if (!is_token(weir_sv_cstr(r->method))) {
        return weir_fail(st, WEIR_EUSAGE, "the method is not a word");
    }
    WEIR_TRY(set_url(c, r->url, st));
    set_transfer(c);
    set_tls(c);
    bool packed = set_body(c, r);
    WEIR_TRY(set_headers(c, r, packed, st));
    if (c->pool->set.aws) {
        WEIR_TRY(weir__http_call_sign(c, r, packed ? weir_buf_view(&c->packed) : r->body, st));
    }
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    c->done = r->done;
    c->ctx = r->ctx;
    return WEIR_OK;
}
