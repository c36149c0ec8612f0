// Products of signed bytes with 32-bit ARM's NEON (ARMv7-A, and ARMv8 in its 32-bit state), which has sixteen 128-bit
// registers where AArch64 has 32: q0 .. q15, each of them two 64-bit ones, d(2i) and d(2i + 1).
//
// A row of weights and a column of activations are multiplied 16 at a time ("a block"), as in neon.inc:
//   vmull.s8   t, w.low,  x.low     t[i]  = w[i] * x[i]            i = 0..7
//   vmlal.s8   t, w.high, x.high    t[i] += w[i + 8] * x[i + 8]    no overflow: 2 * 127 * 128 < 2^15
//   vpadal.s16 a, t                 a[j] += t[2j] + t[2j + 1]      into 32-bit sums
// Weights are stored in tiles of 4 rows, in a tile block by block, in a block row by row; columns block by block, in a block
// column by column. One or two columns take 4 rows at once, three or four take 2 rows, half of a tile. Weights and
// activations of the next rows are loaded before the products of these are added, as an in-order core waits for loads.

        .syntax unified
        .arch   armv7-a
        .fpu    neon
        .altmacro

        .macro  sk_mul op, t, w, x
        \op     q\t, d\w, d\x
        .endm

        .macro  sk_add a, t
        vpadal.s16 q\a, q\t
        .endm

        .macro  sk_zero a
        vmov.i32 q\a, #0
        .endm

        .macro  sk_load_from first, last, base
        vld1.8  {d\first - d\last}, [\base]!
        .endm

        .macro  sk_padd into, a, b
        vpadd.i32 d\into, d\a, d\b
        .endm

// `count` activation registers from SK_X on.
        .macro  sk_load_x count
        .set    sk_i, 0
        .rept   (\count) / 2
        sk_load_from %(2 * (SK_X + sk_i)), %(2 * (SK_X + sk_i) + 3), r9
        .set    sk_i, sk_i + 2
        .endr
        .if     (\count) & 1
        sk_load_from %(2 * (SK_X + sk_i)), %(2 * (SK_X + sk_i) + 1), r9
        .endif
        .endm

// Weights of `chunk` rows, to q0 and on. Half a tile goes on r7 bytes later, in the next block.
        .macro  sk_load_w rows, chunk
        .if     \rows == 2
        vld1.8  {d0 - d3}, [r0], r7
        .else
        vld1.8  {d0 - d3}, [r0]!
        .if     \chunk == 4
        vld1.8  {d4 - d7}, [r0]!
        .endif
        .endif
        .endm

// `count` products from the `from`-th on, of those of a chunk of rows by `n` columns; `x` is the block's first activations.
        .macro  sk_products op, half, from, count, n, x
        .set    sk_i, 0
        .rept   \count
        .set    sk_p, \from + sk_i
        sk_mul  \op, %(SK_T + sk_i), %(2 * (sk_p / \n) + \half), %(2 * (\x + sk_p % \n) + \half)
        .set    sk_i, sk_i + 1
        .endr
        .endm

        .macro  sk_accumulate a, count
        .set    sk_i, 0
        .rept   \count
        sk_add  %(\a + sk_i), %(SK_T + sk_i)
        .set    sk_i, sk_i + 1
        .endr
        .endm

// `blocks` blocks of `rows` rows by `n` columns, `chunk` rows loaded and `batch` products made at once, `xblocks` blocks of
// activations loaded at once. Sets the flags by lr, less one.
        .macro  sk_group n, rows, chunk, batch, blocks, xblocks
        sk_load_x (\n * \xblocks)
        sk_load_w \rows, \chunk
        .set    sk_b, 0
        .rept   \blocks
        .set    sk_r, 0
        .rept   (\rows) / (\chunk)
        .set    sk_k, 0
        .rept   (\chunk) * (\n) / (\batch)
        .set    sk_x, SK_X + sk_b % \xblocks * \n
        sk_products vmull.s8, 0, sk_k, \batch, \n, sk_x
        sk_products vmlal.s8, 1, sk_k, \batch, \n, sk_x
        .set    sk_a, SK_A + sk_r * \n + sk_k
        .set    sk_k, sk_k + \batch
        .if     sk_k == \chunk * \n
        .set    sk_r, sk_r + \chunk
        .if     sk_r == \rows
        .set    sk_b, sk_b + 1
        .if     sk_b == \blocks
        subs    lr, lr, #1
        .elseif sk_b % \xblocks == 0
        sk_load_x (\n * \xblocks)
        .endif
        .endif
        .if     sk_b < \blocks
        sk_load_w \rows, \chunk
        .endif
        .endif
        sk_accumulate sk_a, \batch
        .endr
        .endr
        .endr
        .endm

// Adds the four lanes of the sums of column `j` and stores them.
        .macro  sk_store_column j, n, rows, to
        .if     \j < \n
        .set    sk_i, 0
        .rept   \rows
        .set    sk_a, SK_A + sk_i * \n + \j
        sk_padd %(sk_i), %(2 * sk_a), %(2 * sk_a + 1)
        .set    sk_i, sk_i + 1
        .endr
        vpadd.i32 d0, d0, d1
        .if     \rows == 4
        vpadd.i32 d1, d2, d3
        vst1.32 {d0 - d1}, [\to]!
        .else
        vst1.32 {d0}, [\to]!
        .endif
        .endif
        .endm

// A kernel: void name(weights, x, sums, blocks, passes, sums_stride); a pass is `rows` rows over all blocks, sums_stride the
// bytes from one column of sums to the next. The loop takes `blocks` blocks, 2 or 4.
        .macro  sk_kernel name, n, rows, chunk, batch, blocks, xblocks
        .text
        .arm
        .p2align 4
        .global \name
        .type   \name, %function
\name:  push    {r4 - r11, lr}
        vpush   {d8 - d15}
        ldr     r4, [sp, #100]          // passes: behind 8 doubles and 9 words
        ldr     r6, [sp, #104]
        add     r10, r2, r6
        add     r11, r10, r6
        add     r12, r11, r6
        mov     r8, r0
        mov     r7, #64
        lsl     r5, r3, #6              // bytes of a tile
        mov     r6, #32                 // from one half of a tile to the other: 32, then r5 - 32
1:      mov     r0, r8
        mov     r9, r1
        .set    sk_i, 0
        .rept   (\rows) * (\n)
        sk_zero %(SK_A + sk_i)
        .set    sk_i, sk_i + 1
        .endr
        lsrs    lr, r3, #(\blocks / 2)  // blocks is 4 or 2
        beq     3f
2:      sk_group \n, \rows, \chunk, \batch, \blocks, \xblocks
        bne     2b
3:      ands    lr, r3, #(\blocks - 1)
        beq     5f
4:      sk_group \n, \rows, \chunk, \batch, 1, 1
        bne     4b
5:      sk_store_column 0, \n, \rows, r2
        sk_store_column 1, \n, \rows, r10
        sk_store_column 2, \n, \rows, r11
        sk_store_column 3, \n, \rows, r12
        .if     \rows == 2
        add     r8, r8, r6
        rsb     r6, r6, r5
        .else
        add     r8, r8, r5
        .endif
        subs    r4, r4, #1
        bne     1b
        vpop    {d8 - d15}
        pop     {r4 - r11, pc}
        .size   \name, . - \name
        .endm

        .set    SK_X, 4                 // activations
        .set    SK_T, 8                 // products
        .set    SK_A, 12                // sums
//                name                columns rows chunk batch blocks xblocks
        sk_kernel sk_neon32_n1, 1, 4, 4, 4, 4, 4

        .set    SK_X, 2
        .set    SK_T, 4
        .set    SK_A, 8
        sk_kernel sk_neon32_n2, 2, 4, 2, 4, 2, 1

        .set    SK_T, 5
        .set    SK_A, 10
        sk_kernel sk_neon32_n3, 3, 2, 2, 3, 2, 1

        .set    SK_T, 6
        .set    SK_A, 8
        sk_kernel sk_neon32_n4, 4, 2, 2, 2, 2, 1

        .section .note.GNU-stack, "", %progbits
