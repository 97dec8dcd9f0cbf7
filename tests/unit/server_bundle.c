/* Loading bundles: what a manifest may say, where mistakes are told, and what hostile ones cannot do. */
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include "engine/base/limits.h"
#include "engine/io/file.h"
#include "engine/server/bundle.h"
#include "engine/server/bundle_yaml.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "name: shop\nversion: 1.0.0\n"

static const char *path_in(const char *dir, const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void put(const char *dir, const char *name, const char *text)
{
    weir_status st;
    weir_status_reset(&st);
    assert_ok(weir_file_write(path_in(dir, name), weir_sv_cstr(text), &st), &st);
}

static char *bundle(const char *manifest)
{
    char *dir = test_dir_new();
    put(dir, "bundle.yaml", manifest);
    put(dir, "10-a.sql", "CREATE STREAM s (id INT KEY) WITH (kafka_topic='s', value_format='JSON');\n");
    return dir;
}

/* Loading fails with this in its message. */
static void refused_with(const char *dir, const weir_bundle_config *config, const char *part)
{
    weir_bundles *b = NULL;
    weir_status st;
    weir_status_reset(&st);
    weir_rc rc = weir_bundles_load(dir, config, &b, &st);
    if (rc == WEIR_OK || !strstr(st.msg, part)) {
        print_error("no \"%s\" in \"%s\"\n", part, st.msg);
    }
    assert_int_not_equal(rc, WEIR_OK);
    assert_non_null(strstr(st.msg, part));
}

static void refused(const char *manifest, const char *part)
{
    char *dir = bundle(manifest);
    refused_with(dir, &(weir_bundle_config){0}, part);
    test_dir_remove(dir);
}

static void complete(void **state)
{
    (void)state;
    char *dir = bundle("name: shop\nversion: 1.2.3\ndescription: all of it\nengine: 0.0.1\n"
                       "variables:\n  n: 1\n  hook:\nenvironments:\n  prod: {n: 12, hook: 'x: y'}\n"
                       "topics:\n  orders: {partitions: \"${n}\", format: JSON}\n  other:\n"
                       "data:\n  orders: orders.jsonl\n  other: {datagen: --count 5}\n");
    put(dir, "orders.jsonl", "");
    put(dir, "9_first.sql", "SET 'a'='b';");
    put(dir, "V000100__Last.sql", "SET 'a'='c';");
    weir_bundles *all = NULL;
    weir_status st;
    weir_status_reset(&st);
    weir_bundle_variable define = {WEIR_SV("HOOK"), WEIR_SV("z"), true};
    weir_bundle_config config = {.env = "prod", .defines = &define, .n_defines = 1};
    assert_ok(weir_bundles_load(dir, &config, &all, &st), &st);
    const weir_bundle *b = all->items[0];
    weir_sv value;
    assert_int_equal(all->n, 1);
    assert_sv_equal(b->version, "1.2.3");
    assert_true(weir_bundle_lookup((void *)(uintptr_t)b, WEIR_SV("n"), &value));
    assert_sv_equal(value, "12");
    assert_true(weir_bundle_lookup((void *)(uintptr_t)b, WEIR_SV("hook"), &value));
    assert_sv_equal(value, "z");
    assert_int_equal(b->n_topics, 2);
    assert_int_equal(b->topics[0].partitions, 12);
    assert_int_equal(b->topics[1].partitions, 0);
    assert_sv_equal(b->data[1].datagen, "--count 5");
    assert_int_equal(b->n_files, 3);
    assert_non_null(strstr(b->files[0].path.p, "/9_first.sql"));
    assert_non_null(strstr(b->files[2].path.p, "/V000100__Last.sql"));
    weir_bundles_free(all);
    refused_with(dir, &(weir_bundle_config){.env = "prdo"}, "did you mean prod?");
    refused_with(dir, &(weir_bundle_config){0}, "variable \"hook\" has no value");
    define.name = WEIR_SV("unknown");
    refused_with(dir, &config, "no variable \"unknown\"");
    test_dir_remove(dir);
}

static void places(void **state)
{
    (void)state;
    refused(HEAD "nmae: x\n", "bundle.yaml:3:1: unknown key \"nmae\"; did you mean name?");
    refused(HEAD "name: y\n", ":3:1: \"name\" is there already, in line 1");
    refused(HEAD "topics: [a]\n", ":3:9: topics must be a map, not a list");
    refused(HEAD "topics: {a: {partitions: x}}\n", ":3:26: partitions are a number from 1 to");
    refused(HEAD "topics: {a: {partitions: 0}}\n", "partitions are a number");
    refused(HEAD "topics: {a: {partitions: 99999999999999999999}}\n", "partitions are a number");
    refused(HEAD "topics: {a: {partitions: \"${x}\"}}\n", "there is no variable \"x\"");
    refused(HEAD "topics: {a: {format: [JSON]}}\n", "format must be text, not a list");
    refused(HEAD "topics: {'a/b': {}}\n", "not the name of a topic");
    refused(HEAD "variables: {1a: 2}\n", "letters, digits and _");
    refused(HEAD "variables: {a: 2, A: 3}\n", "case does not count");
    refused(HEAD "variables: {a: {b: c}}\n", "must be text, not a map");
    refused(HEAD "variables: {ab: 1}\nenvironments: {prod: {ac: 2}}\n", "did you mean ab?");
    refused(HEAD "environments: {prod: 3}\n", "an environment must be a map, not text");
    refused(HEAD "depends: [{name: ../x}]\n", "is not the name of a bundle");
    refused(HEAD "depends: [x]\n", "a dependency must be a map, not text");
    refused(HEAD "engine: 99.0.0\n", ":3:9: wants weir 99.0.0, this is");
    refused(HEAD "engine: newest\n", "three numbers");
    refused(HEAD "data: {a: {datagen: }}\n", "\"datagen\" is missing");
    refused("name: ../x\nversion: 1.0.0\n", ":1:7: a name is");
    refused("name: shop\n", "\"version\" is missing");
    refused("name: shop\nversion: 1.0\n", "three numbers");
    refused("version: 1.0.0\nname:\n", "\"name\" is missing");
    refused("", "a manifest must be a map, not nothing");
    refused("- a\n", "a manifest must be a map, not a list");
    refused(HEAD "x: [\n", ":4:1: not YAML");
    refused("\tname: x\n", "not YAML");
    refused("\xff\xfe\xfd", "not YAML");
}

static void hostile(void **state)
{
    (void)state;
    refused(HEAD "variables: &a {x: *a}\n", "anchors and tags");
    refused(HEAD "a: &x [y]\n", "anchors and tags");
    refused(HEAD "variables: {x: *b}\n", "aliases are not for a manifest");
    refused(HEAD "variables: {x: !!int 3}\n", "anchors and tags");
    refused(HEAD "---\nname: z\n", "a second document");
    refused(HEAD "? [a]\n: b\n", ":3:3: a key must be text");
    refused(HEAD "variables: {x: \"a\\0b\"}\n", "NUL");
    char *deep = weir_alloc(60001);
    memset(deep, '[', 60000);
    deep[60000] = 0;
    refused(deep, "nested more than");
    memset(deep, ' ', 60000);
    for (size_t i = 0; i + 1 < 60000; i += 2) {
        memcpy(deep + i, i ? "a," : "[ ", 2);
    }
    refused(deep, "more than 10000 values");
    weir_free(deep);
    char *large = weir_alloc(WEIR_BUNDLE_YAML_BYTES_MAX + 2);
    memset(large, '#', WEIR_BUNDLE_YAML_BYTES_MAX + 1);
    large[WEIR_BUNDLE_YAML_BYTES_MAX + 1] = 0;
    refused(large, "more than 65536 bytes");
    weir_free(large);
}

static void files(void **state)
{
    (void)state;
    char *dir = bundle(HEAD "data: {a: ../etc}\n");
    weir_bundle_config config = {0};
    refused_with(dir, &config, "not a path below");
    put(dir, "bundle.yaml", HEAD "data: {a: /etc/passwd}\n");
    refused_with(dir, &config, "not a path below");
    put(dir, "bundle.yaml", HEAD "data: {a: link}\n");
    assert_int_equal(symlink("/etc/passwd", path_in(dir, "link")), 0);
    refused_with(dir, &config, "without links");
    put(dir, "bundle.yaml", HEAD "data: {a: sub}\n");
    assert_int_equal(mkdir(path_in(dir, "sub"), 0700), 0);
    refused_with(dir, &config, "not an ordinary file");
    put(dir, "bundle.yaml", HEAD "data: {a: missing}\n");
    refused_with(dir, &config, "cannot open");
    put(dir, "bundle.yaml", HEAD);
    put(dir, "b.sql", "SET 'a'='b';");
    refused_with(dir, &config, "begins with a number, as 10-b.sql");
    assert_int_equal(remove(path_in(dir, "b.sql")), 0);
    assert_int_equal(symlink("10-a.sql", path_in(dir, "20-link.sql")), 0);
    refused_with(dir, &config, "without links");
    assert_int_equal(remove(path_in(dir, "20-link.sql")), 0);
    assert_int_equal(mkdir(path_in(dir, "schemas"), 0700), 0);
    put(dir, "schemas/orders.avsc", "{}");
    refused_with(dir, &config, "TOPIC-key or TOPIC-value");
    assert_int_equal(remove(path_in(dir, "10-a.sql")), 0);
    refused_with(dir, &config, "no .sql file");
    test_dir_remove(dir);
}

/* Bundles in folders next to one another. */
static void neighbour(const char *top, const char *name, const char *manifest)
{
    char file[64];
    assert_int_equal(mkdir(path_in(top, name), 0700), 0);
    snprintf(file, sizeof file, "%s/bundle.yaml", name);
    put(top, file, manifest);
    snprintf(file, sizeof file, "%s/1-a.sql", name);
    put(top, file, "SET 'a'='b';");
}

static void dependencies(void **state)
{
    (void)state;
    char *top = test_dir_new();
    weir_bundle_config config = {.env = "prod"};
    weir_bundles *all = NULL;
    weir_status st;
    weir_status_reset(&st);
    neighbour(top, "a", "name: a\nversion: 1.5.0\nvariables: {x: 1}\nenvironments: {prod: {x: 2}}\n");
    neighbour(top, "b", "name: b\nversion: 1.0.0\ndepends: [{name: a, version: 1.5.0}]\n");
    neighbour(top, "c", HEAD "depends: [{name: b}, {name: a}]\nenvironments: {prod: }\n");
    assert_ok(weir_bundles_load(path_in(top, "c"), &config, &all, &st), &st);
    assert_int_equal(all->n, 3);
    assert_sv_equal(all->items[0]->name, "a");
    assert_sv_equal(all->items[1]->name, "b");
    assert_sv_equal(all->items[2]->name, "shop");
    assert_sv_equal(all->items[0]->variables[0].value, "2");
    weir_bundles_free(all);
    neighbour(top, "old", HEAD "depends: [{name: a, version: 1.5.1}]\n");
    refused_with(path_in(top, "old"), &(weir_bundle_config){0}, "wants a 1.5.1, and");
    neighbour(top, "lost", HEAD "depends: [{name: nobody}]\n");
    refused_with(path_in(top, "lost"), &(weir_bundle_config){0}, "depends on nobody: cannot open");
    neighbour(top, "x", "name: x\nversion: 1.0.0\ndepends: [{name: y}]\n");
    neighbour(top, "y", "name: y\nversion: 1.0.0\ndepends: [{name: x}]\n");
    refused_with(path_in(top, "x"), &(weir_bundle_config){0}, "it depends on itself");
    neighbour(top, "z", "name: other\nversion: 1.0.0\n");
    neighbour(top, "w", HEAD "depends: [{name: z}]\n");
    refused_with(path_in(top, "w"), &(weir_bundle_config){0}, "is the manifest of other");
    test_dir_remove(top);
}

static void versions(void **state)
{
    (void)state;
    weir_bundle_version v;
    weir_bundle_version w;
    assert_true(weir_bundle_version_parse(WEIR_SV("1.10.0"), &v));
    assert_true(weir_bundle_version_parse(WEIR_SV("1.9.99"), &w));
    assert_true(weir_bundle_version_cmp(v, w) > 0);
    const char *const wrong[] = {"", "1", "1.0", "1.0.", "1.0.0.", "1.0.0.0", "v1.0.0", "1..0",
                                 "1.0.0-rc", "1.0.1234567890", " 1.0.0"};
    for (size_t i = 0; i < WEIR_COUNT(wrong); i++) {
        assert_false(weir_bundle_version_parse(weir_sv_cstr(wrong[i]), &v));
    }
    assert_false(weir_bundle_name_ok(WEIR_SV("")));
    assert_false(weir_bundle_name_ok(WEIR_SV("..")));
    assert_false(weir_bundle_name_ok(WEIR_SV("a/b")));
    assert_false(weir_bundle_name_ok(WEIR_SV("é")));
    assert_true(weir_bundle_name_ok(WEIR_SV("user-profiles_2.x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete), cmocka_unit_test(places),       cmocka_unit_test(hostile),
        cmocka_unit_test(files),    cmocka_unit_test(dependencies), cmocka_unit_test(versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
