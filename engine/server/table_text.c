/* See table_text.h. Rows of the sample are kept in an arena until the widths are decided. */
#include "engine/server/table_text.h"

#include "engine/data/text.h"
#include "engine/data/text_width.h"

#define TABLE_SAMPLE_ROWS 40
#define GAP 2

struct weir_table_text {
    weir_arena arena;
    uint32_t n_cols;
    weir_sv *names;
    bool *right;
    uint32_t *width;
    weir_sv *sample; /* [row * n_cols + col] */
    uint32_t n_sample;
    bool decided;    /* the header is out */
};

static bool is_plain(weir_sv s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* Text that is safe to show on one line. */
static weir_sv safe(weir_arena *a, weir_sv s)
{
    if (is_plain(s)) {
        return s;
    }
    s = weir_utf8_repair(a, s);
    weir_buf b = {0};
    for (uint32_t at = 0; at < s.n;) {
        uint32_t from = at;
        uint32_t c = weir_utf8_next(s, &at);
        if (c == '\n' || c == '\t' || c == '\r') {
            weir_buf_str(&b, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
        } else if (c < ' ' || (c >= 0x7f && c < 0xa0)) {
            weir_buf_printf(&b, "\\u%04X", c);
        } else {
            weir_buf_sv(&b, weir_sv_of(s.p + from, at - from));
        }
    }
    weir_sv text = weir_arena_sv(a, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return text;
}

weir_table_text *weir_table_text_new(const weir_sv *names, const bool *right, uint32_t n_cols)
{
    weir_table_text *t = weir_zalloc(sizeof *t);
    weir_arena_init(&t->arena);
    t->n_cols = n_cols;
    t->names = WEIR_NEW_N(&t->arena, weir_sv, n_cols);
    t->right = WEIR_NEW_N(&t->arena, bool, n_cols);
    t->width = WEIR_NEW_N(&t->arena, uint32_t, n_cols);
    t->sample = WEIR_NEW_N(&t->arena, weir_sv, (size_t)n_cols * TABLE_SAMPLE_ROWS);
    for (uint32_t i = 0; i < n_cols; i++) {
        t->names[i] = safe(&t->arena, weir_arena_sv(&t->arena, names[i]));
        t->width[i] = weir_text_width(t->names[i]);
        t->right[i] = right && right[i];
    }
    return t;
}

void weir_table_text_free(weir_table_text *t)
{
    if (t) {
        weir_arena_deinit(&t->arena);
        weir_free(t);
    }
}

static void spaces(weir_buf *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_byte(out, ' ');
    }
}

/* `debt`: columns that wide cells before took too many; paid back by the padding that follows. */
static void line(const weir_table_text *t, const weir_sv *cells, weir_buf *out)
{
    uint32_t debt = 0;
    uint32_t gap = 0;
    for (uint32_t i = 0; i < t->n_cols; i++) {
        uint32_t w = weir_text_width(cells[i]);
        uint32_t room = t->width[i] > w ? t->width[i] - w : 0;
        uint32_t back = room < debt ? room : debt;
        room -= back;
        debt = debt - back + (w > t->width[i] ? w - t->width[i] : 0);
        spaces(out, gap + (t->right[i] ? room : 0));
        weir_buf_sv(out, cells[i]);
        gap = GAP + (t->right[i] ? 0 : room);
    }
    while (out->n && out->p[out->n - 1] == ' ') { /* empty cells at the end */
        out->n--;
    }
    weir_buf_byte(out, '\n');
}

static void decide(weir_table_text *t, weir_buf *out)
{
    for (uint32_t r = 0; r < t->n_sample; r++) {
        for (uint32_t i = 0; i < t->n_cols; i++) {
            uint32_t w = weir_text_width(t->sample[r * t->n_cols + i]);
            t->width[i] = w > t->width[i] ? w : t->width[i];
        }
    }
    t->decided = true;
    line(t, t->names, out);
    for (uint32_t i = 0; i < t->n_cols; i++) {
        spaces(out, i ? GAP : 0);
        for (uint32_t k = 0; k < t->width[i]; k++) {
            weir_buf_byte(out, '-');
        }
    }
    weir_buf_byte(out, '\n');
    for (uint32_t r = 0; r < t->n_sample; r++) {
        line(t, t->sample + r * t->n_cols, out);
    }
    t->n_sample = 0;
}

void weir_table_text_row(weir_table_text *t, const weir_sv *cells, weir_buf *out)
{
    if (!t->decided) {
        weir_sv *to = t->sample + t->n_sample++ * t->n_cols;
        for (uint32_t i = 0; i < t->n_cols; i++) {
            to[i] = safe(&t->arena, weir_arena_sv(&t->arena, cells[i]));
        }
        if (t->n_sample == TABLE_SAMPLE_ROWS) {
            decide(t, out);
        }
        return;
    }
    weir_arena a;
    weir_arena_init(&a);
    weir_sv *shown = WEIR_NEW_N(&a, weir_sv, t->n_cols);
    for (uint32_t i = 0; i < t->n_cols; i++) {
        shown[i] = safe(&a, cells[i]);
    }
    line(t, shown, out);
    weir_arena_deinit(&a);
}

void weir_table_text_flush(weir_table_text *t, weir_buf *out)
{
    if (!t->decided && t->n_sample) {
        decide(t, out);
    }
}

/* ---- results ---- */

static bool has_breaks(const weir_rows *rows)
{
    for (size_t i = 0; i < (size_t)rows->n_cols * rows->n_rows; i++) {
        if (rows->cells[i].n && memchr(rows->cells[i].p, '\n', rows->cells[i].n)) {
            return true;
        }
    }
    return false;
}

static bool is_number(weir_sv s)
{
    bool digits = false;
    for (uint32_t i = 0; i < s.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (!digit && s.p[i] != '.' && !(s.p[i] == '-' && i == 0)) {
            return false;
        }
        digits |= digit;
    }
    return digits;
}

static void blocks(weir_buf *out, const weir_rows *rows)
{
    for (uint32_t r = 0; r < rows->n_rows; r++) {
        weir_buf_str(out, r ? "\n" : "");
        for (uint32_t i = 0; i < rows->n_cols; i++) {
            weir_sv cell = rows->cells[r * rows->n_cols + i];
            bool breaks = cell.n && memchr(cell.p, '\n', cell.n);
            weir_buf_printf(out, WEIR_SV_FMT ":%s", WEIR_SV_ARG(rows->names[i]), breaks ? "\n" : " ");
            weir_buf_sv(out, cell);
            weir_buf_str(out, cell.n && cell.p[cell.n - 1] == '\n' ? "" : "\n");
        }
    }
}

void weir_rows_print(weir_buf *out, const weir_rows *rows)
{
    if (has_breaks(rows)) {
        blocks(out, rows);
        return;
    }
    bool *right = weir_zalloc(rows->n_cols + 1);
    for (uint32_t i = 0; i < rows->n_cols; i++) {
        right[i] = rows->n_rows > 0;
        for (uint32_t r = 0; r < rows->n_rows && right[i]; r++) {
            right[i] = is_number(rows->cells[r * rows->n_cols + i]);
        }
    }
    weir_table_text *t = weir_table_text_new(rows->names, right, rows->n_cols);
    for (uint32_t r = 0; r < rows->n_rows; r++) {
        weir_table_text_row(t, rows->cells + r * rows->n_cols, out);
    }
    if (rows->n_rows == 0) {
        decide(t, out);
    }
    weir_table_text_flush(t, out);
    weir_table_text_free(t);
    weir_free(right);
}
