// Products with one matrix many times over, a few rows at a time, as a recurrence has them: the matrix is packed once.
#pragma once
#include <vector>

#include "vector.h"

#if defined(__AVX512F__)
constexpr long registerLanes = 16;
constexpr long panelWidth = 32;
constexpr long mostRows = 12;
#elif defined(__AVX__)
constexpr long registerLanes = 8;
constexpr long panelWidth = 16;
constexpr long mostRows = 6;
#else
constexpr long registerLanes = 4;
constexpr long panelWidth = 16;
constexpr long mostRows = 3;
#endif
typedef float Register __attribute__((vector_size(registerLanes * sizeof(float))));
typedef float UnalignedRegister __attribute__((vector_size(registerLanes * sizeof(float)), aligned(4), may_alias));

INLINE long groupsOf(long width) { return (width + lanes - 1) / lanes; }

/// Zeros to begin with; the first one lies at the beginning of a cache line.
class Aligned {
 public:
  explicit Aligned(long count) : room_(count + lanes) {
    const uintptr_t at = reinterpret_cast<uintptr_t>(room_.data());
    first_ = reinterpret_cast<float*>((at + 63) / 64 * 64);
  }
  Aligned(Aligned&&) = default;
  float* at(long index) { return first_ + index; }
  const float* at(long index) const { return first_ + index; }

 private:
  std::vector<float> room_;
  float* first_;
};

/// The left factor, [rows, 16·groups]: blocks of at most `mostRows` rows, each as [groups, its rows, 16]. What is beyond
/// the end of a row stays zero.
class Tiles {
 public:
  Tiles(long rows, long groups)
      : rows(rows), groups(groups), blocks((rows + mostRows - 1) / mostRows), values_(rows * groups * lanes) {}
  long from(long block) const { return rows * block / blocks; }
  long count(long block) const { return from(block + 1) - from(block); }
  const float* of(long block) const { return values_.at(from(block) * groups * lanes); }
  /// The sixteen numbers of a row of a block.
  float* place(long block, long row, long group) { return values_.at(index(block, row, group)); }
  const float* place(long block, long row, long group) const { return values_.at(index(block, row, group)); }

  const long rows;
  const long groups;
  const long blocks;

 private:
  long index(long block, long row, long group) const {
    return (from(block) * groups + group * count(block) + row - from(block)) * lanes;
  }

  Aligned values_;
};

/// The right factor, [16·groups, columns], as panels of `panelWidth` columns, each [16·groups, panelWidth].
class Panels {
 public:
  Panels(long groups, long count) : groups(groups), values_(count * groups * lanes * panelWidth) {}
  const float* of(long panel) const { return values_.at(panel * groups * lanes * panelWidth); }
  float* place(long panel, long row) { return values_.at((panel * groups * lanes + row) * panelWidth); }

  const long groups;

 private:
  Aligned values_;
};

template <long rows>
void multiplyRows(const float* left, const float* panel, long groups, float* product) {
  constexpr long registers = panelWidth / registerLanes;
  Register sums[rows][registers] = {};
  for (long group = 0; group < groups; group++, left += rows * lanes) {
    for (long i = 0; i < lanes; i++, panel += panelWidth) {
      Register right[registers];
      for (long j = 0; j < registers; j++)
        right[j] = *reinterpret_cast<const Register*>(panel + j * registerLanes);
      for (long row = 0; row < rows; row++)
        for (long j = 0; j < registers; j++) sums[row][j] += right[j] * left[row * lanes + i];
    }
  }
  for (long row = 0; row < rows; row++)
    for (long j = 0; j < registers; j++)
      *reinterpret_cast<UnalignedRegister*>(product + row * panelWidth + j * registerLanes) = sums[row][j];
}

template <long rows>
INLINE void multiplyBlock(long count, const float* left, const float* panel, long groups, float* product) {
  if constexpr (rows > 1) {
    if (count < rows) return multiplyBlock<rows - 1>(count, left, panel, groups, product);
  }
  multiplyRows<rows>(left, panel, groups, product);
}

/// All rows times one panel → product [rows, panelWidth].
inline void multiply(const Tiles& left, const float* panel, float* product) {
  for (long block = 0; block < left.blocks; block++)
    multiplyBlock<mostRows>(
        left.count(block), left.of(block), panel, left.groups, product + left.from(block) * panelWidth);
}
