// Sparse products with sdot: a tile's 16 rows are four quads; a block gives each quad its 16 bytes.
        .arch   armv8.2-a+dotprod
#include "sparse.inc"

// The activations of block `i` (its step in x(8 + i)) for `columns` columns, four bytes each, in v(SK_X + i).
        .macro  sk_lane_x to, step, columns
        .if     \columns == 1
        ldr     s\to, [x1, x\step, lsl #2]
        .elseif \columns == 2
        ldr     d\to, [x1, x\step, lsl #3]
        .else
        ldr     q\to, [x1, x\step, lsl #4]
        .endif
        .endm

        .macro  sk_lanes count, first, columns
        sk_steps \count
        .set    sk_k, 0
        .rept   \count
        sk_lane_x %(\first + sk_k), %(8 + sk_k), \columns
        .set    sk_k, sk_k + 1
        .endr
        .endm

// `count` blocks, up to eight. The weights of the next are loaded while one's are multiplied.
        .macro  sk_dot_blocks count, columns, counter
        .if     \count > 4
        sk_lanes 4, SK_X, \columns
        sk_lanes (\count - 4), (SK_X + 4), \columns
        .else
        sk_lanes \count, SK_X, \columns
        .endif
        sk_load 0, 4, x0, 0
        .set    sk_b, 0
        .rept   \count
        .if     sk_b + 1 < \count
        sk_load ((sk_b + 1) % 2 * 4), 4, x0, (64 * (sk_b + 1))
        .else
        sk_sparse_advance (64 * \count), \counter
        .endif
        .set    sk_k, 0
        .rept   4
        .set    sk_j, 0
        .rept   \columns
        sk_sdot %(32 - 4 * \columns + sk_k * \columns + sk_j), %(sk_b % 2 * 4 + sk_k), %(SK_X + sk_b), %(sk_j)
        .set    sk_j, sk_j + 1
        .endr
        .set    sk_k, sk_k + 1
        .endr
        .set    sk_b, sk_b + 1
        .endr
        .endm

        .macro  sk_sparse_dot name, columns
        sk_sparse_begin \name, (4 * \columns)
        lsr     w7, w6, #3
        cbz     w7, 5f
        .p2align 4
\name\()_loop:
        sk_dot_blocks 8, \columns, w7
        b.ne    \name\()_loop
\name\()_loop_end:
5:      tbz     w6, #2, 2f
        sk_dot_blocks 4, \columns
2:      tbz     w6, #1, 3f
        sk_dot_blocks 2, \columns
3:      tbz     w6, #0, 4f
        sk_dot_blocks 1, \columns
4:      sk_sparse_store \columns
        sk_sparse_end \name
        .endm

        sk_sparse_dot sk_dotprod_sparse_n1, 1
        sk_sparse_dot sk_dotprod_sparse_n2, 2
        sk_sparse_dot sk_dotprod_sparse_n4, 4

        .section .note.GNU-stack, "", %progbits
