/* A plan of changes as text and as JSON. */
#include "engine/data/json_text.h"
#include "engine/server/deploy_impl.h"

/* ORDER weir_change_action */
static const char *const actions[] = {"keep", "create", "replace", "drop"};
static const char signs[] = "=+~-";
/* ORDER weir_state_fate */
static const char *const fates[] = {"none", "kept", "new", "rebuilt", "lost"};

static void detail(weir_buf *out, const char *what, weir_sv text)
{
    if (text.n) {
        weir_buf_printf(out, "        %s: " WEIR_SV_FMT "\n", what, WEIR_SV_ARG(text));
    }
}

static void print_head(const weir_deploy *d, weir_buf *out)
{
    const weir_revision *r = &d->revision;
    weir_buf_printf(out, "bundle " WEIR_SV_FMT, WEIR_SV_ARG(r->bundle));
    if (d->before && !weir_sv_eq(d->before->version, r->version)) {
        weir_buf_printf(out, " " WEIR_SV_FMT " →", WEIR_SV_ARG(d->before->version));
    }
    weir_buf_printf(out, " " WEIR_SV_FMT, r->version.n ? (int)r->version.n : 4,
                    r->version.n ? r->version.p : "gone");
    if (r->env.n) {
        weir_buf_printf(out, ", environment " WEIR_SV_FMT, WEIR_SV_ARG(r->env));
    }
    if (d->before) {
        weir_buf_printf(out, "; revision %u is in force\n\n", d->before->number);
    } else {
        weir_buf_str(out, "; it is not applied yet\n\n");
    }
}

void weir_deploy_print(const weir_deploy *d, weir_buf *out)
{
    uint32_t counts[WEIR_COUNT(actions)] = {0};
    print_head(d, out);
    for (uint32_t i = 0; i < d->n_changes; i++) {
        const weir_change *c = &d->changes[i];
        counts[c->action]++;
        if (c->action == WEIR_KEEP) {
            continue;
        }
        weir_buf_printf(out, "  %c %-7s %-9s " WEIR_SV_FMT, signs[c->action], actions[c->action],
                        c->kind, WEIR_SV_ARG(c->name));
        if (c->bundle.n && !weir_sv_eq(c->bundle, d->revision.bundle)) {
            weir_buf_printf(out, " (of bundle " WEIR_SV_FMT ")", WEIR_SV_ARG(c->bundle));
        }
        weir_buf_byte(out, '\n');
        detail(out, "why  ", c->reason);
        detail(out, "state", c->state_text);
        detail(out, "topic", c->topic_text);
    }
    uint32_t changes = counts[WEIR_CREATE] + counts[WEIR_REPLACE] + counts[WEIR_DROP];
    weir_buf_str(out, changes ? "\n" : "");
    if (!d->differs) {
        weir_buf_printf(out, "nothing to do: %u kept\n", counts[WEIR_KEEP]);
        return;
    }
    weir_buf_printf(out, "%u to create, %u to replace, %u to drop, %u kept\n", counts[WEIR_CREATE],
                    counts[WEIR_REPLACE], counts[WEIR_DROP], counts[WEIR_KEEP]);
}

static void member(weir_buf *out, const char *name, weir_sv text)
{
    weir_buf_printf(out, ",\"%s\":", name);
    weir_json_string(out, text);
}

void weir_deploy_print_json(const weir_deploy *d, weir_buf *out)
{
    const weir_revision *r = &d->revision;
    weir_buf_str(out, "{\"bundle\":");
    weir_json_string(out, r->bundle);
    member(out, "version", r->version);
    member(out, "environment", r->env);
    member(out, "version_before", d->before ? d->before->version : (weir_sv){0});
    weir_buf_printf(out, ",\"revision_before\":%u,\"differs\":%s,\"changes\":[",
                    d->before ? d->before->number : 0, d->differs ? "true" : "false");
    for (uint32_t i = 0; i < d->n_changes; i++) {
        const weir_change *c = &d->changes[i];
        weir_buf_printf(out, "%s{\"action\":\"%s\",\"kind\":\"%s\"", i ? "," : "", actions[c->action],
                        c->kind);
        member(out, "name", c->name);
        member(out, "bundle", c->bundle);
        member(out, "query", c->query);
        member(out, "reason", c->reason);
        weir_buf_printf(out, ",\"state\":\"%s\"", fates[c->state]);
        member(out, "state_detail", c->state_text);
        member(out, "topic_detail", c->topic_text);
        weir_buf_byte(out, '}');
    }
    weir_buf_str(out, "]}\n");
}
