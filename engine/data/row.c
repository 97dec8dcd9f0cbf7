/* One dispatch per column and row, on a small form instead of the type; the batch forms dispatch
 * once per column. A row's size is known before it is written, except for nested values, which are
 * appended last: so scalars and strings need one reservation and no second look.
 *
 * Writing zeroes the slots first: rows of equal values are equal bytes, and a NULL's slot can be
 * read without harm, so that reading many rows needs no branch per row. */
#include "engine/data/row.h"

#include "engine/data/value_codec.h"

/* ORDER row_form */
enum row_form {
    ROW_1,
    ROW_4,
    ROW_8,
    ROW_16,
    ROW_TEXT, /* u32 offset, u32 length of bytes */
    ROW_BIG,  /* … of a big decimal */
    ROW_TREE, /* … of an encoded value */
};

#define ROW_BYTES_MAX ((uint64_t)1 << 31) /* offsets are 32 bits */

static enum row_form form_of(const weir_type *t)
{
    if (weir__dec_is_big(t)) {
        return ROW_BIG;
    }
    if (t->kind == WEIR_T_STRING || t->kind == WEIR_T_BYTES) {
        return ROW_TEXT;
    }
    if (weir_type_is_nested(t)) {
        return ROW_TREE;
    }
    uint32_t width = weir_type_width(t);
    return width == 1 ? ROW_1 : width == 4 ? ROW_4 : width == 8 ? ROW_8 : ROW_16;
}

void weir_row_codec_init(weir_row_codec *c, weir_arena *a, const weir_type *const *types,
                         uint32_t n)
{
    WEIR_ASSERT(n <= 2 * WEIR_COLUMNS_MAX);
    static const uint32_t slot_bytes[] = {1, 4, 8, 16, 8, 8, 8}; /* ORDER row_form */
    uint32_t *slot = weir_arena_alloc(a, n * sizeof *slot);
    uint8_t *form = weir_arena_alloc(a, n);
    const weir_type **copy = weir_arena_alloc(a, n * sizeof *copy);
    uint32_t at = (n + 7) / 8;
    *c = (weir_row_codec){.n = n, .types = copy, .slot = slot, .form = form};
    for (uint32_t i = 0; i < n; i++) {
        copy[i] = types[i];
        form[i] = (uint8_t)form_of(types[i]);
        slot[i] = at;
        at += slot_bytes[form[i]];
        c->has_trees |= form[i] == ROW_TREE;
        c->has_texts |= form[i] == ROW_TEXT || form[i] == ROW_BIG;
    }
    c->fixed_bytes = at;
    char *null_row = weir_arena_zalloc(a, at);
    memset(null_row, 0xff, (n + 7) / 8);
    c->null_row = null_row;
}

static bool vec_is_null(const weir_vec *v, uint32_t row)
{
    return !weir_vec_is_valid(v, row) || weir_vec_is_err(v, row);
}

/* Where the data of a cell is, as a vector stores it, or NULL for a NULL. Of a nested value: the
 * value. Exactly one of `cols` and `values` is set; the compiler drops the other branch. */
static inline const void *cell(const weir_row_codec *c, const weir_vec *cols,
                               const weir_value *values, uint32_t i, uint32_t row)
{
    if (values) {
        const weir_value *v = &values[i];
        if (v->null) {
            return NULL;
        }
        return c->form[i] == ROW_TREE ? (const void *)v : (const void *)&v->dec;
    }
    const weir_vec *v = &cols[i];
    if (vec_is_null(v, row)) {
        return NULL;
    }
    uint32_t at = row & v->mask;
    switch ((enum row_form)c->form[i]) {
    case ROW_1:
        return (const uint8_t *)v->data + at;
    case ROW_4:
        return (const char *)v->data + (size_t)at * 4;
    case ROW_8:
        return (const char *)v->data + (size_t)at * 8;
    case ROW_16:
    case ROW_BIG:
        return (const weir_dec *)v->data + at;
    case ROW_TEXT:
        return (const weir_sv *)v->data + at;
    case ROW_TREE:
        return ((const weir_value *const *)v->data)[at];
    }
    WEIR_UNREACHABLE();
}

/* Bytes a text cell keeps behind the slots. */
static inline uint32_t text_bytes(enum row_form form, const void *from)
{
    return form == ROW_TEXT ? ((const weir_sv *)from)->n : weir__dec_bytes(*(const weir_dec *)from);
}

static inline void put_slice(char *slot, uint32_t at, uint32_t n)
{
    memcpy(slot, &at, 4);
    memcpy(slot + 4, &n, 4);
}

/* Writes one text to `at` bytes behind the row's start; returns its length. */
static inline uint32_t put_text(char *p, uint32_t slot, uint32_t at, enum row_form form,
                                const void *from)
{
    uint32_t n = text_bytes(form, from);
    put_slice(p + slot, at, n);
    if (form == ROW_BIG) {
        weir__dec_write(p + at, *(const weir_dec *)from);
    } else {
        weir_copy_short(p + at, ((const weir_sv *)from)->p, n);
    }
    return n;
}

static void encode_trees(const weir_row_codec *c, weir_buf *out, const weir_vec *cols,
                         const weir_value *values, uint32_t row, size_t start)
{
    for (uint32_t i = 0; i < c->n; i++) {
        const void *from = c->form[i] == ROW_TREE ? cell(c, cols, values, i, row) : NULL;
        if (!from) {
            continue;
        }
        size_t at = out->n - start;
        weir_value_encode(out, c->types[i], from);
        size_t n = out->n - start - at;
        if (out->over || at + n > ROW_BYTES_MAX) {
            out->over = true;
            return;
        }
        put_slice(out->p + start + c->slot[i], (uint32_t)at, (uint32_t)n);
    }
}

__attribute__((always_inline)) static inline uint32_t encode(const weir_row_codec *c, weir_buf *out,
                                                             const weir_vec *cols,
                                                             const weir_value *values, uint32_t row)
{
    uint64_t bytes = c->fixed_bytes;
    for (uint32_t i = 0; c->has_texts && i < c->n; i++) {
        if (c->form[i] == ROW_TEXT || c->form[i] == ROW_BIG) {
            const void *from = cell(c, cols, values, i, row);
            bytes += from ? text_bytes(c->form[i], from) : 0;
        }
    }
    size_t start = out->n;
    char *p = bytes <= ROW_BYTES_MAX ? weir_buf_reserve(out, (size_t)bytes) : NULL;
    if (!p) {
        out->over = true;
        return 0;
    }
    memset(p, 0, c->fixed_bytes);
    uint32_t end = c->fixed_bytes;
    for (uint32_t i = 0; i < c->n; i++) {
        const void *from = cell(c, cols, values, i, row);
        char *slot = p + c->slot[i];
        if (!from) {
            p[i >> 3] = (char)(p[i >> 3] | (1 << (i & 7)));
            continue;
        }
        switch ((enum row_form)c->form[i]) {
        case ROW_1:
            memcpy(slot, from, 1);
            break;
        case ROW_4:
            memcpy(slot, from, 4);
            break;
        case ROW_8:
            memcpy(slot, from, 8);
            break;
        case ROW_16:
            memcpy(slot, from, 16);
            break;
        case ROW_TEXT:
        case ROW_BIG:
            end += put_text(p, c->slot[i], end, c->form[i], from);
            break;
        case ROW_TREE: /* below: may move the buffer */
            break;
        }
    }
    WEIR_ASSERT(end == bytes);
    out->n = start + end;
    if (c->has_trees) {
        encode_trees(c, out, cols, values, row, start);
    }
    return (uint32_t)(out->n - start);
}

uint32_t weir_row_encode(const weir_row_codec *c, weir_buf *out, const weir_vec *cols, uint32_t row)
{
    return encode(c, out, cols, NULL, row);
}

uint32_t weir_row_encode_values(const weir_row_codec *c, weir_buf *out, const weir_value *values)
{
    return encode(c, out, NULL, values, 0);
}

/* Sizes of the rows into starts[]; false when they do not fit into 32-bit offsets. */
static bool measure(const weir_row_codec *c, const weir_buf *out, const weir_vec *cols,
                    const uint16_t *sel, uint32_t n, uint32_t *starts)
{
    uint64_t sizes[WEIR_BATCH_ROWS];
    for (uint32_t i = 0; i < n; i++) {
        sizes[i] = c->fixed_bytes;
    }
    for (uint32_t col = 0; c->has_texts && col < c->n; col++) {
        if (c->form[col] != ROW_TEXT && c->form[col] != ROW_BIG) {
            continue;
        }
        for (uint32_t i = 0; i < n; i++) {
            const void *from = cell(c, cols, NULL, col, sel ? sel[i] : i);
            sizes[i] += from ? text_bytes(c->form[col], from) : 0;
        }
    }
    uint64_t at = out->n;
    for (uint32_t i = 0; i < n; i++) {
        starts[i] = (uint32_t)at;
        at += sizes[i];
        if (at > ROW_BYTES_MAX) {
            return false;
        }
    }
    starts[n] = (uint32_t)at;
    return true;
}

/* Slots of one width, for all rows. Slots of NULLs stay zero. */
#define PUT_COLUMN(name, bytes)                                                                    \
    static void name(char *p, const uint32_t *starts, uint32_t slot, const weir_vec *v,            \
                     const uint16_t *sel, uint32_t n, bool nulls)                                  \
    {                                                                                              \
        const char *data = v->data;                                                                \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            uint32_t row = sel ? sel[i] : i;                                                       \
            if (!nulls || !vec_is_null(v, row)) {                                                  \
                memcpy(p + starts[i] + slot, data + (size_t)(row & v->mask) * (bytes), (bytes));   \
            }                                                                                      \
        }                                                                                          \
    }
PUT_COLUMN(put_column_1, 1)
PUT_COLUMN(put_column_4, 4)
PUT_COLUMN(put_column_8, 8)
PUT_COLUMN(put_column_16, 16)

static void put_column(const weir_row_codec *c, char *p, const uint32_t *starts, uint32_t *ends,
                       uint32_t col, const weir_vec *cols, const uint16_t *sel, uint32_t n)
{
    const weir_vec *v = &cols[col];
    uint32_t slot = c->slot[col];
    bool nulls = v->valid || v->err;
    for (uint32_t i = 0; nulls && i < n; i++) {
        char *byte = p + starts[i] + (col >> 3);
        *byte = (char)(*byte | (vec_is_null(v, sel ? sel[i] : i) << (col & 7)));
    }
    switch ((enum row_form)c->form[col]) {
    case ROW_1:
        put_column_1(p, starts, slot, v, sel, n, nulls);
        break;
    case ROW_4:
        put_column_4(p, starts, slot, v, sel, n, nulls);
        break;
    case ROW_8:
        put_column_8(p, starts, slot, v, sel, n, nulls);
        break;
    case ROW_16:
        put_column_16(p, starts, slot, v, sel, n, nulls);
        break;
    case ROW_TEXT:
    case ROW_BIG:
        for (uint32_t i = 0; i < n; i++) {
            const void *from = cell(c, cols, NULL, col, sel ? sel[i] : i);
            if (from) {
                ends[i] += put_text(p + starts[i], slot, ends[i], c->form[col], from);
            }
        }
        break;
    case ROW_TREE:
        WEIR_UNREACHABLE();
    }
}

bool weir_row_encode_batch(const weir_row_codec *c, weir_buf *out, const weir_vec *cols,
                           const uint16_t *sel, uint32_t n, uint32_t *starts)
{
    WEIR_ASSERT(n <= WEIR_BATCH_ROWS);
    if (c->has_trees) { /* sizes are not known beforehand */
        for (uint32_t i = 0; i < n && !out->over; i++) {
            starts[i] = (uint32_t)out->n;
            weir_row_encode(c, out, cols, sel ? sel[i] : i);
            out->over |= out->n > ROW_BYTES_MAX;
        }
        starts[n] = (uint32_t)out->n;
        return !out->over;
    }
    if (!measure(c, out, cols, sel, n, starts)) {
        out->over = true;
        return false;
    }
    if (!weir_buf_reserve(out, starts[n] - out->n)) {
        return false;
    }
    uint32_t ends[WEIR_BATCH_ROWS];
    for (uint32_t i = 0; i < n; i++) {
        memset(out->p + starts[i], 0, c->fixed_bytes);
        ends[i] = c->fixed_bytes;
    }
    for (uint32_t col = 0; col < c->n; col++) {
        put_column(c, out->p, starts, ends, col, cols, sel, n);
    }
    out->n = starts[n];
    return true;
}

static inline const char *row_bytes(const weir_row_codec *c, weir_sv row)
{
    return row.n ? row.p : c->null_row;
}

static inline bool row_is_null(const char *p, uint32_t col)
{
    return ((unsigned char)p[col >> 3] >> (col & 7)) & 1;
}

static inline weir_sv row_slice(const char *p, uint32_t slot)
{
    uint32_t at;
    uint32_t n;
    memcpy(&at, p + slot, 4);
    memcpy(&n, p + slot + 4, 4);
    return (weir_sv){p + at, n};
}

weir_value weir_row_value(const weir_row_codec *c, weir_sv bytes, uint32_t col, weir_arena *a)
{
    WEIR_ASSERT(col < c->n);
    const weir_type *t = c->types[col];
    const char *p = row_bytes(c, bytes);
    weir_value v = weir_null(t->kind);
    if (row_is_null(p, col)) {
        return v;
    }
    v.null = false;
    const char *slot = p + c->slot[col];
    switch ((enum row_form)c->form[col]) {
    case ROW_1:
        v.b = *slot != 0;
        break;
    case ROW_4:
        memcpy(&v.i32, slot, 4);
        break;
    case ROW_8:
        memcpy(&v.i64, slot, 8); /* also the bits of a double */
        break;
    case ROW_16:
        memcpy(&v.dec.i, slot, 16);
        break;
    case ROW_TEXT:
        v.sv = row_slice(p, c->slot[col]);
        break;
    case ROW_BIG:
        v.null = !weir__dec_read(a, t, row_slice(p, c->slot[col]), &v.dec);
        break;
    case ROW_TREE: {
        weir_reader in = weir_reader_of(row_slice(p, c->slot[col]));
        (void)weir_value_decode(a, t, &in, &v); /* broken bytes read as NULL */
        break;
    }
    }
    return v;
}

static void get_boxed(const weir_row_codec *c, weir_sv bytes, uint32_t col, weir_vec *out,
                      weir_arena *a, uint32_t row)
{
    weir_value v = weir_row_value(c, bytes, col, a);
    weir_vec_put(out, a, row, &v);
}

void weir_row_get(const weir_row_codec *c, weir_sv bytes, uint32_t col, weir_vec *out,
                  weir_arena *a, uint32_t row)
{
    WEIR_ASSERT(col < c->n && out->mask == WEIR_VEC_FLAT && row < WEIR_BATCH_ROWS);
    const char *p = row_bytes(c, bytes);
    const char *slot = p + c->slot[col];
    if (row_is_null(p, col)) {
        weir_bit_clear(weir_vec_need_valid(out, a), row);
        return;
    }
    if (out->valid) {
        weir_bit_set(out->valid, row);
    }
    switch ((enum row_form)c->form[col]) {
    case ROW_1:
        ((char *)out->data)[row] = *slot;
        break;
    case ROW_4:
        memcpy((char *)out->data + (size_t)row * 4, slot, 4);
        break;
    case ROW_8:
        memcpy((char *)out->data + (size_t)row * 8, slot, 8);
        break;
    case ROW_16:
        memcpy((char *)out->data + (size_t)row * 16, slot, 16);
        break;
    case ROW_TEXT:
        ((weir_sv *)out->data)[row] = row_slice(p, c->slot[col]);
        break;
    case ROW_BIG:
    case ROW_TREE:
        get_boxed(c, bytes, col, out, a, row);
        break;
    }
}

/* Validity of all rows; the slots of NULLs are zero, so the loops below need not look. */
static void gather_nulls(const weir_row_codec *c, const weir_sv *rows, uint32_t n, uint32_t col,
                         weir_vec *out, weir_arena *a, const uint16_t *dest)
{
    uint32_t nulls = 0;
    for (uint32_t i = 0; i < n; i++) {
        nulls += row_is_null(row_bytes(c, rows[i]), col);
    }
    if (nulls == 0 && !out->valid) {
        return;
    }
    uint64_t *valid = weir_vec_need_valid(out, a);
    for (uint32_t i = 0; i < n; i++) {
        weir_bit_put(valid, dest ? dest[i] : i, !row_is_null(row_bytes(c, rows[i]), col));
    }
}

#define GATHER(name, bytes)                                                                        \
    static void name(const weir_row_codec *c, const weir_sv *rows, uint32_t n, uint32_t slot,      \
                     char *restrict to, const uint16_t *dest)                                      \
    {                                                                                              \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            const char *p = row_bytes(c, rows[i]);                                                 \
            memcpy(to + (size_t)(dest ? dest[i] : i) * (bytes), p + slot, (bytes));                \
        }                                                                                          \
    }
GATHER(gather_1, 1)
GATHER(gather_4, 4)
GATHER(gather_8, 8)
GATHER(gather_16, 16)

void weir_row_gather(const weir_row_codec *c, const weir_sv *rows, uint32_t n, uint32_t col,
                     weir_vec *out, weir_arena *a, const uint16_t *dest)
{
    WEIR_ASSERT(col < c->n && n <= WEIR_BATCH_ROWS && out->mask == WEIR_VEC_FLAT);
    WEIR_ASSERT(out->type->kind == c->types[col]->kind);
    uint32_t slot = c->slot[col];
    switch ((enum row_form)c->form[col]) {
    case ROW_1:
        gather_1(c, rows, n, slot, out->data, dest);
        break;
    case ROW_4:
        gather_4(c, rows, n, slot, out->data, dest);
        break;
    case ROW_8:
        gather_8(c, rows, n, slot, out->data, dest);
        break;
    case ROW_16:
        gather_16(c, rows, n, slot, out->data, dest);
        break;
    case ROW_TEXT:
        for (uint32_t i = 0; i < n; i++) {
            const char *p = row_bytes(c, rows[i]);
            ((weir_sv *)out->data)[dest ? dest[i] : i] = row_slice(p, slot);
        }
        break;
    case ROW_BIG:
    case ROW_TREE:
        for (uint32_t i = 0; i < n; i++) {
            get_boxed(c, rows[i], col, out, a, dest ? dest[i] : i);
        }
        return;
    }
    gather_nulls(c, rows, n, col, out, a, dest);
}

bool weir_row_check(const weir_row_codec *c, weir_sv bytes)
{
    if (bytes.n < c->fixed_bytes) {
        return false;
    }
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->form[i] >= ROW_TEXT) {
            uint32_t at;
            uint32_t n;
            memcpy(&at, bytes.p + c->slot[i], 4);
            memcpy(&n, bytes.p + c->slot[i] + 4, 4);
            if (at > bytes.n || n > bytes.n - at) {
                return false;
            }
        } else if (c->form[i] == ROW_1 && (unsigned char)bytes.p[c->slot[i]] > 1) {
            return false;
        }
    }
    return true;
}
