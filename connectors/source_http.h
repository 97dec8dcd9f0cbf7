/* Between the files of the HTTP source: who may send (source_http_auth.c), what is in a body
 * (source_http_body.c). */
#pragma once
#include "connectors/conn.h"
#include "connectors/http_server.h"

typedef struct weir__http_auth weir__http_auth;

weir_rc weir__http_auth_new(weir_conn *c, weir__http_auth **out, weir_status *st);
void weir__http_auth_free(weir__http_auth *a); /* NULL is fine */
bool weir__http_auth_needed(const weir__http_auth *a);
bool weir__http_auth_allows(weir__http_auth *a, const weir_http_req *req, const char **why);
void weir__http_auth_refuse(const weir__http_auth *a, weir_http_req *req, const char *why);
/* The address of the client, behind proxies that are trusted. */
weir_sv weir__http_client(weir__http_auth *a, const weir_http_req *req);
/* ,"member":"value" for each of header.fields. */
void weir__http_header_members(const weir__http_auth *a, const weir_http_req *req, weir_buf *out);

/* The objects of a body, as views of it: one, or (batch) the items of an array or the lines. Behind each
 * are 64 readable bytes. Not NULL: why it cannot be taken. */
const char *weir__http_split(weir_sv body, bool batch, weir_sv **docs, size_t *n, size_t *cap);
