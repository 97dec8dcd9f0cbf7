/* See run_io.h. A file is read line by line; the head of each file is parsed and kept, and the
 * smallest head goes next. Records gather in one chunk per topic partition until they are handed
 * over, so that a topic gets large chunks. */
#include "tools/run_io.h"

#include "engine/base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct weir_input {
    char *spec, *file;
    weir_sv topic;
    FILE *in;
    char *line;
    size_t line_cap;
    uint64_t line_no, records;
    weir_lines *lines;
    weir_topic *to;
    weir_chunk_builder *builders; /* per partition */
    weir_line_record head;        /* points into `lines` and `line` */
    bool has_head;
};

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
        if (f->in && f->in != stdin) {
            fclose(f->in);
        }
        free(f->line); /* getline's own */
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

weir_rc weir_inputs_open(weir_inputs *in, const char *spec, weir_status *st)
{
    weir_input f = {.spec = weir_strdup(spec)};
    const char *file = NULL;
    weir_rc rc = weir_split_spec("--input", f.spec, &f.topic, &file, st);
    if (rc == WEIR_OK) {
        f.file = f.spec + (file - f.spec);
        f.in = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");
        if (!f.in) {
            rc = weir_fail(st, WEIR_EIO, "cannot open input %s: %s", file, strerror(errno));
        }
    }
    if (rc != WEIR_OK) {
        weir_free(f.spec);
        return rc;
    }
    WEIR_GROW(in->items, in->cap, in->n + 1);
    in->items[in->n++] = f;
    return WEIR_OK;
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

/* Parses the next line that is not empty into the head. */
static weir_rc fill_head(weir_input *f, weir_session *s, weir_status *st)
{
    f->has_head = false;
    for (;;) {
        errno = 0;
        ssize_t n = getline(&f->line, &f->line_cap, f->in);
        if (n < 0) {
            return errno ? weir_fail(st, WEIR_EIO, "%s: %s", f->file, strerror(errno)) : WEIR_OK;
        }
        f->line_no++;
        weir_sv line = weir_sv_trim(weir_sv_of(f->line, (size_t)n));
        if (line.n == 0) {
            continue;
        }
        if (line.n > WEIR_RECORD_BYTES_MAX) {
            return weir_fail(st, WEIR_ELIMIT, "%s:%llu: a record of %u bytes: at most %d "
                                              "(WEIR_RECORD_BYTES_MAX)", f->file,
                             (unsigned long long)f->line_no, line.n, WEIR_RECORD_BYTES_MAX);
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
}

weir_rc weir_inputs_bind(weir_inputs *in, weir_session *s, weir_status *st)
{
    for (size_t i = 0; i < in->n; i++) {
        weir_input *f = &in->items[i];
        f->to = weir_session_topic(s, f->topic, 0, -1);
        int32_t partitions = weir_topic_partitions(f->to);
        f->builders = weir_zalloc(sizeof *f->builders * (size_t)partitions);
        for (int32_t p = 0; p < partitions; p++) {
            weir_chunk_builder_init(&f->builders[p]);
        }
        WEIR_TRY(weir_lines_new(s, weir_source_of_topic(weir_session_catalog(s), f->topic),
                                &f->lines, st));
        WEIR_TRY(fill_head(f, s, st));
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
    return fill_head(f, s, st);
}

/* Two --input options may name one topic: its records must be appended in order of seq. */
static void hand_over(weir_inputs *in)
{
    for (size_t i = 0; i < in->n; i++) {
        weir_input *f = &in->items[i];
        for (int32_t p = 0; p < weir_topic_partitions(f->to); p++) {
            weir_chunk **parts = weir_alloc(sizeof *parts * in->n);
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
            weir_free(parts);
        }
    }
}

weir_rc weir_inputs_take(weir_inputs *in, weir_session *s, uint32_t most, uint32_t *taken,
                         weir_status *st)
{
    *taken = 0;
    while (*taken < most) {
        weir_input *next = NULL;
        for (size_t i = 0; i < in->n; i++) {
            weir_input *f = &in->items[i];
            if (f->has_head && (!next || f->head.timestamp < next->head.timestamp)) {
                next = f;
            }
        }
        if (!next) {
            break;
        }
        WEIR_TRY(take_head(next, s, st));
        ++*taken;
    }
    hand_over(in);
    return WEIR_OK;
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

/* ---- outputs ---- */

static weir_rc write_partition(weir_topic *t, int32_t p, weir_lines *lines, FILE *to, weir_buf *line,
                               uint64_t *records, weir_status *st)
{
    int64_t at = weir_topic_begin(t, p);
    while (at < weir_topic_end(t, p)) {
        weir_chunk *c = NULL;
        WEIR_TRY(weir_topic_read(t, p, at, &c, st));
        for (int64_t i = at - c->base; i < c->n; i++, at++, ++*records) {
            weir_buf_reset(line);
            weir_lines_print(lines, line, c, &c->recs[i], p);
            weir_buf_byte(line, '\n');
            fwrite(line->p, 1, line->n, to);
        }
        weir_chunk_unref(c);
    }
    return WEIR_OK;
}

weir_rc weir_output_write(weir_session *s, weir_sv topic, const char *file, uint64_t *records,
                          weir_status *st)
{
    weir_topic *t = weir_topics_find(weir_session_topics(s), topic);
    if (!t) {
        return weir_fail(st, WEIR_ENOTFOUND, "output topic " WEIR_SV_FMT " does not exist",
                         WEIR_SV_ARG(topic));
    }
    FILE *to = strcmp(file, "-") == 0 ? stdout : fopen(file, "w");
    if (!to) {
        return weir_fail(st, WEIR_EIO, "cannot write %s: %s", file, strerror(errno));
    }
    weir_lines *lines = NULL;
    weir_buf line = {0};
    weir_rc rc = weir_lines_new(s, weir_source_of_topic(weir_session_catalog(s), topic), &lines, st);
    for (int32_t p = 0; rc == WEIR_OK && p < weir_topic_partitions(t); p++) {
        rc = write_partition(t, p, lines, to, &line, records, st);
    }
    bool bad = fflush(to) != 0 || ferror(to);
    if (to != stdout) {
        bad |= fclose(to) != 0;
    }
    if (rc == WEIR_OK && bad) {
        rc = weir_fail(st, WEIR_EIO, "cannot write %s: %s", file, strerror(errno));
    }
    weir_lines_free(lines);
    weir_buf_deinit(&line);
    return rc;
}
