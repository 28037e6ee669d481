// The recurrence of an LSTM layer over a batch of sequences. What is large outside of it, the product of all steps' inputs
// with their weight, is a matrix product of TensorFlow's.
#include "lstm.h"

#include "operations.h"
#include "steps.h"

namespace {

/// projected [batch, steps, 4·units], the inputs' products; weight [4·units, units]; bias [4·units]; h and c [batch,
/// units] to begin with; lengths [batch]. → y [batch, steps, units], zero behind a row's end; h and c at the rows' ends;
/// and for the gradient the gates' values, like `projected`, and c after each step, like y.
struct Lstm {
  explicit Lstm(const Attributes& attributes) : reverse(attributes.whole("reverse") != 0) {}
  bool reverse;

  struct Tensors {
    const float *bias, *c0;
    const int32_t* lengths;
    float *y, *h, *c, *gates, *cells;
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
    all.c = run.output(2, {course.batch, course.width});
    all.gates = run.outputOver({0}, 3, shape);
    all.cells = run.output(4, {course.batch, course.steps, course.width});
    all.projected = run.floats(0);
    all.bias = run.floats(2);
    all.c0 = run.floats(4);
    all.lengths = run.ints(5);
    work(course, run.floats(1), run.floats(3), all);
  }

  static void work(const Course& course, const float* weight, const float* h0, const Tensors& all) {
    const Panels panels = forwardPanels(course, weight);
    // What a step reads and what it writes, in turns.
    Tiles hidden[2] = {{course.batch, course.groups()}, {course.batch, course.groups()}};
    fillTiles(course, h0, hidden[0]);
    Aligned cells = paddedRows(course, all.c0);
    const long size = course.batch * panelWidth;
    Aligned products(course.parts() * gateCount * size);
    eachStep(course.steps, course.parts(), [&](long step, long part) {
      float* product = products.at(part * gateCount * size);
      for (long gate = 0; gate < gateCount; gate++)
        multiply(hidden[step % 2], panels.of(part * gateCount + gate), product + gate * size);
      advance(course, step, part, product, cells, hidden[step % 2], hidden[1 - step % 2], all);
    });
  }

  static INLINE void fetchRow(const Course& course, long step, long part, long row, const Tensors& all) {
    if (row >= course.batch) return;
    const long count = course.count(part);
    const long at = course.place(row, step);
    for (long gate = 0; gate < gateCount; gate++)
      fetch(all.projected + (at * gateCount + gate) * course.width + course.first(part), count);
    fetchToWrite(all.y + at * course.width + course.first(part), count);
    fetchToWrite(all.cells + at * course.width + course.first(part), count);
  }

  /// The part's units a step on, from h·weightᵀ.
  static void advance(
      const Course& course, long step, long part, const float* product, Aligned& cells, const Tiles& before,
      Tiles& after, const Tensors& all) {
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
          float* kept = cells.at(row * course.padded() + unit);
          Floats c = Whole{}.load(kept);
          Floats h = Whole{}.load(before.place(block, row, unit / lanes));
          if (living) {
            Floats value[gateCount];
            for (long gate = 0; gate < gateCount; gate++) {
              const long place = at * gateCount * width + gate * width + unit;
              value[gate] = Whole{}.load(product + (gate * course.batch + row) * panelWidth + column) +
                            lane.load(all.projected + place) + lane.load(all.bias + gate * width + unit);
              value[gate] = gate == cell ? tanhOf(value[gate]) : logisticOf(value[gate]);
              lane.store(all.gates + place, value[gate]);
            }
            c = value[forget] * c + value[in] * value[cell];
            h = value[out] * tanhOf(c);
          }
          Whole{}.store(kept, c);
          lane.store(all.cells + at * width + unit, c);
          lane.store(all.y + at * width + unit, living ? h : Floats{});
          Whole{}.store(after.place(block, row, unit / lanes), h);
          if (step + 1 < course.steps) return;
          lane.store(all.h + row * width + unit, h);
          lane.store(all.c + row * width + unit, c);
        });
      }
  }
};

}  // namespace

void provideLstm() {
  provide<Lstm>(
      {"AttuneLstm",
       {"projected: float", "weight: float", "bias: float", "h0: float", "c0: float", "lengths: int32"},
       {"y: float", "h: float", "c: float", "gates: float", "cells: float"},
       {"reverse: int"}});
}
