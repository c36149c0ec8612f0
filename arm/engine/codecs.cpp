#include "codecs.h"

#include "codecs_config.h"

// Without SSE and NEON, so that MP3 has the same samples on every CPU; it takes little time anyhow.
#define MA_DR_MP3_NO_SIMD
#define MA_DR_MP3_FLOAT_OUTPUT
#define MA_DR_FLAC_NO_OGG
#define MINIAUDIO_IMPLEMENTATION
#include <miniaudio.h>

namespace schatten {

struct Mp3Decoder::State {
  ma_dr_mp3dec decoder;
};

Mp3Decoder::Mp3Decoder() : state_(new State()) { ma_dr_mp3dec_init(&state_->decoder); }
Mp3Decoder::~Mp3Decoder() = default;

bool Mp3Decoder::decode(const std::string &frame, std::vector<float> &samples) {
  samples.resize(MA_DR_MP3_MAX_SAMPLES_PER_FRAME);
  ma_dr_mp3dec_frame_info info = {};
  const int got = ma_dr_mp3dec_decode_frame(&state_->decoder, reinterpret_cast<const ma_uint8 *>(frame.data()),
                                            static_cast<int>(frame.size()), samples.data(), &info);
  samples.resize(static_cast<size_t>(got > 0 ? got * info.channels : 0));
  return got > 0;
}

// What miniaudio's C code calls throws nothing through it: an exception waits.
struct FlacDecoder::State {
  Input &input;
  ma_dr_flac *flac = nullptr;
  std::exception_ptr thrown;
  ma_uint32 block = 0;     // numbers of the last block that was decoded, by its header
  ma_uint64 sample = 0;

  explicit State(Input &from) : input(from) {}
  ~State() {
    if (flac) ma_dr_flac_close(flac);
  }

  template <class Result, class Call>
  static Result guarded(void *self, Result otherwise, const Call &call) {
    State &state = *static_cast<State *>(self);
    try {
      return state.thrown ? otherwise : call(state.input);
    } catch (...) {
      state.thrown = std::current_exception();
      return otherwise;
    }
  }
  static size_t read(void *self, void *to, size_t count) {
    return guarded(self, size_t{0}, [&](Input &from) { return from.read(to, count); });
  }
  static ma_bool32 seek(void *self, int offset, ma_dr_flac_seek_origin origin) {
    if (origin != MA_DR_FLAC_SEEK_CUR || offset < 0) return MA_FALSE;  // a table of places is not needed
    const uint64_t count = static_cast<uint64_t>(offset);
    return guarded(self, ma_bool32{MA_FALSE}, [&](Input &from) { return ma_bool32{from.skip(count) == count}; });
  }
  void check() {
    if (thrown) std::rethrow_exception(thrown);
  }
};

FlacDecoder::FlacDecoder(Input &input) : state_(new State(input)) {
  state_->flac = ma_dr_flac_open(State::read, State::seek, nullptr, state_.get(), nullptr);
  state_->check();
}
FlacDecoder::~FlacDecoder() = default;

bool FlacDecoder::is_valid() const { return state_->flac && rate() > 0 && channels() > 0; }
uint32_t FlacDecoder::rate() const { return state_->flac->sampleRate; }
uint32_t FlacDecoder::channels() const { return state_->flac->channels; }
uint64_t FlacDecoder::total() const { return state_->flac->totalPCMFrameCount; }

bool FlacDecoder::next(std::vector<int32_t> &samples, uint64_t &position) {
  ma_dr_flac *const flac = state_->flac;
  samples.resize(channels());
  const bool has_one = ma_dr_flac_read_pcm_frames_s32(flac, 1, samples.data()) == 1;  // decodes a block
  state_->check();
  if (!has_one) return false;
  const ma_dr_flac_frame_header &header = flac->currentFLACFrame.header;
  state_->block = header.flacFrameNumber;
  state_->sample = header.pcmFrameNumber;
  // A block of a fixed size says its own number, one of a variable size that of its first sample.
  position = header.pcmFrameNumber + static_cast<uint64_t>(header.flacFrameNumber) * flac->maxBlockSizeInPCMFrames;
  const size_t rest = flac->currentFLACFrame.pcmFramesRemaining;
  samples.resize((rest + 1) * channels());
  return ma_dr_flac_read_pcm_frames_s32(flac, rest, samples.data() + channels()) == rest;
}

// A header was read that begins another block than the last one.
bool FlacDecoder::ends_within() const {
  const ma_dr_flac_frame_header &header = state_->flac->currentFLACFrame.header;
  return header.flacFrameNumber != state_->block || header.pcmFrameNumber != state_->sample;
}

}  // namespace schatten
