/* URLs made of others: pages that follow one another. Pure; any thread. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

/* Appends what `ref` (a URL, a path, a query) means where `base` is. WEIR_EUSAGE: no URL, or it leads to
 * another scheme, host or port: who knows our secrets there is for others to say. */
weir_rc weir_http_url_follow(weir_sv base, weir_sv ref, weir_buf *out, weir_status *st);
/* Appends the URL with one more parameter. */
weir_rc weir_http_url_with(weir_sv url, weir_sv name, weir_sv value, weir_buf *out, weir_status *st);
/* The target of rel="next" in a Link header (RFC 8288); n 0: it has none. */
weir_sv weir_http_link_next(weir_sv header);
