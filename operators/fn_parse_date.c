/* PARSE_DATE's patterns. ksqlDB reads them with FastDateFormat of commons-lang and a lenient
 * calendar in GMT, so they differ from all other patterns: months and days overflow into the next
 * ones, text behind the date is ignored, and before October 1582 the calendar is the Julian one.
 *
 *   pattern ─► parts (letter and width | literal) ─► fields with stamps ─► which of them say the day
 *
 * Names are English. Names of time zones other than GMT, UTC and Z are not known. */
#include "operators/fn_datetime.h"

#include <ctype.h>

#define PATTERN_MAX 1024
#define FIELDS "GyMwWDdFEaHhmsSX" /* one letter for each field of the calendar */

typedef struct part {
    char letter; /* 0: a literal */
    uint32_t width;
    weir_sv literal;
} part;

struct weir__simple_format {
    uint32_t n;
    part *parts;
};

/* What was parsed: values, and when each was set (0: not). A field set again counts as later. */
typedef struct fields {
    int64_t value[sizeof FIELDS];
    uint32_t stamp[sizeof FIELDS];
    uint32_t clock;
} fields;

static uint32_t field_of(char letter)
{
    const char *at = strchr(FIELDS, letter);
    WEIR_ASSERT(at && letter);
    return (uint32_t)(at - FIELDS);
}

static int64_t get(const fields *f, char letter, int64_t otherwise)
{
    uint32_t i = field_of(letter);
    return f->stamp[i] ? f->value[i] : otherwise;
}

static uint32_t stamp_of(const fields *f, char letter)
{
    return f->stamp[field_of(letter)];
}

static void set(fields *f, char letter, int64_t value)
{
    uint32_t i = field_of(letter);
    f->value[i] = value;
    f->stamp[i] = ++f->clock;
}

/* ---- patterns ---- */

static bool is_number(const part *p)
{
    return p->letter && (strchr("DFHKSWdhkmsuwyY", p->letter) ||
                         (strchr("ML", p->letter) && p->width < 3));
}

static weir_rc add_literal(weir_arena *a, weir_sv pattern, uint32_t *at, part *p, weir_status *st)
{
    char *text = weir_arena_bytes_alloc(a, pattern.n);
    uint32_t n = 0;
    bool quoted = false;
    for (; *at < pattern.n; ++*at) {
        char c = pattern.p[*at];
        if (!quoted && isalpha((unsigned char)c)) {
            break;
        }
        if (c == '\'' && (*at + 1 == pattern.n || pattern.p[*at + 1] != '\'')) {
            quoted = !quoted;
            continue;
        }
        *at += c == '\'';
        text[n++] = c;
    }
    p->literal = weir_sv_of(text, n);
    return quoted ? weir_fail(st, WEIR_EUSAGE, "Unterminated quote") : WEIR_OK;
}

weir_rc weir__simple_compile(weir_arena *a, weir_sv pattern, weir__simple_format **out,
                             weir_status *st)
{
    if (pattern.n > PATTERN_MAX) {
        return weir_fail(st, WEIR_EUSAGE, "the pattern is longer than %d bytes", PATTERN_MAX);
    }
    weir__simple_format *f = WEIR_NEW(a, weir__simple_format);
    uint32_t cap = 0;
    for (uint32_t at = 0; at < pattern.n;) {
        part p = {0};
        char c = pattern.p[at];
        if (isalpha((unsigned char)c)) {
            if (!strchr("DEFGHKLMSWXYZadhkmsuwyz", c)) {
                return weir_fail(st, WEIR_EUSAGE, "Format '%c' not supported", c);
            }
            p.letter = c;
            while (at < pattern.n && pattern.p[at] == c) {
                p.width++;
                at++;
            }
        } else {
            WEIR_TRY(add_literal(a, pattern, &at, &p, st));
        }
        WEIR_PUSH(a, f->parts, f->n, cap, p);
    }
    *out = f;
    return WEIR_OK;
}

/* ---- texts: each step reads from `*s` and moves behind what it read ---- */

static void skip(weir_sv *s, uint32_t n)
{
    s->p += n;
    s->n -= n;
}

/* `width` 0: as many digits as there are, after white space. */
static bool read_number(weir_sv *s, uint32_t width, int64_t *out)
{
    while (width == 0 && s->n && weir_char_is_whitespace((unsigned char)s->p[0])) {
        skip(s, 1);
    }
    uint32_t n = 0;
    int64_t v = 0;
    while (n < s->n && (width == 0 || n < width) && isdigit((unsigned char)s->p[n])) {
        v = v * 10 + (s->p[n++] - '0');
        if (v > INT32_MAX) {
            return false;
        }
    }
    skip(s, n);
    *out = v;
    return n > 0;
}

/* The longest of `names` that `s` begins with, in any case: its index, or -1. */
static int32_t read_name(weir_sv *s, const char *const *names, uint32_t n)
{
    int32_t found = -1;
    uint32_t longest = 0;
    for (uint32_t i = 0; i < n; i++) {
        weir_sv name = weir_sv_cstr(names[i]);
        if (name.n > longest && weir_sv_istarts(*s, name)) {
            found = (int32_t)i;
            longest = name.n;
        }
    }
    skip(s, longest);
    return found;
}

static bool read_text(weir_sv *s, char letter, fields *f)
{
    static const char *const months[] = {
        "January", "February", "March",     "April",   "May",      "June", "July", "August",
        "September", "October", "November", "December", "Jan",     "Feb",  "Mar",  "Apr",
        "May",     "Jun",      "Jul",       "Aug",     "Sep",      "Oct",  "Nov",  "Dec",
    };
    static const char *const days[] = {
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
        "Sun",    "Mon",    "Tue",     "Wed",       "Thu",      "Fri",    "Sat",
    };
    static const char *const eras[] = {"Before Christ", "Anno Domini", "BC", "AD"};
    static const char *const halves[] = {"AM", "PM"};
    int32_t at;
    switch (letter) {
    case 'M':
    case 'L':
        at = read_name(s, months, WEIR_COUNT(months));
        if (at >= 0) {
            set(f, 'M', at % 12);
        }
        return at >= 0;
    case 'E':
        at = read_name(s, days, WEIR_COUNT(days));
        if (at >= 0) {
            set(f, 'E', at % 7 + 1);
        }
        return at >= 0;
    case 'G':
        at = read_name(s, eras, WEIR_COUNT(eras));
        if (at >= 0) {
            set(f, 'G', at % 2);
        }
        return at >= 0;
    default:
        at = read_name(s, halves, WEIR_COUNT(halves));
        if (at >= 0) {
            set(f, 'a', at);
        }
        return at >= 0;
    }
}

/* Hours and minutes behind a sign: hh, hhmm, hh:mm by `shape` 1, 2, 3. */
static bool read_offset(weir_sv *s, uint32_t shape, int64_t *ms)
{
    static const uint32_t lengths[] = {0, 3, 5, 6};
    uint32_t n = lengths[shape];
    if (s->n < n || (s->p[0] != '+' && s->p[0] != '-') || (shape == 3 && s->p[3] != ':')) {
        return false;
    }
    int64_t digits[4] = {0};
    uint32_t k = 0;
    for (uint32_t i = 1; i < n; i++) {
        if (shape == 3 && i == 3) {
            continue;
        }
        if (!isdigit((unsigned char)s->p[i])) {
            return false;
        }
        digits[k++] = s->p[i] - '0';
    }
    int64_t minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3];
    *ms = (s->p[0] == '-' ? -minutes : minutes) * 60000;
    skip(s, n);
    return true;
}

static bool read_zone(weir_sv *s, const part *p, fields *f)
{
    static const char *const names[] = {"GMT", "UTC"};
    int64_t ms = 0;
    bool iso = p->letter == 'X' || (p->letter == 'Z' && p->width == 2);
    bool ok;
    if (iso) {
        ok = s->n && s->p[0] == 'Z';
        skip(s, ok);
        uint32_t shape = p->letter == 'Z' ? 3 : p->width < 3 ? p->width : 3;
        ok = ok || read_offset(s, shape, &ms);
    } else {
        ok = read_name(s, names, WEIR_COUNT(names)) >= 0;
        ok = read_offset(s, ok ? 3 : 2, &ms) || ok;
    }
    if (ok) {
        set(f, 'X', ms);
    }
    return ok;
}

/* Two digits are a year of the 100 that began 80 years ago. */
static int64_t full_year(int64_t year, int64_t now_ms)
{
    int64_t start = weir_civil_from_days(weir_floor_div(now_ms, WEIR_MS_PER_DAY)).year - 80;
    int64_t century = start / 100 * 100;
    return century + year + (year >= start - century ? 0 : 100);
}

static void set_number(fields *f, const part *p, int64_t v, int64_t now_ms)
{
    switch (p->letter) {
    case 'y':
    case 'Y':
        set(f, 'y', p->width <= 2 && v < 100 ? full_year(v, now_ms) : v);
        break;
    case 'M':
    case 'L':
        set(f, 'M', v - 1);
        break;
    case 'u':
        set(f, 'E', v == 7 ? 1 : v + 1);
        break;
    case 'h':
        set(f, 'h', v == 12 ? 0 : v);
        break;
    case 'K':
        set(f, 'h', v);
        break;
    case 'k':
        set(f, 'H', v == 24 ? 0 : v);
        break;
    default:
        set(f, p->letter, v);
    }
}

static bool read_part(weir_sv *s, const part *p, const part *next, fields *f, int64_t now_ms)
{
    if (!p->letter) {
        bool ok = weir_sv_starts(*s, p->literal);
        skip(s, ok ? p->literal.n : 0);
        return ok;
    }
    if (is_number(p)) {
        int64_t v;
        bool ok = read_number(s, next && is_number(next) ? p->width : 0, &v);
        if (ok) {
            set_number(f, p, v, now_ms);
        }
        return ok;
    }
    return strchr("XZz", p->letter) ? read_zone(s, p, f) : read_text(s, p->letter, f);
}

/* ---- the calendar ---- */

/* Day of a month that may be out of range; Julian before 1582-10-15. */
static int64_t day_of(int64_t year, int64_t month0, int64_t day)
{
    year += weir_floor_div(month0, 12);
    month0 = weir_floor_mod(month0, 12);
    int64_t gregorian = weir_days_from_civil(year, (int32_t)month0 + 1, 1) + day - 1;
    if (gregorian >= -141427) {
        return gregorian;
    }
    int64_t y = month0 < 2 ? year - 1 : year; /* years begin in March */
    int64_t m = month0 < 2 ? month0 + 10 : month0 - 2;
    return y * 365 + weir_floor_div(y, 4) + (153 * m + 2) / 5 + day - 1 - 719470;
}

/* Sunday is 1. */
static int64_t weekday(int64_t day)
{
    return weir_floor_mod(day + 4, 7) + 1;
}

/* When a pair of fields was complete; 0: it is not. */
static uint32_t pair_stamp(uint32_t a, uint32_t b)
{
    return !a || !b ? 0 : a > b ? a : b;
}

static uint32_t later(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The fields that were set last say which day it is; weeks begin on Sunday. */
static int64_t resolve_day(const fields *f)
{
    int64_t year = get(f, 'y', 1970);
    year = get(f, 'G', 1) == 0 ? 1 - year : year;
    int64_t month = get(f, 'M', 0);
    uint32_t dow = stamp_of(f, 'E');
    uint32_t in_month = pair_stamp(stamp_of(f, 'W'), dow);
    uint32_t nth = pair_stamp(stamp_of(f, 'F'), dow);
    uint32_t in_year = pair_stamp(stamp_of(f, 'w'), dow);
    uint32_t dom = stamp_of(f, 'd');
    uint32_t doy = stamp_of(f, 'D');
    uint32_t best = later(later(dom, doy), later(in_month, later(nth, in_year)));
    if (!best) {
        in_month = stamp_of(f, 'W');
        nth = later(stamp_of(f, 'F'), dow);
        in_year = stamp_of(f, 'w');
        best = later(in_month, later(nth, in_year));
    }
    int64_t first = day_of(year, month, 1);
    if (best == dom) { /* also when nothing is set */
        return day_of(year, month, get(f, 'd', 1));
    }
    if (best == doy) {
        return day_of(year, 0, get(f, 'D', 1));
    }
    int64_t wanted = get(f, 'E', 1);
    if (best == in_month) {
        return first - weekday(first) + wanted + 7 * (get(f, 'W', 1) - 1);
    }
    if (best == nth) {
        return first + weir_floor_mod(wanted - weekday(first), 7) + 7 * (get(f, 'F', 1) - 1);
    }
    int64_t january = day_of(year, 0, 1);
    return january - weekday(january) + wanted + 7 * (get(f, 'w', 1) - 1);
}

static int64_t resolve_hour(const fields *f)
{
    uint32_t half = pair_stamp(stamp_of(f, 'h'), stamp_of(f, 'a'));
    half = half || stamp_of(f, 'H') ? half : later(stamp_of(f, 'h'), stamp_of(f, 'a'));
    return stamp_of(f, 'H') >= half ? get(f, 'H', 0) : get(f, 'h', 0) + 12 * get(f, 'a', 0);
}

weir_rc weir__simple_parse(const weir__simple_format *f, weir_sv text, int64_t now_ms, int64_t *ms,
                           weir_status *st)
{
    fields got = {.clock = 0};
    weir_sv rest = text;
    for (uint32_t i = 0; i < f->n; i++) {
        const part *next = i + 1 < f->n ? &f->parts[i + 1] : NULL;
        if (!read_part(&rest, &f->parts[i], next, &got, now_ms)) {
            return weir_fail(st, WEIR_EDATA, "Unparseable date: \"" WEIR_SV_FMT "\"",
                             WEIR_SV_ARG(text));
        }
    }
    int64_t day = resolve_day(&got);
    if (day < INT32_MIN || day > INT32_MAX) {
        return weir_fail(st, WEIR_EDATA, "the date is out of range");
    }
    int64_t second = (resolve_hour(&got) * 60 + get(&got, 'm', 0)) * 60 + get(&got, 's', 0);
    *ms = day * WEIR_MS_PER_DAY + second * 1000 + get(&got, 'S', 0) -
          get(&got, 'X', 0);
    return WEIR_OK;
}
