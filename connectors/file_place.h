/* What the file sink and the file source share: where a path may lead, and what its name says. */
#pragma once
#include "connectors/conn.h"
#include "engine/base/compress.h"

/* The rows of the table of options. */
#define WEIR_FILE_PLACE_OPTIONS                                                                           \
    {                                                                                                    \
        "base.dir", "base_dir|directory", WEIR_CONN_TEXT, ".", false, 0, 0, NULL,                         \
            "The folder that 'path' is in and cannot leave; links below it are not followed."             \
    }

/* The folder, and how many bytes of an absolute path name it; what follows is the path below it. An
 * absolute path must begin with base.dir. */
weir_rc weir__file_place(const weir_conn *c, weir_sv path, const char **base, uint32_t *skip,
                         weir_status *st);
/* By the end of the name: .gz .zst; else none. *rest: the name without it. */
weir_compression weir__file_compression(weir_sv name, weir_sv *rest);
bool weir__file_is_csv(weir_sv rest); /* ends with .csv */
