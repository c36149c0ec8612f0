// e to the x, and the natural logarithm, in double precision with one order of operations, so that every CPU gives the same
// bits; libm's differ.
#ifndef SCHATTEN_ENGINE_EXPONENTIAL_H
#define SCHATTEN_ENGINE_EXPONENTIAL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

namespace schatten {

// Relative error below 1e-15; 0 below e^-700, and e^700 above 700. Without branches, so that loops over it become vectors.
inline double exponential(double x) {
  const bool is_some = x > -700;  // no number is not
  x = is_some ? x : 0;
  x = x < 700 ? x : 700;
  const double rounder = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to a whole number, which the last bits then are
  const double rounded = x * 1.4426950408889634 + rounder, whole = rounded - rounder;
  const double r = (x - whole * 0.693147180369123816490) - whole * 1.90821492927058770002e-10;
  double sum = 1.0 / 6227020800;
  const double factorials[] = {479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1};
  for (const double factorial : factorials) sum = sum * r + 1 / factorial;
  uint64_t bits;
  memcpy(&bits, &rounded, sizeof bits);
  bits = (bits + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return is_some ? sum * power : 0;
}

// Of x above 0; relative error below 1e-14.
inline double logarithm(double x) {
  int exponent;
  const double mantissa = frexp(x, &exponent);  // 0.5..1
  const double z = (mantissa - 1) / (mantissa + 1);
  double sum = 0;
  for (int power = 35; power > 0; power -= 2) sum = sum * z * z + 1.0 / power;  // of the inverse hyperbolic tangent
  return 2 * z * sum + exponent * 0.6931471805599453;
}

}  // namespace schatten
#endif
