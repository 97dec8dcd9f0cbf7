/* Writing cells. A cell is a function of its base and the moment: nothing is remembered, so any row
 * can be written at any time, also in the middle of another one that refers to it. */
#include "connectors/datagen_impl.h"

#include "engine/data/json_text.h"
#include "engine/data/number.h"
#include "engine/data/text.h"

#define PROBES 16 /* rows looked at for one that is whole */

static const double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
static const int64_t whole_tens[] = {1,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000};

static uint64_t counter(const weir__dg_cell *c, const weir__dg_moment *m)
{
    switch (c->scope) {
    case WEIR__DG_ROW:
        return m->row;
    case WEIR__DG_OF_SESSION:
        return m->session;
    case WEIR__DG_OF_ITEM:
        return weir_hash_u64(m->session * 0x9e3779b97f4a7c15u + m->item + 1);
    }
    WEIR_UNREACHABLE();
}

/* ---- numbers ---- */

static void write_padded(weir_buf *out, uint64_t v, uint32_t width)
{
    char digits[20];
    uint32_t n = 0;
    do {
        digits[19 - n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    for (uint32_t i = n; i < width; i++) {
        weir_buf_byte(out, '0');
    }
    weir_buf_add(out, digits + 20 - n, n);
}

/* `v` in units of 10^-scale, with all digits behind the point. */
static void write_scaled(weir_buf *out, int64_t v, uint32_t scale, uint32_t width)
{
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    if (v < 0) {
        weir_buf_byte(out, '-');
    }
    uint64_t unit = (uint64_t)whole_tens[scale];
    write_padded(out, scale ? u / unit : u, width);
    if (scale) {
        weir_buf_byte(out, '.');
        write_padded(out, u % unit, scale);
    }
}

static void write_number(const weir__dg_cell *c, int64_t v, weir_buf *out)
{
    weir_buf_sv(out, c->prefix);
    if (c->type->kind == WEIR_T_DOUBLE) {
        weir_buf_double(out, (double)v / tens[c->scale]);
    } else {
        write_scaled(out, v, c->scale, c->width);
    }
    weir_buf_sv(out, c->suffix);
}

/* Row `n` of a sequence. */
static int64_t sequence(const weir__dg_cell *c, uint64_t n)
{
    n = c->pick.n ? n % c->pick.n : n;
    return (int64_t)((uint64_t)c->first + n * (uint64_t)c->step);
}

static int64_t normal(const weir__dg_cell *c, weir_rng *r)
{
    double v = c->low + c->high * weir__dg_normal(r);
    int64_t unit = whole_tens[c->scale];
    v *= (double)unit;
    int64_t whole = v < -9e18  ? -INT64_MAX
                    : v > 9e18 ? INT64_MAX
                               : (int64_t)(v < 0 ? v - 0.5 : v + 0.5);
    return weir_max64(c->first, weir_min64(c->step, whole));
}

/* ---- texts ---- */

static void write_uuid(weir_rng *r, weir_buf *out)
{
    static const char hex[] = "0123456789abcdef";
    uint64_t halves[2] = {weir_rng_next(r), weir_rng_next(r)};
    halves[0] = (halves[0] & ~UINT64_C(0xf000)) | 0x4000;
    halves[1] = (halves[1] >> 2) | UINT64_C(0x8000000000000000);
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            weir_buf_byte(out, '-');
        }
        weir_buf_byte(out, hex[halves[i / 16] >> (60 - i % 16 * 4) & 15]);
    }
}

static void write_letters(const weir__dg_cell *c, weir_rng *r, weir_buf *out)
{
    uint64_t n = (uint64_t)c->first + (c->pick.n > 1 ? weir_rng_below(r, c->pick.n) : 0);
    weir_buf text = {0};
    weir_buf *to = c->type->kind == WEIR_T_BYTES ? &text : out;
    uint64_t bits = 0;
    for (uint64_t i = 0; i < n; i++) {
        bits = i % 8 ? bits >> 8 : weir_rng_next(r);
        weir_buf_byte(to, (char)('a' + (bits & 0xff) * 26 / 256));
    }
    if (to == &text) {
        weir_base64_encode(out, weir_buf_view(&text));
        weir_buf_deinit(&text);
    }
}

static void write_time(const weir__dg_cell *c, weir_rng *r, const weir__dg_moment *m, weir_buf *out)
{
    int64_t ms =
        m->time_ms - (c->past_ms ? (int64_t)weir_rng_below(r, (uint64_t)c->past_ms + 1) : 0);
    if (c->type->kind == WEIR_T_STRING && c->format) {
        weir_datetime at = weir_datetime_of_timestamp(ms, &weir_tz_utc);
        weir_status st;
        weir_status_reset(&st);
        WEIR_ASSERT(weir_dtf_format(c->format, &at, out, &st) == WEIR_OK);
    } else if (c->type->kind == WEIR_T_STRING) {
        weir_timestamp_print(out, ms);
    } else if (c->type->kind == WEIR_T_DATE) {
        weir_buf_i64(out, weir_ts_to_date(ms));
    } else if (c->type->kind == WEIR_T_TIME) {
        weir_buf_i64(out, weir_ts_to_time(ms));
    } else {
        weir_buf_i64(out, c->type->kind == WEIR_T_INTEGER ? weir_floor_div(ms, 1000) : ms);
    }
}

static void write_template(const weir_datagen_spec *s, const weir__dg_cell *c,
                           const weir__dg_moment *m, weir_rng *r, weir_buf *out)
{
    for (uint32_t i = 0; i < c->n_parts; i++) {
        const weir__dg_part *p = &c->parts[i];
        size_t from = out->n;
        if (p->column >= 0) {
            weir__dg_write(s, &s->tables[m->table].cells[p->column], m, false, out);
            uint32_t n = (uint32_t)(out->n - from);
            uint32_t missing = p->width > n ? p->width - n : 0;
            if (missing && weir_buf_reserve(out, missing)) {
                memmove(out->p + from + missing, out->p + from, n);
                memset(out->p + from, '0', missing);
                out->n += missing;
            }
        } else if (p->pick.n) {
            write_scaled(out, p->first + (int64_t)weir__dg_pick_one(&p->pick, r), 0, p->width);
        } else {
            weir_buf_sv(out, p->text);
        }
    }
}

/* ---- other columns ---- */

static bool write_ref(const weir_datagen_spec *s, const weir__dg_cell *c, const weir__dg_moment *m,
                      weir_rng *r, bool json, weir_buf *out)
{
    const weir__dg_table *t = &s->tables[c->table];
    weir__dg_moment other = {.table = c->table, .time_ms = m->time_ms};
    if (t->told.rows) {
        other.row = weir__dg_pick_one(&c->pick, r);
    } else {
        uint64_t n = weir__dg_rows_before(s, c->table, m);
        other.row = n > 1 ? weir_rng_below(r, n) : 0;
        for (int i = 0;
             i < PROBES && n && weir__dg_fate_of(s, c->table, other.row) != WEIR__DG_WHOLE; i++) {
            other.row = other.row ? other.row - 1 : n - 1;
        }
    }
    return weir__dg_write(s, &t->cells[c->column], &other, json, out);
}

static double value_of(const weir_datagen_spec *s, int32_t column, const weir__dg_moment *m,
                       weir_buf *out)
{
    size_t from = out->n;
    double v = 0;
    weir__dg_write(s, &s->tables[m->table].cells[column], m, false, out);
    weir_double_parse_finite(weir_sv_of(out->p + from, out->n - from), &v);
    out->n = from;
    return v;
}

static void write_times(const weir_datagen_spec *s, const weir__dg_cell *c,
                        const weir__dg_moment *m, weir_buf *out)
{
    double v = value_of(s, c->column, m, out) * value_of(s, c->with, m, out) *
               (double)whole_tens[c->scale];
    v = v > 9e18 ? 9e18 : v < -9e18 ? -9e18 : v;
    write_number(c, (int64_t)(v < 0 ? v - 0.5 : v + 0.5), out);
}

static void write_hash(const weir_datagen_spec *s, const weir__dg_cell *c, const weir__dg_moment *m,
                       weir_buf *out)
{
    size_t from = out->n;
    weir__dg_write(s, &s->tables[m->table].cells[c->column], m, false, out);
    uint64_t h = weir_hash(out->p + from, out->n - from);
    out->n = from;
    weir_rng r;
    weir_rng_seed(&r, weir_hash_u64(h ^ c->base));
    write_number(c, c->first + (int64_t)weir__dg_pick_one(&c->pick, &r) * c->step, out);
}

/* ---- nested ---- */

static void write_nested(const weir_datagen_spec *s, const weir__dg_cell *c,
                         const weir__dg_moment *m, weir_rng *r, weir_buf *out)
{
    if (c->kind == WEIR__DG_STRUCT) {
        for (uint32_t i = 0; i < c->type->n_fields; i++) {
            weir_buf_sv(out, c->labels[i]);
            weir__dg_write(s, &c->children[i], m, true, out);
        }
        weir_buf_byte(out, '}');
        return;
    }
    bool map = c->kind == WEIR__DG_MAP;
    uint64_t n = (uint64_t)c->first + (c->pick.n > 1 ? weir_rng_below(r, c->pick.n) : 0);
    weir__dg_moment item = *m;
    weir_buf_byte(out, map ? '{' : '[');
    for (uint64_t i = 0; i < n; i++) {
        if (i) {
            weir_buf_byte(out, ',');
        }
        if (map && c->labels) {
            weir_json_string(out, c->labels[i]);
            weir_buf_byte(out, ':');
        } else if (map) {
            weir_buf_printf(out, "\"key_%llu\":", (unsigned long long)i + 1);
        }
        item.sub = weir_hash_u64(m->sub + i + 1);
        weir__dg_write(s, c->children, &item, true, out);
    }
    weir_buf_byte(out, map ? '}' : ']');
}

/* ---- all of them ---- */

/* Escapes what was written from `from` on, if it has to be. */
static void escape_tail(weir_buf *out, size_t from)
{
    size_t i = from;
    while (i < out->n && (uint8_t)out->p[i] >= 0x20 && out->p[i] != '"' && out->p[i] != '\\') {
        i++;
    }
    if (i == out->n) {
        return;
    }
    weir_buf text = {0};
    weir_buf_add(&text, out->p + from, out->n - from);
    out->n = from - 1; /* the quote */
    weir_json_string(out, weir_buf_view(&text));
    out->n--;
    weir_buf_deinit(&text);
}

/* False: NULL. */
static bool write_plain(const weir_datagen_spec *s, const weir__dg_cell *c,
                        const weir__dg_moment *m, weir_rng *r, weir_buf *out)
{
    switch (c->kind) {
    case WEIR__DG_SEQUENCE:
        write_number(c, sequence(c, counter(c, m)), out);
        return true;
    case WEIR__DG_SESSION:
        write_number(c, sequence(c, m->session), out);
        return true;
    case WEIR__DG_UNIFORM:
        write_number(
            c, (int64_t)((uint64_t)c->first + weir__dg_pick_one(&c->pick, r) * (uint64_t)c->step),
            out);
        return true;
    case WEIR__DG_REAL:
        weir_buf_double(out, c->low + (c->high - c->low) * weir_rng_unit(r));
        return true;
    case WEIR__DG_NORMAL:
        if (c->type->kind == WEIR_T_DOUBLE && c->scale == 6) {
            weir_buf_double(out, (double)normal(c, r) / 1e6);
        } else {
            write_number(c, normal(c, r), out);
        }
        return true;
    case WEIR__DG_REGEX:
    case WEIR__DG_UUID:
    case WEIR__DG_TEXT:
        weir_buf_sv(out, c->prefix);
        if (c->kind == WEIR__DG_REGEX) {
            weir__dg_regex_write(c->regex, r, out);
        } else if (c->kind == WEIR__DG_UUID) {
            write_uuid(r, out);
        } else {
            write_letters(c, r, out);
        }
        weir_buf_sv(out, c->suffix);
        return true;
    case WEIR__DG_TEMPLATE:
        write_template(s, c, m, r, out);
        return true;
    case WEIR__DG_BOOL:
        weir_buf_str(out, weir_rng_unit(r) < c->high ? "true" : "false");
        return true;
    case WEIR__DG_TIME:
        write_time(c, r, m, out);
        return true;
    case WEIR__DG_WALK:
        weir_buf_sv(out, s->tables[m->table].walk->states[m->state]);
        return true;
    case WEIR__DG_HASH:
        write_hash(s, c, m, out);
        return true;
    case WEIR__DG_TIMES:
        write_times(s, c, m, out);
        return true;
    case WEIR__DG_ARRAY:
    case WEIR__DG_MAP:
    case WEIR__DG_STRUCT:
        write_nested(s, c, m, r, out);
        return true;
    case WEIR__DG_NULL:
    case WEIR__DG_LIST: /* of weir__dg_write */
    case WEIR__DG_REF:
        break;
    }
    return false;
}

bool weir__dg_write(const weir_datagen_spec *s, const weir__dg_cell *c, const weir__dg_moment *m,
                    bool json, weir_buf *out)
{
    weir_rng r;
    bool there = !c->when || (c->when >> m->state & 1);
    bool drawn = c->kind != WEIR__DG_SEQUENCE && c->kind != WEIR__DG_STRUCT;
    if (drawn || c->null_share > 0) {
        weir_rng_seed(&r, weir__dg_seed(c->base, counter(c, m), m->sub));
    }
    there = there && !(c->null_share > 0 && weir_rng_unit(&r) < c->null_share);
    if (there && c->kind == WEIR__DG_LIST) {
        const weir__dg_item *item = &c->items[weir__dg_pick_one(&c->pick, &r)];
        weir_buf_sv(out, json ? item->json : item->plain);
        return true;
    }
    if (there && c->kind == WEIR__DG_REF) {
        return write_ref(s, c, m, &r, json, out);
    }
    size_t from = out->n;
    bool quotes = json && c->quoted;
    if (there && quotes) {
        weir_buf_byte(out, '"');
    }
    there = there && write_plain(s, c, m, &r, out);
    if (!there) {
        out->n = from;
        if (json) {
            weir_buf_str(out, "null");
        }
        return false;
    }
    if (quotes) {
        if (!c->safe) {
            escape_tail(out, from + 1);
        }
        weir_buf_byte(out, '"');
    }
    return true;
}
