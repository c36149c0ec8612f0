// Seconds of a clock that is never set, to measure how long something takes.
#ifndef SCHATTEN_ENGINE_CLOCK_H
#define SCHATTEN_ENGINE_CLOCK_H

#include <time.h>

namespace schatten {

inline double now() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace schatten
#endif
