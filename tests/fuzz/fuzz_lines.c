/* What files and HTTP answers bring: CSV records become objects that are JSON, positions and Link headers
 * are read or refused. */
#include "connectors/http_url.h"
#include "connectors/source_file.h"
#include "engine/data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_object(weir_arena *a, const weir__csv_field *fields, uint32_t n)
{
    static const weir_kind kinds[] = {WEIR_T_STRING, WEIR_T_INTEGER, WEIR_T_BOOLEAN, WEIR_T_DOUBLE};
    weir_sv *names = WEIR_NEW_N(a, weir_sv, n + 1);
    weir_column *cols = WEIR_NEW_N(a, weir_column, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = weir_arena_printf(a, "c%u", i);
        cols[i] = (weir_column){.name = names[i], .type = weir_type_of(kinds[i % WEIR_COUNT(kinds)])};
    }
    weir_schema schema = {.n = (uint16_t)n, .cols = cols};
    weir_buf out = {0};
    const weir_json_node *node = NULL;
    weir_status st;
    weir_status_reset(&st);
    WEIR_ASSERT(!weir__csv_object(fields, n, names, n, &schema, &out));
    size_t length = out.n;
    weir_buf_add(&out, (char[64]){0}, 64);
    /* what is no UTF-8 stays so, and is refused behind this */
    if (weir_json_parse(a, weir_sv_of(out.p, length), NULL, &node, &st) == WEIR_OK) {
        WEIR_ASSERT(node->kind == WEIR_JSON_OBJECT && node->n == n);
    }
    weir_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_arena a;
    weir_sv in = weir_sv_of((const char *)data, size);
    weir__csv_field *fields = NULL;
    uint32_t n = 0;
    if (size > 1 << 16) {
        return 0;
    }
    weir_arena_init(&a);
    for (uint32_t at = 0; at < in.n;) {
        weir_sv rest = weir_sv_of(in.p + at, in.n - at);
        uint32_t end = weir__csv_end(rest);
        WEIR_ASSERT(end <= rest.n && (end == 0 || rest.p[end - 1] == '\n'));
        weir_sv record = weir_sv_of(rest.p, end ? end : rest.n);
        if (!weir__csv_split(&a, record, ',', &fields, &n) && n < UINT16_MAX) {
            WEIR_ASSERT(n > 0);
            check_object(&a, fields, n);
        }
        at += record.n;
    }
    weir_sv next = weir_http_link_next(in);
    WEIR_ASSERT(next.n == 0 || (next.p >= in.p && next.p + next.n <= in.p + in.n));
    weir__file_list list = {0};
    weir_status st;
    weir_status_reset(&st);
    if (weir__file_list_read(&list, in, &st) == WEIR_OK && in.n) {
        weir_buf again = {0};
        weir__file_list_write(&list, &again);
        WEIR_ASSERT(again.n > 0);
        weir_buf_deinit(&again);
    }
    weir__file_list_free(&list);
    weir_arena_deinit(&a);
    return 0;
}
