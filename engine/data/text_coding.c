/* Hexadecimal and base64 as javax.xml.bind.DatatypeConverter and java.util.Base64 have them. */
#include "engine/data/text.h"

void weir_hex_encode(weir_buf *out, weir_sv bytes, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char *to = weir_buf_reserve(out, (size_t)bytes.n * 2);
    if (!to) {
        return;
    }
    for (uint32_t i = 0; i < bytes.n; i++) {
        unsigned char byte = (unsigned char)bytes.p[i];
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    out->n += (size_t)bytes.n * 2;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool weir_hex_decode(weir_buf *out, weir_sv text)
{
    char *to = weir_buf_reserve(out, text.n / 2 + 1); /* never NULL for want of bytes */
    if (text.n % 2 || !to) {
        return false;
    }
    for (uint32_t i = 0; i < text.n; i += 2) {
        int high = hex_value(text.p[i]);
        int low = hex_value(text.p[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        *to++ = (char)(high << 4 | low);
    }
    out->n += text.n / 2;
    return true;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void weir_base64_encode(weir_buf *out, weir_sv bytes)
{
    size_t n = ((size_t)bytes.n + 2) / 3 * 4;
    char *to = weir_buf_reserve(out, n);
    if (!to) {
        return;
    }
    for (uint32_t i = 0; i < bytes.n; i += 3) {
        uint32_t left = bytes.n - i;
        const unsigned char *p = (const unsigned char *)bytes.p + i;
        uint32_t v = (uint32_t)p[0] << 16 | (left > 1 ? (uint32_t)p[1] << 8 : 0) |
                     (left > 2 ? p[2] : 0);
        to[0] = base64_digits[v >> 18];
        to[1] = base64_digits[(v >> 12) & 63];
        to[2] = left > 1 ? base64_digits[(v >> 6) & 63] : '=';
        to[3] = left > 2 ? base64_digits[v & 63] : '=';
        to += 4;
    }
    out->n += n;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : (c == '/' ? 63 : -1);
}

bool weir_base64_decode(weir_buf *out, weir_sv text)
{
    uint32_t n = text.n;
    if (n && text.p[n - 1] == '=') { /* padding fills a group of four or must not be there */
        if (n % 4) {
            return false;
        }
        n -= text.p[n - 2] == '=' ? 2 : 1;
    }
    if (n % 4 == 1) {
        return false;
    }
    char *to = weir_buf_reserve(out, (size_t)n / 4 * 3 + 3);
    if (!to) {
        return false;
    }
    uint32_t v = 0;
    for (uint32_t i = 0; i < n; i++) {
        int digit = base64_value(text.p[i]);
        if (digit < 0) {
            return false;
        }
        v = v << 6 | (uint32_t)digit;
        if (i % 4 == 3) {
            *to++ = (char)(v >> 16);
            *to++ = (char)(v >> 8);
            *to++ = (char)v;
        }
    }
    if (n % 4 == 2) { /* bits beyond the last byte are ignored */
        *to++ = (char)(v >> 4);
    } else if (n % 4 == 3) {
        *to++ = (char)(v >> 10);
        *to++ = (char)(v >> 2);
    }
    out->n += (size_t)n * 3 / 4;
    return true;
}
