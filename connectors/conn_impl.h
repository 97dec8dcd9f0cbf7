/* Inside of the frame: conn_*.c, connect.c, connect_loop.c, connect_commit.c. Kinds see conn.h.
 *
 * What both threads touch is in `shared`, under its lock; the rest of a sink is the loop's from start to
 * stop, and the control thread's otherwise. */
#pragma once
#include "connectors/connect.h"
#include "connectors/retry.h"

#include "engine/base/rng.h"

/* One option as given or standard, by the row it belongs to. */
typedef struct weir__conn_value {
    const weir_conn_option *row;
    weir_sv name;          /* as the row says; of "prefix.*" rows: as given */
    weir_sv shown;         /* as written */
    weir_sv text;          /* with secrets in */
    int64_t number;
    weir_span span;        /* of the literal; n 0: not given */
    bool given;
} weir__conn_value;

/* Records for topics, with what must be committed together with them. */
typedef struct weir__conn_post {
    struct weir__conn_post *later;
    weir_topic *topic;     /* NULL: only a position */
    weir_chunk *chunk;
    weir_sv position;      /* of a source; owned; .p NULL: none */
    weir_buf notes;        /* of a source */
    uint64_t bytes;        /* of a source's chunk: they take room until they are durable */
    void (*durable)(void *ctx, bool ok);
    void *ctx;
} weir__conn_post;

typedef struct weir__conn_posts {
    weir__conn_post *first, **last;
    uint64_t bytes;
} weir__conn_posts;

/* One partition of a sink's topic. */
typedef struct weir__sink_part {
    int64_t read;          /* control: given to the loop up to here; -1: not placed yet */
    int64_t durable;       /* control: may be given up to here (embedded) */
    int64_t saved;         /* control: as last saved; -1: never */
    weir_sink_parcel *head, *tail; /* loop: under way, in order */
    int64_t done;          /* shared: everything before is delivered */
    int64_t gap, gap_end;  /* shared: no records lie from here to there, where `read` is; 0, 0: none */
} weir__sink_part;

typedef struct weir__sink_topic {
    weir_sink_input in;    /* first: parcels have its address */
    weir_topic *topic;
    weir_decoder *decoder; /* loop */
    int32_t n_parts;
    weir__sink_part *parts;
} weir__sink_topic;

typedef struct weir__lane {
    weir_sink_lane lane;   /* first: kinds have its address */
    weir_sink_item **queue; /* waiting and under way: a ring */
    uint32_t head, n, cap;
    uint32_t sent;         /* the first `sent` of the queue are under way, and in `batch` */
    weir_sink_item **batch;
    uint64_t bytes;        /* of the waiting */
    int64_t since_ms;      /* when the oldest waiting one came */
    bool busy;
    bool cut;              /* of the batch under way only a part is sent */
    bool armed;            /* the timer */
    bool waiting;          /* … and nothing is sent before: back-off, rate, breaker */
    weir_timer *timer;
    weir_retry retry;
} weir__lane;

/* What a sink does between topics and lanes. */
typedef struct weir__sink {
    weir__sink_topic *topics;
    uint32_t n_topics;
    weir__lane *lanes;
    uint32_t n_lanes;
    uint32_t batch_max;
    uint64_t batch_bytes;
    int64_t linger_ms;
    weir_retry_policy policy;
    weir_bucket rate;
    weir_breaker breaker;
    uint64_t buffer_bytes, buffer_records;
    bool tolerant;         /* errors.tolerance=all */
    bool lost;             /* control, as the next ones: a topic cannot be read, */
    char lost_why[256];    /* for this reason; */
    int64_t look_ms;       /* it is looked at then */
    uint32_t losses;       /* since something was read */
    bool waits;            /* no broker answers, and that is told */
    bool halted;           /* loop: paused or failed, nothing is sent */
    bool running, again;   /* loop: weir__lanes_run */
    weir_topic *dead, *report_ok, *report_bad;
    weir_arena step;
    weir_decoded decoded;
    weir_tz_cache *zones;
} weir__sink;

typedef struct weir__source {
    weir_source_output **outputs;
    weir_topic **topics;   /* of the outputs */
    uint32_t n, cap, cap_topics;
    uint64_t room_bytes;
    bool starved;          /* shared: put said no */
    weir_buf notes;        /* loop: for the next put */
    weir__conn_posts owed; /* control: appended, not yet durable */
    weir__conn_posts saved; /* control: in the commit that is under way */
    weir_sv position;      /* control: of what was appended last; owned */
    bool moved;            /* control: the position is to be saved */
} weir__source;

typedef struct weir__conn_shared {
    weir_lock *lock;
    weir__conn_posts posts; /* dead letters, reports, a source's records: to be appended */
    weir_connect_counts counts;
    weir_connect_state state;
    char trouble[512];     /* the last one */
    bool troubled;         /* … is not over */
    uint64_t in_records, in_bytes; /* handed to the loop and not over */
    bool ended;
    weir_buf notes;        /* to be saved: key length, key, there?, value length, value */
} weir__conn_shared;

struct weir_conn {
    weir_connect *owner;
    const weir_conn_kind *kind;
    weir_arena arena;
    weir_sv name, statement;
    weir_sv stream;        /* whose it is; empty: its own statement's */
    weir__conn_value *values;
    uint32_t n_values, cap_values;
    weir_sv *secrets;      /* never shown */
    uint32_t n_secrets, cap_secrets;
    void *self;
    weir_loop *loop;
    weir_rng rng;
    bool running;          /* control: started on the loop */
    bool wants_pause;      /* control: PAUSE CONNECTOR */
    weir__sink sink;
    weir__source source;
    weir__conn_shared shared;
};

struct weir_connect {
    weir_connect_config config;
    weir_conn **conns;
    size_t n, cap;
    weir_conn **resting;   /* of streams, not enabled: nobody sees them, their positions are kept */
    size_t n_resting, cap_resting;
    weir_loop *loop;       /* of all connectors; NULL: none was made yet */
    weir_thread *thread;
    weir_buf forgotten;    /* whose positions go with the next commit: names, each with a NUL */
    bool stopped;
};

/* conn_options.c */
weir_rc weir__conn_options(weir_conn *c, const weir_connect_spec *spec, weir_status *st);
/* The row of an option of this name, or other name; NULL: none. */
const weir_conn_option *weir__conn_row_of(const weir_conn_kind *k, weir_sv name);
bool weir__conn_among(const char *names, weir_sv name); /* it is one of the names with | between */

/* conn_kinds.c */
const weir_conn_kind *weir__conn_kind_of(const weir_connect_spec *spec, weir_status *st);

/* conn_value.c */
const weir__conn_value *weir__conn_value_of(const weir_conn *c, const char *name);
weir_rc weir__conn_check_value(weir__conn_value *v, weir_status *st);

/* conn_secret.c. From v->shown to v->text. */
weir_rc weir__conn_resolve(weir_conn *c, weir__conn_value *v, weir_status *st);
void weir__conn_keep_secret(weir_conn *c, weir_sv secret); /* it is shown nowhere */
/* A copy of the text in `a` in which no secret stands. */
weir_sv weir__conn_masked(const weir_conn *c, weir_arena *a, weir_sv text);

/* conn_rows.c. The stream or table over a topic (or of this name), copied; NULL: none. */
const weir_source *weir__conn_source_of(const weir_catalog *catalog, weir_arena *a, weir_sv name);
const weir_source *weir__conn_bare_source(weir_arena *a, weir_sv topic);
weir_rc weir__sink_columns(weir_conn *c, weir__sink_topic *t, weir_sv name, weir_status *st);

/* conn_sink.c: control thread */
weir_rc weir__sink_open(weir_conn *c, weir_status *st);
weir_rc weir__sink_pump(weir_conn *c, weir_status *st);
bool weir__sink_idle(weir_conn *c);
int64_t weir__sink_lag(weir_conn *c);
void weir__sink_close(weir_conn *c);

/* conn_place.c: control thread */
/* Stopped: goes on behind what is done; at first from the store, or the beginning. */
weir_rc weir__sink_place(weir_conn *c, weir_status *st);
bool weir__sink_is_new(const weir_conn *c); /* its beginning waits for a commit */
void weir__sink_save(weir_conn *c, weir_store_batch *batch); /* under the lock */
void weir__sink_committed(weir_conn *c);
void weir__sink_keep(weir_conn *c, bool on); /* topics are told where it reads; or that it does not */

/* conn_lost.c: control thread */
void weir__sink_lose(weir_conn *c, const char *why); /* a topic cannot be read */
bool weir__sink_changed(weir_conn *c); /* a topic is another one now, or has other partitions: stop, place, start */
void weir__sink_listen(weir_conn *c);  /* tells when no broker answers */

/* conn_parcel.c. Control thread: so many records of the chunk from `first` on; their weight is what they count
 * against max.buffered.bytes. */
weir_sink_parcel *weir__parcel_new(weir__sink_topic *t, int32_t partition, weir_chunk *chunk, uint32_t first,
                                   uint32_t n);
uint64_t weir__parcel_weight(const weir_chunk *chunk, uint32_t n);
/* conn_parcel.c: loop. Takes the parcel. */
void weir__parcel_take(void *parcel);
weir_rc weir__sink_start(weir_conn *c, weir_status *st);
void weir__sink_stop(weir_conn *c);
/* Items are over: positions move, and there may be room again. */
void weir__sink_settle(weir_conn *c, uint64_t delivered, uint64_t bytes);
/* The record of this offset will not be over: the position stays in front of it. */
void weir__sink_stick(weir_sink_parcel *p, int64_t offset);

/* conn_lane.c: loop */
void weir__lanes_open(weir_conn *c);
void weir__lanes_close(weir_conn *c);
void weir__lane_put(weir_conn *c, weir_sink_item *item);
void weir__lanes_run(weir_conn *c);  /* sends what can be sent now */

/* conn_dead.c: loop. The record to the dead letters, or skipped, or the end of the connector: false. */
bool weir__sink_bury(weir_conn *c, const weir_sink_item *item, const char *stage, weir_sv reason);
void weir__sink_report(weir_conn *c, const weir_sink_item *item, bool ok, weir_sv reason);

/* conn_note.c */
void weir__note_add(weir_buf *notes, weir_sv key, weir_sv value);
void weir__notes_save(weir_conn *c, weir_store_batch *batch); /* control thread, under the lock */

/* conn_source.c: control thread */
/* `before` (may be NULL): the stopped one that it takes the place of. */
weir_rc weir__source_open(weir_conn *c, weir_conn *before, weir_status *st);
void weir__source_inherit(weir_conn *c, weir_conn *before);
weir_rc weir__source_pump(weir_conn *c, bool *moved, weir_status *st);
void weir__source_save(weir_conn *c, weir_store_batch *batch);
void weir__source_committed(weir_conn *c);
bool weir__source_idle(weir_conn *c);
bool weir__source_waits(weir_conn *c); /* for a commit: it owes an answer, or has no room */
void weir__source_close(weir_conn *c);

/* connect.c: control thread */
weir_rc weir__conn_find(const weir_connect *c, weir_sv name, weir_conn **out, weir_status *st);

/* connect_loop.c: control thread */
/* Runs a call on the connector's loop, and waits until it is over. */
void weir__conn_on_loop(weir_conn *c, void (*call)(weir_conn *c, void *ctx), void *ctx);
weir_rc weir__conn_start(weir_conn *c, weir_status *st); /* on error it is stopped */
void weir__conn_stop(weir_conn *c);                      /* fine when it does not run */
/* A sink, from what is delivered on; what is under way comes again. */
weir_rc weir__conn_restart(weir_conn *c, weir_status *st);
void weir__connect_end(weir_connect *c); /* last answers are given; then nothing runs, nor the loop */

/* connect_commit.c: control thread */
void weir__conn_forget_later(weir_conn *c);
/* What the store has of this name is of one that was dropped. */
bool weir__conn_forgotten(const weir_connect *c, weir_sv name);

/* conn_state.c: any thread but under the lock */
void weir__conn_set_state(weir_conn *c, weir_connect_state s);
weir_connect_state weir__conn_state(weir_conn *c);

/* conn_post.c */
void weir__conn_post_to_control(weir_conn *c, weir__conn_post *p); /* any thread but under the lock */
weir__conn_post *weir__conn_posts_take(weir__conn_posts *from);    /* the first, or NULL */
void weir__conn_posts_add(weir__conn_posts *to, weir__conn_post *p);
void weir__conn_post_free(weir__conn_post *p);
void weir__conn_append(weir_conn *c, weir_topic *t, weir_chunk *chunk); /* control thread; by key */
/* Appends and frees all of them: dead letters and reports of a sink. Control thread. */
void weir__conn_posts_append(weir_conn *c, weir__conn_posts *posts, bool *moved);
