/* `weir topic`: topics of a Kafka cluster or a data directory, looked at, made and removed. */
#include "engine/base/limits.h"
#include "engine/data/json_text.h"
#include "engine/server/table_text.h"
#include "tools/stored_queries.h"
#include "tools/topic_home.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TOPIC_NAME_BYTES_MAX 249 /* Kafka's */
#define MS_PER_SECOND 1000LL

typedef struct topic_command {
    weir_home home;
    weir_option_list operands, configs;
    uint32_t partitions, replicas;
    const char *retention, *format;
    bool if_not_exists, json;
} topic_command;

/* ---- durations ---- */

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1},
             {"s", MS_PER_SECOND},
             {"m", 60 * MS_PER_SECOND},
             {"h", 3600 * MS_PER_SECOND},
             {"d", 86400 * MS_PER_SECOND}};

static weir_rc read_duration(const char *text, int64_t *ms, weir_status *st)
{
    char *end = NULL;
    long long n = strtoll(text, &end, 10);
    bool good = end != text && n >= 0 && *text != '-';
    int64_t unit = *end ? 0 : 1;
    for (size_t i = 0; i < WEIR_COUNT(units); i++) {
        unit = strcmp(end, units[i].name) == 0 ? units[i].ms : unit;
    }
    if (!good || unit == 0 || __builtin_mul_overflow((int64_t)n, unit, ms)) {
        return weir_fail(st, WEIR_EUSAGE, "--retention wants a time like 7d, 12h, 30m, 90s or 5000 "
                                          "(ms), not \"%s\"", text);
    }
    return WEIR_OK;
}

/* The largest unit that has no rest. */
static void print_duration(weir_buf *out, int64_t ms)
{
    size_t i = WEIR_COUNT(units) - 1;
    while (i > 0 && (ms % units[i].ms != 0 || ms == 0)) {
        i--;
    }
    weir_buf_printf(out, "%lld %s", (long long)(ms / units[i].ms), units[i].name);
}

/* ---- list ---- */

static int by_name(const void *a, const void *b)
{
    return weir_sv_cmp(weir_topic_name(*(weir_topic *const *)a),
                       weir_topic_name(*(weir_topic *const *)b));
}

static weir_rc list(topic_command *c, weir_status *st)
{
    uint32_t n = weir_topics_count(c->home.topics);
    weir_topic **all = weir_alloc(sizeof *all * (n + 1));
    for (uint32_t i = 0; i < n; i++) {
        all[i] = weir_topics_at(c->home.topics, i);
    }
    qsort(all, n, sizeof(weir_topic *), by_name);
    static const weir_sv names[] = {{"Topic", 5}, {"Partitions", 10}, {"Replicas", 8}};
    static const bool right[] = {false, true, true};
    weir_table_text *table = weir_table_text_new(names, right, WEIR_COUNT(names));
    weir_buf out = {0};
    for (uint32_t i = 0; i < n; i++) {
        weir_sv name = weir_topic_name(all[i]);
        char partitions[16];
        char replicas[16];
        snprintf(partitions, sizeof partitions, "%d", weir_topic_partitions(all[i]));
        snprintf(replicas, sizeof replicas, "%d", weir_topic_replicas(all[i]));
        if (c->json) {
            weir_buf_str(&out, "{\"topic\":");
            weir_json_string(&out, name);
            weir_buf_printf(&out, ",\"partitions\":%s,\"replicas\":%s}\n", partitions, replicas);
        } else {
            weir_table_text_row(table, (weir_sv[]){name, weir_sv_cstr(partitions),
                                                   weir_sv_cstr(replicas)}, &out);
        }
    }
    if (!c->json) {
        weir_table_text_flush(table, &out);
    }
    weir_rc rc = weir_print_text(weir_buf_view(&out), st);
    weir_table_text_free(table);
    weir_buf_deinit(&out);
    weir_free(all);
    return rc;
}

/* ---- create ---- */

static weir_rc check_name(weir_sv name, weir_status *st)
{
    bool good = name.n > 0 && name.n <= TOPIC_NAME_BYTES_MAX && !weir_sv_eq(name, WEIR_SV(".")) &&
                !weir_sv_eq(name, WEIR_SV(".."));
    for (uint32_t i = 0; i < name.n && good; i++) {
        char ch = name.p[i];
        good = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
               ch == '.' || ch == '_' || ch == '-';
    }
    return good ? WEIR_OK
                : weir_fail(st, WEIR_EUSAGE, "\"" WEIR_SV_FMT "\" is no name of a topic: it has 1 to %d "
                            "of a-z, A-Z, 0-9, '.', '_' and '-'", WEIR_SV_ARG(name),
                            TOPIC_NAME_BYTES_MAX);
}

/* --config; a data directory knows retention.ms. */
static weir_rc read_configs(const topic_command *c, weir_topic_config *configs, weir_topic_spec *spec,
                            weir_status *st)
{
    for (size_t i = 0; i < c->configs.n; i++) {
        weir_sv name;
        const char *value = NULL;
        if (!weir_option_pair(c->configs.items[i], &name, &value)) {
            return weir_fail(st, WEIR_EUSAGE, "--config wants NAME=VALUE, not \"%s\"",
                             c->configs.items[i]);
        }
        if (weir_sv_eq(name, WEIR_SV("retention.ms")) && strcmp(value, "-1") == 0) {
            spec->retention_ms = -1;
        } else if (weir_sv_eq(name, WEIR_SV("retention.ms"))) {
            WEIR_TRY(read_duration(value, &spec->retention_ms, st));
        } else if (!c->home.cluster) {
            return weir_fail(st, WEIR_EUSAGE, "a topic of a data directory has no setting " WEIR_SV_FMT
                                              ", only retention.ms", WEIR_SV_ARG(name));
        }
        if (c->home.cluster) {
            configs[spec->n_configs++] = (weir_topic_config){name, weir_sv_cstr(value)};
        }
    }
    spec->configs = configs;
    return WEIR_OK;
}

static weir_rc create(topic_command *c, weir_sv name, weir_status *st)
{
    weir_topic_spec spec = {.name = name,
                            .partitions = (int32_t)c->partitions,
                            .replicas = (int32_t)c->replicas,
                            .retention_ms = -1};
    WEIR_TRY(check_name(name, st));
    if (!c->home.cluster && c->replicas > 1) {
        return weir_fail(st, WEIR_EUSAGE, "a topic of a data directory has one replica");
    }
    spec.partitions = spec.partitions || c->home.cluster ? spec.partitions : 1;
    weir_topic_config *configs = weir_alloc(sizeof *configs * (c->configs.n + 1));
    weir_topic *topic = weir_topics_find(c->home.topics, name);
    weir_rc rc = read_configs(c, configs, &spec, st);
    if (rc == WEIR_OK && c->retention) {
        rc = read_duration(c->retention, &spec.retention_ms, st);
    }
    if (rc == WEIR_OK && topic && !c->if_not_exists) {
        rc = weir_fail(st, WEIR_EEXISTS, "topic " WEIR_SV_FMT " exists already, with %d partition%s",
                       WEIR_SV_ARG(name), weir_topic_partitions(topic),
                       weir_topic_partitions(topic) == 1 ? "" : "s");
    } else if (rc == WEIR_OK && !topic) {
        rc = weir_topics_create(c->home.topics, &spec, &topic, st);
        rc = rc ? rc : weir_home_commit(&c->home, st);
    }
    weir_free(configs);
    return rc;
}

/* ---- describe ---- */

typedef struct description {
    topic_command *c;
    weir_topic *topic;
    weir_buf text, json; /* one of them is shown */
    weir_buf settings;   /* JSON members */
    int64_t retention_ms;
    int64_t records;
} description;

static void entry(description *d, const char *name, const char *format, ...) WEIR_PRINTF(3, 4);
static void entry(description *d, const char *name, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    weir_buf_printf(&d->text, "%-20s : %s\n", name, line);
}

static void on_config(void *ctx, const weir_topic_config *config, bool standard)
{
    description *d = ctx;
    char text[32];
    if (weir_sv_eq(config->name, WEIR_SV("retention.ms")) && config->value.n < sizeof text) {
        snprintf(text, sizeof text, WEIR_SV_FMT, WEIR_SV_ARG(config->value));
        d->retention_ms = strtoll(text, NULL, 10);
    }
    if (!standard) {
        weir_buf_str(&d->settings, d->settings.n ? "," : "");
        weir_json_string(&d->settings, config->name);
        weir_buf_byte(&d->settings, ':');
        weir_json_string(&d->settings, config->value);
        entry(d, "Setting", WEIR_SV_FMT "=" WEIR_SV_FMT, WEIR_SV_ARG(config->name),
              WEIR_SV_ARG(config->value));
    }
}

static void describe_retention(description *d)
{
    weir_buf text = {0};
    if (d->retention_ms < 0) {
        weir_buf_str(&text, "for ever");
    } else {
        print_duration(&text, d->retention_ms);
    }
    entry(d, "Retention", "%s", weir_buf_cstr(&text));
    weir_buf_deinit(&text);
    weir_buf_printf(&d->json, ",\"retention_ms\":%lld", (long long)d->retention_ms);
}

/* Readers and writers: of the data directory's queries, and of those that --sql declares. */
static void note_query(description *d, weir_buf *list, const char *what, weir_sv id)
{
    entry(d, what, WEIR_SV_FMT, WEIR_SV_ARG(id));
    weir_buf_str(list, list->n ? "," : "");
    weir_json_string(list, id);
}

static weir_rc stored_users(description *d, weir_buf *readers, weir_buf *writers, weir_status *st)
{
    weir_stored s;
    weir_rc rc = weir_stored_read(d->c->home.store, &s, st);
    for (uint32_t i = 0; rc == WEIR_OK && i < s.n; i++) {
        bool reads = false;
        bool writes = false;
        for (uint32_t k = 0; k < s.queries[i].n_nodes; k++) {
            const weir_stored_node *n = &s.queries[i].nodes[k];
            bool ours = weir_sv_eq(n->topic, weir_topic_name(d->topic));
            reads |= ours && weir_stored_is_source(n);
            writes |= ours && weir_stored_is_sink(n);
        }
        if (reads) {
            note_query(d, readers, "Read by query", s.queries[i].id);
        }
        if (writes) {
            note_query(d, writers, "Written by query", s.queries[i].id);
        }
    }
    weir_stored_deinit(&s);
    return rc;
}

static bool is_over(const weir_catalog *c, weir_sv source, weir_sv topic)
{
    const weir_source *s = weir_catalog_source(c, source);
    return s && weir_sv_eq(s->topic, topic);
}

static void declared_users(description *d, weir_buf *readers, weir_buf *writers)
{
    const weir_catalog *c = weir_session_catalog(d->c->home.schemas);
    weir_sv topic = weir_topic_name(d->topic);
    for (uint32_t i = 0; i < weir_catalog_queries(c); i++) {
        const weir_query_info *q = weir_catalog_query_at(c, i);
        bool reads = false;
        for (uint32_t k = 0; k < q->n_sources; k++) {
            reads |= is_over(c, q->sources[k], topic);
        }
        if (reads) {
            note_query(d, readers, "Read by query", q->id);
        }
        if (is_over(c, q->sink, topic)) {
            note_query(d, writers, "Written by query", q->id);
        }
    }
}

static weir_rc describe_users(description *d, weir_status *st)
{
    weir_buf readers = {0};
    weir_buf writers = {0};
    weir_rc rc = WEIR_OK;
    if (d->c->home.schemas) {
        declared_users(d, &readers, &writers);
    } else if (d->c->home.store) {
        rc = stored_users(d, &readers, &writers, st);
    }
    if (d->c->home.schemas || d->c->home.store) {
        weir_buf_printf(&d->json, ",\"readers\":[%s],\"writers\":[%s]", weir_buf_cstr(&readers),
                        weir_buf_cstr(&writers));
    }
    weir_buf_deinit(&readers);
    weir_buf_deinit(&writers);
    return rc;
}

static weir_rc describe_partitions(description *d, weir_table_text *table, weir_buf *out,
                                   weir_status *st)
{
    weir_buf_str(&d->json, ",\"offsets\":[");
    for (int32_t p = 0; p < weir_topic_partitions(d->topic); p++) {
        int64_t at[2] = {0, 0};
        WEIR_TRY(weir_topic_bounds(d->topic, p, &at[0], &at[1], st));
        char cells[4][32];
        const int64_t numbers[4] = {p, at[0], at[1], at[1] - at[0]};
        weir_sv row[4];
        for (size_t i = 0; i < WEIR_COUNT(numbers); i++) {
            snprintf(cells[i], sizeof cells[i], "%lld", (long long)numbers[i]);
            row[i] = weir_sv_cstr(cells[i]);
        }
        weir_table_text_row(table, row, out);
        weir_buf_printf(&d->json, "%s{\"partition\":%d,\"begin\":%s,\"end\":%s}", p ? "," : "", p,
                        cells[1], cells[2]);
        d->records += at[1] - at[0];
    }
    weir_table_text_flush(table, out);
    weir_buf_printf(&d->json, "],\"records\":%lld", (long long)d->records);
    return WEIR_OK;
}

static weir_rc describe_all(description *d, weir_buf *partitions, weir_status *st)
{
    static const weir_sv names[] = {{"Partition", 9}, {"Begin", 5}, {"End", 3}, {"Records", 7}};
    static const bool right[] = {true, true, true, true};
    weir_sv name = weir_topic_name(d->topic);
    weir_buf_str(&d->json, "{\"topic\":");
    weir_json_string(&d->json, name);
    weir_buf_printf(&d->json, ",\"partitions\":%d,\"replicas\":%d", weir_topic_partitions(d->topic),
                    weir_topic_replicas(d->topic));
    entry(d, "Topic", WEIR_SV_FMT, WEIR_SV_ARG(name));
    entry(d, "Partitions", "%d", weir_topic_partitions(d->topic));
    entry(d, "Replicas", "%d", weir_topic_replicas(d->topic));
    weir_cluster *cluster = d->c->home.cluster;
    if (cluster) {
        WEIR_TRY(cluster->calls->configs(cluster, name, on_config, d, st));
        weir_buf_printf(&d->json, ",\"settings\":{%s}", weir_buf_cstr(&d->settings));
    }
    describe_retention(d);
    weir_table_text *table = weir_table_text_new(names, right, WEIR_COUNT(names));
    weir_rc rc = describe_partitions(d, table, partitions, st);
    weir_table_text_free(table);
    WEIR_TRY(rc);
    entry(d, "Records", "%lld", (long long)d->records);
    return describe_users(d, st);
}

static weir_rc describe(topic_command *c, weir_sv name, weir_status *st)
{
    description d = {.c = c};
    WEIR_TRY(weir_home_topic(&c->home, name, &d.topic, st));
    d.retention_ms = weir_topic_retention_ms(d.topic);
    weir_buf partitions = {0};
    weir_rc rc = describe_all(&d, &partitions, st);
    weir_buf_str(&d.json, "}\n");
    weir_buf_byte(&d.text, '\n');
    weir_buf_sv(&d.text, weir_buf_view(&partitions));
    rc = rc ? rc : weir_print_text(weir_buf_view(c->json ? &d.json : &d.text), st);
    weir_buf_deinit(&partitions);
    weir_buf_deinit(&d.text);
    weir_buf_deinit(&d.json);
    weir_buf_deinit(&d.settings);
    return rc;
}

/* ---- delete ---- */

/* A query's positions would be taken for those of a topic that is made again. */
static weir_rc check_unused(topic_command *c, weir_sv name, weir_status *st)
{
    weir_stored s;
    weir_rc rc = weir_stored_read(c->home.store, &s, st);
    for (uint32_t i = 0; rc == WEIR_OK && i < s.n; i++) {
        for (uint32_t k = 0; k < s.queries[i].n_nodes && rc == WEIR_OK; k++) {
            const weir_stored_node *n = &s.queries[i].nodes[k];
            if (weir_sv_eq(n->topic, name)) {
                rc = weir_fail(st, WEIR_EBUSY, "topic " WEIR_SV_FMT " is %s by query " WEIR_SV_FMT
                               " of this data directory", WEIR_SV_ARG(name),
                               weir_stored_is_sink(n) ? "written" : "read",
                               WEIR_SV_ARG(s.queries[i].id));
                weir_hint(st, "drop the query first: TERMINATE and DROP in a `weir run`");
            }
        }
    }
    weir_stored_deinit(&s);
    return rc;
}

static weir_rc remove_topic(topic_command *c, weir_sv name, weir_status *st)
{
    weir_topic *topic = NULL;
    WEIR_TRY(weir_home_topic(&c->home, name, &topic, st));
    if (c->home.store) {
        WEIR_TRY(check_unused(c, name, st));
    }
    WEIR_TRY(weir_topics_drop(c->home.topics, name, st));
    return weir_home_commit(&c->home, st);
}

/* ---- the command ---- */

static const struct {
    const char *name;
    bool makes; /* a missing data directory */
    weir_rc (*one)(topic_command *c, weir_sv name, weir_status *st);
    weir_rc (*all)(topic_command *c, weir_status *st);
} verbs[] = {{"list", false, NULL, list},
             {"create", true, create, NULL},
             {"describe", false, describe, NULL},
             {"delete", false, remove_topic, NULL}};

static weir_rc act(topic_command *c, weir_status *st)
{
    const char *names[WEIR_COUNT(verbs)];
    size_t v = 0;
    for (size_t i = 0; i < WEIR_COUNT(verbs); i++) {
        names[i] = verbs[i].name;
    }
    while (v < WEIR_COUNT(verbs) && strcmp(verbs[v].name, c->operands.items[0]) != 0) {
        v++;
    }
    if (v == WEIR_COUNT(verbs)) {
        const char *near = weir_option_nearest(c->operands.items[0], names, WEIR_COUNT(names));
        weir_fail(st, WEIR_EUSAGE, "list, create, describe or delete, not \"%s\"",
                  c->operands.items[0]);
        return near ? weir_hint(st, "did you mean %s?", near) : st->rc;
    }
    if ((c->operands.n > 1) == (verbs[v].all != NULL)) {
        return weir_fail(st, WEIR_EUSAGE, verbs[v].all ? "%s takes no name" : "%s wants the name of a "
                         "topic", verbs[v].name);
    }
    if (c->format && strcmp(c->format, "json") != 0 && strcmp(c->format, "table") != 0) {
        return weir_fail(st, WEIR_EUSAGE, "--format is table or json, not \"%s\"", c->format);
    }
    c->json = c->format && strcmp(c->format, "json") == 0;
    WEIR_TRY(weir_home_open(&c->home, verbs[v].makes, st));
    if (verbs[v].all) {
        return verbs[v].all(c, st);
    }
    for (size_t i = 1; i < c->operands.n; i++) {
        WEIR_TRY(verbs[v].one(c, weir_sv_cstr(c->operands.items[i]), st));
    }
    return WEIR_OK;
}

static int run(const weir_command *self, int argc, char **argv)
{
    topic_command c = {0};
    const weir_option_row rows[] = {
        WEIR_HOME_OPTIONS(c.home),
        {"--partitions", WEIR_OPT_COUNT, &c.partitions, 1, WEIR_PARTITIONS_MAX},
        {"--replicas", WEIR_OPT_COUNT, &c.replicas, 1, INT16_MAX},
        {"--retention", WEIR_OPT_TEXT, &c.retention, 0, 0},
        {"--retention-ms", WEIR_OPT_TEXT, &c.retention, 0, 0},
        {"--config", WEIR_OPT_LIST, &c.configs, 0, 0},
        {"--if-not-exists", WEIR_OPT_FLAG, &c.if_not_exists, 0, 0},
        {"--format", WEIR_OPT_TEXT, &c.format, 0, 0},
    };
    int status = WEIR_EXIT_USAGE;
    bool usable = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &c.operands);
    if (usable && c.operands.n == 0) {
        fprintf(stderr, "weir topic: list, create, describe or delete? `weir topic --help` shows how\n");
    } else if (usable) {
        weir_status st;
        weir_status_reset(&st);
        weir_rc rc = act(&c, &st);
        status = weir_home_status(&c.home, self, rc, &st);
    }
    weir_home_close(&c.home);
    weir_option_list_deinit(&c.operands);
    weir_option_list_deinit(&c.configs);
    return status;
}

const weir_command weir_cmd_topic = {
    .name = "topic",
    .line = "list, create, describe and delete topics",
    .help =
        "usage: weir topic list|create NAME…|describe NAME…|delete NAME… [options]\n"
        "\n"
        "Topics of a Kafka cluster or of a data directory.\n"
        "\n"
        "  list        names, partitions and replicas\n"
        "  create      makes topics; one that exists already is an error\n"
        "  describe    settings, retention, per partition the first offset and the one behind the last,\n"
        "              and what queries read and write the topic: those of the data directory, or those\n"
        "              of --sql. Records are counted by offsets: on Kafka transactions and compaction\n"
        "              leave gaps\n"
        "  delete      removes topics with their records; of a data directory only topics that no\n"
        "              query of it reads or writes\n"
        "\n"
        "  --partitions N        of a new topic (1; on Kafka: its default)\n"
        "  --replicas N          of a new topic on Kafka (its default)\n"
        "  --retention TIME      how long records are kept: 7d, 12h, 30m, 90s, or a number of ms; also\n"
        "                        --retention-ms\n"
        "  --config NAME=VALUE   any setting of a Kafka topic, as cleanup.policy=compact; repeatable\n"
        "  --if-not-exists       create is content with a topic that is there\n"
        "  --format json         one JSON object a line instead of a table\n"
        "  --sql FILE|DIR        describe names the queries of these statements\n"
        "\n" WEIR_HOME_HELP
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 4 cannot connect.\n"
        "\n"
        "Examples:\n"
        "  weir topic list --bootstrap-servers localhost:9092\n"
        "  weir topic create orders --partitions 4 --retention 7d --bootstrap-servers localhost:9092\n"
        "  weir topic create users --config cleanup.policy=compact --properties kafka.properties\n"
        "  weir topic describe orders --data-dir shop\n",
    .run = run,
};
