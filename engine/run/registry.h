/* Schema registries: which schema wrote a record's bytes. Formats whose records carry a schema id
 * (AVRO) register what they write and look up what they read.
 *
 *   subject "<topic>-key", "<topic>-value" ─► versions ─► id ─► text
 *
 * Texts that are handed out live as long as the registry. weir_registry_by_id is called by workers
 * during a round; everything else is on the control thread between rounds. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/status.h"

/* ORDER weir_schema_kind: names in registry.c */
typedef enum weir_schema_kind {
    WEIR_SCHEMA_AVRO,
    WEIR_SCHEMA_JSON,
    WEIR_SCHEMA_PROTOBUF,
    WEIR_SCHEMA_KINDS
} weir_schema_kind;

typedef struct weir_registered {
    int32_t id; /* > 0 */
    weir_schema_kind kind;
    weir_sv text;
} weir_registered;

typedef struct weir_registry weir_registry;
typedef struct weir_registry_calls {
    /* The id of this text under the subject: a new version unless it is one already. */
    weir_rc (*put)(weir_registry *r, weir_sv subject, weir_schema_kind kind, weir_sv text,
                   int32_t *id, weir_status *st);
    /* WEIR_ENOTFOUND: the subject has no schema. */
    weir_rc (*latest)(weir_registry *r, weir_sv subject, weir_registered *out, weir_status *st);
    weir_rc (*by_id)(weir_registry *r, int32_t id, weir_registered *out, weir_status *st);
    weir_rc (*drop)(weir_registry *r, weir_sv subject, weir_status *st); /* ids stay readable */
    void (*close)(weir_registry *r);
} weir_registry_calls;

struct weir_registry {
    const weir_registry_calls *calls;
};

/* Ids from 1. Equal means byte for byte. */
weir_registry *weir_registry_in_memory(void);
void weir_registry_close(weir_registry *r); /* NULL is fine */

const char *weir_schema_kind_name(weir_schema_kind kind); /* "AVRO", "JSON", "PROTOBUF" */
weir_sv weir_registry_subject(weir_arena *a, weir_sv topic, bool is_key);
