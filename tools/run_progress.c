/* The progress line of a run on a terminal:
 *
 *   1.2M events  345k/s  lag 12  state 3.4 MB  CTAS_REVENUE_1: 340k → 12k  CSAS_ALERTS_2: … */
#include "tools/run.h"

#include "engine/data/text_width.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define QUERIES_SHOWN 3 /* each for itself; more are too many for a line */

/* 999 · 1.2k · 34M */
static void short_number(weir_buf *b, double n)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    size_t u = 0;
    while (n >= 1000 && u + 1 < WEIR_COUNT(units)) {
        n /= 1000;
        u++;
    }
    weir_buf_printf(b, u && n < 10 ? "%.1f%s" : "%.0f%s", n, units[u]);
}

/* As many as fit: a line that wraps cannot be rewritten in place. */
static void per_query(weir_engine *e, uint32_t columns, weir_buf *b)
{
    uint32_t n = weir_engine_queries(e);
    weir_buf one = {0};
    for (uint32_t i = 0; n <= QUERIES_SHOWN && i < n; i++) {
        const weir_query *q = weir_engine_query_at(e, i);
        weir_query_stats s;
        weir_query_stats_of(q, &s);
        weir_buf_reset(&one);
        weir_buf_printf(&one, "  " WEIR_SV_FMT ": ", WEIR_SV_ARG(weir_query_plan(q)->query_id));
        short_number(&one, (double)s.read);
        weir_buf_str(&one, " → ");
        short_number(&one, (double)s.written);
        if (weir_text_width(weir_buf_view(b)) + weir_text_width(weir_buf_view(&one)) >= columns) {
            break;
        }
        weir_buf_sv(b, weir_buf_view(&one));
    }
    weir_buf_deinit(&one);
}

static uint32_t terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

void weir_run_progress_clear(weir_run *r)
{
    if (r->line_shown) {
        fputs("\r\033[K", stderr);
        r->line_shown = false;
    }
}

void weir_run_progress(weir_run *r)
{
    if (!r->progress) {
        return;
    }
    weir_engine *e = weir_session_engine(r->session);
    uint64_t events = weir_run_records(r);
    uint64_t state = 0;
    int64_t lag = 0;
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        weir_query_stats s;
        weir_query_stats_of(weir_engine_query_at(e, i), &s);
        state += s.state_bytes;
        lag += s.lag;
    }
    int64_t now = weir_mono_ns();
    double seconds = (double)(now - r->shown_ns) / 1e9;
    weir_buf b = {0};
    short_number(&b, (double)events);
    weir_buf_str(&b, " events  ");
    short_number(&b, seconds > 0 ? (double)(events - r->events_before) / seconds : 0);
    weir_buf_str(&b, "/s  lag ");
    short_number(&b, (double)lag);
    weir_buf_str(&b, "  state ");
    short_number(&b, (double)state);
    weir_buf_byte(&b, 'B');
    per_query(e, terminal_columns(), &b);
    fprintf(stderr, "\r\033[K%s", weir_buf_cstr(&b));
    weir_buf_deinit(&b);
    r->events_before = events;
    r->shown_ns = now;
    r->line_shown = true;
}
