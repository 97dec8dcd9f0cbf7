/* weir: a streaming SQL engine in one binary. This file only finds the sub-command. */
#include "engine/io/fault.h"
#include "tools/options.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef WEIR_VERSION
#define WEIR_VERSION "unknown"
#endif

/* Read by jemalloc where it is linked. Few of our threads allocate at a time: two arenas hold less that is
 * free than one for each processor times four. */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:2";

static int version(const weir_command *self, int argc, char **argv)
{
    bool faults = false;
    const weir_option_row rows[] = {{"--faults", WEIR_OPT_FLAG, &faults, 0, 0}};
    weir_option_list none = {0};
    if (!weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &none)) {
        return WEIR_EXIT_USAGE;
    }
    weir_option_list_deinit(&none);
    if (!faults) {
        printf("weir " WEIR_VERSION "\n");
    }
    for (uint32_t i = 0; faults && i < WEIR_FAULT_POINTS; i++) {
        printf("%-16s %s\n", weir_fault_name((weir_fault_point)i),
               weir_fault_doc((weir_fault_point)i));
    }
    return WEIR_EXIT_OK;
}

const weir_command weir_cmd_version = {
    .name = "version",
    .line = "print the version",
    .help = "usage: weir version [--faults]\n"
            "\n"
            "Prints the version of this binary.\n"
            "\n"
            "  --faults   the places where WEIR_FAULT=point:n:action (kill, sleep=MS, error) lets the\n"
            "             n-th pass fail, for crash tests\n"
            "\n"
            "Example:\n"
            "  weir version\n",
    .run = version,
};

static const weir_command *const commands[] = {
    &weir_cmd_run,
    &weir_cmd_check,
    &weir_cmd_explain,
    &weir_cmd_test,
    &weir_cmd_plan,
    &weir_cmd_apply,
    &weir_cmd_rollback,
    &weir_cmd_history,
    &weir_cmd_topic,
    &weir_cmd_produce,
    &weir_cmd_consume,
    &weir_cmd_state,
    &weir_cmd_pipe,
    &weir_cmd_datagen,
    &weir_cmd_dlq,
    &weir_cmd_docs,
    &weir_cmd_demo,
    &weir_cmd_bench,
    &weir_cmd_version,
};

static void usage(FILE *to)
{
    fprintf(to, "weir: streaming SQL for Kafka topics, files and event streams\n"
                "\n"
                "usage: weir COMMAND [options]\n"
                "\n");
    for (size_t i = 0; i < WEIR_COUNT(commands); i++) {
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->line);
    }
    fprintf(to, "\n`weir COMMAND --help` explains a command, with examples.\n");
}

static bool is_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

static const weir_command *find(const char *name)
{
    for (size_t i = 0; i < WEIR_COUNT(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static int unknown(const char *name)
{
    const char *names[WEIR_COUNT(commands)];
    for (size_t i = 0; i < WEIR_COUNT(commands); i++) {
        names[i] = commands[i]->name;
    }
    const char *near = weir_option_nearest(name, names, WEIR_COUNT(names));
    fprintf(stderr, "weir: unknown command %s%s%s%s; `weir --help` lists them\n", name,
            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return WEIR_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an ordinary write error */
    weir_status st;
    weir_status_reset(&st);
    if (weir_faults_arm(getenv("WEIR_FAULT"), &st) != WEIR_OK) {
        fprintf(stderr, "weir: %s; %s\n", st.msg, st.hint);
        return WEIR_EXIT_USAGE;
    }
    if (argc < 2) {
        usage(stderr);
        return WEIR_EXIT_USAGE;
    }
    bool help = is_help(argv[1]) || strcmp(argv[1], "help") == 0;
    if (help && argc == 2) {
        usage(stdout);
        return WEIR_EXIT_OK;
    }
    const char *name = help ? argv[2] : strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    const weir_command *c = find(name);
    if (!c) {
        return unknown(name);
    }
    for (int k = 2; k < argc && !help && strcmp(argv[k], "--") != 0; k++) {
        help = is_help(argv[k]);
    }
    if (help) {
        fputs(c->help, stdout);
        return WEIR_EXIT_OK;
    }
    return c->run(c, argc - 2, argv + 2);
}
