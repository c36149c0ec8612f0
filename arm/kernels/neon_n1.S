// One column: eight rows, four blocks at a time; then the kernels of the last tile, a block at a time.
#include "neon.inc"

        .set    SK_W, 0
        .set    SK_T, 8
        .set    SK_X, 16

//                name               columns rows chunk wrows blocks xblocks
        sk_kernel sk_neon_n1,    1, 8, 8, 8, 4, 4
        sk_kernel sk_neon_n1_tail1, 1, 1, 1, 1, 1, 1
        sk_kernel sk_neon_n1_tail2, 1, 2, 2, 2, 1, 1
        sk_kernel sk_neon_n1_tail3, 1, 3, 3, 3, 1, 1
        sk_kernel sk_neon_n1_tail4, 1, 4, 4, 4, 1, 1
        sk_kernel sk_neon_n1_tail5, 1, 5, 5, 5, 1, 1
        sk_kernel sk_neon_n1_tail6, 1, 6, 6, 6, 1, 1
        sk_kernel sk_neon_n1_tail7, 1, 7, 7, 7, 1, 1

        .section .note.GNU-stack, "", %progbits
