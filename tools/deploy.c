/* See deploy.h. */
#include "tools/deploy.h"

#include "dsl/print.h"
#include "engine/io/loop.h"
#include "engine/server/properties.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool weir_deployment_options(weir_deployment *d, const weir_option_row *more, size_t n_more, int argc,
                             char **argv)
{
    weir_option_row rows[16] = {
        {"--data-dir", WEIR_OPT_TEXT, &d->data_dir, 0, 0},
        {"--bootstrap-servers", WEIR_OPT_TEXT, &d->servers, 0, 0},
        {"--properties", WEIR_OPT_TEXT, &d->properties, 0, 0},
        {"--set", WEIR_OPT_LIST, &d->sets, 0, 0},
        {"--env", WEIR_OPT_TEXT, &d->env, 0, 0},
        {"--define", WEIR_OPT_LIST, &d->defines, 0, 0},
        {"--json", WEIR_OPT_FLAG, &d->json, 0, 0},
    };
    size_t n = 7;
    WEIR_ASSERT(n + n_more <= WEIR_COUNT(rows));
    for (size_t i = 0; i < n_more; i++) {
        rows[n++] = more[i];
    }
    if (!weir_options_read(d->self, rows, n, argc, argv, &d->operands)) {
        return false;
    }
    if (!d->data_dir || d->operands.n != 1) {
        fprintf(stderr, "weir %s: wants --data-dir DIR and one bundle; `weir %s --help` shows how\n",
                d->self->name, d->self->name);
        return false;
    }
    return true;
}

static weir_rc open_door(weir_deployment *d, bool transactions, weir_status *st)
{
    weir_cluster_options options = {.servers = d->servers,
                                    .properties = d->properties,
                                    .sets = &d->sets,
                                    .exit_on_failure = true,
                                    .no_transactions = !transactions};
    return weir_cluster_door_new(&options, &d->door, st);
}

static weir_rc read_revisions(weir_deployment *d, weir_store *store, weir_status *st)
{
    d->has_revisions = true;
    return weir_revisions_read(store, &d->revisions, st);
}

weir_rc weir_deployment_look(weir_deployment *d, weir_status *st)
{
    weir_cluster *cluster = NULL;
    weir_rc rc = access(d->data_dir, F_OK) == 0
                     ? weir_store_open_read_only(d->data_dir, &d->store, st)
                     : WEIR_OK; /* it will be made */
    WEIR_TRY(rc);
    WEIR_TRY(read_revisions(d, d->store, st));
    WEIR_TRY(open_door(d, false, st));
    WEIR_TRY(weir_cluster_connect(d->door, &cluster, st));
    if (!cluster) {
        return WEIR_OK;
    }
    rc = weir_topics_open(NULL, cluster, &d->topics, st);
    if (rc != WEIR_OK) {
        cluster->calls->close(cluster);
    }
    return rc;
}

static int64_t wall(void *clock)
{
    (void)clock;
    return weir_wall_ms();
}

weir_rc weir_deployment_open(weir_deployment *d, weir_status *st)
{
    weir_cluster *cluster = NULL;
    WEIR_TRY(open_door(d, true, st));
    WEIR_TRY(weir_cluster_connect(d->door, &cluster, st));
    weir_session_config config = {
        .cluster = cluster,
        .workers = 1,
        .order = WEIR_ORDER_TIME,
        .coalesce = true,
        .default_partitions = 1,
        .data_dir = d->data_dir,
        .check_properties = true,
        .no_connectors = true, /* they begin with `weir run` */
        .now_ms = wall,
    };
    WEIR_TRY(weir_session_open(&config, &d->session, st));
    return read_revisions(d, weir_session_store(d->session), st);
}

/* ---- planning ---- */

/* --set is SET at the top. */
static weir_rc settings(void *source, weir_session *s, weir_status *st)
{
    const weir_deployment *d = source;
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < d->sets.n && rc == WEIR_OK; i++) {
        weir_sv name;
        const char *value;
        if (!weir_option_pair(d->sets.items[i], &name, &value)) {
            return weir_fail(st, WEIR_EUSAGE, "--set wants NAME=VALUE, not \"%s\"", d->sets.items[i]);
        }
        WEIR_TRY(weir_property_check(name, st));
        weir_buf text = {0};
        weir_buf_str(&text, "SET ");
        weir_print_string(&text, name);
        weir_buf_str(&text, " = ");
        weir_print_string(&text, weir_sv_cstr(value));
        weir_buf_byte(&text, ';');
        rc = weir_session_execute_as(s, weir_buf_view(&text), WEIR_NO_QUERY, st);
        weir_buf_deinit(&text);
    }
    return rc;
}

static weir_rc list_topics(void *source, void (*put)(void *ctx, weir_sv name, int32_t partitions),
                           void *ctx, weir_status *st)
{
    const weir_deployment *d = source;
    weir_topics *topics = d->session ? weir_session_topics(d->session) : d->topics;
    if (!topics) {
        return d->store ? weir_topics_stored(d->store, put, ctx, st) : WEIR_OK;
    }
    for (uint32_t i = 0; i < weir_topics_count(topics); i++) {
        weir_topic *t = weir_topics_at(topics, i);
        put(ctx, weir_topic_name(t), weir_topic_partitions(t));
    }
    return WEIR_OK;
}

weir_rc weir_deployment_load(weir_deployment *d, const char *folder, weir_status *st)
{
    weir_bundle_choice choice = {
        .env = d->env, .defines = &d->defines, .alone = !d->with_dependencies};
    WEIR_TRY(weir_bundle_folder(folder, &choice, &d->bundles, st));
    d->bundle = d->bundles->items[d->bundles->n - 1];
    return WEIR_OK;
}

weir_rc weir_deployment_plan(weir_deployment *d, const weir_revision *back, weir_sv name,
                             weir_status *st)
{
    bool cluster = d->session ? weir_topics_cluster(weir_session_topics(d->session)) != NULL
                              : d->topics != NULL;
    weir_deploy_config config = {
        .data_dir = d->data_dir,
        .store = d->session ? weir_session_store(d->session) : d->store,
        .revisions = &d->revisions,
        .topics = list_topics,
        .topics_source = d,
        .cluster = cluster,
        .settings = settings,
        .settings_source = d,
        .bundle = d->bundle,
        .back = back,
        .name = d->bundle ? d->bundle->name : name,
    };
    return weir_deploy_plan(&config, &d->deploy, &d->told, st);
}

weir_rc weir_deployment_print(weir_deployment *d, weir_status *st)
{
    weir_buf out = {0};
    (d->json ? weir_deploy_print_json : weir_deploy_print)(d->deploy, &out);
    weir_rc rc = weir_print_text(weir_buf_view(&out), st);
    weir_buf_deinit(&out);
    return rc;
}

weir_rc weir_deployment_apply(weir_deployment *d, weir_status *st)
{
    char number[32];
    const char *who = getenv("USER");
    if (!who || !*who) {
        snprintf(number, sizeof number, "uid %ld", (long)getuid());
        who = number;
    }
    if (!weir_deploy_differs(d->deploy)) {
        return weir_deployment_print(d, st);
    }
    WEIR_TRY(settings(d, d->session, st));
    WEIR_TRY(weir_deploy_apply(d->deploy, d->session, weir_sv_cstr(who), st));
    WEIR_TRY(weir_deployment_print(d, st)); /* said when it is so */
    if (!d->json) {
        printf("revision %u is in force\n", weir_deploy_revision(d->deploy)->number);
    }
    return WEIR_OK;
}

void weir_deployment_close(weir_deployment *d)
{
    weir_deploy_free(d->deploy);
    weir_session_close(d->session);
    weir_cluster *cluster = d->topics ? weir_topics_cluster(d->topics) : NULL;
    weir_topics_close(d->topics);
    if (cluster) {
        cluster->calls->close(cluster);
    }
    weir_store_close(d->store);
    weir_cluster_door_free(d->door);
    if (d->has_revisions) {
        weir_revisions_deinit(&d->revisions);
    }
    d->deploy = NULL;
    d->session = NULL;
    d->topics = NULL;
    d->store = NULL;
    d->door = NULL;
    d->has_revisions = false;
}

int weir_deployment_end(weir_deployment *d, weir_rc rc, const weir_status *st)
{
    if (rc != WEIR_OK) {
        fputs(weir_buf_cstr(&d->told), stderr);
        if (d->told.n == 0) {
            fprintf(stderr, "weir %s: %s%s%s\n", d->self->name, st->msg, st->hint[0] ? "; " : "",
                    st->hint);
        }
    }
    weir_deployment_close(d);
    weir_bundles_free(d->bundles);
    weir_buf_deinit(&d->told);
    weir_option_list_deinit(&d->sets);
    weir_option_list_deinit(&d->defines);
    weir_option_list_deinit(&d->operands);
    return rc == WEIR_OK         ? WEIR_EXIT_OK
           : rc == WEIR_EUSAGE   ? WEIR_EXIT_USAGE
           : rc == WEIR_ECONNECT ? WEIR_EXIT_CONNECT
                                 : WEIR_EXIT_FAILED;
}
