/* `weir rollback`: back to an earlier revision of a bundle, as a new one. */
#include "tools/deploy.h"

/* The revision before the one that is in force; going back again goes one further. */
static weir_rc find_target(const weir_deployment *d, weir_sv name, uint32_t to,
                           const weir_revision **out, weir_status *st)
{
    const weir_revision *now = weir_revision_of(&d->revisions, name);
    if (!now) {
        return weir_fail(st, WEIR_EUSAGE, "no bundle \"" WEIR_SV_FMT "\" is applied to %s",
                         WEIR_SV_ARG(name), d->data_dir);
    }
    const weir_revision *found = NULL;
    for (uint32_t i = 0; i < d->revisions.n; i++) {
        const weir_revision *r = &d->revisions.items[i];
        bool ours = weir_sv_eq(r->bundle, name) && r->n_statements > 0;
        if (ours && (to ? r->number == to : r->origin == r->number && r->number < now->origin)) {
            found = r;
        }
    }
    *out = found;
    return found ? WEIR_OK
           : to  ? weir_fail(st, WEIR_EUSAGE, "revision %u is not one of bundle " WEIR_SV_FMT, to,
                             WEIR_SV_ARG(name))
                 : weir_fail(st, WEIR_EUSAGE, "there is no revision of bundle " WEIR_SV_FMT " before %u",
                             WEIR_SV_ARG(name), now->origin);
}

static weir_rc go_back(weir_deployment *d, uint32_t to, weir_status *st)
{
    const weir_revision *target = NULL;
    weir_sv name = weir_bundle_name_of(d->operands.items[0]);
    if (d->env || d->defines.n) {
        return weir_fail(st, WEIR_EUSAGE, "a revision has the variables that it was applied with");
    }
    WEIR_TRY(weir_deployment_open(d, st));
    WEIR_TRY(find_target(d, name, to, &target, st));
    WEIR_TRY(weir_deployment_plan(d, target, name, st));
    return weir_deployment_apply(d, st);
}

static int run(const weir_command *self, int argc, char **argv)
{
    weir_deployment d = {.self = self};
    uint32_t to = 0;
    const weir_option_row more[] = {{"--to", WEIR_OPT_COUNT, &to, 1, UINT32_MAX}};
    weir_status st;
    weir_status_reset(&st);
    if (!weir_deployment_options(&d, more, WEIR_COUNT(more), argc, argv)) {
        (void)weir_deployment_end(&d, WEIR_OK, &st);
        return WEIR_EXIT_USAGE;
    }
    return weir_deployment_end(&d, go_back(&d, to, &st), &st);
}

const weir_command weir_cmd_rollback = {
    .name = "rollback",
    .line = "go back to an earlier revision of a bundle",
    .help =
        "usage: weir rollback --data-dir DIR [--to N] BUNDLE\n"
        "\n"
        "Applies the statements of an earlier revision again, with the same rules as `weir apply`: what\n"
        "it says of state counts here, too. The history goes on: this is a new revision. BUNDLE is a\n"
        "name, as in `weir history`; of a path the last part counts.\n"
        "\n"
        "  --to N                  the revision; without it the one before the one in force\n"
        "  --data-dir, --bootstrap-servers, --properties, --set, --json  as for weir apply\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 4 cannot connect.\n"
        "\n"
        "Examples:\n"
        "  weir rollback --data-dir shop revenue\n"
        "  weir rollback --data-dir shop --to 3 revenue\n",
    .run = run,
};
