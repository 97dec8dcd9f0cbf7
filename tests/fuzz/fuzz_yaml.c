/* Manifests of bundles: arbitrary bytes give a tree that keeps its limits, or one error with a place. */
#include "engine/base/limits.h"
#include "engine/server/bundle_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t check(const weir_yaml *node, uint32_t depth)
{
    uint32_t nodes = 1;
    WEIR_ASSERT(depth <= WEIR_BUNDLE_YAML_DEPTH_MAX);
    WEIR_ASSERT(node->line > 0 && node->col > 0);
    WEIR_ASSERT(node->kind != WEIR_YAML_MAP || node->n % 2 == 0);
    for (uint32_t i = 0; i < node->n; i++) {
        WEIR_ASSERT(node->kind == WEIR_YAML_MAP || node->kind == WEIR_YAML_LIST);
        WEIR_ASSERT(node->kind != WEIR_YAML_MAP || i % 2 || node->items[i]->kind == WEIR_YAML_TEXT);
        nodes += check(node->items[i], depth + 1);
    }
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_arena a;
    weir_yaml *root = NULL;
    weir_status st;
    if (size > UINT32_MAX) {
        return 0;
    }
    weir_arena_init(&a);
    weir_status_reset(&st);
    if (weir_yaml_parse(weir_sv_of((const char *)data, size), "fuzz", &a, &root, &st) == WEIR_OK) {
        WEIR_ASSERT(check(root, 0) <= WEIR_BUNDLE_YAML_NODES_MAX);
    } else {
        WEIR_ASSERT(strncmp(st.msg, "fuzz", 4) == 0);
    }
    weir_arena_deinit(&a);
    return 0;
}
