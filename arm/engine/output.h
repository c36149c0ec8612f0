// What a program prints arrives, or the program says that it did not.
#ifndef SCHATTEN_ENGINE_OUTPUT_H
#define SCHATTEN_ENGINE_OUTPUT_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <stdexcept>
#include <string>

namespace schatten {

// No file's fault: it ends the program.
struct Unwritten : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws Unwritten where what was printed has not arrived, such as on a full disk or in a pipe that nobody reads.
inline void require_written(FILE *stream = stdout) {
  if (fflush(stream) == 0 && !ferror(stream)) return;
  const char *const name = stream == stderr ? "standard error" : "standard output";
  throw Unwritten(std::string(name) + " cannot be written: " + strerror(errno));
}

// Runs a program; what it throws is said in one sentence behind its name. A pipe that nobody reads is an error like others
// instead of the signal that would end it without a word.
template <class Run>
int guarded_main(const char *program, const Run &run) {
  signal(SIGPIPE, SIG_IGN);
  try {
    const int status = run();
    require_written();
    return status;
  } catch (const std::exception &error) {
    fprintf(stderr, "%s: %s\n", program, error.what());
    return 1;
  }
}

}  // namespace schatten
#endif
