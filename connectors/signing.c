/* HMACs are OpenSSL's: a context per secret and digest is keyed once and started again for each
 * message. An ed25519 key has none of them, but the key itself. Home of openssl/. */
#include "connectors/signing.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "engine/data/text.h"

#define DIGEST_MAX 32
#define ED25519_KEY 32  /* bytes of a seed, and of a public key */
#define ED25519_SIGNATURE 64
#define TIMESTAMP_DIGITS_MAX 18

typedef enum digest { SHA256, SHA1, DIGESTS } digest;
static const size_t digest_bytes[DIGESTS] = {32, 20};

typedef struct secret {
    EVP_MAC_CTX *macs[DIGESTS]; /* NULL: it is an ed25519 key */
    EVP_PKEY *key;
    bool is_public;
} secret;

struct weir_signer {
    uint32_t n;
    secret secrets[WEIR_SIGNING_SECRETS_MAX];
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

/* whsk_: a seed, or a seed with its public key behind it; whpk_: a public key. */
static bool open_key(secret *out, bool is_public, weir_sv bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    unsigned char of_seed[ED25519_KEY];
    size_t n = sizeof of_seed;
    out->is_public = is_public;
    if (is_public) {
        out->key = bytes.n == ED25519_KEY ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, p, bytes.n) : NULL;
        return out->key != NULL;
    }
    if (bytes.n != ED25519_KEY && bytes.n != 2 * ED25519_KEY) {
        return false;
    }
    out->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, p, ED25519_KEY);
    return out->key && (bytes.n == ED25519_KEY ||
                        (EVP_PKEY_get_raw_public_key(out->key, of_seed, &n) == 1 &&
                         memcmp(of_seed, p + ED25519_KEY, ED25519_KEY) == 0));
}

static void open_macs(secret *out, weir_sv key)
{
    for (digest d = 0; d < DIGESTS; d++) {
        out->macs[d] = keyed(key, d);
    }
}

/* NULL, or what it should be. */
static const char *open_secret(secret *out, weir_sv text)
{
    static const struct {
        weir_sv prefix;
        const char *wrong;
    } kinds_of_secrets[] = {{{"whsec_", 6}, "is not base64 after whsec_"},
                            {{"whsk_", 5}, "is not the base64 of a private ed25519 key after whsk_"},
                            {{"whpk_", 5}, "is not the base64 of a public ed25519 key after whpk_"}};
    for (size_t i = 0; i < WEIR_COUNT(kinds_of_secrets); i++) {
        weir_sv prefix = kinds_of_secrets[i].prefix;
        if (!weir_sv_starts(text, prefix)) {
            continue;
        }
        weir_buf bytes = {0};
        bool good = weir_base64_decode(&bytes, weir_sv_of(text.p + prefix.n, text.n - prefix.n)) &&
                    bytes.n > 0 && (i == 0 || open_key(out, i == 2, weir_buf_view(&bytes)));
        if (good && i == 0) {
            open_macs(out, weir_buf_view(&bytes));
        }
        if (bytes.n) {
            OPENSSL_cleanse(bytes.p, bytes.n);
        }
        weir_buf_deinit(&bytes);
        return good ? NULL : kinds_of_secrets[i].wrong;
    }
    if (text.n) {
        open_macs(out, text);
    }
    return text.n ? NULL : "is empty";
}

weir_rc weir_signer_new(const weir_sv *secrets, uint32_t n, weir_signer **out, weir_status *st)
{
    *out = NULL;
    if (!n || n > WEIR_SIGNING_SECRETS_MAX) {
        return weir_fail(st, WEIR_EUSAGE, "signatures need 1 to %d secrets, there are %u",
                         WEIR_SIGNING_SECRETS_MAX, n);
    }
    weir_signer *s = weir_zalloc(sizeof *s);
    for (; s->n < n; s->n++) {
        const char *wrong = open_secret(&s->secrets[s->n], secrets[s->n]);
        if (wrong) {
            weir_fail(st, WEIR_EUSAGE, "signing secret %u %s", s->n + 1, wrong);
            weir_signer_free(s);
            return WEIR_EUSAGE;
        }
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
            EVP_MAC_CTX_free(s->secrets[i].macs[d]);
        }
        EVP_PKEY_free(s->secrets[i].key);
    }
    weir_free(s);
}

bool weir_signer_can_sign(const weir_signer *s)
{
    bool can = true;
    for (uint32_t i = 0; i < s->n; i++) {
        can &= !s->secrets[i].is_public;
    }
    return can;
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

/* Of the parts one after the other; ed25519 wants them in one piece. */
static void join(const weir_sv *parts, uint32_t n, weir_buf *out)
{
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_sv(out, parts[i]);
    }
}

static void add_key_signature(EVP_PKEY *key, const weir_sv *parts, uint32_t n, weir_buf *out)
{
    char bytes[ED25519_SIGNATURE];
    size_t got = sizeof bytes;
    weir_buf text = {0};
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    join(parts, n, &text);
    bool good = c && EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(c, (unsigned char *)bytes, &got, (const unsigned char *)text.p, text.n) == 1;
    WEIR_ASSERT(good && got == sizeof bytes); /* it needs nothing that could be missing */
    weir_base64_encode(out, weir_sv_of(bytes, got));
    EVP_MD_CTX_free(c);
    weir_buf_deinit(&text);
}

static bool is_made_by_key(EVP_PKEY *key, weir_sv signature, const weir_sv *parts, uint32_t n)
{
    weir_buf text = {0};
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    join(parts, n, &text);
    bool good = c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(c, (const unsigned char *)signature.p, signature.n,
                                 (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    weir_buf_deinit(&text);
    return good;
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
    if (!weir_signer_can_sign(s)) {
        return weir_fail(st, WEIR_EUSAGE, "a public key (whpk_) signs nothing");
    }
    char digits[32];
    char bytes[DIGEST_MAX];
    int n = snprintf(digits, sizeof digits, ".%lld.", (long long)at_s);
    const weir_sv parts[] = {id, weir_sv_of(digits, (size_t)n), body};
    for (uint32_t i = 0; i < s->n; i++) {
        const secret *x = &s->secrets[i];
        weir_buf_str(out, i ? " " : "");
        weir_buf_str(out, x->key ? "v1a," : "v1,");
        if (x->key) {
            add_key_signature(x->key, parts, WEIR_COUNT(parts), out);
        } else {
            weir_base64_encode(out, hmac_of(x->macs[SHA256], parts, WEIR_COUNT(parts), bytes));
        }
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
            EVP_MAC_CTX *mac = s->secrets[i].macs[k->digest];
            same |= mac && weir_same_secret(hmac_of(mac, parts, n_parts, bytes), weir_buf_view(&given));
        }
    }
    weir_buf_deinit(&given);
    return same;
}

/* "v1a,<base64>" */
static bool is_made_by_keys(const weir_signer *s, weir_sv text, const weir_sv *parts, uint32_t n_parts)
{
    static const weir_sv prefix = {"v1a,", 4};
    weir_buf given;
    bool good = false;
    weir_buf_init(&given, 2 * ED25519_SIGNATURE);
    if (weir_sv_starts(text, prefix) &&
        weir_base64_decode(&given, weir_sv_of(text.p + prefix.n, text.n - prefix.n)) && !given.over &&
        given.n == ED25519_SIGNATURE) {
        for (uint32_t i = 0; i < s->n; i++) {
            EVP_PKEY *key = s->secrets[i].key;
            good |= key && is_made_by_key(key, weir_buf_view(&given), parts, n_parts);
        }
    }
    weir_buf_deinit(&given);
    return good;
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
        if (is_made_by(s, &kinds[WEIR_SIGNATURE_STANDARD], one, parts, WEIR_COUNT(parts)) ||
            is_made_by_keys(s, one, parts, WEIR_COUNT(parts))) {
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

void weir_sha256(weir_sv bytes, char out[WEIR_SHA256_BYTES])
{
    unsigned int n = 0;
    WEIR_ASSERT(EVP_Digest(bytes.p, bytes.n, (unsigned char *)out, &n, EVP_sha256(), NULL) == 1);
    WEIR_ASSERT(n == WEIR_SHA256_BYTES);
}

void weir_hmac_sha256(weir_sv key, weir_sv bytes, char out[WEIR_SHA256_BYTES])
{
    EVP_MAC_CTX *mac = keyed(key, SHA256);
    weir_sv sum = hmac_of(mac, &bytes, 1, out);
    WEIR_ASSERT(sum.n == WEIR_SHA256_BYTES);
    EVP_MAC_CTX_free(mac);
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
