/* See datagen_output.h. */
#include "tools/datagen_output.h"

#include "engine/base/hash.h"
#include "engine/data/json_text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_BYTES (256 << 10)
#define APPEND_BYTES (1 << 20)
#define UNSAVED_BYTES (64 << 20)
#define COMMIT_NS 1000000000LL

/* Where the records of one table go. */
typedef struct sink {
    FILE *file; /* NULL: a topic, or the table is not wanted */
    weir_buf path, text;
    weir_topic *topic;
    weir_lines *lines;            /* --sql says how it is written; NULL: JSON, keys as text */
    weir_chunk_builder *builders; /* per partition, and one for "any" */
} sink;

struct weir_datagen_output {
    weir_datagen_target *target;
    sink sinks[WEIR_DATAGEN_TABLES_MAX];
    uint32_t n;
    bool gone;
    size_t bytes, unsaved;
    int64_t saved_ns;
    weir_buf line;
};

void weir_datagen_line(weir_buf *out, const weir_datagen_record *r)
{
    weir_buf_str(out, "{\"key\":");
    weir_buf_sv(out, r->key_json);
    weir_buf_str(out, r->malformed ? ",\"raw\":" : ",\"value\":");
    if (r->malformed) {
        weir_json_string(out, r->value);
    } else {
        weir_buf_sv(out, r->value.n == UINT32_MAX ? WEIR_SV("null") : r->value);
    }
    weir_buf_printf(out, ",\"timestamp\":%lld}", (long long)r->timestamp);
}

static bool has_topics(const weir_datagen_output *o)
{
    return o->target->home.topics != NULL;
}

/* ---- opening ---- */

static weir_rc open_topic(weir_datagen_output *o, sink *s, weir_sv name, weir_status *st)
{
    weir_home *h = &o->target->home;
    int32_t partitions = (int32_t)o->target->partitions;
    weir_topic_spec spec = {
        .name = name, .partitions = h->store && !partitions ? 1 : partitions, .retention_ms = -1};
    WEIR_TRY(weir_topics_create(h->topics, &spec, &s->topic, st));
    int32_t n = weir_topic_partitions(s->topic);
    s->builders = weir_zalloc(sizeof *s->builders * ((size_t)n + 1));
    for (int32_t i = 0; i <= n; i++) {
        weir_chunk_builder_init(&s->builders[i]);
    }
    return h->sql.n ? weir_home_lines(h, name, false, &s->lines, st) : WEIR_OK;
}

static weir_rc open_file(weir_datagen_output *o, sink *s, weir_sv table, bool folder,
                         weir_status *st)
{
    const char *output = o->target->output;
    if (!output || strcmp(output, "-") == 0) {
        weir_buf_str(&s->path, "standard output");
        s->file = stdout;
        return WEIR_OK;
    }
    weir_buf_str(&s->path, output);
    if (folder) {
        weir_buf_printf(&s->path, "%s" WEIR_SV_FMT ".jsonl",
                        output[strlen(output) - 1] == '/' ? "" : "/", WEIR_SV_ARG(table));
    }
    s->file = fopen(weir_buf_cstr(&s->path), "w");
    return s->file ? WEIR_OK
                   : weir_fail(st, WEIR_EIO, "cannot write %s: %s", s->path.p, strerror(errno));
}

static bool is_folder(const char *path)
{
    struct stat s;
    if (!path || !*path) {
        return false;
    }
    if (path[strlen(path) - 1] == '/') {
        mkdir(path, 0777); /* the files say it if that was no success */
        return true;
    }
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static weir_rc open_sinks(weir_datagen_output *o, const weir_datagen_spec *spec, weir_status *st)
{
    bool folder = !has_topics(o) && is_folder(o->target->output);
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        wanted += weir_datagen_table_at(spec, i)->wanted;
    }
    if (wanted > 1 && !has_topics(o) && !folder) {
        weir_fail(st, WEIR_EUSAGE, "the model has %u tables", wanted);
        return weir_hint(
            st, "choose one with --tables, or a folder for their files with --output FOLDER/");
    }
    if (wanted > 1 && o->target->topic) {
        return weir_fail(st, WEIR_EUSAGE, "--topic names one topic, the model has %u tables",
                         wanted);
    }
    for (uint32_t i = 0; i < o->n; i++) {
        const weir_datagen_table *t = weir_datagen_table_at(spec, i);
        weir_sv name = o->target->topic ? weir_sv_cstr(o->target->topic) : t->name;
        if (t->wanted) {
            WEIR_TRY(has_topics(o) ? open_topic(o, &o->sinks[i], name, st)
                                   : open_file(o, &o->sinks[i], name, folder, st));
        }
    }
    return WEIR_OK;
}

weir_rc weir_datagen_output_open(const weir_datagen_spec *spec, weir_datagen_target *target,
                                 weir_datagen_output **out, weir_status *st)
{
    weir_home *h = &target->home;
    bool topics = h->data_dir || h->servers || h->properties || h->sets.n || h->sql.n;
    weir_datagen_output *o = weir_zalloc(sizeof *o);
    *out = o;
    o->target = target;
    o->n = weir_datagen_tables(spec);
    o->saved_ns = weir_mono_ns();
    if (topics && target->output) {
        return weir_fail(st, WEIR_EUSAGE, "--output and topics exclude one another");
    }
    if (topics) {
        WEIR_TRY(weir_home_open(h, true, st));
    }
    return open_sinks(o, spec, st);
}

/* ---- topics ---- */

static weir_rc add_to_topic(weir_datagen_output *o, sink *s, const weir_datagen_record *r,
                            weir_status *st)
{
    weir_line_record in = {.key = r->key, .value = r->value};
    if (s->lines) {
        weir_buf_reset(&o->line);
        weir_datagen_line(&o->line, r);
        WEIR_TRY(weir_lines_parse(s->lines, weir_buf_view(&o->line), &in, st));
    }
    int32_t n = weir_topic_partitions(s->topic);
    bool any = in.key.n == WEIR_NULL_BYTES;
    int32_t unkeyed = n == 1 || o->target->home.store ? 0 : n;
    int32_t at = any ? unkeyed : (int32_t)weir_partition_of(in.key, (uint32_t)n);
    weir_chunk_builder_add(&s->builders[at], in.key, in.value, (weir_sv){0}, r->timestamp, 0);
    o->bytes += (any ? 0 : in.key.n) + (in.value.n == WEIR_NULL_BYTES ? 0 : in.value.n) + 16;
    return WEIR_OK;
}

static weir_rc hand_over(weir_datagen_output *o, weir_status *st)
{
    weir_home *h = &o->target->home;
    for (uint32_t t = 0; t < o->n; t++) {
        sink *s = &o->sinks[t];
        int32_t n = s->topic ? weir_topic_partitions(s->topic) : -1;
        for (int32_t i = 0; i <= n; i++) {
            weir_chunk *c = weir_chunk_builder_take(&s->builders[i]);
            if (c) {
                weir_topic_append(s->topic, i == n ? -1 : i, c);
            }
        }
    }
    o->unsaved += o->bytes;
    o->bytes = 0;
    WEIR_TRY(weir_topics_send(h->topics, st));
    while (weir_topics_full(h->topics) && !weir_home_stopped(h)) {
        WEIR_TRY(weir_topics_send(h->topics, st));
    }
    bool save = h->store && o->unsaved &&
                (o->unsaved > UNSAVED_BYTES || weir_mono_ns() - o->saved_ns > COMMIT_NS);
    if (save) {
        WEIR_TRY(weir_home_commit(h, st));
        o->unsaved = 0;
        o->saved_ns = weir_mono_ns();
    }
    return WEIR_OK;
}

/* ---- lines ---- */

static weir_rc write_text(weir_datagen_output *o, sink *s, weir_status *st)
{
    if (s->text.n && fwrite(s->text.p, 1, s->text.n, s->file) != s->text.n) {
        o->gone = errno == EPIPE;
        return o->gone ? WEIR_OK
                       : weir_fail(st, WEIR_EIO, "cannot write %s: %s", weir_buf_cstr(&s->path),
                                   strerror(errno));
    }
    weir_buf_reset(&s->text);
    return WEIR_OK;
}

weir_rc weir_datagen_output_add(weir_datagen_output *o, const weir_datagen_record *r,
                                weir_status *st)
{
    sink *s = &o->sinks[r->table];
    if (s->topic) {
        WEIR_TRY(add_to_topic(o, s, r, st));
        return o->bytes > APPEND_BYTES ? hand_over(o, st) : WEIR_OK;
    }
    weir_datagen_line(&s->text, r);
    weir_buf_byte(&s->text, '\n');
    return s->text.n > LINES_BYTES ? write_text(o, s, st) : WEIR_OK;
}

weir_rc weir_datagen_output_flush(weir_datagen_output *o, bool end, weir_status *st)
{
    if (has_topics(o)) {
        WEIR_TRY(hand_over(o, st));
        return end ? weir_home_commit(&o->target->home, st) : WEIR_OK;
    }
    for (uint32_t i = 0; i < o->n && !o->gone; i++) {
        sink *s = &o->sinks[i];
        if (!s->file) {
            continue;
        }
        WEIR_TRY(write_text(o, s, st));
        if (!o->gone && fflush(s->file) != 0) {
            o->gone = errno == EPIPE;
            if (!o->gone) {
                return weir_fail(st, WEIR_EIO, "cannot write %s: %s", weir_buf_cstr(&s->path),
                                 strerror(errno));
            }
        }
    }
    return WEIR_OK;
}

bool weir_datagen_output_wanted(const weir_datagen_output *o)
{
    return !o->gone;
}

bool weir_datagen_output_is_terminal(const weir_datagen_output *o)
{
    for (uint32_t i = 0; i < o->n; i++) {
        if (o->sinks[i].file == stdout) {
            return isatty(STDOUT_FILENO) == 1;
        }
    }
    return false;
}

void weir_datagen_output_close(weir_datagen_output *o)
{
    for (uint32_t t = 0; o && t < o->n; t++) {
        sink *s = &o->sinks[t];
        for (int32_t i = 0; s->builders && i <= weir_topic_partitions(s->topic); i++) {
            weir_chunk_builder_deinit(&s->builders[i]);
        }
        weir_free(s->builders);
        weir_lines_free(s->lines);
        weir_buf_deinit(&s->path);
        weir_buf_deinit(&s->text);
        if (s->file && s->file != stdout) {
            fclose(s->file);
        }
    }
    if (o) {
        weir_buf_deinit(&o->line);
        weir_free(o);
    }
}
