/* DELIMITED: one line of values as Apache Commons CSV 1.4 (CSVFormat.DEFAULT) reads and writes it.
 *
 * Quotes are `"`, doubled inside; a quoted value may hold delimiters and line ends. Empty lines are
 * skipped; only the first record counts, but the whole text must be well-formed. An empty value is
 * NULL. Values are not trimmed, except that a DOUBLE may have white space around it. */
#include "connectors/codec.h"
#include "connectors/formats.h"
#include "engine/data/number.h"
#include "engine/data/text.h"

enum { START = -2, END = -1 }; /* "characters" before and behind the text */

typedef struct lexer {
    weir_sv text;
    uint32_t at;
    int last; /* character read before */
    char delimiter;
    const char *error;
    weir_arena *arena;
} lexer;

typedef enum token { VALUE, LAST_VALUE, NOTHING } token;

static int next_char(lexer *x)
{
    x->last = x->at < x->text.n ? (unsigned char)x->text.p[x->at] : END;
    x->at += x->last != END;
    return x->last;
}

/* Whether `c`, just read, ends a line; takes the LF of a CR LF, too. */
static bool ends_line(lexer *x, int c)
{
    if (c == '\r' && x->at < x->text.n && x->text.p[x->at] == '\n') {
        c = next_char(x);
    }
    return c == '\n' || c == '\r';
}

/* Behind a closing quote: white space up to the delimiter or the end of the line. */
static bool skip_to_delimiter(lexer *x, token *kind)
{
    for (;;) {
        uint32_t at = x->at;
        int c = next_char(x);
        if (c == x->delimiter) {
            *kind = VALUE;
            return true;
        }
        if (c == END || ends_line(x, c)) {
            *kind = LAST_VALUE;
            return true;
        }
        if (c >= 0x80) {
            c = (int)weir_utf8_next(x->text, &at);
            x->at = at;
        }
        if (!weir_char_is_whitespace((uint32_t)c)) {
            x->error = "invalid char between encapsulated token and delimiter";
            return false;
        }
    }
}

/* The value whose opening quote was just read. */
static bool quoted_value(lexer *x, token *kind, weir_sv *value)
{
    uint32_t start = x->at;
    uint32_t doubled = 0;
    for (;;) {
        const char *quote = memchr(x->text.p + x->at, '"', x->text.n - x->at);
        if (!quote) {
            x->error = "EOF reached before encapsulated token finished";
            return false;
        }
        x->at = (uint32_t)(quote - x->text.p) + 1;
        if (x->at == x->text.n || x->text.p[x->at] != '"') {
            break;
        }
        x->at++;
        doubled++;
    }
    *value = weir_sv_of(x->text.p + start, x->at - 1 - start);
    if (doubled) {
        char *out = weir_arena_bytes_alloc(x->arena, value->n - doubled);
        uint32_t n = 0;
        for (uint32_t i = 0; i < value->n; i++) {
            out[n++] = value->p[i];
            i += value->p[i] == '"';
        }
        *value = weir_sv_of(out, n);
    }
    return skip_to_delimiter(x, kind);
}

static token plain_value(lexer *x, int c, weir_sv *value)
{
    uint32_t start = x->at - 1;
    for (;; c = next_char(x)) {
        uint32_t end = x->at - (c != END);
        if (c == END || c == x->delimiter || ends_line(x, c)) {
            *value = weir_sv_of(x->text.p + start, end - start);
            return c == x->delimiter ? VALUE : LAST_VALUE;
        }
    }
}

/* One value; NOTHING at the end of the text. False: x->error. */
static bool next_value(lexer *x, token *kind, weir_sv *value)
{
    int before = x->last;
    int c = next_char(x);
    bool line_end = ends_line(x, c);
    *value = (weir_sv){0};
    while (line_end && (before == START || before == '\n' || before == '\r')) {
        before = c;
        c = next_char(x);
        line_end = ends_line(x, c);
        if (c == END) {
            *kind = NOTHING;
            return true;
        }
    }
    if (before == END || (before != x->delimiter && c == END)) {
        *kind = NOTHING;
    } else if (c == x->delimiter) {
        *kind = VALUE;
    } else if (line_end || c == END) {
        *kind = LAST_VALUE;
    } else if (c == '"') {
        return quoted_value(x, kind, value);
    } else {
        *kind = plain_value(x, c, value);
    }
    return true;
}

static weir_rc codec_new(weir_arena *a, const weir_codec_spec *spec, void **out, weir_status *st)
{
    for (uint32_t i = 0; i < spec->n; i++) {
        if (weir_type_is_nested(spec->cols[i].type)) {
            return weir__codec_refuse(spec, &spec->cols[i], st);
        }
    }
    *out = weir__codec_spec_copy(a, spec);
    return WEIR_OK;
}

/* The values of the first record into values[0 … max); *count is how many there are. */
static bool read_record(lexer *x, weir_sv *values, uint32_t max, uint32_t *count)
{
    token kind = VALUE;
    weir_sv value;
    *count = 0;
    while (kind == VALUE) {
        if (!next_value(x, &kind, &value)) {
            return false;
        }
        if (kind != NOTHING) {
            if (*count < max) {
                values[*count] = value;
            }
            ++*count;
        }
    }
    while (kind != NOTHING) {
        if (!next_value(x, &kind, &value)) {
            return false;
        }
    }
    if (*count == 0) {
        x->error = "No fields in record";
    }
    return *count > 0;
}

static bool read_bytes(weir_sv text, weir_arena *a, weir_sv *out)
{
    weir_buf bytes = {0};
    bool ok = weir_base64_decode(&bytes, text);
    *out = weir_arena_sv(a, weir_buf_view(&bytes));
    weir_buf_deinit(&bytes);
    return ok;
}

static bool read_time(weir_sv text, int32_t *out)
{
    int64_t ms;
    bool ok = weir_i64_parse(text, &ms) && ms >= 0 && ms <= INT64_C(86400000);
    *out = ok ? (int32_t)ms : 0;
    return ok;
}

static bool read_value(const weir_type *t, weir_sv text, weir_arena *a, void *to)
{
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        *(uint8_t *)to = weir_sv_ieq(text, WEIR_SV("true"));
        return true;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
        return weir_i32_parse(text, to);
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        return weir_i64_parse(text, to);
    case WEIR_T_DOUBLE:
        return weir_double_parse(text, to);
    case WEIR_T_DECIMAL:
        return weir_dec_parse(a, text, (weir_dec_type){t->precision, t->scale}, WEIR_ROUND_EXACT,
                              to) == WEIR_DEC_OK;
    case WEIR_T_STRING:
        *(weir_sv *)to = text;
        return true;
    case WEIR_T_BYTES:
        return read_bytes(text, a, to);
    case WEIR_T_TIME:
        return read_time(text, to);
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

/* Returns the column that could not be read, or -1. */
static int32_t write_row(const weir_codec_spec *spec, const weir_sv *values, weir_vec *cols,
                         weir_arena *step, uint32_t row)
{
    for (uint32_t i = 0; i < spec->n; i++) {
        int32_t out = weir__codec_out(spec, i);
        weir_vec *v = out >= 0 ? &cols[out] : NULL;
        const weir_type *t = spec->cols[i].type;
        weir_value unneeded;
        if (values[i].n == 0) {
            if (v) {
                weir__codec_null(v, step, row);
            }
            continue;
        }
        void *to = v ? (char *)v->data + (size_t)row * weir_type_width(t) : (char *)&unneeded.i64;
        if (!read_value(t, values[i], step, to)) {
            return (int32_t)i;
        }
        if (v && v->valid) {
            weir_bit_set(v->valid, row);
        }
    }
    return -1;
}

static void decode(void *self, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                   weir_arena *step, weir_bad_rows *bad)
{
    const weir_codec_spec *spec = self;
    WEIR_ASSERT(at + n <= WEIR_BATCH_ROWS);
    weir_sv *values = weir_arena_alloc(step, spec->n * sizeof *values);
    for (uint32_t i = 0; i < n; i++) {
        if (in[i].n == WEIR_NULL_BYTES) {
            weir__codec_null_row(spec, cols, step, at + i);
            continue;
        }
        lexer x = {.text = weir_utf8_repair(step, in[i]),
                   .last = START,
                   .delimiter = spec->format->delimiter,
                   .arena = step};
        uint32_t count;
        weir_sv reason;
        if (!read_record(&x, values, spec->n, &count)) {
            reason = weir_arena_printf(step, "Error deserializing delimited: %s", x.error);
        } else if (count != spec->n) {
            reason =
                weir_arena_printf(step,
                                  "Error deserializing delimited: Column count mismatch on "
                                  "deserialization. topic: " WEIR_SV_FMT ", expected: %u, got: %u",
                                  WEIR_SV_ARG(spec->topic), spec->n, count);
        } else {
            int32_t wrong = write_row(spec, values, cols, step, at + i);
            if (wrong < 0) {
                continue;
            }
            const weir_column *c = &spec->cols[wrong];
            reason =
                weir_arena_printf(step,
                                  "Error deserializing delimited: column `" WEIR_SV_FMT
                                  "` is not a valid " WEIR_SV_FMT,
                                  WEIR_SV_ARG(c->name), WEIR_SV_ARG(weir_type_name(step, c->type)));
        }
        weir__codec_bad_row(spec, cols, step, at + i, bad, reason);
    }
}

static bool is_word_start(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The first value of a line is quoted unless it starts with a letter or digit: so is -1. */
static bool needs_quotes(weir_sv s, bool first, char delimiter)
{
    if (s.n == 0) {
        return first;
    }
    unsigned char start = (unsigned char)s.p[0];
    if (start <= '#' || (first && !is_word_start(start)) || (unsigned char)s.p[s.n - 1] <= ' ') {
        return true;
    }
    for (uint32_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\n' || c == '\r' || c == '"' || c == delimiter) {
            return true;
        }
    }
    return false;
}

/* Puts quotes around what `out` holds from `start` on, from the back. */
static void quote(weir_buf *out, size_t start)
{
    size_t n = out->n - start;
    size_t quotes = 2;
    for (size_t i = start; i < out->n; i++) {
        quotes += out->p[i] == '"';
    }
    if (!weir_buf_reserve(out, quotes)) {
        return;
    }
    const char *from = out->p + out->n;
    char *to = out->p + out->n + quotes;
    *--to = '"';
    for (size_t i = 0; i < n; i++) {
        char c = *--from;
        *--to = c;
        if (c == '"') {
            *--to = '"';
        }
    }
    *--to = '"';
    WEIR_ASSERT(to == out->p + start);
    out->n += quotes;
}

static void write_value(weir_buf *out, const weir_vec *v, uint32_t row)
{
    const weir_type *t = v->type;
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        weir_buf_str(out, WEIR_AT(uint8_t, v, row) ? "true" : "false");
        return;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
        weir_buf_i64(out, WEIR_AT(int32_t, v, row));
        return;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        weir_buf_i64(out, WEIR_AT(int64_t, v, row));
        return;
    case WEIR_T_DOUBLE:
        weir_buf_double(out, WEIR_AT(double, v, row));
        return;
    case WEIR_T_DECIMAL:
        weir_dec_print(out, WEIR_AT(weir_dec, v, row), (weir_dec_type){t->precision, t->scale});
        return;
    case WEIR_T_STRING:
        weir_buf_sv(out, WEIR_AT(weir_sv, v, row));
        return;
    case WEIR_T_BYTES:
        weir_base64_encode(out, WEIR_AT(weir_sv, v, row));
        return;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static void encode(void *self, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                   weir_buf *out, uint32_t *ends, uint64_t *null)
{
    const weir_codec_spec *spec = self;
    (void)null; /* a line of NULLs is an empty line */
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t c = 0; c < spec->n; c++) {
            if (c > 0) {
                weir_buf_byte(out, spec->format->delimiter);
            }
            if (!weir_vec_is_valid(&cols[c], rows[i])) {
                continue;
            }
            size_t start = out->n;
            write_value(out, &cols[c], rows[i]);
            weir_sv text = weir_sv_of(out->p + start, out->n - start);
            if (needs_quotes(text, c == 0, spec->format->delimiter)) {
                quote(out, start);
            }
        }
        WEIR_ASSERT(out->n <= UINT32_MAX);
        ends[i] = (uint32_t)out->n;
    }
}

const weir_format weir_format_delimited = {
    .kind = WEIR_FMT_DELIMITED,
    .doc = "Values of one line with a delimiter between them, quoted as CSV; empty is NULL.",
    .decoder_new = codec_new,
    .decode = decode,
    .encoder_new = codec_new,
    .encode = encode,
};
