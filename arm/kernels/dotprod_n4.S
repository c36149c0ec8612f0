// Four columns with sdot: 16 rows; then the last 4, 8 or 12.
        .arch   armv8.2-a+dotprod
#include "dot.inc"

//                     name                columns streams quads blocks
        sk_sdot_kernel sk_dotprod_n4_q4,    4, 1, 4, 2
        sk_sdot_kernel sk_dotprod_n4_q3,    4, 1, 3, 2
        sk_sdot_kernel sk_dotprod_n4_q2,    4, 1, 2, 2
        sk_sdot_kernel sk_dotprod_n4_q1,    4, 1, 1, 2

        .section .note.GNU-stack, "", %progbits
