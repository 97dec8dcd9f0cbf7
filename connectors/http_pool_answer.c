/* One answer: what is taken of it, and what its end means. */
#include "connectors/http_pool_impl.h"

#include <stdlib.h>

#define RETRY_AFTER_BYTES 64
#define RETRY_AFTER_MAX_S INT64_C(1000000000) /* 30 years */
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

/* --- what comes --- */

size_t weir__http_take_body(char *p, size_t size, size_t n, void *call)
{
    weir_http_call *c = call;
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
size_t weir__http_take_head(char *p, size_t size, size_t n, void *call)
{
    weir_http_call *c = call;
    weir_sv line = weir_sv_of(p, size * n);
    c->head_bytes += line.n;
    if (weir_sv_starts(line, WEIR_SV("HTTP/"))) {
        c->headed = false;
        c->length = -1;
    } else if (line.n && (line.p[0] == '\r' || line.p[0] == '\n')) {
        c->headed = true;
    }
    c->odd = c->head_bytes > HEADS_MAX ? "the head of the answer is too long"
             : is_odd_length(c, line)  ? "the answer has two lengths, or one that is no number"
                                       : NULL;
    return c->odd ? 0 : line.n; /* 0: stop */
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
