/* Lines of files become records: JSON or CSV, of one file or of all that fit a pattern, once or for ever.
 *
 *   list ─ entry by entry ─► reader ─ lines ─► intake ─┬─► topic ┐
 *                                                     └─► dead  ┴─ put_all with the positions of all files
 *
 * A step reads some lines of one file. With `follow` all files take turns, stay open, and the folder is
 * looked at again after each round: what was renamed is read to its end first. */
#include "connectors/source_file.h"

#include "connectors/intake_bad.h"

#define FILES_MAX 100000u

typedef struct source {
    weir_conn *conn;
    weir_source_output *to;
    weir_intake *intake;
    weir_intake_bad_end *bad;
    weir__file_shape shape;
    weir__file_list list;
    const char *base;
    bool follow, fresh;      /* fresh: there was no position */
    int64_t poll_ms;
    weir_chunk_builder records;
    weir_source_part parts[2]; /* made, and not yet put */
    uint32_t n_parts;
    bool unput;              /* there are some, or a position */
    weir_buf position;
    weir_sv *docs;
    uint32_t *doc_lines;
    weir__file_line *lines;
    uint32_t turn;           /* whose turn it is */
    bool news;               /* in this round */
    bool paused, over, looked;
    weir_timer *timer;
} source;

/* ---- opening: control thread ---- */

static weir_rc read_shape(source *s, weir_status *st)
{
    const weir_conn *c = s->conn;
    weir_sv format = weir_conn_text(c, "format");
    weir_sv delimiter = weir_conn_text(c, "delimiter");
    s->shape.csv = weir_sv_ieq(format, WEIR_SV("csv"));
    s->shape.csv_by_name = format.n == 0;
    s->shape.header = weir_conn_bool(c, "header");
    s->shape.compression_by_name = !weir_conn_given(c, "compression");
    (void)weir_compression_find(weir_conn_text(c, "compression"), &s->shape.compression);
    s->shape.line_max = (uint32_t)weir_conn_int(c, "max.line.bytes");
    s->shape.n_columns = weir_conn_list(c, "columns", &s->shape.columns);
    s->shape.schema = s->to->source->schema;
    if (delimiter.n != 1 && !weir_sv_ieq(delimiter, WEIR_SV("TAB"))) {
        return weir_conn_refuse(c, "delimiter", 0, 0, st, "must be one character, or TAB");
    }
    s->shape.delimiter = delimiter.n == 1 ? delimiter.p[0] : '\t';
    if (s->shape.csv && !s->shape.header && !s->shape.n_columns && s->shape.schema->n == 0) {
        weir_conn_refuse(c, "header", 0, 0, st, "without a header nothing names the columns");
        return weir_hint(st, "'columns'='id, name' does, or a stream over the topic");
    }
    if (s->shape.n_columns) {
        s->shape.header = weir_conn_given(c, "header") && s->shape.header;
    }
    return WEIR_OK;
}

static weir_rc open_parts(source *s, weir_sv position, weir_status *st)
{
    uint32_t skip = 0;
    weir_sv path = weir_conn_text(s->conn, "path");
    WEIR_TRY(weir__file_place(s->conn, path, &s->base, &skip, st));
    s->list.pattern = weir_conn_cstr(s->conn, "path") + skip;
    s->list.max = FILES_MAX;
    s->follow = weir_conn_bool(s->conn, "follow");
    s->poll_ms = weir_conn_int(s->conn, "poll.interval");
    s->fresh = position.n == 0;
    WEIR_TRY(weir_source_to(s->conn, weir_conn_text(s->conn, "topic"), &s->to, st));
    WEIR_TRY(read_shape(s, st));
    WEIR_TRY(weir_intake_bad_new(s->conn, &s->bad, st));
    WEIR_TRY(weir__file_list_read(&s->list, position, st));
    return weir_intake_new(s->conn, s->to, &s->intake, st);
}

static void drop_unput(source *s)
{
    for (uint32_t i = 0; i < s->n_parts; i++) {
        weir_chunk_unref(s->parts[i].chunk);
    }
    s->n_parts = 0;
    s->unput = false;
}

static void close_source(void *self)
{
    source *s = self;
    drop_unput(s);
    weir__file_list_free(&s->list);
    weir_folder_close(s->list.folder);
    weir_intake_free(s->intake);
    weir_intake_bad_free(s->bad);
    weir_chunk_builder_deinit(&s->records);
    weir_buf_deinit(&s->position);
    weir_free(s->docs);
    weir_free(s->doc_lines);
    weir_free(s->lines);
    weir_free(s);
}

static weir_rc open_source(weir_conn *c, weir_sv position, void **self, weir_status *st)
{
    source *s = weir_zalloc(sizeof *s);
    s->conn = c;
    weir_chunk_builder_init(&s->records);
    s->docs = weir_alloc(sizeof *s->docs * WEIR_BATCH_ROWS);
    s->doc_lines = weir_alloc(sizeof *s->doc_lines * WEIR_BATCH_ROWS);
    s->lines = weir_alloc(sizeof *s->lines * WEIR_BATCH_ROWS);
    weir_rc rc = open_parts(s, position, st);
    if (rc != WEIR_OK) {
        close_source(s);
        return rc;
    }
    *self = s;
    return WEIR_OK;
}

/* ---- records ---- */

/* False: the connector has stopped. */
static bool add_bad(source *s, const weir__file_entry *e, const weir__file_line *line, weir_sv why)
{
    weir_buf where = {0};
    weir_buf_printf(&where, "%s, up to byte %lld", e->name, (long long)line->next);
    bool ok = weir_intake_bad_add(s->bad, line->text, weir_buf_view(&where), why);
    weir_buf_deinit(&where);
    return ok;
}

/* Lines to records and, in their order, dead letters. */
static bool take_lines(source *s, const weir__file_entry *e, uint32_t n)
{
    uint32_t n_docs = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!s->lines[i].bad) {
            s->doc_lines[n_docs] = i;
            s->docs[n_docs++] = s->lines[i].text;
        }
    }
    weir_intake_judge(s->intake, s->docs, n_docs);
    uint32_t n_bad = 0;
    uint32_t at = 0; /* an object may be at fault in several ways: the first is told */
    const weir_intake_bad *bad = weir_intake_bad_docs(s->intake, &n_bad);
    for (uint32_t i = 0, doc = 0; i < n; i++) {
        const char *why = s->lines[i].bad;
        bool wrong = !why && !weir_intake_is_good(s->intake, doc);
        while (wrong && at < n_bad && bad[at].doc != doc) {
            at++;
        }
        weir_sv reason = why ? weir_sv_cstr(why) : wrong && at < n_bad ? bad[at].reason : WEIR_SV("is wrong");
        if ((why || wrong) && !add_bad(s, e, &s->lines[i], reason)) {
            return false;
        }
        doc += !why;
    }
    weir_intake_add(s->intake, &s->records, (weir_sv){0}, weir_wall_ms());
    return true;
}

static void remember_position(source *s)
{
    weir_buf_reset(&s->position);
    weir__file_list_write(&s->list, &s->position);
    s->unput = true;
}

/* That somebody waits makes a commit come soon: where it began is not to be forgotten. */
static void on_begun(void *ctx, bool ok)
{
    (void)ctx;
    (void)ok;
}

/* False: there is no room. */
static bool put(source *s)
{
    bool ok = !s->unput || weir_source_put_all(s->conn, s->parts, s->n_parts, weir_buf_view(&s->position),
                                               s->fresh ? on_begun : NULL, NULL);
    if (ok && s->unput) {
        s->n_parts = 0;
        s->unput = s->fresh = false;
    }
    return ok;
}

/* ---- files ---- */

static void close_reader(weir__file_entry *e)
{
    weir__file_reader_close(e->reader);
    e->reader = NULL;
}

/* Its name may be another file's by now. */
static bool is_gone(const weir__file_entry *e)
{
    return !e->seen && !e->reader;
}

static weir__file_entry *whose_turn(source *s)
{
    while (s->turn < s->list.n && (s->list.items[s->turn]->done || is_gone(s->list.items[s->turn]))) {
        s->turn++;
    }
    return s->turn < s->list.n ? s->list.items[s->turn] : NULL;
}

/* There is nothing more of it for now. */
static void at_end(source *s, weir__file_entry *e)
{
    if (!s->follow) {
        e->done = true;
        e->size = weir__file_reader_size(e->reader);
        close_reader(e);
        remember_position(s);
    } else if (!e->seen) { /* nobody will find it any more */
        weir__file_list_drop(&s->list, s->turn);
        remember_position(s);
        return;
    } else if (weir__file_reader_rewritten(e->reader)) {
        close_reader(e);
        e->offset = 0;
        e->head_n = 0;
        s->news = true;
    } else {
        weir__file_reader_rest(e->reader);
    }
    s->turn++;
}

/* It cannot be read. */
static void give_up(source *s, weir__file_entry *e, weir_rc rc, const char *why)
{
    close_reader(e);
    if (rc == WEIR_ENOTFOUND && !e->seen) {
        weir__file_list_drop(&s->list, s->turn);
        return;
    }
    weir_conn_trouble(s->conn, "%s", why);
    if (rc == WEIR_EDATA) { /* it will not get better */
        e->done = true;
        remember_position(s);
    } else if (!s->follow) {
        weir_conn_fail(s->conn, "%s", why);
    }
    s->turn++;
}

/* Some lines of one file. */
static void read_some(source *s, weir__file_entry *e)
{
    weir_status st;
    weir_status_reset(&st);
    uint32_t n = 0;
    bool end = false;
    weir_rc rc = e->reader ? WEIR_OK
                           : weir__file_reader_open(s->list.folder, e, &s->shape, &e->reader, &st);
    rc = rc ? rc : weir__file_reader_next(e->reader, !s->follow, s->lines, WEIR_BATCH_ROWS, &n, &end, &st);
    if (rc != WEIR_OK) {
        give_up(s, e, rc, st.msg);
        return;
    }
    if (n && !take_lines(s, e, n)) {
        close_reader(e); /* when it is resumed, from there again */
        weir_chunk_builder_deinit(&s->records);
        weir_chunk_builder_init(&s->records);
        s->over = true;
        return;
    }
    if (n) {
        s->news = true;
        e->offset = s->lines[n - 1].next;
        weir_chunk *c = weir_chunk_builder_take(&s->records);
        if (c) {
            s->parts[s->n_parts++] = (weir_source_part){s->to, c};
        }
        s->n_parts += weir_intake_bad_take(s->bad, &s->parts[s->n_parts]);
        remember_position(s);
    }
    if (end) {
        at_end(s, e);
    }
}

static weir_rc look(source *s, weir_status *st)
{
    bool first = !s->looked;
    bool behind = weir_conn_is(s->conn, "start", "end") || weir_conn_is(s->conn, "start", "latest");
    WEIR_TRY(weir__file_list_look(&s->list, s->fresh && first && behind, st));
    for (uint32_t i = s->list.n; i-- > 0 && s->follow;) {
        if (is_gone(s->list.items[i])) {
            weir__file_list_drop(&s->list, i);
        }
    }
    if (first && s->fresh) {
        remember_position(s); /* what is there now was there when it began */
    }
    s->looked = true;
    return WEIR_OK;
}

/* A round is over. In how many ms the next one begins. */
static int64_t next_round(source *s)
{
    weir_status st;
    weir_status_reset(&st);
    int64_t ms = s->news ? 0 : s->poll_ms;
    s->turn = 0;
    s->news = false;
    if (look(s, &st) != WEIR_OK) {
        weir_conn_trouble(s->conn, "%s", st.msg);
        return s->poll_ms;
    }
    return ms;
}

static void on_timer(void *ctx)
{
    source *s = ctx;
    int64_t ms = 0;
    if (s->paused || s->over || !put(s)) {
        return; /* resumed, or called when there is room */
    }
    weir__file_entry *e = whose_turn(s);
    if (e) {
        read_some(s, e);
    } else if (s->follow) {
        ms = next_round(s);
    } else {
        s->over = true;
        weir_source_end(s->conn);
        return;
    }
    if (!s->over) {
        weir_timer_arm(s->timer, (uint64_t)ms);
    }
}

/* ---- the frame's calls: loop ---- */

static void on_room(void *self)
{
    source *s = self;
    if (s->timer && !s->paused && !s->over) {
        weir_timer_arm(s->timer, 0);
    }
}

static weir_rc start(void *self, weir_status *st)
{
    source *s = self;
    if (!s->list.folder) {
        WEIR_TRY(weir_folder_open(s->base, &s->list.folder, st));
    }
    WEIR_TRY(look(s, st));
    if (s->list.n == 0 && !s->follow && !strpbrk(s->list.pattern, "*?[")) {
        return weir_fail(st, WEIR_ENOTFOUND, "option 'path': there is no file %s", s->list.pattern);
    }
    s->over = false;
    s->turn = 0;
    s->timer = weir_timer_once(weir_conn_loop(s->conn), 0, on_timer, s);
    return WEIR_OK;
}

static void pause_source(void *self, bool paused)
{
    source *s = self;
    s->paused = paused;
    if (!paused && s->timer) {
        s->over = false; /* it had failed, or has seen its end */
        weir_timer_arm(s->timer, 0);
    }
}

static void stop(void *self)
{
    source *s = self;
    weir_timer_stop(s->timer);
    s->timer = NULL;
}

static bool bounded(const weir_conn *c)
{
    return !weir_conn_bool(c, "follow");
}

static const weir_source_calls calls = {.open = open_source, .start = start, .room = on_room,
                                        .pause = pause_source, .stop = stop, .close = close_source};

static const weir_conn_option options[] = {
    WEIR_INTAKE_OPTIONS,
    {"path", "file|filename|input.path", WEIR_CONN_TEXT, NULL, true, 0, 0, NULL,
     "The file, or a pattern of several: logs/*/app-?.jsonl. Compressed ones end with .gz or .zst."},
    WEIR_FILE_PLACE_OPTIONS,
    {"format", "file.format", WEIR_CONN_CHOICE, "", false, 0, 0, "|jsonl|json|csv",
     "Lines of JSON, or CSV; without it by the end of the path (.csv), else JSON."},
    {"header", "csv.header|csv.first.row.as.header", WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "CSV: the first line names the columns."},
    {"columns", "csv.columns", WEIR_CONN_LIST, NULL, false, 0, 0, NULL,
     "CSV: the columns' names, where no header has them."},
    {"delimiter", "csv.delimiter|csv.separator.char", WEIR_CONN_TEXT, ",", false, 0, 0, NULL,
     "CSV: what is between values, one character or TAB."},
    {"compression", "compression.type", WEIR_CONN_CHOICE, "none", false, 0, 0, "none|gzip|zstd",
     "How all files are compressed; without it each by the end of its name."},
    {"start", "start.position|auto.offset.reset", WEIR_CONN_CHOICE, "beginning", false, 0, 0,
     "beginning|end|earliest|latest", "Where a new connector begins in the files that are there."},
    {"follow", "tail", WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "Waits for more lines and more files, also when files are renamed or cut (rotation)."},
    {"poll.interval", "poll.interval.ms|batch.poll.ms", WEIR_CONN_MS, "250ms", false, 1, 86400000, NULL,
     "follow: how often to look when nothing came."},
    {"max.line.bytes", NULL, WEIR_CONN_BYTES, "1mb", false, 16, 64 << 20, NULL,
     "A longer line is no record."},
    WEIR_INTAKE_BAD_OPTIONS,
};

const weir_conn_kind weir_conn_kind_source_file = {
    .name = "file",
    .classes = "FileStreamSource|FileSource|SpoolDirCsvSource|SpoolDirLineDelimitedSource|FilePulseSource",
    .line = "reads lines of files: JSON or CSV, once or as they grow",
    .guarantee = "exactly once: places in files are saved with the records",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_source = &calls,
    .bounded = bounded,
};
