// y = LayerNorm(z), and what a block ends with, y = LayerNorm(dropout(x + bias) + residual), with their gradients.
#include "columns.h"
#include "kernel.h"
#include "operations.h"

namespace {

/// y = (z − μ)/σ · gain + shift for a row; notes μ and 1/σ.
void normRow(
    const float* z, long width, float epsilon, const float* gain, const float* shift, float* y, float* moments) {
  Floats sum{};
  along(width, [&](long column, auto lane) { sum += lane.load(z + column); });
  const float mean = sumOf(sum) / static_cast<float>(width);
  Floats squares{};
  along(width, [&](long column, auto lane) {
    const Floats apart = lane.inside(lane.load(z + column) - mean, 0);
    squares += apart * apart;
  });
  const float scale = 1.0f / std::sqrt(sumOf(squares) / static_cast<float>(width) + epsilon);
  along(width, [&](long column, auto lane) {
    lane.store(y + column, (lane.load(z + column) - mean) * scale * lane.load(gain + column) + lane.load(shift + column));
  });
  moments[0] = mean;
  moments[1] = scale;
}

/// dz for a row, and its part of the sums that gain and shift get.
void normRowGrad(
    const float* dy, const float* z, const float* moments, long width, const float* gain, float* dz, float* dgain,
    float* dshift) {
  const float mean = moments[0];
  const float scale = moments[1];
  Floats sum{};
  Floats product{};
  along(width, [&](long column, auto lane) {
    const Floats d = lane.load(dy + column);
    const Floats normal = (lane.load(z + column) - mean) * scale;
    const Floats scaled = d * lane.load(gain + column);
    sum += scaled;
    product += scaled * normal;
    lane.store(dgain + column, lane.load(dgain + column) + d * normal);
    lane.store(dshift + column, lane.load(dshift + column) + d);
  });
  const float meanOfSum = sumOf(sum) / static_cast<float>(width);
  const float meanOfProduct = sumOf(product) / static_cast<float>(width);
  along(width, [&](long column, auto lane) {
    const Floats normal = (lane.load(z + column) - mean) * scale;
    const Floats scaled = lane.load(dy + column) * lane.load(gain + column);
    lane.store(dz + column, (scaled - meanOfSum - normal * meanOfProduct) * scale);
  });
}

/// z [… , width], gain [width], shift [width] → y like z, moments [… , 2]: mean and 1/deviation.
struct LayerNorm {
  explicit LayerNorm(const Attributes& attributes) : epsilon(attributes.real("epsilon")) {}
  float epsilon;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long width = shape.back();
    const RowParts parts(sizeOf(shape) / width, width);
    float* y = run.output(0, shape);
    float* moments = run.output(1, {parts.rows, 2});
    const float* z = run.floats(0);
    const float* gain = run.floats(1);
    const float* shift = run.floats(2);
    eachPart(parts.count, [&](long part) {
      for (long row = parts.from(part); row < parts.to(part); row++)
        normRow(z + row * width, width, epsilon, gain, shift, y + row * width, moments + 2 * row);
    });
  }
};

/// dy, z, moments, gain → dz, dgain, dshift.
struct LayerNormGrad {
  explicit LayerNormGrad(const Attributes&) {}

  void operator()(Run& run) const {
    const Shape shape = run.shape(1);
    const long width = shape.back();
    const RowParts parts(sizeOf(shape) / width, width);
    float* dz = run.outputOver({0}, 0, shape);
    float* dgain = run.output(1, {width});
    float* dshift = run.output(2, {width});
    const float* dy = run.floats(0);
    const float* z = run.floats(1);
    const float* moments = run.floats(2);
    const float* gain = run.floats(3);
    ColumnSums gains(parts, width);
    ColumnSums shifts(parts, width);
    eachPart(parts.count, [&](long part) {
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * width;
        normRowGrad(dy + at, z + at, moments + 2 * row, width, gain, dz + at, gains.of(part), shifts.of(part));
      }
    });
    gains.into(dgain);
    shifts.into(dshift);
  }
};

/// x, bias, residual, gain, shift, state → y, z = dropout(x + bias) + residual, moments.
struct ResidualNorm {
  explicit ResidualNorm(const Attributes& attributes)
      : epsilon(attributes.real("epsilon")), dropout(dropoutOf(attributes)) {}
  float epsilon;
  Dropout dropout;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long width = shape.back();
    const RowParts parts(sizeOf(shape) / width, width);
    float* z = run.outputOver({0}, 1, shape);
    float* y = run.output(0, shape);
    float* moments = run.output(2, {parts.rows, 2});
    const float* x = run.floats(0);
    const float* bias = run.floats(1);
    const float* residual = run.floats(2);
    const float* gain = run.floats(3);
    const float* shift = run.floats(4);
    Dropout drawn = dropout;
    seedDropout(drawn, run.ints(5));
    eachPart(parts.count, [&](long part) {
      std::vector<float> room(factorRoom(width));
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * width;
        if (drawn.on()) {
          const float* factors = drawn.factors(at, width, room.data());
          along(width, [&](long column, auto lane) {
            const Floats kept = (lane.load(x + at + column) + lane.load(bias + column)) * lane.load(factors + column);
            lane.store(z + at + column, kept + lane.load(residual + at + column));
          });
        } else {
          along(width, [&](long column, auto lane) {
            const Floats sum = lane.load(x + at + column) + lane.load(bias + column);
            lane.store(z + at + column, sum + lane.load(residual + at + column));
          });
        }
        normRow(z + at, width, epsilon, gain, shift, y + at, moments + 2 * row);
      }
    });
  }
};

/// dy, z, moments, gain, state → dresidual, dx, dbias, dgain, dshift.
struct ResidualNormGrad {
  explicit ResidualNormGrad(const Attributes& attributes) : dropout(dropoutOf(attributes)) {}
  Dropout dropout;

  void operator()(Run& run) const {
    const Shape shape = run.shape(1);
    const long width = shape.back();
    const RowParts parts(sizeOf(shape) / width, width);
    float* dz = run.outputOver({0}, 0, shape);
    float* dx = run.outputOver({1}, 1, shape);
    float* dbias = run.output(2, {width});
    float* dgain = run.output(3, {width});
    float* dshift = run.output(4, {width});
    const float* dy = run.floats(0);
    const float* z = run.floats(1);
    const float* moments = run.floats(2);
    const float* gain = run.floats(3);
    Dropout drawn = dropout;
    seedDropout(drawn, run.ints(4));
    ColumnSums biases(parts, width);
    ColumnSums gains(parts, width);
    ColumnSums shifts(parts, width);
    eachPart(parts.count, [&](long part) {
      std::vector<float> room(factorRoom(width), 1.0f);
      float* bias = biases.of(part);
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * width;
        normRowGrad(dy + at, z + at, moments + 2 * row, width, gain, dz + at, gains.of(part), shifts.of(part));
        const float* factors = drawn.on() ? drawn.factors(at, width, room.data()) : room.data();
        along(width, [&](long column, auto lane) {
          const Floats d = lane.load(dz + at + column) * lane.load(factors + column);
          lane.store(dx + at + column, d);
          lane.store(bias + column, lane.load(bias + column) + d);
        });
      }
    });
    biases.into(dbias);
    gains.into(dgain);
    shifts.into(dshift);
  }
};

}  // namespace

void provideNorm() {
  provide<LayerNorm>(
      {"AttuneLayerNorm",
       {"z: float", "gain: float", "shift: float"},
       {"y: float", "moments: float"},
       {"epsilon: float"}});
  provide<LayerNormGrad>(
      {"AttuneLayerNormGrad",
       {"dy: float", "z: float", "moments: float", "gain: float"},
       {"dz: float", "dgain: float", "dshift: float"},
       {}});
  provide<ResidualNorm>(
      {"AttuneResidualNorm",
       {"x: float", "bias: float", "residual: float", "gain: float", "shift: float", "state: int32"},
       {"y: float", "z: float", "moments: float"},
       {"epsilon: float", "stream: int", "threshold: int", "scale: float"}});
  provide<ResidualNormGrad>(
      {"AttuneResidualNormGrad",
       {"dy: float", "z: float", "moments: float", "gain: float", "state: int32"},
       {"dresidual: float", "dx: float", "dbias: float", "dgain: float", "dshift: float"},
       {"stream: int", "threshold: int", "scale: float"}});
}
