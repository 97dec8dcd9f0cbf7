/* RocksDB is not built with the thread sanitizer, which therefore cannot see how it synchronises. */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "race:librocksdb.so\n";
}
