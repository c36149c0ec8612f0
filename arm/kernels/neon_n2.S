// Two columns: eight rows, two blocks at a time; then the kernels of the last tile, a block at a time.
#include "neon.inc"

        .set    SK_W, 0
        .set    SK_T, 4
        .set    SK_X, 12

//                name               columns rows chunk wrows blocks xblocks
        sk_kernel sk_neon_n2,    2, 8, 4, 4, 2, 2
        sk_kernel sk_neon_n2_tail1, 2, 1, 1, 1, 1, 1
        sk_kernel sk_neon_n2_tail2, 2, 2, 2, 2, 1, 1
        sk_kernel sk_neon_n2_tail3, 2, 3, 3, 3, 1, 1
        sk_kernel sk_neon_n2_tail4, 2, 4, 4, 4, 1, 1

        .section .note.GNU-stack, "", %progbits
