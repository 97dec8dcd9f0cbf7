/* What every unit test includes: cmocka with the headers it needs in front, and a few assertions on
 * the project's own types. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/base.h"
#include "engine/base/status.h"

#define assert_sv_equal(actual, literal) test_sv_equal((actual), (literal), __FILE__, __LINE__)
#define assert_ok(call, st) test_ok((call), (st), __FILE__, __LINE__)

void test_sv_equal(weir_sv actual, const char *expected, const char *file, int line);
/* Prints the status's message on failure. */
void test_ok(weir_rc rc, const weir_status *st, const char *file, int line);
