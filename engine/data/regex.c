/* Matching: compiled code with its match data, JIT where the platform has it, on a stack of its own
 * whose size is bounded. The interpreter's limits are those of limits.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/data/regex.h"

#include <pcre2.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/data/regex_translate.h"
#include "engine/data/text.h"

#define JIT_STACK_FIRST (32 << 10)
#define JIT_STACK_MAX (1 << 20)
#define HEAP_LIMIT_KIB (64 << 10)

struct weir_regex {
    pcre2_general_context *general;
    pcre2_code *code;
    pcre2_match_context *context;
    pcre2_match_data *match;
    pcre2_jit_stack *stack;
    uint32_t n_groups;
    bool matched;
};

static void *allocate(size_t bytes, void *unused)
{
    (void)unused;
    return weir_alloc(bytes);
}

static void release(void *p, void *unused)
{
    (void)unused;
    weir_free(p);
}

static weir_rc compile(weir_regex *r, weir_sv pattern, weir_status *st)
{
    weir_buf translated = {0};
    weir_rc rc = weir__regex_translate(pattern, &translated, st);
    if (rc == WEIR_OK) {
        int error;
        PCRE2_SIZE offset;
        pcre2_compile_context *options = pcre2_compile_context_create(r->general);
        pcre2_set_parens_nest_limit(options, WEIR_PARSE_DEPTH_MAX);
        const char *text = weir_buf_cstr(&translated);
        r->code = pcre2_compile((PCRE2_SPTR)text, translated.n, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C,
                                &error, &offset, options);
        pcre2_compile_context_free(options);
        if (!r->code) {
            char message[160];
            pcre2_get_error_message(error, (PCRE2_UCHAR *)message, sizeof message);
            rc = weir_fail(st, WEIR_EUSAGE, "%s: " WEIR_SV_FMT, message, WEIR_SV_ARG(pattern));
        }
    }
    weir_buf_deinit(&translated);
    return rc;
}

weir_rc weir_regex_new(weir_sv pattern, weir_regex **out, weir_status *st)
{
    *out = NULL;
    if (pattern.n > WEIR_REGEX_PATTERN_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "a regular expression has more than %d bytes",
                         WEIR_REGEX_PATTERN_MAX);
    }
    if (!weir_utf8_valid(pattern)) {
        return weir_fail(st, WEIR_EUSAGE, "a regular expression is not UTF-8");
    }
    weir_regex *r = weir_zalloc(sizeof *r);
    r->general = pcre2_general_context_create(allocate, release, NULL);
    weir_rc rc = compile(r, pattern, st);
    if (rc != WEIR_OK) {
        weir_regex_free(r);
        return rc;
    }
    r->context = pcre2_match_context_create(r->general);
    pcre2_set_match_limit(r->context, WEIR_REGEX_MATCH_LIMIT);
    pcre2_set_depth_limit(r->context, WEIR_REGEX_DEPTH_LIMIT);
    pcre2_set_heap_limit(r->context, HEAP_LIMIT_KIB);
    r->match = pcre2_match_data_create_from_pattern(r->code, r->general);
    pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->n_groups);
    if (pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0) {
        r->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MAX, r->general);
        pcre2_jit_stack_assign(r->context, NULL, r->stack);
    }
    *out = r;
    return WEIR_OK;
}

void weir_regex_free(weir_regex *r)
{
    if (!r) {
        return;
    }
    pcre2_match_data_free(r->match);
    pcre2_match_context_free(r->context);
    pcre2_jit_stack_free(r->stack);
    pcre2_code_free(r->code);
    pcre2_general_context_free(r->general);
    weir_free(r);
}

uint32_t weir_regex_groups(const weir_regex *r)
{
    return r->n_groups;
}

static weir_rc match(weir_regex *r, weir_sv text, uint32_t from, uint32_t options, bool *found,
                     weir_status *st)
{
    const char *p = text.p ? text.p : "";
    int n = pcre2_match(r->code, (PCRE2_SPTR)p, text.n, from, options | PCRE2_NO_UTF_CHECK,
                        r->match, r->context);
    if (n == PCRE2_ERROR_JIT_STACKLIMIT) { /* the interpreter keeps its frames on the heap */
        n = pcre2_match(r->code, (PCRE2_SPTR)p, text.n, from,
                        options | PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, r->match, r->context);
    }
    r->matched = n >= 0;
    *found = r->matched;
    if (n >= 0 || n == PCRE2_ERROR_NOMATCH) {
        return WEIR_OK;
    }
    char message[160];
    pcre2_get_error_message(n, (PCRE2_UCHAR *)message, sizeof message);
    bool limit = n == PCRE2_ERROR_MATCHLIMIT || n == PCRE2_ERROR_DEPTHLIMIT ||
                 n == PCRE2_ERROR_HEAPLIMIT;
    return weir_fail(st, limit ? WEIR_ELIMIT : WEIR_EDATA, "regular expression: %s", message);
}

weir_rc weir_regex_find(weir_regex *r, weir_sv text, uint32_t from, bool *found, weir_status *st)
{
    WEIR_ASSERT(from <= text.n);
    return match(r, text, from, 0, found, st);
}

weir_rc weir_regex_matches(weir_regex *r, weir_sv text, bool *found, weir_status *st)
{
    return match(r, text, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED, found, st);
}

bool weir_regex_group(const weir_regex *r, uint32_t group, uint32_t *start, uint32_t *end)
{
    WEIR_ASSERT(r->matched && group <= r->n_groups);
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(r->match);
    if (offsets[2 * group] == PCRE2_UNSET) {
        return false;
    }
    *start = (uint32_t)offsets[2 * group];
    *end = (uint32_t)offsets[2 * group + 1];
    return true;
}

uint32_t weir_regex_next(const weir_regex *r, weir_sv text)
{
    uint32_t start;
    uint32_t end;
    bool ok = weir_regex_group(r, 0, &start, &end);
    WEIR_ASSERT(ok);
    if (start < end) {
        return end;
    }
    if (end >= text.n) {
        return UINT32_MAX;
    }
    weir_utf8_next(text, &end);
    return end;
}

/* -- replacement ------------------------------------------------------------------------------ */

static void put_group(const weir_regex *r, weir_sv text, uint32_t group, weir_buf *out)
{
    uint32_t start;
    uint32_t end;
    if (weir_regex_group(r, group, &start, &end)) {
        weir_buf_add(out, text.p + start, end - start);
    }
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* Behind `${`. */
static weir_rc named_group(const weir_regex *r, weir_sv t, uint32_t *at, uint32_t *group,
                           weir_status *st)
{
    char name[64];
    uint32_t n = 0;
    while (*at < t.n && is_word(t.p[*at]) && n + 1 < sizeof name) {
        name[n++] = t.p[(*at)++];
    }
    name[n] = '\0';
    if (n == 0 || *at == t.n || t.p[*at] != '}' || (name[0] >= '0' && name[0] <= '9')) {
        return weir_fail(st, WEIR_EUSAGE, "named capturing group is missing trailing '}'");
    }
    ++*at;
    int number = pcre2_substring_number_from_name(r->code, (PCRE2_SPTR)name);
    if (number < 0) {
        return weir_fail(st, WEIR_EUSAGE, "No group with name {%s}", name);
    }
    *group = (uint32_t)number;
    return WEIR_OK;
}

/* Behind `$`: as many digits as still name a group. */
static weir_rc numbered_group(const weir_regex *r, weir_sv t, uint32_t *at, uint32_t *group,
                              weir_status *st)
{
    if (*at == t.n || t.p[*at] < '0' || t.p[*at] > '9') {
        return weir_fail(st, WEIR_EUSAGE, "Illegal group reference");
    }
    *group = (uint32_t)(t.p[(*at)++] - '0');
    if (*group > r->n_groups) {
        return weir_fail(st, WEIR_EUSAGE, "No group %u", *group);
    }
    while (*at < t.n && t.p[*at] >= '0' && t.p[*at] <= '9') {
        uint32_t longer = *group * 10 + (uint32_t)(t.p[*at] - '0');
        if (longer > r->n_groups) {
            break;
        }
        *group = longer;
        ++*at;
    }
    return WEIR_OK;
}

static weir_rc put_replacement(const weir_regex *r, weir_sv text, weir_sv t, weir_buf *out,
                               weir_status *st)
{
    for (uint32_t at = 0; at < t.n;) {
        char c = t.p[at++];
        if (c == '\\') {
            if (at == t.n) {
                return weir_fail(st, WEIR_EUSAGE, "character to be escaped is missing");
            }
            weir_buf_byte(out, t.p[at++]);
        } else if (c == '$') {
            uint32_t group = 0;
            bool named = at < t.n && t.p[at] == '{';
            at += named;
            WEIR_TRY(named ? named_group(r, t, &at, &group, st)
                           : numbered_group(r, t, &at, &group, st));
            put_group(r, text, group, out);
        } else {
            weir_buf_byte(out, c);
        }
    }
    return WEIR_OK;
}

weir_rc weir_regex_replace_all(weir_regex *r, weir_sv text, weir_sv replacement, weir_buf *out,
                               weir_status *st)
{
    uint32_t copied = 0;
    for (uint32_t from = 0; from != UINT32_MAX; from = weir_regex_next(r, text)) {
        bool found;
        uint32_t start;
        uint32_t end;
        WEIR_TRY(weir_regex_find(r, text, from, &found, st));
        if (!found) {
            break;
        }
        found = weir_regex_group(r, 0, &start, &end);
        WEIR_ASSERT(found && start >= copied);
        weir_buf_add(out, text.p + copied, start - copied);
        WEIR_TRY(put_replacement(r, text, replacement, out, st));
        copied = end;
        if (out->over) {
            return weir_fail(st, WEIR_ELIMIT, "a replaced string is longer than %zu bytes",
                             out->max);
        }
    }
    weir_buf_add(out, text.p + copied, text.n - copied);
    return WEIR_OK;
}
