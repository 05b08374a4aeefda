// How JavaScript calls an addon: its functions by name, and the arguments of each, the properties of one object.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <initializer_list>
#include <utility>

namespace {

/// The named arguments of a call from JavaScript.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env(env) {
    size_t count = 1;
    napi_get_cb_info(env, info, &count, &object, nullptr, nullptr);
  }
  double number(const char* name) {
    double value = 0;
    napi_get_value_double(env, property(name), &value);
    return value;
  }
  int64_t integer(const char* name) { return static_cast<int64_t>(number(name)); }
  /// A typed array's memory, and its type and length where they are asked for; null for null.
  void* memory(const char* name, napi_typedarray_type* type, int64_t* count) {
    void* data = nullptr;
    size_t length, offset;
    napi_value buffer;
    if (napi_get_typedarray_info(env, property(name), type, &length, &data, &buffer, &offset) != napi_ok)
      return nullptr;
    if (count) *count = static_cast<int64_t>(length);
    return data;
  }
  /// The same of numbers of a known type.
  template <class T>
  T* array(const char* name, int64_t* count = nullptr) {
    napi_typedarray_type type;
    return static_cast<T*>(memory(name, &type, count));
  }
  /// An argument that is an object itself.
  Call inside(const char* name) { return Call(env, property(name)); }

 private:
  Call(napi_env env, napi_value object) : env(env), object(object) {}
  napi_value property(const char* name) {
    napi_value value = nullptr;
    napi_get_named_property(env, object, name, &value);
    return value;
  }
  napi_env env;
  napi_value object = nullptr;
};

/// Sets each function as the property of that name.
void exportFunctions(napi_env env, napi_value exports,
                     std::initializer_list<std::pair<const char*, napi_callback>> functions) {
  for (const auto& [name, function] : functions) {
    napi_value value;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  }
}

}  // namespace
