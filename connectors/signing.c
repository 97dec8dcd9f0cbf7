/* HMACs are OpenSSL's: a context per secret and digest is keyed once and started again for each
 * message. Home of openssl/. */
#include "connectors/signing.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "engine/data/text.h"

#define DIGEST_MAX 32
#define TIMESTAMP_DIGITS_MAX 18

typedef enum digest { SHA256, SHA1, DIGESTS } digest;
static const size_t digest_bytes[DIGESTS] = {32, 20};

struct weir_signer {
    uint32_t n;
    EVP_MAC_CTX *macs[WEIR_SIGNING_SECRETS_MAX][DIGESTS];
};

typedef struct kind_row {
    const char *name, *header;
    digest digest;
    bool base64; /* else hex */
    weir_sv prefix;
} kind_row;
static const kind_row kinds[] = {
    {"standard", "webhook-signature", SHA256, true, WEIR_SV("v1,")},
    {"github", "X-Hub-Signature-256", SHA256, false, WEIR_SV("sha256=")},
    {"shopify", "X-Shopify-Hmac-Sha256", SHA256, true, WEIR_SV("")},
    {"segment", "X-Signature", SHA1, false, WEIR_SV("")},
}; /* ORDER weir_signature */

static EVP_MAC_CTX *keyed(weir_sv key, digest d)
{
    static const char *const names[DIGESTS] = {"SHA256", "SHA1"};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    WEIR_ASSERT(hmac != NULL);
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)names[d], 0),
        OSSL_PARAM_construct_end(),
    };
    WEIR_ASSERT(EVP_MAC_init(mac, (const unsigned char *)key.p, key.n, params) == 1);
    return mac;
}

weir_rc weir_signer_new(const weir_sv *secrets, uint32_t n, weir_signer **out, weir_status *st)
{
    *out = NULL;
    if (!n || n > WEIR_SIGNING_SECRETS_MAX) {
        return weir_fail(st, WEIR_EUSAGE, "signatures need 1 to %d secrets, there are %u",
                         WEIR_SIGNING_SECRETS_MAX, n);
    }
    weir_signer *s = weir_zalloc(sizeof *s);
    for (uint32_t i = 0; i < n; i++) {
        weir_buf decoded = {0};
        weir_sv key = secrets[i];
        bool encoded = weir_sv_starts(key, WEIR_SV("whsec_"));
        bool good = key.n > 0;
        if (encoded) {
            good = weir_base64_decode(&decoded, weir_sv_of(key.p + 6, key.n - 6)) && decoded.n > 0;
            key = weir_buf_view(&decoded);
        }
        for (digest d = 0; good && d < DIGESTS; d++) {
            s->macs[i][d] = keyed(key, d);
        }
        if (decoded.n) {
            OPENSSL_cleanse(decoded.p, decoded.n);
        }
        weir_buf_deinit(&decoded);
        if (!good) {
            weir_signer_free(s);
            return weir_fail(st, WEIR_EUSAGE, "signing secret %u %s", i + 1,
                             encoded ? "is not base64 after whsec_" : "is empty");
        }
        s->n++;
    }
    *out = s;
    return WEIR_OK;
}

void weir_signer_free(weir_signer *s)
{
    if (!s) {
        return;
    }
    for (uint32_t i = 0; i < WEIR_SIGNING_SECRETS_MAX; i++) {
        for (digest d = 0; d < DIGESTS; d++) {
            EVP_MAC_CTX_free(s->macs[i][d]);
        }
    }
    weir_free(s);
}

/* Of the parts one after the other. */
static weir_sv hmac_of(EVP_MAC_CTX *mac, const weir_sv *parts, uint32_t n, char out[DIGEST_MAX])
{
    size_t bytes = 0;
    bool good = EVP_MAC_init(mac, NULL, 0, NULL) == 1;
    for (uint32_t i = 0; i < n; i++) {
        good = good && (!parts[i].n ||
                        EVP_MAC_update(mac, (const unsigned char *)parts[i].p, parts[i].n) == 1);
    }
    good = good && EVP_MAC_final(mac, (unsigned char *)out, &bytes, DIGEST_MAX) == 1;
    WEIR_ASSERT(good); /* it needs nothing that could be missing */
    return weir_sv_of(out, bytes);
}

static bool is_good_id(weir_sv id)
{
    for (uint32_t i = 0; i < id.n; i++) {
        if ((unsigned char)id.p[i] <= ' ' || id.p[i] == '.' || id.p[i] == 0x7f) {
            return false;
        }
    }
    return id.n > 0;
}

weir_rc weir_webhook_sign(const weir_signer *s, weir_sv id, int64_t at_s, weir_sv body,
                          weir_buf *out, weir_status *st)
{
    if (!is_good_id(id)) {
        return weir_fail(st, WEIR_EUSAGE, "webhook id \"" WEIR_SV_FMT "\": %s", WEIR_SV_ARG(id),
                         "it is empty, or has a dot, a blank or a control character");
    }
    char digits[32];
    char bytes[DIGEST_MAX];
    int n = snprintf(digits, sizeof digits, ".%lld.", (long long)at_s);
    for (uint32_t i = 0; i < s->n; i++) {
        const weir_sv parts[] = {id, weir_sv_of(digits, (size_t)n), body};
        weir_sv sum = hmac_of(s->macs[i][SHA256], parts, WEIR_COUNT(parts), bytes);
        weir_buf_str(out, i ? " v1," : "v1,");
        weir_base64_encode(out, sum);
    }
    return WEIR_OK;
}

bool weir_signature_named(weir_sv name, weir_signature *out)
{
    for (uint32_t i = 0; i < WEIR_COUNT(kinds); i++) {
        if (weir_sv_ieq(name, weir_sv_cstr(kinds[i].name))) {
            *out = (weir_signature)i;
            return true;
        }
    }
    return false;
}

const char *weir_signature_header(weir_signature kind)
{
    WEIR_ASSERT((size_t)kind < WEIR_COUNT(kinds));
    return kinds[kind].header;
}

bool weir_same_secret(weir_sv a, weir_sv b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

/* Whether `text`, without its prefix, is the HMAC under one of the secrets. All are tried. */
static bool is_made_by(const weir_signer *s, const kind_row *k, weir_sv text, const weir_sv *parts,
                       uint32_t n_parts)
{
    if (!weir_sv_starts(text, k->prefix)) {
        return false;
    }
    text = weir_sv_of(text.p + k->prefix.n, text.n - k->prefix.n);
    weir_buf given;
    weir_buf_init(&given, 2 * DIGEST_MAX);
    bool same = false;
    bool readable = k->base64 ? weir_base64_decode(&given, text) : weir_hex_decode(&given, text);
    if (readable && !given.over && given.n == digest_bytes[k->digest]) {
        for (uint32_t i = 0; i < s->n; i++) {
            char bytes[DIGEST_MAX];
            weir_sv sum = hmac_of(s->macs[i][k->digest], parts, n_parts, bytes);
            same |= weir_same_secret(sum, weir_buf_view(&given));
        }
    }
    weir_buf_deinit(&given);
    return same;
}

static bool read_seconds(weir_sv text, int64_t *out)
{
    int64_t v = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        v = i < TIMESTAMP_DIGITS_MAX ? v * 10 + (text.p[i] - '0') : 0;
    }
    *out = v;
    return text.n > 0 && text.n <= TIMESTAMP_DIGITS_MAX;
}

static const char *standard_refuses(const weir_signer *s, const weir_signed *m, int64_t now_s,
                                    int64_t tolerance_s)
{
    int64_t at_s = 0;
    if (!is_good_id(m->id)) {
        return "webhook-id is missing or wrong";
    }
    if (!read_seconds(m->timestamp, &at_s)) {
        return "webhook-timestamp is missing or wrong";
    }
    if (at_s < now_s - tolerance_s) {
        return "webhook-timestamp is too old";
    }
    if (at_s > now_s + tolerance_s) {
        return "webhook-timestamp is in the future";
    }
    const weir_sv parts[] = {m->id, WEIR_SV("."), m->timestamp, WEIR_SV("."), m->body};
    uint32_t from = 0;
    for (uint32_t seen = 0; from < m->signature.n && seen < WEIR_SIGNATURES_MAX; seen++) {
        int64_t blank = weir_sv_find(m->signature, WEIR_SV(" "), from);
        uint32_t to = blank < 0 ? m->signature.n : (uint32_t)blank;
        weir_sv one = weir_sv_of(m->signature.p + from, to - from);
        if (is_made_by(s, &kinds[WEIR_SIGNATURE_STANDARD], one, parts, WEIR_COUNT(parts))) {
            return NULL;
        }
        from = to + 1;
    }
    return "the signature is wrong";
}

const char *weir_signature_refuses(const weir_signer *s, weir_signature kind, const weir_signed *m,
                                   int64_t now_s, int64_t tolerance_s)
{
    WEIR_ASSERT((size_t)kind < WEIR_COUNT(kinds));
    if (!m->signature.n) {
        return "there is no signature";
    }
    if (kind == WEIR_SIGNATURE_STANDARD) {
        return standard_refuses(s, m, now_s, tolerance_s);
    }
    return is_made_by(s, &kinds[kind], m->signature, &m->body, 1) ? NULL : "the signature is wrong";
}

void weir_sha1_hex(weir_sv text, char out[WEIR_SHA1_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sha[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    WEIR_ASSERT(EVP_Digest(text.p, text.n, sha, &n, EVP_sha1(), NULL) == 1);
    WEIR_ASSERT(2 * n + 1 == WEIR_SHA1_HEX);
    for (unsigned int i = 0; i < n; i++) {
        out[2 * i] = digits[sha[i] >> 4];
        out[2 * i + 1] = digits[sha[i] & 15];
    }
    out[2 * n] = 0;
}
