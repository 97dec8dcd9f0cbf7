/* `weir consume`: the records of a topic as lines.
 *
 * A cursor per partition. What was there at the start is merged by timestamp, so that the output does
 * not depend on which partition answers first: the next record is taken only when every cursor that
 * has not passed its end has one. What comes later (--follow) is taken as it comes. */
#include "engine/base/limits.h"
#include "engine/data/datetime.h"
#include "tools/topic_home.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_MS_LEAST 1
#define WAIT_MS_MOST 40
#define TIME_DIGITS 12 /* a number of so many is a time in ms */
#define RECORDS_PER_LOOK 4096 /* between looks at signals and at Kafka */
#define OUT_BYTES ((size_t)1 << 20)

typedef struct cursor {
    int32_t partition;
    int64_t next, end; /* end: of what was there at the start */
    weir_chunk *chunk; /* the next record is chunk->recs[at]; NULL: not there yet */
    uint32_t at;
} cursor;

typedef struct consumer {
    weir_home home;
    weir_option_list operands;
    const char *from, *partition, *count;
    bool follow, base64;
    weir_topic *topic;
    weir_lines *lines;
    cursor *cursors;
    int32_t n;
    uint64_t left, printed;
    weir_buf out;
    bool closed; /* nobody reads standard output any more */
} consumer;

/* ---- where to begin ---- */

typedef enum from_kind { FROM_BEGINNING, FROM_END, FROM_OFFSET, FROM_TIME } from_kind;

static bool digits_only(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return n > 0 && n < 19 && !text[n];
}

static weir_rc read_from(const consumer *c, from_kind *kind, int64_t *at, weir_status *st)
{
    const char *text = c->from ? c->from : "beginning";
    bool mark = *text == '@';
    if (strcmp(text, "beginning") == 0 || strcmp(text, "end") == 0) {
        *kind = *text == 'b' ? FROM_BEGINNING : FROM_END;
        return WEIR_OK;
    }
    if (digits_only(text + mark)) {
        *at = strtoll(text + mark, NULL, 10);
        *kind = mark || strlen(text) >= TIME_DIGITS ? FROM_TIME : FROM_OFFSET;
        return WEIR_OK;
    }
    if (text[0] == '-' && digits_only(text + 1)) {
        *at = strtoll(text, NULL, 10);
        *kind = FROM_OFFSET;
        return WEIR_OK;
    }
    *kind = FROM_TIME;
    if (!mark && weir_timestamp_parse(weir_sv_cstr(text), at, NULL) == WEIR_OK) {
        return WEIR_OK;
    }
    return weir_fail(st, WEIR_EUSAGE, "--from wants beginning, end, an offset or a time like "
                                      "2026-01-26T10:01:10, not \"%s\"", text);
}

static weir_rc begin(consumer *c, cursor *at, from_kind kind, int64_t number, weir_status *st)
{
    int64_t first = 0;
    WEIR_TRY(weir_topic_bounds(c->topic, at->partition, &first, &at->end, st));
    at->next = kind == FROM_END      ? at->end
               : kind != FROM_OFFSET ? first
               : number < 0          ? weir_max64(first, at->end + number)
                                     : weir_max64(first, number);
    if (kind == FROM_TIME) {
        WEIR_TRY(weir_topic_at_time(c->topic, at->partition, number, &at->next, st));
    }
    if (at->next > at->end) {
        return weir_fail(st, WEIR_EUSAGE, "--from %s: partition %d ends at offset %lld", c->from,
                         at->partition, (long long)at->end);
    }
    return WEIR_OK;
}

static weir_rc read_number(const char *option, const char *text, uint64_t least, uint64_t *out,
                           weir_status *st)
{
    *out = digits_only(text) ? strtoull(text, NULL, 10) : 0;
    return digits_only(text) && *out >= least
               ? WEIR_OK
               : weir_fail(st, WEIR_EUSAGE, "%s wants a number, not \"%s\"", option, text);
}

static weir_rc open_topic(consumer *c, weir_status *st)
{
    weir_sv name = weir_sv_cstr(c->operands.items[0]);
    uint64_t only = UINT64_MAX;
    from_kind kind = FROM_BEGINNING;
    int64_t number = 0;
    c->left = UINT64_MAX;
    WEIR_TRY(read_from(c, &kind, &number, st));
    WEIR_TRY(c->count ? read_number("--count", c->count, 1, &c->left, st) : WEIR_OK);
    WEIR_TRY(c->partition ? read_number("--partition", c->partition, 0, &only, st) : WEIR_OK);
    WEIR_TRY(weir_home_open(&c->home, false, st));
    if (c->follow && !c->home.cluster) {
        return weir_fail(st, WEIR_EUSAGE, "--follow needs a Kafka cluster: while this process holds a "
                                          "data directory nobody can write there");
    }
    WEIR_TRY(weir_home_topic(&c->home, name, &c->topic, st));
    int32_t n = weir_topic_partitions(c->topic);
    if (c->partition && only >= (uint64_t)n) {
        return weir_fail(st, WEIR_EUSAGE, "--partition %s: topic " WEIR_SV_FMT " has %d", c->partition,
                         WEIR_SV_ARG(name), n);
    }
    WEIR_TRY(weir_home_lines(&c->home, name, c->base64, &c->lines, st));
    c->cursors = weir_zalloc(sizeof *c->cursors * (size_t)n);
    for (int32_t p = 0; p < n; p++) {
        if (!c->partition || only == (uint64_t)p) {
            c->cursors[c->n].partition = p;
            WEIR_TRY(begin(c, &c->cursors[c->n++], kind, number, st));
        }
    }
    return WEIR_OK;
}

/* ---- reading ---- */

static weir_rc fill(consumer *c, cursor *at, weir_status *st)
{
    while (!at->chunk && (c->follow || at->next < at->end)) {
        int64_t readable = weir_topic_readable(c->topic, at->partition, at->next);
        if (readable <= at->next) {
            return WEIR_OK;
        }
        WEIR_TRY(weir_topic_read(c->topic, at->partition, at->next, &at->chunk, st));
        if (!at->chunk) { /* no records, but markers of transactions */
            at->next = readable;
            continue;
        }
        at->at = weir_chunk_seek(at->chunk, at->next);
        at->next = weir_chunk_offset(at->chunk, at->at);
    }
    return WEIR_OK;
}

/* The cursor whose record is next; NULL: it has to be waited for, or (*done) there will be none. */
static weir_rc choose(consumer *c, cursor **next, bool *done, weir_status *st)
{
    bool waits = false;
    *next = NULL;
    *done = !c->follow;
    for (int32_t i = 0; i < c->n; i++) {
        cursor *at = &c->cursors[i];
        WEIR_TRY(fill(c, at, st));
        bool there = at->next < at->end; /* or was, before compaction */
        waits |= there && !at->chunk;
        *done &= !there;
        if (!at->chunk || (!c->follow && !there)) {
            continue;
        }
        if (!*next || at->chunk->recs[at->at].timestamp < (*next)->chunk->recs[(*next)->at].timestamp) {
            *next = at;
        }
    }
    if (waits) {
        *next = NULL;
    }
    return WEIR_OK;
}

static void print_record(consumer *c, cursor *at)
{
    weir_lines_print(c->lines, &c->out, at->chunk, &at->chunk->recs[at->at], at->partition);
    c->out.n--; /* inside of the object */
    weir_buf_printf(&c->out, ",\"offset\":%lld}\n", (long long)at->next);
    c->printed++;
    c->left--;
    if (++at->at == at->chunk->n) {
        at->next = weir_chunk_end(at->chunk);
        weir_chunk_unref(at->chunk);
        at->chunk = NULL;
    } else {
        at->next = weir_chunk_offset(at->chunk, at->at);
    }
}

/* A closed pipe is a quiet end. */
static weir_rc flush(consumer *c, weir_status *st)
{
    const char *p = c->out.p;
    size_t left = c->out.n;
    while (left > 0 && !c->closed) {
        ssize_t n = write(STDOUT_FILENO, p, left);
        if (n < 0 && errno == EPIPE) {
            c->closed = true;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};
            (void)poll(&room, 1, WAIT_MS_MOST);
        } else if (n < 0 && errno != EINTR) {
            return weir_fail(st, WEIR_EIO, "cannot write standard output: %s", strerror(errno));
        }
        p += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
        if (left > 0 && weir_home_stopped(&c->home)) {
            break;
        }
    }
    weir_buf_reset(&c->out);
    return WEIR_OK;
}

/* Tells the topic where this reader is, and takes in what has arrived. */
static weir_rc look(consumer *c, weir_status *st)
{
    for (int32_t i = 0; i < c->n; i++) {
        const cursor *at = &c->cursors[i];
        bool reads = c->follow || at->next < at->end;
        weir_topic_keep(c->topic, at->partition, c, reads ? at->next : INT64_MAX);
    }
    weir_topics_readers_told(c->home.topics);
    return weir_topics_poll(c->home.topics, st);
}

/* Sleeps; sees when nobody reads standard output any more. */
static void wait_for_more(consumer *c, int *ms)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = 0};
    if (poll(&out, 1, *ms) > 0) {
        c->closed |= (out.revents & POLLERR) != 0;
        weir_sleep_ms((uint32_t)*ms); /* another state would make this a busy loop */
    }
    *ms = *ms * 2 > WAIT_MS_MOST ? WAIT_MS_MOST : *ms * 2;
}

static weir_rc read_all(consumer *c, weir_status *st)
{
    int wait_ms = WAIT_MS_LEAST;
    bool done = false;
    while (!done && c->left > 0 && !c->closed && !weir_home_stopped(&c->home)) {
        cursor *next = NULL;
        WEIR_TRY(look(c, st));
        for (uint32_t i = 0; i < RECORDS_PER_LOOK && c->left > 0 && c->out.n < OUT_BYTES; i++) {
            WEIR_TRY(choose(c, &next, &done, st));
            if (!next) {
                break;
            }
            print_record(c, next);
            wait_ms = WAIT_MS_LEAST;
        }
        WEIR_TRY(flush(c, st));
        if (!next && !done) {
            wait_for_more(c, &wait_ms);
        }
    }
    return WEIR_OK;
}

static void deinit(consumer *c)
{
    for (int32_t i = 0; i < c->n; i++) {
        weir_chunk_unref(c->cursors[i].chunk);
    }
    weir_free(c->cursors);
    weir_lines_free(c->lines);
    weir_buf_deinit(&c->out);
    weir_home_close(&c->home);
    weir_option_list_deinit(&c->operands);
}

static int run(const weir_command *self, int argc, char **argv)
{
    consumer c = {0};
    const weir_option_row rows[] = {
        WEIR_HOME_OPTIONS(c.home),
        {"--from", WEIR_OPT_TEXT, &c.from, 0, 0},
        {"--partition", WEIR_OPT_TEXT, &c.partition, 0, 0},
        {"--count", WEIR_OPT_TEXT, &c.count, 0, 0},
        {"--follow", WEIR_OPT_FLAG, &c.follow, 0, 0},
        {"--base64", WEIR_OPT_FLAG, &c.base64, 0, 0},
    };
    int status = WEIR_EXIT_USAGE;
    bool usable = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &c.operands);
    if (usable && c.operands.n != 1) {
        fprintf(stderr, "weir consume: wants one topic; `weir consume --help` shows how\n");
    } else if (usable) {
        weir_status st;
        weir_status_reset(&st);
        weir_rc rc = open_topic(&c, &st);
        rc = rc ? rc : read_all(&c, &st);
        status = weir_home_status(&c.home, self, rc, &st);
        if (rc == WEIR_OK && c.printed == 0 && !c.closed && !weir_home_stopped(&c.home)) {
            fprintf(stderr, "weir consume: no records\n");
            status = WEIR_EXIT_NO_DATA;
        }
    }
    deinit(&c);
    return status;
}

const weir_command weir_cmd_consume = {
    .name = "consume",
    .line = "print the records of a topic as lines of JSON",
    .help =
        "usage: weir consume TOPIC [options]\n"
        "\n"
        "Prints the records that a topic has when the command starts, oldest first, one JSON object a\n"
        "line, in the form that `weir produce` and `weir run --input` read:\n"
        "  {\"key\":\"ann\",\"value\":{\"TOTAL\":12.50},\"timestamp\":1769421670000,\"partition\":0,\"offset\":7}\n"
        "\n"
        "Without --sql a key is taken as text and a value as JSON; a value that is no JSON is printed as\n"
        "text, as \"raw\" instead of \"value\". Bytes that are no text are shown as U+FFFD: --base64 keeps\n"
        "them. Only committed records are read.\n"
        "\n"
        "  --from WHERE          beginning (if not given), end, an offset (-10: ten before the end of each\n"
        "                        partition), or a time: 2026-01-26T10:01:10, with a zone or UTC;\n"
        "                        1769421670000 or @MS in ms since 1970\n"
        "  --partition N         only this one\n"
        "  --count N             end after so many records\n"
        "  --follow              wait for more, until Ctrl-C or --count; needs Kafka\n"
        "  --base64              keys, values and the values of headers as base64\n"
        "  --sql FILE|DIR        the statement that declares the topic says how keys and values are\n"
        "                        written (KEY_FORMAT, VALUE_FORMAT); nothing is executed\n"
        "\n" WEIR_HOME_HELP
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no records, 4 cannot connect, 130 ended by\n"
        "Ctrl-C (SIGTERM: 0).\n"
        "\n"
        "Examples:\n"
        "  weir consume orders --bootstrap-servers localhost:9092 --from -5\n"
        "  weir consume orders --follow --from end --properties kafka.properties\n"
        "  weir consume REVENUE --data-dir shop --sql revenue.sql\n",
    .run = run,
};
