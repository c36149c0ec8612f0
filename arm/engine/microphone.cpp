#include "microphone.h"

#include "failure.h"

#ifdef SCHATTEN_MICROPHONE

#include <dlfcn.h>
#include <string.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "codecs_config.h"

#include <miniaudio.h>

namespace schatten {

namespace {

constexpr size_t kMostSeconds = 60;  // of sound that waits to be read
constexpr auto kAsking = std::chrono::milliseconds(100);

void say_nothing(const char *, int, const char *, int, const char *, ...) {}

// ALSA's library prints lines of its own on every failure: what we throw says enough.
void silence_alsa() {
  void *const alsa = dlopen("libasound.so.2", RTLD_NOW);  // stays open: it is the one that miniaudio opens
  using Handler = void (*)(const char *, int, const char *, int, const char *, ...);
  const auto set = alsa ? reinterpret_cast<int (*)(Handler)>(dlsym(alsa, "snd_lib_error_set_handler")) : nullptr;
  if (set) set(say_nothing);
}

}  // namespace

struct Microphone::State {
  std::string name;
  bool (*is_over)() = nullptr;
  ma_context context;
  ma_device device;
  bool has_context = false, has_device = false;
  std::mutex mutex;
  std::condition_variable came;
  std::vector<float> waiting;  // frames that were not read yet
  bool has_stopped = false, is_late = false, is_closed = false;

  ~State() {
    if (has_device) ma_device_uninit(&device);
    if (has_context) ma_context_uninit(&context);
  }
  void hear(const float *frames, size_t count) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (is_closed) return;
    const size_t samples = count * device.capture.channels;
    is_late = is_late || waiting.size() + samples > kMostSeconds * device.sampleRate * device.capture.channels;
    if (!is_late) waiting.insert(waiting.end(), frames, frames + samples);
    came.notify_one();
  }
  void stop() {
    const std::lock_guard<std::mutex> lock(mutex);
    has_stopped = true;
    came.notify_one();
  }
  std::string others();
};

// A clause with the names of the microphones that are there.
std::string Microphone::State::others() {
  ma_device_info *infos = nullptr;
  ma_uint32 count = 0;
  if (ma_context_get_devices(&context, nullptr, nullptr, &infos, &count) != MA_SUCCESS || count == 0) return "none is there";
  std::string names;
  for (ma_uint32 i = 0; i < count; ++i) names += std::string(i ? ", " : "") + (*infos[i].id.alsa ? infos[i].id.alsa : "default");
  return "give one of these as --mic=NAME: " + names;
}

Microphone::Microphone(const std::string &device, bool (*is_over)()) : state_(new State) {
  State &state = *state_;
  state.name = device.empty() ? "the microphone" : "the microphone " + device;
  state.is_over = is_over;
  silence_alsa();
  const ma_backend alsa = ma_backend_alsa;
  state.has_context = ma_context_init(&alsa, 1, nullptr, &state.context) == MA_SUCCESS;
  require(state.has_context, state.name + " cannot be heard, as ALSA's library (libasound.so.2) is missing: run "
                                          "sudo apt-get install libasound2");
  // Rate and channels are the device's own: the resampler here is better than those of ALSA and miniaudio.
  ma_device_config config = ma_device_config_init(ma_device_type_capture);
  config.capture.format = ma_format_f32;
  config.alsa.noAutoResample = MA_TRUE;
  config.alsa.noAutoChannels = MA_TRUE;
  config.pUserData = &state;
  config.dataCallback = [](ma_device *from, void *, const void *frames, ma_uint32 count) {
    static_cast<State *>(from->pUserData)->hear(static_cast<const float *>(frames), count);
  };
  config.notificationCallback = [](const ma_device_notification *what) {
    if (what->type == ma_device_notification_type_stopped) static_cast<State *>(what->pDevice->pUserData)->stop();
  };
  ma_device_id id = {};
  require(device.size() < sizeof id.alsa, state.name + " has a name that is too long");
  memcpy(id.alsa, device.data(), device.size());
  if (!device.empty()) config.capture.pDeviceID = &id;
  ma_result result = ma_device_init(&state.context, &config, &state.device);
  state.has_device = result == MA_SUCCESS;
  if (state.has_device) result = ma_device_start(&state.device);
  require(result == MA_SUCCESS,
          state.name + " cannot be heard (" + ma_result_description(result) + "): " + state.others());
}

Microphone::~Microphone() = default;

uint32_t Microphone::rate() const { return state_->device.sampleRate; }
uint32_t Microphone::channels() const { return state_->device.capture.channels; }
const std::string &Microphone::name() const { return state_->name; }

size_t Microphone::read(float *to, size_t count) {
  State &state = *state_;
  std::unique_lock<std::mutex> lock(state.mutex);
  const auto is_over = [&] { return state.is_over && state.is_over(); };
  const auto is_there = [&] { return state.waiting.size() >= count * channels() || state.has_stopped || state.is_late; };
  while (!is_over() && !state.came.wait_for(lock, kAsking, is_there)) {
  }
  state.is_closed = is_over();
  require(!state.is_late, state.name + " was heard for a minute more than could be recognised: take a smaller model");
  require(!state.has_stopped || state.is_closed, state.name + " has stopped: is it still there?");
  const size_t given = std::min(count * channels(), state.waiting.size());
  std::copy_n(state.waiting.begin(), given, to);
  state.waiting.erase(state.waiting.begin(), state.waiting.begin() + static_cast<ptrdiff_t>(given));
  return given / channels();
}

}  // namespace schatten

#else

namespace schatten {

struct Microphone::State {
  std::string name;
};

Microphone::Microphone(const std::string &, bool (*)()) {
  throw Error("this program was built without microphones (static ones are); send one through: "
              "arecord -q -t raw -r 16000 -c 1 -f S16_LE | schatten-recognize ...");
}
Microphone::~Microphone() = default;
uint32_t Microphone::rate() const { return 0; }
uint32_t Microphone::channels() const { return 0; }
const std::string &Microphone::name() const { return state_->name; }
size_t Microphone::read(float *, size_t) { return 0; }

}  // namespace schatten

#endif
