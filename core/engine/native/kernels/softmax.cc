// The middle of attention: dropout(softmax(scores · scale + mask)) over the last axis, and its gradient.
#include "columns.h"
#include "kernel.h"
#include "operations.h"

namespace {

/// Where the row of a mask lies for a row of the scores: axes of length 1 are read again and again.
struct MaskPlace {
  int64_t heads;
  int64_t queries;
  int64_t batchStride;
  int64_t headStride;
  int64_t queryStride;

  MaskPlace(const Shape& scores, const Shape& mask) {
    demand(scores.size() == 4 && mask.size() == 4, "scores and mask have four axes");
    demand(mask[3] == scores[3], "a mask is as long as the keys");
    for (int axis = 0; axis < 3; axis++)
      demand(mask[axis] == 1 || mask[axis] == scores[axis], "a mask's axes are those of the scores or 1");
    heads = scores[1];
    queries = scores[2];
    queryStride = mask[2] == 1 ? 0 : mask[3];
    headStride = mask[1] == 1 ? 0 : mask[2] * mask[3];
    batchStride = mask[0] == 1 ? 0 : mask[1] * mask[2] * mask[3];
  }

  int64_t of(long row) const {
    return row / (heads * queries) * batchStride + row / queries % heads * headStride + row % queries * queryStride;
  }
};

/// scores [batch, heads, queries, keys], mask broadcast to it, state → probabilities, and what dropout leaves of them.
struct AttentionSoftmax {
  explicit AttentionSoftmax(const Attributes& attributes)
      : factor(attributes.real("factor")), dropout(dropoutOf(attributes)) {}
  float factor;
  Dropout dropout;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const MaskPlace place(shape, run.shape(1));
    const long keys = shape[3];
    const RowParts parts(sizeOf(shape) / keys, keys);
    float* y = run.outputOver({0}, 0, shape);
    float* kept = dropout.on() ? run.output(1, shape) : run.output(1, {0});
    const float* scores = run.floats(0);
    const float* mask = run.floats(1);
    Dropout drawn = dropout;
    seedDropout(drawn, run.ints(2));
    eachPart(parts.count, [&](long part) {
      std::vector<float> room(factorRoom(keys));
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * keys;
        softmaxRow(scores + at, mask + place.of(row), keys, y + at);
        if (!drawn.on()) continue;
        const float* factors = drawn.factors(at, keys, room.data());
        along(keys, [&](long column, auto lane) {
          lane.store(kept + at + column, lane.load(y + at + column) * lane.load(factors + column));
        });
      }
    });
  }

  void softmaxRow(const float* scores, const float* mask, long keys, float* y) const {
    Floats most = all(-INFINITY);
    along(keys, [&](long column, auto lane) {
      const Floats score = lane.load(scores + column) * factor + lane.load(mask + column);
      lane.store(y + column, score);
      most = largest(most, lane.inside(score, -INFINITY));
    });
    const float top = largestOf(most);
    Floats sum{};
    along(keys, [&](long column, auto lane) {
      const Floats power = lane.inside(expOf(lane.load(y + column) - top), 0);
      lane.store(y + column, power);
      sum += power;
    });
    const float share = 1.0f / sumOf(sum);
    along(keys, [&](long column, auto lane) { lane.store(y + column, lane.load(y + column) * share); });
  }
};

/// dkept, probabilities, state → dscores.
struct AttentionSoftmaxGrad {
  explicit AttentionSoftmaxGrad(const Attributes& attributes)
      : factor(attributes.real("factor")), dropout(dropoutOf(attributes)) {}
  float factor;
  Dropout dropout;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long keys = shape.back();
    const RowParts parts(sizeOf(shape) / keys, keys);
    float* dscores = run.outputOver({0}, 0, shape);
    const float* dkept = run.floats(0);
    const float* y = run.floats(1);
    Dropout drawn = dropout;
    seedDropout(drawn, run.ints(2));
    eachPart(parts.count, [&](long part) {
      std::vector<float> room(factorRoom(keys), 1.0f);
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * keys;
        const float* factors = drawn.on() ? drawn.factors(at, keys, room.data()) : room.data();
        Floats sum{};
        along(keys, [&](long column, auto lane) {
          const Floats d = lane.load(dkept + at + column) * lane.load(factors + column);
          sum += d * lane.load(y + at + column);
        });
        const float mean = sumOf(sum);
        along(keys, [&](long column, auto lane) {
          const Floats d = lane.load(dkept + at + column) * lane.load(factors + column);
          lane.store(dscores + at + column, (d - mean) * lane.load(y + at + column) * factor);
        });
      }
    });
  }
};

}  // namespace

void provideSoftmax() {
  provide<AttentionSoftmax>(
      {"AttuneAttentionSoftmax",
       {"scores: float", "mask: float", "state: int32"},
       {"probabilities: float", "kept: float"},
       {"factor: float", "stream: int", "threshold: int", "scale: float"}});
  provide<AttentionSoftmaxGrad>(
      {"AttuneAttentionSoftmaxGrad",
       {"dkept: float", "probabilities: float", "state: int32"},
       {"dscores: float"},
       {"factor: float", "stream: int", "threshold: int", "scale: float"}});
}
