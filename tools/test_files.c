/* Input: {"inputs": [{"topic", "key", "value", "timestamp"}, …]}, each through all queries before
 * the next. Output: {"outputs": [the same, and "window": {"start", "end"}]}: per topic these records
 * and no others, in this order; a timestamp or window that is not given is not compared. */
#include "tools/test_files.h"

#include "engine/base/limits.h"
#include "engine/data/json.h"
#include "engine/io/file.h"
#include "engine/io/loop.h"
#include "tools/run_io.h"

#include <stdlib.h>

#define DATA_BYTES_MAX ((size_t)256 << 20)

typedef struct checker {
    weir_session *session;
    weir_arena arena;
    weir_buf *message;
    weir_topic **topics; /* of expected records, with how many were compared */
    int64_t *seen;
    uint32_t n;
} checker;

static int64_t wall(void *clock)
{
    (void)clock;
    return weir_wall_ms();
}

static weir_rc read_list(checker *c, const char *file, const char *name,
                         const weir_json_node **out, weir_status *st)
{
    weir_buf text = {0};
    const weir_json_node *root = NULL;
    weir_rc rc = weir_file_read(file, DATA_BYTES_MAX, &text, st);
    rc = rc ? rc : weir_json_parse(&c->arena, weir_buf_view(&text), NULL, &root, st);
    weir_buf_deinit(&text);
    if (rc != WEIR_OK) {
        return weir_wrap(st, "%s", file);
    }
    *out = weir_json_get(root, weir_sv_cstr(name));
    return *out && (*out)->kind == WEIR_JSON_ARRAY
               ? WEIR_OK
               : weir_fail(st, WEIR_EDATA, "%s: an object with an array \"%s\" is wanted", file, name);
}

static weir_rc run_statements(checker *c, const char *file, bool *ok, weir_status *st)
{
    weir_buf text = {0};
    weir_rc rc = weir_file_read(file, WEIR_STATEMENT_BYTES_MAX, &text, st);
    if (rc == WEIR_OK) {
        weir_diags diags;
        weir_script_outcome done;
        weir_diags_init(&diags, &c->arena);
        *ok = weir_session_execute(c->session, weir_buf_view(&text), &done, &diags, st) == WEIR_OK;
        for (uint32_t i = 0; i < diags.n; i++) {
            weir_diag_render(c->message, weir_sv_cstr(file), weir_buf_view(&text), &diags.items[i]);
        }
    }
    weir_buf_deinit(&text);
    return rc;
}

static weir_rc lines_of(checker *c, weir_sv topic, weir_lines **out, weir_status *st)
{
    return weir_lines_new(c->session,
                          weir_source_of_topic(weir_session_catalog(c->session), topic), out, st);
}

static weir_rc feed(checker *c, const weir_json_node *record, weir_status *st)
{
    weir_sv topic = weir_json_get_text(record, WEIR_SV("topic"), WEIR_SV(""));
    if (topic.n == 0) {
        return weir_fail(st, WEIR_EDATA, "an input record names no topic");
    }
    static const char *const members[] = {"key", "value", "timestamp", "headers"};
    weir_buf line = {0};
    weir_buf_byte(&line, '{');
    for (size_t i = 0; i < WEIR_COUNT(members); i++) {
        const weir_json_node *v = weir_json_get(record, weir_sv_cstr(members[i]));
        if (v) {
            weir_buf_printf(&line, "%s\"%s\":", line.n > 1 ? "," : "", members[i]);
            weir_json_print(&line, v, true);
        }
    }
    weir_buf_byte(&line, '}');
    weir_lines *lines = NULL;
    weir_line_record r;
    weir_rc rc = lines_of(c, topic, &lines, st);
    rc = rc ? rc : weir_lines_parse(lines, weir_buf_view(&line), &r, st);
    weir_topic_spec spec = {.name = topic, .retention_ms = -1};
    weir_topic *t = NULL;
    rc = rc ? rc : weir_session_topic(c->session, &spec, &t, st);
    if (rc == WEIR_OK) {
        rc = weir_session_append(c->session, t, -1, r.key, r.value, r.headers, r.has_timestamp ? r.timestamp : 0, NULL);
    }
    weir_lines_free(lines);
    weir_buf_deinit(&line);
    return rc ? rc : weir_engine_drain(weir_session_engine(c->session), st);
}

static bool is_number(const weir_json_node *v)
{
    return v->kind == WEIR_JSON_INT || v->kind == WEIR_JSON_DECIMAL;
}

/* Numbers by value, objects whatever the order of members. */
static bool same(const weir_json_node *a, const weir_json_node *b)
{
    if (is_number(a) && is_number(b)) {
        char x[64];
        char y[64];
        if (a->text.n >= sizeof x || b->text.n >= sizeof y) {
            return weir_sv_eq(a->text, b->text);
        }
        memcpy(x, a->text.p, a->text.n);
        memcpy(y, b->text.p, b->text.n);
        x[a->text.n] = y[b->text.n] = 0;
        return weir_sv_eq(a->text, b->text) || !(strtod(x, NULL) - strtod(y, NULL) != 0);
    }
    bool list = a->kind == WEIR_JSON_ARRAY || a->kind == WEIR_JSON_OBJECT;
    if (a->kind != b->kind || (list && a->n != b->n)) {
        return false;
    }
    if (!list) {
        return weir_sv_eq(a->text, b->text);
    }
    for (uint32_t i = 0; i < a->n; i++) {
        const weir_json_node *other =
            a->kind == WEIR_JSON_ARRAY ? &b->items[i] : weir_json_get(b, a->names[i]);
        if (!other || !same(&a->items[i], other)) {
            return false;
        }
    }
    return true;
}

static bool same_member(const weir_json_node *expected, const weir_json_node *actual,
                        const char *name, bool optional)
{
    static const weir_json_node null = {.kind = WEIR_JSON_NULL};
    const weir_json_node *e = weir_json_get(expected, weir_sv_cstr(name));
    const weir_json_node *a = weir_json_get(actual, weir_sv_cstr(name));
    return (optional && !e) || same(e ? e : &null, a ? a : &null);
}

static bool same_window(const weir_json_node *expected, const weir_json_node *actual)
{
    const weir_json_node *e = weir_json_get(expected, WEIR_SV("window"));
    const weir_json_node *a = weir_json_get(actual, WEIR_SV("window"));
    return !e || (a && same_member(e, a, "start", true) && same_member(e, a, "end", true));
}

static int64_t *seen_of(checker *c, weir_topic *t)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->topics[i] == t) {
            return &c->seen[i];
        }
    }
    c->topics[c->n] = t;
    return &c->seen[c->n++];
}

static bool differs(checker *c, weir_sv topic, const weir_json_node *expected, weir_sv actual)
{
    weir_buf_printf(c->message, "topic " WEIR_SV_FMT "\n  expected ", WEIR_SV_ARG(topic));
    weir_json_print(c->message, expected, true);
    weir_buf_printf(c->message, "\n  actual   " WEIR_SV_FMT "\n", WEIR_SV_ARG(actual));
    return false;
}

static bool check(checker *c, const weir_json_node *expected)
{
    weir_sv topic = weir_json_get_text(expected, WEIR_SV("topic"), WEIR_SV(""));
    weir_topic *t = weir_topics_find(weir_session_topics(c->session), topic);
    int64_t *at = t ? seen_of(c, t) : NULL;
    weir_chunk *chunk = NULL;
    weir_status st;
    weir_status_reset(&st);
    if (!t || weir_topic_read(t, 0, *at, &chunk, &st) != WEIR_OK || !chunk) {
        return differs(c, topic, expected, WEIR_SV("no record"));
    }
    weir_buf line = {0};
    weir_lines *lines = NULL;
    const weir_json_node *actual = NULL;
    bool ok = lines_of(c, topic, &lines, &st) == WEIR_OK;
    if (ok) {
        weir_lines_print(lines, &line, chunk, &chunk->recs[*at - chunk->base], 0);
        ok = weir_json_parse(&c->arena, weir_buf_view(&line), NULL, &actual, &st) == WEIR_OK;
    }
    ++*at;
    ok = ok && same_member(expected, actual, "key", false) &&
         same_member(expected, actual, "value", false) &&
         same_member(expected, actual, "timestamp", true) && same_window(expected, actual);
    if (!ok) {
        differs(c, topic, expected, weir_buf_view(&line));
    }
    weir_chunk_unref(chunk);
    weir_lines_free(lines);
    weir_buf_deinit(&line);
    return ok;
}

static bool check_all(checker *c, const weir_json_node *outputs)
{
    bool ok = true;
    c->topics = WEIR_NEW_N(&c->arena, weir_topic *, outputs->n + 1);
    c->seen = WEIR_NEW_N(&c->arena, int64_t, outputs->n + 1);
    for (uint32_t i = 0; i < outputs->n && ok; i++) {
        ok = check(c, &outputs->items[i]);
    }
    for (uint32_t i = 0; i < c->n && ok; i++) {
        int64_t more = weir_topic_end(c->topics[i], 0) - c->seen[i];
        ok = more == 0;
        if (!ok) {
            weir_sv name = weir_topic_name(c->topics[i]);
            weir_buf_printf(c->message, "topic " WEIR_SV_FMT " has %lld records more than expected\n",
                            WEIR_SV_ARG(name), (long long)more);
        }
    }
    return ok;
}

static weir_rc run(checker *c, const weir_test_files *f, bool *passed, weir_status *st)
{
    const weir_json_node *inputs = NULL;
    const weir_json_node *outputs = NULL;
    bool ok = false;
    WEIR_TRY(read_list(c, f->input, "inputs", &inputs, st));
    WEIR_TRY(read_list(c, f->output, "outputs", &outputs, st));
    weir_session_config config = {.workers = 1,
                                  .order = WEIR_ORDER_SEQ,
                                  .single_log = true,
                                  .default_partitions = 1,
                                  .schemas_in_memory = true,
                                  .now_ms = wall};
    WEIR_TRY(weir_session_open(&config, &c->session, st));
    weir_session_set(c->session, WEIR_SV("auto.offset.reset"), WEIR_SV("earliest"));
    WEIR_TRY(run_statements(c, f->statements, &ok, st));
    for (uint32_t i = 0; i < inputs->n && ok; i++) {
        WEIR_TRY(feed(c, &inputs->items[i], st));
    }
    *passed = ok && check_all(c, outputs);
    return WEIR_OK;
}

weir_rc weir_test_files_run(const weir_test_files *f, bool *passed, weir_buf *message,
                            weir_status *st)
{
    checker c = {.message = message};
    weir_arena_init(&c.arena);
    *passed = false;
    weir_rc rc = run(&c, f, passed, st);
    weir_session_close(c.session);
    weir_arena_deinit(&c.arena);
    return rc;
}
