/* URIs as java.net.URI takes them apart: RFC 2396 with IPv6 addresses and with visible characters
 * that are no ASCII. Pure; parts borrow from the text, escapes stay in place. */
#pragma once
#include "engine/base/arena.h"

/* A part that is absent has no address (`p` NULL); an empty one has. */
typedef struct weir_uri {
    weir_sv scheme;
    weir_sv host; /* absent also when the authority is no server's, such as `a_b` */
    int32_t port; /* -1: none */
    weir_sv path; /* absent in an opaque URI, such as `mailto:x` */
    weir_sv query;
    weir_sv fragment;
} weir_uri;

/* False: not a URI. The text must be valid UTF-8. */
bool weir_uri_parse(weir_sv text, weir_uri *out);
/* Takes the escapes out of a part; bytes that are not UTF-8 become U+FFFD. */
weir_sv weir_uri_decode(weir_arena *a, weir_sv part);
