/* Texts around a webhook that strangers write: what a request is signed with, Retry-After, a URL,
 * ranges of addresses. The input is four lines and the rest; whatever is accepted must hold what
 * its reader promises. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "connectors/http_guard.h"
#include "connectors/http_pool.h"
#include "connectors/signing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static weir_sv next_line(weir_sv *rest)
{
    int64_t at = weir_sv_find(*rest, WEIR_SV("\n"), 0);
    uint32_t n = at < 0 ? rest->n : (uint32_t)at;
    weir_sv line = weir_sv_of(rest->p, n);
    uint32_t taken = at < 0 ? n : n + 1;
    *rest = weir_sv_of(rest->p + taken, rest->n - taken);
    return line;
}

static void check_signatures(weir_sv signature, weir_sv id, weir_sv timestamp, weir_sv body)
{
    weir_signer *s = NULL;
    weir_sv secret = WEIR_SV("secret");
    if (weir_signer_new(&secret, 1, &s, NULL)) {
        abort();
    }
    weir_signed m = {signature, id, timestamp, body};
    for (int kind = WEIR_SIGNATURE_STANDARD; kind <= WEIR_SIGNATURE_SEGMENT; kind++) {
        weir_signature_refuses(s, (weir_signature)kind, &m, 0, INT64_MAX / 2);
    }
    weir_buf out = {0};
    if (weir_webhook_sign(s, id, 7, body, &out, NULL) == WEIR_OK) {
        m.signature = weir_buf_view(&out);
        m.timestamp = WEIR_SV("7");
        if (weir_signature_refuses(s, WEIR_SIGNATURE_STANDARD, &m, 7, 0)) {
            abort(); /* what we sign, we take */
        }
    }
    weir_buf_deinit(&out);
    weir_signer_free(s);
}

static void check_guard(weir_sv ranges, weir_sv url)
{
    static const uint8_t metadata[4] = {169, 254, 169, 254};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(443)};
    memcpy(&a.sin_addr, metadata, 4);
    weir_http_guard g;
    if (weir_http_guard_parse(ranges, true, &g, NULL)) {
        memset(&g, 0, sizeof g);
    }
    if (!weir_http_guard_refuses(&g, (const struct sockaddr *)&a)) {
        abort(); /* never, whatever the list says */
    }
    weir_http_guard_url(&g, url, NULL);
    weir_http_guard_url(NULL, url, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_sv rest = weir_sv_of(size ? (const char *)data : "", size);
    weir_sv signature = next_line(&rest);
    weir_sv id = next_line(&rest);
    weir_sv timestamp = next_line(&rest);
    weir_sv url = next_line(&rest);
    check_signatures(signature, id, timestamp, rest);
    check_guard(rest, url);
    if (weir_http_retry_after(timestamp, 0) < -1) {
        abort();
    }
    return 0;
}
