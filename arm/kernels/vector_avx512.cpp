// The vector arithmetic with AVX-512, sixteen lanes.
#include <immintrin.h>

#define SK_LANES 16
#include "vector_impl.h"

namespace sk {
namespace {

inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  return _mm512_fmadd_ps(a, b, c);
}

}  // namespace

const VectorOps kVectorAvx512 = kOps;

}  // namespace sk
