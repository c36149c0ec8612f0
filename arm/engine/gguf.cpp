#include "gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "failure.h"

namespace schatten {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "GGUF is little-endian");

namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr uint64_t kMostEntries = 100000;
constexpr uint64_t kLongestName = 4096;
constexpr uint64_t kLargestTensor = 1u << 31;

}  // namespace

// Reads forward, never past the end.
class Gguf::Reader {
 public:
  Reader(const uint8_t *at, const uint8_t *end, const std::string &path) : at_(at), end_(end), path_(path) {}

  const uint8_t *at() const { return at_; }

  const uint8_t *take(uint64_t size) {
    require(size <= static_cast<uint64_t>(end_ - at_), path_ + " is cut off or damaged: export or copy the model again");
    const uint8_t *from = at_;
    at_ += size;
    return from;
  }

  template <class T>
  T read() {
    T value;
    memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }

  std::string string(uint64_t longest) {
    const uint64_t length = read<uint64_t>();
    require(length <= longest, path_ + " has a text of impossible length: export or copy the model again");
    const uint8_t *from = take(length);
    return std::string(reinterpret_cast<const char *>(from), length);
  }

 private:
  const uint8_t *at_, *end_;
  const std::string &path_;
};

Gguf::Gguf(const std::string &path) : path_(path), is_mapped_(true) {
  map(path);
  try {
    parse();
  } catch (...) {
    unmap();
    throw;
  }
}

Gguf::Gguf(const void *bytes, size_t size)
    : path_("the model in memory"), is_mapped_(false), bytes_(static_cast<const uint8_t *>(bytes)), size_(size) {
  parse();
}

Gguf::~Gguf() { unmap(); }

void Gguf::unmap() {
  if (is_mapped_) munmap(const_cast<uint8_t *>(bytes_), size_);
}

void Gguf::map(const std::string &path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  require(file >= 0, path + " cannot be opened: " + strerror(errno));
  struct stat status;
  const bool usable = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
  void *mapped = usable ? mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
  close(file);
  require(mapped != MAP_FAILED, path + " is no GGUF file: give a model that `schatten export` wrote");
  bytes_ = static_cast<const uint8_t *>(mapped);
  size_ = static_cast<size_t>(status.st_size);
}

void Gguf::parse() {
  Reader reader(bytes_, bytes_ + size_, path_);
  require(size_ >= 24 && reader.read<uint32_t>() == kMagic, path_ + " is no GGUF file: give a model that `schatten export` wrote");
  const uint32_t version = reader.read<uint32_t>();
  require(version == 3, path_ + " is GGUF version " + std::to_string(version) + ", not 3: export the model again");
  const uint64_t tensors = reader.read<uint64_t>(), values = reader.read<uint64_t>();
  require(tensors <= kMostEntries && values <= kMostEntries, path_ + " is damaged: it counts too many entries");
  for (uint64_t i = 0; i < values; ++i) parse_value(reader);
  const uint64_t alignment = has("general.alignment") ? static_cast<uint64_t>(integer("general.alignment", 1, 65536)) : 32;
  std::vector<std::pair<std::string, uint64_t>> offsets;
  for (uint64_t i = 0; i < tensors; ++i) {
    const std::string name = reader.string(kLongestName);
    uint64_t offset;
    const Tensor tensor = parse_tensor(reader, &offset);
    require(tensors_.emplace(name, tensor).second, path_ + " is damaged: tensor " + name + " stands twice");
    offsets.emplace_back(name, offset);
  }
  const uint64_t header = static_cast<uint64_t>(reader.at() - bytes_);
  place(offsets, (header + alignment - 1) / alignment * alignment);
}

// Gives the tensors their places, `start` and an offset. No two may share bytes: each is packed, and what is packed is so
// bounded by the length of the file.
void Gguf::place(const std::vector<std::pair<std::string, uint64_t>> &offsets, uint64_t start) {
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const auto &[name, offset] : offsets) {
    Tensor &tensor = tensors_.at(name);
    const uint64_t bytes = tensor.columns * tensor.rows * (tensor.type == kTensorI8 ? 1 : 4);
    require(start <= size_ && offset <= size_ - start && bytes <= size_ - start - offset,
            path_ + " is cut off: tensor " + name + " lies past its end; export or copy the model again");
    tensor.data = bytes_ + start + offset;
    if (bytes) ranges.emplace_back(offset, offset + bytes);
  }
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i) {
    require(ranges[i - 1].second <= ranges[i].first, path_ + " is damaged: two tensors share bytes; export or copy the model again");
  }
}

void Gguf::parse_value(Reader &reader) {
  const std::string key = reader.string(kLongestName);
  const uint32_t type = reader.read<uint32_t>();
  require(values_.emplace(key, Value{type, reader.at()}).second, path_ + " is damaged: " + key + " stands twice");
  skip(reader, type, 0);
}

void Gguf::skip(Reader &reader, uint32_t type, int depth) {
  static const uint8_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  require(type < sizeof kSizes, path_ + " is damaged: it has a value of unknown type");
  if (type == kString) {
    reader.take(reader.read<uint64_t>());
  } else if (type == kArray) {
    const uint32_t of = reader.read<uint32_t>();
    const uint64_t count = reader.read<uint64_t>();
    require(of != kArray && depth == 0 && count <= kMostEntries, path_ + " is damaged: it has an array of unknown form");
    for (uint64_t i = 0; i < count; ++i) skip(reader, of, depth + 1);
  } else {
    reader.take(kSizes[type]);
  }
}

Gguf::Tensor Gguf::parse_tensor(Reader &reader, uint64_t *offset) {
  const uint32_t dimensions = reader.read<uint32_t>();
  require(dimensions >= 1 && dimensions <= 4, path_ + " is damaged: a tensor has no or too many dimensions");
  Tensor tensor{reader.read<uint64_t>(), 1, 0, nullptr};
  require(tensor.columns <= kLargestTensor, path_ + " is damaged: a tensor is too large");
  for (uint32_t i = 1; i < dimensions; ++i) {
    const uint64_t size = reader.read<uint64_t>();
    require(size <= kLargestTensor && tensor.rows * size <= kLargestTensor, path_ + " is damaged: a tensor is too large");
    tensor.rows *= size;
  }
  require(tensor.rows == 0 || tensor.columns <= kLargestTensor / tensor.rows, path_ + " is damaged: a tensor is too large");
  tensor.type = reader.read<uint32_t>();
  *offset = reader.read<uint64_t>();
  const bool known = tensor.type == kTensorF32 || tensor.type == kTensorI8 || tensor.type == kTensorI32;
  require(known, path_ + " has a tensor that is neither fp32, int32 nor int8: export the model again");
  return tensor;
}

const Gguf::Value &Gguf::value(const std::string &key, uint32_t type) const {
  const auto found = values_.find(key);
  require(found != values_.end() && found->second.type == type, path_ + " lacks " + key + ": export the model again");
  return found->second;
}

int Gguf::integer(const std::string &key, int low, int high) const {
  uint32_t number;
  memcpy(&number, value(key, kUint32).at, sizeof number);
  require(number <= INT32_MAX && static_cast<int>(number) >= low && static_cast<int>(number) <= high,
          path_ + ": " + key + " is " + std::to_string(number) + ", not in " + std::to_string(low) + ".." + std::to_string(high));
  return static_cast<int>(number);
}

uint64_t Gguf::count(const std::string &key) const {
  uint64_t number;
  memcpy(&number, value(key, kUint64).at, sizeof number);
  return number;
}

float Gguf::number(const std::string &key) const {
  float number;
  memcpy(&number, value(key, kFloat32).at, sizeof number);
  require(isfinite(number), path_ + ": " + key + " is not a number");
  return number;
}

std::string Gguf::text(const std::string &key) const {
  Reader reader(value(key, kString).at, bytes_ + size_, path_);
  return reader.string(kLongestName);
}

std::vector<std::string> Gguf::texts(const std::string &key) const {
  Reader reader(value(key, kArray).at, bytes_ + size_, path_);
  require(reader.read<uint32_t>() == kString, path_ + ": " + key + " holds no texts: export the model again");
  std::vector<std::string> found(reader.read<uint64_t>());
  for (std::string &text : found) text = reader.string(kLongestName);
  return found;
}

const Gguf::Tensor &Gguf::tensor(const std::string &name, uint32_t type, size_t size) const {
  const auto found = tensors_.find(name);
  require(found != tensors_.end(), path_ + " lacks the tensor " + name + ": export the model again");
  const Tensor &tensor = found->second;
  require(tensor.type == type && tensor.columns * tensor.rows == size,
          path_ + ": tensor " + name + " has another size or type than the layers ask for");
  return tensor;
}

std::vector<float> Gguf::floats(const std::string &name, size_t size) const {
  const Tensor &from = tensor(name, kTensorF32, size);
  std::vector<float> values(size);
  if (size) memcpy(values.data(), from.data, size * sizeof(float));
  bool all = true;
  for (const float one : values) all = all && isfinite(one);
  require_tensor(all, name, kNoNumbers);
  return values;
}

std::vector<int32_t> Gguf::integers(const std::string &name, size_t size) const {
  const Tensor &from = tensor(name, kTensorI32, size);
  std::vector<int32_t> values(size);
  if (size) memcpy(values.data(), from.data, size * sizeof(int32_t));
  return values;
}

std::vector<std::string> Gguf::tensor_names() const {
  std::vector<std::string> names;
  for (const auto &[name, tensor] : tensors_) names.push_back(name);
  return names;
}

Gguf::Matrix Gguf::matrix(const std::string &name) const {
  const auto found = tensors_.find(name);
  require(found != tensors_.end(), path_ + " lacks the tensor " + name + ": export the model again");
  const Tensor &tensor = found->second;
  const bool sound = tensor.type != kTensorI32 && tensor.rows > 0 && tensor.columns > 0 && tensor.rows < (1u << 24) &&
                     tensor.columns < (1u << 24);
  require(sound, path_ + ": tensor " + name + " is no matrix of weights");
  return {static_cast<int>(tensor.rows), static_cast<int>(tensor.columns), tensor.type == kTensorI8, tensor.data};
}

void Gguf::require_tensor(bool holds, const std::string &name, const std::string &otherwise) const {
  if (!holds) throw Error(path_ + ": tensor " + name + " " + otherwise);
}

void Gguf::release(const Matrix &matrix) const {
  if (!is_mapped_) return;
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t from = reinterpret_cast<uintptr_t>(matrix.data);
  const size_t size = static_cast<size_t>(matrix.rows) * static_cast<size_t>(matrix.cols) * (matrix.is_int8 ? 1 : 4);
  const uintptr_t first = (from + page - 1) / page * page, last = (from + size) / page * page;
  if (first < last) madvise(reinterpret_cast<void *>(first), last - first, MADV_DONTNEED);
}

}  // namespace schatten
