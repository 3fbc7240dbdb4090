// What the files that make kernels functions of JavaScript share.
#pragma once

#include <node_api.h>

#include "arguments.h"
#include "kernels.h"
#include "scratch.h"

namespace patchlens {

/** What one instance of the module, in the main thread or a worker of Node, computes with; null before `select`. */
struct Instance {
  const Kernels* kernels = nullptr;
};

inline Instance& instanceOf(napi_env env) {
  void* instance = nullptr;
  napi_get_instance_data(env, &instance);
  return *static_cast<Instance*>(instance);
}

using Size = size_t;

/** The first cache line inside a packed array; its owner makes it one line longer than the matrix. */
inline float* aligned(Span<float> packed) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(packed.data);
  return reinterpret_cast<float*>((address + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

constexpr Size PADDING = CACHE_LINE / sizeof(float);

/** Whether an operand that may be absent has the size it should. */
inline bool isAbsentOr(Size size, Span<float> operand) { return operand.data == nullptr || operand.length == size; }

struct Export {
  const char* name;
  napi_callback function;
};

/** Gives a module a table's functions. */
template <size_t COUNT>
void define(napi_env env, napi_value module, const Export (&table)[COUNT]) {
  for (const Export& each : table) {
    napi_value function;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.function, nullptr, &function);
    napi_set_named_property(env, module, each.name, function);
  }
}

/** The functions of addon-convolutions.cc. */
extern const Export CONVOLUTIONS[13];

}  // namespace patchlens
