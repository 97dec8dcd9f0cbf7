/* RUN SCRIPT: another file of statements, in the same session. */
#include "engine/base/limits.h"
#include "engine/io/file.h"
#include "engine/server/session_impl.h"

/* The file as it is named; else inside the host's folder, whatever folder it is named in. */
static weir_rc read_script(weir_session *s, const char *file, weir_buf *out, weir_status *st)
{
    weir_rc rc = weir_file_read(file, WEIR_STATEMENT_BYTES_MAX, out, st);
    if (rc != WEIR_ENOTFOUND || !s->config.script_dir) {
        return rc;
    }
    weir_buf path = {0};
    weir_buf_printf(&path, "%s/%s", s->config.script_dir, file);
    weir_status second;
    weir_status_reset(&second);
    rc = weir_file_read(weir_buf_cstr(&path), WEIR_STATEMENT_BYTES_MAX, out, &second);
    weir_buf_deinit(&path);
    if (rc != WEIR_OK && rc != WEIR_ENOTFOUND) {
        *st = second;
    }
    return rc == WEIR_OK ? WEIR_OK : st->rc;
}

static weir_rc execute(weir_session *s, const char *file, weir_sv text, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_script_outcome done;
    text = weir_session_fill(s, text, &a);
    weir_rc rc = weir_session_execute(s, text, &done, &diags, st);
    if (rc != WEIR_OK) {
        weir_text_pos at = weir_text_pos_of(text, st->span.n ? st->span.at : done.failed_at.at);
        weir_wrap(st, "%s:%u:%u", file, at.line, at.col);
        st->span = (weir_span){0}; /* it points into the other text */
    }
    weir_arena_deinit(&a);
    return rc;
}

weir_rc weir_statement_run_script(weir_session *s, weir_sv file, weir_status *st)
{
    if (s->script_depth == WEIR_SCRIPT_DEPTH_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "RUN SCRIPT is nested more than %d deep "
                                          "(WEIR_SCRIPT_DEPTH_MAX)", WEIR_SCRIPT_DEPTH_MAX);
    }
    weir_buf name = {0};
    weir_buf text = {0};
    weir_buf_sv(&name, file);
    const char *path = weir_buf_cstr(&name);
    weir_rc rc = read_script(s, path, &text, st);
    if (rc == WEIR_OK) {
        s->script_depth++;
        rc = execute(s, path, weir_buf_view(&text), st);
        s->script_depth--;
    }
    weir_buf_deinit(&name);
    weir_buf_deinit(&text);
    return rc;
}
