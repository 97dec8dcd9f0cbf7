/* Bundles as operands of commands, with --env and --define. */
#pragma once
#include "engine/server/bundle.h"
#include "tools/options.h"

typedef struct weir_bundle_choice {
    const char *env;                   /* --env; may be NULL */
    const weir_option_list *defines;   /* --define NAME=VALUE */
    bool alone;                        /* without the bundles it depends on */
} weir_bundle_choice;

/* Loads the bundle that the operands name. *out stays NULL when they are files and other folders; then
 * --env is wrong usage. */
weir_rc weir_bundle_operand(const weir_option_list *operands, const weir_bundle_choice *choice,
                            weir_bundles **out, weir_status *st);
/* The same of one folder that must be a bundle. */
weir_rc weir_bundle_folder(const char *dir, const weir_bundle_choice *choice, weir_bundles **out,
                           weir_status *st);
/* The last part of a path. */
weir_sv weir_bundle_name_of(const char *path);
