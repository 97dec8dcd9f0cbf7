/* Invented records: tables with columns, each column with a rule, by a seed.
 *
 *   model, Avro schema, columns ─┐
 *   settings, fields.NAME.…     ─┴► describe ─► spec ─► generator ─► records in order of arrival
 *
 * The same spec gives the same bytes, everywhere and each time. A record is a function of the seed,
 * its table and its row number, so that a generator can go on at any position, and that a reference
 * to a row of another table is made by making that row again. Only sessions (a walk) and duplicates
 * remember; seeking replays those without writing text.
 *
 * Time is virtual: a record has an event time and, from the rate, a moment when it is due. Who
 * wants a pace waits for that moment. Nothing here does I/O or looks at a clock. A spec can be
 * shared, a generator belongs to one thread. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/status.h"
#include "engine/data/type.h"

#define WEIR_DATAGEN_TABLES_MAX 64
#define WEIR_DATAGEN_CYCLE_MAX 10000 /* sum of the weights of a model's tables */
#define WEIR_DATAGEN_RANKS_MAX                                                                     \
    (1 << 20) /* values that are not equally likely: a table of them is kept */
#define WEIR_DATAGEN_ALL_RANKS_MAX (1 << 24) /* in all columns of a spec */
#define WEIR_DATAGEN_SESSIONS_MAX 100000 /* of one table, at the same time */
#define WEIR_DATAGEN_ITEMS_MAX 1000      /* of one generated array or map */
#define WEIR_DATAGEN_TEXT_MAX (1 << 20)  /* bytes of one generated text, and of padding */
#define WEIR_DATAGEN_CELL_MAX (16 << 20) /* bytes of the largest value a column can have */
#define WEIR_DATAGEN_FILE_MAX (16 << 20) /* of a schema, a model, a list of values */
#define WEIR_DATAGEN_DEPTH_MAX 16        /* nested types, references to references */
#define WEIR_DATAGEN_STEPS_MAX 1000      /* of a rate that changes */

/* A model that is built in: of our own making, with the names and types of the fields that users
 * know. */
typedef struct weir_datagen_model {
    const char *name;
    const char *doc;
    const char *text; /* as weir_datagen_request.model_text; NULL: the shop of datagen_shop.h */
} weir_datagen_model;
extern const weir_datagen_model weir_datagen_models[];
extern const uint32_t weir_datagen_n_models;
const weir_datagen_model *weir_datagen_find_model(weir_sv name); /* any case; NULL: none */

/* A setting, as an option of a connector or of the command line. Beside these there is
 * fields.COLUMN.ARGUMENT, and in models of several tables fields.TABLE.COLUMN.ARGUMENT. */
typedef struct weir_datagen_setting {
    const char *name;
    const char *aliases; /* with | between; NULL: none */
    const char *doc;
} weir_datagen_setting;
extern const weir_datagen_setting weir_datagen_settings[];
extern const uint32_t weir_datagen_n_settings;
/* Kinds of rules and their arguments, for people. */
extern const char weir_datagen_rules_help[];

typedef struct weir_datagen_option {
    weir_sv name, value;
} weir_datagen_option;

typedef struct weir_datagen_column {
    weir_sv name;
    const weir_type *type;
    bool key; /* in the record's key, and with `columns` of a request only there */
} weir_datagen_column;

/* What is wanted. One of model, model_text and avro, or columns alone. Columns beside one of them
 * say what is in the records; what a column is called in the model decides its rule, a column that
 * is not in it gets one that suits its name and type. */
typedef struct weir_datagen_request {
    weir_sv model;      /* name of a built-in one */
    weir_sv model_text; /* a description of tables, see datagen_model.c */
    weir_sv avro;       /* a schema with arg.properties */
    const weir_datagen_column *columns;
    uint32_t n_columns;
    const weir_datagen_option *options; /* the last one of a name counts */
    uint32_t n_options;
    /* Reads a file named by an option; NULL: files are refused. */
    weir_rc (*read_file)(void *ctx, weir_sv path, weir_arena *a, weir_sv *text, weir_status *st);
    void *read_ctx;
} weir_datagen_request;

typedef struct weir_datagen_spec weir_datagen_spec;
/* The spec lives in `a`, and borrows nothing. WEIR_EUSAGE tells what is wrong in the request. */
weir_rc weir_datagen_describe(weir_arena *a, const weir_datagen_request *r, weir_datagen_spec **out,
                              weir_status *st);

typedef struct weir_datagen_table {
    weir_sv name;
    const weir_datagen_column *columns; /* of key and value; the shop's are not told */
    uint32_t n_columns;
    uint64_t rows; /* 0: a stream without an end */
    bool wanted;   /* its records are generated; others are there to be referred to */
} weir_datagen_table;
uint32_t weir_datagen_tables(const weir_datagen_spec *s);
const weir_datagen_table *weir_datagen_table_at(const weir_datagen_spec *s, uint32_t i);

/* Comes to an end by itself. */
bool weir_datagen_bounded(const weir_datagen_spec *s);

typedef struct weir_datagen_record {
    uint32_t table; /* weir_datagen_table_at */
    weir_sv key; /* as text; .n == UINT32_MAX: null. Borrowed until the next call, as all texts */
    weir_sv
        key_json;   /* the same as JSON: a string, a number, an object for several columns, null */
    weir_sv value;  /* a JSON object; .n == UINT32_MAX: a tombstone */
    bool malformed; /* value is a JSON object that has been cut off */
    int64_t timestamp; /* ms */
} weir_datagen_record;

typedef struct weir_datagen weir_datagen;
/* Borrows the spec. */
weir_datagen *weir_datagen_new(const weir_datagen_spec *s);
void weir_datagen_free(weir_datagen *g);
/* False: that was all. */
bool weir_datagen_next(weir_datagen *g, weir_datagen_record *out);
/* How many records there were; the state of a generator. */
uint64_t weir_datagen_position(const weir_datagen *g);
/* Goes on behind the first `position` records. */
void weir_datagen_seek(weir_datagen *g, uint64_t position);
/* When the next record is due, ns after the first; always 0 where no rate is set. */
int64_t weir_datagen_due_ns(const weir_datagen *g);
