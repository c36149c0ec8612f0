// Sparse products with smmla: two blocks of a tile together are 16 rows by 8 columns. Their weights are stored row after
// row; their activations, which lie apart, are put together by zip.
        .arch   armv8.2-a+i8mm
#include "sparse.inc"

        .macro  sk_pair_x to, first, second, pairs
        .if     \pairs == 1
        ldr     d4, [x1, x\first, lsl #3]
        ldr     d5, [x1, x\second, lsl #3]
        zip1    v\to\().4s, v4.4s, v5.4s
        .else
        ldr     q4, [x1, x\first, lsl #4]
        ldr     q5, [x1, x\second, lsl #4]
        sk_zips %(\to), %(\to + 1)
        .endif
        .endm

        .macro  sk_zips a, b
        zip1    v\a\().4s, v4.4s, v5.4s
        zip2    v\b\().4s, v4.4s, v5.4s
        .endm

        .macro  sk_pairs_x count, first, pairs
        sk_steps %(2 * (\count))
        .set    sk_k, 0
        .rept   \count
        sk_pair_x %(\first + sk_k * \pairs), %(8 + 2 * sk_k), %(9 + 2 * sk_k), \pairs
        .set    sk_k, sk_k + 1
        .endr
        .endm

// `count` pairs of blocks, up to four.
        .macro  sk_mm_pairs count, pairs, counter
        .if     \count > 2
        sk_pairs_x 2, SK_X, \pairs
        sk_pairs_x (\count - 2), (SK_X + 2 * \pairs), \pairs
        .else
        sk_pairs_x \count, SK_X, \pairs
        .endif
        sk_load 0, 4, x0, 0
        .set    sk_b, 0
        .rept   2 * (\count)
        .if     sk_b + 1 < 2 * (\count)
        sk_load ((sk_b + 1) % 2 * 4), 4, x0, (64 * (sk_b + 1))
        .else
        sk_sparse_advance (128 * \count), \counter
        .endif
        .set    sk_k, 0
        .rept   4
        .set    sk_j, 0
        .rept   \pairs
        sk_smmla %(32 - 8 * \pairs + (sk_b % 2 * 4 + sk_k) * \pairs + sk_j), %(sk_b % 2 * 4 + sk_k), %(SK_X + sk_b / 2 * \pairs + sk_j)
        .set    sk_j, sk_j + 1
        .endr
        .set    sk_k, sk_k + 1
        .endr
        .set    sk_b, sk_b + 1
        .endr
        .endm

        .macro  sk_sparse_mm name, pairs
        sk_sparse_begin \name, (8 * \pairs)
        lsr     w7, w6, #2
        cbz     w7, 2f
        .p2align 4
\name\()_loop:
        sk_mm_pairs 4, \pairs, w7
        b.ne    \name\()_loop
\name\()_loop_end:
2:      tbz     w6, #1, 3f
        sk_mm_pairs 2, \pairs
3:      tbz     w6, #0, 4f
        sk_mm_pairs 1, \pairs
4:      .set    sk_first, 32 - 8 * \pairs
        sk_columns uzp1, sk_first, \pairs, 4, x2
        sk_columns uzp2, sk_first, \pairs, 4, x12
        .if     \pairs > 1
        sk_columns uzp1, (sk_first + 1), \pairs, 4, x13
        sk_columns uzp2, (sk_first + 1), \pairs, 4, x14
        .endif
        sk_sparse_end \name
        .endm

        sk_sparse_mm sk_i8mm_sparse_n2, 1
        sk_sparse_mm sk_i8mm_sparse_n4, 2

        .section .note.GNU-stack, "", %progbits
