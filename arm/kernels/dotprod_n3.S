// Three columns with sdot: 16 rows; then the last 4, 8 or 12.
        .arch   armv8.2-a+dotprod
#include "dot.inc"

//                     name                columns streams quads blocks
        sk_sdot_kernel sk_dotprod_n3_q4,    3, 1, 4, 2
        sk_sdot_kernel sk_dotprod_n3_q3,    3, 1, 3, 2
        sk_sdot_kernel sk_dotprod_n3_q2,    3, 1, 2, 2
        sk_sdot_kernel sk_dotprod_n3_q1,    3, 1, 1, 2

        .section .note.GNU-stack, "", %progbits
