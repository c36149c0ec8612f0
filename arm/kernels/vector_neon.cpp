// The vector arithmetic with NEON, four lanes.
#include <arm_neon.h>

#define SK_LANES 4
#define SK_FLOAT_SUMS 16
#define SK_NARROW_FOUR
#ifndef __clang__
#define SK_STORE_EIGHT  // GCC 12 pairs loads, but no stores: half as many instructions for these
#endif
#include "vector_impl.h"

namespace sk {
namespace {

inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  return vfmaq_f32(c, a, b);
}

inline void narrow_lanes(Ints values, int8_t *to) {
  const int16x4_t halves = vmovn_s32(values);
  const int8x8_t bytes = vmovn_s16(vcombine_s16(halves, halves));
  memcpy(to, &bytes, SK_LANES);
}

// The low halves of all lanes lie at even places, and so do the low bytes of those halves.
inline void narrow_four(const Ints *v, int8_t *to) {
  const int16x8_t first = vuzp1q_s16(vreinterpretq_s16_s32(v[0]), vreinterpretq_s16_s32(v[1]));
  const int16x8_t second = vuzp1q_s16(vreinterpretq_s16_s32(v[2]), vreinterpretq_s16_s32(v[3]));
  vst1q_s8(to, vuzp1q_s8(vreinterpretq_s8_s16(first), vreinterpretq_s8_s16(second)));
}

#ifdef SK_STORE_EIGHT
inline void store_eight(float *to, const Floats *v) {
  struct __attribute__((may_alias, packed)) Eight {
    Floats values[8];
  };
  asm("stp %q1, %q2, [%9]\n\tstp %q3, %q4, [%9, #32]\n\tstp %q5, %q6, [%9, #64]\n\tstp %q7, %q8, [%9, #96]"
      : "=m"(*reinterpret_cast<Eight *>(to))
      : "w"(v[0]), "w"(v[1]), "w"(v[2]), "w"(v[3]), "w"(v[4]), "w"(v[5]), "w"(v[6]), "w"(v[7]), "r"(to));
}
#endif

}  // namespace

const VectorOps kVectorNeon = kOps;

}  // namespace sk
