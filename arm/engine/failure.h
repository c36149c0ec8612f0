// What goes wrong inside the engine: one sentence, turned into an error text at the C interface.
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
