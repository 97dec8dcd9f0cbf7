/* The yardstick of `weir bench`: simdjson on-demand reading four fields of each event in place
 * (two strings, a double, the time as text), and nothing else. */
#include <cstddef>
#include <cstdint>
#include <simdjson.h>

extern "C" double weir_yardstick(const char *bytes, const uint32_t *at, const uint32_t *len,
                                 uint32_t n, size_t total)
{
    static simdjson::ondemand::parser parser;
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        simdjson::ondemand::document doc;
        size_t capacity = total - at[i];
        if (parser.iterate(bytes + at[i], len[i], capacity).get(doc)) {
            return -1;
        }
        simdjson::ondemand::object o;
        std::string_view user, product, time;
        double price = 0;
        if (doc.get_object().get(o) || o["userId"].get_string().get(user) ||
            o["productId"].get_string().get(product) || o["price"].get_double().get(price) ||
            o["timestamp"].get_string().get(time)) {
            return -1;
        }
        sum += price + static_cast<double>(user.size() + product.size() + time.size());
    }
    return sum;
}
