// Weights of 4 bits, two in a byte: i8mm_n2.S and i8mm_n4.S with half the loads. The last rows are 8 or 16.
        .arch   armv8.2-a+i8mm
        .set    SK_NIBBLES, 1
#include "dot.inc"

//                      name                     pairs streams regs part
        sk_smmla_kernel sk_i8mm_nibbles_n2_pair, 1, 2, 8, 4
        sk_smmla_kernel sk_i8mm_nibbles_n2_q4,   1, 1, 8, 4
        sk_smmla_kernel sk_i8mm_nibbles_n2_q2,   1, 1, 4, 4
        sk_smmla_kernel sk_i8mm_nibbles_n4_q4,   2, 1, 8, 4
        sk_smmla_kernel sk_i8mm_nibbles_n4_q2,   2, 1, 4, 4

        .section .note.GNU-stack, "", %progbits
