// Weights of 4 bits, two in a byte: neon_n1.S .. neon_n4.S with half the loads. Rows come in pairs, so tails are even.
        .set    SK_NIBBLES, 1
#include "neon.inc"

//                name                        columns rows chunk wrows blocks xblocks
        .set    SK_W, 0
        .set    SK_T, 8
        .set    SK_X, 16
        sk_kernel sk_neon_nibbles_n1,       1, 8, 8, 8, 4, 4
        sk_kernel sk_neon_nibbles_n1_tail2, 1, 2, 2, 2, 1, 1
        sk_kernel sk_neon_nibbles_n1_tail4, 1, 4, 4, 4, 1, 1
        sk_kernel sk_neon_nibbles_n1_tail6, 1, 6, 6, 6, 1, 1

        .set    SK_T, 4
        .set    SK_X, 12
        sk_kernel sk_neon_nibbles_n2,       2, 8, 4, 4, 2, 2
        sk_kernel sk_neon_nibbles_n2_tail2, 2, 2, 2, 2, 1, 1
        sk_kernel sk_neon_nibbles_n2_tail4, 2, 4, 4, 4, 1, 1

        .set    SK_X, 16
        sk_kernel sk_neon_nibbles_n3,       3, 4, 4, 4, 2, 1
        sk_kernel sk_neon_nibbles_n3_tail2, 3, 2, 2, 2, 1, 1
        sk_kernel sk_neon_nibbles_n3_tail4, 3, 4, 4, 4, 1, 1

        .set    SK_X, 12
        sk_kernel sk_neon_nibbles_n4,       4, 4, 2, 4, 2, 1
        sk_kernel sk_neon_nibbles_n4_tail2, 4, 2, 2, 2, 1, 1
        sk_kernel sk_neon_nibbles_n4_tail4, 4, 4, 2, 4, 1, 1

        .section .note.GNU-stack, "", %progbits
