// Three columns: four rows, two blocks at a time; then the kernels of the last tile, a block at a time.
#include "neon.inc"

        .set    SK_W, 0
        .set    SK_T, 4
        .set    SK_X, 16

//                name               columns rows chunk wrows blocks xblocks
        sk_kernel sk_neon_n3,    3, 4, 4, 4, 2, 1
        sk_kernel sk_neon_n3_tail1, 3, 1, 1, 1, 1, 1
        sk_kernel sk_neon_n3_tail2, 3, 2, 2, 2, 1, 1
        sk_kernel sk_neon_n3_tail3, 3, 3, 3, 3, 1, 1
        sk_kernel sk_neon_n3_tail4, 3, 4, 4, 4, 1, 1

        .section .note.GNU-stack, "", %progbits
