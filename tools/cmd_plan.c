/* `weir plan`: what applying a bundle would change. */
#include "tools/deploy.h"

#define EXIT_CHANGES 2

static int run(const weir_command *self, int argc, char **argv)
{
    weir_deployment d = {.self = self};
    weir_status st;
    weir_status_reset(&st);
    if (!weir_deployment_options(&d, NULL, 0, argc, argv)) {
        (void)weir_deployment_end(&d, WEIR_OK, &st);
        return WEIR_EXIT_FAILED;
    }
    weir_rc rc = weir_deployment_load(&d, d.operands.items[0], &st);
    rc = rc ? rc : weir_deployment_look(&d, &st);
    rc = rc ? rc : weir_deployment_plan(&d, NULL, (weir_sv){0}, &st);
    rc = rc ? rc : weir_deployment_print(&d, &st);
    bool differs = rc == WEIR_OK && weir_deploy_differs(d.deploy);
    int status = weir_deployment_end(&d, rc, &st);
    return status == WEIR_EXIT_USAGE ? WEIR_EXIT_FAILED : differs ? EXIT_CHANGES : status;
}

const weir_command weir_cmd_plan = {
    .name = "plan",
    .line = "show what applying a bundle would change",
    .help =
        "usage: weir plan --data-dir DIR [options] BUNDLE\n"
        "\n"
        "Compares the bundle with what is applied to the data directory (which need not be there yet)\n"
        "and lists what would be created, replaced, dropped and kept: why, and what becomes of state\n"
        "and topics. Statements are parsed, type-checked and planned; topics of a cluster are looked\n"
        "at. Nothing is changed. `weir run` may go on over the directory meanwhile: the plan is as of its\n"
        "last commit.\n"
        "\n"
        "  --data-dir DIR          where state, applied statements and their history are\n"
        "  --bootstrap-servers HOST:PORT,…  topics are on this Kafka cluster\n"
        "  --properties FILE, --set NAME=VALUE  as for weir run\n"
        "  --env NAME              an environment of the bundle\n"
        "  --define NAME=VALUE     a variable of the bundle; repeatable\n"
        "  --json                  one JSON object: changes with action (create, replace, drop, keep),\n"
        "                          kind, name, query, reason, state (none, kept, new, rebuilt, lost)\n"
        "\n"
        "A query whose plan stays as it is is kept with its state. A changed one keeps its state when\n"
        "CREATE OR REPLACE would allow it (other filters or more columns). Any other one begins again,\n"
        "from the beginning with auto.offset.reset = earliest, and its results come behind the old\n"
        "ones in its topic. Topics are never deleted.\n"
        "\n"
        "Exit status: 0 nothing to do, 2 there are changes, 1 errors or wrong usage, 4 cannot connect.\n"
        "\n"
        "Example:\n"
        "  weir plan --data-dir shop --env prod queries/shop\n",
    .run = run,
};
