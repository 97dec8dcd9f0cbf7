/* Signatures of webhooks: those we send (Standard Webhooks 1.0), and the check of those that others
 * send to us. Comparisons take the same time wherever they differ. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

#define WEIR_SIGNING_SECRETS_MAX 8 /* of one endpoint: the new one and some that are going out */
#define WEIR_SIGNATURES_MAX 32     /* looked at in one header */

/* Secrets made ready. One thread at a time. */
typedef struct weir_signer weir_signer;
/* A secret that begins with whsec_ is base64, any other is its own bytes. None may be empty. Ed25519
 * keys, for STANDARD only: whsk_ and the base64 of a private one, whpk_ and that of a public one.
 * Messages do not show secrets. */
weir_rc weir_signer_new(const weir_sv *secrets, uint32_t n, weir_signer **out, weir_status *st);
void weir_signer_free(weir_signer *s); /* NULL is fine */
/* False: there is a public key among them, which only checks. */
bool weir_signer_can_sign(const weir_signer *s);

/* Appends the value of webhook-signature: "v1,<base64>", of an ed25519 key "v1a,<base64>", for each
 * secret, with blanks between. `at_s`: seconds of webhook-timestamp. WEIR_EUSAGE: the id is empty,
 * or has a dot (a receiver could not tell where it ends), a blank or a control character. */
weir_rc weir_webhook_sign(const weir_signer *s, weir_sv id, int64_t at_s, weir_sv body,
                          weir_buf *out, weir_status *st);

#define WEIR_WEBHOOK_TOLERANCE_S 300

/* ORDER weir_signature: names in signing.c */
typedef enum weir_signature {
    WEIR_SIGNATURE_STANDARD, /* webhook-id, webhook-timestamp, webhook-signature */
    WEIR_SIGNATURE_GITHUB,   /* X-Hub-Signature-256: sha256=<hex> */
    WEIR_SIGNATURE_SHOPIFY,  /* X-Shopify-Hmac-Sha256: <base64> */
    WEIR_SIGNATURE_SEGMENT,  /* X-Signature: <hex of HMAC-SHA1> */
} weir_signature;
/* "standard", "github", "shopify", "segment" */
bool weir_signature_named(weir_sv name, weir_signature *out);
/* The header that carries it: "X-Hub-Signature-256" … */
const char *weir_signature_header(weir_signature kind);

/* What came with a request. id and timestamp are looked at for STANDARD only. */
typedef struct weir_signed {
    weir_sv signature, id, timestamp, body;
} weir_signed;
/* NULL: made with one of the secrets, and (STANDARD) within `tolerance_s` of now. Otherwise why
 * not. */
const char *weir_signature_refuses(const weir_signer *s, weir_signature kind, const weir_signed *m,
                                   int64_t now_s, int64_t tolerance_s);

#define WEIR_SHA256_BYTES 32
void weir_sha256(weir_sv bytes, char out[WEIR_SHA256_BYTES]);
void weir_hmac_sha256(weir_sv key, weir_sv bytes, char out[WEIR_SHA256_BYTES]);

#define WEIR_SHA1_HEX 41 /* digits and NUL */
void weir_sha1_hex(weir_sv text, char out[WEIR_SHA1_HEX]); /* names a script in Redis */

/* Whether they are the same; how long it takes depends on the lengths only. */
bool weir_same_secret(weir_sv a, weir_sv b);
