/* The simulation of the engine over a cluster, by seed. See tests/README.md. */
#include "tests/simulation/sim_run.h"

#include "engine/base/log.h"
#include "engine/io/file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: simulation [--seeds N] [--from S] [--verbose] [--twice] [--break RULE]\n"
    "       simulation --rules\n"
    "\n"
    "Runs the seeds S, S+1, … and compares what the engine wrote with the model. A seed that fails is\n"
    "named; --from S --seeds 1 --verbose shows its schedule. --twice runs each seed two times and\n"
    "expects the same. --break breaks a rule on purpose, and ends with status 0 when that is found;\n"
    "--rules lists the rules.\n";

static const struct {
    const char *name;
    sim_lie lie;
    sim_break broken;
} rules[] = {
    {"says-committed", SIM_SAYS_COMMITTED, SIM_WHOLE},
    {"says-aborted", SIM_SAYS_ABORTED, SIM_WHOLE},
    {"no-offsets", SIM_NO_OFFSETS, SIM_WHOLE},
    {"no-flush", SIM_NO_FLUSH, SIM_WHOLE},
    {"state-first", SIM_HONEST, SIM_STATE_FIRST},
    {"old-positions", SIM_HONEST, SIM_OLD_POSITIONS},
    {"early-positions", SIM_HONEST, SIM_EARLY_POSITIONS},
    {"state-lost", SIM_HONEST, SIM_STATE_LOST},
    {"never-settled", SIM_HONEST, SIM_NEVER_SETTLED},
};

typedef struct program {
    uint64_t seeds, from;
    bool twice, breaks, rules;
    sim_options options;
    char parent[256];
} program;

static uint64_t running; /* the seed */

/* An assertion has failed, or a sanitizer: the seed is all that is needed. */
static void on_abort(int signum)
{
    (void)signum;
    char text[96];
    int n = snprintf(text, sizeof text, "FAIL seed %llu: the program aborted\n",
                     (unsigned long long)running);
    if (write(STDOUT_FILENO, text, (size_t)n) < 0) {
        _exit(3);
    }
    _exit(2);
}

static bool number(const char *text, uint64_t *out)
{
    char *end = NULL;
    *out = text ? strtoull(text, &end, 10) : 0;
    return text && end != text && !*end;
}

static bool rule(program *p, const char *name)
{
    for (size_t i = 0; name && i < WEIR_COUNT(rules); i++) {
        if (strcmp(rules[i].name, name) == 0) {
            p->options.lie = rules[i].lie;
            sim_broken = rules[i].broken;
            return p->breaks = true;
        }
    }
    return false;
}

static bool read_options(program *p, int argc, char **argv)
{
    bool good = true;
    for (int i = 1; i < argc && good; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--rules") == 0) {
            p->rules = true;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            p->options.verbose = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            p->twice = true;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            good = number(next, &p->seeds);
            i++;
        } else if (strcmp(argv[i], "--from") == 0) {
            good = number(next, &p->from);
            i++;
        } else {
            good = strcmp(argv[i], "--break") == 0 && rule(p, next);
            i++;
        }
    }
    return good;
}

static void print_figures(uint64_t seeds, uint64_t failed, const sim_figures *f)
{
    printf("%llu seeds, %llu failed: %llu lives, %llu kills, %llu commits, %llu records in, %llu out, "
           "%llu stores opened\nkilled at", (unsigned long long)seeds, (unsigned long long)failed,
           (unsigned long long)f->lives, (unsigned long long)f->kills, (unsigned long long)f->epochs,
           (unsigned long long)f->orders, (unsigned long long)f->outputs,
           (unsigned long long)sim_stores_opened);
    for (int i = 0; i < WEIR_FAULT_POINTS; i++) {
        if (f->hits[i]) {
            printf(" %s %llu", weir_fault_name((weir_fault_point)i), (unsigned long long)f->hits[i]);
        }
    }
    printf("\n");
}

static bool run_seed(program *p, sim_figures *figures)
{
    char problem[1024] = "";
    bool good = sim_run(&p->options, figures, problem, sizeof problem);
    uint64_t before = figures->digest;
    if (good && p->twice) {
        good = sim_run(&p->options, figures, problem, sizeof problem);
        if (good && figures->digest != before) {
            snprintf(problem, sizeof problem, "it is not the same the second time");
            good = false;
        }
    }
    if (!good) {
        printf("%s seed %llu: %s\n", p->breaks ? "found with" : "FAIL",
               (unsigned long long)p->options.seed, problem);
        fflush(stdout);
    }
    return good;
}

int main(int argc, char **argv)
{
    program p = {.seeds = 100, .from = 1};
    if (!read_options(&p, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    for (size_t i = 0; p.rules && i < WEIR_COUNT(rules); i++) {
        printf("%s\n", rules[i].name);
    }
    if (p.rules) {
        return 0;
    }
    weir_log_threshold = p.options.verbose ? WEIR_WARN : WEIR_ERROR;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGABRT, on_abort);
    weir_status st;
    weir_status_reset(&st);
    if (weir_temp_dir(p.parent, sizeof p.parent, &st) != WEIR_OK) {
        fprintf(stderr, "simulation: %s\n", st.msg);
        return 2;
    }
    p.options.parent = p.parent;
    sim_figures figures = {0};
    uint64_t failed = 0;
    uint64_t done = 0;
    for (; done < p.seeds && !(p.breaks && failed); done++) {
        p.options.seed = running = p.from + done;
        failed += !run_seed(&p, &figures);
    }
    weir_remove_tree(p.parent);
    print_figures(done, failed, &figures);
    return p.breaks ? failed == 0 : failed > 0;
}
