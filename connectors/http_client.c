/* On libcurl's easy interface, which keeps connections by itself. */
#include "connectors/http_client.h"

#include "engine/base/limits.h"

#include <curl/curl.h>

#define CONNECT_SECONDS 5L
#define ANSWER_SECONDS 30L

struct weir_http {
    CURL *curl;
    weir_buf body;
};

weir_http *weir_http_new(void)
{
    weir_http *h = weir_zalloc(sizeof *h);
    WEIR_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); /* counts its callers */
    h->curl = curl_easy_init();
    WEIR_ASSERT(h->curl != NULL);
    weir_buf_init(&h->body, WEIR_HTTP_BODY_MAX);
    return h;
}

void weir_http_free(weir_http *h)
{
    if (!h) {
        return;
    }
    curl_easy_cleanup(h->curl);
    curl_global_cleanup();
    weir_buf_deinit(&h->body);
    weir_free(h);
}

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
    weir_buf *body = ctx;
    weir_buf_add(body, p, size * n);
    return body->over ? 0 : size * n; /* 0: stop */
}

static void set_up(weir_http *h, const char *method, const char *url, weir_sv body)
{
    CURL *c = h->curl;
    curl_easy_reset(c); /* keeps the connection */
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, ""); /* not the environment's */
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, ANSWER_SECONDS);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &h->body);
    if (body.n) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body.n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
    }
}

weir_rc weir_http_ask(weir_http *h, const char *method, const char *url, weir_sv body,
                      const char *content_type, weir_http_answer *out, weir_status *st)
{
    weir_buf type = {0};
    char why[CURL_ERROR_SIZE] = "";
    weir_buf_printf(&type, "Content-Type: %s", content_type);
    struct curl_slist *headers = curl_slist_append(NULL, weir_buf_cstr(&type));
    headers = curl_slist_append(headers, "Expect:"); /* a body is sent at once */
    weir_buf_reset(&h->body);
    set_up(h, method, url, body);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(h->curl);
    curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_slist_free_all(headers);
    weir_buf_deinit(&type);
    if (code != CURLE_OK) {
        weir_fail(st, h->body.over ? WEIR_ELIMIT : WEIR_ECONNECT, "%s %s: %s", method, url,
                  h->body.over ? "the answer is too long"
                  : why[0]     ? why
                               : curl_easy_strerror(code));
        if (st) {
            st->retriable = !h->body.over;
        }
        return h->body.over ? WEIR_ELIMIT : WEIR_ECONNECT;
    }
    long status = 0;
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    *out = (weir_http_answer){(int32_t)status, weir_buf_view(&h->body)};
    return WEIR_OK;
}
