#include "forms.h"

#include <string.h>

#include "mpeg.h"
#include "utf8.h"

namespace schatten {

namespace {

struct Form {
  const char *magic;
  size_t at, length;
  const char *name;
  bool by_sox;
};

// The longest first where one begins another. sox reads the plain ones without further libraries.
const Form kForms[] = {
    {"OggS", 0, 4, "Ogg", false},
    {"FORM", 0, 4, "AIFF", true},
    {"RIFX", 0, 4, "big-endian WAV (RIFX)", true},
    {"riff\x2e\x91\xcf\x11", 0, 8, "Wave64", false},
    {"NIST_1A", 0, 7, "SPHERE", true},
    {".snd", 0, 4, "AU", true},
    {"caff", 0, 4, "CAF", false},
    {"Creative Voice", 0, 14, "VOC", true},
    {"#!AMR", 0, 5, "AMR", false},
    {"wvpk", 0, 4, "WavPack", false},
    {"MAC ", 0, 4, "Monkey's Audio", false},
    {"TTA1", 0, 4, "True Audio", false},
    {"ADIF", 0, 4, "AAC", false},
    {"\x1a\x45\xdf\xa3", 0, 4, "Matroska or WebM", false},
    {"\x30\x26\xb2\x75", 0, 4, "Windows Media", false},
    {"ftyp", 4, 4, "MP4 (M4A)", false},
    {"AVI ", 8, 4, "AVI", false},
};

// Forms that hold no sound, and what to do.
struct Other {
  const char *magic, *said;
};
const Other kOthers[] = {
    {"version https://git-lfs", "is a Git LFS pointer, not the recording; get it: git lfs pull"},
    {"GGUF", "is a model (GGUF), not a recording: name the model first, then recordings"},
    {"\x1f\x8b\x08", "is packed by gzip: unpack it first"},
    {"PK\x03\x04", "is a ZIP archive: unpack it first"},
    {"\xfd" "7zXZ", "is packed by xz: unpack it first"},
    {"BZh9", "is packed by bzip2: unpack it first"},
    {"\x28\xb5\x2f\xfd", "is packed by zstd: unpack it first"},
    {"7z\xbc\xaf", "is a 7-Zip archive: unpack it first"},
};

bool begins(const std::string &head, const char *magic, size_t at, size_t length) {
  return head.size() >= at + length && memcmp(head.data() + at, magic, length) == 0;
}

unsigned byte(const std::string &head, size_t at) { return static_cast<unsigned char>(head[at]); }

// The length of the MP3 or ADTS frame whose header is at `at`; 0 where there is none.
size_t frame_length(const std::string &head, size_t at) {
  const bool is_adts = head.size() >= at + 6 && byte(head, at) == 0xff && (byte(head, at + 1) & 0xf6) == 0xf0;
  if (!is_adts) return mpeg_frame(head, at).size;
  return (byte(head, at + 3) & 3) << 11 | byte(head, at + 4) << 3 | byte(head, at + 5) >> 5;
}

// A second header where the first frame ends: two bytes of raw sound may well look like one.
bool is_frames(const std::string &head) {
  const size_t length = frame_length(head, 0);
  return length > 0 && frame_length(head, length) > 0 && byte(head, 1) == byte(head, length + 1);
}

// UTF-8 without control characters: no sound looks like that, as its quiet samples have bytes 0 and 255.
bool is_text(const std::string &head) {
  constexpr size_t kFewest = 4, kLongestLetter = 4;
  if (head.size() < kFewest) return false;
  for (size_t at = 0, length; at < head.size(); at += length) {
    length = utf8_letter(head, at);
    if (length == 0) return at + kLongestLetter > head.size() && at > 0;  // a letter that the end of `head` cuts
    const unsigned one = byte(head, at);
    if (one == 0 || one == 0x7f || (one < 0x20 && !strchr("\t\n\f\r", static_cast<int>(one)))) return false;
  }
  return true;
}

bool is_web_page(const std::string &head) {
  std::string start = head.substr(0, 256);
  for (char &letter : start) letter = static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
  return start.find("<html") != std::string::npos || start.find("<!doctype") != std::string::npos;
}

// A name that neither a shell nor sox nor ffmpeg takes for anything else.
std::string quoted(const std::string &path) {
  const auto is_plain = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           (letter && strchr("/._-+=@%,", letter));
  };
  bool all = !path.empty();
  for (const char letter : path) all = all && is_plain(letter);
  const bool is_safe = !path.empty() && (path[0] == '/' || path[0] == '.' || (path.find(':') == std::string::npos && path[0] != '-' &&
                                                                              path[0] != '|' && path[0] != '@'));
  const std::string name = is_safe ? path : "./" + path;
  if (all) return name;
  std::string text = "'";
  for (const char letter : name) letter == '\'' ? text += "'\\''" : text += letter;
  return text + "'";
}

// Where the converted file goes: beside the other, with `.16k.wav` for its ending.
std::string converted(const std::string &path) {
  const size_t slash = path.rfind('/'), first = slash == std::string::npos ? 0 : slash + 1, dot = path.rfind('.');
  return (dot == std::string::npos || dot <= first ? path : path.substr(0, dot)) + ".16k.wav";
}

}  // namespace

std::string convert_by_sox(const std::string &path, const std::string &options) {
  const std::string format = " -r 16000 -c 1 -b 16 ";
  const std::string sox = options.empty() ? "sox " : "sox " + options + " ";
  if (path.empty()) return "send it through: " + sox + "-t wav -" + format + "-t wav -";
  return "convert it: " + sox + quoted(path) + format + quoted(converted(path));
}

std::string convert_by_ffmpeg(const std::string &path) {
  if (path.empty()) return "send it through: ffmpeg -i - -ar 16000 -ac 1 -f s16le -";
  return "convert it: ffmpeg -i " + quoted(path) + " -ar 16000 -ac 1 -c:a pcm_s16le " + quoted(converted(path));
}

bool is_mp3(const std::string &head) { return is_frames(head) && mpeg_frame(head, 0).size > 0; }

bool needs_more(const std::string &head) { return head.size() >= 2 && byte(head, 0) == 0xff && (byte(head, 1) & 0xe0) == 0xe0; }

std::string form_of(const std::string &head, const std::string &path) {
  const auto not_other = [&](const char *name, bool by_sox) {
    return std::string("is ") + name + ", not WAV, FLAC or MP3; " + (by_sox && !path.empty() ? convert_by_sox(path) : convert_by_ffmpeg(path));
  };
  for (const Form &form : kForms) {
    if (begins(head, form.magic, form.at, form.length)) return not_other(form.name, form.by_sox);
  }
  for (const Other &other : kOthers) {
    if (begins(head, other.magic, 0, strlen(other.magic))) return other.said;
  }
  if (is_frames(head)) return not_other("AAC", false);
  if (!is_text(head)) return "";
  if (is_web_page(head)) return "is a web page (HTML), not a recording: get the recording again";
  const std::string list = path.empty() ? "add the option --list" : "use schatten-recognize --list MODEL < " + quoted(path);
  return "is text, not a recording; where it names files of sound, one a line, " + list;
}

}  // namespace schatten
