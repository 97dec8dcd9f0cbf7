/* Which node is asked, and what its answer means as a whole. One that cannot be reached is asked last for a
 * while. */
#include "connectors/sink_elastic.h"

#include <stdio.h>

#define DEAD_MS 1000
#define DEAD_MS_MAX 60000

/* ---- nodes ---- */

static int64_t now_ms(void)
{
    return weir_mono_ns() / 1000000;
}

/* The next one that is alive; where none is, the one that may be the first to be so again. */
weir__es_node *weir__es_pick(weir__es *s)
{
    weir__es_node *best = NULL;
    int64_t now = now_ms();
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        weir__es_node *n = &s->nodes[(s->next_node + i) % s->n_nodes];
        if (n->dead_until_ms <= now) {
            best = n;
            break;
        }
        best = !best || n->dead_until_ms < best->dead_until_ms ? n : best;
    }
    s->next_node = (uint32_t)(best - s->nodes) + 1;
    return best;
}

static void node_failed(weir__es_node *n)
{
    uint32_t doublings = n->failures < 6 ? n->failures : 6;
    n->failures++;
    n->dead_until_ms = now_ms() + weir_min64((int64_t)DEAD_MS << doublings, DEAD_MS_MAX);
}

static void node_answered(weir__es_node *n)
{
    n->failures = 0;
    n->dead_until_ms = 0;
}

weir_rc weir__es_request(weir__es *s, weir__es_node *node, const char *method, weir_sv path, weir_sv body,
                         const char *type, void (*done)(void *ctx, const weir_http_result *r), void *ctx,
                         weir_status *st)
{
    weir_buf url = {0};
    weir_http_field fields[2] = {{WEIR_SV("Content-Type"), weir_sv_cstr(type)}};
    uint32_t number = 0;
    bool known = weir_http_login_ask(s->login, &fields[1], &number) == WEIR_HTTP_LOGIN_READY;
    weir_buf_sv(&url, node->url);
    weir_buf_sv(&url, path);
    weir_http_outgoing out = {.method = method,
                              .url = weir_buf_view(&url),
                              .headers = fields,
                              .n_headers = known ? 2 : 1,
                              .body = body,
                              .gzip = s->gzip,
                              .done = done,
                              .ctx = ctx};
    weir_status_reset(st);
    weir_rc rc = weir_http_pool_send(s->pool, &out, NULL, st);
    weir_buf_deinit(&url);
    return rc;
}

/* ---- what an answer means as a whole ---- */

weir__es_verdict weir__es_verdict_of(weir_arena *a, weir__es_node *node, const weir_http_result *r)
{
    weir__es_verdict v = {WEIR_SINK_DONE, false, ""};
    if (r->failure == WEIR_HTTP_TOO_LARGE && r->status == 200) {
        v.kind = WEIR_SINK_RETRY;
        v.halve = true;
        snprintf(v.why, sizeof v.why, "the answer of the server is too long");
        return v;
    }
    if (r->failure != WEIR_HTTP_ANSWERED) {
        node_failed(node);
        v.kind = WEIR_SINK_RETRY;
        snprintf(v.why, sizeof v.why, WEIR_SV_FMT ": %s: %s", WEIR_SV_ARG(node->url),
                 weir_http_failure_name(r->failure), r->why);
        return v;
    }
    int32_t status = r->status;
    if (status == 502 || status == 503 || status == 504) {
        node_failed(node);
    } else {
        node_answered(node);
    }
    if (status >= 200 && status < 300) {
        return v;
    }
    weir__es_result e = weir__es_error(a, r->body);
    const char *hint = "";
    /* a 400 without a word about it is another server's: all records would be refused alike */
    bool strange = status == 404 || weir_sv_starts(e.reason, WEIR_SV("no handler found")) ||
                   (status == 400 && e.type.n == 0 && e.reason.n == 0);
    if (!strange && (status == 400 || status == 413)) {
        v.kind = WEIR_SINK_POISON;
        v.halve = true;
    } else if (status == 408 || status == 425 || status == 429 || status >= 500 ||
               weir_sv_eq(e.type, WEIR_SV("cluster_block_exception"))) {
        v.kind = WEIR_SINK_RETRY;
    } else {
        v.kind = WEIR_SINK_FATAL;
        hint = status == 401   ? "; 'connection.username' and 'connection.password', 'api.key' or "
                                 "'bearer.token' are missing or wrong"
               : status == 403 ? "; the user may not write: it needs the right to index into these indices, "
                                 "and to create them"
               : strange  ? "; is this Elasticsearch or OpenSearch, and the path in 'connection.url' right?"
               : status < 400  ? "; redirects are not followed"
                               : "";
    }
    snprintf(v.why, sizeof v.why, WEIR_SV_FMT " answered %d%s%.*s%s", WEIR_SV_ARG(node->url), status,
             e.reason.n ? ": " : "", (int)(e.reason.n < 250 ? e.reason.n : 250), e.reason.p ? e.reason.p : "",
             hint);
    return v;
}
