// √Σg² over all gradients, and AdamW on all variables at once: the gradients are read twice, all else once.
#include <cmath>

#include "kernel.h"
#include "operations.h"
#include "pool.h"

namespace {

/// Elements of a list of tensors, cut into pieces that do not depend on the number of threads.
struct Piece {
  long tensor;
  long from;
  long to;
};
constexpr long pieceSize = 32768;

void addPieces(std::vector<Piece>& pieces, long tensor, long size, long step) {
  for (long from = 0; from < size; from += step) pieces.push_back({tensor, from, from + step < size ? from + step : size});
}

/// N gradients → [].
struct GlobalNorm {
  explicit GlobalNorm(const Attributes& attributes) : count(attributes.whole("N")) {}
  int count;

  void operator()(Run& run) const {
    std::vector<Piece> pieces;
    std::vector<const float*> grads;
    for (int i = 0; i < count; i++) {
      addPieces(pieces, i, sizeOf(run.shape(i)), pieceSize);
      grads.push_back(run.floats(i));
    }
    std::vector<double> squares(pieces.size());
    eachPart(static_cast<long>(pieces.size()), [&](long i) {
      const Piece& piece = pieces[i];
      const float* grad = grads[piece.tensor] + piece.from;
      Floats sum{};
      along(piece.to - piece.from, [&](long column, auto lane) {
        const Floats g = lane.load(grad + column);
        sum += g * g;
      });
      squares[i] = sumOf(sum);
    });
    double total = 0;
    for (const double square : squares) total += square;
    *run.output(0, {}) = static_cast<float>(std::sqrt(total));
  }
};

/// The numbers of a step: see AdamWScalars in core/engine/engine.ts.
struct Step {
  float gradScale;
  float learningRate;
  float stepSize;
  float epsilonHat;
};

struct Rule {
  explicit Rule(const Attributes& attributes)
      : beta1(attributes.real("beta1")),
        beta2(attributes.real("beta2")),
        rest1(attributes.real("rest1")),
        rest2(attributes.real("rest2")) {}
  float beta1;
  float beta2;
  /// 1 − β, which float32 cannot compute from β.
  float rest1;
  float rest2;

  /// Moves `count` elements; `grad` null stands for zeros.
  void move(const Step& step, float decay, float* w, float* m, float* v, const float* grad, long count) const {
    const float kept = 1.0f - step.learningRate * decay;
    along(count, [&](long i, auto lane) {
      Floats first = lane.load(m + i) * beta1;
      Floats second = lane.load(v + i) * beta2;
      if (grad) {
        const Floats g = lane.load(grad + i) * step.gradScale;
        first += g * rest1;
        second += g * g * rest2;
      }
      lane.store(m + i, first);
      lane.store(v + i, second);
      lane.store(w + i, lane.load(w + i) * kept - step.stepSize * first / (rootOf(second) + step.epsilonHat));
    });
  }
};

/// N variables, their two moments and gradients, then grad_scale, learning_rate, step_size and epsilon_hat, all [].
/// A gradient may be in the form of row-sums.cc: then its `slots` are the row numbers of its table, else [0].
struct AdamW : Rule {
  explicit AdamW(const Attributes& attributes)
      : Rule(attributes), count(attributes.whole("N")), decays(attributes.reals("decays")) {}
  int count;
  std::vector<float> decays;

  void operator()(Run& run) const {
    std::vector<float*> weights;
    std::vector<float*> firsts;
    std::vector<float*> seconds;
    std::vector<const float*> grads;
    std::vector<const int32_t*> slots;
    std::vector<long> widths;
    std::vector<Piece> pieces;
    for (int i = 0; i < count; i++) {
      weights.push_back(run.variable(i));
      firsts.push_back(run.variable(count + i));
      seconds.push_back(run.variable(2 * count + i));
      const Shape shape = run.shape(3 * count + i);
      const long rows = run.shape(4 * count + i)[0];
      grads.push_back(run.floats(3 * count + i));
      slots.push_back(rows > 0 ? run.ints(4 * count + i) : nullptr);
      widths.push_back(rows > 0 ? shape[1] : 1);
      const long size = rows > 0 ? rows : sizeOf(shape);
      addPieces(pieces, i, size, rows > 0 ? pieceSize / widths[i] + 1 : pieceSize);
    }
    const Step step{
        run.scalar(5 * count), run.scalar(5 * count + 1), run.scalar(5 * count + 2), run.scalar(5 * count + 3)};
    eachPart(static_cast<long>(pieces.size()), [&](long i) {
      const auto [tensor, from, to] = pieces[i];
      float* w = weights[tensor];
      float* m = firsts[tensor];
      float* v = seconds[tensor];
      const float* grad = grads[tensor];
      if (!slots[tensor]) return move(step, decays[tensor], w + from, m + from, v + from, grad + from, to - from);
      const long width = widths[tensor];
      for (long row = from; row < to; row++) {
        const int32_t slot = slots[tensor][row];
        const long at = row * width;
        move(step, decays[tensor], w + at, m + at, v + at, slot < 0 ? nullptr : grad + slot * width, width);
      }
    });
    *run.output(0, {}) = 0;
  }
};

}  // namespace

void provideOptimizer() {
  provide<GlobalNorm>({"AttuneGlobalNorm", {"grads: N * float"}, {"norm: float"}, {"N: int"}});
  provide<AdamW>(
      {"AttuneAdamW",
       {"variables: N * resource", "firsts: N * resource", "seconds: N * resource", "grads: N * float",
        "slots: N * int32", "grad_scale: float", "learning_rate: float", "step_size: float", "epsilon_hat: float"},
       {"done: float"},
       {"N: int", "beta1: float", "beta2: float", "rest1: float", "rest2: float", "decays: list(float)"},
       true});
}
