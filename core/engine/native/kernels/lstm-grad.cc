// The gradient of an LSTM layer's recurrence: what the weights and the layer below get of it are matrix products of
// TensorFlow's, over all steps at once.
#include "lstm.h"
#include "operations.h"
#include "steps.h"

namespace {

/// dy, dh and dc like y, h and c; gates and cells as Lstm gave them; weight, h0, c0 and lengths as it was given them.
/// → dprojected like the gates; h before each step [batch, steps, units], which the weight's gradient needs; dbias; dh0
/// and dc0.
struct LstmGrad {
  explicit LstmGrad(const Attributes& attributes) : reverse(attributes.whole("reverse") != 0) {}
  bool reverse;

  struct Tensors {
    const float *dy, *dh, *dc, *gates, *cells, *h0, *c0;
    const int32_t* lengths;
    float *slopes, *before, *dbias, *dh0, *dc0;
  };

  void operator()(Run& run) const {
    const Shape shape = run.shape(3);
    demand(shape.size() == 3, "gates have three axes");
    const Course course(shape, gateCount, reverse);
    demandCourse(run, course, run.shape(5), 8);
    Tensors all;
    all.slopes = run.outputOver({3}, 0, shape);
    all.before = run.output(1, {course.batch, course.steps, course.width});
    all.dbias = run.output(2, {gateCount * course.width});
    all.dh0 = run.output(3, {course.batch, course.width});
    all.dc0 = run.output(4, {course.batch, course.width});
    all.dy = run.floats(0);
    all.dh = run.floats(1);
    all.dc = run.floats(2);
    all.gates = run.floats(3);
    all.cells = run.floats(4);
    all.h0 = run.floats(6);
    all.c0 = run.floats(7);
    all.lengths = run.ints(8);
    std::fill(all.dbias, all.dbias + gateCount * course.width, 0.0f);
    work(course, run.floats(5), all);
  }

  static void work(const Course& course, const float* weight, const Tensors& all) {
    const Panels panels = backwardPanels(course, weight);
    const long groups = course.groups() * gateCount;
    Tiles slopes[2] = {{course.batch, groups}, {course.batch, groups}};
    Flow flow(course, all);
    const long size = course.batch * panelWidth;
    Aligned products(course.parts() * size);
    // Backwards through the steps, and then what is left for the state that they began with.
    eachStep(course.steps + 1, course.parts(), [&](long turn, long part) {
      const long step = course.steps - 1 - turn;
      float* product = products.at(part * size);
      if (turn > 0) multiply(slopes[turn % 2], panels.of(part), product);
      if (step >= 0) retreat(course, step, part, product, flow, slopes[1 - turn % 2], all);
      else finish(course, part, product, flow, all);
    });
  }

  /// What goes from a step to the one before, aside from the product: dc, dh of rows that were at their end, and c.
  struct Flow {
    Flow(const Course& course, const Tensors& all)
        : width(course.padded()),
          dc(paddedRows(course, all.dc)),
          carried(paddedRows(course, all.dh)),
          cells(course.batch * width) {
      for (long row = 0; row < course.batch; row++) {
        const float* last = all.cells + course.place(row, course.steps - 1) * course.width;
        std::copy(last, last + course.width, cells.at(row * width));
      }
    }
    const long width;
    Aligned dc;
    Aligned carried;
    Aligned cells;
  };

  static INLINE void fetchRow(const Course& course, long step, long part, long row, const Tensors& all) {
    if (row >= course.batch) return;
    const long first = course.first(part);
    const long count = course.count(part);
    const long at = course.place(row, step);
    for (long gate = 0; gate < gateCount; gate++) fetch(all.gates + (at * gateCount + gate) * course.width + first, count);
    fetch(all.dy + at * course.width + first, count);
    if (step > 0) fetch(all.cells + course.place(row, step - 1) * course.width + first, count);
    if (step + 1 < course.steps) fetchToWrite(all.before + course.place(row, step + 1) * course.width + first, count);
  }

  /// The slopes of the part's gates at a step, from what the step after it gives: product + carried is its dh.
  static void retreat(
      const Course& course, long step, long part, const float* product, Flow& flow, Tiles& slopes, const Tensors& all) {
    const long first = course.first(part);
    const long width = course.width;
    for (long row = 0; row < rowsAhead; row++) fetchRow(course, step, part, row, all);
    for (long block = 0; block < slopes.blocks; block++)
      for (long row = slopes.from(block); row < slopes.from(block + 1); row++) {
        const long at = course.place(row, step);
        const bool living = course.time(step) < all.lengths[row];
        fetchRow(course, step, part, row + rowsAhead, all);
        const float* former = step == 0 ? all.c0 + row * width : all.cells + course.place(row, step - 1) * width;
        along(course.count(part), [&](long column, auto lane) {
          const long unit = first + column;
          float* carried = flow.carried.at(row * flow.width + unit);
          Floats dh = Whole{}.load(product + row * panelWidth + column) + Whole{}.load(carried);
          Floats h = lane.load(all.h0 + row * width + unit);
          const Floats formerCell = lane.load(former + unit);
          float* cells = flow.cells.at(row * flow.width + unit);
          Floats d[gateCount] = {};
          if (living) {
            dh += lane.load(all.dy + at * width + unit);
            float* dc = flow.dc.at(row * flow.width + unit);
            Floats value[gateCount];
            for (long gate = 0; gate < gateCount; gate++)
              value[gate] = lane.load(all.gates + (at * gateCount + gate) * width + unit);
            const Floats bent = tanhOf(Whole{}.load(cells));
            const Floats slope = Whole{}.load(dc) + dh * value[out] * (1.0f - bent * bent);
            d[in] = slope * value[cell] * value[in] * (1.0f - value[in]);
            d[forget] = slope * formerCell * value[forget] * (1.0f - value[forget]);
            d[cell] = slope * value[in] * (1.0f - value[cell] * value[cell]);
            d[out] = dh * bent * value[out] * (1.0f - value[out]);
            Whole{}.store(dc, slope * value[forget]);
            h = value[out] * bent;
          }
          Whole{}.store(cells, formerCell);
          Whole{}.store(carried, living ? Floats{} : dh);
          for (long gate = 0; gate < gateCount; gate++) {
            float* sum = all.dbias + gate * width + unit;
            lane.store(sum, lane.load(sum) + d[gate]);
            lane.store(all.slopes + (at * gateCount + gate) * width + unit, d[gate]);
            Whole{}.store(slopes.place(block, row, unit / lanes * gateCount + gate), d[gate]);
          }
          // A row that has not begun yet, read backwards, has what it was given; behind its end nobody asks.
          if (step + 1 < course.steps) lane.store(all.before + course.place(row, step + 1) * width + unit, h);
          if (step == 0) lane.store(all.before + at * width + unit, lane.load(all.h0 + row * width + unit));
        });
      }
  }

  static void finish(const Course& course, long part, const float* product, Flow& flow, const Tensors& all) {
    for (long row = 0; row < course.batch; row++)
      along(course.count(part), [&](long column, auto lane) {
        const long unit = course.first(part) + column;
        const long at = row * flow.width + unit;
        const Floats dh = Whole{}.load(product + row * panelWidth + column) + Whole{}.load(flow.carried.at(at));
        lane.store(all.dh0 + row * course.width + unit, dh);
        lane.store(all.dc0 + row * course.width + unit, Whole{}.load(flow.dc.at(at)));
      });
  }
};

}  // namespace

void provideLstmGrad() {
  provide<LstmGrad>(
      {"AttuneLstmGrad",
       {"dy: float", "dh: float", "dc: float", "gates: float", "cells: float", "weight: float", "h0: float",
        "c0: float", "lengths: int32"},
       {"dprojected: float", "before: float", "dbias: float", "dh0: float", "dc0: float"},
       {"reverse: int"}});
}
