#include "random.h"

namespace {

typedef uint64_t Words __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));
constexpr long blocks = 8;
/// Eight draws of 16 bits a block.
constexpr long draws = 8;

/// 32 × 32 → 64 bits, of the lower halves.
INLINE Words product(Words a, Words b) {
#if defined(__AVX512F__)
  return (Words)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#else
  const Words low = Words{} + 0xffffffffull;
  return (a & low) * (b & low);
#endif
}

/// Ten rounds of Philox4x32 (Salmon et al. 2011) on eight counters (block, 0, step, 0), a word to each 64-bit lane.
INLINE void philox(uint64_t block, uint32_t step, uint32_t key0, uint32_t key1, uint64_t* words) {
  Words x0 = Words{0, 1, 2, 3, 4, 5, 6, 7} + block;
  Words x1 = x0 >> 32;
  Words x2 = Words{} + step;
  Words x3{};
  for (int round = 0; round < 10; round++) {
    const Words a = product(x0, Words{} + 0xd2511f53ull);
    const Words b = product(x2, Words{} + 0xcd9e8d57ull);
    x0 = (b >> 32) ^ x1 ^ (Words{} + key0);
    x1 = b;
    x2 = (a >> 32) ^ x3 ^ (Words{} + key1);
    x3 = a;
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  const Words low = Words{} + 0xffffffffull;
  const Words first = (x0 & low) | (x1 << 32);
  const Words second = (x2 & low) | (x3 << 32);
  for (long i = 0; i < blocks; i++) {
    words[2 * i] = first[i];
    words[2 * i + 1] = second[i];
  }
}

}  // namespace

const float* Dropout::factors(uint64_t first, long count, float* room) const {
  const uint64_t block = first / draws;
  const long skipped = static_cast<long>(first % draws);
  for (long at = 0; at < skipped + count; at += blocks * draws) {
    alignas(64) uint64_t words[2 * blocks];
    philox(block + at / draws, step, seed, stream, words);
    for (long i = 0; i < blocks * draws; i += lanes) {
      Halves bits;
      std::memcpy(&bits, reinterpret_cast<const char*>(words) + i * sizeof(uint16_t), sizeof bits);
      const Ints drawn = __builtin_convertvector(bits, Ints);
      Whole{}.store(room + at + i, choose(drawn >= static_cast<int>(threshold), all(scale), Floats{}));
    }
  }
  return room + skipped;
}
