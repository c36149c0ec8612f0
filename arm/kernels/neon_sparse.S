// Sparse products with ARMv8.0 NEON. A block holds for each four rows two weights of each row in eight bytes, then the
// other two in eight more; activations are stored as x0 x1 four times, then x2 x3 four times. smull and smlal2 then give
// eight sums of two products, two neighbours a row, and sadalp adds them to the four rows: no lane is summed up at the end.
#include "sparse.inc"

        .set    SK_T, 8                 // products; weights: v0 .. v3; activations: v4 .. v7

        .macro  sk_place_x step, columns
        .if     \columns == 2
        add     x\step, x1, x\step, lsl #5
        .elseif \columns == 4
        add     x\step, x1, x\step, lsl #6
        .endif
        .endm

        .macro  sk_wide_x to, step, columns
        .if     \columns == 1
        ldr     q\to, [x1, x\step, lsl #4]
        .else
        sk_load \to, \columns, x\step, 0
        .endif
        .endm

// `count` blocks, whose rows are multiplied `chunk` quads at once. As in neon.inc loads stand before the sadalps of the
// products before them, which an in-order core then need not wait for.
        .macro  sk_wide_blocks count, columns, chunk, counter
        sk_steps \count
        .set    sk_i, 0
        .rept   \count
        sk_place_x %(8 + sk_i), \columns
        .set    sk_i, sk_i + 1
        .endr
        sk_wide_x 4, 8, \columns
        sk_load 0, 4, x0, 0
        .set    sk_b, 0
        .rept   \count
        .set    sk_x, 4 + sk_b * \columns % 4
        .set    sk_r, 0
        .rept   4 / (\chunk)
        sk_products smull, 8b, SK_T, sk_r, \chunk, sk_x, \columns
        sk_products smlal2, 16b, SK_T, sk_r, \chunk, sk_x, \columns
        .if     sk_r + \chunk == 4
        .if     sk_b + 1 < \count
        sk_wide_x %(4 + (sk_b + 1) * \columns % 4), %(9 + sk_b), \columns
        sk_load 0, 4, x0, (64 * (sk_b + 1))
        .else
        sk_sparse_advance (64 * \count), \counter
        .endif
        .endif
        sk_accumulate sadalp, (32 - 4 * \columns + sk_r * \columns), SK_T, (\chunk * \columns)
        .set    sk_r, sk_r + \chunk
        .endr
        .set    sk_b, sk_b + 1
        .endr
        .endm

        .macro  sk_sparse_wide name, columns, chunk
        sk_sparse_begin \name, (4 * \columns)
        lsr     w7, w6, #2
        cbz     w7, 2f
        .p2align 4
\name\()_loop:
        sk_wide_blocks 4, \columns, \chunk, w7
        b.ne    \name\()_loop
\name\()_loop_end:
2:      tbz     w6, #1, 3f
        sk_wide_blocks 2, \columns, \chunk
3:      tbz     w6, #0, 4f
        sk_wide_blocks 1, \columns, \chunk
4:      sk_sparse_store \columns
        sk_sparse_end \name
        .endm

        sk_sparse_wide sk_neon_sparse_n1, 1, 4
        sk_sparse_wide sk_neon_sparse_n2, 2, 4
        sk_sparse_wide sk_neon_sparse_n4, 4, 2

        .section .note.GNU-stack, "", %progbits
