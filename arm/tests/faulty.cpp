#include "faulty.h"

namespace {

const int8_t *row_of(const sk::Panel &panel, int m) {
  return reinterpret_cast<const int8_t *>(panel.weights) + static_cast<ptrdiff_t>(m) * panel.cols;
}

void overflowing(const sk::Panel &panel) {
  for (int n = 0; n < panel.columns; ++n) {
    for (int m = 0; m < panel.rows; ++m) {
      const int8_t *w = row_of(panel, m), *x = reinterpret_cast<const int8_t *>(panel.x) + n;
      int32_t sum = 0;
      for (int k = 0; k < panel.cols; k += 3) {
        int32_t lane = 0;
        for (int i = k; i < k + 3 && i < panel.cols; ++i) lane += w[i] * x[i * panel.columns];
        sum += static_cast<int16_t>(lane);
      }
      panel.sums[n * sk::kPanelRows + m] = sum;
    }
  }
}

void overreading(const sk::Panel &panel) {
  const volatile uint8_t *past = panel.weights + static_cast<ptrdiff_t>(panel.rows) * panel.cols;
  (void)*past;
  sk::kScalar.multiply(panel);
}

void finish_past_the_end(const int32_t *sums, const sk::Output &out, int rows, int columns) {
  sk::kVectorScalar.finish_f32(sums, out, rows, columns);
  static_cast<float *>(out.y)[rows] = 0;
}

constexpr sk::Layout kRows = {1, 1, 1};
constexpr sk::ColumnLayout kColumns = {1, 1, 0};

sk::VectorOps with_faulty_finish() {
  sk::VectorOps ops = sk::kVectorScalar;
  ops.finish_f32 = finish_past_the_end;
  return ops;
}
const sk::VectorOps kFaultyOps = with_faulty_finish();

}  // namespace

const sk_kernels kOverflowing = {"overflowing", 0, kRows, kColumns, overflowing, &sk::kVectorScalar};
const sk_kernels kOverreading = {"overreading", 0, kRows, kColumns, overreading, &sk::kVectorScalar};
const sk_kernels kOverwriting = {"overwriting", 0, kRows, kColumns, sk::kScalar.multiply, &kFaultyOps};
