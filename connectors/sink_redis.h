/* Between the files of the Redis sink: options (sink_redis.c, sink_redis_where.c), columns (sink_redis_bind.c),
 * rows to commands (sink_redis_render.c, sink_redis_make.c, sink_redis_zset.c), what is done once
 * (sink_redis_fence.c), commands to nodes (sink_redis_lane.c, sink_redis_peer.c, sink_redis_outcome.c). */
#pragma once
#include "connectors/redis_slots.h"
#include "connectors/template.h"

/* ORDER weir__redis_type: names in sink_redis.c */
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
    weir_sv word; /* its name as a word of a command */
    bool incr;
} weir__redis_field;

/* What is compiled for one topic. */
typedef struct weir__redis_bound {
    const weir_sink_input *in;
    weir_template *key, *value, *member;
    bool rows_json;            /* the value is the columns as JSON, whatever the topic's format */
    weir__redis_field *fields; /* HASH, STREAM */
    uint32_t n_fields, n_set;  /* of them, those that are not counted up */
    int32_t score, ttl_col, array, array_score, array_member;
    weir_template **words;     /* COMMAND, SCRIPT: its arguments */
    uint32_t n_words;
    bool fenced;               /* effects add up, so each is done once: see sink_redis_fence.c */
    bool deletes;              /* tombstones take something away */
    const char *no_delete;     /* … but cannot here: the reason */
} weir__redis_bound;

/* What the server is. Fences lie elsewhere in a cluster. */
typedef enum weir__redis_mode {
    WEIR__REDIS_UNKNOWN, /* it will be asked */
    WEIR__REDIS_SINGLE,
    WEIR__REDIS_CLUSTER,
} weir__redis_mode;

typedef struct weir__redis_sink {
    weir_conn *conn;
    weir__redis_type type;
    int64_t ttl_ms;
    bool ttl_if_new;
    weir_sv on_delete, zadd, script_sha, script;
    const char *list_op;
    int64_t list_max, stream_max, wait_replicas, wait_ms;
    weir_redis_target target;
    weir_tls *tls;
    char id[17];               /* of this sink's life, in the name of its fences; empty: not started yet */
    /* loop */
    struct weir__redis_lane *lanes; /* list of those that exist */
    weir_redis_slots slots;
    weir__redis_mode mode;
    bool mode_given;           /* 'redis.mode' says it, the server is not asked */
    bool stale;                /* slots are to be asked for */
    uint16_t seed;             /* the node to ask */
    uint16_t home;             /* that of a single server */
    bool found;                /* … by a sentinel */
    uint32_t n_sentinels;      /* the first so many nodes; 0: none is asked */
    weir_sv master;            /* its name there */
    const char *sentinel_user, *sentinel_password;
    weir_buf key, word;        /* while a row is rendered: its key as a word, another text */
} weir__redis_sink;

/* sink_redis_where.c. Reads the options that say where Redis is. */
weir_rc weir__redis_where(weir__redis_sink *s, weir_status *st);

/* sink_redis_bind.c */
weir_rc weir__redis_bind(void *self, weir_sink_input *in, weir_status *st);

/* sink_redis_render.c */
void weir__redis_render(void *self, const weir_sink_rows *rows, weir_sink_parcel *out);

/* sink_redis_fence.c. The script that does its commands unless that was done (see there), and its SHA-1. */
weir_sv weir__redis_fence_script(void);
/* Items of one fence as a whole command, whose answer is an array of theirs. `before`: see there; -1:
 * nothing. */
void weir__redis_fenced(weir__redis_sink *s, const weir_sink_item *const *items, uint32_t n, int64_t before,
                        weir_buf *out);
static inline bool weir__redis_is_fenced(const weir_sink_item *i)
{
    return ((const weir__redis_bound *)i->parcel->in->bound)->fenced;
}
/* Of items whose fence is one, all that is applied is applied in the order of offsets. */
uint64_t weir__redis_fence_of(const weir__redis_sink *s, const weir_sink_item *item);

/* sink_redis_lane.c */
void weir__redis_send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n);
void weir__redis_stop(void *self);
