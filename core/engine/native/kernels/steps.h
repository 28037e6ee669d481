// Steps one after the other, each split over the threads of the pool.
#pragma once
#include <atomic>
#include <chrono>
#include <thread>

#include "pool.h"

/// Waits until `done` has reached `count`: some microseconds, as a rule. It takes longer when the machine has other work
/// to do, to which the processor is left then.
inline void waitFor(const std::atomic<long>& done, long count) {
  constexpr long spins = 512;
  constexpr long yields = 256;
  for (long turn = 0; done.load(std::memory_order_acquire) < count; turn++) {
    if (turn >= spins + yields) std::this_thread::sleep_for(std::chrono::microseconds(50));
    else if (turn >= spins) std::this_thread::yield();
#ifdef __x86_64__
    else __builtin_ia32_pause();
#endif
  }
}

/// Calls work(step, part) for each part in [0, parts) of each step in [0, steps). A step begins when all parts of the one
/// before are done. Parts are handed out in their order, so that one thread alone gets through them as well.
template <class Work>
void eachStep(long steps, long parts, const Work& work) {
  alignas(64) std::atomic<long> next{0};
  alignas(64) std::atomic<long> done{0};
  eachPart(parts, [&](long) {
    for (;;) {
      const long ticket = next.fetch_add(1, std::memory_order_relaxed);
      if (ticket >= steps * parts) return;
      const long step = ticket / parts;
      waitFor(done, step * parts);
      work(step, ticket % parts);
      done.fetch_add(1, std::memory_order_release);
    }
  });
}
