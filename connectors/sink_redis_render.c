/* Rows of a topic as commands of Redis.
 *
 * Absolute values (SET, HSET, SADD, ZADD) may come twice. What adds up (HINCRBY, LPUSH, XADD …) goes with
 * a fence: a script looks whether this offset, or a later one of its part of the partition, was done
 * already, does the commands, and moves the fence, all at once.
 *
 *   fence   hash weir:fence:CONNECTOR:TOPIC, field PARTITION:PART → offset
 *   part    hash of the key, modulo 64: records of one key come in order, those of others may not */
#include "connectors/sink_redis.h"

#include "engine/base/hash.h"

#include <stdio.h>

weir_sv weir__redis_fence_script(void)
{
    /* KEYS[1] fence · ARGV[1] field, ARGV[2] offset, then for each command its number of words and them */
    return WEIR_SV("local o=redis.call('HGET',KEYS[1],ARGV[1]) "
                   "if o and tonumber(o)>=tonumber(ARGV[2]) then return 0 end "
                   "local i=3 while i<=#ARGV do local n=tonumber(ARGV[i]) "
                   "redis.call(unpack(ARGV,i+1,i+n)) i=i+n+1 end "
                   "redis.call('HSET',KEYS[1],ARGV[1],ARGV[2]) return 1");
}

/* Commands as they are made: straight into `out`, or counted words of a fenced script call. */
typedef struct maker {
    weir__redis_sink *sink;
    const weir__redis_bound *b;
    const weir_sink_rows *r;
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

static void word(maker *m, const char *w)
{
    weir_redis_arg(m->out, weir_sv_cstr(w));
}

static bool filled(maker *m, const weir_template *t)
{
    weir_buf_reset(&m->sink->scratch);
    if (!weir_template_render(t, m->r, m->row, &m->sink->scratch, &m->why)) {
        return false;
    }
    weir_redis_arg(m->out, weir_buf_view(&m->sink->scratch));
    return true;
}

static bool key(maker *m)
{
    return filled(m, m->b->key);
}

static bool is_null(const maker *m, uint32_t col)
{
    return !weir_vec_is_valid(&m->r->batch->cols[col], m->row);
}

/* A column as CAST(x AS STRING) prints it; nested ones as JSON. */
static void column(maker *m, uint32_t col)
{
    const weir_vec *v = &m->r->batch->cols[col];
    if (v->type->kind == WEIR_T_STRING) {
        weir_redis_arg(m->out, WEIR_AT(weir_sv, v, m->row));
        return;
    }
    if (v->type->kind == WEIR_T_BIGINT || v->type->kind == WEIR_T_INTEGER) {
        weir_redis_arg_int(m->out, v->type->kind == WEIR_T_BIGINT ? WEIR_AT(int64_t, v, m->row)
                                                                  : WEIR_AT(int32_t, v, m->row));
        return;
    }
    weir_value x = weir_vec_get(v, m->row);
    weir_buf_reset(&m->sink->scratch);
    bool nested = v->type->kind == WEIR_T_ARRAY || v->type->kind == WEIR_T_MAP ||
                  v->type->kind == WEIR_T_STRUCT;
    if (nested) {
        weir_value_print_json(&m->sink->scratch, v->type, &x);
    } else if (v->type->kind == WEIR_T_BYTES) {
        weir_buf_sv(&m->sink->scratch, x.sv);
    } else {
        weir_value_print(&m->sink->scratch, v->type, &x);
    }
    weir_redis_arg(m->out, weir_buf_view(&m->sink->scratch));
}

/* ---- time to live ---- */

static bool expire(maker *m)
{
    const weir__redis_sink *s = m->sink;
    int64_t ms = s->ttl_ms;
    if (m->b->ttl_col >= 0) {
        const weir_vec *v = &m->r->batch->cols[m->b->ttl_col];
        if (is_null(m, (uint32_t)m->b->ttl_col)) {
            return true;
        }
        ms = 1000 * (v->type->kind == WEIR_T_INTEGER ? WEIR_AT(int32_t, v, m->row)
                                                     : WEIR_AT(int64_t, v, m->row));
    }
    if (ms <= 0) {
        return true;
    }
    command(m, s->ttl_if_new ? 4 : 3);
    word(m, "PEXPIRE");
    if (!key(m)) {
        return false;
    }
    weir_redis_arg_int(m->out, ms);
    if (s->ttl_if_new) {
        word(m, "NX");
    }
    return true;
}

/* ---- types ---- */

static bool one_word_command(maker *m, const char *name, const weir_template *value)
{
    command(m, 3);
    word(m, name);
    return key(m) && filled(m, value) && expire(m);
}

/* The columns that are NULL are removed: the hash is what the row is. */
static bool remove_nulls(maker *m)
{
    const weir__redis_bound *b = m->b;
    uint32_t nulls = 0;
    for (uint32_t i = 0; i < b->n_fields; i++) {
        nulls += is_null(m, b->fields[i].col) && !b->fields[i].incr;
    }
    if (nulls == 0) {
        return true;
    }
    command(m, 2 + nulls);
    word(m, "HDEL");
    if (!key(m)) {
        return false;
    }
    for (uint32_t i = 0; i < b->n_fields; i++) {
        if (is_null(m, b->fields[i].col) && !b->fields[i].incr) {
            weir_redis_arg(m->out, b->fields[i].name);
        }
    }
    return true;
}

static bool increments(maker *m)
{
    const weir__redis_bound *b = m->b;
    for (uint32_t i = 0; i < b->n_fields; i++) {
        const weir__redis_field *f = &b->fields[i];
        if (!f->incr || is_null(m, f->col)) {
            continue;
        }
        weir_kind kind = m->r->batch->cols[f->col].type->kind;
        command(m, 4);
        word(m, kind == WEIR_T_INTEGER || kind == WEIR_T_BIGINT ? "HINCRBY" : "HINCRBYFLOAT");
        if (!key(m)) {
            return false;
        }
        weir_redis_arg(m->out, f->name);
        column(m, f->col);
    }
    return true;
}

static bool hash(maker *m)
{
    const weir__redis_bound *b = m->b;
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n_fields; i++) {
        n += !is_null(m, b->fields[i].col) && !b->fields[i].incr;
    }
    if (n) {
        command(m, 2 + 2 * n);
        word(m, "HSET");
        if (!key(m)) {
            return false;
        }
        for (uint32_t i = 0; i < b->n_fields; i++) {
            if (!is_null(m, b->fields[i].col) && !b->fields[i].incr) {
                weir_redis_arg(m->out, b->fields[i].name);
                column(m, b->fields[i].col);
            }
        }
    }
    return remove_nulls(m) && increments(m) && expire(m);
}

static bool list(maker *m)
{
    command(m, 3);
    word(m, m->sink->list_op);
    if (!key(m) || !filled(m, m->b->value)) {
        return false;
    }
    if (m->sink->list_max > 0) {
        bool right = m->sink->list_op[0] == 'R';
        command(m, 4);
        word(m, "LTRIM");
        if (!key(m)) {
            return false;
        }
        weir_redis_arg_int(m->out, right ? -m->sink->list_max : 0);
        weir_redis_arg_int(m->out, right ? -1 : m->sink->list_max - 1);
    }
    return expire(m);
}

static bool zset(maker *m)
{
    weir_sv flag = m->sink->zadd;
    if (is_null(m, (uint32_t)m->b->score)) {
        m->why = "its score is NULL";
        return false;
    }
    command(m, flag.n ? 5 : 4);
    word(m, "ZADD");
    if (!key(m)) {
        return false;
    }
    if (flag.n) {
        weir_redis_arg(m->out, flag);
    }
    column(m, (uint32_t)m->b->score);
    return filled(m, m->b->member) && expire(m);
}

/* An array of STRUCTs, or of members in order: the set is replaced at once. */
static bool zset_from_array(maker *m)
{
    const weir__redis_bound *b = m->b;
    const weir_vec *v = &m->r->batch->cols[b->array];
    const weir_type *item = v->type->item;
    weir_value array = is_null(m, (uint32_t)b->array) ? weir_null(WEIR_T_ARRAY) : weir_vec_get(v, m->row);
    uint32_t n = 0;
    for (uint32_t i = 0; !array.null && i < array.n; i++) {
        n += !array.items[i].null;
    }
    if (!b->fenced) {
        command(m, 1);
        word(m, "MULTI");
    }
    command(m, 2);
    word(m, "DEL");
    if (!key(m)) {
        return false;
    }
    if (n) {
        command(m, 2 + 2 * n);
        word(m, "ZADD");
        if (!key(m)) {
            return false;
        }
    }
    for (uint32_t i = 0; n && i < array.n; i++) {
        const weir_value *x = &array.items[i];
        if (x->null) {
            continue;
        }
        weir_buf_reset(&m->sink->scratch);
        if (b->array_score >= 0) {
            weir_value_print(&m->sink->scratch, item->fields[b->array_score].type,
                             &x->items[b->array_score]);
            weir_redis_arg(m->out, weir_buf_view(&m->sink->scratch));
            weir_buf_reset(&m->sink->scratch);
            weir_value_print(&m->sink->scratch, item->fields[b->array_member].type,
                             &x->items[b->array_member]);
        } else {
            weir_redis_arg_int(m->out, (int64_t)(array.n - i)); /* the first one is the highest */
            weir_value_print(&m->sink->scratch, item, x);
        }
        weir_redis_arg(m->out, weir_buf_view(&m->sink->scratch));
    }
    if (!expire(m)) {
        return false;
    }
    if (!b->fenced) {
        command(m, 1);
        word(m, "EXEC");
    }
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
    word(m, "XADD");
    if (!key(m)) {
        return false;
    }
    if (capped) {
        word(m, "MAXLEN");
        word(m, "~");
        weir_redis_arg_int(m->out, m->sink->stream_max);
    }
    word(m, "*");
    for (uint32_t i = 0; i < b->n_fields; i++) {
        if (!is_null(m, b->fields[i].col)) {
            weir_redis_arg(m->out, b->fields[i].name);
            column(m, b->fields[i].col);
        }
    }
    return expire(m);
}

static bool words(maker *m)
{
    bool script = m->sink->type == WEIR__REDIS_SCRIPT;
    command(m, m->b->n_words + (script ? 4 : 0));
    if (script) { /* the whole text: Redis compiles a text once */
        word(m, "EVAL");
        weir_redis_arg(m->out, m->sink->script);
        word(m, "1");
        if (!key(m)) {
            return false;
        }
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
    if (weir_sv_ieq(m->sink->on_delete, WEIR_SV("none")) || type == WEIR__REDIS_PUBSUB ||
        type == WEIR__REDIS_STREAM || type == WEIR__REDIS_COMMAND || type == WEIR__REDIS_SCRIPT) {
        return true;
    }
    command(m, member ? 3 : 2);
    word(m, type == WEIR__REDIS_SET    ? "SREM"
            : type == WEIR__REDIS_ZSET ? "ZREM"
            : weir_sv_ieq(m->sink->on_delete, WEIR_SV("unlink")) ? "UNLINK"
                                                                 : "DEL");
    return key(m) && (!member || filled(m, m->b->member));
}

static bool change(maker *m)
{
    switch (m->sink->type) {
    case WEIR__REDIS_STRING:
    case WEIR__REDIS_JSON: return one_word_command(m, "SET", m->b->value);
    case WEIR__REDIS_HASH: return hash(m);
    case WEIR__REDIS_LIST: return list(m);
    case WEIR__REDIS_SET: return one_word_command(m, "SADD", m->b->member);
    case WEIR__REDIS_ZSET: return zset(m);
    case WEIR__REDIS_ZREPLACE: return zset_from_array(m);
    case WEIR__REDIS_STREAM: return stream(m);
    case WEIR__REDIS_PUBSUB:
        command(m, 3);
        word(m, "PUBLISH");
        return key(m) && filled(m, m->b->value);
    case WEIR__REDIS_PFADD: return one_word_command(m, "PFADD", m->b->member);
    case WEIR__REDIS_COMMAND:
    case WEIR__REDIS_SCRIPT: return words(m);
    }
    return false;
}

void weir__redis_fence_key(weir_buf *out, const weir__redis_bound *b)
{
    weir_buf key_text = {0};
    weir_buf_str(&key_text, "weir:fence:");
    weir_buf_sv(&key_text, weir_conn_name(b->in->conn));
    weir_buf_byte(&key_text, ':');
    weir_buf_sv(&key_text, b->in->topic);
    weir_redis_arg(out, weir_buf_view(&key_text));
    weir_buf_deinit(&key_text);
}

void weir__redis_fence_field(weir_buf *out, int32_t partition, uint32_t part)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%d:%u", partition, part);
    weir_redis_arg(out, weir_sv_of(text, (size_t)n));
}

/* The fence and the words of the commands behind it. */
static void fence(maker *m, weir_buf *commands)
{
    const weir_rec *rec = weir_sink_rec(m->r, m->row);
    uint64_t part = rec->key_n == WEIR_NULL_BYTES
                        ? weir_hash_u64((uint64_t)weir_sink_offset(m->r, m->row))
                        : weir_hash_sv(weir_rec_key(m->r->chunk, rec));
    weir_redis_args(m->out, m->words + 6u);
    word(m, "EVALSHA");
    weir_redis_arg(m->out, m->sink->script_sha);
    word(m, "1");
    weir__redis_fence_key(m->out, m->b);
    weir__redis_fence_field(m->out, m->r->partition, (uint32_t)(part % WEIR_SINK_PARTS));
    weir_redis_arg_int(m->out, weir_sink_offset(m->r, m->row));
    weir_buf_sv(m->out, weir_buf_view(commands));
    m->replies = 1;
}

bool weir__redis_render(weir__redis_sink *s, const weir__redis_bound *b, const weir_sink_rows *r,
                        uint32_t row, weir_buf *out, uint32_t *replies, const char **why)
{
    weir_buf inner = {0};
    maker m = {.sink = s, .b = b, .r = r, .row = row, .out = b->fenced ? &inner : out};
    bool ok = weir_sink_tombstone(r, row) ? deletion(&m) : change(&m);
    if (ok && b->fenced && m.words) {
        m.out = out;
        fence(&m, &inner);
    }
    weir_buf_deinit(&inner);
    *replies = m.replies;
    *why = m.why;
    return ok;
}
