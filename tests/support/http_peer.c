/* The peer is a child with a pipe to and from it; it ends with its input. */
#include "tests/support/http_peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

#define SCRIPT "tests/support/http_peer.py"

struct http_peer {
    pid_t pid;
    FILE *to, *from;
    char url[64];
    uint16_t port;
    char *line;
    size_t cap;
    char text[1024];
};

static void be_peer(const char *options, int in, int out)
{
    char command[1024];
    snprintf(command, sizeof command, "exec python3 " SCRIPT " %s", options ? options : "");
    dup2(in, 0);
    dup2(out, 1);
    closefrom(3);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static void hear(http_peer *p)
{
    if (getline(&p->line, &p->cap, p->from) <= 0) {
        fail_msg("the HTTP peer has ended");
    }
}

http_peer *http_peer_start(const char *options)
{
    http_peer *p = calloc(1, sizeof *p);
    int in[2];
    int out[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        be_peer(options, in[0], out[1]);
    }
    close(in[0]);
    close(out[1]);
    p->to = fdopen(in[1], "w");
    p->from = fdopen(out[0], "r");
    hear(p);
    unsigned port = 0;
    assert_int_equal(sscanf(p->line, "{\"port\": %u, \"url\": \"%63[^\"]", &port, p->url), 2);
    p->port = (uint16_t)port;
    return p;
}

void http_peer_stop(http_peer *p)
{
    int status = 0;
    fclose(p->to);
    fclose(p->from);
    waitpid(p->pid, &status, 0);
    free(p->line);
    free(p);
    assert_int_equal(status, 0);
}

const char *http_peer_url(http_peer *p, const char *path)
{
    snprintf(p->text, sizeof p->text, "%s%s", p->url, path);
    return p->text;
}

uint16_t http_peer_port(const http_peer *p)
{
    return p->port;
}

const char *http_peer_ask(http_peer *p, const char *command)
{
    fprintf(p->to, "%s\n", command);
    fflush(p->to);
    hear(p);
    return p->line;
}

void http_peer_on(http_peer *p, const char *pattern, const char *answers)
{
    char command[4096];
    snprintf(command, sizeof command, "{\"on\": \"%s\", \"answers\": [%s]}", pattern, answers);
    assert_string_equal(http_peer_ask(p, command), "{}\n");
}
