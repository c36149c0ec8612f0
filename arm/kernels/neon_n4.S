// Four columns: four rows, two blocks at a time; then the kernels of the last tile, a block at a time.
#include "neon.inc"

        .set    SK_W, 0
        .set    SK_T, 4
        .set    SK_X, 12

//                name               columns rows chunk wrows blocks xblocks
        sk_kernel sk_neon_n4,    4, 4, 2, 4, 2, 1
        sk_kernel sk_neon_n4_tail1, 4, 1, 1, 1, 1, 1
        sk_kernel sk_neon_n4_tail2, 4, 2, 2, 2, 1, 1
        sk_kernel sk_neon_n4_tail3, 4, 3, 1, 1, 1, 1
        sk_kernel sk_neon_n4_tail4, 4, 4, 2, 4, 1, 1

        .section .note.GNU-stack, "", %progbits
