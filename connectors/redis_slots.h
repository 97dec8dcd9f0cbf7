/* Where keys are in a Redis Cluster: slots of keys, nodes of slots. Pure. */
#pragma once
#include "connectors/redis_link.h"

#define WEIR_REDIS_SLOTS 16384u
#define WEIR_REDIS_NODES_MAX 1024u
#define WEIR_REDIS_NO_NODE UINT16_MAX

/* CRC16 of the key, or of what is between its first { and the next }, when there is something. */
uint32_t weir_redis_slot(weir_sv key);

typedef struct weir_redis_node {
    char *host;
    uint16_t port;
} weir_redis_node;

typedef struct weir_redis_slots {
    weir_redis_node *nodes;
    uint32_t n, cap;
    uint16_t node_of[WEIR_REDIS_SLOTS]; /* 0 at first: the one that was named */
    char (*tags)[4];                    /* a short text in each slot; made when needed */
} weir_redis_slots;

void weir_redis_slots_init(weir_redis_slots *s);
void weir_redis_slots_deinit(weir_redis_slots *s);
/* Its number; WEIR_REDIS_NO_NODE: there are too many. */
uint16_t weir_redis_slots_node(weir_redis_slots *s, weir_sv host, uint16_t port);
/* The reply to CLUSTER SLOTS; `from`: who has sent it. False: it is none. */
bool weir_redis_slots_read(weir_redis_slots *s, uint16_t from, const weir_redis_reply *r);
/* "MOVED 3999 host:port", learnt; "ASK 3999 host:port", not. The node; WEIR_REDIS_NO_NODE: it is neither. */
uint16_t weir_redis_slots_redirect(weir_redis_slots *s, uint16_t from, weir_sv error, bool *ask);
/* A text of that slot without braces: {text} in a key puts it there. */
const char *weir_redis_slots_tag(weir_redis_slots *s, uint32_t slot);
