/* Inside of the webhook sink: sink_http*.c.
 *
 *   record ─► shape (cooldown, limit) ─► form (alert, or resolve for a tombstone) ─► item
 *   items of one lane with the same head ─► one request ─► its status ─► one outcome for all of them
 *
 *   an item's bytes   form (1) ‖ URL ‖ headers that change ‖ body       pieces: length (4), bytes
 *                     └────────────── head ──────────────┘ ◄ item->aux
 *
 * Loop thread, but for what opens and closes. */
#pragma once
#include "connectors/http_login.h"
#include "connectors/http_pool.h"
#include "connectors/signing.h"
#include "connectors/template.h"

/* What a body is. */
typedef enum weir__hook_body {
    WEIR__HOOK_TEMPLATE,
    WEIR__HOOK_JSON,  /* its columns as an object */
    WEIR__HOOK_TEXT,  /* the record's value as it is */
    WEIR__HOOK_EVENT, /* a CloudEvent */
} weir__hook_body;

/* A service whose messages are known. @text@, @title@ … stand for the options alert.text, alert.title …
 * NULL: it has no such thing. */
typedef struct weir__hook_preset {
    const char *name;
    const char *url;      /* where it is, when it is always there */
    const char *header;   /* "Name: value" */
    const char *body;     /* NULL: the record as JSON */
    const char *resolve;  /* the body that takes an alert back */
    const char *resolve_url; /* behind http.url */
    const char *severity; /* the standard one */
    const char *join;     /* between the bodies of a batch; NULL: it takes one at a time */
    bool array;           /* … and [ ] around them, also around one */
} weir__hook_preset;
/* "" and NULL: none. */
const weir__hook_preset *weir__hook_preset_named(weir_sv name);
/* A preset's text with the options in, as its place asks for; in the connector's arena. */
weir_sv weir__hook_preset_text(const weir_conn *c, const weir__hook_preset *p, const char *text,
                               weir_template_place place);
/* The options that stand in a preset's text: alert.text, … */
#define WEIR__HOOK_PARTS 6
const char *weir__hook_preset_part(uint32_t i);
bool weir__hook_preset_uses(const char *text, const char *option);

/* How one sort of record is sent. */
typedef struct weir__hook_form {
    const char *method;
    weir_template *url;
    bool url_varies;      /* it is looked at for each record */
    weir__hook_body body;
    weir_template *text;  /* TEMPLATE */
} weir__hook_form;

typedef struct weir__hook_header {
    weir_sv name;
    weir_template *value;
    bool varies;
    weir_sv constant;
    bool hidden;          /* CHECK CONNECTOR does not show it */
} weir__hook_header;

typedef enum weir__hook_nulls { WEIR__HOOK_IGNORE, WEIR__HOOK_DELETE, WEIR__HOOK_FAIL } weir__hook_nulls;

/* One topic of the sink. ORDER forms: the first byte of an item */
typedef struct weir__hook_topic {
    weir__hook_form forms[2]; /* of a record, of a tombstone */
    weir__hook_header *headers;
    uint32_t n_headers, cap_headers;
    weir_sv type;         /* of bodies: Content-Type, as far as it is known */
    bool typed;           /* … and it is one of the headers */
    uint64_t id_seed;
    weir_template *event_type, *event_source, *event_key;
} weir__hook_topic;

/* A set of status codes: "200-299", "408,429,500-". */
#define WEIR__HOOK_CODES 600
typedef struct weir__hook_codes {
    uint64_t bits[(WEIR__HOOK_CODES + 63) / 64];
} weir__hook_codes;
bool weir__hook_codes_parse(weir_sv text, weir__hook_codes *out);
bool weir__hook_codes_have(const weir__hook_codes *c, int32_t status);

typedef struct weir__hook_shape weir__hook_shape;
typedef struct weir__hook_lane weir__hook_lane;

typedef struct weir__hook {
    weir_conn *conn;
    const weir__hook_preset *preset;
    weir_http_guard guard;
    weir_http_pool *pool;
    weir_signer *signer;  /* NULL: requests are not signed */
    weir_http_login *login;
    weir__hook_shape *shape; /* NULL: every record is sent */
    weir__hook_lane *lanes;
    uint32_t n_lanes;
    weir__hook_codes success, retry, drop;
    weir__hook_nulls nulls;
    weir_sv id_header;    /* empty: none */
    weir_sv prefix, join, suffix; /* of a batch */
    bool wrapped;         /* … also around one record */
    bool gzip;
    uint64_t body_max;
} weir__hook;

/* sink_http_bind.c */
weir_rc weir__hook_bind(void *self, weir_sink_input *in, weir_status *st);
weir_rc weir__hook_nulls_of(weir__hook *h, weir_status *st);
const char *weir__hook_method(weir_sv text);

/* sink_http_render.c */
void weir__hook_render(void *self, const weir_sink_rows *rows, weir_sink_parcel *out);
/* msg_<hash of connector and topic>_<partition>_<offset>: constant over retries and restarts; names stay
 * outside, as they may have dots, which no id may have. */
void weir__hook_id(weir_buf *out, const weir_sink_item *item);

/* sink_http_send.c */
void weir__hook_send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n);
void weir__hook_show(void *self, weir_sink_item *const *items, uint32_t n, weir_buf *out);
void weir__hook_lanes_open(weir__hook *h);
void weir__hook_lanes_close(weir__hook *h);
/* The token that lanes have waited for is there, or `why` it is not. */
void weir__hook_resume(void *self, uint32_t number, const char *why);

/* sink_http_shape.c */
weir_rc weir__hook_shape_new(weir_conn *c, weir__hook_shape **out, weir_status *st); /* NULL: passes all */
void weir__hook_shape_free(weir__hook_shape *s);   /* NULL is fine */
void weir__hook_shape_start(weir__hook_shape *s);
/* Whether the record is to be sent. A deleted row is, and after it the key's next alert is a first one. */
bool weir__hook_shape_passes(weir__hook_shape *s, const weir_sink_rows *r, uint32_t row);
/* It is delivered, or never will be: then the key's next alert is a first one. */
void weir__hook_shape_settled(weir__hook_shape *s, const weir_sink_item *item, bool delivered);
