// The values of a variable that every step will read, in memory that is quick to read: pages of 2 MB, where the system has
// them, so that the processor seldom has to look up where one lies. Variables share them, for many are smaller.
#include <sys/mman.h>

#include <atomic>
#include <mutex>
#include <utility>

#include "kernel.h"
#include "operations.h"
#include "pool.h"
#include "vector.h"

namespace {

constexpr size_t page = size_t{2} << 20;
constexpr size_t usual = 16 * page;
/// What TensorFlow wants tensors to begin at a multiple of.
constexpr size_t alignment = 64;

size_t roundedUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

/// A piece of memory that tensors lie in, one behind the other; it goes with the last of those who use it.
class Arena {
 public:
  explicit Arena(size_t bytes) : size_(roundedUp(bytes, page)) {
    // One page more than needed, so that a beginning at a multiple of one can be had.
    mapped_ = mmap(nullptr, size_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped_ == MAP_FAILED) throw Failure{TF_RESOURCE_EXHAUSTED, "there is no memory for the variables"};
    begin_ = reinterpret_cast<char*>(roundedUp(reinterpret_cast<size_t>(mapped_), page));
#ifdef MADV_HUGEPAGE
    madvise(begin_, size_, MADV_HUGEPAGE);
#endif
  }
  ~Arena() { munmap(mapped_, size_ + page); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Null when there is too little left.
  void* take(size_t bytes) {
    if (used_ + bytes > size_) return nullptr;
    void* place = begin_ + used_;
    used_ += roundedUp(bytes, alignment);
    users_++;
    return place;
  }
  void leave() {
    if (--users_ == 0) delete this;
  }
  /// All of it again, when nobody but the one who hands it out uses it any more.
  void rewind() {
    if (users_ == 1) used_ = 0;
  }

 private:
  void* mapped_;
  char* begin_;
  size_t size_;
  size_t used_ = 0;
  std::atomic<long> users_{1};
};

/// Gives out places: large ones in arenas of their own, others in the one that is being filled.
class Arenas {
 public:
  void* take(size_t bytes, Arena** from) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (open_) open_->rewind();
    void* place = open_ && bytes < usual ? open_->take(bytes) : nullptr;
    *from = open_;
    if (place) return place;
    Arena* fresh = new Arena(bytes < usual ? usual : bytes);
    place = fresh->take(bytes);
    *from = fresh;
    if (bytes < usual) std::swap(fresh, open_);
    if (fresh) fresh->leave();
    return place;
  }

 private:
  std::mutex mutex_;
  Arena* open_ = nullptr;
};

void leaveArena(void*, size_t, void* arena) { static_cast<Arena*>(arena)->leave(); }

/// x → the same in T, float or bfloat16, where it can stay.
struct Store {
  explicit Store(const Attributes& attributes) : type(attributes.type("T")) {}
  TF_DataType type;

  void operator()(Run& run) const {
    if (type == TF_BFLOAT16) apply<Half>(run);
    else apply<float>(run);
  }

  template <class Element>
  void apply(Run& run) const {
    static Arenas arenas;
    const Shape shape = run.shape(0);
    const long count = sizeOf(shape);
    const float* x = run.floats(0);
    Arena* arena = nullptr;
    Element* y = static_cast<Element*>(arenas.take(count * sizeof(Element), &arena));
    run.outputAt(0, type, shape, y, count * sizeof(Element), leaveArena, arena);
    eachRange(count, 1 << 16, [&](long from, long to) {
      for (long i = from; i < to; i++) put(y + i, x[i]);
    });
  }
};

}  // namespace

void provideStore() {
  // As one that changes something, it is neither worked out beforehand for a constant nor merged with an equal one: each
  // variable has memory of its own.
  provide<Store>({"AttuneStore", {"x: float"}, {"y: T"}, {"T: {float, bfloat16}"}, true});
}
