/* See run_io.h. An output knows how far it has got in each partition. */
#include "tools/run_io.h"

#include <errno.h>
#include <stdio.h>

typedef struct weir_output {
    char *spec, *file;
    weir_sv name;
    FILE *to;
    weir_topic *topic;
    weir_lines *lines;
    int64_t *next; /* per partition */
    uint64_t records;
} weir_output;

struct weir_outputs {
    weir_output *items;
    size_t n, cap;
    weir_buf line;
};

weir_outputs *weir_outputs_new(void)
{
    return weir_zalloc(sizeof(weir_outputs));
}

void weir_outputs_free(weir_outputs *o)
{
    for (size_t i = 0; o && i < o->n; i++) {
        weir_output *f = &o->items[i];
        if (f->to && f->to != stdout) {
            fclose(f->to);
        }
        weir_lines_free(f->lines);
        weir_free(f->next);
        weir_free(f->spec);
    }
    if (o) {
        weir_buf_deinit(&o->line);
        weir_free(o->items);
        weir_free(o);
    }
}

/* Several outputs may write one topic: the slowest keeps it. */
static void keep(const weir_outputs *o, const weir_topic *topic, int32_t p)
{
    int64_t least = INT64_MAX;
    weir_topic *t = NULL;
    for (size_t i = 0; i < o->n; i++) {
        if (o->items[i].topic == topic && o->items[i].next) {
            least = weir_min64(least, o->items[i].next[p]);
            t = o->items[i].topic;
        }
    }
    weir_topic_keep(t, p, o, least);
}

static weir_rc open_output(weir_output *f, weir_session *s, weir_status *st)
{
    const char *file = NULL;
    WEIR_TRY(weir_split_spec("--output", f->spec, &f->name, &file, st));
    f->file = f->spec + (file - f->spec);
    f->topic = weir_topics_find(weir_session_topics(s), f->name);
    if (!f->topic) {
        return weir_fail(st, WEIR_ENOTFOUND, "output topic " WEIR_SV_FMT " does not exist",
                         WEIR_SV_ARG(f->name));
    }
    WEIR_TRY(weir_lines_new(s, weir_source_of_topic(weir_session_catalog(s), f->name), &f->lines,
                            st));
    f->next = weir_zalloc(sizeof *f->next * (size_t)weir_topic_partitions(f->topic));
    f->to = strcmp(f->file, "-") == 0 ? stdout : fopen(f->file, "w");
    return f->to ? WEIR_OK
                 : weir_fail(st, WEIR_EIO, "cannot write %s: %s", f->file, strerror(errno));
}

weir_rc weir_outputs_open(weir_outputs *o, weir_session *s, const char *spec, weir_status *st)
{
    WEIR_GROW(o->items, o->cap, o->n + 1);
    weir_output *f = &o->items[o->n++];
    *f = (weir_output){.spec = weir_strdup(spec)};
    WEIR_TRY(open_output(f, s, st));
    for (int32_t p = 0; p < weir_topic_partitions(f->topic); p++) {
        keep(o, f->topic, p);
    }
    return WEIR_OK;
}

static weir_rc write_partition(weir_outputs *o, weir_output *f, int32_t p, weir_status *st)
{
    int64_t at = weir_max64(f->next[p], weir_topic_begin(f->topic, p));
    while (at < weir_topic_readable(f->topic, p, at)) {
        weir_chunk *c = NULL;
        WEIR_TRY(weir_topic_read(f->topic, p, at, &c, st));
        if (!c) { /* no records, but markers of transactions */
            at = weir_topic_readable(f->topic, p, at);
            break;
        }
        for (uint32_t i = weir_chunk_seek(c, at); i < c->n; i++) {
            weir_buf_reset(&o->line);
            weir_lines_print(f->lines, &o->line, c, &c->recs[i], p);
            weir_buf_byte(&o->line, '\n');
            fwrite(o->line.p, 1, o->line.n, f->to);
            f->records++;
        }
        at = weir_chunk_end(c);
        weir_chunk_unref(c);
    }
    f->next[p] = at;
    keep(o, f->topic, p);
    return WEIR_OK;
}

weir_rc weir_outputs_pump(weir_outputs *o, weir_status *st)
{
    for (size_t i = 0; i < o->n; i++) {
        weir_output *f = &o->items[i];
        errno = 0;
        for (int32_t p = 0; p < weir_topic_partitions(f->topic); p++) {
            WEIR_TRY(write_partition(o, f, p, st));
        }
        if (fflush(f->to) != 0 || ferror(f->to)) {
            return weir_fail(st, WEIR_EIO, "cannot write %s: %s", f->file, strerror(errno));
        }
    }
    return WEIR_OK;
}

weir_rc weir_outputs_idle(weir_outputs *o, bool *idle, weir_status *st)
{
    *idle = true;
    for (size_t i = 0; i < o->n && *idle; i++) {
        weir_output *f = &o->items[i];
        for (int32_t p = 0; p < weir_topic_partitions(f->topic) && *idle; p++) {
            int64_t begin = 0;
            int64_t end = 0;
            WEIR_TRY(weir_topic_bounds(f->topic, p, &begin, &end, st));
            *idle = f->next[p] >= end;
        }
    }
    return WEIR_OK;
}

uint32_t weir_outputs_count(const weir_outputs *o)
{
    return (uint32_t)o->n;
}

weir_sv weir_outputs_topic(const weir_outputs *o, uint32_t i)
{
    return o->items[i].name;
}

uint64_t weir_outputs_records(const weir_outputs *o, uint32_t i)
{
    return o->items[i].records;
}
