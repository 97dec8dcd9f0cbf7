/* See child.h. The reading end of the pipe stays open here, so that its path stays valid. */
#include "engine/io/child.h"

#include "engine/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 64

extern char **environ;

struct weir_child {
    pid_t pid;
    int fd;
    char path[32];
};

static int spawn(weir_child *c, int out, const char *const *argv)
{
    char *args[ARGUMENTS_MAX] = {(char *)(uintptr_t) "weir"};
    posix_spawn_file_actions_t actions;
    for (size_t i = 0; argv[i]; i++) {
        if (i + 2 == ARGUMENTS_MAX) {
            return E2BIG;
        }
        args[i + 1] = (char *)(uintptr_t)argv[i];
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    int error = posix_spawn(&c->pid, "/proc/self/exe", &actions, NULL, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

weir_rc weir_child_start(const char *const *argv, weir_child **out, weir_status *st)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return weir_fail(st, WEIR_EIO, "cannot make a pipe: %s", strerror(errno));
    }
    weir_child *c = weir_zalloc(sizeof *c);
    c->fd = ends[0];
    snprintf(c->path, sizeof c->path, "/dev/fd/%d", c->fd);
    int error = spawn(c, ends[1], argv);
    close(ends[1]);
    if (error) {
        close(c->fd);
        weir_free(c);
        return weir_fail(st, WEIR_EIO, "cannot start %s: %s", argv[0], strerror(error));
    }
    *out = c;
    return WEIR_OK;
}

const char *weir_child_path(const weir_child *c)
{
    return c->path;
}

void weir_child_end(weir_child *c)
{
    if (c) {
        /* It is not waited for yet, so the number is still its own. Asked politely it could not end while
         * it waits for room in a pipe that nobody reads. */
        kill(c->pid, SIGKILL);
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        close(c->fd);
        weir_free(c);
    }
}
