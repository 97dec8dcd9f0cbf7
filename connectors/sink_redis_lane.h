/* Between sink_redis_lane.c (rounds), sink_redis_peer.c (connections to nodes, who is who) and
 * sink_redis_outcome.c (replies). Loop thread. */
#pragma once
#include "connectors/sink_redis.h"

/* Replies to commands that are the lane's own come before those of items. */
typedef enum weir__redis_own {
    WEIR__REDIS_OWN_SCRIPT, /* SCRIPT LOAD */
    WEIR__REDIS_OWN_SLOTS,  /* CLUSTER SLOTS */
    WEIR__REDIS_OWN_MASTER, /* SENTINEL GET-MASTER-ADDR-BY-NAME */
    WEIR__REDIS_OWN_KINDS
} weir__redis_own;

/* A lane's connection to a node. */
typedef struct weir__redis_peer {
    struct weir__redis_peer *next;
    struct weir__redis_lane *lane;
    uint16_t node;
    weir_redis_link *link;
    bool has_script;
    weir__redis_own own[WEIR__REDIS_OWN_KINDS];
    uint32_t n_own;
    bool waits;               /* for the reply to WAIT, which comes last */
    weir_buf bytes;
    uint32_t *items;          /* of this round, in the order of their replies */
    uint32_t n, at, cap;
    uint32_t replies;
} weir__redis_peer;

typedef struct weir__redis_attempt {
    uint32_t left;            /* replies that are owed; of a group, to its first */
    uint32_t group;           /* how many items it is the first of, and which follows it */
    uint32_t next;
    uint16_t ask;             /* the node to ask once; WEIR_REDIS_NO_NODE: that of the slot */
    bool again;               /* in the next round */
} weir__redis_attempt;

/* Items of one fence that are done by one command. */
typedef struct weir__redis_group {
    uint32_t first, last;     /* items */
    uint32_t n, bytes;
    int64_t before;           /* the offset of the group before it; -1: none in this round */
    uint16_t node;
    bool ask;
} weir__redis_group;

/* A fence's latest group in this round. */
typedef struct weir__redis_mark {
    uint64_t fence;
    uint32_t round, group;
} weir__redis_mark;

typedef struct weir__redis_lane {
    struct weir__redis_lane *next;
    weir__redis_sink *sink;
    weir_sink_lane *lane;
    weir__redis_peer *peers;
    weir_sink_item *const *items; /* under way; NULL: none */
    uint32_t n, cap;
    weir__redis_attempt *attempts;
    weir_sink_outcome *outcomes;
    uint32_t bad;             /* outcomes that are not DONE */
    uint32_t open;            /* items of the round without an answer, and 1 while it is being sent */
    uint32_t rounds;          /* of the batch */
    bool asks;                /* the batch waits for what the server is, or where */
    weir__redis_group *groups; /* of the round */
    uint32_t n_groups;
    weir__redis_mark *marks;
    uint32_t marks_cap, round; /* round: never the same */
    weir_arena reasons;       /* of the batch */
} weir__redis_lane;

/* sink_redis_lane.c. Sends all items that are to be sent (again) to where they belong. */
void weir__redis_round(weir__redis_lane *l);

/* sink_redis_peer.c */
weir__redis_peer *weir__redis_peer_of(weir__redis_lane *l, uint16_t node);
/* The peer of a node, connected, with what items of this round need before them. */
weir__redis_peer *weir__redis_peer_ready(weir__redis_lane *l, uint16_t node, bool fenced);
void weir__redis_push(weir__redis_peer *p); /* sends its bytes */
void weir__redis_peers_close(weir__redis_lane *l);
/* False: nothing has to be asked before the first round. Else the round begins with the answer. */
bool weir__redis_ask(weir__redis_lane *l);
void weir__redis_on_own(weir__redis_peer *p, const weir_redis_reply *r);
/* The connection is gone: who asked is told; what was known of its node is in doubt. True: nobody else is. */
bool weir__redis_asker_closed(weir__redis_peer *p, const char *why, bool fatal);

/* sink_redis_outcome.c */
void weir__redis_judge(weir__redis_lane *l, uint32_t i, weir_sink_outcome_kind kind, weir_sv reason);
void weir__redis_fail_all(weir__redis_lane *l, weir_sink_outcome_kind kind, const char *why);
void weir__redis_answered(weir__redis_lane *l, uint32_t items); /* so many of the round */
void weir__redis_on_reply(void *peer, const weir_redis_reply *r);
void weir__redis_on_closed(void *peer, const char *why, bool fatal);
