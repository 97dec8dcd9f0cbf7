/* Answers: the head is put together in one buffer of the server and goes to the stream with the body.
 * What does not fit under the stream's ceiling breaks the connection off: half an answer is none. */
#include "connectors/http_server_impl.h"

#include "engine/base/alloc.h"

#include <stdio.h>
#include <time.h>

#define DIGITS_BYTES 32

static const struct {
    int32_t status;
    const char *text;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

static const char *reason_of(int32_t status)
{
    for (size_t i = 0; i < WEIR_COUNT(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return "";
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", made once a second. */
static const char *date_of(weir_http_server *s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t now_s = weir_wall_ms() / 1000;
    if (now_s != s->date_s) {
        time_t at = (time_t)now_s;
        struct tm t;
        gmtime_r(&at, &t);
        s->date_s = now_s;
        snprintf(s->date, sizeof s->date, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
                 days + t.tm_wday * 3, (unsigned)t.tm_mday % 100, months + t.tm_mon * 3,
                 (unsigned)(t.tm_year + 1900) % 10000, (unsigned)t.tm_hour % 100,
                 (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
    }
    return s->date;
}

/* Anything else could end the header and begin another. */
static bool is_header_text(const char *s)
{
    for (; *s; s++) {
        if (((uint8_t)*s < ' ' && *s != '\t') || *s == 0x7f) {
            return false;
        }
    }
    return true;
}

static void add_header(weir_buf *out, const char *name, const char *value)
{
    if (name[0] && is_header_text(name) && is_header_text(value)) {
        weir_buf_str(out, name);
        weir_buf_str(out, ": ");
        weir_buf_str(out, value);
        weir_buf_str(out, "\r\n");
    }
}

static void add_number(weir_buf *out, const char *before, uint64_t n, const char *after)
{
    char digits[DIGITS_BYTES];
    char *p = digits + sizeof digits;
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    weir_buf_str(out, before);
    weir_buf_add(out, p, (size_t)(digits + sizeof digits - p));
    weir_buf_str(out, after);
}

/* Status line and all headers but those of the body's length. */
static void begin_head(weir_http_server *s, const weir_http_req *r, int32_t status,
                       const char *content_type, const weir_http_pair *extra, size_t n_extra)
{
    weir_buf *out = &s->head;
    weir_buf_reset(out);
    add_number(out, "HTTP/1.1 ", (uint64_t)status, " ");
    weir_buf_str(out, reason_of(status));
    weir_buf_str(out, "\r\nDate: ");
    weir_buf_str(out, date_of(s));
    weir_buf_str(out, "\r\n");
    if (content_type) {
        add_header(out, "Content-Type", content_type);
    }
    if (r->origin.n > 0) {
        weir_buf_str(out, "Access-Control-Allow-Origin: ");
        weir_buf_sv(out, r->origin); /* without control characters: the parser has seen to it */
        weir_buf_str(out, "\r\nVary: Origin\r\n");
    }
    for (size_t i = 0; i < n_extra; i++) {
        add_header(out, extra[i].name, extra[i].value);
    }
}

static bool may_keep(const weir_http_req *r)
{
    return r->http.keep_alive && !r->conn->server->draining;
}

static void end_head(weir_http_server *s, const weir_http_req *r, bool keep)
{
    if (!keep) {
        weir_buf_str(&s->head, "Connection: close\r\n");
    } else if (r->http.http10) {
        weir_buf_str(&s->head, "Connection: keep-alive\r\n");
    }
    weir_buf_str(&s->head, "\r\n");
}

/* The whole answer, and on to the next request. */
static void answer(weir_http_req *r, int32_t status, const char *content_type, weir_sv body,
                   const weir_http_pair *extra, size_t n_extra, bool keep)
{
    weir__http_conn *c = r->conn;
    weir_http_server *s = c->server;
    bool bodiless = status < 200 || status == 204 || status == 304;
    bool sent = r->is_head || bodiless;
    keep = keep && may_keep(r);
    c->phase = WEIR__HTTP_HANDLING; /* also when it is refused: the request is this call's */
    begin_head(s, r, status, content_type, extra, n_extra);
    if (!bodiless) {
        add_number(&s->head, "Content-Length: ", body.n, "\r\n");
    }
    end_head(s, r, keep);
    if (!weir_stream_write(c->stream, s->head.p, s->head.n) ||
        (!sent && body.n > 0 && !weir_stream_write(c->stream, body.p, body.n))) {
        weir__http_drop(c);
    }
    weir__http_answered(r, keep);
}

void weir_http_reply(weir_http_req *r, int32_t status, const char *content_type, weir_sv body,
                     const weir_http_pair *extra, size_t n_extra)
{
    WEIR_ASSERT(status >= 200 && status < 600);
    WEIR_ASSERT(!r->conn || r->conn->phase == WEIR__HTTP_HANDLING);
    if (!r->conn) {
        weir__http_answered(r, false);
        return;
    }
    answer(r, status, content_type, content_type ? body : (weir_sv){0}, extra, n_extra, true);
}

static void json_text(weir_buf *out, const char *text)
{
    for (; *text; text++) {
        if ((uint8_t)*text < ' ' || *text == '"' || *text == '\\') {
            weir_buf_printf(out, "\\u%04x", (unsigned)(uint8_t)*text);
        } else {
            weir_buf_byte(out, *text);
        }
    }
}

static void answer_error(weir_http_req *r, int32_t status, const char *message,
                         const weir_http_pair *extra, size_t n_extra, bool keep)
{
    weir_http_server *s = r->conn->server;
    weir_buf_reset(&s->text);
    if (s->spec.error_body) {
        s->spec.error_body(s->spec.ctx, &s->text, status, message);
    } else {
        weir_buf_printf(&s->text, "{\"status\":%d,\"message\":\"", status);
        json_text(&s->text, message);
        weir_buf_str(&s->text, "\"}");
    }
    const char *type = s->spec.error_content_type;
    answer(r, status, type ? type : "application/json", weir_buf_view(&s->text), extra, n_extra,
           keep);
}

void weir_http_reply_error(weir_http_req *r, int32_t status, const char *message)
{
    WEIR_ASSERT(!r->conn || r->conn->phase == WEIR__HTTP_HANDLING);
    if (!r->conn) {
        weir__http_answered(r, false);
        return;
    }
    answer_error(r, status, message, NULL, 0, true);
}

void weir_http_reply_busy(weir_http_req *r, int32_t status, uint32_t retry_after_s,
                          const char *message)
{
    char seconds[DIGITS_BYTES];
    WEIR_ASSERT(status == 429 || status == 503);
    WEIR_ASSERT(!r->conn || r->conn->phase == WEIR__HTTP_HANDLING);
    if (!r->conn) {
        weir__http_answered(r, false);
        return;
    }
    snprintf(seconds, sizeof seconds, "%u", retry_after_s);
    answer_error(r, status, message, &(weir_http_pair){"Retry-After", seconds}, 1, true);
}

void weir__http_refuse(weir__http_conn *c, int32_t status, const char *message,
                       const weir_http_pair *extra, size_t n_extra, bool keep)
{
    answer_error(c->req, status, message, extra, n_extra, keep);
}

void weir__http_preflight(weir__http_conn *c)
{
    weir_http_server *s = c->server;
    weir_http_req *r = c->req;
    weir_buf methods = {0};
    weir_buf headers = {0};
    weir_sv asked;
    weir__http_methods(s, r->path, &methods);
    weir_http_pair extra[4];
    size_t n = 0;
    extra[n++] = (weir_http_pair){"Allow", weir_buf_cstr(&methods)};
    if (r->origin.n > 0 &&
        weir_http1_header(&r->http, WEIR_SV("access-control-request-method"), &asked)) {
        extra[n++] = (weir_http_pair){"Access-Control-Allow-Methods", weir_buf_cstr(&methods)};
        extra[n++] = (weir_http_pair){"Access-Control-Max-Age", "600"};
        if (weir_http1_header(&r->http, WEIR_SV("access-control-request-headers"), &asked)) {
            weir_buf_sv(&headers, asked);
            extra[n++] =
                (weir_http_pair){"Access-Control-Allow-Headers", weir_buf_cstr(&headers)};
        }
    }
    bool has_body = r->http.chunked || r->http.length > 0;
    answer(r, 204, NULL, (weir_sv){0}, extra, n, !has_body);
    weir_buf_deinit(&methods);
    weir_buf_deinit(&headers);
}

void weir_http_begin(weir_http_req *r, int32_t status, const char *content_type,
                     const weir_http_pair *extra, size_t n_extra,
                     void (*drained)(void *ctx, weir_http_req *r),
                     void (*gone)(void *ctx, weir_http_req *r), void *ctx)
{
    weir__http_conn *c = r->conn;
    WEIR_ASSERT(!c || c->phase == WEIR__HTTP_HANDLING);
    if (!c) {
        return;
    }
    weir_http_server *s = c->server;
    begin_head(s, r, status, content_type, extra, n_extra);
    if (!r->http.http10) {
        weir_buf_str(&s->head, "Transfer-Encoding: chunked\r\n");
    }
    end_head(s, r, may_keep(r) && !r->http.http10);
    c->phase = WEIR__HTTP_STREAMING;
    if (!weir_stream_write(c->stream, s->head.p, s->head.n)) {
        weir__http_drop(c);
        return;
    }
    r->drained = drained;
    r->gone = gone;
    r->ctx = ctx;
}

bool weir_http_send(weir_http_req *r, weir_sv piece)
{
    weir__http_conn *c = r->conn;
    if (!c || c->peer_ended) {
        return false;
    }
    WEIR_ASSERT(c->phase == WEIR__HTTP_STREAMING);
    if (r->is_head || piece.n == 0) {
        return true;
    }
    if (r->http.http10) {
        return weir_stream_write(c->stream, piece.p, piece.n);
    }
    char size[DIGITS_BYTES];
    int n = snprintf(size, sizeof size, "%x\r\n", piece.n);
    if (weir_stream_queued(c->stream) + piece.n + (size_t)n + 2 > c->server->spec.out_max) {
        return false;
    }
    return weir_stream_write(c->stream, size, (size_t)n) &&
           weir_stream_write(c->stream, piece.p, piece.n) && weir_stream_write(c->stream, "\r\n", 2);
}

void weir_http_end(weir_http_req *r, bool whole)
{
    weir__http_conn *c = r->conn;
    WEIR_ASSERT(!c || c->phase == WEIR__HTTP_STREAMING);
    bool keep = c && may_keep(r) && !r->http.http10;
    if (c && (!whole || (!r->is_head && !r->http.http10 &&
                         !weir_stream_write(c->stream, "0\r\n\r\n", 5)))) {
        weir__http_drop(c);
    }
    weir__http_answered(r, keep);
}
