/* 8-bit matrix products for a few columns, and the vector arithmetic of a recurrent step.
 *
 * y[n][m] = sum over k of w[m][k] * x[n][k]: w is a matrix of M rows and K columns of 8-bit weights, packed once; x holds
 * N columns (frames) of K activations each; y gets M results per frame. The best use is N = 1..4; any N works.
 * The int32 sums are exact, and the float results have the same bits on every instruction set.
 *
 * Nothing here allocates, locks or keeps state: memory is the caller's, and any number of threads may share a matrix.
 * This is a C interface; it is not a general BLAS.
 */
#ifndef SCHATTEN_KERNELS_H
#define SCHATTEN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One instruction set's kernels. */
typedef struct sk_kernels sk_kernels;

/* The fastest kernels of this CPU for products of a rows x cols matrix with `columns` columns (frames). Where the
 * environment variable SCHATTEN_KERNELS names kernels, no faster ones than those are chosen; it is read once. */
const sk_kernels *sk_kernels_best(int rows, int cols, int columns);

/* Why SCHATTEN_KERNELS cannot be followed, in one sentence: this build or this CPU lacks the kernels of that name. NULL where
 * it can, or is not set. Where it cannot, sk_kernels_best chooses as if it were not set. */
const char *sk_kernels_problem(void);

/* The class of this CPU: the name of the fastest kernels that it has and that SCHATTEN_KERNELS allows. */
const char *sk_cpu_class(void);

/* The kernels of that name, or NULL where this build or this CPU lacks them. */
const sk_kernels *sk_kernels_named(const char *name);

/* The name of the i-th kernels in this build, slowest first ("scalar" is 0); NULL past the last. The CPU may lack them. */
const char *sk_kernels_list(int i);

const char *sk_kernels_name(const sk_kernels *kernels);

typedef enum { SK_OK = 0, SK_BAD_WEIGHT = 1, SK_BAD_SIZE = 2, SK_BAD_ZERO_POINT = 3, SK_BAD_BLOCKS = 4, SK_BAD_NIBBLE = 5 } sk_status;

/* One sentence for a status. */
const char *sk_message(sk_status status);

/* A packed matrix. Fill it with sk_pack; its memory stays the caller's and must outlive it. */
typedef struct sk_matrix {
  const sk_kernels *kernels;
  int rows, cols;
  const int32_t *row_sums; /* sums of the stored weights of a row */
  const uint8_t *weights;  /* the kernels' own order */
  int32_t weight_offset;   /* what is added to a stored weight to give the weight meant */
  const uint16_t *index;   /* NULL where all weights are stored */
  const int32_t *starts;   /* of a sparse matrix: blocks before each panel of rows */
  int nibbles;             /* 1: two weights of 4 bits in a byte; 0: weights of 8 bits */
} sk_matrix;

/* Bytes of memory that sk_pack fills: 64-byte aligned memory is fastest, 4-byte aligned is enough. */
size_t sk_packed_bytes(const sk_kernels *kernels, int rows, int cols);

/* Packs rows x cols weights, row m at w + m * stride. Weights lie in -127..127: -128 is refused, because two products of
 * it would not fit the 16-bit lanes of the ARMv8.0 kernels. */
sk_status sk_pack(const sk_kernels *kernels, int rows, int cols, const int8_t *w, ptrdiff_t stride, void *memory,
                  sk_matrix *matrix);

/* The unsigned form: stored weights lie in 1..255 and mean (weight - zero_point), zero_point in 0..255. */
sk_status sk_pack_u8(const sk_kernels *kernels, int rows, int cols, const uint8_t *w, ptrdiff_t stride, int zero_point,
                     void *memory, sk_matrix *matrix);

/* Matrices of 4 bits. They stay so in memory: a product reads half the bytes, and executes a few more instructions. It has
 * the bits of the product with the same weights in 8 bits. */

/* Whether these kernels multiply matrices of 4 bits. */
int sk_has_nibbles(const sk_kernels *kernels);

/* Bytes of memory that sk_pack_nibbles fills: alignment as for sk_packed_bytes. */
size_t sk_packed_bytes_nibbles(const sk_kernels *kernels, int rows, int cols);

/* Packs rows x cols weights in -7..7, row m at w + m * stride (in bytes). A byte holds two of them in two's complement, the
 * first one in its low half; the last half byte of an odd row is not read. SK_BAD_NIBBLE where a weight is -8, SK_BAD_SIZE
 * for more than 131,072 columns: sums of two rows would not fit 32 bits. Such matrices need sk_pack. */
sk_status sk_pack_nibbles(const sk_kernels *kernels, int rows, int cols, const uint8_t *w, ptrdiff_t stride, void *memory,
                          sk_matrix *matrix);

/* Of a block of a sparse matrix. */
#define SK_BLOCK_ROWS 16
#define SK_BLOCK_COLS 4

/* Sparse matrices. Rows lie in tiles of 16, columns in steps of four (the last ones filled up with zeros); of each tile and
 * step the block of 16 x 4 weights is stored or is all zeros. `bitmap` has (steps + 7) / 8 bytes a tile, one tile after another:
 * bit s % 8 of byte s / 8 says whether block s is stored. `blocks` holds the stored ones in this order, each of 64 weights,
 * row after row, in -127..127, zeros outside of the matrix. Products of a sparse matrix are those of the whole one, bit for bit. */

/* The fastest sparse kernels of this CPU for products with `columns` columns, under SCHATTEN_KERNELS as above. */
const sk_kernels *sk_kernels_best_sparse(int columns);

/* Whether these kernels multiply a sparse matrix faster than the whole one, where a share `density` (0..1) of its blocks is
 * stored: measured, see docs/kernels.md. */
int sk_sparse_pays(const sk_kernels *kernels, double density, int columns);

/* The number of blocks that a bitmap says are stored; -1 where it marks one outside of the matrix. */
long sk_count_blocks(int rows, int cols, const uint8_t *bitmap);

/* Bytes of memory that sk_pack_sparse fills: alignment as for sk_packed_bytes. */
size_t sk_packed_bytes_sparse(const sk_kernels *kernels, int rows, int cols, const uint8_t *bitmap);

/* Packs a sparse matrix of up to 262,140 columns. SK_BAD_BLOCKS where the bitmap marks a block outside of the matrix, or a
 * block holds a weight there. */
sk_status sk_pack_sparse(const sk_kernels *kernels, int rows, int cols, const int8_t *blocks, const uint8_t *bitmap,
                         void *memory, sk_matrix *matrix);

/* Writes the whole matrix, row after row; blocks and bitmap as sk_pack_sparse takes them, checked by it or sk_count_blocks. */
void sk_fill_sparse(int rows, int cols, const int8_t *blocks, const uint8_t *bitmap, int8_t *w);

/* The columns of a product: column n is at data + n * stride and holds matrix->cols activations. */
typedef struct sk_columns {
  const void *data;    /* int8_t -128..127, or uint8_t where is_unsigned */
  ptrdiff_t stride;    /* elements from one column to the next */
  int count;           /* N, 1 or more */
  int is_unsigned;     /* 0 or 1 */
  int zero_point;      /* an activation x means (x - zero_point) */
  const float *scales; /* one per column; unused by sk_gemm_s32 */
  int backwards;       /* 0, or 1 to make the last rows first: where products in turn read a matrix that is larger than
                          the cache, every other one so finds there what the one before read last */
} sk_columns;

/* Bytes of scratch memory for a product with that many columns; contents and alignment are of no matter. */
size_t sk_scratch_bytes(const sk_matrix *matrix, int columns);

/* y[n * stride + m] = the exact sum, modulo 2^32. */
void sk_gemm_s32(const sk_matrix *matrix, const sk_columns *x, int32_t *y, ptrdiff_t stride, void *scratch);

/* y[n * stride + m] = fma(float(sum) * row_scales[m], x->scales[n], bias[m]); bias may be NULL (then no addition). */
void sk_gemm_f32(const sk_matrix *matrix, const sk_columns *x, const float *row_scales, const float *bias, float *y,
                 ptrdiff_t stride, void *scratch);

/* y[n * stride + m] = float(sum) * row_scales[m] * x->scales[n], rounded half to even and clamped to -128..127. */
void sk_gemm_s8(const sk_matrix *matrix, const sk_columns *x, const float *row_scales, int8_t *y, ptrdiff_t stride,
                void *scratch);

/* Products in fp32. Packed weights lie in tiles of 16 rows, in a tile column after column; memory that is 64-byte aligned is
 * fastest. sk_packed_floats says how many floats they take. sk_pack_floats packs rows x cols fp32 weights, row after row and
 * not necessarily aligned, and returns whether all are finite. */
size_t sk_packed_floats(int rows, int cols);
int sk_pack_floats(int rows, int cols, const void *w, float *packed);

/* Columns of fp32 activations: column n is at data + n * stride; `backwards` as in sk_columns. */
typedef struct sk_float_columns {
  const float *data;
  ptrdiff_t stride;
  int count;
  int backwards;
} sk_float_columns;

/* y[n * stride + m] = bias[m] + sum over k of w[m][k] x[n][k], added up in the order of k, each product and each sum rounded;
 * bias may be NULL (then 0). The same bits on every instruction set. */
void sk_multiply_floats(const sk_kernels *kernels, int rows, int cols, const float *packed, const sk_float_columns *x,
                        const float *bias, float *y, ptrdiff_t stride);

/* Vector arithmetic. Arrays need no alignment; an output may be an input (the same pointer), but must not overlap it
 * otherwise. The kernels argument picks the instruction set; results have the same bits on all of them. */
void sk_exp(const sk_kernels *kernels, const float *x, float *y, int count);     /* relative error below 2e-7 */
void sk_log(const sk_kernels *kernels, const float *x, float *y, int count);     /* x > 0, normal */
void sk_sigmoid(const sk_kernels *kernels, const float *x, float *y, int count); /* 1 / (1 + exp(-x)) */
void sk_tanh(const sk_kernels *kernels, const float *x, float *y, int count);

/* q = round(x * 127 / max|x|), half to even; returns max|x| / 127, the scale that undoes it (0 where x is all 0). */
float sk_quantize(const sk_kernels *kernels, const float *x, int8_t *q, int count);

/* Its two halves, for arrays that share a scale: max|x|, and the rounding with the largest of those. */
float sk_largest(const sk_kernels *kernels, const float *x, int count);
float sk_quantize_within(const sk_kernels *kernels, const float *x, float largest, int8_t *q, int count);

/* One step of a GRU of `units` units: r = sigmoid(a_r + b_r), z = sigmoid(a_z + b_z), c = tanh(a_c + r * b_c),
 * h = c + z * (h - c), where a = W x + bias and b = U h + bias hold 3 * units values in the order r, z, c. */
void sk_gru_step(const sk_kernels *kernels, const float *a, const float *b, float *h, int units);

/* One step of an LSTM: a + b hold 4 * units values in the order i, f, g, o; c = sigmoid(f) c + sigmoid(i) tanh(g),
 * h = sigmoid(o) tanh(c). `c` is read and written, `h` written. */
void sk_lstm_step(const sk_kernels *kernels, const float *a, const float *b, float *c, float *h, int units);

#ifdef __cplusplus
}
#endif
#endif
