#include "resampler.h"

#include <math.h>

#include <algorithm>
#include <numeric>

namespace schatten {

namespace {

// Of half the lower rate: from here on all is passed less and less. A filter half as long would begin at 0.86.
constexpr double kPassed = 0.93;
// Attenuation in dB, with 10 dB to spare for the aliases of several bands that fall onto each other.
constexpr double kAttenuation = 90;
// Rows between which a tap is interpolated, where a sample has more parts than that. At 16 kHz or below, the interpolation's
// error is 118 dB below the tap (a curve of that bandwidth bends no more); a higher rate bends less, and needs fewer rows.
constexpr uint64_t kRows = 1024, kRowsRate = 16000;
constexpr size_t kLanes = 8;
constexpr size_t kKept = 1 << 14;  // samples that may have been used before the buffer moves
constexpr double kPi = 3.14159265358979323846;

// sin(pi x), by its series.
double sine_of_pi(double x) {
  x -= 2 * floor(x / 2 + 0.5);  // -1 to 1
  if (x > 0.5) x = 1 - x;
  if (x < -0.5) x = -1 - x;
  const double z = kPi * x;
  double sum = 0, term = z;
  for (int power = 1; power < 26; power += 2) {
    sum += term;
    term = -term * z * z / ((power + 1) * (power + 2));
  }
  return sum;
}

// The modified Bessel function of the first kind, of order 0, for 0 <= x < 20, by its series. It is called for every tap:
// divisions would take most of the time of opening a file.
class Bessel {
 public:
  Bessel() {
    for (int k = 1; k < kTerms; ++k) shares_[k] = 1 / (4.0 * k * k);
  }
  double operator()(double x) const {
    double sum = 0, term = 1;
    for (int k = 1; k < kTerms && term > 1e-17 * sum; ++k) {
      sum += term;
      term *= x * x * shares_[k];
    }
    return sum;
  }

 private:
  static constexpr int kTerms = 64;
  double shares_[kTerms] = {};
};

// In lanes, so that compilers use vectors and all of them add in one order.
float dot(const float *a, const float *b, size_t count) {
  float sums[kLanes] = {};
  for (size_t i = 0; i < count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

}  // namespace

// Kaiser's formulas (1974) give the window's shape and length for an attenuation and a width of transition.
Resampler::Resampler(uint32_t from, uint32_t to) {
  const uint32_t divisor = std::gcd(from, to);
  step_ = from / divisor;
  parts_ = to / divisor;
  const double edge = std::min(from, to) / 2.0 / from;  // of what may be heard, in cycles a sample
  const double width = (1 - kPassed) * edge;
  const size_t taps = static_cast<size_t>(ceil((kAttenuation - 7.95) / (14.36 * width))) + 1;
  half_ = (taps / 2 + kLanes / 2) / (kLanes / 2) * (kLanes / 2);
  const uint64_t enough = from <= kRowsRate ? kRows : (kRows * kRowsRate + from - 1) / from;
  rows_ = static_cast<size_t>(parts_ <= kRows ? parts_ : enough);
  make_filter(edge - width / 2, 0.1102 * (kAttenuation - 8.7));
  buffer_.assign(half_ - 1, 0.0f);
}

// Row r holds the taps of a sample that is r / rows_ behind the middle; each row adds up to 1.
void Resampler::make_filter(double cutoff, double beta) {
  const Bessel bessel;
  const double half = static_cast<double>(half_), top = bessel(beta);
  std::vector<double> row(2 * half_), sines, cosines;  // of the sinc at whole samples
  for (size_t i = 0; i < row.size(); ++i) {
    const double turns = 2 * cutoff * (static_cast<double>(i) - (half - 1));
    sines.push_back(sine_of_pi(turns));
    cosines.push_back(sine_of_pi(turns + 0.5));
  }
  filter_.reserve((rows_ + 1) * row.size());
  for (size_t r = 0; r <= rows_; ++r) {
    const double part = static_cast<double>(r) / static_cast<double>(rows_);
    const double sine = sine_of_pi(2 * cutoff * part), cosine = sine_of_pi(2 * cutoff * part + 0.5);
    double sum = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      const double x = static_cast<double>(i) - (half - 1) - part, inside = 1 - (x / half) * (x / half);
      const double window = inside > 0 ? bessel(beta * sqrt(inside)) / top : 0;
      const double sinc = fabs(x) < 1e-9 ? 2 * cutoff : (sines[i] * cosine - cosines[i] * sine) / (kPi * x);
      sum += row[i] = window * sinc;
    }
    for (const double tap : row) filter_.push_back(static_cast<float>(tap / sum));
  }
}

float Resampler::sample() const {
  const size_t taps = 2 * half_;
  const uint64_t place = part_ * rows_;
  const float *const row = filter_.data() + static_cast<size_t>(place / parts_) * taps, *const from = buffer_.data() + at_;
  const float here = dot(row, from, taps);
  const uint64_t rest = place % parts_;
  if (rest == 0) return here;
  const float share = static_cast<float>(static_cast<double>(rest) / static_cast<double>(parts_));
  return here + share * (dot(row + taps, from, taps) - here);
}

// Appends the samples before the source's sample `end` whose taps are all there.
void Resampler::take(uint64_t end, std::vector<float> &out) {
  while (at_ + 2 * half_ <= buffer_.size() && dropped_ + at_ < end) {
    out.push_back(sample());
    part_ += step_;
    at_ += static_cast<size_t>(part_ / parts_);
    part_ %= parts_;
  }
  // Of a much higher rate, the next sample's taps may begin where nothing has come yet.
  const size_t used = std::min(at_, buffer_.size());
  if (used < kKept) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(used));
  at_ -= used;
  dropped_ += used;
}

void Resampler::add(const float *samples, size_t count, std::vector<float> &out) {
  buffer_.insert(buffer_.end(), samples, samples + count);
  take(UINT64_MAX, out);
}

void Resampler::finish(std::vector<float> &out) {
  const uint64_t end = dropped_ + buffer_.size() - (half_ - 1);  // samples that came
  buffer_.insert(buffer_.end(), half_, 0.0f);
  take(end, out);
}

}  // namespace schatten
