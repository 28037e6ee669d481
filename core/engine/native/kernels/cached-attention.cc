// Attention of one new token a text over the keys and values that are kept of those before it (core/nn/kv-cache.ts):
// the token's own are written where they belong, then all is read once, where it lies.
#include "kernel.h"
#include "operations.h"
#include "pool.h"
#include "vector.h"

namespace {

/// Where the kept rows lie: [block, batch, head, place in block, size].
struct Cache {
  long batch;
  long heads;
  long size;
  long block;

  /// Where a position's row begins; the rows of its block lie one behind the other.
  long place(long text, long head, long position) const {
    return (((position / block * batch + text) * heads + head) * block + position % block) * size;
  }
  /// Calls step(position, place) for the positions 0 … seen − 1.
  template <class Step>
  INLINE void each(long text, long head, long seen, const Step& step) const {
    for (long from = 0; from < seen; from += block) {
      const long end = from + block < seen ? from + block : seen;
      long at = place(text, head, from);
      for (long position = from; position < end; position++, at += size) step(position, at);
    }
  }
};

/// The scores q·k of the positions 0 … seen − 1, times `factor`; returns the largest.
template <class Element>
float scoresOf(const Cache& cache, const float* q, const Element* keys, long text, long head, long seen, float factor,
               float* scores) {
  float most = -INFINITY;
  cache.each(text, head, seen, [&](long position, long at) {
    Floats sum{};
    along(cache.size, [&](long column, auto lane) { sum += lane.load(q + column) * lane.load(keys + at + column); });
    scores[position] = sumOf(sum) * factor;
    // What is no number stays so.
    if (!(scores[position] <= most)) most = scores[position];
  });
  return most;
}

/// Makes powers of the scores and returns their sum.
float powersOf(float* scores, long seen, float most) {
  Floats sum{};
  along(seen, [&](long column, auto lane) {
    const Floats power = lane.inside(expOf(lane.load(scores + column) - most), 0);
    lane.store(scores + column, power);
    sum += power;
  });
  return sumOf(sum);
}

/// q, k, v [batch, heads, 1, size]; keys and values as Cache says, which are written to; positions [batch] → y like q.
struct CachedAttention {
  explicit CachedAttention(const Attributes& attributes)
      : block(attributes.whole("block")), factor(attributes.real("factor")) {
    demand(block > 0, "a block has a length");
  }
  long block;
  float factor;

  void operator()(Run& run) const {
    if (run.halved(3)) apply<Half>(run);
    else apply<float>(run);
  }

  template <class Element>
  void apply(Run& run) const {
    const Shape shape = run.shape(0);
    demand(shape.size() == 4 && shape[2] == 1, "one token a text is added");
    const Cache cache{shape[0], shape[1], shape[3], block};
    const long positions = sizeOf(run.shape(3)) / (cache.batch * cache.heads * cache.size);
    float* y = run.output(0, shape);
    // They stand for the variables' new values, which nobody reads in this program.
    run.output(1, {0});
    run.output(2, {0});
    const float* q = run.floats(0);
    const float* k = run.floats(1);
    const float* v = run.floats(2);
    Element* keys = run.data<Element>(3);
    Element* values = run.data<Element>(4);
    const int32_t* at = run.ints(5);
    long furthest = 0;
    for (long text = 0; text < cache.batch; text++) {
      demand(at[text] >= 0 && at[text] < positions, "a position lies beyond the cache");
      if (at[text] > furthest) furthest = at[text];
    }
    const long worthwhile = 65536 / ((furthest + 1) * cache.size) + 1;
    const auto range = [&](long from, long to) {
      std::vector<float> scores(furthest + 1);
      for (long row = from; row < to; row++) {
        const long text = row / cache.heads;
        const long head = row % cache.heads;
        const long seen = at[text] + 1;
        const long begin = row * cache.size;
        const long own = cache.place(text, head, at[text]);
        for (long i = 0; i < cache.size; i++) put(keys + own + i, k[begin + i]);
        for (long i = 0; i < cache.size; i++) put(values + own + i, v[begin + i]);
        const float most = scoresOf(cache, q + begin, keys, text, head, seen, factor, scores.data());
        const float share = 1.0f / powersOf(scores.data(), seen, most);
        weigh(cache, scores.data(), share, values, text, head, seen, y + begin);
      }
    };
    eachRange(cache.batch * cache.heads, worthwhile, range, true);
  }

  /// y = Σ share·power·value, four vectors of each value at a time: their sums stay in registers.
  template <class Element>
  static void weigh(const Cache& cache, const float* powers, float share, const Element* values, long text, long head,
                    long seen, float* y) {
    constexpr long abreast = 4;
    long begin = 0;
    for (; begin + abreast * lanes <= cache.size; begin += abreast * lanes) {
      Floats sums[abreast] = {};
      cache.each(text, head, seen, [&](long position, long at) {
        for (long i = 0; i < abreast; i++)
          sums[i] += Whole{}.load(values + at + begin + i * lanes) * powers[position];
      });
      for (long i = 0; i < abreast; i++) Whole{}.store(y + begin + i * lanes, sums[i] * share);
    }
    along(cache.size - begin, [&](long column, auto lane) {
      Floats sum{};
      cache.each(text, head, seen, [&](long position, long at) {
        sum += lane.load(values + at + begin + column) * powers[position];
      });
      lane.store(y + begin + column, sum * share);
    });
  }
};

}  // namespace

void provideCachedAttention() {
  provide<CachedAttention>(
      {"AttuneCachedAttention",
       {"q: float", "k: float", "v: float", "keys: T", "values: T", "positions: int32"},
       {"y: float", "keys_written: float", "values_written: float"},
       {"T: {float, bfloat16}", "block: int", "factor: float"},
       true});
}
