// What layers that go through time step by step have in common: PyTorch's LSTM and GRU, forwards and in their gradients.
#pragma once
#include <algorithm>

#include "block-product.h"
#include "kernel.h"
#include "pool.h"

/// A layer's sizes, and the order in which it goes through time. Its gates stand side by side, [batch, steps, gates·width].
struct Course {
  Course(const Shape& shape, long gates, bool reverse)
      : gates(gates), batch(shape[0]), steps(shape[1]), width(shape[2] / gates), reverse(reverse) {}

  const long gates;
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
  demand(course.batch > 0 && course.steps > 0 && course.width > 0, "a recurrence needs rows, steps and units");
  demand(weight == Shape({course.gates * course.width, course.width}), "the weight is [gates·units, units]");
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

/// weight [gates·units, units] for h·weightᵀ: the gates of a part's units in panels side by side.
inline Panels forwardPanels(const Course& course, const float* weight) {
  Panels panels(course.groups(), course.parts() * course.gates);
  eachPart(course.parts() * course.gates, [&](long panel) {
    const long part = panel / course.gates;
    const float* from = weight + (panel % course.gates * course.width + course.first(part)) * course.width;
    for (long k = 0; k < course.width; k++)
      for (long j = 0; j < course.count(part); j++) panels.place(panel, k)[j] = from[j * course.width + k];
  });
  return panels;
}

/// weight [gates·units, units] for d·weight, where d has each sixteen units' gates side by side.
inline Panels backwardPanels(const Course& course, const float* weight) {
  Panels panels(course.groups() * course.gates, course.parts());
  eachPart(course.parts(), [&](long part) {
    for (long gate = 0; gate < course.gates; gate++)
      for (long unit = 0; unit < course.width; unit++) {
        const float* from = weight + (gate * course.width + unit) * course.width + course.first(part);
        const long row = (unit / lanes * course.gates + gate) * lanes + unit % lanes;
        std::copy(from, from + course.count(part), panels.place(part, row));
      }
  });
  return panels;
}

/// rows [batch, width], each as wide as a whole number of registers.
inline Aligned paddedRows(const Course& course, const float* rows) {
  Aligned padded(course.batch * course.padded());
  for (long row = 0; row < course.batch; row++)
    std::copy(rows + row * course.width, rows + (row + 1) * course.width, padded.at(row * course.padded()));
  return padded;
}

/// The same as a left factor.
inline void fillTiles(const Course& course, const float* rows, Tiles& tiles) {
  for (long block = 0; block < tiles.blocks; block++)
    for (long row = tiles.from(block); row < tiles.from(block + 1); row++)
      along(course.width, [&](long unit, auto lane) {
        lane.store(tiles.place(block, row, unit / lanes), lane.load(rows + row * course.width + unit));
      });
}
