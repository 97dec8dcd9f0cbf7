/* Commits are atomic also when the process is killed inside one. This program runs itself as a
 * writer that commits epoch after epoch, small ones (a write batch) and large ones (a table file),
 * and tells of each finished commit through a pipe; it is killed right after, which is inside the
 * next one. Every entry must then be of the same epoch, and no finished commit may be missing. */
#include "engine/base/rng.h"
#include "engine/run/store.h"
#include "engine/run/topic.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/wait.h>

#define KILLS 8
#define KEYS_SMALL 200
#define KEYS_LARGE 12000
#define VALUE_LARGE 40000

typedef struct seen {
    uint32_t n, small, large; /* entries, and the epoch of those of each kind */
    bool mixed;
} seen;

static weir_rc look(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    (void)st;
    seen *s = ctx;
    weir_reader r = weir_reader_of(value);
    uint32_t epoch = weir_read_be32(&r);
    uint32_t *of = key.p[1] == 'l' ? &s->large : &s->small;
    s->mixed = s->mixed || r.bad || (*of && *of != epoch);
    *of = epoch;
    s->n++;
    return WEIR_OK;
}

static void put_epoch(weir_store_batch *b, const char *key, uint32_t epoch)
{
    uint32_t be = __builtin_bswap32(epoch);
    weir_store_put(b, weir_sv_cstr(key), (weir_sv){(char *)&be, sizeof be});
}

static uint32_t stored_epoch(weir_store *s, const char *key)
{
    weir_status st = {0};
    weir_buf out = {0};
    bool found;
    assert_ok(weir_store_get(s, weir_sv_cstr(key), &out, &found, &st), &st);
    weir_reader r = weir_reader_of(weir_buf_view(&out));
    uint32_t epoch = found ? weir_read_be32(&r) : 0;
    weir_buf_deinit(&out);
    return epoch;
}

static void append_epoch(weir_topic *t, uint32_t epoch)
{
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    /* Large values lie in the topic's log file, small ones in the store. */
    static char value[VALUE_LARGE];
    memset(value, 'a' + (int)(epoch % 26), sizeof value);
    weir_chunk_builder_add(&b, WEIR_SV("k"), weir_sv_of(value, epoch % 2 ? 1 : sizeof value),
                           (weir_sv){0}, epoch, 0);
    weir_topic_append(t, 0, weir_chunk_builder_take(&b));
    weir_chunk_builder_deinit(&b);
}

/* The child: never returns. Large epochs are the even ones. */
static int write_for_ever(const char *dir)
{
    weir_status st = {0};
    weir_store *s;
    weir_topics *topics;
    if (weir_store_open(dir, &s, &st) != WEIR_OK || weir_topics_open(s, NULL, &topics, &st) != WEIR_OK) {
        fprintf(stderr, "%s\n", st.msg);
        return 1;
    }
    weir_topic_spec spec = {.name = WEIR_SV("t"), .partitions = 1, .retention_ms = -1};
    weir_topic *t = NULL;
    (void)weir_topics_create(topics, &spec, &t, NULL);
    weir_store_batch *b = weir_store_batch_new();
    for (uint32_t epoch = stored_epoch(s, "Mepoch") + 1;; epoch++) {
        bool large = epoch % 2 == 0;
        for (uint32_t i = large ? KEYS_LARGE : KEYS_SMALL; i-- > 0;) {
            char key[20];
            snprintf(key, sizeof key, "S%c%06u", large ? 'l' : 's', i);
            put_epoch(b, key, epoch);
        }
        append_epoch(t, epoch);
        weir_status saved = {0};
        if (weir_topics_save(topics, b, &saved) != WEIR_OK) {
            _exit(3);
        }
        put_epoch(b, "Mepoch", epoch);
        if (weir_store_commit(s, b, &st) != WEIR_OK ||
            write(STDOUT_FILENO, &epoch, sizeof epoch) != sizeof epoch) {
            fprintf(stderr, "%s\n", st.msg);
            return 1;
        }
    }
}

/* Runs the child until it has finished `commits`; returns the last epoch it told of. */
static uint32_t run_and_kill(const char *dir, uint64_t commits)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execl("/proc/self/exe", "unit_run_kill", dir, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    uint32_t epoch = 0;
    for (uint64_t i = 0; i < commits; i++) {
        assert_int_equal(read(pipes[0], &epoch, sizeof epoch), sizeof epoch);
    }
    kill(child, SIGKILL);
    uint32_t later;
    while (read(pipes[0], &later, sizeof later) == sizeof later) {
        epoch = later;
    }
    close(pipes[0]);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    return epoch;
}

/* Record i was written in epoch i + 1. */
static void check_topic(weir_topic *t, uint32_t epoch)
{
    assert_int_equal(weir_topic_end(t, 0), epoch);
    for (int64_t at = 0; at < epoch; at++) {
        weir_chunk *c;
        weir_status st = {0};
        assert_ok(weir_topic_read(t, 0, at, &c, &st), &st);
        const weir_rec *r = &c->recs[at - c->base];
        assert_int_equal(r->timestamp, at + 1);
        assert_int_equal(r->value_n, (at + 1) % 2 ? 1 : VALUE_LARGE);
        assert_int_equal(c->bytes[r->value_at + r->value_n - 1], 'a' + (int)((at + 1) % 26));
        weir_chunk_unref(c);
    }
}

static void test_kill(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    weir_rng r;
    weir_rng_seed(&r, 21);
    for (int kills = 0; kills < KILLS; kills++) {
        uint32_t told = run_and_kill(dir, 1 + weir_rng_below(&r, 8));
        weir_status st = {0};
        weir_store *s;
        weir_topics *topics;
        assert_ok(weir_store_open(dir, &s, &st), &st);
        assert_ok(weir_topics_open(s, NULL, &topics, &st), &st);
        uint32_t epoch = stored_epoch(s, "Mepoch");
        assert_true(epoch == told || epoch == told + 1);
        seen all = {0};
        assert_ok(weir_store_scan(s, WEIR_SV("S"), look, &all, &st), &st);
        assert_false(all.mixed);
        assert_int_equal(all.small, epoch % 2 ? epoch : epoch - 1);
        assert_int_equal(all.large, epoch % 2 ? epoch - 1 : epoch);
        assert_int_equal(all.n, KEYS_SMALL + (epoch > 1 ? KEYS_LARGE : 0));
        check_topic(weir_topics_find(topics, WEIR_SV("t")), epoch);
        weir_topics_close(topics);
        weir_store_close(s);
    }
    test_dir_remove(dir);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return write_for_ever(argv[1]);
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
