/* What all commands share: how they end. */
#include "tools/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

int weir_exit_of_signal(int signum)
{
    return signum == SIGTERM ? WEIR_EXIT_OK : WEIR_EXIT_INTERRUPTED;
}

weir_rc weir_print_text(weir_sv text, weir_status *st)
{
    errno = 0;
    if (text.n > 0) {
        fwrite(text.p, 1, text.n, stdout);
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE) {
        return weir_fail(st, WEIR_EIO, "cannot write standard output: %s", strerror(errno));
    }
    return WEIR_OK;
}
