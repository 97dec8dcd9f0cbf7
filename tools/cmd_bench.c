/* `weir bench`: each workload runs in a process of its own, so that peak memory is its own, and
 * prints one JSON line; on a terminal, a table. Nothing is asserted: it measures. */
#include "tools/bench.h"
#include "tools/cmd.h"

#include "engine/io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const weir_bench *bench_at(uint32_t i)
{
    return i < weir_bench_queries_n ? &weir_bench_queries[i]
                                    : &weir_bench_parts[i - weir_bench_queries_n];
}

static uint32_t bench_count(void)
{
    return weir_bench_queries_n + weir_bench_parts_n;
}

static const weir_bench *find(const char *name)
{
    for (uint32_t i = 0; i < bench_count(); i++) {
        if (strcmp(bench_at(i)->name, name) == 0) {
            return bench_at(i);
        }
    }
    return NULL;
}

static void print_json(const weir_bench *b, const weir_bench_result *r)
{
    printf("{\"bench\":\"%s\"", b->name);
    if (r->unit) {
        printf(",\"value\":%.6g,\"unit\":\"%s\",\"%s\":%.6g", r->value, r->unit,
               b->at_most ? "at_most" : "at_least", b->least);
        if (r->peak_rss_bytes) {
            printf(",\"peak_rss_bytes\":%llu", (unsigned long long)r->peak_rss_bytes);
        }
        puts("}");
        return;
    }
    double ns = (double)r->cpu_ns / (double)r->events;
    printf(",\"events\":%llu,\"cpu_ns_per_event\":%.1f,\"events_per_cpu_second\":%.0f,"
           "\"peak_rss_bytes\":%llu,\"yardstick_ns_per_event\":%.1f,\"ratio\":%.3f,"
           "\"at_least\":%.2f}\n",
           (unsigned long long)r->events, ns, 1e9 / ns, (unsigned long long)r->peak_rss_bytes,
           r->yardstick_ns, r->yardstick_ns / ns, b->least);
}

static void print_row(const weir_bench *b, const weir_bench_result *r)
{
    if (r->unit) {
        bool ok = b->at_most ? r->value <= b->least : r->value >= b->least;
        printf("%-17s %14.6g %-9s  %s %-9.6g %s", b->name, r->value, r->unit,
               b->at_most ? "at most " : "at least", b->least, ok ? "ok" : "short");
        if (r->peak_rss_bytes) {
            printf(" %6llu MB", (unsigned long long)(r->peak_rss_bytes / 1000000));
        }
        putchar('\n');
        return;
    }
    double ns = (double)r->cpu_ns / (double)r->events;
    double ratio = r->yardstick_ns / ns;
    printf("%-17s %10.2f M events/s %6.0f ns/event %6llu MB   ratio %.2f, at least %.2f %s\n",
           b->name, 1e3 / ns, ns, (unsigned long long)(r->peak_rss_bytes / 1000000), ratio,
           b->least, ratio >= b->least ? "ok" : "short");
}

static int run_here(const weir_bench *b, const weir_bench_options *o, bool json)
{
    weir_bench_result r = {0};
    weir_status st;
    weir_status_reset(&st);
    if (b->run(o, &r, &st) != WEIR_OK) {
        fprintf(stderr, "weir bench: %s: %s\n", b->name, st.msg);
        return WEIR_EXIT_FAILED;
    }
    (json ? print_json : print_row)(b, &r);
    fflush(stdout);
    return WEIR_EXIT_OK;
}

static int run_apart(const weir_bench *b, int argc, char **argv)
{
    char **args = weir_zalloc(sizeof *args * (size_t)(argc + 5));
    int n = 0;
    args[n++] = (char *)(uintptr_t) "weir";
    args[n++] = (char *)(uintptr_t) "bench";
    args[n++] = (char *)(uintptr_t) "--in-process";
    args[n++] = (char *)(uintptr_t)b->name;
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] == '-') {
            args[n++] = argv[i];
            if (strcmp(argv[i], "--json") != 0 && i + 1 < argc) {
                args[n++] = argv[++i];
            }
        }
    }
    pid_t pid = fork();
    if (pid == 0) {
        execv("/proc/self/exe", args);
        _exit(WEIR_EXIT_FAILED);
    }
    weir_free(args);
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        fprintf(stderr, "weir bench: cannot start a process: %s\n", strerror(errno));
        return WEIR_EXIT_FAILED;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : WEIR_EXIT_FAILED;
}

static bool number(const char *text, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    double v = strtod(text, &end); /* 1e6 is a number, too */
    *out = v >= 1 && v <= 1e12 ? (uint64_t)v : 0;
    return !errno && *end == 0 && *out > 0;
}

static int usage(const weir_command *self, const char *what, const char *arg)
{
    fprintf(stderr, "weir bench: %s %s\n\n%s", what, arg, self->help);
    return WEIR_EXIT_USAGE;
}

static int run(const weir_command *self, int argc, char **argv)
{
    weir_bench_options o = {.workers = 1};
    bool json = !isatty(STDOUT_FILENO);
    bool here = false;
    uint32_t named = 0;
    if (argc > 0 && strcmp(argv[0], "kafka") == 0) {
        return weir_bench_kafka(argc - 1, argv + 1);
    }
    if (argc > 0 && strcmp(argv[0], "http") == 0) {
        return weir_bench_http(argc - 1, argv + 1);
    }
    for (int i = 0; i < argc; i++) {
        uint64_t n = 0;
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--in-process") == 0) {
            here = true;
        } else if (argv[i][0] == '-') {
            uint64_t *to = strcmp(argv[i], "--events") == 0 ? &o.events
                           : strcmp(argv[i], "--keys") == 0 ? &o.keys
                                                            : &n;
            bool workers = strcmp(argv[i], "--workers") == 0;
            if (to == &n && !workers) {
                return usage(self, "unknown option", argv[i]);
            }
            if (i + 1 >= argc || !number(argv[i + 1], to) || (workers && n > WEIR_WORKERS_MAX)) {
                return usage(self, "a number must follow", argv[i]);
            }
            o.workers = workers ? (uint32_t)n : o.workers;
            i++;
        } else if (!find(argv[i])) {
            return usage(self, "unknown workload", argv[i]);
        } else {
            named++;
        }
    }
    int status = WEIR_EXIT_OK;
    for (uint32_t i = 0; i < bench_count(); i++) {
        const weir_bench *b = bench_at(i);
        bool chosen = named == 0;
        for (int k = 0; k < argc; k++) {
            chosen |= strcmp(argv[k], b->name) == 0;
        }
        if (chosen) {
            int one = here ? run_here(b, &o, json) : run_apart(b, argc, argv);
            status = one ? one : status;
        }
    }
    return status;
}

const weir_command weir_cmd_bench = {
    .name = "bench",
    .line = "measure the engine: workloads over generated click events",
    .help =
        "usage: weir bench [NAME…] [--events N] [--keys N] [--workers N] [--json]\n"
        "\n"
        "Runs the named workloads (all without a name), each in a process of its own, over generated\n"
        "click events: 237 bytes of JSON, nine fields. Rates are per second of CPU time. The ratio\n"
        "is the rate over that of simdjson reading four fields of the same events in the same run,\n"
        "and nothing else. The first quarter of the events warms up and is not counted. workers,\n"
        "agg_operator and exchange have no such yardstick: of five passes the best counts.\n"
        "\n"
        "  filter tumbling tumbling_updates join_streams join_table embedded workers\n"
        "  agg_operator exchange state_key start idle_rss reload cold_state\n"
        "\n"
        "  --events N    size of the workload\n"
        "  --keys N      distinct keys\n"
        "  --workers N   worker threads, and as many partitions\n"
        "  --json        one JSON object a line, also on a terminal\n"
        "\n"
        "example:\n"
        "  weir bench filter tumbling --events 2e6\n",
    .run = run,
};
