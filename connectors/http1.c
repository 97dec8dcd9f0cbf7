/* The head is collected line by line in one buffer and each line is judged when it is complete; what
 * is found are offsets, because the buffer grows. Chunk lines and trailers are judged byte by byte and
 * not kept. */
#include "connectors/http1.h"

#define METHOD_BYTES_MAX 32

/* ORDER state: they follow one another */
typedef enum state {
    LINE,       /* in the request line */
    HEADERS,    /* in a header line */
    HEAD_DONE,  /* HEAD was told: what is the body? */
    BODY,       /* `left` bytes with a length */
    SIZE,       /* digits of a chunk's size; the first is still to come when line_n is 0 */
    EXTENSION,  /* after the size */
    SIZE_LF,    /* after the CR of that line */
    CHUNK,      /* `left` bytes of a chunk */
    CHUNK_CR,   /* after them */
    CHUNK_LF,
    TRAILER,    /* at the start of a line after the last chunk */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    FINAL_LF,   /* after the CR of the empty line */
    DONE,
    BAD,
} state;

/* RFC 9110 token: letters, digits and these. */
static bool is_token_char(uint8_t c)
{
    static const uint64_t bits[4] = {
        /* ! # $ % & ' * + - . 0-9 */ 0x03ff6cfa00000000u,
        /* A-Z ^ _ ` a-z | ~ */ 0x57ffffffc7fffffeu, 0, 0};
    return bits[c >> 6] >> (c & 63) & 1;
}

/* White space, visible characters and what is not ASCII. */
static bool is_text_char(uint8_t c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\t';
}

static bool is_token(weir_sv s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        if (!is_token_char((uint8_t)s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

static bool bad(weir_http1 *h, int32_t status, const char *problem)
{
    h->state = BAD;
    h->status = status;
    h->problem = problem;
    return false;
}

void weir_http1_init(weir_http1 *h, uint64_t body_max)
{
    *h = (weir_http1){.body_max = body_max};
    weir_buf_init(&h->head, WEIR_HTTP1_LINE_MAX + WEIR_HTTP1_HEADERS_MAX + 8);
    weir_http1_reset(h);
}

void weir_http1_deinit(weir_http1 *h)
{
    weir_buf_deinit(&h->head);
}

void weir_http1_reset(weir_http1 *h)
{
    weir_buf_reset(&h->head);
    h->n_fields = 0;
    h->method_n = h->target_n = h->path_n = h->query_n = h->host_n = 0;
    h->has_query = h->http10 = h->keep_alive = h->expects = h->chunked = false;
    h->has_host = h->has_close = h->has_keep = h->skipped_line = false;
    h->length = -1;
    h->status = 0;
    h->problem = NULL;
    h->state = LINE;
    h->line_at = 0;
    h->line_n = h->extra = 0;
    h->left = h->total = 0;
}

bool weir_http1_begun(const weir_http1 *h)
{
    return h->state != LINE || h->head.n > 0;
}

/* The next item of a comma-separated list, without white space; false: there is no more. */
static bool next_item(weir_sv *list, weir_sv *item)
{
    while (list->n > 0) {
        const char *comma = memchr(list->p, ',', list->n);
        uint32_t n = comma ? (uint32_t)(comma - list->p) : list->n;
        *item = weir_sv_trim((weir_sv){list->p, n});
        n += comma != NULL;
        *list = (weir_sv){list->p + n, list->n - n};
        if (item->n > 0) {
            return true;
        }
    }
    return false;
}

static bool has_item(weir_sv list, weir_sv token)
{
    weir_sv item;
    while (next_item(&list, &item)) {
        if (weir_sv_ieq(item, token)) {
            return true;
        }
    }
    return false;
}

/* host, host:port, [v6] or [v6]:port. User names and whatever could end the host are refused. */
static bool is_host(weir_sv s)
{
    uint32_t at = 0;
    bool bracketed = s.n > 0 && s.p[0] == '[';
    for (at = bracketed; at < s.n; at++) {
        char c = s.p[at];
        bool digit = c >= '0' && c <= '9';
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        bool other = bracketed ? c == ':' || c == '.' || c == '%' : c && strchr("-._~%!$&'()*+,;=", c);
        if (!digit && !letter && !other) {
            break;
        }
    }
    if (at == (uint32_t)bracketed || (bracketed && (at == s.n || s.p[at++] != ']'))) {
        return false;
    }
    if (at < s.n && s.p[at++] != ':') {
        return false;
    }
    for (; at < s.n; at++) {
        if (s.p[at] < '0' || s.p[at] > '9') {
            return false;
        }
    }
    return true;
}

static uint16_t offset(const weir_http1 *h, const char *p)
{
    return (uint16_t)(p - h->head.p);
}

/* `text` begins where the path begins, and goes on to the end of the target. */
static void split_path(weir_http1 *h, weir_sv text)
{
    const char *mark = memchr(text.p, '?', text.n);
    h->path_at = offset(h, text.p);
    h->path_n = (uint16_t)(mark ? mark - text.p : text.n);
    h->has_query = mark != NULL;
    if (mark) {
        h->query_at = offset(h, mark + 1);
        h->query_n = (uint16_t)(text.n - h->path_n - 1);
    }
}

static bool split_absolute(weir_http1 *h, weir_sv target)
{
    uint32_t scheme = weir_sv_istarts(target, WEIR_SV("http://"))    ? 7
                      : weir_sv_istarts(target, WEIR_SV("https://")) ? 8
                                                                     : 0;
    if (!scheme) {
        return bad(h, 400, "the target is neither a path nor a URL");
    }
    uint32_t end = scheme;
    while (end < target.n && target.p[end] != '/' && target.p[end] != '?') {
        end++;
    }
    weir_sv host = {target.p + scheme, end - scheme};
    if (!is_host(host)) {
        return bad(h, 400, "the target's host is not one");
    }
    h->host_at = offset(h, host.p);
    h->host_n = (uint16_t)host.n;
    split_path(h, (weir_sv){target.p + end, target.n - end});
    if (h->path_n == 0) {
        h->path_at = offset(h, host.p - 1); /* a slash */
        h->path_n = 1;
    }
    return true;
}

static bool read_target(weir_http1 *h, weir_sv target)
{
    for (uint32_t i = 0; i < target.n; i++) {
        char c = target.p[i];
        if (c <= ' ' || c > '~' || c == '#' || c == '\\') {
            return bad(h, 400, "the target has a character that it must not have");
        }
    }
    if (target.n == 0) {
        return bad(h, 400, "there is no target");
    }
    h->target_at = offset(h, target.p);
    h->target_n = (uint16_t)target.n;
    weir_sv method = weir_http1_method(h);
    if (weir_sv_eq(method, WEIR_SV("CONNECT"))) {
        return bad(h, 501, "CONNECT is not supported");
    }
    if (target.p[0] == '/') {
        split_path(h, target);
        return true;
    }
    if (weir_sv_eq(target, WEIR_SV("*")) && weir_sv_eq(method, WEIR_SV("OPTIONS"))) {
        h->path_at = h->target_at;
        h->path_n = 1;
        return true;
    }
    return split_absolute(h, target);
}

static bool read_request_line(weir_http1 *h, weir_sv line)
{
    const char *space = memchr(line.p, ' ', line.n);
    const char *last = space ? memrchr(line.p, ' ', line.n) : NULL;
    if (!space || last == space) {
        return bad(h, 400, "the request line has not three parts");
    }
    weir_sv method = {line.p, (uint32_t)(space - line.p)};
    weir_sv target = {space + 1, (uint32_t)(last - space - 1)};
    weir_sv version = {last + 1, line.n - (uint32_t)(last + 1 - line.p)};
    if (!is_token(method) || method.n > METHOD_BYTES_MAX) {
        return bad(h, 400, "the method is not one");
    }
    h->method_at = offset(h, method.p);
    h->method_n = (uint16_t)method.n;
    h->http10 = weir_sv_eq(version, WEIR_SV("HTTP/1.0"));
    if (!h->http10 && !weir_sv_eq(version, WEIR_SV("HTTP/1.1"))) {
        bool other = version.n == 8 && weir_sv_starts(version, WEIR_SV("HTTP/")) &&
                     version.p[5] >= '0' && version.p[5] <= '9' && version.p[6] == '.' &&
                     version.p[7] >= '0' && version.p[7] <= '9';
        return other ? bad(h, 505, "only HTTP/1.1 and HTTP/1.0 are spoken")
                     : bad(h, 400, "the request line does not end with a version");
    }
    return read_target(h, target);
}

static bool read_length(weir_http1 *h, weir_sv value)
{
    if (h->length >= 0) {
        return bad(h, 400, "several Content-Length");
    }
    if (value.n == 0 || value.n > 18) {
        return bad(h, 400, "Content-Length is not a number");
    }
    h->length = 0;
    for (uint32_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9') {
            return bad(h, 400, "Content-Length is not a number");
        }
        h->length = h->length * 10 + (value.p[i] - '0');
    }
    return true;
}

/* The headers that say how the message is to be read. */
static bool note_header(weir_http1 *h, weir_sv name, weir_sv value)
{
    if (weir_sv_ieq(name, WEIR_SV("content-length"))) {
        return read_length(h, value);
    }
    if (weir_sv_ieq(name, WEIR_SV("transfer-encoding"))) {
        if (h->chunked || !weir_sv_ieq(value, WEIR_SV("chunked"))) {
            return bad(h, 400, "Transfer-Encoding is not just chunked");
        }
        h->chunked = true;
    } else if (weir_sv_ieq(name, WEIR_SV("host"))) {
        if (h->has_host || !is_host(value)) {
            return bad(h, 400, h->has_host ? "several Host" : "Host is not a host");
        }
        h->has_host = true;
        if (h->host_n == 0) { /* that of an absolute target is the one that counts */
            h->host_at = offset(h, value.p);
            h->host_n = (uint16_t)value.n;
        }
    } else if (weir_sv_ieq(name, WEIR_SV("connection"))) {
        h->has_close |= has_item(value, WEIR_SV("close"));
        h->has_keep |= has_item(value, WEIR_SV("keep-alive"));
    } else if (weir_sv_ieq(name, WEIR_SV("expect"))) {
        if (!weir_sv_ieq(value, WEIR_SV("100-continue"))) {
            return bad(h, 417, "only 100-continue can be expected");
        }
        h->expects = true;
    }
    return true;
}

static bool read_header(weir_http1 *h, weir_sv line)
{
    const char *colon = memchr(line.p, ':', line.n);
    if (line.p[0] == ' ' || line.p[0] == '\t') {
        return bad(h, 400, "a folded header line");
    }
    weir_sv name = {line.p, colon ? (uint32_t)(colon - line.p) : 0};
    if (!is_token(name)) {
        return bad(h, 400, "a header line without a proper name and colon");
    }
    weir_sv value = {colon + 1, line.n - name.n - 1};
    for (uint32_t i = 0; i < value.n; i++) {
        if (!is_text_char((uint8_t)value.p[i])) {
            return bad(h, 400, "a control character in a header");
        }
    }
    value = weir_sv_trim(value);
    if (h->n_fields == WEIR_HTTP1_FIELDS_MAX) {
        return bad(h, 431, "too many headers");
    }
    h->fields[h->n_fields++] = (weir_http1_field){offset(h, name.p), (uint16_t)name.n,
                                                  offset(h, value.p), (uint16_t)value.n};
    return note_header(h, name, value);
}

static bool end_head(weir_http1 *h)
{
    if (!h->has_host && !h->http10) {
        return bad(h, 400, "there is no Host");
    }
    if (h->chunked && h->length >= 0) {
        return bad(h, 400, "both Content-Length and Transfer-Encoding");
    }
    if (h->chunked && h->http10) {
        return bad(h, 400, "Transfer-Encoding with HTTP/1.0");
    }
    h->expects = h->expects && !h->http10 && (h->chunked || h->length > 0);
    h->keep_alive = !h->has_close && (!h->http10 || h->has_keep);
    h->state = HEAD_DONE;
    return true;
}

/* One complete line of the head, without its end. */
static bool read_line(weir_http1 *h, weir_sv line)
{
    if (h->state == HEADERS) {
        return line.n > 0 ? read_header(h, line) : end_head(h);
    }
    if (line.n == 0) { /* some clients send a line end too many after a body */
        if (h->skipped_line) {
            return bad(h, 400, "empty lines before the request");
        }
        h->skipped_line = true;
        weir_buf_reset(&h->head);
        return true;
    }
    h->state = HEADERS;
    h->headers_at = (uint16_t)h->head.n;
    return read_request_line(h, line);
}

/* The most bytes that the lines being read may still have; one more is one too many. */
static uint32_t room_for_line(const weir_http1 *h)
{
    if (h->state == LINE) {
        return WEIR_HTTP1_LINE_MAX + 2 - (uint32_t)h->head.n;
    }
    return WEIR_HTTP1_HEADERS_MAX + 2 - (uint32_t)(h->head.n - h->headers_at);
}

/* Collects head lines until the input is used up, the head is complete or cannot be. */
static void read_head(weir_http1 *h, weir_sv *in)
{
    while (in->n > 0 && h->state <= HEADERS) {
        if (h->state == LINE && h->head.n == 0 && in->p[0] != '\r' &&
            !is_token_char((uint8_t)in->p[0])) {
            bad(h, 400, "this is not HTTP"); /* TLS, for example: its first lines are long */
            return;
        }
        const char *lf = memchr(in->p, '\n', in->n);
        uint32_t n = lf ? (uint32_t)(lf + 1 - in->p) : in->n;
        uint32_t room = room_for_line(h);
        weir_buf_add(&h->head, in->p, n < room ? n : room);
        if (n > room) {
            bool line = h->state == LINE;
            bad(h, line ? 414 : 431, line ? "the request line is too long" : "headers too large");
            return;
        }
        *in = (weir_sv){in->p + n, in->n - n};
        if (!lf) {
            return;
        }
        weir_sv text = {h->head.p + h->line_at, (uint32_t)h->head.n - h->line_at};
        if (text.n < 2 || text.p[text.n - 2] != '\r') {
            bad(h, 400, "a line that does not end in CR LF");
            return;
        }
        text.n -= 2;
        if (read_line(h, text)) {
            h->line_at = (uint16_t)h->head.n;
        }
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte of a chunk's first line. */
static void read_size(weir_http1 *h, char c)
{
    int digit = hex_digit(c);
    if (++h->line_n > WEIR_HTTP1_CHUNK_LINE_MAX) {
        bad(h, 400, "a chunk's line is too long");
    } else if (digit >= 0) {
        if (h->left >> 60) {
            bad(h, 400, "a chunk's size is too large");
        }
        h->left = h->left << 4 | (uint64_t)digit;
    } else if (h->line_n == 1 || (c != '\r' && c != ';')) {
        bad(h, 400, "a chunk's size is not a number");
    } else {
        h->state = c == '\r' ? SIZE_LF : EXTENSION;
    }
}

/* A byte of what may follow the size, or of a trailer. */
static bool read_extra(weir_http1 *h, char c)
{
    if (++h->extra > WEIR_HTTP1_CHUNK_EXTRA_MAX) {
        return bad(h, 400, "too much besides the chunks");
    }
    return is_text_char((uint8_t)c) ||
           bad(h, 400, "a control character in a chunk's extension or a trailer");
}

static void begin_chunk(weir_http1 *h)
{
    if (h->left > h->body_max || h->total > h->body_max - h->left) {
        bad(h, 413, "the body is too large");
        return;
    }
    h->total += h->left;
    h->line_n = 0;
    h->state = h->left ? CHUNK : TRAILER;
}

static void expect_byte(weir_http1 *h, char c, char wanted, state next)
{
    if (c == wanted) {
        h->state = (uint8_t)next;
    } else {
        bad(h, 400, "a chunk or line that does not end in CR LF");
    }
}

static void read_extension(weir_http1 *h, char c)
{
    if (c == '\r') {
        h->state = SIZE_LF;
    } else if (++h->line_n > WEIR_HTTP1_CHUNK_LINE_MAX) {
        bad(h, 400, "a chunk's line is too long");
    } else {
        read_extra(h, c);
    }
}

static void read_trailer(weir_http1 *h, char c)
{
    if (h->state == TRAILER && c == '\r') {
        h->state = FINAL_LF;
    } else if (h->state == TRAILER_NAME && c == ':') {
        h->state = TRAILER_VALUE;
    } else if (h->state == TRAILER_VALUE && c == '\r') {
        h->state = TRAILER_LF;
    } else if (read_extra(h, c) && h->state != TRAILER_VALUE) {
        h->state = TRAILER_NAME;
        if (!is_token_char((uint8_t)c)) {
            bad(h, 400, "a trailer without a proper name");
        }
    }
}

/* A byte that says how a chunked body goes on. */
static void read_frame(weir_http1 *h, char c)
{
    switch ((state)h->state) {
    case SIZE:
        read_size(h, c);
        break;
    case EXTENSION:
        read_extension(h, c);
        break;
    case SIZE_LF:
        expect_byte(h, c, '\n', SIZE);
        if (h->state == SIZE) {
            begin_chunk(h);
        }
        break;
    case CHUNK_CR:
        expect_byte(h, c, '\r', CHUNK_LF);
        break;
    case CHUNK_LF:
        expect_byte(h, c, '\n', SIZE);
        break;
    case TRAILER:
    case TRAILER_NAME:
    case TRAILER_VALUE:
        read_trailer(h, c);
        break;
    case TRAILER_LF:
        expect_byte(h, c, '\n', TRAILER);
        break;
    case FINAL_LF:
        expect_byte(h, c, '\n', DONE);
        break;
    case LINE:
    case HEADERS:
    case HEAD_DONE:
    case BODY:
    case CHUNK:
    case DONE:
    case BAD:
        WEIR_UNREACHABLE();
    }
}

/* HEAD was told, and body_max may have been changed. */
static void begin_body(weir_http1 *h)
{
    if (h->chunked) {
        h->state = SIZE;
    } else if (h->length > 0 && (uint64_t)h->length > h->body_max) {
        bad(h, 413, "the body is too large");
    } else {
        h->left = h->length > 0 ? (uint64_t)h->length : 0;
        h->state = h->left ? BODY : DONE;
    }
}

static weir_http1_event take_piece(weir_http1 *h, weir_sv *in, weir_sv *piece)
{
    uint32_t n = h->left < in->n ? (uint32_t)h->left : in->n;
    *piece = (weir_sv){in->p, n};
    *in = (weir_sv){in->p + n, in->n - n};
    h->left -= n;
    if (h->left == 0) {
        h->state = h->state == BODY ? DONE : CHUNK_CR;
    }
    return WEIR_HTTP1_BODY;
}

weir_http1_event weir_http1_next(weir_http1 *h, weir_sv *in, weir_sv *piece)
{
    if (h->state <= HEADERS) {
        read_head(h, in);
        if (h->state <= HEADERS) {
            return WEIR_HTTP1_MORE;
        }
        return h->state == BAD ? WEIR_HTTP1_BAD : WEIR_HTTP1_HEAD;
    }
    if (h->state == HEAD_DONE) {
        begin_body(h);
    }
    while (h->state < DONE) {
        if (in->n == 0) {
            return WEIR_HTTP1_MORE;
        }
        if (h->state == BODY || h->state == CHUNK) {
            return take_piece(h, in, piece);
        }
        char c = in->p[0];
        *in = (weir_sv){in->p + 1, in->n - 1};
        read_frame(h, c);
    }
    return h->state == DONE ? WEIR_HTTP1_DONE : WEIR_HTTP1_BAD;
}

bool weir_http1_header(const weir_http1 *h, weir_sv name, weir_sv *value)
{
    for (uint16_t i = 0; i < h->n_fields; i++) {
        const weir_http1_field *f = &h->fields[i];
        if (f->name_n == name.n && weir_sv_ieq(weir_http1_text(h, f->name_at, f->name_n), name)) {
            *value = weir_http1_text(h, f->value_at, f->value_n);
            return true;
        }
    }
    return false;
}

bool weir_http1_has_token(const weir_http1 *h, weir_sv name, weir_sv token)
{
    for (uint16_t i = 0; i < h->n_fields; i++) {
        const weir_http1_field *f = &h->fields[i];
        if (weir_sv_ieq(weir_http1_text(h, f->name_at, f->name_n), name) &&
            has_item(weir_http1_text(h, f->value_at, f->value_n), token)) {
            return true;
        }
    }
    return false;
}
