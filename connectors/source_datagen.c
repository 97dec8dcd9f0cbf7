/* Invented records (datagen.h) as a source: what is due by now becomes chunks, one for each topic.
 *
 *   generator ─ records that are due ─► piles, one per table ─► chunks ─ put_all ─► topics
 *
 * The position is the number of records so far: behind it the generator goes on with the same sequence. */
#include "connectors/datagen.h"
#include "connectors/intake.h"

#include "engine/base/limits.h"
#include "engine/data/json_text.h"
#include "engine/io/file.h"

#define STEP_RECORDS WEIR_BATCH_ROWS
#define STEP_BYTES (4u << 20)
#define WAIT_MS_MAX 1000

/* The records of one table in one step. */
typedef struct pile {
    weir_source_output *to; /* NULL: the table is not wanted */
    weir_intake *intake;    /* NULL: nobody has declared the topic */
    weir_chunk_builder records;
    weir_buf text;          /* keys, values, objects of both */
    struct {
        uint32_t key_at, key_n, value_at, value_n, doc_at, doc_n;
        bool raw;
        int64_t timestamp;
    } *at;
    uint32_t n;
} pile;

typedef struct source {
    weir_conn *conn;
    weir_arena arena;
    weir_datagen_spec *spec;
    weir_datagen *gen;
    pile *piles;
    uint32_t n_tables;
    weir_source_part *parts; /* made, and not yet put */
    uint32_t n_parts;
    bool unput;              /* … there are some, or a position */
    bool paused, over;
    int64_t begun_ns;        /* when the first record was due */
    weir_timer *timer;
} source;

/* ---- opening: control thread ---- */

static weir_rc read_file(void *ctx, weir_sv path, weir_arena *a, weir_sv *text, weir_status *st)
{
    (void)ctx;
    weir_buf b = {0};
    weir_rc rc = weir_file_read(weir_arena_cstr(a, path), WEIR_DATAGEN_FILE_MAX, &b, st);
    *text = weir_arena_sv(a, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return rc;
}

typedef struct given {
    source *s;
    weir_datagen_option *options;
    uint32_t n, cap;
} given;

static void add_field(void *ctx, weir_sv rest, weir_sv value)
{
    given *g = ctx;
    weir_datagen_option o = {weir_arena_printf(&g->s->arena, "fields." WEIR_SV_FMT, WEIR_SV_ARG(rest)),
                             value};
    WEIR_PUSH(&g->s->arena, g->options, g->n, g->cap, o);
}

static void read_options(source *s, weir_datagen_request *r)
{
    given g = {.s = s};
    for (uint32_t i = 0; i < weir_datagen_n_settings; i++) {
        const char *name = weir_datagen_settings[i].name;
        if (weir_conn_given(s->conn, name)) {
            weir_datagen_option o = {weir_sv_cstr(name), weir_conn_text(s->conn, name)};
            WEIR_PUSH(&s->arena, g.options, g.n, g.cap, o);
        }
    }
    weir_conn_each(s->conn, "fields.", add_field, &g);
    r->options = g.options;
    r->n_options = g.n;
}

/* What the stream over the topic has, is what is made. */
static void read_columns(source *s, const weir_source *stream, weir_datagen_request *r)
{
    const weir_schema *schema = stream->schema;
    weir_datagen_column *cols = WEIR_NEW_N(&s->arena, weir_datagen_column, schema->n + 1u);
    uint32_t n = 0;
    for (uint32_t i = 0; i < schema->n; i++) {
        const weir_column *c = &schema->cols[i];
        if (c->role == WEIR_COL_KEY || c->role == WEIR_COL_VALUE) {
            cols[n++] = (weir_datagen_column){c->name, c->type, c->role == WEIR_COL_KEY};
        }
    }
    r->columns = cols;
    r->n_columns = n;
}

static weir_rc describe(source *s, const weir_source_output *to, weir_status *st)
{
    weir_datagen_request r = {.read_file = read_file, .avro = weir_conn_text(s->conn, "schema.string")};
    weir_sv file = weir_conn_text(s->conn, "schema.filename");
    weir_sv model = weir_conn_text(s->conn, "model.filename");
    if (file.n) {
        WEIR_TRY(read_file(NULL, file, &s->arena, &r.avro, st));
    }
    if (model.n) {
        WEIR_TRY(read_file(NULL, model, &s->arena, &r.model_text, st));
    }
    if (to && to->source->schema->n) {
        read_columns(s, to->source, &r);
    }
    read_options(s, &r);
    return weir_datagen_describe(&s->arena, &r, &s->spec, st);
}

static weir_rc open_pile(source *s, pile *p, weir_source_output *to, weir_status *st)
{
    p->to = to;
    weir_chunk_builder_init(&p->records);
    p->at = weir_alloc(sizeof *p->at * STEP_RECORDS);
    return to->source->schema->n ? weir_intake_new_bare(s->conn, to, &p->intake, st) : WEIR_OK;
}

/* Where the tables go: to `topic`, or each to the topic that has its name. */
static weir_rc open_piles(source *s, weir_source_output *only, weir_status *st)
{
    s->n_tables = weir_datagen_tables(s->spec);
    s->piles = WEIR_NEW_N(&s->arena, pile, s->n_tables + 1);
    s->parts = WEIR_NEW_N(&s->arena, weir_source_part, s->n_tables + 1);
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < s->n_tables; i++) {
        const weir_datagen_table *t = weir_datagen_table_at(s->spec, i);
        if (!t->wanted) {
            continue;
        }
        if (only && wanted++ > 0) {
            weir_conn_refuse(s->conn, "topic", 0, 0, st, "there are several tables, for a topic each");
            return weir_hint(st, "leave it out: the tables' names are the topics'; or choose one with 'tables'");
        }
        weir_source_output *to = only;
        if (!to) {
            weir_sv prefix = weir_conn_text(s->conn, "topic.prefix");
            weir_sv name = weir_arena_printf(&s->arena, WEIR_SV_FMT WEIR_SV_FMT, WEIR_SV_ARG(prefix),
                                             WEIR_SV_ARG(t->name));
            WEIR_TRY(weir_source_to(s->conn, name, &to, st));
        }
        WEIR_TRY(open_pile(s, &s->piles[i], to, st));
    }
    return WEIR_OK;
}

static void close_source(void *self)
{
    source *s = self;
    for (uint32_t i = 0; i < s->n_parts; i++) {
        weir_chunk_unref(s->parts[i].chunk);
    }
    for (uint32_t i = 0; i < s->n_tables; i++) {
        pile *p = &s->piles[i];
        if (p->to) {
            weir_intake_free(p->intake);
            weir_chunk_builder_deinit(&p->records);
            weir_buf_deinit(&p->text);
            weir_free(p->at);
        }
    }
    weir_datagen_free(s->gen);
    weir_arena_deinit(&s->arena);
    weir_free(s);
}

static weir_rc open_source(weir_conn *c, weir_sv position, void **self, weir_status *st)
{
    source *s = weir_zalloc(sizeof *s);
    s->conn = c;
    weir_arena_init(&s->arena);
    weir_source_output *only = NULL;
    weir_sv topic = weir_conn_text(c, "topic");
    weir_rc rc = topic.n ? weir_source_to(c, topic, &only, st) : WEIR_OK;
    rc = rc ? rc : describe(s, only, st);
    rc = rc ? rc : open_piles(s, only, st);
    if (rc != WEIR_OK) {
        close_source(s);
        return rc;
    }
    s->gen = weir_datagen_new(s->spec);
    if (position.n) {
        weir_reader r = weir_reader_of(position);
        weir_datagen_seek(s->gen, weir_read_be64(&r));
    }
    *self = s;
    return WEIR_OK;
}

/* ---- records ---- */

static uint32_t end_of(const pile *p)
{
    return (uint32_t)p->text.n;
}

/* Key columns as members of an object: one is called as the stream calls it. */
static void add_key_members(pile *p, weir_sv key_json)
{
    const weir_schema *schema = p->to->source->schema;
    if (schema->n_keys == 1) {
        weir_json_string(&p->text, schema->cols[0].name);
        weir_buf_byte(&p->text, ':');
        weir_buf_sv(&p->text, key_json);
    } else if (schema->n_keys > 1 && key_json.n > 2 && key_json.p[0] == '{') {
        weir_buf_add(&p->text, key_json.p + 1, key_json.n - 2);
    }
}

/* One object of all columns, for the intake. */
static void add_doc(pile *p, const weir_datagen_record *r)
{
    weir_buf_byte(&p->text, '{');
    size_t from = p->text.n;
    add_key_members(p, r->key_json);
    bool plain = r->value.n != UINT32_MAX && !r->malformed && r->value.n > 2;
    if (plain) {
        weir_buf_str(&p->text, p->text.n > from ? "," : "");
        weir_buf_add(&p->text, r->value.p + 1, r->value.n - 1);
    } else {
        weir_buf_byte(&p->text, '}');
    }
}

static void add_record(source *s, const weir_datagen_record *r)
{
    pile *p = &s->piles[r->table];
    weir_sv null = {NULL, WEIR_NULL_BYTES};
    if (!p->to) {
        return;
    }
    if (!p->intake) {
        weir_chunk_builder_add(&p->records, r->key.n == UINT32_MAX ? null : r->key,
                               r->value.n == UINT32_MAX ? null : r->value, (weir_sv){0}, r->timestamp, 0);
        p->n++;
        return;
    }
    uint32_t i = p->n++;
    p->at[i].key_at = end_of(p);
    p->at[i].key_n = r->key.n;
    weir_buf_add(&p->text, r->key.p, r->key.n == UINT32_MAX ? 0 : r->key.n);
    p->at[i].value_at = end_of(p);
    p->at[i].value_n = r->value.n;
    weir_buf_add(&p->text, r->value.p, r->value.n == UINT32_MAX ? 0 : r->value.n);
    p->at[i].doc_at = end_of(p);
    add_doc(p, r);
    p->at[i].doc_n = end_of(p) - p->at[i].doc_at;
    p->at[i].raw = r->malformed || r->value.n == UINT32_MAX;
    p->at[i].timestamp = r->timestamp;
}

static weir_sv text_at(const pile *p, uint32_t at, uint32_t n)
{
    return n == UINT32_MAX ? (weir_sv){NULL, WEIR_NULL_BYTES} : weir_sv_of(p->text.p + at, n);
}

/* Records of a declared topic, as its formats have them. */
static void encode(source *s, pile *p)
{
    weir_sv docs[STEP_RECORDS];
    weir_intake_own *own = weir_alloc(sizeof *own * STEP_RECORDS);
    weir_buf_reserve(&p->text, WEIR_CHUNK_PADDING);
    for (uint32_t i = 0; i < p->n; i++) {
        docs[i] = text_at(p, p->at[i].doc_at, p->at[i].doc_n);
        own[i] = (weir_intake_own){.key = text_at(p, p->at[i].key_at, p->at[i].key_n),
                                   .value = text_at(p, p->at[i].value_at, p->at[i].value_n),
                                   .raw = p->at[i].raw,
                                   .timestamp = p->at[i].timestamp};
    }
    if (weir_intake_judge(p->intake, docs, p->n) < p->n) {
        uint32_t n = 0;
        const weir_intake_bad *bad = weir_intake_bad_docs(p->intake, &n);
        weir_conn_trouble(s->conn, "what is generated does not fit the columns of " WEIR_SV_FMT ": "
                          WEIR_SV_FMT, WEIR_SV_ARG(p->to->source->name), WEIR_SV_ARG(bad[0].reason));
    }
    weir_intake_add_each(p->intake, &p->records, (weir_sv){0}, own);
    weir_free(own);
    weir_buf_reset(&p->text);
}

/* What is due by now, but not too much at once. Returns in how many ms to look again; -1: that was all. */
static int64_t make_some(source *s)
{
    int64_t elapsed = weir_mono_ns() - s->begun_ns;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < STEP_RECORDS && bytes < STEP_BYTES; i++) {
        weir_datagen_record r;
        int64_t due = weir_datagen_due_ns(s->gen);
        if (due > elapsed) {
            return (due - elapsed) / 1000000 + 1;
        }
        if (!weir_datagen_next(s->gen, &r)) {
            return -1;
        }
        s->unput = true;
        add_record(s, &r);
        bytes += r.value.n == UINT32_MAX ? 0 : r.value.n;
    }
    return 0;
}

static void gather(source *s)
{
    for (uint32_t i = 0; i < s->n_tables; i++) {
        pile *p = &s->piles[i];
        if (p->n && p->intake) {
            encode(s, p);
        }
        p->n = 0;
        weir_chunk *c = p->to ? weir_chunk_builder_take(&p->records) : NULL;
        if (c) {
            s->parts[s->n_parts++] = (weir_source_part){p->to, c};
        }
    }
}

/* False: there is no room. */
static bool put(source *s)
{
    weir_buf position = {0};
    weir_buf_be64(&position, weir_datagen_position(s->gen));
    bool ok = !s->unput || weir_source_put_all(s->conn, s->parts, s->n_parts, weir_buf_view(&position),
                                               NULL, NULL);
    weir_buf_deinit(&position);
    if (ok) {
        s->n_parts = 0;
        s->unput = false;
    }
    return ok;
}

static void on_timer(void *ctx)
{
    source *s = ctx;
    if (s->paused || s->over || !put(s)) {
        return; /* resumed, or called when there is room */
    }
    int64_t wait = make_some(s);
    gather(s);
    s->over = wait < 0;
    bool ok = put(s);
    if (ok && s->over) {
        weir_source_end(s->conn);
    } else if (ok) {
        weir_timer_arm(s->timer, (uint64_t)weir_min64(wait, WAIT_MS_MAX));
    }
}

static void on_room(void *self)
{
    source *s = self;
    if (s->over && put(s)) {
        weir_source_end(s->conn);
    } else if (s->timer && !s->over && !s->paused) {
        weir_timer_arm(s->timer, 0);
    }
}

/* The next record is due now. */
static void begin(source *s)
{
    s->begun_ns = weir_mono_ns() - weir_datagen_due_ns(s->gen);
    weir_timer_arm(s->timer, 0);
}

static weir_rc start(void *self, weir_status *st)
{
    source *s = self;
    (void)st;
    s->timer = weir_timer_once(weir_conn_loop(s->conn), 0, on_timer, s);
    begin(s);
    return WEIR_OK;
}

static void pause_source(void *self, bool paused)
{
    source *s = self;
    s->paused = paused;
    if (!paused) {
        begin(s);
    }
}

static void stop(void *self)
{
    source *s = self;
    weir_timer_stop(s->timer);
    s->timer = NULL;
}

/* The spec knows: a number of rows, a duration, or tables that are all finite. */
static bool bounded(const weir_conn *c)
{
    const source *s = weir_conn_self(c);
    return weir_datagen_bounded(s->spec);
}

static const weir_source_calls calls = {.open = open_source, .start = start, .room = on_room,
                                        .pause = pause_source, .stop = stop, .close = close_source};

static const weir_conn_option options[] = {
    {"topic", "kafka.topic|topics", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "The topic to write to; without it each table's name is its topic."},
    {"topic.prefix", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "Put before tables' names to make topics of them."},
    {"schema.string", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "An Avro schema whose arg.properties say how values are made."},
    {"schema.filename", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "A file with such a schema."},
    {"model.filename", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "A file that describes tables, as `weir datagen --model` reads it."},
    {"fields.*", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "fields.COLUMN.kind and its arguments: how a column's values are made; `weir datagen --rules` tells them."},
#define WEIR_DATAGEN_SETTING(name, aliases, doc)                                                          \
    {name, aliases, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, doc},
#include "connectors/datagen_settings.def"
#undef WEIR_DATAGEN_SETTING
};

const weir_conn_kind weir_conn_kind_source_datagen = {
    .name = "datagen",
    .classes = "DatagenSource|Datagen|faker",
    .line = "invents records: from models, schemas or declared columns",
    .guarantee = "exactly once: after a crash the same sequence goes on where the topic ends",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_source = &calls,
    .bounded = bounded,
};
