/* What the C interface of RocksDB lacks. For rocks_store.c only. */
#pragma once
#include <rocksdb/c.h>

#ifdef __cplusplus
extern "C" {
#endif
/* No file LOG in the directory: nobody reads it, and RocksDB's own writer of it ends the process by an
 * assertion when the disk is full. */
void weir__rocks_no_log(rocksdb_options_t *options);
#ifdef __cplusplus
}
#endif
