// Memory whose neighbours cannot be touched: a read or write one byte past the end (or before the start) is a crash.
#ifndef SCHATTEN_TESTS_GUARDED_H
#define SCHATTEN_TESTS_GUARDED_H

#include <stddef.h>

class Guarded {
 public:
  explicit Guarded(size_t capacity);
  ~Guarded();
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;

  // `count` elements that end at the guard page behind the memory or, where `at_start`, begin at the one before it.
  template <class T>
  T *take(size_t count, bool at_start = false) {
    return static_cast<T *>(place(count * sizeof(T), at_start));
  }

 private:
  void *place(size_t bytes, bool at_start) const;
  char *base_;
  size_t size_, mapped_;
};

#endif
