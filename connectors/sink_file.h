/* Inside of the file sink: sink_file.c (options, rows to lines), sink_file_write.c (batches to files),
 * sink_file_parts.c (which files are open), sink_file_manifest.c (what is told after a crash). */
#pragma once
#include "connectors/file_place.h"
#include "connectors/template.h"
#include "engine/io/folder.h"

/* A file that is being written. */
typedef struct weir__file_part {
    struct weir__file_part *next;          /* of its bucket */
    struct weir__file_part *newer, *older; /* by use */
    char *path;          /* as rendered: what it is found by */
    char *name;          /* what it is called when it is complete */
    char *open_name;     /* what it is called until then; in place: the same */
    weir_handle *handle; /* NULL: not open yet */
    int64_t bytes;       /* that are there for good */
    int64_t written;     /* … when this batch is, too */
    uint64_t records;
    int64_t opened_ms, touched_ms;
    weir_buf text;       /* of this batch */
    uint32_t n_text;     /* records in it */
    weir_sv header;      /* the line that a new file begins with */
    bool listed;         /* the manifest names it */
    bool torn;           /* there may be more than `bytes`: to be cut off */
    char *refused;       /* why it can never be opened */
} weir__file_part;

#define WEIR__FILE_BUCKETS 1024u
#define WEIR__FILE_FEW 16u /* files that are synced one by one */

/* The next offset of each partition of a topic: all before it is in files. -1: nothing is known. */
typedef struct weir__file_input {
    weir_sv topic;
    uint32_t generation;
    int64_t *next;
    int32_t n;
} weir__file_input;

/* What a manifest told. */
typedef struct weir__file_told {
    weir_sv topic;
    int32_t partition;
    uint32_t generation;
    int64_t next;
} weir__file_told;
typedef struct weir__file_left {
    char *open_name, *name;
    int64_t bytes;
} weir__file_left;

/* Of one topic. */
typedef struct weir__file_bound {
    weir_template *path, *line; /* line: NULL for the formats */
    weir_sv constant;           /* the path, where it is the same for all records */
    weir_sv header;             /* CSV */
    void *encoder;              /* CSV: of these columns */
    uint32_t *cols;
    uint32_t n;
} weir__file_bound;

typedef struct weir__file_sink {
    weir_conn *conn;
    const char *base;
    uint32_t skip;          /* bytes of a rendered path that name the base */
    weir_compression compression;
    bool csv, rolls, sync;
    uint64_t roll_records;
    int64_t roll_bytes, roll_ms, idle_ms, retention_ms;
    uint32_t max_open;
    weir__file_input *inputs;
    uint32_t n_inputs, cap_inputs;
    bool lazy;              /* many files at once: synced together, not one by one */
    bool unsynced;          /* … and that is still to be done */
    weir_folder *folder;    /* the base; from start to stop */
    weir_folder *data_dir;  /* … and where the manifest is; NULL: there is none */
    const char *manifest;   /* its path */
    bool loaded;
    weir__file_told *told;
    uint32_t n_told, cap_told;
    weir__file_left *left;
    uint32_t n_left, cap_left;
    int64_t stamp_s;        /* of the last name; never goes back */
    uint64_t sequence;
    weir__file_part *buckets[WEIR__FILE_BUCKETS];
    weir__file_part *newest, *oldest;
    uint32_t n_parts;
    weir_timer *timer;
    int64_t swept_ms;       /* retention */
    weir__file_part **of_item;
    uint32_t cap_of_item;
    weir_buf scratch;
} weir__file_sink;

/* sink_file_manifest.c */
weir_rc weir__file_load(weir__file_sink *s, weir_status *st); /* once */
/* Completes what was left, cut back to what was told. */
weir_rc weir__file_recover(weir__file_sink *s, weir_status *st);
/* `after`: with the lengths after this batch. */
weir_rc weir__file_save(weir__file_sink *s, bool after, weir_status *st);
int64_t *weir__file_next(weir__file_sink *s, const weir_sink_input *of, int32_t partition);
void weir__file_forget_told(weir__file_sink *s);

/* sink_file_parts.c */
/* The part for a path. NULL with WEIR_OK: every part is needed by this batch, and there is no room for
 * another one. */
weir_rc weir__file_part_for(weir__file_sink *s, weir_sv path, weir__file_part **out, weir_status *st);
/* Closes it; it appears under its name. It stays on failure. */
weir_rc weir__file_complete(weir__file_sink *s, weir__file_part *p, weir_status *st);
weir_rc weir__file_finish(weir__file_sink *s, const char *open_name, const char *name, weir_status *st);
void weir__file_drop_part(weir__file_sink *s, weir__file_part *p); /* as if it had never been */
void weir__file_new_names(weir__file_sink *s, weir__file_part *p);
/* From here on files are synced one by one, or all together when the manifest is written. */
void weir__file_many(weir__file_sink *s, bool many);
void weir__file_tick(weir__file_sink *s); /* rolls by time, retention */

/* sink_file_write.c */
void weir__file_send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n);
