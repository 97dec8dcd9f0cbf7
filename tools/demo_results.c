/* See demo_results.h. A reader per result topic decodes whole chunks, only the columns that are
 * shown; a table of rows says which ones and who takes them. */
#include "tools/demo_results.h"

#include "engine/run/format.h"
#include "engine/server/record_read.h"

#define COLUMNS 5

/* One record of a result topic. */
typedef struct result_row {
    weir_sv id;  /* key bytes, window included */
    weir_sv key; /* without the window */
    int64_t start, end, timestamp;
    bool gone; /* a tombstone: `cols` must not be looked at */
    const weir_vec *cols[COLUMNS];
    uint32_t at; /* in the vectors */
} result_row;

typedef struct result_feed {
    const char *source, *columns[COLUMNS];
    void (*take)(weir_demo_results *r, const result_row *row);
} result_feed;

struct weir_demo_reader {
    const result_feed *feed;
    const weir_source *source;
    weir_topic *topic;
    int64_t *next; /* per partition */
    const weir_format *format;
    void *decoder;
    weir_column *cols;
    int32_t *out;
    uint32_t n_cols;
    const weir_type *types[COLUMNS];
};

/* ---- values ---- */

static weir_sv text_of(const result_row *r, uint32_t col)
{
    return weir_vec_is_valid(r->cols[col], r->at) ? WEIR_AT(weir_sv, r->cols[col], r->at)
                                                  : (weir_sv){0};
}

/* Whole numbers; decimals in units of their last digit. NULL is 0. */
static int64_t number_of(const result_row *r, uint32_t col)
{
    const weir_vec *v = r->cols[col];
    if (!weir_vec_is_valid(v, r->at)) {
        return 0;
    }
    if (v->type->kind == WEIR_T_BIGINT) {
        return WEIR_AT(int64_t, v, r->at);
    }
    return v->type->kind == WEIR_T_INTEGER ? WEIR_AT(int32_t, v, r->at)
                                           : (int64_t)WEIR_AT(weir_dec, v, r->at).i;
}

/* As much as fits, in whole characters. */
static void copy_name(char to[WEIR_DEMO_NAME_BYTES], weir_sv from)
{
    uint32_t n = from.n < WEIR_DEMO_NAME_BYTES ? from.n : WEIR_DEMO_NAME_BYTES - 1;
    while (n > 0 && n < from.n && ((uint8_t)from.p[n] & 0xc0) == 0x80) {
        n--;
    }
    memcpy(to, n ? from.p : "", n);
    to[n] = 0;
}

/* ---- takers, one per topic ---- */

/* Categories in the order of their names. NULL when there are too many. */
static weir_demo_category *category_of(weir_demo_results *r, weir_sv name)
{
    uint32_t i = 0;
    while (i < r->n_categories && weir_sv_cmp(weir_sv_cstr(r->categories[i].name), name) < 0) {
        i++;
    }
    weir_demo_category *c = &r->categories[i];
    if (i < r->n_categories && weir_sv_eq(weir_sv_cstr(c->name), name)) {
        return c;
    }
    if (r->n_categories == WEIR_DEMO_CATEGORIES || name.n >= sizeof c->name) {
        return NULL;
    }
    memmove(c + 1, c, (r->n_categories - i) * sizeof *c);
    r->n_categories++;
    *c = (weir_demo_category){0};
    copy_name(c->name, name);
    return c;
}

static void take_revenue(weir_demo_results *r, const result_row *row)
{
    weir_demo_category *c = row->gone ? NULL : category_of(r, row->key);
    if (!c) {
        return;
    }
    uint32_t place = (uint32_t)(row->start / WEIR_DEMO_MINUTE_MS % WEIR_DEMO_MINUTES);
    if (row->start >= c->minute[place]) {
        c->minute[place] = row->start;
        c->cents[place] = number_of(row, 0);
    }
    r->newest_minute = weir_max64(r->newest_minute, row->start);
}

static void take_visit(weir_demo_results *r, const result_row *row)
{
    uint8_t *deepest = weir_hmap_find(r->visits, row->id);
    if (deepest) {
        r->reached[*deepest]--;
    }
    if (row->gone) {
        weir_hmap_remove(r->visits, row->id);
        return;
    }
    bool added;
    deepest = deepest ? deepest : weir_hmap_insert(r->visits, row->id, &added);
    int64_t step = number_of(row, 0);
    *deepest = (uint8_t)(step < 0 ? 0 : weir_min64(step, WEIR_DEMO_STEPS));
    r->reached[*deepest]++;
}

static weir_demo_product *product_of(weir_demo_results *r, const result_row *row)
{
    bool added;
    weir_demo_product *p = weir_hmap_insert(r->products, row->key, &added);
    if (added) {
        copy_name(p->name, row->key);
    }
    return p;
}

static void take_product(weir_demo_results *r, const result_row *row)
{
    if (!row->gone) {
        weir_demo_product *p = product_of(r, row);
        copy_name(p->name, text_of(row, 0));
        copy_name(p->category, text_of(row, 1));
    }
}

static void take_trend(weir_demo_results *r, const result_row *row)
{
    if (row->gone) {
        return;
    }
    weir_demo_product *p = product_of(r, row);
    int64_t advance = weir_max64((row->end - row->start) / 2, 1);
    weir_demo_trend *t = &p->windows[row->start / advance % WEIR_DEMO_WINDOWS];
    if (row->start >= t->start) {
        *t = (weir_demo_trend){row->start, number_of(row, 0), number_of(row, 1), number_of(row, 2),
                               number_of(row, 3)};
    }
    r->newest_trend = weir_max64(r->newest_trend, row->start);
}

/* The windows overlap, so a burst is in several: the card has one line, its largest. */
static void take_fraud(weir_demo_results *r, const result_row *row)
{
    if (row->gone) {
        return;
    }
    bool added;
    weir_hmap_insert(r->cards, row->key, &added);
    weir_demo_alert a = {.at = row->timestamp,
                         .attempts = number_of(row, 0),
                         .cents = number_of(row, 1),
                         .countries = number_of(row, 2),
                         .declined = number_of(row, 3)};
    copy_name(a.card, row->key);
    uint32_t i = 0;
    while (i < r->n_alerts && strcmp(r->alerts[i].card, a.card) != 0) {
        i++;
    }
    if (i < r->n_alerts && r->alerts[i].attempts > a.attempts) {
        a = r->alerts[i];
    } else if (i == r->n_alerts && r->n_alerts < WEIR_DEMO_ALERTS) {
        r->n_alerts++;
    }
    i = i < WEIR_DEMO_ALERTS ? i : WEIR_DEMO_ALERTS - 1;
    memmove(&r->alerts[1], &r->alerts[0], i * sizeof a);
    r->alerts[0] = a;
}

static void take_sale(weir_demo_results *r, const result_row *row)
{
    if (row->gone) {
        return;
    }
    r->sales++;
    r->sold_cents += number_of(row, 2);
    r->margin_cents += number_of(row, 3);
    r->last_quantity = number_of(row, 1);
    copy_name(r->last_product, text_of(row, 0));
}

static const result_feed feeds[] = {
    {"PRODUCTS", {"NAME", "CATEGORY"}, take_product},
    {"REVENUE_PER_MINUTE", {"REVENUE"}, take_revenue},
    {"SESSION_FUNNEL", {"DEEPEST_STEP"}, take_visit},
    {"TRENDING_PRODUCTS", {"PAGE_VIEWS", "CART_ADDS", "PURCHASES", "SCORE"}, take_trend},
    {"FRAUD_VELOCITY", {"ATTEMPTS", "TOTAL", "COUNTRIES", "DECLINED"}, take_fraud},
    {"PURCHASES_ENRICHED", {"PRODUCT", "QUANTITY", "AMOUNT", "MARGIN"}, take_sale},
};

/* ---- opening ---- */

static bool is_shown(const weir_type *t)
{
    return t->kind == WEIR_T_STRING || t->kind == WEIR_T_INTEGER || t->kind == WEIR_T_BIGINT ||
           (t->kind == WEIR_T_DECIMAL && t->precision <= WEIR_DEC_SMALL_DIGITS);
}

static weir_rc find_columns(weir_demo_results *r, weir_demo_reader *in, weir_status *st)
{
    const weir_schema *schema = in->source->schema;
    in->cols = WEIR_NEW_N(&r->arena, weir_column, schema->n);
    in->out = WEIR_NEW_N(&r->arena, int32_t, schema->n);
    uint32_t found = 0;
    for (uint32_t i = 0; i < schema->n; i++) {
        if (schema->cols[i].role != WEIR_COL_VALUE) {
            continue;
        }
        in->cols[in->n_cols] = schema->cols[i];
        in->out[in->n_cols] = -1;
        for (int32_t k = 0; k < COLUMNS && in->feed->columns[k]; k++) {
            if (weir_sv_eq(schema->cols[i].name, weir_sv_cstr(in->feed->columns[k])) &&
                is_shown(schema->cols[i].type)) {
                in->out[in->n_cols] = k;
                in->types[k] = schema->cols[i].type;
                found++;
            }
        }
        in->n_cols++;
    }
    for (uint32_t k = 0; k < COLUMNS && in->feed->columns[k]; k++) {
        if (!in->types[k]) {
            return weir_fail(st, WEIR_ENOTFOUND, "%s has no column %s that can be shown",
                             in->feed->source, in->feed->columns[k]);
        }
    }
    WEIR_ASSERT(found <= COLUMNS);
    return WEIR_OK;
}

static weir_rc open_reader(weir_demo_results *r, weir_session *s, const result_feed *feed,
                           weir_demo_reader *in, weir_status *st)
{
    in->feed = feed;
    in->source = weir_catalog_source(weir_session_catalog(s), weir_sv_cstr(feed->source));
    in->topic = in->source ? weir_topics_find(weir_session_topics(s), in->source->topic) : NULL;
    if (!in->topic) {
        return weir_fail(st, WEIR_ENOTFOUND, "the query files do not make %s, which is to be shown",
                         feed->source);
    }
    WEIR_TRY(find_columns(r, in, st));
    in->next = WEIR_NEW_N(&r->arena, int64_t, weir_topic_partitions(in->topic));
    in->format = weir_session_formats(s)->by_kind[in->source->value_format.kind];
    weir_codec_spec spec = {.format = &in->source->value_format,
                            .n = in->n_cols,
                            .cols = in->cols,
                            .out = in->out,
                            .topic = in->source->topic,
                            .registry = weir_session_formats(s)->registry};
    WEIR_ASSERT(in->format != NULL);
    return in->format->decoder_new(&r->arena, &spec, &in->decoder, st);
}

static weir_hmap *new_map(uint32_t payload)
{
    weir_hmap *m = weir_hmap_new(payload);
    weir_hmap_track(m, false);
    return m;
}

weir_rc weir_demo_results_open(weir_session *s, weir_demo_results **out, weir_status *st)
{
    weir_demo_results *r = weir_zalloc(sizeof *r);
    weir_arena_init(&r->arena);
    weir_arena_init(&r->step);
    r->visits = new_map(sizeof(uint8_t));
    r->products = new_map(sizeof(weir_demo_product));
    r->cards = new_map(sizeof(uint8_t));
    r->readers = WEIR_NEW_N(&r->arena, weir_demo_reader, WEIR_COUNT(feeds));
    weir_rc rc = WEIR_OK;
    for (; rc == WEIR_OK && r->n_readers < WEIR_COUNT(feeds); r->n_readers++) {
        rc = open_reader(r, s, &feeds[r->n_readers], &r->readers[r->n_readers], st);
    }
    if (rc != WEIR_OK) {
        weir_demo_results_close(r);
        return rc;
    }
    *out = r;
    return WEIR_OK;
}

void weir_demo_results_close(weir_demo_results *r)
{
    if (!r) {
        return;
    }
    for (uint32_t i = 0; i < r->n_readers; i++) {
        if (r->readers[i].decoder && r->readers[i].format->close) {
            r->readers[i].format->close(r->readers[i].decoder);
        }
    }
    weir_hmap_free(r->visits, NULL, NULL);
    weir_hmap_free(r->products, NULL, NULL);
    weir_hmap_free(r->cards, NULL, NULL);
    weir_arena_deinit(&r->arena);
    weir_arena_deinit(&r->step);
    weir_free(r);
}

/* ---- reading ---- */

/* Up to a batch of records of a chunk, from `first`. */
static void take_batch(weir_demo_results *r, weir_demo_reader *in, const weir_chunk *c,
                       uint32_t first, uint32_t n)
{
    weir_arena_reset(&r->step);
    weir_vec cols[COLUMNS];
    result_row row = {0};
    for (uint32_t k = 0; k < COLUMNS && in->types[k]; k++) {
        weir_vec_init(&cols[k], &r->step, in->types[k]);
        row.cols[k] = &cols[k];
    }
    weir_sv values[WEIR_BATCH_ROWS];
    for (uint32_t i = 0; i < n; i++) {
        const weir_rec *rec = &c->recs[first + i];
        values[i] = (weir_sv){c->bytes + rec->value_at, rec->value_n};
    }
    weir_bad_rows bad = {0};
    in->format->decode(in->decoder, values, 0, n, cols, &r->step, &bad);
    for (uint32_t i = 0; i < n; i++) {
        const weir_rec *rec = &c->recs[first + i];
        row.id = row.key = weir_rec_key(c, rec);
        if (weir_bit(bad.bits, i) ||
            (in->source->window.kind != WEIR_WINDOW_NONE &&
             !weir_window_of_key(&in->source->window, &row.key, &row.start, &row.end))) {
            continue;
        }
        row.gone = rec->value_n == WEIR_NULL_BYTES;
        row.timestamp = rec->timestamp;
        row.at = i;
        in->feed->take(r, &row);
        r->records++;
    }
}

static weir_rc read_partition(weir_demo_results *r, weir_demo_reader *in, int32_t p,
                              weir_status *st)
{
    int64_t *next = &in->next[p];
    *next = weir_max64(*next, weir_topic_begin(in->topic, p));
    while (*next < weir_topic_end(in->topic, p)) {
        weir_chunk *c = NULL;
        WEIR_TRY(weir_topic_read(in->topic, p, *next, &c, st));
        for (uint32_t at = (uint32_t)(*next - c->base); at < c->n;) {
            uint32_t n = c->n - at < WEIR_BATCH_ROWS ? c->n - at : WEIR_BATCH_ROWS;
            take_batch(r, in, c, at, n);
            at += n;
        }
        *next = c->base + c->n;
        weir_chunk_unref(c);
    }
    return WEIR_OK;
}

weir_rc weir_demo_results_read(weir_demo_results *r, weir_status *st)
{
    for (uint32_t i = 0; i < r->n_readers; i++) {
        weir_demo_reader *in = &r->readers[i];
        for (int32_t p = 0; p < weir_topic_partitions(in->topic); p++) {
            WEIR_TRY(read_partition(r, in, p, st));
            weir_topic_keep(in->topic, p, in, in->next[p]);
        }
    }
    return WEIR_OK;
}

uint32_t weir_demo_results_trending(const weir_demo_results *r, const weir_demo_product **out,
                                    const weir_demo_trend **trends, uint32_t max)
{
    int64_t start = 0; /* the newest but one */
    uint64_t cursor = 0;
    void *payload;
    while (weir_hmap_next(r->products, &cursor, &payload)) {
        const weir_demo_product *p = payload;
        for (uint32_t k = 0; k < WEIR_DEMO_WINDOWS; k++) {
            if (p->windows[k].start < r->newest_trend) {
                start = weir_max64(start, p->windows[k].start);
            }
        }
    }
    start = start ? start : r->newest_trend;
    uint32_t n = 0;
    for (cursor = 0; weir_hmap_next(r->products, &cursor, &payload);) {
        const weir_demo_product *p = payload;
        const weir_demo_trend *t = NULL;
        for (uint32_t k = 0; k < WEIR_DEMO_WINDOWS; k++) {
            t = p->windows[k].start == start && p->windows[k].score ? &p->windows[k] : t;
        }
        uint32_t at = n;
        while (t && at > 0 && trends[at - 1]->score < t->score) {
            at--;
        }
        if (!t || at == max) {
            continue;
        }
        n += n < max;
        memmove(&out[at + 1], &out[at], (n - at - 1) * sizeof *out);
        memmove(&trends[at + 1], &trends[at], (n - at - 1) * sizeof *trends);
        out[at] = p;
        trends[at] = t;
    }
    return n;
}
