/* PRINT: the records of a topic as they are, oldest first. What is there when the statement is
 * executed is printed; it does not wait for more. */
#include "engine/server/lines.h"
#include "engine/server/session_impl.h"

#define PRINT_RECORDS 1000 /* without LIMIT */

static const weir_source *source_of(const weir_session *s, weir_sv topic)
{
    for (uint32_t i = 0; i < weir_catalog_sources(s->catalog); i++) {
        const weir_source *src = weir_catalog_source_at(s->catalog, i);
        if (weir_sv_eq(src->topic, topic)) {
            return src;
        }
    }
    return NULL;
}

/* Every `interval`-th record, until `most` are printed. */
static weir_rc print_partition(weir_topic *t, int32_t p, weir_lines *lines, int64_t interval,
                               int64_t most, int64_t *seen, int64_t *printed, weir_buf *out,
                               weir_status *st)
{
    int64_t at = weir_topic_begin(t, p);
    while (at < weir_topic_end(t, p) && *printed < most) {
        weir_chunk *c = NULL;
        WEIR_TRY(weir_topic_read(t, p, at, &c, st));
        at = weir_max64(at, c->base);
        for (; at < c->base + c->n && *printed < most; at++) {
            if ((*seen)++ % interval == 0) {
                weir_lines_print(lines, out, c, &c->recs[at - c->base], p);
                weir_buf_byte(out, '\n');
                ++*printed;
            }
        }
        weir_chunk_unref(c);
    }
    return WEIR_OK;
}

weir_rc weir_statement_print(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                             weir_status *st)
{
    weir_sv name = b->as.print.topic;
    weir_topic *t = weir_topics_find(s->topics, name);
    if (!t) {
        return weir_fail(st, WEIR_ESQL, "Could not find topic '" WEIR_SV_FMT "', or the KSQL user "
                                        "does not have permissions to list the topic.",
                         WEIR_SV_ARG(name));
    }
    weir_lines *lines = NULL;
    WEIR_TRY(weir_lines_new(s, source_of(s, name), &lines, st));
    weir_buf out = {0};
    int64_t seen = 0;
    int64_t printed = 0;
    int64_t most = b->as.print.limit >= 0 ? b->as.print.limit : PRINT_RECORDS;
    int64_t interval = b->as.print.interval > 0 ? b->as.print.interval : 1;
    weir_rc rc = WEIR_OK;
    for (int32_t p = 0; rc == WEIR_OK && p < weir_topic_partitions(t); p++) {
        rc = print_partition(t, p, lines, interval, most, &seen, &printed, &out, st);
    }
    r->topic = name;
    r->message = weir_arena_sv(a, weir_sv_trim(weir_buf_view(&out)));
    weir_buf_deinit(&out);
    weir_lines_free(lines);
    return rc;
}
