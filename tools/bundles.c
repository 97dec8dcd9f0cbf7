/* See bundles.h. */
#include "tools/bundles.h"

#include "engine/base/alloc.h"

weir_rc weir_bundle_folder(const char *dir, const weir_bundle_choice *choice, weir_bundles **out,
                           weir_status *st)
{
    size_t n = choice->defines->n;
    weir_bundle_variable *defines = weir_zalloc(sizeof *defines * (n + 1));
    weir_bundle_config config = {
        .env = choice->env, .defines = defines, .n_defines = (uint32_t)n, .alone = choice->alone};
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < n && rc == WEIR_OK; i++) {
        const char *value = NULL;
        if (!weir_option_pair(choice->defines->items[i], &defines[i].name, &value)) {
            rc = weir_fail(st, WEIR_EUSAGE, "--define wants NAME=VALUE, not \"%s\"",
                           choice->defines->items[i]);
        }
        defines[i].value = weir_sv_cstr(value);
        defines[i].given = true;
    }
    rc = rc ? rc : weir_bundles_load(dir, &config, out, st);
    weir_free(defines);
    return rc;
}

weir_rc weir_bundle_operand(const weir_option_list *operands, const weir_bundle_choice *choice,
                            weir_bundles **out, weir_status *st)
{
    for (size_t i = 0; i < operands->n; i++) {
        if (!weir_is_bundle(operands->items[i])) {
            continue;
        }
        if (operands->n > 1) {
            return weir_fail(st, WEIR_EUSAGE, "%s is a bundle: it goes alone", operands->items[i]);
        }
        return weir_bundle_folder(operands->items[i], choice, out, st);
    }
    return choice->env ? weir_fail(st, WEIR_EUSAGE, "--env is for bundles: there is no "
                                                    WEIR_BUNDLE_MANIFEST)
                       : WEIR_OK;
}

weir_sv weir_bundle_name_of(const char *path)
{
    weir_sv name = weir_sv_cstr(path);
    while (name.n > 1 && name.p[name.n - 1] == '/') {
        name.n--;
    }
    for (uint32_t i = name.n; i > 0; i--) {
        if (name.p[i - 1] == '/') {
            return weir_sv_of(name.p + i, name.n - i);
        }
    }
    return name;
}
