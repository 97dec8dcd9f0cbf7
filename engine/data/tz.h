/* Time zones: java.time's rules over the system's TZif files.
 *
 * Owns: zone ids as ZoneId.of reads them (`UTC`, `GMT+05:30`, `+01:00`, `Z`, `Europe/Paris`), the
 * offset of an instant, and Java's answers for local times that do not exist or exist twice.
 * A zone is immutable once loaded, so any thread may read it; a cache belongs to one thread and its
 * zones live as long as it does.
 *
 * Refuses: names outside the zone directory (no `..`, no absolute paths), files that are not TZif,
 * offsets beyond ±18 h, more than WEIR_TZ_CACHE_MAX zones in one cache. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/status.h"

#define WEIR_TZ_CACHE_MAX 4096
#define WEIR_TZ_ID_MAX 64 /* bytes of an id */

typedef struct weir_tz weir_tz;
typedef struct weir_tz_cache weir_tz_cache;

extern const weir_tz weir_tz_utc; /* id `Z`, offset 0 */

weir_tz_cache *weir_tz_cache_new(void);
void weir_tz_cache_free(weir_tz_cache *c);
/* A cache that lives in `a`, with its zones: not to be freed. */
weir_tz_cache *weir_tz_cache_in(weir_arena *a);
/* The zone of an id, loaded at most once. WEIR_ENOTFOUND when there is none. */
weir_rc weir_tz_get(weir_tz_cache *c, weir_sv id, const weir_tz **out, weir_status *st);
/* The same without a cache, in `a`. */
weir_rc weir_tz_load(weir_arena *a, weir_sv id, const weir_tz **out, weir_status *st);

weir_sv weir_tz_id(const weir_tz *z); /* ZoneId.getId(): offsets normalised, `+1` is `+01:00` */
/* A fixed offset (`Z`, `+01:00`), not a region: DateTimeFormatter prints it as its id. */
bool weir_tz_is_offset(const weir_tz *z);
/* Seconds east of Greenwich at an instant, in seconds since the epoch. */
int32_t weir_tz_offset(const weir_tz *z, int64_t epoch_s);
bool weir_tz_is_dst(const weir_tz *z, int64_t epoch_s); /* Java's view: summer, even in Dublin */
/* ORDER weir_tz_name_kind: the fields of a set in tz_names.c */
typedef enum weir_tz_name_kind { WEIR_TZ_STANDARD, WEIR_TZ_DAYLIGHT, WEIR_TZ_GENERIC } weir_tz_name_kind;
/* English name: `PDT`, `Pacific Daylight Time`, `PT`; the id when there is none. */
weir_sv weir_tz_name(const weir_tz *z, weir_tz_name_kind kind, bool full);
/* The longest zone id, or with `names` also zone name, that `text` begins with in any case. Returns its
 * length and the id of the zone, 0 when there is none. */
uint32_t weir_tz_match(weir_sv text, bool names, bool full, weir_sv *id);
/* Local seconds to the epoch as ZonedDateTime.of does: a time in a gap moves forward by the gap, in
 * an overlap the earlier offset wins unless `prefer` (NULL: none) is the other valid one. */
int64_t weir_tz_from_local(const weir_tz *z, int64_t local_s, const int32_t *prefer);

/* `+hh:mm`, `+hhmm`, `+hh`, `+h`, `+hh:mm:ss`, `Z`: what ZoneOffset.of reads. */
bool weir_tz_parse_offset(weir_sv s, int32_t *offset_s);
