// MP3 (MPEG audio, layer III; ISO/IEC 11172-3 and 13818-3), frame by frame.
#ifndef SCHATTEN_ENGINE_MPEG_H
#define SCHATTEN_ENGINE_MPEG_H

#include <stdint.h>

#include <memory>
#include <string>
#include <vector>

#include "codecs.h"
#include "input.h"
#include "source.h"

namespace schatten {

// What a frame's header says. `size` is 0 where no header is.
struct MpegFrame {
  size_t size = 0;     // bytes
  size_t samples = 0;  // of each channel
  uint32_t rate = 0, channels = 0;
  size_t side = 0;     // bytes of header and side information, behind which a Xing or Info header may stand
};

// The header at `at`; needs four bytes there.
MpegFrame mpeg_frame(const std::string &head, size_t at);

// The length of an ID3v2 tag that begins there, or 0; needs ten bytes.
uint64_t id3_length(const std::string &head);

// A file of MP3. Silence that an encoder puts in front and behind is dropped where a header of LAME's says how much. Bytes
// between frames that are no frame, a frame that cannot be decoded, and fewer frames than a header says are an Error; without
// such a header nobody knows how many there were.
class Mp3 : public Source {
 public:
  // The next bytes of the input are a frame.
  explicit Mp3(Input &input);

  uint32_t rate() const override { return form_.rate; }
  uint32_t channels() const override { return form_.channels; }
  const std::string &name() const override { return input_.name(); }
  size_t read(float *to, size_t count) override;

 private:
  bool read_header(const std::string &frame);
  bool next_frame();
  void check_end();
  [[noreturn]] void refuse(const std::string &why) const;

  Input &input_;
  MpegFrame form_;
  Mp3Decoder decoder_;
  bool has_length_ = false, has_sound_ = false;
  uint64_t frames_ = 0, promised_ = 0;  // read, and what the header says
  uint64_t drop_ = 0;                   // samples still to be dropped in front
  uint64_t left_ = UINT64_MAX;          // samples to come
  std::vector<float> samples_;          // of the frame, interleaved
  size_t at_ = 0;                       // the next of them, in frames
  std::string bytes_;
};

}  // namespace schatten
#endif
