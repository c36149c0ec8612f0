#include "guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

Guarded::Guarded(size_t capacity) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_ = (capacity + page - 1) / page * page;
  mapped_ = size_ + 2 * page;
  void *memory = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    perror("mmap");
    exit(2);
  }
  base_ = static_cast<char *>(memory) + page;
  if (mprotect(base_, size_, PROT_READ | PROT_WRITE) != 0) {
    perror("mprotect");
    exit(2);
  }
}

Guarded::~Guarded() { munmap(base_ - (mapped_ - size_) / 2, mapped_); }

void *Guarded::place(size_t bytes, bool at_start) const {
  if (bytes > size_) {
    fprintf(stderr, "guarded memory of %zu bytes cannot hold %zu\n", size_, bytes);
    exit(2);
  }
  return at_start ? base_ : base_ + size_ - bytes;
}
