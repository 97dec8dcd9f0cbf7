/* See run_io.h. The head of each file is parsed and kept, and the smallest head goes next. Records
 * gather in one chunk per topic partition until they are handed over, so that a topic gets large
 * chunks. */
#include "tools/run_feed.h"
#include "tools/run_io.h"
#include "tools/split.h"

#include "engine/base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_BYTES ((size_t)1 << 17)         /* of a file, read at once */
#define BYTES_PER_TAKE ((size_t)64 << 20) /* a chunk must stay far below WEIR_CHUNK_BYTES_MAX */

typedef struct weir_input {
    char *spec, *file;
    weir_sv topic;
    FILE *in;         /* an ordinary file */
    weir_feed *feed;  /* anything else, once it is bound */
    weir_splitter part; /* of `in` */
    weir_buf line;      /* of `feed`: more of it may come while the head waits for other inputs */
    uint64_t line_no, records;
    weir_lines *lines;
    weir_topic *to;
    weir_chunk_builder *builders; /* per partition */
    weir_line_record head;        /* points into `lines` and the line */
    bool has_head, ended, follow;
} weir_input;

struct weir_inputs {
    weir_input *items;
    size_t n, cap;
};

weir_inputs *weir_inputs_new(void)
{
    return weir_zalloc(sizeof(weir_inputs));
}

void weir_inputs_free(weir_inputs *in)
{
    for (size_t i = 0; in && i < in->n; i++) {
        weir_input *f = &in->items[i];
        for (int32_t p = 0; f->builders && p < weir_topic_partitions(f->to); p++) {
            weir_chunk_builder_deinit(&f->builders[p]);
        }
        weir_free(f->builders);
        weir_lines_free(f->lines);
        weir_feed_free(f->feed);
        if (f->in && f->in != stdin) {
            fclose(f->in);
        }
        weir_splitter_deinit(&f->part);
        weir_buf_deinit(&f->line);
        weir_free(f->spec);
    }
    if (in) {
        weir_free(in->items);
        weir_free(in);
    }
}

weir_rc weir_split_spec(const char *option, const char *spec, weir_sv *topic, const char **file,
                        weir_status *st)
{
    const char *eq = strchr(spec, '=');
    if (!eq || eq == spec || !eq[1]) {
        return weir_fail(st, WEIR_EUSAGE, "%s wants TOPIC=FILE, not \"%s\"", option, spec);
    }
    *topic = weir_sv_of(spec, (size_t)(eq - spec));
    *file = eq + 1;
    return WEIR_OK;
}

static weir_rc open_file(weir_inputs *in, weir_input *f, weir_status *st)
{
    bool standard = strcmp(f->file, "-") == 0;
    for (size_t i = 0; standard && i < in->n; i++) {
        if (in->items[i].in == stdin) {
            return weir_fail(st, WEIR_EUSAGE, "standard input can be the file of one --input only");
        }
    }
    f->in = standard ? stdin : fopen(f->file, "r");
    struct stat s;
    if (!f->in || fstat(fileno(f->in), &s) != 0) {
        return weir_fail(st, WEIR_EIO, "cannot open input %s: %s", f->file, strerror(errno));
    }
    if (S_ISDIR(s.st_mode)) {
        return weir_fail(st, WEIR_EIO, "cannot read input %s: it is a directory", f->file);
    }
    f->follow = !S_ISREG(s.st_mode);
    return WEIR_OK;
}

weir_rc weir_inputs_open(weir_inputs *in, const char *spec, weir_status *st)
{
    weir_input f = {.spec = weir_strdup(spec)};
    const char *file = NULL;
    weir_rc rc = weir_split_spec("--input", f.spec, &f.topic, &file, st);
    if (rc == WEIR_OK) {
        f.file = f.spec + (file - f.spec);
        rc = open_file(in, &f, st);
    }
    WEIR_GROW(in->items, in->cap, in->n + 1);
    in->items[in->n++] = f; /* also a failed one: it is freed with the others */
    return rc;
}

const weir_source *weir_source_of_topic(const weir_catalog *c, weir_sv topic)
{
    for (uint32_t i = 0; i < weir_catalog_sources(c); i++) {
        const weir_source *s = weir_catalog_source_at(c, i);
        if (weir_sv_eq(s->topic, topic)) {
            return s;
        }
    }
    return NULL;
}

/* The next line. False: the input is at its end, or has to be waited for (not `ended`). */
static bool next_line(weir_input *f, weir_sv *line, int *error)
{
    *error = 0;
    if (f->feed) {
        weir_feed_state state = weir_feed_next(f->feed, WEIR_RECORD_BYTES_MAX + 1, line, error);
        f->ended = state == WEIR_FEED_END;
        if (state == WEIR_FEED_LINE) {
            weir_buf_reset(&f->line);
            weir_buf_sv(&f->line, *line);
            *line = weir_buf_view(&f->line);
        }
        return state == WEIR_FEED_LINE;
    }
    for (;;) {
        if (weir_splitter_next(&f->part, WEIR_RECORD_BYTES_MAX + 1, feof(f->in), line)) {
            return true;
        }
        if (feof(f->in)) {
            f->ended = true;
            return false;
        }
        errno = 0;
        f->part.bytes.n += fread(weir_splitter_room(&f->part, PART_BYTES), 1, PART_BYTES, f->in);
        if (ferror(f->in)) {
            f->ended = true;
            *error = errno;
            return false;
        }
    }
}

/* Parses the next line that is not empty into the head. */
static weir_rc fill_head(weir_input *f, weir_session *s, weir_status *st)
{
    f->has_head = false;
    weir_sv line;
    int error;
    while (next_line(f, &line, &error)) {
        f->line_no++;
        line = weir_sv_trim(line);
        if (line.n == 0) {
            continue;
        }
        if (line.n > WEIR_RECORD_BYTES_MAX) {
            return weir_fail(st, WEIR_ELIMIT, "%s:%llu: a record of more than %d bytes "
                                              "(WEIR_RECORD_BYTES_MAX)", f->file,
                             (unsigned long long)f->line_no, WEIR_RECORD_BYTES_MAX);
        }
        weir_rc rc = weir_lines_parse(f->lines, line, &f->head, st);
        if (rc != WEIR_OK) {
            weir_wrap(st, "%s:%llu", f->file, (unsigned long long)f->line_no);
            return rc;
        }
        if (!f->head.has_timestamp) {
            f->head.timestamp = weir_session_now(s);
        }
        f->has_head = true;
        return WEIR_OK;
    }
    return error ? weir_fail(st, WEIR_EIO, "%s: %s", f->file, strerror(error)) : WEIR_OK;
}

static void more(void *ctx)
{
    weir_loop_busy(ctx);
}

weir_rc weir_inputs_bind(weir_inputs *in, weir_session *s, weir_loop *loop, weir_status *st)
{
    for (size_t i = 0; i < in->n; i++) {
        weir_input *f = &in->items[i];
        weir_topic_spec spec = {.name = f->topic, .retention_ms = -1};
        WEIR_TRY(weir_session_topic(s, &spec, &f->to, st));
        int32_t partitions = weir_topic_partitions(f->to);
        f->builders = weir_zalloc(sizeof *f->builders * (size_t)partitions);
        for (int32_t p = 0; p < partitions; p++) {
            weir_chunk_builder_init(&f->builders[p]);
        }
        WEIR_TRY(weir_lines_new(s, weir_source_of_topic(weir_session_catalog(s), f->topic),
                                &f->lines, st));
        if (f->follow) {
            f->feed = weir_feed_new(loop, dup(fileno(f->in)), more, loop);
        }
    }
    return WEIR_OK;
}

static weir_rc take_head(weir_input *f, weir_session *s, weir_status *st)
{
    const weir_line_record *r = &f->head;
    int32_t partitions = weir_topic_partitions(f->to);
    int32_t p = r->partition;
    if (p < 0) {
        p = r->key.n == WEIR_NULL_BYTES ? 0 : (int32_t)weir_partition_of(r->key, (uint32_t)partitions);
    } else if (p >= partitions) {
        return weir_fail(st, WEIR_EDATA, "%s:%llu: partition %d of topic " WEIR_SV_FMT
                                         ", which has %d", f->file,
                         (unsigned long long)f->line_no, p, WEIR_SV_ARG(f->topic), partitions);
    }
    weir_chunk_builder_add(&f->builders[p], r->key, r->value, r->headers, r->timestamp,
                           weir_session_take_seq(s, 1));
    f->records++;
    f->has_head = false;
    return WEIR_OK;
}

/* Two --input options may name one topic: its records must be appended in order of seq. */
static void hand_over(weir_inputs *in)
{
    weir_chunk **parts = weir_alloc(sizeof *parts * (in->n + 1));
    for (size_t i = 0; i < in->n; i++) {
        weir_input *f = &in->items[i];
        for (int32_t p = 0; p < weir_topic_partitions(f->to); p++) {
            uint32_t n = 0;
            for (size_t k = i; k < in->n; k++) {
                weir_chunk *c = in->items[k].to == f->to
                                    ? weir_chunk_builder_take(&in->items[k].builders[p])
                                    : NULL;
                if (c) {
                    parts[n++] = c;
                }
            }
            if (n) {
                weir_topic_append(f->to, p, n > 1 ? weir_chunk_merge(parts, n) : parts[0]);
            }
        }
    }
    weir_free(parts);
}

/* The input whose record is next. NULL: none can be taken now. */
static weir_rc next_input(weir_inputs *in, weir_session *s, bool patient, weir_input **next,
                          bool *waiting, weir_status *st)
{
    *next = NULL;
    *waiting = false;
    for (size_t i = 0; i < in->n; i++) {
        weir_input *f = &in->items[i];
        if (!f->has_head && !f->ended) {
            WEIR_TRY(fill_head(f, s, st));
        }
        *waiting |= !f->has_head && !f->ended;
        if (f->has_head && (!*next || f->head.timestamp < (*next)->head.timestamp)) {
            *next = f;
        }
    }
    if (patient && *waiting) {
        *next = NULL;
    }
    return WEIR_OK;
}

weir_rc weir_inputs_take(weir_inputs *in, weir_session *s, uint32_t most, bool patient,
                         uint32_t *taken, bool *waiting, weir_status *st)
{
    *taken = 0;
    *waiting = false;
    weir_rc rc = WEIR_OK;
    size_t bytes = 0;
    while (rc == WEIR_OK && *taken < most && bytes < BYTES_PER_TAKE) {
        weir_input *next = NULL;
        rc = next_input(in, s, patient, &next, waiting, st);
        if (rc != WEIR_OK || !next) {
            break;
        }
        bytes += next->head.value.n == WEIR_NULL_BYTES ? 0 : next->head.value.n;
        rc = take_head(next, s, st);
        *taken += rc == WEIR_OK;
    }
    hand_over(in);
    return rc;
}

uint32_t weir_inputs_count(const weir_inputs *in)
{
    return (uint32_t)in->n;
}

weir_sv weir_inputs_topic(const weir_inputs *in, uint32_t i)
{
    return in->items[i].topic;
}

uint64_t weir_inputs_records(const weir_inputs *in, uint32_t i)
{
    return in->items[i].records;
}
