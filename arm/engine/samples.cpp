#include "samples.h"

#include <math.h>
#include <string.h>

namespace schatten {

namespace {

constexpr float kFullScale = 32768;

uint64_t number(const uint8_t *bytes, int size) {
  uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

// A whole number of `size` bytes, in the upper bits of 32.
int32_t upper(const uint8_t *bytes, int size) { return static_cast<int32_t>(static_cast<uint32_t>(number(bytes, size)) << (32 - 8 * size)); }

template <class Bits, class Float>
Float as_float(const uint8_t *bytes) {
  const Bits bits = static_cast<Bits>(number(bytes, sizeof(Bits)));
  Float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// G.711: a sign, three bits of exponent, four of mantissa. A-law: 13 bits with every second bit inverted.
int from_a_law(unsigned code) {
  code ^= 0x55;
  const int exponent = code >> 4 & 7, mantissa = static_cast<int>(code & 15) << 4;
  const int size = exponent == 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);
  return code & 0x80 ? size : -size;
}

// Mu-law: 14 bits with a bias of 33, all bits inverted.
int from_mu_law(unsigned code) {
  code = ~code & 0xff;
  const int size = ((static_cast<int>(code & 15) << 3) + 0x84) << (code >> 4 & 7);
  return code & 0x80 ? 0x84 - size : size - 0x84;
}

float sample(SampleForm form, const uint8_t *from) {
  constexpr float kWhole = 1 / 2147483648.0f;
  switch (form) {
    case SampleForm::kUnsigned8: return static_cast<float>(static_cast<int>(*from) - 128) / 128;
    case SampleForm::kSigned16: return static_cast<float>(upper(from, 2)) * kWhole;
    case SampleForm::kSigned24: return static_cast<float>(upper(from, 3)) * kWhole;
    case SampleForm::kSigned32: return static_cast<float>(upper(from, 4)) * kWhole;
    case SampleForm::kFloat32: return as_float<uint32_t, float>(from);
    case SampleForm::kFloat64: return static_cast<float>(as_float<uint64_t, double>(from));
    case SampleForm::kALaw: return static_cast<float>(from_a_law(*from)) / kFullScale;
    case SampleForm::kMuLaw: return static_cast<float>(from_mu_law(*from)) / kFullScale;
  }
  return 0;
}

}  // namespace

size_t sample_bytes(SampleForm form) {
  switch (form) {
    case SampleForm::kSigned16: return 2;
    case SampleForm::kSigned24: return 3;
    case SampleForm::kSigned32:
    case SampleForm::kFloat32: return 4;
    case SampleForm::kFloat64: return 8;
    default: return 1;
  }
}

void to_floats(SampleForm form, const uint8_t *from, size_t count, float *to) {
  if (form == SampleForm::kSigned16) {  // what most sound is: a loop that becomes vectors (little-endian, as our CPUs are)
    for (size_t i = 0; i < count; ++i) {
      int16_t one;
      memcpy(&one, from + 2 * i, sizeof one);
      to[i] = static_cast<float>(one) * (1 / kFullScale);
    }
    return;
  }
  const size_t size = sample_bytes(form);
  for (size_t i = 0; i < count; ++i) to[i] = sample(form, from + i * size);
}

void to_16_bits(const float *from, size_t count, int16_t *to) {
  constexpr float kLowest = -kFullScale, kHighest = kFullScale - 1;
  constexpr float kRound = 3 << 22;  // 1.5 times 2^23: what is added to it is rounded to a whole number, half to even
  for (size_t i = 0; i < count; ++i) {
    float value = from[i] * kFullScale;
    value = value > kLowest ? value : kLowest;  // no number too
    value = value < kHighest ? value : kHighest;
    to[i] = static_cast<int16_t>(static_cast<int>((value + kRound) - kRound));
  }
}

}  // namespace schatten
