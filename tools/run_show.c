/* What a person sees: answers of statements, and the rows of SELECT … EMIT CHANGES as a table each.
 * Rows come from the workers' threads and go into one text; a lock of a few instructions guards it. */
#include "tools/run.h"

#include "engine/data/value.h"
#include "engine/server/table_text.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

typedef struct table {
    const weir_plan *plan;
    weir_table_text *text;
    int64_t left; /* until LIMIT; -1: none */
} table;

struct weir_run_show {
    atomic_flag lock;
    table *tables;
    size_t n, cap;
    const weir_plan *last; /* whose rows stand at the end of `out` */
    weir_buf out;
    uint64_t rows;
};

weir_run_show *weir_run_show_new(void)
{
    weir_run_show *s = weir_zalloc(sizeof *s);
    atomic_flag_clear(&s->lock);
    return s;
}

void weir_run_show_free(weir_run_show *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        weir_table_text_free(s->tables[i].text);
    }
    weir_free(s->tables);
    weir_buf_deinit(&s->out);
    weir_free(s);
}

void weir_run_show_result(weir_run_show *s, const weir_result *r)
{
    bool looks = r->kind == WEIR_B_EXPLAIN || r->kind == WEIR_B_PRINT ||
                 r->kind == WEIR_B_DESCRIBE_FUNCTION || r->kind == WEIR_B_DESCRIBE ||
                 r->kind == WEIR_B_DESCRIBE_STREAMS || r->kind == WEIR_B_DESCRIBE_TABLES ||
                 r->kind == WEIR_B_DESCRIBE_CONNECTOR || r->kind == WEIR_B_CHECK_CONNECTOR ||
                 r->kind == WEIR_B_SHOW;
    if (!looks) {
        return; /* "Stream created" is no news to who wrote the file */
    }
    if (r->message.n) {
        weir_buf_sv(&s->out, r->message);
        weir_buf_str(&s->out, "\n\n");
    }
    if (r->rows) {
        weir_rows_print(&s->out, r->rows);
        weir_buf_byte(&s->out, '\n');
    }
}

/* ---- rows ---- */

/* Columns of the sink that a client sees. */
static bool is_shown(const weir_column *c)
{
    return c->role != WEIR_COL_KEY;
}

static table *table_of(weir_run_show *s, const weir_plan *plan, const weir_schema *schema)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->tables[i].plan == plan) {
            return &s->tables[i];
        }
    }
    weir_arena a;
    weir_arena_init(&a);
    weir_sv *names = WEIR_NEW_N(&a, weir_sv, schema->n + 1u);
    bool *right = WEIR_NEW_N(&a, bool, schema->n + 1u);
    uint32_t n = 0;
    for (uint32_t i = 0; i < schema->n; i++) {
        if (is_shown(&schema->cols[i])) {
            right[n] = weir_type_is_numeric(schema->cols[i].type);
            names[n++] = schema->cols[i].name;
        }
    }
    WEIR_GROW(s->tables, s->cap, s->n + 1);
    s->tables[s->n] = (table){plan, weir_table_text_new(names, right, n), plan->sink->sink.limit};
    weir_arena_deinit(&a);
    return &s->tables[s->n++];
}

static weir_sv cell(weir_arena *a, const weir_vec *v, uint32_t row)
{
    weir_value value = weir_vec_get(v, row);
    if (value.null || weir_vec_is_err(v, row)) {
        return WEIR_SV("null");
    }
    weir_buf b = {0};
    if (weir_type_is_nested(v->type) || v->type->kind == WEIR_T_BYTES) {
        weir_value_print_json(&b, v->type, &value);
    } else {
        weir_value_print(&b, v->type, &value);
    }
    weir_sv text = weir_arena_sv(a, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return text;
}

/* A deleted row of a table: the key stays readable. */
static weir_sv deleted(weir_arena *a, const weir_batch *b, uint32_t col, uint32_t row)
{
    for (uint32_t i = 0; i < b->schema->n_keys; i++) {
        if (weir_sv_eq(b->schema->cols[i].name, b->schema->cols[col].name)) {
            return cell(a, &b->cols[i], row);
        }
    }
    return WEIR_SV("<TOMBSTONE>");
}

static void add_row(weir_run_show *s, table *t, const weir_batch *b, uint32_t row, weir_arena *a)
{
    weir_sv *cells = WEIR_NEW_N(a, weir_sv, b->schema->n + 1u);
    bool gone = (weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE) && t->plan->sink->table;
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->schema->n; i++) {
        if (is_shown(&b->schema->cols[i])) {
            cells[n++] = gone ? deleted(a, b, i, row) : cell(a, &b->cols[i], row);
        }
    }
    weir_table_text_row(t->text, cells, &s->out);
}

bool weir_run_show_rows(weir_run_show *s, const weir_plan *plan, const weir_batch *b)
{
    while (atomic_flag_test_and_set_explicit(&s->lock, memory_order_acquire)) {
    }
    weir_arena a;
    weir_arena_init(&a);
    table *t = table_of(s, plan, b->schema);
    if (s->last && s->last != plan) {
        /* two tables share the page: finish the one before */
        for (size_t i = 0; i < s->n; i++) {
            if (s->tables[i].plan == s->last) {
                weir_table_text_flush(s->tables[i].text, &s->out);
            }
        }
        weir_buf_byte(&s->out, '\n');
    }
    s->last = plan;
    WEIR_EACH_ROW(b, i, row)
    {
        if (t->left == 0) {
            break;
        }
        t->left -= t->left > 0;
        add_row(s, t, b, row, &a);
        s->rows++;
    }
    bool more = t->left != 0;
    weir_arena_deinit(&a);
    atomic_flag_clear_explicit(&s->lock, memory_order_release);
    return more;
}

weir_rc weir_run_show_flush(weir_run_show *s, weir_status *st)
{
    for (size_t i = 0; i < s->n; i++) {
        weir_table_text_flush(s->tables[i].text, &s->out);
    }
    if (s->out.n == 0) {
        return WEIR_OK;
    }
    errno = 0;
    bool ok = fwrite(s->out.p, 1, s->out.n, stdout) == s->out.n && fflush(stdout) == 0;
    weir_buf_reset(&s->out);
    return ok ? WEIR_OK : weir_fail(st, WEIR_EIO, "cannot write standard output: %s",
                                    strerror(errno));
}

uint64_t weir_run_show_count(const weir_run_show *s)
{
    return s->rows;
}

bool weir_run_show_done(const weir_run_show *s, uint32_t selects)
{
    uint32_t done = 0;
    for (size_t i = 0; i < s->n; i++) {
        done += s->tables[i].left == 0;
    }
    return selects > 0 && done == selects;
}
