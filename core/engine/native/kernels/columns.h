// Sums over the rows of a matrix that is walked through in parts, such as the gradient of a bias.
#pragma once
#include <vector>

#include "pool.h"
#include "vector.h"

/// The parts that rows are walked through in: they depend on the matrix alone, so sums come out the same whatever the
/// number of threads.
struct RowParts {
  long rows;
  long count;
  RowParts(long rows, long width) : rows(rows) {
    const long worthwhile = rows * width / 32768 + 1;
    count = worthwhile < 16 ? worthwhile : 16;
    if (count > rows) count = rows > 0 ? rows : 1;
  }
  long from(long part) const { return rows * part / count; }
  long to(long part) const { return rows * (part + 1) / count; }
};

/// One row of sums for each part.
class ColumnSums {
 public:
  ColumnSums(const RowParts& parts, long width) : parts_(parts.count), width_(width), sums_(parts.count * width) {}
  float* of(long part) { return sums_.data() + part * width_; }
  /// Adds the parts up, in their order.
  void into(float* total) const {
    along(width_, [&](long column, auto lane) {
      Floats sum{};
      for (long part = 0; part < parts_; part++) sum += lane.load(sums_.data() + part * width_ + column);
      lane.store(total + column, sum);
    });
  }

 private:
  long parts_;
  long width_;
  std::vector<float> sums_;
};
