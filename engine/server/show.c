/* Statements that only look. */
#include "engine/server/session_impl.h"

weir_rc weir_statement_show(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                            weir_status *st)
{
    (void)s;
    (void)a;
    (void)r;
    return weir_fail(st, WEIR_ENOTIMPL, "%s is not executable yet", weir_bound_name(b));
}
