// The recurrence of a GRU layer over a batch of sequences. What is large outside of it, the product of all steps' inputs
// with their weight, is a matrix product of TensorFlow's.
#include "gru.h"

#include "operations.h"
#include "steps.h"

namespace {

/// projected [batch, steps, 3·units], the inputs' products; weight [3·units, units]; bias_ih and bias_hh [3·units]; h0
/// [batch, units]; lengths [batch]. → y [batch, steps, units], zero behind a row's end; h at the rows' ends; and for the
/// gradient the gates' values, like `projected`, and what the reset gate is multiplied with, like y.
struct Gru {
  explicit Gru(const Attributes& attributes) : reverse(attributes.whole("reverse") != 0) {}
  bool reverse;

  struct Tensors {
    const float *inputBias, *hiddenBias;
    const int32_t* lengths;
    float *y, *h, *gates, *inner;
    const float* projected;
  };

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    demand(shape.size() == 3, "projected inputs have three axes");
    const Course course(shape, gateCount, reverse);
    demandCourse(run, course, run.shape(1), 5);
    Tensors all;
    all.y = run.output(0, {course.batch, course.steps, course.width});
    all.h = run.output(1, {course.batch, course.width});
    all.gates = run.outputOver({0}, 2, shape);
    all.inner = run.output(3, {course.batch, course.steps, course.width});
    all.projected = run.floats(0);
    all.inputBias = run.floats(2);
    all.hiddenBias = run.floats(3);
    all.lengths = run.ints(5);
    work(course, run.floats(1), run.floats(4), all);
  }

  static void work(const Course& course, const float* weight, const float* h0, const Tensors& all) {
    const Panels panels = forwardPanels(course, weight);
    // What a step reads and what it writes, in turns.
    Tiles hidden[2] = {{course.batch, course.groups()}, {course.batch, course.groups()}};
    fillTiles(course, h0, hidden[0]);
    const long size = course.batch * panelWidth;
    Aligned products(course.parts() * gateCount * size);
    eachStep(course.steps, course.parts(), [&](long step, long part) {
      float* product = products.at(part * gateCount * size);
      for (long gate = 0; gate < gateCount; gate++)
        multiply(hidden[step % 2], panels.of(part * gateCount + gate), product + gate * size);
      advance(course, step, part, product, hidden[step % 2], hidden[1 - step % 2], all);
    });
  }

  static INLINE void fetchRow(const Course& course, long step, long part, long row, const Tensors& all) {
    if (row >= course.batch) return;
    const long count = course.count(part);
    const long at = course.place(row, step);
    for (long gate = 0; gate < gateCount; gate++)
      fetch(all.projected + (at * gateCount + gate) * course.width + course.first(part), count);
    fetchToWrite(all.y + at * course.width + course.first(part), count);
    fetchToWrite(all.inner + at * course.width + course.first(part), count);
  }

  /// The part's units a step on, from h·weightᵀ.
  static void advance(
      const Course& course, long step, long part, const float* product, const Tiles& before, Tiles& after,
      const Tensors& all) {
    const long first = course.first(part);
    const long width = course.width;
    for (long row = 0; row < rowsAhead; row++) fetchRow(course, step, part, row, all);
    for (long block = 0; block < before.blocks; block++)
      for (long row = before.from(block); row < before.from(block + 1); row++) {
        const long at = course.place(row, step);
        const bool living = course.time(step) < all.lengths[row];
        fetchRow(course, step, part, row + rowsAhead, all);
        along(course.count(part), [&](long column, auto lane) {
          const long unit = first + column;
          Floats h = Whole{}.load(before.place(block, row, unit / lanes));
          if (living) {
            const auto place = [&](long gate) { return (at * gateCount + gate) * width + unit; };
            const auto input = [&](long gate) {
              return lane.load(all.projected + place(gate)) + lane.load(all.inputBias + gate * width + unit);
            };
            const auto state = [&](long gate) {
              return Whole{}.load(product + (gate * course.batch + row) * panelWidth + column) +
                     lane.load(all.hiddenBias + gate * width + unit);
            };
            const Floats r = logisticOf(input(reset) + state(reset));
            const Floats z = logisticOf(input(update) + state(update));
            const Floats inner = state(fresh);
            const Floats n = tanhOf(input(fresh) + r * inner);
            lane.store(all.gates + place(reset), r);
            lane.store(all.gates + place(update), z);
            lane.store(all.gates + place(fresh), n);
            lane.store(all.inner + at * width + unit, inner);
            h = n + z * (h - n);
          }
          lane.store(all.y + at * width + unit, living ? h : Floats{});
          Whole{}.store(after.place(block, row, unit / lanes), h);
          if (step + 1 == course.steps) lane.store(all.h + row * width + unit, h);
        });
      }
  }
};

}  // namespace

void provideGru() {
  provide<Gru>(
      {"AttuneGru",
       {"projected: float", "weight: float", "bias_ih: float", "bias_hh: float", "h0: float", "lengths: int32"},
       {"y: float", "h: float", "gates: float", "inner: float"},
       {"reverse: int"}});
}
