/* What a server says to a _bulk request: 200, whatever became of its items; each has a status of its own.
 *
 *   {"errors":true,"items":[{"index":{"status":201}},
 *                           {"index":{"status":409,"error":{"type":"…","reason":"…"}}}]} */
#include "connectors/sink_elastic.h"

#include "engine/data/json.h"

#define REASON_BYTES 400 /* of an error: for people */
#define GUESSES_MAX 5    /* tries of a document that is refused for the type that another one was given */

static void read_error(weir_json_doc *d, const weir_json_token *error, weir__es_result *out)
{
    weir_json_token name;
    weir_json_token value;
    if (error->kind == WEIR_JSON_STRING) {
        out->reason = weir_json_string_of(d->arena, error);
        return;
    }
    if (error->kind != WEIR_JSON_OBJECT) {
        return;
    }
    for (weir_json_iter it = weir_json_first(error); weir_json_next(d, &it, &name, &value);) {
        weir_sv key = weir_json_string_of(d->arena, &name);
        if (weir_sv_eq(key, WEIR_SV("type")) && value.kind == WEIR_JSON_STRING) {
            out->type = weir_json_string_of(d->arena, &value);
        } else if (weir_sv_eq(key, WEIR_SV("reason")) && value.kind == WEIR_JSON_STRING) {
            out->reason = weir_json_string_of(d->arena, &value);
        } else if (weir_sv_eq(key, WEIR_SV("caused_by")) && value.kind == WEIR_JSON_OBJECT) {
            weir__es_result cause = {0};
            weir_json_iter inner = weir_json_first(&value);
            weir_json_token inner_name;
            weir_json_token inner_value;
            while (weir_json_next(d, &inner, &inner_name, &inner_value)) {
                if (weir_sv_eq(weir_json_string_of(d->arena, &inner_name), WEIR_SV("reason")) &&
                    inner_value.kind == WEIR_JSON_STRING) {
                    cause.reason = weir_json_string_of(d->arena, &inner_value);
                }
            }
            if (cause.reason.n) {
                out->reason = weir_arena_printf(d->arena, WEIR_SV_FMT ": " WEIR_SV_FMT,
                                                WEIR_SV_ARG(out->reason), WEIR_SV_ARG(cause.reason));
            }
        }
    }
}

static void read_status(const weir_json_token *value, int32_t *out)
{
    int64_t status = value->kind == WEIR_JSON_INT ? weir_json_to_i64(value) : 0;
    *out = status >= 100 && status < 600 ? (int32_t)status : 0;
}

/* {"index":{"status":201}} */
static bool read_item(weir_json_doc *d, const weir_json_token *item, weir__es_result *out)
{
    weir_json_token name;
    weir_json_token result;
    weir_json_token value;
    *out = (weir__es_result){0};
    if (item->kind != WEIR_JSON_OBJECT) {
        return false;
    }
    weir_json_iter it = weir_json_first(item);
    if (!weir_json_next(d, &it, &name, &result) || result.kind != WEIR_JSON_OBJECT) {
        return false;
    }
    out->action = weir_json_string_of(d->arena, &name);
    for (weir_json_iter in = weir_json_first(&result); weir_json_next(d, &in, &name, &value);) {
        weir_sv key = weir_json_string_of(d->arena, &name);
        if (weir_sv_eq(key, WEIR_SV("status"))) {
            read_status(&value, &out->status);
        } else if (weir_sv_eq(key, WEIR_SV("error"))) {
            read_error(d, &value, out);
        }
    }
    return out->status != 0;
}

const char *weir__es_action_name(uint32_t aux)
{
    static const char *const names[] = {"index", "create", "update", "delete"}; /* ORDER weir__es_action */
    return names[weir__es_action_of(aux)];
}

bool weir__es_answer(weir_arena *a, weir_sv body, uint32_t n, weir__es_result *out)
{
    weir_json_doc d;
    weir_json_token root;
    weir_json_token name;
    weir_json_token value;
    weir_json_token item;
    uint32_t got = 0;
    if (!weir_json_open(&d, a, body) || !weir_json_root(&d, &root) || root.kind != WEIR_JSON_OBJECT) {
        return false;
    }
    for (weir_json_iter it = weir_json_first(&root); weir_json_next(&d, &it, &name, &value);) {
        if (value.kind != WEIR_JSON_ARRAY ||
            !weir_sv_eq(weir_json_string_of(a, &name), WEIR_SV("items"))) {
            continue;
        }
        got = 0;
        for (weir_json_iter in = weir_json_first(&value); weir_json_next(&d, &in, &name, &item);) {
            if (got == n || !read_item(&d, &item, &out[got++])) {
                return false;
            }
        }
    }
    return !d.error && got == n;
}

weir__es_result weir__es_error(weir_arena *a, weir_sv body)
{
    weir__es_result r = {0};
    weir_json_doc d;
    weir_json_token root;
    weir_json_token name;
    weir_json_token value;
    if (!weir_json_open(&d, a, body) || !weir_json_root(&d, &root) || root.kind != WEIR_JSON_OBJECT) {
        return r;
    }
    for (weir_json_iter it = weir_json_first(&root); weir_json_next(&d, &it, &name, &value);) {
        if (weir_sv_eq(weir_json_string_of(a, &name), WEIR_SV("error"))) {
            read_error(&d, &value, &r);
        }
    }
    return r;
}

bool weir__es_acknowledged(weir_arena *a, weir_sv body)
{
    weir_json_doc d;
    weir_json_token root;
    weir_json_token name;
    weir_json_token value;
    bool yes = false;
    if (!weir_json_open(&d, a, body) || !weir_json_root(&d, &root) || root.kind != WEIR_JSON_OBJECT) {
        return false;
    }
    for (weir_json_iter it = weir_json_first(&root); weir_json_next(&d, &it, &name, &value);) {
        yes |= value.kind == WEIR_JSON_TRUE &&
               weir_sv_eq(weir_json_string_of(a, &name), WEIR_SV("acknowledged"));
    }
    return yes && !d.error;
}

int64_t weir__es_conflicting_version(weir_sv reason)
{
    static const weir_sv before = {"current version [", 17};
    int64_t at = weir_sv_find(reason, before, 0);
    int64_t version = 0;
    uint32_t i = (uint32_t)at + before.n;
    uint32_t from = i;
    if (at < 0) {
        return -1;
    }
    for (; i < reason.n && reason.p[i] >= '0' && reason.p[i] <= '9'; i++) {
        if (__builtin_mul_overflow(version, 10, &version) ||
            __builtin_add_overflow(version, reason.p[i] - '0', &version)) {
            return -1;
        }
    }
    return i > from && i < reason.n && reason.p[i] == ']' ? version : -1;
}

/* ---- judging ---- */

static bool has(weir_sv text, const char *part)
{
    return weir_sv_find(text, weir_sv_cstr(part), 0) >= 0;
}

/* 400 says that the document is wrong, but for these: then all are refused alike. */
static weir_sink_outcome_kind of_400(uint32_t attempts, const weir__es_result *r)
{
    if (weir_sv_eq(r->type, WEIR_SV("validation_exception"))) {
        return WEIR_SINK_RETRY; /* the cluster has as many shards as it may have */
    }
    /* The server guesses the type of a new field: two first documents at once may lead to two guesses, and
     * one of them is refused, where it is right as soon as the other is known. */
    if (has(r->reason, "cannot be changed from type") && attempts < GUESSES_MAX) {
        return WEIR_SINK_RETRY;
    }
    bool all = has(r->reason, "in data streams") || has(r->reason, "pipeline with id");
    return all ? WEIR_SINK_FATAL : WEIR_SINK_POISON;
}

static weir_sink_outcome_kind of_409(uint32_t aux)
{
    /* a newer one, or this very one from an earlier try, is there */
    bool there = weir__es_action_of(aux) == WEIR__ES_CREATE || aux & WEIR__ES_VERSIONED;
    return there ? WEIR_SINK_SKIPPED : WEIR_SINK_RETRY;
}

static weir_sink_outcome_kind of_404(uint32_t aux, const weir__es_result *r)
{
    if (weir__es_action_of(aux) == WEIR__ES_DELETE) {
        return WEIR_SINK_DONE;
    }
    return weir_sv_eq(r->type, WEIR_SV("index_not_found_exception")) ? WEIR_SINK_FATAL
                                                                     : WEIR_SINK_POISON;
}

static weir_sink_outcome_kind kind_of(uint32_t aux, uint32_t attempts, const weir__es_result *r)
{
    switch (r->status) {
    case 400: return of_400(attempts, r);
    case 401: return WEIR_SINK_FATAL;
    case 403: /* a full disk makes indices read-only */
        return weir_sv_eq(r->type, WEIR_SV("cluster_block_exception")) ? WEIR_SINK_RETRY
                                                                       : WEIR_SINK_FATAL;
    case 404: return of_404(aux, r);
    case 408:
    case 425:
    case 429: return WEIR_SINK_RETRY;
    case 409: return of_409(aux);
    default:
        return r->status < 300 ? WEIR_SINK_DONE : r->status < 500 ? WEIR_SINK_POISON : WEIR_SINK_RETRY;
    }
}

weir_sink_outcome weir__es_judge(weir_arena *a, uint32_t aux, uint32_t attempts,
                                 const weir__es_result *r)
{
    weir_sink_outcome o = {.kind = kind_of(aux, attempts, r)};
    if (o.kind == WEIR_SINK_DONE || o.kind == WEIR_SINK_SKIPPED) {
        return o;
    }
    weir_sv reason = weir_sv_of(r->reason.p, r->reason.n < REASON_BYTES ? r->reason.n : REASON_BYTES);
    o.reason = weir_arena_printf(a, "%d " WEIR_SV_FMT ": " WEIR_SV_FMT, r->status, WEIR_SV_ARG(r->type),
                                 WEIR_SV_ARG(reason));
    if (r->status == 404 && o.kind == WEIR_SINK_FATAL) {
        o.reason = weir_arena_printf(a, WEIR_SV_FMT "; the cluster makes no indices by itself "
                                     "(action.auto_create_index): create it, or an alias",
                                     WEIR_SV_ARG(o.reason));
    } else if (has(r->reason, "in data streams")) {
        o.reason = weir_arena_printf(a, WEIR_SV_FMT "; 'data.stream.type' and 'data.stream.dataset' "
                                     "write to data streams", WEIR_SV_ARG(o.reason));
    }
    return o;
}
