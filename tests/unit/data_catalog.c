/* The catalog: order, replacement in place, and that entries own what they hold. */
#include "engine/data/catalog.h"
#include "tests/support/test.h"

#include <stdio.h>

static const weir_column cols[] = {{{"ID", 2}, NULL, WEIR_COL_KEY, {0}}};

/* Everything lives in buffers that are wiped after the put. */
static void put_source(weir_catalog *c, const char *name, const char *topic)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_column *typed = WEIR_NEW_N(&a, weir_column, 1);
    *typed = cols[0];
    typed->type = weir_type_array(&a, weir_type_of(WEIR_T_BIGINT));
    weir_schema schema = {.n = 1, .n_keys = 1, .cols = typed};
    weir_source s = {
        .name = weir_arena_sv(&a, weir_sv_cstr(name)),
        .schema = &schema,
        .topic = weir_arena_sv(&a, weir_sv_cstr(topic)),
        .key_format = {.kind = WEIR_FMT_PROTOBUF, .full_name = weir_arena_sv(&a, WEIR_SV("a.B"))},
        .sql = weir_arena_sv(&a, WEIR_SV("CREATE STREAM …;")),
    };
    weir_catalog_put_source(c, &s);
    weir_arena_deinit(&a);
}

static void test_sources(void **state)
{
    (void)state;
    weir_catalog *c = weir_catalog_new();
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "S%d", i);
        put_source(c, name, "t");
    }
    const weir_source *fifty = weir_catalog_source(c, WEIR_SV("S50"));
    assert_sv_equal(fifty->key_format.full_name, "a.B");
    assert_int_equal(fifty->version, 0);
    put_source(c, "S50", "other");
    assert_ptr_equal(weir_catalog_source(c, WEIR_SV("S50")), fifty);
    assert_sv_equal(fifty->topic, "other");
    assert_int_equal(fifty->version, 1);
    assert_int_equal(weir_catalog_sources(c), 100);
    assert_ptr_equal(weir_catalog_source_at(c, 50), fifty);

    weir_source changed = *fifty; /* points into what it replaces */
    changed.table = true;
    weir_catalog_put_source(c, &changed);
    assert_sv_equal(fifty->topic, "other");
    assert_true(fifty->table);

    assert_true(weir_catalog_drop_source(c, WEIR_SV("S0")));
    assert_false(weir_catalog_drop_source(c, WEIR_SV("S0")));
    assert_null(weir_catalog_source(c, WEIR_SV("S0")));
    assert_null(weir_catalog_source(c, WEIR_SV("s1")));
    assert_sv_equal(weir_catalog_source_at(c, 0)->name, "S1");
    assert_ptr_equal(weir_catalog_source_at(c, 49), fifty);
    weir_catalog_free(c);
}

static void test_types_queries_topics(void **state)
{
    (void)state;
    weir_catalog *c = weir_catalog_new();
    weir_catalog_put_type(c, WEIR_SV("ADDRESS"), weir_type_of(WEIR_T_STRING));
    assert_int_equal(weir_catalog_types(c), 1);
    assert_sv_equal(weir_catalog_type_at(c, 0)->name, "ADDRESS");
    assert_int_equal(weir_catalog_type(c, WEIR_SV("ADDRESS"))->type->kind, WEIR_T_STRING);
    assert_true(weir_catalog_drop_type(c, WEIR_SV("ADDRESS")));

    weir_sv sources[] = {WEIR_SV("A"), WEIR_SV("B")};
    weir_query_info q = {.id = WEIR_SV("CSAS_OUT_0"),
                         .sink = WEIR_SV("OUT"),
                         .sources = sources,
                         .n_sources = 2,
                         .sql = WEIR_SV("…")};
    weir_catalog_put_query(c, &q);
    q.paused = true;
    weir_catalog_put_query(c, &q);
    assert_int_equal(weir_catalog_queries(c), 1);
    assert_true(weir_catalog_query_at(c, 0)->paused);
    assert_sv_equal(weir_catalog_query(c, WEIR_SV("CSAS_OUT_0"))->sources[1], "B");
    assert_true(weir_catalog_drop_query(c, WEIR_SV("CSAS_OUT_0")));
    assert_null(weir_catalog_query(c, WEIR_SV("CSAS_OUT_0")));

    assert_int_equal(weir_catalog_topic_partitions(c, WEIR_SV("t")), 0);
    weir_catalog_put_topic(c, WEIR_SV("t"), 4);
    assert_int_equal(weir_catalog_topic_partitions(c, WEIR_SV("t")), 4);
    assert_true(weir_catalog_drop_topic(c, WEIR_SV("t")));

    assert_int_equal(weir_catalog_next_query(c), 0);
    assert_int_equal(weir_catalog_peek_query(c), 1);
    assert_int_equal(weir_catalog_next_query(c), 1);
    weir_catalog_free(c);
    weir_catalog_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_types_queries_topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
