/* MASK and its relatives: characters are replaced according to their class. They work on UTF-16
 * units as Java does, where the second half of a pair is looked at once more, as "other". */
#include "operators/fn_text.h"

#define NO_MASK UINT32_MAX

typedef struct masks {
    uint32_t unit[4]; /* by weir_char_class */
} masks;

/* The four mask arguments, or the defaults when there are none. */
static bool read_masks(weir_call *c, const weir_value *args, uint32_t n, masks *out)
{
    *out = (masks){{'X', 'x', 'n', '-'}};
    for (uint32_t i = 0; i < n; i++) {
        if (args[i].null) {
            out->unit[i] = NO_MASK;
            continue;
        }
        if (weir_utf16_len(args[i].sv) != 1) {
            weir_row_error(c, "Invalid mask character. Must be only single character, but was '"
                           WEIR_SV_FMT "'", WEIR_SV_ARG(weir__shown(args[i].sv)));
            return false;
        }
        uint32_t at = 0;
        out->unit[i] = weir_utf8_next(args[i].sv, &at);
    }
    return true;
}

static void put_char(weir__units *u, uint32_t c)
{
    if (c > 0xffff) {
        weir__unit(u, 0xd800 + ((c - 0x10000) >> 10));
        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    weir__unit(u, c);
}

static void put_masked(weir__units *u, const masks *m, weir_char_class class, uint32_t c)
{
    put_char(u, m->unit[class] == NO_MASK ? c : m->unit[class]);
}

/* Masks the units from `from` up to `to`. */
static weir_value mask_units(weir_call *c, weir_sv s, const masks *m, uint32_t from, uint32_t to)
{
    char *p = weir__room(c, (uint64_t)s.n * 3);
    if (!p) {
        return weir__none(c);
    }
    weir__units u = {.p = p};
    uint32_t unit = 0;
    for (uint32_t at = 0; at < s.n; unit++) {
        uint32_t ch = weir_utf8_next(s, &at);
        bool masked = unit >= from && unit < to;
        if (ch < 0x10000) {
            if (masked) {
                put_masked(&u, m, weir_char_class_of(ch), ch);
            } else {
                weir__unit(&u, ch);
            }
            continue;
        }
        uint32_t high = 0xd800 + ((ch - 0x10000) >> 10);
        uint32_t low = 0xdc00 + ((ch - 0x10000) & 0x3ff);
        unit++;
        bool low_masked = unit >= from && unit < to;
        if (masked && low_masked) {
            put_masked(&u, m, weir_char_class_of(ch), ch);
        } else if (masked) {
            put_masked(&u, m, WEIR_CHAR_OTHER, high);
        } else {
            weir__unit(&u, high);
        }
        if (low_masked) {
            put_masked(&u, m, WEIR_CHAR_OTHER, low);
        } else {
            weir__unit(&u, low);
        }
    }
    return weir__text(c, weir__units_end(&u));
}

typedef enum side { LEFT, RIGHT, KEEP_LEFT, KEEP_RIGHT } side;

static weir_value mask_side(weir_call *c, const weir_value *args, uint32_t n, side which)
{
    static const char *const names[] = {"mask_left", "mask_right", "mask_keep_left",
                                        "mask_keep_right"};
    masks m;
    if (args[1].null) {
        return weir__null_argument(c, 1);
    }
    if (!read_masks(c, args + 2, n - 2, &m)) {
        return weir__none(c);
    }
    if (args[1].i32 < 0) {
        return weir_row_error(c, "function %s requires a non-negative number of characters to mask "
                                 "or skip", names[which]);
    }
    if (args[0].null) {
        return weir__none(c);
    }
    uint32_t total = weir_utf16_len(args[0].sv);
    uint32_t count = (uint32_t)args[1].i32 < total ? (uint32_t)args[1].i32 : total;
    bool left = which == LEFT || which == KEEP_RIGHT; /* what is masked */
    uint32_t middle = which == LEFT || which == KEEP_LEFT ? count : total - count;
    return mask_units(c, args[0].sv, &m, left ? 0 : middle, left ? middle : total);
}

static weir_value mask(weir_call *c, const weir_value *args, uint32_t n)
{
    masks m;
    if (!read_masks(c, args + 1, n - 1, &m) || args[0].null) {
        return weir__none(c);
    }
    return mask_units(c, args[0].sv, &m, 0, UINT32_MAX);
}

static weir_value mask_left(weir_call *c, const weir_value *args, uint32_t n)
{
    return mask_side(c, args, n, LEFT);
}

static weir_value mask_right(weir_call *c, const weir_value *args, uint32_t n)
{
    return mask_side(c, args, n, RIGHT);
}

static weir_value mask_keep_left(weir_call *c, const weir_value *args, uint32_t n)
{
    return mask_side(c, args, n, KEEP_LEFT);
}

static weir_value mask_keep_right(weir_call *c, const weir_value *args, uint32_t n)
{
    return mask_side(c, args, n, KEEP_RIGHT);
}

#define FOUR ", STRING, STRING, STRING, STRING -> STRING"
#define SIDE_ROWS(kernel)                                                                          \
    {                                                                                              \
        {.sig = "STRING, INT -> STRING", .row = (kernel), .flags = WEIR_FN_NULLS},                 \
        {.sig = "STRING, INT" FOUR, .row = (kernel), .flags = WEIR_FN_NULLS},                      \
    }
static const weir_overload mask_rows[] = {
    {.sig = "STRING -> STRING", .row = mask, .flags = WEIR_FN_NULLS},
    {.sig = "STRING" FOUR, .row = mask, .flags = WEIR_FN_NULLS},
};
static const weir_overload left_rows[] = SIDE_ROWS(mask_left);
static const weir_overload right_rows[] = SIDE_ROWS(mask_right);
static const weir_overload keep_left_rows[] = SIDE_ROWS(mask_keep_left);
static const weir_overload keep_right_rows[] = SIDE_ROWS(mask_keep_right);

#define ROWS(rows) .overloads = (rows), .n_overloads = WEIR_COUNT(rows)

const weir_function weir_fn_mask[] = {
    {.name = "MASK", .category = WEIR_CAT_STRING,
     .doc = "Replaces capitals by X, small letters by x, digits by n and all else by -, or by the "
            "four characters given; a NULL leaves a class alone.",
     .example = "MASK('My Test $123') → Xx-Xxxx--nnn", ROWS(mask_rows)},
    {.name = "MASK_KEEP_LEFT", .category = WEIR_CAT_STRING,
     .doc = "Masks all but the first n characters, as MASK does.",
     .example = "MASK_KEEP_LEFT('My Test $123', 4) → My Txxx--nnn", ROWS(keep_left_rows)},
    {.name = "MASK_KEEP_RIGHT", .category = WEIR_CAT_STRING,
     .doc = "Masks all but the last n characters, as MASK does.",
     .example = "MASK_KEEP_RIGHT('My Test $123', 4) → Xx-Xxxx-$123", ROWS(keep_right_rows)},
    {.name = "MASK_LEFT", .category = WEIR_CAT_STRING,
     .doc = "Masks the first n characters, as MASK does.",
     .example = "MASK_LEFT('My Test $123', 4) → Xx-Xest $123", ROWS(left_rows)},
    {.name = "MASK_RIGHT", .category = WEIR_CAT_STRING,
     .doc = "Masks the last n characters, as MASK does.",
     .example = "MASK_RIGHT('My Test $123', 4) → My Test -nnn", ROWS(right_rows)},
};
const uint32_t weir_fn_mask_n = WEIR_COUNT(weir_fn_mask);
