/* The HTTP/1.1 request parser: what it understands must not depend on how the bytes are cut, pieces are
 * within the input, limits hold, and after an error nothing more is understood.
 *
 *   byte 0: bytes of a piece (0: all at once)   then the connection
 */
#include <stdlib.h>
#include <string.h>

#include "connectors/http1.h"

#define BODY_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void tell_head(const weir_http1 *h, weir_buf *out)
{
    must(h->method_n > 0 && h->path_n > 0 && h->n_fields <= WEIR_HTTP1_FIELDS_MAX);
    must(!(h->chunked && h->length >= 0) && (h->http10 || h->host_n > 0));
    weir_buf_printf(out, "%d%d%d%d %lld ", h->http10, h->keep_alive, h->expects, h->chunked,
                    (long long)h->length);
    weir_buf_sv(out, weir_http1_method(h));
    weir_buf_byte(out, ' ');
    weir_buf_sv(out, weir_http1_text(h, h->path_at, h->path_n));
    weir_buf_byte(out, '?');
    weir_buf_sv(out, weir_http1_text(h, h->query_at, h->query_n));
    weir_buf_byte(out, ' ');
    weir_buf_sv(out, weir_http1_text(h, h->host_at, h->host_n));
    for (uint16_t i = 0; i < h->n_fields; i++) {
        const weir_http1_field *f = &h->fields[i];
        weir_sv found;
        weir_sv name = weir_http1_text(h, f->name_at, f->name_n);
        must(f->name_n > 0 && weir_http1_header(h, name, &found));
        weir_buf_sv(out, name);
        weir_buf_byte(out, ':');
        weir_buf_sv(out, weir_http1_text(h, f->value_at, f->value_n));
    }
}

/* What was seen of a connection whose bytes come in pieces of `step`. */
static void tell(weir_sv in, uint32_t step, weir_buf *out)
{
    weir_http1 *h = malloc(sizeof *h);
    uint64_t body = 0;
    bool over = false;
    weir_http1_init(h, BODY_MAX);
    for (uint32_t at = 0; at < in.n && !over;) {
        weir_sv left = {in.p + at, step < in.n - at ? step : in.n - at};
        const char *end = left.p + left.n;
        weir_sv piece = {0};
        weir_http1_event e;
        at += left.n;
        while (!over && (e = weir_http1_next(h, &left, &piece)) != WEIR_HTTP1_MORE) {
            must(left.p + left.n == end);
            if (e == WEIR_HTTP1_HEAD) {
                body = 0;
                tell_head(h, out);
            } else if (e == WEIR_HTTP1_BODY) {
                must(piece.n > 0 && piece.p + piece.n <= end);
                body += piece.n;
                must(body <= BODY_MAX);
                weir_buf_sv(out, piece);
            } else if (e == WEIR_HTTP1_DONE) {
                must(h->length < 0 || body == (uint64_t)h->length);
                weir_buf_str(out, "\n");
                weir_http1_reset(h);
            } else {
                must(h->status >= 400 && h->problem);
                weir_buf_printf(out, "%d %s", h->status, h->problem);
                must(weir_http1_next(h, &left, &piece) == WEIR_HTTP1_BAD);
                over = true;
            }
        }
        must(over || left.n == 0);
    }
    weir_http1_deinit(h);
    free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 200000) {
        return 0;
    }
    weir_sv in = weir_sv_of((const char *)data + 1, size - 1);
    weir_buf whole = {0};
    weir_buf cut = {0};
    tell(in, in.n, &whole);
    tell(in, data[0] ? data[0] : in.n, &cut);
    must(weir_sv_eq(weir_buf_view(&whole), weir_buf_view(&cut)));
    weir_buf_deinit(&whole);
    weir_buf_deinit(&cut);
    return 0;
}
