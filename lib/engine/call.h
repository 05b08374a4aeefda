// The arguments that JavaScript calls an addon with.
#pragma once

#include <node_api.h>

#include <cstdint>

namespace {

/// The arguments of a call from JavaScript, taken one after the other.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env(env) {
    size_t count = 24;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }
  double number() {
    double value = 0;
    napi_get_value_double(env, values[next++], &value);
    return value;
  }
  int64_t integer() { return static_cast<int64_t>(number()); }
  /// A typed array's memory, and its type and length where they are asked for; null for null.
  void* memory(napi_typedarray_type* type, int64_t* count) {
    void* data = nullptr;
    size_t length, offset;
    napi_value buffer;
    if (napi_get_typedarray_info(env, values[next++], type, &length, &data, &buffer, &offset) != napi_ok)
      return nullptr;
    if (count) *count = static_cast<int64_t>(length);
    return data;
  }
  /// The same of numbers of a known type.
  template <class T>
  T* array(int64_t* count = nullptr) {
    return static_cast<T*>(memory(nullptr, count));
  }

 private:
  napi_env env;
  napi_value values[24];
  int next = 0;
};

}  // namespace
