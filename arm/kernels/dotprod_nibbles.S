// Weights of 4 bits, two in a byte: dotprod_n1.S .. dotprod_n4.S with half the loads. The last rows are 8 or 16.
        .arch   armv8.2-a+dotprod
        .set    SK_NIBBLES, 1
#include "dot.inc"

//                     name                        columns streams quads blocks
        sk_sdot_kernel sk_dotprod_nibbles_n1_pair, 1, 2, 4, 4
        sk_sdot_kernel sk_dotprod_nibbles_n1_q4,   1, 1, 4, 4
        sk_sdot_kernel sk_dotprod_nibbles_n1_q2,   1, 1, 2, 4
        sk_sdot_kernel sk_dotprod_nibbles_n2_pair, 2, 2, 4, 2
        sk_sdot_kernel sk_dotprod_nibbles_n2_q4,   2, 1, 4, 2
        sk_sdot_kernel sk_dotprod_nibbles_n2_q2,   2, 1, 2, 2
        sk_sdot_kernel sk_dotprod_nibbles_n3_q4,   3, 1, 4, 2
        sk_sdot_kernel sk_dotprod_nibbles_n3_q2,   3, 1, 2, 2
        sk_sdot_kernel sk_dotprod_nibbles_n4_q4,   4, 1, 4, 2
        sk_sdot_kernel sk_dotprod_nibbles_n4_q2,   4, 1, 2, 2

        .section .note.GNU-stack, "", %progbits
