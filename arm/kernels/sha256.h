// SHA-256's compression of blocks (FIPS 180-4, section 6.2.2), by the CPU's own instructions where it has them.
#ifndef SCHATTEN_KERNELS_SHA256_H
#define SCHATTEN_KERNELS_SHA256_H

#include <stddef.h>
#include <stdint.h>

namespace sk {

constexpr size_t kShaBlock = 64;  // bytes

// Takes blocks into the state, eight words. SCHATTEN_KERNELS=scalar runs plain C++ on any CPU.
void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

// One way to do it: `needs` of the CPU, and the function.
struct Sha256 {
  unsigned needs;
  void (*blocks)(uint32_t state[8], const uint8_t *data, size_t blocks);
};

extern const uint32_t kSha256Constants[64];
#if defined(__aarch64__) || defined(__x86_64__)
extern const Sha256 kSha256;  // by the CPU's instructions
#endif

}  // namespace sk
#endif
