/* Which page is asked for next. */
#include "connectors/source_poll.h"

#include "connectors/http_url.h"
#include "engine/data/number.h"

static weir__poll_paging kind_of(weir_sv name)
{
    static const char *const names[] = {"none", "link", "field", "cursor", "page", "offset"};
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        if (weir_sv_ieq(weir_sv_trim(name), weir_sv_cstr(names[i]))) {
            return (weir__poll_paging)i;
        }
    }
    return WEIR__POLL_NONE;
}

static bool counts(const weir__poll_pages *p)
{
    return p->kind == WEIR__POLL_PAGE || p->kind == WEIR__POLL_OFFSET;
}

static int64_t first_number(const weir__poll_pages *p)
{
    return weir_conn_given(p->conn, "paging.start") ? weir_conn_int(p->conn, "paging.start")
                                                    : p->kind == WEIR__POLL_PAGE;
}

weir_rc weir__poll_pages_open(const weir_conn *c, weir__poll_pages *p, weir_status *st)
{
    p->conn = c;
    p->kind = kind_of(weir_conn_text(c, "paging"));
    p->url = weir_conn_text(c, "url");
    p->param = weir_conn_text(c, "paging.param");
    p->field = weir_conn_text(c, "paging.field");
    bool by_field = p->kind == WEIR__POLL_FIELD || p->kind == WEIR__POLL_CURSOR;
    if (by_field && p->field.n == 0) {
        return weir_conn_refuse(c, "paging", 0, 0, st, "this needs option 'paging.field'");
    }
    if (by_field && p->field.p[0] != '/') {
        return weir_conn_refuse(c, "paging.field", 0, 1, st, "a JSON pointer begins with /");
    }
    if (p->param.n == 0) {
        p->param = p->kind == WEIR__POLL_PAGE     ? WEIR_SV("page")
                   : p->kind == WEIR__POLL_OFFSET ? WEIR_SV("offset")
                                                  : WEIR_SV("cursor");
    }
    p->number = first_number(p);
    weir_sv size = weir_conn_text(c, "paging.size");
    weir_buf url = {0};
    weir_rc rc = WEIR_OK;
    if (size.n) {
        rc = weir_http_url_with(p->url, weir_conn_text(c, "paging.size.param"), size, &url, st);
        p->url = weir_arena_sv(weir_conn_arena(c), weir_buf_view(&url));
    }
    weir_buf_deinit(&url);
    return rc;
}

void weir__poll_pages_close(weir__poll_pages *p)
{
    weir_buf_deinit(&p->place);
}

weir_rc weir__poll_pages_url(const weir__poll_pages *p, weir_buf *url, weir_status *st)
{
    weir_buf number = {0};
    weir_sv place = weir_buf_view(&p->place);
    weir_rc rc = WEIR_OK;
    if (counts(p)) {
        weir_buf_printf(&number, "%lld", (long long)p->number);
        rc = weir_http_url_with(p->url, p->param, weir_buf_view(&number), url, st);
    } else if (place.n && p->kind == WEIR__POLL_CURSOR) {
        rc = weir_http_url_with(p->url, p->param, place, url, st);
    } else {
        weir_buf_sv(url, place.n ? place : p->url);
    }
    weir_buf_deinit(&number);
    return rc;
}

/* Text of what the pointer leads to; empty: nothing, null, false, "". */
static weir_sv field_text(const weir_json_node *body, weir_sv pointer)
{
    const weir_json_node *n = weir__poll_pointer(body, pointer);
    bool scalar = n && n->kind != WEIR_JSON_NULL && n->kind != WEIR_JSON_FALSE && n->kind != WEIR_JSON_TRUE &&
                  n->kind != WEIR_JSON_OBJECT && n->kind != WEIR_JSON_ARRAY;
    return scalar ? n->text : (weir_sv){0};
}

/* The next place, as text. The same again would have no end. */
static weir_rc move_to(weir__poll_pages *p, weir_sv ref, bool *more, weir_status *st)
{
    weir_buf to = {0};
    weir_buf asked = {0};
    weir_rc rc = WEIR_OK;
    if (ref.n && p->kind != WEIR__POLL_CURSOR) {
        rc = weir__poll_pages_url(p, &asked, st);
        rc = rc ? rc : weir_http_url_follow(weir_buf_view(&asked), ref, &to, st);
    } else {
        weir_buf_sv(&to, ref);
    }
    *more = rc == WEIR_OK && to.n && !weir_sv_eq(weir_buf_view(&to), weir_buf_view(&p->place));
    if (*more) {
        weir_buf_reset(&p->place);
        weir_buf_sv(&p->place, weir_buf_view(&to));
    }
    weir_buf_deinit(&to);
    weir_buf_deinit(&asked);
    return rc;
}

weir_rc weir__poll_pages_next(weir__poll_pages *p, const weir_http_result *r, const weir_json_node *body,
                              uint32_t records, bool *more, weir_status *st)
{
    weir_rc rc = WEIR_OK;
    *more = false;
    if (counts(p)) {
        p->number += p->kind == WEIR__POLL_PAGE ? records > 0 : records;
        *more = records > 0;
    } else if (p->kind == WEIR__POLL_LINK) {
        rc = move_to(p, weir_http_link_next(weir_http_result_field(r, "Link")), more, st);
    } else if (p->kind != WEIR__POLL_NONE) {
        rc = move_to(p, field_text(body, p->field), more, st);
    }
    *more = *more && ++p->n < (uint32_t)weir_conn_int(p->conn, "paging.max");
    p->under_way = *more;
    return rc;
}

void weir__poll_pages_begin(weir__poll_pages *p)
{
    p->n = 0;
    p->under_way = false;
    if (weir_conn_is(p->conn, "paging.from", "start")) {
        p->number = first_number(p);
        weir_buf_reset(&p->place);
    }
}

/* ---- pointers ---- */

/* ~1 is /, ~0 is ~ */
static bool names(weir_sv part, weir_sv name)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < part.n; i++, at++) {
        char c = part.p[i];
        if (c == '~' && i + 1 < part.n && (part.p[i + 1] == '0' || part.p[i + 1] == '1')) {
            c = part.p[++i] == '1' ? '/' : '~';
        }
        if (at >= name.n || name.p[at] != c) {
            return false;
        }
    }
    return at == name.n;
}

static const weir_json_node *member(const weir_json_node *node, weir_sv part)
{
    int64_t index = 0;
    if (node->kind == WEIR_JSON_ARRAY) {
        bool in = weir_i64_parse(part, &index) && index >= 0 && index < node->n;
        return in ? &node->items[index] : NULL;
    }
    for (uint32_t i = 0; node->kind == WEIR_JSON_OBJECT && i < node->n; i++) {
        if (names(part, node->names[i])) {
            return &node->items[i];
        }
    }
    return NULL;
}

const weir_json_node *weir__poll_pointer(const weir_json_node *node, weir_sv pointer)
{
    for (uint32_t at = 0; node && at < pointer.n;) {
        uint32_t from = at + 1;
        const char *slash = from < pointer.n ? memchr(pointer.p + from, '/', pointer.n - from) : NULL;
        at = slash ? (uint32_t)(slash - pointer.p) : pointer.n;
        node = member(node, weir_sv_of(pointer.p + from, at - from));
    }
    return node;
}
