/* Bundles: a folder of query files with a manifest, as queries/README.md describes it. Loading reads and
 * checks everything but the statements: manifest, variables of an environment, files, dependencies.
 * Nothing outside of the folder is read, no link is followed. A loaded bundle is plain data. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/status.h"

#define WEIR_BUNDLE_MANIFEST "bundle.yaml"

/* MAJOR.MINOR.PATCH */
typedef struct weir_bundle_version {
    uint32_t part[3];
} weir_bundle_version;

typedef struct weir_bundle_variable {
    weir_sv name, value;
    bool given; /* has a value */
} weir_bundle_variable;

typedef struct weir_bundle_need {
    weir_sv name;
    weir_sv version; /* at least; may be empty */
} weir_bundle_need;

/* A topic that others write. */
typedef struct weir_bundle_topic {
    weir_sv name;
    int32_t partitions; /* 0: any */
    weir_sv format;     /* of values; empty: any */
} weir_bundle_topic;

/* Records for runs in memory: of a file, or of `weir datagen`. */
typedef struct weir_bundle_data {
    weir_sv topic;
    weir_sv file;    /* its path, from where the bundle's is from; or */
    weir_sv datagen; /* options */
} weir_bundle_data;

/* A query file. */
typedef struct weir_bundle_file {
    weir_sv path; /* as weir_bundle_data.file */
    weir_sv text;
} weir_bundle_file;

/* A file of schemas/: what the registry must have for a subject. */
typedef struct weir_bundle_schema {
    weir_sv subject, path, text;
    bool json; /* JSON Schema, else Avro */
} weir_bundle_schema;

typedef struct weir_bundle {
    weir_sv dir, name, version, description, env;
    weir_bundle_need *depends;
    weir_bundle_variable *variables; /* with the values that count */
    weir_bundle_topic *topics;
    weir_bundle_data *data;
    weir_bundle_file *files; /* in the order in which they run */
    weir_bundle_schema *schemas;
    uint32_t n_depends, n_variables, n_topics, n_data, n_files, n_schemas;
} weir_bundle;

/* A bundle and what it depends on; `items` in the order in which they run, the bundle itself last. */
typedef struct weir_bundles {
    weir_arena arena;
    weir_bundle **items;
    uint32_t n, cap;
} weir_bundles;

typedef struct weir_bundle_config {
    const char *env; /* NULL: the defaults. A dependency need not know it */
    const weir_bundle_variable *defines; /* win over everything */
    uint32_t n_defines;
    bool alone; /* without dependencies */
} weir_bundle_config;

/* True if the folder has a manifest. */
bool weir_is_bundle(const char *dir);
weir_rc weir_bundles_load(const char *dir, const weir_bundle_config *config, weir_bundles **out,
                          weir_status *st);
void weir_bundles_free(weir_bundles *b);

/* The value of ${name}; for weir_substitute, whose `user` is a weir_bundle. */
bool weir_bundle_lookup(void *bundle, weir_sv name, weir_sv *value);
/* [A-Za-z0-9._-]{1,128}, not a dot in front. */
bool weir_bundle_name_ok(weir_sv name);
bool weir_bundle_version_parse(weir_sv text, weir_bundle_version *out);
int weir_bundle_version_cmp(weir_bundle_version a, weir_bundle_version b);
/* The version of this engine. */
weir_sv weir_engine_version(void);
