/* Records as webhooks: one request each, or several in one. What a request is made of is in
 * sink_http_bind.c and sink_http_render.c, what becomes of it in sink_http_send.c.
 *
 * Order: a lane has one request under way, and a key one lane. A record that is not taken holds up the
 * keys of its lane, until it is, or is given up (max.retries, retries.max.timeout.ms), and no others. */
#include "connectors/sink_http.h"

#include "connectors/http_options.h"

#define ANSWER_MAX ((uint32_t)64 << 10) /* what is behind that of an answer is of no interest */

/* ---- codes ---- */

static bool number_of(weir_sv text, uint32_t *out)
{
    *out = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *out >= WEIR__HOOK_CODES) {
            return false;
        }
        *out = *out * 10 + (uint32_t)(text.p[i] - '0');
    }
    return text.n && *out >= 100 && *out < WEIR__HOOK_CODES;
}

/* "429", "500-599", "500-" */
static bool add_codes(weir_sv item, weir__hook_codes *out)
{
    const char *dash = memchr(item.p, '-', item.n);
    uint32_t from = 0;
    uint32_t to = WEIR__HOOK_CODES - 1;
    weir_sv first = dash ? weir_sv_of(item.p, (size_t)(dash - item.p)) : item;
    weir_sv last = dash ? weir_sv_of(dash + 1, item.n - first.n - 1) : item;
    if (!number_of(weir_sv_trim(first), &from) ||
        (last.n && !number_of(weir_sv_trim(last), &to)) || to < from) {
        return false;
    }
    for (uint32_t i = from; i <= to; i++) {
        out->bits[i / 64] |= UINT64_C(1) << i % 64;
    }
    return true;
}

bool weir__hook_codes_parse(weir_sv text, weir__hook_codes *out)
{
    *out = (weir__hook_codes){0};
    for (uint32_t at = 0; at < text.n;) {
        const char *comma = memchr(text.p + at, ',', text.n - at);
        uint32_t end = comma ? (uint32_t)(comma - text.p) : text.n;
        weir_sv item = weir_sv_trim(weir_sv_of(text.p + at, end - at));
        if (item.n && !add_codes(item, out)) {
            return false;
        }
        at = end + 1;
    }
    return true;
}

bool weir__hook_codes_have(const weir__hook_codes *c, int32_t status)
{
    return status > 0 && status < WEIR__HOOK_CODES &&
           (c->bits[status / 64] >> ((uint32_t)status % 64) & 1);
}

static weir_rc read_codes(const weir_conn *c, const char *option, weir__hook_codes *out, weir_status *st)
{
    return weir__hook_codes_parse(weir_conn_text(c, option), out)
               ? WEIR_OK
               : weir_conn_refuse(c, option, 0, 0, st,
                                  "status codes are a list such as 408,429,500-599 or 500-");
}

/* ---- opening: control thread ---- */

static weir_rc read_batch(weir__hook *h, weir_status *st)
{
    const weir_conn *c = h->conn;
    bool many = weir_conn_int(c, "batch.size") > 1;
    bool own = weir_conn_given(c, "batch.prefix") || weir_conn_given(c, "batch.suffix") ||
               weir_conn_given(c, "batch.separator");
    bool text = weir_conn_is(c, "body.format", "text") || weir_conn_is(c, "body.format", "string");
    bool form = weir_conn_is(c, "body.format", "form");
    bool has_join = h->preset && h->preset->join;
    bool array = weir_conn_given(c, "batch.json.as.array") ? weir_conn_bool(c, "batch.json.as.array")
                 : has_join                                ? h->preset->array
                                                           : many && !text;
    if (many && ((h->preset && h->preset->body && !has_join) || form)) {
        return weir_conn_refuse(c, "batch.size", 0, 0, st, "%s takes one record at a time",
                                form ? "a form" : h->preset->name);
    }
    h->prefix = own ? weir_conn_text(c, "batch.prefix") : array ? WEIR_SV("[") : (weir_sv){0};
    h->suffix = own ? weir_conn_text(c, "batch.suffix") : array ? WEIR_SV("]") : (weir_sv){0};
    h->join = weir_conn_given(c, "batch.separator") ? weir_conn_text(c, "batch.separator")
              : array                               ? WEIR_SV(",")
                                                    : WEIR_SV("\n");
    h->wrapped = many || array;
    return WEIR_OK;
}

static weir_rc read_signing(weir__hook *h, weir_status *st)
{
    const weir_sv *secrets = NULL;
    weir_status why;
    uint32_t n = weir_conn_list(h->conn, "signing.secret", &secrets);
    weir_status_reset(&why);
    if (n == 0) {
        return weir_conn_given(h->conn, "signing.secret")
                   ? weir_conn_refuse(h->conn, "signing.secret", 0, 0, st, "the secret is empty")
                   : WEIR_OK;
    }
    if (weir_signer_new(secrets, n, &h->signer, &why) != WEIR_OK) {
        return weir_conn_refuse(h->conn, "signing.secret", 0, 0, st, "%s", why.msg);
    }
    if (!weir_signer_can_sign(h->signer)) {
        return weir_conn_refuse(h->conn, "signing.secret", 0, 0, st, "whpk_ begins a public key, which "
                                "receivers check with; the private one, whsk_…, signs");
    }
    return h->gzip ? weir_conn_refuse(h->conn, "request.compression", 0, 0, st,
                                      "what is signed is sent as it is")
                   : WEIR_OK;
}

/* Names of headers that options give. */
static weir_rc check_names(const weir__hook *h, weir_status *st)
{
    static const char *const names[] = {"idempotency.header", "auth.header"};
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        weir_http_field field = {weir_conn_text(h->conn, names[i]), {0}};
        weir_status why;
        if (field.name.n && weir_http_field_check(&field, &why) != WEIR_OK) {
            return weir_conn_refuse(h->conn, names[i], 0, 0, st, "%s", why.msg);
        }
    }
    return WEIR_OK;
}

static weir_rc check_id(const weir__hook *h, weir_status *st)
{
    weir_sv prefix = weir_conn_text(h->conn, "id.prefix");
    for (uint32_t i = 0; i < prefix.n; i++) {
        char c = prefix.p[i];
        if (c <= ' ' || c >= 0x7f || c == '.') {
            return weir_conn_refuse(h->conn, "id.prefix", i, 1, st, "an id has no dots, blanks, or letters "
                                    "that are not ASCII");
        }
    }
    return WEIR_OK;
}

static weir_rc open_parts(weir__hook *h, weir_status *st)
{
    weir_conn *c = h->conn;
    weir_http_login_spec login = {.conn = c, .guard = &h->guard, .resume = weir__hook_resume, .ctx = h};
    h->preset = weir__hook_preset_named(weir_conn_text(c, "preset"));
    WEIR_TRY(weir_http_options_guard(c, &h->guard, st));
    if (weir_conn_text(c, "http.url").n == 0 && !(h->preset && h->preset->url)) {
        return weir_fail(st, WEIR_EUSAGE, "connector http needs option 'http.url': where requests go");
    }
    h->gzip = weir_conn_is(c, "request.compression", "gzip");
    h->body_max = (uint64_t)weir_conn_int(c, "body.bytes.max");
    h->id_header = weir_conn_text(c, "idempotency.header");
    WEIR_TRY(read_codes(c, "success.status.codes", &h->success, st));
    WEIR_TRY(read_codes(c, "retry.on.status.codes", &h->retry, st));
    WEIR_TRY(read_codes(c, "drop.on.status.codes", &h->drop, st));
    WEIR_TRY(check_id(h, st));
    WEIR_TRY(check_names(h, st));
    WEIR_TRY(weir__hook_nulls_of(h, st));
    WEIR_TRY(read_batch(h, st));
    WEIR_TRY(read_signing(h, st));
    WEIR_TRY(weir_http_login_new(&login, &h->login, st));
    return weir__hook_shape_new(c, &h->shape, st);
}

static void close_sink(void *self)
{
    weir__hook *h = self;
    weir_signer_free(h->signer);
    weir_http_login_free(h->login);
    weir__hook_shape_free(h->shape);
    weir_free(h);
}

static weir_rc open_sink(weir_conn *c, void **self, weir_status *st)
{
    weir__hook *h = weir_zalloc(sizeof *h);
    h->conn = c;
    weir_rc rc = open_parts(h, st);
    if (rc != WEIR_OK) {
        close_sink(h);
        return rc;
    }
    *self = h;
    return WEIR_OK;
}

/* ---- starting and stopping: loop ---- */

static weir_rc start(void *self, weir_status *st)
{
    weir__hook *h = self;
    weir_conn *c = h->conn;
    h->n_lanes = (uint32_t)weir_conn_int(c, "max.in.flight.requests");
    weir_http_pool_settings set = {
        .answer_max = ANSWER_MAX,
        .in_flight_max = h->n_lanes + 1, /* and one that asks for a token */
        .guard = &h->guard,
    };
    weir_http_options_pool(c, &set);
    weir_http_login_pool(h->login, &set);
    if (weir_conn_given(c, "http.timeout")) {
        set.total_ms = (uint32_t)weir_conn_int(c, "http.timeout");
    }
    WEIR_TRY(weir_http_pool_new(weir_conn_loop(c), &set, &h->pool, st));
    weir_http_login_use(h->login, h->pool);
    weir__hook_lanes_open(h);
    if (h->shape) {
        weir__hook_shape_start(h->shape);
    }
    weir_http_options_warn(c);
    return WEIR_OK;
}

static void stop(void *self)
{
    weir__hook *h = self;
    weir_http_pool_free(h->pool);
    h->pool = NULL;
    weir_http_login_use(h->login, NULL);
    weir__hook_lanes_close(h);
}

static const weir_sink_calls calls = {.open = open_sink,
                                      .bind = weir__hook_bind,
                                      .start = start,
                                      .render = weir__hook_render,
                                      .send = weir__hook_send,
                                      .stop = stop,
                                      .close = close_sink,
                                      .show = weir__hook_show};

/* ---- options ---- */

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

static const weir_conn_option options[] = {
    {"http.url", "http.api.url|url|uri|endpoint|connect.http.endpoint", WEIR_CONN_TEMPLATE, NULL, false, 0,
     0, NULL, "Where requests go; what is put in is percent-encoded, and the host is no template."},
    {"http.allow.dynamic.host", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "Records may choose the host; each URL and each address is checked before it is used."},
    {"request.method", "method|http.method|connect.http.method", WEIR_CONN_CHOICE, "POST", false, 0, 0,
     "POST|PUT|PATCH|DELETE", "The method of a request."},
    {"headers", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "More headers: \"Name: value\", with header.separator between."},
    {"header.separator", NULL, WEIR_CONN_TEXT, "|", false, 0, 0, NULL, "What is between two headers."},
    {"header.*", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "One header: 'header.X-Shop'='${SHOP}'."},
    {"http.headers.additional", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "More headers, \"name:value\" with commas between, as Aiven's connector has them."},
    {"content.type", "http.headers.content.type", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "The type of bodies; body.format tells it otherwise. Where it is JSON, what is put in is escaped so."},
    {"body", "request.body|body.template", WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "The body of a request."},
    {"body.format", "request.body.format", WEIR_CONN_CHOICE, "json", false, 0, 0,
     "json|text|string|form|cloudevents|template",
     "Without a body template: json: an object of all columns; text: the value as it is; form: name=value "
     "of all columns; cloudevents: a CloudEvent around the object."},
    {"body.keys", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "Key columns are in the object, too."},
    {"body.bytes.max", "payload.max.bytes", WEIR_CONN_BYTES, "256kb", false, 1, 64 << 20, NULL,
     "A record with a longer body goes to the dead letters."},
    {"preset", NULL, WEIR_CONN_CHOICE, NULL, false, 0, 0,
     "json|slack|teams|discord|pagerduty|opsgenie|alertmanager|splunk-hec",
     "A service whose messages are known: its body, headers, and how it takes an alert back."},
    {"alert.text", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "Presets: what is told; otherwise the value of the record."},
    {"alert.title", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "Presets: in few words; otherwise the connector's name."},
    {"alert.key", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "Presets: what makes two alerts the same; otherwise topic and key."},
    {"alert.source", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "Presets: where it comes from; otherwise the topic."},
    {"alert.severity", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "Presets: in the service's words; otherwise critical, for opsgenie P3."},
    {"alert.resolved", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "Presets slack, teams, discord: what is told when the row is deleted; otherwise nothing."},
    {"alert.token", "alert.api.key|alert.routing.key", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,
     "Presets: the service's key for us (PagerDuty's routing key, Opsgenie's API key, Splunk's token)."},
    {"alert.cooldown", NULL, WEIR_CONN_MS, "0", false, 0, 365 * DAY_MS, NULL,
     "After an alert its key's next ones are skipped for so long, by the time of the records; kept over "
     "restarts. A deleted row ends it. 0: none is skipped."},
    {"alert.cooldown.keys", NULL, WEIR_CONN_INTEGER, "65536", false, 8, 1 << 24, NULL,
     "Keys remembered for it, at 32 bytes each; the oldest make way."},
    {"alert.limit", NULL, WEIR_CONN_INTEGER, "0", false, 0, 1000000000, NULL,
     "At most so many alerts of all keys in an interval, the others are skipped; counted anew after a "
     "restart. 0: no limit."},
    {"alert.limit.interval", NULL, WEIR_CONN_MS, "1m", false, 1, 365 * DAY_MS, NULL,
     "The interval, by the time of the records."},
    {"cloudevents.type", NULL, WEIR_CONN_TEMPLATE, "weir.${topic}", false, 0, 0, NULL,
     "The type of CloudEvents."},
    {"cloudevents.source", NULL, WEIR_CONN_TEMPLATE, "/weir/${connector}", false, 0, 0, NULL,
     "The source of CloudEvents."},
    {"cloudevents.subject", NULL, WEIR_CONN_TEMPLATE, "${key}", false, 0, 0, NULL,
     "The subject of CloudEvents; left out without a key."},
    {"behavior.on.null.values", NULL, WEIR_CONN_CHOICE, NULL, false, 0, 0, "ignore|delete|fail",
     "A deleted row: nothing is sent, on.delete.* is, or it goes to the dead letters; otherwise delete "
     "where on.delete.* or the preset says how, else ignore."},
    {"on.delete.body", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "The body for a deleted row; it has its key columns only."},
    {"on.delete.method", NULL, WEIR_CONN_CHOICE, NULL, false, 0, 0, "POST|PUT|PATCH|DELETE",
     "The method for a deleted row; otherwise DELETE, with a body request.method."},
    {"on.delete.url", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "The URL for a deleted row; otherwise http.url."},
    {"batch.size", "batch.max.size|batch.max.rows|batch.records|batch.count", WEIR_CONN_INTEGER, "1", false,
     1, 100000, NULL, "Most records in one request; they need the same URL and headers."},
    {"batch.bytes", "bulk.size.bytes|batch.max.bytes", WEIR_CONN_BYTES, "256kb", false, 1, 1 << 28, NULL,
     "Most bytes in one request."},
    {"batch.json.as.array", NULL, WEIR_CONN_BOOLEAN, NULL, false, 0, 0, NULL,
     "Bodies stand in a JSON array, one alone, too; otherwise when batch.size is more than 1 and bodies "
     "are JSON."},
    {"batch.prefix", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "In front of the bodies of a batch."},
    {"batch.separator", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "Between the bodies of a batch; otherwise a comma in arrays, else a line feed."},
    {"batch.suffix", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "Behind the bodies of a batch."},
    {"batching.enabled", "batch.buffering.enabled", WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "Accepted for Aiven's sake; batch.size says how many."},
    {"signing.secret", "webhook.secret", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,
     "Requests are signed as Standard Webhooks are: webhook-id, webhook-timestamp, webhook-signature. "
     "whsec_… or any other text: HMAC (v1), whsk_…: an ed25519 key (v1a). Several with commas between, "
     "while one replaces the other."},
    {"id.prefix", NULL, WEIR_CONN_TEXT, "msg_", false, 0, 0, NULL,
     "In front of a message's id, which is made of connector, topic, partition and offset: differs between "
     "installations that send to one endpoint."},
    {"idempotency.header", NULL, WEIR_CONN_TEXT, "Idempotency-Key", false, 0, 0, NULL,
     "The header that has the message's id, the same on every retry; '': none."},
    {"success.status.codes", "successful.on", WEIR_CONN_TEXT, "200-299", false, 0, 0, NULL,
     "Answers that mean: taken."},
    {"retry.on.status.codes", "connect.http.retries.on.status.codes", WEIR_CONN_TEXT, "408,425,429,500-",
     false, 0, 0, NULL, "Answers after which a record is tried again; Retry-After is obeyed."},
    {"drop.on.status.codes", "drop.on", WEIR_CONN_TEXT, "", false, 0, 0, NULL,
     "Answers after which a record is skipped. All others: dead letters, but 410: the connector stops."},
    WEIR_HTTP_LOGIN_OPTIONS("none|basic|bearer|apikey|static|oauth2|aws", "execute-api"),
    WEIR_HTTP_TOKEN_OPTIONS,
    WEIR_HTTP_GUARD_OPTIONS,
    WEIR_HTTP_OPTIONS("auto"),
    {"http.timeout", NULL, WEIR_CONN_SECONDS, NULL, false, 1000, HOUR_MS, NULL,
     "http.request.timeout.ms in seconds, as Aiven's connector has it."},
    {"request.compression", "compression", WEIR_CONN_CHOICE, "none", false, 0, 0, "none|gzip",
     "Bodies are compressed, but for small ones."},
    {"max.in.flight.requests", "max.in.flight|request.concurrency", WEIR_CONN_INTEGER, "4", false, 1, 256,
     NULL, "Requests under way at once; those of one key follow one another."},
    {"breaker.failures", NULL, WEIR_CONN_INTEGER, "10", false, 0, 1000000, NULL,
     "Failures in a row after which the endpoint is left alone for a while; 0: never."},
};

const weir_conn_kind weir_conn_kind_sink_http = {
    .name = "http",
    .sink = true,
    .classes = "HttpSink|HttpSinkConnector|webhook",
    .line = "sends records as HTTP requests: webhooks, alerts, APIs",
    .guarantee = "at least once; a record's id (Idempotency-Key, webhook-id) is the same on every retry and "
                 "after every restart, so a receiver that keeps ids sees each record once",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_sink = &calls,
};
