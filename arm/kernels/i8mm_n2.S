// One or two columns with smmla: 32 rows at a time, then 16 rows; then the last 4, 8 or 12.
        .arch   armv8.2-a+i8mm
#include "dot.inc"

//                      name             pairs streams regs part
        sk_smmla_kernel sk_i8mm_n2_pair, 1, 2, 8, 4
        sk_smmla_kernel sk_i8mm_n2_q4,   1, 1, 8, 4
        sk_smmla_kernel sk_i8mm_n2_q3,   1, 1, 6, 3
        sk_smmla_kernel sk_i8mm_n2_q2,   1, 1, 4, 4
        sk_smmla_kernel sk_i8mm_n2_q1,   1, 1, 2, 2

        .section .note.GNU-stack, "", %progbits
