// An error inside the engine: one sentence, which the C interface returns as its error text.
#ifndef SCHATTEN_ENGINE_FAILURE_H
#define SCHATTEN_ENGINE_FAILURE_H

#include <stdexcept>
#include <string>

namespace schatten {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const std::string &otherwise) {
  if (!holds) throw Error(otherwise);
}

}  // namespace schatten
#endif
