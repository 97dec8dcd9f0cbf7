/* A file to lines: bytes are read in pieces, decompressed, cut at line ends (CSV: that are not quoted). A
 * line longer than the limit is told once, with its beginning, and passed over. */
#include "connectors/source_file.h"

#include "engine/run/chunk.h"

#define PIECE_BYTES (256u << 10)
#define PACKED_BYTES (8u << 10) /* becomes at most a thousand times as much */
#define LONG_SHOWN 1024u
#define FILL_BYTES_MAX (16u << 20) /* of text that only stands in the way, in one go */

struct weir__file_reader {
    weir_handle *handle;
    weir__file_entry *entry;
    const weir__file_shape *shape;
    bool csv;
    weir_inflater *inflater; /* NULL: the file is plain */
    int64_t at;              /* next byte of the file */
    int64_t skip;            /* compressed: text that was read by somebody before */
    weir_buf text;           /* what is there and not yet cut; begins at entry's offset + `done` */
    size_t done;             /* bytes of it that were given out */
    int64_t offset;          /* of text.p */
    bool eof, longer;        /* longer: in a line that is passed over … */
    weir_buf beginning;      /* … and this is how it began */
    weir_sv *names;          /* CSV */
    uint32_t n_names;
    weir_arena names_arena, step;
    weir_buf objects;
};

int64_t weir__file_reader_size(const weir__file_reader *r)
{
    weir_file_info info;
    weir_status st;
    weir_status_reset(&st);
    return weir_handle_info(r->handle, &info, &st) == WEIR_OK ? info.size : r->at;
}

bool weir__file_reader_rewritten(weir__file_reader *r)
{
    return weir__file_reader_size(r) < r->at || !weir__file_same(r->entry, r->handle);
}

void weir__file_reader_close(weir__file_reader *r)
{
    if (!r) {
        return;
    }
    weir_handle_close(r->handle);
    weir_inflater_free(r->inflater);
    weir_buf_deinit(&r->text);
    weir_buf_deinit(&r->beginning);
    weir_buf_deinit(&r->objects);
    weir_arena_deinit(&r->names_arena);
    weir_arena_deinit(&r->step);
    weir_free(r);
}

/* ---- text ---- */

/* What compressed text stands in front of what is to be read, goes. */
static void drop_skipped(weir__file_reader *r)
{
    size_t n = (size_t)weir_min64(r->skip, (int64_t)r->text.n);
    if (n) {
        memmove(r->text.p, r->text.p + n, r->text.n - n);
        r->text.n -= n;
        r->skip -= (int64_t)n;
    }
}

static weir_rc read_packed(weir__file_reader *r, weir_status *st)
{
    char packed[PACKED_BYTES];
    size_t n = 0;
    WEIR_TRY(weir_handle_read(r->handle, r->at, packed, sizeof packed, &n, st));
    r->eof = n == 0;
    r->at += (int64_t)n;
    weir_rc rc = weir_inflater_add(r->inflater, packed, n, &r->text, st);
    drop_skipped(r);
    return rc;
}

static weir_rc read_plain(weir__file_reader *r, weir_status *st)
{
    size_t n = 0;
    char *to = weir_buf_reserve(&r->text, PIECE_BYTES + WEIR_CHUNK_PADDING);
    WEIR_TRY(weir_handle_read(r->handle, r->at, to, PIECE_BYTES, &n, st));
    r->eof = n == 0;
    r->text.n += n;
    r->at += (int64_t)n;
    return WEIR_OK;
}

/* What was given out goes; more comes in. */
static weir_rc fill(weir__file_reader *r, weir_status *st)
{
    if (r->done) {
        memmove(r->text.p, r->text.p + r->done, r->text.n - r->done);
        r->text.n -= r->done;
        r->offset += (int64_t)r->done;
        r->done = 0;
    }
    size_t before = r->text.n;
    int64_t until = weir_max64(r->skip - FILL_BYTES_MAX, 0);
    do {
        WEIR_TRY(r->inflater ? read_packed(r, st) : read_plain(r, st));
    } while (!r->eof && r->text.n < before + PIECE_BYTES / 2 && (r->skip == 0 || r->skip > until));
    weir_buf_reserve(&r->text, WEIR_CHUNK_PADDING);
    return WEIR_OK;
}

/* ---- lines ---- */

static uint32_t line_end(const weir__file_reader *r, weir_sv rest)
{
    if (r->csv && !r->longer) {
        return weir__csv_end(rest);
    }
    const char *end = memchr(rest.p, '\n', rest.n);
    return end ? (uint32_t)(end - rest.p) + 1 : 0;
}

static weir_sv without_end(weir_sv line)
{
    while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r')) {
        line.n--;
    }
    return line;
}

/* The line is longer than it may be: it goes as far as it is there. CSV: a quote may have been left open,
 * so it is over at the next line end. */
static void pass_over(weir__file_reader *r, weir_sv rest)
{
    if (!r->longer) {
        r->longer = true;
        weir_buf_reset(&r->beginning);
        weir_buf_add(&r->beginning, rest.p, rest.n < LONG_SHOWN ? rest.n : LONG_SHOWN);
        if (r->csv && memchr(rest.p, '\n', rest.n)) {
            return;
        }
    }
    r->done += rest.n;
}

/* One line of what is there. False: none. */
static bool next_line(weir__file_reader *r, bool last, weir__file_line *line)
{
    weir_sv rest = weir_sv_of(r->text.p + r->done, r->text.n - r->done);
    uint32_t n = rest.n ? line_end(r, rest) : 0;
    bool over = n == 0 && last && r->eof && (rest.n || r->longer);
    const char *inside = over && rest.n ? memchr(rest.p, '\n', rest.n) : NULL; /* CSV: a quote is open */
    n = over ? rest.n : n;
    n = inside ? (uint32_t)(inside - rest.p) + 1 : n;
    if (n == 0 && !over && rest.n > r->shape->line_max) {
        pass_over(r, rest);
        rest = weir_sv_of(r->text.p + r->done, r->text.n - r->done);
        n = rest.n ? line_end(r, rest) : 0;
    }
    if ((n == 0 && !over) || (rest.n == 0 && !r->longer)) {
        return false;
    }
    r->done += n;
    *line = (weir__file_line){.text = without_end(weir_sv_of(rest.p, n)),
                              .next = r->offset + (int64_t)r->done};
    if (r->longer || line->text.n > r->shape->line_max) {
        line->bad = "is longer than max.line.bytes";
        line->text = r->longer ? weir_buf_view(&r->beginning) : weir_sv_of(line->text.p, LONG_SHOWN);
        r->longer = false;
    } else if (inside) {
        line->bad = "a quote is not closed";
    }
    return true;
}

static weir_sv without_mark(weir_sv text)
{
    bool marked = text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0;
    return marked ? weir_sv_of(text.p + 3, text.n - 3) : text;
}

/* ---- CSV ---- */

static const char *take_names(weir__file_reader *r, weir_sv line)
{
    weir__csv_field *fields = NULL;
    uint32_t n = 0;
    weir_arena_reset(&r->names_arena);
    const char *why = weir__csv_split(&r->names_arena, line, r->shape->delimiter, &fields, &n);
    if (why) {
        return why;
    }
    r->names = WEIR_NEW_N(&r->names_arena, weir_sv, n + 1);
    r->n_names = n;
    for (uint32_t i = 0; i < n; i++) {
        r->names[i] = weir_arena_sv(&r->names_arena, weir_sv_trim(fields[i].text));
    }
    return NULL;
}

/* Columns that nobody has named are those of the stream. */
static void borrow_names(weir__file_reader *r)
{
    const weir_schema *s = r->shape->schema;
    if (r->shape->n_columns) {
        r->names = (weir_sv *)(uintptr_t)r->shape->columns;
        r->n_names = r->shape->n_columns;
        return;
    }
    r->names = WEIR_NEW_N(&r->names_arena, weir_sv, s->n + 1u);
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->cols[i].role == WEIR_COL_KEY || s->cols[i].role == WEIR_COL_VALUE) {
            r->names[r->n_names++] = s->cols[i].name;
        }
    }
}

/* Where reading goes on behind the header, the header is read first. */
static weir_rc read_header(weir__file_reader *r, weir_status *st)
{
    weir__file_line line;
    while (!next_line(r, true, &line)) {
        if (r->eof) {
            return WEIR_OK; /* nothing is there yet */
        }
        WEIR_TRY(fill(r, st));
    }
    const char *why = line.bad ? line.bad : take_names(r, without_mark(line.text));
    return why ? weir_fail(st, WEIR_EDATA, "the header of %s: %s", r->entry->name, why) : WEIR_OK;
}

/* Lines become objects; a line that is none keeps its text. */
static void make_objects(weir__file_reader *r, weir__file_line *lines, uint32_t n)
{
    weir_arena_reset(&r->step);
    weir_buf_reset(&r->objects);
    size_t *ends = WEIR_NEW_N(&r->step, size_t, n + 1u);
    for (uint32_t i = 0; i < n; i++) {
        weir__csv_field *fields = NULL;
        uint32_t n_fields = 0;
        size_t from = r->objects.n;
        if (!lines[i].bad) {
            lines[i].bad = weir__csv_split(&r->step, lines[i].text, r->shape->delimiter, &fields, &n_fields);
        }
        if (!lines[i].bad) {
            lines[i].bad = weir__csv_object(fields, n_fields, r->names, r->n_names, r->shape->schema,
                                            &r->objects);
        }
        r->objects.n = lines[i].bad ? from : r->objects.n;
        ends[i] = r->objects.n;
    }
    weir_buf_reserve(&r->objects, WEIR_CHUNK_PADDING);
    for (uint32_t i = 0; i < n; i++) {
        size_t from = i ? ends[i - 1] : 0;
        lines[i].text = lines[i].bad ? lines[i].text : weir_sv_of(r->objects.p + from, ends[i] - from);
    }
}

/* ---- the whole ---- */

static weir_rc begin(weir__file_reader *r, weir_status *st)
{
    int64_t offset = r->entry->offset;
    weir_sv rest;
    weir_compression c = weir__file_compression(weir_sv_cstr(r->entry->name), &rest);
    r->csv = r->shape->csv || (r->shape->csv_by_name && weir__file_is_csv(rest));
    c = r->shape->compression_by_name ? c : r->shape->compression;
    if (c != WEIR_COMPRESSION_NONE) {
        r->inflater = weir_inflater_new(c, UINT64_MAX, 0);
    }
    if (r->csv && !r->shape->header) {
        borrow_names(r);
        if (r->n_names == 0) {
            return weir_fail(st, WEIR_EDATA, "nothing names the columns of %s: option 'columns'", r->entry->name);
        }
    } else if (r->csv && offset > 0) {
        WEIR_TRY(read_header(r, st));
        int64_t behind = r->offset + (int64_t)r->done;
        if (r->inflater) { /* the text goes on from there */
            r->skip = weir_max64(offset - behind, 0);
            memmove(r->text.p, r->text.p + r->done, r->text.n - r->done);
            r->text.n -= r->done;
            r->done = 0;
            drop_skipped(r);
            r->offset = weir_max64(offset, behind);
            return WEIR_OK;
        }
        weir_buf_reset(&r->text);
        r->done = 0;
        r->eof = false;
    }
    r->offset = offset;
    if (r->inflater) {
        r->skip = offset;
    } else {
        r->at = offset;
    }
    return WEIR_OK;
}

weir_rc weir__file_reader_open(weir_folder *f, weir__file_entry *e, const weir__file_shape *shape,
                               weir__file_reader **out, weir_status *st)
{
    weir_handle *h = NULL;
    WEIR_TRY(weir_folder_file(f, e->name, WEIR_OPEN_READ, &h, st));
    if (!weir__file_same(e, h)) {
        e->offset = 0; /* another file, of the same name or inode */
        e->head_n = 0;
        (void)weir__file_same(e, h);
    }
    weir__file_reader *r = weir_zalloc(sizeof *r);
    r->handle = h;
    r->entry = e;
    r->shape = shape;
    weir_arena_init(&r->names_arena);
    weir_arena_init(&r->step);
    weir_file_info info;
    weir_rc rc = weir_handle_info(h, &info, st);
    rc = rc ? rc : begin(r, st);
    if (rc == WEIR_OK && !r->inflater && info.size < e->offset) {
        e->offset = 0; /* cut meanwhile */
        r->at = r->offset = 0;
    }
    if (rc != WEIR_OK) {
        weir__file_reader_close(r);
        return rc;
    }
    *out = r;
    return WEIR_OK;
}

/* The first line of a CSV file names its columns. False: it is not a record. */
static bool is_record(weir__file_reader *r, weir__file_line *line)
{
    if (r->offset == 0 && line->text.p == r->text.p) {
        line->text = without_mark(line->text);
    }
    if (!r->csv || r->names) {
        return line->text.n || line->bad;
    }
    line->bad = line->bad ? line->bad : take_names(r, line->text);
    r->names = line->bad ? NULL : r->names;
    return line->bad != NULL;
}

weir_rc weir__file_reader_next(weir__file_reader *r, bool last, weir__file_line *lines, uint32_t max,
                               uint32_t *n, bool *end, weir_status *st)
{
    bool filled = false;
    *n = 0;
    for (;;) {
        weir__file_line line = {0};
        while (*n < max && !line.bad && next_line(r, last, &line)) {
            if (is_record(r, &line)) {
                lines[(*n)++] = line; /* the last one when it is bad: its text may be used again */
            }
        }
        if (*n || filled) {
            break;
        }
        WEIR_TRY(fill(r, st));
        filled = true;
    }
    *end = *n == 0 && r->eof;
    if (*end && last && r->inflater && r->at > 0) {
        WEIR_TRY(weir_inflater_end(r->inflater, st));
    }
    if (r->csv && *n) {
        make_objects(r, lines, *n);
    }
    return WEIR_OK;
}

void weir__file_reader_rest(weir__file_reader *r)
{
    weir_buf kept = {0};
    if (r->inflater) {
        weir_buf_add(&kept, r->text.p + r->done, r->text.n - r->done);
    } else {
        r->at -= (int64_t)(r->text.n - r->done); /* it can be read again */
    }
    r->offset += (int64_t)r->done;
    r->done = 0;
    weir_buf_deinit(&r->text);
    weir_buf_deinit(&r->objects);
    weir_arena_reset(&r->step);
    r->text = kept;
}
