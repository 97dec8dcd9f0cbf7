/* Syntax tree → SQL: what ksqlDB's messages embed, and print∘parse as a fixed point. */
#include "dsl/parse.h"
#include "dsl/print.h"
#include "engine/base/alloc.h"
#include "tests/support/test.h"

static void print_expression(weir_buf *out, weir_arena *a, const char *text, weir_print_style style)
{
    weir_diags diags;
    weir_diags_init(&diags, a);
    weir_ast_expr *e;
    if (weir_parse_expression(weir_sv_cstr(text), a, &e, &diags) != WEIR_OK) {
        fail_msg("%s: " WEIR_SV_FMT, text, WEIR_SV_ARG(diags.items[0].message));
    }
    weir_print_expr(out, e, style);
}

typedef struct example {
    const char *text;
    const char *message; /* as in ksqlDB's messages */
    const char *sql;     /* NULL: the same */
} example;

static const example examples[] = {
    {"a+b*c", "(A + (B * C))", NULL},
    {"(a+b)*c", "((A + B) * C)", NULL},
    {"a-b-c", "((A - B) - C)", NULL},
    {"a || b || 'x'", "concat(concat(A, B), 'x')", "((A || B) || 'x')"},
    {"-a", "-A", NULL},
    {"-(-a)", "- -A", NULL},
    {"+a", "+A", NULL},
    {"- 5", "-5", NULL},
    {"- -5", "- -5", NULL},
    {"a - -5", "(A - -5)", NULL},
    {"a and b and c or not d", "(((A AND B) AND C) OR (NOT D))", NULL},
    {"a and (b and c)", "(A AND (B AND C))", NULL},
    {"not a = b", "(NOT (A = B))", NULL},
    {"a != 1", "(A <> 1)", NULL},
    {"a <= 1 and b >= 2", "((A <= 1) AND (B >= 2))", NULL},
    {"a is null or b is not null", "((A IS NULL) OR (B IS NOT NULL))", NULL},
    {"a is distinct from b", "(A IS DISTINCT FROM B)", NULL},
    {"a is not distinct from b", "(NOT (A IS DISTINCT FROM B))", NULL},
    {"a between 1 and 2", "(A BETWEEN 1 AND 2)", NULL},
    {"a not between 1 and 2", "(NOT (A BETWEEN 1 AND 2))", NULL},
    {"a in (1,2)", "(A IN (1, 2))", NULL},
    {"a not in ('x')", "(NOT (A IN ('x')))", NULL},
    {"a like 'x%' escape '!'", "(A LIKE 'x%' ESCAPE '!')", NULL},
    {"a not like b", "(NOT (A LIKE B))", NULL},
    {"a at time zone 'UTC'", "(A AT TIME ZONE 'UTC')", NULL},
    {"case when a then 1 else 2 end", "(CASE WHEN A THEN 1 ELSE 2 END)", NULL},
    {"case a when 1 then 2 end", "(CASE A WHEN 1 THEN 2 END)", NULL},
    {"cast(a as array<decimal(3,1)>)", "CAST(A AS ARRAY<DECIMAL(3, 1)>)", NULL},
    {"cast(a as struct<`b c` int>)", "CAST(A AS STRUCT<b c INTEGER>)",
     "CAST(A AS STRUCT<`b c` INTEGER>)"},
    {"array[1,2][1]", "ARRAY[1, 2][1]", NULL},
    {"map('a':=1, 'b':=2)['a']", "MAP('a':=1, 'b':=2)['a']", NULL},
    {"struct(a:=1, `b`:=2)->a", "STRUCT(A:=1, b:=2)->A", "STRUCT(A:=1, `b`:=2)->A"},
    {"t.a->`select`", "T.A->select", "T.A->`select`"},
    {"`select`", "select", "`select`"},
    {"`SELECT`", "SELECT", "`SELECT`"},
    {"`EMIT`", "EMIT", NULL},
    {"`a``b`", "a`b", "`a``b`"},
    {"count(*)", "COUNT(*)", NULL},
    {"count(distinct a)", "COUNT(DISTINCT A)", NULL},
    {"abs(input.id)", "ABS(INPUT.ID)", NULL},
    {"timestampadd(days, 3, ts)", "TIMESTAMPADD(DAYS, 3, TS)", NULL},
    {"transform(a, x => x + 1)", "TRANSFORM(A, (X) => (X + 1))", NULL},
    {"reduce(a, 0, (x,y) => x)", "REDUCE(A, 0, (X, Y) => X)", NULL},
    {"row_number() over (partition by a order by b desc, c)",
     "ROW_NUMBER() OVER (PARTITION BY A ORDER BY B DESC, C)", NULL},
    {"'it''s'", "'it''s'", NULL},
    {"true and FALSE", "(true AND false)", NULL},
    {"null", "null", NULL},
    {"1.50", "1.50", NULL},
    {"00.5", "0.5", "00.5"},
    {".5", "0.5", ".5"},
    {"1.", "1", "1."},
    {"0.0000001", "1E-7", "0.0000001"},
    {"0.000012", "0.000012", NULL},
    {"0.00000120", "0.00000120", NULL},
    {"-0.0", "0.0", "-0.0"},
    {"decimal '12'", "12", "DECIMAL '12'"},
    {"1e3", "1E3", NULL},
    {"125e0", "1.25E2", NULL},
    {"-1.5e-3", "-1.5E-3", NULL},
    {"0e0", "0E0", NULL},
    {"1.7976931348623157E308", "1.7976931348623157E308", NULL},
    {"-9223372036854775808", "-9223372036854775808", NULL},
};

static void expressions(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    for (size_t i = 0; i < WEIR_COUNT(examples); i++) {
        const example *e = &examples[i];
        const char *sql = e->sql ? e->sql : e->message;
        weir_buf out;
        weir_buf_init(&out, 0);
        print_expression(&out, &a, e->text, WEIR_PRINT_MESSAGE);
        assert_string_equal(weir_buf_cstr(&out), e->message);
        weir_buf_reset(&out);
        print_expression(&out, &a, e->text, WEIR_PRINT_SQL);
        assert_string_equal(weir_buf_cstr(&out), sql);
        weir_buf_reset(&out);
        print_expression(&out, &a, sql, WEIR_PRINT_SQL);
        assert_string_equal(weir_buf_cstr(&out), sql);
        weir_buf_deinit(&out);
    }
    weir_arena_deinit(&a);
}

static const char *const statements[] = {
    "create or replace stream if not exists s (k int key, v string) with (kafka_topic='t', "
    "'a.b'=-1.5, partitions=3, x=null, y=true);",
    "create source table t (`k` bigint primary key, h bytes header('it''s')) with "
    "(key_format='json');",
    "create table t with (kafka_topic='x') as select a, count(*) as n from s window tumbling (size "
    "1 "
    "hour, retention 2 days, grace period 1 minute) where a > 0 group by a having count(*) > 1 "
    "emit "
    "final;",
    "create stream s as select * from a x join b as y within (1 day, 2 hours) grace period 3 "
    "seconds "
    "on x.k = y.k left join c on y.j = c.j and y.i = c.i full outer join d on x.k = d.k partition "
    "by "
    "x.k emit changes;",
    "select a.*, b->*, 1 as one from a window w session (5 minutes) group by () limit 5;",
    "select distinct x from (select y from z) as q inner join unnest(q.items) as item where a = 1 "
    "order "
    "by x desc, y limit 3 offset 4;",
    "with a as (select * from b), c as (select * from a) select * from c union all select * from d "
    "emit changes;",
    "select * from e match_recognize (partition by u order by rowtime measures a.x as y one row "
    "per "
    "match after match skip to next row pattern (a b*? ((c | d e)+? (x)+ ((y)+)* (z w)) f{2,} g{3} "
    "h{,4} i?) within "
    "interval '10' minute define a as a.v = 1, b as true) as m;",
    "select * from e match_recognize (pattern (a | b) define a as x, b as y);",
    "insert into s with (query_id='q') select * from x;",
    "insert into s (a, `b`) values (1, array['x']);",
    "insert into s values ();",
    "drop stream if exists s delete topic cascade;",
    "drop table t;",
    "drop type if exists t;",
    "drop connector c;",
    "alter table t add column a int, add b map<string, int array>;",
    "create type if not exists t as struct<a int, b struct< >, c `lower`>;",
    "create sink connector if not exists c with ('connector.class'='x', topics='a,b');",
    "create source connector `c-1` with (a=1);",
    "terminate all;",
    "terminate q;",
    "pause all;",
    "resume `q`;",
    "explain select * from s;",
    "explain q;",
    "explain create stream a as select * from b;",
    "describe s extended;",
    "describe streams;",
    "describe tables extended;",
    "describe function f;",
    "describe connector c;",
    "show properties;",
    "list all topics extended;",
    "show streams;",
    "show source connectors;",
    "show connector plugins;",
    "show queries extended;",
    "show variables;",
    "print MyTopic from beginning sample 2 limit 3;",
    "print 't';",
    "set 'auto.offset.reset'='earliest';",
    "unset 'x';",
    "alter system 'a'='b';",
    "define Name = 'it''s';",
    "undefine Name;",
    "run script 'a.sql';",
    "assert topic T with (partitions=1) timeout 5 seconds;",
    "assert not exists topic 'a';",
    "assert schema subject 'S' id 4 timeout 1 minute;",
    "assert not exists schema id 4;",
    "assert values s (a) values (1);",
    "assert null values s key (1);",
    "assert stream s (a int key) with (kafka_topic='t');",
    "assert table t;",
    "create stream ${name} (a int) with (x=${y});",
};

static void print_script(weir_buf *out, weir_arena *a, weir_sv text)
{
    weir_diags diags;
    weir_diags_init(&diags, a);
    weir_script script;
    if (weir_parse_script(text, a, &script, &diags) != WEIR_OK) {
        weir_diag_render(out, (weir_sv){0}, script.text, &diags.items[0]);
        fail_msg("%s", weir_buf_cstr(out));
    }
    for (uint32_t i = 0; i < script.n_stmts; i++) {
        weir_print_stmt(out, script.stmts[i]);
        weir_buf_byte(out, '\n');
    }
}

static void fixed_point(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    for (size_t i = 0; i < WEIR_COUNT(statements); i++) {
        weir_buf once;
        weir_buf twice;
        weir_buf_init(&once, 0);
        weir_buf_init(&twice, 0);
        print_script(&once, &a, weir_sv_cstr(statements[i]));
        print_script(&twice, &a, weir_buf_view(&once));
        assert_string_equal(weir_buf_cstr(&once), weir_buf_cstr(&twice));
        weir_buf_deinit(&once);
        weir_buf_deinit(&twice);
    }
    weir_arena_deinit(&a);
}

static void layout(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    weir_buf out;
    weir_buf_init(&out, 0);
    print_script(
        &out, &a,
        WEIR_SV("create stream s with (kafka_topic='t', 'x.y'=1) as select a, b->c as d from "
                "t left join u on t.a = u.a where a like 'x' emit changes;"));
    assert_string_equal(weir_buf_cstr(&out),
                        "CREATE STREAM S WITH (KAFKA_TOPIC='t', 'x.y'=1) AS SELECT\n"
                        "  A,\n"
                        "  B->C AS D\n"
                        "FROM T\n"
                        "LEFT OUTER JOIN U ON (T.A = U.A)\n"
                        "WHERE (A LIKE 'x')\n"
                        "EMIT CHANGES;\n");
    weir_buf_deinit(&out);
    weir_arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions),
        cmocka_unit_test(fixed_point),
        cmocka_unit_test(layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
