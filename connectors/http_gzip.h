/* Bodies of requests, compressed. One thread. */
#pragma once
#include "engine/base/buf.h"

typedef struct weir_gzip weir_gzip;
weir_gzip *weir_gzip_new(void);
void weir_gzip_free(weir_gzip *g); /* NULL is fine */
/* Appends `bytes` in gzip's form. */
void weir_gzip_pack(weir_gzip *g, weir_sv bytes, weir_buf *out);
