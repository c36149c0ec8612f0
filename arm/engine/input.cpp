#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "failure.h"

namespace schatten {

namespace {

constexpr size_t kBuffer = 1 << 16, kFarthestPeek = 4096;

}  // namespace

Input::Input(const std::string &path)
    : name_(path), path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)), is_owned_(true) {
  require(descriptor_ >= 0, path + " cannot be opened: " + strerror(errno));
  note_kind();
}

Input::Input(int descriptor, std::string name) : name_(std::move(name)), descriptor_(descriptor), is_owned_(false) {
  note_kind();
}

Input::~Input() {
  if (is_owned_) close(descriptor_);
}

void Input::note_kind() {
  buffer_.resize(kBuffer);
  struct stat status;
  is_file_ = fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (!is_file_) return;
  length_ = static_cast<uint64_t>(status.st_size);
  position_ = static_cast<uint64_t>(std::max<off_t>(lseek(descriptor_, 0, SEEK_CUR), 0));
}

void Input::go_to(uint64_t position) {
  position_ = position;
  begin_ = end_ = 0;
  has_ended_ = false;
}

// Gets more behind what is left in the buffer; false at the end. A pipe gives what is there, so nothing live waits.
bool Input::fill() {
  if (has_ended_) return false;
  memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  ssize_t got;
  do {
    uint8_t *const to = buffer_.data() + end_;
    got = is_file_ ? pread(descriptor_, to, kBuffer - end_, static_cast<off_t>(position_)) : ::read(descriptor_, to, kBuffer - end_);
  } while (got < 0 && errno == EINTR);
  require(got >= 0, name_ + " cannot be read: " + strerror(errno));
  has_ended_ = got == 0;
  end_ += static_cast<size_t>(got);
  position_ += static_cast<uint64_t>(got);
  return got > 0;
}

size_t Input::read(void *to, size_t count) {
  size_t done = 0;
  while (done < count && (begin_ < end_ || fill())) {
    const size_t part = std::min(count - done, end_ - begin_);
    memcpy(static_cast<uint8_t *>(to) + done, buffer_.data() + begin_, part);
    begin_ += part;
    done += part;
  }
  return done;
}

uint64_t Input::skip(uint64_t count) {
  if (is_file_) {
    const uint64_t skipped = std::min(count, left());
    go_to(position() + skipped);
    return skipped;
  }
  uint64_t done = 0;
  while (done < count && (begin_ < end_ || fill())) {
    const size_t part = static_cast<size_t>(std::min<uint64_t>(count - done, end_ - begin_));
    begin_ += part;
    done += part;
  }
  return done;
}

std::string Input::peek(size_t count) {
  count = std::min(count, kFarthestPeek);
  while (end_ - begin_ < count && fill()) {
  }
  return std::string(reinterpret_cast<const char *>(buffer_.data()) + begin_, std::min(count, end_ - begin_));
}

}  // namespace schatten
