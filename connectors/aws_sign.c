/* A request in one spelling that both sides arrive at, its hash in a text with time and place, the text's
 * HMAC under a key that is made of the secret for one day, region and service. */
#include "connectors/aws_sign.h"

#include "connectors/signing.h"
#include "connectors/template.h"
#include "engine/base/arena.h"
#include "engine/data/text.h"

#include <stdio.h>
#include <stdlib.h>

#define DATE_DIGITS 8 /* of 20260126T080000Z */

typedef struct parameter {
    weir_sv name, value; /* percent-encoded */
} parameter;

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* In the one spelling: everything but letters, digits and -._~ as %XX. */
static weir_sv respell(weir_arena *a, weir_sv text)
{
    weir_buf plain = {0};
    weir_buf out = {0};
    for (uint32_t i = 0; i < text.n; i++) {
        int high = text.p[i] == '%' && i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;
        weir_buf_byte(&plain, (char)(low >= 0 ? high << 4 | low : text.p[i]));
        i += low >= 0 ? 2 : 0;
    }
    weir_template_url(&out, weir_buf_view(&plain));
    weir_sv made = weir_arena_sv(a, weir_buf_view(&out));
    weir_buf_deinit(&plain);
    weir_buf_deinit(&out);
    return made;
}

static int by_name(const void *x, const void *y)
{
    const parameter *a = x;
    const parameter *b = y;
    int names = weir_sv_cmp(a->name, b->name);
    return names ? names : weir_sv_cmp(a->value, b->value);
}

static void add_query(weir_arena *a, weir_sv query, weir_buf *out)
{
    uint32_t n = 0;
    parameter *all = WEIR_NEW_N(a, parameter, query.n + 1);
    for (uint32_t at = 0; at < query.n;) {
        int64_t amp = weir_sv_find(query, WEIR_SV("&"), at);
        uint32_t end = amp < 0 ? query.n : (uint32_t)amp;
        weir_sv pair = weir_sv_of(query.p + at, end - at);
        const char *eq = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
        uint32_t name = eq ? (uint32_t)(eq - pair.p) : pair.n;
        if (pair.n) {
            all[n].name = respell(a, weir_sv_of(pair.p, name));
            all[n++].value = eq ? respell(a, weir_sv_of(eq + 1, pair.n - name - 1)) : (weir_sv){0};
        }
        at = end + 1;
    }
    qsort(all, n, sizeof *all, by_name);
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_printf(out, "%s" WEIR_SV_FMT "=" WEIR_SV_FMT, i ? "&" : "", WEIR_SV_ARG(all[i].name),
                        WEIR_SV_ARG(all[i].value));
    }
}

/* Encoded once more, but for S3. */
static void add_path(const weir_aws_login *l, weir_sv path, weir_buf *out)
{
    bool as_it_is = weir_sv_eq(l->service, WEIR_SV("s3"));
    for (uint32_t i = 0; i < path.n; i++) {
        if (as_it_is || path.p[i] == '/') {
            weir_buf_byte(out, path.p[i]);
        } else {
            weir_template_url(out, weir_sv_of(path.p + i, 1));
        }
    }
    if (path.n == 0) {
        weir_buf_byte(out, '/');
    }
}

static void print_sha256(weir_sv bytes, char out[65])
{
    char sum[WEIR_SHA256_BYTES];
    weir_buf hex = {0};
    weir_sha256(bytes, sum);
    weir_hex_encode(&hex, weir_sv_of(sum, sizeof sum), false);
    memcpy(out, weir_buf_cstr(&hex), 65);
    weir_buf_deinit(&hex);
}

static void print_date(int64_t at_s, char out[17])
{
    weir_buf text = {0};
    weir_template_time(&text, WEIR_SV("%Y%m%dT%H%M%SZ"), at_s * 1000);
    snprintf(out, 17, "%s", weir_buf_cstr(&text));
    weir_buf_deinit(&text);
}

/* Appends the request in its one spelling, and to `names` those of the headers that are signed. */
static void add_request(const weir_aws_login *l, const weir_aws_request *r, const weir_aws_signature *s,
                        weir_buf *out, weir_buf *names)
{
    char hash[65];
    weir_arena a;
    weir_arena_init(&a);
    print_sha256(r->body, hash);
    const parameter headers[] = { /* in this order */
        {WEIR_SV("content-type"), weir_sv_trim(r->type)},
        {WEIR_SV("host"), r->host},
        {WEIR_SV("x-amz-content-sha256"), weir_sv_cstr(s->sha256)},
        {WEIR_SV("x-amz-date"), weir_sv_cstr(s->date)},
        {WEIR_SV("x-amz-security-token"), weir_sv_trim(l->token)},
    };
    weir_buf_printf(out, "%s\n", r->method);
    add_path(l, r->path, out);
    weir_buf_byte(out, '\n');
    add_query(&a, r->query, out);
    weir_buf_byte(out, '\n');
    for (size_t i = 0; i < WEIR_COUNT(headers); i++) {
        if (headers[i].value.n) {
            weir_buf_printf(out, WEIR_SV_FMT ":" WEIR_SV_FMT "\n", WEIR_SV_ARG(headers[i].name),
                            WEIR_SV_ARG(headers[i].value));
            weir_buf_str(names, names->n ? ";" : "");
            weir_buf_sv(names, headers[i].name);
        }
    }
    weir_buf_printf(out, "\n%s\n%s", weir_buf_cstr(names), hash);
    weir_arena_deinit(&a);
}

static void make_key(const weir_aws_login *l, weir_sv day, char key[WEIR_SHA256_BYTES])
{
    const weir_sv steps[] = {day, l->region, l->service, WEIR_SV("aws4_request")};
    weir_buf first = {0};
    weir_buf_str(&first, "AWS4");
    weir_buf_sv(&first, l->secret);
    weir_sv by = weir_buf_view(&first);
    for (size_t i = 0; i < WEIR_COUNT(steps); i++) {
        char next[WEIR_SHA256_BYTES];
        weir_hmac_sha256(by, steps[i], next);
        memcpy(key, next, sizeof next);
        by = weir_sv_of(key, WEIR_SHA256_BYTES);
    }
    explicit_bzero(first.p, first.cap);
    weir_buf_deinit(&first);
}

static bool wants_hash(const weir_aws_login *l)
{
    return weir_sv_eq(l->service, WEIR_SV("s3")) || weir_sv_eq(l->service, WEIR_SV("aoss"));
}

void weir_aws_sign(const weir_aws_login *l, const weir_aws_request *r, int64_t at_s,
                   weir_aws_signature *out)
{
    weir_buf request = {0};
    weir_buf names = {0};
    weir_buf scope = {0};
    weir_buf text = {0};
    char hash[65];
    char key[WEIR_SHA256_BYTES];
    char sum[WEIR_SHA256_BYTES];
    print_date(at_s, out->date);
    out->sha256[0] = 0;
    if (wants_hash(l)) {
        print_sha256(r->body, out->sha256);
    }
    add_request(l, r, out, &request, &names);
    print_sha256(weir_buf_view(&request), hash);
    weir_buf_printf(&scope, "%.*s/" WEIR_SV_FMT "/" WEIR_SV_FMT "/aws4_request", DATE_DIGITS, out->date,
                    WEIR_SV_ARG(l->region), WEIR_SV_ARG(l->service));
    weir_buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", out->date, weir_buf_cstr(&scope), hash);
    make_key(l, weir_sv_of(out->date, DATE_DIGITS), key);
    weir_hmac_sha256(weir_sv_of(key, sizeof key), weir_buf_view(&text), sum);
    weir_buf_printf(&out->login, "AWS4-HMAC-SHA256 Credential=" WEIR_SV_FMT "/%s, SignedHeaders=%s, Signature=",
                    WEIR_SV_ARG(l->id), weir_buf_cstr(&scope), weir_buf_cstr(&names));
    weir_hex_encode(&out->login, weir_sv_of(sum, sizeof sum), false);
    explicit_bzero(key, sizeof key);
    weir_buf_deinit(&request);
    weir_buf_deinit(&names);
    weir_buf_deinit(&scope);
    weir_buf_deinit(&text);
}
