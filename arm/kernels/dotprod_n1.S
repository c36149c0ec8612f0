// One column with sdot: 32 rows at a time, then 16 rows; then the last 4, 8 or 12.
        .arch   armv8.2-a+dotprod
#include "dot.inc"

//                     name                columns streams quads blocks
        sk_sdot_kernel sk_dotprod_n1_pair,  1, 2, 4, 4
        sk_sdot_kernel sk_dotprod_n1_q4,    1, 1, 4, 4
        sk_sdot_kernel sk_dotprod_n1_q3,    1, 1, 3, 4
        sk_sdot_kernel sk_dotprod_n1_q2,    1, 1, 2, 4
        sk_sdot_kernel sk_dotprod_n1_q1,    1, 1, 1, 4

        .section .note.GNU-stack, "", %progbits
