/* See cluster.h. */
#include "tools/cluster.h"

#include "connectors/kafka.h"
#include "engine/base/limits.h"
#include "engine/io/file.h"
#include "engine/io/loop.h"

#include <stdio.h>

#define PROPERTIES_BYTES_MAX ((size_t)1 << 20)
#define RETRY_MS_FIRST 500
#define RETRY_MS_MOST 15000
#define STOP_GRACE_MS 6000 /* a clean end may take so long: then waits for Kafka are given up */

struct weir_cluster_door {
    weir_cluster_options options;
    weir_buf text; /* of the properties file */
    weir_kafka_property *items;
    size_t n, cap;
    weir_stop *stop;
    uint64_t batch_bytes; /* see weir_cluster */
};

static void add(weir_cluster_door *d, weir_sv name, weir_sv value)
{
    WEIR_GROW(d->items, d->cap, d->n + 1);
    d->items[d->n++] = (weir_kafka_property){name, value};
}

/* Java's properties: name=value or name: value, # and ! comments. */
static weir_rc read_line(weir_cluster_door *d, weir_sv line, unsigned number, weir_status *st)
{
    line = weir_sv_trim(line);
    if (line.n == 0 || line.p[0] == '#' || line.p[0] == '!') {
        return WEIR_OK;
    }
    uint32_t at = 0;
    while (at < line.n && line.p[at] != '=' && line.p[at] != ':') {
        at++;
    }
    if (at == 0 || at == line.n) {
        return weir_fail(st, WEIR_EUSAGE, "%s:%u: this is not name=value", d->options.properties,
                         number);
    }
    add(d, weir_sv_trim(weir_sv_of(line.p, at)),
        weir_sv_trim(weir_sv_of(line.p + at + 1, line.n - at - 1)));
    return WEIR_OK;
}

static weir_rc read_file(weir_cluster_door *d, weir_status *st)
{
    WEIR_TRY(weir_file_read(d->options.properties, PROPERTIES_BYTES_MAX, &d->text, st));
    weir_sv rest = weir_buf_view(&d->text);
    for (unsigned number = 1; rest.n > 0; number++) {
        const char *end = memchr(rest.p, '\n', rest.n);
        uint32_t n = end ? (uint32_t)(end - rest.p) : rest.n;
        WEIR_TRY(read_line(d, weir_sv_of(rest.p, n), number, st));
        n += end != NULL;
        rest = weir_sv_of(rest.p + n, rest.n - n);
    }
    return WEIR_OK;
}

weir_rc weir_cluster_door_new(const weir_cluster_options *options, weir_cluster_door **out,
                              weir_status *st)
{
    weir_cluster_door *d = weir_zalloc(sizeof *d);
    *out = d;
    d->options = *options;
    if (options->properties) {
        WEIR_TRY(read_file(d, st));
    }
    for (size_t i = 0; options->sets && i < options->sets->n; i++) {
        weir_sv name;
        const char *value = NULL;
        if (weir_option_pair(options->sets->items[i], &name, &value)) {
            add(d, name, weir_sv_cstr(value));
        }
    }
    if (options->servers) {
        add(d, WEIR_SV("bootstrap.servers"), weir_sv_cstr(options->servers));
    }
    return WEIR_OK;
}

void weir_cluster_door_free(weir_cluster_door *d)
{
    if (d) {
        weir_stop_free(d->stop);
        weir_buf_deinit(&d->text);
        weir_free(d->items);
        weir_free(d);
    }
}

static weir_sv plain(weir_sv name)
{
    weir_sv prefix = WEIR_SV("ksql.streams.");
    return weir_sv_starts(name, prefix) ? weir_sv_of(name.p + prefix.n, name.n - prefix.n) : name;
}

bool weir_cluster_property(const weir_cluster_door *d, const char *name, weir_sv *value)
{
    bool found = false;
    for (size_t i = 0; i < d->n; i++) {
        if (weir_sv_eq(plain(d->items[i].name), weir_sv_cstr(name))) {
            *value = d->items[i].value;
            found = true;
        }
    }
    return found;
}

int64_t weir_cluster_stop_ms(weir_cluster_door *d)
{
    return d->stop ? weir_stop_ms(d->stop) : -1;
}

int weir_cluster_stop_signum(weir_cluster_door *d)
{
    return d->stop ? weir_stop_signum(d->stop) : 0;
}

static bool interrupted(void *ctx)
{
    return weir_cluster_stop_ms(ctx) > STOP_GRACE_MS;
}

static bool stopped(void *ctx)
{
    return weir_cluster_stop_ms(ctx) >= 0;
}

void weir_cluster_learn(weir_cluster_door *d, const weir_cluster *c)
{
    d->batch_bytes = c->batch_bytes;
}

bool weir_cluster_wait(weir_cluster_door *d, int64_t ms)
{
    int64_t until = weir_mono_ns() + ms * 1000000;
    while (weir_mono_ns() < until && !stopped(d)) {
        weir_sleep_ms(50);
    }
    return !stopped(d);
}

static weir_rc guarantee(const weir_cluster_door *d, bool *exactly_once, weir_status *st)
{
    weir_sv v = {0};
    if (!weir_cluster_property(d, "processing.guarantee", &v) ||
        weir_sv_eq(v, WEIR_SV("at_least_once"))) {
        return WEIR_OK;
    }
    *exactly_once = true;
    if (weir_sv_eq(v, WEIR_SV("exactly_once_v2")) || weir_sv_eq(v, WEIR_SV("exactly_once")) ||
        weir_sv_eq(v, WEIR_SV("exactly_once_beta"))) {
        return WEIR_OK;
    }
    return weir_fail(st, WEIR_EUSAGE, "processing.guarantee is at_least_once or exactly_once_v2, not "
                     WEIR_SV_FMT, WEIR_SV_ARG(v));
}

weir_rc weir_cluster_connect(weir_cluster_door *d, weir_cluster **out, weir_status *st)
{
    weir_sv v = {0};
    weir_sv service = WEIR_SV("default_");
    *out = NULL;
    if (!weir_cluster_property(d, "bootstrap.servers", &v) || v.n == 0) {
        return WEIR_OK;
    }
    d->stop = d->stop ? d->stop : weir_stop_new();
    weir_kafka_config config = {.properties = d->items, .n = d->n, .batch_bytes = d->batch_bytes,
                                .wake = d->options.wake, .wake_ctx = d->options.wake_ctx,
                                .interrupted = stopped,
                                .interrupted_ctx = d};
    WEIR_TRY(guarantee(d, &config.exactly_once, st));
    config.exactly_once = config.exactly_once && !d->options.no_transactions;
    (void)weir_cluster_property(d, "ksql.service.id", &service);
    weir_buf name = {0};
    weir_buf_printf(&name, "_weir-" WEIR_SV_FMT, WEIR_SV_ARG(service));
    config.application = weir_buf_view(&name);
    if (weir_cluster_property(d, "application.id", &v) && v.n) {
        config.application = v;
    }
    weir_rc rc;
    for (int64_t ms = RETRY_MS_FIRST;; ms = weir_min64(ms * 2, RETRY_MS_MOST)) {
        weir_status_reset(st);
        rc = weir_kafka_open(&config, out, st);
        if (rc == WEIR_OK || !st->retriable || d->options.exit_on_failure || stopped(d)) {
            break;
        }
        fprintf(stderr, "weir: %s; trying again in %.1f s\n", st->msg, (double)ms / 1000);
        if (!weir_cluster_wait(d, ms)) {
            break;
        }
    }
    weir_buf_deinit(&name);
    if (rc == WEIR_OK) {
        (*out)->no_queries = d->options.no_transactions;
    }
    if (rc != WEIR_OK && stopped(d)) {
        rc = weir_fail(st, WEIR_EINTR, "stopped before Kafka was reached");
    }
    st->retriable = false; /* it has been tried again for as long as it was wanted */
    if (rc == WEIR_OK) {
        (*out)->interrupted = interrupted;
        d->options.exit_on_failure = false;
    }
    return rc;
}
