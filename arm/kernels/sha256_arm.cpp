// SHA-256 by the cryptographic instructions of ARMv8: sha256h and sha256h2 make four rounds, sha256su0 and sha256su1 the
// message schedule.
#include <arm_neon.h>

#include "needs.h"
#include "sha256.h"

namespace sk {
namespace {

void blocks(uint32_t *state, const uint8_t *data, size_t count) {
  uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
  for (; count > 0; --count, data += kShaBlock) {
    const uint32x4_t abcd_before = abcd, efgh_before = efgh;
    uint32x4_t w[4];  // sixteen words of the message schedule, in turn
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      uint32x4_t &words = w[i % 4];
      if (i < 4) {
        words = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
      } else {
        words = vsha256su1q_u32(vsha256su0q_u32(words, w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
      }
      const uint32x4_t with_constants = vaddq_u32(words, vld1q_u32(kSha256Constants + 4 * i)), abcd_of_round = abcd;
      abcd = vsha256hq_u32(abcd, efgh, with_constants);
      efgh = vsha256h2q_u32(efgh, abcd_of_round, with_constants);
    }
    abcd = vaddq_u32(abcd, abcd_before);
    efgh = vaddq_u32(efgh, efgh_before);
  }
  vst1q_u32(state, abcd);
  vst1q_u32(state + 4, efgh);
}

}  // namespace

extern const Sha256 kSha256 = {kNeeds, blocks};

}  // namespace sk
