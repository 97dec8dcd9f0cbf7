/* What `weir plan`, `weir apply` and `weir rollback` share: options, the data directory, the plan. */
#pragma once
#include "engine/server/deploy.h"
#include "tools/bundles.h"
#include "tools/cluster.h"

typedef struct weir_deployment {
    const weir_command *self;
    /* options */
    const char *data_dir, *servers, *properties, *env;
    weir_option_list sets, defines, operands;
    bool json;
    bool with_dependencies; /* the bundles that are loaded are also those that the one named depends on */
    /* the rest */
    weir_cluster_door *door;
    weir_bundles *bundles;
    const weir_bundle *bundle; /* of those; the one named */
    weir_store *store;     /* of a plan that is only shown */
    weir_topics *topics;   /* of its cluster */
    weir_session *session; /* of one that is carried out */
    weir_revisions revisions;
    bool has_revisions;
    weir_deploy *deploy;
    weir_buf told;
} weir_deployment;

/* Reads options, `more` among them. False: told. */
bool weir_deployment_options(weir_deployment *d, const weir_option_row *more, size_t n_more, int argc,
                             char **argv);
/* Opens the data directory (and the cluster): to look, or to change it. Reads the revisions. */
weir_rc weir_deployment_look(weir_deployment *d, weir_status *st);
weir_rc weir_deployment_open(weir_deployment *d, weir_status *st);
void weir_deployment_close(weir_deployment *d); /* to be opened again, for the next bundle */
weir_rc weir_deployment_load(weir_deployment *d, const char *folder, weir_status *st); /* a bundle */
/* Plans for `bundle`; when there is none, for the revision `back` of the bundle `name`, or (NULL) that
 * the bundle goes. */
weir_rc weir_deployment_plan(weir_deployment *d, const weir_revision *back, weir_sv name,
                             weir_status *st);
/* Shows the plan, carries it out if there is something to do, and says so. */
weir_rc weir_deployment_apply(weir_deployment *d, weir_status *st);
weir_rc weir_deployment_print(weir_deployment *d, weir_status *st);
/* Tells an error and frees. Returns the exit status. */
int weir_deployment_end(weir_deployment *d, weir_rc rc, const weir_status *st);
