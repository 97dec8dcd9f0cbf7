/* What a topic's records become, compiled: URL, headers, body, and what is sent for a deleted row.
 *
 * A URL's host is not a matter of data: whoever writes records must not choose who gets them. Where an
 * operator allows it nonetheless, each URL and each address is judged before anything is sent. */
#include "connectors/sink_http.h"

#include "connectors/http_options.h"
#include "engine/base/hash.h"

const char *weir__hook_method(weir_sv text)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < WEIR_COUNT(methods); i++) {
        if (weir_sv_ieq(weir_sv_trim(text), weir_sv_cstr(methods[i]))) {
            return methods[i];
        }
    }
    return "POST";
}

/* ---- deleted rows ---- */

/* Whether the preset knows how to take an alert back, with the options there are. */
static bool preset_resolves(const weir__hook *h)
{
    const char *text = h->preset ? h->preset->resolve : NULL;
    return text && (!weir__hook_preset_uses(text, "alert.resolved") ||
                    weir_conn_given(h->conn, "alert.resolved"));
}

weir_rc weir__hook_nulls_of(weir__hook *h, weir_status *st)
{
    static const char *const deletes[] = {"on.delete.body", "on.delete.method", "on.delete.url"};
    const char *option = "behavior.on.null.values";
    const char *given = NULL;
    for (size_t i = 0; i < WEIR_COUNT(deletes); i++) {
        given = weir_conn_given(h->conn, deletes[i]) ? deletes[i] : given;
    }
    if (!weir_conn_given(h->conn, option)) {
        h->nulls = given || preset_resolves(h) ? WEIR__HOOK_DELETE : WEIR__HOOK_IGNORE;
        return WEIR_OK;
    }
    h->nulls = weir_conn_is(h->conn, option, "delete") ? WEIR__HOOK_DELETE
               : weir_conn_is(h->conn, option, "fail") ? WEIR__HOOK_FAIL
                                                       : WEIR__HOOK_IGNORE;
    return !given || h->nulls == WEIR__HOOK_DELETE
               ? WEIR_OK
               : weir_conn_refuse(h->conn, given, 0, 0, st, "this needs '%s'='delete'", option);
}

static weir_rc refuse_value(const weir_sink_input *in, const char *option, weir_sv name, uint32_t at,
                            weir_status *st)
{
    weir_conn_refuse(in->conn, option, at, name.n, st,
                     "a deleted row has its key columns only, and no " WEIR_SV_FMT, WEIR_SV_ARG(name));
    return weir_hint(st, "'behavior.on.null.values'='ignore' sends nothing for deleted rows");
}

/* ---- templates ---- */

/* `text` is the option's value, so that a caret finds its place, or made from it. */
static weir_rc compile(const weir_sink_input *in, const char *option, weir_sv text,
                       weir_template_place place, bool resolve, weir_template **out, weir_status *st)
{
    weir_status why;
    uint32_t at = 0;
    uint32_t n = 0;
    weir_sv name = {0};
    weir_status_reset(&why);
    if (weir_template_compile(weir_conn_arena(in->conn), in, text, place, out, &at, &n, &why) != WEIR_OK) {
        weir_conn_refuse(in->conn, option, at, n, st, "%s", why.msg);
        return why.hint[0] ? weir_hint(st, "%s", why.hint) : st->rc;
    }
    return resolve && weir_template_needs_value(*out, &name, &at) ? refuse_value(in, option, name, at, st)
                                                                  : WEIR_OK;
}

/* The options behind a preset's text are judged one by one: a caret can find their places. */
static weir_rc check_parts(const weir_sink_input *in, const char *text, bool resolve, weir_status *st)
{
    for (uint32_t i = 0; i < WEIR__HOOK_PARTS; i++) {
        const char *option = weir__hook_preset_part(i);
        weir_template *t = NULL;
        if (weir__hook_preset_uses(text, option) && weir_conn_given(in->conn, option)) {
            WEIR_TRY(compile(in, option, weir_conn_text(in->conn, option), WEIR_TEMPLATE_JSON, resolve, &t,
                             st));
        }
    }
    return WEIR_OK;
}

static weir_rc from_preset(const weir__hook *h, const weir_sink_input *in, const char *text,
                           weir_template_place place, bool resolve, weir_template **out, weir_status *st)
{
    WEIR_TRY(check_parts(in, text, resolve, st));
    return compile(in, "preset", weir__hook_preset_text(h->conn, h->preset, text, place), place, resolve,
                   out, st);
}

/* ---- URLs ---- */

/* What is put in stands for one character. */
static weir_sv sample_of(weir_arena *a, weir_sv text)
{
    weir_buf out = {0};
    for (uint32_t i = 0; i < text.n;) {
        weir_sv rest = weir_sv_of(text.p + i, text.n - i);
        const char *end = weir_sv_starts(rest, WEIR_SV("${")) ? memchr(rest.p, '}', rest.n) : NULL;
        weir_buf_byte(&out, end ? 'x' : text.p[i]);
        i += end ? (uint32_t)(end - rest.p) + 1 : 1;
    }
    weir_sv made = weir_arena_sv(a, weir_buf_view(&out));
    weir_buf_deinit(&out);
    return made;
}

/* Where scheme and host end. */
static uint32_t authority_end(weir_sv url)
{
    int64_t slashes = weir_sv_find(url, WEIR_SV("://"), 0);
    uint32_t i = slashes < 0 ? url.n : (uint32_t)slashes + 3;
    while (i < url.n && !strchr("/?#", url.p[i])) {
        i++;
    }
    return i;
}

static weir_rc check_url(const weir__hook *h, const char *option, weir_sv text, weir_status *st)
{
    int64_t first = weir_sv_find(text, WEIR_SV("${"), 0);
    if (first >= 0 && (uint32_t)first < authority_end(text)) {
        if (weir_conn_bool(h->conn, "http.allow.dynamic.host")) {
            return WEIR_OK; /* judged for each record */
        }
        weir_conn_refuse(h->conn, option, (uint32_t)first, 2, st, "the host must not come from records");
        return weir_hint(st, "'http.allow.dynamic.host'='true' allows it; each address is checked then");
    }
    return weir_http_options_url(h->conn, option, &h->guard, sample_of(weir_conn_arena(h->conn), text), st);
}

static weir_rc bind_url(const weir__hook *h, const weir_sink_input *in, bool resolve,
                        weir__hook_form *form, weir_status *st)
{
    const char *option = resolve && weir_conn_given(h->conn, "on.delete.url") ? "on.delete.url" : "http.url";
    weir_sv text = weir_conn_text(h->conn, option);
    weir_sv constant;
    text = text.n || !h->preset ? text : weir_sv_cstr(h->preset->url);
    if (resolve && strcmp(option, "http.url") == 0 && h->preset && h->preset->resolve_url) {
        WEIR_TRY(check_parts(in, h->preset->resolve_url, true, st));
        weir_sv tail = weir__hook_preset_text(h->conn, h->preset, h->preset->resolve_url,
                                              WEIR_TEMPLATE_URL);
        text = weir_arena_printf(weir_conn_arena(h->conn), WEIR_SV_FMT WEIR_SV_FMT, WEIR_SV_ARG(text),
                                 WEIR_SV_ARG(tail));
    }
    WEIR_TRY(check_url(h, option, text, st));
    WEIR_TRY(compile(in, option, text, WEIR_TEMPLATE_URL, resolve, &form->url, st));
    form->url_varies = !weir_template_constant(form->url, &constant);
    return WEIR_OK;
}

/* ---- headers ---- */

static bool has_word(weir_sv text, const char *word)
{
    size_t n = strlen(word);
    for (uint32_t i = 0; i + n <= text.n; i++) {
        if (weir_sv_ieq(weir_sv_of(text.p + i, n), weir_sv_cstr(word))) {
            return true;
        }
    }
    return false;
}

static bool is_secret(weir_sv name)
{
    static const char *const words[] = {"auth", "token", "secret", "key", "cookie", "password", "signature"};
    for (size_t i = 0; i < WEIR_COUNT(words); i++) {
        if (has_word(name, words[i])) {
            return true;
        }
    }
    return false;
}

/* `at`: of `text` in the option's value. */
static weir_rc add_header(const weir__hook *h, const weir_sink_input *in, weir__hook_topic *t,
                          const char *option, uint32_t at, weir_sv name, weir_sv text, weir_status *st)
{
    weir__hook_header header = {.name = name, .hidden = is_secret(name)};
    weir_arena *a = weir_conn_arena(in->conn);
    weir_status why;
    uint32_t wrong_at = 0;
    uint32_t wrong_n = 0;
    weir_sv column = {0};
    weir_status_reset(&why);
    if (weir_template_compile(a, in, text, WEIR_TEMPLATE_HEADER, &header.value, &wrong_at, &wrong_n,
                              &why) != WEIR_OK) {
        weir_conn_refuse(in->conn, option, at + wrong_at, wrong_n, st, "%s", why.msg);
        return why.hint[0] ? weir_hint(st, "%s", why.hint) : st->rc;
    }
    if (h->nulls == WEIR__HOOK_DELETE && weir_template_needs_value(header.value, &column, &wrong_at)) {
        return refuse_value(in, option, column, at + wrong_at, st);
    }
    header.varies = !weir_template_constant(header.value, &header.constant);
    weir_http_field field = {name, header.constant};
    if (weir_http_field_check(&field, &why) != WEIR_OK) {
        return weir_conn_refuse(in->conn, option, 0, 0, st, "%s", why.msg);
    }
    if (weir_sv_ieq(name, WEIR_SV("content-type"))) {
        t->typed = true;
        t->type = header.varies ? (weir_sv){0} : header.constant;
    }
    WEIR_PUSH(a, t->headers, t->n_headers, t->cap_headers, header);
    return WEIR_OK;
}

/* "Name: value", and the next one behind the separator. */
static weir_rc add_list(const weir__hook *h, const weir_sink_input *in, weir__hook_topic *t,
                        const char *option, weir_sv between, weir_status *st)
{
    weir_sv all = weir_conn_text(h->conn, option);
    for (uint32_t at = 0; at < all.n;) {
        int64_t end = between.n ? weir_sv_find(all, between, at) : -1;
        uint32_t stop = end < 0 ? all.n : (uint32_t)end;
        weir_sv one = weir_sv_trim(weir_sv_of(all.p + at, stop - at));
        const char *colon = one.n ? memchr(one.p, ':', one.n) : NULL;
        if (one.n && !colon) {
            return weir_conn_refuse(h->conn, option, (uint32_t)(one.p - all.p), one.n, st,
                                    "a header is \"Name: value\"");
        }
        if (colon) {
            weir_sv name = weir_sv_trim(weir_sv_of(one.p, (size_t)(colon - one.p)));
            weir_sv text = weir_sv_trim(weir_sv_of(colon + 1, (size_t)(one.p + one.n - colon - 1)));
            uint32_t text_at = (uint32_t)(text.n ? text.p - all.p : 0);
            WEIR_TRY(add_header(h, in, t, option, text_at, name, text, st));
        }
        at = stop + (between.n ? between.n : 1);
    }
    return WEIR_OK;
}

typedef struct adding {
    const weir__hook *h;
    const weir_sink_input *in;
    weir__hook_topic *t;
    weir_status *st;
    weir_rc rc;
} adding;

static void add_named(void *ctx, weir_sv rest, weir_sv value)
{
    adding *a = ctx;
    if (a->rc != WEIR_OK || weir_sv_ieq(rest, WEIR_SV("separator"))) {
        return;
    }
    weir_arena *arena = weir_conn_arena(a->in->conn);
    weir_sv option = weir_arena_printf(arena, "header." WEIR_SV_FMT, WEIR_SV_ARG(rest));
    a->rc = add_header(a->h, a->in, a->t, option.p, 0, rest, value, a->st);
}

static weir_rc bind_headers(const weir__hook *h, const weir_sink_input *in, weir__hook_topic *t,
                            weir_status *st)
{
    t->type = weir_conn_text(h->conn, "content.type");
    if (h->preset && h->preset->header) {
        weir_sv line = weir__hook_preset_text(h->conn, h->preset, h->preset->header, WEIR_TEMPLATE_HEADER);
        uint32_t colon = (uint32_t)weir_sv_find(line, WEIR_SV(": "), 0);
        WEIR_TRY(add_header(h, in, t, "alert.token", 0, weir_sv_of(line.p, colon),
                            weir_sv_of(line.p + colon + 2, line.n - colon - 2), st));
    }
    WEIR_TRY(add_list(h, in, t, "headers", weir_conn_text(h->conn, "header.separator"), st));
    WEIR_TRY(add_list(h, in, t, "http.headers.additional", WEIR_SV(","), st));
    adding a = {h, in, t, st, WEIR_OK};
    weir_conn_each(h->conn, "header.", add_named, &a);
    return a.rc;
}

/* ---- bodies ---- */

static void need_type(weir__hook_topic *t, const char *type)
{
    if (t->type.n == 0 && !t->typed) {
        t->type = weir_sv_cstr(type);
    }
}

/* What is put into a body is escaped as its type asks for. */
static weir_template_place place_of(const weir__hook *h, const weir__hook_topic *t)
{
    return has_word(t->type, "json")                          ? WEIR_TEMPLATE_JSON
           : weir_conn_is(h->conn, "body.format", "form") ? WEIR_TEMPLATE_URL
                                                          : WEIR_TEMPLATE_BODY;
}

/* name=value of all columns. */
static weir_rc form_text(const weir_sink_input *in, weir_sv *out, weir_status *st)
{
    weir_buf text = {0};
    for (uint32_t i = 0; i < in->source->schema->n; i++) {
        weir_sv name = in->source->schema->cols[i].name;
        if (memchr(name.p, '}', name.n) || memchr(name.p, ':', name.n)) {
            weir_buf_deinit(&text);
            weir_conn_refuse(in->conn, "body.format", 0, 0, st,
                             "column " WEIR_SV_FMT " has a name that no template can hold",
                             WEIR_SV_ARG(name));
            return weir_hint(st, "write the form into option 'body'");
        }
        weir_buf_str(&text, i ? "&" : "");
        weir_template_url(&text, name);
        weir_buf_printf(&text, "=${" WEIR_SV_FMT ":url}", WEIR_SV_ARG(name));
    }
    *out = weir_arena_sv(weir_conn_arena(in->conn), weir_buf_view(&text));
    weir_buf_deinit(&text);
    return WEIR_OK;
}

static weir_rc bind_event(const weir_sink_input *in, weir__hook_topic *t, weir_status *st)
{
    WEIR_TRY(weir_template_option(in, "cloudevents.type", WEIR_TEMPLATE_PLAIN, &t->event_type, st));
    WEIR_TRY(weir_template_option(in, "cloudevents.subject", WEIR_TEMPLATE_PLAIN, &t->event_key, st));
    return weir_template_option(in, "cloudevents.source", WEIR_TEMPLATE_PLAIN, &t->event_source, st);
}

static weir_rc bind_body(const weir__hook *h, const weir_sink_input *in, weir__hook_topic *t,
                         weir_status *st)
{
    weir__hook_form *form = &t->forms[0];
    weir_conn *c = h->conn;
    bool given = weir_conn_given(c, "body");
    bool text = weir_conn_is(c, "body.format", "text") || weir_conn_is(c, "body.format", "string");
    bool is_form = weir_conn_is(c, "body.format", "form");
    if (weir_conn_is(c, "body.format", "cloudevents")) {
        bool batch = h->wrapped;
        form->body = WEIR__HOOK_EVENT;
        need_type(t, batch ? "application/cloudevents-batch+json" : "application/cloudevents+json");
        return bind_event(in, t, st);
    }
    need_type(t, text      ? "text/plain; charset=utf-8"
                 : is_form ? "application/x-www-form-urlencoded"
                           : "application/json");
    form->body = WEIR__HOOK_TEMPLATE;
    if (!given && weir_conn_is(c, "body.format", "template")) {
        return weir_conn_refuse(c, "body.format", 0, 0, st, "this needs option 'body'");
    }
    if (given) {
        return compile(in, "body", weir_conn_text(c, "body"), place_of(h, t), false, &form->text, st);
    }
    if (h->preset && h->preset->body) {
        return from_preset(h, in, h->preset->body, WEIR_TEMPLATE_JSON, false, &form->text, st);
    }
    if (is_form) {
        weir_sv made = {0};
        WEIR_TRY(form_text(in, &made, st));
        return compile(in, "body.format", made, WEIR_TEMPLATE_BODY, false, &form->text, st);
    }
    form->body = text ? WEIR__HOOK_TEXT : WEIR__HOOK_JSON;
    return WEIR_OK;
}

static weir_rc bind_resolve(const weir__hook *h, const weir_sink_input *in, weir__hook_topic *t,
                            weir_status *st)
{
    weir__hook_form *form = &t->forms[1];
    weir_conn *c = h->conn;
    bool given = weir_conn_given(c, "on.delete.body");
    bool preset = !given && preset_resolves(h);
    bool event = t->forms[0].body == WEIR__HOOK_EVENT && !given;
    WEIR_TRY(bind_url(h, in, true, form, st));
    weir_sv method = weir_conn_text(c, "on.delete.method");
    form->method = method.n                    ? weir__hook_method(method)
                   : given || preset || event ? t->forms[0].method
                                              : "DELETE";
    form->body = event ? WEIR__HOOK_EVENT : WEIR__HOOK_TEMPLATE;
    if (preset) {
        return from_preset(h, in, h->preset->resolve, WEIR_TEMPLATE_JSON, true, &form->text, st);
    }
    return compile(in, "on.delete.body", weir_conn_text(c, "on.delete.body"), place_of(h, t), true,
                   &form->text, st);
}

weir_rc weir__hook_bind(void *self, weir_sink_input *in, weir_status *st)
{
    const weir__hook *h = self;
    weir__hook_topic *t = WEIR_NEW(weir_conn_arena(in->conn), weir__hook_topic);
    in->bound = t;
    t->id_seed = weir_hash_sv(weir_arena_printf(weir_conn_arena(in->conn), WEIR_SV_FMT "\n" WEIR_SV_FMT,
                                                WEIR_SV_ARG(weir_conn_name(in->conn)),
                                                WEIR_SV_ARG(in->topic)));
    t->forms[0].method = weir__hook_method(weir_conn_text(h->conn, "request.method"));
    WEIR_TRY(bind_headers(h, in, t, st));
    WEIR_TRY(bind_url(h, in, false, &t->forms[0], st));
    WEIR_TRY(bind_body(h, in, t, st));
    return h->nulls == WEIR__HOOK_DELETE ? bind_resolve(h, in, t, st) : WEIR_OK;
}
