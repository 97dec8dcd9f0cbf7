/* A fixed header is made once, AWS's signatures are the pool's; tokens have a life:
 *
 *   ask ─┬─ a token that is good for a while ─────────────► READY
 *        ├─ one that soon is not ─ asks for the next ─────► READY, with the old one
 *        └─ none ─ asks, unless that is under way already ► WAIT ─► resume
 *
 * Requests for tokens are numbered; a token has the number of its request. */
#include "connectors/http_login.h"

#include "connectors/http_options.h"
#include "connectors/template.h"
#include "engine/data/json.h"
#include "engine/data/text.h"

#include <stdio.h>

#define FOR_EVER_MS INT64_MAX /* of a token without expires_in: until it is refused */
#define SECONDS_MAX 31536000  /* of expires_in */

typedef enum scheme { NONE, FIXED, OAUTH2, AWS } scheme;

struct weir_http_login {
    weir_http_login_spec spec;
    weir_http_pool *pool;  /* while it runs */
    scheme scheme;
    const char *name;      /* of the header */
    const char *word;      /* that its value begins with, for people: Bearer */
    weir_sv value;         /* FIXED */
    weir_aws_login aws;
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

static weir_rc open_oauth2(weir_http_login *l, weir_status *st)
{
    weir_conn *c = l->spec.conn;
    weir_sv id = weir_conn_text(c, "oauth2.client.id");
    weir_sv secret = weir_conn_text(c, "oauth2.client.secret");
    WEIR_TRY(need(c, "oauth2.token.url", st));
    WEIR_TRY(need(c, "oauth2.client.id", st));
    WEIR_TRY(need(c, "oauth2.client.secret", st));
    l->url = weir_conn_text(c, "oauth2.token.url");
    WEIR_TRY(weir_http_options_url(c, "oauth2.token.url", l->spec.guard, l->url, st));
    weir_buf body = {0};
    weir_buf_str(&body, "grant_type=client_credentials");
    add_member(&body, "scope", weir_conn_text(c, "oauth2.client.scope"));
    l->fields[l->n_fields++] = (weir_http_field){WEIR_SV("Content-Type"),
                                                 WEIR_SV("application/x-www-form-urlencoded")};
    if (weir_conn_is(c, "oauth2.client.auth.mode", "header")) {
        weir_sv value = basic(weir_conn_arena(c), id, secret, true);
        l->fields[l->n_fields++] = (weir_http_field){WEIR_SV("Authorization"), value};
    } else {
        add_member(&body, "client_id", id);
        add_member(&body, "client_secret", secret);
    }
    l->body = weir_arena_sv(weir_conn_arena(c), weir_buf_view(&body));
    weir_buf_deinit(&body);
    l->property = weir_conn_cstr(c, "oauth2.token.property");
    return WEIR_OK;
}

/* "id:key" is what a key of Elasticsearch is before it is encoded. */
static weir_sv api_key(weir_arena *a, weir_sv key)
{
    weir_buf out = {0};
    weir_buf_str(&out, "ApiKey ");
    if (memchr(key.p, ':', key.n)) {
        weir_base64_encode(&out, key);
    } else {
        weir_buf_sv(&out, key);
    }
    weir_sv made = weir_arena_sv(a, weir_buf_view(&out));
    weir_buf_deinit(&out);
    return made;
}

static weir_rc open_fixed(weir_http_login *l, weir_sv type, weir_status *st)
{
    weir_conn *c = l->spec.conn;
    weir_arena *a = weir_conn_arena(c);
    bool is_key = weir_sv_ieq(type, WEIR_SV("apikey"));
    const char *option = is_key && l->spec.key_option ? l->spec.key_option : "auth.token";
    l->scheme = FIXED;
    if (weir_sv_ieq(type, WEIR_SV("basic"))) {
        l->word = "Basic ";
        l->value = basic(a, weir_conn_text(c, "auth.user"), weir_conn_text(c, "auth.password"), false);
        return need(c, "auth.user", st);
    }
    WEIR_TRY(need(c, option, st));
    l->value = weir_conn_text(c, option);
    if (is_key && l->spec.key_option) {
        l->word = "ApiKey ";
        l->value = api_key(a, l->value);
    } else if (is_key) {
        l->name = weir_conn_cstr(c, "auth.header");
    } else if (weir_sv_ieq(type, WEIR_SV("bearer"))) {
        l->word = "Bearer ";
        l->value = weir_arena_printf(a, "Bearer " WEIR_SV_FMT, WEIR_SV_ARG(l->value));
    }
    weir_http_field field = {weir_sv_cstr(l->name), l->value};
    weir_status why;
    return weir_http_field_check(&field, &why) == WEIR_OK
               ? WEIR_OK
               : weir_conn_refuse(c, option, 0, 0, st, "%s", why.msg);
}

static weir_rc open_aws(weir_http_login *l, weir_status *st)
{
    static const char *const needed[] = {"aws.region", "aws.service", "aws.access.key.id", "aws.secret.access.key"};
    weir_conn *c = l->spec.conn;
    for (size_t i = 0; i < WEIR_COUNT(needed); i++) {
        weir_http_field field = {WEIR_SV("Authorization"), weir_conn_text(c, needed[i])};
        weir_status why;
        WEIR_TRY(need(c, needed[i], st));
        if (weir_http_field_check(&field, &why) != WEIR_OK) {
            return weir_conn_refuse(c, needed[i], 0, 0, st, "%s", why.msg);
        }
    }
    l->scheme = AWS;
    l->word = "AWS4-HMAC-SHA256 ";
    l->aws = (weir_aws_login){.region = weir_conn_text(c, "aws.region"),
                              .service = weir_conn_text(c, "aws.service"),
                              .id = weir_conn_text(c, "aws.access.key.id"),
                              .secret = weir_conn_text(c, "aws.secret.access.key"),
                              .token = weir_conn_text(c, "aws.session.token")};
    return WEIR_OK;
}

/* What is given tells what is meant; two things tell nothing. */
static weir_rc read_type(const weir_http_login *l, weir_sv *type, weir_status *st)
{
    const weir_conn *c = l->spec.conn;
    const struct {
        const char *option, *type;
    } tells[] = {{"auth.user", "basic"},
                 {"auth.token", "bearer"},
                 {l->spec.resume ? "oauth2.token.url" : NULL, "oauth2"},
                 {"aws.access.key.id", "aws"},
                 {l->spec.key_option, "apikey"}};
    size_t told = WEIR_COUNT(tells);
    *type = weir_sv_trim(weir_conn_text(c, "auth.type"));
    for (size_t i = 0; type->n == 0 && i < WEIR_COUNT(tells); i++) {
        if (!tells[i].option || weir_conn_text(c, tells[i].option).n == 0) {
            continue;
        }
        if (told < WEIR_COUNT(tells)) {
            return weir_conn_refuse(c, tells[i].option, 0, 0, st, "'%s' and '%s' exclude each other, where no "
                                    "'auth.type' chooses", tells[told].option, tells[i].option);
        }
        told = i;
    }
    *type = told < WEIR_COUNT(tells) ? weir_sv_cstr(tells[told].type) : *type;
    return WEIR_OK;
}

weir_rc weir_http_login_new(const weir_http_login_spec *spec, weir_http_login **out, weir_status *st)
{
    weir_http_login *l = weir_zalloc(sizeof *l);
    weir_sv type = {0};
    *out = l;
    l->spec = *spec;
    l->name = "Authorization";
    l->word = "";
    WEIR_TRY(read_type(l, &type, st));
    if (type.n == 0 || weir_sv_ieq(type, WEIR_SV("none"))) {
        return WEIR_OK;
    }
    if (weir_sv_ieq(type, WEIR_SV("aws"))) {
        return open_aws(l, st);
    }
    if (weir_sv_ieq(type, WEIR_SV("oauth2"))) {
        l->scheme = OAUTH2;
        l->word = "Bearer ";
        return open_oauth2(l, st);
    }
    return open_fixed(l, type, st);
}

static void forget_token(weir_http_login *l)
{
    if (l->token.p) {
        explicit_bzero(l->token.p, l->token.cap);
    }
    weir_buf_reset(&l->token);
}

void weir_http_login_free(weir_http_login *l)
{
    if (l) {
        forget_token(l);
        weir_buf_deinit(&l->token);
        weir_free(l);
    }
}

void weir_http_login_pool(const weir_http_login *l, weir_http_pool_settings *out)
{
    out->aws = l->scheme == AWS ? &l->aws : NULL;
}

void weir_http_login_use(weir_http_login *l, weir_http_pool *pool)
{
    l->pool = pool;
    l->asking = false;
}

void weir_http_login_show(const weir_http_login *l, weir_buf *out)
{
    if (l->scheme != NONE) {
        weir_buf_printf(out, "%s: %s[hidden]\n", l->name, l->word);
    }
}

/* ---- tokens ---- */

/* Never shown or told: why there is no token. NULL: there is one. */
static const char *take_token(weir_http_login *l, const weir_http_result *r)
{
    weir_arena arena;
    const weir_json_node *answer = NULL;
    weir_arena_init(&arena);
    weir_rc rc = weir_json_parse(&arena, r->body, NULL, &answer, NULL);
    weir_sv token = rc == WEIR_OK ? weir_json_get_text(answer, weir_sv_cstr(l->property), (weir_sv){0})
                                  : (weir_sv){0};
    weir_http_field field = {weir_sv_cstr(l->name), token};
    weir_status why;
    bool good = token.n && weir_http_field_check(&field, &why) == WEIR_OK;
    if (good) {
        int64_t life_s = weir_json_get_i64(answer, WEIR_SV("expires_in"), 0);
        int64_t life_ms = weir_min64(weir_max64(life_s, 0), SECONDS_MAX) * 1000;
        int64_t skew_ms = weir_min64(weir_conn_int(l->spec.conn, "oauth2.refresh.skew.ms"), life_ms / 2);
        forget_token(l);
        weir_buf_str(&l->token, "Bearer ");
        weir_buf_sv(&l->token, token);
        l->number = l->asked;
        l->accepted = false;
        l->expires_ms = life_ms > 0 ? now_ms() + life_ms : FOR_EVER_MS;
        l->refresh_ms = life_ms > 0 ? l->expires_ms - skew_ms : FOR_EVER_MS;
    }
    weir_arena_deinit(&arena);
    return good ? NULL : "the token's endpoint answered without a token that can be sent";
}

static void on_token(void *ctx, const weir_http_result *r)
{
    weir_http_login *l = ctx;
    char text[320];
    const char *why = text;
    if (r->failure != WEIR_HTTP_ANSWERED) {
        snprintf(text, sizeof text, "the token's endpoint: %s: %s", weir_http_failure_name(r->failure),
                 r->why);
    } else if (r->status != 200) {
        snprintf(text, sizeof text, "the token's endpoint answered %d", r->status);
    } else {
        why = take_token(l, r);
    }
    l->asking = false;
    if (why) {
        weir_conn_trouble(l->spec.conn, "%s", why);
    }
    l->spec.resume(l->spec.ctx, l->asked, why);
}

/* False: it could not even be asked for. */
static bool ask_for_token(weir_http_login *l)
{
    weir_http_outgoing out = {.method = "POST",
                              .url = l->url,
                              .headers = l->fields,
                              .n_headers = l->n_fields,
                              .body = l->body,
                              .done = on_token,
                              .ctx = l};
    l->asked++;
    l->asking = weir_http_pool_send(l->pool, &out, NULL, NULL) == WEIR_OK;
    return l->asking;
}

weir_http_login_answer weir_http_login_ask(weir_http_login *l, weir_http_field *out, uint32_t *number)
{
    *number = 0;
    if (l->scheme == NONE || l->scheme == AWS) {
        return WEIR_HTTP_LOGIN_NONE;
    }
    *out = (weir_http_field){weir_sv_cstr(l->name), l->value};
    if (l->scheme == FIXED) {
        return WEIR_HTTP_LOGIN_READY;
    }
    int64_t now = now_ms();
    bool good = l->token.n && now < l->expires_ms;
    if ((!good || now >= l->refresh_ms) && !l->asking) {
        if (!ask_for_token(l) && !good) {
            return WEIR_HTTP_LOGIN_FAILED;
        }
    }
    *number = good ? l->number : l->asked;
    out->value = weir_buf_view(&l->token);
    return good ? WEIR_HTTP_LOGIN_READY : WEIR_HTTP_LOGIN_WAIT;
}

void weir_http_login_accepted(weir_http_login *l, uint32_t number)
{
    l->accepted |= l->scheme == OAUTH2 && number == l->number;
}

/* A token that was good once may have been taken back; one that never was will not become so. */
bool weir_http_login_refused(weir_http_login *l, uint32_t number)
{
    if (l->scheme != OAUTH2) {
        return false;
    }
    if (number != l->number) {
        return true; /* another one is there since */
    }
    bool was_good = l->accepted;
    if (was_good) {
        forget_token(l);
    }
    return was_good;
}
