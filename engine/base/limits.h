/* Every ceiling of the engine, with its reason. A breach is an ordinary, named error. */
#pragma once

#define WEIR_BATCH_ROWS 1024              /* rows of a batch: columns stay in L1/L2, index fits uint16 */
#define WEIR_STATEMENT_BYTES_MAX (4 << 20) /* text of one script */
#define WEIR_PARSE_DEPTH_MAX 400          /* lemon stack; keeps every recursive walk of the AST shallow */
#define WEIR_EXPR_NODES_MAX 100000        /* nodes of one statement's expressions */
#define WEIR_EXPR_DEPTH_MAX 200           /* nested expressions: bounds recursion over them */
#define WEIR_TYPE_DEPTH_MAX 32            /* ARRAY<ARRAY<…>> */
#define WEIR_COLUMNS_MAX 4096             /* of one source */
#define WEIR_PLAN_NODES_MAX 1000          /* of one query: each use of WITH name AS (…) is a copy */
#define WEIR_QUERY_DEPTH_MAX 32           /* queries inside one another */
#define WEIR_JSON_DEPTH_MAX 128           /* nested JSON data */
#define WEIR_JSON_NUMBER_MAX 1000         /* characters of one JSON number, as Jackson */
#define WEIR_JSON_KEYS_LEARNED_MAX 1024   /* member names a JSON decoder remembers */
#define WEIR_AVRO_NODES_MAX 20000         /* types in one Avro schema: names are looked up in a list */
#define WEIR_AVRO_FREE_VALUES 65536       /* of one Avro record, on top of 16 a byte: some take no bytes */
#define WEIR_AVRO_DEPTH_MAX 64            /* nested Avro data that nobody asked for */
#define WEIR_HTTP_BODY_MAX (16 << 20)     /* answer of another server: a schema */
#define WEIR_HTTP_URL_MAX 8192            /* that is asked for: no server takes longer ones */
#define WEIR_RECORD_BYTES_MAX (64 << 20)  /* key + value of one record */
#define WEIR_CHUNK_BYTES_MAX (1 << 30)    /* records appended at once: positions are 32 bits */
#define WEIR_STRING_BYTES_MAX (64 << 20)  /* one string an expression builds */
#define WEIR_ARRAY_ITEMS_MAX (1 << 24)    /* one array an expression builds (GENERATE_SERIES …) */
#define WEIR_STEP_BYTES_MAX (1 << 30)     /* step memory beyond which functions build no more large arrays */
#define WEIR_CUBE_COLUMNS_MAX 20          /* CUBE_EXPLODE: 2^n rows, as ksqlDB */
#define WEIR_CALL_PATTERNS_MAX 256        /* patterns from data that one call site keeps compiled */
#define WEIR_DECIMAL_DIGITS_MAX 1000      /* precision of DECIMAL(p, s) */
#define WEIR_PARTITIONS_MAX 10000         /* of one topic */
#define WEIR_WORKERS_MAX 64
#define WEIR_WINDOWS_PER_ROW_MAX 100000   /* SIZE / ADVANCE of a hopping window */
#define WEIR_DIAGNOSTICS_MAX 100          /* errors reported for one file */
#define WEIR_REGEX_MATCH_LIMIT 10000000   /* PCRE2 match limit: bounds back-tracking */
#define WEIR_REGEX_DEPTH_LIMIT 100000
#define WEIR_LAMBDA_DEPTH_MAX 8           /* lambdas inside lambdas */
#define WEIR_SCRIPT_DEPTH_MAX 8           /* RUN SCRIPT inside RUN SCRIPT */
#define WEIR_HISTOGRAM_ENTRIES_MAX 1000   /* of one HISTOGRAM: later keys are ignored, as in ksqlDB */
#define WEIR_BUNDLE_YAML_BYTES_MAX (64 << 10) /* a manifest */
#define WEIR_BUNDLE_YAML_NODES_MAX 10000  /* its values: keys of a map are looked up in a list */
#define WEIR_BUNDLE_YAML_DEPTH_MAX 16
#define WEIR_BUNDLE_FILES_MAX 1000        /* query files and schemas of a bundle */
#define WEIR_BUNDLES_MAX 100              /* that belong together: a bundle and what it depends on */
