// The gradient of a GRU layer's recurrence: what the weights and the layer below get of it are matrix products of
// TensorFlow's, over all steps at once.
#include "gru.h"
#include "operations.h"
#include "steps.h"

namespace {

/// dy and dh like y and h; gates, inner and y as Gru gave them; weight, h0 and lengths as it was given them.
/// → dprojected, and dhidden of the state's products, both like the gates; h before each step [batch, steps, units],
/// which the weight's gradient needs; dbias_ih and dbias_hh; dh0.
struct GruGrad {
  explicit GruGrad(const Attributes& attributes) : reverse(attributes.whole("reverse") != 0) {}
  bool reverse;

  struct Tensors {
    const float *dy, *dh, *gates, *inner, *y, *h0;
    const int32_t* lengths;
    float *slopes, *hiddenSlopes, *before, *dbias, *dhiddenBias, *dh0;
  };

  void operator()(Run& run) const {
    const Shape shape = run.shape(2);
    demand(shape.size() == 3, "gates have three axes");
    const Course course(shape, gateCount, reverse);
    demandCourse(run, course, run.shape(5), 7);
    const long biases = gateCount * course.width;
    Tensors all;
    all.slopes = run.outputOver({2}, 0, shape);
    all.hiddenSlopes = run.output(1, shape);
    all.before = run.output(2, {course.batch, course.steps, course.width});
    all.dbias = run.output(3, {biases});
    all.dhiddenBias = run.output(4, {biases});
    all.dh0 = run.output(5, {course.batch, course.width});
    all.dy = run.floats(0);
    all.dh = run.floats(1);
    all.gates = run.floats(2);
    all.inner = run.floats(3);
    all.y = run.floats(4);
    all.h0 = run.floats(6);
    all.lengths = run.ints(7);
    std::fill(all.dbias, all.dbias + biases, 0.0f);
    std::fill(all.dhiddenBias, all.dhiddenBias + biases, 0.0f);
    work(course, run.floats(5), all);
  }

  static void work(const Course& course, const float* weight, const Tensors& all) {
    const Panels panels = backwardPanels(course, weight);
    const long groups = course.groups() * gateCount;
    Tiles slopes[2] = {{course.batch, groups}, {course.batch, groups}};
    // What of dh goes past the products to the step before.
    Aligned carried = paddedRows(course, all.dh);
    const long size = course.batch * panelWidth;
    Aligned products(course.parts() * size);
    // Backwards through the steps, and then what is left for the state that they began with.
    eachStep(course.steps + 1, course.parts(), [&](long turn, long part) {
      const long step = course.steps - 1 - turn;
      float* product = products.at(part * size);
      if (turn > 0) multiply(slopes[turn % 2], panels.of(part), product);
      if (step >= 0) retreat(course, step, part, product, carried, slopes[1 - turn % 2], all);
      else finish(course, part, product, carried, all);
    });
  }

  static INLINE void fetchRow(const Course& course, long step, long part, long row, const Tensors& all) {
    if (row >= course.batch) return;
    const long first = course.first(part);
    const long count = course.count(part);
    const long at = course.place(row, step);
    for (long gate = 0; gate < gateCount; gate++) {
      fetch(all.gates + (at * gateCount + gate) * course.width + first, count);
      fetchToWrite(all.hiddenSlopes + (at * gateCount + gate) * course.width + first, count);
    }
    fetch(all.dy + at * course.width + first, count);
    fetch(all.inner + at * course.width + first, count);
    if (step > 0) fetch(all.y + course.place(row, step - 1) * course.width + first, count);
    fetchToWrite(all.before + at * course.width + first, count);
  }

  /// The slopes of the part's gates at a step, from what the step after it gives: product + carried is its dh.
  static void retreat(
      const Course& course, long step, long part, const float* product, Aligned& carried, Tiles& slopes,
      const Tensors& all) {
    const long first = course.first(part);
    const long width = course.width;
    for (long row = 0; row < rowsAhead; row++) fetchRow(course, step, part, row, all);
    for (long block = 0; block < slopes.blocks; block++)
      for (long row = slopes.from(block); row < slopes.from(block + 1); row++) {
        const long at = course.place(row, step);
        const bool living = course.time(step) < all.lengths[row];
        // A row that has not begun yet, read backwards, has what it was given; behind its end nobody asks.
        const bool begun = step > 0 && course.time(step - 1) < all.lengths[row];
        const float* former = begun ? all.y + course.place(row, step - 1) * width : all.h0 + row * width;
        fetchRow(course, step, part, row + rowsAhead, all);
        along(course.count(part), [&](long column, auto lane) {
          const long unit = first + column;
          float* past = carried.at(row * course.padded() + unit);
          Floats dh = Whole{}.load(product + row * panelWidth + column) + Whole{}.load(past);
          const Floats h = lane.load(former + unit);
          Floats d[gateCount] = {};
          Floats dinner{};
          if (living) {
            dh += lane.load(all.dy + at * width + unit);
            Floats value[gateCount];
            for (long gate = 0; gate < gateCount; gate++)
              value[gate] = lane.load(all.gates + (at * gateCount + gate) * width + unit);
            d[fresh] = dh * (1.0f - value[update]) * (1.0f - value[fresh] * value[fresh]);
            d[update] = dh * (h - value[fresh]) * value[update] * (1.0f - value[update]);
            d[reset] = d[fresh] * lane.load(all.inner + at * width + unit) * value[reset] * (1.0f - value[reset]);
            dinner = d[fresh] * value[reset];
            dh *= value[update];
          }
          Whole{}.store(past, dh);
          lane.store(all.before + at * width + unit, h);
          for (long gate = 0; gate < gateCount; gate++) {
            const long place = (at * gateCount + gate) * width + unit;
            const Floats hidden = gate == fresh ? dinner : d[gate];
            float* sum = all.dbias + gate * width + unit;
            float* hiddenSum = all.dhiddenBias + gate * width + unit;
            lane.store(sum, lane.load(sum) + d[gate]);
            lane.store(hiddenSum, lane.load(hiddenSum) + hidden);
            lane.store(all.slopes + place, d[gate]);
            lane.store(all.hiddenSlopes + place, hidden);
            Whole{}.store(slopes.place(block, row, unit / lanes * gateCount + gate), hidden);
          }
        });
      }
  }

  static void finish(
      const Course& course, long part, const float* product, const Aligned& carried, const Tensors& all) {
    for (long row = 0; row < course.batch; row++)
      along(course.count(part), [&](long column, auto lane) {
        const long unit = course.first(part) + column;
        const Floats past = Whole{}.load(carried.at(row * course.padded() + unit));
        lane.store(all.dh0 + row * course.width + unit, Whole{}.load(product + row * panelWidth + column) + past);
      });
  }
};

}  // namespace

void provideGruGrad() {
  provide<GruGrad>(
      {"AttuneGruGrad",
       {"dy: float", "dh: float", "gates: float", "inner: float", "y: float", "weight: float", "h0: float",
        "lengths: int32"},
       {"dprojected: float", "dhidden: float", "before: float", "dbias_ih: float", "dbias_hh: float", "dh0: float"},
       {"reverse: int"}});
}
