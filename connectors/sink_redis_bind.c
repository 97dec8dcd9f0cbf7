/* What a Redis sink does with the columns of one topic: everything that can be wrong is said at CREATE. */
#include "connectors/sink_redis.h"

static weir_rc column_named(const weir_sink_input *in, const char *option, weir_sv name, int32_t *out,
                            weir_status *st)
{
    *out = weir_schema_find(in->schema, name);
    for (uint32_t i = 0; i < in->schema->n && *out < 0; i++) {
        *out = weir_sv_ieq(in->schema->cols[i].name, name) ? (int32_t)i : -1;
    }
    return *out >= 0 || name.n == 0
               ? WEIR_OK
               : weir_conn_refuse(in->conn, option, 0, 0, st, WEIR_SV_FMT " is no column of topic "
                                  WEIR_SV_FMT, WEIR_SV_ARG(name), WEIR_SV_ARG(in->topic));
}

static weir_rc column_option(const weir_sink_input *in, const char *option, int32_t *out, weir_status *st)
{
    return column_named(in, option, weir_sv_trim(weir_conn_text(in->conn, option)), out, st);
}

static weir_kind kind_of(const weir_sink_input *in, int32_t col)
{
    return in->schema->cols[col].type->kind;
}

static bool is_number(weir_kind k)
{
    return k == WEIR_T_INTEGER || k == WEIR_T_BIGINT || k == WEIR_T_DOUBLE || k == WEIR_T_DECIMAL;
}

/* ---- fields ---- */

/* COLUMN, or COLUMN=name in Redis. */
static weir_rc add_field(weir__redis_bound *b, const weir_sink_input *in, const char *option, weir_sv item,
                         bool incr, weir_status *st)
{
    const char *eq = item.n ? memchr(item.p, '=', item.n) : NULL;
    weir_sv name = weir_sv_trim(eq ? weir_sv_of(item.p, (size_t)(eq - item.p)) : item);
    int32_t col = -1;
    if (name.n == 0) {
        return weir_conn_refuse(in->conn, option, 0, 0, st, "a name of a column is missing");
    }
    WEIR_TRY(column_named(in, option, name, &col, st));
    weir_sv given = eq ? weir_sv_trim(weir_sv_of(eq + 1, (size_t)(item.p + item.n - eq - 1)))
                       : in->schema->cols[col].name;
    if (incr && !is_number(kind_of(in, col))) {
        return weir_conn_refuse(in->conn, option, 0, 0, st, WEIR_SV_FMT " is no number", WEIR_SV_ARG(name));
    }
    weir_buf word = {0};
    weir_redis_arg(&word, given);
    weir__redis_field field = {(uint32_t)col, weir_arena_sv(weir_conn_arena(in->conn), weir_buf_view(&word)),
                               incr};
    weir_buf_deinit(&word);
    uint32_t at = 0; /* one that is counted up is not set, too */
    while (at < b->n_fields && !(incr && b->fields[at].col == (uint32_t)col)) {
        at++;
    }
    b->fields[at] = field;
    b->n_fields += at == b->n_fields;
    return WEIR_OK;
}

static weir_rc read_fields(weir__redis_bound *b, const weir_sink_input *in, weir_status *st)
{
    const weir_sv *items = NULL;
    const weir_sv *counted = NULL;
    weir_conn *c = in->conn;
    uint32_t n = weir_conn_list(c, "hash.fields", &items);
    uint32_t n_counted = weir_conn_list(c, "incr.fields", &counted);
    b->fields = WEIR_NEW_N(weir_conn_arena(c), weir__redis_field, in->schema->n + n + n_counted + 1u);
    bool all = n == 0 || (n == 1 && weir_sv_eq(items[0], WEIR_SV("*")));
    bool only_counted = n_counted && !weir_conn_given(c, "hash.fields");
    for (uint32_t i = 0; !all && i < n; i++) {
        WEIR_TRY(add_field(b, in, "hash.fields", items[i], false, st));
    }
    for (uint32_t i = 0; all && !only_counted && i < in->schema->n; i++) {
        if (in->schema->cols[i].role == WEIR_COL_VALUE) {
            WEIR_TRY(add_field(b, in, "hash.fields", in->schema->cols[i].name, false, st));
        }
    }
    for (uint32_t i = 0; i < n_counted; i++) {
        WEIR_TRY(add_field(b, in, "incr.fields", counted[i], true, st));
        b->fenced = true;
    }
    for (uint32_t i = 0; i < b->n_fields; i++) {
        b->n_set += !b->fields[i].incr;
    }
    if (b->n_fields) {
        return WEIR_OK;
    }
    weir_conn_refuse(c, "hash.fields", 0, 0, st, "topic " WEIR_SV_FMT " has no columns for fields",
                     WEIR_SV_ARG(in->topic));
    return weir_hint(st, "CREATE STREAM or CREATE TABLE over the topic says what columns it has");
}

/* ---- sorted sets ---- */

static int32_t field_of(const weir_type *t, weir_sv name)
{
    for (uint32_t i = 0; i < t->n_fields; i++) {
        if (weir_sv_ieq(t->fields[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* 'array'='ITEMS', and of a STRUCT the fields 'score' and 'member.field'. */
static weir_rc read_array(weir__redis_bound *b, const weir_sink_input *in, weir_status *st)
{
    WEIR_TRY(column_option(in, "array", &b->array, st));
    const weir_type *t = b->array >= 0 ? in->schema->cols[b->array].type : NULL;
    if (!t || t->kind != WEIR_T_ARRAY) {
        return weir_conn_refuse(in->conn, "array", 0, 0, st, "names no ARRAY column");
    }
    if (weir_conn_is(in->conn, "ttl.mode", "if-new")) {
        return weir_conn_refuse(in->conn, "ttl.mode", 0, 0, st, "a set that is replaced is always new");
    }
    if (t->item->kind != WEIR_T_STRUCT) {
        return WEIR_OK;
    }
    b->array_score = field_of(t->item, weir_sv_trim(weir_conn_text(in->conn, "score")));
    b->array_member = field_of(t->item, weir_sv_trim(weir_conn_text(in->conn, "member.field")));
    if (b->array_score < 0 || b->array_member < 0) {
        return weir_conn_refuse(in->conn, b->array_score < 0 ? "score" : "member.field", 0, 0, st,
                                "names no field of the STRUCTs in the array");
    }
    return is_number(t->item->fields[b->array_score].type->kind)
               ? WEIR_OK
               : weir_conn_refuse(in->conn, "score", 0, 0, st, "names no number");
}

/* ---- templates ---- */

/* 'redis.command'='SETEX ${key} 60 ${TOTAL}': words with blanks between, each a template. */
static weir_rc read_words(weir__redis_bound *b, const weir_sink_input *in, const char *option,
                          weir_status *st)
{
    weir_sv text = weir_conn_text(in->conn, option);
    weir_arena *a = weir_conn_arena(in->conn);
    b->words = WEIR_NEW_N(a, weir_template *, text.n / 2 + 1);
    for (uint32_t at = 0; at < text.n;) {
        uint32_t end = at;
        uint32_t depth = 0;
        while (end < text.n && (text.p[end] != ' ' || depth)) {
            depth += text.p[end] == '{';
            depth -= text.p[end] == '}' && depth;
            end++;
        }
        uint32_t wrong_at = 0;
        uint32_t wrong_n = 0;
        weir_status why;
        weir_status_reset(&why);
        if (end > at &&
            weir_template_compile(a, in, weir_sv_of(text.p + at, end - at), WEIR_TEMPLATE_BODY,
                                  &b->words[b->n_words++], &wrong_at, &wrong_n, &why) != WEIR_OK) {
            weir_rc rc = weir_conn_refuse(in->conn, option, at + wrong_at, wrong_n, st, "%s", why.msg);
            return why.hint[0] ? weir_hint(st, "%s", why.hint) : rc;
        }
        at = end + 1;
    }
    return WEIR_OK;
}

static weir_rc need(const weir_sink_input *in, const char *option, weir_status *st)
{
    return weir_sv_trim(weir_conn_text(in->conn, option)).n
               ? WEIR_OK
               : weir_conn_refuse(in->conn, "redis.type", 0, 0, st, "this type needs option '%s'", option);
}

/* Without a template of its own: the record's value as it is when that is text, else its columns. */
static weir_rc read_value(weir__redis_bound *b, const weir_sink_input *in, weir_template_place place,
                          weir_status *st)
{
    const weir_source *src = in->source;
    weir_format_kind format = src->value_format.kind;
    bool text = format == WEIR_FMT_DELIMITED || format == WEIR_FMT_KAFKA || format == WEIR_FMT_NONE;
    b->rows_json = !weir_conn_given(in->conn, "redis.value") && src->schema->n > 0 &&
                   (!text || place == WEIR_TEMPLATE_JSON);
    return weir_template_option(in, "redis.value", place, &b->value, st);
}

static weir_rc read_zset(weir__redis_bound *b, const weir_sink_input *in, weir_status *st)
{
    WEIR_TRY(need(in, "member", st));
    WEIR_TRY(need(in, "score", st));
    WEIR_TRY(column_option(in, "score", &b->score, st));
    if (!is_number(kind_of(in, b->score))) {
        return weir_conn_refuse(in->conn, "score", 0, 0, st, "names no number");
    }
    b->fenced = weir_conn_is(in->conn, "zadd.mode", "incr");
    return weir_template_option(in, "member", WEIR_TEMPLATE_PLAIN, &b->member, st);
}

static weir_rc read_type(const weir__redis_sink *s, weir__redis_bound *b, const weir_sink_input *in,
                         weir_status *st)
{
    switch (s->type) {
    case WEIR__REDIS_LIST:
        b->fenced = true;
        return read_value(b, in, WEIR_TEMPLATE_BODY, st);
    case WEIR__REDIS_STRING:
    case WEIR__REDIS_PUBSUB:
        return read_value(b, in, WEIR_TEMPLATE_BODY, st);
    case WEIR__REDIS_JSON:
        return read_value(b, in, WEIR_TEMPLATE_JSON, st);
    case WEIR__REDIS_STREAM:
        b->fenced = true;
        return read_fields(b, in, st);
    case WEIR__REDIS_HASH:
        return read_fields(b, in, st);
    case WEIR__REDIS_SET:
    case WEIR__REDIS_PFADD:
        WEIR_TRY(need(in, "member", st));
        return weir_template_option(in, "member", WEIR_TEMPLATE_PLAIN, &b->member, st);
    case WEIR__REDIS_ZSET:
        return read_zset(b, in, st);
    case WEIR__REDIS_ZREPLACE:
        WEIR_TRY(need(in, "array", st));
        return read_array(b, in, st);
    case WEIR__REDIS_COMMAND:
        WEIR_TRY(need(in, "redis.command", st));
        return read_words(b, in, "redis.command", st);
    case WEIR__REDIS_SCRIPT:
        WEIR_TRY(need(in, "redis.script", st));
        return read_words(b, in, "redis.script.args", st);
    }
    return WEIR_OK;
}

/* The key of a windowed table alone would be the same for all windows. */
static weir_rc read_key(weir__redis_bound *b, const weir_sink_input *in, weir_status *st)
{
    weir_window_kind w = in->source->window.kind;
    if (w == WEIR_WINDOW_NONE || weir_conn_given(in->conn, "redis.key")) {
        return weir_template_option(in, "redis.key", WEIR_TEMPLATE_PLAIN, &b->key, st);
    }
    uint32_t at = 0;
    uint32_t n = 0;
    weir_sv text = w == WEIR_WINDOW_SESSION ? WEIR_SV("${topic}:${key}:${WINDOWSTART}:${WINDOWEND}")
                                            : WEIR_SV("${topic}:${key}:${WINDOWSTART}");
    return weir_template_compile(weir_conn_arena(in->conn), in, text, WEIR_TEMPLATE_PLAIN, &b->key, &at, &n,
                                 st);
}

/* ---- time to live ---- */

static weir_rc read_ttl(weir__redis_bound *b, const weir_sink_input *in, weir_status *st)
{
    WEIR_TRY(column_option(in, "ttl.column", &b->ttl_col, st));
    if (b->ttl_col < 0) {
        return WEIR_OK;
    }
    weir_kind k = kind_of(in, b->ttl_col);
    return k == WEIR_T_INTEGER || k == WEIR_T_BIGINT || k == WEIR_T_TIMESTAMP
               ? WEIR_OK
               : weir_conn_refuse(in->conn, "ttl.column", 0, 0, st,
                                  "is neither seconds (INTEGER, BIGINT) nor a TIMESTAMP");
}

/* ---- tombstones ---- */

/* What is one value per key goes with its row. What others share does only when that was asked for. */
static bool goes_with_its_row(weir__redis_type t)
{
    return t == WEIR__REDIS_STRING || t == WEIR__REDIS_JSON || t == WEIR__REDIS_HASH ||
           t == WEIR__REDIS_SET || t == WEIR__REDIS_ZSET || t == WEIR__REDIS_ZREPLACE;
}

/* A tombstone has key columns only: what it takes away must be named by these. */
static weir_rc check_delete(const weir__redis_sink *s, weir__redis_bound *b, const weir_sink_input *in,
                            weir_status *st)
{
    weir_conn *c = in->conn;
    bool asked = weir_conn_given(c, "on.delete");
    bool can = s->type != WEIR__REDIS_PUBSUB && s->type != WEIR__REDIS_COMMAND &&
               s->type != WEIR__REDIS_SCRIPT;
    b->deletes = !weir_sv_ieq(s->on_delete, WEIR_SV("none")) && can && (asked || goes_with_its_row(s->type));
    const weir_template *parts[] = {b->key, s->type == WEIR__REDIS_PFADD ? NULL : b->member};
    static const char *const names[] = {"redis.key", "member"};
    for (size_t i = 0; b->deletes && i < WEIR_COUNT(parts); i++) {
        weir_sv name = {0};
        uint32_t at = 0;
        if (!parts[i] || !weir_template_needs_value(parts[i], &name, &at)) {
            continue;
        }
        if (!asked && !in->source->table) { /* of a stream such a record may never come */
            b->no_delete = weir_arena_printf(weir_conn_arena(c), "a record without a value has key columns "
                                             "only, and '%s' names " WEIR_SV_FMT, names[i],
                                             WEIR_SV_ARG(name)).p;
            return WEIR_OK;
        }
        weir_conn_refuse(c, names[i], at, name.n, st, "a deleted row has its key columns only, and no "
                         WEIR_SV_FMT, WEIR_SV_ARG(name));
        return weir_hint(st, "'on.delete'='none' leaves in Redis what was deleted");
    }
    return WEIR_OK;
}

weir_rc weir__redis_bind(void *self, weir_sink_input *in, weir_status *st)
{
    weir__redis_sink *s = self;
    weir__redis_bound *b = WEIR_NEW(weir_conn_arena(in->conn), weir__redis_bound);
    *b = (weir__redis_bound){.in = in, .score = -1, .ttl_col = -1, .array = -1, .array_score = -1,
                             .array_member = -1};
    in->bound = b;
    WEIR_TRY(read_key(b, in, st));
    WEIR_TRY(read_ttl(b, in, st));
    WEIR_TRY(read_type(s, b, in, st));
    return check_delete(s, b, in, st);
}
