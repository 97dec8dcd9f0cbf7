/* Parts of URLs, and the form coding of parameters. What is no URI is a row error. */
#include "operators/fn_text.h"

#include "engine/base/limits.h"
#include "operators/uri.h"

static bool parse(weir_call *c, weir_sv url, weir_uri *out)
{
    if (!weir_uri_parse(url, out)) {
        weir_row_error(c, "URL input has invalid syntax: " WEIR_SV_FMT,
                       WEIR_SV_ARG(weir__shown(url)));
        return false;
    }
    return true;
}

/* An absent part is NULL. */
static weir_value decoded(weir_call *c, weir_sv part)
{
    return part.p ? weir__text(c, weir_uri_decode(c->arena, part)) : weir__none(c);
}

static weir_value fragment(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_uri u;
    return parse(c, args[0].sv, &u) ? decoded(c, u.fragment) : weir__none(c);
}

static weir_value host(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_uri u;
    return parse(c, args[0].sv, &u) && u.host.p ? weir__text(c, u.host) : weir__none(c);
}

static weir_value path(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_uri u;
    return parse(c, args[0].sv, &u) ? decoded(c, u.path) : weir__none(c);
}

static weir_value port(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_uri u;
    return parse(c, args[0].sv, &u) && u.port >= 0 ? weir_int(u.port) : weir__none(c);
}

static weir_value protocol(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_uri u;
    return parse(c, args[0].sv, &u) && u.scheme.p ? weir__text(c, u.scheme) : weir__none(c);
}

static weir_value query(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_uri u;
    return parse(c, args[0].sv, &u) ? decoded(c, u.query) : weir__none(c);
}

/* The query is decoded first and taken apart then, so that a decoded `&` separates. */
static weir_value parameter(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_uri u;
    if (!parse(c, args[0].sv, &u) || !u.query.p) {
        return weir__none(c);
    }
    weir_sv all = weir_uri_decode(c->arena, u.query);
    for (uint32_t from = 0; from <= all.n;) {
        int64_t and = weir_sv_find(all, WEIR_SV("&"), from);
        uint32_t to = and < 0 ? all.n : (uint32_t) and;
        weir_sv pair = weir_sv_of(all.n ? all.p + from : all.p, to - from);
        int64_t equals = weir_sv_find(pair, WEIR_SV("="), 0);
        weir_sv name = weir_sv_of(pair.p, equals < 0 ? pair.n : (uint32_t)equals);
        if (weir_sv_eq(name, args[1].sv)) {
            uint32_t value = equals < 0 ? pair.n : (uint32_t)equals + 1;
            return weir__text(c, weir_sv_of(pair.n ? pair.p + value : "", pair.n - value));
        }
        from = to + 1;
    }
    return weir__none(c);
}

/* ---- application/x-www-form-urlencoded ---- */

static weir_value encode(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_buf out;
    weir_buf_init(&out, WEIR_STRING_BYTES_MAX);
    weir_sv s = args[0].sv;
    for (uint32_t i = 0; i < s.n; i++) {
        char b = s.p[i];
        bool plain = (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ||
                     b == '-' || b == '_' || b == '.' || b == '*';
        if (plain || b == ' ') {
            weir_buf_byte(&out, plain ? b : '+');
        } else {
            weir_buf_byte(&out, '%');
            weir_hex_encode(&out, weir_sv_of(&b, 1), true);
        }
    }
    return weir__taken(c, &out);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two characters as Java reads a number: the first may be a sign. -1 when they are none. */
static int escaped_byte(const char *p)
{
    int high = p[0] == '+' || p[0] == '-' ? 0 : hex_digit(p[0]);
    int low = hex_digit(p[1]);
    return high < 0 || low < 0 || (p[0] == '-' && low > 0) ? -1 : high << 4 | low;
}

static weir_value decode(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_sv s = args[0].sv;
    char *p = weir__room(c, s.n);
    if (!p) {
        return weir__none(c);
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%') {
            p[at++] = s.p[i] == '+' ? ' ' : s.p[i];
            continue;
        }
        if (s.n - i < 3) {
            return weir_row_error(c, "URLDecoder: Incomplete trailing escape (%%) pattern");
        }
        int byte = escaped_byte(s.p + i + 1);
        if (byte < 0) {
            return weir_row_error(c, "URLDecoder: Illegal hex characters in escape (%%) pattern");
        }
        p[at++] = (char)byte;
        i += 2;
    }
    return weir__text(c, weir_utf8_repair(c->arena, weir_sv_of(p, at)));
}

/* ---- rows ---- */

#define TEXT_ROW(kernel) {{.sig = "STRING -> STRING", .row = (kernel)}}
static const weir_overload decode_rows[] = TEXT_ROW(decode);
static const weir_overload encode_rows[] = TEXT_ROW(encode);
static const weir_overload fragment_rows[] = TEXT_ROW(fragment);
static const weir_overload host_rows[] = TEXT_ROW(host);
static const weir_overload parameter_rows[] = {
    {.sig = "STRING, STRING -> STRING", .row = parameter},
};
static const weir_overload path_rows[] = TEXT_ROW(path);
static const weir_overload port_rows[] = {{.sig = "STRING -> INT", .row = port}};
static const weir_overload protocol_rows[] = TEXT_ROW(protocol);
static const weir_overload query_rows[] = TEXT_ROW(query);

#define ROWS(rows) .overloads = (rows), .n_overloads = WEIR_COUNT(rows)
#define URL "https://example.org:8080/a%20b?x=1&y=%C3%BC#top"

const weir_function weir_fn_url[] = {
    {.name = "URL_DECODE_PARAM", .category = WEIR_CAT_URL,
     .doc = "Takes application/x-www-form-urlencoded coding off a value.",
     .example = "URL_DECODE_PARAM('a+%26+b') → a & b", ROWS(decode_rows)},
    {.name = "URL_ENCODE_PARAM", .category = WEIR_CAT_URL,
     .doc = "Codes a value as application/x-www-form-urlencoded.",
     .example = "URL_ENCODE_PARAM('a & b') → a+%26+b", ROWS(encode_rows)},
    {.name = "URL_EXTRACT_FRAGMENT", .category = WEIR_CAT_URL,
     .doc = "The fragment of a URL, decoded; NULL when it has none.",
     .example = "URL_EXTRACT_FRAGMENT('" URL "') → top", ROWS(fragment_rows)},
    {.name = "URL_EXTRACT_HOST", .category = WEIR_CAT_URL,
     .doc = "The host of a URL; NULL when it has none.",
     .example = "URL_EXTRACT_HOST('" URL "') → example.org", ROWS(host_rows)},
    {.name = "URL_EXTRACT_PARAMETER", .category = WEIR_CAT_URL,
     .doc = "The value of a parameter in a URL's query, decoded; NULL when it is not there.",
     .example = "URL_EXTRACT_PARAMETER('" URL "', 'y') → ü", ROWS(parameter_rows)},
    {.name = "URL_EXTRACT_PATH", .category = WEIR_CAT_URL,
     .doc = "The path of a URL, decoded.",
     .example = "URL_EXTRACT_PATH('" URL "') → /a b", ROWS(path_rows)},
    {.name = "URL_EXTRACT_PORT", .category = WEIR_CAT_URL,
     .doc = "The port of a URL; NULL when it has none.",
     .example = "URL_EXTRACT_PORT('" URL "') → 8080", ROWS(port_rows)},
    {.name = "URL_EXTRACT_PROTOCOL", .category = WEIR_CAT_URL,
     .doc = "The protocol of a URL, which is its scheme.",
     .example = "URL_EXTRACT_PROTOCOL('" URL "') → https", ROWS(protocol_rows)},
    {.name = "URL_EXTRACT_QUERY", .category = WEIR_CAT_URL,
     .doc = "The query of a URL, decoded; NULL when it has none.",
     .example = "URL_EXTRACT_QUERY('" URL "') → x=1&y=ü", ROWS(query_rows)},
};
const uint32_t weir_fn_url_n = WEIR_COUNT(weir_fn_url);
