/* See test_case.h. */
#include "tools/test_case.h"

#include "engine/io/loop.h"
#include "engine/server/bundle_session.h"

typedef struct test_run {
    weir_test_case *t;
    const char *file;
    const weir_script *script;
    const weir_diags *diags;
    weir_session *session;
    weir_arena arena;
    bool expects; /* an error must come */
    weir_sv expected_message;
} test_run;

static int64_t frozen(void *clock)
{
    (void)clock;
    return 0; /* INSERT VALUES without ROWTIME */
}

static weir_rc open_session(test_run *r, weir_status *st)
{
    const char *slash = strrchr(r->file, '/');
    size_t n = slash ? (size_t)(slash - r->file) : 1;
    weir_session_config config = {
        .workers = 1,
        .order = WEIR_ORDER_SEQ,
        .single_log = true,
        .default_partitions = 1,
        .schemas_in_memory = true,
        .script_dir = weir_arena_cstr(&r->arena, weir_sv_of(slash ? r->file : ".", n)),
        .now_ms = frozen,
    };
    WEIR_TRY(weir_session_open(&config, &r->session, st));
    weir_session_set(r->session, WEIR_SV("auto.offset.reset"), WEIR_SV("earliest"));
    weir_session_set(r->session, WEIR_SV("ksql.headers.columns.enabled"), WEIR_SV("true"));
    weir_session_set(r->session, WEIR_SV("ksql.service.id"), WEIR_SV("some.ksql.service.id"));
    for (uint32_t i = 0; r->t->bundles && i < r->t->bundles->n; i++) {
        WEIR_TRY(weir_bundle_enter(r->t->bundles->items[i], r->session, st));
    }
    return WEIR_OK;
}

static bool is_in(const weir_test_case *t, uint32_t at)
{
    return at >= t->from && at < t->to;
}

static void read_directives(test_run *r)
{
    for (uint32_t i = 0; i < r->script->n_directives; i++) {
        const weir_ast_directive *d = &r->script->directives[i];
        if (!is_in(r->t, d->span.at)) {
            continue;
        }
        bool message = weir_sv_ieq(d->name, WEIR_SV("expected.message"));
        if (message || weir_sv_ieq(d->name, WEIR_SV("expected.error"))) {
            r->expects = true;
            r->expected_message = message ? d->value : r->expected_message;
        }
    }
}

static weir_rc check_queries(test_run *r, weir_status *st)
{
    weir_engine *e = weir_session_engine(r->session);
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        const char *error = weir_query_error(weir_engine_query_at(e, i));
        if (error) {
            return weir_fail(st, WEIR_EFATAL, "%s", error);
        }
    }
    return WEIR_OK;
}

/* Executes one statement and lets every record that it causes go through. */
static weir_rc step(test_run *r, const weir_ast_stmt *stmt, weir_status *st)
{
    weir_diags diags;
    weir_diags_init(&diags, &r->arena);
    weir_script_outcome done;
    weir_status_reset(st);
    WEIR_TRY(weir_session_execute(r->session, stmt->text, &done, &diags, st));
    WEIR_TRY(weir_engine_drain(weir_session_engine(r->session), st));
    return check_queries(r, st);
}

/* The test's statements until the first error; *at is where it is. */
static weir_rc run_statements(test_run *r, uint32_t *at, weir_status *st)
{
    const weir_diag *bad = NULL;
    for (uint32_t i = 0; i < r->diags->n && !bad; i++) {
        bad = is_in(r->t, r->diags->items[i].span.at) ? &r->diags->items[i] : NULL;
    }
    for (uint32_t i = 0; i < r->script->n_stmts; i++) {
        const weir_ast_stmt *stmt = r->script->stmts[i];
        if (!is_in(r->t, stmt->span.at)) {
            continue;
        }
        if (bad && bad->span.at < stmt->span.at) {
            break;
        }
        *at = stmt->span.at;
        WEIR_TRY(step(r, stmt, st));
    }
    if (bad) {
        weir_buf text = {0};
        weir_diag_message(&text, r->script->text, bad);
        *at = bad->span.at;
        weir_rc rc = weir_fail(st, WEIR_ESQL, WEIR_SV_FMT, WEIR_SV_ARG(weir_buf_view(&text)));
        weir_buf_deinit(&text);
        return rc;
    }
    return WEIR_OK;
}

/* ksqlDB wraps what it finds wrong with names while it prepares a statement. */
static bool says(const weir_status *st, weir_sv expected)
{
    weir_buf text = {0};
    weir_buf_printf(&text, "Exception while preparing statement: %s", st->msg);
    bool found = weir_sv_find(weir_buf_view(&text), expected, 0) >= 0;
    weir_buf_deinit(&text);
    return found;
}

static void judge(test_run *r, weir_rc rc, uint32_t at, const weir_status *st)
{
    weir_test_case *t = r->t;
    t->failed_at = rc ? at : t->from;
    if (r->expects) {
        t->passed = rc != WEIR_OK && says(st, r->expected_message);
    } else {
        t->passed = rc == WEIR_OK;
    }
    if (t->passed) {
        return;
    }
    if (r->expects && rc == WEIR_OK) {
        weir_buf_printf(&t->message, "expected an error%s" WEIR_SV_FMT ", but nothing failed",
                        r->expected_message.n ? ": " : "", WEIR_SV_ARG(r->expected_message));
    } else if (r->expects) {
        weir_buf_printf(&t->message, "expected another error\n  expected: " WEIR_SV_FMT
                                     "\n  actual:   %s", WEIR_SV_ARG(r->expected_message), st->msg);
    } else {
        weir_buf_str(&t->message, st->msg);
    }
}

void weir_test_case_run(weir_test_case *t, const char *file, const weir_script *script,
                        const weir_diags *diags)
{
    test_run r = {.t = t, .file = file, .script = script, .diags = diags};
    weir_arena_init(&r.arena);
    int64_t started = weir_mono_ns();
    weir_status st;
    weir_status_reset(&st);
    uint32_t at = t->from;
    read_directives(&r);
    weir_rc rc = open_session(&r, &st);
    rc = rc ? rc : run_statements(&r, &at, &st);
    judge(&r, rc, at, &st);
    weir_session_close(r.session);
    weir_arena_deinit(&r.arena);
    t->ns = weir_mono_ns() - started;
}
