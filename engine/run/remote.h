/* One partition of a cluster's topic: windows of what has been fetched. Internal to the topic stores.
 *
 *   readers' positions ──►  main window    [held … end): where most readers are
 *                           behind window  for readers before `held`, until they have caught up
 *
 * So queries share one fetch while their positions agree, and a later one does not hold the others up. Nor does
 * one that stands still: when it fills the main window, it counts as behind. */
#pragma once
#include "engine/run/cluster.h"
#include "engine/run/window.h"

typedef struct weir__remote_window {
    weir__window chunks;
    bool fetching;
    bool resting;  /* has enough for now: not fetched until its readers have caught up */
    bool at_end;   /* nothing stable lies behind `end` that has not arrived (as last heard) */
    int64_t held;  /* what was before is evicted or was never fetched */
    int64_t end;   /* fetched up to here */
    int64_t gap_from, gap_to; /* the last records that were removed before they were fetched */
} weir__remote_window;

typedef struct weir__remote_position {
    int64_t at;
    bool stands; /* it reads nothing now: it waits for somebody, or is paused */
} weir__remote_position;

typedef struct weir__remote {
    weir_cluster *cluster;
    weir_cluster_topic *topic;
    int32_t number;
    weir__remote_window windows[WEIR_FETCHES];
    int64_t begin;     /* first offset there is, as last heard; 0 before */
    uint64_t limit;    /* bytes of one window: above it rests */
    weir__remote_position *positions; /* of its readers, while they are being counted */
    size_t n_positions, cap_positions;
    char *failed;      /* why it cannot be read any more; NULL: it can */
} weir__remote;

void weir__remote_init(weir__remote *r, weir_cluster *c, weir_cluster_topic *topic, int32_t number,
                       uint64_t *held_bytes);
void weir__remote_deinit(weir__remote *r);
/* Adds a reader to r->positions. */
void weir__remote_reader(weir__remote *r, int64_t position, bool stands);
/* All readers are there (or none): fetches what they will want, forgets what none will. Empties
 * r->positions. */
void weir__remote_place(weir__remote *r, uint64_t limit);
/* It may be another one of this name: nothing that was fetched counts, and it is tried again if it failed. */
void weir__remote_renew(weir__remote *r);
int64_t weir__remote_known_end(const weir__remote *r);
/* A chunk with a record at or behind `offset`, or NULL when none is there now. Any thread. */
weir_rc weir__remote_read(weir__remote *r, int64_t offset, weir_chunk **out, weir_status *st);
/* The offset up to which a reader at `offset` can read now; ≤ offset: nothing. */
int64_t weir__remote_readable(const weir__remote *r, int64_t offset);
/* Where a reader at `offset` goes on: behind what was removed before it was fetched. */
int64_t weir__remote_resume(const weir__remote *r, int64_t offset);
/* A reader at `offset` has seen everything that is stable. */
bool weir__remote_at_end(const weir__remote *r, int64_t offset);

/* What the cluster calls; an owner is where the address of an array of weir__remote stands. */
extern const weir_cluster_sink weir__remote_sink;
