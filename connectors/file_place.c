/* See file_place.h. */
#include "connectors/file_place.h"

#include "engine/io/folder.h"

static uint32_t leading(weir_sv path)
{
    uint32_t n = 0;
    while (path.n - n >= 2 && path.p[n] == '.' && path.p[n + 1] == '/') {
        n += 2;
        while (n < path.n && path.p[n] == '/') {
            n++;
        }
    }
    return n;
}

weir_rc weir__file_place(const weir_conn *c, weir_sv path, const char **base, uint32_t *skip,
                         weir_status *st)
{
    *base = weir_conn_cstr(c, "base.dir");
    *skip = leading(path);
    if (path.n == 0 || path.p[0] != '/') {
        return WEIR_OK;
    }
    weir_buf dir = {0};
    weir_rc rc = WEIR_OK;
    if (**base == '/') {
        weir_buf_str(&dir, *base);
    } else {
        rc = weir_working_folder(&dir, st);
    }
    while (dir.n && dir.p[dir.n - 1] == '/') {
        dir.n--;
    }
    weir_buf_byte(&dir, '/');
    if (rc == WEIR_OK && !weir_sv_starts(path, weir_buf_view(&dir))) {
        dir.n -= dir.n > 1;
        weir_conn_refuse(c, "path", 0, 0, st, "is not below " WEIR_SV_FMT,
                         WEIR_SV_ARG(weir_buf_view(&dir)));
        rc = weir_hint(st, "'base.dir' names the folder that paths may lead into");
    }
    if (rc == WEIR_OK) {
        *base = weir_arena_cstr(weir_conn_arena(c), weir_buf_view(&dir));
        *skip = (uint32_t)dir.n;
    }
    weir_buf_deinit(&dir);
    return rc;
}

weir_compression weir__file_compression(weir_sv name, weir_sv *rest)
{
    static const struct {
        const char *end;
        weir_compression kind;
    } ends[] = {{".gz", WEIR_COMPRESSION_GZIP}, {".gzip", WEIR_COMPRESSION_GZIP},
                {".zst", WEIR_COMPRESSION_ZSTD}, {".zstd", WEIR_COMPRESSION_ZSTD}};
    *rest = name;
    for (size_t i = 0; i < WEIR_COUNT(ends); i++) {
        weir_sv end = weir_sv_cstr(ends[i].end);
        if (name.n > end.n && weir_sv_ieq(weir_sv_of(name.p + name.n - end.n, end.n), end)) {
            rest->n -= end.n;
            return ends[i].kind;
        }
    }
    return WEIR_COMPRESSION_NONE;
}

bool weir__file_is_csv(weir_sv rest)
{
    weir_sv end = rest.n > 4 ? weir_sv_of(rest.p + rest.n - 4, 4) : (weir_sv){0};
    return weir_sv_ieq(end, WEIR_SV(".csv"));
}
