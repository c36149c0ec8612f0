// Reads a file, a pipe or a device forward, and looks ahead.
#ifndef SCHATTEN_ENGINE_INPUT_H
#define SCHATTEN_ENGINE_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <vector>

namespace schatten {

class Input {
 public:
  // Opens a file; throws Error.
  explicit Input(const std::string &path);
  // What is open already, such as standard input; it stays open.
  Input(int descriptor, std::string name);
  ~Input();
  Input(const Input &) = delete;
  Input &operator=(const Input &) = delete;

  const std::string &name() const { return name_; }
  // As it stands in commands: the file's path; empty for what was open already.
  const std::string &path() const { return path_; }
  // Whether it is a file, whose length is known and in which one can go back.
  bool is_file() const { return is_file_; }
  // Of a file: the bytes before the next one, and those that are left.
  uint64_t position() const { return position_ - (end_ - begin_); }
  uint64_t left() const { return length_ > position() ? length_ - position() : 0; }
  void go_to(uint64_t position);

  // Takes the next bytes: `count` unless the input ends. Throws Error where it cannot be read.
  size_t read(void *to, size_t count);
  // Drops the next bytes: `count` unless the input ends. Returns how many.
  uint64_t skip(uint64_t count);
  // The next bytes, which stay: `count`, at most 4096, unless the input ends.
  std::string peek(size_t count);

 private:
  void note_kind();
  bool fill();

  std::string name_, path_;
  int descriptor_;
  bool is_owned_, is_file_ = false, has_ended_ = false;
  uint64_t position_ = 0, length_ = 0;  // in a file: behind the buffer, and its end
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0, end_ = 0;  // what is left in the buffer
};

}  // namespace schatten
#endif
