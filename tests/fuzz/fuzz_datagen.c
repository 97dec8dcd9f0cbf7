/* Descriptions of records that strangers wrote: models, Avro schemas, patterns. The first byte says
 * which; what is understood must give JSON, the same from any position. */
#include "connectors/datagen.h"
#include "engine/base/hash.h"
#include "engine/data/json.h"

#include <stdlib.h>

#define RECORDS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static void check_record(weir_arena *a, const weir_datagen_record *r)
{
    const weir_json_node *v;
    weir_status st;
    weir_status_reset(&st);
    check(weir_json_parse(a, r->key_json, NULL, &v, &st) == WEIR_OK);
    if (r->value.n != UINT32_MAX) {
        check((weir_json_parse(a, r->value, NULL, &v, &st) == WEIR_OK) == !r->malformed);
    }
}

static void generate(weir_arena *a, const weir_datagen_spec *s)
{
    weir_datagen *g = weir_datagen_new(s);
    weir_datagen_record r;
    uint64_t hash[RECORDS] = {0};
    uint64_t n = 0;
    for (; n < RECORDS && weir_datagen_next(g, &r); n++) {
        check_record(a, &r);
        hash[n] = r.value.n == UINT32_MAX ? 0 : weir_hash_sv(r.value);
    }
    if (n > 1) {
        weir_datagen_seek(g, n - 1);
        check(weir_datagen_next(g, &r));
        check(hash[n - 1] == (r.value.n == UINT32_MAX ? 0 : weir_hash_sv(r.value)));
    }
    weir_datagen_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const weir_datagen_option faults[] = {{{"malformed", 9}, {"0.2", 3}},
                                                 {{"duplicates", 10}, {"0.2", 3}}};
    static const char pattern[] = "fields.c.pattern";
    weir_datagen_column column = {.name = WEIR_SV("c"), .type = weir_type_of(WEIR_T_STRING)};
    if (size < 2) {
        return 0;
    }
    weir_sv text = weir_sv_of((const char *)data + 1, size - 1);
    weir_datagen_option own = {weir_sv_cstr(pattern), text};
    weir_datagen_request r = {.options = faults, .n_options = WEIR_COUNT(faults)};
    if (data[0] == 'm') {
        r.model_text = text;
    } else if (data[0] == 'a') {
        r.avro = text;
    } else {
        r = (weir_datagen_request){
            .columns = &column, .n_columns = 1, .options = &own, .n_options = 1};
    }
    weir_arena a;
    weir_datagen_spec *spec;
    weir_status st;
    weir_arena_init(&a);
    weir_status_reset(&st);
    if (weir_datagen_describe(&a, &r, &spec, &st) == WEIR_OK) {
        generate(&a, spec);
    } else {
        check(st.msg[0] != '\0');
    }
    weir_arena_deinit(&a);
    return 0;
}
