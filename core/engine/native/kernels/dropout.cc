// y = dropout(x), and what a residual branch ends with, y = dropout(x + bias) + residual, with their gradients.
#include "columns.h"
#include "kernel.h"
#include "operations.h"

namespace {

struct Place {
  explicit Place(const Attributes& attributes) : dropout(dropoutOf(attributes)) {}
  Dropout dropout;
};

/// x, state → y like x. The gradient is the same operation on dy.
struct DropoutOf : Place {
  using Place::Place;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long size = sizeOf(shape);
    float* y = run.outputOver({0}, 0, shape);
    const float* x = run.floats(0);
    Dropout drawn = dropout;
    seedDropout(drawn, run.ints(1));
    constexpr long piece = 4096;
    eachRange(size, 4 * piece, [&](long from, long to) {
      float room[piece + 64];
      for (long at = from; at < to; at += piece) {
        const long count = to - at < piece ? to - at : piece;
        const float* factors = drawn.factors(at, count, room);
        along(count, [&](long i, auto lane) { lane.store(y + at + i, lane.load(x + at + i) * lane.load(factors + i)); });
      }
    });
  }
};

/// x [… , width], bias [width], residual like x, state → y like x.
struct Residual : Place {
  using Place::Place;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long width = shape.back();
    const RowParts parts(sizeOf(shape) / width, width);
    float* y = run.outputOver({0}, 0, shape);
    const float* x = run.floats(0);
    const float* bias = run.floats(1);
    const float* residual = run.floats(2);
    Dropout drawn = dropout;
    seedDropout(drawn, run.ints(3));
    eachPart(parts.count, [&](long part) {
      std::vector<float> room(factorRoom(width), 1.0f);
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * width;
        const float* factors = drawn.on() ? drawn.factors(at, width, room.data()) : room.data();
        along(width, [&](long column, auto lane) {
          const Floats kept = (lane.load(x + at + column) + lane.load(bias + column)) * lane.load(factors + column);
          lane.store(y + at + column, kept + lane.load(residual + at + column));
        });
      }
    });
  }
};

/// dy, state → dx, dbias. The residual's gradient is dy itself.
struct ResidualGrad : Place {
  using Place::Place;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long width = shape.back();
    const RowParts parts(sizeOf(shape) / width, width);
    float* dx = run.outputOver({0}, 0, shape);
    float* dbias = run.output(1, {width});
    const float* dy = run.floats(0);
    Dropout drawn = dropout;
    seedDropout(drawn, run.ints(1));
    ColumnSums biases(parts, width);
    eachPart(parts.count, [&](long part) {
      std::vector<float> room(factorRoom(width), 1.0f);
      float* bias = biases.of(part);
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * width;
        const float* factors = drawn.on() ? drawn.factors(at, width, room.data()) : room.data();
        along(width, [&](long column, auto lane) {
          const Floats d = lane.load(dy + at + column) * lane.load(factors + column);
          lane.store(dx + at + column, d);
          lane.store(bias + column, lane.load(bias + column) + d);
        });
      }
    });
    biases.into(dbias);
  }
};

}  // namespace

void provideDropout() {
  provide<DropoutOf>(
      {"AttuneDropout", {"x: float", "state: int32"}, {"y: float"}, {"stream: int", "threshold: int", "scale: float"}});
  provide<Residual>(
      {"AttuneResidual",
       {"x: float", "bias: float", "residual: float", "state: int32"},
       {"y: float"},
       {"stream: int", "threshold: int", "scale: float"}});
  provide<ResidualGrad>(
      {"AttuneResidualGrad",
       {"dy: float", "state: int32"},
       {"dx: float", "dbias: float"},
       {"stream: int", "threshold: int", "scale: float"}});
}
