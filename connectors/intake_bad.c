/* See intake_bad.h. Headers are called as Kafka Connect calls them, so its tools can read them. */
#include "connectors/intake_bad.h"

struct weir_intake_bad_end {
    weir_conn *conn;
    weir_source_output *to; /* NULL: nobody wants them */
    weir_chunk_builder letters;
};

weir_rc weir_intake_bad_new(weir_conn *c, weir_intake_bad_end **out, weir_status *st)
{
    weir_intake_bad_end *b = weir_zalloc(sizeof *b);
    weir_sv topic = weir_conn_text(c, "errors.deadletterqueue.topic.name");
    b->conn = c;
    weir_chunk_builder_init(&b->letters);
    weir_rc rc = topic.n ? weir_source_to(c, topic, &b->to, st) : WEIR_OK;
    if (rc != WEIR_OK) {
        weir_intake_bad_free(b);
        return rc;
    }
    *out = b;
    return WEIR_OK;
}

void weir_intake_bad_free(weir_intake_bad_end *b)
{
    if (b) {
        weir_chunk_builder_deinit(&b->letters);
        weir_free(b);
    }
}

bool weir_intake_bad_add(weir_intake_bad_end *b, weir_sv text, weir_sv where, weir_sv why)
{
    if (!b->to && weir_conn_is(b->conn, "errors.tolerance", "none")) {
        weir_conn_fail(b->conn, WEIR_SV_FMT ": " WEIR_SV_FMT "; 'errors.deadletterqueue.topic.name' or "
                       "'errors.tolerance'='all' would go on", WEIR_SV_ARG(where), WEIR_SV_ARG(why));
        return false;
    }
    weir_conn_trouble(b->conn, WEIR_SV_FMT " %s: " WEIR_SV_FMT, WEIR_SV_ARG(where),
                      b->to ? "went to the dead letters" : "was skipped", WEIR_SV_ARG(why));
    weir_source_lost(b->conn, b->to != NULL, b->to == NULL);
    if (b->to) {
        weir_buf headers = {0};
        weir_headers_add(&headers, WEIR_SV("__connect.errors.connector.name"), weir_conn_name(b->conn), false);
        weir_headers_add(&headers, WEIR_SV("__connect.errors.stage"), WEIR_SV("DESERIALIZATION"), false);
        weir_headers_add(&headers, WEIR_SV("__connect.errors.place"), where, false);
        weir_headers_add(&headers, WEIR_SV("__connect.errors.exception.message"), why, false);
        weir_chunk_builder_add(&b->letters, (weir_sv){NULL, WEIR_NULL_BYTES}, text, weir_buf_view(&headers),
                               weir_wall_ms(), 0);
        weir_buf_deinit(&headers);
    }
    return true;
}

bool weir_intake_bad_take(weir_intake_bad_end *b, weir_source_part *out)
{
    weir_chunk *c = b->to ? weir_chunk_builder_take(&b->letters) : NULL;
    *out = (weir_source_part){b->to, c};
    return c != NULL;
}
