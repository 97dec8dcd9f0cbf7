/* Member names. Which wanted member a name stands for never changes, so each name seen is kept with
 * its answer: first the one that came at this place of the last object is tried, then a hash table.
 * Only a new name is upper-cased and looked up among the wanted ones. What is kept is bounded,
 * since names are data. */
#include "engine/data/json_walk.h"

#include "engine/base/hash.h"
#include "engine/data/text.h"

#define KEPT_NAME_BYTES 256
#define NAMES_WITHOUT_TABLE 8

static uint64_t hash_of(uint64_t head, weir_sv name)
{
    return name.n <= 8 ? weir_hash_u64(head ^ name.n) : weir_hash_sv(name);
}

/* The slot of a name, or the empty one where it belongs. */
static uint32_t slot_of(const weir_json_keys *k, uint64_t head, weir_sv name)
{
    uint32_t at = (uint32_t)hash_of(head, name) & (k->n_slots - 1);
    while (k->slots[at] && !weir__json_same(&k->items[k->slots[at] - 1], head, name)) {
        at = (at + 1) & (k->n_slots - 1);
    }
    return at;
}

static void resize(weir_json_keys *k)
{
    k->n_slots = k->n_slots ? k->n_slots * 2 : 32;
    k->slots = WEIR_NEW_N(k->arena, uint32_t, k->n_slots);
    for (uint32_t i = 0; i < k->n; i++) {
        k->slots[slot_of(k, k->items[i].head, k->items[i].name)] = i + 1;
    }
}

/* What weir__json_starts compares. */
static void set_text(weir__json_key *k)
{
    char text[KEPT_NAME_BYTES + 3 + 8] = "\"";
    uint32_t n = k->name.n + 3;
    k->room = UINT32_MAX;
    if (k->name.n > KEPT_NAME_BYTES || weir_sv_find(k->name, WEIR_SV("\""), 0) >= 0 ||
        weir_sv_find(k->name, WEIR_SV("\\"), 0) >= 0) {
        return; /* too long to keep, or never written as it is */
    }
    if (k->name.n) {
        memcpy(text + 1, k->name.p, k->name.n);
    }
    memcpy(text + n - 2, "\":", 2);
    k->room = n < 8 ? 8 : n;
    k->tail = k->room - 8;
    k->mask = n < 8 ? (UINT64_C(1) << n * 8) - 1 : UINT64_MAX;
    k->first = weir__json_word(text);
    k->last = weir__json_word(text + k->tail);
}

/* Keeps a name that is not there yet. */
static void keep(weir_json_keys *k, weir_sv name, int32_t wanted, bool exact)
{
    weir_sv mine = weir_arena_sv(k->arena, name);
    weir__json_key item = {
        .head = weir__json_head(mine, mine.n), .name = mine, .wanted = wanted, .exact = exact};
    set_text(&item);
    WEIR_PUSH(k->arena, k->items, k->n, k->cap, item);
    if (k->n * 2 > k->n_slots) {
        resize(k);
    } else {
        k->slots[slot_of(k, item.head, mine)] = k->n;
    }
}

weir_json_keys *weir_json_keys_new(weir_arena *a, const weir_sv *names, uint32_t n)
{
    weir_json_keys *k = WEIR_NEW(a, weir_json_keys);
    k->arena = a;
    k->n_wanted = n;
    resize(k);
    for (uint32_t i = 0; i < n; i++) {
        keep(k, names[i], (int32_t)i, true);
    }
    for (uint32_t i = 0; i <= WEIR__JSON_PLACES; i++) {
        k->places[i].room = UINT32_MAX; /* nothing is guessed yet */
        k->places[i].name.n = UINT32_MAX;
    }
    return k;
}

static int32_t wanted_in_upper_case(const weir_json_keys *k, weir_arena *a, weir_sv name)
{
    weir_sv upper = weir_text_upper(a, name);
    uint32_t found = k->slots[slot_of(k, weir__json_head(upper, upper.n), upper)];
    return found && k->items[found - 1].exact ? k->items[found - 1].wanted : -1;
}

const weir__json_key *weir__json_keys_search(weir_json_keys *k, weir_arena *a,
                                             weir__json_key *guess, uint64_t head, weir_sv name)
{
    uint32_t found = k->slots[slot_of(k, head, name)];
    if (!found) {
        int32_t wanted = wanted_in_upper_case(k, a, name);
        if (name.n > KEPT_NAME_BYTES || k->n >= k->n_wanted + WEIR_JSON_KEYS_LEARNED_MAX) {
            weir__json_key *once = weir_arena_alloc(a, sizeof *once);
            *once = (weir__json_key){.head = head, .name = name, .wanted = wanted};
            return once;
        }
        keep(k, name, wanted, false);
        found = k->n;
    }
    *guess = k->items[found - 1];
    return guess;
}

static uint32_t names_slot(const weir_json_names *s, weir_sv name)
{
    uint32_t at = (uint32_t)weir_hash_sv(name) & (s->n_slots - 1);
    while (s->slots[at] && !weir_sv_eq(s->names[s->slots[at] - 1], name)) {
        at = (at + 1) & (s->n_slots - 1);
    }
    return at;
}

uint32_t weir_json_names_add(weir_json_names *s, weir_arena *a, weir_sv name)
{
    if (s->n < NAMES_WITHOUT_TABLE) {
        for (uint32_t i = 0; i < s->n; i++) {
            if (weir_sv_eq(s->names[i], name)) {
                return i;
            }
        }
    } else {
        if (s->n * 2 >= s->n_slots) {
            s->n_slots = s->n_slots ? s->n_slots * 2 : 4 * NAMES_WITHOUT_TABLE;
            s->slots = WEIR_NEW_N(a, uint32_t, s->n_slots);
            for (uint32_t i = 0; i < s->n; i++) {
                s->slots[names_slot(s, s->names[i])] = i + 1;
            }
        }
        uint32_t at = names_slot(s, name);
        if (s->slots[at]) {
            return s->slots[at] - 1;
        }
        s->slots[at] = s->n + 1;
    }
    WEIR_PUSH(a, s->names, s->n, s->cap, name);
    return s->n - 1;
}
