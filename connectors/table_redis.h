/* Between the files of tables in Redis: options and requests (table_redis.c), connections (table_redis_ask.c). */
#pragma once
#include "connectors/conn_lookup.h"
#include "connectors/redis_slots.h"
#include "connectors/retry.h"
#include "connectors/template.h"

typedef struct weir__redis_peer weir__redis_peer;

/* Key `i` of a question, on its way. */
typedef struct weir__redis_want {
    weir__question *q;
    uint32_t i;
    uint16_t ask; /* the node to ask once; WEIR_REDIS_NO_NODE: that of the slot */
    uint8_t tries; /* sent to another node */
} weir__redis_want;

typedef struct weir__redis_wants {
    weir__redis_want *items;
    size_t head, n, cap; /* [head, n) */
} weir__redis_wants;

typedef struct weir__redis_table {
    weir_conn *conn;
    bool hash, json;
    uint32_t n_fields;       /* hash: those of HMGET */
    weir_sv request, fields; /* "HMGET" or "GET" and the number of words, before the key; what follows it */
    weir_sink_input in;      /* what the template sees: a record with the table's key */
    weir_template *key;
    weir_redis_target target;
    weir_tls *tls;
    weir_redis_slots slots;
    /* loop */
    bool cluster, stale, running;
    weir__redis_peer *peers;
    weir__redis_wants waiting; /* to be sent */
    weir_sv *texts;            /* [n_fields] of one answer */
    weir_timer *timer;         /* the pause after a failure */
    bool pausing;
    weir_retry retry;
    weir_retry_policy policy;
} weir__redis_table;

/* table_redis_ask.c: loop */
void weir__redis_table_ask(void *self, weir__question *q);
weir_rc weir__redis_table_start(void *self, weir_status *st);
void weir__redis_table_stop(void *self);
