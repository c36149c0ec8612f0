// The vector arithmetic with one lane at a time: the reference of the others.
#define SK_LANES 1
#define SK_FLOAT_SUMS 8
#define SK_FLOAT_LANES 4  // the plainest CPU of an architecture may have vectors; where not, the compiler takes them apart
#include "vector_one_lane.h"

const sk::VectorOps sk::kVectorScalar = kOps;
