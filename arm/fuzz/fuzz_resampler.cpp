// Any rate, samples and chunks: the samples are those of the whole at once, and as many as the rates say.
// Bytes: rate (two, in steps of 7 Hz, from 4000 Hz on), a seed for the sizes of chunks, then samples of one byte.
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <random>
#include <vector>

#include "../engine/resampler.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr uint32_t kTo = 16000;
  if (size < 3) return 0;
  const uint32_t rate = 4000 + 7 * (data[0] | static_cast<uint32_t>(data[1]) << 8) % 380000;
  std::minstd_rand random(data[2]);
  std::vector<float> samples, whole, parts;
  for (size_t i = 3; i < size; ++i) samples.push_back(static_cast<float>(data[i]) / 128 - 1);
  schatten::Resampler at_once(rate, kTo), in_parts(rate, kTo);
  at_once.add(samples.data(), samples.size(), whole);
  at_once.finish(whole);
  for (size_t done = 0; done < samples.size();) {
    const size_t chunk = std::min<size_t>(samples.size() - done, random() % 40);
    in_parts.add(samples.data() + done, chunk, parts);
    done += chunk;
  }
  in_parts.finish(parts);
  if (whole.size() != (static_cast<uint64_t>(samples.size()) * kTo + rate - 1) / rate || parts.size() != whole.size()) abort();
  if (!whole.empty() && memcmp(whole.data(), parts.data(), whole.size() * sizeof whole[0]) != 0) abort();
  return 0;
}
