/* See rocks_shim.h. */
#include "engine/run/rocks_shim.h"

#include <memory>
#include <rocksdb/env.h>

/* As in RocksDB's db/c.cc: the C interface can take a logger, but makes none. */
struct rocksdb_logger_t {
    std::shared_ptr<rocksdb::Logger> rep;
};

namespace {
class NoLog : public rocksdb::Logger {
public:
    NoLog() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
    using rocksdb::Logger::Logv;
    void Logv(const char *, va_list) override {}
};
} // namespace

extern "C" void weir__rocks_no_log(rocksdb_options_t *options)
{
    rocksdb_logger_t logger = {std::make_shared<NoLog>()};
    rocksdb_options_set_info_log(options, &logger);
}
