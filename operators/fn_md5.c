/* MD5, which is OpenSSL's. */
#include <openssl/evp.h>

#include "operators/fn_text.h"

static weir_value md5(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int bytes = 0;
    if (!EVP_Digest(args[0].sv.n ? args[0].sv.p : "", args[0].sv.n, digest, &bytes, EVP_md5(),
                    NULL)) {
        return weir_row_error(c, "MD5 is not available: OpenSSL refuses it");
    }
    weir_buf hex;
    weir_buf_init(&hex, sizeof digest * 2);
    weir_hex_encode(&hex, weir_sv_of((const char *)digest, bytes), false);
    return weir__taken(c, &hex);
}

static const weir_overload md5_rows[] = {{.sig = "STRING -> STRING", .row = md5}};

const weir_function weir_fn_md5[] = {
    {.name = "MD5", .category = WEIR_CAT_STRING,
     .doc = "The MD5 hash of a string's UTF-8 bytes, in hexadecimal.",
     .example = "MD5('') → d41d8cd98f00b204e9800998ecf8427e", .overloads = md5_rows,
     .n_overloads = WEIR_COUNT(md5_rows)},
};
const uint32_t weir_fn_md5_n = WEIR_COUNT(weir_fn_md5);
