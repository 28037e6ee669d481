// What several tensors of one shape add up to, always in their order. TensorFlow's AddN begins with whichever of them has
// memory to give away, which differs from run to run, and it also makes one of a chain of additions.
#include <algorithm>
#include <numeric>

#include "kernel.h"
#include "operations.h"
#include "pool.h"
#include "vector.h"

namespace {

/// N tensors → their sum.
struct Sum {
  explicit Sum(const Attributes& attributes) : candidates(attributes.whole("N")) {
    std::iota(candidates.begin(), candidates.end(), 0);
  }
  /// Inputs whose memory the sum may lie in: all.
  std::vector<int> candidates;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long size = sizeOf(shape);
    float* sum = run.outputOver(candidates, 0, shape);
    std::vector<const float*> parts;
    for (const int i : candidates) {
      demand(sizeOf(run.shape(i)) == size, "the parts of a sum have different sizes");
      parts.push_back(run.floats(i));
    }
    eachRange(size, 16384, [&](long from, long to) {
      along(to - from, [&](long i, auto lane) {
        Floats total = lane.load(parts[0] + from + i);
        for (size_t part = 1; part < parts.size(); part++) total += lane.load(parts[part] + from + i);
        lane.store(sum + from + i, total);
      });
    });
  }
};

}  // namespace

void provideSum() { provide<Sum>({"AttuneSum", {"parts: N * float"}, {"sum: float"}, {"N: int"}}); }
