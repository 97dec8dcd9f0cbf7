/* See http_options.h. */
#include "connectors/http_options.h"

static const char *text_of(const weir_conn *c, const char *option)
{
    return weir_conn_text(c, option).n ? weir_conn_cstr(c, option) : NULL;
}

void weir_http_options_pool(const weir_conn *c, weir_http_pool_settings *out)
{
    out->connect_ms = (uint32_t)weir_conn_int(c, "http.connect.timeout.ms");
    out->total_ms = (uint32_t)weir_conn_int(c, "http.request.timeout.ms");
    out->http2 = !weir_conn_is(c, "http.version", "1.1");
    out->tls_unverified = !weir_conn_bool(c, "tls.verify");
    out->tls_ca = text_of(c, "tls.ca.file");
    out->tls_cert = text_of(c, "tls.cert.file");
    out->tls_key = text_of(c, "tls.key.file");
    out->tls_key_password = text_of(c, "tls.key.password");
    out->tls_server_name = text_of(c, "tls.server.name");
    out->proxy = text_of(c, "http.proxy");
}

void weir_http_options_warn(weir_conn *c)
{
    if (!weir_conn_bool(c, "tls.verify")) {
        weir_conn_trouble(c, "'tls.verify' is false: anybody in between can read and change what is said");
    }
}

weir_rc weir_http_options_guard(const weir_conn *c, weir_http_guard *out, weir_status *st)
{
    weir_status why;
    weir_status_reset(&why);
    return weir_http_guard_parse(weir_conn_text(c, "http.allow.addresses"),
                                 weir_conn_bool(c, "http.allow.insecure"), out, &why) == WEIR_OK
               ? WEIR_OK
               : weir_conn_refuse(c, "http.allow.addresses", 0, 0, st, "%s", why.msg);
}

weir_rc weir_http_options_url(const weir_conn *c, const char *option, const weir_http_guard *g, weir_sv url,
                              weir_status *st)
{
    weir_status why;
    weir_status_reset(&why);
    if (weir_http_guard_url(g, url, &why) != WEIR_OK) {
        weir_conn_refuse(c, option, 0, 0, st, "%s", why.msg);
        return why.hint[0] ? weir_hint(st, "%s", why.hint) : st->rc;
    }
    return weir_conn_is(c, "http.version", "2") && !weir_sv_istarts(url, WEIR_SV("https:"))
               ? weir_conn_refuse(c, "http.version", 0, 0, st, "HTTP/2 is agreed on in TLS, and this URL is not https")
               : WEIR_OK;
}
