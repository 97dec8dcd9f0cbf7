/* The machine inside an expression program: registers, steps, selections, and the loops behind the
 * steps. Private to program*.c and kernels*.c; everybody else sees program.h.
 *
 *   weir_step { run, scope, dst, args }      run(p, s, rows) computes register dst for the rows of
 *                                            selection `scope` from registers args
 *
 * Invariants of a register, kept by every step:
 *   - a failed row (err) is not valid: who only asks "is there a value" looks at `valid` alone
 *   - rows outside the selection, and the data of rows that are not valid, are garbage: never
 *     followed as pointers, never divided by
 *   - constants and input columns are never written
 *
 * Loops have a dense form (selection NULL) per combination of flat and constant operands, which the
 * compiler vectorises, and one form for everything else. */
#pragma once
#include "engine/data/program.h"

typedef struct weir_step weir_step;
typedef const weir_value *weir_tree; /* what a nested vector holds */

/* Selected rows: sel NULL means 0..n-1. */
typedef struct weir_rows {
    const uint16_t *sel;
    uint32_t n;
    uint16_t *room; /* where a narrowing step writes; NULL for the selection of the batch */
} weir_rows;

typedef void (*weir_step_fn)(weir_program *p, const weir_step *s, const weir_rows *r);

struct weir_step {
    weir_step_fn run;       /* NULL: only the test */
    const char *name;       /* for weir_program_print */
    uint32_t scope;         /* selection it runs over */
    uint32_t dst;           /* WEIR_NO_REG: none */
    uint32_t n_args;
    const uint32_t *args;   /* registers read */
    uint32_t yes, no;       /* selections written: rows that go in, rows that are left */
    uint32_t test;          /* selection that, when empty, sends on to step `skip`; 0: no test */
    uint32_t skip;
    const weir_expr *expr;  /* what it computes */
    union {
        void (*loop)(void); /* typed loop, cast by its family */
        struct weir_in_set *set;
        struct weir_like *like;
        struct weir_call_site *site;
    };
};

#define WEIR_NO_REG UINT32_MAX

typedef enum weir_reg_kind { WEIR_REG_TEMP, WEIR_REG_CONST, WEIR_REG_INPUT, WEIR_REG_ALIAS } weir_reg_kind;

typedef struct weir_reg {
    weir_reg_kind kind;
    uint32_t last_use; /* step */
    bool defined;      /* while buffers are handed out */
    uint64_t *valid, *err; /* room */
} weir_reg;

typedef struct weir_input {
    uint32_t reg;
    uint32_t column; /* of the batch; imports of a lambda: register of the outer program */
} weir_input;

struct weir_program {
    weir_arena *arena; /* task */
    const weir_schema *schema;
    const weir_settings *settings;
    uint32_t capacity; /* rows of a register */
    uint32_t n_steps, n_regs, n_scopes, n_inputs, n_roots;
    weir_step *steps;
    weir_vec *regs;
    weir_reg *info;
    weir_rows *scopes;
    weir_input *inputs;
    uint32_t *roots;
    const weir_expr *const *exprs; /* of the roots, as given */
    bool strict; /* nothing isolates */
    /* Of the evaluation that runs: */
    weir_arena *step_arena;
    const weir_batch *batch;
    weir_row_errors *errors;
    uint32_t rows;          /* physical */
    int32_t outer_row;      /* in a lambda: row of the batch; else -1 */
    weir_sv *messages;      /* per row, where has_message */
    uint64_t has_message[WEIR_BITS_WORDS];
};

/* program.c */
void weir__program_run(weir_program *p);
/* Marks a row of register `dst` as failed. */
void weir__fail_row(weir_program *p, uint32_t dst, uint32_t row, weir_sv message);
/* Reports failed rows of a register; `where` is the expression. */
void weir__report(weir_program *p, const weir_vec *v, const weir_rows *r, const weir_expr *where);

/* One constant expression with nothing isolated; false: it fails. */
bool weir__eval_strict(weir_arena *a, const weir_expr *e, const weir_settings *settings,
                       weir_value *out);

/* program_compile.c */
weir_program *weir__program_new(weir_arena *a, const weir_schema *input,
                                const weir_expr *const *exprs, uint32_t n,
                                const weir_settings *settings, uint32_t capacity);
/* program_fold.c */
const weir_expr *weir__fold(weir_arena *a, const weir_expr *e, const weir_settings *settings);
const weir_expr *weir__normalise(weir_arena *a, const weir_expr *e); /* operands only */
bool weir__can_fail(const weir_expr *e); /* may have failed rows */
bool weir__is_simple(const weir_expr *e); /* column, literal, parameter: costs nothing */
bool weir__is_total(const weir_expr *e); /* BOOLEAN, cheap, never NULL, never fails */

/* The output register of a step, without NULLs or failures so far. */
static inline weir_vec *weir__out(weir_program *p, const weir_step *s)
{
    weir_vec *out = &p->regs[s->dst];
    out->valid = NULL;
    out->err = NULL;
    return out;
}
/* Its bitmaps, made when first needed. */
static inline uint64_t *weir__out_valid(weir_program *p, uint32_t dst)
{
    if (!p->regs[dst].valid) {
        p->regs[dst].valid = p->info[dst].valid;
        weir_bits_fill(p->regs[dst].valid, true);
    }
    return p->regs[dst].valid;
}
static inline uint64_t *weir__out_err(weir_program *p, uint32_t dst)
{
    if (!p->regs[dst].err) {
        p->regs[dst].err = p->info[dst].err;
        weir_bits_fill(p->regs[dst].err, false);
    }
    return p->regs[dst].err;
}
static inline void weir__set_null(weir_program *p, uint32_t dst, uint32_t row)
{
    weir_bit_clear(weir__out_valid(p, dst), row);
}
/* A failure without a message of its own: a NULL operand. */
static inline void weir__set_err(weir_program *p, uint32_t dst, uint32_t row)
{
    weir__set_null(p, dst, row);
    weir_bit_set(weir__out_err(p, dst), row);
}
static inline const weir_vec *weir__arg(const weir_program *p, const weir_step *s, uint32_t i)
{
    return &p->regs[s->args[i]];
}
/* Word w of a bitmap that may be absent or of a constant. */
static inline uint64_t weir__word(const uint64_t *bits, uint16_t mask, uint32_t w, uint64_t absent)
{
    return !bits ? absent : mask ? bits[w] : (uint64_t)0 - (bits[0] & 1);
}
static inline uint32_t weir__words(const weir_program *p)
{
    return (p->rows + 63) / 64;
}
/* Stores a boxed value without copying nested ones: they must live in an arena already. */
void weir__store(weir_program *p, uint32_t dst, uint32_t row, const weir_value *v);

/* Equality of texts of one length: a comparison of machine words decides almost always. */
static inline uint64_t weir__load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t weir__load4(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline bool weir__same_bytes(const char *x, const char *y, uint32_t n)
{
    if (n >= 8) {
        return weir__load8(x) == weir__load8(y) && (n == 8 || memcmp(x + 8, y + 8, n - 8) == 0);
    }
    if (n >= 4) {
        return weir__load4(x) == weir__load4(y) && weir__load4(x + n - 4) == weir__load4(y + n - 4);
    }
    return n == 0 || (x[0] == y[0] && x[n / 2] == y[n / 2] && x[n - 1] == y[n - 1]);
}

#define WEIR_EACH(r, k, row)                                                                       \
    for (uint32_t k = 0, row = 0; k < (r)->n && ((row = (r)->sel ? (r)->sel[k] : k), true); k++)

/* A loop over two operands, masks as in weir_vec; EXPR is of `a` and `b`. Four forms: flat with flat,
 * flat with constant, constant with flat, anything selected. */
typedef void (*weir__loop2)(const void *x, uint32_t mx, const void *y, uint32_t my,
                            const weir_rows *r, void *out);

#define WEIR__LOOP2(name, in_type, out_type, EXPR)                                                 \
    static void name(const void *px, uint32_t mx, const void *py, uint32_t my, const weir_rows *r, \
                     void *pout)                                                                   \
    {                                                                                              \
        const in_type *restrict x = px;                                                            \
        const in_type *restrict y = py;                                                            \
        out_type *restrict out = pout;                                                             \
        uint32_t n = r->n;                                                                         \
        if (!r->sel && mx && my) {                                                                 \
            for (uint32_t i = 0; i < n; i++) {                                                     \
                in_type a = x[i];                                                                  \
                in_type b = y[i];                                                                  \
                out[i] = EXPR;                                                                     \
            }                                                                                      \
        } else if (!r->sel && mx) {                                                                \
            in_type b = y[0];                                                                      \
            for (uint32_t i = 0; i < n; i++) {                                                     \
                in_type a = x[i];                                                                  \
                out[i] = EXPR;                                                                     \
            }                                                                                      \
        } else if (!r->sel && my) {                                                                \
            in_type a = x[0];                                                                      \
            for (uint32_t i = 0; i < n; i++) {                                                     \
                in_type b = y[i];                                                                  \
                out[i] = EXPR;                                                                     \
            }                                                                                      \
        } else {                                                                                   \
            WEIR_EACH (r, k, i) {                                                                  \
                in_type a = x[i & mx];                                                             \
                in_type b = y[i & my];                                                             \
                out[i] = EXPR;                                                                     \
            }                                                                                      \
        }                                                                                          \
    }

/* kernels_bits.c: valid and err of the output from those of the arguments. With `nulls_fail` a NULL
 * argument is a failure, else it makes a NULL. */
void weir__spread(weir_program *p, const weir_step *s, bool nulls_fail);

/* kernels_*.c: fill in run and what it needs. */
void weir__pick_arithmetic(weir_step *s, weir_ex op, const weir_type *type);
void weir__pick_negate(weir_step *s, const weir_type *type);
void weir__pick_compare(weir_step *s, weir_ex op, const weir_type *a, const weir_type *b);
void weir__pick_select(weir_step *s, const weir_type *type);
void weir__pick_cast(weir_step *s, const weir_type *from, const weir_type *to);
/* `items` are the literals among the list; other items are further arguments of the step. */
void weir__pick_in(weir_step *s, weir_arena *a, const weir_type *type,
                   const weir_value *const *items, uint32_t n);
/* `pattern` NULL: not a literal, argument 1. */
void weir__pick_like(weir_step *s, weir_arena *a, const weir_value *pattern, uint32_t escape);
void weir__pick_index(weir_step *s, const weir_type *base, const weir_type *index);

void weir__run_and(weir_program *p, const weir_step *s, const weir_rows *r); /* right operand total */
void weir__run_or(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_not(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_is_null(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_is_not_null(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_field(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_array(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_map(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_struct(weir_program *p, const weir_step *s, const weir_rows *r);

/* program_control.c */
void weir__run_and_split(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_or_split(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_join(weir_program *p, const weir_step *s, const weir_rows *r); /* right operand */
void weir__run_case(weir_program *p, const weir_step *s, const weir_rows *r);  /* all NULL so far */
void weir__run_when(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_blend(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_tidy(weir_program *p, const weir_step *s, const weir_rows *r);
void weir__run_isolate(weir_program *p, const weir_step *s, const weir_rows *r);

/* program_call.c */
typedef struct weir_lambda {
    weir_program *outer, *body;
    uint32_t n_params;
    const uint32_t *params;   /* registers of the body */
    uint32_t n_imports;
    const weir_input *imports; /* body register ← outer register, one row of it */
    weir_vec *single;         /* room for one tuple */
} weir_lambda;

typedef struct weir_call_site {
    weir_call call;        /* own copy: the plan's is shared by the tasks */
    uint16_t *sel;         /* rows without failed or NULL arguments */
    weir_vec *args;
    weir_value *values;
    const bool *constant;  /* per argument: values[i] is set for good */
} weir_call_site;

void weir__run_call(weir_program *p, const weir_step *s, const weir_rows *r);
