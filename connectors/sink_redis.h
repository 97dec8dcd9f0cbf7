/* Between the files of the Redis sink: options and lanes (sink_redis.c), rows to commands
 * (sink_redis_render.c). */
#pragma once
#include "connectors/redis_link.h"
#include "connectors/template.h"

/* ORDER weir__redis_type: as the choices of 'redis.type' */
typedef enum weir__redis_type {
    WEIR__REDIS_STRING,
    WEIR__REDIS_JSON,   /* a string that is JSON */
    WEIR__REDIS_HASH,
    WEIR__REDIS_LIST,
    WEIR__REDIS_SET,
    WEIR__REDIS_ZSET,
    WEIR__REDIS_ZREPLACE, /* a whole sorted set from an array */
    WEIR__REDIS_STREAM,
    WEIR__REDIS_PUBSUB,
    WEIR__REDIS_PFADD,
    WEIR__REDIS_COMMAND,
    WEIR__REDIS_SCRIPT,
} weir__redis_type;

typedef struct weir__redis_field {
    uint32_t col;
    weir_sv name;
    bool incr;
} weir__redis_field;

/* What is compiled for one topic. */
typedef struct weir__redis_bound {
    struct weir__redis_bound *next; /* of the sink's other topics */
    const weir_sink_input *in;
    weir_template *key, *value, *member;
    weir__redis_field *fields; /* HASH, STREAM */
    uint32_t n_fields;
    int32_t score, ttl_col, array, array_score, array_member;
    weir_template **words;     /* COMMAND, SCRIPT: its arguments */
    uint32_t n_words;
    bool fenced;               /* effects add up, so each is done once: see sink_redis_render.c */
} weir__redis_bound;

typedef struct weir__redis_sink {
    weir_conn *conn;
    weir__redis_type type;
    int64_t ttl_ms;
    bool ttl_if_new;
    weir_sv on_delete, zadd, script_sha, script;
    const char *list_op;
    int64_t list_max, stream_max;
    weir_redis_target target;
    weir_tls *tls;
    struct weir__redis_lane *lanes; /* list of those that exist */
    struct weir__redis_bound *bounds;
    bool fenced;               /* one of them is */
    weir_buf scratch;          /* loop: a word while it is rendered */
} weir__redis_sink;

/* One row: appends commands to out, and says how many replies they have. 0 with no bytes: nothing to do.
 * False: *why. */
bool weir__redis_render(weir__redis_sink *s, const weir__redis_bound *b, const weir_sink_rows *r,
                        uint32_t row, weir_buf *out, uint32_t *replies, const char **why);
/* The script that does its commands unless that was done (see there), and its SHA-1. */
weir_sv weir__redis_fence_script(void);
/* Where it keeps what was done, as words of a command. */
void weir__redis_fence_key(weir_buf *out, const weir__redis_bound *b);
void weir__redis_fence_field(weir_buf *out, int32_t partition, uint32_t part);
