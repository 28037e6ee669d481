// From rows of all heads side by side to one matrix a head, a bias joining in, and back.
#include "columns.h"
#include "kernel.h"
#include "operations.h"

namespace {

struct Heads {
  explicit Heads(const Attributes& attributes)
      : parts(attributes.whole("parts")), length(attributes.whole("length")), heads(attributes.whole("heads")) {
    demand(length > 0 && heads > 0, "length and heads are positive");
  }
  /// Query, key and value of one product, or one of them.
  long parts;
  long length;
  long heads;

  /// Where element 0 of a head's row begins in [batch, heads, length, size].
  long place(long row, long head, long size) const {
    return ((row / length * heads + head) * length + row % length) * size;
  }
};

/// x [batch·length, parts·heads·size], bias [parts·heads·size] or [0] → `parts` times [batch, heads, length, size].
struct SplitHeads : Heads {
  using Heads::Heads;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long width = shape[1];
    const long pieces = parts * heads;
    const long size = width / pieces;
    demand(size * pieces == width && shape[0] % length == 0, "rows are whole texts of whole heads");
    const bool biased = run.shape(1)[0] > 0;
    std::vector<float*> outputs;
    for (long part = 0; part < parts; part++)
      outputs.push_back(run.output(static_cast<int>(part), {shape[0] / length, heads, length, size}));
    const float* x = run.floats(0);
    const float* bias = run.floats(1);
    const RowParts blocks(shape[0], width);
    eachPart(blocks.count, [&](long block) {
      for (long row = blocks.from(block); row < blocks.to(block); row++) {
        for (long piece = 0; piece < pieces; piece++) {
          const float* from = x + row * width + piece * size;
          float* to = outputs[piece / heads] + place(row, piece % heads, size);
          if (biased) {
            const float* added = bias + piece * size;
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

/// `parts` times [batch, heads, length, size] → [batch·length, parts·heads·size], and with `sums` those of its columns.
struct MergeHeads : Heads {
  explicit MergeHeads(const Attributes& attributes) : Heads(attributes), sums(attributes.whole("sums") != 0) {}
  bool sums;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long size = shape[3];
    const long pieces = parts * heads;
    const long width = pieces * size;
    const long rows = shape[0] * length;
    demand(shape[1] == heads && shape[2] == length, "the axes are batch, heads, length, size");
    float* y = run.output(0, {rows, width});
    float* total = run.output(1, {sums ? width : 0});
    std::vector<const float*> inputs;
    for (long part = 0; part < parts; part++) inputs.push_back(run.floats(static_cast<int>(part)));
    const RowParts blocks(rows, width);
    ColumnSums columns(blocks, sums ? width : 0);
    eachPart(blocks.count, [&](long block) {
      float* sum = columns.of(block);
      for (long row = blocks.from(block); row < blocks.to(block); row++) {
        for (long piece = 0; piece < pieces; piece++) {
          const float* from = inputs[piece / heads] + place(row, piece % heads, size);
          const long at = piece * size;
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
      {"AttuneSplitHeads",
       {"x: float", "bias: float"},
       {"y: parts * float"},
       {"parts: int", "length: int", "heads: int"}});
  provide<MergeHeads>(
      {"AttuneMergeHeads",
       {"x: parts * float"},
       {"y: float", "total: float"},
       {"parts: int", "length: int", "heads: int", "sums: int"}});
}
