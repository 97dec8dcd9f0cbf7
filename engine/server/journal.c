/* The journal of INSERT INTO … VALUES. A file of statements that runs again over the same data
 * directory must not write its records twice, so each INSERT leaves an entry in the commit that makes
 * its record durable:
 *
 *   'J' "insert" ‖ 0 ‖ hash of the text (8) ‖ occurrence (4)  →  the text
 *
 * Other statements need none: they are executed again and give the same catalog. */
#include "engine/base/hash.h"
#include "engine/server/session_impl.h"

#include "connectors/connect.h"

/* Counts the text; returns how often it was there before. */
static uint32_t occurrence(weir_session *s, uint64_t hash)
{
    for (size_t i = 0; i < s->n_inserts; i++) {
        if (s->inserts[i].hash == hash) {
            return s->inserts[i].seen++;
        }
    }
    WEIR_GROW(s->inserts, s->cap_inserts, s->n_inserts + 1);
    s->inserts[s->n_inserts++] = (weir_journal_text){hash, 1};
    return 0;
}

static void insert_key(weir_buf *key, uint64_t hash, uint32_t seen)
{
    weir_buf_add(key, "Jinsert", 8); /* with its NUL */
    weir_buf_be64(key, hash);
    weir_buf_be32(key, seen);
}

weir_rc weir__journal_has(weir_store *store, weir_sv text, uint32_t seen, bool *has,
                          weir_status *st)
{
    weir_buf key = {0};
    weir_buf value = {0};
    insert_key(&key, weir_hash(text.p, text.n), seen);
    weir_rc rc = weir_store_get(store, weir_buf_view(&key), &value, has, st);
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    return rc;
}

weir_rc weir__journal_insert(weir_session *s, weir_sv text, bool *done, weir_status *st)
{
    *done = false;
    if (!s->journal) {
        return WEIR_OK;
    }
    uint64_t hash = weir_hash(text.p, text.n);
    weir_buf key = {0};
    weir_buf value = {0};
    insert_key(&key, hash, occurrence(s, hash));
    weir_rc rc = weir_store_get(s->store, weir_buf_view(&key), &value, done, st);
    if (rc == WEIR_OK && !*done) {
        weir_store_put(s->journal, weir_buf_view(&key), text);
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    return rc;
}

weir_rc weir_session_commit(weir_session *s, weir_status *st)
{
    if (s->connect) {
        WEIR_TRY(weir_connect_save(s->connect, s->journal, st));
    }
    WEIR_TRY(weir_engine_commit(s->engine, s->journal, st));
    if (s->connect) {
        weir_connect_committed(s->connect);
    }
    return WEIR_OK;
}

weir_store_batch *weir_session_extra(weir_session *s)
{
    return s->journal;
}
