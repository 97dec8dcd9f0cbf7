/* A bundle in a session: what its statements find there. */
#pragma once
#include "engine/server/bundle.h"
#include "engine/server/session.h"

/* Gives the schemas to the registry, and sees to the topics that others write: in a cluster they must be as
 * the manifest says, elsewhere they are made so. */
weir_rc weir_bundle_provide(const weir_bundle *b, weir_session *s, weir_status *st);
/* … and defines the variables. */
weir_rc weir_bundle_enter(const weir_bundle *b, weir_session *s, weir_status *st);
/* After the statements: they must read the topics as the manifest says. Forgets the variables. */
weir_rc weir_bundle_leave(const weir_bundle *b, weir_session *s, weir_status *st);
