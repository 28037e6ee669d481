// Softmax cross-entropy against class ids, and its gradient: the logits are read once each, nothing of their size kept.
#include "columns.h"
#include "kernel.h"
#include "operations.h"

namespace {

/// The share ε of the target that is spread over all classes (torch.nn.CrossEntropyLoss, label_smoothing).
struct Smoothing {
  explicit Smoothing(const Attributes& attributes) : share(attributes.real("smoothing")) {}
  float share;
};

/// logits [n, classes], labels [n] → loss [n] in nats, ln Σeᶻ [n].
struct CrossEntropy : Smoothing {
  using Smoothing::Smoothing;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long rows = shape[0];
    const long classes = shape[1];
    float* loss = run.output(0, {rows});
    float* logSum = run.output(1, {rows});
    const float* logits = run.floats(0);
    const int32_t* labels = run.ints(1);
    for (long row = 0; row < rows; row++)
      demand(labels[row] >= 0 && labels[row] < classes, "a label is not among the classes");
    const RowParts parts(rows, classes);
    eachPart(parts.count, [&](long part) {
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const float* z = logits + row * classes;
        Floats most = all(-INFINITY);
        Floats total{};
        along(classes, [&](long column, auto lane) {
          const Floats v = lane.load(z + column);
          most = largest(most, lane.inside(v, -INFINITY));
          total += v;
        });
        const float top = largestOf(most);
        Floats powers{};
        along(classes, [&](long column, auto lane) {
          powers += lane.inside(expOf(lane.load(z + column) - top), 0);
        });
        logSum[row] = top + std::log(sumOf(powers));
        const float mean = sumOf(total) / static_cast<float>(classes);
        loss[row] = logSum[row] - (1.0f - share) * z[labels[row]] - share * mean;
      }
    });
  }
};

/// dloss [n], logits, labels, ln Σeᶻ → dlogits.
struct CrossEntropyGrad : Smoothing {
  using Smoothing::Smoothing;

  void operator()(Run& run) const {
    const Shape shape = run.shape(1);
    const long classes = shape[1];
    float* dlogits = run.outputOver({1}, 0, shape);
    const float* dloss = run.floats(0);
    const float* logits = run.floats(1);
    const int32_t* labels = run.ints(2);
    const float* logSum = run.floats(3);
    const float spread = share / static_cast<float>(classes);
    const RowParts parts(shape[0], classes);
    eachPart(parts.count, [&](long part) {
      for (long row = parts.from(part); row < parts.to(part); row++) {
        const long at = row * classes;
        along(classes, [&](long column, auto lane) {
          const Floats p = expOf(lane.load(logits + at + column) - logSum[row]);
          lane.store(dlogits + at + column, (p - spread) * dloss[row]);
        });
        dlogits[at + labels[row]] -= (1.0f - share) * dloss[row];
      }
    });
  }
};

}  // namespace

void provideCrossEntropy() {
  provide<CrossEntropy>(
      {"AttuneCrossEntropy",
       {"logits: float", "labels: int32"},
       {"loss: float", "log_sum: float"},
       {"smoothing: float"}});
  provide<CrossEntropyGrad>(
      {"AttuneCrossEntropyGrad",
       {"dloss: float", "logits: float", "labels: int32", "log_sum: float"},
       {"dlogits: float"},
       {"smoothing: float"}});
}
