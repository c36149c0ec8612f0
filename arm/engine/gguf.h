// A GGUF file in memory: metadata and tensors by name, every byte checked before it is used.
#ifndef SCHATTEN_ENGINE_GGUF_H
#define SCHATTEN_ENGINE_GGUF_H

#include <stdint.h>

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace schatten {

// Of a tensor: `schatten export` writes none like it.
constexpr const char *kNoNumbers = "holds values that are not finite numbers: copy the model again, or train it again";

class Gguf {
 public:
  // Maps a file.
  explicit Gguf(const std::string &path);
  // A file's bytes, which the caller keeps until this is destroyed.
  Gguf(const void *bytes, size_t size);
  ~Gguf();
  Gguf(const Gguf &) = delete;
  Gguf &operator=(const Gguf &) = delete;

  bool has(const std::string &key) const { return values_.count(key) != 0; }
  bool has_tensor(const std::string &name) const { return tensors_.count(name) != 0; }
  std::vector<std::string> tensor_names() const;

  // Whole numbers in low..high, finite numbers, text. A key that is missing or of another type is an Error.
  int integer(const std::string &key, int low, int high) const;
  uint64_t count(const std::string &key) const;
  float number(const std::string &key) const;
  std::string text(const std::string &key) const;
  std::vector<std::string> texts(const std::string &key) const;

  // The numbers of a tensor of `size` numbers, all finite; nothing is allocated for one that the file lacks.
  std::vector<float> floats(const std::string &name, size_t size) const;
  std::vector<int32_t> integers(const std::string &name, size_t size) const;

  struct Matrix {
    int rows, cols;
    bool is_int8;
    const uint8_t *data;
  };
  // A matrix of fp32 or int8, row after row, with at least one of each.
  Matrix matrix(const std::string &name) const;
  // What is wrong with a tensor, with the file's name: an Error unless it holds.
  void require_tensor(bool holds, const std::string &name, const std::string &otherwise) const;
  // Gives the memory of a matrix that was read back to the system, if it is a file's: a later reader finds it there again.
  void release(const Matrix &matrix) const;

 private:
  enum Type : uint32_t { kUint32 = 4, kFloat32 = 6, kString = 8, kArray = 9, kUint64 = 10 };
  enum TensorType : uint32_t { kTensorF32 = 0, kTensorI8 = 24, kTensorI32 = 26 };
  struct Value {
    uint32_t type;
    const uint8_t *at;
  };
  struct Tensor {
    uint64_t columns, rows;  // all dimensions but the first
    uint32_t type;
    const uint8_t *data;
  };
  class Reader;

  void map(const std::string &path);
  void unmap();
  void parse();
  void place(const std::vector<std::pair<std::string, uint64_t>> &offsets, uint64_t start);
  void parse_value(Reader &reader);
  void skip(Reader &reader, uint32_t type, int depth);
  Tensor parse_tensor(Reader &reader, uint64_t *offset);
  const Value &value(const std::string &key, uint32_t type) const;
  const Tensor &tensor(const std::string &name, uint32_t type, size_t size) const;

  std::string path_;
  bool is_mapped_;
  const uint8_t *bytes_ = nullptr;
  size_t size_ = 0;
  std::unordered_map<std::string, Value> values_;
  std::unordered_map<std::string, Tensor> tensors_;
};

}  // namespace schatten
#endif
