/* Secrets in options: ${env:NAME}, ${file:PATH} and ${file:PATH:KEY} are put in when a connector is made; what
 * is shown keeps the reference. */
#include "connectors/conn_impl.h"

#include "engine/io/file.h"

#include <stdlib.h>

#define SECRET_BYTES_MAX ((size_t)64 << 10)
#define HIDDEN "[hidden]"
#define SECRET_SHORTEST 3

static weir_rc secret_file(weir_arena *a, weir_sv what, weir_sv *out, weir_status *st)
{
    weir_buf bytes = {0};
    const char *colon = what.n ? memrchr(what.p, ':', what.n) : NULL;
    weir_sv path = colon ? weir_sv_of(what.p, (size_t)(colon - what.p)) : what;
    weir_sv key = colon ? weir_sv_of(colon + 1, (size_t)(what.p + what.n - colon - 1)) : (weir_sv){0};
    weir_rc rc = weir_file_read(weir_arena_cstr(a, path), SECRET_BYTES_MAX, &bytes, st);
    weir_sv text = weir_sv_trim(weir_buf_view(&bytes));
    bool found = key.n == 0;
    for (uint32_t at = 0; rc == WEIR_OK && key.n && !found && at < text.n;) {
        const char *nl = memchr(text.p + at, '\n', text.n - at);
        weir_sv line = weir_sv_of(text.p + at, nl ? (size_t)(nl - text.p) - at : text.n - at);
        const char *eq = memchr(line.p, '=', line.n);
        at += line.n + 1;
        found = eq && weir_sv_eq(weir_sv_trim(weir_sv_of(line.p, (size_t)(eq - line.p))), key);
        if (found) {
            text = weir_sv_trim(weir_sv_of(eq + 1, (size_t)(line.p + line.n - eq - 1)));
        }
    }
    if (rc == WEIR_OK && !found) {
        rc = weir_fail(st, WEIR_ENOTFOUND, WEIR_SV_FMT " has no key " WEIR_SV_FMT, WEIR_SV_ARG(path),
                       WEIR_SV_ARG(key));
    }
    *out = rc == WEIR_OK ? weir_arena_sv(a, text) : (weir_sv){0};
    weir_buf_deinit(&bytes);
    return rc;
}

static weir_rc secret_of(weir_arena *a, weir_sv ref, weir_sv *out, weir_status *st)
{
    if (weir_sv_starts(ref, WEIR_SV("file:"))) {
        return secret_file(a, weir_sv_of(ref.p + 5, ref.n - 5), out, st);
    }
    const char *name = weir_arena_cstr(a, weir_sv_of(ref.p + 4, ref.n - 4));
    const char *value = getenv(name);
    *out = weir_sv_cstr(value);
    if (!value) {
        weir_fail(st, WEIR_ENOTFOUND, "environment variable %s is not set", name);
        return weir_hint(st, "set it before weir is started");
    }
    return WEIR_OK;
}

static bool is_reference(weir_sv s)
{
    return weir_sv_starts(s, WEIR_SV("${env:")) || weir_sv_starts(s, WEIR_SV("${file:"));
}

/* What comes out of a secret is no template: its ${ are kept from being read as one. */
static void add_secret(weir_buf *out, weir_sv secret, bool template)
{
    for (uint32_t i = 0; i < secret.n; i++) {
        if (template && secret.p[i] == '$' && i + 1 < secret.n && secret.p[i + 1] == '{') {
            weir_buf_byte(out, '$');
        }
        weir_buf_byte(out, secret.p[i]);
    }
}

/* One or two characters are found everywhere: hiding them would hide nothing and spoil the rest. */
void weir__conn_keep_secret(weir_conn *c, weir_sv secret)
{
    if (secret.n >= SECRET_SHORTEST) {
        WEIR_PUSH(&c->arena, c->secrets, c->n_secrets, c->cap_secrets, secret);
    }
}

weir_sv weir__conn_masked(const weir_conn *c, weir_arena *a, weir_sv text)
{
    weir_buf out = {0};
    for (uint32_t i = 0; i < text.n;) {
        weir_sv longest = {0};
        weir_sv rest = weir_sv_of(text.p + i, text.n - i);
        for (uint32_t k = 0; k < c->n_secrets; k++) {
            if (c->secrets[k].n > longest.n && weir_sv_starts(rest, c->secrets[k])) {
                longest = c->secrets[k];
            }
        }
        if (longest.n) {
            weir_buf_str(&out, HIDDEN);
            i += longest.n;
        } else {
            weir_buf_byte(&out, text.p[i++]);
        }
    }
    weir_sv masked = weir_arena_sv(a, weir_buf_view(&out));
    weir_buf_deinit(&out);
    return masked;
}

weir_rc weir__conn_resolve(weir_conn *c, weir__conn_value *v, weir_status *st)
{
    weir_sv in = v->shown;
    if (weir_sv_find(in, WEIR_SV("${env:"), 0) < 0 && weir_sv_find(in, WEIR_SV("${file:"), 0) < 0) {
        v->text = in;
        return WEIR_OK;
    }
    weir_buf out = {0};
    weir_rc rc = WEIR_OK;
    for (uint32_t i = 0; i < in.n && rc == WEIR_OK;) {
        weir_sv rest = weir_sv_of(in.p + i, in.n - i);
        if (!is_reference(rest)) {
            weir_buf_byte(&out, in.p[i++]);
            continue;
        }
        const char *end = memchr(rest.p, '}', rest.n);
        if (!end) {
            rc = weir_fail(st, WEIR_EUSAGE, "${env: or ${file: without }");
            break;
        }
        weir_sv ref = weir_sv_of(rest.p + 2, (size_t)(end - rest.p) - 2);
        weir_sv secret = {0};
        rc = secret_of(&c->arena, ref, &secret, st);
        weir__conn_keep_secret(c, secret);
        add_secret(&out, secret, v->row->type == WEIR_CONN_TEMPLATE);
        i += (uint32_t)(end - rest.p) + 1;
    }
    v->text = weir_arena_sv(&c->arena, weir_buf_view(&out));
    weir_buf_deinit(&out);
    if (rc != WEIR_OK) {
        weir_wrap(st, "option '" WEIR_SV_FMT "'", WEIR_SV_ARG(v->name));
        st->span = v->span;
    }
    return rc;
}

/* ---- for people ---- */

/* Nothing but one reference: it says where the secret is. */
static bool only_refers(weir_sv s)
{
    return is_reference(s) && memchr(s.p, '}', s.n) == s.p + s.n - 1;
}

static weir_sv shown_value(weir_arena *a, const weir__conn_value *v)
{
    bool hide = v->row->type == WEIR_CONN_SECRET && v->shown.n && !only_refers(v->shown);
    return hide ? WEIR_SV(HIDDEN) : weir_arena_sv(a, v->shown);
}

void weir_connect_options(weir_connect *c, weir_sv name, weir_arena *a,
                          void (*each)(void *ctx, const weir_conn_option *o, weir_sv value, bool given),
                          void *ctx)
{
    for (uint32_t i = 0; i < c->n; i++) {
        const weir_conn *k = c->conns[i];
        for (uint32_t v = 0; weir_sv_eq(k->name, name) && v < k->n_values; v++) {
            each(ctx, k->values[v].row, shown_value(a, &k->values[v]), k->values[v].given);
        }
    }
}
