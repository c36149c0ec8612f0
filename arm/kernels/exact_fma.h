// The fused multiply-add of floats for a CPU without one: a * b + c, rounded once, from operations on doubles.
//
// A double holds the product of two floats exactly, so only the sum is rounded before it becomes a float. Rounding twice
// gives another float than rounding once where the sum falls midway between two floats only because it was rounded. So it
// is rounded to odd (Boldo and Melquiond, 2008): of the two doubles beside a sum that is not a double, the one whose last
// bit is 1. That one lies midway between no two floats. (emscripten's fmaf is of no use: it rounds every such case away
// from zero, as WebAssembly cannot change the direction of rounding.)
#ifndef SCHATTEN_KERNELS_EXACT_FMA_H
#define SCHATTEN_KERNELS_EXACT_FMA_H

#include <stdint.h>
#include <string.h>

namespace sk {
namespace {

inline float exact_fma(float a, float b, float c) {
  const double product = static_cast<double>(a) * static_cast<double>(b), addend = static_cast<double>(c);
  double sum = product + addend;
  // What rounding took away, exactly (Knuth's two-sum); NaN where the sum is no finite number.
  const double part = sum - product;
  const double error = (product - (sum - part)) + (addend - part);
  if (error > 0 || error < 0) {
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if ((bits & 1) == 0) bits += (error > 0) == (sum > 0) ? 1 : ~uint64_t{0};  // one step away from 0, or towards it
    memcpy(&sum, &bits, sizeof bits);
  }
  return static_cast<float>(sum);
}

}  // namespace
}  // namespace sk
#endif
