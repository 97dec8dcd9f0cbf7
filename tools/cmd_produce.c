/* `weir produce`: lines become records of a topic. */
#include "engine/base/hash.h"
#include "engine/base/limits.h"
#include "tools/split.h"
#include "tools/topic_home.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_BYTES ((size_t)1 << 17)
#define POLL_MS 100                       /* how long a signal may wait */
#define APPEND_BYTES ((size_t)4 << 20)    /* in one chunk */
#define UNSAVED_BYTES ((size_t)32 << 20)  /* a data directory: committed in between above this, … */
#define COMMIT_NS 1000000000LL            /* … and each second */

typedef struct producer {
    weir_home home;
    weir_option_list operands;
    const char *file, *partition;
    bool base64, by_key;
    int32_t fixed; /* --partition; -1: as the line says */
    int fd;
    weir_topic *topic;
    weir_lines *lines;
    weir_chunk_builder *builders; /* per partition, and one for "any" */
    weir_splitter in;
    uint64_t line_no, records;
    size_t bytes, unsaved;
    int64_t saved_ns;
} producer;

static weir_rc read_options(producer *p, weir_status *st)
{
    if (p->operands.n == 0 || p->operands.n > 2) {
        return weir_fail(st, WEIR_EUSAGE, "wants a topic, and at most one file");
    }
    p->file = p->operands.n == 2 ? p->operands.items[1] : "-";
    p->fixed = -1;
    p->by_key = p->partition && strcmp(p->partition, "key") == 0;
    if (p->partition && !p->by_key) {
        char *end = NULL;
        long n = strtol(p->partition, &end, 10);
        if (end == p->partition || *end || n < 0 || n >= WEIR_PARTITIONS_MAX) {
            return weir_fail(st, WEIR_EUSAGE, "--partition wants a number or `key`, not \"%s\"",
                             p->partition);
        }
        p->fixed = (int32_t)n;
    }
    return WEIR_OK;
}

static weir_rc open_file(producer *p, weir_status *st)
{
    struct stat s;
    p->fd = strcmp(p->file, "-") == 0 ? STDIN_FILENO : open(p->file, O_RDONLY);
    if (p->fd < 0 || fstat(p->fd, &s) != 0) {
        return weir_fail(st, WEIR_EIO, "cannot open %s: %s", p->file, strerror(errno));
    }
    return S_ISDIR(s.st_mode)
               ? weir_fail(st, WEIR_EIO, "cannot read %s: it is a directory", p->file)
               : WEIR_OK;
}

static weir_rc open_topic(producer *p, weir_status *st)
{
    weir_sv name = weir_sv_cstr(p->operands.items[0]);
    WEIR_TRY(weir_home_topic(&p->home, name, &p->topic, st));
    int32_t n = weir_topic_partitions(p->topic);
    if (p->fixed >= n) {
        return weir_fail(st, WEIR_EUSAGE, "--partition %d: topic " WEIR_SV_FMT " has %d", p->fixed,
                         WEIR_SV_ARG(name), n);
    }
    p->builders = weir_zalloc(sizeof *p->builders * ((size_t)n + 1));
    for (int32_t i = 0; i <= n; i++) {
        weir_chunk_builder_init(&p->builders[i]);
    }
    return weir_home_lines(&p->home, name, p->base64, &p->lines, st);
}

/* ---- records ---- */

/* n: any. */
static weir_rc partition_of(const producer *p, const weir_line_record *r, int32_t *out,
                            weir_status *st)
{
    int32_t n = weir_topic_partitions(p->topic);
    *out = p->fixed;
    if (p->fixed >= 0) {
        return WEIR_OK;
    }
    if (r->partition >= 0 && !p->by_key) {
        *out = r->partition;
        if (r->partition < n) {
            return WEIR_OK;
        }
        weir_fail(st, WEIR_EDATA, "%s:%llu: partition %d of topic " WEIR_SV_FMT ", which has %d",
                  p->file, (unsigned long long)p->line_no, r->partition,
                  WEIR_SV_ARG(weir_topic_name(p->topic)), n);
        return weir_hint(st, "--partition key leaves the choice to the key");
    }
    bool any = r->key.n == WEIR_NULL_BYTES;
    int32_t unkeyed = n == 1 || p->home.store ? 0 : n; /* beside the others keeps their order */
    *out = any ? unkeyed : (int32_t)weir_partition_of(r->key, (uint32_t)n);
    return WEIR_OK;
}

static weir_rc take_line(producer *p, weir_sv line, weir_status *st)
{
    p->line_no++;
    line = weir_sv_trim(line);
    if (line.n == 0) {
        return WEIR_OK;
    }
    if (line.n > WEIR_RECORD_BYTES_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "%s:%llu: a record of more than %d bytes "
                                          "(WEIR_RECORD_BYTES_MAX)", p->file,
                         (unsigned long long)p->line_no, WEIR_RECORD_BYTES_MAX);
    }
    weir_line_record r;
    if (weir_lines_parse(p->lines, line, &r, st) != WEIR_OK) {
        return weir_wrap(st, "%s:%llu", p->file, (unsigned long long)p->line_no);
    }
    int32_t partition = 0;
    WEIR_TRY(partition_of(p, &r, &partition, st));
    weir_chunk_builder_add(&p->builders[partition], r.key, r.value, r.headers,
                           r.has_timestamp ? r.timestamp : weir_wall_ms(), 0);
    p->bytes += line.n;
    p->records++;
    return WEIR_OK;
}

/* Gives the topic what was read so far. Kafka is waited for when it has no room. */
static weir_rc hand_over(producer *p, weir_status *st)
{
    int32_t n = weir_topic_partitions(p->topic);
    for (int32_t i = 0; i <= n; i++) {
        weir_chunk *c = weir_chunk_builder_take(&p->builders[i]);
        if (c) {
            weir_topic_append(p->topic, i == n ? -1 : i, c);
        }
    }
    p->unsaved += p->bytes;
    p->bytes = 0;
    WEIR_TRY(weir_topics_send(p->home.topics, st));
    while (weir_topics_full(p->home.topics) && !weir_home_stopped(&p->home)) {
        WEIR_TRY(weir_topics_send(p->home.topics, st));
    }
    bool save = p->home.store && p->unsaved &&
                (p->unsaved > UNSAVED_BYTES || weir_mono_ns() - p->saved_ns > COMMIT_NS);
    if (save) {
        WEIR_TRY(weir_home_commit(&p->home, st));
        p->unsaved = 0;
        p->saved_ns = weir_mono_ns();
    }
    return WEIR_OK;
}

/* ---- the file ---- */

/* Some bytes, or none after POLL_MS. */
static weir_rc read_part(producer *p, bool *ended, weir_status *st)
{
    struct pollfd wait = {.fd = p->fd, .events = POLLIN};
    int got = poll(&wait, 1, POLL_MS);
    if (got == 0 || (got < 0 && errno == EINTR)) {
        return WEIR_OK;
    }
    ssize_t n = got < 0 ? -1 : read(p->fd, weir_splitter_room(&p->in, PART_BYTES), PART_BYTES);
    if (n < 0 && errno != EINTR && errno != EAGAIN) {
        return weir_fail(st, WEIR_EIO, "cannot read %s: %s", p->file, strerror(errno));
    }
    p->in.bytes.n += n > 0 ? (size_t)n : 0;
    *ended = n == 0;
    return WEIR_OK;
}

static weir_rc take_lines(producer *p, bool ended, weir_status *st)
{
    weir_sv line;
    while (weir_splitter_next(&p->in, WEIR_RECORD_BYTES_MAX + 1, ended, &line)) {
        WEIR_TRY(take_line(p, line, st));
        if (p->bytes > APPEND_BYTES) {
            WEIR_TRY(hand_over(p, st));
        }
    }
    return WEIR_OK;
}

static weir_rc read_all(producer *p, weir_status *st)
{
    bool ended = false;
    p->saved_ns = weir_mono_ns();
    while (!ended && !weir_home_stopped(&p->home)) {
        WEIR_TRY(read_part(p, &ended, st));
        WEIR_TRY(take_lines(p, ended, st));
        WEIR_TRY(hand_over(p, st));
    }
    return WEIR_OK;
}

/* What was read before an error or a signal is written, and told. */
static weir_rc produce(producer *p, weir_status *st)
{
    WEIR_TRY(read_options(p, st));
    WEIR_TRY(open_file(p, st));
    WEIR_TRY(weir_home_open(&p->home, false, st));
    WEIR_TRY(open_topic(p, st));
    weir_rc rc = read_all(p, st);
    bool written = rc == WEIR_OK || rc == WEIR_EDATA || rc == WEIR_ELIMIT;
    if (written) {
        weir_status end;
        weir_status *to = rc ? &end : st;
        weir_status_reset(&end);
        weir_rc ended = hand_over(p, to);
        ended = ended ? ended : weir_home_commit(&p->home, to);
        if (rc && ended) {
            *st = end;
            rc = ended;
        }
        rc = rc ? rc : ended;
        written = ended == WEIR_OK;
    }
    bool told = rc != WEIR_OK || weir_home_stopped(&p->home) || isatty(STDERR_FILENO) == 1;
    if (written && told) {
        fprintf(stderr, "weir produce: %llu record%s written\n", (unsigned long long)p->records,
                p->records == 1 ? "" : "s");
    } else if (!written) {
        fprintf(stderr, "weir produce: how many of %llu records are written is not known\n",
                (unsigned long long)p->records);
    }
    return rc;
}

static void deinit(producer *p)
{
    for (int32_t i = 0; p->builders && i <= weir_topic_partitions(p->topic); i++) {
        weir_chunk_builder_deinit(&p->builders[i]);
    }
    weir_free(p->builders);
    weir_lines_free(p->lines);
    weir_splitter_deinit(&p->in);
    weir_home_close(&p->home);
    weir_option_list_deinit(&p->operands);
    if (p->fd > STDERR_FILENO) {
        close(p->fd);
    }
}

static int run(const weir_command *self, int argc, char **argv)
{
    producer p = {.fd = -1};
    const weir_option_row rows[] = {
        WEIR_HOME_OPTIONS(p.home),
        {"--partition", WEIR_OPT_TEXT, &p.partition, 0, 0},
        {"--base64", WEIR_OPT_FLAG, &p.base64, 0, 0},
    };
    int status = WEIR_EXIT_USAGE;
    if (weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &p.operands)) {
        weir_status st;
        weir_status_reset(&st);
        weir_rc rc = produce(&p, &st);
        status = weir_home_status(&p.home, self, rc, &st);
    }
    deinit(&p);
    return status;
}

const weir_command weir_cmd_produce = {
    .name = "produce",
    .line = "write lines of JSON into a topic",
    .help =
        "usage: weir produce TOPIC [FILE|-] [options]\n"
        "\n"
        "Writes one record per line of the file (-, or none: standard input) into a topic that exists.\n"
        "Returns when Kafka has acknowledged all of them, or when they are committed in the data\n"
        "directory. At a line that is no record it ends; those before it are written.\n"
        "\n"
        "  {\"key\":\"ann\",\"value\":{\"TOTAL\":12.50},\"timestamp\":1769421670000,\n"
        "   \"headers\":[[\"trace\",\"17\"]],\"partition\":0}        (on one line)\n"
        "\n"
        "All of it may be missing: no key and no value are null, the time is now, the partition that of\n"
        "the key as Java's clients choose it. Without --sql the value is written as JSON as it stands,\n"
        "the text of a key without quotes; \"raw\" instead of \"value\" is a text that is written as it is.\n"
        "What `weir consume` and `weir run --output` print can be read.\n"
        "\n"
        "  --base64              keys, values and the values of headers are base64, for any bytes\n"
        "  --sql FILE|DIR        the statement that declares the topic says how keys and values are\n"
        "                        written (KEY_FORMAT, VALUE_FORMAT); nothing is executed\n"
        "  --partition N|key     all into this partition; key: as the keys decide, whatever the lines say\n"
        "\n" WEIR_HOME_HELP
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 4 cannot connect, 130 ended by Ctrl-C after what\n"
        "was read is written (SIGTERM: 0).\n"
        "\n"
        "Examples:\n"
        "  echo '{\"key\":\"ann\",\"value\":{\"N\":1}}' | weir produce clicks --bootstrap-servers localhost:9092\n"
        "  weir produce clicks clicks.jsonl --data-dir shop\n"
        "  weir consume clicks --base64 --data-dir shop |\n"
        "      weir produce clicks --base64 --bootstrap-servers localhost:9092\n",
    .run = run,
};
