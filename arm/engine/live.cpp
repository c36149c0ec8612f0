#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <string>

#include "failure.h"

namespace schatten {

namespace {

int nothing = -1;  // a file that has ended

// Puts the end of the input where every read looks: one that waits, begun again, or one to come.
void end_input(int) {
  const int before = errno;
  dup2(nothing, STDIN_FILENO);
  errno = before;
}

}  // namespace

Live::Live() {
  struct sigaction action;
  if (sigaction(SIGINT, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) return;  // such as under nohup
  nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  require(nothing >= 0, std::string("/dev/null cannot be opened: ") + strerror(errno));
  action.sa_handler = end_input;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // a read that waits begins again, on the other file
  sigaction(SIGINT, &action, nullptr);
}

const std::vector<int16_t> &Live::read(size_t count) {
  samples_.resize(count);
  const size_t wanted = count * sizeof(int16_t);
  size_t bytes = 0;
  for (ssize_t got = 1; bytes < wanted && got != 0;) {
    got = ::read(STDIN_FILENO, reinterpret_cast<char *>(samples_.data()) + bytes, wanted - bytes);
    require(got >= 0 || errno == EINTR, std::string("standard input cannot be read: ") + strerror(errno));
    if (got > 0) bytes += static_cast<size_t>(got);
  }
  samples_.resize(bytes / sizeof(int16_t));
  return samples_;
}

}  // namespace schatten
