/* The demo's source: the generator, its records appended to the topics, and how far it has come.
 * The position is stored in the commit that makes the records durable, so that a killed demo goes
 * on exactly behind what it has processed. */
#pragma once
#include "connectors/datagen_shop.h"
#include "engine/server/session.h"

typedef struct weir_demo_feed weir_demo_feed;

/* After the statements have run. Goes on where the data directory ends; `seed` counts only in an
 * empty one. `per_second`: events per second of event time. */
weir_rc weir_demo_feed_open(weir_session *s, uint64_t seed, double per_second, weir_demo_feed **out,
                            weir_status *st);
void weir_demo_feed_close(weir_demo_feed *f);
/* Appends the next `n` clicks and payments. */
void weir_demo_feed_take(weir_demo_feed *f, weir_session *s, uint64_t n);
/* Puts the position into the session's next commit. */
void weir_demo_feed_save(weir_demo_feed *f, weir_session *s);
uint64_t weir_demo_feed_events(const weir_demo_feed *f); /* clicks and payments, in all runs */
uint32_t weir_demo_feed_runs(const weir_demo_feed *f);   /* 1: the first */
int64_t weir_demo_feed_now(const weir_demo_feed *f);     /* event time */
uint64_t weir_demo_feed_epoch(const weir_demo_feed *f);  /* commits, in all runs */
