/* The processing log: a line on standard error for the first few problems of a kind, all of them in
 * the file of --processing-log, and the count of records that nobody could read. Never row data. */
#include "tools/run.h"

#include "dsl/diag.h"
#include "engine/base/hash.h"

#include <errno.h>
#include <stdio.h>

#define KINDS_MAX 64          /* reasons that are told apart on standard error */
#define LINES_PER_SECOND 3    /* of one kind */
#define SECOND_NS 1000000000LL

typedef struct kind {
    uint64_t hash;
    int64_t second;
    uint32_t shown;      /* in this second */
    uint64_t suppressed; /* since the last line */
    char text[160];
} kind;

/* A record, or (record, query). */
typedef struct seen {
    uint64_t hash; /* 0: free */
    uint64_t topic;
    uint32_t queries;
} seen;

typedef struct seen_set {
    seen *slots;
    size_t n, cap;
} seen_set;

struct weir_run_log {
    const char *path;
    FILE *file;
    kind kinds[KINDS_MAX];
    size_t n_kinds;
    uint64_t others; /* problems of further kinds */
    seen_set records, pairs;
    weir_buf line;
};

weir_rc weir_run_log_open(const char *path, weir_run_log **out, weir_status *st)
{
    FILE *file = NULL;
    if (path && !(file = fopen(path, "a"))) {
        return weir_fail(st, WEIR_EIO, "cannot write %s: %s", path, strerror(errno));
    }
    weir_run_log *l = weir_zalloc(sizeof *l);
    l->path = path;
    l->file = file;
    *out = l;
    return WEIR_OK;
}

static void tell_suppressed(const kind *k)
{
    if (k->suppressed) {
        fprintf(stderr, "%s: %llu more\n", k->text, (unsigned long long)k->suppressed);
    }
}

void weir_run_log_free(weir_run_log *l)
{
    if (!l) {
        return;
    }
    for (size_t i = 0; i < l->n_kinds; i++) {
        tell_suppressed(&l->kinds[i]);
    }
    if (l->others) {
        fprintf(stderr, "%llu problems of other kinds\n", (unsigned long long)l->others);
    }
    if (l->file) {
        fclose(l->file);
    }
    weir_buf_deinit(&l->line);
    weir_free(l->records.slots);
    weir_free(l->pairs.slots);
    weir_free(l);
}

/* ---- counting ---- */

static seen *slot_of(const seen_set *s, uint64_t hash)
{
    size_t at = hash & (s->cap - 1);
    while (s->slots[at].hash && s->slots[at].hash != hash) {
        at = (at + 1) & (s->cap - 1);
    }
    return &s->slots[at];
}

/* The entry of a hash; new ones are zeroed but for it. 64 bits: good enough to count by. */
static seen *entry(seen_set *s, uint64_t hash, bool *new)
{
    hash = hash ? hash : 1;
    if (s->n * 2 >= s->cap) {
        seen_set big = {.n = s->n, .cap = s->cap ? s->cap * 2 : 1024};
        big.slots = weir_zalloc(sizeof *big.slots * big.cap);
        for (size_t i = 0; i < s->cap; i++) {
            if (s->slots[i].hash) {
                *slot_of(&big, s->slots[i].hash) = s->slots[i];
            }
        }
        weir_free(s->slots);
        *s = big;
    }
    seen *e = slot_of(s, hash);
    *new = e->hash == 0;
    s->n += *new;
    e->hash = hash;
    return e;
}

static void count(weir_run_log *l, const weir_problem *p)
{
    uint64_t topic = weir_hash_sv(p->topic);
    struct {
        uint64_t topic;
        int64_t offset, partition;
    } id = {topic, p->offset, p->partition};
    uint64_t record = weir_hash(&id, sizeof id);
    bool new_pair = false;
    bool new_record = false;
    entry(&l->pairs, weir_hash_u64(record ^ (uint64_t)(uintptr_t)p->query), &new_pair);
    if (new_pair) {
        seen *e = entry(&l->records, record, &new_record);
        e->topic = topic;
        e->queries++;
    }
}

uint64_t weir_run_log_malformed(const weir_run_log *l, weir_sv topic, uint32_t readers)
{
    uint64_t hash = weir_hash_sv(topic);
    uint64_t n = 0;
    for (size_t i = 0; i < l->records.cap; i++) {
        const seen *e = &l->records.slots[i];
        n += e->hash && e->topic == hash && e->queries >= readers;
    }
    return n;
}

/* ---- telling ---- */

static kind *kind_of(weir_run_log *l, const weir_problem *p)
{
    uint64_t hash = weir_hash_sv(p->reason) ^ weir_hash_u64(weir_hash_sv(p->topic));
    for (size_t i = 0; i < l->n_kinds; i++) {
        if (l->kinds[i].hash == hash) {
            return &l->kinds[i];
        }
    }
    if (l->n_kinds == KINDS_MAX) {
        return NULL;
    }
    kind *k = &l->kinds[l->n_kinds++];
    k->hash = hash;
    snprintf(k->text, sizeof k->text, WEIR_SV_FMT "%s" WEIR_SV_FMT, WEIR_SV_ARG(p->topic),
             p->topic.n ? ": " : "", WEIR_SV_ARG(p->reason));
    return k;
}

static void tell(weir_run_log *l, const weir_problem *p)
{
    kind *k = kind_of(l, p);
    if (!k) {
        l->others++;
        return;
    }
    int64_t second = weir_mono_ns() / SECOND_NS;
    if (k->second != second) {
        tell_suppressed(k);
        k->second = second;
        k->shown = 0;
        k->suppressed = 0;
    }
    if (k->shown == LINES_PER_SECOND) {
        k->suppressed++;
        return;
    }
    k->shown++;
    fputs(p->record ? "skipped record: " : "failed: ", stderr);
    const char *sep = "";
    if (p->topic.n) {
        fprintf(stderr, "topic " WEIR_SV_FMT ", partition %d", WEIR_SV_ARG(p->topic), p->partition);
        sep = ", ";
    }
    if (p->offset >= 0) {
        fprintf(stderr, "%soffset %lld", sep, (long long)p->offset);
        sep = ", ";
    }
    if (p->query) {
        fprintf(stderr, "%squery " WEIR_SV_FMT, sep,
                WEIR_SV_ARG(weir_query_plan(p->query)->query_id));
        sep = ", ";
    }
    fprintf(stderr, "%s" WEIR_SV_FMT ": " WEIR_SV_FMT "\n", p->where.n ? sep : "",
            WEIR_SV_ARG(p->where), WEIR_SV_ARG(p->reason));
}

static void member(weir_buf *out, const char *name, weir_sv value)
{
    if (value.n) {
        weir_buf_printf(out, ",\"%s\":", name);
        weir_diag_json_string(out, value);
    }
}

static void write_line(weir_run_log *l, const weir_problem *p)
{
    weir_buf *b = &l->line;
    weir_buf_reset(b);
    weir_buf_printf(b, "{\"time\":%lld,\"type\":\"%s\"", (long long)weir_wall_ms(),
                    p->record ? "record" : "expression");
    if (p->topic.n) {
        member(b, "topic", p->topic);
        weir_buf_printf(b, ",\"partition\":%d", p->partition);
    }
    if (p->offset >= 0) {
        weir_buf_printf(b, ",\"offset\":%lld", (long long)p->offset);
    }
    if (p->query) {
        member(b, "query", weir_query_plan(p->query)->query_id);
    }
    member(b, "where", p->where);
    member(b, "reason", p->reason);
    weir_buf_str(b, "}\n");
    fwrite(b->p, 1, b->n, l->file);
}

void weir_run_log_problem(weir_run_log *l, const weir_problem *p)
{
    if (p->record) {
        count(l, p);
    }
    tell(l, p);
    if (l->file) {
        write_line(l, p);
    }
}

weir_rc weir_run_log_flush(weir_run_log *l, weir_status *st)
{
    errno = 0;
    return l->file && (fflush(l->file) != 0 || ferror(l->file))
               ? weir_fail(st, WEIR_EIO, "cannot write %s: %s", l->path, strerror(errno))
               : WEIR_OK;
}
