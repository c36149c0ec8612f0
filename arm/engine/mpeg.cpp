#include "mpeg.h"

#include <string.h>

#include <algorithm>

#include "failure.h"
#include "forms.h"

namespace schatten {

namespace {

constexpr size_t kFarthest = 4096, kId3 = 10, kId3v1 = 128, kApe = 32;  // bytes: a tag's header, a whole tag, a header or footer
// Frames by which a header's number may differ from what is there: encoders count the header's own frame or not, and an
// ending one.
constexpr uint64_t kMore = 4, kLess = 2;
constexpr uint64_t kDecoder = 528 + 1;  // samples by which a decoder is late

unsigned byte(const std::string &head, size_t at) { return static_cast<unsigned char>(head[at]); }

uint32_t number(const std::string &bytes, size_t at) {
  return byte(bytes, at) << 24 | byte(bytes, at + 1) << 16 | byte(bytes, at + 2) << 8 | byte(bytes, at + 3);
}

bool is_at(const std::string &bytes, size_t at, const char *name) { return bytes.compare(at, strlen(name), name) == 0; }

}  // namespace

MpegFrame mpeg_frame(const std::string &head, size_t at) {
  MpegFrame frame;
  if (head.size() < at + 4 || byte(head, at) != 0xff || (byte(head, at + 1) & 0xe0) != 0xe0) return frame;
  constexpr unsigned kBits[2][16] = {{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
                                     {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0}};
  constexpr unsigned kRates[4] = {44100, 48000, 32000, 0};
  const unsigned kind = byte(head, at + 1), sizes = byte(head, at + 2);
  const unsigned version = kind >> 3 & 3;  // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const bool is_first = version == 3, is_mono = byte(head, at + 3) >> 6 == 3;
  const unsigned bits = kBits[is_first][sizes >> 4], rate = kRates[sizes >> 2 & 3] >> (is_first ? 0 : version == 2 ? 1 : 2);
  if ((kind >> 1 & 3) != 1 || version == 1 || bits == 0 || rate == 0) return frame;
  frame.size = (is_first ? 144000 : 72000) * bits / rate + (sizes >> 1 & 1);
  frame.samples = is_first ? 1152 : 576;
  frame.rate = rate;
  frame.channels = is_mono ? 1 : 2;
  frame.side = 4 + (kind & 1 ? 0 : 2) + (is_first ? (is_mono ? 17 : 32) : is_mono ? 9 : 17);
  return frame;
}

uint64_t id3_length(const std::string &head) {
  if (head.size() < kId3 || !is_at(head, 0, "ID3") || byte(head, 3) >= 5) return 0;
  uint64_t size = 0;
  for (size_t i = 6; i < kId3; ++i) {
    if (byte(head, i) & 0x80) return 0;
    size = size << 7 | byte(head, i);
  }
  return kId3 + size + (byte(head, 5) & 0x10 ? kId3 : 0);
}

Mp3::Mp3(Input &input) : input_(input), form_(mpeg_frame(input.peek(4), 0)) {
  require(form_.size > 0, input_.name() + " is no MP3 file");
  if (read_header(input_.peek(form_.size))) input_.skip(form_.size);
}

void Mp3::refuse(const std::string &why) const {
  throw Error(input_.name() + " " + why + "; to keep what can be decoded, " + convert_by_ffmpeg(input_.path()));
}

// Reads a Xing or Info header, which fills a frame of its own, with LAME's extension; false where there is none.
bool Mp3::read_header(const std::string &frame) {
  size_t at = form_.side;
  if (frame.size() < at + 8 || (!is_at(frame, at, "Xing") && !is_at(frame, at, "Info"))) return false;
  const uint32_t flags = number(frame, at + 4);
  at += 8;
  if (flags & 1 && frame.size() >= at + 4) {
    promised_ = number(frame, at);
    has_length_ = promised_ > 0;  // 0: never filled in
  }
  at += (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0);
  if (frame.size() < at + 24 || byte(frame, at) == 0) return true;
  at += 21;
  const uint64_t front = byte(frame, at) << 4 | byte(frame, at + 1) >> 4, behind = (byte(frame, at + 1) & 15) << 8 | byte(frame, at + 2);
  drop_ = front + kDecoder;
  const uint64_t whole = promised_ * form_.samples, silent = front + behind;
  if (has_length_ && whole > silent) left_ = whole - silent;
  return true;
}

// Decodes the next frame; false at the end.
bool Mp3::next_frame() {
  const std::string head = input_.peek(4);
  const MpegFrame frame = mpeg_frame(head, 0);
  if (frame.size == 0) {
    check_end();
    return false;
  }
  if (frame.rate != form_.rate || frame.channels != form_.channels) refuse("changes its rate or its channels on the way");
  bytes_.resize(frame.size);
  const size_t got = input_.read(&bytes_[0], bytes_.size());
  if (got < bytes_.size()) refuse("is cut off in frame " + std::to_string(frames_ + 1));
  ++frames_;
  at_ = 0;
  if (decoder_.decode(bytes_, samples_) && samples_.size() == frame.samples * frame.channels) {
    has_sound_ = true;
    return true;
  }
  // The first frames of a part of a recording need what was before them.
  if (has_sound_) refuse("is damaged in frame " + std::to_string(frames_));
  samples_.assign(frame.samples * frame.channels, 0.0f);
  return true;
}

// Behind the last frame: tags, or zeros.
void Mp3::check_end() {
  for (std::string next = input_.peek(kFarthest); !next.empty(); next = input_.peek(kFarthest)) {
    uint64_t size = id3_length(next);
    if (is_at(next, 0, "TAG")) size = kId3v1;
    if (is_at(next, 0, "APETAGEX") && next.size() >= kApe) {
      size = kApe + (byte(next, 12) | byte(next, 13) << 8 | byte(next, 14) << 16 | static_cast<uint64_t>(byte(next, 15)) << 24);
    }
    if (is_at(next, 0, "LYRICSBEGIN")) return;  // it says at its end how long it is: nothing but tags follows
    if (size == 0) size = std::min(next.find_first_not_of('\0'), next.size());
    if (size == 0) refuse("is damaged behind frame " + std::to_string(frames_) + ": there is no other frame");
    if (input_.skip(size) == 0) break;
  }
  const bool differs = frames_ + kLess < promised_ || frames_ > promised_ + kMore;
  if (has_length_ && differs) refuse("says that it has " + std::to_string(promised_) + " frames, and has " + std::to_string(frames_));
}

size_t Mp3::read(float *to, size_t count) {
  const size_t channels = form_.channels;
  for (;;) {
    const size_t there = samples_.size() / channels - at_;
    if (there == 0) {
      if (!next_frame()) return 0;
      continue;
    }
    if (drop_ > 0) {
      const size_t dropped = static_cast<size_t>(std::min<uint64_t>(drop_, there));
      drop_ -= dropped;
      at_ += dropped;
      continue;
    }
    const size_t given = static_cast<size_t>(std::min<uint64_t>(std::min(count, there), left_));
    if (given == 0) {  // silence of the encoder
      at_ += there;
      continue;
    }
    std::copy_n(samples_.data() + at_ * channels, given * channels, to);
    at_ += given;
    if (left_ != UINT64_MAX) left_ -= given;
    return given;
  }
}

}  // namespace schatten
