#include "pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace {

class Pool {
 public:
  explicit Pool(int helpers) : helpers_(helpers) {
    for (int i = 0; i < helpers; i++) std::thread([this] { help(); }).detach();
  }

  bool tryRun(long parts, void (*work)(void*, long), void* closure) {
    if (helpers_ == 0 || !owner_.try_lock()) return false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      work_ = work;
      closure_ = closure;
      parts_ = parts;
      next_.store(0, std::memory_order_relaxed);
      open_ = true;
      generation_++;
    }
    wake_.notify_all();
    take(parts);
    {
      // A helper that has not woken by now finds nothing left to do.
      std::unique_lock<std::mutex> lock(mutex_);
      open_ = false;
      finished_.wait(lock, [this] { return active_ == 0; });
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
    std::unique_lock<std::mutex> lock(mutex_);
    for (long seen = 0;;) {
      wake_.wait(lock, [&] { return generation_ != seen; });
      seen = generation_;
      if (!open_) continue;
      const long parts = parts_;
      active_++;
      lock.unlock();
      take(parts);
      lock.lock();
      if (--active_ == 0) finished_.notify_one();
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
  long generation_ = 0;
  bool open_ = false;
  int active_ = 0;
};

/// As many threads as TensorFlow was told to use (core/engine/native/load.ts), this one among them.
int helperCount() {
  const char* told = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int threads = told ? std::atoi(told) : static_cast<int>(std::thread::hardware_concurrency());
  return threads > 1 ? threads - 1 : 0;
}

}  // namespace

void eachPart(long parts, void (*work)(void*, long), void* closure) {
  // Never destroyed: its threads wait on it until the process ends.
  static Pool* const pool = new Pool(helperCount());
  if (parts > 1 && pool->tryRun(parts, work, closure)) return;
  for (long part = 0; part < parts; part++) work(closure, part);
}
