/* Parsing: one pass over the ops, strict about widths and indifferent to case, as ksqlDB builds its
 * formatters. A position is the answer; a negative one is ~(where it failed). An optional section that
 * fails is undone. */
#include "engine/data/datetime_ops.h"

typedef struct parser {
    const weir_dtf *f;
    weir_sv text;
    weir_datetime_fields *out;
} parser;

static int64_t fail_at(int64_t pos)
{
    return ~pos;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool char_eq(char a, char b)
{
    return a == b || ((a | 32) == (b | 32) && (a | 32) >= 'a' && (a | 32) <= 'z');
}

static bool has(const parser *s, int64_t pos, weir_sv what)
{
    weir_sv rest = weir_sv_of(s->text.p + pos, s->text.n - (size_t)pos);
    return weir_sv_istarts(rest, what);
}

/* A field parsed twice must say the same. */
static int64_t set_field(parser *s, weir_chrono f, int64_t value, int64_t start, int64_t end)
{
    if ((s->out->set >> f & 1) && s->out->value[f] != value) {
        return fail_at(start);
    }
    s->out->set |= 1u << f;
    s->out->value[f] = value;
    return end;
}

static int64_t count_digits(const parser *s, int64_t pos, int64_t most)
{
    int64_t n = 0;
    while (n < most && pos + n < s->text.n && is_digit(s->text.p[pos + n])) {
        n++;
    }
    return n;
}

/* The value of n digits; false when it leaves 64 bits. */
static bool digits_value(const parser *s, int64_t pos, int64_t n, int64_t *value)
{
    *value = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t digit = s->text.p[pos + i] - '0';
        if (*value > (INT64_MAX - digit) / 10) {
            return false;
        }
        *value = *value * 10 + digit;
    }
    return true;
}

static int64_t number(parser *s, const weir__dtf_op *op, int64_t pos)
{
    int64_t start = pos;
    bool minus = pos < s->text.n && s->text.p[pos] == '-';
    bool plus = pos < s->text.n && s->text.p[pos] == '+';
    if (minus || plus) {
        bool allowed = op->sign == WEIR__SIGN_EXCEEDS_PAD ||
                       (op->sign == WEIR__SIGN_NORMAL && minus);
        if (!allowed) {
            return fail_at(pos);
        }
        pos++;
    }
    int64_t n = count_digits(s, pos, op->max + op->subsequent);
    if (n < op->min) {
        return fail_at(pos);
    }
    if (op->subsequent) { /* leave what those behind need */
        n = n - op->subsequent > op->min ? n - op->subsequent : op->min;
    }
    int64_t value;
    if (!digits_value(s, pos, n, &value)) {
        return fail_at(start);
    }
    if (minus) {
        if (value == 0) {
            return fail_at(start);
        }
        value = -value;
    } else if (op->sign == WEIR__SIGN_EXCEEDS_PAD && plus != (n > op->min)) {
        return fail_at(start);
    }
    if (op->kind == WEIR__DTF_REDUCED && n == 2) {
        value += 2000;
    }
    return set_field(s, op->field, value, pos, pos + n);
}

static int64_t fraction(parser *s, const weir__dtf_op *op, int64_t pos)
{
    int64_t n = count_digits(s, pos, op->max);
    int64_t value;
    if (n < op->min || !digits_value(s, pos, n, &value)) {
        return fail_at(pos);
    }
    for (; n < 9; n++) {
        value *= 10;
    }
    return set_field(s, WEIR_F_NANO, value, pos, pos + op->max);
}

/* The longest name wins; of equal ones (narrow days) the last. */
static int64_t text(parser *s, const weir__dtf_op *op, int64_t pos)
{
    int64_t low = 0;
    int64_t high = -1;
    weir__dtf_text_range(op->field, &low, &high);
    uint32_t best = 0;
    int64_t found = 0;
    for (int64_t v = low; v <= high; v++) {
        weir_sv name =
            weir__dtf_text(s->f->locale, op->field, (weir__dtf_style)op->style, v);
        if (name.n >= best && name.n && has(s, pos, name)) {
            best = name.n;
            found = v;
        }
    }
    return best ? set_field(s, op->field, found, pos, pos + best) : fail_at(pos);
}

/* Two digits up to 59, behind a colon when there is one. */
static bool offset_part(const parser *s, bool colon, int64_t *pos, int32_t *value)
{
    int64_t at = *pos;
    if (colon) {
        if (at >= s->text.n || s->text.p[at] != ':') {
            return false;
        }
        at++;
    }
    int64_t v;
    if (count_digits(s, at, 2) < 2 || !digits_value(s, at, 2, &v) || v > 59) {
        return false;
    }
    *value = (int32_t)v;
    *pos = at + 2;
    return true;
}

/* +HH +HHmm +HH:mm +HHMM +HH:MM +HHMMss +HH:MM:ss; -1: does not match, -2: out of range. */
static int64_t offset_text(const parser *s, uint32_t pattern, weir_sv zero, int64_t pos,
                           int32_t *total)
{
    if (pos >= s->text.n) {
        return -1;
    }
    *total = 0;
    if (has(s, pos, zero)) {
        return pos + zero.n;
    }
    char sign = s->text.p[pos];
    bool colon = pattern > 0 && pattern % 2 == 0;
    int32_t h = 0;
    int32_t m = 0;
    int32_t sec = 0;
    int64_t at = pos + 1;
    if ((sign != '+' && sign != '-') || !offset_part(s, false, &at, &h)) {
        return -1;
    }
    bool minutes = pattern >= 1 && offset_part(s, colon, &at, &m);
    if (pattern >= 3 && !minutes) {
        return -1;
    }
    if (pattern >= 5) {
        offset_part(s, colon, &at, &sec);
    }
    *total = (h * 60 + m) * 60 + sec;
    *total = sign == '-' ? -*total : *total;
    return h > 23 ? -2 : at;
}

static int64_t offset(parser *s, const weir__dtf_op *op, int64_t pos)
{
    int32_t total;
    int64_t end = offset_text(s, op->style, op->literal, pos, &total);
    return end < 0 ? fail_at(pos) : set_field(s, WEIR_F_OFFSET, total, pos, end);
}

static int64_t gmt_offset(parser *s, const weir__dtf_op *op, int64_t pos)
{
    if (!has(s, pos, WEIR_SV("GMT"))) {
        return fail_at(pos);
    }
    int64_t at = pos + 3;
    if (at == s->text.n || (s->text.p[at] != '+' && s->text.p[at] != '-')) {
        return set_field(s, WEIR_F_OFFSET, 0, pos, at);
    }
    bool full = op->style == WEIR__STYLE_FULL;
    int32_t sign = s->text.p[at++] == '-' ? -1 : 1;
    int64_t h;
    int64_t n = count_digits(s, at, 2);
    int32_t m = 0;
    int32_t sec = 0;
    if (n < (full ? 2 : 1) || !digits_value(s, at, n, &h)) {
        return fail_at(pos);
    }
    at += n;
    bool minutes = offset_part(s, true, &at, &m);
    if (full && !minutes) {
        return fail_at(pos);
    }
    if (minutes) {
        offset_part(s, true, &at, &sec);
    }
    int64_t total = sign * ((h * 60 + m) * 60 + sec);
    return set_field(s, WEIR_F_OFFSET, total, pos, at);
}

static int64_t set_zone(parser *s, weir_sv id, int32_t offset_s, int64_t end)
{
    s->out->has_zone = true;
    s->out->zone_id = id;
    s->out->zone_offset_s = offset_s;
    return end;
}

/* An offset as zone id, at the start or behind UTC, UT or GMT. */
static int64_t offset_zone(parser *s, int64_t start, int64_t pos)
{
    bool prefix = pos > start;
    if (prefix && (pos >= s->text.n || s->text.p[pos] == '0' || char_eq(s->text.p[pos], 'Z'))) {
        return set_zone(s, (weir_sv){0}, 0, pos);
    }
    int32_t total = 0;
    int64_t end = offset_text(s, 6, prefix ? WEIR_SV("0") : WEIR_SV("Z"), pos, &total);
    if (end == -2 || (end >= 0 && (total > 64800 || total < -64800))) {
        return fail_at(start);
    }
    if (end < 0) {
        return prefix ? set_zone(s, (weir_sv){0}, 0, pos) : fail_at(start);
    }
    return set_zone(s, (weir_sv){0}, total, end);
}

static int64_t zone(parser *s, const weir__dtf_op *op, int64_t pos)
{
    if (pos >= s->text.n) {
        return fail_at(pos);
    }
    bool names = op->kind == WEIR__DTF_ZONE_NAME;
    char c = s->text.p[pos];
    if (c == '+' || c == '-') {
        return offset_zone(s, pos, pos);
    }
    if (has(s, pos, WEIR_SV("UTC"))) {
        return offset_zone(s, pos, pos + 3);
    }
    if (has(s, pos, WEIR_SV("UT"))) {
        return offset_zone(s, pos, pos + 2);
    }
    if (has(s, pos, WEIR_SV("GMT0"))) {
        return set_zone(s, (weir_sv){0}, 0, pos + 4);
    }
    if (has(s, pos, WEIR_SV("GMT"))) {
        return offset_zone(s, pos, pos + 3);
    }
    weir_sv id;
    weir_sv rest = weir_sv_of(s->text.p + pos, s->text.n - (size_t)pos);
    uint32_t n = weir_tz_match(rest, names, op->style == WEIR__STYLE_FULL, &id);
    if (n) {
        return set_zone(s, id, 0, pos + n);
    }
    return char_eq(c, 'Z') ? set_zone(s, (weir_sv){0}, 0, pos + 1) : fail_at(pos);
}

static int64_t parse_op(parser *s, const weir__dtf_op *op, int64_t pos)
{
    switch (op->kind) {
    case WEIR__DTF_LITERAL:
        return has(s, pos, op->literal) ? pos + op->literal.n : fail_at(pos);
    case WEIR__DTF_NUMBER:
    case WEIR__DTF_REDUCED:
        return number(s, op, pos);
    case WEIR__DTF_FRACTION:
        return fraction(s, op, pos);
    case WEIR__DTF_TEXT:
        return text(s, op, pos);
    case WEIR__DTF_OFFSET:
        return offset(s, op, pos);
    case WEIR__DTF_GMT_OFFSET:
        return gmt_offset(s, op, pos);
    case WEIR__DTF_ZONE_ID:
    case WEIR__DTF_ZONE_NAME:
        return zone(s, op, pos);
    case WEIR__DTF_OPTIONAL:
    case WEIR__DTF_PAD:
        break;
    }
    WEIR_UNREACHABLE();
}

/* Spaces, then the value, together exactly `width`. */
static int64_t padded(parser *s, const weir__dtf_op *op, int64_t pos, uint32_t width)
{
    int64_t end = pos + width;
    if (pos == s->text.n || end > s->text.n) {
        return fail_at(pos);
    }
    int64_t at = pos;
    while (at < end && s->text.p[at] == ' ') {
        at++;
    }
    uint32_t n = s->text.n;
    s->text.n = (uint32_t)end;
    int64_t result = parse_op(s, op, at);
    s->text.n = n;
    return result == end ? end : fail_at(pos);
}

static int64_t parse_ops(parser *s, uint32_t from, uint32_t to, int64_t pos)
{
    for (uint32_t i = from; i < to && pos >= 0; i++) {
        const weir__dtf_op *op = &s->f->ops[i];
        if (op->kind == WEIR__DTF_OPTIONAL) {
            weir_datetime_fields before = *s->out;
            int64_t end = parse_ops(s, i + 1, op->end, pos); /* at most WEIR_DTF_NESTING_MAX deep */
            if (end < 0) {
                *s->out = before;
            } else {
                pos = end;
            }
            i = op->end - 1u;
        } else if (op->kind == WEIR__DTF_PAD) {
            pos = padded(s, &s->f->ops[++i], pos, op->max);
        } else {
            pos = parse_op(s, op, pos);
        }
    }
    return pos;
}

weir_rc weir_dtf_parse(const weir_dtf *f, weir_sv text_in, weir_datetime_fields *out,
                       weir_status *st)
{
    *out = (weir_datetime_fields){0};
    parser s = {.f = f, .text = text_in, .out = out};
    int64_t end = parse_ops(&s, 0, f->n_ops, 0);
    weir_sv shown = weir__dtf_shown(text_in);
    if (end < 0) {
        return weir_fail(st, WEIR_EDATA, "Text '" WEIR_SV_FMT "' could not be parsed at index %lld",
                         WEIR_SV_ARG(shown), (long long)~end);
    }
    if (end < text_in.n) {
        return weir_fail(
            st, WEIR_EDATA,
            "Text '" WEIR_SV_FMT "' could not be parsed, unparsed text found at index %lld",
            WEIR_SV_ARG(shown), (long long)end);
    }
    return weir__dtf_resolve(out, text_in, st);
}
