// y = x·Wᵀ for few rows of x: what it takes is the reading of W, so each element is read once, one row behind the other.
#include "kernel.h"
#include "operations.h"
#include "pool.h"
#include "vector.h"

namespace {

/// Rows of x that are worked on beside each other, their sums in registers.
constexpr long together = 4;
/// Rows of W that share what is loaded of x, where so many rows of that are there; with fewer it is quicker to read W in
/// the order in which it lies.
constexpr long side = 4;
/// Bytes of W that one thread takes at a time.
constexpr long portion = 128 * 1024;

/// `count` rows of x with `beside` rows of W.
template <long count, long beside, class Weight>
INLINE void multiply(const float* x, const Weight* w, long in, float* y, long out) {
  Floats sums[count][beside] = {};
  along(in, [&](long column, auto lane) {
    Floats weights[beside];
    for (long j = 0; j < beside; j++) weights[j] = lane.load(w + j * in + column);
    for (long i = 0; i < count; i++) {
      const Floats given = lane.load(x + i * in + column);
      for (long j = 0; j < beside; j++) sums[i][j] += given * weights[j];
    }
  });
  for (long i = 0; i < count; i++)
    for (long j = 0; j < beside; j++) y[i * out + j] = sumOf(sums[i][j]);
}

/// One with one: four sums, or each addition would wait for the one before.
template <class Weight>
INLINE void multiplyOne(const float* x, const Weight* w, long in, float* y) {
  Floats sums[4] = {};
  long column = 0;
  for (; column + 4 * lanes <= in; column += 4 * lanes)
    for (long i = 0; i < 4; i++)
      sums[i] += Whole{}.load(x + column + i * lanes) * Whole{}.load(w + column + i * lanes);
  along(in - column, [&](long rest, auto lane) {
    sums[0] += lane.load(x + column + rest) * lane.load(w + column + rest);
  });
  *y = sumOf((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

template <long beside, class Weight>
void multiplyAll(const float* x, long rows, const Weight* w, long in, float* y, long out) {
  for (; rows >= together; rows -= together, x += together * in, y += together * out)
    multiply<together, beside>(x, w, in, y, out);
  if (rows == 3) multiply<3, beside>(x, w, in, y, out);
  if (rows == 2) multiply<2, beside>(x, w, in, y, out);
  if (rows == 1) multiply<1, beside>(x, w, in, y, out);
}

/// x [rows, in], weight [out, in] in float or bfloat16 → y [rows, out]. Sums are in float.
struct FewRows {
  explicit FewRows(const Attributes&) {}

  void operator()(Run& run) const {
    if (run.halved(1)) apply<Half>(run);
    else apply<float>(run);
  }

  template <class Weight>
  static void apply(Run& run) {
    const Shape given = run.shape(0);
    const Shape shape = run.shape(1);
    demand(given.size() == 2 && shape.size() == 2 && given[1] == shape[1], "rows are as long as those of the weight");
    const long rows = given[0];
    const long in = given[1];
    const long out = shape[0];
    float* y = run.output(0, {rows, out});
    const float* x = run.floats(0);
    const Weight* w = run.data<Weight>(1);
    const long grain = portion / static_cast<long>(sizeof(Weight)) / (in > 0 ? in : 1) / side * side;
    const auto range = [&](long from, long to) {
      long row = from;
      if (rows == 1)
        for (; row < to; row++) multiplyOne(x, w + row * in, in, y + row);
      if (rows >= together)
        for (; row + side <= to; row += side) multiplyAll<side>(x, rows, w + row * in, in, y + row, out);
      for (; row < to; row++) multiplyAll<1>(x, rows, w + row * in, in, y + row, out);
    };
    eachRange(out, grain < side ? side : grain, range, true);
  }
};

}  // namespace

void provideFewRows() {
  provide<FewRows>({"AttuneFewRows", {"x: float", "weight: T"}, {"y: float"}, {"T: {float, bfloat16}"}});
}
