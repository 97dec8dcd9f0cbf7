/* Inside of bundles: bundle.c (folders, files, dependencies), bundle_manifest.c. */
#pragma once
#include "engine/server/bundle.h"
#include "engine/server/bundle_yaml.h"

/* Fills in what the manifest says. An environment that it does not have is an error, unless `lenient`.
 * Data files are named, not looked for. */
weir_rc weir__bundle_manifest(weir_bundle *b, weir_sv text, const char *file,
                              const weir_bundle_config *config, bool lenient, weir_arena *a,
                              weir_status *st);
