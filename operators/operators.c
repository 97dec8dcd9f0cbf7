/* The registry of operators. */
#include "operators/operators.h"

#include "operators/op_kinds.h"

const weir_ops *weir_ops_builtin(void)
{
    static const weir_ops ops = {
#define WEIR_OP(name) .name = &weir__op_##name,
#include "operators/operators.def"
#undef WEIR_OP
    };
    return &ops;
}
