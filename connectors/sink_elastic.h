/* Inside of the Elasticsearch sink: sink_elastic*.c. It writes to OpenSearch alike.
 *
 *   record ─► action and document, two lines of NDJSON ─► item
 *   items of a lane's batch ─► one _bulk request to one of the nodes ─► an answer with a result per item
 *
 *   an item's bytes   {"index":{"_index":"orders","_id":"7","version":41,"version_type":"external_gte"}}
 *                     {"ID":7,"TOTAL":9.50}
 *   item->aux         what it does, and how often that may be done: weir__es_action and flags
 *
 * Loop thread, but for what opens, binds and closes. */
#pragma once
#include "connectors/http_login.h"
#include "connectors/http_pool.h"
#include "connectors/template.h"

/* ORDER weir__es_action: names in sink_elastic_answer.c */
typedef enum weir__es_action {
    WEIR__ES_INDEX,
    WEIR__ES_CREATE,
    WEIR__ES_UPDATE,
    WEIR__ES_DELETE,
} weir__es_action;
#define WEIR__ES_ACTION_MASK 0xffu
#define WEIR__ES_VERSIONED 0x100u /* by an external version: an older one changes nothing */
#define WEIR__ES_BY_OFFSET 0x200u /* … which is the record's offset */
#define WEIR__ES_ORDERED 0x400u   /* the last one that comes is what stays: order matters */
static inline weir__es_action weir__es_action_of(uint32_t aux)
{
    return (weir__es_action)(aux & WEIR__ES_ACTION_MASK);
}

typedef enum weir__es_id {
    WEIR__ES_ID_KEY,      /* the key columns */
    WEIR__ES_ID_OFFSET,   /* topic+partition+offset */
    WEIR__ES_ID_TEMPLATE,
    WEIR__ES_ID_SERVER,   /* the server makes one up */
} weir__es_id;

typedef enum weir__es_nulls {
    WEIR__ES_NULLS_IGNORE,
    WEIR__ES_NULLS_DELETE,
    WEIR__ES_NULLS_FAIL,
} weir__es_nulls;

/* One topic of the sink. */
typedef struct weir__es_topic {
    weir_template *index;
    weir_template *id;       /* ID_TEMPLATE */
    weir_template *routing;  /* NULL: by the id */
    weir_template *version;  /* NULL: the offset, if there is a version at all */
    weir__es_id id_kind;
    weir__es_action write;
    weir__es_nulls nulls;
    weir_sv version_type;    /* empty: no versions */
    weir_sv delimiter;       /* between the columns of an id */
    weir_sv time_name;       /* a member with the record's time; empty: none */
    const uint32_t *times;   /* columns that hold it, the first that is not NULL; else the timestamp */
    uint32_t n_times;
    bool keys;               /* the document has the key columns, too */
    bool data_stream;
    weir_sv mapping_url, mapping; /* an index template is put there first; empty: none */
} weir__es_topic;

typedef struct weir__es_node {
    weir_sv url;             /* without a slash at its end */
    uint32_t failures;       /* in a row */
    int64_t dead_until_ms;   /* it is asked last before that */
} weir__es_node;

typedef struct weir__es_lane weir__es_lane;

typedef enum weir__es_spoiled { WEIR__ES_SPOILED_FAIL, WEIR__ES_SPOILED_WARN, WEIR__ES_SPOILED_IGNORE }
    weir__es_spoiled;

typedef struct weir__es {
    weir_conn *conn;
    weir__es_node *nodes;
    uint32_t n_nodes, next_node;
    weir_sv path;            /* /_bulk?… */
    weir_http_login *login;
    const char *proxy;       /* NULL: what http.proxy says */
    uint32_t retry_on_conflict;
    weir__es_spoiled spoiled; /* documents that will never be taken */
    bool gzip;
    weir_http_pool *pool;
    weir__es_lane *lanes;
    uint32_t n_lanes;
    uint64_t request_max;    /* bytes; shrinks when the server answers 413 */
    weir__es_topic **mapped; /* topics that have an index template */
    uint32_t n_mapped, cap_mapped;
    uint32_t n_put;          /* so many of them are put */
    bool putting;
    weir__es_node *put_node; /* … there */
} weir__es;

/* sink_elastic_bind.c */
weir_rc weir__es_bind(void *self, weir_sink_input *in, weir_status *st);

/* sink_elastic_render.c */
void weir__es_render(void *self, const weir_sink_rows *rows, weir_sink_parcel *out);
/* The one JSON object that a text begins with, in one line; false: it is none. What is behind it is left
 * out, as the formats leave it out. */
bool weir__es_object(weir_arena *a, weir_sv text, weir_sv *out);
bool weir__es_has_member(weir_arena *a, weir_sv object, const char *name);

/* sink_elastic_mapping.c: {"index_patterns":[…],"template":{"mappings":…}} for the columns. */
typedef struct weir__es_mapping {
    weir_sv pattern;      /* orders-* */
    weir_sv decimals;     /* scaled_float, keyword, double */
    weir_sv strings;      /* text, keyword */
    weir_sv time_name;
    bool keys, data_stream;
} weir__es_mapping;
void weir__es_mapping_print(weir_buf *out, const weir_schema *s, const weir__es_mapping *m);
/* What an index option can become: ${…} is *, ${topic} the topic; lower case. */
void weir__es_pattern(weir_buf *out, weir_sv index, weir_sv topic);

/* sink_elastic_answer.c: pure */
typedef struct weir__es_result {
    int32_t status;
    weir_sv type, reason; /* of an error; empty: none */
    weir_sv action;       /* that this is the answer to: index … */
} weir__es_result;
const char *weir__es_action_name(uint32_t aux);
/* Reads the answer to n items. False: it is not whole, or another one's. */
bool weir__es_answer(weir_arena *a, weir_sv body, uint32_t n, weir__es_result *out);
/* Whether the answer to something else says that it was done. */
bool weir__es_acknowledged(weir_arena *a, weir_sv body);
/* The error of an answer that is not about items. */
weir__es_result weir__es_error(weir_arena *a, weir_sv body);
/* What it means for the record, which was sent so often. */
weir_sink_outcome weir__es_judge(weir_arena *a, uint32_t aux, uint32_t attempts,
                                 const weir__es_result *r);
/* "current version [57]" of a conflict; -1: not told. */
int64_t weir__es_conflicting_version(weir_sv reason);
/* An offset as a version: those of a topic that was made again are higher than those of the earlier one. */
static inline int64_t weir__es_version(const weir_sink_input *in, int64_t offset)
{
    return (int64_t)(in->generation & 0x3ff) << 48 | offset;
}

/* sink_elastic_node.c */
weir__es_node *weir__es_pick(weir__es *s);
/* `done` is called with what the node says to it. */
weir_rc weir__es_request(weir__es *s, weir__es_node *node, const char *method, weir_sv path, weir_sv body,
                         const char *type, void (*done)(void *ctx, const weir_http_result *r), void *ctx,
                         weir_status *st);
/* What an answer means as a whole; DONE: it tells of its items. */
typedef struct weir__es_verdict {
    weir_sink_outcome_kind kind;
    bool halve;              /* fewer items at once may do */
    char why[512];
} weir__es_verdict;
weir__es_verdict weir__es_verdict_of(weir_arena *a, weir__es_node *node, const weir_http_result *r);

/* sink_elastic_send.c */
void weir__es_lanes_open(weir__es *s);
void weir__es_lanes_close(weir__es *s);
void weir__es_send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n);
void weir__es_show(void *self, weir_sink_item *const *items, uint32_t n, weir_buf *out);
