/* See nearest.h. */
#include "engine/base/nearest.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

#define WORD_MAX 64

uint32_t weir_edit_distance(weir_sv a, weir_sv b, uint32_t max)
{
    uint32_t gap = a.n > b.n ? a.n - b.n : b.n - a.n;
    if (a.n > WORD_MAX || b.n > WORD_MAX || gap > max) {
        return max + 1;
    }
    uint32_t rows[3][WORD_MAX + 1];
    uint32_t *before = rows[0];
    uint32_t *last = rows[1];
    uint32_t *row = rows[2];
    for (uint32_t j = 0; j <= b.n; j++) {
        last[j] = j;
    }
    for (uint32_t i = 1; i <= a.n; i++) {
        row[0] = i;
        for (uint32_t j = 1; j <= b.n; j++) {
            bool same = lower(a.p[i - 1]) == lower(b.p[j - 1]);
            uint32_t best = last[j - 1] + !same;
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && lower(a.p[i - 1]) == lower(b.p[j - 2]) &&
                lower(a.p[i - 2]) == lower(b.p[j - 1]) && before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            row[j] = best;
        }
        uint32_t *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[b.n] <= max ? last[b.n] : max + 1;
}

int64_t weir_nearest(weir_sv word, const weir_sv *names, uint32_t n)
{
    uint32_t best = word.n <= 3 ? 2 : word.n <= 8 ? 3 : 4; /* one past what is near enough */
    int64_t found = -1;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t d = weir_edit_distance(word, names[i], best - 1);
        if (d < best && d * 2 <= names[i].n) {
            best = d;
            found = i;
        }
    }
    return found;
}
