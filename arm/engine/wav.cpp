#include "wav.h"

#include <ctype.h>
#include <string.h>

#include <algorithm>

#include "failure.h"
#include "forms.h"

namespace schatten {

namespace {

constexpr uint32_t kRate = 16000, kBits = 16;
constexpr uint32_t kPcm = 1, kExtensible = 0xfffe;
constexpr uint32_t kStreamed = 0x7fff0000;  // lengths from here on (18 hours) stand for one that was not known
constexpr size_t kFormat = 16, kExtended = 40;  // bytes of a format, and of an extensible one
constexpr size_t kFewest = 64;                  // bytes that show whether standard input is a WAV file: 2 ms of sound

uint64_t number(const uint8_t *bytes, int size) {
  uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

bool is_named(const void *chunk, const char *name) { return memcmp(chunk, name, 4) == 0; }

std::string bytes_of(uint64_t count) { return std::to_string(count) + " bytes"; }

// Whether it begins as WAV, or is too short to say.
bool is_wav(const std::string &head) {
  const bool is_riff = head.compare(0, 4, "RIFF") == 0 || head.compare(0, 4, "RF64") == 0 || head.compare(0, 4, "BW64") == 0;
  return is_riff && (head.size() < 12 || head.compare(8, 4, "WAVE") == 0);
}

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
    case 1: return size + "PCM";
    case 2:
    case 0x11: return "ADPCM";
    case 3: return size + "floating point";
    case 6: return "A-law";
    case 7: return "mu-law";
    case 0x31: return "GSM";
    case 0x50:
    case 0x55: return "MPEG audio";
    default: return "of form " + std::to_string(form);
  }
}

// Samples of 16-bit floats, which are form 3 too, are not.
bool is_known_to_sox(uint32_t form, uint32_t bits) {
  return form == kPcm || form == 2 || (form == 3 && bits != kBits) || form == 6 || form == 7 || form == 0x11 || form == 0x31;
}

}  // namespace

Wav::Wav(const std::string &path) : input_(path), path_(path) {
  const std::string head = input_.peek(kHead);
  if (is_wav(head)) {
    read_header();
    return;
  }
  const std::string form = form_of(head, path_);
  require(form.empty(), path + " " + form);
  require(!head.empty(), path + " is empty: record it or copy it again");
  throw Error(path + " is no WAV file; " + convert_by_ffmpeg(path_) +
              " (raw PCM of 16 kHz, mono, 16 bits is read from standard input)");
}

Wav::Wav(int descriptor) : input_(descriptor, "standard input") {
  std::string head = input_.peek(kFewest);
  if (is_wav(head)) {
    read_header();
    return;
  }
  if (needs_more(head)) head = input_.peek(kHead);
  const std::string form = form_of(head, path_);
  require(form.empty(), input_.name() + " " + form);
  left_ = UINT64_MAX;
  is_open_ended_ = true;
}

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
      check_format(size);
      is_known = true;
    } else if (is_named(chunk, "ds64") && size >= 16) {
      uint8_t lengths[16];  // of the file and of the sound
      take(lengths, sizeof lengths);
      wide_length_ = number(lengths + 8, 8);
      skip(size - sizeof lengths);
    } else if (is_named(chunk, "LIST") && input_.peek(4) == "wavl") {
      refuse("keeps its sound in a list of parts", convert_by_ffmpeg(path_));
    } else {
      skip(size);
    }
    // Some programs leave out the byte that fills up a chunk of odd length.
    const std::string next = size % 2 ? input_.peek(4) : "";
    if (size % 2 && next != "data" && next != "fmt ") skip(1);
  }
}

void Wav::check_format(uint32_t size) {
  // KSDATAFORMAT_SUBTYPE: the number of the form, then these.
  constexpr uint8_t kSubtype[14] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
  require(size >= kFormat, input_.name() + " has a short format chunk: it is damaged");
  uint8_t format[kExtended] = {};
  take(format, std::min<size_t>(size, kExtended));
  skip(size - std::min<size_t>(size, kExtended));
  uint32_t form = static_cast<uint32_t>(number(format, 2));
  const uint32_t channels = static_cast<uint32_t>(number(format + 2, 2)), rate = static_cast<uint32_t>(number(format + 4, 4));
  const uint32_t block = static_cast<uint32_t>(number(format + 12, 2)), bits = static_cast<uint32_t>(number(format + 14, 2));
  if (form == kExtensible) {
    require(size >= kExtended, input_.name() + " has a short format chunk: it is damaged");
    const uint32_t valid = static_cast<uint32_t>(number(format + 18, 2));
    form = static_cast<uint32_t>(number(format + 24, 2));
    if (memcmp(format + 26, kSubtype, sizeof kSubtype) != 0) {
      refuse("holds samples of an unknown form, not 16-bit PCM", convert_by_ffmpeg(path_));
    }
    if (form == kPcm && bits == kBits && valid != 0 && valid != kBits) {
      refuse("uses " + std::to_string(valid) + " bits of its samples, not all 16", convert_by_sox(path_));
    }
  }
  if (form != kPcm || bits != kBits) {
    refuse("is " + name_of(form, bits) + ", not 16-bit PCM",
           is_known_to_sox(form, bits) ? convert_by_sox(path_) : convert_by_ffmpeg(path_));
  }
  if (channels != 1) refuse("has " + std::to_string(channels) + " channels, not 1", convert_by_sox(path_));
  if (rate != kRate) refuse("is sampled at " + std::to_string(rate) + " Hz, not 16000", convert_by_sox(path_));
  const bool is_close = block == 0 || block == kBits / 8;  // 0: by programs that leave it out
  if (!is_close) refuse("keeps each sample in " + bytes_of(block) + ", not 2", convert_by_ffmpeg(path_));
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
  const std::string mend = convert_by_sox(path_, "--ignore-length");
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

const std::vector<int16_t> &Wav::read(size_t count) {
  samples_.resize(static_cast<size_t>(std::min<uint64_t>(count, left_ / sizeof(int16_t))));
  const size_t wanted = samples_.size() * sizeof(int16_t), got = input_.read(samples_.data(), wanted);
  if (got < wanted && !is_open_ended_) {
    const std::string mend = convert_by_sox(path_, "--ignore-length");
    refuse("is cut off: its sound is shorter than it says", "to keep what is there, " + mend);
  }
  samples_.resize(got / sizeof(int16_t));
  left_ -= got;
  if (samples_.empty()) check_end();
  return samples_;
}

// Of a pipe it is known only now whether more follows.
void Wav::check_end() {
  if (is_open_ended_ || input_.is_file()) return;
  is_open_ended_ = true;  // this once
  input_.skip(left_);
  left_ = 0;
  if (!ends_here()) refuse("has more sound than it says", convert_by_sox(path_, "--ignore-length"));
}

}  // namespace schatten
