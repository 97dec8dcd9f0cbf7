/* Rows of a topic as commands of Redis.
 *
 * Absolute values (SET, HSET, SADD, ZADD) may come twice: they are written again, in order. What adds up
 * (HINCRBY, RPUSH, XADD …) becomes words for the fence's script: see sink_redis_fence.c. */
#include "connectors/sink_redis.h"

/* One row, while it becomes commands: straight, or as counted words for the fence's script. */
typedef struct maker {
    weir__redis_sink *sink;
    const weir__redis_bound *b;
    const weir_sink_rows *r;
    const weir_sink_json *json;
    uint32_t row;
    weir_buf *out;
    uint32_t replies, words;
    const char *why;
} maker;

static void command(maker *m, uint32_t n)
{
    if (m->b->fenced) {
        weir_redis_arg_int(m->out, n);
        m->words += n + 1;
        return;
    }
    weir_redis_args(m->out, n);
    m->replies++;
}

static void word(maker *m, weir_sv w)
{
    weir_redis_arg(m->out, w);
}

static void key(maker *m)
{
    weir_buf_sv(m->out, weir_buf_view(&m->sink->key));
}

static bool filled(maker *m, const weir_template *t)
{
    weir_buf *text = &m->sink->word;
    weir_buf_reset(text);
    if (!weir_template_render(t, m->r, m->row, text, &m->why)) {
        return false;
    }
    weir_redis_arg(m->out, weir_buf_view(text));
    return true;
}

static bool value(maker *m)
{
    if (m->json) {
        word(m, m->json->rows[m->row]);
        return true;
    }
    return filled(m, m->b->value);
}

static bool is_null(const maker *m, uint32_t col)
{
    return !weir_vec_is_valid(&m->r->batch->cols[col], m->row);
}

/* As CAST(x AS STRING) prints it; nested ones as JSON. */
static weir_sv printed(maker *m, const weir_type *type, const weir_value *x)
{
    weir_buf *text = &m->sink->word;
    weir_buf_reset(text);
    if (type->kind == WEIR_T_ARRAY || type->kind == WEIR_T_MAP || type->kind == WEIR_T_STRUCT) {
        weir_value_print_json(text, type, x);
    } else if (type->kind == WEIR_T_BYTES) {
        weir_buf_sv(text, x->sv);
    } else {
        weir_value_print(text, type, x);
    }
    return weir_buf_view(text);
}

static void column(maker *m, uint32_t col)
{
    const weir_vec *v = &m->r->batch->cols[col];
    if (v->type->kind == WEIR_T_STRING) {
        word(m, WEIR_AT(weir_sv, v, m->row));
    } else if (v->type->kind == WEIR_T_BIGINT) {
        weir_redis_arg_int(m->out, WEIR_AT(int64_t, v, m->row));
    } else if (v->type->kind == WEIR_T_INTEGER) {
        weir_redis_arg_int(m->out, WEIR_AT(int32_t, v, m->row));
    } else {
        weir_value x = weir_vec_get(v, m->row);
        word(m, printed(m, v->type, &x));
    }
}

/* ---- time to live ---- */

/* False: for ever. *at: it is a time, and no duration. */
static bool ttl_of(const maker *m, int64_t *ms, bool *at)
{
    *at = false;
    *ms = m->sink->ttl_ms;
    if (m->b->ttl_col >= 0) {
        const weir_vec *v = &m->r->batch->cols[m->b->ttl_col];
        if (is_null(m, (uint32_t)m->b->ttl_col)) {
            return false;
        }
        *at = v->type->kind == WEIR_T_TIMESTAMP;
        *ms = v->type->kind == WEIR_T_INTEGER ? WEIR_AT(int32_t, v, m->row) : WEIR_AT(int64_t, v, m->row);
        if (!*at) {
            *ms = *ms > INT64_MAX / 1000000 ? INT64_MAX / 1000 : *ms * 1000; /* Redis adds the time of day */
        }
    }
    return *ms > 0;
}

static void expire(maker *m)
{
    int64_t ms = 0;
    bool at = false;
    if (!ttl_of(m, &ms, &at)) {
        return;
    }
    command(m, m->sink->ttl_if_new ? 4 : 3);
    word(m, at ? WEIR_SV("PEXPIREAT") : WEIR_SV("PEXPIRE"));
    key(m);
    weir_redis_arg_int(m->out, ms);
    if (m->sink->ttl_if_new) {
        word(m, WEIR_SV("NX"));
    }
}

/* ---- types ---- */

/* SET ends a life unless it is told otherwise. */
static bool string(maker *m)
{
    int64_t ms = 0;
    bool at = false;
    bool ends = ttl_of(m, &ms, &at);
    bool keeps = ends && m->sink->ttl_if_new;
    command(m, keeps ? 4 : ends ? 5 : 3);
    word(m, WEIR_SV("SET"));
    key(m);
    if (!value(m)) {
        return false;
    }
    if (keeps) {
        word(m, WEIR_SV("KEEPTTL"));
        expire(m);
    } else if (ends) {
        word(m, at ? WEIR_SV("PXAT") : WEIR_SV("PX"));
        weir_redis_arg_int(m->out, ms);
    }
    return true;
}

static bool add_member(maker *m, weir_sv name)
{
    command(m, 3);
    word(m, name);
    key(m);
    if (!filled(m, m->b->member)) {
        return false;
    }
    expire(m);
    return true;
}

static void increments(maker *m)
{
    const weir__redis_bound *b = m->b;
    for (uint32_t i = 0; i < b->n_fields; i++) {
        const weir__redis_field *f = &b->fields[i];
        if (!f->incr || is_null(m, f->col)) {
            continue;
        }
        weir_kind kind = m->r->batch->cols[f->col].type->kind;
        command(m, 4);
        word(m, kind == WEIR_T_INTEGER || kind == WEIR_T_BIGINT ? WEIR_SV("HINCRBY")
                                                               : WEIR_SV("HINCRBYFLOAT"));
        key(m);
        weir_buf_sv(m->out, f->word);
        column(m, f->col);
    }
}

/* Fields whose column is NULL are removed: the hash is what the row is. */
static bool hash(maker *m)
{
    const weir__redis_bound *b = m->b;
    uint32_t nulls = 0;
    for (uint32_t i = 0; i < b->n_fields; i++) {
        nulls += !b->fields[i].incr && is_null(m, b->fields[i].col);
    }
    if (b->n_set > nulls) {
        command(m, 2 + 2 * (b->n_set - nulls));
        word(m, WEIR_SV("HSET"));
        key(m);
        for (uint32_t i = 0; i < b->n_fields; i++) {
            if (!b->fields[i].incr && (nulls == 0 || !is_null(m, b->fields[i].col))) {
                weir_buf_sv(m->out, b->fields[i].word);
                column(m, b->fields[i].col);
            }
        }
    }
    if (nulls) {
        command(m, 2 + nulls);
        word(m, WEIR_SV("HDEL"));
        key(m);
        for (uint32_t i = 0; i < b->n_fields; i++) {
            if (!b->fields[i].incr && is_null(m, b->fields[i].col)) {
                weir_buf_sv(m->out, b->fields[i].word);
            }
        }
    }
    increments(m);
    expire(m);
    return true;
}

static bool list(maker *m)
{
    int64_t most = m->sink->list_max;
    command(m, 3);
    word(m, weir_sv_cstr(m->sink->list_op));
    key(m);
    if (!value(m)) {
        return false;
    }
    if (most > 0) {
        bool right = m->sink->list_op[0] == 'R';
        command(m, 4);
        word(m, WEIR_SV("LTRIM"));
        key(m);
        weir_redis_arg_int(m->out, right ? -most : 0);
        weir_redis_arg_int(m->out, right ? -1 : most - 1);
    }
    expire(m);
    return true;
}

static bool zset(maker *m)
{
    weir_sv flag = m->sink->zadd;
    if (is_null(m, (uint32_t)m->b->score)) {
        m->why = "its score is NULL";
        return false;
    }
    command(m, flag.n ? 5 : 4);
    word(m, WEIR_SV("ZADD"));
    key(m);
    if (flag.n) {
        word(m, flag);
    }
    column(m, (uint32_t)m->b->score);
    if (!filled(m, m->b->member)) {
        return false;
    }
    expire(m);
    return true;
}

static bool is_nan(const weir_type *t, const weir_value *v)
{
    return t->kind == WEIR_T_DOUBLE && v->f64 != v->f64;
}

/* Once the old set is deleted nothing may be refused any more. */
static bool check_items(maker *m, const weir_value *array, uint32_t *n)
{
    const weir__redis_bound *b = m->b;
    const weir_type *item = m->r->batch->cols[b->array].type->item;
    *n = 0;
    for (uint32_t i = 0; !array->null && i < array->n; i++) {
        const weir_value *x = &array->items[i];
        *n += !x->null;
        if (x->null || b->array_score < 0) {
            continue;
        }
        const weir_value *score = &x->items[b->array_score];
        if (score->null || x->items[b->array_member].null ||
            is_nan(item->fields[b->array_score].type, score)) {
            m->why = "an item of the array has no score or no member";
            return false;
        }
    }
    return true;
}

static void put_items(maker *m, const weir_value *array)
{
    const weir__redis_bound *b = m->b;
    const weir_type *item = m->r->batch->cols[b->array].type->item;
    for (uint32_t i = 0; i < array->n; i++) {
        const weir_value *x = &array->items[i];
        if (x->null) {
            continue;
        }
        if (b->array_score >= 0) {
            word(m, printed(m, item->fields[b->array_score].type, &x->items[b->array_score]));
            word(m, printed(m, item->fields[b->array_member].type, &x->items[b->array_member]));
        } else {
            weir_redis_arg_int(m->out, (int64_t)(array->n - i)); /* the first one is the highest */
            word(m, printed(m, item, x));
        }
    }
}

/* An array of STRUCTs, or of members in order: the set is replaced at once. */
static bool zset_from_array(maker *m)
{
    const weir_vec *v = &m->r->batch->cols[m->b->array];
    weir_value array = is_null(m, (uint32_t)m->b->array) ? weir_null(WEIR_T_ARRAY)
                                                         : weir_vec_get(v, m->row);
    uint32_t n = 0;
    if (!check_items(m, &array, &n)) {
        return false;
    }
    command(m, 1);
    word(m, WEIR_SV("MULTI"));
    command(m, 2);
    word(m, WEIR_SV("DEL"));
    key(m);
    if (n) {
        command(m, 2 + 2 * n);
        word(m, WEIR_SV("ZADD"));
        key(m);
        put_items(m, &array);
        expire(m);
    }
    command(m, 1);
    word(m, WEIR_SV("EXEC"));
    return true;
}

static bool stream(maker *m)
{
    const weir__redis_bound *b = m->b;
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n_fields; i++) {
        n += !is_null(m, b->fields[i].col);
    }
    bool capped = m->sink->stream_max > 0;
    if (n == 0) {
        m->why = "all its columns are NULL";
        return false;
    }
    command(m, 3u + (capped ? 3u : 0u) + 2u * n);
    word(m, WEIR_SV("XADD"));
    key(m);
    if (capped) {
        word(m, WEIR_SV("MAXLEN"));
        word(m, WEIR_SV("~"));
        weir_redis_arg_int(m->out, m->sink->stream_max);
    }
    word(m, WEIR_SV("*"));
    for (uint32_t i = 0; i < b->n_fields; i++) {
        if (!is_null(m, b->fields[i].col)) {
            weir_buf_sv(m->out, b->fields[i].word);
            column(m, b->fields[i].col);
        }
    }
    expire(m);
    return true;
}

static bool publish(maker *m)
{
    command(m, 3);
    word(m, WEIR_SV("PUBLISH"));
    key(m);
    return value(m);
}

static bool words(maker *m)
{
    bool script = m->sink->type == WEIR__REDIS_SCRIPT;
    command(m, m->b->n_words + (script ? 4 : 0));
    if (script) { /* the whole text: Redis compiles a text once */
        word(m, WEIR_SV("EVAL"));
        word(m, m->sink->script);
        word(m, WEIR_SV("1"));
        key(m);
    }
    for (uint32_t i = 0; i < m->b->n_words; i++) {
        if (!filled(m, m->b->words[i])) {
            return false;
        }
    }
    return true;
}

/* ---- tombstones ---- */

static bool deletion(maker *m)
{
    weir__redis_type type = m->sink->type;
    bool member = type == WEIR__REDIS_SET || type == WEIR__REDIS_ZSET;
    command(m, member ? 3 : 2);
    word(m, type == WEIR__REDIS_SET    ? WEIR_SV("SREM")
            : type == WEIR__REDIS_ZSET ? WEIR_SV("ZREM")
            : weir_sv_ieq(m->sink->on_delete, WEIR_SV("unlink")) ? WEIR_SV("UNLINK")
                                                                 : WEIR_SV("DEL"));
    key(m);
    return !member || filled(m, m->b->member);
}

static bool change(maker *m)
{
    switch (m->sink->type) {
    case WEIR__REDIS_STRING:
    case WEIR__REDIS_JSON: return string(m);
    case WEIR__REDIS_HASH: return hash(m);
    case WEIR__REDIS_LIST: return list(m);
    case WEIR__REDIS_SET: return add_member(m, WEIR_SV("SADD"));
    case WEIR__REDIS_ZSET: return zset(m);
    case WEIR__REDIS_ZREPLACE: return zset_from_array(m);
    case WEIR__REDIS_STREAM: return stream(m);
    case WEIR__REDIS_PUBSUB: return publish(m);
    case WEIR__REDIS_PFADD: return add_member(m, WEIR_SV("PFADD"));
    case WEIR__REDIS_COMMAND:
    case WEIR__REDIS_SCRIPT: return words(m);
    }
    return false;
}

/* ---- rows ---- */

/* The key as a word, in sink->key, and its slot: that is where the row goes, and what keeps its order. Of
 * a command it is the word behind the name. */
static bool find_key(maker *m, uint64_t *slot)
{
    weir__redis_sink *s = m->sink;
    bool command = s->type == WEIR__REDIS_COMMAND;
    const weir_template *t = command && m->b->n_words > 1 ? m->b->words[1] : m->b->key;
    weir_buf_reset(&s->word);
    weir_buf_reset(&s->key);
    if (command && m->b->n_words < 2) {
        *slot %= WEIR_REDIS_SLOTS;
        return true;
    }
    if (!weir_template_render(t, m->r, m->row, &s->word, &m->why)) {
        return false;
    }
    *slot = weir_redis_slot(weir_buf_view(&s->word));
    weir_redis_arg(&s->key, weir_buf_view(&s->word));
    return true;
}

static bool nothing_to_do(const weir__redis_bound *b, const weir_sink_rows *r, uint32_t row)
{
    return weir_sink_tombstone(r, row) && !b->deletes;
}

void weir__redis_render(void *self, const weir_sink_rows *r, weir_sink_parcel *out)
{
    weir__redis_sink *s = self;
    const weir__redis_bound *b = r->in->bound;
    weir_sink_json json;
    if (b->rows_json) {
        weir_sink_rows_json(r, false, &json);
    }
    WEIR_EACH_ROW(r->batch, i, row) {
        if (nothing_to_do(b, r, row)) {
            continue;
        }
        weir_sink_item *item = weir_sink_begin(out, r, row);
        maker m = {.sink = s, .b = b, .r = r, .json = b->rows_json ? &json : NULL, .row = row,
                   .out = &out->bytes};
        bool gone = weir_sink_tombstone(r, row);
        bool ok = !(gone && b->no_delete);
        m.why = ok ? NULL : b->no_delete;
        ok = ok && find_key(&m, &item->lane_hash);
        if (ok && b->fenced) {
            key(&m);
        }
        ok = ok && (gone ? deletion(&m) : change(&m));
        item->aux = b->fenced ? m.words : m.replies;
        if (!ok) {
            weir_sink_poison(out, item, "%s", m.why);
        } else if (item->aux) {
            weir_sink_end(out, item);
        } else { /* all is NULL: nothing to count up */
            out->bytes.n = item->at;
        }
    }
}
