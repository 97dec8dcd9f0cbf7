/* Java's classes nest and intersect. The value of a class is a PCRE2 expression for one character:
 * `[…]` as long as it is simple, else choices (?:x|y) and look-aheads (?=x)y. */
#include "engine/data/regex_walk.h"

#define DEPTH_MAX 16 /* classes in one another */

typedef struct class_value {
    weir_buf simple;  /* inside of a plain class */
    weir_buf choices; /* |-separated expressions */
} class_value;

static void class_free(class_value *v)
{
    weir_buf_deinit(&v->simple);
    weir_buf_deinit(&v->choices);
}

static bool class_is_empty(const class_value *v)
{
    return v->simple.n == 0 && v->choices.n == 0;
}

static void add_choice(class_value *v, weir_sv expression)
{
    if (v->choices.n) {
        weir_buf_byte(&v->choices, '|');
    }
    weir_buf_sv(&v->choices, expression);
}

/* The union of everything in `v` as one expression. */
static void class_print(const class_value *v, weir_buf *out)
{
    if (v->choices.n == 0) {
        weir_buf_printf(out, "[" WEIR_SV_FMT "]", WEIR_SV_ARG(weir_buf_view(&v->simple)));
        return;
    }
    weir_buf_str(out, "(?:");
    if (v->simple.n) {
        weir_buf_printf(out, "[" WEIR_SV_FMT "]|", WEIR_SV_ARG(weir_buf_view(&v->simple)));
    }
    weir_buf_sv(out, weir_buf_view(&v->choices));
    weir_buf_byte(out, ')');
}

/* One character of a class, plain or escaped. */
static weir_rc class_char(weir__rx *t, uint32_t *value)
{
    if (!weir__rx_peek(t, '\\')) {
        *value = weir__rx_utf8(t);
        return WEIR_OK;
    }
    t->p++;
    bool is = false;
    if (t->p < t->end) {
        WEIR_TRY(weir__rx_char_escape(t, value, &is));
    }
    if (!is && t->p < t->end && (unsigned char)*t->p >= 0x80) {
        *value = weir__rx_utf8(t);
        is = true;
    }
    return is ? WEIR_OK : weir__rx_refuse(t, "Illegal/unsupported escape sequence");
}

static weir_rc class_range(weir__rx *t, class_value *v)
{
    uint32_t low;
    uint32_t high;
    WEIR_TRY(class_char(t, &low));
    weir_buf_printf(&v->simple, "\\x{%x}", low);
    weir__rx_skip_comments(t);
    bool range = weir__rx_peek(t, '-') && t->p + 1 < t->end && t->p[1] != ']' && t->p[1] != '[';
    if (!range) {
        return WEIR_OK;
    }
    t->p++;
    weir__rx_skip_comments(t);
    if (t->p == t->end) {
        return weir__rx_refuse(t, "Unclosed character class");
    }
    WEIR_TRY(class_char(t, &high));
    if (high < low) {
        return weir__rx_refuse(t, "Illegal character range");
    }
    weir_buf_printf(&v->simple, "-\\x{%x}", high);
    return WEIR_OK;
}

static weir_rc class_escape_item(weir__rx *t, class_value *v, bool *is)
{
    weir_buf inside = {0};
    const char *back = t->p++;
    weir_rc rc = t->p < t->end ? weir__rx_class_escape(t, is, &inside)
                               : weir__rx_refuse(t, "Unclosed character class");
    if (rc == WEIR_OK && *is && inside.n && inside.p[0] == '^') {
        weir_buf_byte(&inside, ']');
        weir_buf negated = {0};
        weir_buf_byte(&negated, '[');
        weir_buf_sv(&negated, weir_buf_view(&inside));
        add_choice(v, weir_buf_view(&negated));
        weir_buf_deinit(&negated);
    } else if (rc == WEIR_OK && *is) {
        weir_buf_sv(&v->simple, weir_buf_view(&inside));
    } else {
        t->p = back;
    }
    weir_buf_deinit(&inside);
    return rc;
}

/* The right side of &&: classes in brackets, or everything up to the end of this class. */
static weir_rc class_and(weir__rx *t, uint32_t depth, class_value *v)
{
    t->p += 2;
    class_value right = {0};
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK && t->p < t->end && *t->p != ']' && *t->p != '&') {
        weir_buf one = {0};
        bool bracket = *t->p == '[';
        t->p += bracket;
        rc = weir__rx_class_body(t, depth + 1, bracket, &one);
        add_choice(&right, weir_buf_view(&one));
        weir_buf_deinit(&one);
    }
    if (rc == WEIR_OK && class_is_empty(&right) && class_is_empty(v)) {
        rc = weir__rx_refuse(t, "Bad class syntax");
    }
    if (rc == WEIR_OK && class_is_empty(v)) {
        class_free(v);
        *v = right;
        return WEIR_OK;
    }
    if (rc == WEIR_OK && !class_is_empty(&right)) {
        weir_buf both = {0};
        weir_buf_str(&both, "(?=");
        class_print(&right, &both);
        weir_buf_byte(&both, ')');
        class_print(v, &both);
        weir_buf_reset(&v->simple);
        weir_buf_reset(&v->choices);
        add_choice(v, weir_buf_view(&both));
        weir_buf_deinit(&both);
    }
    class_free(&right);
    return rc;
}

static weir_rc class_item(weir__rx *t, uint32_t depth, class_value *v)
{
    if (*t->p == '[') {
        weir_buf inner = {0};
        t->p++;
        weir_rc rc = weir__rx_class_body(t, depth + 1, true, &inner);
        add_choice(v, weir_buf_view(&inner));
        weir_buf_deinit(&inner);
        return rc;
    }
    bool is = false;
    if (*t->p == '\\') {
        WEIR_TRY(class_escape_item(t, v, &is));
    }
    return is ? WEIR_OK : class_range(t, v);
}

weir_rc weir__rx_class_body(weir__rx *t, uint32_t depth, bool nested, weir_buf *out)
{
    if (depth > DEPTH_MAX) {
        return weir__rx_refuse(t, "too many character classes in one another");
    }
    bool negated = nested && weir__rx_peek(t, '^');
    t->p += negated;
    class_value v = {0};
    weir_rc rc = WEIR_OK;
    for (;;) {
        weir__rx_skip_comments(t);
        if (t->p == t->end) {
            rc = weir__rx_refuse(t, "Unclosed character class");
            break;
        }
        if (*t->p == ']' && !class_is_empty(&v)) {
            break;
        }
        bool both = t->end - t->p >= 2 && t->p[0] == '&' && t->p[1] == '&';
        rc = both ? class_and(t, depth, &v) : class_item(t, depth, &v);
        if (rc != WEIR_OK) {
            break;
        }
    }
    if (rc == WEIR_OK) {
        t->p += nested;
        if (negated && v.choices.n == 0) {
            weir_buf_printf(out, "[^" WEIR_SV_FMT "]", WEIR_SV_ARG(weir_buf_view(&v.simple)));
        } else {
            weir_buf_str(out, negated ? "(?:(?!" : "");
            class_print(&v, out);
            weir_buf_str(out, negated ? ")[\\x{0}-\\x{10ffff}])" : "");
        }
    }
    class_free(&v);
    return rc;
}
