/* Records as lines of files: JSON, CSV or a template, in files whose paths are made of columns. Rolled,
 * compressed, exactly once: the manifest (sink_file_manifest.c) says what counts.
 *
 * What the frame gives again after a crash although it is in a file already is left out when it is
 * rendered: records in front of it that went to the dead letters go there again, as the commit that
 * would have had them is lost, too. */
#include "connectors/sink_file.h"

#include "connectors/formats.h"
#include "engine/data/json_text.h"

#define NAME_BYTES_MAX 200 /* a name has 255: there is a time and a number to be added */
#define TICKS_MS 1000

/* ---- opening: control thread ---- */

/* Characters of a connector's name that no file name should have are %XX. */
static const char *manifest_of(const weir_conn *c)
{
    weir_buf text = {0};
    weir_buf_str(&text, "connectors/");
    weir_template_url(&text, weir_conn_name(c));
    weir_buf_str(&text, ".files");
    const char *path = weir_arena_cstr(weir_conn_arena(c), weir_buf_view(&text));
    weir_buf_deinit(&text);
    return path;
}

static void read_limits(weir__file_sink *s)
{
    const weir_conn *c = s->conn;
    s->roll_bytes = weir_conn_int(c, "roll.size");
    s->roll_ms = weir_conn_int(c, "roll.interval");
    s->roll_records = (uint64_t)weir_conn_int(c, "roll.records");
    s->idle_ms = weir_conn_int(c, "idle.timeout");
    s->retention_ms = weir_conn_int(c, "retention");
    s->max_open = (uint32_t)weir_conn_int(c, "max.open.files");
    s->sync = weir_conn_bool(c, "fsync");
    s->rolls = s->roll_bytes || s->roll_ms || s->roll_records || s->idle_ms;
}

/* What the name says, unless an option says it. */
static weir_rc read_shape(weir__file_sink *s, weir_status *st)
{
    const weir_conn *c = s->conn;
    weir_sv rest;
    weir_sv format = weir_conn_text(c, "format");
    s->compression = weir__file_compression(weir_conn_text(c, "path"), &rest);
    if (weir_conn_given(c, "compression")) {
        (void)weir_compression_find(weir_conn_text(c, "compression"), &s->compression);
    }
    s->csv = format.n ? weir_sv_ieq(format, WEIR_SV("csv")) : weir__file_is_csv(rest);
    if (s->csv && weir_conn_given(c, "template")) {
        return weir_conn_refuse(c, "template", 0, 0, st, "and CSV exclude one another");
    }
    weir_sv delimiter = weir_conn_text(c, "delimiter");
    if (delimiter.n != 1 && !weir_sv_ieq(delimiter, WEIR_SV("TAB"))) {
        return weir_conn_refuse(c, "delimiter", 0, 0, st, "must be one character, or TAB");
    }
    const weir_sv *topics = NULL;
    bool apart = weir_sv_find(weir_conn_text(c, "path"), WEIR_SV("${topic}"), 0) >= 0;
    if (s->csv && !apart && weir_conn_list(c, "topics", &topics) > 1) {
        weir_conn_refuse(c, "path", 0, 0, st, "puts the columns of several topics into one CSV file");
        return weir_hint(st, "${topic} in it keeps them apart");
    }
    if (s->retention_ms && !s->rolls) {
        return weir_conn_refuse(c, "retention", 0, 0, st, "needs files that are rolled: 'roll.interval'='1h'");
    }
    return WEIR_OK;
}

static void close_sink(void *self)
{
    weir__file_sink *s = self;
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        weir_free(s->inputs[i].next);
    }
    weir__file_forget_told(s);
    weir_folder_close(s->data_dir);
    weir_free(s->of_item);
    weir_buf_deinit(&s->scratch);
    weir_free(s);
}

static weir_rc open_sink(weir_conn *c, void **self, weir_status *st)
{
    weir__file_sink *s = weir_zalloc(sizeof *s);
    s->conn = c;
    s->manifest = manifest_of(c);
    read_limits(s);
    weir_rc rc = read_shape(s, st);
    rc = rc ? rc : weir__file_place(c, weir_conn_text(c, "path"), &s->base, &s->skip, st);
    if (rc != WEIR_OK) {
        close_sink(s);
        return rc;
    }
    *self = s;
    return WEIR_OK;
}

/* ---- topics ---- */

static void add_header_name(weir_buf *out, weir_sv name, char delimiter)
{
    bool plain = name.n > 0;
    for (uint32_t i = 0; i < name.n; i++) {
        plain = plain && name.p[i] != delimiter && name.p[i] != '"' && (unsigned char)name.p[i] > ' ';
    }
    weir_buf_str(out, plain ? "" : "\"");
    for (uint32_t i = 0; i < name.n; i++) {
        weir_buf_byte(out, name.p[i]);
        if (name.p[i] == '"') {
            weir_buf_byte(out, '"');
        }
    }
    weir_buf_str(out, plain ? "" : "\"");
}

/* Keys and values are columns of the file. */
static weir_rc bind_csv(weir__file_sink *s, const weir_sink_input *in, weir__file_bound *b,
                        weir_status *st)
{
    weir_arena *a = weir_conn_arena(s->conn);
    weir_column *cols = WEIR_NEW_N(a, weir_column, in->schema->n + 1u);
    weir_sv delimiter = weir_conn_text(s->conn, "delimiter");
    weir_format_spec *format = WEIR_NEW(a, weir_format_spec);
    *format = (weir_format_spec){.kind = WEIR_FMT_DELIMITED,
                                 .delimiter = delimiter.n == 1 ? delimiter.p[0] : '\t'};
    weir_buf header = {0};
    b->cols = WEIR_NEW_N(a, uint32_t, in->schema->n + 1u);
    for (uint32_t i = 0; i < in->schema->n; i++) {
        const weir_column *c = &in->schema->cols[i];
        if (c->role != WEIR_COL_KEY && c->role != WEIR_COL_VALUE) {
            continue;
        }
        bool nested = c->type->kind == WEIR_T_ARRAY || c->type->kind == WEIR_T_MAP ||
                      c->type->kind == WEIR_T_STRUCT;
        if (nested) {
            weir_buf_deinit(&header);
            return weir_conn_refuse(s->conn, "format", 0, 0, st, "CSV cannot hold column " WEIR_SV_FMT,
                                    WEIR_SV_ARG(c->name));
        }
        weir_buf_str(&header, b->n ? (char[]){format->delimiter, 0} : "");
        add_header_name(&header, c->name, format->delimiter);
        cols[b->n] = *c;
        b->cols[b->n++] = i;
    }
    weir_buf_byte(&header, '\n');
    b->header = weir_conn_bool(s->conn, "header") ? weir_arena_sv(a, weir_buf_view(&header)) : (weir_sv){0};
    weir_buf_deinit(&header);
    if (b->n == 0) {
        return weir_conn_refuse(s->conn, "format", 0, 0, st, "CSV needs columns, and nothing declares those of "
                                "topic " WEIR_SV_FMT, WEIR_SV_ARG(in->topic));
    }
    weir_codec_spec codec = {.format = format, .n = b->n, .cols = cols, .topic = in->topic};
    return weir_format_delimited.encoder_new(a, &codec, &b->encoder, st);
}

static weir_rc bind_topic(void *self, weir_sink_input *in, weir_status *st)
{
    weir__file_sink *s = self;
    weir__file_bound *b = WEIR_NEW(weir_conn_arena(s->conn), weir__file_bound);
    weir__file_input input = {.topic = in->topic};
    weir_sv path;
    WEIR_ASSERT(in->index == s->n_inputs);
    WEIR_PUSH(weir_conn_arena(s->conn), s->inputs, s->n_inputs, s->cap_inputs, input);
    WEIR_TRY(weir_template_option(in, "path", WEIR_TEMPLATE_PATH, &b->path, st));
    if (weir_template_constant(b->path, &path)) {
        b->constant = weir_sv_of(path.p + s->skip, path.n - s->skip);
    }
    if (weir_conn_given(s->conn, "template")) {
        WEIR_TRY(weir_template_option(in, "template", WEIR_TEMPLATE_BODY, &b->line, st));
    }
    in->bound = b;
    return s->csv ? bind_csv(s, in, b, st) : WEIR_OK;
}

/* The frame's position counts; the manifest knows what of the records behind it is in files. */
static int64_t resume_at(void *self, const weir_sink_input *in, int32_t partition, int64_t stored)
{
    weir__file_sink *s = self;
    weir_status st;
    weir_status_reset(&st);
    if (weir__file_load(s, &st) != WEIR_OK) {
        return stored; /* start tells it */
    }
    for (uint32_t i = 0; i < s->n_told; i++) {
        const weir__file_told *t = &s->told[i];
        if (t->partition == partition && t->generation == in->generation && weir_sv_eq(t->topic, in->topic)) {
            *weir__file_next(s, in, partition) = t->next;
        }
    }
    return stored;
}

/* ---- lines: loop ---- */

typedef struct lines {
    weir_sink_json json;
    weir_buf csv;
    uint32_t ends[WEIR_BATCH_ROWS];
    uint32_t place[WEIR_BATCH_ROWS]; /* of a row among the encoded */
} lines;

static void encode_csv(const weir__file_bound *b, const weir_sink_rows *rows, lines *l)
{
    const weir_batch *batch = rows->batch;
    weir_vec *vecs = WEIR_NEW_N(batch->arena, weir_vec, b->n);
    uint16_t which[WEIR_BATCH_ROWS];
    uint64_t nulls[WEIR_BITS_WORDS] = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        vecs[i] = batch->cols[b->cols[i]];
    }
    WEIR_EACH_ROW(batch, i, row) {
        l->place[row] = n;
        which[n++] = (uint16_t)row;
    }
    weir_format_delimited.encode(b->encoder, vecs, which, n, &l->csv, l->ends, nulls);
}

static weir_sv csv_line(const lines *l, uint32_t row)
{
    uint32_t i = l->place[row];
    uint32_t from = i ? l->ends[i - 1] : 0;
    return weir_sv_of(l->csv.p + from, l->ends[i] - from);
}

/* The path of a row; NULL: it has one, else why not. */
static const char *add_path(const weir__file_sink *s, const weir__file_bound *b, const weir_sink_rows *rows,
                            uint32_t row, weir_buf *out, uint32_t *n)
{
    const char *why = NULL;
    size_t from = out->n;
    *n = 0;
    if (b->constant.n) {
        return NULL;
    }
    if (!weir_template_render(b->path, rows, row, out, &why)) {
        return why;
    }
    size_t length = out->n - from - s->skip;
    if (s->skip) {
        memmove(out->p + from, out->p + from + s->skip, length);
        out->n = from + length;
    }
    const char *slash = memrchr(out->p + from, '/', length);
    size_t name = slash ? (size_t)(out->p + out->n - slash) - 1 : length;
    *n = (uint32_t)length;
    return name == 0 || name > NAME_BYTES_MAX ? "the name of the file would be empty or too long" : NULL;
}

static bool add_line(const weir__file_sink *s, const weir__file_bound *b, const weir_sink_rows *rows,
                     uint32_t row, const lines *l, weir_buf *out, const char **why)
{
    if (b->line && !weir_template_render(b->line, rows, row, out, why)) {
        return false;
    }
    if (!b->line) {
        weir_sv line = s->csv ? csv_line(l, row) : l->json.rows[row];
        size_t from = out->n;
        weir_buf_sv(out, line);
        for (size_t i = from; !s->csv && i < out->n; i++) { /* a record as it came may have line ends */
            out->p[i] = out->p[i] == '\n' || out->p[i] == '\r' ? ' ' : out->p[i];
        }
    }
    weir_buf_byte(out, '\n');
    return true;
}

static void render_row(weir__file_sink *s, const weir_sink_rows *rows, uint32_t row, const lines *l,
                       weir_sink_parcel *out)
{
    const weir__file_bound *b = rows->in->bound;
    const char *why = NULL;
    if (weir_sink_tombstone(rows, row)) {
        if (weir_conn_is(s->conn, "behavior.on.null.values", "fail")) {
            weir_sink_item *item = weir_sink_begin(out, rows, row);
            weir_sink_poison(out, item, "a tombstone has no line");
        }
        return;
    }
    weir_sink_item *item = weir_sink_begin(out, rows, row);
    why = add_path(s, b, rows, row, &out->bytes, &item->aux);
    if (why || !add_line(s, b, rows, row, l, &out->bytes, &why)) {
        weir_sink_poison(out, item, "%s", why);
        return;
    }
    weir_sink_end(out, item);
}

static void render(void *self, const weir_sink_rows *rows, weir_sink_parcel *out)
{
    weir__file_sink *s = self;
    const weir__file_bound *b = rows->in->bound;
    lines *l = weir_arena_zalloc(rows->batch->arena, sizeof *l);
    int64_t next = out->told_poison ? -1 : *weir__file_next(s, rows->in, rows->partition);
    if (s->csv) {
        encode_csv(b, rows, l);
    } else if (!b->line) {
        weir_sink_rows_json(rows, true, &l->json);
    }
    WEIR_EACH_ROW(rows->batch, i, row) {
        if (weir_sink_offset(rows, row) >= next) {
            render_row(s, rows, row, l, out);
        }
    }
    weir_buf_deinit(&l->csv);
}

/* ---- starting and stopping: loop ---- */

static void on_tick(void *ctx)
{
    weir__file_tick(ctx);
}

static weir_rc start(void *self, weir_status *st)
{
    weir__file_sink *s = self;
    WEIR_TRY(weir_folder_open(s->base, &s->folder, st));
    weir__file_many(s, false);
    WEIR_TRY(weir__file_recover(s, st));
    int64_t shortest = TICKS_MS;
    shortest = s->roll_ms ? weir_min64(shortest, s->roll_ms) : shortest;
    shortest = s->idle_ms ? weir_min64(shortest, s->idle_ms) : shortest;
    if (s->roll_ms || s->idle_ms || s->retention_ms) {
        s->timer = weir_timer_start(weir_conn_loop(s->conn), (uint64_t)weir_max64(shortest, 10), on_tick, s);
    }
    return WEIR_OK;
}

/* Nothing is under way: what is in parts is in the manifest, too. */
static void stop(void *self)
{
    weir__file_sink *s = self;
    weir_status st;
    weir_timer_stop(s->timer);
    s->timer = NULL;
    if (s->folder) {
        weir__file_many(s, s->n_parts > WEIR__FILE_FEW);
    }
    for (weir__file_part *p = s->oldest; p;) {
        weir__file_part *newer = p->newer;
        weir_status_reset(&st);
        if (weir__file_complete(s, p, &st) != WEIR_OK) {
            weir_conn_trouble(s->conn, "%s", st.msg);
        }
        p = newer;
    }
    weir_status_reset(&st);
    if (s->folder && weir__file_save(s, false, &st) != WEIR_OK) {
        weir_conn_trouble(s->conn, "%s", st.msg);
    }
    while (s->oldest) {
        weir__file_drop_part(s, s->oldest);
    }
    weir_folder_close(s->folder);
    s->folder = NULL;
    s->loaded = false;
}

static void show(void *self, weir_sink_item *const *items, uint32_t n, weir_buf *out)
{
    const weir__file_sink *s = self;
    for (uint32_t i = 0; i < n; i++) {
        const weir__file_bound *b = items[i]->parcel->in->bound;
        weir_sv bytes = weir_sink_bytes(items[i]);
        weir_sv path = b->constant.n ? b->constant : weir_sv_of(bytes.p, items[i]->aux);
        weir_buf_printf(out, "%s%s" WEIR_SV_FMT "\n" WEIR_SV_FMT, s->base,
                        s->base[strlen(s->base) - 1] == '/' ? "" : "/", WEIR_SV_ARG(path),
                        (int)(bytes.n - items[i]->aux), bytes.p + items[i]->aux);
    }
}

static const weir_sink_calls calls = {.open = open_sink,
                                      .bind = bind_topic,
                                      .resume_at = resume_at,
                                      .start = start,
                                      .render = render,
                                      .send = weir__file_send,
                                      .stop = stop,
                                      .close = close_sink,
                                      .show = show};

#define YEAR_MS (INT64_C(366) * 86400000)

static const weir_conn_option options[] = {
    {"path", "file|path.template|filename.template", WEIR_CONN_TEMPLATE, NULL, true, 0, 0, NULL,
     "Where lines go; ${COLUMN} and ${ROWTIME:%Y-%m-%d} choose the file, and cannot leave their part of it."},
    WEIR_FILE_PLACE_OPTIONS,
    {"format", "file.format|format.class", WEIR_CONN_CHOICE, "", false, 0, 0, "|jsonl|json|csv",
     "Lines of JSON, or CSV; without it by the end of the path (.csv), else JSON."},
    {"template", "line|format.template", WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "The line of a record, instead of JSON."},
    {"header", "csv.header", WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "CSV: files begin with the columns' names."},
    {"delimiter", "csv.delimiter", WEIR_CONN_TEXT, ",", false, 0, 0, NULL,
     "CSV: what is between values, one character or TAB."},
    {"compression", "compression.type|codec", WEIR_CONN_CHOICE, "", false, 0, 0, "|none|gzip|zstd",
     "How files are compressed; without it by the end of the path (.gz, .zst)."},
    {"roll.size", "roll.bytes|rotate.size|part.size", WEIR_CONN_BYTES, "0", false, 0, INT64_C(1) << 50, NULL,
     "A file is complete when it has so many bytes; 0: no such limit."},
    {"roll.interval", "rotate.interval.ms|rotate.schedule.interval.ms", WEIR_CONN_MS, "0", false, 0, YEAR_MS, NULL,
     "… or when it was begun so long ago; 0: no such limit."},
    {"roll.records", "flush.size|roll.count", WEIR_CONN_INTEGER, "0", false, 0, INT64_C(1) << 50, NULL,
     "… or when it has so many records; 0: no such limit."},
    {"idle.timeout", "idle.timeout.ms", WEIR_CONN_MS, "0", false, 0, YEAR_MS, NULL,
     "… or when nothing came for so long; 0: no such limit. Without any of these files are written in place."},
    {"retention", "retention.ms", WEIR_CONN_MS, "0", false, 0, 100 * YEAR_MS, NULL,
     "Complete files that are older are removed; 0: never. Then all of them have a number in their names."},
    {"fsync", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "Whether delivered means that it survives a power cut, not only a crash of the process."},
    {"max.open.files", "max.open", WEIR_CONN_INTEGER, "500", false, 1, 100000, NULL,
     "Files that are written at the same time; for one more the one used longest ago is completed."},
    {"behavior.on.null.values", NULL, WEIR_CONN_CHOICE, "ignore", false, 0, 0, "ignore|fail",
     "What a tombstone does: nothing, or it is an error."},
    {"max.in.flight.requests", NULL, WEIR_CONN_INTEGER, "1", false, 1, 1, NULL,
     "Files are written by one hand."},
    {"batch.size", "batch.max.size", WEIR_CONN_INTEGER, "20000", false, 1, 100000, NULL,
     "Most records that are written before the files are synced."},
    {"batch.bytes", "batch.max.bytes", WEIR_CONN_BYTES, "8mb", false, 1, 1 << 28, NULL,
     "Most bytes that are written before the files are synced."},
    {"linger.ms", "batch.timeout.ms", WEIR_CONN_MS, "100", false, 0, 3600000, NULL,
     "How long a record may wait for others to be synced with."},
    {"max.buffered.records", "max.queue.size", WEIR_CONN_INTEGER, "100000", false, 1, 10000000, NULL,
     "Most records inside of the connector; then the topic is not read on."},
};

const weir_conn_kind weir_conn_kind_sink_file = {
    .name = "file",
    .sink = true,
    .classes = "FileStreamSink|FileSink|filesystem",
    .line = "writes records as lines of files, by path, rolled and compressed",
    .guarantee = "exactly once in complete files: after a crash open ones are cut back to what was delivered",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_sink = &calls,
};
