/* Rule P8: a process that is started on a copy of the data directory, while the first one works.
 *
 *   the first has committed since     the copy is old: it is refused, and the first goes on
 *   it has not                        the copy takes over, and the first is fenced: nothing of what it
 *                                     does counts, and it ends with an error that is not retriable */
#include "tests/simulation/sim_impl.h"

#include "engine/base/alloc.h"
#include "engine/io/file.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX ((size_t)1 << 28)

static void copy_files(const char *from, const char *to)
{
    char path[1024];
    weir_status st;
    weir_status_reset(&st);
    WEIR_ASSERT(mkdir(to, 0777) == 0);
    DIR *dir = opendir(from);
    WEIR_ASSERT(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (e->d_name[0] == '.' || strcmp(e->d_name, "LOCK") == 0) {
            continue;
        }
        weir_buf bytes = {0};
        (void)weir_buf_reserve(&bytes, 1); /* a file may be empty */
        snprintf(path, sizeof path, "%s/%s", from, e->d_name);
        WEIR_ASSERT(weir_file_read(path, FILE_BYTES_MAX, &bytes, &st) == WEIR_OK);
        snprintf(path, sizeof path, "%s/%s", to, e->d_name);
        WEIR_ASSERT(weir_file_write(path, weir_buf_view(&bytes), &st) == WEIR_OK);
        weir_buf_deinit(&bytes);
    }
    closedir(dir);
}

/* The first process after it was fenced. */
static bool check_fenced(sim *r, weir_session *first)
{
    weir_status st;
    weir_status_reset(&st);
    uint64_t before = sim_broker_epoch(r->broker);
    bool full = false;
    weir_engine *e = weir_session_engine(first);
    weir_rc rc = weir_engine_poll(e, &full, &st);
    bool progress = false;
    rc = rc || full ? rc : weir_engine_round(e, 8192, &progress, &st);
    rc = rc || full ? rc : weir_session_commit(first, &st);
    sim_note(&r->world, "the first: %s", rc ? st.msg : "has nothing to do");
    if (rc != WEIR_OK && st.retriable) {
        return sim_fail(r, "who is fenced would try again", &st);
    }
    return sim_broker_epoch(r->broker) == before || sim_fail(r, "who is fenced has committed", NULL);
}

/* Opens the copy beside the first; what happens to both. */
static bool meet(sim *r, const char *copy, uint64_t epoch)
{
    weir_session *first = r->session;
    weir_cluster *cluster = r->cluster;
    char dir[sizeof r->dir];
    weir_status st;
    weir_status_reset(&st);
    memcpy(dir, r->dir, sizeof dir);
    bool old = sim_broker_epoch(r->broker) > epoch;
    r->session = NULL;
    memcpy(r->dir, copy, strlen(copy) + 1);
    weir_rc rc = sim_open(r, &st);
    if (old) {
        bool refused = rc == WEIR_ECORRUPT && !r->session;
        sim_note(&r->world, "the copy: %s", st.msg);
        if (!refused) {
            weir_session_close(r->session);
        }
        r->session = first;
        r->cluster = cluster;
        memcpy(r->dir, dir, sizeof dir);
        weir_remove_tree(copy);
        return refused || sim_fail(r, "an old copy is not refused", rc ? &st : NULL);
    }
    bool good = rc == WEIR_OK ? check_fenced(r, first) : sim_fail(r, "the copy is refused", &st);
    weir_session_close(first);
    weir_remove_tree(dir);
    r->rewinds++;
    return good;
}

bool sim_copy(sim *r)
{
    char copy[sizeof r->dir];
    if (!sim_commit(r)) {
        return false;
    }
    if (!r->session) {
        return true; /* it died */
    }
    bool calm = r->world.calm;
    r->world.calm = true;
    r->lone = true;
    sim_bury(r);
    uint64_t epoch = sim_broker_epoch(r->broker);
    snprintf(copy, sizeof copy, "%.*s+", (int)sizeof copy - 2, r->dir);
    copy_files(r->dir, copy);
    sim_note(&r->world, "the data directory is copied at epoch %llu", (unsigned long long)epoch);
    bool good = sim_live(r);
    for (uint32_t turns = sim_below(&r->world, 4); good && turns > 0; turns--) {
        good = sim_turn(r, r->rows);
    }
    if (good && sim_chance(&r->world, 500)) {
        good = sim_commit(r);
    }
    WEIR_ASSERT(!good || r->session);
    good = good && meet(r, copy, epoch);
    r->lone = false;
    r->world.calm = calm;
    return good;
}
