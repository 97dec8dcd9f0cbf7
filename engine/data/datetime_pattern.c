/* Patterns to ops, following DateTimeFormatterBuilder.appendPattern: the letters, their counts and the
 * messages for wrong ones; adjacent numbers; sections; padding. */
#include "engine/data/datetime_ops.h"

typedef struct compiler {
    weir_arena *arena;
    weir_sv pattern;
    weir_status *st;
    weir__dtf_op *ops;
    uint16_t n_ops;
    int32_t value_op; /* the number that adjacent ones behind it belong to, or -1 */
    uint16_t open[WEIR_DTF_NESTING_MAX];
    uint16_t n_open;
    uint16_t pad;
} compiler;

static weir_rc too_many(compiler *c, char letter)
{
    return weir_fail(c->st, WEIR_EUSAGE, "Too many pattern letters: %c", letter);
}

static weir__dtf_op *push(compiler *c, weir__dtf_kind kind)
{
    if (c->pad) {
        c->ops[c->n_ops] = (weir__dtf_op){.kind = WEIR__DTF_PAD, .max = c->pad};
        c->n_ops++;
        c->pad = 0;
    }
    c->value_op = -1;
    weir__dtf_op *op = &c->ops[c->n_ops++];
    *op = (weir__dtf_op){.kind = kind};
    return op;
}

/* A number joins those before it: `HHmm` reads two digits each, `Hmm` leaves two for the minutes. */
static weir_rc push_number(compiler *c, weir__dtf_op number)
{
    int32_t base = c->value_op;
    if (base > 0 && c->ops[base - 1].kind == WEIR__DTF_PAD) {
        return weir_fail(c->st, WEIR_EUSAGE, "padded numbers must not be adjacent: " WEIR_SV_FMT,
                         WEIR_SV_ARG(c->pattern));
    }
    *push(c, number.kind) = number;
    c->value_op = c->n_ops - 1;
    if (base >= 0 && number.min == number.max && number.sign == WEIR__SIGN_NOT_NEGATIVE) {
        c->ops[base].subsequent = (uint16_t)(c->ops[base].subsequent + number.max);
        c->value_op = base;
    }
    return WEIR_OK;
}

static weir_rc push_value(compiler *c, weir_chrono field, uint32_t min, uint32_t max,
                          weir__dtf_sign sign)
{
    return push_number(c, (weir__dtf_op){.kind = WEIR__DTF_NUMBER,
                                         .field = field,
                                         .min = (uint16_t)min,
                                         .max = (uint16_t)max,
                                         .sign = min == max ? WEIR__SIGN_NOT_NEGATIVE : sign});
}

static weir_rc push_text(compiler *c, weir_chrono field, weir__dtf_style style)
{
    weir__dtf_op *op = push(c, WEIR__DTF_TEXT);
    op->field = field;
    op->style = (uint8_t)style;
    return WEIR_OK;
}

static weir_rc push_offset(compiler *c, uint32_t pattern, weir_sv zero)
{
    weir__dtf_op *op = push(c, WEIR__DTF_OFFSET);
    op->style = (uint8_t)pattern;
    op->literal = zero;
    return WEIR_OK;
}

/* Month, quarter, day of week: number, number of two digits, then names. */
static weir_rc number_or_text(compiler *c, char letter, uint32_t count, weir_chrono field)
{
    switch (count) {
    case 1:
        return push_value(c, field, 1, 19, WEIR__SIGN_NORMAL);
    case 2:
        return push_value(c, field, 2, 2, WEIR__SIGN_NOT_NEGATIVE);
    case 3:
        return push_text(c, field, WEIR__STYLE_SHORT);
    case 4:
        return push_text(c, field, WEIR__STYLE_FULL);
    case 5:
        return push_text(c, field, WEIR__STYLE_NARROW);
    default:
        return too_many(c, letter);
    }
}

static weir_rc text_only(compiler *c, char letter, uint32_t count, weir_chrono field)
{
    if (count > 5) {
        return too_many(c, letter);
    }
    return push_text(c, field,
                     count < 4 ? WEIR__STYLE_SHORT
                               : (count == 4 ? WEIR__STYLE_FULL : WEIR__STYLE_NARROW));
}

static weir_rc year(compiler *c, uint32_t count, weir_chrono field)
{
    if (count == 2) {
        return push_number(c, (weir__dtf_op){.kind = WEIR__DTF_REDUCED,
                                             .field = field,
                                             .min = 2,
                                             .max = 2,
                                             .sign = WEIR__SIGN_NOT_NEGATIVE});
    }
    if (count > 19) {
        return weir_fail(c->st, WEIR_EUSAGE,
                         "The minimum width must be from 1 to 19 inclusive but was %u", count);
    }
    return push_value(c, field, count, 19,
                      count < 4 ? WEIR__SIGN_NORMAL : WEIR__SIGN_EXCEEDS_PAD);
}

static weir_rc at_most(compiler *c, char letter, uint32_t count, uint32_t most, weir_chrono field)
{
    if (count > most) {
        return too_many(c, letter);
    }
    return count == 1 ? push_value(c, field, 1, 19, WEIR__SIGN_NORMAL)
                      : push_value(c, field, count, count, WEIR__SIGN_NOT_NEGATIVE);
}

static weir_rc fraction(compiler *c, uint32_t count)
{
    if (count > 9) {
        return weir_fail(c->st, WEIR_EUSAGE,
                         "The minimum width must be from 0 to 9 inclusive but was %u", count);
    }
    return push_number(c, (weir__dtf_op){.kind = WEIR__DTF_FRACTION,
                                         .field = WEIR_F_NANO,
                                         .min = (uint16_t)count,
                                         .max = (uint16_t)count,
                                         .sign = WEIR__SIGN_NOT_NEGATIVE});
}

static weir_rc week_letter(compiler *c, char letter, uint32_t count)
{
    switch (letter) {
    case 'Y':
        return year(c, count, WEIR_F_WEEK_YEAR);
    case 'w':
        return count > 2 ? too_many(c, letter)
                         : push_value(c, WEIR_F_WEEK_OF_WEEK_YEAR, count, 2,
                                      WEIR__SIGN_NOT_NEGATIVE);
    case 'W':
        return count > 1 ? too_many(c, letter)
                         : push_value(c, WEIR_F_WEEK_OF_MONTH, 1, 1, WEIR__SIGN_NOT_NEGATIVE);
    default: /* e, c */
        if (letter == 'c' && count == 2) {
            return weir_fail(c->st, WEIR_EUSAGE, "Invalid pattern \"cc\"");
        }
        if (count <= 2) {
            return push_value(c, WEIR_F_LOCAL_DAY_OF_WEEK, count, count, WEIR__SIGN_NOT_NEGATIVE);
        }
        return text_only(c, letter, count, WEIR_F_DAY_OF_WEEK);
    }
}

static weir_rc zone_name(compiler *c, char letter, uint32_t count)
{
    if (letter == 'z' && count > 4) {
        return too_many(c, letter);
    }
    if (letter == 'v' && count != 1 && count != 4) {
        return weir_fail(c->st, WEIR_EUSAGE, "Wrong number of pattern letters: v");
    }
    weir__dtf_op *op = push(c, WEIR__DTF_ZONE_NAME);
    op->style = count == 4 ? WEIR__STYLE_FULL : WEIR__STYLE_SHORT;
    op->generic = letter == 'v';
    return WEIR_OK;
}

static weir_rc gmt_offset(compiler *c, bool full)
{
    push(c, WEIR__DTF_GMT_OFFSET)->style = full ? WEIR__STYLE_FULL : WEIR__STYLE_SHORT;
    return WEIR_OK;
}

/* Indexes are those of Java's offset patterns: +HH +HHmm +HH:mm +HHMM +HH:MM +HHMMss +HH:MM:ss. */
static weir_rc zone_letter(compiler *c, char letter, uint32_t count)
{
    switch (letter) {
    case 'V':
        if (count != 2) {
            return weir_fail(c->st, WEIR_EUSAGE, "Pattern letter count must be 2: V");
        }
        push(c, WEIR__DTF_ZONE_ID);
        return WEIR_OK;
    case 'Z':
        if (count < 4) {
            return push_offset(c, 3, WEIR_SV("+0000"));
        }
        if (count == 4) {
            return gmt_offset(c, true);
        }
        return count == 5 ? push_offset(c, 6, WEIR_SV("Z")) : too_many(c, letter);
    case 'O':
        if (count != 1 && count != 4) {
            return weir_fail(c->st, WEIR_EUSAGE, "Pattern letter count must be 1 or 4: O");
        }
        return gmt_offset(c, count == 4);
    case 'X':
    case 'x':
        if (count > 5) {
            return too_many(c, letter);
        }
        return push_offset(c, count + (count == 1 ? 0 : 1),
                           letter == 'X' ? WEIR_SV("Z")
                                         : (count == 1 ? WEIR_SV("+00")
                                                       : (count % 2 == 0 ? WEIR_SV("+0000")
                                                                         : WEIR_SV("+00:00"))));
    default: /* z, v */
        return zone_name(c, letter, count);
    }
}

static weir_rc count_letter(compiler *c, char letter, uint32_t count, weir_chrono field)
{
    if (count > 19) {
        return weir_fail(c->st, WEIR_EUSAGE,
                         "The minimum width must be from 1 to 19 inclusive but was %u", count);
    }
    return push_value(c, field, count, 19,
                      letter == 'g' ? WEIR__SIGN_NORMAL : WEIR__SIGN_NOT_NEGATIVE);
}

static weir_rc letters(compiler *c, char letter, uint32_t count)
{
    switch (letter) {
    case 'G':
        return text_only(c, letter, count, WEIR_F_ERA);
    case 'u':
        return year(c, count, WEIR_F_YEAR);
    case 'y':
        return year(c, count, WEIR_F_YEAR_OF_ERA);
    case 'M':
    case 'L':
        return number_or_text(c, letter, count, WEIR_F_MONTH);
    case 'Q':
    case 'q':
        return number_or_text(c, letter, count, WEIR_F_QUARTER);
    case 'E':
        return text_only(c, letter, count, WEIR_F_DAY_OF_WEEK);
    case 'a':
        return count > 1 ? too_many(c, letter) : push_text(c, WEIR_F_AMPM, WEIR__STYLE_SHORT);
    case 'D':
        if (count > 3) {
            return too_many(c, letter);
        }
        return count == 1 ? push_value(c, WEIR_F_DAY_OF_YEAR, 1, 19, WEIR__SIGN_NORMAL)
                          : push_value(c, WEIR_F_DAY_OF_YEAR, count, 3, WEIR__SIGN_NOT_NEGATIVE);
    case 'd':
        return at_most(c, letter, count, 2, WEIR_F_DAY_OF_MONTH);
    case 'F':
        return at_most(c, letter, count, 1, WEIR_F_ALIGNED_DAY_OF_WEEK);
    case 'H':
        return at_most(c, letter, count, 2, WEIR_F_HOUR_OF_DAY);
    case 'k':
        return at_most(c, letter, count, 2, WEIR_F_CLOCK_HOUR_OF_DAY);
    case 'K':
        return at_most(c, letter, count, 2, WEIR_F_HOUR_OF_AMPM);
    case 'h':
        return at_most(c, letter, count, 2, WEIR_F_CLOCK_HOUR_OF_AMPM);
    case 'm':
        return at_most(c, letter, count, 2, WEIR_F_MINUTE);
    case 's':
        return at_most(c, letter, count, 2, WEIR_F_SECOND);
    case 'S':
        return fraction(c, count);
    case 'A':
        return count_letter(c, letter, count, WEIR_F_MILLI_OF_DAY);
    case 'n':
        return count_letter(c, letter, count, WEIR_F_NANO);
    case 'N':
        return count_letter(c, letter, count, WEIR_F_NANO_OF_DAY);
    case 'g':
        return count_letter(c, letter, count, WEIR_F_MODIFIED_JULIAN_DAY);
    case 'Y':
    case 'w':
    case 'W':
    case 'e':
    case 'c':
        return week_letter(c, letter, count);
    case 'V':
    case 'v':
    case 'z':
    case 'Z':
    case 'O':
    case 'X':
    case 'x':
        return zone_letter(c, letter, count);
    default:
        return weir_fail(c->st, WEIR_EUSAGE, "Unknown pattern letter: %c", letter);
    }
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint32_t run_length(weir_sv s, uint32_t at)
{
    uint32_t n = 1;
    while (at + n < s.n && s.p[at + n] == s.p[at]) {
        n++;
    }
    return n;
}

static weir_rc letter_group(compiler *c, uint32_t *at)
{
    uint32_t count = run_length(c->pattern, *at);
    char letter = c->pattern.p[*at];
    *at += count;
    if (letter == 'p') {
        if (*at == c->pattern.n || !is_letter(c->pattern.p[*at])) {
            return weir_fail(c->st, WEIR_EUSAGE,
                             "Pad letter 'p' must be followed by valid pad pattern: " WEIR_SV_FMT,
                             WEIR_SV_ARG(c->pattern));
        }
        c->pad = (uint16_t)count;
        c->value_op = -1;
        letter = c->pattern.p[*at];
        count = run_length(c->pattern, *at);
        *at += count;
    }
    return letters(c, letter, count);
}

static weir_rc quoted(compiler *c, uint32_t *at)
{
    char *text = weir_arena_bytes_alloc(c->arena, c->pattern.n);
    uint32_t n = 0;
    for (uint32_t i = *at + 1; i < c->pattern.n; i++) {
        bool quote = c->pattern.p[i] == '\'';
        if (quote && (i + 1 == c->pattern.n || c->pattern.p[i + 1] != '\'')) {
            *at = i + 1;
            push(c, WEIR__DTF_LITERAL)->literal = n ? weir_sv_of(text, n) : WEIR_SV("'");
            return WEIR_OK;
        }
        text[n++] = c->pattern.p[i];
        i += quote;
    }
    return weir_fail(c->st, WEIR_EUSAGE,
                     "Pattern ends with an incomplete string literal: " WEIR_SV_FMT,
                     WEIR_SV_ARG(c->pattern));
}

static weir_rc open_section(compiler *c)
{
    if (c->n_open == WEIR_DTF_NESTING_MAX) {
        return weir_fail(c->st, WEIR_ELIMIT, "more than %d optional sections inside one another",
                         WEIR_DTF_NESTING_MAX);
    }
    c->open[c->n_open++] = c->n_ops;
    push(c, WEIR__DTF_OPTIONAL);
    return WEIR_OK;
}

static void close_section(compiler *c)
{
    c->ops[c->open[--c->n_open]].end = c->n_ops;
    c->value_op = -1;
}

static weir_rc symbol(compiler *c, uint32_t *at)
{
    char ch = c->pattern.p[*at];
    switch (ch) {
    case '\'':
        return quoted(c, at);
    case '[':
        ++*at;
        return open_section(c);
    case ']':
        ++*at;
        if (c->n_open == 0) {
            return weir_fail(c->st, WEIR_EUSAGE,
                             "Pattern invalid as it contains ] without previous [");
        }
        close_section(c);
        return WEIR_OK;
    case '{':
    case '}':
    case '#':
        return weir_fail(c->st, WEIR_EUSAGE, "Pattern includes reserved character: '%c'", ch);
    default:
        push(c, WEIR__DTF_LITERAL)->literal = weir_sv_of(c->pattern.p + *at, 1);
        ++*at;
        return WEIR_OK;
    }
}

weir_rc weir_dtf_compile(weir_arena *a, weir_sv pattern, weir_locale locale, weir_dtf **out,
                         weir_status *st)
{
    if (pattern.n > WEIR_DTF_PATTERN_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "a pattern has more than %d bytes",
                         WEIR_DTF_PATTERN_MAX);
    }
    weir_sv kept = weir_arena_sv(a, pattern);
    compiler c = {.arena = a, .pattern = kept, .st = st, .value_op = -1};
    /* A character makes at most two ops. */
    c.ops = WEIR_NEW_N(a, weir__dtf_op, (size_t)pattern.n * 2 + 1);
    for (uint32_t at = 0; at < kept.n;) {
        WEIR_TRY(is_letter(kept.p[at]) ? letter_group(&c, &at) : symbol(&c, &at));
    }
    while (c.n_open) {
        close_section(&c);
    }
    weir_dtf *f = WEIR_NEW(a, weir_dtf);
    *f = (weir_dtf){.pattern = kept, .locale = locale, .n_ops = c.n_ops, .ops = c.ops};
    *out = f;
    return WEIR_OK;
}
