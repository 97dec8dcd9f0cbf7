/* One request: what is asked of the library for it, and what its end means. */
#include "connectors/http_pool_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/compress.h"
#include "engine/base/limits.h"

#define KEPT_MAX (256 << 10) /* bytes of a buffer that stay with a call for the next request */
#define GZIP_FROM 512        /* a smaller body is one packet either way */
#define RETRY_AFTER_BYTES 64
#define RETRY_AFTER_MAX_S INT64_C(1000000000) /* 30 years */
#define HEADER_MAX 16384                      /* bytes of one header: servers refuse longer ones */
#define LENGTH_DIGITS_MAX 18
#define HEADS_MAX (256u << 10) /* bytes of an answer's heads and trailers: the library keeps them all */

static const char *const failure_names[] = {
    "answered", "unresolved", "unreachable", "timed out", "TLS",
    "reset",    "too large",  "blocked",     "malformed",
}; /* ORDER weir_http_failure */

const char *weir_http_failure_name(weir_http_failure f)
{
    WEIR_ASSERT((size_t)f < WEIR_COUNT(failure_names));
    return failure_names[f];
}

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

static size_t take_answer(char *p, size_t size, size_t n, void *ctx)
{
    weir_http_call *c = ctx;
    size_t left = c->pool->set.answer_max - c->answer.n;
    size_t bytes = size * n;
    c->over = bytes > left;
    weir_buf_add(&c->answer, p, c->over ? left : bytes);
    return c->over ? 0 : bytes; /* 0: stop */
}

/* Content-Length: digits, and the same each time: of several the library takes the last. */
static bool is_odd_length(weir_http_call *c, weir_sv line)
{
    static const weir_sv name = {"content-length:", 15};
    if (!weir_sv_istarts(line, name)) {
        return false;
    }
    weir_sv digits = weir_sv_trim(weir_sv_of(line.p + name.n, line.n - name.n));
    int64_t length = 0;
    bool odd = digits.n == 0 || digits.n > LENGTH_DIGITS_MAX;
    for (uint32_t i = 0; !odd && i < digits.n; i++) {
        odd = digits.p[i] < '0' || digits.p[i] > '9';
        length = length * 10 + (digits.p[i] - '0');
    }
    odd |= c->length >= 0 && c->length != length;
    c->length = length;
    return odd;
}

/* Line by line. A connection that ends within the last head is no end of an answer, as the library has it. */
static size_t take_head(char *p, size_t size, size_t n, void *ctx)
{
    weir_http_call *c = ctx;
    weir_sv line = weir_sv_of(p, size * n);
    c->head_bytes += line.n;
    if (weir_sv_starts(line, WEIR_SV("HTTP/"))) {
        c->headed = false;
        c->length = -1;
    } else if (weir_sv_trim(line).n == 0) {
        c->headed = true;
    }
    c->odd = c->head_bytes > HEADS_MAX ? "the head of the answer is too long"
             : is_odd_length(c, line)  ? "the answer has two lengths, or one that is no number"
                                       : NULL;
    return c->odd ? 0 : line.n; /* 0: stop */
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
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_head);
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

/* --- its end --- */

static weir_http_failure failure_of(const weir_http_call *c, CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK:
        return c->headed ? WEIR_HTTP_ANSWERED : WEIR_HTTP_RESET;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return WEIR_HTTP_UNRESOLVED;
    case CURLE_COULDNT_CONNECT:
        return c->refused[0] && !c->opened ? WEIR_HTTP_BLOCKED : WEIR_HTTP_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        return WEIR_HTTP_TIMED_OUT;
    case CURLE_WRITE_ERROR:
        return c->over ? WEIR_HTTP_TOO_LARGE : c->odd ? WEIR_HTTP_MALFORMED : WEIR_HTTP_RESET;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
        return WEIR_HTTP_TLS;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: anything */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
        return WEIR_HTTP_MALFORMED;
    case CURLE_HTTP2_STREAM:
        return WEIR_HTTP_RESET;
    default:
        return c->opened || c->why[0] ? WEIR_HTTP_RESET : WEIR_HTTP_UNREACHABLE;
    }
}

int64_t weir_http_retry_after(weir_sv value, int64_t now_ms)
{
    char text[RETRY_AFTER_BYTES];
    value = weir_sv_trim(value);
    if (!value.n || value.n >= sizeof text) {
        return -1;
    }
    memcpy(text, value.p, value.n);
    text[value.n] = 0;
    if (strspn(text, "0123456789") == value.n) {
        return weir_min64(strtoll(text, NULL, 10), RETRY_AFTER_MAX_S) * 1000;
    }
    bool named = (text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z');
    int64_t at = named ? curl_getdate(text, NULL) : -1; /* dates begin with the day's name */
    int64_t most = now_ms / 1000 + RETRY_AFTER_MAX_S;
    return at < 0 ? -1 : weir_max64(weir_min64(at, most) * 1000 - now_ms, 0);
}

weir_sv weir_http_result_field(const weir_http_result *r, const char *name)
{
    struct curl_header *h = NULL;
    CURLHcode code = curl_easy_header(r->call->easy, name, 0, CURLH_HEADER, -1, &h);
    if (code != CURLHE_OK) {
        return (weir_sv){0};
    }
    if (h->index + 1 < h->amount) { /* several: the last one */
        curl_easy_header(r->call->easy, name, h->amount - 1, CURLH_HEADER, -1, &h);
    }
    return weir_sv_cstr(h->value);
}

static int32_t version_of(CURL *e)
{
    long version = 0;
    curl_easy_getinfo(e, CURLINFO_HTTP_VERSION, &version);
    switch (version) {
    case CURL_HTTP_VERSION_1_0:
        return 10;
    case CURL_HTTP_VERSION_1_1:
        return 11;
    case CURL_HTTP_VERSION_2_0:
        return 20;
    default:
        return 0;
    }
}

static int64_t time_of(CURL *e, CURLINFO which)
{
    curl_off_t us = 0;
    curl_easy_getinfo(e, which, &us);
    return (int64_t)us;
}

static const char *why_of(const weir_http_call *c, weir_http_failure failure, CURLcode code)
{
    switch ((int)failure) {
    case WEIR_HTTP_ANSWERED:
        return "";
    case WEIR_HTTP_BLOCKED:
        return c->refused;
    case WEIR_HTTP_TOO_LARGE:
        return "the answer is too long";
    default:
        return c->odd             ? c->odd
               : code == CURLE_OK ? "the connection ended within the head of the answer"
               : c->why[0]        ? c->why
                                  : curl_easy_strerror(code);
    }
}

void weir__http_call_end(weir_http_call *c, CURLcode code)
{
    CURL *e = c->easy;
    long status = 0;
    long n_connects = 0;
    curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(e, CURLINFO_NUM_CONNECTS, &n_connects);
    weir_http_result r = {
        .failure = failure_of(c, code),
        .status = (int32_t)status,
        .body = weir_buf_view(&c->answer),
        .retry_after_ms = -1,
        .reused = n_connects == 0 && status != 0,
        .http_version = version_of(e),
        .connected_us =
            weir_max64(time_of(e, CURLINFO_CONNECT_TIME_T), time_of(e, CURLINFO_APPCONNECT_TIME_T)),
        .first_byte_us = status ? time_of(e, CURLINFO_STARTTRANSFER_TIME_T) : 0,
        .total_us = time_of(e, CURLINFO_TOTAL_TIME_T),
        .call = c,
    };
    r.why = why_of(c, r.failure, code);
    r.connected_us = r.reused ? 0 : r.connected_us;
    weir_sv after = weir_http_result_field(&r, "Retry-After");
    if (after.p) {
        r.retry_after_ms = weir_http_retry_after(after, weir_wall_ms());
    }
    c->done(c->ctx, &r);
}
