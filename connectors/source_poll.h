/* Inside of the polling source: source_poll.c (options), source_poll_ask.c (requests), source_poll_take.c
 * (records, positions), source_poll_page.c (which page is next), source_poll_known.c (what was there
 * before). */
#pragma once
#include "connectors/http_login.h"
#include "connectors/http_pool.h"
#include "connectors/intake.h"
#include "connectors/intake_bad.h"
#include "connectors/retry.h"
#include "engine/data/json.h"

/* ORDER weir__poll_paging: names in source_poll_page.c */
typedef enum weir__poll_paging {
    WEIR__POLL_NONE,
    WEIR__POLL_LINK,   /* header Link: <…>; rel="next" */
    WEIR__POLL_FIELD,  /* a member of the answer is the next URL */
    WEIR__POLL_CURSOR, /* … is what a parameter is to be next */
    WEIR__POLL_PAGE,   /* a parameter counts pages */
    WEIR__POLL_OFFSET, /* … counts records */
} weir__poll_paging;

typedef struct weir__poll_pages {
    const weir_conn *conn;
    weir__poll_paging kind;
    weir_sv url;         /* of the first page, without what is counted */
    weir_sv param, field;
    int64_t number;      /* PAGE, OFFSET: of the page that is asked for */
    weir_buf place;      /* LINK, FIELD: its URL, CURSOR: the parameter; empty: the first */
    bool under_way;      /* a poll has begun, and this is not its first page */
    uint32_t n;          /* pages of this poll */
} weir__poll_pages;

weir_rc weir__poll_pages_open(const weir_conn *c, weir__poll_pages *p, weir_status *st);
void weir__poll_pages_close(weir__poll_pages *p);
/* The URL to ask now. */
weir_rc weir__poll_pages_url(const weir__poll_pages *p, weir_buf *url, weir_status *st);
/* Behind a page with so many records. *more: there is another one; it is asked for next. */
weir_rc weir__poll_pages_next(weir__poll_pages *p, const weir_http_result *r, const weir_json_node *body,
                              uint32_t records, bool *more, weir_status *st);
void weir__poll_pages_begin(weir__poll_pages *p); /* the next poll: from the start, or from the last place */

/* What an RFC 6901 pointer leads to; NULL: nothing. Empty: the whole. */
const weir_json_node *weir__poll_pointer(const weir_json_node *node, weir_sv pointer);

/* Which records there were, by hash. Two sets: of the poll before, and of this one. */
typedef struct weir__poll_known weir__poll_known;
weir__poll_known *weir__poll_known_new(uint32_t max);
void weir__poll_known_free(weir__poll_known *k);
/* False: it was there before, and alike. */
bool weir__poll_known_add(weir__poll_known *k, uint64_t key, uint64_t record);
void weir__poll_known_turn(weir__poll_known *k); /* a poll is over: what it had not is forgotten */
bool weir__poll_known_full(const weir__poll_known *k);
void weir__poll_known_write(const weir__poll_known *k, weir_buf *out);
bool weir__poll_known_read(weir__poll_known *k, weir_reader *r);

/* A source that polls. Loop, but for what opens and closes. */
typedef struct weir__poll {
    weir_conn *conn;
    weir_source_output *to;
    weir_intake *intake;
    weir_intake_bad_end *bad;
    weir_http_guard guard;
    weir_http_login *login;
    uint32_t token;           /* number of the one that is sent, or waited for */
    weir_http_field *headers; /* with room for three more */
    uint32_t n_headers, cap_headers;
    weir_sv pointer, change_key;
    int64_t interval_ms, polls_max;
    weir__poll_pages pages;
    weir__poll_known *known;  /* NULL: everything is new */
    weir_buf tag, modified;   /* of the first page */
    int64_t begun_wall_ms;    /* the last poll */
    int64_t begun_ms;         /* the same by the steady clock; -1: by another process */
    int64_t polls;
    weir_http_pool *pool;
    weir_http_call *call;
    weir_timer *timer;
    weir_retry retry;
    weir_arena step;
    weir_buf url, texts;
    weir_sv *docs;
    size_t cap_docs;
    weir_chunk_builder records;
    weir_source_part parts[2]; /* made, and not yet put */
    uint32_t n_parts;
    bool unput, paused, over, waits; /* for a token */
    weir_buf position;
} weir__poll;

/* source_poll_ask.c: loop */
void weir__poll_go_on(weir__poll *s);   /* what was made goes to the topics; then it goes on */
void weir__poll_on_timer(void *self);
void weir__poll_on_token(void *self, uint32_t number, const char *why);
void weir__poll_failed(weir__poll *s, int64_t retry_after_ms, const char *why);

/* source_poll_take.c */
weir_rc weir__poll_read_position(weir__poll *s, weir_sv position, weir_status *st);
void weir__poll_remember(weir__poll *s);
void weir__poll_take_page(weir__poll *s, const weir_http_result *r); /* loop */
