// Splits work over the cores. TensorFlow's own threads cannot be reached from its C interface, so there are a few more.
#pragma once

/// Calls work(part) once for each part in [0, parts), on this thread and the pool's, and returns when all are done.
/// Which thread takes which part is left to chance: a part's result may depend on its number only. While another kernel
/// has the pool, the parts run on the calling thread. With `moreSoon`, the pool's threads stay awake a little afterwards:
/// where short work follows short work, waking them would take as long as it.
void eachPart(long parts, void (*work)(void* closure, long part), void* closure, bool moreSoon);

template <class Work>
void eachPart(long parts, const Work& work, bool moreSoon = false) {
  eachPart(parts, [](void* closure, long part) { (*static_cast<const Work*>(closure))(part); },
           const_cast<void*>(static_cast<const void*>(&work)), moreSoon);
}

/// Splits [0, count) into parts of about `grain` and calls work(from, to) for each.
template <class Work>
void eachRange(long count, long grain, const Work& work, bool moreSoon = false) {
  if (grain < 1) grain = 1;
  const auto range = [&](long part) {
    const long from = part * grain;
    work(from, from + grain < count ? from + grain : count);
  };
  eachPart((count + grain - 1) / grain, range, moreSoon);
}
