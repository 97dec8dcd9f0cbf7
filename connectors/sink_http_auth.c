/* Who we are, to an endpoint: a fixed header, or a token of OAuth 2 (client credentials).
 *
 *   ask ─┬─ a token that is good for a while ─────────────► READY
 *        ├─ one that soon is not ─ asks for the next ─────► READY, with the old one
 *        └─ none ─ asks, unless that is under way already ► WAIT ─► resume
 *
 * Requests for tokens are numbered; a token has the number of its request. */
#include "connectors/sink_http.h"

#include "engine/data/json.h"
#include "engine/data/text.h"

#include <stdio.h>

#define FOR_EVER_MS INT64_MAX /* of a token without expires_in: until it is refused */
#define SECONDS_MAX 31536000  /* of expires_in */

typedef enum scheme { NONE, FIXED, OAUTH2 } scheme;

struct weir__hook_auth {
    weir__hook *hook;
    scheme scheme;
    const char *name;      /* of the header */
    weir_sv value;         /* FIXED */
    /* OAUTH2 */
    weir_sv url, body;
    weir_http_field fields[2];
    uint32_t n_fields;
    const char *property;
    weir_buf token;        /* with "Bearer " in front; empty: none */
    uint32_t number;       /* of the token */
    uint32_t asked;        /* requests for tokens so far */
    bool asking, accepted;
    int64_t refresh_ms, expires_ms;
};

static int64_t now_ms(void)
{
    return weir_mono_ns() / 1000000;
}

/* ---- opening ---- */

static weir_sv basic(weir_arena *a, weir_sv user, weir_sv password, bool encoded)
{
    weir_buf plain = {0};
    weir_buf out = {0};
    if (encoded) { /* RFC 6749, 2.3.1 */
        weir_template_url(&plain, user);
        weir_buf_byte(&plain, ':');
        weir_template_url(&plain, password);
    } else {
        weir_buf_sv(&plain, user);
        weir_buf_byte(&plain, ':');
        weir_buf_sv(&plain, password);
    }
    weir_buf_str(&out, "Basic ");
    weir_base64_encode(&out, weir_buf_view(&plain));
    weir_sv made = weir_arena_sv(a, weir_buf_view(&out));
    weir_buf_deinit(&plain);
    weir_buf_deinit(&out);
    return made;
}

static weir_rc need(weir_conn *c, const char *option, weir_status *st)
{
    return weir_conn_text(c, option).n
               ? WEIR_OK
               : weir_conn_refuse(c, "auth.type", 0, 0, st, "this needs option '%s'", option);
}

static void add_member(weir_buf *out, const char *name, weir_sv value)
{
    if (value.n) {
        weir_buf_printf(out, "&%s=", name);
        weir_template_url(out, value);
    }
}

static weir_rc open_oauth2(weir__hook_auth *a, weir_status *st)
{
    weir_conn *c = a->hook->conn;
    weir_sv id = weir_conn_text(c, "oauth2.client.id");
    weir_sv secret = weir_conn_text(c, "oauth2.client.secret");
    WEIR_TRY(need(c, "oauth2.token.url", st));
    WEIR_TRY(need(c, "oauth2.client.id", st));
    WEIR_TRY(need(c, "oauth2.client.secret", st));
    a->url = weir_conn_text(c, "oauth2.token.url");
    weir_status why;
    weir_status_reset(&why);
    if (weir_http_guard_url(&a->hook->guard, a->url, &why) != WEIR_OK) {
        weir_conn_refuse(c, "oauth2.token.url", 0, 0, st, "%s", why.msg);
        return why.hint[0] ? weir_hint(st, "%s", why.hint) : st->rc;
    }
    weir_buf body = {0};
    weir_buf_str(&body, "grant_type=client_credentials");
    add_member(&body, "scope", weir_conn_text(c, "oauth2.client.scope"));
    a->fields[a->n_fields++] = (weir_http_field){WEIR_SV("Content-Type"),
                                                 WEIR_SV("application/x-www-form-urlencoded")};
    if (weir_conn_is(c, "oauth2.client.auth.mode", "header")) {
        weir_sv value = basic(weir_conn_arena(c), id, secret, true);
        a->fields[a->n_fields++] = (weir_http_field){WEIR_SV("Authorization"), value};
    } else {
        add_member(&body, "client_id", id);
        add_member(&body, "client_secret", secret);
    }
    a->body = weir_arena_sv(weir_conn_arena(c), weir_buf_view(&body));
    weir_buf_deinit(&body);
    a->property = weir_conn_cstr(c, "oauth2.token.property");
    return WEIR_OK;
}

static weir_rc open_fixed(weir__hook_auth *a, weir_sv type, weir_status *st)
{
    weir_conn *c = a->hook->conn;
    weir_sv token = weir_conn_text(c, "auth.token");
    a->scheme = FIXED;
    a->value = token;
    if (weir_sv_ieq(type, WEIR_SV("basic"))) {
        a->value = basic(weir_conn_arena(c), weir_conn_text(c, "auth.user"),
                         weir_conn_text(c, "auth.password"), false);
        return need(c, "auth.user", st);
    }
    if (weir_sv_ieq(type, WEIR_SV("bearer"))) {
        a->value = weir_arena_printf(weir_conn_arena(c), "Bearer " WEIR_SV_FMT, WEIR_SV_ARG(token));
    } else if (weir_sv_ieq(type, WEIR_SV("apikey"))) {
        a->name = weir_conn_cstr(c, "auth.header");
    }
    weir_http_field field = {weir_sv_cstr(a->name), a->value};
    weir_status why;
    if (weir_http_field_check(&field, &why) != WEIR_OK) {
        return weir_conn_refuse(c, "auth.token", 0, 0, st, "%s", why.msg);
    }
    return need(c, "auth.token", st);
}

/* What is given tells what is meant. */
static weir_sv type_of(const weir_conn *c)
{
    weir_sv type = weir_sv_trim(weir_conn_text(c, "auth.type"));
    return type.n                                    ? type
           : weir_conn_given(c, "oauth2.token.url") ? WEIR_SV("oauth2")
           : weir_conn_given(c, "auth.user")        ? WEIR_SV("basic")
           : weir_conn_given(c, "auth.token")       ? WEIR_SV("bearer")
                                                    : WEIR_SV("none");
}

weir_rc weir__hook_auth_new(weir__hook *h, weir__hook_auth **out, weir_status *st)
{
    weir__hook_auth *a = weir_zalloc(sizeof *a);
    weir_sv type = type_of(h->conn);
    *out = a; /* also a failed one is freed by its owner */
    a->hook = h;
    a->name = "Authorization";
    if (weir_sv_ieq(type, WEIR_SV("none"))) {
        return WEIR_OK;
    }
    if (weir_sv_ieq(type, WEIR_SV("oauth2"))) {
        a->scheme = OAUTH2;
        return open_oauth2(a, st);
    }
    return open_fixed(a, type, st);
}

static void forget_token(weir__hook_auth *a)
{
    if (a->token.p) {
        explicit_bzero(a->token.p, a->token.cap);
    }
    weir_buf_reset(&a->token);
}

void weir__hook_auth_free(weir__hook_auth *a)
{
    if (a) {
        forget_token(a);
        weir_buf_deinit(&a->token);
        weir_free(a);
    }
}

void weir__hook_auth_stop(weir__hook_auth *a)
{
    a->asking = false;
}

const char *weir__hook_auth_header(const weir__hook_auth *a)
{
    return a->scheme == NONE ? NULL : a->name;
}

/* ---- tokens ---- */

/* Never shown or told: why there is no token. NULL: there is one. */
static const char *take_token(weir__hook_auth *a, const weir_http_result *r)
{
    weir_arena arena;
    const weir_json_node *answer = NULL;
    weir_arena_init(&arena);
    weir_rc rc = weir_json_parse(&arena, r->body, NULL, &answer, NULL);
    weir_sv token = rc == WEIR_OK ? weir_json_get_text(answer, weir_sv_cstr(a->property), (weir_sv){0})
                                  : (weir_sv){0};
    if (token.n) {
        int64_t life_s = weir_json_get_i64(answer, WEIR_SV("expires_in"), 0);
        int64_t life_ms = weir_min64(life_s, SECONDS_MAX) * 1000;
        int64_t skew_ms = weir_min64(weir_conn_int(a->hook->conn, "oauth2.refresh.skew.ms"), life_ms / 2);
        forget_token(a);
        weir_buf_str(&a->token, "Bearer ");
        weir_buf_sv(&a->token, token);
        a->number = a->asked;
        a->accepted = false;
        a->expires_ms = life_ms > 0 ? now_ms() + life_ms : FOR_EVER_MS;
        a->refresh_ms = life_ms > 0 ? a->expires_ms - skew_ms : FOR_EVER_MS;
    }
    weir_arena_deinit(&arena);
    return token.n ? NULL : "the token's endpoint answered without a token";
}

static void on_token(void *ctx, const weir_http_result *r)
{
    weir__hook_auth *a = ctx;
    char text[320];
    const char *why = text;
    if (r->failure != WEIR_HTTP_ANSWERED) {
        snprintf(text, sizeof text, "the token's endpoint: %s: %s", weir_http_failure_name(r->failure),
                 r->why);
    } else if (r->status != 200) {
        snprintf(text, sizeof text, "the token's endpoint answered %d", r->status);
    } else {
        why = take_token(a, r);
    }
    a->asking = false;
    if (why) {
        weir_conn_trouble(a->hook->conn, "%s", why);
    }
    weir__hook_resume(a->hook, a->asked, why);
}

/* False: it could not even be asked for. */
static bool ask_for_token(weir__hook_auth *a)
{
    weir_http_outgoing out = {.method = "POST",
                              .url = a->url,
                              .headers = a->fields,
                              .n_headers = a->n_fields,
                              .body = a->body,
                              .done = on_token,
                              .ctx = a};
    a->asked++;
    a->asking = weir_http_pool_send(a->hook->pool, &out, NULL, NULL) == WEIR_OK;
    return a->asking;
}

weir__hook_auth_answer weir__hook_auth_ask(weir__hook_auth *a, weir_http_field *out, uint32_t *number)
{
    *number = 0;
    if (a->scheme == NONE) {
        return WEIR__HOOK_AUTH_NONE;
    }
    *out = (weir_http_field){weir_sv_cstr(a->name), a->value};
    if (a->scheme == FIXED) {
        return WEIR__HOOK_AUTH_READY;
    }
    int64_t now = now_ms();
    bool good = a->token.n && now < a->expires_ms;
    if ((!good || now >= a->refresh_ms) && !a->asking) {
        if (!ask_for_token(a) && !good) {
            return WEIR__HOOK_AUTH_FAILED;
        }
    }
    *number = good ? a->number : a->asked;
    out->value = weir_buf_view(&a->token);
    return good ? WEIR__HOOK_AUTH_READY : WEIR__HOOK_AUTH_WAIT;
}

void weir__hook_auth_accepted(weir__hook_auth *a, uint32_t number)
{
    a->accepted |= a->scheme == OAUTH2 && number == a->number;
}

/* A token that was good once may have been taken back; one that never was will not become so. */
bool weir__hook_auth_refused(weir__hook_auth *a, uint32_t number)
{
    if (a->scheme != OAUTH2) {
        return false;
    }
    if (number != a->number) {
        return true; /* another one is there since */
    }
    bool was_good = a->accepted;
    if (was_good) {
        forget_token(a);
    }
    return was_good;
}
