/* Who we are, to a server that is asked over HTTP: nobody, a fixed header, a token of OAuth 2 (client
 * credentials), signatures of AWS. Kerberos is not offered: its library would ask its servers on the loop. */
#pragma once
#include "connectors/aws_sign.h"
#include "connectors/conn.h"
#include "connectors/http_pool.h"

/* Rows for a table. `service`: the standard one of AWS. */
#define WEIR_HTTP_LOGIN_OPTIONS(choices, service)                                                        \
    {"auth.type", "http.authorization.type|authentication.type|http.auth.type", WEIR_CONN_CHOICE, NULL,  \
     false, 0, 0, choices, "Who we are; what else is given tells otherwise."},                           \
        {"auth.user",                                                                                    \
         "connection.username|connection.user|auth.username|http.auth.user|username", WEIR_CONN_TEXT,    \
         NULL, false, 0, 0, NULL, "basic: the name."},                                                   \
        {"auth.password", "connection.password|http.auth.password|password", WEIR_CONN_SECRET, NULL,     \
         false, 0, 0, NULL, "basic: the password."},                                                     \
        {"auth.token", "bearer.token|http.headers.authorization|api.key.value", WEIR_CONN_SECRET, NULL,  \
         false, 0, 0, NULL, "bearer: the token; apikey: the key; static: the value of Authorization."},  \
        {"aws.region", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                                    \
         "aws: requests are signed (Signature Version 4) for this region: eu-west-1."},                  \
        {"aws.service", NULL, WEIR_CONN_TEXT, service, false, 0, 0, NULL,                                \
         "aws: … and this service: execute-api, lambda, es, aoss, s3."},                                 \
        {"aws.access.key.id", "aws.access.key", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                 \
         "aws: the id of our key."},                                                                     \
        {"aws.secret.access.key", "aws.secret.key", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,           \
         "aws: the key."},                                                                               \
    {                                                                                                    \
        "aws.session.token", NULL, WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,                            \
            "aws: the token of a session; when that ends, the connector is made anew with another."      \
    }

/* … and for kinds that wait for tokens. */
#define WEIR_HTTP_TOKEN_OPTIONS                                                                          \
    {"auth.header", "api.key.name", WEIR_CONN_TEXT, "X-API-Key", false, 0, 0, NULL,                      \
     "apikey: the header that has it."},                                                                 \
        {"oauth2.token.url", "oauth2.access.token.url", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,         \
         "oauth2: where tokens are given out (client credentials)."},                                    \
        {"oauth2.client.id", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                              \
         "oauth2: who we are there."},                                                                   \
        {"oauth2.client.secret", NULL, WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,                        \
         "oauth2: our secret there."},                                                                   \
        {"oauth2.client.scope", "oauth2.scope", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                 \
         "oauth2: what tokens are to be good for."},                                                     \
        {"oauth2.client.auth.mode", "oauth2.client.authorization.mode", WEIR_CONN_CHOICE, "header",      \
         false, 0, 0, "header|url|body",                                                                 \
         "oauth2: id and secret in a header, or in the form that is sent."},                             \
        {"oauth2.token.property", "oauth2.response.token.property", WEIR_CONN_TEXT, "access_token",      \
         false, 0, 0, NULL, "oauth2: the member of the answer that is the token."},                      \
    {                                                                                                    \
        "oauth2.refresh.skew.ms", NULL, WEIR_CONN_MS, "30s", false, 0, 86400000, NULL,                   \
            "oauth2: a token is replaced so long before it ends."                                        \
    }

typedef struct weir_http_login weir_http_login;
typedef struct weir_http_login_spec {
    weir_conn *conn;
    const weir_http_guard *guard; /* of the URL of tokens */
    /* The token that was waited for is there, or `why` it is not. NULL: the kind has no rows of
     * WEIR_HTTP_TOKEN_OPTIONS. */
    void (*resume)(void *ctx, uint32_t number, const char *why);
    void *ctx;
    const char *key_option; /* Elasticsearch's: its value is for Authorization: ApiKey. NULL: none */
} weir_http_login_spec;

/* Control thread; also what a failed one has left in *out is freed by its owner. */
weir_rc weir_http_login_new(const weir_http_login_spec *spec, weir_http_login **out, weir_status *st);
void weir_http_login_free(weir_http_login *l); /* NULL is fine */
/* What its pool has to know. */
void weir_http_login_pool(const weir_http_login *l, weir_http_pool_settings *out);
/* Loop: the pool that tokens are asked for with. NULL: it is gone, with its requests. */
void weir_http_login_use(weir_http_login *l, weir_http_pool *pool);

typedef enum weir_http_login_answer {
    WEIR_HTTP_LOGIN_NONE, /* no header */
    WEIR_HTTP_LOGIN_READY,
    WEIR_HTTP_LOGIN_WAIT, /* resume is called */
    WEIR_HTTP_LOGIN_FAILED, /* what asks for a token cannot be sent */
} weir_http_login_answer;
/* The header of the next request; valid until the next call. *number: of the token in it, or of the
 * request for one. */
weir_http_login_answer weir_http_login_ask(weir_http_login *l, weir_http_field *out, uint32_t *number);
/* What the other side said to a token: true: another one may do. */
bool weir_http_login_refused(weir_http_login *l, uint32_t number);
void weir_http_login_accepted(weir_http_login *l, uint32_t number);
/* For people: the header, its value hidden. */
void weir_http_login_show(const weir_http_login *l, weir_buf *out);
