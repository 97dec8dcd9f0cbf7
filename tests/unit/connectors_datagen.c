/* The generator: the same seed gives the same bytes, from any position; distributions, references,
 * sessions and faults are what was asked for; every built-in model gives the fields it declares. */
#include "connectors/datagen.h"
#include "engine/base/hash.h"
#include "engine/data/json.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define N_MAX 64

/* A request from "name", "value" pairs. */
typedef struct made {
    weir_arena a;
    weir_datagen_spec *spec;
    weir_datagen *g;
} made;

static weir_rc try_make(made *m, weir_datagen_request r, const char *const *options,
                        weir_status *st)
{
    weir_datagen_option list[N_MAX];
    weir_arena_init(&m->a);
    weir_status_reset(st);
    for (r.n_options = 0; options && options[2 * r.n_options]; r.n_options++) {
        list[r.n_options] = (weir_datagen_option){weir_sv_cstr(options[2 * r.n_options]),
                                                  weir_sv_cstr(options[2 * r.n_options + 1])};
    }
    r.options = list;
    m->g = NULL;
    weir_rc rc = weir_datagen_describe(&m->a, &r, &m->spec, st);
    if (rc == WEIR_OK) {
        m->g = weir_datagen_new(m->spec);
    }
    return rc;
}

static void unmake(made *m)
{
    weir_datagen_free(m->g);
    weir_arena_deinit(&m->a);
}

static made make(weir_datagen_request r, const char *const *options)
{
    made m;
    weir_status st;
    assert_ok(try_make(&m, r, options, &st), &st);
    return m;
}

#define MODEL(name) ((weir_datagen_request){.model = weir_sv_cstr(name)})
#define TEXT(text) ((weir_datagen_request){.model_text = weir_sv_cstr(text)})
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static uint64_t digest(uint64_t h, const weir_datagen_record *r)
{
    h = weir_hash_u64(h ^ r->table ^ (uint64_t)r->timestamp ^ (uint64_t)r->malformed << 60);
    h = weir_hash_u64(h ^ (r->key.n == UINT32_MAX ? 1 : weir_hash_sv(r->key)));
    h = weir_hash_u64(h ^ weir_hash_sv(r->key_json));
    return weir_hash_u64(h ^ (r->value.n == UINT32_MAX ? 2 : weir_hash_sv(r->value)));
}

/* Of records `from` to `to`. */
static uint64_t digest_of(weir_datagen *g, uint64_t from, uint64_t to)
{
    weir_datagen_record r;
    uint64_t h = 0;
    weir_datagen_seek(g, from);
    while (weir_datagen_position(g) < to && weir_datagen_next(g, &r)) {
        h = digest(h, &r);
    }
    return h;
}

static const weir_json_node *parse(weir_arena *a, weir_sv text)
{
    const weir_json_node *v = NULL;
    weir_status st;
    weir_status_reset(&st);
    assert_ok(weir_json_parse(a, text, NULL, &v, &st), &st);
    return v;
}

static weir_sv field(weir_arena *a, weir_sv json, const char *name)
{
    return weir_json_get_text(parse(a, json), weir_sv_cstr(name), (weir_sv){0});
}

/* ---- models ---- */

static bool fits(const weir_type *type, const weir_json_node *v)
{
    switch (type->kind) {
    case WEIR_T_BOOLEAN:
        return v->kind == WEIR_JSON_TRUE || v->kind == WEIR_JSON_FALSE;
    case WEIR_T_INTEGER:
    case WEIR_T_BIGINT:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP:
        return v->kind == WEIR_JSON_INT;
    case WEIR_T_DOUBLE:
    case WEIR_T_DECIMAL:
        return v->kind == WEIR_JSON_DECIMAL || v->kind == WEIR_JSON_INT;
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return v->kind == WEIR_JSON_STRING && v->text.n > 0;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
        for (uint32_t i = 0; i < v->n; i++) {
            if (!fits(type->item, &v->items[i])) {
                return false;
            }
        }
        return v->kind == (type->kind == WEIR_T_ARRAY ? WEIR_JSON_ARRAY : WEIR_JSON_OBJECT) &&
               v->n > 0;
    case WEIR_T_STRUCT:
        for (uint32_t i = 0; i < type->n_fields; i++) {
            const weir_json_node *m = weir_json_get(v, type->fields[i].name);
            if (!m || !fits(type->fields[i].type, m)) {
                return false;
            }
        }
        return v->n == type->n_fields;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    return false;
}

static void check_record(made *m, const weir_datagen_record *r)
{
    weir_arena a;
    weir_arena_init(&a);
    const weir_datagen_table *t = weir_datagen_table_at(m->spec, r->table);
    const weir_json_node *v = parse(&a, r->value);
    const weir_json_node *k = parse(&a, r->key_json);
    assert_true(t->wanted);
    assert_int_equal(v->kind, WEIR_JSON_OBJECT);
    for (uint32_t i = 0; i < t->n_columns; i++) {
        const weir_json_node *member = weir_json_get(v, t->columns[i].name);
        if (!member || !(member->kind == WEIR_JSON_NULL || fits(t->columns[i].type, member))) {
            fail_msg("%.*s of %.*s", WEIR_SV_ARG(t->columns[i].name), WEIR_SV_ARG(r->value));
        }
        if (t->columns[i].key) {
            assert_true(fits(t->columns[i].type, k));
        }
    }
    assert_true(t->n_columns == 0 || v->n == t->n_columns);
    weir_arena_deinit(&a);
}

static void every_model(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < weir_datagen_n_models; i++) {
        made m =
            make(MODEL(weir_datagen_models[i].name), OPTIONS("max.rows", "1500", "malformed", "0"));
        weir_datagen_record r;
        uint64_t h = 0;
        uint64_t n = 0;
        for (; weir_datagen_next(m.g, &r); n++) {
            check_record(&m, &r);
            h = digest(h, &r);
        }
        assert_int_equal(n, 1500);
        assert_true(digest_of(m.g, 0, 1500) == h);
        made other =
            make(MODEL(weir_datagen_models[i].name), OPTIONS("max.rows", "1500", "seed", "2"));
        assert_true(digest_of(other.g, 0, 1500) != h ||
                    strstr(weir_datagen_models[i].name, "stores"));
        unmake(&other);
        unmake(&m);
    }
}

/* The tail of a run is what a generator gives that goes on there. */
static void resuming(void **state)
{
    (void)state;
    static const char *const models[] = {"shop",   "store", "clickstream",
                                         "orders", "users", "shoe_orders"};
    static const uint64_t at[] = {0, 1, 7, 63, 64, 65, 999, 1100, 1101, 1999, 2000};
    for (size_t i = 0; i < WEIR_COUNT(models); i++) {
        made m = make(MODEL(models[i]), OPTIONS("max.rows", "2000", "duplicates", "0.1",
                                                "malformed", "0.05", "late", "0.1", "rate", "50"));
        for (size_t k = 0; k < WEIR_COUNT(at); k++) {
            made fresh =
                make(MODEL(models[i]), OPTIONS("max.rows", "2000", "duplicates", "0.1", "malformed",
                                               "0.05", "late", "0.1", "rate", "50"));
            digest_of(m.g, 0, at[k]);
            uint64_t tail = digest_of(m.g, at[k], 2000);
            assert_true(digest_of(fresh.g, at[k], 2000) == tail);
            assert_true(digest_of(m.g, at[k], 2000) == tail);
            unmake(&fresh);
        }
        unmake(&m);
    }
}

/* ---- rules ---- */

/* Counts of the values of column `c`, an INT from 0 to n - 1, in 100000 rows. */
static void count(const char *rule, uint32_t n, uint32_t *out)
{
    char text[256];
    snprintf(text, sizeof text, "table t\nc INT %s\n", rule);
    made m = make(TEXT(text), NULL);
    weir_datagen_record r;
    memset(out, 0, sizeof *out * n);
    for (int i = 0; i < 100000; i++) {
        assert_true(weir_datagen_next(m.g, &r));
        long v = strtol(r.value.p + 5, NULL, 10); /* {"c":… */
        assert_true(v >= 0 && v < (long)n);
        out[v]++;
    }
    unmake(&m);
}

#define assert_near(actual, expected, percent)                                                     \
    assert_in_range((actual), (expected) * (100 - (percent)) / 100,                                \
                    (expected) * (100 + (percent)) / 100)

static void distributions(void **state)
{
    (void)state;
    uint32_t n[1000];
    count("uniform min=0 max=9", 10, n);
    for (int i = 0; i < 10; i++) {
        assert_near(n[i], 10000, 5);
    }
    count("zipf n=100 s=1 min=0", 100, n); /* the harmonic sum of 100 is 5.187 */
    assert_near(n[0], 19278, 4);
    assert_near(n[1], 9639, 4);
    assert_near(n[9], 1928, 10);
    count("list values=0,1,2 weights=7,2,1", 3, n);
    assert_near(n[0], 70000, 2);
    assert_near(n[1], 20000, 3);
    assert_near(n[2], 10000, 4);
    count("uniform min=0 keys=1000 hot.share=0.3 hot.size=5", 1000, n);
    uint32_t hot = n[0] + n[1] + n[2] + n[3] + n[4];
    assert_near(hot, 30350, 4);
    count("normal mean=50 stddev=10 min=0 max=99", 100, n);
    uint32_t inside = 0;
    for (int i = 40; i <= 60; i++) {
        inside += n[i];
    }
    assert_near(inside, 70600, 2); /* from 39.5 to 60.5 */
    count("sequence start=3 step=2 end=9", 10, n);
    assert_int_equal(n[3], 25000);
    assert_int_equal(n[9], 25000);
}

static void shares(void **state)
{
    (void)state;
    made m = make(
        TEXT("table t\na BOOLEAN bool odds=0.2\nb INT uniform min=1 max=9 null.share=0.4\n"), NULL);
    weir_datagen_record r;
    int yes = 0;
    int null = 0;
    for (int i = 0; i < 20000; i++) {
        weir_datagen_next(m.g, &r);
        yes += weir_sv_find(r.value, WEIR_SV("true"), 0) > 0;
        null += weir_sv_find(r.value, WEIR_SV("null"), 0) > 0;
    }
    assert_near(yes, 4000, 6);
    assert_near(null, 8000, 5);
    unmake(&m);
}

static void texts(void **state)
{
    (void)state;
    static const struct {
        const char *column, *first;
    } cases[] = {
        {"c STRING sequence start=5 prefix=\"U_\" width=4", "{\"c\":\"\\\"U_\\\"0005\"}"},
        {"c STRING const value='it''s \"so\"'", "{\"c\":\"it's \\\"so\\\"\"}"},
        {"c DECIMAL(6,2) sequence start=1.5 step=0.25", "{\"c\":1.50}"},
        {"c DOUBLE const value=2.5", "{\"c\":2.5}"},
        {"c BIGINT sequence start=-9223372036854775807", "{\"c\":-9223372036854775807}"},
        {"c STRING regex pattern='(ab){2}c|(ab){2}c'", "{\"c\":\"ababc\"}"},
        {"c STRING regex pattern='\\\\\"é'", "{\"c\":\"\\\\\\\"é\"}"},
        {"c STRING timestamp", "{\"c\":\"2026-01-26T08:00:00.000\"}"},
        {"c STRING timestamp format='dd/MM/yy'", "{\"c\":\"26/01/26\"}"},
        {"c DATE timestamp", "{\"c\":20479}"},
        {"c ARRAY<INT> array length=2 item.value=7", "{\"c\":[7,7]}"},
        {"c ARRAY<INT> array length=0", "{\"c\":[]}"},
        {"c MAP<STRING, INT> map names=x,y value.value=1", "{\"c\":{\"x\":1,\"y\":1}}"},
        {"c STRUCT<a INT, b STRUCT<d STRING>> a.value=1 b.d.value=z",
         "{\"c\":{\"a\":1,\"b\":{\"d\":\"z\"}}}"},
        {"c STRUCT<a INT> list values='[{\"a\":3}]'", "{\"c\":{\"a\":3}}"},
        {"c INT null", "{\"c\":null}"},
        {"c STRING template template='${d:03}-${1..1}'\nd INT const value=7",
         "{\"c\":\"007-1\",\"d\":7}"},
        {"c DECIMAL(9,2) times of=p,q\np DECIMAL(9,2) const value=12.35\nq INT const value=3",
         "{\"c\":37.05,\"p\":12.35,\"q\":3}"},
        {"c INT const value=1 hidden=true\nd STRING template template=x${c}", "{\"d\":\"x1\"}"},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "table t\n%s\n", cases[i].column);
        made m = make(TEXT(text), NULL);
        weir_datagen_record r;
        assert_true(weir_datagen_next(m.g, &r));
        assert_sv_equal(r.value, cases[i].first);
        unmake(&m);
    }
}

static void wrong_rules(void **state)
{
    (void)state;
    static const char *const columns[][2] = {
        {"c INT unifrom min=1", "\"unifrom\" is no kind of rule"},
        {"c INT uniform min=5 max=1", "max is less than min"},
        {"c INT uniform mni=5 max=9", "\"mni\" says nothing here"},
        {"c INT list", "a list wants values"},
        {"c INT list values=a", "does not fit"},
        {"c INT list values=1,2 weights=1", "one number for each"},
        {"c STRING regex pattern='[a'", "a class without an end"},
        {"c STRING regex pattern='a{2,1}'", "a repetition"},
        {"c STRING regex pattern='((a{1000}){1000}){1000}'", "too long"},
        {"c STRING regex pattern='(?=a)'", "cannot be generated"},
        {"c STRING template template='${d}'", "there is no column d"},
        {"c STRING template template='${c}'", "depend on themselves"},
        {"c STRING template template='${1..'", "not closed"},
        {"c INT ref table=u", "there is no table"},
        {"c INT zipf n=100000000", "zipf wants 1 to"},
        {"c INT uniform min=1 max=3 scope=session", "wants a walk"},
        {"c STRING walk steps='a>b:0.6 a>c:0.6'", "add up to 1.2"},
        {"c ARRAY<ARRAY<ARRAY<INT>>> array length=900 item.length=900 item.item.length=900",
         "larger than"},
        {"a STRING text length=500000\nb STRING template='${a}${a}${a}${a}'\n"
         "c STRING template='${b}${b}${b}${b}${b}${b}${b}${b}${b}'",
         "larger than"},
        {"c STRING walk steps='a-b'", "a step is"},
        {"c STRING timestamp format='zz{'", "Pattern"},
        {"c WORD const value=1", "is no type"},
        {"c INT const value=1\nc INT const value=1", "a second column"},
        {"c INT const value='1", "a quote is not closed"},
        {"c BOOLEAN uniform min=1 max=2", "do not fit the column's type"},
    };
    for (size_t i = 0; i < WEIR_COUNT(columns); i++) {
        char text[512];
        made m;
        weir_status st;
        snprintf(text, sizeof text, "table t\n%s\n", columns[i][0]);
        weir_rc rc = try_make(&m, TEXT(text), NULL, &st);
        if (rc == WEIR_OK || !strstr(st.msg, columns[i][1])) {
            fail_msg("%s: %s", columns[i][0], st.msg);
        }
        unmake(&m);
    }
}

/* ---- several tables ---- */

/* Every reference is to a row that was there before, and what goes with it is of the same row. */
static void references(void **state)
{
    (void)state;
    static const char model[] =
        "table goods key=id rows=50\nid INT sequence start=1\nprice INT uniform min=100 max=999\n"
        "table orders key=id weight=3\nid INT sequence\ngood INT ref table=goods column=id\n"
        "price INT ref with=good\n"
        "table parcels\norder_id INT ref table=orders column=id\n";
    made m = make(TEXT(model), NULL);
    weir_arena a;
    weir_arena_init(&a);
    weir_datagen_record r;
    int64_t prices[51] = {0};
    int64_t orders = 0;
    for (int i = 0; i < 5000; i++) {
        assert_true(weir_datagen_next(m.g, &r));
        const weir_json_node *v = parse(&a, r.value);
        int64_t id = weir_json_get_i64(v, WEIR_SV("id"), -1);
        int64_t price = weir_json_get_i64(v, WEIR_SV("price"), -1);
        if (r.table == 0) {
            prices[id] = price;
        } else if (r.table == 1) {
            assert_int_equal(prices[weir_json_get_i64(v, WEIR_SV("good"), 0)], price);
            assert_int_equal(id, orders++);
        } else {
            assert_in_range(weir_json_get_i64(v, WEIR_SV("order_id"), -1), 0, orders - 1);
        }
    }
    assert_int_equal(orders, 3713); /* 4950 in turns of 4, of which 3 are orders */
    made alone =
        make(TEXT(model), OPTIONS("tables", "parcels")); /* the same parcels without the rest */
    assert_true(weir_datagen_next(alone.g, &r));
    assert_sv_equal(weir_datagen_table_at(alone.spec, r.table)->name, "parcels");
    unmake(&alone);
    weir_arena_deinit(&a);
    unmake(&m);
}

static void no_orphans_in_spite_of_faults(void **state)
{
    (void)state;
    made m = make(TEXT("table orders key=id\nid INT sequence\ntable parcels\norder_id INT ref "
                       "table=orders column=id\n"),
                  OPTIONS("malformed", "0.2", "tombstones", "0.2", "duplicates", "0.2"));
    bool whole[5000] = {0};
    weir_datagen_record r;
    int bad = 0;
    for (int i = 0; i < 5000; i++) {
        weir_datagen_next(m.g, &r);
        if (r.value.n == UINT32_MAX || r.malformed) {
            continue;
        }
        long id = strtol(strchr(r.value.p, ':') + 1, NULL, 10);
        bad += r.table == 1 && !whole[id];
        whole[id] = whole[id] || r.table == 0;
    }
    assert_true(bad <= 2); /* at the very beginning there may be none to refer to */
    unmake(&m);
}

/* Sessions interleave, each goes through its states, and keeps its user and its product. */
static void sessions(void **state)
{
    (void)state;
    enum { SESSIONS = 20000 };
    static char last[SESSIONS];
    static uint64_t user[SESSIONS];
    static uint64_t product[SESSIONS];
    memset(last, 0, sizeof last);
    made m = make(MODEL("store"), OPTIONS("tables", "events", "max.rows", "20000"));
    weir_datagen_record r;
    int changes = 0;
    uint64_t before = 0;
    int sold = 0;
    weir_arena a;
    weir_arena_init(&a);
    while (weir_datagen_next(m.g, &r)) {
        weir_arena_reset(&a);
        uint64_t s = strtoull(field(&a, r.value, "session_id").p + 1, NULL, 10);
        weir_sv event = field(&a, r.value, "event_type");
        uint64_t u = weir_hash_sv(r.key);
        uint64_t p = weir_hash_sv(field(&a, r.value, "product_id"));
        assert_true(s > 0 && s < SESSIONS);
        char e = event.p[0];
        assert_true(e == 'v' || last[s] != 0);
        assert_true(e != 'a' || last[s] == 'v');
        assert_true(e != 'p' || last[s] == 'a');
        assert_true(!last[s] || user[s] == u);
        assert_true(e == 'v' || product[s] == p);
        assert_true((field(&a, r.value, "quantity").n == 0) == (e == 'v'));
        sold += e == 'p';
        last[s] = e;
        user[s] = u;
        product[s] = p;
        changes += s != before;
        before = s;
    }
    assert_true(changes > 19000);
    assert_true(sold > 500);
    weir_arena_deinit(&a);
    unmake(&m);
}

/* ---- faults and pace ---- */

static void faults(void **state)
{
    (void)state;
    made m = make(MODEL("users"),
                  OPTIONS("malformed", "0.1", "tombstones", "0.05", "duplicates", "0.1", "late",
                          "0.2", "late.max", "60s", "disorder", "500ms", "rate", "1000"));
    weir_arena a;
    weir_arena_init(&a);
    weir_datagen_record r;
    int bad = 0;
    int dead = 0;
    int late = 0;
    for (int i = 0; i < 20000; i++) {
        assert_true(weir_datagen_next(m.g, &r));
        int64_t behind = INT64_C(1769414400000) + i - r.timestamp;
        late += behind > 600;
        assert_true(behind >= -1 && behind <= 60600 + 64);
        assert_true(r.key.n != UINT32_MAX);
        dead += r.value.n == UINT32_MAX;
        bad += r.malformed;
        if (r.malformed) {
            const weir_json_node *v;
            weir_status st;
            weir_status_reset(&st);
            assert_true(weir_json_parse(&a, r.value, NULL, &v, &st) != WEIR_OK);
            weir_arena_reset(&a);
        }
    }
    assert_near(bad, 2000, 8);
    assert_near(dead, 1000, 10);
    assert_near(late, 3960, 6);
    weir_arena_deinit(&a);
    unmake(&m);
    m = make(TEXT("table t key=id\nid INT sequence\n"), OPTIONS("duplicates", "0.1"));
    int again = 0;
    int64_t next = 0;
    for (int i = 0; i < 10000; i++) { /* duplicates take no numbers */
        weir_datagen_next(m.g, &r);
        int64_t id = strtoll(r.value.p + 6, NULL, 10);
        again += id < next;
        assert_true(id <= next && id >= next - 64);
        next = id == next ? next + 1 : next;
    }
    assert_near(again, 1000, 10);
    unmake(&m);
}

static double due_s(weir_datagen *g, uint64_t at)
{
    weir_datagen_seek(g, at);
    return (double)weir_datagen_due_ns(g) / 1e9;
}

#define assert_about(actual, expected)                                                             \
    assert_true((actual) > (expected)-0.02 && (actual) < (expected) + 0.02)

static void pace(void **state)
{
    (void)state;
    made m = make(MODEL("users"), OPTIONS("rate", "50", "duration", "4s"));
    assert_about(due_s(m.g, 100), 2.0);
    weir_datagen_seek(m.g, 0);
    weir_datagen_record r;
    while (weir_datagen_next(m.g, &r)) {
    }
    assert_int_equal(weir_datagen_position(m.g), 200);
    unmake(&m);
    m = make(MODEL("users"),
             OPTIONS("rate", "10", "burst", "20:60s:5s")); /* 550 and 1000 a minute */
    assert_about(due_s(m.g, 550), 55.0);
    assert_about(due_s(m.g, 1050), 57.5);
    assert_about(due_s(m.g, 1550), 60.0);
    assert_about(due_s(m.g, 1550 * 100 + 10), 6001.0);
    unmake(&m);
    m = make(MODEL("users"), OPTIONS("rate", "100", "sine", "0.5:10s"));
    assert_about(due_s(m.g, 1000), 10.0);
    assert_true(due_s(m.g, 250) < 2.2);
    unmake(&m);
    m = make(MODEL("users"), OPTIONS("rate", "100", "ramp", "300:10s"));
    assert_about(due_s(m.g, 2000), 10.0);
    assert_about(due_s(m.g, 2300), 11.0);
    unmake(&m);
    m = make(MODEL("users"), OPTIONS("steps", "10:10s,0:5s,100:1s"));
    assert_about(due_s(m.g, 50), 5.0);
    assert_about(due_s(m.g, 150), 15.5);
    assert_about(due_s(m.g, 200), 16.0);
    unmake(&m);
}

/* ---- requests ---- */

static void declared_columns(void **state)
{
    (void)state;
    weir_datagen_column columns[] = {{WEIR_SV("USERID"), weir_type_of(WEIR_T_STRING), true},
                                     {WEIR_SV("PRICE"), weir_type_of(WEIR_T_DOUBLE), false},
                                     {WEIR_SV("F_SEQ"), weir_type_of(WEIR_T_INTEGER), false},
                                     {WEIR_SV("GENDER"), weir_type_of(WEIR_T_STRING), false}};
    weir_datagen_request r = {.columns = columns, .n_columns = 4};
    made m = make(r, OPTIONS("fields.f_seq.kind", "sequence", "fields.f_seq.start", "1",
                             "fields.f_seq.end", "3", "rows-per-second", "5", "number-of-rows", "4",
                             "fields.price.null-rate", "1"));
    weir_arena a;
    weir_arena_init(&a);
    weir_datagen_record out;
    for (int i = 0; i < 4; i++) {
        assert_true(weir_datagen_next(m.g, &out));
        assert_true(weir_sv_starts(out.key, WEIR_SV("user_")));
        assert_int_equal(parse(&a, out.value)->n, 3);
        assert_int_equal(weir_json_get_i64(parse(&a, out.value), WEIR_SV("F_SEQ"), -1), i % 3 + 1);
    }
    assert_false(weir_datagen_next(m.g, &out));
    unmake(&m);
    r.model = WEIR_SV("users");
    m = make(r, OPTIONS("keys", "3", "tenants", "2", "hot", "0.9:1"));
    int first = 0;
    for (int i = 0; i < 1000; i++) {
        weir_datagen_next(m.g, &out);
        first += weir_sv_eq(out.key, WEIR_SV("User_1"));
        weir_sv tenant = field(&a, out.value, "tenant");
        assert_true(weir_sv_eq(tenant, WEIR_SV("tenant_1")) ||
                    weir_sv_eq(tenant, WEIR_SV("tenant_2")));
    }
    assert_near(first, 933, 4);
    unmake(&m);
    weir_arena_deinit(&a);
}

static void wrong_requests(void **state)
{
    (void)state;
    static const char *const cases[][4] = {
        {"users", "seeed", "1", "is no option"},
        {"nobody", "seed", "1", "there is no model"},
        {"users", "tables", "people", "no table people"},
        {"users", "late", "2", "late wants a number from 0 to 1"},
        {"users", "rate", "fast", "rows.per.second wants"},
        {"users", "burst", "3", "burst"},
        {"users", "duration", "5s", "duration wants a rate"},
        {"users", "fields.nobody.min", "5", "names no column"},
        {"users", "key", "nobody", "has no column nobody"},
        {"orders", "hot", "0.5:3", "the key of orders is a sequence"},
        {"shop", "hot", "0.5:3", "the model shop has no hot"},
        {"users", "users", "7", "is for the model shop"},
        {"users", "start", "yesterday", "wants a time"},
        {"users", "record.size", "100000000", "record.size wants"},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        made m;
        weir_status st;
        assert_true(try_make(&m, MODEL(cases[i][0]), OPTIONS(cases[i][1], cases[i][2]), &st) !=
                    WEIR_OK);
        if (!strstr(st.msg, cases[i][3])) {
            fail_msg("%s=%s: %s", cases[i][1], cases[i][2], st.msg);
        }
        unmake(&m);
    }
}

static void padding(void **state)
{
    (void)state;
    made m = make(MODEL("users"), OPTIONS("record.size", "500"));
    weir_datagen_record r;
    for (int i = 0; i < 100; i++) {
        weir_datagen_next(m.g, &r);
        assert_int_equal(r.value.n, 500);
        weir_arena a;
        weir_arena_init(&a);
        parse(&a, r.value);
        weir_arena_deinit(&a);
    }
    unmake(&m);
}

static weir_rc a_file(void *ctx, weir_sv path, weir_arena *a, weir_sv *text, weir_status *st)
{
    (void)ctx;
    (void)a;
    (void)st;
    assert_sv_equal(path, "names.txt");
    *text = WEIR_SV("Ulm\n\nKöln\r\n");
    return WEIR_OK;
}

static void avro(void **state)
{
    (void)state;
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"events\",\"fields\":[\n"
        "  // a comment\n"
        "  "
        "{\"name\":\"id\",\"type\":{\"type\":\"long\",\"arg.properties\":{\"iteration\":{\"start\":"
        "1,\"step\":2,\"restart\":5}}}},\n"
        "  "
        "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"k\",\"symbols\":[\"A\",\"B\"]}},"
        "\n"
        "  "
        "{\"name\":\"city\",\"type\":{\"type\":\"string\",\"arg.properties\":{\"options\":{"
        "\"file\":\"names.txt\"}}}},\n"
        "  "
        "{\"name\":\"tag\",\"type\":{\"type\":\"string\",\"arg.properties\":{\"regex\":\"x[1-3]\","
        "\"prefix\":\"p-\"}}},\n"
        "  "
        "{\"name\":\"maybe\",\"type\":[\"null\",{\"type\":\"int\",\"arg.properties\":{\"range\":{"
        "\"min\":3,\"max\":4}}}]},\n"
        "  {\"name\":\"yes\",\"type\":{\"type\":\"boolean\",\"arg.properties\":{\"odds\":1.0}}},\n"
        "  "
        "{\"name\":\"price\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\","
        "\"precision\":4,\"scale\":2,"
        "\"arg.properties\":{\"range\":{\"min\":10.0,\"max\":50.0}}}},\n"
        "  "
        "{\"name\":\"list\",\"type\":{\"type\":\"array\",\"items\":\"double\",\"arg.properties\":{"
        "\"length\":3}}},\n"
        "  "
        "{\"name\":\"map\",\"type\":{\"type\":\"map\",\"values\":\"string\",\"arg.properties\":{"
        "\"length\":{\"min\":1,\"max\":2}}}},\n"
        "  "
        "{\"name\":\"sub\",\"type\":{\"type\":\"record\",\"name\":\"s\",\"fields\":[{\"name\":"
        "\"a\",\"type\":\"k\"}]}}]}";
    made m = make((weir_datagen_request){.avro = weir_sv_cstr(schema), .read_file = a_file},
                  OPTIONS("max.rows", "200", "schema.keyfield", "id"));
    weir_datagen_record r;
    weir_arena a;
    weir_arena_init(&a);
    for (int i = 0; weir_datagen_next(m.g, &r); i++) {
        check_record(&m, &r);
        assert_int_equal(weir_json_get_i64(parse(&a, r.value), WEIR_SV("id"), 0), i % 2 ? 3 : 1);
        assert_true(weir_sv_starts(field(&a, r.value, "tag"), WEIR_SV("p-x")));
        weir_sv city = field(&a, r.value, "city");
        assert_true(weir_sv_eq(city, WEIR_SV("Ulm")) || weir_sv_eq(city, WEIR_SV("Köln")));
    }
    unmake(&m);
    static const char rows[] =
        "{\"type\":\"record\",\"name\":\"codes\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
        "{\"name\":\"b\",\"type\":\"string\"}],\"arg.properties\":{\"options\":"
        "[{\"a\":1,\"b\":\"one\"},{\"a\":2,\"b\":\"two\"}]}}";
    m = make((weir_datagen_request){.avro = weir_sv_cstr(rows)}, OPTIONS("max.rows", "50"));
    while (weir_datagen_next(m.g, &r)) {
        assert_true(weir_sv_eq(r.value, WEIR_SV("{\"a\":1,\"b\":\"one\"}")) ||
                    weir_sv_eq(r.value, WEIR_SV("{\"a\":2,\"b\":\"two\"}")));
    }
    unmake(&m);
    static const char *const bad[] = {
        "", "[]", "{\"fields\":[]}", "{\"fields\":[{\"name\":\"a\",\"type\":\"what\"}]}",
        "{\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"record\",\"name\":\"x\","
        "\"fields\":[{\"name\":\"y\",\"type\":\"x\"}]}}]}"};
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        weir_status st;
        weir_rc rc =
            try_make(&m,
                     (weir_datagen_request){
                         .avro = {bad[i][0] ? bad[i] : " ", (uint32_t)strlen(bad[i]) + !bad[i][0]}},
                     NULL, &st);
        assert_true(rc != WEIR_OK && st.msg[0]);
        unmake(&m);
    }
    weir_arena_deinit(&a);
}

/* Cut anywhere, a description is refused or understood, and nothing else. */
static void cut_descriptions(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < weir_datagen_n_models; i++) {
        const char *text = weir_datagen_models[i].text;
        size_t n = text ? strlen(text) : 0;
        for (size_t k = 1; k < n; k += 7) {
            char *part = test_malloc(k + 1); /* of the very size, for the sanitizer */
            memcpy(part, text, k);
            made m;
            weir_status st;
            weir_datagen_record r;
            if (try_make(&m, (weir_datagen_request){.model_text = {part, (uint32_t)k}}, NULL,
                         &st) == WEIR_OK) {
                weir_datagen_next(m.g, &r);
            }
            unmake(&m);
            test_free(part);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model),    cmocka_unit_test(resuming),
        cmocka_unit_test(distributions),  cmocka_unit_test(shares),
        cmocka_unit_test(texts),          cmocka_unit_test(wrong_rules),
        cmocka_unit_test(references),     cmocka_unit_test(no_orphans_in_spite_of_faults),
        cmocka_unit_test(sessions),       cmocka_unit_test(faults),
        cmocka_unit_test(pace),           cmocka_unit_test(declared_columns),
        cmocka_unit_test(wrong_requests), cmocka_unit_test(padding),
        cmocka_unit_test(avro),           cmocka_unit_test(cut_descriptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
