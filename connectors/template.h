/* Templates: text with ${…} that is filled in for each record.
 *
 *   ${COLUMN}              the column's text, escaped as its place asks for
 *   ${COLUMN:json}         escaped for the inside of a JSON string (nested values: their JSON)
 *   ${COLUMN:url}          percent-encoded
 *   ${COLUMN:raw}          as it is: the author has thought about it (index names, paths and headers
 *                          stay what they are even so)
 *   ${COLUMN:%Y.%m.%d}     a time, in UTC: TIMESTAMP, DATE, or a BIGINT of milliseconds (ROWTIME …)
 *   ${key} ${value} ${topic} ${partition} ${offset} ${timestamp} ${connector} ${header:NAME}
 *   $${                    the characters ${
 *
 * A column is found by its exact name, else in any case; columns go before the words in small letters.
 * NULL: nothing in a body ("null" where JSON wants a value there), everywhere else the record cannot be
 * rendered. Compiled once per topic; rendering allocates nothing. */
#pragma once
#include "connectors/conn.h"

/* What a place does to what is put in. ORDER weir_template_place: names in template.c */
typedef enum weir_template_place {
    WEIR_TEMPLATE_PLAIN, /* nothing: a Redis key, a text */
    WEIR_TEMPLATE_JSON,  /* JSON: inside of quotes text is escaped, outside a JSON value stands */
    WEIR_TEMPLATE_BODY,  /* text of a body: nothing, and NULL is empty */
    WEIR_TEMPLATE_URL,   /* percent-encoded, so it cannot leave its segment */
    WEIR_TEMPLATE_INDEX, /* an index name: lower case, and refused when it holds what none may */
    WEIR_TEMPLATE_PATH,  /* one path segment: no separators, no "..", no leading dot */
    WEIR_TEMPLATE_HEADER, /* an HTTP header's value: no control characters */
} weir_template_place;

typedef struct weir_template weir_template;

/* Compiles an option's value for one topic of a sink; memory from the connector's arena. Fails with a
 * caret below the name that is no column. */
weir_rc weir_template_option(const weir_sink_input *in, const char *option, weir_template_place place,
                             weir_template **out, weir_status *st);
/* The same for any text; *at and *n: the place of the mistake. */
weir_rc weir_template_compile(weir_arena *a, const weir_sink_input *in, weir_sv text,
                              weir_template_place place, weir_template **out, uint32_t *at, uint32_t *n,
                              weir_status *st);
/* Has no ${…}: the same text for every record. */
bool weir_template_constant(const weir_template *t, weir_sv *text);
/* What of the record's value it needs: a column's name, or "value". False: nothing, so a tombstone can be
 * rendered. *at: where that is in the text, behind ${. */
bool weir_template_needs_value(const weir_template *t, weir_sv *name, uint32_t *at);
/* Appends the text for one row. False: it cannot be rendered, *why says so (static or in the batch's
 * arena), and what was appended is to be dropped. */
bool weir_template_render(const weir_template *t, const weir_sink_rows *r, uint32_t row, weir_buf *out,
                          const char **why);

/* Appends text as the inside of a JSON string; bytes that are not UTF-8 become U+FFFD. */
void weir_template_json(weir_buf *out, weir_sv text);
/* Percent-encodes everything but letters, digits and -._~ */
void weir_template_url(weir_buf *out, weir_sv text);
/* strftime with %Y %y %m %d %H %M %S %L (ms) %j %s (Unix seconds) %Q (Unix ms) %%, in UTC. False: another
 * letter. */
bool weir_template_time(weir_buf *out, weir_sv format, int64_t ms);
