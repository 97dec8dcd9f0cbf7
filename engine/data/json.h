/* Reading JSON, judged as Jackson judges it.
 *
 *   text ─► weir_json_open ─► document: the offsets of its tokens
 *              ├─► weir_json_members  one object, wanted members only: the record decoder
 *              │     └─► weir_json_layout_learn  how it is written: the next ones without tokens
 *              ├─► weir_json_root, weir_json_first, weir_json_next  everything else, token by token
 *              └─► weir_json_build    a tree in an arena ◄─ weir_json_parse, from text in one call
 *
 * Tokens borrow from the text; numbers stay text, so that decimals lose nothing. Whatever is walked
 * over is checked to the last character, wanted or not. Behind the first value of a text may follow
 * anything that has closed strings and is UTF-8, as with Jackson's readTree; weir_json_parse can
 * refuse that.
 *
 * Differences from Jackson: UTF-16 and UTF-32 are refused, nesting ends at WEIR_JSON_DEPTH_MAX.
 *
 * A document lives until the next weir_json_open (or weir_json_parse) of the same thread. Writing
 * is in json_text.h. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/status.h"

/* ORDER weir_json_kind: names in json.c. Everything up to NULL has no value. */
typedef enum weir_json_kind {
    WEIR_JSON_ABSENT,
    WEIR_JSON_NULL,
    WEIR_JSON_FALSE,
    WEIR_JSON_TRUE,
    WEIR_JSON_INT, /* neither fraction nor exponent; any length */
    WEIR_JSON_DECIMAL,
    WEIR_JSON_STRING,
    WEIR_JSON_ARRAY,
    WEIR_JSON_OBJECT,
    WEIR_JSON_KINDS
} weir_json_kind;

typedef struct weir_json_token {
    weir_sv text; /* numbers: as written; strings: between the quotes, escapes in place */
    uint32_t at;  /* number of the token in the document */
    uint8_t kind; /* weir_json_kind */
    bool escaped; /* strings: has escapes; weir_json_string_of takes them out */
    bool exact;   /* from weir_json_members: the name matched without upper-casing */
    bool small;   /* numbers: read already, they are value / 10^scale */
    uint8_t scale;
    int32_t value;
} weir_json_token;

typedef struct weir_json_doc {
    const char *p;      /* offsets count from here */
    const uint32_t *at; /* offsets of tokens; at[n] is the end of the text, or behind it in a run */
    uint32_t n;
    bool escapes;      /* a backslash somewhere */
    const char *error; /* why reading stopped; static */
    uint32_t error_at; /* and where */
    weir_arena *arena; /* takes what has to be made: unescaped and upper-cased names */
} weir_json_doc;

/* Finds the tokens of a text. False: d->error tells. */
bool weir_json_open(weir_json_doc *d, weir_arena *a, weir_sv text);

/* Objects that lie close together, as the records of a chunk do, indexed in one step: starting and
 * ending an index costs as much as some hundred bytes of text. Each object is a document of its own
 * all the same; where the neighbours could have had a say, it is not taken from the run. */
#define WEIR_JSON_RUN_GAP 64 /* bytes between two texts; they must be readable */
typedef struct weir_json_run {
    const char *p, *escape; /* what was indexed; the first backslash not yet passed */
    const uint32_t *at;
    uint32_t n, next;  /* tokens; those from `next` on are not yet taken */
    uint32_t per_text; /* tokens of the last document */
} weir_json_run;
/* Returns how many of the texts, from the first on, are in the run; 0: it would be less than two.
 */
uint32_t weir_json_run_open(weir_json_run *r, const weir_sv *texts, uint32_t n);
/* Opens the next text of the run. False: this text and those behind it have to be opened one by
 * one. The document lives as long as the run, which weir_json_open of the same thread ends. */
bool weir_json_run_next(weir_json_run *r, weir_json_doc *d, weir_arena *a, weir_sv text);

/* The first value of the text, checked to its end. An empty text has none: ABSENT. */
bool weir_json_root(weir_json_doc *d, weir_json_token *out);

/* The wanted members of objects, found by name: exactly, or when the member's name in upper case is
 * the wanted name. Names seen are remembered together with their order, so that a record like the
 * ones before it costs one comparison per member. Belongs to one decoder. */
typedef struct weir_json_keys weir_json_keys;
weir_json_keys *weir_json_keys_new(weir_arena *a, const weir_sv *names, uint32_t n);
/* Reads the object at `at` (0: the root): out[i] is the member for names[i], or ABSENT. An exact
 * name goes before an upper-cased one, a later member before an earlier one. */
bool weir_json_members(weir_json_doc *d, uint32_t at, weir_json_keys *keys, weir_json_token *out);
/* How the records of one make are written: the text between their values. With it a record is read
 * without finding its tokens first. Belongs to one decoder, beside its keys. */
typedef struct weir_json_layout weir_json_layout;
weir_json_layout *weir_json_layout_new(weir_arena *a, weir_json_keys *keys);
/* From a text whose document weir_json_members has read from its root. False: nothing is learned:
 * its values are nested, there are too many of them, or the processor is not made for it. */
bool weir_json_layout_learn(weir_json_layout *l, weir_json_doc *d, weir_sv text);
/* What weir_json_members would give, but for `at`. False: the text is not written that way or is at
 * fault; read it the long way. */
#define WEIR_JSON_READABLE 64 /* bytes behind the text that must be readable */
bool weir_json_layout_read(weir_json_layout *l, weir_sv text, weir_json_token *out);
static inline bool weir_json_starts_object(const weir_json_doc *d)
{
    return d->n > 0 && d->p[d->at[0]] == '{';
}

/* Items of an array, members of an object, in order:
 *     weir_json_iter it = weir_json_first(&token);
 *     while (weir_json_next(d, &it, &name, &value)) { … }
 * `name` is for objects. Stops at a fault, too: d->error is set then. */
typedef struct weir_json_iter {
    uint32_t at;
    bool object, started;
} weir_json_iter;
weir_json_iter weir_json_first(const weir_json_token *t);
bool weir_json_next(weir_json_doc *d, weir_json_iter *it, weir_json_token *name,
                    weir_json_token *value);

/* The string a token stands for: borrowed from the text when it has no escapes. Half a surrogate
 * pair becomes `?`. */
weir_sv weir_json_string_of(weir_arena *a, const weir_json_token *t);
/* BigInteger and BigDecimal's longValue: truncated, then the low 64 bits. */
int64_t weir_json_to_i64(const weir_json_token *t);
/* BigDecimal.doubleValue: the nearest double, infinite when too large, never -0.0 for a zero. */
double weir_json_to_double(const weir_json_token *t);
/* BigInteger and BigDecimal's toString: 100, 1.10, 1E+5, 0.0. Returns the length, at most
 * number.n + WEIR_JSON_NUMBER_ROOM. */
#define WEIR_JSON_NUMBER_ROOM 24
uint32_t weir_json_number_text(char *out, weir_sv number);

/* Distinct names in order of their first appearance: a name that comes again replaces the value of
 * the first. */
typedef struct weir_json_names {
    weir_sv *names;
    uint32_t n, cap;
    uint32_t *slots; /* hash table over `names`, from a few names on */
    uint32_t n_slots;
} weir_json_names;
uint32_t weir_json_names_add(weir_json_names *s, weir_arena *a, weir_sv name);

/* A value in an arena, independent of the text. */
typedef struct weir_json_node weir_json_node;
struct weir_json_node {
    uint8_t kind; /* weir_json_kind, never ABSENT */
    uint32_t n;   /* ARRAY: items · OBJECT: members, names distinct */
    union {
        weir_sv text; /* STRING: unescaped · numbers: as written · TRUE, FALSE, NULL: the word */
        struct {
            const weir_json_node *items; /* n, also the values of members */
            const weir_sv *names;        /* OBJECT: n */
        };
    };
};

/* `used` NULL: nothing but white space may follow the value, and an empty text is an error.
 * Otherwise the rest is ignored as Jackson does, and *used says how much was read; *out is NULL for
 * an empty text (Jackson's MissingNode). WEIR_EDATA when it is not JSON. */
weir_rc weir_json_parse(weir_arena *a, weir_sv text, uint32_t *used, const weir_json_node **out,
                        weir_status *st);
/* The tree of one token of an open document. */
void weir_json_build(weir_json_doc *d, const weir_json_token *t, weir_json_node *out);

/* Member by exact name; NULL when there is none or `o` (may be NULL) is no object. */
const weir_json_node *weir_json_get(const weir_json_node *o, weir_sv name);
/* Text of a member that is a string or number; `otherwise` for everything else. */
weir_sv weir_json_get_text(const weir_json_node *o, weir_sv name, weir_sv otherwise);
int64_t weir_json_get_i64(const weir_json_node *o, weir_sv name, int64_t otherwise);
bool weir_json_get_bool(const weir_json_node *o, weir_sv name, bool otherwise);

/* JSON text without white space, numbers as BigDecimal.toString writes them, or toPlainString
 * (Jackson's WRITE_BIGDECIMAL_AS_PLAIN; what would exceed WEIR_JSON_NUMBER_MAX keeps its exponent).
 */
void weir_json_print(weir_buf *out, const weir_json_node *v, bool plain);
/* The class name Jackson's tree would have: IntNode, TextNode … */
const char *weir_json_jackson_name(const weir_json_token *t);
