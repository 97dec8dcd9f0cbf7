/* Between the files of the generator.
 *
 *   text ─► datagen_model.c ┐                      ┌► datagen_rule.c ─► cells
 *   Avro ─► datagen_avro.c  ├► tables of fields ───┤     datagen_pick.c, datagen_regex.c
 *   columns, options ───────┘  (name, type, args)  └► datagen_link.c: templates, references, walks
 *           datagen_describe.c, datagen_guess.c
 *   cells ─► datagen_cell.c ─► datagen.c ◄─ datagen_clock.c, datagen_walk.c
 *
 * A field's args are what its rule says, as texts: kind, min, values … Rules inside of a nested
 * type have a path before the name: `item.min` in an array, `city.kind` in a struct, `key.`,
 * `value.` in a map. */
#pragma once
#include "connectors/datagen.h"

#include "connectors/datagen_shop.h"
#include "engine/base/hash.h"
#include "engine/base/rng.h"
#include "engine/data/datetime.h"

/* ---- descriptions ---- */

typedef struct weir__dg_arg {
    weir_sv name, value;
    bool used;
} weir__dg_arg;

typedef struct weir__dg_field {
    weir_sv name;
    const weir_type *type;
    bool key;    /* part of the record's key */
    bool hidden; /* not in the value */
    weir__dg_arg *args;
    uint32_t n, cap;
} weir__dg_field;

/* How the states of sessions follow one another: a row of odds per state, the rest is the end. */
#define WEIR__DG_STATES_MAX 32
typedef struct weir__dg_walk_rule {
    uint32_t n;
    weir_sv states[WEIR__DG_STATES_MAX];
    double odds[WEIR__DG_STATES_MAX][WEIR__DG_STATES_MAX];
    uint32_t sessions; /* at the same time */
    uint64_t base;
} weir__dg_walk_rule;

typedef struct weir__dg_cell weir__dg_cell;
typedef struct weir__dg_table {
    weir_datagen_table told;
    weir_sv key; /* names of key fields, with commas; empty: no key */
    uint64_t weight;
    weir__dg_field *fields;
    uint32_t n, cap;
    uint64_t base;        /* of what happens to whole records */
    weir__dg_cell *cells; /* n, one per field */
    weir_sv *labels;      /* `,"name":` per field */
    uint32_t n_keys;
    weir__dg_walk_rule *walk; /* NULL: no sessions */
    uint32_t *slots;          /* where its rows are in a cycle; weight of them */
} weir__dg_table;

/* ---- chance ---- */

/* Walker's alias method: two draws, whatever the weights. */
typedef struct weir__dg_alias {
    uint32_t keep; /* of 2^32: the chance to stay */
    uint32_t other;
} weir__dg_alias;
/* A number below n. */
typedef struct weir__dg_pick {
    uint64_t n;                  /* 0: any 64 bits */
    const weir__dg_alias *alias; /* NULL: all are equally likely */
    double hot_share;            /* so many are of the first hot_n */
    uint64_t hot_n;
} weir__dg_pick;
/* Weights are not negative, at least one is positive. */
const weir__dg_alias *weir__dg_weighted(weir_arena *a, const double *weights, uint32_t n);
const weir__dg_alias *weir__dg_zipf(weir_arena *a, double s, uint32_t n);
/* For a rule: fails where the tables of all rules together get too large. */
typedef struct weir__dg_maker weir__dg_maker;
weir_rc weir__dg_zipf_for(weir__dg_maker *m, double s, uint64_t n, const weir__dg_alias **out,
                          weir_status *st);
uint64_t weir__dg_pick_one(const weir__dg_pick *p, weir_rng *r);
double weir__dg_normal(weir_rng *r);

typedef struct weir__dg_regex weir__dg_regex;
/* Classes, alternatives, groups, repetitions, escapes; no anchors inside, no look-around, no back
 * references. Endless repetitions end at 8 more than the least. */
weir_rc weir__dg_regex_compile(weir_arena *a, weir_sv pattern, weir__dg_regex **out,
                               uint64_t *longest, weir_status *st);
void weir__dg_regex_write(const weir__dg_regex *x, weir_rng *r, weir_buf *out);

/* ---- cells: compiled rules ---- */

/* ORDER weir__dg_kind: names in datagen_rule.c */
typedef enum weir__dg_kind {
    WEIR__DG_SEQUENCE,
    WEIR__DG_UNIFORM, /* of numbers that can be counted: zipf and hot ones, too */
    WEIR__DG_REAL,    /* of doubles */
    WEIR__DG_NORMAL,
    WEIR__DG_LIST,
    WEIR__DG_REGEX,
    WEIR__DG_TEMPLATE,
    WEIR__DG_UUID,
    WEIR__DG_BOOL,
    WEIR__DG_TIME,
    WEIR__DG_TEXT,
    WEIR__DG_REF,
    WEIR__DG_WALK,
    WEIR__DG_SESSION,
    WEIR__DG_HASH,
    WEIR__DG_TIMES,
    WEIR__DG_NULL,
    WEIR__DG_ARRAY,
    WEIR__DG_MAP,
    WEIR__DG_STRUCT,
} weir__dg_kind;

/* How long a drawn value stays the same. */
typedef enum weir__dg_scope { WEIR__DG_ROW, WEIR__DG_OF_SESSION, WEIR__DG_OF_ITEM } weir__dg_scope;

typedef struct weir__dg_item {
    weir_sv plain, json;
} weir__dg_item;

/* Of a template: a text, a column of the same row, or a number of a range. */
typedef struct weir__dg_part {
    weir_sv text;
    int32_t column; /* -1: none */
    uint32_t width;
    int64_t first;
    weir__dg_pick pick; /* n 0: none */
} weir__dg_part;

struct weir__dg_cell {
    weir__dg_kind kind;
    weir__dg_scope scope;
    const weir_type *type;
    bool quoted;           /* a JSON string */
    bool safe;             /* its text needs no escapes */
    bool as_date, as_time; /* parts of a timestamp */
    uint64_t base;         /* of its draws */
    uint64_t most;         /* bytes of its own at most, without those of other cells */
    double null_share;
    uint32_t when; /* states in which it has a value, as bits; 0: always */
    weir_sv prefix, suffix;
    uint32_t width; /* digits at least */
    uint32_t scale; /* numbers are counted in 10^-scale */
    int64_t first, step;
    weir__dg_pick pick; /* also how long an array or text is */
    double low, high;   /* REAL; NORMAL: mean and deviation, then bounds in first and step */
    bool bounded;       /* NORMAL */
    const weir__dg_item *items; /* LIST */
    const weir__dg_regex *regex;
    const weir__dg_part *parts; /* TEMPLATE */
    uint32_t n_parts;
    const weir_dtf *format; /* TIME as text; NULL: ISO */
    int64_t past_ms;
    uint32_t table;                /* REF */
    int32_t column, with;          /* REF, HASH, TIMES; -1: none */
    const weir__dg_cell *children; /* ARRAY 1, MAP 2, STRUCT one per field */
    const weir_sv *labels;         /* STRUCT */
};

/* When a record is made: everything a cell may depend on. */
typedef struct weir__dg_moment {
    uint32_t table;
    uint64_t row;
    int64_t time_ms;
    uint64_t session, item; /* of a walk, from 0 */
    uint32_t state;
    uint64_t sub; /* which item of which array */
} weir__dg_moment;

/* ---- pace ---- */

typedef struct weir__dg_step {
    double rate, seconds;
    double rows, at; /* of all steps before it */
} weir__dg_step;
/* Rates one after the other; the last one goes on for ever, or all of them again. */
typedef struct weir__dg_clock {
    const weir__dg_step *steps;
    uint32_t n;
    bool again;
    double rows, seconds; /* of all of them */
} weir__dg_clock;
weir__dg_clock weir__dg_clock_steady(weir_arena *a, double rate);
/* FACTOR:EVERY:FOR, SHARE:PERIOD, RATE:OVER, RATE:FOR,RATE:FOR… */
weir_rc weir__dg_clock_burst(weir_arena *a, double rate, weir_sv text, weir__dg_clock *out,
                             weir_status *st);
weir_rc weir__dg_clock_sine(weir_arena *a, double rate, weir_sv text, weir__dg_clock *out,
                            weir_status *st);
weir_rc weir__dg_clock_ramp(weir_arena *a, double rate, weir_sv text, weir__dg_clock *out,
                            weir_status *st);
weir_rc weir__dg_clock_steps(weir_arena *a, weir_sv text, weir__dg_clock *out, weir_status *st);
/* Seconds after the first one when number `row` is due. */
double weir__dg_clock_due(const weir__dg_clock *c, uint64_t row);

/* ---- specs ---- */

#define WEIR__DG_EVENT_RATE 100 /* of event time, where no rate is set */

typedef struct weir__dg_slot {
    uint32_t table;
    uint32_t nth; /* of this table in the cycle */
} weir__dg_slot;

struct weir_datagen_spec {
    weir_arena *a;
    weir__dg_table *tables;
    uint32_t n, cap;
    uint64_t seed;
    uint64_t max_rows; /* 0: no end */
    double duration;   /* seconds; 0: no end */
    bool paced;        /* a rate is set */
    weir__dg_clock clock;
    double speed;
    int64_t start_ms;
    int64_t disorder_ms, late_ms;
    double late, duplicates, malformed, tombstones;
    uint32_t record_bytes; /* at least; 0: as they are */
    uint64_t fixed_rows;   /* of the wanted tables that have an end */
    weir__dg_slot *cycle;  /* all streams, by weight */
    uint32_t n_cycle;
    weir__dg_slot *wanted; /* those of the wanted streams */
    uint32_t n_wanted;
    bool pure; /* a position needs no replay */
    bool shop;
    weir_shop_config shop_config;
};

/* Where values come from that name files. */
struct weir__dg_maker {
    weir_arena *a;
    weir_datagen_spec *spec;
    const weir_datagen_request *request;
    uint64_t ranks; /* in tables of chances, so far */
};

/* datagen_settings.c */
/* ORDER weir__dg_setting: table in datagen_settings.c */
typedef enum weir__dg_setting {
    WEIR__DG_SET_MODEL,
    WEIR__DG_SET_TABLES,
    WEIR__DG_SET_SEED,
    WEIR__DG_SET_RATE,
    WEIR__DG_SET_MAX_INTERVAL,
    WEIR__DG_SET_MAX_ROWS,
    WEIR__DG_SET_DURATION,
    WEIR__DG_SET_START,
    WEIR__DG_SET_SPEED,
    WEIR__DG_SET_BURST,
    WEIR__DG_SET_SINE,
    WEIR__DG_SET_RAMP,
    WEIR__DG_SET_STEPS,
    WEIR__DG_SET_DISORDER,
    WEIR__DG_SET_LATE,
    WEIR__DG_SET_LATE_MAX,
    WEIR__DG_SET_DUPLICATES,
    WEIR__DG_SET_MALFORMED,
    WEIR__DG_SET_TOMBSTONES,
    WEIR__DG_SET_KEY,
    WEIR__DG_SET_KEYS,
    WEIR__DG_SET_HOT,
    WEIR__DG_SET_TENANTS,
    WEIR__DG_SET_RECORD_SIZE,
    WEIR__DG_SET_USERS,
    WEIR__DG_SET_PRODUCTS,
    WEIR__DG_SET_SETTINGS
} weir__dg_setting;
typedef struct weir__dg_describer {
    weir__dg_maker m;
    weir_datagen_spec *s;
    weir__dg_field given; /* settings, by their first names */
    weir_status *st;
} weir__dg_describer;
const char *weir__dg_setting_name(int i);
int weir__dg_setting_named(weir_sv name); /* also an alias; -1: none */
weir_rc weir__dg_settings_read(weir__dg_describer *d);
bool weir__dg_is_set(const weir__dg_describer *d, int i);
weir_sv weir__dg_setting_text(weir__dg_describer *d, int i); /* .p NULL: not given */
weir_rc weir__dg_settings_faults(weir__dg_describer *d);
weir_rc weir__dg_settings_pace(weir__dg_describer *d); /* after the faults */
/* datagen_model.c */
weir_rc weir__dg_model_read(weir__dg_maker *m, weir_sv text, weir_status *st);
/* `KIND name=value …` into args, each with `path` before its name. */
weir_rc weir__dg_rule_read(weir_arena *a, weir_sv text, weir_sv path, weir__dg_field *f,
                           weir_status *st);
weir_rc weir__dg_type_read(weir_arena *a, weir_sv *text, const weir_type **out, weir_status *st);
weir__dg_table *weir__dg_add_table(weir__dg_maker *m, weir_sv name);
weir__dg_field *weir__dg_add_field(weir_arena *a, weir__dg_table *t, weir_sv name,
                                   const weir_type *type);

/* datagen_args.c: arguments as texts and numbers */
void weir__dg_set(weir_arena *a, weir__dg_field *f, weir_sv path, const char *name, weir_sv value);
weir__dg_arg *weir__dg_find(const weir__dg_field *f, weir_sv path, const char *name);
weir_sv weir__dg_text(weir__dg_field *f, weir_sv path, const char *name, weir_sv otherwise);
weir_rc weir__dg_number(weir__dg_field *f, weir_sv path, const char *name, double least,
                        double most, double *io, weir_status *st);
weir_rc weir__dg_count(weir__dg_field *f, weir_sv path, const char *name, uint64_t least,
                       uint64_t most, uint64_t *io, weir_status *st);
/* A number in units of 10^-scale, or an instant. */
weir_rc weir__dg_scaled(weir__dg_field *f, weir_sv path, const char *name, uint32_t scale,
                        int64_t *io, weir_status *st);
bool weir__dg_parse_double(weir_sv text, double *out);
bool weir__dg_parse_ms(weir_sv text, int64_t *out);               /* 100ms 5s 3m 2h 1d, or ms */
weir_sv weir__dg_path(weir_arena *a, weir_sv path, weir_sv name); /* `path` + `name.` */
/* The next piece up to `by`, trimmed; false: none left. */
bool weir__dg_split(weir_sv *rest, char by, weir_sv *out);

/* datagen_avro.c */
weir_rc weir__dg_avro_read(weir__dg_maker *m, weir_sv text, weir_status *st);
/* datagen_guess.c: adds a rule that suits name and type, but for what is said already. */
weir_rc weir__dg_guess(weir_arena *a, weir__dg_field *f, weir_sv path, weir_sv name,
                       const weir_type *type, weir_status *st);
/* A rule on its way to a cell. */
typedef struct weir__dg_compiler {
    weir__dg_maker *m;
    weir__dg_table *t;
    weir__dg_field *f;
    weir_status *st;
} weir__dg_compiler;
/* datagen_number.c */
weir_rc weir__dg_number_rule(weir__dg_compiler *c, weir_sv path, bool zipf, const weir_type *type,
                             weir__dg_cell *out);
/* How many digits behind the point; real: as many as a double has. Fails for what is no number. */
weir_rc weir__dg_number_scale(weir__dg_compiler *c, weir_sv path, const weir_type *type,
                              weir__dg_cell *out, bool *real);
weir_rc weir__dg_affixes(weir__dg_compiler *c, weir_sv path,
                         weir__dg_cell *out); /* prefix, suffix, width */
/* distribution, s, hot.share, hot.size: which of `n` things. */
weir_rc weir__dg_pick_rule(weir__dg_compiler *c, weir_sv path, uint64_t n, bool zipf,
                           weir__dg_pick *out);
/* datagen_rule.c: cells from args, but for what concerns other columns. */
weir_rc weir__dg_compile(weir__dg_maker *m, weir__dg_table *t, weir__dg_field *f,
                         weir__dg_cell *out, weir_status *st);
/* An argument that nothing has read is an error. */
weir_rc weir__dg_check_used(const weir__dg_field *f, weir__dg_kind kind, weir_status *st);
/* datagen_tables.c: cells of all tables, and in which order their rows come. */
weir_rc weir__dg_tables_compile(weir__dg_maker *m, weir_status *st);
/* datagen_link.c: the rest, for all tables. */
weir_rc weir__dg_link(weir__dg_maker *m, weir_status *st);
weir__dg_table *weir__dg_table_named(weir_datagen_spec *s, weir_sv name);
int32_t weir__dg_field_named(const weir__dg_table *t, weir_sv name);
/* datagen_list.c: values of a list. */
weir_rc weir__dg_list(weir__dg_maker *m, weir__dg_field *f, weir_sv path, weir__dg_cell *out,
                      uint32_t *n, weir_status *st);
/* datagen_template.c */
weir_rc weir__dg_template(weir_arena *a, const weir__dg_table *t, weir_sv text, weir__dg_cell *out,
                          weir_status *st);
/* datagen_walk.c */
weir_rc weir__dg_walk_compile(weir__dg_maker *m, weir__dg_field *f, weir__dg_table *t,
                              weir_status *st);

/* ---- generating ---- */

typedef struct weir__dg_session {
    uint64_t session, item;
    uint32_t state;
    bool open;
} weir__dg_session;
/* The sessions of one table that are under way. */
typedef struct weir__dg_walk {
    weir__dg_session *slots;
    uint64_t begun;
} weir__dg_walk;
/* The event of row m->row: sets session, item and state. Rows in order. */
void weir__dg_walk_next(const weir__dg_walk_rule *rule, weir__dg_walk *w, weir__dg_moment *m);

/* datagen_cell.c. The text of one cell: as JSON, or plain; false: NULL (JSON says null). */
bool weir__dg_write(const weir_datagen_spec *s, const weir__dg_cell *c, const weir__dg_moment *m,
                    bool json, weir_buf *out);
/* Rows of a stream that there are at a moment of another one. */
uint64_t weir__dg_rows_before(const weir_datagen_spec *s, uint32_t table, const weir__dg_moment *m);
/* What befalls row `row`: nothing, or it is malformed, or a tombstone. */
typedef enum weir__dg_fate { WEIR__DG_WHOLE, WEIR__DG_MALFORMED, WEIR__DG_TOMBSTONE } weir__dg_fate;
weir__dg_fate weir__dg_fate_of(const weir_datagen_spec *s, uint32_t table, uint64_t row);

static inline uint64_t weir__dg_seed(uint64_t base, uint64_t counter, uint64_t sub)
{
    return weir_hash_u64(base + counter * 0x9e3779b97f4a7c15u + sub * 0xd1b54a32d192ed03u);
}
