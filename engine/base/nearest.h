/* Names that are near enough to be what was meant: "did you mean …?" */
#pragma once
#include "engine/base/base.h"

/* Levenshtein distance with transpositions, ASCII case ignored; anything over `max` is max + 1. */
uint32_t weir_edit_distance(weir_sv a, weir_sv b, uint32_t max);
/* The nearest of `n` names that is near enough to be what was meant, or -1. */
int64_t weir_nearest(weir_sv word, const weir_sv *names, uint32_t n);
