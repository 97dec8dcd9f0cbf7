/* Deploying: from the statements that are in force in a data directory to those that should be. Both are
 * executed in sessions that change nothing, which gives two catalogs with the plans of all queries; what
 * differs between them is the plan of changes. A change of one bundle may change queries of another.
 *
 *   revisions ─► units ─► dry session ─┐
 *                                      ├─► changes ─► weir_deploy_apply: one commit, one revision
 *   bundle    ─► units ─► dry session ─┘
 *
 * A query whose plan stays keeps its number and everything that it has. One whose plan changes as CREATE
 * OR REPLACE allows keeps number, state and positions. Any other one gets a new number and begins again;
 * the state of the old one goes with the same commit. */
#pragma once
#include "engine/base/buf.h"
#include "engine/server/bundle.h"
#include "engine/server/revision.h"

typedef struct weir_deploy weir_deploy;

typedef struct weir_deploy_config {
    const char *data_dir; /* as it is called in hints */
    weir_store *store; /* NULL: there is no data directory yet */
    const weir_revisions *revisions;
    /* Topics that are there, of the cluster or the store: calls put(ctx, name, partitions) for each. */
    weir_rc (*topics)(void *source, void (*put)(void *ctx, weir_sv name, int32_t partitions), void *ctx,
                      weir_status *st);
    void *topics_source;
    bool cluster;
    /* --set: properties that are in force before the first statement. */
    weir_rc (*settings)(void *source, weir_session *s, weir_status *st);
    void *settings_source;
    /* What to deploy: a bundle, a revision to go back to, or neither: `name` is to go. */
    const weir_bundle *bundle;
    const weir_revision *back;
    weir_sv name;
} weir_deploy_config;

/* What the bundle depends on and is not in force, or too old, from *at on, which moves behind it; NULL: no
 * more. */
const weir_bundle_need *weir_deploy_unmet(const weir_revisions *r, const weir_bundle *b, uint32_t *at);

/* *out is set when there is a plan. Statements that are wrong are told in `told`, with their place; then
 * the code is WEIR_ESQL. */
weir_rc weir_deploy_plan(const weir_deploy_config *config, weir_deploy **out, weir_buf *told,
                         weir_status *st);
void weir_deploy_free(weir_deploy *d);
/* Something is to be done: statements, the version or the environment differ. */
bool weir_deploy_differs(const weir_deploy *d);
/* The revision that would be written; without time and person. */
const weir_revision *weir_deploy_revision(const weir_deploy *d);

/* What weir_revision.hash would be: whether a bundle is what is applied. */
weir_rc weir_deploy_hash(const weir_bundle *b, uint64_t *hash, weir_buf *told, weir_status *st);

/* Carries the plan out in a session that was opened over the same data directory and has executed
 * nothing but settings, and commits. After an error the session must be closed: nothing has changed. */
weir_rc weir_deploy_apply(weir_deploy *d, weir_session *s, weir_sv who, weir_status *st);

/* For people, and as one JSON object. */
void weir_deploy_print(const weir_deploy *d, weir_buf *out);
void weir_deploy_print_json(const weir_deploy *d, weir_buf *out);
