// Loaded by Node as an addon, whose only deed is to make the operations known to TensorFlow, once a process.
#include <mutex>

#include "kernel.h"
#include "operations.h"

namespace {

void provideAll() {
  provideBiasActivation();
  provideCachedAttention();
  provideCrossEntropy();
  provideDropout();
  provideFewRows();
  provideGru();
  provideGruGrad();
  provideHeads();
  provideLstm();
  provideLstmGrad();
  provideNorm();
  provideOptimizer();
  provideRowSums();
  provideSoftmax();
  provideStore();
  provideSum();
}

}  // namespace

/// What Node calls, once a thread that requires the file (node_api.h).
extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) {
  static std::once_flag once;
  std::call_once(once, provideAll);
  return exports;
}
