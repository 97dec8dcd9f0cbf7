/* The generator: which row comes next, when, and in what condition. */
#include "connectors/datagen_impl.h"

#define SEEN 64             /* a duplicate is one of so many records before it */
#define TIME_MAX_MS 1e14    /* of event time, some thousand years */
#define TABLE_LEAD_MS 60000 /* rows of tables with an end are so much older than the first event   \
                             */

struct weir_datagen {
    const weir_datagen_spec *s;
    uint64_t position;
    uint64_t row; /* of all wanted streams together: the duplicates do not count */
    weir__dg_walk *walks;
    weir__dg_moment seen[SEEN];
    weir_shop *shop;
    uint64_t products; /* of the shop, given out */
    weir_buf key, key_json, value;
};

uint32_t weir_datagen_tables(const weir_datagen_spec *s)
{
    return s->n;
}

const weir_datagen_table *weir_datagen_table_at(const weir_datagen_spec *s, uint32_t i)
{
    WEIR_ASSERT(i < s->n);
    return &s->tables[i].told;
}

/* ---- chance ---- */

/* What there is one draw of per row or per record. */
enum { FATE = 1, DISORDER, LATE, AGAIN, BACK, CUT };

static double chance(const weir_datagen_spec *s, uint64_t of, uint64_t n)
{
    weir_rng r;
    weir_rng_seed(&r, weir__dg_seed(weir_hash_u64(s->seed + of), n, of));
    return weir_rng_unit(&r);
}

weir__dg_fate weir__dg_fate_of(const weir_datagen_spec *s, uint32_t table, uint64_t row)
{
    if (s->malformed <= 0 && s->tombstones <= 0) {
        return WEIR__DG_WHOLE;
    }
    double u = chance(s, FATE, row * WEIR_DATAGEN_TABLES_MAX + table);
    return u < s->malformed                   ? WEIR__DG_MALFORMED
           : u < s->malformed + s->tombstones ? WEIR__DG_TOMBSTONE
                                              : WEIR__DG_WHOLE;
}

/* ---- moments ---- */

static int64_t event_time(const weir_datagen_spec *s, uint64_t stream_position)
{
    double ms = weir__dg_clock_due(&s->clock, stream_position) * 1000 * s->speed;
    int64_t at = s->start_ms + (int64_t)(ms < TIME_MAX_MS ? ms : TIME_MAX_MS);
    if (s->disorder_ms) {
        at -= (int64_t)(chance(s, DISORDER, stream_position) * (double)(s->disorder_ms + 1));
    }
    if (s->late > 0) {
        double u = chance(s, LATE, stream_position);
        at -= u < s->late ? 1 + (int64_t)(u / s->late * (double)s->late_ms) : 0;
    }
    return weir_max64(at, 0);
}

/* Row `n` of the wanted tables with an end. */
static void fixed_row(const weir_datagen_spec *s, uint64_t n, weir__dg_moment *m)
{
    m->table = 0;
    for (;; m->table++) {
        const weir_datagen_table *t = &s->tables[m->table].told;
        if (t->wanted && n < t->rows) {
            break;
        }
        n -= t->wanted ? t->rows : 0;
    }
    m->row = n;
    m->time_ms = weir_max64(0, s->start_ms - TABLE_LEAD_MS);
}

/* The next moment of a stream. Moves on, and writes nothing. */
static void next_moment(weir_datagen *g, weir__dg_moment *m)
{
    const weir_datagen_spec *s = g->s;
    uint64_t at = g->position - s->fixed_rows;
    if (s->duplicates > 0 && g->row > 0 && chance(s, AGAIN, at) < s->duplicates) {
        uint64_t n = g->row < SEEN ? g->row : SEEN;
        uint64_t back = 1 + (uint64_t)(chance(s, BACK, at) * (double)n);
        *m = g->seen[(g->row - (back < n ? back : n)) % SEEN];
        return;
    }
    const weir__dg_slot *slot = &s->wanted[g->row % s->n_wanted];
    uint64_t weight = s->tables[slot->table].weight;
    *m = (weir__dg_moment){.table = slot->table, .row = g->row / s->n_wanted * weight + slot->nth};
    m->time_ms = event_time(s, at);
    if (s->tables[slot->table].walk) {
        weir__dg_walk_next(s->tables[slot->table].walk, &g->walks[slot->table], m);
    }
    g->seen[g->row % SEEN] = *m;
    g->row++;
}

/* ---- records ---- */

static void write_key(weir_datagen *g, const weir__dg_table *t, const weir__dg_moment *m,
                      weir_datagen_record *out)
{
    weir_buf_reset(&g->key);
    weir_buf_reset(&g->key_json);
    bool there = t->n_keys > 0;
    bool first = true;
    for (uint32_t i = 0; i < t->n && t->n_keys; i++) {
        if (!t->fields[i].key) {
            continue;
        }
        if (t->n_keys == 1) {
            weir__dg_write(g->s, &t->cells[i], m, true, &g->key_json);
            there = weir__dg_write(g->s, &t->cells[i], m, false, &g->key);
            break;
        }
        weir_sv label = t->labels[i];
        weir_buf_byte(&g->key_json, first ? '{' : ',');
        weir_buf_add(&g->key_json, label.p + 1, label.n - 1);
        weir__dg_write(g->s, &t->cells[i], m, true, &g->key_json);
        first = false;
    }
    if (t->n_keys > 1) {
        weir_buf_byte(&g->key_json, '}');
        weir_buf_sv(&g->key, weir_buf_view(&g->key_json));
    } else if (!t->n_keys) {
        weir_buf_str(&g->key_json, "null");
    }
    out->key = there ? weir_buf_view(&g->key) : (weir_sv){NULL, UINT32_MAX};
    out->key_json = weir_buf_view(&g->key_json);
}

static void pad(weir_buf *value, uint32_t bytes)
{
    static const char label[] = ",\"padding\":\"";
    size_t from = value->n > 1 ? 0 : 1; /* an empty object has no comma */
    size_t more = sizeof label - 1 - from + 1;
    if (value->n + 1 + more > bytes) {
        return;
    }
    size_t n = bytes - value->n - 1 - more;
    weir_buf_add(value, label + from, sizeof label - 1 - from);
    char *to = weir_buf_reserve(value, n + 1);
    memset(to, 'x', n);
    to[n] = '"';
    value->n += n + 1;
}

static void write_value(weir_datagen *g, const weir__dg_table *t, const weir__dg_moment *m)
{
    weir_buf *out = &g->value;
    weir_buf_reset(out);
    weir_buf_byte(out, '{');
    for (uint32_t i = 0; i < t->n; i++) {
        if (!t->fields[i].hidden) {
            weir_sv label = t->labels[i];
            uint32_t comma = out->n == 1;
            weir_buf_add(out, label.p + comma, label.n - comma);
            weir__dg_write(g->s, &t->cells[i], m, true, out);
        }
    }
    if (g->s->record_bytes > out->n + 1) {
        pad(out, g->s->record_bytes);
    }
    weir_buf_byte(out, '}');
}

/* Cut off somewhere, at the latest before the last brace, and between characters. */
static void cut(weir_datagen *g, const weir__dg_moment *m)
{
    size_t n = 1 + (size_t)(chance(g->s, CUT, m->row * WEIR_DATAGEN_TABLES_MAX + m->table) *
                            (double)(g->value.n - 1));
    n = n < g->value.n ? n : g->value.n - 1;
    while (n > 1 && ((uint8_t)g->value.p[n] & 0xc0) == 0x80) {
        n--;
    }
    g->value.n = n;
}

/* Tables alone are told again from the beginning where more rows are wanted than they have. */
static bool ended(const weir_datagen *g)
{
    const weir_datagen_spec *s = g->s;
    if (s->max_rows && g->position >= s->max_rows) {
        return true;
    }
    if (g->position < s->fixed_rows) {
        return false;
    }
    if (s->n_wanted == 0) {
        return s->max_rows == 0 || s->shop;
    }
    return s->duration > 0 &&
           weir__dg_clock_due(&s->clock, g->position - s->fixed_rows) >= s->duration;
}

static void next_of_shop(weir_datagen *g, weir_datagen_record *out)
{
    weir_shop_record r;
    if (g->position < g->s->fixed_rows) {
        weir_shop_product(g->shop, (uint32_t)g->position, &r);
    } else {
        do {
            weir_shop_next(g->shop, &r);
        } while (!g->s->tables[r.topic].told.wanted);
    }
    weir_buf_reset(&g->key_json);
    weir_buf_byte(&g->key_json, '"'); /* keys of the shop need no escapes */
    weir_buf_sv(&g->key_json, r.key);
    weir_buf_byte(&g->key_json, '"');
    *out = (weir_datagen_record){.table = (uint32_t)r.topic,
                                 .key = r.key,
                                 .key_json = weir_buf_view(&g->key_json),
                                 .value = r.value,
                                 .malformed = r.malformed,
                                 .timestamp = r.timestamp};
    g->position++;
}

static bool skip_one(weir_datagen *g, weir__dg_moment *m)
{
    if (ended(g)) {
        return false;
    }
    *m = (weir__dg_moment){0};
    if (g->position < g->s->fixed_rows || g->s->n_wanted == 0) {
        fixed_row(g->s, g->position % g->s->fixed_rows, m);
    } else {
        next_moment(g, m);
    }
    g->position++;
    return true;
}

bool weir_datagen_next(weir_datagen *g, weir_datagen_record *out)
{
    weir__dg_moment m;
    if (g->shop) {
        bool more = !ended(g);
        if (more) {
            next_of_shop(g, out);
        }
        return more;
    }
    if (!skip_one(g, &m)) {
        return false;
    }
    const weir__dg_table *t = &g->s->tables[m.table];
    weir__dg_fate fate = t->told.rows ? WEIR__DG_WHOLE : weir__dg_fate_of(g->s, m.table, m.row);
    *out = (weir_datagen_record){
        .table = m.table, .timestamp = m.time_ms, .malformed = fate == WEIR__DG_MALFORMED};
    write_key(g, t, &m, out);
    if (fate == WEIR__DG_TOMBSTONE) {
        out->value = (weir_sv){NULL, UINT32_MAX};
        return true;
    }
    write_value(g, t, &m);
    if (fate == WEIR__DG_MALFORMED) {
        cut(g, &m);
    }
    out->value = weir_buf_view(&g->value);
    return true;
}

/* ---- where it is ---- */

static void begin(weir_datagen *g)
{
    g->position = 0;
    g->row = 0;
    for (uint32_t i = 0; i < g->s->n; i++) {
        const weir__dg_walk_rule *rule = g->s->tables[i].walk;
        if (rule) {
            weir_free(g->walks[i].slots);
            g->walks[i] =
                (weir__dg_walk){.slots = weir_zalloc(sizeof *g->walks[i].slots * rule->sessions)};
        }
    }
    if (g->s->shop) {
        weir_shop_free(g->shop);
        g->shop = weir_shop_new(&g->s->shop_config);
    }
}

weir_datagen *weir_datagen_new(const weir_datagen_spec *s)
{
    weir_datagen *g = weir_zalloc(sizeof *g);
    g->s = s;
    g->walks = weir_zalloc(sizeof *g->walks * (s->n + 1));
    begin(g);
    return g;
}

void weir_datagen_free(weir_datagen *g)
{
    if (!g) {
        return;
    }
    for (uint32_t i = 0; i < g->s->n; i++) {
        weir_free(g->walks[i].slots);
    }
    weir_free(g->walks);
    weir_shop_free(g->shop);
    weir_buf_deinit(&g->key);
    weir_buf_deinit(&g->key_json);
    weir_buf_deinit(&g->value);
    weir_free(g);
}

bool weir_datagen_bounded(const weir_datagen_spec *s)
{
    return s->max_rows || s->duration > 0 || s->n_wanted == 0;
}

uint64_t weir_datagen_position(const weir_datagen *g)
{
    return g->position;
}

void weir_datagen_seek(weir_datagen *g, uint64_t position)
{
    weir__dg_moment m;
    weir_datagen_record r;
    if (position < g->position) {
        begin(g);
    }
    if (g->s->pure) {
        g->position = position;
        g->row = position > g->s->fixed_rows ? position - g->s->fixed_rows : 0;
        return;
    }
    while (g->position < position) {
        if (g->shop ? !weir_datagen_next(g, &r) : !skip_one(g, &m)) {
            break;
        }
    }
}

int64_t weir_datagen_due_ns(const weir_datagen *g)
{
    if (!g->s->paced || g->position <= g->s->fixed_rows) {
        return 0;
    }
    double ns = weir__dg_clock_due(&g->s->clock, g->position - g->s->fixed_rows) * 1e9;
    return ns < 9e18 ? (int64_t)ns : INT64_MAX;
}
