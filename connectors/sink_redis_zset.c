/* Sorted sets: a member with its score, or the whole set from an array. */
#include "connectors/sink_redis_make.h"

bool weir__redis_zset(weir__redis_maker *m)
{
    weir_sv flag = m->sink->zadd;
    if (weir__redis_is_null(m, (uint32_t)m->b->score)) {
        m->why = "its score is NULL";
        return false;
    }
    weir__redis_begin_command(m, flag.n ? 5 : 4);
    weir__redis_put_word(m, WEIR_SV("ZADD"));
    weir__redis_put_key(m);
    if (flag.n) {
        weir__redis_put_word(m, flag);
    }
    weir__redis_put_column(m, (uint32_t)m->b->score);
    if (!weir__redis_put_template(m, m->b->member)) {
        return false;
    }
    weir__redis_put_expire(m);
    return true;
}

static bool is_nan(const weir_type *t, const weir_value *v)
{
    return t->kind == WEIR_T_DOUBLE && v->f64 != v->f64;
}

/* Once the old set is deleted nothing may be refused any more. */
static bool check_items(weir__redis_maker *m, const weir_value *array, uint32_t *n)
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

static void put_field(weir__redis_maker *m, const weir_type *item, const weir_value *x, int32_t field)
{
    weir__redis_put_word(m, weir__redis_printed(m, item->fields[field].type, &x->items[field]));
}

static void put_items(weir__redis_maker *m, const weir_value *array)
{
    const weir__redis_bound *b = m->b;
    const weir_type *item = m->r->batch->cols[b->array].type->item;
    for (uint32_t i = 0; i < array->n; i++) {
        const weir_value *x = &array->items[i];
        if (x->null) {
            continue;
        }
        if (b->array_score >= 0) {
            put_field(m, item, x, b->array_score);
            put_field(m, item, x, b->array_member);
        } else {
            weir_redis_arg_int(m->out, (int64_t)(array->n - i)); /* the first one is the highest */
            weir__redis_put_word(m, weir__redis_printed(m, item, x));
        }
    }
}

/* An array of STRUCTs, or of members in order: the set is replaced at once. */
bool weir__redis_zreplace(weir__redis_maker *m)
{
    const weir_vec *v = &m->r->batch->cols[m->b->array];
    weir_value array = weir__redis_is_null(m, (uint32_t)m->b->array) ? weir_null(WEIR_T_ARRAY)
                                                         : weir_vec_get(v, m->row);
    uint32_t n = 0;
    if (!check_items(m, &array, &n)) {
        return false;
    }
    weir__redis_begin_command(m, 1);
    weir__redis_put_word(m, WEIR_SV("MULTI"));
    weir__redis_begin_command(m, 2);
    weir__redis_put_word(m, WEIR_SV("DEL"));
    weir__redis_put_key(m);
    if (n) {
        weir__redis_begin_command(m, 2 + 2 * n);
        weir__redis_put_word(m, WEIR_SV("ZADD"));
        weir__redis_put_key(m);
        put_items(m, &array);
        weir__redis_put_expire(m);
    }
    weir__redis_begin_command(m, 1);
    weir__redis_put_word(m, WEIR_SV("EXEC"));
    return true;
}
