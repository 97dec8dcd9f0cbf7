/* What a lookup has heard (op_remote_answers.c), for the join that asks (op_join_remote.c): answers by key,
 * and keys that are asked for and not answered yet. One task, one thread. */
#pragma once
#include "engine/run/hmap.h"
#include "engine/run/lookup.h"

typedef struct weir__answer {
    char *row;         /* encoded, then the reason; NULL: both empty */
    uint32_t n, n_reason;
    uint8_t state;     /* WEIR__ANSWER_* */
    bool used;         /* since it was last considered for removal */
    int64_t until_ms;  /* may be used for other rows so long */
    int64_t needed;    /* rows before this offset have asked for it: it stays for them, whatever its age */
} weir__answer;

enum { WEIR__ANSWER_NEW, WEIR__ANSWER_ASKED, WEIR__ANSWER_ABSENT, WEIR__ANSWER_FOUND };

typedef struct weir__answers {
    weir_lookup *lookup;
    weir_hmap *map;
    weir_slab *bytes;
    uint64_t asked; /* not answered yet */
    uint64_t kept;  /* after the last removal */
} weir__answers;

void weir__answers_init(weir__answers *s, weir_lookup *lookup);
void weir__answers_deinit(weir__answers *s);
/* Takes in what has come, and forgets what is too much: nothing that rows at or behind `emitted` need. */
void weir__answers_take(weir__answers *s, int64_t emitted);
/* out[i] for keys[i]; rows before `needed` want them. Those that must be asked for are put into `ask` by
 * their numbers, each key once; returns how many. All states are then other than NEW. */
uint32_t weir__answers_find(weir__answers *s, const weir_sv *keys, uint32_t n, int64_t emitted,
                            int64_t needed, weir__answer **out, uint16_t *ask);
static inline weir_sv weir__answer_row(const weir__answer *a)
{
    return (weir_sv){a->row, a->n};
}
/* Why it is not (wholly) readable; told once: empty then. */
static inline weir_sv weir__answer_reason(weir__answer *a)
{
    weir_sv reason = {a->row + a->n, a->n_reason};
    a->n_reason = 0;
    return reason;
}
