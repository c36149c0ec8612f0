#include "wav.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>

#include "failure.h"
#include "forms.h"

namespace schatten {

namespace {

constexpr uint32_t kPcm = 1, kFloat = 3, kALaw = 6, kMuLaw = 7, kExtensible = 0xfffe;
constexpr uint32_t kStreamed = 0x7fff0000;  // lengths from here on (18 hours) stand for one that was not known
constexpr size_t kFormat = 16, kExtended = 40;  // bytes of a format, and of an extensible one
constexpr float kLoudest = 64;                  // times full scale: floats beyond are no sound of -1 to 1

uint64_t number(const uint8_t *bytes, int size) {
  uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

bool is_named(const void *chunk, const char *name) { return memcmp(chunk, name, 4) == 0; }

std::string bytes_of(uint64_t count) { return std::to_string(count) + " bytes"; }

// Whether a chunk, or the tag of a music player, may begin so.
bool is_chunk(const std::string &bytes, size_t at) {
  if (bytes.size() < at + 8) return false;
  if (bytes.compare(at, 3, "ID3") == 0 || bytes.compare(at, 3, "TAG") == 0) return true;
  for (size_t i = at; i < at + 4; ++i) {
    const unsigned char letter = static_cast<unsigned char>(bytes[i]);
    if (!isalnum(letter) && letter != ' ' && letter != '_' && letter != '-') return false;
  }
  return isalpha(static_cast<unsigned char>(bytes[at]));
}

// What a WAV file's samples are, by the number of their form.
std::string name_of(uint32_t form, uint32_t bits) {
  const std::string size = std::to_string(bits) + "-bit ";
  switch (form) {
    case kPcm: return size + "PCM";
    case 2:
    case 0x11: return "ADPCM";
    case kFloat: return size + "floating point";
    case kALaw: return size + "A-law";
    case kMuLaw: return size + "mu-law";
    case 0x31: return "GSM";
    case 0x50:
    case 0x55: return "MPEG audio";
    default: return "of form " + std::to_string(form);
  }
}

bool is_known_to_sox(uint32_t form) { return form == 2 || form == 0x11 || form == 0x31; }

}  // namespace

bool Wav::begins(const std::string &head) {
  const bool is_riff = head.compare(0, 4, "RIFF") == 0 || head.compare(0, 4, "RF64") == 0 || head.compare(0, 4, "BW64") == 0;
  return is_riff && (head.size() < 12 || head.compare(8, 4, "WAVE") == 0);
}

Wav::Wav(Input &input) : input_(input) { read_header(); }

void Wav::refuse(const std::string &why, const std::string &fix) const { throw Error(input_.name() + " " + why + "; " + fix); }

// Reads up to the sound.
void Wav::read_header() {
  uint8_t head[12];
  take(head, sizeof head);
  is_wide_ = !is_named(head, "RIFF");
  for (bool is_known = false;;) {
    uint8_t chunk[8];
    take(chunk, sizeof chunk);
    const uint32_t size = static_cast<uint32_t>(number(chunk + 4, 4));
    if (is_named(chunk, "data")) {
      require(is_known, input_.name() + " has no format before its data: it is damaged");
      return set_length(size);
    }
    if (is_named(chunk, "fmt ")) {
      read_format(size);
      is_known = true;
    } else if (is_named(chunk, "ds64") && size >= 16) {
      uint8_t lengths[16];  // of the file and of the sound
      take(lengths, sizeof lengths);
      wide_length_ = number(lengths + 8, 8);
      skip(size - sizeof lengths);
    } else if (is_named(chunk, "LIST") && input_.peek(4) == "wavl") {
      refuse("keeps its sound in a list of parts", convert_by_ffmpeg(input_.path()));
    } else {
      skip(size);
    }
    // Some programs leave out the byte that fills up a chunk of odd length.
    const std::string next = size % 2 ? input_.peek(4) : "";
    if (size % 2 && next != "data" && next != "fmt ") skip(1);
  }
}

void Wav::read_format(uint32_t size) {
  // KSDATAFORMAT_SUBTYPE: the number of the form, then these.
  constexpr uint8_t kSubtype[14] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
  require(size >= kFormat, input_.name() + " has a short format chunk: it is damaged");
  uint8_t format[kExtended] = {};
  take(format, std::min<size_t>(size, kExtended));
  skip(size - std::min<size_t>(size, kExtended));
  uint32_t form = static_cast<uint32_t>(number(format, 2));
  const uint32_t block = static_cast<uint32_t>(number(format + 12, 2)), bits = static_cast<uint32_t>(number(format + 14, 2));
  channels_ = static_cast<uint32_t>(number(format + 2, 2));
  rate_ = static_cast<uint32_t>(number(format + 4, 4));
  if (form == kExtensible) {
    require(size >= kExtended, input_.name() + " has a short format chunk: it is damaged");
    form = static_cast<uint32_t>(number(format + 24, 2));
    if (memcmp(format + 26, kSubtype, sizeof kSubtype) != 0) {
      refuse("holds samples of an unknown form", convert_by_ffmpeg(input_.path()));
    }
  }
  require(channels_ > 0, input_.name() + " has no channels: it is damaged");
  // A block of 0 is that of programs that leave it out.
  set_form(form, bits, block == 0 ? (bits + 7) / 8 : block % channels_ == 0 ? block / channels_ : 0);
}

// `size`: bytes of a sample. Where it has fewer bits than that, they are the upper ones, so all are read.
void Wav::set_form(uint32_t form, uint32_t bits, uint32_t size) {
  constexpr SampleForm kWhole[] = {SampleForm::kUnsigned8, SampleForm::kSigned16, SampleForm::kSigned24, SampleForm::kSigned32};
  const bool is_whole = form == kPcm && bits > 0 && bits <= 32, is_float = form == kFloat && (bits == 32 || bits == 64);
  const bool is_law = (form == kALaw || form == kMuLaw) && bits == 8;
  if (!is_whole && !is_float && !is_law) {
    refuse("is " + name_of(form, bits) + ", which is not read",
           is_known_to_sox(form) ? convert_by_sox(input_.path()) : convert_by_ffmpeg(input_.path()));
  }
  if (size != (bits + 7) / 8) {
    refuse("says " + std::to_string(bits) + " bits a sample, and keeps each in other than " + bytes_of((bits + 7) / 8),
           convert_by_ffmpeg(input_.path()));
  }
  if (is_whole) form_ = kWhole[size - 1];
  if (is_float) form_ = bits == 32 ? SampleForm::kFloat32 : SampleForm::kFloat64;
  if (is_law) form_ = form == kALaw ? SampleForm::kALaw : SampleForm::kMuLaw;
  frame_ = size * channels_;
}

// `said`: the sound's length as its chunk gives it. Where the input's own length can be known, a recording that is cut off,
// or has more sound than it says, is refused before any of it is heard.
void Wav::set_length(uint32_t said) {
  const bool is_wide = is_wide_ && said == UINT32_MAX;
  const uint64_t size = is_wide ? wide_length_ : said;
  const bool is_file = input_.is_file(), is_past = !is_file || size > input_.left();
  is_open_ended_ = is_wide ? size == 0 || size > INT64_MAX : size == 0 ? !is_empty() : size >= kStreamed && is_past;
  left_ = is_open_ended_ ? UINT64_MAX : size;
  is_odd_ = size % 2;
  if (is_open_ended_ || !is_file) return;
  const std::string mend = convert_by_sox(input_.path(), "--ignore-length");
  if (is_past) {
    const std::string present = std::to_string(input_.left());
    refuse("is cut off: of " + bytes_of(size) + " of sound " + present + " are there", "to keep these, " + mend);
  }
  const uint64_t here = input_.position();
  input_.skip(size);
  if (!ends_here()) refuse("has more sound than the " + bytes_of(size) + " that it says", mend);
  input_.go_to(here);
}

// Whether a length of 0 is true: nothing follows, or another chunk.
bool Wav::is_empty() {
  const std::string next = input_.peek(8);
  return next.empty() || is_chunk(next, 0);
}

// Whether only chunks without sound, or zeros that fill up a file, follow.
bool Wav::ends_here() {
  std::string next = input_.peek(9);
  const bool is_filled_up = is_odd_ && is_chunk(next, 1);
  if (!is_filled_up && !is_chunk(next, 0)) {
    for (; !next.empty(); next = input_.peek(kHead)) {
      if (next.find_first_not_of('\0') != std::string::npos) return false;
      input_.skip(next.size());
    }
    return true;
  }
  if (is_filled_up) input_.skip(1);
  for (uint8_t chunk[8]; input_.read(chunk, sizeof chunk) == sizeof chunk;) {
    const uint64_t length = number(chunk + 4, 4);
    if (is_named(chunk, "data") || (is_named(chunk, "LIST") && input_.peek(4) == "wavl")) return false;
    input_.skip(length + length % 2);
  }
  return true;
}

void Wav::take(void *to, size_t size) {
  if (input_.read(to, size) != size) refuse("is cut off: it ends before its sound", "record it or copy it again");
}

void Wav::skip(uint64_t size) {
  if (input_.skip(size) != size) refuse("is cut off: it ends before its sound", "record it or copy it again");
}

size_t Wav::read(float *to, size_t count) {
  bytes_.resize(static_cast<size_t>(std::min<uint64_t>(count, left_ / frame_)) * frame_);
  const size_t got = input_.read(bytes_.data(), bytes_.size());
  if (got < bytes_.size() && !is_open_ended_) {
    const std::string mend = convert_by_sox(input_.path(), "--ignore-length");
    refuse("is cut off: its sound is shorter than it says", "to keep what is there, " + mend);
  }
  left_ -= got;
  const size_t frames = got / frame_;
  to_floats(form_, bytes_.data(), frames * channels_, to);
  if (form_ == SampleForm::kFloat32 || form_ == SampleForm::kFloat64) check_floats(to, frames * channels_);
  if (frames == 0) check_end();
  return frames;
}

// A little above full scale is clipped later; other numbers, such as those of a file that keeps 16-bit numbers as floats, are
// not heard as noise.
void Wav::check_floats(const float *samples, size_t count) const {
  for (size_t i = 0; i < count; ++i) {
    if (fabsf(samples[i]) <= kLoudest) continue;
    char what[32] = "a sample that is no number";
    if (isfinite(samples[i])) snprintf(what, sizeof what, "%g", static_cast<double>(samples[i]));
    throw Error(input_.name() + " holds " + what + " where floats of -1 to 1 should be: write it again, scaled to that");
  }
}

// Of a pipe it is known only now whether more follows.
void Wav::check_end() {
  if (is_open_ended_ || input_.is_file()) return;
  is_open_ended_ = true;  // this once
  input_.skip(left_);
  left_ = 0;
  if (!ends_here()) refuse("has more sound than it says", convert_by_sox(input_.path(), "--ignore-length"));
}

size_t Raw::read(float *to, size_t count) {
  bytes_.resize(count * sizeof(int16_t));
  const size_t got = input_.read(bytes_.data(), bytes_.size()) / sizeof(int16_t);
  to_floats(SampleForm::kSigned16, bytes_.data(), got, to);
  return got;
}

}  // namespace schatten
