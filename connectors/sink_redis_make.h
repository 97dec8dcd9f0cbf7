/* A row on its way to commands of Redis: what sink_redis_render.c and sink_redis_zset.c write with. */
#pragma once
#include "connectors/sink_redis.h"

/* One row, while it becomes commands: straight, or as counted words for the fence's script. */
typedef struct weir__redis_maker {
    weir__redis_sink *sink;
    const weir__redis_bound *b;
    const weir_sink_rows *r;
    const weir_sink_json *json;
    uint32_t row;
    weir_buf *out;
    uint32_t replies, words;
    const char *why;
} weir__redis_maker;

/* sink_redis_make.c. A command of n words begins; its words; the row's key as a word. */
void weir__redis_begin_command(weir__redis_maker *m, uint32_t n);
void weir__redis_put_word(weir__redis_maker *m, weir_sv w);
void weir__redis_put_key(weir__redis_maker *m);
/* Words of templates and columns. False: m->why says why there is none. */
bool weir__redis_put_template(weir__redis_maker *m, const weir_template *t);
bool weir__redis_put_value(weir__redis_maker *m);
void weir__redis_put_column(weir__redis_maker *m, uint32_t col);
bool weir__redis_is_null(const weir__redis_maker *m, uint32_t col);
/* As CAST(x AS STRING) prints it; nested ones as JSON. Until the next word. */
weir_sv weir__redis_printed(weir__redis_maker *m, const weir_type *type, const weir_value *x);
/* How long the key lives; false: for ever. *at: it is a time, and no duration. */
bool weir__redis_ttl_of(const weir__redis_maker *m, int64_t *ms, bool *at);
void weir__redis_put_expire(weir__redis_maker *m); /* a command, or none */

/* sink_redis_zset.c. False: m->why */
bool weir__redis_zset(weir__redis_maker *m);
bool weir__redis_zreplace(weir__redis_maker *m);
