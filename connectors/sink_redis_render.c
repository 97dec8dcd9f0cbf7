/* Rows of a topic as commands of Redis.
 *
 * Absolute values (SET, HSET, SADD, ZADD) may come twice: they are written again, in order. What adds up
 * (HINCRBY, RPUSH, XADD …) becomes words for the fence's script: see sink_redis_fence.c. */
#include "connectors/sink_redis_make.h"

/* ---- types ---- */

/* SET ends a life unless it is told otherwise. */
static bool string(weir__redis_maker *m)
{
    int64_t ms = 0;
    bool at = false;
    bool ends = weir__redis_ttl_of(m, &ms, &at);
    bool keeps = ends && m->sink->ttl_if_new;
    weir__redis_begin_command(m, keeps ? 4 : ends ? 5 : 3);
    weir__redis_put_word(m, WEIR_SV("SET"));
    weir__redis_put_key(m);
    if (!weir__redis_put_value(m)) {
        return false;
    }
    if (keeps) {
        weir__redis_put_word(m, WEIR_SV("KEEPTTL"));
        weir__redis_put_expire(m);
    } else if (ends) {
        weir__redis_put_word(m, at ? WEIR_SV("PXAT") : WEIR_SV("PX"));
        weir_redis_arg_int(m->out, ms);
    }
    return true;
}

static bool add_member(weir__redis_maker *m, weir_sv name)
{
    weir__redis_begin_command(m, 3);
    weir__redis_put_word(m, name);
    weir__redis_put_key(m);
    if (!weir__redis_put_template(m, m->b->member)) {
        return false;
    }
    weir__redis_put_expire(m);
    return true;
}

static void increments(weir__redis_maker *m)
{
    const weir__redis_bound *b = m->b;
    for (uint32_t i = 0; i < b->n_fields; i++) {
        const weir__redis_field *f = &b->fields[i];
        if (!f->incr || weir__redis_is_null(m, f->col)) {
            continue;
        }
        weir_kind kind = m->r->batch->cols[f->col].type->kind;
        weir__redis_begin_command(m, 4);
        weir__redis_put_word(m, kind == WEIR_T_INTEGER || kind == WEIR_T_BIGINT ? WEIR_SV("HINCRBY")
                                                               : WEIR_SV("HINCRBYFLOAT"));
        weir__redis_put_key(m);
        weir_buf_sv(m->out, f->word);
        weir__redis_put_column(m, f->col);
    }
}

/* Fields whose column is NULL are removed: the hash is what the row is. */
static bool hash(weir__redis_maker *m)
{
    const weir__redis_bound *b = m->b;
    uint32_t nulls = 0;
    for (uint32_t i = 0; i < b->n_fields; i++) {
        nulls += !b->fields[i].incr && weir__redis_is_null(m, b->fields[i].col);
    }
    if (b->n_set > nulls) {
        weir__redis_begin_command(m, 2 + 2 * (b->n_set - nulls));
        weir__redis_put_word(m, WEIR_SV("HSET"));
        weir__redis_put_key(m);
        for (uint32_t i = 0; i < b->n_fields; i++) {
            if (!b->fields[i].incr && (nulls == 0 || !weir__redis_is_null(m, b->fields[i].col))) {
                weir_buf_sv(m->out, b->fields[i].word);
                weir__redis_put_column(m, b->fields[i].col);
            }
        }
    }
    if (nulls) {
        weir__redis_begin_command(m, 2 + nulls);
        weir__redis_put_word(m, WEIR_SV("HDEL"));
        weir__redis_put_key(m);
        for (uint32_t i = 0; i < b->n_fields; i++) {
            if (!b->fields[i].incr && weir__redis_is_null(m, b->fields[i].col)) {
                weir_buf_sv(m->out, b->fields[i].word);
            }
        }
    }
    increments(m);
    weir__redis_put_expire(m);
    return true;
}

static bool list(weir__redis_maker *m)
{
    int64_t most = m->sink->list_max;
    weir__redis_begin_command(m, 3);
    weir__redis_put_word(m, weir_sv_cstr(m->sink->list_op));
    weir__redis_put_key(m);
    if (!weir__redis_put_value(m)) {
        return false;
    }
    if (most > 0) {
        bool right = m->sink->list_op[0] == 'R';
        weir__redis_begin_command(m, 4);
        weir__redis_put_word(m, WEIR_SV("LTRIM"));
        weir__redis_put_key(m);
        weir_redis_arg_int(m->out, right ? -most : 0);
        weir_redis_arg_int(m->out, right ? -1 : most - 1);
    }
    weir__redis_put_expire(m);
    return true;
}

static bool stream(weir__redis_maker *m)
{
    const weir__redis_bound *b = m->b;
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n_fields; i++) {
        n += !weir__redis_is_null(m, b->fields[i].col);
    }
    bool capped = m->sink->stream_max > 0;
    if (n == 0) {
        m->why = "all its columns are NULL";
        return false;
    }
    weir__redis_begin_command(m, 3u + (capped ? 3u : 0u) + 2u * n);
    weir__redis_put_word(m, WEIR_SV("XADD"));
    weir__redis_put_key(m);
    if (capped) {
        weir__redis_put_word(m, WEIR_SV("MAXLEN"));
        weir__redis_put_word(m, WEIR_SV("~"));
        weir_redis_arg_int(m->out, m->sink->stream_max);
    }
    weir__redis_put_word(m, WEIR_SV("*"));
    for (uint32_t i = 0; i < b->n_fields; i++) {
        if (!weir__redis_is_null(m, b->fields[i].col)) {
            weir_buf_sv(m->out, b->fields[i].word);
            weir__redis_put_column(m, b->fields[i].col);
        }
    }
    weir__redis_put_expire(m);
    return true;
}

static bool publish(weir__redis_maker *m)
{
    weir__redis_begin_command(m, 3);
    weir__redis_put_word(m, WEIR_SV("PUBLISH"));
    weir__redis_put_key(m);
    return weir__redis_put_value(m);
}

static bool words(weir__redis_maker *m)
{
    bool script = m->sink->type == WEIR__REDIS_SCRIPT;
    weir__redis_begin_command(m, m->b->n_words + (script ? 4 : 0));
    if (script) { /* the whole text: Redis compiles a text once */
        weir__redis_put_word(m, WEIR_SV("EVAL"));
        weir__redis_put_word(m, m->sink->script);
        weir__redis_put_word(m, WEIR_SV("1"));
        weir__redis_put_key(m);
    }
    for (uint32_t i = 0; i < m->b->n_words; i++) {
        if (!weir__redis_put_template(m, m->b->words[i])) {
            return false;
        }
    }
    return true;
}

/* ---- tombstones ---- */

static bool deletion(weir__redis_maker *m)
{
    weir__redis_type type = m->sink->type;
    bool member = type == WEIR__REDIS_SET || type == WEIR__REDIS_ZSET;
    weir__redis_begin_command(m, member ? 3 : 2);
    weir__redis_put_word(m, type == WEIR__REDIS_SET    ? WEIR_SV("SREM")
            : type == WEIR__REDIS_ZSET ? WEIR_SV("ZREM")
            : weir_sv_ieq(m->sink->on_delete, WEIR_SV("unlink")) ? WEIR_SV("UNLINK")
                                                                 : WEIR_SV("DEL"));
    weir__redis_put_key(m);
    return !member || weir__redis_put_template(m, m->b->member);
}

static bool change(weir__redis_maker *m)
{
    switch (m->sink->type) {
    case WEIR__REDIS_STRING:
    case WEIR__REDIS_JSON: return string(m);
    case WEIR__REDIS_HASH: return hash(m);
    case WEIR__REDIS_LIST: return list(m);
    case WEIR__REDIS_SET: return add_member(m, WEIR_SV("SADD"));
    case WEIR__REDIS_ZSET: return weir__redis_zset(m);
    case WEIR__REDIS_ZREPLACE: return weir__redis_zreplace(m);
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
static bool find_key(weir__redis_maker *m, uint64_t *slot)
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
        weir__redis_maker m = {.sink = s, .b = b, .r = r, .json = b->rows_json ? &json : NULL, .row = row,
                   .out = &out->bytes};
        bool gone = weir_sink_tombstone(r, row);
        bool ok = !(gone && b->no_delete);
        m.why = ok ? NULL : b->no_delete;
        ok = ok && find_key(&m, &item->lane_hash);
        if (ok && b->fenced) {
            weir__redis_put_key(&m);
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
