/* A request to AWS: what is signed is read from the URL by the library that will send it. */
#include "connectors/http_pool_impl.h"

#include <stdlib.h>

/* The parts of a URL as they are sent. */
typedef struct url_parts {
    char *host, *port, *path, *query;
} url_parts;

static bool read_url(weir_sv url, url_parts *out)
{
    weir_buf text = {0};
    CURLU *u = curl_url();
    weir_buf_sv(&text, url);
    bool good = u && curl_url_set(u, CURLUPART_URL, weir_buf_cstr(&text), 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &out->host, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_PATH, &out->path, 0) == CURLUE_OK;
    if (good) { /* these fail where there is none */
        curl_url_get(u, CURLUPART_PORT, &out->port, CURLU_NO_DEFAULT_PORT);
        curl_url_get(u, CURLUPART_QUERY, &out->query, 0);
    }
    curl_url_cleanup(u);
    weir_buf_deinit(&text);
    return good;
}

static void free_url(url_parts *u)
{
    curl_free(u->host);
    curl_free(u->port);
    curl_free(u->path);
    curl_free(u->query);
}

static void add_line(weir_http_call *c, const char *name, weir_sv value)
{
    weir_buf line = {0};
    if (value.n) {
        weir_buf_printf(&line, "%s: " WEIR_SV_FMT, name, WEIR_SV_ARG(value));
        weir__http_call_header(c, weir_buf_cstr(&line));
    }
    weir_buf_deinit(&line);
}

static weir_sv type_of(const weir_http_outgoing *r)
{
    weir_sv type = {0};
    for (uint32_t i = 0; i < r->n_headers; i++) {
        type = weir_sv_ieq(r->headers[i].name, WEIR_SV("content-type")) ? r->headers[i].value : type;
    }
    return type;
}

weir_rc weir__http_call_sign(weir_http_call *c, const weir_http_outgoing *r, weir_sv body, weir_status *st)
{
    const weir_aws_login *l = c->pool->set.aws;
    url_parts url = {0};
    weir_buf host = {0};
    weir_aws_signature s = {0};
    bool good = read_url(r->url, &url);
    if (good) {
        weir_buf_printf(&host, "%s%s%s", url.host, url.port ? ":" : "", url.port ? url.port : "");
        weir_aws_request request = {.method = r->method,
                                    .host = weir_buf_view(&host),
                                    .path = weir_sv_cstr(url.path),
                                    .query = url.query ? weir_sv_cstr(url.query) : (weir_sv){0},
                                    .type = type_of(r),
                                    .body = body};
        weir_aws_sign(l, &request, weir_wall_ms() / 1000, &s);
        add_line(c, "Host", request.host);
        add_line(c, "X-Amz-Date", weir_sv_cstr(s.date));
        add_line(c, "X-Amz-Content-Sha256", weir_sv_cstr(s.sha256));
        add_line(c, "X-Amz-Security-Token", l->token);
        add_line(c, "Authorization", weir_buf_view(&s.login));
    }
    weir_buf_deinit(&s.login);
    weir_buf_deinit(&host);
    free_url(&url);
    return good ? WEIR_OK : weir_fail(st, WEIR_EUSAGE, "this is no URL");
}
