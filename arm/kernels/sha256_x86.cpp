// SHA-256 by the SHA extensions of x86: sha256rnds2 makes two rounds, sha256msg1 and sha256msg2 the message schedule.
#include <immintrin.h>

#include "needs.h"
#include "sha256.h"

namespace sk {
namespace {

// The words of a state as the instructions want them: a, b, e, f and c, d, g, h, the last of each in the lowest lane.
struct State {
  __m128i abef, cdgh;
};

State load(const uint32_t *state) {
  const __m128i dcba = _mm_loadu_si128(reinterpret_cast<const __m128i *>(state));
  const __m128i hgfe = _mm_loadu_si128(reinterpret_cast<const __m128i *>(state + 4));
  const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

void store(const State &from, uint32_t *state) {
  const __m128i feba = _mm_shuffle_epi32(from.abef, 0x1b), dchg = _mm_shuffle_epi32(from.cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// Four rounds: rounds 4 * i on, with the words of the message schedule in `w`.
inline void four_rounds(State &at, __m128i w, int i) {
  w = _mm_add_epi32(w, _mm_load_si128(reinterpret_cast<const __m128i *>(kSha256Constants) + i));
  at.cdgh = _mm_sha256rnds2_epu32(at.cdgh, at.abef, w);
  at.abef = _mm_sha256rnds2_epu32(at.abef, at.cdgh, _mm_shuffle_epi32(w, 0x0e));
}

void blocks(uint32_t *state, const uint8_t *data, size_t count) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  State now = load(state);
  for (; count > 0; --count, data += kShaBlock) {
    const State before = now;
    __m128i w[4];  // sixteen words of the message schedule, in turn
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      __m128i &words = w[i % 4];
      if (i < 4) {
        words = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i *>(data) + i), big_endian);
      } else {
        const __m128i middle = _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4);
        const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(words, w[(i + 1) % 4]), middle);
        words = _mm_sha256msg2_epu32(sum, w[(i + 3) % 4]);
      }
      four_rounds(now, words, i);
    }
    now = {_mm_add_epi32(now.abef, before.abef), _mm_add_epi32(now.cdgh, before.cdgh)};
  }
  store(now, state);
}

}  // namespace

extern const Sha256 kSha256 = {kNeeds, blocks};

}  // namespace sk
