// The vector arithmetic of 32-bit ARM, one lane at a time with the fused multiply-add of VFPv4. Its NEON takes numbers below
// the normal range for 0, so it would not give the bits that other CPUs give.
#define SK_LANES 1
#define SK_FLOAT_SUMS 16
#include "vector_one_lane.h"

const sk::VectorOps sk::kVectorVfp = kOps;
