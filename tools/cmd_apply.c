/* `weir apply`: makes a data directory run what a bundle says. */
#include "tools/deploy.h"

static weir_rc remove_one(weir_deployment *d, weir_status *st)
{
    weir_sv name = weir_bundle_name_of(d->operands.items[0]);
    WEIR_TRY(weir_deployment_open(d, st));
    if (!weir_revision_of(&d->revisions, name)) {
        return weir_fail(st, WEIR_EUSAGE, "no bundle \"" WEIR_SV_FMT "\" is applied to %s",
                         WEIR_SV_ARG(name), d->data_dir);
    }
    WEIR_TRY(weir_deployment_plan(d, NULL, name, st));
    return weir_deployment_apply(d, st);
}

/* Another bundle of those that were loaded waits for this one. */
static bool is_awaited(const weir_deployment *d, const weir_bundle *b)
{
    const weir_bundle_need *need;
    bool awaited = false;
    for (uint32_t i = 0; i < d->bundles->n; i++) {
        uint32_t at = 0;
        while ((need = weir_deploy_unmet(&d->revisions, d->bundles->items[i], &at)) != NULL) {
            awaited |= weir_sv_eq(need->name, b->name);
        }
    }
    return awaited;
}

/* Each is a revision and a commit of its own, what is depended on first. */
static weir_rc apply(weir_deployment *d, weir_status *st)
{
    const weir_bundle *named;
    WEIR_TRY(weir_deployment_load(d, d->operands.items[0], st)); /* makes nothing when it is wrong */
    named = d->bundle;
    for (uint32_t i = 0; i < d->bundles->n; i++) {
        d->bundle = d->bundles->items[i];
        WEIR_TRY(d->session ? WEIR_OK : weir_deployment_open(d, st));
        if (d->bundle != named && !is_awaited(d, d->bundle)) {
            continue;
        }
        WEIR_TRY(weir_deployment_plan(d, NULL, (weir_sv){0}, st));
        WEIR_TRY(weir_deployment_apply(d, st));
        weir_deployment_close(d);
    }
    return WEIR_OK;
}

static int run(const weir_command *self, int argc, char **argv)
{
    weir_deployment d = {.self = self};
    bool remove = false;
    const weir_option_row more[] = {
        {"--remove", WEIR_OPT_FLAG, &remove, 0, 0},
        {"--with-dependencies", WEIR_OPT_FLAG, &d.with_dependencies, 0, 0},
    };
    weir_status st;
    weir_status_reset(&st);
    if (!weir_deployment_options(&d, more, WEIR_COUNT(more), argc, argv)) {
        (void)weir_deployment_end(&d, WEIR_OK, &st);
        return WEIR_EXIT_USAGE;
    }
    return weir_deployment_end(&d, remove ? remove_one(&d, &st) : apply(&d, &st), &st);
}

const weir_command weir_cmd_apply = {
    .name = "apply",
    .line = "make a data directory run what a bundle says",
    .help =
        "usage: weir apply --data-dir DIR [options] BUNDLE\n"
        "       weir apply --data-dir DIR [options] --remove NAME\n"
        "\n"
        "Carries out what `weir plan` shows, and stores the statements as a new revision in the data\n"
        "directory; `weir run --data-dir DIR` then runs them. All of it is one atomic commit: when a\n"
        "statement fails, or the process is killed, everything is as before. (Topics of a cluster and\n"
        "schemas are made before the commit; they are found again the next time. Rows of INSERT … VALUES\n"
        "are in a cluster's topic with the commit under --set processing.guarantee=exactly_once_v2; else\n"
        "they may be there before it, and once more after a kill.) Applying the same bundle again does\n"
        "nothing.\n"
        "\n"
        "A data directory can have several bundles; what one depends on is applied first: by itself, or\n"
        "with --with-dependencies, which applies those of them that are not in force, or older than\n"
        "wanted, before it. Each is a revision and an atomic commit of its own: after a failure or a kill\n"
        "those before it are in force, and the same command goes on. No other process may use the\n"
        "directory: stop `weir run`, apply, start it again; `weir plan` shows before what will happen.\n"
        "\n"
        "  --data-dir DIR          where state, applied statements and their history are; made when\n"
        "                          missing\n"
        "  --bootstrap-servers HOST:PORT,…  topics are on this Kafka cluster\n"
        "  --properties FILE, --set NAME=VALUE  as for weir run\n"
        "  --env NAME              an environment of the bundle\n"
        "  --define NAME=VALUE     a variable of the bundle; repeatable\n"
        "  --with-dependencies     the bundles that this one depends on, too: they lie beside it\n"
        "  --remove                the bundle of this name goes, with the state of its queries\n"
        "  --json                  the plan as `weir plan --json` prints it\n"
        "\n"
        "Exit status: 0 applied or nothing to do, 1 failed, 2 wrong usage, 4 cannot connect.\n"
        "\n"
        "Examples:\n"
        "  weir apply --data-dir shop --env prod queries/shop\n"
        "  weir apply --data-dir shop --env prod queries/revenue\n"
        "  weir run --data-dir shop\n",
    .run = run,
};
