// What the recurrence of an LSTM layer and its gradient have in common.
#pragma once
#include <algorithm>

#include "block-product.h"
#include "kernel.h"

/// Gates stand side by side in the order input, forget, cell, output, as in PyTorch's weights.
enum Gate { in = 0, forget = 1, cell = 2, out = 3 };
constexpr long gateCount = 4;

/// A layer's sizes, and the order in which it goes through time.
struct Course {
  Course(const Shape& gates, bool reverse)
      : batch(gates[0]), steps(gates[1]), width(gates[2] / gateCount), reverse(reverse) {}

  const long batch;
  const long steps;
  const long width;
  const bool reverse;

  /// Units are worked on in parts as wide as a panel.
  long parts() const { return (width + panelWidth - 1) / panelWidth; }
  long groups() const { return groupsOf(width); }
  long padded() const { return groups() * lanes; }
  long first(long part) const { return part * panelWidth; }
  long count(long part) const { return std::min(panelWidth, width - first(part)); }
  /// Where a row is after so many steps.
  long place(long row, long step) const { return row * steps + time(step); }
  long time(long step) const { return reverse ? steps - 1 - step : step; }
};

inline void demandCourse(Run& run, const Course& course, const Shape& weight, int lengths) {
  demand(course.batch > 0 && course.steps > 0 && course.width > 0, "an LSTM needs rows, steps and units");
  demand(weight == Shape({gateCount * course.width, course.width}), "the weight is [4·units, units]");
  const int32_t* length = run.ints(lengths);
  demand(run.shape(lengths) == Shape({course.batch}), "each row has a length");
  for (long row = 0; row < course.batch; row++)
    demand(length[row] >= 0 && length[row] <= course.steps, "a length is not within the steps");
}

/// Rows lie far apart, and each is read and written once in a step: those that come next are fetched early. Not many
/// more, since rows often fall on the same few places of the cache. Whoever calls these has to be inlined as well: the
/// compiler drops calls of functions that do nothing but fetch.
constexpr long rowsAhead = 8;
INLINE void fetch(const float* first, long count) {
  for (long at = 0; at < count; at += lanes) __builtin_prefetch(first + at, 0, 2);
}
INLINE void fetchToWrite(float* first, long count) {
  for (long at = 0; at < count; at += lanes) __builtin_prefetch(first + at, 1, 2);
}
