// Which elements dropout keeps: core/nn/philox.ts and keep-mask.ts are the twins in JavaScript, bit for bit.
#pragma once
#include "vector.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/// A place that draws: nothing is kept when threshold is 0.
struct Dropout {
  uint32_t seed = 0;
  uint32_t step = 0;
  uint32_t stream = 0;
  /// An element is dropped when its 16 bits are below it.
  uint32_t threshold = 0;
  /// What the kept ones are multiplied with.
  float scale = 1;

  bool on() const { return threshold > 0; }

  /// The factors of elements [first, first + count), of which `room` holds count rounded up to 64 and 64 more.
  /// Returns the first one's place in `room`.
  const float* factors(uint64_t first, long count, float* room) const;
};

/// Room for the factors of a row.
INLINE long factorRoom(long width) { return (width + 63) / 64 * 64 + 64; }
