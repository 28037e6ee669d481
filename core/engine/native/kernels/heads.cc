// From rows of all heads side by side to one matrix a head, a bias joining in, and back.
#include "columns.h"
#include "kernel.h"
#include "operations.h"

namespace {

struct Heads {
  explicit Heads(const Attributes& attributes) : length(attributes.whole("length")), heads(attributes.whole("heads")) {
    demand(length > 0 && heads > 0, "length and heads are positive");
  }
  long length;
  long heads;

  /// Where element 0 of a head's row begins in [batch, heads, length, size].
  long place(long row, long head, long size) const {
    return ((row / length * heads + head) * length + row % length) * size;
  }
};

/// x [batch·length, heads·size], bias [heads·size] or [0] → [batch, heads, length, size].
struct SplitHeads : Heads {
  using Heads::Heads;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long width = shape[1];
    const long size = width / heads;
    demand(size * heads == width && shape[0] % length == 0, "rows are whole texts of whole heads");
    const bool biased = run.shape(1)[0] > 0;
    float* y = run.output(0, {shape[0] / length, heads, length, size});
    const float* x = run.floats(0);
    const float* bias = run.floats(1);
    const RowParts parts(shape[0], width);
    eachPart(parts.count, [&](long part) {
      for (long row = parts.from(part); row < parts.to(part); row++) {
        for (long head = 0; head < heads; head++) {
          const float* from = x + row * width + head * size;
          float* to = y + place(row, head, size);
          if (biased) {
            const float* added = bias + head * size;
            along(size, [&](long column, auto lane) {
              lane.store(to + column, lane.load(from + column) + lane.load(added + column));
            });
          } else {
            along(size, [&](long column, auto lane) { lane.store(to + column, lane.load(from + column)); });
          }
        }
      }
    });
  }
};

/// x [batch, heads, length, size] → [batch·length, heads·size], and the sums of its columns.
struct MergeHeads : Heads {
  explicit MergeHeads(const Attributes& attributes) : Heads(attributes), sums(attributes.whole("sums") != 0) {}
  bool sums;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long size = shape[3];
    const long width = heads * size;
    const long rows = shape[0] * length;
    demand(shape[1] == heads && shape[2] == length, "the axes are batch, heads, length, size");
    float* y = run.output(0, {rows, width});
    float* total = run.output(1, {sums ? width : 0});
    const float* x = run.floats(0);
    const RowParts parts(rows, width);
    ColumnSums columns(parts, sums ? width : 0);
    eachPart(parts.count, [&](long part) {
      float* sum = columns.of(part);
      for (long row = parts.from(part); row < parts.to(part); row++) {
        for (long head = 0; head < heads; head++) {
          const float* from = x + place(row, head, size);
          const long at = head * size;
          along(size, [&](long column, auto lane) {
            const Floats v = lane.load(from + column);
            lane.store(y + row * width + at + column, v);
            if (sums) lane.store(sum + at + column, lane.load(sum + at + column) + v);
          });
        }
      }
    });
    if (sums) columns.into(total);
  }
};

}  // namespace

void provideHeads() {
  provide<SplitHeads>(
      {"AttuneSplitHeads", {"x: float", "bias: float"}, {"y: float"}, {"length: int", "heads: int"}});
  provide<MergeHeads>(
      {"AttuneMergeHeads", {"x: float"}, {"y: float", "total: float"}, {"length: int", "heads: int", "sums: int"}});
}
