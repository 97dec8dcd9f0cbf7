/* Requests: may they, what is in them, is it good.
 *
 *   request ─► may it? ─► was it here before? ─► objects of the body ─┬─► many: judged at once
 *                                                                     └─► one: with those of the turn
 *   judged ─┬─► refused: 400 with what is wrong, by the names the client has
 *           └─► on board (source_http_flight.c)
 *
 * Single events are judged together at the end of the turn: a batch of columns costs nearly as much for
 * one row as for fifty. */
#include "connectors/source_http.h"

#include "engine/data/json_text.h"

#include <stdio.h>

#define RETRY_AFTER_S 1
#define ERRORS_TOLD_MAX 100
#define TURN_BYTES_MAX ((size_t)4 << 20)    /* then the turn is over */
#define SHAPED_BYTES_MAX ((size_t)256 << 20) /* of a request with its members */

/* A request of one event. */
struct weir__http_single {
    weir_http_req *req;
    weir__http_first *first;
    weir_sv given, doc; /* as it came and as it is judged */
};

/* ---- refusals ---- */

/* "Failed to deserialize value from topic: T. WHAT, path: $.A": the client knows no topic, and the path
 * is told apart. */
static weir_sv essence(weir_sv reason)
{
    int64_t from = weir_sv_find(reason, WEIR_SV("from topic: "), 0);
    from = from < 0 ? -1 : weir_sv_find(reason, WEIR_SV(". "), (uint32_t)from);
    uint32_t at = from < 0 ? 0 : (uint32_t)from + 2;
    weir_sv rest = weir_sv_of(reason.p + at, reason.n - at);
    int64_t path = weir_sv_find(rest, WEIR_SV(", path: $"), 0);
    rest.n = path < 0 ? rest.n : (uint32_t)path;
    return rest;
}

static void add_error(weir__http_source *s, const weir_intake_bad *bad, size_t doc, weir_sv given)
{
    weir_buf_printf(&s->errors, "%s{\"record\":%zu,", s->errors.n ? "," : "", doc);
    if (bad->field.n) {
        weir_buf_str(&s->errors, "\"field\":");
        weir_json_string(&s->errors,
                         weir__http_told_name(&s->turn_arena, given, s->key_case, bad->field));
        weir_buf_byte(&s->errors, ',');
    }
    weir_buf_str(&s->errors, "\"reason\":");
    weir_json_string(&s->errors, essence(bad->reason));
    weir_buf_byte(&s->errors, '}');
}

static void refuse_busy(weir__http_source *s, weir_http_req *req, weir__http_first *first, int64_t wait_ms)
{
    weir_http_reply_busy(req, 429, (uint32_t)(wait_ms / 1000 + 1), "over the rate limit");
    weir__http_once_settle(s, first, false);
}

static void refuse_bad(weir__http_source *s, weir_http_req *req, weir__http_first *first, int32_t status,
                       const char *why)
{
    weir_http_reply_error(req, status, why);
    weir__http_once_settle(s, first, false);
}

/* What is wrong is in s->errors. */
static void refuse_invalid(weir__http_source *s, weir_http_req *req, weir__http_first *first)
{
    weir__http_reply_invalid(req, weir_buf_view(&s->errors), 0);
    weir__http_once_settle(s, first, false);
}

static bool may(weir__http_source *s, weir_http_req *req)
{
    const char *why = NULL;
    if (s->paused || s->stopping) {
        weir_http_reply_busy(req, 503, RETRY_AFTER_S, s->stopping ? "stopping" : "paused");
        return false;
    }
    if (!weir__http_auth_allows(s->auth, req, &why)) {
        weir__http_auth_refuse(s->auth, req, why);
        return false;
    }
    return true;
}

/* In ms: 0, or how long to wait for so many events. */
static int64_t must_wait(weir__http_source *s, size_t events)
{
    return s->rate.rate ? weir_bucket_take(&s->rate, (uint32_t)events, weir_mono_ns() / 1000000) : 0;
}

/* ---- what requests add ---- */

/* Members that the request gives: ,"ip":"10.0.0.1","agent":"…" */
static weir_sv members_of(weir__http_source *s, const weir_http_req *req)
{
    weir_buf_reset(&s->members);
    if (s->address_field.n) {
        weir_buf_byte(&s->members, ',');
        weir_json_string(&s->members, s->address_field);
        weir_buf_byte(&s->members, ':');
        weir_json_string(&s->members, weir__http_client(s->auth, req));
    }
    weir__http_header_members(s->auth, req, &s->members);
    return weir_buf_view(&s->members);
}

/* The objects of s->given as they are judged, to s->docs. False: with the members they are too much. */
static bool shape_all(weir__http_source *s, const weir_http_req *req)
{
    weir_sv members = members_of(s, req);
    WEIR_GROW(s->docs, s->cap_docs, s->n_docs);
    if (members.n == 0 && s->key_case == WEIR__HTTP_AS_IS) {
        memcpy(s->docs, s->given, s->n_docs * sizeof *s->docs);
        return true;
    }
    weir_buf_reset(&s->text);
    for (size_t i = 0; i < s->n_docs; i++) {
        size_t before = s->text.n;
        weir__http_shape(&s->text, s->given[i], s->key_case, s->to->source->schema, members);
        s->docs[i] = (weir_sv){NULL, (uint32_t)(s->text.n - before)};
        if (s->text.n > SHAPED_BYTES_MAX) {
            return false;
        }
    }
    memset(weir_buf_reserve(&s->text, WEIR_CHUNK_PADDING), 0, WEIR_CHUNK_PADDING);
    const char *p = s->text.p;
    for (size_t i = 0; i < s->n_docs; i++) {
        s->docs[i].p = p;
        p += s->docs[i].n;
    }
    return true;
}

/* The same for one object, in memory that lasts as long as the turn. */
static weir_sv shape_one(weir__http_source *s, const weir_http_req *req, weir_sv given)
{
    weir_sv members = members_of(s, req);
    if (members.n == 0 && s->key_case == WEIR__HTTP_AS_IS) {
        return given;
    }
    weir_buf_reset(&s->text);
    weir__http_shape(&s->text, given, s->key_case, s->to->source->schema, members);
    char *copy = weir_arena_alloc(&s->turn_arena, s->text.n + WEIR_CHUNK_PADDING);
    memcpy(copy, s->text.p, s->text.n);
    memset(copy + s->text.n, 0, WEIR_CHUNK_PADDING);
    return weir_sv_of(copy, s->text.n);
}

/* ---- judging ---- */

/* The objects of one request; the good ones are in s->records, unless all or none are wanted. */
static size_t judge_all(weir__http_source *s, size_t *n_bad)
{
    size_t records = s->records.n;
    size_t bytes = s->records.bytes.n;
    size_t good = 0;
    int64_t now = weir_wall_ms();
    weir_buf_reset(&s->errors);
    *n_bad = 0;
    for (size_t at = 0; at < s->n_docs; at += WEIR_BATCH_ROWS) {
        size_t left = s->n_docs - at;
        uint32_t n = left < WEIR_BATCH_ROWS ? (uint32_t)left : WEIR_BATCH_ROWS;
        good += weir_intake_judge(s->intake, s->docs + at, n);
        uint32_t n_told = 0;
        const weir_intake_bad *told = weir_intake_bad_docs(s->intake, &n_told);
        for (uint32_t i = 0; i < n_told && *n_bad < ERRORS_TOLD_MAX; i++) {
            add_error(s, &told[i], at + told[i].doc, s->given[at + told[i].doc]);
            ++*n_bad;
        }
        weir_intake_add(s->intake, &s->records, (weir_sv){0}, now);
    }
    if (*n_bad && !s->partial) {
        s->records.n = records;
        s->records.bytes.n = bytes;
        good = 0;
    }
    return good;
}

/* What was told of document `doc` of those judged last. */
static void errors_of(weir__http_source *s, uint32_t doc, weir_sv given)
{
    uint32_t n_told = 0;
    const weir_intake_bad *told = weir_intake_bad_docs(s->intake, &n_told);
    weir_buf_reset(&s->errors);
    for (uint32_t i = 0; i < n_told; i++) {
        if (told[i].doc == doc) {
            add_error(s, &told[i], 0, given);
        }
    }
}

static void judge_slice(weir__http_source *s, const struct weir__http_single *singles, uint32_t n,
                        int64_t now)
{
    WEIR_GROW(s->docs, s->cap_docs, n);
    for (uint32_t i = 0; i < n; i++) {
        s->docs[i] = singles[i].doc;
    }
    weir_intake_judge(s->intake, s->docs, n);
    weir_intake_add(s->intake, &s->records, (weir_sv){0}, now);
    for (uint32_t i = 0; i < n; i++) {
        if (weir_intake_is_good(s->intake, i)) {
            weir__http_waiting w = {singles[i].req, singles[i].first, {.records = 1, .at_ms = now}};
            weir__http_board(s, &w);
        } else {
            errors_of(s, i, singles[i].given);
            refuse_invalid(s, singles[i].req, singles[i].first);
        }
    }
}

void weir__http_judge_singles(weir__http_source *s)
{
    int64_t now = weir_wall_ms();
    for (size_t at = 0; at < s->n_singles; at += WEIR_BATCH_ROWS) {
        size_t left = s->n_singles - at;
        judge_slice(s, s->singles + at, left < WEIR_BATCH_ROWS ? (uint32_t)left : WEIR_BATCH_ROWS, now);
    }
    s->n_singles = 0;
    s->single_bytes = 0;
    weir_arena_reset(&s->turn_arena);
}

/* ---- requests ---- */

static void end_turn_soon(weir__http_source *s)
{
    if (s->records.bytes.n + s->single_bytes >= TURN_BYTES_MAX) {
        weir__http_depart(s);
    } else if (!s->armed) {
        s->armed = true;
        weir_timer_arm(s->turn, 0);
    }
}

void weir__http_on_single(void *ctx, weir_http_req *req)
{
    weir__http_source *s = ctx;
    weir__http_first *first = NULL;
    if (!may(s, req) || !weir__http_once_is_new(s, req, &first)) {
        return;
    }
    weir_sv given = weir_sv_trim(weir_http_body(req));
    int64_t wait = given.n ? must_wait(s, 1) : 0;
    if (wait > 0) {
        refuse_busy(s, req, first, wait);
        return;
    }
    if (given.n == 0) {
        refuse_bad(s, req, first, 400, "the body is empty");
        return;
    }
    WEIR_GROW(s->singles, s->cap_singles, s->n_singles + 1);
    s->singles[s->n_singles++] =
        (struct weir__http_single){req, first, given, shape_one(s, req, given)};
    s->single_bytes += given.n;
    end_turn_soon(s);
}

void weir__http_on_batch(void *ctx, weir_http_req *req)
{
    weir__http_source *s = ctx;
    weir__http_first *first = NULL;
    if (!may(s, req) || !weir__http_once_is_new(s, req, &first)) {
        return;
    }
    s->n_docs = 0;
    const char *why = weir__http_split(weir_http_body(req), &s->given, &s->n_docs, &s->cap_given);
    int64_t wait = why ? 0 : must_wait(s, s->n_docs);
    if (wait > 0) {
        refuse_busy(s, req, first, wait);
        return;
    }
    if (why || !shape_all(s, req)) {
        refuse_bad(s, req, first, why ? 400 : 413, why ? why : "too much with what is added to each event");
        return;
    }
    size_t n_bad = 0;
    size_t good = judge_all(s, &n_bad);
    if (n_bad && good == 0) {
        refuse_invalid(s, req, first);
        return;
    }
    weir__http_waiting w = {req, first, {.records = (uint32_t)good, .batch = true, .at_ms = weir_wall_ms()}};
    if (n_bad) {
        weir_buf_byte(&s->errors, 0);
        w.answer.errors = weir_sv_of(weir_strdup(s->errors.p), s->errors.n - 1);
    }
    weir__http_board(s, &w);
    end_turn_soon(s);
}

void weir__http_on_health(void *ctx, weir_http_req *req)
{
    const weir__http_source *s = ctx;
    bool up = !s->paused && !s->stopping;
    weir_sv body = up          ? WEIR_SV("{\"status\":\"UP\"}")
                   : s->paused ? WEIR_SV("{\"status\":\"PAUSED\"}")
                               : WEIR_SV("{\"status\":\"STOPPING\"}");
    weir_http_reply(req, up ? 200 : 503, "application/json", body, NULL, 0);
}
