/* Patterns and zones of a call site; see the header. */
#include "engine/base/hash.h"
#include "engine/base/limits.h"
#include "operators/fn_datetime.h"

/* Compiles `key` into `a`; NULL, with a message: it is none. */
typedef const void *compile_fn(weir_arena *a, weir_sv key, weir_status *st);

static uint32_t find(const weir__memo *m, weir_sv key)
{
    uint32_t at = (uint32_t)weir_hash_sv(key) & (m->room - 1);
    while (m->slots[at].used && !weir_sv_eq(m->slots[at].key, key)) {
        at = (at + 1) & (m->room - 1);
    }
    return at;
}

static void grow(weir__memo *m, weir_arena *a)
{
    weir__memo old = *m;
    *m = (weir__memo){.n = old.n, .room = old.room ? old.room * 2 : 4};
    m->slots = WEIR_NEW_N(a, weir__memo_slot, m->room);
    for (uint32_t i = 0; i < old.room; i++) {
        if (old.slots[i].used) {
            m->slots[find(m, old.slots[i].key)] = old.slots[i];
        }
    }
}

static weir__memo_slot make(weir_arena *a, weir_sv key, compile_fn *compile)
{
    weir_status st;
    weir_status_reset(&st);
    weir__memo_slot s = {.key = weir_arena_sv(a, key), .used = true};
    s.value = compile(a, key, &st);
    if (!s.value) {
        s.error = weir_arena_sv(a, weir_sv_cstr(st.msg));
    }
    return s;
}

static const void *look_up(weir_call *c, weir__memo *m, weir_sv key, compile_fn *compile,
                           weir_sv *error)
{
    if (m->last && weir_sv_eq(m->last->key, key)) {
        *error = m->last->error;
        return m->last->value;
    }
    if (m->n * 2 >= m->room && m->n < WEIR_CALL_PATTERNS_MAX) {
        grow(m, c->plan_arena);
    }
    uint32_t at = find(m, key);
    if (!m->slots[at].used) {
        if (m->n == WEIR_CALL_PATTERNS_MAX) {
            weir__memo_slot once = make(c->arena, key, compile);
            *error = once.error;
            return once.value;
        }
        m->slots[at] = make(c->plan_arena, key, compile);
        m->n++;
    }
    m->last = &m->slots[at];
    *error = m->last->error;
    return m->last->value;
}

static const void *compile_root(weir_arena *a, weir_sv key, weir_status *st)
{
    weir_dtf *f;
    return weir_dtf_compile(a, key, WEIR_LOCALE_ROOT, &f, st) == WEIR_OK ? f : NULL;
}

static const void *compile_english(weir_arena *a, weir_sv key, weir_status *st)
{
    weir_dtf *f;
    return weir_dtf_compile(a, key, WEIR_LOCALE_EN, &f, st) == WEIR_OK ? f : NULL;
}

static const void *load_zone(weir_arena *a, weir_sv key, weir_status *st)
{
    const weir_tz *z;
    return weir_tz_load(a, key, &z, st) == WEIR_OK ? z : NULL;
}

void weir__dt_prepare(weir_call *c)
{
    c->prepared = WEIR_NEW(c->plan_arena, weir__dt_site);
}

const weir_dtf *weir__dt_pattern(weir_call *c, weir_sv pattern, weir_locale locale, weir_sv *error)
{
    weir__dt_site *site = c->prepared;
    return look_up(c, &site->patterns, pattern,
                   locale == WEIR_LOCALE_ROOT ? compile_root : compile_english, error);
}

const weir_tz *weir__dt_zone(weir_call *c, weir_sv id, weir_sv *error)
{
    weir__dt_site *site = c->prepared;
    return look_up(c, &site->zones, id, load_zone, error);
}
