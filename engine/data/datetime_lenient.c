/* PARSE_DATE. The pattern is cut into letter runs and literals for each text: that costs little beside
 * reading the text. A number takes all digits it finds, unless another number follows directly: then it
 * takes as many as it has letters. */
#include "engine/data/datetime_ops.h"

#define TOKENS_MAX 64
#define LITERALS_MAX 256
#define GREGORIAN_FROM (-141427) /* 1582-10-15; before it Java's calendar is the Julian */
#define CENTURY_FROM 46          /* two digits of a year are those of 1946 to 2045 */

typedef struct token {
    char letter; /* 0: literal */
    uint32_t count;
    weir_sv literal;
} token;

typedef struct lenient {
    weir_sv pattern, text;
    weir_status *st;
    token tokens[TOKENS_MAX];
    uint32_t n_tokens;
    char literals[LITERALS_MAX]; /* unquoted, one behind the other */
    uint32_t n_literals;
    uint32_t at;
    /* what the text said; of competing fields the last one counts */
    int64_t year, month, day, day_of_year;
    bool bc, by_day_of_year, half_day;
    int64_t hour, hour_of_half, half;
    int64_t minute, second, milli;
    int64_t offset_s;
} lenient;

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static weir_rc unparseable(const lenient *s)
{
    weir_sv shown = weir__dtf_shown(s->text);
    return weir_fail(s->st, WEIR_EDATA, "Unparseable date: \"" WEIR_SV_FMT "\"",
                     WEIR_SV_ARG(shown));
}

/* -- the pattern ------------------------------------------------------------------------------ */

static weir_rc cut_literal(lenient *s, uint32_t *at, token *t)
{
    uint32_t from = s->n_literals;
    bool quoted = false;
    while (*at < s->pattern.n && (quoted || !is_letter(s->pattern.p[*at]))) {
        char c = s->pattern.p[*at];
        ++*at;
        if (c == '\'' && (*at == s->pattern.n || s->pattern.p[*at] != '\'')) {
            quoted = !quoted;
            continue;
        }
        *at += c == '\'';
        if (s->n_literals == LITERALS_MAX) {
            return weir_fail(s->st, WEIR_ELIMIT, "a date pattern has more than %d literal bytes",
                             LITERALS_MAX);
        }
        s->literals[s->n_literals++] = c;
    }
    if (quoted) {
        return weir_fail(s->st, WEIR_EUSAGE, "Unterminated quote");
    }
    *t = (token){.literal = weir_sv_of(s->literals + from, s->n_literals - from)};
    return WEIR_OK;
}

static weir_rc cut_letters(lenient *s, uint32_t *at, token *t)
{
    char c = s->pattern.p[*at];
    uint32_t count = 0;
    while (*at < s->pattern.n && s->pattern.p[*at] == c) {
        count++;
        ++*at;
    }
    *t = (token){.letter = c, .count = count};
    if (!strchr("GyYMdDEuaHkKhmsSXZz", c) || (c == 'X' && count > 3)) {
        return weir_fail(s->st, WEIR_EUSAGE, "Illegal pattern component: %c", c);
    }
    return WEIR_OK;
}

static weir_rc cut_pattern(lenient *s)
{
    for (uint32_t at = 0; at < s->pattern.n;) {
        if (s->n_tokens == TOKENS_MAX) {
            return weir_fail(s->st, WEIR_ELIMIT, "a date pattern has more than %d parts",
                             TOKENS_MAX);
        }
        token *t = &s->tokens[s->n_tokens++];
        WEIR_TRY(is_letter(s->pattern.p[at]) ? cut_letters(s, &at, t) : cut_literal(s, &at, t));
    }
    return WEIR_OK;
}

static bool is_number(const token *t)
{
    return t->letter && !strchr("GEaXZz", t->letter) && (t->letter != 'M' || t->count < 3);
}

/* -- the text --------------------------------------------------------------------------------- */

static weir_rc number(lenient *s, uint32_t most, int64_t *value)
{
    if (most == 0) {
        while (s->at < s->text.n &&
               (s->text.p[s->at] == ' ' || (s->text.p[s->at] >= '\t' && s->text.p[s->at] <= '\r'))) {
            s->at++;
        }
        most = UINT32_MAX;
    }
    uint32_t n = 0;
    *value = 0;
    for (; n < most && s->at < s->text.n && is_digit(s->text.p[s->at]); n++) {
        *value = *value * 10 + (s->text.p[s->at++] - '0');
        if (*value > INT32_MAX) {
            return unparseable(s);
        }
    }
    return n ? WEIR_OK : unparseable(s);
}

static void set_number(lenient *s, const token *t, int64_t v)
{
    switch (t->letter) {
    case 'y':
    case 'Y':
        s->year = t->count > 2 || v >= 100 ? v : v + (v >= CENTURY_FROM ? 1900 : 2000);
        break;
    case 'M':
        s->month = v;
        break;
    case 'd':
        s->day = v;
        s->by_day_of_year = false;
        break;
    case 'D':
        s->day_of_year = v;
        s->by_day_of_year = true;
        break;
    case 'H':
    case 'k':
        s->hour = t->letter == 'k' && v == 24 ? 0 : v;
        s->half_day = false;
        break;
    case 'K':
    case 'h':
        s->hour_of_half = t->letter == 'h' && v == 12 ? 0 : v;
        s->half_day = true;
        break;
    case 'm':
        s->minute = v;
        break;
    case 's':
        s->second = v;
        break;
    case 'S':
        s->milli = v;
        break;
    default: /* u: the day of the week says nothing beside a date */
        break;
    }
}

/* Full and short names alike. */
static weir_rc name(lenient *s, char letter)
{
    weir_chrono field = letter == 'M' ? WEIR_F_MONTH
                                      : (letter == 'E' ? WEIR_F_DAY_OF_WEEK
                                                       : (letter == 'G' ? WEIR_F_ERA : WEIR_F_AMPM));
    int64_t low = 0;
    int64_t high = 0;
    weir__dtf_text_range(field, &low, &high);
    weir_sv rest = weir_sv_of(s->text.p + s->at, s->text.n - s->at);
    uint32_t best = 0;
    int64_t value = 0;
    for (int64_t v = low; v <= high; v++) {
        for (int style = WEIR__STYLE_SHORT; style <= WEIR__STYLE_FULL; style++) {
            weir_sv known = weir__dtf_text(WEIR_LOCALE_EN, field, (weir__dtf_style)style, v);
            if (known.n > best && weir_sv_istarts(rest, known)) {
                best = known.n;
                value = v;
            }
        }
    }
    s->at += best;
    switch (letter) {
    case 'M':
        s->month = value;
        break;
    case 'G':
        s->bc = value == 0;
        break;
    case 'a':
        s->half = value;
        s->half_day = true;
        break;
    default:
        break;
    }
    return best ? WEIR_OK : unparseable(s);
}

/* `Z`, `+hh`, `+hhmm`, `+hh:mm`, `GMT+h:mm`; names only of the zone whose days these are. */
static weir_rc zone(lenient *s, const token *t)
{
    weir_sv rest = weir_sv_of(s->text.p + s->at, s->text.n - s->at);
    bool iso = t->letter == 'X' || (t->letter == 'Z' && t->count == 2);
    uint32_t n = 0;
    if (iso && weir_sv_starts(rest, WEIR_SV("Z"))) {
        s->at++;
        return WEIR_OK;
    }
    if (!iso && (weir_sv_istarts(rest, WEIR_SV("GMT")) || weir_sv_istarts(rest, WEIR_SV("UTC")))) {
        n = 3;
    }
    if (n == rest.n || (rest.p[n] != '+' && rest.p[n] != '-')) {
        s->at += n;
        return n ? WEIR_OK : unparseable(s);
    }
    uint32_t digits = n + 1;
    while (digits < rest.n && (is_digit(rest.p[digits]) || rest.p[digits] == ':') &&
           digits < n + 6) {
        digits++;
    }
    uint32_t iso_length = t->letter == 'X' && t->count < 3 ? t->count * 2 + 1 : 6;
    uint32_t length = iso ? iso_length : (n ? digits - n : 5);
    int32_t offset_s;
    if (rest.n - n < length ||
        !weir_tz_parse_offset(weir_sv_of(rest.p + n, length), &offset_s)) {
        return unparseable(s);
    }
    s->offset_s = offset_s;
    s->at += n + length;
    return WEIR_OK;
}

static weir_rc read_text(lenient *s)
{
    for (uint32_t i = 0; i < s->n_tokens; i++) {
        const token *t = &s->tokens[i];
        if (!t->letter) {
            weir_sv rest = weir_sv_of(s->text.p + s->at, s->text.n - s->at);
            if (!weir_sv_starts(rest, t->literal)) {
                return unparseable(s);
            }
            s->at += t->literal.n;
        } else if (is_number(t)) {
            bool adjacent = i + 1 < s->n_tokens && is_number(&s->tokens[i + 1]);
            int64_t v;
            WEIR_TRY(number(s, adjacent ? t->count : 0, &v));
            set_number(s, t, v);
        } else if (strchr("XZz", t->letter)) {
            WEIR_TRY(zone(s, t));
        } else {
            WEIR_TRY(name(s, t->letter));
        }
    }
    return WEIR_OK;
}

/* -- the result ------------------------------------------------------------------------------- */

static int64_t first_of_month(int64_t year, int32_t month, bool julian)
{
    if (!julian) {
        return weir_days_from_civil(year, month, 1);
    }
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;
    return y * 365 + weir_floor_div(y, 4) + day_of_year - 719470;
}

static int64_t day_of(const lenient *s)
{
    int64_t year = s->bc ? 1 - s->year : s->year;
    int64_t month = s->by_day_of_year ? 0 : s->month - 1;
    int64_t days = (s->by_day_of_year ? s->day_of_year : s->day) - 1;
    year += weir_floor_div(month, 12);
    month = weir_floor_mod(month, 12);
    int64_t day = first_of_month(year, (int32_t)month + 1, false) + days;
    return day >= GREGORIAN_FROM ? day : first_of_month(year, (int32_t)month + 1, true) + days;
}

weir_rc weir_date_parse_lenient(weir_sv pattern, weir_sv text, int32_t *days, weir_status *st)
{
    lenient s = {.pattern = pattern, .text = text, .st = st, .year = 1970, .month = 1, .day = 1};
    WEIR_TRY(cut_pattern(&s));
    WEIR_TRY(read_text(&s));
    int64_t hour = s.half_day ? s.half * 12 + s.hour_of_half : s.hour;
    int64_t time_ms = ((hour * 60 + s.minute) * 60 + s.second - s.offset_s) * 1000 + s.milli;
    if (time_ms % WEIR_MS_PER_DAY != 0) {
        return weir_fail(st, WEIR_EDATA, "Date format contains time field.");
    }
    int64_t day = day_of(&s) + time_ms / WEIR_MS_PER_DAY;
    if (day < INT32_MIN || day > INT32_MAX) {
        return unparseable(&s);
    }
    *days = (int32_t)day;
    return WEIR_OK;
}
