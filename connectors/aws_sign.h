/* Signatures of requests to AWS: Signature Version 4. Pure: the time is passed in; any thread.
 *
 * libcurl signs, too, but has the parameters of a query as they come, and paths as they are: what the
 * servers put in order and encode once more is refused by them. */
#pragma once
#include "engine/base/buf.h"

/* Who signs, and for what. Borrowed. */
typedef struct weir_aws_login {
    weir_sv region, service; /* eu-west-1, es */
    weir_sv id, secret;
    weir_sv token;           /* of a session; empty: none */
} weir_aws_login;

/* As it is sent. `path` and `query` are percent-encoded, without the '?'. */
typedef struct weir_aws_request {
    const char *method;
    weir_sv host;            /* the Host header */
    weir_sv path, query;
    weir_sv type;            /* the Content-Type header; empty: none */
    weir_sv body;
} weir_aws_request;

/* Headers that go with it besides those; X-Amz-Security-Token goes, too, where there is a token. */
typedef struct weir_aws_signature {
    char date[17];     /* X-Amz-Date */
    char sha256[65];   /* X-Amz-Content-Sha256; empty: this service does without */
    weir_buf login;    /* Authorization: appended */
} weir_aws_signature;
void weir_aws_sign(const weir_aws_login *l, const weir_aws_request *r, int64_t at_s,
                   weir_aws_signature *out);
