/* The door to the world: event loops, timers, signals, threads, clocks. Home of uv.h. Nobody else
 * reads a clock, starts a thread or sleeps, so that a simulator can be the world.
 *
 * A loop is run by one thread. weir_loop_post is the only call that is safe from others: it puts a
 * message into the mailbox and rings. */
#pragma once
#include "engine/base/status.h"

typedef struct weir_loop weir_loop;
typedef struct weir_timer weir_timer;
typedef struct weir_thread weir_thread;
typedef struct weir_gate weir_gate;

weir_loop *weir_loop_new(void);
void weir_loop_free(weir_loop *l); /* after weir_loop_run has returned; closes what is left */
/* Runs until weir_loop_stop. */
void weir_loop_run(weir_loop *l);
void weir_loop_stop(weir_loop *l); /* loop thread; from another thread: post a call that stops */
/* Any thread. `call` runs on the loop's thread, in order of posting. */
void weir_loop_post(weir_loop *l, void (*call)(void *ctx), void *ctx);
/* Calls `call` again and again while there is nothing else to do, until it returns false. It is
 * started again by weir_loop_busy. */
void weir_loop_on_idle(weir_loop *l, bool (*call)(void *ctx), void *ctx);
void weir_loop_busy(weir_loop *l);

/* Repeats each `ms` (> 0). Freed by weir_timer_stop. */
weir_timer *weir_timer_start(weir_loop *l, uint64_t ms, void (*call)(void *ctx), void *ctx);
/* Calls once, in `ms` (0: in the next turn of the loop). It stays, asleep, until it is armed again or
 * stopped: whoever has made it stops it. */
weir_timer *weir_timer_once(weir_loop *l, uint64_t ms, void (*call)(void *ctx), void *ctx);
void weir_timer_arm(weir_timer *t, uint64_t ms); /* once, counted from now, whatever was set before */
void weir_timer_disarm(weir_timer *t);
/* It does not call any more, and is freed: also from within its own call. NULL is fine. */
void weir_timer_stop(weir_timer *t);

/* A descriptor of somebody else (a library's socket), for as long as it is watched. `events` are
 * WEIR_WATCH_ bits; the call hears which of them are ready, and both when the descriptor has failed.
 * One watch per descriptor. NULL: it is none that can be waited for (a regular file). */
typedef struct weir_watch weir_watch;
#define WEIR_WATCH_READ 1u
#define WEIR_WATCH_WRITE 2u
weir_watch *weir_watch_start(weir_loop *l, int fd, uint32_t events,
                             void (*call)(void *ctx, uint32_t events), void *ctx);
void weir_watch_change(weir_watch *w, uint32_t events); /* 0: silent until changed again */
/* Before the descriptor is closed; also from within its own call. NULL is fine. */
void weir_watch_stop(weir_watch *w);

/* Calls `call` on SIGINT and SIGTERM, for as long as the loop lives. */
void weir_loop_on_signal(weir_loop *l, void (*call)(void *ctx, int signum), void *ctx);

/* Whether the process has been asked to end (SIGINT, SIGTERM), for code that blocks its loop: looks at
 * signals, and nothing else. The second signal ends the process at once. One thread. */
typedef struct weir_stop weir_stop;
weir_stop *weir_stop_new(void);
void weir_stop_free(weir_stop *s);
int64_t weir_stop_ms(weir_stop *s); /* since it was asked; -1: it was not */
int weir_stop_signum(weir_stop *s); /* who asked; 0: nobody */

weir_thread *weir_thread_start(void (*main)(void *ctx), void *ctx);
void weir_thread_join(weir_thread *t);
uint32_t weir_cpu_count(void);
uint64_t weir_entropy(void); /* 8 random bytes of the system: for names, not for keys */

/* Counts down; one thread waits until it is empty. Spins for a moment before it sleeps. */
weir_gate *weir_gate_new(void);
void weir_gate_free(weir_gate *g);
void weir_gate_expect(weir_gate *g, uint32_t n); /* before the work is handed out */
void weir_gate_leave(weir_gate *g);              /* any thread, n times */
void weir_gate_wait(weir_gate *g);

/* Mutual exclusion, for what is rare: never on the way of records. */
typedef struct weir_lock weir_lock;
weir_lock *weir_lock_new(void);
void weir_lock_free(weir_lock *l);
void weir_lock_enter(weir_lock *l);
void weir_lock_leave(weir_lock *l);

void weir_sleep_ms(uint32_t ms); /* where no loop runs yet */
int64_t weir_wall_ms(void);  /* since the epoch */
int64_t weir_mono_ns(void);  /* for measuring */
int64_t weir_cpu_ns(void);   /* CPU time of this process, all threads */
uint64_t weir_rss_bytes(void);
uint64_t weir_rss_peak_bytes(void);
