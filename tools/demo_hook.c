/* See demo_hook.h. The file has a line per alert: {"id":"…","alert":{…}}. The id is what the signature
 * covers; a line that a kill has torn was never answered, so its alert comes again. */
#include "tools/demo_hook.h"

#include "connectors/http_server.h"
#include "connectors/signing.h"
#include "engine/base/alloc.h"
#include "engine/data/json.h"
#include "engine/data/text.h"
#include "engine/run/hmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ALERT_BYTES_MAX 1024
#define ID_BYTES_MAX 128
#define SECRET_BYTES 32

enum { CARD, ATTEMPTS, TOTAL, AT, MEMBERS };

struct weir_demo_hook {
    weir_loop *loop;
    weir_thread *thread;
    weir_http_server *server;
    weir_signer *signer;
    FILE *file;
    weir_hmap *ids;
    weir_arena arena, step;
    weir_json_keys *keys;
    weir_lock *lock; /* over `received` */
    weir_demo_received received;
};

/* ---- the file ---- */

static void remember(weir_demo_hook *h, weir_sv id)
{
    bool added;
    weir_hmap_insert(h->ids, id, &added);
    h->received.alerts += added;
}

/* Takes in the whole lines; *whole: where the last of them ends. */
static void read_lines(weir_demo_hook *h, FILE *f, long *whole)
{
    static const char head[] = "{\"id\":\"";
    char line[ALERT_BYTES_MAX + ID_BYTES_MAX + 64];
    *whole = 0;
    while (fgets(line, sizeof line, f)) {
        size_t n = strlen(line);
        char *id = line + sizeof head - 1;
        char *end = n > sizeof head ? strchr(id, '"') : NULL;
        if (line[n - 1] != '\n' || strncmp(line, head, sizeof head - 1) != 0 || !end) {
            return;
        }
        remember(h, weir_sv_of(id, (size_t)(end - id)));
        *whole += (long)n;
    }
}

static weir_rc open_file(weir_demo_hook *h, const char *path, weir_status *st)
{
    FILE *old = fopen(path, "r");
    if (old) {
        long whole = 0;
        read_lines(h, old, &whole);
        fclose(old);
        if (truncate(path, whole) != 0) {
            return weir_fail(st, WEIR_EIO, "cannot write %s", path);
        }
    }
    h->file = fopen(path, "a");
    return h->file ? WEIR_OK : weir_fail(st, WEIR_EIO, "cannot write %s", path);
}

static bool write_line(weir_demo_hook *h, weir_sv id, weir_sv body)
{
    fprintf(h->file, "{\"id\":\"" WEIR_SV_FMT "\",\"alert\":" WEIR_SV_FMT "}\n", WEIR_SV_ARG(id),
            WEIR_SV_ARG(body));
    return fflush(h->file) == 0;
}

/* ---- requests ---- */

static bool is_plain(weir_sv id)
{
    for (uint32_t i = 0; i < id.n; i++) {
        bool letter = (id.p[i] | 32) >= 'a' && (id.p[i] | 32) <= 'z';
        bool digit = id.p[i] >= '0' && id.p[i] <= '9';
        if (!letter && !digit && id.p[i] != '_' && id.p[i] != '-') {
            return false;
        }
    }
    return id.n > 0 && id.n <= ID_BYTES_MAX;
}

static void copy(char *to, size_t cap, weir_sv from)
{
    size_t n = from.n < cap ? from.n : cap - 1;
    memcpy(to, n ? from.p : "", n);
    to[n] = 0;
}

/* An object on one line, with what is shown of it. */
static bool read_alert(weir_demo_hook *h, weir_sv body, weir_demo_alert_taken *out)
{
    weir_json_doc doc = {0};
    weir_json_token found[MEMBERS];
    weir_arena_reset(&h->step);
    if (memchr(body.p, '\n', body.n) || !weir_json_open(&doc, &h->step, body) ||
        !weir_json_starts_object(&doc) || !weir_json_members(&doc, 0, h->keys, found)) {
        return false;
    }
    copy(out->card, sizeof out->card, weir_json_string_of(&h->step, &found[CARD]));
    copy(out->total, sizeof out->total, found[TOTAL].text);
    char number[24];
    copy(number, sizeof number, found[ATTEMPTS].text);
    out->attempts = strtoll(number, NULL, 10);
    copy(number, sizeof number, found[AT].text);
    out->at = strtoll(number, NULL, 10);
    return true;
}

static weir_sv header(const weir_http_req *req, const char *name)
{
    weir_sv value = {0};
    return weir_http_header(req, name, &value) ? value : (weir_sv){0};
}

/* The status to answer. */
static int32_t take(weir_demo_hook *h, weir_http_req *req, weir_demo_received *r)
{
    weir_signed m = {.signature = header(req, "webhook-signature"),
                     .id = header(req, "webhook-id"),
                     .timestamp = header(req, "webhook-timestamp"),
                     .body = weir_http_body(req)};
    if (weir_signature_refuses(h->signer, WEIR_SIGNATURE_STANDARD, &m, weir_wall_ms() / 1000,
                               WEIR_WEBHOOK_TOLERANCE_S)) {
        r->refused++;
        return 401;
    }
    weir_demo_alert_taken alert;
    if (!is_plain(m.id) || !read_alert(h, m.body, &alert)) {
        r->refused++;
        return 400;
    }
    if (weir_hmap_find(h->ids, m.id)) {
        r->repeats++;
        return 204;
    }
    if (!write_line(h, m.id, m.body)) {
        return 503; /* it comes again */
    }
    bool added;
    weir_hmap_insert(h->ids, m.id, &added);
    r->alerts++;
    r->n_last += r->n_last < WEIR_DEMO_LAST;
    memmove(&r->last[1], &r->last[0], (WEIR_DEMO_LAST - 1) * sizeof alert);
    r->last[0] = alert;
    return 204;
}

static void on_alert(void *ctx, weir_http_req *req)
{
    weir_demo_hook *h = ctx;
    weir_demo_received r = weir_demo_hook_received(h);
    int32_t status = take(h, req, &r);
    weir_lock_enter(h->lock);
    h->received = r;
    weir_lock_leave(h->lock);
    weir_http_reply(req, status, NULL, (weir_sv){0}, NULL, 0);
}

weir_demo_received weir_demo_hook_received(weir_demo_hook *h)
{
    weir_lock_enter(h->lock);
    weir_demo_received r = h->received;
    weir_lock_leave(h->lock);
    return r;
}

/* ---- beginning and end ---- */

static weir_rc make_secret(weir_demo_hook *h, weir_status *st)
{
    char bytes[SECRET_BYTES];
    FILE *f = fopen("/dev/urandom", "r");
    bool got = f && fread(bytes, sizeof bytes, 1, f) == 1;
    if (f) {
        fclose(f);
    }
    if (!got) {
        return weir_fail(st, WEIR_EIO, "cannot read /dev/urandom");
    }
    weir_buf text = {0};
    weir_buf_str(&text, "whsec_");
    weir_base64_encode(&text, weir_sv_of(bytes, sizeof bytes));
    weir_sv secret = weir_buf_view(&text);
    weir_rc rc = weir_signer_new(&secret, 1, &h->signer, st);
    setenv(WEIR_DEMO_SECRET, weir_buf_cstr(&text), 1);
    weir_buf_deinit(&text);
    return rc;
}

static weir_rc open_server(weir_demo_hook *h, weir_status *st)
{
    weir_http_server_spec spec = {.listen = "127.0.0.1:0", .body_max = ALERT_BYTES_MAX};
    weir_http_route route = {.method = "POST", .path = "/alerts", .call = on_alert, .ctx = h};
    WEIR_TRY(weir_http_server_open(h->loop, &spec, &h->server, st));
    return weir_http_route_add(h->server, &route, st);
}

static void serve(void *loop)
{
    weir_loop_run(loop);
}

static void end_serving(void *loop)
{
    weir_loop_stop(loop);
}

weir_rc weir_demo_hook_open(const char *path, weir_demo_hook **out, weir_status *st)
{
    static const weir_sv members[MEMBERS] = {{"card", 4}, {"attempts", 8}, {"total", 5}, {"at", 2}};
    weir_demo_hook *h = weir_zalloc(sizeof *h);
    weir_arena_init(&h->arena);
    weir_arena_init(&h->step);
    h->keys = weir_json_keys_new(&h->arena, members, MEMBERS);
    h->ids = weir_hmap_new(1);
    weir_hmap_track(h->ids, false);
    h->lock = weir_lock_new();
    h->loop = weir_loop_new();
    weir_rc rc = make_secret(h, st);
    rc = rc ? rc : open_file(h, path, st);
    rc = rc ? rc : open_server(h, st);
    if (rc != WEIR_OK) {
        weir_demo_hook_close(h);
        return rc;
    }
    h->thread = weir_thread_start(serve, h->loop);
    *out = h;
    return WEIR_OK;
}

void weir_demo_hook_close(weir_demo_hook *h)
{
    if (!h) {
        return;
    }
    if (h->thread) {
        weir_loop_post(h->loop, end_serving, h->loop);
        weir_thread_join(h->thread);
    }
    weir_http_server_close(h->server);
    weir_loop_free(h->loop);
    weir_signer_free(h->signer);
    if (h->file) {
        fclose(h->file);
    }
    weir_hmap_free(h->ids, NULL, NULL);
    weir_lock_free(h->lock);
    weir_arena_deinit(&h->arena);
    weir_arena_deinit(&h->step);
    weir_free(h);
}

uint16_t weir_demo_hook_port(const weir_demo_hook *h)
{
    return weir_http_server_port(h->server);
}
