/* Redis without a Redis: addresses, words, slots, what errors mean, and replies however they are cut. */
#include "connectors/redis_slots.h"
#include "connectors/sink_redis.h"
#include "tests/support/test.h"

#include <stdio.h>

/* ---- addresses ---- */

static void uris_are_read(void **state)
{
    static const struct {
        const char *uri, *host, *user, *password, *unix_path;
        uint16_t port;
        int32_t db;
        bool tls;
    } cases[] = {
        {"redis://127.0.0.1:6379/0", "127.0.0.1", NULL, NULL, NULL, 6379, 0, false},
        {"rediss://u%40x:p%3Aw@h:1/7", "h", "u@x", "p:w", NULL, 1, 7, true},
        {"redis://:pw@h", "h", NULL, "pw", NULL, 6379, 0, false},
        {"REDIS://[::1]:70", "::1", NULL, NULL, NULL, 70, 0, false},
        {"h:9", "h", NULL, NULL, NULL, 9, 0, false},
        {" h ", "h", NULL, NULL, NULL, 6379, 0, false},
        {"unix:///run/r.sock?db=3", NULL, NULL, NULL, "/run/r.sock", 0, 3, false},
    };
    weir_arena a;
    (void)state;
    weir_arena_init(&a);
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        weir_redis_target t = {0};
        weir_status st;
        bool tls = false;
        assert_ok(weir_redis_uri(&a, weir_sv_cstr(cases[i].uri), &t, &tls, &st), &st);
        const char *pairs[][2] = {{t.host, cases[i].host}, {t.user, cases[i].user},
                                  {t.password, cases[i].password}, {t.unix_path, cases[i].unix_path}};
        for (size_t k = 0; k < WEIR_COUNT(pairs); k++) {
            assert_string_equal(pairs[k][0] ? pairs[k][0] : "-", pairs[k][1] ? pairs[k][1] : "-");
        }
        assert_int_equal(t.port, cases[i].port);
        assert_int_equal(t.db, cases[i].db);
        assert_int_equal(tls, cases[i].tls);
    }
    weir_arena_deinit(&a);
}

static void wrong_uris_are_refused(void **state)
{
    static const char *const uris[] = {"http://h", "redis://h:x", "redis://h:65536", "redis://h/one",
                                       "redis://h/99999999999999", "redis://a:%zz@h", "unix:///x?db=-1"};
    weir_arena a;
    (void)state;
    weir_arena_init(&a);
    for (size_t i = 0; i < WEIR_COUNT(uris); i++) {
        weir_redis_target t = {0};
        weir_status st;
        bool tls = false;
        assert_int_not_equal(weir_redis_uri(&a, weir_sv_cstr(uris[i]), &t, &tls, &st), WEIR_OK);
        assert_true(st.msg[0] && st.hint[0]);
    }
    weir_arena_deinit(&a);
}

/* ---- words ---- */

static void words_are_written(void **state)
{
    weir_buf b = {0};
    (void)state;
    weir_redis_args(&b, 4294967295u);
    weir_redis_arg(&b, WEIR_SV(""));
    weir_redis_arg(&b, WEIR_SV("a\r\nb"));
    weir_redis_arg_int(&b, INT64_MIN);
    weir_redis_arg_int(&b, 0);
    assert_sv_equal(weir_buf_view(&b), "*4294967295\r\n$0\r\n\r\n$4\r\na\r\nb\r\n"
                                       "$20\r\n-9223372036854775808\r\n$1\r\n0\r\n");
    weir_buf_deinit(&b);
}

static void errors_mean_something(void **state)
{
    static const struct {
        const char *error;
        weir_redis_fault fault;
    } cases[] = {
        {"OOM command not allowed when used memory > 'maxmemory'.", WEIR_REDIS_AGAIN},
        {"LOADING Redis is loading the dataset in memory", WEIR_REDIS_AGAIN},
        {"READONLY You can't write against a read only replica.", WEIR_REDIS_AGAIN},
        {"MISCONF Redis is configured to save RDB snapshots", WEIR_REDIS_AGAIN},
        {"BUSY Redis is busy running a script.", WEIR_REDIS_AGAIN},
        {"UNORDERED the record before was not done", WEIR_REDIS_AGAIN},
        {"BUSYGROUP Consumer Group name already exists", WEIR_REDIS_WRONG},
        {"WRONGTYPE Operation against a key", WEIR_REDIS_WRONG},
        {"REFUSED this record was refused before", WEIR_REDIS_WRONG},
        {"ERR value is not an integer or out of range", WEIR_REDIS_WRONG},
        {"NOPERM this user has no permissions", WEIR_REDIS_DENIED},
        {"WRONGPASS invalid username-password pair", WEIR_REDIS_DENIED},
        {"ERR unknown command 'X'", WEIR_REDIS_DENIED},
        {"MOVED 1 h:1", WEIR_REDIS_MOVED},
        {"ASK 1 h:1", WEIR_REDIS_MOVED},
        {"NOSCRIPT No matching script.", WEIR_REDIS_NOSCRIPT},
    };
    (void)state;
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        assert_int_equal(weir_redis_fault_of(weir_sv_cstr(cases[i].error)), cases[i].fault);
    }
}

/* ---- slots ---- */

/* Values of the specification, and of redis-cli's CLUSTER KEYSLOT. */
static void keys_have_slots(void **state)
{
    (void)state;
    assert_int_equal(weir_redis_slot(WEIR_SV("123456789")), 0x31c3);
    assert_int_equal(weir_redis_slot(WEIR_SV("foo")), 12182);
    assert_int_equal(weir_redis_slot(WEIR_SV("")), 0);
    assert_int_equal(weir_redis_slot(WEIR_SV("{user1000}.following")), weir_redis_slot(WEIR_SV("user1000")));
    assert_int_equal(weir_redis_slot(WEIR_SV("foo{{bar}}zap")), weir_redis_slot(WEIR_SV("{bar")));
    assert_int_equal(weir_redis_slot(WEIR_SV("foo{bar}{zap}")), weir_redis_slot(WEIR_SV("bar")));
    assert_int_equal(weir_redis_slot(WEIR_SV("foo{}{bar}")), 8363);
    assert_int_equal(weir_redis_slot(WEIR_SV("x{")), weir_redis_slot(WEIR_SV("x{")));
}

static void each_slot_has_a_tag(void **state)
{
    weir_redis_slots s;
    (void)state;
    weir_redis_slots_init(&s);
    for (uint32_t i = 0; i < WEIR_REDIS_SLOTS; i++) {
        char key[32];
        snprintf(key, sizeof key, "weir:{%s}:fence", weir_redis_slots_tag(&s, i));
        assert_int_equal(weir_redis_slot(weir_sv_cstr(key)), i);
    }
    weir_redis_slots_deinit(&s);
}

static void redirections_are_followed(void **state)
{
    static const char *const wrong[] = {"MOVED", "MOVED 1", "MOVED 16384 h:1", "MOVED 1 h", "MOVED 1 h:0",
                                        "MOVED 1 h:65536", "MOVED x h:1", "ASK 1", "OOM", ""};
    weir_redis_slots s;
    bool ask = false;
    (void)state;
    weir_redis_slots_init(&s);
    assert_int_equal(weir_redis_slots_node(&s, WEIR_SV("seed"), 1), 0);
    assert_int_equal(weir_redis_slots_redirect(&s, 0, WEIR_SV("MOVED 3999 10.0.0.1:6381"), &ask), 1);
    assert_false(ask);
    assert_int_equal(s.node_of[3999], 1);
    assert_int_equal(weir_redis_slots_redirect(&s, 0, WEIR_SV("ASK 3999 ::1:6382"), &ask), 2);
    assert_true(ask);
    assert_string_equal(s.nodes[2].host, "::1");
    assert_int_equal(s.node_of[3999], 1);
    assert_int_equal(weir_redis_slots_redirect(&s, 0, WEIR_SV("MOVED 5 :7"), &ask), 3);
    assert_string_equal(s.nodes[3].host, "seed");
    for (size_t i = 0; i < WEIR_COUNT(wrong); i++) {
        assert_int_equal(weir_redis_slots_redirect(&s, 0, weir_sv_cstr(wrong[i]), &ask), WEIR_REDIS_NO_NODE);
    }
    for (uint32_t i = 0; i < 2 * WEIR_REDIS_NODES_MAX; i++) {
        weir_redis_slots_node(&s, WEIR_SV("many"), (uint16_t)(i + 1));
    }
    assert_int_equal(s.n, WEIR_REDIS_NODES_MAX);
    weir_redis_slots_deinit(&s);
}

/* ---- a link and who is not quite a Redis ---- */

typedef struct world {
    weir_loop *loop;
    weir_listener *listener;
    weir_stream *peer;
    weir_redis_link *link;
    const char *answer;  /* sent when something came */
    size_t answer_n, piece; /* in pieces of so many bytes, one in each turn */
    size_t at;
    weir_buf told;       /* the replies, as text */
    weir_redis_slots slots;
    bool slots_read, close_at_reply, late;
} world;

static void send_piece(void *ctx)
{
    world *w = ctx;
    size_t n = w->answer_n - w->at < w->piece ? w->answer_n - w->at : w->piece;
    if (w->peer && n) {
        weir_stream_write(w->peer, w->answer + w->at, n);
        w->at += n;
    }
}

static void on_peer_data(void *ctx, weir_stream *s, const char *p, size_t n)
{
    (void)ctx;
    (void)s;
    (void)p;
    (void)n;
}

static void on_peer_closed(void *ctx, weir_stream *s, const weir_status *why)
{
    world *w = ctx;
    (void)s;
    (void)why;
    w->peer = NULL;
}

static void on_accept(void *ctx, weir_stream *s)
{
    static const weir_stream_events events = {.data = on_peer_data, .closed = on_peer_closed};
    world *w = ctx;
    w->peer = s;
    weir_stream_own(s, &events, w);
}

static void on_reply(void *ctx, const weir_redis_reply *r)
{
    static const char kinds[] = "_+-:$*";
    world *w = ctx;
    weir_buf_printf(&w->told, "%c", kinds[r->kind]);
    if (r->kind == WEIR_REDIS_INTEGER || r->kind == WEIR_REDIS_ARRAY) {
        weir_buf_printf(&w->told, "%lld ", (long long)r->integer);
    } else {
        weir_buf_printf(&w->told, WEIR_SV_FMT " ", WEIR_SV_ARG(r->text));
    }
    if (r->kind == WEIR_REDIS_ARRAY) {
        w->slots_read = weir_redis_slots_read(&w->slots, 0, r);
    }
    if (w->close_at_reply) {
        weir_redis_close(w->link);
        w->link = NULL;
        weir_loop_stop(w->loop);
    }
    if (r->kind == WEIR_REDIS_STATUS && weir_sv_eq(r->text, WEIR_SV("END"))) {
        weir_loop_stop(w->loop);
    }
}

static void on_closed(void *ctx, const char *why, bool fatal)
{
    world *w = ctx;
    weir_buf_printf(&w->told, "closed%s: %s", fatal ? " for good" : "", why);
    w->link = NULL;
    weir_loop_stop(w->loop);
}

static void too_late(void *ctx)
{
    ((world *)ctx)->late = true;
    weir_loop_stop(((world *)ctx)->loop);
}

/* What a link tells when this is what comes. */
static const char *told(world *w, const weir_redis_target *target, const char *answer, size_t answer_n,
                        size_t piece, uint32_t replies)
{
    static const weir_redis_events events = {.reply = on_reply, .closed = on_closed};
    weir_status st;
    weir_redis_target t = *target;
    weir_listener_spec spec = {.address = "127.0.0.1:0"};
    w->loop = weir_loop_new();
    assert_ok(weir_listener_open(w->loop, &spec, on_accept, w, &w->listener, &st), &st);
    t.host = "127.0.0.1";
    t.port = weir_listener_port(w->listener);
    w->answer = answer;
    w->answer_n = answer_n;
    w->piece = piece;
    w->at = 0;
    weir_buf_reset(&w->told);
    weir_timer *sender = weir_timer_start(w->loop, 1, send_piece, w);
    weir_timer *end = weir_timer_once(w->loop, 20000, too_late, w);
    w->link = weir_redis_open(w->loop, &t, &events, w);
    weir_buf commands = {0};
    weir_buf_str(&commands, "x");
    if (replies) {
        assert_true(weir_redis_send(w->link, &commands, replies));
    }
    weir_loop_run(w->loop);
    weir_timer_stop(sender);
    weir_timer_stop(end);
    weir_redis_close(w->link);
    weir_buf_deinit(&commands);
    weir_listener_close(w->listener);
    weir_loop_free(w->loop);
    w->peer = NULL;
    assert_false(w->late);
    return weir_buf_cstr(&w->told);
}

static void done(world *w)
{
    weir_buf_deinit(&w->told);
    weir_redis_slots_deinit(&w->slots);
}

static const weir_redis_target usual = {.connect_ms = 5000, .reply_ms = 5000};

static void replies_may_be_cut_anywhere(void **state)
{
    static const char answer[] = ":1\r\n:-20\r\n+OK\r\n-ERR no\r\n$-1\r\n$4\r\na\r\nb\r\n*2\r\n:7\r\n$1\r\nx\r\n"
                                 ":3\r\n:9223372036854775807\r\n+END\r\n";
    (void)state;
    for (size_t piece = 1; piece < sizeof answer; piece += piece < 8 ? 1 : 9) {
        world w = {0};
        assert_string_equal(told(&w, &usual, answer, sizeof answer - 1, piece, 10),
                            ":1 :-20 +OK -ERR no _ $a\r\nb *2 :3 :9223372036854775807 +END ");
        done(&w);
    }
}

static void slots_are_read(void **state)
{
    static const char answer[] =
        "*2\r\n*3\r\n:0\r\n:99\r\n*4\r\n$2\r\nh1\r\n:7001\r\n$2\r\nid\r\n*0\r\n"
        "*4\r\n:100\r\n:16383\r\n*3\r\n$-1\r\n:7002\r\n$2\r\nid\r\n*2\r\n$2\r\nh3\r\n:7003\r\n+END\r\n";
    world w = {0};
    (void)state;
    weir_redis_slots_node(&w.slots, WEIR_SV("seed"), 7000);
    told(&w, &usual, answer, sizeof answer - 1, 1000, 2);
    assert_true(w.slots_read);
    assert_int_equal(w.slots.n, 3);
    assert_int_equal(w.slots.node_of[99], 1);
    assert_int_equal(w.slots.node_of[100], 2);
    assert_string_equal(w.slots.nodes[2].host, "seed");
    done(&w);
}

static void what_is_no_reply_ends_the_link(void **state)
{
    static const struct {
        const char *answer;
        uint32_t replies;
        const char *told;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n", 1, "closed: what came is not Redis's protocol"},
        {":12x\r\n", 1, "closed: what came is not Redis's protocol"},
        {":1\r\n:2\r\n", 1, ":1 closed: Redis sent a reply that nobody waits for"},
        {"$99999999999999999999\r\n", 1, "closed: what came is not Redis's protocol"},
    };
    (void)state;
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        world w = {0};
        assert_string_equal(told(&w, &usual, cases[i].answer, strlen(cases[i].answer), 1000, cases[i].replies),
                            cases[i].told);
        done(&w);
    }
}

static void silence_ends_the_link(void **state)
{
    weir_redis_target t = usual;
    world w = {0};
    (void)state;
    t.reply_ms = 50;
    assert_string_equal(told(&w, &t, ":1\r\n", 4, 4, 2), ":1 closed: no reply from Redis in time");
    done(&w);
}

static void greetings_are_judged(void **state)
{
    static const struct {
        const char *answer, *told;
    } cases[] = {
        {"-WRONGPASS no\r\n+OK\r\n+OK\r\n", "closed for good: Redis refused the connection: WRONGPASS no"},
        {"+OK\r\n-ERR DB index is out of range\r\n+OK\r\n",
         "closed for good: Redis refused the connection: ERR DB index is out of range"},
        {"-LOADING wait\r\n+OK\r\n+OK\r\n", "closed: Redis refused the connection: LOADING wait"},
        {"+OK\r\n+OK\r\n-NOPERM no names\r\n+END\r\n", "+END "},
    };
    weir_redis_target t = usual;
    (void)state;
    t.user = "u";
    t.password = "p";
    t.db = 1;
    t.client_name = "weir";
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        world w = {0};
        assert_string_equal(told(&w, &t, cases[i].answer, strlen(cases[i].answer), 1000, 1), cases[i].told);
        done(&w);
    }
}

static void a_reply_may_close_the_link(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 30; piece += 7) {
        world w = {.close_at_reply = true};
        assert_string_equal(told(&w, &usual, "-ERR a\r\n:1\r\n:2\r\n:3\r\n", 20, piece, 4), "-ERR a ");
        done(&w);
        w = (world){.close_at_reply = true};
        assert_string_equal(told(&w, &usual, ":1\r\n:2\r\n:3\r\n", 12, piece, 4), ":1 ");
        done(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_are_read),
        cmocka_unit_test(wrong_uris_are_refused),
        cmocka_unit_test(words_are_written),
        cmocka_unit_test(errors_mean_something),
        cmocka_unit_test(keys_have_slots),
        cmocka_unit_test(each_slot_has_a_tag),
        cmocka_unit_test(redirections_are_followed),
        cmocka_unit_test(replies_may_be_cut_anywhere),
        cmocka_unit_test(slots_are_read),
        cmocka_unit_test(what_is_no_reply_ends_the_link),
        cmocka_unit_test(silence_ends_the_link),
        cmocka_unit_test(greetings_are_judged),
        cmocka_unit_test(a_reply_may_close_the_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
