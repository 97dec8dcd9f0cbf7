/* See http_url.h. The library that will use a URL reads it, so that what is compared is what is asked for. */
#include "connectors/http_url.h"

#include <curl/curl.h>

#define URL_BYTES_MAX 65536u

/* A NUL-terminated copy; NULL: no such URL. */
static char *text_of(weir_sv s)
{
    if (s.n > URL_BYTES_MAX || memchr(s.n ? s.p : "", 0, s.n)) {
        return NULL;
    }
    char *text = weir_alloc(s.n + 1);
    memcpy(text, s.n ? s.p : "", s.n);
    text[s.n] = 0;
    return text;
}

static CURLUcode set(CURLU *u, CURLUPart part, weir_sv value, unsigned flags)
{
    char *text = text_of(value);
    CURLUcode rc = text ? curl_url_set(u, part, text, flags) : CURLUE_MALFORMED_INPUT;
    weir_free(text);
    return rc;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *x = NULL;
    char *y = NULL;
    bool same = curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                weir_sv_ieq(weir_sv_cstr(x), weir_sv_cstr(y));
    curl_free(x);
    curl_free(y);
    return same;
}

static void add_url(CURLU *u, weir_buf *out)
{
    char *text = NULL;
    if (curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK) {
        weir_buf_str(out, text);
    }
    curl_free(text);
}

weir_rc weir_http_url_follow(weir_sv base, weir_sv ref, weir_buf *out, weir_status *st)
{
    CURLU *from = curl_url();
    CURLU *to = curl_url();
    weir_rc rc = WEIR_OK;
    if (set(from, CURLUPART_URL, base, 0) != CURLUE_OK || set(to, CURLUPART_URL, base, 0) != CURLUE_OK ||
        set(to, CURLUPART_URL, ref, 0) != CURLUE_OK) {
        rc = weir_fail(st, WEIR_EUSAGE, "the next page is no URL");
    } else if (!same_part(from, to, CURLUPART_SCHEME) || !same_part(from, to, CURLUPART_HOST) ||
               !same_part(from, to, CURLUPART_PORT)) {
        rc = weir_fail(st, WEIR_EUSAGE, "the next page is of another server");
    } else {
        add_url(to, out);
    }
    curl_url_cleanup(from);
    curl_url_cleanup(to);
    return rc;
}

weir_rc weir_http_url_with(weir_sv url, weir_sv name, weir_sv value, weir_buf *out, weir_status *st)
{
    CURLU *u = curl_url();
    weir_buf pair = {0};
    weir_buf_sv(&pair, name);
    weir_buf_byte(&pair, '=');
    weir_buf_sv(&pair, value);
    bool ok = set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              set(u, CURLUPART_QUERY, weir_buf_view(&pair), CURLU_APPENDQUERY | CURLU_URLENCODE) == CURLUE_OK;
    if (ok) {
        add_url(u, out);
    }
    weir_buf_deinit(&pair);
    curl_url_cleanup(u);
    return ok ? WEIR_OK : weir_fail(st, WEIR_EUSAGE, "not a URL");
}

/* One parameter behind a target: rel="prev next", until ',' or ';'. */
static bool says_next(weir_sv p)
{
    const char *eq = p.n ? memchr(p.p, '=', p.n) : NULL;
    if (!eq || !weir_sv_ieq(weir_sv_trim(weir_sv_of(p.p, (size_t)(eq - p.p))), WEIR_SV("rel"))) {
        return false;
    }
    weir_sv value = weir_sv_trim(weir_sv_of(eq + 1, (size_t)(p.p + p.n - eq - 1)));
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
        value = weir_sv_of(value.p + 1, value.n - 2);
    }
    for (uint32_t at = 0; at < value.n;) {
        const char *blank = memchr(value.p + at, ' ', value.n - at);
        uint32_t end = blank ? (uint32_t)(blank - value.p) : value.n;
        if (weir_sv_ieq(weir_sv_of(value.p + at, end - at), WEIR_SV("next"))) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

weir_sv weir_http_link_next(weir_sv header)
{
    for (uint32_t at = 0; at < header.n;) {
        const char *open = memchr(header.p + at, '<', header.n - at);
        const char *close = open ? memchr(open, '>', (size_t)(header.p + header.n - open)) : NULL;
        if (!close) {
            break;
        }
        uint32_t i = (uint32_t)(close - header.p) + 1;
        bool next = false;
        bool quoted = false;
        for (uint32_t from = i;; i++) {
            bool ends = i >= header.n || (!quoted && (header.p[i] == ',' || header.p[i] == ';'));
            if (ends) {
                next |= says_next(weir_sv_of(header.p + from, i - from));
                from = i + 1;
            }
            if (i >= header.n || (ends && header.p[i] == ',')) {
                break;
            }
            quoted ^= header.p[i] == '"';
        }
        if (next) {
            return weir_sv_of(open + 1, (size_t)(close - open) - 1);
        }
        at = i + 1;
    }
    return (weir_sv){0};
}
