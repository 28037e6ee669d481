#include "kernel.h"

namespace {

void demandSuccess(TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) throw Failure{TF_GetCode(status), TF_Message(status)};
}

void copyFloats(TF_OpKernelContext*, TF_Tensor* source, TF_Tensor* target) {
  int64_t count = 1;
  for (int axis = 0; axis < TF_NumDims(source); axis++) count *= TF_Dim(source, axis);
  std::memcpy(TF_TensorData(target), TF_TensorData(source), count * sizeof(float));
  TF_DeleteTensor(source);
  TF_DeleteTensor(target);
}

Shape shapeOf(const TF_Tensor* tensor) {
  Shape shape;
  for (int axis = 0; axis < TF_NumDims(tensor); axis++) shape.push_back(TF_Dim(tensor, axis));
  return shape;
}

template <class Raw>
void reportTo(void (*fail)(Raw*, TF_Status*), Raw* raw, const Failure& failure) {
  const StatusHolder holder;
  TF_SetStatus(holder.status, failure.code, failure.words.c_str());
  fail(raw, holder.status);
}

}  // namespace

TF_DataType Attributes::type(const char* name) const {
  TF_DataType value = TF_FLOAT;
  TF_OpKernelConstruction_GetAttrType(raw_, name, &value, status_);
  demandSuccess(status_);
  return value;
}

int Attributes::whole(const char* name) const {
  int32_t value = 0;
  TF_OpKernelConstruction_GetAttrInt32(raw_, name, &value, status_);
  demandSuccess(status_);
  return value;
}

float Attributes::real(const char* name) const {
  float value = 0;
  TF_OpKernelConstruction_GetAttrFloat(raw_, name, &value, status_);
  demandSuccess(status_);
  return value;
}

std::vector<float> Attributes::reals(const char* name) const {
  int32_t length = 0;
  int32_t total = 0;
  TF_OpKernelConstruction_GetAttrSize(raw_, name, &length, &total, status_);
  demandSuccess(status_);
  std::vector<float> values(length);
  TF_OpKernelConstruction_GetAttrFloatList(raw_, name, values.data(), length, status_);
  demandSuccess(status_);
  return values;
}

Run::~Run() {
  for (TF_Tensor* tensor : held_) TF_DeleteTensor(tensor);
}

void Run::check() const { demandSuccess(status_); }

void* Run::hold(TF_Tensor* tensor) {
  check();
  held_.push_back(tensor);
  return TF_TensorData(tensor);
}

Shape Run::shape(int input) const {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(raw_, input, &tensor, status_);
  check();
  const Shape shape = shapeOf(tensor);
  TF_DeleteTensor(tensor);
  return shape;
}

bool Run::halved(int input) const {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(raw_, input, &tensor, status_);
  check();
  const bool halved = TF_TensorType(tensor) == TF_BFLOAT16;
  TF_DeleteTensor(tensor);
  return halved;
}

void* Run::memory(int input) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(raw_, input, &tensor, status_);
  return hold(tensor);
}

void Run::outputAt(
    int index, TF_DataType type, const Shape& shape, void* data, size_t bytes,
    void (*release)(void*, size_t, void*), void* argument) {
  TF_Tensor* tensor =
      TF_NewTensor(type, shape.data(), static_cast<int>(shape.size()), data, bytes, release, argument);
  demand(tensor != nullptr, "no tensor can be made of this memory");
  hold(tensor);
  TF_SetOutput(raw_, index, tensor, status_);
  check();
}

float* Run::output(int index, const Shape& shape) {
  const int rank = static_cast<int>(shape.size());
  const size_t bytes = sizeOf(shape) * sizeof(float);
  return static_cast<float*>(hold(TF_AllocateOutput(raw_, index, TF_FLOAT, shape.data(), rank, bytes, status_)));
}

int32_t* Run::intOutput(int index, const Shape& shape) {
  const int rank = static_cast<int>(shape.size());
  const size_t bytes = sizeOf(shape) * sizeof(int32_t);
  return static_cast<int32_t*>(hold(TF_AllocateOutput(raw_, index, TF_INT32, shape.data(), rank, bytes, status_)));
}

float* Run::outputOver(const std::vector<int>& candidates, int index, const Shape& shape) {
  int forwarded = -1;
  const int count = static_cast<int>(candidates.size());
  const int rank = static_cast<int>(shape.size());
  return static_cast<float*>(hold(TF_ForwardInputOrAllocateOutput(
      raw_, candidates.data(), count, index, shape.data(), rank, &forwarded, status_)));
}

float* Run::variable(int input) {
  TF_Tensor* tensor = nullptr;
  TF_GetInputTensorFromVariable(raw_, input, false, false, false, copyFloats, &tensor, status_);
  return static_cast<float*>(hold(tensor));
}

void declare(const Signature& signature) {
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(signature.name);
  for (const char* attribute : signature.attributes) TF_OpDefinitionBuilderAddAttr(builder, attribute);
  for (const char* input : signature.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* output : signature.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  // The call marks an operation whatever it is told.
  if (signature.changesVariables) TF_OpDefinitionBuilderSetIsStateful(builder, true);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, TF_ShapeInferenceContextSetUnknownShape);
  const StatusHolder holder;
  TF_RegisterOpDefinition(builder, holder.status);
  demandSuccess(holder.status);
}

void implement(
    const char* name, void* (*create)(TF_OpKernelConstruction*), void (*compute)(void*, TF_OpKernelContext*),
    void (*destroy)(void*)) {
  const StatusHolder holder;
  TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", create, compute, destroy), holder.status);
  demandSuccess(holder.status);
}

void report(TF_OpKernelConstruction* raw, const Failure& failure) {
  reportTo(TF_OpKernelConstruction_Failure, raw, failure);
}

void report(TF_OpKernelContext* raw, const Failure& failure) { reportTo(TF_OpKernelContext_Failure, raw, failure); }
