// What a file is that holds no sound which the engine reads, and the command that makes it so.
#ifndef SCHATTEN_ENGINE_FORMS_H
#define SCHATTEN_ENGINE_FORMS_H

#include <string>

namespace schatten {

// How far form_of() looks.
constexpr size_t kHead = 4096;

// A clause for what begins with these bytes and is not read, such as `is Ogg, not WAV, FLAC or MP3; convert it: ffmpeg ...`, or
// nothing where the form is not known. `path`: of the file; empty for standard input.
std::string form_of(const std::string &head, const std::string &path);

// Whether two frames of MP3 follow each other there: two bytes of raw sound may well look like the beginning of one.
bool is_mp3(const std::string &head);

// Whether so few bytes show that form_of() and is_mp3() must see more of them.
bool needs_more(const std::string &head);

// Commands that convert a file, or what comes on standard input (`path` is empty), behind `convert it: `; names are quoted
// for a shell. `options` are sox's, such as --ignore-length.
std::string convert_by_sox(const std::string &path, const std::string &options = "");
std::string convert_by_ffmpeg(const std::string &path);

}  // namespace schatten
#endif
