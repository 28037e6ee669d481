// y = activation(x + bias) and its gradient: one pass over x each.
#include "columns.h"
#include "kernel.h"
#include "operations.h"

namespace {

/// Numbers of core/nn/activations.ts.
enum Activation { gelu = 0, geluTanh = 1, relu = 2 };

constexpr float rootHalf = 0.70710678f;
constexpr float densityAtZero = 0.39894228f;
constexpr float tanhInner = 0.79788456f;
constexpr float tanhCube = 0.044715f;

template <int activation>
INLINE Floats value(Floats u) {
  if (activation == gelu) return u * (0.5f * erfOf(u * rootHalf) + 0.5f);
  // (1 + tanh z)/2 is the logistic function of 2z.
  if (activation == geluTanh) return u / (1.0f + expOf(u * (-2 * tanhInner) * (1.0f + tanhCube * u * u)));
  return largest(Floats{}, u);
}

template <int activation>
INLINE Floats slope(Floats u) {
  if (activation == gelu)
    return (0.5f * erfOf(u * rootHalf) + 0.5f) + u * (densityAtZero * expOf(u * u * -0.5f));
  if (activation == geluTanh) {
    const Floats share = 1.0f / (1.0f + expOf(u * (-2 * tanhInner) * (1.0f + tanhCube * u * u)));
    return share + u * share * (1.0f - share) * (2 * tanhInner) * (1.0f + 3 * tanhCube * u * u);
  }
  return choose(u > Floats{}, all(1.0f), Floats{});
}

struct Place {
  explicit Place(const Attributes& attributes) : activation(attributes.whole("activation")) {
    demand(activation >= gelu && activation <= relu, "there is no such activation");
  }
  int activation;
};

/// x [… , width], bias [width] → y like x.
struct BiasActivation : Place {
  using Place::Place;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    float* y = run.output(0, shape);
    const float* x = run.floats(0);
    const float* bias = run.floats(1);
    if (activation == gelu) apply<gelu>(shape, x, bias, y);
    else if (activation == geluTanh) apply<geluTanh>(shape, x, bias, y);
    else apply<relu>(shape, x, bias, y);
  }

  template <int kind>
  static void apply(const Shape& shape, const float* x, const float* bias, float* y) {
    const long width = shape.back();
    const RowParts parts(sizeOf(shape) / width, width);
    eachPart(parts.count, [&](long part) {
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * width;
        along(width, [&](long column, auto lane) {
          lane.store(y + at + column, value<kind>(lane.load(x + at + column) + lane.load(bias + column)));
        });
      }
    });
  }
};

/// dy and x like x, bias → dx like x, dbias.
struct BiasActivationGrad : Place {
  using Place::Place;

  void operator()(Run& run) const {
    const Shape shape = run.shape(1);
    float* dx = run.outputOver({0}, 0, shape);
    float* dbias = run.output(1, {shape.back()});
    const float* dy = run.floats(0);
    const float* x = run.floats(1);
    const float* bias = run.floats(2);
    if (activation == gelu) apply<gelu>(shape, dy, x, bias, dx, dbias);
    else if (activation == geluTanh) apply<geluTanh>(shape, dy, x, bias, dx, dbias);
    else apply<relu>(shape, dy, x, bias, dx, dbias);
  }

  template <int kind>
  static void apply(const Shape& shape, const float* dy, const float* x, const float* bias, float* dx, float* dbias) {
    const long width = shape.back();
    const RowParts parts(sizeOf(shape) / width, width);
    ColumnSums sums(parts, width);
    eachPart(parts.count, [&](long part) {
      float* sum = sums.of(part);
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * width;
        along(width, [&](long column, auto lane) {
          const Floats u = lane.load(x + at + column) + lane.load(bias + column);
          const Floats d = lane.load(dy + at + column) * slope<kind>(u);
          lane.store(dx + at + column, d);
          lane.store(sum + column, lane.load(sum + column) + d);
        });
      }
    });
    sums.into(dbias);
  }
};

}  // namespace

void provideBiasActivation() {
  provide<BiasActivation>({"AttuneBiasActivation", {"x: float", "bias: float"}, {"y: float"}, {"activation: int"}});
  provide<BiasActivationGrad>(
      {"AttuneBiasActivationGrad",
       {"dy: float", "x: float", "bias: float"},
       {"dx: float", "dbias: float"},
       {"activation: int"}});
}
