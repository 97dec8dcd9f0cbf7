/* Inside of the file source: source_file.c (options, steps, positions), source_file_list.c (which files
 * there are, and where they are read), source_file_read.c (a file to lines), source_file_csv.c. */
#pragma once
#include "connectors/file_place.h"
#include "connectors/intake.h"
#include "engine/io/folder.h"

#define WEIR__FILE_HEAD 1024u /* of a file: what it is known again by */

/* A file that is known. */
typedef struct weir__file_entry {
    char *name;         /* below the base */
    uint64_t inode;
    int64_t offset;     /* in its text (of compressed files: in what comes out): all before is read */
    uint32_t head_n;    /* the first so many bytes of it … */
    uint64_t head;      /* … have this hash */
    bool done;          /* bounded: read to its end … */
    int64_t size;       /* … when it had so many bytes */
    bool seen;          /* when the folder was looked at last */
    struct weir__file_reader *reader; /* NULL: it is not open */
} weir__file_entry;

/* Which files there are. */
typedef struct weir__file_list {
    weir_folder *folder;
    const char *pattern;
    weir__file_entry **items;
    uint32_t n, cap;
    uint32_t max;
} weir__file_list;
void weir__file_list_free(weir__file_list *l);
void weir__file_list_write(const weir__file_list *l, weir_buf *position);
weir_rc weir__file_list_read(weir__file_list *l, weir_sv position, weir_status *st);
/* Compares with the folder: files are known again under other names, by inode and head; new ones come in
 * the order of their names, at the end of their text with `at_end`. */
weir_rc weir__file_list_look(weir__file_list *l, bool at_end, weir_status *st);
void weir__file_list_drop(weir__file_list *l, uint32_t i);
/* Reads the head. False: it is not the file that the entry knows. */
bool weir__file_same(weir__file_entry *e, weir_handle *h);

typedef struct weir__file_csv weir__file_csv;

/* How lines are read. */
typedef struct weir__file_shape {
    bool csv, csv_by_name;  /* by_name: the name of each file says it */
    bool header;
    char delimiter;
    weir_compression compression;
    bool compression_by_name;
    uint32_t line_max;
    const weir_sv *columns; /* CSV without header */
    uint32_t n_columns;
    const weir_schema *schema; /* of the stream over the topic; may have no columns */
} weir__file_shape;

/* One record of a file. */
typedef struct weir__file_line {
    weir_sv text;           /* 64 readable bytes behind it */
    int64_t next;           /* offset behind it */
    const char *bad;        /* why it is none; NULL: it is one */
} weir__file_line;

/* A file that is being read. */
typedef struct weir__file_reader weir__file_reader;
weir_rc weir__file_reader_open(weir_folder *f, weir__file_entry *e, const weir__file_shape *shape,
                               weir__file_reader **out, weir_status *st);
void weir__file_reader_close(weir__file_reader *r); /* NULL is fine */
/* Up to `max` lines, valid until the next call. *n 0 with *end: nothing more is there now. `last`: a line
 * without an end is one, too. */
weir_rc weir__file_reader_next(weir__file_reader *r, bool last, weir__file_line *lines, uint32_t max,
                               uint32_t *n, bool *end, weir_status *st);
/* It has less than was read of it, or begins with something else: written anew, in place. */
bool weir__file_reader_rewritten(weir__file_reader *r);
void weir__file_reader_rest(weir__file_reader *r); /* needs no more memory than it must, until the next call */
int64_t weir__file_reader_size(const weir__file_reader *r);

/* source_file_csv.c. Where the record at the beginning of the text ends (behind its line end); 0: not here. */
uint32_t weir__csv_end(weir_sv text);
typedef struct weir__csv_field {
    weir_sv text;
    bool quoted;
} weir__csv_field;
/* The values of one record; NULL: why it is none. Memory from `a`. */
const char *weir__csv_split(weir_arena *a, weir_sv record, char delimiter, weir__csv_field **fields,
                            uint32_t *n);
/* Appends an object of these values; types of the schema decide what is a number. NULL, or why not. */
const char *weir__csv_object(const weir__csv_field *fields, uint32_t n, const weir_sv *names, uint32_t n_names,
                             const weir_schema *schema, weir_buf *out);
