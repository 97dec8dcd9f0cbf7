/* The operators of the engine: one kind per plan node. */
#pragma once
#include "engine/run/operator.h"

const weir_ops *weir_ops_builtin(void);
