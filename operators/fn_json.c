/* Functions that look into JSON texts: they accept what Jackson's readTree accepts, which leaves
 * unread what follows the first value, and nothing more. Texts that are not JSON are row errors,
 * where ksqlDB throws. */
#include "engine/data/json.h"

#include "engine/base/limits.h"
#include "engine/data/number.h"
#include "operators/fn_json.h"
#include "operators/fn_text.h"

weir_value weir__bad_json(weir_call *c, weir_sv text)
{
    return weir_row_error(c, "Invalid JSON format:" WEIR_SV_FMT, WEIR_SV_ARG(weir__shown(text)));
}

bool weir__json_text(weir_sv text)
{
    return !weir_sv_starts(text, WEIR_SV("\xef\xbb\xbf")); /* only bytes may have a mark */
}

/* False: not JSON, a row error. *out is NULL for an empty text. */
static bool parse(weir_call *c, weir_sv text, const weir_json_node **out)
{
    uint32_t used;
    if (!weir__json_text(text) || weir_json_parse(c->arena, text, &used, out, NULL) != WEIR_OK) {
        weir__bad_json(c, text);
        return false;
    }
    return true;
}

static const weir_json_node *parse_kind(weir_call *c, weir_sv text, weir_json_kind kind)
{
    const weir_json_node *node;
    return parse(c, text, &node) && node && node->kind == kind ? node : NULL;
}

/* Texts stay as they are when `bare`, else they are written as JSON, too. */
static bool print(weir_call *c, const weir_json_node *v, bool bare, weir_sv *out)
{
    if (bare && v->kind == WEIR_JSON_STRING) {
        *out = v->text;
        return true;
    }
    weir_buf b;
    weir_buf_init(&b, WEIR_STRING_BYTES_MAX);
    weir_json_print(&b, v, false);
    *out = weir__taken(c, &b).sv;
    return !c->failed;
}

/* ---- IS_JSON_STRING, JSON_ARRAY_LENGTH, JSON_KEYS, JSON_ITEMS, JSON_RECORDS ---- */

static weir_value is_json_string(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_json_doc d;
    weir_json_token root;
    bool ok = !args[0].null && weir__json_text(args[0].sv) &&
              weir_json_open(&d, c->arena, args[0].sv) && weir_json_root(&d, &root) &&
              root.kind != WEIR_JSON_ABSENT;
    return weir_bool(ok);
}

static weir_value array_length(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    const weir_json_node *node = parse_kind(c, args[0].sv, WEIR_JSON_ARRAY);
    return node ? weir_int((int32_t)node->n) : weir__none(c);
}

static weir_value keys(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    const weir_json_node *node = parse_kind(c, args[0].sv, WEIR_JSON_OBJECT);
    if (!node) {
        return weir__none(c);
    }
    weir_value *out = WEIR_NEW_N(c->arena, weir_value, node->n);
    for (uint32_t i = 0; i < node->n; i++) {
        out[i] = weir_string(node->names[i]);
    }
    return weir_array(out, node->n);
}

/* What is not an array is an error here, also an empty text. */
static weir_value items(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    const weir_json_node *node = parse_kind(c, args[0].sv, WEIR_JSON_ARRAY);
    if (!node) {
        return weir__bad_json(c, args[0].sv);
    }
    weir__texts out = {.kind = WEIR_T_STRING};
    for (uint32_t i = 0; i < node->n; i++) {
        weir_sv text;
        if (!print(c, &node->items[i], false, &text) || !weir__texts_add(c, &out, text)) {
            return weir__none(c);
        }
    }
    return weir_array(out.items, out.n);
}

static weir_value records(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    const weir_json_node *node = parse_kind(c, args[0].sv, WEIR_JSON_OBJECT);
    if (!node) {
        return weir__none(c);
    }
    weir_value *names = WEIR_NEW_N(c->arena, weir_value, node->n);
    weir_value *values = WEIR_NEW_N(c->arena, weir_value, node->n);
    for (uint32_t i = 0; i < node->n; i++) {
        weir_sv text;
        if (!print(c, &node->items[i], true, &text)) {
            return weir__none(c);
        }
        names[i] = weir_string(node->names[i]);
        values[i] = weir_string(text);
    }
    weir_value map = {.kind = WEIR_T_MAP, .n = node->n};
    map.keys = names;
    map.items = values;
    return map;
}

/* ---- JSON_ARRAY_CONTAINS ---- */

/* Whether an item is the value: kinds must be the same, numbers are read as the value's type, and a
 * number that does not fit ends the search (`*stop`). */
static bool item_is(const weir_call *c, weir_json_token *t, const weir_value *v, bool *stop)
{
    if (t->kind == WEIR_JSON_NULL || v->null) {
        return t->kind == WEIR_JSON_NULL && v->null;
    }
    int32_t i;
    int64_t l;
    switch ((int)v->kind) {
    case WEIR_T_INTEGER:
        *stop = t->kind == WEIR_JSON_INT && !weir_i32_parse(t->text, &i);
        return t->kind == WEIR_JSON_INT && !*stop && i == v->i32;
    case WEIR_T_BIGINT:
        *stop = t->kind == WEIR_JSON_INT && !weir_i64_parse(t->text, &l);
        return t->kind == WEIR_JSON_INT && !*stop && l == v->i64;
    case WEIR_T_DOUBLE:
        if (t->kind == WEIR_JSON_DECIMAL) {
            weir_value item = weir_double(0);
            return weir_double_parse(t->text, &item.f64) &&
                   weir_value_eq(weir_type_of(WEIR_T_DOUBLE), &item, v);
        }
        return false;
    case WEIR_T_STRING:
        return t->kind == WEIR_JSON_STRING &&
               weir_sv_eq(t->escaped ? weir_json_string_of(c->arena, t) : t->text, v->sv);
    case WEIR_T_BOOLEAN:
        return t->kind == (v->b ? WEIR_JSON_TRUE : WEIR_JSON_FALSE);
    default:
        return false; /* no other type has a kind in JSON */
    }
}

/* Reads only as far as it must: an error behind the item does not matter, one before it is FALSE. */
static weir_value array_contains(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    if (args[0].null) {
        return weir__null_argument(c, 0);
    }
    weir_json_doc d;
    if (!weir__json_text(args[0].sv) || !weir_json_open(&d, c->arena, args[0].sv) || d.n == 0 ||
        d.p[d.at[0]] != '[') {
        return weir_bool(false);
    }
    weir_json_token array = {.kind = WEIR_JSON_ARRAY};
    weir_json_token name;
    weir_json_token item;
    weir_json_iter it = weir_json_first(&array);
    bool stop = false;
    while (!stop && weir_json_next(&d, &it, &name, &item)) {
        if (item_is(c, &item, &args[1], &stop)) {
            return weir_bool(true);
        }
    }
    return weir_bool(false);
}

/* ---- JSON_CONCAT ---- */

static weir_json_node merge_objects(weir_call *c, const weir_json_node **nodes, uint32_t n)
{
    weir_json_names names = {0};
    weir_json_node *values = NULL;
    uint32_t n_values = 0;
    uint32_t cap = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < nodes[i]->n; k++) {
            uint32_t at = weir_json_names_add(&names, c->arena, nodes[i]->names[k]);
            if (at < n_values) {
                values[at] = nodes[i]->items[k];
            } else {
                WEIR_PUSH(c->arena, values, n_values, cap, nodes[i]->items[k]);
            }
        }
    }
    weir_json_node out = {.kind = WEIR_JSON_OBJECT, .n = n_values};
    out.items = values;
    out.names = names.names;
    return out;
}

static weir_json_node join_arrays(weir_call *c, const weir_json_node **nodes, uint32_t n)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < n; i++) {
        total += nodes[i]->kind == WEIR_JSON_ARRAY ? nodes[i]->n : 1;
    }
    weir_json_node *all = WEIR_NEW_N(c->arena, weir_json_node, total);
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool array = nodes[i]->kind == WEIR_JSON_ARRAY;
        for (uint32_t k = 0; k < (array ? nodes[i]->n : 1); k++) {
            all[at++] = array ? nodes[i]->items[k] : *nodes[i];
        }
    }
    weir_json_node out = {.kind = WEIR_JSON_ARRAY, .n = total};
    out.items = all;
    return out;
}

static weir_value concat(weir_call *c, const weir_value *args, uint32_t n)
{
    if (n == 0) {
        return weir_row_error(c, "JSON_CONCAT needs an argument");
    }
    const weir_json_node **nodes = WEIR_NEW_N(c->arena, const weir_json_node *, n);
    bool objects = true;
    for (uint32_t i = 0; i < n; i++) {
        if (args[i].null || !parse(c, args[i].sv, &nodes[i]) || !nodes[i]) {
            return weir__none(c);
        }
        objects &= nodes[i]->kind == WEIR_JSON_OBJECT;
    }
    weir_json_node joined = *nodes[0];
    if (n > 1) {
        joined = (objects ? merge_objects : join_arrays)(c, nodes, n);
    }
    weir_buf out;
    weir_buf_init(&out, WEIR_STRING_BYTES_MAX);
    weir_json_print(&out, &joined, true);
    return weir__taken(c, &out);
}

/* ---- rows ---- */

static const weir_overload is_json_string_rows[] = {
    {.sig = "STRING -> BOOLEAN", .row = is_json_string, .flags = WEIR_FN_NULLS},
};
static const weir_overload contains_rows[] = {
    {.sig = "STRING, T -> BOOLEAN", .row = array_contains, .flags = WEIR_FN_NULLS},
};
static const weir_overload length_rows[] = {{.sig = "STRING -> INT", .row = array_length}};
static const weir_overload concat_rows[] = {
    {.sig = "STRING... -> STRING", .row = concat, .flags = WEIR_FN_NULLS},
};
static const weir_overload items_rows[] = {{.sig = "STRING -> ARRAY<STRING>", .row = items}};
static const weir_overload keys_rows[] = {{.sig = "STRING -> ARRAY<STRING>", .row = keys}};
static const weir_overload records_rows[] = {
    {.sig = "STRING -> MAP<STRING, STRING>", .row = records},
};

#define ROWS(rows) .overloads = (rows), .n_overloads = WEIR_COUNT(rows)

const weir_function weir_fn_json[] = {
    {.name = "IS_JSON_STRING", .category = WEIR_CAT_JSON,
     .doc = "Whether a string is a JSON value.", .example = "IS_JSON_STRING('[1, 2]') → true",
     ROWS(is_json_string_rows)},
    {.name = "JSON_ARRAY_CONTAINS", .category = WEIR_CAT_JSON,
     .doc = "Whether a JSON array contains a value of the same kind.",
     .example = "JSON_ARRAY_CONTAINS('[1, 2, 3]', 3) → true", ROWS(contains_rows)},
    {.name = "JSON_ARRAY_LENGTH", .category = WEIR_CAT_JSON,
     .doc = "The number of items of a JSON array; NULL when it is none.",
     .example = "JSON_ARRAY_LENGTH('[1, 2, 3]') → 3", ROWS(length_rows)},
    {.name = "JSON_CONCAT", .category = WEIR_CAT_JSON,
     .doc = "Merges JSON objects, the last one wins; everything else becomes one array.",
     .example = "JSON_CONCAT('[1, 2]', '3') → [1,2,3]", ROWS(concat_rows)},
    {.name = "JSON_ITEMS", .category = WEIR_CAT_JSON,
     .doc = "The items of a JSON array, as JSON texts.",
     .example = "JSON_ITEMS('[{\"a\": 1}, 2]') → [{\"a\":1}, 2]", ROWS(items_rows)},
    {.name = "JSON_KEYS", .category = WEIR_CAT_JSON,
     .doc = "The names of a JSON object's members; NULL when it is no object.",
     .example = "JSON_KEYS('{\"a\": 1, \"b\": 2}') → [a, b]", ROWS(keys_rows)},
    {.name = "JSON_RECORDS", .category = WEIR_CAT_JSON,
     .doc = "The members of a JSON object as a map, strings as they are and all else as JSON "
            "texts; NULL when it is no object.",
     .example = "JSON_RECORDS('{\"a\": \"x\", \"b\": [1]}') → {a=x, b=[1]}", ROWS(records_rows)},
};
const uint32_t weir_fn_json_n = WEIR_COUNT(weir_fn_json);
