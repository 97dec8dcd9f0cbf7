/* Formatting. Inside an optional section a field that is not there drops the section; elsewhere it is
 * an error. */
#include <stdlib.h>

#include "engine/data/datetime_ops.h"
#include "engine/data/number.h"

typedef struct formatter {
    const weir_dtf *f;
    const weir_datetime *t;
    weir_buf *out;
    weir_status *st;
    uint32_t optional; /* sections around */
} formatter;

/* WEIR_ENOTFOUND leaves the innermost optional section. */
static weir_rc field_of(const formatter *s, weir_chrono f, int64_t *value)
{
    if ((s->t->has_date && weir__date_field(f, s->t->day, value)) ||
        (s->t->has_time && weir__time_field(f, s->t->nano_of_day, value))) {
        return WEIR_OK;
    }
    if (f == WEIR_F_OFFSET && s->t->zone) {
        *value = s->t->offset_s;
        return WEIR_OK;
    }
    if (s->optional) {
        return WEIR_ENOTFOUND;
    }
    return weir_fail(s->st, WEIR_EDATA, "Unsupported field: %s", weir__field_name(f));
}

static void put_padded(weir_buf *out, uint64_t v, uint32_t width)
{
    char text[WEIR_I64_TEXT_MAX];
    uint32_t n = weir_i64_text(text, (int64_t)v);
    for (uint32_t i = n; i < width; i++) {
        weir_buf_byte(out, '0');
    }
    weir_buf_add(out, text, n);
}

static weir_rc number(const formatter *s, const weir__dtf_op *op, int64_t value)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char text[WEIR_I64_TEXT_MAX];
    uint32_t n = weir_i64_text(text, (int64_t)magnitude);
    if (n > op->max) {
        return weir_fail(s->st, WEIR_EDATA,
                         "Field %s cannot be printed as the value %lld exceeds the maximum print "
                         "width of %u",
                         weir__field_name(op->field), (long long)value, op->max);
    }
    if (value < 0) {
        if (op->sign == WEIR__SIGN_NOT_NEGATIVE) {
            return weir_fail(s->st, WEIR_EDATA,
                             "Field %s cannot be printed as the value %lld cannot be negative "
                             "according to the SignStyle",
                             weir__field_name(op->field), (long long)value);
        }
        weir_buf_byte(s->out, '-');
    } else if (op->sign == WEIR__SIGN_EXCEEDS_PAD && n > op->min) {
        weir_buf_byte(s->out, '+');
    }
    put_padded(s->out, magnitude, op->min);
    return WEIR_OK;
}

static weir_rc text(const formatter *s, const weir__dtf_op *op, int64_t value)
{
    weir_sv name = weir__dtf_text(s->f->locale, op->field, (weir__dtf_style)op->style, value);
    if (name.n) {
        weir_buf_sv(s->out, name);
    } else {
        weir_buf_i64(s->out, value);
    }
    return WEIR_OK;
}

static void offset(const formatter *s, const weir__dtf_op *op, int32_t total)
{
    /* +HH +HHmm +HH:mm +HHMM +HH:MM +HHMMss +HH:MM:ss: lower case only when not zero */
    uint32_t pattern = op->style;
    bool colon = pattern > 0 && pattern % 2 == 0;
    uint32_t magnitude = (uint32_t)abs(total);
    uint32_t h = magnitude / 3600;
    uint32_t m = magnitude / 60 % 60;
    uint32_t sec = magnitude % 60;
    bool minutes = pattern >= 3 || (pattern >= 1 && m > 0);
    bool seconds = pattern >= 5 && sec > 0;
    if (h + (minutes ? m : 0) + (seconds ? sec : 0) == 0) {
        weir_buf_sv(s->out, op->literal);
        return;
    }
    weir_buf_byte(s->out, total < 0 ? '-' : '+');
    put_padded(s->out, h, 2);
    if (minutes) {
        weir_buf_str(s->out, colon ? ":" : "");
        put_padded(s->out, m, 2);
    }
    if (seconds) {
        weir_buf_str(s->out, colon ? ":" : "");
        put_padded(s->out, sec, 2);
    }
}

static void gmt_offset(const formatter *s, const weir__dtf_op *op, int32_t total)
{
    bool full = op->style == WEIR__STYLE_FULL;
    uint32_t magnitude = (uint32_t)abs(total);
    uint32_t m = magnitude / 60 % 60;
    uint32_t sec = magnitude % 60;
    weir_buf_str(s->out, "GMT");
    if (total == 0) {
        return;
    }
    weir_buf_byte(s->out, total < 0 ? '-' : '+');
    put_padded(s->out, magnitude / 3600, full ? 2 : 1);
    if (full || m || sec) {
        weir_buf_byte(s->out, ':');
        put_padded(s->out, m, 2);
    }
    if (sec) {
        weir_buf_byte(s->out, ':');
        put_padded(s->out, sec, 2);
    }
}

static weir_rc zone(const formatter *s, const weir__dtf_op *op)
{
    const weir_tz *z = s->t->zone;
    if (!z) {
        return s->optional ? WEIR_ENOTFOUND
                           : weir_fail(s->st, WEIR_EDATA, "Unable to extract ZoneId from temporal");
    }
    if (op->kind == WEIR__DTF_ZONE_ID) {
        weir_buf_sv(s->out, weir_tz_id(z));
        return WEIR_OK;
    }
    weir_tz_name_kind kind = WEIR_TZ_GENERIC;
    if (!op->generic) {
        kind = weir_tz_is_dst(z, s->t->epoch_s) ? WEIR_TZ_DAYLIGHT : WEIR_TZ_STANDARD;
    }
    weir_buf_sv(s->out, weir_tz_name(z, kind, op->style == WEIR__STYLE_FULL));
    return WEIR_OK;
}

static weir_rc format_op(const formatter *s, const weir__dtf_op *op)
{
    int64_t value = 0;
    switch (op->kind) {
    case WEIR__DTF_LITERAL:
        weir_buf_sv(s->out, op->literal);
        return WEIR_OK;
    case WEIR__DTF_NUMBER:
        WEIR_TRY(field_of(s, op->field, &value));
        return number(s, op, value);
    case WEIR__DTF_REDUCED:
        WEIR_TRY(field_of(s, op->field, &value));
        put_padded(s->out, (uint64_t)llabs(value) % 100, 2);
        return WEIR_OK;
    case WEIR__DTF_FRACTION:
        WEIR_TRY(field_of(s, op->field, &value));
        for (uint32_t i = op->max; i < 9; i++) {
            value /= 10;
        }
        put_padded(s->out, (uint64_t)value, op->max);
        return WEIR_OK;
    case WEIR__DTF_TEXT:
        WEIR_TRY(field_of(s, op->field, &value));
        return text(s, op, value);
    case WEIR__DTF_OFFSET:
        WEIR_TRY(field_of(s, WEIR_F_OFFSET, &value));
        offset(s, op, (int32_t)value);
        return WEIR_OK;
    case WEIR__DTF_GMT_OFFSET:
        WEIR_TRY(field_of(s, WEIR_F_OFFSET, &value));
        gmt_offset(s, op, (int32_t)value);
        return WEIR_OK;
    case WEIR__DTF_ZONE_ID:
    case WEIR__DTF_ZONE_NAME:
        return zone(s, op);
    case WEIR__DTF_OPTIONAL:
    case WEIR__DTF_PAD:
        break;
    }
    WEIR_UNREACHABLE();
}

static weir_rc pad(const formatter *s, size_t start, uint32_t width)
{
    size_t n = s->out->n - start;
    if (n > width) {
        return weir_fail(s->st, WEIR_EDATA,
                         "Cannot print as output of %zu characters exceeds pad width of %u", n,
                         width);
    }
    size_t missing = width - n;
    if (missing && weir_buf_reserve(s->out, missing)) {
        memmove(s->out->p + start + missing, s->out->p + start, n);
        memset(s->out->p + start, ' ', missing);
        s->out->n += missing;
    }
    return WEIR_OK;
}

static weir_rc format_ops(formatter *s, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const weir__dtf_op *op = &s->f->ops[i];
        size_t start = s->out->n;
        if (op->kind == WEIR__DTF_OPTIONAL) {
            s->optional++;
            weir_rc rc = format_ops(s, i + 1, op->end); /* bounded by WEIR_DTF_NESTING_MAX */
            s->optional--;
            if (rc == WEIR_ENOTFOUND) {
                s->out->n = start;
            } else {
                WEIR_TRY(rc);
            }
            i = op->end - 1u;
        } else if (op->kind == WEIR__DTF_PAD) {
            WEIR_TRY(format_op(s, &s->f->ops[++i]));
            WEIR_TRY(pad(s, start, op->max));
        } else {
            WEIR_TRY(format_op(s, op));
        }
    }
    return WEIR_OK;
}

weir_rc weir_dtf_format(const weir_dtf *f, const weir_datetime *t, weir_buf *out, weir_status *st)
{
    formatter s = {.f = f, .t = t, .out = out, .st = st};
    return format_ops(&s, 0, f->n_ops);
}
