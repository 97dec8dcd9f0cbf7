/* Files: whole reads with a ceiling, temporary directories. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

/* Appends the file's bytes to `out`; WEIR_ELIMIT when it has more than `max`. */
weir_rc weir_file_read(const char *path, size_t max, weir_buf *out, weir_status *st);
/* The same of an ordinary file below `dir`: `path` is relative, has no `..`, and no part of it is a link. */
weir_rc weir_file_read_beneath(const char *dir, const char *path, size_t max, weir_buf *out,
                               weir_status *st);
weir_rc weir_file_check_beneath(const char *dir, const char *path, weir_status *st); /* could be read */
/* Writes a file whole: to a temporary name first, then renamed. */
weir_rc weir_file_write(const char *path, weir_sv bytes, weir_status *st);
weir_rc weir_write_stdout(weir_sv bytes, weir_status *st); /* and flushes */
/* Makes a new directory below $TMPDIR or /tmp. */
weir_rc weir_temp_dir(char *out, size_t cap, weir_status *st);
/* Removes a directory and everything in it; errors are ignored. */
void weir_remove_tree(const char *dir);
