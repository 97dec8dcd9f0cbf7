/* Diagnostics: the list, three renderings, and the nearest name. */
#include "dsl/diag.h"
#include "engine/base/limits.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_SHOWN 100 /* code points of a source line around the caret */
#define LEAD_SHOWN 40      /* of these, in front of the caret when the line is cut */

void weir_diags_init(weir_diags *d, weir_arena *a)
{
    *d = (weir_diags){.a = a};
}

static weir_diag *add(weir_diags *d, weir_diag item)
{
    if (d->n >= WEIR_DIAGNOSTICS_MAX) {
        d->dropped++;
        return NULL;
    }
    WEIR_PUSH(d->a, d->items, d->n, d->cap, item);
    return &d->items[d->n - 1];
}

weir_diag *weir_diag_add(weir_diags *d, weir_rc rc, weir_span span, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    weir_diag item = {.rc = rc, .span = span};
    item.message = weir_arena_sv(d->a, weir_sv_cstr(text));
    return add(d, item);
}

weir_diag *weir_diag_add_status(weir_diags *d, const weir_status *st)
{
    weir_diag item = {.rc = st->rc, .span = st->span};
    item.message = weir_arena_sv(d->a, weir_sv_cstr(st->msg));
    item.hint = weir_arena_sv(d->a, weir_sv_cstr(st->hint));
    return add(d, item);
}

weir_rc weir_diags_status(const weir_diags *d, weir_sv text, weir_status *st)
{
    if (d->n == 0) {
        return WEIR_OK;
    }
    weir_buf message;
    weir_buf_init(&message, 4096);
    weir_diag_message(&message, text, &d->items[0]);
    weir_fail_at(st, d->items[0].rc, d->items[0].span, "%s", weir_buf_cstr(&message));
    if (d->items[0].hint.n) {
        weir_hint(st, WEIR_SV_FMT, WEIR_SV_ARG(d->items[0].hint));
    }
    weir_buf_deinit(&message);
    return d->items[0].rc;
}

/* ---- positions */

static bool is_tail_byte(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The length of the valid UTF-8 sequence at `at`, or 0. */
static uint32_t sequence_at(weir_sv s, uint32_t at)
{
    unsigned char c = (unsigned char)s.p[at];
    uint32_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (n == 0 || at + n > s.n) {
        return 0;
    }
    for (uint32_t i = 1; i < n; i++) {
        if (!is_tail_byte(s.p[at + i])) {
            return 0;
        }
    }
    unsigned char second = n > 1 ? (unsigned char)s.p[at + 1] : 0;
    bool bad = (c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) ||
               (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f);
    return bad ? 0 : n;
}

weir_text_pos weir_text_pos_of(weir_sv text, uint32_t at)
{
    weir_text_pos pos = {1, 1};
    for (uint32_t i = 0; i < at && i < text.n; i++) {
        if (text.p[i] == '\n') {
            pos.line++;
            pos.col = 1;
        } else if (!is_tail_byte(text.p[i])) {
            pos.col++;
        }
    }
    return pos;
}

/* ---- for a terminal */

static weir_sv line_of(weir_sv text, uint32_t at, uint32_t *from)
{
    uint32_t begin = at < text.n ? at : text.n;
    while (begin > 0 && text.p[begin - 1] != '\n') {
        begin--;
    }
    uint32_t end = begin;
    while (end < text.n && text.p[end] != '\n') {
        end++;
    }
    while (end > begin && text.p[end - 1] == '\r') {
        end--;
    }
    *from = begin;
    return weir_sv_of(text.p + begin, end - begin);
}

/* Columns a character takes on a terminal: wide for East Asian scripts and most emoji. */
static uint32_t width_of(weir_sv s, uint32_t at)
{
    unsigned char c = (unsigned char)s.p[at];
    if (is_tail_byte(s.p[at])) {
        return 0;
    }
    if (c < 0xe1 || sequence_at(s, at) < 3) {
        return 1;
    }
    uint32_t code = ((uint32_t)(c & 0x0f) << 12) | ((uint32_t)(s.p[at + 1] & 0x3f) << 6) |
                    (uint32_t)(s.p[at + 2] & 0x3f);
    bool wide = c >= 0xf0 || (code >= 0x1100 && code <= 0x115f) ||
                (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) ||
                (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) ||
                (code >= 0xff00 && code <= 0xff60);
    return wide ? 2 : 1;
}

static uint32_t steps_back(weir_sv s, uint32_t at, uint32_t points)
{
    while (at > 0 && points > 0) {
        at--;
        points -= !is_tail_byte(s.p[at]);
    }
    return at;
}

static uint32_t steps_on(weir_sv s, uint32_t at, uint32_t points)
{
    while (at < s.n) {
        if (!is_tail_byte(s.p[at])) {
            if (points == 0) {
                break;
            }
            points--;
        }
        at++;
    }
    return at;
}

/* Text from a hostile source: no control characters reach a terminal, no broken UTF-8. */
static void safe_text(weir_buf *out, weir_sv s)
{
    for (uint32_t i = 0; i < s.n;) {
        uint32_t n = sequence_at(s, i);
        unsigned char c = (unsigned char)s.p[i];
        if (n == 0 || (c < 0x20 && c != '\t') || c == 0x7f ||
            (c == 0xc2 && n == 2 && (unsigned char)s.p[i + 1] < 0xa0)) {
            weir_buf_byte(out, '?');
            n = n ? n : 1;
        } else {
            weir_buf_add(out, s.p + i, n);
        }
        i += n;
    }
}

static void source_line(weir_buf *out, weir_sv text, weir_span span)
{
    uint32_t begin;
    weir_sv line = line_of(text, span.at, &begin);
    uint32_t caret = span.at < begin + line.n ? span.at - begin : line.n;
    uint32_t from = 0;
    uint32_t to = line.n;
    if (steps_on(line, 0, LINE_MAX_SHOWN) < line.n) {
        from = steps_back(line, caret, LEAD_SHOWN);
        to = steps_on(line, from, LINE_MAX_SHOWN);
    }
    weir_buf_str(out, from ? "  …" : "  ");
    safe_text(out, weir_sv_of(line.p + from, to - from));
    weir_buf_str(out, to < line.n ? "…\n" : "\n");
    weir_buf_str(out, from ? "   " : "  ");
    for (uint32_t i = from; i < caret; i++) {
        if (line.p[i] == '\t') {
            weir_buf_byte(out, '\t');
            continue;
        }
        for (uint32_t w = width_of(line, i); w > 0; w--) {
            weir_buf_byte(out, ' ');
        }
    }
    weir_buf_byte(out, '^');
    uint32_t end = span.n > to - (caret < to ? caret : to) ? to : caret + span.n;
    uint32_t columns = 0;
    for (uint32_t i = caret; i < end && i < line.n; i++) {
        columns += width_of(line, i);
    }
    for (uint32_t i = 1; i < columns; i++) {
        weir_buf_byte(out, '~');
    }
    weir_buf_byte(out, '\n');
}

void weir_diag_render(weir_buf *out, weir_sv file, weir_sv text, const weir_diag *d)
{
    weir_text_pos pos = weir_text_pos_of(text, d->span.at);
    if (file.n) {
        weir_buf_sv(out, file);
        weir_buf_byte(out, ':');
    }
    weir_buf_printf(out, "%u:%u: %s%s", pos.line, pos.col, d->syntax ? "Syntax Error" : "",
                    d->syntax && d->message.n ? ": " : "");
    safe_text(out, d->message);
    weir_buf_byte(out, '\n');
    if (text.n) {
        source_line(out, text, d->span);
    }
    if (d->expected.n) {
        weir_buf_str(out, "  expected: ");
        safe_text(out, d->expected);
        weir_buf_byte(out, '\n');
    }
    if (d->hint.n) {
        weir_buf_str(out, "  hint: ");
        safe_text(out, d->hint);
        weir_buf_byte(out, '\n');
    }
}

void weir_diag_message(weir_buf *out, weir_sv text, const weir_diag *d)
{
    weir_text_pos pos = weir_text_pos_of(text, d->span.at);
    if (d->syntax) {
        weir_buf_printf(out, "line %u:%u: Syntax Error%s", pos.line, pos.col,
                        d->message.n ? "\n" : "");
    } else if (d->number) {
        /* ksqlDB adds one to the column twice. */
        weir_buf_printf(out, "Failed to prepare statement: line %u:%u: ", pos.line, pos.col + 1);
    } else {
        weir_buf_str(out, "Failed to prepare statement: ");
    }
    weir_buf_sv(out, d->message);
    if (d->expected.n) {
        weir_buf_str(out, "\nExpecting ");
        weir_buf_sv(out, d->expected);
    }
    if (d->hint.n) {
        weir_buf_byte(out, '\n');
        weir_buf_sv(out, d->hint);
    }
}

/* ---- for programs */

void weir_diag_json_string(weir_buf *out, weir_sv s)
{
    weir_buf_byte(out, '"');
    for (uint32_t i = 0; i < s.n;) {
        uint32_t n = sequence_at(s, i);
        unsigned char c = (unsigned char)s.p[i];
        if (n == 0) {
            weir_buf_str(out, "\\ufffd");
            n = 1;
        } else if (c == '"' || c == '\\') {
            weir_buf_byte(out, '\\');
            weir_buf_byte(out, (char)c);
        } else if (c == '\n') {
            weir_buf_str(out, "\\n");
        } else if (c < 0x20) {
            weir_buf_printf(out, "\\u%04x", c);
        } else {
            weir_buf_add(out, s.p + i, n);
        }
        i += n;
    }
    weir_buf_byte(out, '"');
}

void weir_diag_json(weir_buf *out, weir_sv file, weir_sv text, const weir_diag *d)
{
    weir_text_pos pos = weir_text_pos_of(text, d->span.at);
    weir_text_pos end = weir_text_pos_of(text, d->span.at + d->span.n);
    weir_buf_str(out, "{\"file\":");
    weir_diag_json_string(out, file);
    weir_buf_printf(out, ",\"line\":%u,\"column\":%u,\"endLine\":%u,\"endColumn\":%u", pos.line,
                    pos.col, end.line, end.col);
    weir_buf_printf(out, ",\"offset\":%u,\"length\":%u,\"kind\":\"%s\",\"syntax\":%s,\"message\":",
                    d->span.at, d->span.n, weir_rc_name(d->rc), d->syntax ? "true" : "false");
    weir_diag_json_string(out, d->message);
    if (d->expected.n) {
        weir_buf_str(out, ",\"expected\":");
        weir_diag_json_string(out, d->expected);
    }
    if (d->hint.n) {
        weir_buf_str(out, ",\"hint\":");
        weir_diag_json_string(out, d->hint);
    }
    weir_buf_byte(out, '}');
}
