#include "pool.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace {

typedef std::chrono::steady_clock Clock;

/// How long a thread looks for what it waits for before it goes to sleep, from which it takes about as long to wake.
constexpr std::chrono::microseconds patience(50);

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Whether it came true within `patience`.
template <class Condition>
bool soon(const Condition& holds) {
  const auto end = Clock::now() + patience;
  do {
    for (int i = 0; i < 32; i++) {
      if (holds()) return true;
      pause();
    }
  } while (Clock::now() < end);
  return false;
}

class Pool {
 public:
  explicit Pool(int helpers) : helpers_(helpers) {
    for (int i = 0; i < helpers; i++) std::thread([this] { help(); }).detach();
  }

  bool tryRun(long parts, void (*work)(void*, long), void* closure, bool moreSoon) {
    if (helpers_ == 0 || !owner_.try_lock()) return false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      work_ = work;
      closure_ = closure;
      parts_ = parts;
      next_.store(0, std::memory_order_relaxed);
      open_ = true;
      moreSoon_ = moreSoon;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    take(parts);
    {
      // A helper that has not woken by now finds nothing left to do.
      std::lock_guard<std::mutex> lock(mutex_);
      open_ = false;
    }
    const auto idle = [this] { return active_.load(std::memory_order_acquire) == 0; };
    if (!soon(idle)) {
      std::unique_lock<std::mutex> lock(mutex_);
      finished_.wait(lock, idle);
    }
    owner_.unlock();
    return true;
  }

 private:
  void take(long parts) {
    for (;;) {
      const long part = next_.fetch_add(1, std::memory_order_relaxed);
      if (part >= parts) return;
      work_(closure_, part);
    }
  }

  void help() {
    long seen = 0;
    const auto called = [&] { return generation_.load(std::memory_order_acquire) != seen; };
    bool moreSoon = false;
    for (;;) {
      if (moreSoon) soon(called);
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, called);
      seen = generation_.load(std::memory_order_relaxed);
      moreSoon = moreSoon_;
      if (!open_) continue;
      const long parts = parts_;
      active_.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      take(parts);
      lock.lock();
      if (active_.fetch_sub(1, std::memory_order_release) == 1) finished_.notify_one();
    }
  }

  const int helpers_;
  std::mutex owner_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  void (*work_)(void*, long) = nullptr;
  void* closure_ = nullptr;
  long parts_ = 0;
  std::atomic<long> next_{0};
  std::atomic<long> generation_{0};
  bool open_ = false;
  bool moreSoon_ = false;
  std::atomic<int> active_{0};
};

/// As many threads as TensorFlow was told to use (core/engine/native/load.ts), this one among them.
int helperCount() {
  const char* told = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int threads = told ? std::atoi(told) : static_cast<int>(std::thread::hardware_concurrency());
  return threads > 1 ? threads - 1 : 0;
}

}  // namespace

void eachPart(long parts, void (*work)(void*, long), void* closure, bool moreSoon) {
  // Never destroyed: its threads wait on it until the process ends.
  static Pool* const pool = new Pool(helperCount());
  if (parts > 1 && pool->tryRun(parts, work, closure, moreSoon)) return;
  for (long part = 0; part < parts; part++) work(closure, part);
}
