// Runs a fuzz target on files: fuzz_model FILE...
#include <stdio.h>

#include <vector>

#include "input.h"

int main(int count, char **names) {
  for (int i = 1; i < count; ++i) {
    FILE *file = fopen(names[i], "rb");
    if (!file) {
      fprintf(stderr, "%s cannot be opened\n", names[i]);
      return 1;
    }
    std::vector<uint8_t> bytes;
    for (int one; (one = getc(file)) != EOF;) bytes.push_back(static_cast<uint8_t>(one));
    fclose(file);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  printf("%d files\n", count - 1);
  return 0;
}
