/* Files below one folder, for paths that come from data or from strangers: none leaves the folder, none
 * goes through a link, whatever it is made of ("..", "//", a link put there meanwhile). Paths are relative,
 * their parts are not empty and not dots. Every call blocks; any thread, one at a time. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

typedef struct weir_folder weir_folder;
typedef struct weir_handle weir_handle; /* an open file */

weir_rc weir_folder_open(const char *dir, weir_folder **out, weir_status *st);
void weir_folder_close(weir_folder *f); /* NULL is fine */
/* Names that come and go are durable at once; lazy: when weir_folder_sync has been called, which also syncs
 * everything else of that file system. */
void weir_folder_lazy(weir_folder *f, bool lazy);
weir_rc weir_folder_sync(weir_folder *f, weir_status *st);
weir_rc weir_working_folder(weir_buf *path, weir_status *st); /* the process's, absolute */

/* ORDER weir_opening: flags in folder.c */
typedef enum weir_opening {
    WEIR_OPEN_READ,
    WEIR_OPEN_APPEND, /* made if need be, with the folders on its way */
    WEIR_OPEN_NEW,    /* the same, and it is not there yet: else WEIR_EEXISTS */
} weir_opening;
/* Regular files only. WEIR_ENOTFOUND, WEIR_EUSAGE for a path that is none. */
weir_rc weir_folder_file(weir_folder *f, const char *path, weir_opening how, weir_handle **out,
                         weir_status *st);

typedef struct weir_file_info {
    uint64_t inode;
    int64_t size;
    int64_t changed_ms; /* its contents, by the wall clock */
} weir_file_info;
weir_rc weir_folder_info(weir_folder *f, const char *path, weir_file_info *out, weir_status *st);
/* Within one folder of the folder. WEIR_EEXISTS: there is a file called `to`. */
weir_rc weir_folder_rename(weir_folder *f, const char *from, const char *to, weir_status *st);
weir_rc weir_folder_remove(weir_folder *f, const char *path, weir_status *st);
/* A whole file: durable (unless lazy), and at no moment a part of it; folders are made. The old one stays on
 * failure. */
weir_rc weir_folder_write(weir_folder *f, const char *path, weir_sv bytes, weir_status *st);
/* Appends a whole file, if it has at most `max` bytes (WEIR_ELIMIT). */
weir_rc weir_folder_read(weir_folder *f, const char *path, size_t max, weir_buf *out, weir_status *st);
/* The regular files whose paths fit the pattern (*, ? and [a-z] in any part, none of them for a name that
 * begins with a point), in no order; WEIR_ELIMIT when there are more than `max`. */
typedef void weir_folder_each(void *ctx, weir_sv path, const weir_file_info *info);
weir_rc weir_folder_match(weir_folder *f, const char *pattern, uint32_t max, weir_folder_each *each,
                          void *ctx, weir_status *st);

void weir_handle_close(weir_handle *h); /* NULL is fine */
weir_rc weir_handle_info(const weir_handle *h, weir_file_info *out, weir_status *st);
/* All of it, at the end. After a failure a part of it may be there. */
weir_rc weir_handle_add(weir_handle *h, weir_sv bytes, weir_status *st);
weir_rc weir_handle_cut(weir_handle *h, int64_t size, weir_status *st);
weir_rc weir_handle_sync(weir_handle *h, weir_status *st);
/* Up to n bytes; *got 0: the end. */
weir_rc weir_handle_read(weir_handle *h, int64_t at, char *to, size_t n, size_t *got, weir_status *st);
