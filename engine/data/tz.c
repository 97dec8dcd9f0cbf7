/* Ids, the cache, and the questions asked of a zone. A zone is looked up in sorted transitions; times
 * behind the last one are answered by the rule of its file. */
#include "engine/data/tz.h"

#include "engine/base/alloc.h"
#include "engine/base/hash.h"
#include "engine/data/tz_names.h"
#include "engine/data/tz_rules.h"

static const int32_t zero_offset[] = {0};
static const bool not_dst[] = {false};
const weir_tz weir_tz_utc = {
    .id = {"Z", 1}, .fixed_offset = true, .offset_s = zero_offset, .dst = not_dst};

/* -- questions ------------------------------------------------------------------------------ */

/* Index of the period that holds an instant: the number of transitions at or before it. */
static uint32_t period(const weir_tz *z, int64_t epoch_s)
{
    uint32_t low = 0;
    uint32_t high = z->n;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (z->at[mid] <= epoch_s) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

int32_t weir_tz_offset(const weir_tz *z, int64_t epoch_s)
{
    if (z->n == 0) {
        return z->has_rule ? weir__tz_rule_offset(z, epoch_s) : z->offset_s[0];
    }
    if (epoch_s >= z->at[z->n - 1] && z->has_rule) {
        return weir__tz_rule_offset(z, epoch_s);
    }
    return z->offset_s[period(z, epoch_s)];
}

/* Ireland and Morocco call their winter an exception with a negative saving; Java does not. */
bool weir_tz_is_dst(const weir_tz *z, int64_t epoch_s)
{
    if (z->has_rule && (z->n == 0 || epoch_s >= z->at[z->n - 1])) {
        int32_t low = z->standard_s < z->daylight_s ? z->standard_s : z->daylight_s;
        return weir__tz_rule_offset(z, epoch_s) > low;
    }
    uint32_t i = period(z, epoch_s);
    if (z->dst[i]) {
        return i == 0 || z->dst[i - 1] || z->offset_s[i] >= z->offset_s[i - 1];
    }
    bool before = i > 0 && z->dst[i - 1] && z->offset_s[i - 1] < z->offset_s[i];
    bool after = i < z->n && z->dst[i + 1] && z->offset_s[i + 1] < z->offset_s[i];
    return before || after;
}

int64_t weir_tz_from_local(const weir_tz *z, int64_t local_s, const int32_t *prefer)
{
    /* Offsets a day before and after enclose the one transition that can matter here. */
    int32_t before = weir_tz_offset(z, local_s - 86400);
    int32_t after = weir_tz_offset(z, local_s + 86400);
    bool before_ok = weir_tz_offset(z, local_s - before) == before;
    if (before == after) {
        return local_s - before;
    }
    bool after_ok = weir_tz_offset(z, local_s - after) == after;
    if (after_ok && (!before_ok || (prefer && *prefer == after))) {
        return local_s - after;
    }
    return local_s - before; /* the earlier offset, or in a gap: forward by its length */
}

weir_sv weir_tz_id(const weir_tz *z)
{
    return z->id;
}

bool weir_tz_is_offset(const weir_tz *z)
{
    return z->fixed_offset;
}

/* -- names ---------------------------------------------------------------------------------- */

/* Field `i` of a set, which is text between bars. */
static weir_sv name_field(const char *set, uint32_t i)
{
    while (i-- > 0) {
        set = strchr(set, '|') + 1;
    }
    const char *end = strchr(set, '|');
    return end ? weir_sv_of(set, (size_t)(end - set)) : weir_sv_cstr(set);
}

weir_sv weir_tz_name(const weir_tz *z, weir_tz_name_kind kind, bool full)
{
    return z->names ? name_field(z->names, (uint32_t)kind * 2 + full) : z->id;
}

static const char *find_names(weir_sv id)
{
    uint32_t low = 0;
    uint32_t high = weir__tz_n_zones;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        int c = weir_sv_cmp(weir_sv_cstr(weir__tz_zones[mid].id), id);
        if (c == 0) {
            return weir__tz_name_sets[weir__tz_zones[mid].set];
        }
        if (c < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

uint32_t weir_tz_match(weir_sv text, bool names, bool full, weir_sv *id)
{
    uint32_t best = 0;
    for (uint32_t i = 0; i < weir__tz_n_zones; i++) {
        weir_sv candidate = weir_sv_cstr(weir__tz_zones[i].id);
        if (candidate.n > best && weir_sv_istarts(text, candidate)) {
            best = candidate.n;
            *id = candidate;
        }
    }
    for (uint32_t i = 0; names && i < weir__tz_n_name_sets; i++) {
        const char *set = weir__tz_name_sets[i];
        for (uint32_t kind = 0; kind < 3; kind++) {
            weir_sv candidate = name_field(set, kind * 2 + full);
            if (candidate.n > best && weir_sv_istarts(text, candidate)) {
                best = candidate.n;
                *id = name_field(set, 6);
            }
        }
    }
    return best;
}

/* -- ids ------------------------------------------------------------------------------------ */

static bool two_digits(weir_sv s, uint32_t at, int32_t max, int32_t *out)
{
    if (at + 2 > s.n || (unsigned)(s.p[at] - '0') > 9 || (unsigned)(s.p[at + 1] - '0') > 9) {
        return false;
    }
    *out = (s.p[at] - '0') * 10 + (s.p[at + 1] - '0');
    return *out <= max;
}

bool weir_tz_parse_offset(weir_sv s, int32_t *offset_s)
{
    if (weir_sv_eq(s, WEIR_SV("Z"))) {
        *offset_s = 0;
        return true;
    }
    if (s.n < 2 || (s.p[0] != '+' && s.p[0] != '-')) {
        return false;
    }
    int32_t h = 0;
    int32_t m = 0;
    int32_t sec = 0;
    bool ok;
    if (s.n == 2) {
        h = s.p[1] - '0';
        ok = h >= 0 && h <= 9;
    } else {
        bool colon = s.n > 3 && s.p[3] == ':';
        uint32_t step = colon ? 3 : 2;
        ok = two_digits(s, 1, 18, &h);
        ok = ok && (s.n <= 3 || two_digits(s, 1 + step, 59, &m));
        ok = ok && (s.n <= 1 + step + 2 || two_digits(s, 1 + 2 * step, 59, &sec));
        ok = ok && (s.n == 3 || s.n == 3 + step || s.n == 3 + 2 * step);
        ok = ok && (!colon || s.n < 9 || s.p[6] == ':');
    }
    int32_t total = h * 3600 + m * 60 + sec;
    *offset_s = s.p[0] == '-' ? -total : total;
    return ok && total <= 18 * 3600;
}

/* `+01:00` behind a prefix such as `UTC`. */
static void set_fixed(weir_arena *a, weir_tz *z, weir_sv prefix, int32_t offset_s)
{
    int32_t magnitude = offset_s < 0 ? -offset_s : offset_s;
    char sign = offset_s < 0 ? '-' : '+';
    int32_t h = magnitude / 3600;
    int32_t m = magnitude / 60 % 60;
    int32_t s = magnitude % 60;
    if (offset_s == 0) {
        z->id = prefix.n ? prefix : WEIR_SV("Z");
    } else if (s) {
        z->id = weir_arena_printf(a, WEIR_SV_FMT "%c%02d:%02d:%02d", WEIR_SV_ARG(prefix), sign, h,
                                  m, s);
    } else {
        z->id = weir_arena_printf(a, WEIR_SV_FMT "%c%02d:%02d", WEIR_SV_ARG(prefix), sign, h, m);
    }
    int32_t *offset = WEIR_NEW(a, int32_t);
    *offset = offset_s;
    z->offset_s = offset;
    z->dst = not_dst;
    z->fixed_offset = prefix.n == 0;
}

static bool is_region_name(weir_sv id)
{
    if (id.n < 2 || id.n > WEIR_TZ_ID_MAX || (id.p[0] | 32) < 'a' || (id.p[0] | 32) > 'z') {
        return false;
    }
    for (uint32_t i = 1; i < id.n; i++) {
        char c = id.p[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr("~/._+-", c))) {
            return false;
        }
    }
    return weir_sv_find(id, WEIR_SV(".."), 0) < 0;
}

/* Files of the zone folder that are no ids for Java. */
static bool is_hidden(weir_sv id)
{
    static const char *const names[] = {"EST",     "MST",        "HST",       "ROC",
                                        "Factory", "posixrules", "localtime", "right/",
                                        "posix/"};
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        weir_sv name = weir_sv_cstr(names[i]);
        bool folder = name.p[name.n - 1] == '/';
        if (folder ? weir_sv_starts(id, name) : weir_sv_eq(id, name)) {
            return true;
        }
    }
    return false;
}

/* Java keeps zones that the system dropped; today these have the same rules. */
static const char *file_of(const char *id)
{
    static const char *const system_v[][2] = {
        {"AST4ADT", "America/Halifax"},  {"EST5EDT", "America/New_York"},
        {"CST6CDT", "America/Chicago"},  {"MST7MDT", "America/Denver"},
        {"YST9YDT", "America/Anchorage"}, {"PST8PDT", "America/Los_Angeles"},
        {"AST4", "America/Puerto_Rico"}, {"EST5", "America/Indianapolis"},
        {"CST6", "America/Regina"},      {"MST7", "America/Phoenix"},
        {"PST8", "Pacific/Pitcairn"},    {"YST9", "Pacific/Gambier"},
        {"HST10", "Pacific/Honolulu"},
    };
    static const char prefix[] = "SystemV/";
    if (strncmp(id, prefix, sizeof prefix - 1) == 0) {
        for (size_t i = 0; i < WEIR_COUNT(system_v); i++) {
            if (strcmp(id + sizeof prefix - 1, system_v[i][0]) == 0) {
                return system_v[i][1];
            }
        }
    }
    return id;
}

weir_rc weir_tz_load(weir_arena *a, weir_sv id, const weir_tz **out, weir_status *st)
{
    weir_tz *z = WEIR_NEW(a, weir_tz);
    int32_t offset_s = 0;
    *out = z;
    if (id.n && (id.p[0] == '+' || id.p[0] == '-' || (id.n == 1 && id.p[0] == 'Z'))) {
        if (!weir_tz_parse_offset(id, &offset_s)) {
            return weir_fail(st, WEIR_ENOTFOUND,
                             "Invalid ID for ZoneOffset, invalid format: " WEIR_SV_FMT,
                             WEIR_SV_ARG(id));
        }
        set_fixed(a, z, (weir_sv){0}, offset_s);
        return WEIR_OK;
    }
    static const char *const prefixes[] = {"UTC", "GMT", "UT"};
    for (size_t i = 0; i < WEIR_COUNT(prefixes); i++) {
        weir_sv prefix = weir_sv_cstr(prefixes[i]);
        weir_sv rest = weir_sv_of(id.p + prefix.n, id.n - prefix.n);
        if (!weir_sv_starts(id, prefix) || (rest.n && rest.p[0] != '+' && rest.p[0] != '-')) {
            continue;
        }
        if (rest.n && !weir_tz_parse_offset(rest, &offset_s)) {
            return weir_fail(st, WEIR_ENOTFOUND,
                             "Invalid ID for offset-based ZoneId: " WEIR_SV_FMT, WEIR_SV_ARG(id));
        }
        set_fixed(a, z, prefix, offset_s);
        z->names = rest.n ? NULL : find_names(id);
        return WEIR_OK;
    }
    if (!is_region_name(id)) {
        return weir_fail(st, WEIR_ENOTFOUND,
                         "Invalid ID for region-based ZoneId, invalid format: " WEIR_SV_FMT,
                         WEIR_SV_ARG(id));
    }
    z->id = weir_arena_sv(a, id);
    z->names = find_names(id);
    if (is_hidden(id)) {
        return weir_fail(st, WEIR_ENOTFOUND, "Unknown time-zone ID: " WEIR_SV_FMT,
                         WEIR_SV_ARG(id));
    }
    return weir__tz_read(a, file_of(z->id.p), z, st);
}

/* -- cache ---------------------------------------------------------------------------------- */

typedef struct cache_slot {
    weir_sv id; /* as asked for */
    const weir_tz *zone;
} cache_slot;

struct weir_tz_cache {
    weir_arena own;
    weir_arena *arena; /* of the zones: `own`, or the one that the cache lives in */
    uint32_t n;
    cache_slot slots[WEIR_TZ_CACHE_MAX * 2]; /* open addressing */
};

weir_tz_cache *weir_tz_cache_new(void)
{
    weir_tz_cache *c = weir_zalloc(sizeof *c);
    weir_arena_init(&c->own);
    c->arena = &c->own;
    return c;
}

weir_tz_cache *weir_tz_cache_in(weir_arena *a)
{
    weir_tz_cache *c = WEIR_NEW(a, weir_tz_cache);
    c->arena = a;
    return c;
}

void weir_tz_cache_free(weir_tz_cache *c)
{
    if (c) {
        WEIR_ASSERT(c->arena == &c->own);
        weir_arena_deinit(&c->own);
        weir_free(c);
    }
}

weir_rc weir_tz_get(weir_tz_cache *c, weir_sv id, const weir_tz **out, weir_status *st)
{
    uint32_t mask = WEIR_TZ_CACHE_MAX * 2 - 1;
    uint32_t at = (uint32_t)weir_hash_sv(id) & mask;
    while (c->slots[at].zone) {
        if (weir_sv_eq(c->slots[at].id, id)) {
            *out = c->slots[at].zone;
            return WEIR_OK;
        }
        at = (at + 1) & mask;
    }
    if (c->n == WEIR_TZ_CACHE_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "more than %d time zones in use", WEIR_TZ_CACHE_MAX);
    }
    /* Ids that do not exist leave nothing behind. */
    weir_arena scratch;
    weir_arena_init(&scratch);
    weir_rc rc = weir_tz_load(&scratch, id, out, st);
    weir_arena_deinit(&scratch);
    WEIR_TRY(rc);
    WEIR_TRY(weir_tz_load(c->arena, id, out, st));
    c->slots[at] = (cache_slot){weir_arena_sv(c->arena, id), *out};
    c->n++;
    return WEIR_OK;
}
