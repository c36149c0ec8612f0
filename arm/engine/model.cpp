#include "model.h"

#include <algorithm>

#include "failure.h"
#include "grams.h"

namespace schatten {

namespace {

constexpr int kOldestVersion = 1, kVersion = 2;  // 2: sparse matrices, and weights of 4 bits
constexpr int kMostLayers = 64;
constexpr int kMostUnits = 65536;
constexpr int kWidest = 1 << 20;  // numbers of a layer, and of what all convolutions and stacks of a stream remember

void require_size(int64_t size) { require(size <= kWidest, "the layers of the model are too wide: export it again"); }

bool is_known(int version) { return version >= kOldestVersion && version <= kVersion; }

// Files of before name no kind: they hold characters.
Units units_of(const Gguf &file) {
  std::vector<std::string> names = file.texts("schatten.units");
  require(names.size() >= 2 && names.size() <= kMostUnits, "the model has too few or too many units: export it again");
  if (!file.has("schatten.units.kind")) return Units::characters(std::move(names));
  const Units::Kind kind = kind_of_units(file.text("schatten.units.kind"));
  int separator = 0;
  if (file.has("schatten.units.separator")) {
    separator = Units::find(names, file.text("schatten.units.separator"));
    require(separator > 0, "the model has no such unit between words as it names: export it again");
  }
  Units units{kind, std::move(names), separator};
  const Grams checked(units);  // what cannot be spelled is refused now, not once a lexicon is opened
  return units;
}

BackLayer::Kind kind_of_layer(const std::string &kind) {
  if (kind == "gru") return BackLayer::kGru;
  if (kind == "rnn") return BackLayer::kRnn;
  if (kind == "lstm") return BackLayer::kLstm;
  require(kind == "linear", "the model has a layer of unknown kind: " + kind.substr(0, 40));
  return BackLayer::kLinear;
}

}  // namespace

// What SCHATTEN_KERNELS asks for is there, or nothing is loaded: results are the same, but a time would be another class's.
const sk_kernels *Model::vectors_allowed() {
  const char *problem = sk_kernels_problem();
  require(problem == nullptr, problem ? problem : "");
  return sk_kernels_best(64, 64, 1);
}

Model::Model(const Gguf &file)
    : features_((require(file.text("general.architecture") == "schatten" &&
                             is_known(file.integer("schatten.version", 0, INT32_MAX)),
                         "the model was made for another engine or version: export it again"),
                 file)),
      units_(units_of(file)),
      vectors_(vectors_allowed()),
      nibbles_(keeps_nibbles(file)),
      is_int8_(file.text("schatten.precision") != "fp32"),
      parameters_(file.count("schatten.parameters")),
      latency_seconds_(static_cast<double>(file.number("schatten.latency.seconds"))) {
  const std::vector<std::string> kinds = file.texts("schatten.layers");
  require(!kinds.empty() && kinds.size() <= kMostLayers, "the model has no or too many layers: export it again");
  widest_ = features_.bins();
  for (size_t i = 0; i < kinds.size(); ++i) {
    const std::string name = "layer." + std::to_string(i);
    const bool is_front = kinds[i] == "convolution" || kinds[i] == "stack";
    require(!is_front || back_.empty(), "the layers of the model are in an unknown order: export it again");
    is_front ? add_front(file, kinds[i], name) : add_back(file, kinds[i], name);
  }
  const bool ends = !back_.empty() && back_.back().kind == BackLayer::kLinear && !back_.back().clipped;
  require(ends && static_cast<size_t>(back_.back().units) == units_.names.size(),
          "the last layer of the model does not give its units: export it again");
  for (const auto &[name, matrix] : matrices_) packed_bytes_ += matrix->bytes();
}

double Model::seconds_per_frame() const {
  double samples = features_.shift();
  for (const FrontLayer &layer : front_) samples *= layer.window.stride;
  return samples / features_.sample_rate();
}

void Model::add_front(const Gguf &file, const std::string &kind, const std::string &name) {
  const std::string key = "schatten." + name;
  FrontLayer layer{};
  const int width = front_.empty() ? features_.bins() : front_.back().out_size();
  if (kind == "convolution") {
    layer.channels = file.integer(key + ".inputs", 1, 65536);
    layer.bins = file.integer(key + ".bins", 1, 65536);
    require(static_cast<int64_t>(layer.bins) * layer.channels == width, name + " does not fit the layer before it");
    const int frames = file.integer(key + ".kernel_frames", 1, 1024);
    layer.window = {frames, (frames - 1) / 2, file.integer(key + ".stride_frames", 1, 1024)};
    add_convolution(file, name, layer);
  } else {
    layer.bins = width;
    layer.channels = 1;
    layer.window = {file.integer(key + ".stack", 1, 1024), 0, file.integer(key + ".keep_every", 1, 1024)};
    require_size(static_cast<int64_t>(layer.window.frames) * width);
  }
  widest_ = layer.out_size();
  front_size_ += static_cast<int64_t>(layer.window.frames) * layer.in_size() + layer.out_size();
  if (layer.convolution) front_size_ += layer.patch_size();
  require_size(front_size_);
  front_.push_back(std::move(layer));
}

void Model::add_convolution(const Gguf &file, const std::string &name, FrontLayer &layer) {
  const std::string key = "schatten." + name;
  layer.kernel_bins = file.integer(key + ".kernel_bins", 1, 65536);
  layer.stride_bins = file.integer(key + ".stride_bins", 1, 65536);
  layer.out_bins = (layer.bins - 1) / layer.stride_bins + 1;
  layer.clip = file.number(key + ".clip");
  require_size(static_cast<int64_t>(layer.kernel_bins + layer.bins) * layer.window.frames * layer.channels);
  layer.convolution = matrix(file, name + ".nonrec.0", kMaxBatch);
  require(layer.convolution->cols() == layer.kernel_bins * layer.window.frames * layer.channels,
          name + " has weights of another size than its kernel: export the model again");
  require_size(static_cast<int64_t>(layer.out_bins) * layer.out_channels());
  layer.bias = file.floats(name + ".bias", static_cast<size_t>(layer.out_channels()));
}

void Model::add_back(const Gguf &file, const std::string &kind, const std::string &name) {
  const std::string key = "schatten." + name;
  BackLayer layer{};
  layer.kind = kind_of_layer(kind);
  layer.units = file.integer(key + ".units", 1, kWidest / 4);
  const int inputs = !back_.empty() ? back_.back().units : front_.empty() ? features_.bins() : front_.back().out_size();
  const int rows = layer.gates() * layer.units;
  layer.nonrec = product(file, name + ".nonrec", kMaxBatch);
  require(layer.nonrec->rows() == rows && layer.nonrec->cols() == inputs, name + " does not fit the layer before it");
  layer.bias = file.floats(name + ".bias", static_cast<size_t>(rows));
  if (file.has_tensor(name + ".gain")) layer.gain = file.floats(name + ".gain", static_cast<size_t>(inputs));
  layer.clipped = file.has(key + ".clip");
  if (layer.clipped) layer.clip = file.number(key + ".clip");
  require(layer.clipped || layer.kind != BackLayer::kRnn, name + " has no bound of its states: export the model again");
  if (layer.kind != BackLayer::kLinear) {
    layer.rec = product(file, name + ".rec", 1);
    require(layer.rec->rows() == rows && layer.rec->cols() == layer.units, name + " has a recurrent matrix of another size");
  }
  if (layer.kind == BackLayer::kGru) {
    const size_t units = static_cast<size_t>(layer.units);
    layer.rec_bias.assign(2 * units, 0.0f);
    const std::vector<float> candidate = file.floats(name + ".new_bias", units);
    layer.rec_bias.insert(layer.rec_bias.end(), candidate.begin(), candidate.end());
  }
  widest_ = std::max({widest_, rows, inputs});
  back_.push_back(std::move(layer));
}

std::unique_ptr<Product> Model::product(const Gguf &file, const std::string &name, int columns) {
  const int count = file.integer("schatten." + name + ".pieces", 1, 16);
  std::vector<Product::Piece> pieces;
  for (int i = 0; i < count; ++i) {
    const std::string piece = name + "." + std::to_string(i), right = piece + ".v";
    if (file.has_tensor(piece)) {
      pieces.push_back({matrix(file, piece, columns), nullptr, 0});
      continue;
    }
    const std::string shared = "schatten." + right + ".shares";
    const std::string inner = file.has(shared) ? file.text(shared) : right;
    pieces.push_back({matrix(file, piece + ".u", columns), matrix(file, inner, columns), 0});
  }
  const bool is_int8 = pieces[0].outer->is_int8();
  for (const Product::Piece &piece : pieces) require(piece.outer->is_int8() == is_int8, name + " mixes types of weights");
  return std::make_unique<Product>(std::move(pieces));
}

std::shared_ptr<const PackedMatrix> Model::matrix(const Gguf &file, const std::string &name, int columns) {
  std::shared_ptr<const PackedMatrix> &found = matrices_[name];
  if (!found) found = std::make_shared<PackedMatrix>(file, name, columns, nibbles_);
  return found;
}

}  // namespace schatten
