/* Only the first stage of simdjson is used: it finds the tokens with the widest vectors the machine
 * has, chosen when the program starts, and checks UTF-8 on the way. The stages behind it are
 * compiled for one instruction set and know less than Jackson's rules ask; json.c does their work.
 *
 * One parser per thread, so that callers need not carry one. */
#include "engine/data/json_shim.h"

#include <memory>

#include <simdjson.h>

namespace
{
using parser = simdjson::internal::dom_parser_implementation;

constexpr size_t kept = 1 << 20; /* a parser for larger texts is not kept for smaller ones */

parser *parser_for(size_t n)
{
    static thread_local std::unique_ptr<parser> mine;
    if (!mine || n > mine->capacity() || (mine->capacity() > kept && n <= kept)) {
        size_t capacity = 4096;
        while (capacity < n) {
            capacity *= 2;
        }
        if (simdjson::get_active_implementation()->create_dom_parser_implementation(
                capacity, 1, mine) != simdjson::SUCCESS) {
            mine.reset();
        }
    }
    return mine.get();
}
} // namespace

extern "C" weir__json_fault weir__json_index(const char *p, uint32_t n, const uint32_t **at,
                                             uint32_t *n_at)
{
    if (n == 0) {
        return WEIR__JSON_EMPTY;
    }
    parser *mine = parser_for(n);
    if (!mine) {
        return WEIR__JSON_MEMORY;
    }
    switch (mine->stage1(reinterpret_cast<const uint8_t *>(p), n, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
        *at = mine->structural_indexes.get();
        *n_at = mine->n_structural_indexes;
        return WEIR__JSON_OK;
    case simdjson::EMPTY:
        return WEIR__JSON_EMPTY;
    case simdjson::UTF8_ERROR:
        return WEIR__JSON_UTF8;
    case simdjson::UNCLOSED_STRING:
        return WEIR__JSON_UNCLOSED;
    case simdjson::UNESCAPED_CHARS:
        return WEIR__JSON_CONTROL;
    default:
        return WEIR__JSON_MEMORY;
    }
}

extern "C" bool weir__json_utf8_valid(const char *p, uint32_t n)
{
    return simdjson::validate_utf8(p, n);
}
