// Kernels with a fault planted, to show that the tester catches it.
#ifndef SCHATTEN_TESTS_FAULTY_H
#define SCHATTEN_TESTS_FAULTY_H

#include "internal.h"

extern const sk_kernels kOverflowing;   // adds three products in 16 bits
extern const sk_kernels kOverreading;   // reads one byte past its weights
extern const sk_kernels kOverwriting;   // writes one result too many
// Of sparse products:
extern const sk_kernels kDropping;       // leaves out the last of a tile's blocks where their count is odd
extern const sk_kernels kReadingOn;      // reads one byte past the blocks of a tile
// Of products of 4 bits:
extern const sk_kernels kUnborrowing;         // takes the high half of a byte 16 a + b for a, which it is where b >= 0
extern const sk_kernels kOverreadingNibbles;  // reads one byte past its weights

#endif
