/* Words of commands from one row: texts, columns, lives of keys. */
#include "connectors/sink_redis_make.h"

void weir__redis_begin_command(weir__redis_maker *m, uint32_t n)
{
    if (m->b->fenced) {
        weir_redis_arg_int(m->out, n);
        m->words += n + 1;
        return;
    }
    weir_redis_args(m->out, n);
    m->replies++;
}

void weir__redis_put_word(weir__redis_maker *m, weir_sv w)
{
    weir_redis_arg(m->out, w);
}

void weir__redis_put_key(weir__redis_maker *m)
{
    weir_buf_sv(m->out, weir_buf_view(&m->sink->key));
}

bool weir__redis_put_template(weir__redis_maker *m, const weir_template *t)
{
    weir_buf *text = &m->sink->word;
    weir_buf_reset(text);
    if (!weir_template_render(t, m->r, m->row, text, &m->why)) {
        return false;
    }
    weir_redis_arg(m->out, weir_buf_view(text));
    return true;
}

bool weir__redis_put_value(weir__redis_maker *m)
{
    if (m->json) {
        weir__redis_put_word(m, m->json->rows[m->row]);
        return true;
    }
    return weir__redis_put_template(m, m->b->value);
}

bool weir__redis_is_null(const weir__redis_maker *m, uint32_t col)
{
    return !weir_vec_is_valid(&m->r->batch->cols[col], m->row);
}

weir_sv weir__redis_printed(weir__redis_maker *m, const weir_type *type, const weir_value *x)
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

void weir__redis_put_column(weir__redis_maker *m, uint32_t col)
{
    const weir_vec *v = &m->r->batch->cols[col];
    if (v->type->kind == WEIR_T_STRING) {
        weir__redis_put_word(m, WEIR_AT(weir_sv, v, m->row));
    } else if (v->type->kind == WEIR_T_BIGINT) {
        weir_redis_arg_int(m->out, WEIR_AT(int64_t, v, m->row));
    } else if (v->type->kind == WEIR_T_INTEGER) {
        weir_redis_arg_int(m->out, WEIR_AT(int32_t, v, m->row));
    } else {
        weir_value x = weir_vec_get(v, m->row);
        weir__redis_put_word(m, weir__redis_printed(m, v->type, &x));
    }
}

/* ---- time to live ---- */

bool weir__redis_ttl_of(const weir__redis_maker *m, int64_t *ms, bool *at)
{
    *at = false;
    *ms = m->sink->ttl_ms;
    if (m->b->ttl_col >= 0) {
        const weir_vec *v = &m->r->batch->cols[m->b->ttl_col];
        if (weir__redis_is_null(m, (uint32_t)m->b->ttl_col)) {
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

void weir__redis_put_expire(weir__redis_maker *m)
{
    int64_t ms = 0;
    bool at = false;
    if (!weir__redis_ttl_of(m, &ms, &at)) {
        return;
    }
    weir__redis_begin_command(m, m->sink->ttl_if_new ? 4 : 3);
    weir__redis_put_word(m, at ? WEIR_SV("PEXPIREAT") : WEIR_SV("PEXPIRE"));
    weir__redis_put_key(m);
    weir_redis_arg_int(m->out, ms);
    if (m->sink->ttl_if_new) {
        weir__redis_put_word(m, WEIR_SV("NX"));
    }
}
