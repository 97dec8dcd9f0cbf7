/* See properties.h. */
#include "engine/server/properties.h"

#include "connectors/kafka.h"
#include "dsl/diag.h"

const weir_property weir_properties[] = {
#define WEIR_PROPERTY(name, standard, doc) {name, standard, doc},
#include "engine/server/properties.def"
#undef WEIR_PROPERTY
};

const uint32_t weir_properties_n = WEIR_COUNT(weir_properties);

/* Settings of other software, passed through by name. */
static const char *const families[] = {
    "ssl.", "sasl.", "security.", "consumer.", "producer.", "admin.", "topic.", "main.consumer.",
    "restore.consumer.", "global.consumer.", "ksql.connect.", "ksql.schema.registry.",
    "ksql.functions.", "ksql.internal.", "rocksdb.", "confluent.",
};

weir_sv weir_property_plain(weir_sv name)
{
    weir_sv prefix = WEIR_SV("ksql.streams.");
    return weir_sv_starts(name, prefix) ? weir_sv_of(name.p + prefix.n, name.n - prefix.n) : name;
}

weir_rc weir_property_check(weir_sv name, weir_status *st)
{
    weir_sv names[WEIR_COUNT(weir_properties)];
    weir_sv plain = weir_property_plain(name);
    for (size_t i = 0; i < WEIR_COUNT(families); i++) {
        if (weir_sv_starts(plain, weir_sv_cstr(families[i]))) {
            return WEIR_OK;
        }
    }
    for (size_t i = 0; i < WEIR_COUNT(weir_properties); i++) {
        names[i] = weir_sv_cstr(weir_properties[i].name);
        if (weir_sv_eq(names[i], plain)) {
            return WEIR_OK;
        }
    }
    if (weir_kafka_property_of(name).n > 0) {
        return WEIR_OK; /* of Kafka's clients */
    }
    int64_t near = weir_nearest(plain, names, WEIR_COUNT(names));
    weir_rc rc = weir_fail(st, WEIR_EUSAGE,
                           "Not recognizable as ksql, streams, consumer, or producer property: '"
                           WEIR_SV_FMT "'", WEIR_SV_ARG(name));
    return near < 0 ? rc : weir_hint(st, "did you mean " WEIR_SV_FMT "?", WEIR_SV_ARG(names[near]));
}

weir_rc weir_property_bytes(weir_sv name, weir_sv value, uint64_t *bytes, weir_status *st)
{
    static const char *const units[] = {"", "KB", "MB", "GB", "TB"};
    uint64_t n = 0;
    uint32_t i = 0;
    bool ok = value.n > 0 && value.p[0] >= '0' && value.p[0] <= '9';
    for (; ok && i < value.n && value.p[i] >= '0' && value.p[i] <= '9'; i++) {
        ok = !__builtin_mul_overflow(n, 10, &n) &&
             !__builtin_add_overflow(n, (uint64_t)(value.p[i] - '0'), &n);
    }
    weir_sv unit = {value.p + i, value.n - i};
    uint32_t k = 0;
    while (k < WEIR_COUNT(units) && !weir_sv_ieq(unit, weir_sv_cstr(units[k]))) {
        k++;
    }
    if (!ok || k == WEIR_COUNT(units) || n > UINT64_MAX >> (10 * k)) {
        return weir_fail(st, WEIR_EUSAGE, WEIR_SV_FMT " is a number of bytes, for example 256MB; not '"
                         WEIR_SV_FMT "'", WEIR_SV_ARG(name), WEIR_SV_ARG(value));
    }
    *bytes = n << (10 * k);
    return WEIR_OK;
}
