// The gradient of an embedding, kept as short as the batch: rows of the table that no token named are all zero.
#include <algorithm>

#include "kernel.h"
#include "operations.h"
#include "pool.h"

namespace {

/// rows [n, width], ids [n] below `count` → sums [n, width] and slots [count]: slots[id] is the row of `sums` that holds
/// the sum of all rows of that id, or −1; rows of `sums` beyond the number of ids are zero.
struct RowSums {
  explicit RowSums(const Attributes& attributes) : count(attributes.whole("count")) {}
  int count;

  void operator()(Run& run) const {
    const Shape shape = run.shape(0);
    const long n = shape[0];
    const long width = shape[1];
    float* sums = run.output(0, shape);
    int32_t* slots = run.intOutput(1, {count});
    const float* rows = run.floats(0);
    const int32_t* ids = run.ints(1);
    std::fill(slots, slots + count, -1);

    // The rows of each slot, one behind the other in the order in which they came.
    std::vector<long> begins{0};
    std::vector<int32_t> slotOf(n);
    for (long i = 0; i < n; i++) {
      demand(ids[i] >= 0 && ids[i] < count, "an id is not in the table");
      int32_t& slot = slots[ids[i]];
      if (slot < 0) {
        slot = static_cast<int32_t>(begins.size()) - 1;
        begins.push_back(0);
      }
      slotOf[i] = slot;
      begins[slot + 1]++;
    }
    const long used = static_cast<long>(begins.size()) - 1;
    for (long slot = 0; slot < used; slot++) begins[slot + 1] += begins[slot];
    std::vector<long> members(n);
    std::vector<long> next(begins.begin(), begins.end() - 1);
    for (long i = 0; i < n; i++) members[next[slotOf[i]]++] = i;

    // Blocks of columns too: where all tokens are of one type, one slot has all rows.
    constexpr long block = 256;
    const long blocks = (width + block - 1) / block;
    eachRange(n * blocks, 64, [&](long from, long to) {
      for (long unit = from; unit < to; unit++) {
        const long slot = unit / blocks;
        const long column = unit % blocks * block;
        const long length = std::min(block, width - column);
        float* sum = sums + slot * width + column;
        std::fill(sum, sum + length, 0.0f);
        if (slot >= used) continue;
        for (long at = begins[slot]; at < begins[slot + 1]; at++) {
          const float* row = rows + members[at] * width + column;
          along(length, [&](long i, auto lane) { lane.store(sum + i, lane.load(sum + i) + lane.load(row + i)); });
        }
      }
    });
  }
};

}  // namespace

void provideRowSums() {
  provide<RowSums>(
      {"AttuneRowSums", {"rows: float", "ids: int32"}, {"sums: float", "slots: int32"}, {"count: int"}});
}
