/* Judging objects and making records of them; see intake.h. */
#include "connectors/intake_impl.h"
#include "connectors/formats.h"

#include "engine/data/json.h"

#include <stdio.h>

/* ---- judging ---- */

static void tell(weir_intake *in, uint32_t doc, weir_sv field, weir_sv reason)
{
    weir_intake_bad bad = {doc, field, weir_arena_sv(&in->step, reason)};
    weir_bit_set(in->bad, doc);
    WEIR_PUSH(&in->step, in->told, in->n_told, in->cap_told, bad);
}

/* The decoder ends with where it was: ", path: $.ITEM.PRICE". */
static void on_bad(void *ctx, uint32_t row, weir_sv reason)
{
    int64_t at = weir_sv_find(reason, WEIR_SV(", path: $."), 0);
    uint32_t from = at < 0 ? reason.n : (uint32_t)at + 10;
    weir_intake *in = ctx;
    tell(in, row, weir_arena_sv(&in->step, weir_sv_of(reason.p + from, reason.n - from)), reason);
}

/* Without columns nothing has looked at the text yet. */
static void check_json(weir_intake *in)
{
    for (uint32_t i = 0; i < in->n_docs; i++) {
        const weir_json_node *node = NULL;
        weir_status st;
        weir_status_reset(&st);
        if (weir_json_parse(&in->step, in->docs[i], NULL, &node, &st) != WEIR_OK) {
            tell(in, i, (weir_sv){0}, weir_sv_cstr(st.msg));
        } else if (node->kind != WEIR_JSON_OBJECT) {
            tell(in, i, (weir_sv){0}, WEIR_SV("not a JSON object"));
        }
    }
}

/* Whether the object that a text begins with ends where the text does. */
static bool is_one_object(weir_sv doc)
{
    uint32_t depth = 0;
    bool quoted = false;
    for (uint32_t i = 0; i < doc.n; i++) {
        char c = doc.p[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            return i + 1 == doc.n;
        }
    }
    return false;
}

/* The decoder takes null for a record without a value, and text behind the object for nothing. */
static void check_objects(weir_intake *in)
{
    for (uint32_t i = 0; i < in->n_docs; i++) {
        weir_sv doc = weir_sv_trim(in->docs[i]);
        if (!weir_bit(in->bad, i) && (doc.n < 2 || doc.p[0] != '{' || !is_one_object(doc))) {
            tell(in, i, (weir_sv){0}, WEIR_SV("not a JSON object"));
        }
    }
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* A column as the operator has written it in a condition. */
static weir_sv as_written(weir_sv text, weir_sv column)
{
    for (uint32_t i = 0; i + column.n <= text.n; i++) {
        weir_sv here = weir_sv_of(text.p + i, column.n);
        bool begins = i == 0 || !is_word(text.p[i - 1]);
        bool ends = i + column.n == text.n || !is_word(text.p[i + column.n]);
        if (begins && ends && weir_sv_ieq(here, column)) {
            return here;
        }
    }
    return column;
}

static void check_conditions(weir_intake *in)
{
    weir_vec *results = WEIR_NEW_N(&in->step, weir_vec, in->condition.n);
    weir_program_eval(in->condition.program, in->batch, results, NULL);
    WEIR_EACH_ROW(in->batch, i, row) {
        for (uint32_t k = 0; k < in->condition.n; k++) {
            const weir_vec *v = &results[k];
            if (!weir_vec_is_valid(v, row) || weir_vec_is_err(v, row) || !WEIR_AT(bool, v, row)) {
                char text[512];
                snprintf(text, sizeof text, "must fulfil " WEIR_SV_FMT,
                         WEIR_SV_ARG(in->condition.texts[k]));
                tell(in, row, as_written(in->condition.texts[k], in->condition.columns[k]),
                     weir_sv_cstr(text));
            }
        }
    }
}

static void select_good(weir_intake *in)
{
    uint16_t *sel = weir_arena_alloc(&in->step, sizeof *sel * (in->n_docs + 1));
    uint16_t n = 0;
    for (uint32_t i = 0; i < in->n_docs; i++) {
        if (!weir_bit(in->bad, i)) {
            sel[n++] = (uint16_t)i;
        }
    }
    in->batch->sel = sel;
    in->batch->nsel = n;
}

static void read_times(weir_intake *in)
{
    in->times = weir_arena_alloc(&in->step, sizeof *in->times * (in->n_docs + 1));
    WEIR_EACH_ROW(in->batch, i, row) {
        const char *why = weir__intake_time_of(in->time, in->batch, row, &in->times[row]);
        if (why) {
            tell(in, row, in->time_field, weir_sv_cstr(why));
        }
    }
}

/* What is told comes in the order of the documents; most are in it already. */
static void sort_told(weir_intake *in)
{
    for (uint32_t i = 1; i < in->n_told; i++) {
        weir_intake_bad bad = in->told[i];
        uint32_t at = i;
        for (; at > 0 && in->told[at - 1].doc > bad.doc; at--) {
            in->told[at] = in->told[at - 1];
        }
        in->told[at] = bad;
    }
}

uint32_t weir_intake_judge(weir_intake *in, const weir_sv *docs, uint32_t n)
{
    WEIR_ASSERT(n <= WEIR_BATCH_ROWS);
    weir_arena_reset(&in->step);
    in->docs = docs;
    in->n_docs = n;
    in->told = NULL;
    in->n_told = in->cap_told = 0;
    memset(in->bad, 0, sizeof in->bad);
    in->batch = weir_batch_new(&in->step, in->schema);
    in->batch->rows = in->batch->nsel = (uint16_t)n;
    if (in->decoder) {
        weir_bad_rows bad = {.report = on_bad, .ctx = in};
        weir_format_json.decode(in->decoder, docs, 0, n, in->batch->cols, &in->step, &bad);
        check_objects(in);
    } else {
        check_json(in);
    }
    select_good(in);
    if (in->condition.n && in->batch->nsel) {
        check_conditions(in);
        select_good(in);
    }
    if (in->time && in->batch->nsel) {
        read_times(in);
        select_good(in);
    }
    sort_told(in);
    return in->batch->nsel;
}

const weir_intake_bad *weir_intake_bad_docs(const weir_intake *in, uint32_t *n)
{
    *n = in->n_told;
    return in->told;
}

bool weir_intake_is_good(const weir_intake *in, uint32_t doc)
{
    return !weir_bit(in->bad, doc);
}

/* ---- records ---- */

typedef struct encoded {
    weir_buf bytes;
    uint32_t ends[WEIR_BATCH_ROWS];
    uint64_t nulls[WEIR_BITS_WORDS];
} encoded;

static void encode(weir_intake *in, const weir__intake_side *s, encoded *e)
{
    weir_vec *cols = WEIR_NEW_N(&in->step, weir_vec, s->n + 1);
    for (uint32_t i = 0; i < s->n; i++) {
        cols[i] = in->batch->cols[s->cols[i]];
    }
    s->format->encode(s->encoder, cols, in->batch->sel, in->batch->nsel, &e->bytes, e->ends, e->nulls);
}

/* Part i of the encoded. */
static weir_sv part(const encoded *e, uint32_t i)
{
    uint32_t from = i ? e->ends[i - 1] : 0;
    return weir_bit(e->nulls, i) ? (weir_sv){NULL, WEIR_NULL_BYTES}
                                 : weir_sv_of(e->bytes.p + from, e->ends[i] - from);
}

static weir_sv text_key(weir_intake *in, uint32_t row, weir_buf *text)
{
    const weir_vec *v = &in->batch->cols[in->key_from];
    weir_buf_reset(text);
    if (!weir_vec_is_valid(v, row)) {
        return (weir_sv){NULL, WEIR_NULL_BYTES};
    }
    weir_value value = weir_vec_get(v, row);
    weir_value_print(text, v->type, &value);
    return weir_buf_view(text);
}

void weir_intake_add_each(weir_intake *in, weir_chunk_builder *to, weir_sv headers,
                          const weir_intake_own *own)
{
    encoded *keys = in->key.n ? weir_arena_zalloc(&in->step, sizeof *keys) : NULL;
    encoded *values = in->value_raw ? NULL : weir_arena_zalloc(&in->step, sizeof *values);
    weir_buf text = {0};
    if (in->batch->nsel == 0) {
        return;
    }
    if (keys) {
        encode(in, &in->key, keys);
    }
    if (values) {
        encode(in, &in->value, values);
    }
    WEIR_EACH_ROW(in->batch, i, row) {
        weir_sv key = keys              ? part(keys, i)
                      : in->key_is_text ? text_key(in, row, &text)
                                        : own[row].key;
        weir_sv value = own[row].raw || in->value_raw ? own[row].value : part(values, i);
        weir_chunk_builder_add(to, key, value, headers, own[row].timestamp, 0);
    }
    if (keys) {
        weir_buf_deinit(&keys->bytes);
    }
    if (values) {
        weir_buf_deinit(&values->bytes);
    }
    weir_buf_deinit(&text);
}

void weir_intake_add(weir_intake *in, weir_chunk_builder *to, weir_sv headers, int64_t timestamp)
{
    weir_intake_own *own = WEIR_NEW_N(&in->step, weir_intake_own, in->n_docs + 1);
    for (uint32_t i = 0; i < in->n_docs; i++) {
        bool timed = in->time && weir_intake_is_good(in, i) && in->times[i] != WEIR__INTAKE_ARRIVAL;
        own[i] = (weir_intake_own){.key = {NULL, WEIR_NULL_BYTES}, .value = in->docs[i],
                                   .timestamp = timed ? in->times[i] : timestamp};
    }
    weir_intake_add_each(in, to, headers, own);
}
