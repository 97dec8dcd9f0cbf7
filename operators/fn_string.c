/* The string functions of every query, in vector form: CONCAT (which is `||`), LCASE, UCASE, LEN,
 * SUBSTRING, TRIM, INITCAP. Results that are part of an argument borrow from it. */
#include "operators/fn_text.h"

#include "engine/base/limits.h"

/* ---- CONCAT: NULLs are skipped ---- */

static void concat(weir_call *c, const weir_vec *args, uint32_t nargs, const uint16_t *sel,
                   uint32_t n, weir_vec *out)
{
    weir_sv *to = out->data;
    WEIR__EACH_ROW (k, row, sel, n) {
        uint64_t bytes = 0;
        for (uint32_t i = 0; i < nargs; i++) {
            bytes += weir_vec_is_valid(&args[i], row) ? WEIR_AT(weir_sv, &args[i], row).n : 0;
        }
        char *p = weir__room(c, bytes);
        if (!p) {
            weir__fail_row_of(c, out, row);
            continue;
        }
        uint32_t at = 0;
        for (uint32_t i = 0; i < nargs; i++) {
            if (weir_vec_is_valid(&args[i], row) && WEIR_AT(weir_sv, &args[i], row).n) {
                weir_sv s = WEIR_AT(weir_sv, &args[i], row);
                memcpy(p + at, s.p, s.n);
                at += s.n;
            }
        }
        to[row] = weir_sv_of(p, at);
    }
}

static weir_value concat_ws(weir_call *c, const weir_value *args, uint32_t n)
{
    if (n < 2) {
        return weir_row_error(c, "Function Concat_WS expects at least two input arguments.");
    }
    if (args[0].null) {
        return weir__none(c);
    }
    weir_sv between = args[0].sv;
    uint64_t bytes = 0;
    for (uint32_t i = 1; i < n; i++) {
        bytes += args[i].null ? 0 : (uint64_t)args[i].sv.n + between.n;
    }
    char *p = weir__room(c, bytes);
    if (!p) {
        return weir__none(c);
    }
    uint32_t at = 0;
    bool first = true;
    for (uint32_t i = 1; i < n; i++) {
        if (args[i].null) {
            continue;
        }
        if (!first && between.n) {
            memcpy(p + at, between.p, between.n);
            at += between.n;
        }
        if (args[i].sv.n) {
            memcpy(p + at, args[i].sv.p, args[i].sv.n);
            at += args[i].sv.n;
        }
        first = false;
    }
    return weir__text(c, weir_sv_of(p, at));
}

/* ---- one text in, one text out ---- */

typedef weir_sv (*map_fn)(weir_arena *a, weir_sv s);

static void map(weir_call *c, const weir_vec *arg, const uint16_t *sel, uint32_t n, weir_vec *out,
                map_fn fn)
{
    weir_sv *to = out->data;
    WEIR__EACH_ROW (k, row, sel, n) {
        to[row] = fn(c->arena, WEIR_AT(weir_sv, arg, row));
        if (to[row].n > WEIR_STRING_BYTES_MAX) { /* some letters grow */
            weir__room(c, to[row].n);
            weir__fail_row_of(c, out, row);
        }
    }
}

static void lcase(weir_call *c, const weir_vec *args, WEIR_UNUSED uint32_t nargs,
                  const uint16_t *sel, uint32_t n, weir_vec *out)
{
    map(c, &args[0], sel, n, out, weir_text_lower);
}

static void ucase(weir_call *c, const weir_vec *args, WEIR_UNUSED uint32_t nargs,
                  const uint16_t *sel, uint32_t n, weir_vec *out)
{
    map(c, &args[0], sel, n, out, weir_text_upper);
}

static void initcap(weir_call *c, const weir_vec *args, WEIR_UNUSED uint32_t nargs,
                    const uint16_t *sel, uint32_t n, weir_vec *out)
{
    map(c, &args[0], sel, n, out, weir_text_initcap);
}

static void trim(WEIR_UNUSED weir_call *c, const weir_vec *args, WEIR_UNUSED uint32_t nargs,
                 const uint16_t *sel, uint32_t n, weir_vec *out)
{
    weir_sv *to = out->data;
    WEIR__EACH_ROW (k, row, sel, n) {
        to[row] = weir_text_trim(WEIR_AT(weir_sv, &args[0], row));
    }
}

static void len_string(WEIR_UNUSED weir_call *c, const weir_vec *args, WEIR_UNUSED uint32_t nargs,
                       const uint16_t *sel, uint32_t n, weir_vec *out)
{
    int32_t *to = out->data;
    WEIR__EACH_ROW (k, row, sel, n) {
        to[row] = (int32_t)weir_utf16_len(WEIR_AT(weir_sv, &args[0], row));
    }
}

static void len_bytes(WEIR_UNUSED weir_call *c, const weir_vec *args, WEIR_UNUSED uint32_t nargs,
                      const uint16_t *sel, uint32_t n, weir_vec *out)
{
    int32_t *to = out->data;
    WEIR__EACH_ROW (k, row, sel, n) {
        to[row] = (int32_t)WEIR_AT(weir_sv, &args[0], row).n;
    }
}

/* ---- SUBSTRING ---- */

/* From position `pos`, counted from 1, or from the end when negative, `len` units; what lies outside
 * is not there. Sums wrap as Java's. */
static void clamp(int32_t total, int32_t pos, const int32_t *len, int32_t *from, int32_t *to)
{
    if (pos < 0) {
        *from = pos < -total ? 0 : total + pos;
    } else {
        *from = pos == 0 ? 0 : (pos - 1 < total ? pos - 1 : total);
    }
    *to = total;
    if (len) {
        int32_t end = (int32_t)((uint32_t)*from + (uint32_t)*len);
        end = end < total ? end : total;
        *to = end > *from ? end : *from;
    }
}

/* ksql.functions.substring.legacy.args: from `pos`, counted from 0, up to `len`, and exact. */
static bool legacy(weir_call *c, int32_t total, int32_t pos, const int32_t *len, int32_t *from,
                   int32_t *to)
{
    *from = pos;
    *to = len ? *len : total;
    if (*from < 0 || *to > total || *from > *to) {
        weir_row_error(c, "begin %d, end %d, length %d", *from, *to, total);
        return false;
    }
    return true;
}

static void substring(weir_call *c, const weir_vec *args, uint32_t nargs, const uint16_t *sel,
                      uint32_t n, weir_vec *out)
{
    weir_sv *to = out->data;
    bool bytes = out->type->kind == WEIR_T_BYTES;
    bool old = c->settings && c->settings->substring_legacy_args;
    WEIR__EACH_ROW (k, row, sel, n) {
        weir_sv s = WEIR_AT(weir_sv, &args[0], row);
        int32_t pos = WEIR_AT(int32_t, &args[1], row);
        const int32_t *len = nargs > 2 ? &WEIR_AT(int32_t, &args[2], row) : NULL;
        int32_t total = (int32_t)(bytes ? s.n : weir_utf16_len(s));
        int32_t first;
        int32_t end;
        if (!old) {
            clamp(total, pos, len, &first, &end);
        } else if (!legacy(c, total, pos, len, &first, &end)) {
            weir__fail_row_of(c, out, row);
            continue;
        }
        to[row] = bytes ? weir_sv_of(s.n ? s.p + first : s.p, (uint32_t)(end - first))
                        : weir_utf16_sub(c->arena, s, (uint32_t)first, (uint32_t)end);
    }
}

/* ---- rows ---- */

static const weir_overload concat_rows[] = {
    {.sig = "STRING... -> STRING", .vec = concat, .flags = WEIR_FN_NULLS},
    {.sig = "BYTES... -> BYTES", .vec = concat, .flags = WEIR_FN_NULLS},
};
static const weir_overload concat_ws_rows[] = {
    {.sig = "STRING... -> STRING", .row = concat_ws, .flags = WEIR_FN_NULLS},
    {.sig = "BYTES... -> BYTES", .row = concat_ws, .flags = WEIR_FN_NULLS},
};
static const weir_overload initcap_rows[] = {{.sig = "STRING -> STRING", .vec = initcap}};
static const weir_overload lcase_rows[] = {{.sig = "STRING -> STRING", .vec = lcase}};
static const weir_overload len_rows[] = {
    {.sig = "STRING -> INT", .vec = len_string},
    {.sig = "BYTES -> INT", .vec = len_bytes},
};
static const weir_overload substring_rows[] = {
    {.sig = "STRING, INT -> STRING", .vec = substring},
    {.sig = "STRING, INT, INT -> STRING", .vec = substring},
    {.sig = "BYTES, INT -> BYTES", .vec = substring},
    {.sig = "BYTES, INT, INT -> BYTES", .vec = substring},
};
static const weir_overload trim_rows[] = {{.sig = "STRING -> STRING", .vec = trim}};
static const weir_overload ucase_rows[] = {{.sig = "STRING -> STRING", .vec = ucase}};

#define ROWS(rows) .overloads = (rows), .n_overloads = WEIR_COUNT(rows)

const weir_function weir_fn_string[] = {
    {.name = "CONCAT", .category = WEIR_CAT_STRING,
     .doc = "Joins strings or bytes; NULLs are skipped.",
     .example = "CONCAT('a', NULL, 'b') → ab", ROWS(concat_rows)},
    {.name = "CONCAT_WS", .category = WEIR_CAT_STRING,
     .doc = "Joins strings or bytes with the first argument between them; NULLs are skipped.",
     .example = "CONCAT_WS(', ', 'a', NULL, 'b') → a, b", ROWS(concat_ws_rows)},
    {.name = "INITCAP", .category = WEIR_CAT_STRING,
     .doc = "Begins each word with a capital and writes the rest in lower case.",
     .example = "INITCAP('hello WORLD') → Hello World", ROWS(initcap_rows)},
    {.name = "LCASE", .category = WEIR_CAT_STRING, .doc = "The string in lower case.",
     .example = "LCASE('Abc') → abc", ROWS(lcase_rows)},
    {.name = "LEN", .category = WEIR_CAT_STRING,
     .doc = "The length of a string in UTF-16 units, or of bytes.", .example = "LEN('abc') → 3",
     ROWS(len_rows)},
    {.name = "SUBSTRING", .category = WEIR_CAT_STRING,
     .doc = "The part of a string or of bytes from a position on, counted from 1 or, when "
            "negative, from the end; at most as long as the third argument says.",
     .example = "SUBSTRING('stream', 2, 3) → tre", ROWS(substring_rows)},
    {.name = "TRIM", .category = WEIR_CAT_STRING,
     .doc = "Takes white space and control characters off both ends.",
     .example = "TRIM('  abc ') → abc", ROWS(trim_rows)},
    {.name = "UCASE", .category = WEIR_CAT_STRING, .doc = "The string in upper case.",
     .example = "UCASE('Abc') → ABC", ROWS(ucase_rows)},
};
const uint32_t weir_fn_string_n = WEIR_COUNT(weir_fn_string);
