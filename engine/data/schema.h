/* The columns of a batch, stream or table. Key columns come first, then value columns; header and
 * pseudo columns that a query asked for follow as ordinary value columns with their own role. */
#pragma once
#include "engine/data/type.h"

/* ORDER weir_role */
typedef enum weir_role {
    WEIR_COL_KEY,
    WEIR_COL_VALUE,
    WEIR_COL_HEADERS,      /* HEADERS: ARRAY<STRUCT<KEY STRING, VALUE BYTES>> */
    WEIR_COL_HEADER,       /* HEADER('name'): BYTES */
    /* Pseudo columns, appended by the source of a query that needs them. */
    WEIR_COL_ROWTIME,      /* BIGINT */
    WEIR_COL_ROWPARTITION, /* INTEGER */
    WEIR_COL_ROWOFFSET,    /* BIGINT */
    WEIR_COL_WINDOWSTART,  /* BIGINT */
    WEIR_COL_WINDOWEND,    /* BIGINT */
} weir_role;

typedef struct weir_column {
    weir_sv name;
    const weir_type *type;
    weir_role role;
    weir_sv header; /* WEIR_COL_HEADER: the header's name */
} weir_column;

typedef struct weir_schema {
    uint16_t n, n_keys; /* columns [0, n_keys) are the key */
    const weir_column *cols;
} weir_schema;

/* Index of a column by exact name, or -1. */
int32_t weir_schema_find(const weir_schema *s, weir_sv name);
const weir_schema *weir_schema_copy(weir_arena *a, const weir_schema *s); /* deep */
/* "`ID` BIGINT KEY, `V` ARRAY<STRUCT<`A` INTEGER>>, `H` BYTES HEADER('h')" */
void weir_schema_print(weir_buf *out, const weir_schema *s);
bool weir_schema_eq(const weir_schema *a, const weir_schema *b); /* names, types, roles, order */
