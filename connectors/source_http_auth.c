/* Who may send events, and what is known of who does. Comparisons take the same time for every secret. */
#include "connectors/source_http.h"
#include "connectors/http_guard.h"
#include "connectors/signing.h"

#include "engine/data/json_text.h"
#include "engine/data/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

typedef enum scheme { OPEN_TO_ALL, BEARER, BASIC, SIGNATURE } scheme;

typedef struct header_field {
    weir_sv member;
    const char *header;
} header_field;

struct weir__http_auth {
    weir_conn *conn;
    scheme scheme;
    const weir_sv *secrets; /* tokens, or name:password */
    uint32_t n_secrets;
    weir_signer *signer;
    weir_signature kind;
    header_field *fields;
    uint32_t n_fields;
    weir_cidr *proxies;
    uint32_t n_proxies;
};

static weir_rc need(weir_conn *c, const char *option, uint32_t n, weir_status *st)
{
    return n ? WEIR_OK
             : weir_conn_refuse(c, "auth", 0, 0, st, "this needs option '%s'", option);
}

static weir_rc read_scheme(weir__http_auth *a, weir_status *st)
{
    weir_conn *c = a->conn;
    const weir_sv *secrets = NULL;
    if (weir_conn_is(c, "auth", "bearer")) {
        a->scheme = BEARER;
        a->n_secrets = weir_conn_list(c, "auth.tokens", &a->secrets);
        return need(c, "auth.tokens", a->n_secrets, st);
    }
    if (weir_conn_is(c, "auth", "basic")) {
        a->scheme = BASIC;
        a->n_secrets = weir_conn_list(c, "auth.users", &a->secrets);
        return need(c, "auth.users", a->n_secrets, st);
    }
    if (weir_conn_is(c, "auth", "signature")) {
        uint32_t n = weir_conn_list(c, "signing.secret", &secrets);
        a->scheme = SIGNATURE;
        WEIR_TRY(need(c, "signing.secret", n, st));
        weir_signature_named(weir_conn_text(c, "signing.scheme"), &a->kind);
        return weir_signer_new(secrets, n, &a->signer, st);
    }
    return WEIR_OK;
}

static weir_rc read_fields(weir__http_auth *a, weir_status *st)
{
    const weir_sv *items = NULL;
    weir_arena *arena = weir_conn_arena(a->conn);
    a->n_fields = weir_conn_list(a->conn, "header.fields", &items);
    a->fields = WEIR_NEW_N(arena, header_field, a->n_fields + 1);
    for (uint32_t i = 0; i < a->n_fields; i++) {
        const char *eq = memchr(items[i].p, '=', items[i].n);
        if (!eq) {
            return weir_conn_refuse(a->conn, "header.fields", 0, 0, st, "wants member=header");
        }
        weir_sv member = weir_sv_of(items[i].p, (size_t)(eq - items[i].p));
        weir_sv header = weir_sv_of(eq + 1, (size_t)(items[i].p + items[i].n - eq - 1));
        a->fields[i].member = weir_sv_trim(member);
        a->fields[i].header = weir_arena_cstr(arena, weir_sv_trim(header));
    }
    return WEIR_OK;
}

static weir_rc read_proxies(weir__http_auth *a, weir_status *st)
{
    const weir_sv *items = NULL;
    a->n_proxies = weir_conn_list(a->conn, "trusted.proxies", &items);
    a->proxies = WEIR_NEW_N(weir_conn_arena(a->conn), weir_cidr, a->n_proxies + 1);
    for (uint32_t i = 0; i < a->n_proxies; i++) {
        weir_status why;
        if (weir_cidr_parse(items[i], &a->proxies[i], &why) != WEIR_OK) {
            return weir_conn_refuse(a->conn, "trusted.proxies", 0, 0, st, "%s", why.msg);
        }
    }
    return WEIR_OK;
}

weir_rc weir__http_auth_new(weir_conn *c, weir__http_auth **out, weir_status *st)
{
    weir__http_auth *a = weir_zalloc(sizeof *a);
    a->conn = c;
    *out = a; /* also a failed one is freed by its owner */
    WEIR_TRY(read_scheme(a, st));
    WEIR_TRY(read_fields(a, st));
    return read_proxies(a, st);
}

void weir__http_auth_free(weir__http_auth *a)
{
    if (a) {
        weir_signer_free(a->signer);
        weir_free(a);
    }
}

bool weir__http_auth_needed(const weir__http_auth *a)
{
    return a->scheme != OPEN_TO_ALL;
}

/* All are compared, so that time does not tell which one is near. */
static bool is_known(const weir__http_auth *a, weir_sv secret)
{
    bool known = false;
    for (uint32_t i = 0; i < a->n_secrets; i++) {
        known |= weir_same_secret(a->secrets[i], secret);
    }
    return known;
}

static bool credentials_known(const weir__http_auth *a, const weir_http_req *req)
{
    weir_sv value = {0};
    weir_sv word = a->scheme == BEARER ? WEIR_SV("Bearer ") : WEIR_SV("Basic ");
    if (!weir_http_header(req, "Authorization", &value) || !weir_sv_istarts(value, word)) {
        return false;
    }
    weir_sv rest = weir_sv_trim(weir_sv_of(value.p + word.n, value.n - word.n));
    if (a->scheme == BEARER) {
        return is_known(a, rest);
    }
    weir_buf plain = {0};
    bool known = weir_base64_decode(&plain, rest) && is_known(a, weir_buf_view(&plain));
    weir_buf_deinit(&plain);
    return known;
}

static const char *signature_refuses(const weir__http_auth *a, const weir_http_req *req)
{
    weir_signed m = {.body = weir_http_body(req)};
    weir_http_header(req, weir_signature_header(a->kind), &m.signature);
    weir_http_header(req, "webhook-id", &m.id);
    weir_http_header(req, "webhook-timestamp", &m.timestamp);
    return weir_signature_refuses(a->signer, a->kind, &m, weir_wall_ms() / 1000,
                                  WEIR_WEBHOOK_TOLERANCE_S);
}

bool weir__http_auth_allows(weir__http_auth *a, const weir_http_req *req, const char **why)
{
    switch (a->scheme) {
    case OPEN_TO_ALL:
        return true;
    case BEARER:
    case BASIC:
        *why = "who are you?";
        return credentials_known(a, req);
    case SIGNATURE:
        *why = signature_refuses(a, req);
        return !*why;
    }
    return false;
}

void weir__http_auth_refuse(const weir__http_auth *a, weir_http_req *req, const char *why)
{
    weir_http_pair challenge = {"WWW-Authenticate", a->scheme == BASIC ? "Basic realm=\"events\"" : "Bearer"};
    weir_buf body = {0};
    weir_buf_str(&body, "{\"status\":401,\"message\":");
    weir_json_string(&body, weir_sv_cstr(why));
    weir_buf_byte(&body, '}');
    weir_http_reply(req, 401, "application/json", weir_buf_view(&body), &challenge, 1);
    weir_buf_deinit(&body);
}

/* ---- what is known of who sends ---- */

static bool is_trusted(const weir__http_auth *a, const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr *sa = inet_pton(AF_INET, address, &v4.sin_addr) == 1
                                    ? (const struct sockaddr *)&v4
                                : inet_pton(AF_INET6, address, &v6.sin6_addr) == 1
                                    ? (const struct sockaddr *)&v6
                                    : NULL;
    for (uint32_t i = 0; sa && i < a->n_proxies; i++) {
        if (weir_cidr_has(&a->proxies[i], sa)) {
            return true;
        }
    }
    return false;
}

/* The last address of X-Forwarded-For that is not a trusted proxy's: those before it anybody can write. */
weir_sv weir__http_client(weir__http_auth *a, const weir_http_req *req)
{
    weir_sv client = weir_sv_cstr(weir_http_remote(req));
    weir_sv chain = {0};
    if (!is_trusted(a, weir_http_remote(req)) || !weir_http_header(req, "X-Forwarded-For", &chain)) {
        return client;
    }
    while (chain.n) {
        const char *comma = memrchr(chain.p, ',', chain.n);
        weir_sv last = comma ? weir_sv_of(comma + 1, (size_t)(chain.p + chain.n - comma - 1)) : chain;
        char text[INET6_ADDRSTRLEN];
        last = weir_sv_trim(last);
        if (last.n == 0 || last.n >= sizeof text) {
            break;
        }
        memcpy(text, last.p, last.n);
        text[last.n] = 0;
        client = last;
        if (!is_trusted(a, text)) {
            break;
        }
        chain.n = comma ? (uint32_t)(comma - chain.p) : 0;
    }
    return client;
}

void weir__http_header_members(const weir__http_auth *a, const weir_http_req *req, weir_buf *out)
{
    for (uint32_t i = 0; i < a->n_fields; i++) {
        weir_sv value = {0};
        bool there = weir_http_header(req, a->fields[i].header, &value);
        weir_buf_byte(out, ',');
        weir_json_string(out, a->fields[i].member);
        weir_buf_byte(out, ':');
        if (there && weir_utf8_valid(value)) {
            weir_json_string(out, value);
        } else {
            weir_buf_str(out, "null");
        }
    }
}
