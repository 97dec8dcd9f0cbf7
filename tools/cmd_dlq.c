/* `weir dlq`: dead letters. What connectors could not deliver lies in a topic, with its cause in headers
 * (connectors/conn_dead.c); here it is counted, shown, and sent back to where it came from. */
#include "tools/topic_home.h"

#include "engine/base/hash.h"
#include "engine/run/hmap.h"

#include <stdio.h>
#include <stdlib.h>

#define PREFIX "__connect.errors."
#define WAIT_MS 20

/* What the headers of a dead letter say. */
typedef struct cause {
    weir_sv topic, partition, offset, connector, stage, reason;
    bool is_letter;
} cause;

#define GROUPS_MAX 1000 /* causes of one topic that are told apart */

/* Dead letters of one cause, counted. */
typedef struct group {
    weir_sv connector, topic, reason; /* in the arena */
    uint64_t n;
} group;

typedef struct dlq {
    weir_home home;
    weir_option_list operands;
    const char *to, *count, *connector;
    bool dry_run;
    uint64_t left, done;
    weir_topic *topic;
    weir_lines *lines;
    weir_arena a;
    group *groups;       /* in the order they were met */
    uint32_t n_groups, cap_groups;
    weir_hmap *by_cause; /* connector, topic, reason → index of the group + 1 */
    uint64_t others;     /* beyond GROUPS_MAX */
    weir_buf out;
    weir_status *st;
} dlq;

static cause cause_of(const weir_chunk *c, const weir_rec *r)
{
    static const char *const names[] = {"topic", "partition", "offset", "connector.name", "stage",
                                        "exception.message"};
    cause k = {0};
    weir_sv *fields[] = {&k.topic, &k.partition, &k.offset, &k.connector, &k.stage, &k.reason};
    weir_reader in = weir_reader_of(weir_sv_of(c->bytes + r->headers_at, r->headers_n));
    weir_header h;
    while (weir_headers_next(&in, &h)) {
        if (h.null || !weir_sv_starts(h.name, WEIR_SV(PREFIX))) {
            continue;
        }
        weir_sv rest = weir_sv_of(h.name.p + sizeof PREFIX - 1, h.name.n - (sizeof PREFIX - 1));
        for (size_t i = 0; i < WEIR_COUNT(names); i++) {
            if (weir_sv_eq(rest, weir_sv_cstr(names[i]))) {
                *fields[i] = h.value;
                k.is_letter = true;
            }
        }
    }
    return k;
}

/* ---- reading ---- */

typedef weir_rc (*visit)(dlq *d, const weir_chunk *c, uint32_t i, int32_t partition, const cause *k);

static weir_rc read_chunk(dlq *d, const weir_chunk *c, uint32_t first, int64_t end, int32_t partition,
                          visit each)
{
    for (uint32_t i = first; i < c->n && weir_chunk_offset(c, i) < end && d->left > 0; i++) {
        cause k = cause_of(c, &c->recs[i]);
        bool wanted = !d->connector || weir_sv_eq(weir_sv_cstr(d->connector), k.connector);
        if (wanted) {
            WEIR_TRY(each(d, c, i, partition, &k));
        }
    }
    return WEIR_OK;
}

/* A cluster has to bring the records first. */
static weir_rc wait_for(dlq *d, weir_topic *t, int32_t partition, int64_t at)
{
    weir_topic_keep(t, partition, d, at);
    weir_topics_readers_told(d->home.topics);
    WEIR_TRY(weir_topics_poll(d->home.topics, d->st));
    if (weir_topic_readable(t, partition, at) <= at) {
        weir_sleep_ms(WAIT_MS);
    }
    return WEIR_OK;
}

static weir_rc read_partition(dlq *d, weir_topic *t, int32_t partition, visit each)
{
    int64_t at = 0;
    int64_t end = 0;
    WEIR_TRY(weir_topic_bounds(t, partition, &at, &end, d->st));
    while (at < end && d->left > 0 && !weir_home_stopped(&d->home)) {
        if (weir_topic_readable(t, partition, at) <= at) {
            WEIR_TRY(wait_for(d, t, partition, at));
            continue;
        }
        weir_chunk *c = NULL;
        WEIR_TRY(weir_topic_read(t, partition, at, &c, d->st));
        if (!c) {
            at = weir_topic_readable(t, partition, at);
            continue;
        }
        weir_rc rc = read_chunk(d, c, weir_chunk_seek(c, at), end, partition, each);
        at = weir_chunk_end(c);
        weir_chunk_unref(c);
        WEIR_TRY(rc);
    }
    weir_topic_keep(t, partition, d, INT64_MAX);
    return WEIR_OK;
}

static weir_rc read_topic(dlq *d, weir_topic *t, visit each)
{
    for (int32_t p = 0; p < weir_topic_partitions(t); p++) {
        WEIR_TRY(read_partition(d, t, p, each));
    }
    return WEIR_OK;
}

/* ---- list ---- */

static weir_rc count_one(dlq *d, const weir_chunk *c, uint32_t i, int32_t partition, const cause *k)
{
    (void)c;
    (void)i;
    (void)partition;
    if (!k->is_letter) {
        return WEIR_OK;
    }
    weir_buf key = {0};
    bool added = false;
    weir_buf_printf(&key, WEIR_SV_FMT "%c" WEIR_SV_FMT "%c" WEIR_SV_FMT, WEIR_SV_ARG(k->connector), 0,
                    WEIR_SV_ARG(k->topic), 0, WEIR_SV_ARG(k->reason));
    uint32_t *at = d->n_groups < GROUPS_MAX ? weir_hmap_insert(d->by_cause, weir_buf_view(&key), &added)
                                            : weir_hmap_find(d->by_cause, weir_buf_view(&key));
    weir_buf_deinit(&key);
    d->done++;
    if (!at) {
        d->others++;
        return WEIR_OK;
    }
    if (added) {
        group fresh = {weir_arena_sv(&d->a, k->connector), weir_arena_sv(&d->a, k->topic),
                       weir_arena_sv(&d->a, k->reason), 0};
        WEIR_PUSH(&d->a, d->groups, d->n_groups, d->cap_groups, fresh);
        *at = d->n_groups;
    }
    d->groups[*at - 1].n++;
    return WEIR_OK;
}

static void print_groups(dlq *d, weir_topic *t)
{
    for (uint32_t i = 0; i < d->n_groups; i++) {
        const group *g = &d->groups[i];
        weir_buf_printf(&d->out, WEIR_SV_FMT ": %llu record%s of " WEIR_SV_FMT " by connector " WEIR_SV_FMT
                        ": " WEIR_SV_FMT "\n", WEIR_SV_ARG(weir_topic_name(t)), (unsigned long long)g->n,
                        g->n == 1 ? "" : "s", WEIR_SV_ARG(g->topic), WEIR_SV_ARG(g->connector),
                        WEIR_SV_ARG(g->reason));
    }
    if (d->others) {
        weir_buf_printf(&d->out, WEIR_SV_FMT ": %llu more, of other causes\n",
                        WEIR_SV_ARG(weir_topic_name(t)), (unsigned long long)d->others);
    }
    d->groups = NULL;
    d->n_groups = d->cap_groups = 0;
    d->others = 0;
    weir_hmap_clear(d->by_cause, NULL, NULL);
}

static weir_rc list(dlq *d)
{
    d->by_cause = weir_hmap_new(sizeof(uint32_t));
    weir_hmap_track(d->by_cause, false);
    if (d->operands.n == 2) {
        WEIR_TRY(read_topic(d, d->topic, count_one));
        print_groups(d, d->topic);
        return WEIR_OK;
    }
    for (uint32_t i = 0; i < weir_topics_count(d->home.topics); i++) {
        weir_topic *t = weir_topics_at(d->home.topics, i);
        WEIR_TRY(read_topic(d, t, count_one));
        print_groups(d, t);
    }
    return WEIR_OK;
}

/* ---- show ---- */

static weir_rc show_one(dlq *d, const weir_chunk *c, uint32_t i, int32_t partition, const cause *k)
{
    weir_buf_printf(&d->out, "-- partition %d, offset %lld: from " WEIR_SV_FMT ", partition " WEIR_SV_FMT
                    ", offset " WEIR_SV_FMT ", connector " WEIR_SV_FMT " (" WEIR_SV_FMT ")\n-- " WEIR_SV_FMT
                    "\n", partition, (long long)weir_chunk_offset(c, i), WEIR_SV_ARG(k->topic),
                    WEIR_SV_ARG(k->partition), WEIR_SV_ARG(k->offset), WEIR_SV_ARG(k->connector),
                    WEIR_SV_ARG(k->stage), WEIR_SV_ARG(k->reason));
    weir_lines_print(d->lines, &d->out, c, &c->recs[i], partition);
    weir_buf_byte(&d->out, '\n');
    d->done++;
    d->left--;
    return WEIR_OK;
}

/* ---- replay ---- */

/* The headers that the record had before. */
static void own_headers(weir_buf *out, const weir_chunk *c, const weir_rec *r)
{
    weir_reader in = weir_reader_of(weir_sv_of(c->bytes + r->headers_at, r->headers_n));
    weir_header h;
    while (weir_headers_next(&in, &h)) {
        if (!weir_sv_starts(h.name, WEIR_SV(PREFIX))) {
            weir_headers_add(out, h.name, h.value, h.null);
        }
    }
}

static weir_rc replay_one(dlq *d, const weir_chunk *c, uint32_t i, int32_t partition, const cause *k)
{
    weir_topic *to = NULL;
    (void)partition;
    weir_sv name = d->to ? weir_sv_cstr(d->to) : k->topic;
    if (name.n == 0) {
        return weir_fail(d->st, WEIR_EDATA, "a record does not say which topic it is from; --to names one");
    }
    WEIR_TRY(weir_home_topic(&d->home, name, &to, d->st));
    d->done++;
    d->left--;
    if (d->dry_run) {
        return WEIR_OK;
    }
    const weir_rec *r = &c->recs[i];
    weir_sv key = {c->bytes + r->key_at, r->key_n};
    weir_sv value = {c->bytes + r->value_at, r->value_n};
    bool keyed = r->key_n != WEIR_NULL_BYTES;
    weir_buf headers = {0};
    weir_chunk_builder b;
    own_headers(&headers, c, r);
    weir_chunk_builder_init(&b);
    weir_chunk_builder_add(&b, key, value, weir_buf_view(&headers), r->timestamp, 0);
    int32_t n = weir_topic_partitions(to);
    weir_topic_append(to, keyed ? (int32_t)weir_partition_of(key, (uint32_t)n) : -1,
                      weir_chunk_builder_take(&b));
    weir_chunk_builder_deinit(&b);
    weir_buf_deinit(&headers);
    return WEIR_OK;
}

/* ---- the command ---- */

static weir_rc open_topic(dlq *d)
{
    d->left = UINT64_MAX;
    if (d->count) {
        char *end = NULL;
        d->left = strtoull(d->count, &end, 10);
        if (*end || d->left == 0) {
            return weir_fail(d->st, WEIR_EUSAGE, "--count wants a number, not \"%s\"", d->count);
        }
    }
    WEIR_TRY(weir_home_open(&d->home, false, d->st));
    if (d->operands.n == 2) {
        WEIR_TRY(weir_home_topic(&d->home, weir_sv_cstr(d->operands.items[1]), &d->topic, d->st));
    }
    return WEIR_OK;
}

static weir_rc act(dlq *d, const char *what)
{
    bool shows = strcmp(what, "show") == 0;
    bool replays = strcmp(what, "replay") == 0;
    if (!shows && !replays && strcmp(what, "list") != 0) {
        return weir_fail(d->st, WEIR_EUSAGE, "list, show or replay, not \"%s\"", what);
    }
    if (d->operands.n > 2 || ((shows || replays) && d->operands.n != 2)) {
        return weir_fail(d->st, WEIR_EUSAGE, "%s wants one topic", what);
    }
    WEIR_TRY(open_topic(d));
    if (shows) {
        WEIR_TRY(weir_home_lines(&d->home, (weir_sv){0}, false, &d->lines, d->st));
        return read_topic(d, d->topic, show_one);
    }
    if (!replays) {
        return list(d);
    }
    WEIR_TRY(read_topic(d, d->topic, replay_one));
    WEIR_TRY(d->dry_run ? WEIR_OK : weir_home_commit(&d->home, d->st));
    fprintf(stderr, "weir dlq: %llu record%s %s\n", (unsigned long long)d->done, d->done == 1 ? "" : "s",
            d->dry_run ? "would be sent back" : "sent back");
    return WEIR_OK;
}

static int run(const weir_command *self, int argc, char **argv)
{
    dlq d = {0};
    const weir_option_row rows[] = {
        WEIR_HOME_OPTIONS(d.home),
        {"--to", WEIR_OPT_TEXT, &d.to, 0, 0},
        {"--count", WEIR_OPT_TEXT, &d.count, 0, 0},
        {"--connector", WEIR_OPT_TEXT, &d.connector, 0, 0},
        {"--dry-run", WEIR_OPT_FLAG, &d.dry_run, 0, 0},
    };
    int status = WEIR_EXIT_USAGE;
    weir_arena_init(&d.a);
    bool usable = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &d.operands);
    if (usable && d.operands.n == 0) {
        fprintf(stderr, "weir dlq: list, show or replay? `weir dlq --help` shows how\n");
    } else if (usable) {
        weir_status st;
        weir_status_reset(&st);
        d.st = &st;
        weir_rc rc = act(&d, d.operands.items[0]);
        rc = rc ? rc : weir_print_text(weir_buf_view(&d.out), &st);
        status = weir_home_status(&d.home, self, rc, &st);
        if (rc == WEIR_OK && d.done == 0) {
            fprintf(stderr, "weir dlq: no dead letters\n");
            status = WEIR_EXIT_NO_DATA;
        }
    }
    weir_hmap_free(d.by_cause, NULL, NULL);
    weir_lines_free(d.lines);
    weir_buf_deinit(&d.out);
    weir_arena_deinit(&d.a);
    weir_home_close(&d.home);
    weir_option_list_deinit(&d.operands);
    return status;
}

const weir_command weir_cmd_dlq = {
    .name = "dlq",
    .line = "list, show and send back what connectors could not deliver",
    .help =
        "usage: weir dlq list [TOPIC] [options]\n"
        "       weir dlq show TOPIC [options]\n"
        "       weir dlq replay TOPIC [--to TOPIC] [options]\n"
        "\n"
        "Dead letters are the records that a sink gave up, in the topic of its option\n"
        "errors.deadletterqueue.topic.name, with the cause in headers.\n"
        "\n"
        "  list      how many there are of each cause; without TOPIC in all topics\n"
        "  show      each with where it came from, why, and the record as a line of JSON\n"
        "  replay    writes them into the topic they came from, without the headers of the cause. They\n"
        "            stay in the dead-letter topic: a second replay sends them again\n"
        "\n"
        "  --to TOPIC            replay: into this topic instead\n"
        "  --count N             at most so many\n"
        "  --connector NAME      only those of this connector\n"
        "  --dry-run             replay: only count\n"
        "\n" WEIR_HOME_HELP
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no dead letters, 4 cannot connect.\n"
        "\n"
        "Examples:\n"
        "  weir dlq list --data-dir shop\n"
        "  weir dlq show alerts-dlq --bootstrap-servers localhost:9092 --count 5\n"
        "  weir dlq replay alerts-dlq --bootstrap-servers localhost:9092\n",
    .run = run,
};
