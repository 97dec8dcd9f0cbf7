/* Options of a command: a table of rows, read once. `--name value` and `--name=value`; what is no
 * option is an operand. Wrong ones are told in one line, with the nearest name. */
#pragma once
#include "tools/cmd.h"

typedef enum weir_option_kind {
    WEIR_OPT_FLAG,  /* bool */
    WEIR_OPT_TEXT,  /* const char *: the last one counts */
    WEIR_OPT_LIST,  /* weir_option_list */
    WEIR_OPT_COUNT, /* uint32_t, from `least` to `most` */
} weir_option_kind;

typedef struct weir_option_list {
    const char **items;
    size_t n, cap;
} weir_option_list;

typedef struct weir_option_row {
    const char *name; /* "--input" */
    weir_option_kind kind;
    void *to;
    uint32_t least, most; /* WEIR_OPT_COUNT */
} weir_option_row;

/* Fills in `to`s and operands. False: told on standard error, the exit status is WEIR_EXIT_USAGE. */
bool weir_options_read(const weir_command *self, const weir_option_row *rows, size_t n_rows, int argc,
                       char **argv, weir_option_list *operands);
void weir_option_list_deinit(weir_option_list *l);
/* Splits NAME=VALUE; false when there is no name or no `=`. */
bool weir_option_pair(const char *text, weir_sv *name, const char **value);
/* The nearest of some names, or NULL. */
const char *weir_option_nearest(const char *word, const char *const *names, size_t n);

/* Files of operands: a folder stands for its *.sql in the order of their names. */
weir_rc weir_query_files(const weir_option_list *operands, weir_option_list *files, weir_status *st);
/* Frees what weir_query_files made. */
void weir_query_files_free(weir_option_list *files);
