/* The sub-commands of `weir`: one file and one row each. A command gets the arguments after its
 * name and returns the exit status. */
#pragma once
#include "engine/base/base.h"
#include "engine/base/status.h"

/* Exit statuses; part of the interface. */
enum {
    WEIR_EXIT_OK = 0,
    WEIR_EXIT_FAILED = 1,  /* SQL error, input or output problem, failed test */
    WEIR_EXIT_USAGE = 2,
    WEIR_EXIT_NO_DATA = 3,
    WEIR_EXIT_CONNECT = 4,
    WEIR_EXIT_INTERRUPTED = 130,
};
/* Of a command that a signal has ended in order: SIGTERM is a wish, SIGINT an interruption. */
int weir_exit_of_signal(int signum);
/* Writes the whole answer of a command to standard output. Nobody reading it any more is no error. */
weir_rc weir_print_text(weir_sv text, weir_status *st);

typedef struct weir_command {
    const char *name;
    const char *line; /* what it does, one line */
    const char *help; /* usage, options, examples */
    int (*run)(const struct weir_command *self, int argc, char **argv);
} weir_command;

/* ORDER: as `weir --help` lists them */
extern const weir_command weir_cmd_run, weir_cmd_check, weir_cmd_explain, weir_cmd_test,
    weir_cmd_plan, weir_cmd_apply, weir_cmd_rollback, weir_cmd_history, weir_cmd_topic,
    weir_cmd_produce, weir_cmd_consume, weir_cmd_state, weir_cmd_pipe, weir_cmd_datagen,
    weir_cmd_dlq, weir_cmd_docs, weir_cmd_demo, weir_cmd_bench, weir_cmd_version;
