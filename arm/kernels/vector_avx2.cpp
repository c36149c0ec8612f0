// The vector arithmetic with AVX2 and FMA, eight lanes.
#include <immintrin.h>

#define SK_LANES 8
#include "vector_impl.h"

namespace sk {
namespace {

inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  return _mm256_fmadd_ps(a, b, c);
}

}  // namespace

const VectorOps kVectorAvx2 = kOps;

}  // namespace sk
