// Three or four columns with smmla: 16 rows; then the last 4, 8 or 12.
        .arch   armv8.2-a+i8mm
#include "dot.inc"

//                      name             pairs streams regs part
        sk_smmla_kernel sk_i8mm_n4_q4,   2, 1, 8, 4
        sk_smmla_kernel sk_i8mm_n4_q3,   2, 1, 6, 3
        sk_smmla_kernel sk_i8mm_n4_q2,   2, 1, 4, 4
        sk_smmla_kernel sk_i8mm_n4_q1,   2, 1, 2, 2

        .section .note.GNU-stack, "", %progbits
