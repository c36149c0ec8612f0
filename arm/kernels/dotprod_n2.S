// Two columns with sdot: 32 rows at a time, then 16 rows; then the last 4, 8 or 12.
        .arch   armv8.2-a+dotprod
#include "dot.inc"

//                     name                columns streams quads blocks
        sk_sdot_kernel sk_dotprod_n2_pair,  2, 2, 4, 2
        sk_sdot_kernel sk_dotprod_n2_q4,    2, 1, 4, 2
        sk_sdot_kernel sk_dotprod_n2_q3,    2, 1, 3, 2
        sk_sdot_kernel sk_dotprod_n2_q2,    2, 1, 2, 2
        sk_sdot_kernel sk_dotprod_n2_q1,    2, 1, 1, 2

        .section .note.GNU-stack, "", %progbits
