/* What an id stands for never changes, so it is remembered, and so is what was registered from
 * here. The latest schema of a subject is asked for each time. */
#include "connectors/registry_http.h"

#include "connectors/http_client.h"
#include "connectors/template.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"
#include "engine/io/loop.h"

#define CONTENT_TYPE "application/vnd.schemaregistry.v1+json"

typedef struct registered_here {
    weir_sv subject, text;
    weir_schema_kind kind;
    int32_t id;
} registered_here;

typedef struct remote {
    weir_registry base;
    weir_lock *lock; /* guards all below: workers ask for ids */
    weir_http *http;
    weir_sv url;
    weir_arena arena; /* texts and names */
    weir_registered *known;
    size_t n_known, cap_known;
    registered_here *put;
    size_t n_put, cap_put;
} remote;

/* Asks, and reads the answer's JSON into `a`. The path is taken over. */
static weir_rc ask(remote *m, const char *method, weir_buf *path, weir_sv body, weir_arena *a,
                   const weir_json_node **out, weir_status *st)
{
    weir_http_answer answer;
    weir_rc rc =
        weir_http_ask(m->http, method, weir_buf_cstr(path), body, CONTENT_TYPE, &answer, st);
    weir_buf_deinit(path);
    if (rc != WEIR_OK) {
        return weir_wrap(st, "schema registry");
    }
    rc = weir_json_parse(a, answer.body, NULL, out, st);
    if (answer.status >= 200 && answer.status < 300) {
        return rc ? weir_wrap(st, "schema registry") : WEIR_OK;
    }
    weir_sv why = rc ? (weir_sv){0} : weir_json_get_text(*out, WEIR_SV("message"), (weir_sv){0});
    return weir_fail(st, answer.status == 404 ? WEIR_ENOTFOUND : WEIR_EIO,
                     "schema registry: status %d: " WEIR_SV_FMT, answer.status, WEIR_SV_ARG(why));
}

static weir_buf path_of(const remote *m, weir_sv subject, const char *rest)
{
    weir_buf path = {0};
    weir_buf_sv(&path, m->url);
    weir_buf_str(&path, "/subjects/");
    weir_template_url(&path, subject);
    weir_buf_str(&path, rest);
    return path;
}

/* The answer's schema, kept. */
static weir_rc keep(remote *m, const weir_json_node *answer, int64_t id, weir_registered *out,
                    weir_status *st)
{
    weir_sv type = weir_json_get_text(answer, WEIR_SV("schemaType"), WEIR_SV("AVRO"));
    weir_sv text = weir_json_get_text(answer, WEIR_SV("schema"), WEIR_SV(""));
    uint32_t kind = 0;
    while (kind < WEIR_SCHEMA_KINDS &&
           !weir_sv_eq(type, weir_sv_cstr(weir_schema_kind_name((weir_schema_kind)kind)))) {
        kind++;
    }
    if (kind == WEIR_SCHEMA_KINDS || text.n == 0 || id < 1 || id > INT32_MAX) {
        return weir_fail(st, WEIR_EDATA,
                         "schema registry: an answer without id, schema or a known "
                         "schemaType");
    }
    for (size_t i = 0; i < m->n_known; i++) {
        if (m->known[i].id == id) {
            *out = m->known[i];
            return WEIR_OK;
        }
    }
    WEIR_GROW(m->known, m->cap_known, m->n_known + 1);
    *out = (weir_registered){(int32_t)id, (weir_schema_kind)kind, weir_arena_sv(&m->arena, text)};
    m->known[m->n_known++] = *out;
    return WEIR_OK;
}

static weir_rc ask_latest(remote *m, weir_sv subject, weir_registered *out, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_buf path = path_of(m, subject, "/versions/latest");
    const weir_json_node *answer = NULL;
    weir_rc rc = ask(m, "GET", &path, (weir_sv){0}, &a, &answer, st);
    rc = rc ? rc : keep(m, answer, weir_json_get_i64(answer, WEIR_SV("id"), 0), out, st);
    weir_arena_deinit(&a);
    return rc;
}

static weir_rc ask_id(remote *m, int32_t id, weir_registered *out, weir_status *st)
{
    for (size_t i = 0; i < m->n_known; i++) {
        if (m->known[i].id == id) {
            *out = m->known[i];
            return WEIR_OK;
        }
    }
    weir_arena a;
    weir_arena_init(&a);
    weir_buf path = {0};
    weir_buf_printf(&path, WEIR_SV_FMT "/schemas/ids/%d", WEIR_SV_ARG(m->url), id);
    const weir_json_node *answer = NULL;
    weir_rc rc = ask(m, "GET", &path, (weir_sv){0}, &a, &answer, st);
    rc = rc ? rc : keep(m, answer, id, out, st);
    weir_arena_deinit(&a);
    return rc;
}

static weir_rc ask_put(remote *m, weir_sv subject, weir_schema_kind kind, weir_sv text, int32_t *id,
                       weir_status *st)
{
    for (size_t i = 0; i < m->n_put; i++) {
        registered_here *p = &m->put[i];
        if (p->kind == kind && weir_sv_eq(p->subject, subject) && weir_sv_eq(p->text, text)) {
            *id = p->id;
            return WEIR_OK;
        }
    }
    weir_arena a;
    weir_arena_init(&a);
    weir_buf body = {0};
    weir_buf_str(&body, "{\"schema\":");
    weir_json_string(&body, text);
    if (kind != WEIR_SCHEMA_AVRO) {
        weir_buf_printf(&body, ",\"schemaType\":\"%s\"", weir_schema_kind_name(kind));
    }
    weir_buf_byte(&body, '}');
    weir_buf path = path_of(m, subject, "/versions");
    const weir_json_node *answer = NULL;
    weir_rc rc = ask(m, "POST", &path, weir_buf_view(&body), &a, &answer, st);
    int64_t got = rc ? 0 : weir_json_get_i64(answer, WEIR_SV("id"), 0);
    if (rc == WEIR_OK && (got < 1 || got > INT32_MAX)) {
        rc = weir_fail(st, WEIR_EDATA, "schema registry: an answer without an id");
    }
    if (rc == WEIR_OK) {
        *id = (int32_t)got;
        WEIR_GROW(m->put, m->cap_put, m->n_put + 1);
        m->put[m->n_put++] = (registered_here){weir_arena_sv(&m->arena, subject),
                                               weir_arena_sv(&m->arena, text), kind, *id};
    }
    weir_buf_deinit(&body);
    weir_arena_deinit(&a);
    return rc;
}

static weir_rc remote_put(weir_registry *r, weir_sv subject, weir_schema_kind kind, weir_sv text,
                          int32_t *id, weir_status *st)
{
    remote *m = (remote *)r;
    weir_lock_enter(m->lock);
    weir_rc rc = ask_put(m, subject, kind, text, id, st);
    weir_lock_leave(m->lock);
    return rc;
}

static weir_rc remote_latest(weir_registry *r, weir_sv subject, weir_registered *out,
                             weir_status *st)
{
    remote *m = (remote *)r;
    weir_lock_enter(m->lock);
    weir_rc rc = ask_latest(m, subject, out, st);
    weir_lock_leave(m->lock);
    return rc;
}

static weir_rc remote_by_id(weir_registry *r, int32_t id, weir_registered *out, weir_status *st)
{
    remote *m = (remote *)r;
    weir_lock_enter(m->lock);
    weir_rc rc = ask_id(m, id, out, st);
    weir_lock_leave(m->lock);
    return rc;
}

static weir_rc remote_drop(weir_registry *r, weir_sv subject, weir_status *st)
{
    remote *m = (remote *)r;
    weir_arena a;
    weir_arena_init(&a);
    weir_lock_enter(m->lock);
    size_t kept = 0;
    for (size_t i = 0; i < m->n_put; i++) {
        if (!weir_sv_eq(m->put[i].subject, subject)) {
            m->put[kept++] = m->put[i];
        }
    }
    m->n_put = kept;
    weir_buf path = path_of(m, subject, "");
    const weir_json_node *answer = NULL;
    weir_rc rc = ask(m, "DELETE", &path, (weir_sv){0}, &a, &answer, st);
    weir_lock_leave(m->lock);
    weir_arena_deinit(&a);
    return rc == WEIR_ENOTFOUND ? WEIR_OK : rc;
}

static void remote_close(weir_registry *r)
{
    remote *m = (remote *)r;
    weir_http_free(m->http);
    weir_lock_free(m->lock);
    weir_arena_deinit(&m->arena);
    weir_free(m->known);
    weir_free(m->put);
    weir_free(m);
}

weir_registry *weir_registry_http(weir_sv url)
{
    static const weir_registry_calls calls = {
        .put = remote_put,
        .latest = remote_latest,
        .by_id = remote_by_id,
        .drop = remote_drop,
        .close = remote_close,
    };
    remote *m = weir_zalloc(sizeof *m);
    m->base.calls = &calls;
    m->lock = weir_lock_new();
    m->http = weir_http_new();
    weir_arena_init(&m->arena);
    int64_t comma = weir_sv_find(url, WEIR_SV(","), 0);
    url = weir_sv_trim(comma >= 0 ? weir_sv_of(url.p, (size_t)comma) : url);
    while (url.n && url.p[url.n - 1] == '/') {
        url.n--;
    }
    m->url = weir_arena_sv(&m->arena, url);
    return &m->base;
}
