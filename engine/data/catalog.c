/* Four lists of named entries in creation order, looked up by walking: there are hundreds of them
 * at most, and only statements look. Each entry owns an arena with everything it holds, so that
 * dropping or replacing one frees it wholly. The entry itself stays where it is when it is
 * replaced. */
#include "engine/data/catalog.h"

#include "engine/base/alloc.h"

typedef struct entry {
    weir_arena arena;
    weir_sv name;
    union {
        weir_source source;
        weir_custom_type type;
        weir_query_info query;
        int32_t partitions; /* of a topic */
    };
} entry;

typedef struct entries {
    entry **items;
    size_t cap;
    uint32_t n;
} entries;

struct weir_catalog {
    entries sources, types, queries, topics;
    uint64_t next_query;
};

static entry *find(const entries *list, weir_sv name)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (weir_sv_eq(list->items[i]->name, name)) {
            return list->items[i];
        }
    }
    return NULL;
}

/* What is put may point into the entry that it replaces, so the old arena outlives the copying:
 * fill a fresh entry, then trade contents. */
static entry *entry_new(weir_sv name)
{
    entry *e = weir_zalloc(sizeof *e);
    weir_arena_init(&e->arena);
    e->name = weir_arena_sv(&e->arena, name);
    return e;
}

static void entry_free(entry *e)
{
    weir_arena_deinit(&e->arena);
    weir_free(e);
}

static void put(entries *list, entry *fresh)
{
    entry *old = find(list, fresh->name);
    if (old) {
        entry swap = *old;
        *old = *fresh;
        *fresh = swap;
        entry_free(fresh);
        return;
    }
    WEIR_GROW(list->items, list->cap, list->n + 1);
    list->items[list->n++] = fresh;
}

static bool drop(entries *list, weir_sv name)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (weir_sv_eq(list->items[i]->name, name)) {
            entry *e = list->items[i];
            memmove(&list->items[i], &list->items[i + 1], (list->n - i - 1) * sizeof *list->items);
            list->n--;
            entry_free(e);
            return true;
        }
    }
    return false;
}

static void free_all(entries *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        entry_free(list->items[i]);
    }
    weir_free(list->items);
}

static const entry *entry_at(const entries *list, uint32_t i)
{
    WEIR_ASSERT(i < list->n);
    return list->items[i];
}

weir_catalog *weir_catalog_new(void)
{
    return weir_zalloc(sizeof(weir_catalog));
}

void weir_catalog_free(weir_catalog *c)
{
    if (!c) {
        return;
    }
    free_all(&c->sources);
    free_all(&c->types);
    free_all(&c->queries);
    free_all(&c->topics);
    weir_free(c);
}

const weir_source *weir_catalog_source(const weir_catalog *c, weir_sv name)
{
    const entry *e = find(&c->sources, name);
    return e ? &e->source : NULL;
}

const weir_custom_type *weir_catalog_type(const weir_catalog *c, weir_sv name)
{
    const entry *e = find(&c->types, name);
    return e ? &e->type : NULL;
}

const weir_query_info *weir_catalog_query(const weir_catalog *c, weir_sv id)
{
    const entry *e = find(&c->queries, id);
    return e ? &e->query : NULL;
}

uint32_t weir_catalog_sources(const weir_catalog *c)
{
    return c->sources.n;
}

const weir_source *weir_catalog_source_at(const weir_catalog *c, uint32_t i)
{
    return &entry_at(&c->sources, i)->source;
}

uint32_t weir_catalog_types(const weir_catalog *c)
{
    return c->types.n;
}

const weir_custom_type *weir_catalog_type_at(const weir_catalog *c, uint32_t i)
{
    return &entry_at(&c->types, i)->type;
}

uint32_t weir_catalog_queries(const weir_catalog *c)
{
    return c->queries.n;
}

const weir_query_info *weir_catalog_query_at(const weir_catalog *c, uint32_t i)
{
    return &entry_at(&c->queries, i)->query;
}

int32_t weir_catalog_topic_partitions(const weir_catalog *c, weir_sv topic)
{
    const entry *e = find(&c->topics, topic);
    return e ? e->partitions : 0;
}

static weir_format_spec copy_format(weir_arena *a, const weir_format_spec *f)
{
    weir_format_spec copy = *f;
    copy.full_name = weir_arena_sv(a, f->full_name);
    copy.nullable = weir_arena_sv(a, f->nullable);
    return copy;
}

weir_source *weir_source_copy(weir_arena *a, const weir_source *s)
{
    weir_source *copy = WEIR_NEW(a, weir_source);
    *copy = *s;
    copy->name = weir_arena_sv(a, s->name);
    copy->schema = weir_schema_copy(a, s->schema);
    copy->topic = weir_arena_sv(a, s->topic);
    copy->key_format = copy_format(a, &s->key_format);
    copy->value_format = copy_format(a, &s->value_format);
    copy->lookup = weir_arena_sv(a, s->lookup);
    copy->timestamp_column = weir_arena_sv(a, s->timestamp_column);
    copy->timestamp_format = weir_arena_sv(a, s->timestamp_format);
    copy->sql = weir_arena_sv(a, s->sql);
    return copy;
}

void weir_catalog_put_source(weir_catalog *c, const weir_source *s)
{
    WEIR_ASSERT(s->name.n > 0 && s->schema);
    const entry *old = find(&c->sources, s->name);
    entry *e = entry_new(s->name);
    e->source = *weir_source_copy(&e->arena, s);
    e->source.version = old ? old->source.version + 1 : s->version;
    put(&c->sources, e);
}

bool weir_catalog_drop_source(weir_catalog *c, weir_sv name)
{
    return drop(&c->sources, name);
}

void weir_catalog_put_type(weir_catalog *c, weir_sv name, const weir_type *type)
{
    WEIR_ASSERT(name.n > 0 && type);
    entry *e = entry_new(name);
    e->type = (weir_custom_type){e->name, weir_type_copy(&e->arena, type)};
    put(&c->types, e);
}

bool weir_catalog_drop_type(weir_catalog *c, weir_sv name)
{
    return drop(&c->types, name);
}

void weir_catalog_put_query(weir_catalog *c, const weir_query_info *q)
{
    WEIR_ASSERT(q->id.n > 0);
    entry *e = entry_new(q->id);
    weir_sv *sources = WEIR_NEW_N(&e->arena, weir_sv, q->n_sources);
    for (uint32_t i = 0; i < q->n_sources; i++) {
        sources[i] = weir_arena_sv(&e->arena, q->sources[i]);
    }
    e->query = *q;
    e->query.id = e->name;
    e->query.sink = weir_arena_sv(&e->arena, q->sink);
    e->query.sources = sources;
    e->query.sql = weir_arena_sv(&e->arena, q->sql);
    put(&c->queries, e);
}

bool weir_catalog_drop_query(weir_catalog *c, weir_sv id)
{
    return drop(&c->queries, id);
}

void weir_catalog_put_topic(weir_catalog *c, weir_sv topic, int32_t partitions)
{
    WEIR_ASSERT(topic.n > 0 && partitions > 0);
    entry *e = entry_new(topic);
    e->partitions = partitions;
    put(&c->topics, e);
}

bool weir_catalog_drop_topic(weir_catalog *c, weir_sv topic)
{
    return drop(&c->topics, topic);
}

uint64_t weir_catalog_next_query(weir_catalog *c)
{
    return c->next_query++;
}

void weir_catalog_query_from(weir_catalog *c, uint64_t n)
{
    c->next_query = n;
}

uint64_t weir_catalog_peek_query(const weir_catalog *c)
{
    return c->next_query;
}
