// The arguments of a call from JavaScript, checked: a mistake on that side becomes an exception, never a stray write.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>

namespace patchlens {

/** A typed array's memory; null and 0 where JavaScript passed null. */
template <class T>
struct Span {
  T* data = nullptr;
  size_t length = 0;
};

class Arguments {
 public:
  static constexpr size_t MOST = 12;

  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    if (napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr) != napi_ok || count_ > MOST) {
      fail("expected at most twelve arguments");
    }
  }

  /** False once an argument was not what was asked for; an exception is then pending. */
  bool areValid() const { return areValid_; }

  Span<float> floats(size_t index) { return array<float>(index, napi_float32_array); }
  Span<uint8_t> bytes(size_t index) { return array<uint8_t>(index, napi_uint8_array); }
  Span<int32_t> integers(size_t index) { return array<int32_t>(index, napi_int32_array); }

  /** `count` numbers, none negative. */
  Span<int32_t> sizes(size_t index, size_t count) {
    const Span<int32_t> found = integers(index);
    bool areSizes = found.length == count;
    for (size_t i = 0; areSizes && i < count; i++) areSizes = found.data[i] >= 0;
    if (!areSizes) fail("expected another number of sizes, or none below 0");
    return found;
  }

  /** A whole number from 0 up. */
  size_t size(size_t index) {
    double value = 0;
    if (index >= count_ || napi_get_value_double(env_, values_[index], &value) != napi_ok || !(value >= 0)) {
      fail("expected a number from 0 up");
      return 0;
    }
    return static_cast<size_t>(value);
  }

  double number(size_t index) {
    double value = 0;
    if (index >= count_ || napi_get_value_double(env_, values_[index], &value) != napi_ok) fail("expected a number");
    return value;
  }

  /** Throws unless a condition on the arguments' sizes holds. */
  void require(bool holds, const char* what) {
    if (!holds) fail(what);
  }

 private:
  template <class T>
  Span<T> array(size_t index, napi_typedarray_type wanted) {
    napi_valuetype kind;
    if (index >= count_ || napi_typeof(env_, values_[index], &kind) != napi_ok) return fail("expected an array"), Span<T>{};
    if (kind == napi_null) return {};
    napi_typedarray_type type;
    size_t length;
    void* data;
    const napi_status status = napi_get_typedarray_info(env_, values_[index], &type, &length, &data, nullptr, nullptr);
    if (status != napi_ok || type != wanted) return fail("expected a typed array of the right kind"), Span<T>{};
    return {static_cast<T*>(data), length};
  }

  void fail(const char* message) {
    if (areValid_) napi_throw_range_error(env_, nullptr, message);
    areValid_ = false;
  }

  napi_env env_;
  size_t count_ = MOST;
  napi_value values_[MOST];
  bool areValid_ = true;
};

}  // namespace patchlens
