/* One test of a SQL test file: statements from its `--@test:` line to the next, in a session of its
 * own. Records are processed by all running queries at once. */
#pragma once
#include "dsl/parse.h"
#include "engine/base/buf.h"
#include "engine/server/bundle.h"

typedef struct weir_test_case {
    weir_sv name;
    uint32_t from, to;  /* bytes of the script */
    const weir_bundles *bundles; /* whose variables and schemas it finds; may be NULL */
    bool passed;
    weir_buf message;   /* why not */
    uint32_t failed_at; /* byte of the script */
    int64_t ns;
} weir_test_case;

/* `diags`: those of parsing the whole script; the test's own syntax errors are among them. */
void weir_test_case_run(weir_test_case *t, const char *file, const weir_script *script,
                        const weir_diags *diags);
