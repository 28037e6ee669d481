// Softmax cross-entropy against class ids, and beside it the gradient, in the memory of the logits.
#include "columns.h"
#include "kernel.h"
#include "operations.h"

namespace {

/// logits [n, classes], labels [n], weights [n] → loss [n] in nats; and with `slope` weight·(softmax − one-hot), like the
/// logits, else [0].
struct CrossEntropy {
  explicit CrossEntropy(const Attributes& attributes) : slope(attributes.whole("with_slope") != 0) {}
  bool slope;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long rows = shape[0];
    const long classes = shape[1];
    float* loss = run.output(0, {rows});
    float* slopes = slope ? run.outputOver({0}, 1, shape) : run.output(1, {0});
    const float* logits = run.floats(0);
    const int32_t* labels = run.ints(1);
    const float* weights = run.floats(2);
    for (long row = 0; row < rows; row++)
      demand(labels[row] >= 0 && labels[row] < classes, "a label is not among the classes");
    const RowParts parts(rows, classes);
    eachPart(parts.count, [&](long part) {
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const float* z = logits + row * classes;
        Floats most = all(-INFINITY);
        along(classes, [&](long column, auto lane) {
          most = largest(most, lane.inside(lane.load(z + column), -INFINITY));
        });
        const float top = largestOf(most);
        const float atLabel = z[labels[row]];
        float* to = slopes + row * classes;
        Floats powers{};
        along(classes, [&](long column, auto lane) {
          const Floats power = lane.inside(expOf(lane.load(z + column) - top), 0);
          powers += power;
          if (slope) lane.store(to + column, power);
        });
        const float sum = sumOf(powers);
        loss[row] = std::log(sum) - (atLabel - top);
        if (!slope) continue;
        const float share = weights[row] / sum;
        along(classes, [&](long column, auto lane) { lane.store(to + column, lane.load(to + column) * share); });
        to[labels[row]] -= weights[row];
      }
    });
  }
};

}  // namespace

void provideCrossEntropy() {
  provide<CrossEntropy>(
      {"AttuneCrossEntropy",
       {"logits: float", "labels: int32", "weights: float"},
       {"loss: float", "slope: float"},
       {"with_slope: int"}});
}
