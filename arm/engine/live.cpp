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
volatile sig_atomic_t interrupted = 0;

// Puts the end of the input where every read looks: one that waits, begun again, or one to come.
void end_input(int) {
  const int before = errno;
  interrupted = 1;
  dup2(nothing, STDIN_FILENO);
  errno = before;
}

}  // namespace

void end_input_on_interrupt() {
  struct sigaction action;
  if (sigaction(SIGINT, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) return;  // such as under nohup
  nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  require(nothing >= 0, std::string("/dev/null cannot be opened: ") + strerror(errno));
  action.sa_handler = end_input;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // a read that waits begins again, on the other file
  sigaction(SIGINT, &action, nullptr);
}

bool was_interrupted() { return interrupted != 0; }

}  // namespace schatten
