/* See fault.h. */
#include "engine/io/fault.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FAULTS_MAX 32
#define EACH_TIME 0
#define SLEEP_MS_MAX 600000

typedef enum action { ACT_KILL, ACT_SLEEP, ACT_ERROR } action;

typedef struct fault {
    weir_fault_point point;
    uint32_t at; /* EACH_TIME, or the n-th */
    uint32_t seen; /* atomic */
    action what;
    uint32_t sleep_ms;
} fault;

bool weir_faults_armed;

static fault faults[FAULTS_MAX];
static uint32_t n_faults;
static weir_fault_hook fault_hook;
static void *fault_hook_ctx;

static const struct {
    const char *name, *doc;
} points[] = {
#define WEIR_FAULT_POINT(id, name, doc) {name, doc},
#include "engine/io/fault.def"
#undef WEIR_FAULT_POINT
};

const char *weir_fault_name(weir_fault_point point)
{
    return points[point].name;
}

const char *weir_fault_doc(weir_fault_point point)
{
    return points[point].doc;
}

static bool number_of(weir_sv text, uint32_t most, uint32_t *out)
{
    uint32_t v = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || v > most) {
            return false;
        }
        v = v * 10 + (uint32_t)(text.p[i] - '0');
    }
    *out = v;
    return text.n > 0 && v <= most;
}

/* Cuts what stands before `sep` off the front of *rest. */
static weir_sv cut(weir_sv *rest, char sep)
{
    const char *at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
    weir_sv head = {rest->p, at ? (uint32_t)(at - rest->p) : rest->n};
    uint32_t used = at ? head.n + 1 : head.n;
    *rest = (weir_sv){rest->p + used, rest->n - used};
    return head;
}

static bool read_fault(weir_sv text, fault *f)
{
    weir_sv name = cut(&text, ':');
    weir_sv count = cut(&text, ':');
    uint32_t i = 0;
    while (i < WEIR_FAULT_POINTS && !weir_sv_eq(name, weir_sv_cstr(points[i].name))) {
        i++;
    }
    *f = (fault){.point = (weir_fault_point)i};
    if (i == WEIR_FAULT_POINTS ||
        (!weir_sv_eq(count, WEIR_SV("*")) && (!number_of(count, UINT32_MAX / 16, &f->at) || !f->at))) {
        return false;
    }
    weir_sv sleep = WEIR_SV("sleep=");
    if (weir_sv_starts(text, sleep)) {
        f->what = ACT_SLEEP;
        return number_of(weir_sv_of(text.p + sleep.n, text.n - sleep.n), SLEEP_MS_MAX, &f->sleep_ms);
    }
    f->what = weir_sv_eq(text, WEIR_SV("error")) ? ACT_ERROR : ACT_KILL;
    return f->what == ACT_ERROR || weir_sv_eq(text, WEIR_SV("kill"));
}

weir_rc weir_faults_arm(const char *spec, weir_status *st)
{
    weir_sv rest = weir_sv_cstr(spec ? spec : "");
    n_faults = 0;
    while (rest.n) {
        weir_sv one = cut(&rest, ',');
        if (n_faults == FAULTS_MAX || !read_fault(one, &faults[n_faults])) {
            n_faults = 0;
            weir_fail(st, WEIR_EUSAGE, "WEIR_FAULT: \"" WEIR_SV_FMT "\" is not point:n:action",
                      WEIR_SV_ARG(one));
            return weir_hint(st, "`weir version --faults` lists the points; actions are kill, "
                                 "sleep=MS and error");
        }
        n_faults++;
    }
    weir_faults_armed = n_faults > 0 || fault_hook;
    return WEIR_OK;
}

void weir_faults_hook(weir_fault_hook hook, void *ctx)
{
    fault_hook = hook;
    fault_hook_ctx = ctx;
    weir_faults_armed = n_faults > 0 || fault_hook;
}

static void sleep_ms(uint32_t ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

weir_rc weir_fault_hit(weir_fault_point point, weir_status *st)
{
    weir_rc rc = fault_hook ? fault_hook(fault_hook_ctx, point, st) : WEIR_OK;
    for (uint32_t i = 0; i < n_faults && rc == WEIR_OK; i++) {
        fault *f = &faults[i];
        if (f->point != point) {
            continue;
        }
        uint32_t nth = __atomic_add_fetch(&f->seen, 1, __ATOMIC_RELAXED);
        if (f->at != EACH_TIME && f->at != nth) {
            continue;
        }
        switch (f->what) {
        case ACT_KILL:
            kill(getpid(), SIGKILL);
            pause();
            break;
        case ACT_SLEEP:
            sleep_ms(f->sleep_ms);
            break;
        case ACT_ERROR:
            rc = weir_fail(st, WEIR_EIO, "injected fault at %s", points[point].name);
            break;
        }
    }
    return rc;
}
