/* AVRO records to columns. The schema that wrote a record is found by its id, once per id; its
 * readers are made for the columns then. Fields are found by name, exactly or in upper case;
 * columns without a field are NULL. */
#include "connectors/codec.h"
#include "connectors/fmt_avro_read.h"

/* A writer's schema. */
typedef struct known {
    int32_t id;
    const char *refused;     /* it is no Avro schema: why; else NULL */
    weir__avro_reader *root; /* of the column, or of the row */
    const uint32_t *absent;  /* row: vectors of columns without a field */
    uint32_t n_absent;
} known;

typedef struct decoder {
    const weir_codec_spec *spec;
    weir_arena *arena; /* lives as long as the decoder */
    bool unwrapped;
    known *schemas;
    uint32_t n_schemas, cap_schemas;
    uint32_t last;
    weir__avro_input in;
} decoder;

weir_rc weir__avro_decoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st)
{
    WEIR_TRY(weir__codec_need_registry(spec, st));
    decoder *d = WEIR_NEW(a, decoder);
    d->spec = weir__codec_spec_copy(a, spec);
    d->arena = a;
    d->unwrapped = weir__codec_unwrapped(spec);
    *out = d;
    return WEIR_OK;
}

static void find_absent(decoder *d, known *k)
{
    uint32_t *absent = WEIR_NEW_N(d->arena, uint32_t, d->spec->n);
    for (uint32_t c = 0; c < d->spec->n; c++) {
        int32_t out = weir__codec_out(d->spec, c);
        bool found = out < 0;
        for (uint32_t i = 0; i < k->root->n_members && !found; i++) {
            found = k->root->members[i].reader && k->root->members[i].to == c;
        }
        /* Of a union of several types only one branch is there. */
        if (!found || (k->root->choice && out >= 0)) {
            absent[k->n_absent++] = (uint32_t)out;
        }
    }
    k->absent = absent;
}

static known learn(decoder *d, const weir_registered *found)
{
    const weir__avro *schema = NULL;
    known k = {.id = found->id};
    weir_status st;
    weir_status_reset(&st);
    weir_rc rc =
        found->kind == WEIR_SCHEMA_AVRO
            ? weir__avro_parse(d->arena, found->text, &schema, &st)
            : weir_fail(&st, WEIR_EDATA, "the type is %s", weir_schema_kind_name(found->kind));
    if (rc != WEIR_OK) {
        k.refused = weir_arena_cstr(d->arena, weir_sv_cstr(st.msg));
    } else if (d->unwrapped) {
        k.root = weir__avro_reader_new(d->arena, schema, d->spec->cols[0].type, (weir_sv){0});
    } else {
        k.root = weir__avro_reader_row(d->arena, schema, d->spec->cols, d->spec->n);
        find_absent(d, &k);
    }
    return k;
}

/* NULL: refused. What the registry does not have is not remembered: strangers choose the ids. */
static const known *schema_of(decoder *d, int32_t id)
{
    const known *k = d->n_schemas ? &d->schemas[d->last] : NULL;
    for (uint32_t i = 0; (!k || k->id != id) && i < d->n_schemas; i++) {
        d->last = i;
        k = &d->schemas[i];
    }
    if (!k || k->id != id) {
        weir_registered found;
        weir_status st;
        weir_status_reset(&st);
        weir_registry *r = d->spec->registry;
        if (r->calls->by_id(r, id, &found, &st) != WEIR_OK) {
            weir__avro_refuse(&d->in, "Error retrieving Avro schema for id %d: %s", id, st.msg);
            return NULL;
        }
        known learned = learn(d, &found);
        learned.id = id;
        WEIR_PUSH(d->arena, d->schemas, d->n_schemas, d->cap_schemas, learned);
        d->last = d->n_schemas - 1;
        k = &d->schemas[d->last];
    }
    if (k->refused) {
        weir__avro_refuse(&d->in, "Error retrieving Avro schema for id %d: %s", id, k->refused);
        return NULL;
    }
    return k;
}

static bool read_column(decoder *d, const weir__avro_reader *r, uint32_t c, weir_vec *cols,
                        uint32_t row)
{
    int32_t out = weir__codec_out(d->spec, c);
    weir_vec *v = out >= 0 ? &cols[out] : NULL;
    bool null = false;
    weir_value unneeded;
    if (!v) {
        return weir__avro_read(&d->in, r, &null,
                               r->nested ? (void *)&unneeded : (void *)&unneeded.i64);
    }
    void *to = (char *)v->data + (size_t)row * weir_type_width(v->type);
    if (r->nested) {
        weir_value *value = WEIR_NEW(d->in.arena, weir_value);
        *(const weir_value **)to = value;
        to = value;
    }
    if (!weir__avro_read(&d->in, r, &null, to)) {
        return false;
    }
    if (null) {
        weir__codec_null(v, d->in.arena, row);
    } else if (v->valid) {
        weir_bit_set(v->valid, row);
    }
    return true;
}

static bool read_row(decoder *d, const known *k, weir_vec *cols, uint32_t row)
{
    uint32_t from = 0;
    uint32_t to = k->root->n_members;
    uint32_t branch = 0;
    bool null = false;
    if (!weir__avro_read_presence(&d->in, k->root, &null, &branch)) {
        return false;
    }
    if (null) {
        weir__codec_null_row(d->spec, cols, d->in.arena, row);
        return true;
    }
    for (uint32_t i = 0; i < k->n_absent; i++) {
        weir__codec_null(&cols[k->absent[i]], d->in.arena, row);
    }
    if (k->root->choice) {
        from = branch;
        to = branch + 1;
    }
    for (uint32_t i = from; i < to; i++) {
        const weir__avro_member *m = &k->root->members[i];
        if (m->reader ? !read_column(d, m->reader, m->to, cols, row)
                      : !weir__avro_skip(&d->in, m->from, 1)) {
            return false;
        }
    }
    return true;
}

static bool read_record(decoder *d, weir_sv in, weir_vec *cols, uint32_t row)
{
    uint32_t id;
    if (!weir__codec_schema_id(&in, &id)) {
        return weir__avro_refuse(&d->in, "Unknown magic byte!");
    }
    const known *k = schema_of(d, (int32_t)id);
    if (!k) {
        return false;
    }
    d->in.in = weir_reader_of(in);
    d->in.budget = WEIR_AVRO_FREE_VALUES + 16 * (uint64_t)in.n;
    return d->unwrapped ? read_column(d, k->root, 0, cols, row) : read_row(d, k, cols, row);
}

void weir__avro_decode(void *self, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                       weir_arena *step, weir_bad_rows *bad)
{
    decoder *d = self;
    WEIR_ASSERT(at + n <= WEIR_BATCH_ROWS);
    d->in.arena = step;
    for (uint32_t i = 0; i < n; i++) {
        if (in[i].n == WEIR_NULL_BYTES) {
            weir__codec_null_row(d->spec, cols, step, at + i);
        } else if (WEIR_UNLIKELY(!read_record(d, in[i], cols, at + i))) {
            weir_sv reason = weir_arena_printf(
                step, "Error deserializing %s from topic: " WEIR_SV_FMT ". %s",
                d->spec->is_key ? "key" : "value", WEIR_SV_ARG(d->spec->topic), d->in.why);
            weir__codec_bad_row(d->spec, cols, step, at + i, bad, reason);
        }
    }
}
