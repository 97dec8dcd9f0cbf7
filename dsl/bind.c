/* The binder's entry, its errors, and the dispatch over kinds of statements. */
#include "dsl/binder.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/base/limits.h"
#include "engine/data/text.h"

weir_rc weir__fail(weir__binder *b, weir_span span, const char *fmt, ...)
{
    char text[sizeof b->st->msg + 8];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return weir_fail_at(b->st, WEIR_ESQL, span, "%s%s", b->prefix ? b->prefix : "", text);
}

weir_rc weir__unsupported(weir__binder *b, weir_span span, const char *feature)
{
    return weir_fail_at(b->st, WEIR_ENOTIMPL, span, "%s is not implemented yet", feature);
}

weir_sv weir__where(weir__binder *b, weir_span at)
{
    weir_text_pos pos = weir_text_pos_of(b->text, at.at);
    if (b->props && b->props->line) {
        pos.col += pos.line == 1 ? b->props->col - 1 : 0;
        pos.line += b->props->line - 1;
    }
    return weir__str(b, "Line: %u, Col: %u: ", pos.line, pos.col);
}

weir_sv weir__str(weir__binder *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    WEIR_ASSERT(n >= 0);
    char *p = weir_arena_bytes_alloc(b->a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return weir_sv_of(p, (size_t)n);
}

bool weir__prop(const weir__binder *b, const char *name, weir_sv *value)
{
    return b->props && b->props->get && b->props->get(b->props->ctx, weir_sv_cstr(name), value);
}

bool weir__prop_bool(const weir__binder *b, const char *name, bool otherwise)
{
    weir_sv value;
    if (!weir__prop(b, name, &value)) {
        return otherwise;
    }
    return weir_sv_ieq(weir_sv_trim(value), WEIR_SV("true"));
}

weir_sv weir__join_words(weir__binder *b, const weir_sv *words, uint32_t n, const char *last)
{
    weir_sv all = {0};
    for (uint32_t i = 0; i < n; i++) {
        const char *between = i == 0 ? "" : i + 1 == n ? last : ", ";
        all = weir__str(b, WEIR_SV_FMT "%s" WEIR_SV_FMT, WEIR_SV_ARG(all), between,
                        WEIR_SV_ARG(words[i]));
    }
    return all;
}

void weir__hint_nearest(weir__binder *b, weir_sv word, const weir_sv *names, uint32_t n)
{
    int64_t i = weir_nearest(word, names, n);
    if (i >= 0) {
        weir_hint(b->st, "did you mean " WEIR_SV_FMT "?", WEIR_SV_ARG(names[i]));
    }
}

/* A limit that the functions read: absent or not a number means none (-1). */
static int32_t limit_prop(const weir__binder *b, const char *name)
{
    weir_sv value;
    int32_t limit;
    if (!weir__prop(b, name, &value) || !weir_i32_parse(weir_sv_trim(value), &limit)) {
        return -1;
    }
    return limit;
}

const weir_settings *weir__settings(const weir__binder *b)
{
    weir_settings *s = WEIR_NEW(b->a, weir_settings);
    s->substring_legacy_args = weir__prop_bool(b, "ksql.functions.substring.legacy.args", false);
    s->collect_list_limit = limit_prop(b, "ksql.functions.collect_list.limit");
    s->collect_set_limit = limit_prop(b, "ksql.functions.collect_set.limit");
    s->timestamp_throw_on_invalid = weir__prop_bool(b, "ksql.timestamp.throw.on.invalid", false);
    if (b->props) {
        s->now_ms = b->props->now_ms;
        s->clock = b->props->clock;
    }
    return s;
}

weir_rc weir__bind_stmt(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    *out = (weir_bound){.sql = weir_arena_sv(b->a, stmt->text), .span = stmt->span};
    switch (stmt->kind) {
    case WEIR_S_QUERY:
        return weir__bind_select(b, stmt->as.query, out);
    case WEIR_S_CREATE:
        if (stmt->as.create.query) {
            return weir__bind_create_as(b, &stmt->as.create, out);
        }
        return weir__bind_create(b, &stmt->as.create, out);
    case WEIR_S_INSERT_QUERY:
        return weir__bind_insert_query(b, stmt, out);
    case WEIR_S_INSERT_VALUES:
    case WEIR_S_ASSERT_VALUES:
    case WEIR_S_ASSERT_NULL_VALUES:
        return weir__bind_insert_values(b, stmt, out);
    case WEIR_S_DROP:
        return weir__bind_drop(b, stmt, out);
    case WEIR_S_ALTER:
        return weir__bind_alter(b, stmt, out);
    case WEIR_S_CREATE_TYPE:
    case WEIR_S_DROP_TYPE:
        return weir__bind_type(b, stmt, out);
    case WEIR_S_ASSERT_SOURCE: {
        weir_rc rc = weir__bind_create(b, &stmt->as.create, out);
        out->kind = WEIR_B_ASSERT_SOURCE;
        return rc;
    }
    case WEIR_S_CREATE_CONNECTOR:
    case WEIR_S_DROP_CONNECTOR:
    case WEIR_S_TERMINATE:
    case WEIR_S_PAUSE:
    case WEIR_S_RESUME:
    case WEIR_S_EXPLAIN:
    case WEIR_S_DESCRIBE:
    case WEIR_S_DESCRIBE_STREAMS:
    case WEIR_S_DESCRIBE_TABLES:
    case WEIR_S_DESCRIBE_FUNCTION:
    case WEIR_S_DESCRIBE_CONNECTOR:
    case WEIR_S_PAUSE_CONNECTOR:
    case WEIR_S_RESUME_CONNECTOR:
    case WEIR_S_CHECK_CONNECTOR:
    case WEIR_S_SHOW:
    case WEIR_S_PRINT:
    case WEIR_S_SET:
    case WEIR_S_UNSET:
    case WEIR_S_ALTER_SYSTEM:
    case WEIR_S_DEFINE:
    case WEIR_S_UNDEFINE:
    case WEIR_S_ASSERT_TOPIC:
    case WEIR_S_ASSERT_SCHEMA:
    case WEIR_S_RUN_SCRIPT:
        return weir__bind_misc(b, stmt, out);
    }
    WEIR_UNREACHABLE();
}

weir_rc weir_bind(const weir_ast_stmt *stmt, const weir_catalog *catalog,
                  const weir_functions *functions, const weir_props *props, weir_arena *a,
                  weir_bound *out, weir_status *st)
{
    weir_status own;
    weir__binder b = {.stmt = stmt,
                      .catalog = catalog,
                      .functions = functions,
                      .props = props,
                      .a = a,
                      .st = st ? st : &own};
    weir_status_reset(b.st);
    WEIR_ASSERT(stmt->text.n >= 1);
    /* The statement is a slice of its script, so the script starts `span.at` bytes before it. */
    b.text = weir_sv_of(stmt->text.p - stmt->span.at, (size_t)stmt->span.at + stmt->text.n);
    b.settings = weir__settings(&b);
    return weir__bind_stmt(&b, stmt, out);
}
