/* The HTTP/1.1 request parser: what it understands, every shape that two readers could read
 * differently, each limit at its boundary and one past it; fed whole, cut at every point, and byte by
 * byte, always with the same result. */
#include "tests/support/test.h"

#include <stdlib.h>

#include "connectors/http1.h"

#define BODY_MAX 100

/* Reads all requests in `in`, given in pieces of `first`, then `rest` bytes, and tells what it saw. */
static void tell(weir_sv in, uint32_t first, uint32_t rest, weir_buf *out)
{
    weir_http1 *h = calloc(1, sizeof *h);
    weir_http1_init(h, BODY_MAX);
    bool in_body = false;
    bool over = false;
    for (uint32_t at = 0; at < in.n && !over;) {
        uint32_t n = at == 0 ? first : rest;
        n = n < in.n - at ? n : in.n - at;
        /* A copy, so that the sanitizer sees a read past the piece. */
        char *copy = malloc(n);
        memcpy(copy, in.p + at, n);
        weir_sv left = {copy, n};
        weir_sv piece = {0};
        at += n;
        for (weir_http1_event e; !over && (e = weir_http1_next(h, &left, &piece)) != WEIR_HTTP1_MORE;) {
            switch (e) {
            case WEIR_HTTP1_HEAD:
                weir_buf_printf(out, WEIR_SV_FMT " " WEIR_SV_FMT "|" WEIR_SV_FMT " @" WEIR_SV_FMT "%s%s%s",
                                WEIR_SV_ARG(weir_http1_method(h)),
                                WEIR_SV_ARG(weir_http1_text(h, h->path_at, h->path_n)),
                                WEIR_SV_ARG(weir_http1_text(h, h->query_at, h->query_n)),
                                WEIR_SV_ARG(weir_http1_text(h, h->host_at, h->host_n)),
                                h->http10 ? " 1.0" : "", h->keep_alive ? "" : " close",
                                h->expects ? " expects" : "");
                break;
            case WEIR_HTTP1_BODY:
                assert_true(piece.n > 0);
                weir_buf_str(out, in_body ? "" : " =");
                in_body = true;
                weir_buf_sv(out, piece);
                break;
            case WEIR_HTTP1_DONE:
                weir_buf_str(out, ".\n");
                in_body = false;
                weir_http1_reset(h);
                break;
            case WEIR_HTTP1_BAD:
                weir_buf_printf(out, "%d", h->status);
                assert_non_null(h->problem);
                assert_int_equal(weir_http1_next(h, &left, &piece), WEIR_HTTP1_BAD);
                over = true;
                break;
            case WEIR_HTTP1_MORE:
                break;
            }
        }
        assert_true(over || left.n == 0);
        free(copy);
    }
    if (!over && weir_http1_begun(h)) {
        weir_buf_str(out, "...");
    }
    weir_http1_deinit(h);
    free(h);
}

static void check(weir_sv in, const char *expected)
{
    weir_buf out = {0};
    tell(in, in.n, 1, &out);
    if (!weir_sv_eq(weir_buf_view(&out), weir_sv_cstr(expected))) {
        fail_msg("\"" WEIR_SV_FMT "\" for \"" WEIR_SV_FMT "\" instead of \"%s\"",
                 WEIR_SV_ARG(weir_buf_view(&out)), WEIR_SV_ARG(in), expected);
    }
    uint32_t step = in.n > 2000 ? 997 : 1;
    for (uint32_t cut = 1; cut <= in.n; cut += step) {
        weir_buf_reset(&out);
        tell(in, cut, in.n, &out);
        assert_sv_equal(weir_buf_view(&out), expected);
    }
    weir_buf_reset(&out);
    tell(in, 1, 1, &out);
    assert_sv_equal(weir_buf_view(&out), expected);
    weir_buf_deinit(&out);
}

typedef struct sample {
    const char *in, *out;
} sample;

#define H "Host: h\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" H
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define SEEN "POST /| @h"

static void check_all(const sample *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check(weir_sv_cstr(samples[i].in), samples[i].out);
    }
}

static void requests_are_understood(void **state)
{
    (void)state;
    static const sample samples[] = {
        {GET H "\r\n", "GET /| @h.\n"},
        {GET "hOsT:h\r\n\r\n", "GET /| @h.\n"},
        {GET "Host: \t h \t\r\n\r\n", "GET /| @h.\n"},
        {"\r\n" GET H "\r\n", "GET /| @h.\n"},
        {GET H "X:\r\nY: a, \xc3\xa9 :\t\"b\"\r\n\r\n", "GET /| @h.\n"},
        {"GET /a%20b/c?d=e&f?g HTTP/1.1\r\n" H "\r\n", "GET /a%20b/c|d=e&f?g @h.\n"},
        {"GET /? HTTP/1.1\r\n" H "\r\n", "GET /| @h.\n"},
        {"GET //x HTTP/1.1\r\n" H "\r\n", "GET //x| @h.\n"},
        {"HEAD / HTTP/1.1\r\n" H "\r\n", "HEAD /| @h.\n"},
        {"GET http://other:81/x?y HTTP/1.1\r\n" H "\r\n", "GET /x|y @other:81.\n"},
        {"GET HTTPS://other HTTP/1.1\r\n" H "\r\n", "GET /| @other.\n"},
        {"GET http://other?y HTTP/1.1\r\n" H "\r\n", "GET /|y @other.\n"},
        {"OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS *| @h.\n"},
        {"GET / HTTP/1.0\r\n\r\n", "GET /| @ 1.0 close.\n"},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /| @ 1.0.\n"},
        {GET H "Connection: x, CLOSE\r\n\r\n", "GET /| @h close.\n"},
        {GET H "Connection: keep-alive\r\nConnection: close\r\n\r\n", "GET /| @h close.\n"},
        {GET "Host: [::1]:80\r\n\r\n", "GET /| @[::1]:80.\n"},
        {GET "Host: a.b-c_d:\r\n\r\n", "GET /| @a.b-c_d:.\n"},
        {POST "Content-Length: 3\r\n\r\nabc" GET H "\r\n", SEEN " =abc.\nGET /| @h.\n"},
        {POST "Content-Length: 0\r\n\r\n", SEEN ".\n"},
        {POST "\r\n", SEEN ".\n"},
        {POST "Content-Length: 3\r\nExpect: 100-Continue\r\n\r\nabc", SEEN " expects =abc.\n"},
        {POST "Expect: 100-continue\r\n\r\n", SEEN ".\n"}, /* there is nothing to wait for */
        {"POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\na",
         "POST /| @ 1.0 close =a.\n"},
        {GET H "\r\n" GET H "\r\n" GET H "\r\n", "GET /| @h.\nGET /| @h.\nGET /| @h.\n"},
        {GET H "\r", "..."},
        {"G", "..."},
        {"", ""},
    };
    check_all(samples, WEIR_COUNT(samples));
}

static void chunks_are_put_together(void **state)
{
    (void)state;
    static const sample samples[] = {
        {CHUNKED "3\r\nabc\r\n0\r\n\r\n", SEEN " =abc.\n"},
        {CHUNKED "1\r\na\r\n00000002\r\nbc\r\n0\r\n\r\n" GET H "\r\n", SEEN " =abc.\nGET /| @h.\n"},
        {CHUNKED "a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n",
         SEEN " =01234567890123456789.\n"},
        {CHUNKED "1;x=y;z\r\na\r\n0;last\r\n\r\n", SEEN " =a.\n"},
        {CHUNKED "1;\r\na\r\n0\r\nTrailer: x\r\nOther:\r\n\r\n", SEEN " =a.\n"},
        {POST "transfer-encoding:CHUNKED\r\n\r\n0\r\n\r\n", SEEN ".\n"},
        {CHUNKED "2\r\nab\r\n", SEEN " =ab..."},
    };
    check_all(samples, WEIR_COUNT(samples));
}

/* What two readers may read in two ways. */
static void two_lengths_are_refused(void **state)
{
    (void)state;
    static const sample samples[] = {
        {POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
        {POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "400"},
        {POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", "400"},
        {POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", "400"},
        {POST "Content-Length: 3, 3\r\n\r\n", "400"},
        {POST "Content-Length: +3\r\n\r\n", "400"},
        {POST "Content-Length: -3\r\n\r\n", "400"},
        {POST "Content-Length: 0x3\r\n\r\n", "400"},
        {POST "Content-Length: 3 \x0b\r\n\r\n", "400"},
        {POST "Content-Length: 1 2\r\n\r\n", "400"},
        {POST "Content-Length:\r\n\r\n", "400"},
        {POST "Content-Length: 18446744073709551619\r\n\r\n", "400"},
        {POST "Transfer-Encoding: gzip\r\n\r\n", "400"},
        {POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "400"},
        {POST "Transfer-Encoding: chunked, chunked\r\n\r\n", "400"},
        {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
        {POST "Transfer-Encoding: identity\r\n\r\n", "400"},
        {POST "Transfer-Encoding: xchunked\r\n\r\n", "400"},
        {POST "Transfer-Encoding: chunked;q=1\r\n\r\n", "400"},
        {POST "Transfer-Encoding: \"chunked\"\r\n\r\n", "400"},
        {POST "Transfer-Encoding:\r\n\r\n", "400"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
    };
    check_all(samples, WEIR_COUNT(samples));
}

static void odd_names_are_refused(void **state)
{
    (void)state;
    static const sample samples[] = {
        {POST "Content-Length : 3\r\n\r\n", "400"},
        {POST "Transfer-Encoding : chunked\r\n\r\n", "400"},
        {POST "Transfer-Encoding\t: chunked\r\n\r\n", "400"},
        {POST " Transfer-Encoding: chunked\r\n\r\n", "400"},
        {POST "\tX: y\r\n\r\n", "400"},
        {GET " " H "\r\n", "400"},
        {POST "X: y\r\n folded\r\n\r\n", "400"},
        {POST "X: y\r\n\r\n folded: z\r\n\r\n", SEEN ".\n400"},
        {POST ": y\r\n\r\n", "400"},
        {POST "X\r\n\r\n", "400"},
        {POST "X y\r\n\r\n", "400"},
        {POST "X(y): z\r\n\r\n", "400"},
        {POST "X\xc3\xa9: z\r\n\r\n", "400"},
    };
    check_all(samples, WEIR_COUNT(samples));
}

static void odd_line_ends_are_refused(void **state)
{
    (void)state;
    static const sample samples[] = {
        {"GET / HTTP/1.1\n" H "\r\n", "400"},
        {GET "Host: h\n\r\n", "400"},
        {GET H "\n", "400"},
        {GET "Host: h\rX: y\r\n\r\n", "400"},
        {GET "Host: h\r\r\n\r\n", "400"},
        {GET H "X: a\rb\r\n\r\n", "400"},
        {GET H "X: a\x01\r\n\r\n", "400"},
        {GET H "X: a\x7f\r\n\r\n", "400"},
        {GET "\r\n", "400"},
        {"\r\n\r\n" GET H "\r\n", "400"},
        {"\n" GET H "\r\n", "400"},
        {"\r" GET H "\r\n", "400"},
    };
    check_all(samples, WEIR_COUNT(samples));
}

static void odd_hosts_are_refused(void **state)
{
    (void)state;
    static const sample samples[] = {
        {GET "X: y\r\n\r\n", "400"},
        {GET H H "\r\n", "400"},
        {GET "Host:\r\n\r\n", "400"},
        {GET "Host: a, b\r\n\r\n", "400"},
        {GET "Host: a b\r\n\r\n", "400"},
        {GET "Host: a/b\r\n\r\n", "400"},
        {GET "Host: u@h\r\n\r\n", "400"},
        {GET "Host: h:8x\r\n\r\n", "400"},
        {GET "Host: [::1\r\n\r\n", "400"},
        {GET "Host: []\r\n\r\n", "400"},
        {"GET http://u@h/ HTTP/1.1\r\n" H "\r\n", "400"},
        {"GET http:///x HTTP/1.1\r\n" H "\r\n", "400"},
    };
    check_all(samples, WEIR_COUNT(samples));
}

static void odd_request_lines_are_refused(void **state)
{
    (void)state;
    static const sample samples[] = {
        {"GET /\r\n", "400"},
        {"GET\r\n", "400"},
        {"GET  / HTTP/1.1\r\n", "400"},
        {"GET /  HTTP/1.1\r\n", "400"},
        {"GET / HTTP/1.1 \r\n", "400"},
        {" GET / HTTP/1.1\r\n", "400"},
        {"GET\t/\tHTTP/1.1\r\n", "400"},
        {"GET / x HTTP/1.1\r\n", "400"},
        {"GET /\x80 HTTP/1.1\r\n", "400"},
        {"GET /a\\b HTTP/1.1\r\n", "400"},
        {"GET /#x HTTP/1.1\r\n", "400"},
        {"GET x HTTP/1.1\r\n", "400"},
        {"GET * HTTP/1.1\r\n", "400"},
        {"GET ftp://h/ HTTP/1.1\r\n", "400"},
        {"G(T / HTTP/1.1\r\n", "400"},
        {"GET / http/1.1\r\n", "400"},
        {"GET / HTTP/11\r\n", "400"},
        {"GET / HTTP/1.1x\r\n", "400"},
        {"GET / HTTP/2.0\r\n", "505"},
        {"GET / HTTP/1.2\r\n", "505"},
        {"GET / HTTP/0.9\r\n", "505"},
        {"CONNECT h:80 HTTP/1.1\r\n", "501"},
        {"\x16\x03\x01", "400"},
        {GET H "Expect: 200-ok\r\n\r\n", "417"},
    };
    check_all(samples, WEIR_COUNT(samples));
}

static void odd_chunks_are_refused(void **state)
{
    (void)state;
    static const sample samples[] = {
        {CHUNKED "\r\n", SEEN "400"},
        {CHUNKED "x\r\n", SEEN "400"},
        {CHUNKED ";x\r\n", SEEN "400"},
        {CHUNKED " 1\r\na", SEEN "400"},
        {CHUNKED "1 \r\na", SEEN "400"},
        {CHUNKED "1 ;x\r\na", SEEN "400"},
        {CHUNKED "0x1\r\na", SEEN "400"},
        {CHUNKED "-1\r\na", SEEN "400"},
        {CHUNKED "+1\r\na", SEEN "400"},
        {CHUNKED "1\na", SEEN "400"},
        {CHUNKED "1\ra", SEEN "400"},
        {CHUNKED "1;a\nb\r\na", SEEN "400"},
        {CHUNKED "1;a\rb\r\na", SEEN "400"},
        {CHUNKED "1\r\nab\r\n", SEEN " =a400"},
        {CHUNKED "1\r\na\n0\r\n\r\n", SEEN " =a400"},
        {CHUNKED "1\r\na\rb", SEEN " =a400"},
        {CHUNKED "10000000000000001\r\na", SEEN "400"},
        {CHUNKED "fffffffffffffffff\r\na", SEEN "400"},
        {CHUNKED "0\r\n X: folded\r\n\r\n", SEEN "400"},
        {CHUNKED "0\r\nX : y\r\n\r\n", SEEN "400"},
        {CHUNKED "0\r\n: y\r\n\r\n", SEEN "400"},
        {CHUNKED "0\r\nX\r\n\r\n", SEEN "400"},
        {CHUNKED "0\r\nX: y\n\r\n", SEEN "400"},
        {CHUNKED "0\r\n\rx", SEEN "400"},
        {CHUNKED "0\r\n\n", SEEN "400"},
    };
    check_all(samples, WEIR_COUNT(samples));
}

static void nul_bytes_are_refused(void **state)
{
    (void)state;
    static const char nul[] = GET H "X: a\0b\r\n\r\n";
    check((weir_sv){nul, sizeof nul - 1}, "400");
    static const char nul_name[] = GET H "X\0: b\r\n\r\n";
    check((weir_sv){nul_name, sizeof nul_name - 1}, "400");
    static const char nul_target[] = "GET /\0 HTTP/1.1\r\n" H "\r\n";
    check((weir_sv){nul_target, sizeof nul_target - 1}, "400");
    static const char nul_host[] = GET "Host: h\0\r\n\r\n";
    check((weir_sv){nul_host, sizeof nul_host - 1}, "400");
    static const char nul_chunk[] = CHUNKED "1;\0\r\na";
    check((weir_sv){nul_chunk, sizeof nul_chunk - 1}, SEEN "400");
}

static void fill(weir_buf *b, char c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        weir_buf_byte(b, c);
    }
}

/* Two requests: with a thing of the size of its limit, and one byte more. */
static void the_request_line_has_a_limit(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        weir_buf in = {0};
        weir_buf_str(&in, "GET /");
        fill(&in, 'x', WEIR_HTTP1_LINE_MAX - strlen("GET / HTTP/1.1") + more);
        weir_buf_str(&in, " HTTP/1.1\r\n");
        assert_int_equal(in.n, WEIR_HTTP1_LINE_MAX + 2 + more);
        check(weir_buf_view(&in), more ? "414" : "...");
        weir_buf_deinit(&in);
    }
}

static void headers_have_a_limit(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        weir_buf in = {0};
        weir_buf_str(&in, GET);
        size_t start = in.n;
        weir_buf_str(&in, H "X: ");
        fill(&in, 'x', WEIR_HTTP1_HEADERS_MAX - (in.n - start) - 2 + more);
        weir_buf_str(&in, "\r\n");
        assert_int_equal(in.n - start, WEIR_HTTP1_HEADERS_MAX + more);
        weir_buf_str(&in, "\r\n");
        check(weir_buf_view(&in), more ? "431" : "GET /| @h.\n");
        weir_buf_deinit(&in);
    }
}

static void the_number_of_headers_has_a_limit(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        weir_buf in = {0};
        weir_buf_str(&in, GET H);
        for (uint32_t i = 1; i < WEIR_HTTP1_FIELDS_MAX + more; i++) {
            weir_buf_printf(&in, "X-%u: %u\r\n", i, i);
        }
        weir_buf_str(&in, "\r\n");
        check(weir_buf_view(&in), more ? "431" : "GET /| @h.\n");
        weir_buf_deinit(&in);
    }
}

static void the_method_has_a_limit(void **state)
{
    (void)state;
    check(WEIR_SV("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\n"), "...");
    check(WEIR_SV("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n"), "400");
}

static void bodies_have_a_limit(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        weir_buf in = {0};
        weir_buf seen = {0};
        weir_buf_printf(&in, POST "Content-Length: %u\r\n\r\n", BODY_MAX + more);
        fill(&in, 'b', BODY_MAX + more);
        weir_buf_str(&seen, SEEN " =");
        fill(&seen, 'b', BODY_MAX);
        weir_buf_str(&seen, ".\n");
        check(weir_buf_view(&in), more ? SEEN "413" : weir_buf_cstr(&seen));
        /* in two chunks */
        weir_buf_reset(&in);
        weir_buf_printf(&in, CHUNKED "32\r\n");
        fill(&in, 'b', 50);
        weir_buf_printf(&in, "\r\n%x\r\n", 50 + more);
        fill(&in, 'b', 50 + more);
        weir_buf_str(&in, "\r\n0\r\n\r\n");
        weir_buf_reset(&seen);
        weir_buf_str(&seen, SEEN " =");
        fill(&seen, 'b', more ? 50 : 100);
        weir_buf_str(&seen, more ? "413" : ".\n");
        check(weir_buf_view(&in), weir_buf_cstr(&seen));
        weir_buf_deinit(&in);
        weir_buf_deinit(&seen);
    }
    check(WEIR_SV(CHUNKED "ffffffffffffffff\r\n"), SEEN "413");
    check(WEIR_SV(POST "Content-Length: 999999999999999999\r\n\r\n"), SEEN "413");
    check(WEIR_SV(POST "Content-Length: 1000000000000000000\r\n\r\n"), "400");
}

static void what_is_besides_the_chunks_has_limits(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        weir_buf in = {0};
        weir_buf_str(&in, CHUNKED "0;"); /* one chunk's line */
        fill(&in, 'x', WEIR_HTTP1_CHUNK_LINE_MAX - 2 + more);
        weir_buf_str(&in, "\r\n\r\n");
        check(weir_buf_view(&in), more ? SEEN "400" : SEEN ".\n");
        weir_buf_reset(&in);
        weir_buf_str(&in, CHUNKED "0\r\nX:"); /* trailers; colon and line end do not count */
        fill(&in, 'x', WEIR_HTTP1_CHUNK_EXTRA_MAX - 1 + more);
        weir_buf_str(&in, "\r\n\r\n");
        check(weir_buf_view(&in), more ? SEEN "400" : SEEN ".\n");
        weir_buf_reset(&in);
        weir_buf_str(&in, CHUNKED); /* many small chunks with much besides */
        for (uint32_t i = 0; i < 80; i++) {
            weir_buf_str(&in, "1;");
            fill(&in, 'x', 250);
            weir_buf_str(&in, "\r\na\r\n");
        }
        weir_buf out = {0};
        tell(weir_buf_view(&in), (uint32_t)in.n, 1, &out);
        assert_true(weir_sv_find(weir_buf_view(&out), WEIR_SV("aaa400"), 0) > 0);
        weir_buf_deinit(&in);
        weir_buf_deinit(&out);
    }
}

static void headers_are_found(void **state)
{
    (void)state;
    weir_http1 *h = calloc(1, sizeof *h);
    weir_http1_init(h, 0);
    weir_sv in = WEIR_SV(GET H "Accept: a, b;q=1\r\nX:  y \r\naccept: c,, D\r\n\r\n");
    weir_sv value;
    assert_int_equal(weir_http1_next(h, &in, &value), WEIR_HTTP1_HEAD);
    assert_true(weir_http1_header(h, WEIR_SV("x"), &value));
    assert_sv_equal(value, "y");
    assert_true(weir_http1_header(h, WEIR_SV("ACCEPT"), &value));
    assert_sv_equal(value, "a, b;q=1");
    assert_false(weir_http1_header(h, WEIR_SV("y"), &value));
    assert_true(weir_http1_has_token(h, WEIR_SV("accept"), WEIR_SV("A")));
    assert_true(weir_http1_has_token(h, WEIR_SV("accept"), WEIR_SV("d")));
    assert_false(weir_http1_has_token(h, WEIR_SV("accept"), WEIR_SV("b")));
    assert_false(weir_http1_has_token(h, WEIR_SV("accept"), WEIR_SV("")));
    weir_http1_deinit(h);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_understood),
        cmocka_unit_test(chunks_are_put_together),
        cmocka_unit_test(two_lengths_are_refused),
        cmocka_unit_test(odd_names_are_refused),
        cmocka_unit_test(odd_line_ends_are_refused),
        cmocka_unit_test(odd_hosts_are_refused),
        cmocka_unit_test(odd_request_lines_are_refused),
        cmocka_unit_test(odd_chunks_are_refused),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(the_request_line_has_a_limit),
        cmocka_unit_test(headers_have_a_limit),
        cmocka_unit_test(the_number_of_headers_has_a_limit),
        cmocka_unit_test(the_method_has_a_limit),
        cmocka_unit_test(bodies_have_a_limit),
        cmocka_unit_test(what_is_besides_the_chunks_has_limits),
        cmocka_unit_test(headers_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
