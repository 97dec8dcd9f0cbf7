/* Tables in Redis that streams are joined with: a hash or a string for each row. Options, and keys to requests;
 * keys are written as the sink `redis` writes them. */
#include "connectors/table_redis.h"

#include "connectors/redis_target.h"
#include "connectors/template_impl.h"

/* ---- options ---- */

/* The record that a template sees has a key, and nothing else. */
static weir_rc read_key(weir__redis_table *t, const weir_source *table, weir_status *st)
{
    weir_arena *a = weir_conn_arena(t->conn);
    weir_schema *key = WEIR_NEW(a, weir_schema);
    weir_source *source = WEIR_NEW(a, weir_source);
    bool named = false;
    *key = (weir_schema){.n = 1, .n_keys = 1, .cols = table->schema->cols};
    *source = *table;
    source->schema = key;
    t->in = (weir_sink_input){.conn = t->conn, .topic = table->name, .source = source, .schema = key};
    WEIR_TRY(weir_template_option(&t->in, "redis.key", WEIR_TEMPLATE_PLAIN, &t->key, st));
    for (uint32_t i = 0; i < t->key->n; i++) {
        weir__tpl_what what = t->key->parts[i].what;
        named |= what == WEIR__TPL_COLUMN || what == WEIR__TPL_KEY;
        if (what != WEIR__TPL_LITERAL && what != WEIR__TPL_COLUMN && what != WEIR__TPL_KEY) {
            return weir_conn_refuse(t->conn, "redis.key", t->key->parts[i].at, 1, st,
                                    "a key that is looked up is made of ${" WEIR_SV_FMT "} and text",
                                    WEIR_SV_ARG(key->cols[0].name));
        }
    }
    return named ? WEIR_OK
                 : weir_conn_refuse(t->conn, "redis.key", 0, 0, st, "does not name the key: ${" WEIR_SV_FMT "}",
                                    WEIR_SV_ARG(key->cols[0].name));
}

static int32_t column_of(const weir_schema *s, weir_sv name)
{
    for (uint32_t i = s->n_keys; i < s->n; i++) {
        if (weir_sv_ieq(s->cols[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* COLUMN or COLUMN=name, with commas. */
static weir_rc read_names(weir__redis_table *t, const weir_schema *s, weir_sv *names, weir_status *st)
{
    const weir_sv *items = NULL;
    uint32_t n = weir_conn_list(t->conn, "hash.fields", &items);
    for (uint32_t i = 0; i < n; i++) {
        const char *equals = memchr(items[i].p, '=', items[i].n);
        uint32_t at = equals ? (uint32_t)(equals - items[i].p) : items[i].n;
        weir_sv column = weir_sv_trim(weir_sv_of(items[i].p, at));
        int32_t c = column_of(s, column);
        if (weir_sv_eq(column, WEIR_SV("*"))) {
            continue;
        }
        if (c < 0) {
            return weir_conn_refuse(t->conn, "hash.fields", 0, 0, st,
                                    WEIR_SV_FMT " is no column of the table besides its key",
                                    WEIR_SV_ARG(column));
        }
        names[c] = equals ? weir_sv_trim(weir_sv_of(equals + 1, items[i].n - at - 1)) : s->cols[c].name;
    }
    return WEIR_OK;
}

/* HMGET key field field …: always all columns, so that it does not depend on the query what a row is. */
static weir_rc read_hash(weir__redis_table *t, const weir_schema *s, weir_status *st)
{
    weir_arena *a = weir_conn_arena(t->conn);
    weir_sv *names = WEIR_NEW_N(a, weir_sv, s->n);
    weir_buf words = {0};
    for (uint32_t i = 0; i < s->n; i++) {
        names[i] = s->cols[i].name;
    }
    WEIR_TRY(read_names(t, s, names, st));
    t->n_fields = s->n - 1u;
    for (uint32_t i = 1; i < s->n; i++) {
        weir_redis_arg(&words, names[i]);
    }
    t->fields = weir_arena_sv(a, weir_buf_view(&words));
    weir_buf_deinit(&words);
    return WEIR_OK;
}

static weir_rc read_columns(weir__redis_table *t, const weir_source *table, weir_status *st)
{
    weir_arena *a = weir_conn_arena(t->conn);
    weir_buf words = {0};
    const weir_schema *s = table->schema;
    t->hash = weir_conn_is(t->conn, "redis.type", "hash");
    t->json = weir_conn_is(t->conn, "redis.type", "json");
    if (s->n < 2) {
        return weir_fail(st, WEIR_ESQL, "a table that is looked up needs a column besides its key");
    }
    if (!t->hash && !t->json && s->n != 2) {
        weir_conn_refuse(t->conn, "redis.type", 0, 0, st, "a string has one column besides the key");
        return weir_hint(st, "'redis.type'='json' is for a JSON object with several");
    }
    if (t->hash) {
        WEIR_TRY(read_hash(t, s, st));
    }
    weir_redis_args(&words, t->hash ? 2 + t->n_fields : 2);
    weir_redis_arg(&words, t->hash ? WEIR_SV("HMGET") : WEIR_SV("GET"));
    t->request = weir_arena_sv(a, weir_buf_view(&words));
    weir_buf_deinit(&words);
    t->texts = WEIR_NEW_N(a, weir_sv, s->n);
    return WEIR_OK;
}

static void close_table(void *self)
{
    weir__redis_table *t = self;
    weir_tls_free(t->tls);
    weir_redis_slots_deinit(&t->slots);
    weir_free(t->waiting.items);
    weir_free(t);
}

static weir_rc open_table(weir_conn *c, weir_sv position, void **self, weir_status *st)
{
    weir__redis_table *t = weir_zalloc(sizeof *t);
    const weir_source *table = weir_conn_table(c);
    (void)position;
    t->conn = c;
    weir_redis_slots_init(&t->slots);
    t->policy = (weir_retry_policy){.max_retries = WEIR_RETRY_FOREVER,
                                    .base_ms = weir_conn_int(c, "retry.backoff.ms"),
                                    .cap_ms = weir_conn_int(c, "retry.backoff.max.ms")};
    t->cluster = t->stale = weir_conn_is(c, "redis.mode", "cluster");
    weir_rc rc = weir_redis_target_read(c, "lookup.timeout", &t->target, &t->slots, &t->tls, st);
    rc = rc ? rc : read_key(t, table, st);
    rc = rc ? rc : read_columns(t, table, st);
    if (rc != WEIR_OK) {
        close_table(t);
        return rc;
    }
    *self = t;
    return WEIR_OK;
}

/* ---- requests: workers ---- */

static weir_rc bind(void *self, weir__asker *a, weir_status *st)
{
    weir__redis_table *t = self;
    return weir__asker_reads(a, weir_conn_formats(t->conn), t->json, st);
}

static void render(const weir__asker *a, const weir_vec *keys, uint16_t row, weir__question *q, uint32_t i)
{
    static const weir_rec rec;
    static const weir_chunk chunk = {.n = 1, .recs = (weir_rec *)(uintptr_t)&rec};
    const weir__redis_table *t = weir_conn_self(a->conn);
    size_t width = weir_type_width(keys->type);
    weir_vec key = {.type = keys->type, .data = (char *)keys->data + (row & keys->mask) * width};
    weir_batch b = {.schema = t->in.schema, .rows = 1, .nsel = 1, .cols = &key};
    weir_sink_rows rows = {.in = &t->in, .chunk = &chunk, .batch = &b};
    weir_buf text = {0};
    const char *why = NULL;
    bool rendered = weir_template_render(t->key, &rows, 0, &text, &why);
    WEIR_ASSERT(rendered); /* a key that is not NULL in a plain text */
    q->keys[i].aux = weir_redis_slot(weir_buf_view(&text));
    weir_buf_sv(&q->bytes, t->request);
    weir_redis_arg(&q->bytes, weir_buf_view(&text));
    weir_buf_sv(&q->bytes, t->fields);
    weir_buf_deinit(&text);
}

/* ---- the kind ---- */

static const weir_source_calls calls = {.open = open_table,
                                        .start = weir__redis_table_start,
                                        .stop = weir__redis_table_stop,
                                        .close = close_table};
static const struct weir_table_calls table_calls = {
    .bind = bind, .render = render, .ask = weir__redis_table_ask};

static const weir_conn_option options[] = {
    {"redis.mode", "redis.client.mode", WEIR_CONN_CHOICE, "auto", false, 0, 0, "auto|standalone|cluster",
     "auto: the server is asked what it is (CLUSTER SLOTS), and moved slots are followed."},
    WEIR_REDIS_TARGET_OPTIONS("lookup.timeout", "redis.timeout|redis.timeout.ms",
                              "No reply for so long: the connection is broken off, and all is asked again."),
    {"redis.type", NULL, WEIR_CONN_CHOICE, "hash", false, 0, 0, "hash|string|json",
     "What a row is: a hash with a field for each column, a string that is its one column, or a string that is "
     "a JSON object."},
    {"redis.key", "redis.keyspace|key", WEIR_CONN_TEMPLATE, NULL, true, 0, 0, NULL,
     "The key of a row: ${COLUMN} is the PRIMARY KEY, as in user:${ID}."},
    {"hash.fields", NULL, WEIR_CONN_LIST, "*", false, 0, 0, NULL,
     "hash: COLUMN=name for columns whose field has another name than the column."},
    {"lookup.cache.ttl", NULL, WEIR_CONN_MS, "10s", false, 0, 365 * INT64_C(86400000), NULL,
     "How long a row, or that there is none, is known without asking again; 0: only for records that are read "
     "together."},
    {"lookup.cache.max.entries", NULL, WEIR_CONN_INTEGER, "100000", false, 0, 100000000, NULL,
     "About so many rows are known at most, for each partition of each query."},
    {"retry.backoff.ms", "retry.backoff", WEIR_CONN_MS, "100", false, 1, 86400000, NULL,
     "Redis is away: the pause before it is asked again; it doubles, with full jitter. The queries wait."},
    {"retry.backoff.max.ms", "max.retry.backoff.ms", WEIR_CONN_MS, "5s", false, 1, 86400000, NULL,
     "The longest such pause."},
};

const weir_conn_kind weir_conn_kind_table_redis = {
    .name = "redis",
    .line = "looks rows of a table up in Redis, for streams that are joined with it",
    .guarantee = "each record comes out once; what was held back is asked for again, and meets what Redis has by "
                 "then",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_source = &calls,
    .as_table = &table_calls,
};
