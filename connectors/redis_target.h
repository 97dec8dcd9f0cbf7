/* Where Redis is and as whom it is asked: the options that everything over Redis has. Control thread. */
#pragma once
#include "connectors/conn.h"
#include "connectors/redis_slots.h"

/* Rows of an option table, besides 'redis.mode'. `timeout`: its name, other names, its sentence. */
#define WEIR_REDIS_TARGET_OPTIONS(timeout, aliases, doc)                                                     \
    {"redis.uri", "redis.url|redis.hosts|redis.address|uri|url", WEIR_CONN_SECRET,                          \
     "redis://127.0.0.1:6379/0", false, 0, 0, NULL,                                                          \
     "redis://user:password@host:port/db, rediss:// with TLS, or unix:///path?db=0; of a cluster also "       \
     "several, with commas."},                                                                               \
        {"redis.database", NULL, WEIR_CONN_INTEGER, NULL, false, 0, 1000000, NULL,                           \
         "The database, when the URI does not say it."},                                                     \
        {"redis.username", "username", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "An ACL user."},             \
        {"redis.password", "password", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL, "Its password."},          \
        {timeout, aliases, WEIR_CONN_MS, "5s", false, 1, 3600000, NULL, doc},                                \
        {"connect.timeout.ms", NULL, WEIR_CONN_MS, "5s", false, 1, 3600000, NULL,                            \
         "For connecting, TLS included."},                                                                   \
        {"tls.enabled", "redis.tls|redis.ssl.enabled", WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,        \
         "As rediss://."},                                                                                   \
        {"tls.ca.file", "redis.cacert", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                             \
         "PEM file that signs the server."},                                                                 \
        {"tls.cert.file", "redis.key.cert", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                         \
         "PEM file shown to the server."},                                                                   \
        {"tls.key.file", "redis.key.file", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "PEM file of its key."}, \
        {"tls.server.name", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                                   \
         "Name the certificate must have."},                                                                 \
        {"tls.verify", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,                                   \
         "false: believes everybody. For tests."}

/* Texts live as long as the connector; every node that the URIs name is in `slots`. *tls is the caller's. */
weir_rc weir_redis_target_read(weir_conn *c, const char *timeout, weir_redis_target *out,
                               weir_redis_slots *slots, weir_tls **tls, weir_status *st);
