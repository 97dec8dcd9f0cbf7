/* Files of vectors: lines, fields, escapes. */
#include "tests/support/vectors.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/test.h"

#ifndef WEIR_SOURCE_DIR
#define WEIR_SOURCE_DIR "."
#endif

uint32_t weir_vectors_each(const char *name, char separator, weir_vector_case run)
{
    char path[512];
    const char *folder = getenv("WEIR_VECTORS");
    snprintf(path, sizeof path, "%s/%s.txt", folder ? folder : WEIR_SOURCE_DIR "/tests/vectors",
             name);
    FILE *file = fopen(path, "r");
    if (!file) {
        fail_msg("cannot open %s", path);
    }
    static char line[65536];
    uint32_t n_cases = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *fields[WEIR_VECTOR_FIELDS];
        uint32_t n = 0;
        for (char *at = line; at && n < WEIR_VECTOR_FIELDS; n++) {
            fields[n] = at;
            at = strchr(at, separator);
            if (at) {
                *at++ = '\0';
            }
        }
        run(fields, n, ++n_cases);
    }
    fclose(file);
    return n_cases;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | (c >> 6));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xe0 | (c >> 12));
        *to++ = (char)(0x80 | ((c >> 6) & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

weir_sv weir_vector_unescape(char *field)
{
    char *to = field;
    for (const char *at = field; *at; at++) {
        if (*at != '\\') {
            *to++ = *at;
            continue;
        }
        at++;
        if (*at == 'u') {
            char hex[5] = {0};
            memcpy(hex, at + 1, 4);
            to = put_utf8(to, (uint32_t)strtoul(hex, NULL, 16));
            at += 4;
        } else {
            *to++ = *at == 'n' ? '\n' : (*at == 'r' ? '\r' : (*at == 't' ? '\t' : *at));
        }
    }
    *to = '\0';
    return weir_sv_of(field, (size_t)(to - field));
}
