/* A compiled pattern: java.time's printer-parsers as a flat list. For datetime*.c only. */
#pragma once
#include "engine/data/datetime.h"

typedef enum weir__dtf_kind {
    WEIR__DTF_LITERAL,
    WEIR__DTF_NUMBER,
    WEIR__DTF_REDUCED,    /* two digits of a year, 2000 to 2099 */
    WEIR__DTF_FRACTION,   /* first `max` digits of the nanosecond */
    WEIR__DTF_TEXT,
    WEIR__DTF_OFFSET,     /* X x Z: `style` is the index of Java's pattern, `literal` means zero */
    WEIR__DTF_GMT_OFFSET, /* O ZZZZ */
    WEIR__DTF_ZONE_ID,
    WEIR__DTF_ZONE_NAME,  /* z v */
    WEIR__DTF_OPTIONAL,   /* the ops up to `end` are a section in brackets */
    WEIR__DTF_PAD,        /* the next op fills `max` characters, spaces in front */
} weir__dtf_kind;

typedef enum weir__dtf_sign {
    WEIR__SIGN_NORMAL,
    WEIR__SIGN_NOT_NEGATIVE,
    WEIR__SIGN_EXCEEDS_PAD,
} weir__dtf_sign;

typedef enum weir__dtf_style {
    WEIR__STYLE_SHORT,
    WEIR__STYLE_FULL,
    WEIR__STYLE_NARROW,
} weir__dtf_style;

typedef struct weir__dtf_op {
    weir__dtf_kind kind;
    weir_chrono field;
    weir__dtf_sign sign;
    uint8_t style;
    bool generic;            /* v: neither standard nor daylight saving */
    uint16_t min, max;
    uint16_t subsequent;     /* digits that adjacent fixed-width numbers behind this one need */
    uint16_t end;
    weir_sv literal;
} weir__dtf_op;

struct weir_dtf {
    weir_sv pattern;
    weir_locale locale;
    uint16_t n_ops;
    const weir__dtf_op *ops;
};

/* Name of a field's value, empty when it has none (then it is a number). */
weir_sv weir__dtf_text(weir_locale locale, weir_chrono field, weir__dtf_style style, int64_t value);
/* Values that have names are low … high. */
bool weir__dtf_text_range(weir_chrono field, int64_t *low, int64_t *high);

/* Fields of a date, and whether it has them: everything down to the day. `f` may be any field. */
bool weir__date_field(weir_chrono f, int64_t day, int64_t *value);
bool weir__time_field(weir_chrono f, int64_t nano_of_day, int64_t *value);
const char *weir__field_name(weir_chrono f);

/* Turns what was parsed into dates and times; `text` is for the message. */
weir_rc weir__dtf_resolve(weir_datetime_fields *f, weir_sv text, weir_status *st);
/* Sets st to Java's message for a value outside the field's range. */
weir_rc weir__check_range(weir_chrono f, int64_t value, weir_status *st);

/* Localised weeks start on Sunday, week 1 holds January 1st. */
static inline int64_t weir__local_day_of_week(int64_t day)
{
    return weir_floor_mod(day + 4, 7) + 1;
}
static inline int64_t weir__iso_day_of_week(int64_t day)
{
    return weir_floor_mod(day + 3, 7) + 1;
}
/* Text of a message without bytes that would make it unreadable or too long. */
static inline weir_sv weir__dtf_shown(weir_sv text)
{
    return weir_sv_of(text.p, text.n > 64 ? 64 : text.n);
}
