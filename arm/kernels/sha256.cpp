// SHA-256 in plain C++, and the choice between it and the CPU's instructions.
#include "sha256.h"

#include <string.h>

#include "internal.h"

namespace sk {

// FIPS 180-4, section 4.2.2.
alignas(64) const uint32_t kSha256Constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

namespace {

uint32_t turned(uint32_t x, int bits) { return x >> bits | x << (32 - bits); }

// Takes a block into the state (section 6.2.2); the eight working variables change their roles instead of their places.
void take(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; ++i) {
    w[i] = static_cast<uint32_t>(block[4 * i]) << 24 | static_cast<uint32_t>(block[4 * i + 1]) << 16 |
           static_cast<uint32_t>(block[4 * i + 2]) << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 64; ++i) {
    const uint32_t low = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t high = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + low + w[i - 7] + high;
  }
  memcpy(v, state, sizeof v);
  for (int i = 0; i < 64; i += 8) {
    for (int k = 0; k < 8; ++k) {
      const uint32_t a = v[-k & 7], b = v[(1 - k) & 7], c = v[(2 - k) & 7], e = v[(4 - k) & 7];
      const uint32_t chosen = (e & v[(5 - k) & 7]) ^ (~e & v[(6 - k) & 7]);
      const uint32_t most = (a & b) ^ (a & c) ^ (b & c);
      const uint32_t first =
          v[(7 - k) & 7] + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + chosen + kSha256Constants[i + k] + w[i + k];
      v[(3 - k) & 7] += first;
      v[(7 - k) & 7] = first + (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + most;
    }
  }
  for (int i = 0; i < 8; ++i) state[i] += v[i];
}

void take_all(uint32_t state[8], const uint8_t *data, size_t blocks) {
  for (; blocks > 0; --blocks, data += kShaBlock) take(state, data);
}

}  // namespace

void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t blocks) {
#if defined(__aarch64__) || defined(__x86_64__)
  if (is_allowed(kSha256.needs)) return kSha256.blocks(state, data, blocks);
#endif
  take_all(state, data, blocks);
}

}  // namespace sk
