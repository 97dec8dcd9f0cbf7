/* The rows of the operator registry; see operators.c. */
#pragma once
#include "engine/run/operator.h"

#define WEIR_OP(name) extern const weir_op_kind weir__op_##name;
#include "operators/operators.def"
#undef WEIR_OP
