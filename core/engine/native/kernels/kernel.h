// What an operation's code sees of TensorFlow: its attributes once, its inputs and outputs at each run.
#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "random.h"
#include "tensorflow.h"

typedef std::vector<int64_t> Shape;

inline int64_t sizeOf(const Shape& shape) {
  int64_t size = 1;
  for (const int64_t length : shape) size *= length;
  return size;
}

/// Thrown inside a kernel; TensorFlow fails the step with its words.
struct Failure {
  TF_Code code;
  std::string words;
};

inline void demand(bool holds, const char* words) {
  if (!holds) throw Failure{TF_INVALID_ARGUMENT, words};
}

/// The attributes of a node, while its kernel is made.
class Attributes {
 public:
  Attributes(TF_OpKernelConstruction* raw, TF_Status* status) : raw_(raw), status_(status) {}
  TF_DataType type(const char* name) const;
  int whole(const char* name) const;
  float real(const char* name) const;
  std::vector<float> reals(const char* name) const;

 private:
  TF_OpKernelConstruction* raw_;
  TF_Status* status_;
};

/// One run of a kernel. Pointers hold until it ends.
class Run {
 public:
  Run(TF_OpKernelContext* raw, TF_Status* status) : raw_(raw), status_(status) {}
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Shape shape(int input) const;
  /// Whether an input that may be of either type is bfloat16, not float.
  bool halved(int input) const;
  const float* floats(int input) { return data<float>(input); }
  const int32_t* ints(int input) { return data<int32_t>(input); }
  /// Elements of an input. To write to them changes the variable that it was read from, so that is for programs that
  /// then assign it.
  template <class Element>
  Element* data(int input) {
    return static_cast<Element*>(memory(input));
  }
  float scalar(int input) { return *floats(input); }
  float* output(int index, const Shape& shape);
  int32_t* intOutput(int index, const Shape& shape);
  /// An output in the memory of an input that nothing else needs, where there is one among the candidates. Their
  /// pointers must be asked for afterwards.
  float* outputOver(const std::vector<int>& candidates, int index, const Shape& shape);
  /// Makes memory that is the caller's an output; `release` is called when no tensor needs it any more.
  void outputAt(
      int index, TF_DataType type, const Shape& shape, void* data, size_t bytes,
      void (*release)(void* data, size_t bytes, void* argument), void* argument);
  /// The memory of a variable, to be changed in place.
  float* variable(int input);

 private:
  void* memory(int input);
  void* hold(TF_Tensor* tensor);
  void check() const;

  TF_OpKernelContext* raw_;
  TF_Status* status_;
  std::vector<TF_Tensor*> held_;
};

/// Attributes and input of a place that drops: `stream`, `threshold`, `scale`, and int32 [2], seed and step.
inline Dropout dropoutOf(const Attributes& attributes) {
  Dropout dropout;
  dropout.stream = static_cast<uint32_t>(attributes.whole("stream"));
  dropout.threshold = static_cast<uint32_t>(attributes.whole("threshold"));
  dropout.scale = attributes.real("scale");
  return dropout;
}
inline void seedDropout(Dropout& dropout, const int32_t* state) {
  dropout.seed = static_cast<uint32_t>(state[0]);
  dropout.step = static_cast<uint32_t>(state[1]);
}

/// What an operation is called and takes, in TensorFlow's words ("x: float").
struct Signature {
  const char* name;
  std::initializer_list<const char*> inputs;
  std::initializer_list<const char*> outputs;
  std::initializer_list<const char*> attributes;
  bool changesVariables = false;
};

void declare(const Signature& signature);
void implement(
    const char* name, void* (*create)(TF_OpKernelConstruction*), void (*compute)(void*, TF_OpKernelContext*),
    void (*destroy)(void*));
void report(TF_OpKernelConstruction* raw, const Failure& failure);
void report(TF_OpKernelContext* raw, const Failure& failure);

struct StatusHolder {
  TF_Status* status = TF_NewStatus();
  ~StatusHolder() { TF_DeleteStatus(status); }
};

/// Makes `Kernel` an operation: it is constructed with Attributes and called with Run, perhaps by many threads at once.
template <class Kernel>
void provide(const Signature& signature) {
  declare(signature);
  implement(
      signature.name,
      [](TF_OpKernelConstruction* raw) -> void* {
        const StatusHolder holder;
        try {
          return new Kernel(Attributes(raw, holder.status));
        } catch (const Failure& failure) {
          report(raw, failure);
          return nullptr;
        }
      },
      [](void* kernel, TF_OpKernelContext* raw) {
        const StatusHolder holder;
        try {
          Run run(raw, holder.status);
          (*static_cast<const Kernel*>(kernel))(run);
        } catch (const Failure& failure) {
          report(raw, failure);
        }
      },
      [](void* kernel) { delete static_cast<Kernel*>(kernel); });
}
