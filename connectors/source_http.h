/* Between the files of the HTTP source.
 *
 *   source_http.c          options, opening, starting, stopping
 *   source_http_auth.c     who may send, and what is known of who does
 *   source_http_take.c     requests: may they, what is in them, is it good
 *   source_http_body.c     the objects of a body; members and names that they get here
 *   source_http_once.c     requests that come again
 *   source_http_flight.c   chunks on their way, and who waits for them */
#pragma once
#include "connectors/conn.h"
#include "connectors/http_server.h"
#include "connectors/intake.h"
#include "connectors/retry.h"

/* ---- source_http_auth.c ---- */

typedef struct weir__http_auth weir__http_auth;
weir_rc weir__http_auth_new(weir_conn *c, weir__http_auth **out, weir_status *st);
void weir__http_auth_free(weir__http_auth *a); /* NULL is fine */
bool weir__http_auth_needed(const weir__http_auth *a);
bool weir__http_auth_allows(weir__http_auth *a, const weir_http_req *req, const char **why);
void weir__http_auth_refuse(const weir__http_auth *a, weir_http_req *req, const char *why);
/* The address of the client, behind proxies that are trusted. */
weir_sv weir__http_client(weir__http_auth *a, const weir_http_req *req);
/* ,"member":"value" for each of header.fields. */
void weir__http_header_members(const weir__http_auth *a, const weir_http_req *req, weir_buf *out);

/* ---- source_http_body.c ---- */

/* The objects of a batch, as views of it: the items of an array, or the lines. Behind each are 64 readable
 * bytes. Not NULL: why it cannot be taken. */
const char *weir__http_split(weir_sv body, weir_sv **docs, size_t *n, size_t *cap);

/* ORDER weir__http_case: the choices of key.case */
typedef enum weir__http_case { WEIR__HTTP_AS_IS, WEIR__HTTP_SNAKE, WEIR__HTTP_CAMEL } weir__http_case;
/* Appends a name in that case: userId, user-id and user_id are user_id, or userId. */
void weir__http_name(weir_buf *out, weir_sv name, weir__http_case to);
/* Appends the object with its names in that case, and with `members` behind its own. Names inside of
 * values are those of structs of `schema`, or data, which is left alone; so is what is no object. */
void weir__http_shape(weir_buf *out, weir_sv doc, weir__http_case to, const weir_schema *schema,
                      weir_sv members);
/* The name that `doc` has for what is called `path` (COLUMN, COLUMN.FIELD) once its names are in that
 * case; `path` itself when it has none. In the arena. */
weir_sv weir__http_told_name(weir_arena *a, weir_sv doc, weir__http_case to, weir_sv path);

/* ---- source_http_flight.c ---- */

typedef struct weir__http_source weir__http_source;
typedef struct weir__http_flight weir__http_flight;
typedef struct weir__http_once weir__http_once;
typedef struct weir__http_first weir__http_first;

/* An answer as it will be, or was. */
typedef struct weir__http_answer {
    uint32_t records;
    bool batch;
    int64_t at_ms;  /* when they were taken */
    weir_sv errors; /* of the others of its batch, which were refused; empty: none */
} weir__http_answer;

/* One request that waits for its chunk. */
typedef struct weir__http_waiting {
    weir_http_req *req;
    weir__http_first *first; /* NULL: it may not come again */
    weir__http_answer answer; /* errors: owned */
} weir__http_waiting;

void weir__http_reply_taken(weir__http_source *s, weir_http_req *req, const weir__http_answer *a);
void weir__http_reply_invalid(weir_http_req *req, weir_sv errors, uint32_t accepted);
/* It goes with the chunk of this turn. */
void weir__http_board(weir__http_source *s, const weir__http_waiting *w);
/* The end of the turn: what came in it goes to the topic. */
void weir__http_depart(weir__http_source *s);
/* Nobody is answered any more by what is on its way: all are refused. */
void weir__http_ground(weir__http_source *s);
void weir__http_flights_free(weir__http_source *s);

/* ---- source_http_once.c ---- */

/* What is known of a key: who asked first, and what that was answered. */
struct weir__http_first {
    weir_sv key;             /* of the map */
    uint64_t asked;          /* hash of what was asked */
    weir__http_answer answer;
    bool over;               /* it is durable */
    weir_http_req **again;   /* the same, while it is not */
    size_t n_again, cap_again;
    weir__http_first *older, *newer;
};

weir_rc weir__http_once_new(weir_conn *c, weir__http_once **out, weir_status *st);
void weir__http_once_free(weir__http_once *o); /* NULL is fine */
/* Whether the request is to be handled; else it is answered, or will be with the first one. *first is set
 * when it is the first one with its key; NULL: it has none. */
bool weir__http_once_is_new(weir__http_source *s, weir_http_req *req, weir__http_first **first);
/* Its records go to the topic with the next chunk: a crash that keeps them keeps the answer. */
void weir__http_once_taken(weir__http_once *o, weir__http_first *f, const weir__http_answer *a);
/* Its answer was given: `taken`, or a refusal, after which it may be tried again. */
void weir__http_once_settle(weir__http_source *s, weir__http_first *f, bool taken);

/* ---- all of it ---- */

struct weir__http_source {
    weir_conn *conn;
    weir_source_output *to;
    weir_intake *intake;
    weir__http_auth *auth;
    weir__http_once *once;   /* NULL: keys mean nothing */
    const char *path, *batch_path, *health_path;
    weir_http_server *server;
    const char **origins;
    uint32_t n_origins;
    weir_sv body, batch_body, address_field;
    const char *content_type;
    int32_t status;
    weir__http_case key_case;
    bool durable, partial;
    bool paused, stopping;
    weir_bucket rate;
    weir_timer *turn;        /* its end */
    bool armed;
    struct weir__http_single *singles; /* of the turn, not yet judged */
    size_t n_singles, cap_singles, single_bytes;
    weir__http_flight *open, *flights, *spare; /* being filled; on their way; kept for the next */
    weir_chunk_builder records;
    weir_sv *given, *docs;   /* of one request, as it came and as it is judged */
    size_t n_docs, cap_given, cap_docs;
    weir_arena turn_arena;   /* until the turn is over */
    weir_buf text, members, errors, answer;
};

/* source_http_take.c */
void weir__http_on_single(void *ctx, weir_http_req *req);
void weir__http_on_batch(void *ctx, weir_http_req *req);
void weir__http_on_health(void *ctx, weir_http_req *req);
/* Judges the single events of the turn. */
void weir__http_judge_singles(weir__http_source *s);
