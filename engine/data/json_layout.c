/* Records of one make differ in their values only. What stands between the values of one that was
 * read the long way is kept, and the next one is held against it: equal bytes between the values
 * need no looking at, and a value of plain text or a number is checked while its end is sought. So
 * nothing is indexed, and a record costs one comparison and one search per member.
 *
 * Nothing is taken on trust: a record is either read here to its last byte, or not at all. It takes
 * wide vectors to be faster than the long way: without AVX2 nothing is learned. */
#include "engine/data/json_walk.h"

#ifdef __x86_64__
#include <immintrin.h>

#include "engine/data/json_shim.h"

#define MEMBERS_MAX 64
#define TEXT_MAX 4096
#define STEP 32      /* bytes looked at together */
#define BARE_STEP 16 /* the same for what is not in quotes */
#define AVX2 __attribute__((target("avx2,bmi,bmi2")))

/* A value begins before the end of the record and is looked at one step at a time, and so is what
 * stands behind it. */
_Static_assert(2 * STEP <= WEIR_JSON_READABLE, "what is read behind the end of a record");

/* A member: what stands before its value, `{"a":` or `,"b":` with the white space of the writer,
 * and how long the value is. Where the next member starts is then known before the value has been
 * looked at, so that the processor need not wait for it. */
typedef struct member {
    char lead[STEP];  /* the first bytes of what stands before the value */
    uint32_t counts;  /* a bit for each of them */
    uint32_t lead_n;  /* how many they are with those behind STEP, */
    const char *rest; /* which are here */
    int32_t wanted;   /* index of the member, -1: nobody wants it */
    uint32_t value_n; /* bytes of the value; for strings without the quotes */
    uint32_t end;     /* a bit for the byte behind the value */
    uint32_t upto;    /* this one and all below it; 0: values have different lengths */
} member;

struct weir_json_layout {
    char quote[STEP], slash[STEP], space[STEP]; /* each byte is that one */
    char comma[BARE_STEP], brace[BARE_STEP], bang[BARE_STEP];
    weir_json_keys *keys;
    bool able;         /* the processor has what it takes */
    uint32_t n;        /* members; 0: nothing is learned */
    uint32_t n_absent; /* wanted ones that are not among them */
    uint32_t *absent;
    uint32_t n_text;
    member members[MEMBERS_MAX + 1]; /* what follows the last one has no value */
    char text[TEXT_MAX];
};

/* ---- reading ---- */

AVX2 static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 static inline __m128i load_half(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

AVX2 static inline bool starts(const member *m, const char *p, const char *end)
{
    uint32_t same = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(p), load(m->lead)));
    return (~same & m->counts) == 0 &&
           (WEIR_LIKELY(m->lead_n <= STEP) ||
            (end - p >= (ptrdiff_t)m->lead_n &&
             memcmp(p + STEP, m->rest, m->lead_n - STEP) == 0));
}

/* Bit i: p[i] is not plain text of a string, but a quote, a backslash, a control character or not
 * ASCII. */
AVX2 static inline uint32_t odd_bytes(const weir_json_layout *l, const char *p)
{
    __m256i v = load(p);
    __m256i quote = _mm256_cmpeq_epi8(v, load(l->quote));
    __m256i slash = _mm256_cmpeq_epi8(v, load(l->slash));
    __m256i other = _mm256_cmpgt_epi8(load(l->space), v); /* signed: from 0x80 on, too */
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quote, slash), other));
}

/* Bit i: p[i] may end a number or word; i < BARE_STEP. */
AVX2 static inline uint32_t bare_ends(const weir_json_layout *l, const char *p)
{
    __m128i v = load_half(p);
    __m128i comma = _mm_cmpeq_epi8(v, load_half(l->comma));
    __m128i brace = _mm_cmpeq_epi8(v, load_half(l->brace));
    __m128i other = _mm_cmpgt_epi8(load_half(l->bang), v); /* white space, too */
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(comma, brace), other));
}

/* The rest of a string that starts at `p` and is plain text up to `at`. Returns its closing quote;
 * NULL: it is at fault or goes beyond `end`. */
__attribute__((noinline)) static const char *odd_end(const char *p, const char *at,
                                                     const char *end, bool *escaped)
{
    bool unicode = false;
    while (at < end && *at != '"') {
        if ((unsigned char)*at < ' ') {
            return NULL;
        }
        *escaped |= *at == '\\';
        unicode |= (*at & 0x80) != 0;
        at += *at == '\\' ? 2 : 1;
    }
    weir_sv text = weir_sv_of(p, (size_t)(at - p));
    bool ok = at < end && (!*escaped || weir__json_escapes_valid(text)) &&
              (!unicode || weir__json_utf8_valid(text.p, text.n));
    return ok ? at : NULL;
}

/* The same for one that does not end within the first step, or not with plain text. */
AVX2 __attribute__((noinline)) static const char *
far_end(const weir_json_layout *l, const char *p, const char *end, bool *escaped)
{
    for (const char *at = p; at < end; at += STEP) {
        uint32_t odd = odd_bytes(l, at);
        if (odd) {
            return odd_end(p, at + __builtin_ctz(odd), end, escaped);
        }
    }
    return NULL;
}

static bool read_word(const char *p, size_t n, weir_json_token *t)
{
    const char *end = p + n;
    t->kind = weir__json_is(p, end, "true", 4)    ? WEIR_JSON_TRUE
              : weir__json_is(p, end, "false", 5) ? WEIR_JSON_FALSE
              : weir__json_is(p, end, "null", 4)  ? WEIR_JSON_NULL
                                                  : (uint8_t)weir__json_number_kind(p, n);
    t->text = weir_sv_of(p, n);
    t->escaped = false;
    t->small = false;
    return t->kind != WEIR_JSON_ABSENT;
}

/* Bytes of the number or word at `p` that is longer than BARE_STEP. */
__attribute__((noinline)) static uint32_t far_bare_end(const char *p, const char *end)
{
    const char *at = p;
    while (at < end && *at != ',' && *at != '}' && (signed char)*at > ' ') {
        at++;
    }
    return (uint32_t)(at - p);
}

static inline bool read_digit(const char *p, weir_json_token *t)
{
    t->text = weir_sv_of(p, 1);
    t->kind = WEIR_JSON_INT;
    t->escaped = false;
    t->small = true;
    t->scale = 0;
    t->value = *p - '0';
    return t->value >= 0 && t->value <= 9;
}

/* Reads a number or word; returns its length, 0: it is neither. */
AVX2 static inline uint32_t read_bare(const weir_json_layout *l, member *m, const char *p,
                                      const char *end, weir_json_token *t)
{
    uint32_t ends = bare_ends(l, p);
    uint32_t n = m->value_n;
    if ((ends & m->upto) != m->end) {
        m->upto = 0;
        n = WEIR_LIKELY(ends) ? (uint32_t)__builtin_ctz(ends) : far_bare_end(p, end);
    }
    bool ok = n == 1 ? read_digit(p, t) : weir__json_read_small(p, n, t);
    return WEIR_LIKELY(ok) || read_word(p, n, t) ? n : 0;
}

/* Reads the string that starts at `p`; returns its closing quote, NULL: it is at fault. */
AVX2 static inline const char *read_string(const weir_json_layout *l, member *m, const char *p,
                                           const char *end, bool *escaped)
{
    uint32_t odd = odd_bytes(l, p);
    const char *at = p + m->value_n;
    if ((odd & m->upto) != m->end) {
        m->upto = 0;
        at = p + __builtin_ctz(odd | UINT32_C(1) << (STEP - 1));
    }
    return WEIR_LIKELY(*at == '"') ? at : far_end(l, p, end, escaped);
}

AVX2 static bool read_members(weir_json_layout *l, weir_sv text, weir_json_token *out)
{
    const char *p = text.p;
    const char *end = text.p + text.n;
    weir_json_token unwanted;
    member *m = l->members;
    for (const member *stop = m + l->n; m != stop; m++) {
        if (WEIR_UNLIKELY(!starts(m, p, end))) {
            return false;
        }
        p += m->lead_n;
        if (WEIR_UNLIKELY(p >= end)) {
            return false;
        }
        if (*p != '"') {
            uint32_t n = read_bare(l, m, p, end, m->wanted < 0 ? &unwanted : &out[m->wanted]);
            if (WEIR_UNLIKELY(!n)) {
                return false;
            }
            p += n;
            continue;
        }
        bool escaped = false;
        const char *quote = read_string(l, m, ++p, end, &escaped);
        if (WEIR_UNLIKELY(!quote)) {
            return false;
        }
        if (m->wanted >= 0) {
            weir_json_token *t = &out[m->wanted];
            t->text = weir_sv_of(p, (size_t)(quote - p));
            t->kind = WEIR_JSON_STRING;
            t->escaped = escaped;
        }
        p = quote + 1;
    }
    return p < end && (size_t)(end - p) == m->lead_n && starts(m, p, end);
}

bool weir_json_layout_read(weir_json_layout *l, weir_sv text, weir_json_token *out)
{
    if (l->n == 0) {
        return false;
    }
    for (uint32_t i = 0; i < l->n_absent; i++) {
        out[l->absent[i]].kind = WEIR_JSON_ABSENT;
    }
    return read_members(l, text, out);
}

/* ---- learning ---- */

/* Makes [from, to) the lead of the next member. */
static member *add_lead(weir_json_layout *l, const char *from, const char *to)
{
    member *m = &l->members[l->n];
    *m = (member){.lead_n = (uint32_t)(to - from), .rest = l->text + l->n_text};
    uint32_t first = m->lead_n < STEP ? m->lead_n : STEP;
    uint32_t rest = m->lead_n - first;
    if (rest > TEXT_MAX - l->n_text) {
        return NULL;
    }
    memcpy(m->lead, from, first);
    memcpy(l->text + l->n_text, from + first, rest);
    l->n_text += rest;
    m->counts = first == STEP ? UINT32_MAX : (UINT32_C(1) << first) - 1;
    return m;
}

static bool add(weir_json_layout *l, const char *from, const char *value, const weir_json_token *t,
                int32_t wanted)
{
    member *m = l->n < MEMBERS_MAX ? add_lead(l, from, value) : NULL;
    if (!m) {
        return false;
    }
    m->wanted = wanted;
    m->value_n = t->text.n;
    if (m->value_n < (t->kind == WEIR_JSON_STRING ? STEP : BARE_STEP)) {
        m->end = UINT32_C(1) << m->value_n;
        m->upto = m->end | (m->end - 1);
    } else {
        m->end = 1; /* with `upto` 0: equal to nothing */
    }
    l->n++;
    return true;
}

/* Of two members for one name the exact one counts, then the later one. */
static void settle(weir_json_layout *l, bool *exact, const weir__json_key *key)
{
    uint32_t last = l->n - 1;
    exact[last] = key->exact;
    for (uint32_t i = 0; key->wanted >= 0 && i < last; i++) {
        if (l->members[i].wanted == key->wanted) {
            l->members[exact[i] && !key->exact ? last : i].wanted = -1;
        }
    }
}

static void note_absent(weir_json_layout *l)
{
    l->n_absent = 0;
    for (uint32_t w = 0; w < l->keys->n_wanted; w++) {
        uint32_t i = 0;
        while (i < l->n && l->members[i].wanted != (int32_t)w) {
            i++;
        }
        if (i == l->n) {
            l->absent[l->n_absent++] = w;
        }
    }
}

static bool learn(weir_json_layout *l, weir_json_doc *d, weir_sv text)
{
    bool exact[MEMBERS_MAX];
    const char *from = text.p;
    uint32_t at = 1;
    do { /* name, colon, value, and a comma before the next one */
        weir_json_token t;
        if (at + 3 >= d->n) {
            return false; /* nested values, or none */
        }
        const char *value = d->p + d->at[at + 2];
        const weir__json_key *key = weir__json_key_at(d, at, l->keys);
        if (!key || *value == '{' || *value == '[' || !weir__json_read_scalar(d, at + 2, &t) ||
            !add(l, from, value, &t, key->wanted)) {
            return false;
        }
        settle(l, exact, key);
        from = t.text.p + t.text.n + (t.kind == WEIR_JSON_STRING);
        at += 4;
    } while (d->p[d->at[at - 1]] == ',');
    note_absent(l);
    return at == d->n && add_lead(l, from, text.p + text.n);
}

bool weir_json_layout_learn(weir_json_layout *l, weir_json_doc *d, weir_sv text)
{
    l->n = 0;
    l->n_text = 0;
    if (!l->able || !learn(l, d, text)) {
        l->n = 0;
    }
    return l->n > 0;
}

weir_json_layout *weir_json_layout_new(weir_arena *a, weir_json_keys *keys)
{
    weir_json_layout *l = WEIR_NEW(a, weir_json_layout);
    l->keys = keys;
    l->able = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
              __builtin_cpu_supports("bmi2");
    l->absent = WEIR_NEW_N(a, uint32_t, keys->n_wanted);
    memset(l->quote, '"', STEP);
    memset(l->slash, '\\', STEP);
    memset(l->space, ' ', STEP);
    memset(l->comma, ',', BARE_STEP);
    memset(l->brace, '}', BARE_STEP);
    memset(l->bang, '!', BARE_STEP);
    return l;
}

#else

bool weir_json_layout_read(weir_json_layout *l, weir_sv text, weir_json_token *out)
{
    (void)l;
    (void)text;
    (void)out;
    return false;
}

bool weir_json_layout_learn(weir_json_layout *l, weir_json_doc *d, weir_sv text)
{
    (void)l;
    (void)d;
    (void)text;
    return false;
}

weir_json_layout *weir_json_layout_new(weir_arena *a, weir_json_keys *keys)
{
    (void)a;
    (void)keys;
    return NULL;
}
#endif
