/* What a handler asks a request. Parameters are decoded when they are asked for, each to its own place
 * in a copy of the query, so that a view once given stays. */
#include "connectors/http_server_impl.h"

weir_sv weir_http_method(const weir_http_req *r)
{
    return weir_http1_method(&r->http);
}

weir_sv weir_http_path(const weir_http_req *r)
{
    return r->path;
}

weir_sv weir_http_query(const weir_http_req *r)
{
    return weir_http1_text(&r->http, r->http.query_at, r->http.query_n);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int64_t weir_http_unescape(weir_sv text, bool plus, char *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
            int low = i + 2 < text.n ? hex_digit(text.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return -1;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n++] = c;
    }
    return n;
}

/* `part` of the query, decoded; as it is when it cannot be. */
static weir_sv decoded(weir_http_req *r, weir_sv part)
{
    weir_sv query = weir_http_query(r);
    if (!memchr(part.p, '%', part.n) && !memchr(part.p, '+', part.n)) {
        return part;
    }
    char *copy = weir_buf_reserve(&r->params, query.n); /* of the same size each time: stays */
    char *to = copy + (part.p - query.p);
    int64_t n = weir_http_unescape(part, true, to);
    return n < 0 ? part : (weir_sv){to, (uint32_t)n};
}

bool weir_http_next_param(weir_http_req *r, uint32_t *at, weir_sv *name, weir_sv *value)
{
    weir_sv query = weir_http_query(r);
    while (*at < query.n) {
        const char *p = query.p + *at;
        uint32_t left = query.n - *at;
        const char *end = memchr(p, '&', left);
        weir_sv pair = {p, end ? (uint32_t)(end - p) : left};
        *at += pair.n + (end != NULL);
        if (pair.n == 0) {
            continue;
        }
        const char *equals = memchr(pair.p, '=', pair.n);
        uint32_t n = equals ? (uint32_t)(equals - pair.p) : pair.n;
        uint32_t skip = n + (equals != NULL);
        *name = decoded(r, (weir_sv){pair.p, n});
        *value = decoded(r, (weir_sv){pair.p + skip, pair.n - skip});
        return true;
    }
    return false;
}

bool weir_http_param(weir_http_req *r, const char *name, weir_sv *value)
{
    uint32_t at = 0;
    weir_sv found;
    while (weir_http_next_param(r, &at, &found, value)) {
        if (weir_sv_eq(found, weir_sv_cstr(name))) {
            return true;
        }
    }
    return false;
}

bool weir_http_header(const weir_http_req *r, const char *name, weir_sv *value)
{
    return weir_http1_header(&r->http, weir_sv_cstr(name), value);
}

uint32_t weir_http_n_headers(const weir_http_req *r)
{
    return r->http.n_fields;
}

void weir_http_header_at(const weir_http_req *r, uint32_t ix, weir_sv *name, weir_sv *value)
{
    WEIR_ASSERT(ix < r->http.n_fields);
    const weir_http1_field *f = &r->http.fields[ix];
    *name = weir_http1_text(&r->http, f->name_at, f->name_n);
    *value = weir_http1_text(&r->http, f->value_at, f->value_n);
}

weir_sv weir_http_body(const weir_http_req *r)
{
    return weir_buf_view(&r->body);
}

const char *weir_http_remote(const weir_http_req *r)
{
    return r->remote;
}

const char *weir_http_subject(const weir_http_req *r)
{
    return r->subject ? r->subject : "";
}

bool weir_http_is_tls(const weir_http_req *r)
{
    return r->is_tls;
}
