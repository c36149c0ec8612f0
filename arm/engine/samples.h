// The forms in which files keep samples, as floats of -1 to 1.
#ifndef SCHATTEN_ENGINE_SAMPLES_H
#define SCHATTEN_ENGINE_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

namespace schatten {

// Little-endian; bytes are unsigned, as WAV has them, and A-law and mu-law are those of ITU-T G.711.
enum class SampleForm { kUnsigned8, kSigned16, kSigned24, kSigned32, kFloat32, kFloat64, kALaw, kMuLaw };

size_t sample_bytes(SampleForm form);

// Converts `count` samples. Samples of up to 24 bits keep their values exactly.
void to_floats(SampleForm form, const uint8_t *from, size_t count, float *to);

// The 16-bit samples nearest to floats, ties to the even one; what is beyond full scale is clipped. 16-bit samples that went
// through to_floats() are the same again.
void to_16_bits(const float *from, size_t count, int16_t *to);

}  // namespace schatten
#endif
